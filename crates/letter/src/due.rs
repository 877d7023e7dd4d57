//! When an answer is due: one month from receipt (GDPR Art. 12(3)), counted as Regulation (EEC, Euratom) No 1182/71, Art. 3 says.
//!
//! A period of months ends on the day of the last month that has the same number as the day it runs from, or on the last day of that
//! month if it has no such day (Art. 3(2)(c)). If that is a public holiday, a Sunday or a Saturday, it ends with the next working day
//! (Art. 3(4)). Public holidays are those of the country in which the action is to be taken (Art. 2(1)): the answer is the
//! controller's action, so the addressee's country decides, not the person's.

use bezwaar_core::time::Day;

use crate::holidays::Holidays;

/// Months a controller has for its answer (GDPR Art. 12(3)).
pub const ANSWER_MONTHS: u8 = 1;
/// Further months it may take, when it says so and why within the first (GDPR Art. 12(3)).
pub const EXTENSION_MONTHS: u8 = 2;
/// Days a run of free days may be long before working days are no longer looked for: no calendar has that many.
pub const FREE_DAYS_MAX: usize = 31;

/// Until when an answer may be expected, and until when it is still in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DueDates {
    /// The day by its number, weekend or not: what the person may expect.
    pub expected: Day,
    /// The same day, or the next working day: only after it is the answer late.
    pub latest: Day,
}

/// When the answer to a request received on a day is due. `None` only beyond the year 9999.
pub fn due(received: Day, holidays: &Holidays) -> Option<DueDates> {
    let expected = add_months(received, ANSWER_MONTHS)?;
    Some(DueDates { expected, latest: next_working_day(expected, holidays)? })
}

/// When the answer is due after an extension. Expected is two months from the first day expected; late it is only after the latest of
/// the ways to count: from the first due day as it was deferred, and three months from receipt.
pub fn due_extended(received: Day, holidays: &Holidays) -> Option<DueDates> {
    let first = due(received, holidays)?;
    let expected = add_months(first.expected, EXTENSION_MONTHS)?;
    let longest = add_months(first.latest, EXTENSION_MONTHS)?.max(add_months(received, ANSWER_MONTHS + EXTENSION_MONTHS)?);
    Some(DueDates { expected, latest: next_working_day(longest.max(expected), holidays)? })
}

/// The day of a later month with the same number, or that month's last day.
pub fn add_months(day: Day, months: u8) -> Option<Day> {
    let (year, month, date) = day.parts();
    let past = i32::from(month) - 1 + i32::from(months);
    let (year, month) = (i32::from(year) + past / 12, past % 12 + 1);
    (1..=date).rev().find_map(|date| Day::parse(&format!("{year:04}-{month:02}-{date:02}")).ok())
}

/// So many days later.
pub fn add_days(day: Day, days: i64) -> Option<Day> {
    Day::from_days(Day::EPOCH.days_until(day).checked_add(days)?)
}

/// Days since Monday: 0 is Monday, 6 is Sunday.
pub fn weekday(day: Day) -> usize {
    // 1 January 1970 was a Thursday.
    usize::try_from((Day::EPOCH.days_until(day) + 3).rem_euclid(7)).unwrap_or_default()
}

/// The day itself, or the first later one that is neither in a weekend nor a holiday.
pub fn next_working_day(day: Day, holidays: &Holidays) -> Option<Day> {
    let mut found = day;
    for _ in 0..FREE_DAYS_MAX {
        if weekday(found) < 5 && !holidays.contains(found) {
            return Some(found);
        }
        found = add_days(found, 1)?;
    }
    Some(found)
}
