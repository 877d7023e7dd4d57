//! What all requests share, and which address leads where.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use axum::Router;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use bezwaar_core::account::{Account, Services};
use bezwaar_core::policy::PolicySet;
use bezwaar_core::time::{Day, Instant, Zone};
use bezwaar_ledger::tlog::note::VerifierKey;
use bezwaar_ledger::tlog::policy::TrustPolicy;
use bezwaar_lens::page::{Article, Options, article};
use bezwaar_letter::contacts::Contacts;
use bezwaar_letter::holidays::Holidays;
use bezwaar_register::randomness::Randomness;

use super::api::{self, Api};
use super::counter::Counter;
use super::identities::Identities;
use super::mailing::Mails;
use super::proposals::Proposals;
use super::secrets::{Secrets, sha256_hex};
use super::sessions::Sessions;
use super::settings::Settings;
use super::speech::{Speech, Speeches};
use super::templates::Templates;
use super::web::{self, FORM_BYTES_MAX, Visit, see_other};
use super::{about, check, letter, mine, object, objection, releases, sign_in, team};

/// Tells the time.
pub type Clock = Arc<dyn Fn() -> Instant + Send + Sync>;
/// Is told, in a line without personal data, what went wrong.
pub type Tracer = Arc<dyn Fn(&str) + Send + Sync>;
/// What every handler has.
pub(crate) type Shared = Arc<App>;

const STYLE: &str = include_str!("../../assets/portal.css");
/// How long a browser may keep the style sheet, whose name changes with it.
const STYLE_CACHE: &str = "public, max-age=31536000, immutable";

/// What the portal is made of.
pub struct Parts {
    /// The register's folder.
    pub folder: PathBuf,
    /// The folder of `portal.toml`: paths in it are meant from there.
    pub beside: PathBuf,
    /// `portal.toml`.
    pub settings: Settings,
    /// The policies of its folder.
    pub policies: PolicySet,
    /// How services write names.
    pub services: Services,
    /// The texts.
    pub speeches: Speeches,
    /// Contact points of other controllers and of supervisors.
    pub contacts: Contacts,
    /// Days on which no answer is due.
    pub holidays: Holidays,
    /// What a receipt is checked with.
    pub trust: TrustPolicy,
    /// The public keys the operator signs, or signed, acceptance notes with.
    pub operators: Vec<VerifierKey>,
    /// Keys of the portal's own marks.
    pub secrets: Secrets,
    /// The clock.
    pub clock: Clock,
    /// Random bytes.
    pub random: Box<dyn Randomness>,
    /// Where troubles are told.
    pub tracer: Tracer,
}

/// What all requests share.
pub(crate) struct App {
    pub(crate) beside: PathBuf,
    pub(crate) folder: PathBuf,
    pub(crate) settings: Settings,
    pub(crate) policies: PolicySet,
    pub(crate) services: Services,
    pub(crate) speeches: Speeches,
    pub(crate) contacts: Contacts,
    pub(crate) holidays: Holidays,
    pub(crate) trust: TrustPolicy,
    operators: Vec<VerifierKey>,
    pub(crate) templates: Templates,
    pub(crate) secrets: Secrets,
    pub(crate) sessions: Sessions,
    pub(crate) identities: Identities,
    pub(crate) proposals: Proposals,
    pub(crate) mails: Mails,
    pub(crate) counter: Counter,
    pub(crate) api: Api,
    pub(crate) zone: Zone,
    clock: Clock,
    random: Mutex<Box<dyn Randomness>>,
    tracer: Tracer,
    /// Articles of the own policies by language, made anew each day.
    articles: Mutex<Option<(Day, Arc<Articles>)>>,
}

/// The own policies' pages: by language, in the order of the settings.
pub(crate) type Articles = BTreeMap<String, Vec<Article>>;

impl App {
    pub(crate) fn new(parts: Parts, counter: Counter) -> Result<Shared, super::PortalError> {
        let templates = Templates::of(&parts.speeches).map_err(super::PortalError::Template)?;
        let identities = Identities::of(&parts)?;
        let zone = Zone::parse(&parts.settings.zone).unwrap_or_else(|_| Zone::utc());
        for policy in &parts.settings.policies.own {
            if !parts.policies.policies.contains_key(policy) {
                return Err(super::PortalError::NoSuchPolicy { policy: policy.clone() });
            }
        }
        for service in &parts.settings.policies.services {
            if !parts.services.iter().any(|(known, _)| known == service) {
                return Err(super::PortalError::NoSuchService { service: service.clone() });
            }
        }
        Ok(Arc::new(App {
            beside: parts.beside,
            api: Api::new(parts.settings.limits),
            folder: parts.folder,
            settings: parts.settings,
            policies: parts.policies,
            services: parts.services,
            speeches: parts.speeches,
            contacts: parts.contacts,
            holidays: parts.holidays,
            trust: parts.trust,
            operators: parts.operators,
            templates,
            secrets: parts.secrets,
            sessions: Sessions::default(),
            identities,
            proposals: Proposals::default(),
            mails: Mails::default(),
            counter,
            zone,
            clock: parts.clock,
            random: Mutex::new(parts.random),
            tracer: parts.tracer,
            articles: Mutex::new(None),
        }))
    }

    pub(crate) fn now(&self) -> Instant {
        (self.clock)()
    }

    pub(crate) fn today(&self) -> Day {
        let now = self.now();
        Day::of(now, &self.zone).unwrap_or(Day::EPOCH)
    }

