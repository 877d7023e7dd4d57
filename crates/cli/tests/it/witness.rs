//! `bezwaar witness`: real processes on this machine.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use bezwaar_ledger::tlog::checkpoint::{Checkpoint, Origin, SignedCheckpoint};
use bezwaar_ledger::tlog::cosignature::verify_cosignature;
use bezwaar_ledger::tlog::leaf_hash;
use bezwaar_ledger::tlog::note::{KeyName, SignatureType, SigningKey, VerifierKey};
use bezwaar_ledger::tlog::proof::{MemoryTree, consistency_proof};
use bezwaar_ledger::tlog::tile::new_tiles;
use bezwaar_ledger::tlog::witness::AddCheckpoint;
use insta::assert_snapshot;

use crate::bezwaar::Bench;

fn ledger_key() -> SigningKey {
    SigningKey::from_seed(KeyName::new("ledger.example/one").unwrap(), SignatureType::Ed25519, &[1; 32])
}

fn tree(what: &str, from: u64, size: u64) -> MemoryTree {
    let mut tree = MemoryTree::new();
    for index in 0..size {
        tree.push_hash(leaf_hash(format!("{} {index}", if index < from { "entry" } else { what }).as_bytes()));
    }
    tree
}

fn signed(tree: &MemoryTree) -> SignedCheckpoint {
    let key = ledger_key();
    SignedCheckpoint::sign(Checkpoint::new(Origin::from(key.name()), tree.size(), tree.root()).unwrap(), &key).unwrap()
}

fn body(tree: &MemoryTree, old_size: u64) -> String {
    let proof = if old_size == 0 { Vec::new() } else { consistency_proof(tree, old_size, tree.size()).unwrap() };
    AddCheckpoint::new(old_size, proof, signed(tree)).unwrap().to_string()
}

/// A bench with a witness's key, and that key's public half.
fn bench() -> (Bench, VerifierKey) {
    let bench = Bench::new();
    let made = bench.command(&["witness", "key", "--name", "witness.example/w1", "--output", "witness.key"]).output().unwrap();
    let vkey = VerifierKey::parse(String::from_utf8(made.stdout).unwrap().trim_end()).unwrap();
    (bench, vkey)
}

fn publish(bench: &Bench, tree: &MemoryTree) {
    for tile in new_tiles(0, tree.size()) {
        bench.write(&format!("public/{}", tile.path()), tile.bytes(tree).unwrap());
    }
    bench.write("public/checkpoint", signed(tree).to_string());
}

fn follow(bench: &Bench) -> String {
    let ledger = ledger_key().verifier().to_string();
    bench.run(&["witness", "follow", "--state", "state", "--key", "witness.key", "--ledger", &ledger, "--from", "public", "--once"])
}

/// A witness that serves, and where.
pub(super) struct Serving {
    pub(super) child: Child,
    pub(super) address: String,
}

impl Serving {
    fn start(bench: &Bench) -> Serving {
        Serving::spawn(bench.command(&[]), ("state", "witness.key"), &ledger_key().verifier().to_string())
    }

    /// Goes on in the folder of a command: with this memory and this key, for this ledger.
    pub(super) fn spawn(mut command: Command, (state, key): (&str, &str), ledger: &str) -> Serving {
        command.args(["witness", "serve", "--state", state, "--key", key, "--ledger", ledger, "--listen", "127.0.0.1:0"]);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        let ready: serde_json::Value = serde_json::from_str(&line).unwrap();
        Serving { child, address: ready["listening"].as_str().unwrap().to_owned() }
    }

    /// The answer to a body; `None` if the witness was gone before it came.
    fn ask(address: &str, body: &str) -> Option<(u16, String)> {
        let mut stream = TcpStream::connect(address).ok()?;
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        let request =
            format!("POST /add-checkpoint HTTP/1.1\r\nhost: w\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}", body.len());
        stream.write_all(request.as_bytes()).ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        let (head, body) = answer.split_once("\r\n\r\n")?;
        Some((head.split(' ').nth(1)?.parse().ok()?, body.to_owned()))
    }

    fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        assert!(std::process::Command::new("kill").args([name, &id]).status().unwrap().success());
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_key_is_for_its_owner_only_and_never_written_over() {
    let (bench, vkey) = bench();
    assert_eq!(vkey.signature_type(), SignatureType::CosignatureV1);
    let file = bench.path("witness.key");
    assert_eq!(std::os::unix::fs::PermissionsExt::mode(&fs::metadata(&file).unwrap().permissions()) & 0o777, 0o600);
    assert_eq!(SigningKey::parse(&fs::read_to_string(&file).unwrap()).unwrap().verifier(), &vkey);
    let before = fs::read(&file).unwrap();
    assert_snapshot!(bench.run(&["witness", "key", "--name", "witness.example/w1", "--output", "witness.key"]), @"
    exit code 1
    --- stderr
    error: `witness.key` is there already
    help: name another file: a key that is written over is lost, and with it everything it vouches for
    ");
    assert_eq!(fs::read(&file).unwrap(), before);
    let refused = bench.run(&["witness", "key", "--name", "with space", "--output", "other.key"]);
    assert!(refused.starts_with("exit code 2") && !bench.path("other.key").exists(), "{refused}");
}

#[test]
fn a_ledger_is_followed_and_cosigned() {
    let (bench, vkey) = bench();
    publish(&bench, &tree("entry", 0, 300));
    let first = follow(&bench);
    assert!(first.contains("note: `state` is new: this witness has seen nothing yet"), "{first}");
    publish(&bench, &tree("entry", 0, 700));
    let second = follow(&bench);
    assert!(second.starts_with("exit code 0\n--- stdout\nledger.example/one\n700\n"), "{second}");
    let note = second.split_once("--- stdout\n").unwrap().1;
    let cosigned = SignedCheckpoint::parse(format!("{}\n", note.trim_end()).as_bytes()).unwrap();
    assert!(verify_cosignature(&cosigned, &vkey).is_ok() && cosigned.verify(ledger_key().verifier()).is_ok());
    let ledger = ledger_key().verifier().to_string();
    let args = [
        "witness",
        "follow",
        "--state",
        "state",
        "--key",
        "witness.key",
        "--ledger",
        &ledger,
        "--from",
        "public",
        "--once",
        "--output",
        "latest",
    ];
    assert_snapshot!(bench.run(&args), @"exit code 0");
    assert!(fs::read_to_string(bench.path("latest")).unwrap().starts_with("ledger.example/one\n700\n"));
}

#[test]
fn a_fork_ends_with_code_five_and_evidence() {
    let (bench, _) = bench();
    publish(&bench, &tree("entry", 0, 300));
    follow(&bench);
    publish(&bench, &tree("another", 299, 400));
    let caught = follow(&bench);
    let (before, after) = caught.split_once("evidence: ").unwrap();
    let folder = after.lines().next().unwrap();
    assert_eq!(before, "exit code 5\n--- stderr\n  ");
    assert!(after.contains("error: the ledger has signed two trees of which neither continues the other"), "{after}");
    assert_eq!(fs::read_to_string(bench.path(folder).join("offered")).unwrap(), signed(&tree("another", 299, 400)).to_string());
    assert!(fs::read_to_string(bench.path(folder).join("held")).unwrap().starts_with(&signed(&tree("entry", 0, 300)).to_string()));
}

#[test]
fn a_rollback_ends_with_code_five() {
    let (bench, _) = bench();
    publish(&bench, &tree("entry", 0, 300));
    follow(&bench);
    publish(&bench, &tree("entry", 0, 200));
    let caught = follow(&bench);
    assert!(caught.starts_with("exit code 5") && caught.contains("the ledger shows a smaller tree than it has shown before"), "{caught}");
}

#[test]
fn a_damaged_record_ends_with_code_five() {
    let (bench, _) = bench();
    publish(&bench, &tree("entry", 0, 3));
    follow(&bench);
    let file = fs::read_dir(bench.path("state/checkpoints")).unwrap().next().unwrap().unwrap().path();
    fs::write(&file, "").unwrap();
    let shown = follow(&bench);
    assert!(
        shown.starts_with("exit code 5")
            && shown.contains("is not as this witness wrote it")
            && shown.contains("help: put the latest copy"),
        "{shown}"
    );
    let ledger = ledger_key().verifier().to_string();
    let served =
        bench.run(&["witness", "serve", "--state", "state", "--key", "witness.key", "--ledger", &ledger, "--listen", "127.0.0.1:0"]);
    assert!(served.starts_with("exit code 5"), "{served}");
}

#[test]
fn what_is_not_a_ledger_is_an_error() {
    let (bench, vkey) = bench();
    assert_snapshot!(follow(&bench), @"
    exit code 1
    --- stderr
    note: `state` is new: this witness has seen nothing yet, and takes the first checkpoint of each ledger on trust
    error: there is no checkpoint at that place
    help: check the place: a ledger's checkpoint is at `checkpoint` under its address or in its folder
    ");
    let wrong = bench.run(&[
        "witness",
        "follow",
        "--state",
        "s2",
        "--key",
        "witness.key",
        "--ledger",
        &vkey.to_string(),
        "--from",
        "public",
        "--once",
    ]);
    assert!(wrong.starts_with("exit code 1") && wrong.contains("is not the key of a ledger"), "{wrong}");
    bench.write("ledger.key", ledger_key().to_text().as_bytes());
    let ledger = ledger_key().verifier().to_string();
    let wrong =
        bench.run(&["witness", "follow", "--state", "s2", "--key", "ledger.key", "--ledger", &ledger, "--from", "public", "--once"]);
    assert!(wrong.starts_with("exit code 1") && wrong.contains("the witness's key is not one for cosignatures"), "{wrong}");
    let wrong = bench.run(&["witness", "follow", "--state", "s2", "--key", "none.key", "--ledger", &ledger, "--from", "public", "--once"]);
    assert!(wrong.starts_with("exit code 1") && wrong.contains("cannot read `none.key`"), "{wrong}");
    let wrong = bench.run(&["witness", "serve", "--state", "s2", "--key", "witness.key", "--ledger", "nonsense"]);
    assert!(wrong.starts_with("exit code 2") && wrong.contains("copy the whole line"), "{wrong}");
}

#[test]
fn a_second_process_on_the_same_folder_is_refused() {
    let (bench, _) = bench();
    let _serving = Serving::start(&bench);
    publish(&bench, &tree("entry", 0, 3));
    let refused = follow(&bench);
    assert!(refused.starts_with("exit code 1") && refused.contains("another witness uses `state`"), "{refused}");
}

#[test]
fn it_serves_until_it_is_told_to_stop() {
    let (bench, vkey) = bench();
    for signal in ["-TERM", "-INT"] {
        let mut serving = Serving::start(&bench);
        let size = if signal == "-TERM" { 7 } else { 9 };
        let old_size = if signal == "-TERM" { 0 } else { 7 };
        let tree = tree("entry", 0, size);
        let (status, lines) = Serving::ask(&serving.address, &body(&tree, old_size)).unwrap();
        assert_eq!(status, 200);
        let mut cosigned = signed(&tree);
        cosigned.add_signature_lines(&lines).unwrap();
        assert!(verify_cosignature(&cosigned, &vkey).is_ok());
        // A connection without a request does not hold it up.
        let _silent = TcpStream::connect(&serving.address).unwrap();
        serving.signal(signal);
        assert_eq!(serving.child.wait().unwrap().code(), Some(0), "{signal}");
    }
}

/// Killed at any moment, under load, again and again: whatever was cosigned is remembered, and no two cosignatures contradict each other.
#[test]
fn killed_at_any_moment_it_never_forgets_what_it_cosigned() {
    const ROUNDS: u64 = 25;
    let (bench, _) = bench();
    let mut cosigned = 0;
    let mut answers = 0;
    for round in 0..ROUNDS {
        let mut serving = Serving::start(&bench);
        let address = serving.address.clone();
        let (first, last) = (cosigned, cosigned + 400);
        let asking = std::thread::spawn(move || {
            let mut largest = first;
            let mut old_size = first;
            let mut answers = 0_u64;
            for size in first + 1..last {
                match Serving::ask(&address, &body(&tree("entry", 0, size), old_size)) {
                    Some((200, _)) => {
                        (largest, old_size) = (size, size);
                        answers += 1;
                    }
                    // Persisted before a kill, and never told.
                    Some((409, held)) => {
                        old_size = held.trim_end().parse().unwrap();
                        assert!(old_size >= largest, "it has forgotten: {old_size} after {largest}");
                        largest = largest.max(old_size);
                    }
                    Some(other) => panic!("{other:?}"),
                    None => break,
                }
            }
            (largest, answers)
        });
        std::thread::sleep(Duration::from_millis(20 + round * 7 % 90));
        serving.child.kill().unwrap();
        serving.child.wait().unwrap();
        let (largest, given) = asking.join().unwrap();
        answers += given;
        cosigned = largest;
        // What it remembers is at least the largest it has told anybody, and a fork below that is refused.
        let serving = Serving::start(&bench);
        let (status, held) = Serving::ask(&serving.address, &body(&tree("another", 0, cosigned + 50), 0)).unwrap();
        if cosigned > 0 {
            let held: u64 = held.trim_end().parse().unwrap();
            assert!(status == 409 && held >= cosigned, "{held} after {cosigned}");
            cosigned = held;
        } else if status == 200 {
            // Nothing had been cosigned yet: this was the first thing it saw. Begin anew.
            drop(serving);
            fs::remove_dir_all(bench.path("state")).unwrap();
        }
    }
    assert!(answers > ROUNDS, "only {answers} answers: the test asked too little to mean something");
}

#[test]
fn help() {
    assert_snapshot!(bench().0.run(&["witness", "--help"]), @r#"
    exit code 0
    --- stdout
    Watch ledgers, and vouch that each only grows

    A witness remembers the latest checkpoint of a ledger and cosigns the next one if it continues it.
    Whoever relies on it is not shown another ledger than everybody else. It learns nothing about the
    people in the ledger.

    Usage: bezwaar witness <COMMAND>

    Commands:
      key     Make a new key for a witness, and print its public half
      serve   Answer ledgers that ask for a cosignature (c2sp.org/tlog-witness)
      follow  Follow a ledger by what it publishes, and cosign it
      help    Print this message or the help of the given subcommand(s)

    Options:
      -h, --help
              Print help (see a summary with '-h')
    "#);
    assert_snapshot!(bench().0.run(&["witness", "follow", "--help"]), @r#"
    exit code 0
    --- stdout
    Follow a ledger by what it publishes, and cosign it

    Fetches the ledger's checkpoint and the few tiles that show whether it continues the one seen
    before, and cosigns it if it does. Prints the cosigned checkpoint whenever the ledger has grown. A
    ledger that was changed, forked or rolled back is not cosigned: both checkpoints are kept side by
    side in the folder's `evidence`, and the command ends with exit code 5.

    Usage: bezwaar witness follow [OPTIONS] --state <DIR> --key <FILE> --ledger <VKEY> --from <URL|DIR>

    Options:
          --state <DIR>
              Remember in this folder, which is made if it is not there

          --key <FILE>
              Cosign with the key in this file

          --ledger <VKEY>
              Follow the ledger with this public key

          --from <URL|DIR>
              Read what it publishes at this address or in this folder

          --once
              Look once, and end

          --every <SECONDS>
              Look again after so many seconds
              
              [default: 60]

          --output <FILE>
              Write the latest cosigned checkpoint into this file, in place of printing it

      -h, --help
              Print help (see a summary with '-h')

    Examples:
      Look at a ledger every five minutes, and publish what was cosigned:
        bezwaar witness follow --state state --key witness.key --ledger "$(cat ledger.vkey)" \
          --from https://ledger.example/one --every 300 --output www/ledger-one.checkpoint

      Look once, such as from cron:
        bezwaar witness follow --state state --key witness.key --ledger "$(cat ledger.vkey)" \
          --from https://ledger.example/one --once
    "#);
}
