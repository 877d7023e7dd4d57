//! Sealing: what is refused, and that there is one seal for a number whatever fails.

use bezwaar_ledger::entry::EntryKind;
use bezwaar_ledger::release::Seal;
use bezwaar_ledger::subject_tree::{SubjectIndex, SubjectTree};
use bezwaar_register::engine::NewRecord;
use bezwaar_register::release::{EXTRACT_AGE_MICROS_MAX, ManifestProblem, SealError, SubjectsError, seals_of};

use super::kit::{OBJECT, TWO, World, act, at};
use super::made_up::{MadeUp, hex};

fn problems(world: &mut World, release: &MadeUp, second: i64) -> Vec<ManifestProblem> {
    match world.seal(release, at(second)) {
        Err(SealError::Manifest(problems)) => problems,
        other => panic!("{other:?}"),
    }
}

fn seals(world: &mut World) -> Vec<Seal> {
    let mut reader = world.register().reader().unwrap();
    let size = reader.size().unwrap();
    seals_of(&mut reader, size).unwrap().into_iter().map(|(_, seal)| seal).collect()
}

#[test]
fn a_seal_says_what_the_manifest_and_the_list_say() {
    let mut world = World::new();
    world.enter(&[act("o-1", "a", OBJECT, at(2))], at(2));
    let (extract, _) = world.extract(at(10));
    let release = MadeUp::new("first", &extract, &["k", "l", "m"]);
    let sealed = world.seal(&release, at(20)).unwrap();
    let seal = &sealed.seal;
    assert_eq!((seal.release, seal.previous, seal.records, seal.late, seal.sealed_at), (1, None, 3, 0, at(20)));
    assert_eq!((seal.extract.index, seal.extract.sha256, seal.extract.through), (extract.index, extract.sha256, at(10)));
    assert_eq!(seal.use_before, at(20 + 30 * 86_400));
    assert_eq!(Seal::from_bytes(&sealed.json).as_ref(), Ok(seal));

    let entry = world.register().reader().unwrap().entry(sealed.index).unwrap();
    assert_eq!((entry.kind, entry.hash, entry.recorded_at), (EntryKind::Seal, seal.hash().unwrap(), at(20)));
    let operator = world.register().keys().operator().unwrap().verifier().clone();
    seal.verify(&sealed.note, &[operator]).unwrap();
    // Whoever has the list and the secret key finds the root.
    let key = world.register().keys().index().unwrap().clone();
    let rebuilt = |people: &[&str]| {
        let outputs = people.iter().map(|person| key.output(format!("club:handle:{person}").as_bytes()));
        SubjectTree::build(outputs.map(|output| SubjectIndex::derive(&seal.release_id(), &output)).collect()).root()
    };
    assert_eq!(rebuilt(&["k", "l", "m"]), seal.subjects.root);
    assert_ne!(rebuilt(&["k", "m"]), seal.subjects.root, "an author left out");
}

#[test]
fn releases_are_numbered_without_gaps_and_each_names_the_one_before() {
    let mut world = World::new();
    let (extract, _) = world.extract(at(10));
    for number in 1..=4_u64 {
        let release = MadeUp::new(&format!("r{number}"), &extract, &["k", &format!("p{number}")]);
        let refused = MadeUp { list: "club:handle:other\n".to_owned(), ..release.clone() };
        assert!(matches!(world.seal(&refused, at(20)), Err(SealError::Subjects(SubjectsError::Other))));
        let sealed = world.seal(&release, at(20)).unwrap();
        let again = world.seal(&release, at(30)).unwrap();
        assert_eq!((sealed.seal.release, sealed.again, again.again), (number, false, true));
        assert_eq!((&again.seal, again.index, &again.json, &again.note), (&sealed.seal, sealed.index, &sealed.json, &sealed.note));
    }
    let seals = seals(&mut world);
    assert_eq!(seals.iter().map(|seal| seal.release).collect::<Vec<_>>(), [1, 2, 3, 4]);
    assert!(seals.is_sorted_by(|left, right| right.previous == left.hash()));
}

