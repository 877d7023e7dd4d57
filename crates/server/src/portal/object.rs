//! Objecting: the form, and what is done with what it sends.
//!
//! It counts from the moment it is sent. Whoever sends it gets the same answer whatever is on record about the accounts they name.

use std::time::Duration;

use axum::body::Bytes;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;
use bezwaar_core::account::Account;
use bezwaar_core::choice::{Act, By, Channel, Choice};
use bezwaar_core::pattern::Pattern;
use bezwaar_core::time::Day;
use bezwaar_letter::due::due;
use bezwaar_register::intake::cases::NewCase;
use bezwaar_register::intake::post::{Addressee, LanguageCode, MessageKind, NewMessage};
use bezwaar_register::intake::{Contact, Filing, IntakeError, Refusal, Role, Sender, Submission};
use minijinja::context;
use minijinja::value::Value;
use tokio::time::{Instant as Ticks, sleep_until};

use super::app::App;
use super::letter;
use super::secrets::FormMark;
use super::web::{Fields, Visit, see_other};
use crate::post::address::MailAddress;

/// How many accounts one form can name.
pub const ACCOUNTS_MAX: usize = 3;
/// The most people and pages one form can be about; each is an act.
pub const PEOPLE_MAX: usize = 20;
/// The longest text a field may have, in bytes.
pub const FIELD_BYTES_MAX: usize = 4_000;
/// Answers leave at a multiple of so many milliseconds after the form came in, so that how long it took tells nothing about what is on record.
pub const ANSWER_STEP_MS: u64 = 25;

/// What somebody filled in, to be shown again if something is missing.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Values {
    whom: String,
    everything: bool,
    uses: Vec<String>,
    recipients: Vec<String>,
    accounts: Vec<(String, String)>,
    mail: String,
    postal: String,
    name: String,
    find: String,
    reason: String,
}

/// Something missing or wrong, at a field.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Wrong {
    field: String,
    text: String,
}

impl Values {
    fn empty() -> Values {
        Values {
            whom: "self".to_owned(),
            everything: true,
            uses: Vec::new(),
            recipients: Vec::new(),
            accounts: Vec::new(),
            mail: String::new(),
            postal: String::new(),
            name: String::new(),
            find: String::new(),
            reason: String::new(),
        }
    }

    fn of(fields: &Fields) -> Values {
        let one = |name: &str| fields.one(name).to_owned();
        let all = |name: &str| fields.all(name).filter(|text| !text.is_empty()).map(str::to_owned).collect();
        Values {
            whom: one("for"),
            everything: fields.one("everything") == "yes",
            uses: all("use"),
            recipients: all("recipient"),
            accounts: fields.all("service").map(str::to_owned).zip(fields.all("account").map(str::to_owned)).collect(),
            mail: one("mail"),
            postal: one("postal"),
            name: one("name"),
            find: one("find"),
            reason: one("reason"),
        }
    }
}

/// What is to be filed.
struct Wanted {
    people: Vec<Account>,
    mail: Option<Account>,
    act: Act,
    by: By,
}

pub(crate) async fn form(visit: Visit) -> Response {
    show(&visit, StatusCode::OK, &Values::empty(), &[])
}

fn show(visit: &Visit, status: StatusCode, values: &Values, wrong: &[Wrong]) -> Response {
    let articles = visit.app.articles();
    let uses: Vec<Value> = articles
        .get(&visit.language)
        .into_iter()
        .flatten()
        .flat_map(|article| &article.uses)
        .map(|(id, title)| context! { id => id.as_str(), title => Value::from_safe_string(title.clone()), chosen => values.uses.contains(id) })
        .collect();
    let recipients: Vec<Value> = own_recipients(&visit.app)
        .into_iter()
        .map(|id| context! { id => id.as_str(), name => super::acts::recipient_name(visit.speech(), &id), chosen => values.recipients.contains(&id) })
        .collect();
    let services: Vec<Value> =
        visit.app.settings.policies.services.iter().map(|id| context! { id => id.as_str(), name => service_name(id) }).collect();
    let rows = (0..ACCOUNTS_MAX).map(|row| values.accounts.get(row).cloned().unwrap_or_default());
    let accounts: Vec<Value> = rows.map(|(service, account)| context! { service, account }).collect();
    let wrong: Vec<Value> = wrong.iter().map(|one| context! { field => one.field.as_str(), text => one.text.as_str() }).collect();
    let account = visit.session.as_ref().and_then(|session| session.account()).map(App::shown);
    let shown = context! {
        for => values.whom.as_str(), everything => values.everything, accounts, mail => values.mail.as_str(),
        postal => values.postal.as_str(), name => values.name.as_str(), find => values.find.as_str(), reason => values.reason.as_str(),
    };
    let others: Vec<&str> = letter::others(&visit.app).map(letter::short_name).take(2).collect();
    let not_to = match others.as_slice() {
        [] => visit.say("object.not-to"),
        [one] => visit.say_with("object.not-to-such", &[("company", one)]),
        [one, second, ..] => visit.say_with("object.not-to-two", &[("company", one), ("second", second)]),
    };
    let page = context! {
        form => visit.form("object"), uses, recipients, services, values => shown, wrong, account, not_to, elsewhere => !others.is_empty(),
    };
    visit.page_with(status, "object.html", page)
}

