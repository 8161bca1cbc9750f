//! STANs and RRNs. A node never uses the same one twice, also not after a crash: a STAN within a transmission second, an RRN
//! within a year.
//!
//! STAN and transmission second together identify a message. STANs wrap from 999999 to 000001. When all STANs were used within a second, or a crash
//! may have used some of them, the allocator continues in the next second.
//!
//! One counter gives both numbers. Its watermark is committed with the facts that use the numbers, before any message with them
//! is sent.

use serde::{Deserialize, Serialize};

use super::cut_over::{BusinessDates, CutOverOutcome};
use crate::random::Random;
use crate::transfer::{TraceNumbers, TraceSource};
use crate::values::{Date, Moment, MonthDay, Offset, Rrn, RrnForm, Stan};

/// The counter wraps here in an alphanumeric RRN: seven characters of base 36. At 20,000 transfers a second that takes 45 days,
/// and the RRN has the day beside it.
const WRAP: u64 = 36_u64.pow(7);

/// The counter wraps here in a numeric RRN: ten digits. That is enough for a year at 317 messages a second.
const NUMERIC_WRAP: u64 = 10_u64.pow(10);

/// The trace number watermark of a node: how far its trace numbers are used up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TraceWatermark {
    /// The next unused number of the counter.
    #[serde(rename = "next")]
    pub next: u64,
    /// The latest transmission time of a message. If it is far ahead at a start, the clock was wrong then or is wrong now.
    #[serde(rename = "latest")]
    pub latest_transmission: Moment,
    /// The business date of the network.
    #[serde(rename = "settlement_date")]
    pub settlement_date: Date,
    /// The business date before the last cut-over ahead.
    #[serde(rename = "previous_settlement_date")]
    pub previous_settlement_date: Date,
}

impl TraceWatermark {
    /// Returns the watermark of a new node.
    #[must_use]
    pub fn first(settlement_date: Date) -> Self {
        Self {
            next: 0,
            latest_transmission: Moment::default(),
            settlement_date,
            previous_settlement_date: settlement_date,
        }
    }
}

/// Allocates the trace numbers of a node.
#[derive(Clone, Debug)]
pub struct TraceAllocator {
    node: u8,
    stan_count: u32,
    rrn_form: RrnForm,
    watermark: TraceWatermark,
    /// Whether the watermark changed since it was last taken.
    is_changed: bool,
    random: Random,
    /// The transmission second of the last message, and the counter at the start of that second.
    second: u64,
    first_of_second: u64,
}

impl TraceAllocator {
    /// Creates the allocator of a node (0 to 35) that continues from the watermark in the journal. `seed` is for jitter.
    #[must_use]
    pub fn new(node: u8, watermark: TraceWatermark, now: Moment, seed: u64) -> Self {
        let latest = watermark.latest_transmission.max(now);
        Self {
            node: node % 36,
            stan_count: Stan::MAX,
            rrn_form: RrnForm::default(),
            watermark,
            is_changed: false,
            random: Random::new(seed),
            second: latest.seconds() + 1,
            first_of_second: watermark.next,
        }
    }

    /// Moves the business date, if the new one can be right.
    pub(super) fn cut_over(&mut self, day: Option<MonthDay>, today: Date) -> CutOverOutcome {
        let TraceWatermark { settlement_date, previous_settlement_date, .. } = self.watermark;
        let mut dates =
            BusinessDates { present: settlement_date, previous: previous_settlement_date };
        let outcome = dates.cut_over(day, today);
        self.is_changed |= dates.present != settlement_date;
        self.watermark.settlement_date = dates.present;
        self.watermark.previous_settlement_date = dates.previous;
        outcome
    }

    /// Limits the allocator to `count` STANs, from 1 on, for a network that gives a bank only some.
    #[must_use]
    pub fn with_stans(self, count: u32) -> Self {
        Self { stan_count: count.clamp(1, Stan::MAX), ..self }
    }

    /// Lets the allocator issue RRNs of this form.
    #[must_use]
    pub fn with_rrns(self, rrn_form: RrnForm) -> Self {
        Self { rrn_form, ..self }
    }

    /// Returns the watermark if it changed since the last call. It must be committed with the facts that use the numbers.
    pub fn take_watermark(&mut self) -> Option<TraceWatermark> {
        std::mem::take(&mut self.is_changed).then_some(self.watermark)
    }

    /// Returns the transmission time of the message with this number.
    fn transmission_time(&mut self, at: Moment, number: u64) -> Moment {
        let is_wrapped = number - self.first_of_second >= u64::from(self.stan_count);
        let second = at.seconds().max(self.second + u64::from(is_wrapped));
        if second > self.second {
            (self.second, self.first_of_second) = (second, number);
        }
        at.max(Moment::from_millis(second * 1000))
    }
}

impl TraceSource for TraceAllocator {
    fn trace(&mut self, at: Moment) -> TraceNumbers {
        let number = self.watermark.next;
        let at = self.transmission_time(at, number);
        let latest_transmission = self.watermark.latest_transmission.max(at);
        self.watermark = TraceWatermark { next: number + 1, latest_transmission, ..self.watermark };
        self.is_changed = true;
        TraceNumbers {
            stan: Stan::wrapped(1 + number % u64::from(self.stan_count)),
            rrn: match self.rrn_form {
                RrnForm::Alphanumeric => alphanumeric_rrn(self.node, number, at),
                RrnForm::Numeric => numeric_rrn(self.node, number),
            },
            transmitted_at: at,
            settlement_date: self.watermark.settlement_date,
        }
    }

