//! One act that comes in: what may be filed, and how it stands on the ledger.

use bezwaar_core::account::{ACCOUNT_BYTES_MAX, Account};
use bezwaar_core::choice::{Act, By, Channel, Choice, Outcome};
use bezwaar_core::time::{Instant, PLAUSIBLE_FROM};
use bezwaar_ledger::expanded::{BODY_BYTES_MAX, write_choice};
use bezwaar_ledger::replay::may_be_provisional;

use super::contact::{CONTACT_BYTES_MAX, Contact};
use super::error::Refusal;
use super::list::ListCode;
use crate::engine::ID_BYTES_MAX;

/// The bytes of an id kept free for what the register adds.
const ID_TAIL_BYTES: usize = 24;

/// The most bytes an act may have when it is written out. Copies for other names, which may be longer, still fit into an entry's body.
pub const ACT_BYTES_MAX: usize = BODY_BYTES_MAX - 4 * ACCOUNT_BYTES_MAX;

/// Whether whoever sends an act has shown to hold the account it is sent from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sender {
    /// Yes, by signing in.
    Confirmed,
    /// Not yet. What closes counts all the same, as provisional.
    Unconfirmed,
}

/// One act that comes in.
#[derive(Clone, Debug)]
pub struct Filing {
    /// The act.
    pub choice: Choice,
    /// Who sent it, when another than the person.
    pub filer: Option<Account>,
    /// Whether the sender is confirmed: as the filer, if there is one, otherwise as the person.
    pub sender: Sender,
    /// Whether the person's name was written in another case or form than the normalised one.
    pub respelled: bool,
    /// What goes into the sender's contact drawer.
    pub contact: Contact,
}

/// What came of an act.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// Its id.
    pub id: String,
    /// Its place on the ledger.
    pub index: u64,
    /// How it came to stand there.
    pub state: State,
    /// Whether it is provisional.
    pub provisional: bool,
    /// The acts filed besides, because it counts for more names than the one it was filed under.
    pub copies: Vec<Copied>,
    /// What was uncertain or out of the ordinary, and so stands on the list.
    pub notices: Vec<ListCode>,
}

/// How an act came to stand on the ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It was filed now.
    New,
    /// It was there already.
    There,
    /// It was there, and was erased since; it is not filed anew.
    Erased,
}

/// An act filed besides another, for another name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Copied {
    /// Its id.
    pub id: String,
    /// The name.
    pub account: Account,
    /// Why.
    pub why: CopyWhy,
}

/// Why an act counts for another name as well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CopyWhy {
    /// Whoever sent it for another said no for themselves as well.
    Filer,
    /// The account went by that name, or the name by that account.
    Alias,
}

impl Filing {
    /// The act of a person who sent it themselves.
    pub fn own(choice: Choice, sender: Sender) -> Filing {
        Filing { choice, filer: None, sender, respelled: false, contact: Contact::default() }
    }

    /// The filer, if it is another than the person.
    pub(super) fn other_filer(&self) -> Option<&Account> {
        self.filer.as_ref().filter(|filer| Some(*filer) != self.choice.person.as_ref())
    }

    /// Why it may not be filed, as far as the act alone tells.
    pub(super) fn refusal(&self, now: Instant) -> Option<Refusal> {
        let choice = &self.choice;
        if choice.id.len() + ID_TAIL_BYTES > ID_BYTES_MAX {
            return Some(Refusal::LongId);
        }
        if is_own_id(&choice.id) {
            return Some(Refusal::OwnId);
        }
        let mut written = Vec::new();
        if write_choice(&self.filed(), &mut written).is_err() || written.len() > ACT_BYTES_MAX {
            return Some(Refusal::NoForm);
        }
        if choice.received_at > now {
            return Some(Refusal::InFuture);
        }
        if choice.received_at < PLAUSIBLE_FROM {
            return Some(Refusal::LongAgo);
        }
        if matches!(choice.act, Act::Answer { outcome: Outcome::Void, .. }) {
            return Some(Refusal::VoidAnswer);
        }
        if self.contact.bytes() > CONTACT_BYTES_MAX {
            return Some(Refusal::LongContact);
        }
        // An answer is the controller's own.
        let answered = matches!(choice.act, Act::Answer { .. });
        let needs = !answered && !may_be_provisional(&choice.act) && self.is_provisional();
        needs.then(|| Refusal::NeedsConfirmation { act: word(&choice.act) })
    }

