//! A restore from an old backup: noticed, and what was published since is put back, but for what was erased.

use crate::register::{CHOICES, Desk, TRUST};

fn copy(desk: &Desk, from: &str, to: &str) {
    let _ = std::fs::remove_dir_all(desk.path(to));
    assert!(std::process::Command::new("cp").arg("-a").args([desk.path(from), desk.path(to)]).status().unwrap().success());
}

/// Puts the store of the backup in the place of the one there is.
fn restore(desk: &Desk) {
    for name in ["register.sqlite", "register.sqlite-wal", "register.sqlite-shm"] {
        let _ = std::fs::remove_file(desk.path(&format!("reg/{name}")));
        let _ = std::fs::copy(desk.path(&format!("backup/{name}")), desk.path(&format!("reg/{name}")));
    }
}

fn choice(number: u32) -> String {
    CHOICES.lines().next().unwrap().replace("1001", &number.to_string()).replace("o-1", &format!("o-{number}")) + "\n"
}

fn forget(desk: &Desk, account: &str) {
    let asked = desk.good(&["register", "forget", "reg", account]);
    let token = asked.split("--confirm ").nth(1).unwrap().split_whitespace().next().unwrap();
    desk.good(&["register", "forget", "reg", account, "--confirm", token]);
}

/// A register with a backup; since then two people were forgotten (one before the backup, one after it), keys were renewed, and somebody objected.
fn with_backup() -> Desk {
    let desk = Desk::with_register();
    copy(&desk, "reg", "backup");
    desk.write("more.jsonl", &(3_001..3_005).map(choice).collect::<String>());
    desk.good(&["register", "import", "reg", "more.jsonl"]);
    forget(&desk, "facebook:1001");
    forget(&desk, "facebook:3002");
    desk.good(&["register", "rotate", "reg", "operator"]);
    desk.good(&["register", "rotate", "reg", "ledger"]);
    desk.write("last.jsonl", &choice(3_009));
    desk.good(&["register", "import", "reg", "last.jsonl"]);
    desk.good(&["register", "openings", "reg", "--output", "openings.jsonl"]);
    desk.good(&["register", "extract", "reg", "--output", "before.extract"]);
    desk
}

#[test]
fn a_backup_and_the_openings_give_the_register_back() {
    let desk = with_backup();
    let before = desk.good(&["register", "status", "reg"]);
    restore(&desk);
    let refused = desk.ends(&["register", "status", "reg"], 5);
    assert!(refused.contains("restored from an old backup") && refused.contains("bezwaar register salvage"), "{refused}");
    assert!(desk.ends(&["doctor", "reg"], 5).contains("bezwaar register salvage"));
    let said = desk.good(&["register", "salvage", "reg", "openings.jsonl"]);
    assert!(said.contains("erasures the store had forgotten") || said.contains("erasure the store had forgotten"), "{said}");
    assert_eq!(desk.good(&["register", "status", "reg"]), before);
    let found = desk.good(&["doctor", "reg"]);
    assert!(!found.contains("failure"), "{found}");
    // What was forgotten stays forgotten, who objected is covered, and what auditors make of it is the same.
    desk.good(&["register", "extract", "reg", "--output", "after.extract"]);
    desk.ends(&["prove", "row", "reg", "after.extract", "facebook:1001", "--output", "row.json"], 1);
    desk.ends(&["prove", "row", "reg", "after.extract", "facebook:3002", "--output", "row.json"], 1);
    for account in ["facebook:3001", "facebook:3009", "instagram:noor.v"] {
        desk.good(&["prove", "row", "reg", "after.extract", account, "--output", "row.json"]);
    }
    assert!(desk.good(&["register", "acts", "reg", "facebook:1001"]).contains("nothing is filed"));
    // It goes on: what is filed is recognised, and new acts get the next places.
    assert!(desk.good(&["register", "import", "reg", "last.jsonl"]).contains("there before  1"));
    desk.write("new.jsonl", &choice(3_010));
    assert!(desk.good(&["register", "import", "reg", "new.jsonl"]).contains("filed         1"));
    let audit = ["audit", "--openings", "all.jsonl", "--key", "reg/keys/root.key", "--ledger", "reg/public", "--extract", "after.extract"];
    desk.good(&["register", "openings", "reg", "--output", "all.jsonl"]);
    let trust = desk.read("reg/public/trust.policy");
    assert_eq!(trust.lines().filter(|line| line.starts_with("log ")).count(), 2, "{trust}");
    desk.ends(&[audit.as_slice(), TRUST.as_slice()].concat(), 6);
}

#[test]
fn what_nobody_can_say_any_more_keeps_extracts_from_being_made() {
    let desk = with_backup();
    desk.good(&["prove", "inclusion", "reg", "o-3009", "--output", "o-3009.tlog-proof"]);
    restore(&desk);
    let said = desk.ends(&["register", "salvage", "reg", "o-3009.tlog-proof"], 4);
    assert!(said.contains("3 entries without what they say"), "{said}");
    assert!(desk.ends(&["doctor", "reg"], 5).contains("3 entries have neither opening nor tombstone"));
    desk.ends(&["register", "extract", "reg", "--output", "after.extract"], 5);
    assert!(!desk.path("after.extract").exists());
    // The receipt's act is there again, for its own account.
    assert!(desk.good(&["register", "acts", "reg", "facebook:3009"]).contains("o-3009"));
    // Whoever only tries again is not told that all is well.
    let said = desk.ends(&["register", "salvage", "reg", "openings.jsonl"], 4);
    assert!(said.contains("entries    0 put back") && said.contains("3 entries without what they say"), "{said}");
    // Found later: once more from the backup, with everything.
    restore(&desk);
    desk.good(&["register", "salvage", "reg", "o-3009.tlog-proof", "openings.jsonl"]);
    desk.good(&["register", "extract", "reg", "--output", "after.extract"]);
    // Nothing is left to do, and that is no failure.
    assert!(desk.good(&["register", "salvage", "reg"]).contains("entries    0 put back"));
}

#[test]
fn what_does_not_fit_is_not_put_back() {
    let desk = with_backup();
    restore(&desk);
    let openings = desk.read("openings.jsonl");
    desk.write("changed.jsonl", &openings.replace("facebook:id:3001", "facebook:id:3007"));
    let said = desk.ends(&["register", "salvage", "reg", "changed.jsonl"], 4);
    assert!(said.contains("1 opening offered did not open their entries") && said.contains("1 entry without what they say"), "{said}");
    // A public folder that was changed, or a store that is no beginning of it: nothing is written.
    restore(&desk);
    let bundle = std::fs::read_dir(desk.path("reg/public/tile/entries/000.p"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .max_by_key(|path| std::fs::metadata(path).unwrap().len())
        .unwrap();
    let mut bytes = std::fs::read(&bundle).unwrap();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    std::fs::write(&bundle, &bytes).unwrap();
    let refused = desk.ends(&["register", "status", "reg"], 5);
    let said = desk.ends(&["register", "salvage", "reg", "openings.jsonl"], 1);
    assert!(said.contains("missing or not what was signed") && said.contains("from a mirror"), "{said}");
    assert_eq!(desk.ends(&["register", "status", "reg"], 5), refused);
    assert!(desk.ends(&["register", "salvage", "reg", "choices.jsonl"], 1).contains("`choices.jsonl`"));
}
