//! Test messages with a number as STAN.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use titian::iso8583::{De, Message, Mti, Spec};
use titian::link::{CorrelationId, LinkId, OutgoingKind, OutgoingMessage};
use titian::network::{Bank, MatchingKey, Network, SessionRules};
use titian::values::{Institution, Moment, Pan, Stan, Value};

/// Returns a shipped spec.
pub(crate) fn spec(network: &str) -> Arc<Spec> {
    let (name, text) = Spec::SHIPPED.into_iter().find(|(name, _)| *name == network).unwrap();
    Arc::new(Spec::parse(name, text).unwrap())
}

/// Returns the session rules of a shipped network for bank 213.
pub(crate) fn rules(network: &str) -> SessionRules {
    let bank = Bank {
        code: Institution::from_ascii(b"213").unwrap(),
        forwarder: Institution::from_ascii(b"360213").unwrap(),
        iin: Pan::from_ascii(b"936002").unwrap(),
    };
    SessionRules::clone(Network::shipped(network, bank).unwrap().session())
}

/// Returns a transfer request with this STAN.
pub(crate) fn request(spec: &Spec, number: u32) -> Bytes {
    financial(spec, 200, number)
}

/// Returns a message of the MTI with all elements of the response key.
pub(crate) fn financial(spec: &Spec, mti: u16, number: u32) -> Bytes {
    let mut buffer = BytesMut::new();
    let mut encoder = spec.encoder(Mti::new(mti).unwrap(), &mut buffer).unwrap();
    encoder
        .text(De::PROCESSING_CODE, "401000")
        .and_then(|encoder| encoder.number(De::AMOUNT, 12_500_000))
        .and_then(|encoder| encoder.text(De::TRANSMISSION, "1124120000"))
        .and_then(|encoder| encoder.number(De::STAN, number.into()))
        .and_then(|encoder| encoder.text(De::LOCAL_TIME, "190000"))
        .and_then(|encoder| encoder.text(De::LOCAL_DATE, "1124"))
        .and_then(|encoder| encoder.text(De::ACQUIRER, "213"))
        .and_then(|encoder| encoder.text(De::TERMINAL, "MOB00001"))
        .unwrap();
    encoder.finish();
    buffer.freeze()
}

/// The elements that a response echoes.
const ECHOES: [De; 8] = [
    De::PROCESSING_CODE,
    De::AMOUNT,
    De::TRANSMISSION,
    De::STAN,
    De::LOCAL_TIME,
    De::LOCAL_DATE,
    De::ACQUIRER,
    De::TERMINAL,
];

/// Returns the response 00 to a message, with other values of some elements.
pub(crate) fn response_to(message: &Message<'_>, other: &[(De, &str)]) -> Bytes {
    let echoes = if message.mti().is_management() {
        vec![De::TRANSMISSION, De::STAN, De::SETTLEMENT_DATE, De::NETWORK_CODE]
    } else {
        ECHOES.to_vec()
    };
    let mut added = other.to_vec();
    added.push((De::RESPONSE_CODE, "00"));
    added.sort_by_key(|(de, _)| *de);
    let mut buffer = BytesMut::new();
    message.spec().respond(message, &echoes, &added, &mut buffer).unwrap();
    buffer.freeze()
}

/// Returns a network management request.
pub(crate) fn management(spec: &Spec, code: &str, settlement_date: Option<&str>) -> Bytes {
    let mut buffer = BytesMut::new();
    let mut encoder = spec.encoder(Mti::NETWORK_REQUEST, &mut buffer).unwrap();
    encoder.text(De::TRANSMISSION, "1124120000").unwrap().number(De::STAN, 77).unwrap();
    if let Some(date) = settlement_date {
        encoder.text(De::SETTLEMENT_DATE, date).unwrap();
    }
    encoder.text(De::NETWORK_CODE, code).unwrap();
    encoder.finish();
    buffer.freeze()
}

/// Returns a message to send: a request with its matching key, or a response for the first link.
pub(crate) fn outgoing(
    (spec, rules): (&Spec, &SessionRules),
    number: u32,
    message: Bytes,
    deadline: Moment,
) -> OutgoingMessage {
    let decoded = spec.decode(message.clone()).unwrap();
    let kind = if decoded.mti().is_request() {
        OutgoingKind::Request(MatchingKey::of(&decoded, &rules.response_key).unwrap())
    } else {
        OutgoingKind::Response(LinkId(0))
    };
    OutgoingMessage { correlation_id: CorrelationId(number.into()), message, deadline, kind }
}

/// Returns the STAN of a message.
pub(crate) fn stan(spec: &Spec, message: &Bytes) -> u32 {
    let message = spec.decode(message.clone()).unwrap();
    Stan::from_ascii(message.field(De::STAN).unwrap().reveal().as_bytes()).unwrap().number()
}
