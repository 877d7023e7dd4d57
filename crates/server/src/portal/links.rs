//! Links in mails: sealed, good for a day, and used once. The link says itself what it is for, so that nothing waits in the register for people who never open their mail.

use bezwaar_core::time::Instant;
use bezwaar_register::intake::tokens::{TokenHash, TokenUse};
use sha2::{Digest as _, Sha256};

use super::secrets::{NONCE_BYTES, Secrets};

/// How long a link is good for: 24 hours.
pub const LINK_MICROS: i64 = 24 * 3_600_000_000;

/// What a link is for.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum LinkFor {
    /// Confirming that an act's sender has this mailbox.
    Confirm {
        /// The act that is confirmed.
        act: String,
    },
    /// Signing in as the holder of a mailbox, or as the member of the team it belongs to.
    SignIn {
        /// The mailbox.
        mail: String,
        /// Where to go on.
        to: String,
    },
}

/// A link that was opened.
pub(crate) struct Link {
    pub(crate) what: LinkFor,
    expires_at: Instant,
    hash: [u8; 32],
}

impl Link {
    /// The sealed part of an address.
    pub(crate) fn seal(what: &LinkFor, secrets: &Secrets, nonce: [u8; NONCE_BYTES], now: Instant) -> String {
        let until = now.plus_micros(LINK_MICROS).as_micros();
        let text = match what {
            LinkFor::Confirm { act } => format!("confirm\n{until}\n{act}"),
            LinkFor::SignIn { mail, to } => format!("sign-in\n{until}\n{to}\n{mail}"),
        };
        secrets.seal("link", &text, nonce)
    }

    /// Opens a link. Nothing: it was not made here, or it is too old. Whether it was used before, the register knows.
    pub(crate) fn open(sealed: &str, secrets: &Secrets, now: Instant) -> Option<Link> {
        let text = secrets.open("link", sealed)?;
        let mut lines = text.splitn(4, '\n');
        let (kind, until) = (lines.next()?, Instant::from_micros(lines.next()?.parse().ok()?));
        let what = match kind {
            "confirm" => LinkFor::Confirm { act: lines.next()?.to_owned() },
            "sign-in" => {
                let to = lines.next()?.to_owned();
                LinkFor::SignIn { mail: lines.next()?.to_owned(), to }
            }
            _ => return None,
        };
        (now < until).then(|| Link { what, expires_at: until, hash: Sha256::digest(sealed.as_bytes()).into() })
    }

    /// What the register remembers of its use.
    pub(crate) fn token(&self) -> TokenUse {
        TokenUse { hash: TokenHash(self.hash), expires_at: self.expires_at }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_is_good_for_a_day() {
        let (secrets, now) = (Secrets::from_bytes([1; 32]), Instant::from_micros(0));
        for what in
            [LinkFor::Confirm { act: "B-1+0".to_owned() }, LinkFor::SignIn { mail: "noor@example.org".to_owned(), to: "me".to_owned() }]
        {
            let sealed = Link::seal(&what, &secrets, [5; NONCE_BYTES], now);
            let open = |at: i64| Link::open(&sealed, &secrets, now.plus_micros(at)).map(|link| link.what);
            assert!(open(LINK_MICROS - 1) == Some(what));
            assert!(open(LINK_MICROS).is_none());
            assert!(!sealed.contains("noor"));
        }
        assert!(Link::open("x", &secrets, now).is_none());
    }
}
