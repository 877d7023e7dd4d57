use bezwaar_letter::case::{
    CASE_FILE, Case, CaseError, Channel, EVENTS_MAX, Next, Outcome, RequestKind, What, describe, read_case, write_case,
};
use bezwaar_letter::due::DueDates;
use bezwaar_letter::texts::{Language, Texts};
use proptest::prelude::*;

use crate::world::{case, day, event};

fn next(case: &Case, today: &str) -> Next {
    case.status(day(today)).next
}

fn due(expected: &str, latest: &str) -> DueDates {
    DueDates { expected: day(expected), latest: day(latest) }
}

#[test]
fn a_case_says_what_next() {
    let mut case = Case::new("plaza", RequestKind::Objection, Some("IE"));
    assert_eq!(next(&case, "2025-05-26"), Next::Send);
    case.note(event("2025-05-14", What::Sent(Channel::Form))).unwrap();
    assert_eq!(next(&case, "2025-06-16"), Next::Wait(due("2025-06-14", "2025-06-16")));
    assert_eq!(next(&case, "2025-06-17"), Next::Remind);
    case.note(event("2025-05-15", What::Answered(Outcome::Confirmation))).unwrap();
    assert_eq!(next(&case, "2025-06-17"), Next::Remind, "a confirmation is no answer");
    case.note(event("2025-06-17", What::Reminded(Channel::Email))).unwrap();
    assert_eq!(next(&case, "2025-07-01"), Next::WaitAfterReminder(day("2025-07-01")));
    assert_eq!(next(&case, "2025-07-02"), Next::Complain);
    let mut answered = case.clone();
    answered.note(event("2025-07-02", What::Answered(Outcome::Refused))).unwrap();
    assert_eq!(next(&answered, "2025-07-02"), Next::Disagree);
    answered.note(event("2025-07-03", What::Answered(Outcome::Agreed))).unwrap();
    assert_eq!(next(&answered, "2025-07-03"), Next::Closed);
    case.note(event("2025-07-02", What::Complained)).unwrap();
    assert_eq!(next(&case, "2025-07-03"), Next::Authority);
}

#[test]
fn a_question_is_to_be_answered() {
    let asked = case(RequestKind::Access, &[("2025-05-28", What::Answered(Outcome::AskedForMore))]);
    assert_eq!(next(&asked, "2025-05-29"), Next::Reply);
}

#[test]
fn an_extension_counts_when_it_came_in_time() {
    let in_time = case(RequestKind::Access, &[("2025-06-26", What::Extended)]);
    assert_eq!(in_time.status(day("2025-07-01")).extended, Some(due("2025-08-26", "2025-08-26")));
    assert_eq!(next(&in_time, "2025-08-27"), Next::Remind);
    let late = case(RequestKind::Access, &[("2025-06-27", What::Extended)]);
    assert_eq!(late.status(day("2025-07-01")).extended, None);
    assert_eq!(next(&late, "2025-07-01"), Next::Remind);
    let said = |case: &Case| describe(case, "Plaza", &case.status(day("2025-07-01")), &Texts::of(Language::English)).join("\n");
    let sentence =
        "Friday 27 June 2025: the company says that it needs more time. That came after Thursday 26 June 2025 and so does not count.";
    assert!(said(&late).contains(sentence), "{}", said(&late));
    assert!(!said(&in_time).contains("does not count") && said(&in_time).contains("Extended on"), "{}", said(&in_time));
}

#[test]
fn receipt_moves_the_clock() {
    let known = case(RequestKind::Objection, &[("2025-05-31", What::Received)]);
    assert_eq!(known.status(day("2025-06-01")).first, Some(due("2025-06-30", "2025-06-30")));
    let mut abroad = case(RequestKind::Objection, &[]);
    abroad.country = Some("US".into());
    assert!(!abroad.status(day("2025-06-01")).holidays_known);
}

#[test]
fn what_cannot_have_happened_is_refused() {
    let mut case = Case::new("plaza", RequestKind::Objection, None);
    assert_eq!(case.note(event("2025-05-26", What::Received)), Err(CaseError::NotSent));
    case.note(event("2025-05-26", What::Sent(Channel::Email))).unwrap();
    assert_eq!(case.note(event("2025-05-25", What::Received)), Err(CaseError::BeforeSent));
    assert_eq!(case.note(event("2025-05-27", What::Sent(Channel::Post))), Err(CaseError::SentTwice));
    case.note(event("2025-05-27", What::Received)).unwrap();
    assert_eq!(case.note(event("2025-05-28", What::Received)), Err(CaseError::ReceivedTwice));
    while case.events.len() < EVENTS_MAX {
        case.note(event("2025-06-01", What::Answered(Outcome::Other))).unwrap();
    }
    assert_eq!(case.note(event("2025-06-01", What::Complained)), Err(CaseError::Full));
}

