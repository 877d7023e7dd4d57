//! Where a file comes from: something that can be read more than once, since everything is checked before anything is filed.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::PathBuf;

use sha2::{Digest as _, Sha256};

const BUFFER_BYTES: usize = 1 << 18;

/// A file that can be read from its beginning as often as needed.
pub trait Source {
    /// Begins to read anew.
    fn open(&self) -> io::Result<Box<dyn Read + '_>>;
}

impl Source for PathBuf {
    fn open(&self) -> io::Result<Box<dyn Read + '_>> {
        Ok(Box::new(File::open(self)?))
    }
}

impl Source for [u8] {
    fn open(&self) -> io::Result<Box<dyn Read + '_>> {
        Ok(Box::new(self))
    }
}

impl Source for str {
    fn open(&self) -> io::Result<Box<dyn Read + '_>> {
        Ok(Box::new(self.as_bytes()))
    }
}

/// The SHA-256 of a file: what it is recognised by.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FileHash(pub [u8; 32]);

impl FileHash {
    /// Reads the whole file.
    pub fn of(source: &(impl Source + ?Sized)) -> io::Result<FileHash> {
        let mut reader = source.open()?;
        let (mut hash, mut buffer) = (Sha256::new(), vec![0; BUFFER_BYTES]);
        loop {
            match reader.read(&mut buffer) {
                Ok(0) => return Ok(FileHash(hash.finalize().into())),
                Ok(count) => hash.update(buffer.get(..count).unwrap_or_default()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// The first eight bytes, in hex: short enough for an id, long enough to tell files apart.
    pub fn prefix(&self) -> String {
        self.0.iter().take(8).map(|byte| format!("{byte:02x}")).collect()
    }
}

/// Reads and hashes what is read.
pub(super) struct Hashing<R> {
    inner: R,
    hash: Sha256,
}

impl<R: Read> Hashing<R> {
    pub(super) fn new(inner: R) -> BufReader<Hashing<R>> {
        BufReader::with_capacity(BUFFER_BYTES, Hashing { inner, hash: Sha256::new() })
    }

    /// The hash of what was read.
    pub(super) fn hash(&self) -> FileHash {
        FileHash(self.hash.clone().finalize().into())
    }
}

impl<R: Read> Read for Hashing<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.hash.update(buffer.get(..count).unwrap_or_default());
        Ok(count)
    }
}
