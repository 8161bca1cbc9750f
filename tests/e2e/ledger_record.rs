//! The embedded ledger beside its journal: the journal records the ledger's head, so an older copy and a missing ledger are
//! refused at the start and found by `titian verify`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;
use std::time::Duration;

use tokio::process::Command;

use super::bank::{Options, TITIAN, TestBank, wait_until};
use super::scenario::{Scenario, transfer};

async fn titian(arguments: &[String]) -> (Option<i32>, String, String) {
    let Output { status, stdout, stderr } =
        Command::new(TITIAN).args(arguments).output().await.unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (status.code(), text(stdout), text(stderr))
}

/// Runs `titian verify` on the bank's journal, with these options.
async fn verify(bank: &TestBank, options: &[&str]) -> (Option<i32>, String, String) {
    let store = format!("sqlite://{}", bank.path("titian.db"));
    let (checkpoints, key) = (bank.path("checkpoints"), bank.path("node0.pub"));
    let fixed = ["verify", "--store", &store, "--checkpoints", &checkpoints, "--public-key", &key];
    let words = fixed.iter().chain(options).map(|word| (*word).to_owned());
    titian(&words.collect::<Vec<_>>()).await
}

/// The files of a ledger: each with its bytes, if it exists.
fn files(ledger: &Path) -> Vec<(PathBuf, Option<Vec<u8>>)> {
    let name = |suffix| PathBuf::from(format!("{}{suffix}", ledger.display()));
    ["", "-wal", "-shm"].map(name).map(|file| (file.clone(), fs::read(file).ok())).into()
}

/// Puts files back. The database keeps its mode.
fn put_back(files: &[(PathBuf, Option<Vec<u8>>)]) {
    for (file, bytes) in files {
        match bytes {
            Some(bytes) => fs::write(file, bytes).unwrap(),
            None => drop(fs::remove_file(file)),
        }
    }
}

#[tokio::test]
async fn an_older_ledger_and_a_missing_one_are_refused_and_found_after_a_stop() {
    let mut scenario = Scenario::start(Options::default()).await;
    let ledger = scenario.bank.file("ledger.db");
    assert_eq!(scenario.request_transfer(&transfer(1)).await.0, 200);
    scenario.wait_until_idle().await;
    assert!(scenario.bank.stop().await.success(), "{}", scenario.bank.log());
    let older = files(&ledger);
    scenario.bank.start().await;
    assert_eq!(scenario.request_transfer(&transfer(2)).await.0, 200);
    scenario.wait_until_idle().await;
    assert!(scenario.bank.stop().await.success(), "{}", scenario.bank.log());
    let newest = files(&ledger);
    let bank = &scenario.bank;
    let named = ["--ledger", ledger.to_str().unwrap()];

    let (code, shown, result) = verify(bank, &named).await;
    assert_eq!(code, Some(0), "{result}");
    assert!(shown.contains("of the journal's record"), "{shown}");
    let (code, _, result) = verify(bank, &[]).await;
    assert_eq!(code, Some(1), "{result}");
    assert!(result.contains("not covered: ledger"), "{result}");
    assert!(result.contains("name it with --ledger"), "{result}");

    put_back(&older);
    let (code, _, result) = titian(&bank.arguments()).await;
    assert_eq!(code, Some(2), "{result}");
    assert!(result.contains("ledger.db: the journal records its row"), "{result}");
    assert!(result.contains("but its last row is"), "{result}");
    let (code, _, result) = verify(bank, &named).await;
    assert_eq!(code, Some(1), "{result}");
    assert!(result.contains("but its last row is"), "{result}");

    for (file, _) in &older {
        let _ = fs::remove_file(file);
    }
    let (code, _, result) = titian(&bank.arguments()).await;
    assert_eq!(code, Some(2), "{result}");
    assert!(result.contains("but the file is missing"), "{result}");
    assert!(!ledger.exists(), "no new one is made");

    // A rotation would write the row of the old key into the public keys.
    let keys = bank.path("rotated");
    let rotate = ["keys", "rotate", "--config", &bank.path("titian.toml"), "--dir", &keys];
    let rotate: Vec<_> =
        rotate.iter().chain(&["--name", "node0-2"]).map(|word| (*word).to_owned()).collect();
    let (code, _, result) = titian(&rotate).await;
    assert_ne!(code, Some(0), "{result}");
    assert!(result.contains("but the file is missing"), "{result}");

    put_back(&newest);
    private(&ledger);
    scenario.bank.start().await;
    assert_eq!(scenario.request_transfer(&transfer(3)).await.0, 200);
    scenario.finish().await;
}

fn private(file: &Path) {
    use std::os::unix::fs::PermissionsExt;
    for (file, bytes) in files(file) {
        if bytes.is_some() {
            fs::set_permissions(file, fs::Permissions::from_mode(0o600)).unwrap();
        }
    }
}

