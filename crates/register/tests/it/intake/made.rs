//! A made-up register of 7,101 objections, with the shares of a real one: 11 % filed for another account than the filer's, 9 % spelled in another case, 564
//! people who filed more than once.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use bezwaar_core::Holdings;
use bezwaar_core::account::Services;
use bezwaar_register::intake::{Form, ImportOptions, Intake, ListCode, Mapping, Senders};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng as _, SeedableRng as _};

use super::{account, at, policies, register, replay, withheld};

const OBJECTIONS: usize = 7_101;
const FOR_ANOTHER: usize = 781;
const OTHER_CASE: usize = 639;
const REPEATERS: usize = 564;

const MAP: &str = r#"
[map]
id = { column = "number", prefix = "form-" }
person = { column = "account", service = "club" }
filer = { column = "filed by", service = "club" }
received_at = { column = "date", format = "%d-%m-%Y", zone = "Europe/Amsterdam" }
act = { const = "object" }
channel = { const = "form" }
contact = ["name"]
"#;

struct Made {
    csv: String,
    /// Every account named, and every one that filed.
    accounts: BTreeSet<String>,
    people: usize,
}

fn shuffle<T>(list: &mut [T], random: &mut ChaCha20Rng) {
    for place in (1..list.len()).rev() {
        list.swap(place, random.next_u32() as usize % (place + 1));
    }
}

fn make(seed: u64) -> Made {
    let mut random = ChaCha20Rng::seed_from_u64(seed);
    // Repeaters file two to four times; all others once.
    let mut people: Vec<usize> = Vec::new();
    for repeater in 0..REPEATERS {
        people.extend(std::iter::repeat_n(repeater, 2 + random.next_u32() as usize % 3));
    }
    let singles = OBJECTIONS - people.len();
    people.extend(REPEATERS..REPEATERS + singles);
    shuffle(&mut people, &mut random);
    let mut flags: Vec<usize> = (0..OBJECTIONS).collect();
    shuffle(&mut flags, &mut random);
    let for_another: BTreeSet<usize> = flags.iter().copied().take(FOR_ANOTHER).collect();
    shuffle(&mut flags, &mut random);
    let other_case: BTreeSet<usize> = flags.iter().copied().take(OTHER_CASE).collect();
    let mut csv = String::from("\u{feff}number;name;account;filed by;date\r\n");
    let mut accounts = BTreeSet::new();
    for (row, person) in people.iter().enumerate() {
        let name = format!("lid.nr{person}");
        let shown = if other_case.contains(&row) { name.to_uppercase() } else { format!("@{name}") };
        let filer = if for_another.contains(&row) { format!("ouder{row}") } else { name.clone() };
        accounts.extend([name, filer.clone()]);
        let (day, month) = (1 + random.next_u32() % 28, 1 + random.next_u32() % 12);
        write!(csv, "{row};\"Lid; nummer\n{person}\";{shown};{filer};{day:02}-{month:02}-2025\r\n").unwrap();
    }
    Made { csv, accounts, people: REPEATERS + singles }
}

#[test]
fn each_objection_comes_out_right_and_visible() {
    let made = make(1);
    let folder = tempfile::tempdir().unwrap();
    let mut register = register(folder.path());
    let mapping = Mapping::parse("map.toml", MAP).unwrap();
    let services = Services::default();
    let options = ImportOptions { form: Form::Csv(&mapping), services: &services, senders: Senders::ByChannel, policies: None };
    let mut intake = Intake::new(register.writer());
    let imported = intake.import(made.csv.as_str(), options, &mut || at("2026-02-01"), &mut |_| {}).unwrap();
    assert_eq!((imported.acts, imported.filed, imported.copies), (OBJECTIONS as u64, OBJECTIONS as u64, FOR_ANOTHER as u64));
    assert_eq!(imported.provisional, FOR_ANOTHER as u64, "nobody has shown to hold the account they were filed for");
    let expect = BTreeMap::from([
        (ListCode::FiledForAnother, FOR_ANOTHER as u64),
        (ListCode::OtherSpelling, OTHER_CASE as u64),
        (ListCode::FiledAgain, (OBJECTIONS - made.people) as u64),
    ]);
    let counts = intake.list_counts().unwrap();
    assert_eq!(counts.counts, expect);
    // Each stands on the list with its act, and the people who filed more than once are those who did.
    let mut again = BTreeSet::new();
    let mut seen = 0;
    for page in 0..counts.pages {
        for item in intake.list_page(page).unwrap() {
            let act = item.act.unwrap();
            let choice = act.choice().unwrap();
            assert!(choice.id.starts_with("form-") && !choice.id.contains('+'));
            seen += 1;
            if item.code == ListCode::FiledAgain {
                again.insert(choice.person.clone().unwrap());
            }
        }
    }
    assert_eq!((seen, again.len()), (expect.values().sum::<u64>(), REPEATERS));
    // All of it again changes nothing.
    let second = intake.import(made.csv.as_str(), options, &mut || at("2026-02-02"), &mut |_| {}).unwrap();
    assert_eq!((second.filed, second.there, second.copies, second.listed.len()), (0, OBJECTIONS as u64, 0, 0));

    let replayed = replay(&register, "2026-02-03");
    assert_eq!((replayed.choices.len(), replayed.provisional), (OBJECTIONS + FOR_ANOTHER, FOR_ANOTHER as u64));
    let (policies, holdings) = (policies(), Holdings::resolve(&replayed.choices));
    assert_eq!(made.accounts.len(), made.people + FOR_ANOTHER);
    for name in &made.accounts {
        assert!(withheld(&policies, &holdings, &format!("club:{name}"), "2026-02-03"), "{name}");
    }
    assert!(!withheld(&policies, &holdings, "club:iemand.anders", "2026-02-03"));
    assert!(!register.reader().unwrap().acts_of(&account("club:lid.nr0")).unwrap().is_empty());
}
