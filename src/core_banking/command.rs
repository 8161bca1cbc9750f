//! What the port asks of core, and what core replies.

use crate::transfer::{AccountReply, CancelReply, PartCancel, Posting, PostingReply};
use crate::values::{AccountNumber, TransferId};

/// A command to core.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CoreCommand {
    /// Make a posting. A repeat changes nothing.
    Post(Posting),
    /// Cancel the posting of a transfer, or bar it if it never came. A repeat changes nothing.
    Cancel(TransferId),
    /// Cancel the posting of a partial reversal, or bar it if it never came. A repeat changes nothing.
    CancelPart(PartCancel),
    /// Return the holder and status of an account, for an inquiry.
    Account(TransferId, AccountNumber),
}

/// Core's reply to a command, which may be "unknown". Each command gets one reply, except when the reply channel is full.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CoreReply {
    /// The reply to a posting.
    Posting(TransferId, PostingReply),
    /// The reply to a cancel.
    Cancel(TransferId, CancelReply),
    /// The reply to the posting of a partial reversal, with the id of the transfer whose posting it reverses in part.
    PartialReversal(TransferId, PostingReply),
    /// The reply to the cancel of such a posting, with the id of the transfer whose posting it reverses in part.
    PartCancel(TransferId, CancelReply),
    /// The reply to an account inquiry.
    Account(TransferId, AccountReply),
}

impl CoreCommand {
    /// Returns the posting or inquiry that the command belongs to.
    #[must_use]
    pub const fn id(&self) -> TransferId {
        match self {
            Self::Post(Posting { id, .. })
            | Self::Cancel(id)
            | Self::CancelPart(PartCancel { posting_id: id, .. })
            | Self::Account(id, _) => *id,
        }
    }

    /// Returns the reply "unknown" to this command.
    pub(super) const fn unknown(&self) -> CoreReply {
        match self {
            Self::Post(posting) => CoreReply::to_posting(posting, PostingReply::Unknown),
            Self::Cancel(id) => CoreReply::Cancel(*id, CancelReply::Unknown),
            Self::CancelPart(part) => CoreReply::PartCancel(part.transfer_id, CancelReply::Unknown),
            Self::Account(id, _) => CoreReply::Account(*id, AccountReply::Unknown),
        }
    }
}

impl CoreReply {
    /// Returns the reply to a posting, addressed to its transfer.
    pub(super) const fn to_posting(posting: &Posting, reply: PostingReply) -> Self {
        match posting.reverses {
            Some(transfer_id) => Self::PartialReversal(transfer_id, reply),
            None => Self::Posting(posting.id, reply),
        }
    }
}
