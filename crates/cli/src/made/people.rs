//! Who there is.

use bezwaar_core::time::Instant;

use super::dice::{Dice, Seed};
use super::words::Tongue;

/// Where a person has an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Service {
    /// Facebook.
    Facebook,
    /// Instagram.
    Instagram,
    /// X.
    X,
    /// WhatsApp.
    Whatsapp,
    /// Nowhere: others write about this person on Facebook.
    None,
}

impl Service {
    /// The part of an account before the colon.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Service::Facebook => "facebook",
            Service::Instagram => "instagram",
            Service::X => "x",
            Service::Whatsapp => "whatsapp",
            Service::None => "mail",
        }
    }
}

/// What is known of a person's age.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Age {
    /// The day of birth, in days since 1970.
    Born(i64),
    /// A band, as the exchange format writes it.
    Band(&'static str),
    /// Nothing.
    Unknown,
}

/// A person.
#[derive(Clone, Copy, Debug)]
pub(super) struct Person {
    /// Their number.
    pub(super) index: u64,
    /// Where they have an account.
    pub(super) service: Service,
    /// They go by a handle.
    pub(super) handle: bool,
    /// Where they live, if that is known.
    pub(super) region: Option<&'static str>,
    /// What is known of their age.
    pub(super) age: Age,
    /// They are a child, whoever knows.
    pub(super) child: bool,
    /// Only a circle they chose sees what they write.
    pub(super) protected: bool,
    /// What they write in.
    pub(super) tongue: Tongue,
}

const SERVICES: &[(u64, Service)] =
    &[(385, Service::Facebook), (255, Service::Instagram), (250, Service::X), (100, Service::Whatsapp), (10, Service::None)];

/// Regions with the language of most texts; among them those a naive list gets wrong.
const REGIONS: &[(u64, (&str, Tongue))] = &[
    (300, ("NL", Tongue::Nl)),
    (160, ("DE", Tongue::De)),
    (110, ("FR", Tongue::Fr)),
    (80, ("BE", Tongue::Nl)),
    (70, ("IE", Tongue::En)),
    (50, ("ES", Tongue::En)),
    (50, ("IT", Tongue::En)),
    (40, ("PL", Tongue::En)),
    (25, ("AT", Tongue::De)),
    (15, ("NO", Tongue::En)),
    (6, ("MQ", Tongue::Fr)),
    (4, ("GF", Tongue::Fr)),
    (6, ("CW", Tongue::Nl)),
    (4, ("BQ", Tongue::Nl)),
    (40, ("GB", Tongue::En)),
    (15, ("CH", Tongue::De)),
    (25, ("US", Tongue::En)),
];

const DAY_SECONDS: i64 = 86_400;
const YEAR_DAYS: i64 = 365;

/// All that is the same for a whole corpus.
pub(super) struct World {
    seed: Seed,
    /// The second after which nothing happens.
    pub(super) through: i64,
}

impl World {
    /// The world up to a moment.
    pub(super) fn new(seed: Seed, through: Instant) -> World {
        World { seed, through: through.as_micros().div_euclid(1_000_000) }
    }

    /// The chance of the items.
    pub(super) fn dice_of_items(&self) -> Dice {
        self.seed.stream(u64::MAX)
    }

    /// The chance of acts on single items.
    pub(super) fn dice_of_item_acts(&self) -> Dice {
        self.seed.stream(u64::MAX - 1)
    }

    /// A person.
    pub(super) fn person(&self, index: u64) -> Person {
        self.person_with_dice(index).0
    }

    /// A person, and the chance of what they do.
    pub(super) fn person_with_dice(&self, index: u64) -> (Person, Dice) {
        let mut dice = self.seed.stream(index);
        let service = dice.pick(SERVICES).unwrap_or(Service::Facebook);
        let (region, tongue) = dice.pick(REGIONS).unwrap_or(("NL", Tongue::Nl));
        // Most are young adults: the younger of two draws, from 12 to 84.
        let years = 12 + dice.below(73).min(dice.below(73));
        let years = i64::try_from(years).unwrap_or_default();
        let born = self.through.div_euclid(DAY_SECONDS) - years * YEAR_DAYS - dice.between(0, YEAR_DAYS - 1);
        let age = match dice.below(100) {
            0..=2 => Age::Unknown,
            3..=7 if years < 16 => Age::Band("13-17"),
            3..=7 if years < 20 => Age::Band("16-20"),
            3..=7 => Age::Band("18-"),
            _ => Age::Born(born),
        };
        let person = Person {
            index,
            service,
            handle: service == Service::Instagram && dice.chance(200_000),
            region: Some(region).filter(|_| !dice.chance(40_000)),
            age,
            child: years < 18,
            protected: dice.chance(if service == Service::X { 80_000 } else { 300_000 }),
            tongue,
        };
        (person, dice)
    }
}

impl Person {
    /// Writes the account's value, without its service.
    pub(super) fn write_value(&self, out: &mut Vec<u8>) {
        // Beyond what the services have given out, and above 2⁵³ for X, where careless readers of numbers lose digits.
        const FACEBOOK_FROM: u64 = 999_000_000_000_000;
        const INSTAGRAM_FROM: u64 = 99_900_000_000;
        const X_FROM: u64 = 9_000_000_000_000_000_000;
        const NUMBER_FROM: u64 = 1_000_000_000;
        match self.service {
            Service::Facebook => super::write::number(out, FACEBOOK_FROM + self.index),
            // A hyphen has no place in a real handle there.
            Service::Instagram if self.handle => {
                out.extend_from_slice(b"Made-Up.");
                super::write::number(out, self.index);
            }
            Service::Instagram => super::write::number(out, INSTAGRAM_FROM + self.index),
            Service::X => super::write::number(out, X_FROM + self.index),
            Service::Whatsapp => {
                // No country has 999.
                out.extend_from_slice(b"+999");
                super::write::number(out, NUMBER_FROM + self.index);
            }
            Service::None => {
                out.extend_from_slice(b"person-");
                super::write::number(out, self.index);
                out.extend_from_slice(b"@made.invalid");
            }
        }
    }

    /// Writes the whole account.
    pub(super) fn write_account(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.service.as_str().as_bytes());
        out.push(b':');
        self.write_value(out);
    }
}
