//! A thousand random changes of any row of any table of the store, its archive and its ledger: each is found by a start or by
//! `verify`, and none is acted on.

use std::path::{Path, PathBuf};

use rusqlite::Connection;
use titian::random::Random;

use super::attacks::world::World;

const SEED: u64 = 0x1234_5678;
const CHANGES: usize = 1_000;

/// The kinds of changes.
const KINDS: [&str; 6] = ["change", "delete", "insert", "copy", "swap", "cut"];

/// A table: its file, its name, the columns of its key and all columns.
struct Table {
    file: PathBuf,
    name: String,
    keys: Vec<String>,
    columns: Vec<String>,
}

/// Returns all tables of a database.
fn tables(file: &Path) -> Vec<Table> {
    let db = Connection::open(file).unwrap();
    let mut find =
        db.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name").unwrap();
    let names: Vec<String> =
        find.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    let columns = |name: &str, which: &str| -> Vec<String> {
        let sql =
            format!("SELECT name FROM pragma_table_info('{name}') WHERE {which} ORDER BY cid");
        let mut find = db.prepare(&sql).unwrap();
        find.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    };
    let table = |name: String| Table {
        file: file.to_owned(),
        keys: columns(&name, "pk > 0"),
        columns: columns(&name, "true"),
        name,
    };
    names.into_iter().map(table).collect()
}

/// Returns all that a table has, as text.
fn content(db: &Connection, table: &Table) -> String {
    let row: Vec<_> = table.columns.iter().map(|name| format!("quote({name})")).collect();
    let row = row.join(" || ',' || ");
    let sql = format!("SELECT group_concat({row}, '|') FROM {} ORDER BY 1", table.name);
    let all: Option<String> = db.query_row(&sql, [], |row| row.get(0)).unwrap();
    all.unwrap_or_default()
}

/// Returns the conditions that select each row.
fn selectors(db: &Connection, table: &Table) -> Vec<String> {
    let one: Vec<_> = table.keys.iter().map(|key| format!("'{key} = ' || quote({key})")).collect();
    let sql = format!("SELECT {} FROM {} ORDER BY 1", one.join(" || ' AND ' || "), table.name);
    let mut find = db.prepare(&sql).unwrap();
    find.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}

fn pick<'t, T>(random: &mut Random, of: &'t [T]) -> &'t T {
    random.choose(of).unwrap()
}

/// Returns a random change: its kind and statement.
fn change(db: &Connection, table: &Table, random: &mut Random) -> (usize, String) {
    let Table { name, keys, columns, .. } = table;
    let rows = selectors(db, table);
    let (one, other) = (pick(random, &rows).clone(), pick(random, &rows).clone());
    let column = pick(random, columns).clone();
    let place = random.between(1, 400);
    let value = |of: &str| format!("(SELECT {column} FROM {name} WHERE {of})");
    // Keeps the type of the value.
    let typed = |text: &str| {
        format!(
            "CASE typeof({column}) WHEN 'blob' THEN CAST({text} AS BLOB) WHEN 'integer' THEN {column} + {place} ELSE {text} END"
        )
    };
    let cut = format!("substr({column}, 1, {place} % max(length({column}), 1))");
    let kind = usize::try_from(random.between(0, 5)).unwrap();
    let sql = match KINDS[kind] {
        "change" => {
            let rest = format!("substr({column}, {place} % max(length({column}), 1) + 2)");
            let byte = random.between(33, 122);
            let changed = typed(&format!("{cut} || char({byte}) || {rest}"));
            format!("UPDATE {name} SET {column} = {changed} WHERE {one}")
        }
        "delete" => format!("DELETE FROM {name} WHERE {one}"),
        "insert" => {
            let new: Vec<_> = columns
                .iter()
                .map(|column| match column.as_str() {
                    "first" if random.is_hit(500_000) => {
                        format!("first + {place}")
                    }
                    "first" => format!("-{place}"),
                    "id" => "randomblob(16)".to_owned(),
                    key if keys.contains(&column.clone()) => format!("{key} || '{place}'"),
                    other => other.to_owned(),
                })
                .collect();
            format!("INSERT INTO {name} SELECT {} FROM {name} WHERE {one}", new.join(", "))
        }
        "copy" => format!("UPDATE {name} SET {column} = {} WHERE {one}", value(&other)),
        "swap" => format!(
            "UPDATE {name} SET {column} = CASE WHEN {one} THEN {} ELSE {} END WHERE {one} OR {other}",
            value(&other),
            value(&one)
        ),
        _ => format!("UPDATE {name} SET {column} = {} WHERE {one}", typed(&cut)),
    };
    (kind, sql)
}

#[test]
fn every_random_change_is_found() {
    let world = World::new();
    let files = [world.folder.store(), world.ledger(), world.folder.file("archive.db")];
    let tables: Vec<_> = files.iter().flat_map(|file| tables(file)).collect();
    assert_eq!(tables.len(), 14, "all tables of the store, the ledger and the archive");
    let mut random = Random::new(SEED);
    let mut counts = vec![[0; KINDS.len()]; tables.len()];
    let (mut changes, mut refused) = (0, 0);
    while changes < CHANGES {
        world.restore();
        let nth = usize::try_from(random.between(0, tables.len() as u64 - 1)).unwrap();
        let table = &tables[nth];
        let db = Connection::open(&table.file).unwrap();
        let before = content(&db, table);
        if before.is_empty() {
            continue;
        }
        let (kind, sql) = change(&db, table, &mut random);
        // A constraint may forbid it, or the row may have that value.
        let is_changed = db.execute_batch(&sql).is_ok() && content(&db, table) != before;
        drop(db);
        if !is_changed {
            continue;
        }
        changes += 1;
        counts[nth][kind] += 1;
        let what = || format!("seed {SEED:#x}, change {changes}, {}: {sql}", table.file.display());
        let Ok(journal) = world.start() else {
            refused += 1;
            continue;
        };
        let (_, is_written) = world.use_all(&*journal.reader().unwrap());
        assert!(is_written, "acted on: {}", what());
        drop(journal);
        assert!(world.verify().is_err(), "accepted and verified: {}", what());
    }
    println!("{refused} refused by the start, the others found by verify");
    for (table, counts) in tables.iter().zip(&counts) {
        let file = table.file.file_name().unwrap().display();
        println!("{file} {}: {KINDS:?} {counts:?}", table.name);
    }
    let of_kind = |kind: usize| counts.iter().map(|counts| counts[kind]).sum::<usize>();
    assert!((0..KINDS.len()).all(|kind| of_kind(kind) > 50), "seed {SEED:#x}");
}
