//! The witness itself: judges a checkpoint, remembers it, cosigns it.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use bezwaar_core::time::Instant;
use bezwaar_ledger::tlog::Hash;
use bezwaar_ledger::tlog::checkpoint::{Origin, SignedCheckpoint};
use bezwaar_ledger::tlog::cosignature::PosixSeconds;
use bezwaar_ledger::tlog::note::{Note, SignatureType, SigningKey, VerifierKey};
use bezwaar_ledger::tlog::witness::{self as rules, AddCheckpoint, TEXT_MEDIA_TYPE, TreeHead, WitnessAnswer};

use super::evidence::{self, Misdeed};
use super::state::{Held, LEDGERS_MAX, StateError, StateFolder};

/// How far the witness's clock may be behind its own last cosignature of a ledger, in seconds. Below that, the time of the last one is given again; above it, the
/// clock is wrong, or was wrong then, and nothing is cosigned.
pub const CLOCK_BEHIND_SECONDS_MAX: u64 = 3_600;

/// A witness: a key, the ledgers it watches, and its memory.
#[derive(Debug)]
pub struct Witness {
    rules: rules::Witness,
    ledgers: BTreeMap<Origin, Watched>,
    folder: StateFolder,
}

/// A ledger that is watched.
#[derive(Debug)]
struct Watched {
    /// The keys it signs with: more than one while it changes over.
    keys: Vec<VerifierKey>,
    /// One request at a time: judging and remembering must not be interleaved with those of another, or the record could go back.
    slot: Mutex<Slot>,
}

/// What is known of a ledger's record.
#[derive(Debug)]
enum Slot {
    /// It is this.
    Known(Option<Box<Held>>),
    /// It must be read: for the first time, after it could not be read, or after a write that failed and may have been done all the same.
    Unread,
}

impl Witness {
    /// A witness with a cosigning key, for the ledgers with these keys, that remembers in a folder; `true` if the folder was made and is empty.
    pub fn open(key: SigningKey, ledgers: Vec<VerifierKey>, folder: &Path) -> Result<(Witness, bool), OpenError> {
        let rules = rules::Witness::new(key).map_err(|_| OpenError::NotACosigningKey)?;
        let mut watched: BTreeMap<Origin, Watched> = BTreeMap::new();
        for ledger in ledgers {
            if ledger.signature_type() != SignatureType::Ed25519 {
                return Err(OpenError::NotALedgerKey { key: ledger.to_string() });
            }
            let entry = watched.entry(Origin::from(ledger.name()));
            let entry = entry.or_insert_with(|| Watched { keys: Vec::new(), slot: Mutex::new(Slot::Unread) });
            if !entry.keys.contains(&ledger) {
                entry.keys.push(ledger);
            }
        }
        match watched.len() {
            0 => return Err(OpenError::NoLedger),
            count if count > LEDGERS_MAX => return Err(OpenError::TooManyLedgers { count }),
            _ => {}
        }
        let (folder, made) = StateFolder::open(folder, rules.verifier()).map_err(OpenError::State)?;
        Ok((Witness { rules, ledgers: watched, folder }, made))
    }

    /// The public half of its key.
    pub fn key(&self) -> &VerifierKey {
        self.rules.verifier()
    }

    /// The ledgers it watches.
    pub fn ledgers(&self) -> impl Iterator<Item = &Origin> {
        self.ledgers.keys()
    }

    /// The keys a ledger signs with; none if it is not watched.
    pub fn ledger_keys(&self, origin: &Origin) -> &[VerifierKey] {
        self.ledgers.get(origin).map(|ledger| ledger.keys.as_slice()).unwrap_or_default()
    }

    /// The latest checkpoint of a ledger that was cosigned; `None` if none was.
    pub fn held(&self, origin: &Origin) -> Result<Option<Held>, StateError> {
        match self.ledgers.get(origin) {
            Some(ledger) => ledger.slot().read(&self.folder, origin).map(|held| held.cloned()),
            None => self.folder.load(origin),
        }
    }

    /// The ledgers whose record cannot be read, and why: they are not cosigned.
    pub fn broken(&self) -> Vec<StateError> {
        self.ledgers().filter_map(|origin| self.held(origin).err()).collect()
    }

