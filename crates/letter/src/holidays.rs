//! Public holidays, as data: given as days, or computed for the countries we know.
//!
//! - **NL**: Algemene termijnenwet, Art. 3(1) and (2): New Year, Good Friday, Easter Monday, King's Day, 5 May, Ascension, Whit Monday,
//!   both Christmas days; and the Friday after Ascension, which decrees under Art. 3(3) make equal to them. Other days of such decrees
//!   change with the years and are not known here.
//! - **IE**: Organisation of Working Time Act 1997, Second Schedule, as amended in 2022: New Year, St Brigid's Day (from 2023), St
//!   Patrick's Day, Easter Monday, first Mondays of May, June and August, last Monday of October, 25 and 26 December. Where one
//!   of them falls in a weekend, the working day after it counts too: it is usually taken in lieu, and an answer is better called late
//!   a day too late than a day too early.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use bezwaar_core::time::Day;

use crate::due::{add_days, weekday};

/// Days on which nobody needs to answer, besides weekends.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Holidays {
    days: BTreeSet<Day>,
}

/// Countries whose holidays are computed here, as ISO 3166-1 codes.
pub const COUNTRIES: &[&str] = &["IE", "NL"];

impl Holidays {
    /// No holidays: weekends only.
    pub fn none() -> Holidays {
        Holidays::default()
    }

    /// These days.
    pub fn from_days(days: impl IntoIterator<Item = Day>) -> Holidays {
        Holidays { days: days.into_iter().collect() }
    }

    /// The holidays of a country in these years; `None` for a country that is not among [`COUNTRIES`].
    pub fn of_country(country: &str, years: RangeInclusive<i16>) -> Option<Holidays> {
        let of_year: fn(i16) -> Vec<Day> = match country {
            "IE" => ireland,
            "NL" => netherlands,
            _ => return None,
        };
        Some(Holidays::from_days(years.flat_map(of_year)))
    }

    /// Whether a day is one of them.
    pub fn contains(&self, day: Day) -> bool {
        self.days.contains(&day)
    }

    /// The days, earliest first.
    pub fn days(&self) -> impl Iterator<Item = Day> + '_ {
        self.days.iter().copied()
    }
}

fn date(year: i16, month: u8, day: u8) -> Option<Day> {
    Day::parse(&format!("{year:04}-{month:02}-{day:02}")).ok()
}

/// Easter Sunday of the Gregorian calendar (Meeus, Jones and Butcher's method).
fn easter(year: i16) -> Option<Day> {
    let year_number = i32::from(year);
    let (cycle, century, rest) = (year_number % 19, year_number / 100, year_number % 100);
    let skipped = (century - (century + 8) / 25 + 1) / 3;
    let moon = (19 * cycle + century - century / 4 - skipped + 15) % 30;
    let sunday = (32 + 2 * (century % 4) + 2 * (rest / 4) - moon - rest % 4) % 7;
    let correction = (cycle + 11 * moon + 22 * sunday) / 451;
    let place = moon + sunday - 7 * correction + 114;
    date(year, u8::try_from(place / 31).ok()?, u8::try_from(place % 31 + 1).ok()?)
}

fn from_easter(year: i16, days: i64) -> Option<Day> {
    add_days(easter(year)?, days)
}

fn netherlands(year: i16) -> Vec<Day> {
    let kings_day = date(year, 4, 27).and_then(|day| if weekday(day) == 6 { date(year, 4, 26) } else { Some(day) });
    [
        date(year, 1, 1),
        from_easter(year, -2),
        from_easter(year, 1),
        kings_day,
        date(year, 5, 5),
        from_easter(year, 39),
        from_easter(year, 40),
        from_easter(year, 50),
        date(year, 12, 25),
        date(year, 12, 26),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// First Monday of a month.
fn first_monday(year: i16, month: u8) -> Option<Day> {
    let first = date(year, month, 1)?;
    let days = (7 - weekday(first)) % 7;
    add_days(first, i64::try_from(days).ok()?)
}

fn ireland(year: i16) -> Vec<Day> {
    let brigid = match date(year, 2, 1) {
        _ if year < 2023 => None,
        Some(first) if weekday(first) == 4 => Some(first),
        _ => first_monday(year, 2),
    };
    let october_last = date(year, 10, 31).and_then(|last| add_days(last, -i64::try_from(weekday(last)).ok()?));
    let moving = [brigid, from_easter(year, 1), first_monday(year, 5), first_monday(year, 6), first_monday(year, 8), october_last];
    let fixed = [date(year, 1, 1), date(year, 3, 17), date(year, 12, 25), date(year, 12, 26)];
    let mut days: Vec<Day> = moving.into_iter().chain(fixed).flatten().collect();
    for day in fixed.into_iter().flatten().filter(|day| weekday(*day) >= 5) {
        let in_lieu = (1..=4).filter_map(|later| add_days(day, later)).find(|day| weekday(*day) < 5 && !days.contains(day));
        days.extend(in_lieu);
    }
    days
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(country: &str, year: i16) -> Vec<String> {
        Holidays::of_country(country, year..=year).unwrap().days().map(|day| day.to_string().split_off(5)).collect()
    }

    #[test]
    fn easter_sundays() {
        for (year, expect) in [
            (1999, "1999-04-04"),
            (2000, "2000-04-23"),
            (2008, "2008-03-23"),
            (2011, "2011-04-24"),
            (2024, "2024-03-31"),
            (2025, "2025-04-20"),
            (2026, "2026-04-05"),
            (2027, "2027-03-28"),
            (2038, "2038-04-25"),
        ] {
            assert_eq!(easter(year).unwrap().to_string(), expect);
        }
    }

    #[test]
    fn of_the_netherlands() {
        let of_2025 = ["01-01", "04-18", "04-21", "04-26", "05-05", "05-29", "05-30", "06-09", "12-25", "12-26"];
        assert_eq!(shown("NL", 2025), of_2025, "27 April 2025 was a Sunday");
        assert!(shown("NL", 2026).contains(&"04-27".to_owned()));
    }

    #[test]
    fn of_ireland() {
        let of_2025 = ["01-01", "02-03", "03-17", "04-21", "05-05", "06-02", "08-04", "10-27", "12-25", "12-26"];
        assert_eq!(shown("IE", 2025), of_2025);
        assert!(shown("IE", 2030).contains(&"02-01".to_owned()), "1 February 2030 is a Friday");
        assert!(!shown("IE", 2022).iter().any(|day| day.starts_with("02")), "not yet");
        // 25 and 26 December 2027 are a Saturday and a Sunday: Monday and Tuesday are in lieu.
        assert!(["12-25", "12-26", "12-27", "12-28"].iter().all(|day| shown("IE", 2027).iter().any(|found| found == day)));
    }

    #[test]
    fn of_nowhere_we_know() {
        assert_eq!(Holidays::of_country("US", 2025..=2026), None);
        for country in COUNTRIES {
            assert!(Holidays::of_country(country, 2025..=2026).is_some());
        }
    }
}
