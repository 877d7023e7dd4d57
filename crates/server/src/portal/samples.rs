//! Every template in every language, with values that take every branch.
//!
//! A sample has everything; then each switch is turned, each list emptied and each thing that may be missing taken away, one at a time.

use std::collections::{BTreeMap, BTreeSet};

use minijinja::value::{Serde, Value};
use serde_json::{Value as Json, json};

use super::speech::{Speech, Speeches};
use super::templates::{TEMPLATES, Templates};

/// A template, values for all it uses, and which of them may be missing.
struct Sample {
    template: &'static str,
    values: Json,
    optional: &'static [&'static str],
}

/// Templates that others are made of.
const PARTS: [&str; 4] = ["layout.html", "macros.html", "team-layout.html", "team-macros.html"];
const HOSTILE: &str = "<script>alert('x')</script> & \"more\"";

fn sample(template: &'static str, values: Json, optional: &'static [&'static str]) -> Sample {
    Sample { template, values, optional }
}

fn samples() -> Vec<Sample> {
    let facts = json!([{"name": "Waarvoor", "lines": ["Alles", HOSTILE]}, {"name": "Leeg", "lines": []}]);
    let mut found = vec![
        sample(
            "about.html",
            json!({"policies": [{"name": "plein", "title": "Plein", "controller": "Plein BV", "short": "<p>Kort</p>"}]}),
            &[],
        ),
        sample("policy.html", json!({"title": HOSTILE, "body": "<h1>Beleid</h1>"}), &[]),
        object(),
        sample(
            "objection.html",
            json!({
                "number": "B-ABCD-EFGH", "received": "1 mei 2026 om 12:00 uur", "due": "1 juni 2026", "about": facts, "next": ["Dit", HOSTILE],
                "recorded": true, "authority": {"name": "AP", "url": "https://autoriteit.example/klacht"}, "here": "/nl/objection/B/t", "mailed": true,
                "from_now": "Vanaf nu", "proofs": [{"file": "receipt.tlog-proof", "account": null}, {"file": "receipt-2.tlog-proof", "account": HOSTILE}],
            }),
            &["/authority"],
        ),
        sample(
            "check.html",
            json!({"result": {"good": true, "title": "Goed", "text": HOSTILE, "about": facts, "notes": ["Let op"]}}),
            &["/result"],
        ),
        sample(
            "sign-in.html",
            json!({"to": "me", "wrong": [{"field": "mail", "text": HOSTILE}], "oidc": "Plein", "hand_over": true, "mail": "yes", "form": "mark"}),
            &["/oidc"],
        ),
        // No way to sign in at all.
        sample("sign-in.html", json!({"to": "me", "wrong": [], "oidc": null, "hand_over": false, "mail": false, "form": "mark"}), &[]),
        sample("hand-over.html", json!({"account": HOSTILE, "form": "mark"}), &[]),
        mine(),
        sample(
            "releases.html",
            json!({"rows": [
                {"day": "1 mei 2026", "recipient": HOSTILE, "title": "Berichten", "state": "Niets van jou", "countersigned": true, "proof": "/nl/me/releases/1", "number": 1, "present": false},
                {"day": "2 mei 2026", "recipient": "X", "title": "Berichten", "state": "Onbekend", "countersigned": false, "proof": null, "number": 2, "present": false},
            ]}),
            &[],
        ),
        sample("allow.html", json!({"title": HOSTILE, "undone": ["Bezwaar", HOSTILE], "form": "mark", "id": "meta/public-content"}), &[]),
        sample(
            "team-post.html",
            json!({"form": "mark", "rows": [{"number": 1, "kind": "antwoord", "act": "B-ABCD", "case": 3, "queued": "gisteren", "to": "aan het account"}]}),
            &["/rows/0/case"],
        ),
        sample("forget.html", json!({"means": "Alles", "form": "mark", "token": "token"}), &[]),
        sample("letters.html", json!({"controllers": [{"id": "x", "name": HOSTILE}]}), &[]),
        sample(
            "letter.html",
            json!({"name": HOSTILE, "text": HOSTILE, "mail": "a@b.example", "forms": [{"title": "Formulier", "url": "https://x.example/a?b=1&c=2"}]}),
            &["/mail"],
        ),
        sample("message.html", json!({"title": HOSTILE, "lines": ["Een", HOSTILE], "link": {"href": "/nl/", "text": "Terug"}}), &["/link"]),
    ];
    for purpose in ["confirm", "sign-in"] {
        found.push(sample("link.html", json!({"purpose": purpose, "number": "B-ABCD", "action": "/nl/link/token"}), &["/number"]));
    }
    found.extend(team());
    found
}

fn object() -> Sample {
    let values = json!({
        "for": "child", "everything": true, "mail": "a@b", "postal": HOSTILE, "name": HOSTILE, "find": HOSTILE, "reason": HOSTILE,
        "accounts": [{"service": "plein", "account": HOSTILE}, {"service": "", "account": "noor"}, {"service": "", "account": ""}],
    });
    let wrong: Vec<Json> = ["for", "scope", "accounts", "account-1", "account-2", "find", "mail"]
        .iter()
        .map(|field| json!({"field": field, "text": HOSTILE}))
        .collect();
    sample(
        "object.html",
        json!({
            "form": "mark", "uses": [{"id": "plein/posts", "title": "Berichten", "chosen": true}, {"id": "plein/chats", "title": "Chats", "chosen": false}],
            "recipients": [{"id": "plein-ai", "name": HOSTILE, "chosen": true}],
            "services": [{"id": "plein", "name": "Plein"}, {"id": "hof", "name": "Hof"}], "values": values, "wrong": wrong, "account": HOSTILE,
            "not_to": HOSTILE, "elsewhere": true,
        }),
        &["/account", "/elsewhere"],
    )
}

fn mine() -> Sample {
    let act = json!({
        "id": "B-ABCD", "title": "Bezwaar", "at": "2026-05-01T10:00:00Z", "moment": "1 mei 2026", "lines": [HOSTILE], "receipt": "/nl/objection/B/t",
        "can_withdraw": true, "form": "mark",
    });
    sample(
        "mine.html",
        json!({
            "account": HOSTILE, "wrong": [{"field": "main", "text": HOSTILE}], "said": "Gedaan", "signal": true, "form": "mark", "erase_form": "mark",
            "asked": [{"id": "B-ABCD", "number": "B-ABCD", "moment": "gisteren", "scope": HOSTILE}],
            "uses": [{"id": "plein/posts", "title": "Berichten", "state": "Nee", "can_object": true, "can_allow": true, "form": "mark"}],
            "controls": [{"id": "plein/chat", "title": "Chats", "state": "aan", "on": true, "to": "off", "label": "Chats", "action": "Zet uit", "form": "mark"}],
            "acts": [act], "links": [HOSTILE],
        }),
        &["/said", "/acts/0/receipt"],
    )
}

fn case() -> Json {
    json!({
        "number": 7, "received": "1 mei 2026", "due": "1 juni 2026", "late": true, "days": -3, "channel": "formulier", "state": "open", "provisional": true,
        "extended": true, "handler": HOSTILE,
    })
}

/// The pages of the privacy team.
fn team() -> Vec<Sample> {
    let reasons = json!([{"code": "a", "name": HOSTILE}]);
    let early = json!({"days": 3, "late": false});
    let mut on_time = case();
    for (name, value) in early.as_object().into_iter().flatten() {
        on_time.as_object_mut().expect("a case").insert(name.clone(), value.clone());
    }
    let wrong: Vec<Json> = ["account", "day", "sha256", "note"].iter().map(|field| json!({"field": field, "text": HOSTILE})).collect();
    let row = json!({"kind": "contact", "mark": "ab", "short": "ab", "count": 30});
    vec![
        team_case(),
        sample(
            "team-queue.html",
            json!({
                "open": 3, "late": 1, "provisional": 2, "given_up": 1, "show": "late", "search": "mark", "cases": [case(), on_time], "next": "/nl/team?page=2",
            }),
            &["/next", "/cases/0/handler"],
        ),
        sample(
            "team-person.html",
            json!({"account": HOSTILE, "cases": [case()], "acts": [{"id": "B-A", "title": "Bezwaar", "moment": "gisteren", "lines": [HOSTILE]}]}),
            &[],
        ),
        sample(
            "team-enter.html",
            json!({
                "form": "mark", "wrong": wrong, "kinds": reasons, "languages": ["nl", "en"],
                "values": {"account": HOSTILE, "day": "2026-05-01", "kind": "a", "sha256": "ab", "name": HOSTILE, "mail": "", "postal": HOSTILE, "note": "", "language": "en"},
            }),
            &[],
        ),
        sample(
            "team-floods.html",
            json!({
                "contacts": [row], "networks": [row], "hours": [{"hour": "1 mei om 12:00 uur", "count": 9, "share": 100}], "reasons": reasons,
                "approves": true, "form": "mark", "proposals": [{"name": "p", "reason": HOSTILE, "by": "noor", "own": false, "seen": 30, "href": "/nl/team?show=network"}],
            }),
            &[],
        ),
        sample(
            "team-matches.html",
            json!({"rows": [{"id": "B-A", "index": 3, "account": HOSTILE, "why": HOSTILE}], "next": "/nl/team/matches?page=1"}),
            &["/next", "/rows/0/id", "/rows/0/account"],
        ),
        sample(
            "team-looks.html",
            json!({"count": 3, "broken": 2, "rows": [{"number": 1, "at": "gisteren", "by": "noor", "what": HOSTILE, "why": HOSTILE}], "next": "/nl/team/looks"}),
            &["/broken", "/next"],
        ),
        sample(
            "team-numbers.html",
            json!({
                "total": 9, "open": 3, "late": 1, "provisional": 2, "answered": 4, "answered_late": 1, "median": 12, "supervisor": true,
                "rows": [{"day": "1 mei 2026", "opened": 3, "opened_share": 100, "answered": 1, "answered_share": 33}],
            }),
            &[],
        ),
    ]
}

fn team_case() -> Sample {
    let reasons = json!([{"code": "a", "name": HOSTILE}]);
    let act = json!({
        "id": "B-A", "index": 3, "title": "Bezwaar", "lines": [HOSTILE, "Alles"], "moment": "gisteren", "account": HOSTILE,
        "contact": [{"name": "Naam", "text": HOSTILE}],
    });
    sample(
        "team-case.html",
        json!({
            "case": case(), "acts": [act], "wrong": HOSTILE, "changes": [{"what": "geopend", "by": "noor", "at": "gisteren"}], "form": "mark",
            "answer": [HOSTILE], "answered": {"by": "noor", "at": "gisteren"}, "handles": true, "approves": true,
            "proposal": {"by": "noor", "own": false, "reason": HOSTILE}, "can_extend": true, "extended_to": "1 augustus 2026",
            "codes": [{"code": "a", "name": HOSTILE, "facts": [{"name": "b", "label": HOSTILE}]}],
            "reasons": reasons, "extensions": reasons, "evidence": [{"kind": "brief", "sha256": "ab"}], "kinds": reasons,
        }),
        &["/wrong", "/answer", "/proposal", "/acts/0/account"],
    )
}

fn site() -> Json {
    json!({
        "organisation": HOSTILE, "contact": "privacy@plein.example", "style": "/static/portal.css", "signed_in": true, "member": true, "sign_out": "mark",
        "languages": [{"code": "nl", "name": "Nederlands", "href": "/nl/object"}, {"code": "en", "name": "English", "href": "/en/object"}],
    })
}

/// The values themselves, and with each switch turned, each list emptied and each thing that may be missing taken away.
fn variants(values: &Json, optional: &[&str]) -> Vec<Json> {
    let mut places = Vec::new();
    walk(values, String::new(), &mut places);
    let mut found = vec![values.clone()];
    for (place, instead) in places.into_iter().chain(optional.iter().map(|place| ((*place).to_owned(), Json::Null))) {
        let mut changed = values.clone();
        *changed.pointer_mut(&place).expect("a place in the sample") = instead;
        found.push(changed);
    }
    found
}

fn walk(value: &Json, place: String, found: &mut Vec<(String, Json)>) {
    match value {
        Json::Bool(on) => found.push((place, Json::Bool(!on))),
        // A form has its rows of accounts whether they are filled in or not.
        Json::Array(items) if place.ends_with("/accounts") => {
            items.iter().enumerate().for_each(|(index, item)| walk(item, format!("{place}/{index}"), found));
        }
        Json::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                walk(item, format!("{place}/{index}"), found);
            }
            // One of several is a branch of its own: a list of one service needs no choice.
            if items.len() > 1 {
                found.push((place.clone(), Json::Array(items.iter().take(1).cloned().collect())));
            }
            found.push((place, Json::Array(Vec::new())));
        }
        Json::Object(fields) => fields.iter().for_each(|(name, field)| walk(field, format!("{place}/{name}"), found)),
        _ => {}
    }
}

