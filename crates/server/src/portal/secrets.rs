//! The portal's own secret, and what is derived from it: nothing in a form or an address can be made up by anybody else.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bezwaar_core::time::Instant;
use chacha20poly1305::XChaCha20Poly1305;
use chacha20poly1305::aead::{Aead as _, KeyInit as _, Payload};
use hkdf::Hkdf;
use hmac::{Hmac, Mac as _};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use crate::identity::private::same;

/// The name of the file with the secret, in the register's folder.
pub const SECRET_FILE: &str = "portal.key";
/// How long a form may stay open before it must be asked for anew: 12 hours.
pub const FORM_MICROS_MAX: i64 = 12 * 3_600_000_000;

/// The random bytes of a seal.
pub const NONCE_BYTES: usize = 24;

const SECRET_BYTES: usize = 32;
const TAG_BYTES: usize = 16;
/// The digits of numbers people read out: without those that look alike (Crockford's base 32).
const DIGITS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// Keys for the portal's own marks.
pub struct Secrets {
    root: Zeroizing<[u8; SECRET_BYTES]>,
}

impl std::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secrets")
    }
}

/// What a form carries: that the portal made it, when, for whom, and the number of what is sent with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FormMark {
    /// The number of the act, the same each time this form is sent.
    pub number: String,
    /// When the form was made.
    pub made_at: Instant,
}

impl Secrets {
    /// From these bytes.
    pub fn from_bytes(bytes: [u8; SECRET_BYTES]) -> Secrets {
        Secrets { root: Zeroizing::new(bytes) }
    }

    /// Those of a register's folder; `fresh` are random bytes for one that has none yet.
    ///
    /// # Errors
    /// Those of the disk, and a file that is not 64 hexadecimal digits.
    pub fn of_folder(folder: &Path, fresh: [u8; SECRET_BYTES]) -> io::Result<Secrets> {
        let path = folder.join(SECRET_FILE);
        match fs::read_to_string(&path) {
            Ok(text) => {
                let text = Zeroizing::new(text);
                let wrong = || io::Error::new(io::ErrorKind::InvalidData, "it is not 64 hexadecimal digits");
                Ok(Secrets::from_bytes(from_hex(text.trim()).ok_or_else(wrong)?))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let secrets = Secrets::from_bytes(fresh);
                let mut how = OpenOptions::new();
                how.write(true).create_new(true);
                #[cfg(unix)]
                std::os::unix::fs::OpenOptionsExt::mode(&mut how, 0o600);
                let text = Zeroizing::new(hex(&*secrets.root) + "\n");
                let mut file = how.open(&path)?;
                file.write_all(text.as_bytes())?;
                file.sync_all()?;
                File::open(folder)?.sync_all()?;
                Ok(secrets)
            }
            Err(error) => Err(error),
        }
    }

