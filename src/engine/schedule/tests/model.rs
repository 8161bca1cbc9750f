//! Property tests: any calls, checked against a separate model. The model keeps all deadlines in one sorted map, and checks the
//! rates by their definition over the whole history.

use std::collections::{BTreeMap, BTreeSet};

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

const DAY: u64 = 86_400_000;

const SHARED_DEADLINES: [u64; 6] = [299, 300, 302, 555, 812, 66_000];

#[derive(Clone, Debug)]
enum Call {
    Set(u32, i64, Delivery),
    SetFar(u32),
    /// Sets one of a few deadlines that many slots share.
    SetShared(u32, usize, Delivery),
    Clear(u32),
    /// Moves the clock by this time, then polls once.
    Poll(i64),
    /// Moves the clock by this time, then polls until nothing is due.
    Round(i64),
    /// Rounds of polls, a millisecond apart.
    Ticks(u32),
    /// Sleeps until the next deadline, then a round of polls.
    Sleep,
}

fn any_distance() -> impl Strategy<Value = i64> {
    let day = DAY.cast_signed();
    prop_oneof![
        4 => 0..4_i64,
        4 => 0..600_i64,
        3 => 0..140_000_i64,
        1 => 0..400 * day,
        2 => -1_500..0_i64,
        1 => -2 * day..0,
    ]
}

fn any_delivery() -> impl Strategy<Value = Delivery> {
    prop_oneof![Just(Delivery::Immediate), (0..4_u32).prop_map(to)]
}

fn any_call() -> impl Strategy<Value = Call> {
    prop_oneof![
        12 => (0..24_u32, any_distance(), any_delivery()).prop_map(|(slot, at, delivery)| Call::Set(slot, at, delivery)),
        1 => (0..24_u32).prop_map(Call::SetFar),
        9 => (0..24_u32, 0..SHARED_DEADLINES.len(), any_delivery()).prop_map(|(slot, at, delivery)| Call::SetShared(slot, at, delivery)),
        3 => (0..24_u32).prop_map(Call::Clear),
        4 => any_distance().prop_map(Call::Poll),
        4 => any_distance().prop_map(Call::Round),
        4 => (1..80_u32).prop_map(Call::Ticks),
        2 => Just(Call::Sleep),
    ]
}

fn any_limits() -> impl Strategy<Value = RateLimits> {
    (1..40_u32, 1..20_u32, 1..4_u32).prop_map(|(all, each, burst)| limits(all, each, burst))
}

/// The times of attempts. One more is allowed if, since each of them, there would be at most the burst, the rate and what less than a
/// millisecond earns.
#[derive(Clone, Debug)]
struct History {
    rate: i128,
    burst: i128,
    delivered: Vec<i128>,
}

impl History {
    fn new(rate: NonZeroU32, burst: NonZeroU32) -> Self {
        Self { rate: rate.get().into(), burst: burst.get().into(), delivered: Vec::new() }
    }

    fn allows(&self, now: u64) -> bool {
        let counts = (2..).zip(self.delivered.iter().rev());
        counts.into_iter().all(|(count, since): (i128, _)| {
            count * 1_000
                < self.burst * 1_000 + self.rate.min(1_000) + self.rate * (i128::from(now) - since)
        })
    }

    fn rewind(&mut self, now: u64) {
        let ahead = self.delivered.last().map_or(0, |last| (last - i128::from(now)).max(0));
        self.delivered.iter_mut().for_each(|time| *time -= ahead);
    }
}

#[derive(Debug)]
struct Model {
    limits: RateLimits,
    now: u64,
    calls: u64,
    /// The slot, its deadline and its delivery, by due time and order of set.
    waiting: BTreeMap<(u64, u64), (Slot, u64, Delivery)>,
    all: History,
    each: BTreeMap<u16, History>,
    /// For each destination that could get a slot: the destinations that got one since then.
    served_since: BTreeMap<u16, BTreeSet<u16>>,
}

