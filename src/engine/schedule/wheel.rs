//! A hierarchical timing wheel. Entries wait in it for their moment, and then in a queue until they are taken.
//!
//! There are eight levels, one for each byte of a moment. An interval of the lowest level is one millisecond. An interval of any
//! other level is 256 intervals of the level below. The further away the moment of an entry is, the coarser the interval that it
//! waits in. As the moment comes nearer, the entry cascades to a finer interval: seven times at most, once or twice in practice.
//!
//! ```text
//!          now
//! level 0   │▪▪▪▪▪▪▪▪▪▪▪▪                                     intervals of 1 ms
//! level 1   └───────┬───│▪▪▪▪▪▪▪│▪▪▪▪▪▪▪│▪▪▪▪▪▪▪│             intervals of 256 ms
//! level 2           └ is cascading              └───── …      intervals of 65 s, and so on to the last moment
//! ```
//!
//! An interval must have cascaded when it begins, and it may hold all entries. So that no single tick pays for that, each level
//! cascades its next interval bit by bit while the present one passes. That is why a level reaches over two intervals of the next
//! level. Empty intervals are skipped, so a jump of the time costs nothing for them.

use std::cmp::Reverse;

use super::lists::{Lists, Node};
use crate::values::Moment;

/// The number of levels: the bytes of a moment.
const LEVELS: u32 = 8;

/// The intervals of a level: two intervals of the next level.
const WIDTH: u32 = 512;

/// The first lists are the intervals, level by level. The lists from here on are the queues.
const QUEUES: u32 = LEVELS * WIDTH;

/// Entries that wait for a moment, or in a queue because their moment has come.
///
/// Entries with the same moment never overtake each other. An entry that is set later finds its interval cascaded at least as far
/// as the earlier ones did. A partly cascaded interval loses entries at its front and gets entries at its end.
#[derive(Debug)]
pub(super) struct Wheel {
    lists: Lists,
    levels: [Level; LEVELS as usize],
}

impl Wheel {
    pub(super) const BYTES_PER_ENTRY: usize = size_of::<Node>();

    pub(super) fn new(now: Moment) -> Self {
        Self { lists: Lists::new(QUEUES), levels: empty_levels(now) }
    }

    /// Returns the latest moment that the wheel was moved to.
    pub(super) const fn now(&self) -> Moment {
        let [lowest, ..] = &self.levels;
        Moment::from_millis(lowest.cascaded)
    }

    /// Whether an entry waits, for its moment or in a queue.
    pub(super) fn contains(&self, id: u32) -> bool {
        self.lists.find(id).is_some()
    }

    pub(super) fn is_empty(&self, queue: u32) -> bool {
        self.lists.len(QUEUES + queue) == 0
    }

    /// Returns the start of the first interval that is not empty. Before it [`advance`](Self::advance) finds nothing due.
    pub(super) fn next(&self) -> Option<Moment> {
        self.first().map(|interval| Moment::from_millis(interval.start()))
    }

    /// Adds an entry. It must not be in the wheel yet.
    pub(super) fn set(&mut self, id: u32, at: Moment, queue: u32) {
        self.lists.prepare(id, at, queue);
        if at <= self.now() {
            self.lists.push(QUEUES + queue, id);
        } else {
            self.place(id, at, LEVELS);
        }
    }

    /// Removes an entry. Returns the queue that it was in or would have come to.
    pub(super) fn clear(&mut self, id: u32) -> Option<u32> {
        let node = self.lists.find(id)?;
        self.lists.remove(id);
        self.update_filled(node.list());
        Some(node.queue)
    }

    /// Removes the first entry of a queue.
    pub(super) fn pop(&mut self, queue: u32) -> Option<u32> {
        self.lists.pop(QUEUES + queue).map(|(id, _)| id)
    }

    /// Moves the wheel to a later time. Calls `due` with the queue of each entry whose moment has come.
    pub(super) fn advance(&mut self, to: Moment, mut due: impl FnMut(u32)) {
        let (from, to) = (self.now().millis(), to.millis());
        while let Some(interval) = self.first().filter(|interval| interval.start() <= to) {
            // Everything before it is empty.
            self.mark_cascaded_before(interval.start() - 1);
            self.mark_cascaded(interval);
            if interval.level == 0 {
                self.move_to_queues(interval, &mut due);
            } else {
                while self.cascade_one(interval) {}
            }
        }
        self.mark_cascaded_before(to);
        for level in 1..LEVELS {
            self.cascade_share(Interval { level, number: (to >> (8 * level)) + 1 }, from, to);
        }
    }

