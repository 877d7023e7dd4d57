//! A stream of batches, filtered as it is read.

use std::panic::{AssertUnwindSafe, catch_unwind};

use bezwaar_gate::arrow::arrow_array::ffi_stream::RecordBatchStreamReader;
use bezwaar_gate::arrow::arrow_array::{RecordBatch, RecordBatchReader};
use bezwaar_gate::arrow::arrow_schema::{ArrowError, SchemaRef};

use crate::boundary::BoundGate;
use crate::failure::Failure;

/// The kept rows of a stream. After an error it is at its end.
pub(crate) struct Filtered {
    bound: BoundGate,
    reader: RecordBatchStreamReader,
    failed: bool,
}

impl Filtered {
    pub(crate) fn new(bound: BoundGate, reader: RecordBatchStreamReader) -> Result<Filtered, Failure> {
        bound.fit(&reader.schema())?;
        Ok(Filtered { bound, reader, failed: false })
    }

    fn step(&mut self) -> Option<Result<RecordBatch, Failure>> {
        let batch = self.reader.next()?;
        Some(batch.map_err(Failure::from).and_then(|batch| self.bound.filter(&batch)))
    }
}

impl Iterator for Filtered {
    type Item = Result<RecordBatch, ArrowError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.failed {
            return None;
        }
        // What calls this is C: a panic must not get there.
        let step = catch_unwind(AssertUnwindSafe(|| self.step())).unwrap_or_else(|_| Some(Err(Failure::defect())));
        let result = step?.map_err(|failure| ArrowError::ExternalError(failure.text.into()));
        self.failed = result.is_err();
        Some(result)
    }
}

impl RecordBatchReader for Filtered {
    fn schema(&self) -> SchemaRef {
        self.reader.schema()
    }
}
