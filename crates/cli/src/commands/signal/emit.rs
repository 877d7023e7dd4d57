//! `bezwaar signal emit`: what a policy says, in the standards' words.

use std::path::PathBuf;

use bezwaar_signal::{Emission, Unsaid, emit};
use clap::ValueEnum;
use serde::Serialize;

use crate::commands::OutputFormat;
use crate::commands::policy;
use crate::error::Error;
use crate::policies;
use crate::printer::Printer;

/// Say in the standards' words what a policy says, as far as they have words for it
///
/// A yes is never emitted: it would speak for people who said nothing. What cannot be said is listed with the reason.
#[derive(clap::Args, Debug)]
#[command(after_long_help = EXAMPLES)]
pub(super) struct Args {
    /// Read the policies in this folder
    #[arg(long, value_name = "DIR")]
    policies: PathBuf,
    /// Write only this, as it is to be served
    #[arg(long, value_enum, value_name = "PART")]
    part: Option<Part>,
    /// Write the whole in this form
    #[arg(long, value_enum, default_value_t = OutputFormat::Human, value_name = "FORMAT", conflicts_with = "part")]
    output_format: OutputFormat,
    /// Of this policy; without a version, the newest
    #[arg(value_name = "ID[@VERSION]")]
    policy: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Part {
    /// The Content-Usage field for pages of everyone
    Header,
    /// The Content-Usage field for pages of a person who said no
    ObjectedHeader,
    /// Lines for robots.txt
    Robots,
    /// /.well-known/gpc.json
    Gpc,
    /// /.well-known/tdmrep.json
    Tdmrep,
}

const EXAMPLES: &str = "\
Examples:
  See what can be said for a policy, and what cannot:
    bezwaar signal emit --policies policies x

  Write the file that says whether Global Privacy Control is honoured:
    bezwaar signal emit --policies policies --part gpc x > gpc.json";

#[derive(Serialize)]
struct Whole<'a> {
    policy: &'a str,
    version: &'a str,
    content_usage: Option<&'a str>,
    content_usage_objected: Option<&'a str>,
    robots: &'a [String],
    gpc: Option<&'a str>,
    tdmrep: Option<&'a str>,
    unsaid: &'a [Unsaid],
}

pub(super) fn run(args: &Args, printer: &mut Printer) -> Result<(), Error> {
    let policies = policies::load(&args.policies, printer)?;
    let (policy, version) = policy::find(&policies, &args.policy)?;
    let emission = emit(version);
    if let Some(part) = args.part {
        return one(part, &emission, printer);
    }
    if args.output_format == OutputFormat::Json {
        let whole = Whole {
            policy: &policy.id,
            version: &version.id,
            content_usage: emission.content_usage.as_deref(),
            content_usage_objected: emission.content_usage_objected.as_deref(),
            robots: &emission.robots,
            gpc: emission.gpc.as_deref(),
            tdmrep: emission.tdmrep.as_deref(),
            unsaid: &emission.unsaid,
        };
        let text = serde_json::to_string(&whole).map_err(|_| Error::internal("an emission could not be written"))?;
        return printer.line(&text);
    }
    printer.line(&format!("{} ({}@{})", version.title, policy.id, version.id))?;
    for part in [Part::Header, Part::ObjectedHeader, Part::Robots, Part::Gpc, Part::Tdmrep] {
        printer.line("")?;
        printer.line(heading(part))?;
        let lines = lines(part, &emission);
        if lines.is_empty() {
            printer.line("  nothing can be said")?;
        }
        for line in lines {
            printer.line(&format!("  {line}"))?;
        }
    }
    printer.line("")?;
    printer.line("Not said")?;
    for one in &emission.unsaid {
        printer.line(&format!("  {}: {}; {}", one.standard, one.what, one.why))?;
    }
    Ok(())
}

fn heading(part: Part) -> &'static str {
    match part {
        Part::Header => "Field, pages of everyone",
        Part::ObjectedHeader => "Field, pages of a person who said no to third parties",
        Part::Robots => "robots.txt",
        Part::Gpc => "/.well-known/gpc.json",
        Part::Tdmrep => "/.well-known/tdmrep.json",
    }
}

fn lines(part: Part, emission: &Emission) -> Vec<String> {
    let field = |value: &Option<String>| value.iter().map(|value| format!("Content-Usage: {value}")).collect();
    match part {
        Part::Header => field(&emission.content_usage),
        Part::ObjectedHeader => field(&emission.content_usage_objected),
        Part::Robots => emission.robots.clone(),
        Part::Gpc => emission.gpc.iter().cloned().collect(),
        Part::Tdmrep => emission.tdmrep.iter().cloned().collect(),
    }
}

fn one(part: Part, emission: &Emission, printer: &mut Printer) -> Result<(), Error> {
    let lines = lines(part, emission);
    if lines.is_empty() {
        let help = "run the command without `--part` to see why";
        return Err(Error::user("the policy says nothing that this can say").with_help(help));
    }
    lines.iter().try_for_each(|line| printer.line(line))
}
