use std::num::NonZeroU32;

use super::*;

mod model;

const _: () = assert!(Schedule::BYTES_PER_SLOT <= 24);

/// Some day in 2026, 300 ms before lines of four levels of the wheel begin.
const START: u64 = (106_700 << 24) - 300;

const NOTHING: [u32; 0] = [];

fn at(millis: u64) -> Moment {
    Moment::from_millis(START + millis)
}

fn pace(per_second: u32, per_destination: u32, burst: u32) -> Pace {
    let [per_second, per_destination, burst] =
        [per_second, per_destination, burst].map(|number| NonZeroU32::new(number).unwrap());
    Pace { per_second, per_destination, burst }
}

fn to(destination: u32) -> Lane {
    Lane::Paced(Destination(u16::try_from(destination).unwrap()))
}

fn all(schedule: &mut Schedule, now: Moment) -> Vec<u32> {
    std::iter::from_fn(|| schedule.poll(now)).map(|slot| slot.0).collect()
}

/// Polls each millisecond up to a time; what was given, and when.
fn run(schedule: &mut Schedule, until: u64) -> Vec<(u64, u32)> {
    let each = |millis| all(schedule, at(millis)).into_iter().map(move |slot| (millis, slot));
    (0..until).flat_map(each).collect()
}

#[test]
fn a_deadline_is_given_when_it_has_come_once_and_moves_when_it_is_set_again() {
    let mut schedule = Schedule::new(at(0), pace(1, 1, 1));
    schedule.set(Slot(7), at(300), Lane::Prompt);
    schedule.set(Slot(8), at(300), Lane::Prompt);
    schedule.set(Slot(9), at(300), Lane::Prompt);
    schedule.set(Slot(7), at(100_000), Lane::Prompt);
    schedule.clear(Slot(8));
    schedule.clear(Slot(1_000));
    assert_eq!(run(&mut schedule, 100_002), [(300, 9), (100_000, 7)]);
    assert_eq!(schedule.next_deadline(), None);
}

#[test]
fn what_is_due_comes_by_deadline_and_then_as_it_was_set() {
    let mut schedule = Schedule::new(at(0), pace(1, 1, 1));
    for (slot, millis) in [(0, 70_000), (1, 300), (2, 70_000), (3, 299), (4, 20), (5, 300)] {
        schedule.set(Slot(slot), at(millis), Lane::Prompt);
    }
    assert_eq!(all(&mut schedule, at(69_900)), [4, 3, 1, 5]);
    // Set from a shorter distance, it comes after those of the same deadline all the same.
    schedule.set(Slot(6), at(70_000), Lane::Prompt);
    schedule.set(Slot(7), at(69_999), Lane::Prompt);
    assert_eq!(all(&mut schedule, at(70_000)), [7, 0, 2, 6]);
}

#[test]
fn deadlines_in_the_past_are_due_at_once_and_the_last_moment_is_one_as_well() {
    let last = Moment::from_millis(u64::MAX);
    let mut schedule = Schedule::new(at(0), pace(1, 1, 1));
    schedule.set(Slot(0), last, Lane::Prompt);
    schedule.set(Slot(1), Moment::default(), Lane::Prompt);
    assert_eq!(schedule.next_deadline(), Some(at(0)));
    assert_eq!(all(&mut schedule, at(0)), [1]);
    assert_eq!(all(&mut schedule, Moment::from_millis(u64::MAX - 1)), NOTHING);
    assert_eq!(schedule.next_deadline(), Some(last));
    assert_eq!(all(&mut schedule, last), [0]);
}

