//! `bezwaar signal`: preference signals, in and out.

mod acts;
mod emit;
mod read;

use std::path::{Path, PathBuf};

use bezwaar_signal::{Kind, Read, check_input, read_fields, read_record, read_robots, read_tdmrep};
use clap::{Subcommand, ValueEnum};

use crate::error::Error;
use crate::printer::{Printer, visible};

/// Read preference signals, make acts of them, or emit them
///
/// A signal is a line for machines by which a person says how their content may be reused. Any no wins; what cannot be read counts as a
/// no; a yes opens nothing, and a signal that is gone means nothing.
#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Read(read::Args),
    Acts(acts::Args),
    Emit(emit::Args),
}

pub(crate) fn run(args: &Args, printer: &mut Printer) -> Result<(), Error> {
    match &args.command {
        Command::Read(args) => read::run(args, printer),
        Command::Acts(args) => acts::run(args, printer),
        Command::Emit(args) => emit::run(args, printer),
    }
}

/// What a file of signals is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Source {
    /// HTTP fields of a request or response: Content-Usage, Sec-GPC, tdm-reservation
    Header,
    /// robots.txt with Content-Usage rules
    Robots,
    /// /.well-known/tdmrep.json
    Tdmrep,
    /// A record of intents in a person's own repository (Bluesky)
    Bluesky,
}

impl Source {
    fn kind(self) -> Kind {
        match self {
            Source::Header => Kind::Fields,
            Source::Robots => Kind::Robots,
            Source::Tdmrep => Kind::Tdmrep,
            Source::Bluesky => Kind::Record,
        }
    }

    fn word(self) -> &'static str {
        match self {
            Source::Header => "header",
            Source::Robots => "robots",
            Source::Tdmrep => "tdmrep",
            Source::Bluesky => "bluesky",
        }
    }
}

/// Which file, and what of it counts.
#[derive(clap::Args, Debug)]
struct Input {
    /// Read the file as this
    #[arg(long, value_enum, value_name = "KIND")]
    kind: Source,
    /// Let only the rules for this path count (robots, tdmrep); without it, all rules of the file
    #[arg(long, value_name = "PATH", value_parser = parse_path)]
    path: Option<String>,
    /// Let the rules for this crawler count; one no group names, when left out (robots with a path)
    #[arg(long, value_name = "NAME", requires = "path")]
    agent: Option<String>,
    /// Read this file
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

/// What was read, and whether the path may be fetched at all.
struct Found {
    read: Read,
    crawl: bool,
    /// Whether it has rules for paths.
    by_path: bool,
    /// For a path: only these count.
    counts: Option<Vec<bezwaar_signal::Statement>>,
}

impl Input {
    fn load(&self, printer: &mut Printer) -> Result<Found, Error> {
        let bytes = std::fs::read(&self.file).map_err(|error| Error::cannot_read(&self.file, &error))?;
        let path = self.path.as_deref();
        if path.is_some() && !matches!(self.kind, Source::Robots | Source::Tdmrep) {
            return Err(Error::user("only robots.txt and tdmrep.json have rules for paths").with_help("leave `--path` out"));
        }
        check_input(self.kind.kind(), &bytes).map_err(|error| {
            let message = format!("`{}` cannot be read as `--kind {}`: {error}", self.file.display(), self.kind.word());
            Error::user(message).with_help(error.help())
        })?;
        let text = String::from_utf8_lossy(&bytes);
        let mut unheard = Vec::new();
        let found = match self.kind {
            Source::Header => Found { read: read_fields(&text), crawl: true, by_path: false, counts: None },
            Source::Tdmrep => Found { read: read_tdmrep(&text, path), crawl: true, by_path: true, counts: None },
            Source::Bluesky => Found { read: read_record(&text), crawl: true, by_path: false, counts: None },
            Source::Robots => {
                let robots = read_robots(&bytes);
                let rules = path.map(|path| robots.at(self.agent.as_deref().unwrap_or("*"), path));
                unheard = rules.as_ref().map(|rules| rules.unheard.clone()).unwrap_or_default();
                let crawl = rules.as_ref().is_none_or(|rules| rules.crawl);
                Found { read: robots.read().clone(), crawl, by_path: true, counts: rules.map(|rules| rules.statements) }
            }
        };
        printer.line_notes(&shown(&self.file), found.read.notes());
        if !found.crawl {
            printer.note("this path may not be fetched at all (`Disallow`); the standard gives it no preferences");
        }
        if !unheard.is_empty() {
            let about: Vec<&str> = unheard.iter().map(|category| shown_category(category)).collect();
            let about = visible(&about.join(", ")).into_owned();
            printer.note(&format!(
                "the `*` group says no to {about}; this crawler's own group is silent, and by the standard only that one counts"
            ));
        }
        Ok(found)
    }
}

impl Found {
    fn statements(&self) -> &[bezwaar_signal::Statement] {
        self.counts.as_deref().unwrap_or(self.read.statements())
    }
}

fn shown_category(category: &str) -> &str {
    if category == bezwaar_signal::EVERYTHING { "everything" } else { category }
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}

fn parse_path(text: &str) -> Result<String, String> {
    if !text.starts_with('/') {
        return Err("a path begins with `/`".to_owned());
    }
    if text.len() > bezwaar_signal::PATH_BYTES_MAX {
        return Err(format!("a path has at most {} bytes", bezwaar_signal::PATH_BYTES_MAX));
    }
    Ok(text.to_owned())
}
