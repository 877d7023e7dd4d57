//! `bezwaar extract`: the gate's view of what people said.

use std::path::{Path, PathBuf};

use bezwaar_core::Holdings;
use bezwaar_core::policy::PolicySet;
use bezwaar_core::time::{DAY_MICROS, Instant};
use bezwaar_ledger::extract::{Cover, ExtractHeader, ExtractOptions, services_digest, write_extract};
use bezwaar_ledger::key::{KeyFile, RootKey};

use crate::error::{Error, Kind, grouped};
use crate::files::{Readers, write_file};
use crate::inputs::{load_choices, parse_moment};
use crate::policies;
use crate::printer::Printer;

/// Make an extract from choices and a key
///
/// An extract holds the acts of people through a moment under keyed names: no account, no link, no name is in it. With its key it
/// is a guessable list of objectors, so both stay with the controller and its processors. This extract is unsigned: a job must
/// allow that by name, and every report shows it.
#[derive(clap::Args, Debug)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Args {
    /// Read how services name people from this folder of policies
    #[arg(long, value_name = "DIR")]
    policies: PathBuf,
    /// Read what people said from this file
    #[arg(long, value_name = "FILE")]
    choices: PathBuf,
    /// Use the key in this file
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// Make a new key and write it into the key file, which must not be there yet
    #[arg(long)]
    new_key: bool,
    /// Name the domain a new key is for
    #[arg(long, value_name = "NAME", default_value = "local", requires = "new_key")]
    domain: String,
    /// Put in the acts that count from this moment or earlier
    #[arg(long, value_name = "INSTANT", value_parser = parse_moment)]
    through: Instant,
    /// Let it expire at this moment; a day later when left out
    #[arg(long, value_name = "INSTANT", value_parser = parse_moment)]
    expires: Option<Instant>,
    /// Write the extract into this file
    #[arg(long, value_name = "FILE")]
    output: PathBuf,
}

const EXAMPLES: &str = "\
Examples:
  Make a key and an extract of everything said by the end of May 2025:
    bezwaar extract --policies policies --choices choices.jsonl --key gate.key --new-key \\
      --through 2025-06-01T00:00:00Z --output people.extract";

pub(crate) fn run(args: &Args, printer: &mut Printer) -> Result<(), Error> {
    let policies = policies::load(&args.policies, printer)?;
    let key = if args.new_key { new_key(args)? } else { read_key(&args.key)? };
    let (header, bytes) = made(&args.choices, &policies, &key, args.through, args.expires, printer)?;
    if args.new_key {
        write_file(&args.key, key.to_text().as_bytes(), Readers::Owner)?;
    }
    write_file(&args.output, &bytes, Readers::Owner)?;
    let people = grouped(header.people);
    printer.note(&format!(
        "{} acts of {people} people through {} in `{}`, under key {}; not signed",
        grouped(header.acts),
        args.through,
        args.output.display(),
        header.key_id
    ));
    Ok(())
}

/// An unsigned extract of what a file says, in memory.
pub(crate) fn made(
    choices: &Path,
    policies: &PolicySet,
    key: &KeyFile,
    through: Instant,
    expires: Option<Instant>,
    printer: &mut Printer,
) -> Result<(ExtractHeader, Vec<u8>), Error> {
    let choices = load_choices(choices, policies, printer)?.choices;
    let holdings = Holdings::resolve(&choices);
    let options = ExtractOptions {
        through,
        expires_at: expires.unwrap_or_else(|| through.plus_micros(DAY_MICROS)),
        services: services_digest(&policies.services),
        covers: Cover::all_of_with(&policies.services, &holdings),
    };
    let mut bytes = Vec::new();
    let header = write_extract(&holdings, &key.subject_keys(), &options, &mut bytes)
        .map_err(|error| Error::user(format!("the extract cannot be made: {error}")).with_help(error.help()))?;
    Ok((header, bytes))
}

/// A new key for a domain.
pub(crate) fn random_key(domain: &str) -> Result<KeyFile, Error> {
    let mut bytes = [0_u8; 32];
    getrandom::fill(&mut bytes).map_err(|error| Error::new(Kind::Internal, format!("the system gives no random bytes: {error}")))?;
    KeyFile::new(RootKey::from_bytes(bytes), domain, 1).map_err(|error| Error::user(error.to_string()).with_help(error.help()))
}

/// Reads a key file.
pub(crate) fn read_key(path: &Path) -> Result<KeyFile, Error> {
    let text = std::fs::read_to_string(path).map_err(|error| {
        let failed = Error::cannot_read(path, &error);
        if error.kind() == std::io::ErrorKind::NotFound { failed.with_help("add --new-key to make one") } else { failed }
    })?;
    RootKey::parse_file(&text).map_err(|error| Error::user(format!("`{}`: {error}", path.display())).with_help(error.help()))
}

fn new_key(args: &Args) -> Result<KeyFile, Error> {
    if args.key.exists() {
        let error = Error::user(format!("`{}` is there already", args.key.display()));
        return Err(error.with_help("leave --new-key out to use it: another key would match nobody in older extracts"));
    }
    random_key(&args.domain)
}
