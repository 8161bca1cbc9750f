//! What goes over HTTP, as `specs/core-banking.openapi.yaml` says it: written by the client, read by the server, and back.

use serde::{Deserialize, Serialize};

use crate::transfer::{Posting, Refusal, Side, Was};
use crate::values::{
    AccountNumber, Amount, Institution, Money, MoneyError, Name, TransferId, whole,
};

/// The body of `PUT /postings/{id}`. Of one transfer it is always the same, byte by byte, so nothing in it may come from anywhere
/// but the posting, and its text must not change from one version of the program to the next.
#[derive(PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct PostingBody {
    pub(super) transfer_id: TransferId,
    direction: Side,
    #[serde(with = "whole")]
    account: AccountNumber,
    amount: MoneyBody,
    counterparty: Institution,
    narrative: String,
}

impl From<&Posting> for PostingBody {
    fn from(posting: &Posting) -> Self {
        let Posting { id, side, account, amount, counterparty } = *posting;
        let way = match side {
            Side::Debit => "to",
            Side::Credit => "from",
        };
        Self {
            transfer_id: id,
            direction: side,
            account,
            amount: amount.into(),
            counterparty,
            narrative: format!("Interbank transfer {way} bank {counterparty}"),
        }
    }
}

impl PostingBody {
    /// The posting that it asks for; `None` if it isn't one that this program asks for.
    pub(super) fn posting(&self) -> Option<Posting> {
        let Self { transfer_id, direction, account, counterparty, .. } = *self;
        let amount = self.amount.amount()?;
        let posting = Posting { id: transfer_id, side: direction, account, amount, counterparty };
        (Self::from(&posting) == *self).then_some(posting)
    }
}

/// An amount.
#[derive(PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct MoneyBody {
    value: String,
    currency: String,
}

impl From<Amount> for MoneyBody {
    fn from(amount: Amount) -> Self {
        let money = Money(amount);
        Self { value: money.to_string(), currency: money.letters() }
    }
}

impl MoneyBody {
    pub(super) fn amount(&self) -> Option<Amount> {
        let currency = Money::currency(&self.currency)?;
        match Money::minor(&self.value) {
            Ok(minor) => Some(Amount::new(minor, currency)),
            Err(MoneyError::Zero) => Some(Amount::new(0, currency)),
            Err(MoneyError::Value) => None,
        }
    }
}

/// How a posting stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum State {
    /// It is made.
    Posted,
    /// It is not made and won't be.
    Refused,
    /// It stands no more, or never did, and won't be made.
    Cancelled,
}

/// What is said of a posting, with 200, 201, 409 and 410.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct StateBody {
    /// Of which; a core that leaves it out is believed.
    pub(super) transfer_id: Option<TransferId>,
    pub(super) state: State,
}

/// What is said of a cancelled posting.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CancelBody {
    /// Of which; a core that leaves it out is believed.
    pub(super) transfer_id: Option<TransferId>,
    pub(super) was: Was,
}

/// Why something is refused.
#[derive(Serialize, Deserialize)]
pub(super) struct RefusalBody {
    pub(super) reason: Reason,
}

/// A reason; one that isn't known here is a reason still.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
pub(super) enum Reason {
    /// One of the specification's.
    Known(Refusal),
    /// Another.
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

/// What is known of an account.
#[derive(Serialize, Deserialize)]
pub(super) struct AccountBody {
    #[serde(with = "whole")]
    pub(super) name: Name,
    pub(super) status: Status,
    pub(super) currency: String,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(super) balance: Option<MoneyBody>,
}

/// Whether an account can be posted to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Status {
    /// It can.
    Active,
    /// Not now.
    Blocked,
    /// Not until its holder comes to the bank.
    Dormant,
    /// Never again.
    Closed,
}
