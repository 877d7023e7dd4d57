//! Acceptance notes.

use bezwaar_ledger::acceptance::{Acceptance, SignedError};
use bezwaar_ledger::entry::{Entry, EntryKind};
use bezwaar_ledger::tlog::note::Note;

use crate::made_up::instant;
use crate::replay::at;
use crate::signed::{ledger_key, operator, operators, origin};

#[test]
fn an_acceptance_note_has_one_form_and_is_the_operators() {
    let entry = Entry { kind: EntryKind::Choice, recorded_at: at(5), hash: [7; 32] };
    let acceptance = Acceptance { origin: origin(), index: 5, entry, received_at: instant("2025-12-31T00:00:00Z") };
    let note = acceptance.sign(&operator()).unwrap();
    let hex = crate::forge::hex(&entry.to_bytes());
    let text = format!(
        "bezwaar-acceptance/1\nclub.example/ledger\nindex 5\nentry {hex}\nreceived_at 2025-12-31T00:00:00Z\npublished_by 2026-01-01T05:01:00Z\n"
    );
    assert_eq!(note.text(), text);
    assert_eq!(Acceptance::from_text(&text).unwrap().to_text().unwrap(), text);
    for (from, to) in [
        ("index 5", "index 05"),
        ("index 5", "index +5"),
        ("index 5", "index -5"),
        ("05:01:00Z", "05:02:00Z"),
        ("00:00:00Z", "00:00:00.0Z"),
        ("entry 01", "entry 00"),
        ("entry 0101", "entry 0102"),
        ("\nindex", "\n\nindex"),
        ("acceptance/1", "acceptance/2"),
        ("\n", "\r\n"),
    ] {
        assert!(text.contains(from));
        assert_eq!(Acceptance::from_text(&text.replacen(from, to, 1)), None, "{to}");
    }
    assert_eq!(Acceptance::from_text(&format!("{text}more\n")), None);
    let acceptance = Acceptance::verify(&note, &operators()).unwrap();
    assert_eq!(acceptance.entry, entry);
    assert_eq!(acceptance.sign(&ledger_key()), Err(SignedError::OtherOperator));
    let mut by_ledger = Note::new(text).unwrap();
    by_ledger.sign(&ledger_key()).unwrap();
    assert_eq!(Acceptance::verify(&by_ledger, &[ledger_key().verifier().clone()]), Err(SignedError::OtherOperator));
    assert!(matches!(Acceptance::verify(&by_ledger, &operators()), Err(SignedError::Verify(_))));
}
