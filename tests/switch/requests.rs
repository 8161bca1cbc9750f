//! Inquiries and transfers, to banks that are played and to banks that are connected.

use titian::iso8583::De;
use titian::switch::{Account, AccountStatus, Dialect, Others};

use crate::world::{World, account, code, mti, repeat, reply, settings};

#[test]
fn a_transfer_to_a_played_bank_moves_money_once_and_a_repeat_has_the_same_answer() {
    for dialect in [Dialect::nusantara(), Dialect::rendezvous(), Dialect::holdfast()] {
        let mut world = World::new(dialect);
        let request = world.transfer(world.played, 1, 12_500);
        let first = world.answer(world.ours, request.clone());
        assert_eq!((mti(&first), code(&first).as_str()), (210, "00"));
        assert_eq!(first.get(De::STAN), Some("000001"));
        assert!(first.get(De::AUTHORIZATION).is_some());
        assert_eq!(world.answer(world.ours, repeat(&request)), first);
        assert_eq!(world.answer(world.ours, request), first);
        assert_eq!(world.positions(), [-12_500, 0, 12_500]);
        assert_eq!(world.switch.counts().repeats, 2);
    }
}

#[test]
fn a_qris_payment_goes_as_a_transfer_does_and_cash_the_other_way() {
    let mut world = World::new(Dialect::nusantara());
    let qris = world.financial("260000", world.played, 1, 500);
    assert_eq!(world.code_to(world.ours, qris), "00");
    assert_eq!(world.positions(), [-500, 0, 500]);
    let customer = Account { name: "EKO".into(), status: AccountStatus::Open, balance: Some(900) };
    world.switch.list_account(world.played, account("1234567890"), customer);
    let cash = world.financial("011000", world.played, 2, 800);
    assert_eq!(world.code_to(world.ours, cash.clone()), "00");
    assert_eq!(world.positions(), [300, 0, -300], "his bank pays ours for what our machine gave");
    let more = world.financial("011000", world.played, 3, 101);
    assert_eq!(world.code_to(world.ours, more.clone()), "51");
    assert_eq!(world.code_to(world.ours, world.reversal(&cash, 4)), "00");
    assert_eq!(world.positions(), [-500, 0, 500]);
    let again = world.financial("011000", world.played, 5, 900);
    assert_eq!(world.code_to(world.ours, again), "00", "he has all of it back");
    let file = world.switch.settlement(world.switch.business_date(), world.ours).unwrap();
    assert!(file.ends_with("TOTAL,4,2,500,900,400\n"), "{file}");
}

#[test]
fn another_request_under_the_same_numbers_is_refused_and_moves_nothing() {
    let mut world = World::new(Dialect::nusantara());
    let request = world.transfer(world.played, 1, 100);
    assert_eq!(world.code_to(world.ours, request), "00");
    let other = world.transfer(world.played, 1, 200);
    assert_eq!(world.code_to(world.ours, other), "94");
    let mut other = world.transfer(world.played, 1, 100);
    other.set(De::TO_ACCOUNT, "1111111111");
    assert_eq!(world.code_to(world.ours, other), "94");
    assert_eq!(world.positions(), [-100, 0, 100]);
}

#[test]
fn an_inquiry_at_a_played_bank_gives_the_name_that_follows_from_the_number() {
    let mut world = World::new(Dialect::nusantara());
    let answer = world.answer(world.ours, world.inquiry(world.played, 1));
    let again = world.answer(world.ours, world.inquiry(world.played, 2));
    let names = answer.get(De::ADDITIONAL_DATA).unwrap();
    assert_eq!(names.len(), 76);
    assert!(!names[..30].trim().is_empty());
    assert_eq!(&names[30..46], "REF-1           ", "the rest is as it was asked");
    assert_eq!(again.get(De::ADDITIONAL_DATA), Some(names));
    assert_eq!(world.positions(), [0, 0, 0]);
}

#[test]
fn listed_accounts_are_what_the_list_says() {
    let mut world = World::with(titian::switch::Settings {
        others: Others::Unknown,
        ..settings(Dialect::nusantara())
    });
    world.join(world.ours);
    let listed = |status| Account { name: "SITI RAHAYU".into(), status, balance: None };
    let numbers = [("9876543210", AccountStatus::Open), ("8888888888", AccountStatus::Closed)];
    for (number, status) in numbers {
        assert!(world.switch.list_account(world.played, account(number), listed(status)));
    }
    let answer = world.answer(world.ours, world.inquiry(world.played, 1));
    assert!(answer.get(De::ADDITIONAL_DATA).unwrap().starts_with("SITI RAHAYU   "));
    for (stan, number, expected) in
        [(2, "9876543210", "00"), (3, "8888888888", "78"), (4, "7777777777", "76")]
    {
        let mut request = world.transfer(world.played, stan, 100);
        request.set(De::TO_ACCOUNT, number);
        assert_eq!(world.code_to(world.ours, request), expected);
    }
    assert_eq!(world.positions(), [-100, 0, 100]);
}

#[test]
fn a_request_for_a_connected_bank_is_handed_on_under_its_own_numbers_and_answered() {
    let mut world = World::new(Dialect::nusantara());
    let request = world.transfer(world.other, 1, 500);
    world.tell(world.ours, request.clone());
    let handed_on = world.next_to(world.other);
    assert_eq!(handed_on, request);
    assert_eq!(world.positions(), [0, 0, 0], "nothing before the answer");
    world.tell(world.ours, repeat(&request));
    assert!(world.is_quiet(), "a repeat waits for the same answer");
    world.tell(world.other, reply(&handed_on, "00"));
    let answer = world.next_to(world.ours);
    assert_eq!((code(&answer).as_str(), answer.get(De::AUTHORIZATION)), ("00", Some("A1B2C3")));
    assert_eq!(world.positions(), [-500, 500, 0]);
    assert_eq!(world.answer(world.ours, repeat(&request)), answer);
    assert_eq!(world.positions(), [-500, 500, 0]);
}

