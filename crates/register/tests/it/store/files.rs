//! What is particular to a SQLite file: damage, other people's files, removed bytes, a full disk.

use std::collections::{BTreeSet, HashMap};
use std::fs;
use std::path::Path;
use std::process::Command;

use bezwaar_register::store::sqlite::{SqliteOptions, SqliteStore};
use bezwaar_register::store::{Batch, Destroy, HolderId, Store, StoreError};

use super::places::{InCi, Place, SqlitePlace, not_run};
use super::rows::{act, bytes, contents, entries, fill, holder, mixed, name};

fn open(path: &Path) -> Result<SqliteStore, StoreError> {
    SqliteStore::open(path, SqliteOptions::default())
}

/// A store with a few hundred rows, closed, all in one file.
fn filled() -> SqlitePlace {
    let place = SqlitePlace::new();
    let mut store = place.open();
    let claim = fill(store.as_mut(), &[mixed(0, 0)]);
    let many = Batch { entries: (3..600).map(|number| act(number, 1 + number % 2)).collect(), ..Batch::default() };
    store.append(claim, 3, &many).unwrap();
    while store.tidy(claim).unwrap() {}
    drop(store);
    assert!(!place.folder.path().join("register.sqlite-wal").exists(), "a closed store is one file");
    place
}

/// Opens a file and reads everything that can be read, as far as it goes.
fn read_all(path: &Path) -> Result<(), StoreError> {
    let mut store = open(path)?;
    store.check()?;
    let head = store.head()?;
    store.entries(0, usize::MAX)?;
    store.scan_holders(HolderId(0), usize::MAX)?;
    store.scan_openings(0, usize::MAX)?;
    (0..=head.last_holder).try_for_each(|id| store.openings_of(HolderId(id)).and(store.contact(HolderId(id))).map(drop))?;
    (0..head.size).try_for_each(|index| store.document(index).map(drop))?;
    store.value("vault.epoch").map(drop)
}

fn assert_refused(result: Result<(), StoreError>, what: &str) {
    assert!(matches!(result, Err(StoreError::Damaged { .. } | StoreError::Foreign { .. })), "{what}: {result:?}");
}

#[test]
fn a_missing_file_is_not_an_empty_register() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("register.sqlite");
    assert!(matches!(open(&path), Err(StoreError::Failed { .. })));
    assert!(!path.exists());
    fs::write(&path, b"").unwrap();
    assert!(matches!(open(&path), Err(StoreError::Foreign { .. })));
    // An attempt to make one that was cut short can be made again; a register is never made over.
    drop(SqliteStore::create(&path, SqliteOptions::default()).unwrap());
    assert!(matches!(SqliteStore::create(&path, SqliteOptions::default()), Err(StoreError::Foreign { .. })));
    open(&path).unwrap();
}

#[cfg(unix)]
#[test]
fn only_the_owner_can_read_the_file() {
    use std::os::unix::fs::PermissionsExt;
    let place = SqlitePlace::new();
    let mut store = place.open();
    fill(store.as_mut(), &[mixed(0, 0)]);
    for file in fs::read_dir(place.folder.path()).unwrap() {
        assert_eq!(file.unwrap().metadata().unwrap().permissions().mode() & 0o777, 0o600);
    }
}

#[test]
fn files_of_others_are_refused_and_not_touched() {
    let folder = tempfile::tempdir().unwrap();
    let foreign = folder.path().join("foreign.sqlite");
    let connection = rusqlite::Connection::open(&foreign).unwrap();
    connection.execute_batch("CREATE TABLE entries (place INTEGER PRIMARY KEY, bytes BLOB)").unwrap();
    drop(connection);
    let random = folder.path().join("random");
    fs::write(&random, bytes(1, 50_000)).unwrap();
    let text = folder.path().join("text");
    fs::write(&text, "not a database\n".repeat(400)).unwrap();
    for path in [&foreign, &random, &text] {
        let before = fs::read(path).unwrap();
        assert!(matches!(open(path), Err(StoreError::Foreign { .. })), "{path:?}");
        assert_eq!(fs::read(path).unwrap(), before);
    }
    assert!(matches!(open(folder.path()), Err(StoreError::Foreign { .. } | StoreError::Failed { .. })));
}

