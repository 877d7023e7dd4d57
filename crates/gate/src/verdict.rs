//! Verdicts over a batch: each field becomes a column of small codes, a row's codes pack into one number, and each distinct
//! number is judged once, by the function `decide` uses.

use std::collections::HashMap;
use std::hash::BuildHasherDefault;

use arrow_array::{Array, RecordBatch};
use bezwaar_core::class::{
    Chat, Class, Deleted, classify_audience, classify_category, classify_chat, classify_deleted, classify_registered,
};
use bezwaar_core::item::{AgeBand, Audience, Category, ChatKind, Conversation, Relation};
use bezwaar_core::time::{Day, Instant, Interval, Zone};
use bezwaar_core::{Code, ReasonSet, unreadable};

use crate::bind::{BoundAge, BoundPerson, BoundTime, BoundWord, Fields, Source};
use crate::gate::{Inner, Noticed};
use crate::leaf::{Cell, Leaf, Path, dictionary, for_each_cell};
use crate::mapping::{AgeOn, TimeMap, TimeText, WordMap};
use crate::people::{Identity, Names, about_bits, author_bits, keyed_item};

/// Most distinct masks of one field before rows are judged one by one.
pub const MASKS_MAX: usize = 63;
/// Most distinct classes a worker remembers; past it, rows are judged one by one.
pub const CLASSES_MAX: usize = 1 << 16;
/// The code of a mask past [`MASKS_MAX`].
const OVER: u8 = 63;
/// Most values of one column a worker remembers.
const VALUES_MAX: usize = 1 << 16;

/// What a worker remembers between batches.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    names: Names,
    /// Masks of fields with open-ended masks, by field.
    masks: [Vec<u64>; FIELDS],
    classes: HashMap<u64, u64, BuildHasherDefault<Identity>>,
    times: u64,
    implausible: u64,
}

