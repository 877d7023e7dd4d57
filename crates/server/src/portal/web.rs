//! What every page and form has in common: who asks, in which language, what may be sent back.

use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use axum::body::Body;
use axum::extract::{FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use bezwaar_core::time::Instant;
use minijinja::context;
use minijinja::value::{Value, merge_maps};

use super::api::problem::Kind;
use super::app::Shared;
use super::secrets::FormMark;
use super::sessions::{Session, Who};
use super::speech::Speech;
use crate::serving::Peer;

/// The longest body of a form, in bytes.
pub const FORM_BYTES_MAX: usize = 64 << 10;
/// The most fields of a form.
pub const FORM_FIELDS_MAX: usize = 200;
/// How addresses begin that are no pages in a language.
const OTHER_THAN_PAGES: [&str; 7] = ["", "api", "health", "ledger", "metrics", "ready", "static"];
/// What a page may do in a browser: show itself, and send its own forms.
const CONTENT_SECURITY: &str =
    "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// Somebody who asks for a page: one of the extractors of every handler.
pub(crate) struct Visit {
    pub(crate) app: Shared,
    /// The language, from the first part of the path; the preferred one elsewhere.
    pub(crate) language: String,
    /// Who is signed in.
    pub(crate) session: Option<Session>,
    pub(crate) now: Instant,
    /// The network they come from, for limits.
    pub(crate) network: Network,
    /// `Sec-GPC: 1`.
    pub(crate) signal: bool,
    pub(super) path: String,
    pub(super) cookies: Vec<(String, String)>,
}

/// A network: an IPv4 /24 or an IPv6 /48, which is what one customer usually has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Network(IpAddr);

impl Network {
    pub(crate) fn of(address: IpAddr) -> Network {
        Network(match address.to_canonical() {
            IpAddr::V4(address) => {
                let [first, second, third, _] = address.octets();
                IpAddr::V4(Ipv4Addr::new(first, second, third, 0))
            }
            IpAddr::V6(address) => {
                let [first, second, third, ..] = address.segments();
                IpAddr::V6(Ipv6Addr::new(first, second, third, 0, 0, 0, 0, 0))
            }
        })
    }

    pub(crate) fn text(self) -> String {
        self.0.to_string()
    }
}

impl FromRequestParts<Shared> for Visit {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &Shared) -> Result<Visit, Infallible> {
        Ok(Visit::of(app, parts))
    }
}

impl Visit {
    pub(crate) fn of(app: &Shared, parts: &Parts) -> Visit {
        let path = parts.uri.path().to_owned();
        let text = |name: &str| parts.headers.get(name).and_then(|value| value.to_str().ok());
        let first = path.split('/').nth(1).unwrap_or_default();
        let speech = app.speeches.lookup(first).or_else(|| app.speeches.preferred(text("accept-language")));
        let language = speech.map(|speech| speech.code.clone()).unwrap_or_default();
        let cookies = cookies(&parts.headers);
        let now = app.now();
        let secret = cookies.iter().find(|(name, _)| name == app.cookie_name("session")).map(|(_, value)| value.as_str());
        let session = secret.and_then(|secret| app.sessions.lookup(secret, now));
        Visit {
            app: app.clone(),
            language,
            session,
            now,
            network: network(app, parts),
            signal: text("sec-gpc") == Some("1"),
            path,
            cookies,
        }
    }

