//! The case: what was sent when, when the answer is due, what came back, what next. One case is one request to one controller.

mod describe;
mod file;

use std::fmt;

use bezwaar_core::time::Day;

pub use describe::{describe, describe_events, describe_next};
pub use file::{CASE_FILE, read_case, write_case};

use crate::due::{DueDates, add_days, due, due_extended};
use crate::holidays::Holidays;

/// Days after a letter by post for which it may still be on its way, when nobody knows when it arrived. Used only so that nothing is called
/// late too early.
pub const POST_DAYS: i64 = 7;
/// Days a reminder gives for an answer. The law names none; two weeks is usual.
pub const REMINDER_DAYS: i64 = 14;
/// Most events of a case.
pub const EVENTS_MAX: usize = 200;

/// What was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequestKind {
    /// An objection (GDPR Art. 21(1)).
    Objection,
    /// Access (GDPR Art. 15).
    Access,
}

impl RequestKind {
    const WORDS: &'static [&'static str] = &["objection", "access"];

    /// Its word in files, options and text keys.
    pub fn as_str(self) -> &'static str {
        match self {
            RequestKind::Objection => "objection",
            RequestKind::Access => "access",
        }
    }

    /// The one with this word.
    pub fn lookup(word: &str) -> Option<RequestKind> {
        [RequestKind::Objection, RequestKind::Access].into_iter().find(|kind| kind.as_str() == word)
    }
}

/// How something was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Channel {
    /// By e-mail.
    Email,
    /// By post.
    Post,
    /// Through a form.
    Form,
    /// In another way.
    Other,
}

impl Channel {
    const WORDS: &'static [&'static str] = &["email", "post", "form", "other"];

    /// Its word in files, options and text keys.
    pub fn as_str(self) -> &'static str {
        match self {
            Channel::Email => "email",
            Channel::Post => "post",
            Channel::Form => "form",
            Channel::Other => "other",
        }
    }

    /// The one with this word.
    pub fn lookup(word: &str) -> Option<Channel> {
        [Channel::Email, Channel::Post, Channel::Form, Channel::Other].into_iter().find(|channel| channel.as_str() == word)
    }
}

/// What came back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The controller does what was asked.
    Agreed,
    /// It does part of it.
    Partly,
    /// It does not.
    Refused,
    /// It confirmed receipt, no more: that is no answer.
    Confirmation,
    /// It asks for more details: no answer either.
    AskedForMore,
    /// Something else.
    Other,
}

impl Outcome {
    /// Every one of them.
    pub const ALL: [Outcome; 6] =
        [Outcome::Agreed, Outcome::Partly, Outcome::Refused, Outcome::Confirmation, Outcome::AskedForMore, Outcome::Other];
    const WORDS: &'static [&'static str] = &["agreed", "partly", "refused", "confirmation", "asked-for-more", "other"];

    /// Its word in files, options and text keys.
    pub fn as_str(self) -> &'static str {
        match self {
            Outcome::Agreed => "agreed",
            Outcome::Partly => "partly",
            Outcome::Refused => "refused",
            Outcome::Confirmation => "confirmation",
            Outcome::AskedForMore => "asked-for-more",
            Outcome::Other => "other",
        }
    }

    /// The one with this word.
    pub fn lookup(word: &str) -> Option<Outcome> {
        Outcome::ALL.into_iter().find(|outcome| outcome.as_str() == word)
    }

    /// Whether it is an answer to what was asked.
    pub fn answers(self) -> bool {
        !matches!(self, Outcome::Confirmation | Outcome::AskedForMore)
    }
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// A letter was made.
    Written,
    /// The request was sent.
    Sent(Channel),
    /// The controller received the request.
    Received,
    /// The controller said that it needs more time (GDPR Art. 12(3)).
    Extended,
    /// The controller answered.
    Answered(Outcome),
    /// A reminder was sent.
    Reminded(Channel),
    /// A complaint was lodged.
    Complained,
}

