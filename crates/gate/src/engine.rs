//! Running a job: plan, run each task, commit. On a cluster the three happen in different places; everything between them is
//! serialisable, and reports merge in any order.

mod commit;

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use bezwaar_core::time::Instant;
use bezwaar_core::{Code, Group, Question, ReasonSet};
use bezwaar_ledger::extract::Extract;
use bezwaar_ledger::key::RootKey;
use serde::{Deserialize, Serialize};

use crate::check::{Check, SAMPLE_ROWS, Sampler};
use crate::completion::Completions;
use crate::error::{GateError, Result};
use crate::formats::output::OutputFile;
use crate::formats::parquet::{CopyPlan, MaskWriter, ParquetInput, copy_file, verify_copy, write_mask};
use crate::formats::text::{TextBinding, digest_text, gate_text, list_line};
use crate::formats::{Asked, Decided, hash_bytes, hash_file};
use crate::gate::{Gate, GateSpec, Noticed};
use crate::inputs::{Task, find_tasks};
use crate::job::{Form, Format, Job, OnFileError};
use crate::manifest::{InputEntry, OutputEntry};
use crate::policies::read_policy_folder;
use crate::subjects::{SubjectParts, SubjectSink, SubjectsEntry};
use crate::tally::Tally;

/// What share of times may lie before 1990 or after the run, in per cent, before the run stops: the unit is surely wrong.
pub const IMPLAUSIBLE_PERCENT_MAX: u64 = 1;

/// What a task came to. Reports are merged by their task, in any order; a task run twice counts once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TaskReport {
    /// The task's key: its input's place under the output folder.
    pub task: String,
    /// What it was run for: policy, question, extract, mapping, program.
    pub run: String,
    /// What was read.
    pub input: InputEntry,
    /// What was written; absent when the file was withheld whole.
    pub output: Option<OutputEntry>,
    /// What was decided.
    pub tally: Tally,
    /// Rows of the extract met, as bits in hex, 16 digits a word.
    pub met: String,
    /// Times found, and how many cannot be right.
    pub times: (u64, u64),
    /// Why the file was withheld whole.
    pub failed: Option<String>,
    /// The list of the people of what was kept, if the job asks for one; it waits where the run keeps such lists until all are one.
    #[serde(default)]
    pub subjects: Option<SubjectsEntry>,
}

/// A job ready to run.
pub struct Engine {
    job: Job,
    spec: GateSpec,
    gate: Gate,
    question: Question,
    tasks: Vec<Task>,
    /// Digest of everything a decision depends on but the inputs.
    run: String,
    /// Where the people of what is kept are listed, if that is asked for.
    subjects: Option<SubjectParts>,
}

/// A file to be gated, opened and bound.
enum Opened {
    Parquet(Box<ParquetInput>),
    Text(TextBinding),
}

impl Engine {
    /// Opens a job: policies, extract, key and every input. Nothing is written, and every problem is found here rather than half-way.
    pub fn open(job: Job) -> Result<Engine> {
        let (files, services) = read_policy_folder(&job.policies)?;
        let bytes = std::fs::read(&job.extract).map_err(|error| {
            GateError::input(&job.extract, "the extract cannot be read").with_help("make one with `bezwaar extract`").with_source(error)
        })?;
        let extract = Extract::from_bytes(bytes)
            .map_err(|error| GateError::input(&job.extract, "the extract cannot be used").with_help(error.help()).with_source(error))?;
        check_signer(&job, &extract)?;
        let through = extract.header().through;
        let at = job.at.unwrap_or(through);
        let key_text =
            std::fs::read_to_string(&job.key).map_err(|error| GateError::input(&job.key, "the key cannot be read").with_source(error))?;
        let keys = RootKey::parse_file(&key_text)
            .map_err(|error| GateError::input(&job.key, "the key file cannot be used").with_help(error.help()).with_source(error))?
            .subject_keys();
        let question = Question { use_id: job.use_id.clone(), recipient: job.recipient.clone(), at, reading: job.reading };
        let services = services.as_ref().map(|(path, text)| (path.as_str(), text.as_str()));
        let spec = GateSpec::new(&files, services, &question, &extract);
        let gate = Gate::open(&spec, extract, keys)?;
        let tasks = find_tasks(&job)?;
        let run = run_digest(&job, &spec);
        let subjects = SubjectParts::of(&job, &run, &tasks)?;
        let engine = Engine { job, spec, gate, question, tasks, run, subjects };
        engine.bind_all()?;
        Ok(engine)
    }

