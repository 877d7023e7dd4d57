//! What other programs call: JSON in, JSON or a file out, described by OpenAPI. One file per endpoint.
//!
//! Everything under `/api/v1` but filing counts against the calls of a network; filing is never refused because of a limit.

mod absence;
mod body;
mod bulk;
mod calls;
mod decide;
mod document;
mod health;
mod ledger;
mod look;
pub(crate) mod metrics;
mod own;
pub(crate) mod problem;
mod receipts;
mod record;
mod session;

use std::sync::atomic::AtomicI64;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::{FromRequestParts as _, Request, State};
use axum::middleware::Next;
use axum::response::Response;
use axum::routing::{MethodRouter, get, post};
use tokio::sync::Semaphore;

pub use body::{BODY_SECONDS_MAX, LIST_MAX};
pub use bulk::{BULK_ACCOUNTS_MAX, BULK_AT_ONCE_MAX, BULK_BODY_BYTES_MAX, RELEASE_MISSING_SECONDS, RELEASES_KEPT, SUBJECTS_KEPT};
pub use calls::CALLS_FOLDER;
pub use decide::{CONCERNED_MAX, DECIDE_BODY_BYTES_MAX};
pub use document::{OPENAPI_FILE, openapi};
pub use health::PUBLISH_LAG_SECONDS_MAX;
pub use ledger::LEDGER_FILE_BYTES_MAX;
pub use own::ACTS_PAGE_MAX;
pub use record::{ACT_BODY_BYTES_MAX, ACT_TEXT_BYTES_MAX, GIVEN_ID_BYTES_MAX, KEY_LENGTH_MAX, KEY_LENGTH_MIN};

use super::app::Shared;
use super::limits::{Calls, FILINGS_COUNTED_MAX, Filings, NETWORKS_COUNTED_MAX};
use super::settings::Limits;
use super::web::{Network, Visit};
use metrics::Metrics;
use problem::Kind;

/// What the interface keeps between requests.
pub(crate) struct Api {
    pub(crate) calls_of: Calls<Network>,
    pub(crate) filings: Filings,
    pub(crate) metrics: Metrics,
    /// When the ledger was published last, in microseconds.
    pub(crate) published_at: AtomicI64,
    pub(crate) calls: Mutex<Option<calls::CallBook>>,
    pub(crate) releases: Mutex<bulk::Kept>,
    pub(crate) bulk_places: Arc<Semaphore>,
}

impl Api {
    pub(crate) fn new(limits: Limits) -> Api {
        Api {
            calls_of: Calls::new(limits.calls_per_network, NETWORKS_COUNTED_MAX),
            filings: Filings::new(limits, FILINGS_COUNTED_MAX),
            metrics: Metrics::default(),
            published_at: AtomicI64::new(i64::MIN),
            calls: Mutex::new(None),
            releases: Mutex::new(bulk::Kept::default()),
            bulk_places: Arc::new(Semaphore::new(BULK_AT_ONCE_MAX)),
        }
    }
}

/// A route that takes these methods only, and says which to who uses another.
fn route(methods: MethodRouter<Shared>, allow: &'static str) -> MethodRouter<Shared> {
    methods.fallback(move |visit: Visit| async move { Kind::Method.of().allow(allow).answer(&visit) })
}

/// Which address leads where.
pub(crate) fn router(app: &Shared) -> Router<Shared> {
    let limited = Router::new()
        .route("/api/v1/openapi.json", route(get(document::get), "GET, HEAD"))
        .route("/api/v1/problems/{code}", route(get(problem::describe), "GET, HEAD"))
        .route("/api/v1/session", route(get(session::get), "GET, HEAD"))
        .route("/api/v1/state", route(get(own::state), "GET, HEAD"))
        .route("/api/v1/receipts/check", route(post(receipts::check), "POST"))
        .route("/api/v1/receipts/{number}/{tag}", route(get(receipts::get), "GET, HEAD"))
        .route("/api/v1/releases/{release}/absence", route(get(absence::get), "GET, HEAD"))
        .route("/api/v1/decide", route(post(decide::post), "POST"))
        .route("/api/v1/check", route(post(bulk::post), "POST"))
        .route_layer(axum::middleware::from_fn_with_state(app.clone(), limit));
    let acts = route(get(own::acts).route_layer(axum::middleware::from_fn_with_state(app.clone(), limit)), "GET, HEAD, POST");
    Router::new()
        .merge(limited)
        .route("/api/v1/acts", acts.post(record::post))
        .route("/api/{*rest}", axum::routing::any(missing))
        .route("/ledger/", axum::routing::any(missing))
        .route("/ledger/{*path}", route(get(ledger::file), "GET, HEAD"))
        .route("/health", route(get(health::health), "GET, HEAD"))
        .route("/ready", route(get(health::ready), "GET, HEAD"))
        .route("/metrics", route(get(metrics::page), "GET, HEAD"))
}

async fn missing(visit: Visit) -> Response {
    Kind::NotFound.of().answer(&visit)
}

/// Counts a call against those of its network.
async fn limit(State(app): State<Shared>, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    let Ok(visit) = Visit::from_request_parts(&mut parts, &app).await;
    if let Err(seconds) = app.api.calls_of.take(visit.network, visit.now) {
        app.api.metrics.limited("calls-per-network");
        return Kind::TooMany.of().retry_after(seconds).answer(&visit);
    }
    next.run(Request::from_parts(parts, body)).await
}
