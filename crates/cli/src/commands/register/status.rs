//! `bezwaar register status`: what is on the ledger, without looking at anybody.

use std::collections::BTreeMap;

use bezwaar_ledger::entry::{Entry, EntryKind};
use bezwaar_register::intake::Intake;
use serde_json::json;

use super::intake::of_intake;
use crate::commands::OutputFormat;
use crate::error::{Error, Kind, grouped};
use crate::printer::Printer;
use crate::site::{SiteArgs, of_register};

/// Show how far the register is, and how many entries of each kind it has
#[derive(clap::Args, Debug)]
pub(super) struct Args {
    #[command(flatten)]
    site: SiteArgs,
    /// Print it in this form
    #[arg(long, value_enum, default_value_t = OutputFormat::Human, value_name = "FORMAT")]
    output_format: OutputFormat,
}

const AT_ONCE: usize = 65_536;

pub(super) fn run(args: &Args, printer: &mut Printer) -> Result<(), Error> {
    let mut site = args.site.open_without_lost_keys(printer)?;
    let unfinished = Intake::new(site.register.writer()).unfinished_import().map_err(|error| of_intake("", error))?;
    let mut reader = site.register.reader().map_err(|error| of_register(&error))?;
    let mut counts: BTreeMap<EntryKind, u64> = BTreeMap::new();
    let (mut size, mut last) = (0, None);
    loop {
        let entries = reader.entries(size, AT_ONCE).map_err(|error| of_register(&error))?;
        for bytes in &entries {
            let entry = Entry::from_bytes(bytes).map_err(|error| Error::new(Kind::Integrity, error.to_string()))?;
            *counts.entry(entry.kind).or_default() += 1;
            last = Some(entry.recorded_at);
        }
        size += entries.len() as u64;
        if entries.len() < AT_ONCE {
            break;
        }
    }
    let published = reader.published().map_or(0, |checkpoint| checkpoint.unverified().size());
    let last = last.map_or_else(|| "-".to_owned(), |at| at.to_string());
    if args.output_format == OutputFormat::Json {
        let by_kind: BTreeMap<&str, u64> = counts.iter().map(|(kind, count)| (kind.as_str(), *count)).collect();
        let value = json!({"origin": site.settings.origin, "entries": size, "published": published, "last_recorded_at": last, "kinds": by_kind,
                "unfinished_import": unfinished.map(|one| json!({"file": one.file, "filed": one.filed, "acts": one.acts, "begun_at": one.begun_at.to_string()}))});
        return printer.line(&value.to_string());
    }
    printer.line(&format!("ledger        {}", site.settings.origin))?;
    printer.line(&format!("entries       {}, {} of them published", grouped(size), grouped(published)))?;
    printer.line(&format!("last entry    {last}"))?;
    for (kind, count) in counts {
        printer.line(&format!("  {:<18}{:>12}", kind.as_str(), grouped(count)))?;
    }
    if let Some(one) = unfinished {
        let (filed, acts) = (grouped(one.filed), grouped(one.acts));
        printer.line(&format!(
            "import        UNFINISHED: {filed} of {acts} acts at least are filed, of the file {} begun at {}",
            one.file, one.begun_at
        ))?;
        printer.note("import the same file again: what is filed already is recognised");
    }
    let witnesses = site
        .settings
        .witnesses
        .as_ref()
        .map_or("none named: others may be shown another ledger".to_owned(), |path| path.display().to_string());
    printer.line(&format!("witnesses     {witnesses}"))
}
