//! Encoding of our messages by the patterns of the profile.

use bytes::BytesMut;
use thiserror::Error;

use super::matching_key::MatchingKey;
use super::messages::MessageTemplate;
use super::pattern::{Pattern, TooLong};
use super::profile::Network;
use super::values::{MessageValues, ValueName, write_name};
use crate::iso8583::{De, EncodeError, Message, Mti, Spec};
use crate::transfer::{AccountDetails, Inquiry, Order, OutgoingReversal, Side, TraceNumbers};
use crate::values::{ProcessingCode, ResponseCode};

/// The reasons why a message cannot be built.
#[derive(Debug, Error)]
pub enum BuildError {
    /// A value is longer than its field in the profile.
    #[error(transparent)]
    TooLong(#[from] TooLong),
    /// A value does not fit the spec.
    #[error(transparent)]
    Encode(#[from] EncodeError),
    /// A data element of the matching key is missing, or the key is too long.
    #[error(
        "message {0} has no matching key: give it each data element of session.response_key, at most {max} bytes together",
        max = MatchingKey::LENGTH_MAX
    )]
    NoMatchingKey(Mti),
    /// The network does not have the message.
    #[error("network {network} does not support a {message}")]
    Unsupported {
        /// The network.
        network: String,
        /// The message: `reversal` or `status inquiry`.
        message: &'static str,
    },
}

impl MessageTemplate {
    /// Appends the message to the buffer. Returns its key, which consists of `key_elements`.
    fn encode(
        &self,
        spec: &Spec,
        values: &MessageValues<'_>,
        key_elements: &[De],
        into: &mut BytesMut,
    ) -> Result<MatchingKey, BuildError> {
        let no_key = || BuildError::NoMatchingKey(self.mti);
        let mut encoder = spec.encoder(self.mti, into)?;
        let mut key = MatchingKey::new(self.mti);
        let mut of_key = key_elements.iter().peekable();
        let mut text = Vec::with_capacity(128);
        for (de, pattern) in &self.elements {
            text.clear();
            pattern.write(|name, into| values.write(name, into), &mut text)?;
            if of_key.next_if_eq(&de).is_some() {
                key.push(encoder.text_wire(*de, &text)?).ok_or_else(no_key)?;
            } else {
                encoder.text(*de, &text)?;
            }
        }
        if of_key.next().is_some() {
            return Err(no_key());
        }
        encoder.finish();
        Ok(key)
    }
}

/// Returns the text of a data element of a response.
fn response_text(
    pattern: &Pattern,
    request: &Message<'_>,
    account: &AccountDetails,
) -> Result<Vec<u8>, TooLong> {
    let mut text = Vec::new();
    let write_value = |name, into: &mut Vec<u8>| write_response_value(name, request, account, into);
    pattern.write(write_value, &mut text)?;
    Ok(text)
}

/// Appends a value of a response.
fn write_response_value(
    name: ValueName,
    request: &Message<'_>,
    account: &AccountDetails,
    into: &mut Vec<u8>,
) {
    match name {
        ValueName::Stan => {
            if let Some(stan) = request.field(De::STAN) {
                into.extend_from_slice(stan.reveal().as_bytes());
            }
        }
        ValueName::BeneficiaryName => write_name(account.holder.as_ref(), into),
        ValueName::AccountType => {
            if let Ok(code) = request.get::<ProcessingCode>(De::PROCESSING_CODE) {
                into.extend(code.as_str().bytes().skip(2).take(2));
            }
        }
        ValueName::Balance => {
            if let Some(balance) = account.balance {
                into.extend_from_slice(balance.minor().to_string().as_bytes());
            }
        }
        ValueName::Currency => {
            if let Some(balance) = account.balance {
                into.extend_from_slice(balance.currency().to_string().as_bytes());
            }
        }
        _ => {}
    }
}

/// Encoding of our messages. Each method appends one message to the buffer; on an error the buffer is unchanged. A
/// request comes with its matching key.
impl Network {
    /// Encodes the financial request of an order.
    ///
    /// # Errors
    /// If a value does not fit the profile or the spec.
    pub fn encode_request(
        &self,
        order: &Order,
        trace: TraceNumbers,
        into: &mut BytesMut,
    ) -> Result<MatchingKey, BuildError> {
        self.encode(&self.messages.request, &self.order_values(order, trace), into)
    }

