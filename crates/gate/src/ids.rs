//! The ids of records, where a mapping has them.

use arrow_array::RecordBatch;

use crate::bind::{Fields, Source};
use crate::leaf::{Cell, Leaf, dictionary, for_each_cell};
use crate::people::cell_name;

/// Calls `visit` with the id of every wanted row that has one, as written.
pub(crate) fn each_id(fields: &Fields, batch: &RecordBatch, wanted: &dyn Fn(usize) -> bool, visit: &mut dyn FnMut(usize, &str)) {
    let path = match &fields.id {
        None => return,
        Some(Source::Const(value)) => return (0..batch.num_rows()).filter(|row| wanted(*row)).for_each(|row| visit(row, value)),
        Some(Source::Column(path)) => path,
    };
    let Some(leaf) = Leaf::of(batch, path) else { return };
    let mut buffer = String::new();
    let mut take = |row: usize, cell: Cell<'_>| {
        if leaf.is_present(row) && wanted(row) && cell_name(cell, &mut buffer) {
            visit(row, &buffer);
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
