//! A case in words, for its owner.

use bezwaar_core::time::Day;

use super::{Case, Next, Status, What};
use crate::texts::Texts;

/// The case in lines: what was sent and received, when the answer may be expected and until when it is in time, and what happened.
pub fn describe(case: &Case, controller: &str, status: &Status, texts: &Texts) -> Vec<String> {
    let mut lines = vec![texts.say("case", &format!("title-{}", case.kind.as_str()), &[("controller", controller)])];
    let day = |day: Day| texts.day_of_week(day);
    match case.sent() {
        None => lines.push(texts.raw("case", "not-sent").to_owned()),
        Some((sent, channel)) => {
            let channel = texts.raw("channel", channel.as_str());
            lines.push(texts.say("case", "sent", &[("day", &day(sent)), ("channel", channel)]));
        }
    }
    match (case.received(), case.counted_from()) {
        (Some(received), _) => lines.push(texts.say("case", "received", &[("day", &day(received))])),
        (None, Some(from)) => lines.push(texts.say("case", "received-presumed", &[("day", &day(from))])),
        (None, None) => {}
    }
    if let Some(first) = status.first {
        lines.push(texts.say("case", "expected", &[("day", &day(first.expected))]));
        if status.extended.is_none() && first.latest != first.expected {
            lines.push(texts.say("case", "deferred", &[("day", &day(first.latest))]));
        }
    }
    if let Some((extended, on)) = status.extended.zip(case.extended()) {
        lines.push(texts.say("case", "extended", &[("day", &day(on)), ("until", &day(extended.expected))]));
        if extended.latest != extended.expected {
            lines.push(texts.say("case", "deferred", &[("day", &day(extended.latest))]));
        }
    }
    if let (Some(first), None, Some(on)) = (status.first, status.extended, case.extended()) {
        lines.push(texts.say("case", "extended-late", &[("day", &day(on)), ("latest", &day(first.latest))]));
    }
    if status.first.is_some() && !status.holidays_known {
        lines.push(texts.raw("case", "holidays-unknown").to_owned());
    }
    lines
}

/// What happened besides, by day, with the person's notes.
pub fn describe_events(case: &Case, texts: &Texts) -> Vec<String> {
    let mut lines = Vec::new();
    for event in &case.events {
        let day = texts.day_of_week(event.day);
        match event.what {
            What::Written => lines.push(texts.say("case", "written", &[("day", &day)])),
            What::Reminded(channel) => {
                let channel = texts.raw("channel", channel.as_str());
                lines.push(texts.say("case", "reminded", &[("day", &day), ("channel", channel)]));
            }
            What::Answered(outcome) => {
                let outcome = texts.raw("case", &format!("outcome-{}", outcome.as_str()));
                lines.push(texts.say("case", "answered", &[("day", &day), ("outcome", outcome)]));
            }
            What::Complained => lines.push(texts.say("case", "complained", &[("day", &day)])),
            What::Sent(_) | What::Received | What::Extended => {}
        }
        lines.extend(event.note.iter().map(|note| texts.say("case", "note", &[("note", note)])));
    }
    lines
}

/// What next, in a line.
pub fn describe_next(next: Next, texts: &Texts) -> String {
    let (key, day) = match next {
        Next::Send => ("next-send", None),
        Next::Wait(due) => ("next-wait", Some(due.latest)),
        Next::Reply => ("next-reply", None),
        Next::Remind => ("next-remind", None),
        Next::WaitAfterReminder(until) => ("next-wait-reminder", Some(until)),
        Next::Complain => ("next-complain", None),
        Next::Disagree => ("next-disagree", None),
        Next::Authority => ("next-authority", None),
        Next::Closed => ("next-closed", None),
    };
    let day = day.map(|day| texts.day_of_week(day)).unwrap_or_default();
    let what = texts.say("case", key, &[("day", &day)]);
    texts.say("case", "next", &[("what", &what)])
}
