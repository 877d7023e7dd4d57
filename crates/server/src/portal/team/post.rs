//! What could not be sent by mail, and has to be told by letter: to print, and to say that it was sent.

use axum::body::Bytes;
use axum::http::StatusCode;
use axum::response::Response;
use bezwaar_register::intake::Role;
use bezwaar_register::intake::looks::{LookAt, LookList, LookReason};
use bezwaar_register::intake::post::{Addressee, Message};
use minijinja::context;
use minijinja::value::Value;

use super::{failed, look, member};
use crate::portal::settings::Role as TeamRole;
use crate::portal::web::{Fields, Visit, see_other};

/// How many are shown at a time.
const SHOWN: usize = 50;

pub(crate) async fn page(visit: Visit) -> Response {
    let member = match member(&visit, &[TeamRole::Handler]) {
        Ok(member) => member,
        Err(response) => return response,
    };
    if let Err(response) = look(&visit, &member, LookAt::List(LookList::Post), LookReason::HandlesCase).await {
        return response;
    }
    let messages = match visit.app.counter.run(move |intake, _| intake.post_given_up(0, SHOWN)).await {
        Ok(Ok(messages)) => messages,
        Ok(Err(error)) | Err(error) => return failed(&visit, "the post could not be read", &error),
    };
    let one = |message: &Message| {
        let act = match &message.message.to {
            Addressee::Act { act, .. } => act.split(['+', '.']).next().unwrap_or_default().to_owned(),
            Addressee::Account(_) => String::new(),
        };
        let to = match &message.message.to {
            Addressee::Act { role: Role::Filer, .. } => "team.post-to-filer",
            Addressee::Act { role: Role::Account, .. } | Addressee::Account(_) => "team.post-to-account",
        };
        context! {
            number => message.number, to => visit.say(to), kind => visit.say(&format!("team.message.{}", message.message.kind.as_str())), act,
            case => message.case.map(|case| case.0), queued => visit.speech().moment(message.queued_at, &visit.app.zone),
        }
    };
    let rows: Vec<Value> = messages.iter().map(one).collect();
    visit.page("team-post.html", context! { rows, form => visit.form("team") })
}

pub(crate) async fn sent(visit: Visit, body: Bytes) -> Response {
    let member = match member(&visit, &[TeamRole::Handler]) {
        Ok(member) => member,
        Err(response) => return response,
    };
    let fields = Fields::parse(&body).unwrap_or_default();
    if visit.read_form(&fields, "team").is_none() {
        return visit.forbidden();
    }
    let numbers: Option<Vec<u64>> = fields.all("number").map(|number| number.parse().ok()).collect();
    let Some(numbers) = numbers.filter(|numbers| (1..=SHOWN).contains(&numbers.len())) else {
        return visit.told(StatusCode::UNPROCESSABLE_ENTITY, "team.nothing");
    };
    match visit.app.counter.run(move |intake, now| intake.post_told(&numbers, &member.id, now)).await {
        Ok(Ok(())) => see_other(&visit.at("team/post")),
        Ok(Err(error)) | Err(error) => failed(&visit, "a letter was not marked as sent", &error),
    }
}
