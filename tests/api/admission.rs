//! Admission of requests.

use serde_json::json;
use titian::api::Debit;

use super::channel::{Channel, STATUS, TOKEN, TRANSFER, TestRequest, order};
use super::fake_port::{ApiServer, NOW, config, read};

#[tokio::test]
async fn a_changed_signature_or_request_is_refused() {
    let server = ApiServer::start("").await;
    let mut channel = Channel::open(server.address).await;
    let good = channel.signed(TRANSFER, "1", &order("T1"));
    let mut body = good.clone();
    body.body = serde_json::to_vec(&order("T2")).unwrap();
    let mut query = good.clone();
    query.path += "?a=1";
    let signature = good.headers.iter().find(|(name, _)| *name == "x-signature").unwrap().1.clone();
    // The last character before the padding has two bits to spare, the first has none.
    let first = if signature.starts_with('A') { "B" } else { "A" };
    let off = good.clone().header("x-signature", &(first.to_owned() + &signature[1..]));
    let unsigned = good.clone().without("x-signature");
    let later = good.clone().header("x-timestamp", "2026-11-25T01:30:01+07:00");
    for (what, request) in
        [("body", body), ("query", query), ("bit", off), ("none", unsigned), ("time", later)]
    {
        let reply = channel.send(&request).await;
        assert_eq!((reply.status, reply.code()), (401, "4011800"), "{what}");
        assert_eq!(reply.json["responseMessage"], "Unauthorized. Invalid signature", "{what}");
    }
    let stranger = good.clone().header("x-partner-id", "OTHER");
    assert_eq!(channel.send(&stranger).await.code(), "4011800");
    assert!(server.port.orders().is_empty());
    assert_eq!(channel.send(&good).await.code(), "2001800");
}

#[tokio::test]
async fn a_token_is_valid_for_its_lifetime_also_after_a_restart() {
    let server = ApiServer::start("").await;
    let mut channel = Channel::open(server.address).await;
    let token = channel.token.clone();
    for token in ["", "x", &token[1..], &token.to_lowercase()] {
        token.clone_into(&mut channel.token);
        let reply = channel.ask(TRANSFER, "1", &order("T1")).await;
        assert_eq!((reply.status, reply.code()), (401, "4011801"));
    }
    // Another node with the same key.
    let other = ApiServer::start("").await;
    let mut elsewhere = Channel::bare(other.address);
    elsewhere.token.clone_from(&token);
    assert_eq!(elsewhere.ask(TRANSFER, "1", &order("T1")).await.code(), "2001800");
    // It expires to the millisecond.
    let at = |stamp: &str| {
        elsewhere.sign(
            &TestRequest::new(STATUS, &json!({"originalPartnerReferenceNo": "T1"}))
                .header("x-external-id", "2"),
            stamp,
        )
    };
    let stamp = "2026-11-25T01:45:00+07:00";
    let request = at(stamp);
    other.port.set_clock(NOW + 899_999);
    assert_eq!(elsewhere.send(&request).await.code(), "2003600");
    other.port.set_clock(NOW + 900_000);
    assert_eq!(elsewhere.send(&request).await.code(), "4013601");
}

#[tokio::test]
async fn a_token_requires_the_key_and_a_current_timestamp() {
    let server = ApiServer::start("").await;
    let mut channel = Channel::bare(server.address);
    let good = Channel::token_request();
    let cases = [
        (good.clone().header("x-client-key", "client-2"), "4017300"),
        (good.clone().header("x-timestamp", "2026-11-25T01:30:01+07:00"), "4017300"),
        (good.clone().header("x-signature", "AAAA"), "4017300"),
        (good.clone().without("x-signature"), "4017300"),
        (good.clone().without("x-timestamp"), "4007302"),
        (good.clone().header("x-timestamp", "yesterday"), "4007301"),
        (TestRequest { body: b"{\"grantType\":\"password\"}".into(), ..good.clone() }, "4007301"),
        (TestRequest { body: b"{}".into(), ..good.clone() }, "4007302"),
    ];
    for (request, code) in cases {
        let reply = channel.send(&request).await;
        assert_eq!(reply.code(), code, "{:?} {}", request.headers, reply.json);
    }
    server.port.set_clock(NOW + 300_001);
    let late = channel.send(&good).await;
    assert_eq!(
        (late.code(), &late.json["responseMessage"]),
        (
            "4017300",
            &json!("Unauthorized. X-TIMESTAMP is more than 5 minutes from the server time")
        )
    );
    server.port.set_clock(NOW + 300_000);
    let reply = channel.send(&good).await;
    assert_eq!((reply.code(), &reply.json["expiresIn"]), ("2007300", &json!("900")));
}

