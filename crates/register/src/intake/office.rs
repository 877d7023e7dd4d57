//! What intake keeps in memory between one submission and the next. All of it can be read again from the books.

use std::collections::HashSet;

use bezwaar_core::account::Account;

use super::books::{Books, ValueName};
use super::cases::Cases;
use super::looks::Looks;
use super::post::Post;
use super::tokens::Tokens;
use crate::engine::RegisterError;

/// The most accounts of which it is remembered that they objected.
pub const OBJECTED_MAX: usize = 100_000;

/// What intake keeps in memory between one submission and the next: see [`Intake::resume`](super::Intake::resume).
#[derive(Default)]
pub struct Office {
    /// Accounts with an objection under their name, so that their acts need not be read again for each that comes.
    pub(super) objected: HashSet<Account>,
    cases: Option<Cases>,
    post: Option<Post>,
    tokens: Option<Tokens>,
    looks: Option<Looks>,
}

impl std::fmt::Debug for Office {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Office")
    }
}

impl Office {
    pub(super) fn remember_objected(&mut self, people: impl IntoIterator<Item = Account>) {
        for person in people {
            if self.objected.len() >= OBJECTED_MAX {
                self.objected.clear();
            }
            self.objected.insert(person);
        }
    }

    /// The cases, read when they are first asked for.
    pub(super) fn cases(&mut self, books: &mut dyn Books) -> Result<&mut Cases, RegisterError> {
        let cases = self.cases.take();
        Ok(self.cases.insert(cases.map_or_else(|| Cases::open(books), Ok)?))
    }

    /// The post, read when it is first asked for.
    pub(super) fn post(&mut self, books: &mut dyn Books) -> Result<&mut Post, RegisterError> {
        let post = self.post.take();
        Ok(self.post.insert(post.map_or_else(|| Post::open(books), Ok)?))
    }

    /// The tokens that were used, read when they are first asked for.
    pub(super) fn tokens(&mut self, books: &mut dyn Books) -> Result<&mut Tokens, RegisterError> {
        let tokens = self.tokens.take();
        Ok(self.tokens.insert(tokens.map_or_else(|| Tokens::open(books), Ok)?))
    }

    /// The looks, read when they are first asked for.
    pub(super) fn looks(&mut self, books: &mut dyn Books) -> Result<&mut Looks, RegisterError> {
        let looks = self.looks.take();
        Ok(self.looks.insert(looks.map_or_else(|| Looks::open(books), Ok)?))
    }

    /// Reads all of it, so that the first who comes does not wait for it.
    pub(crate) fn load(&mut self, books: &mut dyn Books) -> Result<(), RegisterError> {
        self.cases(books)?;
        self.post(books)?;
        self.tokens(books)?;
        self.looks(books).map(drop)
    }

    /// The values to set for what changed.
    pub(super) fn values(&mut self, books: &mut dyn Books, values: &mut Vec<(ValueName, Vec<u8>)>) -> Result<(), RegisterError> {
        self.cases.iter_mut().for_each(|cases| cases.values(values));
        self.post.iter_mut().for_each(|post| post.values(values));
        self.looks.iter_mut().for_each(|looks| looks.values(values));
        self.tokens.iter_mut().try_for_each(|tokens| tokens.values(books, values))
    }
}
