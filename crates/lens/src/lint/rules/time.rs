//! Rules about what came first.

use std::collections::BTreeMap;

use bezwaar_core::policy::{Default_, Notice, Use, When};

use super::super::look::{Look, Out, Spot, at_latest};
use crate::diff::{About, Direction};

/// Days between telling and using below which a person had no time: the project's measure, after the month platforms give themselves.
pub const NOTICE_DAYS_MIN: i64 = 30;

/// The way to say no is there when the collection begins.
pub(super) fn l02<'a>(look: &'a Look<'a>, out: &mut Out<'a>) {
    for one in look.uses().filter(|one| one.default != Default_::Off) {
        let spots = [Spot::Use(one, "control_first_offered"), Spot::Use(one, "collection_began")];
        match (one.collection_began, one.control_first_offered) {
            // It may have been there before.
            (When::Day(began), When::Day(offered)) if began < offered && at_latest(Spot::Use(one, "control_first_offered")) => {
                out.unknown(&[Spot::Use(one, "control_first_offered")]);
            }
            (When::Day(began), When::Day(offered)) if began < offered => {
                let days = began.days_until(offered);
                let mut values = vec![("began", began.to_string()), ("offered", offered.to_string()), ("days", days.to_string())];
                // A use that is owed by contract or law has no right to object to come late with.
                if ["contract", "legal-obligation"].contains(&one.legal_basis.as_str()) {
                    values.push(("basis", one.legal_basis.clone()));
                    out.fires("late-ground", &[spots.as_slice(), &[Spot::Use(one, "legal_basis")]].concat(), &values);
                } else {
                    out.fires("late", &spots, &values);
                }
            }
            // Never collected; or never a control, which is another rule's.
            (When::Never, _) | (_, When::Never) => {}
            (When::Unknown, When::Unknown) => out.unknown(&spots),
            (When::Unknown, _) => out.unknown(&[Spot::Use(one, "collection_began")]),
            (_, When::Unknown) => out.unknown(&[Spot::Use(one, "control_first_offered")]),
            (When::Day(_), When::Day(_)) => {}
        }
    }
}

/// People are told of the right clearly and apart.
pub(super) fn g06<'a>(look: &'a Look<'a>, out: &mut Out<'a>) {
    for one in look.uses().filter(|one| one.default != Default_::Off) {
        match one.details.separate_notice {
            Some(false) => out.fires("not", &[Spot::Use(one, "separate_notice")], &[]),
            Some(true) => {}
            None => out.unknown(&[Spot::Use(one, "separate_notice")]),
        }
    }
}

/// A model forgets nothing, so people have time between telling and using.
pub(super) fn l05<'a>(look: &'a Look<'a>, out: &mut Out<'a>) {
    for one in look.uses().filter(|one| one.default != Default_::Off) {
        let start = match (one.collection_began.day(), one.effective.day()) {
            (Some(began), Some(effective)) => began.min(effective),
            (Some(day), None) | (None, Some(day)) => day,
            (None, None) => {
                out.unknown(&[Spot::Use(one, "collection_began"), Spot::Use(one, "effective")]);
                continue;
            }
        };
        let start_fact = if one.collection_began.day() == Some(start) { "collection_began" } else { "effective" };
        let spots = [Spot::Use(one, "announced"), Spot::Use(one, start_fact)];
        match one.announced {
            When::Never => out.fires("never", &spots, &[("start", start.to_string())]),
            When::Day(told) => {
                let days = told.days_until(start);
                // People may have been told before that day.
                if days < NOTICE_DAYS_MIN && at_latest(Spot::Use(one, "announced")) {
                    out.unknown(&[Spot::Use(one, "announced")]);
                    continue;
                }
                // Told after it began is another rule's.
                if (0..NOTICE_DAYS_MIN).contains(&days) {
                    let values = [("told", told.to_string()), ("start", start.to_string()), ("days", days.to_string())];
                    out.fires("short", &spots, &values);
                }
            }
            When::Unknown => out.unknown(&[Spot::Use(one, "announced")]),
        }
    }
}

/// The facts whose widening makes a use reach more than people were told.
const SCOPE: &[&str] = &["use", "recipients", "data", "audience", "min_age", "regions", "registered", "default", "from_others"];