    /// Opens and binds every input; all problems at once.
    fn bind_all(&self) -> Result<()> {
        let mut details = Vec::new();
        let mut types: BTreeMap<usize, (String, String)> = BTreeMap::new();
        let mut first = None;
        for task in &self.tasks {
            match self.open_task(task) {
                Ok(Opened::Parquet(input)) => {
                    // A column that changes type between files of one input is a different dataset under one name.
                    let types_now = input.mapped_types(&self.mapping_of(task).clone());
                    let (before, at) = types.entry(task.input).or_insert_with(|| (types_now.clone(), task.key.clone()));
                    if *before != types_now {
                        details.push(format!(
                            "`{}`: mapped columns have other types than in `{at}`: {types_now} instead of {before}",
                            task.key
                        ));
                    }
                }
                Ok(Opened::Text(_)) => {}
                Err(error) => {
                    details.push(error.to_string());
                    details.extend(error.details().iter().map(|detail| format!("  {detail}")));
                    details.extend(std::error::Error::source(&error).map(|cause| format!("  {cause}")));
                    first.get_or_insert(error);
                }
            }
        }
        if details.is_empty() {
            return Ok(());
        }
        let help = first.as_ref().and_then(GateError::help).unwrap_or("mend or leave out these files; nothing was written").to_owned();
        let kind = first.map_or(crate::ErrorKind::Config, |error| error.kind());
        Err(GateError::new(kind, "some inputs cannot be opened").with_details(details).with_help(help))
    }

    fn mapping_of(&self, task: &Task) -> &crate::mapping::Mapping {
        static NONE: std::sync::LazyLock<crate::mapping::Mapping> = std::sync::LazyLock::new(crate::mapping::Mapping::default);
        self.job.inputs.get(task.input).map_or(&NONE, |input| &input.map)
    }

    fn open_task(&self, task: &Task) -> Result<Opened> {
        self.open_task_with(task, &self.job.drop, Asked::default())
    }

    fn open_task_with(&self, task: &Task, drop: &[String], asked: Asked) -> Result<Opened> {
        let mapping = self.mapping_of(task);
        Ok(match task.format {
            Format::Parquet => {
                let input = ParquetInput::open(&self.gate, mapping, &task.path, asked)?;
                if self.job.form == Form::Copy {
                    CopyPlan::new(&input, drop)?;
                }
                Opened::Parquet(Box::new(input))
            }
            format => {
                if !drop.is_empty() {
                    let message = "output.drop is for Parquet: records of text formats leave byte for byte as they came";
                    return Err(GateError::input(&task.path, message));
                }
                Opened::Text(TextBinding::new(&self.gate, mapping, format, &task.path, &self.job.limits, asked)?)
            }
        })
    }

    /// The job.
    pub fn job(&self) -> &Job {
        &self.job
    }

    /// The gate.
    pub fn gate(&self) -> &Gate {
        &self.gate
    }

    /// The question every record is asked.
    pub fn question(&self) -> &Question {
        &self.question
    }

    /// Whether the run is for another moment than the extract's: an audit or a what-if, never a release.
    pub fn replay(&self) -> bool {
        self.question.at != self.gate.extract().header().through
    }

    /// Whether the extract is too old for a release made at this moment: then the run is a replay too.
    pub fn expired(&self, made_at: &str) -> bool {
        // A moment that cannot be read is no proof of freshness.
        Instant::parse(made_at).map_or(true, |made_at| made_at >= self.gate.extract().header().expires_at)
    }

