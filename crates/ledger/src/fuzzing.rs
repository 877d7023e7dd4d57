//! Doors for fuzz targets and for tests with damaged bytes: each parser is given the bytes, and what one takes comes back as the same bytes.

use crate::acceptance::Acceptance;
use crate::entry::{Entry, EntryKind};
use crate::event::Event;
use crate::extract::{Extract, RowProof, apply_delta};
use crate::extract_entry::ExtractEntry;
use crate::opening::{Opening, OpeningsHeader};
use crate::receipt::{Claim, DocumentReceipt, Receipt};
use crate::release::{AbsenceFile, Countersignature, Seal, rebuild_subjects};

/// Receipts, seals, countersignatures, proofs, openings and the other documents of a register.
pub fn documents(bytes: &[u8]) {
    let same = |written: Option<Vec<u8>>| assert_eq!(written.as_deref(), Some(bytes), "what was read is written in another way");
    if let Ok(entry) = ExtractEntry::from_bytes(bytes) {
        same(entry.to_bytes().ok());
    }
    if let Ok(seal) = Seal::from_bytes(bytes) {
        same(seal.to_bytes());
    }
    if let Ok(claim) = Claim::from_bytes(bytes) {
        same(claim.to_bytes().ok());
    }
    if let Ok(receipt) = Receipt::from_bytes(bytes) {
        same(receipt.to_bytes().ok());
    }
    if let Ok(receipt) = DocumentReceipt::from_bytes(bytes) {
        same(Some(receipt.to_bytes()));
    }
    if let Ok(proof) = RowProof::from_bytes(bytes) {
        same(Some(proof.to_bytes()));
        let _ = proof.verify(&[]);
    }
    if let Ok(file) = AbsenceFile::from_bytes(bytes) {
        same(file.to_bytes());
    }
    if let Ok(entry) = Entry::from_bytes(bytes) {
        same(Some(entry.to_bytes().to_vec()));
    }
    for kind in EntryKind::ALL {
        if let Ok(event) = Event::from_bytes(kind, bytes) {
            same(event.to_bytes().ok());
        }
    }
    let Ok(text) = str::from_utf8(bytes) else { return };
    if let Some(acceptance) = Acceptance::from_text(text) {
        same(acceptance.to_text().map(String::into_bytes));
    }
    if let Some(said) = Countersignature::from_text(text) {
        same(Some(said.to_text().into_bytes()));
    }
    if let Ok(opening) = Opening::from_line(text) {
        let mut line = Vec::new();
        opening.put_line(&mut line);
        assert_eq!(line.strip_suffix(b"\n"), Some(bytes), "an opening is written in another way");
        let _ = opening.event();
    }
    let _ = OpeningsHeader::from_line(text);
}

/// A list of subjects for this seal: bytes as they are, and as the lines after the right first one.
pub fn subject_list(seal: &Seal, bytes: &[u8]) {
    let mut list = Vec::new();
    crate::release::put_subject_list_header(seal, &mut list);
    list.extend_from_slice(bytes);
    for list in [bytes, &list] {
        let _ = rebuild_subjects(seal, list);
    }
}

/// A delta from this extract: bytes as they are, and behind a right beginning. What comes of one is an extract whose rows hold.
pub fn delta(base: &Extract, bytes: &[u8]) {
    let begun = [format!("bezwaar-delta/1\nfrom {}\n", base.digest()).as_bytes(), bytes].concat();
    for delta in [bytes, &begun] {
        if let Ok(made) = apply_delta(base, delta) {
            assert!(Extract::from_bytes(made).is_ok(), "a delta gave what is no extract");
        }
    }
}
