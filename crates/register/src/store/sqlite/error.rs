//! What SQLite reports, as the errors of a store.

use rusqlite::ErrorCode;
use rusqlite::ffi;

use super::super::StoreError;

/// The error of a store for one of SQLite. Nothing of SQLite's own text is kept where it could name what is stored: constraints are the
/// caller's to name, and other messages speak of structures only.
pub(super) fn from_sqlite(error: rusqlite::Error) -> StoreError {
    let rusqlite::Error::SqliteFailure(failure, _) = &error else {
        // A column that is absent or of another type than the tables demand, or a row that must be there and is not.
        return StoreError::Damaged { because: "a table does not hold what it must" };
    };
    match (failure.code, failure.extended_code) {
        // ENOSPC while the shared index of the journal grows is reported as this and not as SQLITE_FULL.
        (ErrorCode::DiskFull, _) | (_, ffi::SQLITE_IOERR_SHMSIZE) => StoreError::Full,
        (ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked, _) => StoreError::Busy,
        (ErrorCode::DatabaseCorrupt, _) => StoreError::Damaged { because: "the database file is malformed" },
        (_, ffi::SQLITE_IOERR_SHORT_READ | ffi::SQLITE_IOERR_DATA | ffi::SQLITE_IOERR_CORRUPTFS) => {
            StoreError::Damaged { because: "the file system gave less than was written, or reports damage" }
        }
        (ErrorCode::NotADatabase, _) => StoreError::Foreign { because: "the file is not a SQLite database" },
        (ErrorCode::ConstraintViolation, _) => StoreError::Damaged { because: "a row stands where none should" },
        _ => StoreError::Failed { source: Box::new(error) },
    }
}

/// The error of a store for one of the file system.
pub(super) fn from_file(error: std::io::Error) -> StoreError {
    match error.kind() {
        std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => StoreError::Full,
        _ => StoreError::Failed { source: Box::new(error) },
    }
}
