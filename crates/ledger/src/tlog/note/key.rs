//! Keys: names, ids, the public half (*vkey*) and the secret half.

use std::fmt;
use std::str::FromStr;

use ed25519_dalek::{Signature, Signer, VerifyingKey};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::NoteSignature;
use crate::hex;
use crate::tlog::cosignature::{self, PosixSeconds};
use crate::tlog::text;

/// The longest key name, in bytes.
pub const KEY_NAME_BYTES_MAX: usize = 255;
/// The longest text of a key, in bytes, public or secret.
pub const KEY_TEXT_BYTES_MAX: usize = 512;
/// What the text of a secret key begins with.
pub const SIGNING_KEY_PREFIX: &str = "PRIVATE+KEY+";

/// The name of a key: such as `ledger.example/one`, without spaces and without `+`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyName(String);

impl KeyName {
    /// The name, if it is one.
    pub fn new(text: &str) -> Result<KeyName, KeyError> {
        let good = |character: char| !character.is_whitespace() && !character.is_control() && character != '+';
        if (1..=KEY_NAME_BYTES_MAX).contains(&text.len()) && text.chars().all(good) {
            Ok(KeyName(text.to_owned()))
        } else {
            Err(KeyError::Name)
        }
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for KeyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// How a key signs: the signature type byte of the specification.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum SignatureType {
    /// Ed25519 over the text: how ledgers sign.
    Ed25519 = 0x01,
    /// `cosignature/v1`, Ed25519 over a time and a checkpoint: how witnesses sign.
    CosignatureV1 = 0x04,
}

impl SignatureType {
    fn from_byte(byte: u8) -> Result<SignatureType, KeyError> {
        match byte {
            0x01 => Ok(SignatureType::Ed25519),
            0x04 => Ok(SignatureType::CosignatureV1),
            byte => Err(KeyError::SignatureType { byte }),
        }
    }
}

/// The short id of a key. It tells keys of one name apart, and is no proof of anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId([u8; 4]);

impl KeyId {
    /// The id with these bytes.
    pub fn from_bytes(bytes: [u8; 4]) -> KeyId {
        KeyId(bytes)
    }

    /// Its bytes, as they stand at the beginning of a signature.
    pub fn to_bytes(self) -> [u8; 4] {
        self.0
    }

    /// SHA-256(name ‖ line end ‖ signature type ‖ public key), the first four bytes.
    fn of(name: &KeyName, signature_type: SignatureType, public: &VerifyingKey) -> KeyId {
        let hash = Sha256::new().chain_update(name.as_str()).chain_update([b'\n', signature_type as u8]).chain_update(public.as_bytes());
        let [a, b, c, d, ..] = <[u8; 32]>::from(hash.finalize());
        KeyId([a, b, c, d])
    }
}

/// Eight hexadecimal digits.
impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(&self.0))
    }
}

/// A public key with its name. As text it is a *vkey*: `name+id+base64(type ‖ key)`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifierKey {
    name: KeyName,
    // INVARIANT: follows from the rest.
    id: KeyId,
    signature_type: SignatureType,
    // INVARIANT: not of small order, under which one signature would fit many texts.
    public: VerifyingKey,
}

impl VerifierKey {
    /// The key with this name and these 32 bytes (RFC 8032).
    pub fn new(name: KeyName, signature_type: SignatureType, public: &[u8; 32]) -> Result<VerifierKey, KeyError> {
        let public = VerifyingKey::from_bytes(public).ok().filter(|public| !public.is_weak()).ok_or(KeyError::NotAPoint)?;
        Ok(VerifierKey { id: KeyId::of(&name, signature_type, &public), name, signature_type, public })
    }

    /// Reads a vkey.
    pub fn parse(text: &str) -> Result<VerifierKey, KeyError> {
        if text.starts_with(SIGNING_KEY_PREFIX) {
            return Err(KeyError::SecretInstead);
        }
        let (name, id, signature_type, public) = parts(text)?;
        let key = VerifierKey::new(name, signature_type, &public)?;
        if key.id != id {
            return Err(KeyError::OtherId { found: id, computed: key.id });
        }
        Ok(key)
    }

