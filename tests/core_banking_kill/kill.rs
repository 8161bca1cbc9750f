//! A process that posts under load is killed at random moments: every confirmed posting exists, and the books sum to zero.

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};

use titian::core_banking::{CoreCommand, CoreReply};
use titian::transfer::{PostingReply, Side};

use super::super::test_of;
use super::alone;
use super::support::{BUDI, Folder, Port, id, posting, read};

const KILLS: u64 = 20;

/// Posts until it is killed, and prints each confirmed posting. The test below runs it in a separate process.
#[tokio::test]
async fn post_without_end() {
    let Ok(settings) = std::env::var("TITIAN_KILL_CORE") else { return };
    let first: u128 = std::env::var("TITIAN_KILL_FIRST").unwrap().parse().unwrap();
    let mut port = Port::open(read(&settings).unwrap()).unwrap();
    let credit = |number| CoreCommand::Post(posting(number, Side::Credit, BUDI, 1));
    port.handle.send((first..first + 64).map(credit).collect());
    for next in first + 64.. {
        let CoreReply::Posting(of, PostingReply::Posted) = port.next_reply().await else {
            panic!("refused")
        };
        // The pipe to the test is not buffered here, so the line is out.
        writeln!(std::io::stdout(), "durable {}", of.0 - id(0).0).unwrap();
        port.handle.send(vec![credit(next)]);
    }
}

#[tokio::test]
async fn confirmed_postings_survive_kills() {
    let _alone = alone().await;
    let folder = Folder::new();
    let mut durable = 0;
    for kill in 0..KILLS {
        let first = durable;
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args([test_of(module_path!(), "post_without_end").as_str(), "--exact", "--nocapture"])
            .env("TITIAN_KILL_CORE", folder.text())
            .env("TITIAN_KILL_FIRST", first.to_string())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines_out =
            BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        let number = |line: String| line.split("durable ").nth(1)?.parse::<u64>().ok();
        let some = usize::try_from(kill * 37 % 400 + 1).unwrap();
        let before: Vec<_> = lines_out.by_ref().filter_map(number).take(some).collect();
        child.kill().unwrap();
        child.wait().unwrap();
        // The lines before the kill.
        let last = before.into_iter().chain(lines_out.filter_map(number)).max().unwrap();
        let credited = folder.books().credited.count;
        assert!(credited > last, "{credited} postings, but {last} was confirmed");
        durable = last + 1;
    }
    println!("killed {KILLS} times, {durable} postings confirmed");
}
