//! What the reader of policies says about mistakes: all at once, each with its place and what to write instead.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may stop at the first surprise"
)]

use bezwaar_core::policy::read::{PolicyFile, read_policies};
use bezwaar_core::policy::{Assessment, ClaimKind, ControlDetails, Named, Notice, Period, Repeat, UseDetails};

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
    check(
        &[file("club", "2026-01-01", text)],
        &[
            "club/2026-01-01.toml:1:10: `format` must be a whole number from 1 to 1, not 2; write format = 1",
            "club/2026-01-01.toml:12:13: `published` must be a day, `unknown` or `never`, not `2025-02-29`; write published = \"2025-05-27\"",
            "club/2026-01-01.toml:13:13: `effective` must be a day, not `soon`; write effective = \"2025-05-27\"",
            "club/2026-01-01.toml:22:9: `grade` has the unknown word `A`; did you mean `D`? known are `P`, `R`, `S`, `W`, `K`, `D`",
            "club/2026-01-01.toml:36:1: `default` is missing; default = \"on\"  # what silence means",
            "club/2026-01-01.toml:40:14: `recipients` must be a list of texts, not a text; write recipients = [\"…\"]",
            "club/2026-01-01.toml:42:12: `declared` has the unknown word `txt`; did you mean `text`? known are `text`, `practice`, `non-use`",
            "club/2026-01-01.toml:43:1: unknown key `defualt`; did you mean `default`?",
            "club/2026-01-01.toml:49:13: `retention` must be a text, not empty; write retention = \"…\"",
            "club/2026-01-01.toml:54:23: `categories` has the unknown word `coment`; did you mean `comment`? known are `post`, `comment`, `photo`, `video`, `audio`, `profile`, `message`, `ai-interaction`, `reaction`, `metadata`",
            "club/2026-01-01.toml:55:1: unknown key `colour`; known here are `categories`, `audience`",
            "club/2026-01-01.toml:56:12: `audience` must be a list of texts, not an empty list; write audience = [\"public\"]",
        ],
    );
}

