//! Laws that every decision keeps, over random worlds.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may stop at the first surprise"
)]

use std::collections::BTreeSet;
use std::path::Path;

use bezwaar_core::account::Account;
use bezwaar_core::choice::{Act, Choice};
use bezwaar_core::item::Item;
use bezwaar_core::policy::PolicySet;
use bezwaar_core::policy::read::{PolicyFile, read_policies};
use bezwaar_core::wire::read_choices;
use bezwaar_core::{Code, Decider, Decision, Holdings, Question, Reading, Reason};
use bezwaar_testkit::random::{Case, Draw, ITEMS_PER_WORLD, QUESTIONS_PER_WORLD, World, closing, link, opening, read_item, shrink, text};
use serde_json::{Value, json};

use crate::model::{cases, over_seeds, shipped};

/// Worlds per law; a law looks at each several times.
fn worlds() -> u64 {
    cases().div_ceil((ITEMS_PER_WORLD * QUESTIONS_PER_WORLD * 6) as u64)
}

/// Every law holds under random policies and under the shipped ones.
fn for_all(law: impl Fn(&World, &mut Draw) + Sync) {
    let shipped = shipped();
    over_seeds(worlds(), |seed| {
        let world = if seed % 5 == 4 { World::under(&shipped, seed) } else { World::random(seed) };
        law(&world, &mut Draw::new(seed ^ 0x1a3));
    });
}

/// A law holds in so many times as many worlds, of those where nearly everything meets.
fn for_narrow(times: u64, law: impl Fn(&World, &mut Draw) + Sync) {
    over_seeds(worlds() * times, |seed| {
        let world = World::random(seed);
        if world.pools.narrow {
            law(&world, &mut Draw::new(seed ^ 0x1a3));
        }
    });
}

/// The world's decisions, in the order of its questions and items.
fn decisions(policies: &PolicySet, choices: &[Choice], world: &World) -> Vec<Decision> {
    let holdings = Holdings::resolve(choices);
    let mut all = Vec::new();
    for question in &world.questions {
        let decider = Decider::new(policies, &holdings, question);
        all.extend(world.items.iter().map(|item| decider.decide(item)));
    }
    all
}

fn decide_case(case: &Case, given: &PolicySet) -> Option<Decision> {
    let (policies, choices, item) = case.read(given)?;
    Some(bezwaar_core::decide(&policies, &Holdings::resolve(&choices), &item, &case.question))
}

/// Question and item of a place in [`decisions`].
fn at(world: &World, place: usize) -> (&Question, usize) {
    (&world.questions[place / world.items.len()], place % world.items.len())
}

fn read(world: &World, lines: &[String]) -> Vec<Choice> {
    read_choices(&lines.join("\n"), &world.policies.services).unwrap_or_else(|errors| panic!("{errors:?}")).choices
}

