//! The post: messages that are to be sent, put there in the same batch as what they are about.
//!
//! A message says what kind it is and what act or case it is about, and to whom it goes: to whoever an act is of, or to an account. It has no text and no address. The text
//! is made, and the address is looked up, when it is sent; what was erased by then is not sent, and the message is taken away.
//!
//! A message may be sent twice, when a program is stopped between sending and saying so; it is never lost without a trace.

use std::collections::{BTreeMap, BTreeSet};

use bezwaar_core::account::Account;
use bezwaar_core::time::Instant;
use bezwaar_ledger::event::{Event, VoidReason};
use serde_json::{Value, json};

use super::Intake;
use super::books::{Books, Filed, Known, ValueName};
use super::cases::CaseNumber;
use super::contact::{Contact, Drawer};
use super::error::{IntakeError, Refusal};
use super::looks::StaffId;
use super::people::Role;
use super::shelf::{Shelf, ShelfName, damaged};
use crate::engine::RegisterError;
use crate::store::KeyedName;

/// The most messages that wait, or were given up and not taken away. More are not taken.
pub const POST_MAX: usize = 1_000_000;
/// The most messages taken at once.
pub const POST_TAKEN_MAX: usize = 500;
/// How long a message that was taken is nobody else's: 10 minutes. Then it is taken again.
pub const POST_TAKEN_MICROS: i64 = 600_000_000;
/// The longest detail of a message, in bytes.
pub const POST_DETAIL_BYTES_MAX: usize = 256;
/// The longest code of a language, in bytes.
pub const LANGUAGE_BYTES_MAX: usize = 16;

/// The code of the language somebody is written to in: `nl`, `en`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LanguageCode(String);

impl LanguageCode {
    /// The code: lower-case letters and hyphens, at most [`LANGUAGE_BYTES_MAX`].
    pub fn parse(text: &str) -> Option<LanguageCode> {
        let sound = (1..=LANGUAGE_BYTES_MAX).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-');
        sound.then(|| LanguageCode(text.to_owned()))
    }

    /// The code `und`: nobody said which language (BCP 47).
    pub fn undetermined() -> LanguageCode {
        LanguageCode("und".to_owned())
    }

    /// The code.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What a message says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum MessageKind {
    /// We have your act: here is the acceptance, and the receipt once there is one.
    Received,
    /// Confirm that this address is yours.
    Confirm,
    /// Somebody filed an act for your account; was it you?
    FiledForYou,
    /// We need more time.
    Extension,
    /// What was decided.
    Answer,
    /// A provisional objection will no longer count, unless you confirm it.
    VoidNotice,
    /// A link to sign in with.
    SignIn,
    /// Confirm that you want to be forgotten.
    Forget,
}

impl MessageKind {
    /// Every kind.
    pub const ALL: [MessageKind; 8] = [
        MessageKind::Received,
        MessageKind::Confirm,
        MessageKind::FiledForYou,
        MessageKind::Extension,
        MessageKind::Answer,
        MessageKind::VoidNotice,
        MessageKind::SignIn,
        MessageKind::Forget,
    ];

    /// The code of the kind.
    pub fn as_str(self) -> &'static str {
        match self {
            MessageKind::Received => "received",
            MessageKind::Confirm => "confirm",
            MessageKind::FiledForYou => "filed-for-you",
            MessageKind::Extension => "extension",
            MessageKind::Answer => "answer",
            MessageKind::VoidNotice => "void-notice",
            MessageKind::SignIn => "sign-in",
            MessageKind::Forget => "forget",
        }
    }

    /// The kind with this code.
    pub fn lookup(text: &str) -> Option<MessageKind> {
        MessageKind::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

/// To whom a message goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Addressee {
    /// To whoever an act is of, or to whoever filed it for them.
    Act {
        /// The act.
        act: String,
        /// As what.
        role: Role,
    },
    /// To an account.
    Account(Account),
}

/// A message to be put into the post.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewMessage {
    /// What it says.
    pub kind: MessageKind,
    /// To whom.
    pub to: Addressee,
    /// In which language.
    pub language: LanguageCode,
    /// What else its text needs, at most [`POST_DETAIL_BYTES_MAX`]: a code, a day. No text, and nothing personal.
    pub detail: String,
}

/// A message in the post.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Its number; never given again.
    pub number: u64,
    /// What it says, and to whom.
    pub message: NewMessage,
    /// The case it is about.
    pub case: Option<CaseNumber>,
    /// When it was put there.
    pub queued_at: Instant,
    /// How often it was taken.
    pub attempts: u32,
    /// When it is to be taken next; `None`: it was given up.
    pub next_at: Option<Instant>,
    /// The keyed name of the account it goes to.
    person: KeyedName,
}

