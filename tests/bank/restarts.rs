//! A ledger that is closed and opened again, or can't be.

use std::fs;

use titian::bank::{BankError, Books, Total, books};
use titian::transfer::{CancelAnswer, PostingAnswer, Refusal, Side, Was};

use crate::house::{BUDI, Folder, Port, SITI, posting};

#[tokio::test]
async fn the_same_is_said_after_a_restart() {
    let folder = Folder::new();
    let mut port = folder.port();
    let debit = posting(1, Side::Debit, SITI, 400);
    let refused = posting(2, Side::Debit, BUDI, 400);
    let cancelled = posting(3, Side::Credit, BUDI, 400);
    assert_eq!(port.post(&debit).await, PostingAnswer::Posted);
    port.post(&refused).await;
    port.post(&cancelled).await;
    assert_eq!(port.cancel(3).await, CancelAnswer::Was(Was::Posted));
    assert_eq!(port.cancel(4).await, CancelAnswer::Was(Was::Absent));
    port.close().await;
    let before = folder.books();
    // What the file of accounts says of those that are there already is not looked at.
    let accounts = folder.0.join("accounts.csv");
    let text = fs::read_to_string(&accounts).unwrap().replace("100000\n", "7\n");
    fs::write(&accounts, text + "1000000006,GITA,active,IDR,5\n").unwrap();
    let mut port = folder.port();
    assert_eq!(port.post(&debit).await, PostingAnswer::Posted);
    let funds = PostingAnswer::Refused(Refusal::InsufficientFunds);
    assert_eq!(port.post(&refused).await, funds);
    assert_eq!(port.post(&cancelled).await, PostingAnswer::Barred);
    assert_eq!(port.cancel(4).await, CancelAnswer::Was(Was::Cancelled));
    port.close().await;
    let opened = Total { count: before.opened.count + 1, minor: before.opened.minor + 5 };
    assert_eq!(folder.books(), Books { opened, customers: before.customers + 5, ..before });
}

#[tokio::test]
async fn the_books_are_those_of_the_bank() {
    let folder = Folder::new();
    let mut port = folder.port();
    for (number, side, of, minor) in [
        (1, Side::Debit, SITI, 400),
        (2, Side::Debit, SITI, 50),
        (3, Side::Credit, BUDI, 7),
        (4, Side::Credit, BUDI, 30),
    ] {
        assert_eq!(port.post(&posting(number, side, of, minor)).await, PostingAnswer::Posted);
    }
    port.cancel(2).await;
    port.cancel(3).await;
    // Read while it is open.
    let total = |count, minor| Total { count, minor };
    let expected = Books {
        opened: total(3, 300_000),
        debited: total(2, 450),
        given_back: total(1, 50),
        credited: total(2, 37),
        taken_back: total(1, 7),
        clearing: 400 - 30,
        customers: 300_000 - 400 + 30,
    };
    assert_eq!(folder.books(), expected);
    port.close().await;
    assert_eq!(folder.books(), expected);
}

fn refused(folder: &Folder) -> BankError {
    Port::open(folder.settings()).err().unwrap()
}

#[tokio::test]
async fn a_ledger_is_one_processs_and_of_this_program() {
    let folder = Folder::new();
    let path = folder.embedded().ledger;
    let port = folder.port();
    assert!(matches!(refused(&folder), BankError::InUse(_)));
    port.close().await;
    folder.port().close().await;
    for (text, number) in [("PRAGMA user_version = 2", 2), ("PRAGMA application_id = 7", 7)] {
        rusqlite::Connection::open(&path).unwrap().execute_batch(text).unwrap();
        assert!(matches!(refused(&folder), BankError::Foreign(_)), "{number}");
        assert!(matches!(books(&path), Err(BankError::Foreign(_))), "{number}");
    }
    fs::write(&path, "no database, and longer than the head of one would be".repeat(9)).unwrap();
    assert!(matches!(refused(&folder), BankError::Foreign(_)));
}

#[tokio::test]
async fn a_balance_that_the_entries_do_not_give_is_found() {
    let folder = Folder::new();
    folder.port().close().await;
    let path = folder.embedded().ledger;
    let edit = "UPDATE accounts SET balance = balance + 1 WHERE number = '1000000002'";
    rusqlite::Connection::open(&path).unwrap().execute_batch(edit).unwrap();
    let told = books(&path).unwrap_err().to_string();
    assert!(told.contains("is damaged, 1 of its accounts"), "{told}");
}

#[tokio::test]
async fn a_file_of_accounts_with_a_fault_opens_none() {
    let folder = Folder::new();
    let accounts = folder.0.join("accounts.csv");
    let text = fs::read_to_string(&accounts).unwrap();
    for (wrong, told) in [
        (text.replace("dormant", "asleep"), "line 5: the status is none of"),
        (text.replace("number,", ""), "line 1: is not the header"),
        (text.clone() + &"9".repeat(5_000), "line 7: "),
    ] {
        fs::write(&accounts, wrong).unwrap();
        let error = refused(&folder).to_string();
        assert!(error.contains(told) && !error.contains("EKO"), "{error}");
    }
    fs::write(&accounts, text).unwrap();
    let mut port = folder.port();
    let all = posting(1, Side::Debit, SITI, 100_000);
    assert_eq!(port.post(&all).await, PostingAnswer::Posted);
}

#[tokio::test]
async fn a_ledger_that_fails_says_so_and_acknowledges_nothing_more() {
    let folder = Folder::new();
    let mut port = folder.port();
    assert_eq!(port.post(&posting(1, Side::Debit, SITI, 1)).await, PostingAnswer::Posted);
    // What is in the file is no ledger any more, though the form says so.
    let other = rusqlite::Connection::open(folder.embedded().ledger).unwrap();
    other.execute_batch("ALTER TABLE postings RENAME TO lost").unwrap();
    port.handle.ask(vec![titian::bank::Ask::Post(posting(2, Side::Debit, SITI, 1))]);
    assert_eq!(port.events.next().await, None);
    let fault = port.events.fault().unwrap().to_string();
    assert!(fault.contains("ledger.db is damaged") && fault.contains("postings"), "{fault}");
    // It takes no more.
    port.handle.ask(vec![titian::bank::Ask::Cancel(crate::house::id(1))]);
    assert_eq!(port.events.next().await, None);
}
