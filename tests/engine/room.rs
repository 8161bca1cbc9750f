//! Bounds: new work is refused where there is no room, recovery never, and nobody is told that nothing was done of
//! what was.

use titian::engine::{Busy, Event, Key, Lookup, Output, Question};
use titian::transfer::{Demand, Effect, Input, Line, Standing};
use titian::values::TransferId;

use super::heard;
use super::rules::demand;
use super::{LATER, NOW, asks, begun, commit, engine, nowhere, out, repeat, sent, state};

fn asked_for(id: u128) -> Event {
    Event::Demand { demand: Demand { id: TransferId(id), ..demand() }, key: Key(id) }
}

#[test]
fn over_the_bound_new_work_is_refused_and_recovery_never() {
    let mut engine = engine(1, 10);
    sent(&mut engine, 1);
    engine.handle(asks(2, 2, 1), NOW);
    let outputs = commit(&mut engine).0;
    let refused = nowhere(&mut engine, outputs, NOW);
    assert_eq!(refused, [Output::Refused(TransferId(2), Busy::Full)]);
    engine.handle(asked_for(9), NOW);
    assert_eq!(commit(&mut engine).0, [Output::Refused(TransferId(9), Busy::Full)]);
    engine.handle(out(1, Input::Line(Line::Lost)), NOW);
    engine.tick(NOW);
    let (outputs, _) = commit(&mut engine);
    let reverses = |output: &Output| matches!(output, Output::Effect(Effect::SendReversal(_)));
    assert!(outputs.iter().any(reverses), "{outputs:?}");
}

#[test]
fn draining_refuses_new_work_and_ends_what_is_open() {
    let mut engine = engine(10, 10);
    let (cleared, _) = sent(&mut engine, 1);
    engine.drain();
    engine.handle(asks(2, 2, 1), NOW);
    engine.handle(asked_for(9), NOW);
    let outputs = commit(&mut engine).0;
    assert_eq!(outputs[1], Output::Refused(TransferId(9), Busy::Draining));
    assert!(!engine.is_settled(), "a look-up is under way");
    let refused = nowhere(&mut engine, outputs, NOW);
    assert_eq!(refused, [Output::Refused(TransferId(2), Busy::Draining)]);
    let (trace, to) = (cleared.trace(), Question::Request);
    engine.handle(Event::Answered { trace, to, heard: heard("00") }, NOW);
    commit(&mut engine);
    assert_eq!((state(&engine, 1), engine.open(), engine.is_settled()), ("Settled", 0, true));
}

#[test]
fn while_the_switch_cannot_be_reached_nothing_is_begun_and_what_was_is_told() {
    let mut engine = engine(10, 10);
    sent(&mut engine, 7);
    engine.reach(false);
    engine.handle(asks(2, 2, 1), NOW);
    let outputs = commit(&mut engine).0;
    let refused = nowhere(&mut engine, outputs, NOW);
    assert_eq!(refused, [Output::Refused(TransferId(2), Busy::Unreachable)]);
    engine.handle(asks(3, 7, 1), NOW);
    assert_eq!(commit(&mut engine).0, [Output::Existing(repeat(3, 1, 7))]);
    engine.reach(true);
    sent(&mut engine, 4);
}

#[test]
fn a_repeat_of_what_was_carried_out_is_never_told_that_nothing_was_done() {
    let mut engine = engine(10, 0);
    let (cleared, mut records) = sent(&mut engine, 7);
    let (trace, to) = (cleared.trace(), Question::Request);
    engine.handle(Event::Answered { trace, to, heard: heard("00") }, NOW);
    records.extend(commit(&mut engine).1);
    engine.drain();
    engine.handle(asks(8, 7, 1), LATER);
    let outputs = commit(&mut engine).0;
    let [Output::LookUp(number, Lookup::Begun(_), event)] = &outputs[..] else {
        panic!("{outputs:?}")
    };
    engine.found(*number, &records, Some(begun(7, 1)), event.clone(), LATER).unwrap();
    assert_eq!(commit(&mut engine).0, [Output::Existing(repeat(8, 1, 7))]);
}

#[test]
fn a_restart_is_no_storm() {
    let mut before = engine(10_000, 10);
    let records: Vec<_> = (0..1000).map(|id| sent(&mut before, id).1).collect();
    let mut engine = engine(10_000, 10);
    for records in &records {
        engine.restore(records, None).unwrap();
    }
    engine.resume(LATER);
    for _ in 0..100 {
        engine.tick(LATER);
    }
    let outputs = commit(&mut engine).0;
    let sent =
        outputs.iter().filter(|output| matches!(output, Output::Effect(Effect::SendReversal(_))));
    assert_eq!(sent.count(), 100, "as many as may be sent at once");
}

#[test]
fn after_a_restart_core_is_asked_again_at_once_and_is_not_run_over() {
    let mut before = engine(1000, 10);
    (0..300).for_each(|id| before.handle(asks(id, id, 1), NOW));
    let (_, records) = commit(&mut before);
    let mut engine = engine(1000, 10);
    for id in 0..300 {
        let of_it = records.iter().filter(|record| record.id == TransferId(id)).cloned();
        engine.restore(&of_it.collect::<Vec<_>>(), None).unwrap();
    }
    // Long before the answers are due that the process waited for.
    engine.resume(NOW);
    engine.tick(NOW);
    engine.tick(NOW);
    let outputs = commit(&mut engine).0;
    let asked =
        outputs.iter().filter(|output| matches!(output, Output::Effect(Effect::AskPosting(_))));
    assert_eq!(asked.count(), 100, "as many as may be asked at once");
}

#[test]
fn over_the_bound_nothing_is_looked_up() {
    let mut engine = engine(10, 10);
    for id in 0..=100 {
        engine.handle(out(id, Input::Due), NOW);
    }
    let outputs = commit(&mut engine).0;
    assert_eq!(outputs[100], Output::Unknown(TransferId(100)));
    let unknown = nowhere(&mut engine, outputs, NOW);
    assert_eq!(unknown.len(), 100, "and what nobody knows is told");
}

#[test]
fn how_a_transfer_stands_is_told_when_it_is_durable() {
    let mut engine = engine(10, 10);
    sent(&mut engine, 1);
    engine.handle(out(1, Input::Line(Line::Lost)), NOW);
    let number = engine.seal().unwrap().number;
    let ask =
        |asked: u128, about: u128| Event::Ask(TransferId(asked), Lookup::Id(TransferId(about)));
    engine.handle(ask(77, 1), NOW);
    assert_eq!(engine.next_output(), None, "it is doubtful, which nobody may know yet");
    engine.committed(number, &[]);
    engine.handle(ask(78, 2), NOW);
    let (outputs, _) = commit(&mut engine);
    let pending = Output::Effect(Effect::Tell(TransferId(1), Standing::Pending));
    assert_eq!(outputs[0], pending);
    let Output::Stands(TransferId(77), Some(stand)) = &outputs[1] else { panic!("{outputs:?}") };
    assert_eq!(stand.life.name(), "Doubtful");
    assert_eq!(nowhere(&mut engine, outputs, NOW), [Output::Stands(TransferId(78), None)]);
}
