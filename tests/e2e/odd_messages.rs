//! A switch that the test controls byte by byte: odd responses, and requests that must be refused.

use bytes::{Bytes, BytesMut};
use titian::iso8583::{De, Message, Mti, Spec};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::bank::{HIGH_BALANCE, Options, TestBank, wait_until};
use super::scenario::transfer;

/// The link that carries the requests.
pub(crate) struct Switch {
    pub(crate) spec: Spec,
    stream: TcpStream,
    pub(crate) stan: u32,
}

/// The values of a credit of bank 002 to our customer.
const CREDIT: [(u8, &str); 14] = [
    (3, "401000"),
    (4, "000000012500"),
    (7, "1127205226"),
    (12, "035226"),
    (13, "1128"),
    (15, "1128"),
    (18, "6017"),
    (32, "002"),
    (37, "633100700001"),
    (41, "SIM00001"),
    (49, "360"),
    (100, "213"),
    (102, "1000000001"),
    (103, HIGH_BALANCE),
];

impl Switch {
    /// Starts a bank whose links come here. The second link stays unsigned.
    async fn start(options: Options) -> (Self, TestBank, TcpStream) {
        let (name, text) = Spec::SHIPPED[0];
        Self::start_with(options, Spec::parse(name, text).unwrap(), |_| {}).await
    }

    /// Starts a bank whose spec and settings the caller changes before.
    pub(crate) async fn start_with(
        options: Options,
        spec: Spec,
        change: impl FnOnce(&mut TestBank),
    ) -> (Self, TestBank, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut bank = TestBank::prepare(options, listener.local_addr().unwrap()).await;
        change(&mut bank);
        bank.try_start().await.unwrap();
        let (stream, _) = listener.accept().await.unwrap();
        let (other, _) = listener.accept().await.unwrap();
        let mut switch = Self { spec, stream, stan: 0 };
        let sign_on = switch.receive().await;
        switch.respond_to_management(sign_on).await;
        bank.wait_until_ready().await;
        (switch, bank, other)
    }

    pub(crate) async fn send(&mut self, message: &[u8]) {
        let length = u16::try_from(message.len()).unwrap().to_be_bytes();
        self.stream.write_all(&[&length[..], message].concat()).await.unwrap();
    }

    pub(crate) async fn receive(&mut self) -> Bytes {
        let mut message = vec![0; usize::from(self.stream.read_u16().await.unwrap())];
        self.stream.read_exact(&mut message).await.unwrap();
        message.into()
    }

    async fn respond_to_management(&mut self, request: Bytes) {
        let response = self.response(request, &[De::TRANSMISSION, De::STAN, De::NETWORK_CODE]);
        self.send(&response).await;
    }

    /// Returns the response 00 to a request.
    pub(crate) fn response(&self, request: Bytes, echo: &[De]) -> BytesMut {
        let request = self.spec.decode(request).unwrap();
        let mut response = BytesMut::new();
        self.spec.respond(&request, echo, &[(De::RESPONSE_CODE, "00")], &mut response).unwrap();
        response
    }

    /// Encodes a credit with other values of some elements. An empty value leaves the element out.
    pub(crate) fn request(&mut self, mti: u16, other: &[(u8, &str)]) -> BytesMut {
        self.stan += 1;
        let stan = format!("{:06}", self.stan);
        let mut values = CREDIT.to_vec();
        values.push((11, &stan));
        for (de, value) in other {
            values.retain(|(known, _)| known != de);
            values.push((*de, value));
        }
        values.sort_unstable_by_key(|(de, _)| *de);
        let mut bytes = BytesMut::new();
        let mut encoder = self.spec.encoder(Mti::new(mti).unwrap(), &mut bytes).unwrap();
        for (de, value) in values.into_iter().filter(|(_, value)| !value.is_empty()) {
            encoder.text(De::new(de).unwrap(), value).unwrap();
        }
        encoder.finish();
        bytes
    }

