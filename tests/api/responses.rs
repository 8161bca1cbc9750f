//! The responses to channels: a snapshot of every row of the table.

use std::fmt::Write as _;

use serde_json::{Value, json};
use titian::api::{AccountInquiryResponse, NotProcessed};
use titian::engine::NotAdmitted;
use titian::transfer::{FailureReason, Refusal, TransferStatus};

use super::channel::{Channel, INQUIRY, STATUS, TIMESTAMP, TRANSFER, TestRequest, changed, order};
use super::fake_port::{ApiServer, NOW, PortBehavior, name};

fn inquiry() -> Value {
    json!({"partnerReferenceNo": "Q1", "beneficiaryBankCode": "014", "beneficiaryAccountNo": "8881234567"})
}

#[tokio::test]
async fn every_transfer_status_has_its_response() {
    let server = ApiServer::start("").await;
    let mut channel = Channel::open(server.address).await;
    let refused = |refusal| (TransferStatus::Rejected, Some(FailureReason::Refused(refusal)));
    let cases = [
        (TransferStatus::Settled, None),
        (TransferStatus::Initiated, None),
        (TransferStatus::Processing, None),
        (TransferStatus::Pending, None),
        (TransferStatus::Refunding, Some(FailureReason::Refused(Refusal::NoSuchAccount))),
        (TransferStatus::Refunded, Some(FailureReason::Reversed)),
        (TransferStatus::Refunded, Some(FailureReason::NotSent)),
        refused(Refusal::InsufficientFunds),
        refused(Refusal::InactiveAccount),
        refused(Refusal::Limit),
        refused(Refusal::Other),
    ];
    let mut responses = String::new();
    for (number, (status, reason)) in cases.into_iter().enumerate() {
        server.port.set_behavior(PortBehavior::Report(status, reason));
        let reply =
            channel.ask(TRANSFER, &format!("1{number}"), &order(&format!("T{number}"))).await;
        writeln!(responses, "{status:?} {reason:?}: {}\n", reply.shown()).unwrap();
        let status =
            json!({"originalPartnerReferenceNo": format!("T{number}"), "serviceCode": "18"});
        let reply = channel.ask(STATUS, &format!("2{number}"), &status).await;
        writeln!(responses, "its status: {}\n", reply.shown()).unwrap();
    }
    insta::assert_snapshot!(responses);
}

#[tokio::test]
async fn a_request_that_is_not_processed_gets_its_reason() {
    let server = ApiServer::start("").await;
    let mut channel = Channel::open(server.address).await;
    let reasons = [
        NotProcessed::NotAdmitted(NotAdmitted::Full),
        NotProcessed::NotAdmitted(NotAdmitted::Draining),
        NotProcessed::NotAdmitted(NotAdmitted::Withdrawn),
        NotProcessed::ServiceClosed(None),
        NotProcessed::ServiceClosed(Some("Transfers to bank 014 are suspended".into())),
        NotProcessed::SuspectedFraud,
        NotProcessed::InternalError,
    ];
    let mut responses = String::new();
    for reason in reasons {
        server.port.set_behavior(PortBehavior::NotProcessed(reason.clone()));
        let reply = channel.ask(TRANSFER, "1", &order("T1")).await;
        let can_retry = reply.head.contains("retry-after: 1\r\n");
        writeln!(responses, "{reason:?}: {} retry: {can_retry}", reply.shown()).unwrap();
    }
    insta::assert_snapshot!(responses);
    assert!(server.port.orders().is_empty());
}

#[tokio::test]
async fn an_account_inquiry_returns_the_name_or_the_reason() {
    let server = ApiServer::start("inquiry_wait = \"50ms\"").await;
    let mut channel = Channel::open(server.address).await;
    let mut responses = String::new();
    let no_response = channel.ask(INQUIRY, "1", &inquiry()).await;
    writeln!(responses, "no response: {}", no_response.shown()).unwrap();
    let inquiry_responses = [
        name("SITI RAHAYU"),
        AccountInquiryResponse::Found(None),
        AccountInquiryResponse::Declined(FailureReason::Refused(Refusal::NoSuchAccount)),
        AccountInquiryResponse::Declined(FailureReason::Refused(Refusal::InactiveAccount)),
        AccountInquiryResponse::Declined(FailureReason::Refused(Refusal::Other)),
        AccountInquiryResponse::NoResponse,
        AccountInquiryResponse::NotProcessed(NotProcessed::ServiceClosed(None)),
    ];
    for response in inquiry_responses {
        server.port.set_inquiry_response(response.clone());
        let reply = channel.ask(INQUIRY, "1", &inquiry()).await;
        writeln!(responses, "{response:?}: {}", reply.shown()).unwrap();
    }
    insta::assert_snapshot!(responses);
}

