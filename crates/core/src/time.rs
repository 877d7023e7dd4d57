//! Instants, legal days and what is only known as an interval. All instants are UTC with microseconds.

use std::fmt;

use jiff::{Timestamp, civil, tz::TimeZone};

/// A moment in UTC, in microseconds since 1970. Finer digits are cut off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Instant(i64);

/// One day in microseconds.
pub const DAY_MICROS: i64 = 86_400_000_000;
/// 1990-01-01: times before it are taken for a wrong unit, not for a fact.
pub const PLAUSIBLE_FROM: Instant = Instant(631_152_000_000_000);

impl Instant {
    /// The moment so many microseconds after 1970 began.
    pub const fn from_micros(micros: i64) -> Instant {
        Instant(micros)
    }

    /// Microseconds since 1970 began.
    pub const fn as_micros(self) -> i64 {
        self.0
    }

    /// The moment `micros` later, or earlier; stays at the ends of what can be said.
    #[must_use]
    pub fn plus_micros(self, micros: i64) -> Instant {
        Instant(self.0.saturating_add(micros))
    }

    /// Reads an RFC 3339 instant with its zone, such as `2025-05-27T00:00:00Z`.
    pub fn parse(text: &str) -> Result<Instant, TimeError> {
        match text.parse::<Timestamp>() {
            Ok(timestamp) => Ok(Instant(timestamp.as_microsecond())),
            Err(_) if text.parse::<civil::DateTime>().is_ok() => Err(TimeError::NoZone),
            Err(_) => Err(TimeError::NotAnInstant),
        }
    }

    /// The instant of a wall-clock time given in microseconds as if it were UTC.
    pub fn from_naive_micros(micros: i64, zone: &Zone) -> Option<Instant> {
        let naive = Timestamp::from_microsecond(micros).ok()?.to_zoned(TimeZone::UTC).datetime();
        Some(Instant(naive.to_zoned(zone.0.clone()).ok()?.timestamp().as_microsecond()))
    }

    /// Reads a text by a `strptime` pattern; a time without a zone of its own needs one given.
    pub fn parse_pattern(pattern: &str, text: &str, zone: Option<&Zone>) -> Result<Instant, TimeError> {
        let parsed = jiff::fmt::strtime::parse(pattern, text).map_err(|_| TimeError::NotAnInstant)?;
        if let Ok(timestamp) = parsed.to_timestamp() {
            return Ok(Instant(timestamp.as_microsecond()));
        }
        let naive = parsed.to_datetime().map_err(|_| TimeError::NotAnInstant)?;
        let zone = zone.ok_or(TimeError::NoZone)?;
        let zoned = naive.to_zoned(zone.0.clone()).map_err(|_| TimeError::NotAnInstant)?;
        Ok(Instant(zoned.timestamp().as_microsecond()))
    }

    /// The instant of a wall-clock time (`2025-05-27 10:00`, or with a zone of its own) in a zone.
    pub fn parse_in_zone(text: &str, zone: &Zone) -> Result<Instant, TimeError> {
        if let Ok(timestamp) = text.parse::<Timestamp>() {
            return Ok(Instant(timestamp.as_microsecond()));
        }
        let naive: civil::DateTime = text.parse().map_err(|_| TimeError::NotAnInstant)?;
        let zoned = naive.to_zoned(zone.0.clone()).map_err(|_| TimeError::NotAnInstant)?;
        Ok(Instant(zoned.timestamp().as_microsecond()))
    }
}

impl fmt::Display for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match Timestamp::from_microsecond(self.0) {
            Ok(timestamp) => write!(f, "{timestamp}"),
            Err(_) => write!(f, "{}us", self.0),
        }
    }
}

/// Why a text is not the time it should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeError {
    /// A wall-clock time without a zone says too little.
    NoZone,
    /// Not a time at all.
    NotAnInstant,
    /// Not a day of the calendar.
    NotADay,
    /// Not a zone of the IANA database.
    NotAZone,
}

impl fmt::Display for TimeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            TimeError::NoZone => "the time has no zone: write `Z` or an offset, such as `2025-05-27T00:00:00Z`",
            TimeError::NotAnInstant => "not an instant: write it as `2025-05-27T00:00:00Z`",
            TimeError::NotADay => "not a day of the calendar: write it as `2025-05-27`",
            TimeError::NotAZone => "not a time zone: write it as `Europe/Dublin`",
        })
    }
}

impl std::error::Error for TimeError {}

/// A time zone of the bundled IANA database (no look-up outside the program).
#[derive(Clone, Debug, PartialEq)]
pub struct Zone(TimeZone);

impl Zone {
    /// The zone with this IANA name.
    pub fn parse(name: &str) -> Result<Zone, TimeError> {
        TimeZone::get(name).map(Zone).map_err(|_| TimeError::NotAZone)
    }

    /// Coordinated universal time.
    pub fn utc() -> Zone {
        Zone(TimeZone::UTC)
    }

    /// Its IANA name.
    pub fn name(&self) -> &str {
        self.0.iana_name().unwrap_or("UTC")
    }
}

/// A day of the calendar, without zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Day(civil::Date);

