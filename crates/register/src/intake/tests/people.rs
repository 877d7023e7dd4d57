use bezwaar_core::choice::{Act, Choice};

use bezwaar_ledger::event::Event;

use super::super::books::Books as _;
use super::super::cases::{CaseNumber, CaseState, Change};
use super::super::contact::CONTACT_FILINGS_MAX;
use super::super::looks::StaffId;
use super::super::post::POST_DETAIL_BYTES_MAX;
use super::super::{Contact, Drawer, FORGET_TOKEN_MICROS, Filing, Intake, IntakeError, OUTBOX_MAX, Refusal, Role, Sender, State};
use super::cases::with_case;
use super::memory::{MemoryBooks, REASON};
use super::{account, at, file, link, object, own, withheld};

const NOW: &str = "2026-02-01";

fn unconfirmed(choice: Choice) -> Filing {
    Filing::own(choice, Sender::Unconfirmed)
}

fn refusal<T: std::fmt::Debug>(result: Result<T, IntakeError>) -> Refusal {
    match result {
        Err(IntakeError::Refused(refusal)) => refusal,
        other => panic!("{other:?}"),
    }
}

/// Everybody was told.
fn all_told(books: &mut MemoryBooks) {
    Intake::new(books).outbox_sent(OUTBOX_MAX, at(NOW)).unwrap();
}

#[test]
fn a_provisional_objection_counts_and_ends_only_by_its_holder_or_by_a_void_in_time() {
    let mut books = MemoryBooks::default();
    let filing = Filing { filer: Some(account("f:2")), ..unconfirmed(object("o", "f:1", "2026-01-10")) };
    assert!(file(&mut books, &filing, NOW).provisional);
    assert!(withheld(&books, "f:1", NOW) && withheld(&books, "f:2", NOW));
    // Nobody takes it back unconfirmed.
    let withdraw = Choice { act: Act::Withdraw { of: "o".into() }, channel: None, ..object("w", "f:1", "2026-02-01") };
    assert!(matches!(refusal(Intake::new(&mut books).file(&unconfirmed(withdraw.clone()), at(NOW))), Refusal::NeedsConfirmation { .. }));
    let mut by_holder = books.clone();
    file(&mut by_holder, &own(withdraw), NOW);
    assert!(!withheld(&by_holder, "f:1", "2026-02-02") && withheld(&by_holder, "f:2", "2026-02-02"));
    // A void: two people, fourteen days.
    for approvers in [["a", "a"], ["a", " A "], ["a", ""]] {
        assert_eq!(refusal(Intake::new(&mut books).void("o", REASON, approvers, at(NOW))), Refusal::Approvers);
    }
    let voided = Intake::new(&mut books).void("o", REASON, ["a", "b"], at(NOW)).unwrap();
    assert_eq!((voided.acts, voided.notices, voided.effective_at), (vec!["o".to_owned()], 2, None));
    assert_eq!(refusal(Intake::new(&mut books).void("o", REASON, ["a", "b"], at(NOW))), Refusal::AlreadyVoid);
    let entered = |books: &mut MemoryBooks| books.by_ids(&["o+void"]).unwrap()[0].is_some();
    // Nobody was told, and then one of two: however long that takes, it counts.
    assert!(!entered(&mut books) && withheld(&books, "f:1", "2036-01-01"));
    let mut one_told = books.clone();
    Intake::new(&mut one_told).outbox_sent(1, at(NOW)).unwrap();
    assert!(!entered(&mut one_told) && withheld(&one_told, "f:1", "2036-01-01"));
    // The other a week later, by post: from then on it is fourteen days.
    let mut late = one_told.clone();
    let number = Intake::new(&mut late).take_post(9, at("2026-02-08")).unwrap()[0].message.number;
    Intake::new(&mut late).post_failed(number, None, at("2026-02-08")).unwrap();
    assert!(!entered(&mut late));
    Intake::new(&mut late).post_sent(&[number, 99], at("2026-02-08")).unwrap();
    assert!(withheld(&late, "f:1", "2026-02-21") && !withheld(&late, "f:1", "2026-02-22"));
    // Confirmed while somebody was still to be told, it is never void.
    let mut in_time = one_told.clone();
    assert_eq!(confirmed(&mut in_time, "o", "f:1", "2026-02-02").0, ["o"]);
    Intake::new(&mut in_time).outbox_sent(0, at("2026-02-03")).unwrap();
    assert!(!entered(&mut in_time) && withheld(&in_time, "f:1", "2036-01-01"));
    let outbox = Intake::new(&mut books).outbox().unwrap();
    let to: Vec<_> = outbox.iter().map(|notice| (notice.to.clone(), notice.role)).collect();
    assert_eq!(to, [(account("f:1"), Role::Account), (account("f:2"), Role::Filer)]);
    Intake::new(&mut books).outbox_sent(1, at(NOW)).unwrap();
    assert_eq!(Intake::new(&mut books).outbox().unwrap(), outbox[1..]);
    Intake::new(&mut books).outbox_sent(1, at(NOW)).unwrap();
    assert!(withheld(&books, "f:1", "2026-02-14"), "not before");
    assert!(!withheld(&books, "f:1", "2026-02-15"), "then");
    assert!(withheld(&books, "f:2", "2026-02-15"), "the filer's own no stands");
    assert_eq!(refusal(Intake::new(&mut books).void("o", REASON, ["a", "b"], at(NOW))), Refusal::AlreadyVoid);
    // The holder confirms, before or after: it stands.
    for day in ["2026-02-10", "2026-03-01"] {
        let mut books = books.clone();
        assert_eq!(refusal(Intake::new(&mut books).confirm("o", &account("f:2"), at(day))), Refusal::OtherHolder);
        assert_eq!(confirmed(&mut books, "o", "f:1", day), (vec!["o".to_owned()], vec![]));
        assert_eq!(confirmed(&mut books, "o", "f:1", day), (vec![], vec![]));
        // Nobody is told any more that it will stop.
        assert_eq!(Intake::new(&mut books).outbox().unwrap(), []);
        assert!(withheld(&books, "f:1", "2026-04-01"));
        assert_eq!(
            refusal(Intake::new(&mut books).void("o+0", REASON, ["a", "b"], at(day)).map(drop).and(Intake::new(&mut books).void(
                "o",
                REASON,
                ["a", "b"],
                at(day)
            ))),
            Refusal::NotProvisional
        );
    }
}

