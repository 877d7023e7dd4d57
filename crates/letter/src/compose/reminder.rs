//! The reminder, when the time for an answer is over: GDPR Art. 12(3) and (4). It says what was sent when.

use super::{ComposeError, FollowUp, Order, Writer};
use crate::case::{Channel, Outcome, REMINDER_DAYS, RequestKind};
use crate::due::add_days;
use crate::letter::Letter;
use crate::person::Who;

/// Composes a reminder. Only when the answer is late: after the last day on which it could come in time.
pub fn reminder(order: &Order<'_>, follow_up: &FollowUp<'_>) -> Result<Letter, ComposeError> {
    let case = follow_up.case;
    let (sent, channel) = case.sent().ok_or(ComposeError::NotSent)?;
    let status = case.status(order.date);
    let due = status.due().ok_or(ComposeError::NotSent)?;
    if case.answer().is_some() {
        return Err(ComposeError::Answered);
    }
    if order.date <= due.latest {
        return Err(ComposeError::NotDueYet(due.latest));
    }
    let mut writer = Writer::new(order)?;
    let kind = case.kind.as_str();
    let (sent, latest) = (writer.texts.day(sent), writer.texts.day(due.latest));
    let way = writer.say("channel", channel.as_str(), &[]);
    let mut opening = vec![writer.say("reminder", &format!("sent-{kind}"), &[("sent", &sent), ("channel", &way)])];
    match order.person.who {
        Who::Own => {}
        Who::Child => opening.push(writer.say("reminder", "for-child", &[])),
        Who::Authorised => opening.push(writer.say("reminder", "for-authorised", &[])),
        Who::NoAccount => opening.push(writer.say("reminder", "for-no-account", &[])),
    }
    if let Some(received) = case.received() {
        opening.push(writer.say("reminder", "received", &[("received", &writer.texts.day(received))]));
    }
    writer.paragraph(opening.join(" "));
    let post = channel == Channel::Post && case.received().is_none();
    let time = match (case.extended().filter(|_| status.extended.is_some()), post) {
        (Some(extended), _) => {
            let extended = writer.texts.day(extended);
            writer.say("reminder", "extended", &[("extended", &extended), ("latest", &latest)])
        }
        (None, true) => writer.say("reminder", "month-post", &[("latest", &latest)]),
        (None, false) => writer.say("reminder", "month", &[("latest", &latest)]),
    };
    let confirmed = case.responses().rev().find(|(_, outcome)| *outcome == Outcome::Confirmation);
    let none = match confirmed {
        Some((day, _)) => writer.say("reminder", "confirmed", &[("confirmed", &writer.texts.day(day))]),
        None => writer.say("reminder", "nothing", &[]),
    };
    writer.paragraph(format!("{time} {none}"));
    // Whoever said too late that it needs more time did say it.
    let law = if case.extended().is_some() { "law-extended" } else { "law" };
    writer.add("reminder", law, &[]);
    if case.kind == RequestKind::Objection {
        writer.add("reminder", "stands", &[]);
    }
    if let Some(remarks) = follow_up.remarks {
        writer.own_words(remarks);
    }
    let until = add_days(order.date, REMINDER_DAYS).unwrap_or(order.date);
    writer.add("reminder", "ask", &[("until", &writer.texts.day(until))]);
    writer.find(case.kind);
    let authority = writer.authority_name();
    writer.add("reminder", "hope", &[("authority", &authority)]);
    writer.paragraph(format!("{} {}", writer.reach(), writer.say("part", "thanks", &[])));
    let subject = writer.say("reminder", &format!("subject-{kind}"), &[("sent", &sent)]);
    Ok(writer.letter(subject, order.controller.into(), Vec::new()))
}