fn both() -> Speeches {
    Speeches::of(&["nl".to_owned(), "en".to_owned()], &[], &BTreeMap::new()).expect("the texts that ship")
}

/// Every page there is a sample for, in a language.
fn pages(templates: &Templates, language: &str) -> Vec<(&'static str, String)> {
    let mut found = Vec::new();
    for sample in samples() {
        let mut whole = sample.values;
        whole.as_object_mut().expect("a sample is an object").insert("site".to_owned(), site());
        for values in variants(&whole, sample.optional) {
            let page = templates.render(language, sample.template, Value::from(Serde(&values)));
            let page = page.unwrap_or_else(|error| panic!("{language} {}: {error}\n{values:#}", sample.template));
            found.push((sample.template, page));
        }
    }
    found
}

#[test]
fn every_template_has_a_sample() {
    let sampled: BTreeSet<&str> = samples().iter().map(|sample| sample.template).chain(PARTS).collect();
    let all: BTreeSet<&str> = TEMPLATES.iter().map(|(name, _)| *name).collect();
    assert_eq!(sampled, all);
}

#[test]
fn every_page_is_whole_in_every_language_and_branch() {
    let speeches = both();
    let templates = Templates::of(&speeches).expect("templates");
    for speech in speeches.all() {
        for (name, page) in pages(&templates, &speech.code) {
            let found = faults(&page, speech);
            assert!(found.is_empty(), "{} {name}: {found:?}\n{page}", speech.code);
        }
    }
}

