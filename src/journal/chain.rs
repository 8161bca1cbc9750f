//! The hash chain: each row's SHA-256 covers the hash before it and all that the row says.

use std::fmt;

use sha2::{Digest, Sha256};

use super::row::{Direction, Row};
use crate::hex::hex;
use crate::spelling::name_of;

/// Where the chain stands: how many rows there are, and the hash of the last. It begins with none, and a hash of zeros.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// The number of the last row; rows count from 1.
    pub count: u64,
    /// Its hash.
    pub hash: [u8; 32],
}

impl Head {
    /// Its hash in hexadecimal.
    #[must_use]
    pub fn hash_in_hex(&self) -> String {
        hex(&self.hash)
    }

    /// The head after one more row. `scratch` is room for the bytes that are hashed, used again.
    #[must_use]
    pub(super) fn follow(self, row: &Row, scratch: &mut Vec<u8>) -> Self {
        scratch.clear();
        let count = self.count + 1;
        scratch.extend_from_slice(&self.hash);
        scratch.extend_from_slice(&count.to_be_bytes());
        content(row, scratch);
        Self { count, hash: Sha256::digest(scratch.as_slice()).into() }
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

/// What a row says, as bytes. Everything has a fixed length or says its length before it, and what may be absent a
/// byte that tells so: no two rows have the same bytes.
fn content(row: &Row, out: &mut Vec<u8>) {
    out.extend_from_slice(&row.id.0.to_be_bytes());
    out.extend_from_slice(&row.at.millis().to_be_bytes());
    out.push(u8::from(row.open));
    text(&row.state, out);
    text(&row.form.0, out);
    out.push(u8::from(row.numbers.is_some()));
    if let Some(numbers) = &row.numbers {
        out.extend_from_slice(&numbers.stan.number().to_be_bytes());
        text(numbers.rrn.as_str(), out);
        out.push(u8::from(numbers.second.is_some()));
        out.extend_from_slice(&numbers.second.unwrap_or_default().to_be_bytes());
    }
    out.push(u8::from(row.begins.is_some()));
    if let Some(begins) = &row.begins {
        let summary = &begins.summary;
        let begun = &begins.begun;
        out.extend_from_slice(&begun.request.0.to_be_bytes());
        out.push(u8::from(begun.reference.is_some()));
        out.extend_from_slice(&begun.reference.map_or(0, |key| key.0).to_be_bytes());
        out.extend_from_slice(&begun.body.0.to_be_bytes());
        text(name_of(&Direction::NAMES, &summary.direction), out);
        text(summary.own.reveal(), out);
        out.push(u8::from(summary.other.is_some()));
        text(summary.other.as_ref().map_or("", |other| other.reveal()), out);
        out.extend_from_slice(&summary.amount.minor().to_be_bytes());
        out.extend_from_slice(&summary.amount.currency().code().to_be_bytes());
        text(summary.bank.as_str(), out);
    }
}

fn text(text: &str, out: &mut Vec<u8>) {
    out.extend_from_slice(&(text.len() as u64).to_be_bytes());
    out.extend_from_slice(text.as_bytes());
}
