//! The embedded ledger, changed while the adapter is stopped: balances, entries and postings.

use std::fs;

use rusqlite::Connection;
use titian::signing::{SignedStatement, SigningKey, Statement};

use super::table::{Act::Do, Act::Ledger, Attack, run};
use super::world::World;

/// The batches of the ledger begin with the rows 1, 6 and 14. The last row is 17.
const LEDGER: &[Attack] = &[
    ("an opening balance raised", Ledger("UPDATE ledger_batches SET rows = replace(rows, '100000', '900000')"), "rows 1 to 5"),
    ("an entry changed", Ledger("UPDATE ledger_batches SET rows = replace(rows, '\"amount\":700', '\"amount\":701') WHERE first = 6"), "rows 6 to 13"),
    ("an entry removed", Ledger("UPDATE ledger_batches SET rows = substr(rows, 1, instr(rows, char(10)) - 1) WHERE first = 14"), "row 14"),
    ("a batch removed", Ledger("DELETE FROM ledger_batches WHERE first = 6"), "row 6"),
    ("the last batch removed", Ledger("DELETE FROM ledger_batches WHERE first = 14"), "row 17"),
    ("a batch again", Ledger("INSERT INTO ledger_batches SELECT 18, statement, rows FROM ledger_batches WHERE first = 14"), "rows 18 to 21"),
    ("two batches swapped", Ledger("UPDATE ledger_batches SET first = 99 WHERE first = 6; UPDATE ledger_batches SET first = 6 WHERE first = 14;
        UPDATE ledger_batches SET first = 14 WHERE first = 99"), "row"),
    ("a statement's signature changed", Ledger("UPDATE ledger_batches SET statement = substr(statement, 1, length(statement) - 4) || '0000' WHERE first = 6"), "rows 6 to 13"),
    ("rows signed by a key that is not trusted", Do(|world, _| forge(world)), "row 18"),
    ("a posting's amount changed", Ledger("UPDATE postings SET amount = 701 WHERE amount = 700"), "posting"),
    ("a posting's state changed", Ledger("UPDATE postings SET state = 'posted' WHERE state = 'cancelled'"), "posting"),
    ("a posting removed", Ledger("DELETE FROM postings WHERE amount = 700"), "posting"),
    ("all postings removed", Ledger("DELETE FROM postings"), "posting"),
    ("a posting more", Ledger("INSERT INTO postings SELECT x'019aba68b00070008000000000000001', state, reason, side, account, amount, currency, counterparty, reverses, reversed
        FROM postings WHERE amount = 700"), "posting"),
    ("a trigger", Ledger("CREATE TRIGGER t AFTER INSERT ON postings BEGIN DELETE FROM postings; END"), "trigger"),
    ("another table", Ledger("CREATE TABLE more (a)"), "more"),
    ("a view instead of a table", Ledger("ALTER TABLE postings RENAME TO p; CREATE VIEW postings AS SELECT * FROM p"), "schema"),
    ("another collation", Ledger("PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = replace(sql, 'account TEXT', 'account TEXT COLLATE NOCASE')"), "postings"),
];

/// Attacks that leave a valid ledger, or rows where none is looked for.
const OTHER_LEDGERS: &[Attack] = &[
    ("a batch before the first row", Ledger("INSERT INTO ledger_batches SELECT 0, statement, rows FROM ledger_batches WHERE first = 14"), "row"),
    ("a batch with a negative row", Ledger("INSERT INTO ledger_batches SELECT -7, statement, rows FROM ledger_batches WHERE first = 14"), "row"),
    ("a posting with a short id", Ledger("INSERT INTO postings SELECT x'01', state, reason, side, account, amount, currency, counterparty, reverses, reversed
        FROM postings WHERE amount = 700"), "ledger"),
    ("a posting with a long id", Ledger("INSERT INTO postings SELECT zeroblob(17), state, reason, side, account, amount, currency, counterparty, reverses, reversed
        FROM postings WHERE amount = 700"), "posting"),
    ("the ledger emptied", Ledger("DELETE FROM ledger_batches; DELETE FROM postings"), ""),
    ("the ledger removed", Do(|world, _| fs::remove_file(world.ledger()).unwrap()), ""),
    ("an older copy", Do(|world, _| older(world)), ""),
    ("the ledger of another record", Do(|world, other| {
        fs::write(world.ledger(), fs::read(other.ledger()).unwrap()).unwrap();
    }), ""),
];

fn forge(world: &World) {
    let key = SigningKey::from_seed(&[9; 32]);
    let db = Connection::open(world.ledger()).unwrap();
    let sql = "SELECT statement, rows FROM ledger_batches ORDER BY first DESC LIMIT 1";
    let (last, rows): (String, String) =
        db.query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    let last = SignedStatement::parse(&last).unwrap().statement;
    let line = rows.split('\n').next_back().unwrap();
    let head = last.head.after(line.as_bytes());
    let statement = Statement { before: last.head, head, key: key.id(), ..last };
    let signed = statement.sign(&key).to_string();
    db.execute("INSERT INTO ledger_batches VALUES (18, ?1, ?2)", (signed, line)).unwrap();
}

/// Makes the ledger as it was before its last batch.
fn older(world: &World) {
    let db = Connection::open(world.ledger()).unwrap();
    db.execute_batch("DELETE FROM ledger_batches WHERE first > 5; DELETE FROM postings").unwrap();
}

#[test]
fn ledgers() {
    insta::assert_snapshot!(run(LEDGER));
}

#[test]
fn other_ledgers() {
    insta::assert_snapshot!(run(OTHER_LEDGERS));
}
