//! What intake needs of the books: reading what is filed, and filing more. The register's writer keeps them; tests keep them in memory.

use bezwaar_core::account::Account;
use bezwaar_core::time::Instant;
use bezwaar_ledger::entry::Entry;
use bezwaar_ledger::event::{Event, TombstoneReason};

use super::shelf::ShelfName;
use crate::engine::RegisterError;
use crate::store::KeyedName;

/// An event on the ledger, opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filed {
    /// Its place, from 0.
    pub index: u64,
    /// When the ledger took it.
    pub recorded_at: Instant,
    /// What it says; `recorded_at` of a choice is not set.
    pub event: Event,
}

/// What is known of an id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Known {
    /// It is filed.
    Filed(Filed),
    /// It was filed, and erased since.
    Erased {
        /// Its place.
        index: u64,
    },
}

/// A named value intake keeps beside the ledger. Whatever is in it is sealed, and names of accounts are keyed in its name.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ValueName {
    /// What is known of an account: its handles, its holders, and how many pages of links name it.
    Ties(Account),
    /// Accounts whose links name this one, page by page.
    Linked(Account, u32),
    /// How many accounts have ties.
    TiesCount,
    /// The contents of the list: how many pages, and how many of each code.
    List,
    /// A page of the list.
    ListPage(u32),
    /// The import that is under way, or was left unfinished.
    Import,
    /// Notices that waited to be sent before there was a post.
    Outbox,
    /// How far a shelf goes.
    Shelf(ShelfName),
    /// A page of a shelf.
    ShelfPage(ShelfName, u64),
    /// A request to be forgotten, by the hash of its token.
    Forget([u8; 32]),
}

/// One event to file, with what goes into the contact drawer of its account in the place of what is there.
#[derive(Clone, Debug)]
pub struct NewEvent {
    /// What it says.
    pub event: Event,
    /// The drawer's new contents.
    pub contact: Option<Vec<u8>>,
}

/// The books.
pub trait Books {
    /// After a write that failed: finds out whether it is there all the same. To be called before anything is planned on what was read.
    fn settle(&mut self) -> Result<(), RegisterError>;

    /// How many entries there are.
    fn size(&self) -> u64;

    /// The time something that arrives now is given.
    fn time(&self, now: Instant) -> Result<Instant, RegisterError>;

    /// What is known of each of these ids, in their order.
    fn by_ids(&mut self, ids: &[&str]) -> Result<Vec<Option<Known>>, RegisterError>;

    /// What is filed under each of these accounts, in the order of the ledger.
    fn under(&mut self, accounts: &[&Account]) -> Result<Vec<Vec<Filed>>, RegisterError>;

    /// What stands at a place of the ledger; nothing if it was erased or is no event.
    fn at(&mut self, index: u64) -> Result<Option<Filed>, RegisterError>;

    /// The entry at a place of the ledger.
    fn entry(&mut self, index: u64) -> Result<Option<Entry>, RegisterError>;

    /// The keyed name of something, in one of several kinds of names that have nothing to do with each other: it tells nobody without the vault's key what it is of.
    fn keyed(&self, kind: &str, text: &str) -> KeyedName;

    /// What the contact drawer has of an account.
    fn contact(&mut self, account: &Account) -> Result<Option<Vec<u8>>, RegisterError>;

    /// A named value.
    fn value(&mut self, name: &ValueName) -> Result<Option<Vec<u8>>, RegisterError>;

    /// Files events and sets values, all or nothing. Empty values are as if they were not there. The first event stands at [`Books::size`]. Gives the entries of
    /// the events.
    fn append(&mut self, events: &[NewEvent], values: &[(ValueName, Vec<u8>)], now: Instant) -> Result<Vec<Entry>, RegisterError>;

    /// Destroys all that is filed under an account, and these entries besides, and says so on the ledger.
    fn forget(&mut self, account: &Account, besides: &[u64], reason: TombstoneReason, now: Instant) -> Result<(), RegisterError>;

    /// Destroys what the contact drawer has of an account.
    fn erase_contact(&mut self, account: &Account, reason: TombstoneReason, now: Instant) -> Result<(), RegisterError>;

    /// Random bytes.
    fn random(&mut self) -> Result<[u8; 32], RegisterError>;
}

impl Filed {
    /// The choice, if it is one.
    pub fn choice(&self) -> Option<&bezwaar_core::choice::Choice> {
        match &self.event {
            Event::Choice(choice) => Some(choice),
            _ => None,
        }
    }
}
