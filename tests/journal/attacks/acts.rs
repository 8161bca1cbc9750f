//! The chain `control`, changed with SQL while the adapter is stopped. Each batch has one act; the acts 1 to 5 are signed by the retired
//! key. The last act is 23.

use super::table::{Act::Store, Attack, run};

const ACTS: &[Attack] = &[
    ("an act changed", Store("UPDATE control_batches SET rows = replace(rows, 'closed', 'opened') WHERE first = 9"), "control row"),
    ("the first act removed", Store("DELETE FROM control_batches WHERE first = 1"), "control row"),
    ("an act removed", Store("DELETE FROM control_batches WHERE first = 9"), "control row"),
    ("the last act removed", Store("DELETE FROM control_batches WHERE first = 23"), "control row 23"),
    ("all acts removed", Store("DELETE FROM control_batches"), "control row"),
    ("the last act and its record removed", Store("DELETE FROM control_batches WHERE first = 23; DELETE FROM metadata WHERE name = 'control'"), "metadata"),
    ("two acts swapped", Store("UPDATE control_batches SET first = 99 WHERE first = 9; UPDATE control_batches SET first = 9 WHERE first = 10;
        UPDATE control_batches SET first = 10 WHERE first = 99"), "control row"),
    ("an act again at the end", Store("INSERT INTO control_batches SELECT 24, statement, rows FROM control_batches WHERE first = 23"), "control row"),
    ("an act after the next one", Store("INSERT INTO control_batches SELECT 90, statement, rows FROM control_batches WHERE first = 23"), "control row"),
    ("an act before the first row", Store("INSERT INTO control_batches SELECT 0, statement, rows FROM control_batches WHERE first = 23"), "row 0"),
    ("an act of another store in its place", Store("UPDATE control_batches SET (statement, rows) = (SELECT statement, rows FROM other.control_batches WHERE first = 9) WHERE first = 9"),
        "control row"),
    ("all acts of another store", Store("DELETE FROM control_batches; INSERT INTO control_batches SELECT * FROM other.control_batches"), "control row"),
    ("rows of transfers in the place of an act", Store("UPDATE control_batches SET (statement, rows) = (SELECT statement, rows FROM transfers_batches WHERE first = 30) WHERE first = 9"),
        "control row"),
    ("a statement's signature changed", Store("UPDATE control_batches SET statement = substr(statement, 1, length(statement) - 4) || '0000' WHERE first = 9"), "control row"),
    ("the record of the acts set back", Store("UPDATE metadata SET value = CAST('{\"rows\":22,\"head\":\"'
        || (SELECT substr(statement, instr(statement, ' before=') + 8, 64) FROM control_batches WHERE first = 23) || '\"}' AS BLOB) WHERE name = 'control'"), "metadata"),
    ("acts in the archive", super::table::Act::Archive("INSERT INTO control_batches VALUES (1, '', '')"), "control rows"),
];

#[test]
fn acts() {
    insta::assert_snapshot!(run(ACTS));
}