impl Scratch {
    pub(crate) fn noticed(&self) -> Noticed {
        Noticed { met: self.names.met.clone(), times: self.times, implausible: self.implausible }
    }
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
            return Codes::Same(intern(&mut scratch.masks, slot, rules.classify_time(None)).unwrap_or(OVER));
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
        _ => Codes::Same(intern(&mut scratch.masks, AGE, rules.classify_age(None)).unwrap_or(OVER)),
    };
    let region = match &fields.region {
        Some(word) if reads("region") => masks_of_words(word, batch, scratch, REGION, &|text| rules.classify_region(text)),
        _ => Codes::Same(intern(&mut scratch.masks, REGION, rules.classify_region(None)).unwrap_or(OVER)),
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
        words(fields.hold.as_ref(), batch, &|text| u8::from(!matches!(text, None | Some("none" | "")))),
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
                judge_packed(inner, *key, &scratch.masks, |field| match columns.get(field) {
                    Some(Codes::Each(_, over)) => over.get(&row).copied(),
                    _ => None,
                })
            } else if let Some(known) = scratch.classes.get(key) {
                *known
            } else {
                let judged = judge_packed(inner, *key, &scratch.masks, |_| None);
                if scratch.classes.len() < CLASSES_MAX {
                    scratch.classes.insert(*key, judged);
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

/// Calls `visit` with the word of every row; dictionary values are looked up once each.
fn each_word<T: Copy>(word: &BoundWord, path: &Path, batch: &RecordBatch, classify: &mut dyn FnMut(Option<&str>) -> T, out: &mut Vec<T>) {
    let Some(leaf) = Leaf::of(batch, path) else {
        out.resize(batch.num_rows(), classify(None));
        return;
    };
    let nothing = classify(None);
    let mut of_cell = |cell: Cell<'_>| word_of(&word.map, cell, &mut |text| classify(text));
    if let Some((values, keys)) = dictionary(leaf.array.as_ref()) {
        let mut table = Vec::with_capacity(values.len());
        for_each_cell(values.as_ref(), |_, cell| table.push(of_cell(cell)));
        out.extend(keys.iter().map(|key| key.and_then(|key| table.get(key as usize)).copied().unwrap_or(nothing)));
    } else {
        let mut known: HashMap<Box<str>, T> = HashMap::new();
        let mut last: Option<(&str, T)> = None;
        // Ages are small numbers; writing each of them out as a text takes long.
        let mut small: Vec<Option<T>> = vec![None; 256];
        for_each_cell(leaf.array.as_ref(), |_, cell| {
            let value = match cell {
                Cell::Int(number @ 0..256) => {
                    let known = small.get_mut(number as usize);
                    match known.as_ref().and_then(|known| **known) {
                        Some(value) => value,
                        None => {
                            let value = of_cell(cell);
                            if let Some(known) = known {
                                *known = Some(value);
                            }
                            value
                        }
                    }
                }
                Cell::Text(text) => match last {
                    Some((before, value)) if before == text => value,
                    _ => match known.get(text) {
                        Some(value) => *value,
                        None => {
                            let value = of_cell(cell);
                            if known.len() < VALUES_MAX {
                                known.insert(text.into(), value);
                            }
                            value
                        }
                    },
                },
                other => of_cell(other),
            };
            if let Cell::Text(text) = cell {
                last = Some((text, value));
            }
            out.push(value);
        });
    }
    if leaf.parents.is_some() {
        for (row, value) in out.iter_mut().enumerate() {
            if !leaf.is_present(row) {
                *value = nothing;
            }
        }
    }
}

/// The word a cell stands for under a mapping's values.
fn word_of<T>(map: &WordMap, cell: Cell<'_>, classify: &mut dyn FnMut(Option<&str>) -> T) -> T {
    let mut look = |text: &str| match &map.values {
        Some(values) => match values.get(text) {
            Some(word) => classify(Some(word)),
            None => classify(Some(UNLISTED)),
        },
        None => classify(Some(text)),
    };
    match cell {
        Cell::Null => classify(None),
        Cell::Text(text) => look(text),
        // Written out, -1 would read as an age of up to one; no word is a negative number.
        Cell::Int(number) if number < 0 && map.values.is_none() => classify(Some(UNLISTED)),
        Cell::Int(number) => look(&number.to_string()),
        Cell::Large(number) => look(&number.to_string()),
        Cell::Bool(truth) => look(if truth { "true" } else { "false" }),
        // An age of 34.0 is what a dataset with gaps makes of 34.
        Cell::Float(number) if number.fract() == 0.0 && number.abs() < 1e15 => look(&format!("{number:.0}")),
        Cell::Float(_) | Cell::Time(..) | Cell::Date(_) | Cell::Broken => classify(Some(UNLISTED)),
    }
}

/// A word nobody knows, for values that are there but not listed.
const UNLISTED: &str = "\u{0}unlisted";

fn words(word: Option<&BoundWord>, batch: &RecordBatch, code: &dyn Fn(Option<&str>) -> u8) -> Codes {
    match word {
        None => Codes::Same(code(None)),
        Some(word) => match &word.source {
            Source::Const(value) => Codes::Same(word_of(&word.map, Cell::Text(value), &mut |text| code(text))),
            Source::Column(path) => {
                let mut out = Vec::with_capacity(batch.num_rows());
                each_word(word, path, batch, &mut |text| code(text), &mut out);
                Codes::Each(out, HashMap::new())
            }
        },
    }
}

fn masks_of_words(word: &BoundWord, batch: &RecordBatch, scratch: &mut Scratch, field: usize, mask: &dyn Fn(Option<&str>) -> u64) -> Codes {
    match &word.source {
        Source::Const(value) => {
            let mask = word_of(&word.map, Cell::Text(value), &mut |text| mask(text));
            Codes::Same(intern(&mut scratch.masks, field, mask).unwrap_or(OVER))
        }
        Source::Column(path) => {
            let mut out = Vec::with_capacity(batch.num_rows());
            let masks = &mut scratch.masks;
            let mut classify = |text: Option<&str>| {
                let mask = mask(text);
                match intern(masks, field, mask) {
                    Some(code) => (code, 0),
                    None => (OVER, mask),
                }
            };
            each_word(word, path, batch, &mut classify, &mut out);
            let over = out.iter().enumerate().filter(|(_, (code, _))| *code == OVER).map(|(row, (_, mask))| (row, *mask)).collect();
            Codes::Each(out.into_iter().map(|(code, _)| code).collect(), over)
        }
    }
}

fn registrations(word: Option<&BoundWord>, batch: &RecordBatch, by_name: &[u8]) -> Codes {
    let code = |text: Option<&str>| match text {
        Some("true") => classify_registered(Some(true)) as u8,
        Some("false") => classify_registered(Some(false)) as u8,
        // A value that is there but not known is not to be guessed from the name.
        Some(_) => classify_registered(None) as u8,
        None => 0,
    };
    match words(word, batch, &code) {
        Codes::Same(0) => Codes::Each(by_name.to_vec(), HashMap::new()),
        Codes::Same(code) => Codes::Same(code),
        Codes::Each(codes, over) => {
            let codes = codes.iter().zip(by_name).map(|(code, name)| if *code == 0 { *name } else { *code }).collect();
            Codes::Each(codes, over)
        }
    }
}

/// The conversation of each row from its three parts. It is there when a part is, or the structure that holds them.
fn chats(fields: &Fields, batch: &RecordBatch) -> Codes {
    let [kind, participant, addressed] = &fields.chat;
    if kind.is_none() && participant.is_none() && addressed.is_none() {
        return Codes::Same(Chat::None as u8);
    }
    let rows = batch.num_rows();
    let each = |word: &Option<BoundWord>, code: &dyn Fn(Option<&str>) -> u8| match words(word.as_ref(), batch, code) {
        Codes::Same(code) => vec![code; rows],
        Codes::Each(codes, _) => codes,
    };
    // 0: nothing there; 1: there, but not known.
    let kinds = each(kind, &|text| match text {
        None => 0,
        Some(text) => match ChatKind::lookup(text) {
            None => 1,
            Some(ChatKind::Direct) => 2,
            Some(ChatKind::Group) => 3,
            Some(ChatKind::Ai) => 4,
        },
    });
    let truth = |text: Option<&str>| match text {
        None => 0,
        Some("false") => 2,
        Some("true") => 3,
        Some(_) => 1,
    };
    let (participants, addresses) = (each(participant, &truth), each(addressed, &truth));
    let holders: Vec<Leaf> = fields.chat.iter().flatten().filter_map(|word| holder(word, batch)).collect();
    let codes = (0..rows).map(|row| {
        let at = |codes: &Vec<u8>| codes.get(row).copied().unwrap_or(1);
        let (kind, participant, addressed) = (at(&kinds), at(&participants), at(&addresses));
        let held = holders.iter().any(|leaf| leaf.array.is_valid(row) && leaf.is_present(row));
        if kind == 0 && participant == 0 && addressed == 0 && !held {
            return Chat::None as u8;
        }
        let known = |code: u8| match code {
            2 => Some(false),
            3 => Some(true),
            _ => None,
        };
        let conversation = Conversation {
            kind: match kind {
                2 => Some(ChatKind::Direct),
                3 => Some(ChatKind::Group),
                4 => Some(ChatKind::Ai),
                _ => None,
            },
            ai_participant: known(participant),
            ai_addressed: known(addressed),
        };
        classify_chat(Some(conversation)) as u8
    });
    Codes::Each(codes.collect(), HashMap::new())
}

/// The structure a conversation's part stands in, if it stands in one.
fn holder(word: &BoundWord, batch: &RecordBatch) -> Option<Leaf> {
    let Source::Column(path) = &word.source else { return None };
    let (_, parents) = path.steps.split_last()?;
    if parents.is_empty() {
        return None;
    }
    Leaf::of(batch, &Path { steps: parents.to_vec(), data_type: path.data_type.clone(), many: false })
}

/// Whether a cell holds a number, if only as text; what is not a number in a column of floats is a gap.
fn is_number(cell: Cell<'_>) -> bool {
    match cell {
        Cell::Int(_) | Cell::Large(_) => true,
        Cell::Float(number) => number.is_finite(),
        Cell::Text(text) => text.trim().parse::<f64>().is_ok_and(f64::is_finite),
        Cell::Null | Cell::Bool(_) | Cell::Time(..) | Cell::Date(_) | Cell::Broken => false,
    }
}

/// A time as far as a cell tells it; the second value says whether anything was there.
pub(crate) fn time_of(map: &TimeMap, cell: Cell<'_>) -> (Option<Interval>, bool) {
    let exactly = |micros: Option<i64>| micros.map(|micros| Interval::exactly(Instant::from_micros(micros)));
    let text_of = |text: &str| {
        let text = text.trim();
        if let (Some(unit), Ok(number)) = (map.unit, text.parse::<i64>()) {
            return exactly(unit.micros(number));
        }
        if let (Some(unit), Ok(number)) = (map.unit, text.parse::<f64>()) {
            return float_micros(unit, number);
        }
        match &map.text {
            TimeText::Rfc3339 => match (Interval::parse(text), &map.zone) {
                (Ok(interval), _) => Some(interval),
                (Err(_), Some(zone)) => Instant::parse_in_zone(text, zone).ok().map(Interval::exactly),
                (Err(_), None) => None,
            },
            TimeText::Pattern(pattern) => Instant::parse_pattern(pattern, text, map.zone.as_ref()).ok().map(Interval::exactly),
        }
    };
    match cell {
        Cell::Null => (None, false),
        Cell::Text("") => (None, false),
        Cell::Text(text) => (text_of(text), true),
        Cell::Int(number) => (exactly(map.unit.and_then(|unit| unit.micros(number))), true),
        Cell::Float(number) => (map.unit.and_then(|unit| float_micros(unit, number)), true),
        Cell::Time(micros, true) => (exactly(Some(micros)), true),
        Cell::Time(micros, false) => {
            let zoned = map.zone.as_ref().and_then(|zone| Instant::from_naive_micros(micros, zone));
            (zoned.map(Interval::exactly), true)
        }
        Cell::Date(days) => (Day::from_days(days).map(Interval::of_day), true),
        Cell::Large(_) | Cell::Bool(_) | Cell::Broken => (None, true),
    }
}

fn float_micros(unit: crate::mapping::Unit, number: f64) -> Option<Interval> {
    let scale = unit.micros(1_000_000_000).unwrap_or_default() as f64 / 1e9;
    let micros = number * scale;
    // Beyond 2^53 a float no longer tells moments apart to the microsecond.
    (micros.is_finite() && micros.abs() < 9e15).then(|| Interval::exactly(Instant::from_micros(micros.floor() as i64)))
}

fn times(
    bound: &BoundTime,
    batch: &RecordBatch,
    at: Instant,
    scratch: &mut Scratch,
    keep: &mut Option<Vec<Option<Interval>>>,
    field: usize,
    mask: &dyn Fn(Option<Interval>) -> u64,
) -> Codes {
    let rows = batch.num_rows();
    let path = match &bound.source {
        Source::Const(value) => {
            let (interval, _) = time_of(&bound.map, Cell::Text(value));
            if let Some(keep) = keep {
                keep.resize(rows, interval);
            }
            return Codes::Same(intern(&mut scratch.masks, field, mask(interval)).unwrap_or(OVER));
        }
        Source::Column(path) => path,
    };
    let (mut codes, mut over) = (Vec::with_capacity(rows), HashMap::new());
    let (mut there, mut implausible) = (0, 0);
    let masks = &mut scratch.masks;
    let mut last: Option<(Interval, u8)> = None;
    let mut spans = Spans::default();
    let leaf = Leaf::of(batch, path);
    let mut visit = |row: usize, cell: Cell<'_>, present: bool| {
        let (interval, found) = if present { time_of(&bound.map, cell) } else { (None, false) };
        there += u64::from(found);
        if let Some(keep) = keep.as_mut() {
            keep.push(interval);
        }
        let moment = interval.filter(|interval| interval.first == interval.last).map(|interval| interval.first.as_micros());
        if let Some(code) = moment.and_then(|moment| spans.code(moment)) {
            codes.push(code);
            return;
        }
        let code = match (interval, last) {
            (Some(interval), Some((before, code))) if before == interval => code,
            _ => {
                let mask = mask(interval);
                intern(masks, field, mask).unwrap_or_else(|| {
                    over.insert(row, mask);
                    OVER
                })
            }
        };
        // A number beyond all moments is as implausible as can be.
        let beyond = interval.is_none() && bound.map.unit.is_some() && is_number(cell);
        if present && (beyond || interval.is_some_and(|interval| interval.plausible(at).is_none())) {
            implausible += 1;
        }
        if let Some(moment) = moment.filter(|_| code != OVER && interval.is_some_and(|interval| interval.plausible(at).is_some())) {
            spans.add(moment, code);
        }
        last = interval.map(|interval| (interval, code)).filter(|(_, code)| *code != OVER);
        codes.push(code);
    };
    match &leaf {
        None => (0..rows).for_each(|row| visit(row, Cell::Null, false)),
        Some(leaf) => match dictionary(leaf.array.as_ref()) {
            Some((values, keys)) => {
                let mut cells = Vec::with_capacity(values.len());
                for_each_cell(values.as_ref(), |_, cell| cells.push(cell));
                for (row, key) in keys.iter().enumerate() {
                    let cell = key.and_then(|key| cells.get(key as usize)).copied().unwrap_or(Cell::Null);
                    visit(row, cell, leaf.is_present(row));
                }
            }
            None => for_each_cell(leaf.array.as_ref(), |row, cell| visit(row, cell, leaf.is_present(row))),
        },
    }
    scratch.times += there;
    scratch.implausible += implausible;
    Codes::Each(codes, over)
}

/// Stretches of plausible moments that have one code. The mask of a moment is its segment between breakpoints: where two moments
/// have the same, all between them have.
#[derive(Default)]
struct Spans(Vec<(i64, i64, u8)>);

impl Spans {
    /// Most stretches remembered.
    const MOST: usize = 8;

    fn code(&self, moment: i64) -> Option<u8> {
        self.0.iter().find(|(first, last, _)| (*first..=*last).contains(&moment)).map(|(_, _, code)| *code)
    }

    fn add(&mut self, moment: i64, code: u8) {
        if let Some((first, last, _)) = self.0.iter_mut().find(|(_, _, of)| *of == code) {
            (*first, *last) = ((*first).min(moment), (*last).max(moment));
        } else if self.0.len() < Spans::MOST {
            self.0.push((moment, moment, code));
        }
    }
}

fn deletions(bound: &BoundTime, batch: &RecordBatch, at: Instant, _scratch: &mut Scratch) -> Codes {
    let code = |cell: Cell<'_>| match time_of(&bound.map, cell) {
        (Some(interval), _) => classify_deleted(Some(interval), at) as u8,
        // Something stands there that is no time: perhaps deleted.
        (None, true) => Deleted::Perhaps as u8,
        (None, false) => Deleted::No as u8,
    };
    let path = match &bound.source {
        Source::Const(value) => return Codes::Same(code(Cell::Text(value))),
        Source::Column(path) => path,
    };
    let mut codes = Vec::with_capacity(batch.num_rows());
    match Leaf::of(batch, path) {
        None => codes.resize(batch.num_rows(), Deleted::Perhaps as u8),
        Some(leaf) => {
            let mut each = |row: usize, cell: Cell<'_>| codes.push(if leaf.is_present(row) { code(cell) } else { Deleted::No as u8 });
            match dictionary(leaf.array.as_ref()) {
                Some((values, keys)) => {
                    let mut cells = Vec::with_capacity(values.len());
                    for_each_cell(values.as_ref(), |_, cell| cells.push(cell));
                    for (row, key) in keys.iter().enumerate() {
                        each(row, key.and_then(|key| cells.get(key as usize)).copied().unwrap_or(Cell::Null));
                    }
                }
                None => for_each_cell(leaf.array.as_ref(), each),
            }
        }
    }
    Codes::Each(codes, HashMap::new())
}

