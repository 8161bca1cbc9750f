//! Whose turn it is among the destinations that have something due.

use super::bucket::{Bucket, Pace};
use super::wheel::Wheel;
use crate::values::Moment;

/// The only queue: destinations that may be given an attempt, the one whose turn it is first.
const RING: u32 = 0;

/// The destinations that have something due, each by the number of its queue.
///
/// One that has an attempt left is in the ring. One that has spent its rate is no longer looked at until it has earned
/// the next: it waits in the wheel, and then goes to the end of the ring.
#[derive(Debug)]
pub(super) struct Turns {
    pace: Pace,
    all: Bucket,
    each: Vec<Bucket>,
    wheel: Wheel,
}

impl Turns {
    pub(super) fn new(now: Moment, pace: Pace) -> Self {
        let all = Bucket::new(now, pace.per_second, pace.burst);
        Self { pace, all, each: Vec::new(), wheel: Wheel::new(now) }
    }

    /// Gives a destination a turn, if it has none.
    pub(super) fn join(&mut self, destination: u32) {
        if !self.wheel.holds(destination) {
            let at = self.bucket(destination).next();
            self.wheel.set(destination, at, RING);
        }
    }

    /// Takes its turn from a destination.
    pub(super) fn leave(&mut self, destination: u32) {
        self.wheel.clear(destination);
    }

    pub(super) fn advance(&mut self, now: Moment) {
        self.wheel.advance(now, |_| {});
    }

    /// When the rates may next allow an attempt to one of them; as early as the wheel may be.
    pub(super) fn next(&self) -> Option<Moment> {
        let ready = (!self.wheel.is_empty(RING)).then_some(self.wheel.now());
        ready.or_else(|| self.wheel.next()).map(|at| at.max(self.all.next()))
    }

    /// Spends an attempt on the destination whose turn it is, and takes the turn from it.
    pub(super) fn take(&mut self, now: Moment) -> Option<u32> {
        if self.all.next() > now {
            return None;
        }
        let destination = self.wheel.pop(RING)?;
        self.all.spend(now);
        self.bucket(destination).spend(now);
        Some(destination)
    }

    /// The clock was set back: nobody has a turn any more.
    pub(super) fn turn_back(&mut self, now: Moment) {
        self.wheel = Wheel::new(now);
        self.all.turn_back(now);
        for bucket in &mut self.each {
            bucket.turn_back(now);
        }
    }

    fn bucket(&mut self, destination: u32) -> &mut Bucket {
        let (index, pace) = (destination as usize, self.pace);
        if index >= self.each.len() {
            let full = Bucket::new(self.wheel.now(), pace.per_destination, pace.burst);
            self.each.resize(index + 1, full);
        }
        // It is there: the other is for the compiler.
        self.each.get_mut(index).unwrap_or(&mut self.all)
    }
}
