//! What somebody said and what holds for them: for who is signed in, and for a supervisor, whose every look is recorded first.

use axum::Json;
use axum::http::Uri;
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bezwaar_core::account::Account;
use bezwaar_ledger::event::Event;
use bezwaar_register::engine::RegisterError;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::body::{given, query};
use super::look;
use super::problem::{Kind, Problem, ProblemBody, Wrong};
use super::session::Asked;
use crate::identity::private::same;
use crate::portal::acts::Filed;
use crate::portal::holds::{self, Concerning};
use crate::portal::web::Visit;

/// The most acts on a page.
pub const ACTS_PAGE_MAX: usize = 100;
/// The acts on a page, if nothing else is asked for.
const ACTS_PAGE: usize = 50;

/// A page of acts.
#[derive(Serialize, ToSchema)]
pub(crate) struct ActsPage {
    /// The account.
    account: String,
    /// The acts, oldest first.
    acts: Vec<FiledAct>,
    /// Where to go on, as `cursor`; none at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    next: Option<String>,
}

/// What stands under an account.
#[derive(Serialize, ToSchema)]
pub(crate) struct FiledAct {
    /// Its place on the ledger, from 0.
    index: u64,
    /// When the ledger took it.
    recorded_at: String,
    /// What it is: `choice`, `confirmation`, or something else the ledger knows.
    kind: &'static str,
    /// What it says, in the form the ledger commits to.
    #[schema(value_type = Object)]
    event: Value,
    /// Of an act, where its receipt is.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    receipt: Option<String>,
}

