//! Cut-over: the business date moves when the switch says so, and only to a date that can be right.

use crate::values::{Date, MonthDay, TransferId};

/// How far ahead a business date may be. No holiday closes a network for longer.
const DAYS_AHEAD_MAX: usize = 12;

/// The switch asks for a new business date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CutOverRequest {
    /// Our id of the message.
    pub id: TransferId,
    /// The new date (DE15); `None` if the message has none, or an invalid one.
    pub day: Option<MonthDay>,
    /// Today in the network's time zone. DE15 has no year: the nearest is meant.
    pub today: Date,
}

/// What became of a cut-over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CutOverOutcome {
    /// The business date moved ahead.
    Taken {
        /// The business date before.
        before: Date,
        /// The business date now.
        date: Date,
    },
    /// The business date was this one already.
    Unchanged(Date),
    /// The business date moved back: the one before was wrong.
    Corrected {
        /// The wrong business date.
        before: Date,
        /// The business date now.
        date: Date,
    },
    /// The date is not taken.
    Refused {
        /// The business date, before and now.
        present: Date,
        /// The date that was refused; `None` if the message has none, or an invalid one.
        day: Option<MonthDay>,
    },
}

impl CutOverOutcome {
    /// Whether the business date is now the one that the switch asked for.
    #[must_use]
    pub const fn is_done(&self) -> bool {
        match self {
            Self::Taken { .. } | Self::Unchanged(_) | Self::Corrected { .. } => true,
            Self::Refused { .. } => false,
        }
    }
}

/// A business date, and the one before the last cut-over ahead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct BusinessDates {
    pub(super) present: Date,
    pub(super) previous: Date,
}

impl BusinessDates {
    /// Moves the business date, if the new one can be right. An earlier date that is after the previous one corrects a wrong date. A
    /// present date up to tomorrow is not wrong: then an earlier one is a late message.
    pub(super) fn cut_over(&mut self, day: Option<MonthDay>, today: Date) -> CutOverOutcome {
        let present = self.present;
        let refused = CutOverOutcome::Refused { present, day };
        let nearest = |day| Some(Date::nearest(day, today)).filter(|date| date.month_day() == day);
        let Some(date) = day.and_then(nearest) else { return refused };
        // After a long stop the present date is an old one.
        let latest = (0..DAYS_AHEAD_MAX).fold(present.max(today), |date, _| date.next());
        let before = present;
        if date == present {
            CutOverOutcome::Unchanged(date)
        } else if date > present && date <= latest {
            *self = Self { present: date, previous: present };
            CutOverOutcome::Taken { before, date }
        } else if date < present && date > self.previous && present > today.next() {
            self.present = date;
            CutOverOutcome::Corrected { before, date }
        } else {
            refused
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::values::Value;

    fn date(text: &str) -> Date {
        Date::from_ascii(text.as_bytes()).unwrap()
    }

    fn from(present: &str) -> BusinessDates {
        BusinessDates { present: date(present), previous: date(present) }
    }

    /// Announces a date. Returns whether it is done, and the business date after it.
    fn announce(dates: &mut BusinessDates, day: &str, today: &str) -> (bool, String) {
        let outcome = dates.cut_over(MonthDay::from_ascii(day.as_bytes()), date(today));
        (outcome.is_done(), dates.present.to_string())
    }

    #[test]
    fn a_date_up_to_twelve_days_ahead_is_taken() {
        for (day, expected) in [
            ("1125", (true, "2026-11-25")),
            ("1206", (true, "2026-12-06")),
            ("1207", (false, "2026-11-24")),
            ("1124", (true, "2026-11-24")),
            ("1123", (false, "2026-11-24")),
            ("0229", (false, "2026-11-24")),
            ("1131", (false, "2026-11-24")),
        ] {
            let mut dates = from("2026-11-24");
            let (is_done, present) = announce(&mut dates, day, "2026-11-24");
            assert_eq!((is_done, &*present), expected, "{day}");
        }
        assert!(!from("2026-11-24").cut_over(None, date("2026-11-24")).is_done(), "no date");
    }

    #[test]
    fn a_date_has_the_nearest_year() {
        let mut dates = from("2026-12-31");
        assert_eq!(announce(&mut dates, "0102", "2026-12-31"), (true, "2027-01-02".to_owned()));
        assert_eq!(announce(&mut dates, "1231", "2027-01-02"), (false, "2027-01-02".to_owned()));
        // The years around 2100 have no 29 February.
        let mut dates = from("2100-02-28");
        assert_eq!(announce(&mut dates, "0229", "2100-02-28"), (false, "2100-02-28".to_owned()));
        let mut dates = from("2028-02-28");
        assert_eq!(announce(&mut dates, "0229", "2028-02-28"), (true, "2028-02-29".to_owned()));
    }

    #[test]
    fn a_wrong_date_is_corrected_and_every_right_date_is_taken_afterwards() {
        let mut dates = from("2026-11-24");
        let mut take = |day, today| announce(&mut dates, day, today);
        let done = |date: &str| (true, date.to_owned());
        assert_eq!(take("1201", "2026-11-24"), done("2026-12-01"), "seven days ahead");
        assert!(!take("1124", "2026-11-24").0, "the date before the wrong one");
        assert_eq!(take("1125", "2026-11-24"), done("2026-11-25"), "the right one");
        assert_eq!(take("1125", "2026-11-24"), done("2026-11-25"), "and again");
        assert_eq!(take("1126", "2026-11-25"), done("2026-11-26"));
        assert!(!take("1125", "2026-11-26").0, "a date does not go back");
    }

    /// The message of a date that was missed comes after the next one.
    #[test]
    fn a_late_message_does_not_move_the_date_back() {
        let mut dates = from("2026-11-24");
        assert_eq!(announce(&mut dates, "1126", "2026-11-25"), (true, "2026-11-26".to_owned()));
        assert_eq!(announce(&mut dates, "1125", "2026-11-25"), (false, "2026-11-26".to_owned()));
    }

    #[test]
    fn after_a_long_stop_the_present_date_is_taken() {
        let mut dates = from("2026-06-01");
        assert_eq!(announce(&mut dates, "1125", "2026-11-24"), (true, "2026-11-25".to_owned()));
    }
}
