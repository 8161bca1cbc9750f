//! What a start accepts, and what it refuses.

use std::fs;

use titian::journal::{
    Batch, Chain, FACTS_BYTES_MAX, Journal, JournalError, Metadata, Query, Reader, StoreUrl,
    StoredFacts, open,
};
use titian::values::{Moment, Stan, TransferId, Value};

use super::support::{Folder, START, account, all_steps, append, append_batch, id, key, row};

fn metadata(value: &[u8]) -> Metadata {
    Metadata { name: "reserved".into(), value: value.to_vec() }
}

#[test]
fn a_newer_store_a_foreign_database_and_a_text_file_are_refused_and_unchanged() {
    let folder = Folder::new();
    folder.open().close().unwrap();
    let db = rusqlite::Connection::open(folder.store()).unwrap();
    db.pragma_update(None, "user_version", 2).unwrap();
    drop(db);
    let refused = open(&folder.url(), None).err().unwrap();
    assert!(matches!(refused, JournalError::Newer { found: 2, known: 1, .. }), "{refused}");

    let other = folder.file("other.db");
    let db = rusqlite::Connection::open(&other).unwrap();
    db.execute_batch("CREATE TABLE theirs (a)").unwrap();
    drop(db);
    let before = fs::read(&other).unwrap();
    let refused = open(&StoreUrl::Sqlite(other.clone()), None).err().unwrap();
    assert!(matches!(refused, JournalError::Foreign(_)), "{refused}");
    assert_eq!(fs::read(&other).unwrap(), before);

    let text = folder.file("text.txt");
    fs::write(&text, "a plain text file and not a database".repeat(20)).unwrap();
    let refused = open(&StoreUrl::Sqlite(text), None).err().unwrap();
    assert!(matches!(refused, JournalError::Damaged { .. }), "{refused}");
}

#[test]
fn a_batch_with_too_large_facts_is_refused_as_a_whole() {
    let folder = Folder::new();
    let journal = folder.open();
    let mut rows = all_steps(0..1);
    rows[3].facts = StoredFacts("x".repeat(FACTS_BYTES_MAX + 1));
    let refused = append(&*journal, rows).unwrap_err();
    assert!(matches!(refused, JournalError::TooLarge { what: "the size of the facts", .. }));
    assert_eq!(journal.head(Chain::Transfers).count, 0);
    assert!(append(&*journal, all_steps(0..1)).unwrap().is_empty(), "the journal continues");
    journal.close().unwrap();
}

fn ids_of_open(reader: &dyn Reader) -> Vec<TransferId> {
    reader.open_transfers().unwrap().map(|rows| rows.unwrap()[0].id).collect()
}

#[test]
fn durable_rows_are_found_at_once_and_after_a_restart_with_and_without_the_index() {
    let folder = Folder::new();
    let journal = folder.open();
    append(&*journal, all_steps(1..3000)).unwrap();
    let rows = vec![row(3000, 0), row(3000, 1)];
    append_batch(
        &*journal,
        Batch { rows, metadata: vec![metadata(b"1"), metadata(b"2")], ..Batch::default() },
    )
    .unwrap();
    let check = |journal: &dyn Journal| {
        let reader = journal.reader().unwrap();
        let steps = |transfer, steps: std::ops::Range<usize>| -> Vec<_> {
            steps.map(|step| row(transfer, step)).collect()
        };
        assert_eq!(reader.transfer(id(7)).unwrap(), steps(7, 0..4));
        assert_eq!(reader.by_key(key(8)).unwrap(), steps(8, 0..4));
        let trace = row(3000, 1).trace.unwrap();
        let found = reader.by_trace(trace.transmission_second.unwrap(), trace.stan).unwrap();
        assert_eq!(found, steps(3000, 0..2));
        assert_eq!(
            reader.by_trace(trace.transmission_second.unwrap(), Stan::wrapped(999)).unwrap(),
            []
        );
        assert_eq!(reader.metadata(Chain::Transfers, "reserved").unwrap().unwrap(), b"2");
        assert_eq!(reader.metadata(Chain::Transfers, "other").unwrap(), None);
        assert_eq!(reader.transfer(TransferId(1)).unwrap(), []);
        assert_eq!(ids_of_open(&*reader), [id(3000)]);
    };
    check(&*journal);
    let head = journal.head(Chain::Transfers);
    journal.close().unwrap();
    let journal = folder.open();
    assert_eq!(journal.head(Chain::Transfers), head);
    check(&*journal);
    journal.close().unwrap();
    for ending in ["-index", "-index-wal", "-index-shm"] {
        let _ = fs::remove_file(format!("{}{ending}", folder.store().display()));
    }
    check(&*folder.open());
}

fn everything() -> Query {
    Query {
        from: Moment::default(),
        until: Moment::from_millis(u64::MAX),
        state: None,
        open_only: false,
        account: None,
        bank: None,
        rrn: None,
        stan: None,
        after: None,
        limit: 100,
    }
}

/// The ids of all pages.
fn searched(reader: &dyn Reader, query: &Query) -> Vec<TransferId> {
    let mut query = query.clone();
    let mut ids = Vec::new();
    loop {
        let page = reader.search(&query).unwrap();
        assert!(page.hits.len() <= query.limit);
        ids.extend(page.hits.iter().map(|found| found.id));
        if page.next.is_none() {
            return ids;
        }
        query.after = page.next;
    }
}

/// Only this test searches so far. The caller of [`Reader::search`] is the operator's list of transfers.
#[test]
fn a_search_applies_all_conditions_page_by_page_from_the_newest() {
    let folder = Folder::new();
    let journal = folder.open();
    append(&*journal, all_steps(0..950)).unwrap();
    append(&*journal, (950..1000).map(|transfer| row(transfer, 0)).collect()).unwrap();
    journal.close().unwrap();
    let journal = folder.open();
    let reader = journal.reader().unwrap();
    let expect = |query: Query, wanted: &dyn Fn(u64) -> bool| {
        let wanted: Vec<_> = (0..1000).rev().filter(|number| wanted(*number)).map(id).collect();
        assert!(!wanted.is_empty());
        assert_eq!(searched(&*reader, &query), wanted, "{query:?}");
    };
    let moment = |transfer| Moment::from_millis(START + transfer);
    let rrn = row(321, 1).trace.unwrap().rrn;
    expect(everything(), &|_| true);
    expect(Query { limit: 7, ..everything() }, &|_| true);
    expect(Query { open_only: true, limit: 9, ..everything() }, &|number| number >= 950);
    expect(Query { state: Some("settled".into()), ..everything() }, &|number| number < 950);
    expect(Query { from: moment(10), until: moment(20), ..everything() }, &|number| {
        (10..20).contains(&number)
    });
    expect(Query { account: Some(account(4)), ..everything() }, &|number| number % 10 == 4);
    expect(Query { account: Some(account(103)), ..everything() }, &|number| {
        number % 7 == 3 && number % 5 != 0
    });
    expect(Query { rrn: Some(rrn), ..everything() }, &|number| number == 321);
    expect(Query { stan: Stan::from_ascii(b"000321"), ..everything() }, &|number| number == 321);
}