#[test]
fn every_text_a_template_names_is_on_one_of_its_pages() {
    let speeches = both();
    let templates = Templates::of(&speeches).expect("templates");
    for speech in speeches.all() {
        let pages = pages(&templates, &speech.code);
        for (name, source) in TEMPLATES {
            for key in source.split("t(\"").skip(1).filter_map(|rest| rest.split_once("\")").or_else(|| rest.split_once("\","))) {
                let key = key.0.split('"').next().unwrap_or_default();
                if !speech.has(key) {
                    // The first part of a key: `t("link.title-" ~ purpose)`.
                    assert!(speech.keys().any(|other| other.starts_with(key)), "{name}: no text `{key}`");
                    continue;
                }
                let text = speech.say(key, &[]);
                let start = text.split('{').next().unwrap_or_default().replace('&', "&amp;").replace('\'', "&#39;");
                let shown = pages.iter().any(|(other, page)| (*other == name || PARTS.contains(&name)) && page.contains(start.trim_end()));
                assert!(shown, "{}: {name} never shows `{key}`", speech.code);
            }
        }
    }
}

#[test]
fn a_value_that_is_missing_is_a_fault_and_never_an_empty_place() {
    let templates = Templates::of(&both()).expect("templates");
    let render = |values: Json| templates.render("nl", "message.html", Value::from(Serde(&values)));
    let whole = json!({"title": "x", "lines": [], "link": null, "site": site()});
    assert!(render(whole.clone()).is_ok());
    for place in ["/title", "/site/organisation", "/site/contact", "/site/style"] {
        let mut less = whole.clone();
        *less.pointer_mut(place).expect("a place") = Json::Null;
        assert!(render(less.clone()).is_err(), "{place} is null");
        let (parent, name) = place.rsplit_once('/').expect("a pointer");
        less.pointer_mut(parent).and_then(Json::as_object_mut).expect("an object").remove(name);
        assert!(render(less).is_err(), "{place} is not there");
    }
}

