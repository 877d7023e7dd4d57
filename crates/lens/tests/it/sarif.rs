//! SARIF 2.1.0: what the standard requires of a document with results.

use std::collections::BTreeSet;

use bezwaar_lens::lint::{Options, lint, sarif::to_sarif, suppress::Suppressions};
use bezwaar_lens::plain::Language;
use bezwaar_lens::words::Words;
use serde_json::Value;

use crate::{shipped, today};

#[test]
fn the_document_is_as_the_standard_asks() {
    let texts = Words::of(Language::En).unwrap();
    let text = "[[suppress]]\nrule = \"L-03\"\non = \"x/own-ml\"\nreason = \"looked at\"\nuntil = \"2027-01-01\"\n";
    let suppressions = Some(Suppressions::parse("policies/lint.toml", text).unwrap());
    let report = lint(&shipped(), &Options { versions: Vec::new(), suppressions, today: today() });
    let document = to_sarif(&report, &texts, "0.1.0", true);
    // Section 3.13: version is required; 3.14: tool and results of a run; 3.18.2, 3.19.2: a driver with a name.
    assert_eq!(document["version"], "2.1.0");
    assert!(document["$schema"].as_str().unwrap().ends_with("sarif-schema-2.1.0.json"));
    let run = &document["runs"].as_array().unwrap()[0];
    let driver = &run["tool"]["driver"];
    assert_eq!(driver["name"], "bezwaar");
    assert_eq!((&driver["version"], &driver["semanticVersion"]), (&Value::from("0.1.0"), &Value::from("0.1.0")));
    let rules: Vec<&str> = driver["rules"].as_array().unwrap().iter().map(|rule| rule["id"].as_str().unwrap()).collect();
    assert_eq!(rules.iter().collect::<BTreeSet<_>>().len(), rules.len(), "ids of rules are unique (3.19.23)");
    for rule in driver["rules"].as_array().unwrap() {
        assert!(!rule["shortDescription"]["text"].as_str().unwrap().is_empty());
        assert!(["error", "warning", "note"].contains(&rule["defaultConfiguration"]["level"].as_str().unwrap()));
    }
    let results = run["results"].as_array().unwrap();
    assert_eq!(results.len(), report.findings.len() + report.unknown.len());
    let mut suppressed = 0;
    for result in results {
        assert_eq!(rules[usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap()], result["ruleId"]);
        assert!(!result["message"]["text"].as_str().unwrap().is_empty(), "3.27.11: a message is required");
        // Section 3.27.10: a level other than `none` only for results of kind `fail`.
        assert_eq!(result["kind"] == "fail", result["level"] != "none");
        let place = &result["locations"][0]["physicalLocation"];
        let uri = place["artifactLocation"]["uri"].as_str().unwrap();
        assert!(!uri.contains([' ', '\\', '"']), "{uri}");
        assert!(place["region"]["startLine"].as_u64().unwrap() >= 1 && place["region"]["startColumn"].as_u64().unwrap() >= 1);
        if let Some(list) = result.get("suppressions").and_then(Value::as_array) {
            assert_eq!((list.len(), &list[0]["kind"]), (1, &Value::from("external")));
            suppressed += 1;
        }
    }
    assert!(suppressed >= 5, "one in each version of X");
    let quiet = to_sarif(&report, &texts, "0.1.0", false);
    assert_eq!(quiet["runs"][0]["results"].as_array().unwrap().len(), report.findings.len());
}
