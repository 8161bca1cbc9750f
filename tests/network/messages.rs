//! Messages that we encode, and how another bank of the network, or we, read them.

use std::fmt::Write as _;
use std::sync::Arc;

use bytes::BytesMut;
use titian::iso8583::De;
use titian::network::{IncomingMessage, MatchingKey, Network, ReadError};
use titian::transfer::{
    AccountDetails, Funding, Inquiry, MessageKind, Order, OriginalStep, OutgoingReversal, Side,
    TraceNumbers, UnknownCause,
};
use titian::values::{
    Date, IdempotencyKey, Moment, Name, Offset, Rrn, Stan, TransferId, Transmission, Value,
};

use super::rules::{amount, code, order};
use super::{NETWORKS, bank, decoded, network, spec};

/// 2026-11-24T16:30:05Z: 23:30:05 in Jakarta, half an hour before midnight.
const NOW: Moment = Moment::from_millis(1_795_537_805_123);

fn trace(stan: u32) -> TraceNumbers {
    TraceNumbers {
        stan: Stan::new(stan).unwrap(),
        rrn: Rrn::from_ascii(format!("632816{stan:06}").as_bytes()).unwrap(),
        transmitted_at: NOW,
        settlement_date: Date::from_ascii(b"2026-11-25").unwrap(),
    }
}

fn order_of(network: &Network) -> Order {
    Order { kind: network.processing_code("transfer").unwrap(), ..order(Funding::Core) }
}

fn inquiry_of(network: &Network) -> Inquiry {
    let Order { id, amount, from, to, counterparty, details, .. } = order_of(network);
    let kind = network.account_inquiry_code();
    Inquiry { id, kind, from, account: to, counterparty, amount, details: Arc::new(details) }
}

fn reversal(network: &Network, repeat: bool) -> OutgoingReversal {
    let original = trace(4711);
    let trace = if network.name() == "rendezvous" { original } else { trace(4712) };
    OutgoingReversal {
        order: Arc::new(order_of(network)),
        original,
        trace,
        cause: UnknownCause::Restart,
        is_repeat: repeat,
    }
}

/// Returns the bytes of one of our messages.
fn encoded<T>(
    encode: impl FnOnce(&mut BytesMut) -> Result<T, titian::network::BuildError>,
) -> BytesMut {
    let mut bytes = BytesMut::new();
    encode(&mut bytes).unwrap();
    bytes
}

/// Reads a message as another bank of the network does.
fn read(network: &Network, bytes: &BytesMut) -> IncomingMessage {
    network.read(&decoded(network.spec(), bytes), TransferId(9), NOW).unwrap()
}

fn request(network: &Network) -> BytesMut {
    encoded(|into| network.encode_request(&order_of(network), trace(4711), into))
}

#[test]
fn encoded_messages_of_each_network() {
    let mut shown = String::new();
    for name in NETWORKS {
        let network = network(name);
        let order = order_of(&network);
        let mut messages = vec![
            ("transfer", request(&network)),
            (
                "inquiry",
                encoded(|into| network.encode_inquiry(&inquiry_of(&network), trace(4710), into)),
            ),
        ];
        if name == "holdfast" {
            messages.push((
                "status",
                encoded(|into| network.encode_status_inquiry(&order, trace(4711), into)),
            ));
            let none = network.encode_reversal(&reversal(&network, false), &mut BytesMut::new());
            writeln!(shown, "{}", none.map(drop).unwrap_err()).unwrap();
        } else {
            for (label, repeat) in [("reversal", false), ("reversal repeat", true)] {
                let reversal = reversal(&network, repeat);
                messages.push((label, encoded(|into| network.encode_reversal(&reversal, into))));
            }
        }
        for (label, bytes) in messages {
            writeln!(shown, "{name} {label}\n    {}", decoded(network.spec(), &bytes)).unwrap();
        }
    }
    insta::assert_snapshot!(shown);
}

/// The link takes the key of a response from its elements, and that of a request from us.
#[test]
fn an_encoded_request_has_the_key_of_its_elements() {
    for name in NETWORKS {
        let network = network(name);
        let elements = &network.session().response_key;
        let assert_key = |encode: &dyn Fn(&mut BytesMut) -> MatchingKey| {
            let mut bytes = BytesMut::from(&b"before"[..]);
            let key = encode(&mut bytes);
            let message = decoded(network.spec(), &bytes.split_off(6));
            assert!(MatchingKey::of(&message, elements) == Some(key), "{name}: {message}");
        };
        let (order, trace) = (order_of(&network), trace(4711));
        assert_key(&|into| network.encode_request(&order, trace, into).unwrap());
        assert_key(&|into| network.encode_inquiry(&inquiry_of(&network), trace, into).unwrap());
        if name == "holdfast" {
            assert_key(&|into| network.encode_status_inquiry(&order, trace, into).unwrap());
            continue;
        }
        for is_repeat in [false, true] {
            let reversal = reversal(&network, is_repeat);
            assert_key(&|into| network.encode_reversal(&reversal, into).unwrap());
        }
    }
}

