//! Model, core and gate decide alike: over random worlds, in every dress Arrow has for a value, and through the text formats.

use std::sync::Arc;

use arrow_array::builder::{BooleanBuilder, ListBuilder, StringBuilder, StructBuilder};
use arrow_array::types::{Int8Type, Int32Type, UInt16Type};
use arrow_array::{
    Array, ArrayRef, BinaryArray, BooleanArray, Date32Array, DictionaryArray, Int32Array, Int64Array, LargeStringArray, ListArray,
    RecordBatch, StringArray, StringViewArray, StructArray, TimestampMicrosecondArray, TimestampMillisecondArray,
};
use arrow_schema::{DataType, Field, Fields};
use bezwaar_core::choice::Choice;
use bezwaar_core::item::{Item, Relation};
use bezwaar_core::policy::PolicySet;
use bezwaar_core::policy::read::PolicyFile;
use bezwaar_core::time::{Day, Instant, Interval, Zone};
use bezwaar_core::{Decider, Holdings, Question};
use bezwaar_gate::mapping::{AgeMap, Mapping, Origin, PersonMap, TimeMap, TimeText, Unit, WordMap};
use bezwaar_gate::{Engine, Gate, GateSpec};
use bezwaar_ledger::extract::Extract;
use bezwaar_testkit::corpus::policy_files;
use bezwaar_testkit::model::{codes_of, model_decide};
use bezwaar_testkit::random::{Case, Draw, ITEMS_PER_WORLD, QUESTIONS_PER_WORLD, SERVICES, World, shrink};
use serde_json::{Value, json};

use crate::support::{Site, codes, extract, extract_bytes, keys, root};

/// How many cases are tried: `BEZWAAR_CASES`, or as many as a quick run allows.
fn cases() -> u64 {
    std::env::var("BEZWAAR_CASES").ok().and_then(|text| text.replace('_', "").parse().ok()).unwrap_or(50_000)
}

fn worlds() -> u64 {
    cases().div_ceil((ITEMS_PER_WORLD * QUESTIONS_PER_WORLD) as u64)
}

