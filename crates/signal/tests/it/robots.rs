//! robots.txt: groups and longest paths by RFC 9309, `Content-Usage` by the attachment draft.

use bezwaar_signal::{Answer, ROBOTS_BYTES_MAX, read_robots};

use crate::said;

/// `crawl` or `no crawl`, and the answers for an agent and a path.
fn at(text: &str, agent: &str, path: &str) -> String {
    let found = read_robots(text.as_bytes()).at(agent, path);
    let answers: Vec<String> = found.answers.iter().map(|(category, answer)| format!("{category}={}", answer.as_str())).collect();
    format!("{}; {}", if found.crawl { "crawl" } else { "no crawl" }, answers.join(", "))
}

const DRAFT: &str = "\
User-Agent: *
Allow: /
Disallow: /never/
Content-Usage: train-ai=n
Content-Usage: /ai-ok/ train-ai=y

User-Agent: ExampleBot
Allow: /
Content-Usage: train-ai=y
";

#[test]
fn the_example_of_the_attachment_draft() {
    assert_eq!(at(DRAFT, "OtherBot", "/test"), "crawl; train-ai=no");
    assert_eq!(at(DRAFT, "OtherBot", "/never/test"), "no crawl; ");
    assert_eq!(at(DRAFT, "OtherBot", "/ai-ok/test"), "crawl; train-ai=yes");
    assert_eq!(at(DRAFT, "ExampleBot", "/never/test"), "crawl; train-ai=yes");
    let read = read_robots(DRAFT.as_bytes());
    assert_eq!(said(read.read()), ["train-ai=no", "train-ai=yes", "train-ai=yes"]);
    let place = read.read().statements()[1].place();
    assert_eq!((place.line, place.column, place.within.as_str()), (5, 24, "Content-Usage for *, path /ai-ok/"));
}

#[test]
fn a_no_to_any_that_a_named_group_is_silent_about_is_told() {
    let unheard = |text: &str, agent: &str, path: &str| read_robots(text.as_bytes()).at(agent, path).unheard;
    let silent = "User-agent: *\nContent-Usage: train-ai=n, search=y\nContent-Usage: /odd/ search=\nDisallow: /never/\n\n\
                  User-agent: ExampleBot\nDisallow: /own/\n";
    assert_eq!(at(silent, "ExampleBot", "/x"), "crawl; ", "the standard's answer stays");
    assert_eq!(unheard(silent, "ExampleBot", "/x"), ["train-ai"]);
    assert_eq!(unheard(silent, "OtherBot", "/x"), [""; 0], "it is answered by that group");
    assert_eq!(unheard(silent, "ExampleBot", "/own/x"), [""; 0], "it may not be fetched");
    assert_eq!(unheard(silent, "ExampleBot", "/never/x"), [""; 0], "that group says nothing of the path");
    assert_eq!(unheard(DRAFT, "ExampleBot", "/test"), [""; 0], "its own group says yes");
    let elsewhere = "User-agent: *\nContent-Usage: train-ai=n\n\nUser-agent: ExampleBot\nContent-Usage: /a train-ai=y\n";
    assert_eq!((unheard(elsewhere, "ExampleBot", "/b"), unheard(elsewhere, "ExampleBot", "/a")), (vec!["train-ai".to_owned()], vec![]));
}

#[test]
fn the_form_of_the_earlier_draft_has_a_path() {
    let text = "User-Agent: *\nAllow: /\nContent-Usage: / train-ai=n\n";
    assert_eq!(at(text, "*", "/x"), "crawl; train-ai=no");
}

#[test]
fn one_path_with_a_yes_and_a_no_is_a_no_in_any_order() {
    for pair in ["Content-Usage: /a train-ai=y\nContent-Usage: /a train-ai=n", "Content-Usage: /a train-ai=n\nContent-Usage: /a train-ai=y"]
    {
        assert_eq!(at(&format!("User-agent: *\n{pair}\n"), "*", "/a/b"), "crawl; train-ai=no");
    }
}

#[test]
fn the_longest_path_decides_each_category_by_itself() {
    let text = "User-agent: *\nContent-Usage: / train-ai=n, search=n\nContent-Usage: /open/ train-ai=y\n";
    assert_eq!(at(text, "*", "/open/x"), "crawl; search=no, train-ai=yes");
}

