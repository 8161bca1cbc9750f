//! What the switch's messages say: an answer to something of ours, or something that it asks us.

use std::borrow::Cow;
use std::sync::Arc;

use sha2::{Digest, Sha256};
use thiserror::Error;

use super::profile::Network;
use super::said::stand_in;
use crate::iso8583::{De, Field, FieldError, Message};
use crate::transfer::{Card, Demand, Heard, Holding, Inquiry, Origin, Particulars, Side, Trace};
use crate::values::{
    AccountNumber, Amount, Date, MerchantType, MinorUnits, Moment, MonthDay, Name, Offset, Pan,
    ProcessingCode, Reference, ResponseCode, Terminal, TransferId, Transmission, Value,
};

/// A kind of money movement.
#[derive(Debug)]
pub(super) struct Kind {
    pub(super) name: String,
    /// How it is coded in DE3; we ask with the first.
    pub(super) codes: Vec<ProcessingCode>,
    /// What it does to an account at our bank when another bank asks for it.
    pub(super) inbound: Side,
}

/// How a message is known again.
#[derive(Debug)]
pub(super) struct Matching {
    pub(super) traced_by: TracedBy,
    pub(super) duplicates: Vec<De>,
    pub(super) echoed: Vec<De>,
}

/// Which date and time of an answer is that of its request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TracedBy {
    /// DE7.
    Transmission,
    /// DE12 and DE13, where the switch overwrites DE7.
    Local,
}

/// What makes a request of the switch the same request: a hash of what the network says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct WireKey(pub u128);

/// A message of the switch, as far as it concerns transfers and exchanges.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Incoming {
    /// An answer to a message of ours.
    Answer {
        /// The numbers that it goes under; the moment to the second.
        trace: Trace,
        /// To what.
        to: Answered,
        /// What it says.
        heard: Heard,
        /// What it says of an account.
        holding: Holding,
    },
    /// A transfer, for the first time or again.
    Demand(Demand, WireKey),
    /// A reversal of a transfer: the transfer as far as it says, what makes it the same, and the amount.
    Reversal(Demand, WireKey, Amount),
    /// The question what became of a transfer.
    Status(Demand, WireKey),
    /// The question for a name or a balance.
    Inquiry(Inquiry),
}

/// To which message of ours an answer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Answered {
    /// The financial request.
    Request,
    /// The reversal.
    Reversal,
    /// The status inquiry.
    Status,
    /// A question that moves no money.
    Inquiry,
}

/// Why a message can't be taken in, and what the switch is answered if it asked something.
#[derive(Debug, Error)]
pub enum ReadError {
    /// A data element is missing or malformed.
    #[error("{0}")]
    Malformed(#[from] FieldError),
    /// It is of a type or kind that the network's profile does not have.
    #[error("the network's profile has no {mti} with DE3 {kind}")]
    Unsupported {
        /// Its type.
        mti: crate::iso8583::Mti,
        /// Its kind, where it has one.
        kind: String,
    },
}

impl Network {
    /// What a message of the switch says. `id` is for what begins with it.
    ///
    /// # Errors
    /// If a data element is missing or malformed, or the profile knows no such message.
    pub fn read(
        &self,
        message: &Message<'_>,
        id: TransferId,
        now: Moment,
    ) -> Result<Incoming, ReadError> {
        let mti = message.mti();
        let unsupported = |kind: Option<ProcessingCode>| ReadError::Unsupported {
            mti,
            kind: kind.map_or_else(|| "none".to_owned(), |kind| kind.to_string()),
        };
        let kind: Option<ProcessingCode> = message.find(De::PROCESSING_CODE)?;
        let inquired = |code: Option<ProcessingCode>| kind.is_some() && code == kind;
        let is_status = inquired(self.inquiries.status);
        let is_inquiry = inquired(Some(self.inquiries.name)) || inquired(self.inquiries.balance);
        match (mti.class(), mti.is_request()) {
            (4, false) => self.answer_to(Answered::Reversal, message, now),
            (2, false) if is_status => self.answer_to(Answered::Status, message, now),
            (2, false) if is_inquiry => self.answer_to(Answered::Inquiry, message, now),
            (2, false) => self.answer_to(Answered::Request, message, now),
            (2, true) if is_status => {
                let demand = demand(message, id, Side::Credit)?;
                Ok(Incoming::Status(demand, self.key(message)))
            }
            (2, true) if is_inquiry => self.inquired(message, id).map(Incoming::Inquiry),
            (2 | 4, true) => {
                let side =
                    kind.and_then(|kind| self.side(kind)).ok_or_else(|| unsupported(kind))?;
                let demand = demand(message, id, side)?;
                if mti.class() == 2 {
                    return Ok(Incoming::Demand(demand, self.key(message)));
                }
                let amount = demand.amount;
                Ok(Incoming::Reversal(demand, self.original_key(message), amount))
            }
            _ => Err(unsupported(kind)),
        }
    }

