//! Policies: what a controller says it does, as dated data.
//!
//! [`read`] turns TOML texts into a [`PolicySet`], or into all their problems at once; [`grammar`] is the one place where the
//! format is written down, and both the reader and the JSON Schema ([`schema`]) follow it.

mod check;
mod details;
pub mod grammar;
mod model;
pub mod read;
pub mod schema;
mod strange;

pub use details::{Assessment, Claim, ClaimKind, ControlDetails, Covers, Kept, Named, Notice, Period, Repeat, UseDetails};
pub use model::{
    AboutRule, CarveOut, Control, DataRow, Declared, Default_, Dispute, DisputeHandling, Policy, PolicySet, Position, SignalMeaning,
    Source, Use, Version, When, Window,
};
pub use strange::strange_names;
