//! The HTTP bodies of `specs/core-banking.openapi.yaml`, for the client and the server.

use serde::{Deserialize, Serialize};

use crate::transfer::{Posting, PriorPosting, Refusal, Side};
use crate::values::{AccountNumber, Institution, MoneyJson, Name, TransferId, unmasked};

/// The body of `PUT /postings/{id}`. For one posting it is always the same, byte by byte. So it depends only on the posting,
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
    /// The posting that this one reverses in part: it has the id of its transfer.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    reverses: Option<TransferId>,
}

impl From<&Posting> for PostingBody {
    fn from(posting: &Posting) -> Self {
        let Posting { id: _, side, account, amount, counterparty, reverses } = *posting;
        let (title, transfer_side) = match reverses {
            None => ("Interbank transfer", side),
            Some(_) => ("Reversal of interbank transfer", side.opposite()),
        };
        let preposition = match transfer_side {
            Side::Debit => "to",
            Side::Credit => "from",
        };
        Self {
            transfer_id: posting.transfer_id(),
            direction: side,
            account,
            amount: amount.into(),
            counterparty,
            narrative: format!("{title} {preposition} bank {counterparty}"),
            reverses,
        }
    }
}

impl PostingBody {
    /// Returns the requested posting with this id; `None` if this program would not send such a body.
    pub(super) fn posting(&self, id: TransferId) -> Option<Posting> {
        let Self { direction: side, account, counterparty, reverses, .. } = *self;
        let amount = self.amount.amount()?;
        let posting = Posting { id, side, account, amount, counterparty, reverses };
        (Self::from(&posting) == *self && reverses != Some(id)).then_some(posting)
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
    /// The id of the posting. A core may leave it out.
    pub(super) id: Option<TransferId>,
    pub(super) state: PostingState,
}

/// The body of a confirmed cancel.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CancelBody {
    /// The id of the posting. A core may leave it out.
    pub(super) id: Option<TransferId>,
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
