//! One case: what was said, by whom it may be, what was done, and what can be done.

use std::collections::BTreeMap;

use axum::body::Bytes;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;
use bezwaar_core::choice::{Channel, Choice};
use bezwaar_ledger::event::VoidReason;
use bezwaar_register::intake::cases::{
    AnswerCode, Case, CaseNumber, CaseState, Change, Evidence, EvidenceKind, ExtensionReason, NewAnswer,
};
use bezwaar_register::intake::looks::LookAt;
use bezwaar_register::intake::{Drawer, Filing, IntakeError, Sender, Submission};
use minijinja::context;
use minijinja::value::Value;

use super::{Member, failed, look, member, queue};
use crate::portal::acts;
use crate::portal::app::App;
use crate::portal::mailing::{answer_lines, extended};
use crate::portal::secrets::{from_hex, hex};
use crate::portal::settings::Role;
use crate::portal::web::{Fields, Visit, see_other};

/// The most accounts found for one act by hand.
const FOUND_MAX: usize = 20;

pub(crate) async fn page(visit: Visit, Path((_, number)): Path<(String, u64)>) -> Response {
    let member = match member(&visit, &[]) {
        Ok(member) => member,
        Err(response) => return response,
    };
    show(&visit, &member, CaseNumber(number), StatusCode::OK, None).await
}

async fn show(visit: &Visit, member: &Member, number: CaseNumber, status: StatusCode, wrong: Option<String>) -> Response {
    if let Err(response) = look(visit, member, LookAt::Case(number), member.why()).await {
        return response;
    }
    let case = match visit.app.counter.run(move |intake, _| intake.case(number)).await {
        Ok(Ok(Some(case))) => case,
        Ok(Ok(None)) => return visit.told(StatusCode::NOT_FOUND, "team.nothing"),
        Ok(Err(error)) | Err(error) => return failed(visit, "a case could not be read", &error),
    };
    let ids: Vec<String> = case
        .acts
        .iter()
        .flat_map(|act| std::iter::once(act.id.clone()).chain((1..=FOUND_MAX).map(move |place| format!("{}.found-{place}", act.id))))
        .collect();
    let read = visit.app.read(move |reader| {
        let mut found = Vec::new();
        for id in &ids {
            let Some((index, choice)) = acts::find(reader, id)? else { continue };
            let contact = match &choice.person {
                Some(person) => reader.contact_of(person)?,
                None => None,
            };
            let filer = match acts::find(reader, &format!("{id}+0"))?.and_then(|(_, own)| own.person) {
                Some(filer) => reader.contact_of(&filer)?,
                None => None,
            };
            let drawers = [contact, filer].into_iter().flatten().map(|bytes| Drawer::from_bytes(&bytes));
            let of_act = |act: &str| act == id || act.strip_suffix("+0") == Some(id);
            let fields: BTreeMap<String, String> = drawers
                .flat_map(|drawer| {
                    drawer
                        .contacts()
                        .iter()
                        .filter(|(act, _)| of_act(act))
                        .map(|(_, contact)| contact.expose_fields().clone())
                        .collect::<Vec<_>>()
                })
                .flatten()
                .collect();
            found.push((index, choice, fields));
        }
        Ok(found)
    });
    let Ok(found) = read.await else { return visit.failed() };
    let (app, speech) = (&visit.app, visit.speech());
    let shown: Vec<Value> = found
        .iter()
        .map(|(index, choice, fields)| {
            let contact: Vec<Value> = fields
                .iter()
                .filter(|(name, _)| !matches!(name.as_str(), "language" | "for"))
                .map(|(name, text)| context! { name => visit.say(&format!("team.contact.{name}")), text => text.as_str() })
                .collect();
            let mut lines = acts::scope(app, speech, &choice.act);
            lines.extend(acts::remarks(speech, choice, !choice.provisional));
            context! {
                id => choice.id.as_str(), index, title => speech.say(acts::title(&choice.act), &[]), lines, contact,
                moment => speech.moment(choice.received_at, &app.zone), account => choice.person.as_ref().map(App::shown),
            }
        })
        .collect();
    let today = app.today();
    let handles = member.is(Role::Handler) && case.state() == CaseState::Open;
    let proposal = app.proposals.of_case(number).map(|proposal| context! { by => proposal.by.as_str(), own => proposal.by == member.id, reason => visit.say(&format!("void.{}", proposal.reason.as_str())) });
    let page = context! {
        case => queue::row(visit, &case, today), acts => shown, wrong, changes => changes(visit, &case), form => visit.form("team"),
        answer => case.answer.as_ref().map(|answer| answer_lines(visit, answer, case.received_at)),
        answered => case.answer.as_ref().map(|answer| context! { by => answer.by.as_str(), at => speech.moment(answer.at, &app.zone) }),
        handles, approves => member.is(Role::Approver) && case.state() == CaseState::Open && case.provisional, proposal,
        codes => codes(visit), reasons => reasons(visit), extensions => extensions(visit),
        can_extend => handles && case.extension.is_none() && !case.is_late(today),
        extended_to => extended(app, case.received_at).map(|day| speech.day(day)),
        evidence => case.evidence.iter().map(|one| context! { kind => visit.say(&format!("team.evidence.{}", one.kind.as_str())), sha256 => hex(&one.sha256) }).collect::<Vec<_>>(),
        kinds => EvidenceKind::ALL.map(|kind| context! { code => kind.as_str(), name => visit.say(&format!("team.evidence.{}", kind.as_str())) }).to_vec(),
    };
    visit.page_with(status, "team-case.html", page)
}

