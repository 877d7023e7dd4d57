//! Every letter, by kind, language and person, byte for byte: `tests/letters/*.txt`. `BEZWAAR_WRITE_LETTERS=1` writes them anew; read
//! them aloud before committing.

use std::path::Path;

use bezwaar_letter::case::{Channel, Outcome, RequestKind, What};
use bezwaar_letter::compose::{ComposeError, FollowUp, Order, Scope, access, complaint, objection, reminder};
use bezwaar_letter::contacts::Contacts;
use bezwaar_letter::letter::{Letter, TEXT_WIDTH};
use bezwaar_letter::person::{Person, PersonError, Who};
use bezwaar_letter::texts::{Language, Texts};

use crate::world::{PLAZA, case, contacts, day, person, policies, policies_of, scope};

pub(crate) fn order<'a>(contacts: &'a Contacts, person: &'a Person, language: Language, date: &str) -> Order<'a> {
    let controller = contacts.controller("plaza").unwrap();
    Order { language, person, controller, authority: contacts.authority("ap"), date: day(date) }
}

/// Every letter with its name.
pub(crate) fn all() -> Vec<(String, Letter)> {
    let (policies, contacts) = (policies(), contacts());
    let mut found = Vec::new();
    for language in Language::ALL {
        let code = language.code();
        for who in Who::ALL {
            let person = person(who);
            let scope = scope(&policies, &contacts, who, &[]);
            let early = order(&contacts, &person, language, "2025-05-26");
            let late = order(&contacts, &person, language, "2025-06-27");
            let last = order(&contacts, &person, language, "2025-07-14");
            let name = |kind: &str| format!("{kind}-{code}-{}", who.as_str());
            found.push((name("objection"), objection(&early, &scope).unwrap()));
            found.push((name("access"), access(&early, &scope).unwrap()));
            let kind = if who == Who::Child { RequestKind::Access } else { RequestKind::Objection };
            let asked = case(kind, &[("2025-05-27", What::Answered(Outcome::Confirmation))]);
            let plain = case(kind, &[("2025-05-26", What::Received)]);
            let asked = if who == Who::Own { &plain } else { &asked };
            found.push((name("reminder"), reminder(&late, &FollowUp { case: asked, remarks: None }).unwrap()));
            let mut reminded = asked.clone();
            reminded.note(crate::world::event("2025-06-27", What::Reminded(Channel::Email))).unwrap();
            let remarks = (who == Who::NoAccount).then_some("Het formulier van het bedrijf vraagt om een account.");
            let follow_up = FollowUp { case: &reminded, remarks };
            found.push((name("complaint"), complaint(&last, &follow_up, contacts.authority("dpc")).unwrap()));
        }
        let own = Person { address: Vec::new(), ..person(Who::Own) };
        let own_order = order(&contacts, &own, language, "2025-05-26");
        for (name, named) in [
            ("consent", &["plaza/voice"][..]),
            ("narrow", &["plaza/posts"]),
            ("mixed", &["plaza/posts", "plaza/partners", "plaza/private"]),
        ] {
            let scope = scope(&policies, &contacts, Who::Own, named);
            found.push((format!("objection-{code}-{name}"), objection(&own_order, &scope).unwrap()));
        }
        let by_post = Person { email: None, ..person(Who::Own) };
        let quiet = Order { person: &by_post, controller: contacts.controller("quiet").unwrap(), authority: None, ..own_order };
        found.push((format!("objection-{code}-quiet"), objection(&quiet, &Scope::default()).unwrap()));
        let extended = case(RequestKind::Access, &[("2025-06-20", What::Extended)]);
        let autumn = order(&contacts, &own, language, "2025-09-01");
        found.push((format!("reminder-{code}-extended"), reminder(&autumn, &FollowUp { case: &extended, remarks: None }).unwrap()));
        let refused = case(RequestKind::Objection, &[("2025-06-20", What::Answered(Outcome::Refused))]);
        let dublin = Order { authority: contacts.authority("dpc"), ..own_order };
        let dublin = Order { date: day("2025-06-21"), ..dublin };
        found.push((format!("complaint-{code}-refused"), complaint(&dublin, &FollowUp { case: &refused, remarks: None }, None).unwrap()));
    }
    found
}

