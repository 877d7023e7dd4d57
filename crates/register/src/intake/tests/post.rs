use super::super::post::{
    Addressee, LANGUAGE_BYTES_MAX, LanguageCode, MessageKind, NewMessage, Outgoing, POST_DETAIL_BYTES_MAX, POST_MAX, POST_TAKEN_MAX,
    POST_TAKEN_MICROS,
};
use super::super::{
    Contact, Filing, Intake, IntakeError, OBJECTED_MAX, Office, Refusal, Role, SUBMISSION_MESSAGES_MAX, Sender, Submission,
};
use super::memory::MemoryBooks;
use super::{account, at, object, own};

const NOW: &str = "2026-02-01";

fn message(kind: MessageKind, act: &str, role: Role) -> NewMessage {
    let to = Addressee::Act { act: act.to_owned(), role };
    NewMessage { kind, to, language: LanguageCode::parse("nl").unwrap(), detail: String::new() }
}

/// Somebody objected for another, left an address, and both are written to.
fn for_another(id: &str, person: &str, filer: &str) -> Submission {
    let contact = Contact::new([("mail".to_owned(), format!("{filer}@post.example"))]);
    let filing = Filing { filer: Some(account(filer)), contact, ..Filing::own(object(id, person, "2026-01-10"), Sender::Unconfirmed) };
    Submission {
        messages: vec![message(MessageKind::Received, id, Role::Filer), message(MessageKind::FiledForYou, id, Role::Account)],
        ..Submission::of(vec![filing])
    }
}

fn take(books: &mut MemoryBooks, now: bezwaar_core::time::Instant) -> Vec<Outgoing> {
    Intake::new(books).take_post(POST_TAKEN_MAX, now).unwrap()
}

#[test]
fn a_message_is_put_there_with_what_it_is_about_and_finds_its_address_when_it_is_sent() {
    let mut books = MemoryBooks { fails_after: Some(1), ..MemoryBooks::default() };
    let accepted = Intake::new(&mut books).file_each(&[for_another("o", "f:1", "f:2")], at(NOW)).unwrap().remove(0).unwrap();
    books.fails_after = None;
    assert_eq!(accepted.messages, [Some(1), Some(2)]);
    // The same again, after a lost answer, is not told twice.
    let again = Intake::new(&mut books).file_each(&[for_another("o", "f:1", "f:2")], at(NOW)).unwrap().remove(0).unwrap();
    assert_eq!(again.messages, []);
    let outgoing = take(&mut books, at(NOW));
    let told: Vec<_> = outgoing.iter().map(|one| (one.message.message.kind, one.account.clone(), one.contact.is_some())).collect();
    assert_eq!(told, [(MessageKind::Received, account("f:2"), true), (MessageKind::FiledForYou, account("f:1"), false)]);
    // Nothing of an address, nor of a name, stands in the post itself.
    let values = format!("{:?}", books.values.iter().filter(|(name, _)| format!("{name:?}").contains("Post")).collect::<Vec<_>>());
    assert!(!String::from_utf8_lossy(values.as_bytes()).contains("post.example"));
    // Taken, it is nobody else's for a while; not told of, it is due again.
    assert!(take(&mut books, at(NOW)).is_empty());
    let again = take(&mut books, at(NOW).plus_micros(POST_TAKEN_MICROS));
    assert_eq!(again.iter().map(|one| one.message.attempts).collect::<Vec<_>>(), [2, 2]);
    // Sent: gone, also after a restart. Failed: when it was said, or never again.
    let mut intake = Intake::new(&mut books);
    intake.post_sent(&[1, 77], at(NOW)).unwrap();
    intake.post_failed(2, Some(at("2026-03-01")), at(NOW)).unwrap();
    assert!(take(&mut books, at("2026-02-28")).is_empty());
    assert_eq!(take(&mut books, at("2026-03-01")).len(), 1);
    Intake::new(&mut books).post_failed(2, None, at("2026-03-01")).unwrap();
    assert!(take(&mut books, at("2027-01-01")).is_empty());
    let mut intake = Intake::new(&mut books);
    let counts = intake.post_counts().unwrap();
    assert_eq!((counts.waiting, counts.given_up, counts.oldest_due_at), (0, 1, None));
    assert_eq!(intake.post_given_up(0, 10).unwrap()[0].number, 2);
}

#[test]
fn whoever_is_forgotten_is_written_to_no_more() {
    let mut books = MemoryBooks::default();
    Intake::new(&mut books).file_each(&[for_another("o", "f:1", "f:2"), for_another("p", "f:3", "f:1")], at(NOW)).unwrap();
    let mut intake = Intake::new(&mut books);
    let sign_in = NewMessage { to: Addressee::Account(account("f:1")), ..message(MessageKind::SignIn, "", Role::Account) };
    intake.post(sign_in, at(NOW)).unwrap();
    assert_eq!(intake.post_counts().unwrap().waiting, 5);
    let token = intake.ask_to_forget(&account("f:1"), at(NOW)).unwrap().token;
    intake.forget(&token, &account("f:1"), at(NOW)).unwrap();
    let left: Vec<_> = take(&mut books, at(NOW)).into_iter().map(|one| (one.account, one.message.message.kind)).collect();
    assert_eq!(left, [(account("f:2"), MessageKind::Received), (account("f:3"), MessageKind::FiledForYou)]);
    let stored = format!("{:?}", books.values.values().map(|value| String::from_utf8_lossy(value)).collect::<Vec<_>>());
    assert!(!stored.contains("f:id:1") && !stored.contains("\"f:1\""), "{stored}");
}