/// One thing that happened, on a day.
#[derive(Clone, PartialEq, Eq)]
pub struct Event {
    /// The day.
    pub day: Day,
    /// What it was.
    pub what: What,
    /// A note of the person's own.
    pub note: Option<String>,
}

/// Notes are the person's own and not shown.
impl fmt::Debug for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Event").field("day", &self.day).field("what", &self.what).finish_non_exhaustive()
    }
}

/// One request to one controller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    /// The controller's id in the contact points.
    pub controller: String,
    /// What the controller is called, for the person who reads the case; `None` when nobody wrote it down.
    pub name: Option<String>,
    /// What was asked for.
    pub kind: RequestKind,
    /// ISO 3166-1 code of the controller's country, whose public holidays count; `None` when unknown.
    pub country: Option<String>,
    /// What happened, by day.
    pub events: Vec<Event>,
}

/// Why an event cannot be noted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CaseError {
    /// Nothing was sent, so nothing can follow.
    NotSent,
    /// It lies before the request was sent.
    BeforeSent,
    /// The request was sent already.
    SentTwice,
    /// It was received already, on another day.
    ReceivedTwice,
    /// There are [`EVENTS_MAX`] events already.
    Full,
}

impl fmt::Display for CaseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            CaseError::NotSent => "the request was not sent yet",
            CaseError::BeforeSent => "this day lies before the day the request was sent",
            CaseError::SentTwice => "the request was sent already",
            CaseError::ReceivedTwice => "the request was received already",
            CaseError::Full => "the case has 200 events, more than are kept",
        })
    }
}

impl std::error::Error for CaseError {}

impl CaseError {
    /// What to do next.
    pub fn help(&self) -> &'static str {
        match self {
            CaseError::NotSent => "note first when it was sent: --sent DATE --how email",
            CaseError::BeforeSent => "check the day; a request that was sent again is a case of its own",
            CaseError::SentTwice => "a request that was sent again is a case of its own: name another file",
            CaseError::ReceivedTwice => "the first day counts; change it in the file if it is wrong",
            CaseError::Full => "begin another case",
        }
    }
}

impl Case {
    /// A case in which nothing happened yet.
    pub fn new(controller: &str, kind: RequestKind, country: Option<&str>) -> Case {
        Case { controller: controller.to_owned(), name: None, kind, country: country.map(str::to_owned), events: Vec::new() }
    }

    /// Notes what happened. Events are kept by day; of one day, in the order they were noted.
    pub fn note(&mut self, event: Event) -> Result<(), CaseError> {
        if self.events.len() >= EVENTS_MAX {
            return Err(CaseError::Full);
        }
        let sent = self.sent().map(|(day, _)| day);
        match (event.what, sent) {
            (What::Written, _) | (What::Sent(_), None) => {}
            (What::Sent(_), Some(_)) => return Err(CaseError::SentTwice),
            (_, None) => return Err(CaseError::NotSent),
            (_, Some(sent)) if event.day < sent => return Err(CaseError::BeforeSent),
            (What::Received, Some(_)) if self.received().is_some() => return Err(CaseError::ReceivedTwice),
            _ => {}
        }
        let place = self.events.partition_point(|other| other.day <= event.day);
        self.events.insert(place, event);
        Ok(())
    }

    /// When the request was sent, and how.
    pub fn sent(&self) -> Option<(Day, Channel)> {
        self.events.iter().find_map(|event| match event.what {
            What::Sent(channel) => Some((event.day, channel)),
            _ => None,
        })
    }

    fn day_of(&self, what: What) -> Option<Day> {
        self.events.iter().find(|event| event.what == what).map(|event| event.day)
    }

    /// When it was received, if that is known.
    pub fn received(&self) -> Option<Day> {
        self.day_of(What::Received)
    }

    /// When the controller said that it needs more time.
    pub fn extended(&self) -> Option<Day> {
        self.day_of(What::Extended)
    }

    /// When a complaint was lodged.
    pub fn complained(&self) -> Option<Day> {
        self.day_of(What::Complained)
    }

