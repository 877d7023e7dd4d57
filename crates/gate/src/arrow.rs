//! The Arrow crates the gate speaks, so that what links to the gate uses the very same ones and names no version of its own.

pub use {arrow_array, arrow_schema};
