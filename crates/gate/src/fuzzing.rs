//! Doors for fuzz targets into parsers that are private otherwise.

use crate::formats::csv;
use crate::formats::json::{MappedPath, PathTree, Slots, extract};
use crate::formats::parquet::rewrite_bytes;

/// Takes mapped values out of bytes as a JSON record, and splits them as CSV.
pub fn records(bytes: &[u8]) {
    let path = |text: &str, names: bool| MappedPath { path: text.split('.').map(str::to_owned).collect(), names, held: false };
    let tree = PathTree::new(&[path("id", true), path("user.name", true), path("tags.[].who", true), path("tags.[].as", false)]);
    let mut slots = Slots::new(4);
    if extract(bytes, &tree, &mut slots).is_ok() {
        assert_eq!(slots.get(2).len(), slots.get(3).len(), "lists of one record stay in step");
    }
    let _ = csv::split_records(bytes);
}

/// Reads bytes as a Parquet file and rewrites every leaf with every second record withheld.
pub fn parquet(bytes: &[u8]) {
    let _ = rewrite_bytes(bytes);
}
