//! What people made.

use bezwaar_core::item::{Audience, Category, ChatKind, Hold, Relation};

use super::dice::{Authors, Dice};
use super::people::{Age, Person, Service, World};
use super::words::Words;
use super::write::age_at;

/// What stands in the place of an author.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Byline {
    /// The author.
    Named,
    /// What a service shows when an account is gone.
    Gone,
    /// Nothing.
    Nothing,
}

/// A conversation.
#[derive(Clone, Copy, Debug)]
pub(super) struct Chat {
    /// Who talks with whom.
    pub(super) kind: ChatKind,
    /// Whether an AI takes part.
    pub(super) has_ai: bool,
    /// Whether this message was meant for it, if that is known.
    pub(super) to_ai: Option<bool>,
}

/// One item. There is one, made over and over, so that making items asks for no memory.
pub(super) struct Row {
    /// Its number, from 1.
    pub(super) number: u64,
    /// Who made it.
    pub(super) author: Person,
    /// How that is shown.
    pub(super) byline: Byline,
    /// Who made it too.
    pub(super) second: Option<Person>,
    /// What it is, if that is known.
    pub(super) category: Option<Category>,
    /// Who could see it, if that is known.
    pub(super) audience: Option<Audience>,
    /// When it was made, in seconds.
    pub(super) created: i64,
    /// Only the day is known.
    pub(super) created_day_only: bool,
    /// When it was collected, if that is known.
    pub(super) collected: Option<i64>,
    /// When its author deleted it.
    pub(super) deleted: Option<i64>,
    /// Why it is kept all the same.
    pub(super) hold: Option<Hold>,
    /// Where it was said.
    pub(super) chat: Option<Chat>,
    /// Whom it is about; every relation at most once.
    pub(super) about: Vec<(Relation, Person)>,
    /// What it says.
    pub(super) text: String,
}

impl Row {
    /// The letter its id begins with.
    pub(super) fn letter(&self) -> u8 {
        match self.author.service {
            Service::Facebook | Service::None => b'f',
            Service::Instagram => b'i',
            Service::X => b'x',
            Service::Whatsapp => b'w',
        }
    }

    /// The author's age when it was collected, in whole years.
    pub(super) fn years(&self) -> Option<i64> {
        match self.author.age {
            Age::Born(born) => Some(age_at(born, self.collected.unwrap_or(self.created))),
            Age::Band(_) | Age::Unknown => None,
        }
    }
}

/// Makes items, one after the other.
pub(super) struct Maker<'a> {
    world: &'a World,
    authors: &'a Authors,
    words: Words,
    dice: Dice,
    row: Row,
}

const POSTED: &[(u64, Category)] = &[
    (34, Category::Post),
    (30, Category::Comment),
    (12, Category::Photo),
    (6, Category::Video),
    (1, Category::Audio),
    (2, Category::Profile),
    (4, Category::Message),
    (3, Category::AiInteraction),
    (7, Category::Reaction),
    (1, Category::Metadata),
];
const CHATTED: &[(u64, Category)] = &[(94, Category::Message), (4, Category::AiInteraction), (2, Category::Metadata)];

/// How far back items go, in seconds.
const SPAN_SECONDS: i64 = 12 * 365 * 86_400;
/// How often somebody of the same service is looked for before an item is about nobody.
const TRIES: u32 = 4;

