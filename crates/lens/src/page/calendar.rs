//! The dates of a policy as an iCalendar file (RFC 5545).

use bezwaar_core::policy::{Policy, When};
use bezwaar_core::time::Day;

use super::{Speech, is_text};
use crate::timeline::{MarkKind, timeline};

/// Most bytes of a line before it is folded, without its end (RFC 5545, section 3.1).
pub const FOLD_BYTES: usize = 75;

/// A calendar of the days that are known: one event of a whole day each.
///
/// An event's id follows from what it is about and not from its day, so that a corrected day moves the event.
pub fn calendar(policy: &Policy, speech: &Speech, today: Day) -> String {
    let texts = &speech.texts;
    let found = timeline(policy, today).said(|text| speech.words.say(text));
    let policy_title = &found.title;
    let page = texts.page("title", &[("title", policy_title)]);
    let mut events: Vec<(String, Day, String)> = Vec::new();
    for row in &found.rows {
        for (kind, when) in &row.marks {
            if let When::Day(day) = when {
                let key = match kind {
                    MarkKind::Announced => "event-announced",
                    MarkKind::Effective => "event-effective",
                    MarkKind::Collection => "event-collection",
                    MarkKind::Control => "event-control",
                };
                let mut summary = texts.page(key, &[("title", &row.title)]);
                let disputed = row.disputes_of(*kind);
                if !disputed.is_empty() {
                    summary = texts.page("event-disputed", &[("event", &summary), ("ids", &disputed.join(", "))]);
                }
                events.push((format!("{}.{}", row.use_id, kind.key()), *day, summary));
            }
        }
    }
    for version in &policy.versions {
        let summary = texts.page(if is_text(version) { "event-version" } else { "event-practice" }, &[("title", policy_title)]);
        events.push((format!("{}@{}", policy.id, version.id), version.effective, summary));
    }
    let mut out = Lines { text: String::new() };
    out.put("BEGIN:VCALENDAR");
    out.put("VERSION:2.0");
    out.put("PRODID:-//Bezwaar//policy dates//EN");
    out.put("CALSCALE:GREGORIAN");
    out.put(&format!("X-WR-CALNAME:{}", escaped(&page)));
    for (id, day, summary) in &events {
        out.put("BEGIN:VEVENT");
        out.put(&format!("UID:{}.{}@bezwaar.invalid", uid(id), speech.language.code()));
        out.put(&format!("DTSTAMP:{}T000000Z", digits(today)));
        out.put(&format!("DTSTART;VALUE=DATE:{}", digits(*day)));
        out.put(&format!("SUMMARY;LANGUAGE={}:{}", speech.language.code(), escaped(summary)));
        out.put(&format!("DESCRIPTION:{}", escaped(&texts.page("event-more", &[("page", &page)]))));
        out.put("TRANSP:TRANSPARENT");
        out.put("END:VEVENT");
    }
    out.put("END:VCALENDAR");
    out.text
}

struct Lines {
    text: String,
}

impl Lines {
    /// A content line, folded so that no letter is cut.
    fn put(&mut self, line: &str) {
        let mut used = 0;
        for letter in line.chars() {
            if used + letter.len_utf8() > FOLD_BYTES {
                self.text.push_str("\r\n ");
                used = 1;
            }
            self.text.push(letter);
            used += letter.len_utf8();
        }
        self.text.push_str("\r\n");
    }
}

/// RFC 5545, section 3.3.11; other controls are not allowed in a text.
fn escaped(text: &str) -> String {
    let mut found = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '\\' | ';' | ',' => found.extend(['\\', letter]),
            '\n' => found.push_str("\\n"),
            letter if letter.is_control() => {}
            letter => found.push(letter),
        }
    }
    found
}

fn uid(text: &str) -> String {
    text.chars().map(|letter| if letter.is_ascii_alphanumeric() || matches!(letter, '-' | '.') { letter } else { '-' }).collect()
}

fn digits(day: Day) -> String {
    let (year, month, date) = day.parts();
    format!("{year:04}{month:02}{date:02}")
}
