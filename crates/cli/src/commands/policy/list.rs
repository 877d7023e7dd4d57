//! `bezwaar policy list`: the versions of all policies.

use std::path::PathBuf;

use clap::ValueEnum;
use serde::Serialize;

use crate::error::Error;
use crate::policies;
use crate::printer::{Printer, visible};

/// List the versions of all policies
///
/// Reading them checks them too: with a problem in any file, all problems are shown and nothing is listed.
#[derive(clap::Args, Debug)]
#[command(after_long_help = EXAMPLES)]
pub(super) struct Args {
    /// Read the policies in this folder
    #[arg(long, value_name = "DIR")]
    policies: PathBuf,
    /// Write the list in this form
    #[arg(long, value_enum, default_value_t = OutputFormat::Human, value_name = "FORMAT")]
    output_format: OutputFormat,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum OutputFormat {
    /// A table
    Human,
    /// JSON Lines, one version each
    Json,
}

const EXAMPLES: &str = "\
Examples:
  Check a folder of policies, and see what is in it:
    bezwaar policy list --policies policies";

/// A version as a line of JSON.
#[derive(Serialize)]
struct Listed<'a> {
    policy: &'a str,
    version: &'a str,
    effective: String,
    zone: &'a str,
    title: &'a str,
    uses: Vec<&'a str>,
    summary: &'a str,
}

pub(super) fn run(args: &Args, printer: &mut Printer) -> Result<(), Error> {
    let policies = policies::load(&args.policies, printer)?;
    let versions = policies.policies.values().flat_map(|policy| policy.versions.iter().map(move |version| (policy, version)));
    if args.output_format == OutputFormat::Json {
        for (policy, version) in versions {
            let listed = Listed {
                policy: &policy.id,
                version: &version.id,
                effective: version.effective.to_string(),
                zone: version.zone.name(),
                title: &version.title,
                uses: version.uses.iter().map(|one| one.id.as_str()).collect(),
                summary: &version.summary,
            };
            let line = serde_json::to_string(&listed).map_err(|_| Error::internal("a version could not be written"))?;
            printer.line(&line)?;
        }
        return Ok(());
    }
    let rows: Vec<[String; 5]> = versions
        .map(|(policy, version)| {
            let (uses, effective) = (version.uses.len().to_string(), version.effective.to_string());
            [policy.id.clone(), version.id.clone(), effective, uses, version.summary.clone()]
        })
        .collect();
    table(["policy", "version", "effective", "uses", "summary"], &rows, printer)
}

/// Columns under their heads; the last one takes what is left.
fn table(heads: [&str; 5], rows: &[[String; 5]], printer: &mut Printer) -> Result<(), Error> {
    let heads = heads.map(str::to_owned);
    let width = |column: usize| -> usize {
        let cells = rows.iter().chain([&heads]).filter_map(|row| row.get(column));
        cells.map(|cell| visible(cell).chars().count()).max().unwrap_or_default()
    };
    let widths: Vec<usize> = (0..heads.len() - 1).map(width).collect();
    for row in [&heads].into_iter().chain(rows) {
        let mut line = String::new();
        for (place, cell) in row.iter().enumerate() {
            let cell = visible(cell);
            match widths.get(place) {
                Some(width) => line.push_str(&format!("{cell:<width$}  ")),
                None => line.push_str(&cell),
            }
        }
        printer.line(line.trim_end())?;
    }
    Ok(())
}
