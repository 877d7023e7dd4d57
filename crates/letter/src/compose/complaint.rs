//! The complaint to an authority: GDPR Art. 77. What happened is told as the case has it; what the person thinks of it is told as theirs.

use bezwaar_core::time::Day;

use super::{ComposeError, FollowUp, Order, Writer};
use crate::case::{Case, Outcome, What};
use crate::contacts::Authority;
use crate::letter::{Block, Letter};

/// Composes a complaint to `order.authority`. `lead` is the authority of the controller's country, if it is another one.
pub fn complaint(order: &Order<'_>, follow_up: &FollowUp<'_>, lead: Option<&Authority>) -> Result<Letter, ComposeError> {
    let case = follow_up.case;
    let authority = order.authority.ok_or(ComposeError::NoAuthority)?;
    let (sent, _) = case.sent().ok_or(ComposeError::NotSent)?;
    let due = case.status(order.date).due().ok_or(ComposeError::NotSent)?;
    let remarks = follow_up.remarks.filter(|remarks| !remarks.trim().is_empty());
    let answer = case.answer();
    let late = answer.is_none() && order.date > due.latest;
    match answer {
        Some((_, Outcome::Agreed)) if remarks.is_none() => return Err(ComposeError::NothingToComplain),
        None if !late && remarks.is_none() => return Err(ComposeError::NotDueYet(due.latest)),
        _ => {}
    }
    let mut writer = Writer::new(order)?;
    writer.add("complaint", writer.opening_key(), &[]);
    let address = writer.texts.address(&order.controller.address);
    let controller = [order.controller.name.clone()].into_iter().chain(address).collect::<Vec<_>>().join(", ");
    writer.add("complaint", "about", &[("controller", &controller)]);
    writer.add("complaint", "history", &[]);
    let history = writer.history(case, late.then_some(due.latest));
    writer.body.push(Block::Bullets(history));
    match answer {
        None if late => writer.add("complaint", "no-answer", &[]),
        None => writer.add("complaint", "no-answer-yet", &[]),
        Some((_, outcome)) => {
            writer.add("complaint", "disagree", &[]);
            if matches!(outcome, Outcome::Refused | Outcome::Partly) {
                writer.add("complaint", &format!("grounds-{}", case.kind.as_str()), &[]);
            }
        }
    }
    if let Some(remarks) = remarks {
        writer.add("complaint", "remarks", &[]);
        writer.own_words(remarks);
    }
    writer.add("complaint", "requests", &[]);
    let act = format!("act-{}", case.kind.as_str());
    let items = ["investigate", &act, "inform"].map(|key| writer.say("complaint", key, &[]));
    writer.body.push(Block::Numbered(items.into()));
    writer.lead(authority, lead);
    let text = format!("{} {}", writer.reach(), writer.say("part", "thanks", &[]));
    writer.paragraph(text);
    let enclosures = writer.enclosures(case, sent);
    let subject = writer.say("complaint", "subject", &[("controller", &order.controller.name)]);
    Ok(writer.letter(subject, authority.into(), enclosures))
}

impl Writer<'_> {
    /// What happened, day by day; the day the answer became late among it.
    fn history(&self, case: &Case, late_since: Option<Day>) -> Vec<String> {
        let mut days: Vec<(Day, String)> = Vec::new();
        for event in &case.events {
            let (key, channel) = match event.what {
                What::Written => continue,
                What::Sent(channel) => (format!("sent-{}", case.kind.as_str()), Some(channel)),
                What::Received => ("received".to_owned(), None),
                What::Extended => ("extended".to_owned(), None),
                What::Answered(Outcome::Confirmation) => ("confirmed".to_owned(), None),
                What::Answered(Outcome::AskedForMore) => ("asked".to_owned(), None),
                What::Answered(outcome) => (outcome.as_str().to_owned(), None),
                What::Reminded(channel) => ("reminded".to_owned(), Some(channel)),
                What::Complained => ("complained".to_owned(), None),
            };
            let channel = channel.map(|channel| self.say("channel", channel.as_str(), &[])).unwrap_or_default();
            days.push((event.day, self.say("complaint", &key, &[("channel", &channel)])));
        }
        if let Some(day) = late_since {
            let place = days.partition_point(|(other, _)| *other <= day);
            days.insert(place, (day, self.say("complaint", "due", &[])));
        }
        days.iter().map(|(day, what)| self.say("complaint", "event", &[("day", &self.texts.day(*day)), ("what", what)])).collect()
    }

    /// Where the person lives, and that the complaint may be passed on to who leads (GDPR Art. 56 and 60).
    fn lead(&mut self, authority: &Authority, lead: Option<&Authority>) {
        let country = |code: &str| self.texts.lookup("country", code).map(str::to_owned);
        let mut parts = Vec::new();
        if let Some(country) = self.order.person.country.as_deref().and_then(country) {
            parts.push(self.say("complaint", "lives", &[("country", &country)]));
        }
        let established = self.order.controller.country.as_deref();
        if established != Some(authority.country.as_str()) {
            let known = lead.filter(|lead| lead.id != authority.id).zip(established.and_then(country));
            parts.push(match known {
                Some((lead, country)) => self.say("complaint", "forward-lead", &[("lead", &lead.name), ("country", &country)]),
                None => self.say("complaint", "forward", &[]),
            });
        }
        if !parts.is_empty() {
            self.paragraph(parts.join(" "));
        }
    }

    fn enclosures(&self, case: &Case, sent: Day) -> Vec<String> {
        let mut found = vec![self.say("complaint", "enclosed-request", &[("sent", &self.texts.day(sent))])];
        for event in &case.events {
            let day = self.texts.day(event.day);
            match event.what {
                What::Reminded(_) => found.push(self.say("complaint", "enclosed-reminder", &[("sent", &day)])),
                What::Answered(_) | What::Extended => found.push(self.say("complaint", "enclosed-answer", &[("day", &day)])),
                What::Written | What::Sent(_) | What::Received | What::Complained => {}
            }
        }
        found
    }
}
