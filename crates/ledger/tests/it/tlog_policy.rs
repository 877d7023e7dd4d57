//! Trust policies: reading, all problems at once, quorums, and what is believed.

use bezwaar_ledger::tlog::checkpoint::SignedCheckpoint;
use bezwaar_ledger::tlog::cosignature::{PosixSeconds, cosign};
use bezwaar_ledger::tlog::note::{KeyError, SignatureType, SigningKey, VerifyError};
use bezwaar_ledger::tlog::policy::{POLICY_BYTES_MAX, POLICY_PARTS_MAX, PolicyError, PolicyProblemKind as Kind, TrustPolicy};
use proptest::prelude::*;

use crate::tlog_world::{ORIGIN, ledger_key, name, one_byte_off, signed, tree, witness_key};

/// The specification's example: two of three of one house, and one of three of another.
pub(crate) fn two_houses() -> String {
    let mut text = format!("log {}\n\n", ledger_key().verifier());
    for number in 1..=6 {
        let (house, at) = if number <= 3 { ("X", number) } else { ("Y", number - 3) };
        text += &format!("witness {house}{at} {} https://w{number}.example/\n", witness_key(number).verifier());
    }
    text + "group X-witnesses 2 X1 X2 X3\ngroup Y-witnesses any Y1 Y2 Y3\ngroup X-and-Y all X-witnesses Y-witnesses\nquorum X-and-Y\n"
}

fn policy(text: &str) -> TrustPolicy {
    TrustPolicy::parse(text.as_bytes()).unwrap()
}

pub(crate) fn cosigned(witnesses: &[u8]) -> SignedCheckpoint {
    let mut checkpoint = signed(&tree(20), 20);
    for number in witnesses {
        let at = PosixSeconds::new(1_700_000_000 + u64::from(*number)).unwrap();
        checkpoint.add(cosign(&witness_key(*number), &checkpoint.clone(), at).unwrap()).unwrap();
    }
    checkpoint
}

#[track_caller]
fn problems(text: impl AsRef<[u8]>, expected: &[(usize, Kind)]) {
    let errors = TrustPolicy::parse(text.as_ref()).unwrap_err();
    let found: Vec<(usize, Kind)> = errors.problems().iter().map(|problem| (problem.line(), problem.kind())).collect();
    assert_eq!(found, expected);
    assert!(errors.problems().iter().all(|problem| !problem.help().is_empty() && errors.to_string().contains(&problem.to_string())));
}

#[test]
fn the_specifications_example_works_as_it_says() {
    let policy = policy(&two_houses());
    assert_eq!((policy.ledgers().len(), policy.witnesses().len(), policy.asks_for_witnesses()), (1, 6, true));
    assert_eq!(policy.witnesses()[4].url(), Some("https://w5.example/"));
    for chosen in 0_u8..64 {
        let numbers: Vec<u8> = (1..=6).filter(|number| chosen >> (number - 1) & 1 == 1).collect();
        let (x, y) = (numbers.iter().filter(|number| **number <= 3).count(), numbers.iter().filter(|number| **number > 3).count());
        match policy.check(&cosigned(&numbers)) {
            Ok(trusted) => {
                assert!(x >= 2 && y >= 1 && trusted.witnessed);
                assert_eq!((trusted.witnesses.len(), &trusted.ledger), (numbers.len(), ledger_key().verifier()));
                assert_eq!(trusted.witnesses[0].cosigned_at.seconds(), 1_700_000_000 + u64::from(numbers[0]));
            }
            Err(PolicyError::QuorumNotMet { witnesses, known }) => {
                assert!(x < 2 || y < 1);
                assert_eq!((witnesses.len(), known), (numbers.len(), 6));
                // Whoever wants to know what else holds is told, and never that it is witnessed.
                let trusted = policy.clone().believing_unwitnessed().check(&cosigned(&numbers)).unwrap();
                assert_eq!((trusted.witnessed, trusted.witnesses.len()), (false, numbers.len()));
            }
            Err(other) => panic!("{other:?}"),
        }
    }
}

