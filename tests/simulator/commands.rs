//! Commands of the admin interface, and traffic.

use std::num::NonZeroU32;
use std::time::Duration;

use titian::iso8583::De;
use titian::simulator::{
    Account, AccountStatus, CommandError, InboundCommand, NetworkRules, PhantomTransfer, Traffic,
};
use titian::values::{Rrn, Value};

use super::world::{World, account, mti, repeat, response};

#[test]
fn a_credit_moves_money_when_the_bank_approves_and_only_then() {
    let mut world = World::new(NetworkRules::nusantara());
    let details = world.details(world.ours, 900);
    world.switch.send_inbound(InboundCommand::Credit(details), world.now).unwrap();
    world.collect();
    let request = world.next_to(world.ours);
    assert_eq!(request.get(De::ACQUIRER), Some("002"));
    assert_eq!(request.get(De::ADDITIONAL_DATA).unwrap().len(), 76);
    assert_eq!(world.positions(), [0, 0, 0]);
    world.send(world.ours, response(&request, "00"));
    assert!(world.is_quiet(), "no bank waits for the outcome");
    assert_eq!(world.positions(), [900, 0, -900]);
    world.send(world.ours, response(&request, "00"));
    assert_eq!(world.positions(), [900, 0, -900], "a duplicate response has no effect");
}

#[test]
fn our_bank_pays_for_cash_at_a_machine_of_a_simulated_bank() {
    let mut world = World::new(NetworkRules::nusantara());
    let details = world.details(world.ours, 900);
    for (order, kind, position) in [
        (InboundCommand::QrisPayment(details), "260000", 900),
        (InboundCommand::Withdrawal(details), "011000", 0),
    ] {
        world.switch.send_inbound(order, world.now).unwrap();
        world.collect();
        let request = world.next_to(world.ours);
        assert_eq!(request.get(De::PROCESSING_CODE), Some(kind));
        assert_eq!(request.get(De::FROM_ACCOUNT), Some("5550001111"));
        world.send(world.ours, response(&request, "00"));
        assert_eq!(world.positions(), [position, 0, -position]);
    }
}

#[test]
fn a_credit_can_be_repeated_and_reversed() {
    let mut world = World::new(NetworkRules::nusantara());
    let details = world.details(world.ours, 900);
    let rrn = world.switch.send_inbound(InboundCommand::Credit(details), world.now).unwrap();
    world.collect();
    let request = world.next_to(world.ours);
    world.send(world.ours, response(&request, "00"));
    world.switch.send_inbound(InboundCommand::Repeat(rrn), world.now).unwrap();
    world.collect();
    assert_eq!(world.next_to(world.ours), repeat(&request));
    world.switch.send_inbound(InboundCommand::Reversal(rrn), world.now).unwrap();
    world.collect();
    let reversal = world.next_to(world.ours);
    assert_eq!((mti(&reversal), reversal.get(De::RESPONSE_CODE)), (420, Some("17")));
    assert_eq!(world.positions(), [900, 0, -900], "it stands until the bank confirms");
    let again = world.switch.send_inbound(InboundCommand::Reversal(rrn), world.now);
    assert_eq!(again, Err(CommandError::NotReversible(rrn, "being reversed")));
    world.send(world.ours, response(&reversal, "00"));
    assert_eq!(world.positions(), [0, 0, 0]);
    let again = world.switch.send_inbound(InboundCommand::Reversal(rrn), world.now);
    assert_eq!(again, Err(CommandError::NotReversible(rrn, "reversed")));
}

#[test]
fn a_payer_with_a_balance_is_debited_and_refunded_when_no_money_moved() {
    let mut world = World::new(NetworkRules::nusantara());
    let payer = Account { name: "EKO".into(), status: AccountStatus::Open, balance: Some(1_000) };
    world.switch.list_account(world.simulated, account("5550001111"), payer);
    let details = world.details(world.ours, 900);
    let send = |world: &mut World| {
        let made = world.switch.send_inbound(InboundCommand::Credit(details), world.now);
        world.collect();
        made
    };
    send(&mut world).unwrap();
    let request = world.next_to(world.ours);
    assert_eq!(send(&mut world), Err(CommandError::InsufficientFunds), "100 are left");
    world.send(world.ours, response(&request, "14"));
    let second = send(&mut world).unwrap();
    let request = world.next_to(world.ours);
    world.send(world.ours, response(&request, "00"));
    assert_eq!(send(&mut world), Err(CommandError::InsufficientFunds));
    world.switch.send_inbound(InboundCommand::Reversal(second), world.now).unwrap();
    world.collect();
    let reversal = world.next_to(world.ours);
    world.send(world.ours, response(&reversal, "00"));
    assert!(send(&mut world).is_ok());
}

