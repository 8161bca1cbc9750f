//! What makes the record trustworthy: hash chains, signed batches, and the keys that sign them.
//!
//! The rows of a chain are written in batches. The head of a chain covers every row up to it:
//!
//! ```text
//! head(n) = SHA-256(head(n − 1) ‖ n ‖ SHA-256(row n))
//! ```
//!
//! Each batch carries a [`Statement`], signed with Ed25519: which chain, which rows, the heads before and after them, and
//! the metadata. So a row is proven by its batch alone, and without the signing key nothing can be changed unnoticed. Which
//! public keys may have signed which rows is configuration, never content of a store ([`TrustedKeys`]).

mod batch;
mod chain;
mod key;
mod statement;
mod trust;

pub use batch::{BatchError, SignedBatch, StoredBatch};
pub use chain::{Chain, ChainId, Head, LedgerHead};
pub use key::{KeyId, PublicKey, SigningKey};
pub use statement::{FIRST_EPOCH, SignedStatement, Statement, StatementError};
pub use trust::{Distrust, RowSpan, TrustedKey, TrustedKeys};