/// What stands under an account, oldest first
///
/// The own account; a supervisor names one, and the look is recorded.
#[utoipa::path(get, path = "/api/v1/acts", tag = "people", operation_id = "listActs", security(("session" = [])),
    params(("account" = Option<String>, Query, description = "For a supervisor: whose, as `service:account`"),
        ("cursor" = Option<String>, Query, description = "Where to go on: `next` of the page before"),
        ("limit" = Option<u64>, Query, description = "How many, 50 if absent", minimum = 1, maximum = 100)),
    responses((status = 200, body = ActsPage),
        (status = 400, body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, body = ProblemBody, content_type = "application/problem+json"),
        (status = 429, body = ProblemBody, content_type = "application/problem+json"),
        (status = 500, body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn acts(visit: Visit, uri: Uri) -> Response {
    match acts_page(&visit, &uri).await {
        Ok(page) => Json(page).into_response(),
        Err(problem) => problem.answer(&visit),
    }
}

async fn acts_page(visit: &Visit, uri: &Uri) -> Result<ActsPage, Problem> {
    let found = query(uri, &["account", "cursor", "limit"])?;
    let wrong = |name: &str, detail: String| Kind::Query.of().with_errors(vec![Wrong::parameter(name, detail)]);
    let limit = match given(&found, "limit") {
        None => ACTS_PAGE,
        Some(text) => {
            let number = text.parse().ok().filter(|number| (1..=ACTS_PAGE_MAX).contains(number));
            number.ok_or_else(|| wrong("limit", format!("it is a number from 1 to {ACTS_PAGE_MAX}")))?
        }
    };
    let asked = Asked::of(visit, given(&found, "account"))?;
    let from = match given(&found, "cursor") {
        None => 0,
        Some(text) => {
            read_cursor(visit, asked.account(), text).ok_or_else(|| wrong("cursor", "it is not one of this account".to_owned()))?
        }
    };
    look::record_asked(visit, &asked).await?;
    let account = asked.account().clone();
    let rows = visit.app.read(move |reader| reader.acts_of(&account)).await.map_err(|error| failed(visit, &error))?;
    let mut later = rows.into_iter().filter(|row| row.index >= from);
    let page: Vec<FiledAct> = later
        .by_ref()
        .take(limit)
        .map(|row| {
            let event: Value = serde_json::from_slice(&row.body).unwrap_or_default();
            let kind = match Event::from_bytes(row.entry.kind, &row.body) {
                Ok(Event::Choice(_)) => "choice",
                Ok(Event::Confirmation(_)) => "confirmation",
                Ok(Event::Void(_)) => "void",
                Ok(Event::Tombstone(_)) => "tombstone",
                Err(_) => "unreadable",
            };
            let id = event.get("id").and_then(Value::as_str).filter(|_| kind == "choice");
            let receipt = id.map(|id| format!("{}{}", visit.app.settings.base_url, super::record::receipt_path(visit, id)));
            FiledAct { index: row.index, recorded_at: row.entry.recorded_at.to_string(), kind, event, receipt }
        })
        .collect();
    let next = later.next().map(|row| cursor(visit, asked.account(), row.index));
    Ok(ActsPage { account: asked.account().expose_canonical().to_owned(), acts: page, next })
}

fn failed(visit: &Visit, error: &RegisterError) -> Problem {
    visit.app.trace(&format!("the acts of an account could not be read: {error}"));
    Kind::Failed.of()
}

/// A cursor: the place to go on at, with a mark that it was given for this account.
fn cursor(visit: &Visit, account: &Account, index: u64) -> String {
    let mark = visit.app.secrets.keyed("cursor", &format!("{}\n{index}", account.expose_canonical()));
    URL_SAFE_NO_PAD.encode([&index.to_be_bytes()[..], &mark].concat())
}

fn read_cursor(visit: &Visit, account: &Account, text: &str) -> Option<u64> {
    let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
    let (index, _) = bytes.split_first_chunk::<8>()?;
    let index = u64::from_be_bytes(*index);
    same(text.as_bytes(), cursor(visit, account, index).as_bytes()).then_some(index)
}

/// What holds for an account.
#[derive(Serialize, ToSchema)]
pub(crate) struct StateBody {
    /// The account.
    account: String,
    /// At which moment.
    at: String,
    /// Per use of the organisation's policies in force.
    uses: Vec<UseState>,
    /// The settings and their positions.
    settings: Vec<SettingState>,
}

/// What holds for a use.
#[derive(Serialize, ToSchema)]
pub(crate) struct UseState {
    /// The use.
    r#use: String,
    /// `no`: said no. `signal`: a signal says no. `yes`: said yes. `silent`: said nothing. `rule`: the use has no place for what people say now.
    #[schema(example = "no")]
    state: &'static str,
}

/// The position of a setting.
#[derive(Serialize, ToSchema)]
pub(crate) struct SettingState {
    /// The setting.
    control: String,
    /// Whether it is on.
    on: bool,
}

/// What holds now for an account, per use
///
/// The own account; a supervisor names one, and the look is recorded.
#[utoipa::path(get, path = "/api/v1/state", tag = "people", operation_id = "state", security(("session" = [])),
    params(("account" = Option<String>, Query, description = "For a supervisor: whose, as `service:account`")),
    responses((status = 200, body = StateBody),
        (status = 400, body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, body = ProblemBody, content_type = "application/problem+json"),
        (status = 429, body = ProblemBody, content_type = "application/problem+json"),
        (status = 500, body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn state(visit: Visit, uri: Uri) -> Response {
    match state_now(&visit, &uri).await {
        Ok(state) => Json(state).into_response(),
        Err(problem) => problem.answer(&visit),
    }
}

async fn state_now(visit: &Visit, uri: &Uri) -> Result<StateBody, Problem> {
    let found = query(uri, &["account"])?;
    let asked = Asked::of(visit, given(&found, "account"))?;
    look::record_asked(visit, &asked).await?;
    let (account, now) = (asked.account().clone(), visit.now);
    let read = visit.app.read(move |reader| {
        let now = holds::moment(reader, now)?;
        let filed = Filed::read(reader, &account)?;
        Ok((now, filed, Concerning::read(reader, std::slice::from_ref(&account), now)?))
    });
    let (now, filed, concerning) = read.await.map_err(|error| failed(visit, &error))?;
    let held = concerning.holdings();
    let uses = holds::uses(&visit.app, held.as_ref(), asked.account(), now);
    Ok(StateBody {
        account: asked.account().expose_canonical().to_owned(),
        at: now.to_string(),
        uses: uses.into_iter().map(|(use_id, state)| UseState { r#use: use_id, state: state.word() }).collect(),
        settings: holds::settings(&visit.app, &filed).into_iter().map(|(control, on)| SettingState { control, on }).collect(),
    })
}
