//! Events: what a salted entry of the ledger is about, besides choices: confirmations, voids and tombstones.
//!
//! Each is a JSON object of [RFC 8785](https://www.rfc-editor.org/rfc/rfc8785) in one form. `spec/ledger.md`, *Events*, has the bytes.

use std::fmt;

use bezwaar_core::account::Account;
use bezwaar_core::choice::Choice;
use bezwaar_core::time::Instant;

use crate::entry::EntryKind;
use crate::expanded::{BODY_BYTES_MAX, BODY_VERSION, ExpandedError, read_choice, write_choice};
use crate::json::{NUMBER_MAX, Reader, put_instant, put_list, put_number, put_text};

/// The account holder says that a provisional act is theirs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Confirmation {
    /// Its id, of the same space as ids of choices.
    pub id: String,
    /// The id of the act confirmed.
    pub confirms: String,
    /// The account, which must be that of the act.
    pub person: Account,
    /// When it was received.
    pub received_at: Instant,
}

/// Why a provisional objection was declared not authorised: the closed list of the rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum VoidReason {
    /// The account holder says that it is not theirs.
    NotAuthorisedByAccountHolder,
    /// A program filed it, not a person.
    FiledByAutomation,
    /// Nobody has such an account.
    AccountDoesNotExist,
}

impl VoidReason {
    /// Every reason.
    pub const ALL: [VoidReason; 3] =
        [VoidReason::NotAuthorisedByAccountHolder, VoidReason::FiledByAutomation, VoidReason::AccountDoesNotExist];

    /// The code in the event.
    pub fn as_str(self) -> &'static str {
        match self {
            VoidReason::NotAuthorisedByAccountHolder => "not-authorised-by-account-holder",
            VoidReason::FiledByAutomation => "filed-by-automation",
            VoidReason::AccountDoesNotExist => "account-does-not-exist",
        }
    }

    /// The reason with this code.
    pub fn lookup(text: &str) -> Option<VoidReason> {
        VoidReason::ALL.into_iter().find(|reason| reason.as_str() == text)
    }
}

/// A provisional objection declared not authorised, by two people, with effect later.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Void {
    /// Its id, of the same space as ids of choices.
    pub id: String,
    /// The id of the act.
    pub voids: String,
    /// Why.
    pub reason: VoidReason,
    /// Who approved, two and not the same: role names or pseudonyms of staff.
    pub approvers: [String; 2],
    /// From when on the act no longer counts.
    pub effective_at: Instant,
}

/// Why an opening was destroyed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum TombstoneReason {
    /// The person asked to be forgotten.
    ForgottenByPerson,
    /// The time it may be kept is over.
    Retention,
    /// A court said so.
    CourtOrder,
}

impl TombstoneReason {
    /// Every reason.
    pub const ALL: [TombstoneReason; 3] = [TombstoneReason::ForgottenByPerson, TombstoneReason::Retention, TombstoneReason::CourtOrder];

    /// The code in the event.
    pub fn as_str(self) -> &'static str {
        match self {
            TombstoneReason::ForgottenByPerson => "forgotten-by-person",
            TombstoneReason::Retention => "retention",
            TombstoneReason::CourtOrder => "court-order",
        }
    }

    /// The reason with this code.
    pub fn lookup(text: &str) -> Option<TombstoneReason> {
        TombstoneReason::ALL.into_iter().find(|reason| reason.as_str() == text)
    }
}

/// Openings that are no more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tombstone {
    /// The entries that lost their opening, rising. Empty when only contacts were erased, which no entry stands for.
    pub entries: Vec<u64>,
    /// Why.
    pub reason: TombstoneReason,
}

/// What a salted entry is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// An act of a person. `recorded_at` stands in the entry, not here.
    Choice(Choice),
    /// See [`Confirmation`].
    Confirmation(Confirmation),
    /// See [`Void`].
    Void(Void),
    /// See [`Tombstone`].
    Tombstone(Tombstone),
}

