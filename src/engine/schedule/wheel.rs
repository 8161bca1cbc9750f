//! A hierarchical timing wheel: entries wait in it for their moment, and then in a queue until they are taken.
//!
//! There are eight levels, one for each byte of a moment. A line of the lowest is one millisecond, a line of any
//! other is 256 lines of the level below. An entry waits in a line as coarse as its moment is far, and is handed down
//! as that comes nearer: seven times at most in its life, once or twice in practice.
//!
//! ```text
//!          now
//! level 0   │▪▪▪▪▪▪▪▪▪▪▪▪                                     lines of 1 ms
//! level 1   └───────┬───│▪▪▪▪▪▪▪│▪▪▪▪▪▪▪│▪▪▪▪▪▪▪│             lines of 256 ms
//! level 2           └ is being handed down      └───── …      lines of 65 s, and so on to the last moment there is
//! ```
//!
//! A line must be handed down when it begins, and may hold all that waits. So that no tick pays for that alone, at
//! each level the line that begins next is handed down bit by bit while the one before it passes; that is why a
//! level reaches over two lines of the next. Empty lines are never visited: a time that jumps, jumps.

use std::cmp::Reverse;

use super::lists::{Entry, Lists};
use crate::values::Moment;

/// Levels: the bytes of a moment.
const LEVELS: u32 = 8;

/// Lines of a level: two lines of the next.
const WIDTH: u32 = 512;

/// The lists are the lines, level by level, and from here on the queues.
const QUEUES: u32 = LEVELS * WIDTH;

/// Entries that wait for a moment, or in a queue since theirs has come.
///
/// Entries of one moment never overtake each other: one that comes later finds their line handed down as far as they
/// did or further, and what is handed down in part is taken from the front and added to at the end.
#[derive(Debug)]
pub(super) struct Wheel {
    lists: Lists,
    levels: [Level; LEVELS as usize],
}

impl Wheel {
    pub(super) const BYTES_PER_ENTRY: usize = size_of::<Entry>();

    pub(super) fn new(now: Moment) -> Self {
        Self { lists: Lists::new(QUEUES), levels: levels(now) }
    }

    /// The latest moment it was brought to.
    pub(super) const fn now(&self) -> Moment {
        let [lowest, ..] = &self.levels;
        Moment::from_millis(lowest.down)
    }

    /// Whether an entry waits, for its moment or in a queue.
    pub(super) fn holds(&self, id: u32) -> bool {
        self.lists.find(id).is_some()
    }

    pub(super) fn is_empty(&self, queue: u32) -> bool {
        self.lists.len(QUEUES + queue) == 0
    }

    /// When the first line begins that holds anything: before it [`advance`](Self::advance) finds nothing due.
    pub(super) fn next(&self) -> Option<Moment> {
        self.first().map(|line| Moment::from_millis(line.begin()))
    }

    /// Lets an entry that waits for nothing wait.
    pub(super) fn set(&mut self, id: u32, at: Moment, queue: u32) {
        self.lists.describe(id, at, queue);
        if at <= self.now() {
            self.lists.push(QUEUES + queue, id);
        } else {
            self.file(id, at, LEVELS);
        }
    }

    /// Lets an entry wait no more; gives the queue that it was in or would have come to.
    pub(super) fn clear(&mut self, id: u32) -> Option<u32> {
        let entry = self.lists.find(id)?;
        self.lists.remove(id);
        self.note(entry.list());
        Some(entry.queue)
    }

    /// Takes the first out of a queue.
    pub(super) fn pop(&mut self, queue: u32) -> Option<u32> {
        self.lists.pop(QUEUES + queue).map(|(id, _)| id)
    }

    /// Brings it to a time that is later than now; calls `due` with the queue of each entry whose moment has come.
    pub(super) fn advance(&mut self, to: Moment, mut due: impl FnMut(u32)) {
        let (from, to) = (self.now().millis(), to.millis());
        while let Some(line) = self.first().filter(|line| line.begin() <= to) {
            // Nothing waits before it.
            self.pass(line.begin() - 1);
            self.close(line);
            if line.level == 0 {
                self.fall_due(line, &mut due);
            } else {
                while self.hand_down(line) {}
            }
        }
        self.pass(to);
        for level in 1..LEVELS {
            self.prepare(Line { level, number: (to >> (8 * level)) + 1 }, from, to);
        }
    }