/// Ages from days of birth, counted at another time of the record.
fn births(
    path: &Path,
    batch: &RecordBatch,
    scratch: &mut Scratch,
    moments: Option<&[Option<Interval>]>,
    mask: &dyn Fn(Option<AgeBand>) -> u64,
) -> Codes {
    let map = TimeMap { origin: crate::mapping::Origin::Column(Vec::new()), unit: None, text: TimeText::Rfc3339, zone: Some(Zone::utc()) };
    let utc = Zone::utc();
    let (mut codes, mut over) = (Vec::with_capacity(batch.num_rows()), HashMap::new());
    let masks = &mut scratch.masks;
    let mut each = |row: usize, cell: Cell<'_>| {
        let born = time_of(&map, cell).0.and_then(|born| {
            // A day written with a time is a day in a zone nobody tells: `2008-05-01T22:00:00Z` is often a Dutch 2 May.
            let around = if born.first == born.last { ZONES_MICROS } else { 0 };
            Some((Day::of(born.first.plus_micros(-around), &utc)?, Day::of(born.last.plus_micros(around), &utc)?))
        });
        let moment = moments.and_then(|moments| moments.get(row)).copied().flatten();
        let days = moment.and_then(|moment| Some((Day::of(moment.first, &utc)?, Day::of(moment.last, &utc)?)));
        let band =
            born.zip(days).and_then(|((early, late), (first, last))| AgeBand::try_new(late.years_until(first), early.years_until(last)));
        let mask = mask(band);
        codes.push(intern(masks, AGE, mask).unwrap_or_else(|| {
            over.insert(row, mask);
            OVER
        }));
    };
    match Leaf::of(batch, path) {
        None => (0..batch.num_rows()).for_each(|row| each(row, Cell::Null)),
        Some(leaf) => for_each_cell(leaf.array.as_ref(), |row, cell| each(row, if leaf.is_present(row) { cell } else { Cell::Null })),
    }
    Codes::Each(codes, over)
}