    /// Judges the body of an `add-checkpoint` request at a time, and answers it. A cosignature is given only when it is durable that it was given.
    pub fn add_checkpoint(&self, body: &[u8], now: Instant) -> Report {
        let request = match AddCheckpoint::parse(body) {
            Ok(request) => request,
            Err(error) => return Report::of(None, Answer::Given(WitnessAnswer::BadRequest(error))),
        };
        let origin = request.checkpoint().unverified().origin().clone();
        let Some(ledger) = self.ledgers.get(&origin) else {
            return Report::of(Some(origin), Answer::Given(WitnessAnswer::UnknownLedger));
        };
        let mut slot = ledger.slot();
        let held = match slot.read(&self.folder, &origin) {
            Ok(held) => held.cloned(),
            Err(error) => {
                // What is refused whatever was seen before is refused as always.
                let answer = match self.rules.decide(None, &request, &ledger.keys, PosixSeconds::MAX) {
                    answer @ (WitnessAnswer::BadRequest(_) | WitnessAnswer::Forbidden) => Answer::Given(answer),
                    _ => Answer::Failed(Failure::State(error)),
                };
                return Report::of(Some(origin), answer);
            }
        };
        let known = held.as_ref().map(|held| held.checkpoint.unverified());
        let known = known.map(|known| TreeHead { size: known.size(), root: known.root() });
        let time = time_of(now, held.as_ref().map(|held| held.cosigned_at));
        let answer = match self.rules.decide(known, &request, &ledger.keys, time.unwrap_or(PosixSeconds::MAX)) {
            WitnessAnswer::Cosigned { head, lines } => match self.remember(&mut slot, ledger, request.checkpoint(), &lines, time) {
                Ok(()) => Answer::Given(WitnessAnswer::Cosigned { head, lines }),
                Err(failure) => Answer::Failed(failure),
            },
            refusal => Answer::Given(refusal),
        };
        let evidence = held.as_ref().and_then(|held| self.evidence(held, &request, &answer));
        Report { origin: Some(origin), answer, evidence }
    }

    /// Makes a cosignature durable, before it may leave.
    fn remember(
        &self,
        slot: &mut Slot,
        ledger: &Watched,
        checkpoint: &SignedCheckpoint,
        lines: &str,
        cosigned_at: Option<PosixSeconds>,
    ) -> Result<(), Failure> {
        let cosigned_at = cosigned_at.ok_or(Failure::Clock)?;
        let next = Held { checkpoint: record(checkpoint, &ledger.keys, lines).ok_or(Failure::Record)?, cosigned_at };
        // From here until it is durable, nobody knows which of the two the disk has.
        *slot = Slot::Unread;
        self.folder.store(&next).map_err(Failure::State)?;
        *slot = Slot::Known(Some(Box::new(next)));
        Ok(())
    }

    /// Keeps both checkpoints, if what was refused may show a misdeed of the ledger.
    fn evidence(&self, held: &Held, request: &AddCheckpoint, answer: &Answer) -> Option<Evidence> {
        let (offered, seen) = (request.checkpoint().unverified(), held.checkpoint.unverified());
        let misdeed = match answer {
            // Whatever size the sender thought it was: two roots of one size are a fork.
            Answer::Given(WitnessAnswer::Conflict { .. } | WitnessAnswer::Forked { .. })
                if offered.size() == seen.size() && offered.root() != seen.root() =>
            {
                Misdeed::Fork
            }
            Answer::Given(WitnessAnswer::Inconsistent(_)) if offered.size() > seen.size() => Misdeed::UnprovedGrowth,
            _ => return None,
        };
        Some(self.keep_evidence(&held.checkpoint, request.checkpoint(), request.proof(), misdeed))
    }

    /// Keeps two checkpoints side by side.
    pub(super) fn keep_evidence(&self, held: &SignedCheckpoint, offered: &SignedCheckpoint, proof: &[Hash], misdeed: Misdeed) -> Evidence {
        // A disk that is full must not hide that there was something to keep.
        let folder = evidence::keep(self.folder.path(), held, offered, proof, misdeed).ok().flatten();
        Evidence { misdeed, folder }
    }
}

impl Watched {
    fn slot(&self) -> MutexGuard<'_, Slot> {
        // A panic while the lock was held left the slot unread, or as it was before.
        self.slot.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Slot {
    fn read(&mut self, folder: &StateFolder, origin: &Origin) -> Result<Option<&Held>, StateError> {
        if matches!(self, Slot::Unread) {
            *self = Slot::Known(folder.load(origin)?.map(Box::new));
        }
        match self {
            Slot::Known(held) => Ok(held.as_deref()),
            Slot::Unread => Ok(None),
        }
    }
}

/// The time of the next cosignature: now, but never before the last one; `None` if the clock is not to be believed.
fn time_of(now: Instant, last: Option<PosixSeconds>) -> Option<PosixSeconds> {
    let now = u64::try_from(now.as_micros().div_euclid(1_000_000)).ok().and_then(PosixSeconds::new)?;
    match last {
        Some(last) if last.seconds().saturating_sub(now.seconds()) > CLOCK_BEHIND_SECONDS_MAX => None,
        Some(last) => Some(now.max(last)),
        None => Some(now),
    }
}

/// What is kept: the checkpoint with the signatures of its ledger and the new cosignature, and none of the others that came with it.
fn record(checkpoint: &SignedCheckpoint, keys: &[VerifierKey], cosignature: &str) -> Option<SignedCheckpoint> {
    let mut note = Note::new(checkpoint.note().text().to_owned()).ok()?;
    let known = |name, id| keys.iter().any(|key| key.name() == name && key.id() == id);
    for signature in checkpoint.note().signatures().iter().filter(|signature| known(signature.name(), signature.id())) {
        note.add(signature.clone()).ok()?;
    }
    let mut kept = SignedCheckpoint::parse(note.to_string().as_bytes()).ok()?;
    kept.add_signature_lines(cosignature).ok()?;
    Some(kept)
}

/// What became of a request, for whoever runs the witness.
#[derive(Debug)]
pub struct Report {
    /// The ledger, if the request could be read. It is what the sender says unless it is one that is watched.
    pub origin: Option<Origin>,
    /// What the sender is told.
    pub answer: Answer,
    /// What was kept, if the ledger seems to have done something it must not.
    pub evidence: Option<Evidence>,
}

impl Report {
    fn of(origin: Option<Origin>, answer: Answer) -> Report {
        Report { origin, answer, evidence: None }
    }
}

/// Checkpoints that do not go together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// What they show.
    pub misdeed: Misdeed,
    /// Where they are kept; `None` if they could not be, or if there are enough.
    pub folder: Option<PathBuf>,
}

