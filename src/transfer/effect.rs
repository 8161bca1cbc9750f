//! Decisions and their effects.

use serde::{Deserialize, Serialize};

use super::order::TraceNumbers;
use super::outbound::UnknownCause;
use crate::values::{AccountNumber, Amount, Institution, Moment, ResponseCode, TransferId};

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

impl<F> Decision<F> {
    /// Empties both buffers for the next decision.
    pub fn clear(&mut self) {
        self.facts.clear();
        self.effects.clear();
    }
}

/// Something to do outside: a command to core, a message to the switch, a notice to a channel, an alert.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Requests a posting from core. The command is idempotent.
    RequestPosting(Posting),
    /// Requests the cancel of the posting from core. The command is idempotent.
    CancelPosting(TransferId),
    /// Sends the financial request to the switch.
    SendRequest(FundedRequest),
    /// Sends the reversal or its repeat to the switch.
    SendReversal(OutgoingReversal),
    /// Sends a status inquiry to the switch.
    SendStatusInquiry(TransferId, TraceNumbers),
    /// Responds to a message of the switch.
    Respond(InboundResponse),
    /// Reports the status to a waiting channel. The effect carries the status because the live state may be ahead of
    /// the durable state.
    NotifyChannel(TransferId, TransferStatus),
    /// Raises an alert.
    Alert(TransferId, Alert),
}

impl Effect {
    /// Returns the id of the transfer.
    #[must_use]
    pub const fn transfer_id(&self) -> TransferId {
        match self {
            Self::RequestPosting(posting) => posting.id,
            Self::SendRequest(request) => request.id,
            Self::SendReversal(reversal) => reversal.id,
            Self::Respond(response) => response.id,
            Self::CancelPosting(id)
            | Self::SendStatusInquiry(id, _)
            | Self::NotifyChannel(id, _)
            | Self::Alert(id, _) => *id,
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

/// The transfer status that channels see.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TransferStatus {
    /// The order is accepted, and no request was sent.
    Initiated,
    /// The debit stands, and the request is sent or about to be.
    Processing,
    /// The outcome is unknown, or two outcomes conflict.
    Pending,
    /// The transfer succeeded.
    Settled,
    /// The transfer failed, and the refund is in progress.
    Refunding,
    /// The transfer failed, and the customer is refunded.
    Refunded,
    /// The transfer was rejected before a request was sent. No debit stands.
    Rejected,
}

/// A posting command to core. All its fields follow from the transfer, so that each repeat is identical.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Posting {
    /// The id of the transfer, which is also the id of the posting.
    pub id: TransferId,
    /// The side of the account.
    pub side: Side,
    /// The account at our bank.
    pub account: AccountNumber,
    /// The amount.
    pub amount: Amount,
    /// The other bank.
    pub counterparty: Institution,
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

/// A request with a debit receipt behind it. Only such a request can be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FundedRequest {
    id: TransferId,
    trace: TraceNumbers,
    write_by: Moment,
}

impl FundedRequest {
    pub(super) const fn new(
        id: TransferId,
        trace: TraceNumbers,
        write_by: Moment,
        _proof: &super::DebitReceipt,
    ) -> Self {
        Self { id, trace, write_by }
    }

    /// Returns the id of the transfer.
    #[must_use]
    pub const fn id(&self) -> TransferId {
        self.id
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

/// A reversal to send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutgoingReversal {
    /// The id of the transfer.
    pub id: TransferId,
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
    /// Core lacks a posting that it confirmed, or has another posting with our id.
    CoreDiffers,
    /// A decided fact cannot follow the state: a defect of this program. The decision was dropped.
    InternalError,
}