/// How far local time may be from UTC: 14 hours.
const ZONES_MICROS: i64 = 14 * 3_600_000_000;

/// Acts of a person that name items, for one row.
struct NamedActs {
    standing: std::sync::Arc<bezwaar_core::standing::Standing>,
    /// `None`: as author; otherwise whether as forwarder.
    about: Option<bool>,
}

fn cell_name(cell: Cell<'_>, buffer: &mut String) -> bool {
    use std::fmt::Write;
    buffer.clear();
    match cell {
        Cell::Text(text) => buffer.push_str(text),
        Cell::Int(number) => drop(write!(buffer, "{number}")),
        Cell::Large(number) => drop(write!(buffer, "{number}")),
        // An id that went through a floating-point column is no longer that id.
        Cell::Null | Cell::Float(_) | Cell::Bool(_) | Cell::Time(..) | Cell::Date(_) | Cell::Broken => return false,
    }
    true
}

fn authors(
    inner: &Inner,
    fields: &Fields,
    batch: &RecordBatch,
    scratch: &mut Scratch,
    bits: &mut [u64],
    registered: &mut [u8],
    named: &mut Vec<(usize, NamedActs)>,
) {
    let unresolved = &inner.unresolved;
    let mut seen = vec![false; bits.len()];
    for (place, person) in (0_u32..).zip(&fields.author) {
        each_person(inner, person, place, batch, &mut scratch.names, &mut |row, found| {
            let found = found.unwrap_or(unresolved);
            let (Some(bits), Some(registered), Some(seen)) = (bits.get_mut(row), registered.get_mut(row), seen.get_mut(row)) else {
                return;
            };
            *bits |= found.as_author;
            let mask = found.registered as u8;
            *registered = if !*seen || *registered == mask { mask } else { 0b11 };
            *seen = true;
            if let Some(standing) = &found.items {
                named.push((row, NamedActs { standing: std::sync::Arc::clone(standing), about: None }));
            }
        });
    }
    for ((bits, registered), seen) in bits.iter_mut().zip(registered.iter_mut()).zip(&seen) {
        if !seen {
            *bits |= ReasonSet::of(Code::IdentityUnresolved).bits();
            *registered = 0b11;
        }
    }
}

