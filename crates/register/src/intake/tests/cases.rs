use std::collections::BTreeMap;

use bezwaar_core::choice::{Act, Channel, Choice, Outcome};
use bezwaar_core::time::Day;
use proptest::prelude::*;

use super::super::cases::{
    AnswerCode, CASE_ACTS_MAX, CASE_CHANGES_MAX, CASE_EVIDENCE_MAX, CASES_PAGE_MAX, Case, CaseCursor, CaseFilter, CaseNumber, CaseState,
    Cases, Change, EXTENSION_DAYS_MAX, Evidence, EvidenceKind, ExtensionReason, FACT_BYTES_MAX, Mark, NewAnswer, NewCase,
};
use super::super::looks::StaffId;
use super::super::post::{LanguageCode, MessageKind, POST_TAKEN_MAX};
use super::super::{Filing, Intake, IntakeError, Office, Refusal, Sender, Submission};
use super::memory::{MemoryBooks, REASON};
use super::{account, at, object, own, withheld};

const NOW: &str = "2026-02-01";

pub(super) fn day(text: &str) -> Day {
    Day::parse(text).unwrap()
}

fn staff(name: &str) -> StaffId {
    StaffId::parse(name).unwrap()
}

pub(super) fn new_case(due: &str) -> NewCase {
    NewCase { language: LanguageCode::parse("nl").unwrap(), due_on: day(due), opened_by: None, evidence: Vec::new() }
}

pub(super) fn provisional(id: &str, person: &str) -> Filing {
    Filing::own(object(id, person, "2026-01-10"), Sender::Unconfirmed)
}

pub(super) fn with_case(filings: Vec<Filing>, due: &str) -> Submission {
    Submission { case: Some(new_case(due)), ..Submission::of(filings) }
}

fn filed(books: &mut MemoryBooks, submission: Submission) -> CaseNumber {
    Intake::new(books).file_each(&[submission], at(NOW)).unwrap().remove(0).unwrap().case.unwrap()
}

fn case(books: &mut MemoryBooks, number: CaseNumber) -> Case {
    Intake::new(books).case(number).unwrap().unwrap()
}

fn refusal<T: std::fmt::Debug>(result: Result<T, IntakeError>) -> Refusal {
    match result {
        Err(IntakeError::Refused(refusal)) => refusal,
        other => panic!("{other:?}"),
    }
}

fn answer(code: AnswerCode) -> NewAnswer {
    NewAnswer { code, facts: code.facts().iter().map(|name| ((*name).to_owned(), "een feit".to_owned())).collect() }
}

fn numbers(books: &mut MemoryBooks, filter: &CaseFilter) -> Vec<u64> {
    Intake::new(books).cases(filter, None, CASES_PAGE_MAX).unwrap().cases.into_iter().map(|case| case.number.0).collect()
}

#[test]
fn a_case_is_opened_in_the_batch_of_its_acts_and_once() {
    let mut books = MemoryBooks { fails_after: Some(1), ..MemoryBooks::default() };
    let letter = Choice { channel: Some(Channel::Post), ..object("o", "f:1", "2026-01-10") };
    let evidence = vec![Evidence { kind: EvidenceKind::Letter, sha256: [7; 32] }];
    let mut submission = with_case(vec![own(letter), provisional("p", "f:2")], "2026-02-10");
    submission.case = Some(NewCase { opened_by: Some(staff("anna")), evidence: evidence.clone(), ..new_case("2026-02-10") });
    let number = filed(&mut books, submission.clone());
    books.fails_after = None;
    assert_eq!(filed(&mut books, submission), number, "the same acts are the same case");
    let case = case(&mut books, number);
    assert_eq!(
        (case.number, case.state(), case.received_at, case.channel),
        (CaseNumber(1), CaseState::Open, at("2026-01-10"), Some(Channel::Post))
    );
    assert_eq!((case.provisional, case.due_on, &case.evidence), (true, day("2026-02-10"), &evidence));
    assert_eq!(case.acts.iter().map(|act| act.id.as_str()).collect::<Vec<_>>(), ["o", "p"]);
    assert_eq!((case.changes.len(), case.changes[0].change, case.changes[0].by.as_str()), (1, Change::Opened, "anna"));
    assert_eq!(Intake::new(&mut books).case_of_act("p").unwrap(), Some(number));
    for person in ["f:1", "f:2"] {
        assert_eq!(numbers(&mut books, &CaseFilter::Account(account(person))), [1]);
    }
    assert_eq!(numbers(&mut books, &CaseFilter::Account(account("f:3"))), [] as [u64; 0]);
    // Due, and then late; the day itself is not late.
    for (today, late) in [("2026-02-10", 0), ("2026-02-11", 1)] {
        assert_eq!(numbers(&mut books, &CaseFilter::Late { today: day(today) }).len(), late);
        assert_eq!((Intake::new(&mut books).case_counts(day(today)).unwrap().late, case.is_late(day(today))), (late as u64, late == 1));
    }
    // What was not written is not there.
    books.fails_after = Some(0);
    let mut intake = Intake::new(&mut books);
    assert!(intake.file_each(&[with_case(vec![provisional("q", "f:3")], "2026-02-10")], at(NOW)).is_err());
    assert_eq!(intake.case(CaseNumber(2)).unwrap(), None);
}

