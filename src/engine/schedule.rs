//! When each transfer is due again, and which of those that are due may go first.
//!
//! ```text
//!            deadline comes       ┌─ prompt ──────────────────────────────► given at once
//! set ─► wheel of the slots ──────┤
//!                                 └─ queue of its destination ─► turn ────► given as the rates allow
//!                                    wheel of the turns: a destination waits for its rate, then in the ring
//! ```
//!
//! Both wheels are of the same kind ([`wheel`]): a destination that has spent its rate waits for its next attempt
//! just as a transfer waits for its deadline. So nothing is ever searched: `set`, `clear` and each slot that
//! `poll` gives cost the same however many wait.

mod bucket;
mod lists;
#[cfg(test)]
mod tests;
mod turns;
mod wheel;

use std::cmp::Ordering;
use std::time::Duration;

pub use bucket::Pace;
use turns::Turns;
use wheel::Wheel;

use crate::values::Moment;

/// A clock that is set back by no more than this is waited for; one that is set back further is followed.
const PATIENCE: Duration = Duration::from_secs(1);

/// The queue of what is given as soon as it is due. That of a destination is its number and one.
const PROMPT: u32 = 0;

/// The place of a transfer in the live table. Places are counted from 0: the schedule is as long as the highest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Slot(pub u32);

/// A bank or network to which attempts are repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Destination(pub u16);

/// How what is due is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Lane {
    /// As soon as it is due: timeouts and the like.
    Prompt,
    /// In turn with other destinations, and no faster than the [`Pace`]: repeats to this destination.
    Paced(Destination),
}

impl Lane {
    fn queue(self) -> u32 {
        match self {
            Self::Prompt => PROMPT,
            Self::Paced(Destination(number)) => u32::from(number) + 1,
        }
    }
}

/// The deadlines of the open transfers, at most one each.
///
/// It has no clock: [`poll`](Self::poll) says what time it is. In each round of the loop poll until there is nothing,
/// then sleep until [`next_deadline`](Self::next_deadline):
///
/// - **Never early**: a slot is given when the time polled with has reached its deadline, once.
/// - **Prompt** slots come before any other, in the order of deadlines; those of one deadline in the order in
///   which they were set. A deadline that has passed when it is set counts as one of that moment.
/// - **Paced** slots come in the same order within their destination. Destinations that have something due and
///   an attempt left take turns. A destination whose last due slot is cleared or moved loses its place in the turn.
/// - **Pace**: over any time `t`, no more than `burst + t × rate`, rounded up, are given, in all and to each destination.
/// - **The clock set back**: by a second or less, nothing is given until it has caught up. By more, it is
///   followed: what isn't due any more waits again; that alone costs a step for each that waits. Poll before
///   asking for the next deadline, or the answer is still of the clock as it was.
/// - **The clock set forward**, however far: costs a step for each that is due, or is in a line of the wheel that it lands in.
/// - The same calls give the same results.
///
/// A slot takes [24 bytes](Self::BYTES_PER_SLOT), a destination 60, the rest is 100 kB. Nothing is allocated but to grow to
/// the highest slot and destination, which are bounded by who gives them out, and to follow a clock that was set back.
#[derive(Debug)]
pub struct Schedule {
    slots: Wheel,
    /// Invariant: a destination has a turn exactly while its queue in `slots` isn't empty.
    turns: Turns,
}

impl Schedule {
    /// What the schedule keeps for each slot.
    pub const BYTES_PER_SLOT: usize = Wheel::BYTES_PER_ENTRY;

    /// No deadlines yet.
    #[must_use]
    pub fn new(start: Moment, pace: Pace) -> Self {
        Self { slots: Wheel::new(start), turns: Turns::new(start, pace) }
    }

    /// Sets the deadline of a slot, or moves it, also to another lane.
    ///
    /// One that has passed is due at once, within the same round of polls: who sets such a deadline for each
    /// slot that is given never gets to the end of it.
    pub fn set(&mut self, slot: Slot, at: Moment, lane: Lane) {
        self.clear(slot);
        self.put(slot, at, lane.queue());
    }

    /// Forgets the deadline of a slot, if it has one.
    pub fn clear(&mut self, slot: Slot) {
        if let Some(queue) = self.slots.clear(slot.0) {
            self.keep_turn(queue);
        }
    }

    /// When [`poll`](Self::poll) may next give something; it gives nothing before.
    ///
    /// Never late. It may be early: it is when the line of the wheel begins in which the deadline lies, of 1 ms if that is
    /// near, of 256 ms, 65 s, 4.6 hours and so on the further it is. A poll then brings it into a finer line, so
    /// at most seven polls for a deadline come early.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Moment> {
        let prompt = (!self.slots.is_empty(PROMPT)).then_some(self.slots.now());
        [prompt, self.slots.next(), self.turns.next()].into_iter().flatten().min()
    }

    /// Gives a slot that is due, and forgets its deadline; `None` if nothing is due or allowed now.
    pub fn poll(&mut self, now: Moment) -> Option<Slot> {
        if !self.reach(now) {
            return None;
        }
        let queue = if self.slots.is_empty(PROMPT) { self.turns.take(now)? } else { PROMPT };
        let slot = self.slots.pop(queue);
        self.keep_turn(queue);
        slot.map(Slot)
    }

    /// Brings both wheels to a time; `false` if that is to be waited for, since the clock was set back a little.
    fn reach(&mut self, now: Moment) -> bool {
        let reached = self.slots.now();
        match now.cmp(&reached) {
            Ordering::Equal => true,
            Ordering::Greater => {
                self.advance(now);
                true
            }
            Ordering::Less if reached.since(now) <= PATIENCE => false,
            Ordering::Less => {
                self.turn_back(now);
                true
            }
        }
    }

    fn advance(&mut self, now: Moment) {
        self.turns.advance(now);
        self.slots.advance(now, |queue| {
            if queue != PROMPT {
                self.turns.join(queue);
            }
        });
    }

    fn turn_back(&mut self, now: Moment) {
        self.turns.turn_back(now);
        for (slot, at, queue) in self.slots.turn_back(now) {
            self.put(Slot(slot), at, queue);
        }
    }

    fn put(&mut self, slot: Slot, at: Moment, queue: u32) {
        self.slots.set(slot.0, at, queue);
        self.keep_turn(queue);
    }

    /// Restores the invariant of the turns after a queue has changed.
    fn keep_turn(&mut self, queue: u32) {
        if queue == PROMPT {
            return;
        }
        if self.slots.is_empty(queue) {
            self.turns.leave(queue);
        } else {
            self.turns.join(queue);
        }
    }
}
