//! Messages with faults: what describes may be odd, what decides may not.

use bytes::{Bytes, BytesMut};
use titian::iso8583::{De, DecodeError, Message, Salvaged};
use titian::network::{IncomingMessage, Network};
use titian::transfer::{AccountDetails, Order};
use titian::values::{MerchantType, ResponseCode, TransferId};

use super::messages::{NOW, encoded, order_of, trace};
use super::rules::code;
use super::{NETWORKS, decoded, network, receiver};

/// Reads a message as a link does. Returns it with its tolerated faults, or a fault that is not tolerated.
fn received<'n>(
    network: &'n Network,
    bytes: &[u8],
) -> Result<(Message<'n>, Vec<DecodeError>), DecodeError> {
    let bytes = Bytes::copy_from_slice(bytes);
    if let Ok(message) = network.spec().decode(bytes.clone()) {
        return Ok((message, Vec::new()));
    }
    let Salvaged { message, faults } = network.spec().salvage(bytes)?;
    let lenient = &network.session().lenient;
    if lenient.tolerates_all(&faults) {
        return Ok((message, faults));
    }
    let fault = faults.iter().find(|fault| !lenient.tolerates(fault));
    Err(fault.or(faults.last()).unwrap().clone())
}

/// An approved response to our request, with a name in DE48 and a place in DE43.
fn approved(network: &Network) -> (Order, BytesMut) {
    let order = order_of(network);
    let request = encoded(|into| network.encode_request(&order, trace(4711), into));
    let message = decoded(network.spec(), &request);
    let mut response = BytesMut::new();
    let mut echo: Vec<_> = message.fields().map(|field| field.de()).collect();
    echo.retain(|de| ![De::RESPONSE_CODE, De::AUTHORIZATION].contains(de));
    let added = [(De::AUTHORIZATION, "004711"), (De::RESPONSE_CODE, "00")];
    network.spec().respond(&message, &echo, &added, &mut response).unwrap();
    (order, response)
}

/// Replaces the wire bytes of an element.
fn replaced(network: &Network, bytes: &[u8], de: De, with: &[u8]) -> Vec<u8> {
    let message = network.spec().salvage(Bytes::copy_from_slice(bytes)).unwrap().message;
    let field = message.field(de).unwrap();
    let (start, end) = (field.offset(), field.offset() + field.wire().len());
    [&bytes[..start], with, &bytes[end..]].concat()
}

/// Sets one more bit of the bitmaps.
fn with_bit(network: &Network, bytes: &[u8], number: u8) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    let (bit, mti) = (usize::from(number) - 1, decoded_mti_width(network));
    if network.name() == "holdfast" {
        let place = &mut bytes[mti + bit / 4];
        let nibble = char::from(*place).to_digit(16).unwrap() | 8 >> (bit % 4);
        *place = b"0123456789ABCDEF"[usize::try_from(nibble).unwrap()];
    } else {
        bytes[mti + bit / 8] |= 0x80 >> (bit % 8);
    }
    bytes
}

fn decoded_mti_width(network: &Network) -> usize {
    decoded(network.spec(), &approved(network).1).mti_width()
}

#[test]
fn an_approved_response_with_one_odd_byte_stays_approved() {
    for name in NETWORKS {
        let network = network(name);
        let (order, bytes) = approved(&network);
        let place =
            decoded(network.spec(), &bytes).field(De::CARD_ACCEPTOR_NAME).unwrap().wire().to_vec();
        let mut odd_place = place.clone();
        odd_place[3] = 0xC9;
        if name == "rendezvous" {
            odd_place[3] = 0x00;
        }
        // Only a bit, and an element with bytes, which hide the rest.
        let lone_bits = [with_bit(&network, &bytes, 119), with_bit(&network, &bytes, 5)];
        let behind = decoded(network.spec(), &bytes).field(De::TRANSMISSION).unwrap().offset();
        let (before, after) = lone_bits[1].split_at(behind);
        let hiding = [before, b"0", after].concat();
        let empty_name = replaced(&network, &bytes, De::ADDITIONAL_DATA, b"000");
        let short_name = replaced(&network, &bytes, De::ADDITIONAL_DATA, b"005NASAB");
        let odd = [
            ("DE48 empty", Ok(empty_name.clone())),
            ("DE48 short", Ok(short_name)),
            ("DE43", Ok(replaced(&network, &bytes, De::CARD_ACCEPTOR_NAME, &odd_place))),
            ("trailing", Ok([&bytes[..], b"0"].concat())),
            ("DE48 empty, and trailing", Err([&empty_name[..], b"00"].concat())),
            ("a bit in front of others", Ok(lone_bits[0].clone())),
            ("a bit in front of all", Ok(lone_bits[1].clone())),
            ("an element in front of all", Err(hiding)),
        ];
        for (label, bytes) in odd {
            let Ok(bytes) = bytes else {
                let fault = received(&network, &bytes.unwrap_err()).map(drop).unwrap_err();
                let expected =
                    if label.contains("trailing") { "trailing-bytes" } else { "not-delimited" };
                assert_eq!(fault.reason.code(), expected, "{name} {label}: {fault}");
                continue;
            };
            let (message, faults) = received(&network, &bytes).unwrap();
            assert!(!faults.is_empty(), "{name} {label}");
            let read = network.read(&message, TransferId(9), NOW).unwrap();
            let IncomingMessage::Response { response, trace: found, .. } = read else { panic!() };
            assert!(response.response_to(&order).matches(&order), "{name} {label}");
            assert_eq!((response.code, found.stan), (code("00"), trace(4711).stan));
        }
    }
}

