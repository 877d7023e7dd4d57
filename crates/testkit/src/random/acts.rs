//! Random choices, as lines of the exchange format.

use bezwaar_core::time::Instant;
use serde_json::{Map, Value, json};

use super::draw::Draw;
use super::pools::{ITEM_PATTERNS, Pools, SIGNALS};

/// Everything that people do.
const ALL: &[&str] = &[
    "object",
    "object",
    "object",
    "object",
    "link",
    "link",
    "link",
    "consent",
    "consent",
    "set",
    "set",
    "withdraw",
    "withdraw",
    "withdraw-consent",
    "unlink",
    "erase",
    "signal",
    "answer",
];
/// Acts that meet each other.
const THEMES: [&[&str]; 5] = [
    &["object", "link", "link", "link", "unlink", "consent", "withdraw"],
    &["object", "link", "link", "consent", "withdraw"],
    &["set", "set", "set", "set", "link", "unlink"],
    &["object", "consent", "consent", "withdraw", "withdraw-consent", "signal"],
    &["set", "consent", "signal", "withdraw-consent"],
];

/// Random acts that can be read together, each with an id of its own. In a narrow world they have a theme.
pub(super) fn choices(draw: &mut Draw, pools: &Pools, most: usize) -> Vec<String> {
    let theme = if pools.narrow { draw.pick(&THEMES) } else { ALL };
    let mut acts: Vec<Value> = Vec::new();
    for place in 0..draw.below(most + 1) {
        let kind = if !pools.narrow && draw.chance(2) { "haunt" } else { draw.pick(theme) };
        acts.push(act(draw, pools, kind, &format!("c-{place}"), &acts));
    }
    acts.iter().map(Value::to_string).collect()
}

/// Some closing act of somebody.
pub fn closing(draw: &mut Draw, pools: &Pools, id: &str, before: &[Value]) -> Value {
    loop {
        let kind = draw.pick(&["object", "set", "withdraw-consent", "erase", "signal", "haunt"]);
        let one = act(draw, pools, kind, id, before);
        let off = text(&one, "act") == "set" && text(&one, "to") == "off";
        if off || ["object", "withdraw-consent", "erase", "signal", "haunt"].contains(&text(&one, "act")) {
            return one;
        }
    }
}

/// Some link between two people.
pub fn link(draw: &mut Draw, pools: &Pools, id: &str) -> Value {
    let mut one = head(draw, pools, id, "link");
    put(&mut one, "to", draw.pick(&pools.people));
    if draw.chance(30) {
        put(&mut one, "how", draw.pick(&["accounts-centre", "same-person", "renamed", "organisation"]));
    }
    one
}

/// Some opening act under an account that names none of the acts of others, or does (which must open nothing).
pub fn opening(draw: &mut Draw, pools: &Pools, id: &str, person: &str, before: &[Value]) -> Value {
    loop {
        let kind = draw.pick(&["set", "withdraw", "consent", "unlink"]);
        let mut one = act(draw, pools, kind, id, before);
        let on = text(&one, "act") == "set" && text(&one, "to") == "on";
        if on || ["withdraw", "consent", "unlink"].contains(&text(&one, "act")) {
            put(&mut one, "person", person.to_owned());
            return one;
        }
    }
}

/// A field of an act, as text.
pub fn text<'v>(act: &'v Value, field: &str) -> &'v str {
    act.get(field).and_then(Value::as_str).unwrap_or_default()
}

