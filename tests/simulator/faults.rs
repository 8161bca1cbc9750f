//! Faults: the effect of each on messages, and that a fault never changes the books.

use std::time::Duration;

use titian::iso8583::De;
use titian::simulator::{FaultRules, InboundCommand, NetworkRules, Output};

use super::world::{World, code, mti, repeat, response};

/// Applies a fault to all transfer requests that are not repeats. Returns the responses to one of 500 to the simulated bank.
fn with_fault(action: &str) -> (World, Vec<titian::simulator::TextMessage>) {
    let mut world = World::new(NetworkRules::nusantara());
    world.faults(&format!(r#"[{{"match": {{"mti": "0200"}}, "action": {action}}}]"#));
    world.send(world.ours, world.transfer(world.simulated, 1, 500));
    let responses = world.take_sent().into_iter().map(|(_, message)| message).collect();
    (world, responses)
}

const MOVED: [i128; 3] = [-500, 0, 500];

/// Returns the code of the repeat, which has no fault.
fn code_of_repeat(world: &mut World) -> String {
    let request = world.transfer(world.simulated, 1, 500);
    world.response_code(world.ours, repeat(&request))
}

#[test]
fn a_dropped_request_has_no_effect_and_its_repeat_has() {
    let (mut world, responses) = with_fault(r#""drop_request""#);
    assert!(responses.is_empty());
    assert_eq!(world.positions(), [0, 0, 0]);
    assert_eq!(code_of_repeat(&mut world), "00");
    assert_eq!(world.positions(), MOVED);
}

#[test]
fn a_request_whose_response_is_dropped_has_moved_the_money() {
    let (mut world, responses) = with_fault(r#""drop_response""#);
    assert!(responses.is_empty());
    assert_eq!(world.positions(), MOVED);
    assert_eq!(code_of_repeat(&mut world), "00");
    assert_eq!(world.positions(), MOVED);
}

#[test]
fn a_request_whose_response_is_late_has_moved_the_money() {
    let (world, responses) = with_fault(r#"{"late": {"ms": 35000}}"#);
    assert_eq!(responses.len(), 1);
    assert_eq!(world.delays, [Duration::from_secs(35)]);
    assert_eq!(world.positions(), MOVED);
}

#[test]
fn a_delayed_request_can_be_overtaken_by_its_reversal() {
    let (mut world, responses) = with_fault(r#"{"delay": {"ms": 5000}}"#);
    assert!(responses.is_empty());
    assert_eq!(world.positions(), [0, 0, 0]);
    let reversal = world.reversal(&world.transfer(world.simulated, 1, 500), 2);
    assert_eq!(world.response_code(world.ours, reversal), "00");
    world.advance(5);
    assert_eq!(code(&world.next_to(world.ours)), "12");
    assert_eq!(world.positions(), [0, 0, 0]);
}

#[test]
fn a_declined_request_has_no_effect_and_stays_declined() {
    let (mut world, responses) = with_fault(r#"{"decline": {"rc": "57"}}"#);
    assert_eq!(code(&responses[0]), "57");
    assert_eq!(code_of_repeat(&mut world), "57");
    assert_eq!(world.positions(), [0, 0, 0]);
}

#[test]
fn a_response_is_duplicated_or_wrong_in_one_element() {
    let (_, responses) = with_fault(r#""duplicate""#);
    assert_eq!(responses.len(), 2);
    assert_eq!(responses[0], responses[1]);
    for (action, de) in [
        ("wrong_amount", De::AMOUNT),
        ("unknown_stan", De::STAN),
        ("overwrite_de7", De::TRANSMISSION),
    ] {
        let mut world = World::new(NetworkRules::nusantara());
        world.faults(&format!(r#"[{{"match": {{"mti": "0200"}}, "action": "{action}"}}]"#));
        let request = world.transfer(world.simulated, 1, 500);
        world.advance(2);
        let response = world.response_to(world.ours, request.clone());
        let differing: Vec<_> = response
            .elements()
            .filter(|(de, text)| request.get(*de).is_some_and(|asked| asked != *text))
            .map(|(de, _)| de)
            .collect();
        assert_eq!(differing, [de], "{action}");
        assert_eq!(world.positions(), MOVED, "{action}");
    }
}

#[test]
fn garbage_or_a_disconnect_replaces_the_response() {
    let (world, responses) = with_fault(r#""garbage""#);
    assert!(responses.is_empty());
    assert!(
        matches!(&world.other_outputs[..], [Output::Garbage { bytes, .. }] if !bytes.is_empty())
    );
    assert_eq!(world.positions(), MOVED);
    let (world, responses) = with_fault(r#""disconnect""#);
    assert!(responses.is_empty());
    assert_eq!(world.other_outputs, [Output::Disconnect { bank: world.ours, connection: 0 }]);
    assert_eq!(world.positions(), MOVED);
}

#[test]
fn a_declined_reversal_has_no_effect() {
    let mut world = World::new(NetworkRules::nusantara());
    world.faults(r#"[{"match": {"mti": "0420"}, "action": {"decline": {"rc": "25"}}}]"#);
    let request = world.transfer(world.simulated, 1, 500);
    let reversal = world.reversal(&request, 2);
    assert_eq!(world.response_code(world.ours, reversal.clone()), "25");
    assert_eq!(world.response_code(world.ours, request), "00", "its original comes later");
    assert_eq!(world.response_code(world.ours, repeat(&reversal)), "00");
    assert_eq!(world.positions(), [0, 0, 0]);
}

#[test]
fn faults_apply_to_requests_of_the_switch_too() {
    let mut world = World::new(NetworkRules::nusantara());
    let details = world.details(world.ours, 100);
    let send = |world: &mut World, action: &str| {
        world.faults(&format!(r#"[{{"match": {{"mti": "0200"}}, "action": {action}}}]"#));
        world.switch.send_inbound(InboundCommand::Credit(details), world.now).unwrap();
        world.collect();
        world.take_sent().into_iter().map(|(_, message)| message).collect::<Vec<_>>()
    };
    assert!(send(&mut world, r#""drop_request""#).is_empty());
    world.advance(20);
    assert_eq!(mti(&world.next_to(world.ours)), 201, "its repeat has no fault");
    assert_eq!(send(&mut world, r#""duplicate""#).len(), 2);
    assert_eq!(send(&mut world, r#""wrong_amount""#).len(), 1);
    assert_eq!(
        world.switch.snapshot(0, 0).faults[0].matched,
        0,
        "requests of the switch always have the right amount"
    );
    let request = send(&mut world, r#""drop_response""#).pop().unwrap();
    world.send(world.ours, response(&request, "00"));
    assert_eq!(world.positions(), [0, 0, 0], "the response was lost");
    world.send(world.ours, response(&request, "00"));
    assert_eq!(world.positions(), [100, 0, -100]);
}

#[test]
fn the_fixture_of_nasty_rules_has_every_odd_action() {
    let json = std::fs::read_to_string("fixtures/faults/nasty.json").unwrap();
    let rules = FaultRules::from_json(json.as_bytes()).unwrap();
    assert_eq!(rules.views().count(), 16);
    for action in [
        "original_without_institutions",
        "original_without_time",
        "original_zeros",
        "original_of_other_bank",
        "no_original",
        "unknown_original",
        "zero_replacement",
        "misrouted",
        "acquirer_is_receiver",
        "not_ascii",
        "empty_names",
        "undefined_element",
        "trailing_byte",
    ] {
        assert!(json.contains(&format!("\"{action}\"")), "{action}");
    }
}

#[test]
fn a_fault_of_a_forwarded_request_applies_to_its_response() {
    let mut world = World::new(NetworkRules::nusantara());
    world.faults(r#"[{"match": {"mti": "0200", "de": {"127": "008"}}, "action": "wrong_amount"}]"#);
    world.send(world.ours, world.transfer(world.other, 1, 500));
    let forwarded = world.next_to(world.other);
    assert_eq!(forwarded.get(De::AMOUNT), Some("000000000500"));
    world.send(world.other, response(&forwarded, "00"));
    assert_eq!(world.next_to(world.ours).get(De::AMOUNT), Some("000000000501"));
    assert_eq!(world.positions(), [-500, 500, 0]);
}
