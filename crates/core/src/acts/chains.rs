//! Which acts are of one account, without putting the acts or the accounts in order.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use crate::account::Account;

/// The hash of an account. It is not keyed: whoever chooses names whose hashes are alike makes finding them slower, and nothing else.
pub(super) fn hash_of(account: &Account) -> u64 {
    let mut hasher = DefaultHasher::new();
    account.expose_canonical().hash(&mut hasher);
    hasher.finish()
}

/// The acts of each account as a chain of their places, from its first act on.
pub(super) struct Chains {
    /// The first act of each account, by the hash of the account.
    firsts: Vec<(u64, usize)>,
    /// For each act the next one of its account; for the first act of an account, once its chain was taken, the number the account was given.
    next: Vec<usize>,
    /// Whether an act is the first of its account.
    is_first: Vec<bool>,
}

/// The end of a chain.
const NONE: usize = usize::MAX;

impl Chains {
    /// The chains of so many acts, by the account of each that has one.
    pub(super) fn of<'a>(account: impl Fn(usize) -> Option<&'a Account>, count: usize) -> Chains {
        let mut firsts: Vec<(u64, usize)> =
            (0..count).filter_map(|place| account(place).map(|account| (hash_of(account), place))).collect();
        // What is sorted is small, and seldom needs a look at the account itself.
        firsts.sort_unstable_by(|(left, one), (right, other)| {
            left.cmp(right).then_with(|| account(*one).cmp(&account(*other))).then_with(|| one.cmp(other))
        });
        let (mut next, mut last) = (vec![NONE; count], NONE);
        firsts.dedup_by(|(hash, place), (kept_hash, kept)| {
            let same = hash == kept_hash && account(*place) == account(*kept);
            let before = if last == NONE { *kept } else { last };
            last = if same { *place } else { NONE };
            if let Some(next) = next.get_mut(before).filter(|_| same) {
                *next = *place;
            }
            same
        });
        let mut is_first = vec![false; count];
        for (_, first) in &firsts {
            if let Some(is_first) = is_first.get_mut(*first) {
                *is_first = true;
            }
        }
        Chains { firsts, next, is_first }
    }

    /// How many accounts there are.
    pub(super) fn len(&self) -> usize {
        self.firsts.len()
    }

    /// The chain from an act on, if that is the first of its account.
    pub(super) fn take(&mut self, first: usize, chain: &mut Vec<usize>) -> bool {
        if self.is_first.get(first) != Some(&true) {
            return false;
        }
        let mut place = first;
        while place != NONE {
            chain.push(place);
            place = self.next.get(place).copied().unwrap_or(NONE);
        }
        self.number(first, NONE);
        true
    }

    /// Gives the account of this first act a number.
    pub(super) fn number(&mut self, first: usize, number: usize) {
        if let Some(numbered) = self.next.get_mut(first) {
            *numbered = number;
        }
    }

    /// The numbers of the accounts that were given one, by their hashes.
    pub(super) fn numbered(self) -> Vec<(u64, usize)> {
        let Chains { mut firsts, next, .. } = self;
        firsts.iter_mut().for_each(|(_, place)| *place = next.get(*place).copied().unwrap_or(NONE));
        firsts.retain(|(_, number)| *number != NONE);
        firsts
    }
}
