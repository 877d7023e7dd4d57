//! Mails, read by another crate.

use bezwaar_core::time::Instant;
use bezwaar_letter::letter::Letter;
use bezwaar_letter::mail::{MailError, to_eml};
use mail_parser::MessageParser;

use crate::letters::all;

fn eml(letter: &Letter) -> Vec<u8> {
    to_eml(letter, Instant::parse("2025-05-26T09:30:15.5Z").unwrap()).unwrap()
}

fn one() -> Letter {
    all().into_iter().find(|(name, _)| name == "objection-nl-authorised").unwrap().1
}

#[test]
fn mails_say_what_the_letters_say() {
    for (name, letter) in all().into_iter().filter(|(_, letter)| letter.from.1.is_some()) {
        let bytes = eml(&letter);
        let mail = MessageParser::default().parse(&bytes).unwrap();
        assert_eq!(mail.subject(), Some(letter.subject.as_str()), "{name}");
        let from = mail.from().unwrap().first().unwrap();
        assert_eq!((from.name(), from.address()), (Some(letter.from.0.as_str()), letter.from.1.as_deref()), "{name}");
        let to = mail.to().and_then(|to| to.first()).and_then(|to| to.address());
        assert_eq!(to, letter.to.1.as_deref(), "{name}");
        assert_eq!(mail.date().unwrap().to_rfc3339(), "2025-05-26T09:30:15Z", "{name}");
        assert_eq!(mail.body_text(0).unwrap().replace("\r\n", "\n"), letter.to_mail_body(), "{name}");
        assert!(mail.message_id().is_none() && mail.header("X-Unsent").is_some(), "{name}");
        let lines: Vec<&[u8]> = bytes.split(|byte| *byte == b'\n').collect();
        let (last, lines) = lines.split_last().unwrap();
        assert!(last.is_empty() || bytes.ends_with(b"\n"), "{name}");
        assert!(lines.iter().all(|line| line.ends_with(b"\r") && line.len() <= 1_000), "{name}: every line ends with CR LF");
        assert!(bytes.is_ascii(), "{name}: 7 bit, whatever the names");
    }
}

#[test]
fn names_of_any_script_come_through() {
    for name in ["Ólafur Þór Ragnarsson", "Αθηνά Παπαδοπούλου", "Дмитро Ковальчук", "山田 花子", "O'Brien, \"Bob\" <x@y.example>"]
    {
        let mut letter = one();
        letter.from.0 = name.to_owned();
        letter.subject = format!("{} {name} {}", "Bezwaar ".repeat(12), "één ".repeat(12).trim());
        let bytes = eml(&letter);
        let mail = MessageParser::default().parse(&bytes).unwrap();
        assert_eq!(mail.from().unwrap().first().unwrap().name(), Some(name));
        assert_eq!(mail.subject(), Some(letter.subject.as_str()));
        assert_eq!(mail.from().unwrap().iter().count(), 1);
    }
}

#[test]
fn a_mail_needs_a_sender() {
    let mut letter = one();
    letter.from.1 = None;
    assert_eq!(to_eml(&letter, Instant::from_micros(0)), Err(MailError::NoSender));
}
