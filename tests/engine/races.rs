//! What goes on while the journal syncs or reads: what was found by the simulation, each with a test of its own.

use titian::engine::{Begun, Claim, Concern, Event, Fact, Key, Lookup, Output, Question, Record};
use titian::transfer::{Bar, Demand, InboundFact, InboundInput, PostingAnswer, Side};
use titian::values::TransferId;

use super::heard;
use super::rules::{code, demand};
use super::{LATER, NOW, asks, begun, commit, engine, repeat, sent, state};

fn claim(key: u128, id: u128) -> Claim {
    Claim { key: Key(key), body: titian::engine::Body(0), id: TransferId(id) }
}

fn numbered(id: u128) -> Demand {
    Demand { id: TransferId(id), ..demand() }
}

fn asked_for(id: u128, key: u128) -> Event {
    Event::Demand { demand: numbered(id), key: Key(key) }
}

fn reversed(id: u128, key: u128) -> Event {
    Event::Reversal { demand: numbered(id), original: Key(key) }
}

#[test]
fn whoever_was_told_of_a_transfer_that_is_taken_back_is_told_of_the_first() {
    let mut engine = engine(10, 10);
    engine.handle(asks(5, 7, 1), NOW);
    let number = engine.seal().unwrap().number;
    engine.handle(asks(6, 7, 1), NOW);
    engine.handle(asks(8, 7, 2), NOW);
    let first = Claim { body: titian::engine::Body(1), ..claim(7, 1) };
    engine.committed(number, &[first]);
    let (mut outputs, _) = commit(&mut engine);
    outputs.retain(|output| !matches!(output, Output::Effect(_)));
    let expected = [
        Output::Existing(repeat(5, 1, 1)),
        Output::Existing(repeat(6, 1, 1)),
        Output::Conflict(repeat(8, 2, 1)),
    ];
    assert_eq!(outputs, expected);
}

#[test]
fn a_channels_number_of_the_transfer_is_a_key_too() {
    let mut engine = engine(10, 10);
    let under = |request: u128| Begun { reference: Some(Key(99)), ..begun(request, 1) };
    let order = |id, request| Event::Order { order: super::ordered(id), begun: under(request) };
    engine.handle(order(1, 7), NOW);
    engine.handle(order(2, 8), NOW);
    let (outputs, _) = commit(&mut engine);
    let again = titian::engine::Repeat { key: Key(99), ..repeat(2, 1, 1) };
    assert_eq!(outputs[1], Output::Existing(again), "another request, the same transfer");
}

#[test]
fn a_request_that_came_while_its_reversal_was_looked_up_is_reversed() {
    let mut engine = engine(10, 10);
    engine.handle(reversed(9, 3), NOW);
    assert!(matches!(commit(&mut engine).0[..], [Output::LookUp(0, Lookup::Key(Key(3)), _)]));
    engine.handle(asked_for(8, 3), NOW);
    commit(&mut engine);
    engine.found(0, &[], None, reversed(9, 3), NOW).unwrap();
    commit(&mut engine);
    assert_eq!((state(&engine, 8), state(&engine, 9)), ("Undoing", "forgotten"));
}

#[test]
fn a_barred_request_that_is_taken_back_leaves_no_slot_behind() {
    let mut engine = engine(10, 0);
    engine.handle(reversed(9, 3), NOW);
    commit(&mut engine);
    engine.found(0, &[], None, reversed(9, 3), NOW).unwrap();
    let number = engine.seal().unwrap().number;
    engine.committed(number, &[claim(3, 1)]);
    let outputs: Vec<_> = std::iter::from_fn(|| engine.next_output()).collect();
    assert!(matches!(
        outputs[..],
        [Output::LookUp(1, Lookup::Key(Key(3)), Event::Reversal { .. })]
    ));
    // Another transfer gets the slot, and stays when others are closed and forgotten.
    engine.handle(asks(20, 20, 1), NOW);
    commit(&mut engine);
    let (cleared, _) = sent(&mut engine, 21);
    let (trace, to) = (cleared.trace(), Question::Request);
    engine.handle(Event::Answered { trace, to, heard: heard("00") }, NOW);
    commit(&mut engine);
    assert_eq!(state(&engine, 20), "Debiting");
}

