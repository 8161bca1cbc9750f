//! Scripted lives: what is in the journal afterwards, and what a start makes of it.

use titian::engine::{Concern, Event, Key, Life, Lookup, Output};
use titian::records::look_up;
use titian::transfer::{InboundInput, PostingAnswer};
use titian::values::{Moment, TransferId};

use crate::node::{Node, START, demanded, folder, ordered};

const NOW: Moment = Moment::from_millis(START);

/// A transfer of the journal, folded.
pub(crate) fn folded(node: &Node, about: Lookup) -> Option<(TransferId, Life)> {
    let (records, _) = look_up(&node.reader, about).unwrap();
    let mut life = None;
    for record in &records {
        life = Some(Life::fold(life, &record.fact, record.at).unwrap());
    }
    records.first().map(|first| first.id).zip(life)
}

/// One settled, one declined and given back, one sent, one received and undone.
fn lived(name: &str) -> Node {
    let mut node = Node::start(&folder(name), NOW);
    node.handle(ordered(1, 11, Some(101)));
    node.run();
    node.handle(ordered(2, 12, None));
    node.commit();
    node.answer(0);
    node.commit();
    node.answer(1);
    node.run();
    node.handle(Event::Demand { demand: demanded(3), key: Key(13) });
    node.run();
    node.handle(Event::Reversal { demand: demanded(4), original: Key(13) });
    node.run();
    node.handle(ordered(5, 15, Some(105)));
    node.commit();
    node.answer(0);
    node.commit();
    node
}

#[test]
fn a_start_has_the_open_transfers_and_the_books_of_all() {
    let node = lived("lives-start");
    let books: Vec<_> = node.engine.books().rows().collect();
    let (id, _) = folded(&node, Lookup::Key(Key(15))).unwrap();
    let life = node.engine.transfer(id).unwrap().clone();
    assert_eq!((life.name(), node.engine.open()), ("Ready", 1));
    drop(node);
    let mut node = Node::start(&folder_again("lives-start"), NOW);
    assert_eq!(node.engine.books().rows().collect::<Vec<_>>(), books);
    assert_eq!((node.engine.transfer(id), node.engine.open()), (Some(&life), 1));
    node.engine.resume(NOW);
    node.commit();
    assert_eq!(node.engine.transfer(id).unwrap().name(), "Doubtful");
}

fn folder_again(name: &str) -> std::path::PathBuf {
    std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join(name)
}

#[test]
fn after_a_start_a_request_that_comes_again_is_the_first_by_either_of_its_keys() {
    drop(lived("lives-again"));
    let mut node = Node::start(&folder_again("lives-again"), NOW);
    // The request of the settled one; its number under another request; another body under it; and of the open one.
    for (number, request, reference) in
        [(20, 11, None), (21, 99, Some(101)), (22, 98, Some(101)), (23, 15, Some(105))]
    {
        node.handle(ordered(number, request, reference));
        node.commit();
    }
    let told = node.told.iter().map(|output| match output {
        Output::Existing(repeat) => ("existing", repeat.key.0, repeat.first),
        Output::Conflict(repeat) => ("conflict", repeat.key.0, repeat.first),
        other => panic!("{other:?}"),
    });
    let told: Vec<_> = told.map(|(what, key, first)| (what, key, first.0 & 0xFF)).collect();
    let expected =
        [("existing", 11, 3), ("existing", 101, 3), ("conflict", 101, 3), ("existing", 15, 11)];
    assert_eq!(told, expected);
    assert_eq!(node.engine.open(), 1, "none of them began");
    // What was taken back left no key: under it a transfer begins.
    node.handle(ordered(24, 99, None));
    node.commit();
    assert_eq!(node.engine.open(), 2);
}

#[test]
fn what_is_looked_up_is_what_was_decided_by_id_key_and_trace() {
    let node = lived("lives-look-up");
    let (id, life) = folded(&node, Lookup::Key(Key(101))).unwrap();
    assert_eq!(life.name(), "Settled");
    let (records, begun) = look_up(&node.reader, Lookup::Id(id)).unwrap();
    assert_eq!(begun.unwrap().reference, Some(Key(101)));
    let trace = records.iter().find_map(|record| record.fact.trace()).unwrap();
    for about in [Lookup::Trace(trace), Lookup::Begun(begun.unwrap()), Lookup::Key(Key(11))] {
        assert_eq!(look_up(&node.reader, about).unwrap(), (records.clone(), begun));
    }
    assert_eq!(look_up(&node.reader, Lookup::Key(Key(77))).unwrap(), (Vec::new(), None));
    assert_eq!(folded(&node, Lookup::Key(Key(12))).unwrap().1.name(), "Refunded");
    assert_eq!(folded(&node, Lookup::Key(Key(13))).unwrap().1.name(), "Undone");
}

#[test]
fn each_step_is_a_row_with_what_it_is_found_by() {
    let node = lived("lives-rows");
    let rows = node.reader.by_key(Key(11)).unwrap();
    let steps: Vec<_> = rows
        .iter()
        .map(|row| (row.state.as_ref(), row.open, row.numbers.is_some(), row.begins.is_some()))
        .collect();
    let expected = [
        ("Debiting", true, false, true),
        ("Ready", true, true, false),
        ("Sent", true, false, false),
        ("Settled", false, false, false),
        ("Settled", false, false, false),
    ];
    assert_eq!(steps, expected);
    let rows = node.reader.by_key(Key(13)).unwrap();
    assert_eq!(rows[0].numbers.unwrap().second, None, "the other bank's");
    let text = &rows[0].form.0;
    assert!(text.starts_with(r#"{"v":1,"facts":[{"in":{"received":"#), "{text}");
}

#[test]
fn a_closed_transfer_that_is_changed_later_changes_the_books_that_a_start_has() {
    let mut node = lived("lives-late");
    let posted = Concern::In(InboundInput::Posting(PostingAnswer::Posted));
    node.handle(Event::Demand { demand: demanded(6), key: Key(16) });
    node.commit();
    node.handle(Event::Transfer(demanded(6).id, posted));
    node.run();
    // Others push it out of memory, and it is reversed then.
    for number in 30..36 {
        node.handle(ordered(number, u128::from(number), None));
        node.run();
    }
    drop(node);
    let mut node = Node::start(&folder_again("lives-late"), NOW);
    let before: Vec<_> = node.engine.books().rows().collect();
    node.handle(Event::Reversal { demand: demanded(7), original: Key(16) });
    node.run();
    let books: Vec<_> = node.engine.books().rows().collect();
    assert_ne!(books, before);
    drop(node);
    let node = Node::start(&folder_again("lives-late"), NOW);
    assert_eq!(node.engine.books().rows().collect::<Vec<_>>(), books);
}
