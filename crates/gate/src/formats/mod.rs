//! Reading and writing the formats: one file per format, and what they share.

pub(crate) mod csv;
pub(crate) mod json;
pub(crate) mod layout;
pub(crate) mod output;
pub(crate) mod parquet;
pub(crate) mod split;
pub(crate) mod text;

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufReader, Read, Seek};
use std::path::Path;
use std::sync::Arc;

use arrow_array::RecordBatch;

use crate::bind::Fields;
use crate::error::{GateError, Result};
use crate::ids::each_id;
use crate::job::Limits;
use crate::subjects::SubjectSink;

/// What is wanted of records besides verdicts.
#[derive(Clone, Default)]
pub(crate) struct Asked {
    /// Where the people of kept records go.
    pub(crate) subjects: Option<Arc<SubjectSink>>,
    /// Whether the ids of withheld records are wanted.
    pub(crate) ids: bool,
}

impl Asked {
    /// Takes what is wanted of a batch that was decided about; its rows are counted from `first` on.
    pub(crate) fn of_batch(
        &self,
        fields: &Fields,
        batch: &RecordBatch,
        bits: &[u64],
        first: usize,
        ids: &mut HashMap<usize, String>,
    ) -> Result<()> {
        if self.ids {
            let withheld = |row: usize| bits.get(row).is_some_and(|bits| *bits != 0);
            each_id(fields, batch, &withheld, &mut |row, id| drop(ids.insert(first + row, id.to_owned())));
        }
        self.subjects.as_ref().map_or(Ok(()), |sink| sink.batch(fields, batch, bits))
    }
}

/// What was decided about some records that follow each other.
#[derive(Debug, Default)]
pub(crate) struct Decided {
    /// The reasons of each as bits; 0 is keep.
    pub(crate) bits: Vec<u64>,
    /// How many are withheld for what only people said who are not yet confirmed.
    pub(crate) provisional: u64,
    /// The ids of withheld ones, where they are wanted and there, by place.
    pub(crate) ids: HashMap<usize, String>,
}

/// Takes what was decided about records, in order.
pub(crate) type Sink<'a> = &'a mut dyn FnMut(&Decided) -> Result<()>;

/// How a text file is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Compression {
    None,
    Gzip,
    Zstd,
}

impl Compression {
    /// Told by the first bytes, not by the name: a name can be wrong.
    pub(crate) fn of_file(path: &Path) -> Result<Compression> {
        let mut file = File::open(path).map_err(|error| GateError::io(path, "open", error))?;
        let mut magic = [0_u8; 4];
        let mut filled = 0;
        while let Some(rest) = magic.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            match file.read(rest).map_err(|error| GateError::io(path, "read", error))? {
                0 => break,
                count => filled += count,
            }
        }
        Ok(match magic {
            [0x1f, 0x8b, ..] => Compression::Gzip,
            [0x28, 0xb5, 0x2f, 0xfd] => Compression::Zstd,
            // A zstd file may begin with a skippable frame.
            [0x50..=0x5f, 0x2a, 0x4d, 0x18] => Compression::Zstd,
            _ => Compression::None,
        })
    }
}

/// A reader of what a text file holds, decompressed: all members of a gzip file, all frames of a zstd file.
pub(crate) fn open_text<'a, R: Read + 'a>(source: R, compression: Compression, limits: &Limits) -> std::io::Result<Box<dyn Read + 'a>> {
    Ok(match compression {
        Compression::None => Box::new(source),
        Compression::Gzip => Box::new(flate2::read::MultiGzDecoder::new(BufReader::with_capacity(1 << 18, source))),
        Compression::Zstd => {
            let mut decoder = zstd::stream::read::Decoder::new(source)?;
            decoder.window_log_max(limits.zstd_window_log_max)?;
            Box::new(decoder)
        }
    })
}

/// Size and time of change, to notice a source that changes under our hands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stamp {
    size: u64,
    changed: Option<std::time::SystemTime>,
}

impl Stamp {
    pub(crate) fn of(path: &Path) -> Result<Stamp> {
        let meta = std::fs::metadata(path).map_err(|error| GateError::io(path, "look at", error))?;
        Ok(Stamp { size: meta.len(), changed: meta.modified().ok() })
    }

    pub(crate) fn check(&self, path: &Path) -> Result<()> {
        if *self == Stamp::of(path)? {
            Ok(())
        } else {
            Err(GateError::input(path, "the file changed while it was read").with_help("run again when nobody writes to it"))
        }
    }
}

/// SHA-256 of a stretch of a file, in hex.
pub(crate) fn hash_file(path: &Path) -> Result<String> {
    let mut file = File::open(path).map_err(|error| GateError::io(path, "open", error))?;
    file.rewind().map_err(|error| GateError::io(path, "read", error))?;
    hash_reader(&mut file).map_err(|error| GateError::io(path, "read", error))
}

pub(crate) fn hash_reader(reader: &mut dyn Read) -> std::io::Result<String> {
    use sha2::Digest;
    let mut hash = sha2::Sha256::new();
    let mut buffer = vec![0_u8; 1 << 20];
    loop {
        match reader.read(&mut buffer)? {
            0 => return Ok(hex(&hash.finalize())),
            count => hash.update(buffer.get(..count).unwrap_or_default()),
        }
    }
}

/// Bytes as hex.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing into a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// SHA-256 of bytes, in hex.
pub(crate) fn hash_bytes(bytes: &[u8]) -> String {
    use sha2::Digest;
    hex(&sha2::Sha256::digest(bytes))
}
