//! What changed in the uses.

use std::collections::{BTreeMap, BTreeSet};

use bezwaar_core::item::Audience;
use bezwaar_core::policy::{Assessment, Covers, Declared, Default_, Kept, Named, Notice, Use, Version, When};
use bezwaar_core::region::Region;

use super::{About, Direction, List, paired};

/// Compares the uses: those that are the same, those that came, those that ended.
pub(super) fn compare(old: &Version, new: &Version, list: &mut List) {
    let pairs = paired(old, new);
    for (before, after) in &pairs {
        // The same name both ways round, so that turning the comparison turns the changes and nothing else.
        list.about = About::Use(after.id.clone());
        list.text("id", &before.id, &after.id, Direction::Changed);
        one(before, after, list);
    }
    for ended in old.uses.iter().filter(|one| !pairs.iter().any(|(before, _)| before.id == one.id)) {
        list.about = About::Use(ended.id.clone());
        list.push("use", of_new_use(ended).turned(), vec![ended.title.clone()], Vec::new());
    }
    for added in new.uses.iter().filter(|one| !pairs.iter().any(|(_, after)| after.id == one.id)) {
        list.about = About::Use(added.id.clone());
        list.push("use", of_new_use(added), Vec::new(), vec![added.title.clone()]);
    }
}

/// What a use reaches, for whoever reads of a new one: recipients, data, audience, default, controls; by key, as the file writes it.
pub fn reach(one: &Use) -> Vec<(&'static str, Vec<String>)> {
    let data = audiences(one);
    let categories = data.keys().map(|word| (*word).to_owned()).collect();
    let all = Audience::ALL.len();
    let audience = data.iter().map(|(category, set)| match set.len() {
        many if many == all => format!("{category}: any"),
        _ => format!("{category}: {}", set.iter().copied().collect::<Vec<_>>().join("/")),
    });
    let default = match one.default {
        Default_::On => "on",
        Default_::Off => "off",
        Default_::Unknown => "unknown",
    };
    let controls = if one.controls.is_empty() { vec!["[]".to_owned()] } else { one.controls.clone() };
    vec![
        ("recipients", one.recipients.clone()),
        ("data", categories),
        ("audience", audience.collect()),
        ("default", vec![default.to_owned()]),
        ("controls", controls),
    ]
}

/// A new use is more for the controller; a new promise not to is less.
fn of_new_use(one: &Use) -> Direction {
    if one.declared == Declared::NonUse { Direction::Narrowed } else { Direction::Widened }
}

fn one(before: &Use, after: &Use, list: &mut List) {
    list.text("title", &before.title, &after.title, Direction::Changed);
    list.text("purpose", &before.purpose, &after.purpose, Direction::Changed);
    recipients(before, after, list);
    data(before, after, list);
    scope(before, after, list);
    let basis = if [&before.legal_basis, &after.legal_basis].iter().any(|basis| *basis == "unknown") {
        Direction::Unclear
    } else {
        Direction::Changed
    };
    list.text("legal_basis", &before.legal_basis, &after.legal_basis, basis);
    let controls = |one: &Use| one.controls.iter().cloned().collect();
    list.sets("controls", controls(before), controls(after), Direction::Narrowed);
    list.when("announced", before.announced, after.announced, |_, _| Direction::Changed);
    list.when("effective", before.effective, after.effective, |_, _| Direction::Changed);
    list.when("control_first_offered", before.control_first_offered, after.control_first_offered, |_, _| Direction::Changed);
    list.when("collection_began", before.collection_began, after.collection_began, |before, after| match (before, after) {
        (When::Never, When::Day(_)) => Direction::Widened,
        (When::Day(_), When::Never) => Direction::Narrowed,
        _ => Direction::of_growth(before.day().zip(after.day()).map(|(before, after)| before.cmp(&after))),
    });
    retention(before, after, list);
    list.text("on_deletion", &before.on_deletion, &after.on_deletion, Direction::Unclear);
    list.optional("promise", before.promise.clone(), after.promise.clone(), |_, _| Direction::Changed);
    let carve_outs = |one: &Use| one.carve_outs.iter().map(|carve| carve.id.clone()).collect();
    list.sets("carve_out", carve_outs(before), carve_outs(after), Direction::Narrowed);
    details(before, after, list);
}

