//! My page: what somebody told us, what holds now, and how to change it. For the holder of an account, signed in.

use axum::body::Bytes;
use axum::extract::{Path, Query};
use axum::http::StatusCode;
use axum::response::Response;
use bezwaar_core::account::Account;
use bezwaar_core::acts::Holdings;
use bezwaar_core::choice::{Act, By, Channel, Choice, Outcome};
use bezwaar_core::pattern::Pattern;
use bezwaar_core::time::Instant;
use bezwaar_register::intake::{Contact, Filing, IntakeError, Refusal, Sender, Submission};
use minijinja::context;
use minijinja::value::Value;
use serde::Deserialize;

use super::acts::{self, Filed};
use super::ages::needs_representative;
use super::app::App;
use super::holds::{self, Concerning, State, state_of};
use super::object::objection_path;
use super::web::{Fields, Visit, download, see_other};

#[derive(Debug, Default, Deserialize)]
pub(crate) struct Said {
    #[serde(default)]
    said: String,
    #[serde(default)]
    number: String,
}

pub(crate) async fn page(visit: Visit, Query(said): Query<Said>) -> Response {
    let Some(account) = own(&visit) else { return visit.sign_in_first("me") };
    let mut filed = match read(&visit, &account).await {
        Ok(filed) => filed,
        Err(response) => return response,
    };
    if visit.signal && note_signal(&visit, &account, &filed).await {
        filed = match read(&visit, &account).await {
            Ok(filed) => filed,
            Err(response) => return response,
        };
    }
    show(&visit, StatusCode::OK, &account, &filed, &said, &[])
}

fn own(visit: &Visit) -> Option<Account> {
    visit.session.as_ref().and_then(|session| session.account()).cloned()
}

/// What is filed under the own account, and what counts for it, over its links.
struct Own {
    filed: Filed,
    /// Nothing if something could not be read: then a no is assumed.
    held: Option<Holdings>,
    at: Instant,
}

impl std::ops::Deref for Own {
    type Target = Filed;

    fn deref(&self) -> &Filed {
        &self.filed
    }
}

async fn read(visit: &Visit, account: &Account) -> Result<Own, Response> {
    let (app, account) = (visit.app.clone(), account.clone());
    let read = visit.app.read(move |reader| {
        // Not when the visit began: what was filed since counts as well.
        let at = holds::moment(reader, app.now())?;
        let held = Concerning::read(reader, std::slice::from_ref(&account), at)?.holdings();
        Ok(Own { filed: Filed::read(reader, &account)?, held, at })
    });
    read.await.map_err(|error| {
        visit.app.trace(&format!("the acts of an account could not be read: {error}"));
        visit.failed()
    })
}

/// Records the browser's signal for who is signed in, once.
async fn note_signal(visit: &Visit, account: &Account, filed: &Filed) -> bool {
    let known = |choice: &Choice| matches!(&choice.act, Act::Signal { signal } if signal == "gpc");
    if filed.choices.iter().any(known) {
        return false;
    }
    let choice = new_choice(visit, account, Act::Signal { signal: "gpc".to_owned() }, Channel::Signal);
    visit.app.counter.file(Submission::of(vec![Filing::own(choice, Sender::Confirmed)])).await.is_ok()
}

fn new_choice(visit: &Visit, account: &Account, act: Act, channel: Channel) -> Choice {
    let id = super::secrets::number(visit.app.random());
    let by = Some(By::Own);
    let (person, received_at) = (Some(account.clone()), visit.now);
    Choice { id, person, act, received_at, recorded_at: None, by, channel: Some(channel), provisional: false }
}

