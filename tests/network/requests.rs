//! Requests of the switch that are refused before anything is done for them, and balance inquiries.

use bytes::BytesMut;
use titian::iso8583::{De, Mti};
use titian::network::{IncomingMessage, Network, ReadError};
use titian::transfer::{AccountDetails, Alert, Order, Refusal, Side};
use titian::values::{Amount, Currency, Moment, Name, ProcessingCode, TransferId, Value};

use super::messages::{NOW, encoded, inquiry_of, order_of, trace};
use super::rules::code;
use super::{NETWORKS, bank, decoded, network, receiver, spec};

/// A request of another bank with other values of some elements. An empty value leaves the element out.
fn request(network: &Network, mti: Mti, other: &[(De, &str)]) -> BytesMut {
    let order = order_of(network);
    let bytes = encoded(|into| network.encode_request(&order, trace(4711), into));
    let message = decoded(network.spec(), &bytes);
    let mut values: Vec<_> =
        message.fields().map(|field| (field.de(), field.reveal().into_owned())).collect();
    for (de, value) in other {
        values.retain(|(known, _)| known != de);
        if !value.is_empty() {
            values.push((*de, (*value).to_owned()));
        }
    }
    values.sort_by_key(|(de, _)| *de);
    let mut bytes = BytesMut::new();
    let mut encoder = network.spec().encoder(mti, &mut bytes).unwrap();
    for (de, value) in values {
        encoder.text(de, value).unwrap();
    }
    encoder.finish();
    bytes
}

const REQUEST: Mti = Mti::FINANCIAL_REQUEST;

fn read_at(network: &Network, bytes: &BytesMut, now: Moment) -> Result<IncomingMessage, ReadError> {
    network.read(&decoded(network.spec(), bytes), TransferId(9), now)
}

/// Returns the response code and the alert of a request that is refused.
fn refused(name: &str, mti: Mti, other: &[(De, &str)]) -> (String, Option<Alert>) {
    let (network, sender) = (receiver(name), network(name));
    let error = read_at(&network, &request(&sender, mti, other), NOW).unwrap_err();
    (network.refusal_code(&error).to_string(), error.alert())
}

#[test]
fn a_request_with_an_element_that_is_not_understood_is_declined() {
    for name in NETWORKS {
        let mtis: &[u16] =
            if name == "holdfast" { &[200, 201, 220] } else { &[200, 201, 220, 400, 420] };
        for mti in mtis.iter().map(|mti| Mti::new(*mti).unwrap()) {
            for (de, value) in
                [(De::ADDITIONAL_AMOUNTS, "2001360D000000000001"), (De::NETWORK_CODE, "301")]
            {
                assert_eq!(
                    refused(name, mti, &[(de, value)]),
                    ("40".to_owned(), None),
                    "{name} {mti} {de}"
                );
            }
        }
        let original = format!("0200004711{:032}", 0);
        assert_eq!(refused(name, REQUEST, &[(De::ORIGINAL, &original)]).0, "40", "{name}");
        assert_eq!(refused(name, REQUEST, &[(De::REPLACEMENT_AMOUNTS, &"0".repeat(42))]).0, "40");
    }
}

#[test]
fn an_ignored_element_changes_nothing() {
    let (network, sender) = (receiver("nusantara"), network("nusantara"));
    let bytes = request(&sender, REQUEST, &[(De::MAC_2, "0011223344556677")]);
    assert!(matches!(read_at(&network, &bytes, NOW), Ok(IncomingMessage::InboundRequest(..))));
    assert_eq!(network.unchecked_macs().collect::<Vec<_>>(), [De::MAC, De::MAC_2]);
    // A response keeps its code, whatever else it has.
    let response = sender
        .spec()
        .decode(
            request(
                &sender,
                Mti::new(210).unwrap(),
                &[(De::RESPONSE_CODE, "00"), (De::NETWORK_CODE, "301")],
            )
            .freeze(),
        )
        .unwrap();
    assert_eq!(sender.unknown_elements(&response).first(), Some(De::NETWORK_CODE));
    let read = sender.read(&response, TransferId(9), NOW).unwrap();
    assert!(
        matches!(read, IncomingMessage::Response { response, .. } if response.code == code("00"))
    );
}

