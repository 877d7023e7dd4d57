//! The portal as a service: it listens, answers, and publishes the ledger about once a second.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bezwaar_register::desk::Desk;
use bezwaar_register::engine::{Register, RegisterError};

use super::app::{App, Parts, Shared, router};
use super::counter::Counter;
use super::extracting;
use super::mailing::{self, Mailing};
use super::periodic::Periodic;
use super::templates::TemplateError;
use crate::serving::{Limits, Listener, ServeError, Threads};

/// The most connections at a time; others wait.
pub const CONNECTIONS_MAX: usize = 1_024;
/// How long the head of a request may take to arrive, in seconds.
pub const REQUEST_SECONDS_MAX: u64 = 15;
/// How often the ledger is published, in milliseconds.
pub const PUBLISH_EVERY_MS: u64 = 1_000;
const HEAD_BYTES_MAX: usize = 32 << 10;
const WORKERS: usize = 2;
/// Threads that may wait for a disk.
const BLOCKING_MAX: usize = 32;

/// A portal that listens, and does not answer yet.
pub struct Portal {
    listener: Listener,
    app: Shared,
    publishing: Periodic,
    sending: Periodic,
    extracting: Option<Periodic>,
}

impl fmt::Debug for Portal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Portal")
    }
}

impl Portal {
    /// Listens at an address; port 0 takes a free one.
    ///
    /// # Errors
    /// [`PortalError`]: settings that do not fit the policies, an address that is taken, a register that fails.
    pub fn bind(address: SocketAddr, register: Register, parts: Parts) -> Result<Portal, PortalError> {
        let clock = Arc::clone(&parts.clock);
        let listener = Listener::bind(address, Threads { workers: WORKERS, blocking: BLOCKING_MAX }).map_err(PortalError::Serve)?;
        let desk = Desk::start(register, Arc::new(move || clock())).map_err(PortalError::Register)?;
        let mailing = Mailing::of(&parts.settings, &parts.beside)?;
        let app = App::new(parts, Counter::new(desk))?;
        let own = Arc::clone(&app);
        let publishing = Periodic::start(move || {
            publish(&own);
            Duration::from_millis(PUBLISH_EVERY_MS)
        });
        let extracting = extracting::start(&app);
        let sending = mailing::start(&app, mailing);
        Ok(Portal { listener, app, publishing, sending, extracting })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.listener.address()
    }

    /// Signs somebody in, and gives the secret of their cookie: for tests, and no part of what this crate promises.
    #[doc(hidden)]
    pub fn sign_in(&self, who: super::sessions::Who) -> String {
        self.app.sessions.begin(who, self.app.random(), self.app.now())
    }

    /// Answers until SIGTERM or SIGINT, or until `stopped` is done; then everything that was taken is published.
    pub fn run(self, stopped: impl Future<Output = ()>) {
        let Portal { listener, app, publishing, sending, extracting } = self;
        let limits =
            Limits { connections: CONNECTIONS_MAX, head_bytes: HEAD_BYTES_MAX, request_time: Duration::from_secs(REQUEST_SECONDS_MAX) };
        listener.run(router(Arc::clone(&app)), limits, stopped);
        std::iter::once(sending).chain(extracting).for_each(Periodic::stop);
        publishing.stop();
        publish(&app);
    }
}

fn publish(app: &Shared) {
    static FAILING: AtomicBool = AtomicBool::new(false);
    match app.counter.desk().publish() {
        Ok(_) => {
            FAILING.store(false, Ordering::Relaxed);
            app.api.published_at.store(app.now().as_micros(), Ordering::Relaxed);
        }
        Err(error) => {
            // Told once, not every second.
            if !FAILING.swap(true, Ordering::Relaxed) {
                app.trace(&format!("the ledger was not published: {error}; {}", error.help()));
            }
        }
    }
}

/// Why there is no portal.
#[derive(Debug)]
#[non_exhaustive]
pub enum PortalError {
    /// It cannot listen.
    Serve(ServeError),
    /// The register fails.
    Register(RegisterError),
    /// A template cannot be read: a fault of the program.
    Template(TemplateError),
    /// The settings name a policy there is none of.
    NoSuchPolicy {
        /// Its id.
        policy: String,
    },
    /// The settings name a service there is none of.
    NoSuchService {
        /// Its id.
        service: String,
    },
    /// A way to sign in cannot be used.
    SignIn {
        /// Why.
        because: String,
        /// What to do about it.
        help: &'static str,
    },
    /// Mail cannot be sent as the settings say.
    Mail {
        /// Why.
        because: String,
        /// What to do about it.
        help: &'static str,
    },
}

impl fmt::Display for PortalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PortalError::Serve(error) => write!(f, "{error}"),
            PortalError::Register(error) => write!(f, "{error}"),
            PortalError::Template(error) => write!(f, "{error}"),
            PortalError::NoSuchPolicy { policy } => write!(f, "`policies.own` names `{policy}`, and the folder has no such policy"),
            PortalError::SignIn { because, .. } => write!(f, "nobody can sign in as the settings say: {because}"),
            PortalError::Mail { because, .. } => write!(f, "mail cannot be sent as the settings say: {because}"),
            PortalError::NoSuchService { service } => write!(f, "`policies.services` names `{service}`, and no such service is known"),
        }
    }
}

impl PortalError {
    /// What to do about it.
    pub fn help(&self) -> &'static str {
        match self {
            PortalError::Serve(error) => error.help(),
            PortalError::Register(error) => error.help(),
            PortalError::Template(_) => "this is a fault of the program: please report it",
            PortalError::SignIn { help, .. } | PortalError::Mail { help, .. } => help,
            PortalError::NoSuchPolicy { .. } => "`bezwaar policy list` shows the policies of a folder",
            PortalError::NoSuchService { .. } => "add it to `services.toml` in the folder of policies, or take it out of `portal.toml`",
        }
    }
}

impl std::error::Error for PortalError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            PortalError::Serve(error) => error.source(),
            PortalError::Register(error) => error.source(),
            PortalError::Template(error) => error.source(),
            PortalError::NoSuchPolicy { .. }
            | PortalError::NoSuchService { .. }
            | PortalError::SignIn { .. }
            | PortalError::Mail { .. } => None,
        }
    }
}
