//! Tiles: the tree and its entries as static files ([c2sp.org/tlog-tiles](https://c2sp.org/tlog-tiles)).
//!
//! ```text
//! checkpoint                  the signed tree head
//! tile/0/x001/067             hashes 256 × 1067 to 256 × 1067 + 255 of level 0: those of leaves
//! tile/1/004.p/43             the first 43 hashes of a tile of level 1, each the root of a full tile of level 0
//! tile/entries/x001/067       the entries under tile/0/x001/067, each after its length in two bytes
//! ```
//!
//! A **tile** has 256 hashes, or fewer at the right edge of the tree: then it is *partial* and its path ends in `.p/` and its width. Full tiles never
//! change. An **entry bundle** has the entries of one tile of level 0.
//!
//! [`TileHashSource`] reads a tree from tiles that somebody else keeps: no hash of a tile is used before the tile has been shown to belong under the root.

mod path;
mod source;

use std::fmt;

pub use path::TilePath;
pub use source::{TILES_CACHED_MAX, TileHashSource, TileReadError, TileReader};

use super::Hash;
use super::proof::HashSource;

/// How many hashes a full tile has, and how many entries a full bundle.
pub const TILE_WIDTH: u16 = 256;
/// How many levels of the tree a tile spans.
pub const TILE_HEIGHT: u8 = 8;
/// The highest level a tile's path can name. A tree of up to 2^64 − 1 leaves has tiles of levels 0 to 7.
pub const TILE_LEVEL_MAX: u8 = 63;
/// The longest entry, in bytes, that a bundle can hold.
pub const ENTRY_BYTES_MAX: usize = u16::MAX as usize;

const HASH_BYTES: usize = size_of::<Hash>();

/// The levels a tree can have tiles of.
const LEVELS: std::ops::Range<u8> = 0..8;

/// The coordinates of a tile of hashes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tile {
    level: u8,
    index: u64,
    // INVARIANT: from 1 to `TILE_WIDTH`.
    width: u16,
}

impl Tile {
    /// The tile, if a tree can have it.
    pub fn new(level: u8, index: u64, width: u16) -> Result<Tile, TileError> {
        let inside = index <= u64::MAX.unbounded_shr((u32::from(level) + 1) * u32::from(TILE_HEIGHT));
        if level > TILE_LEVEL_MAX || !inside || !(1..=TILE_WIDTH).contains(&width) {
            return Err(TileError::Coordinates);
        }
        Ok(Tile { level, index, width })
    }

    /// The tile's level, from 0: its hashes are of level 8 × this of the tree.
    pub fn level(&self) -> u8 {
        self.level
    }

    /// The tile's place in its level, from 0.
    pub fn index(&self) -> u64 {
        self.index
    }

    /// How many hashes it has.
    pub fn width(&self) -> u16 {
        self.width
    }

    /// Its path under the ledger's address.
    pub fn path(&self) -> String {
        TilePath::Tile(*self).to_string()
    }

    /// The tile's bytes: its hashes one after the other.
    pub fn bytes<S: HashSource>(&self, source: &S) -> Result<Vec<u8>, S::Error> {
        let first = self.index * u64::from(TILE_WIDTH);
        let mut bytes = Vec::with_capacity(usize::from(self.width) * HASH_BYTES);
        for place in 0..u64::from(self.width) {
            bytes.extend_from_slice(&source.node(self.level.saturating_mul(TILE_HEIGHT), first + place)?);
        }
        Ok(bytes)
    }

    /// The hashes in a tile's bytes, which must be exactly as many as it is wide.
    pub fn parse_hashes(&self, bytes: &[u8]) -> Result<Vec<Hash>, TileError> {
        match bytes.as_chunks::<HASH_BYTES>() {
            (hashes, []) if hashes.len() == usize::from(self.width) => Ok(hashes.to_vec()),
            _ => Err(TileError::Length { found: bytes.len(), wanted: usize::from(self.width) * HASH_BYTES }),
        }
    }
}

/// The coordinates of an entry bundle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Bundle {
    // INVARIANT: the tile of level 0 with the hashes of its entries.
    tile: Tile,
}

impl Bundle {
    /// The bundle, if a tree can have it.
    pub fn new(index: u64, width: u16) -> Result<Bundle, TileError> {
        Ok(Bundle { tile: Tile::new(0, index, width)? })
    }

    /// The bundle's place, from 0: its first entry is 256 × this.
    pub fn index(&self) -> u64 {
        self.tile.index
    }

    /// How many entries it has.
    pub fn width(&self) -> u16 {
        self.tile.width
    }

    /// The tile with the hashes of its entries.
    pub fn tile(&self) -> Tile {
        self.tile
    }

