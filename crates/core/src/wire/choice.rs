//! Choices in the exchange format.

use std::collections::HashMap;

use serde::{Deserialize, de};

use super::LineError;
use crate::account::Services;
use crate::choice::{Act, By, Channel, Choice, LinkKind, Outcome};
use crate::pattern::{Pattern, is_use, plain};
use crate::time::Instant;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WireChoice {
    id: String,
    #[serde(default)]
    person: Option<String>,
    act: String,
    received_at: String,
    #[serde(default)]
    recorded_at: Option<String>,
    #[serde(default)]
    written_at: Option<String>,
    #[serde(default)]
    uses: Option<Vec<String>>,
    #[serde(default)]
    recipients: Option<Vec<String>>,
    #[serde(default)]
    items: Option<Vec<String>>,
    #[serde(default)]
    control: Option<String>,
    #[serde(default)]
    to: Option<String>,
    #[serde(default)]
    of: Option<String>,
    #[serde(default)]
    how: Option<String>,
    #[serde(default)]
    signal: Option<String>,
    #[serde(default)]
    outcome: Option<String>,
    #[serde(default)]
    channel: Option<String>,
    #[serde(default)]
    by: Option<String>,
    #[serde(default)]
    #[expect(dead_code, reason = "`ext` is for the file's owner; nothing in it is read")]
    ext: Option<de::IgnoredAny>,
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
        let line = line.strip_suffix('\r').unwrap_or(line);
        let line = if index == 0 { line.strip_prefix('\u{feff}').unwrap_or(line) } else { line };
        if !line.trim().is_empty() {
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
        let wire: WireChoice = match serde_json::from_str(text) {
            Ok(wire) => wire,
            Err(error) => return self.errors.push(LineError::of_json(line, &error)),
        };
        let before = self.errors.len();
        let choice = self.choice(line, wire);
        let Some(choice) = choice.filter(|_| self.errors.len() == before) else { return };
        match self.first_line.get(&choice.id).copied() {
            Some(place) => {
                if self.file.choices.get(place) != Some(&choice) {
                    let first = self.lines.get(place).copied().unwrap_or_default();
                    let message = format!("the id `{}` stands on line {first} with other content: ids name one act each", choice.id);
                    self.errors.push(LineError::new(line, 0, message));
                }
            }
            None => {
                if choice.act == Act::Unreadable {
                    let message = format!("`{}` cannot be evaluated and counts as a no to everything", choice.id);
                    self.file.notes.push(LineError::new(line, 0, message));
                } else if choice.act.opens() && !choice.by_own_hand() {
                    let message =
                        format!("`{}` opens something but did not come by the person's own hand, so it does not count", choice.id);
                    self.file.notes.push(LineError::new(line, 0, message));
                }
                for field in empty_lists(&choice.act) {
                    let message = format!("`{field}` of `{}` is empty, and an empty list in a no is read as all", choice.id);
                    self.file.notes.push(LineError::new(line, 0, message));
                }
                self.first_line.insert(choice.id.clone(), self.file.choices.len());
                self.lines.push(line);
                self.file.choices.push(choice);
            }
        }
    }

    fn error(&mut self, line: usize, message: impl Into<String>) {
        self.errors.push(LineError::new(line, 0, message));
    }

    fn choice(&mut self, line: usize, wire: WireChoice) -> Option<Choice> {
        let received_at = self.instant(line, "received_at", Some(&wire.received_at));
        let recorded_at = self.instant(line, "recorded_at", wire.recorded_at.as_deref());
        self.instant(line, "written_at", wire.written_at.as_deref());
        if wire.id.trim().is_empty() {
            self.error(line, "`id` is empty: every act needs an id of its own");
        }
        let by = self.word(line, "by", wire.by.as_deref(), By::lookup, "self, parent, guardian, agent");
        let channel =
            self.word(line, "channel", wire.channel.as_deref(), Channel::lookup, "form, api, mail, post, setting, signal, import");
        let person = match wire.person.as_deref() {
            Some(text) => {
                let account = self.services.parse(text);
                if account.is_none() {
                    self.error(line, "`person` names nobody: write `service:account`, or `mail:`, `tel:` (with country code), `url:`");
                }
                account
            }
            None => {
                if wire.act != "answer" {
                    self.error(line, "`person` is missing: write whose act it is, as `service:account`");
                }
                None
            }
        };
        let act = self.act(line, &wire);
        Some(Choice { id: wire.id, person, act, received_at: received_at?, recorded_at, by, channel })
    }

    fn act(&mut self, line: usize, wire: &WireChoice) -> Act {
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
                let lookup = |text: &str| match text {
                    "upheld" => Some(Outcome::Upheld),
                    "refused" => Some(Outcome::Refused),
                    "void" => Some(Outcome::Void),
                    _ => None,
                };
                match self.word(line, "outcome", Some(&outcome), lookup, "upheld, refused, void") {
                    Some(outcome) => Act::Answer { of, outcome },
                    None => Act::Unreadable,
                }
            }
        }
    }

    fn needed(&mut self, line: usize, wire: &WireChoice, field: &str, value: Option<&str>) -> String {
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
            self.file.notes.push(LineError::new(line, 0, message));
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

    /// `of` must name an act that is there, and of the right kind. An opening act that names nothing would open
    /// nothing; that is safe, yet surely not what was meant.
    fn check_references(&mut self) {
        for (place, choice) in self.file.choices.iter().enumerate() {
            let (of, kind): (&str, &str) = match &choice.act {
                Act::Withdraw { of } => (of, "object"),
                Act::WithdrawConsent { of } => (of, "consent"),
                Act::Unlink { of } => (of, "link"),
                Act::Answer { of, .. } => (of, "act"),
                _ => continue,
            };
            let named = self.first_line.get(of).and_then(|place| self.file.choices.get(*place)).map(|named| &named.act);
            let good = match named {
                Some(Act::Object { .. }) => kind == "object" || kind == "act",
                Some(Act::Consent { .. }) => kind == "consent" || kind == "act",
                Some(Act::Link { .. }) => kind == "link" || kind == "act",
                Some(_) => kind == "act",
                None => false,
            };
            if !good {
                let line = self.lines.get(place).copied().unwrap_or_default();
                let message = format!("`of` names `{of}`, but there is no {kind} with that id in this file");
                self.errors.push(LineError::new(line, 0, message));
            }
        }
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
}
