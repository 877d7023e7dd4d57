//! What can be found out about a register without changing it. One function for each check; `bezwaar doctor` prints what they find.

use std::collections::BTreeSet;
use std::path::Path;

use bezwaar_core::time::Instant;
use bezwaar_ledger::entry::{ENTRY_BYTES, Entry, EntryKind};
use bezwaar_ledger::tlog::leaf_hash;
use bezwaar_ledger::tlog::tile::{TILE_WIDTH, TileHashSource, new_bundles, new_tiles};
use serde_json::Value;

use super::edge::Edge;
use super::erase::still_there;
use super::publisher::is_public;
use super::writer::{CLOCK_BEHIND_MICROS_MAX, ENTRIES_AT_ONCE, next_entry};
use super::{PublicFiles, Reader, Register, RegisterError};
use crate::anchor::Anchor;
use crate::extracts::EXPIRES_AFTER_MICROS;
use crate::folder::STORE_FILE;
use crate::hex;
use crate::release::{seals_of, subjects};
use crate::settings::SETTINGS_FILE;
use crate::vault::VaultError;

/// How it is with what was checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Health {
    /// As it should be.
    Good,
    /// It works, but something should be done.
    Warning,
    /// Something is wrong.
    Failure,
}

/// What one check found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// How it is.
    pub health: Health,
    /// What was checked, in a word or two.
    pub check: &'static str,
    /// What was found. No personal data.
    pub what: String,
    /// What to do about it; empty when nothing is to be done.
    pub help: String,
}

impl Finding {
    /// All is well.
    pub fn good(check: &'static str, what: impl Into<String>) -> Finding {
        Finding { health: Health::Good, check, what: what.into(), help: String::new() }
    }

    /// Something should be done.
    pub fn warning(check: &'static str, what: impl Into<String>, help: impl Into<String>) -> Finding {
        Finding { health: Health::Warning, check, what: what.into(), help: help.into() }
    }

    /// Something is wrong.
    pub fn failure(check: &'static str, what: impl Into<String>, help: impl Into<String>) -> Finding {
        Finding { health: Health::Failure, check, what: what.into(), help: help.into() }
    }

    fn of_error(check: &'static str, error: &RegisterError) -> Finding {
        Finding::failure(check, with_causes(error), error.help())
    }
}

/// Less free room than this on a disk is told, in bytes: some days of a large register.
pub const FREE_BYTES_MIN: u64 = 1 << 30;

const RESTORE: &str = "stop, keep a copy of store, anchor and public folder, and restore what is wrong from a backup";

impl Register {
    /// All checks of an open register. `witnessed` says whether the settings name witnesses.
    pub fn checks(&mut self, witnessed: bool, now: Instant) -> Vec<Finding> {
        let mut findings = vec![self.check_store(), self.check_tree(), self.check_clock(now), self.check_keys()];
        findings.extend(self.check_openings());
        findings.push(self.check_erasures());
        findings.push(self.check_journal());
        findings.push(self.check_public());
        findings.push(self.check_extracts(now));
        findings.push(self.check_releases());
        findings.push(self.check_modes());
        findings.extend(self.check_space());
        findings.push(check_anchor_apart(&self.rest.place.folder, &self.rest.place.anchor));
        findings.push(check_witnesses(witnessed));
        findings
    }

    /// Whether the store's own structures are whole.
    pub fn check_store(&mut self) -> Finding {
        match self.writer.store.check() {
            Ok(()) => Finding::good("store", "the store is whole"),
            Err(error) => Finding::failure("store", with_causes(&error), error.help()),
        }
    }

    /// Whether store, anchor and published checkpoint are of one tree.
    pub fn check_tree(&mut self) -> Finding {
        match self.compare() {
            Ok((size, 0)) => Finding::good("tree", format!("store, anchor and public folder agree on {size} entries")),
            Ok((size, unpublished)) => Finding::warning(
                "tree",
                format!("store, anchor and public folder agree; of {size} entries, {unpublished} are not published yet"),
                "publish; receipts are promised within a minute",
            ),
            Err(error) => Finding::of_error("tree", &error),
        }
    }

