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

    /// Returns a hash of the parts. Work that the scope covers has the same ([`PartsHashes`]).
    pub(super) fn hash(&self, hasher: &impl BuildHasher) -> u64 {
        let Self { network, service, direction, bank, partner } = self;
        let parts = [
            network.as_ref().map(|network| hash_of(hasher, NETWORK, network.as_str())),
            service.as_ref().map(|service| hash_of(hasher, SERVICE, service.as_str())),
            direction.map(|direction| hash_of(hasher, DIRECTION, direction)),
            bank.map(|bank| hash_of(hasher, BANK, bank)),
            partner.as_ref().map(|partner| hash_of(hasher, PARTNER, partner.as_str())),
        ];
        sum(parts.into_iter().flatten())
    }
}

/// The hash of each part of some work. That of a scope is their sum, so each set of parts costs a few additions.
pub(super) struct PartsHashes {
    /// In the order of the bits; `None`: the work lacks the part.
    hashes: [Option<u64>; 5],
}

impl PartsHashes {
    pub(super) fn of(work: &Work<'_>, hasher: &impl BuildHasher) -> Self {
        Self {
            hashes: [
                Some(hash_of(hasher, NETWORK, work.network)),
                Some(hash_of(hasher, SERVICE, work.service)),
                Some(hash_of(hasher, DIRECTION, work.direction)),
                Some(hash_of(hasher, BANK, work.bank)),
                work.partner.map(|partner| hash_of(hasher, PARTNER, partner)),
            ],
        }
    }

    /// Returns the hash of a scope that has these parts of the work; `None` if the work lacks one.
    pub(super) fn of_parts(&self, parts: Parts) -> Option<u64> {
        let bits = [NETWORK, SERVICE, DIRECTION, BANK, PARTNER];
        let mut hash = 0_u64;
        for (part, bit) in self.hashes.iter().zip(bits) {
            if parts & bit != 0 {
                hash = hash.wrapping_add((*part)?);
            }
        }
        Some(hash)
    }
}

/// Returns the hash of a part with its value.
fn hash_of(hasher: &impl BuildHasher, part: Parts, value: impl Hash) -> u64 {
    let mut state = hasher.build_hasher();
    part.hash(&mut state);
    value.hash(&mut state);
    state.finish()
}

fn sum(hashes: impl Iterator<Item = u64>) -> u64 {
    hashes.fold(0, u64::wrapping_add)
}
