//! The failure table of what the office writes: every write of a life × {fails, fails but was persisted} × {the program goes on, the machine goes off}. Whatever fails, doing it again brings
//! it to the same end: nothing is lost, nothing is done twice.

use std::path::Path;

use bezwaar_core::time::Day;
use bezwaar_ledger::event::VoidReason;
use bezwaar_register::cases::{AnswerCode, CaseFilter, CaseNumber, ExtensionReason, FloodSelection, NewAnswer};
use bezwaar_register::engine::Register;
use bezwaar_register::intake::{Intake, IntakeError, Office, Refusal};
use bezwaar_register::looks::{LookAt, LookReason, StaffId};
use bezwaar_register::store::memory::MemoryStore;

use super::{account, token_use, whole};
use crate::engine::faulty::{Fault, Faults, FaultyStore};
use crate::engine::kit::{Witness, at, create, open};

pub(super) const STEPS: usize = 12;

fn staff() -> StaffId {
    StaffId::parse("anna").unwrap()
}

/// One step of a life, which may be done again.
pub(super) fn step(intake: &mut Intake<'_>, step: usize) -> Result<(), IntakeError> {
    let now = at(20 + i64::try_from(step).unwrap());
    let marks = intake.mark(Some("p@post.example"), Some("192.0.2.0/24"));
    match step {
        0 => {
            let batch: Vec<_> = (1..=4).map(|number| whole(marks, &format!("o-{number}"), &format!("club:{number}"), number)).collect();
            intake.file_each(&batch, now)?.into_iter().try_for_each(|outcome| outcome.map(drop).map_err(IntakeError::Refused))
        }
        1 => {
            let batch: Vec<_> = (5..=9).map(|number| whole(marks, &format!("o-{number}"), &format!("club:{number}"), number)).collect();
            intake.file_each(&batch, now)?.into_iter().try_for_each(|outcome| outcome.map(drop).map_err(IntakeError::Refused))
        }
        2 => match intake.use_once(token_use(50), now, |intake| intake.confirm("o-1", &account("club:1"), now).map(drop)) {
            // It was written after all.
            Err(IntakeError::Refused(Refusal::TokenUsed)) => Ok(()),
            outcome => outcome,
        },
        3 => intake.extend_case(CaseNumber(1), (ExtensionReason::Complex, Day::parse("2027-04-30").unwrap()), &staff(), now).map(drop),
        4 => intake.merge_cases(CaseNumber(2), CaseNumber(3), &staff(), now).map(drop),
        5 => {
            let answer = NewAnswer { code: AnswerCode::Excessive, facts: [("same-as-of".to_owned(), "1 mei".to_owned())].into() };
            intake.answer_case(CaseNumber(3), &answer, &staff(), now).map(drop)
        }
        6 => intake.look(&staff(), &LookAt::Case(CaseNumber(1)), LookReason::HandlesCase, now).map(drop),
        7 => match intake.void("o-5", VoidReason::FiledByAutomation, ["lead", "deputy"], now) {
            Err(IntakeError::Refused(Refusal::AlreadyVoid)) => Ok(()),
            outcome => outcome.map(drop),
        },
        8 => {
            let selection = FloodSelection { contact: marks.contact, ..FloodSelection::default() };
            intake.void_selection(&selection, (VoidReason::FiledByAutomation, ["lead", "deputy"]), None, now).map(drop)
        }
        9 => {
            intake.take_post(500, now)?;
            let numbers: Vec<u64> = (1..40).filter(|number| number % 2 == 0).collect();
            intake.post_sent(&numbers, now)
        }
        10 => match intake.ask_to_forget(&account("club:7"), now) {
            Ok(request) => intake.forget(&request.token, &account("club:7"), now).map(drop),
            Err(IntakeError::Refused(Refusal::NothingThere)) => Ok(()),
            Err(other) => Err(other),
        },
        _ => intake.post_failed(1, None, now),
    }
}

/// What there is at the end, but for the numbers of tries.
pub(super) fn state(register: &mut Register, witness: &Witness) -> String {
    witness.check(register);
    let mut reader = register.reader().unwrap();
    let mut places: Vec<String> = Vec::new();
    for number in 1..=9 {
        for tail in ["", "+confirmed", "+void", "+answer"] {
            let id = format!("o-{number}{tail}");
            if let Some(index) = reader.find(&id).unwrap() {
                places.push(format!("{id} {}", reader.opening(index).unwrap().is_some()));
            }
        }
    }
    let mut intake = Intake::new(register.writer());
    let cases = intake.cases(&CaseFilter::All, None, 100).unwrap().cases;
    let cases: Vec<_> =
        cases.iter().map(|case| (case.number, case.state(), case.acts.len(), case.changes.len(), case.due_on, case.provisional)).collect();
    let post = intake.post_counts().unwrap();
    let looks = intake.check_looks().unwrap();
    assert!(looks.broken_at.is_none() && looks.count > 0, "{looks:?}");
    format!("{places:?} {cases:?} {} {} {}", post.waiting, post.given_up, intake.token_count().unwrap())
}

/// Lives the life with one fault in it; gives what there is at the end, how many writes there were, and whether the fault happened.
pub(super) fn live(folder: &Path, fault: Option<(u64, Fault, bool)>) -> (String, u64, bool) {
    let store = MemoryStore::new();
    drop(create(folder, Box::new(store.clone())));
    let faults = fault.map_or_else(Faults::none, |(write, fault, off)| Faults::at(write, fault, off));
    let faulty = || Box::new(FaultyStore::new(store.clone(), faults.clone()));
    let mut register = open(folder, faulty()).unwrap();
    let (mut office, mut witness) = (Office::default(), Witness::default());
    for number in 0..STEPS {
        for attempt in 0.. {
            let mut intake = Intake::resume(register.writer(), office);
            let done = step(&mut intake, number);
            office = intake.into_office();
            match done {
                Ok(()) => break,
                Err(IntakeError::Register(_)) if attempt < 3 => {}
                Err(other) => panic!("{fault:?} in step {number}: {other:?}"),
            }
            if fault.is_some_and(|(.., off)| off) {
                drop(register);
                faults.heal();
                (register, office) = (open(folder, faulty()).unwrap(), Office::default());
            }
        }
        witness.saw(register.publish().unwrap());
    }
    drop((register, office));
    let mut register = open(folder, Box::new(store)).unwrap();
    (state(&mut register, &witness), faults.writes(), faults.happened())
}

#[test]
fn every_write_may_fail_and_what_is_done_again_comes_to_the_same_end() {
    let (expected, writes, _) = live(tempfile::tempdir().unwrap().path(), None);
    assert!(writes >= STEPS as u64, "{writes}");
    let mut happened = 0;
    for write in 0..writes {
        for fault in [Fault::Fails, Fault::FailsButPersists] {
            for off in [false, true] {
                let folder = tempfile::tempdir().unwrap();
                let (state, _, did) = live(folder.path(), Some((write, fault, off)));
                happened += u32::from(did);
                assert_eq!(state, expected, "write {write}: {fault:?}, off: {off}");
            }
        }
    }
    assert!(u64::from(happened) >= writes * 4 - 4, "{happened} of {writes}");
}
