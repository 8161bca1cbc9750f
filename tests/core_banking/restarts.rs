//! Restarts of the ledger, and ledgers that can't be opened.

use std::fs;

use titian::core_banking::{Books, CoreBankingError, Total, books};
use titian::transfer::{CancelReply, PostingReply, PriorPosting, Refusal, Side};

use super::support::{BUDI, Folder, Port, SITI, posting};

#[tokio::test]
async fn replies_are_the_same_after_a_restart() {
    let folder = Folder::new();
    let mut port = folder.port();
    let debit = posting(1, Side::Debit, SITI, 400);
    let refused = posting(2, Side::Debit, BUDI, 400);
    let cancelled = posting(3, Side::Credit, BUDI, 400);
    assert_eq!(port.post(&debit).await, PostingReply::Posted);
    port.post(&refused).await;
    port.post(&cancelled).await;
    assert_eq!(port.cancel(3).await, CancelReply::Cancelled(PriorPosting::Posted));
    assert_eq!(port.cancel(4).await, CancelReply::Cancelled(PriorPosting::Absent));
    port.close().await;
    let before = folder.books();
    // The file of accounts does not change existing accounts.
    let accounts = folder.0.join("accounts.csv");
    let text = fs::read_to_string(&accounts).unwrap().replace("100000\n", "7\n");
    fs::write(&accounts, text + "1000000006,GITA,active,IDR,5\n").unwrap();
    let mut port = folder.port();
    assert_eq!(port.post(&debit).await, PostingReply::Posted);
    let funds = PostingReply::Refused(Refusal::InsufficientFunds);
    assert_eq!(port.post(&refused).await, funds);
    assert_eq!(port.post(&cancelled).await, PostingReply::Barred);
    assert_eq!(port.cancel(4).await, CancelReply::Cancelled(PriorPosting::Cancelled));
    port.close().await;
    let opened = Total { count: before.opened.count + 1, minor: before.opened.minor + 5 };
    assert_eq!(folder.books(), Books { opened, customers: before.customers + 5, ..before });
}

#[tokio::test]
async fn the_books_sum_all_kinds_of_entries() {
    let folder = Folder::new();
    let mut port = folder.port();
    for (number, side, of, minor) in [
        (1, Side::Debit, SITI, 400),
        (2, Side::Debit, SITI, 50),
        (3, Side::Credit, BUDI, 7),
        (4, Side::Credit, BUDI, 30),
    ] {
        assert_eq!(port.post(&posting(number, side, of, minor)).await, PostingReply::Posted);
    }
    port.cancel(2).await;
    port.cancel(3).await;
    // The books are read while the ledger is open.
    let total = |count, minor| Total { count, minor };
    let expected = Books {
        opened: total(3, 300_000),
        debited: total(2, 450),
        refunded: total(1, 50),
        credited: total(2, 37),
        credits_reversed: total(1, 7),
        clearing: 400 - 30,
        customers: 300_000 - 400 + 30,
    };
    assert_eq!(folder.books(), expected);
    port.close().await;
    assert_eq!(folder.books(), expected);
}

fn refused(folder: &Folder) -> CoreBankingError {
    Port::open(folder.settings()).err().unwrap()
}

#[tokio::test]
async fn a_locked_or_foreign_ledger_is_refused() {
    let folder = Folder::new();
    let path = folder.embedded().ledger;
    let port = folder.port();
    assert!(matches!(refused(&folder), CoreBankingError::InUse(_)));
    port.close().await;
    folder.port().close().await;
    for (text, number) in [("PRAGMA user_version = 2", 2), ("PRAGMA application_id = 7", 7)] {
        rusqlite::Connection::open(&path).unwrap().execute_batch(text).unwrap();
        assert!(matches!(refused(&folder), CoreBankingError::Foreign(_)), "{number}");
        assert!(matches!(books(&path), Err(CoreBankingError::Foreign(_))), "{number}");
    }
    fs::write(&path, "a text that is longer than a database header".repeat(9)).unwrap();
    assert!(matches!(refused(&folder), CoreBankingError::Foreign(_)));
}

#[tokio::test]
async fn an_invalid_file_of_accounts_opens_no_account() {
    let folder = Folder::new();
    let accounts = folder.0.join("accounts.csv");
    let text = fs::read_to_string(&accounts).unwrap();
    for (wrong, expected) in [
        (text.replace("dormant", "asleep"), "line 5: status: must be"),
        (text.replace("number,", ""), "line 1: the header must be"),
        (text.clone() + &"9".repeat(5_000), "line 7: "),
    ] {
        let settings = folder.settings();
        // The file changes after the settings were read.
        fs::write(&accounts, wrong).unwrap();
        let error = Port::open(settings).err().unwrap().to_string();
        assert!(error.contains(expected) && !error.contains("EKO"), "{error}");
        fs::write(&accounts, &text).unwrap();
    }
    let mut port = folder.port();
    let all = posting(1, Side::Debit, SITI, 100_000);
    assert_eq!(port.post(&all).await, PostingReply::Posted);
}

#[tokio::test]
async fn a_failed_ledger_reports_its_error_and_confirms_nothing_more() {
    let folder = Folder::new();
    let mut port = folder.port();
    assert_eq!(port.post(&posting(1, Side::Debit, SITI, 1)).await, PostingReply::Posted);
    // The file still has the ledger's version, but lacks a table.
    let other = rusqlite::Connection::open(folder.embedded().ledger).unwrap();
    other.execute_batch("ALTER TABLE postings RENAME TO lost").unwrap();
    port.handle.send(vec![titian::core_banking::CoreCommand::Post(posting(
        2,
        Side::Debit,
        SITI,
        1,
    ))]);
    assert_eq!(port.replies.next().await, None);
    let fault = port.replies.fault().unwrap();
    assert!(matches!(fault, CoreBankingError::Changed(_)), "{fault}");
    assert!(fault.to_string().contains("ledger.db: another program changed"), "{fault}");
    // Further commands get no reply.
    port.handle.send(vec![titian::core_banking::CoreCommand::Cancel(super::support::id(1))]);
    assert_eq!(port.replies.next().await, None);
}
