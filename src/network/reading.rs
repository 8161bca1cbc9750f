//! Reads the messages of the switch: responses to our requests, and inbound requests.

use std::borrow::Cow;
use std::sync::Arc;

use sha2::{Digest, Sha256};
use thiserror::Error;

use super::profile::Network;
use super::rules::TraceTime;
use super::values::pan_replacement;
use crate::iso8583::{De, FieldError, Message, Mti};
use crate::transfer::{
    AccountDetails, Card, InboundRequest, InboundTrace, Inquiry, MessageKind, ResponseFields, Side,
    TraceNumbers, TransferDetails,
};
use crate::values::{
    AccountNumber, Amount, Date, MerchantType, MinorUnits, Moment, MonthDay, Name, Offset, Pan,
    ProcessingCode, Reference, ResponseCode, Terminal, TransferId, Transmission, Value,
};

/// The identity of an inbound request: a hash of the data elements in the profile's `duplicate_key`. Duplicates have
/// equal keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct DuplicateKey(pub u128);

/// A message of the switch about a transfer or an inquiry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IncomingMessage {
    /// A response to one of our messages about a transfer.
    Response {
        /// The trace numbers of the request. The transmission time has a resolution of one second.
        trace: TraceNumbers,
        /// The message that is answered.
        kind: MessageKind,
        /// The fields of the response.
        response: ResponseFields,
    },
    /// A response to an account or balance inquiry of ours.
    InquiryResponse {
        /// The trace numbers of the inquiry, as those of a request.
        trace: TraceNumbers,
        /// The fields of the response.
        response: ResponseFields,
        /// The account details.
        account: AccountDetails,
    },
    /// A financial request or its repeat.
    InboundRequest(InboundRequest, DuplicateKey),
    /// A reversal: its fields, the key of the original request, and its amount.
    Reversal(InboundRequest, DuplicateKey, Amount),
    /// A status inquiry about an inbound transfer, with the key of the transfer's request.
    StatusInquiry(InboundRequest, DuplicateKey),
    /// An account or balance inquiry.
    Inquiry(Inquiry),
}

/// The reasons why a message of the switch cannot be processed. [`Network::refusal_code`] is the response code.
#[derive(Debug, Error)]
pub enum ReadError {
    /// A data element is missing or malformed.
    #[error("{0}")]
    Malformed(#[from] FieldError),
    /// The profile does not have this message type with this processing code.
    #[error("{mti} with processing code {processing_code} is not in the network profile")]
    Unsupported {
        /// The message type.
        mti: Mti,
        /// The processing code (DE3), or `none`.
        processing_code: String,
    },
}

impl Network {
    /// Reads a message of the switch. `id` becomes the id of a transfer or inquiry that starts with it.
    ///
    /// # Errors
    /// If a data element is missing or malformed, or the profile does not have the message.
    pub fn read(
        &self,
        message: &Message<'_>,
        id: TransferId,
        now: Moment,
    ) -> Result<IncomingMessage, ReadError> {
        let mti = message.mti();
        let unsupported = |code: Option<ProcessingCode>| ReadError::Unsupported {
            mti,
            processing_code: code.map_or_else(|| "none".to_owned(), |code| code.to_string()),
        };
        let code: Option<ProcessingCode> = message.find(De::PROCESSING_CODE)?;
        let has_code = |known: Option<ProcessingCode>| code.is_some() && known == code;
        let inquiries = &self.inquiries;
        let is_status = has_code(inquiries.status);
        let is_inquiry = has_code(Some(inquiries.account)) || has_code(inquiries.balance);
        match (mti.class(), mti.is_request()) {
            (4, false) => self.read_response(MessageKind::Reversal, message, now),
            (2, false) if is_status => self.read_response(MessageKind::StatusInquiry, message, now),
            (2, false) if is_inquiry => self.read_inquiry_response(message, now),
            (2, false) => self.read_response(MessageKind::Request, message, now),
            (2, true) if is_status => {
                let request = request(message, id, Side::Credit)?;
                Ok(IncomingMessage::StatusInquiry(request, self.duplicate_key(message)))
            }
            (2, true) if is_inquiry => self.read_inquiry(message, id).map(IncomingMessage::Inquiry),
            (2 | 4, true) => {
                let side =
                    code.and_then(|code| self.side(code)).ok_or_else(|| unsupported(code))?;
                let request = request(message, id, side)?;
                if mti.class() == 2 {
                    return Ok(IncomingMessage::InboundRequest(
                        request,
                        self.duplicate_key(message),
                    ));
                }
                let amount = request.amount;
                Ok(IncomingMessage::Reversal(request, self.original_key(message), amount))
            }
            _ => Err(unsupported(code)),
        }
    }

