//! Dates and times of ISO 8583: without a year, and checked against the calendar.

use std::fmt;

use super::{Value, digits};

/// Parses two digits at a position of the text.
fn pair(text: &[u8], at: usize) -> Option<u8> {
    digits(text.get(at..at + 2)?).and_then(|number| number.try_into().ok())
}

/// A month and day, MMDD (DE13, DE15). The wire does not carry the year, so 29 February is always valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MonthDay {
    month: u8,
    day: u8,
}

impl MonthDay {
    /// 1 January.
    pub(super) const FIRST: Self = Self { month: 1, day: 1 };

    /// Returns `None` if the day does not exist in any year.
    #[must_use]
    pub const fn new(month: u8, day: u8) -> Option<Self> {
        let days = match month {
            1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
            4 | 6 | 9 | 11 => 30,
            2 => 29,
            _ => return None,
        };
        if day >= 1 && day <= days { Some(Self { month, day }) } else { None }
    }

    /// Returns the month, 1 to 12.
    #[must_use]
    pub const fn month(self) -> u8 {
        self.month
    }

    /// Returns the day, 1 to 31.
    #[must_use]
    pub const fn day(self) -> u8 {
        self.day
    }
}

impl Value for MonthDay {
    const EXPECTED: &'static str = "a date MMDD";

    fn from_ascii(text: &[u8]) -> Option<Self> {
        (text.len() == 4).then(|| Self::new(pair(text, 0)?, pair(text, 2)?))?
    }
}

impl fmt::Display for MonthDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}{:02}", self.month, self.day)
    }
}

/// A time of day, hhmmss (DE12).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TimeOfDay {
    pub(super) hour: u8,
    pub(super) minute: u8,
    pub(super) second: u8,
}

impl TimeOfDay {
    /// The start of a day, 000000.
    pub const MIDNIGHT: Self = Self { hour: 0, minute: 0, second: 0 };

    /// Returns `None` for an invalid time. A leap second (60) is not accepted.
    #[must_use]
    pub const fn new(hour: u8, minute: u8, second: u8) -> Option<Self> {
        if hour < 24 && minute < 60 && second < 60 {
            Some(Self { hour, minute, second })
        } else {
            None
        }
    }

    /// Returns the hour, 0 to 23.
    #[must_use]
    pub const fn hour(self) -> u8 {
        self.hour
    }

    /// Returns the minute, 0 to 59.
    #[must_use]
    pub const fn minute(self) -> u8 {
        self.minute
    }

    /// Returns the second, 0 to 59.
    #[must_use]
    pub const fn second(self) -> u8 {
        self.second
    }
}

impl Value for TimeOfDay {
    const EXPECTED: &'static str = "a time hhmmss";

    fn from_ascii(text: &[u8]) -> Option<Self> {
        (text.len() == 6).then(|| Self::new(pair(text, 0)?, pair(text, 2)?, pair(text, 4)?))?
    }
}

impl fmt::Display for TimeOfDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}{:02}{:02}", self.hour, self.minute, self.second)
    }
}

/// The transmission date and time, `MMDDhhmmss` in UTC (DE7).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Transmission {
    /// The date.
    pub date: MonthDay,
    /// The time of day.
    pub time: TimeOfDay,
}

impl Value for Transmission {
    const EXPECTED: &'static str = "a date and time MMDDhhmmss";

    fn from_ascii(text: &[u8]) -> Option<Self> {
        let (date, time) = text.split_at_checked(4)?;
        Some(Self { date: MonthDay::from_ascii(date)?, time: TimeOfDay::from_ascii(time)? })
    }
}

impl fmt::Display for Transmission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.date, self.time)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn invalid_dates_and_times_are_refused() {
        assert_eq!(MonthDay::from_ascii(b"0229").unwrap().to_string(), "0229");
        for wrong in [b"0230", b"1301", b"0431", b"0100", b"0001", b"1 24"] {
            assert_eq!(MonthDay::from_ascii(wrong), None);
        }
        assert_eq!(Transmission::from_ascii(b"1124235959").unwrap().to_string(), "1124235959");
        for wrong in [&b"1124240000"[..], b"1124236000", b"1124235960", b"112423595", b"112"] {
            assert_eq!(Transmission::from_ascii(wrong), None);
        }
    }
}
