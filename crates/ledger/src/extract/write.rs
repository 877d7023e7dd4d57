//! Writing an extract.

use std::collections::{BTreeSet, HashMap};
use std::io::Write;

use bezwaar_core::Holdings;
use bezwaar_core::account::NORMALISER_VERSION;
use bezwaar_core::acts::HeldAct;
use bezwaar_core::time::Instant;
use sha2::{Digest, Sha256};

use super::header::{Canary, Cover, ExtractHeader, FORMAT};
use super::rows::{ROW_BYTES_MAX, put_act, put_shape, put_table};
use super::{ExtractError, PEOPLE_MAX};
use crate::hex;
use crate::key::{SubjectKey, SubjectKeys};
use crate::tlog::{Hash, RootBuilder, leaf_hash};

/// What an extract is made for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExtractOptions {
    /// Acts that count from later than this are left out.
    pub through: Instant,
    /// From this moment on no release may rest on it.
    pub expires_at: Instant,
    /// The rules by which the accounts of the holdings were read: [`services_digest`](super::services_digest) of them.
    pub services: String,
    /// The names it answers for, in any order.
    pub covers: Vec<Cover>,
}

/// Writes the acts that count from `through` or earlier. The same holdings, keys and options give the same bytes.
///
/// Besides the holdings it takes 64 bytes a person, and the encoded acts. Nothing is written before all of it is known to be
/// good; what was written when `out` fails is not an extract.
pub fn write_extract(
    holdings: &Holdings,
    keys: &SubjectKeys,
    options: &ExtractOptions,
    out: &mut impl Write,
) -> Result<ExtractHeader, ExtractError> {
    let mut header = ExtractHeader {
        format: FORMAT.to_owned(),
        key_id: keys.key_id().to_owned(),
        normaliser: NORMALISER_VERSION,
        services: options.services.clone(),
        through: options.through,
        covers: Cover::in_order(&options.covers),
        canaries: Canary::all(keys),
        expires_at: options.expires_at,
        people: 0,
        acts: 0,
        rows_root: hex::encode(&RootBuilder::new().root()),
        body_sha256: hex::encode(&[0; 32]),
        signed: false,
        checkpoint: None,
    };
    // Options that make no header are told at once, not after all rows.
    header.to_head().map_err(as_options)?;

    let body = Body::encode(holdings, keys, options.through)?;
    let mut hasher = Sha256::new();
    body.parts(|part| {
        hasher.update(part);
        Ok(())
    })?;
    header.people = body.people.len() as u64;
    header.acts = body.acts;
    header.rows_root = hex::encode(&body.root());
    header.body_sha256 = hex::encode(&hasher.finalize());
    out.write_all(&header.to_head()?)?;
    body.parts(|part| Ok(out.write_all(part)?))?;
    out.flush()?;
    Ok(header)
}

fn as_options(error: ExtractError) -> ExtractError {
    match error {
        ExtractError::Header { because } => ExtractError::Options { because },
        ExtractError::HeaderLength => ExtractError::Options { because: "`covers` is too long for a header" },
        other => other,
    }
}

/// The acts of an account that go in.
fn acts_through(acts: &[HeldAct], through: Instant) -> impl Iterator<Item = &HeldAct> {
    acts.iter().filter(move |act| act.from <= through)
}

/// What the acts do, each once, in the order of their bytes.
fn shapes_of(holdings: &Holdings, through: Instant) -> BTreeSet<Vec<u8>> {
    let mut shapes: BTreeSet<Vec<u8>> = BTreeSet::new();
    let mut shape = Vec::new();
    for act in holdings.iter().flat_map(|(_, acts)| acts_through(acts, through)) {
        shape.clear();
        put_shape(&act.body, &mut shape);
        if !shapes.contains(&shape) {
            shapes.insert(shape.clone());
        }
    }
    shapes
}

/// A person, and where their row lies among those encoded.
struct Person {
    key: SubjectKey,
    start: usize,
    len: u32,
    /// The place of the hash of their row.
    leaf: u32,
}

