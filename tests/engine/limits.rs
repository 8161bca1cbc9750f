//! Limits: new work is refused at a limit, messages that finish a transfer never are, and a request that was carried out never gets
//! the response that nothing was done.

use std::sync::Arc;

use titian::engine::{
    BooksByDirection, Event, Limits, Lookup, NotAdmitted, Output, StoredTransfer, Transfer,
};
use titian::transfer::{
    Effect, InboundRequest, MessageKind, OutboundInput, Refusal, SendStatus, TransferStatus,
};
use titian::values::{IdempotencyKey, MinorUnits, ResponseCode, TransferId};

use super::rules::{CORE, request, response_fields, reversing};
use super::{
    LATER, NOW, answer_lookups_with_nothing, commit, duplicate, engine, identity, order_event,
    outbound_input, sent, state, stored,
};

fn inbound_request(id: u128) -> Event {
    Event::InboundRequest {
        request: Arc::new(InboundRequest { id: TransferId(id), ..request() }),
        key: IdempotencyKey(id),
    }
}

#[test]
fn at_the_limit_new_work_is_refused_but_never_a_reversal() {
    let mut engine = engine(1, 10);
    sent(&mut engine, 1);
    engine.handle_event(order_event(2, 2, 1), NOW);
    let outputs = commit(&mut engine).0;
    let refused = answer_lookups_with_nothing(&mut engine, outputs, NOW);
    assert_eq!(refused, [Output::NotAdmitted(TransferId(2), NotAdmitted::Full)]);
    engine.handle_event(inbound_request(9), NOW);
    assert_eq!(commit(&mut engine).0, [Output::NotAdmitted(TransferId(9), NotAdmitted::Full)]);
    engine.handle_event(outbound_input(1, OutboundInput::Send(SendStatus::Lost)), NOW);
    engine.handle_deadline(NOW);
    let (outputs, _) = commit(&mut engine);
    let is_reversal = |output: &Output| matches!(output, Output::Effect(Effect::SendReversal(_)));
    assert!(outputs.iter().any(is_reversal), "{outputs:?}");
}

/// A request that cannot be processed is declined only if its key is not on record: the request may be approved.
#[test]
fn a_refused_request_gets_its_response_unless_its_key_is_on_record() {
    let refused = |id, key| Event::RefusedRequest {
        id: TransferId(id),
        key: IdempotencyKey(key),
        code: code_of_limit(),
    };
    let mut engine = engine(10, 10);
    engine.handle_event(refused(1, 9), NOW);
    let outputs = commit(&mut engine).0;
    let outputs = answer_lookups_with_nothing(&mut engine, outputs, NOW);
    let [Output::Effect(Effect::Respond(response))] = &outputs[..] else { panic!("{outputs:?}") };
    assert_eq!((response.message_id, response.code), (TransferId(1), code_of_limit()));
    assert_eq!(engine.books(), &BooksByDirection::default());

    engine.handle_event(inbound_request(9), NOW);
    let (_, records) = commit(&mut engine);
    engine.handle_event(refused(2, 9), NOW);
    assert_eq!(commit(&mut engine).0, [], "in memory");

    let mut restarted = super::engine(10, 10);
    restarted.handle_event(refused(3, 9), NOW);
    let outputs = commit(&mut restarted).0;
    let [Output::JournalLookup(number, _, event)] = &outputs[..] else { panic!("{outputs:?}") };
    let found = [StoredTransfer { facts: records, identity: None }];
    restarted.handle_lookup_result(*number, &found, (**event).clone(), NOW).unwrap();
    assert_eq!(commit(&mut restarted).0, [], "in the journal");
}

