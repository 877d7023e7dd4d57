//! A case as a line on its shelf.

use bezwaar_core::choice::Channel;
use bezwaar_core::time::{Day, Instant};
use serde_json::{Value, json};

use super::{
    Answer, AnswerCode, Case, CaseAct, CaseNumber, Change, Changed, Evidence, EvidenceKind, Extension, ExtensionReason, Mark, Marks,
    NewAnswer,
};
use crate::hex;
use crate::intake::looks::StaffId;
use crate::intake::post::LanguageCode;
use crate::store::KeyedName;

/// The number a day is kept as.
pub(super) fn day_number(day: Day) -> i64 {
    Day::EPOCH.days_until(day)
}

fn name(name: Option<KeyedName>) -> Option<String> {
    name.map(|name| hex::encode(&name.0))
}

impl Change {
    fn parts(self) -> (&'static str, Option<u64>) {
        match self {
            Change::Opened => ("opened", None),
            Change::Assigned => ("assigned", None),
            Change::Extended => ("extended", None),
            Change::Answered => ("answered", None),
            Change::MergedInto(other) => ("merged-into", Some(other.0)),
            Change::MergedFrom(other) => ("merged-from", Some(other.0)),
            Change::Voided => ("voided", None),
            Change::EvidenceAdded => ("evidence", None),
            Change::ToldByLetter => ("told-by-letter", None),
        }
    }

    fn from_parts(word: &str, other: Option<u64>) -> Option<Change> {
        Some(match (word, other.map(CaseNumber)) {
            ("opened", None) => Change::Opened,
            ("assigned", None) => Change::Assigned,
            ("extended", None) => Change::Extended,
            ("answered", None) => Change::Answered,
            ("merged-into", Some(other)) => Change::MergedInto(other),
            ("merged-from", Some(other)) => Change::MergedFrom(other),
            ("voided", None) => Change::Voided,
            ("evidence", None) => Change::EvidenceAdded,
            ("told-by-letter", None) => Change::ToldByLetter,
            _ => return None,
        })
    }
}

impl Case {
    pub(super) fn line(&self) -> String {
        let mut line = json!({
            "acts": self.acts.iter().map(|act| json!([act.id, name(act.account)])).collect::<Value>(),
            "due": day_number(self.due_on), "language": self.language.as_str(), "opened": self.opened_at.as_micros(),
            "provisional": self.provisional, "received": self.received_at.as_micros(),
        });
        let mut set = |field: &str, value: Option<Value>| {
            if let (Some(object), Some(value)) = (line.as_object_mut(), value) {
                object.insert(field.to_owned(), value);
            }
        };
        set("filer", name(self.filer).map(Value::from));
        set("channel", self.channel.map(|channel| channel.as_str().into()));
        let extension = |one: Extension| json!([one.reason.as_str(), one.told_at.as_micros(), day_number(one.was_due_on)]);
        set("extension", self.extension.map(extension));
        let answer = |one: &Answer| json!([one.answer.code.as_str(), one.answer.facts, one.at.as_micros(), one.by.as_str()]);
        set("answer", self.answer.as_ref().map(answer));
        set("handler", self.handler.as_ref().map(|handler| handler.as_str().into()));
        set("into", self.merged_into.map(|into| into.0.into()));
        set("void", self.void_at.map(|at| at.as_micros().into()));
        set("voiding", self.voiding.then(|| true.into()));
        set("emptied", self.emptied.then(|| true.into()));
        let evidence = || self.evidence.iter().map(|one| json!([one.kind.as_str(), hex::encode(&one.sha256)])).collect();
        set("evidence", (!self.evidence.is_empty()).then(evidence));
        set("contact", self.marks.contact.map(|mark| mark.to_text().into()));
        set("network", self.marks.network.map(|mark| mark.to_text().into()));
        let changed = |one: &Changed| {
            let (word, other) = one.change.parts();
            json!([word, other, one.by.as_str(), one.at.as_micros()])
        };
        set("changes", (!self.changes.is_empty()).then(|| self.changes.iter().map(changed).collect()));
        line.to_string()
    }