#[tokio::test]
async fn a_repeated_request_gets_the_present_status_and_a_different_one_a_conflict() {
    let server = ApiServer::start("").await;
    let mut channel = Channel::open(server.address).await;
    server.port.set_behavior(PortBehavior::Report(TransferStatus::Pending, None));
    let first = channel.ask(TRANSFER, "1", &order("T1")).await;
    let id = &first.json["additionalInfo"]["transferId"];
    assert_eq!((first.code(), server.port.orders().len()), ("2021800", 1));
    server.port.settle_all();

    // The same bytes; other blanks, order and transactionDate; another X-EXTERNAL-ID.
    let repeated = channel.ask(TRANSFER, "1", &order("T1")).await;
    let mut reversed: Vec<_> = order("T1").as_object().unwrap().clone().into_iter().collect();
    reversed.reverse();
    let reversed = Value::Object(reversed.into_iter().collect());
    let reversed = changed(reversed, "/transactionDate", json!("2026-11-25T01:30:09+07:00"));
    let mut formatted = TestRequest::new(TRANSFER, &reversed).header("x-external-id", "1");
    formatted.body = serde_json::to_vec_pretty(&reversed).unwrap();
    let formatted = channel.send(&channel.sign(&formatted, TIMESTAMP)).await;
    let other_id = channel.ask(TRANSFER, "2", &order("T1")).await;
    for reply in [repeated, formatted, other_id] {
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
    assert_eq!(server.port.orders().len(), 1, "nothing moved twice");
    insta::assert_snapshot!(by_request.shown());
}

#[tokio::test]
async fn an_external_id_is_free_again_on_the_next_day_of_the_bank() {
    let server = ApiServer::start("auth = \"none\"").await;
    let mut channel = Channel::bare(server.address);
    let request = |reference: &str| {
        let request = TestRequest::new(TRANSFER, &order(reference));
        request.header("x-external-id", "1").header("channel-id", "95221")
    };
    assert_eq!(channel.send(&request("T1")).await.code(), "2001800");
    let until_midnight = (22 * 60 + 30) * 60 * 1000;
    server.port.set_clock(NOW + until_midnight - 1);
    assert_eq!(channel.send(&request("T2")).await.code(), "4091800");
    server.port.set_clock(NOW + until_midnight);
    assert_eq!(channel.send(&request("T2")).await.code(), "2001800");
}

#[tokio::test]
async fn after_the_wait_the_present_status_is_returned() {
    let server = ApiServer::start("wait = \"50ms\"").await;
    let mut channel = Channel::open(server.address).await;
    server.port.set_behavior(PortBehavior::NoResponse);
    let present = channel.ask(TRANSFER, "1", &order("T1")).await;
    server.port.fail_status();
    let unknown = channel.ask(TRANSFER, "2", &order("T2")).await;
    insta::assert_snapshot!(format!("{}\n{}", present.shown(), unknown.shown()));
    let status = json!({"originalPartnerReferenceNo": "T1"});
    assert_eq!(channel.ask(STATUS, "3", &status).await.code(), "5003600");
}

#[tokio::test]
async fn a_status_is_found_by_either_id_and_only_by_its_partner() {
    let server = ApiServer::start("").await;
    let mut channel = Channel::open(server.address).await;
    channel.ask(TRANSFER, "1", &order("T1")).await;
    let by_number = json!({"originalExternalId": "1", "transactionDate": TIMESTAMP});
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
async fn unknown_paths_methods_and_types_get_the_same_form_of_response() {
    let server = ApiServer::start("").await;
    let mut channel = Channel::bare(server.address);
    let mut responses = String::new();
    let mut get = TestRequest::new(TRANSFER, &json!({}));
    get.method = "GET";
    let mut post = TestRequest::new("/openapi.json", &json!({}));
    post.method = "POST";
    let text = TestRequest::new(TRANSFER, &json!({})).header("content-type", "text/plain");
    let none = TestRequest::new(TRANSFER, &json!({})).without("content-type");
    for request in [TestRequest::new("/v1.0/nothing", &json!({})), get, post, text, none] {
        let reply = channel.send(&request).await;
        let allow = reply.head.lines().find(|line| line.starts_with("allow")).unwrap_or_default();
        writeln!(responses, "{} {}: {} {allow}", request.method, request.path, reply.shown())
            .unwrap();
    }
    insta::assert_snapshot!(responses);
}