/// What is in the grammar and cannot be right.
#[test]
fn mistakes_of_content_are_told_all_at_once() {
    let text = club(&[
        ("zone = \"Europe/Amsterdam\"", "zone = \"Europe/Amsterdm\""),
        ("stated = [\"quote\"]", "stated = [\"quote\", \"mention\", \"ghost\"]"),
        (
            "controls = [\"club/model-setting\"]",
            "controls = [\"club/model-seting\", \"club/other\"]\nregions = [\"NL\", \"nl\", \"Europe\"]",
        ),
        (
            "on_deletion = \"removed from the training set within a day\"\nsources = [\"self\"]",
            "on_deletion = \"removed\"\nsources = []\nevidence = { default = [\"slef\"], colour = [\"self\"] }",
        ),
        ("declared = \"text\"", "declared = \"non-use\""),
        (
            "audience = [\"public\"]\n",
            "audience = [\"public\"]\n\n[[use.data]]\ncategories = [\"photo\", \"post\"]\n\n[[use.carve_out]]\nid = \"promise\"\ntitle = \"T\"\nfrom = \"2026-01-01\"\nwindow = { from = \"2026-02-01\", through = \"2026-01-01\" }\nsources = [\"self\"]\n\n[[use]]\nid = \"clup/model\"\ntitle = \"T\"\npurpose = \"P\"\nrecipients = []\nlegal_basis = \"none\"\ndeclared = \"text\"\ndefault = \"on\"\ncontrols = []\nannounced = \"never\"\neffective = \"unknown\"\ncollection_began = \"unknown\"\ncontrol_first_offered = \"never\"\ncontinues = [\"club/gone\"]\nretention = \"R\"\non_deletion = \"D\"\nsources = [\"self\"]\ndata = []\n\n[[dispute]]\nid = \"D1\"\nquestion = \"Q\"\nprotective = \"withhold\"\nuses = [\"club/model\", \"club/modle\"]\noutside = \"undertaking\"\nfacts = [\"controls\", \"requires_log\"]\nsources = [\"self\", \"press\"]\nposition = [{ holder = \"A\", says = \"S\", sources = [\"self\"] }]\n\n[[source]]\nid = \"self\"\ntitle = \"T\"\nurl = \"U\"\ndate = \"unknown\"\ngrade = \"W\"\n",
        ),
    ]);
    check(
        &[file("klub", "2026-01-02", text)],
        &[
            "klub/2026-01-02.toml:4:6: `club` is not the folder's name; write id = \"klub\", or rename it",
            "klub/2026-01-02.toml:7:8: not a time zone: write it as `Europe/Dublin`",
            "klub/2026-01-02.toml:11:6: `2026-01-01` is not the file's name; write id = \"2026-01-02\", or rename it",
            "klub/2026-01-02.toml:25:31: unknown relation `ghost`; known are mention, quote, reply, depict, participant, forwarder",
            "klub/2026-01-02.toml:26:14: `mention` withholds in stated but not in protective, which must be stricter; add \"mention\"",
            "klub/2026-01-02.toml:42:12: a non-use names the promise it rests on; add promise = \"…\": what was promised, and by whom",
            "klub/2026-01-02.toml:44:13: there is no control `club/model-seting` in this file; did you mean `club/model-setting`?",
            "klub/2026-01-02.toml:44:34: there is no control `club/other` in this file",
            "klub/2026-01-02.toml:45:18: `nl` is no region; write an ISO 3166-1 code in capitals, EU or EEA",
            "klub/2026-01-02.toml:45:24: `Europe` is no region; write an ISO 3166-1 code in capitals, EU or EEA",
            "klub/2026-01-02.toml:52:11: a fact without a source; name at least one [[source]] by its id; grade W if it is weak",
            "klub/2026-01-02.toml:53:25: there is no source `slef` in this file; did you mean `self`?",
            "klub/2026-01-02.toml:53:43: evidence for `colour`, which the use does not state; name a key of this use",
            "klub/2026-01-02.toml:60:24: `post` stands in two rows; a category belongs to one row, with one audience",
            "klub/2026-01-02.toml:66:10: the window ends before it begins; both days are inclusive",
            "klub/2026-01-02.toml:70:6: `clup/model` does not begin with `club/`; write id = \"club/…\"",
            "klub/2026-01-02.toml:70:6: continues `club/gone`, which no version up to this one has; name a use of this or an older version of the same policy",
            "klub/2026-01-02.toml:73:14: a use has at least one recipient; write \"third:*\" for third parties not named",
            "klub/2026-01-02.toml:86:8: a use names the kinds of data it takes; add a [[use.data]] with categories",
            "klub/2026-01-02.toml:92:23: there is no use `club/modle` in this file; did you mean `club/model`?",
            "klub/2026-01-02.toml:93:11: not every use named here has a carve-out `undertaking`",
            "klub/2026-01-02.toml:94:22: no use and no control has a fact `requires_log`; did you mean `requires_login`?",
            "klub/2026-01-02.toml:95:20: there is no source `press` in this file",
            "klub/2026-01-02.toml:96:12: a dispute names at least two positions; if nobody says otherwise it is not disputed",
            "klub/2026-01-02.toml:99:6: the source `self` stands here twice; give one of them another id, or keep one",
        ],
    );
}

