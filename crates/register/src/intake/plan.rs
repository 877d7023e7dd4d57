//! From acts that came in to events on the ledger: what is new, for which names it counts, what stands on the list.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use bezwaar_core::account::Account;
use bezwaar_core::choice::{Act, Choice};
use bezwaar_core::wire::{RefKind, Reference};
use bezwaar_ledger::event::Event;

use super::books::{Books, Filed, Known, NewEvent, ValueName};
use super::contact::Drawer;
use super::error::{IntakeError, Refusal};
use super::filing::{Copied, CopyWhy, Filing, Receipt, State, is_alias_copy, is_copied, is_same};
use super::list::{self, ListCode, Listed};
use super::ties::TieBook;

/// Ids of copies asked for at once.
const COPIES_AT_ONCE: usize = 8;

/// Named values to set.
pub(super) type Values = Vec<(ValueName, Vec<u8>)>;

/// Events to file, with what goes with them.
#[derive(Default)]
pub(super) struct Plan {
    pub(super) events: Vec<NewEvent>,
    pub(super) listed: Vec<Listed>,
    pub(super) receipts: Vec<Result<Receipt, Refusal>>,
}

/// How acts are compared with those that are there.
#[derive(Clone, Copy)]
pub(super) struct Rules {
    /// The register gave the time, so that a second filing has another one.
    pub(super) time_given: bool,
    /// What is referred to must be the same account's.
    pub(super) strict_references: bool,
}

pub(super) struct Planner<'a> {
    pub(super) books: &'a mut dyn Books,
    pub(super) ties: &'a mut TieBook,
    pub(super) plan: Plan,
    pub(super) start: u64,
    drawers: BTreeMap<Account, Drawer>,
    /// Copies planned but not filed yet, by the act they are of.
    planned: HashMap<String, Vec<(u64, Account)>>,
    /// Accounts with an objection filed for them by name.
    pub(super) objected: HashSet<Account>,
    /// What the books know of the ids asked for beforehand.
    pub(super) read: HashMap<String, Known>,
    /// Choices planned here, by id: their place among the events.
    pub(super) here: HashMap<String, usize>,
}

