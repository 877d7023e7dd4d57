//! The way to a mail server (RFC 5321), and which failures pass.
//!
//! What a server has taken is its own to deliver. When a connection breaks after the last byte it may have taken the message all the same: sending again then
//! brings it twice, which is better than not at all.

use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use bezwaar_core::time::Instant;
use lettre::address::Envelope as ClientEnvelope;
use lettre::transport::smtp::Error as ClientError;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{Certificate, CertificateStore, SmtpConnection, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use url::Host;

use super::address::{MailAddress, is_label};
use crate::identity::oidc::certificates;
use crate::identity::private::Secret;

/// How long the server may take for each step, in seconds.
pub const STEP_SECONDS_MAX: u64 = 30;
/// How long a server may take to say that a connection still works, or to say goodbye, in seconds.
pub const ASIDE_SECONDS_MAX: u64 = 2;
/// How many connections are kept open for the next message.
pub const IDLE_CONNECTIONS_MAX: usize = 2;
/// How long a connection is kept open for the next message: a minute, in microseconds. Servers wait five (RFC 5321, section 4.5.3.2.7).
pub const IDLE_MICROS_MAX: i64 = 60 * 1_000_000;
const ASIDE: Duration = Duration::from_secs(ASIDE_SECONDS_MAX);
/// The longest message that is sent, in bytes.
pub const MESSAGE_BYTES_MAX: usize = 16 * 1024 * 1024;

/// How what is sent is kept from others on the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MailTls {
    /// TLS from the first byte (RFC 8314, section 3.3): port 465.
    Required,
    /// TLS by STARTTLS (RFC 3207); a server that does not offer it gets nothing: port 587.
    StartTls,
    /// None: for a server on this machine itself only.
    None,
}

impl MailTls {
    /// The way with this spelling in a configuration.
    pub fn lookup(text: &str) -> Option<MailTls> {
        match text {
            "required" => Some(MailTls::Required),
            "starttls" => Some(MailTls::StartTls),
            "none" => Some(MailTls::None),
            _ => None,
        }
    }
}

/// Which mail server to give messages to.
#[derive(Clone, Debug)]
pub struct MailerSettings {
    /// Its name, which its certificate must have, or its IP address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the way is kept private.
    pub tls: MailTls,
    /// User and password, if it wants them.
    pub login: Option<(String, Secret)>,
    /// How long the server may take for each step, in seconds: [`STEP_SECONDS_MAX`], or less.
    pub step_seconds_max: u64,
    /// What this machine calls itself to the server: the portal's domain.
    pub hello_name: String,
    /// Authorities that sign the server's certificate, in PEM; no others are believed then. `None`: the usual ones (Mozilla's list).
    pub authorities_pem: Option<Vec<u8>>,
}

impl MailerSettings {
    fn step_seconds(&self) -> u64 {
        self.step_seconds_max.clamp(1, STEP_SECONDS_MAX)
    }
}

/// Whom a message goes to, and whom it bounces to.
#[derive(Clone, Debug)]
pub struct Envelope<'e> {
    /// The sender's address.
    pub from: &'e MailAddress,
    /// The address of who gets it.
    pub to: &'e MailAddress,
}

/// Gives messages to a mail server. Can be used from several threads.
pub struct Mailer {
    settings: MailerSettings,
    /// The host as it was read, so that whoever connects cannot read it otherwise.
    host: String,
    tls: Option<TlsParameters>,
    idle: Mutex<Vec<Idle>>,
}

struct Idle {
    connection: SmtpConnection,
    used_at: Instant,
}

impl fmt::Debug for Mailer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Mailer({}:{})", self.settings.host, self.settings.port)
    }
}

impl Mailer {
    /// Knows a server; asks it nothing yet.
    pub fn new(settings: MailerSettings) -> Result<Mailer, MailerError> {
        let host = Host::parse(&settings.host).map_err(|_| MailerError::Host)?;
        let own_machine = match &host {
            Host::Domain(name) => name == "localhost",
            Host::Ipv4(address) => address.is_loopback(),
            Host::Ipv6(address) => address.is_loopback(),
        };
        if settings.tls == MailTls::None && !own_machine {
            return Err(MailerError::NotPrivate);
        }
        if !settings.hello_name.split('.').all(is_label) {
            return Err(MailerError::HelloName);
        }
        let host = match host {
            Host::Domain(name) => name,
            Host::Ipv4(address) => address.to_string(),
            Host::Ipv6(address) => address.to_string(),
        };
        let tls = if settings.tls == MailTls::None { None } else { Some(tls(&host, settings.authorities_pem.as_deref())?) };
        Ok(Mailer { settings, host, tls, idle: Mutex::new(Vec::new()) })
    }

