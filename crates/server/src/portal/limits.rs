//! How much a stranger may ask, and how much one may file before it is set apart. Filing itself is never refused: what is over a limit is stored and withheld all the
//! same, and only told apart, so that whoever works on objections sees the real ones first.
//!
//! All is counted in memory, in maps with a bound, under keyed names: after a restart counting begins anew.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, PoisonError};

use bezwaar_core::account::Account;
use bezwaar_core::time::Instant;

use super::app::App;
use super::settings::Limits;
use super::web::Network;

/// The most networks whose calls are counted at a time; calls of any further ones are counted together.
pub const NETWORKS_COUNTED_MAX: usize = 65_536;
/// The most mailboxes, accounts and networks whose objections are counted at a time; objections of any further ones are set apart.
pub const FILINGS_COUNTED_MAX: usize = 262_144;

const MINUTE_MICROS: i64 = 60_000_000;
const HOUR_MICROS: i64 = 60 * MINUTE_MICROS;
const DAY_MICROS: i64 = 24 * HOUR_MICROS;

/// Calls per network: a bucket of one minute's calls, which fills evenly.
///
/// A bucket is kept as the moment at which it would be full again ("generic cell rate algorithm", ITU-T I.371).
#[derive(Debug)]
pub(crate) struct Calls<K> {
    per_minute: u32,
    most: usize,
    state: Mutex<CallState<K>>,
}

#[derive(Debug)]
struct CallState<K> {
    full_at: HashMap<K, i64>,
    /// The bucket of all for whom there is no room.
    others_full_at: i64,
}

impl<K: Hash + Eq> Calls<K> {
    pub(crate) fn new(per_minute: u32, most: usize) -> Calls<K> {
        Calls { per_minute, most, state: Mutex::new(CallState { full_at: HashMap::new(), others_full_at: i64::MIN }) }
    }

    /// Counts a call. `Err`: it is one too many, and may be made again after so many seconds.
    pub(crate) fn take(&self, key: K, now: Instant) -> Result<(), u64> {
        let now = now.as_micros();
        let Some(interval) = MINUTE_MICROS.checked_div(i64::from(self.per_minute)).filter(|interval| *interval > 0) else {
            return if self.per_minute == 0 { Err(60) } else { Ok(()) };
        };
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.full_at.len() >= self.most && !state.full_at.contains_key(&key) {
            state.full_at.retain(|_, full_at| *full_at > now);
        }
        let CallState { full_at, others_full_at } = &mut *state;
        let room = full_at.len() < self.most || full_at.contains_key(&key);
        let kept = if room { full_at.entry(key).or_insert(i64::MIN) } else { others_full_at };
        // A clock that was set back must not shut anybody out.
        let before = (*kept).clamp(now, now.saturating_add(MINUTE_MICROS));
        let after = before + interval;
        let over = after - now - MINUTE_MICROS;
        if over > 0 {
            *kept = before;
            return Err(u64::try_from(over).unwrap_or_default().div_ceil(1_000_000));
        }
        *kept = after;
        Ok(())
    }

    #[cfg(test)]
    fn len(&self) -> usize {
        self.state.lock().expect("not poisoned").full_at.len()
    }
}

/// What objections are counted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum CountedBy {
    Contact,
    Account,
    Network,
}

impl CountedBy {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            CountedBy::Contact => "contact",
            CountedBy::Account => "account",
            CountedBy::Network => "network",
        }
    }

    fn window(self) -> i64 {
        match self {
            CountedBy::Contact | CountedBy::Account => DAY_MICROS,
            CountedBy::Network => HOUR_MICROS,
        }
    }
}

/// A day or hour, and how many came in it.
type Count = (i64, u32);

/// Objections per mailbox, account and network.
#[derive(Debug)]
pub(crate) struct Filings {
    limits: Limits,
    most: usize,
    counts: Mutex<HashMap<(CountedBy, [u8; 16]), Count>>,
}

impl Filings {
    pub(crate) fn new(limits: Limits, most: usize) -> Filings {
        Filings { limits, most, counts: Mutex::new(HashMap::new()) }
    }

    /// Counts one, and says whether it is over its limit.
    pub(crate) fn is_over(&self, by: CountedBy, name: [u8; 16], now: Instant) -> bool {
        let limit = match by {
            CountedBy::Contact => self.limits.per_contact,
            CountedBy::Account => self.limits.per_account,
            CountedBy::Network => self.limits.per_network,
        };
        let now = now.as_micros();
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        if counts.len() >= self.most && !counts.contains_key(&(by, name)) {
            counts.retain(|(by, _), (window, _)| *window == now.div_euclid(by.window()));
            if counts.len() >= self.most {
                return true;
            }
        }
        let window = now.div_euclid(by.window());
        let count = counts.entry((by, name)).or_insert((window, 0));
        if count.0 != window {
            *count = (window, 0);
        }
        count.1 = count.1.saturating_add(1);
        count.1 > limit
    }
}

