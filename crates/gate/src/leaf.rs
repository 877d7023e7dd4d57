//! Walking a path into Arrow columns, and reading cells whatever their type.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{
    ArrowDictionaryKeyType, Date32Type, Date64Type, Int8Type, Int16Type, Int32Type, Int64Type, TimestampMicrosecondType,
    TimestampMillisecondType, TimestampNanosecondType, TimestampSecondType, UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use arrow_array::{Array, ArrayRef, RecordBatch};
use arrow_buffer::NullBuffer;
use arrow_schema::{DataType, Schema, TimeUnit};

use crate::mapping::{ELEMENTS, Unit};

/// A value of a column, whatever its type.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Cell<'a> {
    Null,
    Text(&'a str),
    Int(i64),
    /// A number too large for [`Cell::Int`].
    Large(u64),
    Float(f64),
    Bool(bool),
    /// A time of an Arrow timestamp: microseconds, and whether the type has a zone.
    Time(i64, bool),
    /// A day, counted from 1970.
    Date(i64),
    /// Bytes that are no text.
    Broken,
}

/// One step of a resolved path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Field(usize),
    Elements,
}

/// A path resolved against a schema, and the type at its end.
#[derive(Clone, Debug)]
pub(crate) struct Path {
    pub(crate) steps: Vec<Step>,
    pub(crate) data_type: DataType,
    /// Whether it passes through a list.
    pub(crate) many: bool,
}

/// Resolves a path; the error is a sentence about the first step that does not fit.
pub(crate) fn resolve(schema: &Schema, path: &[String]) -> Result<Path, String> {
    let shown = || path.join(".");
    let first = path.first().ok_or_else(|| "an empty path".to_owned())?;
    let Ok(index) = schema.index_of(first) else {
        let names = schema.fields().iter().map(|field| field.name().as_str());
        let near = bezwaar_core::problem::nearest(first, names).map(|near| format!("; did you mean `{near}`?"));
        return Err(format!("there is no column `{first}`{}", near.unwrap_or_default()));
    };
    let mut steps = vec![Step::Field(index)];
    let mut data_type = schema.field(index).data_type().clone();
    let mut many = false;
    for name in path.iter().skip(1) {
        if name == ELEMENTS {
            data_type = match &data_type {
                DataType::List(field) | DataType::LargeList(field) | DataType::FixedSizeList(field, _) => field.data_type().clone(),
                other => return Err(format!("`{}`: `[]` needs a list, but the column holds {other}", shown())),
            };
            steps.push(Step::Elements);
            many = true;
        } else {
            let DataType::Struct(fields) = &data_type else {
                return Err(format!("`{}`: `{name}` needs a structure, but the column holds {data_type}", shown()));
            };
            let Some((index, field)) = fields.find(name) else {
                return Err(format!("`{}`: there is no field `{name}`", shown()));
            };
            let field = field.data_type().clone();
            steps.push(Step::Field(index));
            data_type = field;
        }
    }
    match &data_type {
        DataType::List(_) | DataType::LargeList(_) | DataType::FixedSizeList(..) => {
            Err(format!("`{}` is a list: add \"[]\" to the path", shown()))
        }
        DataType::Struct(_) | DataType::Map(..) | DataType::Union(..) => Err(format!("`{}` is a structure: name the field in it", shown())),
        _ => Ok(Path { steps, data_type, many }),
    }
}

/// The values at the end of a path for the rows of a batch.
pub(crate) struct Leaf {
    pub(crate) array: ArrayRef,
    /// Rows (or elements) whose parents are null.
    pub(crate) parents: Option<NullBuffer>,
    /// For lists: where the elements of each row begin, and which they are.
    pub(crate) rows: Option<(Vec<usize>, Vec<usize>)>,
}

impl Leaf {
    pub(crate) fn of(batch: &RecordBatch, path: &Path) -> Option<Leaf> {
        let mut steps = path.steps.iter();
        let Some(Step::Field(first)) = steps.next() else { return None };
        let mut leaf = Leaf { array: Arc::clone(batch.columns().get(*first)?), parents: None, rows: None };
        for step in steps {
            leaf = match step {
                Step::Field(index) => leaf.field(*index)?,
                Step::Elements => leaf.elements()?,
            };
        }
        Some(leaf)
    }

    fn field(self, index: usize) -> Option<Leaf> {
        let array = self.array.as_struct_opt()?;
        let parents = NullBuffer::union(self.parents.as_ref(), array.nulls());
        Some(Leaf { array: Arc::clone(array.columns().get(index)?), parents, rows: self.rows })
    }

