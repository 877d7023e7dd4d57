//! Whether the process lives, and whether it can do its work.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use crate::portal::web::Visit;

/// How long ago the ledger may have been published, in seconds, for the portal to be ready: as long as receipts promise.
pub const PUBLISH_LAG_SECONDS_MAX: i64 = 60;

/// How it is.
#[derive(Serialize, ToSchema)]
pub(crate) struct Health {
    /// `ok`, or what is wrong.
    status: &'static str,
}

/// Whether it can do its work, and whether people can sign in.
#[derive(Serialize, ToSchema)]
pub(crate) struct Ready {
    /// `ok`, or what is wrong.
    status: &'static str,
    /// Whether the provider's claim with the account was shown to hold what the corpus has: `proven`; `waiting` for the known record; `refuted` by it, so that nobody can sign in;
    /// `not-tested`. Absent where nobody signs in at a provider.
    #[serde(skip_serializing_if = "Option::is_none")]
    account_claim: Option<&'static str>,
}

/// Whether the process lives
#[utoipa::path(get, path = "/health", tag = "operating", operation_id = "health", responses((status = 200, body = Health)))]
pub(crate) async fn health() -> Response {
    Json(Health { status: "ok" }).into_response()
}

/// Whether it can do its work: the register is open, and the ledger was published within the last minute
#[utoipa::path(get, path = "/ready", tag = "operating", operation_id = "ready",
    responses((status = 200, body = Ready), (status = 503, body = Ready)))]
pub(crate) async fn ready(visit: Visit) -> Response {
    // That nobody can sign in does not make it less ready: people object without.
    let account_claim = visit.app.identities.known.as_ref().map(|known| known.state().word());
    let failed = |status| (StatusCode::SERVICE_UNAVAILABLE, Json(Ready { status, account_claim })).into_response();
    if visit.app.read(|reader| reader.size()).await.is_err() {
        return failed("the register cannot be read");
    }
    if visit.app.publish_lag_micros() > PUBLISH_LAG_SECONDS_MAX * 1_000_000 {
        return failed("the ledger is not published");
    }
    Json(Ready { status: "ok", account_claim }).into_response()
}
