//! The schedule of requests at a rate, independent of earlier responses.

use std::cell::Cell;
use std::io;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use tokio::sync::Semaphore;

/// A thread that gives permits on schedule. The timers of `tokio` have a resolution of a millisecond, which is too coarse.
pub(super) struct Pacer {
    started: Instant,
    rate: NonZeroU32,
    due: Arc<Due>,
    thread: Option<JoinHandle<()>>,
}

struct Due {
    /// A permit for each request that is due and not sent.
    permits: Semaphore,
    is_over: AtomicBool,
}

impl Pacer {
    /// Starts a schedule of `rate` requests a second.
    pub(super) fn start(rate: NonZeroU32) -> io::Result<Self> {
        let due = Arc::new(Due { permits: Semaphore::new(0), is_over: AtomicBool::new(false) });
        let (started, theirs) = (Instant::now(), Arc::clone(&due));
        let thread = thread::Builder::new()
            .name("pacer".into())
            .spawn(move || give_permits(&theirs, started, rate))?;
        Ok(Self { started, rate, due, thread: Some(thread) })
    }

    /// Waits until the next request is due, and returns its due time.
    pub(super) async fn next(&self, sent: &Cell<u64>) -> Instant {
        if let Ok(permit) = self.due.permits.acquire().await {
            permit.forget();
        }
        due(self.started, sent.get(), self.rate)
    }

    /// Wakes `waiting` connections, so that they notice the stop.
    pub(super) fn wake(&self, waiting: usize) {
        self.due.permits.add_permits(waiting);
    }
}

impl Drop for Pacer {
    fn drop(&mut self) {
        self.due.is_over.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _panicked = thread.join();
        }
    }
}

/// Returns the due time of the request after `before` others.
fn due(started: Instant, before: u64, rate: NonZeroU32) -> Instant {
    let nanos = u128::from(before) * 1_000_000_000 / u128::from(rate.get());
    started + Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
}

/// Gives a permit when a request is due. Late permits are given at once.
fn give_permits(to: &Due, started: Instant, rate: NonZeroU32) {
    let mut given = 0;
    while !to.is_over.load(Ordering::Relaxed) {
        let elapsed = started.elapsed().as_nanos() * u128::from(rate.get()) / 1_000_000_000;
        let by_now = u64::try_from(elapsed).unwrap_or(u64::MAX).saturating_add(1);
        if by_now > given {
            to.permits.add_permits(usize::try_from(by_now - given).unwrap_or(usize::MAX));
            given = by_now;
        }
        thread::sleep(due(started, given, rate).saturating_duration_since(Instant::now()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn due_times_follow_from_the_rate() {
        let (started, rate) = (Instant::now(), NonZeroU32::new(4).unwrap());
        let after = |before| due(started, before, rate) - started;
        assert_eq!([0, 1, 6].map(after), [0, 250, 1500].map(Duration::from_millis));
    }
}
