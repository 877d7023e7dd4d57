use bezwaar_letter::contacts::{FormKind, read_contacts};

use crate::world::contacts;

#[test]
fn contact_points_are_read() {
    let contacts = contacts();
    let plaza = contacts.controller("plaza").unwrap();
    assert_eq!((plaza.forms[0].kind, plaza.forms[0].login), (FormKind::Objection, Some(true)));
    assert_eq!(contacts.controller("quiet").unwrap().email, None);
    assert_eq!(contacts.authority_of("IE").unwrap().id, "dpc");
    assert_eq!((contacts.controller("meta"), contacts.authority_of("FR")), (None, None));
}

fn problems(change: impl Fn(&str) -> String) -> Vec<String> {
    let text = change(include_str!("contacts.toml"));
    let problems = read_contacts("contacts.toml", &text).map(|_| ()).expect_err("it should be refused");
    problems.iter().map(|problem| problem.in_one_line(&text)).collect()
}

#[test]
fn a_contact_point_without_a_source_or_a_date_is_refused() {
    let found = problems(|text| text.replacen("sources = [\"self\"]", "", 1));
    assert!(found.len() == 1 && found[0].contains("`sources` is missing"), "{found:?}");
    let found = problems(|text| text.replacen("sources = [\"self\"]", "sources = []", 1));
    assert!(found.len() == 1 && found[0].contains("a contact point without a source"), "{found:?}");
    let found = problems(|text| text.replacen("[\"self\"]", "[\"selv\"]", 1));
    assert!(found.len() == 1 && found[0].contains("did you mean `self`?"), "{found:?}");
    let found = problems(|text| text.replace("date = \"2025-04-01\"\n", ""));
    assert!(found.len() == 1 && found[0].contains("`date` is missing"), "{found:?}");
    let found = problems(|text| text.replace("grade = \"P\"\n", "grade = \"Z\"\n"));
    assert!(found.len() == 1 && found[0].contains("unknown word `Z`"), "{found:?}");
}

#[test]
fn all_problems_at_once_with_their_places() {
    let found = problems(|text| {
        text.replace(
            "country = \"IE\"\nemail = \"privacy@plaza.example\"",
            "country = \"Ireland\"\nemail = \"privacy at plaza\"\nfax = \"1\"",
        )
        .replace("kind = \"objection\"", "kind = \"objecton\"")
        .replace("id = \"dpc\"", "id = \"ap\"")
        .replace("https://plaza.example/dpo", "the office")
        .replace("https://plaza.example/object", "plaza.example/object")
    });
    let wanted = [
        "unknown key `fax`",
        "no country",
        "no e-mail address",
        "no contact point",
        "did you mean `objection`?",
        "twice",
        "no address on the web",
    ];
    for one in wanted {
        assert!(found.iter().any(|line| line.contains(one)), "{one}: {found:#?}");
    }
    assert_eq!(found.len(), wanted.len(), "{found:#?}");
    assert!(found[0].starts_with("contacts.toml:"), "{found:?}");
}

#[test]
fn nothing_in_an_address_can_open_another_header() {
    for bad in [
        "a@b.example\\nBcc: c@d.example",
        "a b@c.example",
        "<a@b.example>",
        "a@b.example,c@d.example",
        "a@@b.example",
        "a@b",
        "@b.example",
        ".a@b.example",
    ] {
        let found = problems(|text| text.replace("privacy@plaza.example", bad));
        assert!(found.len() == 1 && found[0].contains("is no e-mail address"), "{bad}: {found:?}");
    }
}

/// The contact points that ship are read by the same reader, and every one names what backs it.
#[test]
fn the_shipped_contact_points_are_good() {
    let text = include_str!("../../../../policies/contacts.toml");
    let shipped = read_contacts("policies/contacts.toml", text)
        .unwrap_or_else(|problems| panic!("{:#?}", problems.iter().map(|problem| problem.in_one_line(text)).collect::<Vec<_>>()));
    for id in ["ap", "dpc"] {
        assert!(shipped.authority(id).is_some(), "{id}");
    }
    let folders = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../../policies")).unwrap().map(|entry| entry.unwrap());
    let known: Vec<String> = folders.filter(|entry| entry.path().is_dir()).map(|entry| entry.file_name().into_string().unwrap()).collect();
    for controller in &shipped.controllers {
        let strangers: Vec<_> = controller.policies.iter().filter(|id| !known.contains(id)).collect();
        assert!(strangers.is_empty(), "{}: there is no policy {strangers:?}", controller.id);
    }
    let used: Vec<&String> =
        (shipped.controllers.iter().flat_map(|one| one.sources.iter().chain(one.forms.iter().flat_map(|form| &form.sources))))
            .chain(shipped.authorities.iter().flat_map(|one| &one.sources))
            .collect();
    let idle: Vec<_> = shipped.sources.iter().filter(|source| !used.contains(&&source.id)).map(|source| &source.id).collect();
    assert!(idle.is_empty(), "sources that back nothing: {idle:?}");
}
