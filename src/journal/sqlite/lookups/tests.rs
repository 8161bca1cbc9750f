mod blocks;

use std::fs;
use std::sync::atomic::AtomicBool;

use super::*;
use crate::journal::row::{Row, StoredFacts, TransferStart};
use crate::values::{IdempotencyKey, Moment, RequestFingerprint, RequestIdentity};

fn head(count: u64) -> Head {
    let mut hash = [0; 32];
    hash[..8].copy_from_slice(&count.to_be_bytes());
    Head { count, hash }
}

/// Returns a hash, like a real key.
fn key(number: u64) -> IdempotencyKey {
    IdempotencyKey((u128::from(number) + 1).wrapping_mul(0xDA94_2042_E4DD_58B5_92D6_8CA2_F53E_2B5D))
}

/// Checks a head as a store with `count` rows does.
fn rows(count: u64) -> impl Fn(Head) -> Result<(), JournalError> {
    move |at| {
        let has = at.count <= count && at == head(at.count);
        has.then_some(()).ok_or(JournalError::Closed)
    }
}

const CODES: [u8; 32] = [7; 32];

fn open(
    folder: &std::path::Path,
    anchor: Head,
    check_head: impl Fn(Head) -> Result<(), JournalError>,
) -> Lookups {
    Lookups::open(folder.to_owned(), CODES, anchor, check_head).unwrap()
}

/// Returns a row that reserves a key, the first row of an open transfer.
fn outline(number: u64) -> RowOutline {
    reserving(number, number)
}

fn reserving(number: u64, reserved: u64) -> RowOutline {
    RowOutline::new(&stored(number, reserved), number)
}

fn stored(number: u64, reserved: u64) -> Row {
    let identity = RequestIdentity {
        request_key: key(reserved),
        reference_key: None,
        fingerprint: RequestFingerprint(0),
    };
    Row {
        id: TransferId(u128::from(number % 16)),
        recorded_at: Moment::from_millis(0),
        state: "sent".into(),
        is_open: true,
        trace: None,
        start: Some(Box::new(TransferStart { identity, requested_by: None, admitted_under: 0 })),
        facts: StoredFacts("{}".into()),
        personal: None,
    }
}

fn find(lookups: &Lookups, number: u64) -> Option<u64> {
    lookups.newest(LookupKey::reservation(key(number))).unwrap()
}

fn folder(name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("titian-lookups-{name}-{}", std::process::id()));
    let _ = fs::remove_dir_all(&folder);
    folder
}

/// Adds the keys of some rows, one key a row, and seals and merges as the maintenance thread does.
fn add(lookups: &mut Lookups, rows: impl Iterator<Item = u64>) {
    for seq in rows {
        lookups.extend(&[outline(seq)], head(seq));
        if let Some(seal_job) = lookups.begin_seal() {
            let run = seal_job.write().unwrap();
            lookups.end_seal(run);
        }
        while let Some(merge_job) = lookups.begin_merge() {
            let run = merge_job.write(&AtomicBool::new(false)).unwrap();
            lookups.end_merge(run);
            merge_job.remove_sources().unwrap();
        }
    }
}

