//! The engine through its public interface: duplicates, limits, draining, recovery, and that no output leaves before its facts are durable.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that can't go on fails"
)]

use super::transfer::rules;

mod alerts;
mod conflicting_outcomes;
mod controls;
mod cut_over;
mod exceptions;
mod inquiries;
mod limits;
mod races;
mod reversals;
mod status_inquiries;

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use titian::engine::{
    DuplicateRequest, Engine, Event, Fact, Limits, Lookup, Output, RateLimits, RecordedFact,
    Schedule, StoredTransfer, TraceAllocator, TraceWatermark, Transfer, TransferInput,
};
use titian::transfer::{
    Effect, FundedRequest, Funding, InboundRequest, InboundState, MessageKind, Order, OutboundFact,
    OutboundInput, PostingReply, Rules, SendStatus,
};
use titian::values::{
    Date, IdempotencyKey, KeyReservation, MinorUnits, Moment, Offset, RequestFingerprint,
    RequestIdentity, TransferId,
};

use rules::{CORE, inbound_reversal, order, request, response, response_fields, reversing};

const NOW: Moment = Moment::from_millis(1_795_521_600_000);
const LATER: Moment = Moment::from_millis(1_795_521_690_000);

/// When no batch waits for more facts any more.
const MUCH_LATER: Moment = Moment::from_millis(u64::MAX);

fn engine(open_transfers: usize, closed_transfers: usize) -> Engine {
    engine_with(reversing(), open_transfers, closed_transfers)
}

fn engine_with(rules: Rules, open_transfers: usize, closed_transfers: usize) -> Engine {
    let limits = engine_limits(open_transfers, closed_transfers);
    let rate = NonZeroU32::new(100).unwrap();
    let rates = RateLimits { per_second: rate, per_destination: rate, burst: rate };
    let numbers = TraceAllocator::new(1, TraceWatermark::first(Date::of(NOW, Offset::UTC)), NOW, 7);
    Engine::new(Arc::new(rules), CORE.clone(), limits, Schedule::new(NOW, rates), numbers)
}

fn engine_limits(open_transfers: usize, closed_transfers: usize) -> Limits {
    Limits {
        open_transfers,
        inbound_amount_max: MinorUnits(10_000_000_000_000),
        open_inquiries: 1,
        journal_lookups: 100,
        closed_transfers,
        deadlines_at_once: 100,
    }
}

fn order_with_id(id: u128) -> Arc<Order> {
    Arc::new(Order { id: TransferId(id), ..order(Funding::Core) })
}

fn identity(key: u128, fingerprint: u128) -> RequestIdentity {
    RequestIdentity {
        request_key: IdempotencyKey(key),
        reference_key: None,
        fingerprint: RequestFingerprint(fingerprint),
    }
}

fn order_event(id: u128, key: u128, fingerprint: u128) -> Event {
    Event::Order { order: order_with_id(id), identity: identity(key, fingerprint) }
}

fn outbound_input(id: u128, input: OutboundInput) -> Event {
    Event::Transfer(TransferId(id), TransferInput::Outbound(input))
}

/// Commits the open batch. Returns the released outputs, without the state of control, and the facts.
fn commit(engine: &mut Engine) -> (Vec<Output>, Vec<RecordedFact>) {
    let mut records = Vec::new();
    if let Some(batch) = engine.poll_batch(MUCH_LATER) {
        records.clone_from(&batch.records);
        let number = batch.number;
        engine.handle_commit(number, &[]);
    }
    let outputs = std::iter::from_fn(|| engine.poll_output());
    (outputs.filter(|output| !matches!(output, Output::Control(_))).collect(), records)
}

/// A transfer as the journal returns it.
fn stored(facts: Vec<RecordedFact>, identity: RequestIdentity) -> [StoredTransfer; 1] {
    [StoredTransfer { facts, identity: Some(identity) }]
}

/// A reversal that names the key of its original.
fn reversal_event(request: &InboundRequest, original: u128) -> Event {
    let reversal = inbound_reversal(Arc::new(request.clone()), IdempotencyKey(original));
    Event::InboundReversal { reversal: Arc::new(reversal), step: 0 }
}

/// Answers each journal lookup with no facts. Returns the outputs that follow.
fn answer_lookups_with_nothing(
    engine: &mut Engine,
    outputs: Vec<Output>,
    now: Moment,
) -> Vec<Output> {
    for output in outputs {
        if let Output::JournalLookup(number, _, event) = output {
            engine.handle_lookup_result(number, &[], *event, now).unwrap();
        }
    }
    commit(engine).0
}

