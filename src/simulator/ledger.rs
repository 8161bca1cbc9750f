//! The positions of banks in double entry, and counts of messages and outcomes, by business date.

use std::collections::BTreeMap;

use serde::Serialize;

use super::members::Member;
use crate::values::Date;

/// The business dates whose totals are kept. The oldest is dropped first.
const DATES_MAX: usize = 400;

/// Counts of messages and outcomes of a business date.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Inquiries, with repeats.
    pub inquiries: u64,
    /// Transfers requested by banks, or by the switch for simulated banks.
    pub transfers: u64,
    /// Approved transfers: money moved.
    pub approved: u64,
    /// Transfers declined by the switch or by their destination.
    pub declined: u64,
    /// Transfers whose destination did not respond.
    pub unanswered: u64,
    /// Requests received again under the same key.
    pub repeats: u64,
    /// Requests with the key of another request and other content.
    pub conflicts: u64,
    /// Requests of transfers that were reversed before.
    pub requests_after_reversal: u64,
    /// Requests refused before they had any effect.
    pub refused: u64,
    /// Reversals that reversed a transfer, open or approved.
    pub reversals: u64,
    /// Reversals received before their original.
    pub reversals_before_request: u64,
    /// Reversals without effect: repeats, and reversals of transfers that moved no money.
    pub reversals_without_effect: u64,
    /// Reversals with another amount than their original.
    pub reversals_mismatched: u64,
    /// Reversals that returned a part of the money.
    pub partial_reversals: u64,
    /// 'Not found' in answer to a reversal. The transfer stands, and the reversal is repeated.
    pub reversals_not_found: u64,
    /// Reversals that their destination refused otherwise.
    pub reversals_refused: u64,
    /// Reversals, status inquiries and notices without a response after all repeats.
    pub abandoned: u64,
    /// Status inquiries.
    pub status_inquiries: u64,
    /// Network management requests.
    pub network_management: u64,
    /// Responses received after their request was closed.
    pub responses_late: u64,
    /// Responses without a request, or with another amount.
    pub responses_unmatched: u64,
    /// Messages not sent because the bank was not connected.
    pub unsent: u64,
    /// Phantom transfers: settled without a request.
    pub phantoms: u64,
}

/// The totals of a business date.
#[derive(Clone, Debug, Default)]
pub(super) struct Day {
    /// Positions by the index of the member.
    positions: Vec<i128>,
    pub(super) counts: Counts,
}

impl Day {
    pub(super) fn position(&self, member: Member) -> i128 {
        self.positions.get(usize::from(member.0)).copied().unwrap_or_default()
    }
}

/// Positions by business date: above zero, what the switch owes the bank.
///
/// [`Ledger::book`] is the only way to book, and books each movement as two entries of the same amount. So the positions of each
/// date sum to zero.
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

    /// Adds a bank that became a member.
    pub(super) fn admit(&mut self, member: Member) {
        self.members = self.members.max(usize::from(member.0) + 1);
        if let Some(day) = self.days.get_mut(&self.today) {
            day.positions.resize(self.members, 0);
        }
    }

    /// Opens a business date.
    pub(super) fn open(&mut self, date: Date) {
        self.today = date;
        let positions = vec![0; self.members];
        self.days.entry(date).or_insert(Day { positions, counts: Counts::default() });
        while self.days.len() > DATES_MAX {
            self.days.pop_first();
        }
    }

    /// Books a movement from one bank to another on today's business date.
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

    /// Returns the counts of today's business date.
    pub(super) fn counts(&mut self) -> &mut Counts {
        &mut self.days.entry(self.today).or_default().counts
    }

    pub(super) fn days(&self) -> impl DoubleEndedIterator<Item = (Date, &Day)> {
        self.days.iter().map(|(date, day)| (*date, day))
    }

    /// Whether the positions of each date sum to zero, and the number of entries is even.
    pub(super) fn is_balanced(&self) -> bool {
        let sums_are_zero = self.days.values().all(|day| day.positions.iter().sum::<i128>() == 0);
        sums_are_zero && self.entries.is_multiple_of(2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::values::Value;

    #[test]
    fn a_movement_is_two_entries_on_the_business_date_of_its_booking() {
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
