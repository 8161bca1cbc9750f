//! Channels that ask for transfers, and what each was told in the end.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use titian::rig::{Channel, Outcome, Wanted};
use tokio::task::JoinSet;
use tokio::time::{interval, sleep};

use crate::house::{House, until};

/// A number that follows from the seed and a place, and looks like none (`SplitMix64`).
pub(crate) const fn drawn(seed: u64, place: u64) -> u64 {
    let mut number = seed.wrapping_add(place.wrapping_mul(0x9E37_79B9_7F4A_7C15));
    number = (number ^ (number >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    number = (number ^ (number >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    number ^ (number >> 31)
}

/// The transfer of a number. Some customers can't pay, some accounts are closed or not there.
pub(crate) fn wanted(seed: u64, number: u64) -> Wanted {
    let draw = |nth: u64| drawn(seed, 8 * number + nth);
    let account = match draw(1) % 40 {
        closed @ 0..=1 => 1_000_000_002 + closed,
        _ => 2_000_000_000 + draw(1) % 1_000_000_000,
    };
    Wanted {
        number,
        from: format!("55500{:05}", draw(2) % 100),
        to: (
            ["002", "008", "014"][usize::try_from(draw(3) % 3).unwrap()].to_owned(),
            account.to_string(),
        ),
        minor: 10_000 + draw(4) % 10_000_000,
    }
}

/// What a channel was told of a transfer.
pub(crate) type Told = (Wanted, Outcome);

/// Transfers at a rate, each asked for until it is known what became of it.
pub(crate) struct Load {
    channel: Arc<Channel>,
    seed: u64,
    tasks: JoinSet<Told>,
    asked: u64,
    /// How often no answer said how it stands.
    again: Arc<AtomicU64>,
}

impl Load {
    pub(crate) fn new(channel: &Arc<Channel>, seed: u64) -> Self {
        let (channel, again) = (Arc::clone(channel), Arc::default());
        Self { channel, seed, tasks: JoinSet::new(), asked: 0, again }
    }

    /// Asks for the next transfer.
    pub(crate) fn ask(&mut self) {
        self.asked += 1;
        let (wanted, again) = (wanted(self.seed, self.asked), Arc::clone(&self.again));
        let channel = Arc::clone(&self.channel);
        self.tasks.spawn(async move {
            let outcome =
                channel.transfer(&wanted, || _ = again.fetch_add(1, Ordering::Relaxed)).await;
            (wanted, outcome)
        });
    }

    /// Asks for so many a second, until it is dropped.
    pub(crate) async fn run(&mut self, per_second: u32) {
        let mut due = interval(Duration::from_secs(1) / per_second);
        loop {
            due.tick().await;
            self.ask();
        }
    }

    pub(crate) fn again(&self) -> u64 {
        self.again.load(Ordering::Relaxed)
    }

    /// Waits until all is known, and gives what was told.
    pub(crate) async fn told(&mut self) -> Vec<Told> {
        std::mem::take(&mut self.tasks).join_all().await
    }

    /// The same, but of what waits for two persons.
    pub(crate) async fn told_but(&mut self, house: &House) -> Vec<Told> {
        let mut told = Vec::new();
        loop {
            while let Some(one) = self.tasks.try_join_next() {
                told.push(one.unwrap());
            }
            until("nothing is under way", || house.is_quiet()).await;
            let exceptions = house.watcher.metric("titian_exceptions").await.unwrap();
            if u64::try_from(self.tasks.len()).unwrap() <= exceptions {
                self.tasks.abort_all();
                return told;
            }
            sleep(Duration::from_millis(50)).await;
        }
    }
}

/// That every channel is told the same still, and what was settled comes to this sum.
pub(crate) async fn told_the_same(channel: &Channel, told: &[Told]) -> u128 {
    let mut settled = 0;
    for (wanted, outcome) in told {
        let (_, body) = channel.standing(wanted.number).await.unwrap();
        let status = body["latestTransactionStatus"].as_str().unwrap();
        let allowed: &[&str] = match outcome {
            Outcome::Settled => &["00"],
            Outcome::GivenBack => &["04"],
            Outcome::Refused => &["06"],
            Outcome::NotTaken => &["07"],
            Outcome::Senseless(code) => panic!("{} was told {code}", wanted.number),
        };
        assert!(allowed.contains(&status), "{} was told {outcome:?}, now {status}", wanted.number);
        if *outcome == Outcome::Settled {
            settled += u128::from(wanted.minor);
        }
    }
    settled
}
