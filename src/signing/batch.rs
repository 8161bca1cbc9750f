//! Signed batches: rows of a chain with the statement that proves them.

use thiserror::Error;

use super::chain::{Chain, ChainId, Head};
use super::statement::{SignedStatement, Statement, StatementError};
use super::trust::TrustedKeys;

/// A batch as it is stored. Nothing of it is checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredBatch {
    /// The number of its first row.
    pub first: u64,
    /// The signed statement, one line.
    pub statement: String,
    /// The rows, a line each.
    pub rows: String,
}

impl StoredBatch {
    /// Returns the number of its last row.
    #[must_use]
    pub fn last(&self) -> u64 {
        self.first.saturating_add(self.rows.bytes().filter(|byte| *byte == b'\n').count() as u64)
    }

    /// Reads the batch and checks all of it: the statement is of this chain and place, a trusted key signed it, and the rows are
    /// those that were signed.
    ///
    /// # Errors
    /// What is wrong.
    pub fn prove(
        self,
        chain: Chain,
        chain_id: ChainId,
        keys: &TrustedKeys,
    ) -> Result<SignedBatch, BatchError> {
        let batch = self.linked(chain, chain_id)?;
        batch.signed.check(keys)?;
        Ok(batch)
    }

    /// Reads the batch and computes its head. Neither the signature nor the trust in the key is checked: the caller knows
    /// that a later head, which covers these rows, is signed.
    ///
    /// # Errors
    /// If the statement is malformed, of another chain or place, or the rows are others than it says.
    pub fn linked(self, chain: Chain, chain_id: ChainId) -> Result<SignedBatch, BatchError> {
        let Self { first, statement, rows } = self;
        let signed = SignedStatement::parse(&statement)?;
        let Statement { chain: named, chain_id: named_id, before, head, .. } = signed.statement;
        if (named, named_id) != (chain, chain_id) {
            return Err(BatchError::OtherChain);
        }
        if signed.statement.first() != first {
            return Err(BatchError::OtherPlace);
        }
        let batch = SignedBatch { signed, rows };
        let after = batch.lines().fold(before, |head, row| head.after(row.as_bytes()));
        if after == head { Ok(batch) } else { Err(BatchError::Altered) }
    }
}

/// The rows of a batch, and the statement that proves them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedBatch {
    /// The statement.
    pub signed: SignedStatement,
    /// The stored rows, a line each. No row contains a line break.
    rows: String,
}

/// Why a batch is not what was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum BatchError {
    /// The statement is not accepted.
    #[error(transparent)]
    Statement(#[from] StatementError),
    /// The batch belongs to another chain.
    #[error("the statement is of another chain")]
    OtherChain,
    /// The batch stands at another place than its statement says.
    #[error("the statement is of other rows")]
    OtherPlace,
    /// A row is not what was signed.
    #[error("a row differs from what was signed")]
    Altered,
}

impl SignedBatch {
    /// Creates the batch that was just signed. `rows` are its lines, joined with line breaks.
    #[must_use]
    pub const fn new(signed: SignedStatement, rows: String) -> Self {
        Self { signed, rows }
    }

    /// Returns the stored rows in order.
    pub fn lines(&self) -> impl Iterator<Item = &str> {
        self.rows.split('\n')
    }

    /// Returns the number of each row with its stored text.
    pub fn numbered(&self) -> impl Iterator<Item = (u64, &str)> {
        (self.signed.statement.first()..).zip(self.lines())
    }

    /// Returns a row by its number.
    #[must_use]
    pub fn line(&self, number: u64) -> Option<&str> {
        let index = number.checked_sub(self.signed.statement.first())?;
        self.lines().nth(usize::try_from(index).ok()?)
    }

    /// Returns the stored text of all rows.
    #[must_use]
    pub fn rows(&self) -> &str {
        &self.rows
    }

    /// Returns the head after the last row.
    #[must_use]
    pub const fn head(&self) -> Head {
        self.signed.statement.head
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signing::{SigningKey, TrustedKey};
    use crate::values::Moment;

    const ID: ChainId = ChainId([3; 16]);

    fn batch(key: &SigningKey, rows: &[&str]) -> SignedBatch {
        let before = Head { count: 6, hash: [0xA5; 32] };
        let head = rows.iter().fold(before, |head, row| head.after(row.as_bytes()));
        let statement = Statement {
            chain: Chain::Transfers,
            chain_id: ID,
            epoch: 1,
            before,
            head,
            metadata: [9; 32],
            at: Moment::from_millis(5),
            key: key.id(),
        };
        SignedBatch::new(statement.sign(key), rows.join("\n"))
    }

    #[test]
    fn a_batch_is_proven_as_it_was_written_and_in_no_other_form() {
        let key = SigningKey::from_seed(&[7; 32]);
        let keys = TrustedKeys::new(vec![TrustedKey::always(key.public())]);
        let prove = |chain, first, rows: &str| {
            let statement = batch(&key, &["{1}", "{2}", "{3}"]).signed.to_string();
            let (chain, id) = chain;
            StoredBatch { first, statement, rows: rows.to_owned() }.prove(chain, id, &keys)
        };
        let ours = (Chain::Transfers, ID);
        let proven = prove(ours, 7, "{1}\n{2}\n{3}").unwrap();
        assert_eq!(proven.numbered().collect::<Vec<_>>(), [(7, "{1}"), (8, "{2}"), (9, "{3}")]);
        assert_eq!((proven.line(8), proven.line(6), proven.line(10)), (Some("{2}"), None, None));
        for rows in ["{1}\n{3}\n{2}", "{1}\n{2}", "{1}\n{2}\n{3}\n{3}", "{1}\n{2}\n{4}", ""] {
            assert_eq!(prove(ours, 7, rows), Err(BatchError::Altered), "{rows}");
        }
        assert_eq!(prove(ours, 8, "{1}\n{2}\n{3}"), Err(BatchError::OtherPlace));
        let other = (Chain::Transfers, ChainId([4; 16]));
        assert_eq!(prove(other, 7, "{1}\n{2}\n{3}"), Err(BatchError::OtherChain));
        assert_eq!(prove((Chain::Ledger, ID), 7, "{1}\n{2}\n{3}"), Err(BatchError::OtherChain));
    }
}
