//! `bezwaar verify` on what a recipient gets: the folder of a release, and extracts.

use crate::register::{Desk, TRUST};

/// A sealed release in `out`, with the operator's list of its subjects.
fn sealed() -> Desk {
    let desk = Desk::with_register();
    desk.with_job();
    desk.good(&["gate", "job.toml"]);
    desk.good(&["release", "seal", "reg", "job.toml"]);
    desk.good(&["release", "subjects", "reg", "job.toml", "--release", "1", "--output", "subjects.jsonl"]);
    desk
}

const REBUILD: [&str; 4] = ["--job", "job.toml", "--subjects", "subjects.jsonl"];

#[test]
fn a_release_is_checked_from_its_folder() {
    let desk = sealed();
    let said = desk.verify("out", &[], 6);
    for line in [
        "release    1 for meta-ai, use meta/public-content",
        "files      1, ",
        " 2 records: each is the one the manifest lists",
        "subjects   2, as the operator declares",
        "basis      the operator declares, irrevocably",
        "not checked: who is in the files",
        "grade      recorded",
    ] {
        assert!(said.contains(line), "{line}: {said}");
    }
    let said = desk.verify("out", &["--job", "job.toml"], 6);
    assert!(
        said.contains("2 people are in the files, those of the run's own list") && said.contains("not checked: that the root"),
        "{said}"
    );
    let said = desk.verify("out", &REBUILD, 6);
    assert!(said.contains("rebuilt: the 2 people in the files are those of the root") && said.contains("the operator declares"), "{said}");
}

#[test]
fn a_countersignature_changes_what_a_release_rests_on() {
    let desk = sealed();
    let key = desk.good(&["release", "key", "--name", "lab.example/releases", "--output", "lab.key"]);
    desk.write("lab.vkey", &key);
    let sign = |role: &str, rebuild: &[&str]| {
        let sign = ["release", "countersign", "out", "--key", "lab.key", "--as", role, "--output", "lab.note"];
        let trust = ["--trust", "reg/public/trust.policy", "--operator", "reg/public/operator.vkey"];
        desk.good(&[sign.as_slice(), &trust, rebuild].concat());
    };
    let counted = ["--countersignature", "lab.note", "--independent", "lab.vkey"];
    sign("recipient", &[]);
    let said = desk.verify("out", &counted, 6);
    assert!(said.contains("received, and not rebuilt") && said.contains("basis      the operator declares, irrevocably"), "{said}");
    sign("auditor", &REBUILD);
    let said = desk.verify("out", &counted, 6);
    assert!(said.contains("basis      rebuilt from the files by lab.example/releases (auditor)"), "{said}");
    assert!(desk.verify("out", &["--countersignature", "lab.note"], 2).contains("keys of recipients and auditors were not given"));
    // That of another release says nothing about this one.
    let other = desk.read("lab.note").replace("release 1", "release 2");
    desk.write("other.note", &other);
    desk.verify("out", &["--countersignature", "other.note", "--independent", "lab.vkey"], 5);
}

#[test]
fn whatever_is_changed_in_a_release_is_told_apart() {
    let desk = sealed();
    let check = |name: &str, change: &dyn Fn(&str) -> String, because: &str| {
        let good = desk.read(name);
        desk.write(name, &change(&good));
        let said = desk.verify("out", &[], 5);
        assert!(said.contains(because), "{name}: {said}");
        desk.write(name, &good);
    };
    check("out/items.jsonl", &|text| text.replace("1002", "1001"), "`items.jsonl` is not the file the manifest lists");
    check("out/manifest.json", &|text| text.replace("\"kept\":2", "\"kept\":3"), "the manifest is not the one that was sealed");
    check("out/seal.json", &|text| text.replace("\"records\":2", "\"records\":3"), "the signed statement is not");
    check("out/seal.json", &|text| text.replace("{", "{ "), "seal");
    check("out/seal.note", &|text| text.replace("release 1", "release 2"), "the signed statement is not");
    check("out/seal.tlog-proof", &|text| text.replace("index ", "index 1"), "proof");
    desk.verify("out", &[], 6);
    std::fs::remove_file(desk.path("out/items.jsonl")).unwrap();
    assert!(desk.verify("out", &[], 5).contains("`items.jsonl` is missing"));
}

