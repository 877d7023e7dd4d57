//! Choices in the exchange format.

use std::collections::HashMap;

use serde::{Deserialize, de};

use super::LineError;
use crate::account::{Account, Kind, Services};
use crate::choice::{Act, By, Channel, Choice, LinkKind, Outcome};
use crate::pattern::{Pattern, is_use, plain};
use crate::time::Instant;

/// The fields of one act as somebody wrote them, before anything is checked. What names a person is a text `service:value`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChoiceFields {
    /// Its id.
    pub id: String,
    /// Whose act it is.
    #[serde(default)]
    pub person: Option<String>,
    /// The word for the act.
    pub act: String,
    /// When it was received.
    pub received_at: String,
    /// When another ledger took it.
    #[serde(default)]
    pub recorded_at: Option<String>,
    /// When it was written; never counts.
    #[serde(default)]
    pub written_at: Option<String>,
    /// Which uses.
    #[serde(default)]
    pub uses: Option<Vec<String>>,
    /// Which recipients.
    #[serde(default)]
    pub recipients: Option<Vec<String>>,
    /// Which items.
    #[serde(default)]
    pub items: Option<Vec<String>>,
    /// Which control.
    #[serde(default)]
    pub control: Option<String>,
    /// The position of a control, or the other account of a link.
    #[serde(default)]
    pub to: Option<String>,
    /// The act it is about.
    #[serde(default)]
    pub of: Option<String>,
    /// How two accounts belong together.
    #[serde(default)]
    pub how: Option<String>,
    /// The signal.
    #[serde(default)]
    pub signal: Option<String>,
    /// What an answer says.
    #[serde(default)]
    pub outcome: Option<String>,
    /// How it came.
    #[serde(default)]
    pub channel: Option<String>,
    /// Who sent it.
    #[serde(default)]
    pub by: Option<String>,
    /// For the file's owner; a register reads `filer` in it, nothing else does.
    #[serde(default)]
    pub ext: Option<Ext>,
}

/// What stands under `ext`: anything at all, of which only `filer` is looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ext {
    /// Who sent the act, when another than the person it is filed for: a text, or something that is none.
    pub filer: Option<Result<String, NotText>>,
}

/// Where a text should stand, something else does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotText;

impl<'de> Deserialize<'de> for Ext {
    fn deserialize<D: de::Deserializer<'de>>(deserializer: D) -> Result<Ext, D::Error> {
        let value = serde_json::Value::deserialize(deserializer)?;
        let filer = match value.get("filer") {
            None | Some(serde_json::Value::Null) => None,
            Some(serde_json::Value::String(text)) => Some(Ok(text.clone())),
            Some(_) => Some(Err(NotText)),
        };
        Ok(Ext { filer })
    }
}

/// Whom a text names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Named {
    /// There is no text.
    #[default]
    Absent,
    /// It names nobody.
    Nobody,
    /// An account.
    Account {
        /// It.
        account: Account,
        /// Whether it was written in another case or form than the normalised one (separators in a number and a leading `@` do not
        /// count).
        respelled: bool,
    },
}

impl Named {
    /// Whom `service:value` names.
    pub fn parse(text: Option<&str>, services: &Services) -> Named {
        let Some(text) = text else { return Named::Absent };
        let value = text.trim().split_once(':').map_or("", |(_, value)| value);
        Named::new(services.parse(text), value)
    }

    /// An account, or nobody, with the value it was told from.
    pub fn new(account: Option<Account>, value: &str) -> Named {
        match account {
            Some(account) => {
                let respelled = respelled(&account, value);
                Named::Account { account, respelled }
            }
            None => Named::Nobody,
        }
    }
}

/// Whether a value is not the account's normalised one, in more than what people leave in or out of habit.
fn respelled(account: &Account, value: &str) -> bool {
    let normal = account.expose_canonical().splitn(3, ':').nth(2).unwrap_or_default();
    let value = value.trim();
    let own = value.split_once(':').filter(|(own, _)| own.trim().eq_ignore_ascii_case(account.service())).map(|(_, rest)| rest.trim());
    match account.kind() {
        Kind::Phone => false,
        Kind::Handle => own.unwrap_or(value).trim_start_matches('@') != normal,
        Kind::Id | Kind::Mail | Kind::Url | Kind::Opaque => own.unwrap_or(value) != normal,
    }
}

