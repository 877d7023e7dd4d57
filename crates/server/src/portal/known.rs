//! Whether the provider and the corpus mean the same by an account: shown by somebody whose record in the corpus is known.
//!
//! As long as that was not shown, nobody signs in at the provider: whoever is taken for another could say yes in their name. What was shown is kept beside the register, for these
//! very settings. If the known person ever comes back as another account, nobody signs in from then on, and everybody is signed out.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use bezwaar_core::account::{Account, Kind, Services};

use super::secrets::{Secrets, hex};
use super::service::PortalError;
use super::settings::Oidc;
use crate::files::{read_limited, write_durably};
use crate::identity::oidc::{KnownError, Provider, SignedIn};
use crate::identity::private::same;

/// The file that says that the claim with the account was proven, in the register's folder.
pub const PROOF_FILE: &str = "portal.known-record";
const PROOF_BYTES_MAX: usize = 64;

/// What is known about the claim with the account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ClaimState {
    /// The settings name no known record.
    NotTested,
    /// The known person did not sign in yet.
    Waiting,
    /// The known person signed in as the known account.
    Proven,
    /// The known person signed in as another account.
    Refuted,
}

impl ClaimState {
    /// The word in the interface.
    pub(crate) fn word(self) -> &'static str {
        match self {
            ClaimState::NotTested => "not-tested",
            ClaimState::Waiting => "waiting",
            ClaimState::Proven => "proven",
            ClaimState::Refuted => "refuted",
        }
    }

    /// Whether people can sign in at the provider.
    pub(crate) fn is_open(self) -> bool {
        matches!(self, ClaimState::NotTested | ClaimState::Proven)
    }
}

/// The known record of the settings, and what came of it.
pub(crate) struct Known {
    record: Option<Record>,
    path: PathBuf,
    /// What the file says when these settings were proven.
    proof: String,
    state: Mutex<ClaimState>,
}

struct Record {
    claim: String,
    value: String,
    account: Account,
    service: String,
    kind: Kind,
}

impl Known {
    /// That of the settings, and whether it was proven before.
    pub(crate) fn of(oidc: &Oidc, services: &Services, folder: &Path, secrets: &Secrets) -> Result<Known, PortalError> {
        let path = folder.join(PROOF_FILE);
        let Some(known) = &oidc.known_record else {
            return Ok(Known { record: None, path, proof: String::new(), state: Mutex::new(ClaimState::NotTested) });
        };
        let kind = Kind::lookup(&oidc.kind).unwrap_or(Kind::Id);
        let wrong = |because: &str| PortalError::SignIn {
            because: because.to_owned(),
            help: "write it as `service:kind:name`, just as the corpus has it: docs/identity.md has an example",
        };
        let account = Account::from_canonical(&known.account)
            .ok_or_else(|| wrong("`known-record.account` is not an account in its normalised form"))?;
        let name = known.account.splitn(3, ':').nth(2).unwrap_or_default();
        // One that no sign-in could come to would keep everybody out for ever.
        if services.resolve(&oidc.service, Some(kind), name).as_ref() != Some(&account) {
            return Err(wrong("`known-record.account` is not of the service and kind of the claim, or not in its normalised form"));
        }
        let settled =
            [&oidc.issuer, &oidc.client_id, &oidc.account_claim, &oidc.service, &oidc.kind, &known.claim, &known.value, &known.account];
        let proof = hex(&secrets.keyed("known record", &settled.map(|part| format!("{}:{part}", part.len())).concat()));
        let held = read_limited(&path, PROOF_BYTES_MAX).map_err(|error| PortalError::SignIn {
            because: format!("`{PROOF_FILE}` cannot be read: {}", error.kind()),
            help: "remove it, and sign in with the known record again",
        })?;
        let proven = held.is_some_and(|held| same(held.trim_ascii(), proof.as_bytes()));
        let state = Mutex::new(if proven { ClaimState::Proven } else { ClaimState::Waiting });
        let record = Record { claim: known.claim.clone(), value: known.value.clone(), account, service: oidc.service.clone(), kind };
        Ok(Known { record: Some(record), path, proof, state })
    }

    /// What is known by now.
    pub(crate) fn state(&self) -> ClaimState {
        *self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks at somebody who has signed in. If it is the known person, the claim is proven or refuted by it; with an error, everybody who is signed in must be signed out.
    pub(crate) fn meet(&self, provider: &Provider, found: &SignedIn, services: &Services, trace: &dyn Fn(&str)) -> Result<(), KnownError> {
        let Some(record) = &self.record else { return Ok(()) };
        if !found.claim(&record.claim).is_some_and(|value| same(value.expose_personal().as_bytes(), record.value.as_bytes())) {
            return Ok(());
        }
        let met = provider.check_known(found, (&record.service, record.kind), services, &record.account);
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let before = *state;
        let kept = match met {
            Ok(()) if before == ClaimState::Proven => Ok(()),
            Ok(()) => {
                *state = ClaimState::Proven;
                self.keep()
            }
            Err(error) => {
                *state = ClaimState::Refuted;
                trace(&format!(
                    "the known record signed in, and {error}: nobody can sign in at the provider, and whoever was signed in is not any more; {}",
                    error.help()
                ));
                if before == ClaimState::Proven {
                    trace("it was proven before, so the provider has changed: look at what was done by signed-in people since");
                }
                match fs::remove_file(&self.path) {
                    Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
                    _ => Ok(()),
                }
            }
        };
        if let Err(error) = kept {
            trace(&format!(
                "`{PROOF_FILE}` in the register's folder cannot be changed: {}; remove it by hand, and sign in with the known record",
                error.kind()
            ));
        }
        met
    }

    /// Does something only if people can sign in, and so that nobody is signed in after it was found that they must not be.
    pub(crate) fn if_open<T>(&self, begin: impl FnOnce() -> T) -> Option<T> {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.is_open().then(begin)
    }

    fn keep(&self) -> io::Result<()> {
        write_durably(self.path.parent().unwrap_or(Path::new("")), PROOF_FILE, format!("{}\n", self.proof).as_bytes())
    }
}
