//! What a transfer is about: who pays whom how much, and under which numbers it goes over the wire.

use crate::values::{
    AccountNumber, Amount, Institution, Moment, Pan, ProcessingCode, ResponseCode, Rrn, Stan,
    TransferId,
};

/// What is to be moved. It never changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// The transfer.
    pub id: TransferId,
    /// What kind of movement it is, as the network codes it.
    pub kind: ProcessingCode,
    /// How much.
    pub amount: Amount,
    /// The account that pays.
    pub from: AccountNumber,
    /// The account that is paid.
    pub to: AccountNumber,
    /// The card that stands for the account that pays, where there is one.
    pub pan: Option<Pan>,
    /// The other bank.
    pub counterparty: Institution,
    /// Who makes the posting in our books.
    pub funding: Funding,
}

/// Who debits the customer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Funding {
    /// The program asks core banking for a posting.
    Core,
    /// The channel has debited before it asked, and says under which reference. It gives the money back
    /// itself when the transfer fails.
    Caller(DebitReference),
}

/// The channel's reference of a debit that it made: 1 to 64 printable characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DebitReference(Box<str>);

impl DebitReference {
    /// `None` if it is empty, too long or not printable ASCII.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        let fits = (1..=64).contains(&text.len())
            && text.bytes().all(|byte| (b' '..=b'~').contains(&byte));
        fits.then(|| Self(text.into()))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Proof that a posting stands in the books. Only a core that says so, or a caller's reference, makes one;
/// without it no financial request can be put together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    proof: Proof,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Proof {
    Posted { at: Moment },
    Caller(DebitReference),
}

impl Receipt {
    /// Core says that the posting is made.
    pub(super) const fn posted(at: Moment) -> Self {
        Self { proof: Proof::Posted { at } }
    }

    /// The channel says so, where it debits itself.
    pub(super) const fn caller(reference: DebitReference) -> Self {
        Self { proof: Proof::Caller(reference) }
    }
}

/// The numbers that a message goes under.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Trace {
    /// The system trace audit number.
    pub stan: Stan,
    /// The retrieval reference number.
    pub rrn: Rrn,
    /// When it was made, for the transmission date and time.
    pub at: Moment,
}

/// What an answer says, and of what: the fields that must be as they were sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
