//! The witness's memory: damaged, lost, rolled back, in use, on a disk that fails.

use std::error::Error;
use std::fs;
use std::path::Path;

use bezwaar_ledger::tlog::witness::WitnessAnswer;
use bezwaar_server::witness::{Answer, DamageCause, Failure, OpenError, StateError, Witness, file_name};

use crate::support::{Ledger, NOW, ORIGIN, Serving, at, ledger_key, open, open_for, witness_key};

fn checkpoint_file(folder: &Path) -> std::path::PathBuf {
    folder.join("checkpoints").join(file_name(&Ledger::new(0).origin()))
}

/// A folder in which size 7 has been cosigned.
fn used() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(open(folder.path()).add_checkpoint(&Ledger::new(7).body(0), at(NOW)).answer.status(), 200);
    folder
}

/// Nothing is cosigned, whatever is asked for; and what is refused anyway is refused as always.
fn cosigns_nothing(folder: &Path) -> StateError {
    let witness = open(folder);
    for (size, old_size) in [(1, 0), (7, 0), (7, 7), (9, 7)] {
        let answer = witness.add_checkpoint(&Ledger::new(size).body(old_size), at(NOW)).answer;
        assert!(matches!(&answer, Answer::Failed(Failure::State(_))), "{answer:?}");
        assert_eq!(answer.status(), 500);
        assert!(!answer.body().contains(folder.to_str().unwrap()), "paths are nobody's business");
    }
    let forged = Ledger { key: ledger_key(ORIGIN, 2), ..Ledger::new(9) };
    assert_eq!(witness.add_checkpoint(&forged.body(7), at(NOW)).answer.status(), 403);
    witness.broken().remove(0)
}

#[test]
fn a_byte_changed_anywhere_stops_the_witness_for_that_ledger() {
    let folder = used();
    let file = checkpoint_file(folder.path());
    let good = fs::read(&file).unwrap();
    let ledger_line = String::from_utf8(good.clone()).unwrap().find('\u{2014}').unwrap();
    let own_line = String::from_utf8(good.clone()).unwrap().rfind('\u{2014}').unwrap();
    for place in (0..good.len()).filter(|place| *place < ledger_line || *place > own_line) {
        let mut changed = good.clone();
        changed[place] ^= 1;
        fs::write(&file, changed).unwrap();
        let error = cosigns_nothing(folder.path());
        assert!(matches!(error, StateError::Damaged { .. }), "byte {place}: {error:?}");
    }
    fs::write(&file, &good).unwrap();
    let grown = Ledger::new(9);
    assert_eq!(open(folder.path()).add_checkpoint(&grown.body(7), at(NOW)).answer.status(), 200, "put right, it goes on");
}

#[test]
fn a_file_cut_short_emptied_or_gone_is_never_begun_again() {
    let folder = used();
    let file = checkpoint_file(folder.path());
    let good = fs::read(&file).unwrap();
    for length in [0, 1, good.len() / 2, good.len() - 1] {
        fs::write(&file, &good[..length]).unwrap();
        assert!(matches!(cosigns_nothing(folder.path()), StateError::Damaged { .. }), "{length} bytes");
    }
    fs::remove_file(&file).unwrap();
    let lost = cosigns_nothing(folder.path());
    assert!(matches!(lost, StateError::Lost { .. }) && lost.help().contains("never an older one"));
    fs::remove_dir_all(folder.path().join("checkpoints")).unwrap();
    assert!(matches!(cosigns_nothing(folder.path()), StateError::Lost { .. }));
}

#[test]
fn a_checkpoint_without_the_witness_or_of_another_ledger_is_no_record() {
    let folder = used();
    let file = checkpoint_file(folder.path());
    fs::write(&file, Ledger::new(5).checkpoint().to_string()).unwrap();
    assert!(matches!(cosigns_nothing(folder.path()), StateError::Damaged { cause: DamageCause::Cosignature(_), .. }));
    let other = Ledger { key: ledger_key("ledger.example/two", 3), ..Ledger::new(5) };
    {
        let witness = open_for(folder.path(), vec![other.key.verifier().clone()]);
        assert_eq!(witness.add_checkpoint(&other.body(0), at(NOW)).answer.status(), 200);
    }
    fs::copy(folder.path().join("checkpoints").join(file_name(&other.origin())), &file).unwrap();
    assert!(matches!(cosigns_nothing(folder.path()), StateError::Damaged { cause: DamageCause::OtherLedger, .. }));
}

