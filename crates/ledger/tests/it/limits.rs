//! Named limits of documents: at the limit, and one past it.

use bezwaar_ledger::extract::{ROW_PROOF_BYTES_MAX, RowProof, RowProofError};
use bezwaar_ledger::extract_entry::{EXTRACT_ENTRY_BYTES_MAX, ExtractEntry, ExtractEntryError};
use bezwaar_ledger::opening::{OPENING_LINE_BYTES_MAX, Opening, OpeningError};
use bezwaar_ledger::release::{
    ABSENCE_BYTES_MAX, AbsenceFile, ReleaseError, SEAL_BYTES_MAX, SUBJECT_LIST_LINE_BYTES_MAX, Seal, SubjectListError,
    put_subject_list_header, rebuild_subjects,
};

use crate::releases::seal;

#[test]
fn a_seal_is_no_longer_than_it_may_be() {
    let with_form = |len: usize| Seal { form: "x".repeat(len), ..seal() };
    let rest = with_form(0).to_bytes().unwrap().len();
    let longest = with_form(SEAL_BYTES_MAX - rest);
    let bytes = longest.to_bytes().unwrap();
    assert_eq!((bytes.len(), Seal::from_bytes(&bytes).unwrap()), (SEAL_BYTES_MAX, longest));
    assert_eq!(with_form(SEAL_BYTES_MAX - rest + 1).to_bytes(), None);
    let past = String::from_utf8(bytes).unwrap().replace("\"form\":\"", "\"form\":\"x");
    assert_eq!(Seal::from_bytes(past.as_bytes()), Err(ReleaseError::Seal));
}

/// What is over a limit is refused before it is looked at; what is at the limit is looked at, and is no document either.
#[test]
fn what_is_too_long_is_refused() {
    let blank = |len: usize| vec![b' '; len];
    for past in 0..2 {
        assert_eq!(ExtractEntry::from_bytes(&blank(EXTRACT_ENTRY_BYTES_MAX + past)), Err(ExtractEntryError));
        assert!(matches!(RowProof::from_bytes(&blank(ROW_PROOF_BYTES_MAX + past)), Err(RowProofError::Form)));
        assert!(AbsenceFile::from_bytes(&blank(ABSENCE_BYTES_MAX + past)).is_err());
        let line = " ".repeat(OPENING_LINE_BYTES_MAX + past);
        let expected = if past == 0 { OpeningError::Form } else { OpeningError::TooLong };
        assert_eq!(Opening::from_line(&line).err(), Some(expected));
        // A line of a list that never ends is not read to its end.
        let mut list = Vec::new();
        put_subject_list_header(&seal(), &mut list);
        list.extend(blank(SUBJECT_LIST_LINE_BYTES_MAX * 3 + past));
        assert!(matches!(rebuild_subjects(&seal(), list.as_slice()), Err(SubjectListError::Line { line: 2 })));
    }
}