fn confirmed(books: &mut MemoryBooks, id: &str, holder: &str, day: &str) -> (Vec<String>, Vec<String>) {
    let confirmed = Intake::new(books).confirm(id, &account(holder), at(day)).unwrap();
    (confirmed.acts, confirmed.left)
}

fn alias(account_text: &str, handle: &str, from: &str, until: Option<&str>) -> (usize, super::super::Alias) {
    (1, super::super::Alias { account: account(account_text), handle: account(handle), from: at(from), until: until.map(at) })
}

#[test]
fn confirming_an_act_confirms_its_copies_for_names_that_are_the_holders_alone() {
    let mut books = MemoryBooks::default();
    // One handle is theirs alone; the other was somebody else's before.
    let aliases = [
        alias("f:1", "f:noor", "2020-01-01", None),
        alias("f:9", "f:shared", "2018-01-01", Some("2020-01-01")),
        alias("f:1", "f:shared", "2020-01-01", None),
    ];
    Intake::new(&mut books).learn(&aliases, at(NOW)).unwrap();
    file(&mut books, &unconfirmed(object("o", "f:1", "2026-01-10")), NOW);
    let copies = Intake::new(&mut books).copies("o").unwrap();
    let id_for = |name: &str| copies.iter().find(|copy| copy.person == Some(account(name))).unwrap().id.clone();
    let (sure, unsure) = (id_for("f:noor"), id_for("f:shared"));
    assert_eq!(confirmed(&mut books, "o", "f:1", NOW), (vec!["o".to_owned(), sure], vec![unsure.clone()]));
    // Said again, it says nothing new; what is left still counts, and can still be void.
    assert_eq!(confirmed(&mut books, "o", "f:1", NOW), (vec![], vec![unsure.clone()]));
    assert_eq!(refusal(Intake::new(&mut books).void("o", REASON, ["a", "b"], at(NOW))), Refusal::NotProvisional);
    assert!(withheld(&books, "f:shared", NOW));
    let provisional: Vec<String> =
        books.choices(at("2026-02-02")).into_iter().filter(|choice| choice.provisional).map(|choice| choice.id).collect();
    assert_eq!(provisional, [unsure]);
    // A copy for a name learnt later is of a confirmed act.
    Intake::new(&mut books).learn(&[alias("f:1", "f:later", "2020-01-01", None)], at(NOW)).unwrap();
    assert!(!Intake::new(&mut books).copies("o").unwrap().last().unwrap().provisional);
}

