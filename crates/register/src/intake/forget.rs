//! Forgetting: in two steps, since an objection that is forgotten no longer counts. What it means for other accounts of the same person is filed under those
//! before anything is destroyed.

use std::collections::{BTreeMap, BTreeSet};

use bezwaar_core::Holdings;
use bezwaar_core::account::Account;
use bezwaar_core::choice::{Act, Choice};
use bezwaar_core::time::{DAY_MICROS, Instant};
use bezwaar_ledger::event::{Event, TombstoneReason};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::Intake;
use super::books::{Filed, Known, NewEvent, ValueName};
use super::error::{IntakeError, Refusal};
use super::filing::answer_id;
use super::people::{confirmation_id, void_id};

/// How long a request to be forgotten can be confirmed: 14 days.
pub const FORGET_TOKEN_MICROS: i64 = 14 * DAY_MICROS;

/// A request to be forgotten, and what it means. Nothing is forgotten yet.
#[derive(Clone, PartialEq, Eq)]
pub struct ForgetRequest {
    /// To be given back when the account holder confirms. Secret: its `Debug` does not show it.
    pub token: String,
    /// How many acts under the account will be destroyed.
    pub acts: u64,
    /// How many of them say no: these no's will stop.
    pub closing: u64,
    /// How many other accounts these no's cover, and will go on covering.
    pub others: u64,
    /// Until when it can be confirmed.
    pub expires_at: Instant,
}

impl std::fmt::Debug for ForgetRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let ForgetRequest { acts, closing, others, expires_at, .. } = self;
        f.debug_struct("ForgetRequest")
            .field("acts", acts)
            .field("closing", closing)
            .field("others", others)
            .field("expires_at", expires_at)
            .finish_non_exhaustive()
    }
}

/// What was forgotten.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Forgotten {
    /// How many acts were destroyed.
    pub acts: u64,
    /// How many acts were filed for other accounts first, so that they stay covered.
    pub copies: u64,
}

/// What must be done so that nobody else is left without cover.
struct Rescue {
    copies: Vec<Choice>,
    /// Entries of other holders, or of none, that name the account or its acts: links to it, voids of its acts, answers to them.
    besides: Vec<u64>,
    /// Accounts this one has links to.
    linked: Vec<Account>,
}

