mod cases;
mod damaged;
mod files;
mod floods;
mod groups;
mod looks;
mod memory;
mod names;
mod people;
mod post;
mod tokens;

use bezwaar_core::account::{Account, Services};
use bezwaar_core::choice::{Act, Channel, Choice, LinkKind};
use bezwaar_core::policy::PolicySet;
use bezwaar_core::policy::read::{PolicyFile, read_policies};
use bezwaar_core::time::Instant;
use bezwaar_core::wire::parse_item;
use bezwaar_core::{Holdings, Question, Reading, decide};

use super::{Filing, Intake, Sender};
use memory::MemoryBooks;

fn policies() -> PolicySet {
    let file = PolicyFile {
        path: "policies/club/2026-01-01.toml".into(),
        folder: "club".into(),
        stem: "2026-01-01".into(),
        text: include_str!("../../../core/tests/it/club.toml").into(),
    };
    read_policies(&[file], None).unwrap()
}

fn account(text: &str) -> Account {
    Services::default().parse(text).unwrap()
}

fn at(text: &str) -> Instant {
    Instant::parse(&format!("{text}T00:00:00Z")).unwrap()
}

fn object(id: &str, person: &str, day: &str) -> Choice {
    Choice {
        id: id.to_owned(),
        person: Some(account(person)),
        act: Act::Object { uses: None, recipients: None, items: None },
        received_at: at(day),
        recorded_at: None,
        by: None,
        channel: Some(Channel::Mail),
        provisional: false,
    }
}

fn link(id: &str, person: &str, to: &str, day: &str) -> Choice {
    Choice { act: Act::Link { to: account(to), how: LinkKind::SamePerson }, channel: Some(Channel::Form), ..object(id, person, day) }
}

fn own(choice: Choice) -> Filing {
    Filing::own(choice, Sender::Confirmed)
}

/// Whether a record of this author is withheld for what somebody said.
fn withheld(books: &MemoryBooks, author: &str, day: &str) -> bool {
    withheld_by(&books.choices(at(day)), author, day)
}

fn withheld_by(choices: &[Choice], author: &str, day: &str) -> bool {
    let policies = policies();
    let line = format!(r#"{{"id":"p-1","author":"{author}","category":"post","audience":"public"}}"#);
    let item = parse_item(1, &line).unwrap();
    let question = Question { use_id: "club/model".into(), recipient: "lab".into(), at: at(day), reading: Reading::Stated };
    let decision = decide(&policies, &Holdings::resolve(choices), &item, &question);
    let other = decision.reasons().iter().any(|reason| reason.choice.is_none());
    assert!(!other, "withheld for another reason: {decision:?}");
    !decision.keep()
}

fn file(books: &mut MemoryBooks, filing: &Filing, day: &str) -> super::Receipt {
    Intake::new(books).file(filing, at(day)).unwrap()
}
