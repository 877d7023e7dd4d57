//! The description of the interface, as OpenAPI 3.1, made from the endpoints themselves.

use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, OpenApi};

/// The name of the description under `docs/`.
pub const OPENAPI_FILE: &str = "openapi.json";

#[derive(OpenApi)]
#[openapi(
    info(title = "Bezwaar", description = "Objecting to AI training, and showing that objections hold. docs/api.md says how to use it.", license(name = "Apache-2.0", identifier = "Apache-2.0")),
    paths(
        super::record::post,
        super::own::acts,
        super::own::state,
        super::session::get,
        super::receipts::get,
        super::receipts::check,
        super::absence::get,
        super::decide::post,
        super::bulk::post,
        super::ledger::file,
        super::health::health,
        super::health::ready,
        super::problem::describe,
        get,
    ),
    tags(
        (name = "acts", description = "Saying no, and showing that it was said"),
        (name = "people", description = "For who is signed in, and for supervisors"),
        (name = "callers", description = "For contracted callers"),
        (name = "ledger", description = "What anyone may read"),
        (name = "operating", description = "For who runs it"),
        (name = "about", description = "About the interface itself"),
    ),
    modifiers(&Schemes)
)]
struct Description;

struct Schemes;

impl Modify for Schemes {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let components = document.components.get_or_insert_default();
        let cookie = ApiKeyValue::with_description("session", "The cookie of who signed in at the portal (`__Host-session` over TLS)");
        let mark = ApiKeyValue::with_description("Bezwaar-Form", "The mark of `/api/v1/session`");
        let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some("The credential of a contracted caller"));
        components.add_security_scheme("session", SecurityScheme::ApiKey(ApiKey::Cookie(cookie)));
        components.add_security_scheme("form", SecurityScheme::ApiKey(ApiKey::Header(mark)));
        components.add_security_scheme("caller", SecurityScheme::Http(bearer.build()));
    }
}

/// The description, as JSON that people can read.
///
/// # Errors
/// None that can happen: it is made of texts.
pub fn openapi() -> Result<String, serde_json::Error> {
    Description::openapi().to_pretty_json().map(|text| text + "\n")
}

/// This description
#[utoipa::path(get, path = "/api/v1/openapi.json", tag = "about", operation_id = "describeInterface",
    responses((status = 200, description = "OpenAPI 3.1", body = Object, content_type = "application/json"),
        (status = 429, body = super::problem::ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn get() -> Response {
    let text = openapi().unwrap_or_default();
    ([(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))], text).into_response()
}
