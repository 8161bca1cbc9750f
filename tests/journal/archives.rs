//! Archives: the oldest rows move to separate files, and the chain continues through all of them.

use titian::journal::{Chain, JournalError, Row, VerificationError, archive};
use titian::values::Moment;

use super::support::{
    Folder, START, all_steps, append, id, key, keys, none as no_places, row, verified,
};

fn before(transfer: u64) -> Moment {
    Moment::from_millis(START + transfer)
}

/// Returns transfers of which two are always interleaved, so that every archive ends within a transfer.
fn interleaved(transfers: std::ops::Range<u64>) -> Vec<Row> {
    let steps = |two: u64| (0..4).flat_map(move |step| [row(two, step), row(two + 1, step)]);
    transfers.step_by(2).flat_map(steps).collect()
}

#[test]
fn archives_hold_the_oldest_rows_and_verify_follows_the_chain_through_all() {
    let folder = Folder::new();
    let journal = folder.open();
    for rows in interleaved(0..100).chunks(5) {
        append(&*journal, rows.to_vec()).unwrap();
    }
    let head = journal.head(Chain::Transfers);
    journal.close().unwrap();

    let (first, second) = (folder.file("first"), folder.file("second"));
    let one = archive(&folder.url(), &keys(), &no_places(), (before(31), &first)).unwrap();
    let two = archive(&folder.url(), &keys(), &no_places(), (before(60), &second)).unwrap();
    assert!(one.count > 100 && two.count > one.count && two.count < head.count);
    assert_ne!(one.count % 8, 0, "the archive ends within a transfer");

    let all = verified(&folder, &[first.clone(), second.clone()]).unwrap();
    assert_eq!((all.after_row, all.head.count), (0, head.count + 2), "each archive is on record");
    folder.open().close().unwrap();
    let rest = verified(&folder, &[]).unwrap();
    assert_eq!((rest.after_row, rest.head), (two.count, all.head), "without archives too");
    let later = verified(&folder, std::slice::from_ref(&second)).unwrap();
    assert_eq!(later.after_row, one.count);
    for wrong in [vec![first.clone()], vec![second, first]] {
        assert!(
            matches!(verified(&folder, &wrong), Err(VerificationError::Rows { .. })),
            "{wrong:?}"
        );
    }
}

#[test]
fn archived_transfers_are_not_found_and_their_keys_are_free() {
    let folder = Folder::new();
    let journal = folder.open();
    for rows in interleaved(0..100).chunks(5) {
        append(&*journal, rows.to_vec()).unwrap();
    }
    journal.close().unwrap();
    let end = archive(&folder.url(), &keys(), &no_places(), (before(31), &folder.file("archive")))
        .unwrap();

    let journal = folder.open();
    let reader = journal.reader().unwrap();
    assert_eq!(reader.transfer(id(10)).unwrap(), []);
    assert_eq!(reader.by_key(key(10)).unwrap(), []);
    assert_eq!(reader.transfer(id(99)).unwrap().len(), 4);
    // The remaining rows of a transfer that the archive cuts are not found either.
    let cut =
        (0..100).find(|transfer| !reader.transfer(id(*transfer)).unwrap().is_empty()).unwrap();
    assert_eq!(reader.transfer(id(cut)).unwrap().len(), 4);
    assert!(
        append(&*journal, vec![row(99, 0)]).unwrap().len() == 2,
        "keys in the store stay reserved"
    );
    let again = Row { id: id(200), ..row(10, 0) };
    assert!(append(&*journal, vec![again]).unwrap().is_empty(), "a key of the archive is free");
    assert!(append(&*journal, vec![row(10, 3)]).unwrap().is_empty(), "the chain accepts late rows");
    assert_eq!(reader.transfer(id(10)).unwrap(), []);
    journal.close().unwrap();
    let found = verified(&folder, &[folder.file("archive")]).unwrap();
    assert_eq!((found.after_row, found.head.count), (0, 403));
    assert!(end.count < 400);
}

#[test]
fn an_archive_ends_before_the_oldest_open_transfer() {
    let folder = Folder::new();
    let journal = folder.open();
    append(&*journal, all_steps(0..10)).unwrap();
    append(&*journal, vec![row(10, 0), row(10, 1)]).unwrap();
    append(&*journal, all_steps(11..20)).unwrap();
    journal.close().unwrap();
    let to = folder.file("archive");
    let end = archive(&folder.url(), &keys(), &no_places(), (before(1_000_000), &to)).unwrap();
    assert_eq!(end.count, 40, "up to the open transfer");
    let journal = folder.open();
    let reader = journal.reader().unwrap();
    let open: Vec<_> = reader.open_transfers().unwrap().map(Result::unwrap).collect();
    assert_eq!(open, [vec![row(10, 0), row(10, 1)]]);
    journal.close().unwrap();

    let refused = archive(&folder.url(), &keys(), &no_places(), (before(0), &to)).unwrap_err();
    assert!(matches!(refused, JournalError::Archive { .. }), "{refused}");
    let none = folder.file("none");
    assert_eq!(
        archive(&folder.url(), &keys(), &no_places(), (before(1_000_000), &none)).unwrap(),
        end,
        "nothing more to move"
    );
    assert!(!none.exists());
    let journal = folder.open();
    let refused =
        archive(&folder.url(), &keys(), &no_places(), (before(1_000_000), &none)).unwrap_err();
    assert!(matches!(refused, JournalError::InUse(_)), "{refused}");
    journal.close().unwrap();
}