/// Runs over so many seeds on all cores.
fn over_seeds(seeds: u64, run: impl Fn(u64) -> (u64, u64) + Sync) -> (u64, u64) {
    let threads = std::thread::available_parallelism().map_or(1, |threads| threads.get() as u64);
    std::thread::scope(|scope| {
        let run = &run;
        let workers: Vec<_> =
            (0..threads).map(|first| scope.spawn(move || (first..seeds).step_by(threads as usize).map(run).collect::<Vec<_>>())).collect();
        let all = workers.into_iter().flat_map(|worker| worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        all.fold((0, 0), |(cases, kept), (more, also)| (cases + more, kept + also))
    })
}

// ---- Dresses: one value, many types ----

fn text(value: &Value, field: &str) -> Option<String> {
    match value.get(field)? {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        // A negative number is no age; as a text it would be the end of a band.
        Value::Number(number) if number.as_i64().is_some_and(|number| number < 0) => None,
        other => Some(other.to_string()),
    }
}

fn texts(values: &[Option<String>], draw: &mut Draw) -> ArrayRef {
    let each = values.iter().map(Option::as_deref);
    match draw.below(7) {
        0 => Arc::new(each.collect::<LargeStringArray>()),
        1 => Arc::new(each.collect::<StringViewArray>()),
        2 => Arc::new(each.collect::<DictionaryArray<Int32Type>>()),
        3 => Arc::new(each.collect::<DictionaryArray<Int8Type>>()),
        4 => {
            // A dictionary with a value nobody uses, nulls among its values, and another kind of text.
            let keys: Vec<Option<u16>> = (1..).zip(values).map(|(place, value)| Some(if value.is_some() { place } else { 0 })).collect();
            let table: StringViewArray = [None].into_iter().chain(each).collect();
            Arc::new(DictionaryArray::<UInt16Type>::new(keys.into(), Arc::new(table)))
        }
        5 => Arc::new(values.iter().map(|value| value.as_ref().map(String::as_bytes)).collect::<BinaryArray>()),
        _ => Arc::new(each.collect::<StringArray>()),
    }
}

/// A time column: typed where all values allow it.
fn times(values: &[Option<String>], draw: &mut Draw) -> (ArrayRef, Option<Unit>) {
    let intervals: Vec<Option<Interval>> =
        values.iter().map(|value| value.as_deref().and_then(|text| Interval::parse(text).ok())).collect();
    let there = || intervals.iter().flatten();
    let exact = there().all(|interval| interval.first == interval.last);
    let micros = || intervals.iter().map(|interval| interval.map(|interval| interval.first.as_micros()));
    if exact {
        return match draw.below(6) {
            0 => (Arc::new(micros().collect::<TimestampMicrosecondArray>().with_timezone("UTC")), None),
            1 => (Arc::new(micros().collect::<TimestampMicrosecondArray>().with_timezone("+02:00")), None),
            2 => (Arc::new(micros().collect::<Int64Array>()), Some(Unit::Micros)),
            3 if there().all(|interval| interval.first.as_micros() % 1000 == 0) => {
                let millis = micros().map(|value| value.map(|value| value / 1000));
                (Arc::new(millis.collect::<TimestampMillisecondArray>().with_timezone("UTC")), None)
            }
            4 if there().all(|interval| interval.first.as_micros() % 1_000_000 == 0) => {
                (Arc::new(micros().map(|value| value.map(|value| value / 1_000_000)).collect::<Int64Array>()), Some(Unit::Seconds))
            }
            _ => (texts(values, draw), None),
        };
    }
    let utc = Zone::utc();
    if there().all(|interval| interval.first != interval.last) && draw.chance(50) {
        let epoch = Day::of(Instant::from_micros(0), &utc).unwrap();
        let days = intervals
            .iter()
            .map(|interval| interval.and_then(|interval| i32::try_from(epoch.days_until(Day::of(interval.first, &utc)?)).ok()));
        return (Arc::new(days.collect::<Date32Array>()), None);
    }
    (texts(values, draw), None)
}

fn ages(records: &[Value], draw: &mut Draw) -> ArrayRef {
    let whole = records.iter().all(|record| record.get("author_age").is_none_or(|age| age.is_null() || age.is_i64()));
    if whole && draw.chance(60) {
        return Arc::new(
            records.iter().map(|record| record.get("author_age").and_then(Value::as_i64).map(|age| age as i32)).collect::<Int32Array>(),
        );
    }
    texts(&records.iter().map(|record| text(record, "author_age")).collect::<Vec<_>>(), draw)
}

fn truths(values: Vec<Option<bool>>, draw: &mut Draw) -> ArrayRef {
    if draw.chance(50) {
        return Arc::new(BooleanArray::from(values));
    }
    texts(&values.iter().map(|value| value.map(|truth| truth.to_string())).collect::<Vec<_>>(), draw)
}

fn authors(records: &[Value]) -> ListArray {
    let mut builder = ListBuilder::new(StringBuilder::new());
    for record in records {
        match record.get("author") {
            None | Some(Value::Null) => builder.append(false),
            Some(Value::Array(many)) => {
                many.iter().for_each(|one| builder.values().append_option(one.as_str()));
                builder.append(true);
            }
            Some(one) => {
                builder.values().append_option(one.as_str());
                builder.append(true);
            }
        }
    }
    builder.finish()
}

fn about(records: &[Value]) -> ListArray {
    let fields = Fields::from(vec![Field::new("person", DataType::Utf8, true), Field::new("as", DataType::Utf8, true)]);
    let mut builder = ListBuilder::new(StructBuilder::from_fields(fields, 0));
    for record in records {
        let Some(list) = record.get("about").and_then(Value::as_array) else {
            builder.append(false);
            continue;
        };
        for one in list {
            let (person, relation, there) = match one {
                Value::Object(object) => (object.get("person").and_then(Value::as_str), object.get("as").and_then(Value::as_str), true),
                Value::String(person) => (Some(person.as_str()), None, true),
                _ => (None, None, false),
            };
            let element = builder.values();
            element.field_builder::<StringBuilder>(0).unwrap().append_option(person);
            element.field_builder::<StringBuilder>(1).unwrap().append_option(relation);
            element.append(there);
        }
        builder.append(true);
    }
    builder.finish()
}

/// A list array with its elements in another dress.
fn dressed(list: ListArray, draw: &mut Draw) -> ArrayRef {
    let values: Vec<Option<String>> =
        list.values().as_any().downcast_ref::<StringArray>().unwrap().iter().map(|value| value.map(str::to_owned)).collect();
    let values = texts(&values, draw);
    let field = Arc::new(Field::new("item", values.data_type().clone(), true));
    Arc::new(ListArray::new(field, list.offsets().clone(), values, list.nulls().cloned()))
}

fn conversations(records: &[Value]) -> ArrayRef {
    let fields = Fields::from(vec![
        Field::new("kind", DataType::Utf8, true),
        Field::new("ai_participant", DataType::Boolean, true),
        Field::new("ai_addressed", DataType::Boolean, true),
    ]);
    let mut builder = StructBuilder::from_fields(fields, 0);
    for record in records {
        let conversation = record.get("conversation").and_then(Value::as_object);
        let part = |name: &str| conversation.and_then(|conversation| conversation.get(name));
        builder.field_builder::<StringBuilder>(0).unwrap().append_option(part("kind").and_then(Value::as_str));
        for (place, name) in [(1, "ai_participant"), (2, "ai_addressed")] {
            builder.field_builder::<BooleanBuilder>(place).unwrap().append_option(part(name).and_then(Value::as_bool));
        }
        builder.append(conversation.is_some());
    }
    let array: StructArray = builder.finish();
    Arc::new(array)
}

fn column(path: &[&str]) -> Origin {
    Origin::Column(path.iter().map(|step| (*step).to_owned()).collect())
}

fn word(path: &[&str]) -> Option<WordMap> {
    Some(WordMap { origin: column(path), values: None })
}

fn time(name: &str, unit: Option<Unit>) -> Option<TimeMap> {
    Some(TimeMap { origin: column(&[name]), unit, text: TimeText::Rfc3339, zone: None })
}

fn person(path: &[&str], relation: Option<&[&str]>) -> PersonMap {
    let relation_path = relation.map(|path| path.iter().map(|step| (*step).to_owned()).collect());
    PersonMap { origin: column(path), service: None, kind: None, relation: Relation::Unspecified, relation_path }
}

/// The canonical mapping over columns named as the exchange format names them.
fn mapping(units: [Option<Unit>; 3]) -> Mapping {
    let [created, collected, deleted] = units;
    Mapping {
        id: Some(column(&["id"])),
        author: vec![person(&["author", "[]"], None)],
        about: vec![person(&["about", "[]", "person"], Some(&["about", "[]", "as"]))],
        category: word(&["category"]),
        audience: word(&["audience"]),
        region: word(&["region"]),
        registered: word(&["registered"]),
        hold: word(&["hold"]),
        author_age: word(&["author_age"]).map(AgeMap::Age),
        created_at: time("created_at", created),
        collected_at: time("collected_at", collected),
        deleted_at: time("deleted_at", deleted),
        conversation_kind: word(&["conversation", "kind"]),
        ai_participant: word(&["conversation", "ai_participant"]),
        ai_addressed: word(&["conversation", "ai_addressed"]),
    }
}

/// Records as a batch in dresses drawn by a seed, cut out of a larger one.
fn batch(records: &[Value], dress: u64) -> (RecordBatch, Mapping) {
    let mut draw = Draw::new(dress);
    let draw = &mut draw;
    // Rows of others around them: what lies outside a slice must not matter.
    let first = records.first().cloned().unwrap_or_default();
    let around = draw.below(3);
    let mut wide: Vec<Value> = vec![first; around];
    wide.extend(records.iter().cloned());
    wide.extend(records.last().cloned());
    let named = |name: &str| wide.iter().map(|record| text(record, name)).collect::<Vec<_>>();
    let (created, created_unit) = times(&named("created_at"), draw);
    let (collected, collected_unit) = times(&named("collected_at"), draw);
    let (deleted, deleted_unit) = times(&named("deleted_at"), draw);
    let authors = dressed(authors(&wide), draw);
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("id", texts(&named("id"), draw)),
        ("author", authors),
        ("category", texts(&named("category"), draw)),
        ("audience", texts(&named("audience"), draw)),
        ("created_at", created),
        ("collected_at", collected),
        ("author_age", ages(&wide, draw)),
        ("region", texts(&named("region"), draw)),
        ("about", Arc::new(about(&wide))),
        ("conversation", conversations(&wide)),
        ("deleted_at", deleted),
        ("hold", texts(&named("hold"), draw)),
        ("registered", truths(wide.iter().map(|record| record.get("registered").and_then(Value::as_bool)).collect(), draw)),
    ];
    let whole = RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, column)| (name, column, true))).unwrap();
    (whole.slice(around, records.len()), mapping([created_unit, collected_unit, deleted_unit]))
}

