//! Many threads, one writer: records that arrive within a short time are written as one durable batch.

use std::sync::mpsc::{self, Receiver, RecvTimeoutError, SyncSender, TryRecvError};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant as Ticks};

use bezwaar_core::time::Instant;
use bezwaar_ledger::tlog::checkpoint::SignedCheckpoint;

use super::{NewRecord, Placed, Publisher, Reader, Register, RegisterError, Writer};
use crate::store::BATCH_ENTRIES_MAX;

/// How long the first record of a batch waits for others, in milliseconds.
pub const GATHER_MS: u64 = 5;
/// The most records gathered into one batch.
pub const GATHERED_MAX: usize = 4_096;
/// The most submissions that wait to be written; more wait to be taken.
pub const WAITING_MAX: usize = 16_384;

/// Tells the time. The command line and the portal pass the system's.
pub type Clock = Arc<dyn Fn() -> Instant + Send + Sync>;

/// Why a submission was not entered, as all who waited for the same batch are told.
pub type SharedError = Arc<RegisterError>;

struct Submission {
    records: Vec<NewRecord>,
    answer: SyncSender<Result<Vec<Placed>, SharedError>>,
}

enum Message {
    Submission(Submission),
    Stop,
}

/// A submission on its way.
#[derive(Debug)]
pub struct Ticket(Receiver<Result<Vec<Placed>, SharedError>>);

impl Ticket {
    /// Waits until the records are durable, or were refused.
    ///
    /// # Errors
    /// [`RegisterError::Refused`] concerns this submission alone. After any other error it is not known whether the records are there: submit them again, and
    /// those that are there are recognised by their ids.
    pub fn wait(self) -> Result<Vec<Placed>, SharedError> {
        self.0.recv().unwrap_or_else(|_| Err(Arc::new(RegisterError::Stopped)))
    }
}

/// Takes records from any number of threads and has one thread write them.
#[derive(Debug)]
pub struct Sequencer {
    sender: SyncSender<Message>,
    thread: JoinHandle<Writer>,
    publisher: Arc<Mutex<Publisher>>,
    reader: Mutex<Reader>,
    rest: super::Rest,
}

impl Sequencer {
    /// Starts it. The register is given back by [`Sequencer::stop`].
    pub fn start(register: Register, clock: Clock) -> Result<Sequencer, RegisterError> {
        let reader = register.reader()?;
        let (writer, publisher, rest) = register.into_halves();
        let (sender, receiver) = mpsc::sync_channel(WAITING_MAX);
        let thread = std::thread::spawn(move || run(writer, &receiver, &clock));
        Ok(Sequencer { sender, thread, publisher: Arc::new(Mutex::new(publisher)), reader: Mutex::new(reader), rest })
    }

    /// Hands records in: all of them are entered, in order, or none. Waits only if very many others are waiting.
    pub fn submit(&self, records: Vec<NewRecord>) -> Ticket {
        let (answer, receiver) = mpsc::sync_channel(1);
        if let Err(unsent) = self.sender.send(Message::Submission(Submission { records, answer }))
            && let Message::Submission(submission) = unsent.0
        {
            drop(submission.answer.send(Err(Arc::new(RegisterError::Stopped))));
        }
        Ticket(receiver)
    }

    /// See [`Publisher::publish`]. Call it about once a second, from any one thread; writing goes on meanwhile.
    pub fn publish(&self) -> Result<SignedCheckpoint, RegisterError> {
        self.publisher.lock().unwrap_or_else(PoisonError::into_inner).publish()
    }

    /// The publishing half, for cosignatures.
    pub fn publisher(&self) -> Arc<Mutex<Publisher>> {
        Arc::clone(&self.publisher)
    }

    /// A reader for another thread.
    pub fn reader(&self) -> Result<Reader, RegisterError> {
        self.reader.lock().unwrap_or_else(PoisonError::into_inner).another()
    }

    /// Writes what was handed in, then gives the register back.
    pub fn stop(self) -> Result<Register, RegisterError> {
        let Sequencer { sender, thread, publisher, reader, rest } = self;
        drop(sender.send(Message::Stop));
        let writer = thread.join().map_err(|_| RegisterError::Stopped)?;
        drop(reader);
        let publisher = Arc::into_inner(publisher).ok_or(RegisterError::Stopped)?;
        Ok(Register::from_halves(writer, publisher.into_inner().unwrap_or_else(PoisonError::into_inner), rest))
    }
}

fn run(mut writer: Writer, receiver: &Receiver<Message>, clock: &Clock) -> Writer {
    // A submission that did not fit into the batch before it.
    let mut held: Option<Submission> = None;
    // Whether the store may have put something off.
    let mut untidy = true;
    loop {
        let first = match held.take() {
            Some(first) => first,
            None => match receiver.try_recv() {
                // Nobody waits. What cannot be done now is not tried again before the next write: that will name what is wrong.
                Err(TryRecvError::Empty) if untidy => {
                    untidy = writer.tidy().unwrap_or(false);
                    continue;
                }
                Err(TryRecvError::Empty) => match receiver.recv() {
                    Ok(Message::Submission(first)) => first,
                    Ok(Message::Stop) | Err(_) => return writer,
                },
                Ok(Message::Submission(first)) => first,
                Ok(Message::Stop) | Err(TryRecvError::Disconnected) => return writer,
            },
        };
        let mut stop = false;
        let mut count = first.records.len();
        let mut batch = vec![first];
        let until = Ticks::now() + Duration::from_millis(GATHER_MS);
        while count < GATHERED_MAX {
            let next = match receiver.try_recv() {
                Ok(next) => Ok(next),
                Err(_) => receiver.recv_timeout(until.saturating_duration_since(Ticks::now())),
            };
            match next {
                Ok(Message::Submission(next)) if count + next.records.len() > BATCH_ENTRIES_MAX => {
                    held = Some(next);
                    break;
                }
                Ok(Message::Submission(next)) => {
                    count += next.records.len();
                    batch.push(next);
                }
                Ok(Message::Stop) => {
                    stop = true;
                    break;
                }
                Err(RecvTimeoutError::Timeout) => break,
                Err(RecvTimeoutError::Disconnected) => {
                    stop = true;
                    break;
                }
            }
        }
        write(&mut writer, batch, clock);
        untidy = true;
        if stop && held.is_none() {
            return writer;
        }
    }
}

fn write(writer: &mut Writer, batch: Vec<Submission>, clock: &Clock) {
    let groups: Vec<&[NewRecord]> = batch.iter().map(|submission| submission.records.as_slice()).collect();
    let outcomes = writer.append_groups(&groups, clock());
    match outcomes {
        Ok(outcomes) => {
            for (submission, outcome) in batch.into_iter().zip(outcomes) {
                // Whoever no longer waits is not told; the records are there all the same.
                drop(submission.answer.send(outcome.map_err(|problems| Arc::new(RegisterError::Refused(problems)))));
            }
        }
        Err(error) => {
            let error = Arc::new(error);
            batch.into_iter().for_each(|submission| drop(submission.answer.send(Err(Arc::clone(&error)))));
        }
    }
}
