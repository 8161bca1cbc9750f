//! Alerts: each is an act of the batch that its facts are in, and ends when it is true no more.

use std::time::Duration;

use titian::control::{
    Act, ActRequest, Actor, AlertFact, AlertId, AlertSubject, Command, Control, ControlFact,
    PersonId, Proof, Role,
};
use titian::engine::{Engine, Event, Output, PostingCoreReply, RecordedFact};
use titian::transfer::{
    Alert, CancelReply, OutboundInput, PriorPosting, ResolutionOutcome, SendStatus,
};
use titian::values::{Moment, Reference, TransferId, Value};

use super::rules::{holding, resolution, reversing};
use super::{NOW, engine_with, identity, order_event, outbound_input, sent, state};

const ID: TransferId = TransferId(1);

/// Commits the open batch. Returns its acts about alerts and its facts.
fn commit(engine: &mut Engine, now: Moment) -> (Vec<AlertFact>, Vec<Act>, Vec<RecordedFact>) {
    let later = now.after(Duration::from_millis(5));
    let Some(batch) = engine.poll_batch(later) else { return (Vec::new(), Vec::new(), Vec::new()) };
    let (acts, records, number) = (batch.acts.clone(), batch.records.clone(), batch.number);
    engine.handle_commit(number, &[]);
    while engine.poll_output().is_some() {}
    let facts = acts.iter().flat_map(|act| &act.facts).filter_map(|fact| match fact {
        ControlFact::Alert(fact) => Some(fact.clone()),
        _ => None,
    });
    (facts.collect(), acts, records)
}

fn raised(id: u64, kind: Alert, subject: Option<AlertSubject>) -> AlertFact {
    AlertFact::Raised { id: AlertId(id), kind, subject }
}

fn ended(id: u64) -> AlertFact {
    AlertFact::Ended { id: AlertId(id) }
}

#[allow(clippy::unnecessary_wraps, reason = "as a fact has it")]
fn about(id: TransferId) -> Option<AlertSubject> {
    Some(AlertSubject::Transfer(id))
}

/// Takes a transfer to an exception. Returns the acts and the facts up to then.
fn exception() -> (Engine, Vec<Act>, Vec<RecordedFact>) {
    let mut engine = engine_with(holding(), 10, 10);
    let (_, mut records) = sent(&mut engine, 1);
    engine.handle_event(outbound_input(1, OutboundInput::Send(SendStatus::Lost)), NOW);
    let mut acts = Vec::new();
    loop {
        let (alerts, more, facts) = commit(&mut engine, NOW);
        acts.extend(more);
        records.extend(facts);
        if state(&engine, 1) == "exception_undecided" {
            assert_eq!(
                alerts,
                [raised(1, Alert::Exception, about(ID))],
                "in the batch of the fact"
            );
            return (engine, acts, records);
        }
        assert_eq!(alerts, []);
        let due = engine.transfer(ID).and_then(|transfer| transfer.properties().due()).unwrap();
        engine.handle_deadline(due);
    }
}

fn resolve(engine: &mut Engine) {
    engine.resolve(ID, resolution(ResolutionOutcome::Settled), None, NOW).unwrap();
}

#[test]
fn an_alert_about_an_exception_ends_with_it() {
    let (mut engine, ..) = exception();
    engine.handle_event(order_event(2, 2, 1), NOW);
    assert_eq!(commit(&mut engine, NOW).0, [], "another transfer raises nothing");
    resolve(&mut engine);
    assert_eq!(commit(&mut engine, NOW).0, [ended(1)]);
    assert_eq!(engine.control().alerts().open().len(), 0);
}

