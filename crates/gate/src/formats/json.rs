//! JSON records: only the mapped paths are taken out, and only what is sure.

use std::collections::BTreeMap;

use serde::de::{self, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::mapping::ELEMENTS;

/// A path into records, and what its values are for.
#[derive(Clone, Debug)]
pub(crate) struct MappedPath {
    pub(crate) path: Vec<String>,
    /// Whether it names people or records.
    pub(crate) names: bool,
    /// Whether the structure around it says something by being there, although the value is not.
    pub(crate) held: bool,
}

/// The mapped paths as a tree; each leaf is a slot.
#[derive(Clone, Debug, Default)]
pub(crate) struct PathTree {
    slot: Option<usize>,
    /// Whether the values name people or records: then a number with a fraction is nobody.
    names: bool,
    /// See [`MappedPath`].
    held: bool,
    children: BTreeMap<String, PathTree>,
    elements: Option<Box<PathTree>>,
}

impl PathTree {
    /// The tree of paths; slot *n* is path *n*.
    pub(crate) fn new(paths: &[MappedPath]) -> PathTree {
        let mut root = PathTree::default();
        for (slot, MappedPath { path, names, held }) in paths.iter().enumerate() {
            let mut node = &mut root;
            for step in path {
                node =
                    if step == ELEMENTS { node.elements.get_or_insert_default() } else { node.children.entry(step.clone()).or_default() };
            }
            node.slot = Some(slot);
            node.names = *names;
            node.held = *held;
        }
        root
    }

    /// A value that is null or left out, in a structure that is there.
    fn absent(&self, slots: &mut Slots) {
        match self.slot.filter(|_| self.held) {
            // An empty text is there, but no word anybody knows.
            Some(slot) => slots.push(slot, Some(String::new())),
            None => self.nulls(slots),
        }
    }

    /// Gives every slot below a null, so that lists of one record stay in step.
    fn nulls(&self, slots: &mut Slots) {
        if let Some(slot) = self.slot {
            slots.push(slot, None);
        }
        for child in self.children.values() {
            child.nulls(slots);
        }
        // Elements of a list that is not there are none.
    }
}

/// The values found in one record, by slot.
#[derive(Debug, Default)]
pub(crate) struct Slots {
    values: Vec<Vec<Option<String>>>,
}

impl Slots {
    pub(crate) fn new(count: usize) -> Slots {
        Slots { values: vec![Vec::new(); count] }
    }

    pub(crate) fn clear(&mut self) {
        self.values.iter_mut().for_each(Vec::clear);
    }

    pub(crate) fn get(&self, slot: usize) -> &[Option<String>] {
        self.values.get(slot).map_or(&[], Vec::as_slice)
    }

    pub(crate) fn push(&mut self, slot: usize, value: Option<String>) {
        if let Some(values) = self.values.get_mut(slot) {
            values.push(value);
        }
    }
}

/// Takes the mapped values out of a record. The error says in which column it is broken; it never quotes the record.
pub(crate) fn extract(record: &[u8], tree: &PathTree, slots: &mut Slots) -> Result<(), usize> {
    slots.clear();
    let text = std::str::from_utf8(record).map_err(|error| error.valid_up_to() + 1)?;
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let seed = Seed { tree, slots };
    seed.deserialize(&mut deserializer).and_then(|()| deserializer.end()).map_err(|error| error.column())
}

struct Seed<'a> {
    tree: &'a PathTree,
    slots: &'a mut Slots,
}

impl<'de> DeserializeSeed<'de> for Seed<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl Seed<'_> {
    fn scalar<E: de::Error>(self, value: String) -> Result<(), E> {
        match self.tree.slot {
            Some(slot) => {
                self.slots.push(slot, Some(value));
                Ok(())
            }
            None => Err(E::custom("a value where the mapping expects a structure or a list")),
        }
    }
}

