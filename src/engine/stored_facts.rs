//! How the facts of a step are written in the journal: versioned JSON that an auditor can read.
//!
//! ```json
//! {"v":1,"facts":[{"outbound":{"sent":{"due":1795521630000}}}]}
//! ```
//!
//! Account numbers and names are not masked. The journal is the bank's record, so protect its file like one.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::event::Fact;

/// The version that is written. Every later program can read it. A change that older programs would misread needs a new version.
pub const VERSION: u32 = 1;

/// Why stored facts cannot be written or read.
#[derive(Debug, Error)]
pub enum StoredFactsError {
    /// A later program wrote them.
    #[error(
        "stored facts have version {found}, and this program reads versions up to {VERSION}: use the later program"
    )]
    Newer {
        /// Their version.
        found: u32,
    },
    /// They are malformed.
    #[error("stored facts are malformed: {0}")]
    Malformed(#[from] serde_json::Error),
}

#[derive(Serialize)]
struct Writing<'a> {
    v: u32,
    facts: &'a [&'a Fact],
}

#[derive(Deserialize)]
struct Reading {
    v: u32,
    facts: Vec<Fact>,
}

#[derive(Deserialize)]
struct Versioned {
    v: u32,
}

/// Returns the stored text of a step's facts.
///
/// # Errors
/// If the facts cannot be serialized. No such case is known, because a fact has only numbers and text. The error exists so that
/// facts that were not written are never taken for durable.
pub fn write(facts: &[&Fact]) -> Result<String, StoredFactsError> {
    Ok(serde_json::to_string(&Writing { v: VERSION, facts })?)
}

/// Reads the facts of a step.
///
/// # Errors
/// If a later program wrote them, or they are malformed.
pub fn read(text: &str) -> Result<Vec<Fact>, StoredFactsError> {
    let read = serde_json::from_str::<Reading>(text);
    // Facts of a later version are probably unreadable, but their version number is not.
    let found = match &read {
        Ok(reading) => reading.v,
        Err(_) => serde_json::from_str::<Versioned>(text)?.v,
    };
    if found > VERSION {
        return Err(StoredFactsError::Newer { found });
    }
    Ok(read?.facts)
}
