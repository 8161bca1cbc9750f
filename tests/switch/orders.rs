//! What an operator has the switch do, and traffic.

use std::num::NonZeroU32;
use std::time::Duration;

use titian::iso8583::De;
use titian::switch::{Account, AccountStatus, Dialect, Order, Phantom, Refused, Traffic};
use titian::values::{Rrn, Value};

use crate::world::{World, account, mti, repeat, reply};

#[test]
fn a_credit_moves_money_when_the_bank_approves_and_only_then() {
    let mut world = World::new(Dialect::nusantara());
    let deal = world.deal(world.ours, 900);
    world.switch.order(Order::Credit(deal), world.now).unwrap();
    world.collect();
    let request = world.next_to(world.ours);
    assert_eq!(request.get(De::ACQUIRER), Some("002"));
    assert_eq!(request.get(De::ADDITIONAL_DATA).unwrap().len(), 76);
    assert_eq!(world.positions(), [0, 0, 0]);
    world.tell(world.ours, reply(&request, "00"));
    assert!(world.is_quiet(), "nobody else waits for it");
    assert_eq!(world.positions(), [900, 0, -900]);
    world.tell(world.ours, reply(&request, "00"));
    assert_eq!(world.positions(), [900, 0, -900], "a doubled answer is one answer");
}

#[test]
fn cash_at_a_machine_of_a_played_bank_is_paid_by_ours() {
    let mut world = World::new(Dialect::nusantara());
    let deal = world.deal(world.ours, 900);
    for (order, kind, position) in
        [(Order::Payment(deal), "260000", 900), (Order::Withdrawal(deal), "011000", 0)]
    {
        world.switch.order(order, world.now).unwrap();
        world.collect();
        let request = world.next_to(world.ours);
        assert_eq!(request.get(De::PROCESSING_CODE), Some(kind));
        assert_eq!(request.get(De::FROM_ACCOUNT), Some("5550001111"));
        world.tell(world.ours, reply(&request, "00"));
        assert_eq!(world.positions(), [position, 0, -position]);
    }
}

#[test]
fn a_credit_can_be_repeated_and_reversed() {
    let mut world = World::new(Dialect::nusantara());
    let deal = world.deal(world.ours, 900);
    let rrn = world.switch.order(Order::Credit(deal), world.now).unwrap();
    world.collect();
    let request = world.next_to(world.ours);
    world.tell(world.ours, reply(&request, "00"));
    world.switch.order(Order::Repeat(rrn), world.now).unwrap();
    world.collect();
    assert_eq!(world.next_to(world.ours), repeat(&request));
    world.switch.order(Order::Reversal(rrn), world.now).unwrap();
    world.collect();
    let reversal = world.next_to(world.ours);
    assert_eq!((mti(&reversal), reversal.get(De::RESPONSE_CODE)), (420, Some("17")));
    assert_eq!(world.positions(), [0, 0, 0]);
    let again = world.switch.order(Order::Reversal(rrn), world.now);
    assert_eq!(again, Err(Refused::NotReversible(rrn, "reversed")));
}

#[test]
fn a_payer_with_a_bound_is_debited_and_has_it_back_when_nothing_moved() {
    let mut world = World::new(Dialect::nusantara());
    let payer = Account { name: "EKO".into(), status: AccountStatus::Open, balance: Some(1_000) };
    world.switch.list_account(world.played, account("5550001111"), payer);
    let deal = world.deal(world.ours, 900);
    let order = |world: &mut World| {
        let made = world.switch.order(Order::Credit(deal), world.now);
        world.collect();
        made
    };
    order(&mut world).unwrap();
    let request = world.next_to(world.ours);
    assert_eq!(order(&mut world), Err(Refused::NotFunded), "100 are left");
    world.tell(world.ours, reply(&request, "14"));
    let second = order(&mut world).unwrap();
    let request = world.next_to(world.ours);
    world.tell(world.ours, reply(&request, "00"));
    assert_eq!(order(&mut world), Err(Refused::NotFunded));
    world.switch.order(Order::Reversal(second), world.now).unwrap();
    assert!(order(&mut world).is_ok());
}

#[test]
fn orders_that_cannot_be_carried_out_say_why() {
    let mut world = World::new(Dialect::holdfast());
    let now = world.now;
    let deal = world.deal(world.ours, 900);
    let mut refused = |order| world.switch.order(order, now).unwrap_err();
    let ours = titian::switch::Deal { from: deal.to, to: deal.from, ..deal };
    assert_eq!(refused(Order::Credit(ours)), Refused::NotPlayed);
    let absent = titian::switch::Deal { to: deal.from, ..deal };
    assert_eq!(refused(Order::Inquiry(absent)), Refused::NotSignedOn);
    let large = titian::switch::Deal { minor: 1_000_000_000_000, ..deal };
    assert_eq!(refused(Order::Credit(large)), Refused::TooMuch);
    let nowhere = Rrn::from_ascii(b"000000000000").unwrap();
    assert_eq!(refused(Order::Reversal(nowhere)), Refused::NoSuchOrder(nowhere));
    let rrn = world.switch.order(Order::Credit(deal), now).unwrap();
    let reversed = world.switch.order(Order::Reversal(rrn), now);
    assert_eq!(reversed, Err(Refused::NoReversals));
    assert_eq!(world.positions(), [0, 0, 0]);
}

