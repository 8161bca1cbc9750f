//! The faults of a spec. All of them are reported together.

use std::fmt;
use std::io;

use thiserror::Error;

/// The key of a fault that concerns the whole file.
pub(super) const FILE: &str = "(file)";

/// One fault of a spec.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpecFault {
    /// The line, from 1.
    pub line: usize,
    /// The path of the key; `(file)` if the fault concerns the whole file.
    pub key: String,
    /// The fault, and what is valid instead.
    pub reason: String,
}

/// A spec that can't be read or has faults.
#[derive(Debug, Error)]
pub enum SpecError {
    /// The file can't be read.
    #[error("{file}: can't read the file: {source}")]
    Unreadable {
        /// The file.
        file: String,
        /// The cause.
        source: io::Error,
    },
    /// The spec has faults.
    #[error("{}", Listed(file, faults))]
    Faulty {
        /// The file.
        file: String,
        /// All faults, by line.
        faults: Vec<SpecFault>,
    },
}

struct Listed<'a>(&'a str, &'a [SpecFault]);

impl fmt::Display for Listed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(file, faults) = self;
        for (nth, SpecFault { line, key, reason }) in faults.iter().enumerate() {
            let end = if nth == 0 { "" } else { "\n" };
            write!(f, "{end}{file}:{line}: {key}: {reason}")?;
        }
        Ok(())
    }
}