#[test]
fn other_versions_and_other_tables_are_refused() {
    for (change, foreign) in [
        ("PRAGMA user_version = 2", true),
        ("PRAGMA user_version = 0", true),
        ("PRAGMA user_version = -1", true),
        ("PRAGMA application_id = 1", true),
        ("DROP TABLE entries_by_id_name", false),
        ("DROP TABLE documents", false),
        ("ALTER TABLE holders ADD COLUMN more TEXT", false),
        ("CREATE TABLE more (a)", false),
        ("CREATE TRIGGER quiet AFTER INSERT ON openings BEGIN DELETE FROM openings WHERE place = new.place; END", false),
        ("PRAGMA journal_mode = DELETE", false),
        ("DELETE FROM standing", false),
        ("DELETE FROM entries WHERE place = 599", false),
        ("DELETE FROM holders WHERE id = 2", false),
        ("UPDATE standing SET size = 599", false),
        ("UPDATE standing SET epoch = 9", false),
    ] {
        let place = filled();
        let connection = rusqlite::Connection::open(place.path()).unwrap();
        connection.execute_batch(change).unwrap();
        drop(connection);
        match open(&place.path()) {
            Err(StoreError::Foreign { .. }) if foreign => {}
            Err(StoreError::Damaged { .. }) if !foreign => {}
            other => panic!("{change}: {other:?}"),
        }
    }
}

/// Changes that leave the file a good database are found by the check values, where the row is read and by the check.
#[test]
fn changed_rows_are_damage() {
    for (change, read) in [
        (
            "UPDATE entries SET bytes = zeroblob(42) WHERE place = 7",
            (|store: &mut SqliteStore| store.entries(0, 9).map(drop)) as fn(&mut SqliteStore) -> _,
        ),
        ("UPDATE entries SET bytes = zeroblob(41), sum = x'00' WHERE place = 7", |store| store.entries(0, 9).map(drop)),
        ("UPDATE entries SET id_name = x'00' WHERE place = 7", |store| store.entries(0, 9).map(drop)),
        ("DELETE FROM entries WHERE place = 7", |store| store.entries(0, 9).map(drop)),
        ("UPDATE entries SET place = 100000 WHERE place = 7", |store| store.head().map(drop)),
        ("UPDATE openings SET sealed = zeroblob(350) WHERE place = 7", |store| store.opening(7).map(drop)),
        ("UPDATE openings SET holder = 1 WHERE place = 7", |store| store.openings_of(HolderId(2)).map(drop)),
        ("UPDATE openings SET holder = NULL WHERE place = 7", |store| store.scan_openings(0, 9).map(drop)),
        ("UPDATE openings SET place = 2 WHERE place = 2; UPDATE openings SET place = 70000 WHERE place = 7", |store| {
            store.scan_openings(600, 9).map(drop)
        }),
        ("UPDATE holders SET wrapped_key = zeroblob(72) WHERE id = 2", |store| store.holders(&[HolderId(2)]).map(drop)),
        ("UPDATE holders SET live = 0 WHERE id = 2", |store| store.scan_holders(HolderId(1), 2).map(drop)),
        ("UPDATE holders SET name = zeroblob(16) WHERE id = 2", |store| store.holders(&[HolderId(2)]).map(drop)),
        ("UPDATE contacts SET sealed = x'0102'", |store| store.contact(HolderId(1)).map(drop)),
        ("UPDATE contacts SET holder = 2", |store| store.contact(HolderId(2)).map(drop)),
        ("UPDATE documents SET bytes = x'0102'", |store| store.document(1).map(drop)),
        ("UPDATE documents SET place = 2", |store| store.document(2).map(drop)),
        ("UPDATE named_values SET bytes = x'0102'", |store| store.value("vault.epoch").map(drop)),
        ("UPDATE named_values SET name = 'other'", |store| store.value("other").map(drop)),
        // The indexes: one that leads elsewhere, is short, or goes further than it says.
        ("UPDATE entries_by_id_name SET place = 8 WHERE place = 7", |store| store.find_ids(&[name(7)]).map(drop)),
        ("UPDATE holders_by_name SET id = 1 WHERE id = 2", |store| store.find_holders(&[holder(2).name]).map(drop)),
        ("INSERT INTO openings_by_holder SELECT 2, place FROM openings_by_holder WHERE holder = 1", |store| {
            store.openings_of(HolderId(2)).map(drop)
        }),
        ("DELETE FROM entries_by_id_name WHERE place = 7", |store| store.check()),
        ("DELETE FROM holders_by_name WHERE id = 2", |store| store.check()),
        ("DELETE FROM openings_by_holder WHERE place = 7", |store| store.check()),
        ("INSERT INTO entries_by_id_name VALUES (x'00', 7)", |store| store.check()),
        ("UPDATE indexed SET entries = 0", |store| store.find_ids(&[name(7)]).map(drop)),
        ("DELETE FROM indexed", |store| store.find_ids(&[name(7)]).map(drop)),
        // Shown as removed while it is still there.
        ("UPDATE openings SET live = 0 WHERE place = 7", |store| store.check()),
        ("UPDATE contacts SET live = 0", |store| store.check()),
    ] {
        let place = filled();
        let connection = rusqlite::Connection::open(place.path()).unwrap();
        connection.execute_batch(change).unwrap();
        drop(connection);
        match open(&place.path()) {
            Ok(mut store) => {
                assert!(matches!(read(&mut store), Err(StoreError::Damaged { .. })), "{change}");
                assert!(matches!(store.check(), Err(StoreError::Damaged { .. })), "{change}");
            }
            Err(error) => assert!(matches!(error, StoreError::Damaged { .. }), "{change}: {error:?}"),
        }
    }
}

