//! Cut-over, settlement files, and forgotten transfers.

use titian::iso8583::De;
use titian::simulator::{NetworkRules, Output, PhantomTransfer};

use super::world::{World, code, date, mti, response};

#[test]
fn a_cut_over_starts_the_next_date_and_notifies_every_signed_on_bank() {
    let mut world = World::new(NetworkRules::nusantara());
    let today = world.switch.business_date();
    assert_eq!(today, date("2026-11-24"));
    assert_eq!(world.switch.cut_over(world.now), date("2026-11-25"));
    world.collect();
    assert_eq!(world.other_outputs, [Output::DateClosed(today)]);
    for bank in [world.ours, world.other] {
        let notice = world.next_to(bank);
        assert_eq!((mti(&notice), notice.get(De::NETWORK_CODE)), (800, Some("201")));
        assert_eq!(notice.get(De::SETTLEMENT_DATE), Some("1125"));
        world.send(bank, response(&notice, "00"));
    }
    world.advance(60);
    assert!(world.is_quiet());
}

#[test]
fn a_bank_that_missed_the_cut_over_is_notified_at_its_sign_on() {
    let mut world = World::new(NetworkRules::nusantara());
    world.switch.handle_disconnected(world.other);
    world.switch.cut_over(world.now);
    world.collect();
    world.take_sent();
    world.switch.handle_connected(world.other);
    world.send(world.other, world.management("001", 77));
    assert_eq!(code(&world.next_to(world.other)), "00");
    assert_eq!(world.next_to(world.other).get(De::NETWORK_CODE), Some("201"));
}

#[test]
fn rendezvous_starts_the_next_date_without_a_notice() {
    let mut world = World::new(NetworkRules::rendezvous());
    world.switch.cut_over(world.now);
    world.collect();
    assert!(world.is_quiet());
}

#[test]
fn holdfast_ends_its_date_at_23_30_in_jakarta() {
    let mut world = World::new(NetworkRules::holdfast());
    let due = world.switch.next_deadline().unwrap();
    // 23:30 in Jakarta is 16:30 UTC, and the clock starts at 02:30 UTC.
    assert_eq!(due.since(world.now).as_secs(), 14 * 3600);
    world.advance(14 * 3600 - 1);
    assert_eq!(world.switch.business_date(), date("2026-11-24"));
    // A message before the tick belongs to the new date already.
    world.now = due;
    let request = world.transfer(world.simulated, 1, 100);
    world.send(world.ours, request);
    assert_eq!(world.switch.business_date(), date("2026-11-25"));
    assert_eq!(world.switch.transfers(0).next().unwrap().business_date, date("2026-11-25"));
    assert_eq!(world.take_sent().len(), 3, "two notices and a response");
    assert_eq!(world.switch.next_deadline().unwrap().since(world.now).as_secs(), 15);
    world.advance(3 * 86_400);
    assert_eq!(world.switch.business_date(), date("2026-11-28"), "after a jump of the clock");
}

