use bezwaar_core::account::Services;
use bezwaar_core::choice::{Act, Choice};
use proptest::prelude::*;
use std::collections::BTreeSet;

use super::super::{ACT_BYTES_MAX, Alias, Filing, Intake, IntakeError, ListCode, Receipt, Refusal, Sender, State, TIES_MAX, read_aliases};
use super::memory::MemoryBooks;
use super::{account, at, file, link, object, own, withheld};

const NOW: &str = "2026-06-01";

fn alias(account_name: &str, handle: &str, from: &str, until: Option<&str>) -> (usize, Alias) {
    (1, Alias { account: account(account_name), handle: account(handle), from: at(from), until: until.map(at) })
}

fn learn(books: &mut MemoryBooks, aliases: &[(usize, Alias)]) {
    Intake::new(books).learn(aliases, at(NOW)).unwrap();
}

/// The names that acts say no for.
fn names(books: &MemoryBooks) -> BTreeSet<String> {
    books.choices(at(NOW)).iter().filter_map(|choice| Some(choice.person.as_ref()?.expose_canonical().to_owned())).collect()
}

fn set(list: &[&str]) -> BTreeSet<String> {
    list.iter().map(|text| account(text).expose_canonical().to_owned()).collect()
}

#[test]
fn an_act_covers_every_name_its_person_went_by_whichever_came_first() {
    let aliases = [alias("f:77", "f:noor", "2020-01-01", Some("2023-01-01")), alias("f:77", "f:noor2", "2023-01-01", None)];
    for person in ["f:noor", "f:77", "f:noor2"] {
        let day = if person == "f:noor" { "2022-01-01" } else { "2024-01-01" };
        let mut first = MemoryBooks::default();
        learn(&mut first, &aliases);
        let receipt = file(&mut first, &own(object("o", person, day)), NOW);
        assert_eq!(receipt.copies.len(), 2);
        assert_eq!(receipt.notices, [], "a sure match is not listed");
        let mut last = MemoryBooks::default();
        file(&mut last, &own(object("o", person, day)), NOW);
        learn(&mut last, &aliases);
        for books in [&first, &last] {
            assert_eq!(names(books), set(&["f:77", "f:noor", "f:noor2"]), "{person}");
        }
    }
}

#[test]
fn a_handle_that_changed_hands_burdens_nobody_else() {
    let aliases = [alias("f:77", "f:noor", "2020-01-01", Some("2023-01-01")), alias("f:88", "f:noor", "2023-01-01", None)];
    let mut books = MemoryBooks::default();
    learn(&mut books, &aliases);
    let receipt = file(&mut books, &own(object("o", "f:77", "2024-01-01")), NOW);
    assert_eq!(receipt.notices, [ListCode::HandleReused]);
    assert!(withheld(&books, "f:77", NOW) && withheld(&books, "f:noor", NOW) && !withheld(&books, "f:88", NOW));
    // Under the handle, it is the act of whoever holds it then.
    let mut books = MemoryBooks::default();
    learn(&mut books, &aliases);
    let receipt = file(&mut books, &own(object("o", "f:noor", "2024-01-01")), NOW);
    assert_eq!(receipt.notices, [ListCode::HandleReused]);
    assert!(!withheld(&books, "f:77", NOW) && withheld(&books, "f:noor", NOW) && withheld(&books, "f:88", NOW));
}

#[test]
fn a_handle_nobody_is_known_to_have_held_then_covers_itself_and_is_told() {
    let mut books = MemoryBooks::default();
    learn(&mut books, &[alias("f:77", "f:noor", "2020-01-01", Some("2023-01-01"))]);
    let receipt = file(&mut books, &own(object("o", "f:noor", "2024-01-01")), NOW);
    assert_eq!((receipt.notices.as_slice(), receipt.copies.len()), ([ListCode::AliasUnknown].as_slice(), 0));
    assert!(withheld(&books, "f:noor", NOW) && !withheld(&books, "f:77", NOW));
}