#[test]
fn commands_that_are_not_possible_are_refused_with_the_reason() {
    let mut world = World::new(NetworkRules::holdfast());
    let now = world.now;
    let details = world.details(world.ours, 900);
    let mut refused = |order| world.switch.send_inbound(order, now).unwrap_err();
    let ours = titian::simulator::RequestDetails { from: details.to, to: details.from, ..details };
    assert_eq!(refused(InboundCommand::Credit(ours)), CommandError::NotSimulated);
    let absent = titian::simulator::RequestDetails { to: details.from, ..details };
    assert_eq!(refused(InboundCommand::Inquiry(absent)), CommandError::NotSignedOn);
    let large = titian::simulator::RequestDetails { minor: 1_000_000_000_000, ..details };
    assert_eq!(refused(InboundCommand::Credit(large)), CommandError::AmountTooLarge);
    let unknown = Rrn::from_ascii(b"000000000000").unwrap();
    assert_eq!(refused(InboundCommand::Reversal(unknown)), CommandError::UnknownRrn(unknown));
    let rrn = world.switch.send_inbound(InboundCommand::Credit(details), now).unwrap();
    let reversed = world.switch.send_inbound(InboundCommand::Reversal(rrn), now);
    assert_eq!(reversed, Err(CommandError::ReversalsUnsupported));
    assert_eq!(world.positions(), [0, 0, 0]);
}

#[test]
fn commands_are_read_with_errors_that_name_the_key() {
    let world = World::new(NetworkRules::nusantara());
    let read = |json: &str| world.switch.read_inbound_command(json.as_bytes());
    let credit = r#"{"kind": "credit", "from": "2", "to": "014", "from_account": "5550001111",
        "to_account": "1234567890", "amount_minor": 900}"#;
    assert_eq!(read(credit), Ok(InboundCommand::Credit(world.details(world.ours, 900))));
    let error = |json: &str| read(json).unwrap_err().to_string();
    let errors = [
        r#"{"kind": "credt"}"#,
        r"{}",
        r#"{"kind": "reversal"}"#,
        r#"{"kind": "reversal", "rrn": "1"}"#,
        r#"{"kind": "inquiry", "form": "002"}"#,
        r#"{"kind": "inquiry", "from": "777"}"#,
        &credit.replace("900", "-1"),
        &credit.replace("900", "1000000000000"),
    ]
    .map(error)
    .join("\n");
    insta::assert_snapshot!(errors);
    let traffic =
        br#"{"per_second": 5, "from": ["002"], "to": ["014", "008"], "min_amount_minor": 1,
        "max_amount_minor": 9, "reversals_per_thousand": 20}"#;
    let traffic = world.switch.read_traffic(traffic).unwrap();
    assert_eq!((traffic.per_second.get(), traffic.to), (5, vec![world.ours, world.other]));
    assert_eq!(
        (traffic.inquiries_per_thousand, traffic.reversals_per_thousand, traffic.accounts),
        (0, 20, Vec::new())
    );
    let phantom = world.switch.read_phantom(br#"{"from": "014", "to": "002", "amount_minor": 5}"#);
    let expected = PhantomTransfer { from: world.ours, to: world.simulated, minor: 5 };
    assert_eq!(phantom, Ok(expected));
}

