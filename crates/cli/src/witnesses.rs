//! Asking the witnesses of a register's ledger.

use std::path::Path;
use std::time::Duration;

use bezwaar_ledger::tlog::checkpoint::SignedCheckpoint;
use bezwaar_ledger::tlog::policy::{PolicyError, TrustPolicy};
use bezwaar_server::asking::{AskError, Asked, Asking};

use crate::commands::verify::read_policy;
use crate::error::{Error, Kind};
use crate::printer::Printer;
use crate::site::{Site, of_error, of_register};

/// How long one witness may take for an answer, and all of them together: whoever is slower is asked again next time.
const ANSWERED_WITHIN: Duration = Duration::from_secs(10);

/// Asks the witnesses of this trust policy, or else of the register's settings, about the published checkpoint, and publishes what they signed. Those that have
/// cosigned it are not asked again.
///
/// # Errors
/// [`Kind::NotWitnessed`] if the policy's quorum is missing: the ledger is published all the same. [`Kind::Integrity`] if a witness has cosigned another ledger of this
/// name.
pub(crate) fn ask(site: &mut Site, trust: Option<&Path>, printer: &mut Printer) -> Result<(), Error> {
    let named = site.settings.witnesses.as_ref().map(|path| site.folder.join(path));
    let Some(path) = trust.map(Path::to_owned).or(named) else {
        printer.note("no witness is named: others may be shown another ledger; name a trust policy as `witnesses` in `register.toml`");
        return Ok(());
    };
    let policy = read_policy(&path)?;
    let published = site.register.publish().map_err(|error| of_register(&error))?;
    let origin = published.unverified().origin().as_str();
    if !policy.ledgers().iter().any(|ledger| ledger.key().name().as_str() == origin) {
        return Err(Error::user("the trust policy does not name this ledger")
            .with_help(format!("copy the line `log …` of `public/trust.policy` into `{}`", path.display())));
    }
    let checkpoint = collect(site, &policy, published, printer)?;
    told(&policy, &checkpoint, printer)
}

/// Collects what witnesses sign, and adds it to the published checkpoint.
fn collect(site: &mut Site, policy: &TrustPolicy, published: SignedCheckpoint, printer: &mut Printer) -> Result<SignedCheckpoint, Error> {
    let asking = Asking::of_policy(policy, ANSWERED_WITHIN).map_err(|error| of_error(Kind::User, &error, error.help()))?;
    let wanted: Vec<Asked> =
        asking.witnesses().iter().filter(|witness| published.note().verify(std::slice::from_ref(&witness.key)).is_err()).cloned().collect();
    if wanted.is_empty() {
        return Ok(published);
    }
    let size = published.unverified().size();
    let mut reader = site.register.reader().map_err(|error| of_register(&error))?;
    let reader = std::cell::RefCell::new(&mut reader);
    let proof = |old_size| reader.borrow_mut().consistency(old_size, size);
    // All of them are waited for, not only a quorum: whoever reads may believe others of them.
    let collected = Asking::new(wanted.clone()).collect(&published, ANSWERED_WITHIN, proof, |_| false);
    let mut forked = None;
    for witness in &wanted {
        let (sentence, help) = match collected.answers.get(&witness.name) {
            Some(Ok(_)) => continue,
            Some(Err(error)) => {
                if error.is_integrity() {
                    forked = Some(error);
                }
                (of_error(Kind::User, error, error.help()).sentence().to_owned(), error.help())
            }
            None => ("it has not answered in time".to_owned(), "it is asked again with the next `bezwaar register publish`"),
        };
        printer.note(&format!("witness `{}` has not cosigned: {sentence}; {help}", witness.name));
    }
    if let Some(error) = forked {
        return Err(fork(error));
    }
    let lines: String = collected.checkpoint.note().signatures().iter().map(|signature| format!("{signature}\n")).collect();
    site.register.publisher().add_cosignatures(size, &lines).map_err(|error| of_register(&error))
}

/// A witness has proof that the ledger is not one.
fn fork(error: &AskError) -> Error {
    of_error(Kind::Integrity, error, error.help())
}

/// Says how many of them have cosigned, and whether that is enough.
fn told(policy: &TrustPolicy, checkpoint: &SignedCheckpoint, printer: &mut Printer) -> Result<(), Error> {
    let known = policy.witnesses().len();
    match policy.check(checkpoint) {
        Ok(trusted) => printer.line(&format!("witnessed  by {} of {known} witnesses", trusted.witnesses.len())),
        Err(PolicyError::QuorumNotMet { witnesses, .. }) => {
            let sentence = format!(
                "it is published, and not witnessed: {} of {known} witnesses cosigned, and the trust policy asks for more or others",
                witnesses.len()
            );
            Err(Error::new(Kind::NotWitnessed, sentence)
                .with_help("see to the witnesses named above and publish again; until then others may be shown another ledger"))
        }
        Err(error) => Err(of_error(Kind::User, &error, error.help())),
    }
}
