//! Messages as bytes, read by another hand's parser.

use bezwaar_server::post::address::MailAddress;
use bezwaar_server::post::message::{
    ATTACHMENT_NAME_BYTES_MAX, ATTACHMENTS_BYTES_MAX, ATTACHMENTS_MAX, Attachment, AttachmentKind, HEADER_BYTES_MAX, Message, MessageError,
    Sender, TEXT_BYTES_MAX, pad,
};
use mail_parser::{MessageParser, MimeHeaders};

use crate::signing::{Counting, at};

fn address(text: &str) -> MailAddress {
    MailAddress::parse(text).unwrap()
}

fn sender() -> Sender {
    Sender {
        address: address("privacy@example.nl"),
        name: "Voorbeeld & Zoon, afdeling «privacy»".to_owned(),
        reply_to: Some(address("vragen@example.nl")),
        domain: "portal.example.nl".to_owned(),
    }
}

fn message<'m>(to: &'m MailAddress, text: &'m str, attachments: &'m [Attachment<'m>]) -> Message<'m> {
    Message { to, subject: "Uw bezwaar is ontvangen – nummer 12 ✓", text, language: "nl", attachments, sent_at: at(0) }
}

fn bytes(message: &Message<'_>) -> Result<Vec<u8>, MessageError> {
    message.to_bytes(&sender(), &mut Counting(0))
}

#[test]
fn a_message_is_read_as_it_was_written() {
    let (to, text) = (address("anna@bücher.example"), "Beste lezer,\n\nWij hebben uw bezwaar ontvangen – écht.\n.\nFrom here\n");
    let proof = [0_u8, 255, 13, 10, 46, 13, 10];
    let attachments = [
        Attachment { name: "bezwaar-12.pdf", kind: AttachmentKind::Pdf, bytes: b"%PDF-1.7 \xff" },
        Attachment { name: "bezwaar-12.tlog-proof", kind: AttachmentKind::File, bytes: &proof },
        Attachment { name: "bezwaar-12.txt", kind: AttachmentKind::Text, bytes: "é\n".as_bytes() },
    ];
    for count in [0, 3] {
        let raw = bytes(&message(&to, text, &attachments[..count])).unwrap();
        assert!(raw.is_ascii() && raw.ends_with(b"\r\n"));
        let raw_text = String::from_utf8(raw.clone()).unwrap();
        assert!(raw_text.lines().all(|line| line.len() <= 78), "{raw_text}");
        assert_eq!(raw_text.matches('\n').count(), raw_text.matches("\r\n").count());
        let read = MessageParser::default().parse(&raw).unwrap();
        assert_eq!(read.subject(), Some("Uw bezwaar is ontvangen – nummer 12 ✓"));
        let from = read.from().unwrap().first().unwrap();
        assert_eq!((from.name(), from.address()), (Some("Voorbeeld & Zoon, afdeling «privacy»"), Some("privacy@example.nl")));
        assert_eq!(read.to().unwrap().first().unwrap().address(), Some("anna@xn--bcher-kva.example"));
        assert_eq!(read.reply_to().unwrap().first().unwrap().address(), Some("vragen@example.nl"));
        assert_eq!(read.header_raw("Auto-Submitted").map(str::trim), Some("auto-generated"));
        assert_eq!(read.date().unwrap().to_rfc3339(), "2026-03-01T12:00:00Z");
        assert!(read.message_id().unwrap().ends_with("@portal.example.nl"), "{:?}", read.message_id());
        assert_eq!(read.body_text(0).unwrap().replace("\r\n", "\n"), text);
        assert_eq!(read.html_body_count() - read.text_body_count(), 0, "there is no HTML");
        assert_eq!(read.attachment_count(), count);
        for (found, sent) in read.attachments().zip(&attachments) {
            assert_eq!((found.attachment_name(), found.contents()), (Some(sent.name), sent.bytes));
        }
    }
}

#[test]
fn no_message_id_comes_twice() {
    let (to, mut random) = (address("anna@example.nl"), Counting(0));
    let mut id = || {
        let raw = message(&to, "x\n", &[]).to_bytes(&sender(), &mut random).unwrap();
        MessageParser::default().parse(&raw).unwrap().message_id().unwrap().to_owned()
    };
    assert_ne!(id(), id());
    assert!(matches!(message(&to, "x\n", &[]).to_bytes(&sender(), &mut Counting(255)), Err(MessageError::Randomness(_))));
}

#[test]
fn nothing_gets_into_a_header() {
    let to = address("anna@example.nl");
    let good = message(&to, "x\n", &[]);
    for subject in ["x\r\nBcc: y@example.nl", "x\ny", "x\ry", "x\0", "x\u{85}y"] {
        assert_eq!(bytes(&Message { subject, ..good.clone() }), Err(MessageError::Header), "{subject:?}");
        let sender = Sender { name: subject.to_owned(), ..sender() };
        assert_eq!(good.to_bytes(&sender, &mut Counting(0)), Err(MessageError::Header));
    }
    for domain in ["", "x>\r\nBcc: y", "a b", "a..b", "a_b"] {
        let sender = Sender { domain: domain.to_owned(), ..sender() };
        assert_eq!(good.to_bytes(&sender, &mut Counting(0)), Err(MessageError::Domain), "{domain:?}");
    }
    for language in ["", "n", "nl\r\nX: y", "nl_NL"] {
        assert_eq!(bytes(&Message { language, ..good.clone() }), Err(MessageError::Language));
    }
    for name in ["", "a b", "a\"b", "a\r\nb", "../a", ".a", "é.pdf", "a/b"] {
        let attachments = [Attachment { name, kind: AttachmentKind::Pdf, bytes: b"" }];
        assert_eq!(bytes(&message(&to, "x\n", &attachments)), Err(MessageError::AttachmentName), "{name:?}");
    }
    for text in ["x\0", "x\ry", "\u{1b}[1m"] {
        assert_eq!(bytes(&message(&to, text, &[])), Err(MessageError::Text), "{text:?}");
    }
}

#[test]
fn each_limit_holds() {
    let to = address("anna@example.nl");
    let good = message(&to, "x\n", &[]);
    let long = "x".repeat(TEXT_BYTES_MAX + 1);
    assert!(bytes(&Message { subject: &long[..HEADER_BYTES_MAX], ..good.clone() }).is_ok());
    assert_eq!(bytes(&Message { subject: &long[..=HEADER_BYTES_MAX], ..good.clone() }), Err(MessageError::Header));
    assert!(bytes(&message(&to, &long[..TEXT_BYTES_MAX], &[])).is_ok());
    assert_eq!(bytes(&message(&to, &long, &[])), Err(MessageError::Text));
    let one = |name: &str| bytes(&message(&to, "x", &[Attachment { name, kind: AttachmentKind::File, bytes: b"" }])).is_ok();
    assert!(one(&long[..ATTACHMENT_NAME_BYTES_MAX]) && !one(&long[..=ATTACHMENT_NAME_BYTES_MAX]));
    let large = vec![0; ATTACHMENTS_BYTES_MAX + 1];
    let many = |count: usize, whole: usize| {
        let part = |index: usize| if index == 0 { &large[..whole] } else { &[][..] };
        let attachments: Vec<_> =
            (0..count).map(|index| Attachment { name: "a", kind: AttachmentKind::File, bytes: part(index) }).collect();
        bytes(&message(&to, "x", &attachments)).map(|_| ())
    };
    assert_eq!(many(ATTACHMENTS_MAX, ATTACHMENTS_BYTES_MAX), Ok(()));
    assert_eq!(many(ATTACHMENTS_MAX + 1, 0), Err(MessageError::TooLarge));
    assert_eq!(many(1, ATTACHMENTS_BYTES_MAX + 1), Err(MessageError::TooLarge));
}

#[test]
fn padded_texts_make_messages_of_one_size() {
    let to = address("anna@example.nl");
    let mut sizes = std::collections::BTreeSet::new();
    // Every length there is within one class, and letters that take one, two, three and four bytes.
    for count in 0..500 {
        for sign in ["x", "é", "✓", "🙂", "x\n"] {
            let text = pad(&format!("Beste lezer,\n{}", sign.repeat(count / sign.len())), 1024);
            assert!(text.starts_with("Beste lezer,\n") && text.ends_with('\n') && text.lines().all(|line| line.chars().count() <= 500));
            sizes.insert((text.len() + text.matches('\n').count(), bytes(&message(&to, &text, &[])).unwrap().len()));
        }
    }
    assert_eq!(sizes.len(), 1, "{sizes:?}");
    assert_eq!(sizes.first().unwrap().0, 1024);
    // Whatever the number, only blank lines are added, and as few as it takes.
    for multiple in [0, 1, 2, 3, 7, 78, 79, 80, 512] {
        for length in 0..200 {
            let text = "x".repeat(length);
            let padded = pad(&text, multiple);
            let sent = padded.len() + padded.matches('\n').count();
            assert_eq!(sent % multiple.max(1), 0, "{multiple} {length}");
            assert!(sent < length + 2 + 2 * multiple.max(1) && padded.trim_end_matches([' ', '\n']) == text, "{multiple} {length}");
        }
    }
}
