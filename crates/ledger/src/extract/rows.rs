//! How the acts of one person are written as bytes, and read back.
//!
//! What many acts have in common (what they do, to which uses and recipients) is a *shape*, written once per extract. An act is
//! its times, its id, the link it came over, the number of its shape, and what is its own: the items or the id it names.

use bezwaar_core::acts::{HeldAct, HeldBody, ItemNames};
use bezwaar_core::pattern::Pattern;
use bezwaar_core::time::Instant;

use crate::key::SubjectKeys;

/// The most bytes one row may take in full, that is with each shape written out.
pub const ROW_BYTES_MAX: usize = 1 << 24;

const OBJECT: u8 = 1;
const SET_OFF: u8 = 2;
const SET_ON: u8 = 3;
const WITHDRAW: u8 = 4;
const CONSENT: u8 = 5;
const WITHDRAW_CONSENT: u8 = 6;
const SIGNAL: u8 = 7;
const ERASE: u8 = 8;
const UNREADABLE: u8 = 9;
/// Set in the kind of a shape whose act is provisional.
const PROVISIONAL: u8 = 0x80;

const ANY: u8 = 0;
const PREFIX: u8 = 1;
const EXACT: u8 = 2;

/// What an act has after its shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tail {
    Nothing,
    /// Keyed names of items.
    Items,
    /// The id of another act.
    Of,
}

/// Appends a number: seven bits a byte, lowest first, the top bit set on all but the last.
pub(super) fn put_varint(mut value: u64, out: &mut Vec<u8>) {
    while value >= 0x80 {
        out.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn varint_len(value: u64) -> usize {
    (value | 1).ilog2() as usize / 7 + 1
}

pub(super) fn put_bytes(bytes: &[u8], out: &mut Vec<u8>) {
    put_varint(bytes.len() as u64, out);
    out.extend(bytes);
}

/// A list that may be absent: 0, or one more than its length, then what it holds.
fn put_list<T>(list: Option<&[T]>, out: &mut Vec<u8>, put: impl Fn(&T, &mut Vec<u8>)) {
    put_varint(list.map_or(0, |list| list.len() as u64 + 1), out);
    list.into_iter().flatten().for_each(|one| put(one, out));
}

fn put_pattern(pattern: &Pattern, out: &mut Vec<u8>) {
    let (tag, text) = match pattern {
        Pattern::Any => return out.push(ANY),
        Pattern::Prefix(text) => (PREFIX, text),
        Pattern::Exact(text) => (EXACT, text),
    };
    out.push(tag);
    put_bytes(text.as_bytes(), out);
}

/// Appends what an act does, without what is its own. `None`: it is provisional, and such an act cannot be.
pub(super) fn put_shape(act: &HeldAct, out: &mut Vec<u8>) -> Option<()> {
    let start = out.len();
    put_body(&act.body, out);
    if act.provisional {
        let kind = out.get_mut(start).filter(|kind| may_be_provisional(**kind))?;
        *kind |= PROVISIONAL;
    }
    Some(())
}

/// Whether an act counts before its sender is confirmed: it closes, and can be taken back.
fn may_be_provisional(kind: u8) -> bool {
    matches!(kind, OBJECT | SET_OFF | WITHDRAW_CONSENT | SIGNAL | UNREADABLE)
}

/// The kind of a shape, and whether it is provisional.
fn kind_of(byte: u8) -> Option<(u8, bool)> {
    let (kind, provisional) = (byte & !PROVISIONAL, byte & PROVISIONAL != 0);
    (!provisional || may_be_provisional(kind)).then_some((kind, provisional))
}

fn put_body(body: &HeldBody, out: &mut Vec<u8>) {
    match body {
        HeldBody::Object { uses, recipients, items } => {
            out.push(OBJECT);
            put_list(uses.as_deref(), out, put_pattern);
            put_list(recipients.as_deref(), out, put_pattern);
            out.push(u8::from(items.is_some()));
        }
        HeldBody::SetOff { control } => {
            out.push(SET_OFF);
            put_bytes(control.as_bytes(), out);
        }
        HeldBody::SetOn { control } => {
            out.push(SET_ON);
            put_bytes(control.as_bytes(), out);
        }
        HeldBody::Withdraw { of: _ } => out.push(WITHDRAW),
        HeldBody::Consent { use_id, recipients } => {
            out.push(CONSENT);
            put_bytes(use_id.as_bytes(), out);
            put_list(recipients.as_deref(), out, |text, out| put_bytes(text.as_bytes(), out));
        }
        HeldBody::WithdrawConsent { of: _, uses } => {
            out.push(WITHDRAW_CONSENT);
            put_list(uses.as_deref(), out, put_pattern);
        }
        HeldBody::Signal { signal } => {
            out.push(SIGNAL);
            put_bytes(signal.as_bytes(), out);
        }
        HeldBody::Erase { items } => {
            out.push(ERASE);
            out.push(u8::from(items.is_some()));
        }
        HeldBody::Unreadable => out.push(UNREADABLE),
    }
}

/// Appends what is before the shape. `last` is the time of the act before, which is not later.
fn put_head(act: &HeldAct, last: Option<Instant>, out: &mut Vec<u8>) {
    let from = act.from.as_micros();
    put_varint(last.map_or(zigzag(from), |last| from.abs_diff(last.as_micros())), out);
    // A closing act has one moment, and no opening act counts from before it was received.
    let lag = if act.body.opens() { from.saturating_sub(act.received.as_micros()).max(0) } else { 0 };
    put_varint(lag.unsigned_abs(), out);
    put_bytes(act.id.as_bytes(), out);
    match &act.via {
        None => out.push(0),
        Some(via) => {
            put_varint(via.len() as u64 + 1, out);
            out.extend(via.as_bytes());
        }
    }
}

/// Appends what is after the shape, with items in their keyed form.
fn put_tail(body: &HeldBody, keys: &SubjectKeys, out: &mut Vec<u8>) {
    match body {
        HeldBody::Object { items: Some(items), .. } | HeldBody::Erase { items: Some(items) } => match items {
            ItemNames::Clear(patterns) => {
                put_varint(patterns.len() as u64, out);
                patterns.iter().for_each(|pattern| out.extend(keys.item_name(&pattern.to_string())));
            }
            ItemNames::Keyed(names) => {
                put_varint(names.len() as u64, out);
                out.extend(names.as_flattened());
            }
        },
        HeldBody::Withdraw { of } | HeldBody::WithdrawConsent { of, .. } => put_bytes(of.as_bytes(), out),
        _ => {}
    }
}

/// Appends an act to its row, and to the row in full.
pub(super) fn put_act(
    (act, last): (&HeldAct, Option<Instant>),
    (number, shape): (u64, &[u8]),
    keys: &SubjectKeys,
    row: &mut Vec<u8>,
    in_full: &mut Vec<u8>,
) {
    let start = in_full.len();
    put_head(act, last, in_full);
    row.extend(in_full.get(start..).unwrap_or_default());
    put_varint(number, row);
    put_bytes(shape, in_full);
    let start = in_full.len();
    put_tail(&act.body, keys, in_full);
    row.extend(in_full.get(start..).unwrap_or_default());
}

fn zigzag(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)) as u64
}

