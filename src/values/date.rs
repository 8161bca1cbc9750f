//! Calendar dates, UTC offsets, and local dates and times of a moment.
//!
//! The calendar is `jiff`'s. Ours are the forms of ISO 8583, which have no year, and the bounds: dates end at 9999-12-31,
//! moments with `jiff`'s last timestamp, 9999-12-30T22:00:00.999Z.

use std::fmt;

use jiff::Timestamp;
use jiff::civil::{self, DateTime, Weekday};
use jiff::fmt::temporal::DateTimePrinter;
use jiff::tz;

use super::{Moment, MonthDay, TimeOfDay, Transmission, Value, digits};

/// A fixed offset from UTC, without daylight saving time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Offset(tz::Offset);

impl Default for Offset {
    fn default() -> Self {
        Self::UTC
    }
}

impl Offset {
    /// UTC itself.
    pub const UTC: Self = Self(tz::Offset::UTC);

    /// Creates an offset of whole hours.
    #[must_use]
    pub const fn hours(hours: i8) -> Self {
        Self(tz::Offset::constant(hours))
    }

    /// Returns the local date and time of a moment; at most the last one of the calendar.
    fn local(self, moment: Moment) -> DateTime {
        self.0.to_datetime(moment.timestamp())
    }
}

impl Value for Offset {
    const EXPECTED: &'static str = "an offset from UTC, such as +07:00";

    fn from_ascii(text: &[u8]) -> Option<Self> {
        let [sign @ (b'+' | b'-'), h0, h1, b':', m0, m1] = *text else { return None };
        let (hours, minutes) = (digits(&[h0, h1])?, digits(&[m0, m1])?);
        let seconds = i32::try_from(hours * 3600 + minutes * 60).ok()?;
        let offset = tz::Offset::from_seconds(if sign == b'-' { -seconds } else { seconds });
        (hours <= 14 && minutes < 60).then_some(Self(offset.ok()?))
    }
}

/// A date of the proleptic Gregorian calendar, from 1970-01-01 to 9999-12-31.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Date(civil::Date);

impl Date {
    /// 1970-01-01.
    const FIRST: Self = Self(civil::date(1970, 1, 1));

    /// Returns `None` before 1970, after 9999, and for 29 February outside leap years.
    #[must_use]
    pub fn new(year: u16, day: MonthDay) -> Option<Self> {
        let (year, month, day) =
            (i16::try_from(year).ok()?, day.month().cast_signed(), day.day().cast_signed());
        let date = Self(civil::Date::new(year, month, day).ok()?);
        (date >= Self::FIRST).then_some(date)
    }

    /// Returns the date at a moment with a UTC offset; at most that of the last timestamp.
    #[must_use]
    pub fn of(moment: Moment, offset: Offset) -> Self {
        Self(offset.local(moment).date()).max(Self::FIRST)
    }

    /// Returns the next day; 9999-12-31 returns itself.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0.tomorrow().unwrap_or(self.0))
    }

    /// Returns the year.
    #[must_use]
    pub fn year(self) -> u16 {
        self.0.year().unsigned_abs()
    }

    /// Returns the day of the year, from 1.
    #[must_use]
    pub fn day_of_year(self) -> u16 {
        self.0.day_of_year().unsigned_abs()
    }

    /// Returns the date with this month and day that is nearest to another date.
    #[must_use]
    pub fn nearest(day: MonthDay, to: Self) -> Self {
        let years = [to.year().saturating_sub(1), to.year(), to.year() + 1];
        let dates = years.into_iter().filter_map(|year| Self::new(year, day));
        let distance = |date: &Self| date.0.duration_since(to.0).unsigned_abs();
        // Three consecutive years can lack a 29 February, for example around 2100. Then `to` is as good as any other date.
        dates.min_by_key(distance).unwrap_or(to)
    }

    /// Whether it is a Saturday or Sunday.
    #[must_use]
    pub fn is_weekend(self) -> bool {
        matches!(self.0.weekday(), Weekday::Saturday | Weekday::Sunday)
    }

    /// Returns the date with this month and day that is nearest to another date, at most half a year away. `None` for 29 February
    /// outside leap years: the date that is meant does not exist.
    #[must_use]
    pub fn nearest_existing(day: MonthDay, to: Self) -> Option<Self> {
        const HALF_A_YEAR: i64 = 183 * 24;
        let nearest = Self::nearest(day, to);
        let hours = nearest.0.duration_since(to.0).as_hours();
        (nearest.month_day() == day && hours.abs() <= HALF_A_YEAR).then_some(nearest)
    }

    /// Returns the month and day.
    #[must_use]
    pub fn month_day(self) -> MonthDay {
        let (month, day) = (self.0.month().unsigned_abs(), self.0.day().unsigned_abs());
        MonthDay::new(month, day).unwrap_or(MonthDay::FIRST)
    }

    /// Returns the moment of this date and local time; at most the last timestamp.
    #[must_use]
    pub fn at(self, time: TimeOfDay, offset: Offset) -> Moment {
        let [hour, minute, second] =
            [time.hour(), time.minute(), time.second()].map(u8::cast_signed);
        let local = self.0.at(hour, minute, second, 0);
        let millis = offset.0.to_timestamp(local).unwrap_or(Timestamp::MAX).as_millisecond();
        // A moment before 1970 is not representable, and does not occur in messages.
        Moment::from_millis(u64::try_from(millis).unwrap_or_default())
    }
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
        self.0.fmt(f)
    }
}

