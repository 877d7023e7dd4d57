//! `bezwaar extract` and `bezwaar gate`, from choices to a report.

use crate::bezwaar::Bench;

const CHOICES: &str = concat!(
    "{\"id\":\"o-1\",\"person\":\"club:noor\",\"act\":\"object\",\"received_at\":\"2026-05-26T21:50:00Z\"}\n",
    "{\"id\":\"o-2\",\"person\":\"club:late\",\"act\":\"object\",\"received_at\":\"2026-07-01T00:00:00Z\"}\n",
);

const POSTS: &str = concat!(
    "{\"id\":1,\"who\":\"@Noor\",\"kind\":\"post\",\"vis\":\"all\",\"text\":\"mine\"}\n",
    "{\"id\":2,\"who\":\"sam\",\"kind\":\"post\",\"vis\":\"all\",\"text\":\"hello\"}\n",
    "{\"id\":3,\"who\":\"sam\",\"kind\":\"post\",\"vis\":\"friends\",\"text\":\"psst\"}\n",
    "{\"id\":4,\"who\":\"late\",\"kind\":\"post\",\"vis\":\"all\",\"text\":\"still here\"}\n",
    "{\"id\":5,\"who\":\"sam\",\"kind\":\n",
);

const JOB: &str = r#"
[job]
name = "posts"
[question]
policies = "own"
use = "club/model"
recipient = "lab"
[extract]
path = "people.extract"
key = "gate.key"
allow_unsigned = true
[[input]]
paths = ["posts.jsonl"]
[input.map]
id = { column = "id" }
author = { column = "who", service = "club" }
category = { column = "kind" }
audience = { column = "vis", values = { all = "public", friends = "restricted" } }
[output]
path = "out"
"#;

const EXTRACT: [&str; 12] = [
    "extract",
    "--policies",
    "own",
    "--choices",
    "choices.jsonl",
    "--key",
    "gate.key",
    "--new-key",
    "--through",
    "2026-06-01T00:00:00Z",
    "--output",
    "people.extract",
];

fn bench() -> Bench {
    let bench = Bench::new();
    // A policy that asks for public posts and nothing else, so that a few fields are enough.
    bench.write("own/club/2026-01-01.toml", include_str!("../../../core/tests/it/club.toml"));
    bench.write("choices.jsonl", CHOICES).write("posts.jsonl", POSTS).write("job.toml", JOB);
    bench
}

