//! Floods: provisional objections at a glance, by hour and by where they came from, and voiding a selection of them by the book.

use bezwaar_core::time::Instant;
use bezwaar_ledger::event::VoidReason;

use super::index::{HOUR_MICROS, MarkKind};
use super::{Case, CaseNumber, CaseState, Mark};
use crate::intake::Intake;
use crate::intake::error::{IntakeError, Refusal};

/// How many hours back a flood is shown.
pub const FLOOD_HOURS: i64 = 72;
/// The most contacts, and the most networks, that are shown.
pub const FLOOD_SOURCES_MAX: usize = 50;
/// The most cases that are voided in one step.
pub const VOIDS_AT_ONCE_MAX: usize = 200;

/// Open provisional cases at a glance.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Flood {
    /// How many were opened in each of the last [`FLOOD_HOURS`] hours that had any, by when the hour began.
    pub hours: Vec<(Instant, u64)>,
    /// The contacts most of them came from, with how many.
    pub contacts: Vec<(Mark, u64)>,
    /// The networks most of them came from, with how many.
    pub networks: Vec<(Mark, u64)>,
}

/// Which provisional cases are to be voided: those that meet all that is given. A contact or a network must be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FloodSelection {
    /// From this contact.
    pub contact: Option<Mark>,
    /// From this network.
    pub network: Option<Mark>,
    /// Opened at this moment or later.
    pub from: Option<Instant>,
    /// Opened before this moment.
    pub until: Option<Instant>,
}

impl FloodSelection {
    fn mark(&self) -> Option<(MarkKind, Mark)> {
        let network = || self.network.map(|mark| (MarkKind::Network, mark));
        self.contact.map(|mark| (MarkKind::Contact, mark)).or_else(network)
    }

    fn selects(&self, case: &Case) -> bool {
        case.state() == CaseState::Open
            && case.provisional
            && self.contact.is_none_or(|mark| case.marks.contact == Some(mark))
            && self.network.is_none_or(|mark| case.marks.network == Some(mark))
            && self.from.is_none_or(|from| from <= case.opened_at)
            && self.until.is_none_or(|until| case.opened_at < until)
    }
}

/// What came of one step of voiding a selection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct VoidedSome {
    /// How many cases were gone through and selected.
    pub cases: u64,
    /// How many acts were declared void, without their copies.
    pub acts: u64,
    /// How many acts of these cases were not: confirmed, no objections, or void already.
    pub left: u64,
    /// Where the next step begins; `None`: that was all.
    pub next: Option<CaseNumber>,
}

impl Intake<'_> {
    /// Open provisional cases at a glance.
    pub fn flood(&mut self, now: Instant) -> Result<Flood, IntakeError> {
        let index = &self.office.cases(self.books)?.index;
        let this_hour = now.as_micros().div_euclid(HOUR_MICROS);
        let hours = index.provisional_hours.0.range(this_hour - FLOOD_HOURS..);
        let top = |kind: MarkKind| {
            let mut marks: Vec<(Mark, u64)> =
                index.mark_counts.0.iter().filter(|((of, _), _)| *of == kind).map(|((_, mark), count)| (*mark, *count)).collect();
            marks.sort_by_key(|(mark, count)| (std::cmp::Reverse(*count), *mark));
            marks.truncate(FLOOD_SOURCES_MAX);
            marks
        };
        Ok(Flood {
            hours: hours.map(|(hour, count)| (Instant::from_micros(hour * HOUR_MICROS), *count)).collect(),
            contacts: top(MarkKind::Contact),
            networks: top(MarkKind::Network),
        })
    }

    /// Declares the provisional objections of a selection void, a step at a time, so that others are filed in between: call it again with what it gives as `next`. Each act is
    /// voided as [`Intake::void`] does it: two approvers, notices to filer and account, and when these were sent an entry on the ledger, with effect after 14 days.
    ///
    /// # Errors
    /// [`Refusal::TooWide`] if neither contact nor network is given: nobody can have looked at what that selects.
    pub fn void_selection(
        &mut self,
        selection: &FloodSelection,
        (reason, approvers): (VoidReason, [&str; 2]),
        from: Option<CaseNumber>,
        now: Instant,
    ) -> Result<VoidedSome, IntakeError> {
        let (kind, mark) = selection.mark().ok_or(Refusal::TooWide)?;
        let approvers = crate::intake::people::two_approvers(approvers)?;
        self.begin()?;
        let first = from.map_or(0, |from| from.0);
        let index = &self.office.cases(self.books)?.index;
        let range = index.by_mark.range((kind, mark, first)..=(kind, mark, u64::MAX));
        let mut numbers: Vec<CaseNumber> = range.take(VOIDS_AT_ONCE_MAX + 1).map(|(.., number)| CaseNumber(*number)).collect();
        let mut done = VoidedSome { next: (numbers.len() > VOIDS_AT_ONCE_MAX).then(|| numbers.pop()).flatten(), ..VoidedSome::default() };
        let mut events = Vec::new();
        for number in numbers {
            let Some(case) = self.case(number)?.filter(|case| selection.selects(case)) else { continue };
            done.cases += 1;
            for act in &case.acts {
                match self.plan_void(&act.id, reason, approvers, now, &mut events)? {
                    Ok(_) => done.acts += 1,
                    // Nothing of what was planned may be lost: the step is given up as a whole, and can be done again.
                    Err(Refusal::OutboxFull) => {
                        self.doubt();
                        return Err(Refusal::OutboxFull.into());
                    }
                    Err(_) => done.left += 1,
                }
            }
        }
        self.write(&events, Vec::new(), now)?;
        Ok(done)
    }
}
