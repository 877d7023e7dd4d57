//! `bezwaar serve`: the portal.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bezwaar_ledger::tlog::policy::TrustPolicy;
use bezwaar_letter::contacts::{Contacts, read_contacts};
use bezwaar_letter::holidays::Holidays;
use bezwaar_register::keys::{Purpose, verifiers};
use bezwaar_register::randomness::Randomness as _;
use bezwaar_server::portal::secrets::Secrets;
use bezwaar_server::portal::settings::{SETTINGS_FILE, Settings};
use bezwaar_server::portal::speech::Speeches;
use bezwaar_server::portal::{Parts, Portal};
use serde::Serialize;

use super::verify::read_policy;
use crate::clock::now;
use crate::error::{Error, Kind};
use crate::policies;
use crate::printer::{Printer, trace};
use crate::site::{SiteArgs, SystemRandom, of_error, of_register};

/// Serve the portal: the pages people object on, and what other programs call
///
/// Reads `portal.toml` in the register's folder. Prints one line of JSON when it is ready, and then answers until it is told to stop by SIGTERM or SIGINT. It holds the
/// register open: other commands that write to it wait until it has stopped. It speaks no TLS: a reverse proxy stands before it.
#[derive(clap::Args, Debug)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(flatten)]
    site: SiteArgs,
    /// Read these settings instead of the `portal.toml` in the register's folder
    #[arg(long, value_name = "FILE")]
    settings: Option<PathBuf>,
    /// Listen here, and not where the settings say; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS:PORT")]
    listen: Option<SocketAddr>,
}

const EXAMPLES: &str = "\
Examples:
  Serve the portal of a register:
    bezwaar serve register
  Try it on this machine, on a free port:
    bezwaar serve register --settings portal.toml --listen 127.0.0.1:0";

/// The first line, and the only one.
#[derive(Serialize)]
struct Ready {
    listening: SocketAddr,
    base_url: String,
}

pub(crate) fn run(args: &Args, printer: &mut Printer) -> Result<(), Error> {
    let path = args.settings.clone().unwrap_or_else(|| args.site.register.join(SETTINGS_FILE));
    let text = std::fs::read_to_string(&path).map_err(|error| Error::cannot_read(&path, &error))?;
    let settings = Settings::parse(&text).map_err(|error| {
        Error::user(format!("`{}` cannot be used", path.display())).with_parts(error.problems.clone()).with_help(error.help())
    })?;
    let beside = path.parent().unwrap_or_else(|| Path::new("")).to_owned();
    let folder = beside.join(&settings.policies.folder);
    let policies = policies::load(&folder, printer)?;
    let speeches = speeches(&settings, &beside, &folder)?;
    let contacts = contacts(&folder, printer)?;
    let site = args.site.open(printer)?;
    let trust = trust(&site)?;
    let mut fresh = [0; 32];
    SystemRandom.fill(&mut fresh).map_err(|_| Error::internal("the system gives no random bytes"))?;
    let secrets =
        Secrets::of_folder(&site.folder, fresh).map_err(|error| Error::of_io("the portal's secret cannot be read or made", &error))?;
    let listen = args.listen.unwrap_or(settings.listen);
    if !listen.ip().is_loopback() {
        printer.note(
            "this is not an address of this machine alone, and the portal speaks no TLS: put a reverse proxy before it (docs/portal.md)",
        );
    }
    let holidays = Holidays::of_country(&settings.organisation.country, 2020..=2100).unwrap_or_else(|| {
        printer.note("the public holidays of this country are not known: answers are due on the day itself");
        Holidays::none()
    });
    let parts = Parts {
        folder: site.folder.clone(),
        beside,
        services: policies.services.clone(),
        operators: verifiers(&site.register.statements(), Purpose::Operator),
        settings: settings.clone(),
        policies,
        speeches,
        contacts,
        holidays,
        trust,
        secrets,
        clock: Arc::new(now),
        random: Box::new(SystemRandom),
        tracer: Arc::new(|line| trace("error", line)),
    };
    let portal = Portal::bind(listen, site.register, parts).map_err(|error| of_error(Kind::User, &error, error.help()))?;
    let ready = Ready { listening: portal.address(), base_url: settings.base_url };
    printer.line(&serde_json::to_string(&ready).map_err(|_| Error::internal("the first line could not be written"))?)?;
    printer.flush()?;
    portal.run(std::future::pending());
    Ok(())
}

fn speeches(settings: &Settings, beside: &Path, policies: &Path) -> Result<Speeches, Error> {
    let read = |path: &Path| std::fs::read_to_string(path).map_err(|error| Error::cannot_read(path, &error));
    let mut further = Vec::new();
    for path in &settings.texts {
        let path = beside.join(path);
        // `texts/portal.fr.toml` and `fr.toml` are both French.
        let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        let code = stem.rsplit('.').next().unwrap_or_default().to_owned();
        further.push((code, read(&path)?));
    }
    let mut words = BTreeMap::new();
    for code in &settings.languages {
        let path = policies.join(format!("words.{code}.toml"));
        if path.exists() {
            words.insert(code.clone(), read(&path)?);
        }
    }
    Speeches::of(&settings.languages, &further, &words)
        .map_err(|error| Error::user("the texts of a language cannot be used").with_parts(error.problems.clone()).with_help(error.help()))
}

/// The contact points beside the policies, or none.
fn contacts(policies: &Path, printer: &mut Printer) -> Result<Contacts, Error> {
    let path = policies.join("contacts.toml");
    if !path.exists() {
        printer.note("there is no `contacts.toml` beside the policies: the portal offers no letters, and names no supervisor");
        return Ok(Contacts::default());
    }
    let text = std::fs::read_to_string(&path).map_err(|error| Error::cannot_read(&path, &error))?;
    let name = path.display().to_string();
    read_contacts(&name, &text).map_err(|problems| Error::problems(problems, BTreeMap::from([(name, text)])))
}

/// What receipts are checked with: the witnesses the register names, or its own ledger alone.
fn trust(site: &crate::site::Site) -> Result<TrustPolicy, Error> {
    let own = || {
        let key = site.register.keys().ledger().map_err(|error| of_register(&error.into()))?;
        Ok(TrustPolicy::of_ledger(key.verifier().clone()))
    };
    let policy = match &site.settings.witnesses {
        Some(path) => read_policy(&site.folder.join(path))?,
        None => return own(),
    };
    Ok(policy.believing_unwitnessed())
}
