//! Reads policies and services from TOML texts: all problems of all files at once.

mod details;

use std::collections::{BTreeMap, BTreeSet};

use super::check::check_set;
use super::grammar::{POLICY_FILE, SERVICES_FILE};
use super::model::{
    AboutRule, CarveOut, Control, DataRow, Declared, Default_, Dispute, DisputeHandling, Policy, PolicySet, Position, SignalMeaning,
    Source, Use, Version, When, Window,
};
use crate::account::{Kind, ServiceRule, Services};
use crate::grammar::{Node, parse};
use crate::item::{Audience, Category, Relation};
use crate::problem::Problem;
use crate::region::{Region, lookup_set};
use crate::time::{Day, Zone};

/// One file as its bytes were found.
#[derive(Clone, Debug)]
pub struct PolicyFile {
    /// Its path, as problems shall name it.
    pub path: String,
    /// Its folder's name: the policy's id.
    pub folder: String,
    /// Its name without `.toml`: the version's id.
    pub stem: String,
    /// Its text.
    pub text: String,
}

/// A version as read, with what later checks need to point into its file.
pub(super) struct Read<'f> {
    pub(super) file: &'f PolicyFile,
    pub(super) policy_id: String,
    pub(super) version: Version,
    /// Where each use stands.
    pub(super) use_spans: Vec<std::ops::Range<usize>>,
    pub(super) version_span: std::ops::Range<usize>,
}

/// Reads all files of a policies folder. `services` is `services.toml`, if there is one, as path and text.
pub fn read_policies(files: &[PolicyFile], services: Option<(&str, &str)>) -> Result<PolicySet, Vec<Problem>> {
    let mut problems = Vec::new();
    let services = services.map_or_else(Services::default, |(path, text)| read_services(path, text, &mut problems));
    let mut read: Vec<Read<'_>> = files.iter().filter_map(|file| read_version(file, &mut problems)).collect();
    read.sort_by(|left, right| (&left.policy_id, left.version.effective).cmp(&(&right.policy_id, right.version.effective)));
    check_set(&read, &mut problems);
    if !problems.is_empty() {
        problems.sort_by_key(|problem| (problem.file().to_owned(), problem.span().start));
        return Err(problems);
    }
    let mut policies: BTreeMap<String, Policy> = BTreeMap::new();
    for one in read {
        let policy = policies.entry(one.policy_id.clone()).or_insert(Policy { id: one.policy_id, versions: Vec::new() });
        policy.versions.push(one.version);
    }
    Ok(PolicySet { services, policies })
}

fn read_services(path: &str, text: &str, problems: &mut Vec<Problem>) -> Services {
    let mut rules = BTreeMap::new();
    let Some(table) = parse(path, text, SERVICES_FILE, problems) else { return Services::default() };
    for node in Node::root(&table).tables("service") {
        let fallback = ServiceRule::default();
        let rule = ServiceRule {
            handles_exact: node.opt_text("handles").is_some_and(|word| word == "exact"),
            digits: node.opt_text("digits").and_then(|word| Kind::lookup(&word)).unwrap_or(fallback.digits),
            other: node.opt_text("other").and_then(|word| Kind::lookup(&word)).unwrap_or(fallback.other),
            sentinels: node.plain_texts("sentinels").iter().map(|text| text.to_lowercase()).collect(),
        };
        if rules.insert(node.text("id").to_ascii_lowercase(), rule).is_some() {
            let problem = Problem::new(path, node.span_of("id"), "this service stands here twice");
            problems.push(problem.with_help("keep one of the two"));
        }
    }
    Services::new(rules)
}

struct Reader<'f, 'p> {
    file: &'f PolicyFile,
    problems: &'p mut Vec<Problem>,
    sources: BTreeSet<String>,
}

