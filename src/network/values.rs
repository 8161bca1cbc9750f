//! The values of our messages: the names in braces that a profile builds data elements from.

use std::io::Write as _;

use crate::iso8583::Mti;
use crate::transfer::{Inquiry, Order, TraceNumbers, TransferDetails};
use crate::values::{
    AccountNumber, Amount, Date, Institution, Moment, MonthDay, Name, Offset, Pan, ProcessingCode,
    ResponseCode, TimeOfDay, Transmission,
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
    AccountType "account_type" "The account type of a balance inquiry: digits 3 and 4 of its DE3.",
    Balance "balance" "The balance of the account of an inquiry, in minor units (DE54).",
}

impl ValueName {
    /// The values that our responses can carry.
    pub(super) const IN_RESPONSES: [Self; 2] = [Self::Stan, Self::BeneficiaryName];

    /// The values that the response to a balance inquiry can carry.
    pub(super) const IN_BALANCES: [Self; 4] =
        [Self::Stan, Self::Currency, Self::AccountType, Self::Balance];
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
        let at = original.transmitted_at;
        match name {
            ValueName::Pan => self.write_pan(into),
            ValueName::ProcessingCode => write_text(self.processing_code.as_str(), into),
            // Writing to a vector cannot fail.
            ValueName::Amount => drop(write!(into, "{}", self.amount.minor())),
            ValueName::Currency => {
                write_digits::<3>(self.amount.currency().code().into(), into);
            }
            ValueName::Transmission => write_transmission(self.trace.transmitted_at, into),
            ValueName::Stan => write_digits::<6>(self.trace.stan.number(), into),
            ValueName::LocalTime => write_time(TimeOfDay::of(at, self.offset), into),
            ValueName::LocalDate => write_day(Date::of(at, self.offset).month_day(), into),
            ValueName::SettlementDate => write_day(original.settlement_date.month_day(), into),
            ValueName::MerchantType => write_text(self.details.merchant.as_str(), into),
            ValueName::TerminalId => write_text(self.details.terminal.as_str(), into),
            ValueName::Acquirer => write_text(self.bank.code.as_str(), into),
            ValueName::Forwarder => write_text(self.bank.forwarder.as_str(), into),
            ValueName::Receiver => write_text(self.receiver.as_str(), into),
            ValueName::Rrn => write_text(original.rrn.as_str(), into),
            ValueName::SourceAccount => write_text(self.from.reveal(), into),
            ValueName::BeneficiaryAccount => write_text(self.to.reveal(), into),
            ValueName::SenderName => write_name(self.details.sender.as_ref(), into),
            ValueName::BeneficiaryName => write_name(self.details.beneficiary.as_ref(), into),
            ValueName::CustomerReference => {
                if let Some(reference) = &self.details.reference {
                    write_text(reference.as_str(), into);
                }
            }
            ValueName::ReversalReason => {
                if let Some(reason) = &self.reason {
                    write_text(reason.as_str(), into);
                }
            }
            ValueName::OriginalMti => {
                if let Some((mti, _)) = self.original {
                    into.extend(mti.to_ascii());
                }
            }
            ValueName::OriginalStan => write_digits::<6>(original.stan.number(), into),
            ValueName::OriginalTransmission => write_transmission(at, into),
            // In responses only.
            ValueName::AccountType | ValueName::Balance => {}
        }
    }

    fn write_pan(&self, into: &mut Vec<u8>) {
        match self.pan {
            Some(pan) => into.extend_from_slice(pan.reveal().as_bytes()),
            None => into.extend(pan_replacement(&self.bank.iin, self.from)),
        }
    }
}

fn write_text(text: &str, into: &mut Vec<u8>) {
    into.extend_from_slice(text.as_bytes());
}

/// Appends the last digits of a number.
fn write_digits<const DIGITS: usize>(number: u32, into: &mut Vec<u8>) {
    let (mut digits, mut rest) = ([b'0'; DIGITS], number);
    for digit in digits.iter_mut().rev() {
        *digit += (rest % 10) as u8;
        rest /= 10;
    }
    into.extend_from_slice(&digits);
}

fn write_day(day: MonthDay, into: &mut Vec<u8>) {
    write_digits::<2>(day.month().into(), into);
    write_digits::<2>(day.day().into(), into);
}

fn write_time(time: TimeOfDay, into: &mut Vec<u8>) {
    for part in [time.hour(), time.minute(), time.second()] {
        write_digits::<2>(part.into(), into);
    }
}

fn write_transmission(at: Moment, into: &mut Vec<u8>) {
    let Transmission { date, time } = Transmission::of(at);
    write_day(date, into);
    write_time(time, into);
}

/// Returns the digits of the replacement of the PAN for a transfer without a card: the issuer identification number and
/// the account's digits, at most 19 digits together.
pub(super) fn pan_replacement(iin: &Pan, account: &AccountNumber) -> impl Iterator<Item = u8> {
    let room = 19 - iin.reveal().len().min(19);
    let digits = account.reveal().bytes().filter(u8::is_ascii_digit).take(room);
    iin.reveal().bytes().chain(digits)
}

/// Appends a name in ASCII. Other characters become question marks, because messages carry ASCII only.
pub(super) fn write_name(name: Option<&Name>, into: &mut Vec<u8>) {
    let text = name.map(Name::reveal).unwrap_or_default();
    into.extend(
        text.chars().map(|char| u8::try_from(char).ok().filter(u8::is_ascii).unwrap_or(b'?')),
    );
}
