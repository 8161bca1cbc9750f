//! What values mean, in words.

use super::amount::Money;
use super::wrap;
use crate::iso8583::{Format, Message, Shown};
use crate::values::{MonthDay, TimeOfDay, Transmission, Value};

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// Puts the values of a message into words.
pub(super) struct Words<'m> {
    money: Money<'m>,
}

impl<'m> Words<'m> {
    pub(super) fn of(message: &'m Message<'_>) -> Self {
        Self { money: Money::of(message) }
    }

    /// What a value means; empty where there is nothing to say. Amounts and dates are not to be broken over
    /// lines.
    pub(super) fn meaning(&self, shown: &Shown, text: &str) -> String {
        match (shown.meaning(text), shown.format) {
            (Some(words), _) => words.to_owned(),
            (None, Some(format)) => {
                self.formatted(format, text).replace(' ', wrap::UNBROKEN.encode_utf8(&mut [0; 4]))
            }
            (None, None) if shown.meanings.is_empty() => String::new(),
            (None, None) => "not listed in the spec".to_owned(),
        }
    }

    fn formatted(&self, format: Format, text: &str) -> String {
        let words = match format {
            Format::Amount => self.money.words(text).ok_or("not an amount"),
            Format::Transmission => read(text, transmission),
            Format::MonthDay => read(text, month_day),
            Format::Time => read(text, time),
            Format::YearMonth => year_month(text).ok_or("no such month"),
        };
        words.unwrap_or_else(str::to_owned)
    }
}

/// Reads a value and puts it into words; if it is none, says so.
fn read<T: Value>(text: &str, words: impl Fn(T) -> String) -> Result<String, &'static str> {
    T::from_ascii(text.as_bytes()).map(words).ok_or("no such date or time")
}

fn transmission(at: Transmission) -> String {
    format!("{} {} UTC", month_day(at.date), time(at.time))
}

/// The year is not on the wire.
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

/// `YYMM`, the year in this century.
fn year_month(text: &str) -> Option<String> {
    let (year, of_year) = text.split_at_checked(2)?;
    let date = MonthDay::from_ascii(format!("{of_year}01").as_bytes())?;
    let digits = year.bytes().all(|digit| digit.is_ascii_digit());
    digits.then(|| format!("{} 20{year}", month(date.month())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(format: Format, text: &str) -> String {
        Words { money: Money::Unsaid }.formatted(format, text)
    }

    #[test]
    fn dates_and_times_are_read_to_people() {
        assert_eq!(words(Format::Transmission, "1124063507"), "24 Nov 06:35:07 UTC");
        assert_eq!(words(Format::MonthDay, "0203"), "3 Feb");
        assert_eq!(words(Format::Time, "000509"), "00:05:09");
        assert_eq!(words(Format::YearMonth, "2712"), "Dec 2027");
    }

    #[test]
    fn what_no_calendar_has_is_said_to_be_none() {
        assert_eq!(words(Format::Transmission, "0000000000"), "no such date or time");
        assert_eq!(words(Format::MonthDay, "0231"), "no such date or time");
        assert_eq!(words(Format::YearMonth, "2713"), "no such month");
        assert_eq!(words(Format::Amount, "x"), "not an amount");
    }

    #[test]
    fn a_code_means_what_the_spec_says() {
        let meanings = [("00".to_owned(), "approved".to_owned())].into();
        let shown = Shown { meanings, ..Shown::default() };
        let words = Words { money: Money::Unsaid };
        assert_eq!(words.meaning(&shown, "00"), "approved");
        assert_eq!(words.meaning(&shown, "A1"), "not listed in the spec");
        assert_eq!(words.meaning(&Shown::default(), "A1"), "");
    }
}
