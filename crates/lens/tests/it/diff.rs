//! What changed, and that turning a comparison turns its changes.

use bezwaar_core::policy::{Default_, Period, Version, When};
use bezwaar_lens::diff::{Change, Diff, Direction, between};
use proptest::prelude::*;

use crate::{read, shipped, version};

fn shipped_version(policy: &str, id: &str) -> Version {
    shipped().policies[policy].versions.iter().find(|version| version.id == id).unwrap().clone()
}

/// Fact and direction of changes, and what they are about does not matter: a renamed use goes by another name the other way round.
fn directions(diff: &Diff, turned: bool) -> Vec<(&'static str, Direction, Vec<String>, Vec<String>)> {
    let one = |change: &Change| {
        let (before, after) = (change.before.clone(), change.after.clone());
        if turned { (change.fact, change.direction.turned(), after, before) } else { (change.fact, change.direction, before, after) }
    };
    let mut found: Vec<_> = diff.changes.iter().map(one).collect();
    found.sort();
    found
}

#[track_caller]
fn check_turns(old: &Version, new: &Version) {
    assert_eq!(directions(&between(old, new), false), directions(&between(new, old), true), "{} {}", old.id, new.id);
}

#[test]
fn shipped_versions_turn_and_equal_themselves() {
    for policy in shipped().policies.values() {
        for old in &policy.versions {
            assert_eq!(between(old, old).changes, [], "{}", old.id);
            for new in &policy.versions {
                check_turns(old, new);
            }
        }
    }
}

fn has(diff: &Diff, fact: &str, direction: Direction, text: &str) -> bool {
    diff.changes.iter().any(|change| {
        change.fact == fact && change.direction == direction && change.before.iter().chain(&change.after).any(|value| value.contains(text))
    })
}

#[test]
fn x_in_november_2024() {
    let diff = between(&shipped_version("x", "2024-05-07"), &shipped_version("x", "2024-11-15"));
    assert!(has(&diff, "use", Direction::Widened, "Third-party collaborators"));
    assert!(has(&diff, "kept", Direction::Widened, "usage information: P18M"));
    assert!(!diff.changes.iter().any(|change| change.fact == "clause"), "keeping longer than stated is not new");
    assert_eq!((diff.notice.days, diff.days_between), (Some(30), 192));
    let diff = between(&shipped_version("x", "2024-11-15"), &shipped_version("x", "2025-07-28"));
    assert!(has(&diff, "kept", Direction::Widened, "P12M"));
    assert!(has(&diff, "controller", Direction::Changed, "X Internet Unlimited Company"));
    let practice = between(&shipped_version("x", "2023-09-29"), &shipped_version("x", "2024-05-07"));
    assert_eq!(practice.notice.days, Some(0), "never published");
}

#[test]
fn meta_in_june_2025() {
    let diff = between(&shipped_version("meta", "2025-05-27"), &shipped_version("meta", "2025-06-16"));
    assert!(has(&diff, "use", Direction::Widened, "People without an account"));
    assert!(has(&diff, "from_others", Direction::Widened, "true"));
    assert_eq!((diff.notice.days, diff.days_between), (None, 20));
}

/// A use that goes on under another name is the same use, not an end and a beginning.
#[test]
fn a_renamed_use_goes_on() {
    let first = version("2026-01-01", &[]);
    let second = version("2026-03-01", &[]);
    let text = second.text.replace("club/model\"", "club/mind\"").replace("on_deletion =", "continues = [\"club/model\"]\non_deletion =");
    let set = read(&[first, bezwaar_core::policy::read::PolicyFile { text, ..second }]);
    let [old, new] = &set.policies["club"].versions[..] else { panic!("two versions") };
    let facts: Vec<&str> = between(old, new).changes.iter().map(|change| change.fact).collect();
    assert_eq!(facts, ["id"]);
    check_turns(old, new);
}

