//! Attackers with write access to the files and without the signing key: each change is refused at a start or found by
//! `verify`, with the rows named, and no changed row is ever returned.

use std::fs;

use rusqlite::Connection;
use titian::journal::{Evidence, JournalError, VerificationError, open, verify};
use titian::signing::{
    Chain, RowSpan, SignedBatch, SigningKey, Statement, TrustedKey, TrustedKeys,
};

use super::support::{
    Folder, all_steps, append, append_batch, checkpoints, id, key, keys, keys_of, none,
    restore_file, row, verified, verified_with, write_private,
};

/// The rows of the store: 50 closed transfers in batches of four rows, and an open transfer.
const ROWS: u64 = 202;

pub(crate) fn recorded() -> Folder {
    let folder = Folder::new();
    for half in [0..25, 25..50] {
        let journal = folder.open();
        for transfer in half {
            append(&*journal, all_steps(transfer..transfer + 1)).unwrap();
        }
        let metadata = titian::journal::Metadata { name: "reserved".into(), value: b"1".to_vec() };
        let open = if journal.head(Chain::Transfers).count == 200 {
            vec![row(50, 0), row(50, 1)]
        } else {
            vec![]
        };
        if !open.is_empty() {
            let batch = titian::journal::Batch {
                rows: open,
                metadata: vec![metadata],
                ..Default::default()
            };
            append_batch(&*journal, batch).unwrap();
        }
        journal.close().unwrap();
    }
    folder
}

fn rewrite(folder: &Folder, sql: &str) {
    Connection::open(folder.store()).unwrap().execute_batch(sql).unwrap();
}

/// Returns the wrong rows that a verification names.
fn wrong_rows(folder: &Folder) -> (u64, u64, String) {
    match verified(folder, &[]).unwrap_err() {
        VerificationError::Rows { first, last, reason, .. } => (first, last, reason),
        other => panic!("{other}"),
    }
}

/// Whether a start refuses the store, or every look-up returns what was written or an error.
pub(crate) fn is_never_acted_on(folder: &Folder) -> bool {
    let Ok(journal) = folder.try_open() else { return true };
    let reader = journal.reader().unwrap();
    let is_written = |transfer: u64| {
        let steps = if transfer == 50 { 2 } else { 4 };
        let expected: Vec<_> = (0..steps).map(|step| row(transfer, step)).collect();
        let found = [reader.transfer(id(transfer)), reader.by_key(key(transfer))];
        found.into_iter().all(|rows| rows.map_or(true, |rows| rows == expected))
    };
    let open = reader
        .open_transfers()
        .unwrap()
        .all(|rows| rows.map_or(true, |rows| rows == [row(50, 0), row(50, 1)]));
    let answer = (0..=50).all(is_written) && open;
    drop(reader);
    let _ = journal.close();
    answer
}

#[test]
fn an_unchanged_store_verifies_and_the_caller_can_reject_a_row() {
    let folder = recorded();
    let found = verified(&folder, &[]).unwrap();
    assert_eq!((found.after_row, found.head.count, found.checkpoints), (0, ROWS, 2));
    assert!(found.has_checked_signatures && found.missing_checkpoints.is_empty());
    let store = &folder.url();
    let evidence = Evidence { archives: &[], store, checkpoints: &[], keys: None };
    let mut seen = Vec::new();
    let found = verify(&evidence, |number, chained| {
        assert_eq!(chained.row.personal, None, "it is encrypted");
        seen.push((number, chained.row.clone()));
        Ok(())
    });
    assert_eq!(
        found.unwrap().missing_checkpoints,
        [(folder.file("checkpoints").display().to_string(), 100)]
    );
    let expected = all_steps(0..50).into_iter().chain([row(50, 0), row(50, 1)]);
    let expected = expected.map(|row| titian::journal::Row { personal: None, ..row });
    assert_eq!(seen, (1..).zip(expected).collect::<Vec<_>>());
    let rejected =
        verify(&evidence, |number, _| if number == 9 { Err("no".into()) } else { Ok(()) });
    assert!(
        matches!(rejected, Err(VerificationError::Rows { first: 9, last: 9, reason, .. }) if reason == "no")
    );
}

