//! The desk: many hand in, one writes. It is what the portal writes through.
//!
//! ```text
//! submissions ─► queue (bounded) ─► one thread: Intake::file_each, a durable batch at a time ─► each is answered
//! jobs ────────►                 └─ in the order they came
//! publish() ──► on the caller's thread, meanwhile
//! ```
//!
//! - [`Desk::file`] hands in a submission, [`Desk::run`] any other work on the books: confirming, forgetting, answering a case.
//! - Whoever is answered `Ok` was answered after the write was durable: a process that is killed, or power that fails, takes nothing back.
//! - Nobody waits for a place in the queue: when [`DESK_WAITING_MAX`] wait already, what comes is refused at once with [`IntakeError::Busy`]. Everybody is answered,
//!   also when the desk stops.
//! - After a write that failed it is not known whether the batch is there. All who waited for it are told ([`IntakeError::Batch`]); the next write finds out. To hand the same in
//!   again, with the same ids, is always safe.
//! - Whether somebody is known makes no difference to what is done, nor to when it is answered, but for the time it takes to read the rows of a known account, before a write that all
//!   in the batch wait for.

mod queue;
mod work;

use std::sync::mpsc::{self, SyncSender, TrySendError};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use bezwaar_core::time::Instant;
use bezwaar_ledger::receipt::Receipt;
use bezwaar_ledger::tlog::checkpoint::SignedCheckpoint;

use crate::engine::{Accepter, Clock, Publisher, Reader, Register, RegisterError, Rest, Writer};
use crate::intake::cases::Marks;
use crate::intake::{Accepted, Intake, IntakeError, Submission};
use crate::keys::{KeyRingError, KeyStatement, Purpose};
use crate::proofs::{self, ProofsError};
use queue::{Answer, Job, Message, RegisterJob, Waiting};

/// How long the first submission of a batch waits for others, in milliseconds.
pub const DESK_GATHER_MS: u64 = 5;
/// The most submissions gathered into one batch.
pub const DESK_GATHERED_MAX: usize = 1_024;
/// The most submissions and jobs that wait; more are refused at once.
pub const DESK_WAITING_MAX: usize = 4_096;

/// What is told of the register without asking the writing thread.
struct Known {
    accepter: Option<Accepter>,
    statements: Vec<KeyStatement>,
}

impl Known {
    fn of(register: &Register) -> Known {
        Known { accepter: register.accepter().ok(), statements: register.statements() }
    }
}

/// What the writing thread and those who ask have in common.
struct Shared {
    /// Nobody's while a job has the whole register.
    publisher: Mutex<Option<Publisher>>,
    known: Mutex<Known>,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Takes submissions and jobs from any number of threads and has one thread do them.
pub struct Desk {
    sender: SyncSender<Message>,
    thread: JoinHandle<(Writer, Rest)>,
    shared: Arc<Shared>,
    reader: Mutex<Reader>,
}

impl std::fmt::Debug for Desk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Desk")
    }
}

impl Desk {
    /// Starts it. The register is given back by [`Desk::stop`].
    pub fn start(register: Register, clock: Clock) -> Result<Desk, RegisterError> {
        let reader = register.reader()?;
        let known = Known::of(&register);
        let (writer, publisher, rest) = register.into_halves();
        let shared = Arc::new(Shared { publisher: Mutex::new(Some(publisher)), known: Mutex::new(known) });
        let (sender, receiver) = mpsc::sync_channel(DESK_WAITING_MAX);
        let for_thread = Arc::clone(&shared);
        let thread = std::thread::spawn(move || work::run(writer, rest, &for_thread, &receiver, &clock));
        Ok(Desk { sender, thread, shared, reader: Mutex::new(reader) })
    }

    /// Hands in a submission. `done` is called once, on the writing thread when the submission is durable or refused, or at once on this thread when it is not
    /// taken: [`IntakeError::Busy`]. It must be quick: others wait for it.
    pub fn file(&self, submission: Submission, done: impl FnOnce(Result<Accepted, IntakeError>) + Send + 'static) {
        self.hand_in(Message::File(Box::new(Waiting { submission, answer: Answer::new(done) })));
    }

    /// [`Desk::file`], and waits for the answer.
    pub fn file_and_wait(&self, submission: Submission) -> Result<Accepted, IntakeError> {
        let (answer, receiver) = mpsc::sync_channel(1);
        self.file(submission, move |outcome| drop(answer.send(outcome)));
        receiver.recv().unwrap_or(Err(IntakeError::Register(RegisterError::Stopped)))
    }

