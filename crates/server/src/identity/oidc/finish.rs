//! The end of a sign-in: what comes back, the trade of the code, and the checks of the ID token.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bezwaar_core::time::Instant;
use serde::Deserialize;
use url::form_urlencoded;
use zeroize::Zeroizing;

use super::fetch::{FetchError, TokenRequest};
use super::pending::{PENDING_MICROS_MAX, Pending};
use super::provider::{DiscoverError, Provider, VerifyError};
use super::settings::ClientAuthentication;
use crate::identity::claims::{CLAIM_BYTES_MAX, CLOCK_SKEW_SECONDS_MAX, Claims};
use crate::identity::private::{Personal, Secret, same};
use crate::identity::token::TokenError;

/// The longest query that is looked at, in bytes.
pub const QUERY_BYTES_MAX: usize = 8192;
/// The longest code, in bytes.
pub const CODE_BYTES_MAX: usize = 4096;
const SKEW_MICROS: i64 = CLOCK_SKEW_SECONDS_MAX * 1_000_000;

/// Somebody who signed in at the provider. Personal data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedIn {
    /// The provider.
    pub issuer: String,
    /// What the provider calls the person: with the issuer, who they are for this portal.
    pub subject: Personal,
    /// The account, as the configured claim has it: not normalised yet.
    pub account: Personal,
    /// The roles the configured claim has; none if none is configured.
    pub roles: Vec<String>,
    /// The mail address, if it was asked for and the provider says that it belongs to the person.
    pub mail: Option<Personal>,
    /// When they proved to the provider who they are, if it says so.
    pub authenticated_at: Option<Instant>,
    claims: Claims,
}

impl SignedIn {
    /// Another claim of the ID token that is a name: a text of at most [`CLAIM_BYTES_MAX`] bytes, or a whole number as its digits. Points lead into claims within
    /// others.
    pub fn claim(&self, path: &str) -> Option<Personal> {
        self.claims.name(path).map(Personal::new)
    }
}

/// What comes back from the provider (RFC 6749, section 4.1.2; RFC 9207).
#[derive(Default)]
struct Returned {
    state: Option<String>,
    code: Option<String>,
    issuer: Option<String>,
    error: Option<String>,
}

impl Provider {
    /// Ends a sign-in with the query that somebody came back with. The pending sign-in is used up, whatever comes of it.
    pub fn finish(&self, pending: Pending, query: &str, now: Instant) -> Result<SignedIn, FinishError> {
        if pending.issuer != self.settings.issuer {
            return Err(FinishError::OtherProvider);
        }
        let age = now.as_micros().saturating_sub(pending.started_at.as_micros());
        if !(0..PENDING_MICROS_MAX).contains(&age) {
            return Err(FinishError::TooLate);
        }
        let returned = Returned::read(query)?;
        // First of all: what is not of this sign-in tells nothing.
        if !returned.state.is_some_and(|state| same(state.as_bytes(), pending.state.as_bytes())) {
            return Err(FinishError::State);
        }
        match returned.issuer {
            Some(issuer) if issuer != self.settings.issuer => return Err(FinishError::OtherIssuer),
            None if self.metadata.names_itself_in_responses => return Err(FinishError::OtherIssuer),
            _ => {}
        }
        if let Some(error) = returned.error {
            return Err(if error == "access_denied" { FinishError::Declined } else { FinishError::Provider { code: known_code(&error) } });
        }
        let code = returned.code.filter(|code| (1..=CODE_BYTES_MAX).contains(&code.len())).ok_or(FinishError::Query)?;
        let token = self.trade(&code, &pending)?;
        let claims = match self.verify(&token, now) {
            Ok(claims) => claims,
            Err(VerifyError::Token(error)) => return Err(FinishError::Token(error)),
            Err(VerifyError::Keys(error)) => return Err(FinishError::Keys(Box::new(error))),
        };
        self.check(&claims, &pending, now).map_err(FinishError::Token)
    }

    /// Trades the code for an ID token (OpenID Connect Core 1.0, section 3.1.3).
    fn trade(&self, code: &str, pending: &Pending) -> Result<Zeroizing<String>, FinishError> {
        let settings = &self.settings;
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.append_pair("grant_type", "authorization_code").append_pair("code", code);
        form.append_pair("redirect_uri", &pending.redirect_uri).append_pair("code_verifier", &pending.verifier);
        let authorization = match &settings.authentication {
            ClientAuthentication::Basic(secret) => Some(basic(&settings.client_id, secret)),
            ClientAuthentication::Post(secret) => {
                form.append_pair("client_id", &settings.client_id).append_pair("client_secret", secret.expose_secret());
                None
            }
            ClientAuthentication::None => {
                form.append_pair("client_id", &settings.client_id);
                None
            }
        };
        let request = TokenRequest { url: self.metadata.token_endpoint.clone(), authorization, form: Zeroizing::new(form.finish()) };
        let answer = self.fetch.post(&request).map_err(FinishError::Fetch)?;
        if answer.status != 200 {
            #[derive(Deserialize)]
            struct Refusal {
                error: String,
            }
            let refusal = serde_json::from_slice::<Refusal>(&answer.body).ok();
            let code = refusal.map_or("none", |refusal| known_code(&refusal.error));
            return Err(if code == "invalid_grant" {
                FinishError::CodeRefused
            } else {
                FinishError::TradeRefused { status: answer.status, code }
            });
        }
        #[derive(Deserialize)]
        struct Tokens {
            id_token: Option<String>,
        }
        let tokens: Tokens = serde_json::from_slice(&answer.body).map_err(|_| FinishError::NoToken)?;
        tokens.id_token.map(Zeroizing::new).ok_or(FinishError::NoToken)
    }