#[test]
fn what_is_no_release_and_what_is_not_of_it() {
    let desk = sealed();
    desk.write("out/more.jsonl", "{}\n");
    std::fs::create_dir(desk.path("out/deep")).unwrap();
    desk.write("out/deep/er.txt", "x");
    let said = desk.verify("out", &[], 6);
    assert!(
        said.contains("2 files in the folder that the manifest does not list") && said.contains("the first is `deep/er.txt`"),
        "{said}"
    );
    for (files, told) in [(97, "note: 99 files in"), (98, "note: at least 100 files in"), (99, "note: at least 100 files in")] {
        (0..files).for_each(|number| desk.write(&format!("out/deep/{number}"), ""));
        let said = desk.verify("out", &[], 6);
        assert!(said.contains(told), "{files}: {said}");
    }
    std::fs::remove_file(desk.path("out/seal.json")).unwrap();
    assert!(desk.verify("out", &[], 1).contains("no seal: nobody answers for it"));
    assert!(desk.verify("reg/keys", &[], 1).contains("neither a ledger nor a release"));
}

#[test]
fn the_people_in_the_files_must_be_those_of_the_seal() {
    let desk = sealed();
    // The operator's list of another release, and one with somebody left out.
    let subjects = desk.read("subjects.jsonl");
    desk.write("subjects.jsonl", &subjects.replace("release/1", "release/2"));
    desk.verify("out", &REBUILD, 5);
    let short: String = subjects.lines().take(2).map(|line| format!("{line}\n")).collect();
    desk.write("subjects.jsonl", &short);
    let said = desk.verify("out", &REBUILD, 5);
    assert!(said.contains("the list of subjects is not the one the seal was made from: it was cut short or changed"), "{said}");
    let sign = ["release", "countersign", "out", "--as", "recipient", "--key", "none.key", "--output", "lab.note"];
    assert!(desk.ends(&[&sign, TRUST.as_slice(), REBUILD.as_slice()].concat(), 5).contains("the list of subjects is not the one"));
    desk.write("subjects.jsonl", subjects.trim_end_matches(['}', '\n']));
    assert!(desk.verify("out", &REBUILD, 5).contains("line 3 of the list of subjects is not in the one form it has"));
    desk.write("subjects.jsonl", &subjects);
    // Another job would read other people out of the files.
    desk.write("job.toml", &format!("{}# changed\n", desk.read("job.toml")));
    assert!(desk.verify("out", &REBUILD, 1).contains("not the job the release was made by"));
}

#[test]
fn an_extract_is_looked_for_on_the_ledger() {
    let desk = sealed();
    let ledger = ["--ledger", "reg/public"];
    let said = desk.verify("people.extract", &[], 6);
    assert!(said.contains("not checked: that the extract stands on the ledger"), "{said}");
    let said = desk.verify("people.extract", &ledger, 6);
    let entry = said.lines().find(|line| line.starts_with("entry      ")).unwrap().to_owned();
    assert!(entry.ends_with(" of register.example/o") && said.contains("grade      recorded"), "{said}");
    desk.good(&["prove", "row", "reg", "people.extract", "facebook:1001", "--output", "row.json"]);
    let said = desk.verify("row.json", &ledger, 6);
    assert!(said.contains(&entry) && said.contains("not checked: that the row is of the very extract"), "{said}");
    // Another ledger of the same name does not have it.
    desk.good(&["register", "init", "reg2", "--origin", "register.example/o", "--anchor", "anchor2"]);
    let other = [
        "verify",
        "people.extract",
        "--trust",
        "reg2/public/trust.policy",
        "--operator",
        "reg/public/operator.vkey",
        "--ledger",
        "reg2/public",
    ];
    assert!(desk.ends(&other, 5).contains("made from more entries than this ledger has"));
    desk.write(
        "reg2/more.jsonl",
        &(1..60)
            .map(|number| {
                crate::register::CHOICES
                    .lines()
                    .next()
                    .unwrap()
                    .replace("1001", &format!("2{number}"))
                    .replace("o-1", &format!("n-{number}"))
                    + "\n"
            })
            .collect::<String>(),
    );
    desk.good(&["register", "import", "reg2", "reg2/more.jsonl"]);
    assert!(desk.ends(&other, 5).contains("made from another ledger than this one"));
}
