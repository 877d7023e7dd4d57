//! Public keys that tokens are verified with: a JSON Web Key Set (RFC 7517), or one public key in PEM.

use std::fmt;
use std::io;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::signature::{self, RsaPublicKeyComponents, UnparsedPublicKey};
use serde::Deserialize;
use serde_json::Value;

use super::spki::{self, SpkiError};
use super::token::TokenAlgorithm;
use crate::files::read_limited;

/// The longest key set or file of a key that is read, in bytes.
pub const KEYS_BYTES_MAX: usize = 256 * 1024;
/// The most keys of a set.
pub const KEYS_MAX: usize = 64;
/// The longest id of a key, in bytes.
pub const KEY_ID_BYTES_MAX: usize = 255;
/// The shortest RSA modulus, in bits: what `RS256` demands (RFC 7518, section 3.3).
pub const RSA_BITS_MIN: usize = 2048;
/// The longest RSA modulus, in bits.
pub const RSA_BITS_MAX: usize = 8192;

/// The keys by which tokens of one algorithm can be signed.
#[derive(Clone, Debug)]
pub struct Keys {
    keys: Vec<Key>,
}

#[derive(Clone, Debug)]
pub(crate) struct Key {
    id: Option<String>,
    public: PublicKey,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum PublicKey {
    /// Modulus and exponent, without zeros before them.
    Rsa {
        modulus: Vec<u8>,
        exponent: Vec<u8>,
    },
    /// A point that is not compressed: 4, then both coordinates.
    P256(Vec<u8>),
    Ed25519(Vec<u8>),
}

/// What looking for a token's key comes to.
pub(crate) enum Find<'k> {
    Found(&'k Key),
    Unknown,
    Unclear,
}

/// A key of a set, as far as it is looked at (RFC 7517, section 4; RFC 7518, section 6; RFC 8037, section 2).
#[derive(Deserialize)]
struct WireKey {
    kty: String,
    kid: Option<String>,
    #[serde(rename = "use")]
    used_for: Option<String>,
    key_ops: Option<Vec<String>>,
    alg: Option<String>,
    crv: Option<String>,
    n: Option<String>,
    e: Option<String>,
    x: Option<String>,
    y: Option<String>,
    d: Option<String>,
}

#[derive(Deserialize)]
struct WireKeys {
    keys: Vec<Value>,
}

impl Keys {
    /// The keys of a JSON Web Key Set that fit the algorithm. Others are passed over, as the specification asks.
    pub fn from_jwk_set(bytes: &[u8], algorithm: TokenAlgorithm) -> Result<Keys, KeysError> {
        if bytes.len() > KEYS_BYTES_MAX {
            return Err(KeysError::TooLong);
        }
        let set: WireKeys = serde_json::from_slice(bytes).map_err(|_| KeysError::NotAKeySet)?;
        if set.keys.len() > KEYS_MAX {
            return Err(KeysError::TooMany);
        }
        let mut keys = Vec::new();
        for value in set.keys {
            let Ok(key) = serde_json::from_value::<WireKey>(value) else { continue };
            if key.d.is_some() {
                return Err(KeysError::Private);
            }
            keys.extend(key.read(algorithm));
        }
        Keys::of(keys)
    }

    /// Reads a file with a key set, or with one public key in PEM (`-----BEGIN PUBLIC KEY-----`, RFC 7468, section 13).
    pub fn read(path: &Path, algorithm: TokenAlgorithm) -> Result<Keys, KeysError> {
        let bytes = read_limited(path, KEYS_BYTES_MAX).map_err(KeysError::Read)?.ok_or(KeysError::Missing)?;
        if bytes.trim_ascii_start().starts_with(b"-----") {
            Keys::from_pem(&bytes, algorithm)
        } else {
            Keys::from_jwk_set(&bytes, algorithm)
        }
    }

    /// The one public key of a PEM text. It has no id: it is the key of every token, whatever id that names.
    pub fn from_pem(text: &[u8], algorithm: TokenAlgorithm) -> Result<Keys, KeysError> {
        let public = spki::from_pem(text).map_err(|error| match error {
            SpkiError::Private => KeysError::Private,
            SpkiError::NotAKey => KeysError::NotAPublicKey,
        })?;
        if public.algorithm() != algorithm || !public.is_sound() {
            return Err(KeysError::NoneFits);
        }
        Ok(Keys { keys: vec![Key { id: None, public }] })
    }

    fn of(keys: Vec<Key>) -> Result<Keys, KeysError> {
        if keys.is_empty() { Err(KeysError::NoneFits) } else { Ok(Keys { keys }) }
    }

    /// How many there are: at least one.
    pub fn count(&self) -> usize {
        self.keys.len()
    }

    /// The key of a token that names this id, or none. An id must be that of one key only; without one there may be only one key (OpenID Connect Core 1.0, section 10.1).
    pub(crate) fn find(&self, id: Option<&str>) -> Find<'_> {
        let only = match self.keys.as_slice() {
            [only] if only.id.is_none() || id.is_none() => return Find::Found(only),
            keys => keys,
        };
        let Some(id) = id else { return Find::Unclear };
        let mut with_id = only.iter().filter(|key| key.id.as_deref() == Some(id));
        match (with_id.next(), with_id.next()) {
            (Some(key), None) => Find::Found(key),
            (None, _) => Find::Unknown,
            (Some(_), Some(_)) => Find::Unclear,
        }
    }
}

