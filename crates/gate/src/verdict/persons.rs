//! Codes against a record for what its people said: its authors, and those it is about.

use std::collections::HashMap;
use std::sync::Arc;

use arrow_array::{Array, RecordBatch};
use bezwaar_core::item::Relation;
use bezwaar_core::{Code, ReasonSet};

use super::Scratch;
use crate::bind::{BoundPerson, Fields, Source};
use crate::gate::Inner;
use crate::ids::each_id;
use crate::leaf::{Cell, Leaf, Path, dictionary, for_each_cell};
use crate::people::{Person, Stood, cell_name, keyed_item};

/// Acts of a person that name items, for one row.
pub(super) struct NamedActs {
    stood: Arc<Stood>,
    /// `None`: as author; otherwise whether as forwarder.
    about: Option<bool>,
}

pub(super) fn authors(
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
    for (place, person) in fields.author.iter().enumerate() {
        each_person(inner, person, Place::Author(place), batch, scratch, &mut |row, found| {
            let found = found.unwrap_or(unresolved);
            let (Some(bits), Some(registered), Some(seen)) = (bits.get_mut(row), registered.get_mut(row), seen.get_mut(row)) else {
                return;
            };
            *bits |= found.as_author;
            let mask = found.registered as u8;
            *registered = if !*seen || *registered == mask { mask } else { 0b11 };
            *seen = true;
            if let Some(stood) = &found.items {
                named.push((row, NamedActs { stood: Arc::clone(stood), about: None }));
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

pub(super) fn about(
    inner: &Inner,
    fields: &Fields,
    batch: &RecordBatch,
    scratch: &mut Scratch,
    bits: &mut [u64],
    named: &mut Vec<(usize, NamedActs)>,
) {
    for (place, person) in fields.about.iter().enumerate() {
        let relations = person.relation_path.as_ref().map(|path| relations(path, batch));
        let mut nth = 0;
        let mut row_before = usize::MAX;
        each_person(inner, person, Place::About(place), batch, scratch, &mut |row, found| {
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
            if let Some(stood) = &found.items {
                named.push((row, NamedActs { stood: Arc::clone(stood), about: Some(forwarder) }));
            }
        });
    }
}

/// Names looked up together.
const NAMES_AT_ONCE: usize = 64;

/// Which person of a mapping.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Author(usize),
    About(usize),
}

impl Place {
    /// A number of its own.
    fn number(self) -> usize {
        match self {
            Place::Author(place) => place * 2,
            Place::About(place) => place * 2 + 1,
        }
    }
}

/// Calls `visit` for every value of an array in order, with whom it names; `None`: nobody that can be told.
fn each_named(
    inner: &Inner,
    of: &BoundPerson,
    array: &dyn Array,
    scratch: &mut Scratch,
    visit: &mut dyn FnMut(usize, Cell<'_>, Option<&Person>),
) {
    let (names, notes) = (&mut scratch.memory.names, &mut scratch.notes);
    let mut buffer = String::new();
    let mut block: Vec<(usize, Cell<'_>)> = Vec::with_capacity(NAMES_AT_ONCE);
    let mut look_up = |block: &mut Vec<(usize, Cell<'_>)>| {
        names.warm(of.place, block.iter().filter_map(|(_, cell)| if let Cell::Text(text) = cell { Some(*text) } else { None }));
        for (index, cell) in block.drain(..) {
            match cell {
                Cell::Text(text) => visit(index, cell, Some(names.person(inner, notes, of, text))),
                other => {
                    let known = cell_name(other, &mut buffer).then(|| names.person(inner, notes, of, &buffer));
                    visit(index, other, known);
                }
            }
        }
    };
    for_each_cell(array, |index, cell| {
        block.push((index, cell));
        if block.len() == NAMES_AT_ONCE {
            look_up(&mut block);
        }
    });
    look_up(&mut block);
}

/// Calls `visit` for every person of every row in order; `None` is somebody who cannot be told. A row whose list is empty has nobody; a
/// single value that is null is somebody unknown for an author, nobody for people a record is about.
fn each_person(
    inner: &Inner,
    person: &BoundPerson,
    place: Place,
    batch: &RecordBatch,
    scratch: &mut Scratch,
    visit: &mut dyn FnMut(usize, Option<&Person>),
) {
    let is_author = matches!(place, Place::Author(_));
    let path = match &person.source {
        Source::Const(value) => {
            for row in 0..batch.num_rows() {
                visit(row, Some(scratch.memory.names.person(inner, &mut scratch.notes, person, value)));
            }
            return;
        }
        Source::Column(path) => path,
    };
    let Some(leaf) = Leaf::of(batch, path) else {
        (0..batch.num_rows()).for_each(|row| visit(row, None));
        return;
    };
    // An empty text in a column of its own is how text formats write nobody.
    let nobody = |cell: Cell<'_>| matches!(cell, Cell::Null) || matches!(cell, Cell::Text(text) if text.trim().is_empty());
    // Rows without lists are the common case, and the fast one.
    let Some((offsets, indices)) = &leaf.rows else {
        let Some((values, keys)) = dictionary(leaf.array.as_ref()) else {
            each_named(inner, person, leaf.array.as_ref(), scratch, &mut |row, cell, known| {
                let present = leaf.is_present(row);
                if is_author || (present && !nobody(cell)) {
                    visit(row, known.filter(|_| present));
                }
            });
            return;
        };
        let people = scratch.notes.known_dictionary(place.number(), &values).unwrap_or_else(|| {
            let mut people = Vec::with_capacity(values.len());
            each_named(inner, person, values.as_ref(), scratch, &mut |_, cell, known| people.push((known.cloned(), nobody(cell))));
            let people = Arc::new(people);
            scratch.notes.remember_dictionary(place.number(), &values, &people);
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
    };
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
    let mut buffer = String::new();
    for (row, pair) in offsets.windows(2).enumerate() {
        let [from, until] = pair else { continue };
        for index in indices.get(*from..*until).unwrap_or_default() {
            let cell = cells.get(*index).copied().filter(|_| leaf.is_present(*index)).unwrap_or(Cell::Null);
            let known = cell_name(cell, &mut buffer).then(|| scratch.memory.names.person(inner, &mut scratch.notes, person, &buffer));
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
pub(super) fn judge_named(inner: &Inner, fields: &Fields, batch: &RecordBatch, named: &[(usize, NamedActs)], bits: &mut [u64]) {
    let mut ids: HashMap<usize, Option<String>> = named.iter().map(|(row, _)| (*row, None)).collect();
    let asked = ids.keys().copied().collect::<std::collections::HashSet<usize>>();
    each_id(fields, batch, &|row| asked.contains(&row), &mut |row, id| {
        // An empty id, or one that went through a float, names nothing: any act that names items may mean it.
        let named = !matches!(id.trim().to_ascii_lowercase().as_str(), "" | "nan" | "null" | "none");
        ids.insert(row, named.then(|| id.trim().to_owned()));
    });
    for (row, acts) in named {
        let item: Box<dyn bezwaar_core::acts::ItemIdentity> = match ids.get(row).and_then(Option::as_ref) {
            Some(id) => Box::new(keyed_item(inner, id)),
            // Without an id nobody can tell whether the item is one of those named.
            None => Box::new(AnyItem),
        };
        let more = match acts.about {
            None => acts.stood.author_bits(item.as_ref()),
            Some(forwarder) => acts.stood.about_bits(item.as_ref(), forwarder),
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