/// `third:*` reaches every third party, so naming one of them adds nobody.
fn recipients(before: &Use, after: &Use, list: &mut List) {
    let beyond = |one: &Use, other: &Use| -> Vec<String> {
        let names: BTreeSet<&String> = one.recipients.iter().filter(|name| !other.reaches(name)).collect();
        names.into_iter().cloned().collect()
    };
    let (added, gone) = (beyond(after, before), beyond(before, after));
    if !added.is_empty() {
        list.push("recipients", Direction::Widened, Vec::new(), added);
    }
    if !gone.is_empty() {
        list.push("recipients", Direction::Narrowed, gone, Vec::new());
    }
}

/// Categories, and for those that both take, audiences.
fn data(before: &Use, after: &Use, list: &mut List) {
    let (old, new) = (audiences(before), audiences(after));
    let categories = |of: &BTreeMap<&'static str, BTreeSet<&'static str>>| of.keys().map(|word| (*word).to_owned()).collect();
    list.sets("data", categories(&old), categories(&new), Direction::Widened);
    let pairs = |of: &BTreeMap<&'static str, BTreeSet<&'static str>>, other: &BTreeMap<&'static str, BTreeSet<&'static str>>| {
        let both = of.iter().filter(|(category, _)| other.contains_key(*category));
        both.flat_map(|(category, set)| set.iter().map(move |audience| format!("{category}: {audience}"))).collect()
    };
    list.sets("audience", pairs(&old, &new), pairs(&new, &old), Direction::Widened);
}

fn audiences(one: &Use) -> BTreeMap<&'static str, BTreeSet<&'static str>> {
    let mut found: BTreeMap<&'static str, BTreeSet<&'static str>> = BTreeMap::new();
    for row in &one.data {
        for category in &row.categories {
            let all = Audience::ALL.into_iter().filter(|audience| row.audience.as_ref().is_none_or(|set| set.contains(audience)));
            found.entry(category.as_str()).or_default().extend(all.map(Audience::as_str));
        }
    }
    found
}

/// Whom it concerns: age, regions, people with or without an account; whether it is done, and by default.
fn scope(before: &Use, after: &Use, list: &mut List) {
    let (old, new) = (before.min_age.unwrap_or_default(), after.min_age.unwrap_or_default());
    if old != new {
        list.push("min_age", Direction::of_growth(Some(old.cmp(&new))), vec![old.to_string()], vec![new.to_string()]);
    }
    regions(before, after, list);
    if before.registered != after.registered {
        let direction = match (before.registered, after.registered) {
            (Some(_), None) => Direction::Widened,
            (None, Some(_)) => Direction::Narrowed,
            _ => Direction::Changed,
        };
        let shown = |value: Option<bool>| vec![value.map_or_else(|| "any".to_owned(), |value| value.to_string())];
        list.push("registered", direction, shown(before.registered), shown(after.registered));
    }
    let default = |one: &Use| match one.default {
        Default_::On => Some("on"),
        Default_::Off => Some("off"),
        Default_::Unknown => None,
    };
    list.optional("default", default(before), default(after), |_, now| if *now == "on" { Direction::Widened } else { Direction::Narrowed });
    let declared = |one: &Use| match one.declared {
        Declared::Text => "text",
        Declared::Practice => "practice",
        Declared::NonUse => "non-use",
    };
    let direction = match (before.declared, after.declared) {
        (Declared::NonUse, _) => Direction::Widened,
        (_, Declared::NonUse) => Direction::Narrowed,
        _ => Direction::Changed,
    };
    list.text("declared", declared(before), declared(after), direction);
}

