//! Trust policies: whose signatures a checkpoint needs before it is believed ([c2sp.org/tlog-policy](https://c2sp.org/tlog-policy)).
//!
//! ```text
//! # One ledger, and two of these three witnesses.
//! log ledger.example/one+5c3b…+AR…
//! witness north w.north.example+90ab…+BN… https://w.north.example/
//! witness south w.south.example+12cd…+BO…
//! witness east  w.east.example+34ef…+BP…
//! group all-of-them 2 north south east
//! quorum all-of-them
//! ```
//!
//! A **log** line names a ledger by its key, whose name is the ledger's origin. A **witness** line gives a witness a name within the file. A **group** has
//! witnessed a checkpoint when so many of its members have (`any`: one, `all`: each). The **quorum** is the witness or group that must have; `none` asks for no
//! witness at all, and then nobody can tell whether others are shown another ledger.

mod error;
mod read;

use std::fmt;

pub use error::{PolicyError, PolicyErrors, PolicyProblem, PolicyProblemKind};

use super::checkpoint::{Checkpoint, SignedCheckpoint};
use super::cosignature::PosixSeconds;
use super::note::{KeyName, VerifierKey, VerifyError};

/// The longest policy, in bytes, that is read.
pub const POLICY_BYTES_MAX: usize = 1 << 18;
/// The most ledgers, the most witnesses and the most groups of one policy. The specification wants 32 of each to be possible.
pub const POLICY_PARTS_MAX: usize = 256;

/// The name of a witness or a group within a policy: bytes without spaces, which mean nothing outside it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PolicyName(Vec<u8>);

impl PolicyName {
    /// The bytes of the name, by which names are told apart.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

/// The name for people to read. Bytes that are not UTF-8 are replaced.
impl fmt::Display for PolicyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&String::from_utf8_lossy(&self.0))
    }
}

/// A ledger a policy accepts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyLedger {
    key: VerifierKey,
    url: Option<Vec<u8>>,
}

impl PolicyLedger {
    /// The ledger's key; its name is the ledger's origin.
    pub fn key(&self) -> &VerifierKey {
        &self.key
    }

    /// Where the ledger is published, if the policy says so, in UTF-8.
    pub fn url(&self) -> Option<&str> {
        std::str::from_utf8(self.url.as_deref()?).ok()
    }
}

/// A witness a policy knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyWitness {
    name: PolicyName,
    key: VerifierKey,
    url: Option<Vec<u8>>,
}

impl PolicyWitness {
    /// Its name within the policy.
    pub fn name(&self) -> &PolicyName {
        &self.name
    }

    /// Its key.
    pub fn key(&self) -> &VerifierKey {
        &self.key
    }

    /// Where it can be asked for cosignatures (its submission prefix), if the policy says so, in UTF-8.
    pub fn url(&self) -> Option<&str> {
        std::str::from_utf8(self.url.as_deref()?).ok()
    }
}

/// A place in the lists of a policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Member {
    Witness(usize),
    Group(usize),
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Group {
    name: PolicyName,
    // INVARIANT: from 1 to the number of members.
    threshold: usize,
    // INVARIANT: groups among them stand before this one.
    members: Vec<Member>,
}

/// Whose signatures are needed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrustPolicy {
    ledgers: Vec<PolicyLedger>,
    witnesses: Vec<PolicyWitness>,
    groups: Vec<Group>,
    quorum: Option<Member>,
    /// Whether a checkpoint is believed though the quorum is missing.
    unwitnessed: bool,
}

impl TrustPolicy {
    /// The policy that accepts one ledger and asks for no witness.
    pub fn of_ledger(key: VerifierKey) -> TrustPolicy {
        let ledgers = vec![PolicyLedger { key, url: None }];
        TrustPolicy { ledgers, witnesses: Vec::new(), groups: Vec::new(), quorum: None, unwitnessed: false }
    }

    /// This policy, for whoever wants to know what holds also where the quorum is missing: such a checkpoint is then [`Trusted`] with `witnessed` false, and
    /// with the witnesses there are. Whoever relies on witnesses looks at `witnessed`.
    #[must_use]
    pub fn believing_unwitnessed(mut self) -> TrustPolicy {
        self.unwitnessed = true;
        self
    }

    /// Reads a policy file, or gives all that is wrong with it.
    pub fn parse(bytes: &[u8]) -> Result<TrustPolicy, PolicyErrors> {
        read::read(bytes)
    }

    /// The ledgers it accepts. A policy for checking needs at least one.
    pub fn ledgers(&self) -> &[PolicyLedger] {
        &self.ledgers
    }

    /// The witnesses it knows.
    pub fn witnesses(&self) -> &[PolicyWitness] {
        &self.witnesses
    }

    /// Whether it asks for any witness at all (`quorum none` does not).
    pub fn asks_for_witnesses(&self) -> bool {
        self.quorum.is_some()
    }

