//! The engine from outside: duplicates, room, draining, starting again, and that nothing leaves too early.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that can't go on fails"
)]

#[path = "../transfer/rules.rs"]
#[allow(dead_code, reason = "shared with the tests of the machines")]
mod rules;

mod evidence;
mod exchanges;
mod races;
mod room;

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use titian::engine::{
    Begun, Body, Claim, Concern, Counted, Engine, Event, Fact, Key, Life, Limits, Lookup,
    Numbering, Output, Pace, Question, Record, Repeat, Schedule,
};
use titian::transfer::{
    Cleared, Effect, Funding, Heard, Inbound, Input, Line, Order, OutboundFact, PostingAnswer,
    Rules,
};
use titian::values::{Date, Moment, Offset, TransferId};

use rules::{amount, answer, code, demand, order, reversing};

const NOW: Moment = Moment::from_millis(1_795_521_600_000);
const LATER: Moment = Moment::from_millis(1_795_521_690_000);

fn engine(open: usize, remembered: usize) -> Engine {
    under(reversing(), open, remembered)
}

fn under(rules: Rules, open: usize, remembered: usize) -> Engine {
    let limits = Limits { open, exchanges: 1, lookups: 100, remembered, due_a_tick: 100 };
    let rate = NonZeroU32::new(100).unwrap();
    let pace = Pace { per_second: rate, per_destination: rate, burst: rate };
    let numbers = Numbering::new(1, Counted::first(Date::of(NOW, Offset::UTC)), NOW, 7);
    Engine::new(Arc::new(rules), limits, Schedule::new(NOW, pace), numbers)
}

pub(crate) fn heard(text: &str) -> Heard {
    Heard::new(code(text), amount(12_500_000))
}

fn ordered(id: u128) -> Order {
    Order { id: TransferId(id), ..order(Funding::Core) }
}

fn begun(key: u128, body: u128) -> Begun {
    Begun { request: Key(key), reference: None, body: Body(body) }
}

fn asks(id: u128, key: u128, body: u128) -> Event {
    Event::Order { order: ordered(id), begun: begun(key, body) }
}

fn out(id: u128, input: Input) -> Event {
    Event::Transfer(TransferId(id), Concern::Out(input))
}

/// Makes what is decided durable; gives what may be done then, and the facts.
fn commit(engine: &mut Engine) -> (Vec<Output>, Vec<Record>) {
    let mut records = Vec::new();
    if let Some(batch) = engine.seal() {
        records.clone_from(&batch.records);
        let number = batch.number;
        engine.committed(number, &[]);
    }
    (std::iter::from_fn(|| engine.next_output()).collect(), records)
}

/// Answers each look-up in the journal with nothing, and gives what follows.
fn nowhere(engine: &mut Engine, outputs: Vec<Output>, now: Moment) -> Vec<Output> {
    for output in outputs {
        if let Output::LookUp(number, _, event) = output {
            engine.found(number, &[], None, event, now).unwrap();
        }
    }
    commit(engine).0
}

/// Brings a transfer to where its request is sent; gives all its facts.
fn sent(engine: &mut Engine, id: u128) -> (Cleared, Vec<Record>) {
    engine.handle(asks(id, id, 1), NOW);
    let (_, mut records) = commit(engine);
    engine.handle(out(id, Input::Posting(PostingAnswer::Posted)), NOW);
    let (outputs, more) = commit(engine);
    records.extend(more);
    let [Output::Effect(Effect::SendRequest(cleared))] = outputs[..] else { panic!("{outputs:?}") };
    engine.handle(out(id, Input::Line(Line::Sent)), NOW);
    records.extend(commit(engine).1);
    (cleared, records)
}

/// A request under key 7 that was there before.
fn repeat(asked: u128, body: u128, first: u128) -> Repeat {
    let (asked, first) = (TransferId(asked), TransferId(first));
    Repeat { asked, key: Key(7), body: Body(body), first }
}

fn state(engine: &Engine, id: u128) -> &'static str {
    engine.transfer(TransferId(id)).map_or("forgotten", Life::name)
}

#[test]
fn nothing_leaves_before_it_is_durable() {
    let mut engine = engine(10, 10);
    engine.handle(asks(1, 1, 1), NOW);
    assert_eq!(engine.next_output(), None, "decided only");
    let number = engine.seal().unwrap().number;
    assert_eq!(engine.next_output(), None, "being synced");
    engine.handle(asks(2, 2, 1), NOW);
    assert!(engine.seal().is_none(), "one batch at a time");
    engine.committed(number + 1, &[]);
    assert_eq!(engine.next_output(), None, "another batch");
    engine.committed(number, &[]);
    assert!(matches!(engine.next_output(), Some(Output::Effect(Effect::AskPosting(_)))));
    assert_eq!(engine.next_output(), None, "the second is not durable");
}

