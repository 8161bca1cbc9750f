//! The deadlines of the open transfers, and the order and rate in which those that are due are delivered.
//!
//! ```text
//!            deadline comes      ┌─ immediate ─────────────────────────────────► delivered at once
//! set ─► wheel of the slots ─────┤
//!                                └─ paced: queue of the destination ─► turn ───► delivered as the rates allow
//!                                   (wheel of the destinations: a destination waits for its rate, then in the ring)
//! ```
//!
//! Both wheels are of the same kind ([`wheel`]). A destination that has used up its rate waits for its next attempt as a transfer
//! waits for its deadline. So there is no search: `set`, `clear` and each slot that `poll` delivers cost the same with any number
//! of waiting slots.

mod destinations;
mod lists;
mod rate_limits;
#[cfg(test)]
mod tests;
mod wheel;

use std::cmp::Ordering;
use std::time::Duration;

use destinations::Destinations;
pub use rate_limits::RateLimits;
use wheel::Wheel;

use crate::values::Moment;

/// If the clock is set back by no more than this, the schedule waits until it has caught up. If by more, the schedule follows it.
const MAX_CLOCK_CATCH_UP: Duration = Duration::from_secs(1);

/// The queue of slots that are delivered as soon as they are due. The queue of a destination is its number plus one.
const IMMEDIATE: u32 = 0;

/// The place of a transfer in memory. Slots count from 0: the schedule is as long as the highest one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Slot(pub u32);

/// A bank, a network or core: a receiver of repeated attempts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Destination(pub u16);

/// How a slot is delivered when it is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Delivery {
    /// At once: timeouts and similar.
    Immediate,
    /// In turn with the other destinations, within the [`RateLimits`]: attempts to this destination.
    Paced(Destination),
}

impl Delivery {
    fn queue(self) -> u32 {
        match self {
            Self::Immediate => IMMEDIATE,
            Self::Paced(Destination(number)) => u32::from(number) + 1,
        }
    }
}

/// The deadlines of the open transfers, at most one each.
///
/// It has no clock: the caller passes the time to [`poll`](Self::poll). In each round of the loop, poll until it returns `None`,
/// then sleep until [`next_deadline`](Self::next_deadline):
///
/// - **Never early**: a slot is delivered once, when the time of a poll has reached its deadline.
/// - **Immediate** slots come before all others, in the order of their deadlines. Slots with the same deadline come in the order
///   in which they were set. A deadline that has passed when it is set counts as one of that moment.
/// - **Paced** slots come in the same order within their destination. Destinations that have a due slot and an attempt left take
///   turns. A destination whose last due slot is cleared or moved loses its turn.
/// - **Rates**: within any time `t`, at most `burst + t × rate`, rounded up, are delivered, in total and to each destination.
/// - **The clock is set back**: if by a second or less, nothing is delivered until the clock has caught up. If by more, the
///   schedule follows it: slots that are not due any more wait again. Only that costs a step for each waiting slot. Poll before
///   you ask for the next deadline, or the answer still follows the clock as it was.
/// - **The clock is set forward**, by any time: costs a step for each due slot and for each slot in the wheel interval of the new
///   time.
/// - The same calls give the same results.
///
/// A slot takes [24 bytes](Self::BYTES_PER_SLOT), a destination 60, the rest is 100 kB. Memory is allocated only to grow to the
/// highest slot and destination, which the caller bounds, and to follow a clock that was set back.
#[derive(Debug)]
pub struct Schedule {
    slots: Wheel,
    /// Invariant: a destination has a turn exactly while its queue in `slots` is not empty.
    destinations: Destinations,
}

impl Schedule {
    /// The memory that each slot takes.
    pub const BYTES_PER_SLOT: usize = Wheel::BYTES_PER_ENTRY;

    /// Creates a schedule without deadlines.
    #[must_use]
    pub fn new(start: Moment, limits: RateLimits) -> Self {
        Self { slots: Wheel::new(start), destinations: Destinations::new(start, limits) }
    }

    /// Sets the deadline of a slot, or moves it. The delivery may change too.
    ///
    /// A deadline that has passed is due at once, within the same round of polls. A caller that sets such a deadline for each
    /// delivered slot never reaches the end of the round.
    pub fn set(&mut self, slot: Slot, at: Moment, delivery: Delivery) {
        self.clear(slot);
        self.put(slot, at, delivery.queue());
    }

    /// Removes the deadline of a slot, if it has one.
    pub fn clear(&mut self, slot: Slot) {
        if let Some(queue) = self.slots.clear(slot.0) {
            self.update_turn(queue);
        }
    }

    /// Returns when [`poll`](Self::poll) may deliver the next slot. It delivers none before.
    ///
    /// The time is never late. It may be early: it is the start of the wheel interval that has the deadline. Intervals have 1 ms
    /// for a near deadline, then 256 ms, 65 s, 4.6 hours and so on. A poll then moves the slot to a finer interval, so at most
    /// seven polls per deadline are early.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Moment> {
        let immediate = (!self.slots.is_empty(IMMEDIATE)).then_some(self.slots.now());
        [immediate, self.slots.next(), self.destinations.next()].into_iter().flatten().min()
    }

    /// Delivers a slot that is due and removes its deadline. Returns `None` if no slot is due or the rates allow none now.
    pub fn poll(&mut self, now: Moment) -> Option<Slot> {
        if !self.move_to(now) {
            return None;
        }
        let queue =
            if self.slots.is_empty(IMMEDIATE) { self.destinations.take(now)? } else { IMMEDIATE };
        let slot = self.slots.pop(queue);
        self.update_turn(queue);
        slot.map(Slot)
    }

    /// Moves both wheels to a time. Returns `false` if the clock was set back a little and must catch up first.
    fn move_to(&mut self, now: Moment) -> bool {
        let reached = self.slots.now();
        match now.cmp(&reached) {
            Ordering::Equal => true,
            Ordering::Greater => {
                self.advance(now);
                true
            }
            Ordering::Less if reached.since(now) <= MAX_CLOCK_CATCH_UP => false,
            Ordering::Less => {
                self.rewind(now);
                true
            }
        }
    }

    fn advance(&mut self, now: Moment) {
        self.destinations.advance(now);
        self.slots.advance(now, |queue| {
            if queue != IMMEDIATE {
                self.destinations.join(queue);
            }
        });
    }

    fn rewind(&mut self, now: Moment) {
        self.destinations.rewind(now);
        for (slot, at, queue) in self.slots.rewind(now) {
            self.put(Slot(slot), at, queue);
        }
    }

    fn put(&mut self, slot: Slot, at: Moment, queue: u32) {
        self.slots.set(slot.0, at, queue);
        self.update_turn(queue);
    }

    /// Restores the invariant of the destinations after a queue has changed.
    fn update_turn(&mut self, queue: u32) {
        if queue == IMMEDIATE {
            return;
        }
        if self.slots.is_empty(queue) {
            self.destinations.leave(queue);
        } else {
            self.destinations.join(queue);
        }
    }
}
