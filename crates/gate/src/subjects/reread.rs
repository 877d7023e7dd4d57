//! The subjects of a finished release, read from its files again: by a recipient, or by an auditor who rebuilds what was declared.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};

use arrow_schema::Schema;
use bezwaar_core::account::Services;
use bezwaar_core::policy::read::read_policies;
use tempfile::TempDir;

use super::collect::SubjectSink;
use super::sorted::SubjectsEntry;
use crate::bind::Fields;
use crate::error::{GateError, Result};
use crate::formats::layout::TextLayout;
use crate::formats::parquet::{ParquetColumns, footer_hash, read_mask};
use crate::formats::split::{Chunk, Splitter};
use crate::formats::text::items_of;
use crate::formats::{hash_bytes, hash_file};
use crate::inputs::{Task, find_tasks};
use crate::job::{Form, Format, Job, Limits};
use crate::manifest::Release;
use crate::mapping::Mapping;
use crate::parallel::in_order;
use crate::policies::read_policy_folder;

/// A list of subjects: accounts in normalised form, in the order of their bytes, each once. It is personal data, and removed from disk
/// when dropped.
pub struct SubjectList {
    folder: TempDir,
    entry: SubjectsEntry,
    declared: Option<SubjectsEntry>,
}

/// Counts only: what it lists is personal data.
impl std::fmt::Debug for SubjectList {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SubjectList({} accounts)", self.entry.count)
    }
}

impl SubjectList {
    /// How many accounts it has, and the hash of the list as a file.
    pub fn entry(&self) -> &SubjectsEntry {
        &self.entry
    }

    /// What the release's manifest says of its list; absent when the run made none.
    pub fn declared(&self) -> Option<&SubjectsEntry> {
        self.declared.as_ref()
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join(LIST)
    }

    /// Calls `visit` with every account, in order.
    pub fn each(&self, visit: &mut dyn FnMut(&str) -> Result<()>) -> Result<()> {
        let path = self.path();
        let file = std::fs::File::open(&path).map_err(|error| GateError::io(&path, "open", error))?;
        let mut reader = BufReader::with_capacity(1 << 16, file);
        let mut line = String::new();
        loop {
            line.clear();
            if reader.read_line(&mut line).map_err(|error| GateError::io(&path, "read", error))? == 0 {
                return Ok(());
            }
            visit(line.strip_suffix('\n').unwrap_or(&line))?;
        }
    }

    /// Writes the list: a line each, the same bytes as the file a run writes.
    pub fn write_to(&self, writer: &mut dyn Write) -> std::io::Result<()> {
        let mut file = std::fs::File::open(self.path())?;
        std::io::copy(&mut file, writer).map(|_| ())
    }
}

/// The name of the list in its folder.
const LIST: &str = "subjects";

/// Reads the files of a finished release again, through the mapping of its job, and lists everyone in them: the list the run wrote, or
/// would have written. It needs the job and its policies folder (for `services.toml`), no extract and no key; for a mask, the sources too.
///
/// # Errors
///
/// `Config` when this is not the job of the release, its services are others, or a column that names people is not in the outputs, by
/// name; `Integrity` when the files are not those the manifest lists.
pub fn subjects_of_outputs(job: &Job, folder: &Path) -> Result<SubjectList> {
    let release = Release::read(folder)?;
    if hash_bytes(job.text.as_bytes()) != release.job_sha256 {
        return Err(GateError::config("this is not the job the release was made by")
            .with_help("use the very job file of the run: its map says who stands in a record"));
    }
    let services = services_of(job, &release)?;
    release.check_outputs(folder)?;
    let scratch = tempfile::tempdir().map_err(|error| GateError::io(&std::env::temp_dir(), "make a folder in", error))?;
    let sink = SubjectSink::new(&services, job.limits.subject_bytes, scratch.path());
    let sources = if job.form == Form::Mask { find_tasks(job)? } else { copies(job, folder, &release)? };
    let mut reader = Reader { limits: &job.limits, sink: &sink };
    for task in sources.iter().filter(|task| !release.withheld_whole.contains(&task.key)) {
        let mapping = job.inputs.get(task.input).map(|input| input.map.clone()).unwrap_or_default();
        let keep = match job.form {
            Form::Copy => None,
            Form::Mask => Some(mask_of(folder, task, &release)?),
        };
        reader.file(task, &mapping, keep.as_deref())?;
    }
    let entry = sink.write(&scratch.path().join(LIST))?;
    Ok(SubjectList { folder: scratch, entry, declared: release.subjects })
}

/// The services of the job's policies, which must be those of the release: others may take other names for the same account.
fn services_of(job: &Job, release: &Release) -> Result<Services> {
    let (files, services) = read_policy_folder(&job.policies)?;
    let hash = services.as_ref().map(|(_, text)| hash_bytes(text.as_bytes()));
    if hash.as_ref() != release.policies.get("services") {
        return Err(GateError::config("services.toml is not the one the release was made with")
            .with_help("take the policies folder of the run: its services say which names are the same account"));
    }
    let services = services.as_ref().map(|(path, text)| (path.as_str(), text.as_str()));
    let policies = read_policies(&files, services).map_err(|problems| {
        let text = services.map(|(_, text)| text).unwrap_or_default();
        GateError::config(format!("the policies have {} problems", problems.len()))
            .with_details(problems.iter().map(|problem| problem.in_one_line(text)).collect())
    })?;
    Ok(policies.services)
}

