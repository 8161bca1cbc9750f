use super::*;

fn head(count: u64) -> Head {
    let mut hash = [0; 32];
    hash[..8].copy_from_slice(&count.to_be_bytes());
    Head { count, hash }
}

/// A hash, as keys are.
fn key(number: u64) -> u128 {
    (u128::from(number) + 1).wrapping_mul(0xDA94_2042_E4DD_58B5_92D6_8CA2_F53E_2B5D)
}

/// The hash of a row of a store that has so many.
fn rows(count: u64) -> impl Fn(u64) -> Result<Option<[u8; 32]>, JournalError> {
    move |seq| Ok((seq <= count).then(|| head(seq).hash))
}

fn folder(name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("titian-claims-{name}-{}", std::process::id()));
    let _ = fs::remove_dir_all(&folder);
    folder
}

/// Takes the keys of some rows in, a key a row, and keeps them as the keeper does.
fn take(claims: &mut Claims, rows: impl Iterator<Item = u64>) {
    for seq in rows {
        claims.extend([(key(seq), seq)], head(seq));
        if let Some(sealing) = claims.begin_seal() {
            let run = sealing.write().unwrap();
            claims.end_seal(run);
        }
        while let Some(merging) = claims.begin_merge() {
            let run = merging.write(&AtomicBool::new(false)).unwrap();
            claims.end_merge(run);
            merging.clear().unwrap();
        }
    }
}

#[test]
fn every_key_is_found_in_memory_in_runs_and_after_a_start_and_no_other() {
    let folder = folder("find");
    let mut claims = Claims::open(folder.clone(), head(0), rows(0)).unwrap();
    let last = 8 * NEWEST as u64 + NEWEST as u64 + 10;
    take(&mut claims, 1..=last);
    assert_eq!(claims.runs.len(), 2, "eight merged to one, and one more");
    let sealed = last - 10;
    let again = Claims::open(folder.clone(), head(0), rows(last)).unwrap();
    assert_eq!(again.head(), head(sealed), "what was in memory is to be read again");
    for seq in (1..=sealed).step_by(97) {
        assert_eq!(claims.find(key(seq)).unwrap(), Some(seq));
        assert_eq!(again.find(key(seq)).unwrap(), Some(seq));
    }
    assert_eq!(claims.find(key(last)).unwrap(), Some(last));
    assert_eq!(again.find(key(last)).unwrap(), None);
    for unknown in last + 1..last + 10_000 {
        assert_eq!(claims.find(key(unknown)).unwrap(), None);
    }
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn what_is_sealed_while_runs_are_merged_stays_and_a_merge_may_be_given_up() {
    let folder = folder("beside");
    let mut claims = Claims::open(folder.clone(), head(0), rows(0)).unwrap();
    let each = NEWEST as u64;
    let seal = |claims: &mut Claims, run: u64| {
        claims.extend(
            (run * each + 1..=(run + 1) * each).map(|seq| (key(seq), seq)),
            head((run + 1) * each),
        );
        let run = claims.begin_seal().unwrap().write().unwrap();
        claims.end_seal(run);
    };
    (0..8).for_each(|run| seal(&mut claims, run));
    let merging = claims.begin_merge().unwrap();
    (8..10).for_each(|run| seal(&mut claims, run));
    let given_up = merging.write(&AtomicBool::new(true)).unwrap_err();
    assert!(matches!(given_up, JournalError::Closed), "{given_up}");
    assert_eq!(claims.runs.len(), 10, "and nothing has changed");
    let merged = merging.write(&AtomicBool::new(false)).unwrap();
    claims.end_merge(merged);
    assert_eq!((claims.runs.len(), run::list(&folder).unwrap().len()), (3, 11));
    merging.clear().unwrap();
    assert_eq!(run::list(&folder).unwrap().len(), 3);
    let again = Claims::open(folder.clone(), head(0), rows(10 * each)).unwrap();
    for seq in [1, 8 * each, 8 * each + 1, 10 * each] {
        assert_eq!(claims.find(key(seq)).unwrap(), Some(seq));
        assert_eq!(again.find(key(seq)).unwrap(), Some(seq));
    }
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn a_run_that_is_damaged_short_or_of_another_chain_is_made_again() {
    let folder = folder("damage");
    let last = NEWEST as u64;
    let path = || run::list(&folder).unwrap().remove(0);
    let fresh = || {
        let _ = fs::remove_dir_all(&folder);
        take(&mut Claims::open(folder.clone(), head(0), rows(0)).unwrap(), 1..=last);
        fs::read(path()).unwrap()
    };
    let bytes = fresh();
    for at in [0, 7, 8, 23, 55, 56, 5_000, bytes.len() - 1] {
        let mut changed = bytes.clone();
        changed[at] ^= 0x10;
        fs::write(path(), changed).unwrap();
        assert_eq!(Claims::open(folder.clone(), head(0), rows(last)).unwrap().head().count, 0);
        fresh();
    }
    for length in [0, 10, 88, bytes.len() - 1, bytes.len() - 24] {
        fs::write(path(), &bytes[..length]).unwrap();
        assert_eq!(Claims::open(folder.clone(), head(0), rows(last)).unwrap().head().count, 0);
        fresh();
    }
    let other = |_| Ok(Some([9; 32]));
    assert_eq!(Claims::open(folder.clone(), head(0), other).unwrap().head().count, 0);
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn keys_of_archived_rows_are_free_and_leave_with_the_next_merge() {
    let folder = folder("archive");
    let mut claims = Claims::open(folder.clone(), head(0), rows(0)).unwrap();
    let sealed = NEWEST as u64;
    take(&mut claims, 1..=sealed);
    let archived = head(sealed / 2);
    let mut claims = Claims::open(folder.clone(), archived, rows(sealed)).unwrap();
    assert_eq!(claims.find(key(archived.count)).unwrap(), None);
    assert_eq!(claims.find(key(archived.count + 1)).unwrap(), Some(archived.count + 1));
    // The first key is taken again by a later row, and the newer counts.
    claims.extend([(key(1), sealed + 1)], head(sealed + 1));
    take(&mut claims, sealed + 2..=8 * sealed);
    assert_eq!(claims.runs.len(), 1);
    assert_eq!(claims.find(key(1)).unwrap(), Some(sealed + 1));
    assert_eq!(
        claims.runs[0].len() as u64,
        8 * sealed - archived.count,
        "archived ones are left out"
    );
    fs::remove_dir_all(folder).unwrap();
}