/// A message to send now, and where it goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outgoing {
    /// The message.
    pub message: Message,
    /// The account it goes to.
    pub account: Account,
    /// What the drawer has of that account for this act; of a message to an account, the last contact it left.
    pub contact: Option<Contact>,
}

/// How the post stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PostCounts {
    /// How many messages wait to be sent.
    pub waiting: u64,
    /// How many were given up.
    pub given_up: u64,
    /// Since when the first of those that wait has waited to be taken.
    pub oldest_due_at: Option<Instant>,
}

/// The post, as an index over its shelf.
pub(super) struct Post {
    shelf: Shelf,
    due: BTreeSet<(Instant, u64)>,
    given_up: BTreeSet<u64>,
    people: BTreeSet<(KeyedName, u64)>,
    notices: BTreeSet<u64>,
    /// The same, by the act that is to be void.
    notices_of: BTreeSet<(KeyedName, u64)>,
}

impl Post {
    pub(super) fn open(books: &mut dyn Books) -> Result<Post, RegisterError> {
        let shelf = Shelf::open(books, ShelfName::Post)?;
        let mut post = Post {
            shelf,
            due: BTreeSet::new(),
            given_up: BTreeSet::new(),
            people: BTreeSet::new(),
            notices: BTreeSet::new(),
            notices_of: BTreeSet::new(),
        };
        let mut all = Vec::new();
        post.shelf.for_each(books, |number, line| {
            all.push(Message::parse(number, line).ok_or(damaged())?);
            Ok(())
        })?;
        all.iter().for_each(|message| post.enter(books, message));
        Ok(post)
    }

    fn enter(&mut self, books: &dyn Books, message: &Message) {
        let number = message.number;
        match message.next_at {
            Some(next_at) => drop(self.due.insert((next_at, number))),
            None => drop(self.given_up.insert(number)),
        }
        self.people.insert((message.person, number));
        if message.message.kind == MessageKind::VoidNotice {
            self.notices.insert(number);
            self.notices_of.extend(message.act(books).map(|act| (act, number)));
        }
    }

    fn leave(&mut self, books: &dyn Books, message: &Message) {
        let number = message.number;
        message.next_at.map(|next_at| self.due.remove(&(next_at, number)));
        self.given_up.remove(&number);
        self.people.remove(&(message.person, number));
        if self.notices.remove(&number) {
            message.act(books).map(|act| self.notices_of.remove(&(act, number)));
        }
    }

    /// As if so many messages were there.
    #[cfg(test)]
    pub(super) fn pretend(&mut self, count: usize) {
        self.people = (0..count as u64).map(|number| (KeyedName([0; 16]), number + 1_000_000_000)).collect();
    }

    pub(super) fn notice_count(&self) -> usize {
        self.notices.len()
    }

    pub(super) fn len(&self) -> usize {
        self.people.len()
    }

    /// Puts a message there. The caller has seen to it that there is room.
    pub(super) fn push(
        &mut self,
        books: &mut dyn Books,
        (message, person): (NewMessage, &Account),
        case: Option<CaseNumber>,
        now: Instant,
    ) -> Result<u64, RegisterError> {
        let person = keyed_person(books, person);
        let number = self.shelf.next();
        let message = Message { number, message, case, queued_at: now, attempts: 0, next_at: Some(now), person };
        self.shelf.push(books, message.line())?;
        self.enter(books, &message);
        Ok(number)
    }

    fn get(&mut self, books: &mut dyn Books, number: u64) -> Result<Option<Message>, RegisterError> {
        let Some(line) = self.shelf.get(books, number)? else { return Ok(None) };
        Message::parse(number, &line).map(Some).ok_or(damaged())
    }

    /// Puts a message in the place of what it was, or takes it away.
    fn set(&mut self, books: &mut dyn Books, old: &Message, new: Option<&Message>) -> Result<(), RegisterError> {
        self.shelf.put(books, old.number, new.map(Message::line).unwrap_or_default())?;
        self.leave(books, old);
        new.into_iter().for_each(|new| self.enter(books, new));
        Ok(())
    }