#[test]
fn a_shared_address_covers_all_who_share_it() {
    let mut books = MemoryBooks::default();
    learn(&mut books, &[alias("f:1", "mail:a@x.nl", "2020-01-01", None), alias("f:2", "mail:a@x.nl", "2021-01-01", None)]);
    let receipt = file(&mut books, &own(object("o", "mail:A@x.nl", "2022-01-01")), NOW);
    assert_eq!(receipt.notices, [ListCode::SharedIdentifier]);
    assert_eq!(names(&books), set(&["mail:a@x.nl", "f:1", "f:2"]));
}

#[test]
fn what_is_filed_for_another_counts_for_both_and_what_opens_is_refused() {
    let mut books = MemoryBooks::default();
    let filing = Filing { filer: Some(account("f:2")), ..own(object("o", "f:1", "2025-01-01")) };
    let receipt = file(&mut books, &filing, NOW);
    assert!(receipt.provisional, "nobody has shown to be f:1");
    assert_eq!(receipt.notices, [ListCode::FiledForAnother]);
    assert_eq!(names(&books), set(&["f:1", "f:2"]));
    let provisional: Vec<bool> = books.choices(at(NOW)).iter().map(|choice| choice.provisional).collect();
    assert_eq!(provisional, [true, false]);
    let itself = Filing { filer: Some(account("f:3")), ..own(object("p", "f:3", "2025-01-01")) };
    assert_eq!(file(&mut books, &itself, NOW).notices, []);
    for act in [Act::Erase { items: None }, Act::SetOn { control: "c/x".into() }, Act::Withdraw { of: "o".into() }] {
        for filing in [
            Filing { filer: Some(account("f:2")), ..own(Choice { act: act.clone(), ..object("x", "f:1", "2025-01-01") }) },
            Filing::own(Choice { act: act.clone(), ..object("x", "f:1", "2025-01-01") }, Sender::Unconfirmed),
        ] {
            let before = books.entries.len();
            match Intake::new(&mut books).file(&filing, at(NOW)) {
                Err(IntakeError::Refused(Refusal::NeedsConfirmation { .. })) => assert_eq!(books.entries.len(), before),
                other => panic!("{other:?}"),
            }
        }
    }
}

#[test]
fn an_act_is_filed_once_by_its_id_and_filing_again_is_told() {
    let mut books = MemoryBooks::default();
    let first = file(&mut books, &own(object("o", "f:1", "2025-01-01")), NOW);
    let again = file(&mut books, &own(object("o", "f:1", "2025-01-01")), NOW);
    assert_eq!(again, Receipt { state: State::There, ..first });
    let error = Intake::new(&mut books).file(&own(object("o", "f:2", "2025-01-01")), at(NOW)).unwrap_err();
    assert!(matches!(error, IntakeError::Refused(Refusal::OtherContent)));
    assert_eq!(file(&mut books, &own(object("p", "f:1", "2025-02-01")), NOW).notices, [ListCode::FiledAgain]);
    assert_eq!(books.entries.len(), 2);
    let counts = Intake::new(&mut books).list_counts().unwrap();
    assert_eq!(counts.counts.get(&ListCode::FiledAgain), Some(&1));
    let items = Intake::new(&mut books).list_page(0).unwrap();
    assert_eq!(items[0].act.as_ref().and_then(|act| act.choice()).map(|choice| choice.id.as_str()), Some("p"));
}

#[test]
fn the_register_gives_the_time_of_a_form() {
    let mut books = MemoryBooks::default();
    let form = |day: &str| own(link("l", "f:1", "f:2", day));
    file(&mut books, &form("2020-01-01"), NOW);
    assert_eq!(books.choices(at(NOW))[0].received_at, at(NOW), "a form cannot be dated back");
    file(&mut books, &form("2020-01-01"), "2026-07-01");
    assert_eq!(books.entries.len(), 1);
    file(&mut books, &own(Choice { id: "m".into(), ..link("m", "f:1", "f:3", "2020-01-01") }), "2026-01-01");
    assert_eq!(books.choices(at(NOW))[1].received_at, at(NOW), "nor runs time backwards");
}

