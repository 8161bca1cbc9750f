//! Attacks beside a running journal: what was changed is an error when it is used, and the writer stops rather than to write
//! beside it.

use std::fmt::Write;
use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::time::Duration;

use rusqlite::Connection;
use titian::journal::{Batch, Checkpoints, Journal, open};

use super::super::support::{append_batch, checkpoints, id, key, row, write_private};
use super::world::World;

/// What an attacker does.
enum Act {
    /// Runs SQL on the store. `other` is the store of another record, attached.
    Sql(&'static str),
    /// Does something to the files.
    Do(fn(&World, &World)),
}
use Act::{Do, Sql};

/// How the changed part is used, and what the error says.
#[derive(Clone, Copy)]
enum Use {
    /// A look-up fails.
    LookUp(&'static str),
    /// A new reader, as a start or a request opens it, fails.
    Reader(&'static str),
    /// An append fails, and the journal writes no more.
    Append(&'static str),
    /// A checkpoint is not written, which the readiness shows.
    Checkpoint(&'static str),
    /// Nothing uses it. The journal goes on, and the next start refuses the store, or `verify` does.
    Later(&'static str),
    /// It has no effect at all.
    Never,
}
use Use::{Append, Checkpoint, Later, LookUp, Never, Reader};

const RUNNING: &[(&str, Act, Use)] = &[
    ("a row changed", Sql("UPDATE transfers_batches SET rows = replace(rows, 'settled', 'refunded') WHERE first = 30"), LookUp("rows 30 to 33")),
    ("a batch removed", Sql("DELETE FROM transfers_batches WHERE first = 30"), LookUp("row 33: missing")),
    ("the last batch removed", Sql("DELETE FROM transfers_batches WHERE first = 89"), LookUp("row 92: missing")),
    ("all batches removed", Sql("DELETE FROM transfers_batches"), LookUp("row")),
    ("two batches swapped", Sql("UPDATE transfers_batches SET first = -1 WHERE first = 30; UPDATE transfers_batches SET first = 30 WHERE first = 34;
        UPDATE transfers_batches SET first = 34 WHERE first = -1"), LookUp("rows 30 to 33")),
    ("the open transfer replaced by a closed one", Sql("UPDATE transfers_batches SET (statement, rows) = (SELECT statement, rows FROM transfers_batches WHERE first = 83) WHERE first = 87"),
        LookUp("rows 87 to")),
    ("a batch of another store in its place", Sql("UPDATE transfers_batches SET (statement, rows) = (SELECT statement, rows FROM other.transfers_batches WHERE first = 30) WHERE first = 30"),
        LookUp("rows 30 to 33")),
    ("a statement's head changed", Sql("UPDATE transfers_batches SET statement = replace(statement, ' head=', ' head=0') WHERE first = 30"), LookUp("rows 30 to 33")),
    ("personal data removed", Sql("DELETE FROM transfers_personal WHERE first = 30"), LookUp("row 30: personal data")),
    ("personal data swapped", Sql("UPDATE transfers_personal SET sealed = (SELECT sealed FROM transfers_personal AS p WHERE p.first = 64 - transfers_personal.first) WHERE first IN (30, 34)"),
        LookUp("row 30: personal data")),
    ("personal data cut", Sql("UPDATE transfers_personal SET sealed = substr(sealed, 1, length(sealed) - 1) WHERE first = 30"), LookUp("row 30: personal data")),
    ("personal data of another store", Sql("UPDATE transfers_personal SET sealed = (SELECT sealed FROM other.transfers_personal WHERE first = 30) WHERE first = 30"),
        LookUp("row 30: personal data")),
    ("a batch in the place of the next one", Sql("INSERT INTO transfers_batches SELECT 93, statement, rows FROM transfers_batches WHERE first = 30"), Append("writing to the store")),
    ("personal data in the place of the next", Sql("INSERT INTO transfers_personal SELECT 93, sealed FROM transfers_personal WHERE first = 30"), Append("writing to the store")),
    ("a view instead of the batches", Sql("ALTER TABLE transfers_batches RENAME TO hidden; CREATE VIEW transfers_batches AS SELECT * FROM hidden"), Append("writing to the store")),
    ("the table of batches dropped", Sql("DROP VIEW transfers_rows; DROP TABLE transfers_batches"), LookUp("")),
    ("another id of the chain", Sql("UPDATE chains SET id = randomblob(16)"), Reader("chain")),
    ("the chain of another store", Sql("UPDATE chains SET id = (SELECT id FROM other.chains)"), Reader("chain")),
    ("another version", Sql("PRAGMA user_version = 2"), Reader("schema version 2")),
    ("a batch after the next one", Sql("INSERT INTO transfers_batches SELECT 500, statement, rows FROM transfers_batches WHERE first = 30"), Later("500")),
    ("the month keys swapped", Sql("UPDATE month_keys SET wrapped = (SELECT wrapped FROM month_keys AS k WHERE k.month != month_keys.month)"), Later("month_keys")),
    ("the month keys removed", Sql("DELETE FROM month_keys"), Later("key")),
    ("the watermark set back", Sql("UPDATE metadata SET value = CAST('1' AS BLOB) WHERE name = 'watermark'; UPDATE metadata SET value = x'00' WHERE name = 'anchor'"), Later("metadata")),
    ("the metadata removed", Sql("DELETE FROM metadata"), Later("metadata")),
    ("a trigger that changes rows", Sql("CREATE TRIGGER t AFTER INSERT ON transfers_batches BEGIN DELETE FROM transfers_personal; DELETE FROM month_keys; END"), Later("\"t\"")),
    ("another table", Sql("CREATE TABLE more (a)"), Later("\"more\"")),
    ("the checkpoints emptied", Do(|world, _| write_private(&world.folder.file("checkpoints"), b"")), Checkpoint("checkpoints were changed or removed")),
    ("the checkpoints removed", Do(|world, _| fs::remove_file(world.folder.file("checkpoints")).unwrap()), Checkpoint("checkpoints were changed or removed")),
    ("the checkpoints of another store", Do(|world, other| { fs::copy(other.folder.file("checkpoints"), world.folder.file("checkpoints")).unwrap(); }), Checkpoint("checkpoints were changed or removed")),
    ("the checkpoints a link", Do(|world, _| {
        let (path, moved) = (world.folder.file("checkpoints"), world.folder.file("moved"));
        fs::rename(&path, &moved).unwrap();
        symlink(moved, path).unwrap();
    }), Checkpoint("link")),
    ("the checkpoints for all", Do(|world, _| {
        fs::set_permissions(world.folder.file("checkpoints"), Permissions::from_mode(0o666)).unwrap();
    }), Checkpoint("666")),
    ("a foreign last line of the checkpoints", Do(|world, _| {
        let path = world.folder.file("checkpoints");
        let text = fs::read_to_string(&path).unwrap();
        write_private(&path, (text + "a line of another program\n").as_bytes());
    }), Checkpoint("checkpoints were changed or removed")),
    ("the folder of look-ups removed", Do(|world, _| fs::remove_dir_all(world.folder.file("titian.db-lookups")).unwrap()), Never),
];

/// The file of the store, which the journal has open.
const REPLACED: &[(&str, Act, Use)] = &[
    (
        "the store removed",
        Do(|world, _| fs::remove_file(world.folder.store()).unwrap()),
        Checkpoint(""),
    ),
    (
        "the store replaced by an older copy",
        Do(|world, _| world.restore_older("titian.db")),
        Checkpoint(""),
    ),
    (
        "the store replaced by that of another record",
        Do(|world, other| {
            write_private(&world.folder.store(), &fs::read(other.folder.store()).unwrap());
        }),
        Checkpoint(""),
    ),
];

fn append(journal: &dyn Journal, transfer: u64) -> Result<(), String> {
    let rows = vec![row(transfer, 0)];
    let done = append_batch(journal, Batch { rows, ..Batch::default() });
    done.map(|existing| assert_eq!(existing, [])).map_err(|error| error.to_string())
}

/// Runs an attack beside a running journal. Returns what its use said.
fn said(world: &World, other: &World, act: &Act, used: Use) -> Result<(), String> {
    let every = match used {
        Checkpoint(_) => Duration::from_millis(1),
        _ => Duration::from_hours(1),
    };
    let places = Checkpoints { every, ..checkpoints(&world.folder.file("")) };
    let journal = open(&world.folder.url(), &world.keys, &places).unwrap();
    let reader = journal.reader().unwrap();
    match act {
        Sql(sql) => {
            let db = Connection::open(world.folder.store()).unwrap();
            let attached = other.folder.store().display().to_string();
            db.execute("ATTACH ?1 AS other", [attached]).unwrap();
            db.execute_batch(sql).unwrap();
        }
        Do(act) => act(world, other),
    }
    match used {
        LookUp(_) => {
            let (found, is_written) = world.use_all(&*reader);
            assert!(is_written, "acted on");
            drop(journal);
            found
        }
        Reader(_) => journal.reader().map(drop).map_err(|error| error.to_string()),
        Append(_) => {
            let refused = append(&*journal, 70);
            assert!(append(&*journal, 71).is_err(), "it writes no more");
            assert_eq!(reader.transfer(id(70)).unwrap(), [], "it is not there");
            assert_eq!(reader.by_key(key(70)).unwrap(), []);
            assert!(journal.close().is_err());
            refused
        }
        Checkpoint(_) => {
            append(&*journal, 70).unwrap();
            let refused = journal.close().map_err(|error| error.to_string());
            assert!(world.verify().and(world.start().map(drop)).is_err());
            refused
        }
        Later(_) => {
            assert_eq!(world.use_all(&*reader), (Ok(()), true));
            append(&*journal, 70)?;
            assert_eq!(reader.transfer(id(70)).unwrap(), [row(70, 0)]);
            drop(reader);
            let _ = journal.close();
            let verified = world.verify();
            verified.and(world.start().map(drop))
        }
        Never => {
            assert_eq!(world.use_all(&*reader), (Ok(()), true));
            append(&*journal, 70).unwrap();
            journal.close().unwrap();
            world.verify()
        }
    }
    .map_err(|error| world.plain(&error))
}

fn run(attacks: &[(&str, Act, Use)]) -> String {
    let (world, other) = (World::new(), World::new());
    let (mut text, mut faults) = (String::new(), Vec::new());
    for (name, act, used) in attacks {
        world.restore();
        let said = said(&world, &other, act, *used);
        let (of, named) = match used {
            LookUp(named) => ("look-up", Some(named)),
            Reader(named) => ("new reader", Some(named)),
            Append(named) => ("append", Some(named)),
            Checkpoint(named) => ("checkpoint", Some(named)),
            Later(named) => ("no use; then", Some(named)),
            Never => ("no effect", None),
        };
        let shown = match (named, said) {
            (None, said) => said.err().unwrap_or_default(),
            (Some(_), Ok(())) => "no objection".to_owned(),
            (Some(named), Err(error)) if error.contains(named) => {
                error.split("; ").next().unwrap().to_owned()
            }
            (Some(named), Err(error)) => format!("does not name {named}: {error}"),
        };
        if named.is_some()
            == (shown.is_empty() || shown == "no objection" || shown.starts_with("does not name"))
        {
            faults.push(format!("{name}: {shown}"));
        }
        let _ = writeln!(text, "{}", format!("{name}\n  {of}: {shown}").trim_end());
    }
    assert!(faults.is_empty(), "{faults:#?}\n{text}");
    text
}

#[test]
fn attacks_beside_a_running_journal() {
    insta::assert_snapshot!(run(RUNNING));
}

#[test]
fn a_store_replaced_beside_a_running_journal() {
    insta::assert_snapshot!(run(REPLACED));
}