#[test]
fn directions_of_single_facts() {
    let base = [("default = \"off\"", "default = \"on\"")];
    for (old, new, fact, direction) in [
        ("recipients = [\"lab\"]", "recipients = [\"lab\", \"third:*\"]", "recipients", Direction::Widened),
        ("min_age = 18", "min_age = 16", "min_age", Direction::Widened),
        ("min_age = 18", "min_age = 18\nregions = [\"EEA\"]", "regions", Direction::Narrowed),
        ("categories = [\"post\", \"comment\"]", "categories = [\"post\"]", "data", Direction::Narrowed),
        ("audience = [\"public\"]", "audience = [\"public\", \"restricted\"]", "audience", Direction::Widened),
        ("controls = [\"club/model-setting\"]", "controls = []", "controls", Direction::Widened),
        ("reason_required = false", "reason_required = true", "reason_required", Direction::Widened),
        ("reason_required = false", "reason_required = \"unknown\"", "reason_required", Direction::Unclear),
        ("confirmation = true", "confirmation = false", "confirmation", Direction::Widened),
        ("clients = [\"web\", \"app\"]", "clients = [\"web\"]", "clients", Direction::Widened),
        ("for = \"P2Y\"", "for = \"P1Y\"", "kept", Direction::Narrowed),
        ("for = \"P2Y\"", "for = \"unknown\"", "kept", Direction::Unclear),
        ("legal_basis = \"legitimate-interests\"", "legal_basis = \"consent\"", "legal_basis", Direction::Changed),
        ("control_covers = \"all\"", "control_covers = \"title-only\"", "control_covers", Direction::Widened),
        ("collection_began = \"2026-01-01\"", "collection_began = \"2025-06-01\"", "collection_began", Direction::Widened),
    ] {
        let changed: Vec<(&str, &str)> = base.into_iter().chain([(old, new)]).collect();
        let set = read(&[version("2026-01-01", &base), version("2026-03-01", &changed)]);
        let versions = &set.policies["club"].versions;
        let found: Vec<(&str, Direction)> =
            between(&versions[0], &versions[1]).changes.iter().map(|change| (change.fact, change.direction)).collect();
        assert_eq!(found, [(fact, direction)], "{new}");
        check_turns(&versions[0], &versions[1]);
    }
}

/// One of the shipped versions, changed at random.
fn mutated(place: usize, seed: &[u8]) -> Version {
    let policies = shipped();
    let versions: Vec<&Version> = policies.policies.values().flat_map(|policy| &policy.versions).collect();
    let mut version = versions[place % versions.len()].clone();
    for (step, byte) in seed.iter().enumerate() {
        let many = version.uses.len();
        let Some(one) = version.uses.get_mut(if many == 0 { 0 } else { usize::from(*byte) % many }) else { break };
        match (byte / 7) % 9 {
            0 => one.default = [Default_::On, Default_::Off, Default_::Unknown][step % 3],
            1 => one.min_age = [None, Some(13), Some(18)][step % 3],
            2 => {
                one.recipients =
                    [vec!["third:*".to_owned()], vec!["third:a".to_owned(), "b".to_owned()], vec!["b".to_owned()]][step % 3].clone()
            }
            3 => one.collection_began = [When::Unknown, When::Never, When::Day(version.effective)][step % 3],
            4 => one.registered = [None, Some(true), Some(false)][step % 3],
            5 => one.details.from_others = [None, Some(true), Some(false)][step % 3],
            6 => {
                if let Some(row) = one.details.kept.first_mut() {
                    row.period = [Period::NoEnd, Period::Unknown, Period::Span { months: 3, days: 0 }][step % 3];
                }
            }
            7 => {
                one.data.pop();
            }
            _ => {
                version.uses.remove(usize::from(*byte) % many);
            }
        }
    }
    version
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(48) })]

    #[test]
    fn any_two_versions_turn(place in 0_usize..200, near in 0_usize..4, left in proptest::collection::vec(any::<u8>(), 0..8), right in proptest::collection::vec(any::<u8>(), 0..8)) {
        let (old, new) = (mutated(place, &left), mutated(place + near, &right));
        prop_assert_eq!(between(&old, &old).changes, vec![]);
        prop_assert_eq!(directions(&between(&old, &new), false), directions(&between(&new, &old), true));
    }
}
