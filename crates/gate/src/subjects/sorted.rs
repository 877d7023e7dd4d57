//! Distinct texts in the order of their bytes, more of them than memory holds: sorted runs on disk, merged as they are read.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::error::{GateError, Result};
use crate::formats::output::OutputFile;

/// Most sorted runs that are read at once; more are merged in several rounds.
pub const RUNS_MAX: usize = 64;

/// What a list of subjects is known by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SubjectsEntry {
    /// How many accounts it has.
    pub count: u64,
    /// SHA-256 of the whole list, in hexadecimal.
    pub sha256: String,
}

/// Texts in order, each once, none with a line's end in it: in memory, or a line each in a file.
pub(crate) enum Run {
    Memory(std::vec::IntoIter<String>),
    File(BufReader<File>, PathBuf),
}

impl Run {
    /// Texts in any order.
    pub(crate) fn of(mut texts: Vec<String>) -> Run {
        texts.sort_unstable();
        texts.dedup();
        Run::Memory(texts.into_iter())
    }

    /// A list on disk.
    pub(crate) fn open(path: &Path) -> Result<Run> {
        let file = File::open(path).map_err(|error| GateError::io(path, "open", error))?;
        Ok(Run::File(BufReader::with_capacity(1 << 16, file), path.to_owned()))
    }

    fn next(&mut self, line: &mut Vec<u8>) -> Result<bool> {
        line.clear();
        match self {
            Run::Memory(texts) => Ok(texts.next().is_some_and(|text| {
                *line = text.into_bytes();
                true
            })),
            Run::File(reader, path) => {
                let count = reader.read_until(b'\n', line).map_err(|error| GateError::io(path, "read", error))?;
                if line.last() == Some(&b'\n') {
                    line.pop();
                }
                Ok(count > 0)
            }
        }
    }
}

/// Calls `visit` with every text of the runs, in order, each once.
fn merge(mut runs: Vec<Run>, visit: &mut dyn FnMut(&[u8]) -> Result<()>) -> Result<()> {
    let mut heap = BinaryHeap::with_capacity(runs.len());
    for (place, run) in runs.iter_mut().enumerate() {
        let mut line = Vec::new();
        if run.next(&mut line)? {
            heap.push(Reverse((line, place)));
        }
    }
    let mut last: Option<Vec<u8>> = None;
    while let Some(Reverse((line, place))) = heap.pop() {
        let mut spare = Vec::new();
        if last.as_ref() != Some(&line) {
            visit(&line)?;
            spare = last.replace(line).unwrap_or_default();
        }
        if let Some(run) = runs.get_mut(place)
            && run.next(&mut spare)?
        {
            heap.push(Reverse((spare, place)));
        }
    }
    Ok(())
}

/// Writes the texts of lists on disk and of runs in memory as one list: distinct, in order, a line each, readable by its owner only.
/// `scratch` is a folder for what is between; never more than [`RUNS_MAX`] lists are open.
pub(crate) fn write_list(mut lists: Vec<PathBuf>, mut memory: Vec<Run>, scratch: &Path, target: &Path) -> Result<SubjectsEntry> {
    let mut round = 0;
    while lists.len() > RUNS_MAX {
        let path = scratch.join(format!("merged-{round}"));
        let taken: Vec<PathBuf> = lists.drain(..RUNS_MAX).collect();
        write_runs(taken.iter().map(|list| Run::open(list)).collect::<Result<Vec<Run>>>()?, &path)?;
        // Only what was made here is removed: the others are somebody's completions.
        for list in taken.iter().filter(|list| list.starts_with(scratch)) {
            std::fs::remove_file(list).map_err(|error| GateError::io(list, "remove", error))?;
        }
        lists.push(path);
        round += 1;
    }
    for list in &lists {
        memory.push(Run::open(list)?);
    }
    write_runs(memory, target)
}

/// Writes runs as one list.
pub(crate) fn write_runs(runs: Vec<Run>, target: &Path) -> Result<SubjectsEntry> {
    let mut output = OutputFile::create(target, true)?;
    let mut count = 0;
    merge(runs, &mut |line| {
        count += 1;
        let written = output.writer().write_all(line).and_then(|()| output.writer().write_all(b"\n"));
        written.map_err(|error| GateError::io(target, "write", error))
    })?;
    Ok(SubjectsEntry { count, sha256: output.settle()?.publish()?.sha256 })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listed(lists: &[&[&str]], memory: &[&[&str]]) -> String {
        let folder = tempfile::tempdir().unwrap();
        let scratch = tempfile::tempdir().unwrap();
        let paths = lists.iter().enumerate().map(|(number, texts)| {
            let path = folder.path().join(number.to_string());
            std::fs::write(&path, texts.iter().map(|text| format!("{text}\n")).collect::<String>()).unwrap();
            path
        });
        let runs = memory.iter().map(|texts| Run::of(texts.iter().map(|text| (*text).to_owned()).collect())).collect();
        let target = folder.path().join("all");
        let entry = write_list(paths.collect(), runs, scratch.path(), &target).unwrap();
        let text = std::fs::read_to_string(&target).unwrap();
        assert_eq!(entry.count, text.lines().count() as u64);
        assert_eq!(entry.sha256, crate::formats::hash_bytes(text.as_bytes()));
        // What was given stands there still.
        assert!((0..lists.len()).all(|number| folder.path().join(number.to_string()).exists()));
        text
    }

    #[test]
    fn distinct_and_in_the_order_of_bytes() {
        assert_eq!(listed(&[&["a", "c"], &["a", "b", "é"], &[]], &[&["z", "b", "b"], &[]]), "a\nb\nc\nz\né\n");
        assert_eq!(listed(&[], &[]), "");
        // A text that is the beginning of another comes first, although a line's end is a smaller byte than some.
        assert_eq!(listed(&[&["a", "a\t"], &["a", "a:"]], &[]), "a\na\t\na:\n");
    }

    #[test]
    fn any_number_of_lists_is_merged() {
        for count in [RUNS_MAX, RUNS_MAX + 1, RUNS_MAX * 3 + 7] {
            let texts: Vec<String> = (0..count).map(|number| format!("{:04}", number * 7919 % 1000)).collect();
            let lists: Vec<Vec<&str>> = texts.iter().map(|text| vec!["0000", text.as_str()]).collect();
            let lists: Vec<&[&str]> = lists.iter().map(Vec::as_slice).collect();
            let mut expected: Vec<&str> = texts.iter().map(String::as_str).chain(["0000"]).collect();
            expected.sort_unstable();
            expected.dedup();
            let expected: String = expected.iter().map(|text| format!("{text}\n")).collect();
            assert_eq!(listed(&lists, &[]), expected);
            assert_eq!(listed(&lists[..count / 2], &lists[count / 2..]), expected);
        }
    }
}
