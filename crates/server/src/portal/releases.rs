//! To whom data was handed, and whether records under the signed-in account are among it: as the operator declares it, with a proof to keep.

use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;
use bezwaar_core::pattern::Pattern;
use bezwaar_ledger::subject_tree::Membership;
use bezwaar_register::intake::IntakeError;
use bezwaar_register::proofs::ProofsError;
use bezwaar_register::release::{SealError, seals_of};
use minijinja::context;
use minijinja::value::Value;

use super::acts::{recipient_name, use_title};
use super::web::{Visit, download};

/// How many releases the page shows, the newest first.
pub const RELEASES_SHOWN: usize = 20;

/// Whether an account is in a release: as the list of its subjects says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Found {
    Present,
    Absent,
    /// What is kept of the release cannot tell any more.
    Unknown,
}

pub(crate) async fn page(visit: Visit) -> Response {
    let Some(account) = visit.session.as_ref().and_then(|session| session.account()).cloned() else { return visit.sign_in_first("me") };
    let read = visit.app.read(|reader| {
        let size = reader.published().map_or(0, |checkpoint| checkpoint.unverified().size());
        seals_of(reader, size)
    });
    let Ok(mut seals) = read.await else { return visit.failed() };
    seals.reverse();
    seals.truncate(RELEASES_SHOWN);
    let (app, numbers) = (visit.app.clone(), seals.iter().map(|(_, seal)| seal.release).collect::<Vec<u64>>());
    let looked = tokio::task::spawn_blocking(move || {
        let asked = std::slice::from_ref(&account).to_vec();
        app.counter.desk().with_register(move |register, _| {
            let one = |number: &u64| {
                let file = register.prove_absence(*number, &asked).ok()?;
                let countersigned = !file.countersignatures.is_empty();
                let found = match file.memberships().ok()?.first()?.1 {
                    Membership::Present => Found::Present,
                    Membership::Absent => Found::Absent,
                };
                Some((found, countersigned))
            };
            numbers.iter().map(one).collect::<Vec<_>>()
        })
    });
    let found = match looked.await {
        Ok(Ok(found)) => found,
        Ok(Err(error)) => {
            visit.app.trace(&format!("releases could not be looked through: {error}"));
            return visit.failed();
        }
        Err(_) => return visit.failed(),
    };
    let rows: Vec<Value> = seals
        .iter()
        .zip(found)
        .map(|((_, seal), found)| {
            let (state, countersigned) = found.unwrap_or((Found::Unknown, false));
            let key = match state {
                Found::Present => "releases.present",
                Found::Absent => "releases.absent",
                Found::Unknown => "releases.unknown",
            };
            context! {
                number => seal.release, recipient => recipient_name(visit.speech(), &seal.recipient), present => state == Found::Present,
                title => use_title(&visit.app, visit.speech(), &Pattern::Exact(seal.use_id.clone())), state => visit.say(key),
                day => visit.speech().day_of(seal.sealed_at, &visit.app.zone), countersigned,
                proof => (state != Found::Unknown).then(|| visit.at(&format!("me/releases/{}", seal.release))),
            }
        })
        .collect();
    visit.page("releases.html", context! { rows })
}

pub(crate) async fn proof(visit: Visit, Path((_, number)): Path<(String, u64)>) -> Response {
    let Some(account) = visit.session.as_ref().and_then(|session| session.account()).cloned() else { return visit.sign_in_first("me") };
    let app = visit.app.clone();
    let made = tokio::task::spawn_blocking(move || {
        app.counter.desk().with_register(move |register, _| register.prove_absence(number, std::slice::from_ref(&account)))
    });
    match made.await {
        Ok(Ok(Ok(file))) => match file.to_bytes() {
            Some(bytes) => download(&format!("release-{number}.json"), "application/json", bytes),
            None => visit.failed(),
        },
        Ok(Ok(Err(ProofsError::Seal(SealError::NoSuchRelease { .. })))) => visit.not_found(),
        Ok(Err(IntakeError::Busy)) => visit.told(StatusCode::SERVICE_UNAVAILABLE, "error.failed"),
        Ok(Ok(Err(_)) | Err(_)) | Err(_) => visit.failed(),
    }
}
