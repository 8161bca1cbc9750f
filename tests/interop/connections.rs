//! Whose a connection is, several of one bank, and what comes from those that aren't banks.

use bytes::{Bytes, BytesMut};
use titian::iso8583::{De, Frame, FrameCodec, Mti, OutgoingFrame, Spec};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_util::codec::{Decoder, Encoder};

use crate::bank::{Bank, network};
use crate::simulator::Simulator;

/// A bare connection of frames.
struct Raw {
    stream: TcpStream,
    frames: FrameCodec,
    buffer: BytesMut,
}

impl Raw {
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
            assert!(self.stream.read_buf(&mut self.buffer).await.unwrap() > 0, "it goes on");
        }
    }

    async fn ask(&mut self, spec: &Spec, message: &[u8]) -> (Mti, String) {
        self.send(message).await;
        let answer = self.receive().await;
        let answer = spec.decode(answer).unwrap();
        (answer.mti(), answer.field(De::RESPONSE_CODE).unwrap().reveal().into_owned())
    }
}

/// A sign-on that doesn't say who signs on.
fn anonymous(spec: &Spec) -> BytesMut {
    let mut bytes = BytesMut::new();
    let mut encoder = spec.encoder(Mti::NETWORK_REQUEST, &mut bytes).unwrap();
    encoder.text(De::TRANSMISSION, "1124120000").unwrap();
    encoder.text(De::STAN, "000001").unwrap().text(De::NETWORK_CODE, "001").unwrap();
    encoder.finish();
    bytes
}

/// A request of a bank, under numbers of its own.
fn payment(bank: &mut Bank) -> Bytes {
    let (order, trace) = (bank.order("008", "1000000001", 500), bank.trace());
    bank.said(|network, into| network.request(&order, trace, into))
}

#[tokio::test]
async fn a_connection_is_the_banks_that_its_first_request_names() {
    for codec in ["native", "reference"] {
        let switch = Simulator::start("nusantara", &["--codec", codec]);
        let network = network("nusantara", "213");
        let spec = network.spec();
        let mut raw = Raw::new(spec, &switch).await;
        let (mti, code) = raw.ask(spec, &anonymous(spec)).await;
        assert_eq!((mti.number(), code.as_str()), (810, "00"));
        assert_eq!(switch.bank("213")["presence"], "played", "nobody knows yet who it is");
        let mut bank = Bank::new("nusantara", "213", &[]);
        let (order, trace) = (bank.order("008", "1000000001", 500), bank.trace());
        let asked = bank.said(|network, into| network.request(&order, trace, into));
        let (mti, code) = raw.ask(spec, &asked).await;
        assert_eq!((mti.number(), code.as_str()), (210, "00"), "it had signed on");
        assert_eq!(switch.bank("213")["presence"], "signed_on");
        assert_eq!(switch.position("213"), -500);
    }
}

#[tokio::test]
async fn a_bank_that_is_on_no_list_becomes_a_member() {
    let switch = Simulator::start("nusantara", &[]);
    let mut bank = Bank::join("nusantara", "777", switch.listen).await;
    assert_eq!(bank.pay("008", "1000000001", 500).await, "00");
    assert_eq!(switch.position("777"), -500);
}