impl<'a> Maker<'a> {
    /// A maker of the world's items.
    pub(super) fn new(world: &'a World, authors: &'a Authors) -> Maker<'a> {
        let row = Row {
            number: 0,
            author: world.person(0),
            byline: Byline::Named,
            second: None,
            category: None,
            audience: None,
            created: 0,
            created_day_only: false,
            collected: None,
            deleted: None,
            hold: None,
            chat: None,
            about: Vec::new(),
            text: String::new(),
        };
        Maker { world, authors, words: Words::new(), dice: world.dice_of_items(), row }
    }

    /// The next item.
    pub(super) fn next(&mut self, number: u64) -> &Row {
        let dice = &mut self.dice;
        let author = self.world.person(self.authors.draw(dice));
        let kinds = if author.service == Service::Whatsapp { CHATTED } else { POSTED };
        let category = dice.pick(kinds).unwrap_or(Category::Post);
        let row = &mut self.row;
        row.number = number;
        row.author = author;
        row.byline = match dice.below(1_000) {
            0..=2 => Byline::Gone,
            3 => Byline::Nothing,
            _ => Byline::Named,
        };
        row.category = Some(category).filter(|_| !dice.chance(2_000));
        row.audience = audience(author, category, dice).filter(|_| !dice.chance(10_000));
        // The square of a draw favours what is recent.
        let back = i64::try_from(dice.below(1 << 31)).unwrap_or_default();
        row.created = self.world.through - ((SPAN_SECONDS * ((back * back) >> 31)) >> 31);
        row.created_day_only = dice.chance(20_000);
        let collected = dice.between(row.created, self.world.through);
        row.collected = Some(collected).filter(|_| !dice.chance(10_000));
        row.deleted = dice.chance(15_000).then(|| dice.between(collected, self.world.through));
        row.hold = dice.chance(500).then_some(Hold::Legal).or(dice.chance(300).then_some(Hold::Safety));
        row.chat = (category == Category::Message).then(|| chat(author, dice)).filter(|_| !dice.chance(10_000));
        row.about.clear();
        let several = dice.chance(3_000);
        self.row.second = if several { self.somebody() } else { None };
        self.add_about(category);
        let length = match category {
            Category::Reaction | Category::Metadata => 0,
            _ => self.dice.length(),
        };
        let length = match category {
            Category::Post => length,
            Category::Comment | Category::AiInteraction => length * 3 / 5,
            _ => length * 2 / 5,
        };
        self.words.write(author.tongue, length, &mut self.dice, &mut self.row.text);
        &self.row
    }

    /// Somebody else with an account at the same service.
    fn somebody(&mut self) -> Option<Person> {
        let mut drawn = (0..TRIES).map(|_| self.world.person(self.authors.draw(&mut self.dice)));
        drawn.find(|other| other.service == self.row.author.service && other.index != self.row.author.index)
    }

    fn add_about(&mut self, category: Category) {
        let relations: &[(u64, Relation)] = match category {
            Category::Post => &[(12, Relation::Mention), (9, Relation::Quote), (79, Relation::Unspecified)],
            Category::Comment => &[(45, Relation::Reply), (8, Relation::Mention), (4, Relation::Quote), (43, Relation::Unspecified)],
            Category::Photo | Category::Video => &[(20, Relation::Depict), (8, Relation::Mention), (72, Relation::Unspecified)],
            Category::Message => &[(40, Relation::Participant), (60, Relation::Unspecified)],
            _ => return,
        };
        match self.dice.pick(relations) {
            None | Some(Relation::Unspecified) => {}
            // People are seen in photos whether they have an account or not.
            Some(Relation::Depict) => {
                let person = self.world.person(self.authors.draw(&mut self.dice));
                self.row.about.push((Relation::Depict, person));
            }
            Some(relation) => {
                let person = self.somebody();
                self.row.about.extend(person.map(|person| (relation, person)));
            }
        }
        let handed_on = self.row.chat.is_some_and(|chat| chat.to_ai == Some(true)) && self.dice.chance(200_000);
        if handed_on {
            let person = self.somebody();
            self.row.about.extend(person.map(|person| (Relation::Forwarder, person)));
        }
    }
}

fn audience(author: Person, category: Category, dice: &mut Dice) -> Option<Audience> {
    match category {
        Category::Message | Category::AiInteraction | Category::Metadata => Some(Audience::Private),
        _ if author.protected => dice.pick(&[(1, Audience::Public), (8, Audience::Restricted), (1, Audience::Private)]),
        _ => dice.pick(&[(90, Audience::Public), (8, Audience::Restricted), (2, Audience::Private)]),
    }
}

fn chat(author: Person, dice: &mut Dice) -> Chat {
    let ai = if author.service == Service::Whatsapp { 5 } else { 20 };
    let kind = dice.pick(&[(60, ChatKind::Direct), (35, ChatKind::Group), (ai, ChatKind::Ai)]).unwrap_or(ChatKind::Direct);
    let has_ai = kind == ChatKind::Ai || (kind == ChatKind::Group && dice.chance(120_000));
    let to_ai = has_ai && (kind == ChatKind::Ai || dice.chance(300_000));
    Chat { kind, has_ai, to_ai: Some(to_ai).filter(|_| !dice.chance(30_000)) }
}
