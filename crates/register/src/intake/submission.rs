//! Submissions: what one person sends at one time. Many go into one durable batch.

use bezwaar_core::account::Account;
use bezwaar_core::choice::Act;
use bezwaar_core::time::Instant;
use bezwaar_ledger::entry::Entry;

use super::Intake;
use super::error::{IntakeError, Refusal};
use super::filing::{Filing, Receipt, State, time_is_given};
use super::plan::{Plan, Planner, Rules};
use crate::engine::Placed;

/// The most acts in one submission.
pub const SUBMISSION_FILINGS_MAX: usize = 20;
/// Once so many events are planned, they are written before more are.
pub(super) const EVENTS_AT_ONCE: usize = 8_192;

/// What one person sends at one time: all of it is filed, or nothing.
#[derive(Clone, Debug, Default)]
pub struct Submission {
    /// The acts.
    pub filings: Vec<Filing>,
}

impl Submission {
    /// These acts, and nothing besides.
    pub fn of(filings: Vec<Filing>) -> Submission {
        Submission { filings }
    }
}

/// What came of a submission. It is durable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// Its acts, in their order.
    pub acts: Vec<AcceptedAct>,
    /// When the submission was taken.
    pub accepted_at: Instant,
}

/// One act of a submission, with what an acceptance note needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AcceptedAct {
    /// How it stands on the ledger.
    pub receipt: Receipt,
    /// Its entry.
    pub entry: Entry,
    /// When it was received, and so counts in law. Of an act that was there already, the time it was received first; of one that was erased, the time of its entry.
    pub received_at: Instant,
}

impl AcceptedAct {
    /// Its place, as [`Accepter::accept`](crate::engine::Accepter::accept) takes it.
    pub fn placed(&self) -> Placed {
        Placed { index: self.receipt.index, entry: self.entry, salt: None, fresh: self.receipt.state == State::New }
    }
}

/// A submission that is planned.
struct Planned {
    place: usize,
    receipts: Vec<Receipt>,
    received_at: Vec<Instant>,
    /// Who says no in it.
    objecting: Vec<Account>,
}

/// A submission that is ready to be planned.
type Ready = (usize, Vec<(Filing, Rules)>);

