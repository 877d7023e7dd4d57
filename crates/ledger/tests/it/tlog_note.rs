//! Keys and signed notes: published examples, limits, mutations, and another implementation.

use bezwaar_ledger::tlog::note::{
    KEY_NAME_BYTES_MAX, KEY_TEXT_BYTES_MAX, KeyError, KeyName, NOTE_BYTES_MAX, Note, NoteError, NoteSignature, SIGNATURES_MAX,
    SignatureType, SigningKey, VerifierKey, VerifyError, parse_signature_lines,
};
use proptest::prelude::*;
use signed_note::{StandardSigner, StandardVerifier, VerifierList};

use crate::tlog_world::{ledger_key, name, one_byte_off, witness_key};

// The example keys, note and signatures of Go's `golang.org/x/mod/sumdb/note`.
const PETER_SECRET: &str = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz";
const PETER: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
const ENOCH: &str = "EnochRoot+af0cfe78+ATtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop";
const TEXT: &str = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n";
const PETER_LINE: &str = "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";
const ENOCH_LINE: &str = "— EnochRoot rwz+eBzmZa0SO3NbfRGzPCpDckykFXSdeX+MNtCOXm2/5n2tiOHp+vAF1aGrQ5ovTG01oOTGwnWLox33WWd1RvMc+QQ=\n";

fn key(text: &str) -> VerifierKey {
    VerifierKey::parse(text).unwrap()
}

fn note(lines: &str) -> Note {
    Note::parse(format!("{TEXT}\n{lines}").as_bytes()).unwrap()
}

#[test]
fn gos_example_note_is_signed_and_verified_as_go_does() {
    let secret = SigningKey::parse(PETER_SECRET).unwrap();
    assert_eq!(*secret.to_text(), PETER_SECRET);
    assert_eq!(secret.verifier().to_string(), PETER);
    let mut signed = Note::new(TEXT.to_owned()).unwrap();
    signed.sign(&secret).unwrap();
    assert_eq!(signed.to_string(), format!("{TEXT}\n{PETER_LINE}"));

    let both = note(&format!("{PETER_LINE}{ENOCH_LINE}"));
    let verified = both.verify(&[key(PETER), key(ENOCH)]).unwrap();
    assert_eq!((verified.text(), verified.signatures().len()), (TEXT, 2));
    let verified = both.verify(&[key(ENOCH)]).unwrap();
    assert_eq!(verified.signatures().len(), 1, "an unknown key is passed over");
    assert!(verified.by(&key(ENOCH)).is_some() && verified.by(&key(PETER)).is_none());
}

#[test]
fn the_specifications_examples_are_read() {
    for text in [
        "Ognuno sta solo sul cuor della terra\ntrafitto da un raggio di sole:\n\ned è subito sera.\n\n\
         — quasimodo.example/salvatore NnugSzTjtVAewIS+Z/iJhUPeFDkO/5QQ2i5ddnGITLlC+EhfLW9oJKONrMouFSQU0xMcXxj99ihAQwaqP3ZekRwNtIc=\n",
        "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n\
         — example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n\
         — witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==\n",
    ] {
        let note = Note::parse(text.as_bytes()).unwrap();
        assert_eq!(note.to_string(), text);
        assert!(text.starts_with(note.text()) && !note.text().ends_with("\n\n"));
        assert_eq!(note.verify(&[key(PETER)]).unwrap_err(), VerifyError::NoKnownSignature);
    }
}

#[test]
fn a_known_key_must_have_signed_rightly_and_an_unknown_one_need_not() {
    let peter = key(PETER);
    let changed = PETER_LINE.replace("x08go/ZJ", "x08go/ZK");
    let bad = VerifyError::BadSignature { name: name("PeterNeumann"), id: peter.id() };
    assert_eq!(note(&changed).verify(std::slice::from_ref(&peter)).unwrap_err(), bad);
    // Also when another known key has signed, and when the same key has signed rightly as well.
    assert_eq!(note(&format!("{changed}{ENOCH_LINE}")).verify(&[peter.clone(), key(ENOCH)]).unwrap_err(), bad);
    assert_eq!(note(&format!("{PETER_LINE}{changed}")).verify(std::slice::from_ref(&peter)).unwrap_err(), bad);
    // The same name with another id, or the same id with another name, is another key.
    for unknown in [PETER_LINE.replace("x08go", "y08go"), PETER_LINE.replace("PeterNeumann", "CarmenSandiego")] {
        assert_eq!(note(&unknown).verify(std::slice::from_ref(&peter)).unwrap_err(), VerifyError::NoKnownSignature);
        assert_eq!(note(&format!("{unknown}{ENOCH_LINE}")).verify(&[peter.clone(), key(ENOCH)]).unwrap().signatures().len(), 1);
    }
    // The same key given twice is one key.
    assert!(note(PETER_LINE).verify(&[peter.clone(), peter.clone()]).is_ok());
    assert_eq!(note(PETER_LINE).verify(&[]).unwrap_err(), VerifyError::NoKnownSignature);
}

