//! Writing an extract.

use std::collections::{BTreeSet, HashMap};
use std::io::Write;

use bezwaar_core::Holdings;
use bezwaar_core::account::{Account, NORMALISER_VERSION};
use bezwaar_core::acts::HeldAct;
use bezwaar_core::time::Instant;
use sha2::{Digest, Sha256};

use super::header::{Canary, Cover, ExtractCheckpoint, ExtractHeader, FORMAT};
use super::rows::{ROW_BYTES_MAX, put_act, put_shape, put_table};
use super::signer::Signer;
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

/// Writes the acts that count from `through` or earlier, signed by nobody. The same holdings, keys and options give the same bytes.
///
/// Besides the holdings it takes 88 bytes a person, and the encoded acts twice. Nothing is written before all of it is known to be
/// good; what was written when `out` fails is not an extract.
pub fn write_extract(
    holdings: &Holdings,
    keys: &SubjectKeys,
    options: &ExtractOptions,
    out: &mut impl Write,
) -> Result<ExtractHeader, ExtractError> {
    write(holdings, keys, options, None, out)
}

/// As [`write_extract`], made from a state of a ledger and signed by its operator.
pub fn write_signed_extract(
    holdings: &Holdings,
    keys: &SubjectKeys,
    options: &ExtractOptions,
    (checkpoint, signer): (&ExtractCheckpoint, &Signer<'_>),
    out: &mut impl Write,
) -> Result<ExtractHeader, ExtractError> {
    write(holdings, keys, options, Some((checkpoint, signer)), out)
}

fn write(
    holdings: &Holdings,
    keys: &SubjectKeys,
    options: &ExtractOptions,
    signed: Option<(&ExtractCheckpoint, &Signer<'_>)>,
    out: &mut impl Write,
) -> Result<ExtractHeader, ExtractError> {
    let signer = signed.map(|(_, signer)| signer);
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
        provisional: 0,
        rows_root: hex::encode(&RootBuilder::new().root()),
        body_sha256: hex::encode(&[0; 32]),
        signed: signed.is_some(),
        checkpoint: signed.map(|(checkpoint, _)| checkpoint.clone()),
    };
    // Options that make no header are told at once, not after all rows.
    header.to_head(signer).map_err(as_options)?;

    let body = Body::encode(holdings, keys, options.through)?;
    let (rows_root, bytes) = body.to_bytes();
    header.people = body.people.len() as u64;
    header.acts = body.acts;
    header.provisional = body.provisional;
    header.rows_root = hex::encode(&rows_root);
    header.body_sha256 = hex::encode(&Sha256::digest(&bytes));
    out.write_all(&header.to_head(signer)?)?;
    out.write_all(&bytes)?;
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

/// An account with what it holds.
type Held<'a> = (&'a Account, &'a [HeldAct]);

/// The most threads an extract is made with.
const THREADS_MAX: usize = 8;

/// The people in as many parts as there are threads, and what a function gives for each, in their order. What comes out does not depend
/// on how many parts there are.
fn in_parts<T: Send>(all: &[Held<'_>], of_part: impl Fn(&[Held<'_>]) -> Result<T, ExtractError> + Sync) -> Result<Vec<T>, ExtractError> {
    let threads = std::thread::available_parallelism().map_or(1, |threads| threads.get().min(THREADS_MAX));
    let at_once = all.len().div_ceil(threads).max(1);
    let of_part = &of_part;
    std::thread::scope(|scope| {
        let threads: Vec<_> = all.chunks(at_once).map(|part| (part, scope.spawn(move || of_part(part)))).collect();
        // A thread that could not end is no reason to lose its part.
        threads.into_iter().map(|(part, thread)| thread.join().unwrap_or_else(|_| of_part(part))).collect()
    })
}

/// What the acts do, each once, in the order of their bytes.
fn shapes_of(all: &[Held<'_>], through: Instant) -> Result<BTreeSet<Vec<u8>>, ExtractError> {
    let parts = in_parts(all, |part| {
        let mut shapes: BTreeSet<Vec<u8>> = BTreeSet::new();
        let mut shape = Vec::new();
        for act in part.iter().flat_map(|(_, acts)| acts_through(acts, through)) {
            shape.clear();
            put_shape(act, &mut shape).ok_or(PROVISIONAL)?;
            if !shapes.contains(&shape) {
                shapes.insert(shape.clone());
            }
        }
        Ok(shapes)
    })?;
    Ok(parts.into_iter().flatten().collect())
}

const PROVISIONAL: ExtractError = ExtractError::Options { because: "an act that needs a confirmed sender is provisional" };

/// A person, and where their row lies among those encoded.
struct Person {
    key: SubjectKey,
    start: usize,
    len: u32,
    /// The place of the hash of their row.
    leaf: u32,
}

/// The rows of some people.
#[derive(Default)]
struct Part {
    people: Vec<Person>,
    /// In the order of accounts, as is `encoded`: that is how the holdings lie in memory.
    leaves: Vec<Hash>,
    encoded: Vec<u8>,
    acts: u64,
    provisional: u64,
}

impl Part {
    fn encode(part: &[Held<'_>], keys: &SubjectKeys, through: Instant, numbers: &HashMap<&[u8], u64>) -> Result<Part, ExtractError> {
        let mut made = Part::default();
        let (mut acts, mut shape, mut leaf): (Vec<&HeldAct>, Vec<u8>, Vec<u8>) = Default::default();
        for (account, held) in part {
            acts.clear();
            acts.extend(acts_through(held, through));
            if acts.is_empty() {
                continue;
            }
            acts.sort_by(|left, right| (left.from, &left.id).cmp(&(right.from, &right.id)));
            let (key, start) = (keys.subject(account), made.encoded.len());
            leaf.clear();
            leaf.extend(key.0);
            let mut last = None;
            for act in &acts {
                shape.clear();
                put_shape(act, &mut shape).ok_or(PROVISIONAL)?;
                let number = numbers.get(shape.as_slice()).copied();
                let number = number.ok_or(ExtractError::Body { because: "an act has a shape that was not collected" })?;
                put_act((act, last), (number, &shape), keys, &mut made.encoded, &mut leaf);
                last = Some(act.from);
                made.provisional += u64::from(act.provisional);
                if leaf.len() - key.0.len() > ROW_BYTES_MAX {
                    return Err(ExtractError::TooManyActs);
                }
            }
            made.acts += acts.len() as u64;
            // A row is never longer than the same row in full.
            let len = u32::try_from(made.encoded.len() - start).map_err(|_| ExtractError::TooManyActs)?;
            let place = u32::try_from(made.people.len()).map_err(|_| ExtractError::TooManyPeople)?;
            made.people.push(Person { key, start, len, leaf: place });
            made.leaves.push(leaf_hash(&leaf));
        }
        made.people.sort_unstable_by_key(|person| person.key);
        Ok(made)
    }
}

/// All that follows the head.
#[derive(Default)]
struct Body {
    /// By subject key.
    people: Vec<Person>,
    leaves: Vec<Hash>,
    /// The encoded rows, each part with where it begins among all.
    encoded: Vec<(usize, Vec<u8>)>,
    table: Vec<u8>,
    acts: u64,
    provisional: u64,
}

impl Body {
    fn encode(holdings: &Holdings, keys: &SubjectKeys, through: Instant) -> Result<Body, ExtractError> {
        let all: Vec<Held<'_>> = holdings.iter().collect();
        let shapes = shapes_of(&all, through)?;
        let numbers: HashMap<&[u8], u64> = shapes.iter().map(Vec::as_slice).zip(0..).collect();
        let parts = in_parts(&all, |part| Part::encode(part, keys, through, &numbers))?;
        let mut body = Body::default();
        put_table(shapes.iter().map(Vec::as_slice), &mut body.table);
        let mut start = 0;
        for part in parts {
            let place = u32::try_from(body.people.len()).map_err(|_| ExtractError::TooManyPeople)?;
            for mut person in part.people {
                person.start += start;
                person.leaf = person.leaf.checked_add(place).ok_or(ExtractError::TooManyPeople)?;
                body.people.push(person);
            }
            body.leaves.extend(part.leaves);
            body.acts += part.acts;
            body.provisional += part.provisional;
            let len = part.encoded.len();
            body.encoded.push((start, part.encoded));
            start += len;
        }
        if body.people.len() as u64 > PEOPLE_MAX {
            return Err(ExtractError::TooManyPeople);
        }
        // Each part is in order: this sort finds that, and merges them.
        body.people.sort_by_key(|person| person.key);
        let distinct = body.people.is_sorted_by(|left, right| left.key < right.key);
        if distinct { Ok(body) } else { Err(ExtractError::Collision) }
    }

    fn row(&self, person: &Person) -> &[u8] {
        let place = self.encoded.partition_point(|(start, _)| *start <= person.start).checked_sub(1);
        let part = place.and_then(|place| self.encoded.get(place));
        let row = part.and_then(|(start, part)| part.get(person.start - start..person.start - start + person.len as usize));
        row.unwrap_or_default()
    }

    /// The root over the rows, and all bytes: at the same time, for neither needs the other.
    fn to_bytes(&self) -> (Hash, Vec<u8>) {
        std::thread::scope(|scope| {
            let root = scope.spawn(|| self.root());
            let bytes = self.bytes();
            (root.join().unwrap_or_else(|_| self.root()), bytes)
        })
    }

    /// The root over the rows.
    fn root(&self) -> Hash {
        let mut root = RootBuilder::new();
        // They lie in no order. Fetched some at a time, one is not waited for before the next is asked for, as it is between two hashes.
        const AT_ONCE: usize = 1_024;
        let mut leaves: Vec<Hash> = Vec::with_capacity(AT_ONCE);
        for some in self.people.chunks(AT_ONCE) {
            leaves.clear();
            leaves.extend(some.iter().filter_map(|person| self.leaves.get(person.leaf as usize)));
            leaves.iter().for_each(|leaf| root.push_hash(*leaf));
        }
        root.root()
    }

    fn bytes(&self) -> Vec<u8> {
        let rows: usize = self.people.iter().map(|person| person.len as usize).sum();
        let mut bytes = Vec::with_capacity(self.people.len() * (size_of::<SubjectKey>() + 8) + 16 + self.table.len() + rows);
        self.people.iter().for_each(|person| bytes.extend(person.key.0));
        let mut offset = 0_u64;
        bytes.extend(offset.to_le_bytes());
        for person in &self.people {
            offset += u64::from(person.len);
            bytes.extend(offset.to_le_bytes());
        }
        bytes.extend((self.table.len() as u64).to_le_bytes());
        bytes.extend(&self.table);
        self.people.iter().for_each(|person| bytes.extend(self.row(person)));
        bytes
    }
}
