//! A portal over a register in a folder of its own, spoken to over a socket.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use bezwaar_core::account::Account;
use bezwaar_core::policy::PolicySet;
use bezwaar_core::policy::read::{PolicyFile, read_policies};
use bezwaar_core::time::Instant;
use bezwaar_ledger::tlog::policy::TrustPolicy;
use bezwaar_letter::contacts::Contacts;
use bezwaar_letter::holidays::Holidays;
use bezwaar_register::engine::{Opening, Parts as EngineParts, Register};
use bezwaar_register::folder;
use bezwaar_register::keys::{Purpose, verifiers};
use bezwaar_register::randomness::{Randomness, RandomnessError};
use bezwaar_register::settings::{Settings as RegisterSettings, StoreKind};
use bezwaar_server::portal::secrets::Secrets;
use bezwaar_server::portal::sessions::Who;
use bezwaar_server::portal::settings::{Role, Settings};
use bezwaar_server::portal::speech::Speeches;
use bezwaar_server::portal::{Parts, Portal};

/// 2026-11-22T12:00:00Z.
pub(crate) const NOW: i64 = 1_795_348_800;

/// Bytes nobody needs to keep from guessing, and no two alike.
pub(crate) struct Counted(u64);

impl Randomness for Counted {
    fn fill(&mut self, buffer: &mut [u8]) -> Result<(), RandomnessError> {
        use sha2::Digest as _;
        for chunk in buffer.chunks_mut(32) {
            self.0 += 1;
            let bytes = sha2::Sha256::digest(self.0.to_be_bytes());
            chunk.copy_from_slice(&bytes[..chunk.len()]);
        }
        Ok(())
    }
}

pub(crate) fn at(seconds: i64) -> Instant {
    Instant::from_micros((NOW + seconds) * 1_000_000)
}

pub(crate) fn policies_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../policies")
}

/// One of the shipped policies.
pub(crate) fn policies() -> PolicySet {
    let folder = policies_folder();
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder.join("meta")).unwrap() {
        let path = entry.unwrap().path();
        files.push(PolicyFile {
            path: path.display().to_string(),
            folder: "meta".into(),
            stem: path.file_stem().unwrap().to_str().unwrap().into(),
            text: std::fs::read_to_string(&path).unwrap(),
        });
    }
    let services = std::fs::read_to_string(folder.join("services.toml")).unwrap();
    read_policies(&files, Some(("services.toml", &services))).unwrap()
}

/// A register in a folder, with a portal that can be started and stopped.
pub(crate) struct World {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) clock: Arc<AtomicI64>,
    pub(crate) traces: Arc<Mutex<Vec<String>>>,
    /// What `portal.toml` says besides the least it must.
    pub(crate) settings: String,
    /// Companies people can write to instead: none unless a test says so.
    pub(crate) contacts: Contacts,
    seed: u64,
}

impl World {
    pub(crate) fn new(settings: &str) -> World {
        let world = World {
            folder: tempfile::tempdir().unwrap(),
            clock: Arc::new(AtomicI64::new(NOW * 1_000_000)),
            traces: Arc::default(),
            settings: settings.to_owned(),
            contacts: Contacts::default(),
            seed: 1_000,
        };
        let settings = RegisterSettings {
            origin: "ledger.example/objections".to_owned(),
            domain: "gate.example".to_owned(),
            store: StoreKind::Sqlite,
            anchor: world.folder.path().join("anchor"),
            witnesses: None,
            covers: Vec::new(),
        };
        drop(folder::create(&world.register_folder(), &settings, EngineParts::on_disk(Box::new(Counted(0))), at(0)).unwrap());
        world
    }

    pub(crate) fn register_folder(&self) -> PathBuf {
        self.folder.path().join("register")
    }

    pub(crate) fn register(&mut self) -> Register {
        self.seed += 1_000_000;
        let parts = EngineParts::on_disk(Box::new(Counted(self.seed)));
        let now = Instant::from_micros(self.clock.load(Ordering::SeqCst));
        folder::open(&self.register_folder(), parts, Opening::default(), now).unwrap().0
    }

    pub(crate) fn start(&mut self) -> Running {
        let register = self.register();
        let text = format!(
            "base-url = \"http://127.0.0.1:7390\"\n{}\n[organisation]\nname = \"Voorbeeld BV\"\ncontact = \"privacy@example.org\"\n\
             [policies]\nfolder = \"policies\"\nown = [\"meta\"]\nservices = [\"facebook\", \"instagram\"]\n",
            self.settings
        );
        let settings = Settings::parse(&text).unwrap();
        let policies = policies();
        let (clock, traces) = (Arc::clone(&self.clock), Arc::clone(&self.traces));
        let parts = Parts {
            folder: self.register_folder(),
            beside: self.folder.path().to_owned(),
            services: policies.services.clone(),
            operators: verifiers(&register.statements(), Purpose::Operator),
            trust: TrustPolicy::of_ledger(register.keys().ledger().unwrap().verifier().clone()),
            speeches: Speeches::of(&settings.languages, &[], &Default::default()).unwrap(),
            settings,
            policies,
            contacts: self.contacts.clone(),
            holidays: Holidays::none(),
            secrets: Secrets::from_bytes([7; 32]),
            clock: Arc::new(move || Instant::from_micros(clock.load(Ordering::SeqCst))),
            random: Box::new(Counted(self.seed + 500_000)),
            tracer: Arc::new(move |line| traces.lock().unwrap().push(line.to_owned())),
        };
        let portal = Portal::bind("127.0.0.1:0".parse().unwrap(), register, parts).unwrap();
        let address = portal.address();
        let person = |text: &str| Who::Person { account: Account::from_canonical(text).unwrap(), born: None };
        let member = |id: &str, role| Who::Member { id: id.to_owned(), roles: vec![role] };
        let noor = portal.sign_in(person("facebook:id:1001"));
        let evi = portal.sign_in(person("facebook:id:1002"));
        let supervisor = portal.sign_in(member("sam", Role::Supervisor));
        let handler = portal.sign_in(member("han", Role::Handler));
        let approvers = ["one", "two"].map(|id| portal.sign_in(member(id, Role::Approver)));
        let (stop, stopped) = tokio::sync::oneshot::channel();
        let thread = std::thread::spawn(move || {
            portal.run(async {
                let _ = stopped.await;
            });
        });
        Running { address, noor, evi, supervisor, handler, approvers, stop: Some(stop), thread: Some(thread) }
    }
}

