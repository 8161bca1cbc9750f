//! Sign-on and sign-off, echo, key change.

use titian::iso8583::De;
use titian::simulator::{NetworkRules, Presence};

use super::world::{World, code, mti, response};

#[test]
fn every_network_signs_on_and_off_echoes_and_changes_keys_by_its_own_codes() {
    for rules in [NetworkRules::nusantara(), NetworkRules::rendezvous(), NetworkRules::holdfast()] {
        let mut world = World::unconnected(rules);
        let codes = world.rules.management.clone();
        world.switch.handle_connected(world.ours);
        let steps = [
            (Some(codes.echo), Presence::Connected),
            (Some(codes.sign_on), Presence::SignedOn),
            (codes.key_change, Presence::SignedOn),
            (Some(codes.sign_off), Presence::Connected),
        ];
        for ((said, presence), stan) in steps.into_iter().zip(1..) {
            let Some(said) = said else { continue };
            let response = world.response_to(world.ours, world.management(said, stan));
            assert_eq!((mti(&response), code(&response).as_str()), (810, "00"));
            assert_eq!(response.get(De::NETWORK_CODE), Some(said));
            assert_eq!(world.switch.presence(world.ours), presence);
        }
        let unknown = world.management("999", 9);
        assert_eq!(world.response_code(world.ours, unknown), "40");
    }
}

#[test]
fn before_sign_on_financial_requests_are_refused() {
    let mut world = World::unconnected(NetworkRules::nusantara());
    world.switch.handle_connected(world.ours);
    let request = world.transfer(world.simulated, 1, 100);
    assert_eq!(world.response_code(world.ours, request.clone()), "58");
    let reversal = world.reversal(&request, 2);
    assert_eq!(world.response_code(world.ours, reversal), "58");
    assert_eq!(world.switch.snapshot(0, 10).kept_transfers, 0);
}

#[test]
fn a_notice_is_sent_three_times() {
    let mut world = World::unconnected(NetworkRules::nusantara());
    world.join(world.ours);
    let cut_over = |world: &mut World| {
        world.switch.cut_over(world.now);
        world.collect();
        world.other_outputs.clear();
        let notice = world.next_to(world.ours);
        assert_eq!(notice.get(De::NETWORK_CODE), Some("201"));
        notice
    };
    cut_over(&mut world);
    world.advance(15);
    world.advance(15);
    assert_eq!(world.take_sent().len(), 2);
    world.advance(15);
    assert!(world.is_quiet());
    assert_eq!(world.switch.counts().abandoned, 1);
    let notice = cut_over(&mut world);
    world.send(world.ours, response(&notice, "00"));
    world.advance(100);
    assert!(world.is_quiet());
}