    fn tag(&self, purpose: &str, parts: &[&[u8]]) -> [u8; TAG_BYTES] {
        let mut key = Zeroizing::new([0; SECRET_BYTES]);
        // As long as one block, so it cannot fail.
        let _ = Hkdf::<Sha256>::new(None, &*self.root).expand(purpose.as_bytes(), &mut *key);
        let mut tag = [0; TAG_BYTES];
        if let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&*key) {
            for part in parts {
                mac.update(&(part.len() as u64).to_be_bytes());
                mac.update(part);
            }
            tag.copy_from_slice(mac.finalize().into_bytes().split_at(TAG_BYTES).0);
        }
        tag
    }

    /// The mark for a form, tied to who it is for (a session, or nobody).
    pub fn form(&self, purpose: &str, holder: &str, random: [u8; 10], now: Instant) -> String {
        let made_at = now.as_micros().to_be_bytes();
        let tag = self.tag("form", &[purpose.as_bytes(), holder.as_bytes(), &random, &made_at]);
        URL_SAFE_NO_PAD.encode([&random[..], &made_at, &tag].concat())
    }

    /// Reads a mark. Nothing: it was not made here, for another purpose or holder, or too long ago.
    pub fn read_form(&self, text: &str, purpose: &str, holder: &str, now: Instant) -> Option<FormMark> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let (random, rest) = bytes.split_first_chunk::<10>()?;
        let (made_at, tag) = rest.split_first_chunk::<8>()?;
        let expected = self.tag("form", &[purpose.as_bytes(), holder.as_bytes(), random, made_at]);
        let made_at = Instant::from_micros(i64::from_be_bytes(*made_at));
        let age = now.as_micros().saturating_sub(made_at.as_micros());
        let good = same(tag, &expected) && (0..=FORM_MICROS_MAX).contains(&age);
        good.then(|| FormMark { number: number(*random), made_at })
    }

    /// The unguessable part of the address at which whoever filed an act sees it again.
    pub fn receipt_tag(&self, number: &str) -> String {
        URL_SAFE_NO_PAD.encode(self.tag("receipt", &[number.as_bytes()]))
    }

    /// Whether the part of an address is the one of this number.
    pub fn is_receipt_tag(&self, number: &str, tag: &str) -> bool {
        same(tag.as_bytes(), self.receipt_tag(number).as_bytes())
    }

    /// Seals a text for this purpose, for an address or a cookie: nobody else can read or change it. The nonce is random.
    pub fn seal(&self, purpose: &str, text: &str, nonce: [u8; NONCE_BYTES]) -> String {
        let cipher = XChaCha20Poly1305::new(&self.key(purpose).into());
        let sealed = cipher.encrypt(&nonce.into(), Payload { msg: text.as_bytes(), aad: purpose.as_bytes() }).unwrap_or_default();
        URL_SAFE_NO_PAD.encode([&nonce[..], &sealed].concat())
    }

    /// Opens what was sealed for this purpose. Nothing: it was not sealed here, or for another purpose.
    pub fn open(&self, purpose: &str, sealed: &str) -> Option<Zeroizing<String>> {
        let bytes = URL_SAFE_NO_PAD.decode(sealed).ok()?;
        let (nonce, sealed) = bytes.split_first_chunk::<NONCE_BYTES>()?;
        let cipher = XChaCha20Poly1305::new(&self.key(purpose).into());
        let text = cipher.decrypt(&(*nonce).into(), Payload { msg: sealed, aad: purpose.as_bytes() }).ok()?;
        String::from_utf8(text).ok().map(Zeroizing::new)
    }

    fn key(&self, purpose: &str) -> [u8; SECRET_BYTES] {
        let mut key = [0; SECRET_BYTES];
        // As long as one block, so it cannot fail.
        let _ = Hkdf::<Sha256>::new(None, &*self.root).expand(format!("seal {purpose}").as_bytes(), &mut key);
        key
    }

    /// A name for a network, mailbox or account in counts, which nobody can turn back into it.
    pub fn keyed(&self, what: &str, text: &str) -> [u8; TAG_BYTES] {
        self.tag("counting", &[what.as_bytes(), text.as_bytes()])
    }
}

/// A number as people read it out: `B-7K3M-9Q2F-XH4P-W2TD`.
pub fn number(random: [u8; 10]) -> String {
    let bits = random.iter().fold(0_u128, |bits, byte| (bits << 8) | u128::from(*byte));
    let mut text = String::from("B");
    for place in 0..16 {
        if place % 4 == 0 {
            text.push('-');
        }
        let digit = usize::try_from((bits >> (75 - 5 * place)) & 31).unwrap_or_default();
        text.push(DIGITS.get(digit).copied().map_or('0', char::from));
    }
    text
}

/// A number as somebody typed it, in its one form: letters that look like digits are read as those.
pub fn read_number(text: &str) -> Option<String> {
    let plain: String = text.trim().to_ascii_uppercase().chars().filter(|letter| !matches!(letter, '-' | ' ')).collect();
    let digits: String = plain
        .strip_prefix('B')?
        .chars()
        .map(|letter| match letter {
            'O' => '0',
            'I' | 'L' => '1',
            other => other,
        })
        .collect();
    let good = digits.len() == 16 && digits.bytes().all(|digit| DIGITS.contains(&digit));
    let groups: Vec<&str> = (0..4).filter_map(|group| digits.get(4 * group..4 * group + 4)).collect();
    good.then(|| format!("B-{}", groups.join("-")))
}

/// SHA-256.
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

