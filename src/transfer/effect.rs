//! Decisions and their effects. An effect carries all that its release needs, as it was decided: the live state may be ahead of
//! the durable state.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::order::{Order, TraceNumbers};
use super::outbound::UnknownCause;
use super::receipt::DebitReceipt;
use super::status::{InboundStatus, StatusReport};
use crate::values::{
    AccountNumber, Alert, Amount, Institution, Moment, ProcessingCode, ResponseCode, TransferId,
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
