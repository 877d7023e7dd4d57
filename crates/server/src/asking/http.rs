//! The way to a witness over HTTP.

use std::time::Duration;
use std::{fmt, io};

use bezwaar_ledger::tlog::witness::{ANSWER_BYTES_MAX, TEXT_MEDIA_TYPE, parse_size};
use ureq::Agent;

use super::{Answer, AskWitness};
use crate::published::is_address;

/// The longest head of an answer that is read, in bytes.
const HEAD_BYTES_MAX: usize = 16 * 1024;

/// A witness at an address.
#[derive(Clone, Debug)]
pub struct HttpWitness {
    url: String,
    agent: Agent,
}

impl HttpWitness {
    /// The witness with this submission prefix (`https://…`), that may take so long for an answer.
    pub fn new(prefix: &str, within: Duration) -> Result<HttpWitness, HttpError> {
        if !is_address(prefix) {
            return Err(HttpError::Address);
        }
        Ok(HttpWitness { url: format!("{}/add-checkpoint", prefix.trim_end_matches('/')), agent: agent(within, 0) })
    }
}

/// What asks: without proxies of the environment, and within a time in which everything must be done.
pub(crate) fn agent(within: Duration, redirects_max: u32) -> Agent {
    let settings = Agent::config_builder()
        .http_status_as_error(false)
        .timeout_global(Some(within))
        .max_redirects(redirects_max)
        .max_response_header_size(HEAD_BYTES_MAX)
        .proxy(None)
        .user_agent(concat!("bezwaar/", env!("CARGO_PKG_VERSION")));
    settings.build().into()
}

impl AskWitness for HttpWitness {
    fn add_checkpoint(&self, body: &[u8]) -> Result<Answer, HttpError> {
        let request = self.agent.post(&self.url).content_type(TEXT_MEDIA_TYPE);
        let mut answer = request.send(body).map_err(|error| HttpError::NoAnswer(Box::new(error)))?;
        let status = answer.status().as_u16();
        if status != 200 && status != 409 {
            return Ok(Answer::Refused(status));
        }
        // This limit is one that must not be reached.
        let bytes = match answer.body_mut().with_config().limit(ANSWER_BYTES_MAX as u64 + 1).read_to_vec() {
            Ok(bytes) => bytes,
            Err(ureq::Error::BodyExceedsLimit(_)) => return Err(HttpError::TooLong),
            Err(error) => return Err(HttpError::NoAnswer(Box::new(error))),
        };
        if status == 200 { Ok(Answer::Cosigned(bytes)) } else { parse_size(&bytes).map(Answer::OtherSize).ok_or(HttpError::NotASize) }
    }
}

/// Why no answer of a witness could be had.
#[derive(Debug)]
#[non_exhaustive]
pub enum HttpError {
    /// Not an address.
    Address,
    /// No connection, or no answer in time. May pass.
    NoAnswer(Box<ureq::Error>),
    /// An answer longer than [`ANSWER_BYTES_MAX`].
    TooLong,
    /// An answer that there is a conflict, without the size the witness is at.
    NotASize,
    /// The system gives no thread to ask on.
    Thread(io::Error),
}

impl HttpError {
    /// What to do about it.
    pub fn help(&self) -> &'static str {
        match self {
            HttpError::Address => "name the witness's submission prefix: an address that begins with `https://` or `http://`",
            HttpError::NoAnswer(_) => "check the witness's address, and try again later",
            HttpError::TooLong | HttpError::NotASize => "check that there is a witness at that address, and not something else",
            HttpError::Thread(_) => "close other programs, and try again",
        }
    }
}

impl fmt::Display for HttpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            HttpError::Address => f.write_str("this is not the address of a witness"),
            HttpError::NoAnswer(_) => f.write_str("the address gives no answer"),
            HttpError::TooLong => write!(f, "the answer is over {ANSWER_BYTES_MAX} bytes"),
            HttpError::NotASize => f.write_str("the answer does not say what size the witness is at"),
            HttpError::Thread(_) => f.write_str("the request could not be sent"),
        }
    }
}

impl std::error::Error for HttpError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            HttpError::NoAnswer(error) => Some(error.as_ref()),
            HttpError::Thread(error) => Some(error),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_are_asked() {
        let second = Duration::from_secs(1);
        assert!(HttpWitness::new("https://witness.example/w1/", second).unwrap().url == "https://witness.example/w1/add-checkpoint");
        assert!(matches!(HttpWitness::new("witness.example", second), Err(HttpError::Address)));
        assert!(matches!(HttpWitness::new("file:///etc/passwd", second), Err(HttpError::Address)));
    }
}