    /// Nobody's visit: for what is written to somebody.
    pub(crate) fn for_mail(app: &Shared, language: &str, now: Instant) -> Visit {
        let speech = app.speeches.lookup(language).unwrap_or_else(|| app.first_speech());
        let network = Network::of(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
        let (language, path) = (speech.code.clone(), String::new());
        Visit { app: app.clone(), language, session: None, now, network, signal: false, path, cookies: Vec::new() }
    }

    pub(crate) fn speech(&self) -> &Speech {
        // Settings without a language are refused, and a visit always has one of them.
        self.app.speeches.lookup(&self.language).unwrap_or_else(|| self.app.first_speech())
    }

    pub(crate) fn say(&self, key: &str) -> String {
        self.speech().say(key, &[])
    }

    pub(crate) fn say_with(&self, key: &str, values: &[(&str, &str)]) -> String {
        self.speech().say(key, values)
    }

    /// An address in the visit's language.
    pub(crate) fn at(&self, rest: &str) -> String {
        format!("/{}/{rest}", self.language)
    }

    pub(crate) fn cookie(&self, name: &str) -> Option<&str> {
        let name = self.app.cookie_name(name);
        self.cookies.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
    }

    fn holder(&self) -> &str {
        self.session.as_ref().map(|session| session.name.as_str()).unwrap_or_default()
    }

    /// A mark for a form.
    pub(crate) fn form(&self, purpose: &str) -> String {
        self.app.secrets.form(purpose, self.holder(), self.app.random(), self.now)
    }

    /// The mark a form came back with, if it is good for this purpose and visitor.
    pub(crate) fn read_form(&self, fields: &Fields, purpose: &str) -> Option<FormMark> {
        self.read_mark(fields.one("form"), purpose)
    }

    /// A mark, if it is good for this purpose and visitor.
    pub(crate) fn read_mark(&self, text: &str, purpose: &str) -> Option<FormMark> {
        self.app.secrets.read_form(text, purpose, self.holder(), self.now)
    }

    /// A page.
    pub(crate) fn page(&self, template: &str, values: Value) -> Response {
        self.page_with(StatusCode::OK, template, values)
    }

    pub(crate) fn page_with(&self, status: StatusCode, template: &str, values: Value) -> Response {
        let rest = self.path.split_once(&format!("/{}/", self.language)).map(|(_, rest)| rest.to_owned()).unwrap_or_default();
        let languages: Vec<Value> = self
            .app
            .speeches
            .all()
            .iter()
            .map(|speech| context! { code => speech.code.as_str(), name => speech.say("name", &[]), href => format!("/{}/{rest}", speech.code) })
            .collect();
        let settings = &self.app.settings;
        let member = matches!(self.session.as_ref().map(|session| &session.who), Some(Who::Member { .. }));
        let site = context! {
            organisation => settings.organisation.name.as_str(),
            contact => settings.organisation.contact.as_str(),
            style => self.app.style_path(),
            languages,
            signed_in => self.session.is_some(),
            member,
            sign_out => if self.session.is_some() { self.form("sign-out") } else { String::new() },
        };
        match self.app.templates.render(&self.language, template, merge_maps([values, context! { site }])) {
            Ok(html) => {
                let mut response = Response::new(Body::from(html));
                *response.status_mut() = status;
                response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
                response
            }
            Err(error) => {
                self.app.trace(&error.to_string());
                (StatusCode::INTERNAL_SERVER_ERROR, self.say("error.failed")).into_response()
            }
        }
    }

    /// A page with a title and some lines.
    pub(crate) fn message(&self, status: StatusCode, title: &str, lines: &[String], link: Option<(String, String)>) -> Response {
        let link = link.map(|(href, text)| context! { href, text });
        self.page_with(status, "message.html", context! { title => title, lines => lines.to_vec(), link => link })
    }

    /// A page with a title and a line, both texts: `NAME-title` and `NAME`.
    pub(crate) fn told(&self, status: StatusCode, name: &str) -> Response {
        let back = (self.at(""), self.say("error.back"));
        self.message(status, &self.say(&format!("{name}-title")), &[self.say(name)], Some(back))
    }

    pub(crate) fn not_found(&self) -> Response {
        self.told(StatusCode::NOT_FOUND, "error.not-found")
    }

    pub(crate) fn failed(&self) -> Response {
        self.told(StatusCode::INTERNAL_SERVER_ERROR, "error.failed")
    }

    pub(crate) fn forbidden(&self) -> Response {
        self.told(StatusCode::FORBIDDEN, "error.forbidden")
    }

    /// Signing in is asked for first; `to` is where to go on.
    pub(crate) fn sign_in_first(&self, to: &str) -> Response {
        see_other(&self.at(&format!("sign-in?to={to}")))
    }

    /// A cookie for this visitor. Without a value it is taken back.
    pub(crate) fn cookie_header(&self, name: &str, value: Option<&str>, seconds: u32) -> HeaderValue {
        let (name, secure) = (self.app.cookie_name(name), if self.app.settings.is_secure() { "; Secure" } else { "" });
        let (value, seconds) = value.map_or(("", 0), |value| (value, seconds));
        let text = format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax; Max-Age={seconds}{secure}");
        HeaderValue::from_str(&text).unwrap_or_else(|_| HeaderValue::from_static("session="))
    }
}

/// Goes on to another page of the portal.
pub(crate) fn see_other(path: &str) -> Response {
    let location = HeaderValue::from_str(path).unwrap_or_else(|_| HeaderValue::from_static("/"));
    (StatusCode::SEE_OTHER, [(header::LOCATION, location)]).into_response()
}

/// A file to keep.
pub(crate) fn download(name: &str, media_type: &'static str, bytes: Vec<u8>) -> Response {
    let disposition = HeaderValue::from_str(&format!("attachment; filename=\"{name}\""));
    let mut response = Response::new(Body::from(bytes));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    headers.insert(header::CONTENT_DISPOSITION, disposition.unwrap_or_else(|_| HeaderValue::from_static("attachment")));
    response
}

/// What a form sent.
#[derive(Clone, Default)]
pub(crate) struct Fields(Vec<(String, String)>);

impl Fields {
    /// Reads the body of a form; nothing if it has too many fields.
    pub(crate) fn parse(body: &[u8]) -> Option<Fields> {
        let fields: Vec<(String, String)> =
            form_urlencoded::parse(body).take(FORM_FIELDS_MAX + 1).map(|(name, value)| (name.into_owned(), value.into_owned())).collect();
        (fields.len() <= FORM_FIELDS_MAX).then_some(Fields(fields))
    }