#[test]
fn each_kind_of_distrust_has_its_own_reason() {
    let both = policy(&two_houses());
    let good = cosigned(&[1, 2, 4]);
    assert!(both.check(&good).is_ok());
    // The ledger's own line taken out, changed, or by a key the policy does not have.
    let text = good.to_string();
    let line = text.lines().find(|line| line.starts_with("— ledger")).unwrap();
    let without = SignedCheckpoint::parse(text.replace(&format!("{line}\n"), "").as_bytes()).unwrap();
    assert_eq!(both.check(&without), Err(PolicyError::NoLedgerSignature));
    let id = ledger_key().verifier().id();
    let changed = format!("{}{}", &line[..line.len() - 12], "AAAAAAAAAAA=");
    let changed = SignedCheckpoint::parse(text.replace(line, &changed).as_bytes()).unwrap();
    assert_eq!(both.check(&changed), Err(PolicyError::Signature(VerifyError::BadSignature { name: name(ORIGIN), id })));
    let other = SigningKey::from_seed(name(ORIGIN), SignatureType::Ed25519, &[9; 32]);
    let newer = SignedCheckpoint::sign(good.unverified().clone(), &other).unwrap();
    assert_eq!(both.check(&newer), Err(PolicyError::NoLedgerSignature));
    // A ledger of the policy that signs in another's name.
    let two = SigningKey::from_seed(name("ledger.example/two"), SignatureType::Ed25519, &[8; 32]);
    let policy_of_two = policy(&format!("log {}\nquorum none\n", two.verifier()));
    assert_eq!(policy_of_two.check(&good), Err(PolicyError::UnknownLedger { origin: good.unverified().origin().clone() }));
    let mut in_its_name = bezwaar_ledger::tlog::note::Note::new(good.note().text().to_owned()).unwrap();
    in_its_name.sign(&two).unwrap();
    let in_its_name = SignedCheckpoint::parse(in_its_name.to_string().as_bytes()).unwrap();
    let knows_both = policy(&format!("log {}\nlog {}\nquorum none\n", two.verifier(), ledger_key().verifier()));
    assert_eq!(knows_both.check(&in_its_name), Err(PolicyError::NoLedgerSignature));
    assert_eq!(policy("quorum none\n").check(&good), Err(PolicyError::UnknownLedger { origin: good.unverified().origin().clone() }));
    // No witness asked for: those that cosigned are told all the same, but it does not count as witnessed.
    let none = TrustPolicy::of_ledger(ledger_key().verifier().clone()).check(&good).unwrap();
    assert_eq!((none.witnesses.len(), none.witnessed), (0, false));
    let none = policy(&two_houses().replace("quorum X-and-Y", "quorum none")).check(&good).unwrap();
    assert_eq!((none.witnesses.len(), none.witnessed), (3, false));
    // A wrong cosignature of a known witness spoils it, also when the rest would do; an unknown witness's does not.
    let w3 = cosign(&witness_key(3), &signed(&tree(21), 21), PosixSeconds::new(5).unwrap()).unwrap();
    let mut spoilt = good.clone();
    spoilt.add(w3).unwrap();
    assert!(matches!(both.check(&spoilt), Err(PolicyError::Signature(VerifyError::BadSignature { .. }))));
    let w9 = cosign(&witness_key(9), &signed(&tree(21), 21), PosixSeconds::new(5).unwrap()).unwrap();
    let mut with_stranger = good.clone();
    with_stranger.add(w9).unwrap();
    assert_eq!(both.check(&with_stranger).unwrap().witnesses.len(), 3);
}

