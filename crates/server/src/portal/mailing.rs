//! Sending what waits in the post: a thread that takes it, puts it into words, and gives it to the mail server.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bezwaar_core::account::Account;
use bezwaar_core::time::{Day, Instant};
use bezwaar_register::intake::cases::{Answer, AnswerCode, Case};
use bezwaar_register::intake::post::{Addressee, MessageKind, Outgoing};
use bezwaar_register::intake::{Intake, IntakeError};

use super::app::{App, Shared};
use super::links::{Link, LinkFor};
use super::object::objection_path;
use super::objection::{Objection, proof_name};
use super::periodic::Periodic;
use super::receipt;
use super::service::PortalError;
use super::settings::Settings;
use super::sign_in::AppRandom;
use super::web::Visit;
use crate::identity::private::Secret;
use crate::post::address::MailAddress;
use crate::post::mailer::{Envelope, MailTls, Mailer, MailerSettings};
use crate::post::message::{Attachment, AttachmentKind, Message, Sender, pad};

/// How often the post is looked into, in milliseconds.
pub const POST_EVERY_MS: u64 = 1_000;
/// How many messages are taken at once.
const TAKEN: usize = 50;
/// How often a message is tried before it is given up, a quarter of an hour longer apart each time.
pub const ATTEMPTS_MAX: u32 = 12;
const RETRY_MICROS: i64 = 900_000_000;
/// Texts are filled up to a multiple of so many bytes, so that their length tells nothing.
pub const PADDED_BYTES: usize = 4_096;

/// How mail leaves.
pub(crate) struct Mailing {
    mailer: Mailer,
    sender: Sender,
}

impl Mailing {
    /// As the settings say.
    pub(crate) fn of(settings: &Settings, beside: &Path) -> Result<Option<Mailing>, PortalError> {
        let Some(mail) = &settings.mail else { return Ok(None) };
        let wrong = |because: String, help: &'static str| PortalError::Mail { because, help };
        let login = match (&mail.user, &mail.password_file) {
            (Some(user), Some(path)) => {
                let password = Secret::read(&beside.join(path)).map_err(|error| wrong(error.to_string(), error.help()))?;
                Some((user.clone(), password))
            }
            _ => None,
        };
        let domain = domain_of(&settings.base_url);
        let address = MailAddress::parse(&mail.from).map_err(|error| wrong(error.to_string(), "write `mail.from` as name@domain"))?;
        let mailer = Mailer::new(MailerSettings {
            host: mail.host.clone(),
            port: mail.port,
            tls: MailTls::lookup(&mail.tls).unwrap_or(MailTls::Required),
            login,
            step_seconds_max: crate::post::mailer::STEP_SECONDS_MAX,
            hello_name: domain.clone(),
            authorities_pem: None,
        });
        let mailer = mailer.map_err(|error| wrong(error.to_string(), error.help()))?;
        let reply_to = MailAddress::parse(&settings.organisation.contact).ok();
        let sender = Sender { address, name: settings.organisation.name.clone(), reply_to, domain };
        Ok(Some(Mailing { mailer, sender }))
    }
}

fn domain_of(base_url: &str) -> String {
    let host = base_url.split("://").nth(1).and_then(|rest| rest.split(['/', ':']).next()).unwrap_or_default();
    if host.is_empty() || host.starts_with('[') || host.parse::<std::net::IpAddr>().is_ok() {
        "localhost".to_owned()
    } else {
        host.to_owned()
    }
}

/// The most mailboxes whose mails are counted at a time; to any further ones nothing is sent on the asking of strangers.
pub const MAILBOXES_COUNTED_MAX: usize = 100_000;
const DAY_MICROS: i64 = 86_400_000_000;

/// How many mails strangers have had sent to each mailbox today, under names nobody can turn back into it.
#[derive(Debug, Default)]
pub(crate) struct Mails(Mutex<(i64, HashMap<[u8; 16], u32>)>);

impl Mails {
    /// Counts a mail, and says whether it may be sent.
    pub(crate) fn may_send(&self, app: &App, what: &str, mailbox: &Account) -> bool {
        // Each kind is counted by itself: nobody is locked out by what others file in their name.
        let name = app.secrets.keyed(what, mailbox.expose_canonical());
        self.count(name, app.now(), app.settings.limits.mails_per_contact)
    }

