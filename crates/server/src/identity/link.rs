//! The token of a link that is sent by mail. It proves that somebody reads that mailbox, and nothing about accounts.
//!
//! The mail holds 32 random bytes; what is stored is a digest of them and of the link's purpose, so that who reads the store can follow no link, and a link
//! for one purpose is none for another. That a link works once is held by who stores it: the page it opens confirms by POST, and that takes the stored link away.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bezwaar_core::time::Instant;
use bezwaar_register::randomness::{Randomness, RandomnessError};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

/// How many random bytes a link holds.
pub const LINK_BYTES: usize = 32;
/// How long the token of a link is as text.
pub const LINK_TEXT_BYTES: usize = 43;
/// How long a link works: a day, in microseconds.
pub const LINK_MICROS_MAX: i64 = 24 * 3_600_000_000;

/// What following a link does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Purpose {
    /// Confirms what somebody sent.
    Confirm,
    /// Signs in somebody who is known by a mailbox only.
    SignInMailbox,
    /// Signs in a member of the privacy team.
    Staff,
}

impl Purpose {
    /// Every purpose.
    pub const ALL: [Purpose; 3] = [Purpose::Confirm, Purpose::SignInMailbox, Purpose::Staff];

    /// The spelling in the store. Part of what is hashed: never to be changed.
    pub fn as_str(self) -> &'static str {
        match self {
            Purpose::Confirm => "confirm",
            Purpose::SignInMailbox => "sign-in-mailbox",
            Purpose::Staff => "staff",
        }
    }

    /// The purpose with this spelling.
    pub fn lookup(text: &str) -> Option<Purpose> {
        Purpose::ALL.into_iter().find(|purpose| purpose.as_str() == text)
    }
}

/// The secret of a link. Goes into one mail, and nowhere else. Its `Debug` does not show it.
#[derive(Clone)]
pub struct LinkToken(Zeroizing<[u8; LINK_BYTES]>);

impl LinkToken {
    /// A new one.
    pub fn new(random: &mut dyn Randomness) -> Result<LinkToken, RandomnessError> {
        let mut bytes = Zeroizing::new([0; LINK_BYTES]);
        random.fill(bytes.as_mut_slice())?;
        Ok(LinkToken(bytes))
    }

    /// Reads what came back with a request. `None`: no link of ours has this form.
    pub fn parse(text: &str) -> Option<LinkToken> {
        if text.len() != LINK_TEXT_BYTES {
            return None;
        }
        let mut bytes = Zeroizing::new([0; LINK_BYTES]);
        let read = URL_SAFE_NO_PAD.decode_slice(text, bytes.as_mut_slice()).ok()?;
        (read == LINK_BYTES).then_some(LinkToken(bytes))
    }

    /// The text that stands in the link: base64url, [`LINK_TEXT_BYTES`] long.
    pub fn expose_text(&self) -> Zeroizing<String> {
        Zeroizing::new(URL_SAFE_NO_PAD.encode(self.0.as_slice()))
    }

    /// What is stored, and looked up when the link is followed.
    pub fn hash(&self, purpose: Purpose) -> LinkHash {
        let mut hash = Sha256::new();
        hash.update(b"bezwaar link 1 ");
        hash.update(purpose.as_str().as_bytes());
        // No purpose has this byte, so that no two purposes and tokens can be hashed as the same bytes.
        hash.update([0]);
        hash.update(self.0.as_slice());
        LinkHash(hash.finalize().into())
    }
}

impl fmt::Debug for LinkToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LinkToken(…)")
    }
}

/// The digest of a link's token and purpose: SHA-256. Enough to recognise a link, not to follow it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LinkHash([u8; 32]);

impl LinkHash {
    /// The hash with these bytes, as read from the store.
    pub const fn from_bytes(bytes: [u8; 32]) -> LinkHash {
        LinkHash(bytes)
    }

    /// The bytes to store.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// A link as it is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoredLink {
    /// What the token is looked up by.
    pub hash: LinkHash,
    /// What it is for.
    pub purpose: Purpose,
    /// When it was made.
    pub made_at: Instant,
}

impl StoredLink {
    /// What to store of a new link.
    pub fn new(token: &LinkToken, purpose: Purpose, now: Instant) -> StoredLink {
        StoredLink { hash: token.hash(purpose), purpose, made_at: now }
    }

    /// The first moment at which it no longer works: [`LINK_MICROS_MAX`] after it was made.
    pub fn ends_at(&self) -> Instant {
        self.made_at.plus_micros(LINK_MICROS_MAX)
    }

