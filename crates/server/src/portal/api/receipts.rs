//! Receipts: giving them to whoever has their address, and checking them.

use axum::Json;
use axum::body::Body;
use axum::extract::Path;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use bezwaar_ledger::event::Event;
use bezwaar_ledger::receipt::Receipt;
use bezwaar_register::proofs::ProofsError;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::body::{Members, object};
use super::problem::{Kind, Problem, ProblemBody, Wrong};
use crate::portal::check::RECEIPT_BYTES_MAX;
use crate::portal::web::{Visit, download};

/// The receipt of an act, as a tlog-proof
///
/// Its address comes with the act when it is recorded. The receipt holds the act and the proof that it is on the ledger; `bezwaar verify` checks it without asking anybody.
#[utoipa::path(get, path = "/api/v1/receipts/{number}/{tag}", tag = "acts", operation_id = "receipt",
    params(("number" = String, Path, description = "The id of the act"), ("tag" = String, Path, description = "What makes the address secret")),
    responses((status = 200, body = String, content_type = "text/plain", description = "The file"),
        (status = 404, body = ProblemBody, content_type = "application/problem+json"),
        (status = 410, body = ProblemBody, content_type = "application/problem+json"),
        (status = 429, body = ProblemBody, content_type = "application/problem+json"),
        (status = 500, body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn get(visit: Visit, Path((number, tag)): Path<(String, String)>) -> Response {
    if !visit.app.secrets.is_receipt_tag(&number, &tag) {
        return Kind::NotFound.of().answer(&visit);
    }
    let (app, id) = (visit.app.clone(), number.clone());
    let proved = tokio::task::spawn_blocking(move || app.counter.desk().prove_inclusion(&id)).await;
    let failed = |what: &str| {
        visit.app.trace(&format!("a receipt could not be made: {what}"));
        Kind::Failed.of().answer(&visit)
    };
    match proved {
        Ok(Ok(receipt)) => match receipt.to_bytes() {
            Ok(bytes) => download(&format!("{number}.tlog-proof"), "text/plain; charset=utf-8", bytes),
            Err(error) => failed(&error.to_string()),
        },
        Ok(Err(ProofsError::NoSuchAct)) => Kind::NotFound.of().answer(&visit),
        Ok(Err(ProofsError::Erased)) => Kind::Gone.of().answer(&visit),
        Ok(Err(error)) => failed(&error.to_string()),
        Err(_) => failed("the thread that made it ended"),
    }
}

/// A receipt to check.
#[derive(ToSchema)]
#[expect(dead_code, reason = "it is read member by member; this describes it")]
pub(crate) struct ReceiptBody {
    /// The text of the receipt, with its line ends.
    #[schema(max_length = 49152)]
    receipt: String,
}

/// What a receipt shows.
#[derive(Serialize, ToSchema)]
pub(crate) struct Checked {
    /// How well it is attested: `noted` (the operator's word), `recorded` (on the ledger), `witnessed` (and others saw the ledger).
    grade: &'static str,
    /// The place on the ledger, from 0.
    index: u64,
    /// When the ledger took it.
    recorded_at: String,
    /// When it was received, if it is an act.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    received_at: Option<String>,
    /// What it says: the act, in the form the ledger commits to.
    #[schema(value_type = Object)]
    event: Value,
}

/// Check a receipt; nothing is kept
#[utoipa::path(post, path = "/api/v1/receipts/check", tag = "acts", operation_id = "checkReceipt",
    request_body(content = ReceiptBody, content_type = "application/json"),
    responses((status = 200, body = Checked, description = "It holds"),
        (status = 400, body = ProblemBody, content_type = "application/problem+json"),
        (status = 408, body = ProblemBody, content_type = "application/problem+json"),
        (status = 413, body = ProblemBody, content_type = "application/problem+json"),
        (status = 415, body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, body = ProblemBody, content_type = "application/problem+json", description = "It is no receipt, or does not hold"),
        (status = 429, body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn check(visit: Visit, headers: HeaderMap, body: Body) -> Response {
    match checked(&visit, &headers, body).await {
        Ok(checked) => Json(checked).into_response(),
        Err(problem) => problem.answer(&visit),
    }
}

async fn checked(visit: &Visit, headers: &HeaderMap, body: Body) -> Result<Checked, Problem> {
    let wrong = |detail: &str| Problem::invalid(vec![Wrong::at("/receipt", detail)]);
    // Escapes make a text in JSON longer than it is.
    let object = object(headers, body, 6 * RECEIPT_BYTES_MAX + 1_024).await?;
    let mut members = Members::of(&object);
    let text = members.needed_text("receipt", RECEIPT_BYTES_MAX);
    let errors = members.finish();
    if !errors.is_empty() {
        return Err(Problem::invalid(errors));
    }
    let receipt = Receipt::from_bytes(text.as_bytes()).map_err(|_| wrong("it does not have the form of a receipt"))?;
    let verified = receipt
        .verify(&visit.app.trust, &visit.app.operators())
        .map_err(|_| wrong("it does not hold: it is not as the operator gave it"))?;
    let received_at = match &verified.event {
        Event::Choice(choice) => Some(choice.received_at.to_string()),
        Event::Confirmation(confirmation) => Some(confirmation.received_at.to_string()),
        Event::Void(_) | Event::Tombstone(_) => None,
    };
    let bytes = verified.event.to_bytes().map_err(|_| wrong("what it says has no form"))?;
    Ok(Checked {
        grade: verified.grade.as_str(),
        index: verified.index,
        recorded_at: verified.entry.recorded_at.to_string(),
        received_at,
        event: serde_json::from_slice(&bytes).unwrap_or_default(),
    })
}