#[test]
fn what_a_reference_names_must_be_there_and_ones_own() {
    let mut books = MemoryBooks::default();
    file(&mut books, &own(object("o", "f:1", "2025-01-01")), NOW);
    file(&mut books, &own(link("l", "f:1", "f:2", "2025-01-01")), NOW);
    let refused = |person: &str, act: Act| {
        let choice = Choice { act, channel: None, ..object("w", person, "2025-02-01") };
        match Intake::new(&mut books.clone()).file(&own(choice), at(NOW)) {
            Ok(_) => None,
            Err(IntakeError::Refused(refusal)) => Some(refusal),
            Err(other) => panic!("{other:?}"),
        }
    };
    assert_eq!(refused("f:1", Act::Withdraw { of: "o".into() }), None);
    assert_eq!(refused("f:2", Act::Withdraw { of: "o".into() }), Some(Refusal::NotYours));
    assert_eq!(refused("f:1", Act::Withdraw { of: "l".into() }), Some(Refusal::NamesNothing));
    assert_eq!(refused("f:1", Act::Withdraw { of: "z".into() }), Some(Refusal::NamesNothing));
    assert_eq!(refused("f:2", Act::Unlink { of: "l".into() }), None, "a link ends from either end");
}

#[test]
fn aliases_that_cannot_be_are_told_all_at_once_and_none_is_learnt() {
    let text = concat!(
        "{\"account\":\"f:1\",\"handle\":\"f:a\",\"from\":\"2020-01-01T00:00:00Z\"}\n",
        "{\"account\":\"nobody\",\"handle\":\"f:a\",\"from\":\"2020-01-01\"}\n",
        "{\"account\":\"f:1\",\"handle\":\"f:1\",\"from\":\"2020-01-01T00:00:00Z\",\"until\":\"2020-01-01T00:00:00Z\"}\n",
        "{\"account\":\"mail:a@x.nl\",\"handle\":\"f:a\",\"from\":\"2020-01-01T00:00:00Z\"}\n",
    );
    let Err(IntakeError::Problems(problems)) = read_aliases(text, &Services::default()) else { panic!() };
    let lines: Vec<usize> = problems.shown().iter().map(|problem| problem.line()).collect();
    assert_eq!(lines, [2, 2, 3, 3, 4]);
    let mut books = MemoryBooks::default();
    learn(&mut books, &[alias("f:9", "f:z", "2020-01-01", None)]);
    let before = books.values.clone();
    let tries = [
        (1, alias("f:1", "f:a", "2020-01-01", Some("2022-01-01")).1),
        (2, alias("f:2", "f:a", "2021-12-31", None).1),
        (3, alias("f:2", "f:a", "2022-01-01", None).1),
        (4, alias("f:3", "f:a", "2019-01-01", Some("2020-01-02")).1),
        (5, alias("f:8", "f:z", "2024-01-01", None).1),
        (6, alias("f:a", "f:b", "2024-01-01", None).1),
        (7, alias("f:9", "f:z", "2021-01-01", None).1),
    ];
    let Err(IntakeError::Problems(problems)) = Intake::new(&mut books).learn(&tries, at(NOW)) else { panic!() };
    let lines: Vec<usize> = problems.shown().iter().map(|problem| problem.line()).collect();
    assert_eq!(lines, [2, 4, 5, 6, 7]);
    assert_eq!(books.values, before);
}

#[test]
fn an_alias_that_lasts_may_be_ended_and_the_handle_pass_on() {
    let mut books = MemoryBooks::default();
    learn(&mut books, &[alias("f:1", "f:a", "2020-01-01", None)]);
    learn(&mut books, &[alias("f:1", "f:a", "2020-01-01", Some("2023-01-01")), alias("f:2", "f:a", "2023-01-01", None)]);
    file(&mut books, &own(object("o", "f:a", "2024-01-01")), NOW);
    assert_eq!(names(&books), set(&["f:a", "f:2"]));
    let learnt = Intake::new(&mut books).learn(&[alias("f:2", "f:a", "2023-01-01", None)], at(NOW)).unwrap();
    assert_eq!((learnt.aliases, learnt.known, learnt.copies), (0, 1, 0));
}

