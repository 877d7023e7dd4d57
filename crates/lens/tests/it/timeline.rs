//! Timelines: the gap, what is unknown, and that nothing is made up.

use bezwaar_core::policy::When;
use bezwaar_core::time::Day;
use bezwaar_lens::plain::{Language, Texts};
use bezwaar_lens::timeline::{Gap, MarkKind, WIDTH_MIN, gap, svg, terminal, timeline};
use proptest::prelude::*;

use crate::{club, day, shipped};

const TODAY: &str = "2026-11-22";

fn texts(language: Language) -> Texts {
    Texts::of(language).unwrap()
}

#[test]
fn seventy_days_are_seen_at_a_glance() {
    let policies = shipped();
    let found = timeline(&policies.policies["x"], day(TODAY));
    let row = found.rows.iter().find(|row| row.use_id == "x/grok-posts").unwrap();
    assert_eq!(row.gap, Gap::Closed { from: day("2024-05-07"), until: day("2024-07-16"), days: 70 });
    assert_eq!(row.gap_words(&texts(Language::En)), "70 days without a way to say no (disputed: D1)");
    assert_eq!(row.gap_words(&texts(Language::Nl)), "70 dagen zonder een manier om nee te zeggen (men is het niet eens: D1)");
    let lines = terminal(&found, &texts(Language::En), 80);
    let at = lines.iter().position(|line| line.contains("x/grok-posts")).unwrap();
    assert_eq!(
        lines[at..at + 10],
        [
            "Grok: public posts (x/grok-posts)",
            "  2023-07   |2024                  |2025                  |2026          2026-11",
            "  ··················▼###●=======□===============================================",
            "                    xxxxxx",
            "  !! 70 days without a way to say no (disputed: D1)",
            "  ○  people were not told before it began; when later is unknown",
            "  □  text in force: 15 November 2024",
            "  ▼  collection began: 7 May 2024",
            "  ●  a way to say no: 16 July 2024",
            "  x  taken out: 7 May 2024 – 1 August 2024 (X's undertaking to the Irish DPC",
        ]
    );
}

/// A day by which something was there is never shown as the day it came.
#[test]
fn a_day_at_the_latest_is_told_as_such() {
    let policies = shipped();
    let found = timeline(&policies.policies["meta"], day(TODAY));
    let lines = terminal(&found, &texts(Language::En), 120).join("\n");
    assert!(lines.contains("a way to say no: 29 April 2025 at the latest, the day is not known"), "{lines}");
    assert!(lines.contains("a way to say no: 14 April 2025\n"), "{lines}");
    let late = club(["2026-01-01", "2026-01-01", "2026-01-01", "2026-02-01"], "at_latest = [\"control_first_offered\"]");
    let row = &timeline(&late, day(TODAY)).rows[0];
    assert_eq!(row.gap_words(&texts(Language::En)), "31 days at most without a way to say no");
    assert_eq!(row.gap_words(&texts(Language::Nl)), "hoogstens 31 dagen zonder een manier om nee te zeggen");
}

#[test]
fn what_lies_between_collection_and_control() {
    let when = |text: &str| match text {
        "unknown" => When::Unknown,
        "never" => When::Never,
        text => When::Day(day(text)),
    };
    let check = |collection: &str, control: &str, expect: Gap| {
        assert_eq!(gap(when(collection), when(control), day("2026-06-01")), expect, "{collection} {control}");
    };
    check("2026-03-01", "2026-03-01", Gap::None);
    check("2026-03-01", "2026-02-01", Gap::None);
    check("2026-03-01", "2026-03-02", Gap::Closed { from: day("2026-03-01"), until: day("2026-03-02"), days: 1 });
    check("2026-05-01", "never", Gap::Open { from: day("2026-05-01"), days: 31 });
    // A control announced for later is none yet.
    check("2026-05-01", "2026-09-01", Gap::Open { from: day("2026-05-01"), days: 31 });
    check("2026-05-01", "2026-06-01", Gap::Closed { from: day("2026-05-01"), until: day("2026-06-01"), days: 31 });
    check("2026-06-02", "never", Gap::NotBegun);
    check("never", "never", Gap::NotBegun);
    check("2026-05-01", "unknown", Gap::ControlUnknown);
    check("unknown", "never", Gap::OpenUndated);
    check("unknown", "2026-05-01", Gap::CollectionUnknown);
    check("unknown", "unknown", Gap::BothUnknown);
}

