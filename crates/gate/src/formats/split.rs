//! Cutting text files into whole records, without changing a byte.

use std::io::Read;
use std::path::Path;

use super::csv::{Scan, fields as csv_fields};
use super::{Compression, open_text};
use crate::error::{GateError, Result};
use crate::job::{Format, Limits};

/// A record within a chunk.
pub(crate) struct Record {
    from: usize,
    until: usize,
    pub(crate) too_long: bool,
}

impl Record {
    pub(crate) fn of<'c>(&self, bytes: &'c [u8]) -> &'c [u8] {
        bytes.get(self.from..self.until).unwrap_or_default()
    }
}

/// Some whole records.
pub(crate) struct Chunk {
    pub(crate) bytes: Vec<u8>,
    pub(crate) records: Vec<Record>,
}

/// Cuts a text file into chunks of whole records.
pub(crate) struct Splitter<'a> {
    pub(crate) source: Box<dyn Read + 'a>,
    path: &'a Path,
    csv: bool,
    limits: Limits,
    /// Bytes read but not handed out.
    rest: Vec<u8>,
    done: bool,
    /// The byte order mark, and for CSV the header: what comes before the first record.
    pub(crate) prefix: Vec<u8>,
}

impl<'a> Splitter<'a> {
    pub(crate) fn open(path: &'a Path, format: Format, limits: &Limits) -> Result<Splitter<'a>> {
        let file = std::fs::File::open(path).map_err(|error| GateError::io(path, "open", error))?;
        Splitter::over(Box::new(file), path, format, limits)
    }

    pub(crate) fn over(file: Box<dyn Read + 'a>, path: &'a Path, format: Format, limits: &Limits) -> Result<Splitter<'a>> {
        let compression = Compression::of_file(path)?;
        let source = open_text(file, compression, limits).map_err(|error| GateError::io(path, "read", error))?;
        let mut splitter =
            Splitter { source, path, csv: format == Format::Csv, limits: *limits, rest: Vec::new(), done: false, prefix: Vec::new() };
        splitter.fill(3)?;
        if splitter.rest.starts_with(&[0xef, 0xbb, 0xbf]) {
            splitter.prefix = splitter.rest.drain(..3).collect();
        }
        if splitter.csv {
            let header = splitter.take_header()?;
            splitter.prefix.extend(header);
        }
        Ok(splitter)
    }

    /// Reads until at least so many bytes are there, or the end.
    fn fill(&mut self, wanted: usize) -> Result<()> {
        while self.rest.len() < wanted && !self.done {
            let before = self.rest.len();
            let want = (wanted - before).max(self.limits.batch_bytes.min(1 << 20));
            self.rest.resize(before + want, 0);
            let read = loop {
                match self.source.read(self.rest.get_mut(before..).unwrap_or_default()) {
                    Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                    other => break other,
                }
            };
            let count = match read {
                Ok(count) => count,
                Err(error) => {
                    self.rest.truncate(before);
                    let broken = matches!(
                        error.kind(),
                        std::io::ErrorKind::UnexpectedEof
                            | std::io::ErrorKind::InvalidData
                            | std::io::ErrorKind::InvalidInput
                            | std::io::ErrorKind::Other
                    );
                    let help = if broken {
                        "the compressed data is cut off or corrupt; get the file again"
                    } else {
                        "check the disk and the file"
                    };
                    return Err(GateError::input(self.path, "cannot be read to its end").with_help(help).with_source(error));
                }
            };
            self.rest.truncate(before + count);
            self.done = count == 0;
        }
        Ok(())
    }

    fn take_header(&mut self) -> Result<Vec<u8>> {
        let mut wanted = 1 << 16;
        loop {
            self.fill(wanted)?;
            let mut scan = Scan::FieldStart;
            for (place, byte) in self.rest.iter().enumerate() {
                let (next, ended) = scan.step(*byte);
                scan = next;
                if ended {
                    return Ok(self.rest.drain(..=place).collect());
                }
            }
            if self.done || wanted > self.limits.record_bytes_max {
                return Ok(std::mem::take(&mut self.rest));
            }
            wanted *= 2;
        }
    }

