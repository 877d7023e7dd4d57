//! A provider: found, held to what is agreed, and asked.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use bezwaar_core::account::{Account, Kind, Services};
use bezwaar_core::time::Instant;
use bezwaar_register::randomness::{Randomness, RandomnessError};

use super::fetch::{Fetch, FetchError};
use super::finish::SignedIn;
use super::metadata::{self, Metadata, MetadataProblem};
use super::pending::{Pending, challenge};
use super::settings::{ProviderSettings, SettingsProblem, safe_url};
use crate::identity::claims::Claims;
use crate::identity::keys::{Keys, KeysError};
use crate::identity::token::{SignedToken, TokenError};

/// The provider's keys are asked for again at a key that is not known, but not within a minute of the last time, in microseconds.
pub const KEYS_AGAIN_MICROS_MIN: i64 = 60 * 1_000_000;
/// Keys older than an hour are asked for again before they are used, so that a key the provider has withdrawn does not live on here. In microseconds.
pub const KEYS_AGE_MICROS_MAX: i64 = 60 * KEYS_AGAIN_MICROS_MIN;

/// A provider that was found and can be used as configured.
pub struct Provider {
    pub(super) settings: ProviderSettings,
    pub(super) metadata: Metadata,
    pub(super) fetch: Arc<dyn Fetch>,
    held: Mutex<Held>,
}

/// The provider's keys, and when they were asked for.
struct Held {
    keys: Keys,
    fetched_at: Instant,
    asked_at: Instant,
}

/// How a sign-in begins.
#[derive(Clone, Copy, Debug)]
pub struct Begin<'b> {
    /// Where the provider sends people back to: registered there, letter by letter.
    pub redirect_uri: &'b str,
    /// The language the provider's pages should have, as a language tag.
    pub language: Option<&'b str>,
    /// How long ago, in seconds, somebody may have signed in at the provider; 0 makes them sign in now. `None`: it does not matter.
    pub age_seconds_max: Option<u32>,
}

impl fmt::Debug for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Provider({})", self.settings.issuer)
    }
}

impl Provider {
    /// Asks the provider what it is and for its keys, and refuses one that cannot be used as configured.
    pub fn discover(settings: ProviderSettings, fetch: Arc<dyn Fetch>, now: Instant) -> Result<Provider, DiscoverError> {
        let problems = settings.problems();
        if !problems.is_empty() {
            return Err(DiscoverError::Settings(problems));
        }
        // As it was read, so that what is asked cannot read it otherwise.
        let issuer = safe_url(&settings.issuer).map(String::from).ok_or_else(|| DiscoverError::Settings(vec![SettingsProblem::Issuer]))?;
        let address = format!("{}{}", issuer.trim_end_matches('/'), metadata::PATH);
        let answer = fetch.get(&address).map_err(DiscoverError::Fetch)?;
        if answer.status != 200 {
            return Err(DiscoverError::Status(answer.status));
        }
        let metadata = metadata::read(&answer.body, &settings).map_err(DiscoverError::Metadata)?;
        let keys = fetch_keys(fetch.as_ref(), &metadata, &settings)?;
        let held = Mutex::new(Held { keys, fetched_at: now, asked_at: now });
        Ok(Provider { settings, metadata, fetch, held })
    }

    /// What is agreed with the provider.
    pub fn settings(&self) -> &ProviderSettings {
        &self.settings
    }