    /// Checks the signatures under a checkpoint: a known ledger's own, under its own name, and those of a quorum of witnesses.
    ///
    /// A wrong signature of a key the policy has spoils the checkpoint, also when the others would do. Times are not checked: they are in the answer.
    pub fn check(&self, signed: &SignedCheckpoint) -> Result<Trusted, PolicyError> {
        let checkpoint = signed.unverified();
        let origin = checkpoint.origin().as_str();
        let ledgers: Vec<&VerifierKey> =
            self.ledgers.iter().map(|ledger| &ledger.key).filter(|key| key.name().as_str() == origin).collect();
        if ledgers.is_empty() {
            return Err(PolicyError::UnknownLedger { origin: checkpoint.origin().clone() });
        }
        let keys: Vec<VerifierKey> = ledgers.iter().copied().chain(self.witnesses.iter().map(|witness| &witness.key)).cloned().collect();
        let verified = signed.note().verify(&keys).map_err(|error| match error {
            VerifyError::NoKnownSignature => PolicyError::NoLedgerSignature,
            error => PolicyError::Signature(error),
        })?;
        let ledger = ledgers.into_iter().find(|key| verified.by(key).is_some()).ok_or(PolicyError::NoLedgerSignature)?;
        let mut cosigned = vec![false; self.witnesses.len()];
        let mut witnesses = Vec::new();
        for (witness, cosigned) in self.witnesses.iter().zip(&mut cosigned) {
            let Some(cosigned_at) = verified.by(&witness.key).and_then(|signature| signature.cosigned_at) else { continue };
            *cosigned = true;
            witnesses.push(Witnessed { name: witness.name.clone(), key_name: witness.key.name().clone(), cosigned_at });
        }
        let met = self.quorum_met(&cosigned);
        if !met && !self.unwitnessed {
            return Err(PolicyError::QuorumNotMet { witnesses, known: self.witnesses.len() });
        }
        Ok(Trusted { checkpoint: checkpoint.clone(), ledger: ledger.clone(), witnesses, witnessed: met && self.asks_for_witnesses() })
    }

    fn quorum_met(&self, cosigned: &[bool]) -> bool {
        let mut groups: Vec<bool> = Vec::with_capacity(self.groups.len());
        let met = |groups: &[bool], member: &Member| match member {
            Member::Witness(at) => cosigned.get(*at).copied().unwrap_or(false),
            Member::Group(at) => groups.get(*at).copied().unwrap_or(false),
        };
        for group in &self.groups {
            let count = group.members.iter().filter(|member| met(&groups, member)).count();
            groups.push(count >= group.threshold);
        }
        self.quorum.as_ref().is_none_or(|member| met(&groups, member))
    }

    /// The policy as a file, in one form: comments and spaces of the file it was read from are gone.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut lines: Vec<Vec<&[u8]>> = Vec::new();
        let keys: Vec<String> = self
            .ledgers
            .iter()
            .map(|ledger| &ledger.key)
            .chain(self.witnesses.iter().map(|witness| &witness.key))
            .map(VerifierKey::to_string)
            .collect();
        let (ledger_keys, witness_keys) = keys.split_at_checked(self.ledgers.len()).unwrap_or_default();
        let thresholds: Vec<String> = self.groups.iter().map(|group| group.threshold.to_string()).collect();
        for (ledger, key) in self.ledgers.iter().zip(ledger_keys) {
            lines.push([b"log".as_slice(), key.as_bytes()].into_iter().chain(ledger.url.as_deref()).collect());
        }
        for (witness, key) in self.witnesses.iter().zip(witness_keys) {
            lines.push([b"witness", witness.name.as_bytes(), key.as_bytes()].into_iter().chain(witness.url.as_deref()).collect());
        }
        for (group, threshold) in self.groups.iter().zip(&thresholds) {
            let members = group.members.iter().map(|member| self.name_of(member));
            lines.push([b"group", group.name.as_bytes(), threshold.as_bytes()].into_iter().chain(members).collect());
        }
        lines.push(vec![b"quorum", self.quorum.as_ref().map_or(read::NONE, |member| self.name_of(member))]);
        lines.into_iter().flat_map(|words| [words.join(b" ".as_slice()), b"\n".to_vec()].concat()).collect()
    }

    fn name_of(&self, member: &Member) -> &[u8] {
        let name = match member {
            Member::Witness(at) => self.witnesses.get(*at).map(|witness| &witness.name),
            Member::Group(at) => self.groups.get(*at).map(|group| &group.name),
        };
        name.map_or(read::NONE, PolicyName::as_bytes)
    }
}

/// A witness that cosigned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Witnessed {
    /// Its name within the policy.
    pub name: PolicyName,
    /// The name of its key.
    pub key_name: KeyName,
    /// When it cosigned, as it says; of several times the latest.
    pub cosigned_at: PosixSeconds,
}

/// A checkpoint a policy believes, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trusted {
    /// What was signed.
    pub checkpoint: Checkpoint,
    /// The key of the ledger that signed it.
    pub ledger: VerifierKey,
    /// The witnesses that cosigned, in the order of the policy, also those that were not needed.
    pub witnesses: Vec<Witnessed>,
    /// Whether the policy asked for witnesses, and had its quorum. If not, others may be shown another ledger.
    pub witnessed: bool,
}