#[test]
fn what_nothing_waits_for_is_made_durable_with_what_does_or_after_a_while() {
    let mut engine = engine(10, 10);
    engine.handle(asks(1, 1, 1), NOW);
    assert!(engine.is_pressing(NOW), "core is asked when it is durable");
    commit(&mut engine);
    engine.handle(out(1, Input::Posting(PostingAnswer::Posted)), NOW);
    commit(&mut engine);
    engine.handle(out(1, Input::Line(Line::Sent)), NOW);
    assert!(!engine.is_pressing(NOW), "that it was sent nobody waits for");
    let soon = NOW.after(Duration::from_millis(5));
    assert!(engine.is_pressing(soon) && engine.next_deadline().unwrap() <= soon);
    engine.handle(asks(2, 2, 1), NOW);
    assert!(engine.is_pressing(NOW), "but for the next it does");
    let ids: Vec<_> = commit(&mut engine).1.iter().map(|record| record.id.0).collect();
    assert_eq!(ids, [1, 2, 2]);
}

#[test]
fn a_request_that_comes_again_is_the_same_transfer() {
    let mut engine = engine(10, 10);
    engine.handle(asks(1, 7, 1), NOW);
    commit(&mut engine);
    engine.handle(asks(2, 7, 1), NOW);
    engine.handle(asks(3, 7, 2), NOW);
    let (outputs, records) = commit(&mut engine);
    assert_eq!(records, [], "nothing new");
    assert_eq!(outputs, [Output::Existing(repeat(2, 1, 1)), Output::Conflict(repeat(3, 2, 1))]);
}

#[test]
fn a_key_that_the_journal_knows_takes_the_new_transfer_back() {
    let mut engine = engine(10, 10);
    engine.handle(asks(5, 7, 1), NOW);
    engine.handle(asks(6, 8, 1), NOW);
    let number = engine.seal().unwrap().number;
    let before = Claim { key: Key(7), body: Body(1), id: TransferId(1) };
    engine.committed(number, &[before]);
    let outputs: Vec<_> = std::iter::from_fn(|| engine.next_output()).collect();
    assert_eq!(state(&engine, 5), "forgotten");
    assert_eq!(engine.open(), 1);
    assert!(outputs.contains(&Output::Existing(repeat(5, 1, 1))), "{outputs:?}");
    let asked = outputs.iter().filter(|output| matches!(output, Output::Effect(_))).count();
    assert_eq!(asked, 1, "core is asked for the other alone: {outputs:?}");
}

#[test]
fn after_a_crash_what_was_sent_is_reversed() {
    let (_, records) = sent(&mut engine(10, 10), 1);
    let mut engine = engine(10, 10);
    engine.restore(&records, Some(begun(1, 1))).unwrap();
    engine.resume(LATER);
    commit(&mut engine);
    assert_eq!(state(&engine, 1), "Doubtful", "until its turn comes, which is at once for one");
    engine.tick(LATER);
    let (outputs, _) = commit(&mut engine);
    assert_eq!(state(&engine, 1), "Reversing");
    assert!(matches!(outputs[0], Output::Effect(Effect::SendReversal(_))), "{outputs:?}");
    assert!(engine.next_deadline().is_some(), "it will be repeated");
    engine.handle(asks(2, 1, 1), LATER);
    assert_eq!(
        commit(&mut engine).0,
        [Output::Existing(Repeat { key: Key(1), ..repeat(2, 1, 1) })]
    );
}

#[test]
fn what_is_forgotten_is_looked_up_and_goes_on_record() {
    let mut engine = engine(10, 0);
    let (cleared, mut records) = sent(&mut engine, 1);
    let approved =
        Event::Answered { trace: cleared.trace(), to: Question::Request, heard: heard("00") };
    engine.handle(approved.clone(), NOW);
    records.extend(commit(&mut engine).1);
    assert_eq!(state(&engine, 1), "forgotten", "closed, and none is remembered");
    engine.handle(approved.clone(), LATER);
    let (outputs, _) = commit(&mut engine);
    let lookup = Lookup::Trace(cleared.trace());
    assert_eq!(outputs, [Output::LookUp(0, lookup, approved.clone())]);
    engine.found(0, &records, Some(begun(1, 1)), approved.clone(), LATER).unwrap();
    let (_, more) = commit(&mut engine);
    let repeated = Fact::Out(OutboundFact::Repeated(answer("00")));
    assert_eq!(more.iter().map(|record| &record.fact).collect::<Vec<_>>(), [&repeated]);
    engine.found(1, &[], None, approved, LATER).unwrap();
    assert!(matches!(commit(&mut engine).0[..], [Output::Unmatched(..)]));
}

#[test]
fn a_reversal_without_its_original_bars_it() {
    let mut engine = engine(10, 10);
    let (demand, original) = (demand(), Key(3));
    let reversal = Event::Reversal { demand: demand.clone(), original };
    engine.handle(reversal.clone(), NOW);
    let (outputs, _) = commit(&mut engine);
    assert_eq!(outputs, [Output::LookUp(0, Lookup::Key(original), reversal.clone())]);
    engine.found(0, &[], None, reversal, NOW).unwrap();
    let (outputs, records) = commit(&mut engine);
    assert!(matches!(outputs[..], [Output::Effect(Effect::Answer(_))]), "{outputs:?}");
    assert_eq!(records.len(), 2, "the mark, and what was answered");
    engine.handle(Event::Demand { demand, key: original }, NOW);
    let (outputs, _) = commit(&mut engine);
    assert!(matches!(outputs[..], [Output::Effect(Effect::Answer(_))]), "refused: {outputs:?}");
    assert!(matches!(engine.transfer(TransferId(8)), Some(Life::In(Inbound::Barred(..)))));
}
