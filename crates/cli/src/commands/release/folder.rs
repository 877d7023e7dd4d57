//! The folder of a release, as whoever received it looks at it.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use bezwaar_gate::job::Job;
use bezwaar_gate::{MANIFEST, subjects_of_outputs};
use bezwaar_ledger::entry::EntryKind;
use bezwaar_ledger::receipt::{DocumentReceipt, VerifiedDocument};
use bezwaar_ledger::release::{Seal, rebuild_subjects};
use bezwaar_ledger::tlog::note::{Note, VerifierKey};
use bezwaar_ledger::tlog::policy::TrustPolicy;

use crate::commands::verify::broken;
use crate::error::{Error, Kind, grouped};

/// The seal beside a manifest: signed by the operator, and on the ledger.
pub(crate) fn sealed(folder: &Path, policy: &TrustPolicy, operators: &[VerifierKey]) -> Result<(Seal, VerifiedDocument), Error> {
    let read = |name: &str| {
        let path = folder.join(name);
        std::fs::read(&path).map_err(|error| Error::cannot_read(&path, &error))
    };
    let json = read("seal.json")?;
    let seal = Seal::from_bytes(&json).map_err(|error| broken(&error, error.help()))?;
    let note = Note::parse(&read("seal.note")?).map_err(|error| broken(&error, error.help()))?;
    seal.verify(&note, operators).map_err(|error| broken(&error, error.help()))?;
    let proof = DocumentReceipt::from_bytes(&read("seal.tlog-proof")?).map_err(|error| broken(&error, error.help()))?;
    let recorded = proof.verify(EntryKind::Seal, &json, policy).map_err(|error| broken(&error, error.help()))?;
    if recorded.origin != seal.origin {
        return Err(Error::new(Kind::Integrity, "the seal stands on another ledger than it names"));
    }
    Ok((seal, recorded))
}

/// The manifest is the one that was sealed, and the seal says what it says.
pub(crate) fn check_manifest(folder: &Path, seal: &Seal) -> Result<(), Error> {
    let path = folder.join(MANIFEST);
    let bytes = std::fs::read(&path).map_err(|error| Error::cannot_read(&path, &error))?;
    if bezwaar_ledger::opening::document_hash(EntryKind::Seal, &bytes) != Some(seal.manifest_sha256) {
        return Err(Error::new(Kind::Integrity, "the manifest is not the one that was sealed")
            .with_help("ask for the release again; do not use these files"));
    }
    let manifest: serde_json::Value =
        serde_json::from_slice(&bytes).map_err(|_| Error::new(Kind::Integrity, "the manifest that was sealed is none"))?;
    let extract: String = seal.extract.sha256.iter().map(|byte| format!("{byte:02x}")).collect();
    let said = [
        ("/question/use", serde_json::Value::from(seal.use_id.as_str())),
        ("/question/recipient", seal.recipient.as_str().into()),
        ("/question/reading", seal.reading.as_str().into()),
        ("/form/kind", seal.form.as_str().into()),
        ("/extract/sha256", extract.into()),
        ("/counts/kept", seal.records.into()),
        ("/subjects/count", seal.subjects.count.into()),
    ];
    let parts: Vec<String> = said
        .iter()
        .filter(|(place, said)| manifest.pointer(place) != Some(said))
        .map(|(place, said)| {
            format!("`{}` is {said} in the seal, and something else in the manifest", place.trim_start_matches('/').replace('/', "."))
        })
        .collect();
    if parts.is_empty() {
        return Ok(());
    }
    Err(Error::new(Kind::Integrity, "the seal says something else than the manifest it is for")
        .with_parts(parts)
        .with_help("keep both: the operator has signed for what is not so"))
}

/// Reads the files again and makes the root of the seal from them.
pub(crate) fn rebuild(folder: &Path, subjects: &Path, job: &Path, seal: &Seal) -> Result<(), Error> {
    let file = File::open(subjects).map_err(|error| Error::cannot_read(subjects, &error))?;
    let listed = rebuild_subjects(seal, BufReader::with_capacity(1 << 20, file)).map_err(|error| broken(&error, error.help()))?;
    let found = subjects_of_outputs(&Job::open(job)?, folder)?.entry().clone();
    let hex: String = listed.accounts_sha256.iter().map(|byte| format!("{byte:02x}")).collect();
    if listed.are_of(seal) && found.sha256 == hex && found.count == listed.count {
        return Ok(());
    }
    if !listed.are_of(seal) && found.count == seal.subjects.count && found.sha256 != hex {
        // Files and seal may well be of the same people: it is the list that is of others.
        return Err(Error::new(Kind::Integrity, "the list of subjects is not the one the seal was made from: it was cut short or changed")
            .with_help("get the list again from the operator, and do not countersign as rebuilt with this one; nothing is said yet about files and seal"));
    }
    let sentence = format!(
        "the files hold records of {} people, and the seal is about others: {} of them",
        grouped(found.count),
        grouped(seal.subjects.count)
    );
    Err(Error::new(Kind::Integrity, sentence).with_help(
        "somebody is in the files whom the seal leaves out, or the other way round: keep files and seal, and do not countersign",
    ))
}

/// Reads the files again, without the operator's list: the people in them are those of the run's own list, and as many as the seal says. That they have the places
/// the root was made from only the list can show.
pub(crate) fn recount(folder: &Path, job: &Path, seal: &Seal) -> Result<(), Error> {
    let found = subjects_of_outputs(&Job::open(job)?, folder)?;
    if found.declared() == Some(found.entry()) && found.entry().count == seal.subjects.count {
        return Ok(());
    }
    let sentence = format!(
        "the files hold records of {} people, and manifest and seal are about others: {} of them",
        grouped(found.entry().count),
        grouped(seal.subjects.count)
    );
    Err(Error::new(Kind::Integrity, sentence)
        .with_help("somebody is in the files whom the seal leaves out, or the other way round: keep files and seal"))
}
