//! What happens to an act later: it is confirmed, or declared void; its filer's details are erased.

use std::collections::BTreeMap;

use bezwaar_core::account::Account;
use bezwaar_core::choice::{Act, Choice};
use bezwaar_core::time::Instant;
use bezwaar_ledger::event::{Confirmation, Event, TombstoneReason, Void, VoidReason};
use bezwaar_ledger::replay::VOID_NOTICE_MICROS;
use serde_json::{Value, json};

use super::Intake;
use super::books::{Filed, Known, NewEvent, ValueName};
use super::error::{IntakeError, Refusal};
use super::post::{Addressee, MessageKind, NewMessage, POST_DETAIL_BYTES_MAX, POST_MAX};

/// The most notices that are shown at a time.
pub const OUTBOX_MAX: usize = 200;

/// To whom a notice goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Whoever filed the act.
    Filer,
    /// The account it was filed for.
    Account,
}

/// A notice that waits to be sent: that an objection will no longer count, and how that is stopped (by the account holder confirming it). Its text is for
/// whoever sends it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// To whom.
    pub to: Account,
    /// As what.
    pub role: Role,
    /// The act.
    pub act: String,
    /// Why it is to be void.
    pub reason: VoidReason,
    /// From when on it no longer counts, if that is on the ledger already, as in older registers; `None`: not before [`VOID_NOTICE_MICROS`] after the last notice was sent.
    pub effective_at: Option<Instant>,
}

/// What came of declaring an act void.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Voided {
    /// The acts declared void: the one named, and its copies for other names.
    pub acts: Vec<String>,
    /// How many notices have to be sent first.
    pub notices: usize,
    /// From when on they no longer count, unless the account holder confirms them. `None`: nobody knows yet, for notices have to be sent first.
    pub effective_at: Option<Instant>,
}

/// What came of confirming an act.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Confirmed {
    /// The acts that are confirmed now: the one named, and its copies for other names. Empty: that was said already.
    pub acts: Vec<String>,
    /// Copies that stay provisional, because their names are or were somebody else's too. They count all the same.
    pub left: Vec<String>,
}