/// Takes a transfer to the point where its request is sent. Returns all its facts.
fn sent(engine: &mut Engine, id: u128) -> (FundedRequest, Vec<RecordedFact>) {
    engine.handle_event(order_event(id, id, 1), NOW);
    let (_, mut records) = commit(engine);
    engine.handle_event(outbound_input(id, OutboundInput::Posting(PostingReply::Posted)), NOW);
    let (outputs, more) = commit(engine);
    records.extend(more);
    let [Output::Effect(Effect::SendRequest(funded))] = &outputs[..] else { panic!("{outputs:?}") };
    let funded = funded.clone();
    engine.handle_event(outbound_input(id, OutboundInput::Send(SendStatus::Sent)), NOW);
    records.extend(commit(engine).1);
    (funded, records)
}

/// Returns a duplicate request under key 7.
fn duplicate(duplicate_id: u128, fingerprint: u128, original_id: u128) -> DuplicateRequest {
    DuplicateRequest {
        duplicate_id: TransferId(duplicate_id),
        key: IdempotencyKey(7),
        fingerprint: RequestFingerprint(fingerprint),
        original_id: TransferId(original_id),
    }
}

fn state(engine: &Engine, id: u128) -> &'static str {
    engine.transfer(TransferId(id)).map_or("not in memory", Transfer::code)
}

#[test]
fn no_output_leaves_before_its_facts_are_durable() {
    let mut engine = engine(10, 10);
    engine.handle_event(order_event(1, 1, 1), NOW);
    assert_eq!(engine.poll_output(), None, "the facts are decided only");
    let number = engine.poll_batch(NOW).unwrap().number;
    assert_eq!(engine.poll_output(), None, "the batch is being committed");
    engine.handle_event(order_event(2, 2, 1), NOW);
    assert!(engine.poll_batch(NOW).is_none(), "one batch at a time");
    engine.handle_commit(number + 1, &[]);
    assert_eq!(engine.poll_output(), None, "another batch is durable");
    engine.handle_commit(number, &[]);
    assert!(matches!(engine.poll_output(), Some(Output::Effect(Effect::RequestPosting(_)))));
    assert_eq!(engine.poll_output(), None, "the second batch is not durable");
}

#[test]
fn facts_without_outputs_wait_for_the_next_batch_or_5_ms() {
    let mut engine = engine(10, 10);
    engine.handle_event(order_event(1, 1, 1), NOW);
    let number = engine.poll_batch(NOW).expect("the command to core waits for the commit").number;
    engine.handle_commit(number, &[]);
    engine.handle_event(outbound_input(1, OutboundInput::Posting(PostingReply::Posted)), NOW);
    commit(&mut engine);
    engine.handle_event(outbound_input(1, OutboundInput::Send(SendStatus::Sent)), NOW);
    assert!(engine.poll_batch(NOW).is_none(), "no output waits for the fact that it was sent");
    let soon = NOW.after(Duration::from_millis(5));
    assert!(engine.next_deadline().unwrap() <= soon);
    assert!(engine.poll_batch(soon).is_some_and(|batch| batch.records.len() == 1), "its own batch");
    engine.handle_commit(number + 2, &[]);
    engine.handle_event(outbound_input(1, OutboundInput::Send(SendStatus::Sent)), soon);
    assert!(engine.poll_batch(soon).is_none(), "nor for the second report");
    engine.handle_event(order_event(2, 2, 1), soon);
    let batch = engine.poll_batch(soon).expect("an output waits for the next order");
    let ids: Vec<_> = batch.records.iter().map(|record| record.id.0).collect();
    assert_eq!(ids, [1, 2, 2]);
}

#[test]
fn a_repeated_request_is_the_same_transfer() {
    let mut engine = engine(10, 10);
    engine.handle_event(order_event(1, 7, 1), NOW);
    commit(&mut engine);
    engine.handle_event(order_event(2, 7, 1), NOW);
    engine.handle_event(order_event(3, 7, 2), NOW);
    let (outputs, records) = commit(&mut engine);
    assert_eq!(records, [], "no new facts");
    assert_eq!(
        outputs,
        [Output::Duplicate(duplicate(2, 1, 1)), Output::KeyConflict(duplicate(3, 2, 1))]
    );
}

