use bezwaar_core::account::Services;
use bezwaar_core::wire::{LineError, read_choices};
use proptest::prelude::*;

use super::super::{Checked, Form, ImportOptions, Imported, Intake, IntakeError, PROBLEMS_SHOWN_MAX, SLOT_BYTES, Senders, Source};
use super::memory::MemoryBooks;
use super::{at, own};
use super::{file, object};

const NOW: &str = "2026-06-01";

fn import(books: &mut MemoryBooks, text: &str) -> Result<Imported, Vec<String>> {
    let services = Services::default();
    let options = ImportOptions { form: Form::Lines, services: &services, senders: Senders::Confirmed, policies: None };
    match Intake::new(books).import(text, options, &mut || at(NOW), &mut |_| {}) {
        Ok(imported) => Ok(imported),
        Err(IntakeError::Problems(problems)) => Err(problems.shown().iter().map(ToString::to_string).collect()),
        Err(other) => Err(vec![other.to_string()]),
    }
}

fn line(id: &str, person: &str, rest: &str) -> String {
    format!(r#"{{"id":"{id}","person":"{person}",{rest},"received_at":"2025-05-26T21:50:00Z"}}"#)
}

fn any_line() -> impl Strategy<Value = String> {
    let id = prop::sample::select(vec!["a", "b", "c", "d"]);
    let person = prop::sample::select(vec!["f:1", "f:01", "f:Noor", "f:nan", "g:2"]);
    let rest = prop::sample::select(vec![
        r#""act":"object""#,
        r#""act":"object","uses":[]"#,
        r#""act":"object","uses":["meta*"]"#,
        r#""act":"withdraw","of":"a""#,
        r#""act":"withdraw-consent","of":"b""#,
        r#""act":"unlink","of":"c""#,
        r#""act":"consent","uses":["m/x"],"by":"agent""#,
        r#""act":"link","to":"f:9""#,
        r#""act":"answer","of":"a","outcome":"upheld""#,
        r#""act":"haunt""#,
        r#""act":"object","to":"x""#,
    ]);
    prop_oneof![
        9 => (id, person, rest).prop_map(|(id, person, rest)| line(id, person, rest)),
        1 => prop::sample::select(vec!["", "  ", "{", "\r"]).prop_map(str::to_owned),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]
    #[test]
    fn a_file_is_checked_as_if_it_were_read_whole(lines in prop::collection::vec(any_line(), 0..8)) {
        let text = lines.join("\n");
        let services = Services::default();
        let whole = read_choices(&text, &services);
        let mut books = MemoryBooks::default();
        let options = ImportOptions { form: Form::Lines, services: &services, senders: Senders::Confirmed, policies: None };
        let streamed = Intake::new(&mut books).check_import(text.as_str(), options, at(NOW));
        match (whole, streamed) {
            (Ok(whole), Ok(Checked { acts, there, notes })) => {
                prop_assert_eq!(there, 0);
                prop_assert_eq!(whole.choices.len() as u64, acts);
                prop_assert_eq!(whole.notes.iter().map(LineError::line).collect::<Vec<_>>(), notes.shown().iter().map(LineError::line).collect::<Vec<_>>());
                let imported = import(&mut books, &text).unwrap();
                prop_assert_eq!(imported.filed, acts);
                let again = Intake::new(&mut books).check_import(text.as_str(), options, at(NOW)).unwrap();
                prop_assert_eq!((again.acts, again.there), (acts, acts));
                let mut filed: Vec<String> = books.choices(at(NOW)).iter().map(|choice| format!("{:?} {:?} {:?}", choice.id, choice.person, choice.act)).collect();
                filed.sort();
                let mut expect: Vec<String> = whole.choices.iter().map(|choice| format!("{:?} {:?} {:?}", choice.id, choice.person, choice.act)).collect();
                expect.sort();
                prop_assert_eq!(filed, expect);
            }
            (Err(whole), Err(IntakeError::Problems(problems))) => prop_assert_eq!(whole, problems.shown()),
            // What the register refuses besides: consents for others.
            (Ok(whole), Err(IntakeError::Problems(problems))) => {
                prop_assert!(problems.shown().iter().all(|problem| problem.message().contains("confirmed hand")), "{:?} {:?}", whole, problems);
            }
            (whole, streamed) => prop_assert!(false, "{:?} {:?}", whole, streamed),
        }
    }
}

#[test]
fn nothing_of_a_file_with_a_problem_is_filed_and_all_are_told() {
    let mut books = MemoryBooks::default();
    file(&mut books, &own(object("there", "f:1", "2025-01-01")), NOW);
    let text = [
        line("a", "f:1", r#""act":"object""#),
        line("there", "f:2", r#""act":"object""#),
        line("b", "f:1", r#""act":"answer","of":"a","outcome":"void""#),
        line("c+1", "f:1", r#""act":"object""#),
        line("d", "f:1", r#""act":"object","ext":{"filer":7}"#),
        line("e", "f:1", r#""act":"erase","ext":{"filer":"f:2"}"#),
        line("f", "f:1", r#""act":"withdraw","of":"there""#),
        line("g", "f:1", r#""act":"withdraw","of":"nowhere""#),
        line("h", "f:1", r#""act":"object""#).replace("2025", "2027"),
        line("a", "f:2", r#""act":"object""#),
    ];
    let errors = import(&mut books, &text.join("\n")).unwrap_err();
    let expect = [
        "line 2, column 0: the register has an act with this id that says something else; an act is never changed: give the new one an id of its own",
        "line 3, column 0: an answer `void` has no effect: it needs two approvers and a notice; leave the line out, and declare the act void in the register",
        "line 4, column 0: the id ends as the register's own ids do, in `+` and a number or word; give it an id that does not end in `+` and a number or word",
        "line 5, column 0: the filer names nobody; write `service:account`, or leave the filer out if it is the person",
        "line 6, column 0: an act `erase` needs the account holder's own, confirmed hand; let the account holder sign in and say it themselves; an objection counts without that",
        "line 8, column 0: `of` names `nowhere`, but there is no object with that id in this file",
        "line 9, column 0: `received_at` is later than now; check the date, its format and its zone; nothing can have been received later than now",
        "line 10, column 0: the id `a` stands on line 1 with other content: ids name one act each",
    ];
    assert_eq!(errors, expect);
    assert_eq!(books.entries.len(), 1, "nothing was filed");
}

#[test]
fn a_file_is_filed_once_however_often_it_is_imported() {
    let text: Vec<String> = (0..25).map(|number| line(&format!("o-{number}"), &format!("f:{}", number + 1), r#""act":"object""#)).collect();
    let text = text.join("\n");
    let mut books = MemoryBooks::default();
    assert_eq!(import(&mut books, &text).unwrap().filed, 25);
    let again = import(&mut books, &text).unwrap();
    assert_eq!((again.filed, again.there, books.entries.len()), (0, 25, 25));
}

#[test]
fn a_crash_is_noted_and_the_same_file_finishes_it() {
    let text: Vec<String> =
        (0..25_000).map(|number| line(&format!("o-{number}"), &format!("f:{}", number + 1), r#""act":"signal","signal":"gpc""#)).collect();
    let text = text.join("\n");
    for crash in 0..4 {
        let mut books = FastBooks::default();
        books.inner.fails_after = Some(crash);
        let services = Services::default();
        let options = ImportOptions { form: Form::Lines, services: &services, senders: Senders::Confirmed, policies: None };
        let error = Intake::new(&mut books).import(text.as_str(), options, &mut || at(NOW), &mut |_| {}).unwrap_err();
        assert!(matches!(error, IntakeError::Register(_)), "{error:?}");
        books.inner.fails_after = None;
        let unfinished = Intake::new(&mut books).unfinished_import().unwrap();
        assert_eq!(
            unfinished.as_ref().map(|unfinished| (unfinished.filed, unfinished.acts)),
            [None, Some((10_000, 25_000)), Some((20_000, 25_000)), Some((25_000, 25_000))][crash]
        );
        if crash > 0 {
            let other = Intake::new(&mut books).import("", options, &mut || at(NOW), &mut |_| {}).unwrap_err();
            assert!(matches!(other, IntakeError::Unfinished { .. }));
        }
        let done = Intake::new(&mut books).import(text.as_str(), options, &mut || at(NOW), &mut |_| {}).unwrap();
        assert_eq!(done.filed + done.there, 25_000);
        assert_eq!(books.inner.entries.len(), 25_000);
        assert_eq!(Intake::new(&mut books).unfinished_import().unwrap(), None);
    }
}

#[test]
fn a_given_up_import_lets_another_begin() {
    let mut books = MemoryBooks { fails_after: Some(1), ..MemoryBooks::default() };
    assert!(import(&mut books, &line("a", "f:1", r#""act":"object""#)).is_err());
    books.fails_after = None;
    assert!(import(&mut books, &line("b", "f:1", r#""act":"object""#)).is_err());
    Intake::new(&mut books).abandon_import(at(NOW)).unwrap();
    assert_eq!(import(&mut books, &line("b", "f:1", r#""act":"object""#)).unwrap().filed, 1);
}

/// A file that is another one when it is read the third time (hash, check, file).
struct Changing(std::cell::Cell<usize>);

impl Source for Changing {
    fn open(&self) -> std::io::Result<Box<dyn std::io::Read + '_>> {
        self.0.set(self.0.get() + 1);
        let person = if self.0.get() < 3 { "f:1" } else { "f:2" };
        Ok(Box::new(std::io::Cursor::new(line("a", person, r#""act":"object""#).into_bytes())))
    }
}

#[test]
fn a_file_that_changes_while_it_is_read_is_told() {
    let services = Services::default();
    let options = ImportOptions { form: Form::Lines, services: &services, senders: Senders::Confirmed, policies: None };
    let mut books = MemoryBooks::default();
    let error = Intake::new(&mut books).import(&Changing(Default::default()), options, &mut || at(NOW), &mut |_| {}).unwrap_err();
    assert!(matches!(error, IntakeError::FileChanged), "{error:?}");
    assert!(Intake::new(&mut books).unfinished_import().unwrap().is_some());
}

#[test]
fn problems_past_the_number_shown_are_counted_and_little_is_kept_of_a_line() {
    let text = "{}\n".repeat(PROBLEMS_SHOWN_MAX + 7);
    let services = Services::default();
    let options = ImportOptions { form: Form::Lines, services: &services, senders: Senders::Confirmed, policies: None };
    match Intake::new(&mut MemoryBooks::default()).check_import(text.as_str(), options, at(NOW)) {
        Err(IntakeError::Problems(problems)) => assert_eq!((problems.shown().len(), problems.rest()), (PROBLEMS_SHOWN_MAX, 7)),
        other => panic!("{other:?}"),
    }
    const { assert!(SLOT_BYTES <= 32) };
}

/// Books in memory that find ids fast.
#[derive(Default)]
struct FastBooks {
    inner: MemoryBooks,
    ids: std::collections::HashMap<String, usize>,
}

mod fast {
    use bezwaar_core::account::Account;
    use bezwaar_core::time::Instant;
    use bezwaar_ledger::entry::Entry;
    use bezwaar_ledger::event::TombstoneReason;

    use super::super::super::{Books, Filed, Known, NewEvent, ValueName};
    use super::FastBooks;
    use crate::engine::RegisterError;
    use crate::store::KeyedName;

    impl Books for FastBooks {
        fn settle(&mut self) -> Result<(), RegisterError> {
            Ok(())
        }
        fn entry(&mut self, index: u64) -> Result<Option<Entry>, RegisterError> {
            self.inner.entry(index)
        }
        fn keyed(&self, kind: &str, text: &str) -> KeyedName {
            self.inner.keyed(kind, text)
        }
        fn size(&self) -> u64 {
            self.inner.size()
        }
        fn time(&self, now: Instant) -> Result<Instant, RegisterError> {
            self.inner.time(now)
        }
        fn by_ids(&mut self, ids: &[&str]) -> Result<Vec<Option<Known>>, RegisterError> {
            ids.iter().map(|id| Ok(self.ids.get(*id).and_then(|index| self.inner.at(*index as u64).ok()?).map(Known::Filed))).collect()
        }
        fn under(&mut self, accounts: &[&Account]) -> Result<Vec<Vec<Filed>>, RegisterError> {
            Ok(vec![Vec::new(); accounts.len()])
        }
        fn at(&mut self, index: u64) -> Result<Option<Filed>, RegisterError> {
            self.inner.at(index)
        }
        fn contact(&mut self, account: &Account) -> Result<Option<Vec<u8>>, RegisterError> {
            self.inner.contact(account)
        }
        fn value(&mut self, name: &ValueName) -> Result<Option<Vec<u8>>, RegisterError> {
            self.inner.value(name)
        }
        fn append(&mut self, events: &[NewEvent], values: &[(ValueName, Vec<u8>)], now: Instant) -> Result<Vec<Entry>, RegisterError> {
            if self.inner.fails_after == Some(0) {
                return Err(RegisterError::Stopped);
            }
            self.inner.fails_after = self.inner.fails_after.map(|left| left - 1);
            let recorded_at = self.inner.time(now)?;
            for new in events {
                let bezwaar_ledger::event::Event::Choice(choice) = &new.event else { unreachable!() };
                assert!(self.ids.insert(choice.id.clone(), self.inner.entries.len()).is_none());
                self.inner.entries.push((recorded_at, choice.id.clone(), choice.person.clone(), Some(new.event.clone())));
            }
            self.inner.values.extend(values.iter().cloned());
            Ok(Vec::new())
        }
        fn forget(&mut self, _: &Account, _: &[u64], _: TombstoneReason, _: Instant) -> Result<(), RegisterError> {
            Ok(())
        }
        fn erase_contact(&mut self, _: &Account, _: TombstoneReason, _: Instant) -> Result<(), RegisterError> {
            Ok(())
        }
        fn random(&mut self) -> Result<[u8; 32], RegisterError> {
            Ok([1; 32])
        }
    }
}
