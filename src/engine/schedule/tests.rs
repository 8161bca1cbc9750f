use std::num::NonZeroU32;

use super::*;

mod model;

const _: () = assert!(Schedule::BYTES_PER_SLOT <= 24);

/// A day in 2026, 300 ms before intervals of four levels of the wheel start.
const START: u64 = (106_700 << 24) - 300;

const NOTHING: [u32; 0] = [];

fn at(millis: u64) -> Moment {
    Moment::from_millis(START + millis)
}

fn limits(per_second: u32, per_destination: u32, burst: u32) -> RateLimits {
    let [per_second, per_destination, burst] =
        [per_second, per_destination, burst].map(|number| NonZeroU32::new(number).unwrap());
    RateLimits { per_second, per_destination, burst }
}

fn to(destination: u32) -> Delivery {
    Delivery::Paced(Destination(u16::try_from(destination).unwrap()))
}

fn all(schedule: &mut Schedule, now: Moment) -> Vec<u32> {
    std::iter::from_fn(|| schedule.poll(now)).map(|slot| slot.0).collect()
}

/// Polls each millisecond up to a time. Returns the delivered slots and their times.
fn run(schedule: &mut Schedule, until: u64) -> Vec<(u64, u32)> {
    let each = |millis| all(schedule, at(millis)).into_iter().map(move |slot| (millis, slot));
    (0..until).flat_map(each).collect()
}

#[test]
fn a_slot_is_delivered_once_at_its_last_set_deadline() {
    let mut schedule = Schedule::new(at(0), limits(1, 1, 1));
    schedule.set(Slot(7), at(300), Delivery::Immediate);
    schedule.set(Slot(8), at(300), Delivery::Immediate);
    schedule.set(Slot(9), at(300), Delivery::Immediate);
    schedule.set(Slot(7), at(100_000), Delivery::Immediate);
    schedule.clear(Slot(8));
    schedule.clear(Slot(1_000));
    assert_eq!(run(&mut schedule, 100_002), [(300, 9), (100_000, 7)]);
    assert_eq!(schedule.next_deadline(), None);
}

#[test]
fn due_slots_come_by_deadline_and_then_in_the_order_of_set() {
    let mut schedule = Schedule::new(at(0), limits(1, 1, 1));
    for (slot, millis) in [(0, 70_000), (1, 300), (2, 70_000), (3, 299), (4, 20), (5, 300)] {
        schedule.set(Slot(slot), at(millis), Delivery::Immediate);
    }
    assert_eq!(all(&mut schedule, at(69_900)), [4, 3, 1, 5]);
    // Slot 6 is set later with the same deadline as 0 and 2, so it comes after them, although its interval is finer.
    schedule.set(Slot(6), at(70_000), Delivery::Immediate);
    schedule.set(Slot(7), at(69_999), Delivery::Immediate);
    assert_eq!(all(&mut schedule, at(70_000)), [7, 0, 2, 6]);
}

#[test]
fn past_deadlines_are_due_at_once_and_the_last_moment_can_be_a_deadline() {
    let last = Moment::from_millis(u64::MAX);
    let mut schedule = Schedule::new(at(0), limits(1, 1, 1));
    schedule.set(Slot(0), last, Delivery::Immediate);
    schedule.set(Slot(1), Moment::default(), Delivery::Immediate);
    assert_eq!(schedule.next_deadline(), Some(at(0)));
    assert_eq!(all(&mut schedule, at(0)), [1]);
    assert_eq!(all(&mut schedule, Moment::from_millis(u64::MAX - 1)), NOTHING);
    assert_eq!(schedule.next_deadline(), Some(last));
    assert_eq!(all(&mut schedule, last), [0]);
}

#[test]
fn the_next_deadline_is_never_late_and_at_most_seven_polls_are_early() {
    for distance in [1, 255, 256, 257, 65_535, 65_536, 1 << 24, (1 << 40) + 12_345] {
        let mut schedule = Schedule::new(at(0), limits(1, 1, 1));
        schedule.set(Slot(0), at(distance), Delivery::Immediate);
        let mut early = 0;
        loop {
            let next = schedule.next_deadline().unwrap();
            assert!(next <= at(distance));
            if schedule.poll(next).is_some() {
                assert_eq!(next, at(distance));
                break;
            }
            early += 1;
        }
        assert!(early <= 7, "{distance}: {early}");
    }
}

#[test]
fn a_clock_set_back_a_little_must_catch_up() {
    let mut schedule = Schedule::new(at(5_000), limits(1, 1, 1));
    schedule.set(Slot(0), at(4_500), Delivery::Immediate);
    assert_eq!(all(&mut schedule, at(4_000)), NOTHING);
    assert_eq!(all(&mut schedule, at(4_999)), NOTHING);
    assert_eq!(schedule.next_deadline(), Some(at(5_000)));
    assert_eq!(all(&mut schedule, at(5_000)), [0]);
}

#[test]
fn a_clock_set_back_far_is_followed() {
    const DAY: u64 = 86_400_000;
    let mut schedule = Schedule::new(at(0), limits(1, 1, 1));
    for slot in 0..3 {
        schedule.set(Slot(slot), at(100), to(1));
    }
    assert_eq!(all(&mut schedule, at(DAY)), [0]);
    // Slots 1 and 2 were due by the wrong clock only. Slot 3 is set by the wrong clock.
    schedule.set(Slot(3), at(DAY + 30), Delivery::Immediate);
    assert_eq!(all(&mut schedule, at(0)), NOTHING);
    schedule.set(Slot(4), at(30), Delivery::Immediate);
    // The rate continues: the next attempt comes a second after the first one, by either clock.
    assert_eq!(run(&mut schedule, 3_000), [(30, 4), (1_000, 1), (2_000, 2)]);
    assert_eq!(all(&mut schedule, at(DAY + 30)), [3]);
}

