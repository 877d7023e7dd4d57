use std::io::{BufRead, BufReader, Write};

use insta::assert_snapshot;

use crate::bezwaar::{ABOUT_MODEL, Bench, args};

const CHOICES: &str = r#"{"id":"o-1","person":"club:1001","act":"object","uses":["club/*"],"received_at":"2026-02-01T22:50:00Z","channel":"form"}
{"id":"l-1","person":"club:1001","act":"link","to":"choir:Noor","received_at":"2026-01-15T00:00:00Z"}
"#;
const KEPT: &str = r#"{"id":"p-1","author":"club:1","category":"post","audience":"public","created_at":"2024-01-01T00:00:00Z","collected_at":"2024-02-01T00:00:00Z","author_age":40,"region":"BE"}"#;
const OBJECTED: &str = r#"{"id":"p-2","author":"club:1001","category":"post","audience":"public","created_at":"2024-01-01T00:00:00Z","collected_at":"2024-02-01T00:00:00Z","author_age":40,"region":"BE"}"#;
const VAGUE: &str =
    r#"{"id":"p-3","author":"choir:Noor","category":"post","author_age":"16-20","about":[{"person":"club:1001","as":"quote"}]}"#;

fn bench() -> Bench {
    let bench = Bench::new();
    bench.write("choices.jsonl", CHOICES).write("items.jsonl", format!("{KEPT}\n{OBJECTED}\n{VAGUE}\n"));
    bench
}

fn decide<'a>(more: &[&'a str]) -> Vec<&'a str> {
    args("decide", &[&ABOUT_MODEL[..], &["--choices", "choices.jsonl"]].concat(), more)
}

