//! The witness over HTTP/1.1: `POST /add-checkpoint` of [c2sp.org/tlog-witness](https://c2sp.org/tlog-witness), and two pages to read.
//!
//! It speaks no TLS: it listens on this machine, and a reverse proxy or a bastion stands before it where others are to reach it.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;
use std::{fmt, io};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, Response, StatusCode, header};
use axum::routing::{get, post};
use bezwaar_core::time::Instant;
use bezwaar_ledger::tlog::witness::TEXT_MEDIA_TYPE;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpStream;
use tokio::runtime::{Builder, Runtime};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::service::{Answer, Report, Witness};
use super::state::file_name;

/// The longest body of `add-checkpoint`, in bytes: 63 proof lines and a checkpoint with a hundred signatures are under half of it. A note could be larger, but a
/// witness that answers anybody need not read that.
pub const BODY_BYTES_MAX: usize = 128 * 1024;
/// The most connections at a time; others wait.
pub const CONNECTIONS_MAX: usize = 256;
/// How long a request may take to arrive, in seconds: its head, and then its body. A connection without requests is closed after as long.
pub const REQUEST_SECONDS_MAX: u64 = 10;
/// How long requests under way may still take when the server is asked to stop, in seconds.
pub const STOP_SECONDS_MAX: u64 = 5;
/// The most checkpoints judged at a time.
const WORKERS_MAX: usize = 8;
const HEAD_BYTES_MAX: usize = 16 * 1024;
/// After a failed `accept` (no file handles left, say) there is no use in trying again at once.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

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
    runtime: Runtime,
    listener: tokio::net::TcpListener,
    address: SocketAddr,
    stop: [Signal; 2],
    shared: Shared,
}

impl Server {
    /// Listens at an address; port 0 takes a free one. From here on SIGTERM and SIGINT do not end the process, but the [run](Server::run).
    pub fn bind(address: SocketAddr, witness: Witness, clock: Clock, observer: Observer) -> Result<Server, ServeError> {
        let runtime = Builder::new_current_thread().enable_all().max_blocking_threads(WORKERS_MAX).build().map_err(ServeError::Start)?;
        let inside = runtime.enter();
        let listen = |error| ServeError::Listen { address, error };
        let listener = TcpListener::bind(address).map_err(listen)?;
        listener.set_nonblocking(true).map_err(listen)?;
        let listener = tokio::net::TcpListener::from_std(listener).map_err(listen)?;
        let address = listener.local_addr().map_err(listen)?;
        let stop = [SignalKind::terminate(), SignalKind::interrupt()].map(signal);
        let [Ok(terminate), Ok(interrupt)] = stop else {
            return Err(ServeError::Start(io::Error::other("signals cannot be received")));
        };
        drop(inside);
        let request_time = Duration::from_secs(REQUEST_SECONDS_MAX);
        let shared = Shared { witness: Arc::new(witness), clock, observer, request_time };
        Ok(Server { runtime, listener, address, stop: [terminate, interrupt], shared })
    }

    /// Gives requests another time to arrive in than [`REQUEST_SECONDS_MAX`].
    #[must_use]
    pub fn with_request_time(mut self, request_time: Duration) -> Server {
        self.shared.request_time = request_time;
        self
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers until SIGTERM or SIGINT, or until `stopped` is done; requests under way are answered first.
    pub fn run(self, stopped: impl Future<Output = ()>) {
        let Server { runtime, listener, stop: [mut terminate, mut interrupt], shared, .. } = self;
        runtime.block_on(async move {
            let asked = async {
                tokio::select! {
                    _ = terminate.recv() => {}
                    _ = interrupt.recv() => {}
                    () = stopped => {}
                }
            };
            accept(listener, shared, asked).await;
        });
    }
}

async fn accept(listener: tokio::net::TcpListener, shared: Shared, stopped: impl Future<Output = ()>) {
    let router = router(shared.clone());
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let (stopping, stop) = watch::channel(false);
    let mut connections = JoinSet::new();
    tokio::pin!(stopped);
    loop {
        while connections.try_join_next().is_some() {}
        let next = async {
            let place = places.clone().acquire_owned().await;
            (place, listener.accept().await)
        };
        let (place, accepted) = tokio::select! {
            () = &mut stopped => break,
            next = next => next,
        };
        match accepted {
            Ok((stream, _)) => {
                let (router, stop, request_time) = (router.clone(), stop.clone(), shared.request_time);
                connections.spawn(async move {
                    connection(stream, router, request_time, stop).await;
                    drop(place);
                });
            }
            Err(_) => tokio::time::sleep(ACCEPT_PAUSE).await,
        }
    }
    drop(listener);
    let _ = stopping.send(true);
    let _ = timeout(Duration::from_secs(STOP_SECONDS_MAX), async { while connections.join_next().await.is_some() {} }).await;
}

/// Serves one connection until it ends, or until the request under way is answered when the server is to stop.
async fn connection(stream: TcpStream, router: Router, request_time: Duration, mut stop: watch::Receiver<bool>) {
    let _ = stream.set_nodelay(true);
    let mut settings = http1::Builder::new();
    settings.timer(TokioTimer::new()).header_read_timeout(request_time).max_buf_size(HEAD_BYTES_MAX);
    let connection = settings.serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    tokio::pin!(connection);
    // What goes wrong on a connection is the other side's matter: it gets no answer, and nothing was promised to it.
    tokio::select! {
        _ = connection.as_mut() => {}
        _ = stop.changed() => {
            connection.as_mut().graceful_shutdown();
            let _ = connection.await;
        }
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

/// Why a witness cannot serve.
#[derive(Debug)]
#[non_exhaustive]
pub enum ServeError {
    /// The address is taken, or not one of this machine.
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why.
        error: io::Error,
    },
    /// The system gives no threads or signals.
    Start(io::Error),
}

impl fmt::Display for ServeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ServeError::Listen { address, .. } => write!(f, "cannot listen on {address}"),
            ServeError::Start(_) => f.write_str("the server cannot be started"),
        }
    }
}

impl ServeError {
    /// What to do about it.
    pub fn help(&self) -> &'static str {
        match self {
            ServeError::Listen { .. } => "choose another port, or port 0 for a free one; and an address of this machine, such as 127.0.0.1",
            ServeError::Start(_) => "see what the cause says",
        }
    }
}

impl std::error::Error for ServeError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            ServeError::Listen { error, .. } | ServeError::Start(error) => Some(error),
        }
    }
}
