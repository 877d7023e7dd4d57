//! Proofs about subjects and pseudonyms: hostile bytes are refused, or come back as they were; none shows anything of a root nobody made.
#![no_main]

use bezwaar_ledger::subject_tree::{SubjectIndex, SubjectProof, SubjectRoot};
use bezwaar_ledger::vrf::{IndexKey, IndexPublicKey, VrfProof};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if let Ok(proof) = SubjectProof::from_bytes(bytes) {
        assert_eq!(proof.to_bytes(), bytes);
        assert!(proof.verify(&SubjectRoot::from_bytes([7; 32]), 1000, &SubjectIndex::from_bytes([0x5a; 32])).is_err());
    }
    if let Some((key, proof)) = bytes.split_first_chunk::<32>() {
        let _ = IndexKey::from_bytes(key);
        if let (Ok(key), Ok(proof)) = (IndexPublicKey::from_bytes(key), VrfProof::from_bytes(proof)) {
            let _ = key.verify(b"club:handle:noor", &proof);
        }
    }
});
