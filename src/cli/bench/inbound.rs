//! Credits that the switch sends: it makes the load, and sees how long answers take.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use tokio::time::{Instant, sleep, sleep_until};

use super::Bench;
use super::cost::Processes;
use super::course::{Measured, Times};
use super::settings::{ACCOUNTS, account};
use crate::cli::failure::Failure;
use crate::rig::{BANK, Stage, Watcher};

/// Where the adapter counts credits that it took.
const APPROVED: &str = "titian_answers_total{answer=\"approved\"}";
const DECLINED: &str = "titian_answers_total{answer=\"declined\"}";

/// Has the switch send them, first to warm up, then to be measured.
pub(super) async fn run(
    bench: &Bench,
    stage: &Stage,
    watcher: &Watcher,
    processes: Processes,
) -> Result<Measured, Failure> {
    let traffic = traffic(bench);
    stage.operator.traffic(&traffic).await?;
    sleep(bench.warm_up()).await;
    // Its times begin anew.
    stage.operator.traffic(&traffic).await?;
    let (begun, cost) = (Instant::now(), processes.cost());
    let before = watcher.metric(APPROVED).await?;
    sleep_until(begun + bench.measured()).await;
    let transfers = watcher.metric(APPROVED).await?.saturating_sub(before);
    let (time, cost) = (begun.elapsed(), processes.cost().since(cost));
    let times = stage.operator.traffic_times().await?;
    stage.operator.quiet().await?;
    let [approved, declined] = [watcher.metric(APPROVED).await?, watcher.metric(DECLINED).await?];
    Ok(Measured {
        time,
        transfers,
        times: read(&times),
        cost,
        memory: processes.memory(),
        outcomes: BTreeMap::from([
            ("approved".to_owned(), approved),
            ("declined".to_owned(), declined),
        ]),
        settled: approved,
        // It is not asked for anything; what a transfer out is answered is as long.
        answer_length: 380,
    })
}

fn traffic(bench: &Bench) -> Value {
    let accounts: Vec<_> = (0..ACCOUNTS).map(account).collect();
    let mut traffic = json!({
        "bank": BANK,
        "per_second": bench.rate.unwrap_or(1_000_000),
        "accounts": accounts,
        "least_minor": 1_000_000,
        "most_minor": 200_000_000,
    });
    if bench.rate.is_none()
        && let Some(traffic) = traffic.as_object_mut()
    {
        traffic.insert("in_flight".to_owned(), bench.in_flight.into());
    }
    traffic
}

/// The switch counts milliseconds.
fn read(times: &Value) -> Times {
    let micros = |key| 1_000 * times.get(key).and_then(Value::as_u64).unwrap_or_default();
    let (p50, p99) = (micros("p50_ms"), micros("p99_ms"));
    Times { p50, p99, p999: micros("p999_ms"), most: micros("most_ms") }
}