/// The limit can change before the switch repeats the request: the repeat gets the decline on record, and nothing is posted.
#[test]
fn a_request_over_the_inbound_limit_is_declined_on_record() {
    let mut engine = engine(10, 10);
    let limits = |most| Limits {
        open_transfers: 10,
        inbound_amount_max: MinorUnits(most),
        open_inquiries: 1,
        journal_lookups: 100,
        closed_transfers: 10,
        deadlines_at_once: 100,
    };
    let amount = request().amount.minor();
    let declined = |outputs: &[Output], id| {
        let code = |output: &Output| match output {
            Output::Effect(Effect::Respond(response)) => Some((response.message_id, response.code)),
            _ => None,
        };
        let posts = outputs
            .iter()
            .any(|output| matches!(output, Output::Effect(Effect::RequestPosting(_))));
        let codes: Vec<_> = outputs.iter().filter_map(code).collect();
        assert_eq!((codes, posts), (vec![(TransferId(id), code_of_limit())], false));
    };
    engine.reconfigure(Arc::new(reversing()), CORE.clone(), limits(amount - 1));
    engine.handle_event(inbound_request(3), NOW);
    let (outputs, records) = commit(&mut engine);
    declined(&outputs, 3);
    assert_eq!(state(&engine, 3), "declined");

    engine.reconfigure(Arc::new(reversing()), CORE.clone(), limits(amount));
    let repeat = Event::InboundRequest {
        request: Arc::new(InboundRequest { id: TransferId(4), ..request() }),
        key: IdempotencyKey(3),
    };
    engine.handle_event(repeat, NOW);
    declined(&commit(&mut engine).0, 4);
    let mut restarted = super::engine(10, 10);
    restarted.restore(&records, None).unwrap();
    assert_eq!(state(&restarted, 3), "declined");
    engine.handle_event(inbound_request(5), NOW);
    let (outputs, _) = commit(&mut engine);
    assert!(
        matches!(&outputs[..], [Output::Effect(Effect::RequestPosting(_)), ..]),
        "at the limit: {outputs:?}"
    );
}

/// The network of the tests has no code of its own for a limit.
fn code_of_limit() -> ResponseCode {
    reversing().inbound.refusal_code(Refusal::Limit)
}

#[test]
fn draining_refuses_new_work_and_finishes_open_transfers() {
    let mut engine = engine(10, 10);
    let (funded, _) = sent(&mut engine, 1);
    engine.drain();
    engine.handle_event(order_event(2, 2, 1), NOW);
    engine.handle_event(inbound_request(9), NOW);
    let outputs = commit(&mut engine).0;
    assert_eq!(outputs[1], Output::NotAdmitted(TransferId(9), NotAdmitted::Draining));
    assert!(!engine.is_idle(), "a lookup is open");
    let refused = answer_lookups_with_nothing(&mut engine, outputs, NOW);
    assert_eq!(refused, [Output::NotAdmitted(TransferId(2), NotAdmitted::Draining)]);
    let (trace, kind) = (funded.trace(), MessageKind::Request);
    engine.handle_event(
        Event::Response { transfer_id: None, trace, kind, response: response_fields("00") },
        NOW,
    );
    commit(&mut engine);
    assert_eq!(
        (state(&engine, 1), engine.open_transfers(), engine.is_idle()),
        ("settled", 0, true)
    );
}

#[test]
fn while_the_switch_is_unreachable_new_orders_are_refused_and_duplicates_are_not() {
    let mut engine = engine(10, 10);
    sent(&mut engine, 7);
    engine.set_switch_reachable(false);
    engine.handle_event(order_event(2, 2, 1), NOW);
    let outputs = commit(&mut engine).0;
    let refused = answer_lookups_with_nothing(&mut engine, outputs, NOW);
    assert_eq!(refused, [Output::NotAdmitted(TransferId(2), NotAdmitted::Unreachable)]);
    engine.handle_event(order_event(3, 7, 1), NOW);
    assert_eq!(commit(&mut engine).0, [Output::Duplicate(duplicate(3, 1, 7))]);
    engine.set_switch_reachable(true);
    sent(&mut engine, 4);
}

