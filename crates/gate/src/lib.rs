//! **Bulk decisions**: from the columns of a dataset to what may pass, with a reason for everything that may not.
//!
//! The gate is a function over Arrow record batches. It sees people only through an *extract* and its key; it never opens a
//! register, and signs nothing. Engines reach it through the Arrow C Data Interface; Parquet, JSON Lines and CSV are read and
//! written by this crate.
//!
//! # The pieces
//!
//! - [`GateSpec`] (bytes) and an extract make a [`Gate`], cheap to clone and to share;
//! - [`Gate::bind`] fits a [`Mapping`](mapping::Mapping) to a schema, all errors at once;
//! - [`Bound::verdicts`] gives `keep` and `reasons` for a batch, without nulls; [`Bound::filter`] the kept rows, with no byte of others;
//! - for clusters, [`Engine::plan`] gives tasks, [`Engine::run`] a report each, [`Engine::commit`] the manifest, written last.
//!
//! Decisions are those of [`bezwaar_core::decide`]: fields are classified by its functions, people stand by its function, and
//! each distinct class is judged once by its function.

pub mod arrow;
mod bind;
mod check;
mod completion;
mod engine;
mod error;
mod formats;
#[doc(hidden)]
pub mod fuzzing;
mod gate;
mod ids;
mod inputs;
mod item_path;
pub mod job;
mod leaf;
mod manifest;
pub mod mapping;
mod parallel;
mod people;
mod policies;
mod scrub;
mod subjects;
mod tally;
mod verdict;
mod what_if;

pub use check::{Check, FieldCheck};
pub use engine::{Engine, IMPLAUSIBLE_PERCENT_MAX, MANIFEST, TaskReport};
pub use error::{ErrorKind, GateError, Result};
pub use gate::{Bound, Gate, GateSpec, Noticed, Verdicts};
pub use inputs::{FILES_MAX, Task};
pub use manifest::{InputEntry, Manifest, OTHERS_MAX, OutputEntry, ReleaseFiles, check_release};
pub use people::{NAME_BYTES_MAX, NAMES_MAX};
pub use policies::{POLICY_FILES_MAX, PolicyFolder, read_policy_folder};
pub use subjects::{RUNS_MAX, SubjectList, SubjectsEntry, subjects_of_outputs};
pub use tally::{CodeCount, Tally};
pub use verdict::{CLASSES_MAX, MASKS_MAX};
pub use what_if::{Moved, VARIANTS_MAX, Variant, WhatIf};