#[test]
fn an_old_look_up_does_not_bring_back_what_was_changed_since() {
    let mut engine = engine(10, 0);
    engine.handle(asked_for(8, 3), NOW);
    let (_, mut records) = commit(&mut engine);
    let posted = Concern::In(InboundInput::Posting(PostingAnswer::Posted));
    engine.handle(Event::Transfer(TransferId(8), posted), NOW);
    records.extend(commit(&mut engine).1);
    // Others push it out of memory.
    close_another(&mut engine, 30);
    assert_eq!(state(&engine, 8), "forgotten");

    let status = Event::Status { demand: numbered(10), original: Key(3) };
    engine.handle(status.clone(), NOW);
    engine.handle(reversed(11, 3), NOW);
    commit(&mut engine);
    // A reader has read for both; the second is slow to say so. Meanwhile the transfer is undone and closed.
    let old: Vec<Record> = records.clone();
    let by = Some(Begun::by_wire(Key(3)));
    engine.found(1, &records, by, reversed(11, 3), LATER).unwrap();
    records.extend(commit(&mut engine).1);
    let was = titian::transfer::CancelAnswer::Was(titian::transfer::Was::Posted);
    let cancelled = Concern::In(InboundInput::Cancel(was));
    engine.handle(Event::Transfer(TransferId(8), cancelled), LATER);
    commit(&mut engine);
    close_another(&mut engine, 31);
    assert_eq!(state(&engine, 8), "Undone", "kept, for a look-up is under way");
    engine.found(0, &old, by, status, LATER).unwrap();
    let (_, facts) = commit(&mut engine);
    let undone = InboundFact::StatusAnswered(code("05"));
    assert_eq!(facts[0].fact, Fact::In(undone), "what it is now, not what it was");
    assert_eq!(state(&engine, 8), "forgotten", "no look-up is under way any more");
}

#[test]
fn a_status_inquiry_about_what_did_not_come_bars_it() {
    let mut engine = engine(10, 10);
    let status = Event::Status { demand: numbered(9), original: Key(3) };
    engine.handle(status.clone(), NOW);
    commit(&mut engine);
    engine.found(0, &[], None, status, NOW).unwrap();
    let (_, records) = commit(&mut engine);
    let barred = InboundFact::Barred { demand: numbered(9), by: Bar::StatusInquiry };
    assert_eq!(records[0].fact, Fact::In(barred));
    engine.handle(asked_for(8, 3), NOW);
    commit(&mut engine);
    assert_eq!((state(&engine, 8), state(&engine, 9)), ("forgotten", "Barred (by inquiry)"));
}

#[test]
fn a_status_inquiry_about_cash_speaks_of_the_account_that_pays() {
    let mut engine = engine(10, 10);
    let other = numbered(8).other.unwrap();
    let cash = Demand { side: Side::Debit, ..numbered(8) };
    let asked_for = Event::Demand { demand: cash.clone(), key: Key(3) };
    engine.handle(asked_for, NOW);
    commit(&mut engine);
    // It doesn't say which way the money goes, and is read as if it came.
    let read =
        Demand { id: TransferId(9), account: other, other: Some(cash.account), ..numbered(9) };
    engine.handle(Event::Status { demand: read, original: Key(3) }, NOW);
    let (_, facts) = commit(&mut engine);
    assert_eq!(facts[0].fact, Fact::In(InboundFact::StatusAnswered(code("09"))));
    let nobody = Demand { account: cash.account, other: None, ..numbered(10) };
    engine.handle(Event::Status { demand: nobody, original: Key(3) }, NOW);
    let (_, facts) = commit(&mut engine);
    assert_eq!(
        facts[0].fact,
        Fact::In(InboundFact::StatusAnswered(code("09"))),
        "as far as it says"
    );
}

/// Begins and ends a transfer beside the others.
fn close_another(engine: &mut titian::engine::Engine, id: u128) {
    let (cleared, _) = sent(engine, id);
    let (trace, to) = (cleared.trace(), Question::Request);
    engine.handle(Event::Answered { trace, to, heard: heard("00") }, NOW);
    commit(engine);
}