#[test]
fn a_file_cut_short_is_refused() {
    let place = filled();
    let whole = fs::read(place.path()).unwrap();
    read_all(&place.path()).unwrap();
    for length in [1, 15, 16, 99, 100, 512, 4_095, 4_096, 5_000, whole.len() / 2, whole.len() - 4_096, whole.len() - 1] {
        fs::write(place.path(), &whole[..length]).unwrap();
        assert_refused(read_all(&place.path()), &format!("cut to {length} of {}", whole.len()));
    }
}

/// Every page in turn: overwritten by zeros, by ones, by random bytes, by another page, and with single bits flipped.
#[test]
fn flipped_pages_are_refused() {
    let place = filled();
    let whole = fs::read(place.path()).unwrap();
    let page_bytes = usize::from(u16::from_be_bytes([whole[16], whole[17]]));
    let pages = whole.len() / page_bytes;
    assert!(pages > 20, "the test needs pages of every kind");
    for page in 0..pages {
        let range = page * page_bytes..(page + 1) * page_bytes;
        let other = (page + 3) % pages;
        for (what, content) in [
            ("zeros", vec![0; page_bytes]),
            ("ones", vec![0xFF; page_bytes]),
            ("random bytes", bytes(page as u64, page_bytes)),
            ("another page", whole[other * page_bytes..(other + 1) * page_bytes].to_vec()),
        ] {
            let mut changed = whole.clone();
            changed[range.clone()].copy_from_slice(&content);
            if changed == whole {
                continue;
            }
            fs::write(place.path(), &changed).unwrap();
            assert_refused(read_all(&place.path()), &format!("page {page} overwritten by {what}"));
        }
    }
}

/// A flipped bit is refused, or stands where nothing is stored: then everything reads as before.
#[test]
fn flipped_bits_change_no_answer() {
    let place = filled();
    let whole = fs::read(place.path()).unwrap();
    let before = contents(&mut open(&place.path()).unwrap(), 600);
    let mut refused = 0;
    for round in 0..400 {
        let random = u64::from_be_bytes(bytes(round, 8).try_into().unwrap()) as usize;
        let mut changed = whole.clone();
        changed[random / 8 % whole.len()] ^= 1 << (random % 8);
        fs::write(place.path(), &changed).unwrap();
        match read_all(&place.path()) {
            Ok(()) => assert_eq!(contents(&mut open(&place.path()).unwrap(), 600), before, "byte {}", random / 8 % whole.len()),
            // The header's bits about versions and locks make SQLite itself refuse to read or to write the file.
            Err(StoreError::Damaged { .. } | StoreError::Foreign { .. } | StoreError::Failed { .. }) => refused += 1,
            Err(other) => panic!("{other:?}"),
        }
    }
    assert!(refused > 200, "only {refused} of 400 flips were noticed");
}

