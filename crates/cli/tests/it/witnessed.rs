//! A register and two witnesses, three real processes of this machine: what is witnessed, and what is said when it is not.

use crate::register::Desk;
use crate::witness::Serving;

/// A register and two witnesses that serve, with a trust policy that asks for so many of them.
struct Watched {
    desk: Desk,
    north: Serving,
    south: Serving,
    keys: [String; 2],
}

impl Watched {
    fn new(quorum: u8) -> Watched {
        let desk = Desk::with_register();
        let ledger = desk.ledger_key();
        let serve = |name: &str| {
            let key = desk.good(&["witness", "key", "--name", &format!("{name}.example/w"), "--output", &format!("{name}.key")]);
            let (state, file) = (format!("{name}-state"), format!("{name}.key"));
            (key.trim().to_owned(), Serving::spawn(desk.command(), (&state, &file), &ledger))
        };
        let ((north_key, north), (south_key, south)) = (serve("north"), serve("south"));
        let watched = Watched { desk, north, south, keys: [north_key, south_key] };
        watched.write_policy(quorum);
        watched
    }

    fn write_policy(&self, quorum: u8) {
        let [north, south] = &self.keys;
        let policy = format!(
            "log {}\nwitness north {north} http://{}\nwitness south {south} http://{}\ngroup both {quorum} north south\nquorum both\n",
            self.desk.ledger_key(),
            self.north.address,
            self.south.address
        );
        self.desk.write("witnesses.policy", &policy);
    }

    fn verify(&self, path: &str, code: i32) -> String {
        self.desk.ends(&["verify", path, "--trust", "witnesses.policy", "--operator", "reg/public/operator.vkey"], code)
    }
}

const PUBLISH: [&str; 5] = ["register", "publish", "reg", "--trust", "witnesses.policy"];

#[test]
fn what_two_witnesses_saw_is_witnessed() {
    let watched = Watched::new(2);
    let desk = &watched.desk;
    let refused = watched.verify("reg/public", 6);
    assert!(refused.contains("grade      recorded") && refused.contains("too few of the witnesses the trust policy asks for"), "{refused}");
    let said = desk.good(&PUBLISH);
    assert!(said.contains("witnessed  by 2 of 2 witnesses"), "{said}");
    assert!(watched.verify("reg/public", 0).contains("grade      witnessed, by north.example/w, south.example/w"));
    desk.good(&["prove", "inclusion", "reg", "o-1", "--output", "o-1.tlog-proof"]);
    assert!(watched.verify("o-1.tlog-proof", 0).contains("grade      witnessed, by north.example/w, south.example/w"));
    // Who is asked again about what they saw signs nothing new.
    let before = desk.read("reg/public/checkpoint");
    desk.good(&PUBLISH);
    assert_eq!(desk.read("reg/public/checkpoint"), before);
    // The ledger grows, and they go along.
    desk.write(
        "more.jsonl",
        "{\"id\":\"o-9\",\"person\":\"facebook:1003\",\"act\":\"object\",\"received_at\":\"2025-06-01T00:00:00Z\",\"channel\":\"form\"}\n",
    );
    desk.good(&["register", "import", "reg", "more.jsonl"]);
    watched.verify("reg/public", 6);
    desk.good(&PUBLISH);
    watched.verify("reg/public", 0);
}

#[test]
fn a_witness_that_cannot_be_reached_is_named() {
    let mut watched = Watched::new(1);
    watched.south.child.kill().unwrap();
    watched.south.child.wait().unwrap();
    let said = watched.desk.good(&PUBLISH);
    assert!(said.contains("witness `south` has not cosigned: the witness gives no answer"), "{said}");
    assert!(said.contains("witnessed  by 1 of 2 witnesses") && !said.contains("`north` has not"), "{said}");
    assert!(watched.verify("reg/public", 0).contains("grade      witnessed, by north.example/w"));
}

