//! Witnesses: what is cosigned, what is not and why, and that it never goes backwards.

use bezwaar_ledger::tlog::checkpoint::{Checkpoint, CheckpointError, Origin, SignedCheckpoint};
use bezwaar_ledger::tlog::cosignature::{CosignError, PosixSeconds, verify_cosignature};
use bezwaar_ledger::tlog::note::{NoteError, SignatureType, SigningKey, VerifyError};
use bezwaar_ledger::tlog::proof::{MemoryTree, ProofError, consistency_proof, root_at};
use bezwaar_ledger::tlog::witness::{
    ANSWER_BYTES_MAX, AddCheckpoint, AnswerError, REQUEST_BYTES_MAX, REQUEST_HASHES_MAX, RequestError, TreeHead, Witness, WitnessAnswer,
    accept_cosignatures, parse_size,
};
use proptest::prelude::*;

use crate::tlog_world::{ORIGIN, ledger_key, name, one_byte_off, signed, tree, witness_key};

const NOW: u64 = 1_790_000_000;

fn now() -> PosixSeconds {
    PosixSeconds::new(NOW).unwrap()
}

fn witness() -> Witness {
    Witness::new(witness_key(1)).unwrap()
}

fn head(tree: &MemoryTree, size: u64) -> Option<TreeHead> {
    (size > 0).then(|| TreeHead { size, root: root_at(tree, size).unwrap() })
}

fn request(tree: &MemoryTree, old: u64, new: u64) -> AddCheckpoint {
    let proof = if old == 0 || old > new { Vec::new() } else { consistency_proof(tree, old, new).unwrap() };
    AddCheckpoint::new(old, proof, signed(tree, new)).unwrap()
}

fn decide(known: Option<TreeHead>, request: &AddCheckpoint) -> WitnessAnswer {
    witness().decide(known, request, &[ledger_key().verifier().clone()], now())
}

#[test]
fn a_growing_ledger_is_cosigned_step_by_step() {
    let tree = tree(40);
    let mut known = None;
    for (old, new) in [(0, 1), (1, 1), (1, 2), (2, 7), (7, 32), (32, 33), (33, 40), (40, 40)] {
        let request = request(&tree, old, new);
        let body = request.to_string();
        assert_eq!(AddCheckpoint::parse(body.as_bytes()).unwrap(), request);
        let answer = decide(known, &request);
        assert_eq!((answer.status(), answer.media_type()), (200, "text/plain; charset=utf-8"));
        let WitnessAnswer::Cosigned { head: next, lines } = answer else { panic!("{old} {new}") };
        assert_eq!(Some(next), head(&tree, new));
        let mut checkpoint = signed(&tree, new);
        let accepted = accept_cosignatures(lines.as_bytes(), &checkpoint, &[witness_key(1).verifier().clone()]).unwrap();
        assert_eq!((accepted.len(), accepted[0].cosigned_at), (1, now()));
        checkpoint.add(accepted[0].signature.clone()).unwrap();
        assert_eq!(verify_cosignature(&checkpoint, witness_key(1).verifier()), Ok(now()));
        known = Some(next);
    }
    // The empty ledger too.
    let WitnessAnswer::Cosigned { head: empty, .. } = decide(None, &request(&tree, 0, 0)) else { panic!() };
    assert_eq!(empty.size, 0);
    assert_eq!(decide(Some(empty), &request(&tree, 0, 5)).status(), 200);
}

