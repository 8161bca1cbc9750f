//! What our messages say, and what another bank of the network, or we, read of them.

use std::fmt::Write as _;

use bytes::BytesMut;
use titian::iso8583::De;
use titian::network::{Answered, Incoming, Network, ReadError};
use titian::transfer::{Doubt, Funding, Holding, Inquiry, Order, ReversalSend, Side, Trace};
use titian::values::{Date, Moment, Name, Offset, Rrn, Stan, TransferId, Transmission, Value};

use crate::rules::{amount, code, order};
use crate::{NETWORKS, decoded, network};

/// 2026-11-24 16:30:05 UTC, when the day has changed in Jakarta but for half an hour.
const NOW: Moment = Moment::from_millis(1_795_537_805_123);

fn trace(stan: u32) -> Trace {
    Trace {
        stan: Stan::new(stan).unwrap(),
        rrn: Rrn::from_ascii(format!("632816{stan:06}").as_bytes()).unwrap(),
        at: NOW,
        settles: Date::from_ascii(b"2026-11-25").unwrap(),
    }
}

fn order_of(network: &Network) -> Order {
    Order { kind: network.kind("transfer").unwrap(), ..order(Funding::Core) }
}

fn inquiry_of(network: &Network) -> Inquiry {
    let Order { id, amount, from, to, counterparty, particulars, .. } = order_of(network);
    let kind = network.name_inquiry();
    Inquiry { id, kind, from, account: to, counterparty, amount, particulars }
}

fn reversal(network: &Network, repeat: bool) -> ReversalSend {
    let original = trace(4711);
    let trace = if network.name() == "rendezvous" { original } else { trace(4712) };
    ReversalSend { id: TransferId(7), original, trace, because: Doubt::Restart, repeat }
}

/// A message of ours as bytes.
fn said(say: impl FnOnce(&mut BytesMut) -> Result<(), titian::network::SpeakError>) -> BytesMut {
    let mut bytes = BytesMut::new();
    say(&mut bytes).unwrap();
    bytes
}

/// What another bank reads of it.
fn read(network: &Network, bytes: &BytesMut) -> Incoming {
    network.read(&decoded(network.spec(), bytes), TransferId(9), NOW).unwrap()
}

fn request(network: &Network) -> BytesMut {
    said(|into| network.request(&order_of(network), trace(4711), into))
}

#[test]
fn what_our_messages_say_in_each_network() {
    let mut shown = String::new();
    for name in NETWORKS {
        let network = network(name);
        let order = order_of(&network);
        let mut messages = vec![
            ("transfer", request(&network)),
            ("inquiry", said(|into| network.inquiry(&inquiry_of(&network), trace(4710), into))),
        ];
        if name == "holdfast" {
            messages.push(("status", said(|into| network.status(&order, trace(4711), into))));
            let none = network.reversal(&order, &reversal(&network, false), &mut BytesMut::new());
            writeln!(shown, "{}", none.unwrap_err()).unwrap();
        } else {
            for (label, repeat) in [("reversal", false), ("reversal repeat", true)] {
                let reversal = reversal(&network, repeat);
                messages.push((label, said(|into| network.reversal(&order, &reversal, into))));
            }
        }
        for (label, bytes) in messages {
            writeln!(shown, "{name} {label}\n    {}", decoded(network.spec(), &bytes)).unwrap();
        }
    }
    insta::assert_snapshot!(shown);
}

#[test]
fn a_transfer_is_read_as_the_demand_that_it_is_and_known_again() {
    for name in NETWORKS {
        let network = network(name);
        let order = order_of(&network);
        let Incoming::Demand(demand, key) = read(&network, &request(&network)) else { panic!() };
        assert_eq!((demand.side, demand.amount), (Side::Credit, order.amount));
        assert_eq!((demand.account, demand.other), (order.to, Some(order.from)));
        assert_eq!(demand.counterparty.as_str(), "213");
        assert_eq!(demand.origin.transmitted.to_string(), "1124163005");
        assert_eq!(demand.particulars.beneficiary, order.particulars.beneficiary);
        assert_eq!(demand.particulars.reference, order.particulars.reference);

        let mut again = BytesMut::new();
        network.spec().repeat(&request(&network), &mut again).unwrap();
        assert!(
            matches!(read(&network, &again), Incoming::Demand(_, same) if same == key),
            "{name}"
        );
        let other = said(|into| network.request(&order, trace(4713), into));
        assert!(matches!(read(&network, &other), Incoming::Demand(_, other) if other != key));
        if name == "holdfast" {
            let status = said(|into| network.status(&order, trace(4711), into));
            assert!(matches!(read(&network, &status), Incoming::Status(_, same) if same == key));
        } else {
            let bytes = said(|into| network.reversal(&order, &reversal(&network, true), into));
            let Incoming::Reversal(_, original, amount) = read(&network, &bytes) else { panic!() };
            assert_eq!((original, amount), (key, order.amount), "{name}");
        }
    }
}

#[test]
fn cash_at_another_banks_machine_debits_the_account_that_pays() {
    let network = network("nusantara");
    let order = Order { kind: network.kind("withdrawal").unwrap(), ..order_of(&network) };
    let bytes = said(|into| network.request(&order, trace(4711), into));
    let Incoming::Demand(demand, _) = read(&network, &bytes) else { panic!() };
    // Our machine's cash account pays out, and the other bank's customer pays us back.
    assert_eq!((demand.side, demand.account), (Side::Debit, order.to));
    assert_eq!(demand.other, Some(order.from));
    let message = decoded(network.spec(), &bytes);
    let answer = said(|into| network.answer(&message, code("00"), &Holding::default(), into));
    let Incoming::Answer { heard, .. } = read(&network, &answer) else { panic!() };
    assert!(heard.to(&order).speaks_of(&order));
}

