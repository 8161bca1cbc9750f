//! A reversal of the switch: how its original is found, and how much of it goes back.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::request::{InboundMessage, InboundRequest};
use crate::values::{Amount, IdempotencyKey, Moment, TransferId};

/// A reversal of the switch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InboundReversal {
    /// The original request, as far as the reversal knows it. Its id is that of the reversal message.
    pub request: Arc<InboundRequest>,
    /// The duplicate key of the reversal message. Its repeats have the same.
    pub key: IdempotencyKey,
    /// How the original is found.
    pub original: OriginalSearch,
    /// The actual amount of a partial reversal: what stays of the original amount. `None` for a full reversal.
    pub actual: Option<Amount>,
}

impl InboundReversal {
    /// Returns the reversal with this key as its only original.
    #[must_use]
    pub fn with_original(self, key: IdempotencyKey) -> Self {
        let steps = vec![OriginalStep::Key(key)];
        Self { original: OriginalSearch { steps, barred_key: Some(key) }, ..self }
    }

    /// Returns the message for the transfer that was found.
    #[must_use]
    pub fn message(&self) -> ReversalMessage {
        let message = (&*self.request).into();
        ReversalMessage { message, key: self.key, actual: self.actual }
    }

    /// Returns the key that is barred if no original is found. A partial reversal bars nothing, because the rest of its
    /// original may still come.
    #[must_use]
    pub fn barred_key(&self) -> Option<IdempotencyKey> {
        self.original.barred_key.filter(|_| self.actual.is_none())
    }
}

/// How the original of a reversal is found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OriginalSearch {
    /// The steps, in order. The first step that finds a request ends the search. There is none if the parts
    /// of the reversal exclude each other.
    pub steps: Vec<OriginalStep>,
    /// The key of the original, if no step finds it and it may still arrive.
    pub barred_key: Option<IdempotencyKey>,
}

/// A step of the search for an original.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OriginalStep {
    /// By the key of the request.
    Key(IdempotencyKey),
    /// By the RRN, among the requests of the same bank that came since then.
    Reference {
        /// The earliest time of the request.
        since: Moment,
    },
}

/// A reversal of a recorded transfer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReversalMessage {
    /// The message.
    #[serde(rename = "message")]
    pub message: InboundMessage,
    /// The duplicate key of the message. Its repeats have the same.
    #[serde(rename = "key")]
    pub key: IdempotencyKey,
    /// The actual amount of a partial reversal: what stays of the original amount. `None` for a full reversal.
    #[serde(rename = "actual", default, skip_serializing_if = "Option::is_none")]
    pub actual: Option<Amount>,
}

/// What a manual resolution decided about the part of a partial reversal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum PartEnd {
    /// The bank returned the part in core by hand.
    #[serde(rename = "returned_by_hand")]
    ReturnedByHand,
    /// The part stays with our customer, and the bank bears the loss.
    #[serde(rename = "written_off")]
    WrittenOff,
}

/// The posting that returns a part of the amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct PartialReversal {
    /// The id of the posting: that of the reversal message.
    #[serde(rename = "posting_id")]
    pub posting_id: TransferId,
    /// What stays of the original amount.
    #[serde(rename = "actual")]
    pub actual: Amount,
    /// What goes back.
    #[serde(rename = "returned")]
    pub returned: Amount,
}