#[test]
fn a_changed_removed_or_moved_batch_is_named_and_never_used() {
    let folder = recorded();
    let whole = fs::read(folder.store()).unwrap();
    for (attack, first, last) in [
        ("UPDATE transfers_batches SET rows = replace(rows, 'sent', 'told') WHERE first = 5", 5, 8),
        ("UPDATE transfers_batches SET rows = replace(rows, '\"open\":false', '\"open\":true') WHERE first = 5", 5, 8),
        ("UPDATE transfers_batches SET rows = rows || char(10) || '{}' WHERE first = 5", 5, 9),
        ("UPDATE transfers_batches SET rows = '' WHERE first = 5", 5, 5),
        ("UPDATE transfers_batches SET statement = replace(statement, 'epoch=1', 'epoch=2') WHERE first = 5", 5, 8),
        ("UPDATE transfers_batches SET statement = '' WHERE first = 5", 5, 8),
        ("UPDATE transfers_batches SET statement = (SELECT statement FROM transfers_batches WHERE first = 9) WHERE first = 5", 5, 8),
        ("DELETE FROM transfers_batches WHERE first = 5", 5, 8),
        ("DELETE FROM transfers_batches WHERE first <= 5", 1, 8),
        ("UPDATE transfers_batches SET first = 6 WHERE first = 5", 5, 5),
        ("INSERT INTO transfers_batches SELECT 0, statement, rows FROM transfers_batches WHERE first = 5", 0, 0),
        ("INSERT INTO transfers_batches SELECT 6, statement, rows FROM transfers_batches WHERE first = 5", 6, 6),
        ("INSERT INTO transfers_batches SELECT 203, statement, rows FROM transfers_batches WHERE first = 5", 203, 206),
        ("UPDATE transfers_batches SET first = -1 WHERE first = 5; UPDATE transfers_batches SET first = 5 WHERE first = 9;
          UPDATE transfers_batches SET first = 9 WHERE first = -1", 5, 8),
        ("DELETE FROM transfers_batches WHERE first > 190", 193, 193),
        ("DELETE FROM transfers_batches", 1, 1),
    ] {
        restore_file(&folder.store(), &whole);
        rewrite(&folder, attack);
        match verified(&folder, &[]) {
            Err(VerificationError::Rows { first: wrong, last: until, reason, .. }) => {
                assert_eq!((wrong, until), (first, last), "{attack}: {reason}");
            }
            Err(VerificationError::Unreadable(error)) => println!("{attack}: {error}"),
            other => panic!("{attack}: {other:?}"),
        }
        assert!(is_never_acted_on(&folder), "{attack}");
    }
}

#[test]
fn a_batch_before_the_first_row_and_data_of_no_row_are_found_at_the_start_or_at_use() {
    let folder = recorded();
    let whole = fs::read(folder.store()).unwrap();
    let copy = |first: i64, of| {
        format!(
            "INSERT INTO transfers_batches SELECT {first}, statement, rows FROM transfers_batches WHERE first = {of}"
        )
    };
    let data = |first: i64| {
        format!(
            "INSERT INTO transfers_personal SELECT {first}, sealed FROM transfers_personal WHERE first = 5"
        )
    };
    let sealed = |change: &str| {
        format!("UPDATE transfers_personal SET sealed = CAST({change} AS BLOB) WHERE first = 5")
    };
    // Found at the start, and by `verify`.
    for (attack, why) in [
        (copy(0, 5), "row 0: outside the chain"),
        (copy(-1, 5), "row -1: outside the chain"),
        (copy(i64::MIN, 1), "row -9223372036854775808: outside the chain"),
        (data(0), "personal data of a batch that does not exist"),
        (data(-1), "personal data of a batch that does not exist"),
        (data(203), "personal data of a batch that does not exist"),
        (data(i64::MAX), "personal data of a batch that does not exist"),
    ] {
        restore_file(&folder.store(), &whole);
        rewrite(&folder, &attack);
        let found = verified(&folder, &[]).unwrap_err().to_string();
        assert!(found.contains(why), "{attack}: {found}");
        let refused = folder.try_open().err().unwrap().to_string();
        assert!(refused.contains(why), "{attack}: {refused}");
    }
    // Found by `verify`, and when a row of the batch is used.
    for attack in [
        data(6),
        data(8),
        sealed("sealed || x'00'"),
        sealed("sealed || sealed"),
        sealed("sealed || zeroblob(16)"),
        sealed("sealed || x'00000000000000c8' || zeroblob(8)"),
        sealed("zeroblob(16) || sealed"),
    ] {
        restore_file(&folder.store(), &whole);
        rewrite(&folder, &attack);
        verified(&folder, &[]).expect_err(&attack);
        let journal = folder.open();
        let reader = journal.reader().unwrap();
        let refused = reader.transfer(id(1)).expect_err(&attack).to_string();
        assert!(refused.contains("personal data that belongs to no row"), "{attack}: {refused}");
        assert_eq!(reader.transfer(id(2)).unwrap().len(), 4, "{attack}");
        drop(reader);
        journal.close().unwrap();
    }
}

/// Appends a batch that continues the chain, signed with a key.
fn forge(folder: &Folder, signing: &SigningKey, chain_of: &Folder) {
    let db = Connection::open(folder.store()).unwrap();
    let sql = "SELECT statement FROM transfers_batches ORDER BY first DESC LIMIT 1";
    let last: String = db.query_row(sql, [], |row| row.get(0)).unwrap();
    let last = titian::signing::SignedStatement::parse(&last).unwrap().statement;
    let other = Connection::open(chain_of.store()).unwrap();
    let chain_id = other.query_row("SELECT id FROM chains", [], |row| row.get(0)).unwrap();
    let line = "{\"id\":\"019aba68-b000-7000-8000-000000000001\",\"at\":1795521600000,\"state\":\"sent\",\"open\":true,\"facts\":{}}";
    let head = last.head.after(line.as_bytes());
    let statement = Statement {
        before: last.head,
        head,
        key: signing.id(),
        chain_id: titian::signing::ChainId(chain_id),
        ..last
    };
    let batch = SignedBatch::new(statement.sign(signing), line.to_owned());
    let values = (batch.signed.statement.first(), batch.signed.to_string(), batch.rows());
    db.execute("INSERT INTO transfers_batches VALUES (?1, ?2, ?3)", values).unwrap();
}

#[test]
fn forged_rows_of_a_foreign_retired_or_unknown_key_are_refused() {
    let folder = recorded();
    let whole = fs::read(folder.store()).unwrap();
    let foreign = SigningKey::from_seed(&[9; 32]);
    forge(&folder, &foreign, &folder);
    let (first, last, reason) = wrong_rows(&folder);
    assert_eq!((first, last), (203, 203));
    assert!(reason.contains("not a trusted key"), "{reason}");
    let refused = folder.try_open().err().unwrap();
    assert!(
        matches!(&refused, JournalError::Damaged { detail, .. } if detail.contains("rows 203 to 203")),
        "{refused}"
    );

    // A key that is trusted for earlier rows only.
    restore_file(&folder.store(), &whole);
    forge(&folder, &foreign, &folder);
    let span = |last| vec![(Chain::Transfers, RowSpan { first: 1, last })];
    let retired = TrustedKey { key: foreign.public(), spans: span(Some(202)) };
    let trusted = TrustedKeys::new(vec![TrustedKey::always(keys().signing.public()), retired]);
    let refused = verified_with(&folder, &[], &[], &trusted).unwrap_err().to_string();
    assert!(refused.contains("may not sign rows 203"), "{refused}");

    // The right key, but a batch of another store.
    restore_file(&folder.store(), &whole);
    let other = recorded();
    forge(&folder, &keys().signing, &other);
    assert!(wrong_rows(&folder).2.contains("another chain"));
    assert!(folder.try_open().is_err());

    // The right key and chain: only its holder can do this.
    restore_file(&folder.store(), &whole);
    forge(&folder, &keys().signing, &folder);
    assert!(verified(&folder, &[]).is_ok());
}

#[test]
fn a_start_needs_the_key_that_may_sign_the_next_row() {
    let folder = recorded();
    let other = keys_of(9);
    let refused = open(&folder.url(), &other, &none()).err().unwrap();
    assert!(
        matches!(refused, JournalError::Damaged { .. }),
        "the store is of another key: {refused}"
    );
    let mut both = keys();
    both.trusted.extend(other.trusted.clone());
    let unknown =
        titian::journal::JournalKeys { signing: SigningKey::from_seed(&[10; 32]), ..both.clone() };
    let refused = open(&folder.url(), &unknown, &none()).err().unwrap();
    assert!(matches!(refused, JournalError::Keys { .. }), "{refused}");
    // A rotated key continues the chain.
    let rotated = titian::journal::JournalKeys { signing: other.signing, ..both };
    let journal = open(&folder.url(), &rotated, &checkpoints(folder.file("").as_ref())).unwrap();
    append(&*journal, vec![row(51, 0)]).unwrap();
    journal.close().unwrap();
    assert!(verified(&folder, &[]).is_err(), "without the new key");
    let all = verified_with(&folder, &[], &[folder.file("checkpoints")], &rotated.trusted).unwrap();
    assert_eq!(all.head.count, ROWS + 1);
}

#[test]
fn changed_metadata_and_chains_are_refused() {
    let folder = recorded();
    let whole = fs::read(folder.store()).unwrap();
    for attack in [
        "UPDATE metadata SET value = CAST('2' AS BLOB) WHERE name = 'reserved'",
        "DELETE FROM metadata WHERE name = 'reserved'",
        "DELETE FROM metadata",
        "INSERT INTO metadata VALUES ('transfers', 'more', x'00')",
        "INSERT INTO metadata VALUES ('transfers', 'anchor', CAST('{\"rows\":8,\"head\":\"00\"}' AS BLOB))",
        "INSERT INTO metadata VALUES ('other', 'more', x'00')",
        "UPDATE metadata SET name = 'closed' WHERE name = 'reserved'",
        "UPDATE chains SET id = randomblob(16)",
        "DELETE FROM chains",
        "INSERT INTO chains VALUES ('second', randomblob(16))",
    ] {
        restore_file(&folder.store(), &whole);
        rewrite(&folder, attack);
        assert!(verified(&folder, &[]).is_err(), "{attack}");
        assert!(folder.try_open().is_err(), "{attack}");
    }
}

#[test]
fn another_table_view_trigger_index_or_collation_is_refused() {
    let folder = recorded();
    let whole = fs::read(folder.store()).unwrap();
    for attack in [
        "CREATE TABLE extra (a)",
        "CREATE VIEW extra AS SELECT 1",
        "CREATE INDEX extra ON transfers_batches (rows)",
        "CREATE TRIGGER extra AFTER INSERT ON transfers_batches BEGIN DELETE FROM metadata; END",
        "DROP VIEW transfers_rows",
        "DROP VIEW transfers_rows; CREATE VIEW transfers_rows AS SELECT 1",
        "ALTER TABLE transfers_batches ADD COLUMN more TEXT",
        "ALTER TABLE metadata RENAME TO old; CREATE TABLE metadata (chain TEXT COLLATE NOCASE, name TEXT, value BLOB NOT NULL, PRIMARY KEY (chain, name)) STRICT, WITHOUT ROWID;
         INSERT INTO metadata SELECT * FROM old; DROP TABLE old",
        "ALTER TABLE transfers_batches RENAME TO hidden; CREATE VIEW transfers_batches AS SELECT * FROM hidden",
    ] {
        restore_file(&folder.store(), &whole);
        rewrite(&folder, attack);
        let found = verified(&folder, &[]).unwrap_err().to_string();
        assert!(found.contains("schema"), "{attack}: {found}");
        let refused = folder.try_open().err().unwrap().to_string();
        assert!(refused.contains("schema"), "{attack}: {refused}");
    }
}

#[test]
fn checkpoints_reveal_a_truncated_store_and_an_older_copy() {
    let folder = Folder::new();
    let journal = folder.open();
    append(&*journal, all_steps(0..25)).unwrap();
    journal.close().unwrap();
    let older = fs::read(folder.store()).unwrap();
    let journal = folder.open();
    append(&*journal, all_steps(25..40)).unwrap();
    append(&*journal, all_steps(40..50)).unwrap();
    journal.close().unwrap();
    let newest = fs::read(folder.store()).unwrap();
    let _ = fs::remove_dir_all(folder.file("titian.db-lookups"));
    restore_file(&folder.store(), &older);
    let (wrong, _, reason) = wrong_rows(&folder);
    assert_eq!(wrong, 101);
    assert!(reason.contains("checkpoint"), "{reason}");
    let refused = folder.try_open().err().unwrap();
    assert!(matches!(refused, JournalError::Older { rows: 100, known: 200, .. }), "{refused}");
    // Without its end the metadata does not fit either.
    restore_file(&folder.store(), &newest);
    rewrite(&folder, "DELETE FROM transfers_batches WHERE first > 150");
    assert!(verified(&folder, &[]).is_err() && folder.try_open().is_err());
}

#[test]
fn a_store_written_anew_does_not_match_the_checkpoints() {
    let folder = recorded();
    let other = recorded();
    restore_file(&folder.store(), &fs::read(other.store()).unwrap());
    let found = verified(&folder, &[]).unwrap_err().to_string();
    assert!(found.contains("another chain"), "{found}");
    assert!(folder.try_open().err().unwrap().to_string().contains("another chain"));
}

#[test]
fn a_checkpoint_file_that_lost_lines_is_changed_or_is_not_ours_is_refused_and_stays_as_it_is() {
    let folder = recorded();
    // The next batch records the checkpoint of the last close.
    let journal = folder.open();
    append(&*journal, vec![row(50, 2)]).unwrap();
    journal.close().unwrap();
    let file = folder.file("checkpoints");
    let text = fs::read_to_string(&file).unwrap();
    let lines: Vec<_> = text.lines().collect();
    let cases = [
        (String::new(), "missing"),
        (format!("{}\n", lines[0]), "missing"),
        (text.replacen("epoch=1", "epoch=2", 3), "signature"),
        ("a file of another program\n".to_owned(), "not a checkpoint"),
        ("no line".to_owned(), "not a checkpoint"),
    ];
    for (changed, why) in cases {
        write_private(&file, changed.as_bytes());
        let refused = folder.try_open().err().unwrap().to_string();
        assert!(refused.contains(why), "{changed}: {refused}");
        assert_eq!(fs::read_to_string(&file).unwrap(), changed);
    }
    fs::remove_file(&file).unwrap();
    assert!(folder.try_open().err().unwrap().to_string().contains("missing"));
    // A line that a crash left incomplete goes with the next one.
    write_private(&file, format!("{text}titian-batch-1 chain=tr").as_bytes());
    verified(&folder, &[]).unwrap();
    let journal = folder.open();
    append(&*journal, vec![row(51, 0)]).unwrap();
    journal.close().unwrap();
    assert_eq!(verified(&folder, &[]).unwrap().checkpoints, 4);
    // Verification names the line.
    for (changed, line, why) in [
        (text.replacen("epoch=1", "epoch=2", 1), 1, "signature"),
        (format!("{}\n{}\n", lines[1], lines[0]), 2, "not after"),
        (text.replacen("titian", "other", 1), 1, "not a signed statement"),
    ] {
        write_private(&file, changed.as_bytes());
        match verified(&folder, &[]).unwrap_err() {
            VerificationError::Checkpoint { line: found, reason, .. } => {
                assert_eq!(found, line);
                assert!(reason.contains(why), "{reason}");
            }
            other => panic!("{other}"),
        }
    }
}

/// While the program runs, what is read is proven each time.
#[test]
fn changes_beside_a_running_journal_are_never_acted_on() {
    let folder = recorded();
    let journal = folder.open();
    let reader = journal.reader().unwrap();
    let changed = Connection::open(folder.store()).unwrap();
    changed.execute_batch("UPDATE transfers_batches SET rows = replace(rows, 'settled', 'refunded') WHERE first = 5").unwrap();
    assert!(matches!(reader.transfer(id(1)), Err(JournalError::Damaged { .. })));
    assert_eq!(reader.transfer(id(2)).unwrap().len(), 4);
    changed.execute_batch("UPDATE metadata SET value = x'00'").unwrap();
    assert_eq!(reader.metadata(Chain::Transfers, "reserved").unwrap().unwrap(), b"1");
    // A row in the place of the next one: the writer stops rather than to write beside it.
    changed.execute_batch("INSERT INTO transfers_batches SELECT 203, statement, rows FROM transfers_batches WHERE first = 9").unwrap();
    assert!(append(&*journal, vec![row(51, 0)]).is_err());
    assert!(journal.close().is_err());
}