fn about(
    inner: &Inner,
    fields: &Fields,
    batch: &RecordBatch,
    scratch: &mut Scratch,
    bits: &mut [u64],
    named: &mut Vec<(usize, NamedActs)>,
) {
    for (place, person) in (1000_u32..).zip(&fields.about) {
        let relations = person.relation_path.as_ref().map(|path| relations(path, batch));
        let mut nth = 0;
        let mut row_before = usize::MAX;
        each_person(inner, person, place, batch, &mut scratch.names, &mut |row, found| {
            nth = if row == row_before { nth + 1 } else { 0 };
            row_before = row;
            let relation = match &relations {
                None => person.relation,
                Some(relations) => relations.get(row).and_then(|list| list.get(nth)).copied().unwrap_or(Relation::Unspecified),
            };
            if !inner.rules.relation_counts(relation) {
                return;
            }
            let found = found.unwrap_or(&inner.unresolved);
            let forwarder = relation == Relation::Forwarder;
            if let Some(bits) = bits.get_mut(row) {
                *bits |= if forwarder { found.as_forwarder } else { found.as_about };
            }
            if let Some(standing) = &found.items {
                named.push((row, NamedActs { standing: std::sync::Arc::clone(standing), about: Some(forwarder) }));
            }
        });
    }
}