    /// The key's name.
    pub fn name(&self) -> &KeyName {
        &self.name
    }

    /// The key's id.
    pub fn id(&self) -> KeyId {
        self.id
    }

    /// How it signs.
    pub fn signature_type(&self) -> SignatureType {
        self.signature_type
    }

    /// Its 32 bytes (RFC 8032), without name and type.
    pub fn public_key(&self) -> [u8; 32] {
        self.public.to_bytes()
    }

    /// `None`: the signature is wrong. Otherwise the time, for cosignatures.
    pub(in crate::tlog) fn verify(&self, text: &str, signature: &[u8]) -> Option<Option<PosixSeconds>> {
        match self.signature_type {
            SignatureType::Ed25519 => {
                self.check(text.as_bytes(), signature)?;
                Some(None)
            }
            SignatureType::CosignatureV1 => {
                let (seconds, signature) = signature.split_first_chunk()?;
                let cosigned_at = PosixSeconds::new(u64::from_be_bytes(*seconds))?;
                self.check(cosignature::message(text, cosigned_at).as_bytes(), signature)?;
                Some(Some(cosigned_at))
            }
        }
    }

    fn check(&self, message: &[u8], signature: &[u8]) -> Option<()> {
        let signature = Signature::from_bytes(signature.try_into().ok()?);
        // Strict: no signature that some verifiers accept and others refuse.
        self.public.verify_strict(message, &signature).ok()
    }
}

/// The vkey.
impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let typed = [&[self.signature_type as u8], self.public.as_bytes().as_slice()].concat();
        write!(f, "{}+{}+{}", self.name, self.id, text::base64(typed))
    }
}

impl FromStr for VerifierKey {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<VerifierKey, KeyError> {
        VerifierKey::parse(text)
    }
}

/// A secret key with its name. Its `Debug` shows the public half only; its bytes are wiped from memory when it goes.
#[derive(Clone)]
pub struct SigningKey {
    secret: ed25519_dalek::SigningKey,
    verifier: VerifierKey,
}

impl SigningKey {
    /// The key made of 32 random bytes (the *seed* of RFC 8032).
    pub fn from_seed(name: KeyName, signature_type: SignatureType, seed: &[u8; 32]) -> SigningKey {
        let secret = ed25519_dalek::SigningKey::from_bytes(seed);
        let public = secret.verifying_key();
        // The public half of a seed is never of small order, so it needs no check.
        let verifier = VerifierKey { id: KeyId::of(&name, signature_type, &public), name, signature_type, public };
        SigningKey { secret, verifier }
    }

    /// Reads the text form, `PRIVATE+KEY+name+id+base64(type ‖ seed)`, with or without a line end after it: that of Go's `sumdb/note`.
    pub fn parse(text: &str) -> Result<SigningKey, KeyError> {
        let text = text.strip_suffix('\n').unwrap_or(text);
        let (name, id, signature_type, seed) = parts(text.strip_prefix(SIGNING_KEY_PREFIX).ok_or(KeyError::NotSecret)?)?;
        let seed = Zeroizing::new(seed);
        let key = SigningKey::from_seed(name, signature_type, &seed);
        if key.verifier.id != id {
            return Err(KeyError::OtherId { found: id, computed: key.verifier.id });
        }
        Ok(key)
    }

    /// The text form, without a line end. **It is the secret**: write it with mode 0600, and nowhere else.
    pub fn to_text(&self) -> Zeroizing<String> {
        let mut typed = Zeroizing::new(vec![self.verifier.signature_type as u8]);
        typed.extend_from_slice(self.secret.as_bytes());
        Zeroizing::new(format!(
            "{SIGNING_KEY_PREFIX}{}+{}+{}",
            self.verifier.name,
            self.verifier.id,
            *Zeroizing::new(text::base64(&*typed))
        ))
    }

    /// The public half.
    pub fn verifier(&self) -> &VerifierKey {
        &self.verifier
    }

