//! `bezwaar letter`: letters by options and by questions, and the case beside them.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use insta::assert_snapshot;

use crate::bezwaar::Bench;

const CONTACTS: &str = r#"
[[controller]]
id = "club"
policies = ["club"]
name = "Reading Club Ltd"
address = ["1 Example Quay", "Dublin 2", "Ireland"]
country = "IE"
email = "privacy@club.example"
note = "Another company decides about the choir."
sources = ["self"]

[[controller.form]]
id = "club-form"
title = "Object to AI at the club"
url = "https://club.example/object"
kind = "objection"
login = true
sources = ["self"]

[[controller]]
id = "quiet"
policies = []
name = "Quiet B.V."
sources = ["self"]

[[controller]]
id = "paper"
policies = []
name = "Paper B.V."
address = ["Voorbeeldplein 1", "1012 JS Amsterdam", "Netherlands"]
country = "NL"
sources = ["self"]

[[authority]]
id = "ap"
name = "Autoriteit Persoonsgegevens"
country = "NL"
url = "https://ap.example/complain"
languages = ["nl", "en"]
note = "First write to the company."
sources = ["self"]

[[authority]]
id = "dpc"
name = "Data Protection Commission"
country = "IE"
languages = ["en"]
sources = ["self"]

[[source]]
id = "self"
title = "Made up for tests"
url = "https://club.example"
date = "2026-01-01"
grade = "P"
"#;

const PERSON: &str = r#"name = "Noor de Vries"
email = "noor@example.org"
address = ["Voorbeeldstraat 12", "3511 AB Utrecht"]
accounts = ["club: noor"]
"#;

fn bench() -> Bench {
    let bench = Bench::new();
    bench.write("contacts.toml", CONTACTS).write("me.toml", PERSON);
    bench
}

fn letter<'a>(kind: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    [&["letter", kind, "--policies", "policies", "--contacts", "contacts.toml"], more].concat()
}