#[test]
fn a_message_without_an_element_of_the_key_is_not_encoded() {
    let (_, text) = Network::SHIPPED[0];
    let key = text.lines().find(|line| line.starts_with("response_key")).unwrap();
    let text = text.replace(key, "response_key = [7, 11, 32, 38, 41]");
    let network = Network::parse("nusantara", &text, spec("nusantara"), bank()).unwrap();
    let mut bytes = BytesMut::new();
    let refused = network.encode_request(&order_of(&network), trace(4711), &mut bytes);
    let refused = refused.map(drop).unwrap_err().to_string();
    assert!(refused.starts_with("message 0200 has no matching key"), "{refused}");
    assert!(bytes.is_empty());
}

#[test]
fn a_request_is_read_back_and_its_duplicates_have_the_same_key() {
    for name in NETWORKS {
        let network = network(name);
        let order = order_of(&network);
        let IncomingMessage::InboundRequest(inbound, key) = read(&network, &request(&network))
        else {
            panic!()
        };
        assert_eq!((inbound.side, inbound.amount), (Side::Credit, order.amount));
        assert_eq!((inbound.account, inbound.other_account), (order.to, Some(order.from)));
        assert_eq!(inbound.counterparty.as_str(), "213");
        assert_eq!(inbound.trace.transmitted_at.to_string(), "1124163005");
        assert_eq!(inbound.details.beneficiary, order.details.beneficiary);
        assert_eq!(inbound.details.reference, order.details.reference);

        let mut duplicate = BytesMut::new();
        network.spec().repeat(&request(&network), &mut duplicate).unwrap();
        assert!(
            matches!(read(&network, &duplicate), IncomingMessage::InboundRequest(_, same) if same == key),
            "{name}"
        );
        let other = encoded(|into| network.encode_request(&order, trace(4713), into));
        assert!(
            matches!(read(&network, &other), IncomingMessage::InboundRequest(_, other) if other != key)
        );
        if name == "holdfast" {
            let status = encoded(|into| network.encode_status_inquiry(&order, trace(4711), into));
            assert!(
                matches!(read(&network, &status), IncomingMessage::StatusInquiry(_, same) if same == key)
            );
        } else {
            let bytes = encoded(|into| network.encode_reversal(&reversal(&network, true), into));
            let IncomingMessage::Reversal(reversal) = read(&network, &bytes) else { panic!() };
            let original = OriginalStep::Key(IdempotencyKey(key.0));
            assert_eq!(reversal.original.steps[0], original, "{name}");
            assert_eq!((reversal.request.amount, reversal.actual), (order.amount, None), "{name}");
        }
    }
}

#[test]
fn a_withdrawal_at_another_banks_atm_debits_the_paying_account() {
    let network = network("nusantara");
    let order =
        Order { kind: network.processing_code("withdrawal").unwrap(), ..order_of(&network) };
    let bytes = encoded(|into| network.encode_request(&order, trace(4711), into));
    let IncomingMessage::InboundRequest(request, _) = read(&network, &bytes) else { panic!() };
    // Our ATM pays out, and the account of the other bank's customer is debited.
    assert_eq!((request.side, request.account), (Side::Debit, order.to));
    assert_eq!(request.other_account, Some(order.from));
    let message = decoded(network.spec(), &bytes);
    let response = encoded(|into| {
        network.encode_response(&message, code("00"), &AccountDetails::default(), into)
    });
    let IncomingMessage::Response { response: fields, .. } = read(&network, &response) else {
        panic!()
    };
    assert!(fields.response_to(&order).matches(&order));
}

#[test]
fn the_response_to_a_status_inquiry_about_a_withdrawal_matches_its_order() {
    let network = network("holdfast");
    let order =
        Order { kind: network.processing_code("withdrawal").unwrap(), ..order_of(&network) };
    let status = encoded(|into| network.encode_status_inquiry(&order, trace(4711), into));
    let message = decoded(network.spec(), &status);
    let response = encoded(|into| {
        network.encode_response(&message, code("00"), &AccountDetails::default(), into)
    });
    let IncomingMessage::Response { kind, response: fields, .. } = read(&network, &response) else {
        panic!()
    };
    assert_eq!(kind, MessageKind::StatusInquiry);
    assert!(fields.response_to(&order).matches(&order));
}

