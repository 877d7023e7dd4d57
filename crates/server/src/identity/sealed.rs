//! Links that carry what they are about, sealed: for whoever keeps no list of the links that were sent.
//!
//! A [`LinkToken`](super::link::LinkToken) is found in a list by its hash. Where messages are made when they are sent, and may be sent twice, there is no moment to
//! put it there: then the link itself says what it is about and when it was made, encrypted and authenticated (ChaCha20-Poly1305, RFC 8439) by a key of the portal's. Its purpose is
//! authenticated with it. Whoever has the key can make links, so it is kept like one. What was used is remembered by [`OpenedLink::hash`] until
//! [`OpenedLink::ends_at`].

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bezwaar_core::time::Instant;
use bezwaar_register::randomness::{Randomness, RandomnessError};
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::link::{LINK_MICROS_MAX, LinkError, LinkHash, Purpose};

/// The longest that a link can be about, in bytes.
pub const ABOUT_BYTES_MAX: usize = 512;
/// The longest text of a link, in bytes: nonce, time, what it is about and a tag, in base64url.
pub const SEALED_TEXT_BYTES_MAX: usize = ((NONCE_LEN + 8 + ABOUT_BYTES_MAX + 16) * 4).div_ceil(3);

/// The key that seals links. Its `Debug` does not show it.
pub struct LinkKey(LessSafeKey);

impl fmt::Debug for LinkKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LinkKey(…)")
    }
}

/// A link that was opened: it was made here, for this purpose, and is in time.
#[derive(Clone, PartialEq, Eq)]
pub struct OpenedLink {
    /// What it is about, as it was sealed.
    pub about: Vec<u8>,
    /// When it was made.
    pub made_at: Instant,
    /// The hash to remember so that it works once.
    pub hash: LinkHash,
}

impl fmt::Debug for OpenedLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OpenedLink(…)")
    }
}

impl OpenedLink {
    /// The first moment at which it no longer works.
    pub fn ends_at(&self) -> Instant {
        self.made_at.plus_micros(LINK_MICROS_MAX)
    }
}

impl LinkKey {
    /// The key with these bytes, which are used for nothing else. `None` cannot happen; it is what the cipher's interface allows.
    pub fn from_bytes(bytes: &[u8; 32]) -> Option<LinkKey> {
        UnboundKey::new(&CHACHA20_POLY1305, bytes).ok().map(LessSafeKey::new).map(LinkKey)
    }

    /// The text that stands in a link. No two are alike, also about the same.
    pub fn seal(&self, purpose: Purpose, about: &[u8], now: Instant, random: &mut dyn Randomness) -> Result<Zeroizing<String>, SealError> {
        if about.len() > ABOUT_BYTES_MAX {
            return Err(SealError::TooLong);
        }
        let mut nonce = [0; NONCE_LEN];
        random.fill(&mut nonce).map_err(SealError::Randomness)?;
        let mut sealed = [&now.as_micros().to_be_bytes(), about].concat();
        let nonce_used = Nonce::assume_unique_for_key(nonce);
        self.0.seal_in_place_append_tag(nonce_used, Aad::from(associated(purpose)), &mut sealed).map_err(|_| SealError::TooLong)?;
        Ok(Zeroizing::new(URL_SAFE_NO_PAD.encode([&nonce, sealed.as_slice()].concat())))
    }

    /// Opens what came back with a request. That it was not used before is for the caller to see to.
    pub fn open(&self, text: &str, purpose: Purpose, now: Instant) -> Result<OpenedLink, LinkError> {
        if text.len() > SEALED_TEXT_BYTES_MAX {
            return Err(LinkError::Unknown);
        }
        let mut sealed = URL_SAFE_NO_PAD.decode(text).map_err(|_| LinkError::Unknown)?;
        let hash = LinkHash::from_bytes(Sha256::new_with_prefix(b"bezwaar sealed link 1").chain_update(&sealed).finalize().into());
        let (nonce, sealed) = sealed.split_first_chunk_mut::<NONCE_LEN>().ok_or(LinkError::Unknown)?;
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let opened = self.0.open_in_place(nonce, Aad::from(associated(purpose)), sealed).map_err(|_| LinkError::Unknown)?;
        let (made_at, about) = opened.split_first_chunk::<8>().ok_or(LinkError::Unknown)?;
        let link = OpenedLink { about: about.to_vec(), made_at: Instant::from_micros(i64::from_be_bytes(*made_at)), hash };
        if now < link.made_at {
            return Err(LinkError::NotYet);
        }
        if now >= link.ends_at() { Err(LinkError::Ended) } else { Ok(link) }
    }
}

