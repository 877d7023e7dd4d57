//! `bezwaar register init`: a new register. `bezwaar register policy`: new versions of policies.

use std::path::{Component, Path, PathBuf};

use bezwaar_gate::read_policy_folder;
use bezwaar_ledger::entry::EntryKind;
use bezwaar_register::engine::{NewRecord, Register};
use bezwaar_register::folder;
use bezwaar_register::keys::{Purpose, verifiers};
use bezwaar_register::settings::{Settings, StoreKind};

use crate::clock::now;
use crate::error::{Error, Kind, count};
use crate::files::{Readers, write_file};
use crate::policies;
use crate::printer::Printer;
use crate::site::{SiteArgs, of_register, parts, policies_folder};

/// The trust policy of a new register, which names no witness.
pub(crate) const TRUST_FILE: &str = "trust.policy";
/// The public half of the operator's key.
pub(crate) const OPERATOR_FILE: &str = "operator.vkey";

/// Make a new register
///
/// Make keys, a store, the first entries of the ledger (what the keys are), and the public folder. What an earlier try left half done is
/// finished. The anchor should lie on another disk or machine, with somebody else if possible.
#[derive(clap::Args, Debug)]
#[command(after_long_help = EXAMPLES)]
pub(super) struct Args {
    /// Make it in this folder
    #[arg(value_name = "DIR")]
    register: PathBuf,
    /// Name the ledger for ever: an address of yours without its scheme, such as `register.example/objections`
    #[arg(long, value_name = "NAME")]
    origin: String,
    /// Keep the anchor in this folder, outside the register
    #[arg(long, value_name = "DIR")]
    anchor: PathBuf,
    /// Name the domain within which gates share keyed names
    #[arg(long, value_name = "NAME", default_value = "local")]
    domain: String,
    /// Copy the policies of this folder into the register and enter every version on the ledger
    #[arg(long, value_name = "DIR")]
    policies: Option<PathBuf>,
    /// Keep the data in PostgreSQL, reached by this connection string; in the folder when left out
    #[arg(long, value_name = "CONNECTION")]
    postgres: Option<String>,
}

const EXAMPLES: &str = "\
Examples:
  Make a register whose anchor lies on another disk:
    bezwaar register init /srv/register --origin register.example/objections \\
      --anchor /mnt/other/anchor --policies policies";

/// Enter new versions of policies on the ledger
///
/// A version is entered before its first run, so that nobody can say later that the policy was another. Versions that are on the ledger already
/// are passed over; a version that was changed is a new entry, and the note says so.
#[derive(clap::Args, Debug)]
pub(super) struct PolicyArgs {
    #[command(flatten)]
    site: SiteArgs,
    /// Take the policies of this folder
    #[arg(value_name = "POLICIES")]
    policies: PathBuf,
}

pub(super) fn run(args: &Args, printer: &mut Printer) -> Result<(), Error> {
    if let Some(folder) = &args.policies {
        // All problems of the policies are told before anything is made.
        policies::load(folder, printer)?;
    }
    let anchor = std::path::absolute(&args.anchor).map_err(|error| Error::cannot_read(&args.anchor, &error))?;
    if is_inside(&anchor, &args.register) {
        let sentence = "the anchor is inside the register's folder: whoever restores or loses one would restore or lose the other";
        return Err(Error::new(Kind::Usage, sentence).with_help("name a folder outside it, on another disk or machine"));
    }
    let settings = Settings {
        origin: args.origin.clone(),
        domain: args.domain.clone(),
        store: args.postgres.clone().map_or(StoreKind::Sqlite, |url| StoreKind::Postgres { url }),
        anchor,
        witnesses: None,
        covers: Vec::new(),
    };
    let mut register = folder::create(&args.register, &settings, parts(), now()).map_err(|error| of_register(&error))?;
    write_public(&register)?;
    let entered = match &args.policies {
        Some(folder) => enter_policies(&mut register, folder, &args.register)?,
        None => 0,
    };
    printer.line(&format!("register   {}", args.register.display()))?;
    printer.line(&format!("ledger     {}", settings.origin))?;
    printer.line(&format!("public     {}", register.place().public().display()))?;
    printer.line(&format!("anchor     {}", settings.anchor.display()))?;
    printer.line(&format!("policies   {entered} entered"))?;
    printer.note("keep a copy of `keys/vault.key` where the backups are not: without it no opening can be read again");
    printer.note("no witness is named yet: others may be shown another ledger; see docs/witness.md");
    Ok(())
}