#[test]
fn all_problems_are_said_at_once_with_their_lines() {
    let (ledger, w1, w2) =
        (ledger_key().verifier().to_string(), witness_key(1).verifier().to_string(), witness_key(2).verifier().to_string());
    let again = SigningKey::from_seed(name("other.name"), SignatureType::CosignatureV1, &[101; 32]).verifier().to_string();
    let text = format!(
        "# a comment\nlog {ledger}\nlog {w1}\nledger {ledger}\nwitness a {w1}\nwitness b {again}\nwitness a {w2}\nwitness none {w2}x\nlog nonsense\n\
         \t group g 3 a c \ngroup h 3 a\ngroup i any a\ngroup j 01 b\ngroup k all k\nwitness l\ngroup m 1\nquorum z\nquorum none\r\nquorum none\nlog {ledger} u u\nquorum g"
    );
    problems(
        &text,
        &[
            (3, Kind::KeyType),
            (4, Kind::Keyword),
            (6, Kind::KeyTwice { line: 5 }),
            (7, Kind::NameTaken),
            (8, Kind::ReservedName),
            (9, Kind::Key(KeyError::Form)),
            (10, Kind::UnknownName),
            (11, Kind::MemberTwice { line: 10 }),
            (12, Kind::MemberTwice { line: 11 }),
            (13, Kind::Threshold { members: 1 }),
            (14, Kind::UnknownName),
            (15, Kind::Words),
            (16, Kind::Words),
            (17, Kind::UnknownName),
            (18, Kind::ForbiddenByte),
            (19, Kind::QuorumTwice { line: 17 }),
            (20, Kind::Words),
            (21, Kind::LineWithoutEnd),
        ],
    );
    problems("", &[(1, Kind::NoQuorum)]);
    problems(format!("log {ledger}\n"), &[(2, Kind::NoQuorum)]);
    problems("quorum none\n\u{7f}\n", &[(2, Kind::ForbiddenByte)]);
    problems(b"witness \xff \xff\nquorum \xff\n", &[(1, Kind::Key(KeyError::Form))]);
    problems("quorum later\nwitness later x\n", &[(1, Kind::UnknownName), (2, Kind::Key(KeyError::Form))]);
    // Names are bytes, whatever they mean: a Kelvin sign is not a K.
    problems(format!("witness \u{212a} {w1}\nquorum K\n"), &[(2, Kind::UnknownName)]);
    let odd = [b"witness \xff\xfe ".as_slice(), w1.as_bytes(), b"  \nlog\t", ledger.as_bytes(), b" \t\nquorum \xff\xfe\n"].concat();
    let odd = TrustPolicy::parse(&odd).unwrap();
    assert!(odd.check(&cosigned(&[1])).is_ok() && odd.check(&cosigned(&[2])).is_err());
    assert_eq!(TrustPolicy::parse(&odd.to_bytes()).unwrap(), odd);
}

#[test]
fn limits_hold_at_the_limit_and_one_past_it() {
    let text = |bytes: usize| format!("#{}\nquorum none\n", "x".repeat(bytes - 14));
    assert!(TrustPolicy::parse(text(POLICY_BYTES_MAX).as_bytes()).is_ok());
    problems(text(POLICY_BYTES_MAX + 1), &[(0, Kind::TooLong)]);
    let parts = |count: usize| {
        let key = |number: usize, signature_type| {
            let mut seed = [0; 32];
            seed[..8].copy_from_slice(&(number as u64).to_be_bytes());
            SigningKey::from_seed(name("k"), signature_type, &seed).verifier().to_string()
        };
        let mut text = String::new();
        (0..count).for_each(|number| text += &format!("log {}\n", key(number, SignatureType::Ed25519)));
        (0..count).for_each(|number| text += &format!("witness w{number} {}\n", key(number, SignatureType::CosignatureV1)));
        (0..count).for_each(|number| text += &format!("group g{number} any w{number}\n"));
        text + "quorum g0\n"
    };
    assert_eq!(policy(&parts(POLICY_PARTS_MAX)).witnesses().len(), POLICY_PARTS_MAX);
    let one = POLICY_PARTS_MAX + 1;
    problems(parts(one), &[(one, Kind::TooMany), (2 * one, Kind::TooMany), (3 * one, Kind::TooMany)]);
    let groups = parts(POLICY_PARTS_MAX).replace("quorum g0", "group last any g0\nquorum g0");
    problems(groups, &[(3 * POLICY_PARTS_MAX + 1, Kind::TooMany)]);
}

#[test]
fn a_policy_with_one_byte_off_is_refused_or_means_the_same_or_says_what_it_asks() {
    let text = two_houses();
    let whole = policy(&text);
    assert_eq!(TrustPolicy::parse(&whole.to_bytes()).unwrap(), whole);
    for off in one_byte_off(text.as_bytes()) {
        let Ok(other) = TrustPolicy::parse(&off) else { continue };
        assert_eq!(TrustPolicy::parse(&other.to_bytes()).unwrap(), other);
        // A vkey has its own check value: what passes has the same keys, but for a line that became a comment. What can change unseen is what a
        // policy is there to say: names, addresses, and numbers in groups.
        assert!(other.ledgers().iter().all(|ledger| whole.ledgers().iter().any(|known| known.key() == ledger.key())));
        assert!(other.witnesses().iter().all(|witness| whole.witnesses().iter().any(|known| known.key() == witness.key())));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_bytes_are_read_or_refused_with_lines(bytes in prop::collection::vec(prop_oneof![Just(b'\n'), Just(b' '), any::<u8>()], 0..120)) {
        if let Err(errors) = TrustPolicy::parse(&bytes) {
            prop_assert!(!errors.problems().is_empty());
            let lines = bytes.iter().filter(|byte| **byte == b'\n').count() + 2;
            prop_assert!(errors.problems().iter().all(|problem| problem.line() <= lines));
        }
    }
}
