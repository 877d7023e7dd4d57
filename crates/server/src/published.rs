//! A ledger's static files ([c2sp.org/tlog-tiles](https://c2sp.org/tlog-tiles)), in a folder or at an address.

use std::path::PathBuf;
use std::time::Duration;
use std::{fmt, io};

use bezwaar_ledger::tlog::note::NOTE_BYTES_MAX;
use bezwaar_ledger::tlog::tile::{ENTRY_BYTES_MAX, TILE_WIDTH, TileReader};
use ureq::Agent;

use crate::asking::agent;
use crate::files;

/// Where a checkpoint is, under a ledger's address.
pub const CHECKPOINT: &str = "checkpoint";
/// The longest entry bundle, in bytes.
pub const BUNDLE_BYTES_MAX: usize = TILE_WIDTH as usize * (2 + ENTRY_BYTES_MAX);
/// The longest tile of hashes, in bytes.
pub const TILE_BYTES_MAX: usize = TILE_WIDTH as usize * 32;
/// How long reading one file may take.
pub const READ_SECONDS_MAX: u64 = 30;
/// How often an answer may send the reader elsewhere.
pub const REDIRECTS_MAX: u32 = 3;

/// A ledger's files, read from a folder or over HTTP.
#[derive(Clone, Debug)]
pub enum Published {
    /// A folder.
    Folder(PathBuf),
    /// An address.
    Address {
        /// `http://…` or `https://…`, without a slash at the end.
        prefix: String,
        /// What asks.
        agent: Agent,
    },
}

impl Published {
    /// The files at an address, if the text begins with `http://` or `https://`, or in the folder of that name.
    pub fn at(place: &str) -> Published {
        if is_address(place) {
            let limit = Duration::from_secs(READ_SECONDS_MAX);
            Published::Address { prefix: place.trim_end_matches('/').to_owned(), agent: agent(limit, REDIRECTS_MAX) }
        } else {
            Published::Folder(PathBuf::from(place))
        }
    }

    /// The bytes of the ledger's signed tree head.
    pub fn checkpoint(&self) -> Result<Option<Vec<u8>>, PublishedError> {
        self.read(CHECKPOINT)
    }

    fn get(&self, agent: &Agent, url: &str, bytes_max: usize) -> Result<Option<Vec<u8>>, PublishedError> {
        let mut answer = agent.get(url).call().map_err(|error| PublishedError::Http { error: Box::new(error) })?;
        match answer.status().as_u16() {
            200 => {}
            404 | 410 => return Ok(None),
            status => return Err(PublishedError::Status { status }),
        }
        // This limit is one that must not be reached.
        match answer.body_mut().with_config().limit(bytes_max as u64 + 1).read_to_vec() {
            Ok(bytes) => Ok(Some(bytes)),
            Err(ureq::Error::BodyExceedsLimit(_)) => Err(PublishedError::TooLong { bytes_max }),
            Err(error) => Err(PublishedError::Http { error: Box::new(error) }),
        }
    }
}

impl TileReader for Published {
    type Error = PublishedError;

    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, PublishedError> {
        let bytes_max = match path {
            CHECKPOINT => NOTE_BYTES_MAX,
            path if path.starts_with("tile/entries/") => BUNDLE_BYTES_MAX,
            _ => TILE_BYTES_MAX,
        };
        match self {
            Published::Folder(folder) => files::read_limited(&folder.join(path), bytes_max).map_err(|error| match error.kind() {
                io::ErrorKind::FileTooLarge => PublishedError::TooLong { bytes_max },
                _ => PublishedError::Io { error },
            }),
            Published::Address { prefix, agent } => self.get(agent, &format!("{prefix}/{path}"), bytes_max),
        }
    }
}

/// Whether a text is an address, and not the path of a folder.
pub fn is_address(text: &str) -> bool {
    text.starts_with("http://") || text.starts_with("https://")
}

/// Why a published file could not be read. All may pass: try again later.
#[derive(Debug)]
#[non_exhaustive]
pub enum PublishedError {
    /// The system said no.
    Io {
        /// Why.
        error: io::Error,
    },
    /// No answer, or not in time.
    Http {
        /// Why.
        error: Box<ureq::Error>,
    },
    /// An answer that is neither the file nor that there is none.
    Status {
        /// The HTTP status.
        status: u16,
    },
    /// A file longer than such a file can be.
    TooLong {
        /// The most bytes it could have.
        bytes_max: usize,
    },
}

impl fmt::Display for PublishedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PublishedError::Io { .. } => f.write_str("the file cannot be read"),
            PublishedError::Http { .. } => f.write_str("the ledger's address gives no answer"),
            PublishedError::Status { status } => write!(f, "the ledger's address answers with HTTP status {status}"),
            PublishedError::TooLong { bytes_max } => write!(f, "the file is over {bytes_max} bytes"),
        }
    }
}

impl PublishedError {
    /// What to do about it.
    pub fn help(&self) -> &'static str {
        match self {
            PublishedError::Io { .. } => "check the folder, and who may read it",
            PublishedError::Http { .. } | PublishedError::Status { .. } => "check the address, and try again later",
            PublishedError::TooLong { .. } => "check that the address is that of a ledger: its files are at `checkpoint` and under `tile/`",
        }
    }
}

impl std::error::Error for PublishedError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            PublishedError::Io { error } => Some(error),
            PublishedError::Http { error } => Some(error.as_ref()),
            _ => None,
        }
    }
}