#[test]
fn a_response_matches_its_order_and_no_other() {
    for name in NETWORKS {
        let network = network(name);
        let order = order_of(&network);
        let request = request(&network);
        let message = decoded(network.spec(), &request);
        let response = encoded(|into| {
            network.encode_response(&message, code("00"), &AccountDetails::default(), into)
        });
        let IncomingMessage::Response { trace: found, kind, response: fields, .. } =
            read(&network, &response)
        else {
            panic!()
        };
        assert_eq!(kind, MessageKind::Request);
        assert_eq!(
            (found.stan, found.rrn, found.settlement_date),
            (trace(4711).stan, trace(4711).rrn, trace(1).settlement_date)
        );
        assert_eq!(
            found.transmitted_at.millis(),
            NOW.millis() / 1000 * 1000,
            "{name}: to the second"
        );
        assert!(fields.response_to(&order).matches(&order), "{name}");
        let others = [
            Order { amount: amount(1), ..order.clone() },
            Order { to: order.from, ..order.clone() },
            Order { from: order.to, ..order.clone() },
            Order { kind: network.account_inquiry_code(), ..order.clone() },
            Order { pan: titian::values::Pan::from_ascii(b"4111111111111111"), ..order.clone() },
        ];
        for other in others {
            assert!(!fields.response_to(&other).matches(&other), "{name}: {other:?}");
        }
        let mut incomplete = BytesMut::new();
        let echo = [De::STAN, De::TRANSMISSION, De::LOCAL_TIME, De::LOCAL_DATE, De::RRN];
        let mut echo = echo.to_vec();
        echo.sort_unstable();
        network
            .spec()
            .respond(&message, &echo, &[(De::RESPONSE_CODE, "00")], &mut incomplete)
            .unwrap();
        let IncomingMessage::Response { response: fields, .. } = read(&network, &incomplete) else {
            panic!()
        };
        assert!(
            !fields.response_to(&order).matches(&order),
            "{name}: required elements are missing"
        );
    }
}

#[test]
fn an_account_inquiry_returns_the_holder_name() {
    for name in NETWORKS {
        let network = network(name);
        let asked = inquiry_of(&network);
        let bytes = encoded(|into| network.encode_inquiry(&asked, trace(4710), into));
        let IncomingMessage::Inquiry(inquiry) = read(&network, &bytes) else { panic!() };
        assert_eq!((inquiry.account, inquiry.amount), (asked.account, asked.amount));
        let details = AccountDetails { holder: Name::new("Nyai Ratu Kencana"), balance: None };
        let message = decoded(network.spec(), &bytes);
        let response =
            encoded(|into| network.encode_response(&message, code("00"), &details, into));
        let IncomingMessage::InquiryResponse { account, .. } = read(&network, &response) else {
            panic!()
        };
        assert_eq!(account, details, "{name}");
        let refused = encoded(|into| {
            network.encode_response(&message, code("76"), &AccountDetails::default(), into)
        });
        let IncomingMessage::InquiryResponse { response: fields, .. } = read(&network, &refused)
        else {
            panic!()
        };
        assert_eq!(fields.code, code("76"));
    }
}

#[test]
fn a_message_that_cannot_be_processed_has_a_response_code() {
    let network = network("nusantara");
    let unknown = Order {
        kind: titian::values::ProcessingCode::from_ascii(b"999000").unwrap(),
        ..order_of(&network)
    };
    let bytes = encoded(|into| network.encode_request(&unknown, trace(1), into));
    let error = network.read(&decoded(network.spec(), &bytes), TransferId(9), NOW).unwrap_err();
    assert_eq!(error.to_string(), "0200 with processing code 999000 is not in the network profile");
    assert_eq!(network.refusal_code(&error), code("40"));

    let mut bytes = BytesMut::new();
    let spec = network.spec();
    let mti = titian::iso8583::Mti::new(200).unwrap();
    let mut encoder = spec.encoder(mti, &mut bytes).unwrap();
    encoder.text(De::PROCESSING_CODE, "401000").unwrap().text(De::STAN, "000001").unwrap();
    encoder.finish();
    let error = network.read(&decoded(spec, &bytes), TransferId(9), NOW).unwrap_err();
    assert!(matches!(error, ReadError::Malformed(_)));
    assert_eq!(
        (error.to_string().as_str(), network.refusal_code(&error)),
        ("DE103 is missing", code("30"))
    );
}

#[test]
fn the_nearest_year_completes_a_date_without_year() {
    let network = network("nusantara");
    let new_year = Transmission::from_ascii(b"0101000000").unwrap().nearest(NOW, Offset::UTC);
    let before = TraceNumbers {
        transmitted_at: Moment::from_millis(new_year.millis() - 2_000),
        ..trace(4711)
    };
    let request = encoded(|into| network.encode_request(&order_of(&network), before, into));
    let message = decoded(network.spec(), &request);
    let response = encoded(|into| {
        network.encode_response(&message, code("00"), &AccountDetails::default(), into)
    });
    let message = decoded(network.spec(), &response);
    let IncomingMessage::Response { trace, .. } =
        network.read(&message, TransferId(9), new_year).unwrap()
    else {
        panic!()
    };
    assert_eq!(trace.transmitted_at.millis() / 1000, before.transmitted_at.millis() / 1000);
}

#[test]
fn a_reversal_with_the_trace_numbers_of_its_request_is_its_own_original() {
    let network = network("rendezvous");
    let IncomingMessage::InboundRequest(_, key) = read(&network, &request(&network)) else {
        panic!()
    };
    let bytes = encoded(|into| network.encode_reversal(&reversal(&network, false), into));
    let IncomingMessage::Reversal(reversal) = read(&network, &bytes) else { panic!() };
    let key = IdempotencyKey(key.0);
    // DE90 and the reversal's own trace numbers name the same request.
    assert_eq!((reversal.key, reversal.original.steps.len()), (key, 2));
    assert_eq!(reversal.original.barred_key, Some(key));
}