    /// The last reminder, and how it was sent.
    pub fn reminded(&self) -> Option<(Day, Channel)> {
        self.events.iter().rev().find_map(|event| match event.what {
            What::Reminded(channel) => Some((event.day, channel)),
            _ => None,
        })
    }

    /// The last answer to what was asked; a confirmation or a question is none.
    pub fn answer(&self) -> Option<(Day, Outcome)> {
        self.responses().rev().find(|(_, outcome)| outcome.answers())
    }

    /// Everything that came back.
    pub fn responses(&self) -> impl DoubleEndedIterator<Item = (Day, Outcome)> + '_ {
        self.events.iter().filter_map(|event| match event.what {
            What::Answered(outcome) => Some((event.day, outcome)),
            _ => None,
        })
    }

    /// The day from which time is counted: receipt, or when that is not known the day it was sent, by post some days later.
    pub fn counted_from(&self) -> Option<Day> {
        let (sent, channel) = self.sent()?;
        match (self.received(), channel) {
            (Some(received), _) => Some(received),
            (None, Channel::Post) => add_days(sent, POST_DAYS),
            (None, _) => Some(sent),
        }
    }

    /// The public holidays that count, and whether they are known.
    pub fn holidays(&self) -> (Holidays, bool) {
        let year = self.counted_from().map_or(1970, |day| day.parts().0);
        let known = self.country.as_deref().and_then(|country| Holidays::of_country(country, year..=year.saturating_add(1)));
        let is_known = known.is_some();
        (known.unwrap_or_default(), is_known)
    }

    /// How the case stands on a day.
    pub fn status(&self, today: Day) -> Status {
        let (holidays, holidays_known) = self.holidays();
        let first = self.counted_from().and_then(|day| due(day, &holidays));
        // An extension counts only when it was announced in time (GDPR Art. 12(3)).
        let in_time = |extended: &Day| first.is_some_and(|first| *extended <= first.latest);
        let extended = self.extended().filter(in_time).and(self.counted_from()).and_then(|day| due_extended(day, &holidays));
        Status { first, extended, holidays_known, next: self.next(today, extended.or(first)) }
    }

    fn next(&self, today: Day, due: Option<DueDates>) -> Next {
        let Some(due) = due else { return Next::Send };
        if self.complained().is_some() {
            return Next::Authority;
        }
        match self.answer() {
            Some((_, Outcome::Agreed)) => return Next::Closed,
            Some(_) => return Next::Disagree,
            None => {}
        }
        // A question is open until something follows it.
        let asked = self.events.iter().rev().find(|event| !matches!(event.what, What::Received | What::Written));
        if asked.is_some_and(|event| event.what == What::Answered(Outcome::AskedForMore)) {
            return Next::Reply;
        }
        if today <= due.latest {
            return Next::Wait(due);
        }
        match self.reminded().filter(|(day, _)| *day > due.latest) {
            None => Next::Remind,
            Some((day, _)) => match add_days(day, REMINDER_DAYS) {
                Some(until) if today <= until => Next::WaitAfterReminder(until),
                _ => Next::Complain,
            },
        }
    }
}

/// How a case stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Status {
    /// When the answer is due; `None` when nothing was sent.
    pub first: Option<DueDates>,
    /// When it is due after an extension announced in time.
    pub extended: Option<DueDates>,
    /// Whether the public holidays of the controller's country are known.
    pub holidays_known: bool,
    /// What next.
    pub next: Next,
}

impl Status {
    /// When the answer is due now.
    pub fn due(&self) -> Option<DueDates> {
        self.extended.or(self.first)
    }
}

/// What next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// Send the request.
    Send,
    /// Wait: the answer may still come in time.
    Wait(DueDates),
    /// Answer the controller's question.
    Reply,
    /// Send a reminder.
    Remind,
    /// Wait for a reaction to the reminder until this day.
    WaitAfterReminder(Day),
    /// Lodge a complaint, if the person wants.
    Complain,
    /// Read the answer, and complain if the person does not agree.
    Disagree,
    /// Wait for the authority.
    Authority,
    /// Nothing more.
    Closed,
}
