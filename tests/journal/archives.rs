//! The oldest rows are moved to files of their own, and the chain goes on through all of them.

use std::path::PathBuf;

use titian::journal::{Evidence, JournalError, Row, Verified, Wrong, archive, verify};
use titian::values::Moment;

use crate::support::{Folder, START, append, id, key, keys, lives, row};

fn verified(folder: &Folder, archives: &[PathBuf]) -> Result<Verified, Wrong> {
    let (checkpoints, keys) = (folder.file("checkpoints"), keys());
    let evidence =
        Evidence { archives, store: &folder.store(), checkpoints: Some((&checkpoints, &keys)) };
    verify(&evidence, |_, _| Ok(()))
}

fn before(transfer: u64) -> Moment {
    Moment::from_millis(START + transfer)
}

/// Transfers of which two live beside each other, so that every end of an archive lies within one.
fn beside(transfers: std::ops::Range<u64>) -> Vec<Row> {
    let steps = |two: u64| (0..4).flat_map(move |step| [row(two, step), row(two + 1, step)]);
    transfers.step_by(2).flat_map(steps).collect()
}

#[test]
fn archives_hold_the_oldest_rows_and_verification_follows_through_all() {
    let folder = Folder::new();
    let journal = folder.open();
    append(&journal, beside(0..100)).unwrap();
    let head = journal.head();
    journal.close().unwrap();

    let (first, second) = (folder.file("first"), folder.file("second"));
    let one = archive(&folder.store(), before(31), &first).unwrap();
    let two = archive(&folder.store(), before(60), &second).unwrap();
    assert!(one.count > 100 && two.count > one.count && two.count < head.count);
    assert_ne!(one.count % 8, 0, "transfers are cut apart");

    let all = verified(&folder, &[first.clone(), second.clone()]).unwrap();
    assert_eq!((all.from, all.head, all.checkpoints), (0, head, 1));
    folder.open().close().unwrap();
    let rest = verified(&folder, &[]).unwrap();
    assert_eq!((rest.from, rest.head, rest.index), (two.count, head, true), "without archives too");
    let later = verified(&folder, std::slice::from_ref(&second)).unwrap();
    assert_eq!(later.from, one.count);
    for wrong in [vec![first.clone()], vec![second, first]] {
        assert!(matches!(verified(&folder, &wrong), Err(Wrong::Row { .. })), "{wrong:?}");
    }
}

#[test]
fn what_is_archived_is_not_found_its_key_is_free_and_the_chain_goes_on() {
    let folder = Folder::new();
    let journal = folder.open();
    append(&journal, beside(0..100)).unwrap();
    journal.close().unwrap();
    let end = archive(&folder.store(), before(31), &folder.file("archive")).unwrap();

    let journal = folder.open();
    let reader = journal.reader().unwrap();
    assert_eq!(reader.transfer(id(10)).unwrap(), []);
    assert_eq!(reader.by_key(key(10)).unwrap(), []);
    assert_eq!(reader.transfer(id(99)).unwrap().len(), 4);
    // What is left of a transfer that the end cuts apart is not found either.
    let cut =
        (0..100).find(|transfer| !reader.transfer(id(*transfer)).unwrap().is_empty()).unwrap();
    assert_eq!(reader.transfer(id(cut)).unwrap().len(), 4);
    assert!(append(&journal, vec![row(99, 0)]).unwrap().len() == 2, "keys that are here are taken");
    let again = Row { id: id(200), ..row(10, 0) };
    assert!(append(&journal, vec![again]).unwrap().is_empty(), "one of the archive is free");
    assert!(append(&journal, vec![row(10, 3)]).unwrap().is_empty(), "the chain takes what is late");
    assert_eq!(reader.transfer(id(10)).unwrap(), []);
    journal.close().unwrap();
    let found = verified(&folder, &[folder.file("archive")]).unwrap();
    assert_eq!((found.from, found.head.count, found.index), (0, 402, true));
    assert!(end.count < 400);
}

#[test]
fn open_transfers_and_all_after_them_stay() {
    let folder = Folder::new();
    let journal = folder.open();
    append(&journal, lives(0..10)).unwrap();
    append(&journal, vec![row(10, 0), row(10, 1)]).unwrap();
    append(&journal, lives(11..20)).unwrap();
    journal.close().unwrap();
    let to = folder.file("archive");
    let end = archive(&folder.store(), before(1_000_000), &to).unwrap();
    assert_eq!(end.count, 40, "up to the open one");
    let journal = folder.open();
    let reader = journal.reader().unwrap();
    let open: Vec<_> = reader.open_transfers().unwrap().map(Result::unwrap).collect();
    assert_eq!(open, [vec![row(10, 0), row(10, 1)]]);
    journal.close().unwrap();

    let refused = archive(&folder.store(), before(0), &to).unwrap_err();
    assert!(matches!(refused, JournalError::Archive { .. }), "{refused}");
    let none = folder.file("none");
    assert_eq!(archive(&folder.store(), before(1_000_000), &none).unwrap(), end, "no more to move");
    assert!(!none.exists());
    let journal = folder.open();
    let refused = archive(&folder.store(), before(1_000_000), &none).unwrap_err();
    assert!(matches!(refused, JournalError::InUse(_)), "{refused}");
    journal.close().unwrap();
}
