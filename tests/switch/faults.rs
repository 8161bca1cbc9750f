//! Faults: what each does to the messages, and that none does anything to the money.

use std::time::Duration;

use titian::iso8583::De;
use titian::switch::{Dialect, Order, Output};

use crate::world::{World, code, mti, repeat, reply};

/// A world where this befalls every first request for a transfer, and the answers to one of 500 to the played bank.
fn befallen(action: &str) -> (World, Vec<titian::switch::Wire>) {
    let mut world = World::new(Dialect::nusantara());
    world.faults(&format!(r#"[{{"match": {{"mti": "0200"}}, "action": {action}}}]"#));
    world.tell(world.ours, world.transfer(world.played, 1, 500));
    let answers = world.take_sent().into_iter().map(|(_, wire)| wire).collect();
    (world, answers)
}

const MOVED: [i128; 3] = [-500, 0, 500];

/// The repeat, which nothing befalls, tells what is true.
fn truth(world: &mut World) -> String {
    let request = world.transfer(world.played, 1, 500);
    world.code_to(world.ours, repeat(&request))
}

#[test]
fn a_dropped_request_has_no_effect_and_its_repeat_does_it() {
    let (mut world, answers) = befallen(r#""drop_request""#);
    assert!(answers.is_empty());
    assert_eq!(world.positions(), [0, 0, 0]);
    assert_eq!(truth(&mut world), "00");
    assert_eq!(world.positions(), MOVED);
}

#[test]
fn a_dropped_answer_has_moved_the_money() {
    let (mut world, answers) = befallen(r#""drop_response""#);
    assert!(answers.is_empty());
    assert_eq!(world.positions(), MOVED);
    assert_eq!(truth(&mut world), "00");
    assert_eq!(world.positions(), MOVED);
}

#[test]
fn a_late_answer_has_moved_the_money_already() {
    let (world, answers) = befallen(r#"{"late": {"ms": 35000}}"#);
    assert_eq!(answers.len(), 1);
    assert_eq!(world.waits, [Duration::from_secs(35)]);
    assert_eq!(world.positions(), MOVED);
}

#[test]
fn a_delayed_request_can_be_overtaken_by_its_reversal() {
    let (mut world, answers) = befallen(r#"{"delay": {"ms": 5000}}"#);
    assert!(answers.is_empty());
    assert_eq!(world.positions(), [0, 0, 0]);
    let reversal = world.reversal(&world.transfer(world.played, 1, 500), 2);
    assert_eq!(world.code_to(world.ours, reversal), "00");
    world.pass(5);
    assert_eq!(code(&world.next_to(world.ours)), "12");
    assert_eq!(world.positions(), [0, 0, 0]);
}

#[test]
fn a_decline_has_no_effect_and_stays_declined() {
    let (mut world, answers) = befallen(r#"{"decline": {"rc": "57"}}"#);
    assert_eq!(code(&answers[0]), "57");
    assert_eq!(truth(&mut world), "57");
    assert_eq!(world.positions(), [0, 0, 0]);
}

#[test]
fn an_answer_is_doubled_or_wrong_in_one_element() {
    let (_, answers) = befallen(r#""duplicate""#);
    assert_eq!(answers.len(), 2);
    assert_eq!(answers[0], answers[1]);
    for (action, de) in [
        ("wrong_amount", De::AMOUNT),
        ("unknown_stan", De::STAN),
        ("overwrite_de7", De::TRANSMISSION),
    ] {
        let mut world = World::new(Dialect::nusantara());
        world.faults(&format!(r#"[{{"match": {{"mti": "0200"}}, "action": "{action}"}}]"#));
        let request = world.transfer(world.played, 1, 500);
        world.pass(2);
        let answer = world.answer(world.ours, request.clone());
        let differing: Vec<_> = answer
            .elements()
            .filter(|(de, text)| request.get(*de).is_some_and(|asked| asked != *text))
            .map(|(de, _)| de)
            .collect();
        assert_eq!(differing, [de], "{action}");
        assert_eq!(world.positions(), MOVED, "{action}");
    }
}

#[test]
fn garbage_or_a_cut_line_comes_in_place_of_the_answer() {
    let (world, answers) = befallen(r#""garbage""#);
    assert!(answers.is_empty());
    assert!(matches!(&world.oddities[..], [Output::Garbage { bytes, .. }] if !bytes.is_empty()));
    assert_eq!(world.positions(), MOVED);
    let (world, answers) = befallen(r#""disconnect""#);
    assert!(answers.is_empty());
    assert_eq!(world.oddities, [Output::Disconnect { bank: world.ours, line: 0 }]);
    assert_eq!(world.positions(), MOVED);
}

#[test]
fn a_reversal_that_is_declined_leaves_no_mark() {
    let mut world = World::new(Dialect::nusantara());
    world.faults(r#"[{"match": {"mti": "0420"}, "action": {"decline": {"rc": "25"}}}]"#);
    let request = world.transfer(world.played, 1, 500);
    let reversal = world.reversal(&request, 2);
    assert_eq!(world.code_to(world.ours, reversal.clone()), "25");
    assert_eq!(world.code_to(world.ours, request), "00", "it came after all");
    assert_eq!(world.code_to(world.ours, repeat(&reversal)), "00");
    assert_eq!(world.positions(), [0, 0, 0]);
}

#[test]
fn faults_befall_what_the_switch_sends_too() {
    let mut world = World::new(Dialect::nusantara());
    let deal = world.deal(world.ours, 100);
    let send = |world: &mut World, action: &str| {
        world.faults(&format!(r#"[{{"match": {{"mti": "0200"}}, "action": {action}}}]"#));
        world.switch.order(Order::Credit(deal), world.now).unwrap();
        world.collect();
        world.take_sent().into_iter().map(|(_, wire)| wire).collect::<Vec<_>>()
    };
    assert!(send(&mut world, r#""drop_request""#).is_empty());
    world.pass(20);
    assert_eq!(mti(&world.next_to(world.ours)), 201, "its repeat is not befallen");
    assert_eq!(send(&mut world, r#""duplicate""#).len(), 2);
    assert_eq!(send(&mut world, r#""wrong_amount""#).len(), 1);
    assert_eq!(world.switch.snapshot(0, 0).faults[0].matched, 0, "what is ours is never wrong");
    let request = send(&mut world, r#""drop_response""#).pop().unwrap();
    world.tell(world.ours, reply(&request, "00"));
    assert_eq!(world.positions(), [0, 0, 0], "the answer was lost on its way");
    world.tell(world.ours, reply(&request, "00"));
    assert_eq!(world.positions(), [100, 0, -100]);
}

#[test]
fn a_fault_of_a_handed_on_request_befalls_its_answer() {
    let mut world = World::new(Dialect::nusantara());
    world.faults(r#"[{"match": {"mti": "0200", "de": {"127": "008"}}, "action": "wrong_amount"}]"#);
    world.tell(world.ours, world.transfer(world.other, 1, 500));
    let handed_on = world.next_to(world.other);
    assert_eq!(handed_on.get(De::AMOUNT), Some("000000000500"));
    world.tell(world.other, reply(&handed_on, "00"));
    assert_eq!(world.next_to(world.ours).get(De::AMOUNT), Some("000000000501"));
    assert_eq!(world.positions(), [-500, 500, 0]);
}
