//! The clock is stepped: while it runs the adapter does not feel it, and a start at an earlier time than messages went out at is refused.

use std::fs;
use std::process::Command;

use crate::house::Plan;
use crate::stage::{Stage, wanted};

#[tokio::test]
async fn a_clock_that_is_stepped_doubles_no_number_and_moves_no_deadline() {
    let mut stage = Stage::build(Plan::default(), &[]).await;
    let (library, by) = (stage.house.file("clock.so"), stage.house.file("stepped_by"));
    let compiled = Command::new("cc")
        .args(["-shared", "-fPIC", "-o"])
        .arg(&library)
        .args([concat!(env!("CARGO_MANIFEST_DIR"), "/tests/e2e/clock.c"), "-ldl"])
        .status();
    assert!(compiled.unwrap().success());
    let variables = [("LD_PRELOAD", &library), ("STEPPED_BY", &by)];
    let variables = variables.map(|(name, path)| format!("{name}={}", path.display()));
    stage.house.plan.through = std::iter::once("env".to_owned()).chain(variables).collect();
    let step = |seconds: &str| fs::write(&by, seconds).unwrap();

    step("0");
    stage.house.start().await;
    for (number, seconds) in [(1, "0"), (2, "3600"), (3, "-3600")] {
        step(seconds);
        assert_eq!(stage.pay(&wanted(number)).await.0, 200, "{seconds}");
    }
    // Four minutes ahead, within what channels' clocks may differ.
    stage.house.kill().await;
    step("240");
    stage.house.start().await;
    assert_eq!(stage.pay(&wanted(4)).await.0, 200);
    stage.house.kill().await;
    step("0");
    let refused = stage.house.try_start().await.err().unwrap().to_string();
    assert!(
        refused.contains("s behind the last message that was sent: set it right, or wait"),
        "{refused}"
    );
    step("239");
    stage.house.start().await;
    assert_eq!(stage.pay(&wanted(5)).await.0, 200);
    assert_eq!(stage.end().await.switch.sent.0, 5);
}
