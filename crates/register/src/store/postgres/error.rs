//! What PostgreSQL reports, as the errors of a store.

use std::fmt;

use ::postgres::Error;
use ::postgres::error::SqlState;

use super::super::{HOLDER_NAME_TAKEN, ID_NAME_TAKEN, StoreError};

/// What a server said, without the detail it adds: that can name values.
#[derive(Debug)]
struct ServerError {
    code: String,
    message: String,
}

impl fmt::Display for ServerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PostgreSQL says ({}): {}", self.code, self.message)
    }
}

impl std::error::Error for ServerError {}

/// The error of a store for one that came before a commit was asked for: then nothing of the batch is there.
pub(super) fn from_postgres(error: Error) -> StoreError {
    let Some(said) = error.as_db_error() else {
        return match error.is_closed() || std::error::Error::source(&error).is_some_and(|source| source.is::<std::io::Error>()) {
            true => StoreError::Busy,
            false => StoreError::Failed { source: Box::new(error) },
        };
    };
    let code = said.code();
    if *code == SqlState::UNIQUE_VIOLATION {
        return match said.constraint() {
            Some("entries_by_id_name") => StoreError::Refused { because: ID_NAME_TAKEN },
            Some("holders_by_name") => StoreError::Refused { because: HOLDER_NAME_TAKEN },
            _ => StoreError::Damaged { because: "a row stands where none should" },
        };
    }
    let class = code.code().get(..2).unwrap_or_default();
    match code.code() {
        "53100" => StoreError::Full,
        // Locks waited for too long, a session ended from outside, a server that starts, stops or has no room for another session.
        "55P03" | "57014" | "57P01" | "57P02" | "57P03" | "57P05" | "25P03" | "40001" | "40P01" | "53300" => StoreError::Busy,
        _ if class == "08" => StoreError::Busy,
        // Data or an index is corrupt.
        "XX001" | "XX002" => StoreError::Damaged { because: "the server says that its data is damaged" },
        // No such database, schema, table, column or function.
        "3D000" | "3F000" | "42P01" | "42703" | "42883" => StoreError::Foreign { because: "the tables of a register are not there" },
        _ => StoreError::Failed { source: Box::new(ServerError { code: code.code().to_owned(), message: said.message().to_owned() }) },
    }
}

/// As [`from_postgres`], for the commit itself: an answer of the server is a refusal, no answer leaves it open.
pub(super) fn from_commit(error: Error) -> StoreError {
    match error.as_db_error() {
        Some(_) => from_postgres(error),
        None => StoreError::Failed { source: Box::new(error) },
    }
}

/// A column that is absent or of another type than the tables demand.
pub(super) fn from_column(_: Error) -> StoreError {
    StoreError::Damaged { because: "a table does not hold what it must" }
}
