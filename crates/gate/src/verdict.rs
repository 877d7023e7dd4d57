//! Verdicts over a batch: each field becomes a column of small codes, a row's codes pack into one number, and each distinct
//! number is judged once, by the function `decide` uses.

mod persons;
mod times;
mod words;

use std::collections::HashMap;
use std::hash::BuildHasherDefault;

use arrow_array::RecordBatch;
use bezwaar_core::class::{Chat, Class, Deleted, classify_audience, classify_category};
use bezwaar_core::item::{AgeBand, Audience, Category};
use bezwaar_core::time::Interval;
use bezwaar_core::{ReasonSet, unreadable};

use crate::bind::{BoundAge, BoundTime, Fields};
use crate::gate::Inner;
use crate::mapping::AgeOn;
use crate::people::{Identity, Names, Notes};

use persons::{NamedActs, about, authors, judge_named};
pub(crate) use times::time_of;
use times::{births, deletions, times};
use words::{chats, holds, masks_of_words, registrations, words};

/// Most distinct masks of one field before rows are judged one by one.
pub const MASKS_MAX: usize = 63;
/// Most distinct classes a worker remembers; past it, rows are judged one by one.
pub const CLASSES_MAX: usize = 1 << 16;
/// The code of a mask past [`MASKS_MAX`].
const OVER: u8 = 63;
/// Most values of one column a worker remembers.
const VALUES_MAX: usize = 1 << 16;

/// What a worker remembers between batches, of whatever input.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    names: Names,
    /// Masks of fields with open-ended masks, by field.
    masks: [Vec<u64>; FIELDS],
    classes: HashMap<u64, u64, BuildHasherDefault<Identity>>,
}

/// What a worker has at hand for a batch.
#[derive(Debug)]
pub(crate) struct Scratch {
    pub(crate) memory: Memory,
    pub(crate) notes: Notes,
}

const FIELDS: usize = 10;
const CATEGORY: usize = 0;
const AUDIENCE: usize = 1;
const REGISTERED: usize = 2;
const AGE: usize = 3;
const REGION: usize = 4;
const CREATED: usize = 5;
const COLLECTED: usize = 6;
const CHAT: usize = 7;
const DELETED: usize = 8;
const HELD: usize = 9;
/// Bits per field in a packed row.
const WIDTH: usize = 6;

/// The codes of one field: the same for all rows, or one per row with the masks that found no code.
enum Codes {
    Same(u8),
    Each(Vec<u8>, HashMap<usize, u64>),
}

/// The reasons of every row as bits.
pub(crate) fn decide_batch(
    inner: &Inner,
    fields: &Fields,
    batch: &RecordBatch,
    broken: Option<&[bool]>,
    scratch: &mut Scratch,
) -> Vec<u64> {
    let rows = batch.num_rows();
    let mut bits = vec![0_u64; rows];
    let mut registered = vec![0_u8; rows];
    let mut named: Vec<(usize, NamedActs)> = Vec::new();
    authors(inner, fields, batch, scratch, &mut bits, &mut registered, &mut named);
    about(inner, fields, batch, scratch, &mut bits, &mut named);
    if !named.is_empty() {
        judge_named(inner, fields, batch, &named, &mut bits);
    }
    let columns = class_columns(inner, fields, batch, scratch, &registered);
    judge_rows(inner, &columns, scratch, &mut bits);
    if let Some(broken) = broken {
        let all = unreadable(&inner.rules).codes().bits();
        for (row, broken) in bits.iter_mut().zip(broken) {
            if *broken {
                *row = all;
            }
        }
    }
    bits
}