#[tokio::test]
async fn a_kill_leaves_a_ledger_that_starts_and_a_run_without_transfers_records_its_accounts() {
    let mut scenario = Scenario::start(Options::default()).await;
    assert!(scenario.bank.stop().await.success(), "{}", scenario.bank.log());
    let accounts = scenario.bank.audit().ledger.expect("the accounts of the first start");
    for number in 1..6 {
        scenario.bank.start().await;
        assert_eq!(scenario.request_transfer(&transfer(number)).await.0, 200);
        scenario.bank.kill().await;
        let recorded = scenario.bank.audit().ledger.unwrap();
        assert_eq!(recorded.chain_id, accounts.chain_id);
        assert!(recorded.head.count >= accounts.head.count);
    }
    scenario.bank.start().await;
    let recorded = scenario.bank.audit().ledger.unwrap();
    assert!(recorded.head.count > accounts.head.count, "the first batch of a run records it");
    scenario.finish().await;
}

#[tokio::test]
async fn a_rotation_ends_the_rows_of_the_old_key_at_the_last_row_of_the_ledger() {
    let mut scenario = Scenario::start(Options::default()).await;
    assert_eq!(scenario.request_transfer(&transfer(1)).await.0, 200);
    scenario.wait_until_idle().await;
    let rotate = ["keys", "rotate", "--config", &scenario.bank.path("titian.toml"), "--dir"];
    let keys = scenario.bank.path("rotated");
    let rotate: Vec<_> = rotate
        .iter()
        .chain(&[keys.as_str(), "--name", "next"])
        .map(|word| (*word).to_owned())
        .collect();
    let (code, _, result) = titian(&rotate).await;
    assert_ne!(code, Some(0), "the adapter runs");
    assert!(result.contains("in use by another process"), "{result}");
    assert!(scenario.bank.stop().await.success());
    let last = scenario.bank.audit().ledger.unwrap().head.count;
    let (code, _, result) = titian(&rotate).await;
    assert_eq!(code, Some(0), "{result}");
    let public = fs::read_to_string(Path::new(&keys).join("next.pub")).unwrap();
    assert!(public.contains(&format!(" ledger=1-{last} control=1-")), "{public}");
    assert!(public.contains(&format!(" ledger={}- control=", last + 1)), "{public}");
    scenario.bank.clear();
}

/// With a new store and an old ledger, requests that were paid already would be paid again.
#[tokio::test]
async fn a_new_store_beside_a_ledger_with_postings_is_refused() {
    let mut scenario = Scenario::start(Options::default()).await;
    assert_eq!(scenario.request_transfer(&transfer(1)).await.0, 200);
    scenario.wait_until_idle().await;
    assert!(scenario.bank.stop().await.success(), "{}", scenario.bank.log());
    let bank = &scenario.bank;
    for suffix in ["", "-wal", "-shm", "-lock"] {
        let _ = fs::remove_file(bank.file(&format!("titian.db{suffix}")));
    }
    // The checkpoints know the old store.
    let (code, _, result) = titian(&bank.arguments()).await;
    assert_eq!(code, Some(1), "{result}");
    assert!(result.contains("checkpoints: its checkpoints are of another chain: the store is new"));
    fs::remove_file(bank.file("checkpoints")).unwrap();
    let (code, _, result) = titian(&bank.arguments()).await;
    assert_eq!(code, Some(1), "{result}");
    assert!(result.contains("the store is new, but the embedded ledger has postings"), "{result}");
    bank.clear();
}

/// What is posted to a file that has no name any more would be lost at the next start.
#[tokio::test]
async fn a_ledger_that_is_replaced_while_it_is_in_use_stops_the_adapter() {
    let mut scenario = Scenario::start(Options::default()).await;
    assert_eq!(scenario.request_transfer(&transfer(1)).await.0, 200);
    let (ledger, copy) = (scenario.bank.file("ledger.db"), scenario.bank.file("copy"));
    fs::copy(&ledger, &copy).unwrap();
    fs::rename(&copy, &ledger).unwrap();
    tokio::time::sleep(Duration::from_secs(1)).await;
    // The adapter may end before it answers.
    let answer = scenario.bank.channel.submit(&transfer(2)).await;
    assert!(answer.as_ref().is_none_or(|(status, _)| *status != 200), "{answer:?}");
    scenario.bank.wait_for_log("changed or replaced the file while it was in use").await;
    scenario.bank.kill().await;
    scenario.bank.clear();
}

#[tokio::test]
async fn checkpoints_that_are_emptied_are_a_fault_of_the_readiness() {
    let mut scenario = Scenario::start(Options::default()).await;
    assert_eq!(scenario.request_transfer(&transfer(1)).await.0, 200);
    let file = scenario.bank.file("checkpoints");
    wait_until("a checkpoint", || async { fs::read(&file).is_ok_and(|text| !text.is_empty()) })
        .await;
    fs::write(&file, "").unwrap();
    wait_until("the readiness ends", || async { !scenario.bank.probe.is_ready().await }).await;
    scenario.bank.wait_for_log("checkpoint_late").await;
    scenario.bank.kill().await;
    scenario.bank.clear();
}
