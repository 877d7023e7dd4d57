//! Job files: what to gate, for whom, where to.

mod grammar;
mod read;

use std::path::{Path, PathBuf};

use bezwaar_core::Reading;
use bezwaar_core::time::Instant;
use bezwaar_ledger::tlog::note::VerifierKey;

pub use grammar::job_schema;

use crate::mapping::Mapping;

/// How an input is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Apache Parquet.
    Parquet,
    /// JSON Lines of any shape, perhaps compressed.
    Jsonl,
    /// CSV with a header row, perhaps compressed.
    Csv,
    /// Items in the exchange format, perhaps compressed.
    Items,
}

impl Format {
    /// The format with this spelling.
    pub fn lookup(text: &str) -> Option<Format> {
        Some(match text {
            "parquet" => Format::Parquet,
            "jsonl" => Format::Jsonl,
            "csv" => Format::Csv,
            "items" => Format::Items,
            _ => return None,
        })
    }

    /// The spelling in jobs and manifests.
    pub fn as_str(self) -> &'static str {
        match self {
            Format::Parquet => "parquet",
            Format::Jsonl => "jsonl",
            Format::Csv => "csv",
            Format::Items => "items",
        }
    }

    /// The format a file's name tells.
    pub fn of_name(path: &Path) -> Option<Format> {
        let name = path.file_name()?.to_str()?.to_ascii_lowercase();
        let bare = [".gz", ".zst", ".zstd"].iter().find_map(|end| name.strip_suffix(end)).unwrap_or(&name);
        match bare.rsplit('.').next()? {
            "parquet" | "pq" => Some(Format::Parquet),
            "jsonl" | "ndjson" | "json" => Some(Format::Jsonl),
            "csv" => Some(Format::Csv),
            _ => None,
        }
    }
}

/// Where inputs are, how they are stored, and what their columns mean.
#[derive(Clone, Debug)]
pub struct Input {
    /// Files, folders or globs, as written.
    pub paths: Vec<String>,
    /// The format, when it is not told by the names.
    pub format: Option<Format>,
    /// What the columns mean.
    pub map: Mapping,
}

/// What comes out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// The kept records, physically rewritten.
    Copy,
    /// Per input file a list of verdicts; only inside the controller.
    Mask,
}

impl Form {
    /// The spelling in jobs and manifests.
    pub fn as_str(self) -> &'static str {
        match self {
            Form::Copy => "copy",
            Form::Mask => "mask",
        }
    }

    /// The form in honest words.
    pub fn in_words(self) -> &'static str {
        match self {
            Form::Copy => "physically absent: withheld records are not in the output",
            Form::Mask => "logically excluded: withheld records are still in the source, a mask says which rows may be read",
        }
    }
}

/// What to do with a file that fails after others were written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnFileError {
    /// Stop the run; nothing is released.
    Stop,
    /// Withhold the file whole, and name it.
    Withhold,
}

/// Named limits of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Worker threads.
    pub threads: usize,
    /// Most rows of a batch.
    pub batch_rows: usize,
    /// About how many bytes of text are read at once.
    pub batch_bytes: usize,
    /// Longest record of a text format, in bytes; longer ones are unreadable.
    pub record_bytes_max: usize,
    /// Largest back-reference window of zstd input, as a power of two.
    pub zstd_window_log_max: u32,
    /// About how many bytes of names a worker holds for the list of subjects before it writes them to disk.
    pub subject_bytes: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        let threads = std::thread::available_parallelism().map_or(1, std::num::NonZeroUsize::get);
        Limits {
            threads,
            batch_rows: 65_536,
            batch_bytes: 4 << 20,
            record_bytes_max: 128 << 20,
            zstd_window_log_max: 27,
            subject_bytes: 32 << 20,
        }
    }
}

/// A job as read; paths are resolved against the job file's folder.
#[derive(Clone, Debug)]
pub struct Job {
    /// What people call it.
    pub name: String,
    /// The folder of policies.
    pub policies: PathBuf,
    /// The use's id.
    pub use_id: String,
    /// The recipient's id.
    pub recipient: String,
    /// The reading.
    pub reading: Reading,
    /// Another moment than the extract's: then the run is a replay.
    pub at: Option<Instant>,
    /// The extract.
    pub extract: PathBuf,
    /// The extract's key file.
    pub key: PathBuf,
    /// The register's operator, who must have signed the extract.
    pub signed_by: Option<VerifierKey>,
    /// Whether an extract nobody signed will do. One of the two is given, never both.
    pub allow_unsigned: bool,
    /// What goes in.
    pub inputs: Vec<Input>,
    /// The folder outputs go into.
    pub output: PathBuf,
    /// What comes out.
    pub form: Form,
    /// Columns a recipient need not get.
    pub drop: Vec<String>,
    /// Where the list of withheld records goes: personal data, outside the output folder.
    pub withheld_list: Option<PathBuf>,
    /// Where the people of what is kept are listed: personal data, outside the output folder.
    pub subjects: Option<PathBuf>,
    /// Whether the list folds what people said into one word, `choice`.
    pub fold_choices: bool,
    /// How many people of the extract must be met.
    pub matched_min: u64,
    /// What to do with a file that fails later.
    pub on_file_error: OnFileError,
    /// Limits.
    pub limits: Limits,
    /// The job file's folder.
    pub base: PathBuf,
    /// The job file's text, for its hash.
    pub text: String,
}