    /// The checks of OpenID Connect Core 1.0, section 3.1.3.7.
    fn check(&self, claims: &Claims, pending: &Pending, now: Instant) -> Result<SignedIn, TokenError> {
        let settings = &self.settings;
        if claims.needed_text("iss")? != settings.issuer {
            return Err(TokenError::Issuer);
        }
        let audiences = claims.audiences()?;
        if !audiences.contains(&settings.client_id.as_str()) {
            return Err(TokenError::Audience);
        }
        match claims.text("azp")? {
            Some(party) if party != settings.client_id => return Err(TokenError::AuthorisedParty),
            None if audiences.len() > 1 => return Err(TokenError::AuthorisedParty),
            _ => {}
        }
        if !same(claims.needed_text("nonce")?.as_bytes(), pending.nonce.as_bytes()) {
            return Err(TokenError::Nonce);
        }
        let authenticated_at = check_times(claims, pending, now)?;
        let subject = claims.needed_text("sub")?;
        if !(1..=CLAIM_BYTES_MAX).contains(&subject.len()) {
            return Err(TokenError::Form { claim: "sub" });
        }
        let roles = settings.roles_claim.as_deref().map_or(Some(Vec::new()), |claim| claims.names(claim));
        Ok(SignedIn {
            issuer: settings.issuer.clone(),
            subject: Personal::new(subject),
            account: Personal::new(claims.name(&settings.account_claim).ok_or(TokenError::Account)?),
            roles: roles.ok_or(TokenError::Roles)?,
            mail: if settings.with_mail { mail(claims) } else { None },
            authenticated_at,
            claims: claims.clone(),
        })
    }
}

/// Whether the token counts now, and for this sign-in. Gives when the person proved who they are.
fn check_times(claims: &Claims, pending: &Pending, now: Instant) -> Result<Option<Instant>, TokenError> {
    let (latest, issued_at) = (now.plus_micros(SKEW_MICROS), claims.needed_time("iat")?);
    if now >= claims.needed_time("exp")?.plus_micros(SKEW_MICROS) {
        return Err(TokenError::Expired);
    }
    let authenticated_at = claims.time("auth_time")?;
    let begins = [Some(issued_at), claims.time("nbf")?, authenticated_at];
    if begins.into_iter().flatten().any(|at| at > latest) {
        return Err(TokenError::NotYet);
    }
    if issued_at.plus_micros(SKEW_MICROS) < pending.started_at {
        return Err(TokenError::BeforeRequest);
    }
    if let Some(seconds) = pending.age_seconds_max {
        let at = authenticated_at.ok_or(TokenError::Missing { claim: "auth_time" })?;
        // Counted to when the sign-in began here: time spent on the provider's pages since is not held against anybody.
        if at.plus_micros(i64::from(seconds) * 1_000_000 + SKEW_MICROS) < pending.started_at {
            return Err(TokenError::SignInTooOld);
        }
    }
    Ok(authenticated_at)
}

/// An address that the provider has not verified is anybody's.
fn mail(claims: &Claims) -> Option<Personal> {
    let verified = claims.lookup("email_verified").and_then(serde_json::Value::as_bool) == Some(true);
    if verified { claims.name("email").map(Personal::new) } else { None }
}

/// RFC 6749, section 2.3.1: both are encoded as in a form before they are joined.
fn basic(client_id: &str, secret: &Secret) -> Zeroizing<String> {
    let encode = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let joined = Zeroizing::new(format!("{}:{}", encode(client_id), encode(secret.expose_secret())));
    Zeroizing::new(format!("Basic {}", STANDARD.encode(joined.as_bytes())))
}

impl Returned {
    fn read(query: &str) -> Result<Returned, FinishError> {
        if query.len() > QUERY_BYTES_MAX {
            return Err(FinishError::Query);
        }
        let mut returned = Returned::default();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            let place = match name.as_ref() {
                "state" => &mut returned.state,
                "code" => &mut returned.code,
                "iss" => &mut returned.issuer,
                "error" => &mut returned.error,
                _ => continue,
            };
            // Nothing may stand twice (RFC 6749, section 3.1).
            if place.replace(value.into_owned()).is_some() {
                return Err(FinishError::Query);
            }
        }
        Ok(returned)
    }
}

