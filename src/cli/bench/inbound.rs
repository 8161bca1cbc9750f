//! Credits that the switch sends: it makes the load, and sees how long answers take.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use tokio::time::sleep;

use super::Bench;
use super::cost::Meter;
use super::course::{Measured, Times};
use super::settings::ACCOUNTS;
use crate::cli::failure::Failure;
use crate::rig::{BANK, Stage, Watcher, account};

/// Bytes of an answer for the bare HTTP server: none is asked here, and what a transfer out is answered is as long.
const ANSWER: usize = 380;

/// Where the adapter counts credits that it took.
const APPROVED: &str = "titian_answers_total{answer=\"approved\"}";
const DECLINED: &str = "titian_answers_total{answer=\"declined\"}";

/// Has the switch send them, first to warm up, then to be measured.
pub(super) async fn run(
    bench: &Bench,
    stage: &Stage,
    watcher: &Watcher,
) -> Result<Measured, Failure> {
    let traffic = traffic(bench);
    stage.operator.traffic(&traffic).await?;
    sleep(bench.warm_up()).await;
    // Its times begin anew.
    stage.operator.traffic(&traffic).await?;
    let before = watcher.metric(APPROVED).await?;
    let meter = Meter::begin(stage, watcher).await?;
    sleep(bench.measured()).await;
    let spent = meter.end().await?;
    let transfers = watcher.metric(APPROVED).await?.saturating_sub(before);
    let times = stage.operator.traffic_times().await?;
    stage.operator.quiet().await?;
    Ok(Measured {
        transfers,
        times: read(&times),
        spent,
        outcomes: BTreeMap::new(),
        settled: 0,
        in_progress: Vec::new(),
        answer_length: ANSWER,
        cuts: None,
    })
}

/// What became of all of them, when nothing is under way any more.
pub(super) async fn count(measured: &mut Measured, watcher: &Watcher) -> Result<(), Failure> {
    for (name, metric) in [("approved", APPROVED), ("declined", DECLINED)] {
        measured.outcomes.insert(name.to_owned(), watcher.metric(metric).await?);
    }
    measured.settled = measured.outcomes.get("approved").copied().unwrap_or_default();
    Ok(())
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
