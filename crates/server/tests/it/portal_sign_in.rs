//! Signing in to the portal at a provider by other hands, by a mail through a server by other hands, and by a hand-over.

use std::path::Path;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use bezwaar_server::portal::ATTEMPTS_MAX;
use mail_parser::{MessageParser, MimeHeaders};
use serde_json::{Value, json};

use crate::oidc_provider::browse_to;
use crate::portal_kit::{NOW, Running, World};
use crate::servers::{mail_servers, now, providers};
use crate::signing::{Signer, key_set, with};

fn cookie(cookies: &[(String, String)], name: &str) -> String {
    cookies.iter().find(|(other, _)| other == name).map(|(_, value)| value.clone()).unwrap_or_default()
}

#[test]
fn somebody_signs_in_at_the_provider_and_sees_their_own_page() {
    let Some(server) = providers() else { return };
    let issuer = server.said["public"].as_str().unwrap();
    let mut world = World::new(&format!(
        "[sign-in.oidc]\nissuer = \"{issuer}\"\nname = \"Plein\"\nclient-id = \"by:basic\"\nclient-secret-file = \"secret\"\naccount-claim = \"x_id\"\n\
         service = \"facebook\"\nscopes = [\"account\"]\nrole-claim = \"roles\""
    ));
    std::fs::write(world.folder.path().join("secret"), "a secret: with % + signs & more\n").unwrap();
    world.clock.store(now().as_micros(), Ordering::SeqCst);
    let portal = world.start();
    let (to_provider, cookies) = portal.get("/nl/sign-in/provider?to=me").onward();
    let pending = cookie(&cookies, "pending");
    let query = browse_to(&to_provider, 7390);
    let back = format!("/nl/sign-in/back?{query}");
    // Without what the browser kept, or with the cookie of another sign-in, nobody is signed in.
    assert_eq!(portal.get(&back).status, 403);
    let (_, others) = portal.get("/nl/sign-in/provider?to=me").onward();
    assert_eq!(portal.ask("GET", &back, &[("cookie", &format!("pending={}", cookie(&others, "pending")))], b"").status, 403);
    let (place, cookies) = portal.ask("GET", &back, &[("cookie", &format!("pending={pending}"))], b"").onward();
    assert_eq!(place, "/nl/me");
    let page = portal.get_as(&cookie(&cookies, "session"), "/nl/me");
    assert!(page.text().contains("facebook: 900719925474099312"), "{}", page.text());
    // The code was used.
    assert_eq!(portal.ask("GET", &back, &[("cookie", &format!("pending={pending}"))], b"").status, 403);
    // The provider's roles are none of the team's.
    let (to_provider, cookies) = portal.get("/nl/sign-in/provider?to=team").onward();
    let back = format!("/nl/sign-in/back?{}", browse_to(&to_provider, 7390));
    let pending = cookie(&cookies, "pending");
    assert_eq!(portal.ask("GET", &back, &[("cookie", &format!("pending={pending}"))], b"").status, 403);
    let traces = world.traces.lock().unwrap().join("\n");
    assert!(!traces.contains("900719925474099312") && !traces.contains("anna"), "{traces}");
}

#[test]
fn a_provider_whose_subjects_are_pairwise_stops_the_portal() {
    let Some(server) = providers() else { return };
    let issuer = server.said["pairwise"].as_str().unwrap();
    let world = std::panic::AssertUnwindSafe(World::new(&format!(
        "[sign-in.oidc]\nissuer = \"{issuer}\"\nname = \"Plein\"\nclient-id = \"by-none\"\nalgorithm = \"EdDSA\"\naccount-claim = \"sub\"\nservice = \"facebook\""
    )));
    let started = std::panic::catch_unwind(move || {
        let std::panic::AssertUnwindSafe(mut world) = world;
        drop(world.start());
    });
    let said = started.expect_err("nobody's account can be told from such a subject");
    assert!(said.downcast_ref::<String>().unwrap().contains("SignIn"), "{said:?}");
}

