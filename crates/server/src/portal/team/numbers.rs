//! Counts and charts, and the export for a supervisor. Nobody is named in either.

use std::fmt::Write as _;

use axum::response::Response;
use bezwaar_core::time::Day;
use bezwaar_register::intake::cases::{CaseFilter, CaseState};
use minijinja::context;
use minijinja::value::Value;

use super::{failed, member};
use crate::portal::settings::Role;
use crate::portal::web::{Visit, download};

/// The days a chart shows.
const DAYS_SHOWN: i64 = 30;

pub(crate) async fn page(visit: Visit) -> Response {
    let member = match member(&visit, &[]) {
        Ok(member) => member,
        Err(response) => return response,
    };
    let today = visit.app.today();
    let counts = match visit.app.counter.run(move |intake, _| intake.case_counts(today)).await {
        Ok(Ok(counts)) => counts,
        Ok(Err(error)) | Err(error) => return failed(&visit, "the numbers could not be read", &error),
    };
    let days: Vec<Day> = (0..DAYS_SHOWN).rev().filter_map(|back| bezwaar_letter::due::add_days(today, -back)).collect();
    let of = |day: &Day| (counts.opened_days.get(day).copied().unwrap_or(0), counts.answered_days.get(day).copied().unwrap_or(0));
    let most = days.iter().map(|day| of(day).0.max(of(day).1)).max().unwrap_or(1).max(1);
    let rows: Vec<Value> = days
        .iter()
        .map(|day| {
            let (opened, answered) = of(day);
            context! { day => visit.speech().day(*day), opened, answered, opened_share => opened * 100 / most, answered_share => answered * 100 / most }
        })
        .collect();
    let answered: u64 = counts.answer_took_days.values().sum();
    let mut passed = 0;
    let median = counts.answer_took_days.iter().find_map(|(days, count)| {
        passed += count;
        (passed * 2 >= answered).then_some(*days)
    });
    let page = context! {
        rows, open => counts.open, late => counts.late, total => counts.total, provisional => counts.provisional, answered,
        answered_late => counts.answered_late, median, supervisor => member.is(Role::Supervisor) || member.is(Role::Handler),
    };
    visit.page("team-numbers.html", page)
}

/// Every case in a line: numbers, days, codes.
pub(crate) async fn export(visit: Visit) -> Response {
    if let Err(response) = member(&visit, &[Role::Supervisor, Role::Handler]) {
        return response;
    }
    let mut text = "case,received_at,due_on,state,channel,provisional,extended,answer,answered_at,answered_by,acts\n".to_owned();
    let mut after = None;
    loop {
        let page = match visit.app.counter.run(move |intake, _| intake.cases(&CaseFilter::All, after, 100)).await {
            Ok(Ok(page)) => page,
            Ok(Err(error)) | Err(error) => return failed(&visit, "the export could not be made", &error),
        };
        for case in &page.cases {
            let state = match case.state() {
                CaseState::Open => "open".to_owned(),
                CaseState::Answered => "answered".to_owned(),
                CaseState::Merged(into) => format!("merged into {into}"),
                CaseState::Voiding => "voiding".to_owned(),
                CaseState::Void(_) => "void".to_owned(),
                CaseState::Emptied => "emptied".to_owned(),
            };
            let (code, at, by) = case.answer.as_ref().map_or_else(Default::default, |answer| {
                (answer.answer.code.as_str().to_owned(), answer.at.to_string(), answer.by.as_str().replace(['"', ',', '\n'], "_"))
            });
            let channel = case.channel.map(|channel| channel.as_str()).unwrap_or_default();
            let acts = case.acts.len();
            let extended = case.extension.is_some();
            // Writing to a text cannot fail.
            let _ = writeln!(
                text,
                "{},{},{},{state},{channel},{},{extended},{code},{at},{by},{acts}",
                case.number, case.received_at, case.due_on, case.provisional
            );
        }
        match page.next {
            Some(next) => after = Some(next),
            None => break,
        }
    }
    download("cases.csv", "text/csv; charset=utf-8", text.into_bytes())
}