    /// The tasks: one per input file, in order.
    pub fn plan(&self) -> &[Task] {
        &self.tasks
    }

    /// Looks at the first records of a file, without writing anything.
    pub(crate) fn check_task(&self, task: &Task) -> Result<Check> {
        let mapping = self.mapping_of(task);
        let names = mapping
            .paths()
            .into_iter()
            .map(|(field, path)| (field, path.join(".")))
            .chain(mapping.asserted().into_iter().map(|(field, value, _)| (field, format!("= {value}"))))
            .collect();
        let read = self.gate.rules().fields_read();
        let mut tally = Tally::default();
        let fields = match self.open_task(task)? {
            Opened::Parquet(input) => {
                let mut sampler = Sampler::new(&input.bound.fields, names, read);
                input.sample(&self.job.limits, SAMPLE_ROWS, &mut |batch| {
                    tally.add(&input.bound.bits(batch, None).0);
                    sampler.add(batch);
                })?;
                sampler.finish()
            }
            Opened::Text(binding) => binding.sample(&task.path, task.format, &self.job.limits, names, read, &mut tally)?,
        };
        Ok(Check { path: task.key.clone(), fields, tally })
    }

    /// Tasks that were done before for exactly this run and this input.
    pub fn completed(&self) -> Result<BTreeMap<String, TaskReport>> {
        let completions = Completions::new(&self.job.output);
        let mut done = BTreeMap::new();
        for task in &self.tasks {
            if let Some(report) = completions.lookup(task, &self.run)?
                && self.still_good(task, &report)?
            {
                done.insert(task.key.clone(), report);
            }
        }
        Ok(done)
    }

    /// Whether a completion's input and output are what they were.
    fn still_good(&self, task: &Task, report: &TaskReport) -> Result<bool> {
        let source = match task.format {
            Format::Parquet => crate::formats::parquet::footer_hash(&task.path)?,
            _ => hash_file(&task.path)?,
        };
        let size = std::fs::metadata(&task.path).map_err(|error| GateError::io(&task.path, "look at", error))?.len();
        let same_source = report.input.sha256() == source && report.input.bytes == size;
        let same_output = match &report.output {
            None => false,
            Some(output) => {
                let path = self.job.output.join(&output.path);
                path.exists() && hash_file(&path)? == output.sha256
            }
        };
        let same_subjects = match (&self.subjects, &report.subjects) {
            (None, _) => true,
            (Some(parts), Some(entry)) => parts.has(&task.key, entry)?,
            (Some(_), None) => false,
        };
        Ok(same_source && same_output && same_subjects && self.job.withheld_list.is_none())
    }

    /// Makes the output folder ready: it must be new, or hold what an earlier run of this job left unfinished.
    pub fn begin(&self) -> Result<()> {
        let outputs = self.tasks.iter().map(|task| self.job.output.join(self.target(task))).collect();
        Completions::new(&self.job.output).begin(&self.run, &outputs)
    }

    /// Where a task's output goes, under the output folder.
    fn target(&self, task: &Task) -> String {
        match self.job.form {
            Form::Copy => task.key.clone(),
            Form::Mask => format!("{}.keep.parquet", task.key),
        }
    }

    /// Runs one task: decides, writes, reads back, and only then gives the output its name.
    pub fn run(&self, task: &Task, progress: &dyn Fn(u64)) -> Result<TaskReport> {
        let done = self.run_file(task, progress);
        let report = match (done, self.job.on_file_error) {
            (Ok(report), _) => report,
            (Err(error), OnFileError::Withhold) if error.kind() == crate::ErrorKind::Input => self.withheld_whole(task, &error)?,
            (Err(error), _) => return Err(error),
        };
        self.check_times(&report)?;
        Completions::new(&self.job.output).record(task, &report)?;
        Ok(report)
    }

