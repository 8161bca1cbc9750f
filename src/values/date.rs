//! Days of the calendar, and what a clock shows at a moment.

use std::fmt;

use super::{Moment, MonthDay, TimeOfDay, Transmission, Value, digits};

const MILLIS_A_DAY: u64 = 86_400_000;

/// 9999-12-31, counted from 1970-01-01.
const DAYS_MAX: u64 = 2_932_896;

/// How far clocks of a place are ahead of UTC, all the year.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Offset {
    minutes: i16,
}

impl Offset {
    /// None.
    pub const UTC: Self = Self { minutes: 0 };

    /// So many hours.
    #[must_use]
    pub const fn hours(hours: i8) -> Self {
        Self { minutes: hours as i16 * 60 }
    }

    const fn millis(self) -> i64 {
        self.minutes as i64 * 60_000
    }

    /// Milliseconds since 1970 began there.
    const fn local(self, moment: Moment) -> u64 {
        moment.millis().saturating_add_signed(self.millis())
    }
}

impl Value for Offset {
    const EXPECTED: &'static str = "an offset from UTC: +07:00";

    fn from_ascii(text: &[u8]) -> Option<Self> {
        let [sign @ (b'+' | b'-'), h0, h1, b':', m0, m1] = *text else { return None };
        let (hours, minutes) = (digits(&[h0, h1])?, digits(&[m0, m1])?);
        let ahead = i16::try_from(hours * 60 + minutes).ok()?;
        let exists = hours <= 14 && minutes < 60;
        exists.then_some(Self { minutes: if sign == b'-' { -ahead } else { ahead } })
    }
}

/// A day of the (proleptic Gregorian) calendar with its year, from 1970-01-01 to 9999-12-31.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Date {
    year: u16,
    day: MonthDay,
}

impl Date {
    /// `None` before 1970, after 9999, and for 29 February of a year that has none.
    #[must_use]
    pub const fn new(year: u16, day: MonthDay) -> Option<Self> {
        let exists = !(day.month() == 2 && day.day() == 29) || is_leap(year);
        if year >= 1970 && year <= 9999 && exists { Some(Self { year, day }) } else { None }
    }

    /// The day at a moment in a place; beyond 9999 the last day that there is.
    #[must_use]
    pub fn of(moment: Moment, offset: Offset) -> Self {
        Self::from_days(offset.local(moment) / MILLIS_A_DAY)
    }

    /// The day after; the last day that there is has itself.
    #[must_use]
    pub fn next(self) -> Self {
        Self::from_days(self.days() + 1)
    }

    /// The year.
    #[must_use]
    pub const fn year(self) -> u16 {
        self.year
    }

    /// The day of the year, from 1.
    #[must_use]
    pub fn day_of_year(self) -> u16 {
        let before = Self { day: MonthDay::FIRST, ..self }.days();
        u16::try_from(self.days() - before + 1).unwrap_or_default()
    }

    /// The date that a month and day mean, which is without its year the nearest to another one.
    #[must_use]
    pub fn nearest(day: MonthDay, to: Self) -> Self {
        let years = [to.year.saturating_sub(1), to.year, to.year + 1];
        let dates = years.into_iter().filter_map(|year| Self::new(year, day));
        // Of three years in a row two may have no 29 February, and none of four around it: then `to` itself is as good.
        dates.min_by_key(|date| date.days().abs_diff(to.days())).unwrap_or(to)
    }

    /// The month and day.
    #[must_use]
    pub const fn month_day(self) -> MonthDay {
        self.day
    }

    /// The moment at which clocks of a place show this day and time.
    #[must_use]
    pub fn at(self, time: TimeOfDay, offset: Offset) -> Moment {
        let seconds = u64::from(time.hour()) * 3600
            + u64::from(time.minute()) * 60
            + u64::from(time.second());
        let local = self.days() * MILLIS_A_DAY + seconds * 1000;
        Moment::from_millis(local.saturating_add_signed(-offset.millis()))
    }

    /// Days since 1970-01-01. Years begin in March, so that the leap day is their last.
    fn days(self) -> u64 {
        let (month, day) = (u64::from(self.day.month()), u64::from(self.day.day()));
        let year = u64::from(self.year) - u64::from(month <= 2);
        let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
        year * 365 + year / 4 - year / 100 + year / 400 + day_of_year - 719_468
    }

    fn from_days(days: u64) -> Self {
        let days = days.min(DAYS_MAX) + 719_468;
        let (era, day_of_era) = (days / 146_097, days % 146_097);
        let year_of_era =
            (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let from_march = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * from_march + 2) / 5 + 1;
        let month = (from_march + 2) % 12 + 1;
        let year = era * 400 + year_of_era + u64::from(month <= 2);
        let narrow = |number: u64| u8::try_from(number).ok();
        let found = narrow(month)
            .zip(narrow(day))
            .and_then(|(month, day)| MonthDay::new(month, day))
            .and_then(|day| Self::new(u16::try_from(year).ok()?, day));
        // The days are bounded above, so the calendar has found one.
        found.unwrap_or(Self { year: 1970, day: MonthDay::FIRST })
    }
}