#[test]
fn without_the_quorum_it_is_published_and_not_witnessed() {
    let mut watched = Watched::new(2);
    watched.south.child.kill().unwrap();
    watched.south.child.wait().unwrap();
    let said = watched.desk.ends(&PUBLISH, 6);
    assert!(said.contains("published  ") && said.contains("witness `south` has not cosigned"), "{said}");
    assert!(
        said.contains("error: it is published, and not witnessed: 1 of 2 witnesses cosigned, and the trust policy asks for more"),
        "{said}"
    );
    // What the one said is kept for when the other is back.
    let key = watched.desk.ledger_key();
    watched.south = Serving::spawn(watched.desk.command(), ("south-state", "south.key"), &key);
    watched.write_policy(2);
    assert!(watched.desk.good(&PUBLISH).contains("witnessed  by 2 of 2"));
    watched.verify("reg/public", 0);
}

#[test]
fn the_witnesses_of_the_settings_are_asked() {
    let watched = Watched::new(2);
    let desk = &watched.desk;
    assert!(desk.good(&["register", "publish", "reg"]).contains("note: no witness is named"));
    let settings = desk.read("reg/register.toml");
    desk.write("reg/register.toml", &format!("{settings}witnesses = \"../witnesses.policy\"\n"));
    assert!(desk.good(&["register", "publish", "reg"]).contains("witnessed  by 2 of 2 witnesses"));
    // A policy about another ledger helps nobody here.
    let policy = desk.read("witnesses.policy").lines().skip(1).map(|line| format!("{line}\n")).collect::<String>();
    desk.write("witnesses.policy", &policy);
    let said = desk.ends(&["register", "publish", "reg"], 1);
    assert!(said.contains("the trust policy does not name this ledger"), "{said}");
    // What witnesses must not be asked about, they are not: another ledger under this name.
    assert!(desk.ends(&["register", "publish", "reg", "--trust", "none.policy"], 1).contains("cannot read `none.policy`"));
}

#[test]
fn a_witness_that_saw_another_ledger_stops_the_operator() {
    let watched = Watched::new(2);
    let desk = &watched.desk;
    desk.good(&PUBLISH);
    // The operator goes back to an older folder and anchor, and files something else: a fork, of the same size.
    let before =
        "{\"id\":\"o-9\",\"person\":\"facebook:1003\",\"act\":\"object\",\"received_at\":\"2025-06-01T00:00:00Z\",\"channel\":\"form\"}\n";
    desk.write("one.jsonl", before);
    desk.write("other.jsonl", &before.replace("1003", "1004"));
    let copy = |from: &str, to: &str| {
        let _ = std::fs::remove_dir_all(desk.path(to));
        assert!(std::process::Command::new("cp").arg("-a").args([desk.path(from), desk.path(to)]).status().unwrap().success());
    };
    copy("reg", "reg.old");
    copy("anchor", "anchor.old");
    desk.good(&["register", "import", "reg", "one.jsonl"]);
    desk.good(&PUBLISH);
    copy("reg.old", "reg");
    copy("anchor.old", "anchor");
    desk.good(&["register", "import", "reg", "other.jsonl"]);
    let said = desk.ends(&PUBLISH, 5);
    assert!(said.contains("witness `north` has not cosigned: the witness has cosigned another ledger"), "{said}");
    assert!(said.contains("stop the ledger"), "{said}");
    // Grown since, it is of another size, and the witness can only say that the one does not continue the other.
    desk.write("more.jsonl", &before.replace("1003", "1005").replace("o-9", "o-10"));
    desk.good(&["register", "import", "reg", "more.jsonl"]);
    let said = desk.ends(&PUBLISH, 5);
    assert!(said.contains("error: another tree is known under this name") && said.contains("HTTP status 422"), "{said}");
    let settings = desk.read("reg/register.toml");
    desk.write("reg/register.toml", &format!("{settings}witnesses = \"../witnesses.policy\"\n"));
    let found = desk.ends(&["doctor", "reg"], 5);
    assert!(found.contains("failure  witnesses      witness `north`: another tree is known under this name"), "{found}");
    // Gone back to before all that, it has their cosignatures, and is smaller than what they have seen since.
    copy("reg.old", "reg");
    copy("anchor.old", "anchor");
    desk.good(&PUBLISH);
    desk.write("reg/register.toml", &format!("{settings}witnesses = \"../witnesses.policy\"\n"));
    let found = desk.ends(&["doctor", "reg"], 5);
    assert!(found.contains("witness `south`: another tree is known under this name: the witness has cosigned "), "{found}");
}

