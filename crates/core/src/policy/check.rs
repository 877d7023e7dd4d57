//! Checks over all versions of a policy together.

use std::collections::BTreeSet;

use super::model::{Declared, Use};
use super::read::Read;
use crate::problem::Problem;
use crate::region::Region;
use crate::rules::{BREAKPOINTS_MAX, REGION_SETS_MAX};

/// Most uses, and most disputes, in one version.
const RULES_MAX: usize = 200;

/// Checks versions against each other; `read` is sorted by policy and effective day.
pub(super) fn check_set(read: &[Read<'_>], problems: &mut Vec<Problem>) {
    for one in read {
        check_limits(one, problems);
    }
    for pair in read.windows(2) {
        let [older, newer] = pair else { continue };
        if older.policy_id != newer.policy_id {
            continue;
        }
        if older.version.effective == newer.version.effective {
            let message = format!("takes effect on {}, as does `{}`: versions must not overlap", newer.version.effective, older.file.path);
            let problem = Problem::new(&newer.file.path, newer.version_span.clone(), message);
            problems.push(problem.with_help("give one of them another day; each version runs until the next begins"));
        }
        if older.version.zone != newer.version.zone {
            let message = format!("the zone differs from that of `{}`", older.file.path);
            let problem = Problem::new(&newer.file.path, newer.version_span.clone(), message);
            problems.push(problem.with_help("all versions of a policy begin their days in one zone"));
        }
    }
    for (place, newer) in read.iter().enumerate() {
        let older = read.iter().take(place).filter(|older| older.policy_id == newer.policy_id);
        check_continues(&older.collect::<Vec<_>>(), newer, problems);
    }
    for one in read {
        let before: BTreeSet<&str> = read
            .iter()
            .filter(|other| other.policy_id == one.policy_id && other.version.effective <= one.version.effective)
            .flat_map(|other| other.version.uses.iter().map(|one| one.id.as_str()))
            .collect();
        for (position, current) in one.version.uses.iter().enumerate() {
            for id in current.continues.iter().filter(|id| !before.contains(id.as_str())) {
                let span = one.use_spans.get(position).cloned().unwrap_or_default();
                let problem = Problem::new(&one.file.path, span, format!("continues `{id}`, which no version up to this one has"));
                problems.push(problem.with_help("name a use of this or an older version of the same policy"));
            }
        }
    }
}

fn check_limits(one: &Read<'_>, problems: &mut Vec<Problem>) {
    let mut limit = |span: std::ops::Range<usize>, what: &str, found: usize, most: usize| {
        if found > most {
            let problem = Problem::new(&one.file.path, span, format!("{found} {what}; at most {most} are read"));
            problems.push(problem.with_help("split the policy, or fold rules that say the same"));
        }
    };
    limit(one.version_span.clone(), "uses", one.version.uses.len(), RULES_MAX);
    limit(one.version_span.clone(), "disputes", one.version.disputes.len(), RULES_MAX);
    for (position, current) in one.version.uses.iter().enumerate() {
        let span = one.use_spans.get(position).cloned().unwrap_or_default();
        let disputes: Vec<_> = one.version.disputes.iter().filter(|dispute| dispute.uses.contains(&current.id)).collect();
        let own = current.regions.iter();
        let carved = current.carve_outs.iter().filter_map(|carve| carve.regions.as_ref());
        let sets: BTreeSet<&BTreeSet<Region>> =
            own.chain(carved).chain(disputes.iter().filter_map(|dispute| dispute.regions.as_ref())).collect();
        limit(span.clone(), "different sets of regions", sets.len(), REGION_SETS_MAX);
        limit(
            span.clone(),
            "ends of windows",
            current.carve_outs.iter().filter(|carve| carve.window.is_some()).count() * 2,
            BREAKPOINTS_MAX,
        );
        let ages: BTreeSet<i64> = current.min_age.into_iter().chain(disputes.iter().filter_map(|dispute| dispute.age_below)).collect();
        limit(span, "ages", ages.len(), BREAKPOINTS_MAX);
    }
}

/// A use that takes what an older one took, for the same recipients, goes on with it, unless it did so under its own name before: it
/// must say so, or whoever objected to the older one would be freed by a new name.
fn check_continues(older: &[&Read<'_>], newer: &Read<'_>, problems: &mut Vec<Problem>) {
    for (position, current) in newer.version.uses.iter().enumerate() {
        let known = older.iter().any(|older| older.version.lookup_use(&current.id).is_some_and(|before| takes_all_of(before, current)));
        let continued = continued_by(older, newer, current);
        let mut told: BTreeSet<&str> = BTreeSet::new();
        for (file, before) in older.iter().rev().flat_map(|older| older.version.uses.iter().map(|before| (older.file, before))) {
            if known || continued.contains(before.id.as_str()) || !overlaps(before, current) || !told.insert(&before.id) {
                continue;
            }
            let span = newer.use_spans.get(position).cloned().unwrap_or_default();
            let message = format!(
                "`{}` takes data for recipients that `{}` took in `{}`, and does not say that it continues it",
                current.id, before.id, file.path
            );
            let help = format!("add continues = [\"{}\"], so that who objected to it stays out", before.id);
            problems.push(Problem::new(&newer.file.path, span, message).with_help(help));
        }
    }
}

/// A use and everything it continues, directly or through others, in its version or an older one.
fn continued_by<'r>(older: &[&'r Read<'_>], newer: &'r Read<'_>, start: &'r Use) -> BTreeSet<&'r str> {
    let mut found = BTreeSet::new();
    let mut queue: Vec<&str> = vec![&start.id];
    while let Some(next) = queue.pop() {
        if found.insert(next) {
            let named = older.iter().chain([&newer]).filter_map(|read| read.version.lookup_use(next));
            queue.extend(named.flat_map(|one| one.continues.iter().map(String::as_str)));
        }
    }
    found
}

/// Whether a use took all that another takes: data, recipients and people.
fn takes_all_of(before: &Use, current: &Use) -> bool {
    let regions = match (&before.regions, &current.regions) {
        (None, _) => true,
        (Some(_), None) => false,
        (Some(before), Some(current)) => before.is_superset(current),
    };
    let registered = before.registered.is_none() || before.registered == current.registered;
    let recipients = current.recipients.iter().all(|one| before.reaches(one) || before.recipients.contains(one));
    let ages = before.min_age.unwrap_or_default() <= current.min_age.unwrap_or_default();
    regions && registered && ages && recipients && data_of(before).is_superset(&data_of(current))
}

/// Every category with every audience a use takes it for.
fn data_of(one: &Use) -> BTreeSet<(crate::item::Category, crate::item::Audience)> {
    let mut found = BTreeSet::new();
    for row in &one.data {
        for category in &row.categories {
            for audience in crate::item::Audience::ALL {
                if row.audience.as_ref().is_none_or(|set| set.contains(&audience)) {
                    found.insert((*category, audience));
                }
            }
        }
    }
    found
}

fn overlaps(before: &Use, current: &Use) -> bool {
    let promised = before.declared == Declared::NonUse || current.declared == Declared::NonUse;
    let apart = matches!((before.registered, current.registered), (Some(left), Some(right)) if left != right);
    let regions_apart = matches!((&before.regions, &current.regions), (Some(left), Some(right)) if left.is_disjoint(right));
    let recipients = before.recipients.iter().any(|one| current.reaches(one) || current.recipients.contains(one))
        || current.recipients.iter().any(|one| before.reaches(one));
    !promised && !apart && !regions_apart && recipients && !data_of(before).is_disjoint(&data_of(current))
}
