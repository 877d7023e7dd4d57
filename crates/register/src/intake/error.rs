//! Why something is not filed, and what to do about it.

use std::fmt;
use std::io;

use bezwaar_core::time::PLAUSIBLE_FROM;

use super::filing::ACT_BYTES_MAX;
use super::problems::Problems;
use crate::engine::{ID_BYTES_MAX, RegisterError, SharedError};

/// Why one act is not filed. No variant holds anything personal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refusal {
    /// The act needs the account holder's own, confirmed hand: erasing, linking, and everything that opens.
    NeedsConfirmation {
        /// The word for the act.
        act: &'static str,
    },
    /// The id is one the register gives itself.
    OwnId,
    /// The id is longer than it may be.
    LongId,
    /// It is longer than what one entry may stand for, or has a time that cannot be written.
    NoForm,
    /// It was received later than now.
    InFuture,
    /// It was received before [`PLAUSIBLE_FROM`]: an empty field, as a rule, that a program has filled in.
    LongAgo,
    /// An answer `void` does nothing here: a void has two approvers and a notice.
    VoidAnswer,
    /// Whoever sent it is named by something that names nobody.
    FilerNamesNobody,
    /// The contact is too long.
    LongContact,
    /// The register has an act with this id and other content.
    OtherContent,
    /// What it refers to is not there, or is of another kind.
    NamesNothing,
    /// What it refers to is another account's act.
    NotYours,
    /// It is another account's act, and not this holder's to confirm.
    OtherHolder,
    /// No act with this id is there.
    NoSuchAct,
    /// The act is not provisional, or was confirmed.
    NotProvisional,
    /// Only objections can be void.
    NotAnObjection,
    /// It is void, or will be, already.
    AlreadyVoid,
    /// Two different people must approve.
    Approvers,
    /// The request to be forgotten is unknown, was used, or has expired.
    UnknownToken,
    /// There is nothing under this account.
    NothingThere,
    /// Too many notices wait to be sent.
    OutboxFull,
    /// The submission has no act.
    NothingToFile,
    /// The submission has too many acts.
    TooManyActs,
    /// The token was used before.
    TokenUsed,
    /// The token no longer holds.
    TokenExpired,
    /// The token would hold too long.
    TokenTooLong,
    /// Too many used tokens are remembered.
    TokensFull,
    /// The detail of a message is too long.
    LongDetail,
    /// No case with this number is there.
    NoSuchCase,
    /// A case cannot be merged into itself.
    SameCase,
    /// The case was answered, merged, voided or emptied.
    CaseClosed,
    /// The case has too many acts, changes or pieces of evidence.
    CaseFull,
    /// The case was answered otherwise.
    AlreadyAnswered,
    /// The case was extended already.
    AlreadyExtended,
    /// The day an extension could be told is over.
    TooLate,
    /// The new day is not later, or much later.
    ExtensionDay,
    /// The answer lacks a fact it needs, or has others.
    FactsMissing,
    /// A fact of the answer is too long.
    LongFact,
    /// The selection names neither contact nor network.
    TooWide,
}

