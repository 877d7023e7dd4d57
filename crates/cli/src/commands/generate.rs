//! `bezwaar generate`: a made-up corpus to try things on.

use std::path::{Component, Path, PathBuf};

use bezwaar_core::time::Instant;

use crate::error::{Error, grouped};
use crate::inputs::parse_moment;
use crate::made::{Format, ITEMS_MAX, PEOPLE_MAX, Plan, SURGE_DAYS_MAX, SURGE_MAX, Surge, make, make_surge};
use crate::printer::Printer;

/// Make up a corpus: items, what people said about their use, and job files
///
/// The same arguments give the same bytes on every machine. Nobody real is in it: accounts lie beyond what services have given out, and
/// texts say nothing. Some items lack facts or name nobody, as real ones do.
#[derive(clap::Args, Debug)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Args {
    /// Choose among all corpora of this size
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Let there be so many people
    #[arg(long, value_name = "N", required_unless_present = "surge", value_parser = clap::value_parser!(u64).range(1..=PEOPLE_MAX))]
    people: Option<u64>,
    /// Let there be so many items
    #[arg(long, value_name = "N", required_unless_present = "surge", value_parser = clap::value_parser!(u64).range(0..=ITEMS_MAX))]
    items: Option<u64>,
    /// Make no corpus but a surge of so many objections, in the order they come
    #[arg(long, value_name = "N", conflicts_with_all = ["people", "items", "format", "objecting", "policies"], value_parser = clap::value_parser!(u64).range(1..=SURGE_MAX))]
    surge: Option<u64>,
    /// Let the surge last so many days
    #[arg(long, value_name = "N", requires = "surge", default_value_t = 31, value_parser = clap::value_parser!(u64).range(1..=SURGE_DAYS_MAX))]
    days: u64,
    /// Write into this folder
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Write items in this form
    #[arg(long, value_enum, default_value_t = Format::Items)]
    format: Format,
    /// Let nothing happen later than this
    #[arg(long, value_name = "INSTANT", default_value = "2026-06-01T00:00:00Z", value_parser = parse_moment)]
    through: Instant,
    /// Let this share of people object, from 0 to 1
    #[arg(long, value_name = "SHARE", default_value = "0.05", value_parser = parse_share)]
    objecting: u64,
    /// Let the job files name this folder of policies
    #[arg(long, value_name = "DIR", default_value = "policies")]
    policies: PathBuf,
}

const EXAMPLES: &str = "\
Examples:
  Make a small corpus, and decide about it:
    bezwaar generate --people 1000 --items 10000 --out out/made
    bezwaar decide --policies policies --choices out/made/choices.jsonl --use meta/public-content \\
      --recipient meta-ai --at 2026-06-01T00:00:00Z --output-format human out/made/items.jsonl | tail

  Make ten million items as a platform's dump, with the job files that gate them:
    bezwaar generate --seed 7 --people 500000 --items 10000000 --format jsonl --out out/dump

  Make as many objections as the NHS in England got in one month, and see how a register takes them:
    bezwaar generate --surge 1340000 --days 31 --out out/surge
    bezwaar register import out/register out/surge/choices.jsonl";

/// Reads a share exactly, as millionths.
fn parse_share(text: &str) -> Result<u64, String> {
    let wrong = || "not a share: write a number from 0 to 1 with at most six decimals, such as `0.05`".to_owned();
    let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || decimals.len() > 6 || !digits(whole) || !digits(decimals) {
        return Err(wrong());
    }
    let ppm = whole.parse::<u64>().ok().zip(format!("{decimals:0<6}").parse::<u64>().ok());
    ppm.and_then(|(whole, decimals)| whole.checked_mul(1_000_000)?.checked_add(decimals)).filter(|ppm| *ppm <= 1_000_000).ok_or_else(wrong)
}

pub(crate) fn run(args: &Args, printer: &mut Printer) -> Result<(), Error> {
    if let Some(choices) = args.surge {
        let surge = Surge { choices, days: args.days };
        let acts = make_surge(args.seed, args.through, surge, &args.out, printer)?;
        printer.note(&format!("made {} objections of {} days in `{}`", grouped(acts), args.days, args.out.display()));
        return Ok(());
    }
    let (people, items) = (args.people.unwrap_or(1), args.items.unwrap_or_default());
    let plan = Plan {
        seed: args.seed,
        people,
        items,
        format: args.format,
        through: args.through,
        objecting_ppm: args.objecting,
        policies: from_folder(&args.policies, &args.out),
    };
    let made = make(&plan, &args.out, printer)?;
    let (items, people, acts) = (grouped(made.items), grouped(people), grouped(made.acts));
    printer.note(&format!("made {items} items of {people} people and {acts} acts in `{}`", args.out.display()));
    Ok(())
}

/// A path as it reads from inside a folder, when both are below where we are; else the path in full.
fn from_folder(path: &Path, folder: &Path) -> String {
    let below = |path: &Path| path.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
    let found = if below(path) && below(folder) {
        let up = folder.components().filter(|part| matches!(part, Component::Normal(_))).map(|_| Path::new(".."));
        up.chain([path]).collect()
    } else {
        std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
    };
    found.display().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_read_exactly() {
        for (text, expect) in [("0", 0), ("1", 1_000_000), ("0.05", 50_000), ("0.000001", 1), ("1.0", 1_000_000)] {
            assert_eq!(parse_share(text), Ok(expect), "{text}");
        }
        for text in ["", "1.000001", "2", "-0.1", "5%", ".5", "0.0000001", "1e-3"] {
            assert!(parse_share(text).is_err(), "{text}");
        }
    }

    #[test]
    fn policies_are_named_from_inside_the_folder() {
        assert_eq!(from_folder(Path::new("policies"), Path::new("./out/made")), "../../policies");
        assert_eq!(from_folder(Path::new("/p"), Path::new("out")), "/p");
        assert!(Path::new(&from_folder(Path::new("../p"), Path::new("out"))).is_absolute());
    }
}
