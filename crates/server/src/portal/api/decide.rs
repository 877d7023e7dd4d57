//! One decision, with its reasons: by the function everything else decides by.

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use bezwaar_core::account::Account;
use bezwaar_core::wire::{decision_line, parse_item};
use bezwaar_core::{Question, Reading, decide};
use serde_json::Value;
use utoipa::ToSchema;

use super::body::{Members, object};
use super::look;
use super::problem::{Kind, Problem, ProblemBody, Wrong};
use crate::portal::holds::{Concerning, moment};
use crate::portal::sessions::Who;
use crate::portal::settings::Role;
use crate::portal::web::Visit;

/// The longest body, in bytes.
pub const DECIDE_BODY_BYTES_MAX: usize = 64 << 10;
/// The most people one item may concern.
pub const CONCERNED_MAX: usize = 16;
const WORD_BYTES_MAX: usize = 200;

/// What is asked.
#[derive(ToSchema)]
#[schema(as = Question)]
#[expect(dead_code, reason = "it is read member by member; this describes it")]
pub(crate) struct QuestionBody {
    /// The facts about the record, in the exchange format.
    #[schema(value_type = Object)]
    item: Value,
    /// For what.
    #[schema(example = "meta/public-content", max_length = 200)]
    r#use: String,
    /// For whom.
    #[schema(example = "meta-ai", max_length = 200)]
    recipient: String,
    /// How strictly to read: `protective` if absent.
    #[schema(required = false)]
    reading: Option<ReadingWord>,
}

#[derive(ToSchema)]
#[schema(rename_all = "kebab-case")]
#[expect(dead_code, reason = "it describes the words")]
pub(crate) enum ReadingWord {
    Stated,
    Protective,
    Consent,
}

/// What is decided, in the exchange format.
#[derive(ToSchema)]
#[schema(as = Decision)]
#[expect(dead_code, reason = "the exchange format writes it; this describes it")]
pub(crate) struct DecisionBody {
    /// The item's id.
    item: Option<String>,
    /// For what.
    r#use: String,
    /// For whom.
    recipient: String,
    /// At which moment: now.
    at: String,
    /// How it was read.
    reading: String,
    /// `keep`: nothing we know speaks against it, which is no legal basis. Or `withhold`.
    decision: String,
    /// All reasons to withhold it; each has a `code`.
    #[schema(value_type = Vec<Object>)]
    reasons: Vec<Value>,
    /// The version of the policy in force.
    policy: Option<String>,
}

/// Decide about one record, now
///
/// Somebody signed in asks about records of their own account. A supervisor asks about any; a look at each person concerned is recorded first.
#[utoipa::path(post, path = "/api/v1/decide", tag = "people", operation_id = "decide", security(("session" = [])),
    request_body(content = QuestionBody, content_type = "application/json"),
    responses((status = 200, body = DecisionBody),
        (status = 400, body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, body = ProblemBody, content_type = "application/problem+json"),
        (status = 408, body = ProblemBody, content_type = "application/problem+json"),
        (status = 413, body = ProblemBody, content_type = "application/problem+json"),
        (status = 415, body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, body = ProblemBody, content_type = "application/problem+json"),
        (status = 429, body = ProblemBody, content_type = "application/problem+json"),
        (status = 500, body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn post(visit: Visit, headers: HeaderMap, body: Body) -> Response {
    match decided(&visit, &headers, body).await {
        Ok(line) => ([(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))], line).into_response(),
        Err(problem) => problem.answer(&visit),
    }
}

async fn decided(visit: &Visit, headers: &HeaderMap, body: Body) -> Result<String, Problem> {
    let Some(session) = &visit.session else { return Err(Kind::SignIn.of()) };
    let object = object(headers, body, DECIDE_BODY_BYTES_MAX).await?;
    let mut members = Members::of(&object);
    let item = match members.value("item") {
        Some(value @ Value::Object(_)) => match parse_item(1, &value.to_string()) {
            Ok(item) => Some(item),
            Err(error) => {
                members.tell("item", error.message().to_owned());
                None
            }
        },
        _ => {
            members.tell("item", "it is needed, as an object");
            None
        }
    };
    let use_id = members.needed_text("use", WORD_BYTES_MAX).to_owned();
    let recipient = members.needed_text("recipient", WORD_BYTES_MAX).to_owned();
    let word = members.text("reading", WORD_BYTES_MAX).unwrap_or(Reading::Protective.as_str());
    let reading = Reading::lookup(word);
    if reading.is_none() {
        members.tell("reading", "it is none of stated, protective, consent");
    }
    let wrong = members.finish();
    if !wrong.is_empty() {
        return Err(Problem::invalid(wrong));
    }
    // Without something wrong both are there.
    let (Some(item), Some(reading)) = (item, reading) else { return Err(Kind::Failed.of()) };
    let named = item.authors.0.iter().flatten().chain(item.about.iter().filter_map(|about| about.person.as_ref()));
    let mut concerned: Vec<Account> = named.filter_map(|text| visit.app.services.parse(text)).collect();
    concerned.sort();
    concerned.dedup();
    if concerned.len() > CONCERNED_MAX {
        return Err(Problem::invalid(vec![Wrong::at("/item", format!("it concerns more than {CONCERNED_MAX} people"))]));
    }
    match &session.who {
        // Nobody learns by asking whether somebody else objected.
        Who::Person { account, .. } if concerned.iter().all(|one| one == account) => {}
        Who::Person { .. } => return Err(Kind::Forbidden.of()),
        Who::Member { roles, .. } if !roles.contains(&Role::Supervisor) => return Err(Kind::Forbidden.of()),
        Who::Member { id, .. } => look::record(visit, id, concerned.clone()).await?,
    }
    let now = visit.now;
    let read = visit.app.read(move |reader| {
        let at = moment(reader, now)?;
        Ok((at, Concerning::read(reader, &concerned, at)?))
    });
    let read = read.await.ok().and_then(|(at, concerning)| Some((at, concerning.holdings()?)));
    let (at, held) = read.ok_or_else(|| {
        visit.app.trace("nothing was decided: the acts of somebody concerned could not be read");
        Kind::Failed.of()
    })?;
    let question = Question { use_id, recipient, at, reading };
    let decision = decide(&visit.app.policies, &held, &item, &question);
    Ok(decision_line(&question, Some(&item.id), &decision))
}
