//! Files removed, replaced, cut, made links, or opened to others while the adapter is stopped.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::PathBuf;

use titian::personal::RecordKey;

use super::super::support::{checkpoints, keys_of, write_private};
use super::table::{Act::Do, Attack, run};
use super::world::World;
use titian::journal::{JournalError, JournalKeys, open};

const CHECKPOINTS: &[Attack] = &[
    ("the checkpoints emptied", Do(|world, _| change(world, |_| String::new())), "checkpoint"),
    (
        "the checkpoints cut to the first",
        Do(|world, _| change(world, |text| first_line(text).to_owned() + "\n")),
        "checkpoint",
    ),
    (
        "the checkpoints cut within the first",
        Do(|world, _| change(world, |text| first_line(text)[..100].to_owned())),
        "checkpoint",
    ),
    (
        "the last checkpoint altered",
        Do(|world, _| {
            change(world, |text| {
                let at = text.rfind("epoch=1").unwrap();
                format!("{}epoch=2{}", &text[..at], &text[at + 7..])
            });
        }),
        "checkpoint",
    ),
    (
        "the first checkpoint altered",
        Do(|world, _| change(world, |text| text.replacen("epoch=1", "epoch=2", 1))),
        "line 1",
    ),
    (
        "the order of the checkpoints reversed",
        Do(|world, _| {
            change(world, |text| text.lines().rev().flat_map(|line| [line, "\n"]).collect());
        }),
        "checkpoint",
    ),
    (
        "the checkpoints removed",
        Do(|world, _| fs::remove_file(place(world)).unwrap()),
        "checkpoint",
    ),
    (
        "the checkpoints of another store",
        Do(|world, other| {
            fs::copy(place(other), place(world)).unwrap();
        }),
        "another chain",
    ),
    (
        "a file of another program as checkpoints",
        Do(|world, _| change(world, |_| "a file of another program\n".to_owned())),
        "checkpoint",
    ),
];

const OLDER: &[Attack] = &[
    ("an older copy of the store", Do(|world, _| world.restore_older("titian.db")), "checkpoint"),
    (
        "an older copy of the store, its checkpoints removed",
        Do(|world, _| {
            world.restore_older("titian.db");
            fs::remove_file(place(world)).unwrap();
        }),
        "checkpoint",
    ),
    ("the store removed", Do(|world, _| fs::remove_file(world.folder.store()).unwrap()), ""),
    ("the store emptied", Do(|world, _| write_private(&world.folder.store(), b"")), ""),
    (
        "the store of another record",
        Do(|world, other| {
            fs::copy(other.folder.store(), world.folder.store()).unwrap();
        }),
        "another chain",
    ),
    (
        "a text file as the store",
        Do(|world, _| write_private(&world.folder.store(), &[b'x'; 5_000])),
        "",
    ),
    ("the log of another store", Do(log_of), ""),
];

const LINKS: &[Attack] = &[
    ("the store a link", Do(|world, _| link(world, "titian.db")), "link"),
    ("the checkpoints a link", Do(|world, _| link(world, "checkpoints")), "link"),
    ("the folder of look-ups a link", Do(|world, _| link(world, "titian.db-lookups")), "link"),
    ("the ledger a link", Do(|world, _| link(world, "ledger.db")), "ledger.db"),
    (
        "the checkpoints a folder",
        Do(|world, _| {
            fs::remove_file(place(world)).unwrap();
            fs::create_dir(place(world)).unwrap();
        }),
        "",
    ),
    ("the store for all", Do(|world, _| open_to_all(world, "titian.db", 0o666)), "666"),
    ("the store for readers", Do(|world, _| open_to_all(world, "titian.db", 0o644)), "644"),
    ("the checkpoints for all", Do(|world, _| open_to_all(world, "checkpoints", 0o666)), "666"),
    (
        "the folder of look-ups for all",
        Do(|world, _| open_to_all(world, "titian.db-lookups", 0o777)),
        "777",
    ),
    ("the ledger for all", Do(|world, _| open_to_all(world, "ledger.db", 0o666)), "666"),
];

