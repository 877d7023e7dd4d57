//! `portal.toml`: whose portal it is, which policies it shows, who may sign in, and how mail leaves.
//!
//! Secrets never stand in it: it names files that hold them. `docs/portal.md` has an example of every table.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::PathBuf;

use bezwaar_core::account::Kind;
use bezwaar_core::time::Zone;
use serde::Deserialize;

use crate::identity::claims::CLAIM_BYTES_MAX;

/// The name of the file, beside `register.toml`.
pub const SETTINGS_FILE: &str = "portal.toml";
/// The longest `portal.toml`, in bytes, that is read.
pub const SETTINGS_BYTES_MAX: usize = 1 << 16;
/// The most members of the team a file may name.
pub const MEMBERS_MAX: usize = 500;
/// The most callers of the bulk check a file may name.
pub const CALLERS_MAX: usize = 200;

/// What stands in `portal.toml`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Settings {
    /// Where people reach the portal, without a slash at the end: `https://objection.example.org`.
    pub base_url: String,
    /// Where it listens; a reverse proxy that speaks TLS stands before it.
    #[serde(default = "listen")]
    pub listen: SocketAddr,
    /// Addresses of proxies whose `X-Forwarded-For` is believed.
    #[serde(default)]
    pub proxies: Vec<std::net::IpAddr>,
    /// Addresses besides this machine's own that may read `/metrics`.
    #[serde(default)]
    pub metrics_peers: Vec<std::net::IpAddr>,
    /// The languages it speaks, the first being the one for who prefers none of them.
    #[serde(default = "languages")]
    pub languages: Vec<String>,
    /// Text files of further languages.
    #[serde(default)]
    pub texts: Vec<PathBuf>,
    /// The zone in which dates and times are shown.
    #[serde(default = "zone")]
    pub zone: String,
    /// Whose portal it is.
    pub organisation: Organisation,
    /// What people can object to.
    pub policies: Policies,
    /// How people show who they are.
    #[serde(default)]
    pub sign_in: SignIn,
    /// How mail leaves. Without it nothing is sent: receipts are shown and can be downloaded.
    pub mail: Option<Mail>,
    /// Extracts for gates. Without it none is made while the portal runs.
    pub extract: Option<Extracts>,
    /// Who works on objections.
    #[serde(default)]
    pub team: Team,
    /// Contracted callers of the bulk check.
    #[serde(default, rename = "caller")]
    pub callers: Vec<Caller>,
    /// How much a stranger may ask.
    #[serde(default)]
    pub limits: Limits,
}

fn listen() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 7390))
}

fn languages() -> Vec<String> {
    vec!["nl".to_owned(), "en".to_owned()]
}

fn zone() -> String {
    "Europe/Amsterdam".to_owned()
}

/// Whose portal it is.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Organisation {
    /// Its name, as people know it.
    pub name: String,
    /// A mail address for questions and corrections.
    pub contact: String,
    /// Its postal address, a line each.
    #[serde(default)]
    pub postal: Vec<String>,
    /// The country whose supervisor and holidays count, as ISO 3166-1.
    #[serde(default = "country")]
    pub country: String,
    /// The address of a page about how it uses data, if there is one.
    pub privacy_page: Option<String>,
}

fn country() -> String {
    "NL".to_owned()
}

/// What people can object to.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Policies {
    /// The folder of policy files.
    pub folder: PathBuf,
    /// Which of them are the organisation's own.
    pub own: Vec<String>,
    /// The services people can name accounts of.
    pub services: Vec<String>,
}

/// How people show who they are.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct SignIn {
    /// By the operator's OpenID Connect provider.
    pub oidc: Option<Oidc>,
    /// By a hand-over from the platform.
    pub hand_over: Option<HandOver>,
}

