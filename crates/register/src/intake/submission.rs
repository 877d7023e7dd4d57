//! Submissions: what one person sends at one time. Many go into one durable batch.

use bezwaar_core::account::Account;
use bezwaar_core::choice::Act;
use bezwaar_core::time::Instant;
use bezwaar_ledger::entry::Entry;

use super::Intake;
use super::cases::{About, CaseNumber, Marks, NewCase};
use super::error::{IntakeError, Refusal};
use super::filing::{Filing, Receipt, State, time_is_given};
use super::people::Role;
use super::plan::{Plan, Planner, Rules};
use super::post::{Addressee, NewMessage};
use super::tokens::TokenUse;
use crate::engine::Placed;

/// The most acts in one submission.
pub const SUBMISSION_FILINGS_MAX: usize = 20;
/// The most messages of one submission.
pub const SUBMISSION_MESSAGES_MAX: usize = 60;
/// Once so many events are planned, they are written before more are.
pub(super) const EVENTS_AT_ONCE: usize = 8_192;

/// What one person sends at one time: all of it is filed, or nothing.
#[derive(Clone, Debug, Default)]
pub struct Submission {
    /// The acts.
    pub filings: Vec<Filing>,
    /// The case to be opened about them. Acts that belong to a case already open none.
    pub case: Option<NewCase>,
    /// What is to be sent. Nothing is, if all acts were there already. At most [`SUBMISSION_MESSAGES_MAX`].
    pub messages: Vec<NewMessage>,
    /// The token that is used up with it. If all acts were there already, it is the same submission again, and the token is not looked at.
    pub token: Option<TokenUse>,
    /// Where it came from: see [`Intake::mark`].
    pub marks: Marks,
}

impl Submission {
    /// These acts, and nothing besides.
    pub fn of(filings: Vec<Filing>) -> Submission {
        Submission { filings, ..Submission::default() }
    }
}

/// What came of a submission. It is durable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// Its acts, in their order.
    pub acts: Vec<AcceptedAct>,
    /// The case they belong to: the one that was opened, or the one there was.
    pub case: Option<CaseNumber>,
    /// The numbers of its messages in the post, in their order; `None`: there was no room for it, and it is not sent.
    pub messages: Vec<Option<u64>>,
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
    case: Option<CaseNumber>,
    messages: Vec<Option<u64>>,
    /// Who says no in it.
    objecting: Vec<Account>,
}