    /// Random bytes. A system without randomness serves nobody: it stops.
    pub(crate) fn random<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        let filled = self.random.lock().unwrap_or_else(PoisonError::into_inner).fill(&mut bytes);
        if filled.is_err() {
            self.trace("the system gives no random bytes: the portal stops, for nothing it would hand out could be trusted");
            std::process::abort();
        }
        bytes
    }

    /// The public keys the operator has signed acceptance notes with.
    pub(crate) fn operators(&self) -> Vec<VerifierKey> {
        self.operators.clone()
    }

    pub(crate) fn trace(&self, line: &str) {
        (self.tracer)(line);
    }

    pub(crate) fn first_speech(&self) -> &Speech {
        static NONE: OnceLock<Speech> = OnceLock::new();
        self.speeches.all().first().unwrap_or_else(|| NONE.get_or_init(Speech::none))
    }

    /// The name of a cookie. With encryption it is bound to this very host.
    pub(crate) fn cookie_name(&self, name: &str) -> &'static str {
        match (name, self.settings.is_secure()) {
            ("session", true) => "__Host-session",
            ("session", false) => "session",
            (_, true) => "__Host-pending",
            (_, false) => "pending",
        }
    }

    pub(crate) fn style_path(&self) -> &'static str {
        static PATH: OnceLock<String> = OnceLock::new();
        PATH.get_or_init(|| format!("/static/portal-{}.css", sha256_hex(STYLE.as_bytes()).get(..12).unwrap_or_default()))
    }

    /// The own policies' pages, as they are today.
    pub(crate) fn articles(&self) -> Arc<Articles> {
        let today = self.today();
        let mut kept = self.articles.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((day, articles)) = kept.as_ref()
            && *day == today
        {
            return Arc::clone(articles);
        }
        let options = Options { today, contact: Some(&self.settings.organisation.contact) };
        let own = || self.settings.policies.own.iter().filter_map(|id| self.policies.policies.get(id));
        let articles: Articles = self
            .speeches
            .all()
            .iter()
            .map(|speech| (speech.code.clone(), own().filter_map(|policy| article(policy, &speech.policy, options)).collect()))
            .collect();
        let articles = Arc::new(articles);
        *kept = Some((today, Arc::clone(&articles)));
        articles
    }

    /// The service's own way to write an account, for who holds it.
    pub(crate) fn shown(account: &Account) -> String {
        let text = account.expose_canonical();
        let mut parts = text.splitn(3, ':');
        let (service, _, value) = (parts.next().unwrap_or_default(), parts.next(), parts.next().unwrap_or_default());
        if account.has_service() { format!("{service}: {value}") } else { value.to_owned() }
    }
}

/// Which address leads where.
pub(crate) fn router(app: Shared) -> Router {
    let pages = Router::new()
        .route("/", get(entrance))
        .route(app.style_path(), get(style))
        .route("/{language}/", get(about::page))
        .route("/{language}/uses/{file}", get(about::policy))
        .route("/{language}/object", get(object::form).post(object::send))
        .route("/{language}/objection/{number}/{tag}", get(objection::page))
        .route("/{language}/objection/{number}/{tag}/{file}", get(objection::file))
        .route("/{language}/check", get(check::page).post(check::send))
        .route("/{language}/letter", get(letter::list))
        .route("/{language}/letter/{controller}", get(letter::page))
        .route("/{language}/sign-in", get(sign_in::page))
        .route("/{language}/sign-in/mail", post(sign_in::mail))
        .route("/{language}/sign-in/provider", get(sign_in::provider))
        .route("/{language}/sign-in/back", get(sign_in::back))
        .route("/{language}/link/{sealed}", get(sign_in::link).post(sign_in::follow))
        .route("/{language}/hand-over", get(sign_in::hand_over).post(sign_in::hand_over))
        .route("/{language}/hand-over/accept", post(sign_in::accept))
        .route("/{language}/sign-out", post(sign_in::out))
        .route("/{language}/me", get(mine::page))
        .route("/{language}/me/releases", get(releases::page))
        .route("/{language}/me/releases/{number}", get(releases::proof))
        .route("/{language}/me/download", get(mine::download_all))
        .route("/{language}/me/{action}", post(mine::act));
    pages
        .merge(team::routes())
        .merge(api::router(&app))
        .fallback(missing)
        .layer(DefaultBodyLimit::max(FORM_BYTES_MAX))
        .layer(axum::middleware::from_fn_with_state(app.clone(), web::guard))
        .layer(axum::middleware::from_fn_with_state(app.clone(), api::metrics::observe))
        .with_state(app)
}

/// `/`: on to the visitor's language.
async fn entrance(visit: Visit) -> Response {
    see_other(&visit.at(""))
}

async fn style(State(_): State<Shared>, _: HeaderMap) -> Response {
    let headers = [(header::CONTENT_TYPE, "text/css; charset=utf-8"), (header::CACHE_CONTROL, STYLE_CACHE)];
    (headers.map(|(name, value)| (name, HeaderValue::from_static(value))), STYLE).into_response()
}

async fn missing(visit: Visit) -> Response {
    visit.not_found()
}

impl App {
    /// Reads from the register, where waiting for a disk holds nobody up.
    pub(crate) async fn read<T: Send + 'static>(
        self: &Arc<Self>,
        job: impl FnOnce(&mut bezwaar_register::engine::Reader) -> Result<T, bezwaar_register::engine::RegisterError> + Send + 'static,
    ) -> Result<T, bezwaar_register::engine::RegisterError> {
        let app = Arc::clone(self);
        let read = tokio::task::spawn_blocking(move || app.counter.read(job)).await;
        read.unwrap_or(Err(bezwaar_register::engine::RegisterError::Stopped))
    }
}
