//! Signing in and out: by the operator's provider, by a hand-over from the platform, by a link in a mail.

use axum::body::Bytes;
use axum::extract::{Path, Query, RawQuery};
use axum::http::{StatusCode, header};
use axum::response::Response;
use bezwaar_core::account::{Account, Kind};
use bezwaar_core::time::Day;
use bezwaar_register::intake::IntakeError;
use bezwaar_register::intake::looks::StaffId;
use bezwaar_register::intake::post::{Addressee, LanguageCode, MessageKind, NewMessage};
use bezwaar_register::intake::tokens::{TokenHash, TokenUse};
use bezwaar_register::randomness::{Randomness, RandomnessError};
use minijinja::context;
use minijinja::value::Value;
use serde::Deserialize;

use super::app::{App, Shared};
use super::links::{Link, LinkFor};
use super::secrets::{sha256, sha256_hex};
use super::sessions::{SESSION_MICROS_MAX, Who};
use super::settings::Role;
use super::web::{Fields, Visit, see_other};
use crate::identity::oidc::{Begin, KnownError, Pending, SignedIn};

/// How long a sign-in at the provider, or a hand-over that waits for a yes, is remembered, in seconds.
const PENDING_SECONDS: u32 = 600;

/// Where somebody goes on once they are signed in.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Onward {
    #[serde(default)]
    pub(crate) to: String,
}

impl Onward {
    /// One of the places there are: nobody can be sent elsewhere.
    pub(crate) fn place(&self) -> &'static str {
        place(&self.to)
    }
}

fn place(to: &str) -> &'static str {
    match to {
        "object" => "object",
        "team" => "team",
        _ => "me",
    }
}

/// The app's randomness, for libraries that ask for it.
pub(crate) struct AppRandom<'a>(pub(crate) &'a App);

impl Randomness for AppRandom<'_> {
    fn fill(&mut self, buffer: &mut [u8]) -> Result<(), RandomnessError> {
        for chunk in buffer.chunks_mut(32) {
            let bytes: [u8; 32] = self.0.random();
            chunk.iter_mut().zip(bytes).for_each(|(place, byte)| *place = byte);
        }
        Ok(())
    }
}

pub(crate) async fn page(visit: Visit, Query(onward): Query<Onward>) -> Response {
    show(&visit, StatusCode::OK, onward.place(), Vec::new())
}

