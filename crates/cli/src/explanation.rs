//! A decision in words, spoken to the person who wrote the record.
//!
//! What others said is never told: of a person the record concerns it says that there is a no, not who, when or how.

use bezwaar_core::choice::{Act, By, Choice};
use bezwaar_core::item::{Audience, Item};
use bezwaar_core::policy::{CarveOut, Control, Declared, Dispute, Policy, Use, Version};
use bezwaar_core::time::{Day, Instant, Zone};
use bezwaar_core::{Code, Decision, Group, Question, Reading, Reason};

use crate::inputs::Inputs;
use crate::texts::{Texts, capital, fill};

/// Explains a decision, line by line. Without an item: it could not be read.
pub(crate) fn explain(texts: &Texts, inputs: &Inputs, item: Option<&Item>, decision: &Decision) -> Vec<String> {
    let scene = Scene::new(texts, inputs, item);
    let mut lines = vec![scene.fill(texts.frame(if decision.keep() { "keep" } else { "withhold" }), &[])];
    lines.push(String::new());
    lines.push(scene.question());
    lines.extend(scene.basis());
    if !decision.keep() {
        lines.push(String::new());
        lines.push(texts.frame("why").to_owned());
        lines.extend(scene.sentences(decision).into_iter().map(|sentence| format!("- {sentence}")));
    }
    lines.push(String::new());
    lines.push(texts.frame("next").to_owned());
    lines.extend(scene.advice(decision).into_iter().map(|sentence| format!("- {sentence}")));
    lines.push(String::new());
    if let Some(zone) = &scene.zone {
        lines.push(scene.fill(texts.frame("days"), &[("zone", zone.name())]));
    }
    lines.push(texts.frame("footer").to_owned());
    lines
}

/// What there is to speak of.
struct Scene<'a> {
    texts: &'a Texts,
    question: &'a Question,
    choices: &'a [Choice],
    item: Option<&'a Item>,
    policy: Option<&'a Policy>,
    in_force: Option<&'a Version>,
    /// The use with its version, as far as one has it for this recipient.
    found: Option<(&'a Version, &'a Use)>,
    zone: Option<Zone>,
    record: String,
}