fn show(visit: &Visit, status: StatusCode, account: &Account, filed: &Own, said: &Said, wrong: &[String]) -> Response {
    let (app, speech) = (&visit.app, visit.speech());
    let own = || app.settings.policies.own.iter().filter_map(|id| app.policies.policies.get(id));
    let versions = || own().filter_map(|policy| policy.versions.iter().rev().find(|version| version.effective <= app.today()));
    let mut uses: Vec<Value> = Vec::new();
    for one in versions().flat_map(|version| &version.uses) {
        let state = filed.held.as_ref().map_or(State::No, |held| state_of(app, held, account, &one.id, &one.recipients, filed.at));
        let title = acts::use_title(app, speech, &Pattern::Exact(one.id.clone()));
        uses.push(context! {
            id => one.id.as_str(), title, state => visit.say(state.key()), form => visit.form("me"),
            can_object => !matches!(state, State::No),
            can_allow => matches!(state, State::No | State::Signal | State::Silent) && one.promise.is_none(),
        });
    }
    let settings: Vec<&bezwaar_core::policy::Control> =
        versions().flat_map(|version| &version.controls).filter(|control| is_setting(control)).collect();
    let controls: Vec<Value> = settings
        .into_iter()
        .map(|control| {
            let on = is_on(app, filed, &control.id);
            let title = acts::control_title(app, speech, &control.id);
            let state = visit.say(if on { "mine.switch.on" } else { "mine.switch.off" });
            context! {
                id => control.id.as_str(), on, to => if on { "off" } else { "on" }, form => visit.form("me"),
                label => visit.say_with("mine.switch.label", &[("title", &title), ("state", &state)]),
                action => visit.say(if on { "mine.switch.turn-off" } else { "mine.switch.turn-on" }),
                title, state,
            }
        })
        .collect();
    let asked: Vec<Value> = filed
        .choices
        .iter()
        .filter(|choice| !filed.is_confirmed(choice) && matches!(choice.act, Act::Object { .. }))
        .map(|choice| {
            let scope = acts::scope(app, speech, &choice.act).join(" ");
            context! { id => choice.id.as_str(), number => choice.id.as_str(), moment => speech.moment(choice.received_at, &app.zone), scope }
        })
        .collect();
    let said_text = match said.said.as_str() {
        "" => None,
        key @ ("object" | "withdraw" | "allow" | "set" | "confirm" | "erase-contact" | "erase") => {
            // Only what was filed is said to have been: anybody can write an address.
            let known = |number: &String| filed.choices.iter().any(|choice| choice.id == *number);
            let number = super::secrets::read_number(&said.number).filter(known);
            let needs = matches!(key, "object" | "withdraw" | "allow" | "set" | "erase");
            let number = if needs { number } else { Some(String::new()) };
            number.map(|number| {
                let values: &[(&str, &str)] = if matches!(key, "object" | "erase") { &[("number", &number)] } else { &[] };
                visit.say_with(&format!("mine.said-{key}"), values)
            })
        }
        _ => None,
    };
    let wrong: Vec<Value> = wrong.iter().map(|text| context! { field => "main", text }).collect();
    let page = context! {
        account => App::shown(account), wrong, said => said_text, signal => visit.signal, asked, uses, controls,
        acts => timeline(visit, filed), links => links(filed), form => visit.form("me"), erase_form => visit.form("me"),
    };
    visit.page_with(status, "mine.html", page)
}

fn is_setting(control: &bezwaar_core::policy::Control) -> bool {
    control.kind == "setting"
}

/// Whether a setting is on: as they said last, and until then as it is for who said nothing.
pub(crate) fn is_on(app: &App, filed: &Filed, control: &str) -> bool {
    let last = filed.choices.iter().rev().find_map(|choice| match &choice.act {
        Act::SetOff { control: own } if own == control => Some(false),
        Act::SetOn { control: own } if own == control => Some(true),
        _ => None,
    });
    last.unwrap_or_else(|| !starts_off(app, control))
}

/// Whether everything a setting is about is off until somebody switches it on. Where that is not known it counts as on, so that it can be switched off.
fn starts_off(app: &App, control: &str) -> bool {
    let today = app.today();
    let own = app.settings.policies.own.iter().filter_map(|id| app.policies.policies.get(id));
    let versions = own.filter_map(|policy| policy.versions.iter().rev().find(|version| version.effective <= today));
    let mut uses = versions.flat_map(|version| &version.uses).filter(|one| one.controls.iter().any(|own| own == control)).peekable();
    uses.peek().is_some() && uses.all(|one| one.default == bezwaar_core::policy::Default_::Off)
}

