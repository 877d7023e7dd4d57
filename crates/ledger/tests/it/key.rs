//! Root keys, key files and subject keys.

use bezwaar_core::account::Services;
use bezwaar_ledger::key::{DOMAIN_BYTES_MAX, KEY_FILE_BYTES_MAX, KeyError, KeyFile, RootKey, SubjectKey, SubjectKeys};
use hkdf::Hkdf;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

const TEXT: &str =
    "bezwaar-key = 1\ndomain = \"gate.example\"\nepoch = 1\nkey = \"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\"\n";

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn counted() -> [u8; 32] {
    std::array::from_fn(|place| place as u8)
}

fn keys(domain: &str, epoch: u32) -> SubjectKeys {
    KeyFile::new(RootKey::from_bytes(counted()), domain, epoch).unwrap().subject_keys()
}

#[test]
fn hmac_is_that_of_rfc_4231() {
    // Test case 2.
    let mac = Hmac::<Sha256>::new_from_slice(b"Jefe").unwrap().chain_update(b"what do ya want for nothing?");
    assert_eq!(hex(&mac.finalize().into_bytes()), "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

#[test]
fn hkdf_is_that_of_rfc_5869() {
    // Test case A.1.
    let salt: Vec<u8> = (0x00..=0x0c).collect();
    let info: Vec<u8> = (0xf0..=0xf9).collect();
    let mut okm = [0; 42];
    Hkdf::<Sha256>::new(Some(&salt), &[0x0b; 22]).expand(&info, &mut okm).unwrap();
    assert_eq!(hex(&okm), "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865");
}

/// The same, written down plainly from the specification.
fn plainly(label: &str, domain: &str, epoch: u32) -> [u8; 32] {
    let info = [label.as_bytes(), &[0], &epoch.to_be_bytes(), domain.as_bytes()].concat();
    let mut key = [0; 32];
    Hkdf::<Sha256>::new(Some(b"bezwaar root key v1"), &counted()).expand(&info, &mut key).unwrap();
    key
}

fn mac_16(key: &[u8], text: &str) -> String {
    hex(&Hmac::<Sha256>::new_from_slice(key).unwrap().chain_update(text).finalize().into_bytes()[..16])
}

#[test]
fn keys_are_derived_as_specified() {
    let keys = keys("gate.example", 1);
    let account = Services::default().parse("pics:@Noor.V").unwrap();
    let subject = mac_16(&plainly("bezwaar subject v1", "gate.example", 1), "pics:handle:noor.v");
    assert_eq!(hex(&keys.subject(&account).0), subject);
    assert_eq!(hex(&keys.item_name("post/*")), mac_16(&plainly("bezwaar item v1", "gate.example", 1), "post/*"));
    assert_eq!(keys.key_id(), &hex(&Sha256::digest(plainly("bezwaar key id v1", "gate.example", 1)))[..16]);
    // The vectors of spec/extract.md.
    assert_eq!(keys.key_id(), "3e0511b213a13d81");
    assert_eq!(subject, "9dc0f93dc84a3a52f9d074131207980f");
    assert_eq!(hex(&keys.item_name("post/*")), "af9ff529aa3c550b9d3979be90e161b3");
}

#[test]
fn other_domains_epochs_and_purposes_give_other_names() {
    let all = [keys("gate.example", 1), keys("gate.example", 2), keys("gate.example1", 1)];
    let name = |keys: &SubjectKeys| (keys.key_id().to_owned(), keys.subject_of_canonical("pics:id:1"), keys.item_name("pics:id:1"));
    for (place, keys) in all.iter().enumerate() {
        assert_ne!(keys.subject_of_canonical("pics:id:1").0, keys.item_name("pics:id:1"));
        for other in &all[..place] {
            let (name, other) = (name(keys), name(other));
            assert!(name.0 != other.0 && name.1 != other.1 && name.2 != other.2);
        }
    }
}

#[test]
fn a_key_file_is_read_as_it_was_written() {
    let file = RootKey::parse_file(TEXT).unwrap();
    assert_eq!((file.domain.as_str(), file.epoch), ("gate.example", 1));
    assert_eq!(file.subject_keys().key_id(), keys("gate.example", 1).key_id());
    let again = RootKey::parse_file(&file.to_text()).unwrap();
    assert_eq!(again.to_text(), file.to_text());
    assert!(file.to_text().ends_with(TEXT));
    let windows = TEXT.replace('\n', "\r\n");
    assert_eq!(RootKey::parse_file(&windows).unwrap().to_text(), file.to_text());
}

#[test]
fn what_is_no_key_file_is_refused_without_showing_it() {
    let key = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
    let with = |from: &str, to: &str| TEXT.replace(from, to);
    let cases = [
        (String::new(), KeyError::NotAKeyFile),
        (format!("{key}\n"), KeyError::Line { line: 1 }),
        (format!("{key} = 1\n"), KeyError::Unknown { line: 1, near: None }),
        (with("bezwaar-key = 1\n", ""), KeyError::NotAKeyFile),
        (with("bezwaar-key = 1", "bezwaar-key = 2"), KeyError::Version { line: 1 }),
        (with("key = \"0", "kye = \"0"), KeyError::Unknown { line: 4, near: Some("key") }),
        (with("epoch = 1", "epoch = 1\nepoch = 1"), KeyError::Twice { line: 4, field: "epoch" }),
        (with("domain = \"gate.example\"\n", ""), KeyError::Missing { field: "domain" }),
        (with("epoch = 1\n", ""), KeyError::Missing { field: "epoch" }),
        (with(&format!("key = \"{key}\"\n"), ""), KeyError::Missing { field: "key" }),
        (with("\"gate.example\"", "gate.example"), KeyError::Domain { line: Some(2) }),
        (with("gate.example", "Gate.example"), KeyError::Domain { line: Some(2) }),
        (with("gate.example", ""), KeyError::Domain { line: Some(2) }),
        (with("epoch = 1", "epoch = -1"), KeyError::Epoch { line: 3 }),
        (with("epoch = 1", "epoch = +1"), KeyError::Epoch { line: 3 }),
        (with("epoch = 1", "epoch = 4294967296"), KeyError::Epoch { line: 3 }),
        (with("1e1f", "1e1"), KeyError::Key { line: 4 }),
        (with("1e1f", "1e1f0"), KeyError::Key { line: 4 }),
        (with("1e1f", "1E1F"), KeyError::Key { line: 4 }),
        (with("1e1f", "1e1é"), KeyError::Key { line: 4 }),
        (with("1e1f\"", "1e1f\" # mine"), KeyError::Key { line: 4 }),
        (with(key, &"0".repeat(64)), KeyError::Zero { line: 4 }),
    ];
    for (text, expect) in cases {
        let error = RootKey::parse_file(&text).unwrap_err();
        assert_eq!(error, expect, "{text}");
        let told = format!("{error} {error:?} {}", error.help());
        assert!(!told.contains("0001") && !told.contains("1e1"), "{told}");
        assert!(!error.help().is_empty());
    }
}

#[test]
fn limits_of_key_files() {
    let pad = |len: usize| format!("{TEXT}#{}", "x".repeat(len - TEXT.len() - 1));
    assert!(RootKey::parse_file(&pad(KEY_FILE_BYTES_MAX)).is_ok());
    assert_eq!(RootKey::parse_file(&pad(KEY_FILE_BYTES_MAX + 1)).unwrap_err(), KeyError::TooLong);
    let root = RootKey::from_bytes(counted());
    let longest = "x".repeat(DOMAIN_BYTES_MAX);
    let file = KeyFile::new(root.clone(), &longest, u32::MAX).unwrap();
    assert_eq!(RootKey::parse_file(&file.to_text()).unwrap().domain, longest);
    assert_eq!(KeyFile::new(root, &"x".repeat(DOMAIN_BYTES_MAX + 1), 1).unwrap_err(), KeyError::Domain { line: None });
}

#[test]
fn debug_shows_no_key() {
    let file = RootKey::parse_file(TEXT).unwrap();
    let keys = file.subject_keys();
    let shown = format!("{file:?} {:?} {keys:?} {:?}", file.root, SubjectKey([0xab; 16]));
    assert_eq!(
        shown,
        format!(
            "KeyFile {{ root: RootKey(…), domain: \"gate.example\", epoch: 1 }} RootKey(…) SubjectKeys({}, …) SubjectKey(…)",
            keys.key_id()
        )
    );
}

#[test]
fn keys_go_between_threads() {
    fn shared<T: Send + Sync + Clone>() {}
    shared::<SubjectKeys>();
}