    fn count(&self, name: [u8; 16], now: Instant, most: u32) -> bool {
        let today = now.as_micros().div_euclid(DAY_MICROS);
        let mut counted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if counted.0 != today {
            *counted = (today, HashMap::new());
        }
        let counts = &mut counted.1;
        if counts.len() >= MAILBOXES_COUNTED_MAX && !counts.contains_key(&name) {
            return false;
        }
        let count = counts.entry(name).or_insert(0);
        *count = count.saturating_add(1);
        *count <= most
    }
}

/// Starts sending. Where no mail leaves, whatever is in the post is to be told by letter.
pub(crate) fn start(app: &Shared, mailing: Option<Mailing>) -> Periodic {
    let app = Arc::clone(app);
    Periodic::start(move || if send_some(&app, mailing.as_ref()) == TAKEN { Duration::ZERO } else { Duration::from_millis(POST_EVERY_MS) })
}

/// Sends what is due; gives how many were taken.
fn send_some(app: &Shared, mailing: Option<&Mailing>) -> usize {
    let taken = app.counter.desk().ask(|intake, now| intake.take_post(TAKEN, now));
    let outgoing = match taken {
        Ok(Ok(outgoing)) => outgoing,
        Ok(Err(error)) | Err(error) => {
            app.trace(&format!("the post could not be taken: {error}"));
            return 0;
        }
    };
    let count = outgoing.len();
    for one in outgoing {
        let number = one.message.number;
        let sent = mailing.map_or(Sent::Nowhere, |mailing| send(app, mailing, &one));
        let told = match sent {
            Sent::Yes => app.counter.desk().ask(move |intake, now| intake.post_sent(&[number], now)),
            Sent::Later if one.message.attempts < ATTEMPTS_MAX => {
                let wait = RETRY_MICROS.saturating_mul(i64::from(one.message.attempts.max(1)));
                app.counter.desk().ask(move |intake, now| intake.post_failed(number, Some(now.plus_micros(wait)), now))
            }
            // The team finds it among what has to be told by letter.
            Sent::Later | Sent::Never | Sent::Nowhere => app.counter.desk().ask(move |intake, now| intake.post_failed(number, None, now)),
        };
        if let Ok(Err(error)) | Err(error) = told {
            app.trace(&format!("what came of a message could not be written down: {error}"));
        }
    }
    count
}

enum Sent {
    Yes,
    /// There is no mailbox to send it to: whoever it is for is told by letter.
    Nowhere,
    Later,
    Never,
}

fn send(app: &Shared, mailing: &Mailing, one: &Outgoing) -> Sent {
    let Some(to) = mailbox(one) else { return Sent::Nowhere };
    let Ok(to) = MailAddress::parse(&to) else { return Sent::Never };
    let now = app.now();
    let visit = Visit::for_mail(app, one.message.message.language.as_str(), now);
    let Some(words) = words(app, &visit, one) else { return Sent::Nowhere };
    let attachments: Vec<Attachment<'_>> = words.files.iter().map(|(name, kind, bytes)| Attachment { name, kind: *kind, bytes }).collect();
    let text = pad(&words.text, PADDED_BYTES);
    let message =
        Message { to: &to, subject: &words.subject, text: &text, language: &visit.language, attachments: &attachments, sent_at: now };
    let bytes = match message.to_bytes(&mailing.sender, &mut AppRandom(app)) {
        Ok(bytes) => bytes,
        Err(error) => {
            app.trace(&format!("a message could not be written: {error}"));
            return Sent::Never;
        }
    };
    match mailing.mailer.send(&bytes, &Envelope { from: &mailing.sender.address, to: &to }, now) {
        Ok(()) => Sent::Yes,
        Err(error) => {
            app.trace(&format!("a message was not sent: {error}"));
            if error.may_pass() { Sent::Later } else { Sent::Never }
        }
    }
}

/// Where a message goes: the mailbox left with the act, or the account itself if it is one.
fn mailbox(one: &Outgoing) -> Option<String> {
    let left = one.contact.as_ref().and_then(|contact| contact.expose_fields().get("mail").cloned());
    let own = || one.account.expose_canonical().strip_prefix("mail:mail:").map(str::to_owned);
    left.or_else(own)
}

