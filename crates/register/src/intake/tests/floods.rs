use bezwaar_core::time::Instant;

use super::super::cases::{
    CaseFilter, CaseNumber, CaseState, FLOOD_HOURS, FLOOD_SOURCES_MAX, FloodSelection, Mark, VOIDS_AT_ONCE_MAX, VoidedSome,
};
use super::super::{Intake, IntakeError, Refusal, Submission};
use super::cases::{day, provisional, with_case};
use super::memory::{MemoryBooks, REASON};
use super::{account, at, withheld};

const NOW: &str = "2026-02-01";
const APPROVERS: [&str; 2] = ["lead", "deputy"];

/// An objection for somebody, from a contact on a network.
fn from(books: &mut MemoryBooks, id: &str, person: &str, contact: &str, network: &str) -> Submission {
    let mut submission = with_case(vec![provisional(id, person)], "2026-02-28");
    submission.marks = Intake::new(books).mark(Some(contact), Some(network));
    submission
}

fn flooded(count: usize) -> MemoryBooks {
    let mut books = MemoryBooks::default();
    let mut all: Vec<Submission> = (0..count)
        .map(|number| from(&mut books, &format!("x-{number}"), &format!("f:{}", number + 1_000), "bot@post.example", "198.51.100.0/24"))
        .collect();
    all.extend((0..5).map(|number| {
        from(&mut books, &format!("r-{number}"), &format!("f:{}", number + 1), &format!("p{number}@post.example"), "203.0.113.0/24")
    }));
    Intake::new(&mut books).file_each(&all, at(NOW)).unwrap();
    books
}

fn sweep(books: &mut MemoryBooks, selection: &FloodSelection) -> Vec<VoidedSome> {
    let mut steps: Vec<VoidedSome> = Vec::new();
    loop {
        let next = steps.last().and_then(|step| step.next);
        steps.push(Intake::new(books).void_selection(selection, (REASON, APPROVERS), next, at(NOW)).unwrap());
        if steps.last().unwrap().next.is_none() {
            return steps;
        }
    }
}

#[test]
fn a_flood_stands_out_and_is_voided_by_the_book_while_the_real_ones_stay() {
    let count = VOIDS_AT_ONCE_MAX + 20;
    let mut books = flooded(count);
    let flood = Intake::new(&mut books).flood(at(NOW)).unwrap();
    let all = count as u64 + 5;
    assert_eq!(flood.hours, [(at(NOW), all)]);
    assert_eq!((flood.contacts[0].1, flood.contacts[1].1, flood.contacts.len()), (count as u64, 1, 6));
    assert_eq!(flood.networks.iter().map(|(_, count)| *count).collect::<Vec<_>>(), [count as u64, 5]);
    let bot = flood.contacts[0].0;
    assert!(!bot.to_text().contains("bot") && Mark::from_text(&bot.to_text()) == Some(bot) && format!("{bot:?}") == "Mark(…)");
    assert_eq!(Intake::new(&mut books).cases(&CaseFilter::Contact(bot), None, 7).unwrap().cases.len(), 7);
    assert_eq!(Intake::new(&mut books).cases(&CaseFilter::Network(flood.networks[1].0), None, 7).unwrap().cases.len(), 5);
    // One of them is real after all.
    Intake::new(&mut books).confirm("x-3", &account("f:1003"), at(NOW)).unwrap();

    let selection = FloodSelection { contact: Some(bot), ..FloodSelection::default() };
    let steps = sweep(&mut books, &selection);
    assert_eq!(
        steps.iter().map(|step| (step.cases, step.acts, step.left)).collect::<Vec<_>>(),
        [(VOIDS_AT_ONCE_MAX as u64, VOIDS_AT_ONCE_MAX as u64, 0), (19, 19, 0)]
    );
    assert!(withheld(&books, "f:1000", "2036-01-01"), "nobody was told");
    // Both are told; here the filer is the account.
    let mut intake = Intake::new(&mut books);
    assert_eq!(intake.post_counts().unwrap().waiting, count as u64 - 1);
    assert_eq!(intake.case(CaseNumber(1)).unwrap().unwrap().state(), CaseState::Voiding);
    assert_eq!(intake.case_counts(day(NOW)).unwrap().open, 6);
    let numbers: Vec<u64> = intake.take_post(500, at(NOW)).unwrap().iter().map(|one| one.message.number).collect();
    // All but one; that one is told five days later.
    let (later, first) = numbers.split_last().unwrap();
    intake.post_sent(first, at(NOW)).unwrap();
    intake.post_sent(&[*later], at("2026-02-06")).unwrap();
    let last = format!("f:{}", 1_000 + count - 1);
    assert!(withheld(&books, &last, "2026-02-19") && !withheld(&books, &last, "2026-02-20"));
    assert!(withheld(&books, "f:1000", "2026-02-14"), "not before 14 days");
    assert!(!withheld(&books, "f:1000", "2026-02-15"));
    for stays in ["f:1003", "f:1", "f:5"] {
        assert!(withheld(&books, stays, "2027-01-01"), "{stays}");
    }
    let mut intake = Intake::new(&mut books);
    let case = intake.case(CaseNumber(1)).unwrap().unwrap();
    assert_eq!((case.state(), case.changes.len()), (CaseState::Void(at("2026-02-15")), 2));
    assert_eq!(intake.flood(at(NOW)).unwrap().hours, [(at(NOW), 5)]);
    // Again, it finds nothing.
    assert_eq!(sweep(&mut books, &selection), [VoidedSome::default()]);
    // Who is real after all confirms in time, or later, and waits for an answer again.
    Intake::new(&mut books).confirm("x-7", &account("f:1007"), at("2026-03-01")).unwrap();
    assert!(withheld(&books, "f:1007", "2026-03-02"));
    let case = Intake::new(&mut books).case_of_act("x-7").unwrap().unwrap();
    let case = Intake::new(&mut books).case(case).unwrap().unwrap();
    assert_eq!((case.state(), case.provisional), (CaseState::Open, false));
}

