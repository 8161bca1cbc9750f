//! Encodes every message of a profile with the shortest and the longest values, and decodes it again. What does not work
//! here would fail with the money of a customer in flight.

use std::collections::BTreeSet;
use std::sync::Arc;

use bytes::BytesMut;

use super::encoding::BuildError;
use super::messages::MessageTemplate;
use super::profile::Network;
use super::values::ValueName;
use crate::iso8583::{De, DecodeError};
use crate::settings::Section;
use crate::transfer::{
    AccountDetails, Funding, Inquiry, Order, OutgoingReversal, TraceNumbers, TransferDetails,
    UnknownCause,
};
use crate::values::{
    Amount, Date, MerchantType, Moment, Name, NetworkCode, Offset, Rrn, Stan, TransferId, Value,
};

/// The longest amount of ISO 8583 (DE4), in digits.
const AMOUNT_DIGITS_MAX: usize = 12;

impl Network {
    /// Records a fault for each message of the network that cannot be encoded and decoded again.
    pub(super) fn rehearse(&self, top: &Section<'_>) {
        let mut rehearsed = management(self);
        for size in [Size::Shortest, Size::Longest] {
            match Sample::new(self, size) {
                Some(sample) => rehearsed.extend(sample.messages(self)),
                None => top.fault(
                    "messages",
                    "the lengths of DE4, DE100, DE102 and DE103 in the spec leave no value",
                ),
            }
        }
        // A fault that does not depend on the values comes with each of them.
        let faults = rehearsed
            .into_iter()
            .filter_map(|(key, result)| Some((key, result.err()?.to_string())));
        for (key, fault) in faults.collect::<BTreeSet<_>>() {
            top.fault(key, format!("cannot be sent: {fault}"));
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Size {
    Shortest,
    Longest,
}

/// Why a message does not work.
#[derive(Debug, thiserror::Error)]
enum RehearsalError {
    #[error(transparent)]
    Build(#[from] BuildError),
    #[error("{0}; we could not read it ourselves")]
    Decode(#[from] DecodeError),
}

/// A message by its key in the profile, and whether it works.
type Rehearsed = (&'static str, Result<(), RehearsalError>);

/// The values of one size.
struct Sample {
    order: Arc<Order>,
    inquiry: Inquiry,
    trace: TraceNumbers,
    account: AccountDetails,
}

impl Sample {
    fn new(network: &Network, size: Size) -> Option<Self> {
        let text = |name, most| digits(network.lengths(name, most), size);
        let id = TransferId(0);
        let kind = network.services.first()?.codes.first().copied()?;
        let from = Value::from_ascii(&text(ValueName::SourceAccount, 28))?;
        let to = Value::from_ascii(&text(ValueName::BeneficiaryAccount, 28))?;
        let counterparty = Value::from_ascii(&text(ValueName::Receiver, 11))?;
        let amount_digits = match size {
            Size::Shortest => 1,
            Size::Longest => network.element_max(De::AMOUNT).min(AMOUNT_DIGITS_MAX),
        };
        let minor = 10_u64.checked_pow(u32::try_from(amount_digits).ok()?)? - 1;
        let amount = Amount::new(minor, network.currency);
        let details = details(size)?;
        let account = AccountDetails { holder: details.beneficiary.clone(), balance: Some(amount) };
        let pan = match size {
            // A transfer without a card has the bank's own number in its place.
            Size::Shortest => None,
            Size::Longest => Some(Value::from_ascii(&text(ValueName::Pan, 19))?),
        };
        let kind_of_inquiry = network.inquiries.account;
        let inquiry_details = Arc::new(details.clone());
        let inquiry = Inquiry {
            id,
            kind: kind_of_inquiry,
            from,
            account: to,
            counterparty,
            amount,
            details: inquiry_details,
        };
        let funding = Funding::Core;
        let order = Order { id, kind, amount, from, to, pan, counterparty, funding, details };
        Some(Self { order: Arc::new(order), inquiry, trace: trace()?, account })
    }

    /// Encodes each of our messages, and the response to it: the switch's requests have the form of ours.
    fn messages(&self, network: &Network) -> Vec<Rehearsed> {
        let Self { order, inquiry, trace, .. } = self;
        let mut rehearsed = Vec::new();
        let mut rehearse = |key, build: &dyn Fn(&mut BytesMut) -> Result<(), BuildError>| {
            let mut bytes = BytesMut::new();
            let encoded = encode(network, &mut bytes, build);
            if encoded.is_ok() {
                rehearsed.push(("responses", respond(network, &bytes, &self.account)));
            }
            rehearsed.push((key, encoded));
        };
        rehearse("messages.request", &|into| network.encode_request(order, *trace, into).map(drop));
        rehearse("messages.inquiry", &|into| {
            network.encode_inquiry(inquiry, *trace, into).map(drop)
        });
        if let Some(kind) = network.answered_balance_inquiry() {
            let inquiry = Inquiry { kind, ..inquiry.clone() };
            rehearse("messages.inquiry", &|into| {
                network.encode_inquiry(&inquiry, *trace, into).map(drop)
            });
        }
        if network.messages.reversal.is_some() {
            for reversal in [false, true].map(|is_repeat| self.reversal(is_repeat)) {
                rehearse("messages.reversal", &|into| {
                    network.encode_reversal(&reversal, into).map(drop)
                });
            }
        }
        if network.messages.status_inquiry.is_some() {
            rehearse("messages.status_inquiry", &|into| {
                network.encode_status_inquiry(order, *trace, into).map(drop)
            });
        }
        rehearsed
    }

    fn reversal(&self, is_repeat: bool) -> OutgoingReversal {
        let (order, trace) = (Arc::clone(&self.order), self.trace);
        OutgoingReversal { order, original: trace, trace, cause: UnknownCause::Timeout, is_repeat }
    }
}

/// Encodes a message and decodes it again. On an error the buffer is empty.
fn encode(
    network: &Network,
    into: &mut BytesMut,
    encode: impl FnOnce(&mut BytesMut) -> Result<(), BuildError>,
) -> Result<(), RehearsalError> {
    encode(into)?;
    network.spec.decode(into.clone().freeze())?;
    Ok(())
}

/// Responds to a request, with and without approval.
fn respond(
    network: &Network,
    request: &BytesMut,
    account: &AccountDetails,
) -> Result<(), RehearsalError> {
    let inbound = &network.rules().inbound;
    let request = network.spec.decode(request.clone().freeze())?;
    for (code, account) in
        [(inbound.approved, account), (inbound.not_found, &AccountDetails::default())]
    {
        encode(network, &mut BytesMut::new(), |into| {
            network.encode_response(&request, code, account, into)
        })?;
    }
    Ok(())
}

/// Encodes the network management requests that we send, and the responses to those of the switch, which have the same form.
fn management(network: &Network) -> Vec<Rehearsed> {
    let session = network.session();
    let codes = &session.management;
    let mut rehearsed = Vec::new();
    let mut rehearse = |key, code: &NetworkCode| {
        let mut elements = vec![
            (De::TRANSMISSION, "1127205226"),
            (De::STAN, "999999"),
            (De::NETWORK_CODE, code.as_str()),
        ];
        elements.extend(session.identity.iter().map(|(de, text)| (*de, text.as_str())));
        elements.sort_by_key(|(de, _)| *de);
        let mut bytes = BytesMut::new();
        let encoded = encode(network, &mut bytes, |into| {
            let mut encoder = network.spec.encoder(session.request, into)?;
            for (de, text) in &elements {
                encoder.text(*de, *text)?;
            }
            encoder.finish();
            Ok(())
        });
        if encoded.is_ok() {
            rehearsed.push(("session.responses", respond_to_management(network, &bytes)));
        }
        rehearsed.push((key, encoded));
    };
    rehearse("session.codes.sign_on", &codes.sign_on);
    rehearse("session.codes.sign_off", &codes.sign_off);
    rehearse("session.codes.echo", &codes.echo);
    rehearsed
}

/// Responds to a network management request: done, and refused.
fn respond_to_management(network: &Network, request: &BytesMut) -> Result<(), RehearsalError> {
    let request = network.spec.decode(request.clone().freeze())?;
    for is_done in [true, false] {
        encode(network, &mut BytesMut::new(), |into| {
            Ok(network.session().write_response(&request, is_done, into)?)
        })?;
    }
    Ok(())
}

impl Network {
    /// Returns the shortest and the longest text that the elements of our messages admit for a value, at most `most`.
    /// Only elements that consist of this value alone count: in others a width of the pattern limits it.
    fn lengths(&self, name: ValueName, most: usize) -> (usize, usize) {
        let messages = &self.messages;
        let templates = [Some(&messages.request), Some(&messages.inquiry)];
        let optional = [messages.reversal.as_ref(), messages.status_inquiry.as_ref()];
        let all = templates.into_iter().chain(optional).flatten();
        all.flat_map(|template| self.lengths_in(template, name))
            .fold((1, most), |(least, most), (min, max)| (least.max(min), most.min(max)))
    }

    fn lengths_in(
        &self,
        template: &MessageTemplate,
        name: ValueName,
    ) -> impl Iterator<Item = (usize, usize)> {
        let layout = self.spec.layout_of(template.mti);
        let alone = template.elements.iter().filter(move |(_, pattern)| pattern.is_only(name));
        alone.filter_map(move |(de, _)| layout?.lengths(*de))
    }

    /// Returns the longest text of an element of our request; zero if the spec does not define it.
    fn element_max(&self, de: De) -> usize {
        let layout = self.spec.layout_of(self.messages.request.mti);
        layout.and_then(|layout| layout.lengths(de)).map_or(0, |(_, max)| max)
    }
}

fn digits((least, most): (usize, usize), size: Size) -> Vec<u8> {
    let length = match size {
        Size::Shortest => least,
        Size::Longest => most,
    };
    vec![b'9'; length]
}

fn details(size: Size) -> Option<TransferDetails> {
    let merchant = MerchantType::from_ascii(b"6017")?;
    Some(match size {
        Size::Shortest => TransferDetails {
            merchant,
            terminal: Value::from_ascii(b"1")?,
            sender: None,
            beneficiary: None,
            reference: None,
            channel: None,
        },
        Size::Longest => TransferDetails {
            merchant,
            terminal: Value::from_ascii(b"WWWWWWWW")?,
            sender: Name::new(&"W".repeat(100)),
            beneficiary: Name::new(&"W".repeat(100)),
            reference: Value::from_ascii(&[b'W'; 64]),
            channel: None,
        },
    })
}

fn trace() -> Option<TraceNumbers> {
    let at = Moment::from_millis(1_795_521_600_000);
    Some(TraceNumbers {
        stan: Stan::new(Stan::MAX)?,
        rrn: Rrn::from_ascii(b"999999999999")?,
        transmitted_at: at,
        settlement_date: Date::of(at, Offset::UTC),
    })
}
