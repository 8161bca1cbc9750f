//! Somebody who may write the file rewrites the record: verification names the first row that is wrong.

use std::fs;

use rusqlite::Connection;
use titian::journal::{Evidence, Journal, JournalError, Row, Verified, Wrong, verify};

use crate::support::{Folder, append, checkpoints, keys, lives, put_back, row};

/// Rows of the store: 50 transfers, closed, and signed after 25 and at the end.
const ROWS: u64 = 200;

fn recorded() -> Folder {
    let folder = Folder::new();
    for half in [0..25, 25..50] {
        let journal = folder.open();
        append(&journal, lives(half)).unwrap();
        journal.close().unwrap();
    }
    folder
}

fn verified(folder: &Folder) -> Result<Verified, Wrong> {
    let (checkpoints, keys) = (folder.file("checkpoints"), keys());
    let checkpoints = Some((&*checkpoints, &keys));
    verify(&Evidence { archives: &[], store: &folder.store(), checkpoints }, |_, _| Ok(()))
}

/// The number of the first row that is wrong, and why.
fn wrong_row(folder: &Folder) -> (u64, String) {
    match verified(folder).unwrap_err() {
        Wrong::Row { seq, how, .. } => (seq, how),
        other => panic!("{other}"),
    }
}

fn rewrite(folder: &Folder, sql: &str) {
    Connection::open(folder.store()).unwrap().execute_batch(sql).unwrap();
}

#[test]
fn what_nobody_touched_is_verified_row_by_row_and_may_be_wrong_by_what_it_means() {
    let folder = recorded();
    let found = verified(&folder).unwrap();
    assert_eq!((found.from, found.head.count, found.checkpoints, found.index), (0, ROWS, 2, true));
    let evidence = Evidence { archives: &[], store: &folder.store(), checkpoints: None };
    let mut seen = Vec::new();
    let see = |seq, row: &Row| {
        seen.push((seq, row.clone()));
        Ok(())
    };
    verify(&evidence, see).unwrap();
    let expected: Vec<_> = (1..).zip(lives(0..50)).collect();
    assert_eq!(seen, expected);
    let objected = verify(&evidence, |seq, _| if seq == 9 { Err("no".into()) } else { Ok(()) });
    assert!(matches!(objected, Err(Wrong::Row { seq: 9, how, .. }) if how == "no"));
}

#[test]
fn an_edit_of_any_column_of_a_row_names_that_row() {
    let folder = recorded();
    let whole = fs::read(folder.store()).unwrap();
    let edits = [
        "id = CAST(x'0193' || substr(id, 3) AS BLOB)",
        "at = at + 1",
        "state = 'Refunded'",
        "open = 1 - open",
        "stan = stan + 1",
        "rrn = '000000000099'",
        "second = second + 1",
        "stan = NULL, rrn = NULL, second = NULL",
        "key = zeroblob(16)",
        "reference = zeroblob(16)",
        "reference = NULL",
        "body = zeroblob(16)",
        "direction = 'in'",
        "own = '0000000099'",
        "other = NULL",
        "amount = amount + 1",
        "currency = 840",
        "bank = '015'",
        "open = 2",
        "rrn = NULL",
        "own = NULL",
        "form = replace(form, 'step', 'stop')",
        "hash = zeroblob(32)",
    ];
    for edit in edits {
        // Rows that begin a transfer and rows that have numbers, one near the start and the last of its kind.
        for seq in [5, 6, 197, 198] {
            put_back(&folder.store(), &whole);
            let db = Connection::open(folder.store()).unwrap();
            let sql = format!("UPDATE rows SET {edit} WHERE seq = {seq}");
            let before = row_text(&db, seq);
            db.execute_batch(&sql).unwrap();
            let changed = row_text(&db, seq) != before;
            drop(db);
            if changed {
                assert_eq!(wrong_row(&folder).0, seq, "{sql}");
            } else {
                verified(&folder).unwrap();
            }
        }
    }
}

fn row_text(db: &Connection, seq: u64) -> String {
    let sql = "SELECT quote(id) || at || state || open || quote(stan) || quote(rrn) || quote(second) || quote(key) || quote(reference) || quote(body)
        || quote(direction) || quote(own) || quote(other) || quote(amount) || quote(currency) || quote(bank) || form || quote(hash)
        FROM rows WHERE seq = ?1";
    db.query_row(sql, [seq], |row| row.get(0)).unwrap()
}