/// Which of these, by their first eight bytes, stand anywhere in the files of a store.
fn found(place: &SqlitePlace, needles: &HashMap<[u8; 8], String>) -> BTreeSet<String> {
    let files: Vec<Vec<u8>> = fs::read_dir(place.folder.path()).unwrap().map(|file| fs::read(file.unwrap().path()).unwrap()).collect();
    files.iter().flat_map(|bytes| bytes.array_windows()).filter_map(|window| needles.get(window).cloned()).collect()
}

fn holds(place: &SqlitePlace, needle: &[u8]) -> bool {
    !found(place, &HashMap::from([(needle[..8].try_into().unwrap(), String::new())])).is_empty()
}

/// Removed bytes are in no file of the store any more, while it is open and after.
#[test]
fn removed_bytes_are_gone_from_the_files() {
    let place = SqlitePlace::new();
    let mut store = place.open();
    let claim = fill(store.as_mut(), &[mixed(0, 0)]);
    // Of every length around where SQLite moves a row's end to pages of its own.
    let lengths: Vec<usize> = (0..300).map(|at| 40 + at * 37).collect();
    let mut batch = entries((3..303).map(|number| act(number, 1 + number % 2)).collect());
    for (entry, length) in batch.entries.iter_mut().zip(&lengths) {
        entry.sealed = Some(bytes(2_000_000 + *length as u64, *length));
    }
    let sealed: Vec<Vec<u8>> = batch.entries.iter().filter_map(|entry| entry.sealed.clone()).collect();
    store.append(claim, 3, &batch).unwrap();
    for id in 3..200 {
        let size = store.head().unwrap().size;
        let more =
            Batch { holders: vec![holder(id)], contacts: vec![(HolderId(id), bytes(id, 50 + id as usize * 40))], ..Batch::default() };
        store.append(claim, size, &more).unwrap();
    }
    let contact = |id: u64| bytes(id, 50 + id as usize * 40);
    let key = |id: u64| holder(id).wrapped_key.unwrap();
    assert!(holds(&place, &sealed[0]) && holds(&place, &key(5)) && holds(&place, &contact(5)));
    // In an order that leaves holes, fills pages in part and empties others.
    for step in [7, 3, 2, 1] {
        let destroy: Vec<Destroy> = (3..200)
            .step_by(step)
            .flat_map(|number| [Destroy::Opening(number), Destroy::Key(HolderId(number)), Destroy::Contact(HolderId(number))])
            .collect();
        store.append(claim, 303, &Batch { destroy, ..Batch::default() }).unwrap();
        let mut needles = HashMap::new();
        for number in (3..200).step_by(step) {
            let mut gone = |what: &str, part: &[u8]| needles.insert(part[..8].try_into().unwrap(), format!("{what} {number}"));
            let opening = &sealed[number as usize - 3];
            // The middle and the end of a long one stand on pages of their own.
            gone("opening", opening);
            gone("the middle of opening", &opening[opening.len() / 2..]);
            gone("the end of opening", &opening[opening.len() - 8..]);
            gone("key", &key(number));
            gone("contact", &contact(number));
            gone("the end of contact", &contact(number)[contact(number).len() - 8..]);
        }
        assert_eq!(found(&place, &needles), BTreeSet::new());
    }
    // A contact that is replaced is gone as well.
    for (sealed, former) in [(bytes(3_000_000, 120), None), (bytes(3_000_001, 900), Some(bytes(3_000_000, 120)))] {
        store.append(claim, 303, &Batch { contacts: vec![(HolderId(2), sealed.clone())], ..Batch::default() }).unwrap();
        assert!(holds(&place, &sealed));
        assert!(former.is_none_or(|former| !holds(&place, &former)));
    }
    assert!(holds(&place, &sealed[250]) && holds(&place, &key(1)), "what was not removed is there");
    store.check().unwrap();
    drop(store);
    assert!(!holds(&place, &sealed[50]));
}

