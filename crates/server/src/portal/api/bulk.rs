//! The bulk check: a contracted caller asks which accounts of the releases it was handed may still be used, for its one use.
//!
//! It answers yes or no and never why. An account that is in none of those releases gets a no that looks like any other: *absent means no*, so nobody learns by it who objected beyond
//! the records they were sent. Every call is recorded, before it is answered.
//!
//! What counts are the acts of the people: objections, settings, signals, consents, over their links, by the functions everything else decides by. What depends on the record alone (its
//! category, age, region, disputes about it) was decided when the release was made, and is not decided again; a no to some records only is here a no to all of the account. A use
//! that is not in force for the recipient gets no's alone.

use std::collections::{BTreeMap, VecDeque};
use std::num::NonZeroUsize;
use std::sync::{Arc, PoisonError};

use axum::Json;
use axum::body::Body;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use bezwaar_core::account::Account;
use bezwaar_core::time::Instant;
use bezwaar_core::{Question, Reading, Rules};
use bezwaar_register::engine::RegisterError;
use bezwaar_register::release::Members;
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use tokio::time::Instant as Ticks;
use utoipa::ToSchema;

use super::body::{Members as BodyMembers, object};
use super::calls::CallBook;
use super::problem::{Kind, Problem, ProblemBody};
use crate::identity::private::same;
use crate::portal::app::App;
use crate::portal::holds::{moment, standing_of};
use crate::portal::object::in_step;
use crate::portal::secrets::hex;
use crate::portal::settings::Caller;
use crate::portal::web::Visit;

/// The most accounts in one call.
pub const BULK_ACCOUNTS_MAX: usize = 10_000;
/// The longest body, in bytes.
pub const BULK_BODY_BYTES_MAX: usize = 4 << 20;
/// The most releases whose subjects are kept in memory; one that was not used for longest goes first.
pub const RELEASES_KEPT: usize = 8;
/// The most subjects kept in memory, 32 bytes each and as much again for their tree; one larger release is kept alone.
pub const SUBJECTS_KEPT: u64 = 4_000_000;
/// The most calls that are worked on at a time; others are asked to come again.
pub const BULK_AT_ONCE_MAX: usize = 4;
const ACCOUNT_BYTES_MAX: usize = 1_000;

/// For how long a release that could not be read is not asked for again, in seconds: asking stops whoever writes for a moment.
pub const RELEASE_MISSING_SECONDS: i64 = 60;

/// The subjects of releases, read once. In front the one that was used last.
#[derive(Debug)]
pub(crate) struct Kept<M = Members> {
    /// Number, how many subjects, and the subjects.
    there: VecDeque<(u64, u64, Arc<M>)>,
    /// Until when those that could not be read are taken to be missing. No more than the settings name.
    missing: BTreeMap<u64, Instant>,
}

/// What is kept of a release.
#[derive(Debug)]
enum Found<M> {
    There(Arc<M>),
    Missing,
    Unknown,
}

impl<M> Default for Kept<M> {
    fn default() -> Kept<M> {
        Kept { there: VecDeque::new(), missing: BTreeMap::new() }
    }
}

impl<M> Kept<M> {
    fn lookup(&mut self, release: u64, now: Instant) -> Found<M> {
        let place = self.there.iter().position(|(number, _, _)| *number == release);
        if let Some((number, subjects, members)) = place.and_then(|place| self.there.remove(place)) {
            self.there.push_front((number, subjects, Arc::clone(&members)));
            return Found::There(members);
        }
        if self.missing.get(&release).is_some_and(|until| *until > now) { Found::Missing } else { Found::Unknown }
    }

    fn keep(&mut self, release: u64, subjects: u64, members: Arc<M>) {
        self.missing.remove(&release);
        self.there.retain(|(number, _, _)| *number != release);
        self.there.push_front((release, subjects, members));
        while self.there.len() > RELEASES_KEPT || (self.there.len() > 1 && self.subjects() > SUBJECTS_KEPT) {
            self.there.pop_back();
        }
    }

    fn subjects(&self) -> u64 {
        self.there.iter().fold(0, |sum, (_, subjects, _)| sum.saturating_add(*subjects))
    }

    fn miss(&mut self, release: u64, now: Instant) {
        self.missing.insert(release, now.plus_micros(RELEASE_MISSING_SECONDS * 1_000_000));
    }
}

/// What a caller asks.
#[derive(ToSchema)]
#[expect(dead_code, reason = "it is read member by member; this describes it")]
pub(crate) struct CheckBody {
    /// The accounts, as `service:account`, at most 10,000.
    #[schema(max_items = 10000, example = json!(["facebook:1001"]))]
    accounts: Vec<String>,
}

/// What a caller is told.
#[derive(Serialize, ToSchema)]
pub(crate) struct CheckAnswer {
    /// For which use: the caller's.
    r#use: String,
    /// As which recipient.
    recipient: String,
    /// At which moment.
    at: String,
    /// For each account, in the order of the call, whether it may be used.
    allowed: Vec<bool>,
}