#[tokio::test]
async fn a_replayed_request_moves_no_money_and_an_old_one_is_refused() {
    let server = ApiServer::start("").await;
    let mut channel = Channel::open(server.address).await;
    let request = channel.signed(TRANSFER, "1", &order("T1"));
    let first = channel.send(&request).await;
    let replayed = channel.send(&request).await;
    assert_eq!((first.code(), first.json.clone()), ("2001800", replayed.json));
    for (millis, code) in [(300_000, "2001800"), (300_001, "4011800")] {
        server.port.set_clock(NOW + millis);
        assert_eq!(channel.send(&request).await.code(), code);
    }
    server.port.set_clock(NOW - 300_001);
    assert_eq!(channel.send(&request).await.code(), "4011800", "from the future");
    assert_eq!(server.port.orders().len(), 1);
}

#[tokio::test]
async fn missing_and_wrong_headers_are_named() {
    let server = ApiServer::start("").await;
    let mut channel = Channel::open(server.address).await;
    let good = channel.signed(TRANSFER, "1", &order("T1"));
    let cases = [
        (
            good.clone().without("x-external-id").without("channel-id"),
            "4001802",
            "X-EXTERNAL-ID, CHANNEL-ID",
        ),
        (good.clone().header("x-external-id", "12a"), "4001801", "X-EXTERNAL-ID"),
        (good.clone().header("x-external-id", &"1".repeat(37)), "4001801", "X-EXTERNAL-ID"),
        (good.clone().header("channel-id", "952210"), "4001801", "CHANNEL-ID"),
        (good.clone().without("x-timestamp"), "4001802", "X-TIMESTAMP"),
    ];
    for (request, code, named) in cases {
        let reply = channel.send(&request).await;
        let message = reply.json["responseMessage"].as_str().unwrap();
        let name = if code.ends_with("02") { "Mandatory Field" } else { "Field Format" };
        assert_eq!((reply.code(), message), (code, &*format!("Invalid {name} {named}")));
    }
    let longest = good.header("x-external-id", &"1".repeat(36));
    assert_eq!(channel.send(&longest).await.code(), "2001800");
}

#[tokio::test]
async fn without_authentication_a_request_needs_only_its_ids() {
    let server = ApiServer::start("auth = \"none\"").await;
    let mut channel = Channel::bare(server.address);
    let request = TestRequest::new(TRANSFER, &order("T1"))
        .header("x-external-id", "1")
        .header("channel-id", "95221");
    assert_eq!(channel.send(&request).await.code(), "2001800");
    let named = request.clone().header("x-partner-id", "MOBILE");
    assert_eq!(channel.send(&named).await.code(), "2001800");
    let orders = server.port.orders();
    let partners =
        orders.iter().map(|(order, _)| order.details.channel.as_ref().unwrap().partner.as_str());
    assert_eq!(partners.collect::<Vec<_>>(), ["local", "MOBILE"], "two partners, so two transfers");
    let token =
        channel.send(&TestRequest::new(TOKEN, &json!({"grantType": "client_credentials"}))).await;
    assert_eq!(token.code(), "4047300");
}

#[test]
fn without_authentication_only_loopback_is_accepted() {
    let text = |listen: &str| config(&format!("auth = \"none\"\nlisten = \"{listen}\""));
    assert!(read(&text("127.0.0.1:8080"), Debit::Titian).is_ok());
    assert!(read(&text("[::1]:8080"), Debit::Titian).is_ok());
    for listen in ["0.0.0.0:8080", "10.0.0.1:8080", "[::]:8080"] {
        let faults = read(&text(listen), Debit::Titian).unwrap_err();
        assert_eq!(
            faults,
            ["titian.toml: api.auth: none requires a loopback address in api.listen"]
        );
    }
}
