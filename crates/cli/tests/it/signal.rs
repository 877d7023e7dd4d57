use insta::assert_snapshot;

use crate::bezwaar::Bench;

const ROBOTS: &str = "User-agent: *\nContent-Usage: train-ai=n, search=y\nContent-Usage: /open/ train-ai=Y\nDisallow: /never/\n";

#[test]
fn read() {
    let bench = Bench::new();
    bench.write("fields.txt", "HTTP/1.1 200 OK\nContent-Usage: train-ai=n, ai-use=y\nSec-GPC: 1\n");
    assert_snapshot!(bench.run(&["signal", "read", "--kind", "header", "fields.txt"]), @"
    exit code 0
    --- stdout
    signal  about            says  where
    gpc     sale-or-sharing  no    Sec-GPC (3:10)
    aipref  train-ai         no    Content-Usage (2:16)
    aipref  ai-use           yes   Content-Usage (2:16)
    ");
    bench.write("robots.txt", ROBOTS);
    assert_snapshot!(bench.run(&["signal", "read", "--kind", "robots", "robots.txt", "--output-format", "json"]), @r#"
    exit code 0
    --- stdout
    {"signal":"aipref","category":"train-ai","answer":"no","line":2,"column":16,"within":"Content-Usage for *, path /"}
    {"signal":"aipref","category":"search","answer":"yes","line":2,"column":16,"within":"Content-Usage for *, path /"}
    {"signal":"aipref","category":"train-ai","answer":"unreadable","line":3,"column":23,"within":"Content-Usage for *, path /open/"}
    --- stderr
    robots.txt:3:23: note: `Content-Usage for *, path /open/` cannot be read and counts as a no to train-ai: `Y` is neither `y` nor `n`
    "#);
    let of_path = |path: &str| bench.run(&["signal", "read", "--kind", "robots", "--path", path, "robots.txt"]);
    assert!(of_path("/x").contains("aipref  train-ai  no "), "{}", of_path("/x"));
    assert!(of_path("/open/x").contains("aipref  train-ai  unreadable "), "{}", of_path("/open/x"));
    assert!(of_path("/never/x").contains("may not be fetched"), "{}", of_path("/never/x"));
    assert!(of_path("x").starts_with("exit code 2"), "{}", of_path("x"));
}

#[test]
fn acts_close_and_decide_reads_them() {
    let bench = Bench::new();
    bench.write(
        "record.json",
        r#"{"$type":"org.user-intents.declaration","updatedAt":"2026-01-02T00:00:00Z","bulkDataset":{"allow":false}}"#,
    );
    let args = ["signal", "acts", "--kind", "bluesky", "--person", "club:noor", "--received-at", "2026-03-01T00:00:00Z", "record.json"];
    assert_snapshot!(bench.run(&args), @r#"
    exit code 0
    --- stdout
    {"id":"user-intents-e334bc5a98b31ab4","person":"club:noor","act":"signal","signal":"user-intents","received_at":"2026-03-01T00:00:00Z","written_at":"2026-01-02T00:00:00Z","channel":"signal","ext":{"read_from":"bluesky","no":["bulkDataset"]}}
    "#);
    let made = bench.run(&args);
    bench.write("choices.jsonl", made.split("--- stdout\n").nth(1).unwrap());
    bench.write("items.jsonl", r#"{"id":"p-1","author":"club:noor","category":"post","audience":"public","author_age":30,"region":"NL"}"#);
    let mut decide = vec!["decide", "--choices", "choices.jsonl"];
    decide.extend(crate::bezwaar::ABOUT_MODEL);
    decide.push("items.jsonl");
    let decided = bench.run(&decide);
    assert!(decided.contains(r#""decision":"withhold""#) && decided.contains(r#""code":"signal","choice":"user-intents-"#), "{decided}");
}

#[test]
fn a_yes_makes_no_act_and_nobody_makes_none() {
    let bench = Bench::new();
    bench.write("fields.txt", "Content-Usage: train-ai=y, search=n\n");
    let acts = |more: &[&str]| bench.run(&[&["signal", "acts", "--kind", "header", "fields.txt"], more].concat());
    assert_snapshot!(acts(&["--person", "club:noor", "--only", "train-ai"]), @"
    exit code 0
    --- stderr
    note: no signal here says no, so there is no act; that is not a yes
    note: a no was left out because of `--only`: search
    ");
    assert_snapshot!(acts(&["--person", "noor"]), @"
    exit code 1
    --- stderr
    error: the person names nobody
    help: write `service:value`, such as `mail:` and an address, or `url:` and the address of a site
    ");
}

#[test]
fn what_is_something_else_is_not_taken_to_be_silent() {
    let bench = Bench::new();
    bench.write("page.html", "<!DOCTYPE html>\n<p>Not found</p>\n");
    assert_snapshot!(bench.run(&["signal", "read", "--kind", "robots", "page.html"]), @"
    exit code 1
    --- stderr
    error: `page.html` cannot be read as `--kind robots`: this is a page (HTML or XML), not what it is said to be
    help: a site without the file often answers with a page; that is neither a yes nor a no
    ");
    bench.write("shown.txt", "* Connected\n> GET / HTTP/1.1\n>\n< HTTP/1.1 200 OK\n< Content-Usage: train-ai=n\n");
    let shown = bench.run(&["signal", "acts", "--kind", "header", "--person", "club:noor", "shown.txt"]);
    assert!(shown.starts_with("exit code 1") && shown.contains("line 2 begins with `<` or `>`"), "{shown}");
    std::fs::write(bench.path("wide.txt"), b"\xff\xfeC\0").unwrap();
    let shown = bench.run(&["signal", "read", "--kind", "header", "wide.txt"]);
    assert!(shown.starts_with("exit code 1") && shown.contains("UTF-16"), "{shown}");
}

#[test]
fn a_no_to_any_crawler_and_a_silent_group() {
    let bench = Bench::new();
    bench.write("robots.txt", "User-agent: *\nContent-Usage: train-ai=n\n\nUser-agent: ExampleBot\nDisallow: /own/\n");
    for command in [&["read"][..], &["acts", "--person", "club:noor"]] {
        let args = ["--kind", "robots", "--path", "/x", "--agent", "ExampleBot", "robots.txt"];
        let shown = bench.run(&[&["signal"], command, &args].concat());
        let note = "note: the `*` group says no to train-ai; this crawler's own group is silent";
        assert!(shown.starts_with("exit code 0") && shown.contains(note), "{shown}");
        let other = bench.run(&[&["signal"], command, &["--kind", "robots", "--path", "/x", "--agent", "OtherBot", "robots.txt"]].concat());
        assert!(!other.contains("is silent"), "{other}");
    }
}

#[test]
fn only_takes_categories_that_there_are() {
    let bench = Bench::new();
    bench.write("fields.txt", "Content-Usage: train-ai=n, paint=n\n");
    let only =
        |category: &str| bench.run(&["signal", "acts", "--kind", "header", "--person", "club:noor", "--only", category, "fields.txt"]);
    assert!(only("train-al").contains("error: there is no category `train-al`; did you mean `train-ai`?"), "{}", only("train-al"));
    assert!(only("train-al").starts_with("exit code 1") && only("xyzzy").contains("known are `ai`, "), "{}", only("xyzzy"));
    assert!(only("paint").contains(r#""no":["paint"]"#), "what the file names can be named: {}", only("paint"));
}

#[test]
fn a_yes_beside_a_no_is_told() {
    let bench = Bench::new();
    bench.write("fields.txt", "Content-Usage: train-ai=n, search=y\nContent-Usage: train-ai=y\n");
    let shown = bench.run(&["signal", "read", "--kind", "header", "fields.txt"]);
    assert!(shown.ends_with("--- stderr\nnote: aipref says both yes and no to train-ai: no wins"), "{shown}");
    bench.write("robots.txt", "User-agent: *\nContent-Usage: train-ai=n\nContent-Usage: /open/ train-ai=y\n");
    let read = |more: &[&str]| bench.run(&[&["signal", "read", "--kind", "robots", "robots.txt"], more].concat());
    assert!(read(&[]).contains("no wins; with `--path` you see"), "{}", read(&[]));
    assert!(!read(&["--path", "/open/x"]).contains("no wins"), "the longer path decides: {}", read(&["--path", "/open/x"]));
}

#[test]
fn emit() {
    let bench = Bench::new();
    let emit = |more: &[&str]| bench.run(&[&["signal", "emit", "--policies", "policies", "club"], more].concat());
    assert_snapshot!(emit(&[]), @"
    exit code 0
    --- stdout
    The reading club (club@2026-01-01)

    Field, pages of everyone
      nothing can be said

    Field, pages of a person who said no to third parties
      Content-Usage: train-ai=n

    robots.txt
      nothing can be said

    /.well-known/gpc.json
      nothing can be said

    /.well-known/tdmrep.json
      nothing can be said

    Not said
      Content-Usage: `club/model`; third parties may, unless a person says no: say no page by page, for those who did
      Content-Usage: `club/archive`; the platform's own use: the field speaks to those who fetch a page
      Content-Usage: `club/letters`; the platform's own use: the field speaks to those who fetch a page
      Content-Usage: `club/songs`; the platform's own use: the field speaks to those who fetch a page
      Content-Usage: regions, ages and carve-outs; the vocabulary has no words for whom it holds
      Content-Usage: `ai-use` and `search`; a policy file does not tell these from training
      gpc.json: whether the signal is honoured; law or text leave open what it means here
      tdmrep.json: a reservation for the whole site; the policy does not close everyone's pages to third parties
    ");
    assert_snapshot!(emit(&["--part", "robots"]), @"
    exit code 1
    --- stderr
    error: the policy says nothing that this can say
    help: run the command without `--part` to see why
    ");
    assert!(emit(&["--output-format", "json"]).contains(r#""content_usage":null"#), "{}", emit(&["--output-format", "json"]));
}
