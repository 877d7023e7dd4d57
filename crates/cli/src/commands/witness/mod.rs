//! `bezwaar witness`: vouching for ledgers, by whoever runs it and not by whoever runs the ledger.

mod follow;
mod key;
mod serve;

use std::io::Read;
use std::path::{Path, PathBuf};

use bezwaar_ledger::tlog::note::{KEY_TEXT_BYTES_MAX, SigningKey, VerifierKey};
use bezwaar_server::witness::{OpenError, StateError, Witness};
use clap::Subcommand;

use crate::clock::now;
use crate::error::{Error, Kind};
use crate::printer::Printer;

/// Watch ledgers, and vouch that each only grows
///
/// A witness remembers the latest checkpoint of a ledger and cosigns the next one if it continues it. Whoever relies on it is not shown
/// another ledger than everybody else. It learns nothing about the people in the ledger.
#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
#[expect(clippy::large_enum_variant, reason = "there is one of it in a run, and nobody moves it about")]
enum Command {
    Key(key::Args),
    Serve(serve::Args),
    Follow(follow::Args),
}

pub(crate) fn run(args: &Args, printer: &mut Printer) -> Result<(), Error> {
    match &args.command {
        Command::Key(args) => key::run(args, printer),
        Command::Serve(args) => serve::run(args, printer),
        Command::Follow(args) => follow::run(args, printer),
    }
}

/// What every running witness is given.
#[derive(clap::Args, Debug)]
struct WitnessArgs {
    /// Remember in this folder, which is made if it is not there
    #[arg(long, value_name = "DIR")]
    state: PathBuf,
    /// Cosign with the key in this file
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
}

impl WitnessArgs {
    /// Opens the witness, and says so if it has seen nothing yet.
    fn open(&self, ledgers: Vec<VerifierKey>, printer: &mut Printer) -> Result<Witness, Error> {
        let (witness, made) = Witness::open(read_key(&self.key)?, ledgers, &self.state).map_err(|error| of_open(&error))?;
        if made {
            let folder = self.state.display();
            printer.note(&format!(
                "`{folder}` is new: this witness has seen nothing yet, and takes the first checkpoint of each ledger on trust"
            ));
        }
        Ok(witness)
    }
}

fn read_key(path: &Path) -> Result<SigningKey, Error> {
    let failed = |error: std::io::Error| Error::cannot_read(path, &error);
    let mut bytes = Vec::new();
    std::fs::File::open(path).map_err(failed)?.take(KEY_TEXT_BYTES_MAX as u64 + 2).read_to_end(&mut bytes).map_err(failed)?;
    let text = String::from_utf8(bytes).unwrap_or_default();
    SigningKey::parse(&text).map_err(|error| Error::user(format!("`{}`: {error}", path.display())).with_help(error.help()))
}

/// Reads a public key, for the reader of arguments.
fn parse_ledger(text: &str) -> Result<VerifierKey, String> {
    VerifierKey::parse(text).map_err(|error| format!("{error}; {}", error.help()))
}

fn of_open(error: &OpenError) -> Error {
    let kind = match error {
        OpenError::State(error) => kind_of_state(error),
        _ => Kind::User,
    };
    Error::new(kind, chain(error)).with_help(error.help())
}

fn of_state(error: &StateError) -> Error {
    Error::new(kind_of_state(error), chain(error)).with_help(error.help())
}

/// A record that is not as it was written disagrees with itself; that a folder is in use or cannot be read is not that.
fn kind_of_state(error: &StateError) -> Kind {
    match error {
        StateError::Lost { .. } | StateError::Damaged { .. } => Kind::Integrity,
        _ => Kind::User,
    }
}

/// An error and its causes in one sentence.
fn chain(error: &dyn std::error::Error) -> String {
    let mut sentence = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        sentence = format!("{sentence}: {next}");
        cause = next.source();
    }
    sentence
}
