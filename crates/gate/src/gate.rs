//! The gate itself: from a spec in bytes to verdicts over Arrow batches.

use std::sync::{Arc, Mutex};

use arrow_array::{BooleanArray, RecordBatch, UInt64Array};
use arrow_buffer::{BooleanBuffer, ScalarBuffer};
use arrow_schema::{Field, Fields as ArrowFields, Schema};
use bezwaar_core::account::{Kind, Services};
use bezwaar_core::policy::read::{PolicyFile, read_policies};
use bezwaar_core::standing::{Standing, standing};
use bezwaar_core::time::Instant;
use bezwaar_core::{Question, Reading, Rules};
use bezwaar_ledger::extract::Extract;
use bezwaar_ledger::key::SubjectKeys;
use serde::{Deserialize, Serialize};

use crate::bind::Fields;
use crate::error::{GateError, Result};
use crate::mapping::Mapping;
use crate::people::{Notes, Person, take_provisional, unresolved};
use crate::verdict::{Memory, Scratch, decide_batch};

/// Everything a gate needs besides the extract and its key, as bytes that travel: policies, question, and which extract.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct GateSpec {
    /// The policy files: path, folder, stem, text.
    pub policies: Vec<(String, String, String, String)>,
    /// `services.toml`: path and text.
    pub services: Option<(String, String)>,
    /// The use's id.
    pub use_id: String,
    /// The recipient's id.
    pub recipient: String,
    /// The moment, RFC 3339.
    pub at: String,
    /// The reading.
    pub reading: String,
    /// SHA-256 of the extract the gate must be opened with.
    pub extract: String,
}

impl GateSpec {
    /// The spec of a question over policy files.
    pub fn new(files: &[PolicyFile], services: Option<(&str, &str)>, question: &Question, extract: &Extract) -> GateSpec {
        GateSpec {
            policies: files.iter().map(|file| (file.path.clone(), file.folder.clone(), file.stem.clone(), file.text.clone())).collect(),
            services: services.map(|(path, text)| (path.to_owned(), text.to_owned())),
            use_id: question.use_id.clone(),
            recipient: question.recipient.clone(),
            at: question.at.to_string(),
            reading: question.reading.as_str().to_owned(),
            extract: extract.digest().to_owned(),
        }
    }

    /// The bytes that travel.
    pub fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// Reads the bytes back.
    pub fn from_bytes(bytes: &[u8]) -> Result<GateSpec> {
        serde_json::from_slice(bytes).map_err(|error| GateError::config("these bytes are no gate spec").with_source(error))
    }

    /// The policy files of the spec.
    pub fn files(&self) -> Vec<PolicyFile> {
        let files = self.policies.iter();
        files
            .map(|(path, folder, stem, text)| PolicyFile {
                path: path.clone(),
                folder: folder.clone(),
                stem: stem.clone(),
                text: text.clone(),
            })
            .collect()
    }
}

/// What every clone of a gate shares.
pub(crate) struct Inner {
    pub(crate) rules: Rules,
    pub(crate) services: Services,
    pub(crate) extract: Extract,
    pub(crate) keys: SubjectKeys,
    /// The standing of a person who said nothing.
    pub(crate) silent: Standing,
    pub(crate) unresolved: Person,
    /// The services and kinds of people in all mappings bound so far; a name is remembered by its place among them.
    places: Mutex<Vec<(Option<String>, Option<Kind>)>>,
    /// What workers remember between batches and inputs; each batch takes one and puts it back.
    pool: Mutex<Vec<Memory>>,
}

impl Inner {
    fn number_people(&self, fields: &mut Fields) -> Result<()> {
        let stopped =
            || GateError::new(crate::ErrorKind::Integrity, "a worker stopped without a word").with_help("this is a bug: please report it");
        let mut places = self.places.lock().map_err(|_| stopped())?;
        for person in fields.author.iter_mut().chain(&mut fields.about) {
            let wanted = (person.service.clone(), person.kind);
            let place = places.iter().position(|place| *place == wanted).unwrap_or_else(|| {
                places.push(wanted);
                places.len() - 1
            });
            person.place = u32::try_from(place).map_err(|_| stopped())?;
        }
        Ok(())
    }
}

/// Bulk decisions for one question. Cheap to clone, to be shared between threads.
#[derive(Clone)]
pub struct Gate(pub(crate) Arc<Inner>);

