//! A hand-over: the platform, where somebody is signed in, sends them to the portal with a signed token that says which account it is.
//!
//! It proves what the platform says. Whoever holds the token within its few minutes is taken for the person, once; so the page that takes it shows the account
//! before anything is sent, and whoever calls remembers [`HandedOver::once_key`] until [`HandedOver::ends_at`].

use bezwaar_core::time::Instant;
use sha2::{Digest, Sha256};

use super::claims::{CLOCK_SKEW_SECONDS_MAX, Claims};
use super::keys::Keys;
use super::private::Personal;
use super::token::{SignedToken, TokenAlgorithm, TokenError};

/// The longest that a token may be valid: ten minutes from `iat` to `exp`, in microseconds.
pub const HANDOVER_MICROS_MAX: i64 = 10 * 60 * 1_000_000;
/// The longest id of a token, in bytes.
pub const TOKEN_ID_BYTES_MAX: usize = 128;
/// The longest language tag, in bytes (RFC 5646, section 4.4.1).
pub const LANGUAGE_BYTES_MAX: usize = 35;

/// What is agreed with the platform.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HandoverSettings {
    /// Who signs: `iss`, letter by letter.
    pub issuer: String,
    /// Whom it is for: `aud`, the address of the portal as the configuration has it.
    pub audience: String,
    /// The one algorithm.
    pub algorithm: TokenAlgorithm,
    /// The claim with the account: `sub`, unless another is agreed. Points lead into claims within others.
    pub account_claim: String,
    /// The service whose account it is, as the policies name it.
    pub service: String,
}

/// Takes hand-overs.
#[derive(Clone, Debug)]
pub struct Handover {
    settings: HandoverSettings,
    keys: Keys,
}

/// A hand-over that was verified. Its account is personal data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HandedOver {
    /// The account, as the platform writes it: not normalised yet.
    pub account: Personal,
    /// The service whose account it is.
    pub service: String,
    /// The token's own id (`jti`).
    pub token_id: Personal,
    /// When it was made.
    pub issued_at: Instant,
    /// Until when it counts. Until then its id must be remembered.
    pub ends_at: Instant,
    /// The language tag the platform asks for.
    pub language: Option<String>,
    once_key: [u8; 32],
}

impl HandedOver {
    /// What to remember so that the token counts once: SHA-256 over its issuer and id. Two tokens of one issuer with one id are one.
    pub fn once_key(&self) -> &[u8; 32] {
        &self.once_key
    }
}

impl Handover {
    /// Takes hand-overs as agreed, signed by one of these keys.
    pub fn new(settings: HandoverSettings, keys: Keys) -> Handover {
        Handover { settings, keys }
    }

    /// Verifies a token. That it was not used before is for the caller to see to.
    pub fn verify(&self, token: &str, now: Instant) -> Result<HandedOver, TokenError> {
        let settings = &self.settings;
        let claims = SignedToken::read(token, settings.algorithm)?.verify(&self.keys)?;
        if claims.needed_text("iss")? != settings.issuer {
            return Err(TokenError::Issuer);
        }
        // A token for others as well could be used by them here.
        if claims.audiences()? != [settings.audience.as_str()] {
            return Err(TokenError::Audience);
        }
        let (issued_at, ends_at) = lifetime(&claims, now)?;
        let token_id = claims.needed_text("jti")?;
        if !(1..=TOKEN_ID_BYTES_MAX).contains(&token_id.len()) {
            return Err(TokenError::TokenId);
        }
        let account = claims.name(&settings.account_claim).ok_or(TokenError::Account)?;
        let language = claims.text("lang")?.map(language).transpose()?;
        Ok(HandedOver {
            account: Personal::new(account),
            service: settings.service.clone(),
            token_id: Personal::new(token_id),
            issued_at,
            ends_at,
            language,
            once_key: once_key(&settings.issuer, token_id),
        })
    }
}

/// When the token was made and until when it counts. No clock skew is allowed at the end: a token that has ended has ended.
fn lifetime(claims: &Claims, now: Instant) -> Result<(Instant, Instant), TokenError> {
    let (issued_at, ends_at) = (claims.needed_time("iat")?, claims.needed_time("exp")?);
    let begins_at = claims.time("nbf")?.unwrap_or(issued_at).max(issued_at);
    if !(1..=HANDOVER_MICROS_MAX).contains(&(ends_at.as_micros() - issued_at.as_micros())) {
        return Err(TokenError::Lifetime);
    }
    if now >= ends_at {
        return Err(TokenError::Expired);
    }
    if begins_at > now.plus_micros(CLOCK_SKEW_SECONDS_MAX * 1_000_000) {
        return Err(TokenError::NotYet);
    }
    Ok((issued_at, ends_at))
}

fn language(tag: &str) -> Result<String, TokenError> {
    let in_bounds = (2..=LANGUAGE_BYTES_MAX).contains(&tag.len());
    let parts_sound = tag.split('-').all(|part| (1..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric()));
    if in_bounds && parts_sound { Ok(tag.to_owned()) } else { Err(TokenError::Language) }
}

fn once_key(issuer: &str, token_id: &str) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(b"bezwaar hand-over 1 ");
    // The length goes first, so that no other issuer and id are the same bytes.
    hash.update((issuer.len() as u64).to_be_bytes());
    hash.update(issuer.as_bytes());
    hash.update(token_id.as_bytes());
    hash.finalize().into()
}
