//! The books: the sums of all transfers, by what became of the money.
//!
//! Each state change adds its difference. The same sums can be computed from the transfers, and both must be equal.
//! Always: debited + written off = settled + refunded + in flight. Only a manual resolution writes money off.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

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
    /// What the bank paid itself: it is both settled and refunded. Only a manual resolution writes money off.
    #[serde(rename = "written_off")]
    pub written_off: u128,
}

impl Sums {
    /// Whether debited + written off = settled + refunded + in flight.
    #[must_use]
    pub const fn is_balanced(&self) -> bool {
        self.debited + self.written_off == self.settled + self.refunded + self.in_flight
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

/// The share of one transfer in the books: what became of its amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Share {
    /// Nothing stands at core.
    Nothing,
    /// Debited, and neither settled nor refunded yet.
    InFlight,
    /// Debited and settled.
    Settled,
    /// Debited and refunded.
    Refunded,
    /// Debited, settled and refunded: the bank wrote the amount off.
    WrittenOff,
    /// Debited and settled, except for this part, which is neither settled nor refunded yet.
    PartInFlight(Amount),
    /// Debited and settled, except for this part, which is refunded.
    PartRefunded(Amount),
    /// Debited and settled, and this part is refunded too: the bank wrote the part off.
    PartWrittenOff(Amount),
}

impl Share {
    /// Returns the sums of a transfer of this amount.
    #[must_use]
    pub fn sums(self, amount: Amount) -> Sums {
        let amount = u128::from(amount.minor());
        let (debited, none) = (Sums { debited: amount, ..Sums::NOTHING }, Sums::NOTHING);
        match self {
            Self::Nothing => none,
            Self::InFlight => Sums { in_flight: amount, ..debited },
            Self::Settled => Sums { settled: amount, ..debited },
            Self::Refunded => Sums { refunded: amount, ..debited },
            Self::WrittenOff => {
                Sums { settled: amount, refunded: amount, written_off: amount, ..debited }
            }
            Self::PartInFlight(part) => {
                let part = amount.min(part.minor().into());
                Sums { settled: amount - part, in_flight: part, ..debited }
            }
            Self::PartRefunded(part) => {
                let part = amount.min(part.minor().into());
                Sums { settled: amount - part, refunded: part, ..debited }
            }
            Self::PartWrittenOff(part) => {
                let part = amount.min(part.minor().into());
                Sums { settled: amount, refunded: part, written_off: part, ..debited }
            }
        }
    }
}

/// The sums of all transfers in one direction, by currency.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Books(BTreeMap<Currency, Sums>);

impl Books {
    /// Replaces the share of one transfer. `before` and `now` are its sums before and after; zero for a transfer that is not
    /// in these books.
    pub fn replace(&mut self, currency: Currency, before: Sums, now: Sums) {
        self.0.entry(currency).or_default().change(before, now);
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
        let sums_of = |share: Share, minor| share.sums(Amount::new(minor, Currency::IDR));
        let mut sums = Sums::default();
        sums.change(Sums::NOTHING, sums_of(Share::InFlight, 500));
        sums.change(Sums::NOTHING, sums_of(Share::InFlight, 300));
        sums.change(sums_of(Share::InFlight, 500), sums_of(Share::Settled, 500));
        assert_eq!(
            sums,
            Sums { debited: 800, settled: 500, refunded: 0, in_flight: 300, written_off: 0 }
        );
        sums.change(sums_of(Share::InFlight, 300), sums_of(Share::Refunded, 300));
        assert_eq!(
            sums,
            Sums { debited: 800, settled: 500, refunded: 300, in_flight: 0, written_off: 0 }
        );
        assert!(sums.is_balanced());
    }

    #[test]
    fn every_share_is_balanced() {
        let amount = |minor| Amount::new(minor, Currency::IDR);
        let whole =
            [Share::Nothing, Share::InFlight, Share::Settled, Share::Refunded, Share::WrittenOff];
        let parts = [0, 200, 500, 501].map(amount);
        let parts = parts.into_iter().flat_map(|part| {
            [Share::PartInFlight(part), Share::PartRefunded(part), Share::PartWrittenOff(part)]
        });
        for share in whole.into_iter().chain(parts) {
            assert!(share.sums(amount(500)).is_balanced(), "{share:?}");
        }
        let part = Share::PartRefunded(amount(200)).sums(amount(500));
        assert_eq!(part, Sums { debited: 500, settled: 300, refunded: 200, ..Sums::NOTHING });
        let lost = Share::PartWrittenOff(amount(200)).sums(amount(500));
        let whole = Sums { debited: 500, settled: 500, ..Sums::NOTHING };
        assert_eq!(lost, Sums { refunded: 200, written_off: 200, ..whole });
    }
}
