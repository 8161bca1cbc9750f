//! Inbound transfers: the simulated switch is the load and measures the response times.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use tokio::time::sleep;

use super::Bench;
use super::cost::Meter;
use super::measured::{Measured, Times};
use super::settings::ACCOUNTS;
use crate::cli::failure::Failure;
use crate::harness::{AdapterProbe, BANK, Harness, account};

/// Bytes of a response of the bare HTTP server, as long as the response to an outbound transfer.
const RESPONSE_LENGTH: usize = 380;

/// The adapter's counts of inbound responses.
const APPROVED: &str = "titian_inbound_responses_total{result=\"approved\"}";
const DECLINED: &str = "titian_inbound_responses_total{result=\"declined\"}";

/// Starts the traffic of the switch, warms up and measures.
pub(super) async fn run(
    bench: &Bench,
    stage: &Harness,
    watcher: &AdapterProbe,
) -> Result<Measured, Failure> {
    let traffic = traffic(bench);
    stage.switch_admin.start_traffic(&traffic).await?;
    sleep(bench.warm_up()).await;
    // Resets the measured times.
    stage.switch_admin.start_traffic(&traffic).await?;
    let before = watcher.metric(APPROVED).await?;
    let meter = Meter::begin(stage, watcher).await?;
    sleep(bench.measured()).await;
    let spent = meter.end().await?;
    let transfers = watcher.metric(APPROVED).await?.saturating_sub(before);
    let times = stage.switch_admin.response_times().await?;
    stage.switch_admin.stop_traffic().await?;
    Ok(Measured {
        transfers,
        times: read(&times),
        spent,
        outcomes: BTreeMap::new(),
        settled: 0,
        in_progress: Vec::new(),
        response_length: RESPONSE_LENGTH,
        cuts: None,
        closings: None,
    })
}

/// Reads the outcomes after all transfers have ended.
pub(super) async fn count(measured: &mut Measured, watcher: &AdapterProbe) -> Result<(), Failure> {
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
        "min_amount_minor": 1_000_000,
        "max_amount_minor": 200_000_000,
    });
    if bench.rate.is_none()
        && let Some(traffic) = traffic.as_object_mut()
    {
        traffic.insert("max_in_flight".to_owned(), bench.in_flight.into());
    }
    traffic
}

/// Reads the times of the switch, which counts milliseconds.
fn read(times: &Value) -> Times {
    let micros = |key| 1_000 * times.get(key).and_then(Value::as_u64).unwrap_or_default();
    let (p50, p99) = (micros("p50_ms"), micros("p99_ms"));
    Times { p50, p99, p999: micros("p999_ms"), max: micros("max_ms") }
}
