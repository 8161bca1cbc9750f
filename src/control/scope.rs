//! What a restriction covers, and the work that it is compared with.

use std::hash::{BuildHasher, Hash, Hasher};

use serde::{Deserialize, Serialize};

use crate::values::{AccountNumber, Amount, Direction, Institution, Reference};

/// What a restriction covers. A part that is missing covers everything.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scope {
    /// The network.
    #[serde(rename = "network", default, skip_serializing_if = "Option::is_none")]
    pub network: Option<Reference>,
    /// The service, by its name in the network profile.
    #[serde(rename = "service", default, skip_serializing_if = "Option::is_none")]
    pub service: Option<Reference>,
    /// The direction.
    #[serde(rename = "direction", default, skip_serializing_if = "Option::is_none")]
    pub direction: Option<Direction>,
    /// The counterparty bank.
    #[serde(rename = "bank", default, skip_serializing_if = "Option::is_none")]
    pub bank: Option<Institution>,
    /// The partner (channel).
    #[serde(rename = "partner", default, skip_serializing_if = "Option::is_none")]
    pub partner: Option<Reference>,
}

/// New work, as admission sees it.
#[derive(Clone, Copy, Debug)]
pub struct Work<'w> {
    /// The network that carries it.
    pub network: &'w str,
    /// The service, by its name in the network profile.
    pub service: &'w str,
    /// Which side sends the request.
    pub direction: Direction,
    /// The counterparty bank.
    pub bank: Institution,
    /// The partner that gave the order; `None` for a request of the switch.
    pub partner: Option<&'w str>,
    /// The account of our customer.
    pub account: &'w AccountNumber,
    /// The amount; `None` for an inquiry.
    pub amount: Option<Amount>,
}

/// The parts that a scope has, as bits.
pub(super) type Parts = u8;

const NETWORK: Parts = 1;
const SERVICE: Parts = 2;
const DIRECTION: Parts = 4;
const BANK: Parts = 8;
const PARTNER: Parts = 16;

impl Scope {
    /// Returns whether the scope covers some work.
    #[must_use]
    pub fn covers(&self, work: &Work<'_>) -> bool {
        let Self { network, service, direction, bank, partner } = self;
        network.as_ref().is_none_or(|network| network.as_str() == work.network)
            && service.as_ref().is_none_or(|service| service.as_str() == work.service)
            && direction.is_none_or(|direction| direction == work.direction)
            && bank.is_none_or(|bank| bank == work.bank)
            && partner.as_ref().is_none_or(|partner| work.partner == Some(partner.as_str()))
    }

    /// Returns the parts that the scope has.
    pub(super) fn parts(&self) -> Parts {
        let Self { network, service, direction, bank, partner } = self;
        let bit = |is_set: bool, bit| if is_set { bit } else { 0 };
        bit(network.is_some(), NETWORK)
            | bit(service.is_some(), SERVICE)
            | bit(direction.is_some(), DIRECTION)
            | bit(bank.is_some(), BANK)
            | bit(partner.is_some(), PARTNER)
    }

    /// Returns a hash of the parts. Work that the scope covers has the same ([`Work::hash`]).
    pub(super) fn hash(&self, hasher: &impl BuildHasher) -> u64 {
        let Self { network, service, direction, bank, partner } = self;
        let mut state = hasher.build_hasher();
        self.parts().hash(&mut state);
        if let Some(network) = network {
            network.as_str().hash(&mut state);
        }
        if let Some(service) = service {
            service.as_str().hash(&mut state);
        }
        if let Some(direction) = direction {
            direction.hash(&mut state);
        }
        if let Some(bank) = bank {
            bank.hash(&mut state);
        }
        if let Some(partner) = partner {
            partner.as_str().hash(&mut state);
        }
        state.finish()
    }
}

impl Work<'_> {
    /// Returns the hash of a scope that has these parts of the work; `None` if the work lacks one.
    pub(super) fn hash(&self, parts: Parts, hasher: &impl BuildHasher) -> Option<u64> {
        let mut state = hasher.build_hasher();
        parts.hash(&mut state);
        if parts & NETWORK != 0 {
            self.network.hash(&mut state);
        }
        if parts & SERVICE != 0 {
            self.service.hash(&mut state);
        }
        if parts & DIRECTION != 0 {
            self.direction.hash(&mut state);
        }
        if parts & BANK != 0 {
            self.bank.hash(&mut state);
        }
        if parts & PARTNER != 0 {
            self.partner?.hash(&mut state);
        }
        Some(state.finish())
    }
}
