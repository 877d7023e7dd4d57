//! Making and opening the tables, and refusing what is no register.

use std::time::Duration;

use ::postgres::{Config, NoTls};

use super::super::StoreError;
use super::super::check::Standing;
use super::super::sum::standing_sum;
use super::error::{from_column, from_postgres};
use super::session::Session;
use super::{APPLICATION, PostgresOptions, PostgresStore, SCHEMA_NAME_BYTES_MAX, SCHEMA_VERSION, SERVER_VERSION_MIN, read};

const SESSION: &str = include_str!("sql/session.sql");
const SERVER: &str = include_str!("sql/server.sql");
const EXISTS: &str = include_str!("sql/exists.sql");
const SCHEMA: &str = include_str!("sql/schema.sql");
const SCHEMA_CREATE: &str = include_str!("sql/schema_create.sql");
const SCHEMA_NAME: &str = include_str!("sql/schema_name.sql");
const IDENTITY: &str = include_str!("sql/identity.sql");
const IDENTITY_INSERT: &str = include_str!("sql/identity_insert.sql");
const STANDING_INSERT: &str = include_str!("sql/standing_insert.sql");
const STRUCTURE: &str = include_str!("sql/structure.sql");
/// What [`STRUCTURE`] gives for the tables of [`SCHEMA`].
const STRUCTURE_EXPECTED: &str = include_str!("sql/structure.txt");

/// How long to wait for a server that does not answer, where the address does not say.
const CONNECT_WAIT: Duration = Duration::from_secs(10);

pub(super) fn config(address: &str) -> Result<Config, StoreError> {
    let mut config: Config = address.parse().map_err(|_| StoreError::Foreign { because: "the address is not one of PostgreSQL" })?;
    if config.get_connect_timeout().is_none() {
        config.connect_timeout(CONNECT_WAIT);
    }
    if config.get_application_name().is_none() {
        config.application_name("bezwaar");
    }
    Ok(config)
}

pub(super) fn create(address: &str, options: PostgresOptions) -> Result<PostgresStore, StoreError> {
    let config = config(address)?;
    let mut session = start(&config, &options, false)?;
    session.writing(&options.schema, |session| {
        let rows = session.query(EXISTS, &[&options.schema])?;
        if rows.first().map_or(Ok(true), |row| row.try_get(0)).map_err(from_column)? {
            return Err(StoreError::Foreign { because: "something is at this address already" });
        }
        session.query(SCHEMA_NAME, &[&options.schema])?;
        session.run(SCHEMA_CREATE)?;
        session.run(SCHEMA)?;
        session.execute(IDENTITY_INSERT, &[&APPLICATION, &SCHEMA_VERSION])?;
        session.execute(STANDING_INSERT, &[&i64::from_be_bytes(standing_sum(Standing::default()))])?;
        check_structure(session)
    })?;
    Ok(PostgresStore { config, options, reader: false, session: Some(session) })
}

pub(super) fn open(config: Config, options: PostgresOptions, reader: bool) -> Result<PostgresStore, StoreError> {
    let session = connect(&config, &options, reader)?;
    Ok(PostgresStore { config, options, reader, session: Some(session) })
}

/// A session with a store that is there.
pub(super) fn connect(config: &Config, options: &PostgresOptions, reader: bool) -> Result<Session, StoreError> {
    let mut session = start(config, options, reader)?;
    let rows = session.query(IDENTITY, &[])?;
    let [row] = rows.as_slice() else { return Err(StoreError::Foreign { because: "the tables are not a register" }) };
    let (application, version): (&str, i32) = (row.try_get(0).map_err(from_column)?, row.try_get(1).map_err(from_column)?);
    if application != APPLICATION {
        return Err(StoreError::Foreign { because: "the tables are not a register" });
    }
    if version > SCHEMA_VERSION {
        return Err(StoreError::Foreign { because: "the register was written by a later version of this program" });
    }
    if version != SCHEMA_VERSION {
        return Err(StoreError::Foreign { because: "the version of the register is none there ever was" });
    }
    check_structure(&mut session)?;
    read::head(&mut session)?;
    Ok(session)
}

/// A session with a server that can keep the promises.
fn start(config: &Config, options: &PostgresOptions, reader: bool) -> Result<Session, StoreError> {
    let starts_well = options.schema.starts_with(|first: char| first.is_ascii_lowercase() || first == '_');
    let goes_on_well = options.schema.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
    if !starts_well || !goes_on_well || options.schema.len() > SCHEMA_NAME_BYTES_MAX {
        return Err(StoreError::Foreign { because: "the name of the schema has other characters than small letters, digits and _" });
    }
    let mut session = Session::new(config.connect(NoTls).map_err(from_postgres)?);
    let rows = session.query(SERVER, &[])?;
    let row = rows.first().ok_or(StoreError::Foreign { because: "the server does not say what it is" })?;
    let server = (row.try_get(0), row.try_get(1), row.try_get(2));
    check_server(server.0.map_err(from_column)?, server.1.map_err(from_column)?, server.2.map_err(from_column)?)?;
    let read_only = if reader { "on" } else { "off" };
    // Zero would be no limit at all.
    session.query(SESSION, &[&options.schema, &options.wait_ms.max(1).to_string(), &read_only])?;
    Ok(session)
}

/// Refuses a server that cannot keep the promises: by its version as a number, whether it waits for its disk, and whether the database is UTF-8.
fn check_server(version: i32, fsync: bool, utf8: bool) -> Result<(), StoreError> {
    if version < SERVER_VERSION_MIN {
        return Err(StoreError::Foreign { because: "the server is older than PostgreSQL 15" });
    }
    if !fsync {
        return Err(StoreError::Foreign { because: "the server runs with fsync = off: it can lose what it said was written" });
    }
    if !utf8 {
        return Err(StoreError::Foreign { because: "the database has another encoding than UTF8" });
    }
    Ok(())
}

/// Refuses tables that are not exactly those of the schema: one more trigger would change what a write does.
fn check_structure(session: &mut Session) -> Result<(), StoreError> {
    let rows = session.query(STRUCTURE, &[])?;
    let found: &str = rows.first().map_or(Ok(""), |row| row.try_get(0)).map_err(from_column)?;
    if found != STRUCTURE_EXPECTED.trim_end() {
        return Err(StoreError::Damaged { because: "the tables are not those of a register" });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_new_enough_waits_for_its_disk_and_writes_utf8() {
        let because = |version, fsync, utf8| match check_server(version, fsync, utf8) {
            Err(StoreError::Foreign { because }) => Some(because),
            other => {
                assert!(other.is_ok());
                None
            }
        };
        assert_eq!(because(SERVER_VERSION_MIN, true, true), None);
        assert!(because(SERVER_VERSION_MIN - 1, true, true).is_some_and(|because| because.contains("PostgreSQL 15")));
        assert!(because(SERVER_VERSION_MIN, false, true).is_some_and(|because| because.contains("fsync")));
        assert!(because(SERVER_VERSION_MIN, true, false).is_some_and(|because| because.contains("UTF8")));
    }
}
