//! Lines of a file of any length, one at a time, as they were found.

use std::io::{self, BufRead};

use bezwaar_core::wire::LineError;

/// The longest line that is read.
pub(crate) const LINE_BYTES_MAX: usize = 16 << 20;

const BOM: &[u8] = &[0xef, 0xbb, 0xbf];

/// One line, without its end.
#[derive(Debug)]
pub(crate) struct Line<'a> {
    /// Its place, from 1; lines without content are counted too.
    pub(crate) number: usize,
    /// Its bytes; of a line that is too long only the first ones.
    pub(crate) bytes: &'a [u8],
    too_long: bool,
    ended: bool,
}

impl<'a> Line<'a> {
    /// The text, if the line can be taken for one.
    pub(crate) fn text(&self) -> Result<&'a str, LineError> {
        if self.too_long {
            let message = format!("the line is longer than {} MiB, which is the most that is read", LINE_BYTES_MAX >> 20);
            return Err(LineError::new(self.number, 0, message));
        }
        std::str::from_utf8(self.bytes).map_err(|error| LineError::new(self.number, error.valid_up_to() + 1, "not UTF-8"))
    }

    /// Says it beside an error at the very end of a line when the file ends there too, without a line end.
    pub(crate) fn explain(&self, error: LineError) -> LineError {
        let broken_off = match std::str::from_utf8(self.bytes) {
            Ok(_) => error.column() >= self.bytes.len(),
            // The bytes of a letter were begun, and then there was nothing more.
            Err(not_text) => not_text.error_len().is_none(),
        };
        if self.ended || self.too_long || !broken_off {
            return error;
        }
        let message = format!("{}; the file ends here without a line end, it may be cut off", error.message());
        LineError::new(error.line(), error.column(), message)
    }
}

/// Reads lines with content, one at a time: takes off a byte order mark and line ends of either kind.
pub(crate) struct Lines<R> {
    reader: R,
    buffer: Vec<u8>,
    number: usize,
    bytes_max: usize,
}

impl<R: BufRead> Lines<R> {
    /// The lines of a reader.
    pub(crate) fn new(reader: R) -> Lines<R> {
        Lines::with_limit(reader, LINE_BYTES_MAX)
    }

    fn with_limit(reader: R, bytes_max: usize) -> Lines<R> {
        Lines { reader, buffer: Vec::new(), number: 0, bytes_max }
    }

    /// The next line that is not blank.
    pub(crate) fn next(&mut self) -> io::Result<Option<Line<'_>>> {
        loop {
            let Some((too_long, ended)) = self.fill()? else { return Ok(None) };
            let start = if self.number == 1 && self.buffer.starts_with(BOM) { BOM.len() } else { 0 };
            let end = if !too_long && self.buffer.ends_with(b"\r") { self.buffer.len() - 1 } else { self.buffer.len() };
            let blank = self.buffer.get(start..end).is_none_or(|bytes| bytes.iter().all(u8::is_ascii_whitespace));
            if !blank || too_long {
                let bytes = self.buffer.get(start..end).unwrap_or_default();
                return Ok(Some(Line { number: self.number, bytes, too_long, ended }));
            }
        }
    }

    /// How many lines were begun.
    pub(crate) fn number(&self) -> usize {
        self.number
    }

    /// Reads one line into the buffer. `None` at the end; else whether it is too long, and whether its end was there.
    fn fill(&mut self) -> io::Result<Option<(bool, bool)>> {
        self.buffer.clear();
        let (mut too_long, mut begun) = (false, false);
        loop {
            let found = match self.reader.fill_buf() {
                Ok(found) => found,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            if found.is_empty() {
                self.number += usize::from(begun);
                return Ok(begun.then_some((too_long, false)));
            }
            begun = true;
            let end = found.iter().position(|byte| *byte == b'\n');
            let part = found.get(..end.unwrap_or(found.len())).unwrap_or_default();
            if self.buffer.len() + part.len() > self.bytes_max {
                too_long = true;
                let room = self.bytes_max - self.buffer.len();
                self.buffer.extend_from_slice(part.get(..room).unwrap_or_default());
            } else {
                self.buffer.extend_from_slice(part);
            }
            let used = end.map_or(found.len(), |end| end + 1);
            self.reader.consume(used);
            if end.is_some() {
                self.number += 1;
                return Ok(Some((too_long, true)));
            }
        }
    }
}

impl<R: io::Read> Lines<io::BufReader<R>> {
    /// Whether the next line must be waited for: nothing of it has been read yet.
    pub(crate) fn would_wait(&self) -> bool {
        self.reader.buffer().is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(input: &[u8], limit: usize, expect: &[(usize, Result<&str, &str>)]) {
        let mut lines = Lines::with_limit(io::BufReader::with_capacity(3, input), limit);
        let mut found = Vec::new();
        while let Some(line) = lines.next().unwrap() {
            found.push((line.number, line.text().map(str::to_owned).map_err(|error| line.explain(error).to_string())));
        }
        let expect: Vec<_> = expect.iter().map(|(number, text)| (*number, text.map(str::to_owned).map_err(str::to_owned))).collect();
        assert_eq!(found, expect);
    }

    #[test]
    fn lines_as_files_have_them() {
        check(b"", 9, &[]);
        check(b"a\nbb", 9, &[(1, Ok("a")), (2, Ok("bb"))]);
        check(b"\xef\xbb\xbfa\r\n\r\n \n\nb\r", 9, &[(1, Ok("a")), (5, Ok("b"))]);
        check(b"\n\xef\xbb\xbfa", 9, &[(2, Ok("\u{feff}a"))]);
    }

    #[test]
    fn bytes_that_are_no_text() {
        check(b"ok\nno\xff\nok\n", 9, &[(1, Ok("ok")), (2, Err("line 2, column 3: not UTF-8")), (3, Ok("ok"))]);
        check(b"no\xff", 9, &[(1, Err("line 1, column 3: not UTF-8"))]);
        let cut = "line 1, column 3: not UTF-8; the file ends here without a line end, it may be cut off";
        check(b"no\xc3", 9, &[(1, Err(cut))]);
    }

    #[test]
    fn a_line_at_the_limit_and_one_past_it() {
        let long = "line 2, column 0: the line is longer than 16 MiB, which is the most that is read";
        check(b"abcd\nabcde\nabcd", 4, &[(1, Ok("abcd")), (2, Err(long)), (3, Ok("abcd"))]);
        check(b"x\n          ", 4, &[(1, Ok("x")), (2, Err(long))]);
    }
}
