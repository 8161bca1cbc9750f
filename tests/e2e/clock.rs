//! Steps of the system clock. They do not affect a running adapter. A start long before the last sent message is refused.

use std::fs;
use std::process::Command;

use super::bank::Options;
use super::scenario::{Scenario, transfer};

#[tokio::test]
async fn a_clock_step_repeats_no_trace_number_and_moves_no_deadline() {
    let mut scenario = Scenario::prepare(Options::default(), &[]).await;
    let (library, by) = (scenario.bank.file("clock.so"), scenario.bank.file("stepped_by"));
    let compiled = Command::new("cc")
        .args(["-shared", "-fPIC", "-o"])
        .arg(&library)
        .args([concat!(env!("CARGO_MANIFEST_DIR"), "/tests/e2e/clock.c"), "-ldl"])
        .status();
    assert!(compiled.unwrap().success());
    let variables = [("LD_PRELOAD", &library), ("STEPPED_BY", &by)];
    let variables = variables.map(|(name, path)| format!("{name}={}", path.display()));
    scenario.bank.options.wrapper = std::iter::once("env".to_owned()).chain(variables).collect();
    let step = |seconds: &str| fs::write(&by, seconds).unwrap();

    step("0");
    scenario.bank.start().await;
    for (number, seconds) in [(1, "0"), (2, "3600"), (3, "-3600")] {
        step(seconds);
        assert_eq!(scenario.request_transfer(&transfer(number)).await.0, 200, "{seconds}");
    }
    // Four minutes ahead: within the allowed difference of channels' clocks.
    scenario.bank.kill().await;
    step("240");
    scenario.bank.start().await;
    assert_eq!(scenario.request_transfer(&transfer(4)).await.0, 200);
    scenario.bank.kill().await;
    step("0");
    let refused = scenario.bank.try_start().await.err().unwrap().to_string();
    assert!(
        refused.contains("s behind the last message that was sent: correct it, or wait"),
        "{refused}"
    );
    step("239");
    scenario.bank.start().await;
    assert_eq!(scenario.request_transfer(&transfer(5)).await.0, 200);
    assert_eq!(scenario.finish().await.switch.sent.0, 5);
}
