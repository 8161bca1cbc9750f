//! Races between events and the commits or lookups of the journal. The simulation found each of these cases.

use std::sync::Arc;

use titian::engine::{DuplicateRequest, Event, Fact, Lookup, Output, RecordedFact, TransferInput};
use titian::transfer::{
    BarCause, InboundFact, InboundInput, InboundRequest, MessageKind, PostingReply, Side,
};
use titian::values::{
    IdempotencyKey, KeyReservation, RequestFingerprint, RequestIdentity, TransferId,
};

use super::rules::{code, request, response_fields};
use super::{
    LATER, NOW, commit, duplicate, engine, identity, order_event, reversal_event, sent, state,
    stored,
};

fn reservation(key: u128, id: u128) -> KeyReservation {
    KeyReservation {
        key: IdempotencyKey(key),
        fingerprint: RequestFingerprint(0),
        id: TransferId(id),
    }
}

fn request_with_id(id: u128) -> InboundRequest {
    InboundRequest { id: TransferId(id), ..request() }
}

fn inbound_request(id: u128, key: u128) -> Event {
    Event::InboundRequest { request: Arc::new(request_with_id(id)), key: IdempotencyKey(key) }
}

fn inbound_reversal(id: u128, key: u128) -> Event {
    reversal_event(&request_with_id(id), key)
}

#[test]
fn duplicates_of_a_withdrawn_transfer_get_the_earlier_one() {
    let mut engine = engine(10, 10);
    engine.handle_event(order_event(5, 7, 1), NOW);
    let number = engine.poll_batch(NOW).unwrap().number;
    engine.handle_event(order_event(6, 7, 1), NOW);
    engine.handle_event(order_event(8, 7, 2), NOW);
    let first = KeyReservation { fingerprint: RequestFingerprint(1), ..reservation(7, 1) };
    engine.handle_commit(number, &[first]);
    let (mut outputs, _) = commit(&mut engine);
    outputs.retain(|output| !matches!(output, Output::Effect(_)));
    let expected = [
        Output::Duplicate(duplicate(5, 1, 1)),
        Output::Duplicate(duplicate(6, 1, 1)),
        Output::KeyConflict(duplicate(8, 2, 1)),
    ];
    assert_eq!(outputs, expected);
}

#[test]
fn the_channels_reference_of_a_transfer_is_a_key_too() {
    let mut engine = engine(10, 10);
    let with_reference =
        |key: u128| RequestIdentity { reference_key: Some(IdempotencyKey(99)), ..identity(key, 1) };
    let order =
        |id, key| Event::Order { order: super::order_with_id(id), identity: with_reference(key) };
    engine.handle_event(order(1, 7), NOW);
    engine.handle_event(order(2, 8), NOW);
    let (outputs, _) = commit(&mut engine);
    let expected = DuplicateRequest { key: IdempotencyKey(99), ..duplicate(2, 1, 1) };
    assert_eq!(outputs[1], Output::Duplicate(expected), "another request for the same transfer");
}

#[test]
fn a_request_that_arrives_during_the_lookup_of_its_reversal_is_reversed() {
    let mut engine = engine(10, 10);
    engine.handle_event(inbound_reversal(9, 3), NOW);
    assert!(matches!(
        commit(&mut engine).0[..],
        [Output::JournalLookup(0, Lookup::IdempotencyKey(IdempotencyKey(3)), _)]
    ));
    engine.handle_event(inbound_request(8, 3), NOW);
    commit(&mut engine);
    engine.handle_lookup_result(0, &[], inbound_reversal(9, 3), NOW).unwrap();
    commit(&mut engine);
    assert_eq!((state(&engine, 8), state(&engine, 9)), ("reversing", "not in memory"));
}

#[test]
fn a_withdrawn_bar_leaves_no_slot_behind() {
    let mut engine = engine(10, 0);
    engine.handle_event(inbound_reversal(9, 3), NOW);
    commit(&mut engine);
    engine.handle_lookup_result(0, &[], inbound_reversal(9, 3), NOW).unwrap();
    let number = engine.poll_batch(NOW).unwrap().number;
    engine.handle_commit(number, &[reservation(3, 1)]);
    let outputs: Vec<_> = std::iter::from_fn(|| engine.poll_output()).collect();
    let [Output::JournalLookup(1, Lookup::IdempotencyKey(IdempotencyKey(3)), event)] = &outputs[..]
    else {
        panic!("{outputs:?}")
    };
    assert!(matches!(**event, Event::InboundReversal { .. }));
    // Another transfer gets the slot, and stays when others are closed and removed.
    engine.handle_event(order_event(20, 20, 1), NOW);
    commit(&mut engine);
    let (funded, _) = sent(&mut engine, 21);
    let (trace, kind) = (funded.trace(), MessageKind::Request);
    engine.handle_event(
        Event::Response { transfer_id: None, trace, kind, response: response_fields("00") },
        NOW,
    );
    commit(&mut engine);
    assert_eq!(state(&engine, 20), "debiting");
}