    /// What the switch is answered that asked something which can't be taken in.
    #[must_use]
    pub const fn refusal(&self, error: &ReadError) -> ResponseCode {
        match error {
            ReadError::Malformed(_) => self.malformed,
            ReadError::Unsupported { .. } => self.unsupported,
        }
    }
}

/// Answers to messages of ours.
impl Network {
    fn answer_to(
        &self,
        to: Answered,
        message: &Message<'_>,
        now: Moment,
    ) -> Result<Incoming, ReadError> {
        let trace = Trace {
            stan: message.get(De::STAN)?,
            rrn: message.get(De::RRN)?,
            at: self.traced(message, now)?,
            settles: settles(message, now)?,
        };
        let holding = Holding { holder: beneficiary(message), balance: None };
        Ok(Incoming::Answer { trace, to, heard: self.heard(to, message)?, holding })
    }

    fn heard(&self, to: Answered, message: &Message<'_>) -> Result<Heard, ReadError> {
        let kind = message.find(De::PROCESSING_CODE)?;
        let from: Option<AccountNumber> = message.find(De::FROM_ACCOUNT)?;
        let accounts = (from, message.find(De::TO_ACCOUNT)?);
        let (ours, other) = match kind.and_then(|kind| self.side(kind)) {
            Some(Side::Debit) => (accounts.1, accounts.0),
            // Nor does it say which way the money goes.
            None if to == Answered::Status => (None, None),
            Some(Side::Credit) | None => accounts,
        };
        let minor: Option<MinorUnits> = message.find(De::AMOUNT)?;
        let currency = message.find(De::CURRENCY)?.unwrap_or(self.currency);
        let pan: Option<Pan> = message.find(De::PAN)?;
        Ok(Heard {
            code: message.get(De::RESPONSE_CODE)?,
            amount: minor.map(|minor| minor.of(currency)),
            // A status inquiry has a kind of its own, and its answer that.
            kind: kind.filter(|_| to != Answered::Status),
            from: ours,
            to: other,
            card: match pan {
                Some(pan) if self.stands_in(&pan, from.as_ref()) => Card::None,
                Some(pan) => Card::Number(pan),
                None => Card::Unsaid,
            },
            whole: self.matching.echoed.iter().all(|de| message.has(*de)),
        })
    }

    /// Whether a card number is what we put where there is none.
    fn stands_in(&self, pan: &Pan, account: Option<&AccountNumber>) -> bool {
        account.is_some_and(|account| {
            let mut expected = Vec::new();
            stand_in(&self.bank.iin, account, &mut expected);
            expected == pan.reveal().as_bytes()
        })
    }

    /// When the request was made that a message answers.
    fn traced(&self, message: &Message<'_>, now: Moment) -> Result<Moment, FieldError> {
        match self.matching.traced_by {
            TracedBy::Transmission => {
                let sent: Transmission = message.get(De::TRANSMISSION)?;
                Ok(sent.nearest(now, Offset::UTC))
            }
            TracedBy::Local => {
                let (date, time) = (message.get(De::LOCAL_DATE)?, message.get(De::LOCAL_TIME)?);
                Ok(Transmission { date, time }.nearest(now, self.offset))
            }
        }
    }
}

/// The business date of a message; today, where it has none.
fn settles(message: &Message<'_>, now: Moment) -> Result<Date, FieldError> {
    let day: Option<MonthDay> = message.find(De::SETTLEMENT_DATE)?;
    let today = Date::of(now, Offset::UTC);
    Ok(day.map_or(today, |day| Date::nearest(day, today)))
}

/// What the switch asks us.
impl Network {
    pub(super) fn side(&self, kind: ProcessingCode) -> Option<Side> {
        let kind = self.kinds.iter().find(|known| known.codes.contains(&kind))?;
        Some(kind.inbound)
    }

    fn inquired(&self, message: &Message<'_>, id: TransferId) -> Result<Inquiry, ReadError> {
        let account = message.get(De::TO_ACCOUNT)?;
        let minor: Option<MinorUnits> = message.find(De::AMOUNT)?;
        Ok(Inquiry {
            id,
            kind: message.get(De::PROCESSING_CODE)?,
            from: message.find(De::FROM_ACCOUNT)?.unwrap_or(account),
            account,
            counterparty: message.get(De::ACQUIRER)?,
            amount: minor.unwrap_or(MinorUnits(0)).of(self.currency),
            particulars: Arc::new(particulars(message)?),
        })
    }

