//! How the facts of a step are written in the journal: JSON that an auditor can read, with a version.
//!
//! ```json
//! {"v":1,"facts":[{"out":{"sent":{"due":1795521630000}}}]}
//! ```
//!
//! Account numbers and names stand in it whole: the journal is the bank's record, and its file is to be kept as such.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::event::Fact;

/// The version that is written. Facts of it are read for ever; a change that older programs would misread gets the next.
pub const VERSION: u32 = 1;

/// Why what stands in the journal is not a step's facts.
#[derive(Debug, Error)]
pub enum FormError {
    /// A later program wrote it.
    #[error(
        "facts of version {found}, and this program knows up to {VERSION}: use the later program"
    )]
    Newer {
        /// Its version.
        found: u32,
    },
    /// It can't be read.
    #[error("facts that can't be read: {0}")]
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

/// The text of a step's facts.
///
/// # Errors
/// None that is known: a fact is made of numbers and text only. What can't be written must not be taken for durable.
pub fn write(facts: &[&Fact]) -> Result<String, FormError> {
    Ok(serde_json::to_string(&Writing { v: VERSION, facts })?)
}

/// Reads the facts of a step.
///
/// # Errors
/// If a later program wrote them, or they can't be read.
pub fn read(text: &str) -> Result<Vec<Fact>, FormError> {
    let read = serde_json::from_str::<Reading>(text);
    // Facts of a later version most likely can't be read, and its number can.
    let found = match &read {
        Ok(reading) => reading.v,
        Err(_) => serde_json::from_str::<Versioned>(text)?.v,
    };
    if found > VERSION {
        return Err(FormError::Newer { found });
    }
    Ok(read?.facts)
}
