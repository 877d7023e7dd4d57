//! The privacy team's pages: who may do what, and what is written down.

use crate::portal_kit::{Running, World};

const TEAM: [&str; 6] = ["team", "team/enter", "team/matches", "team/floods", "team/numbers", "team/looks"];

fn objects(portal: &Running, account: &str) -> String {
    let mark = portal.mark("/nl/object", "/nl/object", None);
    let fields = [("form", mark.as_str()), ("for", "self"), ("everything", "yes"), ("service", "facebook"), ("account", account)];
    let (place, _) = portal.form("/nl/object", None, &fields).onward();
    place.split('/').nth(3).unwrap().to_owned()
}

#[test]
fn each_role_sees_and_does_its_own() {
    let mut world = World::new("");
    let portal = world.start();
    objects(&portal, "77");
    for page in TEAM {
        let path = format!("/nl/{page}");
        assert_eq!(portal.get(&path).status, 303, "{page}: nobody is signed in");
        assert_eq!(portal.get_as(&portal.noor, &path).status, 403, "{page}: a person");
    }
    let status = |session: &str| TEAM.map(|page| portal.get_as(session, &format!("/nl/{page}")).status);
    assert_eq!(status(&portal.handler), [200, 200, 200, 200, 200, 403]);
    assert_eq!(status(&portal.supervisor), [200, 403, 200, 200, 200, 200]);
    // Who watches changes nothing; who handles declares nothing void.
    let supervisor = Some(portal.supervisor.as_str());
    for action in ["take", "answer", "extend", "merge", "evidence", "void", "void-approve"] {
        let path = format!("/nl/team/case/1/{action}");
        assert_eq!(portal.form(&path, supervisor, &[("form", "x")]).status, 403, "{action}");
        assert_eq!(portal.form(&path, Some(&portal.noor), &[("form", "x")]).status, 403, "{action}");
    }
    assert_eq!(portal.form("/nl/team/case/1/void", Some(&portal.handler), &[("form", "x")]).status, 403);
    assert_eq!(portal.form("/nl/team/floods/approve", Some(&portal.handler), &[("form", "x")]).status, 403);
}

#[test]
fn a_case_is_answered_once_and_every_look_is_written_down() {
    let mut world = World::new("");
    let portal = world.start();
    let number = objects(&portal, "77");
    let handler = Some(portal.handler.as_str());
    assert!(portal.get_as(&portal.handler, "/nl/team").text().contains("team/case/1"));
    let page = portal.get_as(&portal.handler, "/nl/team/case/1");
    assert!(page.text().contains(&number) && page.text().contains("facebook: 77"));
    let mark = portal.mark("/nl/team/case/1", "/nl/team/case/1/answer", handler);
    let path = "/nl/team/case/1/answer";
    // A refusal needs its grounds.
    assert_eq!(portal.form(path, handler, &[("form", &mark), ("code", "compelling")]).status, 422);
    assert_eq!(portal.form(path, handler, &[("form", &mark), ("code", "no-such")]).status, 422);
    assert_eq!(portal.form(path, handler, &[("form", "forged"), ("code", "upheld")]).status, 403);
    let fields = [
        ("form", mark.as_str()),
        ("code", "compelling"),
        ("compelling-reason", "Een <b>reden</b>."),
        ("compelling-weighing", "Afgewogen."),
    ];
    portal.form(path, handler, &fields).onward();
    assert_eq!(portal.form(path, handler, &[("form", &mark), ("code", "upheld")]).status, 422, "answered already");
    let page = portal.get_as(&portal.handler, "/nl/team/case/1");
    assert!(
        page.text().contains("Een &lt;b&gt;reden&lt;/b&gt;.") && page.text().contains("blijven buiten nieuwe training"),
        "{}",
        page.text()
    );
    let found = portal.form("/nl/team/search", handler, &[("form", &mark), ("what", "facebook:77"), ("why", "person-asked")]);
    assert!(found.text().contains(&number), "{}", found.text());
    let looks = portal.get_as(&portal.supervisor, "/nl/team/looks");
    // Four times the case (twice with what was missing), and once the account.
    assert!(looks.text().matches("zaak 1").count() >= 5 && looks.text().contains("de persoon vroeg iets"), "{}", looks.text());
    assert!(!looks.text().contains("facebook") && !looks.text().contains("role=\"alert\""));
    let export = portal.get_as(&portal.supervisor, "/nl/team/export.csv");
    assert!(export.text().lines().nth(1).unwrap().contains(",answered,form,true,false,compelling,") && !export.text().contains("77,"));
}

