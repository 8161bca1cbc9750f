//! How the facts of a step are written in the journal: versioned JSON that an auditor can read.
//!
//! ```json
//! {"v":1,"facts":[{"outbound":{"sent":{"due":1795521630000}}}]}
//! ```
//!
//! Account numbers, card numbers and names stand apart, as the personal text, which the journal encrypts. The facts have
//! their numbers instead: `{"@":0}`.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::event::Fact;
use crate::values::{PersonalText, PersonalTextError, has_places, put_back, write_apart};

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
    /// Their personal values cannot be put back.
    #[error("stored facts: {0}")]
    Personal(#[from] PersonalTextError),
    /// Their personal values are needed, and cannot be read.
    #[error("stored facts: their personal values cannot be read")]
    Encrypted,
}

/// The facts of a step as text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrittenFacts {
    /// The facts without their personal values.
    pub text: String,
    /// The personal values, if there are any.
    pub personal: Option<PersonalText>,
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

/// Writes the facts of a step.
///
/// # Errors
/// If the facts cannot be serialized. No such case is known, because a fact has only numbers and text. The error exists so that
/// facts that were not written are never taken for durable.
pub fn write(facts: &[&Fact]) -> Result<WrittenFacts, StoredFactsError> {
    let (text, personal) = write_apart(|| serde_json::to_string(&Writing { v: VERSION, facts }));
    Ok(WrittenFacts { text: text?, personal })
}

/// Reads the facts of a step. Without their personal text each personal value is a placeholder: no fold and no check of an
/// auditor depends on one.
///
/// # Errors
/// If a later program wrote them, or they are malformed, or a personal value is missing in the personal text.
pub fn read(text: &str, personal: Option<&PersonalText>) -> Result<Vec<Fact>, StoredFactsError> {
    let whole = put_back(text, personal).map_err(StoredFactsError::from);
    let read = whole.and_then(|whole| Ok(serde_json::from_str::<Reading>(&whole)?));
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

/// Reads the facts of a step to act on them: no personal value may be a placeholder.
///
/// # Errors
/// As [`read`], and if the personal text is needed and missing.
pub fn read_whole(
    text: &str,
    personal: Option<&PersonalText>,
) -> Result<Vec<Fact>, StoredFactsError> {
    if personal.is_none() && has_places(text) {
        return Err(StoredFactsError::Encrypted);
    }
    read(text, personal)
}
