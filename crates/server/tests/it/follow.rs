//! Following a ledger by its static files alone.

use std::fs;
use std::path::{Path, PathBuf};

use bezwaar_ledger::tlog::cosignature::verify_cosignature;
use bezwaar_ledger::tlog::tile::Tile;
use bezwaar_server::published::Published;
use bezwaar_server::witness::{FollowError, Follower, Misdeed, Round, Witness};

use crate::support::{Ledger, NOW, ORIGIN, answering, at, ledger_key, open};

fn round(witness: &Witness, from: &str) -> Result<Round, FollowError> {
    Follower::new(witness, Ledger::new(0).origin(), Published::at(from)).round(at(NOW))
}

struct Bench {
    folder: tempfile::TempDir,
    witness: Witness,
}

impl Bench {
    fn new() -> Bench {
        let folder = tempfile::tempdir().unwrap();
        let witness = open(&folder.path().join("state"));
        Bench { folder, witness }
    }

    fn public(&self) -> PathBuf {
        self.folder.path().join("public")
    }

    fn publish(&self, ledger: &Ledger) -> &Bench {
        ledger.publish(&self.public());
        self
    }

    fn round(&self) -> Result<Round, FollowError> {
        round(&self.witness, self.public().to_str().unwrap())
    }

    fn held_size(&self) -> u64 {
        self.witness.held(&Ledger::new(0).origin()).unwrap().unwrap().checkpoint.unverified().size()
    }
}

#[test]
fn a_ledger_is_followed_as_it_grows() {
    let bench = Bench::new();
    let mut before = None;
    let mut ledger = Ledger::new(0);
    for size in [1, 2, 255, 256, 257, 257, 600, 65_535, 65_536, 65_537, 70_000] {
        ledger.grow("entry", size);
        let round = bench.publish(&ledger).round().unwrap();
        assert_eq!(round.size_before, before);
        assert_eq!(round.held.checkpoint.verify(ledger.key.verifier()).unwrap().size(), size);
        assert_eq!(verify_cosignature(&round.held.checkpoint, bench.witness.key()).unwrap().seconds(), NOW);
        before = Some(size);
    }
}

#[test]
fn an_empty_ledger_can_be_followed() {
    let bench = Bench::new();
    assert_eq!(bench.publish(&Ledger::new(0)).round().unwrap().size_before, None);
    assert_eq!(bench.publish(&Ledger::new(3)).round().unwrap().size_before, Some(0));
}

fn caught(bench: &Bench, error: &FollowError, expected: Misdeed, offered: &Ledger) {
    let FollowError::Misdeed { evidence, .. } = error else { panic!("{error:?}") };
    assert_eq!(evidence.misdeed, expected);
    assert!(error.is_integrity() && !error.may_pass());
    let folder = evidence.folder.as_ref().unwrap();
    let held = bench.witness.held(&offered.origin()).unwrap().unwrap().checkpoint;
    assert_eq!(fs::read_to_string(folder.join("held")).unwrap(), held.to_string());
    assert_eq!(fs::read_to_string(folder.join("offered")).unwrap(), offered.checkpoint().to_string());
    assert_eq!(fs::read_to_string(folder.join("what.txt")).unwrap(), format!("{}\n", expected.sentence()));
}

#[test]
fn a_fork_of_the_same_size_is_caught() {
    let bench = Bench::new();
    bench.publish(&Ledger::new(300)).round().unwrap();
    let mut forked = Ledger::new(299);
    forked.grow("another entry", 300);
    let error = bench.publish(&forked).round().unwrap_err();
    caught(&bench, &error, Misdeed::Fork, &forked);
    assert_eq!(bench.held_size(), 300);
}

#[test]
fn a_fork_that_has_grown_is_caught_with_a_proof_from_its_own_tiles() {
    for (kept, held, size) in [(6, 7, 12), (0, 300, 301), (299, 300, 70_000), (256, 257, 512)] {
        let bench = Bench::new();
        bench.publish(&Ledger::new(held)).round().unwrap();
        let mut forked = Ledger::new(kept);
        forked.grow("another entry", size);
        let error = bench.publish(&forked).round().unwrap_err();
        caught(&bench, &error, Misdeed::Fork, &forked);
        let FollowError::Misdeed { evidence, .. } = error else { panic!() };
        assert!(evidence.folder.unwrap().join("proof").exists());
        assert_eq!(bench.held_size(), held, "and not cosigned");
        bench.publish(&Ledger::new(held + 1)).round().unwrap();
    }
}

