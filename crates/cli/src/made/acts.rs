//! What people said about the use of what they made.

use super::Plan;
use super::dice::Dice;
use super::items::{Byline, Row};
use super::people::{Person, Service, World};
use super::write::{id, number, rfc3339};

/// Acts in a million people, besides objections.
const SETTING_PPM: u64 = 60_000;
const CONSENT_PPM: u64 = 30_000;
const SIGNAL_PPM: u64 = 15_000;
const LINK_PPM: u64 = 50_000;
/// Acts in a million items.
const ERASE_PPM: u64 = 1_000;
const OBJECT_TO_ITEM_PPM: u64 = 500;

const TRIES: u32 = 8;
const DAY_SECONDS: i64 = 86_400;
/// 1 May 2024: before it there was little to say no to.
const ACTS_FROM: i64 = 1_714_521_600;

/// Makes the acts of people.
pub(super) struct Acts<'a> {
    world: &'a World,
    plan: &'a Plan,
    of_items: Dice,
    from: i64,
}

/// An act being written as a line of the exchange format.
struct Line<'o>(&'o mut Vec<u8>);

impl Line<'_> {
    fn text(&mut self, text: &str) -> &mut Self {
        self.0.extend_from_slice(text.as_bytes());
        self
    }

    /// Opens the line with the act's id, made of a letter and the person's number.
    fn open(&mut self, letter: &str, index: u64, person: Option<&Person>, act: &str) -> &mut Self {
        self.text("{\"id\":\"").text(letter);
        number(self.0, index);
        if let Some(person) = person {
            self.text("\",\"person\":\"");
            person.write_account(self.0);
        }
        self.text("\",\"act\":\"").text(act).text("\"")
    }

    fn of(&mut self, letter: &str, index: u64) -> &mut Self {
        self.text(",\"of\":\"").text(letter);
        number(self.0, index);
        self.text("\"")
    }

    fn time(&mut self, key: &str, seconds: i64) -> &mut Self {
        self.text(",\"").text(key).text("\":\"");
        rfc3339(self.0, seconds);
        self.text("\"")
    }

    fn close(&mut self, channel: &str) -> u64 {
        self.text(",\"channel\":\"").text(channel).text("\"}\n");
        1
    }
}

