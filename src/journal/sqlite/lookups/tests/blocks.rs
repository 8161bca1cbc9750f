//! Runs of more entries than a seal needs, which span hundreds of blocks: blocks that are lost, doubled, moved or altered, before a
//! start and while the run is open. A look-up never answers wrongly. The filter is not stored: it is made from the entries.

use std::fs;
use std::path::Path;

use super::*;
use crate::journal::port::DerivedAudit;

/// The bytes of a run's header, of an entry, of the code at its end, and of a block of entries.
const HEADER: usize = 72;
const ENTRY: usize = 24;
const CODE: usize = 32;
const BYTES: usize = 256 * ENTRY;

/// More entries than are sealed at once, and not a whole number of blocks.
const ENTRIES: u64 = SEAL_AT as u64 + 20_001;

/// Where the header has the number of entries.
const LEN: std::ops::Range<usize> = HEADER - 16..HEADER - 8;

/// Makes a folder with one run. Returns the bytes of the run.
fn one_run(folder: &Path) -> Vec<u8> {
    let _ = fs::remove_dir_all(folder);
    let mut lookups = open(folder, head(0), rows(0));
    let outlines: Vec<_> = (1..=ENTRIES).map(outline).collect();
    lookups.extend(&outlines, head(ENTRIES));
    lookups.seal_if_due().unwrap();
    fs::read(path(folder)).unwrap()
}

fn path(folder: &Path) -> PathBuf {
    let [path] = run::list(folder).unwrap().try_into().unwrap();
    path
}

/// Replaces the entries, and sets their number.
fn with_entries(bytes: &[u8], entries: &[u8]) -> Vec<u8> {
    let mut header = bytes[..HEADER].to_vec();
    header[LEN].copy_from_slice(&((entries.len() / ENTRY) as u64).to_be_bytes());
    let after = HEADER + usize::try_from(ENTRIES).unwrap() * ENTRY;
    [&header, entries, &bytes[after..]].concat()
}

fn entries(bytes: &[u8]) -> &[u8] {
    &bytes[HEADER..HEADER + usize::try_from(ENTRIES).unwrap() * ENTRY]
}

fn swapped(bytes: &[u8], one: usize, other: usize) -> Vec<u8> {
    let mut changed = bytes.to_vec();
    for at in 0..BYTES {
        changed.swap(HEADER + one * BYTES + at, HEADER + other * BYTES + at);
    }
    changed
}

/// Keys from all blocks, and keys that no run has.
fn look_up_all(lookups: &Lookups) -> (u64, u64) {
    let (mut found, mut refused) = (0, 0);
    for seq in (1..=ENTRIES).step_by(41) {
        match lookups.newest(LookupKey::reservation(key(seq))) {
            Ok(row) => {
                assert_eq!(row, Some(seq));
                found += 1;
            }
            Err(error) => {
                assert!(error.to_string().contains("look-ups"), "{error}");
                refused += 1;
            }
        }
    }
    for unknown in ENTRIES + 1..ENTRIES + 1_000 {
        let none = lookups.newest(LookupKey::reservation(key(unknown)));
        assert!(none.is_err() || none.is_ok_and(|row| row.is_none()));
    }
    (found, refused)
}