#[test]
fn a_ledger_rolled_back_is_caught() {
    let bench = Bench::new();
    bench.publish(&Ledger::new(300)).round().unwrap();
    let error = bench.publish(&Ledger::new(200)).round().unwrap_err();
    caught(&bench, &error, Misdeed::Rollback, &Ledger::new(200));
    // Back to nothing at all.
    let error = bench.publish(&Ledger::new(0)).round().unwrap_err();
    caught(&bench, &error, Misdeed::Rollback, &Ledger::new(0));
    assert_eq!(bench.held_size(), 300);
}

#[test]
fn a_smaller_tree_that_was_never_the_beginning_is_a_fork() {
    let bench = Bench::new();
    bench.publish(&Ledger::new(300)).round().unwrap();
    let mut forked = Ledger::new(199);
    forked.grow("another entry", 200);
    fs::write(bench.public().join("checkpoint"), forked.checkpoint().to_string()).unwrap();
    let error = bench.round().unwrap_err();
    caught(&bench, &error, Misdeed::Fork, &forked);
}

#[test]
fn tiles_that_are_not_the_checkpoints_are_refused() {
    let ledger = Ledger::new(70_000);
    let edge = Tile::new(0, 273, 112).unwrap().path();
    let inner = Tile::new(0, 1, 256).unwrap().path();
    for (path, before) in [(&edge, 0), (&inner, 300)] {
        let bench = Bench::new();
        if before > 0 {
            bench.publish(&Ledger::new(before)).round().unwrap();
        }
        bench.publish(&ledger);
        let file = bench.public().join(path);
        let good = fs::read(&file).unwrap();
        let mut changed = good.clone();
        changed[40] ^= 1;
        fs::write(&file, &changed).unwrap();
        let error = bench.round().unwrap_err();
        assert!(matches!(error, FollowError::Tiles(_)) && error.is_integrity(), "{error:?}");
        fs::write(&file, &good[..good.len() - 1]).unwrap();
        assert!(matches!(bench.round().unwrap_err(), FollowError::Tiles(_)));
        fs::write(&file, [good.as_slice(), &[0; 9000]].concat()).unwrap();
        assert!(matches!(bench.round().unwrap_err(), FollowError::Tiles(_)));
        fs::remove_file(&file).unwrap();
        let error = bench.round().unwrap_err();
        assert!(matches!(error, FollowError::Tiles(_)) && !error.is_integrity() && error.may_pass());
        fs::write(&file, &good).unwrap();
        bench.round().unwrap();
    }
}

#[test]
fn what_the_ledger_has_not_signed_is_not_followed() {
    let bench = Bench::new();
    assert!(matches!(bench.round().unwrap_err(), FollowError::NoCheckpoint));
    bench.publish(&Ledger { key: ledger_key(ORIGIN, 2), ..Ledger::new(7) });
    assert!(matches!(bench.round().unwrap_err(), FollowError::Checkpoint(_)));
    bench.publish(&Ledger { key: ledger_key("ledger.example/two", 1), ..Ledger::new(7) });
    assert!(matches!(bench.round().unwrap_err(), FollowError::Checkpoint(_)));
    fs::write(bench.public().join("checkpoint"), "<html>").unwrap();
    assert!(matches!(bench.round().unwrap_err(), FollowError::Checkpoint(_)));
    fs::write(bench.public().join("checkpoint"), vec![b'x'; 1_000_001]).unwrap();
    assert!(matches!(bench.round().unwrap_err(), FollowError::Published(_)));
    assert!(bench.witness.held(&Ledger::new(0).origin()).unwrap().is_none());
}

/// Serves a folder as static files.
fn serve(folder: &Path) -> String {
    let folder = folder.to_owned();
    let address = answering(move |path| match fs::read(folder.join(path.trim_start_matches("/some/where/"))) {
        Ok(body) => ("200 OK".to_owned(), body),
        Err(_) => ("404 Not Found".to_owned(), b"no".to_vec()),
    });
    format!("{address}/some/where/")
}

#[test]
fn a_ledger_is_followed_over_http() {
    let bench = Bench::new();
    bench.publish(&Ledger::new(300));
    let url = serve(&bench.public());
    assert_eq!(round(&bench.witness, &url).unwrap().size_before, None);
    bench.publish(&Ledger::new(70_000));
    assert_eq!(round(&bench.witness, &url).unwrap().size_before, Some(300));
    fs::remove_file(bench.public().join("checkpoint")).unwrap();
    assert!(matches!(round(&bench.witness, &url).unwrap_err(), FollowError::NoCheckpoint));
    assert!(matches!(round(&bench.witness, "http://127.0.0.1:1").unwrap_err(), FollowError::Published(_)));
}
