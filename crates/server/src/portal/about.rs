//! What happens with my data: the operator's policies in plain language.

use axum::extract::Path;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use minijinja::context;
use minijinja::value::Value;

use super::web::{Visit, see_other};

pub(crate) async fn page(visit: Visit) -> Response {
    let articles = visit.app.articles();
    let policies: Vec<Value> = articles
        .get(&visit.language)
        .into_iter()
        .flatten()
        .map(|article| {
            let base = format!("href=\"/{}/uses/{}.html#", visit.language, article.name);
            let short = article.short.replace("href=\"#", &base).replace("<h2>", "<h3>").replace("</h2>", "</h3>");
            let title = Value::from_safe_string(article.title.clone());
            context! { name => article.name.as_str(), title, controller => article.controller.as_str(), short }
        })
        .collect();
    visit.page("about.html", context! { policies })
}

pub(crate) async fn policy(visit: Visit, Path((_, file)): Path<(String, String)>) -> Response {
    let articles = visit.app.articles();
    let Some((name, kind)) = file.rsplit_once('.') else { return visit.not_found() };
    if (name, kind) == ("index", "html") {
        return see_other(&visit.at(""));
    }
    let Some(article) = articles.get(&visit.language).into_iter().flatten().find(|article| article.name == name) else {
        return visit.not_found();
    };
    let typed = |media_type: &'static str, text: &str| {
        ([(header::CONTENT_TYPE, HeaderValue::from_static(media_type))], text.to_owned()).into_response()
    };
    match kind {
        "html" => {
            let title = Value::from_safe_string(article.title.clone());
            visit.page("policy.html", context! { title, body => article.html.as_str() })
        }
        "svg" => {
            let mut response = typed("image/svg+xml; charset=utf-8", &article.svg);
            // A chart has a style of its own, and does nothing.
            let alone = HeaderValue::from_static("default-src 'none'; style-src 'unsafe-inline'");
            response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, alone);
            response
        }
        "ics" => typed("text/calendar; charset=utf-8", &article.calendar),
        _ => visit.not_found(),
    }
}
