//! The search for the original of an inbound reversal, and what is confirmed to the switch.

use std::sync::Arc;

use titian::engine::{Engine, Event, Fact, Lookup, Output, RecordedFact, StoredTransfer};
use titian::transfer::{
    Alert, Effect, InboundFact, InboundInput, InboundRequest, InboundResponse, InboundReversal,
    MessageKind, OriginalSearch, OriginalStep, PostingReply,
};
use titian::values::{IdempotencyKey, Moment, RequestIdentity, TransferId};

use super::rules::{REVERSAL_KEY, amount, code, request};
use super::{LATER, NOW, commit, engine, state};

const SINCE: Moment = Moment::from_millis(5);

/// A reversal whose original is found by these steps.
fn reversal(id: u128, steps: Vec<OriginalStep>, barred_key: Option<u128>) -> Arc<InboundReversal> {
    Arc::new(InboundReversal {
        request: Arc::new(request_with_id(id)),
        key: REVERSAL_KEY,
        original: OriginalSearch { steps, barred_key: barred_key.map(IdempotencyKey) },
        actual: None,
    })
}

fn request_with_id(id: u128) -> InboundRequest {
    InboundRequest { id: TransferId(id), ..request() }
}

fn by_key(key: u128) -> OriginalStep {
    OriginalStep::Key(IdempotencyKey(key))
}

const BY_RRN: OriginalStep = OriginalStep::Reference { since: SINCE };

/// The result of a look-up: a request that was received.
fn received(request: InboundRequest, key: u128) -> StoredTransfer {
    let id = request.id;
    let fact = Fact::Inbound(InboundFact::Received { request: Arc::new(request) });
    let due = Fact::Inbound(InboundFact::PostingRequested { due: LATER, respond_by: LATER });
    let facts = [fact, due].map(|fact| RecordedFact { id, at: NOW, fact });
    let identity = RequestIdentity::of_switch_request(IdempotencyKey(key));
    StoredTransfer { facts: facts.into(), identity: Some(identity) }
}

/// Handles a reversal and answers its look-ups in order. Returns the look-ups and all other outputs.
fn search(
    engine: &mut Engine,
    reversal: &Arc<InboundReversal>,
    results: &[&[StoredTransfer]],
) -> (Vec<Lookup>, Vec<Output>) {
    engine.handle_event(Event::InboundReversal { reversal: Arc::clone(reversal), step: 0 }, NOW);
    let (mut lookups, mut others, mut results) = (Vec::new(), Vec::new(), results.iter());
    loop {
        let outputs = commit(engine).0;
        if outputs.is_empty() {
            return (lookups, others);
        }
        for output in outputs {
            if let Output::JournalLookup(number, lookup, event) = output {
                lookups.push(lookup);
                let found = results.next().copied().unwrap_or_default();
                engine.handle_lookup_result(number, found, *event, NOW).unwrap();
            } else {
                others.push(output);
            }
        }
    }
}

fn respond(id: u128, text: &str) -> Output {
    Output::Effect(Effect::Respond(InboundResponse {
        id: TransferId(id),
        message_id: TransferId(id),
        message: MessageKind::Reversal,
        code: code(text),
    }))
}

/// The outputs for a reversal that is not certain.
fn refused(id: u128) -> Vec<Output> {
    let alert = Effect::Alert(TransferId(id), Alert::OriginalNotFound);
    vec![Output::Effect(alert), respond(id, "25")]
}

#[test]
fn steps_follow_their_order_until_one_finds_a_request() {
    let mut engine = engine(10, 10);
    let steps = vec![by_key(3), BY_RRN, by_key(4)];
    let (lookups, outputs) = search(&mut engine, &reversal(9, steps.clone(), None), &[]);
    let request = request();
    let (bank, rrn) = (request.counterparty, request.trace.rrn);
    let by_rrn = Lookup::InboundReference { bank, rrn, since: SINCE };
    let key = |key| Lookup::IdempotencyKey(IdempotencyKey(key));
    assert_eq!(lookups, [key(3), by_rrn, key(4)]);
    assert_eq!(outputs, refused(9), "nothing is found, and nothing may arrive");

    let found = [received(request, 3)];
    let (lookups, _) = search(&mut engine, &reversal(10, steps, None), &[&[], &found]);
    assert_eq!((lookups.len(), state(&engine, 8)), (2, "reversing"));
}

#[test]
fn a_reversal_whose_parts_exclude_each_other_is_refused_without_a_search() {
    let mut engine = engine(10, 10);
    let (lookups, outputs) = search(&mut engine, &reversal(9, Vec::new(), None), &[]);
    assert_eq!((lookups, outputs), (Vec::new(), refused(9)));
}