    /// Brings it to an earlier time, and takes everything out: entries with their moment and queue, those of one moment in
    /// their order.
    pub(super) fn turn_back(&mut self, to: Moment) -> Vec<(u32, Moment, u32)> {
        let mut all = Vec::new();
        // Of those of one moment the first are furthest down.
        for list in (QUEUES..self.lists.count()).chain(0..QUEUES) {
            let entries = std::iter::from_fn(|| self.lists.pop(list));
            all.extend(entries.map(|(id, entry)| (id, entry.at, entry.queue)));
        }
        self.levels = levels(to);
        all
    }

    /// The line that begins first of those that hold anything; of two, the one that is to be handed down to the other.
    fn first(&self) -> Option<Line> {
        let firsts = self
            .levels
            .iter()
            .zip(0..)
            .filter_map(|(level, number)| Some(Line { level: number, number: level.first()? }));
        firsts.min_by_key(|line| (line.begin(), Reverse(line.level)))
    }

    /// Notes that all lines that began by then are handed down.
    fn pass(&mut self, moment: u64) {
        for (level, number) in self.levels.iter_mut().zip(0..) {
            level.down = level.down.max(moment >> (8 * number));
        }
    }

    /// Notes that a line is handed down.
    fn close(&mut self, line: Line) {
        if let Some(level) = self.levels.get_mut(line.level as usize) {
            level.down = line.number;
        }
    }

    fn fall_due(&mut self, line: Line, due: &mut impl FnMut(u32)) {
        while let Some((id, entry)) = self.lists.pop(line.list()) {
            self.lists.push(QUEUES + entry.queue, id);
            due(entry.queue);
        }
        self.note(line.list());
    }

    /// Hands down the first entry of a line; `false` if there is none.
    fn hand_down(&mut self, line: Line) -> bool {
        let Some((id, entry)) = self.lists.pop(line.list()) else { return false };
        self.note(line.list());
        self.file(id, entry.at, line.level);
        true
    }

    /// Hands down a share of a line that begins after `to`: of what is left the part that passes of the time left.
    fn prepare(&mut self, line: Line, from: u64, to: u64) {
        let left = u64::from(self.lists.len(line.list()));
        if left > 0 {
            // A jump counts from where the line in front of this begins.
            let from = from.max(line.begin() - line.width());
            let share = left.saturating_mul(to - from) / (line.begin() - from);
            for _ in 0..share {
                self.hand_down(line);
            }
        }
        if self.lists.len(line.list()) == 0 {
            self.close(line);
        }
    }

    /// Puts an entry, whose moment is to come, into a line below a level: into the highest that is not handed down.
    fn file(&mut self, id: u32, at: Moment, below: u32) {
        let at = at.millis();
        let mut levels = self.levels.iter().zip(0..below).rev();
        let level = levels.find(|(level, number)| at >> (8 * number) > level.down);
        let level = level.map_or(0, |(_, number)| number);
        let list = Line { level, number: at >> (8 * level) }.list();
        self.lists.push(list, id);
        self.note(list);
    }

    /// Notes whether a line holds anything.
    fn note(&mut self, list: u32) {
        let filled = self.lists.len(list) > 0;
        if let Some(level) = self.levels.get_mut((list / WIDTH) as usize) {
            level.filled.set(list % WIDTH, filled);
        }
    }
}

/// A line: its level, and its first moment without the bytes of the levels below.
#[derive(Clone, Copy, Debug)]
struct Line {
    level: u32,
    number: u64,
}

impl Line {
    /// In milliseconds.
    const fn width(self) -> u64 {
        1 << (8 * self.level)
    }

    const fn begin(self) -> u64 {
        self.number << (8 * self.level)
    }

    const fn list(self) -> u32 {
        self.level * WIDTH + place(self.number)
    }
}

/// Where a line lies in its level: its number within `WIDTH`.
const fn place(number: u64) -> u32 {
    (number & 0x1FF) as u32
}

/// What a level knows of its lines.
///
/// Invariant: the last that is handed down is the one of now or the next, and only the 511 after it hold anything, so each
/// has a place of its own.
#[derive(Clone, Copy, Debug, Default)]
struct Level {
    /// This line and those before it are handed down: to levels below, or from the lowest to the queues.
    down: u64,
    filled: Filled,
}

