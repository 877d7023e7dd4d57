//! Finding the files of a job: files, folders and globs.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::completion::FOLDER;
use crate::engine::MANIFEST;
use crate::error::{GateError, Result};
use crate::formats::output::PART;
use crate::job::{Format, Job};

/// One input file to be gated.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Task {
    /// Its place relative to its input: the output's place too, and the task's name.
    pub key: String,
    /// The file.
    pub path: PathBuf,
    /// Its size in bytes when it was found.
    pub bytes: u64,
    /// Which input of the job it belongs to.
    pub input: usize,
    /// How it is stored.
    #[serde(with = "format_word")]
    pub format: Format,
}

mod format_word {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    use crate::job::Format;

    pub(super) fn serialize<S: Serializer>(format: &Format, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(format.as_str())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Format, D::Error> {
        let word = String::deserialize(deserializer)?;
        Format::lookup(&word).ok_or_else(|| D::Error::custom("unknown format"))
    }
}

/// Most files of a job.
pub const FILES_MAX: usize = 1_000_000;

/// The tasks of a job, by key. Two inputs that would be written to one place are an error.
pub(crate) fn find_tasks(job: &Job) -> Result<Vec<Task>> {
    let mut tasks: BTreeMap<String, Task> = BTreeMap::new();
    let mut problems = Vec::new();
    for (place, input) in job.inputs.iter().enumerate() {
        for pattern in &input.paths {
            let found = expand(&job.base, pattern)?;
            if found.is_empty() {
                problems.push(format!("`{pattern}` matches no file"));
            }
            for (key, path) in found {
                let Some(format) = input.format.or_else(|| Format::of_name(&path)) else {
                    problems.push(format!("`{}`: its name does not tell the format; say format = \"…\" in the input", path.display()));
                    continue;
                };
                let bytes = std::fs::metadata(&path).map_err(|error| GateError::io(&path, "look at", error))?.len();
                if is_ours(&key) {
                    problems.push(format!("`{key}`: an output of this name would be taken for what the run itself writes"));
                }
                let task = Task { key: key.clone(), path, bytes, input: place, format };
                if let Some(other) = tasks.insert(key.clone(), task) {
                    problems.push(format!("`{key}` would be written twice: it stands in two inputs (`{}`)", other.path.display()));
                }
            }
        }
    }
    if tasks.len() > FILES_MAX {
        problems.push(format!("{} files; at most {FILES_MAX} are gated in one job", tasks.len()));
    }
    if let (Ok(output), Some(task)) = (job.output.canonicalize(), tasks.values().find(|task| writes_into(job, task))) {
        problems.push(format!("`{}` lies in the output folder `{}`", task.path.display(), output.display()));
    }
    if problems.is_empty() {
        return Ok(tasks.into_values().collect());
    }
    Err(GateError::config("the inputs cannot be used").with_details(problems).with_help("paths start from the folder of the job file"))
}

/// Whether the name of an output is one the run keeps for itself.
fn is_ours(key: &str) -> bool {
    key == MANIFEST || key.ends_with(PART) || key.split('/').next() == Some(FOLDER)
}

/// Whether an input would be overwritten by outputs.
fn writes_into(job: &Job, task: &Task) -> bool {
    match (job.output.canonicalize(), task.path.canonicalize()) {
        (Ok(output), Ok(input)) => input.starts_with(output),
        _ => false,
    }
}

/// Files for a pattern, each with its place relative to the pattern's fixed part.
fn expand(base: &Path, pattern: &str) -> Result<Vec<(String, PathBuf)>> {
    let whole = base.join(pattern);
    if !pattern.contains(['*', '?']) {
        if whole.is_dir() {
            let mut found = Vec::new();
            walk(&whole, &mut |path| {
                let known = Format::of_name(path).is_some();
                if known {
                    found.push(path.to_owned());
                }
            })?;
            return Ok(with_keys(&whole, found));
        }
        if !whole.exists() {
            return Ok(Vec::new());
        }
        let parent = whole.parent().unwrap_or(Path::new("")).to_owned();
        return Ok(with_keys(&parent, vec![whole]));
    }
    let parts: Vec<&str> = pattern.split('/').collect();
    let fixed = parts.iter().take_while(|part| !part.contains(['*', '?'])).count();
    let root = base.join(parts.get(..fixed).unwrap_or_default().join("/"));
    let rest = parts.get(fixed..).unwrap_or_default();
    let mut found = Vec::new();
    if root.is_dir() {
        walk(&root, &mut |path| {
            let relative = path.strip_prefix(&root).unwrap_or(path);
            let names: Vec<String> = relative.iter().map(|part| part.to_string_lossy().into_owned()).collect();
            if matches(rest, &names.iter().map(String::as_str).collect::<Vec<_>>()) {
                found.push(path.to_owned());
            }
        })?;
    }
    Ok(with_keys(&root, found))
}

fn with_keys(root: &Path, mut found: Vec<PathBuf>) -> Vec<(String, PathBuf)> {
    found.sort();
    let key = |path: &Path| {
        let relative = path.strip_prefix(root).unwrap_or(path);
        relative.iter().map(|part| part.to_string_lossy().into_owned()).collect::<Vec<_>>().join("/")
    };
    found.into_iter().map(|path| (key(&path), path)).collect()
}

fn walk(folder: &Path, visit: &mut dyn FnMut(&Path)) -> Result<()> {
    let entries = std::fs::read_dir(folder).map_err(|error| GateError::io(folder, "list", error))?;
    for entry in entries {
        let path = entry.map_err(|error| GateError::io(folder, "list", error))?.path();
        // Hidden files are marks of other programs, not data.
        let hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(['.', '_']));
        if hidden {
            continue;
        }
        if path.is_dir() { walk(&path, visit)? } else { visit(&path) }
    }
    Ok(())
}

/// Whether path parts match a pattern's: `**` is any number of folders.
fn matches(pattern: &[&str], parts: &[&str]) -> bool {
    match (pattern.split_first(), parts.split_first()) {
        (None, None) => true,
        (Some((&"**", rest)), _) => matches(rest, parts) || parts.split_first().is_some_and(|(_, after)| matches(pattern, after)),
        (Some((part, rest)), Some((name, after))) => wild(part.as_bytes(), name.as_bytes()) && matches(rest, after),
        _ => false,
    }
}

/// Whether a name matches a pattern with `*` and `?`.
fn wild(pattern: &[u8], name: &[u8]) -> bool {
    match (pattern.split_first(), name.split_first()) {
        (None, None) => true,
        (Some((b'*', rest)), _) => wild(rest, name) || name.split_first().is_some_and(|(_, after)| wild(pattern, after)),
        (Some((b'?', rest)), Some((_, after))) => wild(rest, after),
        (Some((letter, rest)), Some((other, after))) => letter == other && wild(rest, after),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs() {
        let check = |pattern: &str, path: &str| matches(&pattern.split('/').collect::<Vec<_>>(), &path.split('/').collect::<Vec<_>>());
        assert!(check("*.parquet", "a.parquet"));
        assert!(!check("*.parquet", "x/a.parquet"));
        assert!(check("**/*.parquet", "x/y/a.parquet"));
        assert!(check("**/*.parquet", "a.parquet"));
        assert!(check("part-?/a*c.json", "part-1/abc.json"));
        assert!(!check("part-?/a*c.json", "part-12/abc.json"));
    }
}