impl Moment {
    /// Formats the moment as ISO 8601 in UTC with milliseconds: `2026-11-24T18:30:00.250Z`.
    #[must_use]
    pub fn iso8601(self) -> String {
        DateTimePrinter::new().precision(Some(3)).timestamp_to_string(&self.timestamp())
    }

    /// Formats the moment as ISO 8601 with a UTC offset, without a fraction: `2026-11-25T01:30:00+07:00`.
    #[must_use]
    pub fn iso8601_at(self, offset: Offset) -> String {
        let printer = DateTimePrinter::new().precision(Some(0));
        printer.timestamp_with_offset_to_string(&self.timestamp(), offset.0)
    }

    /// Returns the moment as a timestamp of the calendar; at most the last one.
    fn timestamp(self) -> Timestamp {
        let millis = i64::try_from(self.millis()).unwrap_or(i64::MAX);
        Timestamp::from_millisecond(millis).unwrap_or(Timestamp::MAX)
    }
}

impl TimeOfDay {
    /// Returns the local time of a moment.
    #[must_use]
    pub fn of(moment: Moment, offset: Offset) -> Self {
        let local = offset.local(moment);
        let [hour, minute, second] =
            [local.hour(), local.minute(), local.second()].map(i8::unsigned_abs);
        Self { hour, minute, second }
    }
}

impl Transmission {
    /// Returns the transmission date and time (DE7) of a moment.
    #[must_use]
    pub fn of(moment: Moment) -> Self {
        Self {
            date: Date::of(moment, Offset::UTC).month_day(),
            time: TimeOfDay::of(moment, Offset::UTC),
        }
    }

    /// Returns the moment with this local date and time that is nearest to another moment.
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
    fn every_day_of_the_calendar_follows_the_one_before() {
        let mut date = Date::from_ascii(b"1970-01-01").unwrap();
        for days in 0..=2_932_895 {
            let midnight = date.at(TimeOfDay::MIDNIGHT, Offset::UTC);
            assert_eq!(midnight.millis(), days * 86_400_000);
            assert_eq!(Date::of(midnight, Offset::UTC), date);
            date = date.next();
        }
        assert_eq!(date.to_string(), "9999-12-31");
        assert_eq!(date.next(), date, "the last date returns itself");
        assert_eq!(Date::of(Moment::from_millis(u64::MAX), Offset::UTC).to_string(), "9999-12-30");
    }

    #[test]
    fn dates_outside_the_calendar_are_refused() {
        assert_eq!(Date::from_ascii(b"2028-02-29").unwrap().to_string(), "2028-02-29");
        for wrong in [&b"2026-02-29"[..], b"2100-02-29", b"2026-13-01", b"1969-12-31", b"20261124"]
        {
            assert_eq!(Date::from_ascii(wrong), None);
        }
    }

    #[test]
    fn offsets_are_parsed() {
        assert_eq!(Offset::from_ascii(b"+07:00"), Some(JAKARTA));
        assert_eq!(Offset::from_ascii(b"-03:30").unwrap().0.seconds(), -12_600);
        for wrong in [&b"7"[..], b"+7:00", b"+15:00", b"+07:60", b"07:00"] {
            assert_eq!(Offset::from_ascii(wrong), None);
        }
        assert_eq!(Date::from_ascii(b"2026-11-24").unwrap().day_of_year(), 328);
        assert_eq!(Date::from_ascii(b"2000-12-31").unwrap().day_of_year(), 366);
    }

    #[test]
    fn a_moment_has_another_date_and_time_in_jakarta() {
        let moment = Moment::from_millis(1_795_545_000_999);
        assert_eq!(Date::of(moment, Offset::UTC).to_string(), "2026-11-24");
        assert_eq!(Date::of(moment, JAKARTA).to_string(), "2026-11-25");
        assert_eq!(TimeOfDay::of(moment, JAKARTA).to_string(), "013000");
        assert_eq!(Transmission::of(moment).to_string(), "1124183000");
        let midnight = Date::of(moment, JAKARTA).at(TimeOfDay::new(1, 30, 0).unwrap(), JAKARTA);
        assert_eq!(midnight.millis(), 1_795_545_000_000);
        assert_eq!(moment.iso8601(), "2026-11-24T18:30:00.999Z");
        assert_eq!(moment.iso8601_at(JAKARTA), "2026-11-25T01:30:00+07:00");
    }

    #[test]
    fn a_transmission_time_takes_the_nearest_year() {
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
        assert_eq!(of(b"0229", b"2027-03-01"), "2028-02-29", "the only leap year of the three");
        let exists = |day: &[u8], to: &[u8]| {
            Date::nearest_existing(
                MonthDay::from_ascii(day).unwrap(),
                Date::from_ascii(to).unwrap(),
            )
            .is_some()
        };
        assert!(!exists(b"0229", b"2026-11-28") && !exists(b"0229", b"2027-03-01"));
        assert!(exists(b"0229", b"2028-03-01") && exists(b"0229", b"2027-12-31"));
        assert!(exists(b"0701", b"2026-12-31") && exists(b"0101", b"2026-07-02"));
    }
}