#[test]
fn two_keys_of_one_name_and_id_are_not_told_apart() {
    // Found by trying seeds: ids are 32 bits, so a pair turns up within some 2^17 tries. Any pair will do.
    let mut seen = std::collections::HashMap::new();
    for number in 0_u32.. {
        let mut seed = [0; 32];
        seed[..4].copy_from_slice(&number.to_be_bytes());
        let secret = SigningKey::from_seed(name("twin"), SignatureType::Ed25519, &seed);
        let Some(other) = seen.insert(secret.verifier().id(), secret.clone()) else { continue };
        let mut note = Note::new(TEXT.to_owned()).unwrap();
        note.sign(&secret).unwrap();
        let both = [secret.verifier().clone(), other.verifier().clone()];
        assert_eq!(note.verify(&both).unwrap_err(), VerifyError::AmbiguousKey { name: name("twin"), id: secret.verifier().id() });
        assert!(note.verify(&both[..1]).is_ok());
        assert!(matches!(note.verify(&both[1..]), Err(VerifyError::BadSignature { .. })));
        return;
    }
}

#[test]
fn what_is_not_a_note_is_refused() {
    let check = |bytes: &[u8], error: NoteError| assert_eq!(Note::parse(bytes), Err(error), "{}", String::from_utf8_lossy(bytes));
    check(b"", NoteError::NoSignatures);
    check(TEXT.as_bytes(), NoteError::NoSignatures);
    check(format!("{TEXT}\n").as_bytes(), NoteError::NoSignatures);
    check(format!("{TEXT}{PETER_LINE}").as_bytes(), NoteError::NoSignatures);
    check(format!("{TEXT}\n{PETER_LINE}\n").as_bytes(), NoteError::NoSignatures);
    check(format!("{TEXT}\n{}", PETER_LINE.trim_end()).as_bytes(), NoteError::SignatureLine { number: 1 });
    check(format!("{TEXT}\n{PETER_LINE}{}", PETER_LINE.replace('—', "-")).as_bytes(), NoteError::SignatureLine { number: 2 });
    check(format!("{TEXT}\n{}", PETER_LINE.replace("PeterNeumann ", "PeterNeumann  ")).as_bytes(), NoteError::SignatureLine { number: 1 });
    check(format!("{TEXT}\n{}", PETER_LINE.replace("PeterNeumann", "Peter+Neumann")).as_bytes(), NoteError::SignatureLine { number: 1 });
    check(
        format!("{TEXT}\n{}", PETER_LINE.replace("PeterNeumann", "Peter\u{a0}Neumann")).as_bytes(),
        NoteError::SignatureLine { number: 1 },
    );
    check(format!("{TEXT}\n{}", PETER_LINE.replace("PeterNeumann", "")).as_bytes(), NoteError::SignatureLine { number: 1 });
    check(format!("{TEXT}\n{}", PETER_LINE.replace("AM=", "AN=")).as_bytes(), NoteError::SignatureLine { number: 1 });
    check(format!("{TEXT}\n— PeterNeumann x08gow==\n").as_bytes(), NoteError::SignatureLine { number: 1 });
    check(format!("{TEXT}\n{PETER_LINE}").replace('\n', "\r\n").as_bytes(), NoteError::NotPlainText);
    check(format!("{TEXT}\t\n{PETER_LINE}").as_bytes(), NoteError::NotPlainText);
    check(&[TEXT.as_bytes(), b"\xff\n\n", PETER_LINE.as_bytes()].concat(), NoteError::NotPlainText);
    assert_eq!(Note::new("no end".to_owned()), Err(NoteError::TextWithoutEnd));
    assert_eq!(Note::new(String::new()), Err(NoteError::TextWithoutEnd));
    assert_eq!(Note::new("a\u{1}\n".to_owned()), Err(NoteError::NotPlainText));
    assert_eq!(parse_signature_lines(""), Err(NoteError::SignatureLine { number: 1 }));
    assert_eq!(parse_signature_lines("\n"), Err(NoteError::SignatureLine { number: 1 }));
    assert_eq!(Note::new(TEXT.to_owned()).unwrap().sign(&witness_key(1)), Err(NoteError::CosigningKey));
}

