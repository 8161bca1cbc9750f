//! The requests and other messages of the switch about inbound transfers.

use serde::{Deserialize, Serialize};

use crate::transfer::effect::Side;
use crate::transfer::order::TransferDetails;
use crate::values::{
    AccountNumber, Amount, Institution, ProcessingCode, Rrn, Stan, TransferId, Transmission,
    unmasked,
};

/// The request of the switch. It never changes.
///
/// The kind of transfer is data. An interbank transfer and a QRIS payment credit our customer's account. A cash
/// withdrawal at another bank's machine debits it. A reversal cancels either.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InboundRequest {
    /// Our id of the transfer.
    #[serde(rename = "id")]
    pub id: TransferId,
    /// The processing code (DE3).
    #[serde(rename = "processing_code")]
    pub kind: ProcessingCode,
    /// The side of the posting: a transfer credits the account, a withdrawal debits it.
    #[serde(rename = "side")]
    pub side: Side,
    /// The account at our bank.
    #[serde(rename = "account", with = "unmasked")]
    pub account: AccountNumber,
    /// The account at the other bank, if the request names one.
    #[serde(
        rename = "other_account",
        with = "unmasked::option",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub other_account: Option<AccountNumber>,
    /// The amount.
    #[serde(rename = "amount")]
    pub amount: Amount,
    /// The other bank.
    #[serde(rename = "counterparty")]
    pub counterparty: Institution,
    /// The trace numbers of the request.
    #[serde(rename = "trace")]
    pub trace: InboundTrace,
    /// Details that no decision depends on.
    #[serde(rename = "details")]
    pub details: TransferDetails,
}

impl InboundRequest {
    /// Returns the message of a status inquiry about a transfer that is posted on this side. The inquiry names both
    /// accounts, but not the kind of transfer, so it does not say which account is ours.
    #[must_use]
    pub fn status_message(&self, side: Side) -> InboundMessage {
        let account = if self.side == side { Some(self.account) } else { self.other_account };
        InboundMessage { account: account.unwrap_or(self.account), ..self.into() }
    }
}

/// The trace numbers of a request of another bank.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct InboundTrace {
    /// The system trace audit number (DE11).
    #[serde(rename = "stan")]
    pub stan: Stan,
    /// The retrieval reference number (DE37).
    #[serde(rename = "rrn")]
    pub rrn: Rrn,
    /// The transmission date and time (DE7).
    #[serde(rename = "transmitted_at")]
    pub transmitted_at: Transmission,
}

/// A message of the switch about a recorded transfer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InboundMessage {
    /// Our id of the message, which addresses the response.
    #[serde(rename = "id")]
    pub id: TransferId,
    /// The amount in the message.
    #[serde(rename = "amount")]
    pub amount: Amount,
    /// The account in the message.
    #[serde(rename = "account", with = "unmasked")]
    pub account: AccountNumber,
}

impl From<&InboundRequest> for InboundMessage {
    fn from(request: &InboundRequest) -> Self {
        Self { id: request.id, amount: request.amount, account: request.account }
    }
}
