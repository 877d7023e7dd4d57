//! Random worlds: policies, choices, records and questions, deterministic by seed. Everything is drawn as the text people would
//! write and read by core's own readers. Few values are drawn from, so that acts meet at one instant and names on one account.

mod acts;
mod draw;
mod items;
mod policy;
mod pools;
mod shrink;

use bezwaar_core::choice::Choice;
use bezwaar_core::item::Item;
use bezwaar_core::policy::PolicySet;
use bezwaar_core::policy::read::PolicyFile;
use bezwaar_core::wire::{parse_item, read_choices};
use bezwaar_core::{Question, Reading};

pub use acts::{closing, link, opening, text};
pub use draw::Draw;
pub use policy::SERVICES;
pub use pools::Pools;
pub use shrink::{Case, shrink};

/// Most acts in a world.
const ACTS_MAX: usize = 9;

/// A world: who says what about which records, under which policies, and what is asked.
#[derive(Clone)]
pub struct World {
    /// What it was drawn with.
    pub seed: u64,
    /// The policies as text; empty when they were given.
    pub files: Vec<PolicyFile>,
    /// The policies.
    pub policies: PolicySet,
    /// What was drawn from.
    pub pools: Pools,
    /// The choices, one line each.
    pub choice_lines: Vec<String>,
    /// The choices as read.
    pub choices: Vec<Choice>,
    /// The records, one line each; an empty line is one that could not be read.
    pub item_lines: Vec<String>,
    /// The records as read.
    pub items: Vec<Item>,
    /// The questions.
    pub questions: Vec<Question>,
}

/// Records in a world.
pub const ITEMS_PER_WORLD: usize = 6;
/// Questions in a world.
pub const QUESTIONS_PER_WORLD: usize = 8;

impl World {
    /// A world with policies of its own.
    pub fn random(seed: u64) -> World {
        let mut draw = Draw::new(seed);
        let (files, policies) = policy::policies(&mut draw);
        World::around(draw, seed, files, policies)
    }

    /// A world under given policies.
    pub fn under(policies: &PolicySet, seed: u64) -> World {
        World::around(Draw::new(seed), seed, Vec::new(), policies.clone())
    }

    fn around(mut draw: Draw, seed: u64, files: Vec<PolicyFile>, policies: PolicySet) -> World {
        let pools = Pools::of(&mut draw, &policies);
        // One world in three is quiet: a single act decides there.
        let most = draw.pick(&[2, ACTS_MAX, ACTS_MAX]);
        let choice_lines = acts::choices(&mut draw, &pools, most);
        let choices = must_read(&policies, &choice_lines);
        let item_lines: Vec<String> = (0..ITEMS_PER_WORLD).map(|_| items::item(&mut draw, &pools, &policies)).collect();
        let items = item_lines.iter().filter_map(|line| read_item(line)).collect();
        let questions = (0..QUESTIONS_PER_WORLD).map(|_| question(&mut draw, &pools, &policies)).collect();
        World { seed, files, policies, pools, choice_lines, choices, item_lines, items, questions }
    }
}

#[expect(clippy::panic, reason = "a drawn line that cannot be read is a mistake in this crate")]
fn must_read(policies: &PolicySet, lines: &[String]) -> Vec<Choice> {
    match read_choices(&lines.join("\n"), &policies.services) {
        Ok(file) => file.choices,
        Err(errors) => panic!("{errors:?} in {lines:#?}"),
    }
}

/// Reads a record; an empty line is one that could not be read.
pub fn read_item(line: &str) -> Option<Item> {
    if line.is_empty() { Some(Item::unreadable("t/1")) } else { parse_item(1, line).ok() }
}

fn question(draw: &mut Draw, pools: &Pools, policies: &PolicySet) -> Question {
    let at = if draw.chance(78) { pools.last } else { acts::pick_moment(draw, pools) };
    let place = draw.below(Reading::ALL.len());
    let reading = Reading::ALL.get(place).copied().unwrap_or(Reading::Protective);
    let use_id = draw.pick(&pools.uses);
    let uses = policies.policies.values().flat_map(|policy| policy.versions.iter().flat_map(|version| &version.uses));
    let own: Vec<String> =
        uses.filter(|one| one.id == use_id).flat_map(|one| &one.recipients).map(|name| name.replace('*', "one")).collect();
    let recipient = if draw.chance(80) && !own.is_empty() { draw.pick(&own) } else { draw.pick(&pools.recipients) };
    Question { use_id, recipient, at, reading }
}
