//! Files of every kind that intake reads, random and damaged: they are refused with lines, or read; nothing panics and nothing is filed.

use bezwaar_core::account::Services;
use proptest::prelude::*;

use super::super::{Form, ImportOptions, Intake, Mapping, Senders};
use super::at;
use super::memory::MemoryBooks;

const MAPPING: &str = r#"
[csv]
delimiter = "comma"
[map]
id = { column = "id" }
person = { column = "account", service = "f" }
received_at = { column = "at" }
act = { const = "object" }
channel = { const = "mail" }
"#;

const ALIASES: &str = "{\"account\":\"f:1\",\"handle\":\"f:noor\",\"from\":\"2020-01-01T00:00:00Z\",\"until\":\"2021-01-01T00:00:00Z\"}\n";
const LINES: &str =
    "{\"id\":\"o-1\",\"person\":\"f:1\",\"act\":\"object\",\"received_at\":\"2025-05-26T21:50:00Z\",\"channel\":\"mail\"}\n";
const SETTINGS: &str = "bezwaar-register = 1\norigin = \"a.example\"\ndomain = \"d\"\nstore = \"sqlite\"\nanchor = \"../anchor\"\n";
const CSV: &str = "id,account,at\no-1,1,2025-05-26T21:50:00Z\n\"o-2\",noor,2025-05-27T21:50:00Z\n";

/// A text with some bytes changed, put in, or taken out.
fn damaged(text: &'static str) -> impl Strategy<Value = Vec<u8>> {
    let change = (any::<prop::sample::Index>(), 0_u8..3, prop_oneof![any::<u8>(), prop::sample::select(b"\",\n\\{}[]=".to_vec())]);
    proptest::collection::vec(change, 0..6).prop_map(move |changes| {
        let mut bytes = text.as_bytes().to_vec();
        for (place, what, byte) in changes {
            let place = place.index(bytes.len().max(1)).min(bytes.len().saturating_sub(1));
            match what {
                _ if bytes.is_empty() => {}
                0 => bytes[place] = byte,
                1 => bytes.insert(place, byte),
                _ => drop(bytes.remove(place)),
            }
        }
        bytes
    })
}

fn any_file() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        proptest::collection::vec(any::<u8>(), 0..300),
        damaged(MAPPING),
        damaged(ALIASES),
        damaged(LINES),
        damaged(SETTINGS),
        damaged(CSV)
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn no_file_makes_it_panic(bytes in any_file()) {
        crate::fuzzing::intake(&bytes);
        let services = Services::default();
        let mapping = Mapping::parse("mapping.toml", MAPPING).ok();
        for form in [Some(Form::Lines), mapping.as_ref().map(Form::Csv)].into_iter().flatten() {
            let mut books = MemoryBooks::default();
            let options = ImportOptions { form, services: &services, senders: Senders::ByChannel, policies: None };
            let checked = Intake::new(&mut books).check_import(bytes.as_slice(), options, at("2026-01-01"));
            let imported = Intake::new(&mut books).import(bytes.as_slice(), options, &mut || at("2026-01-01"), &mut |_| {});
            prop_assert_eq!(checked.is_ok(), imported.is_ok(), "what is checked and what is filed differ");
            let filed = books.choices(at("2026-01-02")).len();
            prop_assert!(imported.is_ok() || filed == 0, "something of a refused file was filed");
        }
    }
}

#[test]
fn the_files_that_are_damaged_are_good_before() {
    Mapping::parse("mapping.toml", MAPPING).unwrap();
    assert_eq!(super::super::read_aliases(ALIASES.as_bytes(), &Services::default()).unwrap().len(), 1);
    crate::settings::Settings::parse(SETTINGS).unwrap();
    let (services, mapping) = (Services::default(), Mapping::parse("mapping.toml", MAPPING).unwrap());
    for (text, form, acts) in [(LINES, Form::Lines, 1), (CSV, Form::Csv(&mapping), 2)] {
        let options = ImportOptions { form, services: &services, senders: Senders::ByChannel, policies: None };
        let checked = Intake::new(&mut MemoryBooks::default()).check_import(text.as_bytes(), options, at("2026-01-01")).unwrap();
        assert_eq!((checked.acts, checked.there), (acts, 0));
    }
}
