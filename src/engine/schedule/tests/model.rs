//! Any calls, against a model that is written apart: it keeps all deadlines in one sorted map, and the rates by their
//! definition over the whole history.

use std::collections::{BTreeMap, BTreeSet};

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

const DAY: u64 = 86_400_000;

const MEETINGS: [u64; 6] = [299, 300, 302, 555, 812, 66_000];

#[derive(Clone, Debug)]
enum Call {
    Set(u32, i64, Lane),
    SetFar(u32),
    /// One of a few moments at which many are due together.
    Meet(u32, usize, Lane),
    Clear(u32),
    /// The clock moves by this, then one poll.
    Poll(i64),
    /// Polls until there is nothing.
    Round(i64),
    /// Rounds, a millisecond apart.
    Ticks(u32),
    /// Sleeps until the next deadline, then a round.
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

fn any_lane() -> impl Strategy<Value = Lane> {
    prop_oneof![Just(Lane::Prompt), (0..4_u32).prop_map(to)]
}

fn any_call() -> impl Strategy<Value = Call> {
    prop_oneof![
        12 => (0..24_u32, any_distance(), any_lane()).prop_map(|(slot, at, lane)| Call::Set(slot, at, lane)),
        1 => (0..24_u32).prop_map(Call::SetFar),
        9 => (0..24_u32, 0..MEETINGS.len(), any_lane()).prop_map(|(slot, at, lane)| Call::Meet(slot, at, lane)),
        3 => (0..24_u32).prop_map(Call::Clear),
        4 => any_distance().prop_map(Call::Poll),
        4 => any_distance().prop_map(Call::Round),
        4 => (1..80_u32).prop_map(Call::Ticks),
        2 => Just(Call::Sleep),
    ]
}

fn any_pace() -> impl Strategy<Value = Pace> {
    (1..40_u32, 1..20_u32, 1..4_u32).prop_map(|(all, each, burst)| pace(all, each, burst))
}

/// When attempts were made. One more is allowed if from each of them on there would have been no more than burst, rate
/// and what less than a millisecond earns.
#[derive(Clone, Debug)]
struct History {
    rate: i128,
    burst: i128,
    given: Vec<i128>,
}

impl History {
    fn new(rate: NonZeroU32, burst: NonZeroU32) -> Self {
        Self { rate: rate.get().into(), burst: burst.get().into(), given: Vec::new() }
    }

    fn allows(&self, now: u64) -> bool {
        let counts = (2..).zip(self.given.iter().rev());
        counts.into_iter().all(|(count, since): (i128, _)| {
            count * 1_000
                < self.burst * 1_000 + self.rate.min(1_000) + self.rate * (i128::from(now) - since)
        })
    }

    fn turn_back(&mut self, now: u64) {
        let ahead = self.given.last().map_or(0, |last| (last - i128::from(now)).max(0));
        self.given.iter_mut().for_each(|time| *time -= ahead);
    }
}

#[derive(Debug)]
struct Model {
    pace: Pace,
    now: u64,
    calls: u64,
    /// By when it is due and when it was set: the slot, its deadline and lane.
    waiting: BTreeMap<(u64, u64), (Slot, u64, Lane)>,
    all: History,
    each: BTreeMap<u16, History>,
    /// Of each destination that could be given something: which others were since then.
    passed_by: BTreeMap<u16, BTreeSet<u16>>,
}

impl Model {
    fn new(now: u64, pace: Pace) -> Self {
        Self {
            pace,
            now,
            calls: 0,
            waiting: BTreeMap::new(),
            all: History::new(pace.per_second, pace.burst),
            each: BTreeMap::new(),
            passed_by: BTreeMap::new(),
        }
    }

    fn clear(&mut self, slot: Slot) {
        let key = self.waiting.iter().find(|(_, waits)| waits.0 == slot).map(|(key, _)| *key);
        if let Some((.., Lane::Paced(Destination(d)))) =
            key.and_then(|key| self.waiting.remove(&key))
        {
            self.passed_by.remove(&d);
        }
    }

    fn set(&mut self, slot: Slot, at: u64, lane: Lane) {
        self.clear(slot);
        self.calls += 1;
        self.waiting.insert((at.max(self.now), self.calls), (slot, at, lane));
    }

    /// `false` if nothing may be given since the clock was set back a little.
    fn reach(&mut self, now: u64) -> bool {
        if now < self.now {
            if self.now - now <= 1_000 {
                return false;
            }
            self.turn_back(now);
        }
        self.now = now;
        true
    }

    fn turn_back(&mut self, now: u64) {
        let waiting = std::mem::take(&mut self.waiting);
        let again = waiting.into_iter().map(|((due, call), waits)| {
            let due = if waits.1 > now { waits.1 } else { due.min(now) };
            ((due, call), waits)
        });
        self.waiting = again.collect();
        self.all.turn_back(now);
        self.each.values_mut().for_each(|history| history.turn_back(now));
        self.passed_by.clear();
    }

