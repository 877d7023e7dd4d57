//! The format of job files, written down once.

use bezwaar_core::grammar::{Field, Shape, optional, required, schema_of};

/// A job file.
pub(super) const JOB: &[Field] = &[
    required("job", Shape::Table(&[required("name", Shape::Text, "what people call it")]), "the job"),
    required("question", Shape::Table(QUESTION), "what is asked of every record"),
    required("extract", Shape::Table(EXTRACT), "the acts of people, and the key to match them"),
    required("input", Shape::Tables(INPUT), "what goes in"),
    required("output", Shape::Table(OUTPUT), "what comes out"),
    optional("expect", Shape::Table(EXPECT), "what must be met, or the run stops"),
    optional(
        "on_error",
        Shape::Table(&[required("file", Shape::Word(&["stop", "withhold"]), "what to do with a file that fails later")]),
        "what to do when something fails",
    ),
    optional("limits", Shape::Table(LIMITS), "named limits"),
];

const QUESTION: &[Field] = &[
    required("policies", Shape::Text, "folder of policies"),
    required("use", Shape::Text, "id of the use"),
    required("recipient", Shape::Text, "id of the recipient"),
    optional("reading", Shape::Word(&["protective", "stated", "consent"]), "how strictly to read; protective when left out"),
    optional("at", Shape::Text, "another moment than the extract's: makes the run a replay, never a release"),
];

const EXTRACT: &[Field] = &[
    required("path", Shape::Text, "the extract"),
    required("key", Shape::Text, "its key file"),
    optional("signed_by", Shape::Text, "the public key of the register's operator (a vkey), who must have signed the extract"),
    optional("allow_unsigned", Shape::Bool, "whether an extract nobody signed will do; instead of signed_by"),
];

const INPUT: &[Field] = &[
    required("paths", Shape::Texts, "files, folders or globs"),
    optional("format", Shape::Word(&["parquet", "jsonl", "csv", "items"]), "how they are stored, when their names do not tell"),
    optional("map", Shape::Table(MAP), "what the columns mean; left out for items"),
];

/// What the columns of an input mean.
pub(super) const MAP: &[Field] = &[
    optional("id", Shape::Any, "the record's id"),
    optional("author", Shape::Any, "who wrote it"),
    optional("about", Shape::Any, "whom it is about"),
    optional("category", Shape::Any, "what kind of data it is"),
    optional("audience", Shape::Any, "who could see it"),
    optional("created_at", Shape::Any, "when it was made"),
    optional("collected_at", Shape::Any, "when it was collected"),
    optional("author_age", Shape::Any, "how old the author was"),
    optional("region", Shape::Any, "where the author lived"),
    optional("conversation", Shape::Table(CONVERSATION), "the conversation it stands in"),
    optional("deleted_at", Shape::Any, "when the author deleted it"),
    optional("hold", Shape::Any, "why it is kept although it may not be used"),
    optional("registered", Shape::Any, "whether the author has an account"),
];

const CONVERSATION: &[Field] = &[
    optional("kind", Shape::Any, "direct, group or ai"),
    optional("ai_participant", Shape::Any, "whether an AI takes part"),
    optional("ai_addressed", Shape::Any, "whether it was addressed to the AI"),
];

/// The fields a value of the map may have, by what it is.
pub(super) const WORD: &[Field] = &[
    optional("column", Shape::Any, "a column, or a path as a list"),
    optional("values", Shape::TextMap, "dataset value to word; values not listed are unknown"),
    optional("values_file", Shape::Text, "a CSV file of two columns instead of values"),
    optional("const", Shape::Any, "the same for every record: asserted, not observed"),
    optional("because", Shape::Text, "why it may be asserted"),
];

pub(super) const TIME: &[Field] = &[
    optional("column", Shape::Any, "a column, or a path as a list"),
    optional("unit", Shape::Word(&["s", "ms", "us", "ns"]), "unit of numbers since 1970"),
    optional("format", Shape::Text, "rfc3339, or a strptime pattern"),
    optional("zone", Shape::Text, "IANA zone of times that have none"),
    optional("const", Shape::Any, "the same for every record: asserted, not observed"),
    optional("because", Shape::Text, "why it may be asserted"),
];

