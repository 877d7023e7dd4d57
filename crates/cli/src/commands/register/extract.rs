//! `bezwaar register extract`, `openings` and `delta`: what the register gives to gates and auditors.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use bezwaar_ledger::extract::{Extract, apply_delta, write_delta};
use bezwaar_register::extracts::{EXPIRES_AFTER_MICROS, ExtractOrder, ExtractsError, MadeExtract};

use crate::clock::now;
use crate::error::{Error, Kind, grouped, people};
use crate::files::{Readers, write_file, write_with};
use crate::printer::Printer;
use crate::site::{Site, SiteArgs, of_error, of_register};

/// Make a signed extract of everything said until now, and enter it on the ledger
///
/// The gate reads extracts and nothing else of a register. With the key it is a guessable list of objectors: both stay with the controller and its processors.
#[derive(clap::Args, Debug)]
pub(super) struct Args {
    #[command(flatten)]
    site: SiteArgs,
    /// Write it into this file
    #[arg(long, value_name = "FILE")]
    output: PathBuf,
    /// Let it expire after so many hours
    #[arg(long, value_name = "HOURS", default_value_t = 24, value_parser = clap::value_parser!(u32).range(1..=8760))]
    expires: u32,
}

/// Write all openings into a file, for an auditor
///
/// **This is what everybody said, in clear.** An auditor rebuilds extracts from it and from the public ledger, byte for byte.
#[derive(clap::Args, Debug)]
pub(super) struct OpeningsArgs {
    #[command(flatten)]
    site: SiteArgs,
    /// Write them into this file, which only its owner can read
    #[arg(long, value_name = "FILE")]
    output: PathBuf,
}

/// Write what changed between two extracts, or apply it
#[derive(clap::Args, Debug)]
pub(super) struct DeltaArgs {
    /// The older extract
    #[arg(value_name = "OLD")]
    old: PathBuf,
    /// The newer extract; with --apply, the delta
    #[arg(value_name = "NEW")]
    new: PathBuf,
    /// Make the newer extract from the older one and a delta
    #[arg(long)]
    apply: bool,
    /// Write it into this file
    #[arg(long, value_name = "FILE")]
    output: PathBuf,
}

pub(super) fn run(args: &Args, printer: &mut Printer) -> Result<(), Error> {
    let mut site = args.site.open(printer)?;
    let made = make(&mut site, &args.output, i64::from(args.expires) * EXPIRES_AFTER_MICROS / 24, printer)?;
    printer.line(&format!("extract    {}", args.output.display()))?;
    printer.line(&format!(
        "acts       {} of {}, {} provisional",
        grouped(made.header.acts),
        people(made.header.people),
        grouped(made.header.provisional)
    ))?;
    printer.line(&format!("through    {}", made.header.through))?;
    printer.line(&format!("entry      {}", made.index))?;
    printer.line(&format!("key        {}", made.header.key_id))
}

/// Makes an extract into a file.
pub(crate) fn make(site: &mut Site, output: &Path, expires_after_micros: i64, printer: &mut Printer) -> Result<MadeExtract, Error> {
    let services = site.policies(printer)?.services;
    let order = ExtractOrder { services: &services, covers: None, expires_after_micros, threads: threads() };
    write_with(output, Readers::Owner, |file| site.register.make_extract(&order, now(), file).map_err(of_extracts))
}

/// As many threads as there are processors.
pub(crate) fn threads() -> NonZeroUsize {
    std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN)
}

pub(crate) fn of_extracts(error: ExtractsError) -> Error {
    match error {
        ExtractsError::Register(error) => of_register(&error),
        error @ ExtractsError::Unfinished { .. } => of_error(Kind::Incomplete, &error, error.help()),
        error => of_error(Kind::Integrity, &error, error.help()),
    }
}

pub(super) fn openings(args: &OpeningsArgs, printer: &mut Printer) -> Result<(), Error> {
    let mut site = args.site.open(printer)?;
    let count = write_with(&args.output, Readers::Owner, |file| {
        site.register.write_openings(threads(), file).map_err(|error| of_error(Kind::Integrity, &error, error.help()))
    })?;
    printer.note("this file is what everybody said, in clear: give it to the auditor by a safe way, and to nobody else");
    printer.line(&format!("{} openings", grouped(count)))
}

pub(super) fn delta(args: &DeltaArgs, printer: &mut Printer) -> Result<(), Error> {
    let old = read_extract(&args.old)?;
    let bytes = if args.apply {
        let delta = std::fs::read(&args.new).map_err(|error| Error::cannot_read(&args.new, &error))?;
        apply_delta(&old, &delta).map_err(|error| of_error(Kind::User, &error, error.help()))?
    } else {
        let new = read_extract(&args.new)?;
        let (first, second) = (old.header().through, new.header().through);
        if first > second {
            // Whoever applied it would go back, and what was said since would no longer count.
            return Err(Error::user(format!("the first extract goes through {first}, and the second only through {second}"))
                .with_help("give the older one first: a delta leads from an older extract to a newer one"));
        }
        write_delta(&old, &new)
    };
    write_file(&args.output, &bytes, Readers::Owner)?;
    printer.line(&format!("{} bytes in {}", grouped(bytes.len() as u64), args.output.display()))
}

/// Reads an extract.
pub(crate) fn read_extract(path: &Path) -> Result<Extract, Error> {
    let bytes = std::fs::read(path).map_err(|error| Error::cannot_read(path, &error))?;
    Extract::from_bytes(bytes).map_err(|error| Error::user(format!("`{}`: {error}", path.display())).with_help(error.help()))
}