    fn elements(self) -> Option<Leaf> {
        let count = self.array.len();
        let range: Box<dyn Fn(usize) -> (usize, usize)> = if let Some(list) = self.array.as_list_opt::<i32>() {
            let offsets: Vec<usize> = list.value_offsets().iter().map(|offset| usize::try_from(*offset).unwrap_or_default()).collect();
            Box::new(move |row| bounds(&offsets, row))
        } else if let Some(list) = self.array.as_list_opt::<i64>() {
            let offsets: Vec<usize> = list.value_offsets().iter().map(|offset| usize::try_from(*offset).unwrap_or_default()).collect();
            Box::new(move |row| bounds(&offsets, row))
        } else {
            let list = self.array.as_fixed_size_list_opt()?;
            let width = usize::try_from(list.value_length()).ok()?;
            Box::new(move |row| (row * width, (row + 1) * width))
        };
        let values = match self.array.data_type() {
            DataType::List(_) => Arc::clone(self.array.as_list_opt::<i32>()?.values()),
            DataType::LargeList(_) => Arc::clone(self.array.as_list_opt::<i64>()?.values()),
            _ => Arc::clone(self.array.as_fixed_size_list_opt()?.values()),
        };
        let present = |row: usize| self.array.is_valid(row) && self.parents.as_ref().is_none_or(|nulls| nulls.is_valid(row));
        let (mut offsets, mut indices) = (vec![0], Vec::new());
        let take = |indices: &mut Vec<usize>, row: usize| {
            if present(row) {
                let (from, until) = range(row);
                indices.extend(from..until);
            }
        };
        match &self.rows {
            None => {
                for row in 0..count {
                    take(&mut indices, row);
                    offsets.push(indices.len());
                }
            }
            Some((outer, inner)) => {
                for pair in outer.windows(2) {
                    let [from, until] = pair else { continue };
                    for row in inner.get(*from..*until).unwrap_or_default() {
                        take(&mut indices, *row);
                    }
                    offsets.push(indices.len());
                }
            }
        }
        Some(Leaf { array: values, parents: None, rows: Some((offsets, indices)) })
    }

    /// Whether the value at an index of the leaf has all its parents.
    pub(crate) fn is_present(&self, index: usize) -> bool {
        self.parents.as_ref().is_none_or(|nulls| nulls.is_valid(index))
    }
}

fn bounds(offsets: &[usize], row: usize) -> (usize, usize) {
    let at = |place: usize| offsets.get(place).copied().unwrap_or_default();
    (at(row), at(row + 1))
}

