//! A register from its first key to a proof of absence, by the commands alone.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use bezwaar_ledger::entry::EntryKind;
use bezwaar_ledger::opening::document_hash;
use bezwaar_register::intake::{Books, ValueName};

/// A folder, and the commands run in it.
pub(super) struct Desk {
    folder: tempfile::TempDir,
}

pub(super) const CHOICES: &str = r#"{"id":"o-1","person":"facebook:1001","act":"object","uses":["meta/*"],"received_at":"2025-05-26T21:50:00Z","channel":"form"}
{"id":"o-2","person":"instagram:@Noor.V","act":"object","received_at":"2025-05-26T22:50:00Z","channel":"mail"}
{"id":"o-3","person":"instagram:@noor.v","act":"object","received_at":"2025-05-27T22:50:00Z","channel":"form"}
"#;

pub(super) const TRUST: [&str; 4] = ["--trust", "reg/public/trust.policy", "--operator", "reg/public/operator.vkey"];

impl Desk {
    pub(super) fn new() -> Desk {
        Desk { folder: tempfile::tempdir().unwrap() }
    }

    /// With a register that holds [`CHOICES`].
    pub(super) fn with_register() -> Desk {
        let desk = Desk::new();
        let policies = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../policies");
        let policies = policies.to_str().unwrap();
        desk.good(&["register", "init", "reg", "--origin", "register.example/o", "--anchor", "anchor", "--policies", policies]);
        desk.write("choices.jsonl", CHOICES);
        desk.good(&["register", "import", "reg", "choices.jsonl"]);
        desk
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(super) fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).unwrap();
    }

    pub(super) fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap()
    }

    /// The public key of the register's ledger.
    pub(super) fn ledger_key(&self) -> String {
        let policy = self.read("reg/public/trust.policy");
        policy.lines().find_map(|line| line.strip_prefix("log ")).unwrap().to_owned()
    }

    pub(super) fn run(&self, args: &[&str]) -> Output {
        self.command().args(args).output().unwrap()
    }

    /// The program, in the folder.
    pub(super) fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_bezwaar"));
        command.current_dir(self.folder.path());
        command
    }

    /// The command succeeds; what it printed.
    pub(super) fn good(&self, args: &[&str]) -> String {
        self.ends(args, 0)
    }

    /// The command ends with this code; everything it printed.
    pub(super) fn ends(&self, args: &[&str], code: i32) -> String {
        let output = self.run(args);
        let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert_eq!(output.status.code(), Some(code), "{args:?}\n{said}");
        said
    }

    /// The command is `verify`, with the register's own trust policy and keys.
    pub(super) fn verify(&self, path: &str, more: &[&str], code: i32) -> String {
        self.ends(&[&["verify", path], TRUST.as_slice(), more].concat(), code)
    }

    /// A job over three posts, of which the first is of somebody who objected; its extract is made.
    pub(super) fn with_job(&self) {
        let items: String = (1..=3)
            .map(|number| {
                format!(
                    "{{\"id\":\"p-{number}\",\"author\":\"facebook:100{number}\",\"category\":\"post\",\"audience\":\"public\",\"created_at\":\"2019-03-01T10:00:00Z\",\
                     \"collected_at\":\"2025-06-01T00:00:00Z\",\"author_age\":34,\"region\":\"NL\"}}\n"
                )
            })
            .collect();
        self.write("items.jsonl", &items);
        let key = self.read("reg/public/operator.vkey");
        let job = format!(
            "[job]\nname = \"posts\"\n[question]\npolicies = \"reg/policies\"\nuse = \"meta/public-content\"\nrecipient = \"meta-ai\"\nreading = \"stated\"\n\
             [extract]\npath = \"people.extract\"\nkey = \"reg/keys/root.key\"\nsigned_by = \"{}\"\n\
             [[input]]\npaths = [\"items.jsonl\"]\nformat = \"items\"\n[output]\npath = \"out\"\nform = \"copy\"\nsubjects = \"subjects.txt\"\n",
            key.trim()
        );
        self.write("job.toml", &job);
        self.good(&["register", "extract", "reg", "--output", "people.extract"]);
    }
}