/// An OpenID Connect provider.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Oidc {
    /// Its issuer.
    pub issuer: String,
    /// What it is called on the page.
    pub name: String,
    /// The portal's client id.
    pub client_id: String,
    /// The file with the client's secret; none for a public client.
    pub client_secret_file: Option<PathBuf>,
    /// The algorithm of its tokens.
    #[serde(default = "algorithm")]
    pub algorithm: String,
    /// The claim that holds the account's id in the corpus.
    pub account_claim: String,
    /// The service and kind that id is of.
    pub service: String,
    /// The kind of name it is: `id`, `handle`, `opaque` …
    #[serde(default = "kind")]
    pub kind: String,
    /// What is asked for besides `openid`.
    #[serde(default)]
    pub scopes: Vec<String>,
    /// The claim that names the role of a member of the team, if members sign in here.
    pub role_claim: Option<String>,
    /// The claim with the person's birth date or age band, if there is one; without it nobody is known to be a child.
    pub birth_date_claim: Option<String>,
    /// Says that the client is registered with public subject identifiers, where the provider has both kinds.
    #[serde(default)]
    pub public_subjects: bool,
    /// Somebody whose record in the corpus is known: until they signed in as that very account, nobody else signs in here. Without it nothing is tested.
    pub known_record: Option<KnownRecord>,
}

/// Somebody, usually a test account of the operator's own, whose record in the corpus is known.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct KnownRecord {
    /// The claim by which the provider tells who it is: one that nobody else can have, and another than the one that is tested.
    #[serde(default = "subject")]
    pub claim: String,
    /// What that claim says of them.
    pub value: String,
    /// Their account as the corpus has it, in its normalised form: `service:kind:name`.
    pub account: String,
}

fn subject() -> String {
    "sub".to_owned()
}

fn algorithm() -> String {
    "RS256".to_owned()
}

fn kind() -> String {
    "id".to_owned()
}

/// A platform that hands its users over, signed in.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct HandOver {
    /// Who signs: the token's `iss`.
    pub issuer: String,
    /// The file with its public keys (a JWK set, or one key as PEM).
    pub keys_file: PathBuf,
    /// The algorithm of its tokens.
    #[serde(default = "algorithm")]
    pub algorithm: String,
    /// The service its `sub` is an account of.
    pub service: String,
    /// The kind of name it is.
    #[serde(default = "kind")]
    pub kind: String,
}

/// How mail leaves.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Mail {
    /// The server.
    pub host: String,
    /// Its port.
    #[serde(default = "mail_port")]
    pub port: u16,
    /// `required`, `starttls`, or `none` (for this machine alone).
    #[serde(default = "tls")]
    pub tls: String,
    /// Who signs in there.
    pub user: Option<String>,
    /// The file with the password.
    pub password_file: Option<PathBuf>,
    /// The sender's address.
    pub from: String,
}

fn mail_port() -> u16 {
    465
}

fn tls() -> String {
    "required".to_owned()
}

/// Extracts for gates, made while the portal runs.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Extracts {
    /// Where the newest one is put. With the register's key it is a list of who objected: the file is its owner's alone.
    pub file: PathBuf,
    /// How often it is made. A seal asks for one that is at most an hour old.
    #[serde(default = "every_minutes")]
    pub every_minutes: u32,
}

fn every_minutes() -> u32 {
    30
}

/// Who works on objections.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Team {
    /// The members.
    #[serde(default, rename = "member")]
    pub members: Vec<Member>,
}

/// A member of the team.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Member {
    /// A short name, as it stands in records of who did what.
    pub id: String,
    /// The mailbox that gets the sign-in link.
    pub mail: String,
    /// What they may do.
    pub roles: BTreeSet<Role>,
}

/// What a member of the team may do.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Sees the queue and cases, answers them, enters letters.
    Handler,
    /// May be one of the two who declare an objection void.
    Approver,
    /// Sees everything and the record of who looked at what; changes nothing.
    Supervisor,
}

impl Role {
    /// Every role.
    pub const ALL: [Role; 3] = [Role::Handler, Role::Approver, Role::Supervisor];