#[test]
fn a_key_that_the_journal_has_withdraws_the_new_transfer() {
    let mut engine = engine(10, 10);
    engine.handle_event(order_event(5, 7, 1), NOW);
    engine.handle_event(order_event(6, 8, 1), NOW);
    let number = engine.poll_batch(NOW).unwrap().number;
    let earlier = KeyReservation {
        key: IdempotencyKey(7),
        fingerprint: RequestFingerprint(1),
        id: TransferId(1),
    };
    engine.handle_commit(number, &[earlier]);
    let outputs: Vec<_> = std::iter::from_fn(|| engine.poll_output()).collect();
    assert_eq!(state(&engine, 5), "not in memory");
    assert_eq!(engine.open_transfers(), 1);
    assert!(outputs.contains(&Output::Duplicate(duplicate(5, 1, 1))), "{outputs:?}");
    let effects = outputs.iter().filter(|output| matches!(output, Output::Effect(_))).count();
    assert_eq!(effects, 1, "core gets a command for the other transfer only: {outputs:?}");
}

#[test]
fn after_a_crash_what_was_sent_is_reversed() {
    let (_, records) = sent(&mut engine(10, 10), 1);
    let mut engine = engine(10, 10);
    engine.restore(&records, Some(identity(1, 1))).unwrap();
    engine.resume(LATER);
    commit(&mut engine);
    assert_eq!(
        state(&engine, 1),
        "outcome_unknown",
        "until the rate allows the reversal, which is at once for one transfer"
    );
    engine.handle_deadline(LATER);
    let (outputs, _) = commit(&mut engine);
    assert_eq!(state(&engine, 1), "reversing");
    assert!(matches!(outputs[0], Output::Effect(Effect::SendReversal(_))), "{outputs:?}");
    assert!(engine.next_deadline().is_some(), "the reversal has a deadline for its repeat");
    engine.handle_event(order_event(2, 1, 1), LATER);
    assert_eq!(
        commit(&mut engine).0,
        [Output::Duplicate(DuplicateRequest { key: IdempotencyKey(1), ..duplicate(2, 1, 1) })]
    );
}

#[test]
fn a_late_response_is_recorded_after_a_journal_lookup() {
    let mut engine = engine(10, 0);
    let (funded, mut records) = sent(&mut engine, 1);
    let approved = Event::Response {
        transfer_id: None,
        trace: funded.trace(),
        kind: MessageKind::Request,
        response: response_fields("00"),
    };
    engine.handle_event(approved.clone(), NOW);
    records.extend(commit(&mut engine).1);
    assert_eq!(
        state(&engine, 1),
        "not in memory",
        "closed, and no closed transfer stays in memory"
    );
    engine.handle_event(approved.clone(), LATER);
    let (outputs, _) = commit(&mut engine);
    let lookup = Lookup::TraceNumbers(funded.trace());
    assert_eq!(outputs, [Output::JournalLookup(0, lookup, Box::new(approved.clone()))]);
    engine
        .handle_lookup_result(0, &stored(records, identity(1, 1)), approved.clone(), LATER)
        .unwrap();
    let (_, more) = commit(&mut engine);
    let repeated = Fact::Outbound(OutboundFact::RepeatedResponse(response("00")));
    assert_eq!(more.iter().map(|record| &record.fact).collect::<Vec<_>>(), [&repeated]);
    engine.handle_lookup_result(1, &[], approved, LATER).unwrap();
    assert!(matches!(commit(&mut engine).0[..], [Output::UnmatchedResponse(..)]));
}

#[test]
fn a_reversal_without_its_original_bars_the_original() {
    let mut engine = engine(10, 10);
    let (request, original) = (Arc::new(request()), IdempotencyKey(3));
    let reversal = reversal_event(&request, 3);
    engine.handle_event(reversal.clone(), NOW);
    let (outputs, _) = commit(&mut engine);
    assert_eq!(
        outputs,
        [Output::JournalLookup(0, Lookup::IdempotencyKey(original), Box::new(reversal.clone()))]
    );
    engine.handle_lookup_result(0, &[], reversal, NOW).unwrap();
    let (outputs, records) = commit(&mut engine);
    assert!(matches!(outputs[..], [Output::Effect(Effect::Respond(_))]), "{outputs:?}");
    assert_eq!(records.len(), 2, "the bar, and the response");
    engine.handle_event(Event::InboundRequest { request, key: original }, NOW);
    let (outputs, _) = commit(&mut engine);
    assert!(
        matches!(outputs[..], [Output::Effect(Effect::Respond(_))]),
        "the request is refused: {outputs:?}"
    );
    assert!(matches!(
        engine.transfer(TransferId(8)),
        Some(Transfer::Inbound(transfer)) if matches!(transfer.state(), InboundState::Barred(_))
    ));
}