fn codes(visit: &Visit) -> Vec<Value> {
    let one = |code: AnswerCode| {
        let facts: Vec<Value> =
            code.facts().iter().map(|fact| context! { name => *fact, label => visit.say(&format!("team.fact.{fact}")) }).collect();
        context! { code => code.as_str(), name => visit.say(&format!("team.answer.{}", code.as_str())), facts }
    };
    AnswerCode::ALL.map(one).to_vec()
}

fn reasons(visit: &Visit) -> Vec<Value> {
    let all = [VoidReason::NotAuthorisedByAccountHolder, VoidReason::FiledByAutomation, VoidReason::AccountDoesNotExist];
    all.map(|reason| context! { code => reason.as_str(), name => visit.say(&format!("void.{}", reason.as_str())) }).to_vec()
}

fn extensions(visit: &Visit) -> Vec<Value> {
    ExtensionReason::ALL
        .map(|reason| context! { code => reason.as_str(), name => visit.say(&format!("extension.{}", reason.as_str())) })
        .to_vec()
}

fn changes(visit: &Visit, case: &Case) -> Vec<Value> {
    let one = |change: &bezwaar_register::intake::cases::Changed| {
        let what = match change.change {
            Change::Opened => visit.say("team.change.opened"),
            Change::Assigned => visit.say("team.change.assigned"),
            Change::Extended => visit.say("team.change.extended"),
            Change::Answered => visit.say("team.change.answered"),
            Change::MergedInto(into) => visit.say_with("team.change.merged-into", &[("number", &into.to_string())]),
            Change::MergedFrom(from) => visit.say_with("team.change.merged-from", &[("number", &from.to_string())]),
            Change::Voided => visit.say("team.change.voided"),
            Change::EvidenceAdded => visit.say("team.change.evidence-added"),
            Change::ToldByLetter => visit.say("team.change.told-by-letter"),
        };
        context! { what, by => change.by.as_str(), at => visit.speech().moment(change.at, &visit.app.zone) }
    };
    case.changes.iter().map(one).collect()
}