    fn compare(&mut self) -> Result<(u64, u64), RegisterError> {
        let signed = [self.writer.anchor.checkpoint()?, self.publisher.published()];
        let size = self.writer.store.head()?.size;
        let (mut edge, mut full, mut last_at) = (Edge::new(), Vec::new(), None);
        let mut sizes: Vec<(u64, [u8; 32])> =
            signed.iter().flatten().map(|checkpoint| (checkpoint.unverified().size(), checkpoint.unverified().root())).collect();
        sizes.sort_unstable();
        let published = sizes.first().map_or(0, |(size, _)| *size);
        let mut sizes = sizes.into_iter().peekable();
        loop {
            while let Some((at, root)) = sizes.next_if(|(at, _)| *at == edge.size()) {
                if edge.root() != root {
                    return Err(super::IntegrityError::OtherTree { size: at }.into());
                }
            }
            if edge.size() >= size {
                break;
            }
            for bytes in self.writer.store.entries(edge.size(), ENTRIES_AT_ONCE)? {
                last_at = Some(next_entry(&bytes, edge.size(), last_at)?.recorded_at);
                edge.push(leaf_hash(&bytes), &mut full).map_err(|_| super::IntegrityError::OtherTree { size })?;
                full.clear();
                // A checkpoint may lie within what was read at once.
                while let Some((at, root)) = sizes.next_if(|(at, _)| *at == edge.size()) {
                    if edge.root() != root {
                        return Err(super::IntegrityError::OtherTree { size: at }.into());
                    }
                }
            }
        }
        match sizes.next() {
            Some((signed, _)) => Err(super::IntegrityError::RolledBack { store: size, signed }.into()),
            None => Ok((size, size - published)),
        }
    }

    /// Whether the clock is where the last entry says it should be.
    pub fn check_clock(&self, now: Instant) -> Finding {
        match self.writer.last_at {
            Some(last) if now < last => {
                let (behind, error) = (last.as_micros() - now.as_micros(), RegisterError::ClockBehind { now, last });
                if behind > CLOCK_BEHIND_MICROS_MAX {
                    Finding::of_error("clock", &error)
                } else {
                    Finding::warning("clock", format!("the clock is {} s behind the last entry", behind / 1_000_000), "set the clock")
                }
            }
            _ => Finding::good("clock", "the clock is not behind the last entry"),
        }
    }

    /// Whether all keys are there, and closed to others.
    pub fn check_keys(&self) -> Finding {
        if let Err(error) = self.writer.keys.check_files() {
            return Finding::failure("keys", error.to_string(), error.help());
        }
        match self.writer.keys.lost().first() {
            None => Finding::good("keys", "all keys are there, and closed to others"),
            Some(purpose) => {
                let error = crate::keys::KeyRingError::Lost { purpose: *purpose };
                Finding::failure("keys", error.to_string(), error.help())
            }
        }
    }

    /// Whether every salted entry has an opening that opens it, or a tombstone that names it.
    pub fn check_openings(&mut self) -> Vec<Finding> {
        let found = self.reader().and_then(|mut reader| openings(&mut reader));
        let (count, missing, wrong) = match found {
            Ok(found) => found,
            Err(error) => return vec![Finding::of_error("openings", &error)],
        };
        let mut findings: Vec<Finding> = wrong.iter().map(|error| Finding::failure("openings", error.to_string(), error.help())).collect();
        if !missing.is_empty() {
            let what = format!("{} entries have neither opening nor tombstone, among them {}", missing.len(), some(&missing));
            findings.push(Finding::failure("openings", what, RESTORE));
        }
        if findings.is_empty() {
            findings.push(Finding::good(
                "openings",
                format!("{count} openings open what they should; the other salted entries have tombstones"),
            ));
        }
        findings
    }

    /// Whether what was erased is gone, and every tombstone is remembered by the anchor.
    pub fn check_erasures(&mut self) -> Finding {
        let found = (|| {
            let erased = self.writer.anchor.erasures()?;
            let mut left = 0;
            for erased in &erased {
                left += usize::from(still_there(self.writer.store.as_mut(), erased)?);
            }
            Ok::<_, RegisterError>((erased.len(), left))
        })();
        match found {
            Ok((count, 0)) => Finding::good("erasures", format!("{count} erasures are done")),
            Ok((count, left)) => Finding::failure(
                "erasures",
                format!("of {count} erasures, {left} are not done"),
                "open the register again: it does them on opening",
            ),
            Err(error) => Finding::of_error("erasures", &error),
        }
    }

