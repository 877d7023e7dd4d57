//! The codecs pages are written with.

use std::io::Write;

use parquet::basic::Compression;
use parquet::errors::{ParquetError, Result};

/// A codec ready to compress, page by page.
pub(super) enum Codec {
    Plain,
    Zstd(Box<zstd::bulk::Compressor<'static>>),
    Snappy(Box<snap::raw::Encoder>),
    Gzip(u32),
}

fn failed(error: impl std::error::Error + Send + Sync + 'static) -> ParquetError {
    ParquetError::External(Box::new(error))
}

impl Codec {
    /// `None` for codecs that are left to the generic writer.
    pub(super) fn new(compression: Compression) -> Result<Option<Codec>> {
        Ok(Some(match compression {
            Compression::UNCOMPRESSED => Codec::Plain,
            Compression::ZSTD(level) => Codec::Zstd(Box::new(zstd::bulk::Compressor::new(level.compression_level()).map_err(failed)?)),
            Compression::SNAPPY => Codec::Snappy(Box::new(snap::raw::Encoder::new())),
            Compression::GZIP(level) => Codec::Gzip(level.compression_level()),
            _ => return Ok(None),
        }))
    }

    pub(super) fn is_plain(&self) -> bool {
        matches!(self, Codec::Plain)
    }

    pub(super) fn compress(&mut self, bytes: &[u8]) -> Result<Vec<u8>> {
        match self {
            Codec::Plain => Ok(bytes.to_vec()),
            Codec::Zstd(codec) => codec.compress(bytes).map_err(failed),
            Codec::Snappy(codec) => codec.compress_vec(bytes).map_err(failed),
            Codec::Gzip(level) => {
                let mut codec = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::new(*level));
                codec.write_all(bytes).and_then(|()| codec.finish()).map_err(failed)
            }
        }
    }
}