#[test]
fn an_answer_is_on_the_ledger_once_and_opens_nothing() {
    for code in AnswerCode::ALL {
        let mut books = MemoryBooks::default();
        let number =
            filed(&mut books, with_case(vec![own(object("o", "f:1", "2026-01-10")), own(object("p", "f:2", "2026-01-10"))], "2026-02-10"));
        let mut intake = Intake::new(&mut books);
        let answered = intake.answer_case(number, &answer(code), &staff("anna"), at("2026-02-05")).unwrap();
        assert_eq!((answered.state(), answered.answer.as_ref().unwrap().by.as_str()), (CaseState::Answered, "anna"));
        let size = intake.books.size();
        assert_eq!(intake.answer_case(number, &answer(code), &staff("bert"), at("2026-02-06")).unwrap(), answered);
        assert_eq!(intake.books.size(), size, "said once");
        let other = if code == AnswerCode::Deceased { AnswerCode::Upheld } else { AnswerCode::Deceased };
        assert_eq!(refusal(intake.answer_case(number, &answer(other), &staff("anna"), at("2026-02-06"))), Refusal::AlreadyAnswered);
        let letters = intake.take_post(POST_TAKEN_MAX, at("2026-02-06")).unwrap();
        let told: Vec<_> =
            letters.iter().map(|one| (one.message.message.kind, one.message.message.detail.as_str(), one.message.case)).collect();
        assert_eq!(told, [(MessageKind::Answer, code.as_str(), Some(number))]);
        for id in ["o", "p"] {
            let said = intake.filed_choice(&format!("{id}+answer")).unwrap().unwrap();
            let outcome = if code == AnswerCode::Upheld { Outcome::Upheld } else { Outcome::Refused };
            assert_eq!(said.act, Act::Answer { of: id.to_owned(), outcome });
        }
        assert!(withheld(&books, "f:1", "2027-01-01") && withheld(&books, "f:2", "2027-01-01"), "{code:?}");
        let counts = Intake::new(&mut books).case_counts(day("2026-02-06")).unwrap();
        assert_eq!((counts.open, counts.answered_late, counts.answer_took_days), (0, 0, BTreeMap::from([(26, 1)])));
        assert_eq!(counts.answered_days, BTreeMap::from([(day("2026-02-05"), 1)]));
    }
}