#[test]
fn limits_hold_at_the_limit_and_one_past_it() {
    let lines = |count| PETER_LINE.repeat(count);
    assert!(Note::parse(format!("{TEXT}\n{}", lines(SIGNATURES_MAX)).as_bytes()).is_ok());
    assert_eq!(Note::parse(format!("{TEXT}\n{}", lines(SIGNATURES_MAX + 1)).as_bytes()), Err(NoteError::TooManySignatures));
    let mut full = note(&lines(SIGNATURES_MAX));
    let enoch = NoteSignature::parse(ENOCH_LINE.trim_end()).unwrap();
    assert_eq!(full.add(enoch), Err(NoteError::TooManySignatures));

    let rest = format!("\n\n{PETER_LINE}");
    let long = |bytes: usize| format!("{}{rest}", "a".repeat(bytes - rest.len()));
    assert!(Note::parse(long(NOTE_BYTES_MAX).as_bytes()).is_ok());
    assert_eq!(Note::parse(long(NOTE_BYTES_MAX + 1).as_bytes()), Err(NoteError::TooLong));
    assert!(Note::new(format!("{}\n", "a".repeat(NOTE_BYTES_MAX - 1))).is_ok());
    assert_eq!(Note::new(format!("{}\n", "a".repeat(NOTE_BYTES_MAX))), Err(NoteError::TooLong));

    assert!(KeyName::new(&"a".repeat(KEY_NAME_BYTES_MAX)).is_ok());
    assert_eq!(KeyName::new(&"a".repeat(KEY_NAME_BYTES_MAX + 1)), Err(KeyError::Name));
    assert_eq!(VerifierKey::parse(&format!("{PETER}{}", "A".repeat(KEY_TEXT_BYTES_MAX - PETER.len()))), Err(KeyError::Form));
    assert_eq!(VerifierKey::parse(&format!("{PETER}{}", "A".repeat(KEY_TEXT_BYTES_MAX - PETER.len() + 1))), Err(KeyError::TooLong));
}

#[test]
fn what_is_not_a_key_is_refused_without_saying_what_stood_there() {
    let check = |text: &str, error: KeyError| {
        assert_eq!(VerifierKey::parse(text), Err(error));
        assert!(!error.to_string().contains("ARpc") && !error.help().contains("ARpc"));
    };
    check("", KeyError::Form);
    check("PeterNeumann", KeyError::Form);
    check("PeterNeumann+c74f20a3", KeyError::Form);
    check(&PETER.replace("c74f20a3", "C74F20A3"), KeyError::Form);
    check(&PETER.replace("c74f20a3", "c74f20a"), KeyError::Form);
    check(&PETER.replace("Peter", "Peter "), KeyError::Name);
    check(&PETER.replace("PeterNeumann", ""), KeyError::Name);
    check(&format!("{PETER}="), KeyError::Form);
    check(&format!("{PETER}\n"), KeyError::Form);
    check(PETER_SECRET, KeyError::SecretInstead);
    // Of Go's tests: a key of another length, and one of an unknown type, both with the ids that follow from them.
    check("PeterNeumann+cc469956+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWBADKEY==", KeyError::Form);
    check("PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW", KeyError::SignatureType { byte: 0x65 });
    let (found, computed) = (key(ENOCH).id(), key(PETER).id());
    check(&PETER.replace("c74f20a3", "af0cfe78"), KeyError::OtherId { found, computed });
    // The neutral point, under which one signature fits every text, and bytes that are no point.
    let mut neutral = [0; 32];
    neutral[0] = 1;
    assert_eq!(VerifierKey::new(name("weak"), SignatureType::Ed25519, &neutral), Err(KeyError::NotAPoint));
    assert_eq!(VerifierKey::new(name("none"), SignatureType::Ed25519, &[2; 32]), Err(KeyError::NotAPoint));

    let secret = |text: &str| SigningKey::parse(text).unwrap_err();
    assert_eq!(secret(PETER), KeyError::NotSecret);
    assert_eq!(secret(&PETER_SECRET.replace("c74f20a3", "af0cfe78")), KeyError::OtherId { found, computed });
    assert!(SigningKey::parse(&format!("{PETER_SECRET}\n")).is_ok());
    assert_eq!(secret(&format!("{PETER_SECRET}\n\n")), KeyError::Form);
    for off in one_byte_off(PETER_SECRET.as_bytes()) {
        let Ok(text) = String::from_utf8(off) else { continue };
        // A line end after the key is the one difference that is none.
        assert!(SigningKey::parse(&text).is_err() || text.trim_end() == PETER_SECRET, "{text}");
    }
}