impl App {
    /// Counts an objection about to be filed, and says whether it is to be set apart. It is filed all the same.
    pub(crate) fn is_set_apart(&self, contact: Option<&Account>, people: &[Account], network: Network, now: Instant) -> bool {
        let contact = contact.map(|mail| (CountedBy::Contact, mail.expose_canonical().to_owned()));
        let people = people.iter().map(|person| (CountedBy::Account, person.expose_canonical().to_owned()));
        let counted = contact.into_iter().chain(people).chain([(CountedBy::Network, network.text())]);
        let mut apart = false;
        for (by, name) in counted {
            if self.api.filings.is_over(by, self.secrets.keyed(by.as_str(), &name), now) {
                self.api.metrics.set_apart(by);
                apart = true;
            }
        }
        apart
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(micros: i64) -> Instant {
        Instant::from_micros(1_800_000_000_000_000 + micros)
    }

    #[test]
    fn a_network_has_a_minutes_calls_at_once_and_then_as_many_as_fill_up() {
        let calls = Calls::new(60, 10);
        for _ in 0..60 {
            assert_eq!(calls.take("a", at(0)), Ok(()));
        }
        assert_eq!(calls.take("a", at(0)), Err(1));
        assert_eq!(calls.take("b", at(0)), Ok(()));
        assert_eq!(calls.take("a", at(999_999)), Err(1));
        assert_eq!(calls.take("a", at(1_000_000)), Ok(()));
        assert_eq!(calls.take("a", at(1_000_000)), Err(1));
        // A clock that was set back by an hour.
        assert_eq!(calls.take("a", at(-HOUR_MICROS)), Err(1));
        assert_eq!(calls.take("a", at(-HOUR_MICROS + 1_000_000)), Ok(()));
        assert_eq!(Calls::new(0, 10).take("a", at(0)), Err(60));
    }

    #[test]
    fn so_many_networks_are_counted_and_further_ones_together() {
        let calls = Calls::new(2, NETWORKS_COUNTED_MAX);
        for network in 0..NETWORKS_COUNTED_MAX {
            assert_eq!(calls.take(network, at(0)), Ok(()));
        }
        assert_eq!(calls.len(), NETWORKS_COUNTED_MAX);
        // One past it, and another: they share a bucket, and nobody else is pushed out.
        assert_eq!(calls.take(NETWORKS_COUNTED_MAX, at(0)), Ok(()));
        assert_eq!(calls.take(NETWORKS_COUNTED_MAX + 1, at(0)), Ok(()));
        assert_eq!(calls.take(NETWORKS_COUNTED_MAX + 2, at(0)), Err(30));
        assert_eq!(calls.take(0, at(0)), Ok(()));
        assert_eq!(calls.take(0, at(0)), Err(30));
        assert_eq!(calls.len(), NETWORKS_COUNTED_MAX);
        // Later those that are full again make room.
        assert_eq!(calls.take(NETWORKS_COUNTED_MAX, at(2 * MINUTE_MICROS)), Ok(()));
        assert_eq!(calls.len(), 1);
    }

    #[test]
    fn objections_are_over_past_the_limit_until_the_day_or_hour_is_over() {
        let limits = Limits { per_contact: 2, per_account: 1, per_network: 3, ..Limits::default() };
        let filings = Filings::new(limits, 100);
        let over = |by, name: u8, now| filings.is_over(by, [name; 16], now);
        assert_eq!([(); 3].map(|()| over(CountedBy::Contact, 1, at(0))), [false, false, true]);
        assert_eq!([(); 2].map(|()| over(CountedBy::Account, 1, at(0))), [false, true]);
        assert_eq!([(); 4].map(|()| over(CountedBy::Network, 1, at(0))), [false, false, false, true]);
        assert!(!over(CountedBy::Account, 2, at(0)));
        assert!(!over(CountedBy::Network, 1, at(HOUR_MICROS)));
        assert!(over(CountedBy::Contact, 1, at(HOUR_MICROS)));
        assert!(!over(CountedBy::Contact, 1, at(DAY_MICROS)));
    }

    #[test]
    fn past_so_many_names_everything_new_is_set_apart_until_old_ones_make_room() {
        let filings = Filings::new(Limits::default(), FILINGS_COUNTED_MAX);
        let name = |number: usize| {
            let mut name = [0; 16];
            name[..8].copy_from_slice(&number.to_be_bytes());
            name
        };
        for number in 0..FILINGS_COUNTED_MAX {
            assert!(!filings.is_over(CountedBy::Account, name(number), at(0)), "{number}");
        }
        assert!(filings.is_over(CountedBy::Account, name(FILINGS_COUNTED_MAX), at(0)));
        assert!(!filings.is_over(CountedBy::Account, name(0), at(0)));
        assert!(!filings.is_over(CountedBy::Account, name(FILINGS_COUNTED_MAX), at(DAY_MICROS)));
    }
}