/// The acts, newest first.
fn timeline(visit: &Visit, filed: &Filed) -> Vec<Value> {
    let (app, speech) = (&visit.app, visit.speech());
    let one = |choice: &Choice| {
        let confirmed = filed.is_confirmed(choice);
        let mut lines = acts::scope(app, speech, &choice.act);
        lines.extend(acts::remarks(speech, choice, confirmed));
        if let Some(void) = filed.void_of(choice) {
            let day = speech.day_of(void.effective_at, &app.zone);
            lines.push(speech.say("act.void", &[("day", &day), ("reason", &speech.say(&format!("void.{}", void.reason.as_str()), &[]))]));
        }
        if let Some((outcome, at)) = filed.answer_to(choice) {
            let said = speech.say(if outcome == Outcome::Upheld { "act.upheld" } else { "act.refused" }, &[]);
            lines.push(format!("{}: {said} ({})", speech.say("act.answer", &[]), speech.moment(at, &app.zone)));
        }
        let opens = matches!(choice.act, Act::Object { .. } | Act::Consent { .. });
        // A copy, or one of several accounts, is seen with the objection it belongs to.
        let number = choice.id.split(['+', '.']).next().and_then(super::secrets::read_number);
        context! {
            title => speech.say(acts::title(&choice.act), &[]), id => choice.id.as_str(), at => choice.received_at.to_string(), lines,
            moment => speech.moment(choice.received_at, &app.zone), form => visit.form("me"),
            // What others filed may name others as well: it is seen by who filed it.
            receipt => number.filter(|_| !choice.provisional || choice.id.ends_with("+0")).map(|number| objection_path(visit, &number)),
            can_withdraw => opens && !filed.is_withdrawn(&choice.id),
        }
    };
    filed.choices.iter().rev().map(one).collect()
}

fn links(filed: &Filed) -> Vec<String> {
    let ended = |choice: &Choice| filed.is_withdrawn(&choice.id);
    let link = |choice: &Choice| match &choice.act {
        Act::Link { to, .. } if !ended(choice) => Some(App::shown(to)),
        _ => None,
    };
    filed.choices.iter().filter_map(link).collect()
}

/// What a form of the page asks for.
enum Wish {
    File(Act, Channel),
    Confirm(String),
    EraseContact,
    AskToForget,
    Forget(String),
}

