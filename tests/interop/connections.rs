//! The bank of a connection, several connections of a bank, and bytes that are not messages.

use bytes::{Bytes, BytesMut};
use titian::iso8583::{De, Frame, FrameCodec, Mti, OutgoingFrame, Spec};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_util::codec::{Decoder, Encoder};

use super::bank::{Bank, network};
use super::simulator::Simulator;

/// A connection that sends and receives frames.
struct RawConnection {
    stream: TcpStream,
    frames: FrameCodec,
    buffer: BytesMut,
}

impl RawConnection {
    async fn new(spec: &Spec, switch: &Simulator) -> Self {
        let stream = TcpStream::connect(switch.listen).await.unwrap();
        Self { stream, frames: FrameCodec::new(spec.framing().clone()), buffer: BytesMut::new() }
    }

    async fn send(&mut self, message: &[u8]) {
        let mut bytes = BytesMut::new();
        let header: &[u8] = &[];
        self.frames.encode(OutgoingFrame { header, message }, &mut bytes).unwrap();
        self.stream.write_all_buf(&mut bytes).await.unwrap();
    }

    async fn receive(&mut self) -> Bytes {
        loop {
            if let Some(Frame::Message { message, .. }) =
                self.frames.decode(&mut self.buffer).unwrap()
            {
                return message;
            }
            assert!(
                self.stream.read_buf(&mut self.buffer).await.unwrap() > 0,
                "the connection is open"
            );
        }
    }

    async fn request(&mut self, spec: &Spec, message: &[u8]) -> (Mti, String) {
        self.send(message).await;
        let response = self.receive().await;
        let response = spec.decode(response).unwrap();
        (response.mti(), response.field(De::RESPONSE_CODE).unwrap().reveal().into_owned())
    }
}

/// Builds a sign-on without a bank.
fn sign_on_without_bank(spec: &Spec) -> BytesMut {
    let mut bytes = BytesMut::new();
    let mut encoder = spec.encoder(Mti::NETWORK_REQUEST, &mut bytes).unwrap();
    encoder.text(De::TRANSMISSION, "1124120000").unwrap();
    encoder.text(De::STAN, "000001").unwrap().text(De::NETWORK_CODE, "001").unwrap();
    encoder.finish();
    bytes
}

/// Builds a transfer request with new trace numbers.
fn payment(bank: &mut Bank) -> Bytes {
    let (order, trace) = (bank.order("008", "1000000001", 500), bank.trace());
    bank.build(|network, into| network.encode_request(&order, trace, into))
}

#[tokio::test]
async fn a_connection_belongs_to_the_bank_that_its_first_request_names() {
    for codec in ["native", "reference"] {
        let switch = Simulator::start("nusantara", &["--codec", codec]);
        let network = network("nusantara", "213");
        let spec = network.spec();
        let mut raw = RawConnection::new(spec, &switch).await;
        let (mti, code) = raw.request(spec, &sign_on_without_bank(spec)).await;
        assert_eq!((mti.number(), code.as_str()), (810, "00"));
        assert_eq!(switch.bank("213")["presence"], "simulated", "the bank is not known yet");
        let mut bank = Bank::new("nusantara", "213", &[]);
        let (order, trace) = (bank.order("008", "1000000001", 500), bank.trace());
        let message = bank.build(|network, into| network.encode_request(&order, trace, into));
        let (mti, code) = raw.request(spec, &message).await;
        assert_eq!((mti.number(), code.as_str()), (210, "00"), "the sign-on counts");
        assert_eq!(switch.bank("213")["presence"], "signed_on");
        assert_eq!(switch.position("213"), -500);
    }
}

#[tokio::test]
async fn an_unknown_bank_becomes_a_member() {
    let switch = Simulator::start("nusantara", &[]);
    let mut bank = Bank::join("nusantara", "777", switch.listen).await;
    assert_eq!(bank.pay("008", "1000000001", 500).await, "00");
    assert_eq!(switch.position("777"), -500);
}