    /// The word in settings.
    pub fn as_str(self) -> &'static str {
        match self {
            Role::Handler => "handler",
            Role::Approver => "approver",
            Role::Supervisor => "supervisor",
        }
    }
}

/// A contracted caller of the bulk check.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Caller {
    /// Its name in records and metrics.
    pub id: String,
    /// SHA-256 of its credential, in hex: docs/api.md says how to make both.
    pub credential_sha256: String,
    /// The one use it may ask about.
    pub r#use: String,
    /// As which recipient.
    pub recipient: String,
    /// The releases that were handed to it: only accounts in these are answered about.
    pub releases: Vec<u64>,
    /// How strictly the policies are read for it: `protective`, or `consent`, by which silence is a no.
    #[serde(default = "reading")]
    pub reading: String,
    /// How many accounts it may ask about in a day before somebody is told.
    #[serde(default = "alarm")]
    pub alarm_per_day: u64,
}

fn reading() -> String {
    "protective".to_owned()
}

fn alarm() -> u64 {
    100_000
}

/// How much a stranger may ask.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Limits {
    /// Objections from one mailbox in a day, before further ones are set apart.
    pub per_contact: u32,
    /// Objections for one account in a day, before further ones are set apart.
    pub per_account: u32,
    /// Objections from one network (IPv4 /24, IPv6 /48) in an hour, before further ones are set apart.
    pub per_network: u32,
    /// Mails to one mailbox in a day; further ones are not sent.
    pub mails_per_contact: u32,
    /// Calls of the programming interface from one network in a minute.
    pub calls_per_network: u32,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits { per_contact: 20, per_account: 20, per_network: 500, mails_per_contact: 10, calls_per_network: 1_200 }
    }
}

/// Why `portal.toml` cannot be used: everything that is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SettingsError {
    /// Each problem, a sentence.
    pub problems: Vec<String>,
}

impl std::fmt::Display for SettingsError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.problems.join("; "))
    }
}

impl SettingsError {
    /// What to do about it.
    pub fn help(&self) -> &'static str {
        "docs/portal.md has an example of every table"
    }
}

impl std::error::Error for SettingsError {}

impl Settings {
    /// Reads the file's text.
    ///
    /// # Errors
    /// [`SettingsError`], with everything that is wrong once the text can be read as TOML of this form.
    pub fn parse(text: &str) -> Result<Settings, SettingsError> {
        let one = |problem: String| SettingsError { problems: vec![problem] };
        if text.len() > SETTINGS_BYTES_MAX {
            return Err(one(format!("it is over {SETTINGS_BYTES_MAX} bytes")));
        }
        let settings: Settings = toml::from_str(text).map_err(|error| one(located(&error, text)))?;
        let problems = settings.problems();
        if problems.is_empty() { Ok(settings) } else { Err(SettingsError { problems }) }
    }

