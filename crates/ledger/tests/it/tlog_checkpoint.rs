//! Checkpoints and cosignatures: published examples, refusals, mutations, and another implementation.

use bezwaar_ledger::tlog::checkpoint::{Checkpoint, CheckpointError, EXTENSIONS_MAX, ORIGIN_BYTES_MAX, Origin, SignedCheckpoint};
use bezwaar_ledger::tlog::cosignature::{CosignError, PosixSeconds, cosign, verify_cosignature};
use bezwaar_ledger::tlog::note::{NoteError, SignatureType, SigningKey, VerifierKey, VerifyError};
use proptest::prelude::*;

use crate::tlog_world::{ORIGIN, checkpoint, ledger_key, name, one_byte_off, signed, tree, witness_key};

const ROOT: &str = "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=";

fn at(seconds: u64) -> PosixSeconds {
    PosixSeconds::new(seconds).unwrap()
}

#[test]
fn the_specifications_example_is_read_and_written_the_same() {
    let text = format!("example.com/behind-the-sofa\n20852163\n{ROOT}\n");
    let checkpoint = Checkpoint::parse(&text).unwrap();
    assert_eq!(checkpoint.origin().as_str(), "example.com/behind-the-sofa");
    assert_eq!((checkpoint.size(), checkpoint.extensions().len()), (20_852_163, 0));
    assert_eq!(checkpoint.root()[..3], [0x0a, 0xc5, 0x18]);
    assert_eq!(checkpoint.to_string(), text);
    let more = format!("{text}one\ntwo\n");
    assert_eq!(Checkpoint::parse(&more).unwrap().extensions(), ["one", "two"]);
    assert_eq!(Checkpoint::parse(&more).unwrap().to_string(), more);
}

#[test]
fn what_is_not_a_checkpoint_is_refused() {
    let check = |text: &str, error: CheckpointError| assert_eq!(Checkpoint::parse(text), Err(error), "{text}");
    check("", CheckpointError::NotACheckpoint);
    check("a\n", CheckpointError::NotACheckpoint);
    check("a\n1\n", CheckpointError::NotACheckpoint);
    check(&format!("a\n1\n{ROOT}"), CheckpointError::NotACheckpoint);
    check(&format!("\n1\n{ROOT}\n"), CheckpointError::Origin);
    for size in ["", "01", "+1", "-1", " 1", "1 ", "0x1", "1e3", "18446744073709551616", "１"] {
        check(&format!("a\n{size}\n{ROOT}\n"), CheckpointError::Size);
    }
    assert_eq!(Checkpoint::parse(&format!("a\n18446744073709551615\n{ROOT}\n")).unwrap().size(), u64::MAX);
    for root in
        ["", "AAAA", &ROOT[1..], &ROOT.replace('=', ""), &ROOT.replace("q2I=", "q2J="), &format!("{ROOT} "), &ROOT.replace('/', "_")]
    {
        check(&format!("a\n1\n{root}\n"), CheckpointError::Root);
    }
    check(&format!("a\n0\n{ROOT}\n"), CheckpointError::EmptyTreeRoot);
    assert!(Checkpoint::parse("a\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n").is_ok());
    check(&format!("a\n1\n{ROOT}\n\n"), CheckpointError::Extension);
    check(&format!("a\n1\n{ROOT}\nb\n\nc\n"), CheckpointError::Extension);

    let extensions = |count| format!("a\n1\n{ROOT}\n{}", "b\n".repeat(count));
    assert!(Checkpoint::parse(&extensions(EXTENSIONS_MAX)).is_ok());
    check(&extensions(EXTENSIONS_MAX + 1), CheckpointError::Extension);
    assert!(Origin::new(&"a".repeat(ORIGIN_BYTES_MAX)).is_ok());
    assert_eq!(Origin::new(&"a".repeat(ORIGIN_BYTES_MAX + 1)), Err(CheckpointError::Origin));
    assert_eq!(Origin::new("a\nb"), Err(CheckpointError::Origin));
    let one = || Checkpoint::new(Origin::new("a").unwrap(), 1, [1; 32]).unwrap();
    assert_eq!(one().with_extensions(vec!["a\nb".into()]), Err(CheckpointError::Extension));
}