/// One act, read and found sound in itself. Whether its id is its own and what it names is there, is for whoever reads the whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChoiceLine {
    /// The act.
    pub choice: Choice,
    /// Whether the person's name was written in another case or form than the normalised one.
    pub respelled: bool,
    /// Who sent it, as `ext.filer` says.
    pub filer: Named,
    /// What a person should look at, though it stops nothing.
    pub notes: Vec<LineError>,
}

impl ChoiceLine {
    /// Reads one line of a choices file.
    pub fn parse(line: usize, text: &str, services: &Services) -> Result<ChoiceLine, Vec<LineError>> {
        let fields: ChoiceFields = serde_json::from_str(text).map_err(|error| vec![LineError::of_json(line, &error)])?;
        let person = Named::parse(fields.person.as_deref(), services);
        let filer = match fields.ext.as_ref().and_then(|ext| ext.filer.as_ref()) {
            None => Named::Absent,
            Some(Ok(text)) => Named::parse(Some(text), services),
            Some(Err(NotText)) => Named::Nobody,
        };
        ChoiceLine::check(line, &fields, person, filer, services)
    }

    /// Checks the fields of one act that came in another way than as a line of JSON. `fields.person` and `fields.ext` are not looked at:
    /// `person` and `filer` stand for them.
    pub fn check(
        line: usize,
        fields: &ChoiceFields,
        person: Named,
        filer: Named,
        services: &Services,
    ) -> Result<ChoiceLine, Vec<LineError>> {
        let mut reader = LineReader { services, notes: Vec::new(), errors: Vec::new() };
        let respelled = matches!(person, Named::Account { respelled: true, .. });
        let choice = reader.choice(line, fields, person);
        match choice.filter(|_| reader.errors.is_empty()) {
            Some(choice) => {
                reader.look(line, &choice);
                Ok(ChoiceLine { choice, respelled, filer, notes: reader.notes })
            }
            None => Err(reader.errors),
        }
    }
}

/// A choices file as read: every choice, and the lines each stands on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChoiceFile {
    /// The choices in the order of the file, without repetitions.
    pub choices: Vec<Choice>,
    /// Things a person should look at, though they stop nothing: acts that count as a no because they cannot be
    /// evaluated or name nothing, opening acts that do not count.
    pub notes: Vec<LineError>,
}

/// Reads a choices file whole. All problems are reported at once, and with one problem nothing is read: a choice that
/// is passed over would be an objection lost.
pub fn read_choices(text: &str, services: &Services) -> Result<ChoiceFile, Vec<LineError>> {
    let mut reader = Reader { services, file: ChoiceFile::default(), lines: Vec::new(), first_line: HashMap::new(), errors: Vec::new() };
    for (index, line) in text.split('\n').enumerate() {
        if let Some(line) = choice_text(index, line) {
            reader.line(index + 1, line);
        }
    }
    reader.check_references();
    if reader.errors.is_empty() {
        Ok(reader.file)
    } else {
        reader.errors.sort_by_key(|error| (error.line(), error.column()));
        Err(reader.errors)
    }
}

/// What there is to read in a line of a choices file (without its line feed; `index` from 0): nothing, when it is blank.
pub fn choice_text(index: usize, line: &str) -> Option<&str> {
    let line = line.strip_suffix('\r').unwrap_or(line);
    let line = if index == 0 { line.strip_prefix('\u{feff}').unwrap_or(line) } else { line };
    (!line.trim().is_empty()).then_some(line)
}

/// What an act names by `of`, and what kind of act that must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reference<'a> {
    /// The id.
    pub of: &'a str,
    /// The kind.
    pub kind: RefKind,
}

/// What kind of act is named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefKind {
    /// An objection.
    Object,
    /// A consent.
    Consent,
    /// A link.
    Link,
    /// Any act.
    Act,
}

impl<'a> Reference<'a> {
    /// The reference in an act, if it has one.
    pub fn of(act: &'a Act) -> Option<Reference<'a>> {
        let (of, kind) = match act {
            Act::Withdraw { of } => (of, RefKind::Object),
            Act::WithdrawConsent { of } => (of, RefKind::Consent),
            Act::Unlink { of } => (of, RefKind::Link),
            Act::Answer { of, .. } => (of, RefKind::Act),
            _ => return None,
        };
        Some(Reference { of, kind })
    }

    /// What is wrong when no such act is there.
    pub fn problem(self, line: usize) -> LineError {
        LineError::new(line, 0, format!("`of` names `{}`, but there is no {} with that id in this file", self.of, self.kind.as_str()))
    }
}

impl RefKind {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            RefKind::Object => "object",
            RefKind::Consent => "consent",
            RefKind::Link => "link",
            RefKind::Act => "act",
        }
    }

    /// The kind an act can be named as, besides as an act.
    pub fn of(act: &Act) -> RefKind {
        match act {
            Act::Object { .. } => RefKind::Object,
            Act::Consent { .. } => RefKind::Consent,
            Act::Link { .. } => RefKind::Link,
            _ => RefKind::Act,
        }
    }

    /// Whether an act of this kind can stand where `needed` is named.
    pub fn can_be(self, needed: RefKind) -> bool {
        needed == RefKind::Act || self == needed
    }
}