#[test]
fn the_next_deadline_is_never_late_and_few_polls_come_too_early() {
    for distance in [1, 255, 256, 257, 65_535, 65_536, 1 << 24, (1 << 40) + 12_345] {
        let mut schedule = Schedule::new(at(0), pace(1, 1, 1));
        schedule.set(Slot(0), at(distance), Lane::Prompt);
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
fn a_clock_set_back_a_little_is_waited_for() {
    let mut schedule = Schedule::new(at(5_000), pace(1, 1, 1));
    schedule.set(Slot(0), at(4_500), Lane::Prompt);
    assert_eq!(all(&mut schedule, at(4_000)), NOTHING);
    assert_eq!(all(&mut schedule, at(4_999)), NOTHING);
    assert_eq!(schedule.next_deadline(), Some(at(5_000)));
    assert_eq!(all(&mut schedule, at(5_000)), [0]);
}

#[test]
fn a_clock_set_back_far_is_followed() {
    const DAY: u64 = 86_400_000;
    let mut schedule = Schedule::new(at(0), pace(1, 1, 1));
    for slot in 0..3 {
        schedule.set(Slot(slot), at(100), to(1));
    }
    assert_eq!(all(&mut schedule, at(DAY)), [0]);
    // What was due by the wrong clock only, and what was set by it.
    schedule.set(Slot(3), at(DAY + 30), Lane::Prompt);
    assert_eq!(all(&mut schedule, at(0)), NOTHING);
    schedule.set(Slot(4), at(30), Lane::Prompt);
    // The rate goes on from what was spent: a second after the first attempt, by either clock.
    assert_eq!(run(&mut schedule, 3_000), [(30, 4), (1_000, 1), (2_000, 2)]);
    assert_eq!(all(&mut schedule, at(DAY + 30)), [3]);
}

#[test]
fn a_destination_with_much_due_does_not_hold_up_one_with_little() {
    let mut schedule = Schedule::new(at(0), pace(1_000_000, 1_000_000, 1_000_000));
    for slot in 0..100_000 {
        schedule.set(Slot(slot), at(0), to(1));
    }
    for slot in 100_000..100_010 {
        schedule.set(Slot(slot), at(1), to(2));
    }
    let first: Vec<_> = (0..20).filter_map(|_| schedule.poll(at(1))).map(|slot| slot.0).collect();
    assert!((100_000..100_010).all(|slot| first.contains(&slot)), "{first:?}");
    // The oldest deadline first within each.
    assert!((0..10).all(|slot| first.contains(&slot)), "{first:?}");
    assert_eq!(all(&mut schedule, at(1)).len(), 100_010 - 20);
}

#[test]
fn a_dead_destination_that_is_always_due_again_costs_the_others_nothing() {
    let mut schedule = Schedule::new(at(0), pace(1_000, 10, 1));
    // Poison: due again as soon as it is given.
    schedule.set(Slot(0), at(0), to(0));
    for slot in 1..=50 {
        schedule.set(Slot(slot), at(0), to(1));
    }
    let (mut poison, mut given) = (0, Vec::new());
    for millis in 0..5_000 {
        while let Some(slot) = schedule.poll(at(millis)) {
            if slot == Slot(0) {
                poison += 1;
                schedule.set(slot, at(millis), to(0));
            } else {
                given.push(slot.0);
            }
        }
    }
    assert_eq!(poison, 50);
    assert_eq!(given, (1..=50).collect::<Vec<_>>());
}

/// The most that any second saw; the times in order.
fn busiest_second(times: &[u64]) -> usize {
    let second = |begin: u64| begin..begin + 1_000;
    let within = |begin: u64| times.iter().filter(|time| second(begin).contains(time)).count();
    times.iter().map(|begin| within(*begin)).max().unwrap_or(0)
}

#[test]
fn a_switch_that_comes_back_is_not_stormed() {
    let pace = pace(100, 30, 5);
    let mut schedule = Schedule::new(at(0), pace);
    for slot in 0..1_200 {
        schedule.set(
            Slot(slot),
            at(u64::from(slot % 7)),
            to(if slot < 900 { 0 } else { slot % 8 }),
        );
    }
    let given = run(&mut schedule, 40_000);
    assert_eq!(given.len(), 1_200, "all get their turn");
    let times: Vec<_> = given.iter().map(|(millis, _)| *millis).collect();
    assert!(busiest_second(&times) <= 105);
    let to_first: Vec<_> =
        given.iter().filter(|(_, slot)| *slot < 900 || slot % 8 == 0).map(|(at, _)| *at).collect();
    assert!(busiest_second(&to_first) <= 35);
    // The rates are not only kept but used: while there are others, an eighth of 100 a second each, then 30.
    let last_of_others = given.iter().rfind(|(_, slot)| *slot >= 900 && slot % 8 != 0);
    assert!(last_of_others.unwrap().0 <= 4_000, "{last_of_others:?}");
    assert!(times[1_199] <= 33_000, "{}", times[1_199]);
}

#[test]
fn a_rate_does_not_lose_what_is_less_than_an_attempt() {
    let mut schedule = Schedule::new(at(0), pace(7, 1_000, 1));
    for slot in 0..70 {
        schedule.set(Slot(slot), at(0), to(slot));
    }
    let given = run(&mut schedule, 10_000);
    assert_eq!(given.len(), 70);
    // Each at the first millisecond at which it is earned would be (1000 * n / 7).ceil().
    for ((millis, _), n) in given.iter().zip(0_u64..) {
        assert!((n * 1_000).div_ceil(7).abs_diff(*millis) <= 1, "{n}: {millis}");
    }
}

#[test]
fn what_is_prompt_is_never_held_up_by_what_is_paced() {
    let mut schedule = Schedule::new(at(0), pace(10, 1, 1));
    for slot in 0..10_000 {
        schedule.set(Slot(slot), at(0), to(slot % 100));
    }
    for slot in 10_000..10_100 {
        schedule.set(Slot(slot), at(u64::from(slot - 10_000) * 10), Lane::Prompt);
    }
    let given = run(&mut schedule, 1_000);
    for slot in 10_000..10_100 {
        assert!(given.contains(&(u64::from(slot - 10_000) * 10, slot)));
    }
    // And what is paced had its rate meanwhile.
    assert_eq!(given.len(), 110);
}

#[test]
fn work_that_waits_for_its_rate_says_when_it_may_go() {
    let mut schedule = Schedule::new(at(0), pace(100, 10, 1));
    for slot in 0..3 {
        schedule.set(Slot(slot), at(0), to(slot / 2));
    }
    assert_eq!(all(&mut schedule, at(0)), [0]);
    assert_eq!(schedule.next_deadline(), Some(at(10)), "for all, one in 10 ms");
    assert_eq!(all(&mut schedule, at(9)), NOTHING);
    assert_eq!(all(&mut schedule, at(10)), [2]);
    assert_eq!(schedule.next_deadline(), Some(at(100)), "for each, one in 100 ms");
    assert_eq!(all(&mut schedule, at(99)), NOTHING);
    assert_eq!(all(&mut schedule, at(100)), [1]);
    assert_eq!(schedule.next_deadline(), None);
}