#[test]
fn a_request_for_another_bank_or_of_our_own_is_declined_with_an_alert() {
    let misrouted = ("92".to_owned(), Some(Alert::MisroutedRequest));
    let own = ("92".to_owned(), Some(Alert::OwnRequest));
    for name in NETWORKS {
        // holdfast has no reversals: an advice stands for them.
        let second = match name {
            "rendezvous" => 400,
            "holdfast" => 220,
            _ => 420,
        };
        let reversal = Mti::new(second).unwrap();
        for mti in [REQUEST, reversal] {
            for other in [
                &[(De::RECEIVER, "002")][..],
                &[(De::DESTINATION_BANK, "002")],
                &[(De::DESTINATION_BANK, "no bank")],
                &[(De::RECEIVER, "002"), (De::DESTINATION_BANK, "002")],
                &[(De::RECEIVER, ""), (De::DESTINATION_BANK, "")],
            ] {
                assert_eq!(refused(name, mti, other), misrouted, "{name} {mti} {other:?}");
            }
            assert_eq!(refused(name, mti, &[(De::ACQUIRER, "014")]), own, "{name} {mti}");
            assert_eq!(refused(name, mti, &[(De::ACQUIRER, "0014")]), own, "{name} {mti}");
        }
        let inquiry = network(name).account_inquiry_code();
        let other = [(De::PROCESSING_CODE, inquiry.as_str()), (De::RECEIVER, "002")];
        assert_eq!(refused(name, REQUEST, &other), misrouted, "{name} inquiry");
        let (network, sender) = (receiver(name), network(name));
        for other in [
            &[(De::RECEIVER, "")][..],
            &[(De::DESTINATION_BANK, "")],
            &[(De::DESTINATION_BANK, "014  ")],
            &[(De::RECEIVER, "00000000014")],
        ] {
            let read = read_at(&network, &request(&sender, REQUEST, other), NOW);
            assert!(matches!(read, Ok(IncomingMessage::InboundRequest(..))), "{name} {other:?}");
        }
    }
    let status = [(De::PROCESSING_CODE, "381000"), (De::RECEIVER, "002")];
    assert_eq!(refused("holdfast", REQUEST, &status), misrouted);
}

#[test]
fn an_amount_of_zero_and_a_date_that_does_not_exist_are_declined() {
    for name in NETWORKS {
        assert_eq!(refused(name, REQUEST, &[(De::AMOUNT, "000000000000")]).0, "13", "{name}");
        assert_eq!(refused(name, REQUEST, &[(De::SETTLEMENT_DATE, "0229")]).0, "30", "{name}");
        let (network, sender) = (receiver(name), network(name));
        let bytes = request(&sender, REQUEST, &[(De::SETTLEMENT_DATE, "0229")]);
        let leap_year = titian::values::Date::from_ascii(b"2028-02-28").unwrap();
        let now = leap_year.at(
            titian::values::TimeOfDay::from_ascii(b"120000").unwrap(),
            titian::values::Offset::UTC,
        );
        assert!(read_at(&network, &bytes, now).is_ok(), "{name}: 2028 has the day");
        // In a response the date decides nothing.
        let bytes = request(
            &sender,
            Mti::new(210).unwrap(),
            &[(De::RESPONSE_CODE, "00"), (De::SETTLEMENT_DATE, "0229")],
        );
        let message = decoded(sender.spec(), &bytes);
        assert!(Network::check_settlement_date(&message, NOW).is_err());
        assert!(sender.read(&message, TransferId(9), NOW).is_ok(), "{name}");
    }
}

#[test]
fn a_withdrawal_is_declined_unless_the_service_is_on_but_its_reversal_is_taken() {
    for name in NETWORKS {
        let sender = network(name);
        let (_, text) = Network::SHIPPED.into_iter().find(|(shipped, _)| *shipped == name).unwrap();
        let other = titian::network::Bank {
            code: titian::values::Institution::from_ascii(b"014").unwrap(),
            ..bank()
        };
        let shipped = Network::parse(name, text, spec(name), other).unwrap();
        assert_eq!(shipped.inbound_debits().count(), 0, "{name}");
        let withdrawal = [(De::PROCESSING_CODE, "011000")];
        let error = read_at(&shipped, &request(&sender, REQUEST, &withdrawal), NOW).unwrap_err();
        assert!(matches!(error, ReadError::ServiceOff(_)), "{name}: {error}");
        assert_eq!(shipped.refusal_code(&error), code("40"));
        if name != "holdfast" {
            let reversal = request(&sender, Mti::new(420).unwrap(), &withdrawal);
            let read = read_at(&shipped, &reversal, NOW);
            assert!(matches!(read, Ok(IncomingMessage::Reversal(..))), "{name}: {read:?}");
        }
        let on = receiver(name);
        assert_eq!(on.inbound_debits().collect::<Vec<_>>(), ["withdrawal"]);
        let read = read_at(&on, &request(&sender, REQUEST, &withdrawal), NOW);
        let Ok(IncomingMessage::InboundRequest(request, _)) = read else { panic!("{name}") };
        assert_eq!(request.side, Side::Debit);
    }
}

