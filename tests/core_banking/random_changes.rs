//! A thousand random changes of any row of any table.

use rusqlite::Connection;
use rusqlite::types::Value;
use titian::random::Random;

use super::forgery::{Forged, copy, restore};
use super::support::keys;

const CHANGES: usize = 1_000;

const TABLES: [(&str, &[&str]); 2] = [
    ("ledger_batches", &["first", "statement", "rows"]),
    (
        "postings",
        &[
            "id",
            "state",
            "reason",
            "side",
            "account",
            "amount",
            "currency",
            "counterparty",
            "reverses",
            "reversed",
        ],
    ),
];

#[tokio::test]
async fn all_random_changes_are_found() {
    let forged = Forged::new().await;
    let bytes = copy(&forged.path);
    let before = content(&forged.db());
    let mut random = Random::new(16);
    let (mut changes, mut kinds) = (0, [0; 5]);
    while changes < CHANGES {
        let db = forged.db();
        let (kind, sql) = change(&db, &mut random);
        // A constraint may forbid it, or the row may have that value.
        let is_changed = db.execute_batch(&sql).is_ok() && content(&db) != before;
        drop(db);
        if is_changed {
            // By `verify_ledger` and by the start.
            forged.refusal(&keys(), &sql);
            changes += 1;
            kinds[kind] += 1;
        }
        restore(&forged.path, &bytes);
    }
    println!("change, delete, insert, swap, cut: {kinds:?}");
    assert!(kinds.iter().all(|count| *count > 50), "{kinds:?}");
}

fn content(db: &Connection) -> Vec<Vec<Value>> {
    let mut all = Vec::new();
    for (table, columns) in TABLES {
        let mut find = db.prepare(&format!("SELECT * FROM {table} ORDER BY 1")).unwrap();
        let mut rows = find.query([]).unwrap();
        while let Some(row) = rows.next().unwrap() {
            all.push((0..columns.len()).map(|column| row.get(column).unwrap()).collect());
        }
    }
    all
}

/// Returns a random change: its kind and statement.
fn change(db: &Connection, random: &mut Random) -> (usize, String) {
    let (table, columns) = TABLES[pick(random, TABLES.len())];
    let key = columns[0];
    let column = columns[pick(random, columns.len())];
    let mut find = db.prepare(&format!("SELECT quote({key}) FROM {table} ORDER BY 1")).unwrap();
    let keys: Vec<String> =
        find.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    let (row, other) = (&keys[pick(random, keys.len())], &keys[pick(random, keys.len())]);
    let place = random.between(1, 400);
    let character = char::from(b'!' + u8::try_from(random.between(0, 90)).unwrap());
    let changed = match (column, random.between(0, 3)) {
        ("first" | "amount" | "currency" | "reversed", _) => {
            format!("{column} + {}", random.between(1, 9))
        }
        (_, 0) => "NULL".to_owned(),
        (_, 1) => format!("(SELECT {column} FROM {table} WHERE {key} = {other})"),
        ("id" | "reverses", _) => "randomblob(16)".to_owned(),
        _ => format!(
            "substr({column}, 1, {place} % length({column})) || '{}' || substr({column}, {place} % length({column}) + 2)",
            character.to_string().replace('\'', "''")
        ),
    };
    let kind = pick(random, 5);
    let sql = match kind {
        0 => format!("UPDATE {table} SET {column} = {changed} WHERE {key} = {row}"),
        1 => format!("DELETE FROM {table} WHERE {key} = {row}"),
        2 => {
            let new = if key == "id" { "randomblob(16)".to_owned() } else { place.to_string() };
            let rest = columns[1..].join(", ");
            format!("INSERT INTO {table} SELECT {new}, {rest} FROM {table} WHERE {key} = {row}")
        }
        3 => format!(
            "UPDATE {table} SET {column} = CASE {key} WHEN {row} THEN (SELECT {column} FROM {table} WHERE {key} = {other}) \
             ELSE (SELECT {column} FROM {table} WHERE {key} = {row}) END WHERE {key} IN ({row}, {other})"
        ),
        _ => format!(
            "UPDATE {table} SET {column} = substr({column}, 1, {place} % length({column})) WHERE {key} = {row}"
        ),
    };
    (kind, sql)
}

fn pick(random: &mut Random, count: usize) -> usize {
    usize::try_from(random.between(0, count as u64 - 1)).unwrap()
}
