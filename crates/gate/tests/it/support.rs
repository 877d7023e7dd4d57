//! What the tests share: a small world on disk, and ways to look at what came out.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use bezwaar_core::account::{Kind, Services};
use bezwaar_core::choice::Choice;
use bezwaar_core::policy::read::PolicyFile;
use bezwaar_core::time::Instant;
use bezwaar_core::wire::read_choices;
use bezwaar_core::{Code, Holdings, ReasonSet};
use bezwaar_gate::job::Job;
use bezwaar_gate::{Engine, GateError, Manifest, TaskReport};
use bezwaar_ledger::extract::{Cover, Extract, ExtractOptions, services_digest, write_extract};
use bezwaar_ledger::key::{KeyFile, RootKey, SubjectKeys};
use tempfile::TempDir;

/// The moment of a release in these tests.
pub(crate) const THROUGH: &str = "2026-03-01T00:00:00Z";
/// A policy with a use for public posts and comments, and one that looks at times, ages and regions.
pub(crate) const CLUB: &str = include_str!("club.toml");
/// People who objected; everybody else may be used.
pub(crate) const OBJECTORS: [&str; 4] = ["noor", "olga", "31", "canary-person"];

pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

pub(crate) fn key_file() -> KeyFile {
    KeyFile::new(RootKey::from_bytes([7; 32]), "club.example", 1).unwrap()
}

pub(crate) fn keys() -> SubjectKeys {
    key_file().subject_keys()
}

/// An extract of choices, which also answers for the services of other names.
pub(crate) fn extract_bytes(services: &Services, choices: &[Choice], through: Instant, names: &[String]) -> Vec<u8> {
    let holdings = Holdings::resolve(choices);
    let mut covers = Cover::all_of_with(services, &holdings);
    for account in names.iter().filter_map(|name| services.parse(name)) {
        if !covers.iter().any(|cover| cover.service == account.service()) {
            covers.push(Cover { service: account.service().to_owned(), kinds: Kind::ALL.to_vec() });
        }
    }
    let options = ExtractOptions { through, expires_at: through.plus_micros(86_400_000_000), services: services_digest(services), covers };
    let mut bytes = Vec::new();
    write_extract(&holdings, &keys(), &options, &mut bytes).unwrap();
    bytes
}

pub(crate) fn extract(services: &Services, choices: &[Choice], through: Instant, names: &[String]) -> Extract {
    Extract::from_bytes(extract_bytes(services, choices, through, names)).unwrap()
}

/// The objections of [`OBJECTORS`].
pub(crate) fn objections() -> Vec<Choice> {
    let lines: Vec<String> = OBJECTORS
        .iter()
        .enumerate()
        .map(|(number, name)| {
            format!(r#"{{"id":"o-{number}","person":"club:{name}","act":"object","received_at":"2026-02-01T09:00:00Z"}}"#)
        })
        .collect();
    read_choices(&lines.join("\n"), &Services::default()).unwrap().choices
}

/// A folder with policies, an extract, a key and room for inputs.
pub(crate) struct Site {
    pub(crate) dir: TempDir,
}

impl Site {
    pub(crate) fn new() -> Site {
        Site::with(
            &[club_file()],
            None,
            &extract_bytes(&Services::default(), &objections(), Instant::parse(THROUGH).unwrap(), &["club:1".to_owned()]),
        )
    }

    pub(crate) fn with(files: &[PolicyFile], services: Option<&str>, extract: &[u8]) -> Site {
        // In memory where there is such a place: thousands of flushes to a disk take minutes.
        let memory = Path::new("/dev/shm");
        let dir = if memory.is_dir() { tempfile::tempdir_in(memory).unwrap() } else { tempfile::tempdir().unwrap() };
        let site = Site { dir };
        for file in files {
            site.write(&format!("policies/{}/{}.toml", file.folder, file.stem), file.text.as_bytes());
        }
        if let Some(services) = services {
            site.write("policies/services.toml", services.as_bytes());
        }
        site.write("acts.extract", extract);
        site.write("gate.key", key_file().to_text().as_bytes());
        site
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, bytes).unwrap();
        path
    }

    /// A job over one input; `rest` comes after `[output]`'s first lines.
    pub(crate) fn job_text(&self, paths: &str, map: &str, rest: &str) -> String {
        self.job_asking("club/model", "lab", paths, map, rest)
    }

    pub(crate) fn job_asking(&self, use_id: &str, recipient: &str, paths: &str, map: &str, rest: &str) -> String {
        format!(
            r#"
[job]
name = "test"

[question]
policies = "policies"
use = "{use_id}"
recipient = "{recipient}"

[extract]
path = "acts.extract"
key = "gate.key"
allow_unsigned = true

[[input]]
paths = ["{paths}"]
{map}

[output]
path = "out"
{rest}
"#
        )
    }

    pub(crate) fn job(&self, text: &str) -> Result<Job, GateError> {
        Job::parse("job.toml", text, self.dir.path())
    }

    pub(crate) fn open(&self, text: &str) -> Result<Engine, GateError> {
        Engine::open(self.job(text)?)
    }

    /// Opens, begins, runs every task and commits.
    pub(crate) fn run(&self, text: &str) -> Result<Manifest, GateError> {
        run(&self.open(text)?)
    }

    pub(crate) fn out(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path("out").join(name)).unwrap()
    }

    /// Every file below a folder, relative to it.
    pub(crate) fn files_in(&self, name: &str) -> Vec<String> {
        let mut found = Vec::new();
        walk(&self.path(name), &mut |path| found.push(path.strip_prefix(self.path(name)).unwrap().to_str().unwrap().to_owned()));
        found.sort();
        found
    }
}

