//! Recording acts, and their receipts.

use std::sync::atomic::Ordering;

use bezwaar_server::portal::api::{ACT_BODY_BYTES_MAX, ACT_TEXT_BYTES_MAX, GIVEN_ID_BYTES_MAX, LIST_MAX};

use crate::portal_kit::{Answer, NOW, Running, World};

const OBJECT: &str = r#"{"person":"facebook:1001","act":"object"}"#;
const KEY: (&str, &str) = ("idempotency-key", "\"8e03978e-40d5-43dd-bc93-6894a57f9324\"");

fn refused(running: &Running, body: &str) -> (String, Vec<String>) {
    let answer = running.post("/api/v1/acts", &[], body);
    (answer.problem(), answer.pointers())
}

/// The path of a receipt, of the address in an answer.
fn receipt_path(answer: &Answer) -> String {
    answer.json()["receipt"].as_str().unwrap().strip_prefix("http://127.0.0.1:7390").unwrap().to_owned()
}

#[test]
fn an_objection_of_anybody_is_recorded_as_provisional_with_a_receipt_that_holds() {
    let mut world = World::new("");
    let running = world.start();
    let answer = running.post("/api/v1/acts", &[], OBJECT);
    assert_eq!(answer.status, 201, "{}", answer.text());
    let body = answer.json();
    assert_eq!(body["provisional"], true);
    assert_eq!(body["received_at"], "2026-11-22T12:00:00Z");
    assert!(body["number"].as_str().unwrap().starts_with("B-"));
    assert!(body["acceptance"].as_str().unwrap().contains("ledger.example/objections"));
    assert_eq!(answer.header("location"), Some(receipt_path(&answer).as_str()));
    let receipt = running.get(&receipt_path(&answer));
    assert_eq!((receipt.status, receipt.header("content-type")), (200, Some("text/plain; charset=utf-8")));
    let sent = serde_json::json!({"receipt": receipt.text()}).to_string();
    let checked = running.post("/api/v1/receipts/check", &[], &sent);
    assert_eq!(checked.status, 200, "{}", checked.text());
    assert_eq!((&checked.json()["grade"], &checked.json()["event"]["id"]), (&"recorded".into(), &body["number"]));
    for place in [40, receipt.body.len() / 2, receipt.body.len() - 40] {
        let mut other = receipt.text().to_owned();
        let letter = if other.as_bytes()[place] == b'A' { "B" } else { "A" };
        other.replace_range(place..=place, letter);
        let checked = running.post("/api/v1/receipts/check", &[], &serde_json::json!({ "receipt": other }).to_string());
        assert_eq!((checked.problem().as_str(), checked.pointers()), ("invalid", vec!["/receipt".to_owned()]), "{place}");
    }
}

#[test]
fn a_receipt_is_for_who_has_its_address() {
    let mut world = World::new("");
    let running = world.start();
    let one = receipt_path(&running.post("/api/v1/acts", &[], OBJECT));
    let other = receipt_path(&running.post("/api/v1/acts", &[], OBJECT));
    let (number, _) = one.rsplit_once('/').unwrap();
    let (_, tag) = other.rsplit_once('/').unwrap();
    assert_eq!(running.get(&format!("{number}/{tag}")).problem(), "not-found");
    assert_eq!(running.get(&format!("{number}/")).problem(), "not-found");
    assert_eq!(running.get("/api/v1/receipts/B-0000-0000-0000-0000/x").problem(), "not-found");
}

