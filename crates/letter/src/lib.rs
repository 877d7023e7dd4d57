//! Letters about AI training that people can send: objection, request for access, reminder, complaint; and when an answer is due.
//!
//! Values in, values out: no disk, no network, no clock, no environment. Policies, contact points, details of people and the day are given;
//! letters come back, as text, as mail and as PDF. Not legal advice, and no sending: the person sends.
//!
//! # Words
//!
//! - a [`Person`](person::Person) is who writes, and about whom: themselves, a child, somebody who authorised them, somebody without an account;
//! - a [`Scope`](compose::Scope) is the uses a request is about, as policies describe them;
//! - a [`Letter`](letter::Letter) is composed from both and from the contact points of a [`Controller`](contacts::Controller);
//! - a [`Case`](case::Case) is what was sent when and what came back; [`due`] says until when an answer is in time.
//!
//! ```
//! use bezwaar_core::time::Day;
//! use bezwaar_letter::due::due;
//! use bezwaar_letter::holidays::Holidays;
//!
//! let holidays = Holidays::of_country("IE", 2025..=2026).expect("a country we know");
//! let dates = due(Day::parse("2025-05-26").expect("a day"), &holidays).expect("a day before 9999");
//! assert_eq!(dates.expected.to_string(), "2025-06-26");
//! ```

pub mod case;
pub mod compose;
pub mod contacts;
pub mod due;
pub mod holidays;
pub mod letter;
pub mod mail;
pub mod pdf;
pub mod person;
pub mod texts;
