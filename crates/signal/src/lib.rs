//! **Preference signals**: what a machine-readable line says about reuse of content, read as acts of a person, and emitted from a
//! policy where the standard can say it.
//!
//! Texts in, values out: this crate reads no file and no clock, opens no connection, and uses no randomness and no environment.
//! What a signal *means* for a use is never said here: a policy maps it, and `core` decides.
//!
//! # Words
//!
//! - a [`Signal`] is one of the names policies know: `gpc`, `aipref`, `tdm`, `user-intents`;
//! - a [`Statement`] is one answer about one category of use, with the place it stood at;
//! - an [`Answer`] is *yes*, *no*, *unset* or *unreadable*. Any no wins; an unreadable answer closes as a no does; a yes opens nothing,
//!   and neither does a statement that is not there any more.
//!
//! # What is read
//!
//! | where | standard | signal |
//! |---|---|---|
//! | `Content-Usage` in HTTP fields and robots.txt | AIPREF drafts (attach -05, vocab -08), RFC 9651, RFC 9309 | `aipref` |
//! | `Sec-GPC` in HTTP fields | Global Privacy Control, W3C | `gpc` |
//! | `tdm-reservation` in HTTP fields, `tdmrep.json` | TDM Reservation Protocol, W3C Community Group | `tdm` |
//! | records in a person's own repository | `org.user-intents.declaration`, `community.lexicon.preference.ai` | `user-intents` |
//!
//! ```
//! use bezwaar_signal::{Answer, read_fields};
//!
//! let read = read_fields("HTTP/1.1 200 OK\nContent-Usage: train-ai=n\n");
//! assert_eq!(read.statements()[0].answer(), Answer::No);
//! assert_eq!(read.statements()[0].category(), "train-ai");
//! ```

mod acts;
mod aipref;
mod dictionary;
mod emit;
mod fields;
mod input;
mod json;
mod records;
mod robots;
mod statement;
mod tdm;

pub use acts::{ActError, ActOptions, acts};
pub use aipref::{EARLIER_LABELS, LABELS};
pub use dictionary::{Dictionary, DictionaryError, Member, Value, parse_dictionary};
pub use emit::{Emission, Unsaid, emit};
pub use fields::{FIELD_BYTES_MAX, read_fields};
pub use input::{InputError, Kind, check_input};
pub use records::{RECORD_BYTES_MAX, read_record};
pub use robots::{PATH_BYTES_MAX, PathRules, ROBOTS_BYTES_MAX, Robots, read_robots};
pub use statement::{Answer, EVERYTHING, Place, Read, Signal, Statement};
pub use tdm::{TDMREP_BYTES_MAX, read_tdmrep};