    fn check_times(&self, report: &TaskReport) -> Result<()> {
        let (there, implausible) = report.times;
        if implausible * 100 <= there * IMPLAUSIBLE_PERCENT_MAX {
            return Ok(());
        }
        let message = format!("`{}`: {implausible} of {there} times lie before 1990 or after the run", report.task);
        Err(GateError::config(message).with_help("the unit is probably wrong: check unit = \"s\", \"ms\", \"us\", \"ns\" in the map"))
    }

    fn withheld_whole(&self, task: &Task, error: &GateError) -> Result<TaskReport> {
        let bytes = std::fs::metadata(&task.path).map(|meta| meta.len()).unwrap_or_default();
        // An earlier attempt may have written it, when the input was another.
        let output = self.job.output.join(self.target(task));
        if output.exists() {
            std::fs::remove_file(&output).map_err(|error| GateError::io(&output, "remove", error))?;
        }
        let mut tally = Tally::default();
        tally.add(&[ReasonSet::of(Code::Unreadable).bits()]);
        let input = InputEntry {
            path: task.key.clone(),
            bytes,
            footer_sha256: None,
            sha256: hash_file(&task.path).ok(),
            format: task.format.as_str().to_owned(),
        };
        Ok(TaskReport {
            task: task.key.clone(),
            run: self.run.clone(),
            input,
            output: None,
            tally,
            met: String::new(),
            times: (0, 0),
            failed: Some(error.to_string()),
            subjects: None,
        })
    }

    fn run_file(&self, task: &Task, progress: &dyn Fn(u64)) -> Result<TaskReport> {
        let subjects = self.subject_sink(task)?;
        let asked = Asked { subjects: subjects.clone(), ids: self.job.withheld_list.is_some() };
        let opened = self.open_task_with(task, &self.job.drop, asked)?;
        let form = self.job.form;
        let target = self.target(task);
        let path = self.job.output.join(&target);
        let mut output = OutputFile::create(&path, false)?;
        let mut list = self.list_for(task)?;
        let mut tally = Tally::default();
        let key = digest_key(&self.run, &task.key);
        let fold = self.job.fold_choices;
        let mut row = 0_u64;
        let mut note = |decided: &Decided| -> Result<()> {
            let bits = &decided.bits;
            tally.add_decided(decided);
            if let Some(list) = &mut list {
                for (place, bits) in bits.iter().enumerate().filter(|(_, bits)| **bits != 0) {
                    let codes = listed_codes(*bits, fold);
                    let written =
                        list_line(list.writer(), &task.key, row + place as u64, decided.ids.get(&place).map(String::as_str), &codes);
                    written.map_err(|error| GateError::io(&path, "write the withheld list of", error))?;
                }
            }
            row += bits.len() as u64;
            progress(row);
            Ok(())
        };
        let bytes = std::fs::metadata(&task.path).map_err(|error| GateError::io(&task.path, "look at", error))?.len();
        let entry = |footer: Option<String>, sha256: Option<String>| InputEntry {
            path: task.key.clone(),
            bytes,
            footer_sha256: footer,
            sha256,
            format: task.format.as_str().to_owned(),
        };
        let (settled, input, noticed) = match (opened, form) {
            (Opened::Parquet(input), Form::Copy) => {
                let plan = CopyPlan::new(&input, &self.job.drop)?;
                let mut rewritten = HashSet::new();
                let mut groups = 0;
                let digests = copy_file(&input, &plan, &self.job.limits, key, &mut output, &mut |decided| {
                    let bits = &decided.bits;
                    let kept = bits.iter().filter(|bits| **bits == 0).count();
                    if kept > 0 {
                        if kept < bits.len() {
                            rewritten.insert(groups);
                        }
                        groups += 1;
                    }
                    note(decided)
                })?;
                let settled = output.settle()?;
                verify_copy(settled.part(), &digests, &rewritten, tally.kept, &self.job.limits, key)?;
                (settled, entry(Some(input.footer_sha256.clone()), None), input.bound.noticed())
            }
            (Opened::Parquet(input), Form::Mask) => {
                let about = self.mask_metadata(task, bytes, &input.footer_sha256);
                let mut groups = HashSet::new();
                let digests = write_mask(&input, &self.job.limits, key, &mut output, about, &mut |decided| {
                    groups.insert(groups.len());
                    note(decided)
                })?;
                let settled = output.settle()?;
                verify_copy(settled.part(), &digests, &groups, tally.read, &self.job.limits, key)?;
                (settled, entry(Some(input.footer_sha256.clone()), None), input.bound.noticed())
            }
            (Opened::Text(binding), Form::Copy) => {
                let done = gate_text(&task.path, task.format, &binding, &self.job.limits, key, Some(&mut output), &mut note)?;
                let settled = output.settle()?;
                if digest_text(settled.part(), &self.job.limits, key)? != done.digest {
                    return Err(GateError::integrity(format!("`{}`: the output read back differently from what was written", task.key)));
                }
                (settled, entry(None, Some(done.source_sha256)), binding.noticed())
            }
            (Opened::Text(binding), Form::Mask) => {
                let source = hash_file(&task.path)?;
                let mut writer = MaskWriter::new(&mut output, self.mask_metadata(task, bytes, &source))?;
                let encoder = writer.encoder();
                let mut groups = HashSet::new();
                let done = gate_text(&task.path, task.format, &binding, &self.job.limits, key, None, &mut |decided| {
                    let rows = encoder.encode(writer.next_row(), &decided.bits, key)?;
                    writer.append(rows, decided.bits.len())?;
                    groups.insert(groups.len());
                    note(decided)
                })?;
                let digests = writer.finish()?;
                if done.source_sha256 != source {
                    return Err(GateError::input(&task.path, "the file changed while it was read"));
                }
                let settled = output.settle()?;
                verify_copy(settled.part(), &digests, &groups, tally.read, &self.job.limits, key)?;
                (settled, entry(None, Some(source)), binding.noticed())
            }
        };
        let report = self.report(task, input, &noticed, tally);
        self.check_times(&report)?;
        if let Some(list) = list {
            list.settle()?.publish()?;
        }
        let subjects = match (&self.subjects, subjects) {
            (Some(parts), Some(sink)) => Some(sink.write(&parts.part(&task.key))?),
            _ => None,
        };
        let (written, rows) = (settled.written().clone(), if form == Form::Copy { report.tally.kept } else { report.tally.read });
        settled.publish()?;
        let output = OutputEntry { path: target, input: task.input, bytes: written.bytes, sha256: written.sha256, rows };
        Ok(TaskReport { output: Some(output), subjects, ..report })
    }