impl<'de> Visitor<'de> for Seed<'_> {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a value of the mapped shape")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        if self.tree.children.is_empty() {
            return Err(de::Error::custom("a structure where the mapping expects a value"));
        }
        let mut seen: Vec<&str> = Vec::with_capacity(self.tree.children.len());
        while let Some(key) = map.next_key::<std::borrow::Cow<'de, str>>()? {
            match self.tree.children.get_key_value(key.as_ref()) {
                // Which of two values counts would be a guess.
                Some((name, _)) if seen.contains(&name.as_str()) => return Err(de::Error::custom("a mapped key stands twice")),
                Some((name, child)) => {
                    seen.push(name);
                    map.next_value_seed(Seed { tree: child, slots: &mut *self.slots })?;
                }
                None => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        for (name, child) in &self.tree.children {
            if !seen.contains(&name.as_str()) {
                child.absent(self.slots);
            }
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        let Some(elements) = &self.tree.elements else {
            return Err(de::Error::custom("a list where the mapping expects a value"));
        };
        while seq.next_element_seed(Seed { tree: elements, slots: &mut *self.slots })?.is_some() {}
        Ok(())
    }

    fn visit_unit<E: de::Error>(self) -> Result<(), E> {
        self.tree.absent(self.slots);
        Ok(())
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<(), E> {
        self.scalar(value.to_owned())
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<(), E> {
        self.scalar(value.to_string())
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<(), E> {
        self.scalar(value.to_string())
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<(), E> {
        self.scalar(value.to_string())
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<(), E> {
        // An id that went through a floating-point number is no longer that id; `nan` is a sentinel everywhere.
        let text = if self.tree.names { "nan".to_owned() } else { format!("{value:?}") };
        self.scalar(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(text: &str) -> Vec<String> {
        text.split('.').map(str::to_owned).collect()
    }

    fn mapped(text: &str, names: bool) -> MappedPath {
        MappedPath { path: path(text), names, held: false }
    }

    fn values(record: &str) -> Result<Vec<Vec<Option<String>>>, usize> {
        let tree =
            PathTree::new(&[mapped("id", true), mapped("user.name", true), mapped("tags.[].who", true), mapped("tags.[].as", false)]);
        let mut slots = Slots::new(4);
        extract(record.as_bytes(), &tree, &mut slots)?;
        Ok((0..4).map(|slot| slots.get(slot).to_vec()).collect())
    }

    #[test]
    fn takes_mapped_paths_and_keeps_lists_in_step() {
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(
            values(r#"{"id":12345678901234567890,"x":{"id":"no"},"user":{"name":"n"},"tags":[{"who":"a"},{"as":"quote","who":"b"},null]}"#),
            Ok(vec![
                vec![some("12345678901234567890")],
                vec![some("n")],
                vec![some("a"), some("b"), None],
                vec![None, some("quote"), None],
            ])
        );
        assert_eq!(values(r#"{"user":null}"#), Ok(vec![vec![None], vec![None], vec![], vec![]]));
    }

    #[test]
    fn what_is_not_sure_is_broken() {
        for record in [
            r#"{"id":1,"id":2}"#,
            r#"{"id":{"a":1}}"#,
            r#"{"id":[1]}"#,
            r#"{"user":"n"}"#,
            r#"{"user":{"name":"a","name":"a"}}"#,
            r#"{"id":1"#,
            r#"{"id":1} {"#,
            "[]",
            "",
        ] {
            assert!(values(record).is_err(), "{record}");
        }
        let tree = PathTree::new(&[mapped("id", true)]);
        assert_eq!(extract(b"{\"id\":\"a\",\"x\":\"\xff\"}", &tree, &mut Slots::new(1)), Err(16));
    }

    #[test]
    fn a_structure_that_is_there_without_its_values() {
        let tree = PathTree::new(&[MappedPath { held: true, ..mapped("chat.kind", false) }]);
        for (record, found) in [
            (r#"{"chat":{}}"#, Some("")),
            (r#"{"chat":{"kind":null}}"#, Some("")),
            (r#"{"chat":null}"#, None),
            ("{}", None),
            ("null", None),
        ] {
            let mut slots = Slots::new(1);
            extract(record.as_bytes(), &tree, &mut slots).unwrap();
            assert_eq!(slots.get(0), [found.map(str::to_owned)], "{record}");
        }
    }

    #[test]
    fn a_float_is_no_id() {
        assert_eq!(values(r#"{"id":1e3}"#).unwrap()[0], vec![Some("nan".to_owned())]);
    }
}