    /// Encodes a reversal or its repeat.
    ///
    /// # Errors
    /// If the network has no reversal, or a value does not fit the profile or the spec.
    pub fn encode_reversal(
        &self,
        reversal: &OutgoingReversal,
        into: &mut BytesMut,
    ) -> Result<MatchingKey, BuildError> {
        let (Some(template), Some(reasons)) = (&self.messages.reversal, &self.reversal_reasons)
        else {
            return Err(self.lacks("reversal"));
        };
        let original = Some((self.messages.request.mti, reversal.original));
        let reason = Some(reasons.code(reversal.cause));
        let values = self.order_values(&reversal.order, reversal.trace);
        let values = MessageValues { original, reason, ..values };
        if !reversal.is_repeat {
            return self.encode(template, &values, into);
        }
        let mut first = BytesMut::with_capacity(512);
        let key = self.encode(template, &values, &mut first)?;
        self.spec.repeat(&first, into)?;
        Ok(key)
    }

    /// Encodes the status inquiry about an order, with the trace numbers of its request.
    ///
    /// # Errors
    /// If the network has no status inquiry, or a value does not fit the profile or the spec.
    pub fn encode_status_inquiry(
        &self,
        order: &Order,
        trace: TraceNumbers,
        into: &mut BytesMut,
    ) -> Result<MatchingKey, BuildError> {
        let (template, code) = (&self.messages.status_inquiry, self.inquiries.status);
        let (Some(template), Some(processing_code)) = (template, code) else {
            return Err(self.lacks("status inquiry"));
        };
        let values = MessageValues { processing_code, ..self.order_values(order, trace) };
        self.encode(template, &values, into)
    }

    /// Encodes an account or balance inquiry.
    ///
    /// # Errors
    /// If a value does not fit the profile or the spec.
    pub fn encode_inquiry(
        &self,
        inquiry: &Inquiry,
        trace: TraceNumbers,
        into: &mut BytesMut,
    ) -> Result<MatchingKey, BuildError> {
        let values = MessageValues::of_inquiry(inquiry, &self.bank, self.offset, trace);
        self.encode(&self.messages.inquiry, &values, into)
    }

    fn encode(
        &self,
        template: &MessageTemplate,
        values: &MessageValues<'_>,
        into: &mut BytesMut,
    ) -> Result<MatchingKey, BuildError> {
        template.encode(&self.spec, values, &self.session().response_key, into)
    }

    /// Returns the response code for an inquiry that core has answered. A balance inquiry without a balance is declined.
    #[must_use]
    pub fn inquiry_response_code(
        &self,
        request: &Message<'_>,
        code: ResponseCode,
        account: &AccountDetails,
    ) -> ResponseCode {
        let lacks_balance = account.balance.is_none() && self.is_balance_inquiry(request);
        if lacks_balance && code == self.rules().inbound.approved { self.unsupported } else { code }
    }

    /// Returns the processing code (DE3) of balance inquiries, if we answer them.
    pub(super) fn answered_balance_inquiry(&self) -> Option<ProcessingCode> {
        self.inquiries.balance.filter(|_| !self.responses.account_balance.is_empty())
    }

    fn is_balance_inquiry(&self, request: &Message<'_>) -> bool {
        let code = request.get(De::PROCESSING_CODE).ok();
        code.is_some() && code == self.inquiries.balance
    }

    /// Encodes the response to a request of the switch.
    ///
    /// # Errors
    /// If a value does not fit the profile or the spec.
    pub fn encode_response(
        &self,
        request: &Message<'_>,
        code: ResponseCode,
        account: &AccountDetails,
        into: &mut BytesMut,
    ) -> Result<(), BuildError> {
        let mut added = vec![(De::RESPONSE_CODE, code.as_str().as_bytes().to_vec())];
        if code == self.rules().inbound.approved {
            let responses = &self.responses;
            let details = if self.is_balance_inquiry(request) {
                &responses.account_balance[..]
            } else {
                account.holder.as_ref().map_or(&[][..], |_| &responses.account_holder)
            };
            for (de, pattern) in responses.approved.iter().chain(details) {
                added.push((*de, response_text(pattern, request, account)?));
            }
        }
        added.sort_by_key(|(de, _)| *de);
        Ok(self.spec.respond(request, &self.responses.echo, &added, into)?)
    }

    /// Returns the values of an order. When the other bank pays, as for a withdrawal at our ATM, DE102 is the account at
    /// the other bank and DE103 is ours.
    fn order_values<'a>(&'a self, order: &'a Order, trace: TraceNumbers) -> MessageValues<'a> {
        let values = MessageValues::of_order(order, &self.bank, self.offset, trace);
        match self.side(order.kind) {
            Some(Side::Debit) => MessageValues { from: values.to, to: values.from, ..values },
            Some(Side::Credit) | None => values,
        }
    }

    fn lacks(&self, message: &'static str) -> BuildError {
        BuildError::Unsupported { network: self.name.clone(), message }
    }
}