#[test]
fn an_undefined_element_at_the_end_is_tolerated_with_its_bytes() {
    let network = network("nusantara");
    let (order, bytes) = approved(&network);
    // DE127 is the last element of the response. DE128 is defined, so the tertiary bitmap stands for an undefined end.
    let bytes = with_bit(&network, &bytes, 65);
    let body = 4 + 16;
    let bytes = [&bytes[..body], &[0x80, 0, 0, 0, 0, 0, 0, 0], &bytes[body..], b"odd"].concat();
    let (message, faults) = received(&network, &bytes).unwrap();
    assert!(faults.iter().all(|fault| fault.reason.code() == "undefined"), "{faults:?}");
    let read = network.read(&message, TransferId(9), NOW).unwrap();
    let IncomingMessage::Response { response, .. } = read else { panic!() };
    assert!(response.response_to(&order).matches(&order));
    assert_eq!(message.field(De::DESTINATION_BANK).unwrap().reveal(), "014");
}

#[test]
fn a_fault_in_an_element_that_decides_is_refused() {
    let network = network("nusantara");
    let (_, bytes) = approved(&network);
    for (de, wire) in [
        (De::AMOUNT, &b"00000012500A"[..]),
        (De::STAN, b"00471 "),
        (De::RRN, b"63281600471\xFF"),
        (De::RESPONSE_CODE, b"0\xC9"),
        (De::SETTLEMENT_DATE, b"11 5"),
        (De::CURRENCY, b"3 0"),
        (De::TO_ACCOUNT, b"00"),
        (De::DESTINATION_BANK, b"000"),
    ] {
        let fault =
            received(&network, &replaced(&network, &bytes, de, wire)).map(drop).unwrap_err();
        assert_eq!(fault.part, titian::iso8583::MessagePart::Element(de), "{fault}");
    }
}

#[test]
fn a_profile_can_refuse_every_fault_at_the_end() {
    let (_, text) = Network::SHIPPED[0];
    let text = text.replace("trailing = \"tolerated\"", "trailing = \"refused\"");
    let network =
        Network::parse("nusantara", &text, super::spec("nusantara"), super::bank()).unwrap();
    let (_, bytes) = approved(&network);
    let fault = received(&network, &[&bytes[..], b"0"].concat()).map(drop).unwrap_err();
    assert_eq!(fault.reason.code(), "trailing-bytes");
}

#[test]
fn an_odd_element_has_no_value_no_subfields_and_is_not_echoed() {
    let network = receiver("nusantara");
    let order = order_of(&network);
    let ours = super::network("nusantara");
    let bytes = encoded(|into| ours.encode_request(&order, trace(1), into));
    let bytes = replaced(&ours, &bytes, De::MERCHANT_TYPE, b"60A7");
    let bytes = replaced(&ours, &bytes, De::LOCAL_TIME, b"12 000");
    let Salvaged { message, faults } = network.spec().salvage(Bytes::from(bytes)).unwrap();
    assert!(faults.iter().all(|fault| network.session().lenient.tolerates(fault)));
    assert!(message.is_odd(De::MERCHANT_TYPE) && message.is_odd(De::LOCAL_TIME));
    assert!(message.get::<MerchantType>(De::MERCHANT_TYPE).is_err());
    let read = network.read(&message, TransferId(9), NOW).unwrap();
    let IncomingMessage::InboundRequest(request, _) = read else { panic!() };
    assert_eq!(request.details.merchant.as_str(), "0000");
    let response = encoded(|into| {
        network.encode_response(&message, code("00"), &AccountDetails::default(), into)
    });
    let response = decoded(network.spec(), &response);
    assert!(!response.has(De::LOCAL_TIME) && response.has(De::LOCAL_DATE));
    assert_eq!(response.get::<ResponseCode>(De::RESPONSE_CODE), Ok(code("00")));
}

#[test]
fn the_elements_that_decide_must_be_strict() {
    let (_, text) = Network::SHIPPED[2];
    let text =
        text.replace("strict = [2, 3, 4, 7, 11, 12, 13, 15,", "strict = [2, 4, 7, 11, 13, 15,");
    let spec = super::spec("holdfast");
    let faults = Network::parse("holdfast.toml", &text, spec, super::bank()).unwrap_err();
    let faults: Vec<_> = faults.iter().map(ToString::to_string).collect();
    assert_eq!(faults, ["holdfast.toml: lenient.strict: lacks elements that decide: add 3, 12"]);
}
