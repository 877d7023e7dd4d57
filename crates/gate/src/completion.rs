//! Completions: progress marks of a run, so that it can be resumed. They lie in the output folder under a hidden name and are
//! gone when the manifest stands.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::engine::{MANIFEST, TaskReport};
use crate::error::{GateError, Result};
use crate::formats::hash_bytes;
use crate::formats::output::{PART, sync_folder, write_whole};
use crate::inputs::Task;

/// The folder of marks.
pub(crate) const FOLDER: &str = ".bezwaar-run";

pub(crate) struct Completions {
    output: PathBuf,
    folder: PathBuf,
}

impl Completions {
    pub(crate) fn new(output: &Path) -> Completions {
        Completions { output: output.to_owned(), folder: output.join(FOLDER) }
    }

    fn mark(&self, task: &Task) -> PathBuf {
        // Task keys are paths; their hash is a name.
        self.folder.join(format!("{}.json", hash_bytes(task.key.as_bytes())))
    }

    /// Makes the output folder ready. A finished release is never touched; foreign files are an error; what another run left
    /// unfinished is written over, since without a manifest it is no release.
    pub(crate) fn begin(&self, run: &str, outputs: &BTreeSet<PathBuf>) -> Result<()> {
        if self.output.join(MANIFEST).exists() {
            let message = format!("`{}` holds a finished run already", self.output.display());
            return Err(GateError::config(message).with_help("choose another output path, or remove the folder"));
        }
        let foreign =
            self.output.is_dir() && !self.folder.is_dir() && self.output.read_dir().is_ok_and(|mut entries| entries.next().is_some());
        if foreign {
            let message = format!("`{}` is not empty, and what is in it is not ours", self.output.display());
            return Err(GateError::config(message).with_help("choose an empty or new folder"));
        }
        self.refuse_strangers(outputs)?;
        std::fs::create_dir_all(&self.folder).map_err(|error| GateError::io(&self.folder, "make", error))?;
        write_whole(&self.folder.join("run"), run.as_bytes(), false)?;
        Ok(())
    }

    /// Files in the output folder that are none of these outputs, finished or not, and no marks: left there by another run, they would
    /// be taken for a part of this one.
    pub(crate) fn refuse_strangers(&self, outputs: &BTreeSet<PathBuf>) -> Result<()> {
        let mut strangers = Vec::new();
        self.look_through(&self.output, outputs, &mut strangers)?;
        if strangers.is_empty() {
            return Ok(());
        }
        strangers.sort();
        let message = format!("`{}` holds files that do not belong to this run", self.output.display());
        Err(GateError::config(message).with_details(strangers).with_help("remove them, or choose another output path"))
    }

    fn look_through(&self, folder: &Path, outputs: &BTreeSet<PathBuf>, strangers: &mut Vec<String>) -> Result<()> {
        let entries = match folder.read_dir() {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(GateError::io(folder, "list", error)),
        };
        for entry in entries {
            let path = entry.map_err(|error| GateError::io(folder, "list", error))?.path();
            let whole = path.to_str().and_then(|path| path.strip_suffix(PART)).map_or_else(|| path.clone(), PathBuf::from);
            if path == self.folder || outputs.contains(&whole) || (whole != path && whole == self.output.join(MANIFEST)) {
            } else if path.is_dir() {
                self.look_through(&path, outputs, strangers)?;
            } else {
                strangers.push(path.display().to_string());
            }
        }
        Ok(())
    }

    /// The report of a task done before for this very run.
    pub(crate) fn lookup(&self, task: &Task, run: &str) -> Result<Option<TaskReport>> {
        let path = self.mark(task);
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(GateError::io(&path, "read", error)),
        };
        // A mark that cannot be read is no mark: the task is run again.
        let report: Option<TaskReport> = serde_json::from_str(&text).ok();
        Ok(report.filter(|report| report.run == run && report.task == task.key && report.failed.is_none()))
    }

    pub(crate) fn record(&self, task: &Task, report: &TaskReport) -> Result<()> {
        let text = serde_json::to_string(report).unwrap_or_default();
        write_whole(&self.mark(task), text.as_bytes(), false).map(|_| ())
    }

    /// Removes the marks once the manifest stands.
    pub(crate) fn finish(&self) -> Result<()> {
        match std::fs::remove_dir_all(&self.folder) {
            Ok(()) => sync_folder(&self.output),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(GateError::io(&self.folder, "remove", error)),
        }
    }
}
