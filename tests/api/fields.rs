//! The fields of a request, and the errors of wrong ones.

use serde_json::{Value, json};
use titian::api::Debit;
use titian::transfer::Funding;

use super::channel::{Channel, INQUIRY, STATUS, TRANSFER, changed, order};
use super::fake_port::{ApiServer, config, name, read};

async fn errors_of(channel: &mut Channel, body: &Value) -> (String, Vec<String>) {
    let reply = channel.ask(TRANSFER, "1", body).await;
    let errors = reply.json["additionalInfo"]["faults"].as_array().cloned().unwrap_or_default();
    let errors = errors.iter().map(|fault| {
        format!("{} {}", fault["field"].as_str().unwrap(), fault["reason"].as_str().unwrap())
    });
    (reply.code().to_owned(), errors.collect())
}

#[tokio::test]
async fn all_wrong_fields_are_named_at_once() {
    let server = ApiServer::start("banks = [\"014\", \"008\"]").await;
    let mut channel = Channel::open(server.address).await;
    let empty = channel.ask(TRANSFER, "1", &json!({})).await;
    let wrong = json!({
        "partnerReferenceNo": 7, "amount": {"value": 125_000, "currency": "USD"}, "beneficiaryAccountName": "",
        "beneficiaryAccountNo": "888 123", "beneficiaryBankCode": "99A", "sourceAccountNo": "1".repeat(29),
        "transactionDate": "today", "currency": true, "originatorInfos": [7], "customerReference": "é",
        "feeType": "ALL", "additionalInfo": [],
    });
    let wrong = channel.ask(TRANSFER, "1", &wrong).await;
    let mut both = order("T1");
    both.as_object_mut().unwrap().remove("sourceAccountNo");
    let both = channel.ask(TRANSFER, "1", &changed(both, "/amount/value", json!("0.00"))).await;
    let unknown = channel
        .ask(TRANSFER, "1", &changed(order("T1"), "/beneficiaryBankCode", json!("999")))
        .await;
    insta::assert_snapshot!([empty, wrong, both, unknown].map(|reply| reply.shown()).join("\n"));
    assert!(server.port.orders().is_empty());
}

#[tokio::test]
async fn an_amount_is_well_formed_positive_and_within_the_limit() {
    let server = ApiServer::start("amount_max = \"125000.00\"").await;
    let mut channel = Channel::open(server.address).await;
    let values =
        ["0.00", "-1.00", "1.000", "1.0", "1", "", "1,00", "1e2.00", "99999999999999999.00"];
    for value in values {
        let (code, errors) =
            errors_of(&mut channel, &changed(order("T1"), "/amount/value", json!(value))).await;
        assert_eq!((code.as_str(), errors.len()), ("4001801", 1), "{value} {errors:?}");
        assert!(errors[0].starts_with("amount.value "));
    }
    for value in [json!(125_000), json!(null), json!(["1.00"])] {
        let (code, _) =
            errors_of(&mut channel, &changed(order("T1"), "/amount/value", value)).await;
        assert!(code.starts_with("400180"));
    }
    let (code, errors) =
        errors_of(&mut channel, &changed(order("T1"), "/amount/currency", json!("USD"))).await;
    assert_eq!(
        (code.as_str(), &errors[..]),
        ("4001801", &["amount.currency is not the currency of the network".to_owned()][..])
    );
    let (code, _) =
        errors_of(&mut channel, &changed(order("T1"), "/amount/value", json!("125000.01"))).await;
    assert_eq!(code, "4031802");
    let (code, _) = errors_of(&mut channel, &order("T1")).await;
    assert_eq!(code, "2001800", "the limit itself is allowed");
}

#[tokio::test]
async fn invalid_json_is_refused_and_not_shown() {
    let server = ApiServer::start("").await;
    let mut channel = Channel::open(server.address).await;
    let deep = "[".repeat(8_000);
    let bodies = [
        "",
        "{",
        "[]",
        "\"8881234567\"",
        "{\"amount\": 8881234567",
        &deep,
        "{\"feeType\":\"OUR\",\"feeType\":\"BEN\"}",
        "\u{feff}{}",
    ];
    for path in [TRANSFER, STATUS, INQUIRY] {
        for body in bodies {
            let mut request = channel.signed(path, "1", &json!({}));
            request.body = body.into();
            let request = channel.sign(&request, super::channel::TIMESTAMP);
            let reply = channel.send(&request).await;
            let shown = reply.json.to_string();
            if path == TRANSFER || !body.contains("feeType") {
                assert!(
                    reply.code().starts_with("400") && reply.code().ends_with("00"),
                    "{body:.20} {shown}"
                );
            }
            assert!(!shown.contains("8881234567"));
        }
    }
}

#[tokio::test]
async fn an_order_has_the_fields_of_the_request() {
    let server = ApiServer::start("").await;
    let mut channel = Channel::open(server.address).await;
    channel.ask(TRANSFER, "1", &order("T1")).await;
    let [(order, identity)] = &server.port.orders()[..] else { panic!("one order") };
    insta::assert_snapshot!(format!("{order:#?}\n{identity:?}"));
    assert_eq!(order.to.reveal(), "8881234567");
    assert_eq!(order.details.sender.as_ref().unwrap().reveal(), "Budi Santoso");
}

#[tokio::test]
async fn a_debit_reference_is_mandatory_in_caller_mode_and_refused_otherwise() {
    let caller = ApiServer::with(read(&config(""), Debit::Caller).unwrap()).await;
    let mut channel = Channel::open(caller.address).await;
    let (code, errors) = errors_of(&mut channel, &order("T1")).await;
    assert_eq!(
        (code.as_str(), &errors[..]),
        ("4001802", &["additionalInfo.debitReference is missing".to_owned()][..])
    );
    let debited = |reference: &str| {
        changed(order("T1"), "/additionalInfo", json!({"debitReference": reference}))
    };
    assert_eq!(errors_of(&mut channel, &debited("D1")).await.0, "2001800");
    assert_eq!(
        errors_of(&mut channel, &debited("D2")).await.0,
        "4091800",
        "a request with another debit reference is a different request"
    );
    assert!(
        matches!(&caller.port.orders()[0].0.funding, Funding::Caller(reference) if reference.as_str() == "D1")
    );

    let titian = ApiServer::start("").await;
    let mut channel = Channel::open(titian.address).await;
    let (code, errors) = errors_of(&mut channel, &debited("D1")).await;
    assert_eq!(code, "4001801", "otherwise the customer is debited twice");
    assert!(errors[0].contains("core.debit = titian"));
    assert!(titian.port.orders().is_empty());
}

#[tokio::test]
async fn a_channel_has_the_merchant_type_of_its_list() {
    let text = config("").replace("# 95011 = \"6011\"", "95011 = \"6011\"");
    let server = ApiServer::with(read(&text, Debit::Titian).unwrap()).await;
    server.port.set_inquiry_response(name("SITI RAHAYU"));
    let mut channel = Channel::open(server.address).await;
    channel.ask(TRANSFER, "1", &order("T1")).await;
    let machine = channel.signed(TRANSFER, "2", &order("T2")).header("channel-id", "95011");
    channel.send(&machine).await;
    let merchant_types: Vec<_> = server
        .port
        .orders()
        .iter()
        .map(|(order, _)| (order.details.merchant.to_string(), order.details.terminal.to_string()))
        .collect();
    assert_eq!(
        merchant_types,
        [("6017".to_owned(), "95221".to_owned()), ("6011".to_owned(), "95011".to_owned())]
    );
}
