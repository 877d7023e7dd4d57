//! Places where a store can be: opened as often as a test likes, and gone when the test ends.

use std::io::Write;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};

use bezwaar_register::store::memory::MemoryStore;
use bezwaar_register::store::postgres::{PostgresOptions, PostgresStore};
use bezwaar_register::store::sqlite::{SqliteOptions, SqliteStore};
use bezwaar_register::store::{Store, StoreError};
use postgres::{Client, NoTls};
use tempfile::TempDir;

/// A place that holds one store.
pub(super) trait Place: Sync {
    /// A further hold that can write, as another program would have it.
    fn try_open(&self) -> Result<Box<dyn Store>, StoreError>;

    fn open(&self) -> Box<dyn Store> {
        self.try_open().unwrap()
    }

    /// What another process needs to open it; `None` if no other process can.
    fn address(&self) -> Option<String>;
}

pub(super) fn memory() -> Option<Box<dyn Place>> {
    struct Memory(std::sync::Mutex<MemoryStore>);
    impl Place for Memory {
        fn try_open(&self) -> Result<Box<dyn Store>, StoreError> {
            Ok(Box::new(self.0.lock().unwrap().clone()))
        }
        fn address(&self) -> Option<String> {
            None
        }
    }
    Some(Box::new(Memory(std::sync::Mutex::new(MemoryStore::new()))))
}

pub(super) struct SqlitePlace {
    pub(super) folder: TempDir,
    options: SqliteOptions,
}

impl SqlitePlace {
    pub(super) fn new() -> SqlitePlace {
        SqlitePlace::with(SqliteOptions::default())
    }

    pub(super) fn with(options: SqliteOptions) -> SqlitePlace {
        let place = SqlitePlace { folder: tempfile::tempdir().unwrap(), options };
        drop(SqliteStore::create(&place.path(), place.options.clone()).unwrap());
        place
    }

    pub(super) fn path(&self) -> PathBuf {
        self.folder.path().join("register.sqlite")
    }
}

impl Place for SqlitePlace {
    fn try_open(&self) -> Result<Box<dyn Store>, StoreError> {
        Ok(Box::new(SqliteStore::open(&self.path(), self.options.clone())?))
    }

    fn address(&self) -> Option<String> {
        Some(format!("sqlite {}", self.path().display()))
    }
}

pub(super) fn sqlite() -> Option<Box<dyn Place>> {
    Some(Box::new(SqlitePlace::new()))
}

/// A store whose batches all go through the tail: nothing is put into the indexes at once.
pub(super) fn sqlite_tail() -> Option<Box<dyn Place>> {
    Some(Box::new(SqlitePlace::with(SqliteOptions { tail_entries: 0, ..SqliteOptions::default() })))
}

/// A schema of its own in the server that the environment names.
struct PostgresPlace {
    address: String,
    schema: String,
}

impl PostgresPlace {
    fn options(schema: &str) -> PostgresOptions {
        PostgresOptions { schema: schema.to_owned(), ..PostgresOptions::default() }
    }
}

impl Place for PostgresPlace {
    fn try_open(&self) -> Result<Box<dyn Store>, StoreError> {
        Ok(Box::new(PostgresStore::open(&self.address, PostgresPlace::options(&self.schema))?))
    }

    fn address(&self) -> Option<String> {
        Some(format!("postgres {} {}", self.schema, self.address))
    }
}

impl Drop for PostgresPlace {
    fn drop(&mut self) {
        if let Ok(mut client) = Client::connect(&self.address, NoTls) {
            drop(client.batch_execute(&format!("DROP SCHEMA {} CASCADE", self.schema)));
        }
    }
}

/// The address of a server to test with.
#[expect(clippy::disallowed_methods, reason = "tests are told by the environment where a server is")]
pub(crate) fn postgres_address() -> Option<String> {
    let address = std::env::var("BEZWAAR_TEST_POSTGRES").ok();
    if address.is_none() {
        not_run(
            "tests of the store in PostgreSQL, because BEZWAAR_TEST_POSTGRES names no server (see scripts/with-postgres)",
            InCi::Failure,
        );
    }
    address
}

/// The name of a schema no other test uses.
pub(crate) fn new_schema() -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    format!("test_{}_{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed))
}

pub(super) fn postgres() -> Option<Box<dyn Place>> {
    let place = PostgresPlace { address: postgres_address()?, schema: new_schema() };
    drop(PostgresStore::create(&place.address, PostgresPlace::options(&place.schema)).unwrap());
    Some(Box::new(place))
}

/// Opens what [`Place::address`] says.
pub(super) fn open_address(address: &str) -> Box<dyn Store> {
    match address.split_once(' ').unwrap() {
        ("sqlite", path) => Box::new(SqliteStore::open(path.as_ref(), SqliteOptions::default()).unwrap()),
        ("postgres", rest) => {
            let (schema, address) = rest.split_once(' ').unwrap();
            Box::new(PostgresStore::open(address, PostgresPlace::options(schema)).unwrap())
        }
        (other, _) => panic!("no such kind of store: {other}"),
    }
}

/// What it means in CI that a test was not run.
#[derive(PartialEq)]
pub(super) enum InCi {
    Failure,
    /// For what needs more rights than CI may give.
    NoFailure,
}

/// Says that a test was not run, past the capture of a passing test's output.
#[expect(clippy::disallowed_methods, reason = "tests are told by the environment whether they run in CI")]
pub(super) fn not_run(what: &str, in_ci: InCi) {
    assert!(in_ci == InCi::NoFailure || std::env::var("CI").as_deref() != Ok("true"), "must not be left out in CI: {what}");
    drop(writeln!(std::io::stderr(), "not run: {what}"));
}
