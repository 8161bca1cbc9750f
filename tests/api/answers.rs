//! Every row of the table, each in a snapshot: what a channel is told, to the letter.

use std::fmt::Write as _;

use serde_json::{Value, json};
use titian::api::{Denial, InquiryAnswer, Reason};
use titian::engine::Busy;
use titian::transfer::{Refusal, Standing};

use super::channel::{Asks, Channel, INQUIRY, STAMP, STATUS, TRANSFER, changed, order};
use super::house::{House, NOW, Says, name};

fn inquiry() -> Value {
    json!({"partnerReferenceNo": "Q1", "beneficiaryBankCode": "014", "beneficiaryAccountNo": "8881234567"})
}

#[tokio::test]
async fn a_transfer_is_told_how_it_stands() {
    let house = House::open("").await;
    let mut channel = Channel::open(house.address).await;
    let refused = |refusal| (Standing::Refused, Some(Reason::Refused(refusal)));
    let cases = [
        (Standing::Settled, None),
        (Standing::Initiated, None),
        (Standing::Paying, None),
        (Standing::Pending, None),
        (Standing::GivingBack, Some(Reason::Refused(Refusal::NoSuchAccount))),
        (Standing::GivenBack, Some(Reason::Undone)),
        (Standing::GivenBack, Some(Reason::NotSent)),
        refused(Refusal::InsufficientFunds),
        refused(Refusal::InactiveAccount),
        refused(Refusal::Limit),
        refused(Refusal::Other),
    ];
    let mut told = String::new();
    for (number, (standing, reason)) in cases.into_iter().enumerate() {
        house.desk.says(Says::Stands(standing, reason));
        let reply =
            channel.ask(TRANSFER, &format!("1{number}"), &order(&format!("T{number}"))).await;
        writeln!(told, "{standing:?} {reason:?}: {}\n", reply.shown()).unwrap();
        let status =
            json!({"originalPartnerReferenceNo": format!("T{number}"), "serviceCode": "18"});
        let reply = channel.ask(STATUS, &format!("2{number}"), &status).await;
        writeln!(told, "its status: {}\n", reply.shown()).unwrap();
    }
    insta::assert_snapshot!(told);
}

#[tokio::test]
async fn what_was_not_taken_on_is_told_so_and_nothing_was_done() {
    let house = House::open("").await;
    let mut channel = Channel::open(house.address).await;
    let denials = [
        Denial::Busy(Busy::Full),
        Denial::Busy(Busy::Draining),
        Denial::Busy(Busy::Overtaken),
        Denial::Closed,
        Denial::Suspected,
        Denial::Fault,
    ];
    let mut told = String::new();
    for denial in denials {
        house.desk.says(Says::Denied(denial));
        let reply = channel.ask(TRANSFER, "1", &order("T1")).await;
        let again = reply.head.contains("retry-after: 1\r\n");
        writeln!(told, "{denial:?}: {} retry: {again}", reply.shown()).unwrap();
    }
    insta::assert_snapshot!(told);
    assert!(house.desk.orders().is_empty());
}

#[tokio::test]
async fn a_name_is_found_or_why_not_is_told() {
    let house = House::open("inquiry_wait = \"50ms\"").await;
    let mut channel = Channel::open(house.address).await;
    let mut told = String::new();
    let unanswered = channel.ask(INQUIRY, "1", &inquiry()).await;
    writeln!(told, "no answer: {}", unanswered.shown()).unwrap();
    let answers = [
        name("SITI RAHAYU"),
        InquiryAnswer::Found(None),
        InquiryAnswer::Declined(Reason::Refused(Refusal::NoSuchAccount)),
        InquiryAnswer::Declined(Reason::Refused(Refusal::InactiveAccount)),
        InquiryAnswer::Declined(Reason::Refused(Refusal::Other)),
        InquiryAnswer::Unanswered,
        InquiryAnswer::Denied(Denial::Closed),
    ];
    for answer in answers {
        house.desk.names(answer.clone());
        let reply = channel.ask(INQUIRY, "1", &inquiry()).await;
        writeln!(told, "{answer:?}: {}", reply.shown()).unwrap();
    }
    insta::assert_snapshot!(told);
}