#[test]
fn a_repeat_of_a_finished_request_is_never_refused_as_not_done() {
    let mut engine = engine(10, 0);
    let (funded, mut records) = sent(&mut engine, 7);
    let (trace, kind) = (funded.trace(), MessageKind::Request);
    engine.handle_event(
        Event::Response { transfer_id: None, trace, kind, response: response_fields("00") },
        NOW,
    );
    records.extend(commit(&mut engine).1);
    engine.drain();
    engine.handle_event(order_event(8, 7, 1), LATER);
    let outputs = commit(&mut engine).0;
    let [Output::JournalLookup(number, Lookup::RequestIdentity(_), event)] = &outputs[..] else {
        panic!("{outputs:?}")
    };
    engine
        .handle_lookup_result(*number, &stored(records, identity(7, 1)), Event::clone(event), LATER)
        .unwrap();
    assert_eq!(commit(&mut engine).0, [Output::Duplicate(duplicate(8, 1, 7))]);
}

#[test]
fn a_restart_does_not_overload_the_switch() {
    let mut before = engine(10_000, 10);
    let records: Vec<_> = (0..1000).map(|id| sent(&mut before, id).1).collect();
    let mut engine = engine(10_000, 10);
    for records in &records {
        engine.restore(records, None).unwrap();
    }
    engine.resume(LATER);
    for _ in 0..100 {
        engine.handle_deadline(LATER);
    }
    let outputs = commit(&mut engine).0;
    let sent =
        outputs.iter().filter(|output| matches!(output, Output::Effect(Effect::SendReversal(_))));
    assert_eq!(sent.count(), 100, "the burst");
}

#[test]
fn after_a_restart_core_gets_commands_at_once_without_overload() {
    let mut before = engine(1000, 10);
    (0..300).for_each(|id| before.handle_event(order_event(id, id, 1), NOW));
    let (_, records) = commit(&mut before);
    let mut engine = engine(1000, 10);
    for id in 0..300 {
        let own = records.iter().filter(|record| record.id == TransferId(id)).cloned();
        engine.restore(&own.collect::<Vec<_>>(), None).unwrap();
    }
    // Long before the deadlines of the replies that the previous process waited for.
    engine.resume(NOW);
    engine.handle_deadline(NOW);
    engine.handle_deadline(NOW);
    let outputs = commit(&mut engine).0;
    let asked =
        outputs.iter().filter(|output| matches!(output, Output::Effect(Effect::RequestPosting(_))));
    assert_eq!(asked.count(), 100, "the burst");
}

#[test]
fn at_the_limit_no_lookup_starts() {
    let mut engine = engine(10, 10);
    for id in 0..=100 {
        engine.handle_event(outbound_input(id, OutboundInput::Due), NOW);
    }
    let outputs = commit(&mut engine).0;
    assert_eq!(outputs[100], Output::UnknownTransfer(TransferId(100)));
    let unknown = answer_lookups_with_nothing(&mut engine, outputs, NOW);
    assert_eq!(unknown.len(), 100, "each unknown transfer is reported");
}

#[test]
fn a_status_query_returns_the_durable_state() {
    let mut engine = engine(10, 10);
    let (funded, _) = sent(&mut engine, 1);
    engine.handle_event(outbound_input(1, OutboundInput::Send(SendStatus::Lost)), NOW);
    let number = engine.poll_batch(NOW).unwrap().number;
    let query = |query_id: u128, transfer_id: u128| {
        Event::StatusQuery(TransferId(query_id), Lookup::Id(TransferId(transfer_id)))
    };
    engine.handle_event(query(77, 1), NOW);
    assert_eq!(engine.poll_output(), None, "the new state is not durable yet");
    engine.handle_commit(number, &[]);
    engine.handle_event(query(78, 2), NOW);
    let (outputs, _) = commit(&mut engine);
    let Output::Status(TransferId(77), Some(durable)) = &outputs[1] else { panic!("{outputs:?}") };
    assert_eq!(durable.code(), "outcome_unknown");
    let Transfer::Outbound(durable) = &**durable else { panic!("{outputs:?}") };
    let report = durable.report(&reversing());
    assert_eq!(report.trace, Some(funded.trace()));
    assert_eq!(report.status, TransferStatus::Pending);
    assert_eq!(outputs[0], Output::Effect(Effect::NotifyChannel(report)), "as it was decided");
    assert_eq!(
        answer_lookups_with_nothing(&mut engine, outputs, NOW),
        [Output::Status(TransferId(78), None)]
    );
}