/// A submission that is ready to be planned.
struct Ready<'submission> {
    place: usize,
    submission: &'submission Submission,
    filings: Vec<(Filing, Rules)>,
}

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
        let mut ready: Vec<Ready<'_>> = Vec::new();
        for (place, submission) in submissions.iter().enumerate() {
            outcomes.push(Err(Refusal::NothingToFile));
            match checked(submission, time) {
                Ok(filings) => ready.push(Ready { place, submission, filings }),
                Err(refusal) => set(&mut outcomes, place, Err(refusal)),
            }
        }
        self.office.tokens(self.books)?.expire(self.books, time)?;
        let mut rest = ready.as_slice();
        while !rest.is_empty() {
            rest = self.file_some(rest, now, &mut outcomes)?;
        }
        Ok(outcomes)
    }

    /// Files as many as go into one batch, and gives the others.
    fn file_some<'ready, 'submission>(
        &mut self,
        ready: &'ready [Ready<'submission>],
        now: Instant,
        outcomes: &mut [Result<Accepted, Refusal>],
    ) -> Result<&'ready [Ready<'submission>], IntakeError> {
        let time = self.books.time(now)?;
        let start = self.books.size();
        let mut planner = Planner::new(self.books, &mut self.ties);
        let filings: Vec<&Filing> = ready.iter().flat_map(|one| one.filings.iter().map(|(filing, _)| filing)).collect();
        planner.read_ahead(&filings, &self.office.objected)?;
        let (mut groups, mut rest) = (Vec::new(), ready);
        while let Some((one, others)) = rest.split_first() {
            if planner.plan.events.len() >= EVENTS_AT_ONCE {
                break;
            }
            rest = others;
            let tokens = self.office.tokens(planner.books)?;
            let token = one.submission.token.filter(|_| !planner.all_there(&one.filings));
            let outcome = match token.map(|token| tokens.check(token, time)).transpose() {
                Ok(_) => planner.group(&one.filings)?,
                Err(refusal) => Err(refusal),
            };
            match outcome {
                Err(refusal) => set(outcomes, one.place, Err(refusal)),
                Ok(receipts) => {
                    // Staged only now: a submission that was refused uses nothing up.
                    token.into_iter().for_each(|token| tokens.stage(token));
                    groups.push((one, receipts));
                }
            }
        }
        let (Plan { events, .. }, values) = planner.finish()?;
        let mut planned = Vec::with_capacity(groups.len());
        for (one, receipts) in groups {
            planned.push(self.with_case_and_post(one, receipts, time)?);
        }
        let entries = self.write(&events, values, now)?;
        for Planned { place, receipts, received_at, case, messages, objecting } in planned {
            self.office.remember_objected(objecting);
            let mut acts = Vec::with_capacity(receipts.len());
            for (receipt, received_at) in receipts.into_iter().zip(received_at) {
                let fresh = receipt.index.checked_sub(start).and_then(|at| entries.get(usize::try_from(at).ok()?)).copied();
                acts.push(self.accepted(receipt, fresh, received_at)?);
            }
            set(outcomes, place, Ok(Accepted { acts, case, messages, accepted_at: time }));
        }
        Ok(rest)
    }

    /// Opens the case of a submission whose acts are planned, and puts its messages into the post, with what is written next.
    fn with_case_and_post(&mut self, one: &Ready<'_>, receipts: Vec<Receipt>, time: Instant) -> Result<Planned, IntakeError> {
        let Ready { place, submission, filings } = one;
        let alive = || filings.iter().zip(&receipts).filter(|(_, receipt)| receipt.state != State::Erased);
        let mut case = None;
        if let (Some(new), Some(received_at)) = (&submission.case, alive().map(|((filing, _), _)| filing.choice.received_at).min()) {
            let first = filings.first().map(|(filing, _)| filing);
            let about = About {
                acts: alive().map(|((filing, _), _)| (filing.choice.id.clone(), filing.choice.person.clone())).collect(),
                filer: filings.iter().find_map(|(filing, _)| filing.other_filer().cloned()),
                received_at,
                channel: first.and_then(|filing| filing.choice.channel),
                provisional: receipts.iter().any(|receipt| receipt.provisional),
                marks: submission.marks,
            };
            case = Some(self.open_case(new, about, time)?);
        }
        let fresh = receipts.is_empty() || receipts.iter().any(|receipt| receipt.state == State::New);
        let mut messages = Vec::new();
        for message in submission.messages.iter().filter(|_| fresh) {
            // To whom it goes is told from the submission itself: its acts are not written yet.
            let account = match &message.to {
                Addressee::Account(account) => Some(account.clone()),
                Addressee::Act { act, role } => {
                    let filing = filings.iter().map(|(filing, _)| filing).find(|filing| filing.choice.id == *act);
                    filing.and_then(|filing| match (role, filing.other_filer()) {
                        (Role::Filer, Some(filer)) => Some(filer.clone()),
                        _ => filing.choice.person.clone(),
                    })
                }
            };
            let number = account.map(|account| self.queue((message.clone(), &account), case, time)).transpose()?;
            messages.push(number.flatten());
        }
        let objecting = alive().filter(|((filing, _), _)| matches!(filing.choice.act, Act::Object { .. }));
        let objecting = objecting.filter_map(|((filing, _), _)| filing.choice.person.clone()).collect();
        let received_at = filings.iter().map(|(filing, _)| filing.choice.received_at).collect();
        Ok(Planned { place: *place, receipts, received_at, case, messages, objecting })
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
    if submission.filings.is_empty() && submission.messages.is_empty() && submission.token.is_none() {
        return Err(Refusal::NothingToFile);
    }
    if submission.filings.len() > SUBMISSION_FILINGS_MAX || submission.messages.len() > SUBMISSION_MESSAGES_MAX {
        return Err(Refusal::TooManyActs);
    }
    let of_message = submission.messages.iter().find_map(NewMessage::refusal);
    if let Some(refusal) = submission.case.as_ref().and_then(NewCase::refusal).or(of_message) {
        return Err(refusal);
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
