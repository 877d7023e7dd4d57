//! The engine: placing, publishing, erasing, opening; and what it does when something fails.

mod failures;
mod faulty;
mod killed;
mod kit;
mod life;
mod opening;
mod sequenced;
