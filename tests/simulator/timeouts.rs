//! Destinations that do not respond.

use std::time::Duration;

use titian::iso8583::De;
use titian::simulator::{CommandError, InboundCommand, NetworkRules};

use super::world::{World, code, mti, repeat, response};

#[test]
fn the_originator_gets_68_and_the_destination_gets_reversals_until_it_responds() {
    let mut world = World::new(NetworkRules::nusantara());
    let request = world.transfer(world.other, 1, 400);
    world.send(world.ours, request.clone());
    world.next_to(world.other);
    world.advance(19);
    assert!(world.is_quiet());
    world.advance(1);
    assert_eq!(code(&world.next_to(world.ours)), "68");
    let reversal = world.next_to(world.other);
    assert_eq!((mti(&reversal), code(&reversal).as_str()), (420, "68"));
    let original = format!("0200000001{}", request.get(De::TRANSMISSION).unwrap());
    assert!(reversal.get(De::ORIGINAL).unwrap().starts_with(&original));
    for _ in 0..3 {
        world.advance(15);
        assert_eq!(world.next_to(world.other), repeat(&reversal));
    }
    world.send(world.other, response(&request, "00"));
    assert!(world.is_quiet(), "a late approval does not stop the reversal");
    assert_eq!(world.response_code(world.ours, repeat(&request)), "68", "the same response");
    world.advance(15);
    world.send(world.other, response(&reversal, "00"));
    world.take_sent();
    world.advance(3_600);
    assert!(world.is_quiet());
    assert_eq!(world.positions(), [0, 0, 0]);
    assert_eq!(world.switch.counts().responses_late, 1);
}

#[test]
fn a_destination_that_reconnects_gets_its_reversal() {
    let mut world = World::new(NetworkRules::rendezvous());
    let request = world.transfer(world.other, 1, 400);
    world.send(world.ours, request.clone());
    world.next_to(world.other);
    world.switch.handle_disconnected(world.other);
    world.advance(20);
    assert_eq!(code(&world.next_to(world.ours)), "68");
    world.advance(600);
    assert!(world.is_quiet(), "a disconnected bank gets no messages");
    world.join(world.other);
    world.advance(15);
    let reversal = world.next_to(world.other);
    assert_eq!(mti(&reversal), 401);
    for de in [De::STAN, De::RRN, De::TRANSMISSION] {
        assert_eq!(reversal.get(de), request.get(de), "{de}: the same trace numbers");
    }
}

#[test]
fn a_reversal_without_a_response_for_a_day_is_abandoned_and_counted() {
    let mut world = World::new(NetworkRules::nusantara());
    world.send(world.ours, world.transfer(world.other, 1, 400));
    world.advance(20);
    world.take_sent();
    let mut repeats = 0;
    for _ in 0..6_000 {
        world.advance(15);
        repeats += world.take_sent().len();
    }
    assert_eq!(repeats, 86_400 / 15 - 1);
    assert_eq!(world.switch.counts().abandoned, 1);
    assert_eq!(world.switch.snapshot(0, 0).open_requests, 0);
    assert_eq!(world.switch.next_deadline(), None);
}

#[test]
fn holdfast_inquires_the_status_and_a_late_response_decides() {
    let mut world = World::new(NetworkRules::holdfast());
    let request = world.transfer(world.other, 1, 400);
    world.send(world.ours, request.clone());
    world.next_to(world.other);
    world.advance(20);
    assert_eq!(code(&world.next_to(world.ours)), "68");
    let mut status = repeat(&request);
    status.set(De::PROCESSING_CODE, "381000");
    assert_eq!(world.next_to(world.other), status, "a status inquiry under the same trace numbers");
    assert_eq!(world.response_code(world.ours, repeat(&request)), "68");
    world.send(world.other, response(&status, "09"));
    world.send(world.other, response(&status, "30"));
    world.advance(15);
    assert_eq!(world.next_to(world.other), status, "neither code tells the outcome");
    assert!(world.is_quiet(), "the originator gets one response");
    world.send(world.other, response(&request, "00"));
    assert!(world.is_quiet(), "the originator must inquire");
    assert_eq!(world.response_code(world.ours, repeat(&request)), "00");
    assert_eq!(world.positions(), [-400, 400, 0]);
}

#[test]
fn holdfast_declines_a_transfer_whose_destination_never_responds() {
    let mut world = World::new(NetworkRules::holdfast());
    let request = world.transfer(world.other, 1, 400);
    world.send(world.ours, request.clone());
    world.advance(20);
    world.advance(86_400);
    world.take_sent();
    let transfer = world.switch.transfers(0).next().unwrap();
    assert_eq!((transfer.state, transfer.is_settled), ("declined", false));
    assert_eq!(world.switch.counts().abandoned, 1);
}

#[test]
fn an_inquiry_without_a_response_gets_68_and_is_closed() {
    let mut world = World::new(NetworkRules::nusantara());
    world.send(world.ours, world.inquiry(world.other, 1));
    world.next_to(world.other);
    world.advance(20);
    assert_eq!(code(&world.next_to(world.ours)), "68");
    world.advance(100);
    assert!(world.is_quiet());
}

#[test]
fn a_credit_of_a_simulated_bank_is_repeated_once_then_reversed_and_moves_no_money() {
    let mut world = World::new(NetworkRules::nusantara());
    let details = world.details(world.ours, 900);
    let rrn = world.switch.send_inbound(InboundCommand::Credit(details), world.now).unwrap();
    world.collect();
    let request = world.next_to(world.ours);
    assert_eq!((mti(&request), request.get(De::RRN)), (200, Some(rrn.as_str())));
    world.advance(20);
    assert_eq!(world.next_to(world.ours), repeat(&request));
    world.advance(20);
    let reversal = world.next_to(world.ours);
    assert_eq!(mti(&reversal), 420);
    let original = reversal.get(De::ORIGINAL).unwrap();
    assert!(original.starts_with("0200"), "DE90 has the type of the original, not of its repeat");
    world.send(world.ours, response(&request, "00"));
    world.advance(15);
    assert_eq!(world.next_to(world.ours), repeat(&reversal));
    world.send(world.ours, response(&reversal, "00"));
    world.advance(1_000);
    assert!(world.is_quiet());
    assert_eq!(world.positions(), [0, 0, 0]);
    let again = world.switch.send_inbound(InboundCommand::Reversal(rrn), world.now);
    assert_eq!(again, Err(CommandError::NotReversible(rrn, "unanswered")));
}

#[test]
fn a_completed_request_has_no_further_deadline() {
    let mut world = World::new(NetworkRules::nusantara());
    world.send(world.ours, world.transfer(world.other, 1, 400));
    let request = world.next_to(world.other);
    world.send(world.other, response(&request, "00"));
    world.advance(20);
    assert_eq!(
        world.switch.next_deadline(),
        None,
        "otherwise the caller would wake up without end"
    );
}

#[test]
fn the_next_deadline_is_not_later_than_the_time_out() {
    let mut world = World::new(NetworkRules::nusantara());
    world.send(world.ours, world.transfer(world.other, 1, 400));
    let due = world.switch.next_deadline().unwrap();
    assert_eq!(due.since(world.now), Duration::from_secs(20));
    world.now = due;
    world.tick();
    assert_eq!(world.take_sent().len(), 3, "request, response and reversal");
}
