//! A ledger to witness, a witness to ask, and HTTP by hand.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use bezwaar_core::time::Instant;
use bezwaar_ledger::tlog::checkpoint::{Checkpoint, Origin, SignedCheckpoint};
use bezwaar_ledger::tlog::cosignature::{PosixSeconds, verify_cosignature};
use bezwaar_ledger::tlog::note::{KeyName, SignatureType, SigningKey, VerifierKey};
use bezwaar_ledger::tlog::proof::{MemoryTree, consistency_proof};
use bezwaar_ledger::tlog::tile::new_tiles;
use bezwaar_ledger::tlog::witness::AddCheckpoint;
use bezwaar_ledger::tlog::{Hash, leaf_hash};
use bezwaar_server::witness::{Report, Server, Witness};

pub(crate) const ORIGIN: &str = "ledger.example/one";
/// 2026-01-01T00:00:00Z.
pub(crate) const NOW: u64 = 1_767_225_600;

pub(crate) fn at(seconds: u64) -> Instant {
    Instant::from_micros(i64::try_from(seconds).unwrap() * 1_000_000)
}

pub(crate) fn ledger_key(name: &str, seed: u8) -> SigningKey {
    SigningKey::from_seed(KeyName::new(name).unwrap(), SignatureType::Ed25519, &[seed; 32])
}

pub(crate) fn witness_key(name: &str, seed: u8) -> SigningKey {
    SigningKey::from_seed(KeyName::new(name).unwrap(), SignatureType::CosignatureV1, &[seed; 32])
}

/// A ledger that signs whatever it is told to.
#[derive(Clone)]
pub(crate) struct Ledger {
    pub(crate) key: SigningKey,
    pub(crate) tree: MemoryTree,
}

impl Ledger {
    pub(crate) fn new(size: u64) -> Ledger {
        let mut ledger = Ledger { key: ledger_key(ORIGIN, 1), tree: MemoryTree::new() };
        ledger.grow("entry", size);
        ledger
    }

    /// Appends entries until it has so many.
    pub(crate) fn grow(&mut self, what: &str, size: u64) -> &mut Ledger {
        for index in self.tree.size()..size {
            self.tree.push_hash(leaf_hash(format!("{what} {index}").as_bytes()));
        }
        self
    }

    pub(crate) fn origin(&self) -> Origin {
        Origin::from(self.key.name())
    }

    pub(crate) fn checkpoint(&self) -> SignedCheckpoint {
        let checkpoint = Checkpoint::new(self.origin(), self.tree.size(), self.tree.root()).unwrap();
        SignedCheckpoint::sign(checkpoint, &self.key).unwrap()
    }

    pub(crate) fn proof(&self, old_size: u64) -> Vec<Hash> {
        if old_size == 0 { Vec::new() } else { consistency_proof(&self.tree, old_size, self.tree.size()).unwrap() }
    }

    /// The body that asks for the present tree, by someone who thinks the witness has so many entries.
    pub(crate) fn body(&self, old_size: u64) -> Vec<u8> {
        AddCheckpoint::new(old_size, self.proof(old_size), self.checkpoint()).unwrap().to_string().into_bytes()
    }

    /// Publishes tiles and checkpoint as static files.
    pub(crate) fn publish(&self, folder: &Path) {
        fs::create_dir_all(folder).unwrap();
        for tile in new_tiles(0, self.tree.size()) {
            let path = folder.join(tile.path());
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, tile.bytes(&self.tree).unwrap()).unwrap();
        }
        fs::write(folder.join("checkpoint"), self.checkpoint().to_string()).unwrap();
    }
}

pub(crate) fn open(folder: &Path) -> Witness {
    open_for(folder, vec![ledger_key(ORIGIN, 1).verifier().clone()])
}

pub(crate) fn open_for(folder: &Path, ledgers: Vec<VerifierKey>) -> Witness {
    Witness::open(witness_key("witness.example/w1", 9), ledgers, folder).unwrap().0
}

/// The time of the cosignature that these signature lines put under a checkpoint.
pub(crate) fn cosigned_at(checkpoint: &SignedCheckpoint, lines: &str, witness: &VerifierKey) -> PosixSeconds {
    let mut cosigned = checkpoint.clone();
    cosigned.add_signature_lines(lines).unwrap();
    verify_cosignature(&cosigned, witness).unwrap()
}