#[test]
fn find_returns_reserved_keys_only_in_memory_in_runs_and_after_a_restart() {
    let folder = folder("find");
    let mut lookups = open(&folder, head(0), rows(0));
    let last = 8 * SEAL_AT as u64 + SEAL_AT as u64 + 10;
    add(&mut lookups, 1..=last);
    assert_eq!(lookups.runs.len(), 2, "eight runs merged into one, and one more");
    let sealed = last - 10;
    let again = open(&folder, head(0), rows(last));
    assert_eq!(again.head(), head(sealed), "the keys in memory are read from the rows again");
    for seq in (1..=sealed).step_by(97) {
        assert_eq!(find(&lookups, seq), Some(seq));
        assert_eq!(find(&again, seq), Some(seq));
    }
    assert_eq!(find(&lookups, last), Some(last));
    assert_eq!(find(&again, last), None);
    for unknown in last + 1..last + 10_000 {
        assert_eq!(find(&lookups, unknown), None);
    }
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn runs_sealed_during_a_merge_stay_and_a_merge_can_be_given_up() {
    let folder = folder("beside");
    let mut lookups = open(&folder, head(0), rows(0));
    let each = SEAL_AT as u64;
    let seal = |lookups: &mut Lookups, run: u64| {
        let rows: Vec<_> = (run * each + 1..=(run + 1) * each).map(outline).collect();
        lookups.extend(&rows, head((run + 1) * each));
        let run = lookups.begin_seal().unwrap().write().unwrap();
        lookups.end_seal(run);
    };
    (0..8).for_each(|run| seal(&mut lookups, run));
    let merge_job = lookups.begin_merge().unwrap();
    (8..10).for_each(|run| seal(&mut lookups, run));
    let given_up = merge_job.write(&AtomicBool::new(true)).unwrap_err();
    assert!(matches!(given_up, JournalError::Closed), "{given_up}");
    assert_eq!(lookups.runs.len(), 10, "nothing has changed");
    let merged = merge_job.write(&AtomicBool::new(false)).unwrap();
    lookups.end_merge(merged);
    assert_eq!((lookups.runs.len(), run::list(&folder).unwrap().len()), (3, 11));
    merge_job.remove_sources().unwrap();
    assert_eq!(run::list(&folder).unwrap().len(), 3);
    let again = open(&folder, head(0), rows(10 * each));
    for seq in [1, 8 * each, 8 * each + 1, 10 * each] {
        assert_eq!(find(&lookups, seq), Some(seq));
        assert_eq!(find(&again, seq), Some(seq));
    }
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn a_damaged_short_or_foreign_run_is_rebuilt() {
    let folder = folder("damage");
    let last = SEAL_AT as u64;
    let path = || run::list(&folder).unwrap().remove(0);
    let fresh = || {
        let _ = fs::remove_dir_all(&folder);
        add(&mut open(&folder, head(0), rows(0)), 1..=last);
        fs::read(path()).unwrap()
    };
    let bytes = fresh();
    for at in [0, 7, 8, 23, 55, 56, 5_000, bytes.len() - 1] {
        let mut changed = bytes.clone();
        changed[at] ^= 0x10;
        fs::write(path(), changed).unwrap();
        assert_eq!(open(&folder, head(0), rows(last)).head().count, 0);
        fresh();
    }
    for length in [0, 10, 88, bytes.len() - 1, bytes.len() - 24] {
        fs::write(path(), &bytes[..length]).unwrap();
        assert_eq!(open(&folder, head(0), rows(last)).head().count, 0);
        fresh();
    }
    // A whole run of ours whose head the store lacks.
    let lacking = Lookups::open(folder.clone(), CODES, head(0), |_| Err(JournalError::Closed));
    assert!(lacking.is_err());
    // A run with the code of another chain.
    assert_eq!(
        Lookups::open(folder.clone(), [8; 32], head(0), rows(last)).unwrap().head().count,
        0
    );
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn keys_of_archived_rows_are_free_and_the_next_merge_drops_them() {
    let folder = folder("archive");
    let mut lookups = open(&folder, head(0), rows(0));
    let sealed = SEAL_AT as u64;
    add(&mut lookups, 1..=sealed);
    let archived = head(sealed / 2);
    let mut lookups = open(&folder, archived, rows(sealed));
    assert_eq!(find(&lookups, archived.count), None);
    assert_eq!(find(&lookups, archived.count + 1), Some(archived.count + 1));
    // A later row reserves the first key again, and the later row counts.
    lookups.extend(&[reserving(sealed + 1, 1)], head(sealed + 1));
    add(&mut lookups, sealed + 2..=8 * sealed);
    assert_eq!(lookups.runs.len(), 1);
    assert_eq!(find(&lookups, 1), Some(sealed + 1));
    assert_eq!(
        lookups.runs[0].len() as u64,
        8 * sealed - archived.count,
        "archived keys are left out"
    );
    fs::remove_dir_all(folder).unwrap();
}
