use bezwaar_core::account::Services;

use super::super::rows::{Form, Input, Row};
use super::*;

const MAP: &str = r#"
[map]
person = [{ column = "account", service = "pics", kind = "id" }, { column = "handle", service = "pics" }]
received_at = { column = "date", format = "%d-%m-%Y", zone = "Europe/Amsterdam" }
act = { column = "what", values = { bezwaar = "object", uit = "set" } }
control = { column = "control" }
to = { column = "to" }
uses = { column = "uses", separator = "+", values = { alles = "*", delen = "pics/sharing" } }
filer = { column = "by", service = "pics" }
channel = { const = "mail" }
contact = ["name"]
"#;
const HEADER: &str = "account,handle,date,what,control,to,uses,by,name\n";

/// The rows of a CSV text: `line ok act` or the message of each problem.
fn rows(map: &str, text: &str) -> Vec<String> {
    let mapping = Mapping::parse("map.toml", map).unwrap_or_else(|problems| panic!("{problems:?}"));
    let services = Services::default();
    let input = Input { source: text, form: Form::Csv(&mapping), services: &services, id_prefix: "f".to_owned() };
    let mut found = Vec::new();
    input
        .read::<io::Error>(|Row { line, read }| {
            match read {
                Ok((read, contact)) => {
                    let person = read.choice.person.as_ref().map_or("-", |person| person.expose_canonical());
                    let filer = match &read.filer {
                        Named::Account { account, .. } => account.expose_canonical(),
                        Named::Absent => "-",
                        Named::Nobody => "nobody",
                    };
                    found.push(format!("{line} {} {person} {filer} {} {contact:?}", read.choice.id, read.choice.received_at));
                }
                Err(errors) => found.extend(errors.iter().map(ToString::to_string)),
            }
            Ok(())
        })
        .unwrap();
    found
}

#[test]
fn a_file_is_read_by_its_map() {
    let text = format!(
        "\u{feff}{HEADER}1001,,26-05-2025,bezwaar,,,alles+delen,,\"Noor\nvan \"\"Dam\"\"\"\r\n,Noor.V,27-05-2025,uit,pics/ai,off,,pics:Bas,\n\n"
    );
    let expect =
        ["2 f-1 pics:id:1001 - 2025-05-25T22:00:00Z {\"name\"}", "4 f-2 pics:handle:noor.v pics:handle:bas 2025-05-26T22:00:00Z {}"];
    assert_eq!(rows(MAP, &text), expect);
    assert_eq!(rows(MAP, &text.replace(',', ";")), expect, "the delimiter is told from the first line");
    assert_eq!(rows(&format!("[csv]\ndelimiter = \"tab\"\n{MAP}"), &text.replace(',', "\t")), expect);
}

#[test]
fn every_row_that_cannot_be_read_is_named_by_its_line() {
    let text = format!(
        "{HEADER}1,,26-05-2025,bezwaar,,,,\n1,,26-05-2025,klacht,,,,,\n,,26-05-2025,bezwaar,,,,,\n[deleted],,26-05-2025,bezwaar,,,,,\n1,,2025-05-26,bezwaar,,,iets,,\n1,,,bezwaar,,,,,\n1,,26-05-2025,bezwaar,,,,,\"x\"y\n1,,26-05-2025,bezwaar,,,,,\"x\n1,,26-05-2025,bezwaar,,,,,\n"
    );
    let expect = [
        "line 2, column 0: the row has 8 fields, and the first line 9",
        "line 3, column 0: `what` has a value that its `values` do not list: add it, since leaving the row out would lose an act",
        "line 4, column 0: `person` is missing: write whose act it is, as `service:account`",
        "line 5, column 0: `person` names nobody: write `service:account`, or `mail:`, `tel:` (with country code), `url:`",
        "line 6, column 0: `date`: not a time written as the mapping says, `%d-%m-%Y`",
        "line 6, column 0: `uses` has a value that its `values` do not list: add it, since leaving the row out would lose an act",
        "line 7, column 0: `date` is empty: when the act was received must be known",
        "line 8, column 0: text stands behind a closing quote: double quotes that are part of the text, or check the delimiter",
        "line 9, column 0: the quote opened on line 9 is never closed: close it, or double it where it is part of the text",
    ];
    assert_eq!(rows(MAP, &text), expect);
}

#[test]
fn a_file_without_the_columns_of_the_map_is_refused_whole() {
    let all = rows(MAP, "account,date,date\n1,2,3\n");
    assert!(all.contains(&"line 1, column 0: there is no column `handle`: check the mapping, or the delimiter".to_owned()), "{all:?}");
    assert!(all.contains(&"line 1, column 0: there are two columns `date`: which is meant cannot be told".to_owned()), "{all:?}");
    assert_eq!(rows(MAP, ""), ["line 1, column 0: the file is empty: its first line must name the columns"]);
    assert_eq!(rows(MAP, "\u{0}x"), ["line 1, column 0: a zero byte: save the file as UTF-8 text; what follows was not read"]);
}