/// The recipients of the own policies that are others than the organisation's own first one, each once.
fn own_recipients(app: &App) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for policy in app.settings.policies.own.iter().filter_map(|id| app.policies.policies.get(id)) {
        for recipient in policy.versions.last().into_iter().flat_map(|version| &version.uses).flat_map(|one| &one.recipients) {
            if !found.contains(recipient) {
                found.push(recipient.clone());
            }
        }
    }
    if found.len() > 1 { found } else { Vec::new() }
}

/// The name of a service, as its own word with a capital; `x` is itself.
fn service_name(id: &str) -> String {
    bezwaar_lens::plain::capital(id)
}

pub(crate) async fn send(visit: Visit, _: Path<String>, body: Bytes) -> Response {
    let came = Ticks::now();
    let response = take(&visit, &body).await;
    in_step(came).await;
    response
}

/// Waits until a whole number of steps has passed since something came in. The write is shared by all who wait for it; what differs before and after it disappears in the
/// step.
pub(crate) async fn in_step(came: Ticks) {
    let steps = u64::try_from(came.elapsed().as_millis()).unwrap_or_default() / ANSWER_STEP_MS + 1;
    sleep_until(came + Duration::from_millis(steps * ANSWER_STEP_MS)).await;
}

async fn take(visit: &Visit, body: &[u8]) -> Response {
    let Some(fields) = Fields::parse(body) else { return visit.told(StatusCode::PAYLOAD_TOO_LARGE, "error.too-long") };
    let values = Values::of(&fields);
    let Some(mark) = visit.read_form(&fields, "object") else {
        let expired = Wrong { field: "for".to_owned(), text: visit.say("form.expired") };
        return show(visit, StatusCode::UNPROCESSABLE_ENTITY, &values, &[expired]);
    };
    let wanted = match check(visit, &values, &mark) {
        Ok(wanted) => wanted,
        Err(wrong) => return show(visit, StatusCode::UNPROCESSABLE_ENTITY, &values, &wrong),
    };
    visit.app.is_set_apart(wanted.mail.as_ref(), &wanted.people, visit.network, visit.now);
    let busy = || Wrong { field: "for".to_owned(), text: visit.say("object.wrong.busy") };
    match visit.app.counter.file(submission(visit, &values, &wanted, &mark)).await {
        Ok(_) => see_other(&objection_path(visit, &mark.number)),
        // The same form, filled in anew after it was sent: what was sent first stands, and this was not filed. It can be sent as one of its own.
        Err(IntakeError::Refused(Refusal::OtherContent)) => {
            let text = visit.say_with("object.wrong.sent-before", &[("number", &mark.number)]);
            show(visit, StatusCode::CONFLICT, &values, &[Wrong { field: "for".to_owned(), text }])
        }
        Err(IntakeError::Refused(refusal)) => {
            visit.app.trace(&format!("an objection was refused: {refusal}"));
            let text = visit.say("object.wrong.refused");
            show(visit, StatusCode::UNPROCESSABLE_ENTITY, &values, &[Wrong { field: "for".to_owned(), text }])
        }
        Err(IntakeError::Busy) => {
            visit.app.api.metrics.refused();
            show(visit, StatusCode::SERVICE_UNAVAILABLE, &values, &[busy()])
        }
        Err(error) => {
            visit.app.trace(&format!("an objection was not filed: {error}"));
            visit.failed()
        }
    }
}

/// Where whoever filed an objection sees it.
pub(crate) fn objection_path(visit: &Visit, number: &str) -> String {
    visit.at(&format!("objection/{number}/{}", visit.app.secrets.receipt_tag(number)))
}

