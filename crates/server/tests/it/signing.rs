//! Tokens made by hand, signed by keys of the test.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bezwaar_core::time::Instant;
use bezwaar_register::randomness::{Randomness, RandomnessError};
use ring::hmac;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair};
use serde_json::{Value, json};

/// 2026-03-01T12:00:00Z.
pub(crate) const NOW_SECONDS: i64 = 1_772_366_400;

/// So many seconds after the time at which these tests play.
pub(crate) fn at(seconds: i64) -> Instant {
    Instant::from_micros((NOW_SECONDS + seconds) * 1_000_000)
}

/// Random bytes that are none, and never the same twice.
pub(crate) struct Counting(pub(crate) u8);

impl Randomness for Counting {
    fn fill(&mut self, buffer: &mut [u8]) -> Result<(), RandomnessError> {
        self.0 = self.0.checked_add(1).ok_or(RandomnessError)?;
        buffer.fill(self.0);
        Ok(())
    }
}

pub(crate) fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// A key of the test.
pub(crate) enum Signer {
    Es256(Box<EcdsaKeyPair>),
    EdDsa(Box<Ed25519KeyPair>),
}

impl Signer {
    pub(crate) fn es256() -> Signer {
        let random = SystemRandom::new();
        let key = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
        Signer::Es256(Box::new(EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, key.as_ref(), &random).unwrap()))
    }

    pub(crate) fn eddsa() -> Signer {
        let key = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
        Signer::EdDsa(Box::new(Ed25519KeyPair::from_pkcs8(key.as_ref()).unwrap()))
    }

    pub(crate) fn algorithm(&self) -> &'static str {
        match self {
            Signer::Es256(_) => "ES256",
            Signer::EdDsa(_) => "EdDSA",
        }
    }

    pub(crate) fn public(&self) -> &[u8] {
        match self {
            Signer::Es256(key) => key.public_key().as_ref(),
            Signer::EdDsa(key) => key.public_key().as_ref(),
        }
    }

    /// The public key as a member of a key set.
    pub(crate) fn jwk(&self, id: &str) -> Value {
        let public = self.public();
        match self {
            Signer::Es256(_) => {
                json!({"kty": "EC", "crv": "P-256", "kid": id, "use": "sig", "alg": "ES256", "x": encode(&public[1..33]), "y": encode(&public[33..])})
            }
            Signer::EdDsa(_) => json!({"kty": "OKP", "crv": "Ed25519", "kid": id, "use": "sig", "x": encode(public)}),
        }
    }

    fn sign(&self, bytes: &[u8]) -> Vec<u8> {
        match self {
            Signer::Es256(key) => key.sign(&SystemRandom::new(), bytes).unwrap().as_ref().to_vec(),
            Signer::EdDsa(key) => key.sign(bytes).as_ref().to_vec(),
        }
    }

    /// A token with this header and these claims.
    pub(crate) fn token(&self, header: &Value, claims: &Value) -> String {
        self.token_of(&header.to_string(), &claims.to_string())
    }

    /// A token of texts that need not be JSON.
    pub(crate) fn token_of(&self, header: &str, claims: &str) -> String {
        let signed = format!("{}.{}", encode(header), encode(claims));
        format!("{signed}.{}", encode(self.sign(signed.as_bytes())))
    }

    /// A token as it should be made.
    pub(crate) fn plain(&self, id: &str, claims: &Value) -> String {
        self.token(&json!({"alg": self.algorithm(), "kid": id, "typ": "JWT"}), claims)
    }
}

/// A token signed with HMAC, with whatever somebody takes for a secret.
pub(crate) fn hmac_token(secret: &[u8], id: &str, claims: &Value) -> String {
    let signed = format!("{}.{}", encode(json!({"alg": "HS256", "kid": id}).to_string()), encode(claims.to_string()));
    format!("{signed}.{}", encode(hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), signed.as_bytes())))
}

/// A token that nobody signed.
pub(crate) fn unsigned_token(claims: &Value) -> String {
    format!("{}.{}.", encode(r#"{"alg":"none"}"#), encode(claims.to_string()))
}

/// These claims with one changed, or taken away by `null`.
pub(crate) fn with(claims: &Value, name: &str, value: Value) -> Value {
    let mut claims = claims.clone();
    match value {
        Value::Null => drop(claims.as_object_mut().unwrap().remove(name)),
        value => claims[name] = value,
    }
    claims
}

/// These keys as a set.
pub(crate) fn key_set(keys: &[Value]) -> Vec<u8> {
    json!({"keys": keys}).to_string().into_bytes()
}