#[test]
fn a_destination_with_many_due_slots_does_not_delay_others() {
    let mut schedule = Schedule::new(at(0), limits(1_000_000, 1_000_000, 1_000_000));
    for slot in 0..100_000 {
        schedule.set(Slot(slot), at(0), to(1));
    }
    for slot in 100_000..100_010 {
        schedule.set(Slot(slot), at(1), to(2));
    }
    let first: Vec<_> = (0..20).filter_map(|_| schedule.poll(at(1))).map(|slot| slot.0).collect();
    assert!((100_000..100_010).all(|slot| first.contains(&slot)), "{first:?}");
    // Within each destination the oldest deadline comes first.
    assert!((0..10).all(|slot| first.contains(&slot)), "{first:?}");
    assert_eq!(all(&mut schedule, at(1)).len(), 100_010 - 20);
}

#[test]
fn a_failing_destination_does_not_delay_others() {
    let mut schedule = Schedule::new(at(0), limits(1_000, 10, 1));
    // A poison slot: due again as soon as it is delivered.
    schedule.set(Slot(0), at(0), to(0));
    for slot in 1..=50 {
        schedule.set(Slot(slot), at(0), to(1));
    }
    let (mut poison, mut delivered) = (0, Vec::new());
    for millis in 0..5_000 {
        while let Some(slot) = schedule.poll(at(millis)) {
            if slot == Slot(0) {
                poison += 1;
                schedule.set(slot, at(millis), to(0));
            } else {
                delivered.push(slot.0);
            }
        }
    }
    assert_eq!(poison, 50);
    assert_eq!(delivered, (1..=50).collect::<Vec<_>>());
}

/// Returns the largest number of times within any second. The times are in order.
fn busiest_second(times: &[u64]) -> usize {
    let second = |begin: u64| begin..begin + 1_000;
    let within = |begin: u64| times.iter().filter(|time| second(begin).contains(time)).count();
    times.iter().map(|begin| within(*begin)).max().unwrap_or(0)
}

#[test]
fn a_switch_that_comes_back_is_not_overloaded() {
    let limits = limits(100, 30, 5);
    let mut schedule = Schedule::new(at(0), limits);
    for slot in 0..1_200 {
        schedule.set(
            Slot(slot),
            at(u64::from(slot % 7)),
            to(if slot < 900 { 0 } else { slot % 8 }),
        );
    }
    let delivered = run(&mut schedule, 40_000);
    assert_eq!(delivered.len(), 1_200, "all are delivered");
    let times: Vec<_> = delivered.iter().map(|(millis, _)| *millis).collect();
    assert!(busiest_second(&times) <= 105);
    let to_first: Vec<_> = delivered
        .iter()
        .filter(|(_, slot)| *slot < 900 || slot % 8 == 0)
        .map(|(at, _)| *at)
        .collect();
    assert!(busiest_second(&to_first) <= 35);
    // The rates are used in full: an eighth of 100 a second for each destination while there are others, then 30.
    let last_of_others = delivered.iter().rfind(|(_, slot)| *slot >= 900 && slot % 8 != 0);
    assert!(last_of_others.unwrap().0 <= 4_000, "{last_of_others:?}");
    assert!(times[1_199] <= 33_000, "{}", times[1_199]);
}

#[test]
fn a_rate_keeps_fractions_of_an_attempt() {
    let mut schedule = Schedule::new(at(0), limits(7, 1_000, 1));
    for slot in 0..70 {
        schedule.set(Slot(slot), at(0), to(slot));
    }
    let delivered = run(&mut schedule, 10_000);
    assert_eq!(delivered.len(), 70);
    // Attempt n is earned in millisecond (1000 * n / 7).ceil().
    for ((millis, _), n) in delivered.iter().zip(0_u64..) {
        assert!((n * 1_000).div_ceil(7).abs_diff(*millis) <= 1, "{n}: {millis}");
    }
}

#[test]
fn immediate_slots_never_wait_for_paced_ones() {
    let mut schedule = Schedule::new(at(0), limits(10, 1, 1));
    for slot in 0..10_000 {
        schedule.set(Slot(slot), at(0), to(slot % 100));
    }
    for slot in 10_000..10_100 {
        schedule.set(Slot(slot), at(u64::from(slot - 10_000) * 10), Delivery::Immediate);
    }
    let delivered = run(&mut schedule, 1_000);
    for slot in 10_000..10_100 {
        assert!(delivered.contains(&(u64::from(slot - 10_000) * 10, slot)));
    }
    // And what is paced had its rate meanwhile.
    assert_eq!(delivered.len(), 110);
}

#[test]
fn slots_that_wait_for_their_rate_have_a_next_deadline() {
    let mut schedule = Schedule::new(at(0), limits(100, 10, 1));
    for slot in 0..3 {
        schedule.set(Slot(slot), at(0), to(slot / 2));
    }
    assert_eq!(all(&mut schedule, at(0)), [0]);
    assert_eq!(schedule.next_deadline(), Some(at(10)), "one in 10 ms over all destinations");
    assert_eq!(all(&mut schedule, at(9)), NOTHING);
    assert_eq!(all(&mut schedule, at(10)), [2]);
    assert_eq!(schedule.next_deadline(), Some(at(100)), "one in 100 ms to each destination");
    assert_eq!(all(&mut schedule, at(99)), NOTHING);
    assert_eq!(all(&mut schedule, at(100)), [1]);
    assert_eq!(schedule.next_deadline(), None);
}
