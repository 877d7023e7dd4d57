//! What is written is what is read.

use bezwaar_core::Holdings;
use bezwaar_core::account::{Kind, ServiceRule, Services};
use bezwaar_core::acts::{HeldBody, ItemIdentity, KeyedItem};
use bezwaar_core::choice::Act;
use bezwaar_core::pattern::Pattern;
use bezwaar_ledger::extract::{Cover, Extract, ExtractError, ExtractOptions, ROW_BYTES_MAX, services_digest, write_extract};
use bezwaar_ledger::key::{KeyFile, RootKey, SubjectKey};

use crate::made_up::{Random, THROUGH, account, choice, expected, instant, keys, options, read, small, written};

/// Everybody is found with their acts, and nobody else is there.
#[track_caller]
fn check(holdings: &Holdings) {
    let keys = keys();
    let (header, bytes) = written(holdings);
    let extract = read(&bytes);
    assert_eq!(extract.header(), &header);
    extract.check_keys(&keys).unwrap();
    extract.verify_rows().unwrap();
    let mut people = 0;
    let mut acts = 0;
    for (account, held) in holdings.iter() {
        let expect = expected(held, &keys, instant(THROUGH));
        let row = extract.lookup(&keys.subject(account));
        assert_eq!(row.is_some(), !expect.is_empty());
        let Some(row) = row else { continue };
        assert_eq!(extract.acts(row).unwrap(), expect);
        assert_eq!(extract.key_at(row), Some(keys.subject(account)));
        people += 1;
        acts += expect.len() as u64;
    }
    assert_eq!((extract.len(), header.people, header.acts), (people, people as u64, acts));
    assert_eq!(extract.is_empty(), people == 0);
    assert_eq!(extract.key_at(people), None);
    assert!(matches!(extract.acts(people), Err(ExtractError::NoRow { .. })));
    for stranger in 0..200_u32 {
        assert_eq!(extract.lookup(&keys.subject_of_canonical(&format!("club:handle:stranger-{stranger}"))), None);
    }
}

#[test]
fn one_act_of_every_kind() {
    check(&small());
}

#[test]
fn nobody() {
    check(&Holdings::default());
}

#[test]
fn made_up_people() {
    for seed in 0..60 {
        let people = 1 + seed as usize * 5;
        check(&Holdings::resolve(&Random(seed).choices(people * 3, people)));
    }
}

#[test]
fn many_people() {
    check(&Holdings::resolve(&Random(1000).choices(20_000, 10_000)));
}

#[test]
fn the_same_acts_give_the_same_bytes() {
    let choices = Random(5).choices(300, 100);
    let reversed: Vec<_> = choices.iter().rev().cloned().collect();
    let (_, bytes) = written(&Holdings::resolve(&choices));
    assert_eq!(written(&Holdings::resolve(&choices)).1, bytes);
    assert_eq!(written(&Holdings::resolve(&reversed)).1, bytes);

    let mut shuffled = options();
    shuffled.covers.reverse();
    shuffled.covers.extend(options().covers);
    let mut again = Vec::new();
    write_extract(&Holdings::resolve(&choices), &keys(), &shuffled, &mut again).unwrap();
    assert_eq!(again, bytes);
}

#[test]
fn the_format_does_not_change_unnoticed() {
    // Another digest here is another format: give it another number.
    assert_eq!(read(&written(&small()).1).digest(), "83441895abcd46f64823996660e282231cb8253e12a8507c2d9cfad0d71fb280");
    assert_eq!(read(&written(&small()).1).header().rows_root, "bf4d04e115d7c556eeb3d57413f08b9144a24f747b40f260965f389680fd59b7");
}

#[test]
fn items_are_found_by_their_keyed_names() {
    let keys = keys();
    let extract = read(&written(&small()).1);
    let row = extract.lookup(&keys.subject(&account("club:7"))).unwrap();
    let acts = extract.acts(row).unwrap();
    let HeldBody::Object { items: Some(names), .. } = &acts[0].body else { unreachable!() };
    for (id, named) in [("post/1", true), ("photo-1", true), ("photo-2", false), ("post", false)] {
        assert_eq!(KeyedItem::new(id, |name| keys.item_name(name)).is_named_by(names), named, "{id}");
    }
}