/// Everything that is missing or wrong at once, or what is to be filed.
fn check(visit: &Visit, values: &Values, mark: &FormMark) -> Result<Wanted, Vec<Wrong>> {
    let app = &visit.app;
    let mut wrong = Vec::new();
    let mut tell = |field: &str, key: &str, filled: &[(&str, &str)]| {
        wrong.push(Wrong { field: field.to_owned(), text: visit.say_with(&format!("object.wrong.{key}"), filled) });
    };
    if !matches!(values.whom.as_str(), "self" | "child" | "authorised" | "none") {
        tell("for", "for", &[]);
    }
    let long =
        [("postal", &values.postal), ("name", &values.name), ("find", &values.find), ("reason", &values.reason), ("mail", &values.mail)];
    // One that is left out would be a no that nobody hears.
    if values.accounts.iter().filter(|(_, account)| !account.is_empty()).count() > ACCOUNTS_MAX {
        tell("accounts", "many", &[]);
    }
    for (field, _) in long.iter().filter(|(_, text)| text.len() > FIELD_BYTES_MAX) {
        tell(field, "long", &[]);
    }
    let act = scope(app, values);
    if act.is_none() {
        tell("scope", "scope", &[]);
    }
    let mut people = Vec::new();
    for (row, (service, account)) in values.accounts.iter().take(ACCOUNTS_MAX).enumerate().filter(|(_, (_, account))| !account.is_empty()) {
        let field = format!("account-{}", row + 1);
        if service.is_empty() {
            tell(&field, "service", &[]);
        } else if account.len() > FIELD_BYTES_MAX {
            tell(&field, "long", &[]);
        } else {
            let known = app.settings.policies.services.contains(service);
            match app.services.resolve(service, None, name_in(account)).filter(|_| known) {
                Some(account) if people.contains(&account) => {}
                Some(account) => people.push(account),
                None => tell(&field, "account", &[("service", &service_name(service))]),
            }
        }
    }
    let mail = match values.mail.as_str() {
        "" => None,
        text => {
            // What no message can be sent to is told now, and not found out when somebody answers.
            let account = app.services.parse(&format!("mail:{text}")).filter(|_| MailAddress::parse(text).is_ok());
            if account.is_none() {
                tell("mail", "mail", &[]);
            }
            account
        }
    };
    let own = visit.session.as_ref().and_then(|session| session.account()).filter(|_| values.whom == "self");
    if let Some(own) = own
        && !people.contains(own)
    {
        people.push(own.clone());
    }
    if values.whom == "none" {
        let lines = values.find.lines().map(str::trim).filter(|line| is_page(line));
        for page in lines.filter_map(|line| app.services.parse(&format!("url:{line}"))) {
            if !people.contains(&page) {
                people.push(page);
            }
        }
        if people.len() > PEOPLE_MAX {
            tell("find", "many", &[]);
        }
        if people.is_empty() && values.mail.is_empty() && values.postal.is_empty() {
            tell("find", "where", &[]);
        }
    }
    let named = !values.mail.is_empty() || values.accounts.iter().any(|(_, account)| !account.is_empty());
    if people.is_empty() {
        let other = matches!(values.whom.as_str(), "child" | "authorised");
        match (&mail, values.postal.is_empty() && values.name.is_empty()) {
            // A parent's mailbox is not the child.
            (Some(_), _) if other => people.extend(placeholder(app, &mark.number)),
            (Some(mail), _) => people.push(mail.clone()),
            // Whoever can be reached by letter only is named by the address of this very objection until somebody has found them.
            (None, false) => people.extend(placeholder(app, &mark.number)),
            // Somebody who filled in something that is wrong is told that, and not that they filled in nothing.
            (None, true) if values.whom != "none" && !named => tell("mail", "nothing", &[]),
            (None, true) => {}
        }
    }
    let by = match values.whom.as_str() {
        "child" => By::Parent,
        "authorised" => By::Agent,
        _ => By::Own,
    };
    match act {
        Some(act) if wrong.is_empty() && !people.is_empty() => Ok(Wanted { people, mail, act, by }),
        _ => Err(wrong),
    }
}

/// Who stands for somebody nobody has found yet: the address of the objection itself.
pub(crate) fn placeholder(app: &App, number: &str) -> Option<Account> {
    app.services.parse(&format!("url:{}/objection/{number}", app.settings.base_url))
}

/// Whether a line is an address of the web, and not a description.
fn is_page(line: &str) -> bool {
    let rest = line.strip_prefix("https://").or_else(|| line.strip_prefix("http://")).unwrap_or(line);
    let host = rest.split('/').next().unwrap_or_default();
    let labels = host.split(':').next().unwrap_or_default();
    !line.contains(char::is_whitespace) && labels.contains('.') && labels.split('.').all(|label| !label.is_empty()) && !host.contains('@')
}

