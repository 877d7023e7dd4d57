//! Whether an account is among the subjects of a release, as a proof that can be checked offline.

use axum::extract::Path;
use axum::http::Uri;
use axum::response::Response;
use bezwaar_register::proofs::ProofsError;
use bezwaar_register::release::SealError;

use super::body::{given, query};
use super::look;
use super::problem::{Kind, Problem, ProblemBody};
use super::session::Asked;
use crate::portal::web::{Visit, download};

/// Where an account stands in a release, or that it does not
///
/// For the holder of the account and for a supervisor, whose look is recorded. The file says *present* of an account that is among the subjects; `bezwaar verify` checks it. It shows what
/// the operator declares of the list, unless somebody countersigned that it is the list of the files.
#[utoipa::path(get, path = "/api/v1/releases/{release}/absence", tag = "people", operation_id = "absence", security(("session" = [])),
    params(("release" = u64, Path, description = "The number of the release, from 1", minimum = 1),
        ("account" = Option<String>, Query, description = "For a supervisor: whose, as `service:account`")),
    responses((status = 200, body = Object, content_type = "application/json", description = "The file (bezwaar-absence/1)"),
        (status = 400, body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, body = ProblemBody, content_type = "application/problem+json"),
        (status = 429, body = ProblemBody, content_type = "application/problem+json"),
        (status = 500, body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn get(visit: Visit, Path(release): Path<String>, uri: Uri) -> Response {
    match file(&visit, &release, &uri).await {
        Ok(bytes) => download(&format!("release-{release}-absence.json"), "application/json", bytes),
        Err(problem) => problem.answer(&visit),
    }
}

async fn file(visit: &Visit, release: &str, uri: &Uri) -> Result<Vec<u8>, Problem> {
    let found = query(uri, &["account"])?;
    let asked = Asked::of(visit, given(&found, "account"))?;
    let number: u64 = release.parse().ok().filter(|number: &u64| number.to_string() == release).ok_or(Kind::NotFound.of())?;
    look::record_asked(visit, &asked).await?;
    let (app, account) = (visit.app.clone(), asked.account().clone());
    let proved = tokio::task::spawn_blocking(move || {
        app.counter.desk().with_register(move |register, _| register.prove_absence(number, std::slice::from_ref(&account)))
    });
    let failed = |what: &str| {
        visit.app.trace(&format!("a proof of absence could not be made: {what}"));
        Kind::Failed.of()
    };
    match proved.await {
        Ok(Ok(Ok(proof))) => proof.to_bytes().ok_or_else(|| failed("it has no form")),
        Ok(Ok(Err(ProofsError::Seal(SealError::NoSuchRelease { .. })))) => Err(Kind::NotFound.of()),
        Ok(Ok(Err(error))) => Err(failed(&error.to_string())),
        Ok(Err(bezwaar_register::intake::IntakeError::Busy)) => Err(Kind::Busy.of()),
        Ok(Err(error)) => Err(failed(&error.to_string())),
        Err(_) => Err(failed("the thread that made it ended")),
    }
}
