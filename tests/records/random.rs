//! Random lives with restarts: what was durable is had again as it was, and the audit finds nothing.

use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::*;
use titian::engine::{Event, Key, Lookup};
use titian::journal::Evidence;
use titian::records::audit;
use titian::values::Moment;

use crate::lives::folded;
use crate::node::{Node, START, demanded, folder, ordered, store};

/// What happens. Few keys, so that they meet.
#[derive(Clone, Copy, Debug)]
enum Act {
    Order { request: u8, reference: Option<u8> },
    Demand(u8),
    Reversal(u8),
    Status(u8),
    Answer(usize),
    Pass,
    Commit,
    Kill,
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let key = 0_u8..12;
    let act = prop_oneof![
        4 => (key.clone(), proptest::option::of(key.clone()))
            .prop_map(|(request, reference)| Act::Order { request, reference }),
        2 => key.clone().prop_map(Act::Demand),
        1 => key.clone().prop_map(Act::Reversal),
        1 => key.prop_map(Act::Status),
        // Mostly well.
        8 => prop_oneof![Just(0_usize), 0_usize..5].prop_map(Act::Answer),
        2 => Just(Act::Pass),
        4 => Just(Act::Commit),
        1 => Just(Act::Kill),
    ];
    vec(act, 1..120)
}

/// The keys of channels and those of the switch are hashes of other things, and are never the same.
fn wire(key: u8) -> Key {
    Key(1000 + u128::from(key))
}

fn act(node: &mut Node, act: Act, number: u64) {
    match act {
        Act::Order { request, reference } => {
            let reference = reference.map(|key| 100 + u128::from(key));
            node.handle(ordered(number, u128::from(request), reference));
        }
        Act::Demand(key) => node.handle(Event::Demand { demand: demanded(number), key: wire(key) }),
        Act::Reversal(key) => {
            node.handle(Event::Reversal { demand: demanded(number), original: wire(key) });
        }
        Act::Status(key) => {
            node.handle(Event::Status { demand: demanded(number), original: wire(key) });
        }
        Act::Answer(way) => node.answer(way),
        Act::Pass => node.pass(Duration::from_millis(50)),
        Act::Commit => node.commit(),
        // By the one that has it.
        Act::Kill => {}
    }
}

/// Every transfer of the live engine is had from the journal as it is.
fn compare(node: &Node, numbers: u64) {
    for number in 0..numbers {
        for id in [demanded(number).id, titian::values::TransferId(demanded(number).id.0 | 1)] {
            if let Some(life) = node.engine.transfer(id) {
                assert_eq!(folded(node, Lookup::Id(id)).as_ref(), Some(&(id, life.clone())));
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_was_durable_is_had_again_after_a_kill_and_the_audit_finds_nothing(acts in acts()) {
        let folder = folder("random");
        let mut node = Node::start(&folder, Moment::from_millis(START));
        let mut number = 0;
        for next in acts {
            number += 1;
            if !matches!(next, Act::Kill) {
                act(&mut node, next, number);
                continue;
            }
            // What is decided and not committed is lost, so the comparison is of what is committed.
            node.commit();
            compare(&node, number);
            let (now, open) = (node.now, node.engine.open());
            let books: Vec<_> = node.engine.books().rows().collect();
            act(&mut node, Act::Demand(11), number);
            drop(node);
            node = Node::start(&folder, now);
            prop_assert_eq!(node.engine.open(), open);
            prop_assert_eq!(node.engine.books().rows().collect::<Vec<_>>(), books);
            compare(&node, number);
            node.engine.resume(now);
        }
        node.commit();
        let books: Vec<_> = node.engine.books().rows().collect();
        prop_assert!(node.engine.books().balance());
        let evidence = Evidence { archives: &[], store: &store(&folder), checkpoints: None };
        let beside = audit(&evidence).unwrap();
        prop_assert_eq!(beside.open, node.engine.open() as u64);
        node.journal.close().unwrap();
        let audited = audit(&evidence).unwrap();
        prop_assert!(audited.compared && audited.verified.index);
        prop_assert_eq!(audited.books.rows().collect::<Vec<_>>(), books);
    }
}