pub(crate) async fn act(visit: Visit, Path((_, action)): Path<(String, String)>, body: Bytes) -> Response {
    let Some(account) = own(&visit) else { return visit.sign_in_first("me") };
    let fields = Fields::parse(&body).unwrap_or_default();
    let Some(mark) = visit.read_form(&fields, "me") else { return visit.forbidden() };
    let filed = match read(&visit, &account).await {
        Ok(filed) => filed,
        Err(response) => return response,
    };
    let refuse = |key: &str| show(&visit, StatusCode::UNPROCESSABLE_ENTITY, &account, &filed, &Said::default(), &[visit.say(key)]);
    let Some(wish) = wish(&visit, &filed, &action, &fields) else { return refuse("mine.failed") };
    let opening = match &wish {
        Wish::File(act, _) => Some(Some(act)),
        Wish::AskToForget | Wish::Forget(_) => Some(None),
        Wish::Confirm(_) | Wish::EraseContact => None,
    };
    if opening.is_some_and(|act| needs_representative(&visit, &filed, act)) {
        return refuse("mine.parent-needed");
    }
    if action == "allow" && fields.one("sure") != "yes" {
        return ask_to_allow(&visit, &filed, fields.one("use"));
    }
    match wish {
        Wish::File(act, channel) => {
            let choice = Choice { id: mark.number.clone(), ..new_choice(&visit, &account, act, channel) };
            let contact = Contact::new([("language".to_owned(), visit.language.clone())]);
            let filing = Filing { contact, ..Filing::own(choice, Sender::Confirmed) };
            match visit.app.counter.file(Submission::of(vec![filing])).await {
                Ok(_) => see_other(&visit.at(&format!("me?said={}&number={}", said_key(&action), mark.number))),
                // An older page, sent again with something else: nothing was filed.
                Err(IntakeError::Refused(Refusal::OtherContent)) => refuse("mine.failed"),
                Err(IntakeError::Refused(_)) => refuse("mine.not-known"),
                Err(error) => {
                    visit.app.trace(&format!("an act was not filed: {error}"));
                    visit.failed()
                }
            }
        }
        Wish::Confirm(id) => {
            let holder = account.clone();
            match visit.app.counter.run(move |intake, now| intake.confirm(&id, &holder, now)).await {
                Ok(Ok(_)) => see_other(&visit.at("me?said=confirm")),
                Ok(Err(IntakeError::Refused(_))) => refuse("mine.not-known"),
                Ok(Err(error)) | Err(error) => {
                    visit.app.trace(&format!("an act was not confirmed: {error}"));
                    visit.failed()
                }
            }
        }
        Wish::EraseContact => {
            let holder = account.clone();
            match visit.app.counter.run(move |intake, now| intake.erase_contact(&holder, now)).await {
                Ok(Ok(())) => see_other(&visit.at("me?said=erase-contact")),
                Ok(Err(error)) | Err(error) => {
                    visit.app.trace(&format!("a contact was not erased: {error}"));
                    visit.failed()
                }
            }
        }
        Wish::AskToForget => ask_to_forget(&visit, &account).await,
        Wish::Forget(token) => {
            let holder = account.clone();
            match visit.app.counter.run(move |intake, now| intake.forget(&token, &holder, now)).await {
                Ok(Ok(_)) => {
                    visit.app.sessions.end_all_of(&account);
                    let gone = Visit { session: None, ..visit };
                    gone.told(StatusCode::OK, "mine.forgotten")
                }
                Ok(Err(IntakeError::Refused(_))) => refuse("mine.failed"),
                Ok(Err(error)) | Err(error) => {
                    visit.app.trace(&format!("an account was not forgotten: {error}"));
                    visit.failed()
                }
            }
        }
    }
}

fn said_key(action: &str) -> &'static str {
    match action {
        "object" => "object",
        "allow" => "allow",
        "set" => "set",
        "withdraw" => "withdraw",
        _ => "erase",
    }
}

/// What a yes undoes is said before it is given.
fn ask_to_allow(visit: &Visit, filed: &Filed, use_id: &str) -> Response {
    let (app, speech) = (&visit.app, visit.speech());
    let counts = |choice: &&Choice| {
        matches!(choice.act, Act::Object { .. } | Act::Signal { .. } | Act::SetOff { .. }) && !filed.is_withdrawn(&choice.id)
    };
    let counting = filed.counting(visit.now);
    let undone: Vec<String> = counting
        .iter()
        .filter(counts)
        .map(|choice| {
            format!("{} {} ({})", speech.say(acts::title(&choice.act), &[]), choice.id, speech.moment(choice.received_at, &app.zone))
        })
        .collect();
    let title = acts::use_title(app, speech, &Pattern::Exact(use_id.to_owned()));
    visit.page("allow.html", context! { title, undone, form => visit.form("me"), id => use_id })
}

