//! Files with fixed keys and fixed bytes, kept beside the tests: what is written today is what was written then, and still verifies; and whatever is changed in one of them is
//! refused for a reason of its own.
//!
//! `BEZWAAR_WRITE_GOLDEN=1 cargo test -p bezwaar-ledger golden` writes them anew. That is a change of format: whoever holds an older file can no longer show it.

use std::error::Error;
use std::path::PathBuf;

use bezwaar_core::Holdings;
use bezwaar_ledger::acceptance::Acceptance;
use bezwaar_ledger::entry::{Entry, EntryKind};
use bezwaar_ledger::extract::{Extract, RowProof, RowProver, apply_delta, write_delta};
use bezwaar_ledger::extract_entry::ExtractEntry;
use bezwaar_ledger::fuzzing;
use bezwaar_ledger::opening::Opening;
use bezwaar_ledger::receipt::{DocumentReceipt, Receipt};
use bezwaar_ledger::release::{AbsenceFile, Countersignature, Role, Seal, put_subject, put_subject_list_header, rebuild_subjects};
use bezwaar_ledger::tlog::checkpoint::SignedCheckpoint;
use bezwaar_ledger::tlog::cosignature::{PosixSeconds, cosign};
use bezwaar_ledger::tlog::note::Note;
use bezwaar_ledger::tlog::policy::TrustPolicy;
use bezwaar_ledger::tlog::proof_file::ProofFile;
use proptest::prelude::*;

use crate::absence::{absence, inclusion};
use crate::made_up::{Random, instant, read, small, written};
use crate::openings::opening;
use crate::receipts::{accepted, entries, policy, proof_of, witnessed_policy};
use crate::releases::{auditor, index_key, seal};
use crate::rows_and_deltas::people;
use crate::signed::{operators, signed};
use crate::tlog_world::witness_key;

/// The files, as the code makes them now.
fn made() -> Vec<(&'static str, Vec<u8>)> {
    let extract = signed(&small());
    let row = RowProver::new(&read(&extract)).unwrap().prove(2).unwrap();
    let note = seal().sign(&crate::signed::operator()).unwrap();
    let said = Countersignature::of(&seal(), true, Role::Auditor).unwrap().sign(&auditor()).unwrap();
    let file = AbsenceFile { countersignatures: vec![said.clone()], ..absence(&["club:handle:lena"]) };
    vec![
        ("extract", extract.clone()),
        ("extract-entry.json", ExtractEntry::of(&read(&extract)).unwrap().to_bytes().unwrap()),
        ("delta", write_delta(&base(), &read(&extract))),
        ("row.json", row.to_bytes()),
        ("checkpoint", cosigned().checkpoint().to_string().into_bytes()),
        ("acceptance.note", accepted(5).acceptance.unwrap().to_string().into_bytes()),
        ("receipt.tlog-proof", Receipt::recorded(accepted(5), cosigned()).unwrap().to_bytes().unwrap()),
        ("opening.json", opened(&opening())),
        ("seal.json", seal().to_bytes().unwrap()),
        ("seal.note", note.to_string().into_bytes()),
        ("seal.tlog-proof", inclusion(&seal()).to_bytes()),
        ("countersignature.note", said.to_string().into_bytes()),
        ("subjects.jsonl", subjects()),
        ("absence.json", file.to_bytes().unwrap()),
    ]
}

/// The extract the delta goes out from.
fn base() -> Extract {
    read(&written(&Holdings::resolve(&people(6))).1)
}

fn cosigned() -> ProofFile {
    let proof = proof_of(&entries(), 5);
    let mut signed = proof.checkpoint().clone();
    let line = cosign(&witness_key(0), &signed, PosixSeconds::new(1_770_000_000).unwrap()).unwrap();
    signed.add(line).unwrap();
    ProofFile::new(5, proof.hashes().to_vec(), signed).unwrap()
}

fn opened(opening: &Opening) -> Vec<u8> {
    let mut line = Vec::new();
    opening.put_line(&mut line);
    line
}

