//! What a ledger says, from entries and openings.

use std::num::NonZeroUsize;

use bezwaar_core::Holdings;
use bezwaar_core::choice::{Act, By, Choice};
use bezwaar_core::time::Instant;
use bezwaar_ledger::entry::{Entry, EntryKind};
use bezwaar_ledger::event::{Confirmation, Event, Tombstone, TombstoneReason, Void, VoidReason};
use bezwaar_ledger::opening::{Opening, Salt};
use bezwaar_ledger::replay::{Replay, ReplayError, Replayed, may_be_provisional};
use bezwaar_testkit::random::World;

use crate::made_up::{account, choice, instant};

const DAY: i64 = 86_400_000_000;

/// A ledger in the making: one entry an hour from 2026-01-01 on.
#[derive(Clone, Default)]
pub(crate) struct Made(pub(crate) Vec<(Entry, Option<Opening>)>);

pub(crate) fn at(hour: usize) -> Instant {
    instant("2026-01-01T00:00:00Z").plus_micros(hour as i64 * 3_600_000_000)
}

impl Made {
    pub(crate) fn event(mut self, event: &Event) -> Made {
        let index = self.0.len();
        let salt = Salt::from_bytes([index as u8; 32]);
        let opening = Opening { index: index as u64, kind: event.kind(), salt, body: event.to_bytes().unwrap() };
        let entry = Entry { kind: event.kind(), recorded_at: at(index), hash: opening.commitment().unwrap() };
        self.0.push((entry, Some(opening)));
        self
    }

    pub(crate) fn act(self, choice: Choice) -> Made {
        self.event(&Event::Choice(choice))
    }

    fn confirmed(self, id: &str, confirms: &str, person: &str) -> Made {
        let received_at = at(self.0.len());
        self.event(&Event::Confirmation(Confirmation { id: id.into(), confirms: confirms.into(), person: account(person), received_at }))
    }

    fn voided(self, id: &str, voids: &str, days: i64) -> Made {
        let effective_at = at(self.0.len()).plus_micros(days * DAY);
        let approvers = ["desk-1".into(), "desk-2".into()];
        self.event(&Event::Void(Void {
            id: id.into(),
            voids: voids.into(),
            reason: VoidReason::FiledByAutomation,
            approvers,
            effective_at,
        }))
    }

    fn tombstone(self, entries: &[u64]) -> Made {
        self.event(&Event::Tombstone(Tombstone { entries: entries.to_vec(), reason: TombstoneReason::ForgottenByPerson }))
    }

    fn document(mut self) -> Made {
        self.0.push((Entry { kind: EntryKind::Policy, recorded_at: at(self.0.len()), hash: [3; 32] }, None));
        self
    }

    fn without(mut self, index: usize) -> Made {
        self.0[index].1 = None;
        self
    }

    fn replay(&self, through: Instant) -> Result<Replayed, Vec<(u64, ReplayError)>> {
        let mut replay = Replay::new();
        self.0.iter().for_each(|(entry, opening)| replay.push(entry, opening.as_ref()));
        let one = replay.finish(through);
        for threads in [1, 2, 3, 16] {
            let mut replay = Replay::new();
            self.0.chunks(3).for_each(|some| replay.push_all(some, NonZeroUsize::new(threads).unwrap()));
            assert_eq!(replay.finish(through), one, "{threads} threads");
        }
        one.map_err(|errors| errors.problems().iter().map(|problem| (problem.index, problem.error.clone())).collect())
    }

    #[track_caller]
    fn fails(&self, expect: &[(u64, ReplayError)]) {
        assert_eq!(self.replay(at(100_000)).unwrap_err(), expect);
    }
}

pub(crate) fn object(id: &str, person: &str) -> Choice {
    choice(id, person, Act::Object { uses: None, recipients: None, items: None }, "2025-12-31T00:00:00Z")
}

pub(crate) fn provisional(id: &str, person: &str) -> Choice {
    Choice { provisional: true, ..object(id, person) }
}

fn ids(replayed: &Replayed) -> Vec<String> {
    let shown = |choice: &Choice| format!("{}{}", choice.id, if choice.provisional { "?" } else { "" });
    replayed.choices.iter().map(shown).collect()
}