impl Event {
    /// The kind of its entry.
    pub fn kind(&self) -> EntryKind {
        match self {
            Event::Choice(_) => EntryKind::Choice,
            Event::Confirmation(_) => EntryKind::Confirmation,
            Event::Void(_) => EntryKind::Void,
            Event::Tombstone(_) => EntryKind::Tombstone,
        }
    }

    /// Its bytes.
    pub fn to_bytes(&self) -> Result<Vec<u8>, EventError> {
        let mut out = Vec::new();
        let event = self.kind();
        let wrong = |field: &'static str| EventError::Field { event, field };
        match self {
            Event::Choice(choice) => write_choice(choice, &mut out).map_err(EventError::Choice)?,
            Event::Confirmation(one) => one.put(&mut out).map_err(wrong)?,
            Event::Void(one) => one.put(&mut out).map_err(wrong)?,
            Event::Tombstone(one) => one.put(&mut out).map_err(wrong)?,
        }
        if out.len() > BODY_BYTES_MAX { Err(EventError::TooLong { event }) } else { Ok(out) }
    }

    /// Reads the body of an entry of this kind, in its one form.
    pub fn from_bytes(kind: EntryKind, bytes: &[u8]) -> Result<Event, EventError> {
        if kind == EntryKind::Choice {
            return read_choice(bytes).map(Event::Choice).map_err(EventError::Choice);
        }
        if bytes.len() > BODY_BYTES_MAX {
            return Err(EventError::TooLong { event: kind });
        }
        let form = EventError::Form { event: kind };
        let mut reader = Reader::new(str::from_utf8(bytes).map_err(|_| form.clone())?);
        let event = match kind {
            EntryKind::Confirmation => Confirmation::read(&mut reader).map(Event::Confirmation),
            EntryKind::Void => Void::read(&mut reader).map(Event::Void),
            EntryKind::Tombstone => Tombstone::read(&mut reader).map(Event::Tombstone),
            _ => return Err(EventError::NoBody { event: kind }),
        };
        let event = event.filter(|_| reader.end().is_some()).ok_or(form.clone())?;
        // What a writer would refuse, a reader does not take.
        if event.to_bytes()? == bytes { Ok(event) } else { Err(form) }
    }
}

fn put_version(out: &mut Vec<u8>) {
    out.extend_from_slice(b",\"v\":");
    put_number(BODY_VERSION, out);
}

fn version(reader: &mut Reader<'_>) -> Option<()> {
    reader.literal(",\"v\":")?;
    reader.number().filter(|version| *version == BODY_VERSION).map(|_| ())
}

impl Confirmation {
    fn put(&self, out: &mut Vec<u8>) -> Result<(), &'static str> {
        if self.id.is_empty() {
            return Err("id");
        }
        out.extend_from_slice(b"{\"confirms\":");
        put_text(&self.confirms, out);
        out.extend_from_slice(b",\"id\":");
        put_text(&self.id, out);
        out.extend_from_slice(b",\"person\":");
        put_text(self.person.expose_canonical(), out);
        out.extend_from_slice(b",\"received_at\":");
        put_instant(self.received_at, out).ok_or("received_at")?;
        put_version(out);
        out.push(b'}');
        Ok(())
    }

    fn read(reader: &mut Reader<'_>) -> Option<Confirmation> {
        reader.literal("{\"confirms\":")?;
        let confirms = reader.text()?.into_owned();
        reader.literal(",\"id\":")?;
        let id = reader.text()?.into_owned();
        reader.literal(",\"person\":")?;
        let person = Account::from_canonical(&reader.text()?)?;
        reader.literal(",\"received_at\":")?;
        let received_at = reader.instant()?;
        version(reader)?;
        reader.literal("}")?;
        Some(Confirmation { id, confirms, person, received_at })
    }
}

