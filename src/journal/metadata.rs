//! Metadata: small named values beside the rows. Each statement signs a hash of all of them.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::codes::metadata_key;
use crate::hex::{hex, unhex};
use crate::signing::Head;

/// The metadata of a chain: the values by name.
pub type MetadataValues = BTreeMap<Cow<'static, str>, Vec<u8>>;

/// Returns the hash of the metadata that a statement signs.
pub(super) fn hash(values: &MetadataValues) -> [u8; 32] {
    let mut hasher = Sha256::new();
    for (name, value) in values {
        for bytes in [name.as_bytes(), value] {
            hasher.update((bytes.len() as u64).to_be_bytes());
            hasher.update(bytes);
        }
    }
    hasher.finalize().into()
}

/// A head, as the metadata has it.
#[derive(Serialize, Deserialize)]
struct StoredHead {
    #[serde(rename = "rows")]
    rows: u64,
    #[serde(rename = "head")]
    head: String,
}

/// Returns the head of the archived rows; zero rows if none are archived; `None` if the value cannot be read.
pub(super) fn anchor(values: &MetadataValues) -> Option<Head> {
    head(values, metadata_key::ANCHOR)
}

/// Returns the head of the chain `control`; zero rows if it has none; `None` if the value cannot be read.
pub(super) fn control(values: &MetadataValues) -> Option<Head> {
    head(values, metadata_key::CONTROL)
}

fn head(values: &MetadataValues, name: &str) -> Option<Head> {
    let Some(value) = values.get(name) else { return Some(Head::default()) };
    let StoredHead { rows, head } = serde_json::from_slice(value).ok()?;
    Some(Head { count: rows, hash: unhex(&head)? })
}

/// Returns the value of a head.
pub(super) fn head_value(head: Head) -> Result<Vec<u8>, serde_json::Error> {
    serde_json::to_vec(&StoredHead { rows: head.count, head: hex(&head.hash) })
}

/// The checkpoint places, each with the last row that a checkpoint there is known to cover.
pub(super) type CheckpointPlaces = BTreeMap<String, u64>;

/// Returns the checkpoint places; `None` if the value cannot be read.
pub(super) fn places(values: &MetadataValues) -> Option<CheckpointPlaces> {
    let Some(value) = values.get(metadata_key::CHECKPOINTS) else { return Some(BTreeMap::new()) };
    serde_json::from_slice(value).ok()
}

/// Returns the value of the checkpoint places.
pub(super) fn places_value(places: &CheckpointPlaces) -> Result<Vec<u8>, serde_json::Error> {
    serde_json::to_vec(places)
}

/// The digest of each wrapped month key, in hexadecimal.
pub(super) type MonthKeyDigests = BTreeMap<String, String>;

/// Returns the digests of wrapped month keys.
pub(super) fn digests(keys: &[(String, Vec<u8>)]) -> MonthKeyDigests {
    let digest = |wrapped: &[u8]| hex(Sha256::digest(wrapped).as_slice());
    keys.iter().map(|(month, wrapped)| (month.clone(), digest(wrapped))).collect()
}

/// Returns the digests of the month keys; `None` if the value cannot be read.
pub(super) fn month_keys(values: &MetadataValues) -> Option<MonthKeyDigests> {
    let Some(value) = values.get(metadata_key::MONTH_KEYS) else { return Some(BTreeMap::new()) };
    serde_json::from_slice(value).ok()
}

/// Returns the value of the digests of the month keys.
pub(super) fn month_keys_value(digests: &MonthKeyDigests) -> Result<Vec<u8>, serde_json::Error> {
    serde_json::to_vec(digests)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_covers_names_values_and_their_boundaries() {
        let values = |pairs: &[(&'static str, &[u8])]| -> MetadataValues {
            pairs.iter().map(|(name, value)| ((*name).into(), value.to_vec())).collect()
        };
        let lists: [&[(&'static str, &[u8])]; 6] = [
            &[],
            &[("a", b"")],
            &[("a", b"b")],
            &[("ab", b"")],
            &[("a", b""), ("b", b"")],
            &[("b", b"a")],
        ];
        let hashes: std::collections::BTreeSet<_> =
            lists.iter().map(|pairs| hash(&values(pairs))).collect();
        assert_eq!(hashes.len(), lists.len());
    }

    #[test]
    fn an_anchor_is_read_as_it_was_written() {
        let head = Head { count: 9, hash: [0xA5; 32] };
        let value = head_value(head).unwrap();
        let values = [(metadata_key::ANCHOR.into(), value)].into_iter().collect();
        assert_eq!(anchor(&values), Some(head));
        assert_eq!(anchor(&MetadataValues::new()), Some(Head::default()));
        let values = [(metadata_key::ANCHOR.into(), b"9".to_vec())].into_iter().collect();
        assert_eq!(anchor(&values), None);
    }
}