impl Refusal {
    /// The code in answers.
    pub fn code(self) -> &'static str {
        match self {
            Refusal::NeedsConfirmation { .. } => "needs-confirmation",
            Refusal::OwnId => "own-id",
            Refusal::LongId => "long-id",
            Refusal::NoForm => "no-form",
            Refusal::InFuture => "in-future",
            Refusal::LongAgo => "long-ago",
            Refusal::VoidAnswer => "void-answer",
            Refusal::FilerNamesNobody => "filer-names-nobody",
            Refusal::LongContact => "long-contact",
            Refusal::OtherContent => "other-content",
            Refusal::NamesNothing => "names-nothing",
            Refusal::NotYours => "not-yours",
            Refusal::OtherHolder => "other-holder",
            Refusal::NoSuchAct => "no-such-act",
            Refusal::NotProvisional => "not-provisional",
            Refusal::NotAnObjection => "not-an-objection",
            Refusal::AlreadyVoid => "already-void",
            Refusal::Approvers => "approvers",
            Refusal::UnknownToken => "unknown-token",
            Refusal::NothingThere => "nothing-there",
            Refusal::OutboxFull => "outbox-full",
            Refusal::NothingToFile => "nothing-to-file",
            Refusal::TooManyActs => "too-many-acts",
            Refusal::TokenUsed => "token-used",
            Refusal::TokenExpired => "token-expired",
            Refusal::TokenTooLong => "token-too-long",
            Refusal::TokensFull => "tokens-full",
            Refusal::LongDetail => "long-detail",
            Refusal::NoSuchCase => "no-such-case",
            Refusal::SameCase => "same-case",
            Refusal::CaseClosed => "case-closed",
            Refusal::CaseFull => "case-full",
            Refusal::AlreadyAnswered => "already-answered",
            Refusal::AlreadyExtended => "already-extended",
            Refusal::TooLate => "too-late",
            Refusal::ExtensionDay => "extension-day",
            Refusal::FactsMissing => "facts-missing",
            Refusal::LongFact => "long-fact",
            Refusal::TooWide => "too-wide",
        }
    }

    /// What to do about it.
    pub fn help(self) -> &'static str {
        match self {
            Refusal::NeedsConfirmation { .. } => "let the account holder sign in and say it themselves; an objection counts without that",
            Refusal::OwnId => "give it an id that does not end in `+` and a number or word",
            Refusal::LongId => "give it a shorter id",
            Refusal::NoForm => "say it in several acts, each with an id of its own",
            Refusal::InFuture => "check the date, its format and its zone; nothing can have been received later than now",
            Refusal::LongAgo => "find out when it was received: a date such as the year 1 or 1970 stands where none was known",
            Refusal::VoidAnswer => "leave the line out, and declare the act void in the register",
            Refusal::FilerNamesNobody => "write `service:account`, or leave the filer out if it is the person",
            Refusal::LongContact => "shorten it, or keep long evidence elsewhere and name its place",
            Refusal::OtherContent => "an act is never changed: give the new one an id of its own",
            Refusal::NamesNothing => "check the id in `of`",
            Refusal::NotYours => "an act can be taken back only under the account it was filed for",
            Refusal::OtherHolder => "check the id and the account: only the holder of the account the act was filed for can confirm it",
            Refusal::NoSuchAct => "check the id",
            Refusal::NotProvisional => "nothing is to be done: the account holder stands behind it",
            Refusal::NotAnObjection => "only a provisional objection can be declared void",
            Refusal::AlreadyVoid => "nothing is to be done",
            Refusal::Approvers => "name two different people who approve",
            Refusal::UnknownToken => "ask again, and confirm with the new token",
            Refusal::NothingThere => "check the account; nothing is to be forgotten",
            Refusal::OutboxFull => "send the notices that wait first",
            Refusal::NothingToFile => "send at least one act",
            Refusal::TooManyActs => "send it in several submissions",
            Refusal::TokenUsed => "nothing more is to be done with it; ask for a new one if something else is to be done",
            Refusal::TokenExpired => "ask for a new one",
            Refusal::TokenTooLong => "give it a shorter time",
            Refusal::TokensFull => "try again later",
            Refusal::LongDetail => "give a code or a day; texts are made when it is sent",
            Refusal::NoSuchCase => "check the number",
            Refusal::SameCase => "name two cases",
            Refusal::CaseClosed => "look at the case: it was answered, merged into another, declared void, or its person was forgotten",
            Refusal::CaseFull => "answer it; what else comes in goes into a case of its own",
            Refusal::AlreadyAnswered => "an answer is never changed: if the person writes again, that is a new case",
            Refusal::AlreadyExtended => "answer it by the day it is due; it can be extended once",
            Refusal::TooLate => "answer it now",
            Refusal::ExtensionDay => "check the day",
            Refusal::FactsMissing => "give each fact the code asks for, and no other",
            Refusal::LongFact => "shorten it, or write a letter of your own and name it",
            Refusal::TooWide => "select what came from one contact or one network",
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refusal::NeedsConfirmation { act } => write!(f, "an act `{act}` needs the account holder's own, confirmed hand"),
            Refusal::OwnId => f.write_str("the id ends as the register's own ids do, in `+` and a number or word"),
            Refusal::LongId => write!(f, "the id is too long: with what the register adds to it, it may have {ID_BYTES_MAX} bytes"),
            Refusal::NoForm => write!(f, "the act has over {ACT_BYTES_MAX} bytes when written out, or a time out of range"),
            Refusal::InFuture => f.write_str("`received_at` is later than now"),
            Refusal::LongAgo => write!(f, "`received_at` is before {PLAUSIBLE_FROM}"),
            Refusal::VoidAnswer => f.write_str("an answer `void` has no effect: it needs two approvers and a notice"),
            Refusal::FilerNamesNobody => f.write_str("the filer names nobody"),
            Refusal::LongContact => write!(f, "the contact is over {} bytes", super::CONTACT_BYTES_MAX),
            Refusal::OtherContent => f.write_str("the register has an act with this id that says something else"),
            Refusal::NamesNothing => f.write_str("`of` names no act of the right kind"),
            Refusal::NotYours => f.write_str("`of` names an act of another account"),
            Refusal::OtherHolder => f.write_str("the act was filed for another account than the one whose holder confirms it"),
            Refusal::NoSuchAct => f.write_str("the register has no act with this id"),
            Refusal::NotProvisional => f.write_str("the act is not provisional"),
            Refusal::NotAnObjection => f.write_str("the act is no objection"),
            Refusal::AlreadyVoid => f.write_str("the act was declared void already"),
            Refusal::Approvers => f.write_str("a void needs two different approvers"),
            Refusal::UnknownToken => f.write_str("the token is unknown, was used, or has expired"),
            Refusal::NothingThere => f.write_str("nothing is filed under this account"),
            Refusal::OutboxFull => f.write_str("too many notices wait to be sent"),
            Refusal::NothingToFile => f.write_str("the submission has no act"),
            Refusal::TooManyActs => write!(f, "the submission has over {} acts", super::SUBMISSION_FILINGS_MAX),
            Refusal::TokenUsed => f.write_str("the token was used before"),
            Refusal::TokenExpired => f.write_str("the token has expired"),
            Refusal::TokenTooLong => f.write_str("the token would hold too long to be remembered"),
            Refusal::TokensFull => f.write_str("too many tokens were used in a short time"),
            Refusal::LongDetail => f.write_str("the detail of the message is too long"),
            Refusal::NoSuchCase => f.write_str("the register has no case with this number"),
            Refusal::SameCase => f.write_str("the two cases are the same"),
            Refusal::CaseClosed => f.write_str("the case is not open"),
            Refusal::CaseFull => f.write_str("the case has too many acts, changes or pieces of evidence"),
            Refusal::AlreadyAnswered => f.write_str("the case was answered already, with something else"),
            Refusal::AlreadyExtended => f.write_str("the case was extended already"),
            Refusal::TooLate => f.write_str("the case is late: the person should have been told by the day it was due"),
            Refusal::ExtensionDay => f.write_str("the new day must be after the day it was due, and at most two months or so"),
            Refusal::FactsMissing => f.write_str("the answer does not give the facts its code asks for"),
            Refusal::LongFact => f.write_str("a fact of the answer is too long"),
            Refusal::TooWide => f.write_str("the selection names neither a contact nor a network"),
        }
    }
}

