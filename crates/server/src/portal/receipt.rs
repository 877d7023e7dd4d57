//! The receipt people can read: as text, and as a PDF to print.

use bezwaar_core::time::Day;
use bezwaar_letter::letter::{Block, Letter};
use bezwaar_letter::texts::Language;

use super::objection::{Objection, facts};
use super::web::Visit;

/// The parts of a receipt: a heading and its lines.
fn parts(visit: &Visit, objection: &Objection) -> Vec<(String, Vec<String>)> {
    let (app, say) = (&visit.app, |key: &str| visit.say(key));
    let organisation = &app.settings.organisation;
    let mut found = vec![
        (say("receipt.number"), vec![objection.number.clone()]),
        (say("receipt.received"), vec![visit.speech().moment(objection.received_at(), &app.zone)]),
        (say("receipt.from"), std::iter::once(organisation.name.clone()).chain(organisation.postal.iter().cloned()).collect()),
    ];
    found.extend(facts(visit, objection));
    let next = if objection.is_about_accounts() {
        vec![say("objection.next-stop")]
    } else {
        vec![say("objection.next-search"), say("objection.next-find")]
    };
    found.push((say("receipt.next"), next));
    if let Some(due) = objection.due(app) {
        let day = visit.speech().day(due);
        found.push((say("receipt.answer-by"), vec![visit.say_with("receipt.answer-by-text", &[("day", &day)])]));
    }
    found.push((say("receipt.told"), vec![say("receipt.told-text")]));
    let mut complain = vec![say("objection.complain")];
    if let Some(authority) = app.contacts.authority_of(&organisation.country) {
        complain.push(match &authority.url {
            Some(url) => format!("{}: {url}", authority.name),
            None => authority.name.clone(),
        });
    }
    found.push((say("receipt.complain"), complain));
    let places: Vec<String> = objection.acts.iter().map(|(index, _)| index.to_string()).collect();
    found.push((say("receipt.entry"), vec![places.join(", ")]));
    let url = format!("{}/{}/check", app.settings.base_url, visit.language);
    let file = format!("{}-receipt.tlog-proof", objection.number);
    found.push((say("receipt.check"), vec![visit.say_with("receipt.check-text", &[("url", &url), ("file", &file)])]));
    found
}

/// As text.
pub(crate) fn text(visit: &Visit, objection: &Objection) -> String {
    let mut text = format!("{}\n\n{}\n{}\n", visit.say("receipt.title"), visit.say("receipt.keep"), visit.say("receipt.personal"));
    for (name, lines) in parts(visit, objection) {
        text.push_str(&format!("\n{name}\n"));
        for line in lines {
            text.push_str(&format!("  {line}\n"));
        }
    }
    text
}

/// As a PDF; nothing if it cannot be set, which is a fault of the program.
pub(crate) fn pdf(visit: &Visit, objection: &Objection) -> Option<Vec<u8>> {
    let organisation = &visit.app.settings.organisation;
    let mut body = vec![Block::Paragraph(visit.say("receipt.keep")), Block::Paragraph(visit.say("receipt.personal"))];
    for (name, lines) in parts(visit, objection) {
        match lines.as_slice() {
            [line] => body.push(Block::Paragraph(format!("{name}: {line}"))),
            _ => {
                body.push(Block::Paragraph(format!("{name}:")));
                body.push(Block::Bullets(lines));
            }
        }
    }
    let letter = Letter {
        language: if visit.language == "nl" { Language::Dutch } else { Language::English },
        sender: std::iter::once(organisation.name.clone()).chain(organisation.postal.iter().cloned()).collect(),
        from: (organisation.name.clone(), Some(organisation.contact.clone())),
        addressee: Vec::new(),
        to: (String::new(), None),
        date: Day::of(objection.received_at(), &visit.app.zone)?,
        subject: format!("{} {}", visit.say("receipt.title"), objection.number),
        salutation: String::new(),
        body,
        closing: String::new(),
        signature: Vec::new(),
        enclosures: Vec::new(),
    };
    match bezwaar_letter::pdf::to_pdf(&letter) {
        Ok(bytes) => Some(bytes),
        Err(error) => {
            visit.app.trace(&format!("a receipt could not be set as PDF: {error}"));
            None
        }
    }
}