#[test]
fn an_answer_gives_the_facts_its_code_asks_for() {
    let mut books = MemoryBooks::default();
    let number = filed(&mut books, with_case(vec![provisional("o", "f:1")], "2026-02-10"));
    let mut intake = Intake::new(&mut books);
    let mut refused = |answer: &NewAnswer| refusal(intake.answer_case(number, answer, &staff("anna"), at(NOW)));
    for code in AnswerCode::ALL {
        assert_eq!(AnswerCode::lookup(code.as_str()), Some(code));
        let with = |name: &str, text: String| {
            let mut answer = answer(code);
            answer.facts.insert(name.to_owned(), text);
            answer
        };
        assert_eq!(refused(&with("else", "x".into())), Refusal::FactsMissing);
        for name in code.facts() {
            assert_eq!(refused(&with(name, " ".into())), Refusal::FactsMissing);
            assert_eq!(refused(&with(name, "x".repeat(FACT_BYTES_MAX + 1))), Refusal::LongFact);
            assert_eq!(with(name, "x".repeat(FACT_BYTES_MAX)).refusal(), None);
        }
    }
    assert!(!format!("{:?}", answer(AnswerCode::Compelling)).contains("een feit"));
    assert_eq!(refusal(intake.answer_case(CaseNumber(9), &answer(AnswerCode::Upheld), &staff("anna"), at(NOW))), Refusal::NoSuchCase);
}

#[test]
fn a_case_is_extended_once_in_time_and_the_person_is_told() {
    let mut books = MemoryBooks::default();
    let number = filed(&mut books, with_case(vec![provisional("o", "f:1")], "2026-02-10"));
    let mut extend =
        |due: &str, now: &str| Intake::new(&mut books).extend_case(number, (ExtensionReason::Complex, day(due)), &staff("anna"), at(now));
    assert_eq!(refusal(extend("2026-02-10", NOW)), Refusal::ExtensionDay);
    let first = day("2026-02-10").days_until(day("1970-01-01"));
    let past = Day::from_days(-first + EXTENSION_DAYS_MAX + 1).unwrap().to_string();
    assert_eq!(refusal(extend(&past, NOW)), Refusal::ExtensionDay);
    assert_eq!(refusal(extend("2026-04-10", "2026-02-11")), Refusal::TooLate);
    let extended = extend("2026-04-10", "2026-02-10").unwrap();
    assert_eq!((extended.due_on, extended.extension.unwrap().was_due_on), (day("2026-04-10"), day("2026-02-10")));
    assert_eq!(extend("2026-04-10", "2026-02-10").unwrap(), extended, "said again");
    assert_eq!(refusal(extend("2026-04-11", "2026-02-10")), Refusal::AlreadyExtended);
    let letters = Intake::new(&mut books).take_post(POST_TAKEN_MAX, at("2026-02-10")).unwrap();
    assert_eq!(letters.iter().map(|one| one.message.message.kind).collect::<Vec<_>>(), [MessageKind::Extension]);
    assert!(numbers(&mut books, &CaseFilter::Late { today: day("2026-04-10") }).is_empty() && withheld(&books, "f:1", "2026-03-01"));
    for reason in ExtensionReason::ALL {
        assert_eq!(ExtensionReason::lookup(reason.as_str()), Some(reason));
    }
}

#[test]
fn duplicates_are_merged_at_the_earliest_date() {
    let mut books = MemoryBooks::default();
    let early = Filing::own(object("o", "f:1", "2026-01-02"), Sender::Unconfirmed);
    let first = filed(&mut books, with_case(vec![early], "2026-02-02"));
    let second = filed(&mut books, with_case(vec![provisional("p", "f:2")], "2026-02-10"));
    let mut intake = Intake::new(&mut books);
    assert_eq!(refusal(intake.merge_cases(second, second, &staff("anna"), at(NOW))), Refusal::SameCase);
    let merged = intake.merge_cases(first, second, &staff("anna"), at(NOW)).unwrap();
    assert_eq!((merged.received_at, merged.due_on, merged.acts.len()), (at("2026-01-02"), day("2026-02-02"), 2));
    assert_eq!(intake.merge_cases(first, second, &staff("anna"), at(NOW)).unwrap(), merged, "once");
    assert_eq!(intake.case(first).unwrap().unwrap().state(), CaseState::Merged(second));
    for (id, number) in [("o", second), ("p", second)] {
        assert_eq!(intake.case_of_act(id).unwrap(), Some(number));
    }
    for outcome in [
        intake.merge_cases(second, first, &staff("anna"), at(NOW)),
        intake.answer_case(first, &answer(AnswerCode::Upheld), &staff("anna"), at(NOW)),
        intake.assign_case(first, &staff("anna"), &staff("anna"), at(NOW)),
    ] {
        assert_eq!(refusal(outcome), Refusal::CaseClosed);
    }
    intake.answer_case(second, &answer(AnswerCode::Upheld), &staff("anna"), at(NOW)).unwrap();
    assert!(intake.is_there("o+answer").unwrap() && intake.is_there("p+answer").unwrap());
}

