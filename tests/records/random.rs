//! Random transfers with restarts: the durable state is restored exactly, and the audit finds no error.

use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::*;
use titian::engine::{Event, Lookup};
use titian::journal::StoreUrl;
use titian::records::audit;
use titian::values::{IdempotencyKey, Moment};

use super::node::{
    Node, START, evidence, folder, inbound_request, order_event, reversal_event, store,
};
use super::transfers::fold_from_journal;

/// A random event. There are few keys, so that they collide.
#[derive(Clone, Copy, Debug)]
enum Act {
    Order { request: u8, reference: Option<u8> },
    InboundRequest(u8),
    Reversal(u8),
    Status(u8),
    Reply(usize),
    Advance,
    Commit,
    Crash,
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let key = 0_u8..12;
    let act = prop_oneof![
        4 => (key.clone(), proptest::option::of(key.clone()))
            .prop_map(|(request, reference)| Act::Order { request, reference }),
        2 => key.clone().prop_map(Act::InboundRequest),
        1 => key.clone().prop_map(Act::Reversal),
        1 => key.prop_map(Act::Status),
        // Mostly success.
        8 => prop_oneof![Just(0_usize), 0_usize..5].prop_map(Act::Reply),
        2 => Just(Act::Advance),
        4 => Just(Act::Commit),
        1 => Just(Act::Crash),
    ];
    vec(act, 1..120)
}

/// The key of an inbound request. Channels and the switch have different keys, as in production.
fn inbound_key(key: u8) -> IdempotencyKey {
    IdempotencyKey(1000 + u128::from(key))
}

fn act(node: &mut Node, act: Act, number: u64) {
    match act {
        Act::Order { request, reference } => {
            let reference = reference.map(|key| 100 + u128::from(key));
            node.handle(order_event(number, u128::from(request), reference));
        }
        Act::InboundRequest(key) => node.handle(Event::InboundRequest {
            request: inbound_request(number),
            key: inbound_key(key),
        }),
        Act::Reversal(key) => {
            node.handle(reversal_event(inbound_request(number), inbound_key(key)));
        }
        Act::Status(key) => {
            node.handle(Event::InboundStatusInquiry {
                request: inbound_request(number),
                original_key: inbound_key(key),
            });
        }
        Act::Reply(variant) => node.reply(variant),
        Act::Advance => node.advance(Duration::from_millis(50)),
        Act::Commit => node.commit(),
        // The caller drops the node.
        Act::Crash => {}
    }
}

/// Asserts that the journal gives the same state for every transfer in memory.
fn compare(node: &Node, numbers: u64) {
    for number in 0..numbers {
        for id in [
            inbound_request(number).id,
            titian::values::TransferId(inbound_request(number).id.0 | 1),
        ] {
            if let Some(transfer) = node.engine.transfer(id) {
                assert_eq!(
                    fold_from_journal(node, Lookup::Id(id)).as_ref(),
                    Some(&(id, transfer.clone()))
                );
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn durable_state_survives_crashes_and_passes_audit(acts in acts()) {
        let folder = folder("random");
        let mut node = Node::start(&folder, Moment::from_millis(START));
        let mut number = 0;
        for next in acts {
            number += 1;
            if !matches!(next, Act::Crash) {
                act(&mut node, next, number);
                continue;
            }
            // A crash loses decisions that are not committed, so commit before the comparison.
            node.commit();
            compare(&node, number);
            let (now, open) = (node.now, node.engine.open_transfers());
            let books: Vec<_> = node.engine.books().rows().collect();
            act(&mut node, Act::InboundRequest(11), number);
            drop(node);
            node = Node::start(&folder, now);
            prop_assert_eq!(node.engine.open_transfers(), open);
            prop_assert_eq!(node.engine.books().rows().collect::<Vec<_>>(), books);
            compare(&node, number);
            node.engine.resume(now);
        }
        node.commit();
        let books: Vec<_> = node.engine.books().rows().collect();
        prop_assert!(books.iter().all(|(_, _, sums)| sums.is_balanced()));
        let url = StoreUrl::Sqlite(store(&folder));
        let evidence = evidence(&[], &url);
        let live_report = audit(&evidence).unwrap();
        prop_assert_eq!(live_report.open, node.engine.open_transfers() as u64);
        node.journal.close().unwrap();
        let report = audit(&evidence).unwrap();
        prop_assert!(report.has_checked_books);
        prop_assert_eq!(report.books.rows().collect::<Vec<_>>(), books);
    }
}
