//! What a transfer is about: who pays whom how much, and under which numbers it goes over the wire.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::values::{
    AccountNumber, Amount, Date, Institution, MerchantType, Moment, Name, Pan, ProcessingCode,
    Reference, ResponseCode, Rrn, Stan, Terminal, TransferId, whole,
};

/// What is to be moved. It never changes.
///
/// What kind of movement it is, is data: an interbank transfer and a QRIS payment take the money from our customer's
/// account, cash that another bank's customer takes at our machine takes it from the machine's. In each of them
/// `from` is debited before anything is sent, and has it back when the other bank does not pay.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    /// The transfer.
    pub id: TransferId,
    /// What kind of movement it is, as the network codes it.
    pub kind: ProcessingCode,
    /// How much.
    pub amount: Amount,
    /// The account that pays, at our bank.
    #[serde(with = "whole")]
    pub from: AccountNumber,
    /// The account that is paid.
    #[serde(with = "whole")]
    pub to: AccountNumber,
    /// The card that stands for an account, where there is one.
    #[serde(with = "whole::option", default, skip_serializing_if = "Option::is_none")]
    pub pan: Option<Pan>,
    /// The other bank.
    pub counterparty: Institution,
    /// Who makes the posting in our books.
    pub funding: Funding,
    /// What is said besides.
    pub particulars: Arc<Particulars>,
}

/// What is said of a transfer besides its money, on the wire and to the channel. No decision rests on it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Particulars {
    /// The channel's kind.
    pub merchant: MerchantType,
    /// The channel's terminal.
    pub terminal: Terminal,
    /// Whose the account is that pays.
    #[serde(with = "whole::option", default, skip_serializing_if = "Option::is_none")]
    pub sender: Option<Name>,
    /// Whose the account is that is paid.
    #[serde(with = "whole::option", default, skip_serializing_if = "Option::is_none")]
    pub beneficiary: Option<Name>,
    /// What the customer calls it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<Reference>,
    /// What the channel calls it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<ChannelReference>,
}

/// What a channel calls a transfer that it asks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChannelReference {
    /// Who asks.
    pub partner: Reference,
    /// Its number of the transfer.
    pub reference: Reference,
    /// Its number of the request, unique in a day.
    pub request: Reference,
}

/// Who debits the customer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Funding {
    /// The program asks core banking for a posting.
    Core,
    /// The channel has debited before it asked, and says under which reference. It gives the money back
    /// itself when the transfer fails.
    Caller(Reference),
}

/// Proof that a posting stands in the books. Only a core that says so, or a caller's reference, makes one;
/// without it no financial request can be put together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    proof: Proof,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Proof {
    Posted { at: Moment },
    Caller(Reference),
}

impl Receipt {
    /// Core says that the posting is made.
    pub(super) const fn posted(at: Moment) -> Self {
        Self { proof: Proof::Posted { at } }
    }

    /// The channel says so, where it debits itself.
    pub(super) const fn caller(reference: Reference) -> Self {
        Self { proof: Proof::Caller(reference) }
    }
}

/// How a receipt is written in the journal, and read again: as good then as when core said it. For the facts that
/// hold one, and nothing else.
pub(super) mod receipt {
    use serde::{Deserialize as _, Deserializer, Serialize as _, Serializer};

    use super::{Proof, Receipt};

    pub(in crate::transfer) fn serialize<S: Serializer>(
        receipt: &Receipt,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        receipt.proof.serialize(serializer)
    }

    pub(in crate::transfer) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Receipt, D::Error> {
        Proof::deserialize(deserializer).map(|proof| Receipt { proof })
    }
}

/// The numbers that a message goes under.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Trace {
    /// The system trace audit number.
    pub stan: Stan,
    /// The retrieval reference number.
    pub rrn: Rrn,
    /// When it was made, for the transmission date and time.
    pub at: Moment,
    /// The business date of the network then: the day on which the switch settles it.
    pub settles: Date,
}

/// What an answer says, and of what, as far as it says so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heard {
    /// The response code.
    pub code: ResponseCode,
    /// The amount.
    pub amount: Option<Amount>,
    /// The kind of movement.
    pub kind: Option<ProcessingCode>,
    /// The account that pays.
    pub from: Option<AccountNumber>,
    /// The account that is paid.
    pub to: Option<AccountNumber>,
    /// The card.
    pub card: Card,
    /// Whether it has all that an answer of the network must have.
    pub whole: bool,
}

impl Heard {
    /// A code, and the amount that it is about.
    #[must_use]
    pub const fn new(code: ResponseCode, amount: Amount) -> Self {
        let amount = Some(amount);
        Self { code, amount, kind: None, from: None, to: None, card: Card::Unsaid, whole: true }
    }

    /// The answer that it is to an order.
    #[must_use]
    pub fn to(&self, order: &Order) -> Answer {
        let echoes = self.whole
            && same(self.kind.as_ref(), Some(&order.kind))
            && same(self.from.as_ref(), Some(&order.from))
            && same(self.to.as_ref(), Some(&order.to))
            && self.card.may_be(order.pan);
        Answer { code: self.code, amount: self.amount.unwrap_or(order.amount), echoes }
    }
}

/// What an answer says of the card.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Card {
    /// Nothing.
    Unsaid,
    /// That there is none: it has what stands for it.
    None,
    /// Its number.
    Number(Pan),
}

impl Card {
    fn may_be(self, pan: Option<Pan>) -> bool {
        match self {
            Self::Unsaid => true,
            Self::None => pan.is_none(),
            Self::Number(number) => pan == Some(number),
        }
    }
}

/// Whether what was heard, if anything was, is what was said.
fn same<T: PartialEq>(heard: Option<&T>, said: Option<&T>) -> bool {
    heard.is_none() || heard == said
}

/// What an answer says, and of what: the fields that must be as they were sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// The response code.
    pub code: ResponseCode,
    /// The amount that the answer speaks of.
    pub amount: Amount,
    /// Whether every other field that must be echoed is as it was sent.
    pub echoes: bool,
}

impl Answer {
    /// Whether it speaks of this order.
    #[must_use]
    pub fn speaks_of(&self, order: &Order) -> bool {
        self.echoes && self.amount == order.amount
    }
}

/// Where new numbers come from. The caller gives it, so that deciding has no source of its own.
pub trait Numbers {
    /// A trace that is not in use and was not used this day.
    fn trace(&mut self, at: Moment) -> Trace;

    /// Any number, for jitter.
    fn draw(&mut self) -> u32;
}