#[test]
fn who_did_what_and_how_much_has_its_limits() {
    let mut books = MemoryBooks::default();
    let number = filed(&mut books, with_case(vec![provisional("o", "f:1")], "2026-02-10"));
    let mut intake = Intake::new(&mut books);
    for piece in 0..CASE_EVIDENCE_MAX {
        let evidence = Evidence { kind: EvidenceKind::Mail, sha256: [u8::try_from(piece).unwrap(); 32] };
        intake.add_evidence(number, evidence, &staff("anna"), at(NOW)).unwrap();
        assert_eq!(intake.add_evidence(number, evidence, &staff("anna"), at(NOW)).unwrap().evidence.len(), piece + 1);
    }
    let more = Evidence { kind: EvidenceKind::Mail, sha256: [99; 32] };
    assert_eq!(refusal(intake.add_evidence(number, more, &staff("anna"), at(NOW))), Refusal::CaseFull);
    for turn in CASE_EVIDENCE_MAX..CASE_CHANGES_MAX {
        intake.assign_case(number, &staff(if turn % 2 == 0 { "anna" } else { "bert" }), &staff("chef"), at(NOW)).unwrap();
    }
    assert_eq!(refusal(intake.assign_case(number, &staff("carl"), &staff("chef"), at(NOW))), Refusal::CaseFull);
    let answered = intake.answer_case(number, &answer(AnswerCode::Excessive), &staff("anna"), at(NOW)).unwrap();
    assert_eq!((answered.changes.len(), answered.changes.last().unwrap().change), (CASE_CHANGES_MAX + 1, Change::Answered));
    for kind in EvidenceKind::ALL {
        assert_eq!(EvidenceKind::lookup(kind.as_str()), Some(kind));
    }
    // Acts, by merging.
    let many = |books: &mut MemoryBooks, from: usize, count: usize| {
        let filings = (from..from + count).map(|number| provisional(&format!("m-{number}"), "f:5")).collect();
        filed(books, with_case(filings, "2026-02-10"))
    };
    let (one, two, three) = (many(&mut books, 0, 20), many(&mut books, 20, CASE_ACTS_MAX - 20), many(&mut books, 100, 1));
    let mut intake = Intake::new(&mut books);
    assert_eq!(intake.merge_cases(one, two, &staff("anna"), at(NOW)).unwrap().acts.len(), CASE_ACTS_MAX);
    assert_eq!(refusal(intake.merge_cases(three, two, &staff("anna"), at(NOW))), Refusal::CaseFull);
    let line = intake.case(two).unwrap().unwrap();
    assert!(format!("{line:?}").len() < crate::store::VALUE_BYTES_MAX / 32);
}