#[tokio::test]
async fn a_bank_that_signs_off_one_of_two_connections_continues_on_the_other() {
    let switch = Simulator::start("nusantara", &[]);
    let first = Bank::join("nusantara", "213", switch.listen).await;
    let mut second = Bank::join("nusantara", "213", switch.listen).await;
    assert_eq!(switch.state()["connections"]["signed_on"], 2);
    first.sign_off().await;
    assert_eq!(second.pay("008", "1000000001", 500).await, "00");
    assert_eq!(switch.bank("213")["presence"], "signed_on");
    second.sign_off().await;
    while switch.bank("213")["presence"] != "disconnected" {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn an_unreadable_message_gets_no_response_and_has_no_effect() {
    for codec in ["native", "reference"] {
        let switch = Simulator::start("nusantara", &["--codec", codec]);
        let network = network("nusantara", "213");
        let spec = network.spec();
        let mut raw = RawConnection::new(spec, &switch).await;
        let mut broken = sign_on_without_bank(spec);
        broken.truncate(broken.len() - 1);
        for garbage in [&b"?"[..], b"0800", &[0xFF; 200], b"020\xFFgarbage", &broken] {
            raw.send(garbage).await;
        }
        let (mti, code) = raw.request(spec, &sign_on_without_bank(spec)).await;
        assert_eq!((mti.number(), code.as_str()), (810, "00"));
        assert_eq!(switch.state()["connections"]["unreadable"], 5, "{codec}");
        let (exit, log) = switch.stop();
        assert_eq!(exit, Some(0));
        assert!(log.contains("message unreadable") && !log.contains("report this line"), "{log}");
    }
}

#[tokio::test]
async fn a_broken_frame_closes_its_connection_only() {
    let switch = Simulator::start("rendezvous", &[]);
    let mut bank = Bank::join("rendezvous", "213", switch.listen).await;
    let mut stream = TcpStream::connect(switch.listen).await.unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest).await.unwrap();
    assert!(rest.is_empty());
    assert_eq!(bank.pay("008", "1000000001", 500).await, "00");
}

#[tokio::test]
async fn a_keep_alive_is_echoed() {
    let switch = Simulator::start("holdfast", &[]);
    let mut stream = TcpStream::connect(switch.listen).await.unwrap();
    stream.write_all(&[0, 0, 0, 0]).await.unwrap();
    let mut echoed = [1; 4];
    stream.read_exact(&mut echoed).await.unwrap();
    assert_eq!(echoed, [0; 4]);
}

#[tokio::test]
async fn a_connection_that_is_not_read_is_closed_and_does_not_block_others() {
    const BYTES_MAX: usize = 1 << 30;
    let switch = Simulator::start("nusantara", &[]);
    let mut bank = Bank::join("nusantara", "213", switch.listen).await;
    let spec = bank.network.spec().clone();
    let mut raw = RawConnection::new(&spec, &switch).await;
    let mut piece = BytesMut::new();
    for _ in 0..1_000 {
        let outgoing = OutgoingFrame { header: &[], message: &sign_on_without_bank(&spec) };
        raw.frames.encode(outgoing, &mut piece).unwrap();
    }
    let mut written = 0;
    while raw.stream.write_all(&piece).await.is_ok() {
        written += piece.len();
        assert!(written < BYTES_MAX, "the switch closes it");
    }
    assert_eq!(bank.pay("008", "1000000001", 500).await, "00");
    assert_eq!(switch.state()["connections"]["open"], 1);
}

#[tokio::test]
async fn a_response_goes_to_the_connection_of_its_request_or_else_to_another_one_of_the_bank() {
    let switch = Simulator::start("nusantara", &[]);
    let mut bank = Bank::new("nusantara", "213", &[]);
    let spec = bank.network.spec().clone();
    let mut message = || payment(&mut bank);
    let mut connections =
        [RawConnection::new(&spec, &switch).await, RawConnection::new(&spec, &switch).await];
    for connection in &mut connections {
        connection.request(&spec, &sign_on_without_bank(&spec)).await;
    }
    for turn in [0, 1, 1, 0, 0, 1] {
        let (mti, code) = connections[turn].request(&spec, &message()).await;
        assert_eq!((mti.number(), code.as_str()), (210, "00"));
    }
    switch.set_fault_rules(r#"[{"action": {"late": {"ms": 200}}}]"#);
    let [mut first, mut second] = connections;
    first.send(&message()).await;
    while switch.state()["faults"][0]["hits"] != 1 {
        tokio::task::yield_now().await;
    }
    drop(first);
    let late = spec.decode(second.receive().await).unwrap();
    assert_eq!(late.mti().number(), 210);
}

#[tokio::test]
async fn garbage_and_disconnects_apply_to_the_connection_of_the_request() {
    let switch = Simulator::start("nusantara", &[]);
    let mut bank = Bank::new("nusantara", "213", &[]);
    let spec = bank.network.spec().clone();
    let mut message = || payment(&mut bank);
    let mut connections = Vec::new();
    for _ in 0..4 {
        connections.push(RawConnection::new(&spec, &switch).await);
    }
    for connection in &mut connections {
        connection.request(&spec, &message()).await;
    }
    switch.set_fault_rules(r#"[{"match": {"mti": "0200"}, "action": "garbage"}]"#);
    for connection in &mut connections {
        connection.send(&message()).await;
        assert!(spec.decode(connection.receive().await).is_err(), "garbage");
    }
    switch.set_fault_rules(r#"[{"match": {"mti": "0200"}, "action": "disconnect"}]"#);
    while let Some(mut connection) = connections.pop() {
        connection.send(&message()).await;
        let mut rest = Vec::new();
        connection.stream.read_to_end(&mut rest).await.unwrap();
        assert!(rest.is_empty(), "only this one is closed");
    }
}
