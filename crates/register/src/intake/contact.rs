//! What goes into the contact drawer: name, address, evidence. It can be erased without the objection.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::{Map, Value};

/// The most bytes the contact of one filing may have.
pub const CONTACT_BYTES_MAX: usize = 16 << 10;
/// The most filings of one account whose contacts are kept; the oldest go first.
pub const CONTACT_FILINGS_MAX: usize = 12;

/// Fields of a contact, by name. Personal data: its `Debug` shows names of fields only.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Contact(BTreeMap<String, String>);

impl Contact {
    /// The contact with these fields.
    pub fn new(fields: impl IntoIterator<Item = (String, String)>) -> Contact {
        Contact(fields.into_iter().collect())
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many bytes it has.
    pub fn bytes(&self) -> usize {
        self.0.iter().map(|(name, value)| name.len() + value.len()).sum()
    }

    /// The fields. Personal data: never put them in an error or a trace.
    pub fn expose_fields(&self) -> &BTreeMap<String, String> {
        &self.0
    }
}

impl fmt::Debug for Contact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// What the drawer of one account has: a contact for each filing, oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Drawer(Vec<(String, Contact)>);

impl Drawer {
    /// Reads what was sealed. What cannot be read is as if it were not there: nothing depends on it.
    pub fn from_bytes(bytes: &[u8]) -> Drawer {
        let Ok(Value::Array(list)) = serde_json::from_slice(bytes) else { return Drawer::default() };
        let one = |value: &Value| {
            let act = value.get("act")?.as_str()?.to_owned();
            let fields = value.get("fields")?.as_object()?.iter();
            let fields = fields.filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())));
            Some((act, Contact::new(fields)))
        };
        Drawer(list.iter().filter_map(one).collect())
    }

    /// Adds the contact of a filing.
    pub fn add(&mut self, act: &str, contact: Contact) {
        self.0.retain(|(other, _)| other != act);
        self.0.push((act.to_owned(), contact));
        let over = self.0.len().saturating_sub(CONTACT_FILINGS_MAX);
        self.0.drain(..over);
    }

    /// The bytes to seal.
    pub fn to_bytes(&self) -> Vec<u8> {
        let list = self.0.iter().map(|(act, contact)| {
            let fields: Map<String, Value> = contact.0.iter().map(|(name, value)| (name.clone(), value.clone().into())).collect();
            Value::Object(Map::from_iter([("act".to_owned(), act.clone().into()), ("fields".to_owned(), fields.into())]))
        });
        Value::Array(list.collect()).to_string().into_bytes()
    }

    /// The contacts by act, oldest first.
    pub fn contacts(&self) -> &[(String, Contact)] {
        &self.0
    }
}