impl Void {
    fn put(&self, out: &mut Vec<u8>) -> Result<(), &'static str> {
        let [first, second] = &self.approvers;
        if first == second || first.trim().is_empty() || second.trim().is_empty() {
            return Err("approvers");
        }
        if self.id.is_empty() {
            return Err("id");
        }
        out.extend_from_slice(b"{\"approvers\":");
        put_list(&self.approvers, out, |name, out| put_text(name, out));
        out.extend_from_slice(b",\"effective_at\":");
        put_instant(self.effective_at, out).ok_or("effective_at")?;
        out.extend_from_slice(b",\"id\":");
        put_text(&self.id, out);
        out.extend_from_slice(b",\"reason\":");
        put_text(self.reason.as_str(), out);
        put_version(out);
        out.extend_from_slice(b",\"voids\":");
        put_text(&self.voids, out);
        out.push(b'}');
        Ok(())
    }

    fn read(reader: &mut Reader<'_>) -> Option<Void> {
        reader.literal("{\"approvers\":")?;
        let approvers = reader.list(|reader| reader.text().map(std::borrow::Cow::into_owned))?;
        reader.literal(",\"effective_at\":")?;
        let effective_at = reader.instant()?;
        reader.literal(",\"id\":")?;
        let id = reader.text()?.into_owned();
        reader.literal(",\"reason\":")?;
        let reason = VoidReason::lookup(&reader.text()?)?;
        version(reader)?;
        reader.literal(",\"voids\":")?;
        let voids = reader.text()?.into_owned();
        reader.literal("}")?;
        Some(Void { id, voids, reason, approvers: approvers.try_into().ok()?, effective_at })
    }
}

impl Tombstone {
    fn put(&self, out: &mut Vec<u8>) -> Result<(), &'static str> {
        let rising = self.entries.is_sorted_by(|left, right| left < right);
        if !rising || self.entries.last().is_some_and(|last| *last > NUMBER_MAX) {
            return Err("entries");
        }
        out.extend_from_slice(b"{\"entries\":");
        put_list(&self.entries, out, |entry, out| put_number(*entry, out));
        out.extend_from_slice(b",\"reason\":");
        put_text(self.reason.as_str(), out);
        put_version(out);
        out.push(b'}');
        Ok(())
    }

    fn read(reader: &mut Reader<'_>) -> Option<Tombstone> {
        reader.literal("{\"entries\":")?;
        let entries = reader.list(Reader::number)?;
        reader.literal(",\"reason\":")?;
        let reason = TombstoneReason::lookup(&reader.text()?)?;
        version(reader)?;
        reader.literal("}")?;
        Some(Tombstone { entries, reason })
    }
}

/// Why an event has no bytes, or bytes are no event. It never holds what stood there.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum EventError {
    /// The act has no expanded form, or is not in it.
    Choice(ExpandedError),
    /// Over [`BODY_BYTES_MAX`].
    TooLong {
        /// The kind of entry.
        event: EntryKind,
    },
    /// A field has a value the event may not have.
    Field {
        /// The kind of entry.
        event: EntryKind,
        /// The field.
        field: &'static str,
    },
    /// The bytes are not in the one form the event has.
    Form {
        /// The kind of entry.
        event: EntryKind,
    },
    /// Entries of this kind are not salted, and have no body.
    NoBody {
        /// The kind of entry.
        event: EntryKind,
    },
}

impl fmt::Display for EventError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            EventError::Choice(error) => write!(f, "{error}"),
            EventError::TooLong { event } => write!(f, "a {} takes more than {BODY_BYTES_MAX} bytes", event.as_str()),
            EventError::Field { event, field } => write!(f, "the field `{field}` of a {} has a value it may not have", event.as_str()),
            EventError::Form { event } => write!(f, "a {} is not in the one form it has", event.as_str()),
            EventError::NoBody { event } => write!(f, "an entry of kind {} has no body of its own", event.as_str()),
        }
    }
}

impl EventError {
    /// What to do about it.
    pub fn help(&self) -> &'static str {
        match self {
            EventError::Choice(error) => error.help(),
            EventError::TooLong { .. } => "split it into several",
            EventError::Field { field: "approvers", .. } => "two different people must approve",
            EventError::Field { field: "entries", .. } => "name each entry once and in rising order",
            EventError::Field { .. } => "correct the field",
            EventError::Form { .. } | EventError::NoBody { .. } => {
                "do not use it; the bytes are not as a register writes them: restore them from a copy"
            }
        }
    }
}

impl std::error::Error for EventError {}
