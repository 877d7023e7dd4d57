//! What is particular to a PostgreSQL server: lost connections, other people's tables, locks, damage.

use bezwaar_register::store::postgres::{PostgresOptions, PostgresStore, SCHEMA_NAME_BYTES_MAX};
use bezwaar_register::store::{Batch, Destroy, HolderId, Store, StoreError};
use postgres::{Client, NoTls};

use super::places::{new_schema, postgres_address};
use super::rows::{act, contents, entries, fill, mixed};

/// A schema with a store, gone when the test ends, and a connection beside it.
struct Server {
    address: String,
    options: PostgresOptions,
    client: Client,
}

impl Server {
    fn new() -> Option<Server> {
        let address = postgres_address()?;
        let client = Client::connect(&address, NoTls).unwrap();
        let options = PostgresOptions { schema: new_schema(), wait_ms: 200 };
        let mut server = Server { address, options, client };
        server.client.batch_execute(&format!("SET search_path = {}", server.options.schema)).unwrap();
        Some(server)
    }

    fn filled() -> Option<Server> {
        let server = Server::new()?;
        let mut store = server.create().unwrap();
        let claim = fill(&mut store, &[mixed(0, 0)]);
        let many = Batch { entries: (3..60).map(|number| act(number, 1 + number % 2)).collect(), ..Batch::default() };
        store.append(claim, 3, &many).unwrap();
        Some(server)
    }

    fn create(&self) -> Result<PostgresStore, StoreError> {
        PostgresStore::create(&self.address, self.options.clone())
    }

    fn open(&self) -> Result<PostgresStore, StoreError> {
        PostgresStore::open(&self.address, self.options.clone())
    }

    /// Ends every other session of this database that this test's stores have.
    fn end_sessions(&mut self) {
        let others = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
            WHERE pid <> pg_backend_pid() AND application_name = 'bezwaar ' || $1";
        assert!(!self.client.query(others, &[&self.options.schema]).unwrap().is_empty());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.client.batch_execute(&format!("DROP SCHEMA IF EXISTS {} CASCADE", self.options.schema)));
    }
}

#[test]
fn a_schema_is_made_once_and_never_by_opening() {
    let Some(server) = Server::new() else { return };
    assert!(matches!(server.open(), Err(StoreError::Foreign { .. })));
    server.create().unwrap();
    assert!(matches!(server.create(), Err(StoreError::Foreign { .. })));
    server.open().unwrap();
}

#[test]
fn addresses_and_schemas_that_are_none_are_refused() {
    let Some(server) = Server::new() else { return };
    let nobody = PostgresStore::open("host=/nowhere user=bezwaar", PostgresOptions::default());
    assert!(matches!(nobody, Err(StoreError::Busy)), "{nobody:?}");
    assert!(matches!(PostgresStore::open("neither=nor", PostgresOptions::default()), Err(StoreError::Foreign { .. })));
    let no_database = PostgresStore::open(&format!("{} dbname=nobodys", server.address), PostgresOptions::default());
    assert!(matches!(no_database, Err(StoreError::Foreign { .. })), "{no_database:?}");
    for schema in ["", "1a", "A", "a-b", "a b", "a\"; DROP SCHEMA public; --", &"a".repeat(SCHEMA_NAME_BYTES_MAX + 1)] {
        let options = PostgresOptions { schema: schema.into(), ..PostgresOptions::default() };
        assert!(matches!(PostgresStore::create(&server.address, options), Err(StoreError::Foreign { .. })), "{schema}");
    }
    let longest = PostgresOptions { schema: format!("{:a<SCHEMA_NAME_BYTES_MAX$}", server.options.schema), ..PostgresOptions::default() };
    let dropped = format!("DROP SCHEMA {} CASCADE", longest.schema);
    PostgresStore::create(&server.address, longest).unwrap();
    Client::connect(&server.address, NoTls).unwrap().batch_execute(&dropped).unwrap();
}

#[test]
fn other_versions_and_other_tables_are_refused() {
    for (change, foreign) in [
        ("UPDATE identity SET version = 2", true),
        ("UPDATE identity SET version = 0", true),
        ("UPDATE identity SET application = 'other'", true),
        ("DELETE FROM identity", true),
        ("DROP TABLE identity", true),
        ("DROP INDEX entries_by_id_name", false),
        ("DROP TABLE documents", false),
        ("ALTER TABLE holders ADD COLUMN more text", false),
        ("ALTER TABLE openings SET UNLOGGED", false),
        ("ALTER TABLE openings ENABLE ROW LEVEL SECURITY", false),
        ("CREATE RULE quiet AS ON INSERT TO openings DO INSTEAD NOTHING", false),
        ("CREATE TRIGGER quiet BEFORE UPDATE ON openings FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()", false),
        ("DELETE FROM standing", false),
        ("DELETE FROM entries WHERE place = 59", false),
        ("DELETE FROM holders WHERE id = 2", false),
        ("UPDATE standing SET size = 59", false),
        ("UPDATE standing SET epoch = 9", false),
    ] {
        let Some(mut server) = Server::filled() else { return };
        server.client.batch_execute(change).unwrap();
        match server.open() {
            Err(StoreError::Foreign { .. }) if foreign => {}
            Err(StoreError::Damaged { .. }) if !foreign => {}
            other => panic!("{change}: {other:?}"),
        }
    }
}