#[test]
fn orders_are_read_with_errors_that_name_the_key() {
    let world = World::new(Dialect::nusantara());
    let read = |json: &str| world.switch.read_order(json.as_bytes());
    let credit = r#"{"kind": "credit", "from": "2", "to": "014", "from_account": "5550001111",
        "to_account": "1234567890", "amount_minor": 900}"#;
    assert_eq!(read(credit), Ok(Order::Credit(world.deal(world.ours, 900))));
    let error = |json: &str| read(json).unwrap_err().to_string();
    let told = [
        r#"{"kind": "credt"}"#,
        r"{}",
        r#"{"kind": "reversal"}"#,
        r#"{"kind": "reversal", "rrn": "1"}"#,
        r#"{"kind": "inquiry", "form": "002"}"#,
        r#"{"kind": "inquiry", "from": "777"}"#,
        &credit.replace("900", "0"),
        &credit.replace("900", "1000000000000"),
    ]
    .map(error)
    .join("\n");
    insta::assert_snapshot!(told);
    let traffic = br#"{"per_second": 5, "from": ["002"], "to": ["014", "008"], "least_minor": 1,
        "most_minor": 9, "regrets": 20}"#;
    let traffic = world.switch.read_traffic(traffic).unwrap();
    assert_eq!((traffic.per_second.get(), traffic.to), (5, vec![world.ours, world.other]));
    assert_eq!((traffic.inquiries, traffic.regrets, traffic.accounts), (0, 20, Vec::new()));
    let phantom = world.switch.read_phantom(br#"{"from": "014", "to": "002", "amount_minor": 5}"#);
    let expected = Phantom { from: world.ours, to: world.played, minor: 5 };
    assert_eq!(phantom, Ok(expected));
}

#[test]
fn a_phantom_is_settled_though_no_bank_sent_it() {
    let mut world = World::new(Dialect::nusantara());
    let phantom = Phantom { from: world.ours, to: world.played, minor: 227 };
    let rrn = world.switch.phantom(phantom, world.now).unwrap();
    world.collect();
    assert!(world.is_quiet());
    assert_eq!(world.positions(), [-227, 0, 227]);
    let transfer = world.switch.transfers(0).next().unwrap();
    assert_eq!((transfer.rrn, transfer.origin, transfer.stands), (rrn, "phantom", true));
    let itself = Phantom { to: world.ours, ..phantom };
    assert_eq!(world.switch.phantom(itself, world.now), Err(Refused::SameBank));
}

#[test]
fn traffic_comes_at_its_rate_and_the_same_from_the_same_seed() {
    let run = || {
        let mut world = World::new(Dialect::nusantara());
        let traffic = Traffic {
            per_second: NonZeroU32::new(300).unwrap(),
            from: vec![world.played],
            to: vec![world.ours, world.other],
            accounts: vec![account("1234567890")],
            least: 100,
            most: 5_000,
            inquiries: 300,
            regrets: 200,
            in_flight: usize::MAX,
        };
        world.switch.set_traffic(Some(traffic), world.now);
        let mut seen = Vec::new();
        let end = world.now.after(Duration::from_secs(10));
        while let Some(due) = world.switch.next_deadline().filter(|due| *due <= end) {
            world.now = world.now.max(due);
            world.tick();
            for (to, wire) in world.take_sent() {
                world.tell(to, reply(&wire, "00"));
                seen.push((to, wire));
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
    let moved: u64 =
        world.switch.transfers(0).filter(|it| it.stands).map(|it| it.amount_minor).sum();
    assert_eq!(world.positions()[2], -i128::from(moved));
}

/// Credits for our bank, and nothing else.
fn credits(world: &World, per_second: NonZeroU32, in_flight: usize) -> Traffic {
    Traffic {
        per_second,
        from: vec![world.played],
        to: vec![world.ours],
        accounts: Vec::new(),
        least: 1,
        most: 1,
        inquiries: 0,
        regrets: 0,
        in_flight,
    }
}

#[test]
fn traffic_waits_for_a_bank_that_is_not_there() {
    let mut world = World::unconnected(Dialect::nusantara());
    let traffic = credits(&world, NonZeroU32::MIN, usize::MAX);
    world.switch.set_traffic(Some(traffic), world.now);
    world.pass(5);
    assert!(world.is_quiet());
    world.join(world.ours);
    world.pass(1);
    assert_eq!(mti(&world.next_to(world.ours)), 200);
    assert!(world.is_quiet(), "what was missed is not made up for");
}

#[test]
fn traffic_is_made_while_fewer_questions_are_open_than_may_be_and_its_answers_are_timed() {
    let mut world = World::new(Dialect::nusantara());
    let traffic = credits(&world, NonZeroU32::new(1_000).unwrap(), 2);
    world.switch.set_traffic(Some(traffic), world.now);
    world.pass(1);
    let asked = [world.next_to(world.ours), world.next_to(world.ours)];
    assert!(world.is_quiet(), "two are open");
    world.now = world.now.after(Duration::from_millis(7));
    world.tell(world.ours, reply(&asked[0], "00"));
    let times = world.switch.snapshot(0, 0).traffic_times.unwrap();
    assert_eq!((times.answers, times.p50_ms, times.most_ms), (1, 7, 7));
    world.pass(1);
    assert_eq!(mti(&world.next_to(world.ours)), 200);
    assert!(world.is_quiet(), "one was answered, so one more is asked for");
}