#[test]
fn the_answer_to_a_status_inquiry_about_cash_speaks_of_its_order() {
    let network = network("holdfast");
    let order = Order { kind: network.kind("withdrawal").unwrap(), ..order_of(&network) };
    let status = said(|into| network.status(&order, trace(4711), into));
    let message = decoded(network.spec(), &status);
    let answer = said(|into| network.answer(&message, code("00"), &Holding::default(), into));
    let Incoming::Answer { to, heard, .. } = read(&network, &answer) else { panic!() };
    assert_eq!(to, Answered::Status);
    assert!(heard.to(&order).speaks_of(&order));
}

#[test]
fn an_answer_speaks_of_its_order_and_of_no_other() {
    for name in NETWORKS {
        let network = network(name);
        let order = order_of(&network);
        let request = request(&network);
        let message = decoded(network.spec(), &request);
        let answer = said(|into| network.answer(&message, code("00"), &Holding::default(), into));
        let Incoming::Answer { trace: found, to, heard, .. } = read(&network, &answer) else {
            panic!()
        };
        assert_eq!(to, Answered::Request);
        assert_eq!(
            (found.stan, found.rrn, found.settles),
            (trace(4711).stan, trace(4711).rrn, trace(1).settles)
        );
        assert_eq!(found.at.millis(), NOW.millis() / 1000 * 1000, "{name}: to the second");
        assert!(heard.to(&order).speaks_of(&order), "{name}");
        let others = [
            Order { amount: amount(1), ..order.clone() },
            Order { to: order.from, ..order.clone() },
            Order { from: order.to, ..order.clone() },
            Order { kind: network.name_inquiry(), ..order.clone() },
            Order { pan: titian::values::Pan::from_ascii(b"4111111111111111"), ..order.clone() },
        ];
        for other in others {
            assert!(!heard.to(&other).speaks_of(&other), "{name}: {other:?}");
        }
        let mut bare = BytesMut::new();
        let echo = [De::STAN, De::TRANSMISSION, De::LOCAL_TIME, De::LOCAL_DATE, De::RRN];
        let mut echo = echo.to_vec();
        echo.sort_unstable();
        network.spec().respond(&message, &echo, &[(De::RESPONSE_CODE, "00")], &mut bare).unwrap();
        let Incoming::Answer { heard, .. } = read(&network, &bare) else { panic!() };
        assert!(!heard.to(&order).speaks_of(&order), "{name}: what it must have is missing");
    }
}

#[test]
fn a_name_is_asked_for_and_told() {
    for name in NETWORKS {
        let network = network(name);
        let asked = inquiry_of(&network);
        let bytes = said(|into| network.inquiry(&asked, trace(4710), into));
        let Incoming::Inquiry(inquiry) = read(&network, &bytes) else { panic!() };
        assert_eq!((inquiry.account, inquiry.amount), (asked.account, asked.amount));
        let holding = Holding { holder: Name::new("Nyai Ratu Kencana"), balance: None };
        let message = decoded(network.spec(), &bytes);
        let answer = said(|into| network.answer(&message, code("00"), &holding, into));
        let Incoming::Answer { to, holding: heard, .. } = read(&network, &answer) else { panic!() };
        assert_eq!((to, heard), (Answered::Inquiry, holding), "{name}");
        let refused = said(|into| network.answer(&message, code("76"), &Holding::default(), into));
        let Incoming::Answer { heard, .. } = read(&network, &refused) else { panic!() };
        assert_eq!(heard.code, code("76"));
    }
}

#[test]
fn what_cannot_be_taken_in_is_told_with_the_code_to_answer() {
    let network = network("nusantara");
    let unknown = Order {
        kind: titian::values::ProcessingCode::from_ascii(b"999000").unwrap(),
        ..order_of(&network)
    };
    let bytes = said(|into| network.request(&unknown, trace(1), into));
    let error = network.read(&decoded(network.spec(), &bytes), TransferId(9), NOW).unwrap_err();
    assert_eq!(error.to_string(), "the network's profile has no 0200 with DE3 999000");
    assert_eq!(network.refusal(&error), code("40"));

    let mut bytes = BytesMut::new();
    let spec = network.spec();
    let mti = titian::iso8583::Mti::new(200).unwrap();
    let mut encoder = spec.encoder(mti, &mut bytes).unwrap();
    encoder.text(De::PROCESSING_CODE, "401000").unwrap().text(De::STAN, "000001").unwrap();
    encoder.finish();
    let error = network.read(&decoded(spec, &bytes), TransferId(9), NOW).unwrap_err();
    assert!(matches!(error, ReadError::Malformed(_)));
    assert_eq!(
        (error.to_string().as_str(), network.refusal(&error)),
        ("DE103 is missing", code("30"))
    );
}

#[test]
fn the_year_that_the_wire_does_not_say_is_the_nearest() {
    let network = network("nusantara");
    let new_year = Transmission::from_ascii(b"0101000000").unwrap().nearest(NOW, Offset::UTC);
    let before = Trace { at: Moment::from_millis(new_year.millis() - 2_000), ..trace(4711) };
    let request = said(|into| network.request(&order_of(&network), before, into));
    let message = decoded(network.spec(), &request);
    let answer = said(|into| network.answer(&message, code("00"), &Holding::default(), into));
    let message = decoded(network.spec(), &answer);
    let Incoming::Answer { trace, .. } = network.read(&message, TransferId(9), new_year).unwrap()
    else {
        panic!()
    };
    assert_eq!(trace.at.millis() / 1000, before.at.millis() / 1000);
}