fn unzigzag(value: u64) -> i64 {
    (value >> 1) as i64 ^ -((value & 1) as i64)
}

/// Bytes being read. Every reader gives `None` for what the format does not have, and takes no more memory than it was given.
pub(super) struct Cursor<'a>(pub(super) &'a [u8]);

impl<'a> Cursor<'a> {
    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    pub(super) fn varint(&mut self) -> Option<u64> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            let bits = u64::from(byte & 0x7f);
            if shift == 63 && bits > 1 {
                return None;
            }
            value |= bits << shift;
            if byte < 0x80 {
                // The shortest form only.
                return (byte != 0 || shift == 0).then_some(value);
            }
        }
        None
    }

    pub(super) fn take(&mut self, len: u64) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(usize::try_from(len).ok()?)?;
        self.0 = rest;
        Some(taken)
    }

    pub(super) fn bytes(&mut self) -> Option<&'a [u8]> {
        let len = self.varint()?;
        self.take(len)
    }

    fn text(&mut self) -> Option<&'a str> {
        str::from_utf8(self.bytes()?).ok()
    }

    fn flag(&mut self) -> Option<bool> {
        match self.byte()? {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        }
    }

    fn pattern(&mut self) -> Option<PatternText<'a>> {
        Some(match self.byte()? {
            ANY => PatternText::Any,
            PREFIX => PatternText::Prefix(self.text()?),
            EXACT => PatternText::Exact(self.text()?),
            _ => return None,
        })
    }

    /// A list that may be absent; what it holds goes to `each`.
    fn list(&mut self, mut each: impl FnMut(&mut Self) -> Option<()>) -> Option<bool> {
        let Some(len) = self.varint()?.checked_sub(1) else { return Some(false) };
        for _ in 0..len {
            each(self)?;
        }
        Some(true)
    }

    fn patterns(&mut self) -> Option<Option<Vec<Pattern>>> {
        let mut found = Vec::new();
        let there = self.list(|cursor| cursor.pattern().map(|pattern| found.push(pattern.to_pattern())))?;
        Some(there.then_some(found))
    }

    fn skip_patterns(&mut self) -> Option<()> {
        self.list(|cursor| cursor.pattern().map(|_| ())).map(|_| ())
    }

    fn item_names(&mut self) -> Option<&'a [[u8; 16]]> {
        let len = self.varint()?.checked_mul(16)?;
        Some(self.take(len)?.as_chunks().0)
    }
}

