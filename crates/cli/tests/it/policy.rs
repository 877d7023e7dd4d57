use insta::assert_snapshot;

use crate::bezwaar::{ABOUT_MODEL, Bench, args};

#[test]
fn list() {
    assert_snapshot!(Bench::new().run(&["policy", "list", "--policies", "policies"]), @"
    exit code 0
    --- stdout
    policy  version     effective   uses  summary
    club    2026-01-01  2026-01-01  4     The first version.
    ");
    assert_snapshot!(Bench::new().run(&["policy", "list", "--policies", "policies", "--output-format", "json"]), @r#"
    exit code 0
    --- stdout
    {"policy":"club","version":"2026-01-01","effective":"2026-01-01","zone":"Europe/Amsterdam","title":"The reading club","uses":["club/model","club/archive","club/letters","club/songs"],"summary":"The first version."}
    "#);
}

#[test]
fn show() {
    assert_snapshot!(Bench::new().run(&["policy", "show", "--policies", "policies", "club@2026-01-01", "--use", "club/model"]), @"
    exit code 0
    --- stdout
    The reading club (club@2026-01-01)
      controller         Reading Club Ltd
      services           club, choir
      published          2025-12-01
      in force           from 2026-01-01, midnight in Europe/Amsterdam
      summary            The first version.

    Use club/model: The club's model
      purpose            train the model of the club
      recipients         lab, third:*
      data               post, comment, photo (audience public)
      data               message, ai-interaction (any audience)
      age                16 or older when collected
      regions            EEA
      people             with an account
      legal basis        legitimate-interests
      declared           by binding text
      default            on: used unless the person says no
      controls           club/form, club/switch
      announced          2025-12-01
      effective          2026-01-01
      collection began   2026-01-01
      control offered    2025-12-01
      retention          unknown
      on deletion        Deleted posts are taken out within 30 days.
      carve-out          pause: The pause of March; binds since 2026-01-01, people in NL, made or
                         collected from 2025-03-01 through 2025-03-31
      sources            terms
                         on_deletion: letter

    Control club/form: Objection form
      kind               form
      first offered      2025-12-01
      url                https://club.example/object
      requires login     false
      sources            terms

    Control club/switch: Training switch
      kind               setting
      first offered      2025-12-01
      sources            terms

    Dispute C1: May chats of people under 18 be used?
      protective         withholds the records it touches
      touches            club/model, people below 18
      position           The club: Yes, from 16. [terms]
      position           Its members: No. [letter]

    Sources (P primary, R regulator, S secondary, W weak, K general knowledge, D disputed)
      [P] terms: Terms of the club, 2025-12-01; https://club.example/terms
      [W] letter: Letter of the members, unknown; https://club.example/letter
    ");
    let whole = Bench::new().run(&["policy", "show", "--policies", "policies", "club"]);
    let heads: Vec<&str> = whole.lines().filter(|line| !line.starts_with(' ') && !line.is_empty()).collect();
    assert_snapshot!(heads.join("\n"), @"
    exit code 0
    --- stdout
    The reading club (club@2026-01-01)
    People others write about
    Preference signals
    Use club/model: The club's model
    Use club/archive: The archive
    Use club/letters: Letters
    Use club/songs: Songs
    Control club/form: Objection form
    Control club/switch: Training switch
    Dispute C1: May chats of people under 18 be used?
    Sources (P primary, R regulator, S secondary, W weak, K general knowledge, D disputed)
    ");
}

#[test]
fn show_what_is_not_there() {
    let show = |name: &str, use_id: &str| Bench::new().run(&["policy", "show", "--policies", "policies", name, "--use", use_id]);
    assert_snapshot!(show("clup", "club/model"), @"
    exit code 1
    --- stderr
    error: there is no policy `clup`; did you mean `club`?
    ");
    assert_snapshot!(show("club@2025-01-01", "club/model"), @"
    exit code 1
    --- stderr
    error: the policy `club` has no version `2025-01-01`
    help: its versions are `2026-01-01`
    ");
    assert_snapshot!(show("club", "club/modle"), @"
    exit code 1
    --- stderr
    error: `club@2026-01-01` has no use `club/modle`; did you mean `club/model`?
    ");
}

#[test]
fn all_problems_of_all_files_with_their_lines() {
    let bench = Bench::new();
    let good = std::fs::read_to_string(bench.path("policies/club/2026-01-01.toml")).unwrap();
    let bad = good.replace("min_age = 16", "minage = 16").replace("sources = [\"letter\"]", "sources = [\"leter\"]");
    let bad = bad.replace("zone = \"Europe/Amsterdam\"", "zone = \"Amsterdam\"");
    bench.write("bad/club/2026-01-01.toml", &bad);
    bench.write("bad/services.toml", "[[service]]\nid = \"club\"\ndigits = \"number\"\n");
    bench.write("bad/club/notes.txt", "passed over");
    bench.write("bad/club/2027-01-01.toml", b"format = 1\n# Zo\xebven\n");
    assert_snapshot!(bench.run(&["policy", "list", "--policies", "bad"]), @r#"
    exit code 1
    --- stderr
    error: unknown key `minage`
      --> bad/club/2026-01-01.toml:67:1
       |
    67 | minage = 16
       | ^^^^^^
       |
       = help: did you mean `min_age`?

    error: not UTF-8, from byte 16 on
     --> bad/club/2027-01-01.toml:1:1
      |
    1 |
      | ^
      |
      = help: save the file as UTF-8

    error: `digits` has the unknown word `number`
     --> bad/services.toml:3:10
      |
    3 | digits = "number"
      |          ^^^^^^^^
      |
      = help: known are `id`, `phone`, `handle`, `opaque`

    error: 3 problems in 3 files; nothing was read
    "#);
    // Only once a file holds what it should is it seen whether its names name something.
    bench.write("worse/club/2026-01-02.toml", good.replace("sources = [\"letter\"]", "sources = [\"leter\"]"));
    let shown = bench.run(&["policy", "list", "--policies", "worse"]);
    assert_snapshot!(shown, @r#"
    exit code 1
    --- stderr
    note: there is no `worse/services.toml`: every service is taken to name people by number and by handle
    error: `2026-01-01` is not the file's name
      --> worse/club/2026-01-02.toml:12:6
       |
    12 | id = "2026-01-01"
       |      ^^^^^^^^^^^^
       |
       = help: write id = "2026-01-02", or rename it

    error: there is no source `leter` in this file
       --> worse/club/2026-01-02.toml:110:12
        |
    110 | sources = ["leter"]
        |            ^^^^^^^
        |
        = help: did you mean `letter`?

    error: there is no source `leter` in this file
       --> worse/club/2026-01-02.toml:170:12
        |
    170 | sources = ["leter"]
        |            ^^^^^^^
        |
        = help: did you mean `letter`?

    error: 3 problems in `worse/club/2026-01-02.toml`; nothing was read
    "#);
}

#[test]
fn folders_without_policies() {
    let bench = Bench::new();
    bench.write("empty/readme.txt", "");
    assert_snapshot!(bench.run(&["policy", "list", "--policies", "empty"]), @"
    exit code 1
    --- stderr
    error: there are no policies in `empty`
    help: a policies folder holds one folder per policy with one file per version, such as `meta/2025-05-27.toml`
    ");
    assert_snapshot!(bench.run(&["policy", "list", "--policies", "nowhere"]), @"
    exit code 1
    --- stderr
    error: cannot read `nowhere`: no such file or directory
    help: check the path; it is taken from the folder you are in
    ");
}

#[test]
fn without_services_a_note() {
    let bench = Bench::new();
    bench.write("alone/club/2026-01-01.toml", std::fs::read(bench.path("policies/club/2026-01-01.toml")).unwrap());
    let question = [&["--policies", "alone"], &ABOUT_MODEL[2..], &["--choices", "none"]].concat();
    assert_snapshot!(bench.run_with(&args("decide", &question, &[]), "{\"id\":\"p-1\",\"author\":\"club:1\"}"), @r#"
    exit code 0
    --- stdout
    {"item":"p-1","use":"club/model","recipient":"lab","at":"2026-06-01T00:00:00Z","reading":"protective","decision":"withhold","reasons":[{"code":"category-unknown","unknown":"category"},{"code":"audience-unknown","unknown":"audience"},{"code":"age-unknown","unknown":"author_age"},{"code":"region-unknown","unknown":"region"},{"code":"carve-out","rule":"pause","unknown":"region"},{"code":"no-ai-participant","unknown":"conversation"},{"code":"disputed","dispute":"C1","unknown":"author_age"}],"policy":"club@2026-01-01"}
    --- stderr
    note: there is no `alone/services.toml`: every service is taken to name people by number and by handle
    "#);
}

#[test]
fn the_shipped_policies_are_good() {
    for folder in ["policies", "examples/community/policies"] {
        let path = format!("{}/../../{folder}", env!("CARGO_MANIFEST_DIR"));
        let shown = Bench::new().run(&["policy", "list", "--policies", &path]);
        assert!(shown.starts_with("exit code 0\n") && !shown.contains("--- stderr"), "{shown}");
    }
}

#[test]
fn timeline() {
    let bench = Bench::new();
    let at = ["policy", "timeline", "--policies", "policies", "--today", "2026-06-01", "club"];
    let english = bench.run(&[&at[..], &["--language", "en"]].concat());
    assert!(english.contains("The club's model (club/model)") && english.contains("▼  collection began: "), "{english}");
    let dutch = bench.run(&[&at[..], &["--language", "nl", "--width", "40"]].concat());
    assert!(dutch.contains("het verzamelen begon") && dutch.lines().all(|line| line.chars().count() <= 40), "{dutch}");
    assert!(bench.run(&[&at[..], &["--output", "club.svg"]].concat()).contains("note: club drawn in `club.svg`"));
    assert!(std::fs::read_to_string(bench.path("club.svg")).unwrap().starts_with("<svg "));
    assert_snapshot!(bench.run(&["policy", "timeline", "--policies", "policies", "clbu"]), @"
    exit code 1
    --- stderr
    error: there is no policy `clbu`; did you mean `club`?
    ");
    let version = bench.run(&["policy", "timeline", "--policies", "policies", "club@2026-01-01"]);
    assert!(version.contains("help: a timeline has all versions: name the policy alone, `club`"), "{version}");
}

#[test]
fn page() {
    let bench = Bench::new();
    let at = ["policy", "page", "--policies", "policies", "--today", "2026-06-01", "--output", "site"];
    assert_snapshot!(bench.run(&[&at[..], &["--contact", "mistakes@club.example"]].concat()), @"
    exit code 0
    --- stderr
    note: 9 files in `site`
    ");
    let page = std::fs::read_to_string(bench.path("site/en/club.html")).unwrap();
    assert!(page.contains("mailto:mistakes@club.example") && page.contains("<h2 id=\"club-model\">"), "{page}");
    assert!(bench.path("site/nl/club.ics").exists() && bench.path("site/nl/club.svg").exists() && bench.path("site/index.html").exists());
    // Words that cannot be read are no reason to pass them over.
    std::fs::create_dir(bench.path("own")).unwrap();
    std::os::unix::fs::symlink(bench.path("policies/club"), bench.path("own/club")).unwrap();
    bench.write("own/words.nl.toml", "[recipient]\nlab = 7\n");
    assert_snapshot!(bench.run(&["policy", "page", "--policies", "own", "--output", "other"]), @"
    exit code 1
    --- stderr
    note: there is no `own/services.toml`: every service is taken to name people by number and by handle
    error: `own/words.nl.toml:2` is no file of words
    help: invalid type: integer `7`, expected a string
    ");
}