fn act(draw: &mut Draw, pools: &Pools, kind: &str, id: &str, before: &[Value]) -> Value {
    let named: Vec<&Value> = before
        .iter()
        .filter(|one| match kind {
            "withdraw" => text(one, "act") == "object",
            "withdraw-consent" => text(one, "act") == "consent",
            "unlink" => text(one, "act") == "link",
            _ => true,
        })
        .collect();
    let of = draw.pick(&named.iter().map(|one| text(one, "id").to_owned()).collect::<Vec<_>>());
    if ["withdraw", "withdraw-consent", "unlink", "answer"].contains(&kind) {
        if of.is_empty() {
            return link(draw, pools, id);
        }
        let mut one = head(draw, pools, id, kind);
        // Most take back their own.
        let owner = named
            .iter()
            .find(|one| text(one, "id") == of)
            .map(|one| draw.pick(&[text(one, "person"), text(one, "person"), text(one, "to")]));
        if let Some(owner) = owner.filter(|owner| draw.chance(70) && owner.contains(':')) {
            put(&mut one, "person", owner);
        }
        put(&mut one, "of", of);
        if kind == "answer" {
            put(&mut one, "outcome", draw.pick(&["upheld", "refused", "void"]));
        }
        return one;
    }
    let mut one = head(draw, pools, id, kind);
    match kind {
        "link" => return link(draw, pools, id),
        "object" => {
            lists(draw, &mut one, "uses", 55, |draw| use_pattern(draw, pools));
            lists(draw, &mut one, "recipients", 20, |draw| recipient_pattern(draw, pools));
            lists(draw, &mut one, "items", 20, |draw| draw.pick(&ITEM_PATTERNS).to_owned());
        }
        "consent" => {
            if draw.chance(85) {
                put(&mut one, "uses", vec![draw.pick(&pools.uses)]);
            } else {
                lists(draw, &mut one, "uses", 80, |draw| use_pattern(draw, pools));
            }
            lists(draw, &mut one, "recipients", 25, |draw| recipient_pattern(draw, pools));
        }
        "set" => {
            put(&mut one, "control", draw.pick(&pools.controls));
            if text(&one, "control").is_empty() {
                put(&mut one, "control", "club/nope".to_owned());
            }
            put(&mut one, "to", if draw.chance(4) { "sideways" } else { draw.pick(&["off", "on", "on"]) });
        }
        "erase" => lists(draw, &mut one, "items", 80, |draw| draw.pick(&ITEM_PATTERNS).to_owned()),
        "signal" => put(&mut one, "signal", draw.pick(&SIGNALS)),
        _ => {}
    }
    one
}

fn head(draw: &mut Draw, pools: &Pools, id: &str, kind: &str) -> Value {
    let moment = |draw: &mut Draw| json!(pick_moment(draw, pools).to_string());
    let mut one = json!({"id": id, "person": draw.pick(&pools.people), "act": kind, "received_at": moment(draw)});
    if draw.chance(15) {
        put(&mut one, "recorded_at", moment(draw));
    }
    if draw.chance(12) {
        put(&mut one, "by", draw.pick(&["self", "parent", "guardian", "agent"]));
    }
    if draw.chance(20) {
        put(&mut one, "channel", draw.pick(&["form", "api", "setting", "mail", "post", "signal", "import"]));
    }
    one
}

pub(super) fn pick_moment(draw: &mut Draw, pools: &Pools) -> Instant {
    let place = draw.below(pools.instants.len());
    pools.instants.get(place).copied().unwrap_or(pools.last)
}

fn use_pattern(draw: &mut Draw, pools: &Pools) -> String {
    let id = draw.pick(&pools.uses);
    let policy = id.split('/').next().unwrap_or_default();
    match draw.below(12) {
        0 => "*".to_owned(),
        1 => format!("{policy}/*"),
        2 => format!("{policy}*"),
        3 if draw.chance(40) => format!("{policy}/{}", draw.pick(&["nope", "nope/*"])),
        4 if draw.chance(40) => id.to_ascii_uppercase(),
        5 if draw.chance(30) => format!("{}/*", policy.to_ascii_uppercase()),
        _ => id,
    }
}

fn recipient_pattern(draw: &mut Draw, pools: &Pools) -> String {
    match draw.below(8) {
        0 => "*".to_owned(),
        1 => draw.pick(&["third:*", "Third:*"]).to_owned(),
        2 if draw.chance(40) => draw.pick(&pools.recipients).to_ascii_uppercase(),
        _ => draw.pick(&pools.recipients),
    }
}

/// Puts a list in so many of a hundred, seldom without entries.
fn lists(draw: &mut Draw, one: &mut Value, field: &str, percent: u32, mut entry: impl FnMut(&mut Draw) -> String) {
    if draw.chance(percent) {
        let many = if draw.chance(4) { 0 } else { 1 + draw.below(2) };
        let list: Vec<String> = (0..many).map(|_| entry(draw)).collect();
        put(one, field, list);
    }
}

/// Sets a field of an object.
pub(super) fn put(object: &mut Value, field: &str, value: impl Into<Value>) {
    if !object.is_object() {
        *object = Value::Object(Map::new());
    }
    if let Some(map) = object.as_object_mut() {
        map.insert(field.to_owned(), value.into());
    }
}
