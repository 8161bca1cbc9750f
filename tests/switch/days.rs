//! Cut-over, settlement files, and what is forgotten.

use titian::iso8583::De;
use titian::switch::{Dialect, Output, Phantom};

use crate::world::{World, code, date, mti, reply};

#[test]
fn a_cut_over_moves_the_date_and_tells_every_bank_that_has_signed_on() {
    let mut world = World::new(Dialect::nusantara());
    let today = world.switch.business_date();
    assert_eq!(today, date("2026-11-24"));
    assert_eq!(world.switch.cut_over(world.now), date("2026-11-25"));
    world.collect();
    assert_eq!(world.oddities, [Output::Closed(today)]);
    for bank in [world.ours, world.other] {
        let notice = world.next_to(bank);
        assert_eq!((mti(&notice), notice.get(De::NETWORK_CODE)), (800, Some("201")));
        assert_eq!(notice.get(De::SETTLEMENT_DATE), Some("1125"));
        world.tell(bank, reply(&notice, "00"));
    }
    world.pass(60);
    assert!(world.is_quiet());
}

#[test]
fn a_bank_that_missed_the_cut_over_is_told_when_it_signs_on() {
    let mut world = World::new(Dialect::nusantara());
    world.switch.disconnected(world.other);
    world.switch.cut_over(world.now);
    world.collect();
    world.take_sent();
    world.switch.connected(world.other);
    world.tell(world.other, world.network("001", 77));
    assert_eq!(code(&world.next_to(world.other)), "00");
    assert_eq!(world.next_to(world.other).get(De::NETWORK_CODE), Some("201"));
}

#[test]
fn rendezvous_moves_its_date_without_a_message() {
    let mut world = World::new(Dialect::rendezvous());
    world.switch.cut_over(world.now);
    world.collect();
    assert!(world.is_quiet());
}

#[test]
fn holdfast_moves_its_date_by_itself_at_half_past_eleven_in_jakarta() {
    let mut world = World::new(Dialect::holdfast());
    let due = world.switch.next_deadline().unwrap();
    // 23:30 in Jakarta is 16:30 UTC, and the world begins at 02:30 UTC.
    assert_eq!(due.since(world.now).as_secs(), 14 * 3600);
    world.pass(14 * 3600 - 1);
    assert_eq!(world.switch.business_date(), date("2026-11-24"));
    // A message that comes before the tick is of the new date already.
    world.now = due;
    let request = world.transfer(world.played, 1, 100);
    world.tell(world.ours, request);
    assert_eq!(world.switch.business_date(), date("2026-11-25"));
    assert_eq!(world.switch.transfers(0).next().unwrap().business_date, date("2026-11-25"));
    assert_eq!(world.take_sent().len(), 3, "two notices and an answer");
    assert_eq!(world.switch.next_deadline().unwrap().since(world.now).as_secs(), 15);
    world.pass(3 * 86_400);
    assert_eq!(world.switch.business_date(), date("2026-11-28"), "a clock that jumped");
}