fn subjects() -> Vec<u8> {
    let mut list = Vec::new();
    put_subject_list_header(&seal(), &mut list);
    for name in ["club:handle:daan", "club:handle:evi", "club:handle:noor"] {
        put_subject(name, &index_key().prove(name.as_bytes()).1, &mut list);
    }
    list
}

type Checked = Result<(), Box<dyn Error>>;

/// Checks a file as whoever is given it does.
fn check(name: &str, bytes: &[u8]) -> Checked {
    let independent = [auditor().verifier().clone()];
    match name {
        "extract" => {
            let extract = Extract::from_bytes(bytes.to_vec())?;
            extract.verify_rows()?;
            extract.verify_signature(&operators())?;
        }
        "extract-entry.json" => {
            let entry = ExtractEntry::from_bytes(bytes)?;
            (ExtractEntry::of(&read(&signed(&small()))).as_ref() == Some(&entry)).then_some(()).ok_or("it is of another extract")?;
        }
        "delta" => drop(apply_delta(&base(), bytes)?),
        "row.json" => drop(RowProof::from_bytes(bytes)?.verify(&operators())?),
        "checkpoint" => drop(witnessed_policy().check(&SignedCheckpoint::parse(bytes)?).map_err(Box::new)?),
        "acceptance.note" => drop(Acceptance::verify(&Note::parse(bytes)?, &operators())?),
        "receipt.tlog-proof" => drop(Receipt::from_bytes(bytes)?.verify(&witnessed_policy(), &operators())?),
        "opening.json" => {
            let line = std::str::from_utf8(bytes)?.strip_suffix('\n').ok_or("no line end")?;
            let good = opening();
            let entry = Entry { kind: EntryKind::Choice, recorded_at: instant("2025-06-01T00:00:00Z"), hash: good.commitment().unwrap() };
            let read = Opening::from_line(line)?;
            read.verify(&entry)?;
            (read.index == good.index).then_some(()).ok_or("it is of another place")?;
        }
        "seal.json" => {
            let read = Seal::from_bytes(bytes)?;
            read.verify(&Note::parse(&kept("seal.note"))?, &operators())?;
        }
        "seal.note" => seal().verify(&Note::parse(bytes)?, &operators())?,
        "seal.tlog-proof" => {
            DocumentReceipt::from_bytes(bytes)?.verify(EntryKind::Seal, &kept("seal.json"), &policy())?;
        }
        "countersignature.note" => {
            let (said, _) = Countersignature::verify(&Note::parse(bytes)?, &independent)?;
            (Countersignature::of(&seal(), true, Role::Auditor).as_ref() == Some(&said)).then_some(()).ok_or("it is of another seal")?;
        }
        "subjects.jsonl" => {
            let rebuilt = rebuild_subjects(&seal(), bytes)?;
            rebuilt.are_of(&seal()).then_some(()).ok_or("the list has another root than the seal")?;
        }
        "absence.json" => drop(AbsenceFile::from_bytes(bytes)?.verify(&policy(), &operators(), &independent)?),
        other => return Err(format!("nobody checks `{other}`").into()),
    }
    Ok(())
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden")
}

fn kept(name: &str) -> Vec<u8> {
    std::fs::read(folder().join(name)).unwrap()
}

#[test]
fn what_was_written_then_is_written_now_and_still_holds() {
    if std::env::var_os("BEZWAAR_WRITE_GOLDEN").is_some() {
        std::fs::create_dir_all(folder()).unwrap();
        made().iter().for_each(|(name, bytes)| std::fs::write(folder().join(name), bytes).unwrap());
    }
    for (name, bytes) in made() {
        assert!(kept(name) == bytes, "`{name}` is written in another way than it was");
        check(name, &bytes).unwrap_or_else(|error| panic!("{name}: {error}"));
    }
    let files = std::fs::read_dir(folder()).unwrap().count();
    assert_eq!(files, made().len(), "a file nobody makes");
    // The same policy as a file, for whoever compares with another program.
    assert!(TrustPolicy::parse(&witnessed_policy().to_bytes()).is_ok());
}

/// An error with its causes.
fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