impl Intake<'_> {
    /// The account holder, confirmed, says that a provisional act is theirs. It ends a void that was declared. Its copies for other names are confirmed with it, if
    /// those names are the holder's alone or the copies were declared void; of a name that is or was somebody else's too, the copy stays provisional.
    /// A notice that still waits to say that one of them was declared void is not sent any more.
    pub fn confirm(&mut self, id: &str, holder: &Account, now: Instant) -> Result<Confirmed, IntakeError> {
        self.begin()?;
        let choice = self.choice(id)?;
        if choice.person.as_ref() != Some(holder) {
            return Err(Refusal::OtherHolder.into());
        }
        if !choice.provisional {
            return Err(Refusal::NotProvisional.into());
        }
        let received_at = self.books.time(now)?;
        let (mut confirmed, mut events) = (Confirmed { acts: Vec::new(), left: Vec::new() }, Vec::new());
        let copies = self.copies(id)?;
        for act in std::iter::once(&choice).chain(&copies) {
            let Some(person) = act.person.as_ref().filter(|_| act.provisional) else { continue };
            if self.is_there(&confirmation_id(&act.id))? {
                continue;
            }
            // One that was declared void counts again in any case: a doubt about a name costs nobody their no.
            let sure = person == holder || self.ties.is_one(self.books, holder, person, choice.received_at)?;
            if !sure && !self.is_there(&void_id(&act.id))? {
                confirmed.left.push(act.id.clone());
                continue;
            }
            let id = confirmation_id(&act.id);
            let event = Event::Confirmation(Confirmation { id, confirms: act.id.clone(), person: person.clone(), received_at });
            events.push(NewEvent { event, contact: None });
            confirmed.acts.push(act.id.clone());
        }
        if !events.is_empty() {
            // Who stands behind an act is not told any more that it will stop.
            let waiting = self.old_outbox()?;
            let left: Vec<Notice> = waiting.iter().filter(|notice| !confirmed.acts.contains(&notice.act)).cloned().collect();
            let values = if left.len() == waiting.len() { Vec::new() } else { vec![(ValueName::Outbox, notice_bytes(&left))] };
            self.drop_notices(&confirmed.acts)?;
            self.case_confirmed(&confirmed.acts)?;
            self.write(&events, values, now)?;
        }
        Ok(confirmed)
    }

    /// Declares a provisional objection void, with all its copies for other names but the filer's own no. Filer and account are told by notices in the post. When the last of them
    /// was sent ([`Intake::post_sent`]), and not before, it is entered on the ledger, and it takes effect [`VOID_NOTICE_MICROS`] after that. Until it is entered, nothing on the
    /// ledger tells of it, and the objection counts.
    pub fn void(&mut self, id: &str, reason: VoidReason, approvers: [&str; 2], now: Instant) -> Result<Voided, IntakeError> {
        let approvers = two_approvers(approvers)?;
        self.begin()?;
        let mut events = Vec::new();
        match self.plan_void(id, reason, approvers, now, &mut events)? {
            Ok(voided) => {
                self.write(&events, Vec::new(), now)?;
                Ok(voided)
            }
            Err(refusal) => Err(refusal.into()),
        }
    }

    /// Plans a void with its notices. The approvers are two.
    pub(super) fn plan_void(
        &mut self,
        id: &str,
        reason: VoidReason,
        approvers: [&str; 2],
        now: Instant,
        events: &mut Vec<NewEvent>,
    ) -> Result<Result<Voided, Refusal>, IntakeError> {
        let Some(choice) = self.filed_choice(id)? else { return Ok(Err(Refusal::NoSuchAct)) };
        if !matches!(choice.act, Act::Object { .. }) {
            return Ok(Err(Refusal::NotAnObjection));
        }
        if !choice.provisional || self.is_there(&confirmation_id(id))? {
            return Ok(Err(Refusal::NotProvisional));
        }
        if self.is_there(&void_id(id))? || self.is_noticed(id)? {
            return Ok(Err(Refusal::AlreadyVoid));
        }
        let detail = void_detail(reason, approvers);
        if detail.len() > POST_DETAIL_BYTES_MAX {
            return Ok(Err(Refusal::LongDetail));
        }
        if self.office.post(self.books)?.len() + 2 > POST_MAX {
            return Ok(Err(Refusal::OutboxFull));
        }
        let time = self.books.time(now)?;
        let filer = self.filed_choice(&format!("{id}+0"))?.and_then(|own| own.person);
        let language = self.language_of_case(id)?;
        let case = self.case_of_act(id)?;
        let mut notices = 0;
        for (to, role) in [(choice.person, Role::Account), (filer, Role::Filer)] {
            let Some(account) = to else { continue };
            let addressee = Addressee::Act { act: id.to_owned(), role };
            let message = NewMessage { kind: MessageKind::VoidNotice, to: addressee, language: language.clone(), detail: detail.clone() };
            self.queue((message, &account), case, time)?;
            notices += 1;
        }
        let acts = self.voidable(id)?;
        self.case_voiding(id, approvers, time)?;
        let effective_at = if notices == 0 { self.enter_void(id, &detail, time, events)? } else { None };
        Ok(Ok(Voided { acts, notices, effective_at }))
    }

    /// An act and its copies for other names, as far as they can be void.
    fn voidable(&mut self, id: &str) -> Result<Vec<String>, IntakeError> {
        let mut acts = vec![id.to_owned()];
        for copy in self.copies(id)? {
            if copy.provisional && !self.is_there(&confirmation_id(&copy.id))? && !self.is_there(&void_id(&copy.id))? {
                acts.push(copy.id);
            }
        }
        Ok(acts)
    }

    /// Plans the entries of a void that was declared, now that everybody was told. Gives from when on it counts; nothing if there is nothing to void any more.
    fn enter_void(&mut self, id: &str, detail: &str, time: Instant, events: &mut Vec<NewEvent>) -> Result<Option<Instant>, IntakeError> {
        let (Some((reason, approvers)), Some(choice)) = (read_void_detail(detail), self.filed_choice(id)?) else { return Ok(None) };
        if !choice.provisional || self.is_there(&confirmation_id(id))? || self.is_there(&void_id(id))? {
            return Ok(None);
        }
        let effective_at = time.plus_micros(VOID_NOTICE_MICROS);
        for act in self.voidable(id)? {
            let event = Event::Void(Void { id: void_id(&act), voids: act, reason, approvers: approvers.clone(), effective_at });
            events.push(NewEvent { event, contact: None });
        }
        self.case_void(events, id, effective_at)?;
        Ok(Some(effective_at))
    }

    /// Plans the voids whose last notice was just taken out of the post, each given with what the notice said.
    pub(super) fn enter_voids(&mut self, told: &BTreeMap<String, String>, time: Instant) -> Result<Vec<NewEvent>, IntakeError> {
        let mut events = Vec::new();
        for (act, detail) in told {
            if !self.is_noticed(act)? {
                self.enter_void(act, detail, time, &mut events)?;
            }
        }
        Ok(events)
    }

    /// Erases what the contact drawer has of an account. What it said holds.
    pub fn erase_contact(&mut self, account: &Account, now: Instant) -> Result<(), IntakeError> {
        Ok(self.books.erase_contact(account, TombstoneReason::ForgottenByPerson, now)?)
    }

    /// The notices of voids that wait to be sent, oldest first, at most [`OUTBOX_MAX`]. They stand in the post; those of older registers stood in a list of their own.
    pub fn outbox(&mut self) -> Result<Vec<Notice>, IntakeError> {
        let mut notices = self.old_outbox()?;
        let rest = OUTBOX_MAX.saturating_sub(notices.len());
        notices.extend(self.void_notices(rest)?.into_values().flatten());
        Ok(notices)
    }

    /// How many notices of voids wait to be sent.
    pub fn outbox_count(&mut self) -> Result<usize, IntakeError> {
        Ok(self.old_outbox()?.len() + self.office.post(self.books)?.notice_count())
    }

    /// Says that the oldest so many notices were sent. Voids of which that was the last are entered on the ledger.
    pub fn outbox_sent(&mut self, count: usize, now: Instant) -> Result<(), IntakeError> {
        self.books.settle()?;
        let old = self.old_outbox()?;
        let mut left = count.saturating_sub(old.len());
        let notices: Vec<Notice> = old.into_iter().skip(count).collect();
        let mut sent = Vec::new();
        for (number, notice) in self.void_notices(OUTBOX_MAX)? {
            // What was erased is sent to nobody, and counts for nothing.
            if notice.is_some() && left == 0 {
                break;
            }
            left -= usize::from(notice.is_some());
            sent.push(number);
        }
        let time = self.books.time(now)?;
        let told = self.drop_messages(&sent)?;
        let events = self.enter_voids(&told, time)?;
        self.write(&events, vec![(ValueName::Outbox, notice_bytes(&notices))], now).map(drop)
    }

    fn old_outbox(&mut self) -> Result<Vec<Notice>, IntakeError> {
        let stored = self.books.value(&ValueName::Outbox)?.unwrap_or_default();
        let list: Vec<Value> = serde_json::from_slice(&stored).unwrap_or_default();
        Ok(list.iter().filter_map(read_notice).collect())
    }

    /// The old outbox without notices to an account.
    pub(super) fn outbox_without(&mut self, account: &Account) -> Result<Vec<u8>, IntakeError> {
        let left: Vec<Notice> = self.old_outbox()?.into_iter().filter(|notice| notice.to != *account).collect();
        Ok(notice_bytes(&left))
    }

    /// The copies of an act for other names, without the filer's own no.
    pub(super) fn copies(&mut self, id: &str) -> Result<Vec<Choice>, IntakeError> {
        let mut copies = Vec::new();
        for number in 1_u64.. {
            match self.books.by_ids(&[&format!("{id}+{number}")])?.pop().flatten() {
                None => break,
                Some(Known::Erased { .. }) => {}
                Some(Known::Filed(filed)) => copies.extend(filed.choice().cloned()),
            }
        }
        Ok(copies)
    }

    fn choice(&mut self, id: &str) -> Result<Choice, IntakeError> {
        self.filed_choice(id)?.ok_or(Refusal::NoSuchAct.into())
    }

    pub(super) fn filed_choice(&mut self, id: &str) -> Result<Option<Choice>, IntakeError> {
        Ok(match self.books.by_ids(&[id])?.pop().flatten() {
            Some(Known::Filed(Filed { event: Event::Choice(choice), .. })) => Some(choice),
            _ => None,
        })
    }

    pub(super) fn is_there(&mut self, id: &str) -> Result<bool, IntakeError> {
        Ok(self.books.by_ids(&[id])?.pop().flatten().is_some())
    }
}