#[test]
fn what_opens_erases_or_links_is_for_the_holder_alone() {
    let mut world = World::new("");
    let running = world.start();
    let mine = |rest: &str| format!(r#"{{"person":"facebook:1001",{rest}}}"#);
    for rest in [
        r#""act":"consent","uses":["meta/public-content"]"#,
        r#""act":"set","control":"x/grok","to":"on""#,
        r#""act":"withdraw","of":"o-1""#,
        r#""act":"withdraw-consent","of":"o-1""#,
        r#""act":"link","to":"instagram:77""#,
        r#""act":"unlink","of":"o-1""#,
        r#""act":"erase""#,
    ] {
        assert_eq!(running.post("/api/v1/acts", &[], &mine(rest)).problem(), "sign-in", "{rest}");
        // Signed in as somebody else.
        assert_eq!(running.post_as(&running.evi, "/api/v1/acts", &[], &mine(rest)).problem(), "forbidden", "{rest}");
        let for_child = mine(&format!(r#"{rest},"by":"parent""#));
        assert_eq!(running.post_as(&running.noor, "/api/v1/acts", &[], &for_child).problem(), "forbidden", "{rest}");
    }
    assert_eq!(running.post_as(&running.supervisor, "/api/v1/acts", &[], OBJECT).problem(), "forbidden");
    let consent = mine(r#""act":"consent","uses":["meta/public-content"]"#);
    let answer = running.post_as(&running.noor, "/api/v1/acts", &[], &consent);
    assert_eq!((answer.status, &answer.json()["provisional"]), (201, &false.into()));
}

#[test]
fn a_session_says_nothing_without_its_own_mark_and_from_another_site() {
    let mut world = World::new("");
    let running = world.start();
    let cookie = format!("session={}", running.noor);
    let mark = |session: &str| running.get_as(session, "/api/v1/session").json()["form"].as_str().unwrap().to_owned();
    let (own, others) = (mark(&running.noor), mark(&running.evi));
    let post = |headers: &[(&str, &str)]| running.post("/api/v1/acts", &[&[("cookie", cookie.as_str())], headers].concat(), OBJECT);
    assert_eq!(post(&[]).problem(), "form-mark");
    assert_eq!(post(&[("bezwaar-form", "x")]).problem(), "form-mark");
    assert_eq!(post(&[("bezwaar-form", &others)]).problem(), "form-mark");
    assert_eq!(post(&[("bezwaar-form", &own), ("origin", "https://evil.example")]).problem(), "form-mark");
    assert_eq!(post(&[("bezwaar-form", &own), ("sec-fetch-site", "cross-site")]).problem(), "form-mark");
    assert_eq!(post(&[("bezwaar-form", &own)]).status, 201);
    world.clock.fetch_add(13 * 3_600 * 1_000_000, Ordering::SeqCst);
    assert_eq!(running.get_as(&running.noor, "/api/v1/session").problem(), "sign-in");
    // Whoever is signed out is anybody, and is heard.
    assert_eq!(post(&[("bezwaar-form", &own)]).json()["provisional"], true);
}

#[test]
fn everything_that_is_wrong_is_told_at_once_and_nothing_of_what_was_sent() {
    let mut world = World::new("");
    let running = world.start();
    let body = r#"{"id":"o-1","person":"noor","act":"objekt","uses":"all","received_at":"2020-01-01T00:00:00Z","channel":"form","colour":"noor-red"}"#;
    let answer = running.post("/api/v1/acts", &[], body);
    assert_eq!(answer.problem(), "invalid");
    let mut pointers = answer.pointers();
    pointers.sort();
    assert_eq!(pointers, ["", "/act", "/channel", "/id", "/person", "/received_at", "/uses"]);
    assert!(!answer.text().contains("noor") && !answer.text().contains("objekt") && !answer.text().contains("colour"));
    assert_eq!(refused(&running, r#"{"act":"object"}"#), ("invalid".to_owned(), vec!["/person".to_owned()]));
    assert_eq!(refused(&running, r#"{"person":"x:5","act":"object"}"#).1, ["/person"]);
    assert_eq!(refused(&running, r#"{"person":"facebook:5","act":"set","to":"off"}"#).1, ["/control"]);
    assert_eq!(refused(&running, r#"{"person":"facebook:5","act":"object","of":"x"}"#).1, ["/of"]);
    assert_eq!(refused(&running, r#"{"person":"facebook:5","act":"object","ext":{"filer":"nobody"}}"#).1, ["/ext/filer"]);
    assert_eq!(refused(&running, r#"{"person":"facebook:5","act":"answer","of":"o","outcome":"upheld"}"#).1[0], "/act");
    assert_eq!(refused(&running, r#"{"person":"facebook:5","person":"facebook:6","act":"object"}"#).0, "malformed");
    assert_eq!(refused(&running, "[1]").0, "invalid");
    assert_eq!(refused(&running, "{").0, "malformed");
    let plain = running.ask("POST", "/api/v1/acts", &[("content-type", "text/plain")], OBJECT.as_bytes());
    assert_eq!(plain.problem(), "media-type");
    assert_eq!(running.ask("DELETE", "/api/v1/acts", &[], b"").header("allow"), Some("GET, HEAD, POST"));
    assert!(world.traces.lock().unwrap().is_empty());
}

#[test]
fn an_act_has_its_limits_and_no_more() {
    let mut world = World::new("");
    let running = world.start();
    let padded = |bytes: usize| {
        let start = r#"{"person":"facebook:1001","act":"object","ext":{"note":""#;
        format!("{start}{}\"}}}}", "n".repeat(bytes - start.len() - 3))
    };
    assert_eq!(running.post("/api/v1/acts", &[], &padded(ACT_BODY_BYTES_MAX)).status, 201);
    assert_eq!(refused(&running, &padded(ACT_BODY_BYTES_MAX + 1)).0, "too-long");
    let item = |bytes: usize| format!(r#"{{"person":"facebook:1001","act":"object","items":["{}"]}}"#, "i".repeat(bytes));
    assert_eq!(running.post("/api/v1/acts", &[], &item(ACT_TEXT_BYTES_MAX)).status, 201);
    assert_eq!(refused(&running, &item(ACT_TEXT_BYTES_MAX + 1)).1, ["/items/0"]);
    let items = |count: usize| {
        let items: Vec<String> = (0..count).map(|number| format!("\"i{number}\"")).collect();
        format!(r#"{{"person":"facebook:1001","act":"object","items":[{}]}}"#, items.join(","))
    };
    assert_ne!(running.post("/api/v1/acts", &[], &items(LIST_MAX)).status, 500);
    assert_eq!(refused(&running, &items(LIST_MAX + 1)).1, ["/items"]);
}

#[test]
fn the_same_key_gives_the_same_answer_also_after_a_restart() {
    let mut world = World::new("");
    let running = world.start();
    let first = running.post("/api/v1/acts", &[KEY], OBJECT);
    assert_eq!(first.status, 201);
    world.clock.fetch_add(5_000_000, Ordering::SeqCst);
    assert_eq!(running.post("/api/v1/acts", &[KEY], OBJECT).body, first.body);
    // In another order, and without quotes.
    let again =
        running.post("/api/v1/acts", &[("idempotency-key", KEY.1.trim_matches('"'))], r#"{"act":"object","person":"facebook:1001"}"#);
    assert_eq!(again.body, first.body);
    let other = running.post("/api/v1/acts", &[KEY], r#"{"person":"facebook:1002","act":"object"}"#);
    assert_eq!(other.problem(), "idempotency-key-reused");
    // Another caller's key is another key.
    let own = running.post_as(&running.noor, "/api/v1/acts", &[KEY], OBJECT);
    assert_ne!(own.json()["number"], first.json()["number"]);
    drop(running);
    let running = world.start();
    assert_eq!(running.post("/api/v1/acts", &[KEY], OBJECT).json()["number"], first.json()["number"]);
    assert_eq!(running.post("/api/v1/acts", &[("idempotency-key", "short")], OBJECT).problem(), "idempotency-key");
}

#[test]
fn an_id_is_chosen_by_who_is_signed_in_and_means_one_act() {
    let mut world = World::new("");
    let running = world.start();
    let with = |id: &str, act: &str| format!(r#"{{"id":"{id}","act":"{act}"}}"#);
    let first = running.post_as(&running.noor, "/api/v1/acts", &[], &with("mine-1", "object"));
    assert_eq!((first.status, &first.json()["number"]), (201, &"mine-1".into()), "{}", first.text());
    assert_eq!(running.get(&receipt_path(&first)).status, 200);
    assert_eq!(running.post_as(&running.noor, "/api/v1/acts", &[], &with("mine-1", "object")).status, 201);
    assert_eq!(running.post_as(&running.noor, "/api/v1/acts", &[], &with("mine-1", "erase")).problem(), "id-taken");
    let long = |length: usize| running.post_as(&running.noor, "/api/v1/acts", &[], &with(&"i".repeat(length), "object"));
    assert_eq!((long(GIVEN_ID_BYTES_MAX).status, long(GIVEN_ID_BYTES_MAX + 1).pointers()), (201, vec!["/id".to_owned()]));
    for id in ["", "a b", "B-0000-0000-0000-0000", "b 0000000000000000", "é"] {
        assert_eq!(running.post_as(&running.noor, "/api/v1/acts", &[], &with(id, "object")).pointers(), ["/id"], "{id}");
    }
    let both = running.post_as(&running.noor, "/api/v1/acts", &[KEY], &with("mine-2", "object"));
    assert_eq!(both.pointers(), ["/id"]);
    let taken_back = running.post_as(&running.noor, "/api/v1/acts", &[], r#"{"act":"withdraw","of":"none"}"#);
    assert_eq!(taken_back.pointers(), ["/of"]);
}

#[test]
fn known_and_unknown_accounts_get_answers_of_one_form_and_size() {
    let mut world = World::new("");
    let running = world.start();
    let known = r#"{"person":"facebook:1001","act":"object"}"#;
    for _ in 0..3 {
        assert_eq!(running.post_as(&running.noor, "/api/v1/acts", &[], known).status, 201);
    }
    let one = running.post("/api/v1/acts", &[], known);
    let other = running.post("/api/v1/acts", &[], r#"{"person":"facebook:9009","act":"object"}"#);
    let names = |answer: &Answer| answer.json().as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!((one.status, names(&one), one.body.len()), (other.status, names(&other), other.body.len()));
    let headers = |answer: &Answer| answer.headers.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
    assert_eq!(headers(&one), headers(&other));
}

#[test]
fn over_a_limit_objections_are_recorded_all_the_same_and_counted() {
    let mut world = World::new("[limits]\nper-account = 2\nper-network = 100\ncalls-per-network = 3\n");
    let running = world.start();
    for _ in 0..10 {
        assert_eq!(running.post("/api/v1/acts", &[], OBJECT).status, 201);
    }
    let metrics = running.get("/metrics");
    assert!(metrics.text().contains("bezwaar_objections_set_apart_total{by=\"account\"} 8"), "{}", metrics.text());
    // Other calls have a limit, and it has not been touched.
    for _ in 0..3 {
        assert_eq!(running.get("/api/v1/openapi.json").status, 200);
    }
    let refused = running.get("/api/v1/state");
    assert_eq!((refused.problem().as_str(), refused.header("retry-after")), ("too-many", Some("20")));
    assert_eq!(running.get("/api/v1/acts").problem(), "too-many");
    assert_eq!(running.post("/api/v1/acts", &[], OBJECT).status, 201);
    assert!(running.get("/metrics").text().contains("bezwaar_limited_calls_total{limit=\"calls-per-network\"} 2"));
    world.clock.store((NOW + 20) * 1_000_000, Ordering::SeqCst);
    assert_eq!(running.get("/api/v1/openapi.json").status, 200);
}
