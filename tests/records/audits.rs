//! A record that is whole by its hashes and wrong by what it means: the audit names the first wrong row.

use std::sync::mpsc::channel;

use titian::engine::{Event, Key};
use titian::journal::{Batch, Evidence, Form, Journal, Note, Row, Wrong, archive};
use titian::records::{Audited, audit};
use titian::values::{Moment, TransferId};

use crate::node::{Node, START, demanded, folder, ordered, store};

/// All rows of two transfers, one settled and one undone.
fn honest(name: &str) -> (Vec<Row>, Option<Vec<u8>>) {
    let folder = folder(name);
    let mut node = Node::start(&folder, Moment::from_millis(START));
    node.handle(ordered(1, 11, Some(101)));
    node.run();
    node.handle(Event::Demand { demand: demanded(3), key: Key(13) });
    node.run();
    node.handle(Event::Reversal { demand: demanded(4), original: Key(13) });
    node.run();
    let mut rows = node.reader.by_key(Key(11)).unwrap();
    rows.extend(node.reader.by_key(Key(13)).unwrap());
    (rows, node.reader.note("closed books").unwrap())
}

/// What the audit says of a journal of these rows.
fn audited(name: &str, rows: Vec<Row>, note: Option<Vec<u8>>) -> Result<Audited, Wrong> {
    let store = store(&folder(name));
    let journal = Journal::open(&store, None).unwrap();
    let note = note.map(|value| Note { name: "closed books".into(), value });
    let (done, durable) = channel();
    let batch = Batch { rows, notes: note.into_iter().collect() };
    journal.append(batch, move |result| done.send(result.unwrap()).unwrap());
    assert!(durable.recv().unwrap().is_empty());
    journal.close().unwrap();
    audit(&Evidence { archives: &[], store: &store, checkpoints: None })
}

/// What somebody writes anew in a record.
type Forgery = fn(&mut Vec<Row>);

#[test]
fn a_row_that_says_other_than_its_facts_is_named() {
    let (rows, note) = honest("audits-honest");
    let sound = audited("audits-forged", rows.clone(), note.clone()).unwrap();
    assert_eq!((sound.transfers, sound.open, sound.cut, sound.compared), (2, 0, 0, true));
    let cases: [(&str, u64, &str, Forgery); 9] = [
        ("another state", 4, "lead to Settled, closed, and it says Refunded, closed", |rows| {
            rows[3].state = "Refunded".into();
        }),
        ("left open", 4, "lead to Settled, closed, and it says Settled, open", |rows| {
            rows[3].open = true;
        }),
        ("another amount to look for", 1, "what it says of its transfer", |rows| {
            let begins = rows[0].begins.as_mut().unwrap();
            begins.summary.amount = crate::rules::amount(1);
        }),
        ("no debit", 2, "RequestReady can't follow in state Debiting", |rows| {
            let text = &rows[1].form.0;
            let (debited, ready) = text.split_once("}}},").unwrap();
            assert!(debited.contains("debited"));
            rows[1].form = Form(format!(r#"{{"v":1,"facts":[{}"#, ready.trim_start_matches('}')));
        }),
        ("other numbers", 2, "its numbers are not those of its facts", |rows| {
            rows[1].numbers.as_mut().unwrap().second = Some(1);
        }),
        ("a step left out", 2, "can't follow", |rows| drop(rows.remove(1))),
        ("a beginning left out", 1, "never began", |rows| drop(rows.remove(0))),
        ("a beginning twice", 2, "began before", |rows| {
            let mut again = rows[0].clone();
            again.begins.as_mut().unwrap().begun.request = Key(77);
            again.begins.as_mut().unwrap().begun.reference = None;
            rows.insert(1, again);
        }),
        ("of another transfer", 1, "what it says of its transfer", |rows| {
            rows.iter_mut().take(5).for_each(|row| row.id = TransferId(rows_id() | 9));
        }),
    ];
    for (what, seq, why, forge) in cases {
        let mut forged = rows.clone();
        forge(&mut forged);
        match audited("audits-forged", forged, note.clone()) {
            Err(Wrong::Row { seq: wrong, how, .. }) => {
                assert_eq!(wrong, seq, "{what}: {how}");
                assert!(how.contains(why), "{what}: {how}");
            }
            other => panic!("{what}: {other:?}"),
        }
    }
}

fn rows_id() -> u128 {
    u128::from(START) << 80
}

#[test]
fn books_that_the_rows_do_not_give_are_told() {
    let (rows, note) = honest("audits-books");
    let text = String::from_utf8(note.unwrap()).unwrap();
    insta::assert_snapshot!(text);
    let more = text.replace("12500000", "12500001").into_bytes();
    for wrong in [None, Some(more), Some(b"{}".to_vec())] {
        let found = audited("audits-forged-books", rows.clone(), wrong);
        assert!(matches!(found, Err(Wrong::Note { name: "closed books", .. })), "{found:?}");
    }
}

#[test]
fn after_an_archive_the_rest_is_audited_alone_and_all_of_it_with_the_archive() {
    let folder = folder("audits-archive");
    let mut node = Node::start(&folder, Moment::from_millis(START));
    for number in 1..20 {
        node.handle(ordered(number, u128::from(number), None));
        node.commit();
        // Two beside each other, so that the end of the archive cuts one apart.
        if number % 2 == 0 {
            node.run();
        }
    }
    node.run();
    let books: Vec<_> = node.engine.books().rows().collect();
    let middle = node.reader.by_key(Key(10)).unwrap()[0].at;
    node.journal.close().unwrap();
    drop(node.reader);
    let (store, to) = (store(&folder), folder.join("archive"));
    archive(&store, middle, &to).unwrap();
    let alone = audit(&Evidence { archives: &[], store: &store, checkpoints: None }).unwrap();
    assert!(alone.cut > 0 && !alone.compared && alone.transfers < 19);
    let whole = audit(&Evidence { archives: &[to], store: &store, checkpoints: None }).unwrap();
    assert_eq!((whole.cut, whole.compared, whole.transfers), (0, true, 19));
    assert_eq!(whole.books.rows().collect::<Vec<_>>(), books);
    let node = Node::start(&folder, Moment::from_millis(START));
    assert_eq!(
        node.engine.books().rows().collect::<Vec<_>>(),
        books,
        "what is archived stays in the books"
    );
}
