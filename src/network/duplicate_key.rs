//! Duplicate keys: what makes two requests of the switch the same request.

use std::borrow::Cow;

use sha2::{Digest, Sha256};

use crate::iso8583::{De, Element, Message, Mti, Spec};
use crate::settings::Section;

/// The identity of an inbound request: a hash of the data elements in the profile's `duplicate_key`. Duplicates have
/// equal keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct DuplicateKey(pub u128);

/// Elements that are never part of a duplicate key, whatever the spec says of them: their hash, which is stored, would be
/// found by trying all values.
const NEVER_HASHED: [u8; 10] = [2, 34, 35, 36, 45, 48, 52, 55, 102, 103];

/// Adds a fault if an element of the duplicate key may hold personal data or data that authenticates a card.
pub(super) fn check_duplicate_key(section: &Section<'_>, duplicate_key: &[De], spec: &Spec) {
    let layouts =
        || [200, 420].into_iter().filter_map(Mti::new).filter_map(|mti| spec.layout_of(mti));
    let is_sensitive = |de: De| {
        let mut elements = layouts().filter_map(|layout| layout.element(de));
        NEVER_HASHED.contains(&de.number()) || elements.any(Element::is_sensitive)
    };
    if let Some(de) = duplicate_key.iter().find(|de| is_sensitive(**de)) {
        let reason = format!(
            "has {de}, which is personal or secret: a key is stored, and could be guessed; remove it"
        );
        section.fault("duplicate_key", reason);
    }
}

/// Returns the text of a data element, or an empty text if the message does not have it.
pub(super) fn text_of<'m>(message: &'m Message<'_>, de: De) -> Cow<'m, str> {
    message.field(de).map(|field| field.reveal()).unwrap_or_default()
}

/// Hashes the parts of a duplicate key. Leading zeros of an institution do not count, because DE90 pads it with zeros.
pub(super) fn hash<'m>(parts: impl Iterator<Item = (De, Cow<'m, str>)>) -> DuplicateKey {
    let mut hasher = Sha256::new();
    for (de, text) in parts {
        let text = if de == De::ACQUIRER { text.trim_start_matches('0') } else { &text };
        let length = u8::try_from(text.len()).unwrap_or(u8::MAX);
        hasher.update([de.number(), length]);
        hasher.update(text.as_bytes());
    }
    let digest = hasher.finalize();
    let half = digest.iter().take(16).fold(0, |number: u128, byte| number << 8 | u128::from(*byte));
    DuplicateKey(half)
}
