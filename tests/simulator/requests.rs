//! Inquiries and transfers, to simulated banks and to connected banks.

use titian::iso8583::De;
use titian::simulator::{Account, AccountStatus, NetworkRules, UnlistedAccounts};

use super::world::{World, account, code, mti, repeat, response, settings};

#[test]
fn a_transfer_to_a_simulated_bank_moves_money_once_and_a_repeat_gets_the_same_response() {
    for rules in [NetworkRules::nusantara(), NetworkRules::rendezvous(), NetworkRules::holdfast()] {
        let mut world = World::new(rules);
        let request = world.transfer(world.simulated, 1, 12_500);
        let first = world.response_to(world.ours, request.clone());
        assert_eq!((mti(&first), code(&first).as_str()), (210, "00"));
        assert_eq!(first.get(De::STAN), Some("000001"));
        assert!(first.get(De::AUTHORIZATION).is_some());
        assert_eq!(world.response_to(world.ours, repeat(&request)), first);
        assert_eq!(world.response_to(world.ours, request), first);
        assert_eq!(world.positions(), [-12_500, 0, 12_500]);
        assert_eq!(world.switch.counts().repeats, 2);
    }
}

#[test]
fn a_qris_payment_moves_money_as_a_transfer_and_a_withdrawal_moves_it_the_other_way() {
    let mut world = World::new(NetworkRules::nusantara());
    let qris = world.financial("260000", world.simulated, 1, 500);
    assert_eq!(world.response_code(world.ours, qris), "00");
    assert_eq!(world.positions(), [-500, 0, 500]);
    let customer = Account { name: "EKO".into(), status: AccountStatus::Open, balance: Some(900) };
    world.switch.list_account(world.simulated, account("1234567890"), customer);
    let cash = world.financial("011000", world.simulated, 2, 800);
    assert_eq!(world.response_code(world.ours, cash.clone()), "00");
    assert_eq!(world.positions(), [300, 0, -300], "the customer's bank pays our bank for the cash");
    let more = world.financial("011000", world.simulated, 3, 101);
    assert_eq!(world.response_code(world.ours, more.clone()), "51");
    assert_eq!(world.response_code(world.ours, world.reversal(&cash, 4)), "00");
    assert_eq!(world.positions(), [-500, 0, 500]);
    let again = world.financial("011000", world.simulated, 5, 900);
    assert_eq!(world.response_code(world.ours, again), "00", "the whole balance is restored");
    let file = world.switch.settlement_file(world.switch.business_date(), world.ours).unwrap();
    assert!(file.ends_with("TOTAL,4,2,500,900,400\n"), "{file}");
}

#[test]
fn another_request_under_the_same_trace_numbers_is_refused_and_moves_no_money() {
    let mut world = World::new(NetworkRules::nusantara());
    let request = world.transfer(world.simulated, 1, 100);
    assert_eq!(world.response_code(world.ours, request), "00");
    let other = world.transfer(world.simulated, 1, 200);
    assert_eq!(world.response_code(world.ours, other), "94");
    let mut other = world.transfer(world.simulated, 1, 100);
    other.set(De::TO_ACCOUNT, "1111111111");
    assert_eq!(world.response_code(world.ours, other), "94");
    assert_eq!(world.positions(), [-100, 0, 100]);
}

#[test]
fn an_inquiry_at_a_simulated_bank_returns_the_name_derived_from_the_number() {
    let mut world = World::new(NetworkRules::nusantara());
    let response = world.response_to(world.ours, world.inquiry(world.simulated, 1));
    let again = world.response_to(world.ours, world.inquiry(world.simulated, 2));
    let names = response.get(De::ADDITIONAL_DATA).unwrap();
    assert_eq!(names.len(), 76);
    assert!(!names[..30].trim().is_empty());
    assert_eq!(&names[30..46], "REF-1           ", "the rest is that of the request");
    assert_eq!(again.get(De::ADDITIONAL_DATA), Some(names));
    assert_eq!(world.positions(), [0, 0, 0]);
}

#[test]
fn listed_accounts_have_their_name_and_status() {
    let mut world = World::with(titian::simulator::Settings {
        unlisted_accounts: UnlistedAccounts::Unknown,
        ..settings(NetworkRules::nusantara())
    });
    world.join(world.ours);
    let listed = |status| Account { name: "SITI RAHAYU".into(), status, balance: None };
    let numbers = [("9876543210", AccountStatus::Open), ("8888888888", AccountStatus::Closed)];
    for (number, status) in numbers {
        assert!(world.switch.list_account(world.simulated, account(number), listed(status)));
    }
    let response = world.response_to(world.ours, world.inquiry(world.simulated, 1));
    assert!(response.get(De::ADDITIONAL_DATA).unwrap().starts_with("SITI RAHAYU   "));
    for (stan, number, expected) in
        [(2, "9876543210", "00"), (3, "8888888888", "78"), (4, "7777777777", "76")]
    {
        let mut request = world.transfer(world.simulated, stan, 100);
        request.set(De::TO_ACCOUNT, number);
        assert_eq!(world.response_code(world.ours, request), expected);
    }
    assert_eq!(world.positions(), [-100, 0, 100]);
}

