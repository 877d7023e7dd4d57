//! Binding: a mapping resolved against the schema of an input, all errors at once.

use arrow_schema::{DataType, Schema};
use bezwaar_core::account::Kind;
use bezwaar_core::item::Relation;

use crate::error::{GateError, Result};
use crate::leaf::{Path, resolve};
use crate::mapping::{AgeMap, AgeOn, Mapping, Origin, PersonMap, TimeMap, WordMap};

/// Where the values of a bound field come from.
#[derive(Clone, Debug)]
pub(crate) enum Source {
    Column(Path),
    Const(String),
}

#[derive(Clone, Debug)]
pub(crate) struct BoundWord {
    pub(crate) source: Source,
    pub(crate) map: WordMap,
}

#[derive(Clone, Debug)]
pub(crate) struct BoundTime {
    pub(crate) source: Source,
    pub(crate) map: TimeMap,
}

#[derive(Clone, Debug)]
pub(crate) enum BoundAge {
    Age(BoundWord),
    Birth(Path, AgeOn),
}

#[derive(Clone, Debug)]
pub(crate) struct BoundPerson {
    pub(crate) source: Source,
    pub(crate) service: Option<String>,
    pub(crate) kind: Option<Kind>,
    /// Which service and kind these are, as the gate numbers them: a name means the same under the same number.
    pub(crate) place: u32,
    pub(crate) relation: Relation,
    pub(crate) relation_path: Option<Path>,
}

/// Every field of a mapping, resolved.
#[derive(Clone, Debug, Default)]
pub(crate) struct Fields {
    pub(crate) id: Option<Source>,
    pub(crate) author: Vec<BoundPerson>,
    pub(crate) about: Vec<BoundPerson>,
    pub(crate) category: Option<BoundWord>,
    pub(crate) audience: Option<BoundWord>,
    pub(crate) region: Option<BoundWord>,
    pub(crate) registered: Option<BoundWord>,
    pub(crate) hold: Option<BoundWord>,
    pub(crate) author_age: Option<BoundAge>,
    pub(crate) created_at: Option<BoundTime>,
    pub(crate) collected_at: Option<BoundTime>,
    pub(crate) deleted_at: Option<BoundTime>,
    pub(crate) chat: [Option<BoundWord>; 3],
}

struct Binder<'a> {
    schema: &'a Schema,
    errors: Vec<String>,
}

impl Fields {
    /// Resolves a mapping against a schema; the error lists every field that does not fit.
    pub(crate) fn bind(schema: &Schema, mapping: &Mapping) -> Result<Fields> {
        let mut binder = Binder { schema, errors: mapping.misaligned() };
        let fields = Fields {
            id: mapping.id.as_ref().and_then(|origin| binder.source("id", origin, false)),
            author: mapping.author.iter().filter_map(|person| binder.person("author", person)).collect(),
            about: mapping.about.iter().filter_map(|person| binder.person("about", person)).collect(),
            category: binder.word("category", mapping.category.as_ref()),
            audience: binder.word("audience", mapping.audience.as_ref()),
            region: binder.word("region", mapping.region.as_ref()),
            registered: binder.word("registered", mapping.registered.as_ref()),
            hold: binder.word("hold", mapping.hold.as_ref()),
            author_age: match &mapping.author_age {
                Some(AgeMap::Age(word)) => binder.word("author_age", Some(word)).map(BoundAge::Age),
                Some(AgeMap::Birth { path, on }) => binder.path("author_age", path, false).map(|path| BoundAge::Birth(path, *on)),
                None => None,
            },
            created_at: binder.time("created_at", mapping.created_at.as_ref()),
            collected_at: binder.time("collected_at", mapping.collected_at.as_ref()),
            deleted_at: binder.time("deleted_at", mapping.deleted_at.as_ref()),
            chat: [
                binder.word("conversation.kind", mapping.conversation_kind.as_ref()),
                binder.word("conversation.ai_participant", mapping.ai_participant.as_ref()),
                binder.word("conversation.ai_addressed", mapping.ai_addressed.as_ref()),
            ],
        };
        if binder.errors.is_empty() {
            Ok(fields)
        } else {
            let message = format!("the mapping does not fit the columns ({} problems)", binder.errors.len());
            Err(GateError::config(message)
                .with_details(binder.errors)
                .with_help("mend [input.map] in the job; `bezwaar gate --check JOB` shows the columns"))
        }
    }
}

impl Binder<'_> {
    fn path(&mut self, field: &str, path: &[String], many: bool) -> Option<Path> {
        match resolve(self.schema, path) {
            Ok(found) if found.many && !many => {
                self.errors.push(format!("{field}: `{}` passes through a list, but a record has one {field}", path.join(".")));
                None
            }
            Ok(found) => Some(found),
            Err(sentence) => {
                self.errors.push(format!("{field}: {sentence}"));
                None
            }
        }
    }

    fn source(&mut self, field: &str, origin: &Origin, many: bool) -> Option<Source> {
        match origin {
            Origin::Const { value, .. } => Some(Source::Const(value.clone())),
            Origin::Column(path) => self.path(field, path, many).map(Source::Column),
        }
    }

    fn word(&mut self, field: &str, map: Option<&WordMap>) -> Option<BoundWord> {
        let map = map?;
        let source = self.source(field, &map.origin, false)?;
        self.refuse(
            field,
            &source,
            map,
            &|data_type| matches!(data_type, DataType::Timestamp(..) | DataType::Date32 | DataType::Date64),
            "a word",
        );
        Some(BoundWord { source, map: map.clone() })
    }

    fn refuse(&mut self, field: &str, source: &Source, map: &WordMap, wrong: &dyn Fn(&DataType) -> bool, what: &str) {
        if let (Source::Column(path), Origin::Column(named)) = (source, &map.origin)
            && wrong(&path.data_type)
        {
            self.errors.push(format!("{field}: `{}` holds {}, where {what} is needed", named.join("."), path.data_type));
        }
    }

    fn time(&mut self, field: &str, map: Option<&TimeMap>) -> Option<BoundTime> {
        let map = map?;
        let source = self.source(field, &map.origin, false)?;
        if let (Source::Column(path), Origin::Column(named)) = (&source, &map.origin) {
            let named = named.join(".");
            let number = path.data_type.is_integer() || path.data_type.is_floating();
            if number && map.unit.is_none() {
                self.errors.push(format!("{field}: `{named}` holds numbers: say unit = \"s\", \"ms\", \"us\" or \"ns\""));
            }
            if matches!(path.data_type, DataType::Boolean | DataType::Time32(_) | DataType::Time64(_)) {
                self.errors.push(format!("{field}: `{named}` holds {}, where a time is needed", path.data_type));
            }
        }
        Some(BoundTime { source, map: map.clone() })
    }

    fn person(&mut self, field: &str, map: &PersonMap) -> Option<BoundPerson> {
        let relation_path = map.relation_path.as_ref().and_then(|path| self.path(field, path, true));
        Some(BoundPerson {
            source: self.source(field, &map.origin, true)?,
            service: map.service.clone(),
            kind: map.kind,
            place: 0,
            relation: map.relation,
            relation_path,
        })
    }
}
