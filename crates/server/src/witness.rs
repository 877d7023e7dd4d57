//! A witness: it cosigns the checkpoints of ledgers as long as each continues the one before, and remembers the latest of each.
//!
//! A ledger that showed two histories would need the cosignatures of its witnesses on both, and none that keeps to its rules gives it two. So a witness has one duty
//! above all: **never to forget what it has cosigned**. The new checkpoint is durable before the cosignature leaves, one request at a time per ledger, one
//! process per folder; what cannot be read any more is not begun again.
//!
//! - [`Witness`] judges, remembers and cosigns; [`Server`] lets others ask it over HTTP ([c2sp.org/tlog-witness](https://c2sp.org/tlog-witness)).
//! - [`follow`](Follower) does without being asked: it reads a ledger's static files and works the proofs out of them, so that a witness needs nothing from
//!   whoever runs the ledger.
//! - [`StateFolder`] is the memory, [`Misdeed`] what two checkpoints can show.

mod evidence;
mod follow;
mod http;
mod service;
mod state;

pub use evidence::{EVIDENCE_MAX, Misdeed};
pub use follow::{FollowError, Follower, Round};
pub use http::{BODY_BYTES_MAX, CONNECTIONS_MAX, Clock, Observer, REQUEST_SECONDS_MAX, STOP_SECONDS_MAX, ServeError, Server};
pub use service::{Answer, CLOCK_BEHIND_SECONDS_MAX, Evidence, Failure, OpenError, Report, Witness};
pub use state::{DamageCause, Held, LEDGERS_MAX, StateError, StateFolder, file_name};