fn show(visit: &Visit, status: StatusCode, to: &str, wrong: Vec<Value>) -> Response {
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

/// Signs somebody in, and sends them on. Whoever was signed in with this browser before is not any more.
fn signed_in(visit: &Visit, who: Who, to: &str) -> Response {
    if let Some(secret) = visit.cookie("session") {
        visit.app.sessions.end(secret);
    }
    let secret = visit.app.sessions.begin(who, visit.app.random(), visit.now);
    let seconds = u32::try_from(SESSION_MICROS_MAX / 1_000_000).unwrap_or(0);
    let mut response = see_other(&visit.at(place(to)));
    response.headers_mut().append(header::SET_COOKIE, visit.cookie_header("session", Some(&secret), seconds));
    response.headers_mut().append(header::SET_COOKIE, visit.cookie_header("pending", None, 0));
    response
}

fn refused(visit: &Visit) -> Response {
    let again = (visit.at("sign-in"), visit.say("sign-in.again"));
    visit.message(StatusCode::FORBIDDEN, &visit.say("sign-in.failed-title"), &[visit.say("sign-in.failed")], Some(again))
}

/// `GET …/sign-in/provider`: on to the provider. A link and not a form: what a form may lead to is this site alone.
pub(crate) async fn provider(visit: Visit, Query(onward): Query<Onward>) -> Response {
    let (app, language, now) = (visit.app.clone(), visit.language.clone(), visit.now);
    let begun = tokio::task::spawn_blocking(move || {
        let provider = app.identities.provider(now)?;
        let redirect_uri = format!("{}/{language}/sign-in/back", app.settings.base_url);
        let begin = Begin { redirect_uri: &redirect_uri, language: Some(&language), age_seconds_max: None };
        provider.begin(&begin, now, &mut AppRandom(&app)).ok()
    });
    let Ok(Some((url, pending))) = begun.await else { return refused(&visit) };
    let text = format!("{}\n{}", onward.place(), pending.expose_text().as_str());
    let sealed = visit.app.secrets.seal("pending", &text, visit.app.random());
    let mut response = see_other(&url);
    response.headers_mut().append(header::SET_COOKIE, visit.cookie_header("pending", Some(&sealed), PENDING_SECONDS));
    response
}

/// `GET …/sign-in/back`: back from the provider.
pub(crate) async fn back(visit: Visit, RawQuery(query): RawQuery) -> Response {
    let pending = visit.cookie("pending").and_then(|sealed| visit.app.secrets.open("pending", sealed));
    let Some((to, pending)) = pending.as_ref().and_then(|text| text.split_once('\n')) else { return refused(&visit) };
    let Ok(pending) = Pending::parse(pending) else { return refused(&visit) };
    let (app, now, query) = (visit.app.clone(), visit.now, query.unwrap_or_default());
    let finished = tokio::task::spawn_blocking(move || {
        let provider = app.identities.provider(now)?;
        let found = provider.finish(pending, &query, now).map_err(|error| app.trace(&format!("a sign-in failed: {error}"))).ok()?;
        let known = app.identities.known.as_ref()?;
        // Whoever it is: the known person shows something by coming, wherever they go.
        let met = known.meet(&provider, &found, &app.services, &|line| app.trace(line));
        if met.is_err() {
            app.sessions.end_people();
        }
        Some((found, met))
    });
    let Ok(Some((found, met))) = finished.await else { return refused(&visit) };
    if let Err(error) = met {
        return not_open(&visit, Some(error));
    }
    let (team, Some(known)) = (place(to) == "team", &visit.app.identities.known) else { return refused(&visit) };
    let Some(who) = (if team { member_of(&visit.app, &found) } else { person_of(&visit.app, &found) }) else { return refused(&visit) };
    // Members of the team are known by their subject, and not by the account.
    let begun = if team { Some(signed_in(&visit, who, to)) } else { known.if_open(|| signed_in(&visit, who, to)) };
    begun.unwrap_or_else(|| not_open(&visit, None))
}

/// Nobody can sign in at the provider, since nobody knows whose account it would be. Who came as the known record is told what is wrong.
fn not_open(visit: &Visit, error: Option<KnownError>) -> Response {
    let organisation = [("organisation", visit.app.settings.organisation.name.as_str())];
    let lines = match error {
        None => vec![visit.say_with("sign-in.closed", &organisation)],
        Some(error) => vec![
            visit.say("sign-in.known"),
            visit.say(match error {
                KnownError::NotAnAccount => "sign-in.known-nobody",
                KnownError::OtherKind => "sign-in.known-kind",
                KnownError::OtherAccount => "sign-in.known-other",
            }),
            visit.say("sign-in.known-then"),
        ],
    };
    let link = (visit.at("object"), visit.say("layout.object"));
    visit.message(StatusCode::SERVICE_UNAVAILABLE, &visit.say("sign-in.closed-title"), &lines, Some(link))
}

/// The holder of the account the provider names.
fn person_of(app: &Shared, found: &SignedIn) -> Option<Who> {
    let oidc = app.settings.sign_in.oidc.as_ref()?;
    let account = app.services.resolve(&oidc.service, Kind::lookup(&oidc.kind), found.account.expose_personal())?;
    let born = oidc.birth_date_claim.as_ref().and_then(|claim| found.claim(claim)).and_then(|text| Day::parse(text.expose_personal()).ok());
    Some(Who::Person { account, born })
}

/// A member of the team, by the roles the provider gives them.
fn member_of(app: &Shared, found: &SignedIn) -> Option<Who> {
    app.settings.sign_in.oidc.as_ref()?.role_claim.as_ref()?;
    let roles: Vec<Role> = Role::ALL.into_iter().filter(|role| found.roles.iter().any(|name| name == role.as_str())).collect();
    let watches = roles.contains(&Role::Supervisor) && roles.len() > 1;
    // The subject, not the mailbox: mailboxes change hands.
    let id = StaffId::parse(&format!("oidc:{}", found.subject.expose_personal()))?;
    (!roles.is_empty() && !watches).then(|| Who::Member { id: id.as_str().to_owned(), roles })
}

/// `POST …/sign-in/mail`: asks for a link. What is said does not depend on whose mailbox it is.
pub(crate) async fn mail(visit: Visit, body: Bytes) -> Response {
    let fields = Fields::parse(&body).unwrap_or_default();
    if visit.read_form(&fields, "sign-in").is_none() || visit.app.settings.mail.is_none() {
        return visit.forbidden();
    }
    let (text, to) = (fields.one("mail"), place(fields.one("to")));
    let account = visit.app.services.parse(&format!("mail:{text}")).filter(|_| bezwaar_letter::contacts::email_address(text));
    let Some(account) = account else {
        let wrong = context! { field => "mail", text => visit.say("sign-in.wrong-mail") };
        return show(&visit, StatusCode::UNPROCESSABLE_ENTITY, to, vec![wrong]);
    };
    // Whoever asks for the team's pages with a mailbox that is no member's gets the same page, and no mail.
    let wanted = to != "team" || member_with(&visit.app, &account).is_some();
    if wanted && visit.app.mails.may_send(&visit.app, "links", &account) {
        let language = LanguageCode::parse(&visit.language).unwrap_or_else(LanguageCode::undetermined);
        let message = NewMessage { kind: MessageKind::SignIn, to: Addressee::Account(account), language, detail: to.to_owned() };
        if let Ok(Err(error)) | Err(error) = visit.app.counter.run(move |intake, now| intake.post(message, now)).await {
            visit.app.trace(&format!("a sign-in link was not put into the post: {error}"));
        }
    }
    visit.told(StatusCode::OK, "sign-in.sent")
}

/// The member whose mailbox this is.
fn member_with(app: &App, mail: &Account) -> Option<Who> {
    let same = |text: &str| app.services.parse(&format!("mail:{text}")).as_ref() == Some(mail);
    let member = app.settings.team.members.iter().find(|member| same(&member.mail))?;
    Some(Who::Member { id: member.id.clone(), roles: member.roles.iter().copied().collect() })
}

/// `GET …/link/SEALED`: asks whether to go on. Programs that look into mails open links too, and change nothing by it.
pub(crate) async fn link(visit: Visit, Path((_, sealed)): Path<(String, String)>) -> Response {
    let Some(link) = Link::open(&sealed, &visit.app.secrets, visit.now) else { return visit.told(StatusCode::NOT_FOUND, "link.used") };
    let action = visit.at(&format!("link/{sealed}"));
    let (purpose, number) = match &link.what {
        LinkFor::Confirm { act } => ("confirm", act.split(['+', '.']).next().map(str::to_owned)),
        LinkFor::SignIn { .. } => ("sign-in", None),
    };
    visit.page("link.html", context! { purpose, number, action })
}

/// `POST …/link/SEALED`: does what the link is for, once.
pub(crate) async fn follow(visit: Visit, Path((_, sealed)): Path<(String, String)>) -> Response {
    let used = || visit.told(StatusCode::NOT_FOUND, "link.used");
    let Some(link) = Link::open(&sealed, &visit.app.secrets, visit.now) else { return used() };
    let token = link.token();
    match link.what {
        LinkFor::Confirm { act } => {
            let wanted = act.clone();
            let found = visit.app.read(move |reader| super::acts::find(reader, &wanted)).await;
            let Ok(Some(holder)) = found.map(|found| found.and_then(|(_, choice)| choice.person)) else { return used() };
            let outcome =
                visit.app.counter.run(move |intake, now| intake.use_once(token, now, |intake| intake.confirm(&act, &holder, now)));
            match outcome.await {
                Ok(Ok(_)) => visit.told(StatusCode::OK, "link.confirmed"),
                Ok(Err(IntakeError::Refused(_))) => used(),
                Ok(Err(error)) | Err(error) => {
                    visit.app.trace(&format!("a mailbox was not confirmed: {error}"));
                    visit.failed()
                }
            }
        }
        LinkFor::SignIn { mail, to } => {
            let Some(account) = visit.app.services.parse(&format!("mail:{mail}")) else { return used() };
            let who = match place(&to) {
                "team" => member_with(&visit.app, &account),
                _ => Some(Who::Person { account, born: None }),
            };
            let Some(who) = who else { return used() };
            match visit.app.counter.run(move |intake, now| intake.use_once(token, now, |_| Ok(()))).await {
                Ok(Ok(())) => signed_in(&visit, who, &to),
                Ok(Err(IntakeError::Refused(_))) => used(),
                Ok(Err(error)) | Err(error) => {
                    visit.app.trace(&format!("nobody could sign in by mail: {error}"));
                    visit.failed()
                }
            }
        }
    }
}

#[derive(Deserialize)]
pub(crate) struct HandedIn {
    #[serde(default)]
    token: String,
}

/// `GET …/hand-over?token=…` and `POST …/hand-over`: somebody comes from the platform. The account is shown large before anything counts.
pub(crate) async fn hand_over(visit: Visit, Query(query): Query<HandedIn>, body: Bytes) -> Response {
    let fields = Fields::parse(&body).unwrap_or_default();
    let token = if query.token.is_empty() { fields.one("token").to_owned() } else { query.token };
    let refused = || visit.told(StatusCode::FORBIDDEN, "hand-over.refused");
    let Some(hand_over) = &visit.app.identities.hand_over else { return refused() };
    let taken = match hand_over.verify(&token, visit.now) {
        Ok(taken) => taken,
        Err(error) => {
            visit.app.trace(&format!("a hand-over was refused: {error}; {}", error.help()));
            return refused();
        }
    };
    let kind = visit.app.settings.sign_in.hand_over.as_ref().and_then(|settings| Kind::lookup(&settings.kind));
    let Some(account) = visit.app.services.resolve(&taken.service, kind, taken.account.expose_personal()) else { return refused() };
    let use_of = TokenUse { hash: TokenHash(*taken.once_key()), expires_at: taken.ends_at };
    match visit.app.counter.run(move |intake, now| intake.use_once(use_of, now, |_| Ok(()))).await {
        Ok(Ok(())) => {}
        Ok(Err(IntakeError::Refused(_))) => return refused(),
        Ok(Err(error)) | Err(error) => {
            visit.app.trace(&format!("a hand-over was not taken: {error}"));
            return visit.failed();
        }
    }
    let until = visit.now.plus_micros(i64::from(PENDING_SECONDS) * 1_000_000).as_micros();
    let sealed = visit.app.secrets.seal("hand-over", &format!("{until}\n{}", account.expose_canonical()), visit.app.random());
    let form = visit.form(&format!("hand-over {}", sha256_hex(sealed.as_bytes())));
    let mut response = visit.page("hand-over.html", context! { account => App::shown(&account), form });
    response.headers_mut().append(header::SET_COOKIE, visit.cookie_header("pending", Some(&sealed), PENDING_SECONDS));
    response
}

/// `POST …/hand-over/accept`: yes, this is my account.
pub(crate) async fn accept(visit: Visit, body: Bytes) -> Response {
    let fields = Fields::parse(&body).unwrap_or_default();
    // The account that was shown with this very form, and not long ago.
    let sealed = visit.cookie("pending").unwrap_or_default().to_owned();
    let form = visit.read_form(&fields, &format!("hand-over {}", sha256_hex(sealed.as_bytes())));
    let text = visit.app.secrets.open("hand-over", &sealed);
    let account = text
        .as_ref()
        .and_then(|text| text.split_once('\n'))
        .filter(|(until, _)| until.parse().is_ok_and(|until: i64| visit.now.as_micros() < until));
    let account = account.and_then(|(_, account)| Account::from_canonical(account));
    let (Some(form), Some(account)) = (form, account) else { return visit.forbidden() };
    if fields.one("answer") != "yes" {
        let mut response = visit.told(StatusCode::OK, "hand-over.refused");
        response.headers_mut().append(header::SET_COOKIE, visit.cookie_header("pending", None, 0));
        return response;
    }
    let token =
        TokenUse { hash: TokenHash(sha256(form.number.as_bytes())), expires_at: visit.now.plus_micros(super::secrets::FORM_MICROS_MAX) };
    match visit.app.counter.run(move |intake, now| intake.use_once(token, now, |_| Ok(()))).await {
        Ok(Ok(())) => signed_in(&visit, Who::Person { account, born: None }, "me"),
        Ok(Err(IntakeError::Refused(_))) => visit.forbidden(),
        Ok(Err(error)) | Err(error) => {
            visit.app.trace(&format!("nobody could sign in by hand-over: {error}"));
            visit.failed()
        }
    }
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
