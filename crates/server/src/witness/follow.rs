//! Following a ledger: reading what it publishes, and cosigning it, without being asked and without the help of whoever runs it.

use std::fmt;

use bezwaar_core::time::Instant;
use bezwaar_ledger::tlog::checkpoint::{CheckpointError, Origin, SignedCheckpoint};
use bezwaar_ledger::tlog::note::VerifyError;
use bezwaar_ledger::tlog::proof::{BuildError, consistency_proof, root_at, verify_consistency};
use bezwaar_ledger::tlog::tile::{TileHashSource, TileReadError};
use bezwaar_ledger::tlog::witness::{AddCheckpoint, WitnessAnswer};
use bezwaar_ledger::tlog::{Hash, checkpoint::Checkpoint};

use super::evidence::Misdeed;
use super::service::{Answer, Evidence, Failure, Witness};
use super::state::{Held, StateError};
use crate::published::{Published, PublishedError};

/// A witness's eye on one ledger.
#[derive(Debug)]
pub struct Follower<'witness> {
    witness: &'witness Witness,
    origin: Origin,
    published: Published,
}

/// What a round came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Round {
    /// The checkpoint with the new cosignature.
    pub held: Held,
    /// The size of the tree before; `None` if the ledger was seen for the first time, which is taken on trust.
    pub size_before: Option<u64>,
}

impl<'witness> Follower<'witness> {
    /// Follows a ledger that the witness watches, at the place where it is published.
    pub fn new(witness: &'witness Witness, origin: Origin, published: Published) -> Follower<'witness> {
        Follower { witness, origin, published }
    }

    /// Reads the checkpoint, shows that it continues the one before, and cosigns it. With an error, nothing was cosigned.
    pub fn round(&self, now: Instant) -> Result<Round, FollowError> {
        let bytes = self.published.checkpoint().map_err(FollowError::Published)?.ok_or(FollowError::NoCheckpoint)?;
        let offered = SignedCheckpoint::parse(&bytes).map_err(FollowError::Checkpoint)?;
        self.signed(&offered)?;
        let held = self.witness.held(&self.origin).map_err(FollowError::State)?;
        let seen = held.as_ref().map(|held| held.checkpoint.unverified());
        if let (Some(held), Some(seen)) = (&held, seen)
            && let Some(misdeed) = self.plain_misdeed(seen, offered.unverified())
        {
            return Err(self.caught(held, &offered, &[], misdeed));
        }
        let old_size = seen.map_or(0, Checkpoint::size);
        let proof = self.proof(seen, offered.unverified())?;
        if let (Some(held), Some(seen)) = (&held, seen)
            && let new = offered.unverified()
            && old_size > 0
            && verify_consistency(old_size, new.size(), &proof, &seen.root(), &new.root()).is_err()
        {
            // The proof is made of tiles that were checked against the new root, so no other proof would do either.
            return Err(self.caught(held, &offered, &proof, Misdeed::Fork));
        }
        let request = AddCheckpoint::new(old_size, proof, offered).map_err(|_| FollowError::Refused)?;
        match self.witness.add_checkpoint(request.to_string().as_bytes(), now).answer {
            Answer::Given(WitnessAnswer::Cosigned { .. }) => {
                let held = self.witness.held(&self.origin).map_err(FollowError::State)?.ok_or(FollowError::Refused)?;
                Ok(Round { held, size_before: seen.map(Checkpoint::size) })
            }
            Answer::Failed(failure) => Err(FollowError::Failed(failure)),
            // Everything was checked above; another request for the same ledger came between.
            Answer::Given(_) => Err(FollowError::Refused),
        }
    }

    fn signed(&self, offered: &SignedCheckpoint) -> Result<(), FollowError> {
        let mut refused = CheckpointError::Verify(VerifyError::NoKnownSignature);
        for key in self.witness.ledger_keys(&self.origin) {
            match offered.verify(key) {
                Ok(_) => return Ok(()),
                Err(error) => refused = error,
            }
        }
        Err(FollowError::Checkpoint(refused))
    }

    /// What two checkpoints show without any proof.
    fn plain_misdeed(&self, seen: &Checkpoint, offered: &Checkpoint) -> Option<Misdeed> {
        if offered.size() == seen.size() {
            return (offered.root() != seen.root()).then_some(Misdeed::Fork);
        }
        if offered.size() > seen.size() {
            return None;
        }
        // If the larger tree can still be read, it tells whether the smaller one was ever its beginning.
        let before = TileHashSource::try_new(&self.published, seen.size(), &seen.root()).and_then(|tree| root_at(&tree, offered.size()));
        match before {
            Ok(root) if root != offered.root() => Some(Misdeed::Fork),
            _ => Some(Misdeed::Rollback),
        }
    }

    /// The proof that the published tree continues the one seen, out of tiles that belong to the published one.
    fn proof(&self, seen: Option<&Checkpoint>, offered: &Checkpoint) -> Result<Vec<Hash>, FollowError> {
        let tree = TileHashSource::try_new(&self.published, offered.size(), &offered.root()).map_err(FollowError::Tiles)?;
        match seen.map_or(0, Checkpoint::size) {
            0 => Ok(Vec::new()),
            old_size => match consistency_proof(&tree, old_size, offered.size()) {
                Ok(proof) => Ok(proof),
                Err(BuildError::Source(error)) => Err(FollowError::Tiles(error)),
                Err(_) => Err(FollowError::Refused),
            },
        }
    }

    fn caught(&self, held: &Held, offered: &SignedCheckpoint, proof: &[Hash], misdeed: Misdeed) -> FollowError {
        let evidence = self.witness.keep_evidence(&held.checkpoint, offered, proof, misdeed);
        let (held, offered) = (held.checkpoint.unverified().size(), offered.unverified().size());
        FollowError::Misdeed { evidence, held, offered }
    }
}

/// Why a ledger's checkpoint was not cosigned in a round.
#[derive(Debug)]
#[non_exhaustive]
pub enum FollowError {
    /// The checkpoint could not be read. May pass.
    Published(PublishedError),
    /// There is no checkpoint at that place. May pass.
    NoCheckpoint,
    /// It is not a checkpoint of this ledger.
    Checkpoint(CheckpointError),
    /// The tiles could not be read (may pass), or are not those of the checkpoint.
    Tiles(TileReadError<PublishedError>),
    /// The ledger has done something it must not. Fatal: both checkpoints were kept.
    Misdeed {
        /// What, and where it was kept.
        evidence: Evidence,
        /// The size of the tree that was cosigned.
        held: u64,
        /// The size of the tree that is published now.
        offered: u64,
    },
    /// The witness's memory cannot be relied on. Fatal.
    State(StateError),
    /// The witness could not cosign. May pass.
    Failed(Failure),
    /// Another request for the same ledger came between. Passes.
    Refused,
}

impl FollowError {
    /// Whether the ledger contradicts what it has signed: by itself, or by the tiles it serves.
    pub fn is_integrity(&self) -> bool {
        match self {
            FollowError::Misdeed { .. } => true,
            FollowError::Tiles(error) => matches!(error, TileReadError::OtherRoot | TileReadError::OtherTile { .. }),
            _ => false,
        }
    }