fn regions(before: &Use, after: &Use, list: &mut List) {
    let named = |one: &Use| if one.regions.is_some() { one.regions_named.clone() } else { vec!["everywhere".to_owned()] };
    let (grew, shrank): (bool, bool) = match (&before.regions, &after.regions) {
        (None, None) => (false, false),
        (Some(_), None) => (true, false),
        (None, Some(_)) => (false, true),
        (Some(old), Some(new)) => {
            let beyond = |one: &BTreeSet<Region>, other: &BTreeSet<Region>| one.difference(other).next().is_some();
            (beyond(new, old), beyond(old, new))
        }
    };
    let direction = match (grew, shrank) {
        (false, false) => return,
        (true, false) => Direction::Widened,
        (false, true) => Direction::Narrowed,
        (true, true) => Direction::Changed,
    };
    list.push("regions", direction, named(before), named(after));
}

/// By rows, where both versions have them; the words only where they do not.
fn retention(before: &Use, after: &Use, list: &mut List) {
    let (old, new) = (&before.details.kept, &after.details.kept);
    if old.is_empty() || new.is_empty() {
        list.text("retention", &before.retention, &after.retention, Direction::Unclear);
        return;
    }
    let shown = |row: &Kept| vec![format!("{}: {}", row.what, row.period)];
    for row in old {
        match new.iter().find(|other| other.what == row.what) {
            Some(other) if other.period != row.period => {
                list.push("kept", Direction::of_growth(other.period.compare(row.period)), shown(row), shown(other));
            }
            Some(_) => {}
            None => list.push("kept", Direction::Unclear, shown(row), Vec::new()),
        }
    }
    for row in new.iter().filter(|row| !old.iter().any(|other| other.what == row.what)) {
        list.push("kept", Direction::Unclear, Vec::new(), shown(row));
    }
    let clauses = |rows: &[Kept]| rows.iter().filter_map(|row| row.clause.clone()).collect();
    list.sets("clause", clauses(old), clauses(new), Direction::Widened);
}

fn details(before: &Use, after: &Use, list: &mut List) {
    let (old, new) = (&before.details, &after.details);
    let named = |value: Option<Named>| value.map(Named::as_str);
    list.optional("control_named", named(old.control_named), named(new.control_named), |before, after| {
        grown(&["by-name", "general-link", "not-named"], before, after)
    });
    let covers = |value: Option<Covers>| value.map(Covers::as_str);
    list.optional("control_covers", covers(old.control_covers), covers(new.control_covers), |before, after| {
        grown(&["all", "part", "title-only"], before, after)
    });
    list.optional("interest", old.interest.clone(), new.interest.clone(), |_, _| Direction::Changed);
    let assessment = |value: Option<Assessment>| value.map(Assessment::as_str);
    list.optional("assessment", assessment(old.assessment), assessment(new.assessment), |before, after| {
        grown(&["published", "claimed", "none"], before, after)
    });
    list.truth("special_categories", old.special_categories, new.special_categories, Direction::Widened);
    list.optional("art9", old.art9.clone(), new.art9.clone(), |_, _| Direction::Changed);
    list.truth("deletion_reaches_training", old.deletion_reaches_training, new.deletion_reaches_training, Direction::Narrowed);
    list.truth("separate_notice", old.separate_notice, new.separate_notice, Direction::Narrowed);
    let notice = |value: Option<Notice>| value.map(Notice::as_str);
    list.optional("notice", notice(old.notice), notice(new.notice), |before, after| {
        grown(&["individual", "general", "none"], before, after)
    });
    list.truth("from_others", old.from_others, new.from_others, Direction::Widened);
}

/// Where a step on a scale leads whose later words are worse for the person.
fn grown(scale: &[&str], before: &str, after: &str) -> Direction {
    let place = |word: &str| scale.iter().position(|known| *known == word);
    Direction::of_growth(place(before).zip(place(after)).map(|(before, after)| after.cmp(&before)))
}
