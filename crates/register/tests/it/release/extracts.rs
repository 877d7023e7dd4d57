//! An extract of the register is what the ledger says, and an auditor can make it again.

use std::convert::Infallible;

use bezwaar_core::Holdings;
use bezwaar_core::account::Services;
use bezwaar_core::wire::read_choices;
use bezwaar_ledger::audit::{AuditError, AuditReport, Audited, Difference, audit};
use bezwaar_ledger::extract::{Extract, ExtractCheckpoint, ExtractOptions, Signer, write_signed_extract};
use bezwaar_ledger::extract_entry::ExtractEntry;
use bezwaar_ledger::replay::ReplayError;
use bezwaar_register::engine::ErasureReason;
use bezwaar_register::extracts::{EXPIRES_AFTER_MICROS, ExtractOrder, ExtractsError, extracts_of};
use bezwaar_register::intake::{Books, Intake, ValueName};
use bezwaar_register::replay::ReadError;
use bezwaar_register::store::{Batch, Destroy, Store as _};

use super::kit::{OBJECT, TWO, World, act, at};

fn people(world: &mut World) {
    let to_c = r#""act":"link","to":"club:c""#;
    let records = [
        act("o-1", "a", OBJECT, at(2)),
        act("l-1", "b", to_c, at(3)),
        act("o-2", "b", OBJECT, at(4)),
        act("s-1", "d", r#""act":"set","control":"training","to":"off""#, at(5)),
    ];
    world.enter(&records, at(10));
}

fn openings(world: &mut World) -> Vec<u8> {
    let mut out = Vec::new();
    world.register().write_openings(TWO, &mut out).unwrap();
    out
}

fn audited(world: &mut World, extract: &[u8], openings: &[u8]) -> Result<AuditReport, AuditError<Infallible>> {
    let extract = Extract::from_bytes(extract.to_vec()).unwrap();
    let keys = world.register().keys().subject_keys().unwrap();
    let entries = world.register().reader().unwrap().entries(0, 10_000).unwrap();
    audit(&Audited { extract: &extract, keys: &keys, threads: TWO }, entries.into_iter().map(Ok), openings)
}

#[test]
fn an_extract_has_what_was_recorded_and_stands_on_the_ledger() {
    let mut world = World::new();
    people(&mut world);
    let (made, bytes) = world.extract(at(20));
    let extract = Extract::from_bytes(bytes).unwrap();
    let operator = world.register().keys().operator().unwrap().verifier().clone();
    extract.verify_signature(&[operator]).unwrap();
    extract.verify_rows().unwrap();
    assert_eq!((made.header.people, made.header.acts, made.header.through), (4, 4, at(20)));
    assert_eq!(made.header.expires_at, at(20 + 86_400));
    let keys = world.register().keys().subject_keys().unwrap();
    let row = extract.lookup(&keys.subject(&Services::default().parse("club:c").unwrap())).unwrap();
    assert_eq!(extract.acts(row).unwrap()[0].via.as_deref(), Some("l-1"));

    let mut reader = world.register().reader().unwrap();
    let document = reader.document(made.index).unwrap().unwrap();
    assert_eq!(ExtractEntry::from_bytes(&document).unwrap(), ExtractEntry::of(&extract).unwrap());
    assert_eq!(made.header.checkpoint.as_ref().unwrap().size, made.index);
    assert!(made.checkpoint.unverified().size() > made.index);
    // Even if the clock stands still, what comes later is later.
    world.enter(&[act("o-9", "z", OBJECT, at(20))], at(20));
    let last = world.register().reader().unwrap().entry(made.index + 1).unwrap();
    assert!(last.recorded_at > made.header.through);
}

#[test]
fn an_auditor_makes_the_same_extract_from_the_openings_also_after_later_acts() {
    let mut world = World::new();
    people(&mut world);
    let (made, bytes) = world.extract(at(20));
    let file = openings(&mut world);
    let report = audited(&mut world, &bytes, &file).unwrap();
    assert!(report.same(), "{report:?}");
    assert_eq!((report.acts, report.size, report.entered), (4, made.index, Some(made.index)));
    world.enter(&[act("o-9", "a", OBJECT, at(30))], at(30));
    let file = openings(&mut world);
    let report = audited(&mut world, &bytes, &file).unwrap();
    assert!(report.same(), "{report:?}");
    assert_eq!(report.entries, made.index + 2);
}

#[test]
fn what_an_operator_leaves_out_adds_or_changes_is_told_by_row() {
    let mut world = World::new();
    people(&mut world);
    let (made, bytes) = world.extract(at(20));
    let file = openings(&mut world);
    let keys = world.register().keys().subject_keys().unwrap();
    let operator = world.register().keys().operator().unwrap().clone();
    let header = Extract::from_bytes(bytes.clone()).unwrap().header().clone();
    let mut forged = |lines: &str| {
        let choices = read_choices(lines, &Services::default()).unwrap().choices;
        let options = ExtractOptions {
            through: header.through,
            expires_at: header.expires_at,
            services: header.services.clone(),
            covers: header.covers.clone(),
        };
        let checkpoint: ExtractCheckpoint = header.checkpoint.clone().unwrap();
        let mut out = Vec::new();
        let holdings = Holdings::resolve(&choices);
        write_signed_extract(&holdings, &keys, &options, (&checkpoint, &Signer::Key(&operator)), &mut out).unwrap();
        audited(&mut world, &out, &file).unwrap()
    };
    let line = |id: &str, person: &str, rest: &str, second: i64| {
        format!(r#"{{"id":"{id}","person":"club:{person}",{rest},"received_at":"{}"}}"#, at(second))
    };
    let all = [
        line("o-1", "a", OBJECT, 2),
        line("l-1", "b", r#""act":"link","to":"club:c""#, 3),
        line("o-2", "b", OBJECT, 4),
        line("s-1", "d", r#""act":"set","control":"training","to":"off""#, 5),
    ];
    let same = forged(&all.join("\n"));
    assert!(same.same() && same.entered == Some(made.index));
    let left_out = forged(&all[..3].join("\n"));
    assert_eq!(left_out.differences.iter().filter(|difference| matches!(difference, Difference::NoRow { .. })).count(), 1);
    assert_eq!(left_out.entered, None);
    let added = forged(&[all.join("\n"), line("o-7", "q", OBJECT, 6)].join("\n"));
    assert_eq!(added.differences.iter().filter(|difference| matches!(difference, Difference::Row { .. })).count(), 1);
    let later = forged(&[line("o-1", "a", OBJECT, 3), all[1..].join("\n")].join("\n"));
    assert_eq!(later.differences.iter().filter(|difference| matches!(difference, Difference::Acts { .. })).count(), 1);
}

#[test]
fn openings_that_were_changed_or_left_out_do_not_pass_an_audit() {
    let mut world = World::new();
    people(&mut world);
    let (_, bytes) = world.extract(at(20));
    let file = String::from_utf8(openings(&mut world)).unwrap();
    let lines: Vec<&str> = file.lines().collect();
    let refused = |world: &mut World, text: String| audited(world, &bytes, text.as_bytes()).unwrap_err();
    for left_out in 1..lines.len() {
        let rest: Vec<&str> = lines.iter().enumerate().filter(|(place, _)| *place != left_out).map(|(_, line)| *line).collect();
        let error = refused(&mut world, rest.join("\n") + "\n");
        let AuditError::Replay(errors) = error else { panic!("{error}") };
        assert_eq!(errors.problems().len(), 1);
        assert_eq!(errors.problems()[0].error, ReplayError::NoOpening);
    }
    let changed = refused(&mut world, file.replace("club:handle:d", "club:handle:e"));
    assert!(matches!(changed, AuditError::Replay(_)), "{changed}");
    let twice = refused(&mut world, format!("{file}{}\n", lines[1]));
    assert!(matches!(&twice, AuditError::Lines(wrong) if wrong[0].0 == lines.len() + 1), "{twice}");
    let cut = refused(&mut world, file.trim_end_matches("\"}\n").to_owned());
    assert!(matches!(cut, AuditError::Lines(_)), "{cut}");
    let other = refused(&mut world, file.replacen("register.example/test", "register.example/other", 1));
    assert!(matches!(other, AuditError::OtherLedger), "{other}");
}

#[test]
fn no_extract_is_made_of_a_ledger_with_an_opening_missing_and_all_of_them_are_told() {
    let mut world = World::new();
    people(&mut world);
    let services = Services::default();
    let order = ExtractOrder { services: &services, covers: None, expires_after_micros: EXPIRES_AFTER_MICROS, threads: TWO };
    // Erased as it must be, with a tombstone, it does not stand in the way.
    let account = services.parse("club:d").unwrap();
    let erasure = world.register().writer().contact_of(&account, ErasureReason::ForgottenByPerson).unwrap();
    world.register().erase(&erasure, at(20)).unwrap();
    let erasure = world.register().writer().all_of(&account, ErasureReason::ForgottenByPerson).unwrap();
    world.register().erase(&erasure, at(21)).unwrap();
    let made = world.register().make_extract(&order, at(22), &mut Vec::new()).unwrap();
    assert_eq!((made.header.acts, made.destroyed), (3, 1));
    // Behind the register's back it does.
    let size = world.register().writer().size();
    let mut store = world.store.clone();
    world.register = None;
    let claim = store.claim().unwrap();
    let first = made.index - 6;
    let destroy = vec![Destroy::Opening(first), Destroy::Opening(first + 1)];
    store.append(claim, size, &Batch { destroy, ..Batch::default() }).unwrap();
    world.reopen(at(30)).unwrap();
    let error = world.register().make_extract(&order, at(31), &mut Vec::new()).unwrap_err();
    let ExtractsError::Read(ReadError::Problems(problems)) = error else { panic!("{error}") };
    let told: Vec<u64> = problems.entries.iter().map(|problem| problem.index).collect();
    assert_eq!((told, problems.openings.len()), (vec![first, first + 1], 0), "{:?}", problems.entries);
}

/// People whose no stands in the rest of the file would be taken for silent.
#[test]
fn no_extract_is_made_while_an_import_is_not_finished() {
    let mut world = World::new();
    people(&mut world);
    let services = Services::default();
    let order = ExtractOrder { services: &services, covers: None, expires_after_micros: EXPIRES_AFTER_MICROS, threads: TWO };
    let unfinished = br#"{"acts":5,"begun_at":0,"file":"0123456789abcdef","filed":4}"#.to_vec();
    Books::append(world.register().writer(), &[], &[(ValueName::Import, unfinished)], at(20)).unwrap();
    let size = world.register().writer().size();
    let error = world.register().make_extract(&order, at(21), &mut Vec::new()).unwrap_err();
    assert!(matches!(error, ExtractsError::Unfinished { filed: 4, acts: 5 }), "{error}");
    assert!(error.help().contains("--give-up"));
    assert_eq!(world.register().writer().size(), size, "nothing was entered");
    Intake::new(world.register().writer()).abandon_import(at(22)).unwrap();
    assert!(world.register().make_extract(&order, at(23), &mut Vec::new()).is_ok());
}

#[test]
fn whatever_write_fails_an_extract_can_be_made_again_and_only_one_that_was_entered_is_on_the_ledger() {
    let services = Services::default();
    let order = ExtractOrder { services: &services, covers: None, expires_after_micros: EXPIRES_AFTER_MICROS, threads: TWO };
    for done in [false, true] {
        for number in 1.. {
            let mut world = World::new();
            people(&mut world);
            world.trouble.begin(number, done);
            let first = world.register().make_extract(&order, at(20), &mut Vec::new());
            let over = !world.trouble.end();
            assert_eq!(first.is_ok(), over, "write {number}, done {done}");
            if number % 2 == 0 {
                world.reopen(at(21)).unwrap();
            }
            let (made, bytes) = world.extract(at(30));
            let file = openings(&mut world);
            let report = audited(&mut world, &bytes, &file).unwrap();
            assert!(report.same() && report.entered == Some(made.index), "{report:?}");
            let mut reader = world.register().reader().unwrap();
            let size = reader.size().unwrap();
            let extracts = extracts_of(&mut reader, size).unwrap();
            assert!(
                extracts.len() <= 2
                    && extracts.last().is_some_and(|(index, extract)| *index == made.index && extract.sha256 == made.sha256)
            );
            if over {
                assert!(number > 3, "{number} writes");
                break;
            }
        }
    }
}
