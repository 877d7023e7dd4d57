//! `bezwaar witness follow`: a witness that needs nobody's help.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use bezwaar_ledger::tlog::checkpoint::Origin;
use bezwaar_ledger::tlog::note::VerifierKey;
use bezwaar_server::published::Published;
use bezwaar_server::witness::{FollowError, Follower, Round};

use super::{WitnessArgs, chain, kind_of_state, now, parse_ledger};
use crate::error::{Error, Kind};
use crate::printer::Printer;

/// Follow a ledger by what it publishes, and cosign it
///
/// Fetches the ledger's checkpoint and the few tiles that show whether it continues the one seen before, and cosigns it if it does. Prints the
/// cosigned checkpoint whenever the ledger has grown. A ledger that was changed, forked or rolled back is not cosigned: both checkpoints are
/// kept side by side in the folder's `evidence`, and the command ends with exit code 5.
#[derive(clap::Args, Debug)]
#[command(after_long_help = EXAMPLES)]
pub(super) struct Args {
    #[command(flatten)]
    witness: WitnessArgs,
    /// Follow the ledger with this public key
    #[arg(long, value_name = "VKEY", value_parser = parse_ledger)]
    ledger: VerifierKey,
    /// Read what it publishes at this address or in this folder
    #[arg(long, value_name = "URL|DIR")]
    from: String,
    /// Look once, and end
    #[arg(long, conflicts_with = "every")]
    once: bool,
    /// Look again after so many seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    every: u64,
    /// Write the latest cosigned checkpoint into this file, in place of printing it
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

const EXAMPLES: &str = "\
Examples:
  Look at a ledger every five minutes, and publish what was cosigned:
    bezwaar witness follow --state state --key witness.key --ledger \"$(cat ledger.vkey)\" \\
      --from https://ledger.example/one --every 300 --output www/ledger-one.checkpoint

  Look once, such as from cron:
    bezwaar witness follow --state state --key witness.key --ledger \"$(cat ledger.vkey)\" \\
      --from https://ledger.example/one --once";

pub(super) fn run(args: &Args, printer: &mut Printer) -> Result<(), Error> {
    let witness = args.witness.open(vec![args.ledger.clone()], printer)?;
    let follower = Follower::new(&witness, Origin::from(args.ledger.name()), Published::at(&args.from));
    loop {
        match follower.round(now()) {
            Ok(round) => tell(args, &round, printer)?,
            Err(error) if args.once || !error.may_pass() => return Err(of_follow(&error)),
            Err(error) => printer.note(&format!("nothing was cosigned this time: {}; {}", chain(&error), error.help())),
        }
        if args.once {
            return Ok(());
        }
        std::thread::sleep(Duration::from_secs(args.every));
    }
}

/// Prints or writes the cosigned checkpoint; printed only if it says something new.
fn tell(args: &Args, round: &Round, printer: &mut Printer) -> Result<(), Error> {
    let note = round.held.checkpoint.to_string();
    if let Some(path) = &args.output {
        return write(path, note.as_bytes());
    }
    let size = round.held.checkpoint.unverified().size();
    if args.once || round.size_before != Some(size) {
        printer.line(note.trim_end_matches('\n'))?;
        printer.flush()?;
    }
    Ok(())
}

/// Writes beside its place first, so that nobody reads half of it.
fn write(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".part");
    let part = path.with_file_name(name);
    let written = File::create(&part).and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_all()));
    written.and_then(|()| std::fs::rename(&part, path)).map_err(|error| Error::cannot_write(path, &error))
}

fn of_follow(error: &FollowError) -> Error {
    let kind = match error {
        error if error.is_integrity() => Kind::Integrity,
        FollowError::State(error) => kind_of_state(error),
        _ => Kind::User,
    };
    let failed = Error::new(kind, chain(error)).with_help(error.help());
    match error {
        FollowError::Misdeed { evidence, .. } => {
            failed.with_parts(evidence.folder.iter().map(|folder| format!("evidence: {}", folder.display())).collect())
        }
        _ => failed,
    }
}