#[test]
fn the_test_of_pages_sees_faults() {
    let speech = &both().all()[0].clone();
    let around = |body: &str| format!("<!DOCTYPE html><html lang=\"nl\"><body id=\"b\">{body}</body></html>");
    assert_eq!(faults(&around("<p>goed <br> &amp; <a href=\"#b\">x</a></p>"), speech), Vec::<String>::new());
    for wrong in [
        "<p>",
        "</p>",
        "<p id=\"b\">x</p>",
        "<p class=\"a\" class=\"b\">x</p>",
        "<label for=\"c\">x</label>",
        "<a href=\"#c\">x</a>",
        "<p aria-describedby=\"b c\">x</p>",
        "<p>{{ x }}</p>",
        "<p>object.title</p>",
        "<a href=\"&#x2f;nl\">x</a>",
        "<p>{organisation}</p>",
        "<p title=x>x</p>",
        "<p>a & b</p>",
    ] {
        assert!(!faults(&around(wrong), speech).is_empty(), "{wrong}");
    }
}

/// What is wrong with a page: tags that do not match, ids that stand twice or lead nowhere, places that were not filled.
fn faults(page: &str, speech: &Speech) -> Vec<String> {
    let mut faults = Vec::new();
    for sign in ["{{", "{%", "&#x2f;", "&amp;amp;", "&amp;lt;"] {
        if page.contains(sign) {
            faults.push(format!("`{sign}` is on the page"));
        }
    }
    let (mut open, mut ids, mut named) = (Vec::new(), BTreeSet::new(), Vec::new());
    let mut pieces = page.split('<');
    pieces.next();
    for piece in pieces {
        let Some((tag, text)) = piece.split_once('>') else {
            faults.push(format!("`<{piece}` does not end"));
            continue;
        };
        faults.extend(text_faults(text, speech));
        if tag.starts_with('!') {
            continue;
        }
        if let Some(name) = tag.strip_prefix('/') {
            let last = open.pop();
            if last != Some(name) {
                faults.push(format!("`</{name}>` ends {last:?}"));
            }
            continue;
        }
        let (name, rest) = tag.split_once(char::is_whitespace).unwrap_or((tag, ""));
        if !["br", "img", "input", "link", "meta"].contains(&name) {
            open.push(name);
        }
        let mut seen = BTreeSet::new();
        for (attribute, value) in attributes(rest, &mut faults) {
            if !seen.insert(attribute) {
                faults.push(format!("`{attribute}` stands twice in `<{tag}>`"));
            }
            match attribute {
                "id" if !ids.insert(value) => faults.push(format!("the id `{value}` stands twice")),
                "for" | "aria-describedby" | "aria-labelledby" => named.extend(value.split_whitespace()),
                "href" => named.extend(value.strip_prefix('#')),
                _ => {}
            }
        }
    }
    faults.extend(open.iter().map(|name| format!("`<{name}>` does not end")));
    // `problems` of my page are about the page as a whole.
    faults.extend(named.iter().filter(|id| !ids.contains(*id)).map(|id| format!("there is no id `{id}`")));
    faults
}