/// Makes a business date with each kind of row of a settlement file.
fn date_with_all_rows() -> World {
    let mut world = World::new(NetworkRules::nusantara());
    let paid = world.transfer(world.simulated, 1, 12_500);
    world.response_to(world.ours, paid);
    let reversed = world.transfer(world.simulated, 2, 700);
    world.response_to(world.ours, reversed.clone());
    world.response_to(world.ours, world.reversal(&reversed, 3));
    world.faults(r#"[{"action": {"decline": {"rc": "51"}}}]"#);
    world.response_to(world.ours, world.transfer(world.simulated, 4, 800));
    world.faults("[]");
    world.send(world.ours, world.transfer(world.other, 5, 900));
    world.advance(20);
    let details = world.details(world.ours, 3_000);
    world
        .switch
        .send_inbound(titian::simulator::InboundCommand::Credit(details), world.now)
        .unwrap();
    world.collect();
    let credit = world.take_sent().pop().unwrap().1;
    world.send(world.ours, response(&credit, "00"));
    let phantom = PhantomTransfer { from: world.ours, to: world.other, minor: 227 };
    world.switch.settle_phantom(phantom, world.now).unwrap();
    let barred = world.transfer(world.simulated, 8, 5);
    world.take_sent();
    world.response_to(world.ours, world.reversal(&barred, 9));
    // Open when the date ends, so it is in the file of the date of its outcome.
    world.send(world.ours, world.transfer(world.other, 6, 60));
    world
}

impl World {
    fn file(&self, of: &str) -> String {
        self.switch.settlement_file(date(of), self.ours).unwrap()
    }
}

#[test]
fn a_settlement_file_has_a_row_for_each_outcome_and_the_totals() {
    let mut world = date_with_all_rows();
    let open = world.next_to(world.other);
    insta::assert_snapshot!("settlement_before_cut_over", world.file("2026-11-24"));
    world.switch.cut_over(world.now);
    world.send(world.other, response(&open, "00"));
    // A reversal returns money of the date before.
    let mut paid = world.transfer(world.simulated, 1, 12_500);
    let first = super::world::START;
    let sent = titian::values::Transmission::of(titian::values::Moment::from_millis(first));
    paid.set(De::TRANSMISSION, &sent.to_string());
    world.take_sent();
    let reversal = world.reversal(&paid, 20);
    assert_eq!(world.response_code(world.ours, reversal), "00");
    insta::assert_snapshot!("settlement_of_the_day_after", world.file("2026-11-25"));
    insta::assert_snapshot!("settlement_before_cut_over", world.file("2026-11-24"));
}

#[test]
fn money_that_a_later_reversal_returns_is_in_the_file_of_that_date() {
    let mut world = World::new(NetworkRules::nusantara());
    let paid = world.transfer(world.simulated, 1, 12_500);
    world.response_to(world.ours, paid.clone());
    world.switch.cut_over(world.now);
    world.collect();
    world.take_sent();
    let reversal = world.reversal(&paid, 2);
    assert_eq!(world.response_code(world.ours, reversal), "00");
    world.switch.cut_over(world.now);
    let file = world.file("2026-11-25");
    assert!(file.contains(",-12500,") && file.ends_with("TOTAL,1,1,-12500,0,12500\n"), "{file}");
}

#[test]
fn the_totals_of_a_file_are_the_position_of_its_bank_on_that_date() {
    let world = date_with_all_rows();
    for bank in [world.ours, world.other, world.simulated] {
        let file = world.switch.settlement_file(date("2026-11-24"), bank).unwrap();
        let net: i128 = file.trim_end().rsplit(',').next().unwrap().parse().unwrap();
        assert_eq!(net, world.switch.position(bank));
    }
    assert!(world.switch.settlement_file(date("2026-11-25"), world.ours).is_none());
    assert!(world.switch.settlement_file(date("2026-11-23"), world.ours).is_none());
}

#[test]
fn after_two_cut_overs_a_transfer_is_forgotten_and_late_messages_move_no_money() {
    // Also within one second: DE7 has seconds only, and the request must be refused all the same.
    [0, 3_600].into_iter().for_each(forgotten_after);
}

fn forgotten_after(seconds: u64) {
    let mut world = World::new(NetworkRules::nusantara());
    let request = world.transfer(world.simulated, 1, 500);
    world.response_to(world.ours, request.clone());
    world.advance(seconds);
    world.switch.cut_over(world.now);
    world.collect();
    world.take_sent();
    assert_eq!(
        world.response_code(world.ours, request.clone()),
        "00",
        "it is kept for a business date"
    );
    world.advance(seconds);
    world.switch.cut_over(world.now);
    world.collect();
    world.take_sent();
    assert_eq!(world.switch.snapshot(0, 10).kept_transfers, 0);
    let late = world.reversal(&request, 3);
    assert_eq!(world.response_code(world.ours, request), "96");
    assert_eq!(world.response_code(world.ours, late), "25");
    assert_eq!(world.positions(), [-500, 0, 500], "the totals of the date are kept");
    assert!(world.switch.settlement_file(date("2026-11-24"), world.ours).is_none());
}
