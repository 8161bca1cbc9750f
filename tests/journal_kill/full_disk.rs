//! The disk is full: the journal stops at once, says so to everybody, and a start with room again recovers.

use std::path::Path;
use std::process::{Command, Stdio};

use titian::journal::{Evidence, Journal, JournalError, verify};

use crate::alone;
use crate::support::{Folder, append, lives};

/// Journals until something fails; of the test below, in a process that may write small files only.
#[test]
fn journal_until_it_fails() {
    let Ok(store) = std::env::var("TITIAN_FULL") else { return };
    let journal = Journal::open(Path::new(&store), None).unwrap();
    let mut durable = 0;
    let failed = loop {
        match append(&journal, lives(durable * 100..(durable + 1) * 100)) {
            Ok(_) => durable += 1,
            Err(failed) => break failed,
        }
    };
    assert!(matches!(&failed, JournalError::Io { .. }), "{failed}");
    for _ in 0..3 {
        let again = append(&journal, Vec::new()).unwrap_err();
        assert_eq!(
            again.to_string(),
            failed.to_string(),
            "nothing more is written, and why is said"
        );
    }
    assert_eq!(journal.fault().unwrap().to_string(), failed.to_string());
    assert_eq!(journal.head().count, durable * 400);
    assert_eq!(journal.close().unwrap_err().to_string(), failed.to_string());
    println!("durable {durable}, then: {failed}");
}

#[test]
fn a_full_disk_stops_the_journal_and_a_start_with_room_recovers() {
    let _alone = alone();
    // What bash counts in kilobytes: early, and after some of the log was taken into the store.
    for blocks in [2_000, 6_000] {
        let folder = Folder::new();
        // What is over the limit fails as a full disk does, when the signal of it is ignored.
        let limited = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" \"$@\"");
        let output = Command::new("bash")
            .args(["-c", &limited])
            .arg(std::env::current_exe().unwrap())
            .args(["full_disk::journal_until_it_fails", "--exact", "--nocapture"])
            .env("TITIAN_FULL", folder.store())
            .stderr(Stdio::inherit())
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{said}");
        let line = said.lines().find(|line| line.contains("durable ")).unwrap();
        println!("{line}");
        let durable = line.split("durable ").nth(1).unwrap().split(',').next().unwrap();
        let durable: u64 = durable.parse().unwrap();
        assert!(durable > 0);

        let journal = folder.open();
        let rows = journal.head().count;
        // The batch that failed may be there, as a whole.
        assert!(rows == durable * 400 || rows == (durable + 1) * 400, "{rows}");
        append(&journal, lives(1_000_000..1_000_010)).unwrap();
        journal.close().unwrap();
        let evidence = Evidence { archives: &[], store: &folder.store(), checkpoints: None };
        assert_eq!(verify(&evidence, |_, _| Ok(())).unwrap().head.count, rows + 40);
    }
}