/// What is changed in which file, and why that is refused.
const CHANGES: &[(&str, &str, &str, &str)] = &[
    ("extract", "\"people\":6", "\"people\":5", "the extract's header is not as it was written"),
    ("extract", "sha256 ab", "sha256 bb", "the extract's header is not as it was written"),
    (
        "extract",
        "/operator 8q",
        "/operator 9q",
        "the extract's signature does not count: the note is not signed by any key that is known here",
    ),
    (
        "extract",
        "/operator 8qOFPd",
        "/operator 8qOFPe",
        "the extract's signature does not count: the signature of `club.example/ledger/operator` (key f2a3853d) is wrong",
    ),
    ("extract", "club/ai", "club/al", "the extract's body is not as it was written"),
    ("extract", "bezwaar-extract/1", "bezwaar-extract/9", "this is an extract in a format this program does not read"),
    ("extract-entry.json", "\"size\":12", "\"size\":13", "it is of another extract"),
    ("extract-entry.json", "\"v\":1", "\"v\":2", "what the ledger says of an extract is not in the one form it has"),
    ("delta", "from d3", "from d4", "the delta is for another extract than this one"),
    ("delta", "to 97", "to 98", "the delta does not give the extract it was made for"),
    ("delta", "bezwaar-delta/1", "bezwaar-delta/2", "this is not a delta between extracts"),
    (
        "row.json",
        "\"row\":2",
        "\"row\":1",
        "the row is not one of the extract the proof names: the proof leads to another root than the tree has",
    ),
    (
        "row.json",
        "\"hashes\":[\"45",
        "\"hashes\":[\"46",
        "the row is not one of the extract the proof names: the proof leads to another root than the tree has",
    ),
    (
        "row.json",
        r#"\"acts\":14"#,
        r#"\"acts\":15"#,
        "the head in the row proof does not count: the extract's header is not as it was written",
    ),
    (
        "row.json",
        "/operator 8qOFPd",
        "/operator 8qOFPe",
        "the head in the row proof does not count: the extract's signature does not count: the signature of `club.example/ledger/operator` (key f2a3853d) is wrong",
    ),
    ("row.json", "bezwaar-row/1", "bezwaar-row/2", "this is not a row proof in the form row proofs have"),
    ("checkpoint", "\n9\n", "\n8\n", "the signature of `club.example/ledger` (key 0c76d833) is wrong"),
    ("checkpoint", "C7Wh", "D7Wh", "the signature of `club.example/ledger` (key 0c76d833) is wrong"),
    ("checkpoint", "DHbYMwtr", "DHbYMwts", "the signature of `club.example/ledger` (key 0c76d833) is wrong"),
    ("checkpoint", "DHbYMwtr", "EHbYMwtr", "the checkpoint is not signed by the ledger it names"),
    ("checkpoint", "sQbtjAAAAABp", "sQbtjAAAAABq", "the signature of `witness.example/w0` (key b106ed8c) is wrong"),
    (
        "checkpoint",
        "witness.example/w0",
        "witness.example/w1",
        "not witnessed: 0 of 1 witnesses have cosigned, and the trust policy asks for more or others",
    ),
    ("checkpoint", "club.example/ledger\n9", "club.example/lodger\n9", "the trust policy does not know the ledger `club.example/lodger`"),
    (
        "acceptance.note",
        "index 5",
        "index 6",
        "the signature under the statement does not count: the signature of `club.example/ledger/operator` (key f2a3853d) is wrong",
    ),
    ("acceptance.note", "index 5", "index 05", "the signed statement is not in the one form it has"),
    (
        "acceptance.note",
        "published_by 2026-01-01T05:01",
        "published_by 2026-01-01T05:02",
        "the signed statement is not in the one form it has",
    ),
    (
        "acceptance.note",
        "8qOFPUF",
        "8qOFPUG",
        "the signature under the statement does not count: the signature of `club.example/ledger/operator` (key f2a3853d) is wrong",
    ),
    (
        "receipt.tlog-proof",
        "index 5",
        "index 4",
        "the proof in the receipt does not hold: the entry is not proved to be in the ledger: the proof leads to another root than the tree has",
    ),
    (
        "receipt.tlog-proof",
        "r0Ql",
        "s0Ql",
        "the proof in the receipt does not hold: the entry is not proved to be in the ledger: the proof leads to another root than the tree has",
    ),
    (
        "receipt.tlog-proof",
        "\n9\n",
        "\n8\n",
        "the proof in the receipt does not hold: the checkpoint in the proof file is not believed: the signature of `club.example/ledger` (key 0c76d833) is wrong",
    ),
    (
        "receipt.tlog-proof",
        "C7Wh",
        "D7Wh",
        "the proof in the receipt does not hold: the checkpoint in the proof file is not believed: the signature of `club.example/ledger` (key 0c76d833) is wrong",
    ),
    (
        "receipt.tlog-proof",
        "sQbtjAAAAABp",
        "sQbtjAAAAABq",
        "the proof in the receipt does not hold: the checkpoint in the proof file is not believed: the signature of `witness.example/w0` (key b106ed8c) is wrong",
    ),
    ("receipt.tlog-proof", "extra eyJh", "extra eyJi", "this is not a receipt in the form receipts have"),
    (
        "receipt.tlog-proof",
        "proof@v1",
        "proof@v2",
        "the proof in the receipt does not hold: this is not a proof file: its first line is not `c2sp.org/tlog-proof@v1`",
    ),
    (
        "receipt.tlog-proof",
        "QpOjRe9QTVgDsbRRjtUat8p52XvYTFMaHo3y+8WmShQ=\n",
        "",
        "the proof in the receipt does not hold: the entry is not proved to be in the ledger: the proof has too few hashes",
    ),
    ("opening.json", "\"index\":5", "\"index\":6", "it is of another place"),
    ("opening.json", "\"salt\":\"07", "\"salt\":\"08", "an opening does not give the hash that stands in the entry"),
    ("opening.json", "noor", "noon", "an opening does not give the hash that stands in the entry"),
    ("opening.json", "\"kind\":\"choice\"", "\"kind\":\"void\"", "an opening is of another kind than the entry"),
    ("opening.json", "\"index\":5", "\"index\":05", "an opening is not in the one form openings have"),
    (
        "seal.json",
        "\"records\":1000",
        "\"records\":1001",
        "the note under the seal does not count: the signed statement is not in the one form it has",
    ),
    ("seal.json", "\"late\":0", "\"late\": 0", "the seal is not in the one form seals have"),
    ("seal.json", "00:30:00Z\",\"subjects\"", "02:30:00Z\",\"subjects\"", "the seal is not in the one form seals have"),
    ("seal.note", "release 1", "release 2", "the note under the seal does not count: the signed statement is not in the one form it has"),
    (
        "seal.note",
        "operator ",
        "operater ",
        "the note under the seal does not count: the signature under the statement does not count: the note is not signed by any key that is known here",
    ),
    (
        "seal.tlog-proof",
        "index 1",
        "index 0",
        "the proof in the receipt does not hold: the entry is not proved to be in the ledger: the proof leads to another root than the tree has",
    ),
    (
        "countersignature.note",
        "rebuilt yes",
        "rebuilt no",
        "a countersignature does not count: the signature under the statement does not count: the signature of `auditor.example` (key 01c275c1) is wrong",
    ),
    (
        "countersignature.note",
        "as auditor",
        "as recipient",
        "a countersignature does not count: the signature under the statement does not count: the signature of `auditor.example` (key 01c275c1) is wrong",
    ),
    (
        "countersignature.note",
        "release 1",
        "release 01",
        "a countersignature does not count: the signed statement is not in the one form it has",
    ),
    (
        "countersignature.note",
        "auditor.example ",
        "auditer.example ",
        "a countersignature does not count: the signature under the statement does not count: the note is not signed by any key that is known here",
    ),
    ("subjects.jsonl", "release/1", "release/2", "this is not the list of subjects of this release"),
    ("subjects.jsonl", "daan", "daam", "line 2 of the list of subjects does not show its place"),
    ("subjects.jsonl", "daan", "zaan", "line 2 of the list of subjects does not show its place"),
    ("subjects.jsonl", "\"place\":\"", "\"place\": \"", "line 2 of the list of subjects is not in the one form it has"),
    (
        "absence.json",
        "lena",
        "lina",
        "the place of account 1 in the release is not shown: the proof is not one for this account under this index key",
    ),
    ("absence.json", "\"path\":\"", "\"path\":\"0", "this is not a proof of absence in the form such proofs have"),
    (
        "absence.json",
        "\"late\":0",
        "\"late\":1",
        "the note under the seal does not count: the signed statement is not in the one form it has",
    ),
    (
        "absence.json",
        "rebuilt yes",
        "rebuilt no",
        "a countersignature does not count: the signature under the statement does not count: the signature of `auditor.example` (key 01c275c1) is wrong",
    ),
    (
        "absence.json",
        "index 1",
        "index 0",
        "the seal is not shown to be on the ledger: the proof in the receipt does not hold: the entry is not proved to be in the ledger: the proof leads to another root than the tree has",
    ),
    ("absence.json", "bezwaar-absence/1", "bezwaar-absence/2", "this is not a proof of absence in the form such proofs have"),
];