    /// Where the people of a task's kept records go, if they are asked for.
    fn subject_sink(&self, task: &Task) -> Result<Option<Arc<SubjectSink>>> {
        let sink = self.subjects.as_ref().map(|parts| parts.sink(&self.gate.0.services, self.job.limits.subject_bytes));
        sink.transpose().map_err(|error| error.with_details(vec![task.key.clone()]))
    }

    fn report(&self, task: &Task, input: InputEntry, noticed: &Noticed, tally: Tally) -> TaskReport {
        let met = noticed.met.iter().map(|word| format!("{word:016x}")).collect::<String>();
        TaskReport {
            task: task.key.clone(),
            run: self.run.clone(),
            input,
            output: None,
            tally,
            met,
            times: (noticed.times, noticed.implausible),
            failed: None,
            subjects: None,
        }
    }

    fn list_for(&self, task: &Task) -> Result<Option<OutputFile>> {
        let Some(list) = &self.job.withheld_list else { return Ok(None) };
        OutputFile::create(&list.join(format!("{}.withheld.jsonl", task.key)), true).map(Some)
    }

    fn mask_metadata(&self, task: &Task, bytes: u64, source: &str) -> Vec<(String, String)> {
        let pairs = [
            ("bezwaar.source", task.key.clone()),
            ("bezwaar.source.bytes", bytes.to_string()),
            ("bezwaar.source.sha256", source.to_owned()),
            ("bezwaar.use", self.question.use_id.clone()),
            ("bezwaar.recipient", self.question.recipient.clone()),
            ("bezwaar.at", self.question.at.to_string()),
            ("bezwaar.reading", self.question.reading.as_str().to_owned()),
            ("bezwaar.run", self.run.clone()),
        ];
        pairs.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
    }