/// The name in what somebody typed: the last part of the address of a profile.
fn name_in(text: &str) -> &str {
    let is_address = text.contains("://") || text.starts_with("www.");
    if is_address {
        text.split(['?', '#']).next().unwrap_or_default().trim_end_matches('/').rsplit('/').next().unwrap_or_default()
    } else {
        text
    }
}

/// What is objected to; nothing if neither everything nor a part was chosen, or a part nobody offered.
fn scope(app: &App, values: &Values) -> Option<Act> {
    if values.everything && values.uses.is_empty() && values.recipients.is_empty() {
        return Some(Act::Object { uses: None, recipients: None, items: None });
    }
    let offered =
        |id: &String| {
            app.settings.policies.own.iter().filter_map(|policy| app.policies.policies.get(policy)).any(|policy| {
                policy.versions.iter().flat_map(|version| &version.uses).any(|one| one.id == *id || one.recipients.contains(id))
            })
        };
    if (!values.everything && values.uses.is_empty() && values.recipients.is_empty())
        || !values.uses.iter().chain(&values.recipients).all(offered)
    {
        return None;
    }
    let exact = |ids: &[String]| (!ids.is_empty()).then(|| ids.iter().map(|id| Pattern::parse(id)).collect());
    // "Everything" with a part ticked as well is everything: the wider no holds.
    let uses = if values.everything { None } else { exact(&values.uses) };
    let recipients = if values.everything { None } else { exact(&values.recipients) };
    Some(Act::Object { uses, recipients, items: None })
}

fn submission(visit: &Visit, values: &Values, wanted: &Wanted, mark: &FormMark) -> Submission {
    let fields = [
        ("language", visit.language.as_str()),
        ("for", &values.whom),
        ("mail", &values.mail),
        ("postal", &values.postal),
        ("name", &values.name),
        ("find", &values.find),
        ("reason", &values.reason),
    ];
    let contact =
        Contact::new(fields.into_iter().filter(|(_, text)| !text.is_empty()).map(|(name, text)| (name.to_owned(), text.to_owned())));
    let signed_in = visit.session.as_ref().and_then(|session| session.account());
    let filings = wanted.people.iter().enumerate().map(|(place, person)| {
        let own = signed_in == Some(person) && wanted.by == By::Own;
        // Whoever names an account that is not shown to be theirs leaves their own name and address under another name than that account's: its holder may see all that
        // stands under it.
        let filer = wanted.mail.clone().or_else(|| placeholder(&visit.app, &mark.number)).filter(|filer| filer != person && !own);
        let choice = Choice {
            id: if place == 0 { mark.number.clone() } else { format!("{}.{}", mark.number, place + 1) },
            person: Some(person.clone()),
            act: wanted.act.clone(),
            // The register gives the time.
            received_at: visit.now,
            recorded_at: None,
            by: Some(wanted.by),
            channel: Some(Channel::Form),
            provisional: false,
        };
        let sender = if own { Sender::Confirmed } else { Sender::Unconfirmed };
        Filing { choice, filer, sender, respelled: false, contact: contact.clone() }
    });
    let filings: Vec<Filing> = filings.collect();
    let app = &visit.app;
    let language = language_of(visit);
    let case = new_case(visit);
    let own = filings.iter().all(|filing| filing.sender == Sender::Confirmed);
    let kind = if own { MessageKind::Received } else { MessageKind::Confirm };
    let sends = app.settings.mail.is_some() && wanted.mail.as_ref().is_some_and(|mail| app.mails.may_send(app, "receipts", mail));
    let to = Addressee::Act { act: mark.number.clone(), role: Role::Filer };
    let messages = sends.then(|| NewMessage { kind, to, language, detail: String::new() });
    let marks = app.counter.desk().mark(wanted.mail.as_ref().map(|mail| mail.expose_canonical()), Some(&visit.network.text()));
    Submission { filings, case, messages: messages.into_iter().collect(), token: None, marks }
}

/// The language somebody is written to in.
pub(crate) fn language_of(visit: &Visit) -> LanguageCode {
    LanguageCode::parse(&visit.language).unwrap_or_else(LanguageCode::undetermined)
}

/// A case to be answered by the day the law names.
pub(crate) fn new_case(visit: &Visit) -> Option<NewCase> {
    let app = &visit.app;
    let due_on = Day::of(visit.now, &app.zone).and_then(|day| due(day, &app.holidays)).map(|dates| dates.expected);
    due_on.map(|due_on| NewCase { language: language_of(visit), due_on, opened_by: None, evidence: Vec::new() })
}