enum PatternText<'a> {
    Any,
    Prefix(&'a str),
    Exact(&'a str),
}

impl PatternText<'_> {
    fn to_pattern(&self) -> Pattern {
        match self {
            PatternText::Any => Pattern::Any,
            PatternText::Prefix(text) => Pattern::Prefix((*text).to_owned()),
            PatternText::Exact(text) => Pattern::Exact((*text).to_owned()),
        }
    }
}

/// Checks one shape to its end and tells what follows it, without keeping anything.
fn check_shape(shape: &[u8]) -> Option<Tail> {
    let mut cursor = Cursor(shape);
    let items = |there: bool| if there { Tail::Items } else { Tail::Nothing };
    let tail = match kind_of(cursor.byte()?)?.0 {
        OBJECT => {
            cursor.skip_patterns()?;
            cursor.skip_patterns()?;
            items(cursor.flag()?)
        }
        SET_OFF | SET_ON | SIGNAL => {
            cursor.text()?;
            Tail::Nothing
        }
        WITHDRAW => Tail::Of,
        CONSENT => {
            cursor.text()?;
            cursor.list(|cursor| cursor.text().map(|_| ()))?;
            Tail::Nothing
        }
        WITHDRAW_CONSENT => {
            cursor.skip_patterns()?;
            Tail::Of
        }
        ERASE => items(cursor.flag()?),
        UNREADABLE => Tail::Nothing,
        _ => return None,
    };
    cursor.0.is_empty().then_some(tail)
}

/// One act as it lies in a row, checked to its end.
pub(super) struct ActBytes<'a> {
    from: Instant,
    received: Instant,
    id: &'a str,
    via: Option<&'a str>,
    head: &'a [u8],
    pub(super) number: u64,
    shape: &'a [u8],
    tail: TailBytes<'a>,
    tail_bytes: &'a [u8],
}

#[derive(Clone, Copy)]
enum TailBytes<'a> {
    Nothing,
    Items(&'a [[u8; 16]]),
    Of(&'a str),
}

impl ActBytes<'_> {
    /// Appends the act with its shape written out in the place of the shape's number.
    pub(super) fn put_in_full(&self, out: &mut Vec<u8>) {
        out.extend(self.head);
        put_bytes(self.shape, out);
        out.extend(self.tail_bytes);
    }

    /// Appends the act with another number for its shape.
    pub(super) fn put_renumbered(&self, number: u64, out: &mut Vec<u8>) {
        out.extend(self.head);
        put_varint(number, out);
        out.extend(self.tail_bytes);
    }

    /// Whether its sender is not confirmed.
    pub(super) fn provisional(&self) -> bool {
        self.shape.first().and_then(|byte| kind_of(*byte)).is_some_and(|(_, provisional)| provisional)
    }

    /// The act as the decision takes it.
    pub(super) fn to_act(&self) -> Option<HeldAct> {
        let body = body_of(self.shape, self.tail)?;
        Some(HeldAct {
            id: self.id.to_owned(),
            from: self.from,
            received: self.received,
            via: self.via.map(str::to_owned),
            provisional: self.provisional(),
            body,
        })
    }
}

fn body_of(shape: &[u8], tail: TailBytes<'_>) -> Option<HeldBody> {
    let mut cursor = Cursor(shape);
    let items = match tail {
        TailBytes::Items(names) => Some(ItemNames::Keyed(names.to_vec())),
        _ => None,
    };
    let of = match tail {
        TailBytes::Of(id) => id.to_owned(),
        _ => String::new(),
    };
    Some(match kind_of(cursor.byte()?)?.0 {
        OBJECT => HeldBody::Object { uses: cursor.patterns()?, recipients: cursor.patterns()?, items },
        SET_OFF => HeldBody::SetOff { control: cursor.text()?.to_owned() },
        SET_ON => HeldBody::SetOn { control: cursor.text()?.to_owned() },
        WITHDRAW => HeldBody::Withdraw { of },
        CONSENT => {
            let use_id = cursor.text()?.to_owned();
            let mut recipients = Vec::new();
            let there = cursor.list(|cursor| cursor.text().map(|text| recipients.push(text.to_owned())))?;
            HeldBody::Consent { use_id, recipients: there.then_some(recipients) }
        }
        WITHDRAW_CONSENT => HeldBody::WithdrawConsent { of, uses: cursor.patterns()? },
        SIGNAL => HeldBody::Signal { signal: cursor.text()?.to_owned() },
        ERASE => HeldBody::Erase { items },
        UNREADABLE => HeldBody::Unreadable,
        _ => return None,
    })
}

