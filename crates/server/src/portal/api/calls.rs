//! The record of calls of the bulk check: who asked, when, about how many accounts; never about whom. A line for each, written for good before the answer leaves, and tied to
//! the line before it, so that one that is missing or was changed shows.
//!
//! ```text
//! DIR/calls/2026-11.jsonl    {"accounts":250,"at":"…","caller":"lab","number":17,"previous":"SHA-256 of the line before"}
//! ```

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};

use bezwaar_core::time::{Day, Instant, Zone};
use serde_json::{Value, json};

use crate::files::make_folder;
use crate::portal::secrets::sha256_hex;

/// The folder of the record, in the register's.
pub const CALLS_FOLDER: &str = "calls";
/// The longest line, in bytes, that is read again.
const LINE_BYTES_MAX: u64 = 4_096;

/// The record, open at its end.
#[derive(Debug)]
pub(crate) struct CallBook {
    folder: PathBuf,
    file: Option<(String, File)>,
    number: u64,
    previous: String,
    /// Accounts asked about on a day (UTC), by caller.
    day: Option<Day>,
    asked: BTreeMap<String, u64>,
}

/// What a recorded call comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Recorded {
    /// How many accounts the caller asked about on this day before.
    pub(crate) before: u64,
    /// And with this call.
    pub(crate) after: u64,
}

fn day_of(at: Instant) -> Day {
    Day::of(at, &Zone::utc()).unwrap_or(Day::EPOCH)
}

impl CallBook {
    /// Opens the record in the register's folder, and counts what was asked today.
    pub(crate) fn open(register: &Path, now: Instant) -> io::Result<CallBook> {
        let folder = register.join(CALLS_FOLDER);
        make_folder(&folder)?;
        let mut book = CallBook { folder, file: None, number: 0, previous: "0".repeat(64), day: Some(day_of(now)), asked: BTreeMap::new() };
        let mut names: Vec<PathBuf> =
            fs::read_dir(&book.folder)?.map(|entry| entry.map(|entry| entry.path())).collect::<io::Result<_>>()?;
        names.retain(|path| path.extension().is_some_and(|extension| extension == "jsonl"));
        names.sort();
        if let Some(last) = names.last() {
            book.read(last)?;
        }
        Ok(book)
    }

    fn read(&mut self, path: &Path) -> io::Result<()> {
        let mut reader = BufReader::new(File::open(path)?);
        let mut line = Vec::new();
        loop {
            line.clear();
            let read = io::Read::take(&mut reader, LINE_BYTES_MAX).read_until(b'\n', &mut line)?;
            if read == 0 {
                return Ok(());
            }
            let Some(line) = line.strip_suffix(b"\n") else {
                // What a crash left of a line that was never answered stays, on a line of its own.
                OpenOptions::new().append(true).open(path)?.write_all(b"\n")?;
                return Ok(());
            };
            let Ok(value) = serde_json::from_slice::<Value>(line) else { continue };
            self.previous = sha256_hex(line);
            self.number = value.get("number").and_then(Value::as_u64).unwrap_or(self.number);
            let at = value.get("at").and_then(Value::as_str).and_then(|text| Instant::parse(text).ok());
            if let (Some(caller), Some(accounts), Some(at)) =
                (value.get("caller").and_then(Value::as_str), value.get("accounts").and_then(Value::as_u64), at)
                && Some(day_of(at)) == self.day
            {
                *self.asked.entry(caller.to_owned()).or_default() += accounts;
            }
        }
    }

