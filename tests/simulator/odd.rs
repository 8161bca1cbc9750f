//! Odd requests of the switch, and what its books say after the answer of the bank.

use bytes::{Bytes, BytesMut};
use titian::iso8583::De;
use titian::network::{Bank, Network};
use titian::simulator::transport::Codec;
use titian::simulator::{CommandError, InboundCommand, NetworkRules, TextMessage};
use titian::values::{Institution, Pan, Rrn, Value};

use super::world::{World, code, date, mti, repeat, request, response};

/// Sends a credit of 1000 to our bank, which approves it.
fn approved_credit(world: &mut World) -> (Rrn, TextMessage) {
    let details = world.details(world.ours, 1_000);
    let rrn = world.switch.send_inbound(InboundCommand::Credit(details), world.now).unwrap();
    world.collect();
    let credit = world.next_to(world.ours);
    world.send(world.ours, response(&credit, "00"));
    (rrn, credit)
}

fn reverse(world: &mut World, command: InboundCommand) -> TextMessage {
    world.switch.send_inbound(command, world.now).unwrap();
    world.collect();
    world.next_to(world.ours)
}

/// Returns a credit and its reversal with a fault.
fn odd_reversal(rules: NetworkRules, action: &str) -> (World, TextMessage, TextMessage) {
    let mut world = World::new(rules);
    let (rrn, credit) = approved_credit(&mut world);
    world.faults(&format!(r#"[{{"action": "{action}"}}]"#));
    let reversal = reverse(&mut world, InboundCommand::Reversal(rrn));
    (world, credit, reversal)
}

#[test]
fn a_reversal_names_its_original_badly() {
    let original = |action| odd_reversal(NetworkRules::nusantara(), action);
    let de90 = |message: &TextMessage| message.get(De::ORIGINAL).map(str::to_owned);
    let (_, credit, reversal) = original("original_without_institutions");
    let trace =
        format!("0200{}{}", credit.get(De::STAN).unwrap(), credit.get(De::TRANSMISSION).unwrap());
    assert_eq!(de90(&reversal).unwrap(), format!("{trace:0<42}"));
    let (_, credit, reversal) = original("original_without_time");
    let stan = format!("0200{}", credit.get(De::STAN).unwrap());
    assert_eq!(de90(&reversal).unwrap(), format!("{stan:0<42}"));
    let (_, _, reversal) = original("original_zeros");
    assert_eq!(de90(&reversal).unwrap(), "0".repeat(42));
    let (_, _, reversal) = original("original_of_other_bank");
    assert_eq!(&de90(&reversal).unwrap()[20..31], "00000000008");
    let (_, credit, reversal) = original("no_original");
    assert_eq!((de90(&reversal), reversal.get(De::RRN)), (None, credit.get(De::RRN)));
    let (_, credit, reversal) = original("unknown_original");
    assert_eq!(de90(&reversal), None);
    assert_ne!(reversal.get(De::RRN), credit.get(De::RRN));
    let (_, _, reversal) = original("zero_replacement");
    assert_eq!(reversal.get(De::REPLACEMENT_AMOUNTS), Some("0".repeat(42).as_str()));
}

#[test]
fn a_credit_stands_after_not_found_and_the_switch_asks_again() {
    for rules in [NetworkRules::nusantara(), NetworkRules::rendezvous()] {
        let (mut world, _, reversal) = odd_reversal(rules, "unknown_original");
        world.send(world.ours, response(&reversal, "25"));
        assert_eq!(world.positions(), [1_000, 0, -1_000], "nothing has changed");
        let plain = world.next_to(world.ours);
        assert!(plain.get(De::ORIGINAL).is_some(), "now it names its original");
        world.send(world.ours, response(&plain, "25"));
        world.advance(15);
        assert_eq!(world.next_to(world.ours), repeat(&plain));
        world.send(world.ours, response(&plain, "00"));
        assert_eq!(world.positions(), [0, 0, 0]);
        world.advance(1_000);
        assert!(world.is_quiet());
        assert_eq!(world.switch.counts().reversals_not_found, 2);
    }
}

#[test]
fn a_refused_reversal_leaves_the_credit_and_can_be_tried_again() {
    let mut world = World::new(NetworkRules::nusantara());
    let (rrn, _) = approved_credit(&mut world);
    let reversal = reverse(&mut world, InboundCommand::Reversal(rrn));
    world.send(world.ours, response(&reversal, "13"));
    assert_eq!(world.positions(), [1_000, 0, -1_000]);
    world.advance(1_000);
    assert!(world.is_quiet(), "the answer is final");
    let again = reverse(&mut world, InboundCommand::Reversal(rrn));
    world.send(world.ours, response(&again, "94"));
    assert_eq!(world.positions(), [0, 0, 0], "it was done already");
}

#[test]
fn a_partial_reversal_returns_all_but_the_actual_amount() {
    let mut world = World::new(NetworkRules::nusantara());
    let (rrn, _) = approved_credit(&mut world);
    let reversal = reverse(&mut world, InboundCommand::PartialReversal(rrn, 400));
    let amounts = reversal.get(De::REPLACEMENT_AMOUNTS).unwrap();
    assert_eq!((mti(&reversal), amounts), (420, format!("000000000400{:030}", 0).as_str()));
    assert_eq!(reversal.get(De::AMOUNT), Some("000000001000"));
    world.send(world.ours, response(&reversal, "00"));
    assert_eq!(world.positions(), [400, 0, -400]);
    let transfer = world.switch.transfers(0).next().unwrap();
    assert_eq!((transfer.is_settled, transfer.returned_minor), (true, 600));
    let file = world.switch.settlement_file(date("2026-11-24"), world.ours).unwrap();
    assert!(file.contains(",1000,") && file.contains(",-600,"), "{file}");
    assert!(file.ends_with("TOTAL,2,2,0,400,400\n"), "{file}");
    let again = world.switch.send_inbound(InboundCommand::Reversal(rrn), world.now);
    assert_eq!(again, Err(CommandError::NotReversible(rrn, "partly reversed")));
}

#[test]
fn a_partial_reversal_of_a_withdrawal_returns_the_cash_that_did_not_come_out() {
    let mut world = World::new(NetworkRules::rendezvous());
    let details = world.details(world.ours, 1_000);
    let rrn = world.switch.send_inbound(InboundCommand::Withdrawal(details), world.now).unwrap();
    world.collect();
    let withdrawal = world.next_to(world.ours);
    world.send(world.ours, response(&withdrawal, "00"));
    assert_eq!(world.positions(), [-1_000, 0, 1_000]);
    let reversal = reverse(&mut world, InboundCommand::PartialReversal(rrn, 600));
    world.send(world.ours, response(&reversal, "00"));
    assert_eq!(world.positions(), [-600, 0, 600]);
}

#[test]
fn a_replacement_amount_of_zero_is_a_full_reversal_and_one_too_high_is_none() {
    for (actual, position) in [(0, 0), (1_000, 1_000), (1_001, 1_000)] {
        let mut world = World::new(NetworkRules::nusantara());
        let (rrn, _) = approved_credit(&mut world);
        let reversal = reverse(&mut world, InboundCommand::PartialReversal(rrn, actual));
        world.send(world.ours, response(&reversal, "00"));
        assert_eq!(world.positions(), [position, 0, -position], "{actual}");
    }
}

#[test]
fn a_partial_reversal_of_a_bank_is_refused() {
    let mut world = World::new(NetworkRules::nusantara());
    let paid = world.transfer(world.simulated, 1, 700);
    world.response_to(world.ours, paid.clone());
    let mut reversal = world.reversal(&paid, 2);
    reversal.set(De::REPLACEMENT_AMOUNTS, &format!("000000000400{:030}", 0));
    assert_eq!(world.response_code(world.ours, reversal), "40");
    assert_eq!(world.positions(), [-700, 0, 700]);
}

#[test]
fn a_misrouted_credit_that_is_declined_moves_nothing() {
    for (action, de, text) in
        [("misrouted", De::DESTINATION_BANK, "008"), ("acquirer_is_receiver", De::ACQUIRER, "014")]
    {
        let mut world = World::new(NetworkRules::nusantara());
        world.faults(&format!(r#"[{{"action": "{action}"}}]"#));
        let details = world.details(world.ours, 900);
        world.switch.send_inbound(InboundCommand::Credit(details), world.now).unwrap();
        world.collect();
        let credit = world.next_to(world.ours);
        assert_eq!(credit.get(de), Some(text));
        world.send(world.ours, response(&credit, "92"));
        assert!(world.is_quiet());
        assert_eq!(world.positions(), [0, 0, 0]);
    }
}

#[test]
fn a_balance_inquiry_has_its_own_processing_code() {
    for rules in [NetworkRules::nusantara(), NetworkRules::rendezvous()] {
        let mut world = World::new(rules);
        let details = world.details(world.ours, 0);
        let command = InboundCommand::BalanceInquiry(details);
        world.switch.send_inbound(command, world.now).unwrap();
        world.collect();
        let inquiry = world.next_to(world.ours);
        let kind = world.rules.balance_inquiry;
        assert_eq!(inquiry.get(De::PROCESSING_CODE), Some(kind.as_str()));
        assert_eq!(inquiry.get(De::FROM_ACCOUNT), Some("5550001111"));
    }
}

#[test]
fn any_date_can_be_announced_without_ending_the_business_date() {
    let mut world = World::new(NetworkRules::nusantara());
    let today = world.switch.business_date();
    world.switch.announce_date(date("2026-12-24"), world.now).unwrap();
    world.collect();
    for bank in [world.ours, world.other] {
        let notice = world.next_to(bank);
        assert_eq!(notice.get(De::SETTLEMENT_DATE), Some("1224"));
        world.send(bank, response(&notice, "40"));
    }
    assert_eq!(world.switch.business_date(), today);
    let mut world = World::new(NetworkRules::rendezvous());
    let announced = world.switch.announce_date(today, world.now);
    assert_eq!(announced, Err(CommandError::CutOverUnsupported));
}

/// Returns the bytes of a response of the switch, good and with a fault.
fn encoded(network: &str, action: &str) -> [Bytes; 2] {
    let institution = |code: &str| Institution::from_ascii(code.as_bytes()).unwrap();
    let bank = Bank {
        code: institution("014"),
        forwarder: institution("360014"),
        iin: Pan::from_ascii(b"936002").unwrap(),
    };
    let network_of_bank = Network::shipped(network, bank).unwrap();
    let codec = Codec::Native(std::sync::Arc::clone(network_of_bank.spec()));
    let faults = [String::from("[]"), format!(r#"[{{"action": "{action}"}}]"#)];
    faults.map(|faults| {
        let mut world = World::new(NetworkRules::named(network).unwrap());
        world.faults(&faults);
        let mut transfer = world.transfer(world.simulated, 1, 700);
        transfer.set(De::CARD_ACCEPTOR_NAME, "X");
        let answer = world.response_to(world.ours, transfer);
        let mut bytes = BytesMut::from(&b"before"[..]);
        codec.write(&answer, &mut bytes).unwrap();
        bytes.split_off(6).freeze()
    })
}

#[test]
fn the_encoding_of_a_response_is_odd_in_one_place() {
    for network in ["nusantara", "rendezvous", "holdfast"] {
        let [good, odd] = encoded(network, "trailing_byte");
        assert_eq!(odd, [&good[..], b" "].concat(), "{network}");
        let [good, odd] = encoded(network, "undefined_element");
        let differing = good.iter().zip(&odd).filter(|(good, odd)| good != odd).count();
        assert_eq!((good.len(), differing), (odd.len(), 1), "{network}");
        let [good, odd] = encoded(network, "not_ascii");
        assert_eq!((odd.len() - good.len(), odd.contains(&0xC9)), (40, true), "{network}");
        let [good, odd] = encoded(network, "empty_names");
        assert_eq!(odd.len() - good.len(), 3, "{network}");
    }
}

#[test]
fn a_repeat_of_an_odd_request_is_as_odd() {
    let mut world = World::new(NetworkRules::nusantara());
    world.faults(r#"[{"match": {"mti": "0200"}, "action": "trailing_byte"}]"#);
    let details = world.details(world.ours, 900);
    world.switch.send_inbound(InboundCommand::Credit(details), world.now).unwrap();
    world.collect();
    let first = world.next_to(world.ours);
    world.advance(20);
    let again = world.next_to(world.ours);
    assert_eq!((mti(&again), again.odd_bytes()), (201, first.odd_bytes()));
    assert!(first.odd_bytes().is_some());
    assert_eq!(request(200).odd_bytes(), None);
    assert_eq!(code(&response(&again, "00")), "00");
}
