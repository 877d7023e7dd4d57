//! The format of mapping files, written down once.

use bezwaar_core::grammar::{Field, Shape, optional, required, schema_of};
use serde_json::{Value, json};

/// A mapping file.
pub(super) const MAPPING: &[Field] =
    &[optional("csv", Shape::Table(CSV), "how the file is written"), required("map", Shape::Table(MAP), "what its columns mean")];

const CSV: &[Field] = &[optional(
    "delimiter",
    Shape::Word(&["comma", "semicolon", "tab", "bar"]),
    "what stands between fields; told from the first line when left out",
)];

const MAP: &[Field] = &[
    optional("id", Shape::Table(ID), "the act's id; made from the file's hash and the row's number when left out"),
    required("person", Shape::Any, "whose act it is; of several, the first that is not empty"),
    optional("filer", Shape::Any, "who sent it, when another than the person; of several, the first that is not empty"),
    required("received_at", Shape::Table(TIME), "when it was received"),
    required("act", Shape::Table(WORD), "what kind of act it is, in the words of the exchange format"),
    optional("uses", Shape::Table(LIST), "which uses; all when left out or empty"),
    optional("recipients", Shape::Table(LIST), "which recipients; all when left out or empty"),
    optional("items", Shape::Table(LIST), "which items; all when left out or empty"),
    optional("control", Shape::Table(WORD), "which control, for `set`"),
    optional("to", Shape::Table(WORD), "on or off, for `set`; the other account, for `link`"),
    optional("of", Shape::Table(WORD), "the id of the act it is about, for `withdraw`, `withdraw-consent`, `unlink` and `answer`"),
    optional("how", Shape::Table(WORD), "how the accounts belong together, for `link`"),
    optional("signal", Shape::Table(WORD), "which signal, for `signal`"),
    optional("outcome", Shape::Table(WORD), "what an `answer` says"),
    optional("channel", Shape::Table(WORD), "how it came: form, api, mail, post, setting, signal, import"),
    optional("by", Shape::Table(WORD), "who sent it: self, parent, guardian, agent"),
    optional("contact", Shape::Texts, "columns with name, address or evidence: they go into the contact drawer"),
    optional("ignore", Shape::Texts, "columns that are not needed"),
];

const ID: &[Field] = &[
    required("column", Shape::Text, "a column"),
    optional("prefix", Shape::Text, "what to put before it, so that ids of two systems do not meet"),
];

/// One way to name a person.
pub(super) const PERSON: &[Field] = &[
    required("column", Shape::Text, "a column"),
    optional("service", Shape::Text, "the service; left out when values are whole accounts, `service:value`"),
    optional("kind", Shape::Word(&["id", "handle", "phone", "mail", "url", "opaque"]), "kind of name; left out when told from the value"),
];

const TIME: &[Field] = &[
    optional("column", Shape::Text, "a column"),
    optional("const", Shape::Text, "the same for every row"),
    optional("format", Shape::Text, "a strptime pattern, such as `%d-%m-%Y %H:%M`; `2025-05-26T21:50:00Z` or `2025-05-26` when left out"),
    optional("zone", Shape::Text, "IANA zone of times that have none; a day without a time is its beginning in that zone"),
    optional("unit", Shape::Word(&["s", "ms", "us"]), "unit of numbers since 1970"),
];

const WORD: &[Field] = &[
    optional("column", Shape::Text, "a column"),
    optional("const", Shape::Text, "the same for every row"),
    optional("values", Shape::TextMap, "what a value of the column means; other values are refused"),
];

const LIST: &[Field] = &[
    optional("column", Shape::Text, "a column"),
    optional("const", Shape::Texts, "the same for every row"),
    optional("separator", Shape::Text, "what stands between several in one field"),
    optional("values", Shape::TextMap, "what a value of the column means; other values are refused"),
];

/// The JSON Schema of a mapping file.
pub fn import_schema() -> Value {
    let mut schema = schema_of(MAPPING);
    let person = json!({"$ref": "#/$defs/person"});
    let many = json!({"anyOf": [person, {"type": "array", "items": person, "minItems": 1}]});
    if let Some(map) = schema.pointer_mut("/properties/map/properties").and_then(Value::as_object_mut) {
        for name in ["person", "filer"] {
            let doc = map.get(name).and_then(|field| field.get("description")).cloned().unwrap_or_default();
            let mut shape = many.clone();
            if let Some(object) = shape.as_object_mut() {
                object.insert("description".to_owned(), doc);
            }
            map.insert(name.to_owned(), shape);
        }
    }
    if let Some(object) = schema.as_object_mut() {
        object.insert("$defs".to_owned(), json!({"person": schema_of(PERSON)}));
        object.insert("$schema".to_owned(), json!("https://json-schema.org/draft/2020-12/schema"));
        object.insert("title".to_owned(), "Bezwaar import mapping".into());
    }
    schema
}