    /// Takes away every message to an account. Gives the acts whose notices were among them.
    pub(super) fn forget(&mut self, books: &mut dyn Books, account: &Account) -> Result<Vec<String>, RegisterError> {
        let mut acts = Vec::new();
        let person = keyed_person(books, account);
        let numbers: Vec<u64> = self.people.range((person, 0)..=(person, u64::MAX)).map(|(_, number)| *number).collect();
        for number in numbers {
            if let Some(message) = self.get(books, number)? {
                acts.extend(message.message.voids().map(str::to_owned));
                self.set(books, &message, None)?;
            }
        }
        Ok(acts)
    }

    pub(super) fn values(&mut self, values: &mut Vec<(ValueName, Vec<u8>)>) {
        self.shelf.values(values);
    }
}

fn keyed_person(books: &dyn Books, account: &Account) -> KeyedName {
    books.keyed("person", account.expose_canonical())
}

impl NewMessage {
    /// Of a notice of a void, why it is declared.
    pub fn void_reason(&self) -> Option<VoidReason> {
        (self.kind == MessageKind::VoidNotice).then(|| super::people::reason_of(&self.detail)).flatten()
    }

    /// Of a notice of a void, the act that is to be void.
    fn voids(&self) -> Option<&str> {
        match &self.to {
            Addressee::Act { act, .. } if self.kind == MessageKind::VoidNotice => Some(act),
            _ => None,
        }
    }

    /// Why it is not taken.
    pub(super) fn refusal(&self) -> Option<Refusal> {
        (self.detail.len() > POST_DETAIL_BYTES_MAX).then_some(Refusal::LongDetail)
    }
}

impl Message {
    /// The keyed name of the act it is about.
    fn act(&self, books: &dyn Books) -> Option<KeyedName> {
        match &self.message.to {
            Addressee::Act { act, .. } => Some(books.keyed("message of act", act)),
            Addressee::Account(_) => None,
        }
    }

    fn line(&self) -> String {
        let NewMessage { kind, to, language, detail } = &self.message;
        let to = match to {
            Addressee::Act { act, role: Role::Account } => json!(["act", act]),
            Addressee::Act { act, role: Role::Filer } => json!(["filer", act]),
            Addressee::Account(account) => json!(["account", account.expose_canonical()]),
        };
        json!({
            "at": self.queued_at.as_micros(), "case": self.case.map(|case| case.0), "detail": detail, "kind": kind.as_str(), "language": language.as_str(),
            "next": self.next_at.map(Instant::as_micros), "person": crate::hex::encode(&self.person.0), "to": to, "tries": self.attempts,
        })
        .to_string()
    }

    fn parse(number: u64, line: &str) -> Option<Message> {
        let value: Value = serde_json::from_str(line).ok()?;
        let text = |name: &str| value.get(name).and_then(Value::as_str);
        let moment = |name: &str| value.get(name).and_then(Value::as_i64).map(Instant::from_micros);
        let to = value.get("to")?;
        let (how, whom) = (to.get(0)?.as_str()?, to.get(1)?.as_str()?);
        let to = match how {
            "act" => Addressee::Act { act: whom.to_owned(), role: Role::Account },
            "filer" => Addressee::Act { act: whom.to_owned(), role: Role::Filer },
            "account" => Addressee::Account(Account::from_canonical(whom)?),
            _ => return None,
        };
        Some(Message {
            number,
            message: NewMessage {
                kind: MessageKind::lookup(text("kind")?)?,
                to,
                language: LanguageCode::parse(text("language")?)?,
                detail: text("detail")?.to_owned(),
            },
            case: value.get("case")?.as_u64().map(CaseNumber),
            queued_at: moment("at")?,
            attempts: value.get("tries")?.as_u64()?.try_into().ok()?,
            next_at: moment("next"),
            person: KeyedName(crate::hex::decode(text("person")?)?),
        })
    }
}

