//! The replies of core, which both directions share.

use serde::{Deserialize, Serialize};

/// Core's reply to `PUT /postings/{id}`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum PostingReply {
    /// The posting is made, now or by an earlier command.
    #[serde(rename = "posted")]
    Posted,
    /// Core refused to make the posting.
    #[serde(rename = "refused")]
    Refused(Refusal),
    /// Core has another posting with this id.
    #[serde(rename = "conflict")]
    Conflict,
    /// The id was cancelled before. No posting can be made under it.
    #[serde(rename = "barred")]
    Barred,
    /// No reply, or a reply that gives no outcome.
    #[serde(rename = "unknown")]
    Unknown,
}

/// Why core refuses a posting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Refusal {
    /// The account has insufficient funds.
    #[serde(rename = "insufficient_funds")]
    InsufficientFunds,
    /// The account is closed, blocked or dormant.
    #[serde(rename = "inactive_account")]
    InactiveAccount,
    /// The account does not exist.
    #[serde(rename = "no_such_account")]
    NoSuchAccount,
    /// A limit of the account is exceeded.
    #[serde(rename = "limit")]
    Limit,
    /// The original of a partial reversal is unknown, not in effect, or not of the same account.
    #[serde(rename = "no_such_original")]
    NoSuchOriginal,
    /// All reversals of the posting together are above its amount.
    #[serde(rename = "above_original")]
    AboveOriginal,
    /// An operator closed the service. Core never says so.
    #[serde(rename = "service_closed")]
    ServiceClosed,
    /// Any other reason.
    #[serde(rename = "other")]
    Other,
}

/// Core's reply to `DELETE /postings/{id}`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum CancelReply {
    /// No posting stands under the id. Holds what core had before.
    #[serde(rename = "cancelled")]
    Cancelled(PriorPosting),
    /// Core refused the cancel: for example, the account cannot be credited, or the period is closed.
    #[serde(rename = "refused")]
    Refused,
    /// No reply, or a reply that gives no outcome.
    #[serde(rename = "unknown")]
    Unknown,
}

/// What core had under the id of a posting when it was cancelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum PriorPosting {
    /// A posting, which is now reversed.
    #[serde(rename = "posted")]
    Posted,
    /// No posting. The id is now barred.
    #[serde(rename = "absent")]
    Absent,
    /// A posting or an id that was cancelled before.
    #[serde(rename = "cancelled")]
    Cancelled,
}