#[test]
fn damage_to_one_ledger_leaves_the_others() {
    let folder = used();
    fs::write(checkpoint_file(folder.path()), "").unwrap();
    let other = Ledger { key: ledger_key("ledger.example/two", 3), ..Ledger::new(5) };
    let witness = open_for(folder.path(), vec![Ledger::new(0).key.verifier().clone(), other.key.verifier().clone()]);
    assert_eq!(witness.broken().len(), 1);
    assert_eq!(witness.add_checkpoint(&other.body(0), at(NOW)).answer.status(), 200);
    assert_eq!(witness.add_checkpoint(&Ledger::new(9).body(7), at(NOW)).answer.status(), 500);
}

#[test]
fn the_list_of_ledgers_is_read_whole_or_not_at_all() {
    let folder = used();
    let key = || vec![Ledger::new(0).key.verifier().clone()];
    for text in ["ledger.example/one", "\n", "a\u{1}b\n", "ledger.example/one\n\n"] {
        fs::write(folder.path().join("origins"), text).unwrap();
        let error = Witness::open(witness_key("witness.example/w1", 9), key(), folder.path()).unwrap_err();
        assert!(matches!(error, OpenError::State(StateError::Damaged { cause: DamageCause::Origins, .. })), "{text:?}");
    }
    // Without the list, what it would name is found by its file, and named again.
    fs::remove_file(folder.path().join("origins")).unwrap();
    assert_eq!(open(folder.path()).add_checkpoint(&Ledger::new(9).body(7), at(NOW)).answer.status(), 200);
    assert_eq!(fs::read_to_string(folder.path().join("origins")).unwrap(), format!("{ORIGIN}\n"));
}

#[test]
fn one_folder_is_of_one_process_and_one_key() {
    let folder = used();
    let key = || vec![Ledger::new(0).key.verifier().clone()];
    {
        let _first = open(folder.path());
        let second = Witness::open(witness_key("witness.example/w1", 9), key(), folder.path()).unwrap_err();
        assert!(matches!(second, OpenError::State(StateError::InUse { .. })));
    }
    for other in [witness_key("witness.example/w1", 8), witness_key("witness.example/w2", 9)] {
        let refused = Witness::open(other, key(), folder.path()).unwrap_err();
        assert!(matches!(refused, OpenError::State(StateError::OtherWitness { .. })));
    }
    fs::remove_file(folder.path().join("witness.vkey")).unwrap();
    let refused = Witness::open(witness_key("witness.example/w1", 8), key(), folder.path()).unwrap_err();
    assert!(matches!(refused, OpenError::State(StateError::OtherWitness { .. })), "a folder with a past is not claimed anew");
}

#[test]
fn a_folder_is_new_once() {
    let folder = tempfile::tempdir().unwrap();
    let key = || vec![Ledger::new(0).key.verifier().clone()];
    let path = folder.path().join("a/b");
    let open = || Witness::open(witness_key("witness.example/w1", 9), key(), &path).unwrap();
    assert!(open().1);
    assert!(!open().1);
}

#[test]
fn keys_of_the_wrong_kind_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = || Ledger::new(0).key.verifier().clone();
    let not_cosigning = Witness::open(ledger_key("witness.example/w1", 9), vec![ledger()], folder.path()).unwrap_err();
    assert!(matches!(not_cosigning, OpenError::NotACosigningKey));
    let witness = || witness_key("witness.example/w1", 9);
    let not_a_ledger = Witness::open(witness(), vec![ledger(), witness().verifier().clone()], folder.path()).unwrap_err();
    assert!(matches!(not_a_ledger, OpenError::NotALedgerKey { .. }));
    assert!(matches!(Witness::open(witness(), Vec::new(), folder.path()).unwrap_err(), OpenError::NoLedger));
}

