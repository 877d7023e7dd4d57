//! Asking the witnesses of a register's ledger.

use std::path::Path;
use std::time::Duration;

use bezwaar_ledger::tlog::checkpoint::SignedCheckpoint;
use bezwaar_ledger::tlog::cosignature::PosixSeconds;
use bezwaar_ledger::tlog::policy::{PolicyError, TrustPolicy};
use bezwaar_register::engine::doctor::Finding;
use bezwaar_server::asking::{AskError, Asked, Asking};

use crate::commands::verify::read_policy;
use crate::error::{Error, Kind};
use crate::printer::Printer;
use crate::site::{Site, of_error, of_register};

/// How long one witness may take for an answer, and all of them together: whoever is slower is asked again next time.
const ANSWERED_WITHIN: Duration = Duration::from_secs(10);

/// How long `doctor` waits for all witnesses together.
const LOOKED_WITHIN: Duration = Duration::from_secs(5);
/// The status with which a witness refuses a tree that does not continue the one it has cosigned (c2sp.org/tlog-witness).
const NOT_CONTINUED: u16 = 422;
const FORKED: &str = "stop the register and keep a copy of store, anchor and public folder: it was rolled back or changed, or another copy of it runs; get the witness's \
                      checkpoint and compare. docs/stores.md says how to go on";

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
                if is_fork(error) {
                    forked = Some(error);
                }
                in_words(error)
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

/// Whether a witness knows another tree under this name. Nobody but this register, which is locked, signs for the ledger: a newer tree than its newest is another
/// one too, or one that it has lost.
fn is_fork(error: &AskError) -> bool {
    error.is_integrity() || matches!(error, AskError::Refused { status: NOT_CONTINUED } | AskError::Ahead { .. })
}

/// What came of asking a witness, and what to do about it.
fn in_words(error: &AskError) -> (String, &'static str) {
    match error {
        AskError::Refused { status: NOT_CONTINUED } => (
            format!(
                "another tree is known under this name: what is published now does not continue what the witness has cosigned (HTTP status {NOT_CONTINUED})"
            ),
            FORKED,
        ),
        AskError::Ahead { held, asked } => (
            format!(
                "another tree is known under this name: the witness has cosigned {held} entries, and this register has published {asked}"
            ),
            FORKED,
        ),
        error => (of_error(Kind::User, error, error.help()).sentence().to_owned(), error.help()),
    }
}

/// A witness has proof that the ledger is not one.
fn fork(error: &AskError) -> Error {
    let (sentence, help) = in_words(error);
    Error::new(Kind::Integrity, sentence).with_help(help)
}

/// Asks the witnesses the settings name whether they can be reached and hold no other tree than the one that is published. What they sign on the way is not kept.
pub(crate) fn look(site: &mut Site) -> Vec<Finding> {
    const CHECK: &str = "witnesses";
    let Some(path) = site.settings.witnesses.as_ref().map(|path| site.folder.join(path)) else { return Vec::new() };
    let wrong = |error: &Error| vec![Finding::failure(CHECK, error.sentence(), error.help().unwrap_or_default())];
    let asked = read_policy(&path).and_then(|policy| {
        let asking = Asking::of_policy(&policy, LOOKED_WITHIN).map_err(|error| of_error(Kind::User, &error, error.help()))?;
        let published = site.register.publisher().published();
        Ok((policy.witnesses().len(), asking, published, site.register.reader().map_err(|error| of_register(&error))?))
    });
    let (known, mut asking, published, mut reader) = match asked {
        Ok((known, asking, Some(published), reader)) => (known, asking, published, reader),
        Ok((_, _, None, _)) => return Vec::new(),
        Err(error) => return wrong(&error),
    };
    let size = published.unverified().size();
    let reader = std::cell::RefCell::new(&mut reader);
    let collected = asking.collect(&published, LOOKED_WITHIN, |old_size| reader.borrow_mut().consistency(old_size, size), |_| false);
    let mut findings: Vec<Finding> =
        asking.witnesses().iter().map(|witness| looked(&witness.name, collected.answers.get(&witness.name), size)).collect();
    if let Some(without) = known.checked_sub(findings.len()).filter(|without| *without > 0) {
        let what = format!("{without} of the witnesses named have no address, and were not asked");
        findings.push(Finding::warning(
            CHECK,
            what,
            "compare what they publish with the ledger, or add their addresses to the trust policy",
        ));
    }
    findings
}

fn looked(name: &str, answer: Option<&Result<PosixSeconds, AskError>>, size: u64) -> Finding {
    const CHECK: &str = "witnesses";
    match answer {
        Some(Ok(_)) => Finding::good(CHECK, format!("witness `{name}` holds this tree of {size} entries")),
        Some(Err(error)) => {
            let (sentence, help) = in_words(error);
            let what = format!("witness `{name}`: {sentence}");
            if is_fork(error) { Finding::failure(CHECK, what, help) } else { Finding::warning(CHECK, what, help) }
        }
        None => Finding::warning(
            CHECK,
            format!("witness `{name}` has not answered within {} s: it is offline, or this machine is", LOOKED_WITHIN.as_secs()),
            "look again later; until it answers nobody can tell from it whether others are shown another ledger",
        ),
    }
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
