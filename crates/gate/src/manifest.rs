//! The manifest: what a release is. Written last, as RFC 8785 JSON: keys sorted, no spaces, whole numbers only.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::engine::{Engine, MANIFEST, TaskReport, policy_hashes};
use crate::error::{GateError, Result};
use crate::formats::{hash_bytes, hash_file};
use crate::subjects::SubjectsEntry;
use crate::tally::Tally;

/// A file that was read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InputEntry {
    /// Its place relative to its input.
    pub path: String,
    /// Its size.
    pub bytes: u64,
    /// For Parquet: SHA-256 of its footer.
    pub footer_sha256: Option<String>,
    /// For other formats: SHA-256 of the whole file.
    pub sha256: Option<String>,
    /// How it is stored.
    pub format: String,
}

impl InputEntry {
    /// The hash it is known by.
    pub fn sha256(&self) -> &str {
        self.footer_sha256.as_deref().or(self.sha256.as_deref()).unwrap_or_default()
    }
}

/// A file that was written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OutputEntry {
    /// Its place in the output folder.
    pub path: String,
    /// Which input of the job it was made from, counted from 0.
    #[serde(default)]
    pub input: usize,
    /// Its size.
    pub bytes: u64,
    /// SHA-256 of the whole file.
    pub sha256: String,
    /// Records in it.
    pub rows: u64,
}

/// What a run came to; unsigned until the register seals it.
#[derive(Clone, Debug, PartialEq)]
pub struct Manifest {
    value: Value,
    tally: Tally,
    people_met: u64,
}

impl Manifest {
    pub(crate) fn new<'r>(
        engine: &Engine,
        reports: impl Iterator<Item = &'r TaskReport>,
        tally: &Tally,
        people_met: u64,
        subjects: Option<&SubjectsEntry>,
        made_at: &str,
    ) -> Manifest {
        let (job, question) = (engine.job(), engine.question());
        let extract = engine.gate().extract();
        let header = extract.header();
        let reports: Vec<&TaskReport> = reports.collect();
        let codes: BTreeMap<&str, Value> = tally
            .codes()
            .into_iter()
            .map(|(code, count)| (code.as_str(), json!({"any": count.any, "first": count.first, "only": count.only})))
            .collect();
        let asserted: Vec<Value> = job
            .inputs
            .iter()
            .enumerate()
            .flat_map(|(place, input)| {
                let rows: u64 = engine
                    .plan()
                    .iter()
                    .filter(|task| task.input == place)
                    .filter_map(|task| reports.iter().find(|report| report.task == task.key))
                    .map(|report| report.tally.read)
                    .sum();
                input
                    .map
                    .asserted()
                    .into_iter()
                    .map(move |(field, value, because)| json!({"field": field, "value": value, "because": because, "rows": rows}))
                    .collect::<Vec<_>>()
            })
            .collect();
        let mut unchecked: Vec<&str> = job
            .inputs
            .iter()
            .filter(|input| input.format != Some(crate::job::Format::Items))
            .flat_map(|input| input.map.never_checked())
            .collect();
        unchecked.sort_unstable();
        unchecked.dedup();
        let mut value = json!({
            "bezwaar_manifest": 1,
            "name": job.name,
            "signed": false,
            "replay": engine.replay() || engine.expired(made_at),
            "made_at": made_at,
            "program": {"name": "bezwaar-gate", "version": env!("CARGO_PKG_VERSION")},
            "question": {
                "use": question.use_id,
                "recipient": question.recipient,
                "at": question.at.to_string(),
                "reading": question.reading.as_str(),
                "policy": engine.gate().rules().version(),
            },
            "policies": policy_hashes(engine.spec()),
            "job_sha256": hash_bytes(job.text.as_bytes()),
            "run": engine.run_digest(),
            "extract": {
                "sha256": extract.digest(),
                "through": header.through.to_string(),
                "key_id": header.key_id,
                "normaliser": header.normaliser,
                "signed": job.signed_by.is_some(),
                "signed_by": job.signed_by.as_ref().map(ToString::to_string),
                "checkpoint": header.checkpoint.as_ref().map(|checkpoint| {
                    json!({"origin": checkpoint.origin, "root": checkpoint.root, "size": checkpoint.size})
                }),
                "provisional": header.provisional,
                "expires_at": header.expires_at.to_string(),
                "expired": engine.expired(made_at),
                "people": extract.len(),
                "people_met": people_met,
            },
            "form": {"kind": job.form.as_str(), "means": job.form.in_words(), "dropped_columns": job.drop},
            "asserted_not_observed": asserted,
            "never_checked": unchecked,
            "inputs": reports.iter().map(|report| json!(report.input)).collect::<Vec<_>>(),
            "outputs": reports.iter().filter_map(|report| report.output.as_ref()).map(|output| json!(output)).collect::<Vec<_>>(),
            "withheld_whole": reports.iter().filter_map(|report| Some(json!({"path": report.task, "because": report.failed.as_ref()?}))).collect::<Vec<_>>(),
            "counts": {"read": tally.read, "kept": tally.kept, "withheld": tally.withheld(), "provisional": tally.provisional, "reasons": codes},
        });
        if let (Some(subjects), Some(fields)) = (subjects, value.as_object_mut()) {
            fields.insert("subjects".to_owned(), json!(subjects));
        }
        Manifest { value, tally: tally.clone(), people_met }
    }

    /// The manifest as RFC 8785 JSON and a line's end.
    pub fn to_json(&self) -> String {
        // Keys of a `Value` are sorted, its writer leaves no spaces and escapes as RFC 8785 asks; all numbers are whole and all keys ASCII.
        format!("{}\n", self.value)
    }

    /// The manifest as a value.
    pub fn value(&self) -> &Value {
        &self.value
    }

    /// What was decided.
    pub fn tally(&self) -> &Tally {
        &self.tally
    }

    /// How many people of the extract were met.
    pub fn people_met(&self) -> u64 {
        self.people_met
    }
}