#[test]
fn times_may_be_instants_days_or_numbers() {
    let map = |time: &str| format!("[map]\nperson = {{ column = \"p\" }}\nact = {{ const = \"object\" }}\nreceived_at = {time}\n");
    for (time, cell, expect) in [
        (r#"{ column = "t" }"#, "2025-05-26T21:50:00Z", "2025-05-26T21:50:00Z"),
        (r#"{ column = "t", zone = "Europe/Amsterdam" }"#, "2025-05-26", "2025-05-25T22:00:00Z"),
        (r#"{ column = "t", zone = "Europe/Amsterdam" }"#, "2025-05-26 10:00", "2025-05-26T08:00:00Z"),
        (r#"{ column = "t", unit = "s" }"#, "1748296200", "2025-05-26T21:50:00Z"),
        (r#"{ const = "2025-05-26T21:50:00Z" }"#, "", "2025-05-26T21:50:00Z"),
        (r#"{ column = "t", format = "%Y%m%d %H%M", zone = "Europe/Amsterdam" }"#, "20250526 2350", "2025-05-26T21:50:00Z"),
    ] {
        assert_eq!(rows(&map(time), &format!("p,t\nf:1,{cell}\n")), [format!("2 f-1 f:id:1 - {expect} {{}}")], "{time}");
    }
    let naive = rows(&map(r#"{ column = "t" }"#), "p,t\nf:1,2025-05-26\n");
    assert!(naive[0].contains("has no zone"), "{naive:?}");
}

#[test]
fn all_problems_of_a_map_at_once() {
    let text = r#"
[csv]
delimiter = "colon"
[map]
person = { colum = "a", kind = "id" }
received_at = { column = "d", zone = "Amsterdam", unit = "s" }
act = { column = "x", const = "object" }
uses = { column = "u" }
ignore = ["u"]
"#;
    let problems = Mapping::parse("map.toml", text).unwrap_err();
    let lines: Vec<String> = problems.iter().map(|problem| problem.in_one_line(text)).collect();
    for expect in [
        "unknown word `colon`",
        "unknown key `colum`",
        "`column` is missing",
        "kind without a service",
        "not a time zone",
        "no format and no zone",
        "either a column or a const",
    ] {
        assert!(lines.iter().any(|line| line.contains(expect)), "{expect}: {lines:#?}");
    }
    let text = "[map]\nperson = []\nact = { const = \"object\" }\nreceived_at = { column = \"d\" }\nignore = [\"d\"]\n";
    let problems = Mapping::parse("map.toml", text).unwrap_err();
    assert_eq!(problems.len(), 2, "{problems:?}");
}

#[test]
fn a_record_at_the_limit_is_read_and_one_past_it_is_not() {
    let map = "[map]\nperson = { column = \"p\" }\nact = { const = \"object\" }\nreceived_at = { column = \"t\", unit = \"s\" }\ncontact = [\"c\"]\n";
    let text = |length: usize| format!("p,t,c\nf:1,1748296200,{}\nf:2,1748296200,x\n", "x".repeat(length - "f:11748296200".len()));
    assert_eq!(rows(map, &text(RECORD_BYTES_MAX)).len(), 2);
    let over = rows(map, &text(RECORD_BYTES_MAX + 1));
    assert!(over.len() == 1 && over[0].starts_with("line 2, column 0: the record is over"), "{over:?}");
}

mod against_another_reader {
    use proptest::prelude::*;

    use super::super::records::{Record, Records};

    fn ours(text: &str, delimiter: u8) -> Result<Vec<Vec<String>>, ()> {
        let (mut records, mut record, mut found) = (Records::new(text.as_bytes(), delimiter), Record::default(), Vec::new());
        while let Some(read) = records.next(&mut record).unwrap() {
            read.map_err(|_| ())?;
            found.push(record.texts().unwrap());
        }
        Ok(found)
    }

    proptest! {
        #[test]
        fn what_is_read_is_what_another_reader_reads(text in "[a\",;\n\r]{0,24}") {
            let mut other = csv::ReaderBuilder::new().has_headers(false).flexible(true).delimiter(b';').from_reader(text.as_bytes());
            let other: Vec<Vec<String>> =
                other.records().map(|record| record.unwrap().iter().map(str::to_owned).collect()).collect();
            if let Ok(ours) = ours(&text, b';') {
                prop_assert_eq!(ours, other);
            }
        }

        #[test]
        fn what_another_writer_wrote_is_read_back(rows in proptest::collection::vec(proptest::collection::vec("[a\",;\n\u{e9}]{0,6}", 2..4), 0..6)) {
            let mut writer = csv::WriterBuilder::new().flexible(true).from_writer(Vec::new());
            rows.iter().for_each(|row| writer.write_record(row).unwrap());
            let text = String::from_utf8(writer.into_inner().unwrap()).unwrap();
            prop_assert_eq!(ours(&text, b','), Ok(rows));
        }
    }
}

#[test]
fn a_file_has_so_many_columns_and_a_person_is_named_by_so_many() {
    let map = "[map]\nperson = { column = \"account\", service = \"pics\" }\nact = { const = \"object\" }\n\
               received_at = { column = \"date\", format = \"%d-%m-%Y\", zone = \"Europe/Amsterdam\" }\n";
    let text = |columns: usize| {
        let more: String = (2..columns).map(|number| format!(",c{number}")).collect();
        format!("account,date{more}\nnoor,01-02-2026{}\n", ",".repeat(columns - 2))
    };
    let most = rows(map, &text(COLUMNS_MAX));
    assert!(most.len() == 1 && most[0].contains("pics:handle:noor"), "{most:?}");
    assert!(rows(map, &text(COLUMNS_MAX + 1))[0].contains("over 4096 columns"));
    let named = |columns: usize| {
        let list: Vec<String> = (0..columns).map(|number| format!("{{ column = \"c{number}\", service = \"pics\" }}")).collect();
        let rest = "act = { const = \"object\" }\nreceived_at = { column = \"date\", format = \"%d-%m-%Y\", zone = \"Europe/Amsterdam\" }";
        Mapping::parse("map.toml", &format!("[map]\nperson = [{}]\n{rest}\n", list.join(", "))).map(drop)
    };
    assert!(named(PERSON_COLUMNS_MAX).is_ok());
    assert!(format!("{:?}", named(PERSON_COLUMNS_MAX + 1)).contains("1 to 16 tables"));
}
