//! Aliases: `{"account":"instagram:77","handle":"instagram:noor","from":"2020-01-01T00:00:00Z","until":null}`, one a line.

use std::collections::{BTreeMap, BTreeSet};

use bezwaar_core::account::{Account, Services};
use bezwaar_core::time::Instant;
use bezwaar_core::wire::{LineError, choice_text};
use bezwaar_ledger::event::Event;
use serde::Deserialize;

use super::Intake;
use super::books::Filed;
use super::error::IntakeError;
use super::filing::{is_alias_copy, is_copied};
use super::lines::{LINE_BYTES_MAX, Line, for_each_line};
use super::plan::Planner;
use super::problems::Problems;
use super::source::{Hashing, Source};
use super::ties::{TIES_MAX, Tie};

/// How many aliases are learnt at once.
pub const ALIASES_AT_ONCE: usize = 1_000;

/// That an account went by a handle, a mail address or a number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alias {
    /// The account, by its stable name.
    pub account: Account,
    /// The other name.
    pub handle: Account,
    /// Since when.
    pub from: Instant,
    /// Until when; `None` while it lasts.
    pub until: Option<Instant>,
}

/// What came of learning aliases.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Learnt {
    /// How many are new, or end now where they did not before.
    pub aliases: u64,
    /// How many were known.
    pub known: u64,
    /// How many acts were filed besides, for names that acts on the ledger were found to reach.
    pub copies: u64,
    /// How many acts were put on the list.
    pub listed: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WireAlias {
    account: String,
    handle: String,
    from: String,
    until: Option<String>,
}

/// Reads a file of aliases: all problems at once.
pub fn read_aliases<S: Source + ?Sized>(source: &S, services: &Services) -> Result<Vec<(usize, Alias)>, IntakeError> {
    let (mut aliases, mut problems) = (Vec::new(), Problems::default());
    for_each_line::<IntakeError>(&mut Hashing::new(source.open()?), |index, line| {
        let number = index + 1;
        match line {
            Line::Text(text) => {
                if let Some(text) = choice_text(index, text) {
                    match one(number, text, services) {
                        Ok(alias) => aliases.push((number, alias)),
                        Err(errors) => problems.extend(errors),
                    }
                }
            }
            Line::TooLong => problems.push(LineError::new(number, 0, format!("the line is over {LINE_BYTES_MAX} bytes"))),
            Line::NotUtf8 => problems.push(LineError::new(number, 0, "the text is not UTF-8")),
        }
        Ok(())
    })?;
    if problems.is_empty() { Ok(aliases) } else { Err(IntakeError::Problems(problems.sorted())) }
}

fn one(line: usize, text: &str, services: &Services) -> Result<Alias, Vec<LineError>> {
    let wire: WireAlias = serde_json::from_str(text).map_err(|error| vec![LineError::of_json(line, &error)])?;
    let mut errors = Vec::new();
    let mut wrong = |message: String| errors.push(LineError::new(line, 0, message));
    let account = services.parse(&wire.account);
    let handle = services.parse(&wire.handle);
    let from = Instant::parse(&wire.from);
    let until = wire.until.as_deref().map(Instant::parse).transpose();
    if account.is_none() {
        wrong("`account` names nobody: write `service:account`".to_owned());
    }
    if handle.is_none() {
        wrong("`handle` names nobody: write `service:handle`, or `mail:`, `tel:` (with country code), `url:`".to_owned());
    }
    if let Err(error) = from {
        wrong(format!("`from`: {error}"));
    }
    if let Err(error) = until {
        wrong(format!("`until`: {error}"));
    }
    if account.is_some() && account == handle {
        wrong("`account` and `handle` are the same name".to_owned());
    }
    if account.as_ref().is_some_and(|account| !account.has_service()) {
        wrong("`account` must be an account of a service; a mail address or number is a `handle`".to_owned());
    }
    if let (Ok(from), Ok(Some(until))) = (&from, &until)
        && until <= from
    {
        wrong("`until` is not later than `from`".to_owned());
    }
    match (account, handle, from, until) {
        (Some(account), Some(handle), Ok(from), Ok(until)) if errors.is_empty() => Ok(Alias { account, handle, from, until }),
        _ => Err(errors),
    }
}

