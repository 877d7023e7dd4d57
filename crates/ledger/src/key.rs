//! Keys: the root key of a register, and the keyed names of people and items that are made from it.
//!
//! From the root key, one key each for people, items and the public key id is derived with HKDF-SHA-256
//! ([RFC 5869](https://www.rfc-editor.org/rfc/rfc5869)), per gate domain and epoch. A subject key is the first 16 bytes of
//! HMAC-SHA-256 ([RFC 2104](https://www.rfc-editor.org/rfc/rfc2104)) over the normalised account. It is for *matching* only: whoever has the key can
//! try out names, so keys and subject keys are not shown by `Debug` and not named in errors.

use std::fmt;
use std::sync::Arc;

use bezwaar_core::account::Account;
use bezwaar_core::problem::nearest;
use hkdf::Hkdf;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

use crate::hex;

/// The version of key files this program reads and writes.
const KEY_FILE_VERSION: &str = "1";
/// The longest key file, in bytes, that is read.
pub const KEY_FILE_BYTES_MAX: usize = 1 << 14;
/// The longest gate domain, in bytes (that of a DNS name).
pub const DOMAIN_BYTES_MAX: usize = 253;

/// The fields of a key file, in the order they are written.
const FIELDS: [&str; 4] = ["bezwaar-key", "domain", "epoch", "key"];

const SALT: &[u8] = b"bezwaar root key v1";
const LABEL_SUBJECT: &[u8] = b"bezwaar subject v1";
const LABEL_ITEM: &[u8] = b"bezwaar item v1";
const LABEL_KEY_ID: &[u8] = b"bezwaar key id v1";

/// The root key of a register: 32 random bytes. Its `Debug` does not show it.
#[derive(Clone)]
pub struct RootKey([u8; 32]);

impl RootKey {
    /// The root key with these bytes, which must be random.
    pub fn from_bytes(bytes: [u8; 32]) -> RootKey {
        RootKey(bytes)
    }

    /// Reads a key file: `name = value` lines, each field once, in any order; `#` begins a comment line.
    pub fn parse_file(text: &str) -> Result<KeyFile, KeyError> {
        if text.len() > KEY_FILE_BYTES_MAX {
            return Err(KeyError::TooLong);
        }
        let mut found: [Option<(usize, &str)>; 4] = [None; 4];
        for (index, line) in text.lines().enumerate() {
            let (number, line) = (index + 1, line.trim());
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let (name, value) = line.split_once('=').ok_or(KeyError::Line { line: number })?;
            let name = name.trim();
            let slot = FIELDS.into_iter().zip(&mut found).find(|(field, _)| *field == name);
            let Some((field, slot)) = slot else {
                let near = nearest(name, FIELDS).and_then(|near| FIELDS.into_iter().find(|field| *field == near));
                return Err(KeyError::Unknown { line: number, near });
            };
            if slot.replace((number, value.trim())).is_some() {
                return Err(KeyError::Twice { line: number, field });
            }
        }
        let [version, domain, epoch, key] = found;
        let (line, version) = version.ok_or(KeyError::NotAKeyFile)?;
        if version != KEY_FILE_VERSION {
            return Err(KeyError::Version { line });
        }
        let (line, domain) = domain.ok_or(KeyError::Missing { field: "domain" })?;
        let domain = quoted(domain).filter(|domain| is_domain(domain)).ok_or(KeyError::Domain { line: Some(line) })?;
        let (line, epoch) = epoch.ok_or(KeyError::Missing { field: "epoch" })?;
        let plain = !epoch.is_empty() && epoch.bytes().all(|byte| byte.is_ascii_digit());
        let epoch = epoch.parse().ok().filter(|_| plain).ok_or(KeyError::Epoch { line })?;
        let (line, key) = key.ok_or(KeyError::Missing { field: "key" })?;
        let key = quoted(key).and_then(hex::decode).ok_or(KeyError::Key { line })?;
        if key == [0; 32] {
            return Err(KeyError::Zero { line });
        }
        Ok(KeyFile { root: RootKey(key), domain: domain.to_owned(), epoch })
    }
}

impl fmt::Debug for RootKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RootKey(…)")
    }
}