#[test]
fn each_refusal_is_the_one_the_specification_says() {
    let tree = tree(40);
    let (ten, known) = (request(&tree, 5, 10), head(&tree, 5));
    let keys = [ledger_key().verifier().clone()];
    assert_eq!(decide(known, &ten).status(), 200);

    // 404 before everything else, 403 before all that concerns sizes.
    let two = SigningKey::from_seed(name("ledger.example/two"), SignatureType::Ed25519, &[1; 32]);
    assert_eq!(witness().decide(known, &ten, &[], now()), WitnessAnswer::UnknownLedger);
    assert_eq!(witness().decide(known, &ten, &[two.verifier().clone()], now()).status(), 404);
    let newer = SigningKey::from_seed(name(ORIGIN), SignatureType::Ed25519, &[2; 32]);
    assert_eq!(witness().decide(known, &ten, &[newer.verifier().clone()], now()), WitnessAnswer::Forbidden);
    assert_eq!(witness().decide(known, &ten, &[newer.verifier().clone(), keys[0].clone()], now()).status(), 200);
    let forged = ten.to_string().replace("\n10\n", "\n11\n");
    assert_eq!(decide(known, &AddCheckpoint::parse(forged.as_bytes()).unwrap()).status(), 403);

    // 400: the old size is beyond the new one, also when it is what the witness has.
    assert_eq!(decide(head(&tree, 11), &request(&tree, 11, 10)), WitnessAnswer::BadRequest(RequestError::OldSizeLarger));
    // 409 with the size, when it is another than the witness has: neither backwards nor from the beginning.
    for (known, old, new) in [(5, 6, 10), (5, 4, 10), (5, 0, 10), (0, 5, 10), (10, 5, 10), (20, 5, 10), (20, 0, 10)] {
        let answer = decide(head(&tree, known), &request(&tree, old, new));
        assert_eq!(answer, WitnessAnswer::Conflict { size: known });
        assert_eq!((answer.status(), answer.media_type(), parse_size(answer.body().as_bytes())), (409, "text/x.tlog.size", Some(known)));
    }
    // 409 for another tree of the same size, with or without a proof.
    let other = Checkpoint::new(Origin::new(ORIGIN).unwrap(), 5, [9; 32]).unwrap();
    let other = SignedCheckpoint::sign(other, &ledger_key()).unwrap();
    for proof in [vec![], vec![[1; 32]]] {
        let answer = decide(known, &AddCheckpoint::new(5, proof, other.clone()).unwrap());
        assert_eq!((answer.status(), answer.body().as_str()), (409, "5\n"));
        assert_eq!(answer, WitnessAnswer::Forked { size: 5 });
    }
    // 422: a proof that is wrong, missing, too long, or there where none belongs.
    let with = |old: u64, new: u64, proof: Vec<_>| AddCheckpoint::new(old, proof, signed(&tree, new)).unwrap();
    let check = |old, new, proof, error: ProofError| {
        let answer = decide(head(&tree, old), &with(old, new, proof));
        assert_eq!((answer.status(), &answer), (422, &WitnessAnswer::Inconsistent(error)));
    };
    let good = consistency_proof(&tree, 5, 10).unwrap();
    check(5, 10, vec![], ProofError::TooShort);
    check(5, 10, [good.clone(), vec![[1; 32]]].concat(), ProofError::TooLong);
    let off = [vec![[1; 32]], good[1..].to_vec()].concat();
    check(5, 10, off, ProofError::OtherOldRoot);
    check(5, 5, good, ProofError::EqualSizesWithProof);
    check(0, 10, vec![[1; 32]], ProofError::OldSizeZero);
    check(0, 0, vec![[1; 32]], ProofError::OldSizeZero);
    let mut changed = Vec::from([[0; 32]; 4]);
    changed[0] = root_at(&tree, 5).unwrap();
    assert_eq!(decide(known, &with(5, 10, changed)).status(), 422);
    assert_eq!(decide(known, &AddCheckpoint::new(5, vec![], signed(&tree, 6)).unwrap()).status(), 422);

    assert_eq!(Witness::new(ledger_key()).unwrap_err(), CosignError::KeyType);
    for size in ["", "5", "05\n", "5\n\n", "-1\n", "5\r\n", "18446744073709551616\n"] {
        assert_eq!(parse_size(size.as_bytes()), None);
    }
}

#[test]
fn the_specifications_request_is_read_and_what_is_not_one_is_refused() {
    let text = "old 20852014\nPlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=\njrJZDmY8Y7SyJE0MWLpLozkIVMSMZcD5kvuKxPC3swk=\n\
        5+pKlUdi2LeF/BcMHBn+Ku6yhPGNCswZZD1X/6QgPd8=\n/6WVhPs2CwSsb5rYBH5cjHV/wSmA79abXAwhXw3Kj/0=\n\n\
        example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n\
        — example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n\
        — example.com/behind-the-sofa opLqBQsREYCgu6xQkYQwJr9fo45a62DN9EdmHXnZdXNqlcVGlCum2Wks+49/V6267UEjw6QUXTS5Rovnzv++qbSzm9Q=\n";
    let request = AddCheckpoint::parse(text.as_bytes()).unwrap();
    assert_eq!((request.old_size(), request.proof().len(), request.to_string().as_str()), (20_852_014, 4, text));
    assert_eq!(request.checkpoint().note().signatures().len(), 2);

    let check = |text: String, error: RequestError| assert_eq!(AddCheckpoint::parse(text.as_bytes()), Err(error), "{text}");
    check(String::new(), RequestError::NoCheckpoint);
    check(text.replace('\n', "\r\n"), RequestError::NotPlainText);
    for old in ["old", "old ", "old 020852014", "old +1", "old -1", "Old 1", "old 18446744073709551616", "old  1", "old 1 "] {
        check(text.replace("old 20852014", old), RequestError::OldSize);
    }
    check(text.replace("old 20852014\n", ""), RequestError::OldSize);
    check(text.replace("kaw=", "kax="), RequestError::Hash { number: 1 });
    check(text.replace("jrJZ", ""), RequestError::Hash { number: 2 });
    check(text.replace("Kj/0=\n\n", "Kj/0=\n\n\n"), RequestError::Checkpoint(CheckpointError::Origin));
    check(text.replace("AYQ8=\n", "AYQ8=\n\n"), RequestError::Checkpoint(CheckpointError::Extension));
    let (head, _) = text.split_once("\n\n").unwrap();
    check(format!("{head}\n\n"), RequestError::Checkpoint(CheckpointError::Note(NoteError::NoSignatures)));

    let many = |count: usize| {
        text.replacen("old 20852014\n", &format!("old 20852014\n{}", "5+pKlUdi2LeF/BcMHBn+Ku6yhPGNCswZZD1X/6QgPd8=\n".repeat(count)), 1)
    };
    assert!(AddCheckpoint::parse(many(REQUEST_HASHES_MAX - 4).as_bytes()).is_ok());
    check(many(REQUEST_HASHES_MAX - 3), RequestError::TooManyHashes);
    assert!(AddCheckpoint::new(1, vec![[0; 32]; REQUEST_HASHES_MAX], signed(&tree(2), 2)).is_ok());
    assert_eq!(AddCheckpoint::new(1, vec![[0; 32]; REQUEST_HASHES_MAX + 1], signed(&tree(2), 2)), Err(RequestError::TooManyHashes));
    assert_eq!(AddCheckpoint::parse(&vec![b'a'; REQUEST_BYTES_MAX]), Err(RequestError::NoCheckpoint));
    assert_eq!(AddCheckpoint::parse(&vec![b'a'; REQUEST_BYTES_MAX + 1]), Err(RequestError::TooLong));
}