// ---- One question put to all ----

/// What stands still for all questions of a world.
pub(crate) struct Grounds<'a> {
    pub(crate) files: &'a [PolicyFile],
    pub(crate) services: &'a str,
    pub(crate) policies: &'a PolicySet,
    pub(crate) choices: &'a [Choice],
    pub(crate) names: Vec<String>,
}

impl Grounds<'_> {
    fn extract(&self, question: &Question, later: bool) -> Extract {
        let through = if later { question.at.plus_micros(400 * 86_400_000_000) } else { question.at };
        extract(&self.policies.services, self.choices, through, &self.names)
    }

    pub(crate) fn gate(&self, question: &Question, later: bool) -> Gate {
        let extract = self.extract(question, later);
        let spec = GateSpec::new(self.files, Some(("services.toml", self.services)), question, &extract);
        // As it would travel to a worker.
        let spec = GateSpec::from_bytes(&spec.to_bytes()).unwrap();
        Gate::open(&spec, extract, keys()).unwrap()
    }
}

pub(crate) fn names_of(items: &[Item]) -> Vec<String> {
    let names = items.iter().flat_map(|item| item.authors.0.iter().cloned().chain(item.about.iter().map(|about| about.person.clone())));
    names.flatten().collect()
}

pub(crate) fn gate_bits(gate: &Gate, records: &[Value], dress: u64) -> Vec<u64> {
    let (batch, mapping) = batch(records, dress);
    let bound = gate.bind(&batch.schema(), &mapping).unwrap();
    let verdicts = bound.verdicts(&batch).unwrap();
    assert_eq!((verdicts.keep.null_count(), verdicts.reasons.null_count()), (0, 0));
    let bits: Vec<u64> = verdicts.reasons.values().to_vec();
    assert!(verdicts.keep.iter().zip(&bits).all(|(keep, bits)| keep == Some(*bits == 0)));
    bits
}

