//! Giving messages to mail servers by other hands.

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bezwaar_server::identity::private::Secret;
use bezwaar_server::post::address::MailAddress;
use bezwaar_server::post::mailer::{
    Envelope, IDLE_MICROS_MAX, MESSAGE_BYTES_MAX, MailTls, Mailer, MailerError, MailerSettings, STEP_SECONDS_MAX, SendError,
};
use bezwaar_server::post::message::{Attachment, AttachmentKind, Message, Sender};
use serde_json::Value;
use tempfile::TempDir;

use crate::servers::{Server, mail_servers};
use crate::signing::{Counting, at};

const PASSWORD: &str = "pass word with ü";

struct Post {
    server: Server,
    folder: TempDir,
}

fn post() -> Option<Post> {
    let folder = tempfile::tempdir().unwrap();
    Some(Post { server: mail_servers(folder.path())?, folder })
}

impl Post {
    fn settings(&self, which: &str, tls: MailTls, password: Option<&str>) -> MailerSettings {
        MailerSettings {
            host: "localhost".to_owned(),
            port: u16::try_from(self.server.said[which].as_u64().unwrap()).unwrap(),
            tls,
            login: password.map(|password| ("portal".to_owned(), Secret::try_new(password).unwrap())),
            step_seconds_max: 2,
            hello_name: "portal.example.nl".to_owned(),
            authorities_pem: self.authority("authority.pem"),
        }
    }

    fn authority(&self, name: &str) -> Option<Vec<u8>> {
        Some(std::fs::read(self.folder.path().join(name)).unwrap())
    }

    fn mailer(&self, which: &str, tls: MailTls, password: Option<&str>) -> Mailer {
        Mailer::new(self.settings(which, tls, password)).unwrap()
    }

    /// What the servers took, by its number.
    fn taken(&self) -> BTreeMap<u32, Value> {
        let number = |path: &Path| path.file_stem()?.to_str()?.strip_prefix("message-")?.parse().ok();
        let files = std::fs::read_dir(self.folder.path()).unwrap().map(|entry| entry.unwrap().path());
        files.filter_map(|path| Some((number(&path)?, serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap()))).collect()
    }

    fn last(&self) -> Value {
        self.taken().last_entry().unwrap().get().clone()
    }
}

fn address(text: &str) -> MailAddress {
    MailAddress::parse(text).unwrap()
}

fn bytes(to: &MailAddress) -> Vec<u8> {
    let sender = Sender {
        address: address("privacy@example.nl"),
        name: "Voorbeeld".to_owned(),
        reply_to: None,
        domain: "portal.example.nl".to_owned(),
    };
    let attachments = [Attachment { name: "a.pdf", kind: AttachmentKind::Pdf, bytes: b"%PDF" }];
    let message =
        Message { to, subject: "Ontvangen ✓", text: "Hallo.\n.\n..\n", language: "nl", attachments: &attachments, sent_at: at(0) };
    message.to_bytes(&sender, &mut Counting(0)).unwrap()
}

fn send(mailer: &Mailer, to: &str, after_seconds: i64) -> Result<(), SendError> {
    let (from, to) = (address("privacy@example.nl"), address(to));
    mailer.send(&bytes(&to), &Envelope { from: &from, to: &to }, at(after_seconds))
}

#[test]
fn a_message_arrives_as_it_was_sent() {
    let Some(post) = post() else { return };
    let ways =
        [("plain", MailTls::None, None), ("starttls", MailTls::StartTls, Some(PASSWORD)), ("wrapped", MailTls::Required, Some(PASSWORD))];
    for (which, tls, password) in ways {
        let mailer = post.mailer(which, tls, password);
        mailer.probe().unwrap();
        send(&mailer, "anna@example.nl", 0).unwrap();
        let taken = post.last();
        assert_eq!(STANDARD.decode(taken["data"].as_str().unwrap()).unwrap(), bytes(&address("anna@example.nl")));
        assert_eq!((&taken["from"], &taken["to"]), (&"privacy@example.nl".into(), &vec!["anna@example.nl"].into()));
        assert_eq!(taken["hello"], "portal.example.nl");
        assert_eq!(taken["tls"], tls == MailTls::StartTls, "aiosmtpd says so of STARTTLS only");
        assert_eq!(taken["login"], password.map_or(Value::Null, |_| "portal".into()));
    }
    assert_eq!(post.taken().len(), 3);
}

