//! The witness over HTTP/1.1: `POST /add-checkpoint` of [c2sp.org/tlog-witness](https://c2sp.org/tlog-witness), and two pages to read.
//!
//! It speaks no TLS: it listens on this machine, and a reverse proxy or a bastion stands before it where others are to reach it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, Response, StatusCode, header};
use axum::routing::{get, post};
use bezwaar_core::time::Instant;
use bezwaar_ledger::tlog::witness::TEXT_MEDIA_TYPE;
use tokio::time::timeout;

use super::service::{Answer, Report, Witness};
use super::state::file_name;
use crate::serving::{Limits, Listener, Threads};

pub use crate::serving::{STOP_SECONDS_MAX, ServeError};

/// The longest body of `add-checkpoint`, in bytes: 63 proof lines and a checkpoint with a hundred signatures are under half of it. A note could be larger, but a
/// witness that answers anybody need not read that.
pub const BODY_BYTES_MAX: usize = 128 * 1024;
/// The most connections at a time; others wait.
pub const CONNECTIONS_MAX: usize = 256;
/// How long a request may take to arrive, in seconds: its head, and then its body. A connection without requests is closed after as long.
pub const REQUEST_SECONDS_MAX: u64 = 10;
/// The most checkpoints judged at a time.
const WORKERS_MAX: usize = 8;
const HEAD_BYTES_MAX: usize = 16 * 1024;

/// Says what time it is.
pub type Clock = Arc<dyn Fn() -> Instant + Send + Sync>;
/// Is told of what was answered, for the trace of whoever runs the witness.
pub type Observer = Arc<dyn Fn(&Report) + Send + Sync>;

/// What all requests share.
#[derive(Clone)]
struct Shared {
    witness: Arc<Witness>,
    clock: Clock,
    observer: Observer,
    request_time: Duration,
}

/// A witness that listens, and does not answer yet.
pub struct Server {
    listener: Listener,
    shared: Shared,
}

impl Server {
    /// Listens at an address; port 0 takes a free one. From here on SIGTERM and SIGINT do not end the process, but the [run](Server::run).
    pub fn bind(address: SocketAddr, witness: Witness, clock: Clock, observer: Observer) -> Result<Server, ServeError> {
        let listener = Listener::bind(address, Threads { workers: 1, blocking: WORKERS_MAX })?;
        let request_time = Duration::from_secs(REQUEST_SECONDS_MAX);
        Ok(Server { listener, shared: Shared { witness: Arc::new(witness), clock, observer, request_time } })
    }

    /// Gives requests another time to arrive in than [`REQUEST_SECONDS_MAX`].
    #[must_use]
    pub fn with_request_time(mut self, request_time: Duration) -> Server {
        self.shared.request_time = request_time;
        self
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.listener.address()
    }

    /// Answers until SIGTERM or SIGINT, or until `stopped` is done; requests under way are answered first.
    pub fn run(self, stopped: impl Future<Output = ()>) {
        let Server { listener, shared } = self;
        let limits = Limits { connections: CONNECTIONS_MAX, head_bytes: HEAD_BYTES_MAX, request_time: shared.request_time };
        listener.run(router(shared), limits, stopped);
    }
}

fn router(shared: Shared) -> Router {
    Router::new()
        .route("/", get(who))
        .route("/add-checkpoint", post(add_checkpoint))
        .route("/checkpoints/{ledger}", get(latest))
        .fallback(|| async { text(StatusCode::NOT_FOUND, "there is nothing here; see /\n") })
        .with_state(shared)
}

/// `GET /`: who this is.
async fn who(State(shared): State<Shared>) -> Response<Body> {
    let witness = &shared.witness;
    let ledgers: String = witness.ledgers().map(|origin| format!("  {origin}\n    /checkpoints/{}\n", file_name(origin))).collect();
    let page = format!(
        "This is a witness of ledgers (c2sp.org/tlog-witness). It cosigns the checkpoints of a ledger as long as each continues the one before.\n\n\
         Its name is {}, and its public key\n  {}\n\nIt is asked with POST /add-checkpoint, and watches\n{ledgers}",
        witness.key().name(),
        witness.key(),
    );
    text(StatusCode::OK, page)
}

/// `GET /checkpoints/HEX`: the latest cosigned checkpoint of the ledger whose origin has this SHA-256.
async fn latest(State(shared): State<Shared>, Path(ledger): Path<String>) -> Response<Body> {
    let found = tokio::task::spawn_blocking(move || {
        let origin = shared.witness.ledgers().find(|origin| file_name(origin) == ledger)?.clone();
        Some(shared.witness.held(&origin))
    });
    match found.await {
        Ok(Some(Ok(Some(held)))) => text(StatusCode::OK, held.checkpoint.to_string()),
        Ok(Some(Ok(None))) => text(StatusCode::NOT_FOUND, "this ledger has not been cosigned yet\n"),
        Ok(None) => text(StatusCode::NOT_FOUND, "this witness does not watch such a ledger\n"),
        Ok(Some(Err(_))) | Err(_) => text(StatusCode::INTERNAL_SERVER_ERROR, "the record of this ledger cannot be read\n"),
    }
}

/// `POST /add-checkpoint`.
async fn add_checkpoint(State(shared): State<Shared>, request: Request) -> Response<Body> {
    let too_long = || closing(text(StatusCode::PAYLOAD_TOO_LARGE, format!("the body is over {BODY_BYTES_MAX} bytes\n")));
    if declared_length(request.headers()).is_some_and(|length| length > BODY_BYTES_MAX as u64) {
        return too_long();
    }
    let body = match timeout(shared.request_time, to_bytes(request.into_body(), BODY_BYTES_MAX)).await {
        Ok(Ok(body)) => body,
        Ok(Err(_)) => return too_long(),
        Err(_) => return closing(text(StatusCode::REQUEST_TIMEOUT, "the body did not arrive in time\n")),
    };
    let judged = tokio::task::spawn_blocking(move || {
        let report = shared.witness.add_checkpoint(&body, (shared.clock)());
        (shared.observer)(&report);
        report.answer
    });
    match judged.await {
        Ok(answer) => response(&answer),
        Err(_) => text(StatusCode::INTERNAL_SERVER_ERROR, "the witness failed\n"),
    }
}

fn declared_length(headers: &HeaderMap) -> Option<u64> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

fn response(answer: &Answer) -> Response<Body> {
    let status = StatusCode::from_u16(answer.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    typed(status, answer.media_type(), answer.body())
}

fn text(status: StatusCode, body: impl Into<Body>) -> Response<Body> {
    typed(status, TEXT_MEDIA_TYPE, body)
}

fn typed(status: StatusCode, content_type: &'static str, body: impl Into<Body>) -> Response<Body> {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, header::HeaderValue::from_static(content_type));
    headers.insert(header::CACHE_CONTROL, header::HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, header::HeaderValue::from_static("nosniff"));
    response
}

/// The connection ends after this answer: the rest of the request is not waited for.
fn closing(mut response: Response<Body>) -> Response<Body> {
    response.headers_mut().insert(header::CONNECTION, header::HeaderValue::from_static("close"));
    response
}
