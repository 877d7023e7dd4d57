//! Tiles: paths, which ones a growth needs, and trees read from tiles that need not be trusted.

use bezwaar_ledger::tlog::proof::{HashSource, consistency_proof, inclusion_proof, root_at};
use bezwaar_ledger::tlog::tile::{
    Bundle, ENTRY_BYTES_MAX, TILE_LEVEL_MAX, TILE_WIDTH, TILES_CACHED_MAX, Tile, TileError, TileHashSource, TilePath, TileReadError,
    new_bundles, new_tiles, push_entry,
};
use proptest::prelude::*;

use crate::tlog_world::{Folder, entry, leaf, tree};

#[test]
fn paths_are_those_of_the_specification() {
    let check = |tile: Result<Tile, TileError>, path: &str| {
        let tile = tile.unwrap();
        assert_eq!(tile.path(), path);
        assert_eq!(TilePath::parse(path), Ok(TilePath::Tile(tile)));
    };
    check(Tile::new(0, 1_234_067, 256), "tile/0/x001/x234/067");
    check(Tile::new(0, 1_067, 256), "tile/0/x001/067");
    check(Tile::new(1, 0, 1), "tile/1/000.p/1");
    check(Tile::new(2, 999, 255), "tile/2/999.p/255");
    check(Tile::new(0, (1 << 56) - 1, 256), "tile/0/x072/x057/x594/x037/x927/935");
    check(Tile::new(TILE_LEVEL_MAX, 0, 256), "tile/63/000");
    let bundle = Bundle::new(1_067, 12).unwrap();
    assert_eq!(bundle.path(), "tile/entries/x001/067.p/12");
    assert_eq!("tile/entries/x001/067.p/12".parse(), Ok(TilePath::Bundle(bundle)));

    for path in [
        "",
        "tile",
        "tile/0",
        "tile/0/",
        "/tile/0/000",
        "tile/0/000/",
        "tile/00/000",
        "tile/+1/000",
        "tile/-1/000",
        "tile/0/0",
        "tile/0/0000",
        "tile/0/x000/000",
        "tile/0/x001",
        "tile/0/001/000",
        "tile/0/x001/x067",
        "tile/0/x1/067",
        "tile/0/000.p",
        "tile/0/000.p/",
        "tile/0/000.p/0",
        "tile/0/000.p/256",
        "tile/0/000.p/01",
        "tile/0/000.p/1/",
        "tile/0/000.p/1.p/1",
        "tile/data/000",
        "tile/8/0/000",
        "tile/0/../000",
        "tile/0/x001/../067",
        "tile/0/00a",
        "tile/0/x+01/067",
        "tile/0/+01",
        "tile/entries",
        "tile/Entries/000",
        "tile/0/x999/x999/x999/x999/x999/x999/999",
        "checkpoint",
        "tile/0/000 ",
        "tile/0/٣٣٣",
    ] {
        assert_eq!(TilePath::parse(path), Err(TileError::Path), "{path}");
    }
    for path in
        ["tile/64/000", "tile/0/x072/x057/x594/x037/x927/936", "tile/7/001", "tile/8/001", "tile/entries/x072/x057/x594/x037/x927/936"]
    {
        assert_eq!(TilePath::parse(path), Err(TileError::Coordinates), "{path}");
    }
    assert_eq!(Tile::new(0, 0, 0), Err(TileError::Coordinates));
    assert_eq!(Tile::new(0, 0, TILE_WIDTH + 1), Err(TileError::Coordinates));
    assert_eq!(Tile::new(TILE_LEVEL_MAX + 1, 0, 1), Err(TileError::Coordinates));
}

#[test]
fn a_tree_of_70000_has_the_tiles_the_specification_says() {
    let tiles: Vec<Tile> = new_tiles(0, 70_000).collect();
    let count = |level, full: bool| tiles.iter().filter(|tile| tile.level() == level && (tile.width() == TILE_WIDTH) == full).count();
    assert_eq!([count(0, true), count(0, false), count(1, true), count(1, false), count(2, true), count(2, false)], [273, 1, 1, 1, 0, 1]);
    let partial: Vec<String> = tiles.iter().filter(|tile| tile.width() < TILE_WIDTH).map(Tile::path).collect();
    assert_eq!(partial, ["tile/0/273.p/112", "tile/1/001.p/17", "tile/2/000.p/1"]);
    assert_eq!(new_tiles(0, 256).map(|tile| tile.path()).collect::<Vec<_>>(), ["tile/0/000", "tile/1/000.p/1"]);
    assert_eq!(new_tiles(255, 256).map(|tile| tile.path()).collect::<Vec<_>>(), ["tile/0/000", "tile/1/000.p/1"]);
    assert_eq!(new_tiles(256, 257).map(|tile| tile.path()).collect::<Vec<_>>(), ["tile/0/001.p/1"]);
    assert_eq!(new_tiles(7, 7).count() + new_tiles(0, 0).count() + new_bundles(0, 0).count(), 0);
    assert_eq!(
        new_bundles(200, 513).map(|bundle| bundle.path()).collect::<Vec<_>>(),
        ["tile/entries/000", "tile/entries/001", "tile/entries/002.p/1"]
    );
    let last: Vec<Tile> = new_tiles(u64::MAX - 1, u64::MAX).collect();
    assert_eq!(last.len(), 1);
    assert_eq!(last[0].path(), "tile/0/x072/x057/x594/x037/x927/935.p/255");
    assert_eq!(last[0].bytes(&Same).unwrap().len(), 255 * 32);
}

