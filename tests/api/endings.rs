//! Clients that hang up, and the end of the program.

use serde_json::json;

use super::channel::{Channel, STATUS, TRANSFER, order};
use super::house::{House, Says, soon};

#[tokio::test]
async fn a_client_that_hangs_up_loses_its_wait_and_not_its_transfer() {
    let house = House::open("").await;
    let mut channel = Channel::open(house.address).await;
    house.desk.says(Says::Nothing);
    let asks = channel.signed(TRANSFER, "1", &order("T1"));
    channel.write(&asks.bytes()).await;
    house.desk.taken(1).await;
    channel.hang_up();
    let status = channel.ask(STATUS, "2", &json!({"originalPartnerReferenceNo": "T1"})).await;
    assert_eq!(status.json["latestTransactionStatus"], "02");
    house.desk.settle_all();
    let status = channel.ask(STATUS, "3", &json!({"originalPartnerReferenceNo": "T1"})).await;
    assert_eq!(status.json["latestTransactionStatus"], "00");
    assert_eq!(channel.send(&asks).await.code(), "2001800", "asked again it is the same");
    assert_eq!(house.desk.orders().len(), 1);
}

#[tokio::test]
async fn a_client_that_hangs_up_before_its_request_is_whole_has_asked_for_nothing() {
    let house = House::open("").await;
    let mut channel = Channel::open(house.address).await;
    let asks = channel.signed(TRANSFER, "1", &order("T1")).bytes();
    for length in (1..asks.len()).step_by(37) {
        channel.write(&asks[..length]).await;
        channel.hang_up();
    }
    let status = channel.ask(STATUS, "2", &json!({"originalPartnerReferenceNo": "T1"})).await;
    assert_eq!((status.status, status.code()), (404, "4043601"));
    assert!(house.desk.orders().is_empty());
}

#[tokio::test]
async fn who_waits_is_answered_before_the_program_ends() {
    let house = House::open("").await;
    let desk = house.desk.clone();
    let mut idle = Channel::open(house.address).await;
    let mut waiting = Vec::new();
    desk.says(Says::Nothing);
    for number in 0..20 {
        let mut channel = Channel::with(house.address, &idle.token);
        let asks = channel.signed(TRANSFER, &number.to_string(), &order(&format!("T{number}")));
        channel.write(&asks.bytes()).await;
        waiting.push(channel);
        desk.taken(waiting.len()).await;
    }
    let address = house.address;
    let ended = house.stop();
    assert!(idle.is_closed().await, "who asks for nothing is let go");
    assert!(tokio::net::TcpStream::connect(address).await.is_err(), "nobody new comes in");
    assert!(!ended.is_finished());
    assert_eq!(desk.settle_all(), 20);
    for mut channel in waiting {
        let reply = channel.reply().await;
        assert_eq!(reply.code(), "2001800");
        assert!(reply.head.contains("connection: close"));
    }
    soon(ended).await.unwrap();
}
