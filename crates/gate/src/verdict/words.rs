//! Codes of fields that hold words: categories, audiences, regions, truth values, conversations.

use std::collections::HashMap;

use arrow_array::{Array, RecordBatch};
use bezwaar_core::class::{Chat, classify_chat, classify_registered};
use bezwaar_core::item::{ChatKind, Conversation};

use super::{Codes, OVER, Scratch, VALUES_MAX, intern};
use crate::bind::{BoundWord, Fields, Source};
use crate::leaf::{Cell, Leaf, Path, dictionary, for_each_cell};
use crate::mapping::WordMap;

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

pub(super) fn words(word: Option<&BoundWord>, batch: &RecordBatch, code: &dyn Fn(Option<&str>) -> u8) -> Codes {
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

pub(super) fn masks_of_words(
    word: &BoundWord,
    batch: &RecordBatch,
    scratch: &mut Scratch,
    field: usize,
    mask: &dyn Fn(Option<&str>) -> u64,
) -> Codes {
    match &word.source {
        Source::Const(value) => {
            let mask = word_of(&word.map, Cell::Text(value), &mut |text| mask(text));
            Codes::Same(intern(&mut scratch.memory.masks, field, mask).unwrap_or(OVER))
        }
        Source::Column(path) => {
            let mut out = Vec::with_capacity(batch.num_rows());
            let masks = &mut scratch.memory.masks;
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

pub(super) fn registrations(word: Option<&BoundWord>, batch: &RecordBatch, by_name: &[u8]) -> Codes {
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

/// Whether each row is on hold: whatever a record says there is a hold, as in the exchange format. Only the job can say that a value is
/// none, by listing it as `none`, or asserting it.
pub(super) fn holds(word: Option<&BoundWord>, batch: &RecordBatch) -> Codes {
    let told = word.is_some_and(|word| word.map.values.is_some() || matches!(word.source, Source::Const(_)));
    words(word, batch, &|text| u8::from(text.is_some_and(|text| !told || text != "none")))
}

/// The conversation of each row from its three parts. It is there when a part is, or the structure that holds them.
pub(super) fn chats(fields: &Fields, batch: &RecordBatch) -> Codes {
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
