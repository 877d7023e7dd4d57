use bezwaar_core::time::{DAY_MICROS, Instant};

use super::super::tokens::{TOKEN_MICROS_MAX, TOKENS_MAX, TokenHash, TokenUse, Tokens};
use super::super::{Intake, IntakeError, Refusal, Sender, State, Submission};
use super::memory::MemoryBooks;
use super::{account, at, object, own};
use crate::intake::Filing;

const NOW: &str = "2026-02-01";

fn token(number: u32, days: i64) -> TokenUse {
    let mut hash = [0; 32];
    hash[..4].copy_from_slice(&number.to_be_bytes());
    TokenUse { hash: TokenHash(hash), expires_at: at(NOW).plus_micros(days * DAY_MICROS) }
}

fn with_token(id: &str, token: TokenUse) -> Submission {
    Submission { token: Some(token), ..Submission::of(vec![own(object(id, "f:1", "2026-01-10"))]) }
}

fn one(books: &mut MemoryBooks, submission: Submission) -> Result<State, Refusal> {
    let outcome = Intake::new(books).file_each(&[submission], at(NOW)).unwrap().remove(0);
    outcome.map(|accepted| accepted.acts.first().map_or(State::New, |act| act.receipt.state))
}

#[test]
fn a_token_is_used_once_with_what_was_done_with_it_also_after_a_restart() {
    let mut books = MemoryBooks::default();
    assert_eq!(one(&mut books, with_token("o", token(1, 1))), Ok(State::New));
    // A new intake has read everything anew.
    assert_eq!(one(&mut books, with_token("p", token(1, 1))), Err(Refusal::TokenUsed));
    assert!(!books.entries.iter().any(|(_, id, ..)| id == "p"));
    // The very same submission again is the same submission.
    assert_eq!(one(&mut books, with_token("o", token(1, 1))), Ok(State::There));
    // By itself, and twice in one batch.
    let alone = Submission { token: Some(token(2, 1)), ..Submission::default() };
    let outcomes = Intake::new(&mut books).file_each(&[alone.clone(), alone.clone()], at(NOW)).unwrap();
    assert!(outcomes[0].is_ok() && outcomes[1] == Err(Refusal::TokenUsed));
    assert_eq!(one(&mut books, alone), Err(Refusal::TokenUsed));
}

#[test]
fn what_is_refused_uses_nothing_up() {
    let mut books = MemoryBooks::default();
    assert_eq!(one(&mut books, with_token("o", token(1, 1))), Ok(State::New));
    let clash = Submission {
        token: Some(token(2, 1)),
        ..Submission::of(vec![own(object("o", "f:2", "2026-01-10")), own(object("n", "f:2", "2026-01-10"))])
    };
    assert_eq!(one(&mut books, clash), Err(Refusal::OtherContent));
    assert_eq!(one(&mut books, with_token("q", token(2, 1))), Ok(State::New));
    // The same for anything else that is done with one.
    let mut intake = Intake::new(&mut books);
    let refused = intake.use_once(token(3, 1), at(NOW), |intake| intake.confirm("nothing", &account("f:1"), at(NOW)).map(drop));
    assert!(matches!(refused, Err(IntakeError::Refused(Refusal::NoSuchAct))));
    intake.use_once(token(3, 1), at(NOW), |_| Ok(())).unwrap();
    let used = intake.use_once(token(3, 1), at(NOW), |_| Ok(()));
    assert!(matches!(used, Err(IntakeError::Refused(Refusal::TokenUsed))));
}

#[test]
fn a_token_and_what_is_confirmed_with_it_are_one_write() {
    for crash in 0..2 {
        let mut books = MemoryBooks::default();
        let filing = Filing::own(object("o", "f:1", "2026-01-10"), Sender::Unconfirmed);
        Intake::new(&mut books).file(&filing, at(NOW)).unwrap();
        books.fails_after = Some(crash);
        let work = |books: &mut MemoryBooks| {
            Intake::new(books).use_once(token(1, 1), at(NOW), |intake| intake.confirm("o", &account("f:1"), at(NOW)))
        };
        let first = work(&mut books);
        books.fails_after = None;
        assert_eq!(first.is_ok(), crash == 1, "one write, not two");
        let second = work(&mut books);
        match crash {
            0 => assert_eq!(second.unwrap().acts, ["o"]),
            _ => assert!(matches!(second, Err(IntakeError::Refused(Refusal::TokenUsed)))),
        }
    }
}

#[test]
fn expired_tokens_go_and_cannot_be_used() {
    let mut books = MemoryBooks::default();
    let use_at = |books: &mut MemoryBooks, token: TokenUse, now: Instant| match Intake::new(books).use_once(token, now, |_| Ok(())) {
        Ok(()) => None,
        Err(IntakeError::Refused(refusal)) => Some(refusal),
        Err(other) => panic!("{other:?}"),
    };
    for number in 0..200 {
        assert_eq!(use_at(&mut books, token(number, if number < 150 { 1 } else { 3 }), at(NOW)), None);
    }
    let later = at(NOW).plus_micros(2 * DAY_MICROS);
    assert_eq!(use_at(&mut books, token(7, 1), later), Some(Refusal::TokenExpired));
    assert_eq!(use_at(&mut books, token(1_000, 9), later), None);
    // Two whole pages of 64 are gone; what stands on a page with others that still hold waits for them.
    assert_eq!(Intake::new(&mut books).token_count().unwrap(), 201 - 128);
    assert_eq!(use_at(&mut books, token(160, 3), later), Some(Refusal::TokenUsed));
    // At the limit of its time, and past it.
    let at_limit = TokenUse { expires_at: later.plus_micros(TOKEN_MICROS_MAX), ..token(2_000, 0) };
    let past = TokenUse { expires_at: later.plus_micros(TOKEN_MICROS_MAX + 1), ..token(2_001, 0) };
    assert_eq!((use_at(&mut books, past, later), use_at(&mut books, at_limit, later)), (Some(Refusal::TokenTooLong), None));
    assert_eq!(use_at(&mut books, TokenUse { expires_at: later, ..token(2_002, 0) }, later), Some(Refusal::TokenExpired));
}

#[test]
fn so_many_used_tokens_are_remembered_and_no_more() {
    let mut tokens = Tokens::open(&mut MemoryBooks::default()).unwrap();
    for number in 0..u32::try_from(TOKENS_MAX).unwrap() - 1 {
        tokens.stage_for_test(token(number, 1));
    }
    assert_eq!(tokens.check(token(u32::MAX, 1), at(NOW)), Ok(()));
    tokens.stage_for_test(token(u32::MAX - 1, 1));
    assert_eq!(tokens.check(token(u32::MAX, 1), at(NOW)), Err(Refusal::TokensFull));
}
