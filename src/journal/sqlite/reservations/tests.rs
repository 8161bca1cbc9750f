use super::*;

fn head(count: u64) -> Head {
    let mut hash = [0; 32];
    hash[..8].copy_from_slice(&count.to_be_bytes());
    Head { count, hash }
}

/// Returns a hash, like a real key.
fn key(number: u64) -> u128 {
    (u128::from(number) + 1).wrapping_mul(0xDA94_2042_E4DD_58B5_92D6_8CA2_F53E_2B5D)
}

/// Returns the row hashes of a store with `count` rows.
fn rows(count: u64) -> impl Fn(u64) -> Result<Option<[u8; 32]>, JournalError> {
    move |seq| Ok((seq <= count).then(|| head(seq).hash))
}

fn folder(name: &str) -> PathBuf {
    let folder =
        std::env::temp_dir().join(format!("titian-reservations-{name}-{}", std::process::id()));
    let _ = fs::remove_dir_all(&folder);
    folder
}

/// Adds the keys of some rows, one key a row, and seals and merges as the maintenance thread does.
fn add(reservations: &mut Reservations, rows: impl Iterator<Item = u64>) {
    for seq in rows {
        reservations.extend([(key(seq), seq)], head(seq));
        if let Some(seal_job) = reservations.begin_seal() {
            let run = seal_job.write().unwrap();
            reservations.end_seal(run);
        }
        while let Some(merge_job) = reservations.begin_merge() {
            let run = merge_job.write(&AtomicBool::new(false)).unwrap();
            reservations.end_merge(run);
            merge_job.remove_sources().unwrap();
        }
    }
}

#[test]
fn find_returns_reserved_keys_only_in_memory_in_runs_and_after_a_restart() {
    let folder = folder("find");
    let mut reservations = Reservations::open(folder.clone(), head(0), rows(0)).unwrap();
    let last = 8 * SEAL_AT as u64 + SEAL_AT as u64 + 10;
    add(&mut reservations, 1..=last);
    assert_eq!(reservations.runs.len(), 2, "eight runs merged into one, and one more");
    let sealed = last - 10;
    let again = Reservations::open(folder.clone(), head(0), rows(last)).unwrap();
    assert_eq!(again.head(), head(sealed), "the keys in memory are read from the rows again");
    for seq in (1..=sealed).step_by(97) {
        assert_eq!(reservations.find(key(seq)).unwrap(), Some(seq));
        assert_eq!(again.find(key(seq)).unwrap(), Some(seq));
    }
    assert_eq!(reservations.find(key(last)).unwrap(), Some(last));
    assert_eq!(again.find(key(last)).unwrap(), None);
    for unknown in last + 1..last + 10_000 {
        assert_eq!(reservations.find(key(unknown)).unwrap(), None);
    }
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn runs_sealed_during_a_merge_stay_and_a_merge_can_be_given_up() {
    let folder = folder("beside");
    let mut reservations = Reservations::open(folder.clone(), head(0), rows(0)).unwrap();
    let each = SEAL_AT as u64;
    let seal = |reservations: &mut Reservations, run: u64| {
        reservations.extend(
            (run * each + 1..=(run + 1) * each).map(|seq| (key(seq), seq)),
            head((run + 1) * each),
        );
        let run = reservations.begin_seal().unwrap().write().unwrap();
        reservations.end_seal(run);
    };
    (0..8).for_each(|run| seal(&mut reservations, run));
    let merge_job = reservations.begin_merge().unwrap();
    (8..10).for_each(|run| seal(&mut reservations, run));
    let given_up = merge_job.write(&AtomicBool::new(true)).unwrap_err();
    assert!(matches!(given_up, JournalError::Closed), "{given_up}");
    assert_eq!(reservations.runs.len(), 10, "nothing has changed");
    let merged = merge_job.write(&AtomicBool::new(false)).unwrap();
    reservations.end_merge(merged);
    assert_eq!((reservations.runs.len(), run::list(&folder).unwrap().len()), (3, 11));
    merge_job.remove_sources().unwrap();
    assert_eq!(run::list(&folder).unwrap().len(), 3);
    let again = Reservations::open(folder.clone(), head(0), rows(10 * each)).unwrap();
    for seq in [1, 8 * each, 8 * each + 1, 10 * each] {
        assert_eq!(reservations.find(key(seq)).unwrap(), Some(seq));
        assert_eq!(again.find(key(seq)).unwrap(), Some(seq));
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
        add(&mut Reservations::open(folder.clone(), head(0), rows(0)).unwrap(), 1..=last);
        fs::read(path()).unwrap()
    };
    let bytes = fresh();
    for at in [0, 7, 8, 23, 55, 56, 5_000, bytes.len() - 1] {
        let mut changed = bytes.clone();
        changed[at] ^= 0x10;
        fs::write(path(), changed).unwrap();
        assert_eq!(
            Reservations::open(folder.clone(), head(0), rows(last)).unwrap().head().count,
            0
        );
        fresh();
    }
    for length in [0, 10, 88, bytes.len() - 1, bytes.len() - 24] {
        fs::write(path(), &bytes[..length]).unwrap();
        assert_eq!(
            Reservations::open(folder.clone(), head(0), rows(last)).unwrap().head().count,
            0
        );
        fresh();
    }
    let other = |_| Ok(Some([9; 32]));
    assert_eq!(Reservations::open(folder.clone(), head(0), other).unwrap().head().count, 0);
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn keys_of_archived_rows_are_free_and_the_next_merge_drops_them() {
    let folder = folder("archive");
    let mut reservations = Reservations::open(folder.clone(), head(0), rows(0)).unwrap();
    let sealed = SEAL_AT as u64;
    add(&mut reservations, 1..=sealed);
    let archived = head(sealed / 2);
    let mut reservations = Reservations::open(folder.clone(), archived, rows(sealed)).unwrap();
    assert_eq!(reservations.find(key(archived.count)).unwrap(), None);
    assert_eq!(reservations.find(key(archived.count + 1)).unwrap(), Some(archived.count + 1));
    // A later row reserves the first key again, and the later row counts.
    reservations.extend([(key(1), sealed + 1)], head(sealed + 1));
    add(&mut reservations, sealed + 2..=8 * sealed);
    assert_eq!(reservations.runs.len(), 1);
    assert_eq!(reservations.find(key(1)).unwrap(), Some(sealed + 1));
    assert_eq!(
        reservations.runs[0].len() as u64,
        8 * sealed - archived.count,
        "archived keys are left out"
    );
    fs::remove_dir_all(folder).unwrap();
}