/// A witness that serves until it is dropped.
pub(crate) struct Serving {
    pub(crate) address: SocketAddr,
    pub(crate) vkey: VerifierKey,
    pub(crate) clock: Arc<AtomicI64>,
    /// What was reported: status, and whether there was evidence.
    pub(crate) reports: Arc<Mutex<Vec<(u16, bool)>>>,
    stop: Option<tokio::sync::oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Serving {
    pub(crate) fn start(witness: Witness) -> Serving {
        Serving::start_with(witness, Duration::from_secs(10))
    }

    pub(crate) fn start_with(witness: Witness, request_time: Duration) -> Serving {
        let clock = Arc::new(AtomicI64::new(i64::try_from(NOW).unwrap()));
        let reports = Arc::new(Mutex::new(Vec::new()));
        let vkey = witness.key().clone();
        let (shown, kept) = (clock.clone(), reports.clone());
        let server = Server::bind(
            "127.0.0.1:0".parse().unwrap(),
            witness,
            Arc::new(move || Instant::from_micros(shown.load(Ordering::SeqCst) * 1_000_000)),
            Arc::new(move |report: &Report| kept.lock().unwrap().push((report.answer.status(), report.evidence.is_some()))),
        );
        let server = server.unwrap().with_request_time(request_time);
        let address = server.address();
        let (stop, stopped) = tokio::sync::oneshot::channel();
        let thread = std::thread::spawn(move || {
            server.run(async {
                let _ = stopped.await;
            });
        });
        Serving { address, vkey, clock, reports, stop: Some(stop), thread: Some(thread) }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn post(&self, body: &[u8]) -> Answered {
        Connection::open(self.address).post("/add-checkpoint", body)
    }

    pub(crate) fn get(&self, path: &str) -> Answered {
        Connection::open(self.address).get(path)
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.stop.take().unwrap().send(());
        self.thread.take().unwrap().join().unwrap();
    }
}

/// An HTTP answer.
#[derive(Debug)]
pub(crate) struct Answered {
    pub(crate) status: u16,
    pub(crate) content_type: String,
    pub(crate) body: String,
}

/// A connection, spoken to by hand.
pub(crate) struct Connection {
    pub(crate) stream: BufReader<TcpStream>,
}

impl Connection {
    pub(crate) fn open(address: SocketAddr) -> Connection {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        Connection { stream: BufReader::new(stream) }
    }

    pub(crate) fn send(&mut self, bytes: &[u8]) {
        self.stream.get_mut().write_all(bytes).unwrap();
    }

    pub(crate) fn post(&mut self, path: &str, body: &[u8]) -> Answered {
        let head = format!("POST {path} HTTP/1.1\r\nhost: witness\r\ncontent-length: {}\r\n\r\n", body.len());
        self.send(&[head.as_bytes(), body].concat());
        self.answer().unwrap()
    }

    pub(crate) fn get(&mut self, path: &str) -> Answered {
        self.send(format!("GET {path} HTTP/1.1\r\nhost: witness\r\n\r\n").as_bytes());
        self.answer().unwrap()
    }

    /// Reads an answer; `None` if the connection ends instead.
    pub(crate) fn answer(&mut self) -> Option<Answered> {
        let mut line = String::new();
        if self.stream.read_line(&mut line).ok()? == 0 {
            return None;
        }
        let status = line.split(' ').nth(1)?.parse().ok()?;
        let (mut content_type, mut length) = (String::new(), 0);
        loop {
            line.clear();
            self.stream.read_line(&mut line).ok()?;
            match line.trim_end().split_once(": ") {
                Some(("content-type", value)) => value.clone_into(&mut content_type),
                Some(("content-length", value)) => length = value.parse().ok()?,
                Some(_) => {}
                None => break,
            }
        }
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body).ok()?;
        Some(Answered { status, content_type, body: String::from_utf8(body).unwrap() })
    }
}

/// An address whose every path is answered as a function says: a status, with headers if there are any, and a body.
pub(crate) fn answering(answer: impl Fn(&str) -> (String, Vec<u8>) + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = BufReader::new(stream.unwrap());
            let mut first = String::new();
            stream.read_line(&mut first).unwrap();
            let mut line = String::new();
            while stream.read_line(&mut line).unwrap() > 2 {
                line.clear();
            }
            let (status, body) = answer(first.split(' ').nth(1).unwrap());
            let head = format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
            let _ = stream.get_mut().write_all(&[head.as_bytes(), &body].concat());
        }
    });
    format!("http://{address}")
}
