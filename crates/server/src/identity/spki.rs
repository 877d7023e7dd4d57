//! A public key in PEM: RFC 7468, section 13, and the few kinds of `SubjectPublicKeyInfo` (RFC 5280, section 4.1) that sign tokens.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::keys::PublicKey;

const BEGIN: &str = "-----BEGIN PUBLIC KEY-----";
const END: &str = "-----END PUBLIC KEY-----";

/// `rsaEncryption` with no parameters (RFC 3279, section 2.3.1).
const RSA: [u8; 13] = [0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00];
/// `id-ecPublicKey` on `secp256r1` (RFC 5480, section 2.1.1).
const P256: [u8; 19] = [0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
/// `id-Ed25519` (RFC 8410, section 3).
const ED25519: [u8; 5] = [0x06, 0x03, 0x2b, 0x65, 0x70];

const SEQUENCE: u8 = 0x30;
const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SpkiError {
    Private,
    NotAKey,
}

/// The public key of a text with one block of PEM in it, and nothing else but white space.
pub(super) fn from_pem(text: &[u8]) -> Result<PublicKey, SpkiError> {
    let text = std::str::from_utf8(text).map_err(|_| SpkiError::NotAKey)?;
    if text.contains("PRIVATE KEY-----") {
        return Err(SpkiError::Private);
    }
    let inner = text.trim().strip_prefix(BEGIN).and_then(|rest| rest.strip_suffix(END)).ok_or(SpkiError::NotAKey)?;
    let inner: String = inner.split_ascii_whitespace().collect();
    let der = STANDARD.decode(inner).map_err(|_| SpkiError::NotAKey)?;
    read(&der).ok_or(SpkiError::NotAKey)
}

fn read(der: &[u8]) -> Option<PublicKey> {
    let info = whole(SEQUENCE, der)?;
    let (kind, rest) = element(SEQUENCE, info)?;
    // The first byte of a string of bits says how many bits of the last byte are left over: none.
    let bits = whole(BIT_STRING, rest)?.strip_prefix(&[0])?;
    if kind == RSA {
        let (modulus, rest) = element(INTEGER, whole(SEQUENCE, bits)?)?;
        return Some(PublicKey::Rsa { modulus: positive(modulus)?, exponent: positive(whole(INTEGER, rest)?)? });
    }
    if kind == P256 {
        return Some(PublicKey::P256(bits.to_vec()));
    }
    (kind == ED25519).then(|| PublicKey::Ed25519(bits.to_vec()))
}

/// The contents of an element with this tag, which is all there is.
fn whole(tag: u8, bytes: &[u8]) -> Option<&[u8]> {
    element(tag, bytes).filter(|(_, rest)| rest.is_empty()).map(|(contents, _)| contents)
}

/// The contents of an element with this tag, and what comes after it (X.690, section 8.1, in the one way DER allows).
fn element(tag: u8, bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (found, rest) = bytes.split_first()?;
    let (first, rest) = rest.split_first()?;
    let (length, rest) = match *first {
        short @ 0..=0x7f => (usize::from(short), rest),
        0x81 => {
            let (length, rest) = rest.split_first()?;
            (usize::from(*length), rest)
        }
        0x82 => {
            let (length, rest) = rest.split_first_chunk::<2>()?;
            (usize::from(u16::from_be_bytes(*length)), rest)
        }
        _ => return None,
    };
    let shortest = match *first {
        0x81 => length >= 0x80,
        0x82 => length >= 0x100,
        _ => true,
    };
    if *found != tag || !shortest {
        return None;
    }
    rest.split_at_checked(length)
}

/// A number above 0 as DER writes it: one zero before it where its first bit would be taken for a sign, else none.
fn positive(bytes: &[u8]) -> Option<Vec<u8>> {
    match bytes {
        [0, rest @ ..] if rest.first().is_some_and(|byte| *byte >= 0x80) => Some(rest.to_vec()),
        [1..=0x7f, ..] => Some(bytes.to_vec()),
        _ => None,
    }
}
