//! Where requests meet the register: what is handed in, and what is read.

use std::sync::{Mutex, PoisonError};

use bezwaar_core::time::Instant;
use bezwaar_register::desk::Desk;
use bezwaar_register::engine::{Reader, RegisterError};
use bezwaar_register::intake::{Accepted, Intake, IntakeError, Submission};
use tokio::sync::oneshot;

/// The most readers kept for later; more are made when needed, and dropped.
pub const READERS_KEPT: usize = 8;

/// The register, for many requests at a time.
pub(crate) struct Counter {
    desk: Desk,
    readers: Mutex<Vec<Reader>>,
}

impl Counter {
    pub(crate) fn new(desk: Desk) -> Counter {
        Counter { desk, readers: Mutex::new(Vec::new()) }
    }

    pub(crate) fn desk(&self) -> &Desk {
        &self.desk
    }

    /// Hands a submission in; the answer comes when it is durable.
    pub(crate) async fn file(&self, submission: Submission) -> Result<Accepted, IntakeError> {
        let (answer, answered) = oneshot::channel();
        self.desk.file(submission, move |outcome| drop(answer.send(outcome)));
        answered.await.unwrap_or(Err(IntakeError::Register(RegisterError::Stopped)))
    }

    /// Has something done on the writing thread.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut Intake<'_>, Instant) -> T + Send + 'static,
    ) -> Result<T, IntakeError> {
        let (answer, answered) = oneshot::channel();
        self.desk.run(job, move |outcome| drop(answer.send(outcome)));
        answered.await.unwrap_or(Err(IntakeError::Register(RegisterError::Stopped)))
    }

    /// Reads, on this thread. A reader that failed is not used again.
    pub(crate) fn read<T>(&self, job: impl FnOnce(&mut Reader) -> Result<T, RegisterError>) -> Result<T, RegisterError> {
        let kept = self.readers.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut reader = kept.map_or_else(|| self.desk.reader(), Ok)?;
        let outcome = job(&mut reader)?;
        let mut readers = self.readers.lock().unwrap_or_else(PoisonError::into_inner);
        if readers.len() < READERS_KEPT {
            readers.push(reader);
        }
        Ok(outcome)
    }
}
