//! Who somebody is: told by an OpenID Connect provider, or by a hand-over of the platform. That somebody reads a mailbox, a link shows that the portal seals.
//!
//! | module | what it proves |
//! |---|---|
//! | [`oidc`] | that somebody signed in at the operator's provider, which names the account |
//! | [`handover`] | that the platform, where somebody is signed in, says which account it is |
//!
//! Nothing here reads a clock or makes random bytes: both are given. What is used once (a code, a token id, a link) is remembered by whoever calls.
//! No error names an account, a name, an address or a token; see [`private`] for the types that hold them.

pub mod claims;
pub mod handover;
pub mod keys;
pub mod oidc;
pub mod private;
mod spki;
pub mod token;
