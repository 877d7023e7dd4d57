//! Signed tokens: JSON Web Signatures in their compact form (RFC 7515) that hold claims (RFC 7519), read as RFC 8725 advises.
//!
//! The algorithm is what the configuration says, not what the token says: a token that names another one is refused, and there is none without a public key.
//! Keys that a token brings along or points to (`jwk`, `jku`, `x5c`, `x5u`) are never looked at.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;

use super::claims::Claims;
use super::keys::{Find, Keys};

/// The longest token that is read, in bytes.
pub const TOKEN_BYTES_MAX: usize = 16 * 1024;

/// How tokens are signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenAlgorithm {
    /// RSA with SHA-256 (`RS256`, RFC 7518, section 3.3), keys of 2048 to 8192 bits.
    Rs256,
    /// The curve P-256 with SHA-256 (`ES256`, RFC 7518, section 3.4).
    Es256,
    /// Ed25519 (`EdDSA`, RFC 8037; `Ed25519`, RFC 9864).
    EdDsa,
}

impl TokenAlgorithm {
    /// Every algorithm. None of them lets who verifies sign: there is no HMAC, and no `none`.
    pub const ALL: [TokenAlgorithm; 3] = [TokenAlgorithm::Rs256, TokenAlgorithm::Es256, TokenAlgorithm::EdDsa];

    /// The algorithm with this name in a configuration.
    pub fn lookup(name: &str) -> Option<TokenAlgorithm> {
        TokenAlgorithm::ALL.into_iter().find(|algorithm| algorithm.as_str() == name)
    }

    /// The name in configurations and in the metadata of providers.
    pub fn as_str(self) -> &'static str {
        match self {
            TokenAlgorithm::Rs256 => "RS256",
            TokenAlgorithm::Es256 => "ES256",
            TokenAlgorithm::EdDsa => "EdDSA",
        }
    }

    /// Whether a header or a key may name it so.
    pub(crate) fn is_named(self, name: &str) -> bool {
        name == self.as_str() || (self == TokenAlgorithm::EdDsa && name == "Ed25519")
    }
}

/// The parts of the header that are looked at.
#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
    typ: Option<String>,
    // Kept as it is: whatever is critical is not understood here.
    crit: Option<serde::de::IgnoredAny>,
}

/// A token that has been read, and not verified: nothing it says can be seen.
pub(crate) struct SignedToken<'t> {
    signed: &'t str,
    payload: &'t str,
    signature: Vec<u8>,
    key_id: Option<String>,
}

impl<'t> SignedToken<'t> {
    /// Reads the form and the header of a token, which must name this algorithm.
    pub(crate) fn read(token: &'t str, algorithm: TokenAlgorithm) -> Result<SignedToken<'t>, TokenError> {
        if token.len() > TOKEN_BYTES_MAX {
            return Err(TokenError::TooLong);
        }
        let (signed, signature) = token.rsplit_once('.').ok_or(TokenError::Shape)?;
        let (header, payload) = signed.split_once('.').ok_or(TokenError::Shape)?;
        if payload.contains('.') {
            return Err(TokenError::Shape);
        }
        let header: Header = serde_json::from_slice(&decode(header)?).map_err(|_| TokenError::Shape)?;
        if !algorithm.is_named(&header.alg) {
            return Err(TokenError::Algorithm);
        }
        if header.crit.is_some() {
            return Err(TokenError::Critical);
        }
        // Tokens for other ends say so in their type (RFC 8725, section 3.11): access tokens `at+jwt`, logout tokens `logout+jwt`.
        if header.typ.is_some_and(|kind| !kind.eq_ignore_ascii_case("JWT")) {
            return Err(TokenError::Type);
        }
        Ok(SignedToken { signed, payload, signature: decode(signature)?, key_id: header.kid })
    }

    /// Verifies the signature with the key that the token names, and only then reads what was signed.
    pub(crate) fn verify(&self, keys: &Keys) -> Result<Claims, TokenError> {
        let key = match keys.find(self.key_id.as_deref()) {
            Find::Found(key) => key,
            Find::Unknown => return Err(TokenError::UnknownKey),
            Find::Unclear => return Err(TokenError::UnclearKey),
        };
        if !key.verifies(self.signed.as_bytes(), &self.signature) {
            return Err(TokenError::Signature);
        }
        serde_json::from_slice(&decode(self.payload)?).map_err(|_| TokenError::Payload)
    }
}

fn decode(part: &str) -> Result<Vec<u8>, TokenError> {
    URL_SAFE_NO_PAD.decode(part).map_err(|_| TokenError::Shape)
}

/// Why a token is refused. Fatal for this token, all of them; HTTP status 400 where it came with the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TokenError {
    /// Longer than [`TOKEN_BYTES_MAX`].
    TooLong,
    /// Not three parts in base64url, with a header in JSON.
    Shape,
    /// Signed by another algorithm than the configured one, or by none.
    Algorithm,
    /// A token for another end, by its `typ`.
    Type,
    /// It demands something that is not understood here (`crit`).
    Critical,
    /// Signed by a key that is not among those known.
    UnknownKey,
    /// It does not say by which of several keys it is signed, or several have that id.
    UnclearKey,
    /// The signature is not one by the key over these bytes.
    Signature,
    /// What was signed is not an object in JSON, or has a name twice.
    Payload,
    /// A claim that must be there is not.
    Missing {
        /// Its name.
        claim: &'static str,
    },
    /// A claim has another form than it should.
    Form {
        /// Its name.
        claim: &'static str,
    },
    /// `iss` is not who should have signed it.
    Issuer,
    /// `aud` does not name this portal.
    Audience,
    /// `azp` is missing among several audiences, or is not this portal.
    AuthorisedParty,
    /// `exp` is past.
    Expired,
    /// `iat`, `nbf` or `auth_time` is still to come.
    NotYet,
    /// `iat` is before the sign-in began.
    BeforeRequest,
    /// `exp` is not after `iat`, or too long after it.
    Lifetime,
    /// `nonce` is not that of the sign-in.
    Nonce,
    /// The sign-in is longer ago than was asked for.
    SignInTooOld,
    /// `jti` is empty or too long.
    TokenId,
    /// The claim that names the account is missing or no name.
    Account,
    /// The claim with the roles is not a list of names.
    Roles,
    /// `lang` is not a language tag.
    Language,
}

