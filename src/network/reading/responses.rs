//! Reads responses to our requests.

use super::details::beneficiary_name;
use crate::iso8583::{De, FieldError, Message};
use crate::network::incoming_message::{IncomingMessage, ReadError};
use crate::network::profile::Network;
use crate::network::rules::TraceTime;
use crate::network::values::pan_replacement;
use crate::transfer::{AccountDetails, Card, MessageKind, ResponseFields, Side, TraceNumbers};
use crate::values::{AccountNumber, Date, MinorUnits, Moment, MonthDay, Offset, Pan, Transmission};

/// Responses to our requests.
impl Network {
    pub(super) fn read_response(
        &self,
        kind: MessageKind,
        message: &Message<'_>,
        now: Moment,
    ) -> Result<IncomingMessage, ReadError> {
        let trace = self.trace_numbers(message, now)?;
        let response = self.response_fields(kind == MessageKind::StatusInquiry, message)?;
        Ok(IncomingMessage::Response { trace, kind, response })
    }

    pub(super) fn read_inquiry_response(
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
            settlement_date: self.settlement_date(message, now)?,
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

    /// Returns the settlement date of a message, or today at the network if it does not have one that exists.
    fn settlement_date(&self, message: &Message<'_>, now: Moment) -> Result<Date, FieldError> {
        let day: Option<MonthDay> = message.find(De::SETTLEMENT_DATE)?;
        let today = Date::of(now, self.offset);
        Ok(day.and_then(|day| Date::nearest_existing(day, today)).unwrap_or(today))
    }
}