#[test]
fn a_selection_names_a_source_two_approvers_and_meets_all_that_is_given() {
    let mut books = flooded(4);
    let flood = Intake::new(&mut books).flood(at(NOW)).unwrap();
    let (bot, homes) = (flood.contacts[0].0, flood.networks[0].0);
    let refusal = |books: &mut MemoryBooks, selection: FloodSelection, approvers: [&str; 2]| match Intake::new(books).void_selection(
        &selection,
        (REASON, approvers),
        None,
        at(NOW),
    ) {
        Err(IntakeError::Refused(refusal)) => refusal,
        other => panic!("{other:?}"),
    };
    let all = FloodSelection { from: Some(at("2020-01-01")), ..FloodSelection::default() };
    assert_eq!(refusal(&mut books, all, APPROVERS), Refusal::TooWide);
    let one = FloodSelection { contact: Some(bot), ..FloodSelection::default() };
    assert_eq!(refusal(&mut books, one, ["lead", " LEAD "]), Refusal::Approvers);
    let none = [
        FloodSelection { network: Some(homes), ..one },
        FloodSelection { from: Some(at("2026-02-02")), ..one },
        FloodSelection { until: Some(at(NOW)), ..one },
    ];
    for selection in none {
        assert_eq!(sweep(&mut books, &selection), [VoidedSome::default()]);
    }
    let whole = FloodSelection { from: Some(at(NOW)), until: Some(at(NOW).plus_micros(1)), ..one };
    assert_eq!(sweep(&mut books, &whole)[0].acts, 4);
}

#[test]
fn a_step_that_cannot_be_written_is_done_again() {
    let mut books = flooded(10);
    let bot = Intake::new(&mut books).flood(at(NOW)).unwrap().contacts[0].0;
    let selection = FloodSelection { contact: Some(bot), ..FloodSelection::default() };
    let before = books.clone();
    books.fails_after = Some(0);
    assert!(Intake::new(&mut books).void_selection(&selection, (REASON, APPROVERS), None, at(NOW)).is_err());
    books.fails_after = None;
    assert_eq!((&books.entries, &books.values), (&before.entries, &before.values));
    assert_eq!(sweep(&mut books, &selection)[0].acts, 10);
}

#[test]
fn a_flood_is_shown_for_so_many_hours_and_sources() {
    let mut books = MemoryBooks::default();
    for number in 0..FLOOD_SOURCES_MAX + 1 {
        let submission = from(&mut books, &format!("o-{number}"), "f:1", &format!("p{number}@post.example"), &format!("net {number}"));
        let now = at(NOW).plus_micros(number as i64 * 2 * 3_600_000_000);
        Intake::new(&mut books).file_each(&[submission], now).unwrap();
    }
    let last = at(NOW).plus_micros(FLOOD_SOURCES_MAX as i64 * 2 * 3_600_000_000);
    let flood = Intake::new(&mut books).flood(last).unwrap();
    assert_eq!((flood.contacts.len(), flood.networks.len()), (FLOOD_SOURCES_MAX, FLOOD_SOURCES_MAX));
    let oldest: Instant = flood.hours[0].0;
    assert_eq!((flood.hours.len() as i64, oldest), (FLOOD_HOURS / 2 + 1, last.plus_micros(-FLOOD_HOURS * 3_600_000_000)));
}
