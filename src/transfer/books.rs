//! The books: what was taken from customers, what of it has moved, what was given back, what is on its way.
//!
//! They are kept by the difference that each transfer makes, and can be made again from the transfers; both
//! must give the same. In every one of them: taken + lost = moved + given back + in flight; what is lost, two persons have said.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::input::Was;
use super::outbound::{Conflict, RefusedFor};
use super::{Inbound, Outbound};
use crate::values::{Amount, Currency};

/// Sums in minor units of one currency.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sums {
    /// Posted to customers' accounts: debits of transfers out, postings of transfers in.
    pub taken: u128,
    /// Of that, what has moved between the banks and stands.
    pub moved: u128,
    /// Of that, what was given back.
    pub given_back: u128,
    /// Of that, what is neither yet.
    pub in_flight: u128,
    /// What the bank paid itself: it has moved and was given back.
    pub lost: u128,
}

impl Sums {
    /// Whether every minor unit is explained.
    #[must_use]
    pub const fn balance(&self) -> bool {
        self.taken + self.lost == self.moved + self.given_back + self.in_flight
    }

    const fn moved(amount: u128) -> Self {
        Self { taken: amount, moved: amount, given_back: 0, in_flight: 0, lost: 0 }
    }

    const fn given_back(amount: u128) -> Self {
        Self { taken: amount, moved: 0, given_back: amount, in_flight: 0, lost: 0 }
    }

    const fn in_flight(amount: u128) -> Self {
        Self { taken: amount, moved: 0, given_back: 0, in_flight: amount, lost: 0 }
    }

    const NOTHING: Self = Self { taken: 0, moved: 0, given_back: 0, in_flight: 0, lost: 0 };

    fn change(&mut self, from: Self, to: Self) {
        for (sum, from, to) in [
            (&mut self.taken, from.taken, to.taken),
            (&mut self.moved, from.moved, to.moved),
            (&mut self.given_back, from.given_back, to.given_back),
            (&mut self.in_flight, from.in_flight, to.in_flight),
            (&mut self.lost, from.lost, to.lost),
        ] {
            // A transfer's own part is in the sum, so taking it out can't go below zero.
            *sum = sum.saturating_sub(from).saturating_add(to);
        }
    }
}

/// The part of one transfer.
pub trait Share {
    /// How much it is about.
    fn amount(&self) -> Amount;

    /// Its part of the sums.
    fn share(&self) -> Sums;
}

impl Share for Outbound {
    fn amount(&self) -> Amount {
        self.order().amount
    }

    fn share(&self) -> Sums {
        let amount = u128::from(self.order().amount.minor());
        match self {
            Self::Accepted(_) | Self::Debiting { .. } | Self::CancellingDebit { .. } => {
                Sums::NOTHING
            }
            Self::Debited(..)
            | Self::Ready(_)
            | Self::Sent(_)
            | Self::Doubtful(..)
            | Self::Reversing(..)
            | Self::Inquiring { .. }
            | Self::Exception(..)
            | Self::Refunding { .. }
            | Self::Contradicted(_, Conflict::SettledYetUndone(_)) => Sums::in_flight(amount),
            Self::Settled { .. } => Sums::moved(amount),
            Self::Refunded { .. } | Self::Contradicted(_, Conflict::GivenBackYetMoved) => {
                Sums::given_back(amount)
            }
            Self::PaidTwice(_) => Sums {
                taken: amount,
                moved: amount,
                given_back: amount,
                in_flight: 0,
                lost: amount,
            },
            Self::Refused { why, .. } => match why {
                RefusedFor::Doubtful(Was::Posted)
                | RefusedFor::CoreThenCancelled(_, Was::Posted) => Sums::given_back(amount),
                RefusedFor::Core(_)
                | RefusedFor::Barred
                | RefusedFor::Doubtful(Was::Absent | Was::Cancelled)
                | RefusedFor::CoreThenCancelled(_, Was::Absent | Was::Cancelled) => Sums::NOTHING,
            },
        }
    }
}

impl Share for Inbound {
    fn amount(&self) -> Amount {
        self.demand().amount
    }

    fn share(&self) -> Sums {
        let amount = u128::from(self.demand().amount.minor());
        match self {
            Self::Posted(..) | Self::Approved { .. } => Sums::moved(amount),
            Self::Undoing { undo, .. } if undo.stood() => Sums::in_flight(amount),
            Self::Undone { undo, was, .. } if undo.stood() || *was == Was::Posted => {
                Sums::given_back(amount)
            }
            Self::Received(_)
            | Self::Posting { .. }
            | Self::Rejected(..)
            | Self::Declined { .. }
            | Self::Undoing { .. }
            | Self::Undone { .. }
            | Self::Barred(..) => Sums::NOTHING,
        }
    }
}

/// The sums of all transfers in one direction, by currency.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Books(BTreeMap<Currency, Sums>);

impl Books {
    /// Takes in that a transfer whose share was `before`, none when it began, is in this state now.
    pub fn change<T: Share>(&mut self, before: Sums, now: &T) {
        self.exchange(before, now.share(), now);
    }

    /// Takes in that what a transfer has in these books was one part of it, and is another now.
    pub fn exchange<T: Share>(&mut self, before: Sums, now: Sums, of: &T) {
        self.0.entry(of.amount().currency()).or_default().change(before, now);
    }

    /// Takes a transfer out, as if it had never been.
    pub fn withdraw<T: Share>(&mut self, transfer: &T) {
        self.exchange(transfer.share(), Sums::NOTHING, transfer);
    }

    /// Whether every minor unit of every currency is explained.
    #[must_use]
    pub fn balance(&self) -> bool {
        self.0.values().all(Sums::balance)
    }

    /// The sums of a currency.
    #[must_use]
    pub fn sums(&self, currency: Currency) -> Sums {
        self.0.get(&currency).copied().unwrap_or_default()
    }

    /// The currencies that were ever in it.
    pub fn currencies(&self) -> impl Iterator<Item = Currency> {
        self.0.keys().copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_takes_the_part_before_out_and_the_part_after_in() {
        let mut sums = Sums::default();
        sums.change(Sums::NOTHING, Sums::in_flight(500));
        sums.change(Sums::NOTHING, Sums::in_flight(300));
        sums.change(Sums::in_flight(500), Sums::moved(500));
        assert_eq!(sums, Sums { taken: 800, moved: 500, given_back: 0, in_flight: 300, lost: 0 });
        sums.change(Sums::in_flight(300), Sums::given_back(300));
        assert_eq!(sums, Sums { taken: 800, moved: 500, given_back: 300, in_flight: 0, lost: 0 });
        assert!(sums.balance());
    }
}