impl Intake<'_> {
    /// Learns aliases, and files copies of closing acts for the names they are now known to reach. What was copied stays copied. An alias that lasts may be
    /// ended by giving it again with its end.
    ///
    /// # Errors
    /// [`IntakeError::Problems`] with all lines that cannot be: a handle that would belong to two accounts at a time, an account named by a name that is a
    /// handle of another, too many of one account. Nothing was learnt then.
    pub fn learn(&mut self, aliases: &[(usize, Alias)], now: Instant) -> Result<Learnt, IntakeError> {
        self.refresh();
        let mut problems = Problems::default();
        let mut changed: BTreeMap<usize, BTreeSet<Account>> = BTreeMap::new();
        let mut learnt = Learnt::default();
        for (line, alias) in aliases {
            match self.tie(*line, alias)? {
                Err(problem) => problems.push(problem),
                Ok(true) => {
                    learnt.aliases += 1;
                    changed.entry(learnt.aliases as usize / ALIASES_AT_ONCE).or_default().insert(alias.account.clone());
                }
                Ok(false) => learnt.known += 1,
            }
        }
        if !problems.is_empty() {
            self.refresh();
            return Err(IntakeError::Problems(problems.sorted()));
        }
        // All ties are known before the first act is copied; they are stored with the last, so that a crash leaves nothing half known: the file is
        // learnt again, and copies that are there are recognised.
        let groups: Vec<BTreeSet<Account>> = changed.into_values().collect();
        for (place, accounts) in groups.iter().enumerate() {
            let is_last = place + 1 == groups.len();
            let (copies, listed) = self.copy_late(accounts, is_last, now)?;
            learnt.copies += copies;
            learnt.listed += listed;
        }
        Ok(learnt)
    }

    /// Enters an alias into the book of ties. `false`: it was known.
    fn tie(&mut self, line: usize, alias: &Alias) -> Result<Result<bool, LineError>, IntakeError> {
        let wrong = |message: &str| Ok(Err(LineError::new(line, 0, message)));
        let Alias { account, handle, from, until } = alias;
        let handles = self.ties.of(self.books, account)?.clone();
        let holders = self.ties.of(self.books, handle)?.clone();
        if !handles.holders.is_empty() || !holders.handles.is_empty() {
            return wrong("a name cannot be both an account and another account's handle: name the account by its stable id");
        }
        let there = handles.handles.iter().position(|tie| tie.other == *handle && tie.from == *from);
        if let Some(tie) = there.and_then(|place| handles.handles.get(place))
            && tie.until == *until
        {
            return Ok(Ok(false));
        }
        let tie = Tie { other: account.clone(), from: *from, until: *until };
        let others = holders.holders.iter().filter(|other| !(other.other == *account && other.from == *from));
        for other in others.filter(|other| other.overlaps(&tie)) {
            if other.other == *account {
                return wrong("the same alias overlaps with one that is known: give it once, with its whole time");
            }
            if handle.has_service() {
                return wrong("the handle would belong to two accounts at one time: end the one before the other begins");
            }
        }
        if there.is_none() && (handles.handles.len() >= TIES_MAX || holders.holders.len() >= TIES_MAX) {
            return Ok(Err(LineError::new(line, 0, format!("one name has over {TIES_MAX} aliases"))));
        }
        for (end, other, list) in [(account, handle, true), (handle, account, false)] {
            let ties = self.ties.of(self.books, end)?;
            let list = if list { &mut ties.handles } else { &mut ties.holders };
            list.retain(|tie| !(tie.other == *other && tie.from == *from));
            list.push(Tie { other: other.clone(), from: *from, until: *until });
            self.ties.touch(end);
        }
        Ok(Ok(true))
    }

    /// Copies acts that are on the ledger for the names they are now known to reach.
    fn copy_late(&mut self, accounts: &BTreeSet<Account>, is_last: bool, now: Instant) -> Result<(u64, u64), IntakeError> {
        let mut names: BTreeSet<Account> = accounts.clone();
        for account in accounts {
            names.extend(self.ties.of(self.books, account)?.handles.iter().map(|tie| tie.other.clone()));
        }
        let names: Vec<&Account> = names.iter().collect();
        let filed = self.books.under(&names)?;
        let mut planner = Planner::new(self.books, &mut self.ties);
        for list in &filed {
            let confirmed: BTreeSet<&str> = list
                .iter()
                .filter_map(|one| match &one.event {
                    Event::Confirmation(confirmation) => Some(confirmation.confirms.as_str()),
                    _ => None,
                })
                .collect();
            for Filed { index, event, .. } in list {
                let Event::Choice(choice) = event else { continue };
                if is_copied(&choice.act) && !is_alias_copy(&choice.id) {
                    let mut choice = choice.clone();
                    choice.provisional &= !confirmed.contains(choice.id.as_str());
                    planner.copy(&choice, Some(*index), false)?;
                }
            }
        }
        let (copies, listed) = (planner.plan.events.len() as u64, planner.plan.listed.len() as u64);
        let (plan, mut values) = if is_last { planner.finish()? } else { planner.finish_without_ties()? };
        self.write(&plan.events, std::mem::take(&mut values), now)?;
        Ok((copies, listed))
    }
}
