//! Extracts that were damaged, or made to mislead.

use bezwaar_core::acts::HeldBody;
use bezwaar_ledger::extract::{Extract, ExtractError, ExtractHeader, HEADER_BYTES_MAX, ROW_BYTES_MAX};
use serde_json::json;

use crate::forge::{Parts, join, split, with_body, with_field};
use crate::made_up::{Random, keys, read, small, written};

/// Reads all there is to read; nothing may panic.
fn read_all(bytes: Vec<u8>) -> Result<Extract, ExtractError> {
    let extract = Extract::from_bytes(bytes)?;
    for row in 0..extract.len() {
        let key = extract.key_at(row).unwrap();
        assert_eq!(extract.lookup(&key), Some(row));
        let _ = extract.acts(row);
    }
    extract.verify_rows()?;
    extract.check_keys(&keys())?;
    Ok(extract)
}

#[test]
fn a_changed_byte_anywhere_is_noticed() {
    let (_, bytes) = written(&small());
    for place in 0..bytes.len() {
        for bit in 0..8 {
            let mut bytes = bytes.clone();
            bytes[place] ^= 1 << bit;
            assert!(Extract::from_bytes(bytes).is_err(), "bit {bit} of byte {place}");
        }
    }
}

#[test]
fn a_changed_byte_under_a_right_hash_is_noticed_by_the_root() {
    let (header, bytes) = written(&small());
    let (_, body) = split(&bytes);
    assert!(read_all(with_body(&header, &body)).is_ok());
    for place in 0..body.len() {
        for bit in 0..8 {
            let mut body = body.clone();
            body[place] ^= 1 << bit;
            assert!(read_all(with_body(&header, &body)).is_err(), "bit {bit} of byte {place} of the body");
        }
    }
}

#[test]
fn a_cut_or_longer_file_is_noticed() {
    let (header, bytes) = written(&small());
    for len in 0..bytes.len() {
        assert!(Extract::from_bytes(bytes[..len].to_vec()).is_err(), "{len} bytes");
    }
    assert!(matches!(Extract::from_bytes([bytes.as_slice(), b"\n"].concat()), Err(ExtractError::BodyDamaged)));
    let (_, body) = split(&bytes);
    for len in 0..body.len() {
        assert!(matches!(Extract::from_bytes(with_body(&header, &body[..len])), Err(ExtractError::Body { .. })), "{len} bytes");
    }
    let longer = [body.as_slice(), &[0]].concat();
    assert!(matches!(Extract::from_bytes(with_body(&header, &longer)), Err(ExtractError::Body { .. })));
}

#[test]
fn random_damage_under_right_hashes_never_panics() {
    let (header, bytes) = written(&small());
    let (line, body) = split(&bytes);
    let mut random = Random(11);
    for _ in 0..3_000 {
        let mut body = body.clone();
        for _ in 0..1 + random.below(6) {
            let place = random.below(body.len());
            body[place] = if random.below(3) == 0 { 0xff } else { random.next() as u8 };
        }
        let _ = read_all(with_body(&header, &body));
        let mut line = line.clone().into_bytes();
        let place = random.below(line.len());
        line[place] = b' ' + random.below(95) as u8;
        let _ = read_all(join(&String::from_utf8(line).unwrap(), &[]));
    }
}

#[test]
fn huge_counts_are_refused_without_taking_memory() {
    for people in [7, u64::from(u32::MAX), 1 << 40, u64::MAX] {
        assert!(Extract::from_bytes(with_field("people", people)).is_err());
    }
    let (header, bytes) = written(&small());
    let (_, body) = split(&bytes);
    for people in [u64::from(u32::MAX), u64::from(u32::MAX) - 1] {
        let bytes = with_body(&ExtractHeader { people, acts: people, ..header.clone() }, &body);
        assert!(matches!(Extract::from_bytes(bytes), Err(ExtractError::Body { .. })));
    }
    let good = Parts::new(&[1, 9], &[&[0, 0, 0, 0, 0]]);
    assert!(good.read().is_ok());
    for table_len in [3, u64::MAX, u64::MAX - 8, 1 << 63] {
        assert!(Parts { table_len, ..Parts::new(&[1, 9], &[&[0, 0, 0, 0, 0]]) }.read().is_err());
    }
    // Numbers within the table and the rows: 2^62 patterns, 2^60 items, a text of 2^63 bytes.
    let huge = [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x40];
    let list = [&[12, 6][..], &huge, &[0]].concat();
    assert!(Parts::new(&list, &[&[0, 0, 0, 0, 0]]).read().is_err());
    let text = [&[10, 7][..], &huge].concat();
    assert!(Parts::new(&text, &[&[0, 0, 0, 0, 0]]).read().is_err());
    for row in [[&[0, 0, 0, 0, 0][..], &huge].concat(), [&[0, 0][..], &huge, &[0, 0]].concat(), [&[0, 0, 0][..], &huge, &[0]].concat()] {
        let extract = Parts::new(&[2, 8, 1], &[&row]).read().unwrap();
        assert!(matches!(extract.acts(0), Err(ExtractError::Row { row: 0 })));
    }
}

