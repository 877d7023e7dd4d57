//! What closes becomes an act of a person, in the exchange format.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use bezwaar_core::account::Services;
use bezwaar_core::time::Instant;
use bezwaar_core::wire::ChoiceLine;
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::statement::{Answer, EVERYTHING, Signal, Statement};

/// Whose acts they are, and since when they count.
#[derive(Clone, Debug)]
pub struct ActOptions<'a> {
    /// The person, as `service:value`.
    pub person: &'a str,
    /// When the signal was received.
    pub received_at: Instant,
    /// When its text says it was written; never counts.
    pub written_at: Option<Instant>,
    /// Only these categories make an act; `None` is all. What could not be told apart always does.
    pub only: Option<&'a BTreeSet<String>>,
    /// Where it was read, in a word, for the file's owner.
    pub read_from: &'a str,
}

/// Why no act can be made.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ActError {
    /// The person names nobody.
    Person,
    /// The act is not one the exchange format takes.
    Format(String),
}

impl ActError {
    /// What to do next.
    pub fn help(&self) -> &'static str {
        match self {
            ActError::Person => "write `service:value`, such as `mail:` and an address, or `url:` and the address of a site",
            ActError::Format(_) => "this is a mistake in the program; please report it",
        }
    }
}

impl fmt::Display for ActError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ActError::Person => f.write_str("the person names nobody"),
            ActError::Format(message) => write!(f, "an act is not in the exchange format: {message}"),
        }
    }
}

impl std::error::Error for ActError {}

#[derive(Serialize)]
struct Line<'a> {
    id: String,
    person: &'a str,
    act: &'static str,
    signal: &'static str,
    received_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    written_at: Option<String>,
    channel: &'static str,
    ext: Ext<'a>,
}

#[derive(Serialize)]
struct Ext<'a> {
    read_from: &'a str,
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    no: BTreeSet<&'a str>,
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    unreadable: BTreeSet<&'a str>,
}

/// One line of a choices file for each signal that says no, or says something that cannot be read. A yes and an unset answer make none,
/// and neither does a signal that is not there any more.
///
/// The id follows from the content, so that the same signal read twice is the same act.
pub fn acts(statements: &[Statement], options: &ActOptions<'_>, services: &Services) -> Result<Vec<String>, ActError> {
    let account = services.parse(options.person).ok_or(ActError::Person)?;
    let mut closing: BTreeMap<Signal, Ext<'_>> = BTreeMap::new();
    for one in statements.iter().filter(|one| one.answer().closes()) {
        let counts = options.only.is_none_or(|only| only.contains(one.category()) || one.category() == EVERYTHING);
        if !counts {
            continue;
        }
        let empty = Ext { read_from: options.read_from, no: BTreeSet::new(), unreadable: BTreeSet::new() };
        let ext = closing.entry(one.signal()).or_insert(empty);
        let list = if one.answer() == Answer::No { &mut ext.no } else { &mut ext.unreadable };
        list.insert(one.category());
    }
    let mut lines = Vec::new();
    for (signal, ext) in closing {
        let ext_text = serde_json::to_string(&ext).map_err(|_| ActError::Format("its notes cannot be written".to_owned()))?;
        let mut hash = Sha256::new();
        for part in [account.expose_canonical(), signal.as_str(), &options.received_at.to_string(), &ext_text] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part.as_bytes());
        }
        let digest: String = hash.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        let line = Line {
            id: format!("{}-{digest}", signal.as_str()),
            person: options.person,
            act: "signal",
            signal: signal.as_str(),
            received_at: options.received_at.to_string(),
            written_at: options.written_at.map(|written| written.to_string()),
            channel: "signal",
            ext,
        };
        let text = serde_json::to_string(&line).map_err(|_| ActError::Format("it cannot be written".to_owned()))?;
        if let Err(errors) = ChoiceLine::parse(1, &text, services) {
            return Err(ActError::Format(errors.first().map(|error| error.message().to_owned()).unwrap_or_default()));
        }
        lines.push(text);
    }
    Ok(lines)
}
