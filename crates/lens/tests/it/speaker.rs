//! What people read has no codes, and in Dutch no English but names and quotations.

use bezwaar_core::policy::PolicySet;
use bezwaar_lens::lint::report::said;
use bezwaar_lens::lint::{Finding, Report, Seen};
use bezwaar_lens::page::Words as Own;
use bezwaar_lens::plain::{Language, Texts};
use bezwaar_lens::speaker::{Speaker, put_into_words};
use bezwaar_lens::words::Words;

use crate::{all, shipped};

fn own(language: Language) -> Own {
    let path = format!("{}/../../policies/words.{}.toml", env!("CARGO_MANIFEST_DIR"), language.code());
    Own::parse(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn in_words(language: Language) -> Report {
    let (mut report, own) = (all(&shipped()), own(language));
    report.findings.iter_mut().chain(&mut report.unknown).for_each(|finding| put_into_words(finding, &own));
    report
}

/// Every text of the shipped policies that people read has Dutch words.
#[test]
fn every_text_that_is_shown_has_its_dutch() {
    let own = own(Language::Nl);
    let mut missing: Vec<String> = Vec::new();
    let mut need = |place: &str, text: &str| {
        let known = own.lookup(text).is_some() || ["unknown", "none"].contains(&text);
        if !known {
            missing.push(format!("{place}: {text}"));
        }
    };
    let PolicySet { policies, .. } = shipped();
    for version in policies.values().flat_map(|policy| &policy.versions) {
        let place = &version.file;
        need(place, &version.title);
        need(place, &version.summary);
        for control in &version.controls {
            need(place, &control.title);
            [&control.details.covers, &control.details.deadline].into_iter().flatten().for_each(|text| need(place, text));
        }
        for one in &version.uses {
            [&one.title, &one.purpose, &one.retention, &one.on_deletion].into_iter().for_each(|text| need(place, text));
            [&one.promise, &one.details.interest, &one.details.art9].into_iter().flatten().for_each(|text| need(place, text));
            one.details.kept.iter().for_each(|row| need(place, &row.what));
            one.details.kept.iter().filter_map(|row| row.clause.as_ref()).for_each(|text| need(place, text));
            one.carve_outs.iter().for_each(|carve_out| need(place, &carve_out.title));
        }
        version.claims.iter().flat_map(|claim| [&claim.holder, &claim.says]).for_each(|text| need(place, text));
        for dispute in &version.disputes {
            need(place, &dispute.question);
            dispute.positions.iter().flat_map(|position| [&position.holder, &position.says]).for_each(|text| need(place, text));
        }
    }
    assert!(missing.is_empty(), "{} have no Dutch:\n{}", missing.len(), missing.join("\n"));
}

#[test]
fn findings_have_no_codes() {
    for language in Language::ALL {
        let (texts, plain, own) = (Words::of(language).unwrap(), Texts::of(language).unwrap(), own(language));
        let speaker = Speaker { words: &texts, texts: &plain, own: &own };
        let report = in_words(language);
        let sentence = |finding: &Finding| said(finding, &texts);
        for text in report.findings.iter().chain(&report.unknown).map(sentence) {
            for code in ["third:", "_", "no-end", "P18M", "longer-than-stated"] {
                assert!(!text.contains(code), "{language:?} {code}: {text}");
            }
        }
        let seen = |fact, value: Option<&str>| speaker.seen(&Seen { fact, value: value.map(str::to_owned) });
        let dutch = language == Language::Nl;
        assert_eq!(seen("min_age", None), if dutch { "niet genoemd" } else { "not stated" });
        assert_eq!(seen("recipients", Some("xai, third:*")), if dutch { "xAI, andere bedrijven" } else { "xAI, other companies" });
        assert_eq!(seen("clients", Some("web, app")), if dutch { "het web, de app" } else { "the web, the app" });
        let kept = if dutch { "gegevens over het gebruik: 18 maanden" } else { "usage information: 18 months" };
        assert_eq!(seen("kept", Some("usage information: P18M")), kept);
        assert_eq!(seen("title", Some("Grok setting")), if dutch { "Instelling voor Grok" } else { "Grok setting" });
        let widened = speaker.value("audience", "photo: public");
        assert!(widened.contains(", ") && !widened.contains(": "), "{widened}");
        assert!(!dutch || widened == "foto's, als iedereen het kon zien", "{widened}");
    }
}

#[test]
fn the_dutch_of_some_findings() {
    let texts = Words::of(Language::Nl).unwrap();
    let report = in_words(Language::Nl);
    let told = |version: &str, rule: &str, on: &str| -> Vec<String> {
        let one = |finding: &&Finding| finding.version == version && finding.rule.id == rule && finding.subject.id() == Some(on);
        report.findings.iter().filter(one).map(|finding| said(finding, &texts)).collect()
    };
    assert_eq!(
        told("2024-11-15", "L-06", "x/third-parties"),
        ["Derden kunnen de gegevens krijgen (andere bedrijven), en daar kun je niet apart nee tegen zeggen."]
    );
    assert_eq!(
        told("2024-11-15", "L-07", "x/grok-posts")[0],
        "Langer bewaard dan in de vorige versie: gegevens over het gebruik: 18 maanden → tot het is weggehaald."
    );
    assert_eq!(
        told("2024-06-26", "L-04", "meta/objection-form"),
        ["Je moet eerst inloggen: Bezwaarformulier van 2024 (Facebook, Instagram)."]
    );
    assert_eq!(
        told("2025-06-16", "L-22", "meta/non-user-form"),
        ["Alleen bronnen van vóór 2025-06-16: inloggen, de eigen woorden, waar je het vindt, mensen zonder account."]
    );
}