/// The messages a mail server took: to whom, the subject, the text, the files.
fn messages(folder: &Path) -> Vec<(String, String, String, Vec<String>)> {
    use base64::Engine as _;
    let mut found = Vec::new();
    for number in 1.. {
        let Ok(bytes) = std::fs::read(folder.join(format!("message-{number}.json"))) else { return found };
        let kept: Value = serde_json::from_slice(&bytes).unwrap();
        let data = base64::engine::general_purpose::STANDARD.decode(kept["data"].as_str().unwrap()).unwrap();
        let message = MessageParser::default().parse(&data).unwrap();
        let files = message.attachments().map(|file| file.attachment_name().unwrap().to_owned()).collect();
        let text = message.body_text(0).unwrap().into_owned();
        found.push((kept["to"][0].as_str().unwrap().to_owned(), message.subject().unwrap().to_owned(), text, files));
    }
    found
}

fn wait_for(folder: &Path, count: usize) -> Vec<(String, String, String, Vec<String>)> {
    let from = Instant::now();
    loop {
        let found = messages(folder);
        if found.len() >= count {
            return found;
        }
        assert!(from.elapsed() < Duration::from_secs(30), "{} messages came", found.len());
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn link(text: &str) -> String {
    let line = text.lines().find(|line| line.contains("/link/")).unwrap();
    line.trim().strip_prefix("http://127.0.0.1:7390").unwrap().to_owned()
}

fn objects(portal: &Running, account: &str, mail: &str) -> String {
    let mark = portal.mark("/nl/object", "/nl/object", None);
    let fields =
        [("form", mark.as_str()), ("for", "self"), ("everything", "yes"), ("service", "facebook"), ("account", account), ("mail", mail)];
    let (place, _) = portal.form("/nl/object", None, &fields).onward();
    place.split('/').nth(3).unwrap().to_owned()
}

#[test]
fn an_objection_brings_a_receipt_by_mail_and_a_link_that_is_used_once() {
    let folder = tempfile::tempdir().unwrap();
    let Some(server) = mail_servers(folder.path()) else { return };
    let mut world = World::new(&format!(
        "[mail]\nhost = \"localhost\"\nport = {}\ntls = \"none\"\nfrom = \"bezwaar@example.org\"\n[[team.member]]\nid = \"han\"\nmail = \"han@example.org\"\nroles = [\"handler\"]",
        server.said["plain"]
    ));
    let portal = world.start();
    let number = objects(&portal, "77", "noor@example.org");
    let (to, subject, text, files) = wait_for(folder.path(), 1).remove(0);
    assert_eq!((to.as_str(), subject.contains(&number)), ("noor@example.org", true));
    assert_eq!(files, [format!("{number}.pdf"), format!("{number}-receipt.tlog-proof")]);
    assert!(text.contains("Bewaar dit bericht. Het is je bewijs.") && text.contains("facebook: 77"), "{text}");
    // Programs that look into mails open links too: that changes nothing.
    let link_of = link(&text);
    assert_eq!([portal.get(&link_of).status, portal.get(&link_of).status], [200, 200]);
    assert!(portal.form(&link_of, None, &[]).text().contains("<h1>Bedankt</h1>"));
    assert_eq!(portal.form(&link_of, None, &[]).status, 404);
    let changed = format!("{}A", &link_of[..link_of.len() - 1]);
    assert!(changed == link_of || portal.form(&changed, None, &[]).status == 404);

    // Signing in: with the mailbox one sees what was sent with it, and not the stranger's account.
    let mark = portal.mark("/nl/sign-in", "/nl/sign-in/mail", None);
    for (mail, to) in [("noor@example.org", "me"), ("noor@example.org", "team"), ("han@example.org", "team")] {
        let said = portal.form("/nl/sign-in/mail", None, &[("form", &mark), ("mail", mail), ("to", to)]);
        assert!(said.text().contains("Kijk in je mail"), "{}", said.text());
    }
    let sent = wait_for(folder.path(), 3);
    std::thread::sleep(Duration::from_millis(1_500));
    // To somebody who is no member the page says the same, and nothing is sent.
    assert_eq!(messages(folder.path()).len(), 3);
    let of = |mail: &str| sent.iter().skip(1).find(|(to, ..)| to == mail).map(|(_, _, text, _)| link(text)).unwrap();
    let (place, cookies) = portal.form(&of("noor@example.org"), None, &[]).onward();
    assert_eq!(place, "/nl/me");
    let page = portal.get_as(&cookie(&cookies, "session"), "/nl/me");
    assert!(page.text().contains(&format!("{number}+0")) && !page.text().contains("facebook"), "{}", page.text());
    assert_eq!(portal.form(&of("noor@example.org"), None, &[]).status, 404);
    let (place, cookies) = portal.form(&of("han@example.org"), None, &[]).onward();
    assert_eq!(place, "/nl/team");
    assert!(portal.get_as(&cookie(&cookies, "session"), "/nl/team").text().contains("1 open"));
    // Used, also after a restart; and after a day.
    drop(portal);
    let portal = world.start();
    assert_eq!(portal.form(&link_of, None, &[]).status, 404);
    let mark = portal.mark("/nl/sign-in", "/nl/sign-in/mail", None);
    portal.form("/nl/sign-in/mail", None, &[("form", &mark), ("mail", "evi@example.org"), ("to", "me")]);
    let late = link(&wait_for(folder.path(), 4)[3].2);
    world.clock.store((NOW + 24 * 3_600) * 1_000_000 + 999_999, Ordering::SeqCst);
    assert_eq!(portal.get(&late).status, 404);
    let traces = world.traces.lock().unwrap().join("\n");
    assert!(!traces.contains("example.org"), "{traces}");
}

#[test]
fn a_mail_server_that_says_later_gets_the_message_again_and_one_that_says_never_does_not() {
    let folder = tempfile::tempdir().unwrap();
    let Some(server) = mail_servers(folder.path()) else { return };
    let settings = format!("[mail]\nhost = \"localhost\"\nport = {}\ntls = \"none\"\nfrom = \"bezwaar@example.org\"", server.said["plain"]);
    let mut world = World::new(&settings);
    let portal = world.start();
    objects(&portal, "78", "never@example.org");
    objects(&portal, "79", "later@example.org");
    objects(&portal, "80", "noor@example.org");
    assert_eq!(wait_for(folder.path(), 1)[0].0, "noor@example.org");
    let from = Instant::now();
    // One that was given up is told to the team.
    loop {
        let queue = portal.get_as(&portal.handler, "/nl/team");
        if queue.text().contains("1 berichten konden niet") {
            break;
        }
        assert!(from.elapsed() < Duration::from_secs(30), "{}", queue.text());
        std::thread::sleep(Duration::from_millis(100));
    }
    let traces = world.traces.lock().unwrap().join("\n");
    assert!(traces.contains("451") && traces.contains("550") && !traces.contains("@"), "{traces}");
}

#[test]
fn a_message_is_tried_so_many_times_and_then_it_is_for_the_team() {
    let folder = tempfile::tempdir().unwrap();
    let Some(server) = mail_servers(folder.path()) else { return };
    let settings = format!("[mail]\nhost = \"localhost\"\nport = {}\ntls = \"none\"\nfrom = \"bezwaar@example.org\"", server.said["plain"]);
    let mut world = World::new(&settings);
    let mut portal = world.start();
    objects(&portal, "79", "later@example.org");
    let given_up = |world: &mut World| {
        let mut register = world.register();
        bezwaar_register::intake::Intake::new(register.writer()).post_counts().unwrap().given_up
    };
    for attempt in 1..=usize::try_from(ATTEMPTS_MAX).unwrap() {
        let from = Instant::now();
        while world.traces.lock().unwrap().iter().filter(|line| line.contains("451")).count() < attempt {
            assert!(from.elapsed() < Duration::from_secs(30), "attempt {attempt}");
            std::thread::sleep(Duration::from_millis(50));
        }
        if attempt + 1 == usize::try_from(ATTEMPTS_MAX).unwrap() {
            drop(portal);
            assert_eq!(given_up(&mut world), 0, "it is tried once more");
            portal = world.start();
        }
        world.clock.fetch_add(3 * 3_600_000_000, Ordering::SeqCst);
    }
    drop(portal);
    assert_eq!(given_up(&mut world), 1);
}

#[test]
fn a_hand_over_shows_the_account_and_counts_once() {
    let signer = Signer::eddsa();
    let mut world = World::new(
        "[sign-in.hand-over]\nissuer = \"https://plein.example\"\nkeys-file = \"keys.json\"\nalgorithm = \"EdDSA\"\nservice = \"facebook\"",
    );
    std::fs::write(world.folder.path().join("keys.json"), key_set(&[signer.jwk("a")])).unwrap();
    let portal = world.start();
    let claims =
        json!({"iss": "https://plein.example", "aud": "http://127.0.0.1:7390", "sub": "1001", "jti": "one", "iat": NOW, "exp": NOW + 300});
    let token = signer.plain("a", &claims);
    let from_platform = |token: &str| {
        let body = form_urlencoded::Serializer::new(String::new()).append_pair("token", token).finish();
        let headers =
            [("content-type", "application/x-www-form-urlencoded"), ("origin", "https://plein.example"), ("sec-fetch-site", "cross-site")];
        portal.ask("POST", "/nl/hand-over", &headers, body.as_bytes())
    };
    let shown = from_platform(&token);
    assert!(shown.text().contains("<p class=\"account-large\">facebook: 1001</p>"), "{}", shown.text());
    // Whoever has the token a second time gets nowhere.
    assert_eq!(from_platform(&token).status, 403);
    for other in [
        with(&claims, "aud", json!("https://other.example")),
        with(&claims, "iss", json!("https://other.example")),
        with(&with(&claims, "exp", json!(NOW + 3_600)), "jti", json!("two")),
        with(&with(&claims, "sub", json!("no account")), "jti", json!("three")),
    ] {
        assert_eq!(from_platform(&signer.plain("a", &other)).status, 403, "{other}");
    }
    assert_eq!(from_platform(&Signer::eddsa().plain("a", &with(&claims, "jti", json!("four")))).status, 403);
    let set = shown.header("set-cookie").unwrap().split(';').next().unwrap().to_owned();
    let mark = shown.text().split("name=\"form\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let accept = |answer: &str, cookie: &str| {
        let body = format!("form={mark}&answer={answer}");
        let headers = [("content-type", "application/x-www-form-urlencoded"), ("origin", "http://127.0.0.1:7390"), ("cookie", cookie)];
        portal.ask("POST", "/nl/hand-over/accept", &headers, body.as_bytes())
    };
    assert_eq!(accept("no", &set).status, 200);
    assert_eq!(accept("yes", "").status, 403, "without the account that was shown nobody is signed in");
    let (place, cookies) = accept("yes", &set).onward();
    assert_eq!(place, "/nl/me");
    assert!(portal.get_as(&cookie(&cookies, "session"), "/nl/me").text().contains("facebook: 1001"));
    // The yes was said, and the account of another hand-over is not the one this form showed.
    assert_eq!(accept("yes", &set).status, 403);
    let other = from_platform(&signer.plain("a", &with(&with(&claims, "sub", json!("1002")), "jti", json!("five"))));
    let other = other.header("set-cookie").unwrap().split(';').next().unwrap().to_owned();
    assert_eq!(accept("yes", &other).status, 403);
}
