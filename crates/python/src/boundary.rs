//! Between pointers and values. All that has to be trusted is here and in the functions themselves.

use std::ffi::{CStr, CString, c_char, c_int};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;

use bezwaar_gate::arrow::arrow_array::ffi::{FFI_ArrowArray, FFI_ArrowSchema, from_ffi};
use bezwaar_gate::arrow::arrow_array::ffi_stream::FFI_ArrowArrayStream;
use bezwaar_gate::arrow::arrow_array::{Array, RecordBatch, RecordBatchOptions, StructArray};
use bezwaar_gate::arrow::arrow_schema::{DataType, Fields, Schema};
use bezwaar_gate::{Bound, Verdicts};

use crate::failure::{Failure, Status};

type Result<T> = std::result::Result<T, Failure>;

/// A gate bound to a schema.
#[derive(Clone, Debug)]
pub struct BoundGate {
    pub(crate) bound: Bound,
    /// The columns it was bound to; a batch must have these.
    pub(crate) fields: Fields,
}

impl BoundGate {
    pub(crate) fn filter(&self, batch: &RecordBatch) -> Result<RecordBatch> {
        self.fit(batch.schema_ref())?;
        sound(batch)?;
        Ok(self.bound.filter(batch)?)
    }

    pub(crate) fn verdicts(&self, batch: &RecordBatch) -> Result<Verdicts> {
        self.fit(batch.schema_ref())?;
        sound(batch)?;
        Ok(self.bound.verdicts(batch)?)
    }

    /// Whether batches of this schema have the columns the gate was bound to.
    pub(crate) fn fit(&self, schema: &Schema) -> Result<()> {
        let columns = |fields: &Fields| fields.iter().map(|field| (field.name().clone(), field.data_type().clone())).collect::<Vec<_>>();
        let (bound, found) = (columns(&self.fields), columns(schema.fields()));
        if bound == found {
            return Ok(());
        }
        Err(Failure::config("the batch has other columns than the schema the gate was bound to\nhelp: bind the gate again, to this schema"))
    }
}

/// Checks offsets, texts and dictionary keys: from elsewhere they are taken on trust.
fn sound(batch: &RecordBatch) -> Result<()> {
    for column in batch.columns() {
        column.to_data().validate_full()?;
    }
    Ok(())
}

/// Does the work, and tells in numbers and text how it ended. A panic does not leave this crate.
///
/// # Safety
///
/// `error` is null or can be written to.
pub(crate) unsafe fn answer(error: *mut *mut c_char, work: impl FnOnce() -> Result<()>) -> c_int {
    let done = catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| Err(Failure::defect()));
    let Err(failure) = done else { return Status::Done as c_int };
    if !error.is_null() {
        let text = CString::new(failure.text.replace('\0', "\u{fffd}")).unwrap_or_default();
        // SAFETY: not null, so it can be written to.
        unsafe { error.write(text.into_raw()) };
    }
    failure.status as c_int
}

fn missing(name: &str) -> Failure {
    Failure::config(format!("`{name}` is a null pointer"))
}

/// # Safety
///
/// `text` is null or a C string that lives for `'a`.
pub(crate) unsafe fn text_at<'a>(text: *const c_char, name: &str) -> Result<&'a str> {
    if text.is_null() {
        return Err(missing(name));
    }
    // SAFETY: not null, so a C string.
    let text = unsafe { CStr::from_ptr(text) };
    text.to_str().map_err(|_| Failure::config(format!("`{name}` is not UTF-8")))
}

/// # Safety
///
/// `bytes` is null or holds `len` bytes that live for `'a`.
pub(crate) unsafe fn bytes_at<'a>(bytes: *const u8, len: usize, name: &str) -> Result<&'a [u8]> {
    if bytes.is_null() {
        return Err(missing(name));
    }
    // SAFETY: not null, so there are that many.
    Ok(unsafe { std::slice::from_raw_parts(bytes, len) })
}

/// # Safety
///
/// `place` is null or points to a `T` that lives for `'a`.
pub(crate) unsafe fn reference<'a, T>(place: *const T, name: &str) -> Result<&'a T> {
    // SAFETY: by contract.
    unsafe { place.as_ref() }.ok_or_else(|| missing(name))
}

/// A structure of the Arrow interfaces that can be moved out of a place.
pub(crate) trait Moved: Sized {
    /// One that was released, to be left behind.
    fn released() -> Self;
}

impl Moved for FFI_ArrowArray {
    fn released() -> Self {
        FFI_ArrowArray::empty()
    }
}

impl Moved for FFI_ArrowSchema {
    fn released() -> Self {
        FFI_ArrowSchema::empty()
    }
}