impl Model {
    fn new(now: u64, limits: RateLimits) -> Self {
        Self {
            limits,
            now,
            calls: 0,
            waiting: BTreeMap::new(),
            all: History::new(limits.per_second, limits.burst),
            each: BTreeMap::new(),
            served_since: BTreeMap::new(),
        }
    }

    fn clear(&mut self, slot: Slot) {
        let key = self.waiting.iter().find(|(_, waits)| waits.0 == slot).map(|(key, _)| *key);
        if let Some((.., Delivery::Paced(Destination(d)))) =
            key.and_then(|key| self.waiting.remove(&key))
        {
            self.served_since.remove(&d);
        }
    }

    fn set(&mut self, slot: Slot, at: u64, delivery: Delivery) {
        self.clear(slot);
        self.calls += 1;
        self.waiting.insert((at.max(self.now), self.calls), (slot, at, delivery));
    }

    /// Returns `false` if the clock was set back a little, so that no slot is delivered.
    fn move_to(&mut self, now: u64) -> bool {
        if now < self.now {
            if self.now - now <= 1_000 {
                return false;
            }
            self.rewind(now);
        }
        self.now = now;
        true
    }

    fn rewind(&mut self, now: u64) {
        let waiting = std::mem::take(&mut self.waiting);
        let again = waiting.into_iter().map(|((due, call), waits)| {
            let due = if waits.1 > now { waits.1 } else { due.min(now) };
            ((due, call), waits)
        });
        self.waiting = again.collect();
        self.all.rewind(now);
        self.each.values_mut().for_each(|history| history.rewind(now));
        self.served_since.clear();
    }

    fn first(&self, wanted: Delivery) -> Option<(u64, u64)> {
        let due = self.waiting.range(..=(self.now, u64::MAX));
        due.into_iter().find(|(_, (.., delivery))| *delivery == wanted).map(|(key, _)| *key)
    }

    fn history(&mut self, destination: u16) -> &mut History {
        let new = History::new(self.limits.per_destination, self.limits.burst);
        self.each.entry(destination).or_insert(new)
    }

    /// Returns the keys of the slots that may be delivered, by destination. `None` stands for immediate delivery.
    fn choices(&mut self) -> BTreeMap<Option<u16>, (u64, u64)> {
        let now = self.now;
        let mut ready = BTreeMap::new();
        for destination in 0..4 {
            if let Some(key) = self.first(to(destination.into()))
                && self.history(destination).allows(now)
            {
                ready.insert(Some(destination), key);
            }
        }
        self.served_since.retain(|destination, _| ready.contains_key(&Some(*destination)));
        for destination in ready.keys().flatten() {
            self.served_since.entry(*destination).or_default();
        }
        if let Some(key) = self.first(Delivery::Immediate) {
            return BTreeMap::from([(None, key)]);
        }
        if self.all.allows(now) { ready } else { BTreeMap::new() }
    }

    /// Checks that a poll may deliver this slot.
    fn check(&mut self, now: u64, delivered: Option<Slot>) {
        let choices = if self.move_to(now) { self.choices() } else { BTreeMap::new() };
        let Some(delivered) = delivered else {
            return assert!(choices.is_empty(), "{choices:?} {self:?}");
        };
        let chosen = choices.into_iter().find(|(_, key)| self.waiting[key].0 == delivered);
        let Some((destination, key)) = chosen else { panic!("{delivered:?} {self:?}") };
        self.waiting.remove(&key);
        let Some(destination) = destination else { return };
        self.all.delivered.push(now.into());
        self.history(destination).delivered.push(now.into());
        self.served_since.remove(&destination);
        for (other, served_since) in &mut self.served_since {
            assert!(served_since.insert(destination), "{destination} got two turns before {other}");
        }
    }
}

/// The schedule and its model.
struct Pair {
    schedule: Schedule,
    model: Model,
    clock: u64,
    trace: Vec<Option<Slot>>,
}

impl Pair {
    fn new(limits: RateLimits) -> Self {
        let schedule = Schedule::new(at(0), limits);
        Self { schedule, model: Model::new(START, limits), clock: START, trace: Vec::new() }
    }

