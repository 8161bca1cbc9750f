//! When the business date ends on its own.

use super::network_rules::NetworkRules;
use crate::values::{Date, Moment, Offset, TimeOfDay};

/// The times at which the business date ends on its own.
#[derive(Debug)]
pub(super) struct Calendar {
    at: Option<TimeOfDay>,
    offset: Offset,
    pub(super) next: Option<Moment>,
}

impl Calendar {
    /// Makes the calendar, and returns the current business date.
    pub(super) fn new(rules: &NetworkRules, now: Moment) -> (Self, Date) {
        let mut calendar = Self { at: rules.cut_over_at, offset: rules.offset, next: None };
        let today = calendar.date_at(now);
        calendar.next = calendar.end_of(today);
        (calendar, today)
    }

    pub(super) const fn next_cut_over(&self) -> Option<Moment> {
        self.next
    }

    /// Returns the business date of a moment, without cut-overs by command.
    pub(super) fn date_at(&self, now: Moment) -> Date {
        let date = Date::of(now, self.offset);
        if self.end_of(date).is_some_and(|end| now >= end) { date.next() } else { date }
    }

    pub(super) fn end_of(&self, date: Date) -> Option<Moment> {
        self.at.map(|at| date.at(at, self.offset))
    }
}