    /// What makes a request the same request, whatever its repeat digit.
    fn key(&self, message: &Message<'_>) -> WireKey {
        hash(self.matching.duplicates.iter().map(|de| (*de, text_of(message, *de))))
    }

    /// What made the request the same request that a reversal reverses: of DE90, where that has it.
    fn original_key(&self, message: &Message<'_>) -> WireKey {
        let original = message.field(De::ORIGINAL);
        let of = |de: De| {
            let name = match de {
                De::TRANSMISSION => "original_transmission",
                De::STAN => "original_stan",
                De::ACQUIRER => "original_acquirer",
                _ => "",
            };
            let part = original.as_ref().and_then(|original| original.subfield(name));
            part.map_or_else(|| text_of(message, de), |part| part.reveal())
        };
        hash(self.matching.duplicates.iter().map(|de| (*de, of(*de))))
    }
}

fn demand(message: &Message<'_>, id: TransferId, side: Side) -> Result<Demand, FieldError> {
    let (from, to) = (message.find(De::FROM_ACCOUNT)?, message.find(De::TO_ACCOUNT)?);
    let (own, own_de, other) = match side {
        Side::Credit => (to, De::TO_ACCOUNT, from),
        Side::Debit => (from, De::FROM_ACCOUNT, to),
    };
    Ok(Demand {
        id,
        kind: message.get(De::PROCESSING_CODE)?,
        side,
        account: own.ok_or(FieldError::Missing { de: own_de })?,
        other,
        amount: message.amount(De::AMOUNT)?,
        counterparty: message.get(De::ACQUIRER)?,
        origin: Origin {
            stan: message.get(De::STAN)?,
            rrn: message.get(De::RRN)?,
            transmitted: message.get(De::TRANSMISSION)?,
        },
        particulars: Arc::new(particulars(message)?),
    })
}

/// The text of a data element; none, if the message does not have it.
fn text_of<'m>(message: &'m Message<'_>, de: De) -> Cow<'m, str> {
    message.field(de).map(|field| field.reveal()).unwrap_or_default()
}

/// Institutions stand in DE90 with zeros before them, and elsewhere without, so these don't count.
fn hash<'m>(parts: impl Iterator<Item = (De, Cow<'m, str>)>) -> WireKey {
    let mut hasher = Sha256::new();
    for (de, text) in parts {
        let text = if de == De::ACQUIRER { text.trim_start_matches('0') } else { &text };
        let length = u8::try_from(text.len()).unwrap_or(u8::MAX);
        hasher.update([de.number(), length]);
        hasher.update(text.as_bytes());
    }
    let digest = hasher.finalize();
    let half = digest.iter().take(16).fold(0, |number: u128, byte| number << 8 | u128::from(*byte));
    WireKey(half)
}

fn particulars(message: &Message<'_>) -> Result<Particulars, FieldError> {
    let trimmed = |field: Field<'_>| field.reveal().trim_end().to_owned();
    let terminal = message.field(De::TERMINAL).map(trimmed);
    let merchant: Option<MerchantType> = message.find(De::MERCHANT_TYPE)?;
    Ok(Particulars {
        merchant: merchant
            .or_else(|| MerchantType::from_ascii(b"0000"))
            .ok_or(FieldError::Missing { de: De::MERCHANT_TYPE })?,
        terminal: terminal
            .and_then(|text| Terminal::from_ascii(text.as_bytes()))
            .ok_or(FieldError::Missing { de: De::TERMINAL })?,
        sender: named(message, "sender_name"),
        beneficiary: beneficiary(message),
        reference: part(message, "customer_reference")
            .and_then(|text| Reference::from_ascii(text.as_bytes())),
        channel: None,
    })
}

fn beneficiary(message: &Message<'_>) -> Option<Name> {
    named(message, "beneficiary_name")
}

fn named(message: &Message<'_>, key: &str) -> Option<Name> {
    part(message, key).and_then(|text| Name::new(&text))
}

/// A part of DE48, without the blanks that fill it up.
fn part(message: &Message<'_>, key: &str) -> Option<String> {
    let part = message.field(De::ADDITIONAL_DATA)?.subfield(key)?.reveal().trim_end().to_owned();
    (!part.is_empty()).then_some(part)
}
