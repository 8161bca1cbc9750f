//! Reads reversals, and finds the request that they reverse.

use crate::iso8583::{De, Message};
use crate::network::duplicate_key::{DuplicateKey, hash, text_of};
use crate::network::profile::Network;

/// Reversals of the switch.
impl Network {
    /// Returns the duplicate key of the request that a reversal reverses. Parts that DE90 has come from DE90, the others
    /// from the reversal itself.
    pub(super) fn original_key(&self, message: &Message<'_>) -> DuplicateKey {
        let original = message.field(De::ORIGINAL);
        let of = |de: De| {
            let name = match de {
                De::TRANSMISSION => "original_transmission",
                De::STAN => "original_stan",
                De::ACQUIRER => "original_acquirer",
                _ => "",
            };
            let part = original.as_ref().and_then(|original| original.subfield(name));
            part.map_or_else(|| text_of(message, de), |part| part.reveal())
        };
        hash(self.matching.duplicate_key.iter().map(|de| (*de, of(*de))))
    }
}
