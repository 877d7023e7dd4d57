//! What is done about cases, but for answering them.

use bezwaar_core::account::Account;
use bezwaar_core::choice::Channel;
use bezwaar_core::time::{Day, Instant, Zone};
use bezwaar_ledger::event::Event;

use super::{
    CASE_ACTS_MAX, CASE_CHANGES_MAX, CASE_EVIDENCE_MAX, Case, CaseAct, CaseNumber, CaseState, Change, EXTENSION_DAYS_MAX, Evidence,
    Extension, ExtensionReason, Mark, Marks, NewCase,
};
use crate::intake::Intake;
use crate::intake::books::{Books, NewEvent};
use crate::intake::error::{IntakeError, Refusal};
use crate::intake::looks::StaffId;
use crate::intake::people::{Role, confirmation_id, void_id};
use crate::intake::post::{Addressee, LanguageCode, MessageKind, NewMessage};
use crate::store::KeyedName;

pub(super) fn account_name(books: &dyn Books, account: &Account) -> KeyedName {
    books.keyed("case of account", account.expose_canonical())
}

/// The kinds of names marks are made under.
pub(crate) const MARK_CONTACT: &str = "mark of contact";
pub(crate) const MARK_NETWORK: &str = "mark of network";

/// What a case is opened about.
pub(in crate::intake) struct About {
    pub(in crate::intake) acts: Vec<(String, Option<Account>)>,
    pub(in crate::intake) filer: Option<Account>,
    pub(in crate::intake) received_at: Instant,
    pub(in crate::intake) channel: Option<Channel>,
    pub(in crate::intake) provisional: bool,
    pub(in crate::intake) marks: Marks,
}

impl NewCase {
    /// Why it is not opened.
    pub(in crate::intake) fn refusal(&self) -> Option<Refusal> {
        (self.evidence.len() > CASE_EVIDENCE_MAX).then_some(Refusal::CaseFull)
    }
}

