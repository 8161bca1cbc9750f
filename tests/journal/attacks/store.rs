//! The store's rows, statements, metadata, personal data, month keys and schema, changed with SQL while the adapter is stopped.

use super::table::{Act::Store, Attack, run};

/// Rows and statements. The batches of the store begin with the rows 17, 21, 22, 26, 30, 34, 38, 42, 43, 47 … 83, 87 and 89.
const ROWS: &[Attack] = &[
    ("a row changed", Store("UPDATE transfers_batches SET rows = replace(rows, 'settled', 'refunded') WHERE first = 30"), "rows 30 to 33"),
    ("a row of a batch removed", Store("UPDATE transfers_batches SET rows = substr(rows, 1, instr(rows, char(10)) - 1) WHERE first = 30"), "row 30"),
    ("a row in front of a batch", Store("UPDATE transfers_batches SET rows = '{}' || char(10) || rows WHERE first = 30"), "rows 30 to 34"),
    ("the first batch removed", Store("DELETE FROM transfers_batches WHERE first = 17"), "17"),
    ("a batch removed", Store("DELETE FROM transfers_batches WHERE first = 30"), "rows 30 to 33"),
    ("the last batch removed", Store("DELETE FROM transfers_batches WHERE first = 89"), "89"),
    ("all batches but the last removed", Store("DELETE FROM transfers_batches WHERE first < 89"), "17"),
    ("all batches removed", Store("DELETE FROM transfers_batches"), "row 1"),
    ("everything removed", Store("DELETE FROM transfers_batches; DELETE FROM metadata; DELETE FROM month_keys; DELETE FROM transfers_personal"), "row 1"),
    ("two batches swapped", Store("UPDATE transfers_batches SET first = -1 WHERE first = 30; UPDATE transfers_batches SET first = 30 WHERE first = 34;
        UPDATE transfers_batches SET first = 34 WHERE first = -1"), "rows 30 to 33"),
    ("the rows of two batches swapped", Store("UPDATE transfers_batches SET rows = (SELECT rows FROM transfers_batches AS b WHERE b.first = 64 - transfers_batches.first)
        WHERE first IN (30, 34)"), "rows 30 to 33"),
    ("a batch again at the end", Store("INSERT INTO transfers_batches SELECT 93, statement, rows FROM transfers_batches WHERE first = 30"), "rows 93 to 96"),
    ("a batch again within another", Store("INSERT INTO transfers_batches SELECT 35, statement, rows FROM transfers_batches WHERE first = 30"), "row 35"),
    ("a batch before the first row", Store("INSERT INTO transfers_batches SELECT 0, statement, rows FROM transfers_batches WHERE first = 30"), "row 0"),
    ("a batch before the archived rows", Store("INSERT INTO transfers_batches SELECT 5, statement, rows FROM transfers_batches WHERE first = 30"), "row 17"),
    ("a batch of another store in its place", Store("UPDATE transfers_batches SET (statement, rows) = (SELECT statement, rows FROM other.transfers_batches WHERE first = 30)
        WHERE first = 30"), "rows 30 to 33"),
    ("a batch of another store at the end", Store("INSERT INTO transfers_batches SELECT 93, statement, rows FROM other.transfers_batches WHERE first = 89"), "rows 93 to 96"),
    ("all batches of another store", Store("DELETE FROM transfers_batches; INSERT INTO transfers_batches SELECT * FROM other.transfers_batches"), "row"),
    ("a statement's head changed", Store("UPDATE transfers_batches SET statement = replace(statement, ' head=', ' head=0') WHERE first = 30"), "rows 30 to 33"),
    ("a statement's hash of its rows changed", Store("UPDATE transfers_batches SET statement = substr(statement, 1, instr(statement, ' head=') + 5)
        || substr((SELECT statement FROM transfers_batches WHERE first = 34), instr(statement, ' head=') + 6, 64) || substr(statement, instr(statement, ' head=') + 70)
        WHERE first = 30"), "rows 30 to 33"),
    ("a statement's key changed", Store("UPDATE transfers_batches SET statement = substr(statement, 1, instr(statement, ' key=') + 4)
        || (SELECT substr(statement, instr(statement, ' key=') + 5, instr(statement, ' signature=') - instr(statement, ' key=') - 5) FROM transfers_batches WHERE first = 21)
        || substr(statement, instr(statement, ' signature=')) WHERE first = 30"), "rows 30 to 33"),
    ("the last statement's metadata hash changed", Store("UPDATE transfers_batches SET statement = replace(statement, ' metadata=', ' metadata=0') WHERE first = 89"), "rows 89 to 92"),
    ("a statement's signature removed", Store("UPDATE transfers_batches SET statement = substr(statement, 1, instr(statement, ' signature=')) WHERE first = 30"), "rows 30 to 33"),
    ("a later epoch", Store("UPDATE transfers_batches SET statement = replace(statement, ' epoch=1', ' epoch=2') WHERE first = 30"), "rows 30 to 33"),
    ("the rotation removed from its batch", Store("UPDATE transfers_batches SET rows = replace(rows, 'key_rotated', 'archived') WHERE first = 21"), "row 21"),
];

const METADATA: &[Attack] = &[
    ("the watermark set back", Store("UPDATE metadata SET value = CAST('1' AS BLOB) WHERE name = 'reserved'"), "metadata"),
    ("the watermark removed", Store("DELETE FROM metadata WHERE name = 'reserved'"), "metadata"),
    ("the closed books replaced", Store("UPDATE metadata SET value = CAST('1' AS BLOB) WHERE name = 'closed_books'"), "metadata"),
    ("the anchor moved", Store("UPDATE metadata SET value = CAST(replace(value, '16', '17') AS BLOB) WHERE name = 'anchor'"), ""),
    ("the anchor removed", Store("DELETE FROM metadata WHERE name = 'anchor'"), ""),
    ("a second anchor", Store("INSERT INTO metadata SELECT 'ledger', name, value FROM metadata WHERE name = 'anchor'"), "chain"),
    ("a second anchor beside it", Store("INSERT INTO metadata SELECT chain, 'Anchor', value FROM metadata WHERE name = 'anchor'"), "metadata"),
    ("all batches removed and the anchor at the last row", Store("DELETE FROM transfers_batches; UPDATE metadata SET value = CAST(replace(value, '16', '92') AS BLOB) WHERE name = 'anchor'"), "row"),
    ("rows removed and the anchor moved behind them", Store("DELETE FROM transfers_batches WHERE first < 30;
        UPDATE metadata SET value = CAST('{\"rows\":29,\"head\":\"' || (SELECT substr(statement, instr(statement, ' before=') + 8, 64) FROM transfers_batches WHERE first = 30)
        || '\"}' AS BLOB) WHERE name = 'anchor'"), ""),
    ("the record of the checkpoints removed", Store("DELETE FROM metadata WHERE name = 'checkpoints'"), "metadata"),
    ("the record of the month keys removed", Store("DELETE FROM metadata WHERE name = 'month_keys'"), "metadata"),
    ("the metadata of another store", Store("DELETE FROM metadata; INSERT INTO metadata SELECT * FROM other.metadata"), ""),
    ("another id of the chain", Store("UPDATE chains SET id = randomblob(16)"), ""),
    ("a chain id of 15 bytes", Store("UPDATE chains SET id = randomblob(15)"), ""),
    ("the chain of another store", Store("UPDATE chains SET id = (SELECT id FROM other.chains)"), ""),
    ("the chain removed", Store("DELETE FROM chains"), "chains"),
    ("a second chain", Store("INSERT INTO chains VALUES ('ledger', randomblob(16))"), "chain"),
];

const PERSONAL: &[Attack] = &[
    ("personal data removed", Store("DELETE FROM transfers_personal WHERE first = 30"), "row 30"),
    ("personal data of two batches swapped", Store("UPDATE transfers_personal SET sealed = (SELECT sealed FROM transfers_personal AS p WHERE p.first = 64 - transfers_personal.first)
        WHERE first IN (30, 34)"), "row 30"),
    ("personal data cut", Store("UPDATE transfers_personal SET sealed = substr(sealed, 1, length(sealed) - 1) WHERE first = 30"), "row 30"),
    ("personal data altered", Store("UPDATE transfers_personal SET sealed = CAST(substr(sealed, 1, 20) || x'00' || substr(sealed, 22) AS BLOB) WHERE first = 30"), "row 30"),
    ("personal data of another store", Store("UPDATE transfers_personal SET sealed = (SELECT sealed FROM other.transfers_personal WHERE first = 30) WHERE first = 30"), "row 30"),
    ("a byte after personal data", Store("UPDATE transfers_personal SET sealed = CAST(sealed || x'00' AS BLOB) WHERE first = 30"), "30"),
    ("personal data of a row without any", Store("UPDATE transfers_personal SET sealed = CAST(sealed || x'000000000000001f' || x'0000000000000001' || x'00' AS BLOB) WHERE first = 30"), "31"),
    ("personal data twice", Store("UPDATE transfers_personal SET sealed = CAST(sealed || sealed AS BLOB) WHERE first = 30"), "30"),
    ("empty personal data of a batch without any", Store("INSERT INTO transfers_personal VALUES (21, x'')"), "personal data"),
    ("personal data of no batch", Store("INSERT INTO transfers_personal SELECT 31, sealed FROM transfers_personal WHERE first = 30"), "personal data"),
    ("personal data of a batch to come", Store("INSERT INTO transfers_personal SELECT 93, sealed FROM transfers_personal WHERE first = 30"), "personal"),
    ("personal data before the first row", Store("INSERT INTO transfers_personal SELECT -1, sealed FROM transfers_personal WHERE first = 30"), "personal"),
    ("personal data of an archived batch", Store("INSERT INTO transfers_personal SELECT 5, sealed FROM transfers_personal WHERE first = 30"), "personal data"),
    ("a month key removed", Store("DELETE FROM month_keys WHERE month = (SELECT max(month) FROM month_keys)"), "key"),
    ("the month keys swapped", Store("UPDATE month_keys SET wrapped = (SELECT wrapped FROM month_keys AS k WHERE k.month != month_keys.month)"), "month_keys"),
    ("a month key of another store", Store("UPDATE month_keys SET wrapped = (SELECT wrapped FROM other.month_keys AS k WHERE k.month = month_keys.month)"), "month_keys"),
    ("a month key altered", Store("UPDATE month_keys SET wrapped = zeroblob(length(wrapped))"), "month_keys"),
    ("a month key more", Store("INSERT INTO month_keys SELECT '2020-01', wrapped FROM month_keys LIMIT 1"), "month_keys"),
    ("all month keys removed", Store("DELETE FROM month_keys"), "key"),
];

const SCHEMA: &[Attack] = &[
    ("a trigger", Store("CREATE TRIGGER t AFTER INSERT ON transfers_batches BEGIN DELETE FROM metadata; END"), "\"t\""),
    ("a view instead of a table", Store("ALTER TABLE metadata RENAME TO hidden; CREATE VIEW metadata AS SELECT * FROM hidden"), "schema"),
    ("a view instead of the batches", Store("ALTER TABLE transfers_batches RENAME TO hidden; CREATE VIEW transfers_batches AS SELECT * FROM hidden"), "schema"),
    ("another table", Store("CREATE TABLE more (a)"), "\"more\""),
    ("another index", Store("CREATE INDEX more ON transfers_batches (rows)"), "\"more\""),
    ("another view", Store("CREATE VIEW more AS SELECT 1"), "\"more\""),
    ("another virtual table", Store("CREATE VIRTUAL TABLE more USING rtree(a, b, c)"), "schema"),
    ("statistics of SQLite", Store("ANALYZE"), "sqlite_stat"),
    ("another column", Store("ALTER TABLE month_keys ADD COLUMN more BLOB"), "\"month_keys\""),
    ("another collation", Store("PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = replace(sql, 'month TEXT', 'month TEXT COLLATE NOCASE')"), "\"month_keys\""),
    ("a table with row ids", Store("CREATE TABLE k (month TEXT PRIMARY KEY, wrapped BLOB NOT NULL) STRICT; INSERT INTO k SELECT * FROM month_keys; DROP TABLE month_keys;
        ALTER TABLE k RENAME TO month_keys"), "schema"),
    ("the batches without row ids", Store("DROP VIEW transfers_rows; CREATE TABLE b (first INTEGER PRIMARY KEY, statement TEXT NOT NULL, rows TEXT NOT NULL) STRICT, WITHOUT ROWID;
        INSERT INTO b SELECT * FROM transfers_batches; DROP TABLE transfers_batches; ALTER TABLE b RENAME TO transfers_batches"), "schema"),
    ("a table that is not strict", Store("CREATE TABLE p (first INTEGER PRIMARY KEY, sealed BLOB NOT NULL); INSERT INTO p SELECT * FROM transfers_personal; DROP TABLE transfers_personal;
        ALTER TABLE p RENAME TO transfers_personal"), "\"transfers_personal\""),
    ("the view of the rows changed", Store("DROP VIEW transfers_rows; CREATE VIEW transfers_rows AS SELECT 1 AS number, '{}' AS content"), "\"transfers_rows\""),
    ("another version", Store("PRAGMA user_version = 2"), "schema version 2"),
    ("no version", Store("PRAGMA user_version = 0"), "not a titian journal"),
    ("another application", Store("PRAGMA application_id = 7"), "not a titian journal"),
];

#[test]
fn rows_and_statements() {
    insta::assert_snapshot!(run(ROWS));
}

#[test]
fn metadata_and_chains() {
    insta::assert_snapshot!(run(METADATA));
}

#[test]
fn personal_data_and_month_keys() {
    insta::assert_snapshot!(run(PERSONAL));
}

#[test]
fn schemas() {
    insta::assert_snapshot!(run(SCHEMA));
}