#[test]
fn what_was_filed_is_on_the_ledger_and_in_the_extract() {
    let desk = Desk::with_register();
    desk.good(&["prove", "inclusion", "reg", "o-1", "--output", "o-1.tlog-proof"]);
    // It holds, and nobody else has seen the ledger: that is said, with a code of its own.
    let said = desk.verify("o-1.tlog-proof", &[], 6);
    assert!(said.contains("received   2025-05-26T21:50:00Z") && said.contains("others may be shown another ledger"), "{said}");
    assert!(desk.verify("reg/public", &[], 6).contains("choice                       3"));

    desk.good(&["register", "extract", "reg", "--output", "people.extract"]);
    assert!(desk.verify("people.extract", &[], 6).contains("3 acts of 2 people"));
    desk.good(&["prove", "row", "reg", "people.extract", "facebook:1001", "--output", "row.json"]);
    assert!(desk.verify("row.json", &["--cites", "o-1.tlog-proof"], 6).contains("cites      the act `o-1`"));
    desk.good(&["prove", "row", "reg", "people.extract", "instagram:noor.v", "--output", "other.json"]);
    assert!(desk.verify("other.json", &["--cites", "o-1.tlog-proof"], 5).contains("does not cite"));

    desk.good(&["register", "openings", "reg", "--output", "openings.jsonl"]);
    let audit =
        ["audit", "--openings", "openings.jsonl", "--key", "reg/keys/root.key", "--ledger", "reg/public", "--extract", "people.extract"];
    assert!(desk.ends(&[audit.as_slice(), TRUST.as_slice()].concat(), 6).contains("byte for byte: 3 acts, 1 provisional"));
    let list = desk.good(&["register", "list", "reg"]);
    assert!(list.contains("other-spelling") && list.contains("filed-again"), "{list}");
    assert!(!desk.good(&["doctor", "reg"]).contains("failure"));
}

/// Somebody may have slipped: the no is filed, and reaches nothing as it stands.
#[test]
fn names_that_no_policy_knows_are_told() {
    let desk = Desk::with_register();
    let lines = concat!(
        r#"{"id":"v-1","person":"instgram:noor","act":"object","received_at":"2025-05-26T21:50:00Z"}"#,
        "\n",
        r#"{"id":"v-2","person":"instagram:noor","act":"object","uses":["metta/*"],"recipients":["meta-ay"],"received_at":"2025-05-26T21:50:00Z"}"#,
        "\n",
        r#"{"id":"v-3","person":"instagram:noor","act":"object","uses":["META/*"],"recipients":["third:somebody"],"received_at":"2025-05-26T21:50:00Z"}"#,
        "\n",
    );
    desk.write("slips.jsonl", lines);
    let checked = |there: &str| assert!(desk.good(&["register", "import", "reg", "slips.jsonl", "--check"]).contains(there));
    checked("3 acts: 3 can be filed, 0 there before; nothing was filed");
    for check in [&["--check"][..], &[]] {
        let said = desk.good(&[&["register", "import", "reg", "slips.jsonl"][..], check].concat());
        for told in [
            "slips.jsonl:1",
            "no policy knows the service `instgram`",
            "no policy has a use `metta/*`",
            "no policy has a recipient `meta-ay`",
        ] {
            assert!(said.contains(told), "{told}: {said}");
        }
        assert!(!said.contains("slips.jsonl:3"), "{said}");
    }
    checked("3 acts: 0 can be filed, 3 there before; nothing was filed");
}

