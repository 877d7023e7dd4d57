//! Floods of provisional objections: where they come from, and declaring a selection void by two people.

use std::collections::BTreeMap;

use axum::body::Bytes;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;
use bezwaar_core::time::Instant;
use bezwaar_ledger::event::VoidReason;
use bezwaar_register::intake::IntakeError;
use bezwaar_register::intake::cases::{CASES_PAGE_MAX, CaseFilter, CaseNumber, FloodSelection, Mark};
use bezwaar_register::intake::looks::{LookAt, LookList, LookReason};
use minijinja::context;
use minijinja::value::Value;

use super::{failed, look, member};
use crate::portal::proposals::Proposal;
use crate::portal::settings::Role;
use crate::portal::web::{Fields, Visit, see_other};

/// Sources with fewer open provisional objections than this are nobody's flood.
const SHOWN_FROM: u64 = 5;

pub(crate) async fn page(visit: Visit) -> Response {
    let member = match member(&visit, &[]) {
        Ok(member) => member,
        Err(response) => return response,
    };
    let now = visit.now;
    let flood = match visit.app.counter.run(move |intake, _| intake.flood(now)).await {
        Ok(Ok(flood)) => flood,
        Ok(Err(error)) | Err(error) => return failed(&visit, "floods could not be read", &error),
    };
    let source = |kind: &str, (mark, count): &(Mark, u64)| {
        context! { kind, mark => mark.to_text(), short => mark.to_text().chars().take(8).collect::<String>(), count }
    };
    let shown = |kind: &'static str, marks: &[(Mark, u64)]| -> Vec<Value> {
        marks.iter().filter(|(_, count)| *count >= SHOWN_FROM).map(|one| source(kind, one)).collect()
    };
    let most = flood.hours.iter().map(|(_, count)| *count).max().unwrap_or(1).max(1);
    let hours: Vec<Value> = flood
        .hours
        .iter()
        .map(|(hour, count)| context! { hour => visit.speech().moment(*hour, &visit.app.zone), count, share => count * 100 / most })
        .collect();
    let proposals: Vec<Value> = visit
        .app
        .proposals
        .floods()
        .into_iter()
        .map(|(name, proposal)| {
            let reason = visit.say(&format!("void.{}", proposal.reason.as_str()));
            context! { name => name.as_str(), reason, by => proposal.by.as_str(), own => proposal.by == member.id, seen => proposal.seen.len(), href => name.split_once('-').map(|(kind, mark)| visit.at(&format!("team?show={kind}&mark={mark}"))) }
        })
        .collect();
    let reasons = [VoidReason::NotAuthorisedByAccountHolder, VoidReason::FiledByAutomation, VoidReason::AccountDoesNotExist];
    let reasons: Vec<Value> = reasons
        .into_iter()
        .map(|reason| context! { code => reason.as_str(), name => visit.say(&format!("void.{}", reason.as_str())) })
        .collect();
    let page = context! {
        contacts => shown("contact", &flood.contacts), networks => shown("network", &flood.networks), hours, proposals, reasons,
        approves => member.is(Role::Approver), form => visit.form("team"),
    };
    visit.page("team-floods.html", page)
}

fn selection(kind: &str, mark: &str) -> Option<FloodSelection> {
    let mark = Mark::from_text(mark)?;
    match kind {
        "contact" => Some(FloodSelection { contact: Some(mark), ..FloodSelection::default() }),
        "network" => Some(FloodSelection { network: Some(mark), ..FloodSelection::default() }),
        _ => None,
    }
}

/// The open provisional cases of a source that were opened before a moment, with the acts of each.
async fn listed(visit: &Visit, kind: &str, mark: &str, until: Instant) -> Result<BTreeMap<CaseNumber, Vec<String>>, IntakeError> {
    let (mut found, mut after) = (BTreeMap::new(), None);
    let Some(mark) = Mark::from_text(mark) else { return Ok(found) };
    loop {
        let filter = if kind == "contact" { CaseFilter::Contact(mark) } else { CaseFilter::Network(mark) };
        let page = visit.app.counter.run(move |intake, _| intake.cases(&filter, after, CASES_PAGE_MAX)).await??;
        let cases = page.cases.into_iter().filter(|case| case.opened_at < until);
        found.extend(cases.map(|case| (case.number, case.acts.into_iter().map(|act| act.id).collect())));
        match page.next {
            Some(next) => after = Some(next),
            None => return Ok(found),
        }
    }
}

pub(crate) async fn act(visit: Visit, Path((_, action)): Path<(String, String)>, body: Bytes) -> Response {
    let member = match member(&visit, &[Role::Approver]) {
        Ok(member) => member,
        Err(response) => return response,
    };
    let fields = Fields::parse(&body).unwrap_or_default();
    if visit.read_form(&fields, "team").is_none() {
        return visit.forbidden();
    }
    match action.as_str() {
        "propose" => {
            let (kind, mark) = (fields.one("kind"), fields.one("mark"));
            let (Some(mut selected), Some(reason)) = (selection(kind, mark), VoidReason::lookup(fields.one("reason"))) else {
                return visit.told(StatusCode::UNPROCESSABLE_ENTITY, "team.nothing");
            };
            // What comes in from now on nobody has looked at.
            selected.until = Some(visit.now);
            if let Err(response) = look(&visit, &member, LookAt::List(LookList::Cases), LookReason::ReviewsFlood).await {
                return response;
            }
            let seen = match listed(&visit, kind, mark, visit.now).await {
                Ok(seen) => seen,
                Err(error) => return failed(&visit, "a flood could not be read", &error),
            };
            let proposal = Proposal { reason, by: member.id.clone(), at: visit.now, selection: Some(selected), seen };
            visit.app.proposals.propose_flood(format!("{kind}-{mark}"), proposal);
        }
        "drop" => visit.app.proposals.drop_flood(fields.one("name")),
        "approve" => {
            let name = fields.one("name").to_owned();
            let found = visit.app.proposals.flood(&name).filter(|proposal| proposal.by != member.id);
            let Some((proposal, selected)) = found.and_then(|proposal| Some((proposal.clone(), proposal.selection?))) else {
                return visit.forbidden();
            };
            visit.app.proposals.drop_flood(&name);
            // What the first of them did not see, a case merged in since for one, is not declared void.
            let Some((kind, mark)) = name.split_once('-') else { return visit.not_found() };
            let until = selected.until.unwrap_or(visit.now);
            match listed(&visit, kind, mark, until).await {
                Ok(now) if now.iter().all(|(number, acts)| proposal.seen.get(number) == Some(acts)) => {}
                Ok(_) => return visit.told(StatusCode::CONFLICT, "team.flood-changed"),
                Err(error) => return failed(&visit, "a flood could not be read", &error),
            }
            let mut from: Option<CaseNumber> = None;
            loop {
                let (first, second) = (proposal.by.clone(), member.id.clone());
                let (at, reason) = (from, proposal.reason);
                let step = visit
                    .app
                    .counter
                    .run(move |intake, now| intake.void_selection(&selected, (reason, [first.as_str(), second.as_str()]), at, now));
                match step.await {
                    Ok(Ok(done)) => match done.next {
                        Some(next) => from = Some(next),
                        None => break,
                    },
                    Ok(Err(IntakeError::Busy)) | Err(IntakeError::Busy) => tokio::time::sleep(std::time::Duration::from_millis(50)).await,
                    Ok(Err(error)) | Err(error) => return failed(&visit, "a flood was not declared void in full", &error),
                }
            }
        }
        _ => return visit.not_found(),
    }
    see_other(&visit.at("team/floods"))
}
