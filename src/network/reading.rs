//! Reads the messages of the switch: responses to our requests, and inbound requests.

mod checks;
mod details;
mod requests;
mod responses;
mod reversals;

use super::incoming_message::{IncomingMessage, ReadError};
use super::profile::Network;
use crate::iso8583::{De, Message};
use crate::transfer::{MessageKind, Side};
use crate::values::{Moment, ProcessingCode, ResponseCode, TransferId};
use requests::request;

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
        let is_balance = has_code(inquiries.balance);
        let is_inquiry = has_code(Some(inquiries.account)) || is_balance;
        match (mti.class(), mti.is_request()) {
            (4, false) => self.read_response(MessageKind::Reversal, message, now),
            (2, false) if is_status => self.read_response(MessageKind::StatusInquiry, message, now),
            (2, false) if is_inquiry => self.read_inquiry_response(message, now),
            (2, false) => self.read_response(MessageKind::Request, message, now),
            (2, true) if is_status => {
                self.check_request(message, now)?;
                let request = request(message, id, Side::Credit)?;
                Ok(IncomingMessage::StatusInquiry(request, self.duplicate_key(message)))
            }
            (2, true) if is_balance && self.answered_balance_inquiry().is_none() => {
                Err(unsupported(code))
            }
            (2, true) if is_inquiry => {
                self.check_request(message, now)?;
                let account = if is_balance { De::FROM_ACCOUNT } else { De::TO_ACCOUNT };
                self.read_inquiry(message, id, account).map(IncomingMessage::Inquiry)
            }
            (2, true) => {
                let known = code.ok_or_else(|| unsupported(code))?;
                let side = self.inbound_side(known)?.ok_or_else(|| unsupported(code))?;
                self.check_request(message, now)?;
                let request = request(message, id, side)?;
                if request.amount.minor() == 0 {
                    return Err(ReadError::ZeroAmount);
                }
                Ok(IncomingMessage::InboundRequest(request, self.duplicate_key(message)))
            }
            // The reversal of a request is taken even if its service is off by now.
            (4, true) => {
                let side =
                    code.and_then(|code| self.side(code)).ok_or_else(|| unsupported(code))?;
                self.check_request(message, now)?;
                let request = request(message, id, side)?;
                self.read_reversal(message, request, now).map(IncomingMessage::Reversal)
            }
            _ => Err(unsupported(code)),
        }
    }

    /// Returns the response code for a request that cannot be decoded.
    #[must_use]
    pub const fn malformed_code(&self) -> ResponseCode {
        self.malformed
    }

    /// Returns the response code for a request that cannot be processed.
    #[must_use]
    pub const fn refusal_code(&self, error: &ReadError) -> ResponseCode {
        match error {
            ReadError::Malformed(_) => self.malformed,
            ReadError::Unsupported { .. }
            | ReadError::ServiceOff(_)
            | ReadError::NotUnderstood { .. }
            | ReadError::PartialReversal => self.unsupported,
            ReadError::Misrouted { .. } | ReadError::OwnRequest => self.misrouted,
            ReadError::ZeroAmount => self.invalid_amount,
        }
    }
}