    /// Returns the response code for a request that cannot be processed.
    #[must_use]
    pub const fn refusal_code(&self, error: &ReadError) -> ResponseCode {
        match error {
            ReadError::Malformed(_) => self.malformed,
            ReadError::Unsupported { .. } => self.unsupported,
        }
    }
}

/// Responses to our requests.
impl Network {
    fn read_response(
        &self,
        kind: MessageKind,
        message: &Message<'_>,
        now: Moment,
    ) -> Result<IncomingMessage, ReadError> {
        let trace = self.trace_numbers(message, now)?;
        let response = self.response_fields(kind == MessageKind::StatusInquiry, message)?;
        Ok(IncomingMessage::Response { trace, kind, response })
    }

    fn read_inquiry_response(
        &self,
        message: &Message<'_>,
        now: Moment,
    ) -> Result<IncomingMessage, ReadError> {
        let trace = self.trace_numbers(message, now)?;
        let account = AccountDetails { holder: beneficiary_name(message), balance: None };
        let response = self.response_fields(false, message)?;
        Ok(IncomingMessage::InquiryResponse { trace, response, account })
    }

    /// Returns the trace numbers of the request that a message answers.
    fn trace_numbers(
        &self,
        message: &Message<'_>,
        now: Moment,
    ) -> Result<TraceNumbers, FieldError> {
        Ok(TraceNumbers {
            stan: message.get(De::STAN)?,
            rrn: message.get(De::RRN)?,
            transmitted_at: self.trace_time(message, now)?,
            settlement_date: settlement_date(message, now)?,
        })
    }

    /// Returns the fields of a response. `is_status`: whether it answers a status inquiry.
    fn response_fields(
        &self,
        is_status: bool,
        message: &Message<'_>,
    ) -> Result<ResponseFields, ReadError> {
        let code = message.find(De::PROCESSING_CODE)?;
        let from: Option<AccountNumber> = message.find(De::FROM_ACCOUNT)?;
        let accounts = (from, message.find(De::TO_ACCOUNT)?);
        let (ours, other) = match code.and_then(|code| self.side(code)) {
            Some(Side::Debit) => (accounts.1, accounts.0),
            // A status inquiry has its own processing code, so the direction of the money is not in the message.
            None if is_status => (None, None),
            Some(Side::Credit) | None => accounts,
        };
        let minor: Option<MinorUnits> = message.find(De::AMOUNT)?;
        let currency = message.find(De::CURRENCY)?.unwrap_or(self.currency);
        let pan: Option<Pan> = message.find(De::PAN)?;
        Ok(ResponseFields {
            code: message.get(De::RESPONSE_CODE)?,
            amount: minor.map(|minor| minor.of(currency)),
            // A status inquiry has its own processing code, not that of the transfer.
            kind: code.filter(|_| !is_status),
            from: ours,
            to: other,
            card: match pan {
                Some(pan) if self.is_pan_replacement(&pan, from.as_ref()) => Card::NoCard,
                Some(pan) => Card::Number(pan),
                None => Card::NotStated,
            },
            is_complete: self.matching.echoed.iter().all(|de| message.has(*de)),
        })
    }

    /// Whether a PAN is the replacement that we send for a transfer without a card.
    fn is_pan_replacement(&self, pan: &Pan, account: Option<&AccountNumber>) -> bool {
        account.is_some_and(|account| {
            pan_replacement(&self.bank.iin, account).eq(pan.reveal().bytes())
        })
    }

    /// Returns the transmission time of the request that a message answers.
    fn trace_time(&self, message: &Message<'_>, now: Moment) -> Result<Moment, FieldError> {
        match self.matching.trace_time {
            TraceTime::Transmission => {
                let sent: Transmission = message.get(De::TRANSMISSION)?;
                Ok(sent.nearest(now, Offset::UTC))
            }
            TraceTime::Local => {
                let (date, time) = (message.get(De::LOCAL_DATE)?, message.get(De::LOCAL_TIME)?);
                Ok(Transmission { date, time }.nearest(now, self.offset))
            }
        }
    }
}

/// Returns the settlement date of a message, or today in UTC if it does not have one.
fn settlement_date(message: &Message<'_>, now: Moment) -> Result<Date, FieldError> {
    let day: Option<MonthDay> = message.find(De::SETTLEMENT_DATE)?;
    let today = Date::of(now, Offset::UTC);
    Ok(day.map_or(today, |day| Date::nearest(day, today)))
}

/// Requests of the switch.
impl Network {
    /// Returns what a service does to the account at the bank that receives the request.
    pub(super) fn side(&self, code: ProcessingCode) -> Option<Side> {
        let service = self.services.iter().find(|service| service.codes.contains(&code))?;
        Some(service.inbound)
    }

