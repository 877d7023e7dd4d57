//! Lists: uncertain matches, and who looked at what.

use axum::extract::Query;
use axum::response::Response;
use bezwaar_ledger::event::Event;
use bezwaar_register::intake::looks::{LookAt, LookList, LookReason, Looked};
use minijinja::context;
use minijinja::value::Value;
use serde::Deserialize;

use super::{failed, look, member};
use crate::portal::app::App;
use crate::portal::settings::Role;
use crate::portal::web::Visit;

#[derive(Debug, Default, Deserialize)]
pub(crate) struct At {
    #[serde(default)]
    page: u32,
    before: Option<u64>,
}

pub(crate) async fn matches(visit: Visit, Query(at): Query<At>) -> Response {
    let member = match member(&visit, &[Role::Handler, Role::Supervisor]) {
        Ok(member) => member,
        Err(response) => return response,
    };
    if let Err(response) = look(&visit, &member, LookAt::List(LookList::Matches), LookReason::ReviewsMatch).await {
        return response;
    }
    let read = visit.app.counter.run(move |intake, _| Ok((intake.list_page(at.page)?, intake.list_counts()?))).await;
    let (items, counts) = match read {
        Ok(Ok(found)) => found,
        Ok(Err(error)) | Err(error) => return failed(&visit, "the list of matches could not be read", &error),
    };
    let rows: Vec<Value> = items
        .iter()
        .map(|item| {
            let choice = item.act.as_ref().and_then(|filed| match &filed.event {
                Event::Choice(choice) => Some(choice),
                _ => None,
            });
            context! {
                why => visit.say(&format!("list.{}", item.code.as_str())), index => item.index, id => choice.map(|choice| choice.id.as_str()),
                account => choice.and_then(|choice| choice.person.as_ref()).map(App::shown),
            }
        })
        .collect();
    let next = (at.page + 1 < counts.pages).then(|| visit.at(&format!("team/matches?page={}", at.page + 1)));
    visit.page("team-matches.html", context! { rows, next })
}

pub(crate) async fn looks(visit: Visit, Query(at): Query<At>) -> Response {
    if let Err(response) = member(&visit, &[Role::Supervisor]) {
        return response;
    }
    let read = visit.app.counter.run(move |intake, _| Ok((intake.looks(at.before, 100)?, intake.check_looks()?))).await;
    let (page, checked) = match read {
        Ok(Ok(found)) => found,
        Ok(Err(error)) | Err(error) => return failed(&visit, "the looks could not be read", &error),
    };
    let what = |looked: Looked| match looked {
        Looked::Case(number) => visit.say_with("team.looked.case", &[("number", &number.to_string())]),
        Looked::Act(index) => visit.say_with("team.looked.act", &[("number", &index.to_string())]),
        Looked::UnknownAct(_) => visit.say("team.looked.unknown"),
        Looked::Account(_) => visit.say("team.looked.account"),
        Looked::List(_) => visit.say("team.looked.list"),
    };
    let rows: Vec<Value> = page
        .looks
        .iter()
        .map(|one| {
            let why = visit.say(&format!("team.why.{}", one.why.as_str()));
            context! { number => one.number, by => one.by.as_str(), at => visit.speech().moment(one.at, &visit.app.zone), what => what(one.looked), why }
        })
        .collect();
    let next = page.next.map(|before| visit.at(&format!("team/looks?before={before}")));
    visit.page("team-looks.html", context! { rows, next, broken => checked.broken_at, count => checked.count })
}
