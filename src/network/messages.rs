//! The messages that we send: their data elements, compiled from the profile.

use bytes::BytesMut;
use thiserror::Error;

use super::pattern::{Pattern, TooLong};
use super::profile::{Network, elements, message_type};
use super::values::{MessageValues, ValueName, write_name};
use crate::iso8583::{De, EncodeError, Message, Mti, Spec};
use crate::settings::{Section, all};
use crate::transfer::{AccountDetails, Inquiry, Order, OutgoingReversal, Side, TraceNumbers};
use crate::values::ResponseCode;

/// The reasons why a message cannot be built.
#[derive(Debug, Error)]
pub enum BuildError {
    /// A value is longer than its field in the profile.
    #[error(transparent)]
    TooLong(#[from] TooLong),
    /// A value does not fit the spec.
    #[error(transparent)]
    Encode(#[from] EncodeError),
    /// The network does not have the message.
    #[error("network {network} does not support a {message}")]
    Unsupported {
        /// The network.
        network: String,
        /// The message: `reversal` or `status inquiry`.
        message: &'static str,
    },
}

/// A message of the profile: its MTI, and a pattern for each data element in ascending order.
#[derive(Debug)]
pub(super) struct MessageTemplate {
    pub(super) mti: Mti,
    elements: Vec<(De, Pattern)>,
}

/// The requests of a profile.
#[derive(Debug)]
pub(super) struct Messages {
    pub(super) request: MessageTemplate,
    inquiry: MessageTemplate,
    reversal: Option<MessageTemplate>,
    status_inquiry: Option<MessageTemplate>,
}

/// The content of our responses.
#[derive(Debug)]
pub(super) struct Responses {
    /// The data elements that a response echoes from its request.
    echo: Vec<De>,
    /// The data elements that are added to an approved response.
    approved: Vec<(De, Pattern)>,
    /// The data elements that are added when the account holder is known.
    account_holder: Vec<(De, Pattern)>,
}

impl Messages {
    pub(super) fn read(
        section: &Section<'_>,
        spec: &Spec,
        has_reversal: bool,
        has_status_inquiry: bool,
    ) -> Option<Self> {
        let template =
            |key| section.named(key).and_then(|message| MessageTemplate::read(&message, spec));
        let (request, inquiry) = (template("request"), template("inquiry"));
        let reversal = if has_reversal { Some(template("reversal")?) } else { None };
        let status_inquiry =
            if has_status_inquiry { Some(template("status_inquiry")?) } else { None };
        Some(Self { request: request?, inquiry: inquiry?, reversal, status_inquiry })
    }

    /// Returns the MTIs of the requests.
    pub(super) fn request_types(&self) -> Vec<Mti> {
        let always = [Some(&self.request), Some(&self.inquiry)];
        let optional = [self.reversal.as_ref(), self.status_inquiry.as_ref()];
        always.into_iter().chain(optional).flatten().map(|template| template.mti).collect()
    }
}

impl MessageTemplate {
    fn read(section: &Section<'_>, spec: &Spec) -> Option<Self> {
        let Some(mti) = section.text_of("mti", message_type) else {
            if !section.names().any(|name| name == "mti") {
                section.fault("mti", "is missing: write the message type, such as 0200");
            }
            return None;
        };
        if spec.layout_of(mti).is_none() {
            section.fault("mti", format!("spec {} does not define message {mti}", spec.name()));
            return None;
        }
        let names = section.names().filter(|name| *name != "mti");
        Some(Self { mti, elements: read_patterns(section, names, spec, mti)? })
    }

    /// Appends the message to the buffer. On an error the buffer is unchanged.
    fn encode(
        &self,
        spec: &Spec,
        values: &MessageValues<'_>,
        into: &mut BytesMut,
    ) -> Result<(), BuildError> {
        let mut encoder = spec.encoder(self.mti, into)?;
        let mut text = Vec::with_capacity(128);
        for (de, pattern) in &self.elements {
            text.clear();
            pattern.write(|name, into| values.write(name, into), &mut text)?;
            encoder.text(*de, &text)?;
        }
        encoder.finish();
        Ok(())
    }
}

/// Reads patterns by the numbers of their data elements, in ascending order.
pub(super) fn read_patterns<'n>(
    section: &Section<'_>,
    names: impl Iterator<Item = &'n str>,
    spec: &Spec,
    mti: Mti,
) -> Option<Vec<(De, Pattern)>> {
    let layout = spec.layout_of(mti)?;
    let pattern = |name: &'n str| {
        let de = name.parse().ok().and_then(De::new);
        let Some(de) = de.filter(|de| layout.element(*de).is_some()) else {
            section
                .fault(name, format!("spec {} does not define this element in {mti}", spec.name()));
            return None;
        };
        Some((de, section.text_of(name, Pattern::parse)?))
    };
    let mut elements = all(names.map(pattern))?;
    elements.sort_by_key(|(de, _)| *de);
    Some(elements)
}

