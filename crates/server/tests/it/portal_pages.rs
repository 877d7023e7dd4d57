//! What the pages say where something is wrong with what was asked, and of whom they speak.

use bezwaar_letter::contacts::read_contacts;
use bezwaar_server::portal::FORM_BYTES_MAX;

use crate::portal_kit::{World, policies_folder};

#[test]
fn a_form_that_is_too_long_is_told_in_the_persons_language_and_stores_nothing() {
    let mut world = World::new("");
    let portal = world.start();
    let size = || portal.get("/ledger/checkpoint").text().lines().nth(1).unwrap().to_owned();
    let send = |language: &str, bytes: usize| {
        let path = format!("/{language}/object");
        let fields = [("form", portal.mark(&path, &path, None)), ("for", "self".to_owned()), ("everything", "yes".to_owned())];
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(&fields).finish() + "&mail=a%40b.example&pad=";
        let body = format!("{body}{}", "a".repeat(bytes - body.len()));
        let headers = [("content-type", "application/x-www-form-urlencoded"), ("origin", "http://127.0.0.1:7390")];
        portal.ask("POST", &path, &headers, body.as_bytes())
    };
    let before = size();
    for (language, said) in [("nl", "Er is niets opgeslagen."), ("en", "Nothing was stored.")] {
        let refused = send(language, FORM_BYTES_MAX + 1);
        assert_eq!((refused.status, refused.header("content-type")), (413, Some("text/html; charset=utf-8")));
        assert!(refused.text().contains(&format!("<html lang=\"{language}\">")) && refused.text().contains(said), "{}", refused.text());
    }
    assert_eq!(size(), before);
    assert_eq!(send("nl", FORM_BYTES_MAX).status, 303);
}

#[test]
fn what_cannot_be_read_is_told_on_a_page_of_the_portal_and_to_programs_in_their_form() {
    let mut world = World::new("");
    let portal = world.start();
    for (method, path, status) in [
        ("GET", "/nl/team/case/abc", 400),
        ("GET", "/nl/objection/%FF/x", 400),
        ("GET", "/nl/me/releases/-1", 400),
        ("PUT", "/nl/object", 405),
        ("DELETE", "/nl/check", 405),
    ] {
        let told = portal.ask(method, path, &[("cookie", &format!("session={}", portal.noor))], b"");
        assert_eq!((told.status, told.header("content-type")), (status, Some("text/html; charset=utf-8")), "{path}");
        assert!(told.text().contains("<h1>Dit konden we niet lezen</h1>"), "{}", told.text());
    }
    assert!(portal.ask("PUT", "/nl/object", &[], b"").header("allow").is_some());
    for path in ["/api/v1/releases/%FF/absence", "/api/v1/receipts/%FF/x", "/api/v1/problems/%FF"] {
        let problem = portal.get(path);
        assert!(problem.status < 500 && !problem.problem().is_empty(), "{path}");
    }
    // Sent by a page of another site: the first thing that is looked at, and told all the same.
    let foreign = portal.ask("POST", "/nl/object", &[("origin", "https://other.example")], b"");
    assert_eq!((foreign.status, foreign.header("content-type")), (403, Some("text/html; charset=utf-8")));
    assert!(foreign.header("content-security-policy").is_some() && foreign.text().contains("komt van een andere site"));
}

#[test]
fn the_form_names_other_companies_and_never_the_one_it_goes_to() {
    let mut world = World::new("");
    let head = |world: &mut World| {
        let portal = world.start();
        let page = portal.get("/nl/object").text().to_owned();
        let letters = portal.get("/nl/letter").text().to_owned();
        (page.split("<p class=\"to\">").nth(1).unwrap().split("</p>").next().unwrap().to_owned(), letters)
    };
    // Where nothing is known of others there is nothing to lead to.
    let (said, _) = head(&mut world);
    assert!(said.ends_with("Niet naar een ander bedrijf."), "{said}");
    let text = std::fs::read_to_string(policies_folder().join("contacts.toml")).unwrap();
    world.contacts = read_contacts("contacts.toml", &text).unwrap();
    let (said, letters) = head(&mut world);
    assert!(said.contains("zoals X of WhatsApp.") && said.contains("/nl/letter") && !said.contains("Meta"), "{said}");
    assert!(letters.contains("/nl/letter/x") && !letters.contains("/nl/letter/meta"), "{letters}");
    world.contacts.controllers.retain(|controller| ["x", "meta"].contains(&controller.id.as_str()));
    assert!(head(&mut world).0.contains("zoals X. "));
}

#[test]
fn where_somebody_appears_is_asked_in_the_open() {
    let mut world = World::new("");
    let portal = world.start();
    let is_open = |page: &str| {
        let before = page.split("id=\"find\"").next().unwrap();
        assert!(before.len() < page.len());
        before.matches("<details").count() == before.matches("</details>").count()
    };
    assert!(is_open(portal.get("/nl/object").text()));
    // And what is wrong with it stands beside it.
    let fields = [("form", portal.mark("/nl/object", "/nl/object", None)), ("for", "none".to_owned()), ("everything", "yes".to_owned())];
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, text)| (*name, text.as_str())).collect();
    let told = portal.form("/nl/object", None, &fields);
    assert!(told.status == 422 && is_open(told.text()) && told.text().contains("id=\"find-problem\""), "{}", told.text());
}

#[test]
fn the_page_that_checks_says_where_the_keys_are() {
    let mut world = World::new("");
    let portal = world.start();
    let page = portal.get("/nl/check");
    assert!(page.text().contains("<a href=\"/ledger/trust.policy\">trust.policy</a>") && page.text().contains("hetzelfde register"));
}