fn quoted(value: &str) -> Option<&str> {
    value.strip_prefix('"')?.strip_suffix('"')
}

fn is_domain(text: &str) -> bool {
    let good = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_.".contains(&byte);
    (1..=DOMAIN_BYTES_MAX).contains(&text.len()) && text.bytes().all(good)
}

/// What a key file holds: a root key, and which gate domain and epoch its subject keys are for.
#[derive(Clone, Debug)]
pub struct KeyFile {
    /// The root key.
    pub root: RootKey,
    /// The gate domain: those who share subject keys.
    pub domain: String,
    /// Counts up when the keys of a domain are renewed.
    pub epoch: u32,
}

impl KeyFile {
    /// A key file for a domain of lower-case letters, digits, `.`, `-` and `_`.
    pub fn new(root: RootKey, domain: &str, epoch: u32) -> Result<KeyFile, KeyError> {
        if !is_domain(domain) {
            return Err(KeyError::Domain { line: None });
        }
        Ok(KeyFile { root, domain: domain.to_owned(), epoch })
    }

    /// The file's text. **It holds the key**: write it with mode 0600, and nowhere else.
    pub fn to_text(&self) -> String {
        format!(
            "# Secret. With this key and an extract one can find out who objected. Mode 0600; never in version control.\n\
             bezwaar-key = {KEY_FILE_VERSION}\ndomain = \"{}\"\nepoch = {}\nkey = \"{}\"\n",
            self.domain,
            self.epoch,
            hex::encode(&self.root.0)
        )
    }

    /// The keys for people and items of this domain and epoch.
    pub fn subject_keys(&self) -> SubjectKeys {
        let hkdf = Hkdf::<Sha256>::new(Some(SALT), &self.root.0);
        let derive = |label: &[u8]| {
            let mut key = [0; 32];
            // The labels hold no zero byte and the epoch has a fixed length, so no two inputs read the same.
            let info: [&[u8]; 4] = [label, &[0], &self.epoch.to_be_bytes(), self.domain.as_bytes()];
            match hkdf.expand_multi_info(&info, &mut key) {
                Ok(()) => key,
                Err(_) => unreachable!("RFC 5869 gives up to 255 blocks; this is one"),
            }
        };
        let public = Sha256::digest(derive(LABEL_KEY_ID));
        let key_id = hex::encode(public.get(..8).unwrap_or_default());
        SubjectKeys(Arc::new(Derived { subject: hmac(&derive(LABEL_SUBJECT)), item: hmac(&derive(LABEL_ITEM)), key_id }))
    }
}

fn hmac(key: &[u8; 32]) -> Hmac<Sha256> {
    // RFC 2104 pads shorter keys with zeros to the length of a block.
    let mut block = [0; 64];
    block.iter_mut().zip(key).for_each(|(place, byte)| *place = *byte);
    Hmac::new(&block.into())
}

fn first_16(keyed: &Hmac<Sha256>, text: &str) -> [u8; 16] {
    let full: [u8; 32] = keyed.clone().chain_update(text.as_bytes()).finalize().into_bytes().into();
    let mut first = [0; 16];
    first.iter_mut().zip(full).for_each(|(place, byte)| *place = byte);
    first
}

/// The derived keys that name people and items. Cheap to clone. Its `Debug` shows the public key id only.
#[derive(Clone)]
pub struct SubjectKeys(Arc<Derived>);

struct Derived {
    subject: Hmac<Sha256>,
    item: Hmac<Sha256>,
    key_id: String,
}

impl SubjectKeys {
    /// The public name of these keys: 16 hex digits that tell nothing about them.
    pub fn key_id(&self) -> &str {
        &self.0.key_id
    }

    /// The subject key of an account.
    pub fn subject(&self, account: &Account) -> SubjectKey {
        self.subject_of_canonical(account.expose_canonical())
    }

    /// The subject key of an account in its normalised form.
    pub fn subject_of_canonical(&self, canonical: &str) -> SubjectKey {
        SubjectKey(first_16(&self.0.subject, canonical))
    }

    /// The keyed name of an item id or item pattern; made with another key than subject keys are.
    pub fn item_name(&self, name: &str) -> [u8; 16] {
        first_16(&self.0.item, name)
    }
}

