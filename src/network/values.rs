//! The values of our messages: the names in braces that a profile builds data elements from.

use std::io::Write as _;

use crate::iso8583::Mti;
use crate::transfer::{Inquiry, Order, TraceNumbers, TransferDetails};
use crate::values::{
    AccountNumber, Amount, Date, Institution, Name, Offset, Pan, ProcessingCode, ResponseCode,
    TimeOfDay, Transmission,
};

/// Our bank's identity in the network.
#[derive(Clone, Debug)]
pub struct Bank {
    /// The institution code (DE32 of our requests).
    pub code: Institution,
    /// The code of the forwarding institution (DE33).
    pub forwarder: Institution,
    /// The issuer identification number. With the account's digits it replaces the PAN (DE2) when there is not a card.
    pub iin: Pan,
}

/// Declares the values with their names in the profile.
macro_rules! values {
    ($($value:ident $name:literal $doc:literal,)+) => {
        /// The name of a value of a message.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub(super) enum ValueName {
            $(#[doc = $doc] $value,)+
        }

        impl ValueName {
            pub(super) const ALL: [Self; [$($name),+].len()] = [$(Self::$value),+];

            /// Returns the name in the profile.
            pub(super) const fn name(self) -> &'static str {
                match self {
                    $(Self::$value => $name,)+
                }
            }
        }
    };
}

values! {
    Pan "pan" "The card number (DE2), or its replacement when there is not a card.",
    ProcessingCode "processing_code" "The processing code (DE3).",
    Amount "amount" "The amount in minor units (DE4).",
    Currency "currency" "The currency, ISO 4217 numeric (DE49).",
    Transmission "transmission" "The transmission date and time of the message in UTC (DE7).",
    Stan "stan" "The STAN of the message (DE11).",
    LocalTime "local_time" "The local time of the transaction (DE12).",
    LocalDate "local_date" "The local date of the transaction (DE13).",
    SettlementDate "settlement_date" "The settlement date of the transaction (DE15).",
    MerchantType "merchant_type" "The merchant type of the channel (DE18).",
    TerminalId "terminal_id" "The terminal id of the channel (DE41).",
    Acquirer "acquirer" "Our bank (DE32).",
    Forwarder "forwarder" "The institution that forwards for our bank (DE33).",
    Receiver "receiver" "The other bank (DE100).",
    Rrn "rrn" "The RRN of the transaction (DE37).",
    SourceAccount "source_account" "The account that pays (DE102).",
    BeneficiaryAccount "beneficiary_account" "The account that is paid (DE103).",
    SenderName "sender_name" "The holder of the source account.",
    BeneficiaryName "beneficiary_name" "The holder of the beneficiary account.",
    CustomerReference "customer_reference" "The customer's reference.",
    ReversalReason "reversal_reason" "The reason of a reversal (DE39).",
    OriginalMti "original_mti" "The MTI of the request that is reversed (DE90).",
    OriginalStan "original_stan" "The STAN of the request that is reversed (DE90).",
    OriginalTransmission "original_transmission" "DE7 of the request that is reversed (DE90).",
}

impl ValueName {
    /// The values that our responses can carry.
    pub(super) const IN_RESPONSES: [Self; 2] = [Self::Stan, Self::BeneficiaryName];
}

/// The values of one message.
#[derive(Clone, Copy, Debug)]
pub(super) struct MessageValues<'a> {
    pub(super) bank: &'a Bank,
    /// The UTC offset of local times and dates.
    pub(super) offset: Offset,
    pub(super) processing_code: ProcessingCode,
    pub(super) amount: Amount,
    pub(super) pan: Option<&'a Pan>,
    pub(super) from: &'a AccountNumber,
    pub(super) to: &'a AccountNumber,
    pub(super) receiver: &'a Institution,
    pub(super) details: &'a TransferDetails,
    /// The trace numbers of the message.
    pub(super) trace: TraceNumbers,
    /// The MTI and trace numbers of the request that is reversed.
    pub(super) original: Option<(Mti, TraceNumbers)>,
    pub(super) reason: Option<ResponseCode>,
}

impl<'a> MessageValues<'a> {
    pub(super) fn of_order(
        order: &'a Order,
        bank: &'a Bank,
        offset: Offset,
        trace: TraceNumbers,
    ) -> Self {
        Self {
            bank,
            offset,
            processing_code: order.kind,
            amount: order.amount,
            pan: order.pan.as_ref(),
            from: &order.from,
            to: &order.to,
            receiver: &order.counterparty,
            details: &order.details,
            trace,
            original: None,
            reason: None,
        }
    }

