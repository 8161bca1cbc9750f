//! Destinations that don't answer.

use std::time::Duration;

use titian::iso8583::De;
use titian::switch::{Dialect, Order, Refused};

use crate::world::{World, code, mti, repeat, reply};

#[test]
fn the_originator_is_told_68_and_the_destination_reversed_until_it_answers() {
    let mut world = World::new(Dialect::nusantara());
    let request = world.transfer(world.other, 1, 400);
    world.tell(world.ours, request.clone());
    world.next_to(world.other);
    world.pass(19);
    assert!(world.is_quiet());
    world.pass(1);
    assert_eq!(code(&world.next_to(world.ours)), "68");
    let reversal = world.next_to(world.other);
    assert_eq!((mti(&reversal), code(&reversal).as_str()), (420, "68"));
    let original = format!("0200000001{}", request.get(De::TRANSMISSION).unwrap());
    assert!(reversal.get(De::ORIGINAL).unwrap().starts_with(&original));
    for _ in 0..3 {
        world.pass(15);
        assert_eq!(world.next_to(world.other), repeat(&reversal));
    }
    world.tell(world.other, reply(&request, "00"));
    assert!(world.is_quiet(), "a late approval stops no reversal");
    assert_eq!(world.code_to(world.ours, repeat(&request)), "68", "the same answer");
    world.pass(15);
    world.tell(world.other, reply(&reversal, "00"));
    world.take_sent();
    world.pass(3_600);
    assert!(world.is_quiet());
    assert_eq!(world.positions(), [0, 0, 0]);
    assert_eq!(world.switch.counts().answers_late, 1);
}

#[test]
fn a_destination_that_comes_back_finds_its_reversal() {
    let mut world = World::new(Dialect::rendezvous());
    let request = world.transfer(world.other, 1, 400);
    world.tell(world.ours, request.clone());
    world.next_to(world.other);
    world.switch.disconnected(world.other);
    world.pass(20);
    assert_eq!(code(&world.next_to(world.ours)), "68");
    world.pass(600);
    assert!(world.is_quiet(), "nothing is sent to a bank that is gone");
    world.join(world.other);
    world.pass(15);
    let reversal = world.next_to(world.other);
    assert_eq!(mti(&reversal), 401);
    for de in [De::STAN, De::RRN, De::TRANSMISSION] {
        assert_eq!(reversal.get(de), request.get(de), "{de}: under the same numbers");
    }
}

#[test]
fn what_no_one_answers_for_a_day_is_left_and_counted() {
    let mut world = World::new(Dialect::nusantara());
    world.tell(world.ours, world.transfer(world.other, 1, 400));
    world.pass(20);
    world.take_sent();
    let mut repeats = 0;
    for _ in 0..6_000 {
        world.pass(15);
        repeats += world.take_sent().len();
    }
    assert_eq!(repeats, 86_400 / 15 - 1);
    assert_eq!(world.switch.counts().given_up, 1);
    assert_eq!(world.switch.snapshot(0, 0).open_questions, 0);
    assert_eq!(world.switch.next_deadline(), None);
}

#[test]
fn in_holdfast_the_destination_is_asked_on_and_its_late_answer_decides() {
    let mut world = World::new(Dialect::holdfast());
    let request = world.transfer(world.other, 1, 400);
    world.tell(world.ours, request.clone());
    world.next_to(world.other);
    world.pass(20);
    assert_eq!(code(&world.next_to(world.ours)), "68");
    let mut status = repeat(&request);
    status.set(De::PROCESSING_CODE, "381000");
    assert_eq!(world.next_to(world.other), status, "what became of it, under its own numbers");
    assert_eq!(world.code_to(world.ours, repeat(&request)), "68");
    world.tell(world.other, reply(&status, "09"));
    world.tell(world.other, reply(&status, "30"));
    world.pass(15);
    assert_eq!(world.next_to(world.other), status, "neither says anything of the transfer");
    assert!(world.is_quiet(), "the originator is told once");
    world.tell(world.other, reply(&request, "00"));
    assert!(world.is_quiet(), "it has to ask");
    assert_eq!(world.code_to(world.ours, repeat(&request)), "00");
    assert_eq!(world.positions(), [-400, 400, 0]);
}

#[test]
fn in_holdfast_a_destination_that_never_answers_has_not_been_paid() {
    let mut world = World::new(Dialect::holdfast());
    let request = world.transfer(world.other, 1, 400);
    world.tell(world.ours, request.clone());
    world.pass(20);
    world.pass(86_400);
    world.take_sent();
    let transfer = world.switch.transfers(0).next().unwrap();
    assert_eq!((transfer.state, transfer.stands), ("declined", false));
    assert_eq!(world.switch.counts().given_up, 1);
}

#[test]
fn an_inquiry_that_is_not_answered_is_told_and_forgotten() {
    let mut world = World::new(Dialect::nusantara());
    world.tell(world.ours, world.inquiry(world.other, 1));
    world.next_to(world.other);
    world.pass(20);
    assert_eq!(code(&world.next_to(world.ours)), "68");
    world.pass(100);
    assert!(world.is_quiet());
}

#[test]
fn a_credit_of_a_played_bank_is_repeated_once_then_reversed_and_books_nothing() {
    let mut world = World::new(Dialect::nusantara());
    let deal = world.deal(world.ours, 900);
    let rrn = world.switch.order(Order::Credit(deal), world.now).unwrap();
    world.collect();
    let request = world.next_to(world.ours);
    assert_eq!((mti(&request), request.get(De::RRN)), (200, Some(rrn.as_str())));
    world.pass(20);
    assert_eq!(world.next_to(world.ours), repeat(&request));
    world.pass(20);
    let reversal = world.next_to(world.ours);
    assert_eq!(mti(&reversal), 420);
    let named = reversal.get(De::ORIGINAL).unwrap();
    assert!(named.starts_with("0200"), "the original, not its repeat");
    world.tell(world.ours, reply(&request, "00"));
    world.pass(15);
    assert_eq!(world.next_to(world.ours), repeat(&reversal));
    world.tell(world.ours, reply(&reversal, "00"));
    world.pass(1_000);
    assert!(world.is_quiet());
    assert_eq!(world.positions(), [0, 0, 0]);
    let again = world.switch.order(Order::Reversal(rrn), world.now);
    assert_eq!(again, Err(Refused::NotReversible(rrn, "unanswered")));
}

#[test]
fn what_was_answered_is_due_once_and_then_no_more() {
    let mut world = World::new(Dialect::nusantara());
    world.tell(world.ours, world.transfer(world.other, 1, 400));
    let request = world.next_to(world.other);
    world.tell(world.other, reply(&request, "00"));
    world.pass(20);
    assert_eq!(world.switch.next_deadline(), None, "or it is waited for without a rest");
}

#[test]
fn the_next_deadline_is_never_later_than_what_is_due() {
    let mut world = World::new(Dialect::nusantara());
    world.tell(world.ours, world.transfer(world.other, 1, 400));
    let due = world.switch.next_deadline().unwrap();
    assert_eq!(due.since(world.now), Duration::from_secs(20));
    world.now = due;
    world.tick();
    assert_eq!(world.take_sent().len(), 3, "request, answer and reversal");
}
