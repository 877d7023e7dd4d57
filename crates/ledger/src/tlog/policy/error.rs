//! What can be wrong with a policy, and why a policy does not believe a checkpoint.

use std::fmt;

use super::{POLICY_BYTES_MAX, POLICY_PARTS_MAX, Witnessed};
use crate::tlog::checkpoint::Origin;
use crate::tlog::note::{KeyError, VerifyError};

/// All that is wrong with a policy file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyErrors {
    // INVARIANT: not empty, by line.
    problems: Vec<PolicyProblem>,
}

impl PolicyErrors {
    pub(super) fn new(problems: Vec<PolicyProblem>) -> PolicyErrors {
        PolicyErrors { problems }
    }

    /// The problems, by line; never none.
    pub fn problems(&self) -> &[PolicyProblem] {
        &self.problems
    }
}

impl fmt::Display for PolicyErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.problems.len();
        write!(f, "the trust policy has {count} problem{}", if count == 1 { "" } else { "s" })?;
        self.problems.iter().enumerate().try_for_each(|(index, problem)| write!(f, "{} {problem}", if index == 0 { ":" } else { ";" }))
    }
}

impl std::error::Error for PolicyErrors {}

/// One thing that is wrong, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PolicyProblem {
    line: usize,
    kind: PolicyProblemKind,
}

impl PolicyProblem {
    pub(super) fn new(line: usize, kind: PolicyProblemKind) -> PolicyProblem {
        PolicyProblem { line, kind }
    }

    /// The line, from 1; 0 for the file as a whole.
    pub fn line(&self) -> usize {
        self.line
    }

    /// What is wrong.
    pub fn kind(&self) -> PolicyProblemKind {
        self.kind
    }

    /// What to do about it.
    pub fn help(&self) -> &'static str {
        self.kind.help()
    }
}

impl fmt::Display for PolicyProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.line > 0 {
            write!(f, "line {}: ", self.line)?;
        }
        self.kind.fmt(f)
    }
}

/// What can be wrong with a policy file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PolicyProblemKind {
    /// Over [`POLICY_BYTES_MAX`].
    TooLong,
    /// A control character other than tab and line end, such as the carriage return of other line ends.
    ForbiddenByte,
    /// The last line has no line end.
    LineWithoutEnd,
    /// A line that begins with none of `log`, `witness`, `group`, `quorum` and `#`.
    Keyword,
    /// Too few or too many words for its first one.
    Words,
    /// Not a public key.
    Key(KeyError),
    /// A witness's key for a ledger, or a ledger's for a witness.
    KeyType,
    /// The same public key a second time, whatever its name.
    KeyTwice {
        /// The line of the first.
        line: usize,
    },
    /// A name that another line defines.
    NameTaken,
    /// The name `none`.
    ReservedName,
    /// A name that no line before this one defines.
    UnknownName,
    /// A name that is a member of a group already.
    MemberTwice {
        /// The line that says so.
        line: usize,
    },
    /// Not `any`, `all` or a number from 1 to the number of members.
    Threshold {
        /// How many members there are.
        members: usize,
    },
    /// A second quorum.
    QuorumTwice {
        /// The line of the first.
        line: usize,
    },
    /// No quorum at all.
    NoQuorum,
    /// More ledgers, witnesses or groups than [`POLICY_PARTS_MAX`].
    TooMany,
}

