//! Rows with valid hashes and a wrong meaning: the audit names the first wrong row.

use std::path::Path;
use std::sync::mpsc::channel;

use titian::engine::{Event, Lookup};
use titian::journal::{
    Batch, Chain, Metadata, Row, StoreUrl, StoredFacts, VerificationError, archive, open,
};
use titian::records::{
    AuditReport, audit, ledger_batch, ledger_of_store, look_up, recorded_ledger,
};
use titian::signing::{ChainId, Head, LedgerHead};
use titian::values::{IdempotencyKey, Institution, Moment, PersonalText, TransferId, Value};

use super::node::{
    Node, START, evidence, folder, inbound_request, keys, no_checkpoints, order_event,
    reversal_event, store,
};

/// Returns all rows of two transfers, one settled and one reversed, and the stored books.
fn valid_rows(name: &str) -> (Vec<Row>, Option<Vec<u8>>) {
    let folder = folder(name);
    let mut node = Node::start(&folder, Moment::from_millis(START));
    node.handle(order_event(1, 11, Some(101)));
    node.run();
    node.handle(Event::InboundRequest { request: inbound_request(3), key: IdempotencyKey(13) });
    node.run();
    node.handle(reversal_event(inbound_request(4), IdempotencyKey(13)));
    node.run();
    let mut rows = node.reader.by_key(IdempotencyKey(11)).unwrap();
    rows.extend(node.reader.by_key(IdempotencyKey(13)).unwrap());
    (rows, node.reader.metadata(Chain::Transfers, "closed_books").unwrap())
}

/// Audits a journal with these rows.
fn audit_rows(
    name: &str,
    rows: Vec<Row>,
    metadata: Option<Vec<u8>>,
) -> Result<AuditReport, VerificationError> {
    let store = store(&folder(name));
    let journal = open(&StoreUrl::Sqlite(store.clone()), &keys(), &no_checkpoints()).unwrap();
    let metadata = metadata.map(|value| Metadata { name: "closed_books".into(), value });
    let (done, durable) = channel();
    let metadata = metadata.into_iter().collect();
    let batch = Batch { rows, control: Vec::new(), metadata };
    journal.append(batch, Box::new(move |result| done.send(result.unwrap()).unwrap()));
    assert!(durable.recv().unwrap().is_empty());
    journal.close().unwrap();
    audit(&evidence(&[], &StoreUrl::Sqlite(store)))
}

/// A change to the rows.
type Forgery = fn(&mut Vec<Row>);

