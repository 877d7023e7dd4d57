//! **The gate for other languages.** Plain C functions that take and give Arrow data through the
//! [C Data Interface](https://arrow.apache.org/docs/format/CDataInterface.html) and the
//! [C Stream Interface](https://arrow.apache.org/docs/format/CStreamInterface.html); `bezwaar.py` calls them from Python.
//!
//! Nothing is decided here: a batch goes to [`bezwaar_gate::Bound`] and what it says comes back.
//!
//! | function | what it does |
//! |---|---|
//! | [`bezwaar_spec_of_job`] | the spec of a job file, as bytes that travel to workers |
//! | [`bezwaar_gate_open`] | a gate from a spec, the extract it names and its key |
//! | [`bezwaar_gate_bind`] | the gate bound to a schema by a map: the TOML text that stands under `[input.map]` in a job |
//! | [`bezwaar_filter`] | a batch to its kept rows, with no byte of the others |
//! | [`bezwaar_verdicts`] | a batch to `keep` and `reasons`, row by row |
//! | [`bezwaar_filter_stream`] | a stream of batches to a stream of kept rows |
//! | [`bezwaar_gate_free`], [`bezwaar_bound_free`], [`bezwaar_bytes_free`], [`bezwaar_text_free`] | give back what was given out |
//!
//! # The rules of the boundary
//!
//! - A function that can fail returns a [`Status`] number, 0 when it worked, and otherwise writes a text to `error`, to be given back with
//!   [`bezwaar_text_free`]. What it was to give is then not written. `error` may be null.
//! - An `ArrowArray`, `ArrowSchema` or `ArrowArrayStream` that goes in is moved: it belongs to the function, which releases it even when
//!   it fails. One that comes out belongs to the caller.
//! - A gate and a bound gate may be used from several threads at once. Each is freed once, after its last use; a bound gate does not need
//!   the gate it came from any more.
//! - What comes in is checked as Arrow data (offsets within their buffers, text that is UTF-8) before it is read. Lengths of buffers cannot be:
//!   the interface does not carry them.
//! - Whether an extract that nobody signed will do is the job's matter, and is answered when the spec is made.

mod boundary;
mod failure;
mod stream;

use std::ffi::{c_char, c_int};
use std::path::Path;

use bezwaar_gate::arrow::arrow_array::ffi::{FFI_ArrowArray, FFI_ArrowSchema};
use bezwaar_gate::arrow::arrow_array::ffi_stream::{FFI_ArrowArrayStream, RecordBatchStreamReader};
use bezwaar_gate::arrow::arrow_array::{ArrayRef, StructArray};
use bezwaar_gate::arrow::arrow_schema::{DataType, Field, Fields, Schema};
use bezwaar_gate::job::Job;
use bezwaar_gate::mapping::Mapping;
use bezwaar_gate::{Engine, Gate, GateError, GateSpec};
use bezwaar_ledger::extract::Extract;
use bezwaar_ledger::key::RootKey;

use crate::boundary::{answer, batch_from, bytes_at, export, give, give_bytes, put, reference, take_back, text_at};
use crate::stream::Filtered;

pub use crate::boundary::BoundGate;
pub use crate::failure::Status;

/// Writes the spec of a job file to `spec` and `spec_len`; give it back with [`bezwaar_bytes_free`]. The job is opened as for a run, so
/// all that is wrong with it, its policies, extract, key and inputs is told here. Nothing is written to disk.
///
/// # Safety
///
/// `job` is a C string; `spec`, `spec_len` and (unless null) `error` can be written to.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bezwaar_spec_of_job(
    job: *const c_char,
    spec: *mut *mut u8,
    spec_len: *mut usize,
    error: *mut *mut c_char,
) -> c_int {
    let work = || {
        // SAFETY: a C string, by contract.
        let job = unsafe { text_at(job, "job") }?;
        let engine = Engine::open(Job::open(Path::new(job))?)?;
        // SAFETY: both can be written to, by contract.
        unsafe { give_bytes(engine.spec().to_bytes(), spec, spec_len) }
    };
    // SAFETY: null or to be written to, by contract.
    unsafe { answer(error, work) }
}

