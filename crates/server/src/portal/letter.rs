//! Objecting elsewhere: a letter to another company, to copy or print.

use axum::extract::Path;
use axum::response::Response;
use bezwaar_letter::compose::{Order, Scope, objection};
use bezwaar_letter::person::{Person, Who};
use bezwaar_letter::texts::Language;
use minijinja::context;
use minijinja::value::Value;

use super::web::Visit;

pub(crate) async fn list(visit: Visit) -> Response {
    let mut controllers: Vec<(&str, &str)> =
        visit.app.contacts.controllers.iter().map(|controller| (controller.id.as_str(), controller.name.as_str())).collect();
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
