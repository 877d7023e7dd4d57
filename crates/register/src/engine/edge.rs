//! The right edge of the tree: the partial tiles, one for each level, and nothing else. It is all of the tree that is kept in memory.

use bezwaar_ledger::tlog::tile::{TILE_WIDTH, Tile, TileError};
use bezwaar_ledger::tlog::{Hash, RootBuilder, node_hash};

/// The partial tiles at the right edge.
#[derive(Clone, Debug, Default)]
pub(crate) struct Edge {
    size: u64,
    /// By tile level: the hashes of the last tile of that level.
    // INVARIANT: each has fewer than `TILE_WIDTH` hashes; read as digits, lowest level first, their lengths are `size` to the base 256.
    levels: Vec<Vec<Hash>>,
}

impl Edge {
    /// That of the empty tree.
    pub(crate) fn new() -> Edge {
        Edge::default()
    }

    /// The edge of a tree of this size, whose partial tiles are asked for by level. `None` if one is not there or not of its width.
    pub(crate) fn load(size: u64, mut partial: impl FnMut(Tile) -> Option<Vec<Hash>>) -> Option<Edge> {
        let (mut levels, mut hashes) = (Vec::new(), size);
        while hashes > 0 {
            let width = hashes % u64::from(TILE_WIDTH);
            let level = u8::try_from(levels.len()).ok()?;
            if width > 0 {
                let tile = Tile::new(level, hashes / u64::from(TILE_WIDTH), u16::try_from(width).ok()?).ok()?;
                levels.push(partial(tile).filter(|hashes| hashes.len() as u64 == width)?);
            } else {
                levels.push(Vec::new());
            }
            hashes /= u64::from(TILE_WIDTH);
        }
        Some(Edge { size, levels })
    }

    /// How many leaves the tree has.
    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    /// Appends a leaf by its hash; tiles that become full are added to `full`.
    pub(crate) fn push(&mut self, leaf: Hash, full: &mut Vec<(Tile, Vec<u8>)>) -> Result<(), TileError> {
        self.size += 1;
        let (mut node, mut count) = (leaf, self.size);
        for level in 0u8.. {
            if self.levels.len() == usize::from(level) {
                self.levels.push(Vec::with_capacity(usize::from(TILE_WIDTH)));
            }
            let Some(row) = self.levels.get_mut(usize::from(level)) else { break };
            row.push(node);
            if row.len() < usize::from(TILE_WIDTH) {
                break;
            }
            count /= u64::from(TILE_WIDTH);
            full.push((Tile::new(level, count - 1, TILE_WIDTH)?, row.concat()));
            node = perfect(row);
            row.clear();
        }
        Ok(())
    }

    /// The partial tiles and their bytes.
    pub(crate) fn partial(&self) -> Result<Vec<(Tile, Vec<u8>)>, TileError> {
        let mut tiles = Vec::new();
        let mut hashes = self.size;
        for (level, row) in (0u8..).zip(&self.levels) {
            if !row.is_empty() {
                // Fewer than 256.
                tiles.push((Tile::new(level, hashes / u64::from(TILE_WIDTH), row.len() as u16)?, row.concat()));
            }
            hashes /= u64::from(TILE_WIDTH);
        }
        Ok(tiles)
    }

    /// The root of the tree.
    pub(crate) fn root(&self) -> Hash {
        let mut right: Option<Hash> = None;
        for row in &self.levels {
            let mut rest = row.as_slice();
            while !rest.is_empty() {
                // The smallest perfect subtree stands last.
                let width = 1 << rest.len().trailing_zeros();
                let (before, subtree) = rest.split_at(rest.len() - width);
                let node = perfect(subtree);
                right = Some(right.map_or(node, |right| node_hash(&node, &right)));
                rest = before;
            }
        }
        right.unwrap_or_else(|| RootBuilder::new().root())
    }
}

/// The root over a power of two of nodes.
fn perfect(nodes: &[Hash]) -> Hash {
    let mut row = nodes.to_vec();
    while row.len() > 1 {
        row = row.as_chunks::<2>().0.iter().map(|[left, right]| node_hash(left, right)).collect();
    }
    row.first().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use bezwaar_ledger::tlog::leaf_hash;
    use bezwaar_ledger::tlog::proof::MemoryTree;
    use bezwaar_ledger::tlog::tile::new_tiles;

    #[test]
    fn the_edge_has_the_root_and_the_tiles_of_the_whole_tree() {
        let (mut edge, mut whole, mut full) = (Edge::new(), MemoryTree::new(), Vec::new());
        for leaf in 0u64..70_000 {
            let hash = leaf_hash(&leaf.to_be_bytes());
            edge.push(hash, &mut full).unwrap();
            whole.push_hash(hash);
            if leaf < 1_500 || leaf % 4_999 == 0 || leaf > 69_990 || (65_500..65_600).contains(&leaf) {
                assert_eq!(edge.root(), whole.root(), "{leaf}");
                let tiles = edge.partial().unwrap();
                for (tile, bytes) in &tiles {
                    assert_eq!(*bytes, tile.bytes(&whole).unwrap());
                }
                let again = Edge::load(edge.size(), |wanted| {
                    let (tile, bytes) = tiles.iter().find(|(tile, _)| *tile == wanted)?;
                    tile.parse_hashes(bytes).ok()
                });
                assert_eq!(again.unwrap().root(), whole.root());
            }
        }
        full.extend(edge.partial().unwrap());
        full.sort();
        let mut wanted: Vec<_> = new_tiles(0, 70_000).map(|tile| (tile, tile.bytes(&whole).unwrap())).collect();
        wanted.sort();
        assert!(full == wanted);
    }

    #[test]
    fn an_edge_with_a_missing_or_narrow_tile_is_none() {
        assert!(Edge::load(300, |_| None).is_none());
        assert!(Edge::load(300, |_| Some(vec![[0; 32]])).is_none());
        assert!(Edge::load(256, |_| Some(vec![[0; 32]])).is_some());
        assert_eq!(Edge::load(0, |_| None).unwrap().root(), RootBuilder::new().root());
    }
}