/// The answer to an `add-checkpoint` request.
#[derive(Debug)]
pub enum Answer {
    /// What the rules of witnesses say.
    Given(WitnessAnswer),
    /// 500, or 503 if it is the clock: the witness cannot do its work. Why is not for the sender.
    Failed(Failure),
}

impl Answer {
    /// The HTTP status.
    pub fn status(&self) -> u16 {
        match self {
            Answer::Given(answer) => answer.status(),
            Answer::Failed(Failure::Clock) => 503,
            Answer::Failed(_) => 500,
        }
    }

    /// The media type of the body.
    pub fn media_type(&self) -> &'static str {
        match self {
            Answer::Given(answer) => answer.media_type(),
            Answer::Failed(_) => TEXT_MEDIA_TYPE,
        }
    }

    /// The body.
    pub fn body(&self) -> String {
        match self {
            Answer::Given(answer) => answer.body(),
            // What is wrong with its disk is the witness's own matter.
            Answer::Failed(_) => "this witness cannot cosign at present; whoever runs it has been told\n".to_owned(),
        }
    }
}

/// Why a checkpoint that is right could not be cosigned.
#[derive(Debug)]
#[non_exhaustive]
pub enum Failure {
    /// The witness's memory cannot be read or written.
    State(StateError),
    /// The clock is more than [`CLOCK_BEHIND_SECONDS_MAX`] behind the last cosignature, or cannot be right at all.
    Clock,
    /// The checkpoint with its signatures could not be put together.
    Record,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::State(_) => f.write_str("the witness's record cannot be relied on, so nothing was cosigned"),
            Failure::Clock => f.write_str("the clock is far behind the witness's last cosignature, so nothing was cosigned"),
            Failure::Record => f.write_str("the checkpoint has too many signatures to be kept"),
        }
    }
}

impl Failure {
    /// What to do about it.
    pub fn help(&self) -> &'static str {
        match self {
            Failure::State(error) => error.help(),
            Failure::Clock => {
                "set the clock; if it was wrong at the last cosignature, wait until that time has come, or begin with a new key"
            }
            Failure::Record => "ask with the ledger's own signatures only",
        }
    }
}

impl std::error::Error for Failure {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Failure::State(error) => Some(error),
            _ => None,
        }
    }
}

/// Why a witness cannot begin.
#[derive(Debug)]
#[non_exhaustive]
pub enum OpenError {
    /// The witness's key is not one for cosignatures.
    NotACosigningKey,
    /// A ledger's key is not one that ledgers sign with.
    NotALedgerKey {
        /// The key.
        key: String,
    },
    /// There is no ledger to watch.
    NoLedger,
    /// More than [`LEDGERS_MAX`].
    TooManyLedgers {
        /// How many.
        count: usize,
    },
    /// The folder cannot be used.
    State(StateError),
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            OpenError::NotACosigningKey => f.write_str("the witness's key is not one for cosignatures"),
            OpenError::NotALedgerKey { key } => write!(f, "`{key}` is not the key of a ledger"),
            OpenError::NoLedger => f.write_str("there is no ledger to watch"),
            OpenError::TooManyLedgers { count } => write!(f, "{count} ledgers are more than {LEDGERS_MAX}"),
            OpenError::State(_) => f.write_str("the witness's folder cannot be used"),
        }
    }
}

impl OpenError {
    /// What to do about it.
    pub fn help(&self) -> &'static str {
        match self {
            OpenError::NotACosigningKey => "make one with `bezwaar witness key`: a witness's key is of signature type 4 (cosignature/v1)",
            OpenError::NotALedgerKey { .. } => "name the ledger's own public key, of signature type 1 (Ed25519), and not that of a witness",
            OpenError::NoLedger => "name the public key of at least one ledger",
            OpenError::TooManyLedgers { .. } => "run a second witness with a key and a folder of its own",
            OpenError::State(error) => error.help(),
        }
    }
}

impl std::error::Error for OpenError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            OpenError::State(error) => Some(error),
            _ => None,
        }
    }
}
