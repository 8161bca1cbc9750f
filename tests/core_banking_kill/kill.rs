//! A process that posts under load is killed at random moments: every confirmed posting exists, and the books sum to zero.

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};

use titian::core_banking::{CoreCommand, CoreReply, Ledger, books, verify_ledger};
use titian::signing::{ChainId, Head, LedgerHead};
use titian::transfer::{PostingReply, Side};
use titian::values::Currency;

use super::super::test_of;
use super::alone;
use super::support::{BUDI, Folder, Port, id, keys, posting, read};

/// Kills of a ledger. Each start proves all of its rows, so a ledger gets some of the kills.
const KILLS: u64 = 10;

const LEDGERS: u64 = 20;

/// Posts until it is killed, and prints each confirmed posting. The test below runs it in a separate process.
#[tokio::test]
async fn post_without_end() {
    let Ok(settings) = std::env::var("TITIAN_KILL_CORE") else { return };
    let first: u128 = std::env::var("TITIAN_KILL_FIRST").unwrap().parse().unwrap();
    let recorded = std::env::var("TITIAN_KILL_RECORDED").ok().map(|recorded| parse(&recorded));
    let mut port = Port::open_recorded(read(&settings).unwrap(), recorded).unwrap();
    let credit = |number| CoreCommand::Post(posting(number, Side::Credit, BUDI, 1));
    port.handle.send((first..first + 64).map(credit).collect());
    for next in first + 64.. {
        let CoreReply::Posting(of, PostingReply::Posted) = port.next_reply().await else {
            panic!("refused")
        };
        // The pipe to the test is not buffered here, so the line is out.
        let LedgerHead { chain_id, head } = port.handle.ledger_head().unwrap();
        writeln!(std::io::stdout(), "durable {} {chain_id}:{head}", of.0 - id(0).0).unwrap();
        port.handle.send(vec![credit(next)]);
    }
}

/// Parses chain id, rows and hash.
fn parse(recorded: &str) -> LedgerHead {
    let parts: Vec<_> = recorded.split(':').collect();
    let [chain_id, count, hash] = parts.as_slice() else { panic!("{recorded}") };
    let digits = |at: usize| u8::from_str_radix(&hash[2 * at..2 * at + 2], 16).unwrap();
    let head = Head { count: count.parse().unwrap(), hash: std::array::from_fn(digits) };
    LedgerHead { chain_id: ChainId::parse(chain_id).unwrap(), head }
}

#[tokio::test]
async fn confirmed_postings_survive_kills_and_no_start_is_refused() {
    let _alone = alone().await;
    let confirmed: u64 = (0..LEDGERS).map(kill_repeatedly).sum();
    println!("killed {} times, {confirmed} postings confirmed", KILLS * LEDGERS);
}

/// Kills the processes of a ledger. Returns how many postings were confirmed.
fn kill_repeatedly(round: u64) -> u64 {
    let folder = Folder::new();
    let mut durable = 0;
    // The last head before the kill, as the journal may have recorded it.
    let mut recorded: Option<String> = None;
    for kill in 0..KILLS {
        let first = durable;
        let mut child = Command::new(std::env::current_exe().unwrap());
        child.envs(recorded.take().map(|recorded| ("TITIAN_KILL_RECORDED", recorded)));
        let mut child = child
            .args([test_of(module_path!(), "post_without_end").as_str(), "--exact", "--nocapture"])
            .env("TITIAN_KILL_CORE", folder.text())
            .env("TITIAN_KILL_FIRST", first.to_string())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines_out =
            BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        let mut number = |line: String| {
            let (number, head) = line.split("durable ").nth(1)?.split_once(' ')?;
            // The kill may have cut the last line.
            if head.len() > 98 {
                recorded = Some(head.to_owned());
            }
            number.parse::<u64>().ok()
        };
        let some = usize::try_from((kill + round) * 37 % 100 + 1).unwrap();
        let before: Vec<_> = lines_out.by_ref().filter_map(&mut number).take(some).collect();
        child.kill().unwrap();
        child.wait().unwrap();
        // The lines before the kill.
        let last = before.into_iter().chain(lines_out.filter_map(&mut number)).max().unwrap();
        let credited = books(&folder.embedded().ledger).unwrap()[&Currency::IDR].credited.count;
        assert!(credited > last, "{credited} postings, but {last} was confirmed");
        durable = last + 1;
    }
    let last = recorded.map(|recorded| parse(&recorded));
    verify_ledger(&folder.embedded().ledger, &keys().trusted, last).unwrap();
    // The start after the last kill.
    drop(Ledger::open(&folder.embedded(), &keys(), |_| {}).unwrap());
    folder.books();
    durable
}