const OPTIONAL: &[(&str, &str)] = &[
    ("summary = \"The first version.\"", "summary = \"The first version.\"\ncontact = \"privacy@club.example\"\ncomplaint_named = true"),
    (
        "kind = \"setting\"\nfirst_offered = \"2026-01-01\"",
        "kind = \"setting\"\nfirst_offered = \"2026-01-01\"\nconditional = \"unknown\"\ndeadline = \"2026-02-01\"\ndeadline_closes_right = false\nid_document_required = false\nrepeat_per = [\"account\", \"version\"]\nnon_users = true\nsteps = 0\nevidence = { steps = [\"weak\"] }",
    ),
    (
        "retention = \"two years\"",
        "retention = \"two years\"\ncontrol_named = \"general-link\"\ncontrol_covers = \"unknown\"\ninterest = \"better answers\"\nassessment = \"claimed\"\nspecial_categories = true\nart9 = \"none\"\ndeletion_reaches_training = \"unknown\"\nseparate_notice = false\nnotice = \"individual\"\nkept = [{ what = \"posts\", for = \"P2Y\", sources = [\"weak\"] }, { what = \"some\", for = \"no-end\", clause = \"longer-than-stated\", sources = [\"self\"] }]",
    ),
    (
        "[about]",
        "[[source]]\nid = \"weak\"\ntitle = \"A blog\"\nurl = \"https://blog.example\"\ndate = \"2026-01-01\"\ngrade = \"W\"\n\n[[claim]]\nid = \"adults\"\nkind = \"audience\"\nholder = \"The club's page\"\nsays = \"Adults only.\"\nuses = [\"club/model\"]\nage_min = 18\nsources = [\"weak\"]\n\n[about]",
    ),
];

#[test]
fn optional_facts_are_read_and_weak_sources_are_legal() {
    let files = [file("club", "2026-01-01", club(OPTIONAL))];
    check(&files, &[]);
    let set = read_policies(&files, None).unwrap();
    let version = &set.policies["club"].versions[0];
    assert_eq!(version.contact.as_deref(), Some("privacy@club.example"));
    assert_eq!((version.complaint_named, version.file.as_str()), (Some(true), "club/2026-01-01.toml"));
    let control = &version.controls[0];
    assert_eq!((control.details.conditional, control.details.non_users, control.details.steps), (None, Some(true), Some(0)));
    assert_eq!(control.details.repeat_per, Some([Repeat::Account, Repeat::Version].into()));
    assert_eq!((control.sources_of("steps"), control.sources_of("non_users")), (&["weak".to_owned()][..], &["self".to_owned()][..]));
    assert_eq!(control.facts["conditional"], "unknown");
    let details = &version.uses[0].details;
    assert_eq!((details.control_named, details.control_covers), (Some(Named::GeneralLink), None));
    assert_eq!((details.assessment, details.notice), (Some(Assessment::Claimed), Some(Notice::Individual)));
    assert_eq!(details.kept[0].period, Period::Span { months: 24, days: 0 });
    assert_eq!((details.kept[1].period, details.kept[1].clause.as_deref()), (Period::NoEnd, Some("longer-than-stated")));
    assert_eq!((version.claims[0].kind, version.claims[0].age_min), (ClaimKind::Audience, Some(18)));
}

/// A day that may be later than the true one is marked, where there is a day.
#[test]
fn a_day_can_be_the_latest_it_can_have_been() {
    let offered =
        ("control_first_offered = \"2026-01-01\"", "control_first_offered = \"2026-01-01\"\nat_latest = [\"control_first_offered\"]");
    let form = ("kind = \"setting\"", "kind = \"setting\"\nat_latest = [\"first_offered\"]");
    let set = read_policies(&[file("club", "2026-01-01", club(&[offered, form]))], None).unwrap();
    let version = &set.policies["club"].versions[0];
    assert_eq!(version.uses[0].details.at_latest, ["control_first_offered".to_owned()].into());
    assert_eq!(version.controls[0].details.at_latest, ["first_offered".to_owned()].into());
    for (from, to, because) in [
        (
            offered.0,
            "control_first_offered = \"unknown\"\nat_latest = [\"control_first_offered\"]",
            "`at_latest` names `control_first_offered`, which has no day",
        ),
        (offered.0, "control_first_offered = \"2026-01-01\"\nat_latest = [\"collection_began\"]", "at_latest"),
        (form.0, "kind = \"setting\"\nat_latest = [\"announced\"]", "at_latest"),
    ] {
        let problems = read_policies(&[file("club", "2026-01-01", club(&[(from, to)]))], None).unwrap_err();
        assert!(problems.iter().any(|problem| problem.message().contains(because)), "{problems:?}");
    }
}