/// SHA-256, in hex.
pub fn sha256_hex(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// 32 bytes as 64 hexadecimal digits: a secret, a SHA-256.
pub(crate) fn from_hex(text: &str) -> Option<[u8; SECRET_BYTES]> {
    let mut bytes = [0; SECRET_BYTES];
    if text.len() != 2 * SECRET_BYTES || !text.is_ascii() {
        return None;
    }
    for (place, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(2 * place..2 * place + 2)?, 16).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secrets() -> Secrets {
        Secrets::from_bytes([7; SECRET_BYTES])
    }

    #[test]
    fn a_form_is_good_for_its_purpose_and_holder_and_time_only() {
        let (secrets, now) = (secrets(), Instant::from_micros(1_000_000_000_000));
        let mark = secrets.form("object", "", [3; 10], now);
        let read = |text: &str, purpose, holder, now| secrets.read_form(text, purpose, holder, now);
        assert_eq!(read(&mark, "object", "", now).map(|mark| mark.number), Some(number([3; 10])));
        assert!(read(&mark, "object", "", now.plus_micros(FORM_MICROS_MAX)).is_some());
        assert_eq!(read(&mark, "object", "", now.plus_micros(FORM_MICROS_MAX + 1)), None);
        assert_eq!(read(&mark, "object", "", now.plus_micros(-1)), None);
        assert_eq!(read(&mark, "forget", "", now), None);
        assert_eq!(read(&mark, "object", "a", now), None);
        assert_eq!(Secrets::from_bytes([8; 32]).read_form(&mark, "object", "", now), None);
        for place in 0..mark.len() {
            let mut other = mark.clone().into_bytes();
            other[place] = if other[place] == b'A' { b'B' } else { b'A' };
            // The last letter has bits that say nothing; the decoder refuses them unless they are zero.
            assert_eq!(read(&String::from_utf8(other).expect("ascii"), "object", "", now), None, "{place}");
        }
    }

    #[test]
    fn a_seal_opens_here_and_for_its_purpose_only() {
        let secrets = secrets();
        let sealed = secrets.seal("link", "a text", [9; NONCE_BYTES]);
        assert_eq!(secrets.open("link", &sealed).as_deref().map(String::as_str), Some("a text"));
        assert!(secrets.open("cookie", &sealed).is_none());
        assert!(Secrets::from_bytes([8; 32]).open("link", &sealed).is_none());
        for place in 0..sealed.len() {
            let mut other = sealed.clone().into_bytes();
            other[place] = if other[place] == b'A' { b'B' } else { b'A' };
            assert!(secrets.open("link", &String::from_utf8(other).expect("ascii")).is_none(), "{place}");
        }
        assert!(secrets.open("link", "").is_none());
    }

    #[test]
    fn numbers_are_read_as_people_write_them() {
        assert_eq!(number([0; 10]), "B-0000-0000-0000-0000");
        assert_eq!(number([255; 10]), "B-ZZZZ-ZZZZ-ZZZZ-ZZZZ");
        let one = number([0x12, 0x34, 0x56, 0x78, 0x9a, 0xbc, 0xde, 0xf0, 0x11, 0x22]);
        assert_eq!(read_number(&one), Some(one.clone()));
        assert_eq!(read_number(&one.to_lowercase().replace('-', " ")), Some(one));
        assert_eq!(read_number("b-oooo-iiii-llll-0000").as_deref(), Some("B-0000-1111-1111-0000"));
        for wrong in ["", "B", "B-0000-0000-0000", "B-0000-0000-0000-000U", "C-0000-0000-0000-0000", "B-0000-0000-0000-00000"] {
            assert_eq!(read_number(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn the_secret_is_made_once_and_kept_to_its_owner() {
        let folder = tempfile::tempdir().expect("a folder");
        let made = Secrets::of_folder(folder.path(), [1; 32]).expect("made");
        let read = Secrets::of_folder(folder.path(), [2; 32]).expect("read");
        assert_eq!(made.receipt_tag("B-1"), read.receipt_tag("B-1"));
        use std::os::unix::fs::PermissionsExt as _;
        let mode = fs::metadata(folder.path().join(SECRET_FILE)).expect("there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        fs::write(folder.path().join(SECRET_FILE), "short").expect("written");
        assert!(Secrets::of_folder(folder.path(), [1; 32]).is_err());
    }
}
