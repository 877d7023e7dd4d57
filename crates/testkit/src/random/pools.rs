//! What random choices, items and questions are drawn from: few values, so that they meet.

use std::collections::BTreeSet;

use bezwaar_core::policy::{PolicySet, Use, Version, When};
use bezwaar_core::time::{Day, Instant, Zone};

use super::draw::Draw;

/// The pools of one world.
#[derive(Clone, Debug)]
pub struct Pools {
    /// Ids of uses, some of which nothing has.
    pub uses: Vec<String>,
    /// Recipients.
    pub recipients: Vec<String>,
    /// Ids of controls, some of which nothing has.
    pub controls: Vec<String>,
    /// Accounts as choices may write them: each names somebody.
    pub people: Vec<String>,
    /// Accounts as records may write them: some name nobody.
    pub names: Vec<String>,
    /// Moments.
    pub instants: Vec<Instant>,
    /// A moment after all others.
    pub last: Instant,
    /// One use, few people: nearly everything meets.
    pub narrow: bool,
}

/// Ids of items, told apart by the patterns in [`ITEM_PATTERNS`].
pub(super) const ITEMS: [&str; 4] = ["t/1", "t/2", "u:3", "p"];
/// Patterns over [`ITEMS`].
pub(super) const ITEM_PATTERNS: [&str; 6] = ["*", "t/*", "u:*", "t/1", "p", "t*"];
/// Signals: known ones, one some random policies map, and one nobody knows.
pub(super) const SIGNALS: [&str; 6] = ["gpc", "gpc", "aipref", "tdm", "odd", "whistle"];
/// Regions as records may write them.
pub(super) const REGIONS: [&str; 9] = ["NL", "NL", "DE", "US", "GB", "NO", "fr", "XX", ""];

impl Pools {
    /// Pools around some policies: their ids, and moments at which they change.
    pub fn of(draw: &mut Draw, set: &PolicySet) -> Pools {
        let versions: Vec<&Version> = set.policies.values().flat_map(|policy| &policy.versions).collect();
        let uses: Vec<&Use> = versions.iter().flat_map(|version| &version.uses).collect();
        let of_uses: BTreeSet<String> = uses.iter().map(|one| one.id.clone()).collect();
        let of_controls: BTreeSet<String> =
            versions.iter().flat_map(|version| version.controls.iter().map(|control| control.id.clone())).collect();
        let recipients: BTreeSet<String> = uses.iter().flat_map(|one| one.recipients.iter().map(|name| name.replace('*', "one"))).collect();
        let policy = draw.pick(&set.policies.keys().cloned().collect::<Vec<_>>());
        let noise = |draw: &mut Draw, known: BTreeSet<String>, most: usize| {
            let mut pool: Vec<String> = known.into_iter().collect();
            draw.shuffle(&mut pool);
            pool.truncate(most);
            pool
        };
        let mut uses = noise(draw, of_uses, 4);
        // One of them is the one most is about.
        let favourite = uses.first().cloned();
        uses.extend(favourite.into_iter().cycle().take(5));
        uses.extend(draw.maybe(15, |_| format!("{policy}/nope")));
        uses.extend(draw.maybe(4, |_| "nowhere/a".to_owned()));
        let mut controls = noise(draw, of_controls, 3);
        controls.extend(draw.maybe(15, |_| format!("{policy}/nope")));
        controls.extend(draw.maybe(10, |_| "nowhere/x".to_owned()));
        let mut recipients = noise(draw, recipients, 3);
        recipients.extend(draw.maybe(20, |_| "third:two".to_owned()));
        let (names, people) = names(draw, set);
        let (instants, last) = instants(draw, &versions);
        let pools = Pools { uses, recipients, controls, people, names, instants, last, narrow: false };
        if draw.chance(40) { pools.narrowed(draw, set) } else { pools }
    }

    fn narrowed(mut self, draw: &mut Draw, set: &PolicySet) -> Pools {
        self.uses.truncate(1);
        let versions = set.policies.values().flat_map(|policy| &policy.versions);
        let uses: Vec<&Use> = versions.flat_map(|version| &version.uses).filter(|one| self.uses.contains(&one.id)).collect();
        let controls: BTreeSet<String> = uses.iter().flat_map(|one| one.controls.iter().cloned()).collect();
        if !controls.is_empty() {
            self.controls = controls.into_iter().collect();
        }
        draw.shuffle(&mut self.people);
        self.people.truncate(3);
        self.names.clone_from(&self.people);
        self.narrow = true;
        self
    }
}

/// A few names in several spellings: all, and those that name somebody.
fn names(draw: &mut Draw, set: &PolicySet) -> (Vec<String>, Vec<String>) {
    let mut services: Vec<&str> = set.services.iter().map(|(id, _)| id).collect();
    draw.shuffle(&mut services);
    services.truncate(2);
    let mut all: Vec<String> = Vec::new();
    for service in services {
        for value in draw.some(&["1", "01", "noor", "@Noor", "+31 6 1234 5678", "31612345678", "2"], 40) {
            all.push(format!("{service}:{value}"));
        }
    }
    for name in draw.some(&["mail:a@b.example", "mail:A@B.example", "tel:+31612345678", "url:http://a.example/x/"], 20) {
        all.push(name.to_owned());
    }
    all.push("club:3".to_owned());
    let people = all.iter().filter(|name| set.services.parse(name).is_some()).cloned().collect();
    for name in draw.some(&["club:nan", "guild:gone", "tel:0612", "nobody", "mail:nobody"], 15) {
        all.push(name.to_owned());
    }
    (all, people)
}

/// Moments at or right beside changes of the policies, and one after all.
fn instants(draw: &mut Draw, versions: &[&Version]) -> (Vec<Instant>, Instant) {
    let mut known: BTreeSet<Instant> = BTreeSet::new();
    for version in versions {
        known.insert(version.effective_at);
        let begins = |when: When| when.day().map(|day| day.begins(&version.zone));
        known.extend(version.controls.iter().filter_map(|control| begins(control.first_offered)));
        for one in &version.uses {
            known.extend([one.announced, one.effective, one.control_first_offered].into_iter().filter_map(begins));
            for carve in &one.carve_outs {
                known.insert(carve.from.begins(&version.zone));
                known
                    .extend(carve.window.iter().flat_map(|window| [window.from.begins(&version.zone), window.through.ends(&version.zone)]));
            }
        }
    }
    let mut moments: Vec<Instant> = known.into_iter().collect();
    let last = moments.last().copied().unwrap_or(Instant::from_micros(1_700_000_000_000_000)).plus_micros(40 * 86_400_000_000);
    draw.shuffle(&mut moments);
    moments.truncate(4);
    let mut jittered: Vec<Instant> =
        moments.into_iter().map(|moment| moment.plus_micros(draw.pick(&[0, 0, -1, 1, 3_600_000_000, 86_400_000_000]))).collect();
    jittered.push(last.plus_micros(-20 * 86_400_000_000));
    (jittered, last)
}

/// The UTC day of a moment, as text.
pub(super) fn day_text(moment: Instant) -> String {
    Day::of(moment, &Zone::utc()).unwrap_or(Day::EPOCH).to_string()
}
