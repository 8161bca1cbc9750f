//! An attacker with write access to the store edits it: verification names the first wrong row.

use std::fs;

use rusqlite::Connection;
use titian::journal::{Evidence, JournalError, Row, VerificationError, open, verify};

use super::support::{Folder, all_steps, append, checkpoints, restore_file, row, verified};

/// The rows of the store: 50 closed transfers, signed after 25 and at the end.
const ROWS: u64 = 200;

fn recorded() -> Folder {
    let folder = Folder::new();
    for half in [0..25, 25..50] {
        let journal = folder.open();
        append(&*journal, all_steps(half)).unwrap();
        journal.close().unwrap();
    }
    folder
}

/// Returns the number of the first wrong row, and the reason.
fn wrong_row(folder: &Folder) -> (u64, String) {
    match verified(folder, &[]).unwrap_err() {
        VerificationError::Row { seq, reason, .. } => (seq, reason),
        other => panic!("{other}"),
    }
}

fn rewrite(folder: &Folder, sql: &str) {
    Connection::open(folder.store()).unwrap().execute_batch(sql).unwrap();
}

#[test]
fn an_unchanged_store_verifies_and_the_caller_can_reject_a_row() {
    let folder = recorded();
    let found = verified(&folder, &[]).unwrap();
    assert_eq!(
        (found.after_row, found.head.count, found.checkpoints, found.is_index_checked),
        (0, ROWS, 2, true)
    );
    let evidence = Evidence { archives: &[], store: &folder.url(), checkpoints: None };
    let mut seen = Vec::new();
    let see = |seq, row: &Row| {
        seen.push((seq, row.clone()));
        Ok(())
    };
    verify(&evidence, see).unwrap();
    let expected: Vec<_> = (1..).zip(all_steps(0..50)).collect();
    assert_eq!(seen, expected);
    let rejected = verify(&evidence, |seq, _| if seq == 9 { Err("no".into()) } else { Ok(()) });
    assert!(
        matches!(rejected, Err(VerificationError::Row { seq: 9, reason, .. }) if reason == "no")
    );
}

#[test]
fn an_edit_of_any_column_of_a_row_names_that_row() {
    let folder = recorded();
    let whole = fs::read(folder.store()).unwrap();
    let edits = [
        "id = CAST(x'0193' || substr(id, 3) AS BLOB)",
        "recorded_at = recorded_at + 1",
        "state = 'refunded'",
        "open = 1 - open",
        "stan = stan + 1",
        "rrn = '000000000099'",
        "transmission_second = transmission_second + 1",
        "stan = NULL, rrn = NULL, transmission_second = NULL",
        "request_key = zeroblob(16)",
        "reference_key = zeroblob(16)",
        "reference_key = NULL",
        "fingerprint = zeroblob(16)",
        "direction = 'inbound'",
        "own_account = '0000000099'",
        "other_account = NULL",
        "amount = amount + 1",
        "currency = 840",
        "bank = '015'",
        "open = 2",
        "rrn = NULL",
        "own_account = NULL",
        "facts = replace(facts, 'step', 'stop')",
        "hash = zeroblob(32)",
    ];
    for edit in edits {
        // Rows that start a transfer and rows with trace numbers, near the beginning and near the end.
        for seq in [5, 6, 197, 198] {
            restore_file(&folder.store(), &whole);
            let db = Connection::open(folder.store()).unwrap();
            let sql = format!("UPDATE rows SET {edit} WHERE seq = {seq}");
            let before = row_text(&db, seq);
            db.execute_batch(&sql).unwrap();
            let changed = row_text(&db, seq) != before;
            drop(db);
            if changed {
                assert_eq!(wrong_row(&folder).0, seq, "{sql}");
            } else {
                verified(&folder, &[]).unwrap();
            }
        }
    }
}

fn row_text(db: &Connection, seq: u64) -> String {
    let sql = "SELECT quote(id) || recorded_at || state || open || quote(stan) || quote(rrn) || quote(transmission_second)
        || quote(request_key) || quote(reference_key) || quote(fingerprint) || quote(direction) || quote(own_account)
        || quote(other_account) || quote(amount) || quote(currency) || quote(bank) || facts || quote(hash)
        FROM rows WHERE seq = ?1";
    db.query_row(sql, [seq], |row| row.get(0)).unwrap()
}