fn agree(world: &World, given: Option<(&[PolicyFile], &str)>) -> (u64, u64) {
    let (files, services) = given.unwrap_or((&world.files, SERVICES));
    let grounds = Grounds { files, services, policies: &world.policies, choices: &world.choices, names: names_of(&world.items) };
    let holdings = Holdings::resolve(&world.choices);
    let readable: Vec<usize> = (0..world.items.len()).filter(|place| !world.items[*place].unreadable).collect();
    let records: Vec<Value> = readable.iter().map(|place| serde_json::from_str(&world.item_lines[*place]).unwrap()).collect();
    let (mut cases, mut kept) = (0, 0);
    for (number, question) in (0_u64..).zip(&world.questions) {
        let dress = world.seed * 100 + number;
        let gate = grounds.gate(question, dress.is_multiple_of(3));
        // Rows one by one may take any type; together they share columns and what a worker remembers.
        let found: Vec<u64> = if dress.is_multiple_of(2) {
            gate_bits(&gate, &records, dress)
        } else {
            (0_u64..).zip(&records).map(|(row, record)| gate_bits(&gate, std::slice::from_ref(record), dress * 10 + row)[0]).collect()
        };
        let decider = Decider::new(&world.policies, &holdings, question);
        for (place, found) in readable.iter().zip(&found) {
            let item = &world.items[*place];
            let core = decider.decide(item).codes().bits();
            let model = codes_of(&model_decide(&world.policies, &world.choices, item, question)).bits();
            if *found != core || core != model {
                disagree(&Case::of(world, *place, question), files, services, &world.policies, dress, *found);
            }
            cases += 1;
            kept += u64::from(core == 0);
        }
    }
    if world.seed.is_multiple_of(16) {
        through_files(world, &grounds, &holdings);
    }
    (cases, kept)
}

