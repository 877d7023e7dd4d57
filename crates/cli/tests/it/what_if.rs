//! `bezwaar policy what-if`: what it counts is what deciding twice gives.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::bezwaar::Bench;

const AT: &str = "2026-06-01T00:00:00Z";
const POLICIES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../policies");

fn made(format: &str) -> Bench {
    let bench = Bench::new();
    let size = ["generate", "--people", "300", "--items", "3000", "--objecting", "0.3", "--policies", POLICIES];
    bench.run(&[&size[..], &["--format", format, "--out", "made"]].concat());
    let job = std::fs::read_to_string(bench.path("made/job.toml")).unwrap().replace("[extract]", &format!("at = \"{AT}\"\n[extract]"));
    bench.write("made/job.toml", &job);
    bench
}

/// The decisions of every item by `bezwaar decide`, with its authors.
fn decided(bench: &Bench, reading: &str) -> Vec<(bool, String)> {
    let question = ["--use", "meta/public-content", "--recipient", "meta-ai", "--at", AT, "--reading", reading];
    let files = ["decide", "--policies", POLICIES, "--choices", "made/choices.jsonl"];
    let output = bench.command(&[&files[..], &question, &["made/items.jsonl"]].concat()).output().unwrap();
    let decisions = String::from_utf8(output.stdout).unwrap();
    let items = std::fs::read_to_string(bench.path("made/items.jsonl")).unwrap();
    let parsed = |line: &str| serde_json::from_str::<Value>(line).unwrap();
    let kept = decisions.lines().map(|line| parsed(line)["decision"] == "keep");
    kept.zip(items.lines().map(|line| parsed(line)["author"].to_string())).collect()
}

