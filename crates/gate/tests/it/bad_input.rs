//! Whatever is wrong with what the gate is given: it says so in words that help, and nothing is left that could be taken for a release.

use std::sync::Arc;

use arrow_array::{ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray};
use bezwaar_core::account::Services;
use bezwaar_core::policy::read::PolicyFile;
use bezwaar_core::time::Instant;
use bezwaar_gate::ErrorKind;
use bezwaar_ledger::key::{KeyFile, RootKey};
use insta::assert_snapshot;
use parquet::arrow::ArrowWriter;

use crate::support::{CLUB, Site, THROUGH, club_file, counts, extract_bytes, keys, objections, told_at};
use crate::wide;

const MAP: &str = "[input.map]\nid = { column = \"id\" }\nauthor = { column = \"author\", service = \"club\" }\ncategory = { column = \"category\" }\naudience = { const = \"public\", because = \"a test\" }\n";
const DATED: &str = "[input.map]\nauthor = { column = \"author\", service = \"club\" }\ncategory = { const = \"photo\" }\naudience = { const = \"public\", because = \"a test\" }\nregion = { const = \"NL\", because = \"a test\" }\nauthor_age = { const = 30, because = \"a test\" }\ncollected_at = { const = \"2026-01-10T00:00:00Z\", because = \"a test\" }\n";
const GOOD: &str = "{\"id\":\"1\",\"author\":\"kim\",\"category\":\"post\"}\n{\"id\":\"2\",\"author\":\"noor\",\"category\":\"post\"}\n";

fn with_good_lines() -> Site {
    let site = Site::new();
    site.write("in/a.jsonl", GOOD.as_bytes());
    site
}

/// What opening a job says; and nothing was written.
#[track_caller]
fn refused(site: &Site, text: &str) -> String {
    let error = site.open(text).err().expect("must be refused");
    assert!(!site.path("out/manifest.json").exists() && !site.path("out").exists(), "something was written");
    told_at(site, &error)
}

/// What running a job says; and there is no release.
#[track_caller]
fn stopped(site: &Site, text: &str) -> String {
    let error = site.run(text).expect_err("must stop");
    no_release(site);
    told_at(site, &error)
}

#[track_caller]
fn no_release(site: &Site) {
    assert!(!site.path("out/manifest.json").exists(), "there is a manifest");
    let parts: Vec<String> = site.files_in("out").into_iter().filter(|name| name.ends_with(".bezwaar-part")).collect();
    assert_eq!(parts, Vec::<String>::new());
}

fn parquet(columns: Vec<(&str, ArrayRef)>) -> Vec<u8> {
    let batch = RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, column)| (name, column, true))).unwrap();
    let mut file = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut file, batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    file
}

fn words(values: &[&str]) -> ArrayRef {
    Arc::new(StringArray::from(values.to_vec()))
}

// ---- The job ----

