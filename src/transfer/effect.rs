//! Decisions and their effects. An effect carries all that its release needs, as it was decided: the live state may be ahead of
//! the durable state.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::order::{Order, TraceNumbers};
use super::outbound::UnknownCause;
use super::receipt::DebitReceipt;
use super::status::{InboundStatus, StatusReport};
use crate::codes::alert;
use crate::values::{
    AccountNumber, Amount, Institution, Moment, ProcessingCode, ResponseCode, TransferId,
};

/// The facts of a decision, and the effects to release once those facts are durable. Decisions reuse the buffers.
#[derive(Debug)]
pub struct Decision<F> {
    /// The facts, in the order of the fold.
    pub facts: Vec<F>,
    /// The effects, in the order of release.
    pub effects: Vec<Effect>,
}

impl<F> Default for Decision<F> {
    fn default() -> Self {
        Self { facts: Vec::new(), effects: Vec::new() }
    }
}

/// Something to do outside: a command to core, a message to the switch, a notice to a channel, an alert.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Requests a posting from core. The command is idempotent.
    RequestPosting(Posting),
    /// Requests the cancel of the posting from core. The command is idempotent.
    CancelPosting(TransferId),
    /// Requests the cancel of the posting that returns a part of the amount from core. The command is idempotent.
    CancelPart(PartCancel),
    /// Sends the financial request to the switch.
    SendRequest(FundedRequest),
    /// Sends the reversal or its repeat to the switch.
    SendReversal(OutgoingReversal),
    /// Sends a status inquiry to the switch.
    SendStatusInquiry(OutgoingStatusInquiry),
    /// Responds to a message of the switch.
    Respond(InboundResponse),
    /// Reports the status of an outbound transfer to the metrics, and to a waiting channel.
    NotifyChannel(StatusReport),
    /// Reports to the metrics that an inbound transfer of this kind reached a status.
    CountInbound(TransferId, ProcessingCode, InboundStatus),
    /// Raises an alert.
    Alert(TransferId, Alert),
}

impl Effect {
    /// Returns the id of the transfer.
    #[must_use]
    pub fn transfer_id(&self) -> TransferId {
        match self {
            Self::RequestPosting(posting) => posting.transfer_id(),
            Self::CancelPart(part) => part.transfer_id,
            Self::SendRequest(request) => request.order.id,
            Self::SendReversal(reversal) => reversal.order.id,
            Self::SendStatusInquiry(inquiry) => inquiry.order.id,
            Self::Respond(response) => response.id,
            Self::NotifyChannel(report) => report.order.id,
            Self::CancelPosting(id) | Self::CountInbound(id, ..) | Self::Alert(id, _) => *id,
        }
    }
}

/// A response to a message of the switch about an inbound transfer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InboundResponse {
    /// The id of the transfer.
    pub id: TransferId,
    /// Our id of the message. The response to the request is also the response to repeats that arrived meanwhile.
    pub message_id: TransferId,
    /// The kind of the message.
    pub message: MessageKind,
    /// The response code.
    pub code: ResponseCode,
}

/// The kind of a message: of ours to the switch, or of the switch to us.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MessageKind {
    /// The financial request.
    Request,
    /// The reversal of the request.
    Reversal,
    /// A status inquiry.
    StatusInquiry,
}

/// A posting command to core. All its fields follow from the transfer, so that each repeat is identical.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Posting {
    /// The id of the posting. It is the id of the transfer, except for a partial reversal, which has an id of its own.
    pub id: TransferId,
    /// The side of the account.
    pub side: Side,
    /// The account at our bank.
    pub account: AccountNumber,
    /// The amount.
    pub amount: Amount,
    /// The other bank.
    pub counterparty: Institution,
    /// The posting that it reverses in part, by the id of its transfer; `None` for the posting of a transfer.
    pub reverses: Option<TransferId>,
}

impl Posting {
    /// Returns the id of the transfer.
    #[must_use]
    pub fn transfer_id(&self) -> TransferId {
        self.reverses.unwrap_or(self.id)
    }
}

/// The cancel of the posting that returns a part of the amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PartCancel {
    /// The id of the posting.
    pub posting_id: TransferId,
    /// The id of the transfer.
    pub transfer_id: TransferId,
}

/// A side of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Side {
    /// Takes money from the account.
    #[serde(rename = "debit")]
    Debit,
    /// Adds money to the account.
    #[serde(rename = "credit")]
    Credit,
}

impl Side {
    /// Returns the other side.
    #[must_use]
    pub const fn opposite(self) -> Self {
        match self {
            Self::Debit => Self::Credit,
            Self::Credit => Self::Debit,
        }
    }
}

/// A request with a debit receipt behind it. Only such a request can be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FundedRequest {
    order: Arc<Order>,
    trace: TraceNumbers,
    write_by: Moment,
}

impl FundedRequest {
    pub(super) const fn new(
        order: Arc<Order>,
        trace: TraceNumbers,
        write_by: Moment,
        _proof: &DebitReceipt,
    ) -> Self {
        Self { order, trace, write_by }
    }

    /// Returns the order.
    #[must_use]
    pub fn order(&self) -> &Order {
        &self.order
    }

    /// Returns the trace numbers of the request.
    #[must_use]
    pub const fn trace(&self) -> TraceNumbers {
        self.trace
    }

    /// Returns the latest time to write the request to the connection. After that, its outcome soon counts as unknown
    /// and its reversal may overtake it.
    #[must_use]
    pub const fn write_by(&self) -> Moment {
        self.write_by
    }
}

/// A status inquiry to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutgoingStatusInquiry {
    /// The order.
    pub order: Arc<Order>,
    /// The trace numbers of the request.
    pub trace: TraceNumbers,
}

/// A reversal to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutgoingReversal {
    /// The order.
    pub order: Arc<Order>,
    /// The trace numbers of the original request.
    pub original: TraceNumbers,
    /// The trace numbers of the reversal.
    pub trace: TraceNumbers,
    /// Why the outcome is unknown.
    pub cause: UnknownCause,
    /// Whether to send it as a repeat, because it was sent before.
    pub is_repeat: bool,
}

/// Something that needs a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Alert {
    /// A message has another amount, account or echoed field than the recorded transfer.
    Mismatch,
    /// Two pieces of evidence exclude each other.
    ConflictingOutcome,
    /// The transfer needs a manual resolution, or core does not confirm a cancel.
    Exception,
    /// A reversal of the switch has no original, more than one, or names one that differs from it.
    OriginalNotFound,
    /// Core lacks a posting that it confirmed, or has another posting with our id.
    CoreDiffers,
    /// The switch announced a business date that was not taken.
    CutOverRefused,
    /// The business date moved to another one than the next day or working day.
    CutOverUnexpected,
    /// A decided fact cannot follow the state: a defect of this program. The decision was dropped.
    InternalError,
    /// A message of ours does not fit the network profile or its spec, so it was not sent.
    MessageNotEncodable,
    /// The switch sent us a request that names another bank, or none.
    MisroutedRequest,
    /// The switch sent us a request of our own bank.
    OwnRequest,
    /// A checkpoint could not be written.
    CheckpointNotWritten,
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
        Self::CheckpointNotWritten,
    ];

    /// Returns the code that logs and metrics show.
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
            Self::CheckpointNotWritten => alert::CHECKPOINT_NOT_WRITTEN,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_alert_has_a_code_and_every_code_an_alert() {
        let mut codes = Alert::ALL.map(Alert::code);
        let mut all = alert::ALL.to_vec();
        codes.sort_unstable();
        all.sort_unstable();
        assert_eq!(codes.as_slice(), all);
    }
}
