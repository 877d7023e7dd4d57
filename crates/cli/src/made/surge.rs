//! A surge: objections by the million within some days, in the order they came.
//!
//! The shape is that of real ones, in rough figures: a wave over the days that rises to its height at three fifths and breaks off, a day
//! that is quiet at night, and one in twenty who sends it again. Real surges this can stand for: the month in which 1.34 million people
//! opted out of the sharing of their NHS records in England (June 2021), the five weeks in which the list of numbers not to be called in
//! the United States took in its first 30 million (2003).

use super::acts::objection_line;
use super::dice::{Dice, Seed};
use super::people::World;

/// Most choices of one surge.
pub(crate) const SURGE_MAX: u64 = 1_000_000_000;
/// Most days it lasts.
pub(crate) const SURGE_DAYS_MAX: u64 = 366;

const REPEATS_PPM: u64 = 50_000;
const HOUR_SECONDS: i64 = 3_600;
/// How many of a day's come in each hour, by weight.
const HOURS: [u64; 24] = [6, 3, 2, 1, 1, 2, 8, 20, 38, 52, 58, 55, 50, 52, 54, 53, 50, 52, 58, 70, 78, 72, 45, 18];

/// What to make.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Surge {
    /// How many choices.
    pub(crate) choices: u64,
    /// Over how many days, the last of them ending with the plan.
    pub(crate) days: u64,
}

/// Makes the lines of a surge, an hour at a time.
pub(super) struct Waves<'w> {
    world: &'w World,
    surge: Surge,
    dice: Dice,
    hour: u64,
    /// How much of all weight lies before the hour.
    weight: u128,
    made: u64,
}

impl<'w> Waves<'w> {
    pub(super) fn new(world: &'w World, seed: &Seed, surge: Surge) -> Waves<'w> {
        Waves { world, surge, dice: seed.stream(u64::MAX - 2), hour: 0, weight: 0, made: 0 }
    }

    /// Writes the next hour's lines; gives how many, or nothing once the last hour is over.
    pub(super) fn next_hour(&mut self, out: &mut Vec<u8>) -> Option<u64> {
        if self.hour >= self.surge.days * 24 {
            return None;
        }
        self.weight += self.weight_of(self.hour);
        let until = u64::try_from(u128::from(self.surge.choices) * self.weight / self.all_weight()).unwrap_or(self.surge.choices);
        let hours_left = i64::try_from(self.surge.days * 24 - self.hour).unwrap_or_default();
        let begins = self.world.through - hours_left * HOUR_SECONDS;
        let mut seconds: Vec<i64> = (self.made..until).map(|_| self.dice.between(begins, begins + HOUR_SECONDS - 1)).collect();
        seconds.sort_unstable();
        for (number, received) in (self.made..until).zip(&seconds) {
            let again = number > 0 && self.dice.chance(REPEATS_PPM);
            let index = if again { self.dice.below(number) } else { number };
            let (person, mut dice) = self.world.person_with_dice(index);
            objection_line(number, &person, &mut dice, *received, out);
        }
        let made = until - self.made;
        (self.made, self.hour) = (until, self.hour + 1);
        Some(made)
    }

    fn weight_of(&self, hour: u64) -> u128 {
        let (day, of_day) = (hour / 24, usize::try_from(hour % 24).unwrap_or_default());
        u128::from(self.day_weight(day)) * u128::from(HOURS.get(of_day).copied().unwrap_or_default())
    }

    /// Rises evenly until three fifths of the days, then falls twice as steeply, never to nothing.
    fn day_weight(&self, day: u64) -> u64 {
        let height = self.surge.days * 3 / 5;
        if day <= height { 10 + 10 * day } else { (10 + 10 * height).saturating_sub(20 * (day - height)).max(10) }
    }

    fn all_weight(&self) -> u128 {
        let days: u128 = (0..self.surge.days).map(|day| u128::from(self.day_weight(day))).sum();
        days * u128::from(HOURS.iter().sum::<u64>())
    }
}