impl Intake<'_> {
    /// The first step: says what forgetting means, and gives the token that confirms it.
    pub fn ask_to_forget(&mut self, account: &Account, now: Instant) -> Result<ForgetRequest, IntakeError> {
        self.refresh();
        let acts = self.choices_under(account)?;
        if acts.is_empty() {
            return Err(Refusal::NothingThere.into());
        }
        let now = self.books.time(now)?;
        let rescue = self.rescue(account, now)?;
        let mut others: BTreeSet<Account> = rescue.copies.into_iter().filter_map(|copy| copy.person).collect();
        for choice in &acts {
            others.extend(self.copies(&choice.id)?.into_iter().filter_map(|copy| copy.person));
        }
        others.remove(account);
        let token: String = self.books.random()?.iter().map(|byte| format!("{byte:02x}")).collect();
        let request = json!({"account": account.expose_canonical(), "asked_at": now.as_micros()}).to_string().into_bytes();
        self.books.append(&[], &[(ValueName::Forget(token_hash(&token)), request)], now)?;
        Ok(ForgetRequest {
            token,
            acts: acts.len() as u64,
            closing: acts.iter().filter(|choice| super::filing::is_copied(&choice.act)).count() as u64,
            others: others.len() as u64,
            expires_at: now.plus_micros(FORGET_TOKEN_MICROS),
        })
    }

    /// The second step, by the confirmed account holder: destroys all that is filed under the account. Its objection then stops.
    pub fn forget(&mut self, token: &str, holder: &Account, now: Instant) -> Result<Forgotten, IntakeError> {
        self.begin()?;
        self.office.objected.clear();
        let time = self.books.time(now)?;
        let name = ValueName::Forget(token_hash(token));
        let stored = self.books.value(&name)?.and_then(|bytes| serde_json::from_slice::<Value>(&bytes).ok()).unwrap_or_default();
        let account = stored.get("account").and_then(Value::as_str).and_then(Account::from_canonical);
        let asked_at = stored.get("asked_at").and_then(Value::as_i64).map(Instant::from_micros);
        let in_time = asked_at.is_some_and(|asked_at| time <= asked_at.plus_micros(FORGET_TOKEN_MICROS));
        let Some(account) = account.filter(|account| account == holder && in_time) else {
            return Err(Refusal::UnknownToken.into());
        };
        let acts = self.choices_under(&account)?.len() as u64;
        let rescue = self.rescue(&account, time)?;
        // 1. Others are covered, and nothing names the account any more. A crash after this step leaves the token: the step is done again, and finds
        //    nothing left to do.
        self.ties.forget(self.books, &account)?;
        for other in &rescue.linked {
            self.ties.unlink(self.books, &account, other)?;
        }
        let mut values = Vec::new();
        self.ties.values(&mut values);
        values.push((ValueName::Outbox, self.outbox_without(&account)?));
        self.forget_cases(&account)?;
        let left = self.office.post(self.books)?.forget(self.books, &account)?;
        self.case_left(&left)?;
        let copies = rescue.copies.len() as u64;
        let events: Vec<NewEvent> =
            rescue.copies.into_iter().map(|choice| NewEvent { event: Event::Choice(choice), contact: None }).collect();
        self.write(&events, values, now)?;
        // 2. What is under the account is destroyed.
        self.books.forget(&account, &rescue.besides, TombstoneReason::ForgottenByPerson, now)?;
        // 3. The token is used up.
        self.books.append(&[], &[(name, Vec::new())], now)?;
        Ok(Forgotten { acts, copies })
    }

    fn choices_under(&mut self, account: &Account) -> Result<Vec<Choice>, IntakeError> {
        let filed = self.books.under(&[account])?.pop().unwrap_or_default();
        Ok(filed.iter().filter_map(|one| one.choice().cloned()).collect())
    }

    /// What others hold only through this account: compares who holds what with and without it.
    fn rescue(&mut self, account: &Account, now: Instant) -> Result<Rescue, IntakeError> {
        let (filed, linked) = self.component(account)?;
        let (mut besides, mut all, mut without) = (Vec::new(), Vec::new(), Vec::new());
        for one in &filed {
            let Event::Choice(choice) = &one.event else { continue };
            let mut choice = Choice { recorded_at: Some(one.recorded_at), ..choice.clone() };
            let is_own = choice.person.as_ref() == Some(account);
            if is_own && let Some(Known::Filed(answer)) = self.books.by_ids(&[&answer_id(&choice.id)])?.pop().flatten() {
                besides.push(answer.index);
            }
            if choice.provisional {
                let void = self.books.by_ids(&[&void_id(&choice.id)])?.pop().flatten();
                let confirmed = self.is_there(&confirmation_id(&choice.id))?;
                if let Some(Known::Filed(Filed { index, event: Event::Void(void), .. })) = void {
                    besides.extend(Some(index).filter(|_| is_own));
                    if void.effective_at <= now && !confirmed {
                        continue;
                    }
                }
                choice.provisional = !confirmed;
            }
            let names_it = matches!(&choice.act, Act::Link { to, .. } if to == account);
            if names_it && !is_own {
                besides.push(one.index);
            }
            if !is_own && !names_it {
                without.push(choice.clone());
            }
            all.push(choice);
        }
        let copies = self.missing(account, &all, &without)?;
        Ok(Rescue { copies, besides, linked })
    }

    /// All that is filed under the account and under every account links lead to, in the order of the ledger; and where its own links lead.
    fn component(&mut self, account: &Account) -> Result<(Vec<Filed>, Vec<Account>), IntakeError> {
        let (mut seen, mut queue) = (BTreeSet::from([account.clone()]), vec![account.clone()]);
        let (mut filed, mut own_links): (BTreeMap<u64, Filed>, Vec<Account>) = (BTreeMap::new(), Vec::new());
        while let Some(next) = queue.pop() {
            let mut near = self.ties.linked(self.books, &next)?;
            for one in self.books.under(&[&next])?.pop().unwrap_or_default() {
                if let Some(Act::Link { to, .. }) = one.choice().map(|choice| &choice.act) {
                    near.push(to.clone());
                    own_links.extend(Some(to.clone()).filter(|_| next == *account));
                }
                filed.insert(one.index, one);
            }
            queue.extend(near.into_iter().filter(|other| seen.insert(other.clone())));
        }
        Ok((filed.into_values().collect(), own_links))
    }

    /// Copies for what other accounts hold with all acts, and no longer without some.
    fn missing(&mut self, account: &Account, all: &[Choice], without: &[Choice]) -> Result<Vec<Choice>, IntakeError> {
        let (before, after) = (Holdings::resolve(all), Holdings::resolve(without));
        let by_id: BTreeMap<&str, &Choice> = all.iter().map(|choice| (choice.id.as_str(), choice)).collect();
        let mut numbers: BTreeMap<String, u64> = BTreeMap::new();
        let mut copies = Vec::new();
        for (other, held) in before.iter().filter(|(other, _)| *other != account) {
            let kept: BTreeSet<(&str, Instant)> = after.acts_of(other).iter().map(|act| (act.id.as_str(), act.from)).collect();
            // The same act may have come there as a copy already.
            for act in held.iter().filter(|act| act.via.is_some() && !kept.contains(&(act.id.as_str(), act.from))) {
                let Some(choice) = by_id.get(act.id.as_str()) else { continue };
                let there = |one: &&Choice| {
                    one.person.as_ref() == Some(other)
                        && one.act == choice.act
                        && one.received_at == act.from
                        && one.id.starts_with(&act.id)
                };
                if without.iter().any(|one| there(&one)) {
                    continue;
                }
                let number = match numbers.get(&act.id) {
                    Some(number) => number + 1,
                    None => self.next_copy(&act.id)?,
                };
                numbers.insert(act.id.clone(), number);
                copies.push(Choice {
                    id: format!("{}+{number}", act.id),
                    person: Some(other.clone()),
                    received_at: act.from,
                    recorded_at: None,
                    ..(*choice).clone()
                });
            }
        }
        Ok(copies)
    }

    fn next_copy(&mut self, id: &str) -> Result<u64, IntakeError> {
        let mut number = 1;
        while self.is_there(&format!("{id}+{number}"))? {
            number += 1;
        }
        Ok(number)
    }
}

fn token_hash(token: &str) -> [u8; 32] {
    Sha256::digest(token.trim()).into()
}