// RFC 9309, section 5.1 and 5.2, with the rules of preference beside those of crawling.
#[test]
fn groups_are_found_and_joined() {
    let text = "\
User-Agent: *
Disallow: *.gif$
Disallow: /example/
Allow: /publications/

User-Agent: foobot
Disallow:/
Allow:/example/page.html
Allow:/example/allowed.gif

User-Agent: barbot
User-Agent: bazbot
Disallow: /example/page.html
Content-Usage: search=n

User-Agent: bazbot
Content-Usage: train-ai=n

User-Agent: quxbot
";
    assert_eq!(at(text, "foobot", "/example/page.html"), "crawl; ");
    assert_eq!(at(text, "foobot", "/elsewhere"), "no crawl; ");
    assert_eq!(at(text, "barbot", "/example/page.html"), "no crawl; ");
    assert_eq!(at(text, "barbot", "/x"), "crawl; search=no");
    assert_eq!(at(text, "bazbot", "/x"), "crawl; search=no, train-ai=no");
    assert_eq!(at(text, "QuxBot/2.1", "/example/page.html"), "crawl; ");
    assert_eq!(at(text, "unnamed", "/picture.gif"), "no crawl; ");
    assert_eq!(at(text, "unnamed", "/publications/picture.gif"), "crawl; ");
    let text = "User-Agent: foobot\nAllow: /example/page/\nDisallow: /example/page/disallowed.gif\n";
    assert_eq!(at(text, "foobot", "/example/page/disallowed.gif"), "no crawl; ");
}

#[test]
fn agents_are_matched_by_their_token_without_case() {
    let text = "user-agent: FooBot/1.2 (friendly)\ncontent-usage: train-ai=n\nUSER-AGENT : *\ncontent-usage: train-ai=y\n";
    for agent in ["foobot", "FOOBOT", "FooBot/3.0"] {
        assert_eq!(at(text, agent, "/"), "crawl; train-ai=no", "{agent}");
    }
    for agent in ["foobot-news", "foo", "", "*", "123"] {
        assert_eq!(at(text, agent, "/"), "crawl; train-ai=yes", "{agent}");
    }
}

#[test]
fn lines_labels_and_comments() {
    let crs = "User-agent: *\rContent-Usage: train-ai=n # for all\rAllow: /";
    assert_eq!(at(crs, "*", "/"), "crawl; train-ai=no");
    assert_eq!(at("\u{feff}User-agent: *\r\n  Content-Usage\t:\t/a\ttrain-ai=n\r\n", "*", "/a"), "crawl; train-ai=no");
    assert_eq!(at("User-agent: *\nContent Usage: train-ai=n\n", "*", "/"), "crawl; train-ai=no");
    assert_eq!(at("User-agent: *\ncontent_usage: train-ai=n\n", "*", "/"), "crawl; train-ai=no");
    // A sitemap does not end a group.
    assert_eq!(
        at("User-agent: a\nSitemap: https://e.example/s.xml\nUser-agent: b\nContent-Usage: train-ai=n\n", "a", "/"),
        "crawl; train-ai=no"
    );
    assert_eq!(at("# Content-Usage: train-ai=n\nUser-agent: *\n", "*", "/"), "crawl; ");
}

#[test]
fn what_cannot_be_read_closes_and_is_said() {
    let check = |line: &str, expect: &str| {
        let text = format!("User-agent: *\n{line}\nContent-Usage: /a train-ai=y\n");
        assert_eq!(at(&text, "*", "/a"), expect, "{line}");
        assert!(!read_robots(text.as_bytes()).read().notes().is_empty(), "{line}");
    };
    check("Content-Usage: /a train-ai = n", "crawl; *=unreadable, train-ai=yes");
    check("Content-Usage: /a", "crawl; *=unreadable, train-ai=yes");
    check("Content-Usage:", "crawl; *=unreadable, train-ai=yes");
    check("Content-Usage train-ai=n", "crawl; *=unreadable, train-ai=yes");
    check("Content-Usage: a/b train-ai=n", "crawl; *=unreadable, train-ai=yes");
    check("Content-Usage: /a train-ai=no", "crawl; train-ai=unreadable");
    check("Content-Usage: /a ai-use=n;", "crawl; *=unreadable, train-ai=yes");
}