#[test]
fn what_is_wrong_with_a_file_is_said_in_its_own_words() {
    let desk = Desk::with_register();
    let import = |more: &[&str], code: i32| desk.ends(&[&["register", "import", "reg"], more].concat(), code);
    let line = CHOICES.lines().next().unwrap();
    for day in ["0001-01-01T00:00:00Z", "1970-01-01T00:00:00Z", "1989-12-31T23:59:59Z"] {
        desk.write("old.jsonl", &line.replace("o-1", "old").replace("2025-05-26T21:50:00Z", day));
        let said = import(&["old.jsonl"], 1);
        assert!(
            said.contains("`received_at` is before 1990-01-01T00:00:00Z") && said.contains("1 problem in `old.jsonl`; nothing was filed"),
            "{said}"
        );
        assert!(!said.contains("nothing was decided"), "{said}");
    }
    desk.write("old.jsonl", &line.replace("o-1", "old").replace("2025-05-26T21:50:00Z", "1990-01-01T00:00:00Z"));
    assert!(import(&["old.jsonl", "--check"], 0).contains("1 act: 1 can be filed"));
    let mapping = "[map]\nid = { column = \"id\" }\nperson = { column = \"who\" }\nact = { const = \"object\" }\n\
                   received_at = { column = \"when\", format = \"%d-%m-%Y\", zone = \"Europe/Amsterdam\" }\n";
    desk.write("mapping.toml", mapping);
    let said = import(&["choices.jsonl", "--mapping", "mapping.toml"], 2);
    assert!(
        said.contains("error: `choices.jsonl` is JSON Lines, and a mapping is for CSV") && !said.contains("there is no column"),
        "{said}"
    );
    desk.write("mails.csv", "id,who,when\nm-1,facebook:1009,2025-05-26\n");
    let said = import(&["mails.csv", "--mapping", "mapping.toml"], 1);
    assert!(said.contains("`when`: not a time written as the mapping says, `%d-%m-%Y`"), "{said}");
}

#[test]
fn an_id_cannot_write_on_a_terminal() {
    let desk = Desk::with_register();
    let id = "\u{1b}[2Jo-7";
    let line = CHOICES.lines().next().unwrap().replace("\"o-1\"", &serde_json::json!(id).to_string()).replace("form", "mail");
    desk.write("odd.jsonl", &format!("{line}\n"));
    desk.good(&["register", "import", "reg", "odd.jsonl"]);
    let said = desk.good(&["register", "confirm", "reg", id, "--holder", "facebook:1001"]);
    assert!(said.contains("confirmed  \\u{1b}[2Jo-7") && !said.contains('\u{1b}'), "{said}");
    desk.good(&["register", "extract", "reg", "--output", "people.extract"]);
    desk.good(&["prove", "inclusion", "reg", id, "--output", "odd.tlog-proof"]);
    desk.good(&["prove", "row", "reg", "people.extract", "facebook:1001", "--output", "row.json"]);
    assert!(!desk.verify("odd.tlog-proof", &[], 6).contains('\u{1b}'));
    assert!(!desk.verify("row.json", &["--cites", "odd.tlog-proof"], 6).contains('\u{1b}'));
}

#[test]
fn a_delta_leads_to_the_newer_extract() {
    let desk = Desk::with_register();
    desk.good(&["register", "extract", "reg", "--output", "old.extract"]);
    desk.write("more.jsonl", &CHOICES.lines().next().unwrap().replace("1001", "1003").replace("o-1", "o-9"));
    desk.good(&["register", "import", "reg", "more.jsonl"]);
    desk.good(&["register", "extract", "reg", "--output", "new.extract"]);
    let said = desk.ends(&["register", "delta", "new.extract", "old.extract", "--output", "back.delta"], 1);
    assert!(said.contains("give the older one first") && !desk.path("back.delta").exists(), "{said}");
    desk.good(&["register", "delta", "old.extract", "new.extract", "--output", "on.delta"]);
    desk.good(&["register", "delta", "old.extract", "on.delta", "--apply", "--output", "made.extract"]);
    assert_eq!(std::fs::read(desk.path("made.extract")).unwrap(), std::fs::read(desk.path("new.extract")).unwrap());
}

#[test]
fn a_receipt_has_the_operators_word_as_well() {
    let desk = Desk::with_register();
    desk.good(&["register", "receipt", "reg", "o-1", "--output", "o-1.tlog-proof"]);
    let said = desk.verify("o-1.tlog-proof", &[], 6);
    assert!(said.contains("accepted   by the operator, to be published by ") && said.contains("grade      recorded"), "{said}");
    // Another operator's key did not give that word.
    desk.good(&["register", "init", "reg2", "--origin", "register.example/o", "--anchor", "anchor2"]);
    let other = ["verify", "o-1.tlog-proof", "--trust", "reg/public/trust.policy", "--operator", "reg2/public/operator.vkey"];
    assert!(desk.ends(&other, 5).contains("the acceptance note in the receipt does not count"));
}

