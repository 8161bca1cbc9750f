//! STANs and RRNs: never the same twice within a day and a node, also after a crash.
//!
//! STAN and transmission second together tell one message from another, though STANs come round: when they have
//! come round within a second, or a crash may have used some of it, the next second is taken.
//!
//! One counter gives both. It is reserved in blocks: the end of a block is a fact, on disk with the first transfer
//! that uses a number of it, and after a start the counter goes on from there. So a crash skips numbers and
//! never gives one again.

use crate::mutation::{Mutant, broken};
use crate::transfer::{Numbers, Trace};
use crate::values::{Moment, Rrn, Stan};

/// Numbers that are reserved at once.
const BLOCK: u64 = 65_536;

/// The counter wraps here: what seven characters of base 36 hold. At 20,000 transfers a second that is 45 days.
const WRAP: u64 = 36_u64.pow(7);

/// The allocator of a node.
#[derive(Clone, Debug)]
pub struct Numbering {
    node: u8,
    stans: u32,
    next: u64,
    reserved: u64,
    /// Set when a block was begun whose end is not yet among the facts.
    unrecorded: bool,
    random: u64,
    /// The second of the last trace, and the number that it began with.
    second: u64,
    first_of_second: u64,
}

impl Numbering {
    /// The numbers of a node (0 to 35), from the end of the last block that was reserved. `latest` is the latest
    /// moment that is known, by the clock or of a trace in the journal: its second may have been used before. `seed` is for
    /// jitter.
    #[must_use]
    pub fn new(node: u8, reserved: u64, latest: Moment, seed: u64) -> Self {
        let reserved = if broken(Mutant::ReuseNumbers) { 0 } else { reserved };
        Self {
            node: node % 36,
            stans: Stan::MAX + 1,
            next: reserved,
            reserved,
            unrecorded: false,
            // A generator of this kind must not begin at zero.
            random: seed | 1,
            second: latest.millis() / 1000 + 1,
            first_of_second: reserved,
        }
    }

    /// The same with so many STANs only, from 0 on, where a network gives a bank no more.
    #[must_use]
    pub fn with_stans(self, stans: u32) -> Self {
        Self { stans: stans.clamp(1, Stan::MAX + 1), ..self }
    }

    /// The end of a block that was begun since the last call: it is to be recorded with what uses it.
    pub const fn take_reservation(&mut self) -> Option<u64> {
        if self.unrecorded {
            self.unrecorded = false;
            Some(self.reserved)
        } else {
            None
        }
    }

    /// The moment that a message under this number carries.
    fn moment(&mut self, at: Moment, number: u64) -> Moment {
        let round = number - self.first_of_second >= u64::from(self.stans);
        let second = (at.millis() / 1000).max(self.second + u64::from(round));
        if second > self.second {
            (self.second, self.first_of_second) = (second, number);
        }
        at.max(Moment::from_millis(second * 1000))
    }

    const fn count(&mut self) -> u64 {
        if self.next == self.reserved {
            self.reserved += BLOCK;
            self.unrecorded = true;
        }
        let number = self.next;
        self.next += 1;
        number
    }
}

impl Numbers for Numbering {
    fn trace(&mut self, at: Moment) -> Trace {
        let number = self.count();
        let at = self.moment(at, number);
        Trace {
            stan: Stan::wrapped(number % u64::from(self.stans)),
            rrn: rrn(self.node, number, at),
            at,
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
    let (year, day) = year_and_day(at);
    let mut digits = [0; 12];
    let head = [year % 10, day / 100, day / 10 % 10, day % 10, u64::from(node)];
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

/// The year and the day of the year, from 1, in UTC.
fn year_and_day(at: Moment) -> (u64, u64) {
    const DAYS_OF_400_YEARS: u64 = 146_097;
    let is_leap = |year: u64| {
        year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
    };
    let mut days = at.millis() / 86_400_000;
    let mut year = 1970 + 400 * (days / DAYS_OF_400_YEARS);
    days %= DAYS_OF_400_YEARS;
    loop {
        let length = if is_leap(year) { 366 } else { 365 };
        if days < length {
            return (year, days + 1);
        }
        days -= length;
        year += 1;
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    const NOON: Moment = Moment::from_millis(1_795_521_600_000);

    #[test]
    fn an_rrn_tells_year_day_and_node() {
        assert_eq!(year_and_day(NOON), (2026, 328), "24 November 2026");
        assert_eq!(year_and_day(Moment::from_millis(951_782_400_000)), (2000, 60), "29 February");
        let trace = Numbering::new(11, 46_656, Moment::default(), 1).trace(NOON);
        assert_eq!(trace.rrn.as_str(), "6328B0001000");
        assert_eq!(trace.stan.to_string(), "046656");
    }

    #[test]
    fn numbers_never_come_twice_across_crashes() {
        let (mut rrns, mut traces) = (HashSet::new(), HashSet::new());
        let mut recorded = 0;
        let mut now = NOON;
        for life in 0..20 {
            let mut numbers = Numbering::new(1, recorded, now, 7).with_stans(512);
            for _ in 0..=life * 1000 {
                let trace = numbers.trace(NOON);
                now = now.max(trace.at);
                assert!(rrns.insert(trace.rrn), "an RRN twice");
                assert!(traces.insert((trace.stan, trace.at.millis() / 1000)), "a trace twice");
                if let Some(reserved) = numbers.take_reservation() {
                    recorded = reserved;
                }
            }
        }
    }

    #[test]
    fn the_counter_wraps_without_an_end() {
        let mut numbers = Numbering::new(1, WRAP - 1, Moment::default(), 7);
        let (last, first) = (numbers.trace(NOON), numbers.trace(NOON));
        assert_eq!((last.rrn.as_str(), first.rrn.as_str()), ("63281ZZZZZZZ", "632810000000"));
    }
}