    /// Gives the server a message: ASCII, every line ended by CR LF, as [`Message::to_bytes`](super::message::Message::to_bytes) makes it.
    pub fn send(&self, message: &[u8], envelope: &Envelope<'_>, now: Instant) -> Result<(), SendError> {
        if message.len() > MESSAGE_BYTES_MAX || !is_in_lines(message) {
            return Err(SendError::Message);
        }
        let client = |address: &MailAddress| address.to_client().map_err(|_| SendError::Message);
        let client_envelope =
            ClientEnvelope::new(Some(client(envelope.from)?), vec![client(envelope.to)?]).map_err(|_| SendError::Message)?;
        let mut connection = match self.take_idle(now) {
            Some(connection) => connection,
            None => self.connect()?,
        };
        // The client ends the last line itself.
        connection.send(&client_envelope, message.strip_suffix(b"\r\n").unwrap_or(message)).map_err(SendError::of_message)?;
        self.keep(connection, now);
        Ok(())
    }

    /// Whether the server can be reached and takes the login, without sending anything.
    pub fn probe(&self) -> Result<(), SendError> {
        close(self.connect()?);
        Ok(())
    }

    fn connect(&self) -> Result<SmtpConnection, SendError> {
        let MailerSettings { port, tls, login, hello_name, .. } = &self.settings;
        let hello = ClientId::Domain(hello_name.clone());
        let within = Some(Duration::from_secs(self.settings.step_seconds()));
        let from_the_start = self.tls.as_ref().filter(|_| *tls == MailTls::Required);
        let place = (self.host.as_str(), *port);
        let mut connection = SmtpConnection::connect(place, within, &hello, from_the_start, None).map_err(SendError::of_server)?;
        if let (MailTls::StartTls, Some(parameters)) = (tls, &self.tls) {
            if !connection.can_starttls() {
                close(connection);
                return Err(SendError::NotPrivate);
            }
            connection.starttls(parameters, &hello).map_err(SendError::of_server)?;
        }
        if let Some((user, password)) = login {
            let credentials = Credentials::new(user.clone(), password.expose_secret().to_owned());
            connection.auth(&[Mechanism::Plain, Mechanism::Login], &credentials).map_err(SendError::of_login)?;
        }
        Ok(connection)
    }

    /// A connection that was used a moment ago and still answers.
    fn take_idle(&self, now: Instant) -> Option<SmtpConnection> {
        loop {
            let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop()?;
            let unused = now.as_micros().saturating_sub(idle.used_at.as_micros());
            if (0..=IDLE_MICROS_MAX).contains(&unused) && self.still_works(&mut idle.connection) {
                return Some(idle.connection);
            }
            close(idle.connection);
        }
    }

    fn still_works(&self, connection: &mut SmtpConnection) -> bool {
        let step = Duration::from_secs(self.settings.step_seconds());
        connection.set_timeout(Some(ASIDE)).is_ok() && connection.test_connected() && connection.set_timeout(Some(step)).is_ok()
    }

    fn keep(&self, connection: SmtpConnection, now: Instant) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if connection.has_broken() || idle.len() >= IDLE_CONNECTIONS_MAX {
            drop(idle);
            close(connection);
        } else {
            idle.push(Idle { connection, used_at: now });
        }
    }
}

impl Drop for Mailer {
    fn drop(&mut self) {
        for idle in self.idle.get_mut().unwrap_or_else(PoisonError::into_inner).drain(..) {
            close(idle.connection);
        }
    }
}

/// Says goodbye, and does not wait long for an answer: there may be nobody left.
fn close(mut connection: SmtpConnection) {
    if connection.set_timeout(Some(ASIDE)).is_ok() {
        connection.abort();
    }
}

fn tls(host: &str, authorities_pem: Option<&[u8]>) -> Result<TlsParameters, MailerError> {
    let mut builder = TlsParameters::builder(host.to_owned()).certificate_store(CertificateStore::WebpkiRoots);
    if let Some(pem) = authorities_pem {
        builder = builder.certificate_store(CertificateStore::None);
        for authority in certificates(pem).ok_or(MailerError::Authorities)? {
            let certificate = Certificate::from_der(authority.der().to_vec()).map_err(|_| MailerError::Authorities)?;
            builder = builder.add_root_certificate(certificate);
        }
    }
    builder.build().map_err(|_| MailerError::Authorities)
}