/// A portal that answers until it is dropped, and who is signed in.
pub(crate) struct Running {
    pub(crate) address: SocketAddr,
    pub(crate) noor: String,
    pub(crate) evi: String,
    pub(crate) supervisor: String,
    pub(crate) handler: String,
    pub(crate) approvers: [String; 2],
    stop: Option<tokio::sync::oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.stop.take().unwrap().send(());
        self.thread.take().unwrap().join().unwrap();
    }
}

/// An HTTP answer.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(other, _)| other.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    /// Where it leads, and the cookies it sets, as they are sent back.
    pub(crate) fn onward(&self) -> (String, Vec<(String, String)>) {
        assert_eq!(self.status, 303, "{}", self.text());
        let set = self.headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case("set-cookie"));
        let cookies = set.map(|(_, value)| value.split(';').next().unwrap().split_once('=').unwrap());
        (self.header("location").unwrap().to_owned(), cookies.map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// The code of a problem; its form is checked in passing.
    pub(crate) fn problem(&self) -> String {
        assert_eq!(self.header("content-type"), Some("application/problem+json"), "{}", self.text());
        let body = self.json();
        assert_eq!(body["status"].as_u64(), Some(u64::from(self.status)));
        assert!(!body["title"].as_str().unwrap().is_empty() && !body["detail"].as_str().unwrap().is_empty());
        body["type"].as_str().unwrap().strip_prefix("http://127.0.0.1:7390/api/v1/problems/").unwrap().to_owned()
    }

    /// Where a problem says something is wrong.
    pub(crate) fn pointers(&self) -> Vec<String> {
        let body = self.json();
        let errors = body["errors"].as_array().cloned().unwrap_or_default();
        errors.iter().map(|one| one["pointer"].as_str().or(one["parameter"].as_str()).unwrap().to_owned()).collect()
    }
}

impl Running {
    pub(crate) fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        let mut stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        let mut head = format!("{method} {path} HTTP/1.1\r\nhost: portal\r\nconnection: close\r\ncontent-length: {}\r\n", body.len());
        for (name, value) in headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        stream.write_all(format!("{head}\r\n").as_bytes()).unwrap();
        // A server that refuses a body may close before it has read it.
        let _ = stream.write_all(body);
        let mut bytes = Vec::new();
        let _ = stream.read_to_end(&mut bytes);
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
        let head = std::str::from_utf8(&bytes[..end]).unwrap();
        let mut lines = head.split("\r\n");
        let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
        let headers = lines.map(|line| line.split_once(": ").unwrap()).map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        Answer { status, headers, body: bytes[end + 4..].to_vec() }
    }

    /// Sends a form, as a browser does.
    pub(crate) fn form(&self, path: &str, session: Option<&str>, fields: &[(&str, &str)]) -> Answer {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let cookie = session.map(|session| format!("session={session}")).unwrap_or_default();
        let headers = [("content-type", "application/x-www-form-urlencoded"), ("origin", "http://127.0.0.1:7390"), ("cookie", &cookie)];
        self.ask("POST", path, &headers, body.as_bytes())
    }

    /// The mark of the form on a page whose address ends so.
    pub(crate) fn mark(&self, page: &str, action: &str, session: Option<&str>) -> String {
        let cookie = session.map(|session| format!("session={session}")).unwrap_or_default();
        let page = self.ask("GET", page, &[("cookie", &cookie)], b"");
        let text = page.text();
        let form = text.split(&format!("action=\"{action}\"")).nth(1).unwrap_or_else(|| panic!("no form leads to {action}: {text}"));
        form.split("name=\"form\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned()
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, &[], b"")
    }

    pub(crate) fn get_as(&self, session: &str, path: &str) -> Answer {
        self.ask("GET", path, &[("cookie", &format!("session={session}"))], b"")
    }

    pub(crate) fn post(&self, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let headers = [&[("content-type", "application/json")], headers].concat();
        self.ask("POST", path, &headers, body.as_bytes())
    }

    /// With a session and its mark.
    pub(crate) fn post_as(&self, session: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let mark = self.get_as(session, "/api/v1/session").json()["form"].as_str().unwrap().to_owned();
        let cookie = format!("session={session}");
        let headers = [&[("cookie", cookie.as_str()), ("bezwaar-form", mark.as_str())], headers].concat();
        self.post(path, &headers, body)
    }
}