    /// Sends a request. Returns the response.
    async fn ask(&mut self, request: &[u8]) -> Message<'_> {
        self.send(request).await;
        let response = self.receive().await;
        self.spec.decode(response).unwrap()
    }

    pub(crate) async fn code_of(&mut self, request: &[u8]) -> String {
        let response = self.ask(request).await;
        response.field(De::RESPONSE_CODE).unwrap().reveal().into_owned()
    }
}

/// Replaces the wire bytes of an element.
pub(crate) fn replaced(spec: &Spec, bytes: &BytesMut, de: De, with: &[u8]) -> Vec<u8> {
    let message = spec.decode(Bytes::copy_from_slice(bytes)).unwrap();
    let field = message.field(de).unwrap();
    let end = field.offset() + field.wire().len();
    [&bytes[..field.offset()], with, &bytes[end..]].concat()
}

#[tokio::test]
async fn requests_that_are_not_understood_are_answered_and_post_nothing() {
    let set = vec!["limits.inbound_amount_max=1000.00"];
    let (mut switch, mut bank, _other) = Switch::start(Options { set, ..Options::default() }).await;
    for (label, mti, other, code) in [
        ("another bank in DE100", 200, &[(100, "002")][..], "92"),
        ("another bank in DE127", 200, &[(127, "002")], "92"),
        ("no bank", 200, &[(100, "")], "92"),
        ("our own credit", 200, &[(32, "213")], "92"),
        ("a reversal for another bank", 420, &[(100, "002")], "92"),
        ("amount zero", 200, &[(4, "000000000000")], "13"),
        ("29 February", 200, &[(15, "0229")], "30"),
        ("a withdrawal", 200, &[(3, "011000")], "40"),
        ("a balance inquiry", 200, &[(3, "301000")], "40"),
        ("additional amounts", 200, &[(54, "2001360D000000000001")], "40"),
        ("replacement amounts", 200, &[(95, "000000000001000000000000000000000000000000")], "40"),
        ("an advice with fees", 220, &[(82, "000000000100")], "40"),
        ("over our limit", 200, &[(4, "000000100001")], "61"),
        ("with a MAC", 200, &[(128, "0011223344556677"), (4, "000000100000")], "00"),
    ] {
        let request = switch.request(mti, other);
        assert_eq!(switch.code_of(&request).await, code, "{label}");
    }
    // A repeat of the request over the limit gets the same response.
    switch.stan = 12;
    let repeat = switch.request(201, &[(4, "000000100001")]);
    assert_eq!(switch.code_of(&repeat).await, "61");
    assert_eq!(
        bank.probe.metric("titian_alerts_total{alert=\"misrouted_request\"}").await.unwrap(),
        4
    );
    assert_eq!(bank.probe.metric("titian_alerts_total{alert=\"own_request\"}").await.unwrap(), 1);
    assert!(bank.log().contains("MAC is not checked"));
    wait_until("nothing is open", || bank.is_idle()).await;
    bank.kill().await;
    assert_eq!(bank.ledger().credited.count, 1, "only the last credit");
    bank.clear();
}