#[test]
fn a_message_to_nobody_and_one_with_a_text_are_refused() {
    let mut books = MemoryBooks::default();
    let mut intake = Intake::new(&mut books);
    let refusal = |result: Result<u64, IntakeError>| match result {
        Err(IntakeError::Refused(refusal)) => refusal,
        other => panic!("{other:?}"),
    };
    assert_eq!(refusal(intake.post(message(MessageKind::Answer, "nothing", Role::Account), at(NOW))), Refusal::NoSuchAct);
    intake.file(&own(object("o", "f:1", "2026-01-10")), at(NOW)).unwrap();
    let detailed = |bytes: usize| NewMessage { detail: "x".repeat(bytes), ..message(MessageKind::Answer, "o", Role::Account) };
    intake.post(detailed(POST_DETAIL_BYTES_MAX), at(NOW)).unwrap();
    assert_eq!(refusal(intake.post(detailed(POST_DETAIL_BYTES_MAX + 1), at(NOW))), Refusal::LongDetail);
    assert!(LanguageCode::parse(&"n".repeat(LANGUAGE_BYTES_MAX)).is_some());
    for wrong in ["", "NL", "n l", &"n".repeat(LANGUAGE_BYTES_MAX + 1)] {
        assert_eq!(LanguageCode::parse(wrong), None);
    }
    for kind in MessageKind::ALL {
        assert_eq!(MessageKind::lookup(kind.as_str()), Some(kind));
    }
}

#[test]
fn no_more_are_taken_at_once_than_the_limit_and_pages_that_are_empty_are_passed() {
    let mut books = MemoryBooks::default();
    let submissions: Vec<Submission> =
        (0..POST_TAKEN_MAX).map(|number| for_another(&format!("o-{number}"), "f:1", &format!("f:{}", number + 2))).collect();
    Intake::new(&mut books).file_each(&submissions, at(NOW)).unwrap();
    let first = Intake::new(&mut books).take_post(POST_TAKEN_MAX + 1, at(NOW)).unwrap();
    assert_eq!(first.len(), POST_TAKEN_MAX);
    let numbers: Vec<u64> = first.iter().map(|one| one.message.number).collect();
    Intake::new(&mut books).post_sent(&numbers, at(NOW)).unwrap();
    let head = books.values.iter().find(|(name, _)| format!("{name:?}") == "Shelf(Post)").map(|(_, value)| value.clone()).unwrap();
    assert_eq!(String::from_utf8(head).unwrap(), format!(r#"{{"first":{},"next":{}}}"#, POST_TAKEN_MAX / 32, 2 * POST_TAKEN_MAX));
    assert_eq!(take(&mut books, at(NOW)).len(), POST_TAKEN_MAX);
}

#[test]
fn when_the_post_is_full_an_objection_is_filed_all_the_same_and_a_void_is_not() {
    let mut books = MemoryBooks::default();
    let mut intake = Intake::new(&mut books);
    intake.office.post(intake.books).unwrap().pretend(POST_MAX - 1);
    // One goes in, the next does not, and that is said.
    let accepted = intake.file_each(&[for_another("o", "f:1", "f:2")], at(NOW)).unwrap().remove(0).unwrap();
    assert_eq!(accepted.messages, [Some(1), None]);
    let filed = intake.file_each(&[for_another("p", "f:3", "f:2")], at(NOW)).unwrap().remove(0).unwrap();
    assert_eq!((filed.acts.len(), filed.messages), (1, vec![None, None]));
    for refused in [
        intake.post(message(MessageKind::Answer, "o", Role::Account), at(NOW)).map(drop),
        intake.void("o", super::memory::REASON, ["a", "b"], at(NOW)).map(drop),
    ] {
        assert!(matches!(refused, Err(IntakeError::Refused(Refusal::OutboxFull))));
    }
    intake.office.post(intake.books).unwrap().pretend(POST_MAX - 2);
    intake.void("o", super::memory::REASON, ["a", "b"], at(NOW)).unwrap();
}

#[test]
fn a_submission_has_a_most_of_messages_and_may_be_nothing_else() {
    let mut books = MemoryBooks::default();
    let sign_in = NewMessage { to: Addressee::Account(account("f:1")), ..message(MessageKind::SignIn, "", Role::Account) };
    let many = |count: usize| Submission { messages: vec![sign_in.clone(); count], ..Submission::default() };
    let outcomes = Intake::new(&mut books).file_each(&[many(SUBMISSION_MESSAGES_MAX), many(SUBMISSION_MESSAGES_MAX + 1)], at(NOW)).unwrap();
    assert_eq!(outcomes[0].as_ref().unwrap().messages.len(), SUBMISSION_MESSAGES_MAX);
    assert_eq!(outcomes[1], Err(Refusal::TooManyActs));
}

#[test]
fn so_many_who_objected_are_remembered_and_no_more() {
    let mut office = Office::default();
    let people = |from: usize, count: usize| (from..from + count).map(|number| account(&format!("f:{}", number + 1)));
    office.remember_objected(people(0, OBJECTED_MAX));
    assert_eq!(office.objected.len(), OBJECTED_MAX);
    office.remember_objected(people(OBJECTED_MAX, 1));
    assert_eq!(office.objected.len(), 1);
}
