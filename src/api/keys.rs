//! What makes a channel's request the same request.
//!
//! Hashes of 128 bits of SHA-256, each part with its length before it, so that no two lists of parts are one text.

use sha2::{Digest, Sha256};

use crate::engine::{Body, Key};
use crate::values::{Date, Reference};

/// The key of a request: partner, X-EXTERNAL-ID and day.
pub(super) fn request(partner: &Reference, external: &Reference, day: Date) -> Key {
    let mut hash = Hash::of("request");
    hash.part(partner.as_str()).part(external.as_str()).part(&day.to_string());
    Key(hash.ended())
}

/// The key of a transfer: partner and partnerReferenceNo.
pub(super) fn reference(partner: &Reference, reference: &Reference) -> Key {
    let mut hash = Hash::of("reference");
    hash.part(partner.as_str()).part(reference.as_str());
    Key(hash.ended())
}

/// All that a request asks for, part by part; a part that isn't there differs from an empty one.
pub(super) fn body<'a>(parts: impl IntoIterator<Item = Option<&'a str>>) -> Body {
    let mut hash = Hash::of("body");
    for part in parts {
        match part {
            Some(text) => hash.part(text),
            None => hash.none(),
        };
    }
    Body(hash.ended())
}

struct Hash(Sha256);

impl Hash {
    fn of(what: &str) -> Self {
        let mut hash = Self(Sha256::new());
        hash.part(what);
        hash
    }

    fn part(&mut self, text: &str) -> &mut Self {
        self.0.update((text.len() as u64).to_be_bytes());
        self.0.update(text);
        self
    }

    fn none(&mut self) -> &mut Self {
        self.0.update(u64::MAX.to_be_bytes());
        self
    }

    fn ended(self) -> u128 {
        let hash: [u8; 32] = self.0.finalize().into();
        hash.first_chunk().map_or(0, |first| u128::from_be_bytes(*first))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::values::Value;

    #[test]
    fn what_is_cut_elsewhere_is_another_key() {
        let text = |text: &str| Reference::from_ascii(text.as_bytes()).unwrap();
        let day = |day: &str| Date::from_ascii(day.as_bytes()).unwrap();
        let first = request(&text("a"), &text("12"), day("2026-11-24"));
        assert_eq!(first, request(&text("a"), &text("12"), day("2026-11-24")));
        assert_ne!(first, request(&text("a1"), &text("2"), day("2026-11-24")));
        assert_ne!(first, request(&text("a"), &text("12"), day("2026-11-25")));
        assert_ne!(reference(&text("a"), &text("12")), first);
        assert_ne!(body([Some("a"), None]), body([None, Some("a")]));
        assert_ne!(body([Some("")]), body([None]));
    }
}
