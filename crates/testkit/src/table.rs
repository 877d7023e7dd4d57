//! What the shipped policies come to: a table of decisions about one ordinary record per use, for `docs/decisions.md`.

use std::fmt::Write as _;

use bezwaar_core::account::Kind;
use bezwaar_core::item::{AgeBand, Audience, Authors, Category, ChatKind, Conversation, Item};
use bezwaar_core::policy::{Policy, PolicySet, Use};
use bezwaar_core::time::{Day, Instant, Interval, Zone};
use bezwaar_core::{Code, Holdings, Question, Reading, decide};

/// The days of the table: around those on which something began, and the last of them long after.
const DAYS: [&str; 8] = ["2024-05-06", "2024-07-16", "2024-09-05", "2024-11-16", "2025-03-21", "2025-05-26", "2025-05-28", "2026-09-01"];
/// The day of the two small tables.
const LAST: &str = "2026-09-01";

const HEAD: &str = "\
# What the shipped policies come to

Generated from `policies/` by a test; do not edit. To write it anew: `BEZWAAR_REGENERATE=1 cargo test -p bezwaar-core --test it generated`.

One ordinary record per use, of a person who said nothing: a public post (for uses of chats a message in a chat with an AI) of an adult in
the Netherlands with an account (for uses of people without one: without), made on 1 March 2024 and collected on 1 October 2024.
It is asked at noon UTC of each day. On the days before October 2024 the day of collection lies in the future and so counts as unknown.
*Keep* means that nothing known speaks against the record; it is not a legal basis.

";

/// The whole page, as Markdown.
pub fn decisions_page(policies: &PolicySet) -> String {
    let mut page = HEAD.to_owned();
    let adult = |_: &mut Item| {};
    for (policy, one) in uses_of(policies) {
        let _ = write!(page, "## `{}`\n\n{}: {}. Recipient asked: `{}`.\n\n", one.id, one.title, thing(one), recipient(one));
        head_row(&mut page, "at");
        for day in DAYS {
            row(&mut page, policies, policy, one, day, day, adult);
        }
        page.push('\n');
    }
    page.push_str("## The same records, of a 16-year-old\n\n");
    small(&mut page, policies, |item| item.author_age = AgeBand::try_new(16, 16));
    page.push_str("\n## The same records, with the region not known\n\n");
    small(&mut page, policies, |item| item.region = None);
    page
}

fn small(page: &mut String, policies: &PolicySet, change: impl Fn(&mut Item) + Copy) {
    let _ = write!(page, "At {LAST}.\n\n");
    head_row(page, "use");
    for (policy, one) in uses_of(policies) {
        row(page, policies, policy, one, LAST, &format!("`{}`", one.id), change);
    }
}

fn head_row(page: &mut String, first: &str) {
    let _ = writeln!(page, "| {first} | {} |", Reading::ALL.map(Reading::as_str).join(" | "));
    let _ = writeln!(page, "|---|---|---|---|");
}

fn row(page: &mut String, policies: &PolicySet, policy: &Policy, one: &Use, day: &str, name: &str, change: impl Fn(&mut Item)) {
    let mut item = record(policies, policy, one);
    change(&mut item);
    let cells = Reading::ALL.map(|reading| {
        let question = Question { use_id: one.id.clone(), recipient: recipient(one), at: noon(day), reading };
        let decision = decide(policies, &Holdings::default(), &item, &question);
        if decision.keep() { "**keep**".to_owned() } else { decision.codes().iter().map(Code::as_str).collect::<Vec<_>>().join(", ") }
    });
    let _ = writeln!(page, "| {name} | {} |", cells.join(" | "));
}

/// Every use by its first version, in the order of the versions.
fn uses_of(policies: &PolicySet) -> Vec<(&Policy, &Use)> {
    let mut found: Vec<(&Policy, &Use)> = Vec::new();
    for policy in policies.policies.values() {
        for one in policy.versions.iter().flat_map(|version| &version.uses) {
            if !found.iter().any(|(_, before)| before.id == one.id) {
                found.push((policy, one));
            }
        }
    }
    found
}

fn recipient(one: &Use) -> String {
    let first = one.recipients.first().map(String::as_str).unwrap_or_default();
    first.replace('*', "example")
}

fn takes_posts(one: &Use) -> bool {
    one.row_of(Category::Post).is_some()
}

fn thing(one: &Use) -> &'static str {
    match (takes_posts(one), one.registered) {
        (true, Some(false)) => "a public post of a person without an account",
        (true, _) => "a public post",
        (false, _) => "a message in a chat with an AI",
    }
}

fn record(policies: &PolicySet, policy: &Policy, one: &Use) -> Item {
    let service = policy.versions.first().and_then(|version| version.services.first()).map(String::as_str).unwrap_or_default();
    let by_phone = policies.services.iter().any(|(id, rule)| id == service && rule.digits == Kind::Phone);
    let author = match one.registered {
        Some(false) => "mail:someone@example.org".to_owned(),
        _ if by_phone => format!("{service}:31612345678"),
        _ => format!("{service}:1001"),
    };
    let post = takes_posts(one);
    Item {
        authors: Authors(vec![Some(author)]),
        category: Some(if post { Category::Post } else { Category::Message }),
        audience: post.then_some(Audience::Public),
        conversation: (!post).then_some(Conversation { kind: Some(ChatKind::Ai), ..Conversation::default() }),
        created_at: Some(Interval::exactly(noon("2024-03-01"))),
        collected_at: Some(Interval::exactly(noon("2024-10-01"))),
        author_age: AgeBand::try_new(34, 34),
        region: Some("NL".to_owned()),
        registered: Some(one.registered != Some(false)),
        ..Item::blank("a")
    }
}

#[expect(clippy::expect_used, reason = "the days are written above")]
fn noon(day: &str) -> Instant {
    Day::parse(day).expect("a day of the calendar").begins(&Zone::utc()).plus_micros(12 * 60 * 60 * 1_000_000)
}