#[tokio::test]
async fn a_request_that_cannot_be_decoded_is_answered_and_a_response_never() {
    let (mut switch, mut bank, _other) = Switch::start(Options::default()).await;
    switch.stan = 41;
    let good = switch.request(200, &[]);
    let broken = replaced(&switch.spec, &good, De::AMOUNT, b"00000001250A");
    let response = switch.ask(&broken).await;
    assert_eq!(response.mti().to_string(), "0210");
    let values = [De::RESPONSE_CODE, De::STAN, De::ACQUIRER, De::TO_ACCOUNT]
        .map(|de| response.field(de).unwrap().reveal().into_owned());
    assert_eq!(values, ["30", "000042", "002", HIGH_BALANCE]);
    assert!(!response.has(De::AMOUNT));
    let mut reversal = switch.request(420, &[]);
    reversal.truncate(reversal.len() - 4);
    assert_eq!(switch.code_of(&reversal).await, "30", "a reversal that ends too early");
    // What cannot be identified, and a response, get no answer: the next answer belongs to the next request.
    let unknown = switch.request(200, &[]);
    let unknown = replaced(&switch.spec, &unknown, De::STAN, b"00004A");
    switch.send(&unknown).await;
    let response = switch.request(210, &[(39, "00")]);
    let response = replaced(&switch.spec, &response, De::AMOUNT, b"00000001250A");
    switch.send(&response).await;
    switch.stan = 90;
    let good = switch.request(200, &[]);
    let odd = replaced(&switch.spec, &good, De::MERCHANT_TYPE, b"60A7");
    let response = switch.ask(&odd).await;
    assert_eq!(response.field(De::STAN).unwrap().reveal(), "000091");
    assert_eq!(
        response.field(De::RESPONSE_CODE).unwrap().reveal(),
        "00",
        "the merchant type describes"
    );
    // The approved request again, by now faulty or for another bank: a decline would contradict its response.
    let broken = replaced(&switch.spec, &good, De::AMOUNT, b"00000001250A");
    switch.send(&broken).await;
    let other_bank = replaced(&switch.spec, &good, De::RECEIVER, b"03002");
    switch.send(&other_bank).await;
    let next = switch.request(200, &[(4, "000000000000")]);
    let response = switch.ask(&next).await;
    assert_eq!(response.field(De::STAN).unwrap().reveal(), "000092");
    let warnings = "titian_message_warnings_total{reason=\"element\"}";
    assert_eq!(bank.probe.metric(warnings).await.unwrap(), 1);
    bank.kill().await;
    assert_eq!(bank.ledger().credited.count, 1);
    bank.clear();
}

/// The class of an approved response with one odd byte: it was discarded, and the transfer was reversed.
#[tokio::test]
async fn an_approved_response_with_odd_bytes_settles_the_transfer() {
    let (mut switch, mut bank, _other) = Switch::start(Options::default()).await;
    for number in 1..=5 {
        let channel = std::sync::Arc::clone(&bank.channel);
        let asked = tokio::spawn(async move { channel.submit(&transfer(number)).await.unwrap() });
        let request = switch.receive().await;
        let message = switch.spec.decode(request.clone()).unwrap();
        assert_eq!(message.mti().to_string(), "0200");
        let echo: Vec<_> = message.fields().map(|field| field.de()).collect();
        drop(message);
        let good = switch.response(request, &echo);
        let odd = match number {
            1 => replaced(&switch.spec, &good, De::ADDITIONAL_DATA, b"000"),
            2 => {
                let place = [b"\xC9", &[b' '; 39][..]].concat();
                replaced(&switch.spec, &good, De::CARD_ACCEPTOR_NAME, &place)
            }
            3 => [&good[..], b"0"].concat(),
            4 => {
                // A tertiary bitmap, which the spec does not define, with one element at the end.
                let mut good = good.to_vec();
                good[4 + 8] |= 0x80;
                [&good[..20], &[0x80, 0, 0, 0, 0, 0, 0, 0], &good[20..], b"odd"].concat()
            }
            _ => replaced(&switch.spec, &good, De::SETTLEMENT_DATE, b"0229"),
        };
        switch.send(&odd).await;
        let (status, body) = asked.await.unwrap();
        assert_eq!(status, 200, "{number}: {body}");
    }
    let log = bank.log();
    assert!(log.contains("fault tolerated") && !log.contains("malformed message"), "{log}");
    bank.kill().await;
    assert_eq!(bank.ledger().debited.count, 5);
    bank.clear();
}

#[tokio::test]
async fn a_service_that_debits_needs_a_core_that_verifies_the_card() {
    let set = vec!["network.override.services.withdrawal.inbound_enabled=true"];
    let mut bank =
        TestBank::prepare(Options { set, ..Options::default() }, ([127, 0, 0, 1], 1).into()).await;
    let fault = bank.try_start().await.unwrap_err().to_string();
    let log = bank.log();
    assert!(
        fault.contains("core.verifies_card") || log.contains("core.verifies_card"),
        "{fault}{log}"
    );
    bank.options.set.push("core.verifies_card=true");
    bank.try_start().await.unwrap();
    bank.kill().await;
    bank.clear();
}
