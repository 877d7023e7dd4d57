//! Objecting elsewhere: a letter to another company, to copy or print.

use axum::extract::Path;
use axum::response::Response;
use bezwaar_letter::compose::{Order, Scope, objection};
use bezwaar_letter::contacts::Controller;
use bezwaar_letter::person::{Person, Who};
use bezwaar_letter::texts::Language;
use minijinja::context;
use minijinja::value::Value;

use super::app::App;
use super::web::Visit;

/// Companies other than the one whose portal it is, in the order of the file.
pub(crate) fn others(app: &App) -> impl Iterator<Item = &Controller> {
    let settings = &app.settings;
    let is_own = |one: &Controller| {
        one.policies.iter().any(|policy| settings.policies.own.contains(policy))
            || one.name.eq_ignore_ascii_case(&settings.organisation.name)
    };
    app.contacts.controllers.iter().filter(move |one| !is_own(one))
}

/// What people call a company: the first word of its legal name if it is what it is known by here, and the whole name otherwise.
pub(crate) fn short_name(controller: &Controller) -> &str {
    let first = controller.name.split(' ').next().unwrap_or_default();
    if first.eq_ignore_ascii_case(&controller.id) { first } else { &controller.name }
}

pub(crate) async fn list(visit: Visit) -> Response {
    let mut controllers: Vec<(&str, &str)> =
        others(&visit.app).map(|controller| (controller.id.as_str(), controller.name.as_str())).collect();
    controllers.sort_by_key(|(_, name)| name.to_lowercase());
    let controllers: Vec<Value> = controllers.into_iter().map(|(id, name)| context! { id, name }).collect();
    visit.page("letters.html", context! { controllers })
}

pub(crate) async fn page(visit: Visit, Path((_, id)): Path<(String, String)>) -> Response {
    let app = &visit.app;
    let Some(controller) = app.contacts.controller(&id) else { return visit.not_found() };
    let person =
        Person { who: Who::Own, name: visit.say("letters.name"), address: vec![visit.say("letters.address")], ..Person::default() };
    let language = if visit.language == "nl" { Language::Dutch } else { Language::English };
    let authority = app.contacts.authority_of(&app.settings.organisation.country);
    let order = Order { language, person: &person, controller, authority, date: app.today() };
    let Ok(letter) = objection(&order, &Scope::default()) else { return visit.failed() };
    let forms: Vec<Value> = controller
        .forms
        .iter()
        .filter(|form| form.url.starts_with("https://"))
        .map(|form| context! { title => visit.speech().policy.words.say(&form.title), url => form.url.as_str() })
        .collect();
    visit.page(
        "letter.html",
        context! { name => controller.name.as_str(), text => letter.to_text(), forms, mail => controller.email.as_deref() },
    )
}