fn values(world: &World) -> Vec<Value> {
    world.choice_lines.iter().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn with(lines: &[String], more: &Value) -> Vec<String> {
    lines.iter().cloned().chain([more.to_string()]).collect()
}

/// Fails, with a small case, when a change lets something pass that was withheld. `only` says which places are looked at.
fn never_opens(
    world: &World,
    (before, after): (&[Decision], &[Decision]),
    change: impl Fn(&Case) -> Option<Case>,
    only: impl Fn(&Question, &Item) -> bool,
) {
    for (place, (before, after)) in before.iter().zip(after).enumerate() {
        let (question, item) = at(world, place);
        if before.keep() || !after.keep() || !only(question, &world.items[item]) {
            continue;
        }
        let opens = |case: &Case| {
            let after = change(case).and_then(|changed| decide_case(&changed, &world.policies));
            let withheld = decide_case(case, &world.policies).is_some_and(|before| !before.keep());
            let looked_at = case.read(&world.policies).is_some_and(|(_, _, item)| only(&case.question, &item));
            withheld && looked_at && after.is_some_and(|after| after.keep())
        };
        let small = shrink(&Case::of(world, item, question), opens);
        let reasons = decide_case(&small, &world.policies);
        panic!("what was withheld passes\n{small}\n--- withheld because\n{reasons:#?}\n=== changed\n{}", change(&small).unwrap());
    }
}

/// Adds acts one at a time, and holds each world so made against the one without.
fn adding(world: &World, acts: &[Value], only: impl Fn(&Value, &Item) -> bool) {
    let before = decisions(&world.policies, &world.choices, world);
    for act in acts {
        let after = decisions(&world.policies, &read(world, &with(&world.choice_lines, act)), world);
        let change = |case: &Case| Some(Case { choices: with(&case.choices, act), ..case.clone() });
        never_opens(world, (&before, &after), change, |_, item| only(act, item));
    }
}

#[test]
fn a_further_closing_act_never_opens() {
    for_all(|world, draw| {
        let before = values(world);
        let acts: Vec<Value> = (0..4).map(|_| closing(draw, &world.pools, "new", &before)).collect();
        adding(world, &acts, |_, _| true);
    });
}

#[test]
fn a_further_link_never_opens() {
    // What goes wrong here takes a no, a yes and two links that meet: narrow worlds, and many.
    for_narrow(6, |world, draw| {
        let mut acts: Vec<Value> = (0..2).map(|_| link(draw, &world.pools, "new")).collect();
        // A second link between two who are linked makes no difference but for its moment.
        for mut again in values(world).into_iter().filter(|act| text(act, "act") == "link") {
            again["id"] = json!("new");
            again["received_at"] = link(draw, &world.pools, "new")["received_at"].take();
            acts.push(again);
        }
        adding(world, &acts, |_, _| true);
    });
}

#[test]
fn a_further_dispute_never_opens() {
    for_all(|world, draw| {
        let before = decisions(&world.policies, &world.choices, world);
        for file in &world.files {
            let uses: Vec<&str> = file.text.split("[[use]]\nid = ").skip(1).filter_map(|rest| rest.split('\n').next()).collect();
            let limit =
                draw.pick(&["", "regions = [\"EEA\"]\n", "regions = [\"GB\"]\nage_below = 18\n", "age_below = 16\n", "outside = \"k1\"\n"]);
            let dispute = format!(
                "\n\n[[dispute]]\nid = \"new\"\nquestion = \"Q\"\nprotective = \"withhold\"\nuses = [{}]\nsources = [\"s\"]\n{limit}\n\
                 [[dispute.position]]\nholder = \"A\"\nsays = \"S\"\nsources = [\"s\"]\n\n[[dispute.position]]\nholder = \"B\"\nsays = \"S\"\nsources = [\"s\"]\n",
                draw.pick(&uses)
            );
            let change = |case: &Case| {
                let mut changed = case.clone();
                changed.files.iter_mut().find(|other| other.path == file.path)?.text.push_str(&dispute);
                Some(changed)
            };
            // A dispute outside a carve-out that is not there is no change.
            let Some((policies, choices, _)) =
                change(&Case::of(world, 0, &world.questions[0])).and_then(|changed| changed.read(&world.policies))
            else {
                continue;
            };
            never_opens(world, (&before, &decisions(&policies, &choices, world)), change, |_, _| true);
        }
    });
}

/// A record that says it stands in a conversation and is no message is held to the conversation; without it there is nothing
/// left that speaks of one. So the law speaks of messages, and of records whose kind is not known.
#[test]
fn knowing_less_never_opens() {
    for_all(|world, _| {
        let before = decisions(&world.policies, &world.choices, world);
        for field in ["author_age", "region", "audience", "category", "conversation", "created_at", "collected_at"] {
            let mut less = world.clone();
            let forget = |line: &String| -> Option<String> {
                let mut item: Value = serde_json::from_str(line).ok()?;
                if field == "conversation" && !["", "message", "poem"].contains(&text(&item, "category")) {
                    return None;
                }
                item.as_object_mut()?.remove(field)?;
                Some(item.to_string())
            };
            for (line, item) in less.item_lines.iter_mut().zip(&mut less.items) {
                if let Some(shorter) = forget(line) {
                    *item = read_item(&shorter).unwrap();
                    *line = shorter;
                }
            }
            let after = decisions(&world.policies, &world.choices, &less);
            for (place, (before, after)) in before.iter().zip(&after).enumerate() {
                let (question, item) = at(world, place);
                let case = Case::of(world, item, question);
                assert!(before.keep() || !after.keep(), "without its {field} it passes\n{case}\n{before:#?}");
            }
        }
    });
}

#[test]
fn a_stricter_reading_keeps_no_more() {
    for_all(|world, _| {
        let holdings = Holdings::resolve(&world.choices);
        for question in &world.questions {
            let asked = |reading| Question { reading, ..question.clone() };
            let [stated, protective, consent] = Reading::ALL.map(|reading| Decider::new(&world.policies, &holdings, &asked(reading)));
            for (place, item) in world.items.iter().enumerate() {
                let [stated, protective, consent] = [&stated, &protective, &consent].map(|decider| decider.decide(item));
                let case = Case::of(world, place, question);
                assert!(!consent.keep() || protective.keep(), "consent keeps what protective withholds\n{case}\n{protective:#?}");
                assert!(!protective.keep() || stated.keep(), "protective keeps what stated withholds\n{case}\n{stated:#?}");
            }
        }
    });
}

/// Everyone a record names: its authors, and whom it is about.
fn named_in(item: &Item, policies: &PolicySet) -> BTreeSet<Account> {
    let about = item.about.iter().map(|about| &about.person);
    item.authors.0.iter().chain(about).flatten().filter_map(|name| policies.services.parse(name)).collect()
}

#[test]
fn an_objection_changes_exactly_the_records_by_or_about_its_sender() {
    for_all(|world, draw| {
        let person = draw.pick(&world.pools.people);
        let account = world.policies.services.parse(&person).unwrap();
        let linked = world.choices.iter().any(|choice| match &choice.act {
            Act::Link { to, .. } => *to == account || choice.person.as_ref() == Some(&account),
            _ => false,
        });
        if linked {
            return;
        }
        for question in &world.questions {
            // At the very moment asked about no consent can be later.
            let objection = json!({"id": "new", "person": person, "act": "object", "received_at": question.at.to_string()});
            let choices = read(world, &with(&world.choice_lines, &objection));
            let (before, after) = (Holdings::resolve(&world.choices), Holdings::resolve(&choices));
            let [before, after] = [&before, &after].map(|holdings| Decider::new(&world.policies, holdings, question));
            for (place, item) in world.items.iter().enumerate() {
                let mut expected = before.decide(item).reasons().to_vec();
                let mine =
                    |name: &Option<String>| name.as_deref().and_then(|name| world.policies.services.parse(name)).as_ref() == Some(&account);
                let no = |code| Reason::new(code).with_choice("new", None);
                expected.extend(item.authors.0.iter().any(mine).then(|| no(Code::Objected)));
                let about = item.about.iter().any(|about| mine(&about.person) && after.rules().relation_counts(about.relation));
                expected.extend(about.then(|| no(Code::AboutObjector)));
                if item.unreadable {
                    expected = before.decide(item).reasons().to_vec();
                }
                expected.sort();
                assert_eq!(after.decide(item).reasons(), expected, "{person}\n{}", Case::of(world, place, question));
            }
        }
    });
}

#[test]
fn an_opening_act_under_another_account_never_opens() {
    for_narrow(3, |world, draw| {
        let before = values(world);
        let account = |act: &Value| world.policies.services.parse(text(act, "person")).unwrap();
        // An unlink by one of the two ends is under an account that the link makes the person's own.
        let own_link = |act: &Value, choice: &Choice| match &choice.act {
            Act::Link { to, .. } => *to == account(act) || choice.person.as_ref() == Some(&account(act)),
            _ => false,
        };
        let mut acts = Vec::new();
        for _ in 0..4 {
            let person = if draw.chance(20) { "club:stranger".to_owned() } else { draw.pick(&world.pools.people) };
            let act = opening(draw, &world.pools, "new", &person, &before);
            let ends_own =
                text(&act, "act") == "unlink" && world.choices.iter().any(|choice| choice.id == text(&act, "of") && own_link(&act, choice));
            acts.extend((!ends_own).then_some(act));
        }
        adding(world, &acts, |act, item| !named_in(item, &world.policies).contains(&account(act)));
    });
}

#[test]
fn order_and_repetition_change_nothing() {
    for_all(|world, draw| {
        let before = decisions(&world.policies, &world.choices, world);
        let mut lines: Vec<String> = world.choice_lines.iter().flat_map(|line| vec![line.clone(); 1 + draw.below(2)]).collect();
        draw.shuffle(&mut lines);
        let after = decisions(&world.policies, &read(world, &lines), world);
        for (place, (before, after)) in before.iter().zip(&after).enumerate() {
            let (question, item) = at(world, place);
            assert_eq!(before, after, "as {lines:#?}\n{}", Case::of(world, item, question));
        }
    });
}

/// Other ids for the shipped policies and services, used in every text alike.
struct Renamed {
    policies: BTreeSet<String>,
    services: BTreeSet<String>,
}

impl Renamed {
    /// An id of a use or control, or a pattern of them, of a policy that has another name now.
    fn id(&self, text: &str) -> Option<String> {
        let (policy, name) = text.split_once('/')?;
        let name = match name.strip_suffix("/*") {
            _ if name == "*" => name.to_owned(),
            Some(name) => format!("{name}-too/*"),
            None => format!("{name}-too"),
        };
        // Written in another case it is still an id of that policy.
        self.policies.contains(&policy.to_ascii_lowercase()).then(|| format!("other-{policy}/{name}"))
    }

    /// An account of a service that has another name now.
    fn account(&self, text: &str) -> Option<String> {
        let (service, name) = text.split_once(':')?;
        self.services.contains(service).then(|| format!("elsewhere.{service}:{name}"))
    }

    /// Every string in a line of the exchange formats.
    fn line(&self, value: &mut Value) {
        match value {
            Value::String(text) => *text = self.id(text).or(self.account(text)).unwrap_or(std::mem::take(text)),
            Value::Array(list) => list.iter_mut().for_each(|one| self.line(one)),
            Value::Object(map) => map.iter_mut().filter(|(field, _)| *field != "id").for_each(|(_, one)| self.line(one)),
            _ => {}
        }
    }

    fn lines(&self, lines: &[String]) -> Vec<String> {
        let renamed = |line: &String| {
            let Ok(mut value) = serde_json::from_str(line) else { return line.clone() };
            self.line(&mut value);
            value.to_string()
        };
        lines.iter().map(renamed).collect()
    }

    /// The text of a policy version or of `services.toml`: quoted texts that are ids, where ids stand.
    fn toml(&self, text: &str) -> String {
        let mut section = String::new();
        let mut out = String::new();
        for line in text.split_inclusive('\n') {
            if line.starts_with('[') {
                section = line.trim().to_owned();
            }
            let key = line.split('=').next().unwrap_or_default().trim();
            let words: Vec<String> = line.split('"').map(str::to_owned).collect();
            let renamed = words.iter().enumerate().map(|(place, word)| match (section.as_str(), key) {
                _ if place % 2 == 0 => word.clone(),
                ("[policy]", "id") => format!("other-{word}"),
                ("[policy]", "services") | ("[[service]]", "id") => format!("elsewhere.{word}"),
                (_, "id" | "controls" | "continues" | "uses") => self.id(word).unwrap_or(word.clone()),
                _ => word.clone(),
            });
            out.push_str(&renamed.collect::<Vec<_>>().join("\""));
        }
        out
    }
}

/// Nothing hangs on what a policy, a use, a control or a service is called.
#[test]
fn names_of_policies_and_services_decide_nothing() {
    let given = shipped();
    let renamed = Renamed {
        policies: given.policies.keys().cloned().collect(),
        services: given.services.iter().map(|(id, _)| id.to_owned()).collect(),
    };
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../policies");
    let services = renamed.toml(&std::fs::read_to_string(folder.join("services.toml")).unwrap());
    let versions = given.policies.values().flat_map(|policy| policy.versions.iter().map(move |version| (&policy.id, version)));
    let files: Vec<PolicyFile> = versions
        .map(|(policy, version)| PolicyFile {
            path: format!("other-{policy}/{}.toml", version.id),
            folder: format!("other-{policy}"),
            stem: version.id.clone(),
            text: renamed.toml(&version.text),
        })
        .collect();
    let copied = read_policies(&files, Some(("services.toml", &services))).unwrap_or_else(|problems| panic!("{problems:#?}"));
    assert!(
        copied.policies.values().flat_map(|policy| &policy.versions).flat_map(|version| &version.uses).all(|one| one.id.ends_with("-too"))
    );

    let kept: usize = over_seeds(worlds(), |seed| {
        let world = World::under(&given, seed);
        let mut copy = world.clone();
        copy.choices = read_choices(&renamed.lines(&world.choice_lines).join("\n"), &copied.services).unwrap().choices;
        copy.items = renamed.lines(&world.item_lines).iter().map(|line| read_item(line).unwrap()).collect();
        for question in &mut copy.questions {
            question.use_id = renamed.id(&question.use_id).unwrap_or(question.use_id.clone());
        }
        let before = decisions(&given, &world.choices, &world);
        let after = decisions(&copied, &copy.choices, &copy);
        for (place, (before, after)) in before.iter().zip(&after).enumerate() {
            let (question, item) = at(&world, place);
            assert_eq!(before.reasons(), after.reasons(), "under other names\n{}", Case::of(&world, item, question));
        }
        before.iter().filter(|decision| decision.keep()).count()
    })
    .into_iter()
    .sum();
    assert!(kept > 0, "nothing passes, so nothing was shown");
}
