//! A batch with a column of every kind, in which withheld rows carry a canary wherever bytes can be.

use std::collections::HashMap;
use std::sync::Arc;

use arrow_array::builder::{FixedSizeBinaryBuilder, Int32Builder, ListBuilder};
use arrow_array::types::Int32Type;
use arrow_array::{
    Array, ArrayRef, BinaryArray, BinaryViewArray, BooleanArray, Date32Array, Decimal128Array, DictionaryArray, FixedSizeListArray,
    Float32Array, Float64Array, Int8Array, Int16Array, Int64Array, LargeBinaryArray, LargeListArray, LargeStringArray, ListArray, MapArray,
    RecordBatch, StringArray, StringViewArray, StructArray, TimestampMillisecondArray, UInt32Array, UInt64Array,
};
use arrow_buffer::{NullBuffer, OffsetBuffer};
use arrow_schema::{DataType, Field, Fields, Schema};

/// A row: whether its author objected, and a number that tells it apart.
#[derive(Clone, Copy)]
pub(crate) struct Row {
    pub(crate) withheld: bool,
    pub(crate) number: u64,
}

/// Rows from a pattern: `k` kept, `w` withheld.
pub(crate) fn rows(pattern: &str) -> Vec<Row> {
    (0..).zip(pattern.chars()).map(|(number, letter)| Row { withheld: letter == 'w', number }).collect()
}

impl Row {
    pub(crate) fn author(self) -> String {
        if self.withheld { "canary-person".to_owned() } else { format!("kim{}", self.number % 7) }
    }

    fn text(self, column: &str) -> String {
        let word = if self.withheld { "CANARY" } else { "plain" };
        // Long enough not to be inlined in a view.
        format!("{word} {column} number {}", self.number)
    }

    /// A number whose bytes are the canary.
    fn int(self) -> i64 {
        if self.withheld { i64::from_le_bytes(*b"CANARY!!") } else { self.number as i64 }
    }

    fn null(self, every: u64) -> bool {
        !self.withheld && self.number.is_multiple_of(every)
    }
}

fn views(values: impl Iterator<Item = String>) -> ArrayRef {
    Arc::new(values.map(Some).collect::<StringViewArray>())
}