#[test]
fn changed_rows_are_damage() {
    type Read = fn(&mut PostgresStore) -> Result<(), StoreError>;
    let changes: &[(&str, Read)] = &[
        ("UPDATE entries SET bytes = '\\x00' WHERE place = 7", |store| store.entries(0, 9).map(drop)),
        ("UPDATE entries SET id_name = '\\x00' WHERE place = 7", |store| store.entries(0, 9).map(drop)),
        ("DELETE FROM entries WHERE place = 7", |store| store.entries(0, 9).map(drop)),
        ("UPDATE openings SET sealed = '\\x00' WHERE place = 7", |store| store.opening(7).map(drop)),
        ("UPDATE openings SET holder = 1 WHERE place = 7", |store| store.openings_of(HolderId(1)).map(drop)),
        ("UPDATE openings SET holder = NULL WHERE place = 7", |store| store.scan_openings(0, 9).map(drop)),
        ("UPDATE holders SET wrapped_key = '\\x00' WHERE id = 2", |store| store.holders(&[HolderId(2)]).map(drop)),
        ("UPDATE holders SET wrapped_key = NULL WHERE id = 2", |store| store.scan_holders(HolderId(1), 2).map(drop)),
        ("UPDATE holders SET name = sha256('a') WHERE id = 2", |store| store.holders(&[HolderId(2)]).map(drop)),
        ("UPDATE contacts SET sealed = '\\x00'", |store| store.contact(HolderId(1)).map(drop)),
        ("UPDATE contacts SET holder = 2", |store| store.contact(HolderId(2)).map(drop)),
        ("UPDATE documents SET bytes = '\\x00'", |store| store.document(1).map(drop)),
        ("UPDATE documents SET place = 2", |store| store.document(2).map(drop)),
        ("UPDATE named_values SET bytes = '\\x00'", |store| store.value("vault.epoch").map(drop)),
        ("UPDATE named_values SET name = 'other'", |store| store.value("other").map(drop)),
    ];
    for (change, read) in changes {
        let Some(mut server) = Server::filled() else { return };
        let mut store = server.open().unwrap();
        server.client.batch_execute(change).unwrap();
        assert!(matches!(read(&mut store), Err(StoreError::Damaged { .. })), "{change}");
        assert!(matches!(store.check(), Err(StoreError::Damaged { .. })), "{change}");
    }
}

/// A lock of another session is waited for and then told.
#[test]
fn a_locked_store_is_busy() {
    let Some(mut server) = Server::filled() else { return };
    let mut store = server.open().unwrap();
    let claim = store.claim().unwrap();
    let mut other = server.client.transaction().unwrap();
    other.query("SELECT pg_advisory_xact_lock(hashtextextended('bezwaar ' || $1, 0))", &[&server.options.schema]).unwrap();
    assert!(matches!(store.append(claim, 60, &mixed(60, 2)), Err(StoreError::Busy)));
    assert!(matches!(store.claim(), Err(StoreError::Busy)));
    assert_eq!(store.head().unwrap().size, 60);
    other.rollback().unwrap();
    store.append(claim, 60, &mixed(60, 2)).unwrap();
}

/// A connection that is ended is told once, and made anew at the next call; the claim still holds.
#[test]
fn a_lost_connection_is_made_anew() {
    let Some(mut server) = Server::filled() else { return };
    let address = format!("{} application_name='bezwaar {}'", server.address, server.options.schema);
    let mut store = PostgresStore::open(&address, server.options.clone()).unwrap();
    let mut reader = store.reader().unwrap();
    let claim = store.claim().unwrap();
    for round in 0..5 {
        let size = 60 + round * 3;
        server.end_sessions();
        for _ in 0..3 {
            match store.append(claim, size, &mixed(size, 2 + round * 2)) {
                Ok(()) => break,
                Err(StoreError::Busy) => {}
                Err(other) => panic!("{other:?}"),
            }
        }
        assert_eq!(store.head().unwrap().size, size + 3);
        let seen = (0..3).find_map(|_| reader.head().ok()).unwrap();
        assert_eq!(seen.size, size + 3);
    }
    store.check().unwrap();
}

/// Removed rows are in no table any more, and a table that was rewritten since is the same store.
#[test]
fn removed_rows_are_gone() {
    let Some(mut server) = Server::filled() else { return };
    let mut store = server.open().unwrap();
    let claim = store.claim().unwrap();
    let destroy = vec![Destroy::Opening(0), Destroy::Key(HolderId(1)), Destroy::Contact(HolderId(1))];
    store.append(claim, 60, &Batch { destroy, ..Batch::default() }).unwrap();
    let count = "SELECT (SELECT count(*) FROM openings WHERE place = 0) + (SELECT count(wrapped_key) FROM holders WHERE id = 1)
        + (SELECT count(*) FROM contacts)";
    assert_eq!(server.client.query_one(count, &[]).unwrap().get::<_, i64>(0), 0);
    let before = contents(&mut store, 60);
    for table in ["openings", "holders", "contacts"] {
        server.client.batch_execute(&format!("VACUUM FULL {table}")).unwrap();
    }
    assert_eq!(contents(&mut store, 60), before);
    store.append(claim, 60, &entries(vec![act(60, 2)])).unwrap();
}