#[test]
fn a_refusal_of_the_destination_is_handed_back_as_it_is() {
    let mut world = World::new(Dialect::nusantara());
    world.tell(world.ours, world.transfer(world.other, 1, 500));
    let handed_on = world.next_to(world.other);
    world.tell(world.other, reply(&handed_on, "61"));
    assert_eq!(code(&world.next_to(world.ours)), "61");
    assert_eq!(world.positions(), [0, 0, 0]);
}

#[test]
fn an_answer_of_another_amount_or_to_nothing_moves_no_money() {
    let mut world = World::new(Dialect::nusantara());
    world.tell(world.ours, world.transfer(world.other, 1, 500));
    let handed_on = world.next_to(world.other);
    let mut wrong = reply(&handed_on, "00");
    wrong.set(De::AMOUNT, "000000000501");
    world.tell(world.other, wrong);
    let mut unknown = reply(&handed_on, "00");
    unknown.set(De::STAN, "000002");
    world.tell(world.other, unknown);
    world.tell(world.played, reply(&handed_on, "00"));
    assert!(world.is_quiet());
    assert_eq!(world.positions(), [0, 0, 0]);
    assert_eq!(world.switch.counts().answers_unmatched, 2);
    assert_eq!(world.switch.counts().answers_late, 1, "of a bank that wasn't asked");
    world.tell(world.other, reply(&handed_on, "00"));
    assert_eq!(code(&world.next_to(world.ours)), "00");
}

#[test]
fn an_inquiry_is_handed_on_and_brings_the_name_back() {
    let mut world = World::new(Dialect::rendezvous());
    world.tell(world.ours, world.inquiry(world.other, 1));
    let handed_on = world.next_to(world.other);
    let mut answer = reply(&handed_on, "00");
    answer.set(De::ADDITIONAL_DATA, "BUDI SANTOSO");
    world.tell(world.other, answer);
    let back = world.next_to(world.ours);
    assert_eq!((code(&back).as_str(), back.get(De::ADDITIONAL_DATA)), ("00", Some("BUDI SANTOSO")));
}

#[test]
fn what_is_missing_foreign_or_nowhere_is_refused_with_its_code() {
    let mut world = World::new(Dialect::nusantara());
    let mut cases = Vec::new();
    for (de, text, expected) in [
        (De::CURRENCY, "840", "30"),
        (De::RRN, "short", "30"),
        (De::AMOUNT, "12x", "30"),
        (De::ACQUIRER, "008", "30"),
        (De::PROCESSING_CODE, "301000", "40"),
        (De::DESTINATION_BANK, "777", "92"),
        (De::DESTINATION_BANK, "014", "92"),
    ] {
        let mut request = world.transfer(world.played, 1, 100);
        request.set(de, text);
        cases.push((world.code_to(world.ours, request), expected));
    }
    for (got, expected) in cases {
        assert_eq!(got, expected);
    }
    let mut advice = crate::world::request(220);
    advice.set(De::STAN, "000001");
    assert_eq!(world.code_to(world.ours, advice), "40");
    assert_eq!(world.switch.counts().refused, 8);
    assert_eq!(world.switch.snapshot(0, 10).remembered, 0);
}

#[test]
fn a_bank_that_is_gone_or_not_signed_on_is_unavailable_and_no_more_played() {
    let mut world = World::new(Dialect::nusantara());
    let sign_off = world.network("002", 9);
    assert_eq!(world.code_to(world.other, sign_off), "00");
    let request = world.transfer(world.other, 1, 100);
    assert_eq!(world.code_to(world.ours, request.clone()), "91");
    world.switch.disconnected(world.other);
    let inquiry = world.inquiry(world.other, 2);
    assert_eq!(world.code_to(world.ours, inquiry), "91");
    world.join(world.other);
    assert_eq!(world.code_to(world.ours, repeat(&request)), "91", "the same answer as before");
}

#[test]
fn a_switch_that_is_full_refuses_and_stays_as_it_was() {
    let mut full = settings(Dialect::nusantara());
    full.limits.remembered = 1;
    full.limits.open = 0;
    let mut world = World::with(full);
    world.join(world.ours);
    world.join(world.other);
    let handed_on = world.transfer(world.other, 1, 100);
    assert_eq!(world.code_to(world.ours, handed_on), "91", "no question may be open");
    let second = world.transfer(world.played, 2, 100);
    assert_eq!(world.code_to(world.ours, second), "91", "no second transfer is remembered");
    assert_eq!(world.switch.snapshot(0, 10).remembered, 1);
}

#[test]
fn in_holdfast_the_status_of_a_transfer_can_be_asked_for() {
    let mut world = World::new(Dialect::holdfast());
    let request = world.transfer(world.other, 1, 100);
    let mut status = request.clone();
    status.set(De::PROCESSING_CODE, "381000");
    assert_eq!(world.code_to(world.ours, status.clone()), "25", "not known, or not yet");
    world.tell(world.ours, request);
    let handed_on = world.next_to(world.other);
    assert_eq!(world.code_to(world.ours, status.clone()), "68");
    world.tell(world.other, reply(&handed_on, "00"));
    world.next_to(world.ours);
    assert_eq!(world.code_to(world.ours, status), "00");
    assert_eq!(world.positions(), [-100, 100, 0]);
}