/// What a message says.
pub(crate) struct Words {
    pub(crate) subject: String,
    pub(crate) text: String,
    files: Vec<(String, AttachmentKind, Vec<u8>)>,
}

/// Puts a message into words.
pub(crate) fn words(app: &Shared, visit: &Visit, one: &Outgoing) -> Option<Words> {
    let say = |key: &str, values: &[(&str, &str)]| visit.say_with(key, values);
    let organisation = app.settings.organisation.name.as_str();
    let own = [("organisation", organisation)];
    let act = one.act();
    let number = act.as_deref().and_then(|act| act.split(['+', '.']).next()).unwrap_or_default().to_owned();
    let base = &app.settings.base_url;
    let mut files = Vec::new();
    let (subject, lines) = match one.message.message.kind {
        MessageKind::Received | MessageKind::Confirm => {
            let objection = read_objection(app, &number)?;
            let mut lines = vec![say("mail.received", &own), receipt::text(visit, &objection)];
            lines.push(say("mail.again", &[("url", &format!("{base}{}", objection_path(visit, &number)))]));
            if one.message.message.kind == MessageKind::Confirm {
                let act = confirmed_act(app, &number, one)?;
                let sealed = Link::seal(&LinkFor::Confirm { act }, &app.secrets, app.random(), visit.now);
                let url = format!("{base}/{}/link/{sealed}", visit.language);
                lines.insert(1, format!("{}\n{url}\n{}", say("mail.confirm", &own), say("mail.confirm-not-you", &[])));
            }
            files.extend(receipt::pdf(visit, &objection).map(|bytes| (format!("{number}.pdf"), AttachmentKind::Pdf, bytes)));
            for (place, (_, choice)) in objection.acts.iter().enumerate() {
                let proof = app.counter.desk().prove_inclusion(&choice.id).ok().and_then(|proof| proof.to_bytes().ok());
                files.extend(proof.map(|bytes| (format!("{number}-{}", proof_name(place)), AttachmentKind::File, bytes)));
            }
            (say("mail.subject-receipt", &[("number", &number)]), lines)
        }
        MessageKind::SignIn => {
            let mail = mailbox(one)?;
            let what = LinkFor::SignIn { mail, to: one.message.message.detail.clone() };
            let url = format!("{base}/{}/link/{}", visit.language, Link::seal(&what, &app.secrets, app.random(), visit.now));
            (say("mail.subject-sign-in", &own), vec![say("mail.sign-in", &[]), url, say("mail.sign-in-not-you", &[])])
        }
        MessageKind::FiledForYou => {
            let url = format!("{base}/{}/me", visit.language);
            (say("mail.subject-filed", &own), vec![say("mail.filed", &own), url])
        }
        MessageKind::VoidNotice => {
            let reason = one.message.message.void_reason();
            let reason = reason.map(|reason| say(&format!("void.{}", reason.as_str()), &[])).unwrap_or_default();
            let url = format!("{base}/{}/me", visit.language);
            (
                say("mail.subject-void", &[("number", &number)]),
                vec![say("mail.void", &[("number", &number), ("reason", &reason)]), say("mail.void-stop", &[]), url],
            )
        }
        MessageKind::Extension => {
            let case = case_of(app, one)?;
            let day = visit.speech().day(case.due_on);
            let reason = say(&format!("extension.{}", one.message.message.detail), &[]);
            (say("mail.subject-extension", &[("number", &number)]), vec![say("mail.extension", &[("reason", &reason), ("day", &day)])])
        }
        MessageKind::Answer => {
            let case = case_of(app, one)?;
            let answer = case.answer.as_ref()?;
            (say("mail.subject-answer", &[("number", &number)]), answer_lines(visit, answer, case.received_at))
        }
        MessageKind::Forget => return None,
    };
    let answers = matches!(one.message.message.kind, MessageKind::Answer | MessageKind::Extension | MessageKind::VoidNotice);
    let mut text = say("mail.greeting", &[]) + "\n\n";
    for line in lines {
        text.push_str(line.trim_end());
        text.push_str("\n\n");
    }
    text.push_str(&format!(
        "{}\n\n{}\n{organisation}\n",
        say(if answers { "mail.reply-welcome" } else { "mail.no-reply-needed" }, &[]),
        say("mail.closing", &[])
    ));
    Some(Words { subject, text, files })
}