#[test]
fn doctor_asks_the_witnesses() {
    let mut watched = Watched::new(2);
    let settings = watched.desk.read("reg/register.toml");
    watched.desk.write("reg/register.toml", &format!("{settings}witnesses = \"../witnesses.policy\"\n"));
    let found = watched.desk.good(&["doctor", "reg"]);
    assert!(found.contains("ok       witnesses      witness `north` holds this tree of "), "{found}");
    watched.south.child.kill().unwrap();
    watched.south.child.wait().unwrap();
    let found = watched.desk.good(&["doctor", "reg"]);
    assert!(found.contains("warning  witnesses      witness `south`: the witness gives no answer that can be used"), "{found}");
    watched.desk.write("witnesses.policy", "nonsense\n");
    assert!(watched.desk.ends(&["doctor", "reg"], 5).contains("failure  witnesses"));
}

#[test]
fn a_seal_carries_what_the_witnesses_signed() {
    let mut watched = Watched::new(2);
    let desk = &watched.desk;
    let settings = desk.read("reg/register.toml");
    desk.write("reg/register.toml", &format!("{settings}witnesses = \"../witnesses.policy\"\n"));
    desk.with_job();
    desk.good(&["gate", "job.toml"]);
    watched.south.child.kill().unwrap();
    watched.south.child.wait().unwrap();
    let said = watched.desk.good(&["release", "seal", "reg", "job.toml"]);
    assert!(said.contains("not witnessed: 1 of 2 witnesses cosigned") && said.contains("release    1 for meta-ai"), "{said}");
    assert_eq!(watched.desk.read("out/seal.tlog-proof").matches("\u{2014} ").count(), 2);
    watched.south = Serving::spawn(watched.desk.command(), ("south-state", "south.key"), &watched.desk.ledger_key());
    watched.write_policy(2);
    let said = watched.desk.good(&["release", "seal", "reg", "job.toml"]);
    assert!(said.contains("witnessed  by 2 of 2") && said.contains("it had been sealed before"), "{said}");
    assert_eq!(watched.desk.read("out/seal.tlog-proof").matches("\u{2014} ").count(), 3);
    watched.desk.good(&["prove", "absence", "reg", "1", "facebook:1001", "--output", "absence.json"]);
    let said = watched.verify("absence.json", 0);
    assert!(said.contains("grade      witnessed"), "{said}");
}

#[test]
fn an_extract_and_its_rows_are_as_witnessed_as_the_ledger_they_stand_on() {
    let watched = Watched::new(2);
    let desk = &watched.desk;
    desk.good(&["register", "extract", "reg", "--output", "people.extract"]);
    desk.good(&["prove", "row", "reg", "people.extract", "facebook:1001", "--output", "row.json"]);
    let verify = |path: &str, code: i32| {
        let trust = ["--trust", "witnesses.policy", "--operator", "reg/public/operator.vkey", "--ledger", "reg/public"];
        desk.ends(&[&["verify", path], trust.as_slice()].concat(), code)
    };
    for path in ["people.extract", "row.json"] {
        assert!(verify(path, 6).contains("grade      recorded"));
    }
    desk.good(&PUBLISH);
    for path in ["people.extract", "row.json"] {
        assert!(verify(path, 0).contains("grade      witnessed, by north.example/w, south.example/w"));
    }
}
