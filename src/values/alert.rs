//! The alerts: what needs a person.

use serde::{Deserialize, Serialize};

use crate::codes::alert;

/// Something that needs a person. A new alert is a variant, a code, and a line in each of the tables below.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Alert {
    /// A message has another amount, account or echoed field than the recorded transfer.
    #[serde(rename = "mismatch")]
    Mismatch,
    /// Two pieces of evidence exclude each other.
    #[serde(rename = "conflicting_outcome")]
    ConflictingOutcome,
    /// The transfer needs a manual resolution, or core does not confirm a cancel.
    #[serde(rename = "exception")]
    Exception,
    /// A reversal of the switch has no original, more than one, or names one that differs from it.
    #[serde(rename = "original_not_found")]
    OriginalNotFound,
    /// Core lacks a posting that it confirmed, or has another posting with our id.
    #[serde(rename = "core_differs")]
    CoreDiffers,
    /// The switch announced a business date that was not taken.
    #[serde(rename = "cut_over_refused")]
    CutOverRefused,
    /// The business date moved to another one than the next day or working day.
    #[serde(rename = "cut_over_unexpected")]
    CutOverUnexpected,
    /// A decided fact cannot follow the state: a defect of this program. The decision was dropped.
    #[serde(rename = "internal_error")]
    InternalError,
    /// A message of ours does not fit the network profile or its spec, so it was not sent.
    #[serde(rename = "message_not_encodable")]
    MessageNotEncodable,
    /// The switch sent us a request that names another bank, or none.
    #[serde(rename = "misrouted_request")]
    MisroutedRequest,
    /// The switch sent us a request of our own bank.
    #[serde(rename = "own_request")]
    OwnRequest,
    /// A link that should carry requests does not.
    #[serde(rename = "link_down")]
    LinkDown,
    /// Core banking does not answer.
    #[serde(rename = "core_down")]
    CoreDown,
    /// Checkpoints cannot be written.
    #[serde(rename = "checkpoint_late")]
    CheckpointLate,
}

/// What ends an alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AlertEnd {
    /// It ends by itself when it is true no more. An acknowledgement only says that a person knows of it.
    Condition,
    /// An acknowledgement ends it: something happened, and a person looked at it.
    Acknowledgement,
}

impl Alert {
    /// All alerts.
    pub const ALL: [Self; alert::ALL.len()] = [
        Self::Mismatch,
        Self::ConflictingOutcome,
        Self::Exception,
        Self::OriginalNotFound,
        Self::CoreDiffers,
        Self::CutOverRefused,
        Self::CutOverUnexpected,
        Self::InternalError,
        Self::MessageNotEncodable,
        Self::MisroutedRequest,
        Self::OwnRequest,
        Self::LinkDown,
        Self::CoreDown,
        Self::CheckpointLate,
    ];

    /// Returns the code that is stored, and that logs and metrics show.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Mismatch => alert::MISMATCH,
            Self::ConflictingOutcome => alert::CONFLICTING_OUTCOME,
            Self::Exception => alert::EXCEPTION,
            Self::OriginalNotFound => alert::ORIGINAL_NOT_FOUND,
            Self::CoreDiffers => alert::CORE_DIFFERS,
            Self::CutOverRefused => alert::CUT_OVER_REFUSED,
            Self::CutOverUnexpected => alert::CUT_OVER_UNEXPECTED,
            Self::InternalError => alert::INTERNAL_ERROR,
            Self::MessageNotEncodable => alert::MESSAGE_NOT_ENCODABLE,
            Self::MisroutedRequest => alert::MISROUTED_REQUEST,
            Self::OwnRequest => alert::OWN_REQUEST,
            Self::LinkDown => alert::LINK_DOWN,
            Self::CoreDown => alert::CORE_DOWN,
            Self::CheckpointLate => alert::CHECKPOINT_LATE,
        }
    }

    /// Returns the alert of a code.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|alert| alert.code() == code)
    }

    /// Returns what ends it.
    #[must_use]
    pub const fn end(self) -> AlertEnd {
        match self {
            Self::ConflictingOutcome
            | Self::Exception
            | Self::LinkDown
            | Self::CoreDown
            | Self::CheckpointLate => AlertEnd::Condition,
            Self::Mismatch
            | Self::OriginalNotFound
            | Self::CoreDiffers
            | Self::CutOverRefused
            | Self::CutOverUnexpected
            | Self::InternalError
            | Self::MessageNotEncodable
            | Self::MisroutedRequest
            | Self::OwnRequest => AlertEnd::Acknowledgement,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_alert_has_a_code_and_every_code_an_alert() {
        assert_eq!(Alert::ALL.map(Alert::code).as_slice(), alert::ALL);
        for kind in Alert::ALL {
            let stored = serde_json::to_value(kind).unwrap();
            assert_eq!(stored, kind.code());
            assert_eq!(Alert::from_code(kind.code()), Some(kind));
        }
        assert_eq!(Alert::from_code("alert"), None);
    }
}