#[test]
fn acts_come_back_with_the_time_of_their_entry() {
    let made = Made::default().document().act(object("o-1", "club:noor")).document().act(object("o-2", "club:daan"));
    let replayed = made.replay(at(9)).unwrap();
    assert_eq!((replayed.entries, replayed.provisional, replayed.voided, replayed.destroyed), (4, 0, 0, 0));
    let expect = Choice { recorded_at: Some(at(1)), by: Some(By::Own), ..object("o-1", "club:noor") };
    assert_eq!(replayed.choices[0], expect);
    assert_eq!(ids(&made.replay(at(3)).unwrap()), ["o-1", "o-2"], "recorded at that very moment");
    assert_eq!(ids(&made.replay(at(2)).unwrap()), ["o-1"], "not recorded yet");
    assert_eq!(Made::default().replay(at(0)).unwrap().choices, []);
}

#[test]
fn a_replayed_world_holds_what_its_choices_hold() {
    for seed in 0..200 {
        let choices: Vec<Choice> = World::random(seed).choices;
        let made = choices.iter().fold(Made::default(), |made, choice| made.act(choice.clone()));
        let expect: Vec<Choice> =
            choices.into_iter().zip(0..).map(|(choice, hour)| Choice { recorded_at: Some(at(hour)), ..choice }).collect();
        assert_eq!(made.replay(at(99)).unwrap().into_holdings(), Holdings::resolve(&expect), "seed {seed}");
    }
}

#[test]
fn a_confirmation_by_the_account_ends_what_is_provisional() {
    let made = Made::default().act(provisional("o-1", "club:noor")).confirmed("b-1", "o-1", "club:noor");
    assert_eq!(ids(&made.replay(at(0)).unwrap()), ["o-1?"]);
    assert_eq!(ids(&made.replay(at(1)).unwrap()), ["o-1"]);
    assert_eq!(made.replay(at(0)).unwrap().provisional, 1);
    let held = made.replay(at(0)).unwrap().into_holdings();
    assert!(held.acts_of(&account("club:noor"))[0].provisional);
    Made::default().act(provisional("o-1", "club:noor")).confirmed("b-1", "o-1", "club:daan").fails(&[(1, ReplayError::OtherAccount)]);
    Made::default().act(object("o-1", "club:noor")).confirmed("b-1", "o-1", "club:noor").fails(&[(1, ReplayError::NotProvisional)]);
    Made::default().act(provisional("o-1", "club:noor")).confirmed("b-1", "o-9", "club:noor").fails(&[(1, ReplayError::NoSuchAct)]);
    Made::default().confirmed("b-1", "o-1", "club:noor").act(provisional("o-1", "club:noor")).fails(&[(0, ReplayError::NoSuchAct)]);
}

#[test]
fn a_void_takes_a_provisional_objection_out_after_its_notice_and_not_before() {
    let made = Made::default().act(provisional("o-1", "club:noor")).voided("v-1", "o-1", 14);
    let effective_at = at(1).plus_micros(14 * DAY);
    assert_eq!(ids(&made.replay(effective_at.plus_micros(-1)).unwrap()), ["o-1?"]);
    let replayed = made.replay(effective_at).unwrap();
    assert_eq!((ids(&replayed), replayed.voided), (vec![], 1));
    let saved = made.clone().confirmed("b-1", "o-1", "club:noor");
    assert_eq!(ids(&saved.replay(effective_at).unwrap()), ["o-1"], "confirmed meanwhile");
    assert_eq!(ids(&made.replay(at(0)).unwrap()), ["o-1?"], "the void was not recorded yet");

    Made::default().act(provisional("o-1", "club:noor")).voided("v-1", "o-1", 13).fails(&[(1, ReplayError::NoNotice)]);
    Made::default().act(object("o-1", "club:noor")).voided("v-1", "o-1", 14).fails(&[(1, ReplayError::NotProvisional)]);
    let off = Choice { provisional: true, ..choice("s-1", "club:noor", Act::SetOff { control: "club/ai".into() }, "2025-12-31T00:00:00Z") };
    Made::default().act(off).voided("v-1", "s-1", 14).fails(&[(1, ReplayError::NotProvisional)]);
    let confirmed = Made::default().act(provisional("o-1", "club:noor")).confirmed("b-1", "o-1", "club:noor");
    confirmed.voided("v-1", "o-1", 14).fails(&[(2, ReplayError::Confirmed)]);
    Made::default().act(object("o-1", "club:noor")).voided("v-1", "o-2", 14).fails(&[(1, ReplayError::NoSuchAct)]);
}