pub(crate) async fn act(visit: Visit, Path((_, number, action)): Path<(String, u64, String)>, body: Bytes) -> Response {
    let role = if matches!(action.as_str(), "void" | "void-approve" | "void-drop") { Role::Approver } else { Role::Handler };
    let member = match member(&visit, &[role]) {
        Ok(member) => member,
        Err(response) => return response,
    };
    let fields = Fields::parse(&body).unwrap_or_default();
    if visit.read_form(&fields, "team").is_none() {
        return visit.forbidden();
    }
    let number = CaseNumber(number);
    let by = member.id.clone();
    let counter = &visit.app.counter;
    let outcome = match action.as_str() {
        "take" => counter.run(move |intake, now| intake.assign_case(number, &by, &by, now).map(drop)).await,
        "answer" => {
            let Some(code) = AnswerCode::lookup(fields.one("code")) else { return again(&visit, &member, number, "team.wrong.code").await };
            let facts: BTreeMap<String, String> =
                code.facts().iter().map(|fact| ((*fact).to_owned(), fields.one(&format!("{}-{fact}", code.as_str())).to_owned())).collect();
            if code == AnswerCode::Upheld && !is_matched(&visit, number).await {
                return again(&visit, &member, number, "team.wrong.unmatched").await;
            }
            if facts.values().any(String::is_empty) {
                return again(&visit, &member, number, "team.wrong.facts").await;
            }
            counter.run(move |intake, now| intake.answer_case(number, &NewAnswer { code, facts }, &by, now).map(drop)).await
        }
        "extend" => {
            let Some(reason) = ExtensionReason::lookup(fields.one("reason")) else {
                return again(&visit, &member, number, "team.wrong.reason").await;
            };
            let app = visit.app.clone();
            counter
                .run(move |intake, now| {
                    let case = intake.case(number)?.ok_or(bezwaar_register::intake::Refusal::NoSuchCase)?;
                    let due_on = extended(&app, case.received_at).ok_or(bezwaar_register::intake::Refusal::ExtensionDay)?;
                    intake.extend_case(number, (reason, due_on), &by, now).map(drop)
                })
                .await
        }
        "merge" => {
            let Ok(into) = fields.one("into").parse() else { return again(&visit, &member, number, "team.wrong.number").await };
            // Whoever approves is to see what was proposed, and nothing besides.
            visit.app.proposals.drop_case(number);
            visit.app.proposals.drop_case(CaseNumber(into));
            counter.run(move |intake, now| intake.merge_cases(number, CaseNumber(into), &by, now).map(drop)).await
        }
        "evidence" => {
            let (kind, hash) = (EvidenceKind::lookup(fields.one("kind")), from_hex(&fields.one("sha256").to_ascii_lowercase()));
            let (Some(kind), Some(sha256)) = (kind, hash) else { return again(&visit, &member, number, "team.wrong.evidence").await };
            counter.run(move |intake, now| intake.add_evidence(number, Evidence { kind, sha256 }, &by, now).map(drop)).await
        }
        "void" => {
            let Some(reason) = VoidReason::lookup(fields.one("reason")) else {
                return again(&visit, &member, number, "team.wrong.reason").await;
            };
            let case = match counter.run(move |intake, _| intake.case(number)).await {
                Ok(Ok(Some(case))) => case,
                Ok(Ok(None)) => return visit.told(StatusCode::NOT_FOUND, "team.nothing"),
                Ok(Err(error)) | Err(error) => return failed(&visit, "a case could not be read", &error),
            };
            visit.app.proposals.propose_case((number, ids(&case)), reason, &by, visit.now);
            Ok(Ok(()))
        }
        "void-drop" => {
            visit.app.proposals.drop_case(number);
            Ok(Ok(()))
        }
        "void-approve" => {
            // Whoever proposed it cannot be the second.
            let Some(proposal) = visit.app.proposals.of_case(number).filter(|proposal| proposal.by != by) else {
                return again(&visit, &member, number, "team.wrong.approver").await;
            };
            let outcome = counter
                .run(move |intake, now| {
                    let case = intake.case(number)?.ok_or(bezwaar_register::intake::Refusal::NoSuchCase)?;
                    // What was merged in since nobody proposed.
                    if proposal.seen.get(&number) != Some(&ids(&case)) {
                        return Ok(false);
                    }
                    for act in &case.acts {
                        intake.void(&act.id, proposal.reason, [proposal.by.as_str(), by.as_str()], now)?;
                    }
                    Ok(true)
                })
                .await;
            visit.app.proposals.drop_case(number);
            match outcome {
                Ok(Ok(false)) => return again(&visit, &member, number, "team.wrong.changed").await,
                Ok(Ok(true)) => Ok(Ok(())),
                Ok(Err(error)) => Ok(Err(error)),
                Err(error) => Err(error),
            }
        }
        "account" => return found_account(&visit, &member, number, fields.one("account")).await,
        _ => return visit.not_found(),
    };
    match outcome {
        Ok(Ok(())) => see_other(&visit.at(&format!("team/case/{number}"))),
        Ok(Err(IntakeError::Refused(refusal))) => {
            let text = format!("{} {refusal}", visit.say("team.wrong.refused"));
            show(&visit, &member, number, StatusCode::UNPROCESSABLE_ENTITY, Some(text)).await
        }
        Ok(Err(error)) | Err(error) => failed(&visit, "a case was not changed", &error),
    }
}