#[tokio::test]
async fn a_bank_that_signs_off_one_of_two_links_goes_on_with_the_other() {
    let switch = Simulator::start("nusantara", &[]);
    let first = Bank::join("nusantara", "213", switch.listen).await;
    let mut second = Bank::join("nusantara", "213", switch.listen).await;
    assert_eq!(switch.state()["lines"]["signed_on"], 2);
    first.leave().await;
    assert_eq!(second.pay("008", "1000000001", 500).await, "00");
    assert_eq!(switch.bank("213")["presence"], "signed_on");
    second.leave().await;
    while switch.bank("213")["presence"] != "gone" {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn what_is_no_message_gets_no_answer_and_harms_nobody() {
    for codec in ["native", "reference"] {
        let switch = Simulator::start("nusantara", &["--codec", codec]);
        let network = network("nusantara", "213");
        let spec = network.spec();
        let mut raw = Raw::new(spec, &switch).await;
        let mut broken = anonymous(spec);
        broken.truncate(broken.len() - 1);
        for garbage in [&b"?"[..], b"0800", &[0xFF; 200], b"020\xFFgarbage", &broken] {
            raw.send(garbage).await;
        }
        let (mti, code) = raw.ask(spec, &anonymous(spec)).await;
        assert_eq!((mti.number(), code.as_str()), (810, "00"));
        assert_eq!(switch.state()["lines"]["unreadable"], 5, "{codec}");
        let (exit, log) = switch.stop();
        assert_eq!(exit, Some(0));
        assert!(log.contains("can't be read") && !log.contains("report this line"), "{log}");
    }
}

#[tokio::test]
async fn a_broken_frame_ends_its_connection_and_no_other() {
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
async fn a_keep_alive_comes_back() {
    let switch = Simulator::start("holdfast", &[]);
    let mut stream = TcpStream::connect(switch.listen).await.unwrap();
    stream.write_all(&[0, 0, 0, 0]).await.unwrap();
    let mut echoed = [1; 4];
    stream.read_exact(&mut echoed).await.unwrap();
    assert_eq!(echoed, [0; 4]);
}

#[tokio::test]
async fn a_bank_that_does_not_read_is_cut_and_holds_up_nobody() {
    const BYTES_MAX: usize = 1 << 30;
    let switch = Simulator::start("nusantara", &[]);
    let mut bank = Bank::join("nusantara", "213", switch.listen).await;
    let spec = bank.network.spec().clone();
    let mut raw = Raw::new(&spec, &switch).await;
    let mut piece = BytesMut::new();
    for _ in 0..1_000 {
        let outgoing = OutgoingFrame { header: &[], message: &anonymous(&spec) };
        raw.frames.encode(outgoing, &mut piece).unwrap();
    }
    let mut written = 0;
    while raw.stream.write_all(&piece).await.is_ok() {
        written += piece.len();
        assert!(written < BYTES_MAX, "it is cut");
    }
    assert_eq!(bank.pay("008", "1000000001", 500).await, "00");
    assert_eq!(switch.state()["lines"]["connections"], 1);
}

#[tokio::test]
async fn an_answer_goes_where_its_request_came_from_or_else_to_another_line_of_the_bank() {
    let switch = Simulator::start("nusantara", &[]);
    let mut bank = Bank::new("nusantara", "213", &[]);
    let spec = bank.network.spec().clone();
    let mut asked = || payment(&mut bank);
    let mut lines = [Raw::new(&spec, &switch).await, Raw::new(&spec, &switch).await];
    for line in &mut lines {
        line.ask(&spec, &anonymous(&spec)).await;
    }
    for turn in [0, 1, 1, 0, 0, 1] {
        let (mti, code) = lines[turn].ask(&spec, &asked()).await;
        assert_eq!((mti.number(), code.as_str()), (210, "00"));
    }
    switch.faults(r#"[{"action": {"late": {"ms": 200}}}]"#);
    let [mut first, mut second] = lines;
    first.send(&asked()).await;
    while switch.state()["faults"][0]["hits"] != 1 {
        tokio::task::yield_now().await;
    }
    drop(first);
    let late = spec.decode(second.receive().await).unwrap();
    assert_eq!(late.mti().number(), 210);
}

#[tokio::test]
async fn what_comes_in_place_of_an_answer_comes_on_the_line_of_its_request() {
    let switch = Simulator::start("nusantara", &[]);
    let mut bank = Bank::new("nusantara", "213", &[]);
    let spec = bank.network.spec().clone();
    let mut asked = || payment(&mut bank);
    let mut lines = Vec::new();
    for _ in 0..4 {
        lines.push(Raw::new(&spec, &switch).await);
    }
    for line in &mut lines {
        line.ask(&spec, &asked()).await;
    }
    switch.faults(r#"[{"match": {"mti": "0200"}, "action": "garbage"}]"#);
    for line in &mut lines {
        line.send(&asked()).await;
        assert!(spec.decode(line.receive().await).is_err(), "garbage");
    }
    switch.faults(r#"[{"match": {"mti": "0200"}, "action": "disconnect"}]"#);
    while let Some(mut line) = lines.pop() {
        line.send(&asked()).await;
        let mut rest = Vec::new();
        line.stream.read_to_end(&mut rest).await.unwrap();
        assert!(rest.is_empty(), "cut, and no other");
    }
}
