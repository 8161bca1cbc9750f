//! What our messages know: the words that a profile makes data elements of.

use std::io::Write as _;

use crate::iso8583::Mti;
use crate::transfer::{Inquiry, Order, Particulars, Trace};
use crate::values::{
    AccountNumber, Amount, Date, Institution, Name, Offset, Pan, ProcessingCode, ResponseCode,
    TimeOfDay, Transmission,
};

/// Our bank, as the network knows it.
#[derive(Clone, Debug)]
pub struct Bank {
    /// Its code, DE32 of what it asks.
    pub code: Institution,
    /// The code of whoever forwards for it, DE33.
    pub forwarder: Institution,
    /// Stands before an account number where a network wants a card number and there is none.
    pub iin: Pan,
}

/// Declares the words with their names.
macro_rules! words {
    ($($word:ident $name:literal $doc:literal,)+) => {
        /// Something that a message knows.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub(super) enum Word {
            $(#[doc = $doc] $word,)+
        }

        impl Word {
            pub(super) const ALL: [Self; [$($name),+].len()] = [$(Self::$word),+];

            /// What it is called in a profile.
            pub(super) const fn name(self) -> &'static str {
                match self {
                    $(Self::$word => $name,)+
                }
            }
        }
    };
}

words! {
    Pan "pan" "The card number, or what stands for it.",
    Kind "kind" "The processing code.",
    Amount "amount" "The amount in minor units.",
    Currency "currency" "Its currency.",
    Transmission "transmission" "When the message was made, in UTC.",
    Stan "stan" "The number of the message.",
    LocalTime "local_time" "When the transaction was made, at the bank.",
    LocalDate "local_date" "The day of that.",
    Settles "settles" "The business date of the transaction.",
    Merchant "merchant" "The kind of the channel.",
    Terminal "terminal" "The terminal of the channel.",
    Acquirer "acquirer" "Our bank.",
    Forwarder "forwarder" "Who forwards for our bank.",
    Receiver "receiver" "The other bank.",
    Rrn "rrn" "The number that follows the transaction.",
    From "from" "The account that pays.",
    To "to" "The account that is paid.",
    Sender "sender" "Whose the account is that pays.",
    Beneficiary "beneficiary" "Whose the account is that is paid.",
    Reference "reference" "What the customer calls it.",
    Reason "reason" "Why it is reversed.",
    OriginalMti "original_mti" "The type of the message that is reversed.",
    OriginalStan "original_stan" "Its number.",
    OriginalTransmission "original_transmission" "When it was made.",
}

impl Word {
    /// What an answer of ours knows.
    pub(super) const OF_ANSWERS: [Self; 2] = [Self::Stan, Self::Beneficiary];
}

/// A message of ours, as far as its data elements go.
#[derive(Clone, Copy, Debug)]
pub(super) struct Said<'a> {
    pub(super) bank: &'a Bank,
    /// Of local times and dates.
    pub(super) offset: Offset,
    pub(super) kind: ProcessingCode,
    pub(super) amount: Amount,
    pub(super) pan: Option<&'a Pan>,
    pub(super) from: &'a AccountNumber,
    pub(super) to: &'a AccountNumber,
    pub(super) receiver: &'a Institution,
    pub(super) particulars: &'a Particulars,
    /// The numbers of the message.
    pub(super) trace: Trace,
    /// The numbers and the type of the request that it reverses.
    pub(super) original: Option<(Mti, Trace)>,
    pub(super) reason: Option<ResponseCode>,
}

impl<'a> Said<'a> {
    pub(super) fn of_order(order: &'a Order, bank: &'a Bank, offset: Offset, trace: Trace) -> Self {
        Self {
            bank,
            offset,
            kind: order.kind,
            amount: order.amount,
            pan: order.pan.as_ref(),
            from: &order.from,
            to: &order.to,
            receiver: &order.counterparty,
            particulars: &order.particulars,
            trace,
            original: None,
            reason: None,
        }
    }

