//! Output files: written beside their place, flushed to disk, and only then given their name.

use std::fs::{File, OpenOptions};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::{Compression, hex};
use crate::error::{GateError, Result};

/// The end of the names of files still being written.
pub(crate) const PART: &str = ".bezwaar-part";

/// A working name. What stands there is removed unless it was given its own name: it may hold records nobody checked.
struct Part {
    path: PathBuf,
    named: bool,
}

impl Drop for Part {
    fn drop(&mut self) {
        if !self.named {
            // The first error is the one to report; a part that stays is no release, and the next run writes over it.
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

/// A file being written under another name.
pub(crate) struct OutputFile {
    part: Part,
    path: PathBuf,
    writer: Counting,
}

/// Counts and hashes what passes through.
pub(crate) struct Counting {
    inner: BufWriter<File>,
    hash: Sha256,
    bytes: u64,
}

impl Write for Counting {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let count = self.inner.write(bytes)?;
        self.hash.update(bytes.get(..count).unwrap_or_default());
        self.bytes += count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.inner.flush()
    }
}

/// What was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Written {
    pub(crate) bytes: u64,
    pub(crate) sha256: String,
}

impl OutputFile {
    /// Begins a file; its folder is made. `private` gives it to its owner only.
    pub(crate) fn create(path: &Path, private: bool) -> Result<OutputFile> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(|error| GateError::io(folder, "make the folder", error))?;
        }
        let mut name = path.file_name().unwrap_or_default().to_owned();
        name.push(PART);
        let part = path.with_file_name(name);
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        if private {
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        }
        #[cfg(not(unix))]
        let _ = private;
        let file = options.open(&part).map_err(|error| GateError::io(&part, "write", error))?;
        #[cfg(unix)]
        if private {
            // One left there by somebody else keeps its mode.
            let mode = std::os::unix::fs::PermissionsExt::from_mode(0o600);
            file.set_permissions(mode).map_err(|error| GateError::io(&part, "write", error))?;
        }
        let writer = Counting { inner: BufWriter::with_capacity(1 << 20, file), hash: Sha256::new(), bytes: 0 };
        Ok(OutputFile { part: Part { path: part, named: false }, path: path.to_owned(), writer })
    }

    /// Where to write.
    pub(crate) fn writer(&mut self) -> &mut Counting {
        &mut self.writer
    }

    /// Flushes to disk; the file can be read back now, and named with [`Settled::publish`].
    pub(crate) fn settle(self) -> Result<Settled> {
        let OutputFile { part, path, writer } = self;
        let Counting { inner, hash, bytes } = writer;
        let file = inner.into_inner().map_err(|error| GateError::io(&part.path, "write", error.into_error()))?;
        file.sync_all().map_err(|error| GateError::io(&part.path, "flush", error))?;
        Ok(Settled { part, path, written: Written { bytes, sha256: hex(&hash.finalize()) } })
    }
}

/// A file that is on disk, under its working name.
pub(crate) struct Settled {
    part: Part,
    path: PathBuf,
    written: Written,
}

impl Settled {
    /// Where it stands until it is named.
    pub(crate) fn part(&self) -> &Path {
        &self.part.path
    }

    /// What was written.
    pub(crate) fn written(&self) -> &Written {
        &self.written
    }

    /// Gives it its name, durably.
    pub(crate) fn publish(mut self) -> Result<Written> {
        std::fs::rename(&self.part.path, &self.path).map_err(|error| GateError::io(&self.path, "name", error))?;
        self.part.named = true;
        if let Some(folder) = self.path.parent() {
            sync_folder(folder)?;
        }
        Ok(self.written)
    }
}

/// Makes a rename in a folder durable.
pub(crate) fn sync_folder(folder: &Path) -> Result<()> {
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let file = File::open(folder).map_err(|error| GateError::io(folder, "open", error))?;
    file.sync_all().map_err(|error| GateError::io(folder, "flush", error))
}

/// Writes a small file whole: beside, flushed, renamed.
pub(crate) fn write_whole(path: &Path, bytes: &[u8], private: bool) -> Result<Written> {
    let mut file = OutputFile::create(path, private)?;
    file.writer().write_all(bytes).map_err(|error| GateError::io(path, "write", error))?;
    file.settle()?.publish()
}

/// A compressing writer over an output file.
pub(crate) enum TextWriter<'a> {
    Plain(&'a mut Counting),
    Gzip(flate2::write::GzEncoder<&'a mut Counting>),
    Zstd(zstd::stream::write::Encoder<'static, &'a mut Counting>),
}

impl<'a> TextWriter<'a> {
    pub(crate) fn new(writer: &'a mut Counting, compression: Compression) -> std::io::Result<TextWriter<'a>> {
        Ok(match compression {
            Compression::None => TextWriter::Plain(writer),
            Compression::Gzip => TextWriter::Gzip(flate2::write::GzEncoder::new(writer, flate2::Compression::default())),
            Compression::Zstd => TextWriter::Zstd(zstd::stream::write::Encoder::new(writer, zstd::DEFAULT_COMPRESSION_LEVEL)?),
        })
    }

    pub(crate) fn write_all(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        match self {
            TextWriter::Plain(writer) => writer.write_all(bytes),
            TextWriter::Gzip(writer) => writer.write_all(bytes),
            TextWriter::Zstd(writer) => writer.write_all(bytes),
        }
    }

    pub(crate) fn finish(self) -> std::io::Result<()> {
        match self {
            TextWriter::Plain(writer) => writer.flush(),
            TextWriter::Gzip(writer) => writer.finish().map(|_| ()),
            TextWriter::Zstd(writer) => writer.finish().map(|_| ()),
        }
    }
}
