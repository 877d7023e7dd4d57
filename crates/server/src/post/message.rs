//! A message as bytes: RFC 5322 and MIME, of text and attachments, sent by a machine (RFC 3834).
//!
//! Text is always base64: how long it is as sent depends on how many bytes it has, and on nothing else. So two texts that [`pad`] has made equally long make
//! messages that are equally long, whatever letters are in them.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use bezwaar_core::time::Instant;
use bezwaar_register::randomness::{Randomness, RandomnessError};
use mail_builder::headers::Header;
use mail_builder::headers::address::Address;
use mail_builder::headers::date::Date;
use mail_builder::headers::text::Text;

use super::address::{MailAddress, is_label};

/// The longest subject, and the longest name of a sender, in bytes.
pub const HEADER_BYTES_MAX: usize = 255;
/// The longest text, in bytes.
pub const TEXT_BYTES_MAX: usize = 256 * 1024;
/// The most attachments.
pub const ATTACHMENTS_MAX: usize = 8;
/// The most bytes of all attachments together.
pub const ATTACHMENTS_BYTES_MAX: usize = 8 * 1024 * 1024;
/// The longest name of an attachment, in bytes.
pub const ATTACHMENT_NAME_BYTES_MAX: usize = 100;
/// How many bytes of base64 stand on a line.
const LINE_BYTES: usize = 76;

/// Who sends.
#[derive(Clone, Debug)]
pub struct Sender {
    /// The address messages are from, and bounces go to.
    pub address: MailAddress,
    /// The name beside it: the organisation.
    pub name: String,
    /// Where answers go, if not to the address.
    pub reply_to: Option<MailAddress>,
    /// The portal's domain: message ids end in it.
    pub domain: String,
}

/// A message to one person.
#[derive(Clone, Debug)]
pub struct Message<'m> {
    /// Whom it is for.
    pub to: &'m MailAddress,
    /// What it is about.
    pub subject: &'m str,
    /// The text, lines ended by `\n`.
    pub text: &'m str,
    /// The text's language, as a language tag.
    pub language: &'m str,
    /// What goes with it.
    pub attachments: &'m [Attachment<'m>],
    /// When it is sent.
    pub sent_at: Instant,
}

/// A file that goes with a message.
#[derive(Clone, Copy, Debug)]
pub struct Attachment<'m> {
    /// The name of the file: letters and digits of ASCII, `.`, `-` and `_`.
    pub name: &'m str,
    /// What it is.
    pub kind: AttachmentKind,
    /// Its bytes.
    pub bytes: &'m [u8],
}

/// What an attachment is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AttachmentKind {
    /// A PDF.
    Pdf,
    /// Text in UTF-8.
    Text,
    /// Anything else, such as a receipt's proof: to be kept, not to be opened.
    File,
}

impl AttachmentKind {
    fn media_type(self) -> &'static str {
        match self {
            AttachmentKind::Pdf => "application/pdf",
            AttachmentKind::Text => "text/plain; charset=utf-8",
            AttachmentKind::File => "application/octet-stream",
        }
    }
}

impl Message<'_> {
    /// The message as it is sent: ASCII, every line ended by CR LF.
    pub fn to_bytes(&self, sender: &Sender, random: &mut dyn Randomness) -> Result<Vec<u8>, MessageError> {
        self.check(sender)?;
        let mut unique = [0; 32];
        random.fill(&mut unique).map_err(MessageError::Randomness)?;
        let unique = URL_SAFE_NO_PAD.encode(unique);
        let (id, boundary) = unique.split_at_checked(22).unwrap_or((&unique, &unique));
        let mut bytes = Vec::new();
        header(&mut bytes, "From", &Address::new_address(Some(sender.name.as_str()), sender.address.expose_address()));
        header(&mut bytes, "To", &Address::new_address(None::<String>, self.to.expose_address()));
        if let Some(reply_to) = &sender.reply_to {
            header(&mut bytes, "Reply-To", &Address::new_address(None::<String>, reply_to.expose_address()));
        }
        header(&mut bytes, "Subject", &Text::new(self.subject));
        header(&mut bytes, "Date", &Date::new(self.sent_at.as_micros().div_euclid(1_000_000)));
        lines(&mut bytes, &format!("Message-ID: <{id}@{}>", sender.domain));
        // Machines should not answer: the first is RFC 3834, section 5, the second what Exchange looks at.
        lines(&mut bytes, "Auto-Submitted: auto-generated\r\nX-Auto-Response-Suppress: All\r\nMIME-Version: 1.0");
        let text = self.text.replace("\r\n", "\n").replace('\n', "\r\n");
        let text_head = format!("Content-Type: text/plain; charset=utf-8\r\nContent-Language: {}", self.language);
        if self.attachments.is_empty() {
            part(&mut bytes, &text_head, text.as_bytes());
            return Ok(bytes);
        }
        // An `=` cannot stand in base64 but at its end, so that no part can have this in it.
        let boundary = format!("=_{boundary}");
        lines(&mut bytes, &format!("Content-Type: multipart/mixed; boundary=\"{boundary}\"\r\n\r\n--{boundary}"));
        part(&mut bytes, &text_head, text.as_bytes());
        for Attachment { name, kind, bytes: contents } in self.attachments {
            let kind = kind.media_type();
            let head = format!("--{boundary}\r\nContent-Type: {kind}\r\nContent-Disposition: attachment; filename=\"{name}\"");
            part(&mut bytes, &head, contents);
        }
        lines(&mut bytes, &format!("--{boundary}--"));
        Ok(bytes)
    }

    /// Nothing that ends a header gets into one.
    fn check(&self, sender: &Sender) -> Result<(), MessageError> {
        let headers = [self.subject, sender.name.as_str()];
        if headers.iter().any(|text| text.len() > HEADER_BYTES_MAX || text.chars().any(char::is_control)) {
            return Err(MessageError::Header);
        }
        if !sender.domain.split('.').all(is_label) {
            return Err(MessageError::Domain);
        }
        let language_sound = self.language.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        if !language_sound || !(2..=35).contains(&self.language.len()) {
            return Err(MessageError::Language);
        }
        let unfit = |sign: char| sign.is_control() && !matches!(sign, '\n' | '\t');
        if self.text.len() > TEXT_BYTES_MAX || self.text.replace("\r\n", "\n").contains(unfit) {
            return Err(MessageError::Text);
        }
        let whole: usize = self.attachments.iter().map(|attachment| attachment.bytes.len()).sum();
        if self.attachments.len() > ATTACHMENTS_MAX || whole > ATTACHMENTS_BYTES_MAX {
            return Err(MessageError::TooLarge);
        }
        let name_byte = |byte: u8| byte.is_ascii_alphanumeric() || b".-_".contains(&byte);
        let name_sound = |name: &str| (1..=ATTACHMENT_NAME_BYTES_MAX).contains(&name.len()) && name.bytes().all(name_byte);
        if self.attachments.iter().any(|attachment| !name_sound(attachment.name) || attachment.name.starts_with('.')) {
            return Err(MessageError::AttachmentName);
        }
        Ok(())
    }
}

