//! What must not be seen by accident: secrets, and texts that say who somebody is.

use std::fmt;
use std::io;
use std::path::Path;

use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::files::read_limited;

/// The longest secret that is read from a file, in bytes.
pub const SECRET_BYTES_MAX: usize = 4096;

/// A text that says who somebody is: an account, a subject, an address. Its `Debug` does not show it.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Personal(String);

impl Personal {
    /// Holds a text that says who somebody is.
    pub fn new(text: impl Into<String>) -> Personal {
        Personal(text.into())
    }

    /// The text. Personal data: never put it in an error, a trace or a metric.
    pub fn expose_personal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Personal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Personal(…)")
    }
}

/// A password or another text that only this program and one other know. Its `Debug` does not show it, and it is wiped when it goes.
#[derive(Clone)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Holds a secret: not empty, without control characters, at most [`SECRET_BYTES_MAX`] bytes.
    pub fn try_new(text: impl Into<String>) -> Result<Secret, SecretError> {
        let text = Zeroizing::new(text.into());
        match text.as_str() {
            "" => Err(SecretError::Empty),
            text if text.len() > SECRET_BYTES_MAX => Err(SecretError::TooLong),
            text if text.chars().any(char::is_control) => Err(SecretError::Control),
            _ => Ok(Secret(text)),
        }
    }

    /// Reads a secret from a file that holds nothing else. One line end after it is left off.
    pub fn read(path: &Path) -> Result<Secret, SecretError> {
        // Room for a line end of two characters.
        let bytes = match read_limited(path, SECRET_BYTES_MAX + 2) {
            Ok(Some(bytes)) => Zeroizing::new(bytes),
            Ok(None) => return Err(SecretError::Missing),
            Err(error) => return Err(SecretError::Read(error)),
        };
        let text = std::str::from_utf8(&bytes).map_err(|_| SecretError::NotText)?;
        let text = text.strip_suffix('\n').map_or(text, |text| text.strip_suffix('\r').unwrap_or(text));
        Secret::try_new(text)
    }

    /// The secret itself. Never put it in an error, a trace or a metric.
    pub fn expose_secret(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// Whether two texts are equal, in a time that does not tell how much of them is: their digests are compared.
pub(crate) fn same(left: &[u8], right: &[u8]) -> bool {
    Sha256::digest(left) == Sha256::digest(right)
}

/// Why a secret cannot be used.
#[derive(Debug)]
#[non_exhaustive]
pub enum SecretError {
    /// There is no such file.
    Missing,
    /// The system does not let the file be read, or it is longer than [`SECRET_BYTES_MAX`].
    Read(io::Error),
    /// Not UTF-8.
    NotText,
    /// Nothing.
    Empty,
    /// Longer than [`SECRET_BYTES_MAX`].
    TooLong,
    /// A control character in it, such as a second line.
    Control,
}

impl SecretError {
    /// What to do about it.
    pub fn help(&self) -> &'static str {
        match self {
            SecretError::Missing | SecretError::Read(_) => "name a file that this program may read and others may not (mode 0400 or 0600)",
            SecretError::NotText | SecretError::Empty | SecretError::TooLong | SecretError::Control => {
                "put the secret in the file as one line of text, and nothing else"
            }
        }
    }
}

impl fmt::Display for SecretError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SecretError::Missing => f.write_str("the file with the secret is not there"),
            SecretError::Read(_) => f.write_str("the file with the secret cannot be read"),
            SecretError::NotText => f.write_str("the secret is not text"),
            SecretError::Empty => f.write_str("the secret is empty"),
            SecretError::TooLong => write!(f, "the secret is over {SECRET_BYTES_MAX} bytes"),
            SecretError::Control => f.write_str("the secret has more than one line, or a control character"),
        }
    }
}

impl std::error::Error for SecretError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            SecretError::Read(error) => Some(error),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_shows_in_debug() {
        let secret = Secret::try_new("hush").unwrap();
        assert_eq!(format!("{secret:?} {:?}", Personal::new("anna")), "Secret(…) Personal(…)");
    }

    #[test]
    fn a_secret_is_one_line_of_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        assert!(matches!(Secret::read(&path), Err(SecretError::Missing)));
        let read = |bytes: &[u8]| {
            std::fs::write(&path, bytes).unwrap();
            Secret::read(&path)
        };
        assert_eq!(read(b"a b\r\n").unwrap().expose_secret(), "a b");
        assert_eq!(read("x".repeat(SECRET_BYTES_MAX).as_bytes()).unwrap().expose_secret().len(), SECRET_BYTES_MAX);
        assert!(matches!(read("x".repeat(SECRET_BYTES_MAX + 1).as_bytes()), Err(SecretError::TooLong)));
        assert!(matches!(read("x".repeat(SECRET_BYTES_MAX + 3).as_bytes()), Err(SecretError::Read(_))));
        assert!(matches!(read(b"\n"), Err(SecretError::Empty)));
        assert!(matches!(read(b"a\nb\n"), Err(SecretError::Control)));
        assert!(matches!(read(b"\xff"), Err(SecretError::NotText)));
    }
}