#[test]
fn an_act_under_a_handle_confirms_for_the_one_account_it_was_of_and_not_for_several() {
    for (second, sure) in [(None, true), (Some("f:2"), false)] {
        let mut books = MemoryBooks::default();
        let first = alias("f:1", "mail:a@b.example", "2020-01-01", None);
        let second = second.map(|account| alias(account, "mail:a@b.example", "2020-01-01", None));
        Intake::new(&mut books).learn(&[first].into_iter().chain(second).collect::<Vec<_>>(), at(NOW)).unwrap();
        file(&mut books, &unconfirmed(object("o", "mail:a@b.example", "2026-01-10")), NOW);
        let (acts, left) = confirmed(&mut books, "o", "mail:a@b.example", NOW);
        assert_eq!((acts.len(), left.len()), if sure { (2, 0) } else { (1, 2) });
    }
    // What was declared void, wrongly as it shows, counts again for every name: nobody's no is lost for a doubt about a name.
    let mut books = MemoryBooks::default();
    let aliases = [alias("f:1", "mail:a@b.example", "2020-01-01", None), alias("f:2", "mail:a@b.example", "2020-01-01", None)];
    Intake::new(&mut books).learn(&aliases, at(NOW)).unwrap();
    file(&mut books, &unconfirmed(object("o", "mail:a@b.example", "2026-01-10")), NOW);
    Intake::new(&mut books).void("o", REASON, ["a", "b"], at(NOW)).unwrap();
    all_told(&mut books);
    assert!(!withheld(&books, "f:1", "2026-03-01"));
    assert_eq!(confirmed(&mut books, "o", "mail:a@b.example", "2026-03-01").0.len(), 3);
    assert!(withheld(&books, "f:1", "2026-03-02") && withheld(&books, "f:2", "2026-03-02"));
}

#[test]
fn only_a_provisional_objection_can_be_void() {
    let mut books = MemoryBooks::default();
    file(&mut books, &own(object("o", "f:1", "2026-01-10")), NOW);
    file(&mut books, &unconfirmed(Choice { act: Act::Signal { signal: "gpc".into() }, ..object("s", "f:1", "2026-01-10") }), NOW);
    let mut void = |id: &str| refusal(Intake::new(&mut books).void(id, REASON, ["a", "b"], at(NOW)));
    assert_eq!([void("o"), void("s"), void("z")], [Refusal::NotProvisional, Refusal::NotAnObjection, Refusal::NoSuchAct]);
    assert_eq!(refusal(Intake::new(&mut books).confirm("o", &account("f:1"), at(NOW))), Refusal::NotProvisional);
}

#[test]
fn a_void_takes_the_copies_with_it() {
    let mut books = MemoryBooks::default();
    let alias = super::super::Alias { account: account("f:1"), handle: account("f:noor"), from: at("2020-01-01"), until: None };
    Intake::new(&mut books).learn(&[(1, alias)], at(NOW)).unwrap();
    file(&mut books, &unconfirmed(object("o", "f:noor", "2026-01-10")), NOW);
    assert!(withheld(&books, "f:1", NOW));
    let voided = Intake::new(&mut books).void("o", REASON, ["a", "b"], at(NOW)).unwrap();
    assert_eq!(voided.acts, ["o", "o+1"]);
    all_told(&mut books);
    assert!(!withheld(&books, "f:1", "2026-03-01") && !withheld(&books, "f:noor", "2026-03-01"));
}