#[test]
fn a_request_to_a_connected_bank_is_forwarded_under_its_trace_numbers_and_answered() {
    let mut world = World::new(NetworkRules::nusantara());
    let request = world.transfer(world.other, 1, 500);
    world.send(world.ours, request.clone());
    let forwarded = world.next_to(world.other);
    assert_eq!(forwarded, request);
    assert_eq!(world.positions(), [0, 0, 0], "no money moves before the response");
    world.send(world.ours, repeat(&request));
    assert!(world.is_quiet(), "a repeat waits for the same response");
    world.send(world.other, response(&forwarded, "00"));
    let response = world.next_to(world.ours);
    assert_eq!((code(&response).as_str(), response.get(De::AUTHORIZATION)), ("00", Some("A1B2C3")));
    assert_eq!(world.positions(), [-500, 500, 0]);
    assert_eq!(world.response_to(world.ours, repeat(&request)), response);
    assert_eq!(world.positions(), [-500, 500, 0]);
}

#[test]
fn a_decline_of_the_destination_is_forwarded_unchanged() {
    let mut world = World::new(NetworkRules::nusantara());
    world.send(world.ours, world.transfer(world.other, 1, 500));
    let forwarded = world.next_to(world.other);
    world.send(world.other, response(&forwarded, "61"));
    assert_eq!(code(&world.next_to(world.ours)), "61");
    assert_eq!(world.positions(), [0, 0, 0]);
}

#[test]
fn a_response_with_another_amount_or_without_a_request_moves_no_money() {
    let mut world = World::new(NetworkRules::nusantara());
    world.send(world.ours, world.transfer(world.other, 1, 500));
    let forwarded = world.next_to(world.other);
    let mut wrong = response(&forwarded, "00");
    wrong.set(De::AMOUNT, "000000000501");
    world.send(world.other, wrong);
    let mut unknown = response(&forwarded, "00");
    unknown.set(De::STAN, "000002");
    world.send(world.other, unknown);
    world.send(world.simulated, response(&forwarded, "00"));
    assert!(world.is_quiet());
    assert_eq!(world.positions(), [0, 0, 0]);
    assert_eq!(world.switch.counts().responses_unmatched, 2);
    assert_eq!(world.switch.counts().responses_late, 1, "from a bank that got no request");
    world.send(world.other, response(&forwarded, "00"));
    assert_eq!(code(&world.next_to(world.ours)), "00");
}

#[test]
fn an_inquiry_is_forwarded_and_returns_the_name() {
    let mut world = World::new(NetworkRules::rendezvous());
    world.send(world.ours, world.inquiry(world.other, 1));
    let forwarded = world.next_to(world.other);
    let mut response = response(&forwarded, "00");
    response.set(De::ADDITIONAL_DATA, "BUDI SANTOSO");
    world.send(world.other, response);
    let back = world.next_to(world.ours);
    assert_eq!((code(&back).as_str(), back.get(De::ADDITIONAL_DATA)), ("00", Some("BUDI SANTOSO")));
}

#[test]
fn invalid_unsupported_or_unroutable_requests_are_refused_with_their_code() {
    let mut world = World::new(NetworkRules::nusantara());
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
        let mut request = world.transfer(world.simulated, 1, 100);
        request.set(de, text);
        cases.push((world.response_code(world.ours, request), expected));
    }
    for (got, expected) in cases {
        assert_eq!(got, expected);
    }
    let mut advice = super::world::request(220);
    advice.set(De::STAN, "000001");
    assert_eq!(world.response_code(world.ours, advice), "40");
    assert_eq!(world.switch.counts().refused, 8);
    assert_eq!(world.switch.snapshot(0, 10).kept_transfers, 0);
}

#[test]
fn a_disconnected_or_signed_off_bank_is_unavailable_and_not_simulated() {
    let mut world = World::new(NetworkRules::nusantara());
    let sign_off = world.management("002", 9);
    assert_eq!(world.response_code(world.other, sign_off), "00");
    let request = world.transfer(world.other, 1, 100);
    assert_eq!(world.response_code(world.ours, request.clone()), "91");
    world.switch.handle_disconnected(world.other);
    let inquiry = world.inquiry(world.other, 2);
    assert_eq!(world.response_code(world.ours, inquiry), "91");
    world.join(world.other);
    assert_eq!(
        world.response_code(world.ours, repeat(&request)),
        "91",
        "the same response as before"
    );
}

#[test]
fn a_full_switch_refuses_requests_without_effect() {
    let mut full = settings(NetworkRules::nusantara());
    full.limits.transfers = 1;
    full.limits.open_requests = 0;
    let mut world = World::with(full);
    world.join(world.ours);
    world.join(world.other);
    let forwarded = world.transfer(world.other, 1, 100);
    assert_eq!(
        world.response_code(world.ours, forwarded),
        "91",
        "no request to a bank may be open"
    );
    let second = world.transfer(world.simulated, 2, 100);
    assert_eq!(world.response_code(world.ours, second), "91", "a second transfer is not kept");
    assert_eq!(world.switch.snapshot(0, 10).kept_transfers, 1);
}

#[test]
fn holdfast_has_status_inquiries() {
    let mut world = World::new(NetworkRules::holdfast());
    let request = world.transfer(world.other, 1, 100);
    let mut status = request.clone();
    status.set(De::PROCESSING_CODE, "381000");
    assert_eq!(
        world.response_code(world.ours, status.clone()),
        "25",
        "unknown, or not received yet"
    );
    world.send(world.ours, request);
    let forwarded = world.next_to(world.other);
    assert_eq!(world.response_code(world.ours, status.clone()), "68");
    world.send(world.other, response(&forwarded, "00"));
    world.next_to(world.ours);
    assert_eq!(world.response_code(world.ours, status), "00");
    assert_eq!(world.positions(), [-100, 100, 0]);
}