#[test]
fn shapes_have_one_form() {
    let row: &[u8] = &[0, 0, 0, 0, 0];
    assert!(Parts::new(&[1, 4, 1, 9], &[row]).read().is_ok());
    let bad: [(&str, &[u8]); 12] = [
        ("the same twice", &[1, 9, 1, 9]),
        ("not in order", &[1, 9, 1, 4]),
        ("an unknown kind", &[1, 10]),
        ("kind zero", &[1, 0]),
        ("empty", &[0]),
        ("with something after it", &[2, 9, 0]),
        ("cut off", &[2, 9]),
        ("an unknown pattern", &[5, 1, 2, 3, 0, 0]),
        ("a flag that is none", &[2, 8, 2]),
        ("not UTF-8", &[3, 2, 1, 0xff]),
        ("a number in a longer form", &[0x81, 0, 9]),
        ("a number over 64 bits", &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 9]),
    ];
    for (what, table) in bad {
        assert!(matches!(Parts::new(table, &[row]).read(), Err(ExtractError::Body { .. })), "{what}");
    }
}

#[test]
fn rows_have_one_form() {
    let table = [1, 4, 2, 8, 1, 1, 9];
    let acts = |row: &[u8]| Parts::new(&table, &[row]).read().unwrap().acts(0);
    assert_eq!(acts(&[0, 0, 0, 0, 2]).unwrap()[0].body, HeldBody::Unreadable);
    let withdrawal = &acts(&[2, 3, 0, 0, 0, 0]).unwrap()[0];
    assert_eq!((withdrawal.from.as_micros(), withdrawal.received.as_micros()), (1, -2));
    let bad: [(&str, &[u8]); 15] = [
        ("ids not in order", &[0, 0, 1, b'b', 0, 2, 0, 0, 1, b'a', 0, 2]),
        ("a shape that is not there", &[0, 0, 0, 0, 3]),
        ("a number in a longer form", &[0x80, 0, 0, 0, 0, 2]),
        ("a lag in a longer form", &[0, 0x80, 0, 0, 0, 2]),
        ("a lag of an act nobody can evaluate", &[0, 3, 0, 0, 2]),
        ("a lag of an erasure", &[0, 3, 0, 0, 1, 0]),
        ("a lag from before all time", &[0, 0x81, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 1, 0, 0, 0, 0]),
        ("cut off after the time", &[0]),
        ("cut off after the lag", &[0, 0]),
        ("cut off after the id", &[0, 0, 0]),
        ("cut off before what it withdraws", &[0, 0, 0, 0, 0]),
        ("an id that is not UTF-8", &[0, 0, 1, 0xff, 0, 2]),
        ("a link that is not UTF-8", &[0, 0, 0, 2, 0xff, 2]),
        ("fewer items than said", &[0, 0, 0, 0, 1, 1, 0]),
        ("a time past the end", &[0, 0, 0, 0, 2, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 0, 0, 0, 2]),
    ];
    for (what, row) in bad {
        assert!(matches!(acts(row), Err(ExtractError::Row { row: 0 })), "{what}");
    }
}