#[test]
fn from_choices_to_a_report() {
    let bench = bench();
    let made = bench.run(&EXTRACT);
    assert!(made.contains("1 acts of 1 people through 2026-06-01T00:00:00Z in `people.extract`, under key "), "{made}");
    let ran = bench.run(&["gate", "job.toml", "--verify-deep"]);
    insta::assert_snapshot!(ran, @r#"
    exit code 0
    --- stdout
    posts: club/model for lab, protective, at 2026-06-01T00:00:00Z
    5 records: 2 kept, 3 withheld

    withheld because                   any         first          only
    someone said no
      objected                           1             1             1
    the rule excludes it
      audience-not-covered               1             1             1
    we do not know enough
      unreadable                         1             1             1

    people    1 in the extract, 1 met; the extract is not signed
    expired   the extract expired at 2026-06-02T00:00:00Z; this is a replay, never a release
    unchecked 5 records were never checked for deletion, holds, quotes
    output    out (physically absent)
    report    out.report.html
    --- stderr
    note: decided again about all 2 records of the output: all pass
    "#);
    assert_eq!(
        std::fs::read_to_string(bench.path("out/posts.jsonl")).unwrap(),
        POSTS.lines().filter(|line| line.contains("hello") || line.contains("still")).map(|line| format!("{line}\n")).collect::<String>()
    );
    let manifest: serde_json::Value = serde_json::from_slice(&std::fs::read(bench.path("out/manifest.json")).unwrap()).unwrap();
    assert_eq!(manifest["counts"]["kept"], 2);
    assert_eq!(manifest["signed"], false);
    assert!(std::fs::read_to_string(bench.path("out.report.html")).unwrap().contains("<b>2</b> of 5 records kept"));
    let again = bench.run(&["gate", "job.toml"]);
    insta::assert_snapshot!(again, @r#"
    exit code 1
    --- stderr
    error: `out` holds a finished run already
    help: choose another output path, or remove the folder
    "#);
}

#[test]
fn a_key_is_never_overwritten_and_never_shown() {
    let bench = bench();
    bench.run(&EXTRACT);
    let key = std::fs::read_to_string(bench.path("gate.key")).unwrap();
    let again = bench.run(&EXTRACT);
    insta::assert_snapshot!(again, @r#"
    exit code 1
    --- stderr
    note: there is no `own/services.toml`: every service is taken to name people by number and by handle
    error: `gate.key` is there already
    help: leave --new-key out to use it: another key would match nobody in older extracts
    "#);
    assert_eq!(std::fs::read_to_string(bench.path("gate.key")).unwrap(), key);
    let secret = key.lines().find_map(|line| line.strip_prefix("key = \"")).unwrap().trim_end_matches('"');
    assert!(!again.contains(secret));
    use std::os::unix::fs::PermissionsExt;
    for private in ["gate.key", "people.extract"] {
        assert_eq!(std::fs::metadata(bench.path(private)).unwrap().permissions().mode() & 0o777, 0o600, "{private}");
    }
}

#[test]
fn all_problems_of_a_job_at_once() {
    let bench = bench();
    bench.run(&EXTRACT);
    let job = JOB
        .replace("[job]\n", "[job]\ncolour = \"red\"\n")
        .replace("category = { column = \"kind\" }", "category = { colunm = \"kind\" }\nregion = { const = \"NL\" }")
        .replace("path = \"out\"", "path = \"out\"\nform = \"mirror\"\nwithheld_list = \"out/list\"");
    bench.write("bad.toml", job);
    let ran = bench.run(&["gate", "bad.toml"]);
    insta::assert_snapshot!(ran, @r#"
    exit code 1
    --- stderr
    error: unknown key `colour`
     --> bad.toml:3:1
      |
    3 | colour = "red"
      | ^^^^^^
      |
      = help: known here are `name`

    error: `form` has the unknown word `mirror`
      --> bad.toml:23:8
       |
    23 | form = "mirror"
       |        ^^^^^^^^
       |
       = help: known are `copy`, `mask`

    error: `out/list` lies inside the output folder
      --> bad.toml:24:17
       |
    24 | withheld_list = "out/list"
       |                 ^^^^^^^^^^
       |
       = help: put the list elsewhere: it is personal data and does not travel with the release

    error: unknown key `colunm`
      --> bad.toml:18:14
       |
    18 | category = { colunm = "kind" }
       |              ^^^^^^
       |
       = help: did you mean `column`?

    error: `category` says neither column nor const
      --> bad.toml:18:12
       |
    18 | category = { colunm = "kind" }
       |            ^^^^^^^^^^^^^^^^^^^
       |
       = help: write { column = "…" }

    error: `region` is asserted for every record without a reason
      --> bad.toml:19:10
       |
    19 | region = { const = "NL" }
       |          ^^^^^^^^^^^^^^^^
       |
       = help: add because = "…"; it is shown in every report

    error: 6 problems in `bad.toml`; nothing was read
    "#);
    assert!(!bench.path("out").exists());
}

#[test]
fn a_mapping_that_does_not_fit_names_every_field_and_writes_nothing() {
    let bench = bench();
    bench.run(&EXTRACT);
    bench.write("bad.toml", JOB.replace("\"who\"", "\"whom\"").replace("\"vis\"", "\"visibility\""));
    let ran = bench.run(&["gate", "bad.toml"]);
    insta::assert_snapshot!(ran, @r#"
    exit code 1
    --- stderr
      `./posts.jsonl`: the mapping does not fit the records
        author: no record of the first 4 has `whom`
        audience: no record of the first 4 has `visibility`
    error: some inputs cannot be opened
    help: mend [input.map] in the job; leave a field out if the dataset does not have it
    "#);
    assert!(!bench.path("out").exists());
}

#[test]
fn an_unsigned_extract_must_be_allowed_by_name() {
    let bench = bench();
    bench.run(&EXTRACT);
    bench.write("bad.toml", JOB.replace("allow_unsigned = true\n", ""));
    let ran = bench.run(&["gate", "bad.toml"]);
    assert!(
        ran.starts_with("exit code 1\n") && ran.contains("the job does not say who answers for the objections in the extract"),
        "{ran}"
    );
    assert!(ran.contains("signed_by") && ran.contains("allow_unsigned = true"), "{ran}");
}

#[test]
fn nobody_met_stops_the_run() {
    let bench = bench();
    bench.run(&EXTRACT);
    bench.write("bad.toml", JOB.replace("service = \"club\"", "service = \"glub\""));
    let ran = bench.run(&["gate", "bad.toml"]);
    insta::assert_snapshot!(ran, @r#"
    exit code 1
    --- stderr
    error: 0 of the 1 people of the extract were met; the job expects at least 1
    help: check service and kind of `author` in the map: keys that do not match would mean that no objection is seen; if it is right, write matched_min = 0 under [expect]
    "#);
    assert!(!bench.path("out/manifest.json").exists());
}

#[test]
fn check_says_what_each_field_holds() {
    let bench = bench();
    bench.run(&EXTRACT);
    bench.write("job.toml", JOB.replace("friends = \"restricted\"", "\"\" = \"private\""));
    insta::assert_snapshot!(bench.run(&["gate", "--check", "job.toml"]), @r#"
    exit code 0
    --- stdout
    Something can pass: the use is declared, started and controlled at this moment.
    The rules read: author, category, audience.

    posts.jsonl: of the first 5 records 2 would be kept
      field                                   column                    type                  known  missing  unlisted
      author                                  who                       Utf8                 80.0 %   20.0 %     0.0 %
      about                                   –
          map about, or no record is checked for it
      category                                kind                      Utf8                 80.0 %   20.0 %     0.0 %
      audience                                vis                       Utf8                 60.0 %   20.0 %    20.0 %
          unlisted: "friends" × 1
          add values = { "friends" = "…" } for what you know
      deleted_at                              –
          map deleted_at, or no record is checked for it
      hold                                    –
          map hold, or no record is checked for it
      
      withheld because                   any         first          only
      someone said no
        objected                           1             1             1
      we do not know enough
        audience-unknown                   1             1             1
        unreadable                         1             1             1
    "#);
    assert!(!bench.path("out").exists());
}

#[test]
fn a_kind_of_name_the_service_does_not_have_is_refused() {
    let bench = bench();
    bench.run(&EXTRACT);
    bench.write("bad.toml", JOB.replace("service = \"club\"", "service = \"club\", kind = \"opaque\""));
    let ran = bench.run(&["gate", "bad.toml"]);
    assert!(ran.starts_with("exit code 1") && ran.contains("author: `club` has no names of kind `opaque`; it has id, handle"), "{ran}");
    assert!(!bench.path("out").exists());
}

#[test]
fn an_empty_id_may_be_the_one_that_was_erased() {
    let bench = bench();
    bench.write(
        "choices.jsonl",
        "{\"id\":\"e-1\",\"person\":\"club:sam\",\"act\":\"erase\",\"items\":[\"2\"],\"received_at\":\"2026-05-01T00:00:00Z\"}\n",
    );
    let post = |id: &str| format!("{{\"id\":{id},\"who\":\"sam\",\"kind\":\"post\",\"vis\":\"all\"}}\n");
    bench.write("posts.jsonl", [post("1"), post("2"), post("\"\""), post("null"), post("2.0")].concat());
    bench.run(&EXTRACT);
    let ran = bench.run(&["gate", "job.toml"]);
    assert!(ran.contains("5 records: 1 kept, 4 withheld"), "{ran}");
    assert_eq!(std::fs::read_to_string(bench.path("out/posts.jsonl")).unwrap(), post("1"));
}