#[test]
fn only_what_closes_and_can_be_taken_back_is_provisional() {
    for seed in 0..150 {
        for choice in World::random(seed).choices {
            let allowed = may_be_provisional(&choice.act);
            assert!(!allowed || !choice.act.opens());
            let made = Made::default().act(Choice { provisional: true, ..choice });
            if allowed {
                made.replay(at(9)).unwrap();
            } else {
                made.fails(&[(0, ReplayError::ProvisionalPower)]);
            }
        }
    }
}

#[test]
fn an_entry_without_opening_needs_a_tombstone() {
    let made = Made::default().act(object("o-1", "club:noor")).act(object("o-2", "club:daan"));
    made.clone().without(0).fails(&[(0, ReplayError::NoOpening)]);
    let forgotten = made.clone().without(0).tombstone(&[0]);
    let replayed = forgotten.replay(at(9)).unwrap();
    assert_eq!((ids(&replayed), replayed.destroyed), (vec!["o-2".to_owned()], 1));
    made.clone().tombstone(&[0]).fails(&[(0, ReplayError::NotDestroyed)]);
    made.clone().document().tombstone(&[2]).fails(&[(2, ReplayError::NotDestroyed)]);
    made.clone().without(0).tombstone(&[0]).tombstone(&[0]).fails(&[(3, ReplayError::TombstoneNames { entry: 0 })]);
    made.clone().tombstone(&[2]).fails(&[(2, ReplayError::TombstoneNames { entry: 2 })]);
    forgotten.clone().without(2).fails(&[(0, ReplayError::NoOpening), (2, ReplayError::NoOpening)]);
    // A void of an act that was forgotten meanwhile names what nobody can see.
    let voided = Made::default().act(provisional("o-1", "club:noor")).voided("v-1", "o-1", 14).without(0).tombstone(&[0]);
    assert_eq!(ids(&voided.replay(at(9_999)).unwrap()), Vec::<String>::new());
}

#[test]
fn everything_that_does_not_fit_is_told_at_once() {
    let mut made = Made::default();
    for (place, person) in ["club:a", "club:b", "club:c", "club:d", "club:e", "club:f", "club:g"].into_iter().enumerate() {
        made = made.act(object(&format!("o-{place}"), person));
    }
    made.0[1].1.as_mut().unwrap().salt = Salt::from_bytes([99; 32]);
    made.0[2].0.recorded_at = at(0);
    let swapped = made.0[4].1.clone();
    made.0[3].1 = swapped;
    made.0[5].1 = None;
    made = made.act(object("o-6", "club:h")).document();
    made.0[8].1 = made.0[0].1.clone();
    let errors = made.replay(at(99)).unwrap_err();
    let indexes: Vec<u64> = errors.iter().map(|(index, _)| *index).collect();
    assert_eq!(indexes, [1, 2, 3, 5, 7, 8]);
    assert!(matches!(errors[0].1, ReplayError::Opening(_)));
    let rest: Vec<&ReplayError> = errors.iter().skip(1).map(|(_, error)| error).collect();
    use ReplayError::{NoOpening, OpeningOfUnsalted, Place, SecondId, TimeRunsBackwards};
    assert_eq!(rest, [&TimeRunsBackwards, &Place, &NoOpening, &SecondId, &OpeningOfUnsalted]);

    let reused = Made::default().act(provisional("o-1", "club:noor")).confirmed("o-1", "o-1", "club:noor");
    reused.fails(&[(1, ReplayError::SecondId)]);
}

#[test]
fn a_dropped_or_changed_act_is_noticed() {
    let made = Made::default().act(object("o-1", "club:noor")).act(object("o-2", "club:daan"));
    for place in 0..made.0[0].1.as_ref().unwrap().body.len() {
        let mut other = made.clone();
        other.0[0].1.as_mut().unwrap().body[place] ^= 1;
        assert_eq!(other.replay(at(9)).unwrap_err().len(), 1, "byte {place}");
    }
    let other_kind = {
        let mut other = made.clone();
        other.0[0].0.kind = EntryKind::Void;
        other
    };
    assert_eq!(other_kind.replay(at(9)).unwrap_err().len(), 1);
}
