//! Listening and answering over HTTP/1.1: bounded connections, heads and waits, and an end that lets requests under way be answered.
//!
//! It speaks no TLS: what listens here stands behind a reverse proxy where others are to reach it.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;
use std::{fmt, io};

use axum::Router;
use axum::http::Request;
use hyper::server::conn::http1;
use hyper::service::Service;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpStream;
use tokio::runtime::{Builder, Runtime};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::timeout;

/// How long requests under way may still take when the server is asked to stop, in seconds.
pub const STOP_SECONDS_MAX: u64 = 5;
/// After a failed `accept` (no file handles left, say) there is no use in trying again at once.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// How many threads answer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Threads {
    /// Those that read and write connections.
    pub(crate) workers: usize,
    /// Those that may wait for disks and other servers.
    pub(crate) blocking: usize,
}

/// What strangers may take up.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// The most connections at a time; others wait.
    pub(crate) connections: usize,
    /// The longest head of a request, in bytes.
    pub(crate) head_bytes: usize,
    /// How long a head may take to arrive. A connection without requests is closed after as long.
    pub(crate) request_time: Duration,
}

/// Listens, and does not answer yet.
pub(crate) struct Listener {
    runtime: Runtime,
    listener: tokio::net::TcpListener,
    address: SocketAddr,
    stop: [Signal; 2],
}

impl Listener {
    /// Listens at an address; port 0 takes a free one. From here on SIGTERM and SIGINT do not end the process, but the [run](Listener::run).
    pub(crate) fn bind(address: SocketAddr, threads: Threads) -> Result<Listener, ServeError> {
        let mut builder = if threads.workers > 1 { Builder::new_multi_thread() } else { Builder::new_current_thread() };
        if threads.workers > 1 {
            builder.worker_threads(threads.workers);
        }
        let runtime = builder.enable_all().max_blocking_threads(threads.blocking).build().map_err(ServeError::Start)?;
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
        Ok(Listener { runtime, listener, address, stop: [terminate, interrupt] })
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers until SIGTERM or SIGINT, or until `stopped` is done; requests under way are answered first.
    pub(crate) fn run(self, router: Router, limits: Limits, stopped: impl Future<Output = ()>) {
        let Listener { runtime, listener, stop: [mut terminate, mut interrupt], .. } = self;
        runtime.block_on(async move {
            let asked = async {
                tokio::select! {
                    _ = terminate.recv() => {}
                    _ = interrupt.recv() => {}
                    () = stopped => {}
                }
            };
            accept(listener, router, limits, asked).await;
        });
    }
}

async fn accept(listener: tokio::net::TcpListener, router: Router, limits: Limits, stopped: impl Future<Output = ()>) {
    let places = Arc::new(Semaphore::new(limits.connections));
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
            Ok((stream, peer)) => {
                let (router, stop) = (router.clone(), stop.clone());
                connections.spawn(async move {
                    connection((stream, peer), router, limits, stop).await;
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
async fn connection((stream, peer): (TcpStream, SocketAddr), router: Router, limits: Limits, mut stop: watch::Receiver<bool>) {
    let _ = stream.set_nodelay(true);
    let mut settings = http1::Builder::new();
    settings.timer(TokioTimer::new()).header_read_timeout(limits.request_time).max_buf_size(limits.head_bytes);
    let service = WithPeer { peer: Peer(peer), inner: TowerToHyperService::new(router) };
    let connection = settings.serve_connection(TokioIo::new(stream), service);
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

/// Where a connection comes from; every request has it among its extensions.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Peer(pub(crate) SocketAddr);

/// Puts the peer into every request.
struct WithPeer<S> {
    peer: Peer,
    inner: S,
}

impl<B, S: Service<Request<B>>> Service<Request<B>> for WithPeer<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn call(&self, mut request: Request<B>) -> Self::Future {
        request.extensions_mut().insert(self.peer);
        self.inner.call(request)
    }
}

/// Why nothing can be served.
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
