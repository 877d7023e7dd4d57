//! What intake keeps in memory between one submission and the next. All of it can be read again from the books.

use std::collections::HashSet;

use bezwaar_core::account::Account;

/// The most accounts of which it is remembered that they objected.
pub const OBJECTED_MAX: usize = 100_000;

/// What intake keeps in memory between one submission and the next: see [`Intake::resume`](super::Intake::resume).
#[derive(Default)]
pub struct Office {
    /// Accounts with an objection under their name, so that their acts need not be read again for each that comes.
    pub(super) objected: HashSet<Account>,
}

impl std::fmt::Debug for Office {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Office")
    }
}

impl Office {
    pub(super) fn remember_objected(&mut self, people: impl IntoIterator<Item = Account>) {
        if self.objected.len() >= OBJECTED_MAX {
            self.objected.clear();
        }
        self.objected.extend(people);
    }
}
