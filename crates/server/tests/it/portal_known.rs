//! The claim with the account, tested by somebody whose record in the corpus is known: at a provider by other hands, with claims that hold something else.

use std::sync::atomic::Ordering;

use crate::oidc_provider::browse_to;
use crate::portal_kit::{Answer, Running, World};
use crate::servers::{Server, now, providers};

const ACCOUNT: &str = "facebook:id:900719925474099312";

/// What `portal.toml` says of the provider, whose only person is `person-1`.
fn settings(server: &Server, claim: &str, kind: &str, known: Option<(&str, &str)>) -> String {
    let issuer = server.said["public"].as_str().unwrap();
    let known =
        known.map(|(value, account)| format!("known-record = {{ value = \"{value}\", account = \"{account}\" }}\n")).unwrap_or_default();
    format!(
        "[sign-in.oidc]\nissuer = \"{issuer}\"\nname = \"Plein\"\nclient-id = \"by-none\"\nalgorithm = \"EdDSA\"\naccount-claim = \"{claim}\"\n\
         service = \"facebook\"\nkind = \"{kind}\"\nscopes = [\"account\"]\nrole-claim = \"roles\"\n{known}"
    )
}

fn world(settings: &str) -> World {
    let world = World::new(settings);
    world.clock.store(now().as_micros(), Ordering::SeqCst);
    world
}

/// The whole way to the provider and back, as a browser goes it.
fn comes_back(portal: &Running) -> Answer {
    let (to_provider, cookies) = portal.get("/nl/sign-in/provider?to=me").onward();
    let pending = &cookies.iter().find(|(name, _)| name == "pending").unwrap().1;
    let query = browse_to(&to_provider, 7390);
    portal.ask("GET", &format!("/nl/sign-in/back?{query}"), &[("cookie", &format!("pending={pending}"))], b"")
}

fn claim_state(portal: &Running) -> String {
    // Until the ledger was published for the first time it is not ready.
    let ready = std::iter::repeat_with(|| {
        std::thread::sleep(std::time::Duration::from_millis(50));
        portal.get("/ready")
    });
    let ready = ready.take(600).find(|ready| ready.status == 200).unwrap();
    ready.json()["account_claim"].as_str().unwrap_or("none").to_owned()
}

/// Whether somebody who signed in by other ways is signed in still.
fn noor_is_in(portal: &Running) -> bool {
    portal.get_as(&portal.noor, "/nl/me").status == 200
}

#[test]
fn nobody_signs_in_before_the_known_record_has_and_then_it_is_remembered() {
    let Some(server) = providers() else { return };
    let mut world = world(&settings(&server, "x_id", "id", Some(("person-2", ACCOUNT))));
    let portal = world.start();
    assert_eq!(claim_state(&portal), "waiting");
    let refused = comes_back(&portal);
    assert_eq!(refused.status, 503);
    assert!(refused.text().contains("<h1>Inloggen kan nu niet</h1>") && refused.header("set-cookie").is_none(), "{}", refused.text());
    assert!(noor_is_in(&portal), "who came another way is not concerned");
    assert_eq!(claim_state(&portal), "waiting");
    drop(portal);

    world.settings = settings(&server, "x_id", "id", Some(("person-1", ACCOUNT)));
    let portal = world.start();
    assert_eq!(claim_state(&portal), "waiting");
    assert_eq!(comes_back(&portal).onward().0, "/nl/me");
    assert_eq!(claim_state(&portal), "proven");
    drop(portal);
    let portal = world.start();
    assert_eq!(claim_state(&portal), "proven", "also after a restart");
    drop(portal);

    // What was proven was proven for these settings only.
    for changed in [
        settings(&server, "x_id", "id", Some(("person-2", ACCOUNT))),
        settings(&server, "x_id", "id", Some(("person-1", "facebook:id:77"))),
        settings(&server, "x_number", "id", Some(("person-1", ACCOUNT))),
    ] {
        world.settings = changed;
        assert_eq!(claim_state(&world.start()), "waiting");
    }
    world.settings = settings(&server, "x_id", "id", Some(("person-1", ACCOUNT)));
    let file = world.register_folder().join("portal.known-record");
    std::fs::write(&file, "0".repeat(32)).unwrap();
    assert_eq!(claim_state(&world.start()), "waiting", "and nobody can make it up");
    let traces = world.traces.lock().unwrap().join("\n");
    assert!(traces.contains("before the known record of `sign-in.oidc` has"), "{traces}");
    assert!(!traces.contains("person-") && !traces.contains("900719925474099312"), "{traces}");
}