/// Names looked up together.
const NAMES_AT_ONCE: usize = 64;

/// Calls `visit` for every person of every row in order; `None` is somebody who cannot be told. A row whose list is empty has nobody; a
/// single value that is null is somebody unknown for an author, nobody for people a record is about.
fn each_person(
    inner: &Inner,
    person: &BoundPerson,
    place: u32,
    batch: &RecordBatch,
    names: &mut Names,
    visit: &mut dyn FnMut(usize, Option<&crate::people::Person>),
) {
    let service = person.service.as_deref();
    let is_author = place < 1000;
    let path = match &person.source {
        Source::Const(value) => {
            for row in 0..batch.num_rows() {
                visit(row, Some(names.person(inner, place, service, person.kind, value)));
            }
            return;
        }
        Source::Column(path) => path,
    };
    let Some(leaf) = Leaf::of(batch, path) else {
        (0..batch.num_rows()).for_each(|row| visit(row, None));
        return;
    };
    let mut buffer = String::new();
    let (offsets, indices) = match &leaf.rows {
        Some(rows) => (Some(&rows.0), Some(&rows.1)),
        None => (None, None),
    };
    // Rows without lists are the common case, and the fast one.
    if offsets.is_none() {
        if let Some((values, keys)) = dictionary(leaf.array.as_ref()) {
            let people = names.known_dictionary(place, &values).unwrap_or_else(|| {
                let mut people = Vec::with_capacity(values.len());
                for_each_cell(values.as_ref(), |_, cell| {
                    let known = cell_name(cell, &mut buffer).then(|| names.person(inner, place, service, person.kind, &buffer).clone());
                    let nobody = matches!(cell, Cell::Null) || matches!(cell, Cell::Text(text) if text.trim().is_empty());
                    people.push((known, nobody));
                });
                let people = std::sync::Arc::new(people);
                names.remember_dictionary(place, &values, &people);
                people
            });
            for (row, key) in keys.iter().enumerate() {
                match key.filter(|_| leaf.is_present(row)).and_then(|key| people.get(key as usize)) {
                    Some((known, null)) if is_author || !null => visit(row, known.as_ref()),
                    None if is_author => visit(row, None),
                    _ => {}
                }
            }
            return;
        }
        let mut block: Vec<(usize, Cell<'_>)> = Vec::with_capacity(NAMES_AT_ONCE);
        let mut look_up = |block: &mut Vec<(usize, Cell<'_>)>| {
            names.warm(place, block.iter().filter_map(|(_, cell)| if let Cell::Text(text) = cell { Some(*text) } else { None }));
            for (row, cell) in block.drain(..) {
                match cell {
                    // An empty text in a column of its own is how text formats write nobody.
                    Cell::Text(text) if !is_author && text.trim().is_empty() => {}
                    Cell::Text(text) => visit(row, Some(names.person(inner, place, service, person.kind, text))),
                    Cell::Null if !is_author => {}
                    other => {
                        let known = cell_name(other, &mut buffer).then(|| names.person(inner, place, service, person.kind, &buffer));
                        visit(row, known);
                    }
                }
            }
        };
        for_each_cell(leaf.array.as_ref(), |row, cell| {
            block.push((row, if leaf.is_present(row) { cell } else { Cell::Null }));
            if block.len() == NAMES_AT_ONCE {
                look_up(&mut block);
            }
        });
        look_up(&mut block);
        return;
    }
    let mut cells: Vec<Cell<'_>> = Vec::new();
    let values;
    match dictionary(leaf.array.as_ref()) {
        Some((found, keys)) => {
            values = found;
            let mut table = Vec::with_capacity(values.len());
            for_each_cell(values.as_ref(), |_, cell| table.push(cell));
            cells.extend(keys.iter().map(|key| key.and_then(|key| table.get(key as usize)).copied().unwrap_or(Cell::Null)));
        }
        None => for_each_cell(leaf.array.as_ref(), |_, cell| cells.push(cell)),
    }
    let (offsets, indices) = (offsets.map_or(&[] as &[usize], Vec::as_slice), indices.map_or(&[] as &[usize], Vec::as_slice));
    for (row, pair) in offsets.windows(2).enumerate() {
        let [from, until] = pair else { continue };
        for index in indices.get(*from..*until).unwrap_or_default() {
            let cell = cells.get(*index).copied().filter(|_| leaf.is_present(*index)).unwrap_or(Cell::Null);
            let known = cell_name(cell, &mut buffer).then(|| names.person(inner, place, service, person.kind, &buffer));
            visit(row, known);
        }
    }
}

/// The relations of every row, element by element.
fn relations(path: &Path, batch: &RecordBatch) -> Vec<Vec<Relation>> {
    let Some(leaf) = Leaf::of(batch, path) else { return Vec::new() };
    let mut words: Vec<Relation> = Vec::with_capacity(leaf.array.len());
    let parse = |cell: Cell<'_>| match cell {
        Cell::Text(text) => Relation::parse(text),
        _ => Relation::Unspecified,
    };
    match dictionary(leaf.array.as_ref()) {
        Some((values, keys)) => {
            let mut table = Vec::with_capacity(values.len());
            for_each_cell(values.as_ref(), |_, cell| table.push(parse(cell)));
            words.extend(keys.iter().map(|key| key.and_then(|key| table.get(key as usize)).copied().unwrap_or(Relation::Unspecified)));
        }
        None => for_each_cell(leaf.array.as_ref(), |_, cell| words.push(parse(cell))),
    }
    let word = |index: usize| words.get(index).copied().filter(|_| leaf.is_present(index)).unwrap_or(Relation::Unspecified);
    match &leaf.rows {
        None => (0..words.len()).map(|row| vec![word(row)]).collect(),
        Some((offsets, indices)) => offsets
            .windows(2)
            .map(|pair| match pair {
                [from, until] => indices.get(*from..*until).unwrap_or_default().iter().map(|index| word(*index)).collect(),
                _ => Vec::new(),
            })
            .collect(),
    }
}

