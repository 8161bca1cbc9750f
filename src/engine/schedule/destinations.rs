//! The turns of the destinations that have a due slot.

use super::rate_limits::RateLimits;
use super::wheel::Wheel;
use crate::values::{Moment, TokenBucket};

/// The only queue: destinations that may get an attempt. The first one has the turn.
const RING: u32 = 0;

/// The destinations that have a due slot, each by the number of its queue.
///
/// A destination that has an attempt left is in the ring. A destination that has used up its rate waits in the wheel until it has
/// earned the next attempt. Then it goes to the end of the ring.
#[derive(Debug)]
pub(super) struct Destinations {
    limits: RateLimits,
    total: TokenBucket,
    each: Vec<TokenBucket>,
    wheel: Wheel,
}

impl Destinations {
    pub(super) fn new(now: Moment, limits: RateLimits) -> Self {
        let total = TokenBucket::new(now, limits.per_second, limits.burst);
        Self { limits, total, each: Vec::new(), wheel: Wheel::new(now) }
    }

    /// Gives a destination a turn, if it has none.
    pub(super) fn join(&mut self, destination: u32) {
        if !self.wheel.contains(destination) {
            let at = self.bucket(destination).next();
            self.wheel.set(destination, at, RING);
        }
    }

    /// Takes the turn from a destination.
    pub(super) fn leave(&mut self, destination: u32) {
        self.wheel.clear(destination);
    }

    pub(super) fn advance(&mut self, now: Moment) {
        self.wheel.advance(now, |_| {});
    }

    /// Returns when the rates may allow the next attempt. Like the time of the wheel, it may be early.
    pub(super) fn next(&self) -> Option<Moment> {
        let ready = (!self.wheel.is_empty(RING)).then_some(self.wheel.now());
        ready.or_else(|| self.wheel.next()).map(|at| at.max(self.total.next()))
    }

    /// Spends an attempt on the destination that has the turn, and takes the turn from it.
    pub(super) fn take(&mut self, now: Moment) -> Option<u32> {
        if self.total.next() > now {
            return None;
        }
        let destination = self.wheel.pop(RING)?;
        self.total.spend(now);
        self.bucket(destination).spend(now);
        Some(destination)
    }

    /// Follows a clock that was set back. No destination has a turn afterwards.
    pub(super) fn rewind(&mut self, now: Moment) {
        self.wheel = Wheel::new(now);
        self.total.rewind(now);
        for bucket in &mut self.each {
            bucket.rewind(now);
        }
    }

    fn bucket(&mut self, destination: u32) -> &mut TokenBucket {
        let (index, limits) = (destination as usize, self.limits);
        if index >= self.each.len() {
            let full = TokenBucket::new(self.wheel.now(), limits.per_destination, limits.burst);
            self.each.resize(index + 1, full);
        }
        // It exists. The other one only satisfies the compiler.
        self.each.get_mut(index).unwrap_or(&mut self.total)
    }
}