/// Calls `visit` for every value of an array in order; the type is told once.
pub(crate) fn for_each_cell<'a>(array: &'a dyn Array, mut visit: impl FnMut(usize, Cell<'a>)) {
    macro_rules! ints {
        ($type:ty) => {
            if let Some(values) = array.as_primitive_opt::<$type>() {
                for row in 0..values.len() {
                    visit(row, if values.is_null(row) { Cell::Null } else { Cell::Int(i64::from(values.value(row))) });
                }
                return;
            }
        };
    }
    macro_rules! times {
        ($type:ty, $unit:expr, $zoned:expr) => {
            if let Some(values) = array.as_primitive_opt::<$type>() {
                for row in 0..values.len() {
                    let cell = match $unit.micros(values.value(row)) {
                        _ if values.is_null(row) => Cell::Null,
                        Some(micros) => Cell::Time(micros, $zoned),
                        None => Cell::Broken,
                    };
                    visit(row, cell);
                }
                return;
            }
        };
    }
    match array.data_type() {
        // Such an array has no bitmap that says so.
        DataType::Null => (0..array.len()).for_each(|row| visit(row, Cell::Null)),
        DataType::Utf8 => {
            let Some(values) = array.as_string_opt::<i32>() else { return };
            for row in 0..values.len() {
                visit(row, if values.is_null(row) { Cell::Null } else { Cell::Text(values.value(row)) });
            }
        }
        DataType::LargeUtf8 => {
            let Some(values) = array.as_string_opt::<i64>() else { return };
            for row in 0..values.len() {
                visit(row, if values.is_null(row) { Cell::Null } else { Cell::Text(values.value(row)) });
            }
        }
        DataType::Utf8View => {
            let Some(values) = array.as_string_view_opt() else { return };
            for row in 0..values.len() {
                visit(row, if values.is_null(row) { Cell::Null } else { Cell::Text(values.value(row)) });
            }
        }
        DataType::Binary => {
            let Some(values) = array.as_binary_opt::<i32>() else { return };
            for row in 0..values.len() {
                let text = std::str::from_utf8(values.value(row)).map_or(Cell::Broken, Cell::Text);
                visit(row, if values.is_null(row) { Cell::Null } else { text });
            }
        }
        DataType::LargeBinary => {
            let Some(values) = array.as_binary_opt::<i64>() else { return };
            for row in 0..values.len() {
                let text = std::str::from_utf8(values.value(row)).map_or(Cell::Broken, Cell::Text);
                visit(row, if values.is_null(row) { Cell::Null } else { text });
            }
        }
        DataType::BinaryView => {
            let Some(values) = array.as_binary_view_opt() else { return };
            for row in 0..values.len() {
                let text = std::str::from_utf8(values.value(row)).map_or(Cell::Broken, Cell::Text);
                visit(row, if values.is_null(row) { Cell::Null } else { text });
            }
        }
        DataType::Boolean => {
            let Some(values) = array.as_boolean_opt() else { return };
            for row in 0..values.len() {
                visit(row, if values.is_null(row) { Cell::Null } else { Cell::Bool(values.value(row)) });
            }
        }
        DataType::Float16 | DataType::Float32 | DataType::Float64 => for_each_float(array, visit),
        DataType::UInt64 => {
            let Some(values) = array.as_primitive_opt::<UInt64Type>() else { return };
            for row in 0..values.len() {
                let value = values.value(row);
                let cell = i64::try_from(value).map_or(Cell::Large(value), Cell::Int);
                visit(row, if values.is_null(row) { Cell::Null } else { cell });
            }
        }
        DataType::Timestamp(unit, zone) => {
            let zoned = zone.is_some();
            match unit {
                TimeUnit::Second => times!(TimestampSecondType, Unit::Seconds, zoned),
                TimeUnit::Millisecond => times!(TimestampMillisecondType, Unit::Millis, zoned),
                TimeUnit::Microsecond => times!(TimestampMicrosecondType, Unit::Micros, zoned),
                TimeUnit::Nanosecond => times!(TimestampNanosecondType, Unit::Nanos, zoned),
            }
        }
        DataType::Date32 => {
            let Some(values) = array.as_primitive_opt::<Date32Type>() else { return };
            for row in 0..values.len() {
                visit(row, if values.is_null(row) { Cell::Null } else { Cell::Date(i64::from(values.value(row))) });
            }
        }
        DataType::Date64 => {
            let Some(values) = array.as_primitive_opt::<Date64Type>() else { return };
            for row in 0..values.len() {
                visit(row, if values.is_null(row) { Cell::Null } else { Cell::Date(values.value(row).div_euclid(86_400_000)) });
            }
        }
        _ => {
            ints!(Int8Type);
            ints!(Int16Type);
            ints!(Int32Type);
            ints!(Int64Type);
            ints!(UInt8Type);
            ints!(UInt16Type);
            ints!(UInt32Type);
            for row in 0..array.len() {
                visit(row, if array.is_null(row) { Cell::Null } else { Cell::Broken });
            }
        }
    }
}

fn for_each_float<'a>(array: &'a dyn Array, mut visit: impl FnMut(usize, Cell<'a>)) {
    use arrow_array::types::{Float32Type, Float64Type};
    for row in 0..array.len() {
        let float = array
            .as_primitive_opt::<Float64Type>()
            .map(|values| values.value(row))
            .or_else(|| array.as_primitive_opt::<Float32Type>().map(|values| f64::from(values.value(row))));
        let cell = match float {
            _ if array.is_null(row) => Cell::Null,
            Some(float) => Cell::Float(float),
            None => Cell::Broken,
        };
        visit(row, cell);
    }
}

/// A dictionary array as its values and one key per row (`None`: null). Keys that point nowhere are null too.
pub(crate) fn dictionary(array: &dyn Array) -> Option<(ArrayRef, Vec<Option<u32>>)> {
    fn keys<K: ArrowDictionaryKeyType>(array: &dyn Array) -> Option<(ArrayRef, Vec<Option<u32>>)>
    where
        usize: TryFrom<K::Native>,
    {
        let dictionary = array.as_dictionary_opt::<K>()?;
        let keys = dictionary.keys();
        let count = dictionary.values().len();
        let found = (0..keys.len())
            .map(|row| {
                let key = usize::try_from(keys.value(row)).ok().filter(|key| *key < count && !keys.is_null(row))?;
                u32::try_from(key).ok()
            })
            .collect();
        Some((Arc::clone(dictionary.values()), found))
    }
    let DataType::Dictionary(key, _) = array.data_type() else { return None };
    match &**key {
        DataType::Int8 => keys::<Int8Type>(array),
        DataType::Int16 => keys::<Int16Type>(array),
        DataType::Int32 => keys::<Int32Type>(array),
        DataType::Int64 => keys::<Int64Type>(array),
        DataType::UInt8 => keys::<UInt8Type>(array),
        DataType::UInt16 => keys::<UInt16Type>(array),
        DataType::UInt32 => keys::<UInt32Type>(array),
        DataType::UInt64 => keys::<UInt64Type>(array),
        _ => None,
    }
}
