//! The hash chains of a store, and their heads.

use std::fmt;

use crate::codes::chain;
use crate::hex::hex;

/// A hash chain of a store. Each chain has its own rows, head and metadata.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Chain {
    /// The steps of the transfers.
    #[default]
    Transfers,
}

impl Chain {
    /// Returns the name that the store has.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Transfers => chain::TRANSFERS,
        }
    }
}

/// The head of a chain: the number of rows and the hash of the last one. The chain starts with zero rows and a hash of
/// zeros.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// The number of the last row; rows count from 1.
    pub count: u64,
    /// The hash of the last row.
    pub hash: [u8; 32],
}

impl Head {
    /// Returns the hash in hexadecimal.
    #[must_use]
    pub fn hash_hex(&self) -> String {
        hex(&self.hash)
    }
}

impl fmt::Display for Head {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.count, hex(&self.hash))
    }
}

impl fmt::Debug for Head {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Head({self})")
    }
}
