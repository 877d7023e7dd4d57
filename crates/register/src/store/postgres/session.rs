//! One connection with its prepared statements and its transactions.

use std::collections::HashMap;

use ::postgres::binary_copy::BinaryCopyInWriter;
use ::postgres::types::{ToSql, Type};
use ::postgres::{Client, Row, Statement};

use super::super::StoreError;
use super::error::{from_commit, from_postgres};

const BEGIN: &str = include_str!("sql/begin.sql");
const BEGIN_VIEW: &str = include_str!("sql/begin_view.sql");
const LOCK: &str = include_str!("sql/lock.sql");

pub(super) struct Session {
    client: Client,
    statements: HashMap<&'static str, Statement>,
    /// A transaction that could not be ended: the session is of no more use.
    stuck: bool,
}

impl Session {
    pub(super) fn new(client: Client) -> Session {
        Session { client, statements: HashMap::new(), stuck: false }
    }

    pub(super) fn is_lost(&self) -> bool {
        self.stuck || self.client.is_closed()
    }

    fn statement(&mut self, query: &'static str) -> Result<Statement, StoreError> {
        if let Some(statement) = self.statements.get(query) {
            return Ok(statement.clone());
        }
        let statement = self.client.prepare(query).map_err(from_postgres)?;
        self.statements.insert(query, statement.clone());
        Ok(statement)
    }

    pub(super) fn query(&mut self, query: &'static str, parameters: &[&(dyn ToSql + Sync)]) -> Result<Vec<Row>, StoreError> {
        let statement = self.statement(query)?;
        self.client.query(&statement, parameters).map_err(from_postgres)
    }

    /// Gives how many rows were changed.
    pub(super) fn execute(&mut self, query: &'static str, parameters: &[&(dyn ToSql + Sync)]) -> Result<u64, StoreError> {
        let statement = self.statement(query)?;
        self.client.execute(&statement, parameters).map_err(from_postgres)
    }

    pub(super) fn run(&mut self, script: &'static str) -> Result<(), StoreError> {
        self.client.batch_execute(script).map_err(from_postgres)
    }

    /// Copies rows into a table.
    pub(super) fn copy<'r>(
        &mut self,
        copy: &'static str,
        types: &[Type],
        rows: impl Iterator<Item = Vec<Box<dyn ToSql + Sync + 'r>>>,
    ) -> Result<(), StoreError> {
        let mut rows = rows.peekable();
        if rows.peek().is_none() {
            return Ok(());
        }
        let mut writer = BinaryCopyInWriter::new(self.client.copy_in(copy).map_err(from_postgres)?, types);
        for row in rows {
            let columns: Vec<&(dyn ToSql + Sync)> = row.iter().map(|column| &**column).collect();
            writer.write(&columns).map_err(from_postgres)?;
        }
        writer.finish().map(drop).map_err(from_postgres)
    }

    /// Runs a writing transaction that excludes every other writer of this schema, before anything is read.
    pub(super) fn writing<T>(&mut self, schema: &str, work: impl FnOnce(&mut Session) -> Result<T, StoreError>) -> Result<T, StoreError> {
        self.run(BEGIN)?;
        // A statement of its own: what the next one sees is what stood when the lock was had, not when it was asked for.
        let done = self.query(LOCK, &[&schema]).and_then(|_| work(self));
        self.end(done)
    }

    /// Runs several queries on one view of the data.
    pub(super) fn viewing<T>(&mut self, work: impl FnOnce(&mut Session) -> Result<T, StoreError>) -> Result<T, StoreError> {
        self.run(BEGIN_VIEW)?;
        let done = work(self);
        self.end(done)
    }

    fn end<T>(&mut self, done: Result<T, StoreError>) -> Result<T, StoreError> {
        match done {
            Ok(value) => match self.client.batch_execute("COMMIT") {
                Ok(()) => Ok(value),
                Err(error) => {
                    self.stuck = true;
                    Err(from_commit(error))
                }
            },
            Err(error) => {
                self.stuck = self.client.batch_execute("ROLLBACK").is_err();
                Err(error)
            }
        }
    }
}
