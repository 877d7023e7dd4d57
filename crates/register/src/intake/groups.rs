//! Planning submissions that go into one batch: each is planned whole or left out, and what comes of it is what would come of filing one after the other.

use std::collections::{BTreeSet, HashMap, HashSet};

use bezwaar_core::account::Account;
use bezwaar_core::choice::Choice;
use bezwaar_ledger::event::Event;

use super::books::{Filed, Known};
use super::error::{IntakeError, Refusal};
use super::filing::{Filing, Receipt, State, is_same};
use super::plan::{Planner, Rules};

impl Planner<'_> {
    /// Reads in one go what the books know of acts that are to be filed. `objected`: accounts of which it is known that they objected.
    pub(super) fn read_ahead(&mut self, filings: &[&Filing], objected: &HashSet<Account>) -> Result<(), IntakeError> {
        let ids: Vec<&str> = filings.iter().map(|filing| filing.choice.id.as_str()).collect();
        let known = self.books.by_ids(&ids)?;
        let known = ids.iter().zip(known).filter_map(|(id, known)| Some(((*id).to_owned(), known?)));
        self.read.extend(known);
        let people: BTreeSet<&Account> = filings.iter().filter_map(|filing| filing.choice.person.as_ref()).collect();
        self.objected.extend(people.iter().filter(|person| objected.contains(**person)).map(|person| (*person).clone()));
        self.read_people(people)
    }

    /// Plans acts that belong together: all of them, or none if one is refused. [`Planner::read_ahead`] has read their ids.
    pub(super) fn group(&mut self, filings: &[(Filing, Rules)]) -> Result<Result<Vec<Receipt>, Refusal>, IntakeError> {
        // Everything is looked at before the first is planned: what is planned is not taken back.
        if let Some(refusal) = self.group_refusal(filings)? {
            return Ok(Err(refusal));
        }
        let mut receipts = Vec::with_capacity(filings.len());
        for (filing, rules) in filings {
            let id = &filing.choice.id;
            let planned = self.planned_choice(id).map(|(index, choice)| (index, choice.provisional));
            let receipt = match (planned, self.read.get(id).cloned()) {
                (Some((index, provisional)), _) => {
                    Ok(Receipt { id: id.clone(), index, state: State::There, provisional, copies: Vec::new(), notices: Vec::new() })
                }
                (None, Some(known)) => self.there(filing, known, *rules)?,
                (None, None) => {
                    let before = self.plan.events.len();
                    let receipt = self.new_act(filing, Rules { strict_references: false, ..*rules })?;
                    self.remember_planned(before);
                    receipt
                }
            };
            receipts.push(receipt.map_err(IntakeError::Refused)?);
        }
        Ok(Ok(receipts))
    }

    /// Whether all of these acts, and at least one, are filed already, or planned.
    pub(super) fn all_there(&self, filings: &[(Filing, Rules)]) -> bool {
        let there = |(filing, _): &(Filing, Rules)| self.read.contains_key(&filing.choice.id) || self.here.contains_key(&filing.choice.id);
        !filings.is_empty() && filings.iter().all(there)
    }

    fn group_refusal(&mut self, filings: &[(Filing, Rules)]) -> Result<Option<Refusal>, IntakeError> {
        let mut own: HashMap<&str, Choice> = HashMap::new();
        for (place, (filing, rules)) in filings.iter().enumerate() {
            let id = filing.choice.id.as_str();
            let same = |there: &Choice| is_same(there, &filing.filed(), rules.time_given);
            let there = match (self.planned_choice(id), self.read.get(id), own.get(id)) {
                (Some((_, choice)), ..) => Some(same(choice)),
                (None, Some(Known::Erased { .. }), _) => Some(true),
                (None, Some(Known::Filed(Filed { event: Event::Choice(choice), .. })), _) => Some(same(choice)),
                (None, Some(Known::Filed(_)), _) => Some(false),
                (None, None, Some(earlier)) => Some(same(earlier)),
                (None, None, None) => None,
            };
            match there {
                Some(true) => {}
                Some(false) => return Ok(Some(Refusal::OtherContent)),
                None => {
                    let before = filings.get(..place).unwrap_or_default();
                    if rules.strict_references
                        && let Some(refusal) = self.wrong_reference(&filing.filed(), before)?
                    {
                        return Ok(Some(refusal));
                    }
                    own.insert(id, filing.filed());
                }
            }
        }
        Ok(None)
    }

    /// A choice that is planned here, with the place it will have.
    pub(super) fn planned_choice(&self, id: &str) -> Option<(u64, &Choice)> {
        let place = *self.here.get(id)?;
        match &self.plan.events.get(place)?.event {
            Event::Choice(choice) => Some((self.start + place as u64, choice)),
            _ => None,
        }
    }

    fn remember_planned(&mut self, from: usize) {
        for (place, new) in self.plan.events.iter().enumerate().skip(from) {
            if let Event::Choice(choice) = &new.event {
                self.here.insert(choice.id.clone(), place);
            }
        }
    }
}