#[test]
fn every_class_of_bytes_is_refused_for_its_own_reason() {
    let mut wrong: Vec<String> = Vec::new();
    for (name, from, to, because) in CHANGES {
        let good = kept(name);
        let at = good.windows(from.len()).position(|window| window == from.as_bytes()).unwrap_or_else(|| panic!("{name}: {from}"));
        let bad = [&good[..at], to.as_bytes(), &good[at + from.len()..]].concat();
        match check(name, &bad) {
            Ok(()) => wrong.push(format!("{name}: `{from}` became `{to}`, and it holds")),
            Err(error) => {
                let said = chain(error.as_ref());
                if !said.contains(because) {
                    wrong.push(format!("{name}: `{from}` became `{to}`: {said}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Every single byte, not only those that are thought of: no file is taken for what it is not.
#[test]
fn every_single_byte_counts() {
    // A proof of absence has its own test: the line of an auditor nobody knows says nothing there.
    for (name, good) in made().into_iter().filter(|(name, _)| *name != "absence.json") {
        for place in 0..good.len() {
            let mut bad = good.clone();
            bad[place] ^= 1;
            assert!(check(name, &bad).is_err(), "{name}: byte {place}");
        }
        for end in 0..good.len() {
            assert!(check(name, &good[..end]).is_err(), "{name}: cut at {end}");
        }
    }
}

/// A good file, damaged in one to eight places: a byte changed, taken out or put in, a piece of another file laid over it.
fn damaged(random: &mut Random, files: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let mut bytes = files[random.below(files.len())].1.clone();
    for _ in 0..1 + random.below(8) {
        if bytes.is_empty() {
            break;
        }
        let place = random.below(bytes.len());
        match random.below(5) {
            0 => bytes[place] = random.next() as u8,
            1 => bytes[place] ^= 1 << random.below(8),
            2 => drop(bytes.remove(place)),
            3 => bytes.insert(place, b"{}[]\",:0n \n\xff"[random.below(12)]),
            _ => {
                let other = &files[random.below(files.len())].1;
                let from = random.below(other.len());
                let piece = &other[from..(from + random.below(40)).min(other.len())];
                let end = (place + piece.len()).min(bytes.len());
                bytes.splice(place..end, piece.iter().copied());
            }
        }
    }
    bytes
}

#[test]
fn damaged_files_of_every_kind_never_panic() {
    let (files, mut random) = (made(), Random(2_026));
    let (base, seal) = (base(), seal());
    for _ in 0..4_000 {
        let bytes = damaged(&mut random, &files);
        fuzzing::documents(&bytes);
        fuzzing::delta(&base, &bytes);
        let lines = bytes.iter().position(|byte| *byte == b'\n').map_or(&bytes[..], |first| &bytes[first + 1..]);
        fuzzing::subject_list(&seal, lines);
        // Whatever it was, it is taken for none of the others.
        for (name, good) in &files {
            assert!(bytes == *good || *name == "absence.json" || check(name, &bytes).is_err(), "{name} of damaged bytes");
        }
    }
}

proptest! {
    #[test]
    fn any_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        fuzzing::documents(&bytes);
        fuzzing::delta(&base(), &bytes);
        fuzzing::subject_list(&seal(), &bytes);
    }
}