/// What is left out is not known: nothing is made up for it.
#[test]
fn without_optional_facts_nothing_is_known() {
    let set = read_policies(&[file("club", "2026-01-01", CLUB)], None).unwrap();
    let version = &set.policies["club"].versions[0];
    assert_eq!((&version.contact, version.complaint_named, version.claims.len()), (&None, None, 0));
    assert_eq!(version.uses[0].details, UseDetails::default());
    assert_eq!(version.controls[0].details, ControlDetails::default());
}

#[test]
fn mistakes_in_optional_facts_are_told() {
    let text = OPTIONAL.iter().fold(CLUB.to_owned(), |text, (old, new)| text.replacen(old, new, 1));
    let changed = [
        ("complaint_named = true", "complaint_named = \"yes\""),
        ("control_named = \"general-link\"", "control_named = \"general\""),
        ("for = \"P2Y\"", "for = \"2 years\""),
        ("steps = 0", "steps = -1"),
        ("assessment = \"claimed\"", "asessment = \"claimed\""),
    ]
    .iter()
    .fold(text.clone(), |text, (old, new)| text.replacen(old, new, 1));
    check(
        &[file("club", "2026-01-01", changed)],
        &[
            "club/2026-01-01.toml:16:19: `complaint_named` must be true, false or `unknown`, not a text; write complaint_named = true",
            "club/2026-01-01.toml:58:9: `steps` must be a whole number from 0 to 1000, not -1; write steps = 0",
            "club/2026-01-01.toml:76:17: `control_named` has the unknown word `general`; known are `by-name`, `general-link`, `not-named`, `unknown`",
            "club/2026-01-01.toml:79:1: unknown key `asessment`; did you mean `assessment`?",
            "club/2026-01-01.toml:85:33: `for` must be a period such as P18M, or one of account, removal, no-end, unknown, not `2 years`; write for = \"P18M\"",
        ],
    );
    let changed = [
        ("\"version\"]\nnon_users", "\"verson\"]\nnon_users"),
        ("evidence = { steps = [\"weak\"] }", "evidence = { step = [\"weak\"], non_users = [\"weka\"] }"),
        ("what = \"some\"", "what = \"posts\""),
        ("kind = \"audience\"", "kind = \"no-sale\""),
        ("uses = [\"club/model\"]\nage_min", "uses = [\"club/modle\"]\nage_min"),
    ]
    .iter()
    .fold(text, |text, (old, new)| text.replacen(old, new, 1));
    check(
        &[file("club", "2026-01-01", changed)],
        &[
            "club/2026-01-01.toml:38:9: there is no use `club/modle` in this file; did you mean `club/model`?",
            "club/2026-01-01.toml:39:11: only a claim about an audience has an age; an age belongs to kind = \"audience\"",
            "club/2026-01-01.toml:56:26: `repeat_per` has the unknown word `verson`; did you mean `version`? known are account, version, campaign; [] says that once is enough",
            "club/2026-01-01.toml:59:21: evidence for `step`, which the control does not state; name a key of this control",
            "club/2026-01-01.toml:59:44: there is no source `weka` in this file; did you mean `weak`?",
            "club/2026-01-01.toml:85:71: the row for `posts` stands here twice; give one of them another what, or keep one",
        ],
    );
}

/// A version of the club's policy that begins on a day, with some texts in the place of others.
fn later(day: &str, changes: &[(&str, &str)]) -> PolicyFile {
    let (id, effective) = (format!("id = \"{day}\""), format!("effective = \"{day}\"\nsummary"));
    let dated = [("id = \"2026-01-01\"", id.as_str()), ("effective = \"2026-01-01\"\nsummary", effective.as_str())];
    file("club", day, club(&[&dated, changes].concat()))
}

const RENAMED: (&str, &str) = ("id = \"club/model\"", "id = \"club/model-two\"");

