//! Cases: what the privacy team has to answer. A case is opened in the same batch as the acts it is about, and says when the answer is due, who did what about it, and what was answered.
//! While it is open, and whatever is answered, the acts count: a refusal opens nothing.
//!
//! A case names acts by their ids and accounts by keyed names. It holds no name and no address; what an answer has to explain is in it, and is emptied when the person is forgotten.

mod answers;
mod flood;
mod index;
mod pages;
mod wire;
mod work;

use std::collections::BTreeMap;
use std::fmt;

use bezwaar_core::choice::{Channel, Outcome};
use bezwaar_core::time::{Day, Instant};

use super::looks::StaffId;
use super::post::LanguageCode;
use crate::store::KeyedName;

pub use flood::{FLOOD_HOURS, FLOOD_SOURCES_MAX, Flood, FloodSelection, VOIDS_AT_ONCE_MAX, VoidedSome};
pub(super) use index::Cases;
pub use pages::{CASES_PAGE_MAX, CaseCounts, CaseCursor, CaseFilter, CasesPage};
pub(super) use work::About;
pub(crate) use work::{MARK_CONTACT, MARK_NETWORK};

/// The most acts of one case.
pub const CASE_ACTS_MAX: usize = 40;
/// The most pieces of evidence of one case.
pub const CASE_EVIDENCE_MAX: usize = 20;
/// The most changes of one case that are kept; then only an answer is taken.
pub const CASE_CHANGES_MAX: usize = 60;
/// The longest text of one fact in an answer, in bytes.
pub const FACT_BYTES_MAX: usize = 2_000;
/// The most days an extension may add.
pub const EXTENSION_DAYS_MAX: i64 = 70;

/// The number of a case, from 1. Never given again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CaseNumber(pub u64);

impl fmt::Display for CaseNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Where something came from, as a keyed hash: the contact of a filer, the prefix of a network. See [`Intake::mark`](super::Intake::mark) and
/// [`Desk::mark`](crate::desk::Desk::mark).
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Mark(KeyedName);

impl Mark {
    pub(crate) fn of(name: KeyedName) -> Mark {
        Mark(name)
    }

    /// As text, for a page that asks for what has the same mark.
    pub fn to_text(self) -> String {
        crate::hex::encode(&self.0.0)
    }

    /// Reads [`Mark::to_text`].
    pub fn from_text(text: &str) -> Option<Mark> {
        Some(Mark(KeyedName(crate::hex::decode(text)?)))
    }
}

impl fmt::Debug for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Mark(…)")
    }
}

/// Where a submission came from. Neither is the address itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Marks {
    /// The contact its filer gave.
    pub contact: Option<Mark>,
    /// The prefix of the network it came from.
    pub network: Option<Mark>,
}

/// A case to be opened with a submission.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewCase {
    /// The language the person is written to in.
    pub language: LanguageCode,
    /// The day the answer is due.
    pub due_on: Day,
    /// Who of the staff entered it by hand, if somebody did.
    pub opened_by: Option<StaffId>,
    /// What was entered with it.
    pub evidence: Vec<Evidence>,
}

/// A letter or a mail that is kept elsewhere. What it says, if somebody noted that, stands in the contact drawer with the act.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// What it is.
    pub kind: EvidenceKind,
    /// SHA-256 of its scan or file.
    pub sha256: [u8; 32],
}

/// What a piece of evidence is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum EvidenceKind {
    /// A letter on paper.
    Letter,
    /// A mail.
    Mail,
    /// A note of a call.
    Call,
    /// An authorisation to act for somebody.
    Authorisation,
    /// Anything else.
    Other,
}

impl EvidenceKind {
    /// Every kind.
    pub const ALL: [EvidenceKind; 5] =
        [EvidenceKind::Letter, EvidenceKind::Mail, EvidenceKind::Call, EvidenceKind::Authorisation, EvidenceKind::Other];