#[test]
fn what_needs_no_lost_key_goes_on_without_it() {
    let desk = Desk::with_register();
    desk.with_job();
    desk.good(&["gate", "job.toml"]);
    desk.good(&["release", "seal", "reg", "job.toml"]);
    let key = desk.good(&["release", "key", "--name", "lab.example/releases", "--output", "lab.key"]);
    desk.write("lab.vkey", &key);
    let sign = ["release", "countersign", "out", "--key", "lab.key", "--as", "recipient", "--output", "lab.note"];
    desk.good(&[sign.as_slice(), TRUST.as_slice()].concat());
    for name in ["operator", "index", "root"] {
        std::fs::rename(desk.path(&format!("reg/keys/{name}.key")), desk.path(&format!("{name}.away"))).unwrap();
    }
    assert!(desk.good(&["release", "enter", "reg", "lab.note", "--independent", "lab.vkey"]).contains("the key `operator` is lost"));
    desk.good(&["register", "publish", "reg"]);
    desk.good(&["register", "receipt", "reg", "o-1", "--output", "o-1.tlog-proof"]);
    assert!(desk.verify("o-1.tlog-proof", &[], 6).contains("there is no acceptance note in it"));
    desk.ends(&["register", "extract", "reg", "--output", "more.extract"], 1);
}

#[test]
fn confirming_an_act_tells_of_its_copies() {
    let desk = Desk::with_register();
    desk.write("aliases.jsonl", "{\"account\":\"instagram:77\",\"handle\":\"instagram:noor.v\",\"from\":\"2020-01-01T00:00:00Z\"}\n");
    desk.good(&["register", "aliases", "reg", "aliases.jsonl"]);
    let said = desk.good(&["register", "confirm", "reg", "o-2", "--holder", "instagram:noor.v"]);
    assert!(said.contains("confirmed  o-2\nconfirmed  o-2+1\n"), "{said}");
    assert!(desk.good(&["register", "confirm", "reg", "o-2", "--holder", "instagram:noor.v"]).contains("was confirmed before"));
}

#[test]
fn a_release_is_sealed_countersigned_and_without_her() {
    let desk = Desk::with_register();
    desk.with_job();
    desk.good(&["gate", "job.toml"]);
    assert!(desk.good(&["release", "seal", "reg", "job.toml"]).contains("records    2 of 2 people"));
    desk.good(&["prove", "absence", "reg", "1", "facebook:1001", "--output", "absence.json"]);
    let said = desk.verify("absence.json", &[], 6);
    assert!(said.contains("no record is filed under it") && said.contains("the operator declares, irrevocably"), "{said}");
    // Who is there after all is a finding: told at once, and written down for the person all the same.
    let said = desk.ends(&["prove", "absence", "reg", "1", "facebook:1001", "facebook:1002", "--output", "presence.json"], 1);
    assert!(said.contains("error: 1 of 2 accounts PRESENT: among the subjects of release 1"), "{said}");
    let said = desk.verify("presence.json", &[], 6);
    assert!(said.contains("IS among the subjects") && said.contains("note: who is among the subjects wrote a record"), "{said}");
    assert!(!desk.verify("absence.json", &[], 6).contains("who is among the subjects"));

    let key = desk.good(&["release", "key", "--name", "lab.example/releases", "--output", "lab.key"]);
    desk.write("lab.vkey", &key);
    desk.good(&["release", "subjects", "reg", "job.toml", "--release", "1", "--output", "subjects.jsonl"]);
    let sign = ["release", "countersign", "out", "--key", "lab.key", "--as", "recipient", "--output", "lab.note"];
    let rebuild = ["--subjects", "subjects.jsonl", "--job", "job.toml"];
    assert!(desk.good(&[sign.as_slice(), TRUST.as_slice(), rebuild.as_slice()].concat()).contains("rebuilt    yes"));
    desk.good(&["release", "enter", "reg", "lab.note", "--independent", "lab.vkey"]);
    desk.good(&["prove", "absence", "reg", "1", "facebook:1001", "--output", "absence.json"]);
    let said = desk.verify("absence.json", &[], 6);
    assert!(said.contains("not checked: the countersignatures in this file; name the keys"), "{said}");
    let said = desk.verify("absence.json", &["--independent", "lab.vkey"], 6);
    assert!(!said.contains("not checked: the countersignatures"), "{said}");
    assert!(said.contains("rebuilt from the files by lab.example/releases (recipient)"), "{said}");
    assert!(desk.verify("reg/public", &[], 6).contains("releases   1, numbered without gaps"));
}

