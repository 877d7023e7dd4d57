//! The subcommands, one file each. A new one is a `mod`, a variant of [`Command`] and an arm in [`run`].

mod audit;
mod decide;
mod demo;
mod doctor;
mod explain;
mod extract;
mod gate;
mod generate;
mod letter;
mod policy;
pub(crate) mod prove;
pub(crate) mod register;
pub(crate) mod release;
mod serve;
mod signal;
pub(crate) mod verify;
mod witness;

use clap::{Parser, Subcommand, ValueEnum};

use crate::error::Error;
use crate::printer::Printer;

/// Gate data for AI training against people's objections
///
/// Policies say what a controller does, choices what people said about it, items what a record is. Bezwaar decides per record
/// whether one recipient may use it for one purpose at one moment, and gives every reason when it may not.
#[derive(Debug, Parser)]
#[command(name = "bezwaar", version, max_term_width = 100, after_help = EXIT_CODES)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

const EXIT_CODES: &str = "\
Exit codes:
  0   done
  1   failed: an input is not as it should be
  2   the command line is not as it should be
  4   incomplete: the output was not published
  5   integrity failure: a proof does not hold, or a record disagrees with itself
  6   it holds, but was not witnessed: others may be shown another ledger
  70  a mistake in the program";

#[derive(Debug, Subcommand)]
enum Command {
    Decide(decide::Args),
    Demo(demo::Args),
    Explain(explain::Args),
    Extract(extract::Args),
    Gate(gate::Args),
    Policy(policy::Args),
    Letter(letter::Args),
    Signal(signal::Args),
    Register(register::Args),
    Doctor(doctor::Args),
    Release(release::Args),
    Prove(prove::Args),
    Verify(verify::Args),
    Audit(audit::Args),
    Generate(generate::Args),
    Serve(serve::Args),
    Witness(witness::Args),
}

/// The form of a result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum OutputFormat {
    /// Lines for people
    Human,
    /// JSON
    Json,
}

/// Reads the arguments and does what they say.
pub(crate) fn run(printer: &mut Printer) -> Result<(), Error> {
    match Cli::try_parse()?.command {
        Command::Decide(args) => decide::run(&args, printer),
        Command::Demo(args) => demo::run(&args, printer),
        Command::Explain(args) => explain::run(&args, printer),
        Command::Extract(args) => extract::run(&args, printer),
        Command::Gate(args) => gate::run(&args, printer),
        Command::Policy(args) => policy::run(&args, printer),
        Command::Letter(args) => letter::run(&args, printer),
        Command::Signal(args) => signal::run(&args, printer),
        Command::Register(args) => register::run(&args, printer),
        Command::Doctor(args) => doctor::run(&args, printer),
        Command::Release(args) => release::run(&args, printer),
        Command::Prove(args) => prove::run(&args, printer),
        Command::Audit(args) => audit::run(&args, printer),
        Command::Verify(args) => verify::run(&args, printer),
        Command::Generate(args) => generate::run(&args, printer),
        Command::Serve(args) => serve::run(&args, printer),
        Command::Witness(args) => witness::run(&args, printer),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_arguments_hold_together() {
        super::Cli::command().debug_assert();
    }
}
