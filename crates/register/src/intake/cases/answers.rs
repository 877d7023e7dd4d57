//! Answering a case: an act `answer` on the ledger for each of its acts, and a message in the post.

use bezwaar_core::choice::{Act, By, Choice};
use bezwaar_core::time::Instant;
use bezwaar_ledger::event::Event;

use super::{Answer, Case, CaseNumber, Change, FACT_BYTES_MAX, NewAnswer};
use crate::intake::Intake;
use crate::intake::books::NewEvent;
use crate::intake::error::{IntakeError, Refusal};
use crate::intake::filing::answer_id;
use crate::intake::looks::StaffId;
use crate::intake::post::MessageKind;

impl NewAnswer {
    /// Why it is no answer: each fact its code asks for must be there, and no other.
    pub fn refusal(&self) -> Option<Refusal> {
        let needed = self.code.facts();
        let complete = needed.iter().all(|name| self.facts.get(*name).is_some_and(|text| !text.trim().is_empty()));
        if !complete || self.facts.len() != needed.len() {
            return Some(Refusal::FactsMissing);
        }
        self.facts.values().any(|text| text.len() > FACT_BYTES_MAX).then_some(Refusal::LongFact)
    }
}

impl Intake<'_> {
    /// Answers a case. The ledger says of each of its acts that it was upheld or refused, and the message goes into the post in the same batch. Neither outcome opens anything: the acts go on
    /// counting. The same answer again changes nothing.
    pub fn answer_case(&mut self, number: CaseNumber, answer: &NewAnswer, by: &StaffId, now: Instant) -> Result<Case, IntakeError> {
        if let Some(refusal) = answer.refusal() {
            return Err(refusal.into());
        }
        if let Some(case) = self.case(number)?
            && let Some(there) = &case.answer
        {
            return if there.answer == *answer { Ok(case) } else { Err(Refusal::AlreadyAnswered.into()) };
        }
        let (case, time) = match self.open_case_of(number, now) {
            // However much was done about it, it can be answered.
            Err(IntakeError::Refused(Refusal::CaseFull)) => (self.case(number)?.ok_or(Refusal::NoSuchCase)?, self.books.time(now)?),
            outcome => outcome?,
        };
        let mut events = Vec::new();
        for act in &case.acts {
            let id = answer_id(&act.id);
            // What was erased is answered to nobody.
            if self.filed_choice(&act.id)?.is_none() || self.is_there(&id)? {
                continue;
            }
            let said = Act::Answer { of: act.id.clone(), outcome: answer.code.outcome() };
            let choice = Choice {
                id,
                person: None,
                act: said,
                received_at: time,
                recorded_at: None,
                by: Some(By::Own),
                channel: None,
                provisional: false,
            };
            events.push(NewEvent { event: Event::Choice(choice), contact: None });
        }
        self.letter(&case, MessageKind::Answer, answer.code.as_str(), time)?;
        let mut answered = case.clone();
        answered.answer = Some(Answer { answer: answer.clone(), at: time, by: by.clone() });
        answered.change(Change::Answered, by, time);
        self.set_case(&case, &answered)?;
        self.write(&events, Vec::new(), now)?;
        Ok(answered)
    }
}
