//! Measures the schedule with 1,000, 100,000 and 1,000,000 waiting deadlines.
//!
//! The machine is noisy, and other processes share its caches. So the sizes take turns in short rounds, and the least round counts.
//! What matters is the ratio. A tick is a millisecond: the polls that deliver the slots due in it, 100 on average, and each slot is
//! set again. The work is the same for each size. What grows is the share of the memory that is outside the caches. That is at its
//! worst, unless stated otherwise: the order of the slots is unrelated to their place in memory.

#![allow(
    clippy::indexing_slicing,
    clippy::print_stdout,
    missing_docs,
    reason = "a benchmark that can't go on stops"
)]

use std::hint::black_box;
use std::num::NonZeroU32;
use std::time::{Duration, Instant};

use titian::engine::{Delivery, Destination, RateLimits, Schedule, Slot};
use titian::values::Moment;

const SIZES: [u32; 3] = [1_000, 100_000, 1_000_000];
const DUE_PER_TICK: u32 = 100;
const ROUNDS: usize = 61;
/// Whole intervals of the wheel's second level, so that each round has the same share of its work.
const TICKS: u32 = 1_024;
const HOUR: u32 = 3_600_000;

fn main() {
    // `cargo test --benches` runs this too, to see that it works. One small round is enough then.
    let small = Plan { rounds: 1, sizes: SIZES.map(|size| size / 10) };
    let full = Plan { rounds: ROUNDS, sizes: SIZES };
    run(&if std::env::args().any(|arg| arg == "--bench") { full } else { small });
}

fn run(plan: &Plan) {
    println!("{} bytes per slot\n", Schedule::BYTES_PER_SLOT);
    let [small, middle, large] = plan.sizes;
    println!("{:<50} {small:>10} {middle:>10} {large:>10} {:>8}", "least ns, with", "ratio");
    plan.report("tick, 1,000 in rotation, the rest wait for hours", |size| {
        ticks(Load::some(size, immediate))
    });
    plan.report("tick with nothing due, all wait for hours", |size| ticks(Load::idle(size)));
    plan.report("tick, all in rotation, in slot order", |size| ticks(Load::in_order(size)));
    plan.report("tick, all in rotation", |size| ticks(Load::all(size, immediate)));
    plan.report("tick, all in rotation, 64 destinations", |size| ticks(Load::all(size, paced)));
    plan.report("set: move a deadline", set);
    plan.report("clear and set again", clear_and_set);
    let once = Plan { rounds: plan.rounds.min(7), ..*plan };
    once.report("a slot, all due at once after a jump of a day", jump);
    let (once, times) = (Plan { rounds: 1, ..*plan }, once.rounds);
    once.report("the slowest of 8,192 ticks, all in rotation", |size| {
        Box::new(move || slowest_tick(size, times))
    });
}

/// Runs one round and returns the nanoseconds per operation.
type Round = Box<dyn FnMut() -> f64>;

struct Plan {
    rounds: usize,
    sizes: [u32; 3],
}

impl Plan {
    fn report(&self, name: &str, candidate: impl Fn(u32) -> Round) {
        let mut candidates = self.sizes.map(candidate);
        let mut least = [f64::MAX; 3];
        for _ in 0..self.rounds {
            for (round, least) in candidates.iter_mut().zip(&mut least) {
                *least = least.min(round());
            }
        }
        let [small, middle, large] = least;
        let ratio = large / small;
        println!("{name:<50} {small:>10.1} {middle:>10.1} {large:>10.1} {ratio:>8.2}");
    }
}

fn ticks(mut load: Load) -> Round {
    Box::new(move || {
        let start = Instant::now();
        (0..TICKS).for_each(|_| load.tick());
        per(start.elapsed(), TICKS)
    })
}

fn set(size: u32) -> Round {
    let mut load = Load::all(size, immediate);
    Box::new(move || {
        let start = Instant::now();
        for _ in 0..TICKS * 64 {
            let slot = load.any_slot();
            load.set(slot);
        }
        per(start.elapsed(), TICKS * 64)
    })
}

fn clear_and_set(size: u32) -> Round {
    let mut load = Load::all(size, immediate);
    Box::new(move || {
        let start = Instant::now();
        for _ in 0..TICKS * 64 {
            let slot = load.any_slot();
            load.schedule.clear(slot);
            load.set(slot);
        }
        per(start.elapsed(), TICKS * 64)
    })
}

