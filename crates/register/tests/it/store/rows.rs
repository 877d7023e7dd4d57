//! Batches for tests.

use bezwaar_core::time::Instant;
use bezwaar_ledger::entry::{ENTRY_BYTES, Entry, EntryKind};
use bezwaar_register::store::{Batch, Claim, Holder, HolderId, KeyedName, NewEntry, Store};

/// An entry that no other number gives.
pub(super) fn entry(number: u64) -> [u8; ENTRY_BYTES] {
    let mut hash = [0x11; 32];
    hash[..8].copy_from_slice(&number.to_be_bytes());
    let kind = EntryKind::ALL[(number % 9) as usize];
    Entry { kind, recorded_at: Instant::from_micros(1_700_000_000_000_000 + number as i64), hash }.to_bytes()
}

/// A name that no other number gives, and that does not stand in the order of the numbers.
pub(super) fn name(number: u64) -> KeyedName {
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&number.wrapping_mul(0x9E37_79B9_7F4A_7C15).to_be_bytes());
    bytes[8..].copy_from_slice(&number.to_be_bytes());
    KeyedName(bytes)
}

/// Bytes that no other number gives.
pub(super) fn bytes(number: u64, length: usize) -> Vec<u8> {
    let mut state = number.wrapping_mul(0x2545_F491_4F6C_DD1D) | 1;
    let mut random = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 32) as u8
    };
    (0..length).map(|_| random()).collect()
}

/// A holder with a key.
pub(super) fn holder(id: u64) -> Holder {
    Holder { id: HolderId(id), name: name(1_000_000 + id), wrapped_key: Some(bytes(1_000_000 + id, 72)) }
}

/// An entry with a name and an opening under a holder's key.
pub(super) fn act(number: u64, holder: u64) -> NewEntry {
    NewEntry {
        bytes: entry(number),
        id_name: Some(name(number)),
        holder: Some(HolderId(holder)),
        sealed: Some(bytes(number, 350)),
        document: None,
    }
}

/// An entry with nothing but its bytes.
pub(super) fn bare(number: u64) -> NewEntry {
    NewEntry { bytes: entry(number), id_name: None, holder: None, sealed: None, document: None }
}

/// An entry with a document.
pub(super) fn documented(number: u64, document: Vec<u8>) -> NewEntry {
    NewEntry { document: Some(document), ..bare(number) }
}

/// An entry with an opening under the register's own key.
pub(super) fn tombstone(number: u64) -> NewEntry {
    NewEntry { sealed: Some(bytes(number, 90)), ..bare(number) }
}

pub(super) fn entries(entries: Vec<NewEntry>) -> Batch {
    Batch { entries, ..Batch::default() }
}

/// A batch with something of everything, for a store at this size and with this last holder: three entries, two holders.
pub(super) fn mixed(size: u64, last_holder: u64) -> Batch {
    Batch {
        holders: vec![holder(last_holder + 1), holder(last_holder + 2)],
        entries: vec![act(size, last_holder + 1), documented(size + 1, bytes(size + 1, 3_000)), act(size + 2, last_holder + 2)],
        contacts: vec![(HolderId(last_holder + 1), bytes(last_holder + 1, 120))],
        destroy: Vec::new(),
        values: vec![("vault.epoch".into(), bytes(size, 9))],
    }
}

/// Claims and appends one batch after the other.
pub(super) fn fill(store: &mut dyn Store, batches: &[Batch]) -> Claim {
    let claim = store.claim().unwrap();
    for batch in batches {
        let size = store.head().unwrap().size;
        store.append(claim, size, batch).unwrap();
    }
    claim
}

/// Everything a store gives, for comparing.
#[derive(Debug, PartialEq)]
pub(super) struct Contents {
    pub(super) head: bezwaar_register::store::Head,
    pub(super) entries: Vec<[u8; ENTRY_BYTES]>,
    pub(super) holders: Vec<Holder>,
    pub(super) openings: Vec<bezwaar_register::store::SealedOpening>,
    pub(super) contacts: Vec<Option<Vec<u8>>>,
    pub(super) documents: Vec<Option<Vec<u8>>>,
    pub(super) names: Vec<(KeyedName, u64)>,
    pub(super) value: Option<Vec<u8>>,
}

/// Reads everything there is, asking for the names of the first `names` numbers.
pub(super) fn contents(store: &mut dyn Store, names: u64) -> Contents {
    let head = store.head().unwrap();
    let asked: Vec<KeyedName> = (0..names).map(name).collect();
    let mut found = store.find_ids(&asked).unwrap();
    found.sort_unstable();
    Contents {
        entries: store.entries(0, usize::MAX).unwrap(),
        holders: store.scan_holders(HolderId(0), usize::MAX).unwrap(),
        openings: store.scan_openings(0, usize::MAX).unwrap(),
        contacts: (0..=head.last_holder + 1).map(|id| store.contact(HolderId(id)).unwrap()).collect(),
        documents: (0..=head.size).map(|index| store.document(index).unwrap()).collect(),
        names: found,
        value: store.value("vault.epoch").unwrap(),
        head,
    }
}
