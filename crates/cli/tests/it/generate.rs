use std::collections::BTreeMap;

use insta::assert_snapshot;

use crate::bezwaar::{Bench, args};

/// FNV-1a: enough to see that bytes changed.
fn digest(bytes: &[u8]) -> String {
    let digest = bytes.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3));
    format!("{digest:016x}")
}

fn files(bench: &Bench, folder: &str) -> BTreeMap<String, Vec<u8>> {
    let entries = std::fs::read_dir(bench.path(folder)).unwrap().map(|entry| entry.unwrap());
    entries.map(|entry| (entry.file_name().into_string().unwrap(), std::fs::read(entry.path()).unwrap())).collect()
}

fn digests(bench: &Bench, folder: &str) -> String {
    let lines = files(bench, folder);
    lines.iter().map(|(name, bytes)| format!("{name} {} {}", bytes.len(), digest(bytes))).collect::<Vec<_>>().join("\n")
}

const SMALL: [&str; 6] = ["--seed", "7", "--people", "200", "--items", "500"];

#[test]
fn the_same_seed_gives_the_same_bytes() {
    let bench = Bench::new();
    assert_snapshot!(bench.run(&args("generate", &SMALL, &["--out", "one"])), @"
    exit code 0
    --- stderr
    note: made 500 items of 200 people and 32 acts in `one`
    ");
    assert_snapshot!(digests(&bench, "one"), @"
    choices.jsonl 4759 5b2a84a674718da3
    items.jsonl 174658 b178229d025e40ad
    job.toml 480 97f8cad148fb6f66
    ");
    bench.run(&args("generate", &SMALL, &["--out", "two"]));
    assert_eq!(files(&bench, "one"), files(&bench, "two"));
    bench.run(&["generate", "--seed", "8", "--people", "200", "--items", "500", "--out", "other"]);
    assert_ne!(files(&bench, "one"), files(&bench, "other"));
    for format in ["jsonl", "csv"] {
        bench.run(&args("generate", &SMALL, &["--format", format, "--out", format]));
    }
    assert_snapshot!(digests(&bench, "jsonl"), @"
    choices.jsonl 4759 5b2a84a674718da3
    facebook.jsonl 102559 a0bcde889d5ebf6f
    instagram.jsonl 58944 a1e706c6b290b049
    job.toml 3523 80c433aebfa5bb17
    whatsapp.job.toml 2043 e0b3f7dd5f35799a
    whatsapp.jsonl 29791 3d1b6a2abb1ad7d6
    x.job.toml 1940 dbe0027db4271b1d
    x.jsonl 40619 e90ba8e2883be32f
    ");
    assert_snapshot!(digests(&bench, "csv"), @"
    choices.jsonl 4759 5b2a84a674718da3
    facebook.csv 45913 167ce2c3284560ae
    instagram.csv 30708 92682811f7108dd8
    job.toml 3297 c1f86713f9bef29f
    whatsapp.csv 13381 e2733a1b30b4eb8c
    whatsapp.job.toml 1930 992822d12053a28c
    x.csv 18710 6f8658a516f9a40f
    x.job.toml 1827 7bff1b5d41adca99
    ");
}

#[test]
fn what_it_looks_like() {
    let bench = Bench::new();
    let head = |folder: &str, name: &str| {
        String::from_utf8(files(&bench, folder)[name].clone()).unwrap().lines().take(3).collect::<Vec<_>>().join("\n")
    };
    bench.run(&args("generate", &SMALL, &["--out", "items", "--objecting", "0.2"]));
    assert_snapshot!(head("items", "items.jsonl"), @r#"
    {"id":"x-1","author":"x:9000000000000000012","category":"audio","audience":"public","created_at":"2014-10-31T00:53:11Z","collected_at":"2016-06-18T18:29:18Z","author_age":21,"region":"IT","ext":{"lang":"en","text":"At draw bread out. On month what you with table sun for. Just you."}}
    {"id":"f-2","author":"mail:person-5@made.invalid","category":"post","audience":"restricted","created_at":"2021-03-09T23:25:09Z","collected_at":"2025-08-02T16:52:53Z","author_age":24,"region":"DE","ext":{"lang":"de","text":"Sommer der Haus so Wald Foto. Die Tisch der eine Zug Kaffee ist Regen."}}
    {"id":"i-3","author":"instagram:Made-Up.99","category":"post","audience":"public","created_at":"2025-03-25","collected_at":"2025-04-01T23:42:23Z","author_age":35,"region":"DE","ext":{"lang":"de","text":"Wir das tab\there. Auch ist nicht ich schnell. In ich in Haus. Der das in ich Licht der. Wir der heute Wind Sonne eine vielleicht. Ein lauf ein. Wald so wie eine in."}}
    "#);
    assert_snapshot!(head("items", "choices.jsonl"), @r#"
    {"id":"o-1","person":"instagram:99900000001","act":"object","uses":["meta/*"],"recipients":["*"],"received_at":"2026-04-18T08:15:02Z","by":"self","channel":"api"}
    {"id":"a-1","act":"answer","of":"o-1","outcome":"upheld","received_at":"2026-04-28T21:57:30Z"}
    {"id":"l-1","person":"instagram:99900000001","act":"link","to":"facebook:999000000000027","how":"accounts-centre","received_at":"2025-09-10T18:47:40Z","channel":"setting"}
    "#);
    bench.run(&args("generate", &SMALL, &["--out", "dump", "--format", "jsonl"]));
    assert_snapshot!(head("dump", "instagram.jsonl"), @r#"
    {"id":"i-3","user":{"id_str":"Made-Up.99","birth_date":"1989-07-26","country":"DE"},"lang":"de","kind":"status","visibility":"everyone","created_utc":1742868067000,"collected_utc":1743550943000,"deleted_utc":null,"hold":null,"quoted":[],"mentioned":[],"replied_to":[],"shown":[],"handed_on_by":[],"in_chat":[],"made_with":[],"chat":null,"text":"Wir das tab\there. Auch ist nicht ich schnell. In ich in Haus. Der das in ich Licht der. Wir der heute Wind Sonne eine vielleicht. Ein lauf ein. Wald so wie eine in."}
    {"id":"i-6","user":{"id_str":"99900000168","birth_date":"1983-09-24","country":"FR"},"lang":"fr","kind":"status","visibility":"everyone","created_utc":1777212082000,"collected_utc":1779945834000,"deleted_utc":null,"hold":null,"quoted":[],"mentioned":[],"replied_to":[],"shown":[],"handed_on_by":[],"in_chat":[],"made_with":[],"chat":null,"text":"Dedans fenêtre porte. En à je mer. Un je aussi je forêt bien dans printemps."}
    {"id":"i-7","user":{"id_str":"99900000139","birth_date":null,"country":"IE"},"lang":"en","kind":"status","visibility":"everyone","created_utc":1681081014000,"collected_utc":1731018631000,"deleted_utc":null,"hold":null,"quoted":[],"mentioned":[],"replied_to":[],"shown":[],"handed_on_by":[],"in_chat":[],"made_with":[],"chat":null,"text":"What what coffee."}
    "#);
    let job = String::from_utf8(files(&bench, "dump")["job.toml"].clone()).unwrap();
    assert_snapshot!(job.split("\n[[input]]").take(2).collect::<Vec<_>>().join("\n[[input]]"), @r#"
    # Made up by `bezwaar generate`. Paths are relative to this file. The extract is made from choices.jsonl.
    [job]
    name = "made up: public content, Meta"

    [question]
    policies = "../policies"
    use = "meta/public-content"
    recipient = "meta-ai"
    reading = "protective"                   # stated | protective | consent

    [extract]
    path = "choices.extract"
    key = "choices.key"
    allow_unsigned = true

    [[input]]
    paths = ["facebook.jsonl"]
    format = "jsonl"

    [input.map]
    id = { column = "id" }
    author = { column = ["user", "id_str"], service = "facebook", kind = "id" }
    about = [
      { column = ["quoted", "[]"], service = "facebook", kind = "id", as = "quote" },
      { column = ["mentioned", "[]"], service = "facebook", kind = "id", as = "mention" },
      { column = ["replied_to", "[]"], service = "facebook", kind = "id", as = "reply" },
      { column = ["shown", "[]"], as = "depict" },
      { column = ["handed_on_by", "[]"], service = "facebook", kind = "id", as = "forwarder" },
      { column = ["in_chat", "[]"], service = "facebook", kind = "id", as = "participant" },
      { column = ["made_with", "[]"], service = "facebook", kind = "id" },   # not said how: always counts
    ]
    category = { column = "kind", values = { status = "post", comment = "comment", photo = "photo", video = "video", voice = "audio", bio = "profile", dm = "message", prompt = "ai-interaction", like = "reaction", usage = "metadata" } }
    audience = { column = "visibility", values = { everyone = "public", circle = "restricted", only_me = "private" } }
    created_at = { column = "created_utc", unit = "ms" }
    collected_at = { column = "collected_utc", unit = "ms" }
    deleted_at = { column = "deleted_utc", unit = "ms" }
    author_age = { birth_date = ["user", "birth_date"], on = "collected_at" }
    region = { column = ["user", "country"] }
    hold = { column = "hold" }
    conversation.kind = { column = ["chat", "type"] }
    conversation.ai_participant = { column = ["chat", "has_ai"] }
    conversation.ai_addressed = { column = ["chat", "to_ai"] }
    "#);
}

#[test]
fn every_item_and_act_can_be_read() {
    let bench = Bench::new();
    bench.run(&["generate", "--people", "3000", "--items", "5000", "--out", "made", "--objecting", "0.3"]);
    let question = [
        "--policies",
        "policies",
        "--choices",
        "made/choices.jsonl",
        "--use",
        "club/model",
        "--recipient",
        "lab",
        "--at",
        "2026-06-01T00:00:00Z",
    ];
    let output = bench.command(&args("decide", &question, &["made/items.jsonl"])).output().unwrap();
    let errors = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(0), "{errors}");
    // Opening acts that did not come by the person's own hand, and nothing else.
    assert!(errors.lines().all(|line| line.contains("so it does not count")), "{errors}");
    assert_eq!(output.stdout.iter().filter(|byte| **byte == b'\n').count(), 5_000);
}

#[test]
fn the_share_of_people_who_object() {
    let bench = Bench::new();
    for (share, low, high) in [("0", 0, 0), ("0.05", 70, 130), ("1", 2_000, 2_000)] {
        let folder = format!("made-{share}");
        bench.run(&["generate", "--people", "2000", "--items", "0", "--out", &folder, "--objecting", share]);
        let text = String::from_utf8(files(&bench, &folder)["choices.jsonl"].clone()).unwrap();
        let found = text.lines().filter(|line| line.contains("\"act\":\"object\"")).count();
        assert!((low..=high).contains(&found), "{share}: {found}");
    }
}

#[test]
fn nothing_is_written_over() {
    let bench = Bench::new();
    bench.run(&args("generate", &SMALL, &["--out", "made"]));
    assert_snapshot!(bench.run(&args("generate", &SMALL, &["--out", "made"])), @"
    exit code 1
    --- stderr
    error: `made/choices.jsonl` exists already
    help: name another folder, or remove what is in this one
    ");
    bench.write("file", "");
    assert_snapshot!(bench.run(&args("generate", &SMALL, &["--out", "file"])), @"
    exit code 1
    --- stderr
    error: cannot write `file`: file exists
    ");
    assert_snapshot!(bench.run(&args("generate", &SMALL, &["--out", "other", "--objecting", "5%"])), @"
    exit code 2
    --- stderr
    error: invalid value '5%' for '--objecting <SHARE>': not a share: write a number from 0 to 1 with at most six decimals, such as `0.05`

    For more information, try '--help'.
    ");
    assert_snapshot!(bench.run(&["generate", "--people", "0", "--items", "1", "--out", "other"]), @"
    exit code 2
    --- stderr
    error: invalid value '0' for '--people <N>': 0 is not in 1..=10000000

    For more information, try '--help'.
    ");
}

#[test]
fn half_a_corpus_has_no_name() {
    let bench = Bench::new();
    bench.run(&args("generate", &SMALL, &["--out", "made"]));
    assert!(files(&bench, "made").keys().all(|name| !name.ends_with(".part")));
}

#[test]
fn a_surge_comes_in_order_and_is_as_large_as_asked() {
    let bench = Bench::new();
    bench.run(&["generate", "--surge", "20000", "--days", "5", "--out", "surge"]);
    bench.run(&["generate", "--surge", "20000", "--days", "5", "--out", "again"]);
    let made = files(&bench, "surge");
    assert_eq!(made.keys().collect::<Vec<_>>(), ["choices.jsonl"]);
    assert_eq!(made, files(&bench, "again"), "the same arguments give the same bytes");
    let text = String::from_utf8(made["choices.jsonl"].clone()).unwrap();
    let lines: Vec<serde_json::Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 20_000);
    let times: Vec<&str> = lines.iter().map(|line| line["received_at"].as_str().unwrap()).collect();
    assert!(times.is_sorted());
    assert!(times[0] >= "2026-05-27T00:00:00Z" && times[19_999] < "2026-06-01T00:00:00Z", "{} {}", times[0], times[19_999]);
    // About one in twenty sends it again.
    let people: std::collections::BTreeSet<&str> = lines.iter().map(|line| line["person"].as_str().unwrap()).collect();
    assert!((18_600..19_400).contains(&people.len()), "{}", people.len());
    // Nights are quiet, and the fourth day is the height.
    let of = |part: &str| times.iter().filter(|time| time.contains(part)).count();
    assert!(of("T03:") * 10 < of("T20:"));
    assert!(of("05-30T") > of("05-27T") * 2 && of("05-30T") > of("05-31T"));
    // All of it can be read, and one objection is of one day too.
    bench.run(&["generate", "--surge", "1", "--days", "1", "--out", "one"]);
    assert_eq!(files(&bench, "one")["choices.jsonl"].iter().filter(|byte| **byte == b'\n').count(), 1);
    assert!(bench.run(&["generate", "--surge", "5", "--people", "5", "--out", "two"]).starts_with("exit code 2"));
    assert!(bench.run(&["generate", "--items", "5", "--out", "two"]).starts_with("exit code 2"));
}