impl Level {
    /// The first line that holds anything.
    fn first(&self) -> Option<u64> {
        let next = self.down.wrapping_add(1);
        let found = self.filled.first(place(next))?;
        Some(next + u64::from(found.wrapping_sub(place(next)) % WIDTH))
    }
}

/// The levels of a wheel that holds nothing: the lines of now and, but for the lowest level, the next are handed down.
fn levels(now: Moment) -> [Level; LEVELS as usize] {
    let down = |level| (now.millis() >> (8 * level)) + u64::from(level > 0);
    std::array::from_fn(|level| Level { down: down(level), ..Level::default() })
}

/// Which lines of a level hold something: a bit for each, and one for each word of them that isn't zero.
#[derive(Clone, Copy, Debug, Default)]
struct Filled {
    words: [u64; WIDTH as usize / 64],
    summary: u8,
}

impl Filled {
    fn set(&mut self, place: u32, filled: bool) {
        let Some(word) = self.words.get_mut(place as usize / 64) else { return };
        let (bit, summary) = (1 << (place % 64), 1 << (place / 64));
        *word = if filled { *word | bit } else { *word & !bit };
        self.summary = if *word == 0 { self.summary & !summary } else { self.summary | summary };
    }

    /// The first place that is filled from this on, and around the end to the beginning.
    fn first(&self, from: u32) -> Option<u32> {
        let (index, rest) = (from / 64, u64::MAX << (from % 64));
        let here = self.word(index) & rest;
        if here != 0 {
            return Some(index * 64 + here.trailing_zeros());
        }
        // The words after it in turn, and in the end what comes before in its own.
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

    /// Where each entry lies.
    fn places(wheel: &Wheel, entries: u32) -> Vec<Option<u32>> {
        (0..entries).map(|id| wheel.lists.find(id).map(|entry| entry.list())).collect()
    }

    /// How many entries move when it is brought to a time.
    fn moves(wheel: &mut Wheel, entries: u32, to: u64) -> usize {
        let before = places(wheel, entries);
        wheel.advance(Moment::from_millis(to), |_| {});
        before.iter().zip(places(wheel, entries)).filter(|(before, after)| *before != after).count()
    }

    /// The most entries that move in a millisecond, until all have come to their queue.
    fn most_moves(wheel: &mut Wheel, entries: u32) -> usize {
        let mut most = 0;
        while wheel.lists.len(QUEUES) < entries {
            let next = wheel.now().millis() + 1;
            most = most.max(moves(wheel, entries, next));
        }
        most
    }

    #[test]
    fn no_millisecond_pays_for_a_line_alone() {
        // Over a line of 256 ms, and over one of 65 s, so many that each has to hand down ten in a millisecond.
        let now = 1_790_000_000_000 >> 16 << 16;
        let mut wheel = Wheel::new(Moment::from_millis(now));
        for id in 0..2_560 {
            wheel.set(id, Moment::from_millis(now + 25_600 + u64::from(id / 10)), 0);
        }
        assert!(
            most_moves(&mut wheel, 2_560) <= 22,
            "ten fall due and ten or eleven are handed down"
        );

        let mut wheel = Wheel::new(Moment::from_millis(now));
        for id in 0..256 {
            wheel.set(id, Moment::from_millis(now + 5 * 65_536 + 256 * u64::from(id)), 0);
        }
        let jumped = moves(&mut wheel, 256, now + 4 * 65_536 + 6_553);
        assert!(jumped <= 25, "a jump pays for the tenth of the line in front that has passed");
        assert!(most_moves(&mut wheel, 256) <= 3, "one falls due, and one at each of two levels");
    }

    #[test]
    fn a_jump_passes_over_empty_lines() {
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
    fn the_first_filled_place_is_found_from_any_around_the_end() {
        let mut filled = Filled::default();
        assert_eq!(filled.first(77), None);
        for place in [3, 70, 71, 500] {
            filled.set(place, true);
        }
        let found = [0, 3, 4, 70, 71, 72, 500, 501, 511].map(|from| filled.first(from));
        assert_eq!(found, [3, 3, 70, 70, 71, 500, 500, 3, 3].map(Some));
        filled.set(3, false);
        assert_eq!([501, 71, 72].map(|from| filled.first(from)), [70, 71, 500].map(Some));
    }
}