    fn draw(&mut self) -> u32 {
        self.random.draw_short()
    }
}

/// Returns a numeric RRN: node in two digits, and the counter in ten.
fn numeric_rrn(node: u8, number: u64) -> Rrn {
    Rrn::decimal(u64::from(node) * NUMERIC_WRAP + number % NUMERIC_WRAP)
}

/// Returns an alphanumeric RRN: last digit of the year, day of the year (three digits), node, and the counter in seven digits of
/// base 36.
fn alphanumeric_rrn(node: u8, number: u64, at: Moment) -> Rrn {
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

    fn from(next: u64) -> TraceWatermark {
        TraceWatermark { next, ..TraceWatermark::first(Date::of(NOON, Offset::UTC)) }
    }

    #[test]
    fn an_rrn_has_year_day_node_and_counter() {
        let trace = TraceAllocator::new(11, from(46_656), Moment::default(), 1).trace(NOON);
        assert_eq!(trace.rrn.as_str(), "6328B0001000");
        assert_eq!(trace.stan.to_string(), "046657");
    }

    #[test]
    fn a_numeric_rrn_has_node_and_counter_in_digits() {
        let numeric = |node, next| {
            let numbers = TraceAllocator::new(node, from(next), Moment::default(), 1);
            numbers.with_rrns(RrnForm::Numeric).trace(NOON).rrn
        };
        assert_eq!(numeric(3, 46_656).as_str(), "030000046656");
        assert_eq!(numeric(35, NUMERIC_WRAP - 1).as_str(), "359999999999");
        assert_eq!(numeric(35, NUMERIC_WRAP).as_str(), "350000000000", "the counter wraps");
        let mut numbers = TraceAllocator::new(35, from(0), NOON, 1).with_rrns(RrnForm::Numeric);
        let all: HashSet<_> = (0..20_000).map(|_| numbers.trace(NOON).rrn).collect();
        assert_eq!(all.len(), 20_000);
        assert!(all.iter().all(|rrn| rrn.as_str().bytes().all(|byte| byte.is_ascii_digit())));
    }

    #[test]
    fn a_stan_is_never_zero_and_unique_within_its_second() {
        let stans = |next: u64| {
            let mut numbers = TraceAllocator::new(1, from(next), NOON, 7);
            [(); 3].map(|()| numbers.trace(NOON).stan.number())
        };
        assert_eq!(stans(0), [1, 2, 3]);
        assert_eq!(stans(999_997), [999_998, 999_999, 1]);
        assert_eq!(stans(2 * 999_999 - 1), [999_999, 1, 2]);
        let mut numbers = TraceAllocator::new(1, from(0), NOON, 7).with_stans(3);
        let seconds = [(); 7].map(|()| numbers.trace(NOON).transmitted_at.seconds());
        assert_eq!(seconds.map(|second| second - seconds[0]), [0, 0, 0, 1, 1, 1, 2]);
    }

    #[test]
    fn numbers_never_repeat_across_crashes() {
        let (mut rrns, mut traces) = (HashSet::new(), HashSet::new());
        let mut recorded = from(0);
        for transfer in 0..20 {
            // The clock stands still, as if it was set back at each restart.
            let mut numbers = TraceAllocator::new(1, recorded, NOON, 7).with_stans(512);
            for _ in 0..=transfer * 100 {
                let trace = numbers.trace(NOON);
                assert!(rrns.insert(trace.rrn), "an RRN is used twice");
                assert!(
                    traces.insert((trace.stan, trace.transmitted_at.seconds())),
                    "a STAN is used twice within a second"
                );
            }
            recorded = numbers.take_watermark().unwrap();
            assert_eq!(numbers.take_watermark(), None, "unchanged");
        }
    }

    #[test]
    fn the_watermark_keeps_the_business_date_and_the_one_before() {
        let date = |text: &[u8]| Date::from_ascii(text).unwrap();
        let mut numbers = TraceAllocator::new(1, from(0), NOON, 7);
        let announce = |numbers: &mut TraceAllocator, day: &[u8]| {
            numbers.cut_over(MonthDay::from_ascii(day), date(b"2026-11-24"));
            numbers.take_watermark().map(|taken| {
                (taken.previous_settlement_date.to_string(), taken.settlement_date.to_string())
            })
        };
        let dates = |before: &str, date: &str| Some((before.to_owned(), date.to_owned()));
        assert_eq!(announce(&mut numbers, b"1201"), dates("2026-11-24", "2026-12-01"));
        assert_eq!(announce(&mut numbers, b"1201"), None, "the same date");
        assert_eq!(announce(&mut numbers, b"1123"), None, "a refused date");
        assert_eq!(announce(&mut numbers, b"1125"), dates("2026-11-24", "2026-11-25"));
        assert_eq!(numbers.trace(NOON).settlement_date, date(b"2026-11-25"));
    }

    #[test]
    fn the_counter_wraps() {
        let mut numbers = TraceAllocator::new(1, from(WRAP - 1), Moment::default(), 7);
        let (last, first) = (numbers.trace(NOON), numbers.trace(NOON));
        assert_eq!((last.rrn.as_str(), first.rrn.as_str()), ("63281ZZZZZZZ", "632810000000"));
    }
}