/// What an answer says, in paragraphs.
pub(crate) fn answer_lines(visit: &Visit, answer: &Answer, received_at: Instant) -> Vec<String> {
    let app = &visit.app;
    let received = visit.speech().day_of(received_at, &app.zone);
    let mut values: Vec<(&str, &str)> = vec![("received", &received)];
    values.extend(answer.answer.facts.iter().map(|(name, text)| (name.as_str(), text.as_str())));
    let code = answer.answer.code;
    let mut lines =
        vec![visit.say_with("answer.about", &[("day", &received)]), visit.say_with(&format!("answer.{}", code.as_str()), &values)];
    lines.push(visit.say("answer.model"));
    if code != AnswerCode::Upheld {
        lines.push(visit.say("answer.stays-out"));
        lines.push(visit.say("answer.complain"));
        if let Some(authority) = app.contacts.authority_of(&app.settings.organisation.country) {
            lines.push(match &authority.url {
                Some(url) => format!("{}: {url}", authority.name),
                None => authority.name.clone(),
            });
        }
    }
    lines
}

fn read_objection(app: &App, number: &str) -> Option<Objection> {
    app.counter.read(|reader| Objection::read(reader, number)).ok().flatten()
}

/// The act a mailbox can confirm: the sender's own no, or the act itself if it is the mailbox's.
fn confirmed_act(app: &App, number: &str, one: &Outgoing) -> Option<String> {
    let own = format!("{number}+0");
    let is_own = app.counter.read(|reader| super::acts::find(reader, &own)).ok().flatten().is_some();
    let account = one.account.has_service();
    if is_own { Some(own) } else { (!account).then(|| number.to_owned()) }
}

fn case_of(app: &App, one: &Outgoing) -> Option<Case> {
    let number = one.message.case?;
    let read = move |intake: &mut Intake<'_>, _: Instant| -> Result<Option<Case>, IntakeError> { intake.case(number) };
    app.counter.desk().ask(read).ok()?.ok()?
}

/// The day a case's answer is due after an extension.
pub(crate) fn extended(app: &App, received_at: Instant) -> Option<Day> {
    bezwaar_letter::due::due_extended(Day::of(received_at, &app.zone)?, &app.holidays).map(|dates| dates.expected)
}

/// What of an outgoing message names its act.
trait Act {
    fn act(&self) -> Option<String>;
}

impl Act for Outgoing {
    fn act(&self) -> Option<String> {
        match &self.message.message.to {
            Addressee::Act { act, .. } => Some(act.clone()),
            Addressee::Account(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_many_mails_go_to_a_mailbox_in_a_day() {
        let (mails, now) = (Mails::default(), Instant::from_micros(0));
        assert_eq!([1, 2, 3].map(|_| mails.count([1; 16], now, 2)), [true, true, false]);
        assert!(mails.count([2; 16], now, 2));
        assert!(mails.count([1; 16], now.plus_micros(DAY_MICROS), 2));
    }

    #[test]
    fn past_the_bound_nothing_more_is_sent() {
        let (mails, now) = (Mails::default(), Instant::from_micros(0));
        let name = |number: usize| {
            let mut name = [0; 16];
            name[..8].copy_from_slice(&number.to_be_bytes());
            name
        };
        for number in 0..MAILBOXES_COUNTED_MAX {
            assert!(mails.count(name(number), now, 5));
        }
        assert!(!mails.count(name(MAILBOXES_COUNTED_MAX), now, 5));
        assert!(mails.count(name(0), now, 5));
    }

    #[test]
    fn the_domain_is_that_of_the_portal() {
        for (url, domain) in [
            ("https://objection.example.org", "objection.example.org"),
            ("http://127.0.0.1:7390", "localhost"),
            ("http://[::1]:1", "localhost"),
        ] {
            assert_eq!(domain_of(url), domain);
        }
    }
}
