//! The list: matches somebody should look at. Each stands there as a code and the place of the act on the ledger; who it is about is told from the act, so
//! that what is forgotten is forgotten here too.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::books::{Books, ValueName};
use crate::engine::RegisterError;

/// The most items on a page.
const PAGE_ITEMS: usize = 2_000;

/// Why something stands on the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ListCode {
    /// Somebody filed it for another account than their own: it counts for both.
    FiledForAnother,
    /// The name was written in another case or form: it is the same account all the same.
    OtherSpelling,
    /// The account said no before: each filing is an act, and the earliest counts.
    FiledAgain,
    /// A name it goes by was another account's before or after: records by the bare name are withheld, the other account is not covered.
    HandleReused,
    /// A mail address or number several accounts go by: all of them are covered.
    SharedIdentifier,
    /// The name has known holders, but none at that moment: only the name itself is covered.
    AliasUnknown,
}

impl ListCode {
    /// Every code.
    pub const ALL: [ListCode; 6] = [
        ListCode::FiledForAnother,
        ListCode::OtherSpelling,
        ListCode::FiledAgain,
        ListCode::HandleReused,
        ListCode::SharedIdentifier,
        ListCode::AliasUnknown,
    ];

    /// The code in files and answers.
    pub fn as_str(self) -> &'static str {
        match self {
            ListCode::FiledForAnother => "filed-for-another",
            ListCode::OtherSpelling => "other-spelling",
            ListCode::FiledAgain => "filed-again",
            ListCode::HandleReused => "handle-reused",
            ListCode::SharedIdentifier => "shared-identifier",
            ListCode::AliasUnknown => "alias-unknown",
        }
    }

    /// The code with this spelling.
    pub fn lookup(text: &str) -> Option<ListCode> {
        ListCode::ALL.into_iter().find(|code| code.as_str() == text)
    }
}

/// One item of the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Listed {
    /// Why.
    pub code: ListCode,
    /// The place of the act on the ledger.
    pub index: u64,
}

/// How long the list is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListCounts {
    /// How many pages there are.
    pub pages: u32,
    /// How many items of each code.
    pub counts: BTreeMap<ListCode, u64>,
}

impl ListCounts {
    /// Reads the counts.
    pub(super) fn read(books: &mut dyn Books) -> Result<ListCounts, RegisterError> {
        let stored: Value = books.value(&ValueName::List)?.and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default();
        let pages = stored.get("pages").and_then(Value::as_u64).and_then(|pages| u32::try_from(pages).ok()).unwrap_or(0);
        let count = |code: ListCode| Some((code, stored.get(code.as_str())?.as_u64()?));
        Ok(ListCounts { pages, counts: ListCode::ALL.into_iter().filter_map(count).collect() })
    }

    fn to_bytes(&self) -> Vec<u8> {
        let mut object = serde_json::Map::from_iter([("pages".to_owned(), json!(self.pages))]);
        object.extend(self.counts.iter().map(|(code, count)| (code.as_str().to_owned(), json!(count))));
        Value::Object(object).to_string().into_bytes()
    }
}

/// A page of the list.
pub(super) fn read_page(books: &mut dyn Books, page: u32) -> Result<Vec<Listed>, RegisterError> {
    let stored = books.value(&ValueName::ListPage(page))?.unwrap_or_default();
    let items: Vec<(String, u64)> = serde_json::from_slice(&stored).unwrap_or_default();
    Ok(items.into_iter().filter_map(|(code, index)| Some(Listed { code: ListCode::lookup(&code)?, index })).collect())
}

/// The values to set so that these items stand on the list as well.
pub(super) fn add(books: &mut dyn Books, items: &[Listed], values: &mut Vec<(ValueName, Vec<u8>)>) -> Result<(), RegisterError> {
    if items.is_empty() {
        return Ok(());
    }
    let mut counts = ListCounts::read(books)?;
    items.iter().for_each(|item| *counts.counts.entry(item.code).or_default() += 1);
    let last = counts.pages.checked_sub(1);
    let mut page = last.map(|page| read_page(books, page)).transpose()?.unwrap_or_default();
    if page.len() + items.len() > PAGE_ITEMS || last.is_none() {
        page.clear();
        counts.pages += 1;
    }
    page.extend_from_slice(items);
    for (place, chunk) in page.chunks(PAGE_ITEMS).enumerate() {
        counts.pages += u32::from(place > 0);
        let texts: Vec<(&str, u64)> = chunk.iter().map(|item| (item.code.as_str(), item.index)).collect();
        values.push((ValueName::ListPage(counts.pages - 1), json!(texts).to_string().into_bytes()));
    }
    values.push((ValueName::List, counts.to_bytes()));
    Ok(())
}