#[test]
fn a_file_reads_as_it_was_written() {
    let mut kept = case(RequestKind::Objection, &[("2025-05-26", What::Received), ("2025-06-20", What::Answered(Outcome::Partly))]);
    kept.name = Some("Plaza \"Ireland\" Limited".into());
    kept.events[2].note = Some("zei: \"nee\"\\\n\u{7}één".into());
    let text = write_case(&kept, &["A comment".into(), String::new(), "two\nlines".into()]);
    assert_eq!(
        text,
        "# A comment\n# two\n# lines\nformat = 1\ncontroller = \"plaza\"\nname = \"Plaza \\\"Ireland\\\" Limited\"\nkind = \"objection\"\ncountry = \"IE\"\n\n\
         [[event]]\nday = \"2025-05-26\"\nwhat = \"sent\"\nhow = \"email\"\n\n\
         [[event]]\nday = \"2025-05-26\"\nwhat = \"received\"\n\n\
         [[event]]\nday = \"2025-06-20\"\nwhat = \"answered\"\noutcome = \"partly\"\nnote = \"zei: \\\"nee\\\"\\\\\\n\\u0007één\"\n"
    );
    assert_eq!(read_case("zaak.toml", &text), Ok(kept.clone()));
    let nameless = text.replace("name = \"Plaza \\\"Ireland\\\" Limited\"\n", "");
    assert_eq!(read_case("zaak.toml", &nameless), Ok(Case { name: None, ..kept }), "files from before have no name");
}

#[test]
fn every_problem_of_a_file_is_shown_with_its_place() {
    let text = "format = 2\ncontroler = \"plaza\"\nkind = \"objektion\"\n\n[[event]]\nday = \"2025-02-30\"\nwhat = \"sent\"\n";
    let problems = read_case("zaak.toml", text).unwrap_err();
    let shown: Vec<String> = problems.iter().map(|problem| problem.in_one_line(text)).collect();
    assert_eq!(shown.len(), 5, "{shown:#?}");
    assert!(shown.iter().any(|line| line.starts_with("zaak.toml:2:1: unknown key `controler`; did you mean `controller`?")), "{shown:#?}");
    let text = "format = 1\ncontroller = \"plaza\"\nkind = \"access\"\ncountry = \"Ireland\"\n[[event]]\nday = \"2025-02-20\"\nwhat = \"sent\"\n\
                [[event]]\nday = \"2025-02-21\"\nwhat = \"received\"\nhow = \"post\"\noutcome = \"other\"\n";
    let problems = read_case("zaak.toml", text).unwrap_err();
    let shown: Vec<String> = problems.iter().map(|problem| problem.in_one_line(text)).collect();
    assert_eq!(shown.len(), 5, "{shown:#?}");
    assert!(shown[1].contains("it is not said how it was sent"), "{shown:#?}");
    assert!(!CASE_FILE.is_empty());
}

proptest! {
    #[test]
    fn cases_survive_the_file(days in proptest::collection::vec((0_i64..400, 0_usize..9, ".{0,20}"), 0..20)) {
        let mut kept = Case::new("plaza", RequestKind::Access, Some("IE"));
        for (days, what, note) in days {
            let what = [
                What::Sent(Channel::Post),
                What::Written,
                What::Received,
                What::Extended,
                What::Complained,
                What::Reminded(Channel::Form),
                What::Answered(Outcome::Agreed),
                What::Answered(Outcome::AskedForMore),
                What::Answered(Outcome::Confirmation),
            ][what];
            let day = bezwaar_core::time::Day::from_days(20_000 + days).unwrap();
            let note = Some(note).filter(|note| !note.trim().is_empty());
            let _ = kept.note(bezwaar_letter::case::Event { day, what, note });
        }
        let text = write_case(&kept, &[]);
        let again = read_case("zaak.toml", &text).unwrap();
        prop_assert_eq!(write_case(&again, &[]), text);
        prop_assert_eq!(again, kept);
    }
}
