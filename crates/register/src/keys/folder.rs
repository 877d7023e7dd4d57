//! The folder of keys: one file each, mode 0600 in a folder of mode 0700.
//!
//! A key that is to take the place of another is first written as `NAME.next.key`, then stated on the ledger, and only then renamed; the old
//! one stays as `NAME.<epoch>.key`. Whichever of these steps a crash comes after, the statements on the ledger say which file is the key.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use zeroize::Zeroizing;

use super::KeyRingError;
use crate::files::{Audience, Files};
use crate::hex;

/// Which of the files of a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Which {
    Current,
    Next,
    Former(u32),
}

/// Access to the folder.
#[derive(Clone)]
pub(super) struct KeyFolder {
    pub(super) files: Arc<dyn Files>,
    pub(super) path: PathBuf,
}

impl KeyFolder {
    fn file(&self, name: &str, which: Which) -> (String, PathBuf) {
        let name = match which {
            Which::Current => format!("{name}.key"),
            Which::Next => format!("{name}.next.key"),
            Which::Former(epoch) => format!("{name}.{epoch}.key"),
        };
        let path = self.path.join(&name);
        (name, path)
    }

    /// The text of a key file, if it is there.
    pub(super) fn read(&self, name: &str, which: Which) -> Result<Option<Zeroizing<String>>, KeyRingError> {
        let (name, path) = self.file(name, which);
        let bytes = match self.files.read(&path) {
            Ok(Some(bytes)) => bytes,
            Ok(None) => return Ok(None),
            Err(source) => return Err(KeyRingError::File { name, source }),
        };
        self.check_mode(&path, &name)?;
        match String::from_utf8(bytes) {
            Ok(text) => Ok(Some(Zeroizing::new(text))),
            Err(_) => Err(KeyRingError::Damaged { name }),
        }
    }

    pub(super) fn write(&self, name: &str, which: Which, text: &str) -> Result<(), KeyRingError> {
        let (name, path) = self.file(name, which);
        let written = self.files.write(&[(path, text.as_bytes().to_vec())], Audience::Owner);
        written.map_err(|source| KeyRingError::File { name, source })
    }

    /// Puts the next key in the place of the current one, which is kept under its epoch. May be done again after a crash in between.
    pub(super) fn advance(&self, name: &str, current_epoch: u32) -> Result<(), KeyRingError> {
        let (_, current) = self.file(name, Which::Current);
        let (_, former) = self.file(name, Which::Former(current_epoch));
        let (next_name, next) = self.file(name, Which::Next);
        let there = |path: &Path| self.files.read(path).map(|bytes| bytes.is_some());
        let steps = || -> io::Result<()> {
            if there(&current)? && !there(&former)? {
                self.files.rename(&current, &former)?;
            }
            self.files.rename(&next, &current)
        };
        steps().map_err(|source| KeyRingError::File { name: next_name, source })
    }

    /// Whether the folder is closed to others.
    pub(super) fn check_folder(&self) -> Result<(), KeyRingError> {
        self.check_mode(&self.path, "keys")
    }

    /// Refuses what others than the owner may read or write.
    fn check_mode(&self, path: &Path, name: &str) -> Result<(), KeyRingError> {
        let mode = self.files.mode(path).map_err(|source| KeyRingError::File { name: name.to_owned(), source })?;
        match mode {
            Some(mode) if mode & 0o077 != 0 => Err(KeyRingError::Mode { name: name.to_owned(), mode }),
            _ => Ok(()),
        }
    }
}

/// The text of a key file of 32 bytes: `KIND = 1`, then the key in hexadecimal digits.
pub(super) fn to_text(kind: &str, key: &[u8; 32]) -> Zeroizing<String> {
    let digits = Zeroizing::new(hex::encode(key));
    Zeroizing::new(format!("# Secret. Mode 0600; never in version control.\n{kind} = 1\nkey = \"{}\"\n", *digits))
}

/// Reads what [`to_text`] writes.
pub(super) fn from_text(kind: &str, text: &str) -> Option<Zeroizing<[u8; 32]>> {
    let mut lines = text.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#'));
    let (first, second) = (lines.next()?, lines.next()?);
    let whole = lines.next().is_none() && first.strip_prefix(kind)? == " = 1";
    let key = hex::decode(second.strip_prefix("key = \"")?.strip_suffix('"')?)?;
    (whole && key != [0; 32]).then(|| Zeroizing::new(key))
}
