//! How values are presented to people.

use std::collections::BTreeMap;

use crate::masking::Sensitive;

/// How the value of an element or a subfield is presented to people.
#[derive(Clone, Debug, Default)]
pub struct Presentation {
    /// The kind of sensitive data, which defines the masking; `None` if it is not sensitive.
    pub sensitive: Option<Sensitive>,
    /// The format for people.
    pub format: Option<Format>,
    /// The codes with their meanings.
    pub meanings: BTreeMap<String, String>,
}

/// The format of a value for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Minor units of the currency of the message.
    Amount,
    /// `MMDDhhmmss`
    Transmission,
    /// `MMDD`
    MonthDay,
    /// `hhmmss`
    Time,
    /// `YYMM`
    YearMonth,
}

impl Presentation {
    /// Returns the meaning of a code, if the spec lists it.
    #[must_use]
    pub fn meaning(&self, code: &str) -> Option<&str> {
        self.meanings.get(code).map(String::as_str)
    }
}