#[test]
fn keys_and_offsets_must_rise() {
    let row: &[u8] = &[0, 0, 0, 0, 0];
    let new = || Parts::new(&[1, 9], &[row, row, row]);
    assert!(new().read().is_ok());
    let mut same = new();
    same.keys[1] = same.keys[0];
    let mut swapped = new();
    swapped.keys.swap(1, 2);
    let mut cases = vec![same, swapped];
    for offsets in [[1, 5, 10, 15], [0, 5, 5, 15], [0, 10, 5, 15], [0, 5, 10, 14], [0, 5, 10, 16], [0, 5, u64::MAX, 15], [0, 5, 15, 15]] {
        cases.push(Parts { offsets: offsets.to_vec(), ..new() });
    }
    for parts in cases {
        assert!(matches!(parts.read(), Err(ExtractError::Body { .. })));
    }
}

#[test]
fn a_short_row_cannot_unfold_into_much() {
    let shape = [&[6][..], &[0x81, 0x80, 0x80, 0x02], &vec![0; 1 << 22]].concat();
    let mut table = vec![0x85, 0x80, 0x80, 0x02];
    table.extend(&shape);
    assert_eq!(shape.len(), (1 << 22) + 5);
    // One act with four million patterns can be read; five of them are past the limit of a row.
    let act: &[u8] = &[0, 0, 0, 0, 0, 0];
    let extract = Parts::new(&table, &[act, &act.repeat(5)]).read().unwrap();
    assert!(shape.len() < ROW_BYTES_MAX && shape.len() * 5 > ROW_BYTES_MAX);
    assert_eq!(extract.acts(0).unwrap().len(), 1);
    assert!(matches!(extract.acts(1), Err(ExtractError::Row { row: 1 })));
    assert!(matches!(extract.verify_rows(), Err(ExtractError::Row { row: 1 })));
}

