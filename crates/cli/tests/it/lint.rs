//! `bezwaar policy lint` and `bezwaar policy diff`.

use std::path::Path;

use crate::bezwaar::Bench;

/// A bench with the policies that are shipped, under `shipped`.
fn bench() -> Bench {
    let bench = Bench::new();
    let policies = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../policies");
    std::os::unix::fs::symlink(policies, bench.path("shipped")).unwrap();
    bench
}

fn lint(bench: &Bench, args: &[&str]) -> (i32, String, String) {
    let output = bench.command(&[&["policy", "lint", "--policies", "shipped"], args].concat()).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

#[test]
fn people_see_what_where_why_and_what_mends_it() {
    let (code, out, err) = lint(&bench(), &["x@2024-05-07"]);
    assert_eq!(code, 1);
    for text in [
        "shipped/x/2024-05-07.toml:",
        "mismatch L-02/G-06 x@2024-05-07 x/grok-posts",
        "first offered on 2024-07-16: 70 days later.",
        "does not match what Art. 21(4), 13(2)(b) GDPR asks, as far as these",
        "sources [R]",
        "X, in court: From May people could object",
        "checked on",
        "what would mend it",
    ] {
        assert!(out.contains(text), "{text}\n{out}");
    }
    assert!(err.contains("error: ") && err.contains("findings of weight mismatch or more"), "{err}");
    let place = out.lines().find(|line| line.contains("L-02")).unwrap().split(':').nth(1).unwrap().parse::<usize>().unwrap();
    let file = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../policies/x/2024-05-07.toml")).unwrap();
    assert_eq!(file.lines().nth(place - 1), Some("control_first_offered = \"2024-07-16\""), "the place is that of the fact");
}

#[test]
fn the_error_counts_as_the_last_line_does() {
    let (_, out, err) = lint(&bench(), &["x"]);
    let total = out.lines().last().unwrap().split(' ').next().unwrap().to_owned();
    assert!(total.parse::<usize>().unwrap() > 1, "{out}");
    assert!(err.contains(&format!("error: {total} findings of weight mismatch or more")), "{err}");
}

#[test]
fn dutch_and_quiet() {
    let (code, out, err) = lint(&bench(), &["x@2024-05-07", "--language", "nl", "--fail-on", "never"]);
    assert_eq!(code, 0);
    assert!(out.contains("Nee zeggen kon voor het eerst op") && out.contains("past niet L-02/G-06"), "{out}");
    assert!(err.contains("Met --unknown zie je wat niet bekend is."), "{err}");
}

#[test]
fn the_good_example_is_clean_and_succeeds() {
    let (code, out, _) = lint(&bench(), &["youtube", "--fail-on", "caution"]);
    assert_eq!((code, out.as_str()), (0, "Nothing was found in 1 version.\n"));
    let (code, _, err) = lint(&bench(), &["x@2023-09-29", "--fail-on", "caution"]);
    assert_eq!(code, 1, "{err}");
    assert_eq!(lint(&bench(), &["x@2023-09-29"]).0, 0, "nothing there weighs a mismatch");
}

#[test]
fn json_lines_and_sarif() {
    let (_, out, _) = lint(&bench(), &["x@2024-11-15", "--output-format", "json", "--unknown"]);
    let lines: Vec<serde_json::Value> = out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let late = lines.iter().find(|line| line["rule"] == "L-02" && line["kind"] == "finding").unwrap();
    assert_eq!((&late["use"], &late["severity"], &late["line"].is_u64()), (&"x/grok-posts".into(), &"mismatch".into(), &true));
    assert_eq!(late["counter"][0]["dispute"], "D1");
    assert!(late["sources"][0]["grade"].is_string() && late["checked_on"].is_string() && late["mend"].is_string());
    let own = lines.iter().find(|line| line["rule"] == "L-03" && line["use"] == "x/own-ml").unwrap();
    assert_eq!(own["counter"], "none found");
    assert!(lines.iter().any(|line| line["kind"] == "unknown" && line["severity"] == "info"));
    let (code, out, _) = lint(&bench(), &["x@2024-11-15", "--output-format", "sarif", "--fail-on", "never"]);
    let sarif: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!((code, &sarif["version"]), (0, &"2.1.0".into()));
    assert_eq!(sarif["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"], "shipped/x/2024-11-15.toml");
}

#[test]
fn what_is_let_stand_needs_reason_and_day() {
    let bench = bench();
    bench.write("stand.toml", "[[suppress]]\nrule = \"L-02\"\non = \"x/grok-posts\"\nreason = \"known\"\n");
    let (code, _, err) = lint(&bench, &["x", "--suppressions", "stand.toml"]);
    assert!(code == 1 && err.contains("`until` is missing") && err.contains("stand.toml:1:1"), "{err}");
    bench.write("stand.toml", "[[suppress]]\nrule = \"L-03\"\non = \"x\"\nreason = \"known\"\nuntil = \"2999-01-01\"\n\n[[suppress]]\nrule = \"L-01\"\non = \"x\"\nreason = \"old\"\nuntil = \"2020-01-01\"\n");
    let (_, out, _) = lint(&bench, &["x@2023-09-29", "--suppressions", "stand.toml"]);
    assert!(out.contains("let stand: known") && out.contains("S-01") && out.contains("stand.toml:8:8"), "{out}");
    let (code, _, err) = lint(&bench, &["xx"]);
    assert!(code == 1 && err.contains("there is no policy `xx`"), "{err}");
}

fn diff(args: &[&str]) -> (i32, String, String) {
    let output = bench().command(&[&["policy", "diff", "--policies", "shipped"], args].concat()).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

#[test]
fn what_changed_for_a_person() {
    let (code, out, _) = diff(&["x@2024-05-07", "2024-11-15"]);
    assert_eq!(code, 0);
    for text in [
        "x@2024-05-07 → x@2024-11-15\nThe notice given: 30 days (published 2024-10-16, in force 2024-11-15).\n",
        "\nUse x/third-parties: Third-party collaborators\n  widened         This use is new.\n",
        "was usage information: 18 months; is usage\n                  information: until removed",
    ] {
        assert!(out.contains(text), "{text}\n{out}");
    }
    let (_, out, _) = diff(&["meta@2025-05-27", "meta@2025-06-16", "--only", "widened", "--language", "nl"]);
    assert!(out.contains("Aankondiging: niet bekend. De tekst ging in 20 dagen na de vorige versie.") && !out.contains("anders"), "{out}");
    // A new use is told with all it reaches.
    let (_, out, _) = diff(&["x@2024-05-07", "x@2024-11-15", "--language", "en"]);
    for told in [
        "who gets the data: other companies",
        "kinds of data: posts, comments, photos",
        "whoever could see it",
        "what silence means: on",
        "ways to say no: none",
    ] {
        assert!(out.contains(told), "{told}: {out}");
    }
    let (_, out, _) = diff(&["x@2024-05-07", "x@2024-11-15", "--language", "nl"]);
    assert!(!out.contains("Third-party collaborators\n") && out.contains("Gebruik x/third-parties: "), "{out}");
    assert!(
        out.contains("wie de gegevens krijgt: andere bedrijven") && out.contains("soorten gegevens: berichten, reacties, foto's"),
        "{out}"
    );
    for code in ["third:", "ai-interaction", "usage information", "any"] {
        assert!(!out.contains(code), "{code}: {out}");
    }
    let (_, out, _) = diff(&["x@2024-05-07", "x@2024-11-15", "--output-format", "json"]);
    let value: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!(value["new_uses"]["x/third-parties"]["recipients"], serde_json::json!(["third:*"]));
    // Taken the wrong way round, it says so.
    let (code, _, err) = diff(&["x@2024-11-15", "x@2024-05-07", "--language", "en"]);
    assert!(code == 0 && err.contains("2024-11-15 is the newer of the two"), "{err}");
    assert!(!diff(&["x@2024-05-07", "x@2024-11-15"]).2.contains("newer"));
    let (_, out, _) = diff(&["x@2024-11-15", "x@2024-11-15"]);
    assert_eq!(out, "x@2024-11-15 → x@2024-11-15\nNothing changed.\n");
    let (_, out, _) = diff(&["x@2024-11-15", "x@2025-07-28", "--output-format", "json"]);
    let value: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!((&value["notice"]["days"], &value["new"]), (&30.into(), &"2025-07-28".into()));
    let (code, _, err) = diff(&["x@2024-11-15", "meta@2025-05-27"]);
    assert!(code == 1 && err.contains("`x` and `meta` are two policies"), "{err}");
}