/// What is wrong when an id stands twice for different acts.
pub fn other_content(line: usize, id: &str, first: usize) -> LineError {
    LineError::new(line, 0, format!("the id `{id}` stands on line {first} with other content: ids name one act each"))
}

struct Reader<'a> {
    services: &'a Services,
    file: ChoiceFile,
    /// The line of each choice, in step with `file.choices`.
    lines: Vec<usize>,
    /// Id to place in `file.choices`.
    first_line: HashMap<String, usize>,
    errors: Vec<LineError>,
}

impl Reader<'_> {
    fn line(&mut self, line: usize, text: &str) {
        let ChoiceLine { choice, notes, .. } = match ChoiceLine::parse(line, text, self.services) {
            Ok(read) => read,
            Err(errors) => return self.errors.extend(errors),
        };
        match self.first_line.get(&choice.id).copied() {
            Some(place) => {
                if self.file.choices.get(place) != Some(&choice) {
                    let first = self.lines.get(place).copied().unwrap_or_default();
                    self.errors.push(other_content(line, &choice.id, first));
                }
            }
            None => {
                self.file.notes.extend(notes);
                self.first_line.insert(choice.id.clone(), self.file.choices.len());
                self.lines.push(line);
                self.file.choices.push(choice);
            }
        }
    }

    /// `of` must name an act that is there, and of the right kind. An opening act that names nothing would open
    /// nothing; that is safe, yet surely not what was meant.
    fn check_references(&mut self) {
        for (place, choice) in self.file.choices.iter().enumerate() {
            let Some(reference) = Reference::of(&choice.act) else { continue };
            let named = self.first_line.get(reference.of).and_then(|place| self.file.choices.get(*place));
            if !named.is_some_and(|named| RefKind::of(&named.act).can_be(reference.kind)) {
                let line = self.lines.get(place).copied().unwrap_or_default();
                self.errors.push(reference.problem(line));
            }
        }
    }
}

/// Reads the fields of one act, with all that is wrong with them.
struct LineReader<'a> {
    services: &'a Services,
    notes: Vec<LineError>,
    errors: Vec<LineError>,
}

