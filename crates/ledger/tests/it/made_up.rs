//! Made-up people and what they said, the same each time.

use bezwaar_core::Holdings;
use bezwaar_core::account::{Account, Services};
use bezwaar_core::acts::{HeldAct, HeldBody, ItemNames};
use bezwaar_core::choice::{Act, By, Channel, Choice, LinkKind};
use bezwaar_core::pattern::Pattern;
use bezwaar_core::time::Instant;
use bezwaar_ledger::extract::{Cover, Extract, ExtractHeader, ExtractOptions, services_digest, write_extract};
use bezwaar_ledger::key::{KeyFile, RootKey, SubjectKeys};

pub(crate) const THROUGH: &str = "2026-01-01T00:00:00Z";

pub(crate) fn instant(text: &str) -> Instant {
    Instant::parse(text).unwrap()
}

pub(crate) fn account(text: &str) -> Account {
    Services::default().parse(text).unwrap()
}

pub(crate) fn keys() -> SubjectKeys {
    KeyFile::new(RootKey::from_bytes([7; 32]), "gate.example", 1).unwrap().subject_keys()
}

pub(crate) fn options() -> ExtractOptions {
    let covers = Cover::all_of(&Services::default());
    let services = services_digest(&Services::default());
    ExtractOptions { through: instant(THROUGH), expires_at: instant("2026-01-02T00:00:00Z"), services, covers }
}

pub(crate) fn written(holdings: &Holdings) -> (ExtractHeader, Vec<u8>) {
    let mut bytes = Vec::new();
    let header = write_extract(holdings, &keys(), &options(), &mut bytes).unwrap();
    (header, bytes)
}

pub(crate) fn read(bytes: &[u8]) -> Extract {
    Extract::from_bytes(bytes.to_vec()).unwrap()
}

pub(crate) fn choice(id: &str, person: &str, act: Act, received_at: &str) -> Choice {
    let received_at = instant(received_at);
    Choice {
        id: id.to_owned(),
        person: Some(account(person)),
        act,
        received_at,
        recorded_at: None,
        by: None,
        channel: None,
        provisional: false,
    }
}

/// A few people, one act of every kind, one link.
pub(crate) fn small() -> Holdings {
    let patterns = |texts: &[&str]| Some(texts.iter().map(|text| Pattern::parse(text)).collect::<Vec<_>>());
    let all = Act::Object { uses: None, recipients: None, items: None };
    let some = Act::Object { uses: patterns(&["club/*"]), recipients: patterns(&["*", "lab"]), items: patterns(&["post/*", "photo-1"]) };
    Holdings::resolve(&[
        choice("o-1", "club:noor", all.clone(), "2025-05-26T21:50:00Z"),
        choice("o-2", "club:7", some, "2025-05-26T21:50:00.5Z"),
        choice("s-1", "club:noor", Act::SetOff { control: "club/ai".into() }, "2025-06-01T00:00:00Z"),
        choice("s-2", "club:noor", Act::SetOn { control: "club/ai".into() }, "2025-06-01T00:00:00Z"),
        choice("w-1", "club:noor", Act::Withdraw { of: "o-1".into() }, "2025-07-01T00:00:00Z"),
        Choice {
            recorded_at: Some(instant("2025-08-02T09:30:00Z")),
            ..choice(
                "k-1",
                "club:noor",
                Act::Consent { uses: patterns(&["club/model"]), recipients: patterns(&["lab"]) },
                "2025-08-01T00:00:00Z",
            )
        },
        choice("k-2", "club:noor", Act::WithdrawConsent { of: "k-1".into() }, "2025-09-01T00:00:00Z"),
        choice("g-1", "mail:bo@example.org", Act::Signal { signal: "gpc".into() }, "1969-12-31T23:59:59Z"),
        choice("e-1", "tel:+31612345678", Act::Erase { items: patterns(&["c-1"]) }, "2025-06-01T00:00:00Z"),
        choice("e-2", "tel:+31612345678", Act::Erase { items: None }, "2025-06-01T00:00:00Z"),
        choice("n-1", "url:example.org/bo", Act::Unreadable, "2025-06-01T00:00:00Z"),
        choice("l-1", "club:noor", Act::Link { to: account("pics:noor.v"), how: LinkKind::SamePerson }, "2025-05-01T00:00:00Z"),
        choice("o-9", "club:late", all, "2026-01-01T00:00:00.000001Z"),
    ])
}

