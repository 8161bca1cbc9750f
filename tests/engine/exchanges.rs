//! Questions without money: asked again within their tries, answered once, bounded, and gone after a restart.

use std::time::Duration;

use titian::engine::{Busy, Event, Output};
use titian::transfer::{
    AccountAnswer, Alarm, Effect, ExchangeInput, Heard, Holding, Inquiry, Line, Outcome, Refusal,
    Trace, Way,
};
use titian::values::{AccountNumber, Institution, Moment, Name, ProcessingCode, TransferId, Value};

use super::heard;
use super::rules::{amount, code, particulars};
use super::{NOW, commit, engine};

fn inquiry(id: u128) -> Inquiry {
    Inquiry {
        id: TransferId(id),
        kind: ProcessingCode::from_ascii(b"391000").unwrap(),
        from: AccountNumber::from_ascii(b"1234567890").unwrap(),
        account: AccountNumber::from_ascii(b"9876543210").unwrap(),
        counterparty: Institution::from_ascii(b"014").unwrap(),
        amount: amount(12_500_000),
        particulars: particulars(),
    }
}

fn budi() -> Holding {
    Holding { holder: Name::new("Budi Santoso"), balance: None }
}

fn answered(trace: Trace, heard: Heard) -> Event {
    Event::InquiryAnswered { trace, heard, holding: budi() }
}

/// The trace under which the switch is asked.
fn asked(outputs: &[Output]) -> Trace {
    let [Output::AskSwitch(_, trace)] = outputs[..] else { panic!("{outputs:?}") };
    trace
}

#[test]
fn a_channel_is_told_the_name_once_by_whichever_question_is_answered() {
    let mut engine = engine(10, 10);
    engine.handle(Event::Inquire(inquiry(1), Way::Out), NOW);
    let first = asked(&commit(&mut engine).0);
    let news = ExchangeInput::Line(Line::NotSent);
    engine.handle(Event::Exchange(TransferId(1), news), NOW);
    let second = asked(&commit(&mut engine).0);
    assert_ne!(first, second, "another question, under other numbers");

    engine.handle(answered(first, heard("00")), NOW);
    engine.handle(answered(second, heard("00")), NOW);
    let outcome = Outcome::Answered(code("00"), budi());
    let told = Output::Inquired(TransferId(1), Way::Out, outcome);
    assert_eq!(commit(&mut engine).0, [told, Output::LateInquiry(second, code("00"))]);
    assert_eq!((engine.exchanges(), engine.next_deadline()), (0, None));
}

#[test]
fn an_answer_is_known_by_what_the_wire_says_of_its_numbers() {
    let mut engine = engine(10, 10);
    let now = Moment::from_millis(NOW.millis() + 5_123);
    engine.handle(Event::Inquire(inquiry(1), Way::Out), now);
    let trace = asked(&commit(&mut engine).0);
    // No millisecond, and the business date of whoever answers.
    let at = Moment::from_millis(trace.at.seconds() * 1000);
    assert_ne!(at, trace.at);
    let heard_under = Trace { at, settles: trace.settles.next(), ..trace };
    engine.handle(answered(heard_under, heard("00")), now);
    let outcome = Outcome::Answered(code("00"), budi());
    assert_eq!(commit(&mut engine).0, [Output::Inquired(TransferId(1), Way::Out, outcome)]);
}

#[test]
fn what_speaks_of_another_amount_is_no_answer() {
    let mut engine = engine(10, 10);
    engine.handle(Event::Inquire(inquiry(1), Way::Out), NOW);
    let trace = asked(&commit(&mut engine).0);
    let other = Heard { amount: Some(amount(1)), ..heard("00") };
    engine.handle(answered(trace, other), NOW);
    let raised = Output::Effect(Effect::Raise(TransferId(1), Alarm::Mismatch));
    assert_eq!(commit(&mut engine).0, [raised]);
    engine.handle(answered(trace, heard("51")), NOW);
    let told = Output::Inquired(TransferId(1), Way::Out, Outcome::Declined(code("51")));
    assert_eq!(commit(&mut engine).0, [told]);
}

#[test]
fn a_silent_switch_is_asked_again_and_then_the_channel_is_told() {
    let mut engine = engine(10, 10);
    engine.handle(Event::Inquire(inquiry(1), Way::Out), NOW);
    asked(&commit(&mut engine).0);
    let due = engine.next_deadline().unwrap();
    engine.tick(Moment::from_millis(due.millis() - 1));
    assert!(commit(&mut engine).0.is_empty(), "not yet");
    engine.tick(due);
    let told = Output::Inquired(TransferId(1), Way::Out, Outcome::Unanswered);
    assert_eq!(commit(&mut engine).0, [told], "patience is over with the first question here");
}

#[test]
fn the_switch_is_told_what_core_says_of_an_account() {
    let mut engine = engine(10, 10);
    let told = |answer: AccountAnswer| {
        engine.handle(Event::Inquire(inquiry(1), Way::In), NOW);
        let asks = commit(&mut engine).0;
        assert!(matches!(asks[..], [Output::AskAccount(TransferId(1), _)]), "{asks:?}");
        engine.handle(Event::Exchange(TransferId(1), ExchangeInput::Core(answer)), NOW);
        commit(&mut engine).0
    };
    let over = |outcome| [Output::Inquired(TransferId(1), Way::In, outcome)];
    let said = [
        (AccountAnswer::Active(budi()), Outcome::Answered(code("00"), budi())),
        (AccountAnswer::Refused(Refusal::NoSuchAccount), Outcome::Declined(code("14"))),
    ];
    let mut told = told;
    for (answer, outcome) in said {
        assert_eq!(told(answer), over(outcome));
    }
    assert!(told(AccountAnswer::None).is_empty(), "core is asked again");
    let again = engine.next_deadline().unwrap();
    engine.tick(again);
    assert!(matches!(commit(&mut engine).0[..], [Output::AskAccount(..)]));
    engine.tick(again.after(Duration::from_secs(1)));
    assert_eq!(
        commit(&mut engine).0,
        over(Outcome::Declined(code("68"))),
        "and then not waited for"
    );
}

#[test]
fn over_the_bound_and_when_draining_nothing_is_asked() {
    let mut engine = engine(10, 10);
    engine.handle(Event::Inquire(inquiry(1), Way::Out), NOW);
    commit(&mut engine);
    engine.handle(Event::Inquire(inquiry(2), Way::Out), NOW);
    engine.handle(Event::Inquire(inquiry(3), Way::In), NOW);
    engine.drain();
    engine.handle(Event::Inquire(inquiry(4), Way::Out), NOW);
    let declined = Outcome::Declined(code("68"));
    assert_eq!(
        commit(&mut engine).0,
        [
            Output::Refused(TransferId(2), Busy::Full),
            Output::Inquired(TransferId(3), Way::In, declined),
            Output::Refused(TransferId(4), Busy::Draining),
        ]
    );
}