impl Gate {
    /// Opens a gate: the spec, the extract it names, and the key the extract was made with. Refuses what does not fit together.
    pub fn open(spec: &GateSpec, extract: Extract, keys: SubjectKeys) -> Result<Gate> {
        if extract.digest() != spec.extract {
            return Err(GateError::config("this is not the extract the spec was made for")
                .with_help("open the gate with the extract named by its digest"));
        }
        extract
            .check_keys(&keys)
            .map_err(|error| GateError::config("the extract cannot be matched with this key").with_help(error.help()).with_source(error))?;
        let files = spec.files();
        let services = spec.services.as_ref().map(|(path, text)| (path.as_str(), text.as_str()));
        let policies = read_policies(&files, services).map_err(|problems| {
            let count = problems.len();
            let details = problems
                .iter()
                .map(|problem| {
                    let text = files.iter().find(|file| file.path == problem.file()).map_or("", |file| file.text.as_str());
                    problem.in_one_line(text)
                })
                .collect();
            GateError::config(format!("the policies have {count} problems")).with_details(details)
        })?;
        extract
            .check_services(&policies.services)
            .map_err(|error| GateError::config("the extract does not fit the policies").with_help(error.help()).with_source(error))?;
        let at = Instant::parse(&spec.at).map_err(|error| GateError::config(format!("`at`: {error}")))?;
        let reading = Reading::lookup(&spec.reading).ok_or_else(|| {
            GateError::config(format!("unknown reading `{}`", spec.reading)).with_help("write stated, protective or consent")
        })?;
        let question = Question { use_id: spec.use_id.clone(), recipient: spec.recipient.clone(), at, reading };
        Ok(Gate::of(Rules::compile(&policies, &question), policies.services, &extract, &keys))
    }

    /// A gate of rules already made, for an extract that was checked.
    pub(crate) fn of(rules: Rules, services: Services, extract: &Extract, keys: &SubjectKeys) -> Gate {
        let silent = standing(&[], &rules);
        Gate(Arc::new(Inner {
            rules,
            services,
            extract: extract.clone(),
            keys: keys.clone(),
            silent,
            unresolved: unresolved(),
            places: Mutex::default(),
            pool: Mutex::default(),
        }))
    }

    /// The rules it decides by.
    pub fn rules(&self) -> &Rules {
        &self.0.rules
    }

    /// The extract it looks people up in.
    pub fn extract(&self) -> &Extract {
        &self.0.extract
    }

    /// Binds a mapping to a schema; the error lists every field that does not fit.
    pub fn bind(&self, schema: &Schema, mapping: &Mapping) -> Result<Bound> {
        self.check_kinds(mapping)?;
        let mut fields = Fields::bind(schema, mapping)?;
        self.0.number_people(&mut fields)?;
        Ok(Bound { gate: self.clone(), fields: Arc::new(fields), schema: schema.fields().clone(), notes: Arc::default() })
    }
}

impl Gate {
    /// A kind of name that a service does not have would match no choice, and no match must not look like no objection.
    fn check_kinds(&self, mapping: &Mapping) -> Result<()> {
        let people = mapping.author.iter().map(|person| ("author", person)).chain(mapping.about.iter().map(|person| ("about", person)));
        let wrong: Vec<String> = people
            .filter_map(|(field, person)| {
                let (service, kind) = (person.service.as_deref()?, person.kind?);
                let has = Kind::ALL
                    .into_iter()
                    .filter(|kind| self.0.services.has_kind(service, *kind))
                    .map(Kind::as_str)
                    .collect::<Vec<_>>()
                    .join(", ");
                (!self.0.services.has_kind(service, kind))
                    .then(|| format!("{field}: `{service}` has no names of kind `{}`; it has {has}", kind.as_str()))
            })
            .collect();
        if wrong.is_empty() {
            return Ok(());
        }
        let help =
            "mend `kind` in the map, leave it out to have it told from the value, or say in services.toml how the service names people";
        Err(GateError::config("the map names people as their service does not").with_details(wrong).with_help(help))
    }
}

impl std::fmt::Debug for Gate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Gate({:?})", self.0.rules.question())
    }
}

