//! What can be wrong with an extract, in sentences without personal data.

use std::fmt;

use crate::tlog::note::{NoteError, VerifyError};

use super::{HEADER_BYTES_MAX, PEOPLE_MAX, ROW_BYTES_MAX};

/// Why an extract cannot be read, trusted or written. It never holds an account, a key or the file's own text.
#[derive(Debug)]
#[non_exhaustive]
pub enum ExtractError {
    /// The file does not begin as an extract does.
    NotAnExtract,
    /// An extract of a format this program does not read.
    Format,
    /// The header is cut off, or longer than [`HEADER_BYTES_MAX`].
    HeaderLength,
    /// The header was changed after it was written.
    HeaderDamaged,
    /// The header is whole, but not as this format has it.
    Header {
        /// What is wrong.
        because: &'static str,
    },
    /// Nobody signed it.
    Unsigned,
    /// What stands where its signatures should be cannot be read.
    Signatures,
    /// Its signature is not that of a key that was given.
    Signature(VerifyError),
    /// A key that was given signed it, but not as the operator of the ledger it names.
    OtherOperator,
    /// Its head cannot be signed.
    Note(NoteError),
    /// The body is cut off, longer, or was changed after it was written.
    BodyDamaged,
    /// The body is whole, but not as this format has it.
    Body {
        /// What is wrong.
        because: &'static str,
    },
    /// A person's acts cannot be read.
    Row {
        /// Their place in the extract, from 0.
        row: usize,
    },
    /// There is no such row.
    NoRow {
        /// The place asked for, from 0.
        row: usize,
    },
    /// The rows are not the ones the header's root stands for.
    RowsRoot,
    /// Made with other keys.
    KeyId {
        /// The key id the extract names.
        extract: String,
        /// The key id of the keys at hand.
        keys: String,
    },
    /// Made with another version of account normalisation.
    Normaliser {
        /// The version the extract names.
        extract: u32,
        /// The version of this program.
        program: u32,
    },
    /// Made with other rules for how services write names.
    Services,
    /// A canary does not have the key it should have.
    Canary,
    /// The options make no sense.
    Options {
        /// What is wrong.
        because: &'static str,
    },
    /// Two accounts have one subject key.
    Collision,
    /// More people than [`PEOPLE_MAX`].
    TooManyPeople,
    /// The acts of one person take more than [`ROW_BYTES_MAX`].
    TooManyActs,
    /// Writing failed.
    Write(std::io::Error),
}

impl fmt::Display for ExtractError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ExtractError::NotAnExtract => f.write_str("this is not an extract"),
            ExtractError::Format => f.write_str("this is an extract in a format this program does not read"),
            ExtractError::HeaderLength => write!(f, "the extract's header is cut off, or over {HEADER_BYTES_MAX} bytes"),
            ExtractError::HeaderDamaged => f.write_str("the extract's header is not as it was written"),
            ExtractError::Header { because } => write!(f, "the extract's header is wrong: {because}"),
            ExtractError::Unsigned => f.write_str("nobody signed the extract"),
            ExtractError::Signatures => f.write_str("the signatures of the extract cannot be read"),
            ExtractError::Signature(_) => f.write_str("the extract's signature does not count"),
            ExtractError::OtherOperator => f.write_str("the extract is not signed by the operator of the ledger it names"),
            ExtractError::Note(_) => f.write_str("the extract's head cannot be signed"),
            ExtractError::BodyDamaged => f.write_str("the extract's body is not as it was written"),
            ExtractError::Body { because } => write!(f, "the extract's body is wrong: {because}"),
            ExtractError::Row { row } => write!(f, "the acts in row {row} of the extract cannot be read"),
            ExtractError::NoRow { row } => write!(f, "the extract has no row {row}"),
            ExtractError::RowsRoot => f.write_str("the extract's rows are not the ones its header stands for"),
            ExtractError::KeyId { extract, keys } => write!(f, "the extract was made with key {extract}, and this is key {keys}"),
            ExtractError::Normaliser { extract, program } => {
                write!(f, "the extract was made with account normalisation {extract}, and this program has {program}")
            }
            ExtractError::Services => f.write_str("the extract was made with other rules for how services write names"),
            ExtractError::Canary => f.write_str("a canary of the extract does not come out with this key"),
            ExtractError::Options { because } => write!(f, "this extract cannot be written: {because}"),
            ExtractError::Collision => f.write_str("this extract cannot be written: two accounts have the same subject key"),
            ExtractError::TooManyPeople => write!(f, "this extract cannot be written: it has more than {PEOPLE_MAX} people"),
            ExtractError::TooManyActs => {
                write!(f, "this extract cannot be written: one person's acts take more than {ROW_BYTES_MAX} bytes")
            }
            ExtractError::Write(error) => write!(f, "the extract could not be written: {error}"),
        }
    }
}

impl ExtractError {
    /// What to do about it.
    pub fn help(&self) -> &'static str {
        match self {
            ExtractError::NotAnExtract => "check the path: an extract begins with the line `bezwaar-extract/1`",
            ExtractError::Format => "use the version of the program that made it, or make the extract anew",
            ExtractError::HeaderLength | ExtractError::HeaderDamaged | ExtractError::BodyDamaged | ExtractError::RowsRoot => {
                "copy it again from where it was made; if it is damaged there too, make it anew"
            }
            ExtractError::Unsigned => "ask the operator of the register for the signed extract",
            ExtractError::Signatures => "copy it again from where it was made",
            ExtractError::Signature(error) => error.help(),
            ExtractError::OtherOperator => "give the operator's public key, whose name is that of the ledger with `/operator` after it",
            ExtractError::Note(error) => error.help(),
            ExtractError::Header { .. } | ExtractError::Body { .. } | ExtractError::Row { .. } => {
                "do not use it; find out which program wrote it, and make it anew"
            }
            ExtractError::NoRow { .. } => "this is an error in the program that asked",
            ExtractError::KeyId { .. } | ExtractError::Canary => {
                "use the key file the extract was made with; with another key nobody in it would be found"
            }
            ExtractError::Normaliser { .. } => "make the extract anew with this version; with the other, accounts would not be found",
            ExtractError::Services => "make the extract with the policies folder the job names",
            ExtractError::Options { .. } => "change what is asked for",
            ExtractError::Collision => "start a new epoch in the key file, and make the extract anew",
            ExtractError::TooManyPeople => "split the people over several gate domains",
            ExtractError::TooManyActs => "have the register join this person's acts: one act on all items instead of many names",
            ExtractError::Write(_) => "check that there is room and that writing is allowed; what was written is not an extract",
        }
    }
}

impl std::error::Error for ExtractError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            ExtractError::Write(error) => Some(error),
            ExtractError::Signature(error) => Some(error),
            ExtractError::Note(error) => Some(error),
            _ => None,
        }
    }
}

impl From<std::io::Error> for ExtractError {
    fn from(error: std::io::Error) -> ExtractError {
        ExtractError::Write(error)
    }
}
