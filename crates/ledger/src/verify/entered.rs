//! Where an extract stands on a ledger: what ties a row or a release to what others are shown too.

use super::{DOCUMENTS, LedgerError};
use crate::entry::{Entry, EntryKind};
use crate::extract::ExtractHeader;
use crate::extract_entry::ExtractEntry;
use crate::hex;
use crate::opening::document_hash;
use crate::tlog::Hash;
use crate::tlog::policy::Trusted;
use crate::tlog::proof::root_at;
use crate::tlog::tile::{TILE_WIDTH, TileHashSource, TileReadError, TileReader};

/// What a ledger has of an extract.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entered {
    /// It was made from an earlier state of this ledger, which has an entry of it at this place.
    At(u64),
    /// It was made from a state of this ledger, which has no entry of it: it was never entered, or not published yet.
    Nowhere,
    /// It was made from more entries than this ledger has: the ledger was rolled back, or the files are an old copy.
    Behind,
    /// It was made from another ledger, or from none.
    OtherLedger,
}

/// Looks for the entry of an extract on a ledger whose checkpoint is believed.
///
/// `sha256` is that of the file; where only a row of it is at hand, it is not known, and the entry is found by the extract's key, moment, size and number of
/// provisional acts: then only whoever has the extract can say that it is the very one that was entered.
pub fn find_extract<R: TileReader>(
    reader: &R,
    trusted: &Trusted,
    header: &ExtractHeader,
    sha256: Option<Hash>,
) -> Result<Entered, LedgerError<R::Error>> {
    let (size, root) = (trusted.checkpoint.size(), trusted.checkpoint.root());
    let made_from = header.checkpoint.as_ref().filter(|made_from| made_from.origin == trusted.checkpoint.origin().as_str());
    let (Some(made_from), Some(wanted)) = (made_from, ExtractEntry::of_header(header, sha256.unwrap_or_default())) else {
        return Ok(Entered::OtherLedger);
    };
    if made_from.size > size {
        return Ok(Entered::Behind);
    }
    let tree = TileHashSource::try_new(reader, size, &root).map_err(LedgerError::Tiles)?;
    let before = root_at(&tree, made_from.size).map_err(LedgerError::Tiles)?;
    if hex::encode(&before) != made_from.root {
        return Ok(Entered::OtherLedger);
    }
    let width = u64::from(TILE_WIDTH);
    for bundle in made_from.size / width..size.div_ceil(width) {
        for (index, bytes) in (bundle * width..).zip(tree.entries(bundle).map_err(LedgerError::Tiles)?) {
            let entry = Entry::from_bytes(&bytes).ok().filter(|entry| entry.kind == EntryKind::Extract && index >= made_from.size);
            let Some(entry) = entry else { continue };
            if is_of(reader, &entry, &wanted, sha256.is_some()).map_err(LedgerError::Tiles)? {
                return Ok(Entered::At(index));
            }
        }
    }
    Ok(Entered::Nowhere)
}

/// Whether an entry is that of the extract that is looked for.
fn is_of<R: TileReader>(reader: &R, entry: &Entry, wanted: &ExtractEntry, exact: bool) -> Result<bool, TileReadError<R::Error>> {
    if exact {
        let hash = wanted.to_bytes().ok().and_then(|bytes| document_hash(EntryKind::Extract, &bytes));
        return Ok(hash == Some(entry.hash));
    }
    let path = format!("{DOCUMENTS}/{}", hex::encode(&entry.hash));
    let bytes = reader.read(&path).map_err(|error| TileReadError::Read { path, error })?.unwrap_or_default();
    let said = ExtractEntry::from_bytes(&bytes).ok().filter(|_| document_hash(EntryKind::Extract, &bytes) == Some(entry.hash));
    Ok(said.is_some_and(|said| ExtractEntry { sha256: wanted.sha256, ..said } == *wanted))
}