#[test]
fn forgetting_empties_the_cases_of_a_person_and_leaves_those_of_others() {
    let mut books = MemoryBooks::default();
    let alone = filed(&mut books, with_case(vec![provisional("o", "f:1")], "2026-02-10"));
    let shared = filed(&mut books, with_case(vec![provisional("p", "f:1"), provisional("q", "f:2")], "2026-02-10"));
    let by_filer = Filing { filer: Some(account("f:1")), ..provisional("r", "f:3") };
    let mut submission = with_case(vec![by_filer], "2026-02-10");
    submission.marks = Intake::new(&mut books).mark(Some("f1@post.example"), Some("192.0.2.0/24"));
    let for_another = filed(&mut books, submission);
    let mut intake = Intake::new(&mut books);
    for number in [alone, shared] {
        intake.answer_case(number, &answer(AnswerCode::Compelling), &staff("anna"), at(NOW)).unwrap();
    }
    let before = intake.case_counts(day(NOW)).unwrap();
    let token = intake.ask_to_forget(&account("f:1"), at(NOW)).unwrap().token;
    intake.forget(&token, &account("f:1"), at(NOW)).unwrap();
    assert_eq!(intake.case_counts(day(NOW)).unwrap(), before, "numbers stay");
    let (alone, shared, for_another) = (case(&mut books, alone), case(&mut books, shared), case(&mut books, for_another));
    assert_eq!((alone.state(), alone.acts.len(), alone.answer.unwrap().answer.facts.len()), (CaseState::Emptied, 0, 0));
    assert_eq!((shared.state(), shared.acts.len(), shared.answer.unwrap().answer.facts.len()), (CaseState::Answered, 1, 0));
    assert_eq!((for_another.state(), for_another.acts.len(), for_another.marks.contact), (CaseState::Open, 1, None));
    assert!(numbers(&mut books, &CaseFilter::Account(account("f:1"))).is_empty());
    assert_eq!(Intake::new(&mut books).case_of_act("o").unwrap(), None);
    let of = |id: &str| books.entries.iter().find(|(_, own, ..)| own == id).unwrap().3.is_some();
    assert_eq!((of("o+answer"), of("p+answer"), of("q+answer")), (false, false, true), "the answers to what was forgotten go with it");
    let values = format!("{:?}", books.values.values().map(|value| String::from_utf8_lossy(value)).collect::<Vec<_>>());
    assert!(!values.contains("een feit") && !values.contains("\"o\""), "{values}");
}

#[test]
fn pages_go_on_where_they_ended() {
    let mut books = MemoryBooks::default();
    let submissions: Vec<Submission> = (0..250)
        .map(|number| {
            with_case(
                vec![provisional(&format!("o-{number}"), &format!("f:{}", number % 7 + 1))],
                &format!("2026-02-{:02}", 1 + number * 5 % 28),
            )
        })
        .collect();
    Intake::new(&mut books).file_each(&submissions, at(NOW)).unwrap();
    for filter in [CaseFilter::Open, CaseFilter::All, CaseFilter::Late { today: day("2026-02-20") }, CaseFilter::Account(account("f:3"))] {
        let mut intake = Intake::new(&mut books);
        let (mut seen, mut after): (Vec<Case>, Option<CaseCursor>) = (Vec::new(), None);
        loop {
            let page = intake.cases(&filter, after, 9).unwrap();
            assert!(page.cases.len() == 9 || page.next.is_none());
            seen.extend(page.cases);
            let Some(next) = page.next else { break };
            assert_eq!(CaseCursor::parse(&next.to_string()), Some(next));
            after = Some(next);
        }
        let mut expected: Vec<Case> = (1..=250).map(|number| intake.case(CaseNumber(number)).unwrap().unwrap()).collect();
        match &filter {
            CaseFilter::All => expected.reverse(),
            CaseFilter::Late { today } => expected.retain(|case| case.is_late(*today)),
            CaseFilter::Account(_) => expected.retain(|case| (case.number.0 - 1) % 7 + 1 == 3),
            _ => {}
        }
        if matches!(filter, CaseFilter::Open | CaseFilter::Late { .. }) {
            expected.sort_by_key(|case| (case.due_on, case.number));
        }
        assert_eq!(seen, expected, "{filter:?}");
    }
    let page = Intake::new(&mut books).cases(&CaseFilter::All, None, CASES_PAGE_MAX + 1).unwrap();
    assert!(page.cases.len() == CASES_PAGE_MAX && page.next.is_some());
    assert_eq!((CaseCursor::parse("1"), CaseCursor::parse("x.1"), Mark::from_text("zz")), (None, None, None));
}