/// Opens a gate: the spec's bytes, the path of the extract it names, and the path of the key the extract was made with. Writes it to
/// `gate`; give it back with [`bezwaar_gate_free`].
///
/// # Safety
///
/// `spec` holds `spec_len` bytes; `extract` and `key` are C strings; `gate` and (unless null) `error` can be written to.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bezwaar_gate_open(
    spec: *const u8,
    spec_len: usize,
    extract: *const c_char,
    key: *const c_char,
    gate: *mut *mut Gate,
    error: *mut *mut c_char,
) -> c_int {
    let work = || {
        // SAFETY: that many bytes, by contract.
        let spec = GateSpec::from_bytes(unsafe { bytes_at(spec, spec_len, "spec") }?)?;
        // SAFETY: C strings, by contract.
        let (extract, key) = unsafe { (Path::new(text_at(extract, "extract")?), Path::new(text_at(key, "key")?)) };
        let bytes = std::fs::read(extract).map_err(|error| GateError::io(extract, "read the extract", error))?;
        let extract =
            Extract::from_bytes(bytes).map_err(|error| GateError::input(extract, "the extract cannot be used").with_source(error))?;
        let text = std::fs::read_to_string(key).map_err(|error| GateError::io(key, "read the key", error))?;
        let keys = RootKey::parse_file(&text).map_err(|error| GateError::input(key, "the key file cannot be used").with_source(error))?;
        let opened = Gate::open(&spec, extract, keys.subject_keys())?;
        // SAFETY: it can be written to, by contract.
        unsafe { give(opened, gate, "gate") }
    };
    // SAFETY: null or to be written to, by contract.
    unsafe { answer(error, work) }
}

/// Binds a gate to a schema by a map, the TOML text that stands under `[input.map]` in a job; files it names are looked up from the
/// working folder. Writes the bound gate to `bound`; give it back with [`bezwaar_bound_free`].
///
/// # Safety
///
/// `gate` came from [`bezwaar_gate_open`]; `schema` is an `ArrowSchema` of a struct, and is moved; `map` is a C string; `bound` and (unless
/// null) `error` can be written to.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bezwaar_gate_bind(
    gate: *const Gate,
    schema: *mut FFI_ArrowSchema,
    map: *const c_char,
    bound: *mut *mut BoundGate,
    error: *mut *mut c_char,
) -> c_int {
    let work = || {
        // SAFETY: a schema to be moved, a gate and a C string, by contract.
        let (schema, gate, map) = unsafe { (take_back(schema, "schema")?, reference(gate, "gate")?, text_at(map, "map")?) };
        let schema = Schema::try_from(&schema)?;
        let mapping = Mapping::parse("map", map, Path::new("."))?;
        let made = BoundGate { bound: gate.bind(&schema, &mapping)?, fields: schema.fields().clone() };
        // SAFETY: it can be written to, by contract.
        unsafe { give(made, bound, "bound") }
    };
    // SAFETY: null or to be written to, by contract.
    unsafe { answer(error, work) }
}

/// Writes the rows of a batch that nothing speaks against to `kept` and `kept_schema`, in their order. Their buffers hold no byte of any
/// other row.
///
/// # Safety
///
/// `bound` came from [`bezwaar_gate_bind`]; `batch` and `schema` are a struct array and its schema, and are moved; `kept`, `kept_schema` and (unless
/// null) `error` can be written to.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bezwaar_filter(
    bound: *const BoundGate,
    batch: *mut FFI_ArrowArray,
    schema: *mut FFI_ArrowSchema,
    kept: *mut FFI_ArrowArray,
    kept_schema: *mut FFI_ArrowSchema,
    error: *mut *mut c_char,
) -> c_int {
    let work = || {
        // SAFETY: a struct array and its schema to be moved, by contract.
        let batch = unsafe { batch_from(batch, schema) }?;
        // SAFETY: a bound gate, by contract.
        let filtered = unsafe { reference(bound, "bound") }?.filter(&batch)?;
        let schema = FFI_ArrowSchema::try_from(filtered.schema().as_ref())?;
        // SAFETY: both can be written to, by contract.
        unsafe { export(StructArray::from(filtered), schema, kept, kept_schema) }
    };
    // SAFETY: null or to be written to, by contract.
    unsafe { answer(error, work) }
}

