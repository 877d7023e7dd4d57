//! Who is signed in: kept in memory, so that whoever signs out is out, and a restart asks everybody to sign in again.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bezwaar_core::account::Account;
use bezwaar_core::time::{Day, Instant};
use sha2::{Digest as _, Sha256};

use super::settings::Role;

/// How long somebody who does nothing stays signed in: 30 minutes.
pub const IDLE_MICROS_MAX: i64 = 30 * 60_000_000;
/// How long anybody stays signed in: 12 hours.
pub const SESSION_MICROS_MAX: i64 = 12 * 3_600_000_000;
/// The most people signed in at a time; past it, whoever was idle longest is signed out.
pub const SESSIONS_MAX: usize = 50_000;

/// Who somebody is, as far as it was shown.
#[derive(Clone, PartialEq, Eq)]
pub enum Who {
    /// The holder of an account.
    Person {
        /// The account.
        account: Account,
        /// When they were born, if the provider says.
        born: Option<Day>,
    },
    /// A member of the team.
    Member {
        /// Their id.
        id: String,
        /// What they may do.
        roles: Vec<Role>,
    },
}

impl std::fmt::Debug for Who {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Who::Person { .. } => "Person(…)",
            Who::Member { .. } => "Member(…)",
        })
    }
}

/// Somebody signed in.
#[derive(Clone, Debug)]
pub struct Session {
    /// Who.
    pub who: Who,
    /// Since when.
    pub begun_at: Instant,
    /// A name for the session in forms, which is not the secret in the cookie.
    pub name: String,
    seen_at: Instant,
}

impl Session {
    /// The account that is signed in, if it is a person's.
    pub fn account(&self) -> Option<&Account> {
        match &self.who {
            Who::Person { account, .. } => Some(account),
            Who::Member { .. } => None,
        }
    }
}

/// Everybody who is signed in, by the hash of the secret in their cookie.
#[derive(Debug, Default)]
pub struct Sessions(Mutex<HashMap<[u8; 32], Session>>);

impl Sessions {
    /// Signs somebody in; gives the secret for the cookie.
    pub fn begin(&self, who: Who, random: [u8; 32], now: Instant) -> String {
        let secret = URL_SAFE_NO_PAD.encode(random);
        let name = URL_SAFE_NO_PAD.encode(Sha256::digest([&b"session name"[..], &random].concat()));
        let mut sessions = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if sessions.len() >= SESSIONS_MAX {
            sessions.retain(|_, session| is_alive(session, now));
        }
        if sessions.len() >= SESSIONS_MAX
            && let Some(oldest) = sessions.iter().min_by_key(|(_, session)| session.seen_at).map(|(key, _)| *key)
        {
            sessions.remove(&oldest);
        }
        sessions.insert(key(&secret), Session { who, begun_at: now, name, seen_at: now });
        secret
    }

    /// Who has this secret, if they are signed in still.
    pub fn lookup(&self, secret: &str, now: Instant) -> Option<Session> {
        let mut sessions = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let key = key(secret);
        let session = sessions.get_mut(&key)?;
        if !is_alive(session, now) {
            sessions.remove(&key);
            return None;
        }
        session.seen_at = session.seen_at.max(now);
        Some(session.clone())
    }

    /// Signs whoever has this secret out.
    pub fn end(&self, secret: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&key(secret));
    }

    /// Signs the holder of an account out everywhere.
    pub fn end_all_of(&self, account: &Account) {
        let mut sessions = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        sessions.retain(|_, session| session.account() != Some(account));
    }

    /// Signs the holders of all accounts out. The team stays.
    pub fn end_people(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).retain(|_, session| session.account().is_none());
    }

    /// How many are kept.
    pub fn len(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Whether nobody is.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

fn is_alive(session: &Session, now: Instant) -> bool {
    now.as_micros().saturating_sub(session.seen_at.as_micros()) <= IDLE_MICROS_MAX
        && now.as_micros().saturating_sub(session.begun_at.as_micros()) <= SESSION_MICROS_MAX
}

fn key(secret: &str) -> [u8; 32] {
    Sha256::digest(secret.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn member() -> Who {
        Who::Member { id: "a".to_owned(), roles: vec![Role::Handler] }
    }

    #[test]
    fn a_session_ends_when_idle_when_old_and_when_ended() {
        let (sessions, now) = (Sessions::default(), Instant::from_micros(0));
        let secret = sessions.begin(member(), [1; 32], now);
        assert!(sessions.lookup(&secret, now.plus_micros(IDLE_MICROS_MAX)).is_some());
        assert!(sessions.lookup(&secret, now.plus_micros(2 * IDLE_MICROS_MAX + 1)).is_none());
        let secret = sessions.begin(member(), [2; 32], now);
        let mut at = now;
        while at <= now.plus_micros(SESSION_MICROS_MAX) {
            assert!(sessions.lookup(&secret, at).is_some());
            at = at.plus_micros(IDLE_MICROS_MAX);
        }
        assert!(sessions.lookup(&secret, at).is_none());
        let secret = sessions.begin(member(), [3; 32], now);
        assert!(sessions.lookup("other", now).is_none());
        sessions.end(&secret);
        assert!(sessions.lookup(&secret, now).is_none());
        assert!(sessions.is_empty());
    }

    #[test]
    fn past_the_limit_whoever_was_idle_longest_is_out() {
        let (sessions, now) = (Sessions::default(), Instant::from_micros(0));
        let random = |number: usize| {
            let mut bytes = [0; 32];
            bytes[..8].copy_from_slice(&number.to_be_bytes());
            bytes
        };
        let first = sessions.begin(member(), random(0), now);
        for number in 1..SESSIONS_MAX {
            sessions.begin(member(), random(number), now.plus_micros(1));
        }
        assert_eq!(sessions.len(), SESSIONS_MAX);
        assert!(sessions.lookup(&first, now).is_some());
        let last = sessions.begin(member(), random(SESSIONS_MAX), now.plus_micros(2));
        assert_eq!(sessions.len(), SESSIONS_MAX);
        assert!(sessions.lookup(&first, now).is_none());
        assert!(sessions.lookup(&last, now).is_some());
    }
}