#[test]
fn an_rrn_with_two_requests_or_another_amount_or_account_decides_nothing() {
    let other_amount = InboundRequest { amount: amount(1), ..request() };
    let other_account = InboundRequest { account: request().other_account.unwrap(), ..request() };
    let two = [received(request_with_id(8), 3), received(request_with_id(7), 5)];
    let many: Vec<_> = (0..8)
        .map(|id| {
            received(InboundRequest { id: TransferId(20 + id), ..other_amount.clone() }, 30 + id)
        })
        .collect();
    for found in
        [&two[..], &[received(other_amount.clone(), 3)], &[received(other_account, 3)], &many]
    {
        let mut engine = engine(10, 10);
        let reversal = reversal(9, vec![BY_RRN], Some(3));
        let (_, outputs) = search(&mut engine, &reversal, &[found]);
        assert_eq!(outputs, refused(9));
        assert_eq!(state(&engine, 8), "not in memory");
    }
    // One request is the same, and another one is not.
    let mut engine = engine(10, 10);
    let found =
        [received(InboundRequest { id: TransferId(7), ..other_amount }, 5), received(request(), 3)];
    search(&mut engine, &reversal(9, vec![BY_RRN], None), &[&found]);
    assert_eq!((state(&engine, 8), state(&engine, 7)), ("reversing", "not in memory"));
}

#[test]
fn a_barred_request_is_not_found_by_its_rrn() {
    let mut engine = engine(10, 10);
    let bar = StoredTransfer {
        facts: vec![RecordedFact {
            id: TransferId(7),
            at: NOW,
            fact: Fact::Inbound(InboundFact::Barred {
                request: Arc::new(request_with_id(7)),
                cause: titian::transfer::BarCause::StatusInquiry,
            }),
        }],
        identity: None,
    };
    let (_, outputs) = search(&mut engine, &reversal(9, vec![BY_RRN], None), &[&[bar]]);
    assert_eq!(outputs, refused(9));
}

#[test]
fn a_request_that_arrives_during_the_last_step_is_reversed_and_not_barred() {
    let mut engine = engine(10, 10);
    let reversal = reversal(9, vec![by_key(3), BY_RRN], Some(3));
    let event = |step| Event::InboundReversal { reversal: Arc::clone(&reversal), step };
    engine.handle_event(event(0), NOW);
    commit(&mut engine);
    engine.handle_lookup_result(0, &[], event(0), NOW).unwrap();
    commit(&mut engine);
    engine.handle_event(
        Event::InboundRequest { request: Arc::new(request()), key: IdempotencyKey(3) },
        NOW,
    );
    commit(&mut engine);
    engine.handle_lookup_result(1, &[], event(1), NOW).unwrap();
    commit(&mut engine);
    assert_eq!((state(&engine, 8), state(&engine, 9)), ("reversing", "not in memory"));
}

#[test]
fn a_partial_reversal_without_an_original_bars_nothing() {
    let mut engine = engine(10, 10);
    let full = reversal(9, vec![by_key(3)], Some(3));
    let partial = InboundReversal { actual: Some(amount(1)), ..InboundReversal::clone(&full) };
    let (_, outputs) = search(&mut engine, &Arc::new(partial), &[]);
    assert_eq!((outputs, state(&engine, 9)), (refused(9), "not in memory"));
    let (_, outputs) = search(&mut engine, &full, &[]);
    assert_eq!((outputs, state(&engine, 9)), (vec![respond(9, "00")], "barred"));
}

#[test]
fn the_reply_to_a_part_is_not_that_of_the_whole() {
    let mut engine = engine(10, 10);
    let inbound = |input| Event::Transfer(TransferId(8), super::TransferInput::Inbound(input));
    engine.handle_event(
        Event::InboundRequest { request: Arc::new(request()), key: IdempotencyKey(3) },
        NOW,
    );
    commit(&mut engine);
    engine.handle_event(inbound(InboundInput::Posting(PostingReply::Posted)), NOW);
    commit(&mut engine);
    let full = reversal(9, vec![by_key(3)], Some(3));
    let partial = InboundReversal { actual: Some(amount(5)), ..InboundReversal::clone(&full) };
    search(&mut engine, &Arc::new(partial), &[]);
    // Core confirms a late repeat of the posting itself.
    engine.handle_event(inbound(InboundInput::Posting(PostingReply::Posted)), NOW);
    commit(&mut engine);
    assert_eq!(state(&engine, 8), "partially_reversing");
    let reply = titian::engine::PostingCoreReply::PartialReversal(PostingReply::Posted);
    engine.handle_event(Event::Core(TransferId(8), reply), NOW);
    commit(&mut engine);
    assert_eq!(state(&engine, 8), "partially_reversed");
    let sums = engine.books().inbound.sums(amount(1).currency());
    assert_eq!((sums.settled, sums.refunded, sums.in_flight), (5, 12_499_995, 0));
}