#[test]
fn a_row_that_is_gone_or_swapped_is_named() {
    let folder = recorded();
    let whole = fs::read(folder.store()).unwrap();
    for seq in [1, 2, 77, ROWS - 1] {
        put_back(&folder.store(), &whole);
        rewrite(&folder, &format!("DELETE FROM rows WHERE seq = {seq}"));
        let (wrong, how) = wrong_row(&folder);
        assert_eq!(wrong, seq);
        assert!(how.contains("missing"), "{how}");
    }
    for (one, other) in [(1, 2), (50, 150), (ROWS - 1, ROWS)] {
        put_back(&folder.store(), &whole);
        rewrite(&folder, &format!(
            "UPDATE rows SET seq = -1 WHERE seq = {one}; UPDATE rows SET seq = {one} WHERE seq = {other};
             UPDATE rows SET seq = {other} WHERE seq = -1"
        ));
        assert_eq!(wrong_row(&folder).0, one);
    }
    // One before all others, and one that no batch wrote.
    put_back(&folder.store(), &whole);
    rewrite(&folder, "INSERT INTO rows SELECT 0, id, at, state, open, stan, rrn, second, key, reference, body, direction, own,
        other, amount, currency, bank, form, hash FROM rows WHERE seq = 1");
    assert_eq!(wrong_row(&folder).0, 1);
}

#[test]
fn a_cut_tail_and_an_older_copy_are_told_by_the_checkpoints() {
    let folder = Folder::new();
    let journal = folder.open();
    append(&journal, lives(0..25)).unwrap();
    journal.close().unwrap();
    let older = fs::read(folder.store()).unwrap();
    let journal = folder.open();
    append(&journal, lives(25..50)).unwrap();
    journal.close().unwrap();
    let newest = fs::read(folder.store()).unwrap();
    let cut: [&dyn Fn(); 2] = [&|| put_back(&folder.store(), &older), &|| {
        put_back(&folder.store(), &newest);
        rewrite(&folder, "DELETE FROM rows WHERE seq > 150");
    }];
    for (cut, left) in cut.iter().zip([100, 150]) {
        cut();
        let (wrong, how) = wrong_row(&folder);
        assert_eq!(wrong, left + 1);
        assert!(how.contains("checkpoint"), "{how}");
        let refused =
            Journal::open(&folder.store(), Some(&checkpoints(folder.store().parent().unwrap())));
        assert!(
            matches!(refused, Err(JournalError::Older { rows, known: 200, .. }) if rows == left)
        );
    }
}

#[test]
fn a_record_written_anew_by_the_rules_is_not_what_was_signed() {
    let folder = recorded();
    let other = Folder::new();
    let journal = other.open();
    let mut rows = lives(0..50);
    rows[59].state = "Refunded".into();
    append(&journal, rows).unwrap();
    journal.close().unwrap();
    put_back(&folder.store(), &fs::read(other.store()).unwrap());
    let (wrong, how) = wrong_row(&folder);
    assert_eq!(wrong, 100, "the first row that was signed after it");
    assert!(how.contains("signed"), "{how}");
}

#[test]
fn checkpoints_that_were_edited_are_named_by_their_line() {
    let folder = recorded();
    let file = folder.file("checkpoints");
    let text = fs::read_to_string(&file).unwrap();
    let lines: Vec<_> = text.lines().collect();
    let swapped = format!("{}\n{}\n", lines[1], lines[0]);
    let cases = [
        (text.replacen("node=n1", "node=n2", 1), 1, "signed"),
        (text.replacen("rows=200", "rows=199", 1), 2, "signed"),
        (text.replacen("titian", "other", 1), 1, "no checkpoint"),
        (swapped, 2, "further on"),
    ];
    for (changed, number, why) in cases {
        fs::write(&file, changed).unwrap();
        match verified(&folder).unwrap_err() {
            Wrong::Checkpoint { line, how } => {
                assert_eq!(line, number);
                assert!(how.contains(why), "{how}");
            }
            other => panic!("{other}"),
        }
    }
    // A line that a crash left half written is none.
    fs::write(&file, format!("{text}titian-checkpoint-1 node=n1 ro")).unwrap();
    verified(&folder).unwrap();
    let journal = folder.open();
    append(&journal, vec![row(50, 0)]).unwrap();
    journal.close().unwrap();
    assert_eq!(verified(&folder).unwrap().checkpoints, 3);
}

#[test]
fn an_index_that_was_edited_is_told_from_the_rows() {
    let folder = recorded();
    let index = folder.file("titian.db-index");
    let whole = fs::read(&index).unwrap();
    let edits = [
        "UPDATE transfers SET state = 'Refunded' WHERE id = (SELECT max(id) FROM transfers)",
        "UPDATE transfers SET open = 1 WHERE id = (SELECT max(id) FROM transfers)",
        "UPDATE transfers SET amount = 1 WHERE id = (SELECT max(id) FROM transfers)",
        "UPDATE transfers SET rows = CAST(substr(rows, 1, 24) AS BLOB) WHERE id = (SELECT max(id) FROM transfers)",
        "DELETE FROM transfers WHERE id = (SELECT max(id) FROM transfers)",
        "DELETE FROM traces WHERE id = (SELECT max(id) FROM transfers)",
    ];
    for edit in edits {
        put_back(&index, &whole);
        Connection::open(&index).unwrap().execute_batch(edit).unwrap();
        assert!(matches!(verified(&folder), Err(Wrong::Index(_))), "{edit}");
    }
}