#[test]
fn answers_are_accepted_from_known_witnesses_only() {
    let checkpoint = signed(&tree(9), 9);
    let line = |number: u8, checkpoint: &SignedCheckpoint| {
        format!("{}\n", bezwaar_ledger::tlog::cosignature::cosign(&witness_key(number), checkpoint, now()).unwrap())
    };
    let keys = [witness_key(1).verifier().clone(), witness_key(2).verifier().clone(), ledger_key().verifier().clone()];
    let accept = |body: String| accept_cosignatures(body.as_bytes(), &checkpoint, &keys);
    let both = accept(line(1, &checkpoint) + &line(7, &checkpoint) + &line(2, &checkpoint)).unwrap();
    assert_eq!(both.iter().map(|one| one.key.clone()).collect::<Vec<_>>(), keys[..2]);
    let none = Err(AnswerError::Verify(VerifyError::NoKnownSignature));
    assert_eq!(accept(line(7, &checkpoint)), none);
    assert_eq!(accept(format!("{}\n", checkpoint.note().signatures()[0])), none, "the ledger's own signature is no cosignature");
    assert!(matches!(accept(line(1, &signed(&tree(9), 8))), Err(AnswerError::Verify(VerifyError::BadSignature { .. }))));
    assert!(matches!(
        accept(line(2, &checkpoint) + &line(1, &signed(&tree(9), 8))),
        Err(AnswerError::Verify(VerifyError::BadSignature { .. }))
    ));
    for body in ["", "\n", "hello\n", "9\n"] {
        assert_eq!(accept(body.to_owned()), Err(AnswerError::NotSignatureLines));
    }
    assert_eq!(accept(line(1, &checkpoint).trim_end().to_owned()), Err(AnswerError::NotSignatureLines));
    assert_eq!(accept("a".repeat(ANSWER_BYTES_MAX)), Err(AnswerError::NotSignatureLines));
    assert_eq!(accept("a".repeat(ANSWER_BYTES_MAX + 1)), Err(AnswerError::TooLong));
}

#[test]
fn a_request_with_one_byte_off_is_not_cosigned_or_asks_the_same() {
    let tree = tree(13);
    let whole = request(&tree, 6, 13);
    for off in one_byte_off(whole.to_string().as_bytes()) {
        let Ok(read) = AddCheckpoint::parse(&off) else { continue };
        assert_eq!(read.to_string().as_bytes(), off);
        // There is one signature, and each hash counts: nothing can be off and still be cosigned.
        assert_ne!(decide(head(&tree, 6), &read).status(), 200, "{}", String::from_utf8_lossy(&off));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn whatever_is_asked_it_never_goes_backwards_nor_sideways(asked in prop::collection::vec((0_u64..40, 0_u64..40, any::<bool>()), 1..30)) {
        let (one, mut two) = (tree(40), tree(20));
        (20..40).for_each(|number: u8| two.push_hash([number; 32]));
        let mut known: Option<TreeHead> = None;
        let mut cosigned: Vec<TreeHead> = Vec::new();
        for (old, new, forked) in asked {
            let tree = if forked { &two } else { &one };
            // As a ledger would that knows what the witness is at, and as one that guesses.
            for old in [old, known.map_or(0, |known| known.size)] {
                if let WitnessAnswer::Cosigned { head, .. } = decide(known, &request(tree, old, new)) {
                    prop_assert!(known.is_none_or(|known| head.size >= known.size));
                    known = Some(head);
                    cosigned.push(head);
                }
            }
        }
        // All that was cosigned is of one history.
        let of = |tree: &MemoryTree| cosigned.iter().all(|head| root_at(tree, head.size).unwrap() == head.root);
        prop_assert!(of(&one) || of(&two));
    }
}
