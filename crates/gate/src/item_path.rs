//! Items in the exchange format, decided one by one by the function `decide` uses.

use std::sync::{Arc, Mutex};

use bezwaar_core::item::Item;
use bezwaar_core::standing::{Standing, standing};
use bezwaar_core::{People, classify, judge, unreadable};

use crate::gate::{Gate, Inner, Noticed};
use crate::people::keyed_item;

/// Decides about items against an extract.
pub(crate) struct ItemDecider {
    inner: Arc<Inner>,
    met: Mutex<Vec<u64>>,
}

impl ItemDecider {
    pub(crate) fn new(gate: &Gate) -> ItemDecider {
        ItemDecider { inner: Arc::clone(&gate.0), met: Mutex::new(vec![0; gate.0.extract.len().div_ceil(64)]) }
    }

    pub(crate) fn noticed(&self) -> Noticed {
        Noticed { met: self.met.lock().map(|met| met.clone()).unwrap_or_default(), times: 0, implausible: 0 }
    }

    /// The reasons as bits; `None` is a record that could not be read.
    pub(crate) fn decide(&self, item: Option<&Item>) -> u64 {
        let inner = &self.inner;
        let Some(item) = item else { return unreadable(&inner.rules).codes().bits() };
        let resolve = |name: &Option<String>| {
            let account = name.as_deref().and_then(|name| inner.services.parse(name))?;
            inner.extract.covers(account.service(), account.kind()).then_some(account)
        };
        let authors: Vec<_> = item.authors.0.iter().map(resolve).collect();
        let people = People {
            authors: authors.iter().map(|account| account.as_ref().map(|account| self.stand(account))).collect(),
            about: item
                .about
                .iter()
                .map(|about| (about.relation, resolve(&about.person).as_ref().map(|account| self.stand(account))))
                .collect(),
        };
        let class = classify(&inner.rules, item, &authors);
        judge(&inner.rules, &class, &people, &keyed_item(inner, &item.id)).codes().bits()
    }

    fn stand(&self, account: &bezwaar_core::account::Account) -> Standing {
        let inner = &self.inner;
        let Some(row) = inner.extract.lookup(&inner.keys.subject(account)) else { return inner.silent.clone() };
        if let Ok(mut met) = self.met.lock()
            && let Some(word) = met.get_mut(row / 64)
        {
            *word |= 1 << (row % 64);
        }
        match inner.extract.acts(row) {
            Ok(acts) => standing(&acts, &inner.rules),
            Err(_) => Standing::unreadable(),
        }
    }
}
