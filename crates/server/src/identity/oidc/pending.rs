//! A sign-in that has begun: what must be kept, sealed, until somebody is back from the provider.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bezwaar_core::time::Instant;
use bezwaar_register::randomness::{Randomness, RandomnessError};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

/// How long somebody may be away at the provider: ten minutes, in microseconds.
pub const PENDING_MICROS_MAX: i64 = 10 * 60 * 1_000_000;
/// The longest text of a pending sign-in, in bytes: what fits into a cookie once it is sealed.
pub const PENDING_BYTES_MAX: usize = 2048;

/// A sign-in that has begun. It holds secrets: seal it before it leaves this program, and use it once. Its `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct Pending {
    pub(super) issuer: String,
    pub(super) redirect_uri: String,
    pub(super) state: String,
    pub(super) nonce: String,
    pub(super) verifier: String,
    pub(super) started_at: Instant,
    pub(super) age_seconds_max: Option<u32>,
}

/// As it is written, in JSON. The names are short: it goes into a cookie.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire {
    i: String,
    r: String,
    s: String,
    n: String,
    v: String,
    t: i64,
    a: Option<u32>,
}

impl Pending {
    /// Begins a sign-in at this provider that comes back to this address.
    pub(super) fn new(
        issuer: &str,
        redirect_uri: &str,
        age_seconds_max: Option<u32>,
        now: Instant,
        random: &mut dyn Randomness,
    ) -> Result<Pending, RandomnessError> {
        Ok(Pending {
            issuer: issuer.to_owned(),
            redirect_uri: redirect_uri.to_owned(),
            state: random_text(random)?,
            nonce: random_text(random)?,
            verifier: random_text(random)?,
            started_at: now,
            age_seconds_max,
        })
    }

    /// When it began.
    pub fn started_at(&self) -> Instant {
        self.started_at
    }

    /// The first moment at which it no longer counts.
    pub fn ends_at(&self) -> Instant {
        self.started_at.plus_micros(PENDING_MICROS_MAX)
    }

    /// What is sent along with the sign-in and comes back with it, to find this one by among several. Not a secret to whoever signs in.
    pub fn state(&self) -> &str {
        &self.state
    }

    /// All of it as text, to be sealed: secrets are in it.
    pub fn expose_text(&self) -> Zeroizing<String> {
        let wire = Wire {
            i: self.issuer.clone(),
            r: self.redirect_uri.clone(),
            s: self.state.clone(),
            n: self.nonce.clone(),
            v: self.verifier.clone(),
            t: self.started_at.as_micros(),
            a: self.age_seconds_max,
        };
        // Texts and numbers can always be written.
        Zeroizing::new(serde_json::to_string(&wire).unwrap_or_default())
    }

    /// Reads what [`Pending::expose_text`] wrote, once its seal has been opened.
    pub fn parse(text: &str) -> Result<Pending, PendingError> {
        if text.len() > PENDING_BYTES_MAX {
            return Err(PendingError);
        }
        let wire: Wire = serde_json::from_str(text).map_err(|_| PendingError)?;
        let Wire { i: issuer, r: redirect_uri, s: state, n: nonce, v: verifier, t: micros, a: age_seconds_max } = wire;
        if [&state, &nonce, &verifier].iter().any(|text| text.len() != 43) {
            return Err(PendingError);
        }
        Ok(Pending { issuer, redirect_uri, state, nonce, verifier, started_at: Instant::from_micros(micros), age_seconds_max })
    }
}

impl fmt::Debug for Pending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pending(…)")
    }
}

/// 32 random bytes as 43 signs that need no escaping anywhere; what RFC 7636, section 4.1, advises for a verifier.
fn random_text(random: &mut dyn Randomness) -> Result<String, RandomnessError> {
    let mut bytes = Zeroizing::new([0; 32]);
    random.fill(bytes.as_mut_slice())?;
    Ok(URL_SAFE_NO_PAD.encode(bytes.as_slice()))
}

/// The challenge that ties a code to who holds the verifier: `S256` of RFC 7636, section 4.2.
pub fn challenge(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes()))
}

/// A text that is no pending sign-in. Fatal: the sign-in begins again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PendingError;

impl PendingError {
    /// What to do about it.
    pub fn help(&self) -> &'static str {
        "begin the sign-in again"
    }
}

impl fmt::Display for PendingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("this is not a sign-in that has begun")
    }
}

impl std::error::Error for PendingError {}

#[cfg(test)]
mod tests {
    use super::*;

    struct Counting(u8);

    impl Randomness for Counting {
        fn fill(&mut self, buffer: &mut [u8]) -> Result<(), RandomnessError> {
            self.0 += 1;
            buffer.fill(self.0);
            Ok(())
        }
    }

    #[test]
    fn the_challenge_is_that_of_rfc_7636_appendix_b() {
        assert_eq!(challenge("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"), "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
    }

    #[test]
    fn a_pending_sign_in_is_read_as_it_was_written() {
        let now = Instant::from_micros(1_700_000_000_000_001);
        let pending = Pending::new("https://id.example", "https://portal.example/back", Some(60), now, &mut Counting(0)).unwrap();
        let text = pending.expose_text();
        assert_eq!(Pending::parse(&text), Ok(pending.clone()));
        assert_eq!(format!("{pending:?}"), "Pending(…)");
        assert_ne!(pending.state, pending.nonce);
        assert_ne!(pending.nonce, pending.verifier);
        assert_eq!(Pending::parse(&text.replace("\"t\"", "\"u\"")), Err(PendingError));
        assert_eq!(Pending::parse(&text.replace(pending.nonce.as_str(), "short")), Err(PendingError));
        let padded = |bytes: usize| format!("{}{}", " ".repeat(bytes - text.len()), text.as_str());
        assert_eq!(Pending::parse(&padded(PENDING_BYTES_MAX)), Ok(pending));
        assert_eq!(Pending::parse(&padded(PENDING_BYTES_MAX + 1)), Err(PendingError));
    }
}
