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

/// A case of the HTTP working group's common test suite: its name there, the lines of the field, and what a reader must find.
struct Common {
    name: &'static str,
    lines: &'static [&'static str],
    /// Members in order; nothing where reading must fail.
    members: Option<&'static [(&'static str, &'static str)]>,
}

const NUMBER: &str = "<number>";
const TRUTH: &str = "<true or false>";
const LIST: &str = "<list>";

const fn good(name: &'static str, lines: &'static [&'static str], members: &'static [(&'static str, &'static str)]) -> Common {
    Common { name, lines, members: Some(members) }
}

const fn bad(name: &'static str, lines: &'static [&'static str]) -> Common {
    Common { name, lines, members: None }
}

/// The cases of `dictionary.json` and `param-dict.json` of github.com/httpwg/structured-field-tests, the suite that implementations of
/// RFC 9651 share: inputs and outcomes, in this file's form. Parameters are no part of what is kept here.
const COMMON: &[Common] = &[
    good("basic dictionary", &[r#"en="Applepie", da=:w4ZibGV0w6ZydGUK:"#], &[("en", "<text in quotes>"), ("da", "<sequence of bytes>")]),
    good("empty dictionary", &[""], &[]),
    good("single item dictionary", &["a=1"], &[("a", NUMBER)]),
    good("list item dictionary", &["a=(1 2)"], &[("a", LIST)]),
    good("single list item dictionary", &["a=(1)"], &[("a", LIST)]),
    good("empty list item dictionary", &["a=()"], &[("a", LIST)]),
    good("no whitespace dictionary", &["a=1,b=2"], &[("a", NUMBER), ("b", NUMBER)]),
    good("extra whitespace dictionary", &["a=1 ,  b=2"], &[("a", NUMBER), ("b", NUMBER)]),
    good("tab separated dictionary", &["a=1\t,\tb=2"], &[("a", NUMBER), ("b", NUMBER)]),
    good("leading whitespace dictionary", &["     a=1 ,  b=2"], &[("a", NUMBER), ("b", NUMBER)]),
    bad("whitespace before = dictionary", &["a =1, b=2"]),
    bad("whitespace after = dictionary", &["a=1, b= 2"]),
    good("two lines dictionary", &["a=1", "b=2"], &[("a", NUMBER), ("b", NUMBER)]),
    good("missing value dictionary", &["a=1, b, c=3"], &[("a", NUMBER), ("b", TRUTH), ("c", NUMBER)]),
    good("all missing value dictionary", &["a, b, c"], &[("a", TRUTH), ("b", TRUTH), ("c", TRUTH)]),
    good("start missing value dictionary", &["a, b=2"], &[("a", TRUTH), ("b", NUMBER)]),
    good("end missing value dictionary", &["a=1, b"], &[("a", NUMBER), ("b", TRUTH)]),
    good("missing value with params dictionary", &["a=1, b;foo=9, c=3"], &[("a", NUMBER), ("b", TRUTH), ("c", NUMBER)]),
    good("explicit true value with params dictionary", &["a=1, b=?1;foo=9, c=3"], &[("a", NUMBER), ("b", TRUTH), ("c", NUMBER)]),
    bad("trailing comma dictionary", &["a=1, b=2,"]),
    bad("empty item dictionary", &["a=1,,b=2,"]),
    // The suite keeps the last `a`; here all are kept, so that no later word hides an earlier no.
    good("duplicate key dictionary", &["a=1,b=2,a=3"], &[("a", NUMBER), ("b", NUMBER), ("a", NUMBER)]),
    bad("numeric key dictionary", &["a=1,1b=2,a=1"]),
    bad("uppercase key dictionary", &["a=1,B=2,a=1"]),
    bad("bad key dictionary", &["a=1,b!=2,a=1"]),
    good(
        "basic parameterised dict",
        &[r#"abc=123;a=1;b=2, def=456, ghi=789;q=9;r="+w""#],
        &[("abc", NUMBER), ("def", NUMBER), ("ghi", NUMBER)],
    ),
    good("single item parameterised dict", &["a=b; q=1.0"], &[("a", "b")]),
    good("list item parameterised dictionary", &["a=(1 2); q=1.0"], &[("a", LIST)]),
    good("missing parameter value parameterised dict", &["a=3;c;d=5"], &[("a", NUMBER)]),
    good("terminal missing parameter value parameterised dict", &["a=3;c=5;d"], &[("a", NUMBER)]),
    good("no whitespace parameterised dict", &["a=b;c=1,d=e;f=2"], &[("a", "b"), ("d", "e")]),
    bad("whitespace before = parameterised dict", &["a=b;q =0.5"]),
    bad("whitespace after = parameterised dict", &["a=b;q= 0.5"]),
    bad("whitespace before ; parameterised dict", &["a=b ;q=0.5"]),
    good("whitespace after ; parameterised dict", &["a=b; q=0.5"], &[("a", "b")]),
    good("extra whitespace parameterised dict", &["a=b;  c=1  ,  d=e; f=2; g=3"], &[("a", "b"), ("d", "e")]),
    good("two lines parameterised list", &["a=b;c=1", "d=e;f=2"], &[("a", "b"), ("d", "e")]),
    bad("trailing comma parameterised list", &["a=b; q=1.0,"]),
    bad("empty item parameterised list", &["a=b; q=1.0,,c=d"]),
];

#[test]
fn the_common_test_suite() {
    for Common { name, lines, members } in COMMON {
        // Lines of one field are one text, joined by a comma (RFC 9651, section 4.2).
        let text = lines.join(", ");
        match members {
            Some(members) => check(&text, members),
            None => assert!(parse_dictionary(text.as_bytes()).is_err(), "{name}: {text}"),
        }
    }
}

/// Every ASCII character in a key, at its start and within, as the suite's `key-generated.json` has them: what a key may hold is section 3.1.2.
#[test]
fn every_character_in_a_key() {
    for byte in 0_u8..128 {
        let letter = char::from(byte);
        let first = letter.is_ascii_lowercase() || letter == '*';
        let within = first || letter.is_ascii_digit() || ['_', '-', '.'].contains(&letter);
        let tells = |text: String, good: bool| {
            let read = parse_dictionary(text.as_bytes());
            assert_eq!(read.is_ok(), good, "{byte:#04x} in {text:?}: {read:?}");
            read.map(|read| read.members.iter().map(|member| member.key.clone()).collect::<Vec<_>>()).unwrap_or_default()
        };
        assert_eq!(tells(format!("{letter}=1"), first), if first { vec![letter.to_string()] } else { Vec::new() });
        // A comma and a semicolon end the key: then another member, or a parameter, begins.
        let inner = tells(format!("a{letter}a=1"), within || [',', ';'].contains(&letter));
        if within {
            assert_eq!(inner, [format!("a{letter}a")]);
        }
        // Blanks before the first key are passed over.
        let start = tells(format!("{letter}a=1"), first || letter == ' ');
        if first {
            assert_eq!(start, [format!("{letter}a")]);
        }
    }
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
