//! Sign-on and sign-off, echo, key change.

use titian::iso8583::De;
use titian::switch::{Dialect, Presence};

use crate::world::{World, code, mti, reply};

#[test]
fn every_network_signs_on_and_off_echoes_and_changes_keys_by_its_own_codes() {
    for dialect in [Dialect::nusantara(), Dialect::rendezvous(), Dialect::holdfast()] {
        let mut world = World::unconnected(dialect);
        let codes = world.dialect.network.clone();
        world.switch.connected(world.ours);
        let steps = [
            (Some(codes.echo), Presence::Connected),
            (Some(codes.sign_on), Presence::SignedOn),
            (codes.key_change, Presence::SignedOn),
            (Some(codes.sign_off), Presence::Connected),
        ];
        for ((said, presence), stan) in steps.into_iter().zip(1..) {
            let Some(said) = said else { continue };
            let answer = world.answer(world.ours, world.network(said, stan));
            assert_eq!((mti(&answer), code(&answer).as_str()), (810, "00"));
            assert_eq!(answer.get(De::NETWORK_CODE), Some(said));
            assert_eq!(world.switch.presence(world.ours), presence);
        }
        let unknown = world.network("999", 9);
        assert_eq!(world.code_to(world.ours, unknown), "40");
    }
}

#[test]
fn before_sign_on_nothing_financial_is_answered_but_with_a_refusal() {
    let mut world = World::unconnected(Dialect::nusantara());
    world.switch.connected(world.ours);
    let request = world.transfer(world.played, 1, 100);
    assert_eq!(world.code_to(world.ours, request.clone()), "58");
    let reversal = world.reversal(&request, 2);
    assert_eq!(world.code_to(world.ours, reversal), "58");
    assert_eq!(world.switch.snapshot(0, 10).remembered, 0);
}

#[test]
fn an_echo_is_asked_for_three_times() {
    let mut world = World::new(Dialect::nusantara());
    world.switch.echo(world.ours, world.now);
    world.collect();
    let echo = world.next_to(world.ours);
    assert_eq!(echo.get(De::NETWORK_CODE), Some("301"));
    world.pass(15);
    world.pass(15);
    assert_eq!(world.take_sent().len(), 2);
    world.pass(15);
    assert!(world.is_quiet());
    assert_eq!(world.switch.counts().given_up, 1);
    world.switch.echo(world.ours, world.now);
    world.collect();
    let echo = world.next_to(world.ours);
    world.tell(world.ours, reply(&echo, "00"));
    world.pass(100);
    assert!(world.is_quiet());
}
