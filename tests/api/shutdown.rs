//! Clients that hang up, and the stop of the server.

use serde_json::json;

use super::channel::{Channel, STATUS, TRANSFER, order};
use super::fake_port::{ApiServer, PortBehavior, in_time};

#[tokio::test]
async fn a_client_that_hangs_up_loses_no_transfer() {
    let server = ApiServer::start("").await;
    let mut channel = Channel::open(server.address).await;
    server.port.set_behavior(PortBehavior::NoResponse);
    let request = channel.signed(TRANSFER, "1", &order("T1"));
    channel.write(&request.bytes()).await;
    server.port.accepted(1).await;
    channel.hang_up();
    let status = channel.ask(STATUS, "2", &json!({"originalPartnerReferenceNo": "T1"})).await;
    assert_eq!(status.json["latestTransactionStatus"], "02");
    server.port.settle_all();
    let status = channel.ask(STATUS, "3", &json!({"originalPartnerReferenceNo": "T1"})).await;
    assert_eq!(status.json["latestTransactionStatus"], "00");
    assert_eq!(channel.send(&request).await.code(), "2001800", "a repeat gets the same transfer");
    assert_eq!(server.port.orders().len(), 1);
}

#[tokio::test]
async fn an_incomplete_request_does_nothing() {
    let server = ApiServer::start("").await;
    let mut channel = Channel::open(server.address).await;
    let request = channel.signed(TRANSFER, "1", &order("T1")).bytes();
    for length in (1..request.len()).step_by(37) {
        channel.write(&request[..length]).await;
        channel.hang_up();
    }
    let status = channel.ask(STATUS, "2", &json!({"originalPartnerReferenceNo": "T1"})).await;
    assert_eq!((status.status, status.code()), (404, "4043601"));
    assert!(server.port.orders().is_empty());
}

#[tokio::test]
async fn waiting_requests_get_their_response_before_the_server_stops() {
    let server = ApiServer::start("").await;
    let port = server.port.clone();
    let mut idle = Channel::open(server.address).await;
    let mut waiting = Vec::new();
    port.set_behavior(PortBehavior::NoResponse);
    for number in 0..20 {
        let mut channel = Channel::with(server.address, &idle.token);
        let request = channel.signed(TRANSFER, &number.to_string(), &order(&format!("T{number}")));
        channel.write(&request.bytes()).await;
        waiting.push(channel);
        port.accepted(waiting.len()).await;
    }
    let address = server.address;
    let ended = server.stop();
    assert!(idle.is_closed().await, "who request for nothing is let go");
    assert!(
        tokio::net::TcpStream::connect(address).await.is_err(),
        "no new connection is accepted"
    );
    assert!(!ended.is_finished());
    assert_eq!(port.settle_all(), 20);
    for mut channel in waiting {
        let reply = channel.reply().await;
        assert_eq!(reply.code(), "2001800");
        assert!(reply.head.contains("connection: close"));
    }
    in_time(ended).await.unwrap();
}