fn ids(case: &Case) -> Vec<String> {
    case.acts.iter().map(|act| act.id.clone()).collect()
}

/// Whether records can be matched with one of the case's people, or with an account that was found for them since.
async fn is_matched(visit: &Visit, number: CaseNumber) -> bool {
    let Ok(Ok(Some(case))) = visit.app.counter.run(move |intake, _| intake.case(number)).await else { return false };
    let read = visit.app.read(move |reader| {
        for act in &case.acts {
            for place in 0..=FOUND_MAX {
                let id = if place == 0 { act.id.clone() } else { format!("{}.found-{place}", act.id) };
                let Some((_, choice)) = acts::find(reader, &id)? else { break };
                if choice.person.is_some_and(|person| person.has_service()) {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    });
    read.await.unwrap_or(false)
}

/// Files the objection for an account the team has found for it: it counts from the day the objection came.
async fn found_account(visit: &Visit, member: &Member, number: CaseNumber, text: &str) -> Response {
    let Some(account) = visit.app.services.parse(text).filter(|account| account.has_service()) else {
        return again(visit, member, number, "team.wrong.account").await;
    };
    let case = match visit.app.counter.run(move |intake, _| intake.case(number)).await {
        Ok(Ok(Some(case))) => case,
        Ok(Ok(None)) => return visit.told(StatusCode::NOT_FOUND, "team.nothing"),
        Ok(Err(error)) | Err(error) => return failed(visit, "a case could not be read", &error),
    };
    let Some(act) = case.acts.first().map(|act| act.id.clone()) else { return visit.told(StatusCode::NOT_FOUND, "team.nothing") };
    let wanted = account.clone();
    let read = visit.app.read(move |reader| {
        let first = acts::find(reader, &act)?.map(|(_, choice)| choice);
        for place in 1..=FOUND_MAX {
            let id = format!("{act}.found-{place}");
            match acts::find(reader, &id)? {
                Some((_, choice)) if choice.person.as_ref() == Some(&wanted) => return Ok(None),
                Some(_) => {}
                None => return Ok(first.map(|first| (first, id))),
            }
        }
        Ok(None)
    });
    let (first, id) = match read.await {
        Ok(Some(found)) => found,
        Ok(None) => return see_other(&visit.at(&format!("team/case/{number}"))),
        Err(_) => return visit.failed(),
    };
    // Found by hand from what somebody wrote: it brings its own time, as letters do.
    let choice = Choice { id, person: Some(account), channel: Some(Channel::Import), recorded_at: None, provisional: false, ..first };
    let filing = Filing::own(choice, Sender::Unconfirmed);
    match visit.app.counter.file(Submission::of(vec![filing])).await {
        Ok(_) => see_other(&visit.at(&format!("team/case/{number}"))),
        Err(IntakeError::Refused(refusal)) => {
            let text = format!("{} {refusal}", visit.say("team.wrong.refused"));
            show(visit, member, number, StatusCode::UNPROCESSABLE_ENTITY, Some(text)).await
        }
        Err(error) => failed(visit, "an account was not added", &error),
    }
}

async fn again(visit: &Visit, member: &Member, number: CaseNumber, key: &str) -> Response {
    show(visit, member, number, StatusCode::UNPROCESSABLE_ENTITY, Some(visit.say(key))).await
}
