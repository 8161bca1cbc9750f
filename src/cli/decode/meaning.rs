//! The meanings of values.

use super::amount::Money;
use super::wrap;
use crate::iso8583::{Format, Message, Presentation};
use crate::values::{MonthDay, TimeOfDay, Transmission, Value};

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// Describes the values of a message.
pub(super) struct Meanings<'m> {
    money: Money<'m>,
}

impl<'m> Meanings<'m> {
    pub(super) fn of(message: &'m Message<'_>) -> Self {
        Self { money: Money::of(message) }
    }

    /// Returns the meaning of a value; empty if it has none. Amounts and dates are not wrapped.
    pub(super) fn meaning(&self, shown: &Presentation, text: &str) -> String {
        match (shown.meaning(text), shown.format) {
            (Some(words), _) => words.to_owned(),
            (None, Some(format)) => {
                self.formatted(format, text).replace(' ', wrap::UNBROKEN.encode_utf8(&mut [0; 4]))
            }
            (None, None) if shown.meanings.is_empty() => String::new(),
            (None, None) => "not defined in the spec".to_owned(),
        }
    }

    fn formatted(&self, format: Format, text: &str) -> String {
        let words = match format {
            Format::Amount => self.money.format(text).ok_or("not an amount"),
            Format::Transmission => read(text, transmission),
            Format::MonthDay => read(text, month_day),
            Format::Time => read(text, time),
            Format::YearMonth => year_month(text).ok_or("not a valid month"),
        };
        words.unwrap_or_else(str::to_owned)
    }
}

/// Parses a value and formats it, or returns an error text.
fn read<T: Value>(text: &str, words: impl Fn(T) -> String) -> Result<String, &'static str> {
    T::from_ascii(text.as_bytes()).map(words).ok_or("not a valid date or time")
}

fn transmission(at: Transmission) -> String {
    format!("{} {} UTC", month_day(at.date), time(at.time))
}

/// Formats a date without a year. The year is not on the wire, and ISO 8601 has no such date; `11-24` could
/// be misread.
fn month_day(date: MonthDay) -> String {
    format!("{} {}", date.day(), month(date.month()))
}

fn time(time: TimeOfDay) -> String {
    format!("{:02}:{:02}:{:02}", time.hour(), time.minute(), time.second())
}

fn month(number: u8) -> &'static str {
    let index = usize::from(number).wrapping_sub(1);
    MONTHS.get(index).copied().unwrap_or_default()
}

/// Formats `YYMM` as ISO 8601, with the year in this century.
fn year_month(text: &str) -> Option<String> {
    let (year, of_year) = text.split_at_checked(2)?;
    let date = MonthDay::from_ascii(format!("{of_year}01").as_bytes())?;
    let digits = year.bytes().all(|digit| digit.is_ascii_digit());
    digits.then(|| format!("20{year}-{:02}", date.month()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn formatted(format: Format, text: &str) -> String {
        Meanings { money: Money::Unknown }.formatted(format, text)
    }

    #[test]
    fn dates_and_times_are_formatted() {
        assert_eq!(formatted(Format::Transmission, "1124063507"), "24 Nov 06:35:07 UTC");
        assert_eq!(formatted(Format::MonthDay, "0203"), "3 Feb");
        assert_eq!(formatted(Format::Time, "000509"), "00:05:09");
        assert_eq!(formatted(Format::YearMonth, "2712"), "2027-12");
    }

    #[test]
    fn invalid_dates_and_amounts_are_reported() {
        assert_eq!(formatted(Format::Transmission, "0000000000"), "not a valid date or time");
        assert_eq!(formatted(Format::MonthDay, "0231"), "not a valid date or time");
        assert_eq!(formatted(Format::YearMonth, "2713"), "not a valid month");
        assert_eq!(formatted(Format::Amount, "x"), "not an amount");
    }

    #[test]
    fn a_code_has_the_meaning_of_the_spec() {
        let codes = [("00".to_owned(), "approved".to_owned())].into();
        let shown = Presentation { meanings: codes, ..Presentation::default() };
        let meanings = Meanings { money: Money::Unknown };
        assert_eq!(meanings.meaning(&shown, "00"), "approved");
        assert_eq!(meanings.meaning(&shown, "A1"), "not defined in the spec");
        assert_eq!(meanings.meaning(&Presentation::default(), "A1"), "");
    }
}