impl<'a> Scene<'a> {
    fn new(texts: &'a Texts, inputs: &'a Inputs, item: Option<&'a Item>) -> Scene<'a> {
        let question = &inputs.question;
        let policy = inputs.policies.policy_of(&question.use_id);
        let in_force = policy.and_then(|policy| policy.version_at(question.at));
        let versions = || policy.into_iter().flat_map(|policy| &policy.versions);
        let later = versions().filter(|version| version.effective_at > question.at);
        let found = in_force.into_iter().chain(later).find_map(|version| {
            let one = version.lookup_use(&question.use_id)?;
            one.reaches(&question.recipient).then_some((version, one))
        });
        Scene {
            texts,
            question,
            choices: &inputs.choices,
            item,
            policy,
            in_force,
            found,
            zone: in_force.or(versions().next()).map(|version| version.zone.clone()),
            record: texts.record(item.and_then(|item| item.category)).to_owned(),
        }
    }

    fn fill(&self, template: &str, values: &[(&str, &str)]) -> String {
        let capital = capital(&self.record);
        let always = [("record", self.record.as_str()), ("Record", &capital), ("recipient", &self.question.recipient)];
        fill(template, &[values, &always].concat())
    }

    /// A moment as a day of the policy's zone.
    fn day(&self, instant: Instant) -> String {
        let zone = self.zone.clone().unwrap_or_else(Zone::utc);
        Day::of(instant, &zone).map(|day| self.texts.day(day)).unwrap_or_default()
    }

    fn question(&self) -> String {
        let date = self.day(self.question.at);
        match self.found {
            Some((_, one)) => self.fill(self.texts.frame("question"), &[("use", &self.texts.quoted(&one.title)), ("date", &date)]),
            None => self.fill(self.texts.frame("undeclared"), &[("use", &self.texts.quoted(&self.question.use_id)), ("date", &date)]),
        }
    }

    /// What was looked at, and how strictly.
    fn basis(&self) -> Vec<String> {
        let version = self.in_force.map(|version| {
            let (title, effective) = (self.texts.quoted(&version.title), self.texts.day(version.effective));
            self.fill(self.texts.frame("policy"), &[("title", &title), ("effective", &effective)])
        });
        let reading = match self.question.reading {
            Reading::Stated => "stated",
            Reading::Protective => "protective",
            Reading::Consent => "consent",
        };
        version.into_iter().chain([self.texts.frame(reading).to_owned()]).collect()
    }

    /// A sentence per reason, the person's own no first.
    fn sentences(&self, decision: &Decision) -> Vec<String> {
        let mut reasons: Vec<&Reason> = decision.reasons().iter().collect();
        // A yes that is missing is not a no somebody said: it comes after the rules.
        reasons.sort_by_key(|reason| match reason.code.group() {
            Group::Person if is_silence(reason) => (Group::Rule, true),
            group => (group, false),
        });
        let mut found: Vec<String> = Vec::new();
        for sentence in reasons.into_iter().map(|reason| self.sentence(reason)) {
            if !found.contains(&sentence) {
                found.push(sentence);
            }
        }
        found
    }

    /// Whether several people made it, so that an act may be the other one's, which is not this reader's to know.
    fn is_joint(&self) -> bool {
        self.item.is_some_and(|item| item.authors.0.len() > 1)
    }

    fn sentence(&self, reason: &Reason) -> String {
        match reason.code {
            Code::Objected | Code::SettingOff | Code::NoConsent | Code::Signal | Code::Erased | Code::ChoiceUnreadable => {
                self.of_act(reason)
            }
            Code::CarveOut => self.of_carve_out(reason),
            Code::Disputed => self.of_dispute(reason),
            Code::UseNotDeclared | Code::UseNotStarted | Code::AudienceNotCovered | Code::UnderAge | Code::AgeUnknown | Code::NoControl => {
                self.of_use(reason)
            }
            Code::AudienceUnknown if reason.unknown.as_deref() == Some("registered") => self.say(reason, "account", &[]),
            Code::Deleted => match self.item.and_then(|item| item.deleted_at) {
                Some(_) if reason.unknown.is_some() => self.say(reason, "unknown", &[]),
                Some(deleted) => self.say(reason, "dated", &[("date", &self.day(deleted.first))]),
                None => self.say(reason, "plain", &[]),
            },
            _ if reason.unknown.is_some() => self.say(reason, "unknown", &[]),
            _ => self.say(reason, "plain", &[]),
        }
    }

    fn say(&self, reason: &Reason, variant: &str, values: &[(&str, &str)]) -> String {
        self.fill(self.texts.reason(reason.code, variant), values)
    }

    /// A reason that is a person's own act, or a yes that is missing.
    fn of_act(&self, reason: &Reason) -> String {
        let Some(id) = &reason.choice else {
            let off = reason.code == Code::NoConsent && reason.rule.is_some();
            return self.say(reason, if off { "off" } else { "plain" }, &[]);
        };
        if self.is_joint() {
            return self.say(reason, "joint", &[]);
        }
        let Some(choice) = self.choices.iter().find(|choice| choice.id == *id) else { return self.say(reason, "plain", &[]) };
        let variant = match choice.by {
            _ if reason.via.is_some() => "via",
            Some(By::Parent | By::Guardian | By::Agent) => "behalf",
            Some(By::Own) | None => "choice",
        };
        let control = match &choice.act {
            Act::SetOff { control } => self.control(control).map_or(control.as_str(), |control| control.title.as_str()),
            _ => "",
        };
        let signal = match &choice.act {
            Act::Signal { signal } => signal.as_str(),
            _ => "",
        };
        let (control, signal) = (self.texts.quoted(control), self.texts.quoted(signal));
        let date = self.day(choice.received_at);
        self.say(reason, variant, &[("date", &date), ("control", &control), ("signal", &signal)])
    }

    /// A reason of the use itself, which the use can say more about.
    fn of_use(&self, reason: &Reason) -> String {
        let Some((version, one)) = self.found else { return self.say(reason, "plain", &[]) };
        match reason.code {
            Code::UseNotDeclared if one.declared == Declared::Practice => self.say(reason, "practice", &[]),
            Code::UseNotStarted => match one.effective.day() {
                Some(day) => self.say(reason, "dated", &[("start", &self.texts.day(day.max(version.effective)))]),
                None => self.say(reason, "plain", &[]),
            },
            Code::UnderAge | Code::AgeUnknown => match one.min_age {
                Some(age) => self.say(reason, "aged", &[("age", &age.to_string())]),
                None => self.say(reason, "plain", &[]),
            },
            Code::AudienceNotCovered => self.say(reason, self.audience_variant(one), &[]),
            Code::NoControl => {
                let mut offered =
                    one.controls.iter().filter_map(|id| version.lookup_control(id)).map(|control| control.first_offered.day());
                let variant = match (one.controls.is_empty(), offered.any(|day| day.is_some())) {
                    (true, _) => "none",
                    (false, true) => "later",
                    (false, false) => "undated",
                };
                self.say(reason, variant, &[])
            }
            _ => self.say(reason, "plain", &[]),
        }
    }

    /// Whether it is the audience that is not covered, or the account; without certainty neither is named.
    fn audience_variant(&self, one: &Use) -> &'static str {
        let Some(item) = self.item else { return "plain" };
        let row = item.category.and_then(|category| one.row_of(category)).and_then(|row| row.audience.as_ref());
        let only_public = row.is_some_and(|audiences| audiences.iter().all(|audience| *audience == Audience::Public));
        match (item.audience, one.registered) {
            (Some(Audience::Restricted | Audience::Private), _) if only_public => "public-only",
            (Some(Audience::Public), Some(true)) => "account",
            (Some(Audience::Public), Some(false)) => "no-account",
            _ => "plain",
        }
    }