#[test]
fn a_thousand_ledgers_and_not_one_more() {
    let folder = tempfile::tempdir().unwrap();
    let ledgers = |count: usize| (0..count).map(|number| ledger_key(&format!("ledger.example/{number}"), 1).verifier().clone()).collect();
    let limit = bezwaar_server::witness::LEDGERS_MAX;
    assert_eq!(open_for(folder.path(), ledgers(limit)).ledgers().count(), limit);
    let error = Witness::open(witness_key("witness.example/w1", 9), ledgers(limit + 1), folder.path()).unwrap_err();
    assert!(matches!(error, OpenError::TooManyLedgers { count } if count == limit + 1));
}

/// The disk fails before the new record is there: nothing is cosigned, and the old record stands.
#[test]
fn a_write_that_fails_gives_no_cosignature() {
    let folder = used();
    let serving = Serving::start(open(folder.path()));
    let beside = folder.path().join("checkpoints").join(format!(".{}.new", file_name(&Ledger::new(0).origin())));
    fs::create_dir(&beside).unwrap();
    let answer = serving.post(&Ledger::new(9).body(7));
    assert_eq!(answer.status, 500);
    assert!(!answer.body.contains('\u{2014}'));
    assert_eq!(serving.post(&Ledger::new(9).body(0)).body, "7\n");
    fs::remove_dir(&beside).unwrap();
    assert_eq!(serving.post(&Ledger::new(9).body(7)).status, 200, "and when it works again, so does the witness");
}

/// The disk fails after the new record is there: nothing is cosigned, but the new record counts from then on.
#[test]
fn a_write_that_fails_but_was_done_counts() {
    let folder = tempfile::tempdir().unwrap();
    let serving = Serving::start(open(folder.path()));
    let beside = folder.path().join(".origins.new");
    fs::create_dir(&beside).unwrap();
    assert_eq!(serving.post(&Ledger::new(7).body(0)).status, 500);
    let answer = serving.post(&Ledger::new(5).body(0));
    assert_eq!((answer.status, answer.body.as_str()), (409, "7\n"));
    fs::remove_dir(&beside).unwrap();
    assert_eq!(serving.post(&Ledger::new(7).body(7)).status, 200);
}

/// The machine stops between the record and the answer: the sender does not know, asks again, and is told where the witness is.
#[test]
fn an_answer_that_never_arrived_can_be_asked_for_again() {
    let folder = used();
    let grown = Ledger::new(9);
    drop(open(folder.path()).add_checkpoint(&grown.body(7), at(NOW)));
    let witness = open(folder.path());
    assert!(matches!(witness.add_checkpoint(&grown.body(7), at(NOW)).answer, Answer::Given(WitnessAnswer::Conflict { size: 9 })));
    assert_eq!(witness.add_checkpoint(&grown.body(9), at(NOW)).answer.status(), 200);
}

#[test]
fn a_half_written_file_beside_the_record_is_nothing() {
    let folder = used();
    let name = file_name(&Ledger::new(0).origin());
    fs::write(folder.path().join("checkpoints").join(format!(".{name}.new")), "ledger.exam").unwrap();
    assert_eq!(open(folder.path()).add_checkpoint(&Ledger::new(9).body(7), at(NOW)).answer.status(), 200);
}

#[test]
fn evidence_has_a_limit() {
    let folder = used();
    let witness = open(folder.path());
    let limit = bezwaar_server::witness::EVIDENCE_MAX;
    for number in 0..=limit {
        let mut forked = Ledger::new(6);
        forked.grow(&format!("fork {number}"), 7);
        let report = witness.add_checkpoint(&forked.body(7), at(NOW));
        assert_eq!(report.evidence.unwrap().folder.is_some(), number < limit, "{number}");
        assert_eq!(report.answer.status(), 409);
    }
}

#[test]
fn errors_have_a_cause_and_a_help() {
    let folder = used();
    fs::write(checkpoint_file(folder.path()), "").unwrap();
    let error = cosigns_nothing(folder.path());
    assert!(error.to_string().contains("is not as this witness wrote it") && error.source().is_some() && !error.help().is_empty());
}
