//! A load of transfers, and the result of each.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use titian::harness::{ChannelClient, ChannelOutcome, TransferRequest};
use tokio::task::JoinSet;
use tokio::time::{interval, sleep};

use super::bank::{TestBank, wait_until};

/// Returns a pseudorandom number of a seed and a place (`SplitMix64`).
pub(crate) const fn random_number(seed: u64, place: u64) -> u64 {
    let mut number = seed.wrapping_add(place.wrapping_mul(0x9E37_79B9_7F4A_7C15));
    number = (number ^ (number >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    number = (number ^ (number >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    number ^ (number >> 31)
}

/// Returns the transfer with a number. Some customers have too little money; some accounts are closed or do not exist.
pub(crate) fn transfer(seed: u64, number: u64) -> TransferRequest {
    let draw = |nth: u64| random_number(seed, 8 * number + nth);
    let account = match draw(1) % 40 {
        closed @ 0..=1 => 1_000_000_002 + closed,
        _ => 2_000_000_000 + draw(1) % 1_000_000_000,
    };
    TransferRequest {
        number,
        from: format!("55500{:05}", draw(2) % 100),
        to: (
            ["002", "008", "014"][usize::try_from(draw(3) % 3).unwrap()].to_owned(),
            account.to_string(),
        ),
        minor: 10_000 + draw(4) % 10_000_000,
    }
}

/// A transfer and its outcome, as its channel saw it.
pub(crate) type ChannelResult = (TransferRequest, ChannelOutcome);

/// The most transfers without a known outcome. A slow machine thus gets no more load than it can work off.
const OUTSTANDING_MAX: usize = 200;

/// Requests transfers at a rate, and repeats each request until the outcome is known.
pub(crate) struct Load {
    channel: Arc<ChannelClient>,
    seed: u64,
    tasks: JoinSet<ChannelResult>,
    known: Vec<ChannelResult>,
    submitted: u64,
    /// Repeated requests.
    repeats: Arc<AtomicU64>,
}

impl Load {
    pub(crate) fn new(channel: &Arc<ChannelClient>, seed: u64) -> Self {
        let (channel, repeats) = (Arc::clone(channel), Arc::default());
        Self { channel, seed, tasks: JoinSet::new(), known: Vec::new(), submitted: 0, repeats }
    }

    /// Submits the next transfer.
    pub(crate) fn submit_next(&mut self) {
        self.submitted += 1;
        let (transfer, repeats) = (transfer(self.seed, self.submitted), Arc::clone(&self.repeats));
        let channel = Arc::clone(&self.channel);
        self.tasks.spawn(async move {
            let outcome =
                channel.transfer(&transfer, || _ = repeats.fetch_add(1, Ordering::Relaxed)).await;
            (transfer, outcome)
        });
    }

    /// Submits transfers at a rate, until it is dropped.
    pub(crate) async fn run(&mut self, per_second: u32) {
        let mut due = interval(Duration::from_secs(1) / per_second);
        loop {
            due.tick().await;
            self.take_known();
            if self.tasks.len() < OUTSTANDING_MAX {
                self.submit_next();
            }
        }
    }

    fn take_known(&mut self) {
        while let Some(one) = self.tasks.try_join_next() {
            self.known.push(one.unwrap());
        }
    }

    pub(crate) fn repeat_count(&self) -> u64 {
        self.repeats.load(Ordering::Relaxed)
    }

    /// Waits for all outcomes.
    pub(crate) async fn results(&mut self) -> Vec<ChannelResult> {
        self.known.extend(std::mem::take(&mut self.tasks).join_all().await);
        std::mem::take(&mut self.known)
    }

    /// Waits for all outcomes but those of exceptions.
    pub(crate) async fn results_except_exceptions(
        &mut self,
        bank: &TestBank,
    ) -> Vec<ChannelResult> {
        loop {
            self.take_known();
            wait_until("nothing is open", || bank.is_idle()).await;
            let exceptions = bank.probe.metric("titian_exceptions_open").await.unwrap();
            if u64::try_from(self.tasks.len()).unwrap() <= exceptions {
                self.tasks.abort_all();
                return std::mem::take(&mut self.known);
            }
            sleep(Duration::from_millis(50)).await;
        }
    }
}

/// Checks that every channel still sees the same outcome. Returns the settled sum in minor units.
pub(crate) async fn assert_same_results(channel: &ChannelClient, result: &[ChannelResult]) -> u128 {
    let mut settled = 0;
    for (transfer, outcome) in result {
        let (_, body) = channel.status(transfer.number).await.unwrap();
        let status = body["latestTransactionStatus"].as_str().unwrap();
        let allowed: &[&str] = match outcome {
            ChannelOutcome::Settled => &["00"],
            ChannelOutcome::Refunded => &["04"],
            ChannelOutcome::Rejected => &["06"],
            ChannelOutcome::NotAdmitted => &["07"],
            ChannelOutcome::Unexpected(code) => {
                panic!("{}: unexpected response {code}", transfer.number)
            }
        };
        assert!(allowed.contains(&status), "{}: {outcome:?} before, now {status}", transfer.number);
        if *outcome == ChannelOutcome::Settled {
            settled += u128::from(transfer.minor);
        }
    }
    settled
}
