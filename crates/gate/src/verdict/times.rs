//! Codes of fields that hold times, and of ages counted from days of birth.

use std::collections::HashMap;

use arrow_array::RecordBatch;
use bezwaar_core::class::{Deleted, classify_deleted};
use bezwaar_core::item::AgeBand;
use bezwaar_core::time::{Day, Instant, Interval, Zone};

use super::{AGE, Codes, OVER, Scratch, intern};
use crate::bind::{BoundTime, Source};
use crate::leaf::{Cell, Leaf, Path, dictionary, for_each_cell};
use crate::mapping::{TimeMap, TimeText};

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

pub(super) fn times(
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
            return Codes::Same(intern(&mut scratch.memory.masks, field, mask(interval)).unwrap_or(OVER));
        }
        Source::Column(path) => path,
    };
    let (mut codes, mut over) = (Vec::with_capacity(rows), HashMap::new());
    let (mut there, mut implausible) = (0, 0);
    let masks = &mut scratch.memory.masks;
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
    scratch.notes.times += there;
    scratch.notes.implausible += implausible;
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

pub(super) fn deletions(bound: &BoundTime, batch: &RecordBatch, at: Instant, _scratch: &mut Scratch) -> Codes {
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
pub(super) fn births(
    path: &Path,
    batch: &RecordBatch,
    scratch: &mut Scratch,
    moments: Option<&[Option<Interval>]>,
    mask: &dyn Fn(Option<AgeBand>) -> u64,
) -> Codes {
    let map = TimeMap { origin: crate::mapping::Origin::Column(Vec::new()), unit: None, text: TimeText::Rfc3339, zone: Some(Zone::utc()) };
    let utc = Zone::utc();
    let (mut codes, mut over) = (Vec::with_capacity(batch.num_rows()), HashMap::new());
    let masks = &mut scratch.memory.masks;
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