fn associated(purpose: Purpose) -> Vec<u8> {
    [b"bezwaar sealed link 1 ", purpose.as_str().as_bytes()].concat()
}

/// Why there is no link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SealError {
    /// It would be about more than [`ABOUT_BYTES_MAX`] bytes. A fault of the program.
    TooLong,
    /// There were no random bytes. May pass.
    Randomness(RandomnessError),
}

impl SealError {
    /// What to do about it.
    pub fn help(&self) -> &'static str {
        match self {
            SealError::TooLong => "report this as a fault",
            SealError::Randomness(error) => error.help(),
        }
    }
}

impl fmt::Display for SealError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SealError::TooLong => write!(f, "a link would carry over {ABOUT_BYTES_MAX} bytes"),
            SealError::Randomness(_) => f.write_str("the link could not be made"),
        }
    }
}

impl std::error::Error for SealError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            SealError::Randomness(error) => Some(error),
            SealError::TooLong => None,
        }
    }
}

#[cfg(test)]
#[expect(clippy::string_slice, reason = "base64 is ASCII")]
mod tests {
    use super::*;

    struct Counting(u8);

    impl Randomness for Counting {
        fn fill(&mut self, buffer: &mut [u8]) -> Result<(), RandomnessError> {
            self.0 = self.0.checked_add(1).ok_or(RandomnessError)?;
            buffer.fill(self.0);
            Ok(())
        }
    }

    const MADE_AT: Instant = Instant::from_micros(1_700_000_000_000_000);

    fn key(byte: u8) -> LinkKey {
        LinkKey::from_bytes(&[byte; 32]).unwrap()
    }

    fn seal(about: &[u8], random: u8) -> Result<Zeroizing<String>, SealError> {
        key(1).seal(Purpose::Confirm, about, MADE_AT, &mut Counting(random))
    }

    #[test]
    fn a_link_is_opened_as_it_was_sealed_for_a_day() {
        let text = seal(b"B-7K3M", 0).unwrap();
        let open = |later: i64| key(1).open(&text, Purpose::Confirm, MADE_AT.plus_micros(later));
        let opened = open(0).unwrap();
        assert_eq!((opened.about.as_slice(), opened.made_at), (b"B-7K3M".as_slice(), MADE_AT));
        assert!(!text.contains("B-7K3M") && !format!("{opened:?} {:?}", key(1)).contains("7K"));
        assert_eq!(open(LINK_MICROS_MAX - 1), Ok(opened.clone()));
        assert_eq!(open(LINK_MICROS_MAX), Err(LinkError::Ended));
        assert_eq!(open(-1), Err(LinkError::NotYet));
        // The same again is another link.
        let again = seal(b"B-7K3M", 1).unwrap();
        assert_ne!(again, text);
        assert_ne!(key(1).open(&again, Purpose::Confirm, MADE_AT).unwrap().hash, opened.hash);
        assert_eq!(seal(b"", 255), Err(SealError::Randomness(RandomnessError)));
    }

    #[test]
    fn no_other_link_is_opened() {
        let text = seal(b"B-7K3M", 0).unwrap();
        let open = |key: &LinkKey, text: &str, purpose| key.open(text, purpose, MADE_AT);
        assert_eq!(open(&key(2), &text, Purpose::Confirm), Err(LinkError::Unknown));
        for purpose in [Purpose::Staff, Purpose::SignInMailbox] {
            assert_eq!(open(&key(1), &text, purpose), Err(LinkError::Unknown));
        }
        for place in 0..text.len() {
            for sign in ["A", "B", "-", "w", "8", "=", ""] {
                let changed = format!("{}{sign}{}", &text[..place], &text[place + 1..]);
                assert!(changed == *text || open(&key(1), &changed, Purpose::Confirm) == Err(LinkError::Unknown), "{place} {sign}");
            }
        }
        for wrong in ["", "A", "AAAA", &format!("{}AAAA", text.as_str()), &"A".repeat(SEALED_TEXT_BYTES_MAX + 1)] {
            assert_eq!(open(&key(1), wrong, Purpose::Confirm), Err(LinkError::Unknown));
        }
    }

    #[test]
    fn a_link_is_about_so_much_and_no_more() {
        let text = seal(&[7; ABOUT_BYTES_MAX], 0).unwrap();
        assert_eq!(text.len(), SEALED_TEXT_BYTES_MAX);
        assert_eq!(key(1).open(&text, Purpose::Confirm, MADE_AT).unwrap().about, [7; ABOUT_BYTES_MAX]);
        assert_eq!(seal(&[7; ABOUT_BYTES_MAX + 1], 0), Err(SealError::TooLong));
    }
}