/// Whether no line ends in anything but CR LF. A server that takes a lone LF for a line end could take a part of the message for commands.
fn is_in_lines(message: &[u8]) -> bool {
    let mut before = 0;
    let ends_sound = message.iter().all(|byte| {
        let sound = byte.is_ascii() && *byte != 0 && (*byte == b'\n') == (before == b'\r');
        before = *byte;
        sound
    });
    ends_sound && message.ends_with(b"\r\n")
}

/// Why a mail server cannot be used. All are fatal at start-up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum MailerError {
    /// Not a host's name or address.
    Host,
    /// No TLS to another machine.
    NotPrivate,
    /// What this machine calls itself is not a name.
    HelloName,
    /// The authorities are not certificates in PEM.
    Authorities,
}

impl MailerError {
    /// What to do about it.
    pub fn help(&self) -> &'static str {
        match self {
            MailerError::Host => "name the mail server, such as `smtp.example.nl`",
            MailerError::NotPrivate => "use `tls = \"starttls\"` or `tls = \"required\"`; `none` is for a server on this machine only",
            MailerError::HelloName => "name the portal's domain, such as `privacy.example.nl`",
            MailerError::Authorities => "give a file with one or more certificates: `-----BEGIN CERTIFICATE-----`",
        }
    }
}

impl fmt::Display for MailerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            MailerError::Host => "this is not a mail server",
            MailerError::NotPrivate => "mail to another machine would be readable on the way",
            MailerError::HelloName => "the name this machine gives itself is not one",
            MailerError::Authorities => "the authorities are not certificates",
        })
    }
}

impl std::error::Error for MailerError {}

/// Why a message was not taken.
#[derive(Debug)]
#[non_exhaustive]
pub enum SendError {
    /// No connection, no answer in time, or no TLS that can be believed. May pass.
    Unreachable(Option<Box<ClientError>>),
    /// The server says: not now (4yz). May pass.
    Later {
        /// The reply code.
        code: u16,
    },
    /// The server says: never (5yz): this address, or this message. Fatal for the message.
    Never {
        /// The reply code.
        code: u16,
    },
    /// The server does not take the login. Passes when the configuration is right.
    Login,
    /// The server does not offer STARTTLS, and nothing was sent. Passes when the server's or our configuration is right.
    NotPrivate,
    /// What should be sent is no message, or over [`MESSAGE_BYTES_MAX`]. Fatal for the message; a fault of the program.
    Message,
}

impl SendError {
    /// Whether to try again later.
    pub fn may_pass(&self) -> bool {
        match self {
            SendError::Unreachable(_) | SendError::Later { .. } | SendError::Login | SendError::NotPrivate => true,
            SendError::Never { .. } | SendError::Message => false,
        }
    }

    /// What to do about it.
    pub fn help(&self) -> &'static str {
        match self {
            SendError::Unreachable(_) => "check the mail server's name, port and certificate, and that it is up",
            SendError::Later { .. } => "wait: it is sent again later",
            SendError::Never { .. } => "look at the mail server's own traces; the address may not exist",
            SendError::Login => "check the user and the password of the mail server",
            SendError::NotPrivate => "let the mail server offer STARTTLS, or use its port for TLS with `tls = \"required\"`",
            SendError::Message => "report this as a fault",
        }
    }

    fn of_message(error: ClientError) -> SendError {
        match error.status().map(u16::from) {
            Some(code) if error.is_permanent() => SendError::Never { code },
            Some(code) => SendError::Later { code },
            None => SendError::unreachable(error),
        }
    }

    /// A server that greets with no says nothing about the message.
    fn of_server(error: ClientError) -> SendError {
        match error.status().map(u16::from) {
            Some(code) => SendError::Later { code },
            None => SendError::unreachable(error),
        }
    }

    fn of_login(error: ClientError) -> SendError {
        if error.is_permanent() || error.is_client() { SendError::Login } else { SendError::of_server(error) }
    }

    /// What a server says is not kept: there may be an address in it.
    fn unreachable(error: ClientError) -> SendError {
        SendError::Unreachable(if error.is_response() { None } else { Some(Box::new(error)) })
    }
}

impl fmt::Display for SendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SendError::Unreachable(_) => f.write_str("the mail server cannot be reached"),
            SendError::Later { code } => write!(f, "the mail server does not take the message now (reply code {code})"),
            SendError::Never { code } => write!(f, "the mail server refuses the message (reply code {code})"),
            SendError::Login => f.write_str("the mail server does not take the login"),
            SendError::NotPrivate => f.write_str("the mail server offers no privacy on the way"),
            SendError::Message => f.write_str("this is not a message that can be sent"),
        }
    }
}

impl std::error::Error for SendError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            SendError::Unreachable(Some(error)) => Some(error.as_ref()),
            _ => None,
        }
    }
}
