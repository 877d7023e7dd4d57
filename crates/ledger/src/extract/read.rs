//! Reading an extract, and looking people up in it.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use bezwaar_core::account::{Kind, NORMALISER_VERSION, Services};
use bezwaar_core::acts::HeldAct;
use sha2::{Digest, Sha256};

use super::ExtractError;
use super::header::{Canary, ExtractHeader, services_digest};
use super::rows::{Tail, read_table, walk};
use super::signer::verify;
use crate::hex;
use crate::key::{SubjectKey, SubjectKeys};
use crate::tlog::RootBuilder;
use crate::tlog::note::{Note, VerifierKey};

/// An extract in memory. It cannot change, can be shared between threads, and is cheap to clone.
#[derive(Clone)]
pub struct Extract(Arc<Inner>);

struct Inner {
    bytes: Vec<u8>,
    header: ExtractHeader,
    note: Option<Note>,
    digest: String,
    // INVARIANT: all ranges lie within `bytes`; `offsets` holds one more than `keys`, rising, from 0 to the length of `rows`.
    keys: Range<usize>,
    offsets: Range<usize>,
    table: Range<usize>,
    rows: Range<usize>,
    shapes: Vec<(Range<usize>, Tail)>,
    index: Index,
}

impl Extract {
    /// Reads an extract: checks its header, both hashes, all lengths, and that keys and rows are in order.
    ///
    /// It never takes more memory than a small multiple of `bytes`. Whether the keys are the right ones is for
    /// [`Extract::check_keys`]; whether the rows are what the header's root stands for, for [`Extract::verify_rows`].
    pub fn from_bytes(bytes: Vec<u8>) -> Result<Extract, ExtractError> {
        let (header, note, head) = ExtractHeader::from_head(&bytes)?;
        let body = bytes.get(head..).unwrap_or_default();
        let (whole, body_hash) = both_hashes(&bytes, body);
        if body_hash != header.body_sha256 {
            return Err(ExtractError::BodyDamaged);
        }
        let [keys, offsets, table, rows] = sections(body, header.people)
            .ok_or(ExtractError::Body { because: "its length does not fit `people`" })?
            .map(|range| range.start + head..range.end + head);
        let part = |range: &Range<usize>| bytes.get(range.clone()).unwrap_or_default();
        let index = Index::of(part(&keys).as_chunks().0).ok_or(ExtractError::Body { because: "the keys are not in order" })?;
        if !rows_are_in_order(part(&offsets).as_chunks().0, rows.len()) {
            return Err(ExtractError::Body { because: "the rows do not follow one another to the end" });
        }
        let shapes = read_table(part(&table)).ok_or(ExtractError::Body { because: "the shapes of acts cannot be read" })?;
        Ok(Extract(Arc::new(Inner { header, note, digest: whole, keys, offsets, table, rows, shapes, index, bytes })))
    }

    /// What it says of itself.
    pub fn header(&self) -> &ExtractHeader {
        &self.0.header
    }

    /// The head as a signed note, if it is one. Its text is the first three lines of the file.
    pub fn note(&self) -> Option<&Note> {
        self.0.note.as_ref()
    }

    /// Whether an operator of the ledger in [`ExtractHeader::checkpoint`] signed it, by one of these keys. What is signed is the head,
    /// and so everything: the head has the hash of the body.
    pub fn verify_signature(&self, operators: &[VerifierKey]) -> Result<(), ExtractError> {
        verify(self.header(), self.note(), operators)
    }

    /// SHA-256 of the whole file, in hexadecimal.
    pub fn digest(&self) -> &str {
        &self.0.digest
    }

    /// How many people it has a row for.
    pub fn len(&self) -> usize {
        self.0.keys().len()
    }

    /// Whether nobody said anything.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether any act in it names single items, so that records must be looked at by their ids.
    pub fn names_items(&self) -> bool {
        self.0.shapes.iter().any(|(_, tail)| *tail == Tail::Items)
    }

    /// The row of a person, if they have one.
    pub fn lookup(&self, key: &SubjectKey) -> Option<usize> {
        self.0.index.find(self.0.keys(), &key.0)
    }

    /// The subject key of a row.
    pub fn key_at(&self, row: usize) -> Option<SubjectKey> {
        self.0.keys().get(row).copied().map(SubjectKey)
    }

    /// The acts in a row, earliest first, items by their keyed names.
    pub fn acts(&self, row: usize) -> Result<Vec<HeldAct>, ExtractError> {
        let bytes = self.0.row(row).ok_or(ExtractError::NoRow { row })?;
        let mut acts = Vec::new();
        let walked = walk(
            bytes,
            |number| self.0.shape(number),
            |act| {
                acts.push(act.to_act()?);
                Some(())
            },
        );
        walked.map(|()| acts).ok_or(ExtractError::Row { row })
    }