#[test]
fn fields_nobody_knows_and_values_of_the_wrong_type() {
    let site = with_good_lines();
    let text = site
        .job_text("in", MAP, "froms = \"x\"\ndrop = 3\n[limits]\nthreads = 0\nbatch_rows = \"many\"")
        .replace("column = \"category\"", "colum = \"category\"")
        .replace("service = \"club\"", "service = 7");
    assert_snapshot!(refused(&site, &text), @r#"
    Config: the job has 7 problems
    - job.toml:30:14: `batch_rows` must be a whole number from 1 to 16777216, not a text; write batch_rows = 1
    - job.toml:29:11: `threads` must be a whole number from 1 to 1024, not 0; write threads = 1
    - job.toml:27:8: `drop` must be a list of texts, not a whole number; write drop = ["…"]
    - job.toml:26:1: unknown key `froms`; known here are `path`, `form`, `drop`, `withheld_list`, `subjects`, `fold_choices`
    - job.toml:19:41: `service` must be a text, not a whole number; write service = "…"
    - job.toml:20:14: unknown key `colum`; did you mean `column`?
    - job.toml:20:12: `category` says neither column nor const; write { column = "…" }
    "#);
    assert_snapshot!(refused(&site, "job = "), @r#"
    Config: the job has 1 problem
    - job.toml:1:7: not TOML: string values must be quoted, expected literal string
    "#);
    assert_snapshot!(refused(&site, ""), @r#"
    Config: the job has 5 problems
    - job.toml:1:1: `job` is missing; job = { … }  # the job
    - job.toml:1:1: `question` is missing; question = { … }  # what is asked of every record
    - job.toml:1:1: `extract` is missing; extract = { … }  # the acts of people, and the key to match them
    - job.toml:1:1: `input` is missing; input = [{ … }]  # what goes in
    - job.toml:1:1: `output` is missing; output = { … }  # what comes out
    "#);
}

#[test]
fn times_that_are_none_and_maps_that_cannot_be() {
    let site = with_good_lines();
    let text = site
        .job_text("in", MAP, "form = \"mask\"\ndrop = [\"x\"]\nwithheld_list = \"out/../out/list\"")
        .replace("[extract]", "at = \"yesterday\"\n[extract]")
        .replace("because = \"a test\"", "")
        .replace("id = { column = \"id\" }", "id = { column = [\"[]\"] }\nabout = [{ column = \"a\", const = \"b\" }]\ncreated_at = { column = \"t\", zone = \"Mars/Olympus\", format = \"iso\", unit = \"h\" }\nauthor_age = { birth_date = \"dob\" }");
    assert_snapshot!(refused(&site, &text), @r#"
    Config: the job has 10 problems
    - job.toml:10:6: not an instant: write it as `2025-05-27T00:00:00Z`; leave `at` out for a release: it runs at the extract's moment
    - job.toml:32:17: `out/list` lies inside the output folder; put the list elsewhere: it is personal data and does not travel with the release
    - job.toml:31:8: a mask holds no columns to drop; leave `drop` out, or write form = "copy"
    - job.toml:19:17: `column` is no column; write a column's name, or a path such as ["user", "id_str"]
    - job.toml:20:10: `about` has both a column and a constant; keep one of them
    - job.toml:25:12: `audience` is asserted for every record without a reason; add because = "…"; it is shown in every report
    - job.toml:22:14: the age is counted on `collected_at`, which is not mapped; map it too
    - job.toml:21:76: `unit` has the unknown word `h`; did you mean `s`? known are `s`, `ms`, `us`, `ns`
    - job.toml:21:37: not a time zone: write it as `Europe/Dublin`; an IANA name
    - job.toml:21:62: unknown format `iso`; write "rfc3339", or a pattern such as "%Y-%m-%d %H:%M:%S"
    "#);
}

#[test]
fn inputs_that_are_not_there_or_twice_or_ours() {
    let site = with_good_lines();
    assert_snapshot!(refused(&site, &site.job_text("nowhere/*.jsonl", MAP, "")), @r#"
    Config: the inputs cannot be used
    - `nowhere/*.jsonl` matches no file
    help: paths start from the folder of the job file
    "#);
    site.write("in/notes.txt", b"x");
    assert_snapshot!(refused(&site, &site.job_text("in/notes.txt", MAP, "")), @r#"
    Config: the inputs cannot be used
    - `in/notes.txt`: its name does not tell the format; say format = "…" in the input
    help: paths start from the folder of the job file
    "#);
    site.write("other/a.jsonl", GOOD.as_bytes());
    assert_snapshot!(refused(&site, &site.job_text("in/*.jsonl\", \"other/*.jsonl", MAP, "")), @r#"
    Config: the inputs cannot be used
    - `a.jsonl` would be written twice: it stands in two inputs (`in/a.jsonl`)
    help: paths start from the folder of the job file
    "#);
    site.write("in/manifest.json", GOOD.as_bytes());
    assert_snapshot!(refused(&site, &site.job_text("in/manifest.json", MAP, "")), @r#"
    Config: the inputs cannot be used
    - `manifest.json`: an output of this name would be taken for what the run itself writes
    help: paths start from the folder of the job file
    "#);
}

#[test]
fn people_and_their_relations_must_run_through_the_same_lists() {
    let site = with_good_lines();
    let map = MAP.replace(
        "id = {",
        "about = { column = [\"threads\", \"[]\", \"people\", \"[]\", \"name\"], as_column = [\"threads\", \"[]\", \"kind\"] }\nid = {",
    );
    assert_snapshot!(refused(&site, &site.job_text("in", &map, "")), @r#"
    Input: some inputs cannot be opened
    - `in/a.jsonl`: the mapping does not fit the records
    -   about: `threads.[].kind` does not run through the same lists as `threads.[].people.[].name`
    help: mend [input.map] in the job
    "#);
}

// ---- Policies, extract, key ----

#[test]
fn policies_that_overlap() {
    let text = CLUB
        .replace("categories = [\"photo\", \"message\"]", "categories = [\"post\"]")
        .replace("2026-01-01", "2026-02-01")
        .replace("club/dated", "club/later")
        .replace("club/model\"", "club/other\"");
    let later = PolicyFile { stem: "2026-02-01".into(), text, ..club_file() };
    let extract = extract_bytes(&Services::default(), &objections(), Instant::parse(THROUGH).unwrap(), &[]);
    let site = Site::with(&[club_file(), later], None, &extract);
    site.write("in/a.jsonl", GOOD.as_bytes());
    assert_snapshot!(refused(&site, &site.job_text("in", MAP, "")), @r#"
    Config: the policies have 2 problems
    - policies/club/2026-02-01.toml:37:6: `club/other` takes data for recipients that `club/model` took in `policies/club/2026-01-01.toml`, and does not say that it continues it; add continues = ["club/model"], so that who objected to it stays out
    - policies/club/2026-02-01.toml:59:6: `club/later` takes data for recipients that `club/model` took in `policies/club/2026-01-01.toml`, and does not say that it continues it; add continues = ["club/model"], so that who objected to it stays out
    "#);
}

#[test]
fn a_folder_without_policies() {
    let site = with_good_lines();
    std::fs::remove_dir_all(site.path("policies/club")).unwrap();
    assert_snapshot!(refused(&site, &site.job_text("in", MAP, "")), @r#"
    Config: there are no policies in `policies`
    help: a policies folder holds one folder per policy with one file per version, such as `meta/2025-05-27.toml`
    "#);
}

#[test]
fn a_key_that_does_not_fit_and_one_that_is_none() {
    let site = with_good_lines();
    site.write("gate.key", KeyFile::new(RootKey::from_bytes([8; 32]), "club.example", 1).unwrap().to_text().as_bytes());
    assert_snapshot!(refused(&site, &site.job_text("in", MAP, "")), @r#"
    Config: the extract cannot be matched with this key
    cause: the extract was made with key 63705c5b981903cb, and this is key c1cf80f9688ac233
    help: use the key file the extract was made with; with another key nobody in it would be found
    "#);
    site.write("gate.key", b"bezwaar-key = 1\ndomain = \"club.example\"\nepoch = 1\nkey = \"SECRETSECRET\"\n");
    let said = refused(&site, &site.job_text("in", MAP, ""));
    assert!(!said.contains("SECRET"));
    assert_snapshot!(said, @r#"
    Input: `gate.key`: the key file cannot be used
    cause: line 4: `key` is not a key (it is not shown here)
    help: write it in quotes: exactly 64 lower-case hexadecimal digits
    "#);
    std::fs::remove_file(site.path("gate.key")).unwrap();
    assert_snapshot!(refused(&site, &site.job_text("in", MAP, "")), @r#"
    Input: `gate.key`: the key cannot be read
    cause: No such file or directory (os error 2)
    "#);
}

#[test]
fn an_extract_that_cannot_be_used() {
    let site = with_good_lines();
    let good = std::fs::read(site.path("acts.extract")).unwrap();
    assert_snapshot!(refused(&site, &site.job_text("in", MAP, "").replace("allow_unsigned = true", "")), @r#"
    Config: the job has 1 problem
    - job.toml:10:1: the job does not say who answers for the objections in the extract; write signed_by = "NAME+ID+KEY", the public key of the register's operator; or allow_unsigned = true for an extract made by hand, and reports will say so
    "#);
    site.write("acts.extract", &good[..good.len() - 3]);
    assert_snapshot!(refused(&site, &site.job_text("in", MAP, "")), @r#"
    Input: `acts.extract`: the extract cannot be used
    cause: the extract's body is not as it was written
    help: copy it again from where it was made; if it is damaged there too, make it anew
    "#);
    let mut flipped = good.clone();
    let last = flipped.len() - 1;
    flipped[last] ^= 1;
    site.write("acts.extract", &flipped);
    assert!(refused(&site, &site.job_text("in", MAP, "")).starts_with("Input: `acts.extract`: the extract cannot be used"));
    // Made by another normaliser; its head is hashed anew, as its maker would.
    site.write("acts.extract", &other_normaliser(&good));
    assert_snapshot!(refused(&site, &site.job_text("in", MAP, "")), @r#"
    Config: the extract cannot be matched with this key
    cause: the extract was made with account normalisation 9, and this program has 1
    help: make the extract anew with this version; with the other, accounts would not be found
    "#);
    std::fs::remove_file(site.path("acts.extract")).unwrap();
    assert_snapshot!(refused(&site, &site.job_text("in", MAP, "")), @r#"
    Input: `acts.extract`: the extract cannot be read
    cause: No such file or directory (os error 2)
    help: make one with `bezwaar extract`
    "#);
}

/// With other rules for names, who objected would have another key and not be found.
#[test]
fn an_extract_made_under_other_rules_for_names() {
    let site = with_good_lines();
    site.write("policies/services.toml", b"[[service]]\nid = \"club\"\nhandles = \"exact\"\n");
    assert_snapshot!(refused(&site, &site.job_text("in", MAP, "")), @r#"
    Config: the extract does not fit the policies
    cause: the extract was made with other rules for how services write names
    help: make the extract with the policies folder the job names
    "#);
}

fn other_normaliser(extract: &[u8]) -> Vec<u8> {
    use sha2::Digest;
    let lines: Vec<&[u8]> = extract.splitn(4, |byte| *byte == b'\n').collect();
    let header = String::from_utf8(lines[1].to_vec()).unwrap();
    let changed = header.replace("\"normaliser\":1", "\"normaliser\":9");
    assert_ne!(header, changed);
    let head = [lines[0], b"\n", changed.as_bytes(), b"\n"].concat();
    let hash: String = sha2::Sha256::digest(&head).iter().map(|byte| format!("{byte:02x}")).collect();
    [head.as_slice(), format!("sha256 {hash}\n").as_bytes(), lines[3]].concat()
}

#[test]
fn nobody_met() {
    let site = Site::new();
    site.write("in/a.jsonl", b"{\"id\":1,\"author\":\"kim\",\"category\":\"post\"}\n");
    assert_snapshot!(stopped(&site, &site.job_text("in", MAP, "")), @r#"
    Config: 0 of the 4 people of the extract were met; the job expects at least 1
    help: check service and kind of `author` in the map: keys that do not match would mean that no objection is seen; if it is right, write matched_min = 0 under [expect]
    "#);
    let manifest = site.run(&site.job_text("in", MAP, "[expect]\nmatched_min = 0").replace("\"out\"", "\"out-2\"")).unwrap();
    assert_eq!(manifest.people_met(), 0);
}

// ---- The output folder ----

#[test]
fn an_output_folder_that_is_not_ours() {
    let site = with_good_lines();
    let text = site.job_text("in", MAP, "");
    site.write("out/mine.txt", b"x");
    assert_snapshot!(stopped(&site, &text), @r#"
    Config: `out` is not empty, and what is in it is not ours
    help: choose an empty or new folder
    "#);
    assert_eq!(site.files_in("out"), ["mine.txt"]);
    std::fs::remove_file(site.path("out/mine.txt")).unwrap();
    site.run(&text).unwrap();
    let before = site.out("manifest.json");
    let error = site.run(&text).unwrap_err();
    assert_snapshot!(told_at(&site, &error), @r#"
    Config: `out` holds a finished run already
    help: choose another output path, or remove the folder
    "#);
    assert_eq!(site.out("manifest.json"), before);
}

#[test]
fn an_input_in_the_output_folder() {
    let site = with_good_lines();
    site.write("out/a.jsonl", GOOD.as_bytes());
    let error = site.open(&site.job_text("out", MAP, "")).err().unwrap();
    assert_snapshot!(told_at(&site, &error), @r#"
    Config: the inputs cannot be used
    - `out/a.jsonl` lies in the output folder `out`
    help: paths start from the folder of the job file
    "#);
    assert_eq!(site.out("a.jsonl"), GOOD.as_bytes());
}

#[test]
fn what_another_run_left_does_not_join_the_release() {
    let site = with_good_lines();
    site.write("in/b.jsonl", GOOD.as_bytes());
    let engine = site.open(&site.job_text("in", MAP, "")).unwrap();
    engine.begin().unwrap();
    for task in engine.plan() {
        engine.run(task, &|_| {}).unwrap();
    }
    // Without a manifest it is no release; another job must not be mixed with it.
    let other = site.job_text("in/a.jsonl", MAP, "");
    assert_snapshot!(stopped(&site, &other), @r#"
    Config: `out` holds files that do not belong to this run
    - out/b.jsonl
    help: remove them, or choose another output path
    "#);
    std::fs::remove_file(site.path("out/b.jsonl")).unwrap();
    site.run(&other).unwrap();
    assert_eq!(site.files_in("out"), ["a.jsonl", "manifest.json"]);
}

/// On a full disk nothing is published; once there is room, the run goes on.
#[test]
fn a_full_disk() {
    let site = Site::new();
    let lines =
        "{\"id\":1,\"author\":\"kim\",\"category\":\"post\",\"text\":\"0123456789012345678901234567890123456789\"}\n".repeat(40_000);
    site.write("in/a.jsonl", format!("{lines}{GOOD}").as_bytes());
    let small = site.path("small");
    std::fs::create_dir(&small).unwrap();
    let mounted = std::process::Command::new("mount")
        .args(["-t", "tmpfs", "-o", "size=1m", "none"])
        .arg(&small)
        .status()
        .is_ok_and(|status| status.success());
    if !mounted {
        println!("skipped: a small file system cannot be mounted here");
        return;
    }
    let text = site.job_text("in", MAP, "").replace("path = \"out\"", "path = \"small/out\"");
    let done = site.run(&text);
    let left = site.files_in("small/out");
    let manifest = site.path("small/out/manifest.json").exists();
    let unmounted = std::process::Command::new("umount").arg(&small).status().unwrap();
    assert!(unmounted.success());
    let error = done.expect_err("a full disk stops the run");
    assert_eq!(error.kind(), ErrorKind::Io, "{}", told_at(&site, &error));
    assert!(!manifest);
    assert!(!left.iter().any(|name| name == "a.jsonl" || name.ends_with(".bezwaar-part")), "{left:?}");
    assert_snapshot!(told_at(&site, &error).lines().next().unwrap(), @r#"Io: cannot write the output of `in/a.jsonl`"#);
}

// ---- Records ----

#[test]
fn records_nobody_can_read_are_withheld_and_counted() {
    let site = Site::new();
    let mut lines = GOOD.as_bytes().to_vec();
    let bad: Vec<&[u8]> = vec![
        b"{\"id\":\"3\",\"author\":\"kim\",\"author\":\"kim\",\"category\":\"post\"}\n",
        b"{\"id\":\"4\",\"author\":\"kim\",\"category\":\"post\",\"category\":\"post\"}\n",
        b"{\"id\":\"5\",\"author\":\"kim\",\"category\":\"post\",\"text\":\"\xff\xfe\"}\n",
        b"{\"id\":\"6\",\"author\":{\"name\":\"kim\"},\"category\":\"post\"}\n",
        b"{\"id\":\"6\",\"author\":[\"kim\"],\"category\":\"post\"}\n",
        b"[\"kim\"]\n",
        b"kim\n",
        b"{\"id\":\"7\",\"author\":\"kim\",\"category\":\"post\"} {}\n",
        b"{\"id\":\"8\",\"author\":\"kim\",\"category\":\"post\"",
    ];
    let count = bad.len() as u64;
    bad.iter().for_each(|line| lines.extend_from_slice(line));
    site.write("in/a.jsonl", &lines);
    let manifest = site.run(&site.job_text("in", MAP, "withheld_list = \"list\"")).unwrap();
    let counted = counts(&manifest);
    assert_eq!((counted["read"], counted["kept"], counted["unreadable"], counted["objected"]), (count + 2, 1, count, 1));
    assert_eq!(site.out("a.jsonl"), GOOD.lines().next().map(|line| format!("{line}\n")).unwrap().as_bytes());
    let list = std::fs::read_to_string(site.path("list/a.jsonl.withheld.jsonl")).unwrap();
    assert_eq!(list.lines().filter(|line| line.contains("unreadable")).count() as u64, count);
    #[cfg(unix)]
    {
        let mode =
            std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(site.path("list/a.jsonl.withheld.jsonl")).unwrap().permissions());
        assert_eq!(mode & 0o777, 0o600);
    }
}

#[test]
fn items_and_csv_records_nobody_can_read() {
    let site = Site::new();
    site.write("in/items.jsonl", b"{\"id\":\"1\",\"author\":\"club:kim\",\"category\":\"post\",\"audience\":\"public\"}\n{\"id\":\"2\",\"autor\":\"club:kim\"}\n{\"id\":\"3\",\"author\":\"club:noor\",\"category\":\"post\",\"audience\":\"public\"}\n\xff\n");
    let counted = counts(&site.run(&site.job_text("in", "format = \"items\"", "")).unwrap());
    assert_eq!((counted["kept"], counted["unreadable"], counted["objected"]), (1, 2, 1));
    site.write("csv/a.csv", b"id,author,category\n1,kim,post\n2,noor,post\n3,kim\n4,kim,post,more\n5,k\xffm,post\n6,kim,\"post\n");
    let counted = counts(&site.run(&site.job_text("csv", MAP, "").replace("\"out\"", "\"out-2\"")).unwrap());
    assert_eq!((counted["kept"], counted["unreadable"], counted["objected"]), (1, 4, 1));
}

#[test]
fn a_line_longer_than_the_limit() {
    let site = Site::new();
    let long = |length: usize| format!("{{\"id\":\"9\",\"author\":\"kim\",\"category\":\"post\",\"text\":\"{}\"}}\n", "x".repeat(length));
    let fixed = long(0).len();
    for (limit, length, kept) in [(4096, 4096 - fixed, 2), (4096, 4097 - fixed, 1), (1 << 20, 3 << 20, 1)] {
        let out = format!("out-{limit}-{length}");
        site.write("in/a.jsonl", format!("{GOOD}{}{}", long(length), GOOD.lines().last().unwrap()).as_bytes());
        let text = site
            .job_text("in", MAP, &format!("[limits]\nrecord_bytes_max = {limit}\nbatch_bytes = 1024"))
            .replace("\"out\"", &format!("\"{out}\""));
        let counted = counts(&site.run(&text).unwrap());
        assert_eq!((counted["read"], counted["kept"]), (4, kept), "{limit} {length}");
    }
    // As it comes: 100 MB pass whole, 140 MB are over the limit.
    for (length, kept) in [(100_000_000, 2), (140_000_000, 1)] {
        site.write("in/a.jsonl", format!("{GOOD}{}", long(length)).as_bytes());
        let counted = counts(&site.run(&site.job_text("in", MAP, "").replace("\"out\"", &format!("\"out-{length}\""))).unwrap());
        assert_eq!((counted["read"], counted["kept"]), (3, kept), "{length}");
    }
}

#[test]
fn wrong_units() {
    for (unit, value) in [("ms", 1_750_000_000_i64), ("s", 1_750_000_000_000), ("s", 1_750_000_000_000_000_000), ("us", 1_750_000_000)] {
        let site = Site::new();
        site.write("in/a.parquet", &parquet(vec![("author", words(&["kim", "noor"])), ("t", Arc::new(Int64Array::from(vec![value; 2])))]));
        site.write("json/a.jsonl", format!("{{\"author\":\"kim\",\"t\":{value}}}\n{{\"author\":\"noor\",\"t\":{value}}}\n").as_bytes());
        for input in ["in", "json"] {
            let map = format!("{DATED}created_at = {{ column = \"t\", unit = \"{unit}\" }}\n");
            let said = stopped(&site, &site.job_asking("club/dated", "lab", input, &map, ""));
            assert!(
                said.contains("2 of 2 times lie before 1990 or after the run") && said.contains("the unit is probably wrong"),
                "{unit} {value} {input}: {said}"
            );
            let _ = std::fs::remove_dir_all(site.path("out"));
        }
    }
    // Gaps in a column of floats are gaps, not times.
    let site = Site::new();
    site.write(
        "in/a.parquet",
        &parquet(vec![("author", words(&["kim", "noor"])), ("t", Arc::new(Float64Array::from(vec![1_750_000_000.0, f64::NAN])))]),
    );
    let map = format!("{DATED}created_at = {{ column = \"t\", unit = \"s\" }}\n");
    assert_eq!(counts(&site.run(&site.job_asking("club/dated", "lab", "in", &map, "")).unwrap())["kept"], 1);
    // One in a hundred may be odd; they are unknown.
    let site = Site::new();
    let mut times = vec![1_750_000_000; 100];
    times[0] = 0;
    let mut authors = vec!["kim"; 100];
    authors[1] = "noor";
    site.write("in/a.parquet", &parquet(vec![("author", words(&authors)), ("t", Arc::new(Int64Array::from(times)))]));
    let map = format!("{DATED}created_at = {{ column = \"t\", unit = \"s\" }}\n");
    let counted = counts(&site.run(&site.job_asking("club/dated", "lab", "in", &map, "")).unwrap());
    assert_eq!((counted["kept"], counted["carve-out"]), (98, 1));
    let said = {
        let site = Site::new();
        site.write("in/a.parquet", &parquet(vec![("author", words(&["kim"])), ("t", Arc::new(Int64Array::from(vec![1])))]));
        refused(&site, &site.job_asking("club/dated", "lab", "in", &format!("{DATED}created_at = {{ column = \"t\" }}\n"), ""))
    };
    assert_snapshot!(said, @r#"
    Input: some inputs cannot be opened
    - `in/a.parquet`: the mapping does not fit the columns (1 problems)
    -   created_at: `t` holds numbers: say unit = "s", "ms", "us" or "ns"
    help: mend [input.map] in the job; `bezwaar gate --check JOB` shows the columns
    "#);
}

#[test]
fn ids_out_of_floating_point_columns_name_nobody() {
    let site = Site::new();
    site.write(
        "in/a.parquet",
        &parquet(vec![("author", Arc::new(Float64Array::from(vec![31.0, 5.0]))), ("category", words(&["post", "post"]))]),
    );
    site.write("in/b.jsonl", b"{\"author\":31.0,\"category\":\"post\"}\n{\"author\":5e0,\"category\":\"post\"}\n{\"author\":5,\"category\":\"post\"}\n{\"author\":31,\"category\":\"post\"}\n{\"author\":99999999999999999999999,\"category\":\"post\"}\n");
    let map = MAP.replace("id = { column = \"id\" }\n", "");
    let counted = counts(&site.run(&site.job_text("in", &map, "")).unwrap());
    assert_eq!((counted["kept"], counted["objected"], counted["identity-unresolved"]), (1, 1, 5));
}

// ---- Parquet ----

#[test]
fn parquet_that_is_cut_off_or_no_parquet() {
    let site = Site::new();
    let good = parquet(vec![("id", words(&["1", "2"])), ("author", words(&["kim", "noor"])), ("category", words(&["post", "post"]))]);
    for cut in [0, 3, 8, good.len() / 2, good.len() - 1] {
        site.write("in/a.parquet", &good[..cut]);
        let said = refused(&site, &site.job_text("in", MAP, ""));
        assert!(
            said.starts_with("Input: some inputs cannot be opened\n- `in/a.parquet`: the Parquet data cannot be read\n"),
            "{cut}: {said}"
        );
    }
    site.write("in/a.parquet", GOOD.as_bytes());
    assert_snapshot!(refused(&site, &site.job_text("in", MAP, "")), @r#"
    Input: some inputs cannot be opened
    - `in/a.parquet`: the Parquet data cannot be read
    -   Parquet error: Invalid Parquet file. Corrupt footer
    help: the file is cut off or corrupt, or uses a feature that is not supported; write it again
    "#);
}

/// Any flipped bit gives an error, or a decision about what the file then says; never a panic, and no release but a whole one.
#[test]
fn parquet_with_a_flipped_bit() {
    let batch = wide::batch(&wide::rows("kwkkwwkwkk"));
    let mut good = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut good, batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    let site = Site::new();
    let mut draw = bezwaar_testkit::random::Draw::new(11);
    let mut errors = 0;
    for round in 0..150 {
        let mut bad = good.clone();
        let place = draw.below(bad.len());
        bad[place] ^= 1 << draw.below(8);
        site.write("in/a.parquet", &bad);
        let _ = std::fs::remove_dir_all(site.path("out"));
        let text = site.job_text("in", wide::MAP, "[expect]\nmatched_min = 0");
        match site.run(&text) {
            Ok(manifest) => assert_eq!(manifest.tally().read, 10, "round {round}, byte {place}"),
            Err(error) => {
                errors += 1;
                assert_ne!(error.kind(), ErrorKind::Config, "round {round}, byte {place}: {}", told_at(&site, &error));
                no_release(&site);
            }
        }
    }
    assert!(errors > 10, "only {errors} flips were noticed");
}

#[test]
fn a_file_that_fails_later_can_be_withheld_whole() {
    let site = Site::new();
    let good = parquet(vec![("id", words(&["1", "2"])), ("author", words(&["kim", "noor"])), ("category", words(&["post", "post"]))]);
    let mut bad = good.clone();
    // Beyond the magic: the first page's header.
    bad[4..20].fill(0xff);
    site.write("in/a.parquet", &good);
    site.write("in/b.parquet", &bad);
    site.write("in/c.jsonl.gz", &{
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        std::io::Write::write_all(&mut encoder, GOOD.repeat(1000).as_bytes()).unwrap();
        let mut bytes = encoder.finish().unwrap();
        bytes.truncate(bytes.len() - 5);
        bytes
    });
    let small = "[limits]\nbatch_bytes = 1024\n";
    let said = stopped(&site, &site.job_text("in", MAP, small));
    assert!(said.starts_with("Input: "), "{said}");
    std::fs::remove_dir_all(site.path("out")).unwrap();
    let manifest = site
        .run(&site.job_text("in", MAP, &format!("{small}[on_error]\nfile = \"withhold\"")))
        .unwrap_or_else(|error| panic!("{}", told_at(&site, &error)));
    assert_eq!(site.files_in("out"), ["a.parquet", "manifest.json"]);
    let whole: Vec<&str> =
        manifest.value()["withheld_whole"].as_array().unwrap().iter().map(|entry| entry["path"].as_str().unwrap()).collect();
    assert_eq!(whole, ["b.parquet", "c.jsonl.gz"]);
    assert_eq!(counts(&manifest)["kept"], 1);
}

/// An output of an earlier attempt goes when its input turns bad.
#[test]
fn a_file_withheld_whole_leaves_no_earlier_output() {
    let site = Site::new();
    let good = parquet(vec![("id", words(&["1", "2"])), ("author", words(&["kim", "noor"])), ("category", words(&["post", "post"]))]);
    site.write("in/a.parquet", &good);
    site.write("in/b.parquet", &good);
    let text = site.job_text("in", MAP, "[on_error]\nfile = \"withhold\"");
    let engine = site.open(&text).unwrap();
    engine.begin().unwrap();
    engine.run(&engine.plan()[1], &|_| {}).unwrap();
    let mut bad = good;
    bad[4..20].fill(0xff);
    site.write("in/b.parquet", &bad);
    site.run(&text).unwrap();
    assert_eq!(site.files_in("out"), ["a.parquet", "manifest.json"]);
}

#[test]
fn columns_that_are_absent_or_change_their_type() {
    let site = Site::new();
    site.write(
        "in/a.parquet",
        &parquet(vec![
            ("id", words(&["1"])),
            ("auhtor", words(&["kim"])),
            ("category", Arc::new(TimestampMicrosecondArray::from(vec![1]))),
        ]),
    );
    assert_snapshot!(refused(&site, &site.job_text("in", MAP, "")), @r#"
    Input: some inputs cannot be opened
    - `in/a.parquet`: the mapping does not fit the columns (2 problems)
    -   author: there is no column `author`; did you mean `auhtor`?
    -   category: `category` holds Timestamp(µs), where a word is needed
    help: mend [input.map] in the job; `bezwaar gate --check JOB` shows the columns
    "#);
    site.write("in/a.parquet", &parquet(vec![("id", words(&["1"])), ("author", words(&["kim"])), ("category", words(&["post"]))]));
    site.write(
        "in/b.parquet",
        &parquet(vec![("id", words(&["1"])), ("author", Arc::new(Int64Array::from(vec![31]))), ("category", words(&["post"]))]),
    );
    assert_snapshot!(refused(&site, &site.job_text("in", MAP, "")), @r#"
    Config: some inputs cannot be opened
    - `b.parquet`: mapped columns have other types than in `a.parquet`: "author" INT64 None, "category" BYTE_ARRAY Some(String), "id" BYTE_ARRAY Some(String) instead of "author" BYTE_ARRAY Some(String), "category" BYTE_ARRAY Some(String), "id" BYTE_ARRAY Some(String)
    help: mend or leave out these files; nothing was written
    "#);
    site.write("csv/a.csv", b"id,auhtor,category,category\n");
    assert_snapshot!(refused(&site, &site.job_text("csv", MAP, "")), @r#"
    Input: some inputs cannot be opened
    - `csv/a.csv`: the mapping does not fit the header
    -   there is no column `author`; did you mean `auhtor`?
    -   the column `category` stands twice in the header
    help: mend [input.map] in the job
    "#);
    site.write("json/a.jsonl", b"{\"id\":1,\"category\":\"post\"}\n");
    assert_snapshot!(refused(&site, &site.job_text("json", MAP, "")), @r#"
    Input: some inputs cannot be opened
    - `json/a.jsonl`: the mapping does not fit the records
    -   author: no record of the first 1 has `author`
    help: mend [input.map] in the job; leave a field out if the dataset does not have it
    "#);
}

#[test]
fn nothing_but_nulls() {
    let site = Site::new();
    let nulls = || -> ArrayRef { Arc::new(arrow_array::NullArray::new(3)) };
    site.write(
        "in/a.parquet",
        &parquet(vec![("id", nulls()), ("author", nulls()), ("category", nulls()), ("gone", nulls()), ("t", nulls())]),
    );
    let map = format!("{}deleted_at = {{ column = \"gone\" }}\ncreated_at = {{ column = \"t\", unit = \"s\" }}\n", MAP);
    let counted = counts(&site.run(&site.job_text("in", &map, "[expect]\nmatched_min = 0")).unwrap());
    assert_eq!((counted["read"], counted["kept"], counted["identity-unresolved"], counted["category-unknown"]), (3, 0, 3, 3));
    assert!(!counted.contains_key("deleted"), "{counted:?}");
    site.write("empty/a.parquet", &parquet(vec![("id", words(&[])), ("author", words(&[])), ("category", words(&[]))]));
    site.write("empty/b.jsonl", b"");
    site.write("empty/c.csv", b"id,author,category\n");
    let manifest = site.run(&site.job_text("empty", MAP, "[expect]\nmatched_min = 0").replace("\"out\"", "\"out-2\"")).unwrap();
    assert_eq!(manifest.tally().read, 0);
}

// ---- Batches ----

#[test]
fn a_batch_with_other_columns_than_it_was_bound_to() {
    let extract = crate::support::extract(&Services::default(), &objections(), Instant::parse(THROUGH).unwrap(), &[]);
    let question = bezwaar_core::Question {
        use_id: "club/model".into(),
        recipient: "lab".into(),
        at: Instant::parse(THROUGH).unwrap(),
        reading: bezwaar_core::Reading::Protective,
    };
    let spec = bezwaar_gate::GateSpec::new(&[club_file()], None, &question, &extract);
    let gate = bezwaar_gate::Gate::open(&spec, extract, keys()).unwrap();
    let batch = |names: [&str; 2]| RecordBatch::try_from_iter([(names[0], words(&["kim"])), (names[1], words(&["noor"]))]).unwrap();
    let person = bezwaar_gate::mapping::PersonMap {
        origin: bezwaar_gate::mapping::Origin::Column(vec!["author".into()]),
        service: Some("club".into()),
        kind: None,
        relation: bezwaar_core::item::Relation::Unspecified,
        relation_path: None,
    };
    let mapping = bezwaar_gate::mapping::Mapping { author: vec![person], ..Default::default() };
    let bound = gate.bind(&batch(["id", "author"]).schema(), &mapping).unwrap();
    assert!(bound.verdicts(&batch(["id", "author"])).is_ok());
    // The same number of columns in another order: the id would be taken for the author.
    let error = bound.verdicts(&batch(["author", "id"])).unwrap_err();
    assert_eq!(error.to_string(), "the batch has other columns than the schema the gate was bound to");
}
