//! The desk: many hand in, one writes; what it does when it is full, when it stops, when a job or the store fails.

mod life;

use bezwaar_core::account::{Account, Services};
use bezwaar_core::choice::{Act, Channel, Choice};
use bezwaar_core::time::Instant;
use bezwaar_register::intake::{Filing, Sender, Submission};

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