    /// Whether these are the keys, and this the normalisation, the extract was made with. Without this check, a wrong key
    /// would look like *nobody objected*.
    pub fn check_keys(&self, keys: &SubjectKeys) -> Result<(), ExtractError> {
        let header = self.header();
        if header.key_id != keys.key_id() {
            return Err(ExtractError::KeyId { extract: header.key_id.clone(), keys: keys.key_id().to_owned() });
        }
        if header.normaliser != NORMALISER_VERSION {
            return Err(ExtractError::Normaliser { extract: header.normaliser, program: NORMALISER_VERSION });
        }
        let come_out = |canary: &Canary| canary.comes_out(keys);
        if header.canaries.iter().all(come_out) { Ok(()) } else { Err(ExtractError::Canary) }
    }

    /// Whether the extract was made with these rules for how services write names. With others, an account would have another
    /// normal form, and so another key: somebody who objected would not be found.
    pub fn check_services(&self, services: &Services) -> Result<(), ExtractError> {
        if self.header().services == services_digest(services) { Ok(()) } else { Err(ExtractError::Services) }
    }

    /// Whether *not in the extract* means *said nothing* for such a name on this service.
    pub fn covers(&self, service: &str, kind: Kind) -> bool {
        let covers = &self.header().covers;
        let found = covers.binary_search_by(|cover| cover.service.as_str().cmp(service));
        found.ok().and_then(|place| covers.get(place)).is_some_and(|cover| cover.kinds.contains(&kind))
    }

    /// Reads every act, and checks that the rows are the ones the header's root stands for.
    pub fn verify_rows(&self) -> Result<(), ExtractError> {
        let (mut acts, mut provisional, mut root, mut leaf) = (0, 0, RootBuilder::new(), Vec::new());
        let mut unused = vec![true; self.0.shapes.len()];
        for (row, key) in self.0.keys().iter().enumerate() {
            leaf.clear();
            leaf.extend(key);
            let bytes = self.0.row(row).ok_or(ExtractError::NoRow { row })?;
            let walked = walk(
                bytes,
                |number| self.0.shape(number),
                |act| {
                    acts += 1;
                    provisional += u64::from(act.provisional());
                    act.put_in_full(&mut leaf);
                    *unused.get_mut(usize::try_from(act.number).ok()?)? = false;
                    Some(())
                },
            );
            walked.ok_or(ExtractError::Row { row })?;
            root.push(&leaf);
        }
        if acts != self.header().acts {
            return Err(ExtractError::Body { because: "it does not have as many acts as `acts` says" });
        }
        if provisional != self.header().provisional {
            return Err(ExtractError::Body { because: "it does not have as many provisional acts as `provisional` says" });
        }
        if unused.contains(&true) {
            return Err(ExtractError::Body { because: "it has a shape that no act has" });
        }
        let same = hex::encode(&root.root()) == self.header().rows_root;
        if same { Ok(()) } else { Err(ExtractError::RowsRoot) }
    }
}

/// What proofs and deltas see of an extract.
impl Extract {
    /// The head with all that belongs to it.
    pub(super) fn head(&self) -> &[u8] {
        self.0.bytes.get(..self.0.keys.start).unwrap_or_default()
    }

    pub(super) fn keys(&self) -> &[[u8; 16]] {
        self.0.keys()
    }

    pub(super) fn row(&self, row: usize) -> Option<&[u8]> {
        self.0.row(row)
    }

    pub(super) fn table(&self) -> &[u8] {
        self.0.part(&self.0.table)
    }

    /// The shapes by their numbers.
    pub(super) fn shapes(&self) -> impl Iterator<Item = &[u8]> {
        let table = self.table();
        self.0.shapes.iter().map(|(place, _)| table.get(place.clone()).unwrap_or_default())
    }

    /// A row with other numbers for its shapes, where `None` is a shape that has none.
    pub(super) fn row_renumbered(&self, row: usize, numbers: &[Option<u64>], out: &mut Vec<u8>) -> Option<()> {
        walk(
            self.row(row)?,
            |number| self.0.shape(number),
            |act| {
                let number = *numbers.get(usize::try_from(act.number).ok()?)?;
                act.put_renumbered(number?, out);
                Some(())
            },
        )
    }

