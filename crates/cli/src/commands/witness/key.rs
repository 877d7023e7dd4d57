//! `bezwaar witness key`: a new key.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use bezwaar_ledger::tlog::note::{KeyName, SignatureType, SigningKey};

use crate::error::{Error, Kind};
use crate::printer::Printer;

/// Make a new key for a witness, and print its public half
///
/// The file has the secret half and is for the witness alone; it is never written over. Give the printed line to those who are to rely on the
/// witness. A witness whose key or folder is lost begins anew under a new key.
#[derive(clap::Args, Debug)]
#[command(after_long_help = EXAMPLES)]
pub(super) struct Args {
    /// Name the witness, such as `witness.example/w1`: an address of yours, without its scheme
    #[arg(long, value_name = "NAME", value_parser = parse_name)]
    name: KeyName,
    /// Write the secret half into this file, which must not be there yet
    #[arg(long, value_name = "FILE")]
    output: PathBuf,
}

const EXAMPLES: &str = "\
Examples:
  Make a key, and keep its public half beside it:
    bezwaar witness key --name witness.example/w1 --output witness.key > witness.vkey";

fn parse_name(text: &str) -> Result<KeyName, String> {
    KeyName::new(text).map_err(|error| format!("{error}; {}", error.help()))
}

pub(super) fn run(args: &Args, printer: &mut Printer) -> Result<(), Error> {
    let mut seed = [0_u8; 32];
    getrandom::fill(&mut seed).map_err(|error| Error::new(Kind::Internal, format!("the system gives no random bytes: {error}")))?;
    let key = SigningKey::from_seed(args.name.clone(), SignatureType::CosignatureV1, &seed);
    write_new(&args.output, &key)?;
    printer.line(&key.verifier().to_string())
}

/// Writes a file only its owner can read, if there is none of that name.
fn write_new(path: &Path, key: &SigningKey) -> Result<(), Error> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file: File = options.open(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::AlreadyExists => Error::user(format!("`{}` is there already", path.display()))
            .with_help("name another file: a key that is written over is lost, and with it everything it vouches for"),
        _ => Error::cannot_write(path, &error),
    })?;
    let text = key.to_text();
    let written = file.write_all(text.as_bytes()).and_then(|()| file.write_all(b"\n")).and_then(|()| file.sync_all());
    written.map_err(|error| Error::cannot_write(path, &error))
}