/// The page of what has to be told by letter, once so many messages are on it.
fn wait_for_post(portal: &Running, count: usize) -> String {
    let from = std::time::Instant::now();
    loop {
        let page = portal.get_as(&portal.handler, "/nl/team/post");
        if page.text().matches("bericht dat een bezwaar stopt").count() == count {
            return page.text().to_owned();
        }
        assert!(from.elapsed() < std::time::Duration::from_secs(30), "{}", page.text());
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
}

#[test]
fn two_people_declare_a_flood_void_and_one_cannot() {
    let mut world = World::new("");
    let portal = world.start();
    for account in 1..=6 {
        objects(&portal, &format!("50{account}"));
    }
    let [one, two] = portal.approvers.clone();
    world.clock.fetch_add(1_000_000, std::sync::atomic::Ordering::SeqCst);
    let page = portal.get_as(&one, "/nl/team/floods");
    let network = page.text().split("name=\"kind\" value=\"network\"").nth(1).expect("the flood stands out");
    let mark_of = network.split("name=\"mark\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let form = |session: &str, action: &str| portal.mark("/nl/team/floods", &format!("/nl/team/floods/{action}"), Some(session));
    let mark = form(&one, "propose");
    let fields = [("form", mark.as_str()), ("kind", "network"), ("mark", &mark_of), ("seen", "6"), ("reason", "filed-by-automation")];
    portal.form("/nl/team/floods/propose", Some(&one), &fields).onward();
    // What comes in after the proposal is not part of it.
    world.clock.fetch_add(1_000_000, std::sync::atomic::Ordering::SeqCst);
    let real = objects(&portal, "999");
    let name = format!("network-{mark_of}");
    assert_eq!(portal.form("/nl/team/floods/approve", Some(&one), &[("form", &mark), ("name", &name)]).status, 403);
    let mark = form(&two, "approve");
    portal.form("/nl/team/floods/approve", Some(&two), &[("form", &mark), ("name", &name)]).onward();
    let all = || portal.get_as(&portal.handler, "/nl/team?show=all").text().to_owned();
    assert_eq!(all().matches("niet bevoegd verklaard, berichten nog te versturen").count(), 6, "{}", all());
    // No mail leaves here, so all of them are told by letter; only then it stands on the ledger, with effect 14 days later.
    let post = wait_for_post(&portal, 12);
    let numbers: Vec<&str> = post.split("name=\"number\" value=\"").skip(1).take(12).map(|rest| rest.split('"').next().unwrap()).collect();
    let letter = portal.mark("/nl/team/post", "/nl/team/post", Some(&portal.handler));
    world.clock.fetch_add(600_000_000, std::sync::atomic::Ordering::SeqCst);
    portal.form("/nl/team/post", Some(&portal.handler), &[("form", &letter), ("number", numbers[0])]).onward();
    assert_eq!(all().matches("berichten nog te versturen").count(), 6, "one of the two who are told");
    portal.form("/nl/team/post", Some(&portal.handler), &[("form", &letter), ("number", numbers[1])]).onward();
    assert_eq!(all().matches("berichten nog te versturen").count(), 5);
    let mut fields: Vec<(&str, &str)> = numbers.iter().map(|number| ("number", *number)).collect();
    fields.push(("form", &letter));
    assert_eq!(portal.form("/nl/team/post", Some(&portal.noor), &fields).status, 403);
    assert_eq!(portal.form("/nl/team/post", Some(&portal.handler), &[("form", &letter)]).status, 422);
    portal.form("/nl/team/post", Some(&portal.handler), &fields).onward();
    assert_eq!((all().matches("berichten nog te versturen").count(), all().matches("niet bevoegd verklaard").count()), (0, 6));
    // And who said so stands in each case.
    let case = portal.get_as(&two, "/nl/team/case/1");
    assert_eq!(case.text().matches("Bericht per post verstuurd (han)").count(), 2, "{}", case.text());
    let found =
        portal.form("/nl/team/search", Some(&two), &[("form", &portal.mark("/nl/team", "/nl/team/search", Some(&two))), ("what", &real)]);
    let (case, _) = found.onward();
    assert!(portal.get_as(&two, &case).text().contains("open"));
    // A second approval finds nothing to approve.
    assert_eq!(portal.form("/nl/team/floods/approve", Some(&two), &[("form", &mark), ("name", &name)]).status, 403);
}

#[test]
fn a_letter_counts_from_the_day_it_came() {
    let mut world = World::new("");
    let portal = world.start();
    let handler = Some(portal.handler.as_str());
    let mark = portal.mark("/nl/team/enter", "/nl/team/enter", handler);
    let hash = "0f".repeat(32);
    let fields = |day: &'static str, hash: &'static str| {
        vec![
            ("form", mark.clone()),
            ("account", "facebook:88".to_owned()),
            ("day", day.to_owned()),
            ("language", "nl".to_owned()),
            ("kind", "letter".to_owned()),
            ("sha256", hash.to_owned()),
        ]
    };
    let send = |fields: Vec<(&str, String)>| {
        let fields: Vec<(&str, &str)> = fields.iter().map(|(name, text)| (*name, text.as_str())).collect();
        portal.form("/nl/team/enter", handler, &fields)
    };
    assert_eq!(send(fields("2026-11-23", hash.clone().leak())).status, 422, "a day that has not come");
    assert_eq!(send(fields("2026-11-10", "short")).status, 422);
    let (place, _) = send(fields("2026-11-10", hash.leak())).onward();
    let page = portal.get_as(&portal.handler, &place);
    assert!(page.text().contains("10 november 2026") && page.text().contains("10 december 2026"), "{}", page.text());
}

#[test]
fn what_two_people_approve_is_what_was_proposed() {
    let mut world = World::new("");
    let portal = world.start();
    objects(&portal, "666");
    let real = objects(&portal, "77");
    let [one, two] = portal.approvers.clone();
    let mark = portal.mark("/nl/team/case/1", "/nl/team/case/1/void", Some(&one));
    portal.form("/nl/team/case/1/void", Some(&one), &[("form", &mark), ("reason", "filed-by-automation")]).onward();
    // Somebody's genuine objection is merged into the case in between.
    let handler = Some(portal.handler.as_str());
    let merge = portal.mark("/nl/team/case/2", "/nl/team/case/2/merge", handler);
    portal.form("/nl/team/case/2/merge", handler, &[("form", &merge), ("into", "1")]).onward();
    let mark = portal.mark("/nl/team/case/1", "/nl/team/case/1/void", Some(&two));
    let refused = portal.form("/nl/team/case/1/void-approve", Some(&two), &[("form", &mark)]);
    assert_eq!(refused.status, 422, "{}", refused.text());
    drop(portal);
    let register = world.register();
    let mut reader = register.reader().unwrap();
    assert!(reader.find(&format!("{real}+void")).unwrap().is_none());
}

#[test]
fn whoever_names_a_stranger_leaves_nothing_the_stranger_can_read() {
    let mut world = World::new("");
    let portal = world.start();
    let mark = portal.mark("/nl/object", "/nl/object", None);
    let fields = [
        ("form", mark.as_str()),
        ("for", "self"),
        ("everything", "yes"),
        ("service", "facebook"),
        ("account", "1001"),
        ("postal", "Schuilplaats 5"),
        ("name", "Bang Persoon"),
        ("reason", "hij stalkt mij"),
    ];
    portal.form("/nl/object", None, &fields).onward();
    for page in ["me", "me/download"] {
        let text = portal.get_as(&portal.noor, &format!("/nl/{page}"));
        assert!(
            text.text().contains("facebook") && !text.text().contains("Schuilplaats") && !text.text().contains("stalkt"),
            "{}",
            text.text()
        );
    }
    // Who has to answer sees it.
    assert!(portal.get_as(&portal.handler, "/nl/team/case/1").text().contains("Schuilplaats 5"));
}

#[test]
fn an_account_that_is_found_counts_from_the_day_the_objection_came() {
    let mut world = World::new("");
    let portal = world.start();
    let mark = portal.mark("/nl/object", "/nl/object", None);
    let fields = [("form", mark.as_str()), ("for", "none"), ("everything", "yes"), ("name", "Noor"), ("postal", "Straat 1, Utrecht")];
    let (place, _) = portal.form("/nl/object", None, &fields).onward();
    assert!(portal.get(&place).text().contains("We zoeken nu welke gegevens van jou zijn."));
    let handler = Some(portal.handler.as_str());
    let mark = portal.mark("/nl/team/case/1", "/nl/team/case/1/answer", handler);
    // Nothing was found yet, so nothing can be promised.
    assert_eq!(portal.form("/nl/team/case/1/answer", handler, &[("form", &mark), ("code", "upheld")]).status, 422);
    world.clock.fetch_add(600_000_000, std::sync::atomic::Ordering::SeqCst);
    let mark = portal.mark("/nl/team/case/1", "/nl/team/case/1/answer", handler);
    portal.form("/nl/team/case/1/account", handler, &[("form", &mark), ("account", "facebook:1001")]).onward();
    portal.form("/nl/team/case/1/answer", handler, &[("form", &mark), ("code", "upheld")]).onward();
    let mine = portal.get_as(&portal.noor, "/nl/me");
    assert!(mine.text().contains("datetime=\"2026-11-22T12:00:00"), "{}", mine.text());
    // And the answer is where the person looks.
    assert!(portal.get(&place).text().contains("We geven je gelijk."));
}

#[test]
fn what_a_parent_said_is_undone_by_nobody_whose_age_is_not_known() {
    let mut world = World::new("");
    let portal = world.start();
    let mark = portal.mark("/nl/object", "/nl/object", None);
    let fields = [("form", mark.as_str()), ("for", "child"), ("everything", "yes"), ("service", "facebook"), ("account", "1001")];
    let (place, _) = portal.form("/nl/object", None, &fields).onward();
    let number = place.split('/').nth(3).unwrap();
    let noor = Some(portal.noor.as_str());
    let form = || portal.mark("/nl/me", "/nl/me/erase-contact", noor);
    let post = |action: &str, name: &str, value: &str| {
        portal.form(&format!("/nl/me/{action}"), noor, &[("form", &form()), (name, value), ("sure", "yes")]).status
    };
    assert_eq!(post("allow", "use", "meta/public-content"), 422);
    assert_eq!(post("withdraw", "of", number), 422);
    assert_eq!(post("forget", "", ""), 422);
    let withdraw = format!("{{\"person\":\"facebook:1001\",\"act\":\"withdraw\",\"of\":\"{number}\"}}");
    assert_eq!(portal.post_as(&portal.noor, "/api/v1/acts", &[], &withdraw).problem(), "parent-needed");
    // A no of one's own anybody may say, and take back.
    let (place, _) = portal.form("/nl/me/object", noor, &[("form", &form()), ("use", "meta/public-content")]).onward();
    let own = place.split("number=").nth(1).unwrap();
    assert_eq!(post("withdraw", "of", own), 303);
}

#[test]
fn a_language_the_portal_does_not_speak_has_no_pages() {
    let mut world = World::new("");
    let portal = world.start();
    for path in ["/xx/", "/xx/object", "/abc/", "/dutch/object", "/object"] {
        assert_eq!(portal.get(path).status, 404, "{path}");
    }
    for path in ["/nl/", "/en/object", "/health", "/ready"] {
        assert_eq!(portal.get(path).status, 200, "{path}");
    }
    assert_eq!(portal.get("/").status, 303);
}
