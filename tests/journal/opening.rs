//! What a start accepts, and what it refuses.

use std::fs;

use titian::journal::{
    Batch, Chain, FACTS_BYTES_MAX, Journal, JournalError, Metadata, Reader, StoreUrl, StoredFacts,
    open,
};
use titian::values::{Stan, TransferId};

use super::support::{
    Folder, all_steps, append, append_batch, id, key, keys, none, row, write_private,
};

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
    let refused = folder.try_open().err().unwrap();
    assert!(matches!(refused, JournalError::Newer { found: 2, known: 1, .. }), "{refused}");

    let other = folder.file("other.db");
    let db = rusqlite::Connection::open(&other).unwrap();
    db.execute_batch("CREATE TABLE theirs (a)").unwrap();
    drop(db);
    write_private(&other, &fs::read(&other).unwrap());
    let before = fs::read(&other).unwrap();
    let refused = open(&StoreUrl::Sqlite(other.clone()), &keys(), &none()).err().unwrap();
    assert!(matches!(refused, JournalError::Foreign(_)), "{refused}");
    assert_eq!(fs::read(&other).unwrap(), before);

    let text = folder.file("text.txt");
    write_private(&text, "a plain text file and not a database".repeat(20).as_bytes());
    let refused = open(&StoreUrl::Sqlite(text), &keys(), &none()).err().unwrap();
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
fn durable_rows_are_found_at_once_and_after_a_restart_with_and_without_the_lookups() {
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
    fs::remove_dir_all(folder.file("titian.db-lookups")).unwrap();
    check(&*folder.open());
}