    pub(super) fn of_inquiry(
        inquiry: &'a Inquiry,
        bank: &'a Bank,
        offset: Offset,
        trace: TraceNumbers,
    ) -> Self {
        Self {
            bank,
            offset,
            processing_code: inquiry.kind,
            amount: inquiry.amount,
            pan: None,
            from: &inquiry.from,
            to: &inquiry.account,
            receiver: &inquiry.counterparty,
            details: &inquiry.details,
            trace,
            original: None,
            reason: None,
        }
    }

    /// Appends a value to `into`; nothing if the message does not have it.
    pub(super) fn write(&self, name: ValueName, into: &mut Vec<u8>) {
        let original = self.original.map_or(self.trace, |(_, trace)| trace);
        // Writing to a vector cannot fail.
        let _ = match name {
            ValueName::Pan => return self.write_pan(into),
            ValueName::ProcessingCode => write!(into, "{}", self.processing_code),
            ValueName::Amount => write!(into, "{}", self.amount.minor()),
            ValueName::Currency => write!(into, "{}", self.amount.currency()),
            ValueName::Transmission => {
                write!(into, "{}", Transmission::of(self.trace.transmitted_at))
            }
            ValueName::Stan => write!(into, "{}", self.trace.stan),
            ValueName::LocalTime => {
                write!(into, "{}", TimeOfDay::of(original.transmitted_at, self.offset))
            }
            ValueName::LocalDate => {
                write!(into, "{}", Date::of(original.transmitted_at, self.offset).month_day())
            }
            ValueName::SettlementDate => write!(into, "{}", original.settlement_date.month_day()),
            ValueName::MerchantType => write!(into, "{}", self.details.merchant),
            ValueName::TerminalId => write!(into, "{}", self.details.terminal),
            ValueName::Acquirer => write!(into, "{}", self.bank.code),
            ValueName::Forwarder => write!(into, "{}", self.bank.forwarder),
            ValueName::Receiver => write!(into, "{}", self.receiver),
            ValueName::Rrn => write!(into, "{}", original.rrn),
            ValueName::SourceAccount => into.write_all(self.from.reveal().as_bytes()),
            ValueName::BeneficiaryAccount => into.write_all(self.to.reveal().as_bytes()),
            ValueName::SenderName => return write_name(self.details.sender.as_ref(), into),
            ValueName::BeneficiaryName => {
                return write_name(self.details.beneficiary.as_ref(), into);
            }
            ValueName::CustomerReference => match &self.details.reference {
                Some(reference) => write!(into, "{reference}"),
                None => Ok(()),
            },
            ValueName::ReversalReason => match self.reason {
                Some(reason) => write!(into, "{reason}"),
                None => Ok(()),
            },
            ValueName::OriginalMti => match self.original {
                Some((mti, _)) => into.write_all(&mti.to_ascii()),
                None => Ok(()),
            },
            ValueName::OriginalStan => write!(into, "{}", original.stan),
            ValueName::OriginalTransmission => {
                write!(into, "{}", Transmission::of(original.transmitted_at))
            }
        };
    }

    fn write_pan(&self, into: &mut Vec<u8>) {
        match self.pan {
            Some(pan) => into.extend_from_slice(pan.reveal().as_bytes()),
            None => write_pan_replacement(&self.bank.iin, self.from, into),
        }
    }
}

/// Appends the replacement of the PAN for a transfer without a card: the issuer identification number and the account's
/// digits, at most 19 digits together.
pub(super) fn write_pan_replacement(iin: &Pan, account: &AccountNumber, into: &mut Vec<u8>) {
    let room = 19 - iin.reveal().len().min(19);
    into.extend_from_slice(iin.reveal().as_bytes());
    into.extend(account.reveal().bytes().filter(u8::is_ascii_digit).take(room));
}

/// Appends a name in ASCII. Other characters become question marks, because messages carry ASCII only.
pub(super) fn write_name(name: Option<&Name>, into: &mut Vec<u8>) {
    let text = name.map(Name::reveal).unwrap_or_default();
    into.extend(
        text.chars().map(|char| u8::try_from(char).ok().filter(u8::is_ascii).unwrap_or(b'?')),
    );
}