    /// The next chunk: about `batch_bytes`, or one long record.
    pub(crate) fn next_chunk(&mut self) -> Result<Option<Chunk>> {
        let mut wanted = self.limits.batch_bytes;
        loop {
            self.fill(wanted)?;
            if self.rest.is_empty() {
                return Ok(None);
            }
            let (records, end) = self.cut();
            if !records.is_empty() || (self.done && end > 0) {
                let rest = self.rest.split_off(end);
                let bytes = std::mem::replace(&mut self.rest, rest);
                return Ok(Some(Chunk { bytes, records }));
            }
            if self.rest.len() > self.limits.record_bytes_max {
                return self.pass_long_record().map(Some);
            }
            wanted = self.rest.len().saturating_mul(2).min(self.limits.record_bytes_max + 1);
        }
    }

    /// The whole records at the front, and where they end. At the end of the file the last one needs no line end.
    fn cut(&self) -> (Vec<Record>, usize) {
        let mut records = Vec::new();
        let mut from = 0;
        let mut take = |from: &mut usize, until: usize| {
            let blank = self.rest.get(*from..until).unwrap_or_default().iter().all(u8::is_ascii_whitespace);
            if !blank {
                records.push(Record { from: *from, until, too_long: until - *from > self.limits.record_bytes_max });
            }
            *from = until;
        };
        if self.csv {
            let mut scan = Scan::FieldStart;
            for (place, byte) in self.rest.iter().enumerate() {
                let (next, ended) = scan.step(*byte);
                scan = next;
                if ended {
                    take(&mut from, place + 1);
                }
            }
        } else {
            let mut start = 0;
            while let Some(place) = self.rest.get(start..).and_then(|rest| memchr(b'\n', rest)) {
                start += place + 1;
                take(&mut from, start);
            }
        }
        if self.done && from < self.rest.len() {
            take(&mut from, self.rest.len());
        }
        (records, from)
    }

    /// A record over the limit is unreadable: its bytes are let go while looking for its end.
    fn pass_long_record(&mut self) -> Result<Chunk> {
        let mut scan = Scan::FieldStart;
        loop {
            let end = self.rest.iter().position(|byte| {
                let (next, ended) = scan.step(*byte);
                scan = next;
                if self.csv { ended } else { *byte == b'\n' }
            });
            match end {
                Some(place) => {
                    self.rest.drain(..=place);
                    break;
                }
                None => self.rest.clear(),
            }
            self.fill(self.limits.batch_bytes)?;
            if self.rest.is_empty() {
                break;
            }
        }
        Ok(Chunk { bytes: Vec::new(), records: vec![Record { from: 0, until: 0, too_long: true }] })
    }
}

fn memchr(byte: u8, bytes: &[u8]) -> Option<usize> {
    bytes.iter().position(|other| *other == byte)
}

/// The names in a CSV header.
pub(crate) fn header(path: &Path, limits: &Limits) -> Result<Vec<String>> {
    let splitter = Splitter::open(path, Format::Csv, limits)?;
    let prefix = splitter.prefix.strip_prefix(&[0xef, 0xbb, 0xbf]).unwrap_or(&splitter.prefix);
    let (mut output, mut ends) = (Vec::new(), Vec::new());
    if csv_fields(prefix, &mut output, &mut ends).is_none() {
        return Err(GateError::input(path, "the header's quotes do not close"));
    }
    let mut from = 0;
    Ok(ends
        .iter()
        .map(|end| {
            let name = String::from_utf8_lossy(output.get(from..*end).unwrap_or_default()).into_owned();
            from = *end;
            name
        })
        .collect())
}
