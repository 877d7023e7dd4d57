//! Proof files: reading, verifying, and every byte off.

use bezwaar_ledger::tlog::checkpoint::CheckpointError;
use bezwaar_ledger::tlog::note::NoteError;
use bezwaar_ledger::tlog::policy::{PolicyError, TrustPolicy};
use bezwaar_ledger::tlog::proof::{INCLUSION_HASHES_MAX, ProofError, inclusion_proof};
use bezwaar_ledger::tlog::proof_file::{EXTRA_BYTES_MAX, PROOF_FILE_BYTES_MAX, ProofFile, ProofFileError};
use proptest::prelude::*;

use crate::tlog_policy::{cosigned, two_houses};
use crate::tlog_world::{leaf, one_byte_off, tree};

/// The proof of one of 20 entries, cosigned.
fn proof(index: u64, extra: &[u8]) -> ProofFile {
    let hashes = inclusion_proof(&tree(20), index, 20).unwrap();
    ProofFile::new(index, hashes, cosigned(&[1, 2, 4])).unwrap().with_extra(extra.to_vec()).unwrap()
}

fn policy() -> TrustPolicy {
    TrustPolicy::parse(two_houses().as_bytes()).unwrap()
}

#[test]
fn a_proof_file_proves_its_entry_and_no_other() {
    let policy = policy();
    for index in 0..20 {
        let file = proof(index, b"");
        assert_eq!(ProofFile::parse(file.to_string().as_bytes()).unwrap(), file);
        let trusted = file.verify(&leaf(index), &policy).unwrap();
        assert!(trusted.witnessed && trusted.checkpoint.size() == 20);
        let error = file.verify(&leaf(index + 1), &policy).unwrap_err();
        assert_eq!(error, ProofFileError::Proof(ProofError::OtherRoot));
        assert!(!error.help().is_empty());
    }
    let hashes = inclusion_proof(&tree(20), 3, 20).unwrap();
    let unwitnessed = ProofFile::new(3, hashes, cosigned(&[1])).unwrap();
    assert!(matches!(unwitnessed.verify(&leaf(3), &policy), Err(ProofFileError::Policy(PolicyError::QuorumNotMet { .. }))));
}

#[test]
fn what_is_not_a_proof_file_is_refused() {
    let text = proof(7, b"more").to_string();
    let hash = text.lines().nth(3).unwrap().to_owned();
    assert!(text.starts_with("c2sp.org/tlog-proof@v1\nextra bW9yZQ==\nindex 7\n"));
    let check = |text: String, error: ProofFileError| assert_eq!(ProofFile::parse(text.as_bytes()), Err(error), "{text}");
    check(String::new(), ProofFileError::NotAProofFile);
    check(text.replace("@v1", "@v2"), ProofFileError::NotAProofFile);
    check(text.replace("@v1\n", "@v1 \n"), ProofFileError::NotAProofFile);
    check(text.replace('\n', "\r\n"), ProofFileError::NotPlainText);
    check(text.replace("\n\n", "\n"), ProofFileError::NoCheckpoint);
    for extra in ["extra \n", "extra bW9yZQ=\n", "extra bW9yZR==\n", "extra  bW9yZQ==\n", "extra bW9yZQ== \n"] {
        check(text.replace("extra bW9yZQ==\n", extra), ProofFileError::Extra);
    }
    for index in ["index 07", "index", "index ", "index -7", "index +7", "Index 7", "index 18446744073709551616"] {
        check(text.replace("index 7", index), ProofFileError::Index);
    }
    check(text.replace("index 7\n", "index 7\nindex 7\n"), ProofFileError::Hash { number: 1 });
    check(text.replace("extra bW9yZQ==\nindex 7\n", "index 7\nextra bW9yZQ==\n"), ProofFileError::Hash { number: 1 });
    check(text.replace(&hash, &hash[4..]), ProofFileError::Hash { number: 1 });
    let (head, _) = text.split_once("\n\n").unwrap();
    check(format!("{head}\n\n"), ProofFileError::Checkpoint(CheckpointError::Note(NoteError::NoSignatures)));
    check(text.replace("\n20\n", "\n020\n"), ProofFileError::Checkpoint(CheckpointError::Size));
}

#[test]
fn limits_hold_at_the_limit_and_one_past_it() {
    let many = |count| ProofFile::new(0, vec![[1; 32]; count], cosigned(&[]));
    let full = many(INCLUSION_HASHES_MAX).unwrap();
    assert_eq!(ProofFile::parse(full.to_string().as_bytes()).unwrap(), full);
    assert_eq!(many(INCLUSION_HASHES_MAX + 1), Err(ProofFileError::TooManyHashes));
    let line = full.to_string().lines().nth(2).unwrap().to_owned();
    let longer = full.to_string().replacen(&line, &format!("{line}\n{line}"), 1);
    assert_eq!(ProofFile::parse(longer.as_bytes()), Err(ProofFileError::TooManyHashes));

    let full = full.with_extra(vec![7; EXTRA_BYTES_MAX]).unwrap();
    assert_eq!(ProofFile::parse(full.to_string().as_bytes()).unwrap(), full);
    assert_eq!(full.clone().with_extra(vec![7; EXTRA_BYTES_MAX + 1]), Err(ProofFileError::ExtraTooLong));
    assert_eq!(ProofFile::parse(&vec![b'a'; PROOF_FILE_BYTES_MAX]), Err(ProofFileError::NotAProofFile));
    assert_eq!(ProofFile::parse(&vec![b'a'; PROOF_FILE_BYTES_MAX + 1]), Err(ProofFileError::TooLong));
}

#[test]
fn a_proof_file_with_one_byte_off_is_refused_or_off_where_nobody_vouches() {
    let whole = proof(7, b"opaque bytes");
    let text = whole.to_string();
    let policy = policy();
    let mut passed = 0;
    for off in one_byte_off(text.as_bytes()) {
        let Ok(read) = ProofFile::parse(&off) else { continue };
        assert_eq!(read.to_string().as_bytes(), off, "what is read is written the same");
        let Ok(trusted) = read.verify(&leaf(7), &policy) else { continue };
        // What passes differs in the extra bytes only: each signature is needed here, so none can be that of an unknown key.
        passed += 1;
        assert_ne!(read.extra(), whole.extra());
        assert_eq!((read.index(), read.hashes(), read.checkpoint()), (7, whole.hashes(), whole.checkpoint()));
        assert_eq!(trusted.witnesses.len(), 3);
    }
    assert!(passed > 50);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_is_written_is_read(index in 0_u64..20, extra in prop::collection::vec(any::<u8>(), 0..200)) {
        let file = proof(index, &extra);
        let read = ProofFile::parse(file.to_string().as_bytes()).unwrap();
        prop_assert_eq!(read.extra(), &extra);
        prop_assert!(read.verify(&leaf(index), &policy()).is_ok());
        for other in (0..20).filter(|other| *other != index) {
            let moved = ProofFile::new(other, file.hashes().to_vec(), file.checkpoint().clone()).unwrap();
            prop_assert!(moved.verify(&leaf(index), &policy()).is_err());
        }
    }
}
