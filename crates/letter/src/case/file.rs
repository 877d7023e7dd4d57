//! The case file: TOML that the person keeps, reads and may change.
//!
//! ```toml
//! format = 1
//! controller = "meta"
//! name = "Meta Platforms Ireland Limited"  # what it is called; left out: its id is shown
//! kind = "objection"          # or "access"
//! country = "IE"              # whose public holidays count; left out: unknown
//!
//! [[event]]
//! day = "2025-05-26"
//! what = "sent"               # written, sent, received, extended, answered, reminded, complained
//! how = "email"               # sent and reminded: email, post, form, other
//!
//! [[event]]
//! day = "2025-06-20"
//! what = "answered"
//! outcome = "confirmation"    # answered: agreed, partly, refused, confirmation, asked-for-more, other
//! note = "…"
//! ```
//!
//! Due dates are not kept: they follow from the events. They are shown in comments, written anew each time.

use bezwaar_core::grammar::{Field, Node, Shape, optional, parse, required};
use bezwaar_core::problem::Problem;
use bezwaar_core::time::Day;

use super::{Case, Channel, Event, Outcome, RequestKind, What};
use crate::contacts::country_code;

const WHATS: &[&str] = &["written", "sent", "received", "extended", "answered", "reminded", "complained"];

/// The format of a case file.
pub const CASE_FILE: &[Field] = &[
    required("format", Shape::Int(1, 1), "version of this format"),
    required("controller", Shape::Text, "the controller's id in contacts.toml"),
    optional("name", Shape::Text, "what the controller is called; left out: its id is shown"),
    required("kind", Shape::Word(RequestKind::WORDS), "what was asked for"),
    optional("country", Shape::Text, "ISO 3166-1 code of the country whose public holidays count; left out: unknown"),
    optional("event", Shape::Tables(EVENT), "what happened"),
];

const EVENT: &[Field] = &[
    required("day", Shape::Day, "when"),
    required("what", Shape::Word(WHATS), "what happened"),
    optional("how", Shape::Word(Channel::WORDS), "how it was sent"),
    optional("outcome", Shape::Word(Outcome::WORDS), "what the answer was"),
    optional("note", Shape::Text, "a note of your own"),
];

/// Reads a case: everything, or all problems with their places.
pub fn read_case(path: &str, text: &str) -> Result<Case, Vec<Problem>> {
    let mut problems = Vec::new();
    let case = read(path, text, &mut problems);
    match case {
        Some(case) if problems.is_empty() => Ok(case),
        _ => {
            problems.sort_by_key(|problem| problem.span().start);
            Err(problems)
        }
    }
}

fn read(path: &str, text: &str, problems: &mut Vec<Problem>) -> Option<Case> {
    let table = parse(path, text, CASE_FILE, problems)?;
    if !problems.is_empty() {
        return None;
    }
    let root = Node::root(&table);
    let country = root.opt_text("country");
    if country.as_deref().is_some_and(|country| !country_code(country)) {
        let problem = Problem::new(path, root.span_of("country"), "this is no country");
        problems.push(problem.with_help("write its ISO 3166-1 code in capitals, such as IE, or leave it out"));
    }
    let mut case = Case::new(&root.text("controller"), RequestKind::lookup(&root.text("kind"))?, country.as_deref());
    case.name = root.opt_text("name");
    let mut events: Vec<(Event, Node<'_, '_>)> =
        root.tables("event").into_iter().filter_map(|node| Some((event(path, &node, problems)?, node))).collect();
    // By day; of one day in the order of the file.
    events.sort_by_key(|(event, _)| event.day);
    for (event, node) in events {
        if let Err(error) = case.note(event) {
            problems.push(Problem::new(path, node.span_of("day"), error.to_string()).with_help(error.help()));
        }
    }
    Some(case)
}

fn event(path: &str, node: &Node<'_, '_>, problems: &mut Vec<Problem>) -> Option<Event> {
    let how = node.opt_text("how").and_then(|word| Channel::lookup(&word));
    let outcome = node.opt_text("outcome").and_then(|word| Outcome::lookup(&word));
    let what = match node.text("what").as_str() {
        "written" => Some(What::Written),
        "sent" => how.map(What::Sent),
        "received" => Some(What::Received),
        "extended" => Some(What::Extended),
        "answered" => outcome.map(What::Answered),
        "reminded" => how.map(What::Reminded),
        _ => Some(What::Complained),
    };
    let mut problem = |name: &str, message: &str, help: &str| {
        problems.push(Problem::new(path, node.span_of(name), message).with_help(help));
    };
    match what {
        None if node.text("what") == "answered" => problem("what", "it is not said what the answer was", "add outcome = \"refused\""),
        None => problem("what", "it is not said how it was sent", "add how = \"email\""),
        Some(What::Answered(_)) => {}
        Some(_) if outcome.is_some() => problem("outcome", "only an answer has an outcome", "leave it out"),
        Some(_) => {}
    }
    if how.is_some() && !matches!(what, Some(What::Sent(_) | What::Reminded(_))) {
        problem("how", "only what was sent has a way it was sent", "leave it out");
    }
    Some(Event { day: Day::parse(&node.day("day")?).ok()?, what: what?, note: node.opt_text("note") })
}

/// Writes a case, with comments for who reads it. The same case and comments give the same bytes.
pub fn write_case(case: &Case, comments: &[String]) -> String {
    let mut text = String::new();
    for line in comments.iter().flat_map(|comment| comment.lines()) {
        let line: String = line.chars().filter(|letter| !letter.is_control()).collect();
        text.push_str(format!("# {line}").trim_end());
        text.push('\n');
    }
    text.push_str("format = 1\n");
    text.push_str(&format!("controller = {}\n", quoted(&case.controller)));
    if let Some(name) = &case.name {
        text.push_str(&format!("name = {}\n", quoted(name)));
    }
    text.push_str(&format!("kind = \"{}\"\n", case.kind.as_str()));
    if let Some(country) = &case.country {
        text.push_str(&format!("country = {}\n", quoted(country)));
    }
    for event in &case.events {
        text.push_str(&format!("\n[[event]]\nday = \"{}\"\n", event.day));
        let (what, how, outcome) = match event.what {
            What::Written => ("written", None, None),
            What::Sent(channel) => ("sent", Some(channel), None),
            What::Received => ("received", None, None),
            What::Extended => ("extended", None, None),
            What::Answered(outcome) => ("answered", None, Some(outcome)),
            What::Reminded(channel) => ("reminded", Some(channel), None),
            What::Complained => ("complained", None, None),
        };
        text.push_str(&format!("what = \"{what}\"\n"));
        if let Some(how) = how {
            text.push_str(&format!("how = \"{}\"\n", how.as_str()));
        }
        if let Some(outcome) = outcome {
            text.push_str(&format!("outcome = \"{}\"\n", outcome.as_str()));
        }
        if let Some(note) = &event.note {
            text.push_str(&format!("note = {}\n", quoted(note)));
        }
    }
    text
}

/// A text as a basic string of TOML.
fn quoted(text: &str) -> String {
    let mut found = String::from("\"");
    for letter in text.chars() {
        match letter {
            '"' | '\\' => found.extend(['\\', letter]),
            '\n' => found.push_str("\\n"),
            '\t' => found.push_str("\\t"),
            letter if letter.is_control() => found.push_str(&format!("\\u{:04X}", u32::from(letter))),
            letter => found.push(letter),
        }
    }
    found.push('"');
    found
}