/// The number of a shape, the shape, and what follows it.
type ShapeRead<'a> = (u64, &'a [u8], Tail);

/// Goes through the acts of one row; `shape_at` gives a shape by its number, with what follows it. `None`: the row is not as the
/// format has it, or over [`ROW_BYTES_MAX`].
pub(super) fn walk<'a>(
    row: &'a [u8],
    shape_at: impl Fn(u64) -> Option<(&'a [u8], Tail)>,
    each: impl FnMut(ActBytes<'a>) -> Option<()>,
) -> Option<()> {
    let by_number = |cursor: &mut Cursor<'a>| {
        let number = cursor.varint()?;
        shape_at(number).map(|(shape, tail)| (number, shape, tail))
    };
    walk_with(row, by_number, each)
}

/// As [`walk`], for a row in full.
pub(super) fn walk_in_full<'a>(row: &'a [u8], each: impl FnMut(ActBytes<'a>) -> Option<()>) -> Option<()> {
    let written_out = |cursor: &mut Cursor<'a>| {
        let shape = cursor.bytes()?;
        check_shape(shape).map(|tail| (0, shape, tail))
    };
    walk_with(row, written_out, each)
}

fn walk_with<'a>(
    row: &'a [u8],
    read_shape: impl Fn(&mut Cursor<'a>) -> Option<ShapeRead<'a>>,
    mut each: impl FnMut(ActBytes<'a>) -> Option<()>,
) -> Option<()> {
    let mut cursor = Cursor(row);
    let mut last: Option<(i64, &str)> = None;
    let mut in_full = 0_usize;
    while !cursor.0.is_empty() {
        let start = cursor.0;
        let time = cursor.varint()?;
        let from = match last {
            None => unzigzag(time),
            Some((last, _)) => last.checked_add_unsigned(time)?,
        };
        let lag = cursor.varint()?;
        let received = from.checked_sub_unsigned(lag)?;
        let id = cursor.text()?;
        if last.is_some_and(|last| last > (from, id)) {
            return None;
        }
        last = Some((from, id));
        let via = match cursor.varint()?.checked_sub(1) {
            None => None,
            Some(len) => Some(str::from_utf8(cursor.take(len)?).ok()?),
        };
        let head = start.get(..start.len() - cursor.0.len())?;
        let (number, shape, tail) = read_shape(&mut cursor)?;
        // Only an opening act has a second moment.
        if lag != 0 && !matches!(shape.first(), Some(&SET_ON | &WITHDRAW | &CONSENT)) {
            return None;
        }
        let before = cursor.0;
        let tail = match tail {
            Tail::Nothing => TailBytes::Nothing,
            Tail::Items => TailBytes::Items(cursor.item_names()?),
            Tail::Of => TailBytes::Of(cursor.text()?),
        };
        let tail_bytes = before.get(..before.len() - cursor.0.len())?;
        in_full = in_full.checked_add(head.len() + varint_len(shape.len() as u64) + shape.len() + tail_bytes.len())?;
        if in_full > ROW_BYTES_MAX {
            return None;
        }
        let [from, received] = [from, received].map(Instant::from_micros);
        each(ActBytes { from, received, id, via, head, number, shape, tail, tail_bytes })?;
    }
    Some(())
}

/// The table of shapes: each with its length before it, in the order of their bytes, none twice.
pub(super) fn put_table<'a>(shapes: impl Iterator<Item = &'a [u8]>, out: &mut Vec<u8>) {
    shapes.for_each(|shape| put_bytes(shape, out));
}

/// The places of the shapes in their table, each with what follows it.
pub(super) fn read_table(table: &[u8]) -> Option<Vec<(std::ops::Range<usize>, Tail)>> {
    let mut cursor = Cursor(table);
    let mut places = Vec::new();
    let mut last: Option<&[u8]> = None;
    while !cursor.0.is_empty() {
        let shape = cursor.bytes()?;
        if last.is_some_and(|last| last >= shape) {
            return None;
        }
        last = Some(shape);
        let end = table.len() - cursor.0.len();
        places.push((end - shape.len()..end, check_shape(shape)?));
    }
    Some(places)
}
