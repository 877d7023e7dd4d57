//! What somebody filed, seen again: at an address only they were given.

use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;
use bezwaar_core::choice::{Act, Choice, Outcome};
use bezwaar_core::time::{Day, Instant};
use bezwaar_ledger::event::{Event, VoidReason};
use bezwaar_letter::due::due;
use bezwaar_register::engine::{Reader, RegisterError};
use bezwaar_register::proofs::ProofsError;
use minijinja::context;
use minijinja::value::Value;

use super::acts::{self, scope};
use super::app::App;
use super::receipt;
use super::secrets::read_number;
use super::web::{Visit, download};

/// An objection as it was filed: an act for each account it names.
pub(crate) struct Objection {
    pub(crate) number: String,
    pub(crate) acts: Vec<(u64, Choice)>,
    /// What was answered, if something was.
    answer: Option<(Outcome, Instant)>,
    /// From when on it no longer counts, if it was declared void and nobody confirmed it.
    void: Option<(VoidReason, Instant)>,
}

impl Objection {
    /// The one with this number; nothing if there is none, or it was erased.
    pub(crate) async fn find(app: &super::app::Shared, number: &str) -> Result<Option<Objection>, RegisterError> {
        let number = number.to_owned();
        app.read(move |reader| Objection::read(reader, &number)).await
    }

    /// As [`Objection::find`], on this thread.
    pub(crate) fn read(reader: &mut Reader, number: &str) -> Result<Option<Objection>, RegisterError> {
        let mut found = Vec::new();
        for place in 1..=super::object::PEOPLE_MAX {
            let id = if place == 1 { number.to_owned() } else { format!("{number}.{place}") };
            match acts::find(reader, &id)? {
                Some(act) => found.push(act),
                None => break,
            }
        }
        if found.is_empty() {
            return Ok(None);
        }
        let answer = acts::find(reader, &format!("{number}+answer"))?.and_then(|(_, choice)| match choice.act {
            Act::Answer { outcome, .. } => Some((outcome, choice.received_at)),
            _ => None,
        });
        let void = match (acts::event(reader, &format!("{number}+void"))?, acts::event(reader, &format!("{number}+confirmed"))?) {
            (Some(Event::Void(void)), None) => Some((void.reason, void.effective_at)),
            _ => None,
        };
        Ok(Some(Objection { number: number.to_owned(), acts: found, answer, void }))
    }

    pub(crate) fn first(&self) -> Option<&Choice> {
        self.acts.first().map(|(_, choice)| choice)
    }

    pub(crate) fn received_at(&self) -> Instant {
        self.first().map_or(Instant::from_micros(0), |choice| choice.received_at)
    }

    /// Whether it names an account, so that records can be matched with it; otherwise somebody has to look first.
    pub(crate) fn is_about_accounts(&self) -> bool {
        self.acts.iter().filter_map(|(_, choice)| choice.person.as_ref()).any(|person| person.has_service())
    }

    /// By when it is answered.
    pub(crate) fn due(&self, app: &App) -> Option<Day> {
        due(Day::of(self.received_at(), &app.zone)?, &app.holidays).map(|dates| dates.expected)
    }
}

/// Facts about an objection, as they stand on the page and on the receipt: a name and lines for each.
pub(crate) fn facts(visit: &Visit, objection: &Objection) -> Vec<(String, Vec<String>)> {
    let (app, speech) = (&visit.app, visit.speech());
    let mut found = Vec::new();
    let named: Vec<String> = objection
        .acts
        .iter()
        .filter_map(|(_, choice)| choice.person.as_ref())
        // The address of the objection itself stands in for who is not found yet.
        .filter(|person| super::object::placeholder(app, &objection.number).as_ref() != Some(*person))
        .map(App::shown)
        .collect();
    let named = if named.is_empty() { vec![speech.say("objection.everything-found", &[])] } else { named };
    found.push((speech.say("objection.who", &[]), named));
    let act = objection.first().map(|choice| &choice.act);
    found.push((speech.say("objection.what", &[]), act.map(|act| scope(app, speech, act)).unwrap_or_default()));
    let mut not = vec![speech.say("objection.already-trained", &[])];
    if matches!(act, Some(Act::Object { .. })) {
        not.push(speech.say("objection.other-companies", &[]));
    }
    found.push((speech.say("objection.not-what", &[]), not));
    if let Some((outcome, at)) = objection.answer {
        let said = speech.say(if outcome == Outcome::Upheld { "act.upheld" } else { "act.refused" }, &[]);
        found.push((speech.say("act.answer", &[]), vec![said, speech.moment(at, &app.zone)]));
    }
    if let Some((reason, at)) = objection.void {
        let values = [("day", speech.day_of(at, &app.zone)), ("reason", speech.say(&format!("void.{}", reason.as_str()), &[]))];
        let values: Vec<(&str, &str)> = values.iter().map(|(name, text)| (*name, text.as_str())).collect();
        found.push((speech.say("objection.stops", &[]), vec![speech.say("act.void", &values), speech.say("mail.void-stop", &[])]));
    }
    found
}