/// Records a fault for each pattern with a value that the message does not have.
pub(super) fn check_value_names(
    section: &Section<'_>,
    patterns: &[(De, Pattern)],
    message: &str,
    known: &[ValueName],
) {
    for (de, pattern) in patterns {
        if let Some(unknown) = pattern.value_names().find(|name| !known.contains(name)) {
            let known = known.iter().map(|name| format!("{{{}}}", name.name())).collect::<Vec<_>>();
            let (unknown, known) = (unknown.name(), known.join(", "));
            let reason = format!("{message} does not have {{{unknown}}}: use {known}");
            section.fault(&de.number().to_string(), reason);
        }
    }
}

impl Responses {
    pub(super) fn read(section: &Section<'_>, spec: &Spec) -> Option<Self> {
        let echo = elements(section, "echo");
        let patterns = |key| {
            let section = section.named(key)?;
            let mti = Mti::new(210)?;
            let patterns = read_patterns(&section, section.names(), spec, mti)?;
            check_value_names(&section, &patterns, "a response", &ValueName::IN_RESPONSES);
            Some(patterns)
        };
        let (approved, account_holder) = (patterns("approved"), patterns("account_holder"));
        Some(Self { echo: echo?, approved: approved?, account_holder: account_holder? })
    }
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
        _ => {}
    }
}

/// Encoding of our messages. Each method appends one message to the buffer; on an error the buffer is unchanged.
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
    ) -> Result<(), BuildError> {
        self.messages.request.encode(&self.spec, &self.order_values(order, trace), into)
    }

    /// Encodes a reversal or its repeat.
    ///
    /// # Errors
    /// If the network has no reversal, or a value does not fit the profile or the spec.
    pub fn encode_reversal(
        &self,
        reversal: &OutgoingReversal,
        into: &mut BytesMut,
    ) -> Result<(), BuildError> {
        let (Some(template), Some(reasons)) = (&self.messages.reversal, &self.reversal_reasons)
        else {
            return Err(self.unsupported("reversal"));
        };
        let original = Some((self.messages.request.mti, reversal.original));
        let reason = Some(reasons.code(reversal.cause));
        let values = self.order_values(&reversal.order, reversal.trace);
        let values = MessageValues { original, reason, ..values };
        if !reversal.is_repeat {
            return template.encode(&self.spec, &values, into);
        }
        let mut first = BytesMut::with_capacity(512);
        template.encode(&self.spec, &values, &mut first)?;
        Ok(self.spec.repeat(&first, into)?)
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
    ) -> Result<(), BuildError> {
        let (template, code) = (&self.messages.status_inquiry, self.inquiries.status);
        let (Some(template), Some(processing_code)) = (template, code) else {
            return Err(self.unsupported("status inquiry"));
        };
        let values = MessageValues { processing_code, ..self.order_values(order, trace) };
        template.encode(&self.spec, &values, into)
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
    ) -> Result<(), BuildError> {
        let values = MessageValues::of_inquiry(inquiry, &self.bank, self.offset, trace);
        self.messages.inquiry.encode(&self.spec, &values, into)
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
        let mut added = vec![(De::RESPONSE_CODE, code.to_string())];
        if code == self.rules().inbound.approved {
            let responses = &self.responses;
            let holder = account.holder.as_ref().map_or(&[][..], |_| &responses.account_holder);
            for (de, pattern) in responses.approved.iter().chain(holder) {
                let mut text = Vec::new();
                let value =
                    |name, into: &mut Vec<u8>| write_response_value(name, request, account, into);
                pattern.write(value, &mut text)?;
                added.push((*de, String::from_utf8_lossy(&text).into_owned()));
            }
        }
        added.sort_by_key(|(de, _)| *de);
        let added: Vec<_> = added.iter().map(|(de, text)| (*de, text.as_str())).collect();
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

    fn unsupported(&self, message: &'static str) -> BuildError {
        BuildError::Unsupported { network: self.name.clone(), message }
    }
}