fn text_faults(text: &str, speech: &Speech) -> Vec<String> {
    let words = text.split([' ', '\n']).filter(|word| word.contains('.') && speech.has(word));
    let mut found: Vec<String> = words.map(|key| format!("the name of the text `{key}` is on the page")).collect();
    if text.contains('{') {
        found.push(format!("a place in braces was not filled: `{}`", text.trim()));
    }
    if text.contains("& ") {
        found.push("a bare `&`".to_owned());
    }
    found
}

/// The attributes of a tag. Each value stands in double quotes.
fn attributes<'a>(mut rest: &'a str, faults: &mut Vec<String>) -> Vec<(&'a str, &'a str)> {
    let mut found = Vec::new();
    loop {
        rest = rest.trim_start();
        let end = rest.find(|letter: char| letter == '=' || letter.is_whitespace()).unwrap_or(rest.len());
        let (name, after) = rest.split_at(end);
        if name.is_empty() {
            if !after.is_empty() {
                faults.push(format!("no attribute: `{after}`"));
            }
            return found;
        }
        let Some(value) = after.strip_prefix('=') else {
            found.push((name, ""));
            rest = after;
            continue;
        };
        let quoted = value.strip_prefix('"').and_then(|value| value.split_once('"'));
        let Some((value, after)) = quoted else {
            faults.push(format!("the value of `{name}` is not in quotes"));
            return found;
        };
        found.push((name, value));
        rest = after;
    }
}