#[test]
fn after_a_restart_what_holds_is_open_and_what_does_not_hold_ends() {
    let (mut engine, acts, mut records) = exception();
    let restarted = |acts: &[Act], records: &[RecordedFact]| {
        let mut engine = engine_with(holding(), 10, 10);
        let mut control = Control::default();
        for act in acts {
            control.apply(act).unwrap();
        }
        engine.restore_control(control);
        engine.restore(records, Some(identity(1, 1))).unwrap();
        engine.resume(NOW);
        commit(&mut engine, NOW).0
    };
    assert_eq!(restarted(&acts, &records), [], "it is open, and stays open");
    let again = [raised(1, Alert::Exception, about(ID))];
    assert_eq!(restarted(&[], &records), again, "a store without acts gets one");
    resolve(&mut engine);
    records.extend(commit(&mut engine, NOW).2);
    assert_eq!(restarted(&acts, &records), [ended(1)], "its end was not recorded");
}

#[test]
fn conditions_are_on_record_while_they_hold() {
    let mut engine = engine_with(reversing(), 10, 10);
    let link = || Reference::from_ascii(b"a").map(AlertSubject::Link);
    assert!(engine.is_idle());
    engine.raise_alert(Alert::LinkDown, link(), NOW);
    engine.raise_alert(Alert::LinkDown, link(), NOW);
    assert!(!engine.is_idle(), "it waits for its batch");
    assert_eq!(commit(&mut engine, NOW).0, [raised(1, Alert::LinkDown, link())]);
    engine.raise_alert(Alert::LinkDown, link(), NOW);
    engine.end_alert(Alert::CoreDown, None, NOW);
    assert!(engine.is_idle(), "nothing changes");
    // One that comes while another batch is written waits for the next one.
    engine.handle_event(order_event(1, 1, 1), NOW);
    let number = engine.poll_batch(NOW).unwrap().number;
    engine.end_alert(Alert::LinkDown, link(), NOW);
    engine.raise_alert(Alert::CoreDown, None, NOW);
    assert!(engine.poll_batch(NOW).is_none());
    engine.handle_commit(number, &[]);
    let expected = [ended(1), raised(2, Alert::CoreDown, None)];
    assert_eq!(commit(&mut engine, NOW).0, expected);
}

#[test]
fn what_core_did_differently_stays_open_until_a_person_looked_at_it() {
    let (mut engine, ..) = exception();
    engine.resolve(ID, resolution(ResolutionOutcome::PostedByHand), None, NOW).unwrap();
    assert_eq!(commit(&mut engine, NOW).0, [ended(1)]);
    let reply = PostingCoreReply::Cancel(CancelReply::Cancelled(PriorPosting::Posted));
    engine.handle_event(Event::Core(ID, reply), NOW);
    assert_eq!(commit(&mut engine, NOW).0, [raised(2, Alert::CoreDiffers, about(ID))]);
    engine.handle_event(Event::Core(ID, reply), NOW);
    assert_eq!(commit(&mut engine, NOW).0, [], "it is open");
    let person = PersonId::new("e31").unwrap();
    let actor = Actor { person: person.clone(), role: Role::Operator, proof: Proof::Token };
    let command = Command::Acknowledge { alert: AlertId(2), note: "core is corrected".into() };
    let (id, from, via) = (TransferId(9), "10.0.0.7".into(), "session".into());
    let request = ActRequest { id, command, actor, from, via, request: None };
    engine.handle_event(Event::Act(Box::new(request)), NOW);
    let note = "core is corrected".into();
    let acknowledged = AlertFact::Acknowledged { id: AlertId(2), by: person, note };
    assert_eq!(commit(&mut engine, NOW).0, [acknowledged, ended(2)]);
}

#[test]
fn without_an_alert_a_batch_has_no_act() {
    let mut engine = engine_with(reversing(), 10, 10);
    engine.handle_event(order_event(1, 1, 1), NOW);
    let batch = engine.poll_batch(NOW).unwrap();
    assert!(batch.acts.is_empty() && !batch.records.is_empty());
    let number = batch.number;
    engine.handle_commit(number, &[]);
    let outputs: Vec<_> = std::iter::from_fn(|| engine.poll_output()).collect();
    assert!(!outputs.iter().any(|output| matches!(output, Output::Control(_))), "{outputs:?}");
}
