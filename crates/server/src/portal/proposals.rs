//! What one approver proposes and another has to approve: that objections are declared void. Kept in memory: after a restart it is proposed again.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use bezwaar_core::time::Instant;
use bezwaar_ledger::event::VoidReason;
use bezwaar_register::intake::cases::{CaseNumber, FloodSelection};
use bezwaar_register::intake::looks::StaffId;

/// How long a proposal waits: 7 days.
pub const PROPOSAL_MICROS: i64 = 7 * 86_400_000_000;
/// The most proposals that wait; past it the oldest goes.
pub const PROPOSALS_MAX: usize = 1_000;

/// A proposal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Proposal {
    pub(crate) reason: VoidReason,
    pub(crate) by: StaffId,
    pub(crate) at: Instant,
    /// A selection of a flood; none: one case.
    pub(crate) selection: Option<FloodSelection>,
    /// The cases that were looked at, with the acts of each: what was not seen is not declared void.
    pub(crate) seen: BTreeMap<CaseNumber, Vec<String>>,
}

/// Those that wait.
#[derive(Debug, Default)]
pub(crate) struct Proposals {
    cases: Mutex<BTreeMap<CaseNumber, Proposal>>,
    floods: Mutex<BTreeMap<String, Proposal>>,
}

fn keep<K: Ord + Clone>(held: &Mutex<BTreeMap<K, Proposal>>, key: K, proposal: Proposal) {
    let mut held = held.lock().unwrap_or_else(PoisonError::into_inner);
    let now = proposal.at;
    held.retain(|_, other| now < other.at.plus_micros(PROPOSAL_MICROS));
    if held.len() >= PROPOSALS_MAX
        && let Some(oldest) = held.iter().min_by_key(|(_, other)| other.at).map(|(key, _)| key.clone())
    {
        held.remove(&oldest);
    }
    held.insert(key, proposal);
}

impl Proposals {
    pub(crate) fn propose_case(&self, case: (CaseNumber, Vec<String>), reason: VoidReason, by: &StaffId, at: Instant) {
        let (number, acts) = case;
        keep(&self.cases, number, Proposal { reason, by: by.clone(), at, selection: None, seen: BTreeMap::from([(number, acts)]) });
    }

    pub(crate) fn of_case(&self, number: CaseNumber) -> Option<Proposal> {
        self.cases.lock().unwrap_or_else(PoisonError::into_inner).get(&number).cloned()
    }

    pub(crate) fn drop_case(&self, number: CaseNumber) {
        self.cases.lock().unwrap_or_else(PoisonError::into_inner).remove(&number);
    }

    pub(crate) fn propose_flood(&self, name: String, proposal: Proposal) {
        keep(&self.floods, name, proposal);
    }

    pub(crate) fn floods(&self) -> Vec<(String, Proposal)> {
        let floods = self.floods.lock().unwrap_or_else(PoisonError::into_inner);
        floods.iter().map(|(name, proposal)| (name.clone(), proposal.clone())).collect()
    }

    pub(crate) fn flood(&self, name: &str) -> Option<Proposal> {
        self.floods.lock().unwrap_or_else(PoisonError::into_inner).get(name).cloned()
    }

    pub(crate) fn drop_flood(&self, name: &str) {
        self.floods.lock().unwrap_or_else(PoisonError::into_inner).remove(name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_many_proposals_wait_and_no_more() {
        let (proposals, by) = (Proposals::default(), StaffId::parse("a").expect("an id"));
        let at = |number: usize| Instant::from_micros(i64::try_from(number).expect("small"));
        for number in 0..=PROPOSALS_MAX {
            proposals.propose_case((CaseNumber(number as u64), Vec::new()), VoidReason::FiledByAutomation, &by, at(number));
        }
        assert!(proposals.of_case(CaseNumber(0)).is_none());
        assert!(proposals.of_case(CaseNumber(1)).is_some());
        proposals.propose_case(
            (CaseNumber(9_999), Vec::new()),
            VoidReason::FiledByAutomation,
            &by,
            at(PROPOSALS_MAX).plus_micros(PROPOSAL_MICROS),
        );
        assert!(proposals.of_case(CaseNumber(5)).is_none());
    }
}