impl LineReader<'_> {
    /// What a person should look at in a sound act.
    fn look(&mut self, line: usize, choice: &Choice) {
        if choice.act == Act::Unreadable {
            let message = format!("`{}` cannot be evaluated and counts as a no to everything", choice.id);
            self.notes.push(LineError::new(line, 0, message));
        } else if choice.act.opens() && !choice.by_own_hand() {
            let message = format!("`{}` opens something but did not come by the person's own hand, so it does not count", choice.id);
            self.notes.push(LineError::new(line, 0, message));
        }
        for field in empty_lists(&choice.act) {
            let message = format!("`{field}` of `{}` is empty, and an empty list in a no is read as all", choice.id);
            self.notes.push(LineError::new(line, 0, message));
        }
    }

    fn error(&mut self, line: usize, message: impl Into<String>) {
        self.errors.push(LineError::new(line, 0, message));
    }

    fn choice(&mut self, line: usize, wire: &ChoiceFields, person: Named) -> Option<Choice> {
        let received_at = self.instant(line, "received_at", Some(&wire.received_at));
        let recorded_at = self.instant(line, "recorded_at", wire.recorded_at.as_deref());
        self.instant(line, "written_at", wire.written_at.as_deref());
        if wire.id.trim().is_empty() {
            self.error(line, "`id` is empty: every act needs an id of its own");
        }
        let by = self.word(line, "by", wire.by.as_deref(), By::lookup, "self, parent, guardian, agent");
        let channel =
            self.word(line, "channel", wire.channel.as_deref(), Channel::lookup, "form, api, mail, post, setting, signal, import");
        let person = match person {
            Named::Account { account, .. } => Some(account),
            Named::Nobody => {
                self.error(line, "`person` names nobody: write `service:account`, or `mail:`, `tel:` (with country code), `url:`");
                None
            }
            Named::Absent => {
                if wire.act != "answer" {
                    self.error(line, "`person` is missing: write whose act it is, as `service:account`");
                }
                None
            }
        };
        let act = self.act(line, wire);
        Some(Choice { id: wire.id.clone(), person, act, received_at: received_at?, recorded_at, by, channel, provisional: false })
    }

    fn act(&mut self, line: usize, wire: &ChoiceFields) -> Act {
        let allowed: &[&str] = match wire.act.as_str() {
            "object" => &["uses", "recipients", "items"],
            "set" => &["control", "to"],
            "consent" => &["uses", "recipients"],
            "withdraw" | "withdraw-consent" | "unlink" => &["of"],
            "link" => &["to", "how"],
            "erase" => &["items"],
            "signal" => &["signal"],
            "answer" => &["of", "outcome"],
            // An act of a later version: the person said something we cannot read, so it counts as a no.
            _ => return Act::Unreadable,
        };
        let present = [
            ("uses", wire.uses.is_some()),
            ("recipients", wire.recipients.is_some()),
            ("items", wire.items.is_some()),
            ("control", wire.control.is_some()),
            ("to", wire.to.is_some()),
            ("of", wire.of.is_some()),
            ("how", wire.how.is_some()),
            ("signal", wire.signal.is_some()),
            ("outcome", wire.outcome.is_some()),
        ];
        for (field, there) in present {
            if there && !allowed.contains(&field) {
                self.error(line, format!("`{field}` has no place in an act `{}`: it may have {}", wire.act, list(allowed)));
            }
        }
        match wire.act.as_str() {
            "object" => Act::Object {
                uses: {
                    // Kept as written: the decision counts it as a no that cannot be evaluated.
                    self.closing(line, "uses", wire.uses.as_deref(), is_use);
                    patterns(wire.uses.as_deref())
                },
                recipients: self.closing(line, "recipients", wire.recipients.as_deref(), names_recipients),
                items: self.closing(line, "items", wire.items.as_deref(), names_items),
            },
            "set" => {
                let control = self.needed(line, wire, "control", wire.control.as_deref());
                match self.needed(line, wire, "to", wire.to.as_deref()).as_str() {
                    "on" => Act::SetOn { control },
                    // A no to a control nobody could mean is a no all the same.
                    "off" if !is_use(&control) || control.contains('*') => Act::Unreadable,
                    "off" => Act::SetOff { control },
                    _ => Act::Unreadable,
                }
            }
            "withdraw" => Act::Withdraw { of: self.needed(line, wire, "of", wire.of.as_deref()) },
            "consent" => Act::Consent { uses: patterns(wire.uses.as_deref()), recipients: patterns(wire.recipients.as_deref()) },
            "withdraw-consent" => Act::WithdrawConsent { of: self.needed(line, wire, "of", wire.of.as_deref()) },
            "unlink" => Act::Unlink { of: self.needed(line, wire, "of", wire.of.as_deref()) },
            "link" => {
                let to = self.needed(line, wire, "to", wire.to.as_deref());
                let how = self.word(
                    line,
                    "how",
                    Some(wire.how.as_deref().unwrap_or("same-person")),
                    LinkKind::lookup,
                    "accounts-centre, same-person, renamed, organisation",
                );
                match (self.services.parse(&to), how) {
                    (Some(to), Some(how)) => Act::Link { to, how },
                    (None, _) => {
                        self.error(line, "`to` names nobody: write the other account as `service:account`");
                        Act::Unreadable
                    }
                    (_, None) => Act::Unreadable,
                }
            }
            "erase" => Act::Erase { items: self.closing(line, "items", wire.items.as_deref(), names_items) },
            "signal" => Act::Signal { signal: self.needed(line, wire, "signal", wire.signal.as_deref()).to_ascii_lowercase() },
            _ => {
                let of = self.needed(line, wire, "of", wire.of.as_deref());
                let outcome = self.needed(line, wire, "outcome", wire.outcome.as_deref());
                match self.word(line, "outcome", Some(&outcome), Outcome::lookup, "upheld, refused, void") {
                    Some(outcome) => Act::Answer { of, outcome },
                    None => Act::Unreadable,
                }
            }
        }
    }

    fn needed(&mut self, line: usize, wire: &ChoiceFields, field: &str, value: Option<&str>) -> String {
        match value {
            Some(value) if !value.trim().is_empty() => value.trim().to_owned(),
            _ => {
                self.error(line, format!("an act `{}` needs `{field}`", wire.act));
                String::new()
            }
        }
    }

    /// The patterns of a closing act. One that no id could match (`all`, `meta*`, an empty text) is no reason to lose the no: it is read as all.
    fn closing(&mut self, line: usize, field: &str, list: Option<&[String]>, sound: fn(&str) -> bool) -> Option<Vec<Pattern>> {
        let list = list?;
        if let Some(place) = list.iter().position(|text| !sound(text.trim())) {
            let message = format!(
                "`{field}`: entry {} is neither an id nor `*` nor a prefix ending in `/*`; the no counts as one to everything",
                place + 1
            );
            self.notes.push(LineError::new(line, 0, message));
            return None;
        }
        patterns(Some(list))
    }

    fn instant(&mut self, line: usize, field: &str, value: Option<&str>) -> Option<Instant> {
        match Instant::parse(value?) {
            Ok(instant) => Some(instant),
            Err(error) => {
                self.error(line, format!("`{field}`: {error}"));
                None
            }
        }
    }

    fn word<T>(&mut self, line: usize, field: &str, value: Option<&str>, lookup: fn(&str) -> Option<T>, words: &str) -> Option<T> {
        let found = lookup(value?);
        if found.is_none() {
            self.error(line, format!("`{field}` has a value nobody knows: it may be {words}"));
        }
        found
    }
}

