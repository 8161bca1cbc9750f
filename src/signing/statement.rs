//! Statements: what a batch says of itself, and what is signed.

use std::fmt;

use thiserror::Error;

use super::chain::{Chain, ChainId, Head};
use super::key::{KeyId, SigningKey};
use super::trust::{Distrust, TrustedKeys};
use crate::hex::{hex, unhex};
use crate::values::Moment;

/// The first word of a statement: its kind and format version.
const PREFIX: &str = "titian-batch-1";

/// The epoch of a new chain.
pub const FIRST_EPOCH: u32 = 1;

/// What a batch of rows says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// The chain.
    pub chain: Chain,
    /// The id of the chain.
    pub chain_id: ChainId,
    /// The epoch, from 1. A restore of an older copy begins the next one.
    pub epoch: u32,
    /// The head before the first row.
    pub before: Head,
    /// The head after the last row.
    pub head: Head,
    /// The SHA-256 hash of the chain's metadata after the batch.
    pub metadata: [u8; 32],
    /// When the batch was signed.
    pub at: Moment,
    /// The key that signs.
    pub key: KeyId,
}

impl Statement {
    /// Returns the number of the first row.
    #[must_use]
    pub const fn first(&self) -> u64 {
        self.before.count + 1
    }

    /// Returns the number of the last row.
    #[must_use]
    pub const fn last(&self) -> u64 {
        self.head.count
    }

    /// Signs the statement.
    #[must_use]
    pub fn sign(self, key: &SigningKey) -> SignedStatement {
        let signature = key.sign(self.to_string().as_bytes());
        SignedStatement { statement: self, signature }
    }

    fn parse(text: &str) -> Option<Self> {
        let mut fields = text.strip_prefix(PREFIX)?.strip_prefix(' ')?.split(' ');
        let mut field = |name: &str| fields.next()?.strip_prefix(name)?.strip_prefix('=');
        let (chain, chain_id) = field("chain")?.split_once('/')?;
        let (chain, chain_id) = (Chain::of(chain)?, ChainId::parse(chain_id)?);
        let epoch = field("epoch")?.parse().ok()?;
        let (first, last) = field("rows")?.split_once('-')?;
        let (first, last): (u64, u64) = (first.parse().ok()?, last.parse().ok()?);
        let before = Head { count: first.checked_sub(1)?, hash: unhex(field("before")?)? };
        let head = Head { count: last, hash: unhex(field("head")?)? };
        let metadata = unhex(field("metadata")?)?;
        let at = Moment::from_millis(field("at")?.parse().ok()?);
        let key = KeyId::parse(field("key")?)?;
        let statement = Self { chain, chain_id, epoch, before, head, metadata, at, key };
        // Only one spelling is accepted, so that the parsed values are the signed ones.
        (first <= last && statement.to_string() == text).then_some(statement)
    }
}

impl fmt::Display for Statement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { chain, chain_id, epoch, before, head, metadata, at, key } = self;
        write!(
            f,
            "{PREFIX} chain={}/{chain_id} epoch={epoch} rows={}-{} before={} head={} metadata={} at={} key={key}",
            chain.code(),
            self.first(),
            self.last(),
            hex(&before.hash),
            hex(&head.hash),
            hex(metadata),
            at.millis(),
        )
    }
}

/// A statement with its signature. As text it is one line, which a checkpoint file keeps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedStatement {
    /// The statement.
    pub statement: Statement,
    /// Its signature.
    pub signature: [u8; 64],
}

/// Why a signed statement is not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum StatementError {
    /// The text is not a signed statement.
    #[error("not a signed statement")]
    Malformed,
    /// No trusted key may have signed these rows.
    #[error(transparent)]
    Distrusted(#[from] Distrust),
    /// The signature is not that of the key.
    #[error("the signature does not match the statement")]
    Forged,
}

impl SignedStatement {
    /// Parses a line.
    ///
    /// # Errors
    /// [`StatementError::Malformed`] if it is not a signed statement in its only spelling.
    pub fn parse(line: &str) -> Result<Self, StatementError> {
        let parse = || {
            let (text, signature) = line.rsplit_once(" signature=")?;
            let signed = Self { statement: Statement::parse(text)?, signature: unhex(signature)? };
            (signed.to_string() == line).then_some(signed)
        };
        parse().ok_or(StatementError::Malformed)
    }

    /// Returns whether some bytes can be the beginning of a line.
    #[must_use]
    pub fn is_beginning(bytes: &[u8]) -> bool {
        let length = bytes.len().min(PREFIX.len());
        bytes.get(..length) == PREFIX.as_bytes().get(..length)
    }

    /// Checks that a key that may sign these rows signed the statement.
    ///
    /// # Errors
    /// If no trusted key may have signed these rows, or the signature is another one.
    pub fn check(&self, keys: &TrustedKeys) -> Result<(), StatementError> {
        let Self { statement, signature } = self;
        let rows = (statement.first(), statement.last());
        let key = keys.key(statement.chain, rows, statement.key)?;
        let is_signed = key.verifies(statement.to_string().as_bytes(), signature);
        is_signed.then_some(()).ok_or(StatementError::Forged)
    }
}

impl fmt::Display for SignedStatement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} signature={}", self.statement, hex(&self.signature))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signing::{RowSpan, TrustedKey};

    fn signed(key: &SigningKey) -> SignedStatement {
        let before = Head { count: 6, hash: [0xA5; 32] };
        let head = before.after(b"{}").after(b"[]");
        let statement = Statement {
            chain: Chain::Transfers,
            chain_id: ChainId([3; 16]),
            epoch: 1,
            before,
            head,
            metadata: [9; 32],
            at: Moment::from_millis(5),
            key: key.id(),
        };
        statement.sign(key)
    }

    fn trusted(key: &SigningKey, first: u64, last: Option<u64>) -> TrustedKeys {
        let spans = vec![(Chain::Transfers, RowSpan { first, last })];
        TrustedKeys::new(vec![TrustedKey { key: key.public(), spans }])
    }

    #[test]
    fn a_signed_line_parses_and_rejects_every_changed_byte() {
        let key = SigningKey::from_seed(&[7; 32]);
        let keys = trusted(&key, 1, None);
        let line = signed(&key).to_string();
        assert_eq!(SignedStatement::parse(&line), Ok(signed(&key)));
        assert_eq!(signed(&key).check(&keys), Ok(()));
        for at in 0..line.len() {
            let mut changed = line.clone().into_bytes();
            changed[at] ^= 1;
            let parsed = SignedStatement::parse(&String::from_utf8_lossy(&changed));
            assert!(parsed.and_then(|signed| signed.check(&keys)).is_err(), "byte {at}");
        }
    }

    #[test]
    fn a_key_signs_only_the_rows_that_it_is_trusted_for() {
        let (key, other) = (SigningKey::from_seed(&[7; 32]), SigningKey::from_seed(&[8; 32]));
        let check = |keys: TrustedKeys| signed(&key).check(&keys);
        assert_eq!(check(trusted(&key, 7, Some(8))), Ok(()));
        let refused = |result| matches!(result, Err(StatementError::Distrusted(_)));
        assert!(refused(check(trusted(&key, 8, None))), "not yet");
        assert!(refused(check(trusted(&key, 1, Some(7)))), "retired");
        assert!(refused(check(trusted(&other, 1, None))), "unknown");
        assert!(refused(check(TrustedKeys::new(Vec::new()))), "none");
    }
}