    /// The code of the kind.
    pub fn as_str(self) -> &'static str {
        match self {
            EvidenceKind::Letter => "letter",
            EvidenceKind::Mail => "mail",
            EvidenceKind::Call => "call",
            EvidenceKind::Authorisation => "authorisation",
            EvidenceKind::Other => "other",
        }
    }

    /// The kind with this code.
    pub fn lookup(text: &str) -> Option<EvidenceKind> {
        EvidenceKind::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

/// Why an answer takes longer (GDPR, Article 12(3)).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ExtensionReason {
    /// The request is complex.
    Complex,
    /// There are many requests of this person.
    Many,
}

impl ExtensionReason {
    /// Every reason.
    pub const ALL: [ExtensionReason; 2] = [ExtensionReason::Complex, ExtensionReason::Many];

    /// The code of the reason.
    pub fn as_str(self) -> &'static str {
        match self {
            ExtensionReason::Complex => "complex",
            ExtensionReason::Many => "many",
        }
    }

    /// The reason with this code.
    pub fn lookup(text: &str) -> Option<ExtensionReason> {
        ExtensionReason::ALL.into_iter().find(|reason| reason.as_str() == text)
    }
}

/// That the person was told that the answer takes longer. A case has one at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extension {
    /// Why.
    pub reason: ExtensionReason,
    /// When they were told: when the message was put into the post.
    pub told_at: Instant,
    /// The day the answer was due before.
    pub was_due_on: Day,
}

/// What is answered: the closed list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum AnswerCode {
    /// We do as you say.
    Upheld,
    /// We could not find your data; the objection stays open.
    CannotFind,
    /// We have a compelling reason to go on.
    Compelling,
    /// We need the data for a legal claim, and do not train on it.
    LegalClaim,
    /// Somebody else decides about this; we passed it on.
    NotController,
    /// The use rests on your consent, which you can withdraw.
    OtherBasis,
    /// We do not know yet whether you may act for this person.
    NotAuthorised,
    /// The person has died.
    Deceased,
    /// It is the same request as before, which still applies.
    Excessive,
}

impl AnswerCode {
    /// Every code.
    pub const ALL: [AnswerCode; 9] = [
        AnswerCode::Upheld,
        AnswerCode::CannotFind,
        AnswerCode::Compelling,
        AnswerCode::LegalClaim,
        AnswerCode::NotController,
        AnswerCode::OtherBasis,
        AnswerCode::NotAuthorised,
        AnswerCode::Deceased,
        AnswerCode::Excessive,
    ];

    /// The code.
    pub fn as_str(self) -> &'static str {
        match self {
            AnswerCode::Upheld => "upheld",
            AnswerCode::CannotFind => "cannot-find",
            AnswerCode::Compelling => "compelling",
            AnswerCode::LegalClaim => "legal-claim",
            AnswerCode::NotController => "not-controller",
            AnswerCode::OtherBasis => "other-basis",
            AnswerCode::NotAuthorised => "not-authorised",
            AnswerCode::Deceased => "deceased",
            AnswerCode::Excessive => "excessive",
        }
    }

    /// The answer with this code.
    pub fn lookup(text: &str) -> Option<AnswerCode> {
        AnswerCode::ALL.into_iter().find(|code| code.as_str() == text)
    }

    /// The names of the facts the answer must give: all of these, and no others.
    pub fn facts(self) -> &'static [&'static str] {
        match self {
            AnswerCode::Upheld | AnswerCode::OtherBasis | AnswerCode::Deceased => &[],
            AnswerCode::CannotFind => &["what-helps"],
            AnswerCode::Compelling => &["reason", "weighing"],
            AnswerCode::LegalClaim => &["claim"],
            AnswerCode::NotController => &["company", "passed-on"],
            AnswerCode::NotAuthorised => &["name", "what-to-send"],
            AnswerCode::Excessive => &["same-as-of"],
        }
    }

    /// What the answer is on the ledger. Neither opens anything.
    pub fn outcome(self) -> Outcome {
        if self == AnswerCode::Upheld { Outcome::Upheld } else { Outcome::Refused }
    }
}

/// What the person is to be answered.
#[derive(Clone, PartialEq, Eq)]
pub struct NewAnswer {
    /// The code.
    pub code: AnswerCode,
    /// Its facts, by name. May be personal data: its `Debug` shows names only.
    pub facts: BTreeMap<String, String>,
}