#[test]
fn an_act_at_the_limit_is_filed_with_its_copies_and_one_past_it_is_not() {
    let written = |choice: &Choice| {
        let mut out = Vec::new();
        bezwaar_ledger::expanded::write_choice(choice, &mut out).unwrap();
        out.len()
    };
    let act = |length: usize| Choice { act: Act::Signal { signal: "g".repeat(length) }, ..object("o", "f:1", "2025-01-01") };
    let most = ACT_BYTES_MAX - written(&Filing::own(act(0), Sender::Confirmed).filed());
    let long = format!("f:{}", "n".repeat(2_000));
    let mut books = MemoryBooks::default();
    learn(&mut books, &[alias("f:1", &long, "2020-01-01", None)]);
    let refused = Intake::new(&mut books).file(&own(act(most + 1)), at(NOW));
    assert!(matches!(refused, Err(IntakeError::Refused(Refusal::NoForm))), "{refused:?}");
    assert_eq!(file(&mut books, &own(act(most)), NOW).copies.len(), 1);
}

#[test]
fn the_number_of_aliases_has_a_limit() {
    let many = |count: usize| -> Vec<(usize, Alias)> {
        (0..count).map(|number| alias("f:1", &format!("f:a{number}"), "2020-01-01", None)).collect()
    };
    learn(&mut MemoryBooks::default(), &many(TIES_MAX));
    assert!(Intake::new(&mut MemoryBooks::default()).learn(&many(TIES_MAX + 1), at(NOW)).is_err());
}

/// Acts and aliases that can stand together, in any order.
#[derive(Clone, Debug)]
enum Step {
    File(Filing),
    Learn(Alias),
}

fn any_steps() -> impl Strategy<Value = (Vec<Step>, Vec<Step>)> {
    let people = prop::sample::select(vec!["f:1", "f:2", "f:3", "f:a", "f:b", "f:c", "mail:m@x.nl"]);
    let filer = prop::sample::select(vec![None, None, Some("f:1"), Some("f:a"), Some("f:9")]);
    let acts = prop::collection::vec((people, filer, 0..6_u8), 1..7);
    // Whole windows of whole years, so that handles do not overlap.
    let windows = prop::collection::vec((prop::sample::select(vec!["f:a", "f:b", "f:c", "mail:m@x.nl"]), 1..4_u8, 0..6_u8), 0..8);
    (acts, windows).prop_flat_map(|(acts, windows)| {
        let mut steps: Vec<Step> = acts
            .iter()
            .enumerate()
            .map(|(number, (person, filer, year))| {
                let choice = object(&format!("o-{number}"), person, &format!("202{year}-06-01"));
                Step::File(Filing { filer: filer.map(account), ..own(choice) })
            })
            .collect();
        let mut taken = BTreeSet::new();
        for (handle, holder, year) in windows {
            let key = if handle.starts_with("mail") { format!("{handle}{holder}{year}") } else { format!("{handle}{year}") };
            if taken.insert(key) {
                let (from, until) = (format!("202{year}-01-01"), format!("202{}-01-01", year + 1));
                steps.push(Step::Learn(alias(&format!("f:{holder}"), handle, &from, Some(&until)).1));
            }
        }
        (Just(steps.clone()).prop_shuffle(), Just(steps).prop_shuffle())
    })
}

fn run(steps: &[Step]) -> (BTreeSet<String>, BTreeSet<String>) {
    let mut books = MemoryBooks::default();
    for step in steps {
        match step {
            Step::File(filing) => drop(file(&mut books, filing, NOW)),
            Step::Learn(alias) => learn(&mut books, &[(1, alias.clone())]),
        }
    }
    // Which act covers which name: the root of the id, and the name.
    let pairs = books.choices(at(NOW)).into_iter().map(|choice| {
        let root = choice.id.split('+').next().unwrap().to_owned();
        format!("{root} {}", choice.person.as_ref().unwrap().expose_canonical())
    });
    (names(&books), pairs.collect())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_500))]
    #[test]
    fn what_is_covered_does_not_depend_on_what_was_known_first((one, other) in any_steps()) {
        prop_assert_eq!(run(&one), run(&other));
    }
}
