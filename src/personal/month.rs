//! Calendar months.

use std::fmt;

use crate::values::{Date, Moment, Offset, Value};

/// A calendar month in UTC. Its personal data has a key of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Month {
    year: u16,
    month: u8,
}

impl Month {
    /// Returns the month of a moment.
    #[must_use]
    pub fn of(moment: Moment) -> Self {
        Self::of_date(Date::of(moment, Offset::UTC))
    }

    fn of_date(date: Date) -> Self {
        Self { year: date.year(), month: date.month_day().month() }
    }
}

impl Value for Month {
    const EXPECTED: &'static str = "a month YYYY-MM";

    fn from_ascii(text: &[u8]) -> Option<Self> {
        Date::from_ascii(&[text, b"-01"].concat()).map(Self::of_date)
    }
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.year, self.month)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_ends_at_midnight_utc() {
        let december = Month::from_ascii(b"2026-12").unwrap();
        // 2026-12-01T00:00:00Z.
        let begin = 1_796_083_200_000;
        assert_eq!(Month::of(Moment::from_millis(begin)), december);
        assert_eq!(Month::of(Moment::from_millis(begin - 1)).to_string(), "2026-11");
        assert!(Month::of(Moment::from_millis(begin - 1)) < december);
        for wrong in ["2026-13", "2026-1", "2026-12-01", "", "2026-00"] {
            assert_eq!(Month::from_ascii(wrong.as_bytes()), None, "{wrong}");
        }
    }
}
