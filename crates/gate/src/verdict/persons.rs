//! Codes against a record for what its people said: its authors, and those it is about.

use std::collections::HashMap;

use arrow_array::{Array, RecordBatch};
use bezwaar_core::item::Relation;
use bezwaar_core::{Code, ReasonSet};

use super::Scratch;
use crate::bind::{BoundPerson, Fields, Source};
use crate::gate::Inner;
use crate::ids::each_id;
use crate::leaf::{Cell, Leaf, Path, dictionary, for_each_cell};
use crate::people::{FIRST_ABOUT, Names, about_bits, author_bits, cell_name, keyed_item};

/// Acts of a person that name items, for one row.
pub(super) struct NamedActs {
    standing: std::sync::Arc<bezwaar_core::standing::Standing>,
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

pub(super) fn about(
    inner: &Inner,
    fields: &Fields,
    batch: &RecordBatch,
    scratch: &mut Scratch,
    bits: &mut [u64],
    named: &mut Vec<(usize, NamedActs)>,
) {
    for (place, person) in (FIRST_ABOUT..).zip(&fields.about) {
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
    let is_author = place < FIRST_ABOUT;
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
