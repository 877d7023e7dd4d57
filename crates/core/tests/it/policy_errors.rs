//! What the reader of policies says about mistakes: all at once, each with its place and what to write instead.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "a test may stop at the first surprise")]

use bezwaar_core::policy::read::{PolicyFile, read_policies};

const CLUB: &str = include_str!("club.toml");

fn file(folder: &str, stem: &str, text: impl Into<String>) -> PolicyFile {
    PolicyFile { path: format!("{folder}/{stem}.toml"), folder: folder.to_owned(), stem: stem.to_owned(), text: text.into() }
}

/// The problems of files, one line each.
fn problems(files: &[PolicyFile], services: Option<&str>) -> Vec<String> {
    let problems = read_policies(files, services.map(|text| ("services.toml", text))).err().unwrap_or_default();
    let text_of = |path: &str| files.iter().find(|file| file.path == path).map(|file| file.text.as_str()).or(services).unwrap();
    problems.iter().map(|problem| problem.in_one_line(text_of(problem.file()))).collect()
}

/// The club's policy with some texts put in the place of others.
fn club(changes: &[(&str, &str)]) -> String {
    changes.iter().fold(CLUB.to_owned(), |text, (old, new)| {
        assert_eq!(text.matches(old).count(), 1, "`{old}` must stand there once");
        text.replace(old, new)
    })
}

#[track_caller]
fn check(files: &[PolicyFile], expected: &[&str]) {
    let found = problems(files, None);
    assert_eq!(found, expected, "found:\n{}", found.join("\n"));
}

#[test]
fn the_club_has_no_problems() {
    check(&[file("club", "2026-01-01", CLUB)], &[]);
}

/// What is out of the grammar.
#[test]
fn mistakes_of_form_are_told_all_at_once() {
    let text = club(&[
        ("default = \"on\"", "defualt = \"on\""),
        ("recipients = [\"lab\"]", "recipients = \"lab\""),
        ("published = \"2025-12-01\"", "published = \"2025-02-29\""),
        ("declared = \"text\"", "declared = \"txt\""),
        ("grade = \"P\"", "grade = \"A\""),
        ("format = 1", "format = 2"),
        ("retention = \"two years\"", "retention = \"\""),
        ("categories = [\"post\", \"comment\"]", "categories = [\"post\", \"coment\"]\ncolour = \"red\""),
        ("audience = [\"public\"]", "audience = []"),
        ("effective = \"2026-01-01\"\nsummary", "effective = \"soon\"\nsummary"),
    ]);
    check(&[file("club", "2026-01-01", text)], &[]);
}

/// What is in the grammar and cannot be right.
#[test]
fn mistakes_of_content_are_told_all_at_once() {
    let text = club(&[
        ("zone = \"Europe/Amsterdam\"", "zone = \"Europe/Amsterdm\""),
        ("stated = [\"quote\"]", "stated = [\"quote\", \"mention\", \"ghost\"]"),
        ("controls = [\"club/model-setting\"]", "controls = [\"club/model-seting\", \"club/other\"]\nregions = [\"NL\", \"nl\", \"Europe\"]"),
        ("on_deletion = \"removed from the training set within a day\"\nsources = [\"self\"]", "on_deletion = \"removed\"\nsources = []\nevidence = { default = [\"slef\"], colour = [\"self\"] }"),
        ("declared = \"text\"", "declared = \"non-use\""),
        ("audience = [\"public\"]\n", "audience = [\"public\"]\n\n[[use.data]]\ncategories = [\"photo\", \"post\"]\n\n[[use.carve_out]]\nid = \"promise\"\ntitle = \"T\"\nfrom = \"2026-01-01\"\nwindow = { from = \"2026-02-01\", through = \"2026-01-01\" }\nsources = [\"self\"]\n\n[[use]]\nid = \"clup/model\"\ntitle = \"T\"\npurpose = \"P\"\nrecipients = []\nlegal_basis = \"none\"\ndeclared = \"text\"\ndefault = \"on\"\ncontrols = []\nannounced = \"never\"\neffective = \"unknown\"\ncollection_began = \"unknown\"\ncontrol_first_offered = \"never\"\ncontinues = [\"club/gone\"]\nretention = \"R\"\non_deletion = \"D\"\nsources = [\"self\"]\ndata = []\n\n[[dispute]]\nid = \"D1\"\nquestion = \"Q\"\nprotective = \"withhold\"\nuses = [\"club/model\", \"club/modle\"]\noutside = \"undertaking\"\nsources = [\"self\", \"press\"]\nposition = [{ holder = \"A\", says = \"S\", sources = [\"self\"] }]\n\n[[source]]\nid = \"self\"\ntitle = \"T\"\nurl = \"U\"\ndate = \"unknown\"\ngrade = \"W\"\n"),
    ]);
    check(&[file("klub", "2026-01-02", text)], &[]);
}

