//! The files of the look-ups, changed while the adapter is stopped, and while it runs. A start makes them again from the rows, or
//! refuses; a look-up never finds other rows.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use titian::journal::VerificationError;

use super::super::support::{restore_file, verified};
use super::runs::{RUN, Runs, append_only, use_some};
use super::world::put_back;

/// The header of a run and its parts: the number of entries, and that of open transfers.
const HEADER: usize = 72;
const LEN: std::ops::Range<usize> = 56..64;
const ENTRY: usize = 24;
const CODE: usize = 32;
/// The bytes of a block of entries.
const BLOCK: usize = 256 * ENTRY;

type FileAttack = (&'static str, fn(&Runs, &Runs));

const FILES: &[FileAttack] = &[
    ("a run emptied, its form kept", |runs, _| {
        change(runs, 0, |bytes| {
            bytes.drain(HEADER..bytes.len() - CODE);
            bytes[LEN].fill(0);
        });
    }),
    ("a run with each entry twice", |runs, _| {
        change(runs, 0, |bytes| {
            let entries = bytes[HEADER..bytes.len() - CODE]
                .chunks(ENTRY)
                .flat_map(|entry| [entry, entry].concat())
                .collect();
            set_entries(bytes, entries);
        });
    }),
    ("two blocks swapped", |runs, _| {
        change(runs, 0, |bytes| {
            let (one, other) = bytes[HEADER..].split_at_mut(BLOCK);
            one.swap_with_slice(&mut other[..BLOCK]);
        });
    }),
    ("the runs exchanged", |runs, _| {
        let [one, other] = runs.paths().try_into().unwrap();
        let moved = one.with_extension("moved");
        fs::rename(&one, &moved).unwrap();
        fs::rename(&other, &one).unwrap();
        fs::rename(&moved, &other).unwrap();
    }),
    ("a run twice under two names", |runs, _| {
        let [_, other] = runs.paths().try_into().unwrap();
        let name = format!("{:020}-{:020}.run", 2 * RUN, u64::MAX - 3 * RUN);
        fs::copy(&other, other.with_file_name(name)).unwrap();
    }),
    ("the first run removed", |runs, _| fs::remove_file(&runs.paths()[0]).unwrap()),
    ("all look-ups removed", |runs, _| {
        fs::remove_dir_all(runs.folder.file("titian.db-lookups")).unwrap();
    }),
    ("the runs of another store", |runs, other| {
        runs.paths().iter().for_each(|path| fs::remove_file(path).unwrap());
        for path in other.paths() {
            let to = runs.folder.file("titian.db-lookups").join(path.file_name().unwrap());
            fs::copy(path, to).unwrap();
        }
    }),
    ("the older look-ups", |runs, _| {
        fs::remove_dir_all(runs.folder.file("titian.db-lookups")).unwrap();
        put_back_older(runs, "titian.db-lookups");
    }),
    ("the older store with the present look-ups and no checkpoints", |runs, _| {
        older_store(runs);
        fs::remove_file(runs.folder.file("checkpoints")).unwrap();
    }),
    ("the older store with its look-ups and the present checkpoints", |runs, _| {
        fs::remove_dir_all(runs.folder.file("titian.db-lookups")).unwrap();
        put_back_older(runs, "titian.db-lookups");
        older_store(runs);
    }),
];

fn put_back_older(runs: &Runs, name: &str) {
    let path = runs.folder.file(name);
    let of = |(known, _): &&(PathBuf, Vec<u8>)| known.starts_with(&path);
    let files: Vec<_> = runs.older.iter().filter(of).cloned().collect();
    put_back(&files);
}

fn older_store(runs: &Runs) {
    let (path, bytes) = runs.older.iter().find(|(path, _)| *path == runs.folder.store()).unwrap();
    restore_file(path, bytes);
}

/// Changes the bytes of a run.
fn change(runs: &Runs, nth: usize, change: impl FnOnce(&mut Vec<u8>)) {
    rewrite(&runs.paths()[nth], change);
}

fn rewrite(path: &Path, change: impl FnOnce(&mut Vec<u8>)) {
    let mut bytes = fs::read(path).unwrap();
    change(&mut bytes);
    fs::write(path, bytes).unwrap();
}

/// Puts other entries into a run.
fn set_entries(bytes: &mut Vec<u8>, entries: Vec<u8>) {
    let count = (entries.len() / ENTRY) as u64;
    let code = bytes.len() - CODE;
    bytes.splice(HEADER..code, entries);
    bytes[LEN].copy_from_slice(&count.to_be_bytes());
}

#[test]
fn files_of_look_ups() {
    let (runs, other) = (Runs::new(), Runs::new());
    assert!(verified(&runs.folder, &[]).unwrap().has_checked_lookups);
    let whole: Vec<_> = runs.paths().iter().map(|path| fs::read(path).unwrap()).collect();
    let mut text = String::new();
    for (name, attack) in FILES {
        runs.restore();
        attack(&runs, &other);
        let verified_before = match verified(&runs.folder, &[]) {
            Ok(found) if found.has_checked_lookups => "the look-ups match the rows",
            Ok(_) => "no look-ups on the disk",
            Err(VerificationError::Unreadable(error))
                if error.to_string().contains("look-ups do not match the rows") =>
            {
                "the look-ups do not match the rows"
            }
            Err(error) if error.to_string().contains("checkpoint") => {
                "a later checkpoint was signed"
            }
            Err(error) => panic!("{name}: {error}"),
        };
        let started = match runs.folder.try_open() {
            Err(error) => {
                let error = error.to_string();
                assert!(
                    error.contains("it is an older copy or lost its last rows"),
                    "{name}: {error}"
                );
                "refused: the store is an older copy".to_owned()
            }
            Ok(journal) => {
                use_some(&*journal).unwrap_or_else(|error| panic!("{name}: {error}"));
                // Each key is still reserved.
                let again = append_only(&*journal, 7..8);
                assert_eq!(again.len(), 2, "{name}");
                journal.close().unwrap();
                assert!(verified(&runs.folder, &[]).unwrap().has_checked_lookups, "{name}");
                let found: Vec<_> =
                    runs.paths().iter().map(|path| fs::read(path).unwrap()).collect();
                if found == whole {
                    "starts; the look-ups are as before".to_owned()
                } else {
                    format!("starts; the look-ups are made again: {} run(s)", found.len())
                }
            }
        };
        let _ = writeln!(text, "{name}\n  verify: {verified_before}\n  start:  {started}\n");
    }
    insta::assert_snapshot!(text);
}

type Act = fn(&Runs);

/// A run that is altered while it is open is read no more.
#[test]
fn files_of_look_ups_in_use() {
    let runs = Runs::new();
    let altered: [(&str, Act); 3] = [
        ("entries altered", |runs| {
            change(runs, 0, |bytes| {
                bytes[HEADER..].chunks_mut(BLOCK).for_each(|block| block[ENTRY / 2] ^= 1);
            });
        }),
        ("all blocks moved", |runs| {
            change(runs, 0, |bytes| {
                let code = bytes.len() - CODE;
                bytes[HEADER..code].rotate_left(BLOCK);
            });
        }),
        ("a run cut", |runs| change(runs, 0, |bytes| bytes.truncate(HEADER + BLOCK))),
    ];
    for (name, attack) in altered {
        runs.restore();
        let journal = runs.folder.open();
        attack(&runs);
        let error = use_some(&*journal).expect_err(name);
        assert!(error.contains("look-ups"), "{name}: {error}");
        drop(journal);
    }
    // An open run stays what it is, whatever has its name by now.
    let replaced: [(&str, Act); 2] = [
        ("the runs removed", |runs| {
            fs::remove_dir_all(runs.folder.file("titian.db-lookups")).unwrap();
        }),
        ("a run replaced", |runs| {
            let [one, other] = runs.paths().try_into().unwrap();
            let copy = one.with_extension("copy");
            fs::copy(&other, &copy).unwrap();
            fs::rename(copy, one).unwrap();
        }),
    ];
    for (name, attack) in replaced {
        runs.restore();
        let journal = runs.folder.open();
        attack(&runs);
        use_some(&*journal).unwrap_or_else(|error| panic!("{name}: {error}"));
        drop(journal);
        let journal = runs.folder.open();
        use_some(&*journal).unwrap_or_else(|error| panic!("{name}: {error}"));
        journal.close().unwrap();
    }
}
