//! Items in the exchange format, decided one by one by the function `decide` uses.

use std::sync::{Arc, Mutex};

use bezwaar_core::account::Account;
use bezwaar_core::item::Item;
use bezwaar_core::standing::Standing;
use bezwaar_core::{People, classify, judge, unreadable};

use crate::gate::{Gate, Inner, Noticed};
use crate::people::{Stood, keyed_item};

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

    /// The reasons as bits, and whether some rest on acts that are provisional; `None` is a record that could not be read.
    pub(crate) fn decide(&self, item: Option<&Item>) -> (u64, bool) {
        let inner = &self.inner;
        let Some(item) = item else { return (unreadable(&inner.rules).codes().bits(), false) };
        let resolve = |name: &Option<String>| {
            let account = name.as_deref().and_then(|name| inner.services.parse(name))?;
            inner.extract.covers(account.service(), account.kind()).then_some(account)
        };
        let authors: Vec<_> = item.authors.0.iter().map(resolve).collect();
        let stood = |account: &Option<Account>| account.as_ref().map(|account| self.stand(account));
        let author_stood: Vec<Option<Stood>> = authors.iter().map(stood).collect();
        let about_stood: Vec<_> = item.about.iter().map(|about| (about.relation, stood(&resolve(&about.person)))).collect();
        let class = classify(&inner.rules, item, &authors);
        let judged = |pick: &dyn Fn(&Stood) -> Standing| {
            let people = People {
                authors: author_stood.iter().map(|stood| stood.as_ref().map(pick)).collect(),
                about: about_stood.iter().map(|(relation, stood)| (*relation, stood.as_ref().map(pick))).collect(),
            };
            judge(&inner.rules, &class, &people, &keyed_item(inner, &item.id)).codes().bits()
        };
        let bits = judged(&|stood| stood.standing.clone());
        let about = about_stood.iter().filter_map(|(_, stood)| stood.as_ref());
        if author_stood.iter().flatten().chain(about).all(|stood| stood.confirmed.is_none()) {
            return (bits, false);
        }
        let confirmed = judged(&|stood| stood.confirmed.as_ref().unwrap_or(&stood.standing).clone());
        (bits, bits & !confirmed != 0)
    }

    fn stand(&self, account: &Account) -> Stood {
        let inner = &self.inner;
        let only = |standing: Standing| Stood { standing, confirmed: None };
        let Some(row) = inner.extract.lookup(&inner.keys.subject(account)) else { return only(inner.silent.clone()) };
        if let Ok(mut met) = self.met.lock()
            && let Some(word) = met.get_mut(row / 64)
        {
            *word |= 1 << (row % 64);
        }
        match inner.extract.acts(row) {
            Ok(acts) => Stood::of(&acts, &inner.rules),
            Err(_) => only(Standing::unreadable()),
        }
    }
}
