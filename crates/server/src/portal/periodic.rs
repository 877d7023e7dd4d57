//! Work that is done again and again, on a thread of its own, until it is told to stop.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

/// A thread that works, waits, and works again.
pub(crate) struct Periodic {
    stop: Arc<(Mutex<bool>, Condvar)>,
    thread: JoinHandle<()>,
}

impl Periodic {
    /// Starts it. The work says how long to wait until it is done again.
    pub(crate) fn start(mut work: impl FnMut() -> Duration + Send + 'static) -> Periodic {
        let stop = Arc::new((Mutex::new(false), Condvar::new()));
        let told = Arc::clone(&stop);
        let thread = std::thread::spawn(move || {
            let (lock, changed) = &*told;
            loop {
                let wait = work();
                let stopped = lock.lock().unwrap_or_else(PoisonError::into_inner);
                let (stopped, _) = changed.wait_timeout_while(stopped, wait, |stopped| !*stopped).unwrap_or_else(PoisonError::into_inner);
                if *stopped {
                    return;
                }
            }
        });
        Periodic { stop, thread }
    }

    /// Stops it, once the work under way is done.
    pub(crate) fn stop(self) {
        let (lock, changed) = &*self.stop;
        *lock.lock().unwrap_or_else(PoisonError::into_inner) = true;
        changed.notify_all();
        drop(self.thread.join());
    }
}
