//! The order of an outbound transfer, its trace numbers, and the response of the switch.

use serde::{Deserialize, Serialize};

use crate::values::{
    AccountNumber, Amount, Date, Institution, MerchantType, Moment, Name, Pan, ProcessingCode,
    Reference, ResponseCode, Rrn, Stan, Terminal, TransferId, unmasked,
};

/// The order that a channel gives. It never changes.
///
/// The kind of transfer is data. An interbank transfer and a QRIS payment debit our customer's account. A cash
/// withdrawal of another bank's customer at our machine debits the account of the machine. In each case `from` is
/// debited before a request is sent, and is refunded if the transfer fails.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    /// The id of the transfer.
    #[serde(rename = "id")]
    pub id: TransferId,
    /// The processing code (DE3).
    #[serde(rename = "processing_code")]
    pub kind: ProcessingCode,
    /// The amount.
    #[serde(rename = "amount")]
    pub amount: Amount,
    /// The account to debit, at our bank.
    #[serde(rename = "source_account", with = "unmasked")]
    pub from: AccountNumber,
    /// The account of the beneficiary.
    #[serde(rename = "beneficiary_account", with = "unmasked")]
    pub to: AccountNumber,
    /// The card number, if a card identifies the account.
    #[serde(
        rename = "pan",
        with = "unmasked::option",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub pan: Option<Pan>,
    /// The other bank.
    #[serde(rename = "counterparty")]
    pub counterparty: Institution,
    /// Who debits the account.
    #[serde(rename = "funding")]
    pub funding: Funding,
    /// Details that no decision depends on.
    #[serde(rename = "details")]
    pub details: TransferDetails,
}

/// Details of a transfer for the switch and the channel. No decision depends on them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TransferDetails {
    /// The merchant type (DE18), which identifies the kind of channel.
    #[serde(rename = "merchant_type")]
    pub merchant: MerchantType,
    /// The terminal of the channel (DE41).
    #[serde(rename = "terminal")]
    pub terminal: Terminal,
    /// The name of the sender.
    #[serde(
        rename = "sender_name",
        with = "unmasked::option",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub sender: Option<Name>,
    /// The name of the beneficiary.
    #[serde(
        rename = "beneficiary_name",
        with = "unmasked::option",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub beneficiary: Option<Name>,
    /// The customer's reference: free text, so it is personal.
    #[serde(
        rename = "reference",
        with = "unmasked::option",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub reference: Option<Reference>,
    /// The channel's references.
    #[serde(rename = "channel", default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<ChannelReference>,
}

/// A channel's references for a transfer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChannelReference {
    /// The partner id of the channel.
    #[serde(rename = "partner")]
    pub partner: Reference,
    /// The partner's reference number of the transfer.
    #[serde(rename = "partner_reference")]
    pub reference: Reference,
    /// The partner's number of the request, unique in a day (`X-EXTERNAL-ID`).
    #[serde(rename = "external_id")]
    pub request: Reference,
}

/// Who debits the account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Funding {
    /// The program requests the debit from core banking.
    #[serde(rename = "core")]
    Core,
    /// The channel made the debit before its order, under this reference. It makes the refund itself if the transfer
    /// fails.
    #[serde(rename = "caller")]
    Caller(Reference),
}

/// The trace numbers of a message of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct TraceNumbers {
    /// The system trace audit number (DE11).
    #[serde(rename = "stan")]
    pub stan: Stan,
    /// The retrieval reference number (DE37).
    #[serde(rename = "rrn")]
    pub rrn: Rrn,
    /// The transmission date and time (DE7).
    #[serde(rename = "transmitted_at")]
    pub transmitted_at: Moment,
    /// The settlement date: the business date of the network at that time.
    #[serde(rename = "settlement_date")]
    pub settlement_date: Date,
}

/// The fields of a response of the switch, as far as the message has them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResponseFields {
    /// The response code (DE39).
    pub code: ResponseCode,
    /// The amount.
    pub amount: Option<Amount>,
    /// The processing code.
    pub kind: Option<ProcessingCode>,
    /// The source account.
    pub from: Option<AccountNumber>,
    /// The beneficiary account.
    pub to: Option<AccountNumber>,
    /// The card.
    pub card: Card,
    /// Whether the response has every field that the network requires.
    pub is_complete: bool,
}

impl ResponseFields {
    /// Compares these fields with an order and returns the result as a response.
    #[must_use]
    pub fn response_to(&self, order: &Order) -> SwitchResponse {
        let echoes_match = self.is_complete
            && self.kind.is_none_or(|kind| kind == order.kind)
            && self.from.is_none_or(|account| account == order.from)
            && self.to.is_none_or(|account| account == order.to)
            && self.card.matches(order.pan);
        SwitchResponse {
            code: self.code,
            amount: self.amount.unwrap_or(order.amount),
            echoes_match,
        }
    }
}

/// The card number field (DE2) of a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Card {
    /// The field is absent.
    NotStated,
    /// The field holds the placeholder for a transfer without a card.
    NoCard,
    /// The card number.
    Number(Pan),
}

impl Card {
    fn matches(self, pan: Option<Pan>) -> bool {
        match self {
            Self::NotStated => true,
            Self::NoCard => pan.is_none(),
            Self::Number(number) => pan == Some(number),
        }
    }
}

/// A response of the switch, compared with the order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SwitchResponse {
    /// The response code (DE39).
    #[serde(rename = "response_code")]
    pub code: ResponseCode,
    /// The amount in the response.
    #[serde(rename = "amount")]
    pub amount: Amount,
    /// Whether every other echoed field equals the one sent.
    #[serde(rename = "echoes_match")]
    pub echoes_match: bool,
}

impl SwitchResponse {
    /// Whether the response belongs to this order: amount and echoed fields are equal.
    #[must_use]
    pub fn matches(&self, order: &Order) -> bool {
        self.echoes_match && self.amount == order.amount
    }
}

/// The source of trace numbers and random numbers. The caller passes it in, so that decisions stay deterministic.
pub trait TraceSource {
    /// Returns trace numbers that were not used on this business date.
    fn trace(&mut self, at: Moment) -> TraceNumbers;

    /// Returns a random number for jitter.
    fn draw(&mut self) -> u32;
}