/// Writes the verdicts on a batch to `verdicts` and `verdicts_schema`: a struct of `keep` (bool) and `reasons` (uint64, the code with number *n* at
/// bit *n*), neither with nulls, a row for every row.
///
/// # Safety
///
/// As for [`bezwaar_filter`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bezwaar_verdicts(
    bound: *const BoundGate,
    batch: *mut FFI_ArrowArray,
    schema: *mut FFI_ArrowSchema,
    verdicts: *mut FFI_ArrowArray,
    verdicts_schema: *mut FFI_ArrowSchema,
    error: *mut *mut c_char,
) -> c_int {
    let work = || {
        // SAFETY: a struct array and its schema to be moved, by contract.
        let batch = unsafe { batch_from(batch, schema) }?;
        // SAFETY: a bound gate, by contract.
        let found = unsafe { reference(bound, "bound") }?.verdicts(&batch)?;
        let fields = Fields::from(vec![Field::new("keep", DataType::Boolean, false), Field::new("reasons", DataType::UInt64, false)]);
        let columns: Vec<ArrayRef> = vec![std::sync::Arc::new(found.keep), std::sync::Arc::new(found.reasons)];
        let schema = FFI_ArrowSchema::try_from(&Schema::new(fields.clone()))?;
        // SAFETY: both can be written to, by contract.
        unsafe { export(StructArray::try_new(fields, columns, None)?, schema, verdicts, verdicts_schema) }
    };
    // SAFETY: null or to be written to, by contract.
    unsafe { answer(error, work) }
}

/// Writes to `kept` a stream of the rows of a stream of batches that nothing speaks against. A batch is read when the next one is asked for.
///
/// # Safety
///
/// `bound` came from [`bezwaar_gate_bind`]; `batches` is a stream of struct arrays, and is moved; `kept` and (unless null) `error` can be written to.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bezwaar_filter_stream(
    bound: *const BoundGate,
    batches: *mut FFI_ArrowArrayStream,
    kept: *mut FFI_ArrowArrayStream,
    error: *mut *mut c_char,
) -> c_int {
    let work = || {
        // SAFETY: a stream to be moved, by contract.
        let reader = RecordBatchStreamReader::try_new(unsafe { take_back(batches, "batches") }?)?;
        // SAFETY: a bound gate, by contract.
        let filtered = Filtered::new(unsafe { reference(bound, "bound") }?.clone(), reader)?;
        // SAFETY: it can be written to, by contract.
        unsafe { put(kept, FFI_ArrowArrayStream::new(Box::new(filtered)), "kept") }
    };
    // SAFETY: null or to be written to, by contract.
    unsafe { answer(error, work) }
}

/// Gives a gate back.
///
/// # Safety
///
/// `gate` is null, or came from [`bezwaar_gate_open`] and was not given back.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bezwaar_gate_free(gate: *mut Gate) {
    // SAFETY: by contract.
    unsafe { boundary::free(gate) }
}

/// Gives a bound gate back.
///
/// # Safety
///
/// `bound` is null, or came from [`bezwaar_gate_bind`] and was not given back.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bezwaar_bound_free(bound: *mut BoundGate) {
    // SAFETY: by contract.
    unsafe { boundary::free(bound) }
}

/// Gives the bytes of a spec back.
///
/// # Safety
///
/// `bytes` is null, or came with this length from [`bezwaar_spec_of_job`] and was not given back.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bezwaar_bytes_free(bytes: *mut u8, len: usize) {
    // SAFETY: by contract.
    unsafe { boundary::free_bytes(bytes, len) }
}

/// Gives the text of an error back.
///
/// # Safety
///
/// `text` is null, or was written to an `error` by one of these functions and was not given back.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bezwaar_text_free(text: *mut c_char) {
    // SAFETY: by contract.
    unsafe { boundary::free_text(text) }
}
