//! The business date: when it moves, and what is forgotten then.

use super::dialect::Dialect;
use super::records::Transfer;
use super::{Output, Presence, Switch};
use crate::values::{Date, Moment, Offset, TimeOfDay};

/// When the business date moves of itself.
#[derive(Debug)]
pub(super) struct Calendar {
    at: Option<TimeOfDay>,
    offset: Offset,
    next: Option<Moment>,
}

impl Calendar {
    /// With the business date that it is.
    pub(super) fn new(dialect: &Dialect, now: Moment) -> (Self, Date) {
        let mut calendar = Self { at: dialect.cut_over_at, offset: dialect.offset, next: None };
        let today = calendar.date_at(now);
        calendar.next = calendar.end_of(today);
        (calendar, today)
    }

    pub(super) const fn next_cut_over(&self) -> Option<Moment> {
        self.next
    }

    /// The business date that a moment belongs to, if no one moves it by hand.
    fn date_at(&self, now: Moment) -> Date {
        let date = Date::of(now, self.offset);
        if self.end_of(date).is_some_and(|end| now >= end) { date.next() } else { date }
    }

    fn end_of(&self, date: Date) -> Option<Moment> {
        self.at.map(|at| date.at(at, self.offset))
    }
}

impl Switch {
    pub(super) fn cut_over_if_due(&mut self, now: Moment) {
        if self.calendar.next.is_some_and(|next| now >= next) {
            // As many days later as the clock says.
            self.cut_over_to(self.calendar.date_at(now), now);
        }
    }

    /// Ends the business date: the next one begins, and every bank that has signed on is told.
    ///
    /// Transfers of the date that ended are remembered until the next cut-over; those from before are forgotten, but for the
    /// totals of their dates. A message that comes for a forgotten one moves no money: a request whose DE7 is no later than the
    /// latest that was forgotten of its bank is refused ([`Codes::stale`](super::Codes::stale)), and a reversal of such
    /// a one, or a question for it, is not found ([`Codes::not_found`](super::Codes::not_found)).
    pub fn cut_over(&mut self, now: Moment) -> Date {
        self.cut_over_to(self.ledger.today().next(), now);
        self.ledger.today()
    }

    fn forget_before(&mut self, date: Date) {
        let members = &mut self.members;
        self.records.forget_before(date, |transfer| {
            if let Some(bank) = members.get_mut(transfer.acquirer) {
                bank.forgotten = bank.forgotten.max(Some(transfer.transmitted));
            }
        });
    }

    /// Whether a transfer that isn't known may be one that was forgotten.
    pub(super) fn may_be_forgotten(&self, transfer: &Transfer) -> bool {
        let bank = self.members.get(transfer.acquirer);
        bank.and_then(|bank| bank.forgotten).is_some_and(|latest| transfer.transmitted <= latest)
    }

    fn cut_over_to(&mut self, date: Date, now: Moment) {
        let closed = self.ledger.today();
        self.forget_before(closed);
        self.calendar.next = self.calendar.end_of(date);
        self.ledger.open(date);
        self.outputs.push_back(Output::Closed(closed));
        let present: Vec<_> = self
            .members
            .all()
            .filter(|(_, bank)| bank.presence == Presence::SignedOn)
            .map(|(member, _)| member)
            .collect();
        for member in present {
            self.tell_date(member, now);
        }
    }
}