    fn set(&mut self, slot: u32, at: u64, delivery: Delivery) {
        self.schedule.set(Slot(slot), Moment::from_millis(at), delivery);
        self.model.set(Slot(slot), at, delivery);
    }

    fn poll(&mut self) -> Option<Slot> {
        let (now, next) = (Moment::from_millis(self.clock), self.schedule.next_deadline());
        let delivered = self.schedule.poll(now);
        let is_rewound = self.clock < self.model.now;
        self.model.check(self.clock, delivered);
        assert!(is_rewound || delivered.is_none() || next <= Some(now), "{next:?} is late");
        assert!(delivered.is_none() || next.is_some());
        self.trace.push(delivered);
        delivered
    }

    fn round(&mut self) -> usize {
        std::iter::from_fn(|| self.poll()).count()
    }

    /// Returns `false` if there is no deadline.
    fn sleep(&mut self) -> bool {
        let Some(next) = self.schedule.next_deadline() else { return false };
        self.clock = self.clock.max(next.millis());
        self.round();
        true
    }

    fn call(&mut self, call: &Call) {
        match *call {
            Call::Set(slot, distance, delivery) => {
                self.set(slot, self.clock.saturating_add_signed(distance), delivery);
            }
            Call::SetFar(slot) => self.set(slot, u64::MAX / 2, Delivery::Immediate),
            Call::SetShared(slot, at, delivery) => {
                self.set(slot, START + SHARED_DEADLINES[at], delivery);
            }
            Call::Clear(slot) => {
                self.schedule.clear(Slot(slot));
                self.model.clear(Slot(slot));
            }
            Call::Poll(distance) => {
                self.clock = self.clock.saturating_add_signed(distance);
                self.poll();
            }
            Call::Round(distance) => {
                self.clock = self.clock.saturating_add_signed(distance);
                self.round();
            }
            Call::Ticks(ticks) => {
                for _ in 0..ticks {
                    self.clock = self.clock.saturating_add(1);
                    self.round();
                }
            }
            Call::Sleep => drop(self.sleep()),
        }
    }

    /// Runs until all slots are delivered. Each one takes few rounds.
    fn finish(&mut self) {
        let mut rounds = 1 + self.model.waiting.len() * 20;
        while self.sleep() {
            rounds -= 1;
            assert!(rounds > 0, "no progress");
        }
        assert!(self.model.waiting.is_empty(), "{:?}", self.model);
    }
}

fn play_all(limits: RateLimits, calls: &[Call]) -> Vec<Option<Slot>> {
    let mut pair = Pair::new(limits);
    for call in calls {
        pair.call(call);
    }
    pair.finish();
    pair.trace
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// Plays the calls twice, because the same calls must give the same results.
    #[test]
    fn any_calls_deliver_what_the_model_allows(limits in any_limits(), calls in vec(any_call(), 1..160)) {
        prop_assert_eq!(play_all(limits, &calls), play_all(limits, &calls));
    }

    #[test]
    fn immediate_deadlines_come_as_from_a_sorted_map(
        deadlines in vec(prop_oneof![0..1_000_u64, 0..200_000_u64, 0..40 * DAY], 1..200),
        steps in vec(prop_oneof![0..10_u64, 0..5_000_u64, 0..5 * DAY], 1..50),
    ) {
        let mut schedule = Schedule::new(at(0), limits(1, 1, 1));
        let mut sorted = BTreeMap::new();
        for (slot, millis) in (0..).zip(deadlines) {
            schedule.set(Slot(slot), at(millis), Delivery::Immediate);
            sorted.insert((millis, slot), slot);
        }
        let mut clock = 0;
        for step in steps {
            clock += step;
            let later = sorted.split_off(&(clock + 1, 0));
            let due: Vec<_> = std::mem::replace(&mut sorted, later).into_values().collect();
            prop_assert_eq!(all(&mut schedule, at(clock)), due);
        }
    }
}
