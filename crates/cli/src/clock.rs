//! The clock. Only the command line looks at it; everything below is given the time.

use std::time::{SystemTime, UNIX_EPOCH};

use bezwaar_core::time::Instant;

/// What the clock says.
#[expect(clippy::disallowed_methods, reason = "the command line is where the clock is read")]
pub(crate) fn now() -> Instant {
    let micros = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_micros());
    Instant::from_micros(i64::try_from(micros).unwrap_or(i64::MAX))
}
