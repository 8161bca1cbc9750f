//! Every outcome of a transfer.

use serde_json::json;
use titian::harness::TransferRequest;

use super::bank::{LOW_BALANCE, Options, wait_until};
use super::scenario::{Scenario, transfer};

#[tokio::test]
async fn an_approved_transfer_is_settled_in_three_books() {
    let scenario = Scenario::start(Options::default()).await;
    for number in 1..=20 {
        assert_eq!(scenario.request_transfer(&transfer(number)).await, (200, "2001800".to_owned()));
        assert_eq!(scenario.status(number).await, "00");
    }
    let books = scenario.finish().await;
    assert_eq!(books.switch.sent, (20, 20 * 12_500_000));
    assert_eq!(books.outbound.settled, 20 * 12_500_000);
}

#[tokio::test]
async fn a_declined_transfer_is_refunded_and_one_without_funds_is_never_sent() {
    let scenario = Scenario::start(Options::default()).await;
    let without_funds = TransferRequest { from: LOW_BALANCE.to_owned(), ..transfer(1) };
    assert_eq!(scenario.request_transfer(&without_funds).await, (403, "4031814".to_owned()));
    assert_eq!(scenario.status(1).await, "06");
    for (number, account, answer) in
        [(2, "1000000002", (403, "4031818")), (3, "1000000003", (404, "4041811"))]
    {
        let to = ("014".to_owned(), account.to_owned());
        let result = scenario.request_transfer(&TransferRequest { to, ..transfer(number) }).await;
        assert_eq!((result.0, result.1.as_str()), answer);
        scenario.wait_for_status(number, "04").await;
    }
    let books = scenario.finish().await;
    assert_eq!((books.bank.debited.count, books.bank.refunded.count), (2, 2));
    assert_eq!((books.outbound.debited, books.outbound.refunded), (25_000_000, 25_000_000));
    assert_eq!(books.switch.sent, (0, 0));
}

/// The switch has the transfer in one case and not in the other; the adapter can't know which.
#[tokio::test]
async fn a_transfer_without_a_response_is_reversed_and_refunded_once() {
    for lost in ["drop_response", "drop_request"] {
        let options = Options { response: "800ms", ..Options::default() };
        let scenario = Scenario::start(options).await;
        scenario.switch.set_faults(&[("0200", 1.0, json!(lost))]).await;
        assert_eq!(scenario.request_transfer(&transfer(1)).await, (403, "4031805".to_owned()));
        scenario.wait_for_status(1, "04").await;
        let books = scenario.finish().await;
        assert_eq!((books.bank.debited.count, books.bank.refunded.count), (1, 1), "{lost}");
    }
}

/// A reversal of this network has the STAN, the RRN and the second of its request: no number is used twice.
#[tokio::test]
async fn a_reversal_with_the_trace_numbers_of_its_request_is_verified() {
    let options = Options { network: "rendezvous", ..Options::impatient() };
    let scenario = Scenario::start(options).await;
    for (numbers, lost) in [(1..=3, "drop_response"), (4..=6, "drop_request")] {
        let no_response = || json!("drop_response");
        let faults = [
            ("0200", 1.0, json!(lost)),
            ("0400", 0.5, no_response()),
            ("0401", 0.5, no_response()),
        ];
        scenario.switch.set_faults(&faults).await;
        for number in numbers {
            let _result = scenario.request_transfer(&transfer(number)).await;
            scenario.wait_for_status(number, "04").await;
        }
    }
    let books = scenario.finish().await;
    assert_eq!((books.bank.debited.count, books.bank.refunded.count), (6, 6));
}

#[tokio::test]
async fn a_reversal_without_a_response_is_repeated_and_refunds_once() {
    let scenario = Scenario::start(Options::impatient()).await;
    let lost = json!("drop_response");
    scenario
        .switch
        .set_faults(&[
            ("0200", 1.0, lost.clone()),
            ("0420", 1.0, lost.clone()),
            ("0421", 0.7, lost),
        ])
        .await;
    for number in 1..=5 {
        let _result = scenario.request_transfer(&transfer(number)).await;
        scenario.wait_for_status(number, "04").await;
    }
    let books = scenario.finish().await;
    assert_eq!((books.bank.debited.count, books.bank.refunded.count), (5, 5));
}

/// The response is held back beyond the timeout: it arrives before the reversal is confirmed, or after.
#[tokio::test]
async fn a_late_response_stops_no_reversal_and_after_it_raises_an_alert() {
    let options = Options { response: "800ms", wait: "3s", ..Options::default() };
    let scenario = Scenario::start(options).await;
    let lost = json!("drop_response");
    scenario.switch.set_faults(&[("0420", 1.0, lost.clone()), ("0421", 1.0, lost)]).await;
    scenario.link.hold(*b"0210");
    let (status, body) = scenario.bank.channel.submit(&transfer(1)).await.unwrap();
    assert_eq!(status, 202, "its reversal has no response");
    scenario.link.release();
    let id = body["additionalInfo"]["transferId"].as_str().unwrap();
    wait_until("the late response is recorded", async || {
        scenario.bank.export(id).await.contains("\"late_response\"")
    })
    .await;
    assert_eq!(scenario.status(1).await, "03");
    scenario.switch.set_faults(&[]).await;
    scenario.wait_for_status(1, "04").await;
    assert_eq!(scenario.bank.probe.metric("titian_exceptions_open").await.unwrap(), 0);

    scenario.link.hold(*b"0210");
    let result = scenario.request_transfer(&transfer(2)).await;
    assert!([(403, "4031805"), (202, "2021800")].contains(&(result.0, &result.1)), "{result:?}");
    scenario.wait_for_status(2, "04").await;
    scenario.link.release();
    scenario.bank.wait_for_metric("titian_exceptions_open", |count| count == 1).await;
    assert_eq!(scenario.status(2).await, "03", "it needs a manual resolution");
    let books = scenario.finish().await;
    assert_eq!((books.bank.debited.count, books.bank.refunded.count), (2, 2));
}

/// The adapter inquires the status. An approved transfer is settled. For one that the switch never had, the status is not clear,
/// so it needs a manual resolution.
#[tokio::test]
async fn without_reversals_the_status_decides_or_the_transfer_becomes_an_exception() {
    let options = Options { network: "holdfast", response: "5s", wait: "1s", ..Options::default() };
    let mut scenario = Scenario::start(options).await;
    for (number, lost) in [(1, "drop_response"), (2, "drop_request")] {
        // A status inquiry is a 0200 too.
        let rule = json!({ "match": { "mti": "0200", "de": { "3": "401000" } }, "action": lost });
        scenario.switch.admin.set_fault_rules(&json!([rule])).await.unwrap();
        let _pending = scenario.request_transfer(&transfer(number)).await;
        if number == 2 {
            scenario.bank.kill().await;
            scenario.bank.start().await;
        }
    }
    scenario.wait_for_status(1, "00").await;
    scenario.bank.wait_for_metric("titian_exceptions_open", |count| count == 1).await;
    assert_eq!(scenario.status(2).await, "03");
    assert!(scenario.bank.stop().await.success());
    let differences = ["sent", "position", "money is still in flight"];
    let books = scenario.compare_allowing(1, &differences).await;
    assert_eq!((books.outbound.settled, books.outbound.in_flight), (12_500_000, 12_500_000));
    assert_eq!((books.bank.debited.count, books.bank.refunded.count), (2, 0));
    assert_eq!(books.switch.sent, (1, 12_500_000));
}