/// Whether a path is within a folder, wherever links lead; neither need be there yet.
fn is_inside(path: &Path, folder: &Path) -> bool {
    let real = |path: &Path| {
        let full = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        // What is not there yet has no links in it.
        let there = full.ancestors().find_map(|there| Some((there.canonicalize().ok()?, full.strip_prefix(there).ok()?.to_owned())));
        let (mut real, rest) = there.unwrap_or_default();
        for part in rest.components() {
            match part {
                Component::ParentDir => drop(real.pop()),
                part => real.push(part),
            }
        }
        real
    };
    real(path).starts_with(real(folder))
}

pub(super) fn policy(args: &PolicyArgs, printer: &mut Printer) -> Result<(), Error> {
    policies::load(&args.policies, printer)?;
    let mut site = args.site.open(printer)?;
    let entered = enter_policies(&mut site.register, &args.policies, &args.site.register)?;
    printer.line(&format!("{} entered", count(entered, "version")))
}

/// What verifiers need, beside the ledger: which key signs checkpoints, and which the rest.
pub(crate) fn write_public(register: &Register) -> Result<(), Error> {
    let public = register.place().public();
    let statements = register.statements();
    let newest = |purpose| verifiers(&statements, purpose).first().map(ToString::to_string).unwrap_or_default();
    let trust = format!(
        "# Who is believed about this ledger: whoever signs with this key. Add witnesses and a quorum, or others may be shown another ledger.\n\
         log {}\nquorum none\n",
        newest(Purpose::Ledger)
    );
    let path = public.join(TRUST_FILE);
    match std::fs::read_to_string(&path) {
        // Somebody may have added witnesses to it. A new key of the ledger goes in front; the old one stays, for what was signed with it.
        Ok(there) if !there.contains(&newest(Purpose::Ledger)) => {
            write_file(&path, format!("log {}\n{there}", newest(Purpose::Ledger)).as_bytes(), Readers::Anyone)?;
        }
        Ok(_) => {}
        Err(_) => write_file(&path, trust.as_bytes(), Readers::Anyone)?,
    }
    let operators: String = verifiers(&statements, Purpose::Operator).iter().map(|key| format!("{key}\n")).collect();
    write_file(&public.join(OPERATOR_FILE), operators.as_bytes(), Readers::Anyone)
}

/// Enters every version of the folder's policies that is not on the ledger, keeps a copy of them in the register, and publishes.
fn enter_policies(register: &mut Register, policies: &Path, folder: &Path) -> Result<usize, Error> {
    let (files, services) = read_policy_folder(policies).map_err(Error::from)?;
    // How services write names decides who is matched, so it is entered like a policy.
    let texts = files.iter().map(|file| &file.text).chain(services.iter().map(|(_, text)| text));
    let records: Vec<NewRecord> =
        texts.map(|text| NewRecord::Document { kind: EntryKind::Policy, bytes: text.clone().into_bytes() }).collect();
    let known = known_policies(register)?;
    let new: Vec<NewRecord> =
        records.into_iter().filter(|record| !matches!(record, NewRecord::Document { bytes, .. } if known.contains(bytes))).collect();
    if !new.is_empty() {
        register.append(&new, now()).map_err(|error| of_register(&error))?;
    }
    register.publish().map_err(|error| of_register(&error))?;
    let own = policies_folder(folder);
    for file in &files {
        write_file(&own.join(&file.folder).join(format!("{}.toml", file.stem)), file.text.as_bytes(), Readers::Anyone)?;
    }
    if let Some((_, text)) = services {
        write_file(&own.join("services.toml"), text.as_bytes(), Readers::Anyone)?;
    }
    Ok(new.len())
}

/// The policies that are on the ledger, by their text.
pub(crate) fn known_policies(register: &Register) -> Result<std::collections::BTreeSet<Vec<u8>>, Error> {
    const AT_ONCE: usize = 16_384;
    let mut reader = register.reader().map_err(|error| of_register(&error))?;
    let mut known = std::collections::BTreeSet::new();
    let mut from = 0;
    loop {
        let entries = reader.entries(from, AT_ONCE).map_err(|error| of_register(&error))?;
        for (index, bytes) in (from..).zip(&entries) {
            if bytes.first() == Some(&(EntryKind::Policy as u8)) {
                known.extend(reader.document(index).map_err(|error| of_register(&error))?);
            }
        }
        from += entries.len() as u64;
        if entries.len() < AT_ONCE {
            return Ok(known);
        }
    }
}