const fn is_leap(year: u16) -> bool {
    year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
}

impl Value for Date {
    const EXPECTED: &'static str = "a date YYYY-MM-DD";

    fn from_ascii(text: &[u8]) -> Option<Self> {
        let [y0, y1, y2, y3, b'-', m0, m1, b'-', d0, d1] = *text else { return None };
        let year = digits(&[y0, y1, y2, y3])?.try_into().ok()?;
        Self::new(year, MonthDay::from_ascii(&[m0, m1, d0, d1])?)
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.day.month(), self.day.day())
    }
}

impl TimeOfDay {
    /// What clocks of a place show at a moment.
    #[must_use]
    pub fn of(moment: Moment, offset: Offset) -> Self {
        let second = offset.local(moment) % MILLIS_A_DAY / 1000;
        let part = |number: u64| u8::try_from(number).unwrap_or_default();
        Self {
            hour: part(second / 3600),
            minute: part(second / 60 % 60),
            second: part(second % 60),
        }
    }
}

impl Transmission {
    /// The transmission date and time of a message that is made at a moment.
    #[must_use]
    pub fn of(moment: Moment) -> Self {
        Self {
            date: Date::of(moment, Offset::UTC).month_day(),
            time: TimeOfDay::of(moment, Offset::UTC),
        }
    }

    /// The moment that clocks of a place showed, which is without its year the nearest to another one.
    #[must_use]
    pub fn nearest(self, to: Moment, offset: Offset) -> Moment {
        Date::nearest(self.date, Date::of(to, offset)).at(self.time, offset)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const JAKARTA: Offset = Offset::hours(7);

    #[test]
    fn every_day_is_the_next_of_the_one_before() {
        let mut date = Date::from_ascii(b"1970-01-01").unwrap();
        for days in 0..=DAYS_MAX {
            assert_eq!((date.days(), Date::from_days(days)), (days, date));
            date = date.next();
        }
        assert_eq!(date.to_string(), "9999-12-31", "the last has itself for the next");
    }

    #[test]
    fn what_no_calendar_has_is_no_date() {
        assert_eq!(Date::from_ascii(b"2028-02-29").unwrap().to_string(), "2028-02-29");
        for wrong in [&b"2026-02-29"[..], b"2100-02-29", b"2026-13-01", b"1969-12-31", b"20261124"]
        {
            assert_eq!(Date::from_ascii(wrong), None);
        }
    }

    #[test]
    fn an_offset_is_read_as_it_is_written() {
        assert_eq!(Offset::from_ascii(b"+07:00"), Some(JAKARTA));
        assert_eq!(Offset::from_ascii(b"-03:30").unwrap().minutes, -210);
        for wrong in [&b"7"[..], b"+7:00", b"+15:00", b"+07:60", b"07:00"] {
            assert_eq!(Offset::from_ascii(wrong), None);
        }
        assert_eq!(Date::from_ascii(b"2026-11-24").unwrap().day_of_year(), 328);
        assert_eq!(Date::from_ascii(b"2000-12-31").unwrap().day_of_year(), 366);
    }

    #[test]
    fn a_moment_is_another_day_and_time_in_jakarta() {
        let moment = Moment::from_millis(1_795_545_000_999);
        assert_eq!(Date::of(moment, Offset::UTC).to_string(), "2026-11-24");
        assert_eq!(Date::of(moment, JAKARTA).to_string(), "2026-11-25");
        assert_eq!(TimeOfDay::of(moment, JAKARTA).to_string(), "013000");
        assert_eq!(Transmission::of(moment).to_string(), "1124183000");
        let midnight = Date::of(moment, JAKARTA).at(TimeOfDay::new(1, 30, 0).unwrap(), JAKARTA);
        assert_eq!(midnight.millis(), 1_795_545_000_000);
    }

    #[test]
    fn a_transmission_is_of_the_nearest_year() {
        let new_year = Date::from_ascii(b"2027-01-01").unwrap();
        let just_after = new_year.at(TimeOfDay::new(0, 0, 5).unwrap(), Offset::UTC);
        let sent = Transmission::from_ascii(b"1231235958").unwrap();
        assert_eq!(just_after.since(sent.nearest(just_after, Offset::UTC)).as_secs(), 7);
        let ahead = Transmission::from_ascii(b"0101000006").unwrap();
        assert_eq!(ahead.nearest(just_after, Offset::UTC).since(just_after).as_secs(), 1);
        let of = |day: &[u8], to: &[u8]| {
            Date::nearest(MonthDay::from_ascii(day).unwrap(), Date::from_ascii(to).unwrap())
                .to_string()
        };
        assert_eq!(of(b"1231", b"2027-01-01"), "2026-12-31");
        assert_eq!(of(b"0229", b"2027-03-01"), "2028-02-29", "the only one of the three years");
    }
}
