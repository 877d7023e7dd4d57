//! Extracts made while the portal runs: what was sent by the form is in them.

use std::time::{Duration, Instant};

use bezwaar_core::account::Account;
use bezwaar_ledger::extract::Extract;

use crate::portal_kit::{Running, World};

fn objects(portal: &Running, fields: &[(&str, &str)]) -> String {
    let mark = portal.mark("/nl/object", "/nl/object", None);
    let fields = [&[("form", mark.as_str()), ("for", "self")], fields].concat();
    let (place, _) = portal.form("/nl/object", None, &fields).onward();
    place.split('/').nth(3).unwrap().to_owned()
}

#[test]
fn what_was_sent_is_in_the_extract() {
    let mut world = World::new("[extract]\nfile = \"people.extract\"\nevery-minutes = 1");
    let portal = world.start();
    let all = [("everything", "yes"), ("service", "facebook"), ("account", "77")];
    let numbers = [
        objects(&portal, &all),
        objects(&portal, &[("use", "meta/public-content"), ("service", "instagram"), ("account", "https://instagram.com/noor.v/")]),
        objects(&portal, &[("everything", "yes"), ("mail", "noor@example.org")]),
    ];
    // One page, sent twice with something else: the second is not taken for the first.
    let mark = portal.mark("/nl/object", "/nl/object", None);
    let send = |account: &str| {
        let fields = [("form", mark.as_str()), ("for", "child"), ("everything", "yes"), ("service", "facebook"), ("account", account)];
        portal.form("/nl/object", None, &fields)
    };
    assert_eq!([send("501").status, send("501").status, send("502").status], [303, 303, 409]);
    drop(portal);
    let path = world.folder.path().join("people.extract");
    drop(std::fs::remove_file(&path));
    // Made when the portal starts, and then every so often.
    let running = world.start();
    let from = Instant::now();
    while !path.exists() {
        assert!(from.elapsed() < Duration::from_secs(30), "{:?}", world.traces.lock().unwrap());
        std::thread::sleep(Duration::from_millis(20));
    }
    let extract = Extract::from_bytes(std::fs::read(&path).unwrap()).unwrap();
    extract.verify_rows().unwrap();
    drop(running);
    let register = world.register();
    let keys = register.keys().subject_keys().unwrap();
    let acts = |text: &str| {
        let subject = keys.subject(&Account::from_canonical(text).unwrap());
        extract.lookup(&subject).map(|row| extract.acts(row).unwrap().into_iter().map(|act| act.id).collect::<Vec<String>>())
    };
    assert_eq!(acts("facebook:id:77"), Some(vec![numbers[0].clone()]));
    assert_eq!(acts("instagram:handle:noor.v"), Some(vec![numbers[1].clone()]));
    assert_eq!(acts("mail:mail:noor@example.org"), Some(vec![numbers[2].clone()]));
    assert!(acts("facebook:id:501").is_some() && acts("facebook:id:502").is_none());
    use std::os::unix::fs::PermissionsExt as _;
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
}
