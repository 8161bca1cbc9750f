//! The adapter is killed at random moments, under load, while much goes wrong; then the books of three parties are compared.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use titian::rig::Outcome;
use tokio::time::sleep;

use crate::house::{Core, Plan};
use crate::load::{Load, drawn, told_the_same};
use crate::proxy::Fault;
use crate::stage::Stage;

/// What goes wrong at the switch. No answer is late: one that comes after a restart has reversed its transfer needs two
/// persons, and is another test's.
fn faults(reverses: bool) -> Vec<(&'static str, f64, Value)> {
    let mut faults = vec![
        ("0200", 0.05, json!({ "decline": { "rc": "51" } })),
        ("0200", 0.04, json!("drop_response")),
        ("0200", 0.02, json!("duplicate")),
    ];
    if reverses {
        faults.extend([
            ("0200", 0.03, json!("drop_request")),
            ("0200", 0.03, json!({ "delay": { "ms": 900 } })),
            ("0200", 0.01, json!("wrong_amount")),
            ("0200", 0.01, json!("unknown_stan")),
            ("0200", 0.005, json!("garbage")),
            ("0200", 0.005, json!("disconnect")),
        ]);
        for reversal in ["0420", "0421", "0400", "0401"] {
            faults.push((reversal, 0.2, json!("drop_response")));
            faults.push((reversal, 0.1, json!("drop_request")));
        }
    }
    faults
}

/// Kills the adapter so many times.
async fn kill(plan: Plan, switch: &[&str], kills: u64, seed: u64) {
    let begun = Instant::now();
    let reverses = plan.network != "holdfast";
    let over_http = plan.core == Core::Http;
    println!("seed {seed}, {} {switch:?}, {kills} kills", plan.network);
    let mut stage = Stage::with(plan, switch).await;
    stage.switch.fault(&faults(reverses)).await;
    let accounts: Vec<_> = (2..50).map(|number| format!("55500{number:05}")).collect();
    let traffic = json!({
        "bank": "213", "per_second": 40, "accounts": accounts,
        "least_minor": 10_000, "most_minor": 10_000_000, "inquiries": 100, "regrets": if reverses { 50 } else { 0 },
    });
    stage.switch.operator.traffic(&traffic).await.unwrap();
    let mut load = Load::new(&stage.house.channel, seed);
    for kill in 0..kills {
        if let Some(core) = stage.house.core.as_ref().filter(|_| over_http) {
            core.fault("PUT", Fault::Mute, 2);
            core.fault("PUT", Fault::Silent, 2);
            core.fault("DELETE", Fault::Mute, 1);
        }
        let moment = Duration::from_millis(20 + drawn(seed, kill) % 500);
        tokio::select! {
            () = load.run(120) => {}
            () = sleep(moment) => {}
        }
        stage.house.kill().await;
        // The switch asks again what it was not answered, but not at once.
        if kill == kills / 2 {
            stage.switch.operator.quiet().await.unwrap();
        }
        stage.house.try_start().await.unwrap();
    }
    stage.switch.fault(&[]).await;
    if let Some(core) = &stage.house.core {
        core.mend();
    }
    let told = load.told().await;
    stage.until_quiet().await;
    // What is told now is what the journal has.
    stage.house.kill().await;
    stage.house.start().await;
    let settled = told_the_same(&stage.house.channel, &told).await;
    let count = |which| told.iter().filter(|(_, outcome)| *outcome == which).count();
    println!(
        "{} transfers: {} settled, {} given back, {} refused; asked again {} times; {:.1} s",
        told.len(),
        count(Outcome::Settled),
        count(Outcome::GivenBack),
        count(Outcome::Refused),
        load.again(),
        begun.elapsed().as_secs_f64(),
    );
    let books = stage.end().await;
    println!("{books}");
    assert_eq!(books.out.moved, settled, "what channels were told");
    assert!(books.switch.received.0 > 0 && books.out.given_back > 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_kills_under_load_lose_and_double_nothing() {
    kill(Plan::default(), &[], 50, seed()).await;
}

/// At the other end of the wire is another codec, and core is another process's, over a line that loses answers.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kills_with_the_reference_codec_and_core_over_http_lose_and_double_nothing() {
    let plan = Plan { core: Core::Http, ..Plan::default() };
    kill(plan, &["--codec", "reference"], 10, seed()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kills_in_a_network_that_reverses_under_the_same_numbers_lose_and_double_nothing() {
    kill(Plan { network: "rendezvous", ..Plan::default() }, &[], 10, seed()).await;
}

/// The seed of the environment, or another one each time.
fn seed() -> u64 {
    let said = std::env::var("TITIAN_E2E_SEED").ok().and_then(|seed| seed.parse().ok());
    said.unwrap_or_else(|| drawn(std::process::id().into(), 0) % 1_000_000)
}
