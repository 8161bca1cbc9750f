//! A process that appends under load is killed at random moments. Every confirmed row exists, every batch is complete or
//! absent, the chain verifies, and the next process continues from it.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use titian::journal::{Batch, Chain, Checkpoints, Metadata, StoreUrl, open};

use super::super::test_of;
use super::alone;
use super::support::{Folder, act, acts_after, checkpoints, id, keys, row, verified};

/// The number of kills.
const KILLS: u64 = 200;

/// The transfers of a batch. Each batch has their four rows, and its number as metadata.
const TRANSFERS: u64 = 4;

/// The number of unconfirmed batches at a time.
const IN_FLIGHT_MAX: u64 = 8;

/// Appends until it is killed, and prints each batch after its confirmation. The test below runs it in a separate process.
#[test]
fn append_without_end() {
    let Ok(folder) = std::env::var("TITIAN_KILL") else { return };
    let folder = Path::new(&folder);
    let often = Checkpoints { every: Duration::from_millis(2), ..checkpoints(folder) };
    let journal = open(&StoreUrl::Sqlite(folder.join("titian.db")), &keys(), &often).unwrap();
    let waiting = Arc::new((Mutex::new(0), Condvar::new()));
    for batch in journal.head(Chain::Transfers).count / (4 * TRANSFERS).. {
        let transfers = batch * TRANSFERS..(batch + 1) * TRANSFERS;
        let rows = (0..4).flat_map(|step| transfers.clone().map(move |number| row(number, step)));
        let metadata = Metadata { name: "batch".into(), value: batch.to_be_bytes().to_vec() };
        let (count, changed) = &*waiting;
        let mut waits =
            changed.wait_while(count.lock().unwrap(), |count| *count >= IN_FLIGHT_MAX).unwrap();
        *waits += 1;
        drop(waits);
        let answered = Arc::clone(&waiting);
        let batch_rows =
            Batch { rows: rows.collect(), control: vec![act(batch)], metadata: vec![metadata] };
        let done = move |result: Result<Vec<_>, _>| {
            assert!(result.unwrap().is_empty());
            // The pipe to the test is not buffered here, so the line is out.
            writeln!(std::io::stdout(), "durable {batch}").unwrap();
            *answered.0.lock().unwrap() -= 1;
            answered.1.notify_one();
        };
        journal.append(batch_rows, Box::new(done));
    }
}

#[test]
fn every_confirmed_row_survives_two_hundred_kills() {
    let _alone = alone();
    let start = Instant::now();
    let mut folder = Folder::new();
    let mut confirmed = None;
    for kill in 0..KILLS {
        // Mostly a store with many kills, sometimes a new one, to hit its first moments too.
        if kill % 50 == 49 {
            folder = Folder::new();
            confirmed = None;
        }
        let lines = kill % 7 * 6 + 1;
        confirmed = append_and_kill(&folder, lines).or(confirmed);
        check(&folder, confirmed, kill % 10 == 9);
    }
    println!("killed {KILLS} times in {:?}", start.elapsed());
}

/// Kills the process after some lines. Returns the last batch that it printed as durable.
fn append_and_kill(folder: &Folder, lines: u64) -> Option<u64> {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args([test_of(module_path!(), "append_without_end").as_str(), "--exact", "--nocapture"])
        .env("TITIAN_KILL", folder.store().parent().unwrap())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines_out = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    let batch = |line: String| line.split("durable ").nth(1)?.parse::<u64>().ok();
    let mut durable: Vec<u64> = Vec::new();
    durable.extend(lines_out.by_ref().filter_map(batch).take(usize::try_from(lines).unwrap()));
    child.kill().unwrap();
    child.wait().unwrap();
    // The lines before the kill.
    durable.extend(lines_out.filter_map(batch));
    durable.into_iter().max()
}

fn check(folder: &Folder, confirmed: Option<u64>, whole: bool) {
    if whole {
        verified(folder, &[]).unwrap();
    }
    let journal = folder.open();
    let reader = journal.reader().unwrap();
    let rows = journal.head(Chain::Transfers).count;
    assert_eq!(rows % (4 * TRANSFERS), 0, "no batch is incomplete");
    let batches = rows / (4 * TRANSFERS);
    assert!(confirmed.is_none_or(|last| last < batches), "{confirmed:?} of {batches}");
    let metadata = batches.checked_sub(1).map(|last| last.to_be_bytes().to_vec());
    assert_eq!(
        reader.metadata(Chain::Transfers, "batch").unwrap(),
        metadata,
        "metadata is that of the last batch"
    );
    // Each act that is read is proven, so only the last ones are read.
    let first = if whole { 0 } else { batches.saturating_sub(20) };
    let acts = acts_after(reader.as_ref(), first).unwrap();
    let expected = (first..batches).map(|batch| (batch + 1, act(batch).act.0));
    assert!(acts.into_iter().eq(expected), "the acts of exactly these batches");
    // Checks the last transfers, and a sample of the earlier ones.
    for transfer in (batches.saturating_sub(4) * TRANSFERS..batches * TRANSFERS).chain([0]) {
        let steps: Vec<_> = (0..4).map(|step| row(transfer, step)).collect();
        assert!(batches == 0 || reader.transfer(id(transfer)).unwrap() == steps, "{transfer}");
    }
    assert_eq!(reader.open_transfers().unwrap().count(), 0);
    journal.close().unwrap();
}
