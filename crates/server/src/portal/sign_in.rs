//! Signing in and out.

use axum::body::Bytes;
use axum::extract::Query;
use axum::http::{StatusCode, header};
use axum::response::Response;
use minijinja::context;
use minijinja::value::Value;
use serde::Deserialize;

use super::web::{Fields, Visit};

/// Where somebody goes on once they are signed in.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Onward {
    #[serde(default)]
    pub(crate) to: String,
}

impl Onward {
    /// One of the places there are: nobody can be sent elsewhere.
    pub(crate) fn place(&self) -> &'static str {
        match self.to.as_str() {
            "object" => "object",
            "team" => "team",
            _ => "me",
        }
    }
}

pub(crate) async fn page(visit: Visit, Query(onward): Query<Onward>) -> Response {
    if visit.app.speeches.lookup(&visit.language).is_none() {
        return visit.not_found();
    }
    show(&visit, StatusCode::OK, onward.place(), Vec::new())
}

pub(crate) fn show(visit: &Visit, status: StatusCode, to: &str, wrong: Vec<Value>) -> Response {
    let settings = &visit.app.settings;
    let page = context! {
        to, wrong,
        oidc => settings.sign_in.oidc.as_ref().map(|oidc| oidc.name.as_str()),
        hand_over => settings.sign_in.hand_over.is_some(),
        mail => settings.mail.is_some(),
        form => visit.form("sign-in"),
    };
    visit.page_with(status, "sign-in.html", page)
}

pub(crate) async fn out(visit: Visit, body: Bytes) -> Response {
    let fields = Fields::parse(&body).unwrap_or_default();
    if visit.read_form(&fields, "sign-out").is_none() {
        return visit.forbidden();
    }
    if let Some(secret) = visit.cookie("session") {
        visit.app.sessions.end(secret);
    }
    let back = (visit.at(""), visit.say("error.back"));
    let visit = Visit { session: None, ..visit };
    let mut response = visit.message(StatusCode::OK, &visit.say("mine.said-signed-out"), &[], Some(back));
    response.headers_mut().append(header::SET_COOKIE, visit.cookie_header("session", None, 0));
    response
}
