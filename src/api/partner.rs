//! Partners: the clients of the API.

use super::limits::{InFlightLimit, RateLimit};
use super::signature::{SignatureKey, SigningKey};
use super::token::TokenHolder;
use crate::values::Reference;

/// A partner with its limits.
#[derive(Debug)]
pub(super) struct Partner {
    /// X-PARTNER-ID.
    pub(super) id: Reference,
    /// The limit of requests a second.
    pub(super) rate: RateLimit,
    /// The limit of concurrent requests.
    pub(super) in_flight: InFlightLimit,
}

/// The credentials of a partner.
#[derive(Debug)]
pub(super) struct Credentials {
    /// X-CLIENT-KEY of its token requests.
    pub(super) client_id: String,
    /// The limit of token requests: each costs the verification of an RSA signature.
    pub(super) token_rate: RateLimit,
    pub(super) token_holder: TokenHolder,
    pub(super) key: SigningKey,
    pub(super) secret: SignatureKey,
}

impl Credentials {
    /// Creates the credentials of a partner.
    #[must_use]
    pub(super) fn new(
        partner: &Reference,
        client_id: String,
        token_rate: RateLimit,
        key: SigningKey,
        secret: SignatureKey,
    ) -> Self {
        let token_holder = TokenHolder::of(partner.as_str(), &key);
        Self { client_id, token_rate, token_holder, key, secret }
    }
}
