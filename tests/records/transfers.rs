//! Scripted transfers: what the journal has afterwards, and what a restart reads from it.

use titian::engine::{Event, Lookup, Output, Transfer, TransferInput};
use titian::records::look_up;
use titian::transfer::{InboundInput, PostingReply};
use titian::values::{IdempotencyKey, Moment, TransferId};

use super::node::{Node, START, folder, inbound_request, order_event, reversal_event};

const NOW: Moment = Moment::from_millis(START);

/// Looks up a transfer in the journal and folds it.
pub(crate) fn fold_from_journal(node: &Node, lookup: Lookup) -> Option<(TransferId, Transfer)> {
    let stored = look_up(&*node.reader, lookup).unwrap().pop()?;
    let mut transfer = None;
    for record in &stored.facts {
        transfer = Some(Transfer::fold(transfer, &record.fact, record.at).unwrap());
    }
    stored.facts.first().map(|first| first.id).zip(transfer)
}

#[test]
fn restart_restores_open_transfers_and_all_books() {
    let folder = folder("transfers-start");
    let node = Node::with_history(&folder);
    let books: Vec<_> = node.engine.books().rows().collect();
    let (id, _) = fold_from_journal(&node, Lookup::IdempotencyKey(IdempotencyKey(15))).unwrap();
    let transfer = node.engine.transfer(id).unwrap().clone();
    assert_eq!((transfer.code(), node.engine.open_transfers()), ("ready_to_send", 1));
    drop(node);
    let mut node = Node::start(&folder, NOW);
    assert_eq!(node.engine.books().rows().collect::<Vec<_>>(), books);
    assert_eq!((node.engine.transfer(id), node.engine.open_transfers()), (Some(&transfer), 1));
    node.engine.resume(NOW);
    node.commit();
    assert_eq!(node.engine.transfer(id).unwrap().code(), "outcome_unknown");
}

#[test]
fn duplicate_request_is_found_by_either_key_after_restart() {
    let folder = folder("transfers-again");
    drop(Node::with_history(&folder));
    let mut node = Node::start(&folder, NOW);
    // The settled transfer's request key; its reference with another request; the same with another fingerprint; and
    // the open transfer's keys.
    for (number, request, reference) in
        [(20, 11, None), (21, 99, Some(101)), (22, 98, Some(101)), (23, 15, Some(105))]
    {
        node.handle(order_event(number, request, reference));
        node.commit();
    }
    let outputs = node.outputs.iter().map(|output| match output {
        Output::Duplicate(repeat) => ("duplicate", repeat.key.0, repeat.original_id),
        Output::KeyConflict(repeat) => ("conflict", repeat.key.0, repeat.original_id),
        other => panic!("{other:?}"),
    });
    let outputs: Vec<_> = outputs.map(|(what, key, first)| (what, key, first.0 & 0xFF)).collect();
    let expected =
        [("duplicate", 11, 3), ("duplicate", 101, 3), ("conflict", 101, 3), ("duplicate", 15, 11)];
    assert_eq!(outputs, expected);
    assert_eq!(node.engine.open_transfers(), 1, "none of them started a transfer");
    // A dropped transfer keeps no key, so a new transfer can use it.
    node.handle(order_event(24, 99, None));
    node.commit();
    assert_eq!(node.engine.open_transfers(), 2);
}

#[test]
fn lookups_by_id_key_and_trace_give_recorded_facts() {
    let node = Node::with_history(&folder("transfers-look-up"));
    let (id, transfer) =
        fold_from_journal(&node, Lookup::IdempotencyKey(IdempotencyKey(101))).unwrap();
    assert_eq!(transfer.code(), "settled");
    let found = look_up(&*node.reader, Lookup::Id(id)).unwrap();
    let identity = found[0].identity.unwrap();
    assert_eq!(identity.reference_key, Some(IdempotencyKey(101)));
    let trace = found[0].facts.iter().find_map(|record| record.fact.trace()).unwrap();
    for lookup in [
        Lookup::TraceNumbers(trace),
        Lookup::RequestIdentity(identity),
        Lookup::IdempotencyKey(IdempotencyKey(11)),
    ] {
        assert_eq!(look_up(&*node.reader, lookup).unwrap(), found);
    }
    assert_eq!(look_up(&*node.reader, Lookup::IdempotencyKey(IdempotencyKey(77))).unwrap(), []);
    assert_eq!(
        fold_from_journal(&node, Lookup::IdempotencyKey(IdempotencyKey(12))).unwrap().1.code(),
        "refunded"
    );
    assert_eq!(
        fold_from_journal(&node, Lookup::IdempotencyKey(IdempotencyKey(13))).unwrap().1.code(),
        "reversed"
    );
}

#[test]
fn each_step_is_a_row_with_its_search_values() {
    let node = Node::with_history(&folder("transfers-rows"));
    let rows = node.reader.by_key(IdempotencyKey(11)).unwrap();
    let steps: Vec<_> = rows
        .iter()
        .map(|row| (row.state.as_ref(), row.is_open, row.trace.is_some(), row.start.is_some()))
        .collect();
    let expected = [
        ("debiting", true, false, true),
        ("ready_to_send", true, true, false),
        ("sent", true, false, false),
        ("settled", false, false, false),
        ("settled", false, false, false),
    ];
    assert_eq!(steps, expected);
    let rows = node.reader.by_key(IdempotencyKey(13)).unwrap();
    assert_eq!(
        rows[0].trace.unwrap().transmission_second,
        None,
        "the other bank assigned the trace numbers"
    );
    let text = &rows[0].facts.0;
    assert!(text.starts_with(r#"{"v":1,"facts":[{"inbound":{"received":"#), "{text}");
}

#[test]
fn late_change_of_closed_transfer_changes_restored_books() {
    let folder = folder("transfers-late");
    let mut node = Node::with_history(&folder);
    let posted = TransferInput::Inbound(InboundInput::Posting(PostingReply::Posted));
    node.handle(Event::InboundRequest { request: inbound_request(6), key: IdempotencyKey(16) });
    node.commit();
    node.handle(Event::Transfer(inbound_request(6).id, posted));
    node.run();
    // Other transfers push it out of memory before it is reversed.
    for number in 30..36 {
        node.handle(order_event(number, u128::from(number), None));
        node.run();
    }
    drop(node);
    let mut node = Node::start(&folder, NOW);
    let before: Vec<_> = node.engine.books().rows().collect();
    node.handle(reversal_event(inbound_request(7), IdempotencyKey(16)));
    node.run();
    let books: Vec<_> = node.engine.books().rows().collect();
    assert_ne!(books, before);
    drop(node);
    let node = Node::start(&folder, NOW);
    assert_eq!(node.engine.books().rows().collect::<Vec<_>>(), books);
}