    pub(super) fn parse(number: CaseNumber, line: &str) -> Option<Case> {
        let value: Value = serde_json::from_str(line).ok()?;
        // A field that is not there is `None`; one that cannot be read makes the case unreadable.
        macro_rules! optional {
            ($field:literal, $read:expr) => {
                match value.get($field) {
                    None => None,
                    Some(value) => Some($read(value)?),
                }
            };
        }
        let list = |field: &str| value.get(field).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let mark = |value: &Value| Mark::from_text(value.as_str()?);
        Some(Case {
            number,
            acts: value.get("acts")?.as_array()?.iter().map(read_act).collect::<Option<_>>()?,
            filer: optional!("filer", read_name),
            received_at: moment(value.get("received")?)?,
            opened_at: moment(value.get("opened")?)?,
            channel: optional!("channel", |value: &Value| Channel::lookup(value.as_str()?)),
            language: LanguageCode::parse(value.get("language")?.as_str()?)?,
            due_on: day(value.get("due")?)?,
            provisional: value.get("provisional")?.as_bool()?,
            extension: optional!("extension", read_extension),
            answer: optional!("answer", read_answer),
            handler: optional!("handler", staff),
            merged_into: optional!("into", |value: &Value| value.as_u64().map(CaseNumber)),
            voiding: value.get("voiding").is_some(),
            void_at: optional!("void", moment),
            emptied: value.get("emptied").is_some(),
            evidence: list("evidence").iter().map(read_evidence).collect::<Option<_>>()?,
            marks: Marks { contact: optional!("contact", mark), network: optional!("network", mark) },
            changes: list("changes").iter().map(read_changed).collect::<Option<_>>()?,
        })
    }
}

fn moment(value: &Value) -> Option<Instant> {
    value.as_i64().map(Instant::from_micros)
}

fn day(value: &Value) -> Option<Day> {
    Day::from_days(value.as_i64()?)
}

fn staff(value: &Value) -> Option<StaffId> {
    StaffId::parse(value.as_str()?)
}

fn read_name(value: &Value) -> Option<KeyedName> {
    Some(KeyedName(hex::decode(value.as_str()?)?))
}

fn read_act(value: &Value) -> Option<CaseAct> {
    let account = value.get(1)?;
    let account = if account.is_null() { None } else { Some(read_name(account)?) };
    Some(CaseAct { id: value.get(0)?.as_str()?.to_owned(), account })
}

fn read_extension(value: &Value) -> Option<Extension> {
    Some(Extension {
        reason: ExtensionReason::lookup(value.get(0)?.as_str()?)?,
        told_at: moment(value.get(1)?)?,
        was_due_on: day(value.get(2)?)?,
    })
}

fn read_answer(value: &Value) -> Option<Answer> {
    let fact = |(name, text): (&String, &Value)| Some((name.clone(), text.as_str()?.to_owned()));
    let facts = value.get(1)?.as_object()?.iter().map(fact).collect::<Option<_>>()?;
    let code = AnswerCode::lookup(value.get(0)?.as_str()?)?;
    Some(Answer { answer: NewAnswer { code, facts }, at: moment(value.get(2)?)?, by: staff(value.get(3)?)? })
}

fn read_evidence(value: &Value) -> Option<Evidence> {
    Some(Evidence { kind: EvidenceKind::lookup(value.get(0)?.as_str()?)?, sha256: hex::decode(value.get(1)?.as_str()?)? })
}

fn read_changed(value: &Value) -> Option<Changed> {
    let change = Change::from_parts(value.get(0)?.as_str()?, value.get(1)?.as_u64())?;
    Some(Changed { change, by: staff(value.get(2)?)?, at: moment(value.get(3)?)? })
}