/// Two different people, or a refusal.
pub(super) fn two_approvers(approvers: [&str; 2]) -> Result<[&str; 2], Refusal> {
    let [first, second] = approvers.map(str::trim);
    if first.is_empty() || second.is_empty() || first.to_lowercase() == second.to_lowercase() {
        return Err(Refusal::Approvers);
    }
    Ok([first, second])
}

pub(super) fn confirmation_id(id: &str) -> String {
    format!("{id}+confirmed")
}

pub(super) fn void_id(id: &str) -> String {
    format!("{id}+void")
}

/// What a notice carries, so that the void can be entered when it was sent: the reason, and who approved.
fn void_detail(reason: VoidReason, approvers: [&str; 2]) -> String {
    let [first, second] = approvers;
    json!([reason.as_str(), first, second]).to_string()
}

fn read_void_detail(detail: &str) -> Option<(VoidReason, [String; 2])> {
    let [reason, first, second]: [String; 3] = serde_json::from_str(detail).ok()?;
    Some((VoidReason::lookup(&reason)?, [first, second]))
}

/// Why an act is to be void, from what a notice carries. Those of older registers carry the reason alone, and their void is entered already.
pub(super) fn reason_of(detail: &str) -> Option<VoidReason> {
    read_void_detail(detail).map(|(reason, _)| reason).or_else(|| VoidReason::lookup(detail.split(' ').next()?))
}

fn notice_bytes(notices: &[Notice]) -> Vec<u8> {
    if notices.is_empty() {
        return Vec::new();
    }
    let one = |notice: &Notice| {
        let role = if notice.role == Role::Filer { "filer" } else { "account" };
        json!({"act": notice.act, "effective_at": notice.effective_at.map(Instant::as_micros), "reason": notice.reason.as_str(), "role": role,
               "to": notice.to.expose_canonical()})
    };
    Value::Array(notices.iter().map(one).collect()).to_string().into_bytes()
}

fn read_notice(value: &Value) -> Option<Notice> {
    let text = |name: &str| value.get(name).and_then(Value::as_str);
    Some(Notice {
        to: Account::from_canonical(text("to")?)?,
        role: if text("role")? == "filer" { Role::Filer } else { Role::Account },
        act: text("act")?.to_owned(),
        reason: VoidReason::lookup(text("reason")?)?,
        effective_at: value.get("effective_at").and_then(Value::as_i64).map(Instant::from_micros),
    })
}