    fn first(&self, wanted: Lane) -> Option<(u64, u64)> {
        let due = self.waiting.range(..=(self.now, u64::MAX));
        due.into_iter().find(|(_, (.., lane))| *lane == wanted).map(|(key, _)| *key)
    }

    fn history(&mut self, destination: u16) -> &mut History {
        let new = History::new(self.pace.per_destination, self.pace.burst);
        self.each.entry(destination).or_insert(new)
    }

    /// What may be given: by the destination, `None` for what is prompt, the key.
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
        self.passed_by.retain(|destination, _| ready.contains_key(&Some(*destination)));
        for destination in ready.keys().flatten() {
            self.passed_by.entry(*destination).or_default();
        }
        if let Some(key) = self.first(Lane::Prompt) {
            return BTreeMap::from([(None, key)]);
        }
        if self.all.allows(now) { ready } else { BTreeMap::new() }
    }

    /// Holds that this is what a poll may give.
    fn check(&mut self, now: u64, given: Option<Slot>) {
        let choices = if self.reach(now) { self.choices() } else { BTreeMap::new() };
        let Some(given) = given else { return assert!(choices.is_empty(), "{choices:?} {self:?}") };
        let chosen = choices.into_iter().find(|(_, key)| self.waiting[key].0 == given);
        let Some((destination, key)) = chosen else { panic!("{given:?} {self:?}") };
        self.waiting.remove(&key);
        let Some(destination) = destination else { return };
        self.all.given.push(now.into());
        self.history(destination).given.push(now.into());
        self.passed_by.remove(&destination);
        for (other, passed_by) in &mut self.passed_by {
            assert!(passed_by.insert(destination), "{destination} went twice before {other}");
        }
    }
}

/// The schedule beside its model.
struct Pair {
    schedule: Schedule,
    model: Model,
    clock: u64,
    trace: Vec<Option<Slot>>,
}

impl Pair {
    fn new(pace: Pace) -> Self {
        let schedule = Schedule::new(at(0), pace);
        Self { schedule, model: Model::new(START, pace), clock: START, trace: Vec::new() }
    }

    fn set(&mut self, slot: u32, at: u64, lane: Lane) {
        self.schedule.set(Slot(slot), Moment::from_millis(at), lane);
        self.model.set(Slot(slot), at, lane);
    }

    fn poll(&mut self) -> Option<Slot> {
        let (now, next) = (Moment::from_millis(self.clock), self.schedule.next_deadline());
        let given = self.schedule.poll(now);
        let turned_back = self.clock < self.model.now;
        self.model.check(self.clock, given);
        assert!(turned_back || given.is_none() || next <= Some(now), "{next:?} is late");
        assert!(given.is_none() || next.is_some());
        self.trace.push(given);
        given
    }

    fn round(&mut self) -> usize {
        std::iter::from_fn(|| self.poll()).count()
    }

    /// `false` if there is nothing to wait for.
    fn sleep(&mut self) -> bool {
        let Some(next) = self.schedule.next_deadline() else { return false };
        self.clock = self.clock.max(next.millis());
        self.round();
        true
    }

    fn call(&mut self, call: &Call) {
        match *call {
            Call::Set(slot, distance, lane) => {
                self.set(slot, self.clock.saturating_add_signed(distance), lane);
            }
            Call::SetFar(slot) => self.set(slot, u64::MAX / 2, Lane::Prompt),
            Call::Meet(slot, at, lane) => self.set(slot, START + MEETINGS[at], lane),
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

    /// Faults stop: all that waits is given, in few rounds each.
    fn finish(&mut self) {
        let mut rounds = 1 + self.model.waiting.len() * 20;
        while self.sleep() {
            rounds -= 1;
            assert!(rounds > 0, "it gets nowhere");
        }
        assert!(self.model.waiting.is_empty(), "{:?}", self.model);
    }
}

fn played(pace: Pace, calls: &[Call]) -> Vec<Option<Slot>> {
    let mut pair = Pair::new(pace);
    for call in calls {
        pair.call(call);
    }
    pair.finish();
    pair.trace
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// Twice, since the same calls give the same.
    #[test]
    fn any_calls_give_what_the_model_allows(pace in any_pace(), calls in vec(any_call(), 1..160)) {
        prop_assert_eq!(played(pace, &calls), played(pace, &calls));
    }

    #[test]
    fn prompt_deadlines_come_exactly_as_from_a_sorted_map(
        deadlines in vec(prop_oneof![0..1_000_u64, 0..200_000_u64, 0..40 * DAY], 1..200),
        steps in vec(prop_oneof![0..10_u64, 0..5_000_u64, 0..5 * DAY], 1..50),
    ) {
        let mut schedule = Schedule::new(at(0), pace(1, 1, 1));
        let mut sorted = BTreeMap::new();
        for (slot, millis) in (0..).zip(deadlines) {
            schedule.set(Slot(slot), at(millis), Lane::Prompt);
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
