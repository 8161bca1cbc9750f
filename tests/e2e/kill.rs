//! The adapter is killed at random moments, under load, while much goes wrong; then the books of three parties are compared.

use std::time::Duration;

use serde_json::{Value, json};
use titian::rig::Outcome;
use tokio::time::sleep;

use crate::house::{Core, House, Plan};
use crate::load::{Load, drawn, told_the_same};
use crate::proxy::Fault;
use crate::stage::Stage;

/// What goes wrong at the switch. No answer is late: one that comes after a restart has reversed its transfer needs two
/// persons, and is another test's.
fn faults(network: &str) -> Vec<(&'static str, f64, Value)> {
    let mut faults =
        vec![("0200", 0.04, json!("drop_response")), ("0200", 0.02, json!("duplicate"))];
    // The status is asked with a 0200 too there, and a decline of it would say of the transfer what isn't true.
    if network == "holdfast" {
        return faults;
    }
    faults.extend([
        ("0200", 0.05, json!({ "decline": { "rc": "51" } })),
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
    faults
}

/// Kills the adapter so many times, lets all come to its end, and compares.
async fn kill(plan: Plan, switch: &[&str], kills: u64, seed: u64) {
    println!("seed {seed}, {} {switch:?}, {kills} kills", plan.network);
    let mut stage = Stage::with(plan, switch).await;
    let mut load = Load::new(&stage.house.channel, seed);
    stage.switch.fault(&faults(stage.house.plan.network)).await;
    stage.switch.operator.traffic(&traffic(stage.house.plan.network)).await.unwrap();
    for kill in 0..kills {
        // The switch asks again what it was not answered, but not at once.
        if kill == kills / 2 {
            stage.switch.operator.quiet().await.unwrap();
        }
        let moment = Duration::from_millis(20 + drawn(seed, kill) % 500);
        tokio::select! {
            () = load.run(120) => {}
            () = strike(&mut stage.house, moment) => {}
        }
    }
    stage.switch.fault(&[]).await;
    if let Some(core) = &stage.house.core {
        core.mend();
    }
    compare(stage, load).await;
}

/// The next kill comes after a time, and a start after it. Core over HTTP is silent now and then.
async fn strike(house: &mut House, after: Duration) {
    if let Some(core) = &house.core {
        core.fault("PUT", Fault::Mute, 2);
        core.fault("PUT", Fault::Silent, 2);
        core.fault("DELETE", Fault::Mute, 1);
    }
    sleep(after).await;
    house.kill().await;
    house.try_start().await.unwrap();
}

/// What the switch sends to the bank. It is to be answered within half a minute after the last kill, also what was lost.
fn traffic(network: &str) -> Value {
    let accounts: Vec<_> = (2..50).map(|number| format!("55500{number:05}")).collect();
    let regrets = if network == "holdfast" { 0 } else { 50 };
    json!({
        "bank": "213", "per_second": 40, "accounts": accounts,
        "least_minor": 10_000, "most_minor": 10_000_000, "inquiries": 100, "regrets": regrets,
    })
}

/// The end: what channels were told, the journal says after another start, and the books of three parties.
async fn compare(mut stage: Stage, mut load: Load) {
    let told = load.told_but(&stage.house).await;
    stage.until_quiet().await;
    stage.house.kill().await;
    stage.house.start().await;
    // What had ended need not have been durable: it goes on to the same end.
    stage.until_quiet().await;
    let exceptions = stage.house.watcher.metric("titian_exceptions").await.unwrap();
    let settled = told_the_same(&stage.house.channel, &told).await;
    let count = |which| told.iter().filter(|(_, outcome)| *outcome == which).count();
    println!(
        "{} transfers: {} settled, {} given back, {} refused, {exceptions} held; asked again {} times",
        told.len(),
        count(Outcome::Settled),
        count(Outcome::GivenBack),
        count(Outcome::Refused) + count(Outcome::NotTaken),
        load.again(),
    );
    assert!(stage.house.stop().await.success());
    let held = ["sent", "position", "what is in flight"];
    let may_hold = stage.house.plan.network == "holdfast";
    let differences: &[_] = if exceptions > 0 && may_hold { &held } else { &[] };
    let books = stage.compare_but(exceptions, differences).await;
    println!("{books}");
    assert_eq!(books.out.moved, settled, "what channels were told");
    // Of what is held the switch may have some.
    let most = books.out.moved + books.out.in_flight;
    assert!((books.out.moved..=most).contains(&books.switch.sent.1));
    assert!(books.switch.received.0 > 0 && books.out.given_back > 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_kills_under_load_lose_and_double_nothing() {
    kill(Plan::default(), &[], 50, seed()).await;
}

/// Another codec at the other end of the wire, with core over a line that loses answers; a network that reverses under the same
/// numbers; one that knows no reversal, where what nobody knows is held for two persons. Side by side, as most of it is waiting.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kills_in_other_settings_lose_and_double_nothing() {
    let (network, seed) = (|network| Plan { network, ..Plan::default() }, seed());
    let over_http = Plan { core: Core::Http, ..Plan::default() };
    tokio::join!(
        kill(over_http, &["--codec", "reference"], 10, seed),
        kill(network("rendezvous"), &[], 10, seed),
        kill(network("holdfast"), &[], 10, seed),
    );
}

/// The seed of the environment, or another one each time.
fn seed() -> u64 {
    let said = std::env::var("TITIAN_E2E_SEED").ok().and_then(|seed| seed.parse().ok());
    said.unwrap_or_else(|| drawn(std::process::id().into(), 0) % 1_000_000)
}