impl Key {
    /// Whether this is a signature by this key over the bytes.
    pub(crate) fn verifies(&self, signed: &[u8], signature: &[u8]) -> bool {
        let verified = match &self.public {
            PublicKey::Rsa { modulus, exponent } => {
                RsaPublicKeyComponents { n: modulus, e: exponent }.verify(&signature::RSA_PKCS1_2048_8192_SHA256, signed, signature)
            }
            PublicKey::P256(point) => UnparsedPublicKey::new(&signature::ECDSA_P256_SHA256_FIXED, point).verify(signed, signature),
            PublicKey::Ed25519(point) => UnparsedPublicKey::new(&signature::ED25519, point).verify(signed, signature),
        };
        verified.is_ok()
    }
}

impl PublicKey {
    fn algorithm(&self) -> TokenAlgorithm {
        match self {
            PublicKey::Rsa { .. } => TokenAlgorithm::Rs256,
            PublicKey::P256(_) => TokenAlgorithm::Es256,
            PublicKey::Ed25519(_) => TokenAlgorithm::EdDsa,
        }
    }

    /// Whether its lengths are right. Whether a point lies on its curve is looked at with each signature.
    fn is_sound(&self) -> bool {
        match self {
            PublicKey::Rsa { modulus, exponent } => {
                let bits = modulus.len() * 8 - modulus.first().map_or(0, |byte| byte.leading_zeros() as usize);
                (RSA_BITS_MIN..=RSA_BITS_MAX).contains(&bits) && (1..=4).contains(&exponent.len())
            }
            PublicKey::P256(point) => point.len() == 65 && point.first() == Some(&4),
            PublicKey::Ed25519(point) => point.len() == 32,
        }
    }
}

impl WireKey {
    /// The key, if it is one that verifies signatures of this algorithm.
    fn read(self, algorithm: TokenAlgorithm) -> Option<Key> {
        let for_signatures = self.used_for.is_none_or(|used_for| used_for == "sig")
            && self.key_ops.is_none_or(|operations| operations.iter().any(|operation| operation == "verify"))
            && self.alg.is_none_or(|name| algorithm.is_named(&name));
        let id_fits = self.kid.as_ref().is_none_or(|id| id.len() <= KEY_ID_BYTES_MAX);
        if !for_signatures || !id_fits {
            return None;
        }
        let public = match (algorithm, self.kty.as_str(), self.crv.as_deref()) {
            (TokenAlgorithm::Rs256, "RSA", _) => PublicKey::Rsa { modulus: number(&self.n?)?, exponent: number(&self.e?)? },
            (TokenAlgorithm::Es256, "EC", Some("P-256")) => {
                let (x, y) = (decode(&self.x?)?, decode(&self.y?)?);
                if x.len() != 32 || y.len() != 32 {
                    return None;
                }
                PublicKey::P256([&[4], x.as_slice(), y.as_slice()].concat())
            }
            (TokenAlgorithm::EdDsa, "OKP", Some("Ed25519")) => PublicKey::Ed25519(decode(&self.x?)?),
            _ => return None,
        };
        public.is_sound().then_some(Key { id: self.kid, public })
    }
}

fn decode(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

/// A number without zeros before it: some write one where none should be.
fn number(text: &str) -> Option<Vec<u8>> {
    let bytes = decode(text)?;
    let first = bytes.iter().position(|byte| *byte != 0)?;
    bytes.get(first..).map(<[u8]>::to_vec)
}

/// Why there are no keys. All are fatal for what was read.
#[derive(Debug)]
#[non_exhaustive]
pub enum KeysError {
    /// There is no such file.
    Missing,
    /// The system does not let the file be read, or it is over [`KEYS_BYTES_MAX`].
    Read(io::Error),
    /// Longer than [`KEYS_BYTES_MAX`].
    TooLong,
    /// Not an object in JSON with a list `keys`.
    NotAKeySet,
    /// Over [`KEYS_MAX`] keys.
    TooMany,
    /// Not a public key in PEM, of a kind that is known.
    NotAPublicKey,
    /// A private key: it has no business here.
    Private,
    /// No key is for signatures of the configured algorithm.
    NoneFits,
}

impl KeysError {
    /// What to do about it.
    pub fn help(&self) -> &'static str {
        match self {
            KeysError::Missing | KeysError::Read(_) => "name a file that this program may read",
            KeysError::TooLong | KeysError::TooMany => "keep only the keys that are in use",
            KeysError::NotAKeySet => "give a JSON Web Key Set: `{\"keys\": […]}`, or one public key in PEM",
            KeysError::NotAPublicKey => {
                "give a public key as `-----BEGIN PUBLIC KEY-----`, such as `openssl pkey -pubout` writes; not a certificate"
            }
            KeysError::Private => "take the private key away, treat it as leaked, make a new pair, and give the public key only",
            KeysError::NoneFits => {
                "give a key for the configured algorithm: RSA of 2048 to 8192 bits for RS256, P-256 for ES256, Ed25519 for EdDSA"
            }
        }
    }
}

impl fmt::Display for KeysError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            KeysError::Missing => f.write_str("the file with the public keys is not there"),
            KeysError::Read(_) => f.write_str("the file with the public keys cannot be read"),
            KeysError::TooLong => write!(f, "the keys are over {KEYS_BYTES_MAX} bytes"),
            KeysError::NotAKeySet => f.write_str("this is not a set of keys"),
            KeysError::TooMany => write!(f, "there are over {KEYS_MAX} keys"),
            KeysError::NotAPublicKey => f.write_str("this is not a public key of a kind that is known"),
            KeysError::Private => f.write_str("this is a private key, where a public one should be"),
            KeysError::NoneFits => f.write_str("no key is for signatures of the configured algorithm"),
        }
    }
}

impl std::error::Error for KeysError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            KeysError::Read(error) => Some(error),
            _ => None,
        }
    }
}