impl Intake<'_> {
    /// Files submissions, in their order, as one durable batch. One that is refused is left out, and the others are filed; within a submission all acts are filed, or
    /// none. What comes of it is what would come of filing them one after the other at this moment. An act that is filed already, by its id, is not filed again.
    ///
    /// The same is done for accounts that are known and for those that are not: what differs is that rows of a known account are read, and that its drawer, if a contact
    /// was given, is written anew instead of being made. Both happen before the one durable write that all who wait for the batch are told of together.
    ///
    /// # Errors
    /// After an error it is not known whether anything is there: file the same submissions again, with the same ids.
    pub fn file_each(&mut self, submissions: &[Submission], now: Instant) -> Result<Vec<Result<Accepted, Refusal>>, IntakeError> {
        let outcome = self.file_all_of(submissions, now);
        if outcome.is_err() {
            self.doubt();
        }
        outcome
    }

    fn file_all_of(&mut self, submissions: &[Submission], now: Instant) -> Result<Vec<Result<Accepted, Refusal>>, IntakeError> {
        self.begin()?;
        let time = self.books.time(now)?;
        let mut outcomes: Vec<Result<Accepted, Refusal>> = Vec::with_capacity(submissions.len());
        let mut ready: Vec<Ready> = Vec::new();
        for (place, submission) in submissions.iter().enumerate() {
            outcomes.push(Err(Refusal::NothingToFile));
            match checked(submission, time) {
                Ok(filings) => ready.push((place, filings)),
                Err(refusal) => set(&mut outcomes, place, Err(refusal)),
            }
        }
        let mut rest = ready.as_slice();
        while !rest.is_empty() {
            rest = self.file_some(rest, now, &mut outcomes)?;
        }
        Ok(outcomes)
    }

    /// Files as many as go into one batch, and gives the others.
    fn file_some<'ready>(
        &mut self,
        ready: &'ready [Ready],
        now: Instant,
        outcomes: &mut [Result<Accepted, Refusal>],
    ) -> Result<&'ready [Ready], IntakeError> {
        let time = self.books.time(now)?;
        let start = self.books.size();
        let mut planner = Planner::new(self.books, &mut self.ties);
        let filings: Vec<&Filing> = ready.iter().flat_map(|(_, filings)| filings.iter().map(|(filing, _)| filing)).collect();
        planner.read_ahead(&filings, &self.office.objected)?;
        let (mut planned, mut rest) = (Vec::new(), ready);
        while let Some(((place, filings), others)) = rest.split_first() {
            if planner.plan.events.len() >= EVENTS_AT_ONCE {
                break;
            }
            rest = others;
            match planner.group(filings)? {
                Err(refusal) => set(outcomes, *place, Err(refusal)),
                Ok(receipts) => {
                    let received_at = filings.iter().map(|(filing, _)| filing.choice.received_at).collect();
                    let objecting = filings.iter().zip(&receipts).filter_map(|((filing, _), receipt)| {
                        let said = matches!(filing.choice.act, Act::Object { .. }) && receipt.state != State::Erased;
                        filing.choice.person.clone().filter(|_| said)
                    });
                    planned.push(Planned { place: *place, objecting: objecting.collect(), receipts, received_at });
                }
            }
        }
        let (Plan { events, .. }, values) = planner.finish()?;
        let entries = if events.is_empty() && values.is_empty() { Vec::new() } else { self.write(&events, values, now)? };
        for Planned { place, receipts, received_at, objecting } in planned {
            self.office.remember_objected(objecting);
            let mut acts = Vec::with_capacity(receipts.len());
            for (receipt, received_at) in receipts.into_iter().zip(received_at) {
                let fresh = receipt.index.checked_sub(start).and_then(|at| entries.get(usize::try_from(at).ok()?)).copied();
                acts.push(self.accepted(receipt, fresh, received_at)?);
            }
            set(outcomes, place, Ok(Accepted { acts, accepted_at: time }));
        }
        Ok(rest)
    }

    fn accepted(&mut self, receipt: Receipt, fresh: Option<Entry>, received_at: Instant) -> Result<AcceptedAct, IntakeError> {
        if let Some(entry) = fresh {
            return Ok(AcceptedAct { receipt, entry, received_at });
        }
        let gone = crate::engine::RegisterError::NoSuchEntry { index: receipt.index };
        let entry = self.books.entry(receipt.index)?.ok_or(gone)?;
        let there = self.books.at(receipt.index)?;
        let received_at = there.and_then(|filed| filed.choice().map(|choice| choice.received_at)).unwrap_or(entry.recorded_at);
        Ok(AcceptedAct { receipt, entry, received_at })
    }
}

fn set(outcomes: &mut [Result<Accepted, Refusal>], place: usize, outcome: Result<Accepted, Refusal>) {
    if let Some(slot) = outcomes.get_mut(place) {
        *slot = outcome;
    }
}

/// What can be said of a submission without the books, and its acts as they are to be filed.
fn checked(submission: &Submission, time: Instant) -> Result<Vec<(Filing, Rules)>, Refusal> {
    if submission.filings.is_empty() {
        return Err(Refusal::NothingToFile);
    }
    if submission.filings.len() > SUBMISSION_FILINGS_MAX {
        return Err(Refusal::TooManyActs);
    }
    let mut ready = Vec::with_capacity(submission.filings.len());
    for filing in &submission.filings {
        let (filing, rules) = timed(filing, time);
        if let Some(refusal) = filing.refusal(time) {
            return Err(refusal);
        }
        ready.push((filing, rules));
    }
    Ok(ready)
}

/// An act with the time it was received, which the register gives for most channels.
pub(super) fn timed(filing: &Filing, time: Instant) -> (Filing, Rules) {
    let mut filing = filing.clone();
    let time_given = time_is_given(filing.choice.channel);
    if time_given {
        filing.choice.received_at = time;
    }
    (filing, Rules { time_given, strict_references: true })
}