#[test]
fn secrets_are_not_shown() {
    let key = SigningKey::parse(PETER_SECRET).unwrap();
    let shown = format!("{key:?}");
    assert!(shown.contains(PETER) && !shown.contains("YEKFALVF"), "{shown}");
    let debug = format!("{:?}", witness_key(3));
    assert!(!debug.contains("103, 103") && !debug.contains("6767"), "{debug}");
}

#[test]
fn a_note_with_one_byte_off_is_refused_or_unverified_there() {
    let whole = format!("{TEXT}\n{PETER_LINE}{ENOCH_LINE}");
    let keys = [key(PETER), key(ENOCH)];
    let mut passed = 0;
    for off in one_byte_off(whole.as_bytes()) {
        let Ok(note) = Note::parse(&off) else { continue };
        assert_eq!(note.to_string().as_bytes(), off, "what is read is written the same");
        let Ok(verified) = note.verify(&keys) else { continue };
        // What passes differs in the name or id of one signature only, which makes it one of an unknown key.
        assert_eq!((verified.text(), verified.signatures().len()), (TEXT, 1));
        passed += 1;
    }
    assert!(passed > 0);
}

fn any_name() -> impl Strategy<Value = KeyName> {
    "[a-zA-Z0-9./é-]{1,40}".prop_map(|text| KeyName::new(&text).unwrap())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_is_signed_verifies_here_and_elsewhere(text in "[ -~é\n]{0,200}", seed in any::<[u8; 32]>(), name in any_name()) {
        let key = SigningKey::from_seed(name, SignatureType::Ed25519, &seed);
        let mut note = Note::new(format!("{text}\n")).unwrap();
        note.sign(&key).unwrap();
        note.sign(&ledger_key()).unwrap();
        note.sign(&key).unwrap();
        let bytes = note.to_string().into_bytes();
        let read = Note::parse(&bytes).unwrap();
        prop_assert_eq!(&read, &note);
        prop_assert_eq!(read.signatures().len(), 2, "a signature that is there is not added again");
        prop_assert!(read.verify(std::slice::from_ref(key.verifier())).is_ok());

        let vkey = key.verifier().to_string();
        prop_assert_eq!(&VerifierKey::parse(&vkey).unwrap(), key.verifier());
        let theirs = signed_note::Note::from_bytes(&bytes).unwrap();
        let verifiers = VerifierList::new(vec![Box::new(StandardVerifier::new(&vkey).unwrap())]);
        prop_assert_eq!(theirs.verify(&verifiers).unwrap().0.len(), 1);

        // And the other way round: with their signer, from our key file.
        let mut theirs = signed_note::Note::new(note.text().as_bytes(), &[]).unwrap();
        theirs.add_sigs(&[&StandardSigner::new(&key.to_text()).unwrap()]).unwrap();
        let back = Note::parse(&theirs.to_bytes()).unwrap();
        prop_assert_eq!(back.signatures(), &note.signatures()[..1]);
    }

    #[test]
    fn what_one_reader_takes_the_other_takes(bytes in "[ -~é\n]{0,20}\n?\n— [a-z+ ]{1,6} [A-Za-z0-9+/]{8,12}={0,2}\n?") {
        let ours = Note::parse(bytes.as_bytes());
        if let Ok(ours) = &ours {
            let theirs = signed_note::Note::from_bytes(bytes.as_bytes()).unwrap();
            prop_assert_eq!(theirs.text(), ours.text().as_bytes());
        }
    }
}
