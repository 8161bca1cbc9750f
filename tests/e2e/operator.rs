//! Mistakes of the operator get clear errors, and settings are reloaded while the adapter runs.

use std::fs;
use std::process::Output;
use std::time::Duration;

use tokio::process::Command;
use tokio::time::sleep;

use super::bank::{Options, TITIAN, TestBank, wait_until};
use super::scenario::{Scenario, transfer};

async fn serve(arguments: &[String]) -> (Option<i32>, String) {
    let Output { status, stderr, .. } =
        Command::new(TITIAN).args(arguments).output().await.unwrap();
    (status.code(), String::from_utf8(stderr).unwrap())
}

#[tokio::test]
async fn a_second_adapter_on_the_same_store_or_address_is_refused() {
    let scenario = Scenario::start(Options::default()).await;
    let (code, result) = serve(&scenario.bank.arguments()).await;
    assert_eq!(code, Some(2), "{result}");
    for key in ["api.listen", "console.listen"] {
        assert!(result.contains(key), "{result}");
    }
    assert!(result.contains("in use"), "{result}");

    let mut elsewhere = scenario.bank.arguments();
    for key in ["api", "console"] {
        elsewhere.extend(["--set".to_owned(), format!("{key}.listen=127.0.0.1:0")]);
    }
    let (code, result) = serve(&elsewhere).await;
    assert_eq!(code, Some(2), "{result}");
    assert!(result.contains("titian.db: in use by another process"), "{result}");
    assert_eq!(
        scenario.request_transfer(&transfer(1)).await.0,
        200,
        "the first adapter still runs"
    );
    scenario.finish().await;
}

#[tokio::test]
async fn all_wrong_settings_are_reported_at_once() {
    let set = vec![
        "bank.node=99",
        "api.wait=soon",
        "limits.opne=1",
        "network.override.timers.response=no",
        "store.url=mysql://x",
        "core.mode=paper",
        "network.calendar_file=no-such-calendar.csv",
    ];
    let bank =
        TestBank::prepare(Options { set, ..Options::default() }, ([127, 0, 0, 1], 1).into()).await;
    let (code, result) = serve(&bank.arguments()).await;
    assert_eq!(code, Some(2), "{result}");
    let keys = [
        "bank.node",
        "api.wait",
        "limits.opne",
        "timers.response",
        "store.url",
        "core.mode",
        "network.calendar_file",
    ];
    for key in keys {
        assert!(result.contains(key), "{key} in\n{result}");
    }
    assert_eq!(result.lines().count(), keys.len(), "{result}");
    bank.clear();
}

#[tokio::test]
async fn a_fault_names_its_cause_and_the_file_of_the_bank() {
    let set = vec!["network.name=nusantra"];
    let bank =
        TestBank::prepare(Options { set, ..Options::default() }, ([127, 0, 0, 1], 1).into()).await;
    let (code, result) = serve(&bank.arguments()).await;
    assert_eq!(code, Some(2), "{result}");
    assert!(result.contains("did you mean nusantara?"), "{result}");
    assert_eq!(result.lines().count(), 1, "the overrides of the network are right: {result}");

    let file = bank.file("titian.toml");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, text.replacen("code = ", "cod = ", 1)).unwrap();
    let (_, result) = serve(&bank.arguments()).await;
    assert!(result.contains("titian.toml: bank.code: is missing"), "{result}");
    bank.clear();
}

#[tokio::test]
async fn sighup_reloads_settings_and_the_log_names_those_that_need_a_restart() {
    let options = Options { response: "800ms", ..Options::default() };
    let scenario = Scenario::start(options).await;
    let file = scenario.bank.file("titian.toml");
    let before = fs::read_to_string(&file).unwrap();
    let reload = async |text: &str| {
        fs::write(&file, text).unwrap();
        scenario.bank.adapter.as_ref().unwrap().signal("HUP").await.unwrap();
    };
    reload(&before.replace("[limits]", "[limits]\nopen_transfers = 0")).await;
    scenario.bank.wait_for_log("configuration not reloaded").await;

    let after = before
        .replace("[limits]", "[limits]\nopen_transfers = 1\ndrain = \"50s\"")
        .replace("response = \"800ms\"", "response = \"60s\"")
        .replace("wait = \"60s\"", "wait = \"50s\"");
    reload(&after).await;
    scenario.bank.wait_for_log("configuration reloaded").await;
    let log = scenario.bank.log();
    for (key, message) in [
        ("limits.open_transfers", "setting applied"),
        ("network.override.timers.response", "setting applied"),
        ("limits.drain", "setting needs a restart"),
        ("api.wait", "setting applied"),
    ] {
        let line = log.lines().find(|line| line.contains(&format!("\"key\":\"{key}\""))).unwrap();
        assert!(line.contains(&format!("\"message\":\"{message}\"")), "{line}");
    }

    // Now a response after more than 800 ms is in time, and only one transfer may be open.
    scenario.link.hold(*b"0210");
    let (one, two) = (transfer(1), transfer(2));
    let first = scenario.request_transfer(&one);
    let second = async {
        scenario.bank.wait_for_metric("titian_transfers_open", |open| open == 1).await;
        let second = scenario.request_transfer(&two).await;
        sleep(Duration::from_secs(1)).await;
        scenario.link.release();
        second
    };
    let (first, second) = tokio::join!(first, second);
    assert_eq!((first.0, second.0), (200, 503));
    assert_eq!(scenario.finish().await.switch.sent.0, 1);
}

/// The switch has no open request left only if it got the answers.
#[tokio::test]
async fn cut_overs_are_done_and_answered() {
    let scenario = Scenario::start(Options::default()).await;
    for (number, count) in [(1, 1), (2, 2)] {
        scenario.switch.admin.cut_over().await.unwrap();
        wait_until("the cut-over is done", async || {
            scenario.bank.log().matches("cut-over done").count() == count
        })
        .await;
        scenario.wait_until_idle().await;
        assert_eq!(scenario.request_transfer(&transfer(number)).await.0, 200);
    }
    let refused = "titian_alerts_total{alert=\"cut_over_refused\"}";
    assert_eq!(scenario.bank.probe.metric(refused).await.unwrap(), 0);
    assert_eq!(scenario.finish().await.switch.sent.0, 2);
}
