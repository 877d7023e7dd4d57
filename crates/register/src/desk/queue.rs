//! What waits at the desk. Whatever is dropped without having been done says so to whoever waits for it.

use std::panic::{AssertUnwindSafe, catch_unwind};

use bezwaar_core::time::Instant;

use crate::engine::{Register, RegisterError};
use crate::intake::{Accepted, Intake, IntakeError, Submission};

/// What is handed in.
pub(super) enum Message {
    File(Box<Waiting>),
    Run(Job),
    Register(RegisterJob),
    Stop,
}

impl Message {
    pub(super) fn refuse(self, error: IntakeError) {
        match self {
            Message::File(waiting) => waiting.answer.give(Err(error)),
            Message::Run(job) => job.refuse(error),
            Message::Register(job) => job.refuse(error),
            Message::Stop => {}
        }
    }
}

/// A submission, and who waits for it.
pub(super) struct Waiting {
    pub(super) submission: Submission,
    pub(super) answer: Answer,
}

type Done = Box<dyn FnOnce(Result<Accepted, IntakeError>) + Send>;

/// Somebody who waits for an answer, and gets one in any case.
pub(super) struct Answer(Option<Done>);

impl Answer {
    pub(super) fn new(done: impl FnOnce(Result<Accepted, IntakeError>) + Send + 'static) -> Answer {
        Answer(Some(Box::new(done)))
    }

    pub(super) fn give(mut self, outcome: Result<Accepted, IntakeError>) {
        self.send(outcome);
    }

    fn send(&mut self, outcome: Result<Accepted, IntakeError>) {
        if let Some(done) = self.0.take() {
            // A fault of one who waits is not one of the desk.
            drop(catch_unwind(AssertUnwindSafe(|| done(outcome))));
        }
    }
}

impl Drop for Answer {
    fn drop(&mut self) {
        self.send(Err(IntakeError::Register(RegisterError::Stopped)));
    }
}

type Turn<'turn, 'books> = Result<(&'turn mut Intake<'books>, Instant), IntakeError>;
type IntakeWork = Box<dyn FnOnce(Turn<'_, '_>) + Send>;

/// Work with intake.
pub(super) struct Job(Option<IntakeWork>);

impl Job {
    pub(super) fn new<T>(
        job: impl FnOnce(&mut Intake<'_>, Instant) -> T + Send + 'static,
        done: impl FnOnce(Result<T, IntakeError>) + Send + 'static,
    ) -> Job {
        Job(Some(Box::new(move |turn: Turn<'_, '_>| {
            done(turn.and_then(|(intake, now)| {
                let outcome = catch_unwind(AssertUnwindSafe(|| job(&mut *intake, now)));
                outcome.map_err(|_| {
                    intake.doubt();
                    IntakeError::Fault
                })
            }));
        })))
    }

    pub(super) fn run(mut self, intake: &mut Intake<'_>, now: Instant) {
        self.send(Ok((intake, now)));
    }

    fn refuse(mut self, error: IntakeError) {
        self.send(Err(error));
    }

    fn send(&mut self, turn: Turn<'_, '_>) {
        if let Some(job) = self.0.take() {
            drop(catch_unwind(AssertUnwindSafe(|| job(turn))));
        }
    }
}

impl Drop for Job {
    fn drop(&mut self) {
        self.send(Err(IntakeError::Register(RegisterError::Stopped)));
    }
}

type RegisterTurn<'turn> = Result<(&'turn mut Register, Instant), IntakeError>;
type RegisterWork = Box<dyn FnOnce(RegisterTurn<'_>) + Send>;

/// Work with the whole register.
pub(super) struct RegisterJob(Option<RegisterWork>);

impl RegisterJob {
    pub(super) fn new<T>(
        job: impl FnOnce(&mut Register, Instant) -> T + Send + 'static,
        done: impl FnOnce(Result<T, IntakeError>) + Send + 'static,
    ) -> RegisterJob {
        RegisterJob(Some(Box::new(move |turn| {
            done(turn.and_then(|(register, now)| catch_unwind(AssertUnwindSafe(|| job(register, now))).map_err(|_| IntakeError::Fault)));
        })))
    }

    pub(super) fn run(mut self, register: &mut Register, now: Instant) {
        self.send(Ok((register, now)));
    }

    pub(super) fn refuse(mut self, error: IntakeError) {
        self.send(Err(error));
    }

    fn send(&mut self, turn: RegisterTurn<'_>) {
        if let Some(job) = self.0.take() {
            drop(catch_unwind(AssertUnwindSafe(|| job(turn))));
        }
    }
}

impl Drop for RegisterJob {
    fn drop(&mut self) {
        self.send(Err(IntakeError::Register(RegisterError::Stopped)));
    }
}