#[test]
fn a_run_of_many_blocks_that_was_changed_is_made_again() {
    let folder = folder("blocks");
    let bytes = one_run(&folder);
    let all = entries(&bytes);
    let doubled: Vec<_> =
        all.chunks(ENTRY).flat_map(|entry| [entry, entry]).flatten().copied().collect();
    let blocks = all.len().div_ceil(BYTES);
    let altered = |at: usize| {
        let mut changed = bytes.clone();
        changed[at] ^= 1;
        changed
    };
    let changes = [
        ("no entries", with_entries(&bytes, &[])),
        ("each entry twice", with_entries(&bytes, &doubled)),
        ("all entries twice", with_entries(&bytes, &all.repeat(2))),
        ("cut after a block", bytes[..HEADER + 100 * BYTES].to_vec()),
        ("cut before the code", bytes[..bytes.len() - CODE].to_vec()),
        ("the last block left out", with_entries(&bytes, &all[..(blocks - 1) * BYTES])),
        ("the first block left out", with_entries(&bytes, &all[BYTES..])),
        ("half of the blocks left out", with_entries(&bytes, &all[..blocks / 2 * BYTES])),
        ("the first block twice", with_entries(&bytes, &[&all[..BYTES], all].concat())),
        ("the first two blocks swapped", swapped(&bytes, 0, 1)),
        ("two blocks in the middle swapped", swapped(&bytes, 7, 301)),
        ("a key altered", altered(HEADER + 150 * BYTES)),
        ("a row altered", altered(HEADER + 150 * BYTES + ENTRY - 1)),
        ("an open transfer altered", altered(bytes.len() - CODE - 1)),
        ("the code altered", altered(bytes.len() - 1)),
    ];
    for (name, changed) in changes {
        fs::write(path(&folder), &changed).unwrap();
        let audited = LookupAudit::open(&folder, 0).unwrap();
        let found = audited.map(|mut audit| {
            for seq in 1..=ENTRIES {
                audit.add_row(seq, &stored(seq, seq));
            }
            audit.check().is_err()
        });
        // Only the holder of the record key knows the code: the start finds that one.
        let is_found = found != Some(false) || name == "the code altered";
        assert!(is_found, "{name}: verification finds it, or there is no run");
        let mut lookups = open(&folder, head(0), rows(ENTRIES));
        assert_eq!(lookups.head().count, 0, "{name}");
        assert!(run::list(&folder).unwrap().is_empty(), "{name}");
        let outlines: Vec<_> = (1..=ENTRIES).map(outline).collect();
        lookups.extend(&outlines, head(ENTRIES));
        lookups.seal_if_due().unwrap();
        assert_eq!(fs::read(path(&folder)).unwrap(), bytes, "{name}: it is made again");
    }
    assert_eq!(look_up_all(&open(&folder, head(0), rows(ENTRIES))).1, 0);
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn a_run_of_many_blocks_that_was_changed_in_use_is_never_read_wrongly() {
    let folder = folder("blocks-in-use");
    let bytes = one_run(&folder);
    let all = entries(&bytes);
    for (name, changed, is_all) in [
        ("no entries", with_entries(&bytes, &[]), true),
        (
            "each entry of another row",
            {
                let mut changed = bytes.clone();
                changed[HEADER..HEADER + all.len()]
                    .chunks_mut(ENTRY)
                    .for_each(|entry| entry[ENTRY - 1] ^= 1);
                changed
            },
            true,
        ),
        (
            "all blocks moved by one",
            with_entries(&bytes, &[&all[..BYTES], &all[..all.len() - BYTES]].concat()),
            false,
        ),
        ("two blocks swapped", swapped(&bytes, 7, 301), false),
        ("cut after a block", bytes[..HEADER + 100 * BYTES].to_vec(), false),
        ("another code", [&bytes[..bytes.len() - CODE], &[0; CODE]].concat(), false),
    ] {
        fs::write(path(&folder), &bytes).unwrap();
        let lookups = open(&folder, head(0), rows(ENTRIES));
        let whole = look_up_all(&lookups);
        assert_eq!(whole.1, 0);
        // The same file, as the run has it open.
        fs::write(path(&folder), &changed).unwrap();
        let (found, refused) = look_up_all(&lookups);
        assert_eq!(found + refused, whole.0);
        assert_eq!(found == 0, is_all, "{name}: {found} found, {refused} refused");
        // A merge reads all blocks, and stops at the first that was changed.
        let merged = run::merge(&lookups.runs, 0).map(|mut all| all.find_map(Result::err));
        let is_whole = merged.is_ok_and(|error| error.is_none());
        assert_eq!(is_whole, name == "another code", "{name}: a merge takes no changed block over");
    }
    fs::remove_dir_all(folder).unwrap();
}