/// Adds blank lines of spaces to a text until it is a multiple of so many bytes long, as it is sent: every line end counted as two.
///
/// Messages whose texts are padded to the same number have the same size, as long as that number is over the difference between the texts. 0 is taken for 1.
pub fn pad(text: &str, multiple_bytes: usize) -> String {
    let mut padded = text.replace("\r\n", "\n");
    if !padded.ends_with('\n') {
        padded.push('\n');
    }
    let multiple = multiple_bytes.max(1);
    let sent = padded.len() + padded.bytes().filter(|byte| *byte == b'\n').count();
    let mut missing = sent.next_multiple_of(multiple) - sent;
    if missing == 1 {
        // No line is that short.
        missing += multiple;
    }
    while missing > 0 {
        let mut line = missing.min(LINE_BYTES + 2);
        if missing - line == 1 {
            line -= 1;
        }
        padded.extend(std::iter::repeat_n(' ', line - 2));
        padded.push('\n');
        missing -= line;
    }
    padded
}

fn header(bytes: &mut Vec<u8>, name: &str, value: &impl Header) {
    bytes.extend_from_slice(name.as_bytes());
    bytes.extend_from_slice(b": ");
    value.write_header(bytes, name.len() + 2);
}

fn lines(bytes: &mut Vec<u8>, text: &str) {
    bytes.extend_from_slice(text.as_bytes());
    bytes.extend_from_slice(b"\r\n");
}

fn part(bytes: &mut Vec<u8>, head: &str, contents: &[u8]) {
    lines(bytes, head);
    lines(bytes, "Content-Transfer-Encoding: base64\r\n");
    let encoded = STANDARD.encode(contents);
    for line in encoded.as_bytes().chunks(LINE_BYTES) {
        bytes.extend_from_slice(line);
        bytes.extend_from_slice(b"\r\n");
    }
}

/// Why there is no message. All are fatal for the message, and faults of the program or of its configuration, unless said otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum MessageError {
    /// The subject or the sender's name is too long, or has a control character.
    Header,
    /// The portal's domain is not one.
    Domain,
    /// The language is not a tag.
    Language,
    /// The text is over [`TEXT_BYTES_MAX`], or has a control character.
    Text,
    /// Over [`ATTACHMENTS_MAX`] attachments, or over [`ATTACHMENTS_BYTES_MAX`] bytes of them.
    TooLarge,
    /// The name of an attachment has signs it cannot have.
    AttachmentName,
    /// There were no random bytes. May pass.
    Randomness(RandomnessError),
}

impl MessageError {
    /// What to do about it.
    pub fn help(&self) -> &'static str {
        match self {
            MessageError::Header => "write the subject and the sender's name on one line of at most 255 bytes",
            MessageError::Domain => "name the portal's domain, such as `privacy.example.nl`",
            MessageError::Language => "name the language as `nl` or `en`",
            MessageError::Text => "shorten the text, and take out what is not text",
            MessageError::TooLarge => "send less with it, and say where the rest can be had",
            MessageError::AttachmentName => "name the file with letters, digits, `.`, `-` and `_`",
            MessageError::Randomness(error) => error.help(),
        }
    }
}

impl fmt::Display for MessageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            MessageError::Header => f.write_str("a header of the message cannot be written"),
            MessageError::Domain => f.write_str("the domain of the message's id is not one"),
            MessageError::Language => f.write_str("the language of the message is not one"),
            MessageError::Text => write!(f, "the text of the message is over {TEXT_BYTES_MAX} bytes, or not text"),
            MessageError::TooLarge => {
                write!(f, "the message has over {ATTACHMENTS_MAX} attachments or {ATTACHMENTS_BYTES_MAX} bytes of them")
            }
            MessageError::AttachmentName => f.write_str("an attachment has a name that it cannot have"),
            MessageError::Randomness(_) => f.write_str("the message could not be given an id"),
        }
    }
}

impl std::error::Error for MessageError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            MessageError::Randomness(error) => Some(error),
            _ => None,
        }
    }
}
