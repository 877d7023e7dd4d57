//! A use on a page: what, whose, who, what for, since when, what silence means, how to say no.

use bezwaar_core::policy::{Control, Declared, Default_, Dispute, DisputeHandling, Use, When};

use super::{MARK, Page, escape, escape_around, file_name, put, safe_link};
use crate::plain::capital;
use crate::speaker::list;
use crate::timeline::{MarkKind, row_of};

/// A term and what is said of it, both already escaped.
fn fact(found: &mut String, name: &str, text: &str) {
    put(found, format_args!("<dt>{}</dt>\n<dd>{text}</dd>", escape(name)));
}

/// What a use is called.
pub(super) fn title(page: &Page<'_>, one: &Use) -> String {
    page.own(&one.title)
}

/// Whether it is known that no control is offered.
fn no_way(one: &Use) -> bool {
    one.controls.is_empty() && one.control_first_offered == When::Never
}

/// A text as a sentence: a capital at its start, a stop at its end.
fn sentence(text: &str) -> String {
    let stop = if text.ends_with(['.', '?', '!', '…']) { "" } else { "." };
    format!("{}{stop}", capital(text))
}

fn disputes<'p>(page: &'p Page<'_>, one: &'p Use) -> impl Iterator<Item = &'p Dispute> {
    page.version.disputes.iter().filter(|dispute| dispute.uses.contains(&one.id))
}

/// Whether good sources differ on it being done at all. A dispute about some people or some records only does not say so of all.
fn doubted(page: &Page<'_>, one: &Use) -> bool {
    let whole = |dispute: &Dispute| dispute.age_below.is_none() && dispute.regions.is_none() && dispute.outside.is_none();
    let names = |dispute: &Dispute, keys: &[&str]| dispute.facts.iter().any(|fact| keys.contains(&fact.as_str()));
    let done = |dispute: &Dispute| dispute.facts.is_empty() || names(dispute, &["collection_began", "declared", "default"]);
    let withholds = |dispute: &Dispute| dispute.handling == DisputeHandling::Withhold && done(dispute);
    disputes(page, one).filter(|dispute| whole(dispute)).any(|dispute| withholds(dispute) || names(dispute, &["default"]))
}

/// Whether good sources differ on there being a way to say no. With a control that is known to be there since a day, a dispute about it is about
/// what it covers, or for whom.
fn no_doubted(page: &Page<'_>, one: &Use) -> bool {
    let names = |dispute: &Dispute, key: &str| dispute.facts.iter().any(|fact| fact == key);
    let offered = one.control_first_offered.day().is_some();
    let about = |dispute: &Dispute| names(dispute, "controls") && !(offered || names(dispute, "control_covers"));
    disputes(page, one).any(|dispute| about(dispute) || one.controls.is_empty() && names(dispute, "controls"))
}

/// Facts on which the short answer rests.
const ANSWER_FACTS: [&str; 5] = ["collection_began", "control_first_offered", "controls", "declared", "default"];

/// The disputes to name beside the short answer, as links.
pub(super) fn disputed(page: &Page<'_>, one: &Use) -> String {
    let about = |dispute: &&Dispute| {
        dispute.handling == DisputeHandling::Withhold || dispute.facts.iter().any(|fact| ANSWER_FACTS.contains(&fact.as_str()))
    };
    let link = |dispute: &Dispute| format!("<a href=\"#{}\">{}</a>", file_name(&dispute.id), escape(&dispute.id));
    let links: Vec<String> = disputes(page, one).filter(about).map(link).collect();
    if links.is_empty() {
        return String::new();
    }
    format!(" {}", escape_around(&page.say("short-disputed", &[("ids", MARK)]), MARK, &links.join(", ")))
}

/// What happens to a person who says nothing. What is disputed is not said as if it were known.
pub(super) fn silence(page: &Page<'_>, one: &Use) -> String {
    let unclear = one.controls.is_empty() && one.control_first_offered == When::Unknown;
    let key = match (one.declared, one.default) {
        (Declared::NonUse, _) => "non-use",
        (_, Default_::Unknown) => "default-unknown",
        _ if doubted(page, one) && no_doubted(page, one) => "doubted-both",
        _ if doubted(page, one) && unclear => "doubted-unclear",
        _ if doubted(page, one) => "doubted",
        (_, Default_::On) if no_doubted(page, one) => "default-on-doubted",
        (_, Default_::On) if unclear => "default-on-unclear",
        (_, Default_::On) if no_way(one) => "default-on-no-way",
        (_, Default_::On) => "default-on",
        (_, Default_::Off) => "default-off",
    };
    page.say(key, &[])
}

