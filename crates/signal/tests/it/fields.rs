//! HTTP fields.

use bezwaar_signal::{Answer, FIELD_BYTES_MAX, Signal, read_fields};

use crate::{answer, said};

#[test]
fn the_example_of_the_attachment_draft() {
    let read = read_fields(
        "HTTP/1.1 200 OK\nDate: Wed, 23 Apr 2025 04:48:02 GMT\nContent-Type: text/plain\nContent-Usage: train-ai=n\n\nContent-Usage: train-ai=y\n",
    );
    assert_eq!(said(&read), ["train-ai=no"]);
    let place = read.statements()[0].place();
    assert_eq!((place.line, place.column, place.within.as_str()), (4, 16, "Content-Usage"));
    assert!(read.notes().is_empty(), "{:?}", read.notes());
}

#[test]
fn the_examples_of_the_vocabulary_draft() {
    assert_eq!(said(&read_fields("Content-Usage: train-ai=y, search=n")), ["train-ai=yes", "search=no"]);
    assert_eq!(said(&read_fields("Content-Usage: train-ai;allow=n, train-ai=y")), ["train-ai=unreadable", "train-ai=yes"]);
    // The draft says unknown for both of these. Something was said: it closes, and the no stays a no.
    let read = read_fields("Content-Usage: train-ai=y, train-ai, search=n, search=\"n\"");
    assert_eq!(said(&read), ["train-ai=yes", "train-ai=unreadable", "search=no", "search=unreadable"]);
    assert_eq!((answer(&read, "train-ai"), answer(&read, "search")), (Some(Answer::Unreadable), Some(Answer::No)));
    assert_eq!(said(&read_fields("Content-Usage: train-ai;has;parameters=\"?\";b")), ["train-ai=unreadable"]);
    // With the draft's own final semicolon it is no dictionary at all.
    assert_eq!(said(&read_fields("Content-Usage: train-ai;has;parameters=\"?\";")), ["*=unreadable"]);
}

#[test]
fn upper_case_does_not_parse_and_closes() {
    let texts = ["Content-Usage: Train-AI=n", "Content-Usage: train-ai=n, SEARCH=y", "content-usage: train-ai = n", "CONTENT-USAGE: N"];
    for text in texts {
        assert_eq!(said(&read_fields(text)), ["*=unreadable"], "{text}");
    }
    let read = read_fields("Content-Usage: train-ai=n, Search=y");
    assert_eq!(said(&read), ["*=unreadable"]);
    assert_eq!((read.notes()[0].line(), read.notes()[0].column()), (1, 28));
    assert!(read.notes()[0].message().contains("counts as a no"), "{}", read.notes()[0].message());
}

#[test]
fn unknown_labels_are_passed_over_but_for_a_no() {
    assert_eq!(said(&read_fields("Content-Usage: train-ai=n, poetry=y, colour=blue")), ["train-ai=no"]);
    assert_eq!(said(&read_fields("Content-Usage: poetry=n")), ["poetry=no"]);
    assert_eq!(said(&read_fields("Content-Usage: train-genai=n, all=y")), ["train-genai=no"]);
    assert_eq!(said(&read_fields("Content-Usage: train-ai=N")), ["train-ai=unreadable"]);
    assert_eq!(said(&read_fields("Content-Usage:")), ["*=unset"]);
    assert_eq!(said(&read_fields("Content-Usage: poetry=y")), ["*=unset"]);
    // Whoever writes only this wanted to say something.
    for text in ["n", "none", "no-ai", "no-ai, poetry=y", "poetry=maybe", "poetry=0"] {
        assert_eq!(said(&read_fields(&format!("Content-Usage: {text}"))), ["*=unreadable"], "{text}");
    }
    assert_eq!(said(&read_fields("Content Usage: train-ai=n\nsec_gpc : 1")), ["sale-or-sharing=no", "train-ai=no"]);
}

#[test]
fn lines_of_one_field_are_one_dictionary() {
    let read = read_fields("Content-Usage: train-ai=n\r\nDate: now\r\nContent-Usage: search=y\r\n");
    assert_eq!(said(&read), ["train-ai=no", "search=yes"]);
    // A later yes does not hide an earlier no, nor one in another line.
    let read = read_fields("Content-Usage: train-ai=n\nContent-Usage: train-ai=y\n");
    assert_eq!(answer(&read, "train-ai"), Some(Answer::No));
    let read = read_fields("Content-Usage: train-ai=y\nContent-Usage: ai-use=y,\n");
    assert_eq!(said(&read), ["*=unreadable"]);
    assert_eq!(read.notes()[0].line(), 2);
    // Folded lines are obsolete and still sent.
    assert_eq!(said(&read_fields("Content-Usage: train-ai=n,\n  search=y")), ["*=unreadable"]);
    assert_eq!(said(&read_fields("Content-Usage:\n  train-ai=n")), ["train-ai=no"]);
}

#[test]
fn global_privacy_control() {
    let check = |text: &str, expect: &[&str]| assert_eq!(said(&read_fields(text)), expect, "{text}");
    check("GET /something/here HTTP/2\nHost: example.com\nSec-GPC: 1\n", &["sale-or-sharing=no"]);
    check("sec-gpc:1", &["sale-or-sharing=no"]);
    check("Sec-GPC: 0", &["sale-or-sharing=unset"]);
    check("Sec-GPC: true\nSec-GPC: 1", &["sale-or-sharing=unreadable", "sale-or-sharing=no"]);
    for odd in ["", "true", "?1", "1, 1", "yes", "01", "٠"] {
        check(&format!("Sec-GPC: {odd}"), &["sale-or-sharing=unreadable"]);
    }
    check("X-Sec-GPC: 1", &[]);
}

#[test]
fn reservations_of_mining() {
    let check = |text: &str, expect: &[&str]| assert_eq!(said(&read_fields(text)), expect, "{text}");
    check("tdm-reservation: 1\ntdm-policy: https://example.com/policy.json", &["text-and-data-mining=no"]);
    check("TDM-Reservation: 0", &["text-and-data-mining=yes"]);
    check("TDM-Reservation: 2", &["text-and-data-mining=unreadable"]);
    check("TDM-Reservation:", &["text-and-data-mining=unreadable"]);
    check("tdm-policy: https://example.com/policy.json", &[]);
}

#[test]
fn nothing_said_is_neither_yes_nor_no() {
    for text in ["", "GET / HTTP/1.1\nHost: example.com\n", "DNT: 1"] {
        let read = read_fields(text);
        assert!(read.statements().is_empty());
        assert!(read.notes()[0].message().contains("neither a yes nor a no"));
    }
    assert!(read_fields("GET /\nwhat is this").notes()[0].message().contains("no colon"));
}

#[test]
fn more_than_is_read_closes_all() {
    let line = "Content-Usage: train-ai=y\n";
    let fill = |bytes: usize| format!("{line}X: {}", "a".repeat(bytes - line.len() - 3));
    assert_eq!(said(&read_fields(&fill(FIELD_BYTES_MAX))), ["train-ai=yes"]);
    let read = read_fields(&fill(FIELD_BYTES_MAX + 1));
    let signals: Vec<Signal> = read.statements().iter().map(|one| one.signal()).collect();
    assert_eq!(signals, [Signal::Gpc, Signal::Aipref, Signal::Tdm]);
    assert!(read.statements().iter().all(|one| one.answer() == Answer::Unreadable));
}
