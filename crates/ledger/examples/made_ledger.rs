//! Writes a made-up ledger into a folder, for programs of other hands to verify: `cargo run -p bezwaar-ledger --example made_ledger -- DIR`.
//!
//! The folder gets `checkpoint`, `tile/`, `entry.tlog-proof`, `ledger.vkey` and `witness.vkey`. The keys are published here: never use them.

use std::error::Error;
use std::path::Path;

use bezwaar_ledger::tlog::checkpoint::{Checkpoint, Origin, SignedCheckpoint};
use bezwaar_ledger::tlog::cosignature::{PosixSeconds, cosign};
use bezwaar_ledger::tlog::leaf_hash;
use bezwaar_ledger::tlog::note::{KeyName, SignatureType, SigningKey};
use bezwaar_ledger::tlog::proof::{MemoryTree, inclusion_proof};
use bezwaar_ledger::tlog::proof_file::ProofFile;
use bezwaar_ledger::tlog::tile::{new_bundles, new_tiles, push_entry};

/// Two full levels of tiles, and partial ones on three.
const SIZES: [u64; 4] = [3, 256, 65_000, 70_000];
const PROVED: u64 = 66_666;

fn entry(index: u64) -> Vec<u8> {
    format!("entry {index}, ").into_bytes().repeat(usize::try_from(index % 5).unwrap_or_default())
}

fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::args_os().nth(1).ok_or("give a folder to write to")?;
    let folder = Path::new(&folder);
    let write = |path: &str, bytes: &[u8]| -> Result<(), Box<dyn Error>> {
        let path = folder.join(path);
        std::fs::create_dir_all(path.parent().ok_or("no folder")?)?;
        Ok(std::fs::write(path, bytes)?)
    };
    let key = SigningKey::from_seed(KeyName::new("ledger.example/made-up")?, SignatureType::Ed25519, &[1; 32]);
    let witness = SigningKey::from_seed(KeyName::new("witness.example/made-up")?, SignatureType::CosignatureV1, &[2; 32]);

    let mut tree = MemoryTree::new();
    for size in SIZES {
        let old_size = tree.size();
        (old_size..size).for_each(|index| tree.push_hash(leaf_hash(&entry(index))));
        for tile in new_tiles(old_size, size) {
            write(&tile.path(), &tile.bytes(&tree)?)?;
        }
        for bundle in new_bundles(old_size, size) {
            let mut bytes = Vec::new();
            for at in 0..u64::from(bundle.width()) {
                push_entry(&mut bytes, &entry(bundle.index() * 256 + at))?;
            }
            write(&bundle.path(), &bytes)?;
        }
    }
    let checkpoint = Checkpoint::new(Origin::from(key.name()), tree.size(), tree.root())?;
    let mut signed = SignedCheckpoint::sign(checkpoint, &key)?;
    let cosignature = cosign(&witness, &signed, PosixSeconds::new(1_790_000_000).ok_or("too late")?)?;
    signed.add(cosignature)?;
    write("checkpoint", signed.to_string().as_bytes())?;
    let proof = ProofFile::new(PROVED, inclusion_proof(&tree, PROVED, tree.size())?, signed)?;
    write("entry.tlog-proof", proof.with_extra(b"vouched for by nobody".to_vec())?.to_string().as_bytes())?;
    write("ledger.vkey", key.verifier().to_string().as_bytes())?;
    write("witness.vkey", witness.verifier().to_string().as_bytes())
}
