//! The head that the journal records: an older copy of the ledger, another one, and a missing one are refused, and nothing is
//! created in their place.

use std::fs;

use titian::core_banking::{CoreBankingError, LockedLedger, lock_ledger, verify_ledger};
use titian::signing::LedgerHead;
use titian::transfer::{PostingReply, Side};

use super::forgery::{Forged, copy, restore};
use super::support::{Folder, Port, SITI, keys, posting};

/// Makes some postings in a run of their own. Returns the head that the journal records at the stop.
async fn postings(folder: &Folder, numbers: std::ops::Range<u128>) -> LedgerHead {
    let mut port = folder.port();
    for number in numbers {
        let posting = posting(number, Side::Debit, SITI, 1);
        assert_eq!(port.post(&posting).await, PostingReply::Posted);
    }
    let Port { handle, replies, .. } = port;
    let head = handle.close(replies).await.unwrap().unwrap();
    let verified = verify_ledger(&folder.embedded().ledger, &keys().trusted, Some(head)).unwrap();
    assert_eq!(verified.head, head.head, "the last durable head");
    head
}

/// Returns the refusal of a start and of a lock, both the same, after which the ledger's file is as before.
fn refusal(folder: &Folder, recorded: LedgerHead) -> String {
    let path = folder.embedded().ledger;
    let before = fs::read(&path).ok();
    let refused = Port::open_recorded(folder.settings(), Some(recorded)).err().unwrap();
    assert!(matches!(refused, CoreBankingError::NotAsRecorded { .. }), "{refused}");
    let locked = lock_ledger(&path, &keys().trusted, Some(recorded)).err().unwrap().to_string();
    assert_eq!(fs::read(&path).ok(), before, "nothing is changed or created");
    let refused = refused.to_string();
    if before.is_some_and(|before| !before.is_empty()) {
        assert_eq!(locked, refused);
        let found = verify_ledger(&path, &keys().trusted, Some(recorded)).unwrap_err();
        assert_eq!(found.to_string(), refused);
    }
    assert!(refused.contains(&format!("{}: the journal records its row ", path.display())));
    assert!(refused.contains("restore the newest copy of the ledger"), "{refused}");
    refused
}

#[tokio::test]
async fn a_ledger_that_has_the_recorded_row_starts() {
    let Forged { folder, .. } = Forged::new().await;
    let older = postings(&folder, 20..22).await;
    let newer = postings(&folder, 22..24).await;
    // Rows after the last record are normal: a kill leaves some.
    for recorded in [None, Some(older), Some(newer)] {
        Port::open_recorded(folder.settings(), recorded).unwrap().close().await;
    }
}

#[tokio::test]
async fn an_older_copy_a_missing_and_another_ledger_are_refused() {
    let Forged { folder, path, .. } = Forged::new().await;
    let old = copy(&path);
    let recorded = postings(&folder, 20..24).await;
    let row = recorded.head.count;
    assert_eq!(row, 21);
    let newest = copy(&path);

    restore(&path, &old);
    let refused = refusal(&folder, recorded);
    assert!(refused.contains("records its row 21, but its last row is 17;"), "{refused}");

    // The older copy, continued beyond the recorded row.
    postings(&folder, 30..39).await;
    let refused = refusal(&folder, recorded);
    assert!(refused.contains("but its row of this number is another one;"), "{refused}");

    let other = Forged::new().await;
    postings(&other.folder, 20..24).await;
    restore(&path, &copy(&other.path));
    let refused = refusal(&folder, recorded);
    assert!(refused.contains("but it is another ledger;"), "{refused}");

    restore(&path, b"");
    let refused = refusal(&folder, recorded);
    assert!(refused.contains("but the file is empty;"), "{refused}");

    restore(&path, b"");
    fs::remove_file(&path).unwrap();
    let refused = refusal(&folder, recorded);
    assert!(refused.contains("but the file is missing;"), "{refused}");
    assert!(!path.exists());

    // A new ledger without any row.
    let empty = Folder::new();
    fs::write(empty.0.join("accounts.csv"), "number,name,status,currency,opening_balance\n")
        .unwrap();
    let port = empty.port();
    assert_eq!(port.handle.ledger_head(), None);
    port.close().await;
    let refused = refusal(&empty, recorded);
    assert!(refused.contains("but it has no rows;"), "{refused}");

    restore(&path, &newest);
    Port::open_recorded(folder.settings(), Some(recorded)).unwrap().close().await;
}

#[tokio::test]
async fn an_altered_record_is_refused() {
    let Forged { folder, .. } = Forged::new().await;
    let recorded = postings(&folder, 20..24).await;
    let mut altered = recorded;
    altered.head.hash[0] ^= 1;
    assert!(refusal(&folder, altered).contains("but its row of this number is another one;"));
    altered = recorded;
    altered.head.count += 1;
    assert!(refusal(&folder, altered).contains("row 22, but its last row is 21;"));
    altered.head.count -= 2;
    assert!(refusal(&folder, altered).contains("row 20, but its row of this number is another"));
    altered = recorded;
    altered.chain_id.0[0] ^= 1;
    assert!(refusal(&folder, altered).contains("but it is another ledger;"));
}

#[tokio::test]
async fn the_head_is_that_of_the_last_durable_reply_and_core_over_http_has_none() {
    let folder = Folder::new();
    let mut port = folder.port();
    let at_start = port.handle.ledger_head().unwrap();
    assert_eq!(at_start.head.count, 5, "the accounts");
    for (number, row) in (1..9).zip(6_u64..) {
        port.post(&posting(number, Side::Debit, SITI, 1)).await;
        let head = port.handle.ledger_head().unwrap();
        assert_eq!((head.head.count, head.chain_id), (row, at_start.chain_id));
        let ledger = folder.embedded().ledger;
        let verified = verify_ledger(&ledger, &keys().trusted, Some(head)).unwrap();
        assert_eq!(verified.head, head.head);
    }
    port.close().await;

    let (core, port) = folder.over_http().await;
    // A record of an embedded ledger is not compared with it.
    let Port { handle, replies, .. } = port;
    assert_eq!(handle.ledger_head(), None);
    assert_eq!(handle.close(replies).await.unwrap(), None);
    core.close().await;
    let text = "mode = \"http\"\ndebit = \"titian\"\nurl = \"http://127.0.0.1:1\"\ntimeout = \"10s\"\nconnections = 4";
    let settings = super::support::read(text).unwrap();
    drop(Port::open_recorded(settings, Some(at_start)).unwrap());
}

#[tokio::test]
async fn a_locked_ledger_gets_no_rows_and_one_in_use_is_not_locked() {
    let Forged { folder, path, .. } = Forged::new().await;
    let locked = lock_ledger(&path, &keys().trusted, None).unwrap();
    let refused = Port::open(folder.settings()).err().unwrap();
    assert!(matches!(refused, CoreBankingError::InUse(_)), "{refused}");
    let LockedLedger { verified, .. } = &locked;
    assert_eq!(verified.head.count, 17);
    drop(locked);
    let port = folder.port();
    let refused = lock_ledger(&path, &keys().trusted, None).err().unwrap();
    assert!(matches!(refused, CoreBankingError::InUse(_)), "{refused}");
    port.close().await;
}
