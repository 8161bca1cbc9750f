//! Two processes and one store.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use titian::journal::{JournalError, StoreUrl, open};

use super::super::test_of;
use super::alone;
use super::support::{Folder, keys, none};

/// Holds a store until its input ends. The test below runs it in a separate process.
#[test]
fn hold() {
    let Ok(store) = std::env::var("TITIAN_HOLD") else { return };
    let journal = open(&StoreUrl::Sqlite(store.into()), &keys(), &none()).unwrap();
    println!("held");
    std::io::stdin().read_line(&mut String::new()).unwrap();
    journal.close().unwrap();
}

#[test]
fn a_second_process_is_refused_while_the_first_runs() {
    let _alone = alone();
    let folder = Folder::new();
    let mut first = Command::new(std::env::current_exe().unwrap())
        .args([test_of(module_path!(), "hold").as_str(), "--exact", "--nocapture"])
        .env("TITIAN_HOLD", folder.store())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(first.stdout.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap().contains("held")));
    let refused = open(&folder.url(), &keys(), &none()).err().unwrap();
    assert!(matches!(&refused, JournalError::InUse(path) if *path == folder.store()), "{refused}");
    drop(first.stdin.take());
    assert!(first.wait().unwrap().success());
    open(&folder.url(), &keys(), &none()).unwrap().close().unwrap();
}
