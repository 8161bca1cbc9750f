//! A process that posts under load is killed at random moments: what was answered is there, and the books sum to zero.

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};

use titian::bank::{Ask, Told};
use titian::transfer::{PostingAnswer, Side};

use crate::house::{BUDI, Folder, Port, id, posting, read};

const KILLS: u64 = 20;

/// Posts until it is killed, and says each posting that was answered; of the test below, in a process of its own.
#[tokio::test]
async fn post_without_end() {
    let Ok(settings) = std::env::var("TITIAN_KILL_BANK") else { return };
    let first: u128 = std::env::var("TITIAN_KILL_FIRST").unwrap().parse().unwrap();
    let mut port = Port::open(read(&settings).unwrap()).unwrap();
    let credit = |number| Ask::Post(posting(number, Side::Credit, BUDI, 1));
    port.handle.ask((first..first + 64).map(credit).collect());
    for next in first + 64.. {
        let Told::Posting(of, PostingAnswer::Posted) = port.told().await else { panic!("refused") };
        // The pipe to the test is not buffered here: what is said is said.
        writeln!(std::io::stdout(), "durable {}", of.0 - id(0).0).unwrap();
        port.handle.ask(vec![credit(next)]);
    }
}

#[test]
fn what_was_answered_outlives_the_process() {
    let folder = Folder::new();
    let path = folder.embedded();
    let settings = format!(
        "mode = \"embedded\"\ndebit = \"titian\"\nledger = \"sqlite://{}\"\naccounts_file = \"{}\"",
        path.ledger.display(),
        path.accounts.unwrap().display()
    );
    let mut durable = 0;
    for kill in 0..KILLS {
        let first = durable;
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["kill::post_without_end", "--exact", "--nocapture"])
            .env("TITIAN_KILL_BANK", &settings)
            .env("TITIAN_KILL_FIRST", first.to_string())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        let number = |line: String| line.split("durable ").nth(1)?.parse::<u64>().ok();
        let some = usize::try_from(kill * 37 % 400 + 1).unwrap();
        let before: Vec<_> = said.by_ref().filter_map(number).take(some).collect();
        child.kill().unwrap();
        child.wait().unwrap();
        // What it said before it died.
        let last = before.into_iter().chain(said.filter_map(number)).max().unwrap();
        let credited = folder.books().credited.count;
        assert!(credited > last, "{credited} postings, but {last} was answered");
        durable = last + 1;
    }
    println!("killed {KILLS} times, {durable} postings answered");
}