fn disagree(case: &Case, files: &[PolicyFile], services: &str, given: &PolicySet, dress: u64, found: u64) -> ! {
    let three = |case: &Case, dress: u64| {
        let own = if case.files.is_empty() { files } else { &case.files };
        let (policies, choices, item) = case.read(given)?;
        let record: Value = serde_json::from_str(&case.item).ok()?;
        let grounds =
            Grounds { files: own, services, policies: &policies, choices: &choices, names: names_of(std::slice::from_ref(&item)) };
        let gate = gate_bits(&grounds.gate(&case.question, dress.is_multiple_of(3)), &[record], dress)[0];
        let core = Decider::new(&policies, &Holdings::resolve(&choices), &case.question).decide(&item).codes().bits();
        Some((gate, core, codes_of(&model_decide(&policies, &choices, &item, &case.question)).bits()))
    };
    let differs = |case: &Case, dress: u64| three(case, dress).is_some_and(|(gate, core, model)| gate != core || core != model);
    let dresses: Vec<u64> = [dress].into_iter().chain((0..10).map(|row| dress * 10 + row)).chain(0..40).collect();
    match dresses.into_iter().find(|dress| differs(case, *dress)) {
        Some(dress) => {
            let small = shrink(case, |case| differs(case, dress));
            let (gate, core, model) = three(&small, dress).unwrap();
            let record: Value = serde_json::from_str(&small.item).unwrap();
            let schema = batch(&[record], dress).0.schema();
            let types: Vec<String> = schema.fields().iter().map(|field| format!("{} {}", field.name(), field.data_type())).collect();
            panic!(
                "gate, core and model disagree\n{small}\n--- dress {dress}\n{}\n--- gate {:?}\n--- core {:?}\n--- model {:?}",
                types.join("\n"),
                codes(gate),
                codes(core),
                codes(model)
            );
        }
        None => panic!("gate and core disagree, but not about this record alone\n{case}\n--- dress {dress}\n--- gate {:?}", codes(found)),
    }
}

#[test]
fn the_gate_decides_as_model_and_core_over_random_policies() {
    let (cases, kept) = over_seeds(worlds() * 4 / 5, |seed| agree(&World::random(seed), None));
    // Worlds in which nothing passes would hide whatever lets too much through.
    assert!(cases < 10_000 || kept * 50 > cases, "only {kept} of {cases} were kept");
}

#[test]
fn the_gate_decides_as_model_and_core_over_the_shipped_policies() {
    let (files, services) = policy_files(&root().join("policies"));
    let services = services.unwrap().1;
    let set = bezwaar_testkit::load_policies(&root().join("policies"));
    let (cases, kept) = over_seeds(worlds().div_ceil(5), |seed| agree(&World::under(&set, seed), Some((&files, &services))));
    assert!(cases > 0 && kept > 0, "nothing passes under the shipped policies");
}

// ---- Through files ----

/// A line as JSON Lines of one shape: authors and people it is about are lists.
///
/// Times that cannot be right are left out: they mean the same, and many of them would stop the run.
fn one_shape(line: &str, at: Instant) -> String {
    let Ok(mut record) = serde_json::from_str::<Value>(line) else { return line.to_owned() };
    let object = record.as_object_mut().unwrap();
    if let Some(author) = object.get("author").filter(|author| author.is_string()).cloned() {
        object.insert("author".to_owned(), json!([author]));
    }
    if let Some(Value::Array(list)) = object.get_mut("about") {
        for one in list.iter_mut().filter(|one| one.is_string()) {
            *one = json!({"person": one});
        }
    }
    for field in ["created_at", "collected_at"] {
        let interval = object.get(field).and_then(Value::as_str).and_then(|text| Interval::parse(text).ok());
        if interval.is_some_and(|interval| interval.plausible(at).is_none()) {
            object.remove(field);
        }
    }
    if object.get("author_age").and_then(Value::as_i64).is_some_and(|age| age < 0) {
        object.remove("author_age");
    }
    record.to_string()
}