#[test]
fn a_deleted_or_swapped_row_is_named() {
    let folder = recorded();
    let whole = fs::read(folder.store()).unwrap();
    for seq in [1, 2, 77, ROWS - 1] {
        restore_file(&folder.store(), &whole);
        rewrite(&folder, &format!("DELETE FROM rows WHERE seq = {seq}"));
        let (wrong, reason) = wrong_row(&folder);
        assert_eq!(wrong, seq);
        assert!(reason.contains("missing"), "{reason}");
    }
    for (one, other) in [(1, 2), (50, 150), (ROWS - 1, ROWS)] {
        restore_file(&folder.store(), &whole);
        rewrite(&folder, &format!(
            "UPDATE rows SET seq = -1 WHERE seq = {one}; UPDATE rows SET seq = {one} WHERE seq = {other};
             UPDATE rows SET seq = {other} WHERE seq = -1"
        ));
        assert_eq!(wrong_row(&folder).0, one);
    }
    // A row before all others that no batch wrote.
    restore_file(&folder.store(), &whole);
    rewrite(&folder, "INSERT INTO rows SELECT 0, id, recorded_at, state, open, stan, rrn, transmission_second,
        request_key, reference_key, fingerprint, direction, own_account, other_account, amount, currency, bank, facts, hash
        FROM rows WHERE seq = 1");
    assert_eq!(wrong_row(&folder).0, 1);
}

#[test]
fn checkpoints_reveal_a_truncated_store_and_an_older_copy() {
    let folder = Folder::new();
    let journal = folder.open();
    append(&*journal, all_steps(0..25)).unwrap();
    journal.close().unwrap();
    let older = fs::read(folder.store()).unwrap();
    let journal = folder.open();
    append(&*journal, all_steps(25..50)).unwrap();
    journal.close().unwrap();
    let newest = fs::read(folder.store()).unwrap();
    let cut: [&dyn Fn(); 2] = [&|| restore_file(&folder.store(), &older), &|| {
        restore_file(&folder.store(), &newest);
        rewrite(&folder, "DELETE FROM rows WHERE seq > 150");
    }];
    for (cut, left) in cut.iter().zip([100, 150]) {
        cut();
        let (wrong, reason) = wrong_row(&folder);
        assert_eq!(wrong, left + 1);
        assert!(reason.contains("checkpoint"), "{reason}");
        let refused = open(&folder.url(), Some(&checkpoints(folder.store().parent().unwrap())));
        assert!(
            matches!(refused, Err(JournalError::Older { rows, known: 200, .. }) if rows == left)
        );
    }
}

#[test]
fn a_consistently_rewritten_store_does_not_match_the_checkpoints() {
    let folder = recorded();
    let other = Folder::new();
    let journal = other.open();
    let mut rows = all_steps(0..50);
    rows[59].state = "refunded".into();
    append(&*journal, rows).unwrap();
    journal.close().unwrap();
    restore_file(&folder.store(), &fs::read(other.store()).unwrap());
    let (wrong, reason) = wrong_row(&folder);
    assert_eq!(wrong, 100, "the first signed row after the change");
    assert!(reason.contains("signed"), "{reason}");
}

#[test]
fn an_edited_checkpoint_is_named_by_its_line() {
    let folder = recorded();
    let file = folder.file("checkpoints");
    let text = fs::read_to_string(&file).unwrap();
    let lines: Vec<_> = text.lines().collect();
    let swapped = format!("{}\n{}\n", lines[1], lines[0]);
    let cases = [
        (text.replacen("node=n1", "node=n2", 1), 1, "signed"),
        (text.replacen("rows=200", "rows=199", 1), 2, "signed"),
        (text.replacen("titian", "other", 1), 1, "not a checkpoint"),
        (swapped, 2, "not higher"),
    ];
    for (changed, number, why) in cases {
        fs::write(&file, changed).unwrap();
        match verified(&folder, &[]).unwrap_err() {
            VerificationError::Checkpoint { line, reason } => {
                assert_eq!(line, number);
                assert!(reason.contains(why), "{reason}");
            }
            other => panic!("{other}"),
        }
    }
    // A line that a crash left incomplete is ignored.
    fs::write(&file, format!("{text}titian-checkpoint-1 node=n1 ro")).unwrap();
    verified(&folder, &[]).unwrap();
    let journal = folder.open();
    append(&*journal, vec![row(50, 0)]).unwrap();
    journal.close().unwrap();
    assert_eq!(verified(&folder, &[]).unwrap().checkpoints, 3);
}

#[test]
fn an_edited_index_does_not_match_the_rows() {
    let folder = recorded();
    let index = folder.file("titian.db-index");
    let whole = fs::read(&index).unwrap();
    let edits = [
        "UPDATE transfers SET state = 'refunded' WHERE id = (SELECT max(id) FROM transfers)",
        "UPDATE transfers SET open = 1 WHERE id = (SELECT max(id) FROM transfers)",
        "UPDATE transfers SET amount = 1 WHERE id = (SELECT max(id) FROM transfers)",
        "UPDATE transfers SET rows = CAST(substr(rows, 1, 24) AS BLOB) WHERE id = (SELECT max(id) FROM transfers)",
        "DELETE FROM transfers WHERE id = (SELECT max(id) FROM transfers)",
        "DELETE FROM traces WHERE id = (SELECT max(id) FROM transfers)",
    ];
    for edit in edits {
        restore_file(&index, &whole);
        Connection::open(&index).unwrap().execute_batch(edit).unwrap();
        assert!(matches!(verified(&folder, &[]), Err(VerificationError::Index(_))), "{edit}");
    }
}