fn tried(bench: &Bench, more: &[&str]) -> Value {
    let args = ["policy", "what-if", "made/job.toml", "--choices", "made/choices.jsonl", "--output-format", "json"];
    let output = bench.command(&[&args[..], more].concat()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn readings_move_what_deciding_twice_moves() {
    let bench = made("items");
    let found = tried(&bench, &["--change", "reading=stated", "--change", "reading=consent"]);
    let now = decided(&bench, "protective");
    let kept_now = now.iter().filter(|(kept, _)| *kept);
    assert_eq!(found["read"], now.len());
    assert_eq!(found["kept"], kept_now.clone().count());
    assert_eq!(found["people"], kept_now.map(|(_, author)| author).collect::<BTreeSet<_>>().len());
    for (place, reading) in ["stated", "consent"].into_iter().enumerate() {
        let then = decided(&bench, reading);
        let moved = |from: bool| {
            let each = now.iter().zip(&then).filter(move |(now, then)| now.0 == from && then.0 != from);
            (each.clone().count(), each.map(|(now, _)| &now.1).collect::<BTreeSet<_>>().len())
        };
        let change = &found["changes"][place];
        assert_eq!(change["change"], format!("reading={reading}"));
        assert_eq!(change["kept"], then.iter().filter(|(kept, _)| *kept).count());
        let ((out, people_out), (added, people_in)) = (moved(true), moved(false));
        assert_eq!((&change["out"]["records"], &change["out"]["people"]), (&out.into(), &people_out.into()), "{reading}");
        assert_eq!((&change["in"]["records"], &change["in"]["people"]), (&added.into(), &people_in.into()), "{reading}");
        assert!(out + added > 0, "{reading} moves nothing: the test shows nothing");
    }
}

#[test]
fn each_change_moves_what_it_says() {
    let bench = made("items");
    let changes = ["opt-in", "drop", "min-age=40", "min-age=none", "carve-out=NL", "min-age=40+carve-out=NL", "reading=protective"];
    let flags: Vec<&str> = changes.iter().flat_map(|change| ["--change", change]).collect();
    let found = tried(&bench, &flags);
    let of = |place: usize, way: &str| found["changes"][place][way]["records"].as_u64().unwrap();
    let kept = found["kept"].as_u64().unwrap();
    assert!(kept > 100, "too little is kept to show anything: {kept}");
    // Silence as a no leaves those who said yes, and nobody else.
    assert!(of(0, "out") > 0 && of(0, "out") < kept && of(0, "in") == 0);
    assert!(found["changes"][0]["out"]["reasons"]["no-consent"].as_u64().unwrap() >= of(0, "out"));
    // A use that is not there lets nothing through, because of that alone.
    assert_eq!((of(1, "out"), of(1, "in")), (kept, 0));
    assert_eq!(found["changes"][1]["out"]["reasons"], serde_json::json!({"use-not-started": kept}), "an older version announced it");
    assert_eq!(found["changes"][1]["out"]["people"], found["people"]);
    // A higher age takes out, and no age lets in.
    assert!(of(2, "out") > 0 && of(2, "in") == 0);
    assert!(of(3, "out") == 0 && of(3, "in") > 0);
    assert!(of(4, "out") > 0 && of(4, "in") == 0);
    assert!(found["changes"][4]["out"]["reasons"]["carve-out"].as_u64().unwrap() > 0);
    // Together they take out no less than each alone, and no more than both.
    assert!(of(5, "out") >= of(2, "out").max(of(4, "out")) && of(5, "out") <= of(2, "out") + of(4, "out"));
    // As things are, nothing moves.
    assert_eq!((of(6, "out"), of(6, "in")), (0, 0));
}

#[test]
fn columns_count_as_a_run_of_the_job_does() {
    for format in ["jsonl", "csv"] {
        let bench = made(format);
        let key = ["--key", "made/choices.key", "--new-key", "--through", AT, "--output", "made/choices.extract"];
        bench.run(&[&["extract", "--policies", POLICIES, "--choices", "made/choices.jsonl"][..], &key].concat());
        let run = |job: &str| -> Value {
            let output = bench.command(&["gate", job, "--output-format", "json"]).output().unwrap();
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            serde_json::from_slice(&output.stdout).unwrap()
        };
        let job = std::fs::read_to_string(bench.path("made/job.toml")).unwrap();
        let stated = job.replace("reading = \"protective\"", "reading = \"stated\"").replace("path = \"gated\"", "path = \"gated-stated\"");
        bench.write("made/stated.toml", &stated);
        let (now, then) = (run("made/job.toml"), run("made/stated.toml"));
        // With the job's own extract, and with one made of the choices.
        let own = bench.command(&["policy", "what-if", "made/job.toml", "--output-format", "json", "--change", "reading=stated"]).output();
        let own: Value = serde_json::from_slice(&own.unwrap().stdout).unwrap();
        let found = tried(&bench, &["--change", "reading=stated"]);
        assert_eq!(found, own);
        assert_eq!((&found["read"], &found["kept"]), (&now["counts"]["read"], &now["counts"]["kept"]), "{format}");
        assert_eq!(found["changes"][0]["kept"], then["counts"]["kept"], "{format}");
    }
}

#[test]
fn a_table_bars_and_a_picture_in_both_languages() {
    let bench = made("items");
    for (language, words) in [
        ("en", ["Silence is no consent", "let through", "there is no consent where one is needed (no-consent): "]),
        ("nl", ["Wie zwijgt, stemt niet toe", "mag door", "er is toestemming nodig en die is er niet (no-consent): "]),
    ] {
        let args =
            ["policy", "what-if", "made/job.toml", "--choices", "made/choices.jsonl", "--language", language, "--output", "chart.svg"];
        let shown = bench.run(&args);
        let svg = std::fs::read_to_string(bench.path("chart.svg")).unwrap();
        assert!(words.iter().all(|word| shown.contains(word)), "{shown}");
        assert!(shown.contains("###") && shown.contains("---"), "{shown}");
        assert!(svg.starts_with("<svg ") && svg.contains(words[0]) && !svg.contains("<script"), "{svg}");
        // No text key was left unfilled.
        assert!(!shown.contains('{') && !shown.contains("what-if-"), "{shown}");
    }
    // Nothing was put out beside the picture.
    assert!(!bench.path("made/gated").exists());
}

#[test]
fn what_is_no_change_is_refused_with_what_is() {
    let bench = made("items");
    for (change, says) in [
        ("opt-out", "is no change"),
        ("min-age=0", "no age in years"),
        ("min-age=121", "no age in years"),
        ("carve-out=XX", "is no region"),
        ("reading=kind", "is no reading"),
        ("opt-in+", "is no change"),
        ("drop+opt-in", "cannot be changed as well"),
        ("", "is no change"),
    ] {
        let shown = bench.run(&["policy", "what-if", "made/job.toml", "--choices", "made/choices.jsonl", "--change", change]);
        assert!(shown.starts_with("exit code 2") && shown.contains(says), "{change}: {shown}");
    }
    let many: Vec<&str> = (0..17).flat_map(|_| ["--change", "opt-in"]).collect();
    let shown = bench.run(&[&["policy", "what-if", "made/job.toml", "--choices", "made/choices.jsonl"][..], &many].concat());
    assert!(shown.starts_with("exit code 1") && shown.contains("at most 16 changes"), "{shown}");
    // A use that is not there cannot be changed.
    let job = std::fs::read_to_string(bench.path("made/job.toml")).unwrap().replace("meta/public-content", "meta/nothing");
    bench.write("made/job.toml", &job);
    let shown = bench.run(&["policy", "what-if", "made/job.toml", "--choices", "made/choices.jsonl", "--change", "opt-in"]);
    assert!(shown.starts_with("exit code 1") && shown.contains("has this use"), "{shown}");
}
