//! Problem details ([RFC 9457](https://www.rfc-editor.org/rfc/rfc9457)): what went wrong, in one form for every endpoint. They hold nothing personal: neither a
//! name nor anything of a body, only where in it something is wrong.

use axum::Json;
use axum::extract::Path;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use crate::portal::web::Visit;

/// The kinds of problems. Their codes are part of the interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Malformed,
    Invalid,
    Query,
    MediaType,
    TooLong,
    TooSlow,
    SignIn,
    Credential,
    Forbidden,
    FormMark,
    ParentNeeded,
    NotFound,
    Method,
    Gone,
    KeyMalformed,
    KeyReused,
    IdTaken,
    Refused,
    TooMany,
    Busy,
    Failed,
}

impl Kind {
    pub(crate) const ALL: [Kind; 21] = [
        Kind::Malformed,
        Kind::Invalid,
        Kind::Query,
        Kind::MediaType,
        Kind::TooLong,
        Kind::TooSlow,
        Kind::SignIn,
        Kind::Credential,
        Kind::Forbidden,
        Kind::FormMark,
        Kind::ParentNeeded,
        Kind::NotFound,
        Kind::Method,
        Kind::Gone,
        Kind::KeyMalformed,
        Kind::KeyReused,
        Kind::IdTaken,
        Kind::Refused,
        Kind::TooMany,
        Kind::Busy,
        Kind::Failed,
    ];

    /// Its code, HTTP status, title, and what to do about it.
    fn facts(self) -> (&'static str, u16, &'static str, &'static str) {
        match self {
            Kind::Malformed => ("malformed", 400, "the body is not JSON", "send one JSON object, each member once"),
            Kind::Invalid => {
                ("invalid", 422, "something in the body cannot be used", "mend what `errors` names; docs/api.md has the forms")
            }
            Kind::Query => {
                ("query", 400, "something in the query cannot be used", "mend what `errors` names; no other parameters are known")
            }
            Kind::MediaType => ("media-type", 415, "the body is of another kind", "send `Content-Type: application/json`"),
            Kind::TooLong => ("too-long", 413, "the body is too long", "send less at a time"),
            Kind::TooSlow => ("too-slow", 408, "the body did not arrive in time", "send it again"),
            Kind::SignIn => ("sign-in", 401, "this is for who is signed in", "sign in at the portal, and send its session cookie"),
            Kind::Credential => ("credential", 401, "this is for a contracted caller", "send the credential as `Authorization: Bearer …`"),
            Kind::Forbidden => {
                ("forbidden", 403, "this is not yours to ask or to say", "ask and speak for the account you are signed in with")
            }
            Kind::FormMark => {
                ("form-mark", 403, "the form mark is missing or not good", "get one from `/api/v1/session`, and send it as `Bezwaar-Form`")
            }
            Kind::ParentNeeded => {
                ("parent-needed", 403, "whoever is this young cannot allow this", "a parent or guardian can; saying no is always possible")
            }
            Kind::NotFound => ("not-found", 404, "there is nothing here", "check the address"),
            Kind::Method => ("method", 405, "this address does not take this method", "see the header `Allow`"),
            Kind::Gone => ("gone", 410, "it was here, and was erased", "nothing is to be done: a receipt given before still holds"),
            Kind::KeyMalformed => (
                "idempotency-key",
                400,
                "the `Idempotency-Key` cannot be used",
                "send a key nobody can guess, of 16 to 128 characters in quotes, such as a random UUID",
            ),
            Kind::KeyReused => {
                ("idempotency-key-reused", 422, "this `Idempotency-Key` was sent with another act", "send each act with a key of its own")
            }
            Kind::IdTaken => {
                ("id-taken", 409, "an act with this id is there already", "an act is never changed: give the new one an id of its own")
            }
            Kind::Refused => ("refused", 422, "the register does not take it", "see `detail`"),
            Kind::TooMany => {
                ("too-many", 429, "too many calls from this network", "wait as long as `Retry-After` says; objections are always taken")
            }
            Kind::Busy => (
                "busy",
                503,
                "the register cannot take it now",
                "nothing was recorded: send it again after a second, with the same `Idempotency-Key`",
            ),
            Kind::Failed => (
                "failed",
                500,
                "it failed, and not because of you",
                "send it again with the same `Idempotency-Key`; if it goes on failing, write to the organisation",
            ),
        }
    }

    pub(crate) fn code(self) -> &'static str {
        self.facts().0
    }

    pub(crate) fn status(self) -> StatusCode {
        StatusCode::from_u16(self.facts().1).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    fn lookup(code: &str) -> Option<Kind> {
        Kind::ALL.into_iter().find(|kind| kind.code() == code)
    }

    /// The problem, with nothing more to say.
    pub(crate) fn of(self) -> Problem {
        Problem { kind: self, detail: None, errors: Vec::new(), retry_after: None, allow: None }
    }
}

