//! A tree read from tiles, every one of which is checked against the root before a hash of it is used.

use std::cell::RefCell;
use std::collections::HashMap;
use std::fmt;
use std::rc::Rc;

use super::{Bundle, LEVELS, TILE_HEIGHT, TILE_WIDTH, Tile, TileError};
use crate::tlog::proof::{HashSource, MemoryTree, root_at};
use crate::tlog::{Hash, leaf_hash};

/// The most checked tiles kept in memory, each about 40 KiB.
pub const TILES_CACHED_MAX: usize = 512;

/// Where tiles and bundles can be had: a folder, a web address, a map in memory.
pub trait TileReader {
    /// Why a file could not be read.
    type Error;

    /// The bytes of the file at this path under the ledger's address; `None` if there is none.
    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, Self::Error>;
}

impl<R: TileReader + ?Sized> TileReader for &R {
    type Error = R::Error;

    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, R::Error> {
        (**self).read(path)
    }
}

/// The tree under a root, read from tiles that need not be trusted.
///
/// The tiles of the right edge are read at once and must come out at the root; each other tile must hash to what the tile above it has in its place.
#[derive(Debug)]
pub struct TileHashSource<R> {
    reader: R,
    size: u64,
    /// The partial tiles, by level.
    // INVARIANT: together they make up the root.
    edge: HashMap<u8, Rc<MemoryTree>>,
    /// Full tiles that were checked, by level and index.
    checked: RefCell<HashMap<(u8, u64), Rc<MemoryTree>>>,
}

impl<R: TileReader> TileHashSource<R> {
    /// The tree of `size` leaves under `root`, which a verified checkpoint gives.
    pub fn try_new(reader: R, size: u64, root: &Hash) -> Result<TileHashSource<R>, TileReadError<R::Error>> {
        let mut source = TileHashSource { reader, size, edge: HashMap::new(), checked: RefCell::new(HashMap::new()) };
        for level in LEVELS {
            let hashes = size >> (TILE_HEIGHT * level);
            let width = hashes % u64::from(TILE_WIDTH);
            if width > 0 {
                // The remainder is below 256.
                let tile = Tile { level, index: hashes / u64::from(TILE_WIDTH), width: width as u16 };
                let tree = source.read_tile(tile)?;
                source.edge.insert(level, Rc::new(tree));
            }
        }
        // A root is made of the partial tiles alone, so nothing unchecked is asked for here.
        if root_at(&source, size)? == *root { Ok(source) } else { Err(TileReadError::OtherRoot) }
    }

    /// How many leaves the tree has.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Entries 256 × `index` and on, to the end of their bundle or of the tree, each checked against the tree.
    pub fn entries(&self, index: u64) -> Result<Vec<Vec<u8>>, TileReadError<R::Error>> {
        let first = index.saturating_mul(u64::from(TILE_WIDTH));
        let width = self.size.saturating_sub(first).min(u64::from(TILE_WIDTH)) as u16;
        let bundle = Bundle::new(index, width).map_err(|_| TileReadError::OutsideTree)?;
        let (path, bytes) = self.read_file(bundle.path(), || Bundle { tile: Tile { width: TILE_WIDTH, ..bundle.tile } }.path())?;
        let entries = match bundle.parse_entries(&bytes) {
            // A full bundle stands in for a partial one that is gone.
            Err(TileError::Entries { .. }) if path != bundle.path() => {
                let full = Bundle { tile: Tile { width: TILE_WIDTH, ..bundle.tile } };
                full.parse_entries(&bytes)
            }
            entries => entries,
        };
        let entries = entries.map_err(|error| TileReadError::Format { path: path.clone(), error })?;
        let mut checked = Vec::with_capacity(usize::from(width));
        for (at, entry) in (first..).zip(entries.into_iter().take(usize::from(width))) {
            if self.node(0, at)? != leaf_hash(entry) {
                return Err(TileReadError::OtherEntry { path, index: at });
            }
            checked.push(entry.to_vec());
        }
        Ok(checked)
    }

    /// The file at a path, or the one that replaces it once the tree has grown, and which it was.
    fn read_file(&self, path: String, full: impl FnOnce() -> String) -> Result<(String, Vec<u8>), TileReadError<R::Error>> {
        let read = |path: &str| self.reader.read(path).map_err(|error| TileReadError::Read { path: path.to_owned(), error });
        if let Some(bytes) = read(&path)? {
            return Ok((path, bytes));
        }
        let full = full();
        match read(&full)? {
            Some(bytes) => Ok((full, bytes)),
            None => Err(TileReadError::Missing { path }),
        }
    }

