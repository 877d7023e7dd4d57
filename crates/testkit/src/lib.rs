//! **For tests only**: a second, naive reading of the rule book, random worlds to hold both readings against each other, and
//! the scenarios of `corpus/`.
//!
//! - [`model`] decides as `docs/decision.md` says, word for word and slowly. It shares core's readers and types, and no code that decides.
//! - [`random`] draws policies, choices, records and questions by seed, and makes what fails small.
//! - [`corpus`] reads the written scenarios and runs them against anything that decides.
//! - [`table`] writes down what the shipped policies come to.
//!
//! What it is not: part of any program. Nothing that is shipped depends on it, it may panic, and it is in no hurry. It is
//! no oracle either: where model and core differ, the rule book says who is right, and where it does not, it is made to.

pub mod corpus;
pub mod model;
pub mod random;
pub mod table;

use std::path::Path;

use bezwaar_core::policy::PolicySet;

/// The policies of a folder, `DIR/*/*.toml`, with its `DIR/services.toml`. Panics with all problems, each with its place.
#[expect(clippy::panic, reason = "a test that asks for policies cannot go on without them")]
pub fn load_policies(dir: &Path) -> PolicySet {
    match corpus::load_policies(dir) {
        Ok(policies) => policies,
        Err(problems) => panic!("{}:\n{}", dir.display(), problems.join("\n")),
    }
}