fn class_columns(inner: &Inner, fields: &Fields, batch: &RecordBatch, scratch: &mut Scratch, registered: &[u8]) -> [Codes; FIELDS] {
    let rules = &inner.rules;
    let read = rules.fields_read();
    let reads = |name: &str| read.contains(&name);
    let at = rules.question().at;
    let mut created = None;
    let mut collected = None;
    let time = |field: &Option<BoundTime>, slot: usize, keep: &mut Option<Vec<Option<Interval>>>, needed: bool, scratch: &mut Scratch| {
        let Some(bound) = field.as_ref().filter(|_| needed) else {
            return Codes::Same(intern(&mut scratch.memory.masks, slot, rules.classify_time(None)).unwrap_or(OVER));
        };
        times(bound, batch, at, scratch, keep, slot, &|interval| rules.classify_time(interval))
    };
    let on_birth = match &fields.author_age {
        Some(BoundAge::Birth(_, on)) if reads("author_age") => Some(*on),
        _ => None,
    };
    if on_birth == Some(AgeOn::Created) {
        created = Some(Vec::new());
    }
    if on_birth == Some(AgeOn::Collected) {
        collected = Some(Vec::new());
    }
    let (needs_created, needs_collected) = (reads("created_at") || created.is_some(), reads("collected_at") || collected.is_some());
    let created_codes = time(&fields.created_at, CREATED, &mut created, needs_created, scratch);
    let collected_codes = time(&fields.collected_at, COLLECTED, &mut collected, needs_collected, scratch);
    let age = match (&fields.author_age, reads("author_age")) {
        (Some(BoundAge::Age(word)), true) => {
            masks_of_words(word, batch, scratch, AGE, &|text| rules.classify_age(text.and_then(AgeBand::parse)))
        }
        (Some(BoundAge::Birth(path, on)), true) => {
            let moments = if *on == AgeOn::Created { created.as_deref() } else { collected.as_deref() };
            births(path, batch, scratch, moments, &|band| rules.classify_age(band))
        }
        _ => Codes::Same(intern(&mut scratch.memory.masks, AGE, rules.classify_age(None)).unwrap_or(OVER)),
    };
    let region = match &fields.region {
        Some(word) if reads("region") => masks_of_words(word, batch, scratch, REGION, &|text| rules.classify_region(text)),
        _ => Codes::Same(intern(&mut scratch.memory.masks, REGION, rules.classify_region(None)).unwrap_or(OVER)),
    };
    let deleted = match &fields.deleted_at {
        Some(bound) => deletions(bound, batch, at, scratch),
        None => Codes::Same(Deleted::No as u8),
    };
    [
        words(fields.category.as_ref(), batch, &|text| text.and_then(Category::lookup).map_or(10, |category| category as u8)),
        words(fields.audience.as_ref(), batch, &|text| text.and_then(Audience::lookup).map_or(3, |audience| audience as u8)),
        registrations(fields.registered.as_ref(), batch, registered),
        age,
        region,
        created_codes,
        collected_codes,
        chats(fields, batch),
        deleted,
        holds(fields.hold.as_ref(), batch),
    ]
}

/// A mask's code in its field, or `None` past the limit.
fn intern(masks: &mut [Vec<u64>; FIELDS], field: usize, mask: u64) -> Option<u8> {
    let known = masks.get_mut(field)?;
    if let Some(place) = known.iter().position(|other| *other == mask) {
        return u8::try_from(place).ok();
    }
    if known.len() >= MASKS_MAX {
        return None;
    }
    known.push(mask);
    u8::try_from(known.len() - 1).ok()
}

fn judge_rows(inner: &Inner, columns: &[Codes; FIELDS], scratch: &mut Scratch, bits: &mut [u64]) {
    let mut base = 0_u64;
    for (field, codes) in columns.iter().enumerate() {
        if let Codes::Same(code) = codes {
            base |= u64::from(*code) << (field * WIDTH);
        }
    }
    let mut packed = vec![base; bits.len()];
    for (field, codes) in columns.iter().enumerate() {
        if let Codes::Each(codes, _) = codes {
            for (row, code) in packed.iter_mut().zip(codes) {
                *row |= u64::from(*code) << (field * WIDTH);
            }
        }
    }
    let overflowing = columns.iter().any(|codes| matches!(codes, Codes::Each(_, over) if !over.is_empty()));
    let mut last = (u64::MAX, 0_u64);
    for (row, (key, out)) in packed.iter().zip(bits.iter_mut()).enumerate() {
        if *key != last.0 || overflowing {
            let judged = if overflowing && columns.iter().any(|codes| matches!(codes, Codes::Each(_, over) if over.contains_key(&row))) {
                judge_packed(inner, *key, &scratch.memory.masks, |field| match columns.get(field) {
                    Some(Codes::Each(_, over)) => over.get(&row).copied(),
                    _ => None,
                })
            } else if let Some(known) = scratch.memory.classes.get(key) {
                *known
            } else {
                let judged = judge_packed(inner, *key, &scratch.memory.masks, |_| None);
                if scratch.memory.classes.len() < CLASSES_MAX {
                    scratch.memory.classes.insert(*key, judged);
                }
                judged
            };
            last = (*key, judged);
        }
        *out |= last.1;
    }
}

fn judge_packed(inner: &Inner, key: u64, masks: &[Vec<u64>; FIELDS], over: impl Fn(usize) -> Option<u64>) -> u64 {
    let code = |field: usize| ((key >> (field * WIDTH)) & ((1 << WIDTH) - 1)) as usize;
    // A code without a mask cannot happen; every mask possible is the safe stand-in.
    let mask = |field: usize| over(field).or_else(|| masks.get(field)?.get(code(field)).copied()).unwrap_or(u64::MAX);
    let class = Class {
        category: classify_category(Category::ALL.get(code(CATEGORY)).copied()),
        audience: classify_audience(Audience::ALL.get(code(AUDIENCE)).copied()),
        registered: code(REGISTERED) as u64,
        age: mask(AGE),
        region: mask(REGION),
        created: mask(CREATED),
        collected: mask(COLLECTED),
        chat: [Chat::None, Chat::Addressed, Chat::NotAddressed, Chat::AddressUnknown, Chat::KindUnknown]
            .get(code(CHAT))
            .copied()
            .unwrap_or(Chat::KindUnknown),
        deleted: [Deleted::No, Deleted::Yes, Deleted::Perhaps].get(code(DELETED)).copied().unwrap_or(Deleted::Perhaps),
        held: code(HELD) != 0,
    };
    inner.rules.judge_class(&class).iter().map(|reason| reason.code).collect::<ReasonSet>().bits()
}
