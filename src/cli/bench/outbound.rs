//! Transfers to other banks: this process asks for them.

use std::collections::BTreeMap;
use std::io;

use hdrhistogram::Histogram;
use tokio::time::sleep;

use super::Bench;
use super::cost::Meter;
use super::course::{Measured, Times};
use super::flap::Relay;
use super::load::{self, Load};
use super::request::Request;
use super::samples::Samples;
use crate::cli::failure::Failure;
use crate::rig::{Process, Stage, StageError, Watcher};

/// The status of a transfer that has moved its money.
pub(super) const DONE: u16 = 200;

/// Warms up, and measures. What is in progress when it ends is not counted as settled yet.
pub(super) async fn run(
    bench: &Bench,
    stage: &Stage,
    request: &Request,
    watcher: &Watcher,
    relay: Option<&Relay>,
) -> Result<Measured, Failure> {
    let failed = |error| Failure::No(format!("the load: {error}"));
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
    let tally = load.tally().ok_or_else(|| failed(io::Error::other("is not over")))?;
    Ok(Measured {
        transfers: tally.answers,
        times: times(&tally.times),
        spent,
        settled: tally.statuses.get(&DONE).copied().unwrap_or_default(),
        outcomes: told(tally.statuses),
        in_progress: tally.in_progress,
        answer_length: tally.answer_length,
        cuts: relay.map(Relay::cuts),
    })
}

fn samples(bench: &Bench, stage: &Stage) -> Result<Option<Samples>, Failure> {
    let Some(path) = &bench.samples else { return Ok(None) };
    let adapter = stage.adapter.as_ref().and_then(Process::id).ok_or(StageError::Gone)?;
    Samples::begin(path, adapter).map(Some)
}

fn told(statuses: BTreeMap<u16, u64>) -> BTreeMap<String, u64> {
    statuses.into_iter().map(|(status, count)| (status.to_string(), count)).collect()
}

fn times(times: &Histogram<u64>) -> Times {
    let within = |share| times.value_at_quantile(share);
    Times { p50: within(0.5), p99: within(0.99), p999: within(0.999), most: times.max() }
}