fn read_version<'f>(file: &'f PolicyFile, problems: &mut Vec<Problem>) -> Option<Read<'f>> {
    let before = problems.len();
    let table = parse(&file.path, &file.text, POLICY_FILE, problems)?;
    if problems.len() > before {
        return None;
    }
    let root = Node::root(&table);
    let (policy, version) = (root.table("policy")?, root.table("version")?);
    let sources: Vec<Source> = root.tables("source").iter().map(Source::of_node).collect();
    let mut reader = Reader { file, problems, sources: sources.iter().map(|source| source.id.clone()).collect() };
    reader.unique(&root.tables("source"), "id", "source");
    reader.unique(&root.tables("signal"), "name", "signal");
    reader.unique(&root.tables("control"), "id", "control");
    reader.unique(&root.tables("use"), "id", "use");
    reader.unique(&root.tables("dispute"), "id", "dispute");
    let zone = match Zone::parse(&policy.text("zone")) {
        Ok(zone) => zone,
        Err(error) => {
            reader.problem(policy.span_of("zone"), error.to_string(), None);
            Zone::utc()
        }
    };
    reader.same(&policy, "id", &file.folder, "the folder's name");
    reader.same(&version, "id", &file.stem, "the file's name");
    reader.unique(&root.tables("claim"), "id", "claim");
    let backed_by = reader.known_sources(&version);
    let effective = version.day("effective").and_then(|text| Day::parse(&text).ok())?;
    let about = root.table("about").map(|node| reader.about(&node)).unwrap_or_default();
    let signals = root.tables("signal").iter().map(|node| reader.signal(node)).collect();
    let controls: Vec<Control> = root.tables("control").iter().map(|node| reader.control(node)).collect();
    let uses: Vec<Use> = root.tables("use").iter().map(|node| reader.one_use(node, &policy.text("id"), &controls)).collect();
    let disputes = root.tables("dispute").iter().map(|node| reader.dispute(node, &uses)).collect();
    let claims = root.tables("claim").iter().map(|node| reader.claim(node, &uses)).collect();
    let version_span = version.span_of("effective");
    Some(Read {
        file,
        policy_id: policy.text("id"),
        use_spans: root.tables("use").iter().map(|node| node.span_of("id")).collect(),
        version_span,
        version: Version {
            id: version.text("id"),
            title: policy.text("title"),
            controller: policy.text("controller"),
            services: policy.plain_texts("services"),
            published: when(&version, "published"),
            effective,
            effective_at: effective.begins(&zone),
            zone,
            summary: version.text("summary"),
            contact: version.opt_text("contact"),
            complaint_named: version.bool("complaint_named"),
            backed_by,
            sources,
            about,
            signals,
            controls,
            uses,
            disputes,
            claims,
            file: file.path.clone(),
            text: file.text.clone(),
        },
    })
}

impl Source {
    /// Reads a table that was checked against [`SOURCE`](super::grammar::SOURCE).
    pub fn of_node(node: &Node<'_, '_>) -> Source {
        Source {
            id: node.text("id"),
            title: node.text("title"),
            url: node.text("url"),
            date: when(node, "date"),
            grade: node.text("grade"),
        }
    }
}

fn when(node: &Node<'_, '_>, name: &str) -> When {
    match node.day(name).as_deref() {
        Some("never") => When::Never,
        Some(text) => Day::parse(text).map_or(When::Unknown, When::Day),
        None => When::Unknown,
    }
}

impl Reader<'_, '_> {
    fn problem(&mut self, span: std::ops::Range<usize>, message: impl Into<String>, help: Option<String>) {
        let problem = Problem::new(&self.file.path, span, message);
        self.problems.push(match help {
            Some(help) => problem.with_help(help),
            None => problem,
        });
    }

    fn unique(&mut self, nodes: &[Node<'_, '_>], key: &str, what: &str) {
        let mut seen = BTreeSet::new();
        for node in nodes {
            let id = node.text(key);
            if !seen.insert(id.clone()) {
                let help = format!("give one of them another {key}, or keep one");
                self.problem(node.span_of(key), format!("the {what} `{id}` stands here twice"), Some(help));
            }
        }
    }

    fn same(&mut self, node: &Node<'_, '_>, name: &str, wanted: &str, what: &str) {
        let found = node.text(name);
        if found != wanted {
            self.problem(
                node.span_of(name),
                format!("`{found}` is not {what}"),
                Some(format!("write {name} = \"{wanted}\", or rename it")),
            );
        }
    }

    fn known(&mut self, node: &Node<'_, '_>, name: &str, what: &str, known: &BTreeSet<String>) -> Vec<String> {
        self.known_as(node, name, known, |id| format!("there is no {what} `{id}` in this file"))
    }

    fn known_as(&mut self, node: &Node<'_, '_>, name: &str, known: &BTreeSet<String>, message: impl Fn(&str) -> String) -> Vec<String> {
        let named = node.texts(name).unwrap_or_default();
        for (id, span) in &named {
            if !known.contains(id) {
                let near = crate::problem::nearest(id, known.iter().map(String::as_str)).map(|near| format!("did you mean `{near}`?"));
                self.problem(span.clone(), message(id), near);
            }
        }
        named.into_iter().map(|(id, _)| id).collect()
    }

