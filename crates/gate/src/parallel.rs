//! Work on all threads, results in order, memory bounded.

use std::collections::BTreeMap;
use std::sync::mpsc::{Receiver, sync_channel};
use std::sync::{Arc, Mutex};

use crate::error::{ErrorKind, GateError, Result};

/// Takes work from `next` until it is `None`, does it on `threads` threads, and hands the results to `sink` in the order of
/// the work. At most twice as many pieces as threads are in memory. The first error stops everything.
pub(crate) fn in_order<W: Send, D: Send>(
    threads: usize,
    mut next: impl FnMut() -> Result<Option<W>>,
    work: impl Fn(W) -> Result<D> + Sync,
    mut sink: impl FnMut(D) -> Result<()>,
) -> Result<()> {
    let threads = threads.max(1);
    if threads == 1 {
        while let Some(piece) = next()? {
            sink(work(piece)?)?;
        }
        return Ok(());
    }
    std::thread::scope(|scope| {
        let (to_workers, from_reader) = sync_channel::<(usize, W)>(1);
        let from_reader = Arc::new(Mutex::new(from_reader));
        let (to_sink, results) = sync_channel::<(usize, Result<D>)>(threads);
        for _ in 0..threads {
            let (from_reader, to_sink, work) = (Arc::clone(&from_reader), to_sink.clone(), &work);
            scope.spawn(move || {
                while let Some((place, piece)) = take(&from_reader) {
                    if to_sink.send((place, work(piece))).is_err() {
                        return;
                    }
                }
            });
        }
        drop((to_sink, from_reader));
        let (mut sent, mut done) = (0, 0);
        let mut waiting: BTreeMap<usize, D> = BTreeMap::new();
        let mut reader = Some(to_workers);
        loop {
            while reader.is_some() && sent - done < threads * 2 {
                match (next()?, &reader) {
                    (Some(piece), Some(to_workers)) => {
                        to_workers.send((sent, piece)).map_err(|_| stopped())?;
                        sent += 1;
                    }
                    _ => reader = None,
                }
            }
            if done == sent && reader.is_none() {
                return Ok(());
            }
            let (place, result) = results.recv().map_err(|_| stopped())?;
            waiting.insert(place, result?);
            while let Some(result) = waiting.remove(&done) {
                sink(result)?;
                done += 1;
            }
        }
    })
}

fn take<W>(queue: &Mutex<Receiver<W>>) -> Option<W> {
    queue.lock().ok()?.recv().ok()
}

fn stopped() -> GateError {
    GateError::new(ErrorKind::Integrity, "a worker stopped without a word").with_help("this is a bug: please report it")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_come_in_order_and_the_first_error_stops() {
        let mut numbers = 0..1000;
        let mut seen = Vec::new();
        in_order(
            4,
            || Ok(numbers.next()),
            |number| Ok(number * 2),
            |number| {
                seen.push(number);
                Ok(())
            },
        )
        .unwrap();
        assert_eq!(seen, (0..1000).map(|number| number * 2).collect::<Vec<_>>());
        let mut numbers = 0..1000;
        let stopped =
            in_order(4, || Ok(numbers.next()), |number| if number == 7 { Err(GateError::config("seven")) } else { Ok(number) }, |_| Ok(()));
        assert_eq!(stopped.unwrap_err().to_string(), "seven");
    }
}