    /// What is hashed for a row: its key, and the row in full.
    pub(super) fn leaf(&self, row: usize) -> Result<Vec<u8>, ExtractError> {
        let mut leaf = self.0.keys().get(row).ok_or(ExtractError::NoRow { row })?.to_vec();
        let bytes = self.0.row(row).ok_or(ExtractError::NoRow { row })?;
        let walked = walk(
            bytes,
            |number| self.0.shape(number),
            |act| {
                act.put_in_full(&mut leaf);
                Some(())
            },
        );
        walked.map(|()| leaf).ok_or(ExtractError::Row { row })
    }
}

impl fmt::Debug for Extract {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let header = self.header();
        write!(f, "Extract(through {}, key {}, {} people)", header.through, header.key_id, header.people)
    }
}

impl Inner {
    fn part(&self, range: &Range<usize>) -> &[u8] {
        self.bytes.get(range.clone()).unwrap_or_default()
    }

    fn keys(&self) -> &[[u8; 16]] {
        self.part(&self.keys).as_chunks().0
    }

    fn row(&self, row: usize) -> Option<&[u8]> {
        let offsets: &[[u8; 8]] = self.part(&self.offsets).as_chunks().0;
        let offset = |place: usize| offsets.get(place).and_then(|bytes| usize::try_from(u64::from_le_bytes(*bytes)).ok());
        self.part(&self.rows).get(offset(row)?..offset(row.checked_add(1)?)?)
    }

    fn shape(&self, number: u64) -> Option<(&[u8], Tail)> {
        let (place, tail) = self.shapes.get(usize::try_from(number).ok()?)?;
        Some((self.part(&self.table).get(place.clone())?, *tail))
    }
}

/// SHA-256 of the whole file and of its body.
fn both_hashes(whole: &[u8], body: &[u8]) -> (String, String) {
    (hex::encode(&Sha256::digest(whole)), hex::encode(&Sha256::digest(body)))
}

/// The places of keys, offsets, shapes and rows within the body. All are computed from lengths that are really there.
fn sections(body: &[u8], people: u64) -> Option<[Range<usize>; 4]> {
    let people = usize::try_from(people).ok()?;
    let keys = 0..people.checked_mul(16)?;
    let offsets = keys.end..people.checked_add(1)?.checked_mul(8)?.checked_add(keys.end)?;
    let table_start = offsets.end.checked_add(8)?;
    let table_len = body.get(offsets.end..table_start)?.first_chunk().map(|bytes| u64::from_le_bytes(*bytes))?;
    let table = table_start..usize::try_from(table_len).ok()?.checked_add(table_start)?;
    let rows = table.end..body.len();
    (table.end <= body.len()).then_some([keys, offsets, table, rows])
}

/// Whether rows begin at 0, none is empty, and the last ends at the end.
fn rows_are_in_order(offsets: &[[u8; 8]], rows_len: usize) -> bool {
    let mut all = offsets.iter().map(|bytes| u64::from_le_bytes(*bytes));
    let mut last = 0;
    let begins = all.next() == Some(0);
    let rises = all.all(|offset| std::mem::replace(&mut last, offset) < offset);
    begins && rises && last == rows_len as u64
}

/// Where keys with the same first bits begin. Subject keys are spread evenly, so a few keys share their first bits; keys that
/// are not are found all the same, only slower.
struct Index {
    starts: Vec<u32>,
    shift: u32,
}

impl Index {
    /// The index of keys in order. `None`: they are not in order, or too many.
    fn of(keys: &[[u8; 16]]) -> Option<Index> {
        let people = u32::try_from(keys.len()).ok()?;
        let bits = (people / 2).max(1).ilog2();
        let shift = u32::BITS - bits;
        let mut starts = Vec::with_capacity((1 << bits) + 1);
        let mut last: Option<&[u8; 16]> = None;
        for (row, key) in (0..people).zip(keys) {
            if last.is_some_and(|last| last >= key) {
                return None;
            }
            last = Some(key);
            let first = first_bits(key, shift);
            while starts.len() <= first {
                starts.push(row);
            }
        }
        starts.resize((1 << bits) + 1, people);
        Some(Index { starts, shift })
    }

    fn find(&self, keys: &[[u8; 16]], key: &[u8; 16]) -> Option<usize> {
        let first = first_bits(key, self.shift);
        let start = usize::try_from(*self.starts.get(first)?).ok()?;
        let end = usize::try_from(*self.starts.get(first + 1)?).ok()?;
        let number = u128::from_be_bytes(*key);
        let place = keys.get(start..end)?.partition_point(|other| u128::from_be_bytes(*other) < number);
        (keys.get(start + place) == Some(key)).then_some(start + place)
    }
}

fn first_bits(key: &[u8; 16], shift: u32) -> usize {
    let [first, second, third, fourth, ..] = *key;
    (u64::from(u32::from_be_bytes([first, second, third, fourth])) >> shift) as usize
}
