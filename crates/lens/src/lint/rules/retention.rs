//! Rules about how long.

use std::cmp::Ordering;

use bezwaar_core::policy::{Kept, Period, Use};

use super::super::look::{Look, Out, Spot};
use crate::diff::paired;

/// Data are kept for a time that ends, and not longer than the version before said.
pub(super) fn l07<'a>(look: &'a Look<'a>, out: &mut Out<'a>) {
    let pairs = look.older.map(|older| paired(older, look.version)).unwrap_or_default();
    for one in look.uses() {
        let kept = &one.details.kept;
        if kept.is_empty() {
            out.unknown(&[Spot::Use(one, "kept")]);
            continue;
        }
        let unknown: Vec<Spot<'_>> = rows(one, kept, |row| row.period == Period::Unknown);
        if !unknown.is_empty() {
            out.unknown(&unknown);
        }
        let endless: Vec<Spot<'_>> = rows(one, kept, |row| row.period == Period::NoEnd);
        if !endless.is_empty() {
            let what = named(kept, |row| row.period == Period::NoEnd, |row| row.what.clone());
            out.fires("no-end", &endless, &[("what", what)]);
        }
        let Some((before, _)) = pairs.iter().find(|(_, after)| after.id == one.id) else { continue };
        let older = |row: &Kept| before.details.kept.iter().find(|other| other.what == row.what).map(|other| other.period);
        let longer = |row: &Kept| older(row).is_some_and(|period| row.period.compare(period) == Some(Ordering::Greater));
        let widened: Vec<Spot<'_>> = rows(one, kept, longer);
        if !widened.is_empty() {
            let shown =
                |row: &Kept| format!("{}: {} → {}", row.what, older(row).map(|period| period.to_string()).unwrap_or_default(), row.period);
            out.fires("widened", &widened, &[("what", named(kept, longer, shown))]);
        }
        // Only where the version before was written in rows too can a clause be called new.
        let known = |clause: &String| before.details.kept.iter().any(|other| other.clause.as_ref() == Some(clause));
        let fresh = |row: &Kept| row.clause.as_ref().is_some_and(|clause| !known(clause));
        let clauses: Vec<Spot<'_>> = if before.details.kept.is_empty() { Vec::new() } else { rows(one, kept, fresh) };
        if !clauses.is_empty() {
            let what = named(kept, fresh, |row| row.clause.clone().unwrap_or_default());
            out.fires("clause", &clauses, &[("what", what)]);
        }
    }
}

fn rows<'a>(one: &'a Use, kept: &'a [Kept], wanted: impl Fn(&Kept) -> bool) -> Vec<Spot<'a>> {
    kept.iter().filter(|row| wanted(row)).map(|row| Spot::Kept(one, row.what.as_str())).collect()
}

fn named(kept: &[Kept], wanted: impl Fn(&Kept) -> bool, shown: impl Fn(&Kept) -> String) -> String {
    kept.iter().filter(|row| wanted(row)).map(shown).collect::<Vec<_>>().join("; ")
}

/// Deleting reaches the copies made for training.
pub(super) fn l18<'a>(look: &'a Look<'a>, out: &mut Out<'a>) {
    for one in look.uses() {
        match one.details.deletion_reaches_training {
            Some(false) => out.fires("not", &[Spot::Use(one, "deletion_reaches_training")], &[]),
            Some(true) => {}
            None => out.unknown(&[Spot::Use(one, "deletion_reaches_training")]),
        }
    }
}
