//! A register's folder, as the commands open it.

use std::path::{Path, PathBuf};

use bezwaar_core::account::{Account, Services};
use bezwaar_core::policy::PolicySet;
use bezwaar_register::engine::{Check, Opening, Parts, Register, RegisterError, Repair};
use bezwaar_register::randomness::{Randomness, RandomnessError};
use bezwaar_register::{folder, settings::Settings};

use crate::clock::now;
use crate::error::{Error, Kind, count};
use crate::policies;
use crate::printer::Printer;

/// The file in a register's folder that says how services write names.
const POLICIES_FOLDER: &str = "policies";

/// The system's random bytes.
pub(crate) struct SystemRandom;

impl Randomness for SystemRandom {
    fn fill(&mut self, buffer: &mut [u8]) -> Result<(), RandomnessError> {
        getrandom::fill(buffer).map_err(|_| RandomnessError)
    }
}

/// What the engine is given from outside.
pub(crate) fn parts() -> Parts {
    Parts::on_disk(Box::new(SystemRandom))
}

/// The register every command names first.
#[derive(clap::Args, Debug)]
pub(crate) struct SiteArgs {
    /// Use the register in this folder
    #[arg(value_name = "DIR")]
    pub(crate) register: PathBuf,
}

/// A register that is open.
pub(crate) struct Site {
    /// The register.
    pub(crate) register: Register,
    /// What stands in its `register.toml`.
    pub(crate) settings: Settings,
    /// Its folder.
    pub(crate) folder: PathBuf,
}

impl SiteArgs {
    /// Opens the register, and says what the opening put right.
    pub(crate) fn open(&self, printer: &mut Printer) -> Result<Site, Error> {
        self.open_with(Opening { check: Check::Quick, without_lost_keys: false }, printer)
    }

    /// As [`SiteArgs::open`], for what needs none of the keys that may be lost, or at most the ledger's: a lost key is named, and the rest goes on.
    pub(crate) fn open_without_lost_keys(&self, printer: &mut Printer) -> Result<Site, Error> {
        let site = self.open_with(Opening { check: Check::Quick, without_lost_keys: true }, printer)?;
        for purpose in site.register.keys().lost() {
            printer.note(&format!("the key `{}` is lost: see `bezwaar doctor`", purpose.as_str()));
        }
        Ok(site)
    }

    /// Opens the register so thoroughly.
    pub(crate) fn open_with(&self, opening: Opening, printer: &mut Printer) -> Result<Site, Error> {
        let (register, settings) = folder::open(&self.register, parts(), opening, now()).map_err(|error| of_register(&error))?;
        for repair in register.repairs() {
            printer.note(&repaired(*repair));
        }
        Ok(Site { register, settings, folder: self.register.clone() })
    }
}

impl Site {
    /// The policies the register was given, which say how services write names.
    pub(crate) fn policies(&self, printer: &mut Printer) -> Result<PolicySet, Error> {
        let folder = self.folder.join(POLICIES_FOLDER);
        if folder.is_dir() { policies::load(&folder, printer) } else { Ok(PolicySet::default()) }
    }

    /// Publishes what was entered.
    pub(crate) fn publish(&mut self) -> Result<(), Error> {
        self.register.publish().map(|_| ()).map_err(|error| of_register(&error))
    }
}

/// The folder of a register's own copy of its policies.
pub(crate) fn policies_folder(register: &Path) -> PathBuf {
    register.join(POLICIES_FOLDER)
}

/// Reads an account that was given as an argument. What is no account is not quoted: it may be somebody's name.
pub(crate) fn account(text: &str, services: &Services) -> Result<Account, Error> {
    services.parse(text).ok_or_else(|| {
        Error::new(Kind::Usage, "the account given names nobody")
            .with_help("write `service:account`, such as `instagram:noor`, or `mail:`, `tel:` (with country code), `url:`")
    })
}

fn repaired(repair: Repair) -> String {
    match repair {
        Repair::PublishedAgain => "the public folder was behind or lost, and was brought up to date".to_owned(),
        Repair::AnchoredAgain => "the anchor was behind the published ledger, and was brought up to date".to_owned(),
        Repair::ErasedAgain { erasures } => {
            format!("{} the store had forgotten, as after a restore from a backup, were done again", count(erasures, "erasure"))
        }
        _ => "something was put right".to_owned(),
    }
}

/// A failure of the register. When it disagrees with itself, that is the kind, and the exit code.
pub(crate) fn of_register(error: &RegisterError) -> Error {
    let kind = if error.is_integrity() { Kind::Integrity } else { Kind::User };
    of_error(kind, error, error.help())
}

/// A failure of a library, with its causes in one sentence.
pub(crate) fn of_error(kind: Kind, error: &(dyn std::error::Error + 'static), help: &str) -> Error {
    let mut sentence = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        sentence = format!("{sentence}: {error}");
        cause = error.source();
    }
    Error::new(kind, sentence).with_help(help)
}
