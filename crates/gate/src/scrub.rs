//! Taking rows out so that nothing of the others stays in the buffers.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::{
    Array, ArrayRef, BooleanArray, FixedSizeListArray, LargeListArray, ListArray, MapArray, RecordBatch, StructArray, UInt64Array,
};
use arrow_schema::DataType;
use arrow_select::take::take;

use crate::error::{ErrorKind, GateError, Result};

/// The kept rows of a batch, copied: dictionaries collected, views compacted, slices cut.
pub(crate) fn filter(batch: &RecordBatch, keep: &BooleanArray) -> Result<RecordBatch> {
    let kept = (0_u64..).zip(keep.values().iter()).filter(|(_, keep)| *keep).map(|(row, _)| row);
    // `take` always copies; a filter that keeps all rows would hand on buffers with what lies outside a slice.
    let rows = UInt64Array::from_iter_values(kept);
    let columns = batch.columns().iter().map(|column| take_clean(column, &rows)).collect::<Result<Vec<ArrayRef>>>()?;
    let options = arrow_array::RecordBatchOptions::new().with_row_count(Some(rows.len()));
    RecordBatch::try_new_with_options(batch.schema(), columns, &options).map_err(broken)
}

fn broken(error: arrow_schema::ArrowError) -> GateError {
    GateError::new(ErrorKind::Input, "an Arrow array could not be copied").with_source(error)
}

fn take_clean(column: &ArrayRef, rows: &UInt64Array) -> Result<ArrayRef> {
    clean(&take(column.as_ref(), rows, None).map_err(broken)?)
}

/// Rebuilds what `take` shares with its source.
fn clean(array: &ArrayRef) -> Result<ArrayRef> {
    Ok(match array.data_type() {
        DataType::Utf8View => Arc::new(array.as_string_view().gc()),
        DataType::BinaryView => Arc::new(array.as_binary_view().gc()),
        DataType::Dictionary(..) => {
            let dictionary = array.as_any_dictionary();
            let collected = arrow_select::dictionary::garbage_collect_any_dictionary(dictionary).map_err(broken)?;
            // Collecting may hand on values that are a slice of more.
            let values = collected.as_any_dictionary().values();
            let all = UInt64Array::from_iter_values((0..).take(values.len()));
            let values = take_clean(values, &all)?;
            collected.as_any_dictionary().with_values(values)
        }
        DataType::Struct(fields) => {
            let source = array.as_struct();
            let columns = source.columns().iter().map(clean).collect::<Result<Vec<ArrayRef>>>()?;
            if columns.is_empty() {
                return Ok(Arc::clone(array));
            }
            Arc::new(StructArray::try_new(fields.clone(), columns, source.nulls().cloned()).map_err(broken)?)
        }
        DataType::List(field) => {
            let list = array.as_list::<i32>();
            let values = clean(list.values())?;
            Arc::new(ListArray::try_new(Arc::clone(field), list.offsets().clone(), values, list.nulls().cloned()).map_err(broken)?)
        }
        DataType::LargeList(field) => {
            let list = array.as_list::<i64>();
            let values = clean(list.values())?;
            Arc::new(LargeListArray::try_new(Arc::clone(field), list.offsets().clone(), values, list.nulls().cloned()).map_err(broken)?)
        }
        DataType::Map(field, sorted) => {
            let map = array.as_map();
            let entries: ArrayRef = Arc::new(map.entries().clone());
            let entries = clean(&entries)?.as_struct().clone();
            Arc::new(MapArray::try_new(Arc::clone(field), map.offsets().clone(), entries, map.nulls().cloned(), *sorted).map_err(broken)?)
        }
        DataType::FixedSizeList(field, width) => {
            let list = array.as_fixed_size_list();
            let values = clean(list.values())?;
            Arc::new(FixedSizeListArray::try_new(Arc::clone(field), *width, values, list.nulls().cloned()).map_err(broken)?)
        }
        DataType::Union(..) | DataType::RunEndEncoded(..) | DataType::ListView(_) | DataType::LargeListView(_) => {
            let message = format!("columns of type {} cannot be copied without what was withheld", array.data_type());
            return Err(GateError::config(message).with_help("leave the column out with output.drop, or store it as another type"));
        }
        _ => Arc::clone(array),
    })
}