    /// Whether the person the act is filed for has not been shown to have sent it.
    fn is_provisional(&self) -> bool {
        self.sender == Sender::Unconfirmed || self.other_filer().is_some()
    }

    /// The act as it is filed.
    pub(super) fn filed(&self) -> Choice {
        let mut choice = Choice { recorded_at: None, ..self.choice.clone() };
        choice.provisional = may_be_provisional(&choice.act) && self.is_provisional();
        choice.by = match choice.by {
            None | Some(By::Own) if self.other_filer().is_some() => Some(By::Agent),
            None => Some(By::Own),
            by => by,
        };
        choice
    }

    /// The same no, as the filer's own.
    pub(super) fn filers_own(&self) -> Option<Choice> {
        let filer = self.other_filer().filter(|_| is_copied(&self.choice.act))?;
        let provisional = self.sender == Sender::Unconfirmed;
        Some(Choice { id: format!("{}+0", self.choice.id), person: Some(filer.clone()), by: Some(By::Own), provisional, ..self.filed() })
    }
}

/// Whether the register gives the time at which an act of this channel was received.
pub(super) fn time_is_given(channel: Option<Channel>) -> bool {
    matches!(channel, Some(Channel::Form | Channel::Api | Channel::Setting | Channel::Signal))
}

/// Whether an act says no, so that it counts for every name of its person.
pub(super) fn is_copied(act: &Act) -> bool {
    !act.opens() && !matches!(act, Act::Link { .. } | Act::Answer { .. })
}

/// Whether two choices are the same act; whether it was provisional is no part of it.
pub(super) fn is_same(one: &Choice, other: &Choice, time_given: bool) -> bool {
    let received_at = if time_given { other.received_at } else { one.received_at };
    let by = one.by.or(Some(By::Own));
    let other = Choice { by: other.by.or(Some(By::Own)), recorded_at: None, provisional: false, ..other.clone() };
    Choice { received_at, by, recorded_at: None, provisional: false, ..one.clone() } == other
}

/// Whether an id ends as those do that the register gives: `+` and a number, or a word of its own.
pub(super) fn is_own_id(id: &str) -> bool {
    id.rsplit_once('+').is_some_and(|(_, tail)| {
        matches!(tail, "void" | "confirmed" | "answer") || (!tail.is_empty() && tail.bytes().all(|byte| byte.is_ascii_digit()))
    })
}

/// The id of the answer to an act that the register files.
pub(super) fn answer_id(id: &str) -> String {
    format!("{id}+answer")
}

/// Whether an id is that of a copy made for another name; a filer's own no (`+0`) is none.
pub(super) fn is_alias_copy(id: &str) -> bool {
    is_own_id(id) && !id.ends_with("+0")
}

/// The word for an act, in the exchange format.
pub(super) fn word(act: &Act) -> &'static str {
    match act {
        Act::Object { .. } => "object",
        Act::SetOff { .. } | Act::SetOn { .. } => "set",
        Act::Withdraw { .. } => "withdraw",
        Act::Consent { .. } => "consent",
        Act::WithdrawConsent { .. } => "withdraw-consent",
        Act::Link { .. } => "link",
        Act::Unlink { .. } => "unlink",
        Act::Erase { .. } => "erase",
        Act::Signal { .. } => "signal",
        Act::Answer { .. } => "answer",
        Act::Unreadable => "unreadable",
    }
}