impl Intake<'_> {
    /// The mark of a filer's contact and of the prefix of a network, as submissions have them.
    pub fn mark(&self, contact: Option<&str>, network: Option<&str>) -> Marks {
        let mark = |kind: &str, text: Option<&str>| text.map(|text| Mark::of(self.books.keyed(kind, text)));
        Marks { contact: mark(MARK_CONTACT, contact), network: mark(MARK_NETWORK, network) }
    }

    /// Opens a case with what is written next; or gives the one the first of the acts belongs to already.
    pub(in crate::intake) fn open_case(&mut self, new: &NewCase, about: About, time: Instant) -> Result<CaseNumber, IntakeError> {
        let name = |account: &Account| account_name(self.books, account);
        let acts: Vec<CaseAct> =
            about.acts.iter().map(|(id, account)| CaseAct { id: id.clone(), account: account.as_ref().map(name) }).collect();
        let filer = about.filer.as_ref().map(name);
        let cases = self.office.cases(self.books)?;
        for act in &acts {
            if let Some(there) = cases.of_act(self.books, &act.id) {
                return Ok(there);
            }
        }
        let mut case = Case {
            number: CaseNumber(0),
            acts,
            filer,
            received_at: about.received_at,
            opened_at: time,
            channel: about.channel,
            language: new.language.clone(),
            due_on: new.due_on,
            provisional: about.provisional,
            extension: None,
            answer: None,
            handler: None,
            merged_into: None,
            voiding: false,
            void_at: None,
            emptied: false,
            evidence: new.evidence.clone(),
            marks: about.marks,
            changes: Vec::new(),
        };
        new.opened_by.iter().for_each(|by| case.change(Change::Opened, by, time));
        Ok(cases.push(self.books, case)?)
    }

    /// Says who handles a case.
    pub fn assign_case(&mut self, number: CaseNumber, handler: &StaffId, by: &StaffId, now: Instant) -> Result<Case, IntakeError> {
        self.change_case(number, now, |case, time| {
            if case.handler.as_ref() != Some(handler) {
                case.handler = Some(handler.clone());
                case.change(Change::Assigned, by, time);
            }
            Ok(())
        })
    }

    /// Adds what came in later: a letter, an authorisation.
    pub fn add_evidence(&mut self, number: CaseNumber, evidence: Evidence, by: &StaffId, now: Instant) -> Result<Case, IntakeError> {
        self.change_case(number, now, |case, time| {
            if case.evidence.contains(&evidence) {
                return Ok(());
            }
            if case.evidence.len() >= CASE_EVIDENCE_MAX {
                return Err(Refusal::CaseFull);
            }
            case.evidence.push(evidence);
            case.change(Change::EvidenceAdded, by, time);
            Ok(())
        })
    }

    /// Changes an open case, unless it is to stay as it is.
    fn change_case(
        &mut self,
        number: CaseNumber,
        now: Instant,
        change: impl FnOnce(&mut Case, Instant) -> Result<(), Refusal>,
    ) -> Result<Case, IntakeError> {
        let (case, time) = self.open_case_of(number, now)?;
        let mut changed = case.clone();
        change(&mut changed, time)?;
        if changed != case {
            self.set_case(&case, &changed)?;
            self.write(&[], Vec::new(), now)?;
        }
        Ok(changed)
    }

    /// A case that is open and has room for a change, and the time it is.
    pub(super) fn open_case_of(&mut self, number: CaseNumber, now: Instant) -> Result<(Case, Instant), IntakeError> {
        self.begin()?;
        let time = self.books.time(now)?;
        let case = self.case(number)?.ok_or(Refusal::NoSuchCase)?;
        if case.state() != CaseState::Open {
            return Err(Refusal::CaseClosed.into());
        }
        if case.changes.len() >= CASE_CHANGES_MAX {
            return Err(Refusal::CaseFull.into());
        }
        Ok((case, time))
    }

    pub(super) fn set_case(&mut self, old: &Case, new: &Case) -> Result<(), IntakeError> {
        Ok(self.office.cases(self.books)?.set(self.books, old, new)?)
    }

    /// Extends a case, once, before it is late, and puts the message that says so into the post. Training stays stopped meanwhile.
    pub fn extend_case(
        &mut self,
        number: CaseNumber,
        (reason, due_on): (ExtensionReason, Day),
        by: &StaffId,
        now: Instant,
    ) -> Result<Case, IntakeError> {
        let (case, time) = self.open_case_of(number, now)?;
        if let Some(extension) = case.extension {
            // Said again.
            return if (extension.reason, case.due_on) == (reason, due_on) { Ok(case) } else { Err(Refusal::AlreadyExtended.into()) };
        }
        let today = Day::of(time, &Zone::utc()).ok_or(Refusal::InFuture)?;
        if case.is_late(today) {
            return Err(Refusal::TooLate.into());
        }
        if !(1..=EXTENSION_DAYS_MAX).contains(&case.due_on.days_until(due_on)) {
            return Err(Refusal::ExtensionDay.into());
        }
        let mut extended = case.clone();
        extended.extension = Some(Extension { reason, told_at: time, was_due_on: case.due_on });
        extended.due_on = due_on;
        extended.change(Change::Extended, by, time);
        self.letter(&extended, MessageKind::Extension, reason.as_str(), time)?;
        self.set_case(&case, &extended)?;
        self.write(&[], Vec::new(), now)?;
        Ok(extended)
    }

    /// Puts a message about a case into the post, with what is written next. It goes to whoever filed it.
    pub(super) fn letter(&mut self, case: &Case, kind: MessageKind, detail: &str, time: Instant) -> Result<(), IntakeError> {
        for act in &case.acts {
            let to = Addressee::Act { act: act.id.clone(), role: Role::Filer };
            // An act that was erased has nobody to write to.
            let Some(account) = self.addressee(&to)? else { continue };
            let message = NewMessage { kind, to, language: case.language.clone(), detail: detail.to_owned() };
            self.queue((message, &account), Some(case.number), time)?.ok_or(Refusal::OutboxFull)?;
            return Ok(());
        }
        Ok(())
    }

    /// Merges a case into another of the same person: that one then counts from the earlier date, and is due on the earlier day.
    pub fn merge_cases(&mut self, from: CaseNumber, into: CaseNumber, by: &StaffId, now: Instant) -> Result<Case, IntakeError> {
        if let Some(there) = self.case(into)?
            && self.case(from)?.is_some_and(|from| from.merged_into == Some(into))
        {
            return Ok(there);
        }
        let ((source, time), (target, _)) = (self.open_case_of(from, now)?, self.open_case_of(into, now)?);
        if from == into {
            return Err(Refusal::SameCase.into());
        }
        if source.acts.len() + target.acts.len() > CASE_ACTS_MAX || source.evidence.len() + target.evidence.len() > CASE_EVIDENCE_MAX {
            return Err(Refusal::CaseFull.into());
        }
        let (mut gone, mut merged) = (source.clone(), target.clone());
        gone.merged_into = Some(into);
        gone.change(Change::MergedInto(into), by, time);
        merged.acts.extend(source.acts.iter().cloned());
        merged.evidence.extend(source.evidence.iter().copied());
        merged.received_at = target.received_at.min(source.received_at);
        if target.due_on.days_until(source.due_on) < 0 {
            // The extension of the other did not move this day.
            (merged.due_on, merged.extension) = (source.due_on, source.extension);
        }
        merged.provisional |= source.provisional;
        merged.change(Change::MergedFrom(from), by, time);
        self.set_case(&source, &gone)?;
        self.set_case(&target, &merged)?;
        self.write(&[], Vec::new(), now)?;
        Ok(merged)
    }

    /// After acts were confirmed: their case is no longer void, and no longer provisional if all of its acts are confirmed. With what is written next.
    pub(in crate::intake) fn case_confirmed(&mut self, acts: &[String]) -> Result<(), IntakeError> {
        for id in acts {
            let Some(case) = self.case_of_act(id)?.map(|number| self.case(number)).transpose()?.flatten() else { continue };
            let mut provisional = false;
            for act in case.acts.iter().filter(|act| !acts.contains(&act.id)) {
                let is_provisional = self.filed_choice(&act.id)?.is_some_and(|choice| choice.provisional);
                provisional |= is_provisional && !self.is_there(&confirmation_id(&act.id))?;
            }
            let confirmed = Case { provisional, voiding: false, void_at: None, ..case.clone() };
            self.set_case(&case, &confirmed)?;
        }
        Ok(())
    }

    /// The language of the case of an act; undetermined if it has none.
    pub(in crate::intake) fn language_of_case(&mut self, id: &str) -> Result<LanguageCode, IntakeError> {
        let case = self.case_of_act(id)?.map(|number| self.case(number)).transpose()?.flatten();
        Ok(case.map_or_else(LanguageCode::undetermined, |case| case.language))
    }

    /// After an act was declared void and its notices were put into the post: its case waits for no answer any more if that is so of all of its acts. With what is written next.
    pub(in crate::intake) fn case_voiding(&mut self, id: &str, approvers: [&str; 2], time: Instant) -> Result<(), IntakeError> {
        let Some(case) = self.case_of_act(id)?.map(|number| self.case(number)).transpose()?.flatten() else { return Ok(()) };
        for act in case.acts.iter().filter(|act| act.id != id) {
            if !self.is_noticed(&act.id)? && !self.is_there(&void_id(&act.id))? {
                return Ok(());
            }
        }
        let mut voiding = Case { voiding: true, ..case.clone() };
        approvers.into_iter().filter_map(StaffId::parse).for_each(|by| voiding.change(Change::Voided, &by, time));
        self.set_case(&case, &voiding)
    }

    /// After an act is void by one of these events: so is its case, if all of its acts are. With what is written next.
    pub(in crate::intake) fn case_void(&mut self, events: &[NewEvent], id: &str, effective_at: Instant) -> Result<(), IntakeError> {
        let Some(case) = self.case_of_act(id)?.map(|number| self.case(number)).transpose()?.flatten() else { return Ok(()) };
        for act in &case.acts {
            let planned = events.iter().rev().any(|new| matches!(&new.event, Event::Void(void) if void.voids == act.id));
            if !planned && !self.is_there(&void_id(&act.id))? {
                return Ok(());
            }
        }
        let void = Case { voiding: false, void_at: Some(effective_at), ..case.clone() };
        self.set_case(&case, &void)
    }

    /// That somebody told by letter what was to be told about a case. With what is written next.
    pub(in crate::intake) fn case_told(&mut self, number: CaseNumber, by: &StaffId, time: Instant) -> Result<(), IntakeError> {
        let Some(case) = self.case(number)? else { return Ok(()) };
        let mut told = case.clone();
        told.change(Change::ToldByLetter, by, time);
        self.set_case(&case, &told)
    }

    /// After notices of these acts were taken away unsent, because whoever was to be told was forgotten: what nobody is told of any more is not declared void, and can be again.
    /// With what is written next.
    pub(in crate::intake) fn case_left(&mut self, acts: &[String]) -> Result<(), IntakeError> {
        for id in acts {
            let Some(case) = self.case_of_act(id)?.map(|number| self.case(number)).transpose()?.flatten() else { continue };
            if case.voiding && !self.is_noticed(id)? && !self.is_there(&void_id(id))? {
                self.set_case(&case, &Case { voiding: false, ..case.clone() })?;
            }
        }
        Ok(())
    }

    /// Takes a person out of every case: what was about nobody else is emptied, its number and its dates stay. With what is written next.
    pub(in crate::intake) fn forget_cases(&mut self, account: &Account) -> Result<(), IntakeError> {
        let name = account_name(self.books, account);
        let cases = self.office.cases(self.books)?;
        let numbers: Vec<u64> = cases.index.by_account.range((name, 0)..=(name, u64::MAX)).map(|(_, number)| *number).collect();
        for number in numbers {
            let Some(case) = self.case(CaseNumber(number))? else { continue };
            let mut left = case.clone();
            left.acts.retain(|act| act.account != Some(name));
            left.filer = left.filer.filter(|filer| *filer != name);
            (left.evidence, left.marks) = (Vec::new(), Marks::default());
            left.answer.iter_mut().for_each(|answer| answer.answer.facts.clear());
            if left.acts.is_empty() {
                (left.filer, left.emptied) = (None, true);
            }
            self.set_case(&case, &left)?;
        }
        Ok(())
    }
}