/// Rows whose people had single items erased, or objected to single items: each is looked at by its id.
fn judge_named(inner: &Inner, fields: &Fields, batch: &RecordBatch, named: &[(usize, NamedActs)], bits: &mut [u64]) {
    let mut ids: HashMap<usize, Option<String>> = named.iter().map(|(row, _)| (*row, None)).collect();
    match &fields.id {
        Some(Source::Const(value)) => ids.values_mut().for_each(|id| *id = Some(value.clone())),
        Some(Source::Column(path)) => {
            if let Some(leaf) = Leaf::of(batch, path) {
                let mut buffer = String::new();
                let mut take = |row: usize, cell: Cell<'_>| {
                    if let Some(id) = ids.get_mut(&row).filter(|_| leaf.is_present(row) && cell_name(cell, &mut buffer)) {
                        // An empty id, or one that went through a float, names nothing: any act that names items may mean it.
                        *id = Some(buffer.trim().to_owned())
                            .filter(|id| !matches!(id.to_ascii_lowercase().as_str(), "" | "nan" | "null" | "none"));
                    }
                };
                match dictionary(leaf.array.as_ref()) {
                    Some((values, keys)) => {
                        let mut cells = Vec::with_capacity(values.len());
                        for_each_cell(values.as_ref(), |_, cell| cells.push(cell));
                        for (row, key) in keys.iter().enumerate() {
                            take(row, key.and_then(|key| cells.get(key as usize)).copied().unwrap_or(Cell::Null));
                        }
                    }
                    None => for_each_cell(leaf.array.as_ref(), take),
                }
            }
        }
        None => {}
    }
    for (row, acts) in named {
        let item: Box<dyn bezwaar_core::acts::ItemIdentity> = match ids.get(row).and_then(Option::as_ref) {
            Some(id) => Box::new(keyed_item(inner, id)),
            // Without an id nobody can tell whether the item is one of those named.
            None => Box::new(AnyItem),
        };
        let more = match acts.about {
            None => author_bits(&acts.standing, item.as_ref()),
            Some(forwarder) => about_bits(&acts.standing, item.as_ref(), forwarder),
        };
        if let Some(bits) = bits.get_mut(*row) {
            *bits |= more;
        }
    }
}

/// A record without an id: every act that names items may mean it.
struct AnyItem;

impl bezwaar_core::acts::ItemIdentity for AnyItem {
    fn is_named_by(&self, _names: &bezwaar_core::acts::ItemNames) -> bool {
        true
    }
}