    /// Whether the anchor remembers every erasure the ledger has a tombstone of: one it does not would come back with an old backup.
    pub fn check_journal(&mut self) -> Finding {
        const CHECK: &str = "journal";
        let found = (|| {
            let remembered: BTreeSet<[u8; ENTRY_BYTES]> = self.writer.anchor.erasures()?.iter().map(|erased| erased.entry).collect();
            let (mut at, mut count, mut forgotten) = (0, 0, 0);
            loop {
                let entries = self.writer.store.entries(at, ENTRIES_AT_ONCE)?;
                if entries.is_empty() {
                    return Ok::<_, RegisterError>((count, forgotten));
                }
                at += entries.len() as u64;
                let tombstones = entries.iter().filter(|bytes| bytes.first() == Some(&(EntryKind::Tombstone as u8)));
                for bytes in tombstones {
                    count += 1;
                    forgotten += u64::from(!remembered.contains(bytes));
                }
            }
        })();
        match found {
            Ok((count, 0)) => Finding::good(CHECK, format!("the anchor remembers all {count} tombstones")),
            Ok((count, forgotten)) => Finding::warning(
                CHECK,
                format!(
                    "of {count} tombstones, the anchor does not remember {forgotten}: an old backup would bring back what they destroyed"
                ),
                "restore the anchor's `erasures` from its newest copy; destroy backups from before those erasures",
            ),
            Err(error) => Finding::of_error(CHECK, &error),
        }
    }

    /// Whether there is an extract that gates can use now.
    pub fn check_extracts(&mut self, now: Instant) -> Finding {
        const CHECK: &str = "extract";
        let newest = self.reader().and_then(|mut reader| {
            let size = reader.size()?;
            Ok(crate::extracts::extracts_of(&mut reader, size)?.pop())
        });
        match newest {
            Ok(None) => Finding::good(CHECK, "no extract was made yet"),
            Ok(Some((_, extract))) if extract.through.plus_micros(EXPIRES_AFTER_MICROS) <= now => Finding::warning(
                CHECK,
                format!("the newest extract goes through {}: as a rule it has expired, and a run with it is no release", extract.through),
                "make a new one: bezwaar register extract",
            ),
            Ok(Some((_, extract))) => Finding::good(CHECK, format!("the newest extract goes through {}", extract.through)),
            Err(error) => Finding::of_error(CHECK, &error),
        }
    }

    /// Whether the places of the subjects of every release are there: without them absence can be shown of none of it.
    pub fn check_releases(&mut self) -> Finding {
        const CHECK: &str = "releases";
        let found = (|| {
            let mut reader = self.reader()?;
            let size = reader.size()?;
            let (mut count, mut lost) = (0_u64, Vec::new());
            for (_, seal) in seals_of(&mut reader, size)? {
                count += 1;
                if subjects::kept(self, &seal)?.is_none() {
                    lost.push(seal.release);
                }
            }
            Ok::<_, RegisterError>((count, lost))
        })();
        match found {
            Ok((0, _)) => Finding::good(CHECK, "no release was sealed yet"),
            Ok((count, lost)) if lost.is_empty() => {
                Finding::good(CHECK, format!("the places of the subjects of {count} releases are there"))
            }
            Ok((_, lost)) => Finding::failure(
                CHECK,
                format!("the places of the subjects of release {} are lost or damaged: no absence can be shown", some(&lost)),
                "seal the same manifest again, with its list of subjects: the places are made again, and no new release",
            ),
            Err(error) => Finding::of_error(CHECK, &error),
        }
    }