    fn of_carve_out(&self, reason: &Reason) -> String {
        let rule = reason.rule.as_deref().unwrap_or_default();
        if let (Some(promise), "promise") = (self.found.and_then(|(_, one)| one.promise.as_deref()), rule) {
            return self.say(reason, "promise", &[("promise", &self.texts.quoted(promise))]);
        }
        let Some(carve) = self.carve_out(rule) else { return self.say(reason, "plain", &[]) };
        let (title, from) = (self.texts.quoted(&carve.title), self.texts.day(carve.from));
        match &reason.unknown {
            Some(field) => self.say(reason, "unknown", &[("title", &title), ("from", &from), ("field", self.texts.field(field))]),
            None => self.say(reason, "rule", &[("title", &title), ("from", &from)]),
        }
    }

    fn of_dispute(&self, reason: &Reason) -> String {
        let id = reason.dispute.as_deref().unwrap_or_default();
        let Some(dispute) = self.dispute(id) else { return self.say(reason, "plain", &[]) };
        let positions = dispute
            .positions
            .iter()
            .map(|position| fill(self.texts.frame("position"), &[("holder", &position.holder), ("says", &position.says)]));
        let positions = positions.collect::<Vec<_>>().join(" ");
        let values = [("question", dispute.question.as_str()), ("positions", &positions)];
        match &reason.unknown {
            Some(field) => self.say(reason, "unknown", &[&values[..], &[("field", self.texts.field(field))]].concat()),
            None => self.say(reason, "rule", &values),
        }
    }

    /// The versions by how near they are to the question: the one with the use, then all.
    fn versions(&self) -> impl Iterator<Item = &'a Version> {
        let near = self.found.map(|(version, _)| version);
        near.into_iter().chain(self.policy.into_iter().flat_map(|policy| policy.versions.iter().rev()))
    }

    fn control(&self, id: &str) -> Option<&'a Control> {
        self.versions().find_map(|version| version.lookup_control(id))
    }

    fn carve_out(&self, id: &str) -> Option<&'a CarveOut> {
        let uses = self.versions().filter_map(|version| version.lookup_use(&self.question.use_id));
        uses.flat_map(|one| &one.carve_outs).find(|carve| carve.id == id)
    }

    fn dispute(&self, id: &str) -> Option<&'a Dispute> {
        self.versions().flat_map(|version| &version.disputes).find(|dispute| dispute.id == id)
    }

    /// What the person can do, and what happens next.
    fn advice(&self, decision: &Decision) -> Vec<String> {
        let mut found: Vec<String> = Vec::new();
        let mut add = |text: String| {
            if !found.contains(&text) {
                found.push(text);
            }
        };
        let non_use = self.found.is_some_and(|(_, one)| one.declared == Declared::NonUse);
        for reason in decision.reasons() {
            // An act may be the other author's; and no yes helps where there is a promise not to do it.
            let void = (is_own_act(reason) && self.is_joint()) || (is_silence(reason) && non_use);
            if let Some(next) = self.texts.lookup(reason.code, "next").filter(|_| !void) {
                add(self.fill(next, &[]));
            }
        }
        if !self.is_joint() && decision.reasons().iter().any(is_own_act) {
            if found.is_empty() {
                found.push(self.texts.frame("nothing").to_owned());
            }
            return found;
        }
        add(self.texts.frame(if decision.keep() { "object-kept" } else { "object" }).to_owned());
        for control in self.found.iter().flat_map(|(_, one)| &one.controls).filter_map(|id| self.control(id)) {
            if let Some(url) = &control.url {
                add(fill(self.texts.frame("way"), &[("control", &self.texts.quoted(&control.title)), ("url", url)]));
            }
        }
        found
    }
}