#[test]
fn letters_are_as_they_were_read() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/letters");
    let write = std::env::vars().any(|(name, _)| name == "BEZWAAR_WRITE_LETTERS");
    let mut names = Vec::new();
    let mut different = Vec::new();
    for (name, letter) in all() {
        let path = folder.join(format!("{name}.txt"));
        let text = letter.to_text();
        if write {
            std::fs::write(&path, &text).unwrap();
        } else if std::fs::read_to_string(&path).unwrap_or_default() != text {
            different.push(name.clone());
        }
        names.push(format!("{name}.txt"));
    }
    assert!(different.is_empty(), "not as in tests/letters: {different:?}; BEZWAAR_WRITE_LETTERS=1 writes them anew, then read them");
    for entry in std::fs::read_dir(folder).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(names.contains(&name), "{name} is no letter any more");
    }
}

#[test]
fn the_guide_shows_a_letter_as_it_is() {
    let guide = include_str!("../../../../docs/letters.md");
    let example = all().into_iter().find(|(name, _)| name == "objection-nl-narrow").unwrap().1.to_text();
    assert!(guide.contains(&format!("```text\n{example}```\n")), "docs/letters.md shows tests/letters/objection-nl-narrow.txt");
}

#[test]
fn no_letter_has_gaps() {
    for (name, letter) in all() {
        let text = letter.to_text();
        assert!(!text.contains(['{', '}', '\t', '\r']) && !text.contains("\n\n\n") && !text.contains("  - "), "{name}");
        assert!(letter.all_texts().iter().all(|text| !text.trim().is_empty() && !text.contains("  ")), "{name}");
        assert!(text.lines().all(|line| line.chars().count() <= TEXT_WIDTH || !line.trim().contains(' ')), "{name}");
        assert!(text.lines().all(|line| line.trim_end() == line) && text.ends_with('\n'), "{name}");
    }
}

/// What issue and law ask of every objection.
#[test]
fn objections_are_right_for_the_training_of_ai() {
    for (name, letter) in all().into_iter().filter(|(name, _)| name.starts_with("objection")) {
        let text = letter.all_texts().join("\n");
        let numbers = match letter.language {
            Language::Dutch => ["artikel 21, lid 1", "artikel 18, lid 1, onder d", "artikel 17, lid 1, onder", "artikel 19"],
            Language::English => ["Article 21(1)", "Article 18(1)(d)", "Article 17(1)", "Article 19"],
        };
        for number in numbers {
            assert!(text.contains(number), "{name} says nothing of {number}");
        }
        let forbidden = ["paspoortkopie", "gegarandeerd", "guarantee", "wordt verwijderd uit het model", "removed from the model"];
        assert!(forbidden.iter().all(|word| !text.contains(word)), "{name}");
        let marketing = text.contains("direct marketing");
        assert_eq!(marketing, !name.ends_with("-consent"), "{name}");
    }
}

