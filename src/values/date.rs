//! Days of the calendar.

use std::fmt;

use super::{Moment, MonthDay, Value, digits};

/// A day by the Gregorian calendar, from 1970-01-01 on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Date(u32);

/// Days from 0000-03-01, where the reckoning below begins its years, to 1970-01-01.
const EPOCH: u64 = 719_468;

impl Date {
    /// The day of a moment, in UTC.
    #[must_use]
    pub fn of(moment: Moment) -> Self {
        Self(u32::try_from(moment.millis() / 86_400_000).unwrap_or(u32::MAX))
    }

    /// `None` if there is no such day, or it is before 1970 or after 9999.
    #[must_use]
    pub fn new(year: u16, month: u8, day: u8) -> Option<Self> {
        if !(1970..=9999).contains(&year) {
            return None;
        }
        let month_day = MonthDay::new(month, day)?;
        let is_leap =
            year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
        (is_leap || month_day != MonthDay::LEAP_DAY).then_some(())?;
        let year = u64::from(year) - u64::from(month <= 2);
        let days = year * 365 + year / 4 - year / 100 + year / 400;
        let days = days + day_of_year(u64::from(month), u64::from(day));
        Some(Self(u32::try_from(days.checked_sub(EPOCH)?).ok()?))
    }

    /// The day of a month and a day that is nearest to another: DE15 has no year.
    #[must_use]
    pub fn nearest(month_day: MonthDay, to: Self) -> Self {
        let (year, ..) = to.parts();
        let candidates = [year.saturating_sub(1), year, year.saturating_add(1)];
        let dates = candidates
            .iter()
            .filter_map(|year| Self::new(*year, month_day.month(), month_day.day()));
        dates.min_by_key(|date| date.0.abs_diff(to.0)).unwrap_or(to)
    }

    /// The day after.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }

    /// The moment at which it begins, in UTC.
    #[must_use]
    pub fn begin(self) -> Moment {
        Moment::from_millis(u64::from(self.0) * 86_400_000)
    }

    /// The month and the day.
    #[must_use]
    pub fn month_day(self) -> MonthDay {
        let (_, month, day) = self.parts();
        MonthDay::new(month, day).unwrap_or(MonthDay::LEAP_DAY)
    }

    /// The year, and the day of the year from 1.
    #[must_use]
    pub fn year_and_day(self) -> (u16, u16) {
        let (year, ..) = self.parts();
        let first = Self::new(year, 1, 1).unwrap_or_default();
        (year, u16::try_from(self.0 - first.0 + 1).unwrap_or_default())
    }

    /// Year, month and day. Years are reckoned from March on, so that a leap day is the last of its year.
    fn parts(self) -> (u16, u8, u8) {
        let days = u64::from(self.0) + EPOCH;
        let (era, of_era) = (days / 146_097, days % 146_097);
        let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year + year / 4 - year / 100);
        let from_march = (5 * of_year + 2) / 153;
        let day = of_year - (153 * from_march + 2) / 5 + 1;
        let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
        let year = era * 400 + year + u64::from(month <= 2);
        let small = |number: u64| u8::try_from(number).unwrap_or_default();
        (u16::try_from(year).unwrap_or(u16::MAX), small(month), small(day))
    }
}

/// Days since the first of March before.
const fn day_of_year(month: u64, day: u64) -> u64 {
    let from_march = if month > 2 { month - 3 } else { month + 9 };
    (153 * from_march + 2) / 5 + day - 1
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = self.parts();
        write!(f, "{year:04}-{month:02}-{day:02}")
    }
}

impl Value for Date {
    const EXPECTED: &'static str = "a date YYYY-MM-DD";

    fn from_ascii(text: &[u8]) -> Option<Self> {
        let [year @ .., b'-', m0, m1, b'-', d0, d1] = text else { return None };
        let small = |text: &[u8]| u8::try_from(digits(text)?).ok();
        let year = (year.len() == 4).then(|| digits(year))??;
        Self::new(u16::try_from(year).ok()?, small(&[*m0, *m1])?, small(&[*d0, *d1])?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(text: &str) -> Date {
        Date::from_ascii(text.as_bytes()).unwrap()
    }

    #[test]
    fn every_day_of_many_years_is_the_one_after_the_day_before() {
        let mut day = date("1970-01-01");
        assert_eq!(day, Date::default());
        let mut shown = Vec::new();
        while day < date("2401-01-01") {
            let (year, month, of_month) = day.parts();
            assert_eq!(Date::new(year, month, of_month), Some(day));
            shown.push(day.to_string());
            day = day.next();
        }
        assert!(shown.is_sorted() && shown.contains(&"2000-02-29".to_owned()));
        assert!(!shown.contains(&"2100-02-29".to_owned()));
        assert_eq!(date("2026-11-24").year_and_day(), (2026, 328));
        assert_eq!(date("2000-02-29").year_and_day(), (2000, 60));
        assert_eq!(Date::of(Moment::from_millis(1_795_521_600_000)), date("2026-11-24"));
        assert_eq!(date("2026-11-24").begin().millis() % 86_400_000, 0);
    }

    #[test]
    fn what_no_calendar_shows_is_refused() {
        for wrong in
            ["2026-02-29", "2026-13-01", "1969-12-31", "2026-1-01", "2026/11/24", "", "-11-24"]
        {
            assert_eq!(Date::from_ascii(wrong.as_bytes()), None, "{wrong}");
        }
    }

    #[test]
    fn a_day_without_a_year_is_the_nearest() {
        let of = |month_day: &str, to| {
            Date::nearest(MonthDay::from_ascii(month_day.as_bytes()).unwrap(), date(to))
        };
        assert_eq!(of("0101", "2026-12-31"), date("2027-01-01"));
        assert_eq!(of("1231", "2027-01-01"), date("2026-12-31"));
        assert_eq!(of("1124", "2026-11-24"), date("2026-11-24"));
        assert_eq!(of("0229", "2027-03-01"), date("2028-02-29"), "the only one of the three years");
    }
}