impl fmt::Display for PolicyProblemKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PolicyProblemKind::TooLong => write!(f, "the file is over {POLICY_BYTES_MAX} bytes"),
            PolicyProblemKind::ForbiddenByte => f.write_str("a control character that is not allowed"),
            PolicyProblemKind::LineWithoutEnd => f.write_str("the line has no line end"),
            PolicyProblemKind::Keyword => f.write_str("the line begins with a word no policy has"),
            PolicyProblemKind::Words => f.write_str("the line has too few or too many words"),
            PolicyProblemKind::Key(error) => error.fmt(f),
            PolicyProblemKind::KeyType => f.write_str("the key is of the wrong type for this line"),
            PolicyProblemKind::KeyTwice { line } => write!(f, "the key is that of line {line}"),
            PolicyProblemKind::NameTaken => f.write_str("the name is taken"),
            PolicyProblemKind::ReservedName => f.write_str("`none` cannot be the name of a witness or a group"),
            PolicyProblemKind::UnknownName => f.write_str("no line before this one defines that name"),
            PolicyProblemKind::MemberTwice { line } => write!(f, "a member is one already, by line {line}"),
            PolicyProblemKind::Threshold { members } => write!(f, "the number needed is not one from 1 to {members}"),
            PolicyProblemKind::QuorumTwice { line } => write!(f, "there is a quorum already, in line {line}"),
            PolicyProblemKind::NoQuorum => f.write_str("there is no quorum line"),
            PolicyProblemKind::TooMany => write!(f, "there are more than {POLICY_PARTS_MAX} of these"),
        }
    }
}

impl PolicyProblemKind {
    /// What to do about it.
    pub fn help(&self) -> &'static str {
        match self {
            PolicyProblemKind::TooLong | PolicyProblemKind::TooMany => "split the policy in two",
            PolicyProblemKind::ForbiddenByte => "save the file as plain text with Unix line ends",
            PolicyProblemKind::LineWithoutEnd => "end the last line with a line end; if the file was cut off, get it again",
            PolicyProblemKind::Keyword | PolicyProblemKind::Words => {
                "write `log KEY [URL]`, `witness NAME KEY [URL]`, `group NAME all|any|NUMBER NAME…` or `quorum NAME`"
            }
            PolicyProblemKind::Key(error) => error.help(),
            PolicyProblemKind::KeyType => "a ledger's key is of signature type 1 (Ed25519), a witness's of type 4 (cosignature/v1)",
            PolicyProblemKind::KeyTwice { .. } => "keep one of the two lines: one key is one ledger, or one witness",
            PolicyProblemKind::NameTaken | PolicyProblemKind::ReservedName => "give it another name; it means nothing outside this file",
            PolicyProblemKind::UnknownName => "define it in a line above, or correct its spelling",
            PolicyProblemKind::MemberTwice { .. } => "list it in one group only, so that it counts once",
            PolicyProblemKind::Threshold { .. } => "write `any`, `all` or a number of members",
            PolicyProblemKind::QuorumTwice { .. } => "keep the one that is meant",
            PolicyProblemKind::NoQuorum => "add `quorum NAME`, or `quorum none` if no witness is asked for",
        }
    }
}

/// Why a policy does not believe a checkpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PolicyError {
    /// None of the policy's ledgers has this name.
    UnknownLedger {
        /// The name in the checkpoint.
        origin: Origin,
    },
    /// No key the policy has for this ledger has signed.
    NoLedgerSignature,
    /// A signature of a key the policy has is wrong.
    Signature(VerifyError),
    /// The ledger has signed, but too few witnesses, or not the right ones, have cosigned.
    QuorumNotMet {
        /// Those that have.
        witnesses: Vec<Witnessed>,
        /// How many witnesses the policy knows.
        known: usize,
    },
}

impl fmt::Display for PolicyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PolicyError::UnknownLedger { origin } => write!(f, "the trust policy does not know the ledger `{origin}`"),
            PolicyError::NoLedgerSignature => f.write_str("the checkpoint is not signed by the ledger it names"),
            PolicyError::Signature(error) => error.fmt(f),
            PolicyError::QuorumNotMet { witnesses, known } => {
                write!(
                    f,
                    "not witnessed: {} of {known} witnesses have cosigned, and the trust policy asks for more or others",
                    witnesses.len()
                )
            }
        }
    }
}

impl PolicyError {
    /// What to do about it.
    pub fn help(&self) -> &'static str {
        match self {
            PolicyError::UnknownLedger { .. } => "add the ledger's key to the trust policy, if you trust that ledger",
            PolicyError::NoLedgerSignature => "do not use it; if the ledger has a new key, add it to the trust policy",
            PolicyError::Signature(error) => error.help(),
            PolicyError::QuorumNotMet { .. } => {
                "wait for more cosignatures and get the checkpoint again; until then others may be shown another ledger"
            }
        }
    }
}

impl std::error::Error for PolicyError {}