impl Day {
    /// 1970-01-01.
    pub const EPOCH: Day = Day(civil::date(1970, 1, 1));

    /// Reads `2025-05-27`.
    pub fn parse(text: &str) -> Result<Day, TimeError> {
        let shape = text.len() == 10 && text.bytes().filter(|byte| *byte == b'-').count() == 2;
        if !shape {
            return Err(TimeError::NotADay);
        }
        text.parse().map(Day).map_err(|_| TimeError::NotADay)
    }

    /// The day so many days after 1970-01-01.
    pub fn from_days(days: i64) -> Option<Day> {
        Day::of(Instant(days.checked_mul(DAY_MICROS)?), &Zone::utc())
    }

    /// The moment the day begins in the zone.
    pub fn begins(self, zone: &Zone) -> Instant {
        match self.0.to_zoned(zone.0.clone()) {
            Ok(zoned) => Instant(zoned.timestamp().as_microsecond()),
            // Only days beyond year 9999 fail; they are never reached.
            Err(_) => Instant(i64::MAX),
        }
    }

    /// The moment the day has ended in the zone.
    pub fn ends(self, zone: &Zone) -> Instant {
        match self.0.tomorrow() {
            Ok(next) => Day(next).begins(zone),
            Err(_) => Instant(i64::MAX),
        }
    }

    /// The day an instant falls on in a zone.
    pub fn of(instant: Instant, zone: &Zone) -> Option<Day> {
        let timestamp = Timestamp::from_microsecond(instant.0).ok()?;
        Some(Day(timestamp.to_zoned(zone.0.clone()).date()))
    }

    /// Year, month (1–12) and day of the month.
    pub fn parts(self) -> (i16, i8, i8) {
        (self.0.year(), self.0.month(), self.0.day())
    }

    /// Whole years from this day (of birth) until another.
    pub fn years_until(self, other: Day) -> i64 {
        let (year, month, day) = self.parts();
        let (other_year, other_month, other_day) = other.parts();
        let full = i64::from(other_year) - i64::from(year);
        if (other_month, other_day) < (month, day) { full - 1 } else { full }
    }

    /// Days from this day until another; negative when it is earlier.
    pub fn days_until(self, other: Day) -> i64 {
        let micros = other.begins(&Zone::utc()).0 - self.begins(&Zone::utc()).0;
        micros / DAY_MICROS
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// A time as far as it is known: an instant, or any moment from the first to the last of an interval.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Interval {
    /// The earliest it can be.
    pub first: Instant,
    /// The latest it can be (inclusive).
    pub last: Instant,
}

impl Interval {
    /// A time known exactly.
    pub fn exactly(instant: Instant) -> Interval {
        Interval { first: instant, last: instant }
    }

    /// Some moment of the UTC day.
    pub fn of_day(day: Day) -> Interval {
        let first = day.begins(&Zone::utc());
        Interval { first, last: first.plus_micros(DAY_MICROS - 1) }
    }

    /// Reads an instant with its zone, or a day.
    pub fn parse(text: &str) -> Result<Interval, TimeError> {
        match Instant::parse(text) {
            Ok(instant) => Ok(Interval::exactly(instant)),
            Err(error) => match Day::parse(text) {
                Ok(day) => Ok(Interval::of_day(day)),
                Err(_) => Err(error),
            },
        }
    }

    /// Itself, unless it lies before 1990 or more than a day after `at`: such a time is taken for unknown.
    pub fn plausible(self, at: Instant) -> Option<Interval> {
        let possible = self.first >= PLAUSIBLE_FROM && self.last <= at.plus_micros(DAY_MICROS);
        possible.then_some(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_legal_day_begins_at_midnight_of_its_zone() {
        let dublin = Zone::parse("Europe/Dublin").unwrap();
        let day = Day::parse("2025-05-27").unwrap();
        assert_eq!(day.begins(&dublin).to_string(), "2025-05-26T23:00:00Z");
        assert_eq!(day.ends(&dublin).to_string(), "2025-05-27T23:00:00Z");
    }

    #[test]
    fn a_naive_time_is_refused_and_a_bad_day_is_no_day() {
        assert_eq!(Instant::parse("2025-05-27T10:00:00"), Err(TimeError::NoZone));
        assert_eq!(Instant::parse("yesterday"), Err(TimeError::NotAnInstant));
        assert_eq!(Day::parse("2025-02-29"), Err(TimeError::NotADay));
        assert_eq!(Day::parse("20250227"), Err(TimeError::NotADay));
    }

    #[test]
    fn ages_turn_on_the_birthday() {
        let born = Day::parse("2007-05-27").unwrap();
        assert_eq!(born.years_until(Day::parse("2025-05-26").unwrap()), 17);
        assert_eq!(born.years_until(Day::parse("2025-05-27").unwrap()), 18);
    }

    #[test]
    fn a_day_is_an_interval_of_utc() {
        let day = Interval::parse("2025-05-27").unwrap();
        assert_eq!(day.first.to_string(), "2025-05-27T00:00:00Z");
        assert_eq!(day.last.to_string(), "2025-05-27T23:59:59.999999Z");
        assert!(Interval::parse("1970-01-20").unwrap().plausible(day.first).is_none());
    }
}