    /// Its path under the ledger's address.
    pub fn path(&self) -> String {
        TilePath::Bundle(*self).to_string()
    }

    /// The entries in a bundle's bytes, which must be exactly as many as it is wide, with nothing after them.
    pub fn parse_entries<'a>(&self, bytes: &'a [u8]) -> Result<Vec<&'a [u8]>, TileError> {
        let entries = parse_entries(bytes)?;
        if entries.len() == usize::from(self.width()) {
            Ok(entries)
        } else {
            Err(TileError::Entries { found: entries.len(), wanted: usize::from(self.width()) })
        }
    }
}

/// Appends an entry, after its length, to a bundle.
pub fn push_entry(bundle: &mut Vec<u8>, entry: &[u8]) -> Result<(), TileError> {
    let length = u16::try_from(entry.len()).map_err(|_| TileError::EntryTooLong)?;
    bundle.extend_from_slice(&length.to_be_bytes());
    bundle.extend_from_slice(entry);
    Ok(())
}

/// All entries in the bytes of a bundle, at most [`TILE_WIDTH`].
fn parse_entries(mut bytes: &[u8]) -> Result<Vec<&[u8]>, TileError> {
    let mut entries = Vec::new();
    while let Some((length, rest)) = bytes.split_first_chunk() {
        let length = usize::from(u16::from_be_bytes(*length));
        let (entry, rest) = rest.split_at_checked(length).ok_or(TileError::EntryCutOff)?;
        if entries.len() == usize::from(TILE_WIDTH) {
            return Err(TileError::Entries { found: entries.len() + 1, wanted: entries.len() });
        }
        entries.push(entry);
        bytes = rest;
    }
    if bytes.is_empty() { Ok(entries) } else { Err(TileError::EntryCutOff) }
}

/// The tiles that must be written when a tree grows from one size to another: full ones first, then the partial one, level by level.
///
/// A checkpoint of the new size may be published when all of them, and the [bundles](new_bundles), can be read.
pub fn new_tiles(old_size: u64, new_size: u64) -> impl Iterator<Item = Tile> {
    LEVELS.flat_map(move |level| {
        let hashes = |size: u64| size >> (TILE_HEIGHT * level);
        let (old, new) = (hashes(old_size), hashes(new_size));
        let width = u64::from(TILE_WIDTH);
        let full = (old / width..new / width).map(move |index| Tile { level, index, width: TILE_WIDTH });
        // The remainder is below 256.
        let partial = Tile { level, index: new / width, width: (new % width) as u16 };
        full.chain((new > old && partial.width > 0).then_some(partial))
    })
}

/// The entry bundles that must be written when a tree grows from one size to another.
pub fn new_bundles(old_size: u64, new_size: u64) -> impl Iterator<Item = Bundle> {
    new_tiles(old_size, new_size).take_while(|tile| tile.level == 0).map(|tile| Bundle { tile })
}

/// Why a path, a tile or a bundle is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TileError {
    /// Not the path of a tile or bundle, or not in its one form.
    Path,
    /// No tree has such a tile.
    Coordinates,
    /// A tile of the wrong length.
    Length {
        /// Its bytes.
        found: usize,
        /// The bytes of a tile of that width.
        wanted: usize,
    },
    /// An entry longer than [`ENTRY_BYTES_MAX`].
    EntryTooLong,
    /// A bundle that ends within an entry.
    EntryCutOff,
    /// A bundle with another number of entries than it should have.
    Entries {
        /// How many it has, as far as they were counted.
        found: usize,
        /// How many it should have.
        wanted: usize,
    },
}

impl fmt::Display for TileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TileError::Path => f.write_str("this is not the path of a tile or an entry bundle"),
            TileError::Coordinates => f.write_str("no tree has such a tile"),
            TileError::Length { found, wanted } => write!(f, "the tile has {found} bytes, not {wanted}"),
            TileError::EntryTooLong => write!(f, "the entry is over {ENTRY_BYTES_MAX} bytes"),
            TileError::EntryCutOff => f.write_str("the entry bundle ends within an entry"),
            TileError::Entries { found, wanted } => write!(f, "the entry bundle has {found} entries, not {wanted}"),
        }
    }
}

impl TileError {
    /// What to do about it.
    pub fn help(&self) -> &'static str {
        match self {
            TileError::Path => "a path looks like `tile/0/x001/067`, `tile/1/004.p/43` or `tile/entries/x001/067`",
            TileError::Coordinates => "check level, index and width against the size of the tree",
            TileError::EntryTooLong => "enter a hash of the data in place of the data",
            TileError::Length { .. } | TileError::EntryCutOff | TileError::Entries { .. } => {
                "get the file again; if it is wrong there too, restore the ledger's folder from a copy"
            }
        }
    }
}

impl std::error::Error for TileError {}