#[derive(Clone, Debug)]
enum Step {
    File(u8, u8, bool),
    Answer(u64, usize),
    Extend(u64),
    Merge(u64, u64),
    Void(u8),
    Told(u64),
    Confirm(u8, u8),
    Forget(u8),
    Fail,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (0..12_u8, 0..5_u8, any::<bool>()).prop_map(|(id, person, two)| Step::File(id, person, two)),
        2 => (1..10_u64, 0..9_usize).prop_map(|(number, code)| Step::Answer(number, code)),
        1 => (1..10_u64).prop_map(Step::Extend),
        2 => (1..10_u64, 1..10_u64).prop_map(|(from, into)| Step::Merge(from, into)),
        2 => (0..12_u8).prop_map(Step::Void),
        2 => (1..12_u64).prop_map(Step::Told),
        2 => (0..12_u8, 0..5_u8).prop_map(|(id, person)| Step::Confirm(id, person)),
        1 => (0..5_u8).prop_map(Step::Forget),
        1 => Just(Step::Fail),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 96, ..ProptestConfig::default() })]

    /// Whatever was done and whatever failed: what is remembered is what is read anew, every case stands where its parts say, and every act of a case is there.
    #[test]
    fn the_index_is_what_the_cases_say(steps in prop::collection::vec(step(), 1..25)) {
        let (mut books, mut office) = (MemoryBooks::default(), Office::default());
        let person = |number: u8| format!("f:{}", number + 1);
        for step in steps {
            let mut intake = Intake::resume(&mut books, office);
            let _refused_or_done = match step {
                Step::File(id, who, two) => {
                    let mut filings = vec![provisional(&format!("o-{id}"), &person(who))];
                    filings.extend(two.then(|| Filing { filer: Some(account("f:9")), ..provisional(&format!("t-{id}"), &person(who)) }));
                    let mut submission = with_case(filings, "2026-02-10");
                    submission.marks = intake.mark(Some(&person(who)), (id % 2 == 0).then_some("net"));
                    intake.file_each(&[submission], at(NOW)).is_ok()
                }
                Step::Answer(number, code) => intake.answer_case(CaseNumber(number), &answer(AnswerCode::ALL[code]), &staff("anna"), at(NOW)).is_ok(),
                Step::Extend(number) => {
                    intake.extend_case(CaseNumber(number), (ExtensionReason::Many, day("2026-03-10")), &staff("anna"), at(NOW)).is_ok()
                }
                Step::Merge(from, into) => intake.merge_cases(CaseNumber(from), CaseNumber(into), &staff("anna"), at(NOW)).is_ok(),
                Step::Void(id) => intake.void(&format!("o-{id}"), REASON, ["a", "b"], at(NOW)).is_ok(),
                Step::Told(number) if number % 2 == 0 => intake.post_sent(&[number], at(NOW)).is_ok(),
                Step::Told(number) => {
                    let given_up = intake.post_failed(number, None, at(NOW)).is_ok();
                    intake.post_told(&[number], &staff("anna"), at(NOW)).is_ok() && given_up
                }
                Step::Confirm(id, who) => intake.confirm(&format!("o-{id}"), &account(&person(who)), at(NOW)).is_ok(),
                Step::Forget(who) => match intake.ask_to_forget(&account(&person(who)), at(NOW)) {
                    Ok(asked) => intake.forget(&asked.token, &account(&person(who)), at(NOW)).is_ok(),
                    Err(_) => false,
                },
                Step::Fail => {
                    office = intake.into_office();
                    books.fails_after = Some(0);
                    let mut intake = Intake::resume(&mut books, office);
                    let failed = intake.file_each(&[with_case(vec![provisional("lost", "f:1")], "2026-02-10")], at(NOW)).is_err();
                    office = intake.into_office();
                    books.fails_after = None;
                    prop_assert!(failed);
                    continue;
                }
            };
            let remembered = intake.office.cases(intake.books).unwrap().index_text();
            office = intake.into_office();
            prop_assert_eq!(remembered, Cases::open(&mut books).unwrap().index_text());
        }
        let mut intake = Intake::resume(&mut books, office);
        let mut number = 1;
        while let Some(case) = intake.case(CaseNumber(number)).unwrap() {
            let open = intake.cases(&CaseFilter::Open, None, CASES_PAGE_MAX).unwrap().cases.contains(&case);
            prop_assert_eq!(open, case.state() == CaseState::Open);
            let told = case.acts.iter().all(|act| intake.is_there(&format!("{}+void", act.id)).unwrap());
            prop_assert!(!matches!(case.state(), CaseState::Void(_)) || told, "void only once it is entered");
            for act in &case.acts {
                prop_assert!(intake.filed_choice(&act.id).unwrap().is_some(), "an act of a case is there");
            }
            number += 1;
        }
    }
}
