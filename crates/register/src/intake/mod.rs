//! Intake: what people said comes in, singly or by the million.
//!
//! [`Intake::file`] takes one act, [`Intake::import`] a file of them, [`Intake::learn`] what is known of names. An act counts for every name its person is
//! known to go by, whichever is known first, the act or the name: the register files **copies** of closing acts, as entries of their own (`<id>+1`, `<id>+2`
//! …; `<id>+0` is the own no of whoever filed it for another). Opening acts are never copied.
//!
//! A match that is not certain widens the objection, stands on the list and is told. `docs/import-format.md` has the forms of files.
//!
//! What comes back from here says what is on record about people: it is for the operator's staff and for confirmed account holders. Whoever is not confirmed
//! must be given the same answer whatever is on record.

mod aliases;
mod books;
pub mod cases;
mod contact;
mod csv;
mod error;
mod filing;
mod forget;
mod groups;
mod import;
mod lines;
mod list;
pub mod looks;
mod office;
mod people;
mod plan;
pub mod post;
mod problems;
mod rows;
mod shelf;
mod source;
mod submission;
mod survey;
mod ties;
pub mod tokens;

#[cfg(test)]
mod tests;

use bezwaar_core::time::Instant;
use bezwaar_ledger::entry::Entry;

pub use aliases::{ALIASES_AT_ONCE, Alias, Learnt, read_aliases};
pub use books::{Books, Filed, Known, NewEvent, ValueName};
pub use contact::{CONTACT_BYTES_MAX, CONTACT_FILINGS_MAX, Contact, Drawer};
pub use csv::{COLUMNS_MAX, Mapping, PERSON_COLUMNS_MAX, RECORD_BYTES_MAX, import_schema};
pub use error::{IntakeError, Refusal};
pub use filing::{ACT_BYTES_MAX, Copied, CopyWhy, Filing, Receipt, Sender, State};
pub use forget::{FORGET_TOKEN_MICROS, ForgetRequest, Forgotten};
pub use import::{Checked, IMPORT_ACTS_AT_ONCE, ImportOptions, Imported, Senders, Unfinished};
pub use lines::LINE_BYTES_MAX;
pub use list::{ListCode, ListCounts, Listed};
pub use office::{OBJECTED_MAX, Office};
pub use people::{Confirmed, Notice, OUTBOX_MAX, Role, Voided};
pub use problems::{PROBLEMS_SHOWN_MAX, Problems};
pub use rows::Form;
pub use shelf::ShelfName;
pub use source::{FileHash, Source};
pub use submission::{Accepted, AcceptedAct, SUBMISSION_FILINGS_MAX, SUBMISSION_MESSAGES_MAX, Submission};
pub use survey::SLOT_BYTES;
pub use ties::TIES_MAX;

use crate::store::BATCH_ENTRIES_MAX;
use plan::{Plan, Planner, Rules};
use ties::TieBook;

/// Takes in what people said.
pub struct Intake<'a> {
    books: &'a mut dyn Books,
    ties: TieBook,
    office: Office,
}

impl std::fmt::Debug for Intake<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Intake")
    }
}

/// An item of the list, with the act it is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListItem {
    /// Why it stands there.
    pub code: ListCode,
    /// The act's place on the ledger.
    pub index: u64,
    /// The act; `None` once it was erased.
    pub act: Option<Filed>,
}

impl<'a> Intake<'a> {
    /// Intake into these books.
    pub fn new(books: &'a mut dyn Books) -> Intake<'a> {
        Intake::resume(books, Office::default())
    }

    /// Intake into these books, by the one who alone has written to them since this was given back by [`Intake::into_office`]. With what it remembers it is faster; what it
    /// says and does is the same.
    pub fn resume(books: &'a mut dyn Books, office: Office) -> Intake<'a> {
        Intake { books, ties: TieBook::default(), office }
    }

    /// Remembers nothing any more: something went wrong, and what is in memory may not be what is in the books.
    pub(crate) fn doubt(&mut self) {
        self.refresh();
        self.office = Office::default();
    }

    /// What it remembers, for the next.
    pub fn into_office(self) -> Office {
        self.office
    }

    /// Files one act. If it came by a form, the programming interface, a setting or a signal, the register gives the time it was received. An act that is filed
    /// already, by its id, is not filed again.
    pub fn file(&mut self, filing: &Filing, now: Instant) -> Result<Receipt, IntakeError> {
        let time = self.books.time(now)?;
        let (filing, rules) = submission::timed(filing, time);
        if let Some(refusal) = filing.refusal(time) {
            return Err(refusal.into());
        }
        let receipt = self.file_all(std::slice::from_ref(&filing), rules, Vec::new(), now, false)?.pop();
        receipt.unwrap_or(Err(Refusal::NoSuchAct)).map_err(IntakeError::Refused)
    }

    /// Files acts in one go, or none if one is refused.
    fn file_all(
        &mut self,
        filings: &[Filing],
        rules: Rules,
        extra: Vec<(ValueName, Vec<u8>)>,
        now: Instant,
        always: bool,
    ) -> Result<Vec<Result<Receipt, Refusal>>, IntakeError> {
        self.begin()?;
        let mut planner = Planner::new(self.books, &mut self.ties);
        planner.file(filings, rules)?;
        if planner.plan.receipts.iter().any(Result::is_err) {
            let receipts = planner.plan.receipts;
            self.refresh();
            return Ok(receipts);
        }
        let (Plan { events, receipts, .. }, mut values) = planner.finish()?;
        values.extend(extra);
        if always || !events.is_empty() {
            self.write(&events, values, now)?;
        }
        Ok(receipts)
    }

    /// Files events, in as many batches as they need; the values are set with the last. Gives the entries of the events.
    fn write(&mut self, events: &[NewEvent], values: Vec<(ValueName, Vec<u8>)>, now: Instant) -> Result<Vec<Entry>, IntakeError> {
        let written = self.write_all(events, values, now);
        if written.is_err() {
            self.doubt();
        }
        written
    }

    fn write_all(&mut self, events: &[NewEvent], mut values: Vec<(ValueName, Vec<u8>)>, now: Instant) -> Result<Vec<Entry>, IntakeError> {
        self.office.values(self.books, &mut values)?;
        let mut entries = Vec::with_capacity(events.len());
        let (first, last) = events.split_at(events.len().saturating_sub(1) / BATCH_ENTRIES_MAX * BATCH_ENTRIES_MAX);
        for chunk in first.chunks(BATCH_ENTRIES_MAX) {
            entries.extend(self.books.append(chunk, &[], now)?);
        }
        if !last.is_empty() || !values.is_empty() {
            entries.extend(self.books.append(last, &values, now)?);
        }
        Ok(entries)
    }

    /// Before something is planned: what was read is read anew, and a write that failed is settled.
    fn begin(&mut self) -> Result<(), IntakeError> {
        self.refresh();
        Ok(self.books.settle()?)
    }

    /// Forgets what was read of names, so that it is read anew.
    fn refresh(&mut self) {
        self.ties = TieBook::default();
    }

    /// How long the list is.
    pub fn list_counts(&mut self) -> Result<ListCounts, IntakeError> {
        Ok(ListCounts::read(self.books)?)
    }

    /// A page of the list, from 0, with the acts it is about.
    pub fn list_page(&mut self, page: u32) -> Result<Vec<ListItem>, IntakeError> {
        let listed = list::read_page(self.books, page)?;
        let mut items = Vec::with_capacity(listed.len());
        for Listed { code, index } in listed {
            items.push(ListItem { code, index, act: self.books.at(index)? });
        }
        Ok(items)
    }
}