#[test]
fn a_stale_lookup_does_not_restore_an_old_state() {
    let mut engine = engine(10, 0);
    engine.handle_event(inbound_request(8, 3), NOW);
    let (_, mut records) = commit(&mut engine);
    let posted = TransferInput::Inbound(InboundInput::Posting(PostingReply::Posted));
    engine.handle_event(Event::Transfer(TransferId(8), posted), NOW);
    records.extend(commit(&mut engine).1);
    // Another closed transfer replaces it in memory.
    close_another(&mut engine, 30);
    assert_eq!(state(&engine, 8), "not in memory");

    let status = Event::InboundStatusInquiry {
        request: Arc::new(request_with_id(10)),
        original_key: IdempotencyKey(3),
    };
    engine.handle_event(status.clone(), NOW);
    engine.handle_event(inbound_reversal(11, 3), NOW);
    commit(&mut engine);
    // The journal was read for both lookups. The result of the first comes late. Meanwhile the transfer is reversed and closed.
    let stale: Vec<RecordedFact> = records.clone();
    let identity = RequestIdentity::of_switch_request(IdempotencyKey(3));
    let present = stored(records.clone(), identity);
    engine.handle_lookup_result(1, &present, inbound_reversal(11, 3), LATER).unwrap();
    records.extend(commit(&mut engine).1);
    let reply = titian::transfer::CancelReply::Cancelled(titian::transfer::PriorPosting::Posted);
    let cancelled = TransferInput::Inbound(InboundInput::Cancel(reply));
    engine.handle_event(Event::Transfer(TransferId(8), cancelled), LATER);
    commit(&mut engine);
    close_another(&mut engine, 31);
    assert_eq!(state(&engine, 8), "reversed", "stays in memory, because a lookup is open");
    engine.handle_lookup_result(0, &stored(stale, identity), status, LATER).unwrap();
    let (_, facts) = commit(&mut engine);
    let expected = InboundFact::StatusResponded(code("05"));
    assert_eq!(facts[0].fact, Fact::Inbound(expected), "the present state, not the stale one");
    assert_eq!(state(&engine, 8), "not in memory", "no lookup is open any more");
}

#[test]
fn a_status_inquiry_about_a_missing_request_bars_it() {
    let mut engine = engine(10, 10);
    let status = Event::InboundStatusInquiry {
        request: Arc::new(request_with_id(9)),
        original_key: IdempotencyKey(3),
    };
    engine.handle_event(status.clone(), NOW);
    commit(&mut engine);
    engine.handle_lookup_result(0, &[], status, NOW).unwrap();
    let (_, records) = commit(&mut engine);
    let barred = InboundFact::Barred {
        request: Arc::new(request_with_id(9)),
        cause: BarCause::StatusInquiry,
    };
    assert_eq!(records[0].fact, Fact::Inbound(barred));
    engine.handle_event(inbound_request(8, 3), NOW);
    commit(&mut engine);
    assert_eq!((state(&engine, 8), state(&engine, 9)), ("not in memory", "barred"));
}

#[test]
fn a_status_inquiry_about_a_withdrawal_names_the_paying_account() {
    let mut engine = engine(10, 10);
    let other = request_with_id(8).other_account.unwrap();
    let cash = InboundRequest { side: Side::Debit, ..request_with_id(8) };
    let asked_for =
        Event::InboundRequest { request: Arc::new(cash.clone()), key: IdempotencyKey(3) };
    engine.handle_event(asked_for, NOW);
    commit(&mut engine);
    // The inquiry does not carry the direction of the money, and is read as a credit.
    let read = InboundRequest {
        id: TransferId(9),
        account: other,
        other_account: Some(cash.account),
        ..request_with_id(9)
    };
    engine.handle_event(
        Event::InboundStatusInquiry { request: Arc::new(read), original_key: IdempotencyKey(3) },
        NOW,
    );
    let (_, facts) = commit(&mut engine);
    assert_eq!(facts[0].fact, Fact::Inbound(InboundFact::StatusResponded(code("09"))));
    let without_other =
        InboundRequest { account: cash.account, other_account: None, ..request_with_id(10) };
    engine.handle_event(
        Event::InboundStatusInquiry {
            request: Arc::new(without_other),
            original_key: IdempotencyKey(3),
        },
        NOW,
    );
    let (_, facts) = commit(&mut engine);
    assert_eq!(
        facts[0].fact,
        Fact::Inbound(InboundFact::StatusResponded(code("09"))),
        "only fields that the inquiry carries are compared"
    );
}

/// Starts and settles another transfer.
fn close_another(engine: &mut titian::engine::Engine, id: u128) {
    let (funded, _) = sent(engine, id);
    let (trace, kind) = (funded.trace(), MessageKind::Request);
    engine.handle_event(
        Event::Response { transfer_id: None, trace, kind, response: response_fields("00") },
        NOW,
    );
    commit(engine);
}
