//! Making and opening the file, and refusing what is no register.

use std::fs::{File, OpenOptions};
use std::path::Path;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use super::super::StoreError;
use super::super::check::Standing;
use super::super::sum::standing_sum;
use super::error::{from_file, from_sqlite};
use super::tail::{Indexed, Tail};
use super::{APPLICATION_ID, SCHEMA_VERSION, SqliteOptions, SqliteStore, read};

const SCHEMA: &str = include_str!("sql/schema.sql");
const STANDING_INSERT: &str = include_str!("sql/standing_insert.sql");
const INDEXED_INSERT: &str = include_str!("sql/indexed_insert.sql");
const TABLES: &str = include_str!("sql/tables.sql");

/// How many prepared statements a hold keeps; there are fewer in `sql/`.
const STATEMENTS_KEPT: usize = 64;

/// The columns of a row of SQLite's own table of tables.
type Structure = (String, String, String, String);

pub(super) fn create(path: &Path, options: SqliteOptions) -> Result<SqliteStore, StoreError> {
    make_file(path)?;
    let mut connection = connect(path, &options, false)?;
    set_up(&connection, &options)?;
    connection.pragma_update(None, "page_size", options.page_bytes).map_err(from_sqlite)?;
    // Other places than this one never change the journal's kind: it stands in the file from now on.
    let mode: String = connection.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0)).map_err(from_sqlite)?;
    if mode != "wal" {
        return Err(StoreError::Foreign { because: "this place cannot keep a write-ahead journal; network file systems cannot" });
    }
    let transaction = connection.transaction().map_err(from_sqlite)?;
    transaction.execute_batch(SCHEMA).map_err(from_sqlite)?;
    transaction.execute(STANDING_INSERT, [standing_sum(Standing::default())]).map_err(from_sqlite)?;
    transaction.execute(INDEXED_INSERT, [Indexed::default().sum()]).map_err(from_sqlite)?;
    transaction.pragma_update(None, "application_id", APPLICATION_ID).map_err(from_sqlite)?;
    transaction.pragma_update(None, "user_version", SCHEMA_VERSION).map_err(from_sqlite)?;
    transaction.commit().map_err(from_sqlite)?;
    Ok(SqliteStore {
        connection,
        path: path.to_owned(),
        tail: Tail::new(options.tail_entries),
        options,
        reader: false,
        journal_holds_removed: false,
    })
}

/// Makes an empty file that only its owner may read, and its name durable.
fn make_file(path: &Path) -> Result<(), StoreError> {
    let mut how = OpenOptions::new();
    how.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        how.mode(0o600);
    }
    match how.open(path) {
        Ok(file) => file.sync_all().map_err(from_file)?,
        // What is left of an attempt that was cut short.
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            if std::fs::metadata(path).map_err(from_file)?.len() > 0 {
                return Err(StoreError::Foreign { because: "something is at this path already" });
            }
        }
        Err(error) => return Err(from_file(error)),
    }
    #[cfg(unix)]
    if let Some(folder) = path.parent() {
        let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
        File::open(folder).and_then(|folder| folder.sync_all()).map_err(from_file)?;
    }
    Ok(())
}

pub(super) fn open(path: &Path, options: SqliteOptions, reader: bool) -> Result<SqliteStore, StoreError> {
    // Asked first, so that the system's own reason is told and not SQLite's.
    if File::open(path).and_then(|file| file.metadata()).map_err(from_file)?.len() == 0 {
        return Err(StoreError::Foreign { because: "the file is empty" });
    }
    let mut connection = connect(path, &options, reader)?;
    // Before anything is set that could write: what is not ours is not touched.
    check_identity(&connection)?;
    set_up(&connection, &options)?;
    check_structure(&connection)?;
    read::head(&mut connection)?;
    Ok(SqliteStore {
        connection,
        path: path.to_owned(),
        tail: Tail::new(options.tail_entries),
        options,
        reader,
        journal_holds_removed: false,
    })
}

fn connect(path: &Path, options: &SqliteOptions, reader: bool) -> Result<Connection, StoreError> {
    let access = if reader { OpenFlags::SQLITE_OPEN_READ_ONLY } else { OpenFlags::SQLITE_OPEN_READ_WRITE };
    let connection = Connection::open_with_flags(path, access | OpenFlags::SQLITE_OPEN_NO_MUTEX).map_err(from_sqlite)?;
    connection.busy_timeout(Duration::from_millis(u64::from(options.wait_ms))).map_err(from_sqlite)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS_KEPT);
    Ok(connection)
}

fn set_up(connection: &Connection, options: &SqliteOptions) -> Result<(), StoreError> {
    // Views, triggers and the like of a file somebody else prepared can do nothing.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true).map_err(from_sqlite)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false).map_err(from_sqlite)?;
    let kibibytes = i64::try_from(options.cache_bytes / 1024).unwrap_or(i64::MAX);
    let set = |name: &str, value: &dyn rusqlite::ToSql| connection.pragma_update(None, name, value).map_err(from_sqlite);
    set("synchronous", &"FULL")?;
    set("fullfsync", &true)?;
    set("checkpoint_fullfsync", &true)?;
    set("cell_size_check", &true)?;
    set("temp_store", &"MEMORY")?;
    set("cache_size", &kibibytes.saturating_neg())?;
    let answered = |name: &str, value: i64| connection.pragma_update_and_check(None, name, value, |_| Ok(())).map_err(from_sqlite);
    answered("secure_delete", 1)?;
    answered("mmap_size", i64::try_from(options.mmap_bytes).unwrap_or(i64::MAX))?;
    answered("wal_autocheckpoint", i64::from(options.journal_pages))?;
    answered("journal_size_limit", 0)?;
    if let Some(pages) = options.pages_max {
        answered("max_page_count", i64::from(pages))?;
    }
    Ok(())
}

fn check_identity(connection: &Connection) -> Result<(), StoreError> {
    let number = |name: &str| connection.pragma_query_value(None, name, |row| row.get::<_, i32>(0)).map_err(from_sqlite);
    if number("application_id")? != APPLICATION_ID {
        return Err(StoreError::Foreign { because: "the database is not a register" });
    }
    match number("user_version")? {
        SCHEMA_VERSION => Ok(()),
        later if later > SCHEMA_VERSION => {
            Err(StoreError::Foreign { because: "the register was written by a later version of this program" })
        }
        _ => Err(StoreError::Foreign { because: "the version of the register is none there ever was" }),
    }
}

/// Refuses a file whose tables are not exactly those of the schema: one more trigger would change what a write does.
fn check_structure(connection: &Connection) -> Result<(), StoreError> {
    let model = Connection::open_in_memory().map_err(from_sqlite)?;
    model.execute_batch(SCHEMA).map_err(from_sqlite)?;
    if structure(connection)? != structure(&model)? {
        return Err(StoreError::Damaged { because: "the tables are not those of a register" });
    }
    let mode: String = connection.pragma_query_value(None, "journal_mode", |row| row.get(0)).map_err(from_sqlite)?;
    if mode != "wal" {
        return Err(StoreError::Damaged { because: "the database has another kind of journal than a register" });
    }
    Ok(())
}

fn structure(connection: &Connection) -> Result<Vec<Structure>, StoreError> {
    let mut statement = connection.prepare(TABLES).map_err(from_sqlite)?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))).map_err(from_sqlite)?;
    rows.collect::<Result<_, _>>().map_err(from_sqlite)
}
