use super::*;

const GOOD: &str = r#"
base-url = "https://objection.example.org"
[organisation]
name = "Voorbeeld"
contact = "privacy@example.org"
[policies]
folder = "policies"
own = ["meta"]
services = ["facebook"]
"#;

#[test]
fn a_short_file_is_enough() {
    let settings = Settings::parse(GOOD).expect("a good file");
    assert_eq!(settings.languages, ["nl", "en"]);
    assert!(settings.is_secure());
}

#[test]
fn the_example_of_the_guide_is_good_and_names_everything() {
    let guide = include_str!("../../../../../docs/portal.md");
    let example = guide.split("```toml\n").nth(1).and_then(|rest| rest.split("```").next()).expect("an example");
    let settings = Settings::parse(example).expect("the example");
    assert!(
        settings.sign_in.oidc.as_ref().is_some_and(|oidc| oidc.known_record.is_some())
            && settings.sign_in.hand_over.is_some()
            && settings.mail.is_some()
    );
    // What the program calls its fields, from its own complaint about one it does not know.
    for (table, word) in [
        ("", "\n"),
        ("organisation", "[organisation]\n"),
        ("policies", "[policies]\n"),
        ("sign-in.oidc", "[sign-in.oidc]\n"),
        ("sign-in.hand-over", "[sign-in.hand-over]\n"),
        ("mail", "[mail]\n"),
        ("extract", "[extract]\n"),
        ("team.member", "[[team.member]]\n"),
        ("caller", "[[caller]]\n"),
        ("limits", "[limits]\n"),
    ] {
        let problem = Settings::parse(&format!("{word}no-such-field = 1\n")).expect_err("no such field").to_string();
        let names: Vec<&str> = problem.split('`').skip(3).step_by(2).collect();
        assert!(!names.is_empty(), "{problem}");
        for name in names {
            let told = example.contains(&format!("\n{name} = "))
                || example.starts_with(&format!("{name} = "))
                || example.contains(&format!("[{name}"));
            assert!(told, "docs/portal.md does not tell of `{name}` in `{table}`");
        }
    }
}

#[test]
fn a_sign_in_is_for_a_service_of_the_portal_and_its_test_can_fail() {
    let with = |oidc: &str| {
        Settings::parse(&format!(
            "{GOOD}[sign-in.oidc]\nissuer = \"https://a.example\"\nname = \"A\"\nclient-id = \"a\"\naccount-claim = \"x_id\"\n{oidc}"
        ))
    };
    let known = |claim: &str, value: &str| {
        with(&format!(
            "service = \"facebook\"\nknown-record = {{ claim = \"{claim}\", value = \"{value}\", account = \"facebook:id:1\" }}\n"
        ))
    };
    assert!(with("service = \"facebook\"\n").is_ok() && known("sub", "a-1").is_ok());
    assert!(known("sub", &"a".repeat(CLAIM_BYTES_MAX)).is_ok() && known("sub", &"a".repeat(CLAIM_BYTES_MAX + 1)).is_err());
    assert!(known("x_id", "1").is_err(), "it would hold the claim with itself");
    assert!(known("sub", "").is_err() && known("sub", " a").is_err() && known("", "a").is_err());
    assert!(with("service = \"facebok\"\n").is_err() && with("service = \"facebook\"\nkind = \"number\"\n").is_err());
}

#[test]
fn everything_that_is_wrong_is_told_at_once() {
    let text = GOOD.replace("https://objection.example.org", "http://objection.example.org/").replace("[\"meta\"]", "[]");
    let problems = Settings::parse(&text).expect_err("three mistakes").problems;
    assert_eq!(problems.len(), 3, "{problems:?}");
}

#[test]
fn a_file_has_so_many_bytes_members_and_callers_and_no_more() {
    let padded = |bytes: usize| Settings::parse(&format!("{GOOD}{}", "#".repeat(bytes - GOOD.len())));
    assert!(padded(SETTINGS_BYTES_MAX).is_ok() && padded(SETTINGS_BYTES_MAX + 1).is_err());
    let members = |count: usize| {
        let one = |number: usize| format!("[[team.member]]\nid = \"{number}\"\nmail = \"{number}@x.org\"\nroles = []\n");
        Settings::parse(&format!("{GOOD}{}", (0..count).map(one).collect::<String>()))
    };
    assert!(members(MEMBERS_MAX).is_ok());
    assert_eq!(members(MEMBERS_MAX + 1).expect_err("one too many").problems, ["`team` has too many members"]);
    let callers = |count: usize| {
        let hash = "0".repeat(64);
        let one = |number: usize| {
            format!("[[caller]]\nid = \"{number}\"\ncredential-sha256 = \"{hash}\"\nuse = \"a/b\"\nrecipient = \"c\"\nreleases = []\n")
        };
        Settings::parse(&format!("{GOOD}{}", (0..count).map(one).collect::<String>()))
    };
    assert!(callers(CALLERS_MAX).is_ok());
    assert_eq!(callers(CALLERS_MAX + 1).expect_err("one too many").problems, ["there are too many callers"]);
}

#[test]
fn plain_http_is_for_this_machine_only() {
    for (url, good) in [
        ("http://127.0.0.1:7390", true),
        ("http://localhost:1", true),
        ("http://[::1]:7390", true),
        ("http://localhost.example.org", false),
        ("http://127.0.0.1.example.org", false),
        ("http://example.org/127.0.0.1", false),
    ] {
        assert_eq!(Settings::parse(&GOOD.replace("https://objection.example.org", url)).is_ok(), good, "{url}");
    }
}

#[test]
fn an_unknown_field_is_told_with_its_line() {
    let error = Settings::parse(&GOOD.replace("contact =", "contacts =")).expect_err("an unknown field");
    assert!(error.problems[0].starts_with("line 5, column 1: unknown field"), "{error}");
}

#[test]
fn who_watches_does_not_work_on_cases_and_two_approvers_are_two_people() {
    let member = |id: &str, mail: &str, roles: &str| format!("[[team.member]]\nid = \"{id}\"\nmail = \"{mail}\"\nroles = [{roles}]\n");
    let team = |members: &[String]| Settings::parse(&format!("{GOOD}{}", members.concat()));
    assert!(team(&[member("a", "a@x.org", "\"handler\", \"approver\""), member("b", "b@x.org", "\"supervisor\"")]).is_ok());
    assert!(team(&[member("a", "a@x.org", "\"supervisor\", \"handler\"")]).is_err());
    assert!(team(&[member("a", "a@x.org", "\"approver\""), member("b", "A@x.org", "\"approver\"")]).is_err());
    assert!(team(&[member("a", "a@x.org", "\"approver\""), member("a", "b@x.org", "\"approver\"")]).is_err());
}