/// The map of a JSONL job for the fields some record has.
fn json_map(lines: &[String]) -> String {
    let has = |pointer: &str| {
        let mut records = lines.iter().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        records.any(|record| record.pointer(pointer).is_some_and(|value| !value.is_null()))
    };
    let mut map = "format = \"jsonl\"\n[input.map]\nid = { column = \"id\" }\nabout = { column = [\"about\", \"[]\", \"person\"], as_column = [\"about\", \"[]\", \"as\"] }\n".to_owned();
    let named = lines.iter().any(|line| {
        serde_json::from_str::<Value>(line)
            .is_ok_and(|record| record["author"].as_array().is_some_and(|list| list.iter().any(Value::is_string)))
    });
    let author = if named { "author = { column = [\"author\", \"[]\"] }\n" } else { "author = { const = \"\" }\n" };
    map.push_str(author);
    for field in ["category", "audience", "region", "registered", "hold", "author_age", "created_at", "collected_at", "deleted_at"] {
        if has(&format!("/{field}")) {
            map.push_str(&format!("{field} = {{ column = \"{field}\" }}\n"));
        }
    }
    if has("/conversation") {
        map.push_str("[input.map.conversation]\n");
        for part in ["kind", "ai_participant", "ai_addressed"] {
            if part == "kind" || has(&format!("/conversation/{part}")) {
                map.push_str(&format!("{part} = {{ column = [\"conversation\", \"{part}\"] }}\n"));
            }
        }
    }
    map
}

/// Writes the records as files and lets an engine decide about them; the masks must hold the decisions of core.
fn through_files(world: &World, grounds: &Grounds<'_>, holdings: &Holdings) {
    // A line that cannot be read, where the world has a record that could not.
    let items: Vec<String> =
        world.item_lines.iter().map(|line| if line.is_empty() { "{\"id\":".to_owned() } else { line.clone() }).collect();
    let question = &world.questions[0];
    let shaped: Vec<String> = items.iter().map(|line| one_shape(line, question.at)).collect();
    let site = Site::with(
        grounds.files,
        Some(grounds.services),
        &extract_bytes(&world.policies.services, &world.choices, question.at, &grounds.names),
    );
    site.write("in/a.items.jsonl", (items.join("\n") + "\n").as_bytes());
    site.write("in/b.jsonl", shaped.join("\n").as_bytes());
    let decider = Decider::new(&world.policies, holdings, question);
    let core: Vec<u64> = world.items.iter().map(|item| decider.decide(item).codes().bits()).collect();
    for (file, map) in [("a.items.jsonl", "format = \"items\"".to_owned()), ("b.jsonl", json_map(&shaped))] {
        let rest = "form = \"mask\"\n[expect]\nmatched_min = 0\n";
        let text = site.job_asking(&question.use_id, &question.recipient, &format!("in/{file}"), &map, rest);
        let text = text
            .replace("path = \"out\"", &format!("path = \"out-{}\"", &file[..1]))
            .replace("[extract]", &format!("reading = \"{}\"\n\n[extract]", question.reading));
        let engine = match site.open(&text) {
            Ok(engine) => engine,
            Err(error) => panic!("seed {}: {}\n{text}\n{}", world.seed, crate::support::told(&error), shaped.join("\n")),
        };
        let found = masked(&engine, file);
        for (place, (found, core)) in found.iter().zip(&core).enumerate() {
            assert!(
                found == core,
                "{file} and core disagree\n{}\n--- gate {:?}\n--- core {:?}",
                Case::of(world, place, question),
                codes(*found),
                codes(*core)
            );
        }
        assert_eq!(found.len(), core.len(), "seed {}: {file}", world.seed);
    }
}

/// The reasons an engine writes into the mask of its only file.
fn masked(engine: &Engine, file: &str) -> Vec<u64> {
    engine.begin().unwrap();
    match engine.run(&engine.plan()[0], &|_| {}) {
        Ok(_) => crate::support::mask_of(&engine.job().output.join(format!("{file}.keep.parquet"))),
        Err(error) => panic!("{}", crate::support::told(&error)),
    }
}