    /// The first value of a field, without white space around it; empty if there is none.
    pub(crate) fn one(&self, name: &str) -> &str {
        self.0.iter().find(|(other, _)| other == name).map(|(_, value)| value.trim()).unwrap_or_default()
    }

    /// Every value of a field.
    pub(crate) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(other, _)| other == name).map(|(_, value)| value.trim())
    }
}

fn cookies(headers: &HeaderMap) -> Vec<(String, String)> {
    let texts = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let pairs = texts.flat_map(|text| text.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// Where a request comes from: what the proxy says, if the peer is one that is believed.
fn network(app: &Shared, parts: &Parts) -> Network {
    let peer = parts.extensions.get::<Peer>().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.0.ip().to_canonical());
    if !app.settings.proxies.contains(&peer) {
        return Network::of(peer);
    }
    // The last one is what the believed proxy added; those before it anybody can write.
    let forwarded = parts.headers.get_all("x-forwarded-for").iter().next_back().and_then(|value| value.to_str().ok());
    let last = forwarded.and_then(|text| text.rsplit(',').next()).and_then(|text| text.trim().parse().ok());
    Network::of(last.unwrap_or(peer))
}

/// Whether a request came through a proxy, or says so.
pub(crate) fn is_forwarded(headers: &HeaderMap) -> bool {
    ["forwarded", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real-ip", "via"]
        .iter()
        .any(|name| headers.contains_key(*name))
}

/// What every answer carries, and what every form is checked for: that a page of the portal sent it.
pub(crate) async fn guard(State(app): State<Shared>, request: Request, next: Next) -> Response {
    let api = request.uri().path().starts_with("/api/");
    let hand_over = is_hand_over(request.uri());
    let foreign = request.method() == Method::POST && !api && !hand_over && !is_own(&app.settings.base_url, request.headers());
    let first = request.uri().path().split('/').nth(1).unwrap_or_default();
    // The pages of another language are not given in the place of one the portal does not speak.
    let known = OTHER_THAN_PAGES.contains(&first) || app.speeches.lookup(first).is_some();
    let mut response = if foreign {
        Visit::of(&app, &request.into_parts().0).told(StatusCode::FORBIDDEN, "error.foreign")
    } else if known {
        let (parts, body) = request.into_parts();
        let kept = parts.clone();
        let response = next.run(Request::from_parts(parts, body)).await;
        if is_bare(&response) { unread(&Visit::of(&app, &kept), &response, api) } else { response }
    } else {
        Visit::of(&app, &request.into_parts().0).not_found()
    };
    let headers = response.headers_mut();
    let fixed = [
        (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        // Not `no-referrer`: browsers then send forms with `Origin: null`, and no form would be known as the portal's own.
        (header::REFERRER_POLICY, "same-origin"),
        (header::X_FRAME_OPTIONS, "DENY"),
    ];
    for (name, value) in fixed {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    for (name, value) in [
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
        ("permissions-policy", "browsing-topics=(), camera=(), geolocation=(), microphone=()"),
    ] {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

/// Whether an answer is one of the libraries beneath: a refusal without a page, in English whatever the language.
fn is_bare(response: &Response) -> bool {
    let media_type = response.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("text/plain");
    response.status().is_client_error() && media_type.starts_with("text/plain")
}

/// What cannot be read, told in the visitor's language, or to a program in its form.
fn unread(visit: &Visit, bare: &Response, api: bool) -> Response {
    let status = bare.status();
    let mut response = match (api, status) {
        (true, StatusCode::PAYLOAD_TOO_LARGE) => Kind::TooLong.of().answer(visit),
        (true, StatusCode::METHOD_NOT_ALLOWED) => Kind::Method.of().answer(visit),
        (true, StatusCode::NOT_FOUND) => Kind::NotFound.of().answer(visit),
        (true, _) => Kind::Query.of().answer(visit),
        (false, StatusCode::PAYLOAD_TOO_LARGE) => visit.told(status, "error.too-long"),
        (false, StatusCode::NOT_FOUND) => visit.not_found(),
        (false, _) => visit.told(status, "error.unread"),
    };
    if let Some(allow) = bare.headers().get(header::ALLOW) {
        response.headers_mut().insert(header::ALLOW, allow.clone());
    }
    response
}

/// The platform sends people here from its own pages.
fn is_hand_over(uri: &Uri) -> bool {
    uri.path().split('/').nth(2) == Some("hand-over") && uri.path().split('/').nth(3).is_none()
}

/// Whether a form comes from the portal's own pages, as far as the browser says.
///
/// Each form has a mark as well; this is the second lock. A browser set to hide where its user was says `null`; then what it says about the site decides.
pub(crate) fn is_own(base_url: &str, headers: &HeaderMap) -> bool {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let site = text("sec-fetch-site");
    let origin = match text("origin") {
        None => true,
        Some("null") => site == Some("same-origin"),
        Some(origin) => origin == base_url,
    };
    origin && site.is_none_or(|site| matches!(site, "same-origin" | "none"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_is_what_one_customer_has() {
        let of = |text: &str| Network::of(text.parse().expect("an address")).text();
        assert_eq!(of("192.0.2.77"), "192.0.2.0");
        assert_eq!(of("::ffff:192.0.2.77"), "192.0.2.0");
        assert_eq!(of("2001:db8:1:2:3:4:5:6"), "2001:db8:1::");
    }

    #[test]
    fn a_form_of_another_site_is_not_taken() {
        let own = |origin: Option<&'static str>, site: Option<&'static str>| {
            let mut headers = HeaderMap::new();
            for (name, value) in [("origin", origin), ("sec-fetch-site", site)] {
                value.map(|value| headers.insert(name, HeaderValue::from_static(value)));
            }
            is_own("https://a.example", &headers)
        };
        for (origin, site) in [
            (Some("https://a.example"), Some("same-origin")),
            (Some("https://a.example"), None),
            (Some("null"), Some("same-origin")),
            (None, None),
        ] {
            assert!(own(origin, site), "{origin:?} {site:?}");
        }
        for (origin, site) in [
            (Some("https://b.example"), Some("cross-site")),
            (Some("https://b.example"), None),
            (Some("http://a.example"), Some("cross-site")),
            (Some("https://a.example"), Some("cross-site")),
            (Some("https://a.example.b.example"), None),
            (Some("null"), Some("cross-site")),
            (Some("null"), None),
            (None, Some("same-site")),
        ] {
            assert!(!own(origin, site), "{origin:?} {site:?}");
        }
    }

    #[test]
    fn a_form_has_so_many_fields_and_no_more() {
        let body = |count: usize| vec!["a=1"; count].join("&");
        assert!(Fields::parse(body(FORM_FIELDS_MAX).as_bytes()).is_some());
        assert!(Fields::parse(body(FORM_FIELDS_MAX + 1).as_bytes()).is_none());
        let fields = Fields::parse(b"a=+x%20&a=2&b=%C3%A9").expect("a form");
        assert_eq!((fields.one("a"), fields.one("b"), fields.one("c")), ("x", "é", ""));
        assert_eq!(fields.all("a").collect::<Vec<_>>(), ["x", "2"]);
    }
}
