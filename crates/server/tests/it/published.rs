//! A ledger's files are read as long as they can be, and no longer; an address is followed so often, and no further.

use std::fs;

use bezwaar_ledger::tlog::note::NOTE_BYTES_MAX;
use bezwaar_ledger::tlog::tile::TileReader as _;
use bezwaar_server::published::{BUNDLE_BYTES_MAX, CHECKPOINT, Published, PublishedError, REDIRECTS_MAX, TILE_BYTES_MAX};

use crate::support::answering;

#[test]
fn each_kind_of_file_is_read_to_its_length_and_no_further() {
    let folder = tempfile::tempdir().unwrap();
    let served = folder.path().to_owned();
    let address = answering(move |path| ("200 OK".to_owned(), fs::read(served.join(path.trim_start_matches('/'))).unwrap()));
    for (path, bytes_max) in [(CHECKPOINT, NOTE_BYTES_MAX), ("tile/entries/000", BUNDLE_BYTES_MAX), ("tile/0/000", TILE_BYTES_MAX)] {
        let file = folder.path().join(path);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        for published in [Published::at(folder.path().to_str().unwrap()), Published::at(&address)] {
            fs::write(&file, vec![7; bytes_max]).unwrap();
            assert_eq!(published.read(path).unwrap().map(|bytes| bytes.len()), Some(bytes_max), "{path} {published:?}");
            fs::write(&file, vec![7; bytes_max + 1]).unwrap();
            let error = published.read(path).unwrap_err();
            assert!(matches!(error, PublishedError::TooLong { bytes_max: limit } if limit == bytes_max), "{path} {published:?}: {error:?}");
        }
    }
}

#[test]
fn an_address_may_send_the_reader_on_so_often() {
    // `/3/checkpoint` sends on to `/2/checkpoint`, and so on; `/0/checkpoint` is there.
    let address = answering(|path| match path.trim_start_matches('/').split_once('/') {
        Some(("0", _)) => ("200 OK".to_owned(), b"here".to_vec()),
        Some((more, rest)) => (format!("302 Found\r\nlocation: /{}/{rest}", more.parse::<u32>().unwrap() - 1), Vec::new()),
        None => ("404 Not Found".to_owned(), Vec::new()),
    });
    let read = |times: u32| Published::at(&format!("{address}/{times}")).checkpoint();
    assert_eq!(read(REDIRECTS_MAX).unwrap().as_deref(), Some(b"here".as_slice()));
    assert!(matches!(read(REDIRECTS_MAX + 1), Err(PublishedError::Http { .. } | PublishedError::Status { .. })));
}
