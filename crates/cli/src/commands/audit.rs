//! `bezwaar audit`: an extract made again from the ledger and the openings.

use std::fs::File;
use std::io::BufReader;
use std::path::PathBuf;

use bezwaar_ledger::audit::{AuditReport, Audited, Difference, audit};
use bezwaar_ledger::entry::ENTRY_BYTES;
use bezwaar_ledger::tlog::tile::{TILE_WIDTH, TileHashSource};

use super::register::extract::{read_extract, threads};
use super::verify::{Folder, broken, read_checkpoint, read_keys, read_policy};
use crate::error::{Error, Kind, counted, grouped};
use crate::printer::Printer;
use crate::site::of_error;

/// Make an extract again from the ledger and the openings, byte for byte
///
/// For supervisors and auditors, in confidence: the openings are what everybody said, in clear. It shows that every entry opens or has a tombstone, and that the
/// extract is what the entries give: nothing dropped, added or re-dated.
#[derive(clap::Args, Debug)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Args {
    /// Read the openings from this file
    #[arg(long, value_name = "FILE")]
    openings: PathBuf,
    /// Make keyed names with the key in this file
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// Read the ledger from this public folder
    #[arg(long, value_name = "DIR")]
    ledger: PathBuf,
    /// Believe the ledgers and witnesses of this trust policy
    #[arg(long, value_name = "FILE")]
    trust: PathBuf,
    /// Believe the operator's keys in this file
    #[arg(long, value_name = "FILE")]
    operator: PathBuf,
    /// Make this extract again
    #[arg(long, value_name = "FILE")]
    extract: PathBuf,
}

const EXAMPLES: &str = "\
Examples:
  Audit an extract:
    bezwaar audit --openings openings.jsonl --key root.key --ledger public \\
      --trust trust.policy --operator operator.vkey --extract people.extract";

pub(crate) fn run(args: &Args, printer: &mut Printer) -> Result<(), Error> {
    let extract = read_extract(&args.extract)?;
    extract.verify_signature(&read_keys(&args.operator)?).map_err(|error| broken(&error, error.help()))?;
    let checkpoint = read_checkpoint(&args.ledger.join("checkpoint"))?;
    let trusted = read_policy(&args.trust)?.believing_unwitnessed().check(&checkpoint).map_err(|error| broken(&error, error.help()))?;
    let key = super::extract::read_key(&args.key)?.subject_keys();
    let (size, root) = (trusted.checkpoint.size(), trusted.checkpoint.root());
    let tree = TileHashSource::try_new(Folder(args.ledger.clone()), size, &root).map_err(|error| broken(&error, error.help()))?;
    let bundles = 0..size.div_ceil(u64::from(TILE_WIDTH));
    let entries = bundles.flat_map(|bundle| match tree.entries(bundle) {
        Ok(entries) => {
            entries.into_iter().map(|bytes| Ok(<[u8; ENTRY_BYTES]>::try_from(bytes).unwrap_or([0; ENTRY_BYTES]))).collect::<Vec<_>>()
        }
        Err(error) => vec![Err(error)],
    });
    let openings = File::open(&args.openings).map_err(|error| Error::cannot_read(&args.openings, &error))?;
    let audited = Audited { extract: &extract, keys: &key, threads: threads() };
    let report = audit(&audited, entries, BufReader::with_capacity(1 << 20, openings))
        .map_err(|error| of_error(Kind::Integrity, &error, error.help()))?;
    told(&report, trusted.witnessed, printer)
}

fn told(report: &AuditReport, witnessed: bool, printer: &mut Printer) -> Result<(), Error> {
    if !report.same() {
        if report.destroyed > 0 {
            printer.note(&format!(
                "{}, with a tombstone that says so; an extract made before that cannot be made again from openings written \
                 after it, and differs for that alone: take the openings of its time, or an extract made since",
                without_opening(report.destroyed)
            ));
        }
        let parts = report.differences.iter().map(in_words).collect();
        return Err(Error::new(
            Kind::Integrity,
            format!("the extract is not what the ledger gives: {}", counted(report.differences_count, "difference")),
        )
        .with_parts(parts)
        .with_help("keep ledger, openings and extract: together they show who was left out, added or re-dated"));
    }
    let acts = |number| counted(number, "act");
    printer.line(&format!("entries    {}, each opens or has a tombstone", grouped(report.entries)))?;
    printer.line(&format!(
        "extract    made again from {} entries, byte for byte: {}, {} provisional",
        grouped(report.size),
        acts(report.acts),
        grouped(report.provisional)
    ))?;
    printer.line(&format!("void       {}; {}", acts(report.voided), without_opening(report.destroyed)))?;
    match report.entered {
        Some(index) => printer.line(&format!("entered    at place {} of the ledger", grouped(index)))?,
        None => printer.note("the extract's own entry is not among those read: the openings were made before it was entered"),
    }
    if witnessed { Ok(()) } else { Err(Error::new(Kind::NotWitnessed, "not witnessed: others may be shown another ledger")) }
}

fn without_opening(number: u64) -> String {
    if number == 1 { "1 entry lost its opening".to_owned() } else { format!("{} entries lost their opening", grouped(number)) }
}

fn in_words(difference: &Difference) -> String {
    match difference {
        Difference::Header { field } => format!("the header says something else in `{field}`"),
        Difference::Row { row } => format!("row {row} of the extract: the ledger gives no such row"),
        Difference::NoRow { before } => format!("before row {before} of the extract: a row is missing; somebody was left out"),
        Difference::Acts { row } => format!("row {row} of the extract has other acts than the ledger gives"),
        Difference::Time { entry } => format!("entry {entry} was recorded after the extract's tree, and dated into it"),
        _ => "the same rows, in another form".to_owned(),
    }
}