#[test]
fn a_balance_inquiry_is_about_the_source_account_and_never_shows_a_name() {
    let sender = network("nusantara");
    let kind = ProcessingCode::from_ascii(b"301000").unwrap();
    let asked = titian::transfer::Inquiry { kind, ..inquiry_of(&sender) };
    let bytes = encoded(|into| sender.encode_inquiry(&asked, trace(4710), into));
    let network = receiver("nusantara");
    let IncomingMessage::Inquiry(inquiry) = read_at(&network, &bytes, NOW).unwrap() else {
        panic!()
    };
    assert_eq!(inquiry.account, order_of(&sender).from);
    let message = decoded(network.spec(), &bytes);
    let rupiah = |minor| Amount::new(minor, Currency::IDR);
    let details =
        AccountDetails { holder: Name::new("Nyai Ratu Kencana"), balance: Some(rupiah(1_234_500)) };
    assert_eq!(network.inquiry_response_code(&message, code("00"), &details), code("00"));
    let response = encoded(|into| network.encode_response(&message, code("00"), &details, into));
    let response = decoded(network.spec(), &response);
    assert_eq!(response.field(De::ADDITIONAL_AMOUNTS).unwrap().reveal(), "1002360C000001234500");
    assert!(!response.has(De::ADDITIONAL_DATA));
    let nothing = AccountDetails { balance: None, ..details };
    assert_eq!(network.inquiry_response_code(&message, code("00"), &nothing), code("40"));

    // The shipped profiles decline it.
    for name in NETWORKS {
        let code = if name == "rendezvous" { "310000" } else { "301000" };
        let bytes = request(&super::network(name), REQUEST, &[(De::PROCESSING_CODE, code)]);
        let shipped = super::network(name);
        let error = read_at(&shipped, &bytes, NOW).unwrap_err();
        assert_eq!(shipped.refusal_code(&error), super::rules::code("40"), "{name}");
    }
}

#[test]
fn a_decline_of_the_switch_has_a_meaning_of_its_own() {
    let network = network("nusantara");
    let declines = &network.rules().declines;
    for (text, meaning) in [
        ("51", Refusal::InsufficientFunds),
        ("62", Refusal::InactiveAccount),
        ("14", Refusal::NoSuchAccount),
        ("76", Refusal::NoSuchAccount),
        ("65", Refusal::Limit),
        ("05", Refusal::Other),
    ] {
        assert_eq!(declines.of(code(text)), meaning, "{text}");
    }
    let (_, text) = Network::SHIPPED[0];
    let text = text.replace("limit = [\"61\", \"65\"]", "limit = [\"61\", \"51\", \"68\"]");
    let faults = Network::parse("nusantara.toml", &text, spec("nusantara"), bank()).unwrap_err();
    let faults: Vec<_> = faults.iter().map(ToString::to_string).collect();
    assert_eq!(
        faults,
        [
            "nusantara.toml: declines: response code 51 is listed twice: keep one meaning",
            "nusantara.toml: declines.limit: 68 is not in response_classes.declined: add it there, or remove it",
        ]
    );
}

#[test]
fn an_order_of_the_shipped_networks_is_unchanged() {
    // What we send is never among what we would refuse.
    for name in NETWORKS {
        let (network, sender) = (receiver(name), network(name));
        let Order { kind, .. } = order_of(&sender);
        let bytes = request(&sender, REQUEST, &[(De::PROCESSING_CODE, kind.as_str())]);
        assert!(read_at(&network, &bytes, NOW).is_ok(), "{name}");
    }
}