    pub(super) fn of_inquiry(
        inquiry: &'a Inquiry,
        bank: &'a Bank,
        offset: Offset,
        trace: Trace,
    ) -> Self {
        Self {
            bank,
            offset,
            kind: inquiry.kind,
            amount: inquiry.amount,
            pan: None,
            from: &inquiry.from,
            to: &inquiry.account,
            receiver: &inquiry.counterparty,
            particulars: &inquiry.particulars,
            trace,
            original: None,
            reason: None,
        }
    }

    /// Writes a word behind what `into` holds; nothing, where the message does not know it.
    pub(super) fn write(&self, word: Word, into: &mut Vec<u8>) {
        let original = self.original.map_or(self.trace, |(_, trace)| trace);
        // A vector takes all that is written to it.
        let _ = match word {
            Word::Pan => return self.write_pan(into),
            Word::Kind => write!(into, "{}", self.kind),
            Word::Amount => write!(into, "{}", self.amount.minor()),
            Word::Currency => write!(into, "{}", self.amount.currency()),
            Word::Transmission => write!(into, "{}", Transmission::of(self.trace.at)),
            Word::Stan => write!(into, "{}", self.trace.stan),
            Word::LocalTime => write!(into, "{}", TimeOfDay::of(original.at, self.offset)),
            Word::LocalDate => write!(into, "{}", Date::of(original.at, self.offset).month_day()),
            Word::Settles => write!(into, "{}", original.settles.month_day()),
            Word::Merchant => write!(into, "{}", self.particulars.merchant),
            Word::Terminal => write!(into, "{}", self.particulars.terminal),
            Word::Acquirer => write!(into, "{}", self.bank.code),
            Word::Forwarder => write!(into, "{}", self.bank.forwarder),
            Word::Receiver => write!(into, "{}", self.receiver),
            Word::Rrn => write!(into, "{}", original.rrn),
            Word::From => into.write_all(self.from.reveal().as_bytes()),
            Word::To => into.write_all(self.to.reveal().as_bytes()),
            Word::Sender => return write_name(self.particulars.sender.as_ref(), into),
            Word::Beneficiary => return write_name(self.particulars.beneficiary.as_ref(), into),
            Word::Reference => match &self.particulars.reference {
                Some(reference) => write!(into, "{reference}"),
                None => Ok(()),
            },
            Word::Reason => match self.reason {
                Some(reason) => write!(into, "{reason}"),
                None => Ok(()),
            },
            Word::OriginalMti => match self.original {
                Some((mti, _)) => into.write_all(&mti.to_ascii()),
                None => Ok(()),
            },
            Word::OriginalStan => write!(into, "{}", original.stan),
            Word::OriginalTransmission => write!(into, "{}", Transmission::of(original.at)),
        };
    }

    fn write_pan(&self, into: &mut Vec<u8>) {
        match self.pan {
            Some(pan) => into.extend_from_slice(pan.reveal().as_bytes()),
            None => stand_in(&self.bank.iin, self.from, into),
        }
    }
}

/// What stands for a card number where there is none: the bank's digits and as many of the account's as there is room.
pub(super) fn stand_in(iin: &Pan, account: &AccountNumber, into: &mut Vec<u8>) {
    let room = 19 - iin.reveal().len().min(19);
    into.extend_from_slice(iin.reveal().as_bytes());
    into.extend(account.reveal().bytes().filter(u8::is_ascii_digit).take(room));
}

/// Messages have ASCII alone: what a name has besides is shown as a question mark.
pub(super) fn write_name(name: Option<&Name>, into: &mut Vec<u8>) {
    let text = name.map(Name::reveal).unwrap_or_default();
    into.extend(
        text.chars().map(|char| u8::try_from(char).ok().filter(u8::is_ascii).unwrap_or(b'?')),
    );
}
