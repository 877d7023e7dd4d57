//! What the tests of the engine share: a register in a folder of its own, records to enter, and a check of everything.

use std::path::Path;
use std::sync::Arc;

use bezwaar_core::account::{Account, Services};
use bezwaar_core::time::Instant;
use bezwaar_ledger::entry::{Entry, EntryKind};
use bezwaar_ledger::tlog::checkpoint::SignedCheckpoint;
use bezwaar_ledger::tlog::leaf_hash;
use bezwaar_ledger::tlog::proof::{MemoryTree, inclusion_proof, verify_consistency, verify_inclusion};
use bezwaar_register::engine::{NewRecord, Opening, Parts, Place, Placed, Reader, Register, RegisterError};
use bezwaar_register::files::Files;
use bezwaar_register::keys::{Purpose, verifiers};
use bezwaar_register::randomness::{Randomness, RandomnessError};
use bezwaar_register::store::Store;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng as _, SeedableRng as _};

pub(crate) struct Seeded(ChaCha20Rng);

impl Randomness for Seeded {
    fn fill(&mut self, buffer: &mut [u8]) -> Result<(), RandomnessError> {
        self.0.fill_bytes(buffer);
        Ok(())
    }
}

pub(crate) fn random(seed: u64) -> Box<dyn Randomness> {
    Box::new(Seeded(ChaCha20Rng::seed_from_u64(seed)))
}

pub(crate) fn at(seconds: i64) -> Instant {
    Instant::from_micros((1_800_000_000 + seconds) * 1_000_000)
}

pub(crate) fn account(name: &str) -> Account {
    Services::default().parse(&format!("club:@{name}")).unwrap()
}

pub(crate) fn choice(id: &str, person: &str) -> NewRecord {
    NewRecord::Sealed {
        kind: EntryKind::Choice,
        person: Some(account(person)),
        id: Some(id.to_owned()),
        body: format!("{{\"act\":\"object\",\"id\":\"{id}\",\"person\":\"club:handle:{person}\"}}").into_bytes(),
        contact: None,
    }
}

pub(crate) fn with_contact(id: &str, person: &str, contact: &str) -> NewRecord {
    let NewRecord::Sealed { kind, person, id, body, .. } = choice(id, person) else { unreachable!() };
    NewRecord::Sealed { kind, person, id, body, contact: Some(contact.as_bytes().to_vec()) }
}

pub(crate) fn place(folder: &Path) -> Place {
    Place {
        folder: folder.join("register"),
        anchor: folder.join("anchor"),
        origin: "register.example/test".to_owned(),
        domain: "gate.example".to_owned(),
    }
}

pub(crate) fn parts(files: &Arc<dyn Files>, seed: u64) -> Parts {
    Parts { files: Arc::clone(files), random: random(seed) }
}

pub(crate) fn disk() -> Arc<dyn Files> {
    Arc::new(bezwaar_register::files::Disk)
}

pub(crate) fn create(folder: &Path, store: Box<dyn Store>) -> Register {
    Register::create(&place(folder), store, parts(&disk(), 1), at(0)).unwrap()
}

pub(crate) fn open(folder: &Path, store: Box<dyn Store>) -> Result<Register, RegisterError> {
    Register::open(&place(folder), store, parts(&disk(), 2), Opening::default(), at(10))
}

/// What somebody outside has seen: it must hold for ever after.
#[derive(Default)]
pub(crate) struct Witness {
    checkpoints: Vec<SignedCheckpoint>,
    accepted: Vec<(NewRecord, Placed)>,
}

impl Witness {
    pub(crate) fn saw(&mut self, checkpoint: SignedCheckpoint) {
        self.checkpoints.push(checkpoint);
    }

    pub(crate) fn was_told(&mut self, records: &[NewRecord], placed: &[Placed]) {
        assert_eq!(records.len(), placed.len());
        self.accepted.extend(records.iter().cloned().zip(placed.iter().cloned()));
    }

    /// Everything that was ever seen still holds, and the published tree is whole.
    pub(crate) fn check(&self, register: &Register) {
        let mut reader = register.reader().unwrap();
        let statements = register.statements();
        let keys = verifiers(&statements, Purpose::Ledger);
        let size = reader.size().unwrap();
        let entries = reader.entries(0, usize::try_from(size).unwrap()).unwrap();
        let mut tree = MemoryTree::new();
        let mut last = None;
        for bytes in &entries {
            let entry = Entry::from_bytes(bytes).unwrap();
            assert!(last.is_none_or(|last| last <= entry.recorded_at), "time runs backwards");
            last = Some(entry.recorded_at);
            tree.push_hash(leaf_hash(bytes));
        }
        assert_eq!(tree.size(), size);
        for checkpoint in &self.checkpoints {
            assert!(keys.iter().any(|key| checkpoint.verify(key).is_ok()), "a checkpoint nobody signed");
            let seen = checkpoint.unverified();
            assert!(seen.size() <= size, "the ledger is smaller than it was");
            let root = bezwaar_ledger::tlog::proof::root_at(&tree, seen.size()).unwrap();
            assert_eq!(seen.root(), root, "another tree of {}", seen.size());
        }
        for (record, placed) in &self.accepted {
            assert_eq!(entries[usize::try_from(placed.index).unwrap()], placed.entry.to_bytes(), "an accepted record is not where it was");
            let (NewRecord::Sealed { body, id: Some(id), .. }, Some(salt)) = (record, placed.salt) else { continue };
            assert_eq!(reader.find(id).unwrap(), Some(placed.index));
            if let Some(row) = reader.opening(placed.index).unwrap() {
                assert!(row.body == *body && row.salt == salt, "an accepted record has another content");
            }
        }
        self.check_published(&mut reader, &tree);
    }

    fn check_published(&self, reader: &mut Reader, tree: &MemoryTree) {
        let Some(published) = reader.published() else { return };
        let now = published.unverified().clone();
        let mut proofs = reader.proofs().unwrap();
        for (_, placed) in self.accepted.iter().filter(|(_, placed)| placed.index < now.size()) {
            let inclusion = proofs.inclusion(placed.index).unwrap();
            assert_eq!(inclusion.proof, inclusion_proof(tree, placed.index, now.size()).unwrap());
            verify_inclusion(&leaf_hash(&placed.entry.to_bytes()), placed.index, now.size(), &inclusion.proof, &now.root()).unwrap();
        }
        for seen in self.checkpoints.iter().map(SignedCheckpoint::unverified).filter(|seen| seen.size() > 0 && seen.size() <= now.size()) {
            let proof = proofs.consistency(seen.size(), now.size()).unwrap();
            verify_consistency(seen.size(), now.size(), &proof, &seen.root(), &now.root()).unwrap();
        }
    }
}