/// The outputs of a copy, as files to be read.
fn copies(job: &Job, folder: &Path, release: &Release) -> Result<Vec<Task>> {
    let formats: BTreeMap<&str, Format> =
        release.inputs.iter().filter_map(|input| Some((input.path.as_str(), Format::lookup(&input.format)?))).collect();
    let outputs = release.outputs.iter().map(|output| {
        let format = formats.get(output.path.as_str()).filter(|_| output.input < job.inputs.len());
        let format = *format.ok_or_else(|| GateError::integrity(format!("`{}` is of no input of the job", output.path)))?;
        Ok(Task { key: output.path.clone(), path: folder.join(&output.path), bytes: output.bytes, input: output.input, format })
    });
    outputs.collect()
}

/// Which rows of a source its mask keeps. Refuses a source that is not the one the mask was made of.
fn mask_of(folder: &Path, task: &Task, release: &Release) -> Result<Vec<bool>> {
    let listed = release.inputs.iter().find(|input| input.path == task.key);
    let found = if task.format == Format::Parquet { footer_hash(&task.path)? } else { hash_file(&task.path)? };
    if listed.is_none_or(|input| input.sha256() != found || input.bytes != task.bytes) {
        let message = "this is not the file the mask was made of";
        return Err(GateError::input(&task.path, message).with_help("a mask says which rows of one file may be read; get that file"));
    }
    read_mask(&folder.join(format!("{}.keep.parquet", task.key)))
}

/// Reads files for the people in them.
struct Reader<'a> {
    limits: &'a Limits,
    sink: &'a SubjectSink,
}

impl Reader<'_> {
    fn file(&mut self, task: &Task, mapping: &Mapping, keep: Option<&[bool]>) -> Result<()> {
        match task.format {
            Format::Parquet => self.parquet(task, mapping, keep),
            Format::Items => self.text(task, keep, &|chunk, bits| {
                let kept = || items_of(chunk).zip(bits).filter(|(_, bits)| **bits == 0);
                if kept().any(|(item, _)| item.is_none()) {
                    return Err(unreadable(task));
                }
                let items: Vec<_> = kept().filter_map(|(item, _)| item).collect();
                self.sink.items(items.iter())
            }),
            format => {
                // Relations stay: which values of a path name people depends on what else it is mapped to.
                let (layout, schema, flat) =
                    TextLayout::new(&mapping.of_people(true), format, &task.path, self.limits).map_err(|error| without(task, error))?;
                let fields = Fields::bind(&schema, &flat).map_err(|error| without(task, error))?;
                self.text(task, keep, &|chunk, bits| {
                    let (batch, broken) = layout.batch(chunk);
                    let lost = broken.iter().zip(bits).any(|(broken, bits)| *broken && *bits == 0);
                    let batch = batch.filter(|_| !lost).ok_or_else(|| unreadable(task))?;
                    self.sink.batch(&fields, &batch, bits)
                })
            }
        }
    }

    fn parquet(&self, task: &Task, mapping: &Mapping, keep: Option<&[bool]>) -> Result<()> {
        let check = |schema: &Schema, mapping: &Mapping| Fields::bind(schema, mapping).map(|_| ());
        let people = mapping.of_people(false);
        let opened = ParquetColumns::open(&task.path, &people, check, Mapping::clone);
        let (columns, people) =
            opened.map_err(|error| if error.kind() == crate::ErrorKind::Config { without(task, error) } else { error })?;
        let fields = Fields::bind(&columns.schema, &people).map_err(|error| without(task, error))?;
        let mut groups = 0..columns.footer().num_row_groups();
        let mut first = 0;
        in_order(
            self.limits.threads,
            || {
                let Some(group) = groups.next() else { return Ok(None) };
                let from = first;
                first += columns.rows(group)?;
                Ok(Some((group, from)))
            },
            |(group, mut from)| {
                columns.each_batch(group, self.limits, &mut |batch| {
                    let bits = bits_of(keep, from, batch.num_rows());
                    from += batch.num_rows();
                    self.sink.batch(&fields, batch, &bits)
                })
            },
            |()| Ok(()),
        )?;
        self.complete(task, keep, first)
    }

    fn text(&self, task: &Task, keep: Option<&[bool]>, take: &(dyn Fn(&Chunk, &[u64]) -> Result<()> + Sync)) -> Result<()> {
        let mut splitter = Splitter::open(&task.path, task.format, self.limits)?;
        let mut first = 0;
        in_order(
            self.limits.threads,
            || {
                Ok(splitter.next_chunk()?.map(|chunk| {
                    let from = first;
                    first += chunk.records.len();
                    (chunk, from)
                }))
            },
            |(chunk, from)| take(&chunk, &bits_of(keep, from, chunk.records.len())),
            |()| Ok(()),
        )?;
        self.complete(task, keep, first)
    }

    /// A mask has a row for every record of its source.
    fn complete(&self, task: &Task, keep: Option<&[bool]>, records: usize) -> Result<()> {
        match keep {
            Some(keep) if keep.len() != records => Err(GateError::integrity(format!("the mask of `{}` has other rows than it", task.key))),
            _ => Ok(()),
        }
    }
}

/// The rows of a stretch as verdicts: all kept, but for those a mask does not keep.
fn bits_of(keep: Option<&[bool]>, from: usize, count: usize) -> Vec<u64> {
    match keep {
        None => vec![0; count],
        Some(keep) => (from..from + count).map(|row| u64::from(keep.get(row) != Some(&true))).collect(),
    }
}

fn unreadable(task: &Task) -> GateError {
    GateError::integrity(format!("`{}` has a record that cannot be read, which no run keeps", task.key))
}

/// The error of a file that lacks a column naming people.
fn without(task: &Task, error: GateError) -> GateError {
    let details = error.details().iter().map(|detail| format!("`{}`: {detail}", task.key)).collect();
    GateError::config("the people in these outputs cannot be told: columns that name them are not there")
        .with_details(details)
        .with_help("output.drop took them out; the subjects can only be listed by the run itself, or from its sources")
}
