//! The texts: the same keys in both languages, a text for everything that is said, and no verdicts.

use std::collections::BTreeSet;

use bezwaar_lens::lint::report::{mend, total};
use bezwaar_lens::lint::rules::SUPPRESSION_RULES;
use bezwaar_lens::lint::{Finding, RULES};
use bezwaar_lens::plain::Language;
use bezwaar_lens::words::{RuleText, Words};

use crate::{all, shipped};

fn places(text: &str) -> BTreeSet<String> {
    text.split('{').skip(1).filter_map(|rest| rest.split_once('}')).map(|(name, _)| name.to_owned()).collect()
}

#[test]
fn both_languages_say_the_same() {
    let [dutch, english] = Language::ALL.map(|language| Words::of(language).unwrap());
    let keys = |map: &std::collections::BTreeMap<String, String>| map.keys().cloned().collect::<Vec<_>>();
    for (left, right) in [
        (&dutch.frame, &english.frame),
        (&dutch.fact, &english.fact),
        (&dutch.value, &english.value),
        (&dutch.law, &english.law),
        (&dutch.severity, &english.severity),
        (&dutch.grade, &english.grade),
        (&dutch.direction, &english.direction),
    ] {
        assert_eq!(keys(left), keys(right));
        for (key, text) in left {
            assert_eq!(places(text), places(&right[key]), "{key}");
        }
    }
    assert_eq!(dutch.rule.keys().collect::<Vec<_>>(), english.rule.keys().collect::<Vec<_>>());
    for (id, text) in &dutch.rule {
        let other: &RuleText = &english.rule[id];
        assert_eq!(keys(&text.saw), keys(&other.saw), "{id}");
        for (variant, saw) in &text.saw {
            assert_eq!(places(saw), places(&other.saw[variant]), "{id} {variant}");
        }
    }
}

#[test]
fn every_rule_and_fact_has_its_text() {
    let texts = Words::of(Language::En).unwrap();
    let rules: BTreeSet<&str> = RULES.iter().chain(SUPPRESSION_RULES).map(|rule| rule.id).collect();
    assert_eq!(rules, texts.rule.keys().map(String::as_str).collect());
    let report = all(&shipped());
    for finding in report.findings.iter().chain(&report.unknown) {
        for seen in &finding.facts {
            assert!(texts.fact.contains_key(seen.fact), "{}", seen.fact);
        }
    }
    for finding in &report.findings {
        let values: BTreeSet<String> = finding.values.iter().map(|(name, _)| (*name).to_owned()).collect();
        let Finding { rule, variant, .. } = finding;
        let text = texts.rule[rule.id].saw.get(*variant).unwrap_or_else(|| panic!("{} {variant} has no text", rule.id));
        assert!(places(text).is_subset(&values), "{} {variant}", rule.id);
    }
    for rule in RULES {
        assert!(
            rule.reads.iter().all(|fact| texts.fact.contains_key(*fact) || ["sources", "evidence", "until", "on"].contains(fact)),
            "{rule:?}"
        );
    }
}

#[test]
fn one_version_is_one_and_what_is_unknown_is_to_be_found_out() {
    let [dutch, english] = Language::ALL.map(|language| Words::of(language).unwrap());
    let mut report = all(&shipped());
    assert!(total(&report, &english).contains(" versions;"));
    report.versions = 1;
    assert!(total(&report, &english).contains(" in 1 version;") && total(&report, &dutch).contains(" in 1 versie;"));
    let open = report.unknown.iter().find(|finding| finding.rule.id == "G-01").unwrap();
    assert_eq!(mend(open, &english), "Find out, and write it down with its source.");
    assert_eq!(open.to_json(&dutch)["mend"], "Zoek het uit, en schrijf het op met de bron.");
    report.findings.clear();
    assert_eq!(total(&report, &english), "Nothing was found in 1 version.");
}

#[test]
fn laws_have_their_names() {
    let [dutch, english] = Language::ALL.map(|language| Words::of(language).unwrap());
    for rule in RULES {
        assert_eq!(english.article(rule.article), rule.article);
        let own = dutch.article(rule.article);
        assert!(!["GDPR", "recital", " and ", "CJEU", "Opinion"].iter().any(|word| own.contains(word)), "{own}");
    }
    assert_eq!(dutch.article("8, 12(1), recitals 38 and 58 GDPR"), "8, 12(1), overwegingen 38 en 58 AVG");
}

#[test]
fn no_verdicts_and_short_sentences() {
    for language in Language::ALL {
        let texts = Words::of(language).unwrap();
        let rule = texts.rule.values().flat_map(|text| text.saw.values().chain([&text.sentence, &text.mend]));
        for text in rule.chain(texts.frame.values()) {
            let lower = text.to_lowercase();
            for word in ["breach", "illegal", "violat", "unlawful", "overtre", "illegaal", "onwettig", "onrechtmatig", "in strijd"] {
                assert!(!lower.contains(word), "{text}");
            }
            let longest = text.split(['.', '?']).map(|sentence| sentence.split_whitespace().count()).max().unwrap_or_default();
            assert!(longest <= 24, "{longest} words: {text}");
        }
    }
}
