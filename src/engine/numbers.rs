//! STANs and RRNs: never the same twice within a day and a node, also after a crash.
//!
//! STAN and transmission second together tell one message from another, though STANs come round: when they have
//! come round within a second, or a crash may have used some of it, the next second is taken.
//!
//! One counter gives both. How far it has come is on disk with what uses its numbers, before any of them is on the wire.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::mutation::{Mutant, broken};
use crate::transfer::{Numbers, Trace};
use crate::values::{Date, Moment, Offset, Rrn, Stan, TimeOfDay};

/// The counter wraps here: what seven characters of base 36 hold. At 20,000 transfers a second that is 45 days.
const WRAP: u64 = 36_u64.pow(7);

/// How far a node's numbers have come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counted {
    /// The number after the last that was given.
    pub next: u64,
    /// The latest moment that a message carries. Whoever starts the engine looks at it: when it is far ahead, the clock was
    /// wrong then or is now.
    pub latest: Moment,
    /// The day that the network settles on.
    pub settles: Date,
}

impl Counted {
    /// Of a node that begins on a business date.
    #[must_use]
    pub fn first(settles: Date) -> Self {
        Self { next: 0, latest: Moment::default(), settles }
    }
}

/// A cut-over to a day further ahead than this is not taken: no network closes for so long.
const CUT_OVER_MAX: Duration = Duration::from_hours(15 * 24);

/// The allocator of a node.
#[derive(Clone, Debug)]
pub struct Numbering {
    node: u8,
    stans: u32,
    counted: Counted,
    /// Whether numbers were given since it was last asked how far they have come.
    used: bool,
    random: u64,
    /// The second of the last trace, and the number that it began with.
    second: u64,
    first_of_second: u64,
}

impl Numbering {
    /// The numbers of a node (0 to 35), from where they have come to, which the journal has. `seed` is for jitter.
    #[must_use]
    pub fn new(node: u8, counted: Counted, now: Moment, seed: u64) -> Self {
        let next = if broken(Mutant::ReuseNumbers) { 0 } else { counted.next };
        let latest = counted.latest.max(now);
        Self {
            node: node % 36,
            stans: Stan::MAX + 1,
            counted: Counted { next, ..counted },
            used: false,
            // A generator of this kind must not begin at zero.
            random: seed | 1,
            second: latest.seconds() + 1,
            first_of_second: next,
        }
    }

    /// The network settles on this day from now on; `false` if that can't be.
    pub(super) fn cut_over(&mut self, to: Date, now: Moment) -> bool {
        let ahead = to.at(TimeOfDay::MIDNIGHT, Offset::UTC).since(now);
        let taken = to >= self.counted.settles && ahead <= CUT_OVER_MAX;
        if taken && to > self.counted.settles {
            self.counted.settles = to;
            self.used = true;
        }
        taken
    }

    /// The same with so many STANs only, from 0 on, where a network gives a bank no more.
    #[must_use]
    pub fn with_stans(self, stans: u32) -> Self {
        Self { stans: stans.clamp(1, Stan::MAX + 1), ..self }
    }

    /// How far the numbers have come, if any was given since the last call: it is to be recorded with what uses them.
    pub fn take_counted(&mut self) -> Option<Counted> {
        std::mem::take(&mut self.used).then_some(self.counted)
    }

    /// The moment that a message under this number carries.
    fn moment(&mut self, at: Moment, number: u64) -> Moment {
        let round = number - self.first_of_second >= u64::from(self.stans);
        let second = at.seconds().max(self.second + u64::from(round));
        if second > self.second {
            (self.second, self.first_of_second) = (second, number);
        }
        at.max(Moment::from_millis(second * 1000))
    }
}

impl Numbers for Numbering {
    fn trace(&mut self, at: Moment) -> Trace {
        let number = self.counted.next;
        let at = self.moment(at, number);
        let latest = self.counted.latest.max(at);
        self.counted = Counted { next: number + 1, latest, ..self.counted };
        self.used = true;
        Trace {
            stan: Stan::wrapped(number % u64::from(self.stans)),
            rrn: rrn(self.node, number, at),
            at,
            settles: self.counted.settles,
        }
    }

    /// Xorshift (Marsaglia): jitter needs no better one.
    fn draw(&mut self) -> u32 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        u32::try_from(self.random >> 32).unwrap_or_default()
    }
}

/// Last digit of the year, day of the year in three, node, and seven digits of the counter in base 36.
fn rrn(node: u8, number: u64, at: Moment) -> Rrn {
    let date = Date::of(at, Offset::UTC);
    let (year, day) = (date.year(), date.day_of_year());
    let mut digits = [0; 12];
    let head = [year % 10, day / 100, day / 10 % 10, day % 10, u16::from(node)].map(u64::from);
    let mut rest = number % WRAP;
    for (place, digit) in digits.iter_mut().enumerate().rev() {
        let value = if let Some(value) = head.get(place) {
            *value
        } else {
            let value = rest % 36;
            rest /= 36;
            value
        };
        *digit = u8::try_from(value).unwrap_or_default();
    }
    Rrn::base36(digits)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::values::Value;

    const NOON: Moment = Moment::from_millis(1_795_521_600_000);

    fn from(next: u64) -> Counted {
        Counted { next, ..Counted::first(Date::of(NOON, Offset::UTC)) }
    }

    #[test]
    fn an_rrn_tells_year_day_and_node() {
        let trace = Numbering::new(11, from(46_656), Moment::default(), 1).trace(NOON);
        assert_eq!(trace.rrn.as_str(), "6328B0001000");
        assert_eq!(trace.stan.to_string(), "046656");
    }

    #[test]
    fn numbers_never_come_twice_across_crashes() {
        let (mut rrns, mut traces) = (HashSet::new(), HashSet::new());
        let mut recorded = from(0);
        for life in 0..20 {
            // The clock stands still, or was set back.
            let mut numbers = Numbering::new(1, recorded, NOON, 7).with_stans(512);
            for _ in 0..=life * 100 {
                let trace = numbers.trace(NOON);
                assert!(rrns.insert(trace.rrn), "an RRN twice");
                assert!(traces.insert((trace.stan, trace.at.seconds())), "a trace twice");
            }
            recorded = numbers.take_counted().unwrap();
            assert_eq!(numbers.take_counted(), None, "nothing new");
        }
    }

    #[test]
    fn a_business_date_goes_on_and_not_back_or_far_ahead() {
        let date = |text: &[u8]| Date::from_ascii(text).unwrap();
        let mut numbers = Numbering::new(1, from(0), NOON, 7);
        assert!(numbers.cut_over(date(b"2026-11-25"), NOON), "the next");
        assert!(numbers.cut_over(date(b"2026-11-25"), NOON), "again");
        assert!(!numbers.cut_over(date(b"2026-11-24"), NOON), "back");
        assert!(!numbers.cut_over(date(b"2027-11-24"), NOON), "a year ahead");
        assert_eq!(numbers.take_counted().unwrap().settles, date(b"2026-11-25"));
        assert_eq!(numbers.trace(NOON).settles, date(b"2026-11-25"));
    }

    #[test]
    fn the_counter_wraps_without_an_end() {
        let mut numbers = Numbering::new(1, from(WRAP - 1), Moment::default(), 7);
        let (last, first) = (numbers.trace(NOON), numbers.trace(NOON));
        assert_eq!((last.rrn.as_str(), first.rrn.as_str()), ("63281ZZZZZZZ", "632810000000"));
    }
}
