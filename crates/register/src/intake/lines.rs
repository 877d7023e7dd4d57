//! Lines of a text of any size, each bounded.

use std::io::{self, BufRead};

/// The longest line that is read, in bytes.
pub const LINE_BYTES_MAX: usize = 1 << 20;

/// What stands in a line.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Line<'a> {
    Text(&'a str),
    /// Over [`LINE_BYTES_MAX`].
    TooLong,
    NotUtf8,
}

/// Gives every line with its index from 0, without its line feed.
pub(super) fn for_each_line<E: From<io::Error>>(
    reader: &mut impl BufRead,
    mut take: impl FnMut(usize, Line<'_>) -> Result<(), E>,
) -> Result<(), E> {
    let mut line: Vec<u8> = Vec::new();
    for index in 0.. {
        line.clear();
        let mut over = false;
        let ended = loop {
            let buffer = match reader.fill_buf() {
                Ok(buffer) => buffer,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error.into()),
            };
            let feed = buffer.iter().position(|byte| *byte == b'\n');
            let part = buffer.get(..feed.unwrap_or(buffer.len())).unwrap_or_default();
            over = over || line.len() + part.len() > LINE_BYTES_MAX;
            if !over {
                line.extend_from_slice(part);
            }
            let (at_end, used) = (buffer.is_empty(), part.len() + usize::from(feed.is_some()));
            reader.consume(used);
            if at_end || feed.is_some() {
                break at_end;
            }
        };
        if ended && line.is_empty() && !over {
            return Ok(());
        }
        take(index, if over { Line::TooLong } else { str::from_utf8(&line).map_or(Line::NotUtf8, Line::Text) })?;
        if ended {
            return Ok(());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(bytes: &[u8], capacity: usize) -> Vec<(usize, String)> {
        let mut found = Vec::new();
        let mut reader = io::BufReader::with_capacity(capacity, bytes);
        for_each_line::<io::Error>(&mut reader, |index, line| {
            let shown = match line {
                Line::Text(text) => text.to_owned(),
                other => format!("{other:?}"),
            };
            found.push((index, shown));
            Ok(())
        })
        .unwrap();
        found
    }

    #[test]
    fn lines_are_the_same_however_they_are_buffered() {
        for text in ["", "a", "a\n", "\n", "a\n\nb", "a\r\nb\r\n", "één\ntwéé\n\n"] {
            let mut expect: Vec<String> = text.split('\n').map(str::to_owned).collect();
            if expect.last().is_some_and(String::is_empty) {
                expect.pop();
            }
            for capacity in [1, 2, 3, 64] {
                let found: Vec<String> = lines(text.as_bytes(), capacity).into_iter().map(|(_, line)| line).collect();
                assert_eq!(found, expect, "{text:?}");
            }
        }
        assert_eq!(lines(b"a\n\xff\nb", 4), [(0, "a".to_owned()), (1, "NotUtf8".to_owned()), (2, "b".to_owned())]);
    }

    #[test]
    fn a_line_at_the_limit_is_read_and_one_past_it_is_not() {
        let text = |length: usize| format!("{}\nb", "a".repeat(length));
        assert_eq!(lines(text(LINE_BYTES_MAX).as_bytes(), 4096)[0].1.len(), LINE_BYTES_MAX);
        assert_eq!(lines(text(LINE_BYTES_MAX + 1).as_bytes(), 4096), [(0, "TooLong".to_owned()), (1, "b".to_owned())]);
    }
}
