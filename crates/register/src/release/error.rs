//! Why a release is not sealed, or something of a sealed one cannot be had.

use std::fmt;
use std::io;

use bezwaar_ledger::release::ReleaseError;

use super::EXTRACT_AGE_MICROS_MAX;
use crate::engine::RegisterError;
use crate::replay::ReadError;

/// What keeps a manifest from being sealed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ManifestProblem {
    /// It is no manifest.
    NotAManifest,
    /// It says it is signed; only what nobody has signed is sealed.
    Signed,
    /// It is of a run that only shows what would have come out at another time.
    Replay,
    /// The extract was no longer good when the run ended, or is not now.
    ExtractExpired,
    /// The subjects were not listed.
    NoSubjects,
    /// A field is missing or wrong.
    Field {
        /// Where, as a JSON pointer.
        path: &'static str,
    },
    /// No entry of the ledger is about the extract.
    ExtractNotEntered,
    /// The ledger says something else of the extract than the manifest.
    OtherThrough,
    /// The extract is too old.
    ExtractTooOld,
    /// The extract goes through a later moment than now.
    ExtractFromTheFuture,
    /// A policy is not on the ledger in this version.
    Policy {
        /// Its name.
        name: String,
    },
}

impl fmt::Display for ManifestProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ManifestProblem::NotAManifest => f.write_str("it is not a manifest of this version"),
            ManifestProblem::Signed => f.write_str("it does not say that nobody has signed it"),
            ManifestProblem::Replay => f.write_str("it is of a replay, or of a run that an extract did not last for"),
            ManifestProblem::ExtractExpired => f.write_str("its extract has expired"),
            ManifestProblem::NoSubjects => f.write_str("it does not list its subjects"),
            ManifestProblem::Field { path } => write!(f, "its field `{path}` is missing or wrong"),
            ManifestProblem::ExtractNotEntered => f.write_str("its extract is not on this ledger"),
            ManifestProblem::OtherThrough => f.write_str("the ledger says that its extract goes through another moment"),
            ManifestProblem::ExtractTooOld => write!(f, "its extract is more than {} minutes old", EXTRACT_AGE_MICROS_MAX / 60_000_000),
            ManifestProblem::ExtractFromTheFuture => f.write_str("its extract goes through a moment that is yet to come"),
            ManifestProblem::Policy { name } => write!(f, "the policy `{name}` is not on the ledger in the version it was made with"),
        }
    }
}

impl ManifestProblem {
    /// What to do about it.
    pub fn help(&self) -> &'static str {
        match self {
            ManifestProblem::NotAManifest | ManifestProblem::Field { .. } | ManifestProblem::Signed => {
                "seal the `manifest.json` that a run of the gate has written, as it is"
            }
            ManifestProblem::Replay => {
                "run the job for the extract's own moment (leave `at` out), and with an extract that lasts until its end"
            }
            ManifestProblem::NoSubjects => "name a file under `output.subjects` in the job, and run it again",
            ManifestProblem::ExtractExpired
            | ManifestProblem::ExtractNotEntered
            | ManifestProblem::OtherThrough
            | ManifestProblem::ExtractTooOld
            | ManifestProblem::ExtractFromTheFuture => "make an extract with `bezwaar register extract`, and run the job again with it",
            ManifestProblem::Policy { .. } => "enter the versions with `bezwaar register policy`, and seal again",
        }
    }
}

/// What is wrong with a list of subjects. It names lines, and nobody.
#[derive(Debug)]
#[non_exhaustive]
pub enum SubjectsError {
    /// It could not be read.
    Read(io::Error),
    /// What is made from it could not be written.
    Write(io::Error),
    /// A line is no account in its canonical form.
    NotAnAccount {
        /// The line, from 1.
        line: u64,
    },
    /// A line is not after the one before it.
    Order {
        /// The line, from 1.
        line: u64,
    },
    /// It is another list than the manifest, or the seal, was made with.
    Other,
}

impl fmt::Display for SubjectsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SubjectsError::Read(_) => f.write_str("the list of subjects could not be read"),
            SubjectsError::Write(_) => f.write_str("the list of subjects could not be written"),
            SubjectsError::NotAnAccount { line } => write!(f, "line {line} of the list of subjects is not an account in its one form"),
            SubjectsError::Order { line } => write!(f, "line {line} of the list of subjects is not in order"),
            SubjectsError::Other => f.write_str("this is another list of subjects than the release was made with"),
        }
    }
}