    /// The sources of a node: named, and at least one.
    fn known_sources(&mut self, node: &Node<'_, '_>) -> Vec<String> {
        let known = self.sources.clone();
        let named = self.known(node, "sources", "source", &known);
        if named.is_empty() {
            let help = "name at least one [[source]] by its id; grade W if it is weak".to_owned();
            self.problem(node.span_of("sources"), "a fact without a source", Some(help));
        }
        named
    }

    fn relations(&mut self, node: &Node<'_, '_>, name: &str) -> BTreeSet<Relation> {
        let mut found = BTreeSet::new();
        for (word, span) in node.texts(name).unwrap_or_default() {
            match Relation::parse(&word) {
                Relation::Unspecified => {
                    let help = format!("known are {}", super::grammar::RELATIONS.join(", "));
                    self.problem(span, format!("unknown relation `{word}`"), Some(help));
                }
                relation => {
                    found.insert(relation);
                }
            }
        }
        found
    }

    fn about(&mut self, node: &Node<'_, '_>) -> AboutRule {
        self.known_sources(node);
        let stated = self.relations(node, "stated");
        let protective = self.relations(node, "protective");
        for relation in stated.difference(&protective) {
            let message = format!("`{}` withholds in stated but not in protective, which must be stricter", relation.as_str());
            self.problem(node.span_of("protective"), message, Some(format!("add \"{}\"", relation.as_str())));
        }
        AboutRule { stated, protective }
    }

    fn signal(&mut self, node: &Node<'_, '_>) -> (String, SignalMeaning) {
        self.known_sources(node);
        let meaning = match node.text("means").as_str() {
            "no" => SignalMeaning::No,
            "nothing" => SignalMeaning::Nothing,
            _ => SignalMeaning::Open,
        };
        (node.text("name"), meaning)
    }

    fn regions(&mut self, node: &Node<'_, '_>) -> Option<BTreeSet<Region>> {
        let named = node.texts("regions")?;
        let mut found = BTreeSet::new();
        for (name, span) in named {
            match lookup_set(&name) {
                Some(set) => found.extend(set),
                None => {
                    let help = "write an ISO 3166-1 code in capitals, EU or EEA".to_owned();
                    self.problem(span, format!("`{name}` is no region"), Some(help));
                }
            }
        }
        Some(found)
    }

    fn one_use(&mut self, node: &Node<'_, '_>, policy: &str, controls: &[Control]) -> Use {
        let id = node.text("id");
        if !id.strip_prefix(policy).is_some_and(|rest| rest.len() > 1 && rest.starts_with('/')) {
            self.problem(node.span_of("id"), format!("`{id}` does not begin with `{policy}/`"), Some(format!("write id = \"{policy}/…\"")));
        }
        let declared = match node.text("declared").as_str() {
            "practice" => Declared::Practice,
            "non-use" => Declared::NonUse,
            _ => Declared::Text,
        };
        if declared == Declared::NonUse && node.opt_text("promise").is_none() {
            let help = "add promise = \"…\": what was promised, and by whom".to_owned();
            self.problem(node.span_of("declared"), "a non-use names the promise it rests on", Some(help));
        }
        if node.plain_texts("recipients").is_empty() {
            self.problem(
                node.span_of("recipients"),
                "a use has at least one recipient",
                Some("write \"third:*\" for third parties not named".to_owned()),
            );
        }
        self.unique(&node.tables("carve_out"), "id", "carve-out");
        let known_controls = controls.iter().map(|control| control.id.clone()).collect();
        let sources = self.known_sources(node);
        let evidence = self.evidence(node, "the use");
        let details = self.use_details(node);
        Use {
            title: node.text("title"),
            purpose: node.text("purpose"),
            recipients: node.plain_texts("recipients"),
            legal_basis: node.text("legal_basis"),
            declared,
            default: match node.text("default").as_str() {
                "on" => Default_::On,
                "off" => Default_::Off,
                _ => Default_::Unknown,
            },
            controls: self.known(node, "controls", "control", &known_controls),
            min_age: node.int("min_age"),
            regions: self.regions(node),
            regions_named: node.plain_texts("regions"),
            registered: node.bool("registered"),
            announced: when(node, "announced"),
            effective: when(node, "effective"),
            collection_began: when(node, "collection_began"),
            control_first_offered: when(node, "control_first_offered"),
            continues: node.plain_texts("continues"),
            retention: node.text("retention"),
            on_deletion: node.text("on_deletion"),
            promise: node.opt_text("promise"),
            details,
            data: self.data(node),
            carve_outs: node.tables("carve_out").iter().map(|carve| self.carve_out(carve)).collect(),
            sources,
            evidence,
            id,
        }
    }