    /// Begins a sign-in: the address to send somebody to, and what to keep until they are back.
    pub fn begin(&self, begin: &Begin<'_>, now: Instant, random: &mut dyn Randomness) -> Result<(String, Pending), BeginError> {
        if safe_url(begin.redirect_uri).is_none_or(|url| url.fragment().is_some()) {
            return Err(BeginError::RedirectUri);
        }
        let pending = Pending::new(&self.settings.issuer, begin.redirect_uri, begin.age_seconds_max, now, random);
        let pending = pending.map_err(BeginError::Randomness)?;
        let mut scopes = vec!["openid"];
        scopes.extend(self.settings.scopes.iter().map(String::as_str).filter(|scope| *scope != "openid"));
        if self.settings.with_mail && !scopes.contains(&"email") {
            scopes.push("email");
        }
        let mut url = self.metadata.authorization_endpoint.clone();
        {
            let mut query = url.query_pairs_mut();
            query.append_pair("response_type", "code").append_pair("client_id", &self.settings.client_id);
            query.append_pair("redirect_uri", begin.redirect_uri).append_pair("scope", &scopes.join(" "));
            query.append_pair("state", &pending.state).append_pair("nonce", &pending.nonce);
            query.append_pair("code_challenge", &challenge(&pending.verifier)).append_pair("code_challenge_method", "S256");
            if let Some(language) = begin.language {
                query.append_pair("ui_locales", language);
            }
            if let Some(seconds) = begin.age_seconds_max {
                query.append_pair("max_age", &seconds.to_string());
            }
        }
        Ok((url.into(), pending))
    }

    /// Holds a sign-in with an account that is known to belong to who signed in, to see that the provider and the corpus mean the same by an account's id.
    ///
    /// `service` and `kind` say what the claim holds, `known` is the account as the corpus has it.
    pub fn check_known(
        &self,
        signed_in: &SignedIn,
        (service, kind): (&str, Kind),
        services: &Services,
        known: &Account,
    ) -> Result<(), KnownError> {
        let account = services.resolve(service, Some(kind), signed_in.account.expose_personal()).ok_or(KnownError::NotAnAccount)?;
        if account.kind() != known.kind() {
            return Err(KnownError::OtherKind);
        }
        if account == *known { Ok(()) } else { Err(KnownError::OtherAccount) }
    }

    /// Verifies the signature of an ID token, with fresh keys if they are old or the token's key is not among them.
    pub(super) fn verify(&self, token: &str, now: Instant) -> Result<Claims, VerifyError> {
        let token = SignedToken::read(token, self.settings.algorithm).map_err(VerifyError::Token)?;
        // Held while the provider is asked, so that it is asked once for all who wait.
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let age = now.as_micros().saturating_sub(held.fetched_at.as_micros());
        if !(0..=KEYS_AGE_MICROS_MAX).contains(&age) {
            self.refresh(&mut held, now)?;
        }
        match token.verify(&held.keys) {
            // A provider that changes its key may go without ids, or use one again.
            Err(error @ (TokenError::UnknownKey | TokenError::UnclearKey | TokenError::Signature)) => {
                let since = now.as_micros().saturating_sub(held.asked_at.as_micros());
                if since < KEYS_AGAIN_MICROS_MIN {
                    return Err(VerifyError::Token(error));
                }
                self.refresh(&mut held, now)?;
                token.verify(&held.keys).map_err(VerifyError::Token)
            }
            verified => verified.map_err(VerifyError::Token),
        }
    }

    fn refresh(&self, held: &mut Held, now: Instant) -> Result<(), VerifyError> {
        held.asked_at = now;
        held.keys = fetch_keys(self.fetch.as_ref(), &self.metadata, &self.settings).map_err(VerifyError::Keys)?;
        held.fetched_at = now;
        Ok(())
    }
}

/// Why the signature of a token could not be verified.
pub(super) enum VerifyError {
    Token(TokenError),
    Keys(DiscoverError),
}

fn fetch_keys(fetch: &dyn Fetch, metadata: &Metadata, settings: &ProviderSettings) -> Result<Keys, DiscoverError> {
    let answer = fetch.get(&metadata.keys_address).map_err(DiscoverError::Fetch)?;
    if answer.status != 200 {
        return Err(DiscoverError::Status(answer.status));
    }
    Keys::from_jwk_set(&answer.body, settings.algorithm).map_err(DiscoverError::Keys)
}