/// More is used only after people were told anew.
pub(super) fn l10<'a>(look: &'a Look<'a>, out: &mut Out<'a>) {
    let (Some(older), Some(diff)) = (look.older, &look.diff) else { return };
    let mut widened: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for change in diff.changes.iter().filter(|change| change.direction == Direction::Widened && SCOPE.contains(&change.fact)) {
        if let About::Use(id) = &change.about {
            widened.entry(id.as_str()).or_default().push(change.fact);
        }
    }
    for (id, facts) in widened {
        let Some(one) = look.uses().find(|one| one.id == id) else { continue };
        if one.default == Default_::Off {
            continue;
        }
        let added = facts.contains(&"use");
        let (told, starts) = if added { (one.announced, one.effective.day()) } else { (look.version.published, None) };
        let starts = starts.unwrap_or(look.version.effective);
        let spots = spots_of_widening(one, &facts, added);
        let gap = older.effective.days_until(starts);
        let what = if added { "use".to_owned() } else { facts.join(", ") };
        let values = vec![
            ("what", what),
            ("older", older.effective.to_string()),
            ("start", starts.to_string()),
            ("gap", gap.to_string()),
            ("told", told.to_string()),
            ("days", told.day().map(|day| day.days_until(starts)).unwrap_or_default().to_string()),
        ];
        let kind = if added { "new" } else { "more" };
        match told {
            When::Day(day) if added && day.days_until(starts) < NOTICE_DAYS_MIN && at_latest(Spot::Use(one, "announced")) => {
                out.unknown(&[Spot::Use(one, "announced")]);
            }
            When::Never => out.fires(variant(kind, "never"), &spots, &values),
            When::Day(day) if day.days_until(starts) <= 0 => out.fires(variant(kind, "late"), &spots, &values),
            When::Day(day) if day.days_until(starts) < NOTICE_DAYS_MIN => out.fires(variant(kind, "short"), &spots, &values),
            When::Day(_) => {}
            // That the version before is so young is known, whenever people were told.
            When::Unknown if (0..NOTICE_DAYS_MIN).contains(&gap) => out.fires(variant(kind, "gap"), &spots, &values),
            When::Unknown => out.unknown(&[if added { Spot::Use(one, "announced") } else { Spot::Version("published") }]),
        }
    }
}

fn variant(kind: &str, how: &str) -> &'static str {
    match (kind, how) {
        ("new", "never") => "new-never",
        ("new", "late") => "new-late",
        ("new", "short") => "new-short",
        ("new", _) => "new-gap",
        (_, "never") => "more-never",
        (_, "late") => "more-late",
        (_, "short") => "more-short",
        _ => "more-gap",
    }
}

fn spots_of_widening<'a>(one: &'a Use, facts: &[&str], added: bool) -> Vec<Spot<'a>> {
    if added {
        return vec![Spot::Use(one, "effective"), Spot::Use(one, "announced")];
    }
    let known = SCOPE.iter().filter(|fact| facts.contains(*fact));
    // The audience is written in the rows of data.
    let spots = known.map(|fact| Spot::Use(one, if *fact == "audience" { "data" } else { fact }));
    spots.chain([Spot::Version("published"), Spot::Version("effective")]).collect()
}

/// People are told of a new purpose before it, each of them.
pub(super) fn g22<'a>(look: &'a Look<'a>, out: &mut Out<'a>) {
    for one in look.uses().filter(|one| one.default != Default_::Off) {
        let spot = Spot::Use(one, "notice");
        match one.details.notice {
            Some(Notice::None) => out.fires("none", &[spot], &[]),
            Some(Notice::General) => out.fires("general", &[spot], &[]),
            Some(Notice::Individual) => {}
            None => out.unknown(&[spot]),
        }
        if let (When::Day(told), When::Day(began)) = (one.announced, one.collection_began)
            && began < told
        {
            if at_latest(Spot::Use(one, "announced")) {
                out.unknown(&[Spot::Use(one, "announced")]);
                continue;
            }
            let values = [("told", told.to_string()), ("began", began.to_string()), ("days", began.days_until(told).to_string())];
            out.fires("late", &[Spot::Use(one, "announced"), Spot::Use(one, "collection_began")], &values);
        }
    }
}

/// Who stands in what others make is told too, at least in general: Article 14(5)(b) asks for no less.
pub(super) fn g23<'a>(look: &'a Look<'a>, out: &mut Out<'a>) {
    for one in look.uses().filter(|one| one.default != Default_::Off) {
        let fact = match (one.details.from_others, one.registered) {
            (Some(true), _) => "from_others",
            (_, Some(false)) => "registered",
            (Some(false), _) => continue,
            (None, _) => {
                out.unknown(&[Spot::Use(one, "from_others")]);
                continue;
            }
        };
        match one.details.notice {
            Some(Notice::None) => out.fires("none", &[Spot::Use(one, "notice"), Spot::Use(one, fact)], &[]),
            Some(Notice::General | Notice::Individual) => {}
            None => out.unknown(&[Spot::Use(one, "notice")]),
        }
    }
}
