//! Letters, mails and calls, entered by hand with the day they came.

use std::collections::BTreeMap;

use axum::body::Bytes;
use axum::http::StatusCode;
use axum::response::Response;
use bezwaar_core::choice::{Act, By, Channel, Choice};
use bezwaar_core::time::Day;
use bezwaar_letter::due::due;
use bezwaar_register::intake::cases::{Evidence, EvidenceKind, NewCase};
use bezwaar_register::intake::post::LanguageCode;
use bezwaar_register::intake::{Contact, Filing, IntakeError, Sender, State, Submission};
use minijinja::context;
use minijinja::value::Value;

use super::{failed, member};
use crate::portal::secrets::from_hex;
use crate::portal::settings::Role;
use crate::portal::web::{Fields, Visit, see_other};

/// The longest text of a field, in bytes.
const FIELD_BYTES_MAX: usize = 4_000;

pub(crate) async fn form(visit: Visit) -> Response {
    match member(&visit, &[Role::Handler]) {
        Ok(_) => show(&visit, StatusCode::OK, &Fields::default(), Vec::new()),
        Err(response) => response,
    }
}

fn show(visit: &Visit, status: StatusCode, fields: &Fields, wrong: Vec<(String, String)>) -> Response {
    let wrong: Vec<Value> = wrong.into_iter().map(|(field, text)| context! { field, text }).collect();
    let kinds = EvidenceKind::ALL
        .map(|kind| context! { code => kind.as_str(), name => visit.say(&format!("team.evidence.{}", kind.as_str())) })
        .to_vec();
    let names = ["account", "day", "kind", "sha256", "name", "mail", "postal", "note", "language"];
    let values: BTreeMap<String, String> = names.into_iter().map(|name| (name.to_owned(), fields.one(name).to_owned())).collect();
    let languages: Vec<String> = visit.app.speeches.all().iter().map(|speech| speech.code.clone()).collect();
    visit.page_with(
        status,
        "team-enter.html",
        context! { form => visit.form("team"), wrong, kinds, values => Value::from(values), languages },
    )
}

pub(crate) async fn send(visit: Visit, body: Bytes) -> Response {
    let member = match member(&visit, &[Role::Handler]) {
        Ok(member) => member,
        Err(response) => return response,
    };
    let fields = Fields::parse(&body).unwrap_or_default();
    let Some(mark) = visit.read_form(&fields, "team") else { return visit.forbidden() };
    let app = &visit.app;
    let mut wrong = Vec::new();
    let mut tell = |field: &str, key: &str| wrong.push((field.to_owned(), visit.say(&format!("team.wrong.{key}"))));
    let person = match fields.one("account") {
        "" => app.services.parse(&format!("url:{}/objection/{}", app.settings.base_url, mark.number)),
        text => app.services.parse(text),
    };
    if person.is_none() {
        tell("account", "account");
    }
    let day = Day::parse(fields.one("day")).ok().filter(|day| day.days_until(app.today()) >= 0);
    if day.is_none() {
        tell("day", "day");
    }
    let kind = EvidenceKind::lookup(fields.one("kind"));
    let hash = from_hex(&fields.one("sha256").to_ascii_lowercase());
    if kind.is_none() || hash.is_none() {
        tell("sha256", "evidence");
    }
    let language = LanguageCode::parse(fields.one("language")).filter(|code| app.speeches.lookup(code.as_str()).is_some());
    if language.is_none() {
        tell("language", "language");
    }
    if ["name", "mail", "postal", "note"].iter().any(|field| fields.one(field).len() > FIELD_BYTES_MAX) {
        tell("note", "long");
    }
    let (Some(person), Some(day), Some(kind), Some(sha256), Some(language)) = (person, day, kind, hash, language) else {
        return show(&visit, StatusCode::UNPROCESSABLE_ENTITY, &fields, wrong);
    };
    if !wrong.is_empty() {
        return show(&visit, StatusCode::UNPROCESSABLE_ENTITY, &fields, wrong);
    }
    // Nobody knows the hour of a letter: the beginning of the day it came counts, which is the earliest it can have been.
    let received_at = day.begins(&app.zone).min(visit.now);
    let Some(due_on) = due(day, &app.holidays).map(|dates| dates.expected) else { return visit.failed() };
    let channel = if kind == EvidenceKind::Mail { Channel::Mail } else { Channel::Post };
    let choice = Choice {
        id: mark.number.clone(),
        person: Some(person),
        act: Act::Object { uses: None, recipients: None, items: None },
        received_at,
        recorded_at: None,
        by: Some(By::Own),
        channel: Some(channel),
        provisional: false,
    };
    let contact = ["name", "mail", "postal", "note"].into_iter().map(|name| (name.to_owned(), fields.one(name).to_owned()));
    let contact = Contact::new(contact.filter(|(_, text)| !text.is_empty()));
    let filing = Filing { choice, filer: None, sender: Sender::Unconfirmed, respelled: false, contact };
    let case = NewCase { language, due_on, opened_by: Some(member.id.clone()), evidence: vec![Evidence { kind, sha256 }] };
    let submission = Submission { case: Some(case), ..Submission::of(vec![filing]) };
    match app.counter.file(submission).await {
        // The form was sent before, perhaps about somebody else: nothing was entered now.
        Ok(accepted) if accepted.acts.iter().any(|act| act.receipt.state != State::New) => {
            let text = visit.say_with("team.wrong.entered", &[("number", &accepted.case.map(|case| case.to_string()).unwrap_or_default())]);
            show(&visit, StatusCode::CONFLICT, &fields, vec![("account".to_owned(), text)])
        }
        Ok(accepted) => match accepted.case {
            Some(number) => see_other(&visit.at(&format!("team/case/{number}"))),
            None => see_other(&visit.at("team")),
        },
        Err(IntakeError::Refused(refusal)) => {
            let text = format!("{} {refusal}", visit.say("team.wrong.refused"));
            show(&visit, StatusCode::UNPROCESSABLE_ENTITY, &fields, vec![("account".to_owned(), text)])
        }
        Err(error) => failed(&visit, "a letter was not entered", &error),
    }
}
