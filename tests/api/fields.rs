//! What an order must say, and what is said of one that doesn't.

use serde_json::{Value, json};
use titian::api::Debit;
use titian::transfer::Funding;

use super::channel::{Channel, INQUIRY, STATUS, TRANSFER, changed, order};
use super::house::{House, config, name, read};

async fn refused(channel: &mut Channel, body: &Value) -> (String, Vec<String>) {
    let reply = channel.ask(TRANSFER, "1", body).await;
    let faults = reply.json["additionalInfo"]["faults"].as_array().cloned().unwrap_or_default();
    let faults = faults.iter().map(|fault| {
        format!("{} {}", fault["field"].as_str().unwrap(), fault["reason"].as_str().unwrap())
    });
    (reply.code().to_owned(), faults.collect())
}

#[tokio::test]
async fn every_wrong_field_is_named_at_once() {
    let house = House::open("banks = [\"014\", \"008\"]").await;
    let mut channel = Channel::open(house.address).await;
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
    assert!(house.desk.orders().is_empty());
}

#[tokio::test]
async fn an_amount_is_plain_positive_and_within_the_limit() {
    let house = House::open("amount_max = \"125000.00\"").await;
    let mut channel = Channel::open(house.address).await;
    let values =
        ["0.00", "-1.00", "1.000", "1.0", "1", "", "1,00", "1e2.00", "99999999999999999.00"];
    for value in values {
        let (code, faults) =
            refused(&mut channel, &changed(order("T1"), "/amount/value", json!(value))).await;
        assert_eq!((code.as_str(), faults.len()), ("4001801", 1), "{value} {faults:?}");
        assert!(faults[0].starts_with("amount.value "));
    }
    for value in [json!(125_000), json!(null), json!(["1.00"])] {
        let (code, _) = refused(&mut channel, &changed(order("T1"), "/amount/value", value)).await;
        assert!(code.starts_with("400180"));
    }
    let (code, faults) =
        refused(&mut channel, &changed(order("T1"), "/amount/currency", json!("USD"))).await;
    assert_eq!(
        (code.as_str(), &faults[..]),
        ("4001801", &["amount.currency is not the currency of the network".to_owned()][..])
    );
    let (code, _) =
        refused(&mut channel, &changed(order("T1"), "/amount/value", json!("125000.01"))).await;
    assert_eq!(code, "4031802");
    let (code, _) = refused(&mut channel, &order("T1")).await;
    assert_eq!(code, "2001800", "what is at the limit is within it");
}

#[tokio::test]
async fn what_is_no_json_is_refused_and_not_shown() {
    let house = House::open("").await;
    let mut channel = Channel::open(house.address).await;
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
            let mut asks = channel.signed(path, "1", &json!({}));
            asks.body = body.into();
            let asks = channel.sign(&asks, super::channel::STAMP);
            let reply = channel.send(&asks).await;
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
async fn an_order_says_what_the_channel_said() {
    let house = House::open("").await;
    let mut channel = Channel::open(house.address).await;
    channel.ask(TRANSFER, "1", &order("T1")).await;
    let [(order, begun)] = &house.desk.orders()[..] else { panic!("one order") };
    insta::assert_snapshot!(format!("{order:#?}\n{begun:?}"));
    assert_eq!(order.to.reveal(), "8881234567");
    assert_eq!(order.particulars.sender.as_ref().unwrap().reveal(), "Budi Santoso");
}

#[tokio::test]
async fn who_debits_itself_says_under_which_reference_and_nobody_else_does() {
    let caller = House::with(read(&config(""), Debit::Caller).unwrap()).await;
    let mut channel = Channel::open(caller.address).await;
    let (code, faults) = refused(&mut channel, &order("T1")).await;
    assert_eq!(
        (code.as_str(), &faults[..]),
        ("4001802", &["additionalInfo.debitReference is missing".to_owned()][..])
    );
    let debited = |reference: &str| {
        changed(order("T1"), "/additionalInfo", json!({"debitReference": reference}))
    };
    assert_eq!(refused(&mut channel, &debited("D1")).await.0, "2001800");
    assert_eq!(
        refused(&mut channel, &debited("D2")).await.0,
        "4091800",
        "another debit is another request"
    );
    assert!(
        matches!(&caller.desk.orders()[0].0.funding, Funding::Caller(reference) if reference.as_str() == "D1")
    );

    let titian = House::open("").await;
    let mut channel = Channel::open(titian.address).await;
    let (code, faults) = refused(&mut channel, &debited("D1")).await;
    assert_eq!(code, "4001801", "or the customer would be debited twice");
    assert!(faults[0].contains("core.debit = titian"));
    assert!(titian.desk.orders().is_empty());
}

#[tokio::test]
async fn a_channel_is_of_the_kind_that_is_listed() {
    let text = config("").replace("# 95011 = \"6011\"", "95011 = \"6011\"");
    let house = House::with(read(&text, Debit::Titian).unwrap()).await;
    house.desk.names(name("SITI RAHAYU"));
    let mut channel = Channel::open(house.address).await;
    channel.ask(TRANSFER, "1", &order("T1")).await;
    let machine = channel.signed(TRANSFER, "2", &order("T2")).header("channel-id", "95011");
    channel.send(&machine).await;
    let kinds: Vec<_> = house
        .desk
        .orders()
        .iter()
        .map(|(order, _)| {
            (order.particulars.merchant.to_string(), order.particulars.terminal.to_string())
        })
        .collect();
    assert_eq!(
        kinds,
        [("6017".to_owned(), "95221".to_owned()), ("6011".to_owned(), "95011".to_owned())]
    );
}