#[test]
fn whoever_objects_between_gate_and_seal_is_taken_out() {
    let desk = Desk::with_register();
    desk.with_job();
    desk.good(&["gate", "job.toml"]);
    desk.write(
        "more.jsonl",
        "{\"id\":\"o-9\",\"person\":\"facebook:1003\",\"act\":\"object\",\"received_at\":\"2025-06-01T00:00:00Z\",\"channel\":\"form\"}\n",
    );
    desk.good(&["register", "import", "reg", "more.jsonl"]);
    assert!(desk.ends(&["release", "seal", "reg", "job.toml", "--only"], 1).contains("objected after its extract was made"));
    let said = desk.good(&["release", "seal", "reg", "job.toml"]);
    assert!(said.contains("the gate runs again") && said.contains("records    1 of 1 people"), "{said}");
    assert!(!desk.read("out/items.jsonl").contains("facebook:1003"));
}

#[test]
fn a_record_put_back_by_hand_is_not_sealed() {
    let desk = Desk::with_register();
    desk.with_job();
    desk.good(&["gate", "job.toml"]);
    let (kept, first) = (desk.read("out/items.jsonl"), desk.read("items.jsonl").lines().next().unwrap().to_owned());
    let put_back = format!("{kept}{first}\n");
    let mut manifest: serde_json::Value = serde_json::from_str(&desk.read("out/manifest.json")).unwrap();
    // The hash of a document that is not salted is plain SHA-256.
    let hash = document_hash(EntryKind::Seal, put_back.as_bytes()).unwrap();
    let sha256: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
    manifest["outputs"][0]["sha256"] = sha256.into();
    manifest["outputs"][0]["bytes"] = put_back.len().into();
    manifest["outputs"][0]["rows"] = 3.into();
    manifest["counts"]["kept"] = 3.into();
    manifest["counts"]["withheld"] = 0.into();
    desk.write("out/items.jsonl", &put_back);
    desk.write("out/manifest.json", &format!("{manifest}\n"));
    let said = desk.ends(&["release", "seal", "reg", "job.toml"], 5);
    assert!(said.contains("of 3 records in the output, 1 are withheld"), "{said}");
}

#[test]
fn forgetting_takes_two_steps_and_then_the_objection_stops() {
    let desk = Desk::with_register();
    let asked = desk.good(&["register", "forget", "reg", "facebook:1001"]);
    assert!(asked.contains("These no's then stop"), "{asked}");
    desk.good(&["register", "extract", "reg", "--output", "before.extract"]);
    desk.good(&["prove", "row", "reg", "before.extract", "facebook:1001", "--output", "row.json"]);
    let token = asked.split("--confirm ").nth(1).unwrap().split_whitespace().next().unwrap();
    assert!(desk.ends(&["register", "forget", "reg", "instagram:noor.v", "--confirm", token], 1).contains("token"));
    desk.good(&["register", "forget", "reg", "facebook:1001", "--confirm", token]);
    desk.good(&["register", "extract", "reg", "--output", "after.extract"]);
    desk.ends(&["prove", "row", "reg", "after.extract", "facebook:1001", "--output", "row.json"], 1);
    assert!(!desk.good(&["doctor", "reg"]).contains("failure"));
    // Openings written since cannot give the older extract again; the auditor is told that this alone may be why.
    desk.good(&["register", "openings", "reg", "--output", "openings.jsonl"]);
    let audit = |extract: &str, code: i32| {
        let files = ["--key", "reg/keys/root.key", "--ledger", "reg/public", "--extract", extract];
        desk.ends(&[&["audit", "--openings", "openings.jsonl"], files.as_slice(), TRUST.as_slice()].concat(), code)
    };
    let said = audit("before.extract", 5);
    assert!(said.contains("note: 1 entry lost its opening, with a tombstone that says so"), "{said}");
    assert!(audit("after.extract", 6).contains("1 entry lost its opening"));
}

