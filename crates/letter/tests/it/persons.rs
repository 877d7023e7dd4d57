use bezwaar_letter::person::{CHILD_AGE_BELOW, GROUNDS_CHARS_MAX, LINE_CHARS_MAX, LINES_MAX, Person, PersonError, Who, read_person};

use crate::world::person;

#[test]
fn a_file_of_details() {
    let text = "who = \"child\"\nname = \"Noor\"\nfor = \"Sam\"\nage = 15\nemail = \"noor@example.org\"\naccounts = [\"plaza: @sam\"]\n";
    let found = read_person("person.toml", text).unwrap();
    assert_eq!((found.who, found.subject_name(), found.problems()), (Who::Child, "Sam", vec![]));
    let text = text.replace("15", "16").replace("accounts", "acounts");
    let problems = read_person("person.toml", &text).unwrap_err();
    let shown: Vec<String> = problems.iter().map(|problem| problem.in_one_line(&text)).collect();
    assert_eq!(shown.len(), 2, "{shown:?}");
    assert!(shown.iter().any(|line| line.contains("who is 16 or older writes in their own name")), "{shown:?}");
}

#[test]
fn a_name_and_a_way_to_answer_are_enough() {
    let least = Person { name: "Noor".into(), email: Some("noor@example.org".into()), ..Person::default() };
    assert_eq!(least.problems(), []);
    let by_post = Person { email: None, address: vec!["Voorbeeldstraat 12".into()], ..least.clone() };
    assert_eq!(by_post.problems(), []);
    assert_eq!(Person { represented: Some("Sam".into()), ..least }.problems(), [PersonError::RepresentedUnused]);
}

#[test]
fn limits() {
    let with = |change: &dyn Fn(&mut Person)| {
        let mut one = person(Who::Own);
        change(&mut one);
        one.problems()
    };
    assert_eq!(with(&|one| one.name = "é".repeat(LINE_CHARS_MAX)), []);
    assert_eq!(with(&|one| one.name = "é".repeat(LINE_CHARS_MAX + 1)), [PersonError::TooLong]);
    assert_eq!(with(&|one| one.links = vec!["l".into(); LINES_MAX]), []);
    assert_eq!(with(&|one| one.links = vec!["l".into(); LINES_MAX + 1]), [PersonError::TooLong]);
    assert_eq!(with(&|one| one.grounds = Some("g".repeat(GROUNDS_CHARS_MAX))), []);
    assert_eq!(with(&|one| one.grounds = Some("g".repeat(GROUNDS_CHARS_MAX + 1))), [PersonError::GroundsTooLong]);
    assert_eq!(with(&|one| one.name = "Noor\nBcc: x".into()), [PersonError::ControlCharacter]);
    assert_eq!(with(&|one| one.grounds = Some("a\r\n\r\nb".into())), []);
    assert_eq!(with(&|one| one.grounds = Some("a\u{1b}[2Jb".into())), [PersonError::ControlCharacter]);
    let child = |age: i64| Person { age: Some(age), ..person(Who::Child) }.problems();
    assert_eq!((child(CHILD_AGE_BELOW - 1), child(CHILD_AGE_BELOW)), (vec![], vec![PersonError::ChildOldEnough]));
    assert_eq!(with(&|one| one.country = Some("nl".into())), [PersonError::NotACountry]);
    assert_eq!(with(&|one| one.email = Some("noor".into())), [PersonError::NotAnEmail]);
}

#[test]
fn no_error_repeats_a_detail() {
    for error in [PersonError::NoName, PersonError::NotAnEmail, PersonError::TooLong, PersonError::GroundsTooLong] {
        let text = error.to_string();
        assert!(!text.is_empty() && !text.ends_with('.') && !error.help().is_empty());
    }
}
