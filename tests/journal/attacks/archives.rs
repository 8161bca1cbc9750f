//! An archive, changed. A start does not read it, so `verify` finds the change.

use std::fs;

use super::table::{Act::Archive, Act::Do, Attack, run};

/// The batches of the archive begin with the rows 1, 5, 9 and 13.
const ARCHIVES: &[Attack] = &[
    (
        "a row changed",
        Archive(
            "UPDATE transfers_batches SET rows = replace(rows, 'settled', 'refunded') WHERE first = 9",
        ),
        "rows 9 to 12",
    ),
    ("the first batch removed", Archive("DELETE FROM transfers_batches WHERE first = 1"), "row"),
    ("a batch removed", Archive("DELETE FROM transfers_batches WHERE first = 9"), "rows 9 to 12"),
    ("the last batch removed", Archive("DELETE FROM transfers_batches WHERE first = 13"), "row"),
    ("all batches removed", Archive("DELETE FROM transfers_batches"), "row"),
    (
        "a batch more",
        Archive(
            "INSERT INTO transfers_batches SELECT 17, statement, rows FROM transfers_batches WHERE first = 13",
        ),
        "rows 17 to 20",
    ),
    (
        "a batch far behind",
        Archive(
            "INSERT INTO transfers_batches SELECT 500, statement, rows FROM transfers_batches WHERE first = 13",
        ),
        "rows 17 to 499",
    ),
    (
        "a batch of the archive of another store",
        Do(|world, other| {
            let path = world.folder.file("archive.db");
            fs::write(path, fs::read(other.folder.file("archive.db")).unwrap()).unwrap();
        }),
        "row",
    ),
    ("another id of the chain", Archive("UPDATE chains SET id = randomblob(16)"), "row"),
    ("metadata", Archive("INSERT INTO metadata VALUES ('transfers', 'anchor', x'00')"), "metadata"),
    ("personal data removed", Archive("DELETE FROM transfers_personal WHERE first = 9"), "row 9"),
    (
        "personal data of no batch",
        Archive(
            "INSERT INTO transfers_personal SELECT 10, sealed FROM transfers_personal WHERE first = 9",
        ),
        "personal data",
    ),
    (
        "personal data after the last row",
        Archive(
            "INSERT INTO transfers_personal SELECT 30, sealed FROM transfers_personal WHERE first = 9",
        ),
        "personal",
    ),
    ("a month key removed", Archive("DELETE FROM month_keys"), "key"),
    (
        "a month key altered",
        Archive("UPDATE month_keys SET wrapped = zeroblob(length(wrapped))"),
        "month_keys",
    ),
    (
        "a month key more",
        Archive("INSERT INTO month_keys SELECT '2020-01', wrapped FROM month_keys LIMIT 1"),
        "month_keys",
    ),
    (
        "a trigger",
        Archive("CREATE TRIGGER t AFTER INSERT ON metadata BEGIN SELECT 1; END"),
        "schema",
    ),
    ("another table", Archive("CREATE TABLE more (a)"), "schema"),
];

#[test]
fn archives() {
    insta::assert_snapshot!(run(ARCHIVES));
}
