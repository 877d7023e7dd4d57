//! A letter as a mail to open and send: an `.eml` file (RFC 5322, MIME).
//!
//! `X-Unsent: 1` makes mail programs that know it open the file as a draft. There is no `Message-ID`: the program that sends it gives one.

use std::fmt;

use bezwaar_core::time::Instant;
use mail_builder::MessageBuilder;
use mail_builder::headers::Header;
use mail_builder::headers::address::Address;
use mail_builder::headers::date::Date;
use mail_builder::headers::text::Text;

use crate::letter::Letter;

/// Why there is no mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum MailError {
    /// Who writes has no e-mail address.
    NoSender,
}

impl fmt::Display for MailError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a mail needs the e-mail address of who writes")
    }
}

impl std::error::Error for MailError {}

impl MailError {
    /// What to do next.
    pub fn help(&self) -> &'static str {
        "give it with --email, or write the letter as text or PDF"
    }
}

/// The letter as a mail, made at a moment. Without a known address of whom it is for there is no `To`: the person fills it in.
pub fn to_eml(letter: &Letter, made_at: Instant) -> Result<Vec<u8>, MailError> {
    let from = letter.from.1.as_deref().ok_or(MailError::NoSender)?;
    let mut mail = Vec::new();
    header(&mut mail, "From", &Address::new_address(Some(letter.from.0.as_str()), from));
    if let Some(to) = letter.to.1.as_deref() {
        header(&mut mail, "To", &Address::new_address(Some(letter.to.0.as_str()), to));
    }
    header(&mut mail, "Subject", &Text::new(letter.subject.as_str()));
    header(&mut mail, "Date", &Date::new(made_at.as_micros().div_euclid(1_000_000)));
    mail.extend_from_slice(format!("Content-Language: {}\r\nX-Unsent: 1\r\nMIME-Version: 1.0\r\n", letter.language.code()).as_bytes());
    MessageBuilder::new().text_body(letter.to_mail_body().replace('\n', "\r\n")).serialize_body(&mut mail);
    Ok(mail)
}

fn header(mail: &mut Vec<u8>, name: &str, value: &impl Header) {
    mail.extend_from_slice(name.as_bytes());
    mail.extend_from_slice(b": ");
    value.write_header(mail, name.len() + 2);
}