/// The name of the file with the proof of one of an objection's acts.
pub(crate) fn proof_name(place: usize) -> String {
    if place == 0 { "receipt.tlog-proof".to_owned() } else { format!("receipt-{}.tlog-proof", place + 1) }
}

pub(crate) async fn page(visit: Visit, Path((_, number, tag)): Path<(String, String, String)>) -> Response {
    let found = match lookup(&visit, &number, &tag).await {
        Ok(found) => found,
        Err(response) => return response,
    };
    let published = visit.app.counter.read(|reader| Ok(reader.published().map_or(0, |checkpoint| checkpoint.unverified().size())));
    let recorded = published.is_ok_and(|size| found.acts.iter().all(|(index, _)| *index < size));
    let due = found.due(&visit.app).map(|day| visit.speech().day(day)).unwrap_or_default();
    let about: Vec<Value> = facts(&visit, &found).into_iter().map(|(name, lines)| context! { name, lines }).collect();
    let authority = visit.app.contacts.authority_of(&visit.app.settings.organisation.country);
    let authority = authority.and_then(|one| Some(context! { name => one.name.as_str(), url => one.url.as_deref()? }));
    let found_people = found.is_about_accounts();
    let mut next = vec![
        visit.say(if found_people { "objection.next-stop" } else { "objection.next-search" }),
        visit.say("objection.next-ledger"),
        visit.say_with("objection.next-answer", &[("day", &due)]),
        visit.say("objection.next-page"),
    ];
    if !found_people {
        next.push(visit.say("objection.next-find"));
    }
    let proofs: Vec<Value> = found
        .acts
        .iter()
        .enumerate()
        .map(|(place, (_, choice))| {
            let account = choice.person.as_ref().filter(|_| found.acts.len() > 1).map(App::shown);
            context! { file => proof_name(place), account }
        })
        .collect();
    let from_now = visit.say(if found_people { "objection.from-now" } else { "objection.from-now-search" });
    let page = context! { proofs, from_now,
        number => found.number.as_str(), received => visit.speech().moment(found.received_at(), &visit.app.zone), due, about, next, recorded, authority,
        here => visit.at(&format!("objection/{}/{tag}", found.number)), mailed => visit.app.settings.mail.is_some(),
    };
    visit.page("objection.html", page)
}

pub(crate) async fn file(visit: Visit, Path((_, number, tag, file)): Path<(String, String, String, String)>) -> Response {
    let found = match lookup(&visit, &number, &tag).await {
        Ok(found) => found,
        Err(response) => return response,
    };
    let name = format!("{}-{file}", found.number);
    match file.as_str() {
        "receipt.txt" => download(&name, "text/plain; charset=utf-8", receipt::text(&visit, &found).into_bytes()),
        "receipt.pdf" => match receipt::pdf(&visit, &found) {
            Some(bytes) => download(&name, "application/pdf", bytes),
            None => visit.failed(),
        },
        _ if (0..found.acts.len()).any(|place| proof_name(place) == file) => {
            let act = found.acts.iter().enumerate().find(|(place, _)| proof_name(*place) == file).map(|(_, (_, choice))| choice.id.clone());
            let (app, id) = (visit.app.clone(), act.unwrap_or_default());
            let proved = tokio::task::spawn_blocking(move || app.counter.desk().prove_inclusion(&id)).await;
            match proved {
                Ok(Ok(proof)) => match proof.to_bytes() {
                    Ok(bytes) => download(&name, "text/plain; charset=utf-8", bytes),
                    Err(_) => visit.failed(),
                },
                Ok(Err(ProofsError::NoSuchAct | ProofsError::Erased)) => visit.told(StatusCode::NOT_FOUND, "objection.gone"),
                Ok(Err(_)) | Err(_) => visit.failed(),
            }
        }
        _ => visit.not_found(),
    }
}

async fn lookup(visit: &Visit, number: &str, tag: &str) -> Result<Objection, Response> {
    let gone = || visit.told(StatusCode::NOT_FOUND, "objection.gone");
    let Some(number) = read_number(number).filter(|number| visit.app.secrets.is_receipt_tag(number, tag)) else { return Err(gone()) };
    match Objection::find(&visit.app, &number).await {
        Ok(Some(found)) => Ok(found),
        Ok(None) => Err(gone()),
        Err(error) => {
            visit.app.trace(&format!("an objection could not be read: {error}"));
            Err(visit.failed())
        }
    }
}
