//! What contradicts an end is never filed silently: somebody is called, and two persons can say what is true.

use std::time::Duration;

use titian::engine::{Claim, Concern, Engine, Event, Key, Life, Output, Question};
use titian::transfer::{
    About, Alarm, CancelAnswer, Cleared, Demand, Effect, InboundInput, Input, Line, PostingAnswer,
    Reply, Resolution, TwoPersons, Verdict, Was,
};
use titian::values::{Currency, TransferId};

use super::heard;
use super::rules::{amount, code, demand, holding, reversing};
use super::{LATER, NOW, commit, out, sent, state, under};

fn persons() -> TwoPersons {
    TwoPersons::new("rina", "budi").unwrap()
}

fn resolve(verdict: Verdict) -> Input {
    Input::Resolve(Resolution { verdict, by: persons() })
}

/// The alarms of what is decided.
fn alarms(engine: &mut Engine) -> Vec<Alarm> {
    let raised = |output: Output| match output {
        Output::Effect(Effect::Raise(_, alarm)) => Some(alarm),
        _ => None,
    };
    commit(engine).0.into_iter().filter_map(raised).collect()
}

fn answered(cleared: Cleared, to: Question, text: &str) -> Event {
    Event::Answered { trace: cleared.trace(), to, heard: heard(text) }
}

/// A transfer that two persons refunded, on a network that holds; core has confirmed.
fn refunded_on_hold() -> (Engine, Cleared) {
    let mut engine = under(holding(), 10, 10);
    let (cleared, _) = sent(&mut engine, 1);
    engine.handle(out(1, Input::Line(Line::Lost)), NOW);
    for tick in 0..4 {
        engine.tick(LATER.after(Duration::from_secs(tick)));
        commit(&mut engine);
    }
    assert_eq!(state(&engine, 1), "Exception (undecided)");
    engine.handle(out(1, resolve(Verdict::Refund)), LATER);
    commit(&mut engine);
    (engine, cleared)
}

#[test]
fn a_reversal_that_is_done_after_two_persons_settled_calls_somebody() {
    let mut engine = under(reversing(), 10, 10);
    sent(&mut engine, 1);
    engine.handle(out(1, Input::Line(Line::Lost)), NOW);
    engine.tick(NOW);
    commit(&mut engine);
    for _ in 0..2 {
        engine.handle(out(1, Input::ReversalAnswer(super::answer("25"))), NOW);
    }
    assert_eq!(alarms(&mut engine), [Alarm::Exception]);
    engine.handle(out(1, resolve(Verdict::Settle)), NOW);
    commit(&mut engine);
    engine.handle(out(1, Input::ReversalAnswer(super::answer("00"))), NOW);
    assert_eq!(alarms(&mut engine), [Alarm::Contradiction]);
    assert_eq!((state(&engine, 1), engine.open()), ("Contradicted (settled)", 1));
    engine.handle(out(1, resolve(Verdict::Refund)), NOW);
    commit(&mut engine);
    assert_eq!(state(&engine, 1), "Refunding");
}

#[test]
fn an_approval_after_a_refund_calls_somebody_whoever_says_it() {
    let says = |cleared| {
        [
            answered(cleared, Question::Status, "00"),
            answered(cleared, Question::Request, "00"),
            out(1, Input::Settlement { settled: true }),
        ]
    };
    for nth in 0..3 {
        let (mut engine, cleared) = refunded_on_hold();
        engine.handle(says(cleared)[nth].clone(), LATER);
        assert_eq!(alarms(&mut engine), [Alarm::Contradiction], "while it is given back");
        assert_eq!(state(&engine, 1), "Refunding (yet approved)");

        let (mut engine, cleared) = refunded_on_hold();
        engine.handle(out(1, Input::Cancel(CancelAnswer::Was(Was::Posted))), LATER);
        commit(&mut engine);
        engine.handle(says(cleared)[nth].clone(), LATER);
        assert_eq!(alarms(&mut engine), [Alarm::Contradiction], "after it was given back");
        engine.handle(out(1, resolve(Verdict::Settle)), LATER);
        commit(&mut engine);
        let sums = engine.books().out.sums(Currency::IDR);
        assert_eq!((state(&engine, 1), sums.lost), ("PaidTwice", 12_500_000));
        assert!(sums.balance());
    }
}

#[test]
fn an_inquiry_that_is_declined_says_nothing_of_the_transfer() {
    let mut engine = under(holding(), 10, 10);
    let (cleared, _) = sent(&mut engine, 1);
    engine.handle(out(1, Input::Line(Line::Lost)), NOW);
    engine.tick(NOW);
    commit(&mut engine);
    engine.handle(answered(cleared, Question::Status, "30"), NOW);
    commit(&mut engine);
    assert_eq!(state(&engine, 1), "Inquiring");
    engine.handle(answered(cleared, Question::Status, "51"), NOW);
    commit(&mut engine);
    assert_eq!(state(&engine, 1), "Refunding");
}