/// The files beside the store, and the archive.
const LINKS_BESIDE: &[Attack] = &[
    ("the lock a link", Do(|world, _| link(world, "titian.db-lock")), "link"),
    (
        "the log a link",
        Do(|world, _| {
            let target = world.folder.file("elsewhere");
            write_private(&target, b"");
            let path = world.folder.file("titian.db-wal");
            let _ = fs::remove_file(&path);
            symlink(target, path).unwrap();
        }),
        "link",
    ),
    (
        "the index of the log a link",
        Do(|world, _| {
            let target = world.folder.file("elsewhere");
            write_private(&target, b"");
            let path = world.folder.file("titian.db-shm");
            let _ = fs::remove_file(&path);
            symlink(target, path).unwrap();
        }),
        "link",
    ),
    ("the lock for all", Do(|world, _| open_to_all(world, "titian.db-lock", 0o666)), "666"),
    (
        "the log for all",
        Do(|world, _| {
            write_private(&world.folder.file("titian.db-wal"), b"");
            open_to_all(world, "titian.db-wal", 0o666);
        }),
        "666",
    ),
    ("the archive a link", Do(|world, _| link(world, "archive.db")), "link"),
];

fn place(world: &World) -> PathBuf {
    world.folder.file("checkpoints")
}

fn change(world: &World, change: impl FnOnce(&str) -> String) {
    let text = fs::read_to_string(place(world)).unwrap();
    write_private(&place(world), change(&text).as_bytes());
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap()
}

/// Moves a file or folder, and puts a link in its place.
fn link(world: &World, name: &str) {
    let (path, moved) = (world.folder.file(name), world.folder.file("moved"));
    fs::rename(&path, &moved).unwrap();
    symlink(&moved, &path).unwrap();
}

fn open_to_all(world: &World, name: &str, mode: u32) {
    fs::set_permissions(world.folder.file(name), Permissions::from_mode(mode)).unwrap();
}

/// Puts the log of a change of another store beside the store.
fn log_of(world: &World, other: &World) {
    other.restore();
    let db = rusqlite::Connection::open(other.folder.store()).unwrap();
    db.pragma_update(None, "journal_mode", "wal").unwrap();
    db.execute_batch("DELETE FROM metadata").unwrap();
    let log = fs::read(other.folder.file("titian.db-wal")).unwrap();
    assert!(!log.is_empty());
    write_private(&world.folder.file("titian.db-wal"), &log);
    drop(db);
    other.restore();
}

#[test]
fn checkpoints_of_a_stopped_store() {
    insta::assert_snapshot!(run(CHECKPOINTS));
}

#[test]
fn older_and_other_stores() {
    insta::assert_snapshot!(run(OLDER));
}

#[test]
fn links_and_modes() {
    insta::assert_snapshot!(run(LINKS));
}

#[test]
fn links_and_modes_of_the_log_and_the_lock() {
    insta::assert_snapshot!(run(LINKS_BESIDE));
}

/// The keys of another record, or only one of them.
#[test]
fn a_store_starts_with_its_own_keys_only() {
    let world = World::new();
    let places = checkpoints(&world.folder.file(""));
    let start = |keys: &JournalKeys| open(&world.folder.url(), keys, &places).err().unwrap();
    let other = JournalKeys { record: RecordKey::new([9; 32]), ..world.keys.clone() };
    let refused = start(&other);
    assert!(matches!(refused, JournalError::Keys { .. }), "{refused}");
    assert!(refused.to_string().contains("keys.record_key_file"), "{refused}");
    let other = JournalKeys { record: world.keys.record.clone(), ..keys_of(9) };
    let refused = start(&other).to_string();
    assert!(refused.contains("not a trusted key"), "{refused}");
    // The retired key after its rows, though it is trusted for them.
    let retired = JournalKeys { signing: super::world::retired(), ..world.keys.clone() };
    let refused = start(&retired).to_string();
    assert!(
        refused.contains("may not sign") && refused.contains("titian keys rotate"),
        "{refused}"
    );
    world.start().unwrap().close().unwrap();
}