#[test]
fn a_phantom_is_settled_without_a_request() {
    let mut world = World::new(NetworkRules::nusantara());
    let phantom = PhantomTransfer { from: world.ours, to: world.simulated, minor: 227 };
    let rrn = world.switch.settle_phantom(phantom, world.now).unwrap();
    world.collect();
    assert!(world.is_quiet());
    assert_eq!(world.positions(), [-227, 0, 227]);
    let transfer = world.switch.transfers(0).next().unwrap();
    assert_eq!((transfer.rrn, transfer.origin, transfer.is_settled), (rrn, "phantom", true));
    let itself = PhantomTransfer { to: world.ours, ..phantom };
    assert_eq!(world.switch.settle_phantom(itself, world.now), Err(CommandError::SameBank));
}

#[test]
fn traffic_comes_at_its_rate_and_the_same_from_the_same_seed() {
    let run = || {
        let mut world = World::new(NetworkRules::nusantara());
        let traffic = Traffic {
            per_second: NonZeroU32::new(300).unwrap(),
            from: vec![world.simulated],
            to: vec![world.ours, world.other],
            accounts: vec![account("1234567890")],
            min_amount: 100,
            max_amount: 5_000,
            inquiries_per_thousand: 300,
            reversals_per_thousand: 200,
            partial_reversals_per_thousand: 100,
            max_in_flight: usize::MAX,
        };
        world.switch.set_traffic(Some(traffic), world.now);
        let mut seen = Vec::new();
        let end = world.now.after(Duration::from_secs(10));
        while let Some(due) = world.switch.next_deadline().filter(|due| *due <= end) {
            world.now = world.now.max(due);
            world.tick();
            for (to, message) in world.take_sent() {
                world.send(to, response(&message, "00"));
                seen.push((to, message));
            }
        }
        (seen, world)
    };
    let (seen, world) = run();
    assert_eq!(seen, run().0);
    let counts = world.switch.counts();
    assert_eq!(counts.transfers + counts.inquiries, 3_000);
    assert_eq!(counts.transfers, counts.approved);
    assert!((700..1_100).contains(&counts.inquiries), "{}", counts.inquiries);
    assert!((300..550).contains(&counts.reversals), "{}", counts.reversals);
    assert!((100..300).contains(&counts.partial_reversals), "{}", counts.partial_reversals);
    let moved: u64 = world
        .switch
        .transfers(0)
        .filter(|it| it.is_settled)
        .map(|it| it.amount_minor - it.returned_minor)
        .sum();
    assert_eq!(world.positions()[2], -i128::from(moved));
}

/// Makes traffic of credits to our bank.
fn credits(world: &World, per_second: NonZeroU32, max_in_flight: usize) -> Traffic {
    Traffic {
        per_second,
        from: vec![world.simulated],
        to: vec![world.ours],
        accounts: Vec::new(),
        min_amount: 1,
        max_amount: 1,
        inquiries_per_thousand: 0,
        reversals_per_thousand: 0,
        partial_reversals_per_thousand: 0,
        max_in_flight,
    }
}

#[test]
fn traffic_starts_when_its_bank_signs_on() {
    let mut world = World::unconnected(NetworkRules::nusantara());
    let traffic = credits(&world, NonZeroU32::MIN, usize::MAX);
    world.switch.set_traffic(Some(traffic), world.now);
    world.advance(5);
    assert!(world.is_quiet());
    world.join(world.ours);
    world.advance(1);
    assert_eq!(mti(&world.next_to(world.ours)), 200);
    assert!(world.is_quiet(), "missed requests are skipped");
}

#[test]
fn traffic_keeps_its_limit_of_open_requests_and_its_response_times_are_measured() {
    let mut world = World::new(NetworkRules::nusantara());
    let traffic = credits(&world, NonZeroU32::new(1_000).unwrap(), 2);
    world.switch.set_traffic(Some(traffic), world.now);
    world.advance(1);
    let asked = [world.next_to(world.ours), world.next_to(world.ours)];
    assert!(world.is_quiet(), "two requests are open");
    world.now = world.now.after(Duration::from_millis(7));
    world.send(world.ours, response(&asked[0], "00"));
    let times = world.switch.snapshot(0, 0).response_times.unwrap();
    assert_eq!((times.responses, times.p50_ms, times.max_ms), (1, 7, 7));
    world.advance(1);
    assert_eq!(mti(&world.next_to(world.ours)), 200);
    assert!(world.is_quiet(), "one request is completed, so one more is sent");
}