    fn read_inquiry(&self, message: &Message<'_>, id: TransferId) -> Result<Inquiry, ReadError> {
        let account = message.get(De::TO_ACCOUNT)?;
        let minor: Option<MinorUnits> = message.find(De::AMOUNT)?;
        Ok(Inquiry {
            id,
            kind: message.get(De::PROCESSING_CODE)?,
            from: message.find(De::FROM_ACCOUNT)?.unwrap_or(account),
            account,
            counterparty: message.get(De::ACQUIRER)?,
            amount: minor.unwrap_or(MinorUnits(0)).of(self.currency),
            details: Arc::new(details(message)?),
        })
    }

    /// Returns the duplicate key of a request. The repeat digit of the MTI does not change it.
    fn duplicate_key(&self, message: &Message<'_>) -> DuplicateKey {
        hash(self.matching.duplicate_key.iter().map(|de| (*de, text_of(message, *de))))
    }

    /// Returns the duplicate key of the request that a reversal reverses. Parts that DE90 has come from DE90, the others
    /// from the reversal itself.
    fn original_key(&self, message: &Message<'_>) -> DuplicateKey {
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
        hash(self.matching.duplicate_key.iter().map(|de| (*de, of(*de))))
    }
}

fn request(
    message: &Message<'_>,
    id: TransferId,
    side: Side,
) -> Result<InboundRequest, FieldError> {
    let (from, to) = (message.find(De::FROM_ACCOUNT)?, message.find(De::TO_ACCOUNT)?);
    let (own, own_de, other) = match side {
        Side::Credit => (to, De::TO_ACCOUNT, from),
        Side::Debit => (from, De::FROM_ACCOUNT, to),
    };
    Ok(InboundRequest {
        id,
        kind: message.get(De::PROCESSING_CODE)?,
        side,
        account: own.ok_or(FieldError::Missing { de: own_de })?,
        other_account: other,
        amount: message.amount(De::AMOUNT)?,
        counterparty: message.get(De::ACQUIRER)?,
        trace: InboundTrace {
            stan: message.get(De::STAN)?,
            rrn: message.get(De::RRN)?,
            transmitted_at: message.get(De::TRANSMISSION)?,
        },
        details: details(message)?,
    })
}

/// Returns the text of a data element, or an empty text if the message does not have it.
fn text_of<'m>(message: &'m Message<'_>, de: De) -> Cow<'m, str> {
    message.field(de).map(|field| field.reveal()).unwrap_or_default()
}

/// Hashes the parts of a duplicate key. Leading zeros of an institution do not count, because DE90 pads it with zeros.
fn hash<'m>(parts: impl Iterator<Item = (De, Cow<'m, str>)>) -> DuplicateKey {
    let mut hasher = Sha256::new();
    for (de, text) in parts {
        let text = if de == De::ACQUIRER { text.trim_start_matches('0') } else { &text };
        let length = u8::try_from(text.len()).unwrap_or(u8::MAX);
        hasher.update([de.number(), length]);
        hasher.update(text.as_bytes());
    }
    let digest = hasher.finalize();
    let half = digest.iter().take(16).fold(0, |number: u128, byte| number << 8 | u128::from(*byte));
    DuplicateKey(half)
}

fn details(message: &Message<'_>) -> Result<TransferDetails, FieldError> {
    let terminal = message
        .field(De::TERMINAL)
        .and_then(|field| Terminal::from_ascii(field.reveal().trim_end().as_bytes()));
    let merchant: Option<MerchantType> = message.find(De::MERCHANT_TYPE)?;
    Ok(TransferDetails {
        merchant: merchant
            .or_else(|| MerchantType::from_ascii(b"0000"))
            .ok_or(FieldError::Missing { de: De::MERCHANT_TYPE })?,
        terminal: terminal.ok_or(FieldError::Missing { de: De::TERMINAL })?,
        sender: subfield(message, "sender_name", Name::new),
        beneficiary: beneficiary_name(message),
        reference: subfield(message, "customer_reference", |text| {
            Reference::from_ascii(text.as_bytes())
        }),
        channel: None,
    })
}

fn beneficiary_name(message: &Message<'_>) -> Option<Name> {
    subfield(message, "beneficiary_name", Name::new)
}

/// Reads a subfield of DE48 without its padding; `None` if it is empty.
fn subfield<T>(
    message: &Message<'_>,
    key: &str,
    read: impl FnOnce(&str) -> Option<T>,
) -> Option<T> {
    let subfield = message.field(De::ADDITIONAL_DATA)?.subfield(key)?;
    let text = subfield.reveal();
    let text = text.trim_end();
    if text.is_empty() { None } else { read(text) }
}
