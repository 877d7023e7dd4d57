//! Named limits of the portal's interface: at the limit, and one past it.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::process::Command;
use std::sync::atomic::Ordering;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use bezwaar_server::portal::api::{
    ACTS_PAGE_MAX, BODY_SECONDS_MAX, BULK_AT_ONCE_MAX, BULK_BODY_BYTES_MAX, CALLS_FOLDER, CONCERNED_MAX, DECIDE_BODY_BYTES_MAX,
    LEDGER_FILE_BYTES_MAX, PUBLISH_LAG_SECONDS_MAX,
};
use bezwaar_server::portal::{ACCOUNTS_MAX, FIELD_BYTES_MAX, PEOPLE_MAX, RECEIPT_BYTES_MAX};

use crate::portal_api_check::{CREDENTIAL, settings};
use crate::portal_kit::{NOW, World};

/// A body of so many bytes that says the same: what is added is white space.
fn filled_up(body: &str, bytes: usize) -> String {
    format!("{body}{}", " ".repeat(bytes - body.len()))
}

#[test]
fn a_question_is_no_longer_than_it_may_be_and_concerns_so_many_people() {
    let mut world = World::new("");
    let running = world.start();
    let item = r#"{"item":{"id":"c-1","author":"facebook:1001","category":"comment"},"use":"meta/public-content","recipient":"meta-ai"}"#;
    let ask = |bytes: usize| running.post_as(&running.noor, "/api/v1/decide", &[], &filled_up(item, bytes));
    assert_eq!(ask(DECIDE_BODY_BYTES_MAX).status, 200);
    assert_eq!(ask(DECIDE_BODY_BYTES_MAX + 1).problem(), "too-long");
    let about = |people: usize| {
        let authors: Vec<String> = (0..people).map(|number| format!("facebook:{}", 2001 + number)).collect();
        let item = serde_json::json!({"id": "c-1", "author": authors, "category": "comment"});
        let body = serde_json::json!({"item": item, "use": "meta/public-content", "recipient": "meta-ai"}).to_string();
        running.post_as(&running.supervisor, "/api/v1/decide", &[], &body)
    };
    assert_eq!(about(CONCERNED_MAX).status, 200);
    assert_eq!(about(CONCERNED_MAX + 1).pointers(), ["/item"]);
}

