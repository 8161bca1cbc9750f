//! Keyed codes of the ledger's content. They stay in memory, so that content read from the file is compared with what the
//! start has proven and the ledger has written.

use std::io;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::names::Coded;
use super::rows::{AccountOpened, PostingTerms};
use crate::random::SystemRandom;
use crate::transfer::Refusal;
use crate::values::TransferId;

/// A random key of this process. Nothing of it is stored, so a code cannot be forged, and codes of an earlier process do
/// not count.
pub(super) struct CodeKey(Hmac<Sha256>);

impl CodeKey {
    /// Draws a key.
    ///
    /// # Errors
    /// If the system has no random source.
    pub(super) fn random() -> io::Result<Self> {
        let mut key = [0; 64];
        SystemRandom::open()?.fill(&mut key)?;
        Hmac::new_from_slice(&key).map(Self).map_err(io::Error::other)
    }

    /// Returns the code of a posting's terms, with the reason if it was refused.
    pub(super) fn of_terms(
        &self,
        id: TransferId,
        terms: &PostingTerms,
        refusal: Option<Refusal>,
    ) -> u128 {
        let PostingTerms { side, account, amount, currency, counterparty, reverses } = terms;
        let reverses = reverses.map_or([0; 17], |id| prefixed(1, id));
        let mac = self.mac(b't', id).chain_update(amount.to_be_bytes());
        let mac = mac.chain_update(currency.to_be_bytes()).chain_update(reverses);
        let texts =
            [side.code(), refusal.map_or("", Coded::code), counterparty.as_str(), account.reveal()];
        code(texts.iter().fold(mac, |mac, text| with_text(mac, text)))
    }

    /// Returns the code of a posting's cancel.
    pub(super) fn of_cancel(&self, id: TransferId) -> u128 {
        code(self.mac(b'c', id))
    }

    /// Returns the code of how much of a posting is reversed in parts. Changes of the amount add up.
    pub(super) fn of_reversed(&self, id: TransferId, amount: i64) -> u128 {
        let each = code(self.mac(b'r', id));
        let all = each.wrapping_mul(amount.unsigned_abs().into());
        if amount < 0 { all.wrapping_neg() } else { all }
    }

    /// Returns the code of an account as it was opened.
    pub(super) fn of_account(&self, opened: &AccountOpened) -> u64 {
        let AccountOpened { number, name, status, currency, entry: _ } = opened;
        let mac = self.0.clone().chain_update(b"a").chain_update(currency.to_be_bytes());
        let texts = [number.reveal(), name.reveal(), status.code()];
        let code = code(texts.iter().fold(mac, |mac, text| with_text(mac, text)));
        (code >> 64) as u64
    }

    fn mac(&self, kind: u8, id: TransferId) -> Hmac<Sha256> {
        self.0.clone().chain_update(prefixed(kind, id))
    }
}

/// Adds a text with its length, so that no two lists of texts give the same bytes.
fn with_text(mac: Hmac<Sha256>, text: &str) -> Hmac<Sha256> {
    mac.chain_update((text.len() as u64).to_be_bytes()).chain_update(text)
}

fn prefixed(prefix: u8, id: TransferId) -> [u8; 17] {
    let mut bytes = [prefix; 17];
    if let Some(rest) = bytes.last_chunk_mut::<16>() {
        *rest = id.0.to_be_bytes();
    }
    bytes
}

fn code(mac: Hmac<Sha256>) -> u128 {
    let bytes = mac.finalize().into_bytes();
    bytes.first_chunk::<16>().copied().map_or(0, u128::from_be_bytes)
}
