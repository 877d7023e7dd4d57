//! What a policy can say in the standards' words.

use bezwaar_core::policy::read::{PolicyFile, read_policies};
use bezwaar_signal::{Emission, Unsaid, emit, read_fields, read_robots, read_tdmrep};

use crate::said;

/// A policy with one use for these recipients, this default and this meaning of `gpc`.
fn emitted(recipient: &str, default: &str, declared: &str, gpc: Option<&str>) -> Emission {
    let signal = gpc.map(|means| format!("[[signal]]\nname = \"gpc\"\nmeans = \"{means}\"\nsources = [\"s\"]\n")).unwrap_or_default();
    let promise = if declared == "non-use" { "promise = \"never\"\n" } else { "" };
    let text = format!(
        r#"format = 1
[policy]
id = "club"
title = "Club"
controller = "Club"
zone = "Europe/Amsterdam"
services = ["club"]
[version]
id = "2026-01-01"
published = "2025-12-01"
effective = "2026-01-01"
summary = "First."
sources = ["s"]
[[source]]
id = "s"
title = "S"
url = "https://club.example"
date = "2025-12-01"
grade = "P"
[about]
stated = []
protective = []
sources = ["s"]
{signal}
[[use]]
id = "club/model"
title = "Model"
purpose = "train"
recipients = ["{recipient}"]
legal_basis = "legitimate-interests"
declared = "{declared}"
default = "{default}"
controls = []
announced = "2025-12-01"
effective = "2026-01-01"
collection_began = "2026-01-01"
control_first_offered = "never"
retention = "unknown"
on_deletion = "unknown"
{promise}sources = ["s"]
[[use.data]]
categories = ["post"]
audience = ["public"]
"#
    );
    let file = PolicyFile { path: "club.toml".into(), folder: "club".into(), stem: "2026-01-01".into(), text };
    let set = read_policies(&[file], None).unwrap_or_else(|problems| panic!("{problems:?}"));
    emit(&set.policies["club"].versions[0])
}

fn left_out(emission: &Emission, standard: &str) -> Vec<String> {
    emission.unsaid.iter().filter(|one| one.standard == standard).map(|one: &Unsaid| format!("{}: {}", one.what, one.why)).collect()
}

#[test]
fn closed_to_third_parties_is_said_everywhere() {
    for (default, declared) in [("off", "text"), ("on", "non-use")] {
        let found = emitted("third:*", default, declared, Some("no"));
        assert_eq!(found.content_usage.as_deref(), Some("train-ai=n"));
        assert_eq!(found.robots, ["User-Agent: *", "Content-Usage: / train-ai=n"]);
        assert_eq!(found.gpc.as_deref(), Some(r#"{"gpc":true,"lastUpdate":"2025-12-01"}"#));
        assert_eq!(found.tdmrep.as_deref(), Some(r#"[{"location":"/","tdm-reservation":1}]"#));
        assert_eq!(said(&read_fields(&format!("Content-Usage: {}", found.content_usage.unwrap()))), ["train-ai=no"]);
        assert_eq!(said(read_robots(found.robots.join("\n").as_bytes()).read()), ["train-ai=no"]);
        assert_eq!(said(&read_tdmrep(&found.tdmrep.unwrap(), Some("/any"))), ["text-and-data-mining=no"]);
    }
}

#[test]
fn open_unless_objected_is_said_only_for_who_objected() {
    for default in ["on", "unknown"] {
        let found = emitted("third:lab", default, "text", Some("nothing"));
        assert_eq!((found.content_usage.as_deref(), found.tdmrep.as_deref()), (None, None));
        assert!(found.robots.is_empty());
        assert_eq!(found.content_usage_objected.as_deref(), Some("train-ai=n"));
        assert_eq!(found.gpc.as_deref(), Some(r#"{"gpc":false,"lastUpdate":"2025-12-01"}"#));
        assert!(left_out(&found, "Content-Usage")[0].starts_with("`club/model`"), "{:?}", found.unsaid);
    }
}

#[test]
fn silence_and_open_questions_are_listed_and_not_said() {
    let found = emitted("lab", "on", "text", Some("open"));
    assert_eq!((found.content_usage.clone(), found.content_usage_objected.clone(), found.gpc.clone()), (None, None, None));
    assert!(left_out(&found, "Content-Usage")[0].contains("silence is no answer"), "{:?}", found.unsaid);
    assert!(left_out(&found, "gpc.json")[0].contains("leave open"), "{:?}", found.unsaid);
    assert!(left_out(&emitted("lab", "on", "text", None), "gpc.json")[0].contains("does not say"));
}

#[test]
fn a_yes_is_never_emitted() {
    for recipient in ["lab", "third:*"] {
        for default in ["on", "off", "unknown"] {
            for declared in ["text", "practice", "non-use"] {
                let found = emitted(recipient, default, declared, Some("no"));
                let all = format!("{:?}{:?}{:?}", found.content_usage, found.content_usage_objected, found.robots);
                assert!(!all.contains("=y"), "{all}");
            }
        }
    }
}