#[test]
fn a_claim_that_holds_something_else_than_the_corpus_signs_nobody_in() {
    let Some(server) = providers() else { return };
    for (claim, kind, account, said, trace) in [
        ("x_number", "id", ACCOUNT, "noemt een ander account", "names another account"),
        // As the service writes it, and as the corpus has it.
        ("x_name", "opaque", "facebook:opaque:anna.v", "noemt een ander account", "names another account"),
        ("x_name", "id", ACCOUNT, "noemt niemand", "names nobody"),
        ("x_id", "handle", "facebook:handle:anna.v", "een ander soort naam", "another kind of name"),
    ] {
        let mut world = world(&settings(&server, claim, kind, Some(("person-1", account))));
        let portal = world.start();
        let refused = comes_back(&portal);
        assert_eq!(refused.status, 503, "{claim} as {kind}");
        assert!(refused.text().contains(said) && refused.text().contains("docs/identity.md"), "{}", refused.text());
        assert!(refused.header("set-cookie").is_none());
        assert_eq!(claim_state(&portal), "refuted");
        drop(portal);
        let traces = world.traces.lock().unwrap().join("\n");
        assert!(traces.contains(trace) && traces.contains("nobody can sign in at the provider, and whoever was"), "{traces}");
        for personal in ["person-1", "900719925474099312", "nna.", "4711"] {
            assert!(!traces.contains(personal), "{traces}");
        }
    }
    // Spelled otherwise, and the same all the same.
    let mut world = world(&settings(&server, "x_name", "handle", Some(("person-1", "facebook:handle:anna.v"))));
    let portal = world.start();
    assert_eq!(comes_back(&portal).onward().0, "/nl/me");
}

#[test]
fn what_was_proven_and_is_refuted_later_signs_everybody_out() {
    let Some(server) = providers() else { return };
    let mut world = world(&settings(&server, "x_turn", "id", Some(("person-1", "facebook:id:1"))));
    let portal = world.start();
    assert_eq!(comes_back(&portal).onward().0, "/nl/me");
    assert!(noor_is_in(&portal));
    // The provider says another number the second time.
    assert_eq!(comes_back(&portal).status, 503);
    assert_eq!(claim_state(&portal), "refuted");
    assert!(!noor_is_in(&portal) && portal.get_as(&portal.handler, "/nl/team").status == 200, "people, and not the team");
    assert!(!world.register_folder().join("portal.known-record").exists());
    drop(portal);
    assert_eq!(claim_state(&world.start()), "waiting");
    assert!(world.traces.lock().unwrap().join("\n").contains("proven before, so the provider has changed"));
}

#[test]
fn without_a_known_record_it_is_said_that_nothing_was_tested() {
    let Some(server) = providers() else { return };
    let mut world = world(&settings(&server, "x_id", "id", None));
    let portal = world.start();
    assert_eq!(comes_back(&portal).onward().0, "/nl/me");
    assert_eq!(claim_state(&portal), "not-tested");
    assert!(world.traces.lock().unwrap().join("\n").contains("has no `known-record`"));
    drop(portal);
    world.settings = String::new();
    assert_eq!(claim_state(&world.start()), "none");
}

#[test]
fn a_known_record_that_nobody_could_ever_be_stops_the_portal() {
    let Some(server) = providers() else { return };
    for account in ["facebook:900719925474099312", "instagram:id:77", "facebook:handle:anna", "facebook:id:077", "nobody"] {
        let world = std::panic::AssertUnwindSafe(world(&settings(&server, "x_id", "id", Some(("person-1", account)))));
        let started = std::panic::catch_unwind(move || {
            let std::panic::AssertUnwindSafe(mut world) = world;
            drop(world.start());
        });
        let said = started.expect_err("nobody would ever be able to sign in");
        let said = said.downcast_ref::<String>().unwrap();
        assert!(said.contains("known-record.account") && !said.contains("900719925474099312"), "{said}");
    }
}
