//! The direction of a transfer or an inquiry.

use serde::{Deserialize, Serialize};

use crate::codes::direction;

/// Which side sends the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Direction {
    /// Our bank sends the request to the switch.
    #[serde(rename = "outbound")]
    Outbound,
    /// The switch sends the request to our bank.
    #[serde(rename = "inbound")]
    Inbound,
}

impl Direction {
    /// The codes that are stored and exported.
    pub const CODES: [(&'static str, Self); 2] =
        [(direction::OUTBOUND, Self::Outbound), (direction::INBOUND, Self::Inbound)];

    /// Returns the code that is stored and exported.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Outbound => direction::OUTBOUND,
            Self::Inbound => direction::INBOUND,
        }
    }
}
