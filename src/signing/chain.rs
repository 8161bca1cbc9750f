//! Hash chains and their heads.

use std::fmt;
use std::io;

use sha2::{Digest, Sha256};

use crate::codes::chain;
use crate::hex::{hex, unhex};
use crate::random::SystemRandom;

/// A hash chain. Each chain has its own rows, head and metadata.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Chain {
    /// The steps of the transfers.
    #[default]
    Transfers,
    /// The changes of the embedded ledger.
    Ledger,
    /// The acts of operators and of the program.
    Control,
}

impl Chain {
    /// All chains with their codes.
    pub const CODES: [(&str, Self); 3] = [
        (chain::TRANSFERS, Self::Transfers),
        (chain::LEDGER, Self::Ledger),
        (chain::CONTROL, Self::Control),
    ];

    /// Returns the name that the store has.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Transfers => chain::TRANSFERS,
            Self::Ledger => chain::LEDGER,
            Self::Control => chain::CONTROL,
        }
    }

    /// Returns the chain with a code.
    #[must_use]
    pub fn of(code: &str) -> Option<Self> {
        Self::CODES.iter().find(|(known, _)| *known == code).map(|(_, chain)| *chain)
    }
}

/// The random id that a chain gets when it is created. It tells the chains of two stores apart.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct ChainId(pub [u8; 16]);

impl ChainId {
    /// Parses 32 hexadecimal digits.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        unhex(text).map(Self)
    }

    /// Returns the id of a new chain.
    ///
    /// # Errors
    /// If the system has no random source.
    pub fn random() -> io::Result<Self> {
        let mut id = [0; 16];
        SystemRandom::open()?.fill(&mut id).map(|()| Self(id))
    }
}

impl fmt::Display for ChainId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex(&self.0))
    }
}

impl fmt::Debug for ChainId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ChainId({self})")
    }
}

/// A head of the embedded ledger with the id of its chain. The journal records it, so that an older or another ledger is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LedgerHead {
    /// The id of the ledger's chain.
    pub chain_id: ChainId,
    /// The head, at the end of a batch. It has at least one row.
    pub head: Head,
}

/// The head of a chain: the number of rows, and a hash that covers all of them. A chain starts with zero rows and a hash of
/// zeros.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Head {
    /// The number of the last row; rows count from 1.
    pub count: u64,
    /// The hash that covers the rows up to it.
    pub hash: [u8; 32],
}

impl Head {
    /// Returns the head after one more row, whose stored bytes these are.
    #[must_use]
    pub fn after(self, row: &[u8]) -> Self {
        let count = self.count + 1;
        let hash = Sha256::new()
            .chain_update(self.hash)
            .chain_update(count.to_be_bytes())
            .chain_update(Sha256::digest(row))
            .finalize();
        Self { count, hash: hash.into() }
    }

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