impl<'a> Planner<'a> {
    pub(super) fn new(books: &'a mut dyn Books, ties: &'a mut TieBook) -> Planner<'a> {
        let start = books.size();
        Planner {
            books,
            ties,
            plan: Plan::default(),
            start,
            drawers: BTreeMap::new(),
            planned: HashMap::new(),
            objected: HashSet::new(),
            read: HashMap::new(),
            here: HashMap::new(),
        }
    }

    /// Plans acts in their order.
    pub(super) fn file(&mut self, filings: &[Filing], rules: Rules) -> Result<(), IntakeError> {
        let ids: Vec<&str> = filings.iter().map(|filing| filing.choice.id.as_str()).collect();
        let known = self.books.by_ids(&ids)?;
        self.read_people(filings.iter().filter_map(|filing| filing.choice.person.as_ref()).collect())?;
        let mut here: HashMap<&str, usize> = HashMap::new();
        for (place, (filing, known)) in filings.iter().zip(known).enumerate() {
            let earlier = here.get(filing.choice.id.as_str()).and_then(|place| filings.get(*place).map(|filing| (*place, filing)));
            let receipt = match (known, earlier) {
                (Some(known), _) => self.there(filing, known, rules)?,
                (None, Some((place, earlier))) => match self.plan.receipts.get(place) {
                    Some(Ok(receipt)) if is_same(&earlier.filed(), &filing.filed(), rules.time_given) => {
                        Ok(Receipt { state: State::There, copies: Vec::new(), notices: Vec::new(), ..receipt.clone() })
                    }
                    _ => Err(Refusal::OtherContent),
                },
                (None, None) => {
                    here.insert(&filing.choice.id, place);
                    self.new_act(filing, rules)?
                }
            };
            self.plan.receipts.push(receipt);
        }
        Ok(())
    }

    /// Finds out who of these people objected before.
    pub(super) fn read_people(&mut self, people: BTreeSet<&Account>) -> Result<(), IntakeError> {
        let people: Vec<&Account> = people.into_iter().filter(|person| !self.objected.contains(*person)).collect();
        for (person, filed) in people.iter().zip(self.books.under(&people)?) {
            let said = |one: &Filed| one.choice().is_some_and(|choice| is_object(choice) && !super::filing::is_own_id(&choice.id));
            if filed.iter().any(said) {
                self.objected.insert((*person).clone());
            }
        }
        Ok(())
    }

    /// An act whose id the register knows.
    pub(super) fn there(&mut self, filing: &Filing, known: Known, rules: Rules) -> Result<Result<Receipt, Refusal>, IntakeError> {
        let receipt = |index, state, provisional, copies| Receipt {
            id: filing.choice.id.clone(),
            index,
            state,
            provisional,
            copies,
            notices: Vec::new(),
        };
        Ok(match known {
            Known::Erased { index } => Ok(receipt(index, State::Erased, false, Vec::new())),
            Known::Filed(Filed { index, event: Event::Choice(choice), .. }) if is_same(&choice, &filing.filed(), rules.time_given) => {
                // What a crash left undone is done now.
                let copies = self.copy(&choice, Some(index), false)?;
                Ok(receipt(index, State::There, choice.provisional, copies))
            }
            Known::Filed(_) => Err(Refusal::OtherContent),
        })
    }

    pub(super) fn new_act(&mut self, filing: &Filing, rules: Rules) -> Result<Result<Receipt, Refusal>, IntakeError> {
        let choice = filing.filed();
        if rules.strict_references
            && let Some(refusal) = self.wrong_reference(&choice, &[])?
        {
            return Ok(Err(refusal));
        }
        let index = self.next_index();
        let mut notices = BTreeSet::new();
        if filing.respelled {
            notices.insert(ListCode::OtherSpelling);
        }
        if let (Some(person), true) = (&choice.person, is_object(&choice))
            && !self.objected.insert(person.clone())
        {
            notices.insert(ListCode::FiledAgain);
        }
        if let (Act::Link { to, .. }, Some(person)) = (&choice.act, &choice.person) {
            self.ties.add_link(self.books, person, to)?;
        }
        let own = filing.filers_own();
        let contact_of = if own.is_some() { None } else { choice.person.clone() };
        let contact = self.drawer(filing, contact_of)?;
        self.push(Event::Choice(choice.clone()), contact);
        let mut copies = Vec::new();
        if let Some(own) = own {
            notices.insert(ListCode::FiledForAnother);
            let contact = self.drawer(filing, own.person.clone())?;
            let person = own.person.clone();
            copies.extend(person.map(|account| Copied { id: own.id.clone(), account, why: CopyWhy::Filer }));
            let place = self.next_index();
            self.push(Event::Choice(own.clone()), contact);
            copies.extend(self.copy(&own, Some(place), true)?);
        }
        let before = self.plan.listed.len();
        copies.extend(self.copy(&choice, Some(index), true)?);
        notices.extend(self.plan.listed.drain(before..).map(|listed| listed.code));
        self.plan.listed.extend(notices.iter().map(|code| Listed { code: *code, index }));
        let notices = notices.into_iter().collect();
        Ok(Ok(Receipt { id: choice.id, index, state: State::New, provisional: choice.provisional, copies, notices }))
    }

    /// Why what an act refers to is not what it may refer to: acts on the ledger, planned, or among those before it.
    pub(super) fn wrong_reference(&mut self, choice: &Choice, before: &[(Filing, Rules)]) -> Result<Option<Refusal>, IntakeError> {
        let Some(reference) = Reference::of(&choice.act) else { return Ok(None) };
        let named = match self.planned_choice(reference.of) {
            Some((_, named)) => Some(named.clone()),
            None => match self.books.by_ids(&[reference.of])?.pop().flatten() {
                Some(Known::Filed(Filed { event: Event::Choice(named), .. })) => Some(named),
                Some(_) => None,
                None => before.iter().find(|(filing, _)| filing.choice.id == reference.of).map(|(filing, _)| filing.filed()),
            },
        };
        let Some(named) = named else { return Ok(Some(Refusal::NamesNothing)) };
        if !RefKind::of(&named.act).can_be(reference.kind) {
            return Ok(Some(Refusal::NamesNothing));
        }
        // A link may be ended from its other end, and an answer is nobody's.
        let far_end = matches!(&named.act, Act::Link { to, .. } if Some(to) == choice.person.as_ref());
        let mine = named.person == choice.person || far_end || matches!(choice.act, Act::Answer { .. });
        Ok((!mine).then_some(Refusal::NotYours))
    }

    /// Plans copies of an act for every name it reaches and was not filed under yet. `is_new`: there are none so far.
    pub(super) fn copy(&mut self, choice: &Choice, index: Option<u64>, is_new: bool) -> Result<Vec<Copied>, IntakeError> {
        let Some(person) = choice.person.as_ref().filter(|_| is_copied(&choice.act) && !is_alias_copy(&choice.id)) else {
            return Ok(Vec::new());
        };
        let covered = self.ties.covered(self.books, person, choice.received_at)?;
        if covered.names.is_empty() && covered.codes.is_empty() {
            return Ok(Vec::new());
        }
        let (there, mut number) = if is_new { (BTreeSet::new(), 0) } else { self.copies_of(&choice.id)? };
        let mut copies = Vec::new();
        for account in covered.names.difference(&there) {
            number += 1;
            let id = format!("{}+{number}", choice.id);
            self.push(Event::Choice(Choice { id: id.clone(), person: Some(account.clone()), recorded_at: None, ..choice.clone() }), None);
            self.planned.entry(choice.id.clone()).or_default().push((number, account.clone()));
            copies.push(Copied { id, account: account.clone(), why: CopyWhy::Alias });
        }
        if is_new || !copies.is_empty() {
            let listed = covered.codes.into_iter().filter_map(|code| Some(Listed { code, index: index? }));
            self.plan.listed.extend(listed);
        }
        Ok(copies)
    }

    /// The names an act was copied to, and the number of the last copy. Numbers of copies have no gaps.
    fn copies_of(&mut self, id: &str) -> Result<(BTreeSet<Account>, u64), IntakeError> {
        let (mut names, mut number) = (BTreeSet::new(), 0);
        loop {
            let ids: Vec<String> = (number + 1..).take(COPIES_AT_ONCE).map(|number| format!("{id}+{number}")).collect();
            let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
            let found = self.books.by_ids(&ids)?;
            let mut ended = false;
            for known in found {
                match known {
                    None => {
                        ended = true;
                        break;
                    }
                    Some(Known::Erased { .. }) => number += 1,
                    Some(Known::Filed(filed)) => {
                        number += 1;
                        names.extend(filed.choice().and_then(|choice| choice.person.clone()));
                    }
                }
            }
            if ended {
                break;
            }
        }
        // Those planned but not filed yet count as well.
        for (last, account) in self.planned.get(id).into_iter().flatten() {
            number = number.max(*last);
            names.insert(account.clone());
        }
        Ok((names, number))
    }

    fn drawer(&mut self, filing: &Filing, account: Option<Account>) -> Result<Option<Vec<u8>>, IntakeError> {
        let Some(account) = account.filter(|_| !filing.contact.is_empty()) else { return Ok(None) };
        if !self.drawers.contains_key(&account) {
            let stored = self.books.contact(&account)?;
            self.drawers.insert(account.clone(), stored.map(|bytes| Drawer::from_bytes(&bytes)).unwrap_or_default());
        }
        let drawer = self.drawers.entry(account).or_default();
        drawer.add(&filing.choice.id, filing.contact.clone());
        Ok(Some(drawer.to_bytes()))
    }

    pub(super) fn next_index(&self) -> u64 {
        self.start + self.plan.events.len() as u64
    }

    pub(super) fn push(&mut self, event: Event, contact: Option<Vec<u8>>) {
        self.plan.events.push(NewEvent { event, contact });
    }

    /// What is planned, and the values that go with it, but for what is known of names.
    pub(super) fn finish_without_ties(self) -> Result<(Plan, Values), IntakeError> {
        let mut values = Vec::new();
        list::add(self.books, &self.plan.listed, &mut values)?;
        Ok((self.plan, values))
    }

    /// What is planned, and the values that go with it.
    pub(super) fn finish(self) -> Result<(Plan, Values), IntakeError> {
        let mut values = Vec::new();
        self.ties.values(&mut values);
        list::add(self.books, &self.plan.listed, &mut values)?;
        Ok((self.plan, values))
    }
}

fn is_object(choice: &Choice) -> bool {
    matches!(choice.act, Act::Object { .. })
}