#[test]
fn a_checkpoint_is_signed_and_believed_under_its_own_name_only() {
    let tree = tree(9);
    let signed = signed(&tree, 9);
    assert_eq!(SignedCheckpoint::parse(signed.to_string().as_bytes()).unwrap(), signed);
    assert_eq!(signed.verify(ledger_key().verifier()), Ok(&checkpoint(&tree, 9)));

    let other = SigningKey::from_seed(name("ledger.example/two"), SignatureType::Ed25519, &[1; 32]);
    assert_eq!(signed.verify(other.verifier()), Err(CheckpointError::OtherOrigin));
    assert_eq!(SignedCheckpoint::sign(checkpoint(&tree, 9), &other).unwrap_err(), CheckpointError::OtherOrigin);
    let newer = SigningKey::from_seed(name(ORIGIN), SignatureType::Ed25519, &[2; 32]);
    assert_eq!(signed.verify(newer.verifier()), Err(CheckpointError::Verify(VerifyError::NoKnownSignature)));
    let cosigning = SigningKey::from_seed(name(ORIGIN), SignatureType::CosignatureV1, &[1; 32]);
    assert_eq!(SignedCheckpoint::sign(checkpoint(&tree, 9), &cosigning).unwrap_err(), CheckpointError::Note(NoteError::CosigningKey));
    // Signed as a note by the right key, but not a checkpoint.
    assert_eq!(SignedCheckpoint::parse(b"hello\n\n"), Err(CheckpointError::Note(NoteError::NoSignatures)));
}

#[test]
fn witnesses_cosign_with_a_time() {
    let mut signed = signed(&tree(9), 9);
    let (one, two) = (witness_key(1), witness_key(2));
    let line = cosign(&one, &signed, at(1_679_315_147)).unwrap();
    assert_eq!(line.bytes().len(), 72);
    signed.add_signature_lines(&format!("{line}\n")).unwrap();
    signed.add_signature_lines(&format!("{line}\n")).unwrap();
    assert_eq!(signed.note().signatures().len(), 2);
    assert_eq!(verify_cosignature(&signed, one.verifier()), Ok(at(1_679_315_147)));
    assert_eq!(verify_cosignature(&signed, two.verifier()), Err(CosignError::Verify(VerifyError::NoKnownSignature)));
    assert!(signed.verify(ledger_key().verifier()).is_ok(), "the ledger's own signature still stands");
    // Of several, the latest counts.
    for seconds in [1_700_000_000, 1_600_000_000] {
        let line = cosign(&one, &signed, at(seconds)).unwrap();
        signed.add_signature_lines(&format!("{line}\n")).unwrap();
    }
    assert_eq!(verify_cosignature(&signed, one.verifier()), Ok(at(1_700_000_000)));

    assert_eq!(cosign(&ledger_key(), &signed, at(1)), Err(CosignError::KeyType));
    assert_eq!(verify_cosignature(&signed, ledger_key().verifier()), Err(CosignError::KeyType));
    assert!(PosixSeconds::new(i64::MAX as u64).is_some() && PosixSeconds::new(1 << 63).is_none());
    assert!(cosign(&one, &signed, PosixSeconds::MAX).is_ok());
    let before = signed.clone();
    assert!(signed.add_signature_lines("nonsense\n").is_err());
    assert_eq!(signed, before);
}

