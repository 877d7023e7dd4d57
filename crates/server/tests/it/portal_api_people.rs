//! What somebody said and what holds for them; looks of supervisors; decisions.

use crate::portal_kit::{Running, World};

fn say(running: &Running, session: &str, body: &str) {
    let answer = running.post_as(session, "/api/v1/acts", &[], body);
    assert_eq!(answer.status, 201, "{}", answer.text());
}

fn state_of(running: &Running, session: &str, query: &str, use_id: &str) -> String {
    let answer = running.get_as(session, &format!("/api/v1/state{query}"));
    assert_eq!(answer.status, 200, "{}", answer.text());
    let uses = answer.json()["uses"].as_array().unwrap().clone();
    uses.iter().find(|one| one["use"] == use_id).unwrap()["state"].as_str().unwrap().to_owned()
}

#[test]
fn what_holds_is_told_to_the_holder_and_to_a_supervisor_alone() {
    let mut world = World::new("");
    let running = world.start();
    assert_eq!(running.get("/api/v1/state").problem(), "sign-in");
    assert_eq!(running.get("/api/v1/state").header("www-authenticate"), Some("Cookie realm=\"portal\""));
    assert_eq!(running.get_as("x", "/api/v1/state").problem(), "sign-in");
    assert_eq!(state_of(&running, &running.noor, "", "meta/public-content"), "silent");
    say(&running, &running.noor, r#"{"act":"object","uses":["meta/public-content"]}"#);
    assert_eq!(state_of(&running, &running.noor, "", "meta/public-content"), "no");
    assert_eq!(state_of(&running, &running.noor, "?account=facebook:1001", "meta/public-content"), "no");
    assert_eq!(state_of(&running, &running.evi, "", "meta/public-content"), "silent");
    let asked = |session: &str| running.get_as(session, "/api/v1/state?account=facebook:1001");
    assert_eq!(asked(&running.evi).problem(), "forbidden");
    assert_eq!(asked(&running.handler).problem(), "forbidden");
    assert_eq!(state_of(&running, &running.supervisor, "?account=facebook:1001", "meta/public-content"), "no");
    assert_eq!(running.get_as(&running.supervisor, "/api/v1/state").problem(), "query");
    assert_eq!(running.get_as(&running.supervisor, "/api/v1/state?account=nobody").problem(), "query");
    assert_eq!(running.get_as(&running.noor, "/api/v1/state?other=1").problem(), "query");
}

#[test]
fn a_no_under_a_linked_account_is_a_no_whichever_names_the_other() {
    let mut world = World::new("");
    let running = world.start();
    say(&running, &running.noor, r#"{"act":"link","to":"facebook:1002"}"#);
    assert_eq!(state_of(&running, &running.evi, "", "meta/public-content"), "silent");
    say(&running, &running.noor, r#"{"act":"object"}"#);
    assert_eq!(state_of(&running, &running.evi, "", "meta/public-content"), "no");
    // Their own page says the same.
    let page = running.get_as(&running.evi, "/en/me");
    assert!(page.text().contains("Left out: somebody said no.") && !page.text().contains("You have not said anything."), "{}", page.text());
    let mut world = World::new("");
    let running = world.start();
    say(&running, &running.evi, r#"{"act":"link","to":"facebook:1001"}"#);
    say(&running, &running.noor, r#"{"act":"object"}"#);
    assert_eq!(state_of(&running, &running.evi, "", "meta/public-content"), "no");
}

#[test]
fn every_look_of_a_supervisor_is_recorded_before_anything_is_shown() {
    let mut world = World::new("");
    let running = world.start();
    let looks = |expected: u64| {
        let count = running.get_as(&running.supervisor, "/api/v1/acts?account=facebook:1001&limit=1");
        assert_eq!(count.status, 200, "{expected}");
    };
    looks(1);
    assert_eq!(running.get_as(&running.supervisor, "/api/v1/state?account=facebook:1001").status, 200);
    let item =
        r#"{"item":{"id":"c-1","author":"facebook:1001","about":["facebook:1002"]},"use":"meta/public-content","recipient":"meta-ai"}"#;
    assert_eq!(running.post_as(&running.supervisor, "/api/v1/decide", &[], item).status, 200);
    drop(running);
    let mut register = world.register();
    let mut office = bezwaar_register::intake::Intake::new(register.writer());
    let page = office.looks(None, 10).unwrap();
    assert_eq!(page.looks.len(), 4);
    assert!(page.looks.iter().all(|look| look.by.as_str() == "sam"));
    assert_eq!(office.check_looks().unwrap().broken_at, None);
}

#[test]
fn acts_come_page_by_page_and_a_cursor_is_good_for_its_account_only() {
    let mut world = World::new("");
    let running = world.start();
    for number in 0..5 {
        say(&running, &running.noor, &format!(r#"{{"id":"n-{number}","act":"object","items":["i{number}"]}}"#));
    }
    let mut ids = Vec::new();
    let mut path = "/api/v1/acts?limit=2".to_owned();
    let cursor = loop {
        let page = running.get_as(&running.noor, &path).json();
        ids.extend(page["acts"].as_array().unwrap().iter().map(|act| act["event"]["id"].as_str().unwrap().to_owned()));
        match page["next"].as_str() {
            Some(next) => path = format!("/api/v1/acts?limit=2&cursor={next}"),
            None => break path.rsplit_once('=').unwrap().1.to_owned(),
        }
    };
    assert_eq!(ids, ["n-0", "n-1", "n-2", "n-3", "n-4"]);
    assert_eq!(running.get_as(&running.evi, &format!("/api/v1/acts?cursor={cursor}")).pointers(), ["cursor"]);
    for place in 0..cursor.len() {
        let mut other = cursor.clone().into_bytes();
        other[place] = if other[place] == b'A' { b'B' } else { b'A' };
        let other = String::from_utf8(other).unwrap();
        assert_eq!(running.get_as(&running.noor, &format!("/api/v1/acts?cursor={other}")).status, 400, "{place}");
    }
    for limit in ["0", "101", "x", "-1", "1.5"] {
        assert_eq!(running.get_as(&running.noor, &format!("/api/v1/acts?limit={limit}")).pointers(), ["limit"], "{limit}");
    }
    assert_eq!(running.get_as(&running.noor, "/api/v1/acts?limit=100").json()["acts"].as_array().unwrap().len(), 5);
    assert_eq!(running.get_as(&running.evi, "/api/v1/acts").json()["acts"].as_array().unwrap().len(), 0);
    let receipt = running.get_as(&running.noor, "/api/v1/acts").json()["acts"][0]["receipt"].as_str().unwrap().to_owned();
    assert_eq!(running.get(receipt.strip_prefix("http://127.0.0.1:7390").unwrap()).status, 200);
}

#[test]
fn one_is_told_about_own_records_only_and_why() {
    let mut world = World::new("");
    let running = world.start();
    let ask = |session: &str, item: &str| {
        let body = format!(r#"{{"item":{item},"use":"meta/public-content","recipient":"meta-ai"}}"#);
        running.post_as(session, "/api/v1/decide", &[], &body)
    };
    let own = r#"{"id":"c-1","author":"facebook:1001","category":"comment","audience":"public"}"#;
    let codes = |session: &str, item: &str| {
        let reasons = ask(session, item).json()["reasons"].as_array().unwrap().clone();
        reasons.iter().map(|reason| reason["code"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert!(!codes(&running.noor, own).contains(&"objected".to_owned()));
    say(&running, &running.noor, r#"{"id":"o-1","act":"object"}"#);
    let answer = ask(&running.noor, own).json();
    assert_eq!((&answer["decision"], &answer["at"]), (&"withhold".into(), &"2026-11-22T12:00:00Z".into()));
    assert!(codes(&running.noor, own).contains(&"objected".to_owned()));
    assert_eq!(ask(&running.evi, own).problem(), "forbidden");
    assert_eq!(ask(&running.evi, r#"{"id":"c-2","author":"facebook:1002","about":["facebook:1001"]}"#).problem(), "forbidden");
    assert_eq!(ask(&running.handler, own).problem(), "forbidden");
    assert!(codes(&running.supervisor, own).contains(&"objected".to_owned()));
    let body = r#"{"item":{"colour":1},"use":"","reading":"loose","more":1}"#;
    let wrong = running.post_as(&running.noor, "/api/v1/decide", &[], body);
    assert_eq!(wrong.pointers(), ["/item", "/use", "/recipient", "/reading", ""]);
    let many: Vec<String> = (0..17).map(|number| format!("\"facebook:2{number:03}\"")).collect();
    let item = |count: usize| format!(r#"{{"id":"c","author":[{}]}}"#, many[..count].join(","));
    assert_eq!(ask(&running.supervisor, &item(16)).status, 200);
    assert_eq!(ask(&running.supervisor, &item(17)).pointers(), ["/item"]);
    assert_eq!(running.post("/api/v1/decide", &[], "{}").problem(), "sign-in");
}
