//! A full disk: the journal stops at once, reports the error to every caller, and a start with free space recovers it.

use titian::journal::{Chain, JournalError, StoreUrl, open};

use super::super::{durable_until_full, test_of};
use super::alone;
use super::support::{Folder, all_steps, append, keys, none, verified};

/// Appends until something fails. The test below runs it in a process with a file size limit.
#[test]
fn append_until_it_fails() {
    let Ok(store) = std::env::var("TITIAN_FULL") else { return };
    let journal = open(&StoreUrl::Sqlite(store.into()), &keys(), &none()).unwrap();
    let mut durable = 0;
    let failed = loop {
        match append(&*journal, all_steps(durable * 100..(durable + 1) * 100)) {
            Ok(_) => durable += 1,
            Err(failed) => break failed,
        }
    };
    assert!(matches!(&failed, JournalError::Io { .. }), "{failed}");
    for _ in 0..3 {
        let again = append(&*journal, Vec::new()).unwrap_err();
        assert_eq!(
            again.to_string(),
            failed.to_string(),
            "every later append reports the first error"
        );
    }
    assert_eq!(journal.head(Chain::Transfers).count, durable * 400);
    assert_eq!(journal.close().unwrap_err().to_string(), failed.to_string());
    println!("durable {durable}, then: {failed}");
}

#[test]
fn a_full_disk_stops_the_journal_and_a_start_with_free_space_recovers_it() {
    let _alone = alone();
    // Limits in kilobytes: one is reached early, one after a part of the log was copied into the store.
    for blocks in [2_000, 6_000] {
        let folder = Folder::new();
        let test = test_of(module_path!(), "append_until_it_fails");
        let durable = durable_until_full(&test, blocks, ("TITIAN_FULL", folder.store().as_ref()));

        let journal = folder.open();
        let rows = journal.head(Chain::Transfers).count;
        // The failed batch is complete or absent.
        assert!(rows == durable * 400 || rows == (durable + 1) * 400, "{rows}");
        append(&*journal, all_steps(1_000_000..1_000_010)).unwrap();
        journal.close().unwrap();
        assert_eq!(verified(&folder, &[]).unwrap().head.count, rows + 40);
    }
}
