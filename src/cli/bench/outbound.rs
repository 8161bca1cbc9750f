//! Outbound transfers: this process is the channel that requests them.

use std::collections::BTreeMap;
use std::io;

use tokio::time::sleep;

use super::Bench;
use super::cost::Meter;
use super::flap::Relay;
use super::load::{self, Load};
use super::measured::{Measured, SETTLED, Times};
use super::request::Request;
use super::samples::Samples;
use crate::cli::failure::Failure;
use crate::harness::{AdapterProbe, Harness, HarnessError, Process};

/// Warms up and measures. Transfers in progress at the end do not count as settled yet.
pub(super) async fn run(
    bench: &Bench,
    stage: &Harness,
    request: &Request,
    watcher: &AdapterProbe,
    relay: Option<&Relay>,
) -> Result<Measured, Failure> {
    let failed = |error| Failure::Negative(format!("the load failed: {error}"));
    let streams = load::connect(stage.address("api")?, bench.in_flight).await.map_err(failed)?;
    let load = Load::begin(bench.rate(), samples(bench, stage)?)?;
    let flap = |flaps| relay.into_iter().for_each(|relay| relay.flap(flaps));
    let course = async {
        flap(true);
        sleep(bench.warm_up()).await;
        let meter = Meter::begin(stage, watcher).await?;
        load.measure();
        sleep(bench.measured()).await;
        flap(false);
        meter.end().await
    };
    let spent = load::run(&load, streams, request, course).await.map_err(failed)??;
    let tally = load.tally().ok_or_else(|| failed(io::Error::other("requests are still open")))?;
    Ok(Measured {
        transfers: tally.responses,
        times: Times::of(&tally.times),
        spent,
        settled: tally.statuses.get(&SETTLED).copied().unwrap_or_default(),
        outcomes: by_status(tally.statuses),
        in_progress: tally.in_progress,
        response_length: tally.response_length,
        cuts: relay.map(Relay::cuts),
        closings: None,
    })
}

fn samples(bench: &Bench, stage: &Harness) -> Result<Option<Samples>, Failure> {
    let Some(path) = &bench.samples else { return Ok(None) };
    let adapter = stage.adapter.as_ref().and_then(Process::id).ok_or(HarnessError::NotRunning)?;
    Samples::begin(path, adapter).map(Some)
}

fn by_status(statuses: BTreeMap<u16, u64>) -> BTreeMap<String, u64> {
    statuses.into_iter().map(|(status, count)| (status.to_string(), count)).collect()
}