#[test]
fn a_witness_key_and_a_ledger_key_of_the_same_secret_do_not_stand_in_for_one_another() {
    let ledger = ledger_key();
    let seed = [1; 32];
    let witness = SigningKey::from_seed(name(ORIGIN), SignatureType::CosignatureV1, &seed);
    assert_eq!(ledger.verifier().public_key(), witness.verifier().public_key());
    assert_ne!(ledger.verifier().id(), witness.verifier().id());
    let signed = signed(&tree(3), 3);
    assert!(verify_cosignature(&signed, witness.verifier()).is_err());
    // And the parts of a cosignature cannot be mixed: the time is signed.
    let line = cosign(&witness, &signed, at(5)).unwrap().to_string();
    let mut later = signed.clone();
    let blob = line.rsplit_once(' ').unwrap().1;
    // The eight bytes of the time follow the four of the id; the last of them lies within this character.
    let changed = format!("{}{}{}", &blob[..15], if &blob[15..16] == "F" { "G" } else { "F" }, &blob[16..]);
    later.add_signature_lines(&format!("{}\n", line.replace(blob, &changed))).unwrap();
    let found = verify_cosignature(&later, witness.verifier());
    assert!(matches!(found, Err(CosignError::Verify(VerifyError::BadSignature { .. }))), "{found:?}");
}

#[test]
fn a_checkpoint_with_one_byte_off_is_refused_or_unverified_there() {
    let mut whole = signed(&tree(300), 300);
    let line = cosign(&witness_key(1), &whole, at(1_700_000_000)).unwrap();
    whole.add_signature_lines(&format!("{line}\n")).unwrap();
    let (ledger, witness) = (ledger_key().verifier().clone(), witness_key(1).verifier().clone());
    for off in one_byte_off(whole.to_string().as_bytes()) {
        let Ok(read) = SignedCheckpoint::parse(&off) else { continue };
        assert_eq!(read.to_string().as_bytes(), off);
        // Each signature stands for the whole text, so either both still hold, or the byte lies in the line of the one that does not.
        let by_ledger = read.verify(&ledger).is_ok();
        let by_witness = verify_cosignature(&read, &witness).is_ok();
        assert!(!(by_ledger && by_witness), "{}", String::from_utf8_lossy(&off));
        assert!((by_ledger || by_witness) <= (read.note().text() == whole.note().text()));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn another_implementation_reads_and_writes_the_same(origin in "[a-z./ +é]{1,40}", size in 1_u64.., root in any::<[u8; 32]>(), more in prop::collection::vec("[!-~][ -~]{0,20}", 0..4)) {
        let ours = Checkpoint::new(Origin::new(&origin).unwrap(), size, root).unwrap().with_extensions(more.clone()).unwrap();
        let text = ours.to_string();
        prop_assert_eq!(&Checkpoint::parse(&text).unwrap(), &ours);
        // Theirs takes the specification's advice on origins for a rule.
        if origin.contains([' ', '+']) {
            return Ok(());
        }
        let theirs = tlog_tiles::Checkpoint::from_bytes(text.as_bytes()).unwrap();
        prop_assert_eq!((theirs.origin(), theirs.size(), theirs.hash().0), (origin.as_str(), size, root));
        prop_assert_eq!(String::from_utf8(theirs.to_bytes()).unwrap(), text);
    }

    #[test]
    fn a_cosignature_is_for_one_text_and_one_time(seed in any::<[u8; 32]>(), seconds in 0..=i64::MAX as u64, size in 1_u64..40) {
        let key = SigningKey::from_seed(name("w"), SignatureType::CosignatureV1, &seed);
        let tree = tree(41);
        let mut one = signed(&tree, size);
        let line = format!("{}\n", cosign(&key, &one, at(seconds)).unwrap());
        one.add_signature_lines(&line).unwrap();
        prop_assert_eq!(verify_cosignature(&one, key.verifier()), Ok(at(seconds)));
        let mut other = signed(&tree, size + 1);
        other.add_signature_lines(&line).unwrap();
        prop_assert!(verify_cosignature(&other, key.verifier()).is_err());
        let vkey = key.verifier().to_string();
        prop_assert_eq!(&VerifierKey::parse(&vkey).unwrap(), key.verifier());
    }
}
