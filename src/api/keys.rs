//! Idempotency keys and request fingerprints of channels' requests.
//!
//! A key is the first 128 bits of a SHA-256 hash: its parts are names and references of the partner, no personal data. A
//! fingerprint covers account numbers and names, so it is an HMAC under the record key, and cannot be found by trying all
//! values. Each part is hashed with its length before it, so that no two lists of parts hash the same text.

use sha2::{Digest, Sha256};

use crate::personal::RecordKey;
use crate::values::{Date, IdempotencyKey, Reference, RequestFingerprint};

/// Returns the key of a request: partner, X-EXTERNAL-ID and day.
pub(super) fn request_key(partner: &Reference, external: &Reference, day: Date) -> IdempotencyKey {
    let mut parts = Parts::default();
    parts.add("request").add(partner.as_str()).add(external.as_str()).add(&day.to_string());
    IdempotencyKey(parts.hash())
}

/// Returns the key of a transfer: partner and partnerReferenceNo.
pub(super) fn reference_key(partner: &Reference, reference: &Reference) -> IdempotencyKey {
    let mut parts = Parts::default();
    parts.add("reference").add(partner.as_str()).add(reference.as_str());
    IdempotencyKey(parts.hash())
}

/// Returns the fingerprint of a request. A missing part differs from an empty one.
pub(super) fn fingerprint<'a>(
    key: &RecordKey,
    parts: impl IntoIterator<Item = Option<&'a str>>,
) -> RequestFingerprint {
    let mut all = Parts::default();
    for part in parts {
        match part {
            Some(text) => all.add(text),
            None => all.add_missing(),
        };
    }
    RequestFingerprint(key.lookup_hash("request fingerprint", &all.0))
}

/// The bytes to hash.
#[derive(Default)]
struct Parts(Vec<u8>);

impl Parts {
    fn add(&mut self, text: &str) -> &mut Self {
        self.0.extend((text.len() as u64).to_be_bytes());
        self.0.extend(text.as_bytes());
        self
    }

    fn add_missing(&mut self) -> &mut Self {
        self.0.extend(u64::MAX.to_be_bytes());
        self
    }

    fn hash(&self) -> u128 {
        let hash: [u8; 32] = Sha256::digest(&self.0).into();
        hash.first_chunk().map_or(0, |first| u128::from_be_bytes(*first))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::values::Value;

    const KEY: [u8; 32] = [7; 32];

    #[test]
    fn the_boundaries_of_parts_count() {
        let text = |text: &str| Reference::from_ascii(text.as_bytes()).unwrap();
        let day = |day: &str| Date::from_ascii(day.as_bytes()).unwrap();
        let first = request_key(&text("a"), &text("12"), day("2026-11-24"));
        assert_eq!(first, request_key(&text("a"), &text("12"), day("2026-11-24")));
        assert_ne!(first, request_key(&text("a1"), &text("2"), day("2026-11-24")));
        assert_ne!(first, request_key(&text("a"), &text("12"), day("2026-11-25")));
        assert_ne!(reference_key(&text("a"), &text("12")), first);
    }

    #[test]
    fn a_fingerprint_depends_on_each_part_and_the_key() {
        let key = RecordKey::new(KEY);
        let of = |parts: &[Option<&str>]| fingerprint(&key, parts.iter().copied());
        assert_eq!(of(&[Some("a"), None]), of(&[Some("a"), None]));
        assert_ne!(of(&[Some("a"), None]), of(&[None, Some("a")]));
        assert_ne!(of(&[Some("")]), of(&[None]));
        assert_ne!(of(&[Some("a")]), fingerprint(&RecordKey::new([8; 32]), [Some("a")]));
    }
}