/// All that follows the head.
struct Body {
    /// By subject key.
    people: Vec<Person>,
    /// In the order of accounts, as is `encoded`: that is how the holdings lie in memory.
    leaves: Vec<Hash>,
    encoded: Vec<u8>,
    table: Vec<u8>,
    acts: u64,
}

impl Body {
    fn encode(holdings: &Holdings, keys: &SubjectKeys, through: Instant) -> Result<Body, ExtractError> {
        let shapes = shapes_of(holdings, through);
        let numbers: HashMap<&[u8], u64> = shapes.iter().map(Vec::as_slice).zip(0..).collect();
        let mut body = Body { people: Vec::new(), leaves: Vec::new(), encoded: Vec::new(), table: Vec::new(), acts: 0 };
        put_table(shapes.iter().map(Vec::as_slice), &mut body.table);
        let (mut acts, mut shape, mut leaf): (Vec<&HeldAct>, Vec<u8>, Vec<u8>) = Default::default();
        for (account, held) in holdings.iter() {
            acts.clear();
            acts.extend(acts_through(held, through));
            if acts.is_empty() {
                continue;
            }
            acts.sort_by(|left, right| (left.from, &left.id).cmp(&(right.from, &right.id)));
            let (key, start) = (keys.subject(account), body.encoded.len());
            leaf.clear();
            leaf.extend(key.0);
            let mut last = None;
            for act in &acts {
                shape.clear();
                put_shape(&act.body, &mut shape);
                let number = numbers.get(shape.as_slice()).copied();
                let number = number.ok_or(ExtractError::Body { because: "an act has a shape that was not collected" })?;
                put_act((act, last), (number, &shape), keys, &mut body.encoded, &mut leaf);
                last = Some(act.from);
                if leaf.len() - key.0.len() > ROW_BYTES_MAX {
                    return Err(ExtractError::TooManyActs);
                }
            }
            body.acts += acts.len() as u64;
            // A row is never longer than the same row in full.
            let len = u32::try_from(body.encoded.len() - start).map_err(|_| ExtractError::TooManyActs)?;
            let place = u32::try_from(body.people.len()).map_err(|_| ExtractError::TooManyPeople)?;
            body.people.push(Person { key, start, len, leaf: place });
            body.leaves.push(leaf_hash(&leaf));
        }
        if body.people.len() as u64 > PEOPLE_MAX {
            return Err(ExtractError::TooManyPeople);
        }
        body.people.sort_unstable_by_key(|person| person.key);
        let distinct = body.people.is_sorted_by(|left, right| left.key < right.key);
        if distinct { Ok(body) } else { Err(ExtractError::Collision) }
    }

    /// The root over the rows.
    fn root(&self) -> Hash {
        let mut root = RootBuilder::new();
        let leaves = self.people.iter().filter_map(|person| self.leaves.get(person.leaf as usize));
        leaves.for_each(|leaf| root.push_hash(*leaf));
        root.root()
    }

    /// Gives all bytes, in order and in blocks.
    fn parts(&self, mut sink: impl FnMut(&[u8]) -> Result<(), ExtractError>) -> Result<(), ExtractError> {
        self.of_each(&mut sink, |person, block| block.extend(person.key.0))?;
        let mut offset = 0_u64;
        sink(&offset.to_le_bytes())?;
        self.of_each(&mut sink, |person, block| {
            offset += u64::from(person.len);
            block.extend(offset.to_le_bytes());
        })?;
        sink(&(self.table.len() as u64).to_le_bytes())?;
        sink(&self.table)?;
        self.of_each(&mut sink, |person, block| {
            let row = self.encoded.get(person.start..person.start + person.len as usize);
            block.extend(row.unwrap_or_default());
        })
    }

    fn of_each(
        &self,
        sink: &mut impl FnMut(&[u8]) -> Result<(), ExtractError>,
        mut put: impl FnMut(&Person, &mut Vec<u8>),
    ) -> Result<(), ExtractError> {
        const AT_ONCE: usize = 4096;
        let mut block = Vec::new();
        for some in self.people.chunks(AT_ONCE) {
            block.clear();
            some.iter().for_each(|person| put(person, &mut block));
            sink(&block)?;
        }
        Ok(())
    }
}
