//! Check values: a few bytes beside each row that say whether it is what was written. Databases notice a torn page, not a flipped bit.
//!
//! They are XXH3 and no defence against anyone who writes to the store: against those stand the tree and the seals of the vault.

use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::{Holder, StoreError};
use crate::store::check::Standing;

/// The length of a check value.
pub(crate) const SUM_BYTES: usize = 8;

/// What a row is of: rows of different kinds with the same bytes have different check values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Row {
    /// Where the store stands.
    Standing = 1,
    /// An entry.
    Entry = 2,
    /// A holder with its key.
    Holder = 3,
    /// A holder whose key is gone.
    HolderWithoutKey = 4,
    /// A sealed opening under a holder's key.
    Opening = 5,
    /// A sealed opening under the register's own key.
    OpeningWithoutHolder = 6,
    /// An opening that was removed.
    OpeningRemoved = 7,
    /// What the contact drawer has of a holder.
    Contact = 8,
    /// A contact that was removed or replaced.
    ContactRemoved = 9,
    /// A document.
    Document = 10,
    /// A named value.
    Value = 11,
    /// How far the indexes go.
    Indexed = 12,
}

/// The check value of a row: of its kind, its number and its columns in order.
pub(crate) fn sum(row: Row, number: u64, columns: &[&[u8]]) -> [u8; SUM_BYTES] {
    let start = xxh3_64_with_seed(&number.to_be_bytes(), row as u64);
    columns.iter().fold(start, |so_far, column| xxh3_64_with_seed(column, so_far)).to_be_bytes()
}

/// The check value of where the store stands.
pub(crate) fn standing_sum(standing: Standing) -> [u8; SUM_BYTES] {
    sum(Row::Standing, standing.epoch, &[&standing.size.to_be_bytes(), &standing.last_holder.to_be_bytes()])
}

/// The check value of an entry.
pub(crate) fn entry_sum(index: u64, bytes: &[u8], id_name: Option<&[u8]>) -> [u8; SUM_BYTES] {
    sum(Row::Entry, index, &[bytes, id_name.unwrap_or_default()])
}

/// The check value of a holder.
pub(crate) fn holder_sum(holder: &Holder) -> [u8; SUM_BYTES] {
    match &holder.wrapped_key {
        Some(key) => sum(Row::Holder, holder.id.0, &[&holder.name.0, key]),
        None => sum(Row::HolderWithoutKey, holder.id.0, &[&holder.name.0]),
    }
}

/// The check value of an opening.
pub(crate) fn opening_sum(index: u64, holder: Option<u64>, sealed: &[u8]) -> [u8; SUM_BYTES] {
    match holder {
        Some(holder) => sum(Row::Opening, index, &[&holder.to_be_bytes(), sealed]),
        None => sum(Row::OpeningWithoutHolder, index, &[sealed]),
    }
}

/// Compares where a store says it stands with the last entry and the last holder there are: a store that lost its end is noticed here.
pub(crate) fn verify_standing(standing: Standing, last_place: Option<u64>, last_holder: Option<u64>) -> Result<(), StoreError> {
    if last_place != standing.size.checked_sub(1) {
        return Err(StoreError::Damaged { because: "the last entry is not where the store says it is" });
    }
    if last_holder.unwrap_or(0) != standing.last_holder {
        return Err(StoreError::Damaged { because: "the last holder is not the one the store says it is" });
    }
    Ok(())
}

/// A number as both databases count. What is stored is below 2⁶³, so a greater one finds nothing.
pub(crate) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kind_number_and_the_cut_between_columns_count() {
        let one = sum(Row::Entry, 1, &[b"ab", b"c"]);
        assert_ne!(one, sum(Row::Holder, 1, &[b"ab", b"c"]));
        assert_ne!(one, sum(Row::Entry, 2, &[b"ab", b"c"]));
        assert_ne!(one, sum(Row::Entry, 1, &[b"a", b"bc"]));
        assert_ne!(one, sum(Row::Entry, 1, &[b"ab", b"c", b""]));
        assert_eq!(one, sum(Row::Entry, 1, &[b"ab", b"c"]));
    }
}
