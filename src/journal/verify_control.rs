//! Verification of the chain `control`: every act from the first, up to the head that the transfers' metadata has.

use super::metadata::{self, MetadataValues};
use super::port::StoredChain;
use super::row::ChainedRow;
use super::row_check::RowCheck;
use super::verification_error::VerificationError;
use crate::signing::{BatchError, Chain, Head, StoredBatch, TrustedKeys};

/// Batches that are read at a time.
const READ_BATCHES: u64 = 256;

/// Verifies the acts up to the head in the metadata. Returns that head.
pub(super) fn verify(
    store: &dyn StoredChain,
    keys: Option<&TrustedKeys>,
    values: &MetadataValues,
    check: &mut impl RowCheck,
) -> Result<Head, VerificationError> {
    let Some(end) = metadata::control(values) else {
        let (file, reason) = (store.path().to_owned(), "malformed".to_owned());
        return Err(VerificationError::Metadata { name: "control", file, reason });
    };
    let mut head = Head::default();
    while head.count < end.count {
        let mut read = Vec::new();
        store.control_batches_after(head.count, READ_BATCHES, &mut |stored| {
            read.push(stored);
            Ok(())
        })?;
        if read.is_empty() {
            return Err(wrong(store, (head.count + 1, head.count + 1), "missing"));
        }
        for stored in read {
            // What was appended since the metadata was read is not covered.
            if head.count < end.count {
                head = verify_batch(store, keys, (head, stored), check)?;
            }
        }
    }
    if head == end {
        return Ok(head);
    }
    Err(wrong(store, (end.count, end.count), "differs from what the rows of transfers say"))
}

/// Calls `each` with all acts of a store. Each must follow the one before it, and the last one must be that of the transfers' metadata;
/// signatures are not checked. A store in use can be read too.
///
/// # Errors
/// The first error found, or that of `each`.
pub fn scan_acts(
    store: &dyn StoredChain,
    each: impl FnMut(u64, &str) -> Result<(), String>,
) -> Result<(), VerificationError> {
    let values = store.end()?.map(|(_, values)| values).unwrap_or_default();
    verify(store, None, &values, &mut EachAct(each)).map(drop)
}

/// Checks each act with a function, and no row.
struct EachAct<F>(F);

impl<F: FnMut(u64, &str) -> Result<(), String>> RowCheck for EachAct<F> {
    fn check_act(&mut self, number: u64, act: &str) -> Result<(), String> {
        (self.0)(number, act)
    }

    fn check_row(&mut self, _number: u64, _row: &ChainedRow) -> Result<(), String> {
        Ok(())
    }
}

/// Verifies a batch that must follow a head. Returns the head after it.
fn verify_batch(
    store: &dyn StoredChain,
    keys: Option<&TrustedKeys>,
    (head, stored): (Head, StoredBatch),
    check: &mut impl RowCheck,
) -> Result<Head, VerificationError> {
    let span = (stored.first, stored.last());
    let batch = stored.linked(Chain::Control, store.chain_id()).and_then(|batch| {
        keys.map_or(Ok(()), |keys| batch.signed.check(keys).map_err(BatchError::from))?;
        Ok(batch)
    });
    let batch = batch.map_err(|error| wrong(store, span, &error.to_string()))?;
    if batch.signed.statement.before != head {
        let next = head.count + 1;
        return Err(wrong(store, (next, next), "it is missing or differs"));
    }
    for (number, act) in batch.numbered() {
        check.check_act(number, act).map_err(|reason| wrong(store, (number, number), &reason))?;
    }
    Ok(batch.head())
}

fn wrong(store: &dyn StoredChain, (first, last): (u64, u64), reason: &str) -> VerificationError {
    let (file, reason) = (store.path().to_owned(), reason.to_owned());
    VerificationError::Acts { first, last, file, reason }
}
