//! The desk: many hand in, one writes; what it does when it is full, when it stops, when a job or the store fails.

mod failures;
mod killed;
mod life;
mod postgres;

use bezwaar_core::account::{Account, Services};
use bezwaar_core::choice::{Act, Channel, Choice};
use bezwaar_core::time::{Day, Instant};
use bezwaar_register::cases::{Marks, NewCase};
use bezwaar_register::intake::{Filing, Role, Sender, Submission};
use bezwaar_register::post::{Addressee, LanguageCode, MessageKind, NewMessage};
use bezwaar_register::tokens::{TokenHash, TokenUse};

fn account(text: &str) -> Account {
    Services::default().parse(text).unwrap()
}

fn object(id: &str, person: &str) -> Choice {
    Choice {
        id: id.to_owned(),
        person: Some(account(person)),
        act: Act::Object { uses: None, recipients: None, items: None },
        received_at: Instant::from_micros(0),
        recorded_at: None,
        by: None,
        channel: Some(Channel::Form),
        provisional: false,
    }
}

fn submission(id: &str, person: &str) -> Submission {
    Submission::of(vec![Filing::own(object(id, person), Sender::Unconfirmed)])
}

/// A submission as a portal sends it: with a case, messages, a token, and where it came from.
fn whole(marks: Marks, id: &str, person: &str, token: u8) -> Submission {
    let message = |kind, role| NewMessage {
        kind,
        to: Addressee::Act { act: id.to_owned(), role },
        language: LanguageCode::parse("nl").unwrap(),
        detail: String::new(),
    };
    Submission {
        case: Some(NewCase {
            language: LanguageCode::parse("nl").unwrap(),
            due_on: Day::parse("2027-03-01").unwrap(),
            opened_by: None,
            evidence: Vec::new(),
        }),
        messages: vec![message(MessageKind::Received, Role::Filer), message(MessageKind::FiledForYou, Role::Account)],
        token: Some(token_use(token)),
        marks,
        ..submission(id, person)
    }
}

fn token_use(number: u8) -> TokenUse {
    TokenUse { hash: TokenHash([number; 32]), expires_at: Instant::from_micros(1_800_000_000_000_000 + 86_400_000_000) }
}
