use super::super::looks::{LOOKS_PAGE_MAX, LookAt, LookList, LookReason, Looked, STAFF_BYTES_MAX, StaffId};
use super::super::{Intake, ShelfName, ValueName};
use super::memory::MemoryBooks;
use super::{account, at, file, object, own};
use crate::intake::cases::CaseNumber;

const NOW: &str = "2026-02-01";

fn staff(name: &str) -> StaffId {
    StaffId::parse(name).unwrap()
}

fn looked(count: u64) -> MemoryBooks {
    let mut books = MemoryBooks::default();
    for number in 1..=count {
        let look = LookAt::Case(CaseNumber(number));
        Intake::new(&mut books).look(&staff("anna"), &look, LookReason::HandlesCase, at(NOW)).unwrap();
    }
    books
}

#[test]
fn a_look_is_there_before_it_is_allowed_and_names_nobody() {
    let mut books = MemoryBooks::default();
    file(&mut books, &own(object("o", "f:1", "2026-01-10")), NOW);
    books.fails_after = Some(0);
    assert!(Intake::new(&mut books).look(&staff("anna"), &LookAt::Act("o".into()), LookReason::PersonAsked, at(NOW)).is_err());
    books.fails_after = None;
    let mut intake = Intake::new(&mut books);
    let name = intake.look_name(&account("f:1"));
    let looks = [
        (LookAt::Act("o".into()), Looked::Act(0)),
        (LookAt::Account(account("f:1")), Looked::Account(name)),
        (LookAt::Case(CaseNumber(7)), Looked::Case(CaseNumber(7))),
        (LookAt::List(LookList::Matches), Looked::List(LookList::Matches)),
    ];
    for (number, (at_what, looked)) in looks.into_iter().enumerate() {
        let look = intake.look(&staff("Anna"), &at_what, LookReason::PersonAsked, at(NOW)).unwrap();
        assert_eq!((look.number, look.looked, look.by.as_str()), (number as u64 + 1, looked, "anna"));
    }
    assert!(matches!(
        intake.look(&staff("anna"), &LookAt::Act("z".into()), LookReason::Audits, at(NOW)).unwrap().looked,
        Looked::UnknownAct(_)
    ));
    let checked = intake.check_looks().unwrap();
    assert_eq!((checked.count, checked.broken_at), (5, None));
    let page = intake.looks(None, 2).unwrap();
    assert_eq!(page.looks.iter().map(|look| look.number).collect::<Vec<_>>(), [5, 4]);
    let rest = intake.looks(page.next, 10).unwrap();
    assert_eq!((rest.looks.iter().map(|look| look.number).collect::<Vec<_>>(), rest.next), (vec![3, 2, 1], None));
    // Forgotten, who looked still stands there, and says nothing of whom.
    let token = intake.ask_to_forget(&account("f:1"), at(NOW)).unwrap().token;
    intake.forget(&token, &account("f:1"), at(NOW)).unwrap();
    assert_eq!(intake.check_looks().unwrap().head, checked.head);
    let stored = format!("{:?}", books.values.values().map(|value| String::from_utf8_lossy(value)).collect::<Vec<_>>());
    assert!(!stored.contains("f:id:1"), "{stored}");
}

/// Changes the page of looks behind everybody's back.
fn tampered(books: &MemoryBooks, change: impl Fn(&mut Vec<String>)) -> MemoryBooks {
    let mut books = books.clone();
    let page = books.values.get_mut(&ValueName::ShelfPage(ShelfName::Looks, 0)).unwrap();
    let mut lines: Vec<String> = String::from_utf8(page.clone()).unwrap().split('\n').map(str::to_owned).collect();
    change(&mut lines);
    *page = lines.join("\n").into_bytes();
    books
}

#[test]
fn a_look_that_is_missing_or_changed_shows() {
    let books = looked(10);
    let broken = |books: &MemoryBooks| Intake::new(&mut books.clone()).check_looks().unwrap().broken_at;
    assert_eq!(broken(&books), None);
    let gone = tampered(&books, |lines| lines[3].clear());
    assert_eq!(broken(&gone), Some(4));
    let moved = tampered(&books, |lines| drop(lines.remove(3)));
    assert_eq!(broken(&moved), Some(4));
    let changed = tampered(&books, |lines| lines[3] = lines[3].replace("anna", "bert"));
    assert_eq!(broken(&changed), Some(5));
    let first = tampered(&books, |lines| lines[0].clear());
    assert_eq!(broken(&first), Some(1));
    let last = tampered(&books, |lines| lines.truncate(9));
    assert_eq!(broken(&last), Some(10));
    let swapped = tampered(&books, |lines| lines.swap(2, 3));
    assert_eq!(broken(&swapped), Some(3));
    // Looks go on being recorded, and the gap goes on showing.
    for mut books in [gone, last] {
        let before = broken(&books);
        Intake::new(&mut books).look(&staff("anna"), &LookAt::List(LookList::Cases), LookReason::Audits, at(NOW)).unwrap();
        assert_eq!(broken(&books), before);
    }
}

#[test]
fn pages_and_names_of_staff_have_their_limits() {
    let mut books = looked(LOOKS_PAGE_MAX as u64 + 5);
    let page = Intake::new(&mut books).looks(None, LOOKS_PAGE_MAX + 1).unwrap();
    assert_eq!((page.looks.len(), page.next), (LOOKS_PAGE_MAX, Some(6)));
    assert!(StaffId::parse(&"a".repeat(STAFF_BYTES_MAX)).is_some());
    for wrong in ["", "a b", "é", &"a".repeat(STAFF_BYTES_MAX + 1)] {
        assert_eq!(StaffId::parse(wrong), None);
    }
    for reason in LookReason::ALL {
        assert_eq!(LookReason::lookup(reason.as_str()), Some(reason));
    }
}
