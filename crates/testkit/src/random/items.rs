//! Random records, as lines of the exchange format.

use bezwaar_core::item::{Audience, Category, Relation};
use bezwaar_core::policy::{PolicySet, Use};
use serde_json::{Value, json};

use super::acts::{pick_moment, put};
use super::draw::Draw;
use super::pools::{ITEMS, Pools, REGIONS, day_text};

/// A random record; an empty line is one that could not be read. Half of them are made to fit some use, so that not all are withheld.
pub(super) fn item(draw: &mut Draw, pools: &Pools, set: &PolicySet) -> String {
    if draw.chance(1) {
        return String::new();
    }
    let mut one = json!({"id": draw.pick(&ITEMS)});
    match draw.below(20) {
        0 => {}
        1 => put(&mut one, "author", Value::Null),
        2 => put(&mut one, "author", json!([])),
        3 => put(&mut one, "author", json!([draw.pick(&pools.names), draw.pick(&pools.names)])),
        4 => put(&mut one, "author", json!([draw.pick(&pools.names), Value::Null])),
        5 => put(&mut one, "author", draw.pick(&pools.names)),
        _ => put(&mut one, "author", draw.pick(&pools.people)),
    }
    let wanted = draw.pick(&pools.uses);
    let mut uses = set.policies.values().flat_map(|policy| policy.versions.iter().rev().flat_map(|version| &version.uses));
    match uses.find(|one| one.id == wanted).filter(|_| draw.chance(65)) {
        Some(one_use) => fitting_facts(draw, pools, one_use, &mut one),
        None => any_facts(draw, pools, &mut one),
    }
    about(draw, pools, &mut one);
    if draw.chance(6) {
        put(&mut one, "deleted_at", time(draw, pools));
    }
    if draw.chance(3) {
        put(&mut one, "hold", draw.pick(&["legal", "safety", "court"]));
    }
    one.to_string()
}

fn fitting_facts(draw: &mut Draw, pools: &Pools, fits: &Use, one: &mut Value) {
    let row = fits.data.get(draw.below(fits.data.len()));
    let categories: Vec<Option<Category>> = row.iter().flat_map(|row| row.categories.iter().copied().map(Some)).collect();
    let category = draw.pick(&categories);
    if let Some(category) = category {
        put(one, "category", category.as_str());
    }
    let audiences = row.and_then(|row| row.audience.clone()).unwrap_or_default();
    let audience = draw.pick(&audiences.into_iter().map(Some).collect::<Vec<_>>()).or(draw.maybe(50, |_| Audience::Public));
    if let Some(audience) = audience {
        put(one, "audience", audience.as_str());
    }
    put(one, "author_age", draw.pick(&[json!(34), json!(21), json!("21-30"), json!("18-")]));
    let regions: Vec<String> = fits.regions.iter().flatten().map(ToString::to_string).collect();
    if draw.chance(90) {
        put(one, "region", if regions.is_empty() { draw.pick(&REGIONS).to_owned() } else { draw.pick(&regions) });
    }
    if category == Some(Category::Message) || draw.chance(4) {
        put(one, "conversation", json!({"kind": draw.pick(&["ai", "group", "direct"]), "ai_addressed": true}));
    }
    if let Some(registered) = fits.registered.filter(|_| draw.chance(50)) {
        put(one, "registered", registered);
    }
    for field in ["created_at", "collected_at"] {
        if draw.chance(80) {
            put(one, field, time(draw, pools));
        }
    }
}

fn any_facts(draw: &mut Draw, pools: &Pools, one: &mut Value) {
    if draw.chance(75) {
        put(one, "category", draw.pick(&["post", "comment", "message", "ai-interaction", "photo", "metadata", "poem"]));
    }
    if draw.chance(70) {
        put(one, "audience", draw.pick(&["public", "public", "restricted", "private", "friends"]));
    }
    if draw.chance(70) {
        let ages = [
            json!(12),
            json!(13),
            json!(15),
            json!(16),
            json!(17),
            json!(18),
            json!(40),
            json!(999),
            json!("16-20"),
            json!("18-"),
            json!("13-15"),
            json!("0-17"),
            json!(-1),
        ];
        put(one, "author_age", draw.pick(&ages));
    }
    if draw.chance(70) {
        put(one, "region", draw.pick(&REGIONS));
    }
    if draw.chance(25) {
        let mut conversation = json!({});
        if draw.chance(80) {
            put(&mut conversation, "kind", draw.pick(&["direct", "group", "ai", "forum"]));
        }
        if draw.chance(70) {
            put(&mut conversation, "ai_addressed", draw.chance(60));
        }
        if draw.chance(30) {
            put(&mut conversation, "ai_participant", draw.chance(50));
        }
        put(one, "conversation", conversation);
    }
    for field in ["created_at", "collected_at"] {
        if draw.chance(65) {
            put(one, field, time(draw, pools));
        }
    }
    if draw.chance(30) {
        put(one, "registered", draw.chance(60));
    }
}

fn about(draw: &mut Draw, pools: &Pools, one: &mut Value) {
    if !draw.chance(30) {
        return;
    }
    let words: Vec<&str> = Relation::NAMED.iter().map(|relation| relation.as_str()).chain(["ghost"]).collect();
    let mut list = Vec::new();
    for _ in 0..=draw.below(2) {
        let person = if draw.chance(4) { Value::Null } else { json!(draw.pick(&pools.names)) };
        list.push(match draw.below(6) {
            0 => person,
            1 => json!({"person": person}),
            _ => json!({"person": person, "as": draw.pick(&words)}),
        });
    }
    put(one, "about", list);
}

/// A time: a moment of the pool, its day, or one that cannot be right.
fn time(draw: &mut Draw, pools: &Pools) -> String {
    let moment = pick_moment(draw, pools);
    match draw.below(12) {
        0..=2 => day_text(moment),
        3 => "1985-06-01T00:00:00Z".to_owned(),
        4 => "2091-06-01".to_owned(),
        5 => pools.last.to_string(),
        6 => moment.plus_micros(-1).to_string(),
        _ => moment.to_string(),
    }
}
