//! Every outcome is found.

use serde_json::json;
use titian::rig::Wanted;

use crate::house::{POOR, Plan};
use crate::stage::{Stage, wanted};

#[tokio::test]
async fn what_is_approved_is_settled_in_three_books() {
    let stage = Stage::set(Plan::default()).await;
    for number in 1..=20 {
        assert_eq!(stage.pay(&wanted(number)).await, (200, "2001800".to_owned()));
        assert_eq!(stage.stands(number).await, "00");
    }
    let books = stage.end().await;
    assert_eq!(books.switch.sent, (20, 20 * 12_500_000));
    assert_eq!(books.out.moved, 20 * 12_500_000);
}

#[tokio::test]
async fn what_is_declined_is_given_back_and_what_cannot_be_paid_is_never_sent() {
    let stage = Stage::set(Plan::default()).await;
    let poor = Wanted { from: POOR.to_owned(), ..wanted(1) };
    assert_eq!(stage.pay(&poor).await, (403, "4031814".to_owned()));
    assert_eq!(stage.stands(1).await, "06");
    for (number, account, answer) in
        [(2, "1000000002", (403, "4031805")), (3, "1000000003", (404, "4041811"))]
    {
        let to = ("014".to_owned(), account.to_owned());
        let told = stage.pay(&Wanted { to, ..wanted(number) }).await;
        assert_eq!((told.0, told.1.as_str()), answer);
        stage.until_stands(number, "04").await;
    }
    let books = stage.end().await;
    assert_eq!((books.bank.debited.count, books.bank.given_back.count), (2, 2));
    assert_eq!((books.out.taken, books.out.given_back), (25_000_000, 25_000_000));
    assert_eq!(books.switch.sent, (0, 0));
}

/// In each the switch has the transfer, or has it not, and nobody says so.
#[tokio::test]
async fn what_nobody_answers_is_reversed_and_given_back_once() {
    for lost in ["drop_response", "drop_request"] {
        let stage = Stage::set(Plan::default()).await;
        stage.switch.fault(&[("0200", 1.0, json!(lost))]).await;
        assert_eq!(stage.pay(&wanted(1)).await, (403, "4031805".to_owned()));
        stage.until_stands(1, "04").await;
        let books = stage.end().await;
        assert_eq!((books.bank.debited.count, books.bank.given_back.count), (1, 1), "{lost}");
    }
}

#[tokio::test]
async fn a_reversal_whose_answers_are_lost_is_repeated_and_gives_back_once() {
    let stage = Stage::set(Plan::default()).await;
    let lost = json!("drop_response");
    stage
        .switch
        .fault(&[("0200", 1.0, lost.clone()), ("0420", 1.0, lost.clone()), ("0421", 0.7, lost)])
        .await;
    for number in 1..=5 {
        let _told = stage.pay(&wanted(number)).await;
        stage.until_stands(number, "04").await;
    }
    let books = stage.end().await;
    assert_eq!((books.bank.debited.count, books.bank.given_back.count), (5, 5));
}

/// The request waits at the switch for longer than the adapter does; what comes then is too late, before the reversal is done and after.
#[tokio::test]
async fn a_late_answer_stops_no_reversal_and_after_it_calls_somebody() {
    let stage = Stage::set(Plan::default()).await;
    let lost = json!("drop_response");
    stage
        .switch
        .fault(&[
            ("0200", 1.0, json!({ "late": { "ms": 1200 } })),
            ("0420", 1.0, lost.clone()),
            ("0421", 1.0, lost),
        ])
        .await;
    stage.house.watcher.metric("titian_exceptions").await.unwrap();
    let told = stage.pay(&wanted(1)).await;
    assert_eq!(told, (202, "2021800".to_owned()), "its reversal is not answered");
    assert_eq!(stage.stands(1).await, "03");
    stage.switch.fault(&[("0200", 1.0, json!({ "late": { "ms": 1200 } }))]).await;
    stage.until_stands(1, "04").await;
    assert_eq!(stage.house.watcher.metric("titian_exceptions").await.unwrap(), 0);

    assert_eq!(stage.pay(&wanted(2)).await, (403, "4031805".to_owned()));
    stage.house.until_metric("titian_exceptions", |count| count == 1).await;
    assert_eq!(stage.stands(2).await, "03", "two persons are to look at it");
    let books = stage.end().await;
    assert_eq!((books.bank.debited.count, books.bank.given_back.count), (2, 2));
}

/// The switch is asked for the status. What it approved is settled; what it never had it does not say, so the money is held for two
/// persons.
#[tokio::test]
async fn where_no_reversal_exists_the_status_decides_or_the_money_is_held() {
    let mut stage = Stage::set(Plan { network: "holdfast", ..Plan::default() }).await;
    for (number, lost) in [(1, "drop_response"), (2, "drop_request")] {
        // A status inquiry is a 0200 too.
        let rule = json!({ "match": { "mti": "0200", "de": { "3": "401000" } }, "action": lost });
        stage.switch.operator.faults(&json!([rule])).await.unwrap();
        let _pending = stage.pay(&wanted(number)).await;
        if number == 2 {
            stage.house.kill().await;
            stage.house.start().await;
        }
    }
    stage.until_stands(1, "00").await;
    stage.house.until_metric("titian_exceptions", |count| count == 1).await;
    assert_eq!(stage.stands(2).await, "03");
    assert!(stage.house.stop().await.success());
    let differences = ["sent", "position", "what is in flight"];
    let books = stage.compare_but(1, &differences).await;
    assert_eq!((books.out.moved, books.out.in_flight), (12_500_000, 12_500_000));
    assert_eq!((books.bank.debited.count, books.bank.given_back.count), (2, 0));
    assert_eq!(books.switch.sent, (1, 12_500_000));
}
