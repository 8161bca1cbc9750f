//! What the operator gets wrong is told clearly, and what can be changed is changed while it runs.

use std::fs;
use std::process::Output;

use serde_json::json;
use tokio::process::Command;

use crate::house::{House, Plan, TITIAN};
use crate::stage::{Stage, wanted};

async fn serve(arguments: &[String]) -> (Option<i32>, String) {
    let Output { status, stderr, .. } =
        Command::new(TITIAN).args(arguments).output().await.unwrap();
    (status.code(), String::from_utf8(stderr).unwrap())
}

#[tokio::test]
async fn a_second_adapter_on_the_same_store_or_address_is_refused() {
    let stage = Stage::set(Plan::default()).await;
    let (code, told) = serve(&stage.house.arguments()).await;
    assert_eq!(code, Some(2), "{told}");
    for key in ["api.listen", "console.listen"] {
        assert!(told.contains(key), "{told}");
    }
    assert!(told.contains("in use"), "{told}");

    let mut elsewhere = stage.house.arguments();
    for key in ["api", "console"] {
        elsewhere.extend(["--set".to_owned(), format!("{key}.listen=127.0.0.1:0")]);
    }
    let (code, told) = serve(&elsewhere).await;
    assert_eq!(code, Some(2), "{told}");
    assert!(told.contains("titian.db is in use by another process"), "{told}");
    assert_eq!(stage.pay(&wanted(1)).await.0, 200, "the first goes on");
    stage.end().await;
}

#[tokio::test]
async fn all_that_is_wrong_with_settings_is_told_at_once() {
    let set = vec![
        "bank.node=99",
        "api.wait=soon",
        "limits.opne=1",
        "network.change.timers.response=no",
        "store.url=mysql://x",
        "core.mode=paper",
    ];
    let house = House::build(Plan { set, ..Plan::default() }, ([127, 0, 0, 1], 1).into()).await;
    let (code, told) = serve(&house.arguments()).await;
    assert_eq!(code, Some(2), "{told}");
    let keys =
        ["bank.node", "api.wait", "limits.opne", "timers.response", "store.url", "core.mode"];
    for key in keys {
        assert!(told.contains(key), "{key} in\n{told}");
    }
    assert_eq!(told.lines().count(), keys.len(), "{told}");
    house.clear();
}

#[tokio::test]
async fn settings_are_read_again_on_sighup_and_what_needs_a_start_is_told() {
    let stage = Stage::set(Plan::default()).await;
    let file = stage.house.file("titian.toml");
    let before = fs::read_to_string(&file).unwrap();
    let hang_up = async |text: &str| {
        fs::write(&file, text).unwrap();
        stage.house.adapter.as_ref().unwrap().signal("HUP").await.unwrap();
    };
    hang_up(&before.replace("[limits]", "[limits]\nopen = 0")).await;
    stage.house.until_logged("the settings are not taken").await;

    let after = before
        .replace("[limits]", "[limits]\nopen = 1\ndrain = \"50s\"")
        .replace("response = \"800ms\"", "response = \"2500ms\"")
        .replace("wait = \"3s\"", "wait = \"4s\"");
    hang_up(&after).await;
    stage.house.until_logged("are as the settings say").await;
    let log = stage.house.log();
    for (key, said) in [
        ("limits.open", "taken"),
        ("network.change.timers.response", "taken"),
        ("limits.drain", "changed, and is taken by the next start only"),
        ("api.wait", "changed, and is taken by the next start only"),
    ] {
        let line = log.lines().find(|line| line.contains(&format!("\"key\":\"{key}\""))).unwrap();
        assert!(line.contains(&format!("\"message\":\"{said}\"")), "{line}");
    }

    // An answer after two seconds is in time now, and one transfer is all there may be.
    stage.switch.fault(&[("0200", 1.0, json!({ "late": { "ms": 2000 } }))]).await;
    let (one, two) = (wanted(1), wanted(2));
    let first = stage.pay(&one);
    let second = async {
        stage.house.until_metric("titian_transfers_open", |open| open == 1).await;
        stage.pay(&two).await
    };
    let (first, second) = tokio::join!(first, second);
    assert_eq!((first.0, second.0), (200, 503));
    assert_eq!(stage.end().await.switch.sent.0, 1);
}