    /// The spec the gate was opened with.
    pub fn spec(&self) -> &GateSpec {
        &self.spec
    }

    /// Digest of everything a decision depends on but the inputs.
    pub fn run_digest(&self) -> &str {
        &self.run
    }
}

/// The manifest's name in the output folder.
pub const MANIFEST: &str = "manifest.json";

/// Whether the extract is signed by whom the job names, or by nobody where the job allows that. The key is the job's, never the extract's
/// own: anybody can sign.
fn check_signer(job: &Job, extract: &Extract) -> Result<()> {
    let refuse = |message: &str| GateError::input(&job.extract, message);
    match &job.signed_by {
        Some(operator) => extract
            .verify_signature(std::slice::from_ref(operator))
            .map_err(|error| refuse("the extract is not signed by the operator the job names").with_help(error.help()).with_source(error)),
        None if extract.header().signed => Err(refuse("the extract is signed, but the job does not say by whom it must be").with_help(
            "write signed_by = \"NAME+ID+KEY\" under [extract], the public key of the register's operator, instead of allow_unsigned",
        )),
        None if job.allow_unsigned => Ok(()),
        None => Err(refuse("the extract is not signed: nobody answers for the objections in it")
            .with_help("use a signed extract, or write allow_unsigned = true under [extract]; reports will say so")),
    }
}

/// The codes a withheld list shows; folded, what people said becomes one word.
fn listed_codes(bits: u64, fold: bool) -> Vec<&'static str> {
    let mut codes: Vec<&'static str> = Vec::new();
    for code in ReasonSet::from_bits(bits).iter() {
        let word = if fold && (code.group() == Group::Person || code == Code::ChoiceUnreadable) { "choice" } else { code.as_str() };
        if !codes.contains(&word) {
            codes.push(word);
        }
    }
    codes
}

fn digest_key(run: &str, task: &str) -> u64 {
    xxhash_rust::xxh3::xxh3_64(format!("{run}\n{task}").as_bytes())
}

/// What a completion must agree on: the job's own text, policies, question, extract, form and program version. Where the policies lie
/// does not matter, what they say does.
fn run_digest(job: &Job, spec: &GateSpec) -> String {
    let mut text = Vec::new();
    let mut put = |part: &[u8]| {
        // Lengths first, so that no two different runs have the same bytes.
        text.extend((part.len() as u64).to_le_bytes());
        text.extend(part);
    };
    let mut policies: Vec<[&str; 3]> =
        spec.policies.iter().map(|(_, folder, stem, text)| [folder.as_str(), stem.as_str(), text.as_str()]).collect();
    policies.sort_unstable();
    put(&(policies.len() as u64).to_le_bytes());
    policies.iter().flatten().for_each(|part| put(part.as_bytes()));
    // That there is no file of services is another matter than an empty one.
    spec.services.iter().for_each(|(_, text)| put(text.as_bytes()));
    for part in [&spec.use_id, &spec.recipient, &spec.at, &spec.reading, &spec.extract, &job.text] {
        put(part.as_bytes());
    }
    put(env!("CARGO_PKG_VERSION").as_bytes());
    for input in &job.inputs {
        put(format!("{:?}", input.map).as_bytes());
    }
    hash_bytes(&text)
}

/// The hash of a policy file's text.
pub(crate) fn policy_hashes(spec: &GateSpec) -> BTreeMap<String, String> {
    let mut hashes: BTreeMap<String, String> =
        spec.policies.iter().map(|(_, folder, stem, text)| (format!("{folder}@{stem}"), hash_bytes(text.as_bytes()))).collect();
    hashes.extend(spec.services.iter().map(|(_, text)| ("services".to_owned(), hash_bytes(text.as_bytes()))));
    hashes
}