    /// The salted entries that neither open nor have a tombstone that names them. While there are any, no extract is made.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub fn unopened(&mut self) -> Result<Vec<u64>, RegisterError> {
        let (_, mut unopened, wrong) = openings(&mut self.reader()?)?;
        unopened.extend(wrong.into_iter().filter_map(index_of));
        unopened.sort_unstable();
        Ok(unopened)
    }

    /// Whether what is not public is closed to others: the settings, which may hold a password, the store, and the anchor's files.
    pub fn check_modes(&self) -> Finding {
        const CHECK: &str = "access";
        let place = &self.rest.place;
        let paths = [SETTINGS_FILE, STORE_FILE].map(|name| place.folder.join(name));
        let paths = paths.into_iter().chain(["checkpoint", "erasures"].map(|name| place.anchor.join(name)));
        let open: Vec<String> = paths
            .filter(|path| self.publisher.files.mode(path).ok().flatten().is_some_and(|mode| mode & 0o077 != 0))
            .filter_map(|path| Some(path.file_name()?.to_string_lossy().into_owned()))
            .collect();
        if open.is_empty() {
            return Finding::good(CHECK, "settings, store and anchor are closed to others");
        }
        Finding::warning(CHECK, format!("others may read or write {}", open.join(", ")), "close them: chmod 600")
    }

    /// Whether there is room to write, for the register and for its anchor.
    pub fn check_space(&self) -> Vec<Finding> {
        let place = &self.rest.place;
        let places = [("the register's disk", &place.folder), ("the anchor's disk", &place.anchor)];
        places.into_iter().filter_map(|(name, path)| Some(space(name, self.publisher.files.free_bytes(path).ok().flatten()?))).collect()
    }

    /// Whether all public files are there and are what was signed.
    pub fn check_public(&mut self) -> Finding {
        match self.compare_public() {
            Ok(files) => Finding::good("public folder", format!("{files} public files are right")),
            Err(error) => Finding::of_error("public folder", &error),
        }
    }

    fn compare_public(&mut self) -> Result<u64, RegisterError> {
        let checkpoint = self.publisher.published().ok_or(RegisterError::NotPublished { size: 1 })?;
        let (size, root) = (checkpoint.unverified().size(), checkpoint.unverified().root());
        let files = PublicFiles::new(std::sync::Arc::clone(&self.publisher.files), &self.publisher.folder);
        let tree = TileHashSource::try_new(files, size, &root).map_err(super::reader::tile_error)?;
        let mut count = 1;
        for bundle in new_bundles(0, size) {
            let entries = tree.entries(bundle.index()).map_err(super::reader::tile_error)?;
            let places = bundle.index() * u64::from(TILE_WIDTH)..;
            let entries = places.zip(&entries).filter_map(|(index, bytes)| Some((index, Entry::from_bytes(bytes).ok()?)));
            for (index, entry) in entries.filter(|(_, entry)| is_public(entry.kind)) {
                let path = self.publisher.folder.join(super::publisher::DOCUMENTS).join(hex::encode(&entry.hash));
                let bytes = self.publisher.files.read(&path);
                let bytes = bytes.map_err(|source| RegisterError::Public { name: "documents".to_owned(), source })?;
                let right = match bytes {
                    Some(bytes) => <[u8; 32]>::from(<sha2::Sha256 as sha2::Digest>::digest(&bytes)) == entry.hash,
                    // One that was entered by its hash alone is kept elsewhere.
                    None => self.writer.store.document(index)?.is_none(),
                };
                if !right {
                    return Err(RegisterError::PublicDamaged { name: format!("documents/{}", hex::encode(&entry.hash)) });
                }
            }
        }
        count += new_tiles(0, size).count() as u64 + new_bundles(0, size).count() as u64;
        Ok(count)
    }
}