    /// Checks that this token is the link's, for this purpose, and in time. That it was not used before is for the store to say.
    pub fn check(&self, token: &LinkToken, purpose: Purpose, now: Instant) -> Result<(), LinkError> {
        if self.purpose != purpose {
            return Err(LinkError::Purpose);
        }
        // Both are digests of what nobody can choose, so that how long it takes to compare them tells nothing.
        if token.hash(purpose) != self.hash {
            return Err(LinkError::Unknown);
        }
        if now < self.made_at {
            return Err(LinkError::NotYet);
        }
        if now >= self.ends_at() { Err(LinkError::Ended) } else { Ok(()) }
    }
}

/// Why a link does not work. Fatal for this link; HTTP status 410, and the same page for all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LinkError {
    /// No such link was sent, or it was used.
    Unknown,
    /// It is for something else.
    Purpose,
    /// It was made later than now.
    NotYet,
    /// It is over a day old.
    Ended,
}

impl LinkError {
    /// What to do about it.
    pub fn help(&self) -> &'static str {
        match self {
            LinkError::Unknown | LinkError::Purpose => "open the link from the newest mail, whole; or ask for a new one",
            LinkError::NotYet => "check the clock of the machine",
            LinkError::Ended => "ask for a new link",
        }
    }
}

impl fmt::Display for LinkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            LinkError::Unknown => "this link is not known, or it was used already",
            LinkError::Purpose => "this link is for something else",
            LinkError::NotYet => "this link is from the future",
            LinkError::Ended => "this link no longer works",
        })
    }
}

impl std::error::Error for LinkError {}

#[cfg(test)]
mod tests {
    use super::*;

    struct Counting(u8);

    impl Randomness for Counting {
        fn fill(&mut self, buffer: &mut [u8]) -> Result<(), RandomnessError> {
            self.0 = self.0.wrapping_add(1);
            buffer.fill(self.0);
            Ok(())
        }
    }

    struct Broken;

    impl Randomness for Broken {
        fn fill(&mut self, _: &mut [u8]) -> Result<(), RandomnessError> {
            Err(RandomnessError)
        }
    }

    const MADE_AT: Instant = Instant::from_micros(1_700_000_000_000_000);

    fn token() -> LinkToken {
        LinkToken::new(&mut Counting(6)).unwrap()
    }

    #[test]
    fn a_link_is_read_as_it_was_written() {
        let text = token().expose_text();
        assert_eq!(text.as_str(), "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc");
        let read = LinkToken::parse(&text).unwrap();
        assert_eq!(read.hash(Purpose::Confirm), token().hash(Purpose::Confirm));
        for wrong in ["", "BwcH", &format!("{}A", text.as_str()), &text.replace('B', "="), "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwd"] {
            assert!(LinkToken::parse(wrong).is_none(), "{wrong}");
        }
        assert_eq!(format!("{read:?}"), "LinkToken(…)");
        assert!(LinkToken::new(&mut Broken).is_err());
    }

    #[test]
    fn what_is_stored_has_not_changed() {
        // Computed once with sha256sum over `bezwaar link 1 confirm`, a zero byte and 32 bytes of 7.
        let hex: String = token().hash(Purpose::Confirm).as_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hex, "96e6a61fea28b4aa466c9c80313dcc8c5e13b5e802c95ef6235a98cd14e56307");
        let hashes: std::collections::BTreeSet<_> = Purpose::ALL.map(|purpose| token().hash(purpose)).into_iter().collect();
        assert_eq!(hashes.len(), 3);
    }

    #[test]
    fn a_link_works_for_its_purpose_for_a_day() {
        let stored = StoredLink::new(&token(), Purpose::Confirm, MADE_AT);
        let check = |token: &LinkToken, purpose, later| stored.check(token, purpose, MADE_AT.plus_micros(later));
        assert_eq!(check(&token(), Purpose::Confirm, 0), Ok(()));
        assert_eq!(check(&token(), Purpose::Confirm, LINK_MICROS_MAX - 1), Ok(()));
        assert_eq!(check(&token(), Purpose::Confirm, LINK_MICROS_MAX), Err(LinkError::Ended));
        assert_eq!(check(&token(), Purpose::Confirm, -1), Err(LinkError::NotYet));
        assert_eq!(check(&token(), Purpose::Staff, 0), Err(LinkError::Purpose));
        assert_eq!(check(&LinkToken::new(&mut Counting(7)).unwrap(), Purpose::Confirm, 0), Err(LinkError::Unknown));
        assert_eq!(Purpose::ALL.map(|purpose| Purpose::lookup(purpose.as_str())), Purpose::ALL.map(Some));
    }
}