/// Whether a yes is missing, without anybody having said no.
fn is_silence(reason: &Reason) -> bool {
    reason.code == Code::NoConsent && reason.choice.is_none()
}

/// Whether it is a no that an author said.
fn is_own_act(reason: &Reason) -> bool {
    match reason.code {
        Code::Objected | Code::SettingOff | Code::Signal | Code::Erased | Code::ChoiceUnreadable => true,
        Code::NoConsent => !is_silence(reason),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use bezwaar_core::Holdings;
    use bezwaar_core::policy::read::{PolicyFile, read_policies};
    use bezwaar_core::wire::{parse_item, read_choices};

    use super::*;
    use crate::texts::Language;

    const CHOICES: &str = r#"{"id":"o","person":"club:1","act":"object","received_at":"2026-02-01T22:50:00Z"}
{"id":"s","person":"club:1","act":"set","control":"club/switch","to":"off","by":"agent","received_at":"2026-02-01T22:50:00Z"}
{"id":"g","person":"club:1","act":"signal","signal":"gpc","received_at":"2026-02-01T22:50:00Z"}"#;

    /// Reasons of every code with every part that may stand behind it, whether they occur so or not.
    fn reasons() -> Vec<Reason> {
        let mut all = Vec::new();
        for code in Code::ALL {
            let plain = || Reason::new(*code);
            all.push(plain());
            all.extend(["o", "s", "g", "nobody"].map(|id| plain().with_choice(id, None)));
            all.push(plain().with_choice("o", Some("l")));
            all.extend(["pause", "promise", "default-off", "nothing"].map(|rule| plain().with_rule(rule)));
            all.extend(
                ["region", "registered", "created_at"].map(|field| plain().with_rule("pause").with_dispute("C1").with_unknown(field)),
            );
            all.extend(["C1", "nothing"].map(|dispute| plain().with_dispute(dispute)));
        }
        all
    }

    #[test]
    fn every_reason_becomes_a_whole_sentence() {
        let file = PolicyFile {
            path: "club.toml".to_owned(),
            folder: "club".to_owned(),
            stem: "2026-01-01".to_owned(),
            text: include_str!("../tests/it/policies/club/2026-01-01.toml").to_owned(),
        };
        let policies = read_policies(&[file], None).unwrap();
        let choices = read_choices(CHOICES, &policies.services).unwrap().choices;
        let whole = r#"{"id":"p","author":"club:1","category":"post","audience":"restricted","deleted_at":"2026-01-05"}"#;
        let joint = r#"{"id":"p","author":["club:1","club:2"]}"#;
        let items = [Some(parse_item(1, whole).unwrap()), Some(parse_item(1, joint).unwrap()), None];
        for use_id in ["club/model", "club/archive", "club/letters", "club/songs", "club/nothing", "pub/beer"] {
            let question = Question {
                use_id: use_id.to_owned(),
                recipient: "lab".to_owned(),
                at: Instant::parse("2026-03-01T00:00:00Z").unwrap(),
                reading: Reading::Protective,
            };
            let inputs = Inputs { policies: policies.clone(), holdings: Holdings::resolve(&choices), choices: choices.clone(), question };
            for (language, item) in
                [Language::Nl, Language::En].into_iter().flat_map(|language| items.iter().map(move |item| (language, item)))
            {
                let texts = language.texts().unwrap();
                let scene = Scene::new(&texts, &inputs, item.as_ref());
                for reason in reasons() {
                    let sentence = scene.sentence(&reason);
                    let whole = sentence.ends_with(['.', '”', '’']) && sentence.chars().next().is_some_and(char::is_uppercase);
                    assert!(whole && !sentence.contains(['{', '}']) && !sentence.contains("  "), "{use_id} {reason:?}: {sentence}");
                }
            }
        }
    }
}
