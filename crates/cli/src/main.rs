//! The command line: one binary, one file per subcommand.
//!
//! The only crate that prints, exits, and reads arguments or the environment. Standard output is data; everything else goes to
//! standard error. Every stream decision is made in `printer`, every exit code in `error`.

mod clock;
mod commands;
mod error;
mod explanation;
mod files;
mod inputs;
mod lines;
mod made;
mod policies;
mod printer;
mod report;
mod site;
mod summary;
mod texts;
mod witnesses;

use std::process::ExitCode;

fn main() -> ExitCode {
    printer::guarded(commands::run)
}
