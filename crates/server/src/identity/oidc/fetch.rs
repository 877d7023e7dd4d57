//! The way to a provider over HTTP.

use std::fmt;
use std::time::Duration;

use ureq::Agent;
use ureq::http::Response;
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, parse_pem};
use zeroize::Zeroizing;

/// The longest answer of a provider that is read, in bytes.
pub const ANSWER_BYTES_MAX: usize = 256 * 1024;
/// How long a provider may take for an answer, in seconds.
pub const REQUEST_SECONDS_MAX: u64 = 10;
/// The longest head of an answer that is read, in bytes.
const HEAD_BYTES_MAX: usize = 16 * 1024;

/// A way to ask a provider. Redirects are not followed: where the endpoints are, the provider has said.
pub trait Fetch: Send + Sync {
    /// Reads a document.
    fn get(&self, url: &str) -> Result<Answer, FetchError>;

    /// Trades a code for tokens.
    fn post(&self, request: &TokenRequest) -> Result<Answer, FetchError>;
}

/// A request to the token endpoint. It holds secrets; its `Debug` does not show them.
pub struct TokenRequest {
    /// Where to.
    pub url: String,
    /// The `Authorization` header, if there is one.
    pub authorization: Option<Zeroizing<String>>,
    /// The body: `application/x-www-form-urlencoded`.
    pub form: Zeroizing<String>,
}

impl fmt::Debug for TokenRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TokenRequest({}, …)", self.url)
    }
}

/// What a provider answers. It may hold tokens; its `Debug` does not show them.
#[derive(Clone)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The body, at most [`ANSWER_BYTES_MAX`] bytes.
    pub body: Zeroizing<Vec<u8>>,
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Answer({}, …)", self.status)
    }
}

/// Asks over HTTP, without proxies of the environment.
#[derive(Clone, Debug)]
pub struct HttpFetch {
    agent: Agent,
}

impl HttpFetch {
    /// Asks providers whose certificates the usual authorities have signed (Mozilla's list).
    pub fn new() -> HttpFetch {
        HttpFetch::with_roots(None)
    }

    /// Asks providers whose certificates one of these authorities has signed, and no others: certificates in PEM.
    pub fn with_authorities(pem: &[u8]) -> Result<HttpFetch, FetchError> {
        certificates(pem).map(|authorities| HttpFetch::with_roots(Some(&authorities))).ok_or(FetchError::Authorities)
    }

    fn with_roots(roots: Option<&[Certificate<'static>]>) -> HttpFetch {
        let roots = roots.map_or(RootCerts::WebPki, RootCerts::new_with_certs);
        let settings = Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(Duration::from_secs(REQUEST_SECONDS_MAX)))
            .max_redirects(0)
            .max_redirects_will_error(false)
            .max_response_header_size(HEAD_BYTES_MAX)
            .proxy(None)
            .user_agent(concat!("bezwaar/", env!("CARGO_PKG_VERSION")))
            .tls_config(TlsConfig::builder().root_certs(roots).build());
        HttpFetch { agent: settings.build().into() }
    }
}

/// One or more certificates in PEM, and nothing else. `None`: that is not what it is.
pub(crate) fn certificates(pem: &[u8]) -> Option<Vec<Certificate<'static>>> {
    let certificates: Option<Vec<_>> = parse_pem(pem)
        .map(|item| match item {
            Ok(PemItem::Certificate(certificate)) => Some(certificate),
            _ => None,
        })
        .collect();
    certificates.filter(|certificates| !certificates.is_empty())
}

impl Default for HttpFetch {
    fn default() -> HttpFetch {
        HttpFetch::new()
    }
}

impl Fetch for HttpFetch {
    fn get(&self, url: &str) -> Result<Answer, FetchError> {
        read(self.agent.get(url).header("Accept", "application/json").call())
    }

    fn post(&self, request: &TokenRequest) -> Result<Answer, FetchError> {
        let mut sending = self.agent.post(&request.url).header("Accept", "application/json");
        sending = sending.content_type("application/x-www-form-urlencoded");
        if let Some(authorization) = &request.authorization {
            sending = sending.header("Authorization", authorization.as_str());
        }
        read(sending.send(request.form.as_bytes()))
    }
}

fn read(answer: Result<Response<ureq::Body>, ureq::Error>) -> Result<Answer, FetchError> {
    let mut answer = answer.map_err(|error| FetchError::NoAnswer(Box::new(error)))?;
    let status = answer.status().as_u16();
    // This limit is one that must not be reached.
    match answer.body_mut().with_config().limit(ANSWER_BYTES_MAX as u64 + 1).read_to_vec() {
        Ok(body) => Ok(Answer { status, body: Zeroizing::new(body) }),
        Err(ureq::Error::BodyExceedsLimit(_)) => Err(FetchError::TooLong),
        Err(error) => Err(FetchError::NoAnswer(Box::new(error))),
    }
}

/// Why there is no answer of a provider.
#[derive(Debug)]
#[non_exhaustive]
pub enum FetchError {
    /// No connection, or no answer in time. May pass. HTTP status 502.
    NoAnswer(Box<ureq::Error>),
    /// An answer longer than [`ANSWER_BYTES_MAX`]. HTTP status 502.
    TooLong,
    /// The authorities are not certificates in PEM. Fatal at start-up.
    Authorities,
}

impl FetchError {
    /// What to do about it.
    pub fn help(&self) -> &'static str {
        match self {
            FetchError::NoAnswer(_) => "check the provider's address and certificate, and try again later",
            FetchError::TooLong => "check that there is a provider at that address, and not something else",
            FetchError::Authorities => "give a file with one or more certificates: `-----BEGIN CERTIFICATE-----`",
        }
    }
}

impl fmt::Display for FetchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FetchError::NoAnswer(_) => f.write_str("the provider gives no answer"),
            FetchError::TooLong => write!(f, "the provider's answer is over {ANSWER_BYTES_MAX} bytes"),
            FetchError::Authorities => f.write_str("the authorities are not certificates"),
        }
    }
}

impl std::error::Error for FetchError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            FetchError::NoAnswer(error) => Some(error.as_ref()),
            _ => None,
        }
    }
}
