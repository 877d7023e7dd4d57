//! Laws: any no wins, more text never turns a no into a yes, garbage never opens.

use bezwaar_signal::{Answer, Read, Signal, read_fields, read_record, read_robots, read_tdmrep};
use proptest::prelude::*;

/// Statements about `train-ai`, well and badly written.
fn member() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "train-ai=n",
        "train-ai=y",
        "train-ai",
        "train-ai=maybe",
        "search=n",
        "search=y",
        "odd=y",
        "train-ai=\"n\"",
        "ai-use=y;a=b",
    ])
}

fn line() -> impl Strategy<Value = String> {
    prop::collection::vec(member(), 1..4).prop_map(|members| format!("Content-Usage: {}", members.join(", ")))
}

/// A line that may be anything, a signal now and then.
fn garbage() -> impl Strategy<Value = String> {
    prop_oneof![
        line(),
        "[ -~]{0,40}",
        "\\PC{0,30}",
        "(Content-Usage|Sec-GPC|TDM-Reservation)( |\t)?:[ -~]{0,30}",
        "(User-agent|Allow|Disallow|Content-Usage)(:| )[ -~]{0,30}",
    ]
}

fn closed(read: &Read, signal: Signal) -> bool {
    read.combined().into_iter().any(|((own, _), answer)| own == signal && answer.closes())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn any_no_wins_in_any_order(mut lines in prop::collection::vec(line(), 0..5), at in 0usize..6) {
        lines.insert(at.min(lines.len()), "Content-Usage: train-ai=n".to_owned());
        let read = read_fields(&lines.join("\n"));
        prop_assert!(closed(&read, Signal::Aipref));
        let no = read.combined().get(&(Signal::Aipref, "train-ai")).copied();
        prop_assert_eq!(no, Some(Answer::No));
    }

    #[test]
    fn more_fields_never_turn_a_no_into_a_yes(lines in prop::collection::vec(garbage(), 0..5), more in garbage(), at in 0usize..6) {
        // A line of nothing ends the fields, and a folded one belongs to the field before: neither is a line more of fields.
        let plain = |line: &String| !line.trim().is_empty() && !line.starts_with([' ', '\t']) && !line.contains(['\n', '\r']);
        prop_assume!(lines.iter().all(plain) && plain(&more));
        let before = read_fields(&format!("GET /\n{}", lines.join("\n")));
        let mut lines = lines;
        lines.insert(at.min(lines.len()), more);
        let after = read_fields(&format!("GET /\n{}", lines.join("\n")));
        for signal in Signal::ALL {
            prop_assert!(!closed(&before, signal) || closed(&after, signal), "{:?}", lines);
        }
    }

    #[test]
    fn more_rules_for_the_same_path_never_turn_a_no_into_a_yes(members in prop::collection::vec(member(), 1..6), more in member()) {
        let text = |members: &[&str]| members.iter().fold("User-agent: *\n".to_owned(), |text, one| format!("{text}Content-Usage: /a {one}\n"));
        let before = read_robots(text(&members).as_bytes()).at("*", "/a/b");
        let mut all = members.clone();
        all.push(more);
        let after = read_robots(text(&all).as_bytes()).at("*", "/a/b");
        for (category, answer) in &before.answers {
            prop_assert!(after.answers.get(category) >= Some(answer), "{} {:?}", category, all);
        }
    }

    #[test]
    fn more_rules_anywhere_never_take_a_no_out_of_the_file(lines in prop::collection::vec(garbage(), 0..6), more in garbage()) {
        prop_assume!(!more.contains(['\n', '\r']));
        let before = read_robots(lines.join("\n").as_bytes());
        let after = read_robots(format!("{}\n{more}", lines.join("\n")).as_bytes());
        prop_assert!(!closed(before.read(), Signal::Aipref) || closed(after.read(), Signal::Aipref));
    }

    #[test]
    fn bytes_of_any_kind_are_read_without_a_yes(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let text = String::from_utf8_lossy(&bytes);
        let mut reads = vec![read_fields(&text), read_record(&text), read_tdmrep(&text, Some("/a"))];
        reads.push(read_robots(&bytes).read().clone());
        reads.push(read_fields(&format!("Content-Usage: {text}").replace(['\n', '\r'], " ")));
        reads.push(read_fields(&format!("Sec-GPC: {text}").replace(['\n', '\r'], " ")));
        for read in reads {
            prop_assert!(read.combined().values().all(|answer| *answer != Answer::Yes));
        }
        let _ = read_robots(&bytes).at(&text, &text);
    }

    /// What names the signal and is neither of the two known words closes.
    #[test]
    fn a_known_category_with_another_value_closes(value in "[a-zA-Z0-9\"(?:@%;.=*-]{1,12}") {
        prop_assume!(!value.starts_with("y;") && value != "y");
        let read = read_fields(&format!("Content-Usage: train-ai={value}"));
        prop_assert!(closed(&read, Signal::Aipref), "{}", value);
    }
}
