//! Tests of the witness and of asking witnesses, of saying who one is and of mail, and of what other programs call, over real sockets and real folders.
#![allow(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    clippy::panic,
    clippy::string_slice,
    missing_docs,
    reason = "tests say what they expect"
)]

mod asking;
mod follow;
mod handover;
mod hostile;
mod mail_messages;
mod mail_server;
mod oidc_fetch;
mod oidc_flow;
mod oidc_provider;
mod other_hands;
mod portal_api_acts;
mod portal_api_check;
mod portal_api_people;
mod portal_api_public;
mod portal_extract;
mod portal_kit;
mod portal_known;
mod portal_limits;
mod portal_pages;
mod portal_sign_in;
mod portal_team;
mod protocol;
mod published;
mod race;
mod servers;
mod signing;
mod state;
mod support;
mod tokens;

#[test]
fn no_file_is_forgotten() {
    let declared = include_str!("main.rs");
    for entry in std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it")).unwrap() {
        let stem = entry.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned();
        assert!(stem == "main" || declared.contains(&format!("mod {stem};")), "{stem}");
    }
}