#[test]
fn notices_wait_in_the_post_however_many_and_the_outbox_shows_the_oldest() {
    let mut books = MemoryBooks::default();
    for number in 0..OUTBOX_MAX + 10 {
        let id = format!("p-{number}");
        file(&mut books, &unconfirmed(object(&id, &format!("g:{}", number + 1), "2026-01-10")), NOW);
        Intake::new(&mut books).void(&id, REASON, ["a", "b"], at(NOW)).unwrap();
    }
    let mut intake = Intake::new(&mut books);
    let shown = intake.outbox().unwrap();
    assert_eq!(intake.outbox_count().unwrap(), OUTBOX_MAX + 10);
    assert_eq!((shown.len(), shown[0].act.as_str(), shown[0].to.clone()), (OUTBOX_MAX, "p-0", account("g:1")));
    assert_eq!((shown[0].reason, shown[0].effective_at), (REASON, None));
    intake.outbox_sent(OUTBOX_MAX - 1, at(NOW)).unwrap();
    let left: Vec<String> = intake.outbox().unwrap().into_iter().map(|notice| notice.act).collect();
    assert_eq!((left.len(), left[0].clone()), (11, format!("p-{}", OUTBOX_MAX - 1)));
    // Whoever is forgotten is written to no more.
    let token = intake.ask_to_forget(&account(&format!("g:{OUTBOX_MAX}")), at(NOW)).unwrap().token;
    intake.forget(&token, &account(&format!("g:{OUTBOX_MAX}")), at(NOW)).unwrap();
    assert_eq!(intake.outbox().unwrap().len(), 10);
    intake.outbox_sent(100, at(NOW)).unwrap();
    assert!(intake.outbox().unwrap().is_empty());
    let entered = books.entries.iter().filter(|(.., event)| matches!(event, Some(Event::Void(_)))).count();
    assert_eq!(entered, OUTBOX_MAX + 9, "whoever was told, and not who was forgotten before that");
}

#[test]
fn a_void_nobody_is_told_of_any_more_is_declared_again() {
    let mut books = MemoryBooks::default();
    let filing = Filing { filer: Some(account("f:2")), ..unconfirmed(object("o", "f:1", "2026-01-10")) };
    Intake::new(&mut books).file_each(&[with_case(vec![filing], "2026-02-28")], at(NOW)).unwrap();
    let state = |books: &mut MemoryBooks| Intake::new(books).case(CaseNumber(1)).unwrap().unwrap().state();
    let forget = |books: &mut MemoryBooks, who: &str| {
        let token = Intake::new(books).ask_to_forget(&account(who), at(NOW)).unwrap().token;
        Intake::new(books).forget(&token, &account(who), at(NOW)).unwrap();
    };
    Intake::new(&mut books).void("o", REASON, ["a", "b"], at(NOW)).unwrap();
    assert_eq!(state(&mut books), CaseState::Voiding);
    Intake::new(&mut books).outbox_sent(1, at(NOW)).unwrap();
    // The filer, who was to be told, is gone: nothing says that everybody was told, so nothing is void.
    forget(&mut books, "f:2");
    assert!(withheld(&books, "f:1", "2036-01-01"));
    assert_eq!(state(&mut books), CaseState::Open);
    let again = Intake::new(&mut books).void("o", REASON, ["a", "b"], at("2026-02-05")).unwrap();
    assert_eq!(again.notices, 1);
    Intake::new(&mut books).outbox_sent(1, at("2026-02-06")).unwrap();
    assert_eq!(state(&mut books), CaseState::Void(at("2026-02-20")));
    assert!(withheld(&books, "f:1", "2026-02-19") && !withheld(&books, "f:1", "2026-02-20"));
    // The account that is gone has nothing left that could be void.
    let filing = Filing { filer: Some(account("f:4")), ..unconfirmed(object("p", "f:3", "2026-01-10")) };
    file(&mut books, &filing, NOW);
    Intake::new(&mut books).void("p", REASON, ["a", "b"], at(NOW)).unwrap();
    forget(&mut books, "f:3");
    Intake::new(&mut books).outbox_sent(9, at(NOW)).unwrap();
    assert!(books.by_ids(&["p+void"]).unwrap()[0].is_none());
}