impl Intake<'_> {
    /// Puts a message into the post, durably; in the batch of a submission it is put there with the submission. Gives its number.
    ///
    /// # Errors
    /// [`Refusal::OutboxFull`] if [`POST_MAX`] wait; [`Refusal::NoSuchAct`] if it goes to whoever an act is of, and there is none.
    pub fn post(&mut self, message: NewMessage, now: Instant) -> Result<u64, IntakeError> {
        self.books.settle()?;
        let time = self.books.time(now)?;
        if let Some(refusal) = message.refusal() {
            return Err(refusal.into());
        }
        let account = self.addressee(&message.to)?.ok_or(Refusal::NoSuchAct)?;
        let number = self.queue((message, &account), None, time)?.ok_or(Refusal::OutboxFull)?;
        self.write(&[], Vec::new(), now)?;
        Ok(number)
    }

    /// Puts a message into the post with what is written next; `None`: there is no room.
    pub(super) fn queue(
        &mut self,
        message: (NewMessage, &Account),
        case: Option<CaseNumber>,
        time: Instant,
    ) -> Result<Option<u64>, IntakeError> {
        let post = self.office.post(self.books)?;
        if post.len() >= POST_MAX {
            return Ok(None);
        }
        Ok(Some(post.push(self.books, message, case, time)?))
    }

    /// Takes the messages that are due, the first due first, at most so many and [`POST_TAKEN_MAX`]. Each is to be sent and then told of by
    /// [`Intake::post_sent`] or [`Intake::post_failed`]; otherwise it is due again after [`POST_TAKEN_MICROS`]. A message whose account was erased is taken away.
    pub fn take_post(&mut self, limit: usize, now: Instant) -> Result<Vec<Outgoing>, IntakeError> {
        self.books.settle()?;
        let time = self.books.time(now)?;
        let post = self.office.post(self.books)?;
        let due: Vec<u64> =
            post.due.iter().take_while(|(at, _)| *at <= time).take(limit.min(POST_TAKEN_MAX)).map(|(_, number)| *number).collect();
        let (mut outgoing, mut gone) = (Vec::with_capacity(due.len()), Vec::new());
        for number in &due {
            let post = self.office.post(self.books)?;
            let Some(message) = post.get(self.books, *number)? else { continue };
            let account = self.addressee(&message.message.to)?;
            let post = self.office.post(self.books)?;
            let Some(account) = account else {
                gone.extend(message.message.voids().map(str::to_owned));
                post.set(self.books, &message, None)?;
                continue;
            };
            let next_at = Some(time.plus_micros(POST_TAKEN_MICROS));
            let taken = Message { attempts: message.attempts.saturating_add(1), next_at, ..message.clone() };
            post.set(self.books, &message, Some(&taken))?;
            let contact = self.contact_for(&taken.message.to, &account)?;
            outgoing.push(Outgoing { message: taken, account, contact });
        }
        if !due.is_empty() {
            self.case_left(&gone)?;
            self.write(&[], Vec::new(), now)?;
        }
        Ok(outgoing)
    }

    /// Says that messages were sent: they are taken away. Numbers that are not there are passed over. A void of which that was the last notice is entered on the ledger with it.
    pub fn post_sent(&mut self, numbers: &[u64], now: Instant) -> Result<(), IntakeError> {
        self.begin()?;
        let time = self.books.time(now)?;
        let told = self.drop_messages(numbers)?;
        let events = self.enter_voids(&told, time)?;
        self.write(&events, Vec::new(), now).map(drop)
    }

    /// Says that somebody of the staff told by letter, or otherwise, what had been given up; that stands in the case it is about. Then as [`Intake::post_sent`]. Numbers of
    /// messages that wait to be sent are passed over: nobody can say of these that they were.
    pub fn post_told(&mut self, numbers: &[u64], by: &StaffId, now: Instant) -> Result<(), IntakeError> {
        self.begin()?;
        let time = self.books.time(now)?;
        let (post, mut told, mut cases) = (self.office.post(self.books)?, Vec::new(), Vec::new());
        for number in numbers.iter().filter(|number| post.given_up.contains(number)).copied().collect::<BTreeSet<u64>>() {
            if let Some(message) = post.get(self.books, number)? {
                told.push(number);
                cases.extend(message.case);
            }
        }
        for number in cases {
            self.case_told(number, by, time)?;
        }
        let voids = self.drop_messages(&told)?;
        let events = self.enter_voids(&voids, time)?;
        self.write(&events, Vec::new(), now).map(drop)
    }

    /// Says that a message could not be sent, and when it is to be tried again; without that it is given up, and stays for somebody to look at.
    pub fn post_failed(&mut self, number: u64, retry_at: Option<Instant>, now: Instant) -> Result<(), IntakeError> {
        self.books.settle()?;
        let post = self.office.post(self.books)?;
        if let Some(message) = post.get(self.books, number)? {
            post.set(self.books, &message, Some(&Message { next_at: retry_at, ..message.clone() }))?;
        }
        self.write(&[], Vec::new(), now).map(drop)
    }

    /// Whether somebody has to be told yet that this act is to be void.
    pub(super) fn is_noticed(&mut self, act: &str) -> Result<bool, IntakeError> {
        let act = self.books.keyed("message of act", act);
        let post = self.office.post(self.books)?;
        Ok(post.notices_of.range((act, 0)..=(act, u64::MAX)).next().is_some())
    }

    /// Takes away the notices that these acts are to be void, with what is written next.
    pub(super) fn drop_notices(&mut self, acts: &[String]) -> Result<(), IntakeError> {
        let mut numbers = Vec::new();
        for act in acts {
            let act = self.books.keyed("message of act", act);
            let post = self.office.post(self.books)?;
            numbers.extend(post.notices_of.range((act, 0)..=(act, u64::MAX)).map(|(_, number)| *number));
        }
        self.drop_messages(&numbers).map(drop)
    }

    /// Takes messages away with what is written next. Gives the acts whose notices were among them, with what these carried.
    pub(super) fn drop_messages(&mut self, numbers: &[u64]) -> Result<BTreeMap<String, String>, IntakeError> {
        let (post, mut told) = (self.office.post(self.books)?, BTreeMap::new());
        for number in numbers {
            if let Some(message) = post.get(self.books, *number)? {
                told.extend(message.message.voids().map(|act| (act.to_owned(), message.message.detail.clone())));
                post.set(self.books, &message, None)?;
            }
        }
        Ok(told)
    }

    /// Messages that were given up, from a number on, at most so many and [`POST_TAKEN_MAX`].
    pub fn post_given_up(&mut self, from: u64, limit: usize) -> Result<Vec<Message>, IntakeError> {
        let post = self.office.post(self.books)?;
        let numbers: Vec<u64> = post.given_up.range(from..).take(limit.min(POST_TAKEN_MAX)).copied().collect();
        let read = |number: u64| post.get(self.books, number).transpose();
        Ok(numbers.into_iter().filter_map(read).collect::<Result<_, _>>()?)
    }

    /// How the post stands.
    pub fn post_counts(&mut self) -> Result<PostCounts, IntakeError> {
        let post = self.office.post(self.books)?;
        Ok(PostCounts {
            waiting: post.due.len() as u64,
            given_up: post.given_up.len() as u64,
            oldest_due_at: post.due.first().map(|(at, _)| *at),
        })
    }

    /// The account a message goes to; `None` if its act was erased.
    pub(super) fn addressee(&mut self, to: &Addressee) -> Result<Option<Account>, IntakeError> {
        Ok(match to {
            Addressee::Account(account) => Some(account.clone()),
            Addressee::Act { act, role: Role::Account } => self.filed_choice(act)?.and_then(|choice| choice.person),
            Addressee::Act { act, role: Role::Filer } => match self.filed_choice(&format!("{act}+0"))?.and_then(|own| own.person) {
                Some(filer) => Some(filer),
                // Whoever sent it is the person.
                None if !self.is_there(&format!("{act}+0"))? => self.filed_choice(act)?.and_then(|choice| choice.person),
                None => None,
            },
        })
    }

    fn contact_for(&mut self, to: &Addressee, account: &Account) -> Result<Option<Contact>, IntakeError> {
        let Some(drawer) = self.books.contact(account)?.map(|bytes| Drawer::from_bytes(&bytes)) else { return Ok(None) };
        let contacts = drawer.contacts();
        let found = match to {
            Addressee::Act { act, .. } => contacts.iter().find(|(of, _)| of == act),
            Addressee::Account(_) => contacts.last(),
        };
        Ok(found.map(|(_, contact)| contact.clone()))
    }

    /// The oldest notices of voids in the post, with their numbers.
    pub(super) fn void_notices(&mut self, limit: usize) -> Result<BTreeMap<u64, Option<super::people::Notice>>, IntakeError> {
        let post = self.office.post(self.books)?;
        let numbers: Vec<u64> = post.notices.iter().take(limit).copied().collect();
        let mut notices = BTreeMap::new();
        for number in numbers {
            let Some(message) = self.office.post(self.books)?.get(self.books, number)? else { continue };
            let Addressee::Act { act, role } = &message.message.to else { continue };
            let (to, void) = (self.addressee(&message.message.to)?, self.books.by_ids(&[&super::people::void_id(act)])?.pop().flatten());
            let effective_at = match void {
                Some(Known::Filed(Filed { event: Event::Void(void), .. })) => Some(void.effective_at),
                _ => None,
            };
            let notice = to.zip(message.message.void_reason());
            let notice = notice.map(|(to, reason)| super::people::Notice { to, role: *role, act: act.clone(), reason, effective_at });
            notices.insert(number, notice);
        }
        Ok(notices)
    }
}