    /// Records a call. When it returns, the line is on the disk.
    pub(crate) fn record(&mut self, caller: &str, accounts: u64, now: Instant) -> io::Result<Recorded> {
        let at = now.to_string();
        let month = format!("{}.jsonl", at.get(..7).unwrap_or("0000-00"));
        if self.file.as_ref().is_none_or(|(name, _)| *name != month) {
            let path = self.folder.join(&month);
            let file = OpenOptions::new().create(true).append(true).open(&path)?;
            File::open(&self.folder)?.sync_all()?;
            self.file = Some((month, file));
        }
        let number = self.number + 1;
        let line = json!({"accounts": accounts, "at": at, "caller": caller, "number": number, "previous": self.previous}).to_string();
        let Some((_, file)) = &mut self.file else { return Err(io::Error::other("no file is open")) };
        let written = file.write_all(format!("{line}\n").as_bytes()).and_then(|()| file.sync_data());
        if let Err(error) = written {
            // It may be there or not, or half: the next opening of the file finds out.
            self.file = None;
            return Err(error);
        }
        (self.number, self.previous) = (number, sha256_hex(line.as_bytes()));
        let day = Some(day_of(now));
        if self.day != day {
            (self.day, self.asked) = (day, BTreeMap::new());
        }
        let asked = self.asked.entry(caller.to_owned()).or_default();
        let before = *asked;
        *asked = before.saturating_add(accounts);
        Ok(Recorded { before, after: *asked })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Instant {
        Instant::parse(text).expect("an instant")
    }

    fn lines(folder: &Path, month: &str) -> Vec<String> {
        let text = fs::read_to_string(folder.join(CALLS_FOLDER).join(month)).expect("a file");
        text.lines().map(str::to_owned).collect()
    }

    #[test]
    fn each_line_is_tied_to_the_one_before_also_over_a_restart_and_a_month() {
        let folder = tempfile::tempdir().expect("a folder");
        let now = at("2026-11-30T23:59:00Z");
        let mut book = CallBook::open(folder.path(), now).expect("opened");
        assert_eq!(book.record("lab", 10, now).expect("recorded"), Recorded { before: 0, after: 10 });
        drop(book);
        let mut book = CallBook::open(folder.path(), now).expect("opened");
        assert_eq!(book.record("lab", 5, now).expect("recorded"), Recorded { before: 10, after: 15 });
        assert_eq!(book.record("other", 1, now).expect("recorded"), Recorded { before: 0, after: 1 });
        let later = at("2026-12-01T00:00:00Z");
        assert_eq!(book.record("lab", 7, later).expect("recorded"), Recorded { before: 0, after: 7 });
        let (first, second) = (lines(folder.path(), "2026-11.jsonl"), lines(folder.path(), "2026-12.jsonl"));
        let all: Vec<String> = first.into_iter().chain(second).collect();
        assert_eq!(all.len(), 4);
        let mut previous = "0".repeat(64);
        for (place, line) in all.iter().enumerate() {
            let value: Value = serde_json::from_str(line).expect("JSON");
            assert_eq!((value["number"].as_u64(), value["previous"].as_str()), (Some(place as u64 + 1), Some(previous.as_str())));
            assert_eq!(value.as_object().expect("an object").len(), 5);
            previous = sha256_hex(line.as_bytes());
        }
    }

    #[test]
    fn half_a_line_is_left_as_it_is_and_the_next_begins_anew() {
        let folder = tempfile::tempdir().expect("a folder");
        let now = at("2026-11-01T00:00:00Z");
        CallBook::open(folder.path(), now).expect("opened").record("lab", 1, now).expect("recorded");
        let path = folder.path().join(CALLS_FOLDER).join("2026-11.jsonl");
        OpenOptions::new().append(true).open(&path).expect("there").write_all(b"{\"acc").expect("written");
        let mut book = CallBook::open(folder.path(), now).expect("opened");
        assert_eq!(book.record("lab", 1, now).expect("recorded"), Recorded { before: 1, after: 2 });
        let lines = lines(folder.path(), "2026-11.jsonl");
        assert_eq!((lines.len(), lines[1].as_str()), (3, "{\"acc"));
        let value: Value = serde_json::from_str(&lines[2]).expect("JSON");
        assert_eq!((value["number"].as_u64(), value["previous"].as_str()), (Some(2), Some(sha256_hex(lines[0].as_bytes()).as_str())));
    }
}