/// What a manifest says of a release to whoever looks at its files again.
#[derive(Debug, Deserialize)]
pub(crate) struct Release {
    pub(crate) job_sha256: String,
    /// Hashes of the policies and of `services`.
    pub(crate) policies: BTreeMap<String, String>,
    pub(crate) inputs: Vec<InputEntry>,
    pub(crate) outputs: Vec<OutputEntry>,
    #[serde(rename = "withheld_whole", deserialize_with = "paths_of")]
    pub(crate) withheld_whole: BTreeSet<String>,
    pub(crate) subjects: Option<SubjectsEntry>,
}

/// What stands in the folder of a finished release.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReleaseFiles {
    /// How many files the manifest lists; each is there, byte for byte.
    pub listed: usize,
    /// Their size together, in bytes.
    pub bytes: u64,
    /// How many records the manifest says are in them.
    pub rows: u64,
    /// Files that are there and that it does not list, by their places in the folder, at most [`OTHERS_MAX`]: they are not of the release. Manifest and seal are
    /// not among them.
    pub others: Vec<String>,
}

/// The most files that are not of a release that are named.
pub const OTHERS_MAX: usize = 100;

/// Checks that the files of a finished release are those its manifest lists, and looks for others. Reads all of them; needs neither job nor key.
///
/// # Errors
///
/// `Config` when there is no manifest; `Integrity` with every file that is missing or has other bytes.
pub fn check_release(folder: &Path) -> Result<ReleaseFiles> {
    let release = Release::read(folder)?;
    release.check_outputs(folder)?;
    let listed: BTreeSet<&Path> = release.outputs.iter().map(|output| Path::new(&output.path)).collect();
    let mut others = Vec::new();
    find_others(folder, Path::new(""), &listed, &mut others)?;
    Ok(ReleaseFiles {
        listed: release.outputs.len(),
        bytes: release.outputs.iter().map(|output| output.bytes).sum(),
        rows: release.outputs.iter().map(|output| output.rows).sum(),
        others,
    })
}

/// The register's files beside a manifest.
const SEAL_FILES: [&str; 3] = ["seal.json", "seal.note", "seal.tlog-proof"];

fn find_others(folder: &Path, within: &Path, listed: &BTreeSet<&Path>, others: &mut Vec<String>) -> Result<()> {
    let here = folder.join(within);
    let failed = |error| GateError::io(&here, "read", error);
    let mut names = Vec::new();
    for entry in std::fs::read_dir(&here).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        names.push((entry.file_name(), entry.file_type().map_err(failed)?.is_dir()));
    }
    names.sort();
    for (name, is_folder) in names {
        let place = within.join(&name);
        if others.len() >= OTHERS_MAX {
            return Ok(());
        }
        if is_folder {
            find_others(folder, &place, listed, others)?;
        } else if !listed.contains(place.as_path())
            && place != Path::new(MANIFEST)
            && !SEAL_FILES.iter().any(|file| place == Path::new(file))
        {
            others.push(place.to_string_lossy().into_owned());
        }
    }
    Ok(())
}

fn paths_of<'de, D: serde::Deserializer<'de>>(deserializer: D) -> std::result::Result<BTreeSet<String>, D::Error> {
    #[derive(Deserialize)]
    struct Failed {
        path: String,
    }
    Ok(Vec::<Failed>::deserialize(deserializer)?.into_iter().map(|failed| failed.path).collect())
}

impl Release {
    /// Reads the manifest in a folder.
    pub(crate) fn read(folder: &Path) -> Result<Release> {
        let path = folder.join(MANIFEST);
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                let message = format!("`{}` holds no manifest, so it is no release", folder.display());
                return Err(GateError::config(message).with_help("run the job to its end, or name the folder of a release"));
            }
            Err(error) => return Err(GateError::io(&path, "read", error)),
        };
        let release: Release = serde_json::from_str(&text)
            .map_err(|error| GateError::input(&path, "this is no manifest").with_help("get the release again, whole").with_source(error))?;
        let within = |output: &OutputEntry| Path::new(&output.path).components().all(|part| matches!(part, Component::Normal(_)));
        if !release.outputs.iter().all(within) {
            return Err(GateError::integrity(format!("`{}` lists files outside its folder", path.display())));
        }
        Ok(release)
    }

    /// Whether every output stands in the folder as the manifest lists it.
    pub(crate) fn check_outputs(&self, folder: &Path) -> Result<()> {
        let mut details = Vec::new();
        for output in &self.outputs {
            let path = folder.join(&output.path);
            if !path.is_file() {
                details.push(format!("`{}` is missing", output.path));
            } else if hash_file(&path)? != output.sha256 {
                details.push(format!("`{}` is not the file the manifest lists", output.path));
            }
        }
        if details.is_empty() {
            Ok(())
        } else {
            Err(GateError::integrity("the outputs are not those of the manifest").with_details(details))
        }
    }
}