pub(super) fn section(page: &Page<'_>, one: &Use) -> String {
    let mut found = format!("<h2 id=\"{}\">{}</h2>\n<dl>\n", file_name(&one.id), title(page, one));
    let say = |key: &str| page.say(key, &[]);
    fact(&mut found, &say("what"), &escape(&data(page, one)));
    fact(&mut found, &say("about"), &escape(&people(page, one)));
    fact(&mut found, &say("who"), &escape(&recipients(page, one)));
    fact(&mut found, &say("purpose"), &page.own_as(&one.purpose, sentence));
    fact(&mut found, &say("since"), &since(page, one));
    let mut quiet = format!("<p>{}</p>", escape(&silence(page, one)));
    if let Some(promise) = &one.promise {
        let text = page.say("promise", &[("promise", MARK)]);
        quiet.push_str(&format!("<p>{}</p>", escape_around(&text, MARK, &page.own(promise))));
    }
    if one.declared == Declared::Practice {
        quiet.push_str(&format!("<p>{}</p>", escape(&say("practice"))));
    }
    fact(&mut found, &say("silence"), &quiet);
    fact(&mut found, &say("no"), &controls(page, one));
    if one.declared != Declared::NonUse {
        let objects = matches!(one.legal_basis.as_str(), "legitimate-interests" | "public-interest");
        fact(&mut found, &say("when"), &escape(&say(if objects { "when-object" } else { "when-any" })));
        fact(&mut found, &say("ground"), &escape(&page.speech.texts.ground(&one.legal_basis)));
    }
    for (key, text) in [("kept", &one.retention), ("deleted", &one.on_deletion)] {
        let text = if text == "unknown" { escape(&say("unknown")) } else { page.own(text) };
        fact(&mut found, &say(key), &text);
    }
    let questions: String = disputes(page, one).map(|dispute| format!("<li>{}</li>", page.question(dispute, true))).collect();
    if !questions.is_empty() {
        fact(&mut found, &say("disputed-here"), &format!("<ul>{questions}</ul>"));
    }
    let sources = one.sources.iter().chain(one.evidence.values().flatten()).cloned().collect::<Vec<_>>();
    fact(&mut found, &say("sources-of"), &page.cited(&sources));
    found.push_str("</dl>\n");
    found
}

/// A list with a word before its last.
fn data(page: &Page<'_>, one: &Use) -> String {
    sentence(&crate::speaker::data(&page.speech.texts, one))
}

fn people(page: &Page<'_>, one: &Use) -> String {
    let mut parts = vec![match one.min_age {
        Some(age) => page.say("age", &[("age", &age.to_string())]),
        None => page.say("any-age", &[]),
    }];
    match one.registered {
        Some(true) => parts.push(page.say("with-account", &[])),
        Some(false) => parts.push(page.say("without-account", &[])),
        None => {}
    }
    parts.push(if one.regions.is_some() {
        let regions: Vec<String> = one.regions_named.iter().map(|name| page.speech.texts.region(name)).collect();
        page.say("living", &[("regions", &list(&regions, &page.say("and", &[])))])
    } else {
        page.say("everywhere", &[])
    });
    format!("{}.", capital(&parts.join(", ")))
}

fn recipients(page: &Page<'_>, one: &Use) -> String {
    let name = |id: &String| match page.speech.words.recipient.get(id) {
        Some(words) => words.clone(),
        None if id == "third:*" => page.say("third", &[]),
        None => id.strip_prefix("third:").unwrap_or(id).to_owned(),
    };
    let names: Vec<String> = one.recipients.iter().map(name).collect();
    let names = list(&names, &page.say("and", &[]));
    // A name keeps its own first letter.
    if one.recipients.first().is_some_and(|id| id == "third:*") { sentence(&names) } else { format!("{names}.") }
}