fn patterns(list: Option<&[String]>) -> Option<Vec<Pattern>> {
    list.map(|list| list.iter().map(|text| Pattern::parse(text.trim())).collect())
}

/// `*`, a name, `kind:name` or `kind:*`.
fn names_recipients(text: &str) -> bool {
    match text.split_once(':') {
        Some((kind, name)) => plain(kind) && (name == "*" || plain(name)),
        None => text == "*" || plain(text),
    }
}

/// `*`, a prefix, or an id; a `*` elsewhere was meant as a pattern, and is none.
fn names_items(text: &str) -> bool {
    !text.is_empty() && !matches!(Pattern::parse(text), Pattern::Exact(id) if id.contains('*'))
}

/// The lists of a closing act that are there without entries.
fn empty_lists(act: &Act) -> Vec<&'static str> {
    let lists = match act {
        Act::Object { uses, recipients, items } => vec![("uses", uses), ("recipients", recipients), ("items", items)],
        Act::Erase { items } => vec![("items", items)],
        _ => Vec::new(),
    };
    let empty = lists.into_iter().filter(|(_, list)| list.as_ref().is_some_and(Vec::is_empty));
    empty.map(|(field, _)| field).collect()
}

fn list(words: &[&str]) -> String {
    words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<ChoiceFile, Vec<String>> {
        read_choices(text, &Services::default()).map_err(|errors| errors.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn all_problems_at_once_with_their_lines() {
        let errors = read(concat!(
            "{\"id\":\"o-1\",\"person\":\"f:1\",\"act\":\"object\",\"received_at\":\"2025-05-26T21:50:00Z\"}\n",
            "{\"id\":\"o-1\",\"person\":\"f:1\",\"act\":\"object\",\"received_at\":\"2025-05-26T21:50:01Z\"}\n",
            "{\"id\":\"w-1\",\"person\":\"f:1\",\"act\":\"withdraw\",\"of\":\"o-9\",\"received_at\":\"2025-05-26T21:50:00Z\"}\n",
            "{\"id\":\"x\",\"person\":\"f:nan\",\"act\":\"object\",\"control\":\"c\",\"received_at\":\"2025-05-26 21:50\"}\n",
            "{\"id\":\"y\",\"person\":\"f:1\",\"act\":\"object\",\"usse\":[],\"received_at\":\"2025-05-26T21:50:00Z\"}\n",
            "not json\n",
        ))
        .unwrap_err();
        assert_eq!(
            errors,
            [
                "line 2, column 0: the id `o-1` stands on line 1 with other content: ids name one act each",
                "line 3, column 0: `of` names `o-9`, but there is no object with that id in this file",
                "line 4, column 0: `received_at`: the time has no zone: write `Z` or an offset, such as `2025-05-27T00:00:00Z`",
                "line 4, column 0: `person` names nobody: write `service:account`, or `mail:`, `tel:` (with country code), `url:`",
                "line 4, column 0: `control` has no place in an act `object`: it may have `uses`, `recipients`, `items`",
                "line 5, column 46: unknown field `usse`, expected one of `id`, `person`, `act`, `received_at`, `recorded_at`, `written_at`, `uses`, `recipients`, `items`, `control`, `to`, `of`, `how`, `signal`, `outcome`, `channel`, `by`, `ext`",
                "line 6, column 2: expected ident",
            ]
        );
    }

    #[test]
    fn the_same_act_twice_is_one_act() {
        let line = "{\"id\":\"o-1\",\"person\":\"f:1\",\"act\":\"object\",\"received_at\":\"2025-05-26T21:50:00Z\"}\n";
        assert_eq!(read(&line.repeat(3)).unwrap().choices.len(), 1);
    }

    #[test]
    fn an_empty_list_in_a_no_is_noted() {
        let file = read(concat!(
            "{\"id\":\"o\",\"person\":\"f:1\",\"act\":\"object\",\"uses\":[],\"items\":[],\"received_at\":\"2025-05-26T21:50:00Z\"}\n",
            "{\"id\":\"k\",\"person\":\"f:1\",\"act\":\"consent\",\"uses\":[],\"received_at\":\"2025-05-26T21:50:00Z\"}\n",
        ))
        .unwrap();
        let notes: Vec<String> = file.notes.iter().map(ToString::to_string).collect();
        assert_eq!(
            notes,
            [
                "line 1, column 0: `uses` of `o` is empty, and an empty list in a no is read as all",
                "line 1, column 0: `items` of `o` is empty, and an empty list in a no is read as all",
            ]
        );
    }

    #[test]
    fn a_no_to_something_no_id_could_be_is_a_no_to_all() {
        let uses = ["**", "*/*", "*/public-content", "meta*", "all", "", "public-content", "\u{ff4d}eta/*", "meta\u{200b}/*"];
        for text in uses {
            assert!(!is_use(text), "{text}");
        }
        for text in ["*", "meta/*", "meta/public-content", "Meta/x.y/*"] {
            assert!(is_use(text), "{text}");
        }
        for text in ["**", "*/*", "", "meta-*", "Meta AI", "meta/*", "third:", "third:/*"] {
            assert!(!names_recipients(text), "{text}");
        }
        for text in ["*", "meta-ai", "third:*", "third:acme"] {
            assert!(names_recipients(text), "{text}");
        }
        let line = r#"{"id":"o","person":"f:1","act":"object","uses":["meta*"],"recipients":[" meta-ai "],"items":["c-*"],"received_at":"2025-05-26T21:50:00Z"}"#;
        let file = read(line).unwrap();
        let recipients = Some(vec![Pattern::Exact("meta-ai".to_owned())]);
        let uses = Some(vec![Pattern::Exact("meta*".to_owned())]);
        assert_eq!(file.choices[0].act, Act::Object { uses, recipients, items: None });
        assert_eq!(file.notes.len(), 2);
    }

    #[test]
    fn an_act_nobody_knows_is_kept_as_a_no() {
        let file = read("{\"id\":\"z\",\"person\":\"f:1\",\"act\":\"haunt\",\"received_at\":\"2025-05-26T21:50:00Z\"}").unwrap();
        assert_eq!(file.choices[0].act, Act::Unreadable);
        assert_eq!(file.notes.len(), 1);
    }

    #[test]
    fn a_filer_stands_under_ext_and_another_spelling_is_seen() {
        let parse = |person: &str, ext: &str| {
            let line = format!(r#"{{"id":"o","person":"{person}","act":"object","received_at":"2025-05-26T21:50:00Z","ext":{ext}}}"#);
            ChoiceLine::parse(1, &line, &Services::default()).unwrap()
        };
        for (ext, expect) in [("{}", Named::Absent), ("7", Named::Absent), (r#"{"filer":null}"#, Named::Absent)] {
            assert_eq!(parse("f:1", ext).filer, expect, "{ext}");
        }
        for ext in [r#"{"filer":7}"#, r#"{"filer":"nobody"}"#, r#"{"filer":"f:[deleted]"}"#] {
            assert_eq!(parse("f:1", ext).filer, Named::Nobody, "{ext}");
        }
        assert!(matches!(parse("f:1", r#"{"filer":"f:Noor"}"#).filer, Named::Account { respelled: true, .. }));
        for (person, respelled) in [
            ("f:noor", false),
            ("f:@noor", false),
            ("F: f:noor", false),
            ("f:Noor", true),
            ("f:1", false),
            ("f:01", true),
            ("tel:+31 6 12345678", false),
            ("mail:Noor@x.nl", true),
        ] {
            assert_eq!(parse(person, "{}").respelled, respelled, "{person}");
        }
    }
}
