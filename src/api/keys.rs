//! Idempotency keys and request fingerprints of channels' requests.
//!
//! Each is the first 128 bits of a SHA-256 hash. Each part is hashed with its length before it, so that no two lists of parts
//! hash the same text.

use sha2::{Digest, Sha256};

use crate::values::{Date, IdempotencyKey, Reference, RequestFingerprint};

/// Returns the key of a request: partner, X-EXTERNAL-ID and day.
pub(super) fn request_key(partner: &Reference, external: &Reference, day: Date) -> IdempotencyKey {
    let mut hasher = PartHasher::new("request");
    hasher.part(partner.as_str()).part(external.as_str()).part(&day.to_string());
    IdempotencyKey(hasher.finish())
}

/// Returns the key of a transfer: partner and partnerReferenceNo.
pub(super) fn reference_key(partner: &Reference, reference: &Reference) -> IdempotencyKey {
    let mut hasher = PartHasher::new("reference");
    hasher.part(partner.as_str()).part(reference.as_str());
    IdempotencyKey(hasher.finish())
}

/// Returns the fingerprint of a request. A missing part differs from an empty one.
pub(super) fn fingerprint<'a>(
    parts: impl IntoIterator<Item = Option<&'a str>>,
) -> RequestFingerprint {
    let mut hasher = PartHasher::new("body");
    for part in parts {
        match part {
            Some(text) => hasher.part(text),
            None => hasher.missing_part(),
        };
    }
    RequestFingerprint(hasher.finish())
}

struct PartHasher(Sha256);

impl PartHasher {
    fn new(purpose: &str) -> Self {
        let mut hasher = Self(Sha256::new());
        hasher.part(purpose);
        hasher
    }

    fn part(&mut self, text: &str) -> &mut Self {
        self.0.update((text.len() as u64).to_be_bytes());
        self.0.update(text);
        self
    }

    fn missing_part(&mut self) -> &mut Self {
        self.0.update(u64::MAX.to_be_bytes());
        self
    }

    fn finish(self) -> u128 {
        let hash: [u8; 32] = self.0.finalize().into();
        hash.first_chunk().map_or(0, |first| u128::from_be_bytes(*first))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::values::Value;

    #[test]
    fn the_boundaries_of_parts_count() {
        let text = |text: &str| Reference::from_ascii(text.as_bytes()).unwrap();
        let day = |day: &str| Date::from_ascii(day.as_bytes()).unwrap();
        let first = request_key(&text("a"), &text("12"), day("2026-11-24"));
        assert_eq!(first, request_key(&text("a"), &text("12"), day("2026-11-24")));
        assert_ne!(first, request_key(&text("a1"), &text("2"), day("2026-11-24")));
        assert_ne!(first, request_key(&text("a"), &text("12"), day("2026-11-25")));
        assert_ne!(reference_key(&text("a"), &text("12")), first);
        assert_ne!(fingerprint([Some("a"), None]), fingerprint([None, Some("a")]));
        assert_ne!(fingerprint([Some("")]), fingerprint([None]));
    }
}