#[test]
fn connections_are_used_again_for_a_minute() {
    let Some(post) = post() else { return };
    let mailer = post.mailer("starttls", MailTls::StartTls, Some(PASSWORD));
    let idle_seconds = IDLE_MICROS_MAX / 1_000_000;
    for seconds in [0, idle_seconds, 2 * idle_seconds + 1] {
        send(&mailer, "anna@example.nl", seconds).unwrap();
    }
    let peers: Vec<Value> = post.taken().into_values().map(|taken| taken["peer"].clone()).collect();
    assert_eq!(peers[0], peers[1]);
    assert_ne!(peers[1], peers[2]);
    // A refused message does not take the next one along.
    assert!(send(&mailer, "never@example.nl", 2 * idle_seconds + 1).is_err());
    send(&mailer, "anna@example.nl", 2 * idle_seconds + 1).unwrap();
    // Several at a time.
    std::thread::scope(|scope| {
        let sent: Vec<_> = (0..8).map(|_| scope.spawn(|| send(&mailer, "anna@example.nl", 200))).collect();
        assert!(sent.into_iter().all(|sent| sent.join().unwrap().is_ok()));
    });
    assert_eq!(post.taken().len(), 12);
}

#[test]
fn what_passes_is_told_from_what_does_not() {
    let Some(post) = post() else { return };
    let mailer = post.mailer("plain", MailTls::None, None);
    let code = |to: &str| match send(&mailer, to, 0).unwrap_err() {
        error @ SendError::Later { code } => (code, error.may_pass(), said(&error)),
        error @ SendError::Never { code } => (code, error.may_pass(), said(&error)),
        other => panic!("{other:?}"),
    };
    let expected = [("later", 451, true), ("never", 550, false), ("later-data", 452, true), ("never-data", 554, false)];
    for (to, expected_code, passes) in expected {
        let (found, may_pass, said) = code(&format!("{to}@example.nl"));
        assert_eq!((found, may_pass), (expected_code, passes));
        // The server names the address in what it says.
        assert!(!said.contains("example.nl"), "{said}");
    }
    assert!(post.taken().is_empty());
}

/// An error with all its causes.
fn said(error: &dyn std::error::Error) -> String {
    let source = error.source().map(said).unwrap_or_default();
    format!("{error} {error:?} {source}")
}

#[test]
fn a_server_that_cannot_be_used_takes_no_message() {
    let Some(post) = post() else { return };
    let fails = |settings: MailerSettings| {
        let mailer = Mailer::new(settings).unwrap();
        assert!(mailer.probe().is_err());
        let error = send(&mailer, "anna@example.nl", 0).unwrap_err();
        assert!(error.may_pass() && !said(&error).contains("anna") && !said(&error).contains(PASSWORD), "{error:?}");
        error
    };
    // A server that greets with never says nothing about the message.
    assert!(matches!(fails(post.settings("greets_with_never", MailTls::None, None)), SendError::Later { code: 554 }));
    assert!(matches!(fails(post.settings("greets_with_nonsense", MailTls::None, None)), SendError::Unreachable(_)));
    assert!(matches!(fails(post.settings("closes", MailTls::None, None)), SendError::Unreachable(_)));
    assert!(matches!(fails(MailerSettings { port: 9, ..post.settings("plain", MailTls::None, None) }), SendError::Unreachable(_)));
    assert!(matches!(fails(post.settings("plain", MailTls::StartTls, None)), SendError::NotPrivate));
    assert!(matches!(fails(post.settings("plain", MailTls::Required, None)), SendError::Unreachable(_)));
    for (which, tls, password) in
        [("starttls", MailTls::StartTls, "guessed"), ("wrapped", MailTls::Required, "guessed"), ("plain", MailTls::None, PASSWORD)]
    {
        let error = fails(post.settings(which, tls, Some(password)));
        assert!(matches!(error, SendError::Login), "{which}: {error:?}");
    }
    // Certificates: by another authority, by none that is known, for another name.
    for (which, tls) in [("starttls", MailTls::StartTls), ("wrapped", MailTls::Required)] {
        for authorities_pem in [post.authority("other.pem"), None] {
            let settings = MailerSettings { authorities_pem, ..post.settings(which, tls, Some(PASSWORD)) };
            assert!(matches!(fails(settings), SendError::Unreachable(Some(_))));
        }
        let by_address = MailerSettings { host: "127.0.0.1".to_owned(), ..post.settings(which, tls, Some(PASSWORD)) };
        assert!(Mailer::new(by_address).unwrap().probe().is_ok(), "the certificate names the address as well");
        let by_other = MailerSettings { host: "127.0.0.2".to_owned(), ..post.settings(which, tls, Some(PASSWORD)) };
        assert!(matches!(fails(by_other), SendError::Unreachable(_)));
    }
    assert!(post.taken().is_empty());
}