/// What an extract is to say of these acts.
pub(crate) fn expected(acts: &[HeldAct], keys: &SubjectKeys, through: Instant) -> Vec<HeldAct> {
    let keyed = |items: &mut Option<ItemNames>| {
        if let Some(ItemNames::Clear(patterns)) = items {
            *items = Some(ItemNames::Keyed(patterns.iter().map(|pattern| keys.item_name(&pattern.to_string())).collect()));
        }
    };
    let mut acts: Vec<HeldAct> = acts.iter().filter(|act| act.from <= through).cloned().collect();
    for act in &mut acts {
        if let HeldBody::Object { items, .. } | HeldBody::Erase { items } = &mut act.body {
            keyed(items);
        }
    }
    acts
}

/// Splitmix64.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub(crate) fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }

    fn one_of<T: Clone>(&mut self, list: &[T]) -> T {
        list[self.below(list.len())].clone()
    }

    fn person(&mut self, people: usize) -> String {
        let number = self.below(people);
        match number % 6 {
            0 => format!("club:{}", number + 1),
            1 => format!("club:@naam-{number}"),
            2 => format!("pics:é{number}"),
            3 => format!("mail:someone{number}@example.org"),
            4 => format!("tel:+316{number:08}"),
            _ => format!("url:example.org/{number}"),
        }
    }

    fn patterns(&mut self) -> Option<Vec<Pattern>> {
        let texts = ["*", "club/*", "club/model", "third:*", "third:lab", "pics/ü", "a*", "", "x/own-ml"];
        let len = self.below(5).checked_sub(1)?;
        Some((0..len).map(|_| Pattern::parse(self.one_of(&texts))).collect())
    }

    fn act(&mut self, made: usize, people: usize) -> Act {
        let of = format!("{}-{}", self.one_of(&["o", "k", "l"]), self.below(made + 1));
        let control = self.one_of(&["club/ai", "pics/train", ""]).to_owned();
        match self.below(12) {
            0..3 => Act::Object { uses: self.patterns(), recipients: self.patterns(), items: self.patterns() },
            3 => Act::SetOff { control },
            4 => Act::SetOn { control },
            5 => Act::Withdraw { of },
            6 => Act::Consent { uses: Some(vec![Pattern::parse("club/model")]), recipients: self.patterns() },
            7 => Act::WithdrawConsent { of },
            8 => Act::Signal { signal: self.one_of(&["gpc", "tdm", "new"]).to_owned() },
            9 => Act::Erase { items: self.patterns() },
            10 => Act::Unreadable,
            _ if self.below(3) == 0 => Act::Unlink { of },
            _ => Act::Link { to: account(&self.person(people)), how: LinkKind::SamePerson },
        }
    }

    /// Choices of a number of people, a third of them later than [`THROUGH`].
    pub(crate) fn choices(&mut self, number: usize, people: usize) -> Vec<Choice> {
        let through = instant(THROUGH).as_micros();
        let mut made = Vec::new();
        for place in 0..number {
            let prefix = self.one_of(&["o", "k", "l"]);
            let act = self.act(place, people);
            let day = 86_400_000_000;
            let at = |random: &mut Random| Instant::from_micros(through - (random.below(60) as i64 - 20) * day / 2);
            let received_at = at(self);
            let recorded_at = (self.below(4) == 0).then(|| at(self));
            let by = self.one_of(&[None, None, Some(By::Own), Some(By::Agent)]);
            let channel = self.one_of(&[None, None, Some(Channel::Form), Some(Channel::Mail)]);
            let person = Some(account(&self.person(people)));
            made.push(Choice { id: format!("{prefix}-{place}"), person, act, received_at, recorded_at, by, channel, provisional: false });
        }
        made
    }
}