impl SubjectsError {
    /// What to do about it.
    pub fn help(&self) -> &'static str {
        match self {
            SubjectsError::Read(_) | SubjectsError::Write(_) => "see the cause, and try again",
            _ => "give the list that the run has written, as it is; if it is lost, it can be made again from the files of the release",
        }
    }
}

/// Why a release was not sealed, or something of a sealed one cannot be had.
#[derive(Debug)]
#[non_exhaustive]
pub enum SealError {
    /// Something failed on the way. Seal again: what was sealed already is recognised by its manifest.
    Register(RegisterError),
    /// The ledger could not be read, or does not fit the vault.
    Read(ReadError),
    /// The manifest cannot be sealed.
    Manifest(Vec<ManifestProblem>),
    /// People in the release have objected since its extract was made. The job must be run again with a fresh extract.
    ObjectedMeanwhile {
        /// How many accounts.
        count: u64,
    },
    /// The list of subjects cannot be used.
    Subjects(SubjectsError),
    /// There is no release with this number.
    NoSuchRelease {
        /// The number.
        release: u64,
    },
    /// The places of a release's subjects are lost. They can be made again from the list.
    PlacesLost {
        /// The release.
        release: u64,
    },
    /// The secret index key a release was sealed with is lost.
    IndexKeyLost {
        /// The release.
        release: u64,
    },
    /// A seal that cannot be written: a text or a number in it is too long, or it contradicts itself.
    Form,
    /// A seal that cannot be signed, or a countersignature that does not count.
    Release(ReleaseError),
}

impl fmt::Display for SealError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SealError::Register(error) => write!(f, "{error}"),
            SealError::Read(error) => write!(f, "{error}"),
            SealError::Manifest(problems) => {
                f.write_str("the manifest cannot be sealed")?;
                problems.iter().enumerate().try_for_each(|(place, problem)| write!(f, "{} {problem}", if place == 0 { ":" } else { ";" }))
            }
            SealError::ObjectedMeanwhile { count: 1 } => f.write_str("one account in the release objected after its extract was made"),
            SealError::ObjectedMeanwhile { count } => write!(f, "{count} accounts in the release objected after its extract was made"),
            SealError::Subjects(error) => write!(f, "{error}"),
            SealError::NoSuchRelease { release } => write!(f, "there is no release {release}"),
            SealError::PlacesLost { release } => write!(f, "the places of the subjects of release {release} are lost or damaged"),
            SealError::IndexKeyLost { release } => write!(f, "the index key that release {release} was sealed with is lost"),
            SealError::Form => f.write_str("what the manifest says cannot stand in a seal"),
            SealError::Release(error) => write!(f, "{error}"),
        }
    }
}

impl SealError {
    /// What to do about it.
    pub fn help(&self) -> &'static str {
        match self {
            SealError::Register(error) => error.help(),
            SealError::Read(error) => error.help(),
            SealError::Manifest(problems) => problems.first().map(ManifestProblem::help).unwrap_or_default(),
            SealError::ObjectedMeanwhile { .. } => "run the job again with a fresh extract; then their records are withheld",
            SealError::Subjects(error) => error.help(),
            SealError::NoSuchRelease { .. } => "`bezwaar register status` tells how many releases there are",
            SealError::PlacesLost { .. } => {
                "seal the same manifest again, with its list of subjects: the places are made again, and no new release"
            }
            SealError::IndexKeyLost { .. } => "put back the file `index.key` or `index.<epoch>.key` it was sealed with",
            SealError::Form => "check the lengths of the names in the job, and that releases may be used for some time",
            SealError::Release(error) => error.help(),
        }
    }
}

impl std::error::Error for SealError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            SealError::Register(error) => error.source(),
            SealError::Read(error) => error.source(),
            SealError::Release(error) => error.source(),
            SealError::Subjects(SubjectsError::Read(error) | SubjectsError::Write(error)) => Some(error),
            _ => None,
        }
    }
}

impl From<RegisterError> for SealError {
    fn from(error: RegisterError) -> SealError {
        SealError::Register(error)
    }
}

impl From<ReadError> for SealError {
    fn from(error: ReadError) -> SealError {
        SealError::Read(error)
    }
}

impl From<SubjectsError> for SealError {
    fn from(error: SubjectsError) -> SealError {
        SealError::Subjects(error)
    }
}