impl std::error::Error for Refusal {}

/// Why nothing, or not all, was filed.
#[derive(Debug)]
#[non_exhaustive]
pub enum IntakeError {
    /// The act is refused; nothing was filed.
    Refused(Refusal),
    /// The file has problems; nothing of it was filed.
    Problems(Problems),
    /// The file cannot be read.
    Read(io::Error),
    /// The file changed while it was read. What was filed of it stays; run the import again.
    FileChanged,
    /// Another import was left unfinished.
    Unfinished {
        /// What its file is recognised by.
        file: String,
    },
    /// The register could not do it.
    Register(RegisterError),
    /// The register could not do it, as all who waited for the same batch are told. It is not known whether it is there: send the same again, with the same ids.
    Batch(SharedError),
    /// A fault of the program. Nothing more is known of it; whether something was filed shows by its id.
    Fault,
    /// So many others wait that this was not taken. Nothing of it was filed; it can be sent again.
    Busy,
}

impl IntakeError {
    /// What to do about it.
    pub fn help(&self) -> &'static str {
        match self {
            IntakeError::Refused(refusal) => refusal.help(),
            IntakeError::Problems(_) => "mend the lines named and import the file again; nothing of it was filed",
            IntakeError::Read(_) => "check the path; if something was filed already, import the same file again",
            IntakeError::FileChanged => "import the file again once nothing writes to it: what is filed already is recognised",
            IntakeError::Unfinished { .. } => {
                "import that file again: what is filed already is recognised; or give it up with `bezwaar register import DIR --give-up`: what was filed of it stays"
            }
            IntakeError::Register(error) => error.help(),
            IntakeError::Batch(error) => error.help(),
            IntakeError::Busy => "try again in a moment",
            IntakeError::Fault => "please report it; to send the same again, with the same ids, is safe",
        }
    }
}

impl fmt::Display for IntakeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            IntakeError::Refused(refusal) => write!(f, "{refusal}"),
            IntakeError::Problems(problems) => write!(f, "{problems}"),
            IntakeError::Read(_) => f.write_str("the file cannot be read"),
            IntakeError::FileChanged => f.write_str("the file changed while it was read"),
            IntakeError::Unfinished { file } => write!(f, "the import of another file ({file}) was not finished"),
            IntakeError::Register(_) | IntakeError::Batch(_) => f.write_str("the register could not file it"),
            IntakeError::Busy => f.write_str("too many submissions wait to be filed"),
            IntakeError::Fault => f.write_str("the program has a fault"),
        }
    }
}

impl std::error::Error for IntakeError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            IntakeError::Read(error) => Some(error),
            IntakeError::Register(error) => Some(error),
            IntakeError::Batch(error) => Some(error.as_ref()),
            _ => None,
        }
    }
}

impl From<RegisterError> for IntakeError {
    fn from(error: RegisterError) -> IntakeError {
        IntakeError::Register(error)
    }
}

impl From<io::Error> for IntakeError {
    fn from(error: io::Error) -> IntakeError {
        IntakeError::Read(error)
    }
}

impl From<Refusal> for IntakeError {
    fn from(refusal: Refusal) -> IntakeError {
        IntakeError::Refused(refusal)
    }
}
