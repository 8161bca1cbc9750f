//! The hashes of a chain. The SHA-256 of each row covers the previous hash and the whole content of the row.

use sha2::{Digest, Sha256};

use super::chain::Head;
use super::row::Row;
use crate::spelling::name_of;
use crate::values::Direction;

impl Head {
    /// Returns the head after one more row. `scratch` is a reusable buffer for the hashed bytes.
    #[must_use]
    pub(super) fn after(self, row: &Row, scratch: &mut Vec<u8>) -> Self {
        scratch.clear();
        let count = self.count + 1;
        scratch.extend_from_slice(&self.hash);
        scratch.extend_from_slice(&count.to_be_bytes());
        content(row, scratch);
        Self { count, hash: Sha256::digest(scratch.as_slice()).into() }
    }
}

/// Writes the content of a row as bytes. Every value has a fixed length or a length prefix, and every optional value a
/// presence byte, so that no two rows give the same bytes.
fn content(row: &Row, out: &mut Vec<u8>) {
    out.extend_from_slice(&row.id.0.to_be_bytes());
    out.extend_from_slice(&row.recorded_at.millis().to_be_bytes());
    out.push(u8::from(row.is_open));
    text(&row.state, out);
    text(&row.facts.0, out);
    out.push(u8::from(row.trace.is_some()));
    if let Some(trace) = &row.trace {
        out.extend_from_slice(&trace.stan.number().to_be_bytes());
        text(trace.rrn.as_str(), out);
        out.push(u8::from(trace.transmission_second.is_some()));
        out.extend_from_slice(&trace.transmission_second.unwrap_or_default().to_be_bytes());
    }
    out.push(u8::from(row.start.is_some()));
    if let Some(start) = &row.start {
        let summary = &start.summary;
        let identity = &start.identity;
        out.extend_from_slice(&identity.request_key.0.to_be_bytes());
        out.push(u8::from(identity.reference_key.is_some()));
        out.extend_from_slice(&identity.reference_key.map_or(0, |key| key.0).to_be_bytes());
        out.extend_from_slice(&identity.fingerprint.0.to_be_bytes());
        text(name_of(&Direction::CODES, &summary.direction), out);
        text(summary.own_account.reveal(), out);
        out.push(u8::from(summary.other_account.is_some()));
        text(summary.other_account.as_ref().map_or("", |other| other.reveal()), out);
        out.extend_from_slice(&summary.amount.minor().to_be_bytes());
        out.extend_from_slice(&summary.amount.currency().code().to_be_bytes());
        text(summary.bank.as_str(), out);
    }
}

fn text(text: &str, out: &mut Vec<u8>) {
    out.extend_from_slice(&(text.len() as u64).to_be_bytes());
    out.extend_from_slice(text.as_bytes());
}
