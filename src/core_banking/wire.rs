//! The HTTP bodies of `specs/core-banking.openapi.yaml`, for the client and the server.

use serde::{Deserialize, Serialize};

use crate::transfer::{Posting, PriorPosting, Refusal, Side};
use crate::values::{AccountNumber, Institution, MoneyJson, Name, TransferId, unmasked};

/// The body of `PUT /postings/{id}`. For one transfer it is always the same, byte by byte. So it depends only on the posting,
/// and its text must not change between versions of the program.
#[derive(PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct PostingBody {
    pub(super) transfer_id: TransferId,
    direction: Side,
    #[serde(with = "unmasked")]
    account: AccountNumber,
    amount: MoneyJson,
    counterparty: Institution,
    narrative: String,
}

impl From<&Posting> for PostingBody {
    fn from(posting: &Posting) -> Self {
        let Posting { id, side, account, amount, counterparty, reverses: _ } = *posting;
        let preposition = match side {
            Side::Debit => "to",
            Side::Credit => "from",
        };
        Self {
            transfer_id: id,
            direction: side,
            account,
            amount: amount.into(),
            counterparty,
            narrative: format!("Interbank transfer {preposition} bank {counterparty}"),
        }
    }
}

impl PostingBody {
    /// Returns the requested posting; `None` if this program would not send such a body.
    pub(super) fn posting(&self) -> Option<Posting> {
        let Self { transfer_id, direction, account, counterparty, .. } = *self;
        let amount = self.amount.amount()?;
        let posting = Posting {
            id: transfer_id,
            side: direction,
            account,
            amount,
            counterparty,
            reverses: None,
        };
        (Self::from(&posting) == *self).then_some(posting)
    }
}

/// The state of a posting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum PostingState {
    /// Posted.
    #[serde(rename = "posted")]
    Posted,
    /// Refused, for ever.
    #[serde(rename = "refused")]
    Refused,
    /// Cancelled or barred, for ever.
    #[serde(rename = "cancelled")]
    Cancelled,
}

/// The body of the state of a posting, with status 200, 201, 409 and 410.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct StateBody {
    /// The transfer. A core may leave it out.
    pub(super) transfer_id: Option<TransferId>,
    pub(super) state: PostingState,
}

/// The body of a confirmed cancel.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CancelBody {
    /// The transfer. A core may leave it out.
    pub(super) transfer_id: Option<TransferId>,
    pub(super) was: PriorPosting,
}

/// The body of a refusal.
#[derive(Serialize, Deserialize)]
pub(super) struct RefusalBody {
    pub(super) reason: Reason,
}

/// The reason of a refusal. A reason that this program does not know is still a refusal.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
pub(super) enum Reason {
    /// A reason of the specification.
    Known(Refusal),
    /// Another reason.
    Other(String),
}

impl Reason {
    pub(super) fn refusal(&self) -> Refusal {
        match self {
            Self::Known(refusal) => *refusal,
            Self::Other(_) => Refusal::Other,
        }
    }
}

/// The body of an account inquiry's reply.
#[derive(Serialize, Deserialize)]
pub(super) struct AccountBody {
    #[serde(with = "unmasked")]
    pub(super) name: Name,
    pub(super) status: AccountStatus,
    pub(super) currency: String,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(super) balance: Option<MoneyJson>,
}

/// The status of an account. Only an active account accepts postings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum AccountStatus {
    /// Accepts postings.
    #[serde(rename = "active")]
    Active,
    /// Blocked for now.
    #[serde(rename = "blocked")]
    Blocked,
    /// Unused; the holder must reactivate it.
    #[serde(rename = "dormant")]
    Dormant,
    /// Closed for ever.
    #[serde(rename = "closed")]
    Closed,
}
