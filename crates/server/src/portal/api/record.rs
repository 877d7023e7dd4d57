//! Recording an act, in the exchange format.
//!
//! Whatever says no is taken from anybody, counts at once and is provisional until the holder of the account confirms it; whoever sends it gets the same answer
//! whatever is on record about the account. Everything else is said by the holder alone, signed in.

use axum::Json;
use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bezwaar_core::account::{Account, Kind as AccountKind};
use bezwaar_core::choice::{Act, By, Channel, Choice};
use bezwaar_core::wire::{ChoiceFields, ChoiceLine, Named};
use bezwaar_ledger::replay::may_be_provisional;
use bezwaar_register::intake::post::{Addressee, MessageKind, NewMessage};
use bezwaar_register::intake::{AcceptedAct, Contact, Filing, IntakeError, Refusal, Role, Sender, State, Submission};
use serde::Serialize;
use serde_json::{Map, Value};
use tokio::time::Instant as Ticks;
use utoipa::ToSchema;

use super::body::{LIST_MAX, Members, object};
use super::problem::{Kind, Problem, ProblemBody, Wrong};
use super::session::has_mark;
use crate::portal::acts::Filed;
use crate::portal::ages::needs_representative;
use crate::portal::app::App;
use crate::portal::object::{in_step, language_of, new_case};
use crate::portal::secrets;
use crate::portal::sessions::Who;
use crate::portal::web::Visit;

/// The longest body of an act, in bytes.
pub const ACT_BODY_BYTES_MAX: usize = 64 << 10;
/// The longest text in an act, in bytes.
pub const ACT_TEXT_BYTES_MAX: usize = 1_000;
/// The shortest `Idempotency-Key`: long enough that nobody guesses another's.
pub const KEY_LENGTH_MIN: usize = 16;
/// The longest `Idempotency-Key`.
pub const KEY_LENGTH_MAX: usize = 128;
/// The longest id an act can be given by who sends it.
pub const GIVEN_ID_BYTES_MAX: usize = 64;

/// Within how many seconds an act that was accepted is published.
const PUBLISHED_WITHIN_SECONDS: u64 = 60;
const ACTS: [&str; 9] = ["object", "set", "signal", "withdraw", "withdraw-consent", "consent", "link", "unlink", "erase"];

/// An act, as it is sent. DESIGN: the choices of the exchange format.
#[derive(ToSchema)]
#[schema(as = Act)]
#[expect(dead_code, reason = "it is read member by member, so that all problems are told at once; this describes it")]
pub(crate) struct ActBody {
    /// Its id, from who is signed in only. Without one the register gives a number.
    #[schema(required = false, min_length = 1, max_length = 64, pattern = "^[A-Za-z0-9._-]{1,64}$")]
    id: Option<String>,
    /// Whose act it is, as `service:account`, `mail:…`, `tel:+…` or `url:…`; without it the account that is signed in.
    #[schema(required = false, example = "facebook:1001", max_length = 1000)]
    person: Option<String>,
    /// What is said.
    #[schema(example = "object")]
    act: ActWord,
    /// Which uses; absent means all.
    #[schema(required = false, example = json!(["meta/*"]))]
    uses: Option<Vec<String>>,
    /// Which recipients; absent means all.
    #[schema(required = false, example = json!(["*"]))]
    recipients: Option<Vec<String>>,
    /// Which items (`object` and `erase`); absent means all.
    #[schema(required = false)]
    items: Option<Vec<String>>,
    /// Which control (`set`).
    #[schema(required = false, max_length = 1000)]
    control: Option<String>,
    /// The position of a control (`set`): `on` or `off`; or the other account (`link`).
    #[schema(required = false, max_length = 1000)]
    to: Option<String>,
    /// The act that is taken back (`withdraw`, `withdraw-consent`, `unlink`).
    #[schema(required = false, max_length = 1000)]
    of: Option<String>,
    /// How two accounts belong together (`link`).
    #[schema(required = false)]
    how: Option<How>,
    /// The signal (`signal`).
    #[schema(required = false, max_length = 1000)]
    signal: Option<String>,
    /// Who sends it.
    #[schema(required = false)]
    by: Option<ByWord>,
    /// How it came: nothing but `api`.
    #[schema(required = false, pattern = "^api$")]
    channel: Option<String>,
    /// Anything of the sender's own. Only `filer` is read: who sends it, as an account, if another than the person; what they say counts for themselves as well.
    #[schema(required = false, value_type = Object)]
    ext: Option<Value>,
}