/// A failure and all its causes, in one sentence.
fn with_causes(error: &(dyn std::error::Error + 'static)) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |sentence, cause| format!("{sentence}: {cause}"))
}

/// The first few numbers.
fn some(numbers: &[u64]) -> String {
    numbers.iter().take(10).map(u64::to_string).collect::<Vec<_>>().join(", ")
}

/// What is to be said of so much free room.
fn space(name: &str, free: u64) -> Finding {
    let megabytes = free >> 20;
    if free < FREE_BYTES_MIN {
        return Finding::warning(
            "space",
            format!("{name} has {megabytes} MiB left"),
            "make room: when it is full, nothing more is accepted",
        );
    }
    Finding::good("space", format!("{name} has {megabytes} MiB left"))
}

/// How many openings there are, the salted entries without one, and the rows that do not open.
fn openings(reader: &mut Reader) -> Result<(u64, Vec<u64>, Vec<VaultError>), RegisterError> {
    let (mut count, mut wrong, mut opened) = (0, Vec::new(), std::collections::BTreeSet::new());
    let mut tombstoned = std::collections::BTreeSet::new();
    reader.scan_all(2, |row| {
        count += 1;
        match row {
            Ok(row) => {
                opened.insert(row.index);
                if row.entry.kind == EntryKind::Tombstone {
                    let body: Option<Value> = serde_json::from_slice(&row.body).ok();
                    let entries = body.as_ref().and_then(|body| body.get("entries")?.as_array());
                    tombstoned.extend(entries.into_iter().flatten().filter_map(Value::as_u64));
                }
            }
            Err(error) => {
                opened.extend(index_of(error));
                wrong.push(error);
            }
        }
        Ok::<(), RegisterError>(())
    })?;
    let (mut missing, mut at) = (Vec::new(), 0);
    loop {
        let entries = reader.entries(at, ENTRIES_AT_ONCE)?;
        if entries.is_empty() {
            return Ok((count, missing, wrong));
        }
        for bytes in entries {
            let salted = Entry::from_bytes(&bytes).is_ok_and(|entry| entry.kind.is_salted());
            if salted && !opened.contains(&at) && !tombstoned.contains(&at) {
                missing.push(at);
            }
            at += 1;
        }
    }
}

fn index_of(error: VaultError) -> Option<u64> {
    match error {
        VaultError::NoSuchHolder { index, .. }
        | VaultError::Swapped { index, .. }
        | VaultError::OtherHolder { index, .. }
        | VaultError::Damaged { index }
        | VaultError::OtherCommitment { index } => Some(index),
        _ => None,
    }
}

/// Whether the anchor is apart from what it is to guard.
pub fn check_anchor_apart(folder: &Path, anchor: &Path) -> Finding {
    const CHECK: &str = "anchor";
    const HELP: &str = "put the anchor on another disk or machine, where whoever can write to the register cannot write";
    let (Ok(folder), Ok(anchor)) = (folder.canonicalize(), anchor.canonicalize()) else {
        return Finding::failure(CHECK, "the register's folder or the anchor's is not there", "check the path in `register.toml`");
    };
    if anchor.starts_with(&folder) {
        return Finding::warning(CHECK, "the anchor is inside the register's folder, so whatever befalls one befalls the other", HELP);
    }
    if same_device(&folder, &anchor) {
        return Finding::warning(CHECK, "the anchor is on the same disk as the register", HELP);
    }
    Finding::good(CHECK, "the anchor is on another disk than the register")
}

#[cfg(unix)]
fn same_device(one: &Path, other: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    match (std::fs::metadata(one), std::fs::metadata(other)) {
        (Ok(one), Ok(other)) => one.dev() == other.dev(),
        _ => true,
    }
}

#[cfg(not(unix))]
fn same_device(_one: &Path, _other: &Path) -> bool {
    false
}

/// Whether anybody else looks.
pub fn check_witnesses(witnessed: bool) -> Finding {
    if witnessed {
        Finding::good("witnesses", "witnesses are named")
    } else {
        Finding::warning(
            "witnesses",
            "not witnessed: others may be shown another ledger",
            "name a trust policy with witnesses as `witnesses` in `register.toml`",
        )
    }
}

/// What can be said when a register does not open: the anchor's own findings.
pub fn check_closed(anchor: &mut Anchor, error: &RegisterError) -> Vec<Finding> {
    let mut findings = vec![Finding::of_error("opening", error)];
    match anchor.checkpoint() {
        Ok(Some(checkpoint)) => {
            findings.push(Finding::good("anchor", format!("the anchor remembers a tree of {} entries", checkpoint.unverified().size())));
        }
        Ok(None) => findings.push(Finding::failure("anchor", "the anchor remembers no tree", "check the path in `register.toml`")),
        Err(error) => findings.push(Finding::failure("anchor", error.to_string(), error.help())),
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn too_little_room_is_told() {
        assert_eq!(space("it", FREE_BYTES_MIN).health, Health::Good);
        assert_eq!(space("it", FREE_BYTES_MIN - 1).health, Health::Warning);
        assert!(space("it", 5 << 20).what.contains("5 MiB"));
    }
}