impl fmt::Debug for NewAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewAnswer").field("code", &self.code).field("facts", &self.facts.keys()).finish()
    }
}

/// What the person was answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// What.
    pub answer: NewAnswer,
    /// When.
    pub at: Instant,
    /// By whom.
    pub by: StaffId,
}

/// What was done about a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// It was entered by hand.
    Opened,
    /// Somebody took it upon them.
    Assigned,
    /// The person was told that it takes longer.
    Extended,
    /// It was answered.
    Answered,
    /// It was merged into another case.
    MergedInto(CaseNumber),
    /// Another case was merged into it.
    MergedFrom(CaseNumber),
    /// Its acts were declared void.
    Voided,
    /// Evidence was added.
    EvidenceAdded,
    /// A message about it that could not go by mail was told by letter, or otherwise.
    ToldByLetter,
}

/// Who did what about a case, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changed {
    /// What.
    pub change: Change,
    /// By whom.
    pub by: StaffId,
    /// When.
    pub at: Instant,
}

/// An act of a case, and the keyed name of the account it was filed for.
#[derive(Clone, PartialEq, Eq)]
pub struct CaseAct {
    /// The act's id.
    pub id: String,
    account: Option<KeyedName>,
}

impl fmt::Debug for CaseAct {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CaseAct").field("id", &self.id).finish_non_exhaustive()
    }
}

/// Where a case stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CaseState {
    /// It waits for an answer.
    Open,
    /// It was answered.
    Answered,
    /// It goes on in another case.
    Merged(CaseNumber),
    /// Its acts were declared void, and somebody has to be told yet. Until then the ledger knows nothing of it.
    Voiding,
    /// Its acts are void, with effect from this moment unless the account holder confirms them.
    Void(Instant),
    /// Its person was forgotten.
    Emptied,
}

/// A case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    /// Its number.
    pub number: CaseNumber,
    /// The acts it is about; none once its person was forgotten.
    pub acts: Vec<CaseAct>,
    /// The keyed name of whoever filed them for another.
    filer: Option<KeyedName>,
    /// When the first of them was received.
    pub received_at: Instant,
    /// When it was opened.
    pub opened_at: Instant,
    /// How it came.
    pub channel: Option<Channel>,
    /// The language the person is written to in.
    pub language: LanguageCode,
    /// The day the answer is due.
    pub due_on: Day,
    /// Whether one of its acts is provisional.
    pub provisional: bool,
    /// That it takes longer.
    pub extension: Option<Extension>,
    /// The answer.
    pub answer: Option<Answer>,
    /// Who handles it.
    pub handler: Option<StaffId>,
    /// The case it was merged into.
    pub merged_into: Option<CaseNumber>,
    /// Whether its acts were declared void, and somebody has to be told yet.
    pub voiding: bool,
    /// From when on its acts are void.
    pub void_at: Option<Instant>,
    /// Whether its person was forgotten.
    pub emptied: bool,
    /// What was entered with it.
    pub evidence: Vec<Evidence>,
    /// Where it came from.
    pub marks: Marks,
    /// What was done about it, in order.
    pub changes: Vec<Changed>,
}

impl Case {
    /// Where it stands.
    pub fn state(&self) -> CaseState {
        match (self.emptied, self.merged_into, &self.answer, self.void_at) {
            (true, ..) => CaseState::Emptied,
            (_, Some(into), ..) => CaseState::Merged(into),
            (_, _, Some(_), _) => CaseState::Answered,
            (_, _, None, Some(void_at)) => CaseState::Void(void_at),
            (_, _, None, None) if self.voiding => CaseState::Voiding,
            (_, _, None, None) => CaseState::Open,
        }
    }

    /// Whether it is open and the day the answer was due is over.
    pub fn is_late(&self, today: Day) -> bool {
        self.state() == CaseState::Open && self.due_on.days_until(today) > 0
    }

    fn change(&mut self, change: Change, by: &StaffId, at: Instant) {
        self.changes.push(Changed { change, by: by.clone(), at });
    }
}