/// Reads an output, one space between words.
fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn an_objection_goes_to_standard_output_and_what_to_do_to_standard_error() {
    let more = ["--to", "club", "--person", "me.toml", "--lang", "nl", "--date", "2026-05-26"];
    let shown = bench().run(&letter("objection", &more));
    let (letter, notes) = shown.split_once("--- stderr").unwrap();
    assert!(letter.starts_with("exit code 0\n--- stdout\nNoor de Vries\nVoorbeeldstraat 12\n3511 AB Utrecht\n"), "{letter}");
    let letter = words(letter);
    for part in [
        "26 mei 2026",
        "maak ik bezwaar tegen het gebruik van mijn persoonsgegevens om AI te trainen",
        "‘The reading club’, versie van 1 januari 2026",
        "‘The club's model’",
        "artikel 18, lid 1, onder d",
        "trek ik haar in",
        "de Autoriteit Persoonsgegevens",
        "Account: club: noor",
    ] {
        assert!(letter.contains(part), "{part}: {letter}");
    }
    assert!(!letter.contains("‘Letters’"), "what is promised not to be done is not named unasked");
    assert_snapshot!(notes.trim(), @"
    note: Stuur de brief naar privacy@club.example. Bewaar een kopie met de datum: dat is je bewijs.
    note: Over Reading Club Ltd: Another company decides about the choir.
    note: Soms gaat het sneller zo: Object to AI at the club, https://club.example/object (inloggen nodig)
    ");
}

#[test]
fn letters_are_for_their_owner_alone() {
    let bench = bench();
    for (name, begin) in [("brief.txt", "Noor de Vries\n"), ("brief.eml", "From: "), ("brief.pdf", "%PDF-1.7")] {
        let more = ["--to", "club", "--person", "me.toml", "--output", name];
        let shown = bench.run(&letter("access", &more));
        assert!(shown.starts_with("exit code 0\n--- stderr\nnote: The letter is in "), "{shown}");
        let bytes = std::fs::read(bench.path(name)).unwrap();
        assert!(bytes.starts_with(begin.as_bytes()), "{name}");
        let mode = std::fs::metadata(bench.path(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
    let eml = std::fs::read_to_string(bench.path("brief.eml")).unwrap();
    assert!(eml.contains("To: \"Reading Club Ltd\" <privacy@club.example>\r\n") && eml.contains("\r\nDate: "), "{eml}");
}

/// A mail to nobody says so: the postal address stands in letters only.
#[test]
fn a_mail_without_an_address_is_called_so() {
    let bench = bench();
    bench.write("contacts.toml", CONTACTS.replace("email = \"privacy@club.example\"\n", ""));
    let notes = |name: &str| bench.run(&letter("objection", &["--to", "club", "--person", "me.toml", "--lang", "nl", "--output", name]));
    let mail = notes("brief.eml");
    assert!(mail.contains("We kennen geen e-mailadres van Reading Club Ltd. De mail heeft dus nog geen adres"), "{mail}");
    assert!(!std::fs::read_to_string(bench.path("brief.eml")).unwrap().contains("\r\nTo:"));
    assert!(!notes("brief.pdf").contains("geen adres: zoek"));
}

/// What the contact points say is in the letter's language, where somebody wrote that down.
#[test]
fn forms_and_notes_are_in_the_letters_language() {
    let bench = bench();
    let policies = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../policies");
    std::os::unix::fs::symlink(policies, bench.path("shipped")).unwrap();
    for to in ["x", "meta", "linkedin", "github", "xai"] {
        let shown = bench.run(&["letter", "objection", "--policies", "shipped", "--to", to, "--person", "me.toml", "--lang", "nl"]);
        let notes = shown.split_once("--- stderr").unwrap().1;
        let english = ["A setting", "Controller for", "For people", " covers ", "Setting “", "Object "];
        assert!(!english.iter().any(|word| notes.contains(word)), "{to}: {notes}");
    }
}

#[test]
fn options_count_over_the_file() {
    let more = ["--to", "club", "--person", "me.toml", "--who", "child", "--for", "Sam", "--account", "club: sam", "--use", "club/songs"];
    let shown = words(&bench().run(&letter("objection", &more)));
    assert!(shown.contains("I write to you as the legal representative of Sam, who is under 16."), "{shown}");
    assert!(shown.contains("I withdraw the consent") && shown.contains("Account: club: sam") && !shown.contains("club: noor"), "{shown}");
}

#[test]
fn all_that_is_missing_is_said_at_once() {
    assert_snapshot!(bench().run(&letter("objection", &["--to", "club", "--who", "authorised"])), @"
    exit code 1
    --- stderr
      the letter has no name below it: give the name of who writes: --name, or `name` in the file of --person
      there is neither an e-mail address nor a postal address to answer to: give one of the two: --email or --address
      it is not said for whom the letter is: give the name of the child, or of who authorised you: --for
    error: 3 details of the letter are missing or wrong
    help: only a name and a way to answer are needed, and for whom you write
    ");
}

#[test]
fn what_is_not_there_is_said() {
    let bench = bench();
    let failed = |more: &[&str]| {
        let shown = bench.run(&letter("objection", &[&["--person", "me.toml"], more].concat()));
        shown.lines().filter(|line| !line.starts_with("---")).map(str::to_owned).collect::<Vec<_>>().join("\n")
    };
    assert_snapshot!(failed(&["--to", "clup"]), @"
    exit code 1
    error: there is no controller `clup` among the contact points; did you mean `club`?
    ");
    assert_snapshot!(failed(&["--to", "club", "--use", "club/none"]), @"
    exit code 1
    error: the policies of this controller have no use `club/none`
    help: `bezwaar policy list` shows the uses; without --use the letter is about all of them
    ");
    assert_snapshot!(failed(&["--to", "club", "--format", "pdf"]), @"
    exit code 2
    error: a PDF is not for a terminal
    help: name a file: --output letter.pdf
    ");
    assert_snapshot!(failed(&["--to", "club", "--output", "letter.doc"]), @"
    exit code 2
    error: the name `letter.doc` does not say in which form the letter is
    help: end it with .txt, .eml or .pdf, or add --format
    ");
    assert_snapshot!(failed(&["--to", "club", "--name", "山田 花子", "--output", "letter.pdf"]), @"
    exit code 1
    error: the font of the PDF has no sign for U+5B50, U+5C71, U+7530, U+82B1
    help: write the letter as text or mail, which can hold every character, or write it in Latin, Greek or Cyrillic letters
    ");
    assert!(!bench.path("letter.pdf").exists());
}

#[test]
fn a_file_of_details_with_mistakes_is_shown_with_its_lines() {
    let bench = bench();
    bench.write("me.toml", "name = \"Noor\"\nemial = \"noor@example.org\"\nwho = \"kid\"\n");
    let shown = bench.run(&letter("objection", &["--to", "club", "--person", "me.toml"]));
    assert!(shown.contains("me.toml:2:1") && shown.contains("did you mean `email`?") && shown.contains("me.toml:3:7"), "{shown}");
    assert!(shown.ends_with("error: 2 problems in `me.toml`; nothing was read"), "{shown}");
}

#[test]
fn a_case_from_the_letter_to_the_complaint() {
    let bench = bench();
    let more = ["--to", "club", "--person", "me.toml", "--date", "2026-05-13", "--output", "brief.eml", "--case", "zaak.toml"];
    let shown = bench.run(&letter("objection", &more));
    assert!(shown.ends_with("note: When you have sent the letter: bezwaar letter case zaak.toml --sent DATE --how email"), "{shown}");
    assert_eq!(std::fs::metadata(bench.path("zaak.toml")).unwrap().permissions().mode() & 0o777, 0o600);
    let case = |more: &[&str]| bench.run(&[&["letter", "case", "zaak.toml", "--policies", "."], more].concat());
    let sent = case(&["--date", "2026-05-20", "--lang", "nl", "--sent", "2026-05-13", "--how", "email"]);
    assert_snapshot!(sent, @"
    exit code 0
    --- stdout
    Bezwaar bij Reading Club Ltd
    Verstuurd: woensdag 13 mei 2026, per e-mail
    Ontvangen: nog niet bekend. We tellen vanaf woensdag 13 mei 2026.
    Antwoord te verwachten: uiterlijk zaterdag 13 juni 2026
    Die dag is een weekend of vrije dag. Het bedrijf heeft daarom tot en met maandag 15 juni 2026.
    woensdag 13 mei 2026: brief gemaakt
    Wat nu: wachten. Tot en met maandag 15 juni 2026 kan het antwoord nog op tijd komen.
    ");
    assert_snapshot!(std::fs::read_to_string(bench.path("zaak.toml")).unwrap(), @r#"
    # Bezwaar bij Reading Club Ltd
    # Verstuurd: woensdag 13 mei 2026, per e-mail
    # Ontvangen: nog niet bekend. We tellen vanaf woensdag 13 mei 2026.
    # Antwoord te verwachten: uiterlijk zaterdag 13 juni 2026
    # Die dag is een weekend of vrije dag. Het bedrijf heeft daarom tot en met maandag 15 juni 2026.
    # Bijgehouden door `bezwaar letter case`. Je mag dit bestand lezen en wijzigen. Het is van jou: niets hiervan wordt verstuurd.
    format = 1
    controller = "club"
    name = "Reading Club Ltd"
    kind = "objection"
    country = "IE"

    [[event]]
    day = "2026-05-13"
    what = "written"

    [[event]]
    day = "2026-05-13"
    what = "sent"
    how = "email"
    "#);
    let alone = bench.run(&["letter", "case", "zaak.toml", "--lang", "nl"]);
    assert!(alone.contains("Bezwaar bij Reading Club Ltd"), "the name is in the file: {alone}");
    let follow = |kind: &str, more: &[&str]| {
        let args = ["letter", kind, "--policies", "policies", "--contacts", "contacts.toml", "--case", "zaak.toml", "--person", "me.toml"];
        bench.run(&[&args[..], more].concat())
    };
    assert_snapshot!(follow("reminder", &["--date", "2026-06-15"]), @"
    exit code 1
    --- stderr
    error: the answer can still come in time, until the end of 2026-06-15
    help: wait until then, or say with --remarks what is wrong and write a complaint
    ");
    let reminder = words(&follow("reminder", &["--date", "2026-06-16"]));
    assert!(reminder.contains("That time ended on 15 June 2026 at the latest."), "{reminder}");
    assert!(reminder.contains("I ask you to answer by 30 June 2026 at the latest."), "{reminder}");
    case(&["--reminded", "2026-06-16", "--how", "email", "--note", "by mail to the DPO"]);
    let waiting = case(&["--date", "2026-07-01"]);
    assert!(waiting.contains("Note: by mail to the DPO") && waiting.ends_with("What now: you can lodge a complaint."), "{waiting}");
    let complaint = follow("complaint", &["--date", "2026-07-01", "--lang", "nl"]);
    assert!(complaint.contains("https://ap.example/complain"), "{complaint}");
    assert!(words(&complaint).contains("Is de Data Protection Commission hier leidend"), "{complaint}");
    let irish = follow("complaint", &["--date", "2026-07-01", "--lang", "nl", "--authority", "dpc"]);
    assert!(complaint.contains("note: Over Autoriteit Persoonsgegevens: First write to the company."), "{complaint}");
    assert!(irish.contains("note: Data Protection Commission leest deze talen: en."), "{irish}");
    let refused = case(&["--date", "2026-07-02", "--answered", "2026-07-02", "--outcome", "refused"]);
    assert!(refused.ends_with("If you do not agree with it, you can lodge a complaint."), "{refused}");
}

#[test]
fn cases_begin_and_are_not_mixed_up() {
    let bench = bench();
    assert_snapshot!(bench.run(&["letter", "case", "zaak.toml", "--sent", "2026-05-13", "--how", "post"]), @"
    exit code 2
    --- stderr
    error: there is no case `zaak.toml`
    help: to begin one, say with whom and about what: --to CONTROLLER --kind objection
    ");
    let begun =
        ["letter", "case", "zaak.toml", "--to", "quiet", "--kind", "access", "--policies", ".", "--sent", "2026-05-13", "--how", "post"];
    let shown = bench.run(&[&begun[..], &["--date", "2026-05-14"]].concat());
    assert!(shown.contains("We count from Wednesday 20 May 2026.") && shown.contains("we only counted weekends"), "{shown}");
    let shown = bench.run(&["letter", "case", "zaak.toml", "--received", "2026-05-12"]);
    assert_snapshot!(shown, @"
    exit code 1
    --- stderr
    error: this day lies before the day the request was sent
    help: check the day; a request that was sent again is a case of its own
    ");
    let shown = bench.run(&letter("objection", &["--to", "club", "--person", "me.toml", "--case", "zaak.toml", "--output", "brief.txt"]));
    assert!(shown.contains("`zaak.toml` holds another case") && !bench.path("brief.txt").exists(), "{shown}");
}

/// Who is reached by post alone is written to by post.
#[test]
fn a_case_is_told_of_the_way_the_letter_goes() {
    let bench = bench();
    let more = ["--to", "paper", "--person", "me.toml", "--lang", "nl", "--date", "2026-05-13", "--case", "zaak.toml"];
    let shown = bench.run(&letter("objection", &more));
    assert!(shown.contains("\nVoorbeeldplein 1\n1012 JS Amsterdam\nNederland\n"), "the country in the letter's language: {shown}");
    assert!(shown.ends_with("bezwaar letter case zaak.toml --sent DATUM --how post"), "{shown}");
    bench.run(&["letter", "case", "zaak.toml", "--sent", "2026-05-13", "--how", "post"]);
    let shown = bench.run(&letter("reminder", &["--person", "me.toml", "--case", "zaak.toml", "--date", "2026-07-13"]));
    assert!(shown.ends_with("bezwaar letter case zaak.toml --reminded DATE --how post"), "{shown}");
    let shown = bench.run(&letter("objection", &["--to", "quiet", "--person", "me.toml", "--case", "other.toml"]));
    assert!(shown.ends_with("--sent DATE --how other"), "{shown}");
}

#[test]
fn a_letter_that_is_there_stays() {
    let bench = bench();
    bench.write("brief.txt", "the proof");
    assert_snapshot!(bench.run(&letter("objection", &["--to", "club", "--person", "me.toml", "--output", "brief.txt", "--case", "zaak.toml"])), @"
    exit code 1
    --- stderr
    error: `brief.txt` is there already
    help: name another file, or move this one: it can be your proof of what you sent
    ");
    assert_eq!(std::fs::read_to_string(bench.path("brief.txt")).unwrap(), "the proof");
    assert!(!bench.path("zaak.toml").exists());
    let begun =
        ["letter", "case", "zaak.toml", "--to", "club", "--kind", "access", "--policies", ".", "--sent", "2026-05-13", "--how", "post"];
    bench.run(&begun);
    for kind in ["reminder", "complaint"] {
        let more = ["--person", "me.toml", "--case", "zaak.toml", "--date", "2026-07-13", "--output", "brief.txt"];
        let shown = bench.run(&letter(kind, &more));
        assert!(shown.contains("error: `brief.txt` is there already"), "{shown}");
    }
    let shown = bench.run_with(&ASK, "2\nquiet\n\nNoor\nnoor@example.org\n\n\n\nbrief.txt\nother.txt\n");
    assert!(shown.starts_with("exit code 0") && shown.contains("There is a file of that name already"), "{shown}");
    assert_eq!(std::fs::read_to_string(bench.path("brief.txt")).unwrap(), "the proof");
}

#[test]
fn people_know_companies_by_their_services() {
    for name in ["Choir", "CLUB", "reading club ltd"] {
        let bench = bench();
        let shown = bench.run_with(&ASK, format!("2\nring\n{name}\n\nNoor\nnoor@example.org\n\n\n\n\nbrief.txt\n"));
        assert!(shown.starts_with("exit code 0"), "{shown}");
        assert_eq!(shown.matches("Choose from: club (choir), quiet, paper").count(), 2, "the list again after `ring`: {shown}");
        assert!(std::fs::read_to_string(bench.path("brief.txt")).unwrap().contains("Reading Club Ltd"));
    }
}

const ASK: [&str; 6] = ["letter", "--ask", "--policies", "policies", "--contacts", "contacts.toml"];

#[test]
fn questions_lead_to_a_letter() {
    let bench = bench();
    let answers = "1\nClubb\nclub\n2\n\nNoor de Vries\nSam de Vries\nnoor\nnoor@example.org\n\nclub: sam\nNederland\nbe\n9\n1\nSam wil dit niet.\nbrief.doc\nbrief.txt\n";
    let shown = bench.run_with(&[&ASK[..], &["--lang", "nl"]].concat(), answers);
    assert!(shown.starts_with("exit code 0\n--- stderr\nWe maken samen een brief."), "{shown}");
    for part in [
        "Een bezwaar zegt nee.",
        "Kies uit: club (choir), quiet, paper",
        "Dat begrijpen we niet.",
        "Dit antwoord is nodig voor de brief.",
        "Hoe heet je kind?",
        "Zo ziet een e-mailadres er niet uit.",
        "In welk land woon je? Twee letters, zoals BE of DE. [NL]",
        "Dat land kennen we niet.",
        "1 = The archive: train models on the archive",
        "Schrijf niets op dat je niet kwijt wilt.",
        "note: De brief staat in brief.txt.",
        "bezwaar letter case brief.case.toml --sent DATUM",
    ] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    let text = words(&std::fs::read_to_string(bench.path("brief.txt")).unwrap());
    assert!(text.contains("Namens Sam de Vries maak ik bezwaar") && text.contains("Sam wil dit niet."), "{text}");
    assert!(text.contains("‘The archive’") && !text.contains("‘Songs’"), "{text}");
}

#[test]
fn almost_everything_can_be_skipped() {
    let bench = bench();
    // Access, to somebody we know nothing of, for oneself; a name and a postal address, and Enter for the rest.
    let shown = bench.run_with(&ASK, "2\nquiet\n\nNoor\n\n\n\nVoorbeeldstraat 12, 3511 AB Utrecht\n\n\n\n");
    assert!(shown.starts_with("exit code 0\n--- stderr\nWe make a letter together."), "{shown}");
    assert!(shown.contains("otherwise the company cannot send you an answer"), "an answer needs a way: {shown}");
    assert!(std::fs::read(bench.path("access-quiet.pdf")).unwrap().starts_with(b"%PDF"));
    let case = std::fs::read_to_string(bench.path("access-quiet.case.toml")).unwrap();
    assert!(case.contains("controller = \"quiet\"\nname = \"Quiet B.V.\"\nkind = \"access\"\n\n[[event]]"), "{case}");
    assert!(!shown.to_lowercase().contains("date of birth?") && !shown.contains("Upload"), "{shown}");
}

#[test]
fn questions_that_are_not_answered_leave_nothing_behind() {
    let bench = bench();
    let shown = bench.run_with(&ASK, "1\nclub\n");
    assert!(shown.starts_with("exit code 1") && shown.ends_with("error: no answer came any more"), "{shown}");
    assert!(!bench.path("objection-club.pdf").exists());
    assert_snapshot!(bench.run(&["letter"]), @"
    exit code 2
    --- stderr
    error: it is not said which letter to write
    help: name one (objection, access, reminder, complaint), or answer questions: --ask --policies DIR
    ");
}

/// A country where a use is not, an age below which it is not: the letter does not name it.
#[test]
fn country_and_age_are_taken_from_whoever_writes() {
    let policies = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../policies");
    let policies = policies.to_str().unwrap();
    let bench = bench();
    let letter = |to: &str, more: &[&str]| {
        let args = ["letter", "objection", "--policies", policies, "--to", to, "--person", "me.toml", "--lang", "en", "--format", "text"];
        words(&bench.run(&[&args[..], more].concat()))
    };
    assert!(letter("meta", &["--age", "30"]).contains("“Public content of adults”"), "{}", letter("meta", &["--age", "30"]));
    assert!(!letter("meta", &["--age", "16"]).contains("“Public content of adults”"));
    assert!(letter("meta", &["--age", "151"]).starts_with("exit code 2"));
    // Whoever is authorised holds no account, and need not be asked to log in.
    let authorised = letter("meta", &["--who", "authorised", "--for", "Sam"]);
    assert!(authorised.contains("“People without an account”"), "{authorised}");
    assert!(!letter("meta", &[]).contains("“People without an account”"));
    assert!(!authorised.contains("(needs a login)"), "{authorised}");
}

/// Answers have a limit: 16,384 bytes with the line's end.
#[test]
fn answers_are_read_up_to_a_limit() {
    let asked = |grounds: &str| {
        let bench = bench();
        let shown = bench.run_with(&ASK, format!("1\nclub\n\nNoor\nnoor@example.org\n\n\n\n\n{grounds}\nbrief.txt\n"));
        (shown, bench.path("brief.txt").exists())
    };
    let (shown, made) = asked(&("é".repeat(8_191) + "a"));
    assert!(shown.starts_with("exit code 0") && made, "{shown}");
    let (shown, made) = asked(&"é".repeat(8_192));
    assert!(shown.ends_with("error: an answer is longer than 16,384 bytes\nhelp: a few sentences are enough") && !made, "{shown}");
}

/// With the contact points and policies that ship, a letter can be made to everyone, in both languages, as PDF.
#[test]
fn everyone_that_ships_can_be_written_to() {
    let policies = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../policies");
    let policies = policies.to_str().unwrap();
    let contacts = std::fs::read_to_string(format!("{policies}/contacts.toml")).unwrap();
    let contacts: toml::Table = contacts.parse().unwrap();
    let bench = bench();
    for controller in contacts["controller"].as_array().unwrap() {
        let id = controller["id"].as_str().unwrap();
        for lang in ["nl", "en"] {
            for who in ["self", "no-account"] {
                let output = format!("{id}-{lang}-{who}.pdf");
                let args = ["letter", "objection", "--policies", policies, "--to", id, "--person", "me.toml", "--lang", lang, "--who", who];
                let shown = bench.run(&[&args[..], &["--output", &output]].concat());
                assert!(shown.starts_with("exit code 0"), "{id} {lang}: {shown}");
            }
        }
    }
}
