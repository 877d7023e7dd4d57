//! Core as one piece: against the naive model, against its laws, against the written scenarios.

mod absence;
mod corpus;
mod generated;
mod laws;
mod model;
mod policy_errors;