#[test]
fn core_that_does_not_confirm_a_cancel_calls_somebody_once_and_two_persons_end_it() {
    let mut engine = under(reversing(), 10, 10);
    let (cleared, _) = sent(&mut engine, 1);
    engine.handle(answered(cleared, Question::Request, "51"), NOW);
    commit(&mut engine);
    let mut now = NOW;
    let mut raised = Vec::new();
    while raised.is_empty() {
        now = engine.next_deadline().unwrap().max(now.after(Duration::from_millis(1)));
        engine.tick(now);
        raised = alarms(&mut engine);
    }
    assert_eq!(raised, [Alarm::Exception]);
    let due = engine.transfer(TransferId(1)).and_then(Life::due).unwrap();
    assert_eq!(due.since(now), Duration::from_hours(1), "and it is asked for slowly");
    engine.tick(due);
    assert_eq!(alarms(&mut engine), [], "once");
    engine.handle(out(1, Input::Cancel(CancelAnswer::Refused)), now);
    assert_eq!(alarms(&mut engine), [Alarm::Exception], "core won't");
    engine.handle(out(1, resolve(Verdict::Refund)), now);
    commit(&mut engine);
    assert_eq!((state(&engine, 1), engine.open()), ("Refunded", 0));
}

/// An inbound transfer that core has posted.
fn credited() -> Engine {
    let mut engine = under(reversing(), 10, 10);
    engine.handle(Event::Demand { demand: demand(), key: Key(3) }, NOW);
    commit(&mut engine);
    let posted = InboundInput::Posting(PostingAnswer::Posted);
    engine.handle(Event::Transfer(TransferId(8), Concern::In(posted)), NOW);
    commit(&mut engine);
    engine
}

#[test]
fn a_second_request_under_the_same_numbers_for_another_amount_is_not_approved() {
    let mut engine = credited();
    let other = Demand { id: TransferId(9), amount: amount(1), ..demand() };
    engine.handle(Event::Demand { demand: other, key: Key(3) }, NOW);
    let id = TransferId(8);
    let reply = Reply { id, to: TransferId(9), about: About::Request, code: code("13") };
    let outputs = commit(&mut engine).0;
    let raised = Output::Effect(Effect::Raise(id, Alarm::Mismatch));
    assert_eq!(outputs, [raised, Output::Effect(Effect::Answer(reply))]);
}

#[test]
fn core_that_says_what_cannot_be_calls_somebody() {
    let inputs = [
        InboundInput::Posting(PostingAnswer::Conflict),
        InboundInput::Posting(PostingAnswer::Barred),
    ];
    for input in inputs {
        let mut engine = credited();
        engine.handle(Event::Transfer(TransferId(8), Concern::In(input)), NOW);
        assert_eq!(alarms(&mut engine), [Alarm::CoreDiffers]);
    }
    let mut engine = credited();
    let reversal = Demand { id: TransferId(10), ..demand() };
    engine.handle(Event::Reversal { demand: reversal, original: Key(3) }, NOW);
    commit(&mut engine);
    let absent = InboundInput::Cancel(CancelAnswer::Was(Was::Absent));
    engine.handle(Event::Transfer(TransferId(8), Concern::In(absent)), NOW);
    assert_eq!(alarms(&mut engine), [Alarm::CoreDiffers], "it had said that it posted it");
    let wrong = Concern::Out(Input::Due);
    engine.handle(Event::Transfer(TransferId(8), wrong), NOW);
    assert_eq!(alarms(&mut engine), [Alarm::Fault], "an input of the other direction");
}

#[test]
fn a_reversal_that_meets_a_duplicate_being_synced_waits_for_the_journal() {
    let mut engine = under(reversing(), 10, 10);
    engine.handle(Event::Demand { demand: demand(), key: Key(3) }, NOW);
    let number = engine.seal().unwrap().number;
    let reversal =
        Event::Reversal { demand: Demand { id: TransferId(9), ..demand() }, original: Key(3) };
    engine.handle(reversal.clone(), NOW);
    let taken = Claim { key: Key(3), body: titian::engine::Body(0), id: TransferId(1) };
    engine.committed(number, &[taken]);
    let (outputs, _) = commit(&mut engine);
    let looks_up =
        |output: &Output| matches!(output, Output::LookUp(_, _, event) if *event == reversal);
    assert!(outputs.iter().any(looks_up), "{outputs:?}");
}