#[test]
fn an_inherited_act_names_its_link() {
    let keys = keys();
    let extract = read(&written(&small()).1);
    let row = extract.lookup(&keys.subject(&account("pics:noor.v"))).unwrap();
    let acts = extract.acts(row).unwrap();
    let told: Vec<(&str, Option<&str>)> = acts.iter().map(|act| (act.id.as_str(), act.via.as_deref())).collect();
    assert_eq!(told, [("o-1", Some("l-1")), ("s-1", Some("l-1")), ("k-2", Some("l-1"))]);
}

#[test]
fn no_account_and_no_item_is_there_in_clear() {
    let text = String::from_utf8_lossy(&written(&small()).1).into_owned();
    for name in ["noor", "bo@example.org", "31612345678", "example.org/bo", "photo-1", "post", "c-1"] {
        assert!(!text.contains(name), "{name}");
    }
    let shown = format!("{:?}", read(&written(&small()).1));
    assert_eq!(shown, format!("Extract(through {THROUGH}, key {}, 6 people)", keys().key_id()));
}

#[test]
fn an_opening_act_keeps_both_its_moments() {
    let keys = keys();
    let extract = read(&written(&small()).1);
    let row = extract.lookup(&keys.subject(&account("club:noor"))).unwrap();
    let acts = extract.acts(row).unwrap();
    let told: Vec<(&str, bool)> = acts.iter().map(|act| (act.id.as_str(), act.received == act.from)).collect();
    assert_eq!(told, [("o-1", true), ("s-1", true), ("s-2", true), ("w-1", true), ("k-1", false), ("k-2", true)]);
    let [received, from] = [acts[4].received, acts[4].from].map(|moment| moment.to_string());
    assert_eq!((received.as_str(), from.as_str()), ("2025-08-01T00:00:00Z", "2025-08-02T09:30:00Z"));
}

