//! The queue: what waits for an answer, what is late, and finding a case.

use axum::body::Bytes;
use axum::extract::Query;
use axum::http::StatusCode;
use axum::response::Response;
use bezwaar_core::time::Day;
use bezwaar_register::intake::cases::{Case, CaseCursor, CaseFilter, CaseNumber, CaseState, Mark};
use bezwaar_register::intake::looks::{LookAt, LookReason};
use minijinja::context;
use minijinja::value::Value;
use serde::Deserialize;

use super::{failed, look, member};
use crate::portal::secrets::read_number;
use crate::portal::settings::Role;
use crate::portal::web::{Fields, Visit, see_other};

/// How many cases a page shows.
const SHOWN: usize = 50;

#[derive(Debug, Default, Deserialize)]
pub(crate) struct Wanted {
    #[serde(default)]
    show: String,
    #[serde(default)]
    mark: String,
    #[serde(default)]
    after: String,
}

pub(crate) async fn page(visit: Visit, Query(wanted): Query<Wanted>) -> Response {
    let member = match member(&visit, &[]) {
        Ok(member) => member,
        Err(response) => return response,
    };
    let today = visit.app.today();
    let (filter, show) = match (wanted.show.as_str(), Mark::from_text(&wanted.mark)) {
        ("late", _) => (CaseFilter::Late { today }, "late"),
        ("all", _) => (CaseFilter::All, "all"),
        ("contact", Some(mark)) => (CaseFilter::Contact(mark), "contact"),
        ("network", Some(mark)) => (CaseFilter::Network(mark), "network"),
        _ => (CaseFilter::Open, "open"),
    };
    let after = CaseCursor::parse(&wanted.after);
    let read = visit.app.counter.run(move |intake, _| {
        let page = intake.cases(&filter, after, SHOWN)?;
        Ok((page, intake.case_counts(today)?, intake.post_counts()?))
    });
    let (page, counts, post) = match read.await {
        Ok(Ok(found)) => found,
        Ok(Err(error)) | Err(error) => return failed(&visit, "the queue could not be read", &error),
    };
    let cases: Vec<Value> = page.cases.iter().map(|case| row(&visit, case, today)).collect();
    let next = page.next.map(|cursor| visit.at(&format!("team?show={show}&mark={}&after={cursor}", wanted.mark)));
    let page = context! {
        cases, show, next, search => visit.form("team"), wrong => Vec::<Value>::new(),
        open => counts.open, late => counts.late, provisional => counts.provisional, total => counts.total,
        waiting => post.waiting, given_up => post.given_up,
        handler => member.is(Role::Handler), supervisor => member.is(Role::Supervisor),
    };
    visit.page("team-queue.html", page)
}

/// A case in a list: nothing in it names anybody.
pub(super) fn row(visit: &Visit, case: &Case, today: Day) -> Value {
    let left = today.days_until(case.due_on);
    let state = match case.state() {
        CaseState::Open if left < 0 => visit.say("team.state.late"),
        CaseState::Open => visit.say("team.state.open"),
        CaseState::Answered => visit.say("team.state.answered"),
        CaseState::Merged(into) => visit.say_with("team.state.merged", &[("number", &into.to_string())]),
        CaseState::Voiding => visit.say("team.state.voiding"),
        CaseState::Void(_) => visit.say("team.state.void"),
        CaseState::Emptied => visit.say("team.state.emptied"),
    };
    context! {
        number => case.number.0, state, late => case.is_late(today), days => left, language => case.language.as_str(),
        received => visit.speech().day_of(case.received_at, &visit.app.zone), due => visit.speech().day(case.due_on),
        channel => case.channel.map(|channel| visit.say(&format!("team.channel.{}", channel.as_str()))).unwrap_or_default(),
        provisional => case.provisional, extended => case.extension.is_some(), acts => case.acts.len(),
        handler => case.handler.as_ref().map(|handler| handler.as_str()),
    }
}

pub(crate) async fn search(visit: Visit, body: Bytes) -> Response {
    let member = match member(&visit, &[]) {
        Ok(member) => member,
        Err(response) => return response,
    };
    let fields = Fields::parse(&body).unwrap_or_default();
    if visit.read_form(&fields, "team").is_none() {
        return visit.forbidden();
    }
    let text = fields.one("what").to_owned();
    if let Ok(number) = text.parse::<u64>() {
        return see_other(&visit.at(&format!("team/case/{number}")));
    }
    if let Some(act) = read_number(&text) {
        let found = visit.app.counter.run(move |intake, _| intake.case_of_act(&act)).await;
        return match found {
            Ok(Ok(Some(CaseNumber(number)))) => see_other(&visit.at(&format!("team/case/{number}"))),
            Ok(Ok(None)) => visit.told(StatusCode::NOT_FOUND, "team.nothing"),
            Ok(Err(error)) | Err(error) => failed(&visit, "a case could not be looked for", &error),
        };
    }
    let Some(account) = visit.app.services.parse(&text) else { return visit.told(StatusCode::UNPROCESSABLE_ENTITY, "team.no-account") };
    let why = LookReason::lookup(fields.one("why")).unwrap_or_else(|| member.why());
    if let Err(response) = look(&visit, &member, LookAt::Account(account.clone()), why).await {
        return response;
    }
    let wanted = account.clone();
    let read = visit.app.counter.run(move |intake, _| intake.cases(&CaseFilter::Account(wanted), None, SHOWN)).await;
    let page = match read {
        Ok(Ok(page)) => page,
        Ok(Err(error)) | Err(error) => return failed(&visit, "the cases of an account could not be read", &error),
    };
    let filed = visit.app.read(move |reader| crate::portal::acts::Filed::read(reader, &account)).await;
    let Ok(filed) = filed else { return visit.failed() };
    let speech = visit.speech();
    let acts: Vec<Value> = filed
        .choices
        .iter()
        .rev()
        .map(|choice| {
            let mut lines = crate::portal::acts::scope(&visit.app, speech, &choice.act);
            lines.extend(crate::portal::acts::remarks(speech, choice, filed.is_confirmed(choice)));
            let title = speech.say(crate::portal::acts::title(&choice.act), &[]);
            context! { id => choice.id.as_str(), title, lines, moment => speech.moment(choice.received_at, &visit.app.zone) }
        })
        .collect();
    let today = visit.app.today();
    let cases: Vec<Value> = page.cases.iter().map(|case| row(&visit, case, today)).collect();
    visit.page("team-person.html", context! { account => text, cases, acts })
}