#[test]
fn the_anchor_is_outside() {
    let desk = Desk::new();
    let init =
        |anchor: &str, code: i32| desk.ends(&["register", "init", "reg", "--origin", "register.example/o", "--anchor", anchor], code);
    std::fs::create_dir(desk.path("reg")).unwrap();
    std::os::unix::fs::symlink(desk.path("reg"), desk.path("elsewhere")).unwrap();
    for anchor in ["reg", "reg/anchor", "./other/../reg/anchor", "elsewhere/anchor"] {
        assert!(init(anchor, 2).contains("the anchor is inside the register's folder"), "{anchor}");
        assert!(!desk.path("reg/register.toml").exists());
    }
    init("reg-anchor", 0);
}

#[test]
fn a_new_key_of_the_ledger_is_told_to_everybody() {
    let desk = Desk::with_register();
    let (old, settings) = (desk.ledger_key(), desk.read("reg/register.toml"));
    desk.write("witnesses.policy", &format!("log {old}\nquorum none\n"));
    desk.write("reg/register.toml", &format!("{settings}witnesses = \"../witnesses.policy\"\n"));
    let said = desk.good(&["register", "rotate", "reg", "ledger"]);
    let newest = desk.ledger_key();
    assert!(newest != old && said.lines().any(|line| line == format!("log {newest}")), "{said}");
    for told in ["put this line above the old one in every trust policy", "give the key to whoever runs a witness", "does not have it yet"]
    {
        assert!(said.contains(told), "{told}: {said}");
    }
    desk.write("witnesses.policy", &format!("log {newest}\nlog {old}\nquorum none\n"));
    assert!(!desk.good(&["register", "rotate", "reg", "operator"]).contains("trust policy"));
}

#[test]
fn an_unfinished_import_is_a_failure_until_it_is_finished() {
    let desk = Desk::with_register();
    let (mut register, now) = crate::cheats::open(&desk);
    let unfinished = br#"{"acts":5,"begun_at":0,"file":"0123456789abcdef","filed":4}"#.to_vec();
    Books::append(register.writer(), &[], &[(ValueName::Import, unfinished)], now).unwrap();
    drop(register);
    let found = desk.ends(&["doctor", "reg"], 5);
    assert!(
        found.contains("failure  import         the import of a file (0123456789abcdef)") && found.contains("4 of 5 acts are filed"),
        "{found}"
    );
    let said = desk.good(&["register", "status", "reg"]);
    assert!(said.contains("import        UNFINISHED: 4 of 5 acts at least are filed"), "{said}");
    assert!(desk.good(&["register", "status", "reg", "--output-format", "json"]).contains("\"file\":\"0123456789abcdef\""));
    desk.good(&["register", "import", "reg", "--give-up"]);
    assert!(!desk.good(&["doctor", "reg"]).contains("import") && !desk.good(&["register", "status", "reg"]).contains("UNFINISHED"));
}

#[test]
fn notices_wait_until_they_are_sent() {
    let desk = Desk::with_register();
    let void = |id: &str| {
        let by = ["--approver", "lead", "--approver", "deputy"];
        desk.good(&[["register", "void", "reg", id, "--reason", "filed-by-automation"].as_slice(), &by].concat());
    };
    void("o-2");
    assert!(desk.good(&["doctor", "reg"]).contains("warning  outbox         1 notice to be sent"));
    assert!(desk.good(&["register", "outbox", "reg"]).contains("\"act\":\"o-2\",\"as\":\"account\",\"effective_at\":null"));
    assert!(desk.verify("reg/public", &[], 6).contains("0 objections declared void"), "nobody was told yet");
    assert!(desk.ends(&["register", "outbox", "reg", "--sent", "2"], 2).contains("only 1 notice waiting"));
    assert!(desk.good(&["register", "outbox", "reg", "--sent", "1"]).contains("0 notices waiting"));
    assert!(desk.verify("reg/public", &[], 6).contains("1 objections declared void"));
    assert!(!desk.good(&["doctor", "reg"]).contains("outbox"));
}

