//! The chain `control`. Its batches are written in the transactions of the transfers' batches, whose signed metadata has its head.
//! So the checkpoints of the transfers cover it too.

use super::store::{CONTROL_BATCHES, Store};
use crate::journal::error::JournalError;
use crate::journal::metadata::{self, MetadataValues};
use crate::journal::row::ControlRow;
use crate::signing::{
    BatchError, Chain, ChainId, FIRST_EPOCH, Head, SignedBatch, SignedStatement, SigningKey,
    Statement, StoredBatch, TrustedKeys,
};
use crate::values::Moment;

/// The chain.
pub(super) const CONTROL: Chain = Chain::Control;

/// Batches that are read at a time.
const READ_BATCHES: u64 = 256;

/// Acts before they are signed.
#[derive(Debug)]
pub(super) struct OpenActs {
    before: Head,
    head: Head,
    recorded_at: Moment,
    lines: String,
}

impl OpenActs {
    /// Starts after a head.
    pub(super) fn after(before: Head) -> Self {
        Self { before, head: before, recorded_at: Moment::default(), lines: String::new() }
    }

    /// Adds an act.
    pub(super) fn append(&mut self, row: &ControlRow) {
        if !self.lines.is_empty() {
            self.lines.push('\n');
        }
        self.lines.push_str(&row.act.0);
        self.head = self.head.after(row.act.0.as_bytes());
        self.recorded_at = row.recorded_at;
    }

    /// Returns the first and the last row.
    pub(super) const fn span(&self) -> (u64, u64) {
        (self.before.count + 1, self.head.count)
    }

    /// Returns the head after the acts.
    pub(super) const fn head(&self) -> Head {
        self.head
    }

    /// Signs the acts.
    pub(super) fn sign(self, chain_id: ChainId, key: &SigningKey) -> SignedBatch {
        let Self { before, head, recorded_at: at, lines } = self;
        let metadata = metadata::hash(&MetadataValues::new());
        let chain = CONTROL;
        let epoch = FIRST_EPOCH;
        let statement =
            Statement { chain, chain_id, epoch, before, head, metadata, at, key: key.id() };
        SignedBatch::new(statement.sign(key), lines)
    }
}

/// Returns the head of the chain that the transfers' metadata has, if the last batch of the chain has it too.
pub(super) fn proven_control(
    store: &Store,
    values: &MetadataValues,
    keys: &TrustedKeys,
) -> Result<Head, JournalError> {
    let last = store.last_control()?;
    let head = check_end(store, values, last.clone())?;
    last.map(|stored| prove(store, stored, keys)).transpose()?;
    Ok(head)
}

/// Checks that the last batch of the chain has the head that the transfers' metadata has. The batch itself is not checked.
pub(super) fn check_end(
    store: &Store,
    values: &MetadataValues,
    last: Option<StoredBatch>,
) -> Result<Head, JournalError> {
    let damaged = |detail: String| Err(JournalError::damaged(&store.path, detail));
    let Some(head) = metadata::control(values) else {
        return damaged("metadata control: malformed".to_owned());
    };
    let place = last.as_ref().map_or(0, StoredBatch::last);
    let signed = last.map(|batch| SignedStatement::parse(&batch.statement));
    let found = match signed.transpose() {
        Ok(signed) => signed.map(|signed| signed.statement.head).unwrap_or_default(),
        Err(error) => return damaged(format!("control rows: the last statement: {error}")),
    };
    if found == head && place == head.count {
        return Ok(head);
    }
    if place > head.count {
        return damaged(format!("control row {place}: after the last one"));
    }
    if found.count < head.count {
        return damaged(format!("control row {}: missing", found.count + 1));
    }
    damaged(format!("control row {}: differs from what the transfers' metadata says", head.count))
}

/// Calls `each` with all acts. Their batches are linked to `head`, which is signed, so no signature is checked again.
pub(super) fn all_acts(
    store: &Store,
    head: Head,
    each: &mut dyn FnMut(u64, &str) -> Result<(), JournalError>,
) -> Result<(), JournalError> {
    let missing = |row: u64| {
        let detail = format!("control row {row}: missing, or it does not follow the row before it");
        JournalError::damaged(&store.path, detail)
    };
    let mut at = Head::default();
    while at.count < head.count {
        let before = at;
        store.read_after(CONTROL_BATCHES, (before.count, READ_BATCHES), |stored| {
            if at.count >= head.count {
                return Ok(());
            }
            let span = (stored.first, stored.last());
            let batch = stored.linked(CONTROL, store.chain_id);
            let batch = batch.map_err(|error| unproven(store, span, &error))?;
            if batch.signed.statement.before != at {
                return Err(missing(at.count + 1));
            }
            batch.numbered().try_for_each(|(row, act)| each(row, act))?;
            at = batch.head();
            Ok(())
        })?;
        if at == before {
            return Err(missing(at.count + 1));
        }
    }
    if at == head { Ok(()) } else { Err(missing(at.count)) }
}

/// Calls `each` with the acts after row `number`, at most `limit` of them. Proves each batch.
pub(super) fn acts_after(
    store: &Store,
    keys: &TrustedKeys,
    (number, limit): (u64, u64),
    each: &mut dyn FnMut(u64, &str) -> Result<(), JournalError>,
) -> Result<(), JournalError> {
    let mut last = number;
    let end = number.saturating_add(limit);
    // The batch that has the first row may begin before it.
    let first = CONTROL_BATCHES.containing(&store.db, number.saturating_add(1));
    let first = first.map_err(|error| JournalError::failed("reading", &store.path, &error))?;
    let mut after = first.map_or(number, |batch| batch.first.saturating_sub(1));
    while last < end {
        let before = after;
        store.read_after(CONTROL_BATCHES, (before, 1), |stored| {
            after = stored.first;
            let batch = prove(store, stored, keys)?;
            for (row, act) in batch.numbered().filter(|(row, _)| *row > number && *row <= end) {
                if row != last + 1 {
                    let detail = format!("control row {}: missing", last + 1);
                    return Err(JournalError::damaged(&store.path, detail));
                }
                last = row;
                each(row, act)?;
            }
            Ok(())
        })?;
        if after == before {
            break;
        }
    }
    Ok(())
}

fn prove(
    store: &Store,
    stored: StoredBatch,
    keys: &TrustedKeys,
) -> Result<SignedBatch, JournalError> {
    let span = (stored.first, stored.last());
    let proven = stored.prove(CONTROL, store.chain_id, keys);
    proven.map_err(|error| unproven(store, span, &error))
}

fn unproven(store: &Store, (first, last): (u64, u64), error: &BatchError) -> JournalError {
    JournalError::damaged(&store.path, format!("control rows {first} to {last}: {error}"))
}