/// A reader in the midst of reading can keep the journal from being emptied: the next claim does it.
#[test]
fn a_reader_only_puts_off_the_emptying() {
    let place = SqlitePlace::new();
    let mut store = place.open();
    let claim = fill(store.as_mut(), &[mixed(0, 0)]);
    let key = holder(1).wrapped_key.unwrap();
    let reading = rusqlite::Connection::open(place.path()).unwrap();
    reading.execute_batch("BEGIN; SELECT count(*) FROM holders").unwrap();
    store.append(claim, 3, &Batch { destroy: vec![Destroy::Key(HolderId(1))], ..Batch::default() }).unwrap();
    assert!(holds(&place, &key), "the reader still sees it");
    reading.execute_batch("COMMIT").unwrap();
    store.claim().unwrap();
    assert!(!holds(&place, &key));
}

/// A lock of another program is waited for and then told.
#[test]
fn a_locked_file_is_busy() {
    let place = SqlitePlace::new();
    let options = SqliteOptions { wait_ms: 20, ..SqliteOptions::default() };
    let mut store = SqliteStore::open(&place.path(), options).unwrap();
    let claim = store.claim().unwrap();
    let other = rusqlite::Connection::open(place.path()).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    assert!(matches!(store.append(claim, 0, &mixed(0, 0)), Err(StoreError::Busy)));
    assert!(matches!(store.claim(), Err(StoreError::Busy)));
    assert_eq!(store.head().unwrap().size, 0);
    other.execute_batch("COMMIT").unwrap();
    store.append(claim, 0, &mixed(0, 0)).unwrap();
}

/// Writes until the store is full; then asks that nothing but the last batch is missing.
fn write_until_full(store: &mut dyn Store) -> (bezwaar_register::store::Claim, u64) {
    let claim = fill(store, &[mixed(0, 0)]);
    let mut size = 3;
    loop {
        let batch = entries((size..size + 200).map(|number| act(number, 1 + number % 2)).collect());
        match store.append(claim, size, &batch) {
            Ok(()) => size += 200,
            Err(StoreError::Full) => break,
            Err(other) => panic!("{other:?}"),
        }
        assert!(size < 1_000_000, "never full");
    }
    assert_eq!(store.head().unwrap().size, size, "a batch that found no room is not there");
    assert_eq!(store.entries(0, usize::MAX).unwrap().len() as u64, size);
    (claim, size)
}

#[test]
fn a_file_at_its_limit_is_full_and_goes_on_with_more_room() {
    let place = SqlitePlace::new();
    let options = SqliteOptions { pages_max: Some(300), ..SqliteOptions::default() };
    let mut store = SqliteStore::open(&place.path(), options).unwrap();
    let (claim, size) = write_until_full(&mut store);
    store.check().unwrap();
    let mut roomier = place.open();
    roomier.append(claim, size, &entries((size..size + 200).map(|number| act(number, 1)).collect())).unwrap();
    roomier.check().unwrap();
}

/// A file system of its own with three megabytes; needs root.
#[test]
fn a_full_disk_is_full_and_goes_on_after_room_is_made() {
    let folder = tempfile::tempdir().unwrap();
    let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", "size=3m", "tmpfs"]).arg(folder.path()).output();
    if !mounted.is_ok_and(|output| output.status.success()) {
        return not_run("a full disk, because no file system could be mounted here", InCi::NoFailure);
    }
    let result = std::panic::catch_unwind(|| {
        let filler = folder.path().join("filler");
        fs::write(&filler, vec![1; 1 << 20]).unwrap();
        let path = folder.path().join("register.sqlite");
        let mut store = SqliteStore::create(&path, SqliteOptions::default()).unwrap();
        let (claim, size) = write_until_full(&mut store);
        // Full it stays, for removals too, and nothing is lost meanwhile.
        let batch = entries((size..size + 200).map(|number| act(number, 1)).collect());
        assert!(matches!(store.append(claim, size, &batch), Err(StoreError::Full)));
        assert!(matches!(SqliteStore::create(&folder.path().join("second.sqlite"), SqliteOptions::default()), Err(StoreError::Full)));
        fs::remove_file(folder.path().join("second.sqlite")).unwrap();
        fs::remove_file(&filler).unwrap();
        store.append(claim, size, &batch).unwrap();
        store.check().unwrap();
        drop(store);
        assert_eq!(open(&path).unwrap().head().unwrap().size, size + 200);
    });
    let unmounted = Command::new("umount").arg(folder.path()).status();
    assert!(unmounted.is_ok_and(|status| status.success()));
    result.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
}