#[test]
fn a_manifest_that_must_not_be_sealed_is_refused_with_all_that_is_wrong() {
    let mut world = World::new();
    let (extract, _) = world.extract(at(10));
    let good = MadeUp::new("one", &extract, &["k"]);
    let one = |world: &mut World, from: &str, to: &str| problems(world, &good.with(from, to), 20);
    assert_eq!(one(&mut world, r#""replay":false"#, r#""replay":true"#), [ManifestProblem::Replay]);
    assert_eq!(one(&mut world, r#""signed":false"#, r#""signed":true"#), [ManifestProblem::Signed]);
    assert_eq!(one(&mut world, r#""expired":false"#, r#""expired":true"#), [ManifestProblem::ExtractExpired]);
    assert_eq!(one(&mut world, r#""subjects""#, r#""nobody""#), [ManifestProblem::NoSubjects]);
    assert_eq!(one(&mut world, r#""bezwaar_manifest":1"#, r#""bezwaar_manifest":2"#), [ManifestProblem::NotAManifest]);
    assert_eq!(one(&mut world, r#""kept":1"#, r#""kept":-1"#), [ManifestProblem::Field { path: "/counts/kept" }]);
    assert_eq!(one(&mut world, &hex(&extract.sha256), &"ab".repeat(32)), [ManifestProblem::ExtractNotEntered]);
    assert_eq!(one(&mut world, &at(10).to_string(), &at(11).to_string()), [ManifestProblem::OtherThrough]);
    let two = good.with(r#""replay":false"#, r#""replay":true"#).with(r#""kept":1"#, r#""kept":null"#);
    assert_eq!(problems(&mut world, &two, 20), [ManifestProblem::Replay, ManifestProblem::Field { path: "/counts/kept" }]);

    let policy = good.manifest.split("club@1\":\"").nth(1).unwrap()[..64].to_owned();
    let policies = good.with(&policy, &"cd".repeat(32));
    assert_eq!(problems(&mut world, &policies, 20), [ManifestProblem::Policy { name: "club@1".to_owned() }]);
    assert_eq!(seals(&mut world), []);
}

#[test]
fn an_extract_of_an_hour_is_fresh_and_one_a_moment_older_is_not() {
    let mut world = World::new();
    let (extract, _) = world.extract(at(10));
    let release = MadeUp::new("one", &extract, &["k"]);
    let last = at(10).plus_micros(EXTRACT_AGE_MICROS_MAX);
    assert!(
        matches!(&world.seal(&release, last.plus_micros(1)), Err(SealError::Manifest(problems)) if *problems == [ManifestProblem::ExtractTooOld])
    );
    // The ledger's own moment counts, not what the manifest claims.
    let claims = release.with(&at(10).to_string(), &at(60).to_string());
    let refused = world.seal(&claims, last.plus_micros(1));
    let expected = [ManifestProblem::OtherThrough, ManifestProblem::ExtractTooOld];
    assert!(matches!(&refused, Err(SealError::Manifest(problems)) if *problems == expected), "{refused:?}");
    world.seal(&release, last).unwrap();
}

#[test]
fn whoever_objects_between_extract_and_seal_stops_it_also_over_links() {
    let link = r#""act":"link","to":"club:k""#;
    let cases: [(&[NewRecord], u64); 6] = [
        // It reaches the other end of the link as well.
        (&[act("o-1", "k", OBJECT, at(15))], 2),
        // Received before the extract, recorded after it.
        (&[act("o-1", "k", OBJECT, at(3))], 2),
        (&[act("o-1", "x", OBJECT, at(15))], 0),
        (&[act("o-1", "x", OBJECT, at(15)), act("l-1", "x", link, at(15))], 2),
        // An old objection that a new link brings here, over a link that was there.
        (&[act("l-1", "x", r#""act":"link","to":"club:y""#, at(15))], 2),
        (&[act("c-1", "k", r#""act":"consent","uses":["train.general"]"#, at(15))], 0),
    ];
    for (place, (records, count)) in cases.iter().enumerate() {
        let mut world = World::new();
        world.enter(&[act("old", "x", OBJECT, at(2)), act("l-0", "y", link, at(2))], at(2));
        let (extract, _) = world.extract(at(10));
        world.enter(records, at(16));
        let release = MadeUp::new("one", &extract, &["k", "l", "y"]);
        match world.seal(&release, at(20)) {
            Err(SealError::ObjectedMeanwhile { count: found }) => assert_eq!(found, *count, "case {place}"),
            Ok(_) => assert_eq!(*count, 0, "case {place}"),
            Err(error) => panic!("case {place}: {error}"),
        }
        assert_eq!(seals(&mut world).len(), usize::from(*count == 0));
        // With a fresh extract it is for the gate to withhold them.
        let (fresh, _) = world.extract(at(30));
        world.seal(&MadeUp::new("two", &fresh, &["l"]), at(31)).unwrap();
    }
}

#[test]
fn late_acts_are_counted_in_the_next_seal_and_found_for_recalls() {
    let mut world = World::new();
    let (extract, _) = world.extract(at(10));
    world.seal(&MadeUp::new("one", &extract, &["k", "l", "y"]), at(20)).unwrap();
    let link = r#""act":"link","to":"club:y""#;
    let records = [
        act("late", "k", OBJECT, at(19)),
        act("late-too", "q", OBJECT, at(20)),
        act("late-link", "q", link, at(5)),
        act("in-time", "l", OBJECT, at(21)),
        act("opens", "l", r#""act":"consent","uses":["train.general"]"#, at(5)),
    ];
    world.enter(&records, at(40));
    let report = world.register().late(1, at(50), TWO).unwrap();
    assert_eq!((report.acts, report.accounts), (3, vec!["club:handle:k".to_owned(), "club:handle:y".to_owned()]));
    let (extract, _) = world.extract(at(60));
    let sealed = world.seal(&MadeUp::new("two", &extract, &["m"]), at(61)).unwrap();
    assert_eq!((sealed.seal.release, sealed.seal.late), (2, 3));
    let (extract, _) = world.extract(at(70));
    assert_eq!(world.seal(&MadeUp::new("three", &extract, &["m"]), at(71)).unwrap().seal.late, 0);
    assert!(matches!(world.register().late(9, at(80), TWO), Err(SealError::NoSuchRelease { release: 9 })));
}

#[test]
fn lists_that_are_not_in_their_one_form_are_refused_by_line() {
    let mut world = World::new();
    let (extract, _) = world.extract(at(10));
    let release = MadeUp::new("one", &extract, &["k", "l"]);
    let mut refused = |list: &str| match world.seal(&MadeUp { list: list.to_owned(), ..release.clone() }, at(20)) {
        Err(SealError::Subjects(error)) => error.to_string(),
        other => panic!("{other:?}"),
    };
    assert!(refused("club:handle:l\nclub:handle:k\n").contains("line 2"));
    assert!(refused("club:handle:k\nclub:handle:k\n").contains("line 2"));
    assert!(refused("club:handle:k\nclub:@l\n").contains("line 2"));
    assert!(refused("club:handle:k\nclub:handle:l").contains("line 2"));
    assert!(refused("club:handle:k\n").contains("another list"));
    assert!(refused("").contains("another list"));
}

#[test]
fn whatever_write_fails_there_is_one_seal_for_a_number_and_one_number_for_a_manifest() {
    for done in [false, true] {
        let mut steps = 0;
        for number in 1.. {
            let mut world = World::new();
            world.enter(&[act("o-1", "a", OBJECT, at(2))], at(2));
            let (extract, _) = world.extract(at(10));
            let (one, two) = (MadeUp::new("one", &extract, &["k", "l"]), MadeUp::new("two", &extract, &["m"]));
            world.trouble.begin(number, done);
            let first = world.seal(&one, at(20));
            let over = !world.trouble.end();
            assert_eq!(first.is_ok(), over, "write {number}, done {done}");
            if number % 2 == 0 {
                world.reopen(at(21)).unwrap();
            }
            // Another one may come first: then it gets the number, unless the first one has it.
            let others = if number % 3 == 0 { [&two, &one] } else { [&one, &two] };
            let sealed = others.map(|release| world.seal(release, at(30)).unwrap());
            let seals = seals(&mut world);
            assert_eq!(seals.iter().map(|seal| seal.release).collect::<Vec<_>>(), [1, 2]);
            for sealed in &sealed {
                let again = world.register().release(sealed.seal.release).unwrap();
                assert_eq!(again.json, sealed.json);
            }
            if let Ok(first) = first {
                assert!(sealed.iter().any(|sealed| sealed.json == first.json));
            }
            assert_eq!(world.register().late(1, at(40), TWO).unwrap().acts, 0);
            if over {
                break;
            }
            steps += 1;
        }
        assert!(steps >= 4, "{steps} writes");
    }
}

#[test]
fn places_that_are_lost_are_made_again_from_the_list_and_from_no_other() {
    let mut world = World::new();
    let (extract, _) = world.extract(at(10));
    let release = MadeUp::new("one", &extract, &["k", "l"]);
    let sealed = world.seal(&release, at(20)).unwrap();
    world.enter(&[act("late", "k", OBJECT, at(19))], at(40));
    let path = world.register().place().releases().join("1.subjects");
    let bytes = std::fs::read(&path).unwrap();
    assert_eq!(bytes.len(), 64);
    std::fs::write(&path, &bytes[..32]).unwrap();
    assert!(matches!(world.register().late(1, at(50), TWO), Err(SealError::PlacesLost { release: 1 })));
    let other = MadeUp { list: "club:handle:k\nclub:handle:m\n".to_owned(), ..release.clone() };
    assert!(matches!(world.seal(&other, at(50)), Err(SealError::Subjects(SubjectsError::Other))));
    assert_eq!(world.seal(&release, at(50)).unwrap().json, sealed.json);
    assert_eq!(std::fs::read(&path).unwrap(), bytes);
    // With another index key in use, those of before are found still.
    world.register().rotate_index(at(60)).unwrap();
    assert_eq!(world.register().late(1, at(70), TWO).unwrap().accounts, ["club:handle:k"]);
}