#[test]
fn rules_before_any_agent_count_for_every_agent() {
    let text = "Content-Usage: train-ai=n\nUser-agent: FooBot\nAllow: /\n";
    for agent in ["FooBot", "*"] {
        assert_eq!(at(text, agent, "/"), "crawl; train-ai=no", "{agent}");
    }
}

#[test]
fn other_peoples_lines_are_named_and_not_read() {
    let read = read_robots(b"User-agent: *\nContent-Signal: ai-train=no\n");
    assert!(said(read.read()).is_empty());
    assert!(read.read().notes()[0].message().contains("Content-Signal"));
}

/// Whether a path of a rule matches a path.
fn matches(pattern: &str, path: &str) -> bool {
    let text = format!("User-agent: *\nContent-Usage: {pattern} train-ai=n\n");
    read_robots(text.as_bytes()).at("*", path).answers.get("train-ai") == Some(&Answer::No)
}

#[test]
fn paths_wildcards_and_ends() {
    let check = |pattern: &str, yes: &[&str], no: &[&str]| {
        for path in yes {
            assert!(matches(pattern, path), "{pattern} should match {path}");
        }
        for path in no {
            assert!(!matches(pattern, path), "{pattern} should not match {path}");
        }
    };
    check("/", &["/", "/x", "/x?y"], &[]);
    check("/fish", &["/fish", "/fish.html", "/fishheads/yummy.html", "/fish?id=any"], &["/Fish.asp", "/catfish", "/desert/fish"]);
    check("/fish*", &["/fish", "/fishheads"], &["/Fish", "/catfish"]);
    check("/fish/", &["/fish/", "/fish/?id=1", "/fish/salmon"], &["/fish", "/fish.html", "/animals/fish/"]);
    check("/*.php", &["/index.php", "/filename.php?x", "/folder/a.php.b"], &["/", "/windows.PHP"]);
    check("/*.php$", &["/filename.php", "/folder/filename.php"], &["/filename.php?x", "/filename.php/", "/filename.php5"]);
    check("/fish*.php", &["/fish.php", "/fishheads/cat.php?x"], &["/Fish.PHP"]);
    check("*.gif$", &["/a.gif"], &["/a.gifs"]);
    check("/a$", &["/a"], &["/a/", "/ab"]);
    check("/a*$", &["/a", "/abc"], &["/b"]);
    check("/a*b*c$", &["/abc", "/axbxxc", "/abbcc"], &["/abcd", "/acb"]);
    check("/a$b", &["/a$b"], &["/a"]);
}

#[test]
fn paths_are_compared_by_octets_with_plain_escapes_undone() {
    for (pattern, path) in [
        ("/foo/bar?baz=quz", "/foo/bar?baz=quz"),
        ("/foo/bar?baz=https://foo.bar", "/foo/bar?baz=https://foo.bar"),
        ("/foo/bar/ツ", "/foo/bar/%E3%83%84"),
        ("/foo/bar/%E3%83%84", "/foo/bar/%e3%83%84"),
        ("/foo/bar/%62%61%7A", "/foo/bar/baz"),
        ("/a%20b", "/a b"),
    ] {
        assert!(matches(pattern, path), "{pattern} {path}");
        assert!(!matches(pattern, "/foo/other"), "{pattern}");
    }
    // A reserved character keeps its escape.
    assert!(!matches("/a%2Fb", "/a/b") && matches("/a%2fb", "/a%2Fb"));
    assert!(matches("/page", "/page#part"));
}

#[test]
fn past_the_limit_nothing_is_known() {
    let head = "User-agent: *\nContent-Usage: train-ai=y\n#";
    let fill = |bytes: usize| format!("{head}{}", "a".repeat(bytes - head.len()));
    assert_eq!(at(&fill(ROBOTS_BYTES_MAX), "*", "/"), "crawl; train-ai=yes");
    assert_eq!(at(&fill(ROBOTS_BYTES_MAX + 1), "*", "/"), "crawl; *=unreadable, train-ai=yes");
    // Such a file says it of no path too, fetched or not.
    let closed = format!("{}\nDisallow: /", fill(ROBOTS_BYTES_MAX + 1));
    assert_eq!(at(&closed, "*", "/"), "crawl; *=unreadable, train-ai=yes");
}