#[test]
fn who_told_by_letter_stands_in_the_case_and_only_what_was_given_up_is_told_so() {
    let mut books = MemoryBooks::default();
    Intake::new(&mut books).file_each(&[with_case(vec![unconfirmed(object("o", "f:1", "2026-01-10"))], "2026-02-28")], at(NOW)).unwrap();
    Intake::new(&mut books).void("o", REASON, ["a", "b"], at(NOW)).unwrap();
    let by = StaffId::parse("anna").unwrap();
    let case = |books: &mut MemoryBooks| Intake::new(books).case(CaseNumber(1)).unwrap().unwrap();
    // It waits to be mailed: that it was told otherwise nobody can say.
    Intake::new(&mut books).post_told(&[1], &by, at(NOW)).unwrap();
    assert_eq!((case(&mut books).state(), case(&mut books).changes.len()), (CaseState::Voiding, 2));
    Intake::new(&mut books).post_failed(1, None, at(NOW)).unwrap();
    Intake::new(&mut books).post_told(&[1, 1, 7], &by, at("2026-02-03")).unwrap();
    let told = case(&mut books);
    assert_eq!(told.state(), CaseState::Void(at("2026-02-17")));
    let last = told.changes.last().unwrap();
    assert_eq!((last.change, &last.by, last.at, told.changes.len()), (Change::ToldByLetter, &by, at("2026-02-03"), 3));
    Intake::new(&mut books).post_told(&[1], &by, at(NOW)).unwrap();
    assert_eq!(case(&mut books).changes.len(), 3);
}

#[test]
fn the_entry_of_a_void_is_written_with_its_last_notice_or_not_at_all() {
    let mut books = MemoryBooks::default();
    file(&mut books, &unconfirmed(object("o", "f:1", "2026-01-10")), NOW);
    Intake::new(&mut books).void("o", REASON, ["a", "b"], at(NOW)).unwrap();
    let before = books.clone();
    books.fails_after = Some(0);
    assert!(Intake::new(&mut books).post_sent(&[1], at(NOW)).is_err());
    books.fails_after = None;
    assert_eq!((&books.entries, &books.values), (&before.entries, &before.values));
    Intake::new(&mut books).post_sent(&[1], at(NOW)).unwrap();
    // Said again, it is entered once.
    Intake::new(&mut books).post_sent(&[1], at(NOW)).unwrap();
    assert_eq!(books.entries.iter().filter(|(.., event)| matches!(event, Some(Event::Void(_)))).count(), 1);
}

#[test]
fn two_names_fit_into_a_notice_or_are_refused() {
    let mut books = MemoryBooks::default();
    file(&mut books, &unconfirmed(object("o", "f:1", "2026-01-10")), NOW);
    let fits = POST_DETAIL_BYTES_MAX - format!("[\"{}\",\"\",\"b\"]", REASON.as_str()).len();
    let mut void = |length: usize| Intake::new(&mut books).void("o", REASON, [&"a".repeat(length), "b"], at(NOW));
    assert_eq!(refusal(void(fits + 1)), Refusal::LongDetail);
    assert!(void(fits).is_ok());
    Intake::new(&mut books).outbox_sent(1, at(NOW)).unwrap();
    assert!(!withheld(&books, "f:1", "2026-02-15"));
}