#[derive(ToSchema)]
#[schema(rename_all = "kebab-case")]
#[expect(dead_code, reason = "it describes the words")]
pub(crate) enum ActWord {
    Object,
    Set,
    Signal,
    Withdraw,
    WithdrawConsent,
    Consent,
    Link,
    Unlink,
    Erase,
}

#[derive(ToSchema)]
#[schema(rename_all = "kebab-case")]
#[expect(dead_code, reason = "it describes the words")]
pub(crate) enum How {
    AccountsCentre,
    SamePerson,
    Renamed,
    Organisation,
}

#[derive(ToSchema)]
#[schema(rename_all = "kebab-case")]
#[expect(dead_code, reason = "it describes the words")]
pub(crate) enum ByWord {
    #[schema(rename = "self")]
    Own,
    Parent,
    Guardian,
    Agent,
}

/// That an act was recorded.
#[derive(Serialize, ToSchema)]
pub(crate) struct Recorded {
    /// Its id.
    number: String,
    /// Its place on the ledger, from 0.
    index: u64,
    /// From when it counts.
    received_at: String,
    /// Whether it is provisional: it counts, and waits for the holder of the account to confirm it.
    provisional: bool,
    /// The acceptance note: what the operator has signed, at once.
    acceptance: String,
    /// Where its receipt is, once it is published; keep it to yourself.
    receipt: String,
    /// Within how many seconds it is published.
    published_within_seconds: u64,
    /// How something in it was read, where that was not plain.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    notes: Vec<String>,
}

/// What is to be filed.
struct Wanted {
    choice: Choice,
    filer: Option<Account>,
    respelled: bool,
    /// Whether the holder of the account says it.
    own: bool,
    /// Whether the id was given with the act, and is not made from the key or at random.
    given_id: bool,
    notes: Vec<String>,
}