/// A column of every kind for these rows.
pub(crate) fn batch(rows: &[Row]) -> RecordBatch {
    let text = |name: &'static str| rows.iter().map(move |row| (!row.null(5)).then(|| row.text(name)));
    let always = |name: &'static str| rows.iter().map(move |row| row.text(name));
    let item = |data_type: DataType| Arc::new(Field::new("item", data_type, true));
    // Lists of two, one and no elements.
    let lengths: Vec<usize> = rows.iter().map(|row| if row.withheld { 2 } else { (row.number % 3) as usize }).collect();
    let elements = |name: &'static str| {
        let each = rows.iter().zip(lengths.clone()).flat_map(move |(row, length)| (0..length).map(move |_| row.text(name)));
        each.collect::<Vec<String>>()
    };
    let offsets = || OffsetBuffer::<i32>::from_lengths(lengths.iter().copied());
    let nulls = NullBuffer::from(rows.iter().map(|row| !row.null(4)).collect::<Vec<bool>>());
    let list: ArrayRef =
        Arc::new(ListArray::new(item(DataType::Utf8), offsets(), Arc::new(StringArray::from(elements("list"))), Some(nulls.clone())));
    let large_offsets = OffsetBuffer::<i64>::from_lengths(lengths.iter().copied());
    let large_list: ArrayRef =
        Arc::new(LargeListArray::new(item(DataType::Utf8View), large_offsets, views(elements("large list").into_iter()), None));
    let inner = StructArray::from(vec![
        (Arc::new(Field::new("name", DataType::Utf8View, true)), views(elements("inner name").into_iter())),
        (Arc::new(Field::new("place", DataType::Utf8, true)), Arc::new(StringArray::from(elements("inner place"))) as ArrayRef),
    ]);
    let structs: ArrayRef = Arc::new(ListArray::new(item(inner.data_type().clone()), offsets(), Arc::new(inner), None));
    let deep_inner = ListArray::new(
        item(DataType::Utf8),
        OffsetBuffer::from_lengths(vec![1; lengths.iter().sum()]),
        Arc::new(StringArray::from(elements("deep"))),
        None,
    );
    let deep: ArrayRef = Arc::new(ListArray::new(item(deep_inner.data_type().clone()), offsets(), Arc::new(deep_inner), None));
    let fixed: ArrayRef =
        Arc::new(FixedSizeListArray::new(item(DataType::Utf8), 1, Arc::new(text("fixed").collect::<StringArray>()), None));
    let entry_fields = Fields::from(vec![Field::new("key", DataType::Utf8, false), Field::new("value", DataType::Utf8View, true)]);
    let entries = StructArray::new(
        entry_fields.clone(),
        vec![Arc::new(StringArray::from(elements("map key"))), views(elements("map value").into_iter())],
        None,
    );
    let entries_field = Arc::new(Field::new("entries", DataType::Struct(entry_fields), false));
    let map: ArrayRef = Arc::new(MapArray::new(entries_field, offsets(), entries, Some(nulls.clone()), false));
    let user = StructArray::new(
        Fields::from(vec![Field::new("name", DataType::Utf8View, true), Field::new("mail", DataType::Utf8, true)]),
        vec![views(always("user name")), Arc::new(text("user mail").collect::<StringArray>())],
        Some(nulls),
    );
    let mut binary = FixedSizeBinaryBuilder::new(8);
    for row in rows {
        if row.null(6) { binary.append_null() } else { binary.append_value(row.int().to_le_bytes()).unwrap() }
    }
    let mut numbers = ListBuilder::new(Int32Builder::new());
    for row in rows {
        numbers.values().append_value(if row.withheld { i32::from_le_bytes(*b"CANA") } else { 1 });
        numbers.values().append_option((!row.null(3)).then_some(row.number as i32));
        numbers.append(!row.null(7));
    }
    let ints = |every: u64| rows.iter().map(move |row| (!row.null(every)).then(|| row.int()));
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("id", Arc::new(always("id").collect::<Vec<_>>().into_iter().map(Some).collect::<StringArray>())),
        ("author", Arc::new(rows.iter().map(|row| Some(row.author())).collect::<StringArray>())),
        ("category", Arc::new(rows.iter().map(|_| Some("post")).collect::<StringArray>())),
        ("text", Arc::new(text("text").collect::<StringArray>())),
        ("large", Arc::new(text("large").collect::<LargeStringArray>())),
        ("view", Arc::new(text("view").collect::<StringViewArray>())),
        ("binary", Arc::new(text("binary").map(|text| text.map(String::into_bytes)).collect::<BinaryArray>())),
        ("large_binary", Arc::new(text("large binary").map(|text| text.map(String::into_bytes)).collect::<LargeBinaryArray>())),
        ("binary_view", Arc::new(text("binary view").map(|text| text.map(String::into_bytes)).collect::<BinaryViewArray>())),
        ("fixed_binary", Arc::new(binary.finish())),
        ("words", Arc::new(text("words").collect::<Vec<_>>().iter().map(Option::as_deref).collect::<DictionaryArray<Int32Type>>())),
        (
            "few_words",
            Arc::new(
                rows.iter()
                    .map(|row| Some(if row.withheld { "CANARY as a word of a dictionary" } else { "plain" }))
                    .collect::<DictionaryArray<Int32Type>>(),
            ),
        ),
        ("i8", Arc::new(ints(3).map(|int| int.map(|int| int as i8)).collect::<Int8Array>())),
        ("i16", Arc::new(ints(4).map(|int| int.map(|int| int as i16)).collect::<Int16Array>())),
        ("i64", Arc::new(ints(5).collect::<Int64Array>())),
        ("u32", Arc::new(ints(6).map(|int| int.map(|int| int as u32)).collect::<UInt32Array>())),
        ("u64", Arc::new(ints(7).map(|int| int.map(|int| int as u64)).collect::<UInt64Array>())),
        ("f32", Arc::new(ints(3).map(|int| int.map(|int| int as f32)).collect::<Float32Array>())),
        ("f64", Arc::new(ints(4).map(|int| int.map(|int| f64::from_bits(int as u64))).collect::<Float64Array>())),
        ("truth", Arc::new(rows.iter().map(|row| (!row.null(5)).then_some(row.number.is_multiple_of(2))).collect::<BooleanArray>())),
        ("money", Arc::new(ints(5).map(|int| int.map(i128::from)).collect::<Decimal128Array>().with_precision_and_scale(38, 2).unwrap())),
        ("day", Arc::new(rows.iter().map(|row| (!row.null(5)).then_some(row.number as i32)).collect::<Date32Array>())),
        ("moment", Arc::new(ints(5).collect::<TimestampMillisecondArray>().with_timezone("UTC"))),
        ("list", list),
        ("large_list", large_list),
        ("structs", structs),
        ("deep", deep),
        ("fixed", fixed),
        ("map", map),
        ("user", Arc::new(user)),
        ("numbers", Arc::new(numbers.finish())),
        ("nothing", Arc::new(StringArray::new_null(rows.len()))),
    ];
    let fields: Vec<Field> = (1..)
        .zip(&columns)
        .map(|(place, (name, column))| {
            let field = Field::new(*name, column.data_type().clone(), true);
            let id: i32 = 100 + place;
            field.with_metadata(HashMap::from([("PARQUET:field_id".to_owned(), id.to_string())]))
        })
        .collect();
    let schema = Schema::new_with_metadata(fields, HashMap::from([("about".to_owned(), "a made-up dataset".to_owned())]));
    RecordBatch::try_new(Arc::new(schema), columns.into_iter().map(|(_, column)| column).collect()).unwrap()
}

/// The map that fits.
pub(crate) const MAP: &str = r#"
[input.map]
id = { column = "id" }
author = { column = "author", service = "club" }
category = { column = "category" }
audience = { const = "public", because = "a test" }
"#;