#[tokio::test]
async fn the_same_request_is_told_its_present_state_and_another_is_a_conflict() {
    let house = House::open("").await;
    let mut channel = Channel::open(house.address).await;
    house.desk.says(Says::Stands(Standing::Pending, None));
    let first = channel.ask(TRANSFER, "1", &order("T1")).await;
    let id = &first.json["additionalInfo"]["transferId"];
    assert_eq!((first.code(), house.desk.orders().len()), ("2021800", 1));
    house.desk.settle_all();

    // The same bytes; the same with its blanks and order changed and another clock; under another request number.
    let again = channel.ask(TRANSFER, "1", &order("T1")).await;
    let mut turned: Vec<_> = order("T1").as_object().unwrap().clone().into_iter().collect();
    turned.reverse();
    let turned = Value::Object(turned.into_iter().collect());
    let turned = changed(turned, "/transactionDate", json!("2026-11-25T01:30:09+07:00"));
    let mut wide = Asks::new(TRANSFER, &turned).header("x-external-id", "1");
    wide.body = serde_json::to_vec_pretty(&turned).unwrap();
    let wide = channel.send(&channel.sign(&wide, STAMP)).await;
    let other_number = channel.ask(TRANSFER, "2", &order("T1")).await;
    for reply in [again, wide, other_number] {
        assert_eq!((reply.code(), &reply.json["additionalInfo"]["transferId"]), ("2001800", id));
    }

    let by_request = channel.ask(TRANSFER, "1", &order("T2")).await;
    assert_eq!((by_request.status, by_request.code()), (409, "4091800"));
    let bodies = [
        ("/amount/value", json!("125000.01")),
        ("/beneficiaryAccountNo", json!("8881234568")),
        ("/beneficiaryBankCode", json!("015")),
        ("/sourceAccountNo", json!("1230004568")),
        ("/beneficiaryAccountName", json!("Siti Rahaya")),
        ("/customerReference", json!("food")),
        ("/feeType", json!("BEN")),
    ];
    for (pointer, value) in bodies {
        let by_reference = channel.ask(TRANSFER, "3", &changed(order("T1"), pointer, value)).await;
        assert_eq!((by_reference.status, by_reference.code()), (409, "4091801"), "{pointer}");
    }
    assert_eq!(house.desk.orders().len(), 1, "nothing moved twice");
    insta::assert_snapshot!(by_request.shown());
}

#[tokio::test]
async fn a_request_number_is_free_again_when_the_day_is_over_where_the_bank_is() {
    let house = House::open("auth = \"none\"").await;
    let mut channel = Channel::bare(house.address);
    let asks = |reference: &str| {
        let asks = Asks::new(TRANSFER, &order(reference));
        asks.header("x-external-id", "1").header("channel-id", "95221")
    };
    assert_eq!(channel.send(&asks("T1")).await.code(), "2001800");
    let until_midnight = (22 * 60 + 30) * 60 * 1000;
    house.desk.set_clock(NOW + until_midnight - 1);
    assert_eq!(channel.send(&asks("T2")).await.code(), "4091800");
    house.desk.set_clock(NOW + until_midnight);
    assert_eq!(channel.send(&asks("T2")).await.code(), "2001800");
}

#[tokio::test]
async fn who_waits_too_long_is_told_what_is_so_far() {
    let house = House::open("wait = \"50ms\"").await;
    let mut channel = Channel::open(house.address).await;
    house.desk.says(Says::Nothing);
    let so_far = channel.ask(TRANSFER, "1", &order("T1")).await;
    house.desk.mute();
    let nothing = channel.ask(TRANSFER, "2", &order("T2")).await;
    insta::assert_snapshot!(format!("{}\n{}", so_far.shown(), nothing.shown()));
    let status = json!({"originalPartnerReferenceNo": "T1"});
    assert_eq!(channel.ask(STATUS, "3", &status).await.code(), "5003600");
}

#[tokio::test]
async fn a_status_is_found_by_either_number_and_by_nobody_else() {
    let house = House::open("").await;
    let mut channel = Channel::open(house.address).await;
    channel.ask(TRANSFER, "1", &order("T1")).await;
    let by_number = json!({"originalExternalId": "1", "transactionDate": STAMP});
    let found = channel.ask(STATUS, "2", &by_number).await;
    assert_eq!(found.json["latestTransactionStatus"], "00");
    let other_day =
        json!({"originalExternalId": "1", "transactionDate": "2026-11-24T23:59:59+07:00"});
    let missing = channel.ask(STATUS, "3", &other_day).await;
    insta::assert_snapshot!(missing.shown());
    let too_little = channel.ask(STATUS, "4", &json!({"originalExternalId": "1"})).await;
    assert_eq!(too_little.code(), "4003602");
    assert_eq!(
        too_little.json["responseMessage"],
        "Invalid Mandatory Field originalPartnerReferenceNo"
    );
}

#[tokio::test]
async fn paths_methods_and_types_that_are_none_are_told_in_the_same_form() {
    let house = House::open("").await;
    let mut channel = Channel::bare(house.address);
    let mut told = String::new();
    let mut get = Asks::new(TRANSFER, &json!({}));
    get.method = "GET";
    let mut post = Asks::new("/openapi.json", &json!({}));
    post.method = "POST";
    let text = Asks::new(TRANSFER, &json!({})).header("content-type", "text/plain");
    let none = Asks::new(TRANSFER, &json!({})).without("content-type");
    for asks in [Asks::new("/v1.0/nothing", &json!({})), get, post, text, none] {
        let reply = channel.send(&asks).await;
        let allow = reply.head.lines().find(|line| line.starts_with("allow")).unwrap_or_default();
        writeln!(told, "{} {}: {} {allow}", asks.method, asks.path, reply.shown()).unwrap();
    }
    insta::assert_snapshot!(told);
}
