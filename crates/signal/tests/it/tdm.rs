//! `tdmrep.json`.

use bezwaar_signal::{TDMREP_BYTES_MAX, read_tdmrep};

use crate::said;

const RULES: &str = r#"[
  {"location": "/open/*", "tdm-reservation": 0},
  {"location": "/articles/*.html$", "tdm-reservation": 1, "tdm-policy": "https://example.com/policy.json"},
  {"location": "/", "tdm-reservation": 1}
]"#;

#[test]
fn the_first_rule_that_matches_decides() {
    let check = |path: Option<&str>, expect: &[&str]| assert_eq!(said(&read_tdmrep(RULES, path)), expect, "{path:?}");
    check(Some("/open/a"), &["text-and-data-mining=yes"]);
    check(Some("/articles/a.html"), &["text-and-data-mining=no"]);
    check(Some("/elsewhere"), &["text-and-data-mining=no"]);
    check(None, &["text-and-data-mining=yes", "text-and-data-mining=no", "text-and-data-mining=no"]);
    assert!(said(&read_tdmrep(r#"[{"location":"/a","tdm-reservation":1}]"#, Some("/b"))).is_empty());
}

#[test]
fn what_is_no_rule_closes() {
    let check = |text: &str, expect: &[&str]| assert_eq!(said(&read_tdmrep(text, Some("/a"))), expect, "{text}");
    check("[", &["*=unreadable"]);
    check("7", &["*=unreadable"]);
    check(r#"[{"location":"/","tdm-reservation":true}]"#, &["text-and-data-mining=unreadable"]);
    check(r#"[{"location":"/","tdm-reservation":2}]"#, &["text-and-data-mining=unreadable"]);
    check(r#"[{"location":"/","tdm-reservation":1.0}]"#, &["text-and-data-mining=unreadable"]);
    check(r#"[{"tdm-reservation":0}]"#, &["text-and-data-mining=unreadable"]);
    check(r#"[{"location":"/"}]"#, &["text-and-data-mining=unset"]);
    check(r#"["/"]"#, &["text-and-data-mining=unreadable"]);
    check(r#"{"location":"/","tdm-reservation":"1"}"#, &["text-and-data-mining=no"]);
    check(r#"[{"location":"/","tdm-reservation":1,"tdm-reservation":0}]"#, &["text-and-data-mining=no", "text-and-data-mining=yes"]);
    check("[]", &[]);
    let error = read_tdmrep("[\n{]", None);
    assert_eq!((error.notes()[0].line(), error.notes()[0].column()), (2, 2));
}

#[test]
fn more_than_is_read_closes() {
    let fill = |bytes: usize| format!("[]{}", " ".repeat(bytes - 2));
    assert!(said(&read_tdmrep(&fill(TDMREP_BYTES_MAX), None)).is_empty());
    assert_eq!(said(&read_tdmrep(&fill(TDMREP_BYTES_MAX + 1), None)), ["*=unreadable"]);
}
