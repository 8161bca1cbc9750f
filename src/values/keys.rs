//! Idempotency keys: what makes a request the same request.

use std::fmt;

use super::TransferId;

/// An idempotency key: a hash of the fields that identify a request. Two requests with the same key are the same request.
///
/// For a channel's request: the partner, its request number and the day. For a request of the switch: the data elements
/// that the network profile names, by default DE7, DE11 and DE32.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct IdempotencyKey(pub u128);

impl fmt::Display for IdempotencyKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

/// A hash of the content of a request, under a secret key. It tells a repeat from a different request under the same
/// idempotency key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RequestFingerprint(pub u128);

/// The idempotency keys and the fingerprint of the request that started a transfer. Each key belongs to one transfer only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RequestIdentity {
    /// The key of the request.
    pub request_key: IdempotencyKey,
    /// The key of the channel's own reference of the transfer, if it has one.
    pub reference_key: Option<IdempotencyKey>,
    /// The fingerprint of the request's content.
    pub fingerprint: RequestFingerprint,
}

impl RequestIdentity {
    /// Returns the identity of a request of the switch. It has one key. Its fingerprint is zero, because the transfer
    /// itself compares a repeat with the first request: nothing of its content is hashed.
    #[must_use]
    pub const fn of_switch_request(key: IdempotencyKey) -> Self {
        Self { request_key: key, reference_key: None, fingerprint: RequestFingerprint(0) }
    }

    /// Returns the keys. The key of the request comes first.
    pub fn keys(&self) -> impl Iterator<Item = IdempotencyKey> + use<> {
        [Some(self.request_key), self.reference_key].into_iter().flatten()
    }
}

/// The reservation of an idempotency key for one transfer. No other transfer can have the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyReservation {
    /// The key.
    pub key: IdempotencyKey,
    /// The fingerprint of the request that reserved it.
    pub fingerprint: RequestFingerprint,
    /// The transfer.
    pub id: TransferId,
}
