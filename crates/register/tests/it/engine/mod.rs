//! The engine: placing, publishing, erasing, opening; and what it does when something fails.

mod kit;
mod life;
