//! Partners: the clients of the API.

use super::limits::{InFlightLimit, RateLimit};
use super::signature::{SignatureKey, SigningKey};
use super::token::TokenHolder;
use crate::values::Reference;

/// A partner with its limits.
#[derive(Clone, Debug)]
pub(super) struct Partner {
    /// X-PARTNER-ID.
    pub(super) id: Reference,
    /// The limit of requests a second.
    pub(super) rate: RateLimit,
    /// The limit of concurrent requests.
    pub(super) in_flight: InFlightLimit,
}

impl Partner {
    /// Goes on with what the partner took of its limits before a reload.
    pub(super) fn take_over(&mut self, before: &Self) {
        self.rate.take_over(&before.rate);
        self.in_flight.take_over(&before.in_flight);
    }
}

/// The credentials of a partner. A second key and a second secret hold beside the first, so that a partner exchanges them while it works.
#[derive(Clone, Debug)]
pub(super) struct Credentials {
    /// X-CLIENT-KEY of its token requests.
    pub(super) client_id: String,
    /// The limit of token requests: each costs the verification of an RSA signature.
    pub(super) token_rate: RateLimit,
    /// Its public keys, each with the holder of tokens that it has signed for.
    pub(super) keys: Vec<(SigningKey, TokenHolder)>,
    pub(super) secrets: Vec<SignatureKey>,
}

impl Credentials {
    /// Creates the credentials of a partner.
    #[must_use]
    pub(super) fn new(
        partner: &Reference,
        client_id: String,
        token_rate: RateLimit,
        keys: Vec<SigningKey>,
        secrets: Vec<SignatureKey>,
    ) -> Self {
        let holder = |key: SigningKey| {
            let holder = TokenHolder::of(partner.as_str(), &key);
            (key, holder)
        };
        let keys = keys.into_iter().map(holder).collect();
        Self { client_id, token_rate, keys, secrets }
    }

    /// Returns whether a key is that of the other partner too.
    pub(super) fn shares_key(&self, other: &Self) -> bool {
        let fingerprints =
            |of: &Self| -> Vec<_> { of.keys.iter().map(|(key, _)| key.fingerprint()).collect() };
        let others = fingerprints(other);
        fingerprints(self).iter().any(|own| others.contains(own))
    }
}
