//! Counting decisions: each code three ways, and nothing about people but how many.

use std::collections::BTreeMap;

use bezwaar_core::{Code, Group, ReasonSet};
use serde::{Deserialize, Serialize};

use crate::formats::Decided;

/// How many records were kept and why the others were not.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// Records read.
    pub read: u64,
    /// Records kept.
    pub kept: u64,
    /// Withheld records by their set of reasons, as bits.
    pub sets: BTreeMap<u64, u64>,
    /// Withheld records with a reason that rests on provisional acts alone: on what people said who are not yet confirmed to be who
    /// they say.
    #[serde(default)]
    pub provisional: u64,
}

/// One code's counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CodeCount {
    /// Records withheld for this reason, alone or with others.
    pub any: u64,
    /// Records for which it is the first reason in the fixed order.
    pub first: u64,
    /// Records that would pass but for it.
    pub only: u64,
}

impl Tally {
    pub(crate) fn add_decided(&mut self, decided: &Decided) {
        self.add(&decided.bits);
        self.provisional += decided.provisional;
    }

    /// Counts the verdicts of a batch.
    pub fn add(&mut self, bits: &[u64]) {
        self.read += bits.len() as u64;
        // Few sets follow each other for long; a short memory avoids most look-ups.
        let mut run = (0_u64, 0_u64);
        for set in bits {
            if *set == run.0 {
                run.1 += 1;
            } else {
                self.count(run);
                run = (*set, 1);
            }
        }
        self.count(run);
    }

    fn count(&mut self, (set, times): (u64, u64)) {
        if times == 0 {
        } else if set == 0 {
            self.kept += times;
        } else {
            *self.sets.entry(set).or_default() += times;
        }
    }

    /// Adds another tally.
    pub fn merge(&mut self, other: &Tally) {
        self.read += other.read;
        self.kept += other.kept;
        self.provisional += other.provisional;
        for (set, times) in &other.sets {
            *self.sets.entry(*set).or_default() += times;
        }
    }

    /// Records withheld.
    pub fn withheld(&self) -> u64 {
        self.read - self.kept.min(self.read)
    }

    /// The counts of every code that occurs, in the fixed order.
    pub fn codes(&self) -> Vec<(Code, CodeCount)> {
        let mut counts = Vec::new();
        for code in Code::ALL {
            let mut count = CodeCount::default();
            for (bits, times) in &self.sets {
                let set = ReasonSet::from_bits(*bits);
                if set.contains(*code) {
                    count.any += times;
                    count.first += if set.iter().next() == Some(*code) { *times } else { 0 };
                    count.only += if set == ReasonSet::of(*code) { *times } else { 0 };
                }
            }
            if count.any > 0 {
                counts.push((*code, count));
            }
        }
        counts
    }

    /// Records with at least one reason of each group, in reading order.
    pub fn groups(&self) -> Vec<(Group, u64)> {
        let of = |group: Group| {
            let sets = self.sets.iter().filter(|(bits, _)| ReasonSet::from_bits(**bits).iter().any(|code| code.group() == group));
            sets.map(|(_, times)| *times).sum::<u64>()
        };
        Group::ALL.into_iter().map(|group| (group, of(group))).filter(|(_, times)| *times > 0).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_code_three_ways() {
        let objected = ReasonSet::of(Code::Objected).bits();
        let region = ReasonSet::of(Code::RegionUnknown).bits();
        let mut tally = Tally::default();
        tally.add(&[0, 0, objected, objected | region, region, region]);
        assert_eq!((tally.read, tally.kept, tally.withheld()), (6, 2, 4));
        assert_eq!(
            tally.codes(),
            [(Code::RegionUnknown, CodeCount { any: 3, first: 3, only: 2 }), (Code::Objected, CodeCount { any: 2, first: 1, only: 1 }),]
        );
        let mut twice = tally.clone();
        twice.merge(&tally);
        assert_eq!(twice.withheld(), 8);
    }
}