#[test]
fn a_bulk_check_is_no_longer_than_it_may_be() {
    let mut world = World::new(&settings(100, ""));
    let running = world.start();
    let bearer = format!("Bearer {CREDENTIAL}");
    let ask = |bytes: usize| {
        let body = filled_up(r#"{"accounts":["facebook:1001"]}"#, bytes);
        running.post("/api/v1/check", &[("authorization", &bearer)], &body)
    };
    assert_eq!(ask(BULK_BODY_BYTES_MAX).json()["allowed"], serde_json::json!([false]));
    assert_eq!(ask(BULK_BODY_BYTES_MAX + 1).problem(), "too-long");
}

#[test]
fn so_many_bulk_checks_are_worked_on_at_a_time_and_the_next_is_asked_to_come_again() {
    let mut world = World::new(&settings(100, ""));
    let running = world.start();
    // Where the first call is to be recorded stands something that lets nobody through, and so nobody is answered.
    let folder = world.register_folder().join(CALLS_FOLDER);
    std::fs::create_dir_all(&folder).unwrap();
    let gate = folder.join("2026-11.jsonl");
    assert!(Command::new("mkfifo").arg(&gate).status().unwrap().success());
    let bearer = format!("Bearer {CREDENTIAL}");
    let ask = || running.post("/api/v1/check", &[("authorization", &bearer)], r#"{"accounts":["facebook:1001"]}"#);
    std::thread::scope(|scope| {
        let (answer, answers) = mpsc::channel();
        for _ in 0..BULK_AT_ONCE_MAX + 2 {
            let (answer, ask) = (answer.clone(), &ask);
            scope.spawn(move || answer.send(ask()).unwrap());
        }
        drop(answer);
        for _ in 0..2 {
            let refused = answers.recv_timeout(Duration::from_secs(30)).unwrap();
            assert_eq!((refused.status, refused.problem().as_str()), (503, "busy"));
            assert!(refused.header("retry-after").is_some());
        }
        // As many as may be are in, and wait.
        assert!(answers.recv_timeout(Duration::from_millis(300)).is_err());
        let writer = std::fs::OpenOptions::new().write(true).open(&gate).unwrap();
        std::fs::remove_file(&gate).unwrap();
        drop(writer);
        let others: Vec<u16> = std::iter::from_fn(|| answers.recv_timeout(Duration::from_secs(30)).ok()).map(|one| one.status).collect();
        assert_eq!(others, [200; BULK_AT_ONCE_MAX]);
    });
    assert_eq!(ask().status, 200, "and then there is room again");
}

#[test]
fn a_file_of_the_ledger_is_no_longer_than_it_may_be() {
    let mut world = World::new("");
    let running = world.start();
    let give = |letter: &str, bytes: usize| {
        let name = letter.repeat(64);
        std::fs::write(world.register_folder().join("public/documents").join(&name), vec![7; bytes]).unwrap();
        running.get(&format!("/ledger/documents/{name}"))
    };
    let most = give("a", LEDGER_FILE_BYTES_MAX);
    assert_eq!((most.status, most.body.len()), (200, LEDGER_FILE_BYTES_MAX));
    assert_eq!(give("b", LEDGER_FILE_BYTES_MAX + 1).problem(), "failed");
    assert!(world.traces.lock().unwrap().join("\n").contains("a file of the ledger could not be read"));
}

#[test]
fn a_body_may_take_so_long_to_arrive_and_no_longer() {
    let mut world = World::new("");
    let running = world.start();
    let body = br#"{"person":"facebook:1001","act":"object"}"#;
    // Sends the last letter after so many seconds, and gives the status; nothing is sent for a body that never ends.
    let after = |seconds: Option<u64>| {
        let mut stream = TcpStream::connect(running.address).unwrap();
        let head = format!(
            "POST /api/v1/acts HTTP/1.1\r\nhost: portal\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        let (first, last) = body.split_at(body.len() - 1);
        stream.write_all(&[head.as_bytes(), first].concat()).unwrap();
        let from = Instant::now();
        if let Some(seconds) = seconds {
            std::thread::sleep(Duration::from_secs(seconds));
            stream.write_all(last).unwrap();
        }
        let mut answer = String::new();
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        drop(stream.read_to_string(&mut answer));
        (answer.split(' ').nth(1).unwrap_or_default().to_owned(), from.elapsed())
    };
    std::thread::scope(|scope| {
        let in_time = scope.spawn(|| after(Some(BODY_SECONDS_MAX - 2)));
        let (status, took) = after(None);
        assert_eq!(status, "408");
        assert!(took >= Duration::from_secs(BODY_SECONDS_MAX), "{took:?}");
        assert_eq!(in_time.join().unwrap().0, "201");
    });
}

#[test]
fn it_is_ready_until_the_ledger_was_not_published_for_so_long() {
    let mut world = World::new("");
    let running = world.start();
    let wait = |what: &dyn Fn() -> bool| {
        let from = Instant::now();
        while !what() {
            assert!(from.elapsed() < Duration::from_secs(30));
            std::thread::sleep(Duration::from_millis(50));
        }
    };
    wait(&|| running.get("/ready").status == 200);
    // The anchor is gone: from now on nothing is published.
    let anchor = world.folder.path().join("anchor");
    std::fs::rename(&anchor, world.folder.path().join("gone")).unwrap();
    std::fs::write(&anchor, "no folder").unwrap();
    assert_eq!(running.post("/api/v1/acts", &[], r#"{"person":"facebook:1001","act":"object"}"#).status, 201);
    wait(&|| world.traces.lock().unwrap().iter().any(|line| line.starts_with("the ledger was not published")));
    let at = |micros: i64| {
        world.clock.store(NOW * 1_000_000 + micros, Ordering::SeqCst);
        running.get("/ready")
    };
    assert_eq!(at(PUBLISH_LAG_SECONDS_MAX * 1_000_000).status, 200);
    let late = at(PUBLISH_LAG_SECONDS_MAX * 1_000_000 + 1);
    assert_eq!((late.status, late.json()["status"].as_str()), (503, Some("the ledger is not published")));
}

#[test]
fn a_form_names_so_many_accounts_and_places_and_says_so_much_and_nothing_is_left_out() {
    let mut world = World::new("");
    let portal = world.start();
    let send = |whom: &str, more: &[(&str, String)]| {
        let mark = portal.mark("/nl/object", "/nl/object", None);
        let mut fields = vec![("form", mark.as_str()), ("for", whom), ("everything", "yes"), ("mail", "noor@example.org")];
        fields.extend(more.iter().map(|(name, text)| (*name, text.as_str())));
        portal.form("/nl/object", None, &fields)
    };
    let accounts = |count: usize| {
        let one = |number: usize| [("service", "facebook".to_owned()), ("account", format!("{}", 4_001 + number))];
        send("self", &(0..count).flat_map(one).collect::<Vec<_>>())
    };
    let most = accounts(ACCOUNTS_MAX);
    let page = portal.get(&most.onward().0);
    assert!((0..ACCOUNTS_MAX).all(|number| page.text().contains(&format!("facebook: {}", 4_001 + number))), "{}", page.text());
    let past = accounts(ACCOUNTS_MAX + 1);
    assert!(past.status == 422 && past.text().contains("id=\"accounts-problem\""), "{}", past.text());

    let places = |count: usize| {
        let lines: Vec<String> = (0..count).map(|number| format!("https://plein.example/foto/{number}")).collect();
        send("none", &[("find", lines.join("\n"))])
    };
    assert_eq!(places(PEOPLE_MAX).status, 303);
    let past = places(PEOPLE_MAX + 1);
    assert!(past.status == 422 && past.text().contains("id=\"find-problem\""), "{}", past.text());

    for field in ["reason", "postal", "name", "find"] {
        let long = |bytes: usize| send("self", &[(field, "a".repeat(bytes))]).status;
        assert_eq!((long(FIELD_BYTES_MAX), long(FIELD_BYTES_MAX + 1)), (303, 422), "{field}");
    }
}

#[test]
fn a_receipt_is_no_longer_than_it_may_be_and_a_page_of_acts_has_so_many() {
    let mut world = World::new("");
    let portal = world.start();
    let checked = |bytes: usize| portal.form("/nl/check", None, &[("receipt", &"a".repeat(bytes))]).text().to_owned();
    assert!(checked(RECEIPT_BYTES_MAX).contains("Dit is geen bewijs"));
    assert!(checked(RECEIPT_BYTES_MAX + 1).contains("Dit is te lang voor een bewijs."));
    let page = |limit: usize| portal.get_as(&portal.noor, &format!("/api/v1/acts?limit={limit}"));
    let act = r#"{"act":"object","uses":["meta/public-content"]}"#;
    for _ in 0..=ACTS_PAGE_MAX {
        assert_eq!(portal.post_as(&portal.noor, "/api/v1/acts", &[], act).status, 201);
    }
    let most = page(ACTS_PAGE_MAX).json();
    assert_eq!((most["acts"].as_array().unwrap().len(), most["next"].is_string()), (ACTS_PAGE_MAX, true));
    assert_eq!(page(ACTS_PAGE_MAX + 1).pointers(), ["limit"]);
}