/// Ask which accounts may still be used
///
/// For a contracted caller and its one use. `false` means: no, or not in a release that was handed to the caller; which of them is not told. Every call is recorded.
#[utoipa::path(post, path = "/api/v1/check", tag = "callers", operation_id = "check", security(("caller" = [])),
    request_body(content = CheckBody, content_type = "application/json"),
    responses((status = 200, body = CheckAnswer),
        (status = 400, body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, body = ProblemBody, content_type = "application/problem+json"),
        (status = 408, body = ProblemBody, content_type = "application/problem+json"),
        (status = 413, body = ProblemBody, content_type = "application/problem+json"),
        (status = 415, body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, body = ProblemBody, content_type = "application/problem+json"),
        (status = 429, body = ProblemBody, content_type = "application/problem+json"),
        (status = 500, body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn post(visit: Visit, headers: HeaderMap, body: Body) -> Response {
    let came = Ticks::now();
    let response = match answer(&visit, &headers, body).await {
        Ok(answer) => Json(answer).into_response(),
        Err(problem) => problem.answer(&visit),
    };
    in_step(came).await;
    response
}

async fn answer(visit: &Visit, headers: &HeaderMap, body: Body) -> Result<CheckAnswer, Problem> {
    let caller = caller(&visit.app, headers).ok_or(Kind::Credential.of())?.clone();
    let object = object(headers, body, BULK_BODY_BYTES_MAX).await?;
    let mut members = BodyMembers::of(&object);
    let texts = members.texts("accounts", BULK_ACCOUNTS_MAX, ACCOUNT_BYTES_MAX);
    if texts.is_none() && members.wrong.is_empty() {
        members.tell("accounts", "it is needed");
    }
    let wrong = members.finish();
    if !wrong.is_empty() {
        return Err(Problem::invalid(wrong));
    }
    let texts = texts.unwrap_or_default();
    let (app, now, kept) = (visit.app.clone(), visit.now, caller.clone());
    let count = texts.len() as u64;
    let place = Arc::clone(&visit.app.api.bulk_places).try_acquire_owned().map_err(|_| Kind::Busy.of())?;
    let allowed = tokio::task::spawn_blocking(move || {
        let _place = place;
        record(&app, &kept, count, now)?;
        allowed(&app, &kept, &texts, now)
    });
    let (at, allowed) = allowed.await.unwrap_or(Err(Kind::Failed))?;
    Ok(CheckAnswer { r#use: caller.r#use, recipient: caller.recipient, at: at.to_string(), allowed })
}

impl From<Kind> for Problem {
    fn from(kind: Kind) -> Problem {
        kind.of()
    }
}

/// Whose credential it is. All are compared, and each in a time that tells nothing.
fn caller<'a>(app: &'a App, headers: &HeaderMap) -> Option<&'a Caller> {
    let text = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, credential) = text.split_once(' ')?;
    let hash = hex(&Sha256::digest(credential.trim().as_bytes()));
    let mut found = None;
    for caller in &app.settings.callers {
        if same(hash.as_bytes(), caller.credential_sha256.to_ascii_lowercase().as_bytes()) {
            found = Some(caller);
        }
    }
    found.filter(|_| scheme.eq_ignore_ascii_case("bearer") && !credential.trim().is_empty())
}

/// Records the call; without that there is no answer.
fn record(app: &App, caller: &Caller, accounts: u64, now: Instant) -> Result<(), Kind> {
    let mut book = app.api.calls.lock().unwrap_or_else(PoisonError::into_inner);
    let opened = match book.take() {
        Some(book) => Ok(book),
        None => CallBook::open(&app.folder, now),
    };
    let recorded = opened.and_then(|mut opened| {
        let recorded = opened.record(&caller.id, accounts, now)?;
        *book = Some(opened);
        Ok(recorded)
    });
    drop(book);
    let recorded = recorded.map_err(|error| {
        app.trace(&format!("a call of the bulk check could not be recorded, and was not answered: {error}"));
        Kind::Failed
    })?;
    app.api.metrics.bulk(&caller.id, accounts);
    if recorded.before <= caller.alarm_per_day && recorded.after > caller.alarm_per_day {
        app.api.metrics.bulk_alarm(&caller.id);
        app.trace(&format!("the caller `{}` has asked about more than {} accounts today", caller.id, caller.alarm_per_day));
    }
    Ok(())
}

/// The work is the same for whoever is in a release and whoever is not, but for reading what they said. An account that is named many times is looked at once.
fn allowed(app: &App, caller: &Caller, texts: &[String], now: Instant) -> Result<(Instant, Vec<bool>), Kind> {
    let accounts: Vec<Option<Account>> = texts.iter().map(|text| app.services.parse(text)).collect();
    let mut named: Vec<Account> = accounts.iter().flatten().cloned().collect();
    named.sort();
    named.dedup();
    let releases = releases(app, caller, now)?;
    let releases: Vec<&Members> = releases.iter().map(Arc::as_ref).collect();
    let present = Members::any_has(&releases, &named, NonZeroUsize::MIN);
    let read = app.counter.read(|reader| {
        let at = moment(reader, now)?;
        let question = Question { use_id: caller.r#use.clone(), recipient: caller.recipient.clone(), at, reading: caller.reading() };
        let rules = Rules::compile(&app.policies, &question);
        let mut free = Vec::with_capacity(named.len());
        for (account, present) in named.iter().zip(&present) {
            let standing = standing_of(reader, account, &rules)?;
            let silent = rules.status().is_empty() && !standing.closes() && !standing.is_silent() && !standing.names_items();
            free.push(*present && silent);
        }
        Ok((at, free))
    });
    let (at, free) = read.map_err(|error: RegisterError| {
        app.trace(&format!("a bulk check was not answered: {error}"));
        Kind::Failed
    })?;
    let is_free = |account: &Account| named.binary_search(account).ok().and_then(|place| free.get(place)).copied().unwrap_or(false);
    Ok((at, accounts.iter().map(|account| account.as_ref().is_some_and(is_free)).collect()))
}

/// The releases that were handed to the caller. One that cannot be read, or was made for another recipient, has no subjects for it.
fn releases(app: &App, caller: &Caller, now: Instant) -> Result<Vec<Arc<Members>>, Kind> {
    let kept = || app.api.releases.lock().unwrap_or_else(PoisonError::into_inner);
    let mut found = Vec::with_capacity(caller.releases.len());
    for release in caller.releases.iter().copied() {
        let known = kept().lookup(release, now);
        let members = match known {
            Found::There(members) => members,
            Found::Missing => continue,
            Found::Unknown => match app.counter.desk().with_register(move |register, _| register.members(release)) {
                Ok(Ok(members)) => {
                    let members = Arc::new(members);
                    kept().keep(release, members.len(), Arc::clone(&members));
                    if members.seal().recipient != caller.recipient {
                        app.trace(&format!("release {release} of the caller `{}` was sealed for another recipient", caller.id));
                    }
                    members
                }
                Ok(Err(error)) => {
                    kept().miss(release, now);
                    app.trace(&format!("release {release} of the caller `{}` cannot be used: {error}", caller.id));
                    continue;
                }
                Err(bezwaar_register::intake::IntakeError::Busy) => return Err(Kind::Busy),
                Err(error) => {
                    app.trace(&format!("the subjects of a release could not be read: {error}"));
                    return Err(Kind::Failed);
                }
            },
        };
        if members.seal().recipient == caller.recipient {
            found.push(members);
        }
    }
    Ok(found)
}

impl Caller {
    /// How strictly is read for it; the settings take no other words.
    pub(crate) fn reading(&self) -> Reading {
        Reading::lookup(&self.reading).unwrap_or(Reading::Consent)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(kept: &Kept<()>) -> Vec<u64> {
        kept.there.iter().map(|(number, _, _)| *number).collect()
    }

    #[test]
    fn so_many_releases_are_kept_and_the_one_not_used_for_longest_goes() {
        let (mut kept, now) = (Kept::<()>::default(), Instant::from_micros(0));
        let most = RELEASES_KEPT as u64;
        (1..=most).for_each(|release| kept.keep(release, 1, Arc::new(())));
        assert_eq!(kept.there.len(), RELEASES_KEPT);
        assert!(matches!(kept.lookup(1, now), Found::There(_)));
        kept.keep(most + 1, 1, Arc::new(()));
        assert_eq!(kept.there.len(), RELEASES_KEPT);
        assert!(numbers(&kept).contains(&1) && !numbers(&kept).contains(&2));
    }

    #[test]
    fn so_many_subjects_are_kept_and_a_larger_release_alone() {
        let mut kept = Kept::<()>::default();
        kept.keep(1, 1, Arc::new(()));
        kept.keep(2, SUBJECTS_KEPT - 1, Arc::new(()));
        assert_eq!(numbers(&kept), [2, 1]);
        kept.keep(3, 1, Arc::new(()));
        assert_eq!(numbers(&kept), [3, 2]);
        kept.keep(4, SUBJECTS_KEPT + 1, Arc::new(()));
        assert_eq!(numbers(&kept), [4]);
    }

    #[test]
    fn what_could_not_be_read_is_asked_for_again_after_a_while() {
        let (mut kept, now) = (Kept::<()>::default(), Instant::from_micros(0));
        assert!(matches!(kept.lookup(7, now), Found::Unknown));
        kept.miss(7, now);
        assert!(matches!(kept.lookup(7, now.plus_micros(RELEASE_MISSING_SECONDS * 1_000_000 - 1)), Found::Missing));
        assert!(matches!(kept.lookup(7, now.plus_micros(RELEASE_MISSING_SECONDS * 1_000_000)), Found::Unknown));
    }
}