pub(super) const AGE: &[Field] = &[
    optional("column", Shape::Any, "a column with years or bands"),
    optional("values", Shape::TextMap, "dataset value to years or band"),
    optional("values_file", Shape::Text, "a CSV file of two columns instead of values"),
    optional("birth_date", Shape::Any, "a column with the day of birth"),
    optional("on", Shape::Word(&["collected_at", "created_at"]), "when the age is counted"),
    optional("const", Shape::Any, "the same for every record: asserted, not observed"),
    optional("because", Shape::Text, "why it may be asserted"),
];

pub(super) const PERSON: &[Field] = &[
    optional("column", Shape::Any, "a column, or a path as a list; \"[]\" steps into lists"),
    optional("service", Shape::Text, "the service; left out when values are whole accounts"),
    optional("kind", Shape::Word(&["id", "handle", "phone", "mail", "url", "opaque"]), "kind of name; left out when told from the value"),
    optional("as", Shape::Word(&["mention", "quote", "reply", "depict", "participant", "forwarder"]), "how the person stands in it"),
    optional("as_column", Shape::Any, "a column that says how, element by element"),
    optional("const", Shape::Any, "the same person for every record, such as in the export of one account"),
    optional("because", Shape::Text, "why it may be asserted"),
];

const OUTPUT: &[Field] = &[
    required("path", Shape::Text, "folder the outputs go into"),
    optional("form", Shape::Word(&["copy", "mask"]), "copy when left out"),
    optional("drop", Shape::Texts, "columns the recipient need not get"),
    optional("withheld_list", Shape::Text, "where to list withheld records: personal data, outside the output folder"),
    optional("subjects", Shape::Text, "where to list the people of what is kept: personal data, outside the output folder"),
    optional("fold_choices", Shape::Bool, "fold what people said into one word in the list"),
];

const EXPECT: &[Field] = &[optional("matched_min", Shape::Int(0, i64::MAX), "people of the extract that must be met; 1 when left out")];

const LIMITS: &[Field] = &[
    optional("threads", Shape::Int(1, 1024), "worker threads"),
    optional("batch_rows", Shape::Int(1, 16_777_216), "most rows of a batch"),
    optional("batch_bytes", Shape::Int(1024, 1 << 30), "about how many bytes of text are read at once"),
    optional("record_bytes_max", Shape::Int(16, 1 << 30), "longest record of a text format"),
    optional("zstd_window_log_max", Shape::Int(10, 31), "largest window of zstd input, as a power of two"),
    optional("subject_bytes", Shape::Int(1024, 1 << 40), "about how many bytes of names a worker holds for the list of subjects"),
];

/// The JSON Schema of a job file.
pub fn job_schema() -> serde_json::Value {
    let mut schema = schema_of(JOB);
    let shapes = [("word", WORD), ("time", TIME), ("age", AGE), ("person", PERSON)];
    let parts: serde_json::Map<String, serde_json::Value> =
        shapes.into_iter().map(|(name, fields)| (name.to_owned(), schema_of(fields))).collect();
    let refer = |name: &str| serde_json::json!({"$ref": format!("#/$defs/{name}")});
    let many = |name: &str| serde_json::json!({"anyOf": [refer(name), {"type": "array", "items": refer(name)}]});
    if let Some(map) = schema.pointer_mut("/properties/input/items/properties/map/properties").and_then(|map| map.as_object_mut()) {
        for (field, shape) in [
            ("id", refer("word")),
            ("author", many("person")),
            ("about", many("person")),
            ("category", refer("word")),
            ("audience", refer("word")),
            ("created_at", refer("time")),
            ("collected_at", refer("time")),
            ("author_age", refer("age")),
            ("region", refer("word")),
            ("deleted_at", refer("time")),
            ("hold", refer("word")),
            ("registered", refer("word")),
        ] {
            map.insert(field.to_owned(), shape);
        }
    }
    if let Some(object) = schema.as_object_mut() {
        object.insert("$defs".to_owned(), parts.into());
        object.insert("$schema".to_owned(), "https://json-schema.org/draft/2020-12/schema".into());
        object.insert("title".to_owned(), "Bezwaar gate job".into());
    }
    schema
}