    /// Moves the wheel to an earlier time and removes all entries. Returns them with their moment and queue. Entries with the same
    /// moment keep their order.
    pub(super) fn rewind(&mut self, to: Moment) -> Vec<(u32, Moment, u32)> {
        let mut all = Vec::new();
        // Of the entries with the same moment, the first ones are on the lowest level.
        for list in (QUEUES..self.lists.count()).chain(0..QUEUES) {
            let nodes = std::iter::from_fn(|| self.lists.pop(list));
            all.extend(nodes.map(|(id, node)| (id, node.at, node.queue)));
        }
        self.levels = empty_levels(to);
        all
    }

    /// Returns the interval that starts first of those that are not empty. Of two that start together, it is the coarser one, which
    /// must cascade into the other.
    fn first(&self) -> Option<Interval> {
        let firsts =
            self.levels.iter().zip(0..).filter_map(|(level, number)| {
                Some(Interval { level: number, number: level.first()? })
            });
        firsts.min_by_key(|interval| (interval.start(), Reverse(interval.level)))
    }

    /// Marks all intervals that started by a moment as cascaded.
    fn mark_cascaded_before(&mut self, moment: u64) {
        for (level, number) in self.levels.iter_mut().zip(0..) {
            level.cascaded = level.cascaded.max(moment >> (8 * number));
        }
    }

    /// Marks an interval as cascaded.
    fn mark_cascaded(&mut self, interval: Interval) {
        if let Some(level) = self.levels.get_mut(interval.level as usize) {
            level.cascaded = interval.number;
        }
    }

    /// Moves the entries of an interval of the lowest level to their queues.
    fn move_to_queues(&mut self, interval: Interval, due: &mut impl FnMut(u32)) {
        while let Some((id, node)) = self.lists.pop(interval.list()) {
            self.lists.push(QUEUES + node.queue, id);
            due(node.queue);
        }
        self.update_filled(interval.list());
    }

    /// Cascades the first entry of an interval. Returns `false` if the interval is empty.
    fn cascade_one(&mut self, interval: Interval) -> bool {
        let Some((id, node)) = self.lists.pop(interval.list()) else { return false };
        self.update_filled(interval.list());
        self.place(id, node.at, interval.level);
        true
    }

    /// Cascades a share of an interval that starts after `to`: the share of its entries is the share of the time left that passes
    /// from `from` to `to`.
    fn cascade_share(&mut self, interval: Interval, from: u64, to: u64) {
        let left = u64::from(self.lists.len(interval.list()));
        if left > 0 {
            // A jump counts from the start of the interval in front of this one.
            let from = from.max(interval.start() - interval.width());
            let share = left.saturating_mul(to - from) / (interval.start() - from);
            for _ in 0..share {
                self.cascade_one(interval);
            }
        }
        if self.lists.len(interval.list()) == 0 {
            self.mark_cascaded(interval);
        }
    }

    /// Puts an entry with a future moment into an interval below a level: on the highest level where the interval has not cascaded.
    fn place(&mut self, id: u32, at: Moment, below: u32) {
        let at = at.millis();
        let mut levels = self.levels.iter().zip(0..below).rev();
        let level = levels.find(|(level, number)| at >> (8 * number) > level.cascaded);
        let level = level.map_or(0, |(_, number)| number);
        let list = Interval { level, number: at >> (8 * level) }.list();
        self.lists.push(list, id);
        self.update_filled(list);
    }

    /// Updates whether an interval is filled.
    fn update_filled(&mut self, list: u32) {
        let is_filled = self.lists.len(list) > 0;
        if let Some(level) = self.levels.get_mut((list / WIDTH) as usize) {
            level.filled.set(list % WIDTH, is_filled);
        }
    }
}

/// An interval: its level, and its first moment without the bytes of the levels below.
#[derive(Clone, Copy, Debug)]
struct Interval {
    level: u32,
    number: u64,
}

impl Interval {
    /// Returns the width in milliseconds.
    const fn width(self) -> u64 {
        1 << (8 * self.level)
    }

    /// Returns the first moment.
    const fn start(self) -> u64 {
        self.number << (8 * self.level)
    }

    const fn list(self) -> u32 {
        self.level * WIDTH + position(self.number)
    }
}

/// Returns the position of an interval within its level: its number modulo `WIDTH`.
const fn position(number: u64) -> u32 {
    (number & 0x1FF) as u32
}

/// The state of a level.
///
/// Invariant: the last cascaded interval is the present one or the next one, and only the 511 intervals after it hold entries. So
/// each of them has its own position.
#[derive(Clone, Copy, Debug, Default)]
struct Level {
    /// This interval and those before it have cascaded: to the levels below, or from the lowest level to the queues.
    cascaded: u64,
    filled: Filled,
}

impl Level {
    /// Returns the first interval that is not empty.
    fn first(&self) -> Option<u64> {
        let next = self.cascaded.wrapping_add(1);
        let found = self.filled.first(position(next))?;
        Some(next + u64::from(found.wrapping_sub(position(next)) % WIDTH))
    }
}