/// Record an act
///
/// An objection, a `set` to `off` and a `signal` are taken from anybody, and never refused because of a limit: they count from the moment they are sent, as provisional. Everything else is
/// for the holder of the account, with a session and its mark. With an `Idempotency-Key` the same act can be sent again: it is recorded once.
#[utoipa::path(post, path = "/api/v1/acts", tag = "acts", operation_id = "recordAct",
    security((), ("session" = [], "form" = [])),
    params(("Idempotency-Key" = Option<String>, Header, description = "A key nobody can guess, such as a random UUID in quotes",
        min_length = 16, max_length = 130, pattern = r#"^("[!#-\[\]-~]{16,128}"|[!#-\[\]-~]{16,128})$"#)),
    request_body(content = ActBody, content_type = "application/json"),
    responses(
        (status = 201, body = Recorded, description = "It is recorded, and durable", headers(("location" = String, description = "Where its receipt is"))),
        (status = 400, body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, body = ProblemBody, content_type = "application/problem+json"),
        (status = 408, body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, body = ProblemBody, content_type = "application/problem+json"),
        (status = 410, body = ProblemBody, content_type = "application/problem+json"),
        (status = 413, body = ProblemBody, content_type = "application/problem+json"),
        (status = 415, body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, body = ProblemBody, content_type = "application/problem+json"),
        (status = 500, body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn post(visit: Visit, headers: HeaderMap, body: Body) -> Response {
    let came = Ticks::now();
    let response = match take(&visit, &headers, body).await {
        Ok(response) => response,
        Err(problem) => problem.answer(&visit),
    };
    in_step(came).await;
    response
}

async fn take(visit: &Visit, headers: &HeaderMap, body: Body) -> Result<Response, Problem> {
    let key = idempotency_key(headers)?;
    let object = object(headers, body, ACT_BODY_BYTES_MAX).await?;
    let holder = match visit.session.as_ref().map(|session| &session.who) {
        Some(Who::Person { account, .. }) => Some(account),
        // Letters are entered on the team's pages, with their evidence.
        Some(Who::Member { .. }) => return Err(Kind::Forbidden.of()),
        None => None,
    };
    if holder.is_some() && !has_mark(visit, headers) {
        return Err(Kind::FormMark.of());
    }
    let wanted = read(visit, &object, holder, key.as_deref())?;
    let act = &wanted.choice.act;
    if !wanted.own && (!may_be_provisional(act) || matches!(act, Act::WithdrawConsent { .. })) {
        // What names an act of somebody's is no exception: the answer would say whether it is there.
        return Err(if holder.is_some() { Kind::Forbidden.of() } else { Kind::SignIn.of() });
    }
    if let Some(holder) = holder.filter(|_| act.opens()).cloned() {
        let read = visit.app.read(move |reader| Filed::read(reader, &holder)).await;
        let filed = read.map_err(|error| {
            visit.app.trace(&format!("the acts of an account could not be read: {error}"));
            Kind::Failed.of()
        })?;
        if needs_representative(visit, &filed, Some(act)) {
            return Err(Kind::ParentNeeded.of());
        }
    }
    visit.app.is_set_apart(wanted.filer.as_ref(), wanted.choice.person.as_slice(), visit.network, visit.now);
    file(visit, wanted).await
}

async fn file(visit: &Visit, wanted: Wanted) -> Result<Response, Problem> {
    let Wanted { choice, filer, respelled, own, given_id, notes } = wanted;
    let number = choice.id.clone();
    let sender = if own { Sender::Confirmed } else { Sender::Unconfirmed };
    let provisional = !own && may_be_provisional(&choice.act);
    let submission = submission(visit, Filing { choice, filer, sender, respelled, contact: Contact::default() });
    let accepted = match visit.app.counter.file(submission).await {
        Ok(accepted) => accepted,
        Err(IntakeError::Refused(refusal)) => return Err(refused(refusal, given_id)),
        Err(IntakeError::Busy) => {
            visit.app.api.metrics.refused();
            return Err(Kind::Busy.of());
        }
        Err(error) => {
            visit.app.trace(&format!("an act was not filed: {error}"));
            return Err(Kind::Failed.of());
        }
    };
    let act = accepted.acts.first().ok_or(Kind::Failed.of())?;
    if act.receipt.state == State::Erased {
        return Err(Kind::Gone.of());
    }
    let receipt = receipt_path(visit, &number);
    let recorded = Recorded {
        index: act.receipt.index,
        received_at: act.received_at.to_string(),
        provisional,
        acceptance: acceptance(visit, act)?,
        receipt: format!("{}{receipt}", visit.app.settings.base_url),
        published_within_seconds: PUBLISHED_WITHIN_SECONDS,
        notes,
        number,
    };
    let mut response = (StatusCode::CREATED, Json(recorded)).into_response();
    if let Ok(location) = HeaderValue::from_str(&receipt) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    Ok(response)
}

/// What is handed in: the act, with a case where somebody is owed an answer, and a mail by which whoever sent it can confirm it, as the form has it.
fn submission(visit: &Visit, filing: Filing) -> Submission {
    let app = &visit.app;
    let mail = filing.filer.clone().filter(|filer| filer.kind() == AccountKind::Mail);
    let address = mail.as_ref().map(App::shown);
    let contact = [("language".to_owned(), visit.language.clone())].into_iter().chain(address.map(|address| ("mail".to_owned(), address)));
    let is_owed = matches!(filing.choice.act, Act::Object { .. } | Act::Erase { .. } | Act::WithdrawConsent { .. });
    let case = if is_owed { new_case(visit) } else { None };
    let sends = app.settings.mail.is_some() && mail.as_ref().is_some_and(|mail| app.mails.may_send(app, "receipts", mail));
    let message = sends.then(|| NewMessage {
        kind: MessageKind::Confirm,
        to: Addressee::Act { act: filing.choice.id.clone(), role: Role::Filer },
        language: language_of(visit),
        detail: String::new(),
    });
    let marks = app.counter.desk().mark(mail.as_ref().map(Account::expose_canonical), Some(&visit.network.text()));
    let filing = Filing { contact: Contact::new(contact), ..filing };
    Submission { filings: vec![filing], case, messages: message.into_iter().collect(), token: None, marks }
}

/// Where the receipt of an act is.
pub(crate) fn receipt_path(visit: &Visit, number: &str) -> String {
    format!("/api/v1/receipts/{number}/{}", visit.app.secrets.receipt_tag(number))
}

fn acceptance(visit: &Visit, act: &AcceptedAct) -> Result<String, Problem> {
    // It is recorded all the same; the receipt follows.
    let accepter = visit.app.counter.desk().accepter().map_err(|_| Kind::Failed.of())?;
    let note = accepter.accept(&act.placed(), act.received_at).map_err(|_| Kind::Failed.of())?;
    Ok(note.to_string())
}

fn refused(refusal: Refusal, given_id: bool) -> Problem {
    let at = |pointer: &str| Problem::invalid(vec![Wrong::at(pointer, format!("{refusal}: {}", refusal.help()))]);
    match refusal {
        Refusal::OtherContent if given_id => Kind::IdTaken.of(),
        Refusal::OtherContent => Kind::KeyReused.of(),
        Refusal::NeedsConfirmation { .. } => Kind::SignIn.of(),
        Refusal::NamesNothing | Refusal::NotYours => at("/of"),
        Refusal::OwnId | Refusal::LongId => at("/id"),
        Refusal::NoForm => at(""),
        _ => Kind::Refused.of().with_detail(format!("{refusal}: {}", refusal.help())),
    }
}

/// The key of the header `Idempotency-Key`: a string in quotes, as the draft of the IETF has it, or the bare text.
fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let mut values = headers.get_all("idempotency-key").iter();
    let Some(value) = values.next() else { return Ok(None) };
    let text = value.to_str().unwrap_or_default().trim();
    let text = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text);
    let sound = (KEY_LENGTH_MIN..=KEY_LENGTH_MAX).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\\'));
    if sound && values.next().is_none() { Ok(Some(text.to_owned())) } else { Err(Kind::KeyMalformed.of()) }
}

/// Everything that is wrong with an act at once, or what is to be filed.
fn read(visit: &Visit, object: &Map<String, Value>, holder: Option<&Account>, key: Option<&str>) -> Result<Wanted, Problem> {
    let services = &visit.app.services;
    let mut members = Members::of(object);
    let given = members.text("id", GIVEN_ID_BYTES_MAX);
    if let Some(id) = given {
        let sound = !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'));
        match (holder, key) {
            (None, _) => members.tell("id", "only who is signed in can give an id; others send an `Idempotency-Key`"),
            (_, Some(_)) => members.tell("id", "with an `Idempotency-Key` the id is made from the key"),
            _ if !sound => members.tell("id", "it has letters, digits, `.`, `_` and `-` only"),
            // Numbers are the register's own, and nobody can say they had one.
            _ if secrets::read_number(id).is_some() => members.tell("id", "numbers that begin with `B-` are given, not chosen"),
            _ => {}
        }
    }
    let person = members.text("person", ACT_TEXT_BYTES_MAX);
    let word = members.needed_text("act", ACT_TEXT_BYTES_MAX);
    if !word.is_empty() && !ACTS.contains(&word) {
        members.tell("act", format!("it is none of {}", ACTS.join(", ")));
    }
    let list = |members: &mut Members<'_>, name| members.texts(name, LIST_MAX, ACT_TEXT_BYTES_MAX);
    let text = |members: &mut Members<'_>, name| members.text(name, ACT_TEXT_BYTES_MAX).map(str::to_owned);
    let fields = ChoiceFields {
        id: "new".to_owned(),
        act: word.to_owned(),
        received_at: visit.now.to_string(),
        uses: list(&mut members, "uses"),
        recipients: list(&mut members, "recipients"),
        items: list(&mut members, "items"),
        control: text(&mut members, "control"),
        to: text(&mut members, "to"),
        of: text(&mut members, "of"),
        how: text(&mut members, "how"),
        signal: text(&mut members, "signal"),
        by: text(&mut members, "by"),
        channel: text(&mut members, "channel"),
        ..ChoiceFields::default()
    };
    if fields.channel.as_deref().is_some_and(|channel| channel != "api") {
        members.tell("channel", "what comes this way came by `api`");
    }
    for name in ["received_at", "recorded_at"] {
        if members.value(name).is_some() {
            members.tell(name, "the register gives the time");
        }
    }
    let filer = match members.value("ext") {
        Some(Value::Object(ext)) => match ext.get("filer") {
            None | Some(Value::Null) => Named::Absent,
            Some(Value::String(text)) => Named::parse(Some(text), services),
            Some(_) => Named::Nobody,
        },
        Some(_) => {
            members.tell("ext", "it must be an object");
            Named::Absent
        }
        None => Named::Absent,
    };
    let filer = match filer {
        Named::Account { account, .. } => Some(account),
        Named::Absent => None,
        Named::Nobody => {
            members.wrong.push(Wrong::at("/ext/filer", "it names nobody: write `service:account`, or leave it out"));
            None
        }
    };
    let named = match (person, holder) {
        (None, Some(holder)) => Named::new(Some(holder.clone()), holder.expose_canonical().splitn(3, ':').nth(2).unwrap_or_default()),
        (text, _) => Named::parse(text, services),
    };
    if let Named::Account { account, .. } = &named
        && account.has_service()
        && Some(account) != holder
        && !visit.app.settings.policies.services.iter().any(|service| service == account.service())
    {
        let services = visit.app.settings.policies.services.join(", ");
        members.tell("person", format!("accounts of this service are not the organisation's; it has {services}"));
    }
    let mut wrong = members.finish();
    // An unknown word is told above; by the file format it would be an act nobody can read.
    let known = ACTS.contains(&word);
    let line = match ChoiceLine::check(1, &fields, named, Named::Absent, services) {
        Ok(line) if wrong.is_empty() && known => line,
        Ok(_) => return Err(Problem::invalid(wrong)),
        Err(errors) => {
            for error in errors {
                let one = Wrong::at(pointer_of(error.message()), error.message());
                if !wrong.iter().any(|other| other.pointer == one.pointer) {
                    wrong.push(one);
                }
            }
            return Err(Problem::invalid(wrong));
        }
    };
    let own = holder.is_some() && line.choice.person.as_ref() == holder && line.choice.by.is_none_or(|by| by == By::Own);
    let id = match (given, key) {
        (Some(id), _) => id.to_owned(),
        (None, Some(key)) => derived(visit, holder, key),
        (None, None) => secrets::number(visit.app.random()),
    };
    let notes = line.notes.iter().map(|note| note.message().replace("`new`", "this act")).collect();
    let choice = Choice {
        id,
        // The register gives the time.
        received_at: visit.now,
        recorded_at: None,
        by: Some(line.choice.by.unwrap_or(By::Own)),
        channel: Some(Channel::Api),
        ..line.choice
    };
    let filer = filer.filter(|filer| Some(filer) != choice.person.as_ref() && !own);
    Ok(Wanted { choice, filer, respelled: line.respelled, own, given_id: given.is_some(), notes })
}

/// The number an act has because of its key and of who sends it: the same after a restart. Who is not signed in is told apart by network, so that a key one could
/// guess leads to nobody else's act.
fn derived(visit: &Visit, holder: Option<&Account>, key: &str) -> String {
    let caller =
        holder.map_or_else(|| format!("network {}", visit.network.text()), |holder| format!("account {}", holder.expose_canonical()));
    let tag = visit.app.secrets.keyed("idempotency", &format!("{caller}\n{key}"));
    let mut random = [0; 10];
    random.iter_mut().zip(tag).for_each(|(byte, of)| *byte = of);
    secrets::number(random)
}

/// Where in the body a sentence of the format's reader points: at the first member it names.
fn pointer_of(message: &str) -> String {
    const MEMBERS: [&str; 12] =
        ["person", "uses", "recipients", "items", "control", "to", "of", "how", "signal", "outcome", "by", "channel"];
    let quoted = message.split('`').skip(1).step_by(2);
    quoted.into_iter().find(|word| MEMBERS.contains(word)).map(|word| format!("/{word}")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_has_so_many_characters_and_no_others() {
        let key = |text: &str| {
            let mut headers = HeaderMap::new();
            headers.insert("idempotency-key", HeaderValue::from_str(text).expect("a header"));
            idempotency_key(&headers)
        };
        assert_eq!(idempotency_key(&HeaderMap::new()), Ok(None));
        let shortest = "k".repeat(KEY_LENGTH_MIN);
        assert_eq!(key(&shortest), Ok(Some(shortest.clone())));
        assert_eq!(key(&format!("\"{shortest}\"")), Ok(Some(shortest.clone())));
        assert!(key(&"k".repeat(KEY_LENGTH_MAX)).is_ok());
        for wrong in [
            "k".repeat(KEY_LENGTH_MIN - 1),
            "k".repeat(KEY_LENGTH_MAX + 1),
            format!("{shortest} x"),
            format!("\"{shortest}"),
            String::new(),
        ] {
            assert!(key(&wrong).is_err(), "{wrong}");
        }
        let mut twice = HeaderMap::new();
        twice.append("idempotency-key", HeaderValue::from_str(&shortest).expect("a header"));
        twice.append("idempotency-key", HeaderValue::from_str(&shortest).expect("a header"));
        assert!(idempotency_key(&twice).is_err());
    }

    #[test]
    fn a_sentence_points_at_the_member_it_names() {
        assert_eq!(pointer_of("`of` has no place in an act `set`: it may have `control`, `to`"), "/of");
        assert_eq!(pointer_of("an act `link` needs `to`"), "/to");
        assert_eq!(pointer_of("something else"), "");
    }
}
