//! Tokens that can be used once: the link in a mail, the id of a hand-over. That one was used is durable in the same batch as what was done with it.

use std::collections::{BTreeSet, HashMap};
use std::fmt;

use bezwaar_core::time::{DAY_MICROS, Instant};

use super::Intake;
use super::books::{Books, ValueName};
use super::error::{IntakeError, Refusal};
use super::shelf::{Shelf, ShelfName, damaged};
use crate::engine::RegisterError;
use crate::hex;

/// The longest time until a token may expire: 92 days. It is remembered until then.
pub const TOKEN_MICROS_MAX: i64 = 92 * DAY_MICROS;
/// The most used tokens that are remembered at a time. When there are so many, none can be used until one expires.
pub const TOKENS_MAX: usize = 1_000_000;
/// Pages of expired tokens removed with each token that is used.
const PAGES_REMOVED_AT_ONCE: usize = 4;

/// SHA-256 of a token. Its `Debug` does not show it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TokenHash(pub [u8; 32]);

impl fmt::Debug for TokenHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenHash(…)")
    }
}

/// A token that is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TokenUse {
    /// Its hash.
    pub hash: TokenHash,
    /// When it would no longer hold. Whoever takes it checks that it still does; it is remembered until then.
    pub expires_at: Instant,
}

/// The tokens that were used.
pub(super) struct Tokens {
    shelf: Shelf,
    used: HashMap<TokenHash, Instant>,
    /// When the last token of a page expires, by the number of its first.
    pages: BTreeSet<(Instant, u64)>,
    /// Used by what is being done, and not written yet.
    staged: Vec<TokenUse>,
    /// The last page: the number of its first token, and when its last expires.
    last: Option<(u64, Instant)>,
}

const PAGE: u64 = 64;

impl Tokens {
    pub(super) fn open(books: &mut dyn Books) -> Result<Tokens, RegisterError> {
        let mut shelf = Shelf::open(books, ShelfName::Tokens)?;
        let mut read: Vec<(u64, TokenUse)> = Vec::new();
        shelf.for_each(books, |number, line| {
            read.push((number, parse(line).ok_or(damaged())?));
            Ok(())
        })?;
        let mut tokens = Tokens { shelf, used: HashMap::new(), pages: BTreeSet::new(), staged: Vec::new(), last: None };
        read.into_iter().for_each(|(number, token)| tokens.enter(number, token));
        Ok(tokens)
    }

    fn enter(&mut self, number: u64, token: TokenUse) {
        self.used.insert(token.hash, token.expires_at);
        let page = (number - 1) / PAGE * PAGE + 1;
        let before = self.last.filter(|(last, _)| *last == page);
        if let Some((_, expires_at)) = before {
            self.pages.remove(&(expires_at, page));
        }
        let expires_at = before.map_or(token.expires_at, |(_, expires_at)| expires_at.max(token.expires_at));
        self.pages.insert((expires_at, page));
        self.last = Some((page, expires_at));
    }

    /// Whether a token can be used now.
    pub(super) fn check(&self, token: TokenUse, now: Instant) -> Result<(), Refusal> {
        if token.expires_at <= now {
            return Err(Refusal::TokenExpired);
        }
        if token.expires_at > now.plus_micros(TOKEN_MICROS_MAX) {
            return Err(Refusal::TokenTooLong);
        }
        if self.used.contains_key(&token.hash) || self.staged.iter().any(|staged| staged.hash == token.hash) {
            return Err(Refusal::TokenUsed);
        }
        if self.used.len() + self.staged.len() >= TOKENS_MAX {
            return Err(Refusal::TokensFull);
        }
        Ok(())
    }

    /// Uses a token with what is written next.
    pub(super) fn stage(&mut self, token: TokenUse) {
        self.staged.push(token);
    }

    #[cfg(test)]
    pub(super) fn stage_for_test(&mut self, token: TokenUse) {
        self.used.insert(token.hash, token.expires_at);
    }

    pub(super) fn unstage(&mut self) {
        self.staged.clear();
    }

    /// Removes what expired, as far as it is at hand.
    pub(super) fn expire(&mut self, books: &mut dyn Books, now: Instant) -> Result<(), RegisterError> {
        for _ in 0..PAGES_REMOVED_AT_ONCE {
            let Some((expires_at, page)) = self.pages.first().copied().filter(|(expires_at, page)| {
                // The last page may get more.
                *expires_at < now && page + PAGE <= self.shelf.next()
            }) else {
                break;
            };
            for number in page..page + PAGE {
                if let Some(token) = self.shelf.get(books, number)?.as_deref().and_then(parse) {
                    self.used.remove(&token.hash);
                    self.shelf.put(books, number, String::new())?;
                }
            }
            self.pages.remove(&(expires_at, page));
        }
        Ok(())
    }

    pub(super) fn values(&mut self, books: &mut dyn Books, values: &mut Vec<(ValueName, Vec<u8>)>) -> Result<(), RegisterError> {
        for token in std::mem::take(&mut self.staged) {
            let line = format!("{} {}", token.expires_at.as_micros(), hex::encode(&token.hash.0));
            let number = self.shelf.push(books, line)?;
            self.enter(number, token);
        }
        self.shelf.values(values);
        Ok(())
    }
}

fn parse(line: &str) -> Option<TokenUse> {
    let (expires_at, hash) = line.split_once(' ')?;
    let hash = hex::decode::<32>(hash)?;
    Some(TokenUse { hash: TokenHash(hash), expires_at: Instant::from_micros(expires_at.parse().ok()?) })
}

impl Intake<'_> {
    /// Uses a token once: it is durable with the first that `work` writes; if `work` writes nothing, by itself. If `work` fails or refuses, the token was not used.
    ///
    /// # Errors
    /// [`Refusal::TokenUsed`] the second time, also after a restart; those of `work`.
    pub fn use_once<T>(
        &mut self,
        token: TokenUse,
        now: Instant,
        work: impl FnOnce(&mut Self) -> Result<T, IntakeError>,
    ) -> Result<T, IntakeError> {
        self.books.settle()?;
        let time = self.books.time(now)?;
        let tokens = self.office.tokens(self.books)?;
        tokens.expire(self.books, time)?;
        tokens.check(token, time)?;
        tokens.stage(token);
        let outcome = work(self);
        let tokens = self.office.tokens(self.books)?;
        match outcome {
            Ok(done) => {
                if !tokens.staged.is_empty() {
                    self.write(&[], Vec::new(), now)?;
                }
                Ok(done)
            }
            Err(error) => {
                tokens.unstage();
                Err(error)
            }
        }
    }

    /// How many used tokens are remembered.
    pub fn token_count(&mut self) -> Result<usize, IntakeError> {
        Ok(self.office.tokens(self.books)?.used.len())
    }
}