#[test]
fn a_use_that_takes_what_another_took_says_so() {
    let first = file("club", "2026-01-01", CLUB);
    check(
        &[first.clone(), later("2026-06-01", &[RENAMED])],
        &[
            "club/2026-06-01.toml:37:6: `club/model-two` takes data for recipients that `club/model` took in `club/2026-01-01.toml`, and does not say that it continues it; add continues = [\"club/model\"], so that who objected to it stays out",
        ],
    );
    let says_so = ("id = \"club/model\"", "id = \"club/model-two\"\ncontinues = [\"club/model\"]");
    check(&[first.clone(), later("2026-06-01", &[says_so])], &[]);
    // It is enough to have said so once…
    check(&[first.clone(), later("2026-06-01", &[says_so]), later("2026-07-01", &[RENAMED])], &[]);
    // …and it does not help to let a version pass, …
    let photos = [("id = \"club/model\"", "id = \"club/photos\""), ("categories = [\"post\", \"comment\"]", "categories = [\"photo\"]")];
    check(
        &[first.clone(), later("2026-06-01", &photos), later("2026-07-01", &[RENAMED])],
        &[
            "club/2026-07-01.toml:37:6: `club/model-two` takes data for recipients that `club/model` took in `club/2026-01-01.toml`, and does not say that it continues it; add continues = [\"club/model\"], so that who objected to it stays out",
        ],
    );
    // …or to have had the name before, for less.
    check(
        &[first, later("2026-06-01", &photos), later("2026-07-01", &[photos[0]])],
        &[
            "club/2026-07-01.toml:37:6: `club/photos` takes data for recipients that `club/model` took in `club/2026-01-01.toml`, and does not say that it continues it; add continues = [\"club/model\"], so that who objected to it stays out",
        ],
    );
}

#[test]
fn what_stands_twice_is_refused() {
    let signal = "[[signal]]\nname = \"gpc\"\nmeans = \"no\"\nsources = [\"self\"]\n\n";
    let carve = "\n[[use.carve_out]]\nid = \"c\"\ntitle = \"T\"\nfrom = \"2026-01-01\"\nsources = [\"self\"]\n";
    let signals = format!("{}[[control]]", signal.repeat(2));
    let text = format!("{}{}", club(&[("[[control]]", &signals)]), carve.repeat(2));
    check(
        &[file("club", "2026-01-01", text)],
        &[
            "club/2026-01-01.toml:35:8: the signal `gpc` stands here twice; give one of them another name, or keep one",
            "club/2026-01-01.toml:74:6: the carve-out `c` stands here twice; give one of them another id, or keep one",
        ],
    );
}

#[test]
fn versions_of_one_policy_have_one_zone_and_a_day_each() {
    let second = club(&[("id = \"2026-01-01\"", "id = \"second\""), ("zone = \"Europe/Amsterdam\"", "zone = \"UTC\"")]);
    check(
        &[file("club", "2026-01-01", CLUB), file("club", "second", second)],
        &[
            "club/second.toml:13:13: takes effect on 2026-01-01, as does `club/2026-01-01.toml`: versions must not overlap; give one of them another day; each version runs until the next begins",
            "club/second.toml:13:13: the zone differs from that of `club/2026-01-01.toml`; all versions of a policy begin their days in one zone",
        ],
    );
}

#[test]
fn what_is_no_toml_is_told_with_its_place() {
    let broken = club(&[("title = \"A club\"", "title = \"A club"), ("default = \"on\"", "default = on")]);
    check(
        &[file("club", "2026-01-01", broken), file("club", "empty", "")],
        &[
            "club/2026-01-01.toml:5:16: not TOML: invalid basic string, expected `\"`",
            "club/2026-01-01.toml:43:11: not TOML: string values must be quoted, expected literal string",
            "club/empty.toml:1:1: `format` is missing; format = 1  # version of this format",
            "club/empty.toml:1:1: `policy` is missing; policy = { … }  # whose policy this is",
            "club/empty.toml:1:1: `version` is missing; version = { … }  # which version this is",
            "club/empty.toml:1:1: `source` is missing; source = [{ … }]  # what backs the facts",
            "club/empty.toml:1:1: `about` is missing; about = { … }  # which relations withhold for people others write about",
        ],
    );
}