#[test]
fn the_legal_basis_decides_what_is_said() {
    let (policies, contacts) = (policies(), contacts());
    let person = person(Who::Own);
    let said = |named: &[&str]| {
        let order = order(&contacts, &person, Language::English, "2025-05-26");
        objection(&order, &scope(&policies, &contacts, Who::Own, named)).unwrap().to_text().split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let posts = said(&["plaza/posts"]);
    assert!(posts.contains("for this use you rely on legitimate interests") && !posts.contains("withdraw") && !posts.contains("Partners"));
    assert!(posts.contains("Article 17(1)(c)") && !posts.contains("17(1)(b)"));
    let voice = said(&["plaza/voice"]);
    assert!(voice.contains("I withdraw the consent for the use of my personal data") && voice.contains("(Article 17(1)(b) GDPR)"));
    let partners = said(&["plaza/partners"]);
    assert!(
        partners.contains("I could not find on which legal basis") && partners.contains("As far as you rely on consent, I withdraw it")
    );
    let help = said(&["plaza/help"]);
    assert!(help.contains("a contract (Article 6(1)(b) GDPR)"));
    let everything = said(&[]);
    assert!(everything.contains("“Public posts” and “Chats with Plaza AI” you rely on legitimate interests"));
    assert!(
        everything.contains("every other use") && !everything.contains("Private messages") && !everything.contains("without an account")
    );
    assert!(said(&["plaza/private"]).contains("you have said that you do not do this"));
}

#[test]
fn what_was_never_published_is_not_called_a_version() {
    let (policies, contacts) = (policies(), contacts());
    let person = person(Who::Own);
    let named = scope(&policies, &contacts, Who::Own, &[]);
    let mut practice = named.versions[0].clone();
    practice.published = bezwaar_core::policy::When::Never;
    let found = Scope { versions: vec![&practice], uses: named.uses.clone(), narrowed: false };
    let said = |scope: &Scope<'_>, language: Language| {
        let letter = objection(&order(&contacts, &person, language, "2025-05-26"), scope).unwrap().to_text();
        letter.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let dutch = said(&found, Language::Dutch);
    assert!(dutch.contains(", zoals u het doet sinds 1 mei 2025)") && !dutch.contains("versie van"), "{dutch}");
    assert!(said(&found, Language::English).contains(", as you have done it since 1 May 2025)"));
    assert!(said(&named, Language::Dutch).contains("versie van 1 mei 2025"));
}

#[test]
fn people_without_an_account_are_not_asked_to_log_in() {
    for (_, letter) in all().into_iter().filter(|(name, _)| name.ends_with("no-account") && name.starts_with("objection")) {
        let text = letter.all_texts().join("\n");
        assert!(
            text.contains("https://plaza.example/p/123") && text.contains("People without an account") && !text.contains("Public posts")
        );
    }
}

/// What is said of a use counts as far as the person's age and country are known; a use that is asked for by name stays.
#[test]
fn uses_are_named_when_they_concern_the_person() {
    let with = |id: &str, line: &str| PLAZA.replace(&format!("id = \"{id}\"\n"), &format!("id = \"{id}\"\n{line}\n"));
    let named = |text: &str, person: &Person, asked: &[String]| -> Vec<String> {
        let (policies, contacts) = (policies_of(text), contacts());
        let at = bezwaar_core::time::Instant::parse("2025-05-26T10:00:00Z").unwrap();
        let scope = Scope::of(&policies, contacts.controller("plaza").unwrap(), person, at, asked).unwrap();
        scope.uses.iter().map(|one| one.id.clone()).collect()
    };
    let names = |text: &str, person: &Person| named(text, person, &[]).contains(&"plaza/posts".to_owned());
    let aged = |who: Who, age: i64| Person { age: Some(age), ..person(who) };
    let adults = with("plaza/posts", "min_age = 18");
    assert!(!names(&adults, &person(Who::Child)) && names(&adults, &person(Who::Own)), "a child is under 16, of others nothing is known");
    assert!(!names(&adults, &aged(Who::Own, 17)) && names(&adults, &aged(Who::Own, 18)));
    let teenagers = with("plaza/posts", "min_age = 13");
    assert!(
        !names(&teenagers, &aged(Who::Child, 12)) && names(&teenagers, &aged(Who::Child, 13)) && names(&teenagers, &person(Who::Child))
    );
    let abroad = with("plaza/posts", "regions = [\"GB\", \"CH\"]");
    assert!(!names(&abroad, &person(Who::Own)) && names(&abroad, &Person { country: Some("GB".into()), ..person(Who::Own) }));
    assert!(names(&abroad, &Person { country: None, ..person(Who::Own) }), "nobody knows where they live");
    assert!(names(&with("plaza/posts", "regions = [\"EEA\"]"), &person(Who::Own)));
    assert_eq!(named(&adults, &person(Who::Child), &["plaza/posts".to_owned()]), ["plaza/posts"], "what is asked for stays");
    // Others post about a child, or about whoever authorised somebody, with an account of their own or without.
    let strangers = |who: Who| named(PLAZA, &person(who), &[]).contains(&"plaza/strangers".to_owned());
    assert_eq!(Who::ALL.map(strangers), [false, true, true, true]);
}

#[test]
fn a_refusal_has_to_be_shown_to_be_right() {
    let contacts = contacts();
    let person = person(Who::Own);
    let said = |kind: RequestKind, outcome: Outcome, language: Language| {
        let case = case(kind, &[("2025-06-20", What::Answered(outcome))]);
        let follow_up = FollowUp { case: &case, remarks: Some("x") };
        let letter = complaint(&order(&contacts, &person, language, "2025-06-21"), &follow_up, None).unwrap();
        letter.to_text().split_whitespace().collect::<Vec<_>>().join(" ")
    };
    for outcome in [Outcome::Refused, Outcome::Partly] {
        let dutch = said(RequestKind::Objection, outcome, Language::Dutch);
        assert!(dutch.contains("dwingende gerechtvaardigde gronden") && dutch.contains("artikel 12, lid 4, AVG"), "{dutch}");
        let access = said(RequestKind::Access, outcome, Language::English);
        assert!(access.contains("why it does not do what I asked (Article 12(4) GDPR)") && !access.contains("compelling"), "{access}");
    }
    for outcome in [Outcome::Agreed, Outcome::Other] {
        assert!(!said(RequestKind::Objection, outcome, Language::English).contains("compelling"), "nothing was refused");
    }
}

#[test]
fn unknown_uses_are_refused() {
    let (policies, contacts) = (policies(), contacts());
    let at = bezwaar_core::time::Instant::parse("2025-05-26T10:00:00Z").unwrap();
    let found = Scope::of(&policies, contacts.controller("plaza").unwrap(), &person(Who::Own), at, &["plaza/none".into()]);
    assert_eq!(found.unwrap_err(), ComposeError::UnknownUse("plaza/none".into()));
}

#[test]
fn reminders_come_after_the_last_day() {
    let contacts = contacts();
    let person = person(Who::Own);
    let made = |date: &str, case: &bezwaar_letter::case::Case| {
        reminder(&order(&contacts, &person, Language::English, date), &FollowUp { case, remarks: None }).map(|_| ())
    };
    // Expected on Saturday 14 June, in time until Monday 16 June.
    let mut deferred = case(RequestKind::Objection, &[]);
    deferred.events[0].day = day("2025-05-14");
    assert_eq!(made("2025-06-16", &deferred), Err(ComposeError::NotDueYet(day("2025-06-16"))));
    assert_eq!(made("2025-06-17", &deferred), Ok(()));
    // By post, receipt unknown: a week more.
    let mut post = deferred.clone();
    post.events[0].what = What::Sent(Channel::Post);
    assert_eq!(made("2025-06-23", &post), Err(ComposeError::NotDueYet(day("2025-06-23"))), "from 21 May: 21 June is a Saturday");
    assert_eq!(made("2025-06-24", &post), Ok(()));
    let answered = case(RequestKind::Objection, &[("2025-06-01", What::Answered(Outcome::Partly))]);
    assert_eq!(made("2025-07-30", &answered), Err(ComposeError::Answered));
    let never = bezwaar_letter::case::Case::new("plaza", RequestKind::Access, None);
    assert_eq!(made("2025-07-30", &never), Err(ComposeError::NotSent));
}

#[test]
fn complaints_need_something_to_complain_of() {
    let contacts = contacts();
    let person = person(Who::Own);
    let made = |date: &str, case: &bezwaar_letter::case::Case, remarks: Option<&str>| {
        complaint(&order(&contacts, &person, Language::Dutch, date), &FollowUp { case, remarks }, None).map(|letter| letter.to_text())
    };
    let waiting = case(RequestKind::Objection, &[]);
    assert_eq!(made("2025-06-26", &waiting, None), Err(ComposeError::NotDueYet(day("2025-06-26"))));
    let early = made("2025-06-20", &waiting, Some("Het bedrijf traint gewoon door.")).unwrap();
    assert!(early.contains("Het bedrijf traint gewoon door.") && !early.contains("houdt aan artikel 12"), "nothing is late yet");
    let agreed = case(RequestKind::Objection, &[("2025-06-01", What::Answered(Outcome::Agreed))]);
    assert_eq!(made("2025-07-26", &agreed, None), Err(ComposeError::NothingToComplain));
    let nobody = Order { authority: None, ..order(&contacts, &person, Language::Dutch, "2025-07-26") };
    let found = complaint(&nobody, &FollowUp { case: &waiting, remarks: None }, None);
    assert_eq!(found.unwrap_err(), ComposeError::NoAuthority);
}

#[test]
fn all_that_is_wrong_with_a_person_is_said_at_once() {
    let contacts = contacts();
    let empty = Person { who: Who::Child, ..Person::default() };
    let found = objection(&order(&contacts, &empty, Language::Dutch, "2025-05-26"), &Scope::default());
    assert_eq!(found.unwrap_err(), ComposeError::Person(vec![PersonError::NoName, PersonError::NoReach, PersonError::NoRepresented]));
}

/// Every text of a letter is used by some letter, in the sections that letters are made of.
#[test]
fn every_text_of_letters_is_used() {
    for language in Language::ALL {
        let texts = Texts::of(language);
        let said: String =
            all().iter().filter(|(_, letter)| letter.language == language).map(|(_, letter)| letter.all_texts().join(" ")).collect();
        let rare = [
            "basis-public",
            "version-practice",
            "reasons",
            "basis-rest",
            "basis-unknown",
            "legal-obligation",
            "month-post",
            "agreed",
            "partly",
            "asked",
            "other",
            "complained",
            "extended",
            "no-answer-yet",
            "forward",
            "grounds-access",
        ];
        for section in ["part", "objection", "access", "reminder", "complaint"] {
            for (key, text) in &texts.sections()[section] {
                let longest = text.split(['{', '}']).step_by(2).max_by_key(|part| part.len()).unwrap().trim();
                assert!(said.contains(longest) || rare.contains(&key.as_str()), "{language:?}: {section}.{key} is never said");
            }
        }
    }
}

#[test]
fn nothing_personal_in_debug() {
    for (_, letter) in all() {
        assert!(!format!("{letter:?}").contains("Noor"));
    }
    assert!(!format!("{:?}", person(Who::Child)).contains("Vries"));
}
