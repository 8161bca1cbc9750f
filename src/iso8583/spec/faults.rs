//! What is wrong with a spec: all of it at once.

use std::fmt;
use std::io;

use thiserror::Error;

/// The key of a fault of the file as a whole.
pub(super) const FILE: &str = "(file)";

/// One thing that is wrong with a spec.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The line, from 1.
    pub line: usize,
    /// The key, by its path from the top; `(file)` if it is of none.
    pub key: String,
    /// What is wrong, and what would be right.
    pub reason: String,
}

/// A spec that can't be used.
#[derive(Debug, Error)]
pub enum SpecError {
    /// The file can't be read.
    #[error("{file}: can't be read: {source}")]
    Unreadable {
        /// The file.
        file: String,
        /// Why.
        source: io::Error,
    },
    /// The spec has faults.
    #[error("{}", Listed(file, faults))]
    Faulty {
        /// The file.
        file: String,
        /// All of them, by line.
        faults: Vec<Fault>,
    },
}

struct Listed<'a>(&'a str, &'a [Fault]);

impl fmt::Display for Listed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(file, faults) = self;
        for (nth, Fault { line, key, reason }) in faults.iter().enumerate() {
            let end = if nth == 0 { "" } else { "\n" };
            write!(f, "{end}{file}:{line}: {key}: {reason}")?;
        }
        Ok(())
    }
}