fn jump(size: u32) -> Round {
    let mut load = Load::all(size, paced);
    Box::new(move || {
        load.now += 24 * u64::from(HOUR);
        let start = Instant::now();
        let mut delivered = Vec::with_capacity(size as usize);
        delivered.extend(std::iter::from_fn(|| load.poll()));
        let time = per(start.elapsed(), size);
        for slot in delivered {
            load.set(slot);
        }
        time
    })
}

/// Runs the same ticks several times. The least time of each tick counts, so that other work of the machine does not. In the middle
/// of them an interval of 65 s begins. Before that, most of the deadlines are in later intervals of 65 s.
fn slowest_tick(size: u32, times: usize) -> f64 {
    let mut least = vec![f64::MAX; 8_192];
    for _ in 0..times {
        let mut load = Load::all(size, immediate);
        for least in &mut least {
            let start = Instant::now();
            load.tick();
            *least = least.min(per(start.elapsed(), 1));
        }
    }
    least.into_iter().fold(0.0, f64::max)
}

fn per(time: Duration, count: u32) -> f64 {
    time.as_secs_f64() * 1e9 / f64::from(count)
}

/// A schedule in use.
struct Load {
    schedule: Schedule,
    now: u64,
    size: u32,
    /// The number of slots that are due again and again.
    rotating: u32,
    delivery: fn(Slot) -> Delivery,
    /// Whether each deadline is set to the same distance.
    in_order: bool,
    random: u64,
}

fn immediate(_: Slot) -> Delivery {
    Delivery::Immediate
}

fn paced(slot: Slot) -> Delivery {
    Delivery::Paced(Destination((slot.0 & 63) as u16))
}

impl Load {
    fn new(size: u32, rotating: u32, delivery: fn(Slot) -> Delivery, in_order: bool) -> Self {
        let rate = NonZeroU32::MAX;
        let rates = RateLimits { per_second: rate, per_destination: rate, burst: rate };
        // Runs until the slots are well mixed. 4,096 ms later an interval of 65 s begins.
        let mixing = u64::from(4 * rotating / DUE_PER_TICK);
        let now = (27_313_000 << 16) - 4_096 - mixing;
        let schedule = Schedule::new(Moment::from_millis(now), rates);
        let mut load = Self { schedule, now, size, rotating, delivery, in_order, random: 1 };
        for slot in 0..rotating {
            let at = now + 1 + u64::from(slot / DUE_PER_TICK);
            load.schedule.set(Slot(slot), Moment::from_millis(at), delivery(Slot(slot)));
        }
        for slot in rotating..size {
            let at = now + u64::from(HOUR + load.draw(100 * HOUR));
            load.schedule.set(Slot(slot), Moment::from_millis(at), Delivery::Immediate);
        }
        for _ in 0..mixing {
            load.tick();
        }
        load
    }

    fn all(size: u32, delivery: fn(Slot) -> Delivery) -> Self {
        Self::new(size, size, delivery, false)
    }

    fn in_order(size: u32) -> Self {
        Self::new(size, size, immediate, true)
    }

    fn some(size: u32, delivery: fn(Slot) -> Delivery) -> Self {
        Self::new(size, SIZES[0], delivery, false)
    }

    fn idle(size: u32) -> Self {
        Self::new(size, 0, immediate, false)
    }

    fn tick(&mut self) {
        self.now += 1;
        while let Some(slot) = self.poll() {
            self.set(slot);
        }
    }

    fn poll(&mut self) -> Option<Slot> {
        black_box(self.schedule.poll(Moment::from_millis(self.now)))
    }

    /// Sets a slot so that on average [`DUE_PER_TICK`] slots are due in a tick.
    fn set(&mut self, slot: Slot) {
        let mean = self.rotating / DUE_PER_TICK;
        let distance = u64::from(if self.in_order { mean } else { 1 + self.draw(2 * mean) });
        self.schedule.set(slot, Moment::from_millis(self.now + distance), (self.delivery)(slot));
    }

    fn any_slot(&mut self) -> Slot {
        Slot(self.draw(self.size))
    }

    fn draw(&mut self, below: u32) -> u32 {
        self.random = self.random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        ((u64::from(below) * (self.random >> 32)) >> 32) as u32
    }
}
