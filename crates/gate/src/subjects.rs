//! The subjects of a release: everyone who wrote a kept record, and everyone one is about, by their normalised accounts.
//!
//! A list has one account in a line, in the order of their bytes, each once. It is personal data. Each task of a run writes its own;
//! they become one when the run is committed. From the files of a release the same list can be made again.

mod collect;
mod reread;
mod sorted;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use bezwaar_core::account::Services;

pub(crate) use collect::SubjectSink;
pub use reread::{SubjectList, subjects_of_outputs};
pub use sorted::{RUNS_MAX, SubjectsEntry};

use crate::engine::TaskReport;
use crate::error::{GateError, Result};
use crate::formats::{hash_bytes, hash_file};
use crate::inputs::Task;
use crate::job::Job;
use collect::SPILL;
use sorted::write_list;

/// The end of the name of the folder where the lists of tasks wait.
const WAITING: &str = ".bezwaar-run";

/// Where the lists of a run's tasks wait until they become one.
pub(crate) struct SubjectParts {
    target: PathBuf,
    folder: PathBuf,
    run: String,
}

impl SubjectParts {
    /// The place of a run's lists, if its job asks for subjects. Refuses one where something else stands.
    pub(crate) fn of(job: &Job, run: &str, tasks: &[Task]) -> Result<Option<SubjectParts>> {
        let Some(target) = &job.subjects else { return Ok(None) };
        let refuse = |why: &str| {
            let message = format!("`{}`, where the subjects are to be listed, {why}", target.display());
            Err(GateError::config(message).with_help("name a new file under output.subjects"))
        };
        if target.is_dir() {
            return refuse("is a folder");
        }
        let Some(name) = target.file_name() else { return refuse("is no file") };
        let same =
            |path: &Path| path == target || target.canonicalize().is_ok_and(|target| path.canonicalize().is_ok_and(|path| path == target));
        if tasks.iter().map(|task| task.path.as_path()).chain([job.extract.as_path(), job.key.as_path()]).any(same) {
            return refuse("is read by the job");
        }
        let mut waiting = name.to_owned();
        waiting.push(WAITING);
        Ok(Some(SubjectParts { target: target.clone(), folder: target.with_file_name(waiting), run: run.to_owned() }))
    }

    /// The list of a task.
    pub(crate) fn part(&self, key: &str) -> PathBuf {
        self.folder.join(hash_bytes(format!("{}\n{key}", self.run).as_bytes()))
    }

    /// A place for the people of one task.
    pub(crate) fn sink(&self, services: &Services, bytes_max: usize) -> Result<Arc<SubjectSink>> {
        let mut builder = std::fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&self.folder).map_err(|error| GateError::io(&self.folder, "make", error))?;
        Ok(Arc::new(SubjectSink::new(services, bytes_max, &self.folder)))
    }

    /// Whether a task's list is there as its report says.
    pub(crate) fn has(&self, key: &str, entry: &SubjectsEntry) -> Result<bool> {
        let part = self.part(key);
        Ok(part.is_file() && hash_file(&part)? == entry.sha256)
    }

    /// Makes one list of those of all tasks.
    pub(crate) fn join<'r>(&self, reports: impl Iterator<Item = &'r TaskReport>) -> Result<SubjectsEntry> {
        let mut parts = Vec::new();
        for report in reports.filter(|report| report.failed.is_none()) {
            let there = report.subjects.as_ref().map_or(Ok(false), |entry| self.has(&report.task, entry))?;
            if !there {
                let message = format!("the list of the subjects of `{}` is gone, or another", report.task);
                return Err(GateError::integrity(message).with_help("run the job again: this file will be done anew"));
            }
            parts.push(self.part(&report.task));
        }
        let waiting = |error| GateError::io(&self.folder, "make a folder in", error);
        if parts.is_empty() {
            return write_list(Vec::new(), Vec::new(), Path::new(""), &self.target);
        }
        let scratch = tempfile::Builder::new().prefix(SPILL).tempdir_in(&self.folder).map_err(waiting)?;
        write_list(parts, Vec::new(), scratch.path(), &self.target)
    }

    /// Removes what waited, once the manifest stands.
    pub(crate) fn finish(&self, tasks: &[Task]) -> Result<()> {
        let Ok(entries) = self.folder.read_dir() else { return Ok(()) };
        let ours: std::collections::HashSet<PathBuf> = tasks.iter().map(|task| self.part(&task.key)).collect();
        for entry in entries {
            let path = entry.map_err(|error| GateError::io(&self.folder, "list", error))?.path();
            let spilled = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(SPILL));
            let removed = if spilled && path.is_dir() {
                std::fs::remove_dir_all(&path)
            } else if ours.contains(&path) {
                std::fs::remove_file(&path)
            } else {
                Ok(())
            };
            removed.map_err(|error| GateError::io(&path, "remove", error))?;
        }
        // Lists of another run may wait in it; then it stays.
        let _ = std::fs::remove_dir(&self.folder);
        Ok(())
    }
}
