//! Records of CSV, read strictly: what could be read in two ways is refused with its line, since a quote that swallows a line
//! swallows an objection.
//!
//! RFC 4180, with any one-byte delimiter, and line feeds with or without carriage returns. A quote within an unquoted field is a quote.

use std::io::{self, BufRead};

/// The longest record, in bytes.
pub const RECORD_BYTES_MAX: usize = 1 << 20;

/// One record: its fields one behind the other.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Record {
    bytes: Vec<u8>,
    ends: Vec<usize>,
    /// The line it begins on, from 1.
    pub(super) line: usize,
    /// Whether a field of it is quoted: `""` alone is no blank line.
    quoted: bool,
}

impl Record {
    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    /// A field; `None` when it is not UTF-8, or not there.
    pub(super) fn text(&self, place: usize) -> Option<&str> {
        let end = *self.ends.get(place)?;
        let start = place.checked_sub(1).and_then(|before| self.ends.get(before)).copied().unwrap_or(0);
        str::from_utf8(self.bytes.get(start..end)?).ok()
    }

    pub(super) fn texts(&self) -> Option<Vec<String>> {
        (0..self.len()).map(|place| self.text(place).map(str::to_owned)).collect()
    }

    fn is_blank(&self) -> bool {
        self.bytes.is_empty() && self.ends.len() == 1 && !self.quoted
    }
}

/// Why a record cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RecordError {
    /// A quote that was opened on this line is never closed: what follows cannot be told from its text.
    Unclosed { line: usize },
    /// Something stands between a closing quote and the next delimiter.
    AfterQuote,
    /// A carriage return without a line feed.
    LoneReturn,
    /// Over [`RECORD_BYTES_MAX`].
    TooLong,
    /// A zero byte: not a text file, or one in UTF-16.
    Zero,
}

impl RecordError {
    /// Whether nothing after it can be read.
    pub(super) fn is_last(self) -> bool {
        matches!(self, RecordError::Unclosed { .. } | RecordError::TooLong | RecordError::Zero)
    }

    pub(super) fn message(self) -> String {
        match self {
            RecordError::Unclosed { line } => {
                format!("the quote opened on line {line} is never closed: close it, or double it where it is part of the text")
            }
            RecordError::AfterQuote => {
                "text stands behind a closing quote: double quotes that are part of the text, or check the delimiter".to_owned()
            }
            RecordError::LoneReturn => "a carriage return stands alone: end lines with a line feed".to_owned(),
            RecordError::TooLong => {
                format!("the record is over {RECORD_BYTES_MAX} bytes: a quote may be missing; what follows was not read")
            }
            RecordError::Zero => "a zero byte: save the file as UTF-8 text; what follows was not read".to_owned(),
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    FieldStart,
    Plain,
    Quoted,
    /// A quote within a quoted field: its end, or the first half of a doubled one.
    QuoteSeen,
    /// A carriage return outside quotes.
    ReturnSeen,
}

/// Reads records one by one.
pub(super) struct Records<R> {
    reader: R,
    delimiter: u8,
    /// The line the next byte stands on.
    line: usize,
    at_start: bool,
}

impl<R: BufRead> Records<R> {
    pub(super) fn new(reader: R, delimiter: u8) -> Records<R> {
        Records { reader, delimiter, line: 1, at_start: true }
    }

    pub(super) fn into_inner(self) -> R {
        self.reader
    }

    /// The next record that is not blank; `None` at the end. After an error that [is the last](RecordError::is_last) nothing more is read.
    pub(super) fn next(&mut self, record: &mut Record) -> io::Result<Option<Result<(), RecordError>>> {
        loop {
            record.bytes.clear();
            record.ends.clear();
            record.line = self.line;
            record.quoted = false;
            match self.read(record)? {
                Some(Ok(())) if record.is_blank() => {}
                other => return Ok(other),
            }
        }
    }

    fn read(&mut self, record: &mut Record) -> io::Result<Option<Result<(), RecordError>>> {
        let (mut state, mut error, mut opened, mut any) = (State::FieldStart, None, self.line, false);
        while let Some(byte) = self.byte()? {
            any = true;
            if byte == 0 {
                return Ok(Some(Err(RecordError::Zero)));
            }
            let (next, ended) = self.step(state, byte, record, &mut error);
            if record.bytes.len() > RECORD_BYTES_MAX {
                return Ok(Some(Err(RecordError::TooLong)));
            }
            if next == State::Quoted && state == State::FieldStart {
                opened = self.line;
                record.quoted = true;
            }
            if byte == b'\n' {
                self.line += 1;
            }
            state = next;
            if ended {
                return Ok(Some(error.map_or(Ok(()), Err)));
            }
        }
        if !any {
            return Ok(None);
        }
        if state == State::Quoted {
            return Ok(Some(Err(RecordError::Unclosed { line: opened })));
        }
        // The last line may lack its end, or half of it.
        record.ends.push(record.bytes.len());
        Ok(Some(error.map_or(Ok(()), Err)))
    }

    /// The state after a byte, and whether the byte ended the record.
    fn step(&self, state: State, byte: u8, record: &mut Record, error: &mut Option<RecordError>) -> (State, bool) {
        match (state, byte) {
            (State::Quoted, b'"') => (State::QuoteSeen, false),
            (State::Quoted, _) => {
                record.bytes.push(byte);
                (State::Quoted, false)
            }
            (State::QuoteSeen, b'"') => {
                record.bytes.push(byte);
                (State::Quoted, false)
            }
            (_, b'\n') => {
                record.ends.push(record.bytes.len());
                (State::FieldStart, true)
            }
            (State::ReturnSeen, _) => {
                *error = error.or(Some(RecordError::LoneReturn));
                (State::Plain, false)
            }
            (_, b'\r') => (State::ReturnSeen, false),
            (_, byte) if byte == self.delimiter => {
                record.ends.push(record.bytes.len());
                (State::FieldStart, false)
            }
            (State::FieldStart, b'"') => (State::Quoted, false),
            (State::QuoteSeen, _) => {
                *error = error.or(Some(RecordError::AfterQuote));
                (State::Plain, false)
            }
            (State::FieldStart | State::Plain, _) => {
                record.bytes.push(byte);
                (State::Plain, false)
            }
        }
    }

    fn byte(&mut self) -> io::Result<Option<u8>> {
        loop {
            if self.at_start {
                self.at_start = false;
                self.skip_mark()?;
            }
            match self.reader.fill_buf() {
                Ok(buffer) => {
                    let byte = buffer.first().copied();
                    self.reader.consume(usize::from(byte.is_some()));
                    return Ok(byte);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// The mark some programs write before UTF-8 is no part of the first name.
    fn skip_mark(&mut self) -> io::Result<()> {
        if self.reader.fill_buf()?.starts_with(&[0xef, 0xbb, 0xbf]) {
            self.reader.consume(3);
        }
        Ok(())
    }
}