#[test]
fn forgetting_takes_two_steps_and_leaves_linked_accounts_covered() {
    let mut books = MemoryBooks::default();
    file(&mut books, &own(object("o", "f:1", "2026-01-10")), NOW);
    for (id, from, to) in [("l", "f:1", "f:2"), ("m", "f:3", "f:1")] {
        file(&mut books, &own(link(id, from, to, "2026-01-11")), NOW);
    }
    file(&mut books, &own(object("p", "f:3", "2026-01-12")), NOW);
    let everyone = |books: &MemoryBooks| ["f:1", "f:2", "f:3"].map(|name| withheld(books, name, "2026-02-02"));
    assert_eq!(everyone(&books), [true; 3]);
    let request = Intake::new(&mut books).ask_to_forget(&account("f:1"), at(NOW)).unwrap();
    assert_eq!((request.acts, request.closing, request.others), (2, 1, 2));
    assert!(!format!("{request:?}").contains(&request.token));
    assert_eq!(everyone(&books), [true; 3], "asked is not confirmed");
    let mut late = books.clone();
    let past = at(NOW).plus_micros(FORGET_TOKEN_MICROS + 1);
    assert_eq!(refusal(Intake::new(&mut late).forget(&request.token, &account("f:1"), past)), Refusal::UnknownToken);
    assert_eq!(refusal(Intake::new(&mut books).forget(&request.token, &account("f:2"), at(NOW))), Refusal::UnknownToken);
    assert_eq!(refusal(Intake::new(&mut books).forget("no", &account("f:1"), at(NOW))), Refusal::UnknownToken);
    let forgotten = Intake::new(&mut books).forget(&request.token, &account("f:1"), at(NOW)).unwrap();
    // o for f:2 and f:3, and p of f:3 for f:2, which it reached only over f:1.
    assert_eq!((forgotten.acts, forgotten.copies), (2, 3));
    assert_eq!(everyone(&books), [false, true, true]);
    let named =
        books.choices(at(NOW)).iter().any(|choice| format!("{:?}", choice.act).contains("f:1") || choice.person == Some(account("f:1")));
    assert!(!named, "nothing names the account any more");
    assert_eq!(refusal(Intake::new(&mut books).forget(&request.token, &account("f:1"), at(NOW))), Refusal::UnknownToken);
    // An old file brings nothing back; a new objection is a new act.
    assert_eq!(file(&mut books, &own(object("o", "f:1", "2026-01-10")), NOW).state, State::Erased);
    assert_eq!(everyone(&books), [false, true, true]);
    file(&mut books, &own(object("q", "f:1", "2026-02-01")), NOW);
    assert_eq!(everyone(&books), [true; 3]);
}

#[test]
fn a_crash_while_forgetting_is_finished_with_the_same_token() {
    for crash in 0..2 {
        let mut books = MemoryBooks::default();
        file(&mut books, &own(object("o", "f:1", "2026-01-10")), NOW);
        file(&mut books, &own(link("l", "f:1", "f:2", "2026-01-11")), NOW);
        let token = Intake::new(&mut books).ask_to_forget(&account("f:1"), at(NOW)).unwrap().token;
        books.fails_after = Some(crash);
        assert!(Intake::new(&mut books).forget(&token, &account("f:1"), at(NOW)).is_err());
        books.fails_after = None;
        Intake::new(&mut books).forget(&token, &account("f:1"), at(NOW)).unwrap();
        assert!(!withheld(&books, "f:1", "2026-02-02") && withheld(&books, "f:2", "2026-02-02"));
        assert_eq!(books.choices(at(NOW)).len(), 1, "covered once");
    }
}

#[test]
fn erasing_the_contact_leaves_the_objection() {
    let mut books = MemoryBooks::default();
    let contact = |text: &str| Contact::new([("name".to_owned(), text.to_owned())]);
    for (id, name) in [("o", "Noor"), ("p", "N. van Dam")] {
        file(&mut books, &Filing { contact: contact(name), ..own(object(id, "f:1", "2026-01-10")) }, NOW);
    }
    let drawer = Drawer::from_bytes(&books.contacts[&account("f:1")]);
    assert_eq!(drawer.contacts(), [("o".to_owned(), contact("Noor")), ("p".to_owned(), contact("N. van Dam"))]);
    assert!(!format!("{drawer:?}").contains("Noor"));
    Intake::new(&mut books).erase_contact(&account("f:1"), at(NOW)).unwrap();
    assert!(books.contacts.is_empty() && withheld(&books, "f:1", NOW));
}

#[test]
fn of_one_account_so_many_contacts_are_kept_and_the_oldest_goes_first() {
    let mut books = MemoryBooks::default();
    let contact = Contact::new([("name".to_owned(), "Noor".to_owned())]);
    let kept = |books: &MemoryBooks| -> Vec<String> {
        Drawer::from_bytes(&books.contacts[&account("f:1")]).contacts().iter().map(|(act, _)| act.clone()).collect()
    };
    for number in 0..=CONTACT_FILINGS_MAX {
        let filing = Filing { contact: contact.clone(), ..own(object(&format!("o-{number}"), "f:1", "2026-01-10")) };
        file(&mut books, &filing, NOW);
        if number + 1 == CONTACT_FILINGS_MAX {
            assert_eq!((kept(&books).len(), kept(&books)[0].as_str()), (CONTACT_FILINGS_MAX, "o-0"));
        }
    }
    assert_eq!((kept(&books).len(), kept(&books)[0].as_str()), (CONTACT_FILINGS_MAX, "o-1"));
}
