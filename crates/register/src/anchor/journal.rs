//! The journal of erasures: JSON Lines, written before anything is erased and read on every opening.

use bezwaar_ledger::entry::ENTRY_BYTES;
use serde_json::{Value, json};

use super::AnchorError;
use crate::hex;
use crate::store::HolderId;

/// The longest line of the journal, in bytes, that is read.
pub const JOURNAL_BYTES_MAX: usize = 4 << 20;

/// One erasure: what is destroyed, and the tombstone that says so, ready to be entered again. It names no person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Erased {
    /// Where the tombstone is to stand on the ledger.
    pub index: u64,
    /// The tombstone's entry.
    pub entry: [u8; ENTRY_BYTES],
    /// The salt of its commitment.
    pub salt: [u8; 32],
    /// What it says: RFC 8785 JSON.
    pub body: String,
    /// The entries whose openings are destroyed.
    pub openings: Vec<u64>,
    /// The holders whose keys are destroyed.
    pub keys: Vec<HolderId>,
    /// The holders whose contacts are destroyed.
    pub contacts: Vec<HolderId>,
}

impl Erased {
    pub(super) fn to_line(&self) -> String {
        let numbers = |holders: &[HolderId]| holders.iter().map(|holder| holder.0).collect::<Vec<_>>();
        let value = json!({
            "body": self.body, "contacts": numbers(&self.contacts), "entry": hex::encode(&self.entry), "index": self.index,
            "keys": numbers(&self.keys), "openings": self.openings, "salt": hex::encode(&self.salt), "v": 1,
        });
        format!("{value}\n")
    }

    fn from_line(line: &str) -> Option<Erased> {
        let value: Value = serde_json::from_str(line).ok()?;
        let numbers = |field: &str| value.get(field)?.as_array()?.iter().map(Value::as_u64).collect::<Option<Vec<u64>>>();
        let holders = |field: &str| Some(numbers(field)?.into_iter().map(HolderId).collect());
        let text = |field: &str| value.get(field)?.as_str();
        (value.get("v")?.as_u64()? == 1).then_some(())?;
        Some(Erased {
            index: value.get("index")?.as_u64()?,
            entry: hex::decode(text("entry")?)?,
            salt: hex::decode(text("salt")?)?,
            body: text("body")?.to_owned(),
            openings: numbers("openings")?,
            keys: holders("keys")?,
            contacts: holders("contacts")?,
        })
    }
}

/// Reads whole lines.
pub(super) fn parse(bytes: &[u8]) -> Result<Vec<Erased>, AnchorError> {
    let mut erased = Vec::new();
    for (number, line) in (1..).zip(bytes.split_inclusive(|byte| *byte == b'\n')) {
        let text = std::str::from_utf8(line).ok().filter(|line| line.len() <= JOURNAL_BYTES_MAX);
        let read = text.and_then(|line| Erased::from_line(line.trim_end()));
        erased.push(read.ok_or(AnchorError::NotAnErasure { line: number })?);
    }
    Ok(erased)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_the_journal_is_no_longer_than_it_may_be() {
        let erased = |body: usize| Erased {
            index: 4,
            entry: [7; ENTRY_BYTES],
            salt: [8; 32],
            body: "x".repeat(body),
            openings: vec![1],
            keys: Vec::new(),
            contacts: Vec::new(),
        };
        let rest = JOURNAL_BYTES_MAX - erased(0).to_line().len();
        let longest = erased(rest);
        assert_eq!(longest.to_line().len(), JOURNAL_BYTES_MAX);
        assert_eq!(parse(longest.to_line().as_bytes()).unwrap(), [longest]);
        let past = format!("{}{}", erased(0).to_line(), erased(rest + 1).to_line());
        assert!(matches!(parse(past.as_bytes()), Err(AnchorError::NotAnErasure { line: 2 })));
    }
}
