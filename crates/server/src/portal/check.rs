//! Checking a receipt: worked out on the spot, and nothing is kept.

use axum::body::Bytes;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;
use bezwaar_ledger::event::Event;
use bezwaar_ledger::receipt::{Grade, Receipt, VerifiedReceipt};
use minijinja::context;
use minijinja::value::Value;

use super::acts;
use super::web::{Fields, Visit};

/// The longest receipt that is checked, in bytes.
pub const RECEIPT_BYTES_MAX: usize = 48 << 10;

pub(crate) async fn page(visit: Visit) -> Response {
    visit.page("check.html", context! { result => Value::UNDEFINED.is_true() })
}

pub(crate) async fn send(visit: Visit, _: Path<String>, body: Bytes) -> Response {
    let Some(fields) = Fields::parse(&body) else { return visit.told(StatusCode::PAYLOAD_TOO_LARGE, "error.too-long") };
    let text = fields.one("receipt");
    if text.len() > RECEIPT_BYTES_MAX {
        return shown(&visit, false, visit.say("check.too-long"), Vec::new(), Vec::new());
    }
    // A form turns line ends into pairs, and a copied text may have lost its last.
    let text = text.replace("\r\n", "\n") + "\n";
    let Ok(receipt) = Receipt::from_bytes(text.as_bytes()) else {
        return shown(&visit, false, visit.say("check.wrong-form"), Vec::new(), Vec::new());
    };
    let operators = visit.app.operators();
    match receipt.verify(&visit.app.trust, &operators) {
        Ok(verified) => good(&visit, &verified),
        Err(_) => {
            let organisation = &visit.app.settings.organisation.name;
            let text = visit.say_with("check.wrong-text", &[("organisation", organisation)]);
            shown(&visit, false, text, Vec::new(), Vec::new())
        }
    }
}

fn good(visit: &Visit, verified: &VerifiedReceipt) -> Response {
    let (app, speech) = (&visit.app, visit.speech());
    let organisation = [("organisation", app.settings.organisation.name.as_str())];
    let key = match verified.grade {
        Grade::Noted => "check.noted",
        Grade::Recorded => "check.recorded",
        Grade::Witnessed => "check.witnessed",
    };
    let mut notes = Vec::new();
    if verified.grade != Grade::Witnessed {
        notes.push(visit.say_with("check.unwitnessed", &organisation));
    }
    let mut facts: Vec<(String, Vec<String>)> = Vec::new();
    if let Event::Choice(choice) = &verified.event {
        let mut lines = vec![speech.say(acts::title(&choice.act), &[])];
        lines.extend(acts::scope(app, speech, &choice.act));
        facts.push((visit.say("check.act"), lines));
        facts.push((visit.say("check.number"), vec![choice.id.clone()]));
        facts.push((visit.say("check.received-at"), vec![speech.moment(choice.received_at, &app.zone)]));
    }
    facts.push((visit.say("check.recorded-at"), vec![speech.moment(verified.entry.recorded_at, &app.zone)]));
    facts.push((visit.say("check.entry"), vec![verified.index.to_string()]));
    shown(visit, true, visit.say_with(key, &organisation), facts, notes)
}

fn shown(visit: &Visit, good: bool, text: String, facts: Vec<(String, Vec<String>)>, notes: Vec<String>) -> Response {
    let about: Vec<Value> = facts.into_iter().map(|(name, lines)| context! { name, lines }).collect();
    let title = visit.say(if good { "check.good" } else { "check.wrong" });
    let status = if good { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    visit.page_with(status, "check.html", context! { result => context! { good, title, text, about, notes } })
}