/// What was decided about the rows of a batch. Neither array has nulls.
#[derive(Clone, Debug, PartialEq)]
pub struct Verdicts {
    /// Whether nothing speaks against the row.
    pub keep: BooleanArray,
    /// The reasons as bits, code *n* at bit *n*.
    pub reasons: UInt64Array,
}

/// What was noticed while deciding.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Noticed {
    /// Rows of the extract met as authors or in records, as bits.
    pub met: Vec<u64>,
    /// Times that were there.
    pub times: u64,
    /// Times before 1990 or more than a day after the moment asked about.
    pub implausible: u64,
}

impl Noticed {
    /// Adds what another worker noticed.
    pub fn merge(&mut self, other: &Noticed) {
        if self.met.len() < other.met.len() {
            self.met.resize(other.met.len(), 0);
        }
        for (word, more) in self.met.iter_mut().zip(&other.met) {
            *word |= more;
        }
        self.times += other.times;
        self.implausible += other.implausible;
    }

    /// How many people of the extract were met.
    pub fn people_met(&self) -> u64 {
        self.met.iter().map(|word| u64::from(word.count_ones())).sum()
    }
}

fn taken<T: Default>(pool: &Mutex<Vec<T>>) -> T {
    pool.lock().ok().and_then(|mut pool| pool.pop()).unwrap_or_default()
}

fn put_back<T>(pool: &Mutex<Vec<T>>, thing: T) {
    if let Ok(mut pool) = pool.lock() {
        pool.push(thing);
    }
}

/// A gate bound to the columns of an input. Cheap to clone, to be shared between threads.
#[derive(Clone)]
pub struct Bound {
    gate: Gate,
    pub(crate) fields: Arc<Fields>,
    /// The columns it was bound to: paths are places in them.
    schema: ArrowFields,
    /// What workers noted in batches of this input; each batch takes one and puts it back.
    notes: Arc<Mutex<Vec<Notes>>>,
}

impl std::fmt::Debug for Bound {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Bound({} columns)", self.schema.len())
    }
}

impl Bound {
    /// The gate it was made from.
    pub fn gate(&self) -> &Gate {
        &self.gate
    }

    /// The reasons of every row as bits, 0 is keep; and how many rows are withheld for what only people said who are not yet confirmed.
    pub(crate) fn bits(&self, batch: &RecordBatch, unreadable: Option<&[bool]>) -> (Vec<u64>, u64) {
        let mut scratch = Scratch { memory: taken(&self.gate.0.pool), notes: taken(&self.notes) };
        let mut bits = decide_batch(&self.gate.0, &self.fields, batch, unreadable, &mut scratch);
        put_back(&self.gate.0.pool, scratch.memory);
        put_back(&self.notes, scratch.notes);
        let provisional = take_provisional(&mut bits);
        (bits, provisional)
    }

    /// What was noticed in all batches so far.
    pub fn noticed(&self) -> Noticed {
        let mut all = Noticed::default();
        if let Ok(notes) = self.notes.lock() {
            for notes in notes.iter() {
                all.merge(&Noticed { met: notes.met.clone(), times: notes.times, implausible: notes.implausible });
            }
        }
        all
    }

    /// Decides about every row.
    pub fn verdicts(&self, batch: &RecordBatch) -> Result<Verdicts> {
        let same = |(field, bound): (&Arc<Field>, &Arc<Field>)| {
            Arc::ptr_eq(field, bound) || (field.name() == bound.name() && field.data_type() == bound.data_type())
        };
        let (schema, width) = (batch.schema_ref(), self.schema.len());
        if schema.fields().len() != width || !schema.fields().iter().zip(&self.schema).all(same) {
            return Err(GateError::config("the batch has other columns than the schema the gate was bound to"));
        }
        let (bits, _) = self.bits(batch, None);
        let keep = BooleanBuffer::from_iter(bits.iter().map(|reasons| *reasons == 0));
        Ok(Verdicts { keep: BooleanArray::new(keep, None), reasons: UInt64Array::new(ScalarBuffer::from(bits), None) })
    }

    /// The rows nothing speaks against, as a batch whose buffers hold no byte of any other row.
    pub fn filter(&self, batch: &RecordBatch) -> Result<RecordBatch> {
        let verdicts = self.verdicts(batch)?;
        crate::scrub::filter(batch, &verdicts.keep)
    }
}