#[test]
fn a_use_that_takes_what_another_took_says_so() {
    let next = |extra: &str| {
        club(&[
            ("id = \"2026-01-01\"", "id = \"2026-06-01\""),
            ("effective = \"2026-01-01\"\nsummary", "effective = \"2026-06-01\"\nsummary"),
            ("id = \"club/model\"\ntitle", &format!("id = \"club/model-two\"\n{extra}title")),
        ])
    };
    let first = file("club", "2026-01-01", CLUB);
    check(&[first.clone(), file("club", "2026-06-01", next(""))], &[]);
    check(&[first, file("club", "2026-06-01", next("continues = [\"club/model\"]\n"))], &[]);
}

#[test]
fn versions_of_one_policy_have_one_zone_and_a_day_each() {
    let second = club(&[
        ("id = \"2026-01-01\"", "id = \"second\""),
        ("zone = \"Europe/Amsterdam\"", "zone = \"UTC\""),
    ]);
    check(&[file("club", "2026-01-01", CLUB), file("club", "second", second)], &[]);
}

#[test]
fn what_is_no_toml_is_told_with_its_place() {
    let broken = club(&[("title = \"A club\"", "title = \"A club"), ("default = \"on\"", "default = on")]);
    check(&[file("club", "2026-01-01", broken), file("club", "empty", "")], &[]);
}

#[test]
fn limits_are_told_with_what_was_found() {
    let sets = ["NL", "BE", "DE", "FR"].map(|region| format!("\n[[use.carve_out]]\nid = \"{region}\"\ntitle = \"T\"\nfrom = \"2026-01-01\"\nregions = [\"{region}\"]\nsources = [\"self\"]\n"));
    let at_the_limit = format!("{}{}", club(&[("default = \"on\"", "default = \"on\"\nregions = [\"EEA\"]")]), sets.concat());
    check(&[file("club", "2026-01-01", at_the_limit.clone())], &[]);
    let one_more = format!("{at_the_limit}\n[[use.carve_out]]\nid = \"LU\"\ntitle = \"T\"\nfrom = \"2026-01-01\"\nregions = [\"LU\"]\nsources = [\"self\"]\n");
    check(&[file("club", "2026-01-01", one_more)], &[]);

    let windows = |many: usize| -> String {
        let one = |place: usize| format!("\n[[use.carve_out]]\nid = \"w-{place}\"\ntitle = \"T\"\nfrom = \"2026-01-01\"\nwindow = {{ from = \"2026-01-01\", through = \"2026-01-02\" }}\nsources = [\"self\"]\n");
        format!("{CLUB}{}", (0..many).map(one).collect::<String>())
    };
    check(&[file("club", "2026-01-01", windows(31))], &[]);
    check(&[file("club", "2026-01-01", windows(32))], &[]);

    let disputes = |many: usize| -> String {
        let position = "{ holder = \"A\", says = \"S\", sources = [\"self\"] }";
        let one = |place: usize| format!("\n[[dispute]]\nid = \"D{place}\"\nquestion = \"Q\"\nprotective = \"note\"\nuses = [\"club/model\"]\nsources = [\"self\"]\nposition = [{position}, {position}]\n");
        format!("{CLUB}{}", (0..many).map(one).collect::<String>())
    };
    check(&[file("club", "2026-01-01", disputes(200))], &[]);
    check(&[file("club", "2026-01-01", disputes(201))], &[]);

    let padded = |bytes: usize| format!("{CLUB}#{}", "x".repeat(bytes - CLUB.len() - 1));
    check(&[file("club", "2026-01-01", padded(1 << 20))], &[]);
    check(&[file("club", "2026-01-01", padded((1 << 20) + 1))], &[]);

    let long = |many: usize| club(&[("controls = [\"club/model-setting\"]", &format!("controls = [{}]", "\"club/model-setting\", ".repeat(many)))]);
    check(&[file("club", "2026-01-01", long(1_000))], &[]);
    check(&[file("club", "2026-01-01", long(1_001))], &[]);
}

#[test]
fn services_are_checked_too() {
    let services = "[[service]]\nid = \"club\"\ndigits = \"phon\"\n\n[[service]]\nid = \"Club\"\nhandels = \"exact\"\n\n[[service]]\nhandles = \"exact\"\n";
    let found = problems(&[file("club", "2026-01-01", CLUB)], Some(services));
    assert_eq!(found, [""], "found:\n{}", found.join("\n"));
}
