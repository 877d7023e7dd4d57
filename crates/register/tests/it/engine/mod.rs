//! The engine: placing, publishing, erasing, opening; and what it does when something fails.

mod failures;
pub(crate) mod faulty;
mod killed;
pub(crate) mod kit;
mod life;
mod limits;
mod opening;
mod salvaged;
mod sequenced;
