//! A process that journals under load is killed at random moments: every row that it was told is durable is there, every
//! batch whole or not there, the chain sound, and the next process goes on from it.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use titian::journal::{Batch, Checkpoints, Evidence, Journal, Note, verify};

use crate::alone;
use crate::support::{Folder, checkpoints, id, keys, row};

/// How often the process is killed.
const KILLS: u64 = 200;

/// Transfers of a batch. Each batch has their four rows and a note of its number.
const TRANSFERS: u64 = 4;

/// Batches that wait for an answer at once.
const BESIDE: u64 = 8;

/// Journals until it is killed, and says which batch is durable after it was told; of the test below, in a process of
/// its own.
#[test]
fn journal_without_end() {
    let Ok(folder) = std::env::var("TITIAN_KILL") else { return };
    let folder = Path::new(&folder);
    let often = Checkpoints { every: Duration::from_millis(2), ..checkpoints(folder) };
    let journal = Journal::open(&folder.join("titian.db"), Some(&often)).unwrap();
    let waiting = Arc::new((Mutex::new(0), Condvar::new()));
    for batch in journal.head().count / (4 * TRANSFERS).. {
        let transfers = batch * TRANSFERS..(batch + 1) * TRANSFERS;
        let rows = (0..4).flat_map(|step| transfers.clone().map(move |number| row(number, step)));
        let note = Note { name: "batch".into(), value: batch.to_be_bytes().to_vec() };
        let (count, changed) = &*waiting;
        let mut waits =
            changed.wait_while(count.lock().unwrap(), |count| *count >= BESIDE).unwrap();
        *waits += 1;
        drop(waits);
        let answered = Arc::clone(&waiting);
        journal.append(Batch { rows: rows.collect(), notes: vec![note] }, move |result| {
            assert!(result.unwrap().is_empty());
            // The pipe to the test is not buffered here: what is said is said.
            writeln!(std::io::stdout(), "durable {batch}").unwrap();
            *answered.0.lock().unwrap() -= 1;
            answered.1.notify_one();
        });
    }
}

#[test]
fn every_acknowledged_row_outlives_two_hundred_kills() {
    let _alone = alone();
    let start = Instant::now();
    let mut folder = Folder::new();
    let mut acknowledged = None;
    for kill in 0..KILLS {
        // A store of many kills, and new ones between, for their first moments.
        if kill % 50 == 49 {
            folder = Folder::new();
            acknowledged = None;
        }
        let lines = kill % 7 * 6 + 1;
        acknowledged = journal_and_kill(&folder, lines).or(acknowledged);
        check(&folder, acknowledged, kill % 10 == 9);
    }
    println!("killed {KILLS} times in {:?}", start.elapsed());
}

/// Kills the process after it said so many lines; gives the last batch that it said is durable.
fn journal_and_kill(folder: &Folder, lines: u64) -> Option<u64> {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["kill::journal_without_end", "--exact", "--nocapture"])
        .env("TITIAN_KILL", folder.store().parent().unwrap())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    let batch = |line: String| line.split("durable ").nth(1)?.parse::<u64>().ok();
    let mut durable: Vec<u64> = Vec::new();
    durable.extend(said.by_ref().filter_map(batch).take(usize::try_from(lines).unwrap()));
    child.kill().unwrap();
    child.wait().unwrap();
    // What it said before it died.
    durable.extend(said.filter_map(batch));
    durable.into_iter().max()
}

fn check(folder: &Folder, acknowledged: Option<u64>, whole: bool) {
    let store = folder.store();
    if whole {
        let checkpoints = folder.file("checkpoints");
        let keys = keys();
        let checkpoints = fs::exists(&checkpoints).unwrap().then_some((&*checkpoints, &keys));
        verify(&Evidence { archives: &[], store: &store, checkpoints }, |_, _| Ok(())).unwrap();
    }
    let journal = folder.open();
    let reader = journal.reader().unwrap();
    let rows = journal.head().count;
    assert_eq!(rows % (4 * TRANSFERS), 0, "no batch is half there");
    let batches = rows / (4 * TRANSFERS);
    assert!(acknowledged.is_none_or(|last| last < batches), "{acknowledged:?} of {batches}");
    let note = batches.checked_sub(1).map(|last| last.to_be_bytes().to_vec());
    assert_eq!(reader.note("batch").unwrap(), note, "notes are as of the last batch");
    // The last are all there; of those before a sample.
    for transfer in (batches.saturating_sub(4) * TRANSFERS..batches * TRANSFERS).chain([0]) {
        let steps: Vec<_> = (0..4).map(|step| row(transfer, step)).collect();
        assert!(batches == 0 || reader.transfer(id(transfer)).unwrap() == steps, "{transfer}");
    }
    assert_eq!(reader.open_transfers().unwrap().count(), 0);
    journal.close().unwrap();
}