#[test]
fn a_header_says_what_it_must() {
    let canary = |account: &str, key: &str| format!(r#"{{"account":"{account}","key":"{key}"}}"#);
    let list = |canaries: &[String]| format!("[{}]", canaries.join(","));
    let good = canary(&format!("canary:opaque:{}", "a".repeat(32)), &"b".repeat(32));
    let cases = [
        ("format", json!("bezwaar-extract/2").to_string()),
        ("key_id", json!("0123").to_string()),
        ("key_id", json!("0123456789ABCDEF").to_string()),
        ("normaliser", json!(-1).to_string()),
        ("services", json!("00").to_string()),
        ("through", json!("2026-01-01").to_string()),
        ("expires_at", json!("2026-01-01T00:00:00Z").to_string()),
        ("covers", "[]".to_owned()),
        ("covers", r#"[{"service":"club","kinds":[]}]"#.to_owned()),
        ("covers", r#"[{"service":"club","kinds":["handle","id"]}]"#.to_owned()),
        ("covers", r#"[{"service":"club","kinds":["name"]}]"#.to_owned()),
        ("covers", r#"[{"service":"pics","kinds":["id"]},{"service":"club","kinds":["id"]}]"#.to_owned()),
        ("covers", r#"[{"service":"club","kinds":["id"]},{"service":"club","kinds":["id"]}]"#.to_owned()),
        ("canaries", json!([]).to_string()),
        ("canaries", list(&[good.clone(), good.clone()])),
        ("canaries", list(&[good.clone(), good.clone(), canary("club:id:7", &"b".repeat(32))])),
        ("canaries", list(&[good.clone(), good.clone(), canary(&format!("canary:opaque:{}", "a".repeat(32)), "b")])),
        ("canaries", list(&vec![good.clone(); 65])),
        ("people", json!(7).to_string()),
        ("people", json!(-6).to_string()),
        ("acts", json!(5).to_string()),
        ("rows_root", json!("00").to_string()),
        ("body_sha256", json!("00").to_string()),
        ("provisional", json!(10_000).to_string()),
        ("checkpoint", json!(7).to_string()),
    ];
    for (field, value) in cases {
        let told = format!("{field} {value}");
        let error = Extract::from_bytes(with_field(field, value)).unwrap_err();
        assert!(matches!(error, ExtractError::Header { .. } | ExtractError::Body { .. }), "{told}: {error}");
        assert!(!error.to_string().contains("one form"), "{told}: refused for another reason than its own");
    }
    let checkpoint = json!({"origin": "club.example/ledger", "root": "0".repeat(64), "size": 1});
    for (field, value) in [("signed", json!(true)), ("checkpoint", checkpoint)] {
        let error = Extract::from_bytes(with_field(field, value)).unwrap_err();
        assert!(error.to_string().contains("`checkpoint` is there without a signature, or the other way round"), "{error}");
    }
    assert!(Extract::from_bytes(with_field("canaries", list(&vec![good; 64]))).is_ok());
}

#[test]
fn a_header_has_one_form() {
    let (_, bytes) = written(&small());
    let (line, body) = split(&bytes);
    assert!(Extract::from_bytes(join(&line, &body)).is_ok());
    let spaced = line.replace("\"signed\":false", "\"signed\": false");
    let twice = line.replace("\"signed\":false", "\"signed\":false,\"signed\":false");
    let more = line.replace("\"signed\":false", "\"signed\":false,\"more\":1");
    let fewer = line.replace(",\"checkpoint\":null", "");
    let fraction = line.replace("2026-01-01T00:00:00Z", "2026-01-01T00:00:00.0Z");
    for other in [&spaced, &twice, &more, &fewer, &fraction, "", "null", "{}"] {
        assert_ne!(other, line);
        assert!(matches!(Extract::from_bytes(join(other, &body)), Err(ExtractError::Header { .. })), "{other}");
    }
    for (len, whole) in [(HEADER_BYTES_MAX, true), (HEADER_BYTES_MAX + 1, false)] {
        let error = Extract::from_bytes(join(&" ".repeat(len), &body)).unwrap_err();
        assert_eq!(matches!(error, ExtractError::Header { .. }), whole, "{error}");
        assert_eq!(matches!(error, ExtractError::HeaderLength), !whole, "{error}");
    }
}

#[test]
fn what_is_no_extract_is_told_apart_from_another_version() {
    for bytes in [&b""[..], b"PAR1", b"{}", b"bezwaar-extrac", b"bezwaar-key = 1\n"] {
        assert!(matches!(Extract::from_bytes(bytes.to_vec()), Err(ExtractError::NotAnExtract)));
    }
    for bytes in [&b"bezwaar-extract/2\n{}\n"[..], b"bezwaar-extract/10\n", b"bezwaar-extract/1 \n"] {
        assert!(matches!(Extract::from_bytes(bytes.to_vec()), Err(ExtractError::Format)));
    }
}

#[test]
fn what_keys_cannot_tell_is_refused() {
    let other = Extract::from_bytes(with_field("normaliser", json!(99))).unwrap();
    assert!(matches!(other.check_keys(&keys()), Err(ExtractError::Normaliser { extract: 99, program: 1 })));
    let (header, _) = written(&small());
    for place in 0..3 {
        let mut canaries = header.canaries.clone();
        canaries[place].key = "0".repeat(32);
        let extract = Extract::from_bytes(with_field("canaries", serde_json::to_string(&canaries).unwrap())).unwrap();
        assert!(matches!(extract.check_keys(&keys()), Err(ExtractError::Canary)));
    }
    let renamed = Extract::from_bytes(with_field("key_id", json!("0123456789abcdef"))).unwrap();
    assert!(matches!(renamed.check_keys(&keys()), Err(ExtractError::KeyId { .. })));
}

#[test]
fn counts_and_shapes_are_those_of_the_rows() {
    let more = Extract::from_bytes(with_field("acts", json!(99))).unwrap();
    assert!(matches!(more.verify_rows(), Err(ExtractError::Body { .. })));
    let root = Extract::from_bytes(with_field("rows_root", json!("0".repeat(64)))).unwrap();
    assert!(matches!(root.verify_rows(), Err(ExtractError::RowsRoot)));
    let unused = Parts::new(&[1, 4, 1, 9], &[&[0, 0, 0, 0, 1]]).read().unwrap();
    assert!(matches!(unused.verify_rows(), Err(ExtractError::Body { because }) if because.contains("shape")));
}

#[test]
fn errors_name_nobody_and_help() {
    let row = Parts::new(&[1, 4], &[&[0, 0, 4, b'n', b'o', b'o', b'r', 0, 7]]).read().unwrap().acts(0).unwrap_err();
    let header = Extract::from_bytes(join("noor", &[])).unwrap_err();
    for error in [row, header] {
        assert!(!format!("{error} {error:?}").contains("noor"));
        assert!(!error.help().is_empty());
    }
    assert!(read(&written(&small()).1).verify_rows().is_ok());
}