impl fmt::Debug for SubjectKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SubjectKeys({}, …)", self.key_id())
    }
}

/// A person under one account, for matching only. Personal data to whoever has the key; its `Debug` does not show it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SubjectKey(pub [u8; 16]);

impl fmt::Debug for SubjectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SubjectKey(…)")
    }
}

/// Why a text is not a key file. It never holds what stood there, since that may be the key.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeyError {
    /// No line says that it is one.
    NotAKeyFile,
    /// Longer than [`KEY_FILE_BYTES_MAX`].
    TooLong,
    /// Another version of key files.
    Version {
        /// The line, from 1.
        line: usize,
    },
    /// A line without `=`.
    Line {
        /// The line, from 1.
        line: usize,
    },
    /// A field no key file has.
    Unknown {
        /// The line, from 1.
        line: usize,
        /// The field it looks like.
        near: Option<&'static str>,
    },
    /// A field a second time.
    Twice {
        /// The line, from 1.
        line: usize,
        /// The field.
        field: &'static str,
    },
    /// A field that is not there.
    Missing {
        /// The field.
        field: &'static str,
    },
    /// Not a gate domain.
    Domain {
        /// The line, from 1, when it was read from a file.
        line: Option<usize>,
    },
    /// Not an epoch.
    Epoch {
        /// The line, from 1.
        line: usize,
    },
    /// Not a key.
    Key {
        /// The line, from 1.
        line: usize,
    },
    /// A key of zeros.
    Zero {
        /// The line, from 1.
        line: usize,
    },
}

impl fmt::Display for KeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            KeyError::NotAKeyFile => f.write_str("this is not a key file: no line says `bezwaar-key = 1`"),
            KeyError::TooLong => write!(f, "this is not a key file: it is over {KEY_FILE_BYTES_MAX} bytes"),
            KeyError::Version { line } => write!(f, "line {line}: a version of key files this program does not read"),
            KeyError::Line { line } => write!(f, "line {line}: not a `name = value` line"),
            KeyError::Unknown { line, near: Some(near) } => write!(f, "line {line}: no field of a key file; did you mean `{near}`?"),
            KeyError::Unknown { line, near: None } => write!(f, "line {line}: no field of a key file"),
            KeyError::Twice { line, field } => write!(f, "line {line}: `{field}` is there a second time"),
            KeyError::Missing { field } => write!(f, "`{field}` is missing from the key file"),
            KeyError::Domain { line: Some(line) } => write!(f, "line {line}: `domain` is not a gate domain"),
            KeyError::Domain { line: None } => f.write_str("not a gate domain"),
            KeyError::Epoch { line } => write!(f, "line {line}: `epoch` is not a whole number"),
            KeyError::Key { line } => write!(f, "line {line}: `key` is not a key (it is not shown here)"),
            KeyError::Zero { line } => write!(f, "line {line}: `key` is all zeros, so it is no secret"),
        }
    }
}

impl KeyError {
    /// What to do about it.
    pub fn help(&self) -> &'static str {
        match self {
            KeyError::NotAKeyFile | KeyError::TooLong => "check the path; a key file has the lines bezwaar-key, domain, epoch and key",
            KeyError::Version { .. } => "write `bezwaar-key = 1`, or use the program that made the file",
            KeyError::Line { .. } | KeyError::Unknown { .. } => {
                "the fields are bezwaar-key, domain, epoch and key; a comment line begins with `#`"
            }
            KeyError::Twice { .. } => "keep the one that is meant",
            KeyError::Missing { .. } => {
                "add the line; a file that lost its key must be restored, since a new key matches nobody of an older extract"
            }
            KeyError::Domain { .. } => "write it in quotes: lower-case letters, digits, `.`, `-` and `_`, such as \"gate.example\"",
            KeyError::Epoch { .. } => "write digits only, from 0 to 4294967295, such as `epoch = 1`",
            KeyError::Key { .. } => "write it in quotes: exactly 64 lower-case hexadecimal digits",
            KeyError::Zero { .. } => "use 32 random bytes, for instance from `openssl rand -hex 32`",
        }
    }
}

impl std::error::Error for KeyError {}