/// One thing that is wrong, and where.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Wrong {
    /// Where in the body: a JSON pointer (RFC 6901).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) pointer: Option<String>,
    /// Which parameter of the query or header.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) parameter: Option<String>,
    /// What is wrong with it.
    pub(crate) detail: String,
}

impl Wrong {
    pub(crate) fn at(pointer: impl Into<String>, detail: impl Into<String>) -> Wrong {
        Wrong { pointer: Some(pointer.into()), parameter: None, detail: detail.into() }
    }

    pub(crate) fn parameter(name: impl Into<String>, detail: impl Into<String>) -> Wrong {
        Wrong { pointer: None, parameter: Some(name.into()), detail: detail.into() }
    }
}

/// A problem, before it is answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    pub(crate) kind: Kind,
    detail: Option<String>,
    errors: Vec<Wrong>,
    retry_after: Option<u64>,
    allow: Option<&'static str>,
}

/// What a problem looks like.
#[derive(Serialize, ToSchema)]
#[schema(as = Problem)]
pub(crate) struct ProblemBody {
    /// The kind of problem: an address that describes it.
    #[serde(rename = "type")]
    kind: String,
    /// The kind in words; the same each time.
    title: String,
    /// The HTTP status.
    status: u16,
    /// What to do about it.
    detail: String,
    /// Each thing that is wrong, all at once.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    errors: Vec<Wrong>,
}

impl Problem {
    /// Everything that is wrong with a body.
    pub(crate) fn invalid(errors: Vec<Wrong>) -> Problem {
        Problem { errors, ..Kind::Invalid.of() }
    }

    pub(crate) fn with_errors(self, errors: Vec<Wrong>) -> Problem {
        Problem { errors, ..self }
    }

    pub(crate) fn with_detail(self, detail: impl Into<String>) -> Problem {
        Problem { detail: Some(detail.into()), ..self }
    }

    pub(crate) fn retry_after(self, seconds: u64) -> Problem {
        Problem { retry_after: Some(seconds), ..self }
    }

    pub(crate) fn allow(self, methods: &'static str) -> Problem {
        Problem { allow: Some(methods), ..self }
    }

    /// The answer.
    pub(crate) fn answer(self, visit: &Visit) -> Response {
        let (code, status, title, help) = self.kind.facts();
        let body = ProblemBody {
            kind: format!("{}/api/v1/problems/{code}", visit.app.settings.base_url),
            title: title.to_owned(),
            status,
            detail: self.detail.unwrap_or_else(|| help.to_owned()),
            errors: self.errors,
        };
        let mut response = (self.kind.status(), Json(body)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        let mut put = |name: HeaderName, value: &str| HeaderValue::from_str(value).map(|value| headers.insert(name, value));
        let put = match self.kind {
            Kind::SignIn => put(header::WWW_AUTHENTICATE, "Cookie realm=\"portal\""),
            Kind::Credential => put(header::WWW_AUTHENTICATE, "Bearer realm=\"portal\""),
            Kind::Method => put(header::ALLOW, self.allow.unwrap_or("GET")),
            Kind::TooMany | Kind::Busy => put(header::RETRY_AFTER, &self.retry_after.unwrap_or(1).to_string()),
            _ => Ok(None),
        };
        drop(put);
        response
    }
}

/// What a kind of problem means.
#[derive(Serialize, ToSchema)]
pub(crate) struct ProblemKind {
    /// Its address.
    #[serde(rename = "type")]
    kind: String,
    /// It in words.
    title: String,
    /// Its HTTP status.
    status: u16,
    /// What to do about it.
    help: String,
}

/// What a kind of problem means
///
/// The address is the `type` of a problem.
#[utoipa::path(get, path = "/api/v1/problems/{code}", tag = "about", operation_id = "describeProblem",
    params(("code" = String, Path, description = "The last part of a problem's `type`", example = "not-found")),
    responses((status = 200, body = ProblemKind), (status = 404, body = ProblemBody, content_type = "application/problem+json"),
        (status = 429, body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn describe(visit: Visit, Path(code): Path<String>) -> Response {
    let Some(kind) = Kind::lookup(&code) else { return Kind::NotFound.of().answer(&visit) };
    let (code, status, title, help) = kind.facts();
    let kind = format!("{}/api/v1/problems/{code}", visit.app.settings.base_url);
    Json(ProblemKind { kind, title: title.to_owned(), status, help: help.to_owned() }).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_listed_once_and_has_a_code_of_its_own() {
        let codes: std::collections::BTreeSet<&str> = Kind::ALL.iter().map(|kind| kind.code()).collect();
        assert_eq!(codes.len(), Kind::ALL.len());
        for kind in Kind::ALL {
            assert_eq!(Kind::lookup(kind.code()), Some(kind));
            assert!(kind.status().is_client_error() || kind.status().is_server_error());
        }
        assert_eq!(Kind::lookup("none"), None);
    }
}