/// A tree of any size that is all zeros, which no hash of its makes: for what does not hash.
struct Same;

impl HashSource for Same {
    type Error = ();

    fn node(&self, _: u8, _: u64) -> Result<[u8; 32], ()> {
        Ok([0; 32])
    }
}

#[test]
fn bundles_hold_entries_up_to_a_length_and_nothing_else() {
    let mut bytes = Vec::new();
    push_entry(&mut bytes, b"").unwrap();
    push_entry(&mut bytes, &vec![7; ENTRY_BYTES_MAX]).unwrap();
    assert_eq!(push_entry(&mut bytes, &vec![7; ENTRY_BYTES_MAX + 1]), Err(TileError::EntryTooLong));
    let two = Bundle::new(0, 2).unwrap();
    assert_eq!(two.parse_entries(&bytes).unwrap(), [b"".as_slice(), &vec![7; ENTRY_BYTES_MAX]]);
    assert_eq!(Bundle::new(0, 1).unwrap().parse_entries(&bytes), Err(TileError::Entries { found: 2, wanted: 1 }));
    assert_eq!(Bundle::new(0, 3).unwrap().parse_entries(&bytes), Err(TileError::Entries { found: 2, wanted: 3 }));
    assert_eq!(two.parse_entries(&bytes[..bytes.len() - 1]), Err(TileError::EntryCutOff));
    assert_eq!(two.parse_entries(&[bytes.clone(), vec![0]].concat()), Err(TileError::EntryCutOff));
    assert_eq!(Bundle::new(0, 256).unwrap().parse_entries(&[0; 514]), Err(TileError::Entries { found: 257, wanted: 256 }));
    assert_eq!(Bundle::new(0, 256).unwrap().parse_entries(&[0; 512]).unwrap().len(), 256);
    let tile = Tile::new(0, 0, 2).unwrap();
    assert_eq!(tile.parse_hashes(&[1; 64]).unwrap(), [[1; 32]; 2]);
    for length in [0, 32, 63, 65, 96] {
        assert_eq!(tile.parse_hashes(&vec![1; length]), Err(TileError::Length { found: length, wanted: 64 }));
    }
}

#[test]
fn a_tree_is_read_back_from_its_tiles() {
    for sizes in [vec![1], vec![255], vec![256], vec![257], vec![600], vec![3, 255, 256, 700], vec![66_000]] {
        let size = *sizes.last().unwrap();
        let (folder, tree) = (Folder::grown(&sizes), tree(size));
        let source = TileHashSource::try_new(&folder, size, &tree.root()).unwrap();
        for index in (0..size).step_by(1 + size as usize / 50).chain([size - 1]) {
            assert_eq!(inclusion_proof(&source, index, size).unwrap(), inclusion_proof(&tree, index, size).unwrap());
            assert_eq!(consistency_proof(&source, index + 1, size).unwrap(), consistency_proof(&tree, index + 1, size).unwrap());
            assert_eq!(root_at(&source, index + 1).unwrap(), root_at(&tree, index + 1).unwrap());
            let bundle = source.entries(index / 256).unwrap();
            assert_eq!(bundle[index as usize % 256], entry(index));
        }
        assert_eq!(source.entries(size / 256 + 1), Err(TileReadError::OutsideTree));
        assert_eq!(source.node(0, size), Err(TileReadError::OutsideTree));
        assert_eq!(source.node(255, 0), Err(TileReadError::OutsideTree));
        assert_eq!(source.node(0, u64::MAX), Err(TileReadError::OutsideTree));
        assert_eq!(source.entries(u64::MAX), Err(TileReadError::OutsideTree));
    }
}

#[test]
fn tiles_are_read_once_while_there_is_room() {
    let folder = Folder::grown(&[66_000]);
    let source = TileHashSource::try_new(&folder, 66_000, &tree(66_000).root()).unwrap();
    (0..66_000).for_each(|index| assert_eq!(source.node(0, index).unwrap(), leaf(index)));
    let mut read = folder.read.borrow().clone();
    let all = read.len();
    read.sort();
    read.dedup();
    assert_eq!(all, read.len());
    assert!(all < TILES_CACHED_MAX);
}