/// A day with one of everything that a settlement file tells apart.
fn eventful() -> World {
    let mut world = World::new(Dialect::nusantara());
    let paid = world.transfer(world.played, 1, 12_500);
    world.answer(world.ours, paid);
    let reversed = world.transfer(world.played, 2, 700);
    world.answer(world.ours, reversed.clone());
    world.answer(world.ours, world.reversal(&reversed, 3));
    world.faults(r#"[{"action": {"decline": {"rc": "51"}}}]"#);
    world.answer(world.ours, world.transfer(world.played, 4, 800));
    world.faults("[]");
    world.tell(world.ours, world.transfer(world.other, 5, 900));
    world.pass(20);
    let deal = world.deal(world.ours, 3_000);
    world.switch.order(titian::switch::Order::Credit(deal), world.now).unwrap();
    world.collect();
    let credit = world.take_sent().pop().unwrap().1;
    world.tell(world.ours, reply(&credit, "00"));
    let phantom = Phantom { from: world.ours, to: world.other, minor: 227 };
    world.switch.phantom(phantom, world.now).unwrap();
    let barred = world.transfer(world.played, 8, 5);
    world.take_sent();
    world.answer(world.ours, world.reversal(&barred, 9));
    // Open when the date ends, and so in the file of the date on which it has an outcome.
    world.tell(world.ours, world.transfer(world.other, 6, 60));
    world
}

impl World {
    fn file(&self, of: &str) -> String {
        self.switch.settlement(date(of), self.ours).unwrap()
    }
}

#[test]
fn a_settlement_file_has_a_row_for_each_outcome_and_the_totals() {
    let mut world = eventful();
    let open = world.next_to(world.other);
    insta::assert_snapshot!("settlement_before_cut_over", world.file("2026-11-24"));
    world.switch.cut_over(world.now);
    world.tell(world.other, reply(&open, "00"));
    // Money that moved yesterday goes back today.
    let mut paid = world.transfer(world.played, 1, 12_500);
    let first = crate::world::START;
    let sent = titian::values::Transmission::of(titian::values::Moment::from_millis(first));
    paid.set(De::TRANSMISSION, &sent.to_string());
    world.take_sent();
    let reversal = world.reversal(&paid, 20);
    assert_eq!(world.code_to(world.ours, reversal), "00");
    insta::assert_snapshot!("settlement_of_the_day_after", world.file("2026-11-25"));
    insta::assert_snapshot!("settlement_before_cut_over", world.file("2026-11-24"));
}

#[test]
fn money_that_goes_back_a_day_later_is_in_the_file_of_that_day_when_it_ends() {
    let mut world = World::new(Dialect::nusantara());
    let paid = world.transfer(world.played, 1, 12_500);
    world.answer(world.ours, paid.clone());
    world.switch.cut_over(world.now);
    world.collect();
    world.take_sent();
    let reversal = world.reversal(&paid, 2);
    assert_eq!(world.code_to(world.ours, reversal), "00");
    world.switch.cut_over(world.now);
    let file = world.file("2026-11-25");
    assert!(file.contains(",-12500,") && file.ends_with("TOTAL,1,1,-12500,0,12500\n"), "{file}");
}

#[test]
fn the_totals_of_a_file_are_the_position_of_its_bank_on_that_date() {
    let world = eventful();
    for bank in [world.ours, world.other, world.played] {
        let file = world.switch.settlement(date("2026-11-24"), bank).unwrap();
        let net: i128 = file.trim_end().rsplit(',').next().unwrap().parse().unwrap();
        assert_eq!(net, world.switch.position(bank));
    }
    assert!(world.switch.settlement(date("2026-11-25"), world.ours).is_none());
    assert!(world.switch.settlement(date("2026-11-23"), world.ours).is_none());
}

#[test]
fn after_two_cut_overs_a_transfer_is_forgotten_and_late_messages_move_nothing() {
    // In one second with both cut-overs, too: a clock of seconds must not let it come again.
    [0, 3_600].into_iter().for_each(forgotten_after);
}

fn forgotten_after(seconds: u64) {
    let mut world = World::new(Dialect::nusantara());
    let request = world.transfer(world.played, 1, 500);
    world.answer(world.ours, request.clone());
    world.pass(seconds);
    world.switch.cut_over(world.now);
    world.collect();
    world.take_sent();
    assert_eq!(world.code_to(world.ours, request.clone()), "00", "it is remembered for a day");
    world.pass(seconds);
    world.switch.cut_over(world.now);
    world.collect();
    world.take_sent();
    assert_eq!(world.switch.snapshot(0, 10).remembered, 0);
    let late = world.reversal(&request, 3);
    assert_eq!(world.code_to(world.ours, request), "96");
    assert_eq!(world.code_to(world.ours, late), "25");
    assert_eq!(world.positions(), [-500, 0, 500], "the totals of the date stay");
    assert!(world.switch.settlement(date("2026-11-24"), world.ours).is_none());
}
