//! Paths of tiles and bundles: indexes in groups of three digits, so that no folder has more than a thousand names.

use std::fmt;
use std::str::FromStr;

use super::{Bundle, TILE_WIDTH, Tile, TileError};
use crate::tlog::text::decimal;

/// The path of a tile or an entry bundle under a ledger's address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TilePath {
    /// `tile/LEVEL/INDEX`.
    Tile(Tile),
    /// `tile/entries/INDEX`.
    Bundle(Bundle),
}

impl TilePath {
    /// Reads a path in its one form, without a slash before it.
    pub fn parse(path: &str) -> Result<TilePath, TileError> {
        let (kind, rest) = path.strip_prefix("tile/").and_then(|rest| rest.split_once('/')).ok_or(TileError::Path)?;
        let (index, width) = match rest.split_once(".p/") {
            Some((index, width)) => {
                (index, decimal(width).filter(|width| (1..u64::from(TILE_WIDTH)).contains(width)).ok_or(TileError::Path)?)
            }
            None => (rest, u64::from(TILE_WIDTH)),
        };
        let index = parse_index(index).ok_or(TileError::Path)?;
        // At most 256.
        let width = width as u16;
        let found = if kind == "entries" {
            TilePath::Bundle(Bundle::new(index, width)?)
        } else {
            let level = decimal(kind).and_then(|level| u8::try_from(level).ok()).ok_or(TileError::Path)?;
            TilePath::Tile(Tile::new(level, index, width)?)
        };
        // An index has one form only: no groups of zeros before it.
        if found.to_string() == path { Ok(found) } else { Err(TileError::Path) }
    }
}

fn parse_index(text: &str) -> Option<u64> {
    let (groups, last) = match text.rsplit_once('/') {
        Some((groups, last)) => (Some(groups), last),
        None => (None, text),
    };
    let three = |group: &str| group.parse::<u64>().ok().filter(|_| group.len() == 3 && group.bytes().all(|byte| byte.is_ascii_digit()));
    let mut index: u64 = 0;
    for group in groups.into_iter().flat_map(|groups| groups.split('/')) {
        index = index.checked_mul(1000)?.checked_add(three(group.strip_prefix('x')?)?)?;
    }
    index.checked_mul(1000)?.checked_add(three(last)?)
}

fn write_index(f: &mut fmt::Formatter<'_>, index: u64) -> fmt::Result {
    let mut unit = 1;
    while index / unit >= 1000 {
        unit *= 1000;
    }
    while unit > 1 {
        write!(f, "x{:03}/", index / unit % 1000)?;
        unit /= 1000;
    }
    write!(f, "{:03}", index % 1000)
}

impl fmt::Display for TilePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tile = match self {
            TilePath::Tile(tile) => {
                write!(f, "tile/{}/", tile.level())?;
                *tile
            }
            TilePath::Bundle(bundle) => {
                f.write_str("tile/entries/")?;
                bundle.tile()
            }
        };
        write_index(f, tile.index())?;
        if tile.width() < TILE_WIDTH { write!(f, ".p/{}", tile.width()) } else { Ok(()) }
    }
}

impl FromStr for TilePath {
    type Err = TileError;

    fn from_str(path: &str) -> Result<TilePath, TileError> {
        TilePath::parse(path)
    }
}