fn wish(visit: &Visit, filed: &Filed, action: &str, fields: &Fields) -> Option<Wish> {
    let exact = |id: &str| {
        let own = visit.app.settings.policies.own.iter().filter_map(|policy| visit.app.policies.policies.get(policy));
        let known = own.into_iter().flat_map(|policy| &policy.versions).flat_map(|version| &version.uses).any(|one| one.id == id);
        known.then(|| Some(vec![Pattern::Exact(id.to_owned())]))
    };
    Some(match action {
        "object" => Wish::File(Act::Object { uses: exact(fields.one("use"))?, recipients: None, items: None }, Channel::Form),
        "allow" => Wish::File(Act::Consent { uses: exact(fields.one("use"))?, recipients: None }, Channel::Form),
        "set" => {
            let control = fields.one("control").to_owned();
            let own = visit.app.settings.policies.own.iter().filter_map(|policy| visit.app.policies.policies.get(policy));
            let known = |one: &bezwaar_core::policy::Control| is_setting(one) && one.id == control;
            if !own.into_iter().flat_map(|policy| &policy.versions).flat_map(|version| &version.controls).any(known) {
                return None;
            }
            match fields.one("to") {
                "on" => Wish::File(Act::SetOn { control }, Channel::Setting),
                "off" => Wish::File(Act::SetOff { control }, Channel::Setting),
                _ => return None,
            }
        }
        "withdraw" => {
            let of = fields.one("of").to_owned();
            match filed.choices.iter().find(|choice| choice.id == of).map(|choice| &choice.act)? {
                Act::Object { .. } => Wish::File(Act::Withdraw { of }, Channel::Form),
                Act::Consent { .. } => Wish::File(Act::WithdrawConsent { of }, Channel::Form),
                _ => return None,
            }
        }
        "erase" => Wish::File(Act::Erase { items: None }, Channel::Form),
        "confirm" => Wish::Confirm(fields.one("act").to_owned()),
        "erase-contact" => Wish::EraseContact,
        "forget" => Wish::AskToForget,
        "forget-yes" => Wish::Forget(fields.one("token").to_owned()),
        _ => return None,
    })
}

async fn ask_to_forget(visit: &Visit, account: &Account) -> Response {
    let holder = account.clone();
    match visit.app.counter.run(move |intake, now| intake.ask_to_forget(&holder, now)).await {
        Ok(Ok(request)) => {
            let (acts, closing, others) = (request.acts.to_string(), request.closing.to_string(), request.others.to_string());
            let means = visit.say_with("mine.forget-means", &[("acts", &acts), ("closing", &closing), ("others", &others)]);
            visit.page("forget.html", context! { means, form => visit.form("me"), token => request.token })
        }
        Ok(Err(IntakeError::Refused(_))) => visit.told(StatusCode::OK, "mine.forgotten"),
        Ok(Err(error)) | Err(error) => {
            visit.app.trace(&format!("forgetting was not prepared: {error}"));
            visit.failed()
        }
    }
}

/// Everything about who is signed in, as JSON: acts with their receipts, contact details.
pub(crate) async fn download_all(visit: Visit) -> Response {
    let Some(account) = own(&visit) else { return visit.sign_in_first("me") };
    let own = account.clone();
    let accepter = visit.app.counter.desk().accepter().ok();
    let read = visit.app.read(move |reader| {
        let rows = reader.acts_of(&own)?;
        let mut acts = Vec::new();
        for row in rows {
            let body: serde_json::Value = serde_json::from_slice(&row.body).unwrap_or_default();
            let id = body.get("id").and_then(serde_json::Value::as_str).unwrap_or_default().to_owned();
            let receipt =
                bezwaar_register::proofs::receipt(reader, accepter.as_ref(), &id).ok().and_then(|receipt| receipt.to_bytes().ok());
            let receipt = receipt.and_then(|bytes| String::from_utf8(bytes).ok());
            acts.push(serde_json::json!({
                "entry": row.index, "recorded_at": row.entry.recorded_at.to_string(), "act": body, "receipt": receipt,
            }));
        }
        let contact = reader.contact_of(&own)?.map(|bytes| serde_json::from_slice::<serde_json::Value>(&bytes).unwrap_or_default());
        Ok((acts, contact))
    });
    match read.await {
        Ok((acts, contact)) => {
            let all = serde_json::json!({"account": account.expose_canonical(), "acts": acts, "contact": contact});
            let text = serde_json::to_string_pretty(&all).unwrap_or_default();
            download("bezwaar.json", "application/json", text.into_bytes())
        }
        Err(error) => {
            visit.app.trace(&format!("the data of an account could not be read: {error}"));
            visit.failed()
        }
    }
}
