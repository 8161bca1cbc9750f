//! The books: the sums of all transfers, by what became of the money.
//!
//! Each state change adds its difference. The same sums can be computed from the transfers, and both must be equal.
//! Always: debited + written off = settled + refunded + in flight. Only a manual resolution writes money off.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::input::PriorPosting;
use super::outbound::{Conflict, RejectionReason};
use super::{InboundTransfer, OutboundTransfer};
use crate::values::{Amount, Currency};

/// Sums in minor units of one currency.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sums {
    /// Posted at core: debits of outbound transfers, postings of inbound transfers.
    #[serde(rename = "debited")]
    pub debited: u128,
    /// The part that is settled between the banks.
    #[serde(rename = "settled")]
    pub settled: u128,
    /// The part that was refunded (outbound) or reversed (inbound).
    #[serde(rename = "refunded")]
    pub refunded: u128,
    /// The part that is neither settled nor refunded yet.
    #[serde(rename = "in_flight")]
    pub in_flight: u128,
    /// What the bank paid itself, because a transfer was settled and refunded.
    #[serde(rename = "written_off")]
    pub written_off: u128,
}

impl Sums {
    /// Whether debited + written off = settled + refunded + in flight.
    #[must_use]
    pub const fn is_balanced(&self) -> bool {
        self.debited + self.written_off == self.settled + self.refunded + self.in_flight
    }

    const fn settled(amount: u128) -> Self {
        Self { debited: amount, settled: amount, ..Self::NOTHING }
    }

    const fn refunded(amount: u128) -> Self {
        Self { debited: amount, refunded: amount, ..Self::NOTHING }
    }

    const fn in_flight(amount: u128) -> Self {
        Self { debited: amount, in_flight: amount, ..Self::NOTHING }
    }

    const fn paid_twice(amount: u128) -> Self {
        Self { refunded: amount, written_off: amount, ..Self::settled(amount) }
    }

    const NOTHING: Self =
        Self { debited: 0, settled: 0, refunded: 0, in_flight: 0, written_off: 0 };

    fn change(&mut self, from: Self, to: Self) {
        for (sum, from, to) in [
            (&mut self.debited, from.debited, to.debited),
            (&mut self.settled, from.settled, to.settled),
            (&mut self.refunded, from.refunded, to.refunded),
            (&mut self.in_flight, from.in_flight, to.in_flight),
            (&mut self.written_off, from.written_off, to.written_off),
        ] {
            // The sum contains the transfer's previous share, so the subtraction cannot go below zero.
            *sum = sum.saturating_sub(from).saturating_add(to);
        }
    }
}

/// The share of one transfer in the books.
pub trait Share {
    /// Returns the amount of the transfer.
    fn amount(&self) -> Amount;

    /// Returns the share of the transfer in the sums.
    fn share(&self) -> Sums;
}

impl Share for OutboundTransfer {
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
            | Self::ReadyToSend(_)
            | Self::Sent(_)
            | Self::OutcomeUnknown(..)
            | Self::Reversing(..)
            | Self::Inquiring { .. }
            | Self::Exception(..)
            | Self::Refunding { .. }
            | Self::ConflictingOutcome(_, Conflict::SettledButReversed(_)) => {
                Sums::in_flight(amount)
            }
            Self::Settled { .. } => Sums::settled(amount),
            Self::Refunded { .. } | Self::ConflictingOutcome(_, Conflict::RefundedButSettled) => {
                Sums::refunded(amount)
            }
            Self::PaidTwice(_) => Sums::paid_twice(amount),
            Self::Rejected { reason, .. } => match reason {
                RejectionReason::OutcomeUnknown(PriorPosting::Posted)
                | RejectionReason::CoreThenCancelled(_, PriorPosting::Posted) => {
                    Sums::refunded(amount)
                }
                RejectionReason::Core(_)
                | RejectionReason::Barred
                | RejectionReason::OutcomeUnknown(PriorPosting::Absent | PriorPosting::Cancelled)
                | RejectionReason::CoreThenCancelled(
                    _,
                    PriorPosting::Absent | PriorPosting::Cancelled,
                ) => Sums::NOTHING,
            },
        }
    }
}

impl Share for InboundTransfer {
    fn amount(&self) -> Amount {
        self.request().amount
    }

    fn share(&self) -> Sums {
        let amount = u128::from(self.request().amount.minor());
        match self {
            Self::Posted(..) | Self::Approved { .. } => Sums::settled(amount),
            Self::Reversing { cause, .. } if cause.is_after_approval() => Sums::in_flight(amount),
            Self::Reversed { cause, prior, .. }
                if cause.is_after_approval() || *prior == PriorPosting::Posted =>
            {
                Sums::refunded(amount)
            }
            Self::Received(_)
            | Self::Posting { .. }
            | Self::PostingRefused(..)
            | Self::Declined { .. }
            | Self::Reversing { .. }
            | Self::Reversed { .. }
            | Self::Barred(..) => Sums::NOTHING,
        }
    }
}

/// The sums of all transfers in one direction, by currency.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Books(BTreeMap<Currency, Sums>);

impl Books {
    /// Records the state change of a transfer. `before` is its previous share; zero for a new transfer.
    pub fn change<T: Share>(&mut self, before: Sums, now: &T) {
        self.replace(before, now.share(), now);
    }

    /// Replaces the share of a transfer in these books.
    pub fn replace<T: Share>(&mut self, before: Sums, now: Sums, of: &T) {
        self.0.entry(of.amount().currency()).or_default().change(before, now);
    }

    /// Removes the share of a transfer that was dropped.
    pub fn remove<T: Share>(&mut self, transfer: &T) {
        self.replace(transfer.share(), Sums::NOTHING, transfer);
    }

    /// Whether the sums of every currency are balanced.
    #[must_use]
    pub fn is_balanced(&self) -> bool {
        self.0.values().all(Sums::is_balanced)
    }

    /// Returns the sums of a currency.
    #[must_use]
    pub fn sums(&self, currency: Currency) -> Sums {
        self.0.get(&currency).copied().unwrap_or_default()
    }

    /// Returns every currency that the books ever had.
    pub fn currencies(&self) -> impl Iterator<Item = Currency> {
        self.0.keys().copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn change_replaces_previous_share() {
        let mut sums = Sums::default();
        sums.change(Sums::NOTHING, Sums::in_flight(500));
        sums.change(Sums::NOTHING, Sums::in_flight(300));
        sums.change(Sums::in_flight(500), Sums::settled(500));
        assert_eq!(
            sums,
            Sums { debited: 800, settled: 500, refunded: 0, in_flight: 300, written_off: 0 }
        );
        sums.change(Sums::in_flight(300), Sums::refunded(300));
        assert_eq!(
            sums,
            Sums { debited: 800, settled: 500, refunded: 300, in_flight: 0, written_off: 0 }
        );
        assert!(sums.is_balanced());
    }
}