    /// Whether the next round may go better.
    pub fn may_pass(&self) -> bool {
        !matches!(self, FollowError::Misdeed { .. } | FollowError::State(_))
    }
}

impl fmt::Display for FollowError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FollowError::Published(_) => f.write_str("the ledger's checkpoint cannot be read"),
            FollowError::NoCheckpoint => f.write_str("there is no checkpoint at that place"),
            FollowError::Checkpoint(_) => f.write_str("what is published is not a checkpoint this ledger has signed"),
            FollowError::Tiles(_) => f.write_str("the ledger's tiles do not let its checkpoint be checked"),
            FollowError::Misdeed { evidence, held, offered } => {
                write!(f, "{} (cosigned at size {held}, now published at size {offered})", evidence.misdeed.sentence())
            }
            FollowError::State(_) => f.write_str("the witness's record cannot be relied on"),
            FollowError::Failed(failure) => failure.fmt(f),
            FollowError::Refused => f.write_str("another checkpoint of the ledger was cosigned at the same time"),
        }
    }
}

impl FollowError {
    /// What to do about it.
    pub fn help(&self) -> &'static str {
        match self {
            FollowError::Published(error) => error.help(),
            FollowError::NoCheckpoint => "check the place: a ledger's checkpoint is at `checkpoint` under its address or in its folder",
            FollowError::Checkpoint(error) => error.help(),
            FollowError::Tiles(error) => error.help(),
            FollowError::Misdeed { evidence: Evidence { folder: Some(_), .. }, .. } => {
                "nothing was cosigned; look at the evidence, check that the place is not an old copy, and make both checkpoints public"
            }
            FollowError::Misdeed { .. } => {
                "nothing was cosigned, and the evidence could not be kept: copy the published checkpoint now, and the one in the folder of the witness"
            }
            FollowError::State(error) => error.help(),
            FollowError::Failed(failure) => failure.help(),
            FollowError::Refused => "try again",
        }
    }
}

impl std::error::Error for FollowError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            FollowError::Published(error) => Some(error),
            FollowError::Checkpoint(error) => Some(error),
            FollowError::Tiles(error) => Some(error),
            FollowError::State(error) => Some(error),
            FollowError::Failed(failure) => failure.source(),
            _ => None,
        }
    }
}
