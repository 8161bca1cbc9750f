//! A full disk: the ledger stops at once, confirms nothing more and reports the error. A start with free space continues.

use titian::core_banking::{CoreBankingError, CoreCommand, CoreReply};
use titian::transfer::{PostingReply, Side};

use super::super::{durable_until_full, test_of};
use super::alone;
use super::support::{BUDI, Folder, Port, posting, read};

fn credit(number: u128) -> CoreCommand {
    CoreCommand::Post(posting(number, Side::Credit, BUDI, 1))
}

/// Posts until something fails. The test below runs it in a process with a file size limit.
#[tokio::test]
async fn post_until_it_fails() {
    let Ok(settings) = std::env::var("TITIAN_FULL_DISK_CORE") else { return };
    let mut port = Port::open(read(&settings).unwrap()).unwrap();
    let (mut asked, mut durable) = (0, 0_u64);
    loop {
        port.handle.send((asked..asked + 200).map(credit).collect());
        asked += 200;
        let Some(batch) = port.replies.next().await else { break };
        for reply in batch {
            match reply {
                CoreReply::Posting(_, PostingReply::Posted) => durable += 1,
                // Sent while the ledger stopped.
                CoreReply::Posting(_, PostingReply::Unknown) => {}
                reply => panic!("{reply:?}"),
            }
        }
    }
    let fault = port.replies.fault().unwrap();
    assert!(matches!(fault, CoreBankingError::Io { .. }), "{fault}");
    println!("durable {durable}, then: {fault}");
}

#[tokio::test]
async fn a_full_disk_stops_the_ledger_and_a_start_with_free_space_continues() {
    let _alone = alone().await;
    // Limits in kilobytes: one is reached early, one after a part of the log was copied into the file.
    for blocks in [600, 4_000] {
        let folder = Folder::new();
        let test = test_of(module_path!(), "post_until_it_fails");
        let durable =
            durable_until_full(&test, blocks, ("TITIAN_FULL_DISK_CORE", folder.text().as_ref()));
        let mut port = folder.port();
        let there = folder.books().credited.count;
        // The failed transaction is complete or absent.
        assert!(there >= durable, "{there} of {durable}");
        let CoreReply::Posting(_, reply) = port.send(credit(9_999_999)).await else { panic!() };
        assert_eq!(reply, PostingReply::Posted);
        port.close().await;
        assert_eq!(folder.books().credited.count, there + 1);
    }
}