    /// The key's name.
    pub fn name(&self) -> &KeyName {
        &self.verifier.name
    }

    /// Signs the text of a note; `None` with a key of another type.
    pub(super) fn sign(&self, text: &str) -> Option<NoteSignature> {
        match self.verifier.signature_type {
            SignatureType::Ed25519 => Some(NoteSignature::new(&self.verifier, self.sign_bytes(text.as_bytes()).to_vec())),
            SignatureType::CosignatureV1 => None,
        }
    }

    pub(in crate::tlog) fn sign_bytes(&self, message: &[u8]) -> [u8; 64] {
        self.secret.sign(message).to_bytes()
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({}, …)", self.verifier)
    }
}

/// What both text forms are made of: name, id, type and 32 bytes.
fn parts(text: &str) -> Result<(KeyName, KeyId, SignatureType, [u8; 32]), KeyError> {
    if text.len() > KEY_TEXT_BYTES_MAX {
        return Err(KeyError::TooLong);
    }
    let mut fields = text.splitn(3, '+');
    let (Some(name), Some(id), Some(blob)) = (fields.next(), fields.next(), fields.next()) else { return Err(KeyError::Form) };
    let name = KeyName::new(name)?;
    let id = KeyId(hex::decode(id).ok_or(KeyError::Form)?);
    let blob = Zeroizing::new(text::unbase64(blob).ok_or(KeyError::Form)?);
    let (signature_type, bytes) = blob.split_first().ok_or(KeyError::Form)?;
    let signature_type = SignatureType::from_byte(*signature_type)?;
    Ok((name, id, signature_type, bytes.try_into().map_err(|_| KeyError::Form)?))
}

/// Why a text is not a key. It never holds what stood there, since that may be the secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeyError {
    /// Not the name of a key.
    Name,
    /// Longer than [`KEY_TEXT_BYTES_MAX`].
    TooLong,
    /// Not of the form name, id, key.
    Form,
    /// A signature type this program does not verify.
    SignatureType {
        /// The byte that names it.
        byte: u8,
    },
    /// The id is not that of this name and key.
    OtherId {
        /// The id in the text.
        found: KeyId,
        /// The id that follows from name and key.
        computed: KeyId,
    },
    /// The bytes are no usable public key.
    NotAPoint,
    /// A secret key where a public one belongs.
    SecretInstead,
    /// A secret key was expected.
    NotSecret,
}

impl fmt::Display for KeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            KeyError::Name => f.write_str("this is not the name of a key"),
            KeyError::TooLong => write!(f, "this is not a key: it is over {KEY_TEXT_BYTES_MAX} bytes"),
            KeyError::Form => f.write_str("this is not a key: it is not of the form `name+id+key`"),
            KeyError::SignatureType { byte } => write!(f, "the key is of signature type {byte}, which this program does not know"),
            KeyError::OtherId { found, computed } => write!(f, "the key says its id is {found}, but it is {computed}"),
            KeyError::NotAPoint => f.write_str("the key is not a usable Ed25519 public key"),
            KeyError::SecretInstead => f.write_str("this is a secret key, where a public one belongs"),
            KeyError::NotSecret => f.write_str("this is not a secret key"),
        }
    }
}

impl KeyError {
    /// What to do about it.
    pub fn help(&self) -> &'static str {
        match self {
            KeyError::Name => "use up to 255 bytes without spaces and without `+`, such as `ledger.example/one`",
            KeyError::TooLong | KeyError::Form => "copy the whole line: a name, eight hexadecimal digits and base64, with `+` between them",
            KeyError::SignatureType { .. } => "use a key of type 1 (Ed25519) for a ledger, or of type 4 (cosignature/v1) for a witness",
            KeyError::OtherId { .. } => "copy the line again: its name, its id or its key was changed",
            KeyError::NotAPoint => "copy the line again, or ask its owner for another key",
            KeyError::SecretInstead => "use the public line; and if the secret one was shown to others, make a new key",
            KeyError::NotSecret => "use the line that begins with `PRIVATE+KEY+`",
        }
    }
}

impl std::error::Error for KeyError {}
