//! Sending mail: what a message is made of, and the way to the server that takes it.
//!
//! | module | what it has |
//! |---|---|
//! | [`address`] | mail addresses that can be sent to |
//! | [`message`] | a message as bytes: text, attachments, and a size that tells nothing |
//! | [`mailer`] | the way to a mail server, and which failures pass |
//!
//! Nothing is measured by messages: no pictures, no links but those of the text, nothing from elsewhere. No error names an address, and none repeats what a mail
//! server says, because that does.

pub mod address;
pub mod mailer;
pub mod message;