/// The four dates, the gap, and what is taken out.
fn since(page: &Page<'_>, one: &Use) -> String {
    let texts = &page.speech.texts;
    let row = row_of(page.policy, one, page.options.today).said(|text| page.speech.words.say(text));
    let class = if row.gap.lacking() { " class=\"alarm\"" } else { "" };
    let mut found = format!("<p{class}>{}.</p>\n<ul>\n", escape(&capital(&row.gap_words(texts))));
    for kind in MarkKind::ALL {
        if let Some(line) = row.fact(texts, kind) {
            put(&mut found, format_args!("<li>{}</li>", escape(&capital(&line))));
        }
    }
    found.push_str("</ul>");
    for words in row.taken_out_words(texts) {
        found.push_str(&format!("<p>{}.</p>", escape(&capital(&words))));
    }
    found
}

fn controls(page: &Page<'_>, one: &Use) -> String {
    if one.declared == Declared::NonUse && one.controls.is_empty() {
        return escape(&page.say("no-need", &[]));
    }
    let controls: Vec<&Control> = one.controls.iter().filter_map(|id| page.version.lookup_control(id)).collect();
    if controls.is_empty() {
        let key = match no_way(one) {
            _ if no_doubted(page, one) => "no-way-doubted",
            true => "no-way",
            false => "no-way-unclear",
        };
        let write = page.version.contact.as_ref().map(|_| format!(" <a href=\"#company\">{}</a>", escape(&page.say("write", &[]))));
        return format!("<span class=\"alarm\">{}</span>{}", escape(&page.say(key, &[])), write.unwrap_or_default());
    }
    controls.into_iter().map(|one| control(page, one)).collect()
}

fn control(page: &Page<'_>, one: &Control) -> String {
    let title = page.own(&one.title);
    let title = match one.url.as_deref().and_then(safe_link) {
        Some(url) => format!("<a href=\"{}\">{title}</a>", escape(url)),
        None => title,
    };
    let offered = if one.details.at_latest.contains("first_offered") { "offered-latest" } else { "offered" };
    let mut lines = vec![page.say(offered, &[("date", &page.speech.texts.when(one.first_offered))])];
    let details = &one.details;
    let known = [
        (details.requires_login, Some("login"), Some("no-login")),
        (details.reason_required, Some("reason"), Some("no-reason")),
        (details.id_document_required, Some("id-document"), None),
        (details.conditional, Some("conditional"), None),
    ];
    for (fact, yes, no) in known {
        let key = fact.and_then(|holds| if holds { yes } else { no });
        lines.extend(key.map(|key| page.say(key, &[])));
    }
    let mut found = format!("<div class=\"control\"><p><strong>{title}</strong></p><p>{}</p>", escape(&lines.join(" ")));
    if let Some(text) = &details.covers {
        let (key, grade) = covers(page, one, text);
        let line = page.say(key, &[("covers", MARK), ("grade", &grade)]);
        found.push_str(&format!("<p>{}</p>", escape_around(&line, MARK, &page.own(text))));
    }
    if let Some(text) = &details.deadline {
        let line = page.say("deadline", &[("deadline", MARK)]);
        found.push_str(&format!("<p>{}</p>", escape_around(&line, MARK, &page.own(text))));
    }
    if details.deadline.is_some() && details.deadline_closes_right == Some(false) {
        found.push_str(&format!("<p>{}</p>", escape(&page.say("deadline-open", &[]))));
    }
    found.push_str(&format!("<p>{}</p></div>\n", page.cited(&one.sources)));
    found
}

/// Grades of evidence, the best first.
const GRADES: [&str; 6] = ["P", "R", "S", "W", "K", "D"];

/// Whose words the text of a control is in, as a key, and the best grade behind it: the company's own only when it is quoted from there.
fn covers(page: &Page<'_>, one: &Control, text: &str) -> (&'static str, String) {
    let sources = one.sources_of("covers").iter().filter_map(|id| page.version.lookup_source(id));
    let grades: Vec<&str> = sources.map(|source| source.grade.as_str()).collect();
    let best = GRADES.into_iter().find(|grade| grades.contains(grade)).unwrap_or("D");
    let quoted = text.contains('“') && text.contains('”');
    let key = match best {
        "P" if quoted => "covers",
        "P" => "covers-ours",
        _ => "covers-others",
    };
    (key, page.speech.texts.grade(best))
}
