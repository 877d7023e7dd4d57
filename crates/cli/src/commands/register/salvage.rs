//! `bezwaar register salvage`: going on after a restore from an old backup.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use bezwaar_ledger::opening::{OPENING_LINE_BYTES_MAX, Opening, OpeningLines};
use bezwaar_ledger::receipt::Receipt;
use bezwaar_ledger::tlog::proof_file::ProofFile;
use bezwaar_register::engine::{Register, Salvaged};
use bezwaar_register::folder;

use crate::error::{Error, Kind, count, grouped};
use crate::printer::Printer;
use crate::site::{SiteArgs, of_error, of_register, parts};

/// Put back what was published since a backup, after it was restored
///
/// Entries and documents come from the register's public folder (or a mirror of it, put in its place), checked against the newest tree that was signed. What they say comes
/// from files of openings and from people's receipts. What was erased since is not put back. While an entry is left without its opening, no extract is made: exit code 4.
/// More receipts may turn up later: write the openings there are, restore the same backup again, and give all of them.
#[derive(clap::Args, Debug)]
#[command(after_long_help = EXAMPLES)]
pub(super) struct Args {
    #[command(flatten)]
    site: SiteArgs,
    /// Take openings from these: files of openings, and receipts
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
}

const EXAMPLES: &str = "\
Examples:
  After the newest backup was restored, with an auditor's openings and receipts people sent:
    bezwaar register salvage /srv/register openings.jsonl receipts/*.tlog-proof";

pub(super) fn run(args: &Args, printer: &mut Printer) -> Result<(), Error> {
    let mut openings = BTreeMap::new();
    for path in &args.files {
        read(path, &mut openings)?;
    }
    let folder = &args.site.register;
    let settings = folder::settings(folder, &parts()).map_err(|error| of_register(&error))?;
    let store = folder::open_store(folder, &settings, false).map_err(|error| of_register(&error))?;
    let salvaged = Register::salvage(&settings.place(folder), store, parts(), &openings).map_err(|error| of_register(&error))?;
    // Opening it does the erasures again that the backup has forgotten, and says how many.
    let mut site = args.site.open_without_lost_keys(printer)?;
    site.publish()?;
    // Also what an earlier try could not open: whoever salvages again must not be told that all is well.
    let unopened = site.register.unopened().map_err(|error| of_register(&error))?;
    told(&salvaged, &unopened, printer)
}

fn told(salvaged: &Salvaged, unopened: &[u64], printer: &mut Printer) -> Result<(), Error> {
    printer.line(&format!("entries    {} put back", grouped(salvaged.entries)))?;
    printer.line(&format!("openings   {} of them", grouped(salvaged.openings)))?;
    if !salvaged.unfit.is_empty() {
        printer.note(&format!(
            "{} offered did not open their entries: they were changed, or are of another ledger",
            count(salvaged.unfit.len(), "opening")
        ));
    }
    if salvaged.entries > 0 {
        printer.note(
            "aliases, the list and notices are as old as the backup: learn the aliases again; do not import acts again that were filed and erased since: they are not recognised",
        );
    }
    if unopened.is_empty() {
        return Ok(());
    }
    let first: Vec<String> = unopened.iter().take(10).map(u64::to_string).collect();
    let entries = count(unopened.len(), "entry").replace("entrys", "entries");
    let sentence = format!("{entries} without what they say, among them {}", first.join(", "));
    Err(Error::new(Kind::Incomplete, sentence)
        .with_help("no extract is made until they are back: ask for people's receipts and for openings, restore the backup again, and salvage with all of them"))
}

fn read(path: &Path, openings: &mut BTreeMap<u64, Opening>) -> Result<(), Error> {
    let failed = |error: std::io::Error| Error::cannot_read(path, &error);
    let wrong = |error: &(dyn std::error::Error + 'static), help: &str| {
        let error = of_error(Kind::User, error, help);
        Error::user(format!("`{}`: {}", path.display(), error.sentence())).with_help(help.to_owned())
    };
    let mut file = BufReader::with_capacity(1 << 20, std::fs::File::open(path).map_err(failed)?);
    if !file.fill_buf().map_err(failed)?.starts_with(b"{\"format\":\"bezwaar-openings/") {
        let bytes = std::fs::read(path).map_err(failed)?;
        let receipt = Receipt::from_bytes(&bytes).map_err(|error| wrong(&error, error.help()))?;
        let proof = ProofFile::parse(&bytes).map_err(|error| wrong(&error, error.help()))?;
        let claim = receipt.claim();
        let opening = Opening { index: proof.index(), kind: claim.kind, salt: claim.salt, body: claim.body.clone() };
        openings.insert(opening.index, opening);
        return Ok(());
    }
    let mut line = String::new();
    let mut next = |line: &mut String| {
        use std::io::Read as _;
        line.clear();
        let read = (&mut file).take(OPENING_LINE_BYTES_MAX as u64 + 2).read_line(line).map_err(failed)?;
        Ok::<bool, Error>(read > 0)
    };
    next(&mut line)?;
    let mut lines = OpeningLines::begin(line.trim_end_matches('\n')).map_err(|error| wrong(&error, error.help()))?;
    while next(&mut line)? {
        let opening = lines.line(line.trim_end_matches('\n')).map_err(|error| wrong(&error, error.help()))?;
        openings.insert(opening.index, opening);
    }
    Ok(())
}
