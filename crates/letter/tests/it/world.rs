//! A made-up world: a controller, two authorities, and people.

use bezwaar_core::policy::PolicySet;
use bezwaar_core::policy::read::{PolicyFile, read_policies};
use bezwaar_core::time::{Day, Instant};
use bezwaar_letter::case::{Case, Channel, Event, RequestKind, What};
use bezwaar_letter::compose::Scope;
use bezwaar_letter::contacts::{Contacts, read_contacts};
use bezwaar_letter::person::{Person, Who};

pub(crate) fn day(text: &str) -> Day {
    Day::parse(text).unwrap()
}

pub(crate) const PLAZA: &str = include_str!("plaza.toml");

pub(crate) fn policies() -> PolicySet {
    policies_of(PLAZA)
}

pub(crate) fn policies_of(text: &str) -> PolicySet {
    let file = PolicyFile { path: "plaza/2025-05-01.toml".into(), folder: "plaza".into(), stem: "2025-05-01".into(), text: text.into() };
    read_policies(&[file], None).unwrap_or_else(|problems| panic!("{problems:#?}"))
}

pub(crate) fn contacts() -> Contacts {
    read_contacts("contacts.toml", include_str!("contacts.toml")).unwrap_or_else(|problems| panic!("{problems:#?}"))
}

pub(crate) fn person(who: Who) -> Person {
    let plain = Person {
        who,
        name: "Noor de Vries".into(),
        address: vec!["Voorbeeldstraat 12".into(), "3511 AB Utrecht".into(), "Nederland".into()],
        country: Some("NL".into()),
        email: Some("noor@example.org".into()),
        ..Person::default()
    };
    match who {
        Who::Own => Person { accounts: vec!["plaza: @noor".into()], ..plain },
        Who::Child => Person { represented: Some("Sam de Vries".into()), accounts: vec!["plaza: @sam".into()], ..plain },
        Who::Authorised => Person { represented: Some("Ali Öztürk".into()), ..plain },
        Who::NoAccount => Person {
            links: vec!["https://plaza.example/p/123".into(), "https://plaza.example/p/456".into()],
            grounds: Some("Ik werk in de jeugdzorg.\n\nCliënten mogen mij niet terugvinden.".into()),
            ..plain
        },
    }
}

pub(crate) fn scope<'a>(policies: &'a PolicySet, contacts: &Contacts, who: Who, named: &[&str]) -> Scope<'a> {
    let named: Vec<String> = named.iter().map(|id| (*id).to_owned()).collect();
    let at = Instant::parse("2025-05-26T10:00:00Z").unwrap();
    Scope::of(policies, contacts.controller("plaza").unwrap(), &person(who), at, &named).unwrap()
}

pub(crate) fn event(text: &str, what: What) -> Event {
    Event { day: day(text), what, note: None }
}

/// Sent and received on 26 May 2025.
pub(crate) fn case(kind: RequestKind, more: &[(&str, What)]) -> Case {
    let mut case = Case::new("plaza", kind, Some("IE"));
    case.note(event("2025-05-26", What::Sent(Channel::Email))).unwrap();
    for (day, what) in more {
        case.note(event(day, *what)).unwrap();
    }
    case
}
