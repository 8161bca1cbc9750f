//! What each bank owes or is owed, in double entry, and what happened, by business date.

use std::collections::BTreeMap;

use serde::Serialize;

use super::members::Member;
use crate::values::Date;

/// Business dates whose totals are kept; the oldest goes first.
const DATES_MAX: usize = 400;

/// How often things happened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Inquiries, repeats among them.
    pub inquiries: u64,
    /// Transfers that were asked for, by banks or by the switch for a bank that it plays.
    pub transfers: u64,
    /// Transfers that moved money.
    pub approved: u64,
    /// Transfers that were refused, by the switch or by their destination.
    pub declined: u64,
    /// Transfers whose destination did not answer.
    pub unanswered: u64,
    /// Requests that came before, under the same key.
    pub repeats: u64,
    /// Requests under the key of another one, with other content.
    pub conflicts: u64,
    /// Requests under a key that was reversed.
    pub requests_reversed: u64,
    /// Messages that were refused before anything was looked at.
    pub refused: u64,
    /// Reversals that undid a transfer, whether or not it had moved money yet.
    pub reversals: u64,
    /// Reversals that came before their original.
    pub reversals_before: u64,
    /// Reversals that found nothing to give back: repeats, and reversals of what never moved.
    pub reversals_idle: u64,
    /// Reversals that spoke of another amount.
    pub reversals_mismatched: u64,
    /// Reversals that a destination answered with something else than 'done'.
    pub reversals_refused: u64,
    /// Reversals and notices that were left after all repeats.
    pub given_up: u64,
    /// Questions for the status.
    pub status_inquiries: u64,
    /// Network management.
    pub network: u64,
    /// Answers that came after the question was closed.
    pub answers_late: u64,
    /// Answers that belong to nothing, or speak of another amount.
    pub answers_unmatched: u64,
    /// Messages that could not be sent, since the bank was not there.
    pub unsent: u64,
    /// Transfers that the switch settled though no bank sent them.
    pub phantoms: u64,
}

/// One business date.
#[derive(Clone, Debug, Default)]
pub(super) struct Day {
    /// By the number of the member.
    positions: Vec<i128>,
    pub(super) counts: Counts,
}

impl Day {
    pub(super) fn position(&self, member: Member) -> i128 {
        self.positions.get(usize::from(member.0)).copied().unwrap_or_default()
    }
}

/// Positions by business date: what a bank is owed is above zero.
///
/// Every movement is two entries of one amount, and [`Ledger::book`] makes nothing else, so each day sums to zero.
#[derive(Debug)]
pub(super) struct Ledger {
    days: BTreeMap<Date, Day>,
    today: Date,
    members: usize,
    entries: u64,
}

impl Ledger {
    pub(super) fn new(members: usize, today: Date) -> Self {
        let mut ledger = Self { days: BTreeMap::new(), today, members, entries: 0 };
        ledger.open(today);
        ledger
    }

    pub(super) const fn today(&self) -> Date {
        self.today
    }

    pub(super) const fn entries(&self) -> u64 {
        self.entries
    }

    /// Makes room for a bank that became a member.
    pub(super) fn admit(&mut self, member: Member) {
        self.members = self.members.max(usize::from(member.0) + 1);
        if let Some(day) = self.days.get_mut(&self.today) {
            day.positions.resize(self.members, 0);
        }
    }

    /// Begins a business date.
    pub(super) fn open(&mut self, date: Date) {
        self.today = date;
        let positions = vec![0; self.members];
        self.days.entry(date).or_insert(Day { positions, counts: Counts::default() });
        while self.days.len() > DATES_MAX {
            self.days.pop_first();
        }
    }

    /// Books a movement of today from one bank to another.
    pub(super) fn book(&mut self, from: Member, to: Member, minor: u64) {
        let Some(day) = self.days.get_mut(&self.today) else { return };
        let minor = i128::from(minor);
        for (member, change) in [(from, -minor), (to, minor)] {
            if let Some(position) = day.positions.get_mut(usize::from(member.0)) {
                *position += change;
                self.entries += 1;
            }
        }
        debug_assert_eq!(self.entries % 2, 0, "each movement is two entries");
    }

    /// The counts of today.
    pub(super) fn counts(&mut self) -> &mut Counts {
        &mut self.days.entry(self.today).or_default().counts
    }

    pub(super) fn days(&self) -> impl DoubleEndedIterator<Item = (Date, &Day)> {
        self.days.iter().map(|(date, day)| (*date, day))
    }

    /// Whether the entries of each day sum to zero, and there are two of each movement.
    pub(super) fn is_balanced(&self) -> bool {
        let zero = self.days.values().all(|day| day.positions.iter().sum::<i128>() == 0);
        zero && self.entries.is_multiple_of(2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::values::Value;

    #[test]
    fn a_movement_is_two_entries_of_the_day_that_it_is_booked_on() {
        let first = Date::from_ascii(b"2026-11-24").unwrap();
        let mut ledger = Ledger::new(3, first);
        ledger.book(Member(0), Member(2), 500);
        ledger.open(first.next());
        ledger.book(Member(2), Member(0), 200);
        let positions: Vec<_> = ledger
            .days()
            .map(|(_, day)| (day.position(Member(0)), day.position(Member(2))))
            .collect();
        assert_eq!(positions, [(-500, 500), (200, -200)]);
        assert!(ledger.is_balanced());
        assert_eq!(ledger.entries(), 4);
        for _ in 0..2 * DATES_MAX {
            ledger.open(ledger.today().next());
        }
        assert_eq!(ledger.days().count(), DATES_MAX);
    }
}
