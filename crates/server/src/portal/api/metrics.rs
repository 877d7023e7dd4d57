//! Figures for whoever runs the portal, as Prometheus reads them. No personal data: routes are patterns, and nothing is counted by person.

use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};
use tokio::time::Instant as Ticks;

use crate::portal::app::{App, Shared};
use crate::portal::limits::CountedBy;
use crate::portal::web::{Visit, is_forwarded};
use crate::serving::Peer;

/// Upper ends of the classes of durations, in seconds.
const DURATIONS: [f64; 10] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0];
const MEDIA_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

type Labels<const N: usize> = [(&'static str, String); N];

/// All figures.
pub(crate) struct Metrics {
    registry: Registry,
    requests: Family<Labels<3>, Counter>,
    durations: Family<Labels<1>, Histogram, fn() -> Histogram>,
    limits: Family<Labels<1>, Counter>,
    refusals: Counter,
    set_apart: Family<Labels<1>, Counter>,
    bulk_calls: Family<Labels<1>, Counter>,
    bulk_accounts: Family<Labels<1>, Counter>,
    bulk_alarms: Family<Labels<1>, Counter>,
    sessions: Gauge,
    publish_lag: Gauge,
}

impl Default for Metrics {
    fn default() -> Metrics {
        let mut registry = Registry::with_prefix("bezwaar");
        let metrics = Metrics {
            requests: Family::default(),
            durations: Family::new_with_constructor(|| Histogram::new(DURATIONS)),
            limits: Family::default(),
            refusals: Counter::default(),
            set_apart: Family::default(),
            bulk_calls: Family::default(),
            bulk_accounts: Family::default(),
            bulk_alarms: Family::default(),
            sessions: Gauge::default(),
            publish_lag: Gauge::default(),
            registry: Registry::default(),
        };
        registry.register("http_requests", "Requests, by method, route and status", metrics.requests.clone());
        registry.register_with_unit("http_durations", "How long answers took, by route", Unit::Seconds, metrics.durations.clone());
        registry.register("limited_calls", "Calls that were refused because of a limit, by limit", metrics.limits.clone());
        registry.register(
            "desk_refusals",
            "Submissions the register had no place for; nothing of them was recorded",
            metrics.refusals.clone(),
        );
        registry.register(
            "objections_set_apart",
            "Objections over a limit, by what was counted; they are stored",
            metrics.set_apart.clone(),
        );
        registry.register("bulk_check_calls", "Calls of the bulk check, by caller", metrics.bulk_calls.clone());
        registry.register("bulk_check_accounts", "Accounts asked about in the bulk check, by caller", metrics.bulk_accounts.clone());
        registry.register("bulk_check_alarms", "Days on which a caller asked about more accounts than agreed", metrics.bulk_alarms.clone());
        registry.register("sessions", "People and members of the team who are signed in", metrics.sessions.clone());
        registry.register_with_unit("publish_lag", "Since when nothing was published", Unit::Seconds, metrics.publish_lag.clone());
        Metrics { registry, ..metrics }
    }
}

impl Metrics {
    pub(crate) fn limited(&self, limit: &'static str) {
        self.limits.get_or_create(&[("limit", limit.to_owned())]).inc();
    }

    pub(crate) fn refused(&self) {
        self.refusals.inc();
    }

    pub(crate) fn set_apart(&self, by: CountedBy) {
        self.set_apart.get_or_create(&[("by", by.as_str().to_owned())]).inc();
    }

    /// A call of the bulk check, by the id of the caller in the settings.
    pub(crate) fn bulk(&self, caller: &str, accounts: u64) {
        self.bulk_calls.get_or_create(&[("caller", caller.to_owned())]).inc();
        self.bulk_accounts.get_or_create(&[("caller", caller.to_owned())]).inc_by(accounts);
    }

    pub(crate) fn bulk_alarm(&self, caller: &str) {
        self.bulk_alarms.get_or_create(&[("caller", caller.to_owned())]).inc();
    }

    fn answered(&self, method: &Method, route: &str, status: StatusCode, took: Duration) {
        let method = match *method {
            Method::GET => "GET",
            Method::POST => "POST",
            Method::HEAD => "HEAD",
            _ => "other",
        };
        self.requests
            .get_or_create(&[("method", method.to_owned()), ("route", route.to_owned()), ("status", status.as_u16().to_string())])
            .inc();
        self.durations.get_or_create(&[("route", route.to_owned())]).observe(took.as_secs_f64());
    }

    fn text(&self, app: &App) -> Option<String> {
        self.sessions.set(i64::try_from(app.sessions.len()).unwrap_or(i64::MAX));
        self.publish_lag.set(app.publish_lag_micros() / 1_000_000);
        let mut text = String::new();
        encode(&mut text, &self.registry).ok().map(|()| text)
    }
}

impl App {
    /// How long ago the ledger was published, in microseconds.
    pub(crate) fn publish_lag_micros(&self) -> i64 {
        self.now().as_micros().saturating_sub(self.api.published_at.load(Ordering::Relaxed)).max(0)
    }
}

/// Counts every request by its route.
pub(crate) async fn observe(State(app): State<Shared>, request: Request, next: Next) -> Response {
    let came = Ticks::now();
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().map_or("none", MatchedPath::as_str).to_owned();
    let response = next.run(request).await;
    app.api.metrics.answered(&method, &route, response.status(), came.elapsed());
    response
}

/// `/metrics`, for this machine and for addresses the settings name. Through a proxy there is no such page: whoever is behind it is not this machine.
pub(crate) async fn page(visit: Visit, peer: axum::Extension<Peer>, headers: HeaderMap) -> Response {
    let peer = peer.0.0.ip().to_canonical();
    let allowed = peer.is_loopback() || visit.app.settings.metrics_peers.contains(&peer);
    if !allowed || is_forwarded(&headers) {
        return visit.not_found();
    }
    match visit.app.api.metrics.text(&visit.app) {
        Some(text) => ([(header::CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE))], text).into_response(),
        None => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}