    fn problems(&self) -> Vec<String> {
        let mut found = Vec::new();
        let mut check = |good: bool, problem: &str| {
            if !good {
                found.push(problem.to_owned());
            }
        };
        let (https, local) = (self.base_url.starts_with("https://"), is_loopback_url(&self.base_url));
        check(https || local, "`base-url` must begin with https:// (http:// only for this machine itself)");
        check(!self.base_url.ends_with('/'), "`base-url` must not end with a slash");
        check(!self.languages.is_empty(), "`languages` is empty");
        check(Zone::parse(&self.zone).is_ok(), "`zone` is no time zone, such as Europe/Amsterdam");
        check(!self.organisation.name.trim().is_empty(), "`organisation.name` is empty");
        check(self.organisation.contact.contains('@'), "`organisation.contact` is no mail address");
        check(!self.policies.own.is_empty(), "`policies.own` is empty: people would have nothing to object to");
        check(!self.policies.services.is_empty(), "`policies.services` is empty: people could name no account");
        let sign_in = &self.sign_in;
        let oidc = sign_in.oidc.iter().map(|oidc| (&oidc.service, &oidc.kind));
        for (service, kind) in oidc.chain(sign_in.hand_over.iter().map(|hand_over| (&hand_over.service, &hand_over.kind))) {
            check(self.policies.services.contains(service), "a `service` of `sign-in` is none of `policies.services`");
            check(Kind::lookup(kind).is_some(), "a `kind` of `sign-in` is not id, handle, phone, mail, url or opaque");
        }
        if let Some((oidc, known)) = sign_in.oidc.as_ref().and_then(|oidc| Some((oidc, oidc.known_record.as_ref()?))) {
            let other = known.claim != oidc.account_claim;
            check(
                other,
                "`known-record.claim` is the claim that is to be tested: name another, such as `sub`, by which its person is known",
            );
            let named = (1..=CLAIM_BYTES_MAX).contains(&known.value.len()) && known.value.trim() == known.value;
            check(!known.claim.is_empty() && named, "`known-record` names nobody");
        }
        if let Some(mail) = &self.mail {
            check(matches!(mail.tls.as_str(), "required" | "starttls" | "none"), "`mail.tls` is not required, starttls or none");
            check(mail.from.contains('@'), "`mail.from` is no mail address");
            check(mail.user.is_some() == mail.password_file.is_some(), "`mail.user` and `mail.password-file` belong together");
        }
        if let Some(extract) = &self.extract {
            check((1..=1_440).contains(&extract.every_minutes), "`extract.every-minutes` is not from 1 to 1440");
        }
        check(self.team.members.len() <= MEMBERS_MAX, "`team` has too many members");
        check(self.callers.len() <= CALLERS_MAX, "there are too many callers");
        let ids: BTreeSet<&str> = self.team.members.iter().map(|member| member.id.as_str()).collect();
        check(ids.len() == self.team.members.len(), "two members of the team have one id");
        let mails: BTreeSet<String> = self.team.members.iter().map(|member| member.mail.to_lowercase()).collect();
        check(mails.len() == self.team.members.len(), "two members of the team have one mailbox: two approvers must be two people");
        for member in &self.team.members {
            check(!member.id.trim().is_empty() && member.mail.contains('@'), "a member of the team lacks an id or a mailbox");
            let watches = member.roles.contains(&Role::Supervisor) && member.roles.len() > 1;
            check(!watches, "a supervisor may have no other role: who watches does not work on the cases");
        }
        let callers: BTreeSet<&str> = self.callers.iter().map(|caller| caller.id.as_str()).collect();
        check(callers.len() == self.callers.len(), "two callers have one id");
        for caller in &self.callers {
            let hex = caller.credential_sha256.len() == 64 && caller.credential_sha256.bytes().all(|byte| byte.is_ascii_hexdigit());
            check(hex, "a caller's `credential-sha256` is not 64 hexadecimal digits");
            check(!caller.r#use.contains('*'), "a caller's `use` must be one use");
            check(matches!(caller.reading.as_str(), "protective" | "consent"), "a caller's `reading` is not protective or consent");
        }
        found
    }

    /// Whether cookies can be marked as for encrypted connections only.
    pub fn is_secure(&self) -> bool {
        self.base_url.starts_with("https://")
    }
}

/// Whether an address is one of this machine itself, over plain HTTP.
pub(crate) fn is_loopback_url(url: &str) -> bool {
    let Some(rest) = url.strip_prefix("http://") else { return false };
    let authority = rest.split('/').next().unwrap_or_default();
    let host = if authority.starts_with('[') {
        authority.split_inclusive(']').next().unwrap_or_default()
    } else {
        authority.split(':').next().unwrap_or_default()
    };
    matches!(host, "localhost" | "127.0.0.1" | "[::1]")
}

/// A problem of form, with its line and column and without the text around it, which may be personal.
fn located(error: &toml::de::Error, text: &str) -> String {
    let Some(span) = error.span() else { return error.message().to_owned() };
    let before = text.get(..span.start).unwrap_or_default();
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    format!("line {line}, column {column}: {}", error.message())
}

#[cfg(test)]
mod tests;