/// Why a provider cannot be used.
#[derive(Debug)]
#[non_exhaustive]
pub enum DiscoverError {
    /// The settings are wrong by themselves: all that is wrong with them. Fatal.
    Settings(Vec<SettingsProblem>),
    /// The provider gives no answer. May pass.
    Fetch(FetchError),
    /// The provider answers with another HTTP status than 200. May pass.
    Status(u16),
    /// The provider cannot be used as configured: all that is in the way. Fatal.
    Metadata(Vec<MetadataProblem>),
    /// The provider's keys cannot be used. Fatal.
    Keys(KeysError),
}

impl DiscoverError {
    /// What to do about it.
    pub fn help(&self) -> &'static str {
        match self {
            DiscoverError::Settings(problems) => {
                problems.first().map_or("compare the settings with docs/identity.md", |problem| problem.help())
            }
            DiscoverError::Fetch(error) => error.help(),
            DiscoverError::Status(_) => "check that the issuer's address is the provider's, and that the provider is up",
            DiscoverError::Metadata(problems) => {
                problems.first().map_or("compare the settings with docs/identity.md", |problem| problem.help())
            }
            DiscoverError::Keys(error) => error.help(),
        }
    }
}

impl fmt::Display for DiscoverError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DiscoverError::Settings(problems) => {
                f.write_str("the settings of the sign-in cannot be used: ")?;
                list(f, problems)
            }
            DiscoverError::Fetch(_) => f.write_str("the sign-in provider cannot be asked"),
            DiscoverError::Status(status) => write!(f, "the sign-in provider answers with HTTP status {status}"),
            DiscoverError::Metadata(problems) => {
                f.write_str("the sign-in provider cannot be used as configured: ")?;
                list(f, problems)
            }
            DiscoverError::Keys(_) => f.write_str("the sign-in provider's keys cannot be used"),
        }
    }
}

fn list(f: &mut fmt::Formatter<'_>, problems: &[impl fmt::Display]) -> fmt::Result {
    for (index, problem) in problems.iter().enumerate() {
        write!(f, "{}{problem}", if index == 0 { "" } else { "; " })?;
    }
    Ok(())
}

impl std::error::Error for DiscoverError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            DiscoverError::Fetch(error) => Some(error),
            DiscoverError::Keys(error) => Some(error),
            _ => None,
        }
    }
}

/// Why a sign-in could not begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BeginError {
    /// The address to come back to is not an `https` address without a fragment. Fatal: the configuration is wrong. HTTP status 500.
    RedirectUri,
    /// There were no random bytes. May pass. HTTP status 503.
    Randomness(RandomnessError),
}

impl BeginError {
    /// What to do about it.
    pub fn help(&self) -> &'static str {
        match self {
            BeginError::RedirectUri => "give the portal's own address as `https://…`; `http` is for this machine itself only",
            BeginError::Randomness(error) => error.help(),
        }
    }
}

impl fmt::Display for BeginError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            BeginError::RedirectUri => "the address to come back to is not a safe one",
            BeginError::Randomness(_) => "the sign-in could not begin",
        })
    }
}

impl std::error::Error for BeginError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            BeginError::Randomness(error) => Some(error),
            BeginError::RedirectUri => None,
        }
    }
}

/// Why a sign-in is not that of a known account. Fatal: people would object for accounts that are not theirs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum KnownError {
    /// What the claim holds names nobody on that service.
    NotAnAccount,
    /// The claim holds another kind of name than the corpus does: a handle for an id, or the other way round.
    OtherKind,
    /// The claim names another account.
    OtherAccount,
}

impl KnownError {
    /// What to do about it.
    pub fn help(&self) -> &'static str {
        match self {
            KnownError::NotAnAccount | KnownError::OtherKind => "name the claim that holds the id which the corpus uses for its authors",
            KnownError::OtherAccount => "check that the known account is that of who signed in; if so, name another claim",
        }
    }
}

impl fmt::Display for KnownError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            KnownError::NotAnAccount => "the claim with the account names nobody",
            KnownError::OtherKind => "the claim with the account holds another kind of name than the corpus",
            KnownError::OtherAccount => "the claim with the account names another account than the known one",
        })
    }
}

impl std::error::Error for KnownError {}
