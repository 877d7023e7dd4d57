//! **Who writes**: the register of people's choices. The only crate with SQL, and the only one that signs for the operator.
//!
//! - [`store`]: where it is kept, and what every kind of store promises.

pub mod store;