/// A code of RFC 6749 and OpenID Connect Core 1.0; anything else is not repeated, since somebody else wrote it.
fn known_code(code: &str) -> &'static str {
    const KNOWN: [&str; 17] = [
        "invalid_request",
        "unauthorized_client",
        "access_denied",
        "unsupported_response_type",
        "invalid_scope",
        "server_error",
        "temporarily_unavailable",
        "interaction_required",
        "login_required",
        "account_selection_required",
        "consent_required",
        "request_not_supported",
        "registration_not_supported",
        "invalid_client",
        "invalid_grant",
        "unsupported_grant_type",
        "invalid_target",
    ];
    KNOWN.into_iter().find(|known| *known == code).unwrap_or("another")
}

/// Why nobody is signed in. The sign-in can begin again, unless said otherwise.
#[derive(Debug)]
#[non_exhaustive]
pub enum FinishError {
    /// The sign-in began at another provider. HTTP status 400.
    OtherProvider,
    /// It began over ten minutes ago, or later than now. HTTP status 400.
    TooLate,
    /// What came back is too long, has something twice, or no code. HTTP status 400.
    Query,
    /// What came back is not of this sign-in. HTTP status 400.
    State,
    /// What came back is from another provider, or does not say from which (RFC 9207). HTTP status 400.
    OtherIssuer,
    /// The person said no. HTTP status 403.
    Declined,
    /// The provider says it cannot be. HTTP status 502.
    Provider {
        /// The code of the specification, or `another`.
        code: &'static str,
    },
    /// The provider gives no answer. May pass. HTTP status 502.
    Fetch(FetchError),
    /// The provider does not take the code: it was used, it is old, or it belongs to another sign-in. HTTP status 400.
    CodeRefused,
    /// The provider does not trade. HTTP status 502.
    TradeRefused {
        /// The HTTP status it answers with.
        status: u16,
        /// The code of the specification, `another`, or `none`.
        code: &'static str,
    },
    /// The provider's answer has no ID token. HTTP status 502.
    NoToken,
    /// The provider's keys could not be had. May pass. HTTP status 502.
    Keys(Box<DiscoverError>),
    /// The ID token is refused. HTTP status 502.
    Token(TokenError),
}

impl FinishError {
    /// What to do about it.
    pub fn help(&self) -> &'static str {
        match self {
            FinishError::OtherProvider | FinishError::TooLate | FinishError::Query | FinishError::State | FinishError::CodeRefused => {
                "begin the sign-in again, and do not use the browser's back button"
            }
            FinishError::OtherIssuer => {
                "begin the sign-in again; if it stays so, compare the issuer in the configuration with the provider's"
            }
            FinishError::Declined => "begin again, or choose another way to say who you are",
            FinishError::Provider { .. } => "look at the provider's own traces, by the time of this sign-in",
            FinishError::Fetch(error) => error.help(),
            FinishError::TradeRefused { code: "invalid_client", .. } => "check the client id, its secret, and how the client authenticates",
            FinishError::TradeRefused { .. } | FinishError::NoToken => {
                "compare the client's registration at the provider with docs/identity.md"
            }
            FinishError::Keys(error) => error.help(),
            FinishError::Token(error) => error.help(),
        }
    }
}

impl fmt::Display for FinishError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FinishError::OtherProvider => f.write_str("the sign-in began at another provider"),
            FinishError::TooLate => f.write_str("the sign-in began too long ago"),
            FinishError::Query => f.write_str("what came back from the provider cannot be read"),
            FinishError::State => f.write_str("what came back belongs to another sign-in"),
            FinishError::OtherIssuer => f.write_str("what came back is not from the provider the sign-in began at"),
            FinishError::Declined => f.write_str("the sign-in was declined"),
            FinishError::Provider { code } => write!(f, "the provider ended the sign-in (`{code}`)"),
            FinishError::Fetch(_) => f.write_str("the provider cannot be asked"),
            FinishError::CodeRefused => f.write_str("the provider does not take the code"),
            FinishError::TradeRefused { status, code } => write!(f, "the provider gives no token (HTTP status {status}, `{code}`)"),
            FinishError::NoToken => f.write_str("the provider's answer has no ID token"),
            FinishError::Keys(_) => f.write_str("the keys to check the sign-in with cannot be had"),
            FinishError::Token(_) => f.write_str("the provider's ID token is refused"),
        }
    }
}

impl std::error::Error for FinishError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            FinishError::Fetch(error) => Some(error),
            FinishError::Keys(error) => Some(error.as_ref()),
            FinishError::Token(error) => Some(error),
            _ => None,
        }
    }
}