#[test]
fn limits_are_told_with_what_was_found() {
    let sets = ["NL", "BE", "DE", "FR"].map(|region| {
        format!(
            "\n[[use.carve_out]]\nid = \"{region}\"\ntitle = \"T\"\nfrom = \"2026-01-01\"\nregions = [\"{region}\"]\nsources = [\"self\"]\n"
        )
    });
    let at_the_limit = format!("{}{}", club(&[("default = \"on\"", "default = \"on\"\nregions = [\"EEA\"]")]), sets.concat());
    check(&[file("club", "2026-01-01", at_the_limit.clone())], &[]);
    let one_more = format!(
        "{at_the_limit}\n[[use.carve_out]]\nid = \"LU\"\ntitle = \"T\"\nfrom = \"2026-01-01\"\nregions = [\"LU\"]\nsources = [\"self\"]\n"
    );
    check(
        &[file("club", "2026-01-01", one_more)],
        &["club/2026-01-01.toml:37:6: 6 different sets of regions; at most 5 are read; split the policy, or fold rules that say the same"],
    );

    let windows = |many: usize| -> String {
        let one = |place: usize| {
            format!(
                "\n[[use.carve_out]]\nid = \"w-{place}\"\ntitle = \"T\"\nfrom = \"2026-01-01\"\nwindow = {{ from = \"2026-01-01\", through = \"2026-01-02\" }}\nsources = [\"self\"]\n"
            )
        };
        format!("{CLUB}{}", (0..many).map(one).collect::<String>())
    };
    check(&[file("club", "2026-01-01", windows(31))], &[]);
    check(
        &[file("club", "2026-01-01", windows(32))],
        &["club/2026-01-01.toml:37:6: 64 ends of windows; at most 62 are read; split the policy, or fold rules that say the same"],
    );

    let disputes = |many: usize| -> String {
        let position = "{ holder = \"A\", says = \"S\", sources = [\"self\"] }";
        let one = |place: usize| {
            format!(
                "\n[[dispute]]\nid = \"D{place}\"\nquestion = \"Q\"\nprotective = \"note\"\nuses = [\"club/model\"]\nsources = [\"self\"]\nposition = [{position}, {position}]\n"
            )
        };
        format!("{CLUB}{}", (0..many).map(one).collect::<String>())
    };
    check(&[file("club", "2026-01-01", disputes(200))], &[]);
    check(
        &[file("club", "2026-01-01", disputes(201))],
        &["club/2026-01-01.toml:13:13: 201 disputes; at most 200 are read; split the policy, or fold rules that say the same"],
    );

    let padded = |bytes: usize| format!("{CLUB}#{}", "x".repeat(bytes - CLUB.len() - 1));
    check(&[file("club", "2026-01-01", padded(1 << 20))], &[]);
    check(&[file("club", "2026-01-01", padded((1 << 20) + 1))], &["club/2026-01-01.toml:1:1: the file is over 1048576 bytes"]);

    let long = |many: usize| {
        club(&[("controls = [\"club/model-setting\"]", &format!("controls = [{}]", "\"club/model-setting\", ".repeat(many)))])
    };
    check(&[file("club", "2026-01-01", long(1_000))], &[]);
    check(
        &[file("club", "2026-01-01", long(1_001))],
        &["club/2026-01-01.toml:44:12: `controls` must be a list of texts, not a list that long; write controls = [\"…\"]"],
    );
}

#[test]
fn services_are_checked_too() {
    let services = "[[service]]\nid = \"club\"\ndigits = \"phon\"\n\n[[service]]\nid = \"Club\"\nhandels = \"exact\"\n\n[[service]]\nhandles = \"exact\"\n";
    let found = problems(&[file("club", "2026-01-01", CLUB)], Some(services));
    assert_eq!(
        found,
        [
            "services.toml:3:10: `digits` has the unknown word `phon`; did you mean `phone`? known are `id`, `phone`, `handle`, `opaque`",
            "services.toml:6:6: this service stands here twice; keep one of the two",
            "services.toml:7:1: unknown key `handels`; did you mean `handles`?",
            "services.toml:9:1: `id` is missing; id = \"…\"  # the part of an account before the colon",
        ],
        "found:\n{}",
        found.join("\n")
    );
}