    /// Has something done with intake on the writing thread, after all that was handed in before. Nothing else is written meanwhile, so it must not take long.
    /// `done` is called as that of [`Desk::file`] is; with [`IntakeError::Fault`] if the job panicked.
    pub fn run<T>(
        &self,
        job: impl FnOnce(&mut Intake<'_>, Instant) -> T + Send + 'static,
        done: impl FnOnce(Result<T, IntakeError>) + Send + 'static,
    ) {
        self.hand_in(Message::Run(Job::new(job, done)));
    }

    /// [`Desk::run`], and waits for the answer.
    pub fn ask<T: Send + 'static>(&self, job: impl FnOnce(&mut Intake<'_>, Instant) -> T + Send + 'static) -> Result<T, IntakeError> {
        let (answer, receiver) = mpsc::sync_channel(1);
        self.run(job, move |outcome| drop(answer.send(outcome)));
        receiver.recv().unwrap_or(Err(IntakeError::Register(RegisterError::Stopped)))
    }

    /// Has something done with the whole register, for what is done seldom: an extract, a seal, a proof of absence, a change of keys. Nothing is written or published
    /// meanwhile.
    pub fn with_register<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut Register, Instant) -> T + Send + 'static,
    ) -> Result<T, IntakeError> {
        let (answer, receiver) = mpsc::sync_channel(1);
        self.hand_in(Message::Register(RegisterJob::new(job, move |outcome| drop(answer.send(outcome)))));
        receiver.recv().unwrap_or(Err(IntakeError::Register(RegisterError::Stopped)))
    }

    fn hand_in(&self, message: Message) {
        match self.sender.try_send(message) {
            Ok(()) => {}
            Err(TrySendError::Full(message)) => message.refuse(IntakeError::Busy),
            Err(TrySendError::Disconnected(message)) => message.refuse(IntakeError::Register(RegisterError::Stopped)),
        }
    }

    /// See [`Publisher::publish`]. Call it about once a second, from any one thread; writing goes on meanwhile.
    pub fn publish(&self) -> Result<SignedCheckpoint, RegisterError> {
        self.with_publisher(Publisher::publish)?
    }

    /// The publishing half, for cosignatures. Writing goes on meanwhile.
    pub fn with_publisher<T>(&self, job: impl FnOnce(&mut Publisher) -> T) -> Result<T, RegisterError> {
        locked(&self.shared.publisher).as_mut().map(job).ok_or(RegisterError::Stopped)
    }

    /// A reader for another thread.
    pub fn reader(&self) -> Result<Reader, RegisterError> {
        locked(&self.reader).another()
    }

    /// The marks of a filer's contact and of the prefix of a network, for [`Submission::marks`]: neither can be told from its mark. At once, on the caller's thread.
    pub fn mark(&self, contact: Option<&str>, network: Option<&str>) -> Marks {
        locked(&self.reader).mark(contact, network)
    }

    /// Who signs acceptance notes. After a change of the operator's key a new one is needed.
    pub fn accepter(&self) -> Result<Accepter, RegisterError> {
        let lost = KeyRingError::Lost { purpose: Purpose::Operator };
        locked(&self.shared.known).accepter.clone().ok_or_else(|| lost.into())
    }

    /// What the register has stated about its keys, in order.
    pub fn statements(&self) -> Vec<KeyStatement> {
        locked(&self.shared.known).statements.clone()
    }

    /// As [`Register::prove_inclusion`]: publishes only if the act is not published yet. Who makes many receipts keeps a reader and calls [`proofs::receipt`].
    pub fn prove_inclusion(&self, id: &str) -> Result<Receipt, ProofsError> {
        let mut reader = self.reader()?;
        let accepter = self.accepter().ok();
        match proofs::receipt(&mut reader, accepter.as_ref(), id) {
            Err(ProofsError::Register(RegisterError::NotPublished { .. })) => {
                self.publish()?;
                proofs::receipt(&mut reader, accepter.as_ref(), id)
            }
            outcome => outcome,
        }
    }

    /// Does what was handed in, then gives the register back.
    pub fn stop(self) -> Result<Register, RegisterError> {
        let Desk { sender, thread, shared, reader } = self;
        drop(sender.send(Message::Stop));
        let (writer, rest) = thread.join().map_err(|_| RegisterError::Stopped)?;
        drop(reader);
        let publisher = locked(&shared.publisher).take().ok_or(RegisterError::Stopped)?;
        Ok(Register::from_halves(writer, publisher, rest))
    }
}