impl Moved for FFI_ArrowArrayStream {
    fn released() -> Self {
        FFI_ArrowArrayStream::empty()
    }
}

/// Moves a structure out, leaving a released one behind.
///
/// # Safety
///
/// `place` is null or holds a valid structure.
pub(crate) unsafe fn take_back<T: Moved>(place: *mut T, name: &str) -> Result<T> {
    if place.is_null() {
        return Err(missing(name));
    }
    // SAFETY: not null, so valid; what stays behind is a valid value that owns nothing.
    Ok(unsafe { ptr::replace(place, T::released()) })
}

/// Moves a batch out.
///
/// # Safety
///
/// Both are null or hold valid structures, the array of the schema's type.
pub(crate) unsafe fn batch_from(array: *mut FFI_ArrowArray, schema: *mut FFI_ArrowSchema) -> Result<RecordBatch> {
    // SAFETY: by contract.
    let (array, schema) = unsafe { (take_back(array, "batch"), take_back(schema, "schema")) };
    let (array, schema) = (array?, schema?);
    if array.is_released() {
        return Err(Failure::config("`batch` was released before"));
    }
    let columns = Schema::try_from(&schema)?;
    // SAFETY: valid, by contract; `BoundGate` checks what can be checked before anything is read.
    let data = unsafe { from_ffi(array, &schema) }?;
    if !matches!(data.data_type(), DataType::Struct(_)) {
        return Err(Failure::config("a batch is a struct array, of a field per column"));
    }
    if data.null_count() > 0 {
        return Err(Failure::config("the batch has rows that are null as a whole; leave them out, or store nulls in the columns"));
    }
    let rows = data.len();
    let arrays = StructArray::from(data).into_parts().1;
    let options = RecordBatchOptions::new().with_row_count(Some(rows));
    Ok(RecordBatch::try_new_with_options(columns.into(), arrays, &options)?)
}

/// # Safety
///
/// `place` is null or can be written to; what it holds is not looked at.
pub(crate) unsafe fn put<T>(place: *mut T, value: T, name: &str) -> Result<()> {
    if place.is_null() {
        return Err(missing(name));
    }
    // SAFETY: not null, so it can be written to.
    unsafe { place.write(value) };
    Ok(())
}

/// # Safety
///
/// `place` is null or can be written to.
pub(crate) unsafe fn give<T>(value: T, place: *mut *mut T, name: &str) -> Result<()> {
    if place.is_null() {
        return Err(missing(name));
    }
    // SAFETY: not null, so it can be written to.
    unsafe { put(place, Box::into_raw(Box::new(value)), name) }
}

/// # Safety
///
/// Both are null or can be written to.
pub(crate) unsafe fn give_bytes(bytes: Vec<u8>, place: *mut *mut u8, len: *mut usize) -> Result<()> {
    if place.is_null() || len.is_null() {
        return Err(missing("spec"));
    }
    let bytes = Box::leak(bytes.into_boxed_slice());
    // SAFETY: not null, so both can be written to.
    unsafe {
        len.write(bytes.len());
        place.write(bytes.as_mut_ptr());
    }
    Ok(())
}

/// # Safety
///
/// Both are null or can be written to.
pub(crate) unsafe fn export(
    array: StructArray,
    made_schema: FFI_ArrowSchema,
    place: *mut FFI_ArrowArray,
    schema: *mut FFI_ArrowSchema,
) -> Result<()> {
    if place.is_null() || schema.is_null() {
        return Err(missing("where the result goes"));
    }
    // SAFETY: not null, so both can be written to.
    unsafe {
        put(place, FFI_ArrowArray::new(&array.into_data()), "array")?;
        put(schema, made_schema, "schema")
    }
}

/// # Safety
///
/// `place` is null, or came from [`give`] and was not freed.
pub(crate) unsafe fn free<T>(place: *mut T) {
    if !place.is_null() {
        // SAFETY: it is a box that was given out, by contract.
        drop(unsafe { Box::from_raw(place) });
    }
}

/// # Safety
///
/// `bytes` is null, or came with this length from [`give_bytes`] and was not freed.
pub(crate) unsafe fn free_bytes(bytes: *mut u8, len: usize) {
    if !bytes.is_null() {
        // SAFETY: it is a boxed slice of that length that was given out, by contract.
        drop(unsafe { Box::from_raw(ptr::slice_from_raw_parts_mut(bytes, len)) });
    }
}

/// # Safety
///
/// `text` is null, or came from [`answer`] and was not freed.
pub(crate) unsafe fn free_text(text: *mut c_char) {
    if !text.is_null() {
        // SAFETY: it is a `CString` that was given out, by contract.
        drop(unsafe { CString::from_raw(text) });
    }
}
