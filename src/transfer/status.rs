//! The statuses that the outside sees.

use std::sync::Arc;

use super::core_reply::Refusal;
use super::order::{Order, TraceNumbers};
use crate::codes::{inbound_state, transfer_status};

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

impl TransferStatus {
    /// All statuses.
    pub const ALL: [Self; 7] = [
        Self::Initiated,
        Self::Processing,
        Self::Pending,
        Self::Settled,
        Self::Refunding,
        Self::Refunded,
        Self::Rejected,
    ];

    /// Returns the code that channels, metrics and reports see.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Initiated => transfer_status::INITIATED,
            Self::Processing => transfer_status::PROCESSING,
            Self::Pending => transfer_status::PENDING,
            Self::Settled => transfer_status::SETTLED,
            Self::Refunding => transfer_status::REFUNDING,
            Self::Refunded => transfer_status::REFUNDED,
            Self::Rejected => transfer_status::REJECTED,
        }
    }
}

/// The status of an outbound transfer as it was decided: all that an answer to a channel and the metrics need.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatusReport {
    /// The order. For a repeated request, the order of the original transfer.
    pub order: Arc<Order>,
    /// The status.
    pub status: TransferStatus,
    /// The trace numbers of the request; `None` before it has any.
    pub trace: Option<TraceNumbers>,
    /// Why the money did not move, if it did not.
    pub failure: Option<FailureReason>,
}

/// Why the money of a transfer did not move, or why an account cannot be paid to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FailureReason {
    /// Core or the other bank refused.
    Refused(Refusal),
    /// The request was not sent: no link could carry it.
    NotSent,
    /// The outcome was unknown, and the transfer was reversed.
    Reversed,
}

/// The outcome of an inbound transfer, for the metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum InboundStatus {
    /// The request is approved.
    Settled,
    /// The request is declined.
    Rejected,
    /// Core confirmed that no posting stands any more.
    Reversed,
    /// Core confirmed that a part of the amount is returned.
    PartiallyReversed,
}

impl InboundStatus {
    /// All statuses.
    pub const ALL: [Self; 4] =
        [Self::Settled, Self::Rejected, Self::Reversed, Self::PartiallyReversed];

    /// Returns the code that metrics show.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Settled => transfer_status::SETTLED,
            Self::Rejected => transfer_status::REJECTED,
            Self::Reversed => inbound_state::REVERSED,
            Self::PartiallyReversed => inbound_state::PARTIALLY_REVERSED,
        }
    }
}