#[test]
fn a_server_that_says_nothing_is_not_waited_for_long() {
    // It takes the connection and is silent: nobody accepts it.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let settings = MailerSettings {
        host: "127.0.0.1".to_owned(),
        port: listener.local_addr().unwrap().port(),
        tls: MailTls::None,
        login: None,
        step_seconds_max: 1,
        hello_name: "portal.example.nl".to_owned(),
        authorities_pem: None,
    };
    let began = std::time::Instant::now();
    let error = send(&Mailer::new(settings).unwrap(), "anna@example.nl", 0).unwrap_err();
    assert!(matches!(error, SendError::Unreachable(_)) && error.may_pass());
    assert!((1..=5).contains(&began.elapsed().as_secs()), "{:?}", began.elapsed());
}

#[test]
fn nothing_but_a_message_is_sent() {
    // Nobody listens there: what is no message is told before anybody is asked.
    let settings = MailerSettings {
        host: "127.0.0.1".to_owned(),
        port: 9,
        tls: MailTls::None,
        login: None,
        step_seconds_max: STEP_SECONDS_MAX,
        hello_name: "portal.example.nl".to_owned(),
        authorities_pem: None,
    };
    let mailer = Mailer::new(settings).unwrap();
    let (from, to) = (address("privacy@example.nl"), address("anna@example.nl"));
    let send = |message: &[u8]| mailer.send(message, &Envelope { from: &from, to: &to }, at(0)).unwrap_err();
    for wrong in ["", "x", "x\n", "x\r", "a\nb\r\n", "a\rb\r\n", "a\r\r\n", "\n.\r\nMAIL FROM:<x@y.nl>\r\n", "é\r\n", "\0\r\n"] {
        assert!(matches!(send(wrong.as_bytes()), SendError::Message), "{wrong:?}");
    }
    assert!(matches!(send(b"x\r\n"), SendError::Unreachable(_)));
    let long = |bytes: usize| [vec![b'x'; bytes - 2], b"\r\n".to_vec()].concat();
    assert!(matches!(send(&long(MESSAGE_BYTES_MAX)), SendError::Unreachable(_)));
    assert!(matches!(send(&long(MESSAGE_BYTES_MAX + 1)), SendError::Message));
}

#[test]
fn a_way_that_others_can_read_is_for_this_machine_only() {
    let new = |host: &str, tls, hello: &str, authorities_pem: Option<&[u8]>| {
        let (host, hello_name, authorities_pem) = (host.to_owned(), hello.to_owned(), authorities_pem.map(<[u8]>::to_vec));
        Mailer::new(MailerSettings { host, port: 25, tls, login: None, step_seconds_max: 1, hello_name, authorities_pem }).map(|_| ())
    };
    let spellings = [("required", MailTls::Required), ("starttls", MailTls::StartTls), ("none", MailTls::None)];
    assert!(spellings.iter().all(|(text, tls)| MailTls::lookup(text) == Some(*tls)));
    assert!(["", "None", "opportunistic", "tls"].iter().all(|text| MailTls::lookup(text).is_none()));
    for host in ["localhost", "127.0.0.1", "127.7.7.7", "[::1]"] {
        assert_eq!(new(host, MailTls::None, "a.nl", None), Ok(()), "{host}");
    }
    for host in ["smtp.example.nl", "localhost.example.nl", "10.0.0.1", "0.0.0.0", "[::]"] {
        assert_eq!(new(host, MailTls::None, "a.nl", None), Err(MailerError::NotPrivate), "{host}");
        assert_eq!(new(host, MailTls::StartTls, "a.nl", None), Ok(()), "{host}");
    }
    for host in ["", "a b", "a:25", "smtp://a"] {
        assert_eq!(new(host, MailTls::Required, "a.nl", None), Err(MailerError::Host), "{host}");
    }
    for hello in ["", "a b", "a\r\nMAIL FROM:<x@y.nl>"] {
        assert_eq!(new("localhost", MailTls::None, hello, None), Err(MailerError::HelloName));
    }
    assert_eq!(new("localhost", MailTls::Required, "a.nl", Some(b"x")), Err(MailerError::Authorities));
}