impl<'a> Acts<'a> {
    /// The acts of a world.
    pub(super) fn new(world: &'a World, plan: &'a Plan) -> Acts<'a> {
        let from = ACTS_FROM.min(world.through - 365 * DAY_SECONDS);
        Acts { world, plan, of_items: world.dice_of_item_acts(), from }
    }

    /// Writes what a person said; gives the number of acts.
    pub(super) fn of_person(&self, index: u64, out: &mut Vec<u8>) -> u64 {
        let (person, mut dice) = self.world.person_with_dice(index);
        let dice = &mut dice;
        let mut made = 0;
        if dice.chance(self.plan.objecting_ppm) {
            made += self.objection(&person, dice, out);
        }
        if person.service == Service::X && dice.chance(SETTING_PPM) {
            made += self.setting(&person, dice, out);
        }
        if dice.chance(CONSENT_PPM) {
            made += self.consent(&person, dice, out);
        }
        if dice.chance(SIGNAL_PPM) {
            let signal = dice.pick(&[(9, "gpc"), (1, "aipref")]).unwrap_or("gpc");
            let mut line = Line(out);
            line.open("g-", index, Some(&person), "signal").text(",\"signal\":\"").text(signal).text("\"");
            made += line.time("received_at", self.moment(self.from, dice)).close("signal");
        }
        if matches!(person.service, Service::Facebook | Service::Instagram) && dice.chance(LINK_PPM) {
            made += self.link(&person, dice, out);
        }
        made
    }

    fn moment(&self, from: i64, dice: &mut Dice) -> i64 {
        dice.between(from, self.world.through)
    }

    /// An objection, perhaps taken back or answered.
    fn objection(&self, person: &Person, dice: &mut Dice, out: &mut Vec<u8>) -> u64 {
        let index = person.index;
        let received = self.moment(self.from, dice);
        let channel = dice.pick(&[(80, "form"), (10, "api"), (8, "mail"), (2, "post")]).unwrap_or("form");
        let by = match dice.below(100) {
            0..=39 if person.child => "parent",
            95..=96 => "agent",
            97 => "guardian",
            _ => "self",
        };
        let mut line = Line(out);
        line.open("o-", index, Some(person), "object").text(scope(person.service, dice)).time("received_at", received);
        if dice.chance(100_000) {
            let later = received + dice.between(0, if channel == "form" { DAY_SECONDS / 24 } else { 5 * DAY_SECONDS });
            line.time("recorded_at", later.min(self.world.through));
        }
        let mut made = line.text(",\"by\":\"").text(by).text("\"").close(channel);
        if dice.chance(60_000) {
            let mut line = Line(out);
            line.open("w-", index, Some(person), "withdraw").of("o-", index).time("received_at", self.moment(received, dice));
            made += line.close("form");
        }
        if dice.chance(200_000) {
            let outcome = dice.pick(&[(9, "upheld"), (1, "refused")]).unwrap_or("upheld");
            let mut line = Line(out);
            line.open("a-", index, None, "answer").of("o-", index).text(",\"outcome\":\"").text(outcome).text("\"");
            line.time("received_at", self.moment(received, dice)).text("}\n");
            made += 1;
        }
        made
    }

    /// A setting turned off, perhaps on again.
    fn setting(&self, person: &Person, dice: &mut Dice, out: &mut Vec<u8>) -> u64 {
        let off = self.moment(self.from, dice);
        let mut line = Line(out);
        line.open("s-", person.index, Some(person), "set").text(",\"control\":\"x/grok\",\"to\":\"off\"");
        let made = line.time("received_at", off).close("setting");
        if !dice.chance(150_000) {
            return made;
        }
        line.open("t-", person.index, Some(person), "set").text(",\"control\":\"x/grok\",\"to\":\"on\"");
        made + line.time("received_at", self.moment(off, dice)).close("setting")
    }

    /// A consent to one use, perhaps withdrawn.
    fn consent(&self, person: &Person, dice: &mut Dice, out: &mut Vec<u8>) -> u64 {
        let uses: &[(u64, &str)] = match person.service {
            Service::Facebook | Service::Instagram => &[(7, "meta/public-content"), (3, "meta/ai-interactions")],
            Service::X => &[(4, "x/grok-posts"), (3, "x/own-ml"), (2, "x/grok-chats"), (1, "x/third-parties")],
            Service::Whatsapp => &[(1, "whatsapp/meta-ai")],
            Service::None => &[(1, "meta/non-users")],
        };
        let given = self.moment(self.from, dice);
        let mut line = Line(out);
        line.open("k-", person.index, Some(person), "consent").text(",\"uses\":[\"").text(dice.pick(uses).unwrap_or_default()).text("\"]");
        let made = line.time("received_at", given).close("form");
        if !dice.chance(250_000) {
            return made;
        }
        line.open("n-", person.index, Some(person), "withdraw-consent").of("k-", person.index);
        made + line.time("received_at", self.moment(given, dice)).close("form")
    }

    /// Two accounts of one person, perhaps parted again.
    fn link(&self, person: &Person, dice: &mut Dice, out: &mut Vec<u8>) -> u64 {
        let wanted = if person.service == Service::Facebook { Service::Instagram } else { Service::Facebook };
        let mut drawn = (0..TRIES).map(|_| self.world.person(dice.below(self.plan.people)));
        let Some(other) = drawn.find(|other| other.service == wanted) else { return 0 };
        let joined = self.moment(self.from, dice);
        let how = dice.pick(&[(8, "accounts-centre"), (2, "same-person")]).unwrap_or("same-person");
        let mut line = Line(out);
        line.open("l-", person.index, Some(person), "link").text(",\"to\":\"");
        other.write_account(line.0);
        line.text("\",\"how\":\"").text(how).text("\"");
        let made = line.time("received_at", joined).close("setting");
        if !dice.chance(100_000) {
            return made;
        }
        line.open("u-", person.index, Some(person), "unlink").of("l-", person.index);
        made + line.time("received_at", self.moment(joined, dice)).close("setting")
    }

    /// Writes what the author said about one item; gives the number of acts.
    pub(super) fn of_item(&mut self, row: &Row, out: &mut Vec<u8>) -> u64 {
        let (letter, act) = match self.of_items.below(1_000_000) {
            draw if draw < ERASE_PPM => ("e-", "erase"),
            draw if draw < ERASE_PPM + OBJECT_TO_ITEM_PPM => ("p-", "object"),
            _ => return 0,
        };
        if row.byline != Byline::Named {
            return 0;
        }
        let received = self.of_items.between(row.created.max(self.from), self.world.through);
        let mut line = Line(out);
        line.open(letter, row.number, Some(&row.author), act).text(",\"items\":[\"");
        id(row, line.0);
        line.text("\"]").time("received_at", received).close("form")
    }
}

/// Writes one objection of a surge, sent by a form.
pub(super) fn objection_line(number: u64, person: &Person, dice: &mut Dice, received: i64, out: &mut Vec<u8>) {
    let by = if person.child && dice.chance(400_000) { "parent" } else { "self" };
    let mut line = Line(out);
    line.open("o-", number, Some(person), "object").text(scope(person.service, dice)).time("received_at", received);
    line.text(",\"by\":\"").text(by).text("\"").close("form");
}

/// What an objection names.
fn scope(service: Service, dice: &mut Dice) -> &'static str {
    let scopes: &[(u64, &str)] = match service {
        Service::Facebook | Service::Instagram => {
            &[(60, ",\"uses\":[\"meta/*\"],\"recipients\":[\"*\"]"), (25, ",\"uses\":[\"meta/public-content\"]"), (15, "")]
        }
        Service::X => &[
            (50, ",\"uses\":[\"x/*\"]"),
            (25, ",\"uses\":[\"x/grok-posts\",\"x/grok-chats\"]"),
            (5, ",\"recipients\":[\"third:*\"]"),
            (20, ""),
        ],
        Service::Whatsapp => &[(50, ",\"uses\":[\"whatsapp/*\"]"), (30, ",\"uses\":[\"whatsapp/meta-ai\",\"meta/*\"]"), (20, "")],
        Service::None => &[(60, ",\"uses\":[\"meta/non-users\"]"), (40, "")],
    };
    dice.pick(scopes).unwrap_or_default()
}