    fn read_tile(&self, tile: Tile) -> Result<MemoryTree, TileReadError<R::Error>> {
        let full = Tile { width: TILE_WIDTH, ..tile };
        let (path, bytes) = self.read_file(tile.path(), || full.path())?;
        let found = if path == tile.path() { tile } else { full };
        let hashes = found.parse_hashes(&bytes).map_err(|error| TileReadError::Format { path, error })?;
        let mut tree = MemoryTree::new();
        hashes.into_iter().take(usize::from(tile.width)).for_each(|hash| tree.push_hash(hash));
        Ok(tree)
    }

    /// A tile that has been checked against the root, from the tile above it if need be.
    fn checked_tile(&self, level: u8, index: u64) -> Result<Rc<MemoryTree>, TileReadError<R::Error>> {
        let width = u64::from(TILE_WIDTH);
        let full_tiles = self.size.unbounded_shr(u32::from(TILE_HEIGHT) * u32::from(level)) / width;
        if index == full_tiles {
            return self.edge.get(&level).cloned().ok_or(TileReadError::OutsideTree);
        }
        if index > full_tiles {
            return Err(TileReadError::OutsideTree);
        }
        if let Some(tree) = self.checked.borrow().get(&(level, index)) {
            return Ok(tree.clone());
        }
        let above = self.checked_tile(level + 1, index / width)?;
        let tile = Tile { level, index, width: TILE_WIDTH };
        let tree = self.read_tile(tile)?;
        match (above.node(0, index % width), tree.node(TILE_HEIGHT, 0)) {
            (Ok(wanted), Ok(found)) if wanted == found => {}
            _ => return Err(TileReadError::OtherTile { path: tile.path() }),
        }
        let tree = Rc::new(tree);
        let mut checked = self.checked.borrow_mut();
        if checked.len() >= TILES_CACHED_MAX {
            checked.clear();
        }
        checked.insert((level, index), tree.clone());
        Ok(tree)
    }
}

impl<R: TileReader> HashSource for TileHashSource<R> {
    type Error = TileReadError<R::Error>;

    fn node(&self, level: u8, index: u64) -> Result<Hash, TileReadError<R::Error>> {
        let (tile_level, inner) = (level / TILE_HEIGHT, level % TILE_HEIGHT);
        let in_tile = u64::from(TILE_WIDTH) >> inner;
        let tree = self.checked_tile(tile_level, index / in_tile)?;
        tree.node(inner, index % in_tile).map_err(|_| TileReadError::OutsideTree)
    }
}

/// Why a tree could not be read from tiles.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TileReadError<E> {
    /// Reading failed. May pass.
    Read {
        /// The file.
        path: String,
        /// Why.
        error: E,
    },
    /// There is no such file, and no full one in its place.
    Missing {
        /// The file.
        path: String,
    },
    /// A file that is not a tile or bundle of its width.
    Format {
        /// The file.
        path: String,
        /// What is wrong with it.
        error: TileError,
    },
    /// The tiles of the right edge do not come out at the root.
    OtherRoot,
    /// A tile that does not hash to what the tile above it says.
    OtherTile {
        /// The file.
        path: String,
    },
    /// An entry that does not hash to what its tile says.
    OtherEntry {
        /// The file.
        path: String,
        /// Its place in the ledger, from 0.
        index: u64,
    },
    /// Something beyond the end of the tree was asked for.
    OutsideTree,
}

impl<E> fmt::Display for TileReadError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TileReadError::Read { path, .. } => write!(f, "`{path}` could not be read"),
            TileReadError::Missing { path } => write!(f, "`{path}` is not there"),
            TileReadError::Format { path, .. } => write!(f, "`{path}` is damaged"),
            TileReadError::OtherRoot => f.write_str("the tiles at the end of the tree do not have the checkpoint's root"),
            TileReadError::OtherTile { path } => write!(f, "`{path}` is not the tile the checkpoint stands for"),
            TileReadError::OtherEntry { path, index } => write!(f, "entry {index} in `{path}` is not the one the checkpoint stands for"),
            TileReadError::OutsideTree => f.write_str("the tree does not go that far"),
        }
    }
}

impl<E> TileReadError<E> {
    /// What to do about it.
    pub fn help(&self) -> &'static str {
        match self {
            TileReadError::Read { .. } => "see what the cause says, and try again",
            TileReadError::Missing { .. } => "get the file from a mirror; a ledger must keep all files of a checkpoint it has signed",
            TileReadError::Format { .. } | TileReadError::OtherTile { .. } | TileReadError::OtherEntry { .. } => {
                "get the file from a mirror; if it is the same there, the ledger signed one thing and serves another: keep the file and the checkpoint"
            }
            TileReadError::OtherRoot => {
                "get checkpoint and tiles again; if they still differ, the ledger signed one tree and serves another: keep both"
            }
            TileReadError::OutsideTree => "ask for what the checkpoint covers, or wait for a newer one",
        }
    }
}

impl<E: std::error::Error + 'static> std::error::Error for TileReadError<E> {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            TileReadError::Read { error, .. } => Some(error),
            TileReadError::Format { error, .. } => Some(error),
            _ => None,
        }
    }
}