/// Returns the levels of an empty wheel. The present interval of each level has cascaded, and so has the next one, except on the
/// lowest level.
fn empty_levels(now: Moment) -> [Level; LEVELS as usize] {
    let cascaded = |level| (now.millis() >> (8 * level)) + u64::from(level > 0);
    std::array::from_fn(|level| Level { cascaded: cascaded(level), ..Level::default() })
}

/// Which intervals of a level hold entries: a bit for each interval, and a summary bit for each word that is not zero.
#[derive(Clone, Copy, Debug, Default)]
struct Filled {
    words: [u64; WIDTH as usize / 64],
    summary: u8,
}

impl Filled {
    fn set(&mut self, position: u32, is_filled: bool) {
        let Some(word) = self.words.get_mut(position as usize / 64) else { return };
        let (bit, summary) = (1 << (position % 64), 1 << (position / 64));
        *word = if is_filled { *word | bit } else { *word & !bit };
        self.summary = if *word == 0 { self.summary & !summary } else { self.summary | summary };
    }

    /// Returns the first filled position at or after `from`, wrapping around the end.
    fn first(&self, from: u32) -> Option<u32> {
        let (index, rest) = (from / 64, u64::MAX << (from % 64));
        let here = self.word(index) & rest;
        if here != 0 {
            return Some(index * 64 + here.trailing_zeros());
        }
        // Then the words after it in turn, and last the part of its own word before `from`.
        let summary = self.summary.rotate_right(index + 1);
        let index = (index + 1 + summary.trailing_zeros()) % 8;
        (summary != 0).then(|| index * 64 + self.word(index).trailing_zeros())
    }

    fn word(&self, index: u32) -> u64 {
        self.words.get(index as usize).copied().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the list of each entry.
    fn lists_of(wheel: &Wheel, entries: u32) -> Vec<Option<u32>> {
        (0..entries).map(|id| wheel.lists.find(id).map(|node| node.list())).collect()
    }

    /// Counts the entries that change their list when the wheel moves to a time.
    fn moves(wheel: &mut Wheel, entries: u32, to: u64) -> usize {
        let before = lists_of(wheel, entries);
        wheel.advance(Moment::from_millis(to), |_| {});
        before
            .iter()
            .zip(lists_of(wheel, entries))
            .filter(|(before, after)| *before != after)
            .count()
    }

    /// Returns the most entries that change their list in a millisecond, until all are in their queue.
    fn most_moves(wheel: &mut Wheel, entries: u32) -> usize {
        let mut most = 0;
        while wheel.lists.len(QUEUES) < entries {
            let next = wheel.now().millis() + 1;
            most = most.max(moves(wheel, entries, next));
        }
        most
    }

    #[test]
    fn no_single_millisecond_cascades_a_whole_interval() {
        // An interval of 256 ms, and then one of 65 s. Each has enough entries that ten must cascade in a millisecond.
        let now = 1_790_000_000_000 >> 16 << 16;
        let mut wheel = Wheel::new(Moment::from_millis(now));
        for id in 0..2_560 {
            wheel.set(id, Moment::from_millis(now + 25_600 + u64::from(id / 10)), 0);
        }
        assert!(most_moves(&mut wheel, 2_560) <= 22, "ten are due and ten or eleven cascade");

        let mut wheel = Wheel::new(Moment::from_millis(now));
        for id in 0..256 {
            wheel.set(id, Moment::from_millis(now + 5 * 65_536 + 256 * u64::from(id)), 0);
        }
        let jumped = moves(&mut wheel, 256, now + 4 * 65_536 + 6_553);
        assert!(jumped <= 25, "a jump pays for the tenth of the interval in front that has passed");
        assert!(
            most_moves(&mut wheel, 256) <= 3,
            "one is due, and one cascades at each of two levels"
        );
    }

    #[test]
    fn a_jump_skips_empty_intervals() {
        let mut wheel = Wheel::new(Moment::default());
        for id in 0..8 {
            wheel.set(id, Moment::from_millis(1 << (7 * id + 7)), id);
        }
        let mut due = Vec::new();
        wheel.advance(Moment::from_millis(u64::MAX), |queue| due.push(queue));
        assert_eq!(due, (0..8).collect::<Vec<_>>());
        assert_eq!((wheel.next(), wheel.now().millis()), (None, u64::MAX));
    }

    #[test]
    fn the_first_filled_position_is_found_from_any_start() {
        let mut filled = Filled::default();
        assert_eq!(filled.first(77), None);
        for position in [3, 70, 71, 500] {
            filled.set(position, true);
        }
        let found = [0, 3, 4, 70, 71, 72, 500, 501, 511].map(|from| filled.first(from));
        assert_eq!(found, [3, 3, 70, 70, 71, 500, 500, 3, 3].map(Some));
        filled.set(3, false);
        assert_eq!([501, 71, 72].map(|from| filled.first(from)), [70, 71, 500].map(Some));
    }
}
