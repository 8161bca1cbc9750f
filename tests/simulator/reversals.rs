//! Reversals: after their original, while it is open, before it, with another amount, and repeated.

use titian::iso8583::De;
use titian::simulator::NetworkRules;

use super::world::{World, code, mti, repeat, response};

fn networks_with_reversals() -> [NetworkRules; 2] {
    [NetworkRules::nusantara(), NetworkRules::rendezvous()]
}

#[test]
fn a_reversal_returns_the_money_once_and_its_repeat_gets_the_same_response() {
    for rules in networks_with_reversals() {
        let mut world = World::new(rules);
        let request = world.transfer(world.simulated, 1, 700);
        world.response_to(world.ours, request.clone());
        let reversal = world.reversal(&request, 2);
        let first = world.response_to(world.ours, reversal.clone());
        assert_eq!(code(&first), "00");
        assert_eq!(mti(&first), mti(&reversal) + 10);
        assert_eq!(world.positions(), [0, 0, 0]);
        let again = world.response_to(world.ours, repeat(&reversal));
        assert_eq!(again, first);
        world.advance(1);
        let another = world.reversal(&request, 3);
        assert_eq!(
            world.response_code(world.ours, another),
            "94",
            "another reversal finds it reversed"
        );
        assert_eq!(world.positions(), [0, 0, 0]);
        assert_eq!(
            world.response_code(world.ours, repeat(&request)),
            "12",
            "it was reversed meanwhile"
        );
        assert_eq!(world.switch.counts().reversals, 1);
    }
}

#[test]
fn a_reversal_before_its_original_bars_it() {
    for rules in networks_with_reversals() {
        let mut world = World::new(rules);
        let request = world.transfer(world.simulated, 1, 700);
        let reversal = world.reversal(&request, 2);
        assert_eq!(world.response_code(world.ours, reversal.clone()), "00");
        assert_eq!(world.response_code(world.ours, request.clone()), "12");
        assert_eq!(world.response_code(world.ours, repeat(&request)), "12");
        assert_eq!(world.response_code(world.ours, repeat(&reversal)), "00");
        assert_eq!(world.positions(), [0, 0, 0]);
        assert_eq!(world.switch.transfers(0).next().unwrap().state, "barred");
    }
}

#[test]
fn a_reversal_of_an_open_transfer_ends_it_and_is_forwarded() {
    let mut world = World::new(NetworkRules::nusantara());
    let request = world.transfer(world.other, 1, 700);
    world.send(world.ours, request.clone());
    let forwarded = world.next_to(world.other);
    let reversal = world.reversal(&request, 2);
    world.send(world.ours, reversal.clone());
    assert_eq!(code(&world.next_to(world.ours)), "00");
    assert_eq!(world.next_to(world.other), reversal);
    world.send(world.other, response(&forwarded, "00"));
    assert!(world.is_quiet(), "the response to the original is late");
    assert_eq!(world.positions(), [0, 0, 0]);
    assert_eq!(world.switch.counts().responses_late, 1);
    // It is repeated until the destination responds.
    world.advance(15);
    assert_eq!(world.next_to(world.other), repeat(&reversal));
    world.send(world.other, response(&reversal, "00"));
    world.advance(1_000);
    assert!(world.is_quiet());
}

#[test]
fn a_reversal_after_the_response_returns_the_money_and_is_forwarded() {
    let mut world = World::new(NetworkRules::rendezvous());
    let request = world.transfer(world.other, 1, 700);
    world.send(world.ours, request.clone());
    let forwarded = world.next_to(world.other);
    world.send(world.other, response(&forwarded, "00"));
    world.next_to(world.ours);
    assert_eq!(world.positions(), [-700, 700, 0]);
    let reversal = world.reversal(&request, 2);
    world.send(world.ours, reversal.clone());
    assert_eq!(code(&world.next_to(world.ours)), "00");
    assert_eq!(world.next_to(world.other), reversal);
    world.send(world.other, response(&reversal, "51"));
    assert_eq!(world.switch.counts().reversals_refused, 1);
    assert_eq!(world.positions(), [0, 0, 0], "the decision of the switch is final");
}

#[test]
fn a_reversal_with_another_amount_is_refused_without_effect() {
    let mut world = World::new(NetworkRules::nusantara());
    let request = world.transfer(world.simulated, 1, 700);
    world.response_to(world.ours, request.clone());
    let mut reversal = world.reversal(&request, 2);
    reversal.set(De::AMOUNT, "000000000699");
    assert_eq!(world.response_code(world.ours, reversal), "13");
    assert_eq!(world.positions(), [-700, 0, 700]);
    let right = world.reversal(&request, 3);
    assert_eq!(world.response_code(world.ours, right), "00");
}

#[test]
fn a_reversal_of_a_declined_transfer_has_no_effect() {
    let mut world = World::new(NetworkRules::nusantara());
    world.faults(r#"[{"match": {"mti": "0200"}, "action": {"decline": {"rc": "05"}}}]"#);
    let request = world.transfer(world.simulated, 1, 700);
    assert_eq!(world.response_code(world.ours, request.clone()), "05");
    let reversal = world.reversal(&request, 2);
    assert_eq!(world.response_code(world.ours, reversal), "00");
    assert_eq!(world.switch.transfers(0).next().unwrap().state, "declined");
}

#[test]
fn a_bank_cannot_reverse_a_transfer_of_another_bank() {
    let mut world = World::new(NetworkRules::nusantara());
    let request = world.transfer(world.simulated, 1, 700);
    world.response_to(world.ours, request.clone());
    let mut reversal = world.reversal(&request, 2);
    assert_eq!(world.response_code(world.other, reversal.clone()), "30", "DE32 is our bank");
    reversal.set(De::ACQUIRER, "008");
    assert_eq!(world.response_code(world.other, reversal), "30", "DE90 names our bank");
    assert_eq!(world.positions(), [-700, 0, 700]);
}

#[test]
fn holdfast_has_no_reversals() {
    let mut world = World::new(NetworkRules::holdfast());
    let mut reversal = world.transfer(world.simulated, 1, 700);
    reversal = {
        let mut message = super::world::request(420);
        reversal.elements().for_each(|(de, text)| message.set(de, text));
        message
    };
    assert_eq!(world.response_code(world.ours, reversal), "40");
}
