//! The working days of a network: all days but weekends and the holidays of a calendar file.

use std::collections::BTreeSet;

use super::{Date, Value};

/// The first line of a calendar file.
const HEADER: &str = "date,name";

/// The days on which a network settles: Monday to Friday without holidays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WorkingDays {
    holidays: BTreeSet<Date>,
}

impl WorkingDays {
    /// Reads a calendar file: CSV with the header `date,name` and a holiday a line. Empty lines are skipped.
    ///
    /// # Errors
    /// If the header or a line is invalid; the reason names the line.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut lines = text.lines().zip(1..);
        match lines.next() {
            Some((header, _)) if header.trim_end() == HEADER => {}
            Some(_) | None => return Err(format!("line 1: the header must be {HEADER}")),
        }
        let days = lines.filter(|(line, _)| !line.trim().is_empty());
        let holidays = days.map(|(line, number)| {
            let (date, _) = line.split_once(',').unwrap_or((line, ""));
            let date = Date::from_ascii(date.trim().as_bytes());
            date.ok_or_else(|| {
                format!("line {number}: the holiday must begin with {}", Date::EXPECTED)
            })
        });
        Ok(Self { holidays: holidays.collect::<Result<_, _>>()? })
    }

    /// Whether the network settles on a day.
    #[must_use]
    pub fn contains(&self, date: Date) -> bool {
        !date.is_weekend() && !self.holidays.contains(&date)
    }

    /// Whether a business date follows another one: it is the next day or the next working day.
    #[must_use]
    pub fn is_next(&self, date: Date, before: Date) -> bool {
        let mut next = before.next();
        if date == next {
            return true;
        }
        while next < date && !self.contains(next) {
            next = next.next();
        }
        date == next && self.contains(next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(text: &str) -> Date {
        Date::from_ascii(text.as_bytes()).unwrap()
    }

    #[test]
    fn a_business_date_follows_weekends_and_holidays() {
        let days =
            WorkingDays::parse("date,name\n2026-12-24,Cuti bersama\n\n2026-12-25,Natal\n").unwrap();
        for (before, next, is_next) in [
            ("2026-11-24", "2026-11-25", true),
            ("2026-11-24", "2026-11-26", false),
            ("2026-11-27", "2026-11-28", true), // a network can settle on Saturdays
            ("2026-11-27", "2026-11-29", false), // but not skip one for a Sunday
            ("2026-11-27", "2026-11-30", true),
            ("2026-11-27", "2026-12-01", false),
            ("2026-12-23", "2026-12-28", true),
            ("2026-12-23", "2026-12-25", false),
        ] {
            assert_eq!(days.is_next(date(next), date(before)), is_next, "{before} to {next}");
        }
        assert!(!WorkingDays::default().is_next(date("2026-12-28"), date("2026-12-23")));
    }

    #[test]
    fn a_fault_names_its_line() {
        let fault = |text| WorkingDays::parse(text).unwrap_err();
        assert_eq!(fault(""), "line 1: the header must be date,name");
        assert_eq!(
            fault("date,name\n2026-12-25,Natal\n25.12.2026,Natal\n"),
            "line 3: the holiday must begin with a date YYYY-MM-DD"
        );
    }
}
