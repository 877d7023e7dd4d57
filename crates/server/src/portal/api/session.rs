//! Who is signed in, and the mark without which nothing is said in their name.

use axum::Json;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use bezwaar_core::account::Account;
use serde::Serialize;
use utoipa::ToSchema;

use super::problem::{Kind, Problem, ProblemBody};
use crate::portal::sessions::Who;
use crate::portal::settings::Role;
use crate::portal::web::{Visit, is_own};

/// The header that carries a form mark: no page of another site can send it.
pub(crate) const MARK_HEADER: &str = "bezwaar-form";
/// What marks of the interface are for.
const PURPOSE: &str = "api";

/// Who is signed in.
#[derive(Serialize, ToSchema)]
pub(crate) struct SessionBody {
    /// The account, if a person is signed in.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    account: Option<String>,
    /// The id, if a member of the team is.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    member: Option<String>,
    /// The mark to send as `Bezwaar-Form` with whatever changes something. Good for 12 hours, in this session.
    form: String,
}

/// Who is signed in, and the mark to send with what changes something
#[utoipa::path(get, path = "/api/v1/session", tag = "people", operation_id = "session", security(("session" = [])),
    responses((status = 200, body = SessionBody), (status = 401, body = ProblemBody, content_type = "application/problem+json"),
        (status = 429, body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn get(visit: Visit) -> Response {
    let Some(session) = &visit.session else { return Kind::SignIn.of().answer(&visit) };
    let (account, member) = match &session.who {
        Who::Person { account, .. } => (Some(account.expose_canonical().to_owned()), None),
        Who::Member { id, .. } => (None, Some(id.clone())),
    };
    Json(SessionBody { account, member, form: visit.form(PURPOSE) }).into_response()
}

/// Whether the header carries a mark that was made for this session.
pub(crate) fn has_mark(visit: &Visit, headers: &HeaderMap) -> bool {
    let text = headers.get(MARK_HEADER).and_then(|value| value.to_str().ok()).unwrap_or_default();
    is_own(&visit.app.settings.base_url, headers) && visit.read_mark(text, PURPOSE).is_some()
}

/// Whose data is asked for.
pub(crate) enum Asked {
    /// The own.
    Own(Account),
    /// Somebody's, by a supervisor.
    Supervised {
        /// The account.
        account: Account,
        /// The supervisor's id.
        by: String,
    },
}

impl Asked {
    /// Own data, or with `account` anybody's, for a supervisor.
    pub(crate) fn of(visit: &Visit, account: Option<&str>) -> Result<Asked, Problem> {
        let Some(session) = &visit.session else { return Err(Kind::SignIn.of()) };
        let named = account.map(|text| visit.app.services.parse(text));
        match (&session.who, named) {
            (Who::Person { account, .. }, None) => Ok(Asked::Own(account.clone())),
            (Who::Person { account, .. }, Some(named)) if named.as_ref() == Some(account) => Ok(Asked::Own(account.clone())),
            (Who::Person { .. }, Some(_)) => Err(Kind::Forbidden.of()),
            (Who::Member { roles, .. }, _) if !roles.contains(&Role::Supervisor) => Err(Kind::Forbidden.of()),
            (Who::Member { id, .. }, Some(Some(account))) => Ok(Asked::Supervised { account, by: id.clone() }),
            (Who::Member { .. }, _) => {
                let wrong = super::problem::Wrong::parameter("account", "a supervisor names the account, as `service:account`");
                Err(Kind::Query.of().with_errors(vec![wrong]))
            }
        }
    }

    pub(crate) fn account(&self) -> &Account {
        match self {
            Asked::Own(account) | Asked::Supervised { account, .. } => account,
        }
    }
}
