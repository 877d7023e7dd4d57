//! Many submissions in one batch come to the same as one after the other.

use bezwaar_core::choice::{Act, Choice};
use proptest::prelude::*;

use super::super::{
    Accepted, Alias, Contact, Filing, Intake, IntakeError, ListItem, Refusal, SUBMISSION_FILINGS_MAX, Sender, State, Submission,
};
use super::memory::MemoryBooks;
use super::{account, at, file, link, object, own};

const NOW: &str = "2026-02-01";
const NAMES: [&str; 6] = ["f:1", "f:2", "f:3", "f:noor", "mail:a@b.example", "f:4"];

/// Books with some names, some acts, and an act that was forgotten.
fn world() -> MemoryBooks {
    let mut books = MemoryBooks::default();
    let alias = |account_text: &str, handle: &str| {
        (1, Alias { account: account(account_text), handle: account(handle), from: at("2020-01-01"), until: None })
    };
    Intake::new(&mut books).learn(&[alias("f:1", "f:noor"), alias("f:2", "mail:a@b.example")], at("2026-01-01")).unwrap();
    file(&mut books, &own(object("there", "f:1", "2026-01-10")), "2026-01-20");
    file(&mut books, &own(link("tied", "f:1", "f:3", "2026-01-10")), "2026-01-20");
    file(&mut books, &own(object("gone", "f:4", "2026-01-10")), "2026-01-20");
    let token = Intake::new(&mut books).ask_to_forget(&account("f:4"), at("2026-01-21")).unwrap().token;
    Intake::new(&mut books).forget(&token, &account("f:4"), at("2026-01-22")).unwrap();
    books
}

fn filing() -> impl Strategy<Value = Filing> {
    let id = prop::sample::select(vec!["a", "b", "c", "d", "e", "f", "g", "there", "tied", "gone", "there+1", ""]);
    let person = prop::sample::select(NAMES.to_vec());
    let act = prop_oneof![
        5 => Just(0_u8),
        1 => Just(1), // withdraw
        1 => Just(2), // link
        1 => Just(3), // set off
        1 => Just(4), // unlink
    ];
    let of = prop::sample::select(vec!["a", "b", "c", "there", "tied", "gone", "a+1", "a+0"]);
    let filer = prop::option::weighted(0.3, prop::sample::select(NAMES.to_vec()));
    let contact = prop::option::weighted(0.3, "[a-z]{1,4}");
    (id, person, act, of, filer, any::<bool>(), contact, any::<bool>()).prop_map(
        |(id, person, act, of, filer, confirmed, contact, form)| {
            let mut choice = object(id, person, "2026-01-15");
            choice.act = match act {
                0 => choice.act,
                1 => Act::Withdraw { of: of.into() },
                2 => link("l", person, if person == "f:2" { "f:1" } else { "f:2" }, "2026-01-15").act,
                3 => Act::SetOff { control: "club/switch".into() },
                _ => Act::Unlink { of: of.into() },
            };
            choice.channel = form.then_some(bezwaar_core::choice::Channel::Form);
            let sender = if confirmed { Sender::Confirmed } else { Sender::Unconfirmed };
            let contact = contact.map(|text| Contact::new([("name".to_owned(), text)])).unwrap_or_default();
            Filing { filer: filer.map(account), contact, ..Filing::own(choice, sender) }
        },
    )
}

fn submissions() -> impl Strategy<Value = Vec<Submission>> {
    let one = prop::collection::vec(filing(), 1..3).prop_map(Submission::of);
    prop::collection::vec(one, 1..12)
}