    fn evidence(&mut self, node: &Node<'_, '_>, whose: &str) -> BTreeMap<String, Vec<String>> {
        let Some(table) = node.table("evidence") else { return BTreeMap::new() };
        let known = self.sources.clone();
        let mut found = BTreeMap::new();
        for (fact, value) in table.entries() {
            if node.get(fact).is_none() {
                self.problem(
                    value.span(),
                    format!("evidence for `{fact}`, which {whose} does not state"),
                    Some(format!("name a key of this {}", whose.trim_start_matches("the "))),
                );
            }
            found.insert(fact.to_owned(), self.known(&table, fact, "source", &known));
        }
        found
    }

    fn data(&mut self, node: &Node<'_, '_>) -> Vec<DataRow> {
        let mut seen = BTreeSet::new();
        let mut rows = Vec::new();
        for row in node.tables("data") {
            let mut categories = BTreeSet::new();
            for (word, span) in row.texts("categories").unwrap_or_default() {
                let Some(category) = Category::lookup(&word) else { continue };
                if !seen.insert(category) {
                    self.problem(
                        span,
                        format!("`{word}` stands in two rows"),
                        Some("a category belongs to one row, with one audience".to_owned()),
                    );
                }
                categories.insert(category);
            }
            let audience = row.texts("audience").map(|list| list.iter().filter_map(|(word, _)| Audience::lookup(word)).collect());
            rows.push(DataRow { categories, audience });
        }
        if rows.is_empty() {
            self.problem(
                node.span_of("data"),
                "a use names the kinds of data it takes",
                Some("add a [[use.data]] with categories".to_owned()),
            );
        }
        rows
    }

    fn carve_out(&mut self, node: &Node<'_, '_>) -> CarveOut {
        let day = |node: &Node<'_, '_>, name: &str| node.day(name).and_then(|text| Day::parse(&text).ok());
        let window =
            node.table("window").and_then(|window| Some(Window { from: day(&window, "from")?, through: day(&window, "through")? }));
        if window.is_some_and(|window| window.through < window.from) {
            self.problem(node.span_of("window"), "the window ends before it begins", Some("both days are inclusive".to_owned()));
        }
        CarveOut {
            id: node.text("id"),
            title: node.text("title"),
            // A day that could not be read was reported; the earliest is the safe stand-in.
            from: day(node, "from").unwrap_or(Day::EPOCH),
            regions: self.regions(node),
            window,
            sources: self.known_sources(node),
        }
    }

    fn dispute(&mut self, node: &Node<'_, '_>, uses: &[Use]) -> Dispute {
        let ids = uses.iter().map(|one| one.id.clone()).collect();
        let touched = self.known(node, "uses", "use", &ids);
        let outside = node.opt_text("outside");
        let carved =
            |id: &String| uses.iter().filter(|one| touched.contains(&one.id)).all(|one| one.carve_outs.iter().any(|carve| carve.id == *id));
        if let Some(id) = outside.as_ref().filter(|id| !carved(id)) {
            self.problem(node.span_of("outside"), format!("not every use named here has a carve-out `{id}`"), None);
        }
        let mut positions = Vec::new();
        for position in node.tables("position") {
            let sources = self.known_sources(&position);
            positions.push(Position { holder: position.text("holder"), says: position.text("says"), sources });
        }
        if positions.len() < 2 {
            self.problem(
                node.span_of("position"),
                "a dispute names at least two positions",
                Some("if nobody says otherwise it is not disputed".to_owned()),
            );
        }
        let keys = super::grammar::fact_keys();
        Dispute {
            facts: self.known_as(node, "facts", &keys, |id| format!("no use and no control has a fact `{id}`")),
            id: node.text("id"),
            question: node.text("question"),
            handling: if node.text("protective") == "withhold" { DisputeHandling::Withhold } else { DisputeHandling::Note },
            uses: touched,
            age_below: node.int("age_below"),
            regions: self.regions(node),
            outside,
            positions,
            sources: self.known_sources(node),
        }
    }
}