#[test]
fn other_rules_of_services_are_noticed() {
    let rule = || ServiceRule { handles_exact: true, ..ServiceRule::default() };
    let others = Services::new([("club".to_owned(), rule())].into());
    let extract = read(&written(&small()).1);
    extract.check_services(&Services::default()).unwrap();
    let error = extract.check_services(&others).unwrap_err();
    assert!(matches!(error, ExtractError::Services));
    assert_eq!(error.help(), "make the extract with the policies folder the job names");
    // SHA-256 of no text, and of `service 4 club`, `handles exact`, `digits id`, `other handle`, each with its line's end.
    assert_eq!(services_digest(&Services::default()), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    assert_eq!(services_digest(&others), "2e01a11c4b549b735524feb9e600719289c3c3cd84b955651b493400a466e7a9");
}

#[test]
fn another_key_is_noticed() {
    let extract = read(&written(&small()).1);
    for (root, domain, epoch) in [([8; 32], "gate.example", 1), ([7; 32], "gate2.example", 1), ([7; 32], "gate.example", 2)] {
        let other = KeyFile::new(RootKey::from_bytes(root), domain, epoch).unwrap().subject_keys();
        let error = extract.check_keys(&other).unwrap_err();
        assert!(matches!(&error, ExtractError::KeyId { extract, keys: named } if extract == keys().key_id() && named == other.key_id()));
    }
}

#[test]
fn canaries_are_made_up_accounts() {
    let (header, _) = written(&small());
    assert_eq!(header.canaries.len(), 3);
    for canary in &header.canaries {
        assert!(canary.account.starts_with("canary:opaque:"));
        assert!(read(&written(&small()).1).lookup(&keys().subject_of_canonical(&canary.account)).is_none());
    }
}

#[test]
fn covers_are_every_service_and_the_people_without_one() {
    let services = Services::new([("club".to_owned(), ServiceRule::default())].into());
    let covers = Cover::all_of(&services);
    let named: Vec<&str> = covers.iter().map(|cover| cover.service.as_str()).collect();
    assert_eq!(named, ["club", "mail", "tel", "url"]);
    let named: Vec<String> = Cover::all_of_with(&services, &small()).into_iter().map(|cover| cover.service).collect();
    assert_eq!(named, ["club", "mail", "pics", "tel", "url"]);

    let mut bytes = Vec::new();
    write_extract(&small(), &keys(), &ExtractOptions { covers, ..options() }, &mut bytes).unwrap();
    let extract = read(&bytes);
    for kind in Kind::ALL {
        assert!(extract.covers("club", kind));
        assert!(!extract.covers("pics", kind) && !extract.covers("Club", kind) && !extract.covers("", kind));
        assert_eq!(extract.covers("mail", kind), kind == Kind::Mail);
        assert_eq!(extract.covers("tel", kind), kind == Kind::Phone);
        assert_eq!(extract.covers("url", kind), kind == Kind::Url);
    }
}

#[test]
fn options_that_make_no_sense_are_refused() {
    let good = options();
    let cover = |service: &str, kinds: &[Kind]| vec![Cover { service: service.to_owned(), kinds: kinds.to_vec() }];
    let cases = [
        ExtractOptions { expires_at: good.through, ..good.clone() },
        ExtractOptions { expires_at: bezwaar_core::time::Instant::from_micros(i64::MAX), ..good.clone() },
        ExtractOptions { services: String::new(), ..good.clone() },
        ExtractOptions { covers: Vec::new(), ..good.clone() },
        ExtractOptions { covers: cover("Club", &[Kind::Id]), ..good.clone() },
        ExtractOptions { covers: cover("", &[Kind::Id]), ..good.clone() },
        ExtractOptions { covers: cover("club", &[]), ..good.clone() },
        ExtractOptions { covers: cover(&"x".repeat(1 << 20), &[Kind::Id]), ..good },
    ];
    for options in cases {
        let mut bytes = Vec::new();
        let error = write_extract(&small(), &keys(), &options, &mut bytes).unwrap_err();
        assert!(matches!(error, ExtractError::Options { .. }), "{error}");
        assert!(bytes.is_empty());
    }
}

#[test]
fn a_row_at_its_limit_and_one_past() {
    // In full: 8 time, 1 lag, 4 id, 1 via, 4 length of the shape, and the shape: 1 kind, 2 lists, 1 pattern, 4 length, text, 1 flag.
    let room = ROW_BYTES_MAX - 8 - 1 - 4 - 1 - 4 - 1 - 1 - 1 - 1 - 4 - 1;
    let holdings = |len: usize| {
        let uses = Some(vec![Pattern::Exact("x".repeat(len))]);
        Holdings::resolve(&[choice("o-1", "club:noor", Act::Object { uses, recipients: None, items: None }, "2025-05-26T21:50:00Z")])
    };
    check(&holdings(room));
    let mut bytes = Vec::new();
    let error = write_extract(&holdings(room + 1), &keys(), &options(), &mut bytes).unwrap_err();
    assert!(matches!(error, ExtractError::TooManyActs) && bytes.is_empty());
}

#[test]
fn a_disk_that_is_full_is_an_error() {
    struct Full(usize);
    impl std::io::Write for Full {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0 = self.0.checked_sub(bytes.len()).ok_or(std::io::ErrorKind::StorageFull)?;
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let (_, bytes) = written(&small());
    for room in [0, 100, bytes.len() - 1] {
        assert!(matches!(write_extract(&small(), &keys(), &options(), &mut Full(room)), Err(ExtractError::Write(_))));
    }
    assert!(write_extract(&small(), &keys(), &options(), &mut Full(bytes.len())).is_ok());
}

#[test]
fn keys_that_are_not_spread_evenly_are_found() {
    let row: &[u8] = &[0, 0, 0, 0, 0];
    let mut parts = crate::forge::Parts::new(&[1, 9], &[row; 1000]);
    parts.keys[999] = [0xff; 16];
    let extract = parts.read().unwrap();
    for (row, key) in parts.keys.iter().enumerate() {
        assert_eq!(extract.lookup(&SubjectKey(*key)), Some(row));
    }
    assert_eq!(extract.lookup(&SubjectKey(5000_u128.to_be_bytes())), None);
}

#[test]
fn an_extract_goes_between_threads() {
    fn shared<T: Send + Sync + Clone>() {}
    shared::<Extract>();
}
