//! Rotations: the record of a new signing key. The old key signs the batch, and the new key signs the rotation itself, so the
//! holders of both agree.

use serde::{Deserialize, Serialize};

use crate::hex::{hex, unhex};
use crate::signing::{Chain, ChainId, KeyId, PublicKey, SigningKey};

/// The last row of each chain that a key signed. A chain that is not named has no rows.
pub type LastRows = Vec<(Chain, u64)>;

/// The facts of a rotation's row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Rotation {
    /// The id of the old key.
    #[serde(rename = "old_key")]
    old_key: String,
    /// The new public key.
    #[serde(rename = "new_key")]
    new_key: String,
    /// The new key's signature.
    #[serde(rename = "signature")]
    signature: String,
}

impl Rotation {
    /// Signs the rotation that a row of a chain records.
    pub(super) fn sign(chain: (Chain, ChainId), row: u64, old: KeyId, new: &SigningKey) -> Self {
        let new_key = new.public().to_hex();
        let signature = new.sign(statement(chain, row, &old.to_string(), &new_key).as_bytes());
        Self { old_key: old.to_string(), new_key, signature: hex(&signature) }
    }

    /// Reads the facts of a row, and checks the signature of the new key.
    pub(super) fn read(facts: &str, chain: (Chain, ChainId), row: u64) -> Option<Self> {
        let rotation: Self = serde_json::from_str(facts).ok()?;
        let Self { old_key, new_key, signature } = &rotation;
        let new = PublicKey::parse(new_key)?;
        let signed = statement(chain, row, old_key, new_key);
        new.verifies(signed.as_bytes(), &unhex(signature)?).then_some(rotation)
    }

    /// Returns the id of the new key.
    pub(super) fn new_key(&self) -> Option<KeyId> {
        PublicKey::parse(&self.new_key).map(|key| key.id())
    }
}

/// Returns the text that the new key signs.
fn statement((chain, id): (Chain, ChainId), row: u64, old_key: &str, new_key: &str) -> String {
    format!("titian-rotation-1 chain={}/{id} row={row} old={old_key} new={new_key}", chain.code())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rotation_belongs_to_its_row_and_keys() {
        let chain = (Chain::Transfers, ChainId([3; 16]));
        let (old, new) = (SigningKey::from_seed(&[7; 32]), SigningKey::from_seed(&[8; 32]));
        let rotation = Rotation::sign(chain, 9, old.id(), &new);
        let facts = serde_json::to_string(&rotation).unwrap();
        let read = Rotation::read(&facts, chain, 9).unwrap();
        assert_eq!((&read, read.new_key()), (&rotation, Some(new.id())));
        assert_eq!(Rotation::read(&facts, chain, 10), None, "another row");
        let other = (Chain::Transfers, ChainId([4; 16]));
        assert_eq!(Rotation::read(&facts, other, 9), None, "another chain");
        let forged = facts.replace(&new.public().to_hex(), &old.public().to_hex());
        assert_eq!(Rotation::read(&forged, chain, 9), None, "another key");
    }
}
