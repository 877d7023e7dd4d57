//! **What is decided**: policies, choices, items, and the one function that decides about a record.
//!
//! Values in, values out: this crate reads no file and no clock, opens no connection, uses no randomness and no environment, and
//! knows no platform by name. Policies and the ways services name people are data it is given as text.
//!
//! # Words
//!
//! - a [`policy`](policy::Policy) is what a controller says it does, in dated versions; a [`Use`](policy::Use) is one row of it;
//! - a [`Choice`](choice::Choice) is one dated act of a person; acts *close* or *open*;
//! - an [`Item`](item::Item) is the facts about one record;
//! - a [`Question`] is (use, recipient, moment, reading);
//! - a [`Decision`] is keep or withhold, with all [`Reason`]s.
//!
//! # How it decides
//!
//! *Classify* ([`class`]): the facts become a few masks, by the breakpoints of the rules of this question. *Stand*
//! ([`standing`]): what a person's acts mean for it. *Judge* ([`judge`]): the union of the reasons. The gate calls the same three
//! on columns. `docs/decision.md` is the rule book.
//!
//! ```
//! use bezwaar_core::policy::read::{PolicyFile, read_policies};
//! use bezwaar_core::wire::{parse_item, read_choices};
//! use bezwaar_core::{Holdings, Question, Reading, decide, time::Instant};
//!
//! let file = PolicyFile {
//!     path: "policies/club/2026-01-01.toml".into(),
//!     folder: "club".into(),
//!     stem: "2026-01-01".into(),
//!     text: include_str!("../tests/it/club.toml").into(),
//! };
//! let policies = read_policies(&[file], None).expect("a good policy");
//! let choices = read_choices(
//!     r#"{"id":"o-1","person":"club:noor","act":"object","received_at":"2026-02-01T09:00:00Z"}"#,
//!     &policies.services,
//! )
//! .expect("good choices");
//! let item = parse_item(1, r#"{"id":"p-1","author":"club:@Noor","category":"post","audience":"public"}"#).expect("a good item");
//! let question = Question {
//!     use_id: "club/model".into(),
//!     recipient: "lab".into(),
//!     at: Instant::parse("2026-03-01T00:00:00Z").expect("an instant"),
//!     reading: Reading::Protective,
//! };
//! let decision = decide(&policies, &Holdings::resolve(&choices.choices), &item, &question);
//! assert!(!decision.keep());
//! assert_eq!(decision.reasons()[0].choice.as_deref(), Some("o-1"));
//! ```

pub mod account;
pub mod acts;
pub mod choice;
pub mod class;
mod decide;
pub mod grammar;
pub mod item;
pub mod pattern;
pub mod policy;
pub mod problem;
mod reason;
pub mod region;
mod rules;
pub mod standing;
pub mod time;
pub mod wire;

pub use acts::Holdings;
pub use decide::{Decider, Decision, People, classify, decide, judge, registered_by_name, unreadable};
pub use reason::{Code, Group, Reason, ReasonSet};
pub use rules::{BREAKPOINTS_MAX, Question, REGION_SETS_MAX, Reading, Rules};