#[test]
fn audit_names_row_that_differs_from_its_facts() {
    let (rows, metadata) = valid_rows("audits-valid");
    let sound = audit_rows("audits-forged", rows.clone(), metadata.clone()).unwrap();
    assert_eq!(
        (sound.transfers, sound.open, sound.skipped_rows, sound.has_checked_books),
        (2, 0, 0, true)
    );
    let cases: [(&str, u64, &str, Forgery); 9] = [
        (
            "another state",
            4,
            "the facts give settled (closed), the row has refunded (closed)",
            |rows| {
                rows[3].state = "refunded".into();
            },
        ),
        ("left open", 4, "the facts give settled (closed), the row has settled (open)", |rows| {
            rows[3].is_open = true;
        }),
        ("another bank", 1, "start mismatch", |rows| {
            let start = rows[0].start.as_mut().unwrap();
            start.requested_by = Institution::from_ascii(b"015");
        }),
        ("no debit", 2, "fact request_ready cannot follow state debiting", |rows| {
            let text = &rows[1].facts.0;
            let (debited, ready) = text.split_once("}}},").unwrap();
            assert!(debited.contains("debited"));
            rows[1].facts =
                StoredFacts(format!(r#"{{"v":1,"facts":[{}"#, ready.trim_start_matches('}')));
        }),
        ("other trace numbers", 2, "trace number mismatch", |rows| {
            rows[1].trace.as_mut().unwrap().transmission_second = Some(1);
        }),
        ("a missing step", 2, "cannot follow", |rows| drop(rows.remove(1))),
        ("a missing first row", 1, "never started", |rows| drop(rows.remove(0))),
        ("two first rows", 2, "started twice", |rows| {
            let mut again = rows[0].clone();
            again.start.as_mut().unwrap().identity.request_key = IdempotencyKey(77);
            again.start.as_mut().unwrap().identity.reference_key = None;
            rows.insert(1, again);
        }),
        ("another transfer id", 1, "start mismatch", |rows| {
            rows.iter_mut().take(5).for_each(|row| row.id = TransferId(rows_id() | 9));
        }),
    ];
    for (what, seq, expected, forge) in cases {
        let mut forged = rows.clone();
        forge(&mut forged);
        match audit_rows("audits-forged", forged, metadata.clone()) {
            Err(VerificationError::Rows { first: wrong, reason, .. }) => {
                assert_eq!(wrong, seq, "{what}: {reason}");
                assert!(reason.contains(expected), "{what}: {reason}");
            }
            other => panic!("{what}: {other:?}"),
        }
    }
}

#[test]
fn an_audit_without_personal_values_comes_to_the_same_result() {
    let (mut rows, metadata) = valid_rows("audits-readable");
    let readable = audit_rows("audits-encrypted", rows.clone(), metadata.clone()).unwrap();
    assert!(rows.iter().any(|row| row.personal.is_some()));
    for row in &mut rows {
        row.personal = None;
    }
    let report = audit_rows("audits-encrypted", rows.clone(), metadata.clone()).unwrap();
    assert_eq!(report.books, readable.books);
    assert_eq!((report.transfers, report.open), (readable.transfers, readable.open));
    // What is not personal is still compared.
    rows[0].start.as_mut().unwrap().requested_by = Institution::from_ascii(b"015");
    let error = audit_rows("audits-encrypted", rows, metadata).unwrap_err().to_string();
    assert!(error.contains("start mismatch"), "{error}");
}

#[test]
fn a_personal_value_that_is_missing_is_named_and_never_acted_on() {
    let (rows, metadata) = valid_rows("audits-whole");
    for (personal, expected) in [
        (Some("[]"), "has no value for a place"),
        (Some("[1]"), "is malformed"),
        (None, "their personal values cannot be read"),
    ] {
        let mut damaged = rows.clone();
        damaged[0].personal = personal.map(|text| PersonalText(text.to_owned()));
        let id = damaged[0].id;
        drop(audit_rows("audits-damaged", damaged, metadata.clone()));
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("audits-damaged");
        let journal = open(&StoreUrl::Sqlite(store(&folder)), &keys(), &no_checkpoints()).unwrap();
        let error = look_up(&*journal.reader().unwrap(), Lookup::Id(id)).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
}

fn rows_id() -> u128 {
    u128::from(START) << 80
}

#[test]
fn audit_rejects_books_that_differ_from_rows() {
    let (rows, metadata) = valid_rows("audits-books");
    let text = String::from_utf8(metadata.unwrap()).unwrap();
    insta::assert_snapshot!(text);
    let more = text.replace("12500000", "12500001").into_bytes();
    for wrong in [None, Some(more), Some(b"{}".to_vec())] {
        let found = audit_rows("audits-forged-books", rows.clone(), wrong);
        assert!(
            matches!(found, Err(VerificationError::Metadata { name: "closed_books", .. })),
            "{found:?}"
        );
    }
}

#[test]
fn the_head_of_the_ledger_is_read_as_it_was_recorded_and_a_malformed_one_is_named() {
    let folder = folder("audits-ledger");
    let url = StoreUrl::Sqlite(store(&folder));
    let journal = open(&url, &keys(), &no_checkpoints()).unwrap();
    let append = |batch| {
        let (done, durable) = channel();
        journal.append(batch, Box::new(move |result| done.send(result.unwrap()).unwrap()));
        durable.recv().unwrap();
    };
    let reader = journal.reader().unwrap();
    assert_eq!(recorded_ledger(&*reader).unwrap(), None);
    assert_eq!(ledger_of_store(&url).unwrap(), None);
    let mut last = None;
    for count in [5, 9] {
        let head = Head { count, hash: [count.to_be_bytes()[7]; 32] };
        let ledger = LedgerHead { chain_id: ChainId([3; 16]), head };
        append(ledger_batch(ledger, Moment::from_millis(START)).unwrap());
        last = Some(ledger);
        assert_eq!(recorded_ledger(&*reader).unwrap(), last);
        assert_eq!(ledger_of_store(&url).unwrap(), last);
    }
    let audited = audit(&evidence(&[], &url)).unwrap();
    assert_eq!((audited.ledger, audited.verified.head.count), (last, 2));
    let metadata = vec![Metadata { name: "ledger".into(), value: b"{}".to_vec() }];
    append(Batch { rows: Vec::new(), control: Vec::new(), metadata });
    let named = "metadata `ledger`: ";
    assert!(recorded_ledger(&*reader).unwrap_err().to_string().contains(named));
    assert!(ledger_of_store(&url).unwrap_err().to_string().contains(named));
    drop(reader);
    journal.close().unwrap();
    assert!(audit(&evidence(&[], &url)).unwrap_err().to_string().contains(named));
}

#[test]
fn archived_store_is_audited_alone_and_with_its_archive() {
    let folder = folder("audits-archive");
    let mut node = Node::start(&folder, Moment::from_millis(START));
    for number in 1..20 {
        node.handle(order_event(number, u128::from(number), None));
        node.commit();
        // Two concurrent transfers, so that the archive ends between the rows of one.
        if number % 2 == 0 {
            node.run();
        }
    }
    node.run();
    let books: Vec<_> = node.engine.books().rows().collect();
    let middle = node.reader.by_key(IdempotencyKey(10)).unwrap()[0].recorded_at;
    node.journal.close().unwrap();
    drop(node.reader);
    let (store, to) = (store(&folder), folder.join("archive"));
    archive(&StoreUrl::Sqlite(store.clone()), &keys(), &no_checkpoints(), (middle, &to)).unwrap();
    let url = StoreUrl::Sqlite(store);
    let alone = audit(&evidence(&[], &url)).unwrap();
    assert!(alone.skipped_rows > 0 && !alone.has_checked_books && alone.transfers < 19);
    let whole = audit(&evidence(&[to], &url)).unwrap();
    assert_eq!((whole.skipped_rows, whole.has_checked_books, whole.transfers), (0, true, 19));
    assert_eq!(whole.books.rows().collect::<Vec<_>>(), books);
    let node = Node::start(&folder, Moment::from_millis(START));
    assert_eq!(
        node.engine.books().rows().collect::<Vec<_>>(),
        books,
        "archived transfers stay in the books"
    );
}
