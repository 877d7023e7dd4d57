//! The same life on a PostgreSQL server, and on SQLite, comes to the same end as in memory.

use std::path::Path;

use bezwaar_register::intake::Intake;
use bezwaar_register::store::Store;
use bezwaar_register::store::postgres::{PostgresOptions, PostgresStore};
use bezwaar_register::store::sqlite::{SqliteOptions, SqliteStore};

use super::failures::{STEPS, live, state, step};
use crate::engine::kit::{Witness, create, open};
use crate::store::places::{new_schema, postgres_address};

/// Each step by a register that was opened anew.
fn lives_alike(folder: &Path, new: Box<dyn Store>, again: impl Fn() -> Box<dyn Store>) {
    let (expected, ..) = live(tempfile::tempdir().unwrap().path(), None);
    drop(create(folder, new));
    let mut witness = Witness::default();
    for number in 0..STEPS {
        let mut register = open(folder, again()).unwrap();
        step(&mut Intake::new(register.writer()), number).unwrap();
        witness.saw(register.publish().unwrap());
    }
    assert_eq!(state(&mut open(folder, again()).unwrap(), &witness), expected);
}

#[test]
fn the_office_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("register")).unwrap();
    let path = folder.path().join("register/register.sqlite");
    let new = SqliteStore::create(&path, SqliteOptions::default()).unwrap();
    lives_alike(folder.path(), Box::new(new), || Box::new(SqliteStore::open(&path, SqliteOptions::default()).unwrap()));
}

#[test]
fn the_office_on_postgres() {
    let Some(address) = postgres_address() else { return };
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("register")).unwrap();
    let options = PostgresOptions { schema: new_schema(), ..PostgresOptions::default() };
    let new = PostgresStore::create(&address, options.clone()).unwrap();
    lives_alike(folder.path(), Box::new(new), || Box::new(PostgresStore::open(&address, options.clone()).unwrap()));
    let mut client = postgres::Client::connect(&address, postgres::NoTls).unwrap();
    client.batch_execute(&format!("DROP SCHEMA IF EXISTS {} CASCADE", options.schema)).unwrap();
}