fn all_listed(books: &mut MemoryBooks) -> Vec<ListItem> {
    let mut intake = Intake::new(books);
    let pages = intake.list_counts().unwrap().pages;
    (0..pages).flat_map(|page| intake.list_page(page).unwrap()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_batch_is_what_its_submissions_are_one_after_the_other(submissions in submissions(), cut in 0_usize..12) {
        let mut alone = world();
        let one_by_one: Vec<Result<Accepted, Refusal>> = submissions
            .iter()
            .map(|submission| Intake::new(&mut alone).file_each(std::slice::from_ref(submission), at(NOW)).unwrap().remove(0))
            .collect();
        // All in one, and in two by one who remembers.
        let mut together = world();
        let outcomes = Intake::new(&mut together).file_each(&submissions, at(NOW)).unwrap();
        prop_assert_eq!(&outcomes, &one_by_one);
        let mut halves = world();
        let (first, second) = submissions.split_at(cut.min(submissions.len()));
        let mut intake = Intake::new(&mut halves);
        let mut outcomes = intake.file_each(first, at(NOW)).unwrap();
        let office = intake.into_office();
        outcomes.extend(Intake::resume(&mut halves, office).file_each(second, at(NOW)).unwrap());
        prop_assert_eq!(&outcomes, &one_by_one);
        for books in [&mut together, &mut halves] {
            prop_assert_eq!(&books.entries, &alone.entries);
            prop_assert_eq!(&books.contacts, &alone.contacts);
            prop_assert_eq!(all_listed(books), all_listed(&mut alone));
        }
    }

    #[test]
    fn a_submission_of_one_act_is_what_filing_it_is(filing in filing()) {
        let (mut single, mut batch) = (world(), world());
        let filed = match Intake::new(&mut single).file(&filing, at(NOW)) {
            Ok(receipt) => Ok(receipt),
            Err(IntakeError::Refused(refusal)) => Err(refusal),
            Err(other) => panic!("{other:?}"),
        };
        let submission = Submission::of(vec![filing]);
        let outcome = Intake::new(&mut batch).file_each(&[submission], at(NOW)).unwrap().remove(0);
        prop_assert_eq!(outcome.map(|accepted| accepted.acts[0].receipt.clone()), filed);
        prop_assert_eq!((batch.entries, batch.contacts, batch.values), (single.entries, single.contacts, single.values));
    }
}

#[test]
fn a_submission_is_filed_whole_or_not_at_all() {
    let mut books = world();
    let before = books.clone();
    let withdraw = Choice { act: Act::Withdraw { of: "nothing".into() }, ..object("w", "f:3", "2026-01-15") };
    let mixed = Submission::of(vec![own(object("x", "f:3", "2026-01-15")), own(withdraw)]);
    let sound = Submission::of(["y", "z"].map(|id| own(object(id, "f:2", "2026-01-15"))).to_vec());
    let outcomes = Intake::new(&mut books).file_each(&[mixed.clone(), Submission::default()], at(NOW)).unwrap();
    assert_eq!(outcomes, [Err(Refusal::NamesNothing), Err(Refusal::NothingToFile)]);
    assert_eq!((&books.entries, &books.values), (&before.entries, &before.values), "nothing was written");
    let outcomes = Intake::new(&mut books).file_each(&[mixed, sound], at(NOW)).unwrap();
    assert_eq!(outcomes[0], Err(Refusal::NamesNothing));
    let accepted = outcomes[1].as_ref().unwrap();
    let ids: Vec<&str> = accepted.acts.iter().map(|act| act.receipt.id.as_str()).collect();
    assert_eq!(ids, ["y", "z"]);
    assert!(!books.entries.iter().any(|(_, id, ..)| id == "x"));
}

#[test]
fn an_act_may_refer_to_one_of_its_own_submission_and_of_one_before_it_in_the_batch() {
    let withdraw = |id: &str, of: &str| Choice { act: Act::Withdraw { of: of.into() }, ..object(id, "f:3", "2026-01-16") };
    let submission = |choices: Vec<Choice>| Submission::of(choices.into_iter().map(own).collect());
    let batch = [
        submission(vec![object("x", "f:3", "2026-01-15"), withdraw("x-w", "x")]),
        submission(vec![object("y", "f:3", "2026-01-15")]),
        submission(vec![withdraw("y-w", "y")]),
        submission(vec![withdraw("z-w", "z"), object("z", "f:3", "2026-01-15")]),
    ];
    let outcomes = Intake::new(&mut world()).file_each(&batch, at(NOW)).unwrap();
    assert!(outcomes[..3].iter().all(Result::is_ok), "{outcomes:?}");
    assert_eq!(outcomes[3], Err(Refusal::NamesNothing), "not to one that comes after it");
}

#[test]
fn a_submission_has_a_most_of_acts() {
    let submission =
        |count: usize| Submission::of((0..count).map(|number| own(object(&format!("m-{number}"), "f:3", "2026-01-15"))).collect());
    let outcomes = Intake::new(&mut world())
        .file_each(&[submission(SUBMISSION_FILINGS_MAX), submission(SUBMISSION_FILINGS_MAX + 1)], at(NOW))
        .unwrap();
    assert_eq!(outcomes[0].as_ref().unwrap().acts.len(), SUBMISSION_FILINGS_MAX);
    assert_eq!(outcomes[1], Err(Refusal::TooManyActs));
}

#[test]
fn after_a_failed_write_nothing_is_remembered_that_is_not_there() {
    let mut books = world();
    let submission = Submission::of(vec![own(object("x", "f:3", "2026-01-15"))]);
    books.fails_after = Some(0);
    let mut intake = Intake::new(&mut books);
    assert!(intake.file_each(std::slice::from_ref(&submission), at(NOW)).is_err());
    let office = intake.into_office();
    books.fails_after = None;
    let accepted = Intake::resume(&mut books, office).file_each(&[submission], at(NOW)).unwrap().remove(0).unwrap();
    assert_eq!((accepted.acts[0].receipt.state, accepted.acts[0].receipt.notices.len()), (State::New, 0));
}