impl TokenError {
    /// What to do about it.
    pub fn help(&self) -> &'static str {
        match self {
            TokenError::TooLong => "let the token carry only the claims that are needed",
            TokenError::Shape | TokenError::Payload => "send the signed token as it was made: compact form, base64url without `=`",
            TokenError::Algorithm => "sign with the algorithm of the configuration, or change the configuration",
            TokenError::Type => "send an ID token or a hand-over token, not one made for something else",
            TokenError::Critical => "sign the token without `crit`",
            TokenError::UnknownKey => "give this portal the public key that the token names by `kid`",
            TokenError::UnclearKey => "name the key in the token's header by `kid`, and give each key an id of its own",
            TokenError::Signature => "check that the public key here belongs to the private key that signs",
            TokenError::Missing { .. } | TokenError::Form { .. } => "compare the claims with the documentation: docs/identity.md",
            TokenError::Issuer => "compare `iss` with the configuration, letter by letter: a `/` at the end matters",
            TokenError::Audience | TokenError::AuthorisedParty => "make the token for this portal only, by the name the configuration has",
            TokenError::Expired | TokenError::BeforeRequest | TokenError::SignInTooOld => "start again; if it stays so, check the clocks",
            TokenError::NotYet => "check the clocks of both machines",
            TokenError::Lifetime => "let the token end at most ten minutes after it is made",
            TokenError::Nonce => "start the sign-in again",
            TokenError::TokenId => "give each token a `jti` of 1 to 128 bytes that is used once",
            TokenError::Account => "let the provider put the configured claim with the account's id into the token",
            TokenError::Roles => "let the provider send the roles as a list of texts",
            TokenError::Language => "send a language tag such as `nl` or `en-IE`, or none",
        }
    }
}

impl fmt::Display for TokenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TokenError::TooLong => write!(f, "the token is over {TOKEN_BYTES_MAX} bytes"),
            TokenError::Shape => f.write_str("this is not a signed token"),
            TokenError::Algorithm => f.write_str("the token is not signed by the algorithm that was agreed"),
            TokenError::Type => f.write_str("the token was made for something else"),
            TokenError::Critical => f.write_str("the token demands something that is not known here"),
            TokenError::UnknownKey => f.write_str("the token is signed by a key that is not known here"),
            TokenError::UnclearKey => f.write_str("it is not clear by which key the token is signed"),
            TokenError::Signature => f.write_str("the token's signature is wrong"),
            TokenError::Payload => f.write_str("what the token holds cannot be read"),
            TokenError::Missing { claim } => write!(f, "the token has no `{claim}`"),
            TokenError::Form { claim } => write!(f, "the token's `{claim}` has a form it should not have"),
            TokenError::Issuer => f.write_str("the token was made by somebody else"),
            TokenError::Audience => f.write_str("the token was made for somebody else"),
            TokenError::AuthorisedParty => f.write_str("the token was issued to somebody else"),
            TokenError::Expired => f.write_str("the token has ended"),
            TokenError::NotYet => f.write_str("the token is from the future"),
            TokenError::BeforeRequest => f.write_str("the token is older than the sign-in"),
            TokenError::Lifetime => f.write_str("the token is valid for longer than it may be"),
            TokenError::Nonce => f.write_str("the token belongs to another sign-in"),
            TokenError::SignInTooOld => f.write_str("the sign-in is too long ago"),
            TokenError::TokenId => f.write_str("the token's own id is empty or too long"),
            TokenError::Account => f.write_str("the token does not name the account"),
            TokenError::Roles => f.write_str("the token's roles are not a list of names"),
            TokenError::Language => f.write_str("the token's language is not one"),
        }
    }
}

impl std::error::Error for TokenError {}
