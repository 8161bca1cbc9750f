//! The head of the embedded ledger as the journal records it. The journal's checkpoints then cover the ledger too.

use std::borrow::Cow;

use serde::de::Error;
use serde::{Deserialize, Serialize};

use super::LEDGER;
use super::error::RecordsError;
use crate::engine::stored_facts::StoredFactsError;
use crate::hex::unhex;
use crate::journal::{Batch, Chain, Metadata, Reader, Row, StoreUrl, open_to_read};
use crate::signing::{ChainId, Head, LedgerHead};
use crate::values::Moment;

/// The stored value.
#[derive(Serialize, Deserialize)]
struct StoredLedgerHead {
    #[serde(rename = "chain")]
    chain: String,
    #[serde(rename = "rows")]
    rows: u64,
    #[serde(rename = "head")]
    head: String,
}

/// Returns the metadata that records a head, for a batch that is written anyway.
///
/// # Errors
/// None is known.
pub fn ledger_metadata(ledger: LedgerHead) -> Result<Metadata, StoredFactsError> {
    let LedgerHead { chain_id, head } = ledger;
    let (chain, rows, head) = (chain_id.to_string(), head.count, head.hash_hex());
    let value = serde_json::to_vec(&StoredLedgerHead { chain, rows, head })?;
    Ok(Metadata { name: Cow::Borrowed(LEDGER), value })
}

/// Returns a batch that records a head and nothing else.
///
/// # Errors
/// None is known.
pub fn ledger_batch(ledger: LedgerHead, at: Moment) -> Result<Batch, StoredFactsError> {
    let rows = vec![Row::of_metadata(at, [LEDGER])];
    Ok(Batch { rows, control: Vec::new(), metadata: vec![ledger_metadata(ledger)?] })
}

/// Returns the head that the journal records; `None` if it records no ledger.
///
/// # Errors
/// If the journal or the stored value cannot be read.
pub fn recorded_ledger(reader: &dyn Reader) -> Result<Option<LedgerHead>, RecordsError> {
    let value = reader.metadata(Chain::Transfers, LEDGER)?;
    let read = value.map(|value| read_ledger_head(&value)).transpose();
    read.map_err(|cause| RecordsError::Metadata { name: LEDGER, cause })
}

/// Returns the head that a stopped store records, unproven; `None` if it records no ledger.
///
/// # Errors
/// If the store or the stored value cannot be read.
pub fn ledger_of_store(store: &StoreUrl) -> Result<Option<LedgerHead>, RecordsError> {
    let values = open_to_read(store)?.end()?.map(|(_, values)| values).unwrap_or_default();
    let read = values.get(LEDGER).map(|value| read_ledger_head(value)).transpose();
    read.map_err(|cause| RecordsError::Metadata { name: LEDGER, cause })
}

/// Reads a stored value.
pub(super) fn read_ledger_head(value: &[u8]) -> Result<LedgerHead, serde_json::Error> {
    let StoredLedgerHead { chain, rows, head } = serde_json::from_slice(value)?;
    let read = ChainId::parse(&chain).zip(unhex(&head));
    let read =
        read.map(|(chain_id, hash)| LedgerHead { chain_id, head: Head { count: rows, hash } });
    read.ok_or_else(|| serde_json::Error::custom("is not hexadecimal"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_read_as_it_was_written() {
        let head = Head { count: 9, hash: [0xA5; 32] };
        let ledger = LedgerHead { chain_id: ChainId([3; 16]), head };
        let Metadata { name, value } = ledger_metadata(ledger).unwrap();
        assert_eq!(name, "ledger");
        let text =
            format!(r#"{{"chain":"{}","rows":9,"head":"{}"}}"#, "03".repeat(16), "a5".repeat(32));
        assert_eq!(String::from_utf8(value).unwrap(), text);
        assert_eq!(read_ledger_head(text.as_bytes()).unwrap(), ledger);
        assert!(read_ledger_head(text.replace("03", "0x").as_bytes()).is_err());
        assert!(read_ledger_head(b"9").is_err());
    }
}
