//! JSON Schemas of the files people write, generated from the grammar.

use serde_json::{Value, json};

use super::grammar::{POLICY_FILE, SERVICES_FILE};
use crate::grammar::schema_of;

/// The JSON Schema of a policy file.
pub fn policy_schema() -> Value {
    titled(schema_of(POLICY_FILE), "Bezwaar policy version")
}

/// The JSON Schema of `services.toml`.
pub fn services_schema() -> Value {
    titled(schema_of(SERVICES_FILE), "Bezwaar services")
}

fn titled(mut schema: Value, title: &str) -> Value {
    if let Some(object) = schema.as_object_mut() {
        object.insert("$schema".to_owned(), json!("https://json-schema.org/draft/2020-12/schema"));
        object.insert("title".to_owned(), title.into());
    }
    schema
}
