//! The disk is full: the ledger stops at once, acknowledges nothing more, says why, and a start with room again goes on.

use std::process::{Command, Stdio};

use titian::bank::{Ask, BankError, Told};
use titian::transfer::{PostingAnswer, Side};

use crate::alone;
use crate::house::{BUDI, Folder, Port, posting, read};

fn credit(number: u128) -> Ask {
    Ask::Post(posting(number, Side::Credit, BUDI, 1))
}

/// Posts until something fails; of the test below, in a process that may write small files only.
#[tokio::test]
async fn post_until_it_fails() {
    let Ok(settings) = std::env::var("TITIAN_FULL_BANK") else { return };
    let mut port = Port::open(read(&settings).unwrap()).unwrap();
    let (mut asked, mut durable) = (0, 0_u64);
    loop {
        port.handle.ask((asked..asked + 200).map(credit).collect());
        asked += 200;
        let Some(told) = port.events.next().await else { break };
        for told in told {
            match told {
                Told::Posting(_, PostingAnswer::Posted) => durable += 1,
                // Asked of the ledger as it stopped.
                Told::Posting(_, PostingAnswer::None) => {}
                told => panic!("{told:?}"),
            }
        }
    }
    let fault = port.events.fault().unwrap();
    assert!(matches!(fault, BankError::Io { .. }), "{fault}");
    println!("durable {durable}, then: {fault}");
}

#[tokio::test]
async fn a_full_disk_stops_the_ledger_and_a_start_with_room_goes_on() {
    let _alone = alone().await;
    // What bash counts in kilobytes: early, and after some of the log was taken into the file.
    for blocks in [600, 4_000] {
        let folder = Folder::new();
        // What is over the limit fails as a full disk does, when the signal of it is ignored.
        let limited = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" \"$@\"");
        let output = Command::new("bash")
            .args(["-c", &limited])
            .arg(std::env::current_exe().unwrap())
            .args(["full_disk::post_until_it_fails", "--exact", "--nocapture"])
            .env("TITIAN_FULL_BANK", folder.text())
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
        let mut port = folder.port();
        let there = folder.books().credited.count;
        // What failed may be there, as a whole.
        assert!(there >= durable, "{there} of {durable}");
        let Told::Posting(_, answer) = port.ask(credit(9_999_999)).await else { panic!() };
        assert_eq!(answer, PostingAnswer::Posted);
        port.close().await;
        assert_eq!(folder.books().credited.count, there + 1);
    }
}
