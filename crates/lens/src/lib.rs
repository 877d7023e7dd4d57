//! **Policies under a lens**: what in them does not match what the law asks, and what changed for a person.
//!
//! [`diff`] compares two versions of a policy: what became more for the controller (*widened*), less (*narrowed*), other (*changed*), and
//! what cannot be told (*unclear*). [`lint`] reads every version against rules, each with the article it rests on, the facts it saw, their
//! sources and grades, and what the controller says against it. Neither ever says that the law was broken: a finding says what does not match
//! what an article asks, as far as the sources show.
//!
//! [`timeline`] draws when a use was announced, when it took effect, when collection began and since when people could say no, so that a
//! gap between the last two is seen at a glance. [`page`] says the same in plain words, a page per policy. [`what_if`]
//! changes a policy in memory, and tells how many records and people would move. [`plain`] has what people read in
//! explanations, pages and charts, [`words`] what they read about findings and changes, both in Dutch and English; [`speaker`]
//! says the values of facts with them.
//!
//! Values in, values out: no file, no network, no clock, no environment. Rules read facts, never a platform's name.
//!
//! # Words
//!
//! - a *rule* has an id; a [`Finding`](lint::Finding) is a rule that fired at a place; a note of what is *not known* is kept apart;
//! - a *spot* is one fact of one use, control or version, with the place where it is written and its sources;
//! - a [`Change`](diff::Change) is one fact that differs between two versions.
//!
//! ```
//! use bezwaar_core::policy::read::{PolicyFile, read_policies};
//! use bezwaar_core::time::Day;
//! use bezwaar_lens::lint::{Options, lint};
//!
//! let file = PolicyFile {
//!     path: "policies/club/2026-01-01.toml".into(),
//!     folder: "club".into(),
//!     stem: "2026-01-01".into(),
//!     text: include_str!("../tests/it/club.toml").into(),
//! };
//! let policies = read_policies(&[file], None).expect("a good policy");
//! let today = Day::parse("2026-06-01").expect("a day");
//! let report = lint(&policies, &Options { versions: Vec::new(), suppressions: None, today });
//! assert!(report.findings.iter().any(|finding| finding.rule.id == "L-02"));
//! ```

pub mod diff;
pub mod lint;
pub mod page;
pub mod plain;
pub mod speaker;
pub mod timeline;
pub mod what_if;
pub mod words;