pub(crate) fn walk(folder: &Path, visit: &mut dyn FnMut(&Path)) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for entry in entries {
        let path = entry.unwrap().path();
        if path.is_dir() { walk(&path, visit) } else { visit(&path) }
    }
}

pub(crate) fn run(engine: &Engine) -> Result<Manifest, GateError> {
    engine.begin()?;
    let reports = engine.plan().iter().map(|task| engine.run(task, &|_| {})).collect::<Result<Vec<TaskReport>, GateError>>()?;
    engine.commit(&reports, "2026-03-01T01:00:00Z")
}

pub(crate) fn club_file() -> PolicyFile {
    PolicyFile { path: "policies/club/2026-01-01.toml".into(), folder: "club".into(), stem: "2026-01-01".into(), text: CLUB.into() }
}

/// The codes of bits, as words.
pub(crate) fn codes(bits: u64) -> Vec<&'static str> {
    ReasonSet::from_bits(bits).iter().map(Code::as_str).collect()
}

/// An error with all it says, in one text.
pub(crate) fn told(error: &GateError) -> String {
    let mut text = format!("{:?}: {error}", error.kind());
    for detail in error.details() {
        text.push_str(&format!("\n- {detail}"));
    }
    for (problem, of) in error.problems() {
        text.push_str(&format!("\n- {}", problem.in_one_line(of)));
    }
    if let Some(cause) = std::error::Error::source(error) {
        text.push_str(&format!("\ncause: {cause}"));
    }
    if let Some(help) = error.help() {
        text.push_str(&format!("\nhelp: {help}"));
    }
    text
}

/// As [`told`], with the site's folder taken out.
pub(crate) fn told_at(site: &Site, error: &GateError) -> String {
    told(error).replace(&format!("{}/", site.dir.path().display()), "").replace(&site.dir.path().display().to_string(), "")
}

/// How often each code came up, from a manifest.
pub(crate) fn counts(manifest: &Manifest) -> BTreeMap<String, u64> {
    let mut counts: BTreeMap<String, u64> =
        manifest.tally().codes().into_iter().map(|(code, count)| (code.as_str().to_owned(), count.any)).collect();
    counts.insert("read".to_owned(), manifest.tally().read);
    counts.insert("kept".to_owned(), manifest.tally().kept);
    counts
}

/// The reasons in a mask.
pub(crate) fn mask_of(path: &Path) -> Vec<u64> {
    use arrow_array::cast::AsArray;
    use arrow_array::types::UInt64Type;
    let file = std::fs::File::open(path).unwrap();
    let reader = parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder::try_new(file).unwrap().build().unwrap();
    reader.flat_map(|batch| batch.unwrap().column_by_name("reasons").unwrap().as_primitive::<UInt64Type>().values().to_vec()).collect()
}