#[test]
fn a_non_use_has_no_gap() {
    let policy = club(["unknown", "2026-01-01", "never", "never"], "declared = \"non-use\"\npromise = \"never\"");
    let found = timeline(&policy, day(TODAY));
    assert_eq!(found.rows[0].gap, Gap::NonUse);
    assert!(found.description(&texts(Language::En)).contains("promised not to be done"));
}

#[test]
fn a_picture_is_safe_named_and_needs_nothing_from_elsewhere() {
    let policies = shipped();
    for policy in policies.policies.values().chain([&club(["unknown", "2026-01-01", "2026-01-01", "never"], "")]) {
        for language in Language::ALL {
            let found = timeline(policy, day(TODAY));
            let picture = svg(&found, &texts(language));
            let rest = picture.replacen("http://www.w3.org/2000/svg", "", 1);
            for word in ["<script", "http:", "https:", "@import", "@font-face", "href", "NaN", "inf", "{", "}"] {
                let style = word == "{" || word == "}";
                let searched = if style { rest.split("</style>").nth(1).unwrap() } else { &rest };
                assert!(!searched.contains(word), "{}: {word}", policy.id);
            }
            assert!(picture.starts_with("<svg ") && picture.contains("<title id=") && picture.contains("<desc id="));
            assert!(picture.contains("prefers-color-scheme:dark"));
            assert_eq!(picture.matches('<').count(), picture.matches('>').count(), "{}", policy.id);
        }
    }
    let picture = svg(&timeline(&club(["unknown", "2026-01-01", "2026-01-01", "never"], ""), day(TODAY)), &texts(Language::En));
    assert!(picture.contains("The model &amp; &lt;more&gt;"));
}

#[test]
fn marks_have_signs_of_their_own() {
    let signs: std::collections::BTreeSet<char> = MarkKind::ALL.into_iter().map(MarkKind::sign).collect();
    assert_eq!(signs.len(), 4);
}

fn any_date() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("unknown".to_owned()),
        Just("never".to_owned()),
        (0i64..2500).prop_map(|days| Day::from_days(19_000 + days).unwrap().to_string())
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    /// No line is wider than asked for, every known date is said, and no other date is.
    #[test]
    fn charts_fit_and_say_what_is_known(dates in [any_date(), any_date(), any_date(), any_date()], width in 0usize..120) {
        let policy = club([&dates[0], &dates[1], &dates[2], &dates[3]], "");
        let found = timeline(&policy, day(TODAY));
        let texts = texts(Language::En);
        let lines = terminal(&found, &texts, width);
        prop_assert!(lines.iter().all(|line| line.chars().count() <= width.max(WIDTH_MIN)), "{:#?}", lines);
        let description = found.description(&texts);
        for (date, kind) in dates.iter().zip(MarkKind::ALL) {
            let missing = kind == MarkKind::Control && date == "never";
            if missing {
                prop_assert!(description.contains("no button or form of its own is known"), "{}", description);
                continue;
            }
            let said = Day::parse(date).map_or_else(|_| date.clone(), |day| texts.day(day));
            prop_assert!(description.contains(&said), "{} {}", date, description);
        }
        let track = &lines[lines.iter().position(|line| line.starts_with("The model")).unwrap() + 2];
        for (kind, date) in MarkKind::ALL.into_iter().zip(&dates) {
            prop_assert_eq!(track.contains(kind.sign()), Day::parse(date).is_ok(), "{:?} {}", kind, track);
        }
        let offered = matches!(found.rows[0].gap, Gap::None | Gap::Closed { .. });
        prop_assert!(offered || !track.contains('='), "what is not known to be collected is not drawn as collected");
        let dated = matches!(found.rows[0].gap, Gap::Closed { .. } | Gap::Open { .. });
        prop_assert!(dated || !track.contains('#'));
        let picture = svg(&found, &texts);
        prop_assert!(!picture.contains("NaN") && !picture.contains("=\"-"), "{}", picture);
    }
}