#[test]
fn decisions_in_the_order_of_the_items() {
    assert_snapshot!(bench().run(&decide(&["items.jsonl"])), @r#"
    exit code 0
    --- stdout
    {"item":"p-1","use":"club/model","recipient":"lab","at":"2026-06-01T00:00:00Z","reading":"protective","decision":"keep","reasons":[],"policy":"club@2026-01-01"}
    {"item":"p-2","use":"club/model","recipient":"lab","at":"2026-06-01T00:00:00Z","reading":"protective","decision":"withhold","reasons":[{"code":"objected","choice":"o-1"}],"policy":"club@2026-01-01"}
    {"item":"p-3","use":"club/model","recipient":"lab","at":"2026-06-01T00:00:00Z","reading":"protective","decision":"withhold","reasons":[{"code":"audience-unknown","unknown":"audience"},{"code":"region-unknown","unknown":"region"},{"code":"carve-out","rule":"pause","unknown":"region"},{"code":"objected","choice":"o-1","via":"l-1"},{"code":"about-objector","choice":"o-1"},{"code":"disputed","dispute":"C1","unknown":"author_age"}],"policy":"club@2026-01-01"}
    "#);
    assert_snapshot!(bench().run_with(&decide(&["--reading", "stated", "-"]), VAGUE), @r#"
    exit code 0
    --- stdout
    {"item":"p-3","use":"club/model","recipient":"lab","at":"2026-06-01T00:00:00Z","reading":"stated","decision":"withhold","reasons":[{"code":"audience-unknown","unknown":"audience"},{"code":"region-unknown","unknown":"region"},{"code":"carve-out","rule":"pause","unknown":"region"},{"code":"objected","choice":"o-1","via":"l-1"}],"policy":"club@2026-01-01"}
    "#);
}

#[test]
fn for_people() {
    assert_snapshot!(bench().run(&decide(&["--output-format", "human", "items.jsonl"])), @"
    exit code 0
    --- stdout
    p-1: keep
    p-2: withhold
      objected: the author objected (choice o-1)
    p-3: withhold
      objected: the author objected (choice o-1, over link l-1)
      about-objector: it concerns a person who said no (choice o-1)
      carve-out: an undertaking, order or promise excludes it (rule pause, not known: region)
      audience-unknown: the audience is not known (not known: audience)
      region-unknown: where the author lives is not known (not known: region)
      disputed: facts or law are disputed (dispute C1, not known: author_age)

    3 items: 1 kept, 2 withheld

    withheld because                 any       first        only
    someone said no
      objected                         2           1           1
      about-objector                   1           0           0
    the rule excludes it
      carve-out                        1           0           0
    we do not know enough
      audience-unknown                 1           1           0
      region-unknown                   1           0           0
    disputed
      disputed                         1           0           0

    Keep means that nothing we know speaks against it; it is not a legal basis.
    ");
}

#[test]
fn nobody_said_anything() {
    assert_snapshot!(bench().run_with(&args("decide", &ABOUT_MODEL, &["--choices", "none"]), OBJECTED), @r#"
    exit code 0
    --- stdout
    {"item":"p-2","use":"club/model","recipient":"lab","at":"2026-06-01T00:00:00Z","reading":"protective","decision":"keep","reasons":[],"policy":"club@2026-01-01"}
    "#);
}

#[test]
fn what_cannot_be_read_is_withheld_in_its_place() {
    let items = [
        "\u{feff}".as_bytes(),
        KEPT.as_bytes(),
        b"\r\n\r\n   \n",
        br#"{"id":"bad-1","autor":"club:noor@example.nl"}"#,
        b"\n",
        b"{\"id\":\"bad-2\",\"region\":\"N\xff\"}\n",
        br#"{"id":7}"#,
        b"\nNoor woont in Zwolle\n",
        OBJECTED.as_bytes(),
        b"\n",
        br#"{"id":"bad-5","author":"club:10"#,
    ]
    .concat();
    assert_snapshot!(bench().run_with(&decide(&[]), items), @r#"
    exit code 1
    --- stdout
    {"item":"p-1","use":"club/model","recipient":"lab","at":"2026-06-01T00:00:00Z","reading":"protective","decision":"keep","reasons":[],"policy":"club@2026-01-01"}
    {"item":"bad-1","use":"club/model","recipient":"lab","at":"2026-06-01T00:00:00Z","reading":"protective","decision":"withhold","reasons":[{"code":"unreadable"}],"policy":"club@2026-01-01"}
    {"item":"bad-2","use":"club/model","recipient":"lab","at":"2026-06-01T00:00:00Z","reading":"protective","decision":"withhold","reasons":[{"code":"unreadable"}],"policy":"club@2026-01-01"}
    {"item":null,"use":"club/model","recipient":"lab","at":"2026-06-01T00:00:00Z","reading":"protective","decision":"withhold","reasons":[{"code":"unreadable"}],"policy":"club@2026-01-01"}
    {"item":null,"use":"club/model","recipient":"lab","at":"2026-06-01T00:00:00Z","reading":"protective","decision":"withhold","reasons":[{"code":"unreadable"}],"policy":"club@2026-01-01"}
    {"item":"p-2","use":"club/model","recipient":"lab","at":"2026-06-01T00:00:00Z","reading":"protective","decision":"withhold","reasons":[{"code":"objected","choice":"o-1"}],"policy":"club@2026-01-01"}
    {"item":"bad-5","use":"club/model","recipient":"lab","at":"2026-06-01T00:00:00Z","reading":"protective","decision":"withhold","reasons":[{"code":"unreadable"}],"policy":"club@2026-01-01"}
    --- stderr
    stdin:4:21: error: unknown field `autor`, expected one of `id`, `author`, `category`, `audience`, `created_at`, `collected_at`, `author_age`, `region`, `about`, `conversation`, `deleted_at`, `hold`, `registered`, `ext`
    stdin:5:26: error: not UTF-8
    stdin:6:7: error: invalid type: integer, expected a string
    stdin:7:1: error: expected value
    stdin:9:31: error: EOF while parsing a string; the file ends here without a line end, it may be cut off
    error: 5 lines of `stdin` could not be read
    help: each was withheld in its place as `unreadable`; the other decisions stand
    "#);
}

#[test]
fn after_twenty_errors_the_rest_is_counted() {
    let shown = bench().run_with(&decide(&[]), "[]\n".repeat(23));
    let errors = shown.lines().filter(|line| line.starts_with("stdin:")).count();
    assert_eq!((errors, shown.matches("unreadable").count()), (20, 24));
    assert_snapshot!(shown.lines().rev().take(2).collect::<Vec<_>>().join("\n"), @"
    help: each was withheld in its place as `unreadable`; the other decisions stand
    error: 23 lines of `stdin` could not be read (3 of them not shown)
    ");
}

#[test]
fn no_items() {
    assert_snapshot!(bench().run_with(&decide(&["--output-format", "human"]), "\n"), @"
    exit code 0
    --- stderr
    note: `stdin` holds no items, so there is nothing to decide
    ");
}

#[test]
fn names_nobody_knows_are_noted() {
    let ask = |use_id: &str, recipient: &str| {
        let question = [
            "decide",
            "--policies",
            "policies",
            "--choices",
            "none",
            "--use",
            use_id,
            "--recipient",
            recipient,
            "--at",
            "2026-06-01T00:00:00Z",
        ];
        bench().run_with(&question, KEPT)
    };
    assert_snapshot!(ask("club/modle", "lab"), @r#"
    exit code 0
    --- stdout
    {"item":"p-1","use":"club/modle","recipient":"lab","at":"2026-06-01T00:00:00Z","reading":"protective","decision":"withhold","reasons":[{"code":"use-not-declared"}],"policy":"club@2026-01-01"}
    --- stderr
    note: no version of a policy has the use `club/modle`; did you mean `club/model`?
    "#);
    assert_snapshot!(ask("pub/beer", "lab"), @r#"
    exit code 0
    --- stdout
    {"item":"p-1","use":"pub/beer","recipient":"lab","at":"2026-06-01T00:00:00Z","reading":"protective","decision":"withhold","reasons":[{"code":"no-policy-in-force"}],"policy":null}
    --- stderr
    note: no version of a policy has the use `pub/beer`; uses are `club/archive`, `club/letters`, `club/model`, `club/songs`
    "#);
    assert_snapshot!(ask("club/model", "lob"), @r#"
    exit code 0
    --- stdout
    {"item":"p-1","use":"club/model","recipient":"lob","at":"2026-06-01T00:00:00Z","reading":"protective","decision":"withhold","reasons":[{"code":"use-not-declared"}],"policy":"club@2026-01-01"}
    --- stderr
    note: no version of `club/model` has the recipient `lob`; did you mean `lab`?
    "#);
    assert_snapshot!(ask("club/model", "third:lab"), @r#"
    exit code 0
    --- stdout
    {"item":"p-1","use":"club/model","recipient":"third:lab","at":"2026-06-01T00:00:00Z","reading":"protective","decision":"keep","reasons":[],"policy":"club@2026-01-01"}
    "#);
}

#[test]
fn all_problems_of_a_choices_file_before_anything_is_decided() {
    let bench = bench();
    bench.write(
        "choices.jsonl",
        concat!(
            "{\"id\":\"o-1\",\"person\":\"club:noor\",\"act\":\"object\",\"usse\":[],\"received_at\":\"2026-02-01T00:00:00Z\"}\n",
            "{\"id\":\"o-2\",\"person\":\"club:nan\",\"act\":\"object\",\"received_at\":\"2026-02-01\"}\n",
            "{\"id\":\"w-1\",\"person\":\"club:noor\",\"act\":\"withdraw\",\"of\":\"o-9\",\"received_at\":\"2026-02-01T00:00:00Z\"}\n",
        ),
    );
    assert_snapshot!(bench.run(&decide(&["items.jsonl"])), @"
    exit code 1
    --- stderr
    choices.jsonl:1:54: error: unknown field `usse`, expected one of `id`, `person`, `act`, `received_at`, `recorded_at`, `written_at`, `uses`, `recipients`, `items`, `control`, `to`, `of`, `how`, `signal`, `outcome`, `channel`, `by`, `ext`
    choices.jsonl:2: error: `received_at`: the time has no zone: write `Z` or an offset, such as `2025-05-27T00:00:00Z`
    choices.jsonl:2: error: `person` names nobody: write `service:account`, or `mail:`, `tel:` (with country code), `url:`
    choices.jsonl:3: error: `of` names `o-9`, but there is no object with that id in this file
    error: 4 problems in `choices.jsonl`; nothing was decided
    help: a choice that is passed over would be an objection lost, so the file counts whole or not at all
    ");
}

#[test]
fn notes_of_a_choices_file() {
    let bench = bench();
    bench.write(
        "choices.jsonl",
        concat!(
            "{\"id\":\"z-1\",\"person\":\"club:noor\",\"act\":\"haunt\",\"received_at\":\"2026-02-01T00:00:00Z\"}\n",
            "{\"id\":\"k-1\",\"person\":\"club:noor\",\"act\":\"consent\",\"uses\":[\"club/model\"],\"by\":\"agent\",\"received_at\":\"2026-02-01T00:00:00Z\"}\n",
        ),
    );
    assert_snapshot!(bench.run_with(&decide(&[]), KEPT), @r#"
    exit code 0
    --- stdout
    {"item":"p-1","use":"club/model","recipient":"lab","at":"2026-06-01T00:00:00Z","reading":"protective","decision":"keep","reasons":[],"policy":"club@2026-01-01"}
    --- stderr
    choices.jsonl:1: note: `z-1` cannot be evaluated and counts as a no to everything
    choices.jsonl:2: note: `k-1` opens something but did not come by the person's own hand, so it does not count
    "#);
}

#[test]
fn files_that_cannot_be_read() {
    let bench = bench();
    assert_snapshot!(bench.run(&decide(&["nowhere.jsonl"])), @"
    exit code 1
    --- stderr
    error: cannot read `nowhere.jsonl`: no such file or directory
    help: check the path; it is taken from the folder you are in
    ");
    assert_snapshot!(bench.run(&decide(&["policies"])), @"
    exit code 1
    --- stderr
    error: cannot read `policies`: is a directory
    help: name a file
    ");
    assert_snapshot!(bench.run(&args("decide", &ABOUT_MODEL, &["--choices", "nowhere.jsonl"])), @"
    exit code 1
    --- stderr
    error: cannot read `nowhere.jsonl`: no such file or directory
    help: name a choices file, or write `--choices none` when nobody said anything
    ");
    bench.write("choices.jsonl", b"ok\nNo\xffr\n");
    assert_snapshot!(bench.run(&decide(&["items.jsonl"])), @"
    exit code 1
    --- stderr
    choices.jsonl:2:3: error: not UTF-8
    error: 1 problem in `choices.jsonl`; nothing was decided
    help: a choice that is passed over would be an objection lost, so the file counts whole or not at all
    ");
}

#[test]
fn a_day_is_not_a_moment() {
    let ask =
        |at: &str| bench().run(&["decide", "--policies", "policies", "--choices", "none", "--use", "a", "--recipient", "b", "--at", at]);
    assert_snapshot!(ask("2026-06-01"), @"
    exit code 2
    --- stderr
    error: invalid value '2026-06-01' for '--at <INSTANT>': a day is not a moment: write `2026-06-01T00:00:00Z` for when it begins in UTC, or `2026-06-01T00:00:00+02:00` with an offset

    For more information, try '--help'.
    ");
    assert_snapshot!(ask("2026-06-01T10:00:00"), @"
    exit code 2
    --- stderr
    error: invalid value '2026-06-01T10:00:00' for '--at <INSTANT>': the time has no zone: write `Z` or an offset, such as `2025-05-27T00:00:00Z`

    For more information, try '--help'.
    ");
}

#[test]
fn answers_come_line_by_line() {
    let bench = bench();
    let mut child = bench.spawn(&decide(&[]));
    let mut stdin = child.stdin.take().unwrap();
    let mut answers = BufReader::new(child.stdout.take().unwrap()).lines();
    for (item, expect) in [(KEPT, "\"keep\""), (OBJECTED, "\"withhold\"")] {
        writeln!(stdin, "{item}").unwrap();
        assert!(answers.next().unwrap().unwrap().contains(expect));
    }
    drop(stdin);
    assert!(child.wait().unwrap().success());
}

#[test]
fn a_closed_pipe_ends_quietly() {
    let bench = bench();
    bench.write("many.jsonl", format!("{KEPT}\n").repeat(2_000));
    let mut child = bench.command(&decide(&["many.jsonl"])).spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(0), &b""[..]));
}