#[test]
fn doctor_tells_one_thing_from_another() {
    let desk = Desk::with_register();
    let found = |code: i32, line: &str| {
        let said = desk.ends(&["doctor", "reg"], code);
        assert!(said.contains(line), "{line}: {said}");
    };
    found(0, "ok       extract        no extract was made yet");
    found(0, "ok       journal        the anchor remembers all 0 tombstones");
    found(0, "ok       access         settings, store and anchor are closed to others");
    desk.good(&["register", "extract", "reg", "--output", "people.extract"]);
    found(0, "ok       extract        the newest extract goes through ");
    desk.good(&["register", "erase-contact", "reg", "facebook:1001"]);
    // A name that was mistyped is not told that its data are gone.
    assert!(desk.ends(&["register", "erase-contact", "reg", "facebook:1002000"], 1).contains("nothing is filed under this account"));
    assert!(desk.ends(&["register", "import", "reg", "--give-up"], 1).contains("no import was left unfinished"));
    // A document that is gone from the public folder is made again; one that was changed is told.
    let document = std::fs::read_dir(desk.path("reg/public/documents")).unwrap().next().unwrap().unwrap().path();
    let bytes = std::fs::read(&document).unwrap();
    std::fs::remove_file(&document).unwrap();
    found(5, "in the public folder is missing or not what was signed");
    std::fs::write(&document, "changed").unwrap();
    found(5, "bezwaar register publish --rebuild");
    desk.good(&["register", "publish", "reg", "--rebuild"]);
    assert_eq!(std::fs::read(&document).unwrap(), bytes);
    found(0, "public files are right");
    // The anchor has lost its journal.
    let journal = desk.read("anchor/erasures");
    desk.write("anchor/erasures", "");
    found(0, "warning  journal        of 1 tombstones, the anchor does not remember 1");
    desk.write("anchor/erasures", &journal);
    // How services write names decides who is matched.
    found(0, "ok       policies       ");
    let services = desk.read("reg/policies/services.toml");
    desk.write("reg/policies/services.toml", &services.replace("ignore-case", "exact"));
    found(5, "failure  policies       not as the ledger has it: `policies/services.toml`");
    std::fs::remove_file(desk.path("reg/policies/services.toml")).unwrap();
    found(5, "`policies/services.toml` is missing");
    desk.write("reg/policies/services.toml", &services);
    // Without the places of a release's subjects nothing can be shown of it.
    desk.with_job();
    desk.good(&["gate", "job.toml"]);
    found(0, "ok       releases       no release was sealed yet");
    desk.good(&["release", "seal", "reg", "job.toml"]);
    found(0, "ok       releases       the places of the subjects of 1 releases are there");
    std::fs::rename(desk.path("reg/releases"), desk.path("releases.old")).unwrap();
    found(5, "failure  releases       the places of the subjects of release 1 are lost or damaged");
    std::fs::rename(desk.path("releases.old"), desk.path("reg/releases")).unwrap();
    // Somebody else has it open: that is no failure of the register.
    let lock = std::fs::File::options().write(true).open(desk.path("reg/lock")).unwrap();
    lock.lock().unwrap();
    found(1, "the register is busy, and was not looked at");
    drop(lock);
    let open = std::os::unix::fs::PermissionsExt::from_mode(0o644);
    std::fs::set_permissions(desk.path("reg/register.toml"), open).unwrap();
    found(0, "warning  access         others may read or write register.toml");
    let open = std::os::unix::fs::PermissionsExt::from_mode(0o644);
    std::fs::set_permissions(desk.path("reg/keys/vault.key"), open).unwrap();
    found(5, "failure");
    // What is wrong with a store is said, not only that it is.
    for name in ["register.sqlite-wal", "register.sqlite-shm"] {
        let _ = std::fs::remove_file(desk.path(&format!("reg/{name}")));
    }
    desk.write("reg/register.sqlite", &"no database ".repeat(1_000));
    let said = desk.ends(&["doctor", "reg"], 5);
    assert!(said.contains("failure  opening        the register's store failed: "), "{said}");
    assert!(said.contains("not a database") || said.contains("not a store"), "{said}");
}
