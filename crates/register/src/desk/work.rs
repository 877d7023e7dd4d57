//! The one thread that writes.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, TryRecvError};
use std::time::{Duration, Instant as Ticks};

use super::queue::{Message, RegisterJob, Waiting};
use super::{DESK_GATHER_MS, DESK_GATHERED_MAX, Known, Shared, locked};
use crate::engine::{Clock, Register, RegisterError, Rest, Writer};
use crate::intake::{Accepted, Intake, IntakeError, Office, Refusal, Submission};

/// What comes next.
enum Next {
    Batch(Vec<Waiting>),
    Other(Message),
}

pub(super) fn run(mut writer: Writer, mut rest: Rest, shared: &Shared, receiver: &Receiver<Message>, clock: &Clock) -> (Writer, Rest) {
    let mut office = Office::default();
    // What cannot be read now is read when it is asked for, and whoever asks is told.
    drop(office.load(&mut writer));
    // What was taken from the queue while a batch was gathered, and is no part of it.
    let mut held: Option<Message> = None;
    // Whether the store may have put something off.
    let mut untidy = true;
    loop {
        let first = match held.take().map_or_else(|| receiver.try_recv(), Ok) {
            Ok(first) => first,
            // Nobody waits. What cannot be done now is not tried again before the next write: that will name what is wrong.
            Err(TryRecvError::Empty) if untidy => {
                untidy = writer.tidy().unwrap_or(false);
                continue;
            }
            Err(_) => match receiver.recv() {
                Ok(first) => first,
                Err(_) => return (writer, rest),
            },
        };
        untidy = true;
        match gather(first, receiver, &mut held) {
            Next::Batch(batch) => {
                let mut intake = Intake::resume(&mut writer, std::mem::take(&mut office));
                file(&mut intake, batch, clock);
                office = intake.into_office();
            }
            Next::Other(Message::Run(job)) => {
                let mut intake = Intake::resume(&mut writer, std::mem::take(&mut office));
                job.run(&mut intake, clock());
                office = intake.into_office();
            }
            Next::Other(Message::Register(job)) => {
                // It may do anything: what intake remembers is no longer sure.
                office = Office::default();
                (writer, rest) = with_register(writer, rest, shared, job, clock);
            }
            Next::Other(Message::Stop | Message::File(_)) => return (writer, rest),
        }
    }
}

/// The submissions that go into one batch with the first.
fn gather(first: Message, receiver: &Receiver<Message>, held: &mut Option<Message>) -> Next {
    let mut batch = match first {
        Message::File(waiting) => vec![*waiting],
        other => return Next::Other(other),
    };
    let until = Ticks::now() + Duration::from_millis(DESK_GATHER_MS);
    while batch.len() < DESK_GATHERED_MAX {
        let next = match receiver.try_recv() {
            Ok(next) => Ok(next),
            Err(_) => receiver.recv_timeout(until.saturating_duration_since(Ticks::now())),
        };
        match next {
            Ok(Message::File(waiting)) => batch.push(*waiting),
            Ok(other) => {
                *held = Some(other);
                break;
            }
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => break,
        }
    }
    Next::Batch(batch)
}

fn file(intake: &mut Intake<'_>, batch: Vec<Waiting>, clock: &Clock) {
    let (submissions, answers): (Vec<Submission>, Vec<_>) = batch.into_iter().map(|waiting| (waiting.submission, waiting.answer)).unzip();
    let now = clock();
    let filed: Result<Vec<Result<Accepted, Refusal>>, IntakeError> =
        catch_unwind(AssertUnwindSafe(|| intake.file_each(&submissions, now))).unwrap_or(Err(IntakeError::Fault));
    match filed {
        Ok(outcomes) => {
            for (answer, outcome) in answers.into_iter().zip(outcomes) {
                answer.give(outcome.map_err(IntakeError::Refused));
            }
        }
        Err(IntakeError::Register(error)) => {
            let error = Arc::new(error);
            answers.into_iter().for_each(|answer| answer.give(Err(IntakeError::Batch(Arc::clone(&error)))));
        }
        Err(_) => {
            intake.doubt();
            answers.into_iter().for_each(|answer| answer.give(Err(IntakeError::Fault)));
        }
    }
}

fn with_register(writer: Writer, rest: Rest, shared: &Shared, job: RegisterJob, clock: &Clock) -> (Writer, Rest) {
    let mut slot = locked(&shared.publisher);
    let Some(publisher) = slot.take() else {
        job.refuse(IntakeError::Register(RegisterError::Stopped));
        return (writer, rest);
    };
    let mut register = Register::from_halves(writer, publisher, rest);
    job.run(&mut register, clock());
    *locked(&shared.known) = Known::of(&register);
    let (writer, publisher, rest) = register.into_halves();
    *slot = Some(publisher);
    (writer, rest)
}