#[test]
fn a_full_tile_stands_in_for_a_partial_one_that_is_gone() {
    let tree = tree(600);
    let mut folder = Folder::grown(&[300, 600]);
    folder.files.retain(|path, _| !path.contains("001.p/"));
    assert!(folder.files.contains_key("tile/0/001") && !folder.files.contains_key("tile/0/001.p/44"));
    let source = TileHashSource::try_new(&folder, 300, &root_at(&tree, 300).unwrap()).unwrap();
    assert_eq!(source.node(0, 299).unwrap(), leaf(299));
    assert_eq!(source.node(0, 300), Err(TileReadError::OutsideTree));
    assert_eq!(source.entries(1).unwrap().len(), 44);
}

#[test]
fn the_empty_tree_needs_no_tiles() {
    let folder = Folder::default();
    assert!(TileHashSource::try_new(&folder, 0, &tree(0).root()).is_ok());
    assert_eq!(TileHashSource::try_new(&folder, 0, &[0; 32]).err(), Some(TileReadError::OtherRoot));
    assert!(folder.read.borrow().is_empty());
}

#[test]
fn no_hash_of_a_tile_is_used_before_the_tile_is_shown_to_be_right() {
    let size = 66_000;
    let good = Folder::grown(&[size]);
    let root = tree(size).root();
    let try_all = |folder: &Folder| -> Result<(), TileReadError<_>> {
        let source = TileHashSource::try_new(folder, size, &root)?;
        for index in [0, 255, 256, 40_000, 65_535, 65_536, size - 1] {
            assert_eq!(source.node(0, index)?, leaf(index), "a hash that is given is right");
            source.entries(index / 256)?;
        }
        Ok(())
    };
    assert_eq!(try_all(&good), Ok(()));
    for path in ["tile/0/000", "tile/0/001", "tile/1/000", "tile/0/257.p/208", "tile/1/001.p/1", "tile/2/000.p/1", "tile/entries/000"] {
        for change in 0..6 {
            let mut folder = Folder { files: good.files.clone(), ..Folder::default() };
            let bytes = folder.files.get_mut(path).unwrap();
            match change {
                0 => bytes[0] ^= 1,
                1 => *bytes.last_mut().unwrap() ^= 0x80,
                2 => bytes.truncate(bytes.len() - 1),
                3 => bytes.push(0),
                4 => bytes.clear(),
                _ => drop(folder.files.remove(path)),
            }
            let error = try_all(&folder).expect_err(path);
            let edge = path.contains(".p/");
            match error {
                TileReadError::OtherRoot => assert!(edge, "{path}"),
                TileReadError::OtherTile { path: found } => assert!(found == path && !edge),
                TileReadError::OtherEntry { path: found, .. }
                | TileReadError::Format { path: found, .. }
                | TileReadError::Missing { path: found } => {
                    assert_eq!(found, path);
                }
                other => panic!("{path}: {other:?}"),
            }
        }
    }
    // A whole other tree, consistent in itself, under this root.
    let mut forged = Folder::grown(&[size]);
    for tile in ["tile/0/000", "tile/0/001"] {
        let other = good.files["tile/0/002"].clone();
        forged.files.insert(tile.to_owned(), other);
    }
    assert_eq!(try_all(&forged), Err(TileReadError::OtherTile { path: "tile/0/000".into() }));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn another_implementation_names_the_same_tiles(old in 0_u64..200_000, more in 0_u64..70_000) {
        let ours: Vec<String> = new_tiles(old, old + more).map(|tile| tile.path()).collect();
        let theirs: Vec<String> = tlog_tiles::tile::Tile::new_tiles(8, old, old + more).iter().map(|tile| tile.path().replacen("tile/8/", "tile/", 1)).collect();
        prop_assert_eq!(ours, theirs);
    }

    #[test]
    fn growing_in_steps_leaves_the_same_full_tiles(steps in prop::collection::vec(0_u64..700, 1..6)) {
        let mut sizes = Vec::new();
        let mut size = 0;
        for step in steps {
            size += step;
            sizes.push(size);
        }
        let (stepwise, at_once) = (Folder::grown(&sizes), Folder::grown(&[size]));
        for (path, bytes) in &at_once.files {
            prop_assert_eq!(stepwise.files.get(path), Some(bytes));
        }
        for (path, bytes) in &stepwise.files {
            prop_assert!(path.contains(".p/") || at_once.files.get(path) == Some(bytes));
        }
    }

    #[test]
    fn paths_have_one_form(path in "tile/(entries|[0-9]{1,2})/(x[0-9]{3}/){0,3}[0-9]{2,4}(\\.p/[0-9]{1,3})?") {
        if let Ok(parsed) = TilePath::parse(&path) {
            prop_assert_eq!(parsed.to_string(), path);
        }
    }
}
