//! Check values: a few bytes beside each row that say whether it is what was written. Databases notice a torn page, not a flipped bit.
//!
//! They are XXH3 and no defence against anyone who writes to the store: against those stand the tree and the seals of the vault.

use xxhash_rust::xxh3::xxh3_64_with_seed;

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
}

/// The check value of a row: of its kind, its number and its columns in order.
pub(crate) fn sum(row: Row, number: u64, columns: &[&[u8]]) -> [u8; SUM_BYTES] {
    let start = xxh3_64_with_seed(&number.to_be_bytes(), row as u64);
    columns.iter().fold(start, |so_far, column| xxh3_64_with_seed(column, so_far)).to_be_bytes()
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
