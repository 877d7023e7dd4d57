//! Dictionaries of RFC 9651, section 3.2 and 4.2.2: its examples, and what must fail.

use bezwaar_signal::{Value, parse_dictionary};

/// Keys in order; tokens with their value, anything else with its kind.
fn check(text: &str, expect: &[(&str, &str)]) {
    let read = parse_dictionary(text.as_bytes()).unwrap_or_else(|error| panic!("{text}: {error}"));
    let found: Vec<(String, String)> = read
        .members
        .iter()
        .map(|member| match &member.value {
            Value::Token(word) => (member.key.clone(), word.clone()),
            Value::Other(kind) => (member.key.clone(), format!("<{kind}>")),
        })
        .collect();
    let expect: Vec<(String, String)> = expect.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    assert_eq!(found, expect, "{text}");
}

#[test]
fn the_examples_of_the_rfc() {
    check(r#"en="Applepie", da=:w4ZibGV0w6ZydGU=:"#, &[("en", "<text in quotes>"), ("da", "<sequence of bytes>")]);
    check("a=?0, b, c; foo=bar", &[("a", "<true or false>"), ("b", "<true or false>"), ("c", "<true or false>")]);
    check("rating=1.5, feelings=(joy sadness)", &[("rating", "<number>"), ("feelings", "<list>")]);
    check("a=(1 2), b=3, c=4;aa=bb, d=(5 6);valid", &[("a", "<list>"), ("b", "<number>"), ("c", "<number>"), ("d", "<list>")]);
    check("foo=1, bar=2", &[("foo", "<number>"), ("bar", "<number>")]);
    check("a=@1659578233", &[("a", "<date>")]);
    check(r#"a=%"This is intended for display to %c3%bcsers.""#, &[("a", "<text in quotes>")]);
}

#[test]
fn blanks_parameters_and_order() {
    check("", &[]);
    check("  a=y  ", &[("a", "y")]);
    check("a=y,b=n", &[("a", "y"), ("b", "n")]);
    check("a=y \t,\t b=n", &[("a", "y"), ("b", "n")]);
    check("a=y;q=1.0;r=\"+w\", *b_-.9=n; c=*tok/en:1", &[("a", "y"), ("*b_-.9", "n")]);
    check("b=n, a=y", &[("b", "n"), ("a", "y")]);
}

#[test]
fn repeated_members_are_all_kept() {
    check("a=n, b=y, a=y", &[("a", "n"), ("b", "y"), ("a", "y")]);
}

#[test]
fn what_is_no_dictionary() {
    let bad = [
        "a=y,", "a=y,,b=n", ",a=y", "A=y", "a =y", "a= y", "a=", "1=y", "a=y b=n", "a=\"open", "a=(1 2", "a=y;", "a=y;Q", "a=?2", "é=n",
        "a=é", "a=1.", "a=:x", "a=\u{0}", "=n",
    ];
    for text in bad {
        let error = parse_dictionary(text.as_bytes()).expect_err(text);
        assert!(error.offset() <= text.len() && !error.to_string().is_empty(), "{text}: {error}");
    }
    assert_eq!(parse_dictionary(b"a=y, B=n").unwrap_err().offset(), 5);
}
