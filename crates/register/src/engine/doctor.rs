//! What can be found out about a register without changing it. One function for each check; `bezwaar doctor` prints what they find.

use std::path::Path;

use bezwaar_core::time::Instant;
use bezwaar_ledger::entry::{Entry, EntryKind};
use bezwaar_ledger::tlog::leaf_hash;
use bezwaar_ledger::tlog::tile::{TileHashSource, new_bundles, new_tiles};
use serde_json::Value;

use super::edge::Edge;
use super::erase::still_there;
use super::publisher::is_public;
use super::writer::{CLOCK_BEHIND_MICROS_MAX, ENTRIES_AT_ONCE, next_entry};
use super::{PublicFiles, Reader, Register, RegisterError};
use crate::anchor::Anchor;
use crate::hex;
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
    fn good(check: &'static str, what: impl Into<String>) -> Finding {
        Finding { health: Health::Good, check, what: what.into(), help: String::new() }
    }

    fn warning(check: &'static str, what: impl Into<String>, help: impl Into<String>) -> Finding {
        Finding { health: Health::Warning, check, what: what.into(), help: help.into() }
    }

    fn failure(check: &'static str, what: impl Into<String>, help: impl Into<String>) -> Finding {
        Finding { health: Health::Failure, check, what: what.into(), help: help.into() }
    }

    fn of_error(check: &'static str, error: &RegisterError) -> Finding {
        let cause = std::error::Error::source(error).map(|cause| format!(": {cause}")).unwrap_or_default();
        Finding::failure(check, format!("{error}{cause}"), error.help())
    }
}

const RESTORE: &str = "stop, keep a copy of store, anchor and public folder, and restore what is wrong from a backup";

impl Register {
    /// All checks of an open register. `witnessed` says whether the settings name witnesses.
    pub fn checks(&mut self, witnessed: bool, now: Instant) -> Vec<Finding> {
        let mut findings = vec![self.check_store(), self.check_tree(), self.check_clock(now), self.check_keys()];
        findings.extend(self.check_openings());
        findings.push(self.check_erasures());
        findings.push(self.check_public());
        findings.push(check_anchor_apart(&self.rest.place.folder, &self.rest.place.anchor));
        findings.push(check_witnesses(witnessed));
        findings
    }

    /// Whether the store's own structures are whole.
    pub fn check_store(&mut self) -> Finding {
        match self.writer.store.check() {
            Ok(()) => Finding::good("store", "the store is whole"),
            Err(error) => Finding::failure("store", error.to_string(), error.help()),
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
            let some: Vec<String> = missing.iter().take(10).map(u64::to_string).collect();
            let what = format!("{} entries have neither opening nor tombstone, among them {}", missing.len(), some.join(", "));
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
            for entry in entries.iter().filter_map(|bytes| Entry::from_bytes(bytes).ok()).filter(|entry| is_public(entry.kind)) {
                let path = self.publisher.folder.join(super::publisher::DOCUMENTS).join(hex::encode(&entry.hash));
                let bytes = self.publisher.files.read(&path);
                let bytes = bytes.map_err(|source| RegisterError::Public { name: "documents".to_owned(), source })?;
                // One that was entered by its hash alone is kept elsewhere.
                if bytes.is_some_and(|bytes| <[u8; 32]>::from(<sha2::Sha256 as sha2::Digest>::digest(&bytes)) != entry.hash) {
                    return Err(RegisterError::PublicDamaged { name: format!("documents/{}", hex::encode(&entry.hash)) });
                }
            }
        }
        count += new_tiles(0, size).count() as u64 + new_bundles(0, size).count() as u64;
        Ok(count)
    }
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
