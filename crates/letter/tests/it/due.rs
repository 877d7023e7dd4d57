use bezwaar_core::time::Day;
use bezwaar_letter::due::{FREE_DAYS_MAX, add_days, add_months, due, due_extended, next_working_day, weekday};
use bezwaar_letter::holidays::Holidays;
use proptest::prelude::*;

use crate::world::day;

fn irish() -> Holidays {
    Holidays::of_country("IE", 2024..=2027).unwrap()
}

#[test]
fn vectors() {
    for (received, expected, latest) in [
        ("2025-05-26", "2025-06-26", "2025-06-26"),
        ("2025-01-31", "2025-02-28", "2025-02-28"),
        ("2025-05-30", "2025-06-30", "2025-06-30"),
        ("2025-05-31", "2025-06-30", "2025-06-30"),
        // Into a leap year's February, and over the end of a year.
        ("2028-01-31", "2028-02-29", "2028-02-29"),
        ("2025-12-15", "2026-01-15", "2026-01-15"),
        // A Saturday and a Sunday: the Monday after, or Tuesday when that is a public holiday.
        ("2025-05-14", "2025-06-14", "2025-06-16"),
        ("2025-07-02", "2025-08-02", "2025-08-05"),
        // 25 December 2025, a Thursday; Friday is a holiday too.
        ("2025-11-25", "2025-12-25", "2025-12-29"),
    ] {
        let found = due(day(received), &irish()).unwrap();
        assert_eq!((found.expected.to_string(), found.latest.to_string()), (expected.into(), latest.into()), "{received}");
    }
}

#[test]
fn extensions() {
    for (received, expected, latest) in [
        ("2025-05-26", "2025-08-26", "2025-08-26"),
        // Three months from receipt are later than two from the first due day: late only after the later one.
        ("2025-01-31", "2025-04-28", "2025-04-30"),
        // The first due day was deferred from Saturday to Monday.
        ("2025-05-14", "2025-08-14", "2025-08-18"),
    ] {
        let found = due_extended(day(received), &irish()).unwrap();
        assert_eq!((found.expected.to_string(), found.latest.to_string()), (expected.into(), latest.into()), "{received}");
    }
}

#[test]
fn the_addressees_holidays_count() {
    // 27 October 2025, a Monday: a holiday in Ireland, none in the Netherlands.
    let latest = |country: &str| {
        let holidays = Holidays::of_country(country, 2025..=2025).unwrap();
        due(day("2025-09-27"), &holidays).unwrap().latest.to_string()
    };
    assert_eq!((latest("IE"), latest("NL")), ("2025-10-28".into(), "2025-10-27".into()));
    assert_eq!(due(day("2025-11-25"), &Holidays::none()).unwrap().latest, day("2025-12-25"));
}

#[test]
fn calendars_end() {
    assert_eq!(due(day("9999-12-15"), &Holidays::none()), None);
    assert_eq!(add_months(day("2024-01-31"), 1), Some(day("2024-02-29")));
    assert_eq!(add_months(day("2024-11-30"), 3), Some(day("2025-02-28")));
    assert_eq!(weekday(day("2025-05-26")), 0);
    assert_eq!(weekday(day("1969-12-28")), 6);
}

#[test]
fn a_calendar_of_free_days_only_comes_to_an_end() {
    let first = day("2025-06-02");
    let free = |count: usize| Holidays::from_days((0..count).map(|days| add_days(first, i64::try_from(days).unwrap()).unwrap()));
    // The day after a month of free days is still found; after more of them the search ends with the last day it looked at.
    assert_eq!(next_working_day(first, &free(FREE_DAYS_MAX - 1)), add_days(first, 30));
    assert_eq!(next_working_day(first, &free(FREE_DAYS_MAX)), add_days(first, 31));
    assert_eq!(next_working_day(first, &free(FREE_DAYS_MAX + 20)), add_days(first, 31));
}

fn any_day() -> impl Strategy<Value = Day> {
    (7_000_i64..40_000).prop_map(|days| Day::from_days(days).unwrap())
}

proptest! {
    #[test]
    fn due_days_keep_their_order(received in any_day(), later in 0_i64..40, free in proptest::collection::vec(0_i64..90, 0..12)) {
        let free = free.into_iter().map(|days| add_days(received, days).unwrap());
        let holidays = Holidays::from_days(free);
        let (first, second) = (due(received, &holidays).unwrap(), due(add_days(received, later).unwrap(), &holidays).unwrap());
        prop_assert!(received.days_until(first.expected) >= 28 && received.days_until(first.expected) <= 31);
        prop_assert!(first.expected <= first.latest);
        prop_assert!(weekday(first.latest) < 5 && !holidays.contains(first.latest));
        prop_assert!(first.expected <= second.expected && first.latest <= second.latest);
        let extended = due_extended(received, &holidays).unwrap();
        prop_assert!(first.expected < extended.expected && first.latest < extended.latest && extended.expected <= extended.latest);
        prop_assert!(add_months(received, 3).unwrap() <= extended.latest);
    }
}
