//! The cost of a request in the link group, without sockets: queueing, framing, writing, and cutting and matching its
//! response. Measured in nanoseconds and allocations.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::cast_precision_loss,
    missing_docs,
    reason = "a benchmark that cannot continue stops"
)]

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Instant;

use bytes::{Bytes, BytesMut};
use titian::iso8583::{De, Frame, FrameCodec, Mti, OutgoingFrame, Spec};
use titian::link::{
    Action, ConnectionId, CorrelationId, Event, LinkGroup, OutgoingKind, OutgoingMessage, Role,
};
use titian::network::{Bank, MatchingKey, Network, SessionRules};
use titian::values::{Institution, Moment, Pan, Value};
use tokio_util::codec::{Decoder, Encoder};

const IN_FLIGHT: u32 = 512;

const ECHOES: [De; 4] = [De::TRANSMISSION, De::STAN, De::ACQUIRER, De::TERMINAL];

fn main() {
    // `cargo test --benches` runs this too, to check that it works. Then a short run is enough.
    let is_full = std::env::args().any(|argument| argument == "--bench");
    let (rounds, batches) = if is_full { (31, 200) } else { (1, 2) };
    let (_, text) = Spec::SHIPPED[0];
    let mut world = World::new(&Arc::new(Spec::parse("nusantara", text).unwrap()));
    world.batch();
    let counted = allocation_counter::measure(|| world.batch());
    let mut nanos: Vec<f64> = (0..rounds).map(|_| world.round(batches)).collect();
    nanos.sort_by(f64::total_cmp);
    println!("request and response: median {:.0} ns", nanos.get(nanos.len() / 2).unwrap());
    let allocations = counted.count_total as f64 / f64::from(IN_FLIGHT);
    println!("allocations per request: {allocations:.3}");
}

struct World {
    group: LinkGroup,
    connection: ConnectionId,
    now: Moment,
    requests: Vec<(Bytes, MatchingKey)>,
    /// All framed responses, in the order of their requests.
    responses: Bytes,
    incoming: BytesMut,
}

impl World {
    fn new(spec: &Arc<Spec>) -> Self {
        let bank = Bank {
            code: Institution::from_ascii(b"213").unwrap(),
            forwarder: Institution::from_ascii(b"213").unwrap(),
            iin: Pan::from_ascii(b"936002").unwrap(),
        };
        let network = Network::shipped("nusantara", bank).unwrap();
        let mut rules = SessionRules::clone(network.session());
        rules.limits.per_second = NonZeroU32::MAX;
        rules.limits.burst = NonZeroU32::MAX;
        let now = Moment::from_millis(1_000_000);
        let mut group = LinkGroup::new(Arc::new(rules), Arc::clone(spec), &[Role::Dial], 1, now);
        group.handle_deadline(now);
        let Some(Action::Dial(_, connection)) = group.poll_action() else {
            panic!("expected a dial")
        };
        group.handle_connected(connection, now);
        sign_on(spec, &mut group, connection, now);
        let elements = &network.session().response_key;
        let (mut requests, mut responses) = (Vec::new(), BytesMut::new());
        for number in 0..IN_FLIGHT {
            let request = request(spec, number);
            let key = MatchingKey::of(&spec.decode(request.clone()).unwrap(), elements).unwrap();
            write_response(spec, request.clone(), &mut responses);
            requests.push((request, key));
        }
        let responses = responses.freeze();
        Self { group, connection, now, requests, responses, incoming: BytesMut::new() }
    }

    /// Returns nanoseconds per request.
    fn round(&mut self, batches: u32) -> f64 {
        let begin = Instant::now();
        for _ in 0..batches {
            self.batch();
        }
        begin.elapsed().as_nanos() as f64 / f64::from(batches) / f64::from(IN_FLIGHT)
    }

    /// Sends 512 requests and receives their responses.
    fn batch(&mut self) {
        let (now, connection) = (self.now, self.connection);
        let deadline = Moment::from_millis(2_000_000);
        for ((message, key), number) in self.requests.iter().zip(0..) {
            let (correlation_id, message) = (CorrelationId(number), message.clone());
            let kind = OutgoingKind::Request(*key);
            self.group
                .handle_send(OutgoingMessage { correlation_id, message, deadline, kind }, now);
        }
        let count = self.group.poll_bytes(connection, now).len();
        self.group.handle_written(connection, count);
        self.group.handle_flushed(connection, now);
        self.incoming.extend_from_slice(&self.responses);
        self.group.handle_received(connection, &mut self.incoming, now);
        let events = self.group.poll_events();
        let answered = events.filter(|event| matches!(event, Event::Response { .. }));
        assert_eq!(answered.count(), self.requests.len());
    }
}

fn sign_on(spec: &Spec, group: &mut LinkGroup, connection: ConnectionId, now: Moment) {
    let mut codec = FrameCodec::new(spec.framing().clone());
    let mut written = BytesMut::from(group.poll_bytes(connection, now));
    let count = written.len();
    let Some(Frame::Message { message, .. }) = codec.decode(&mut written).unwrap() else {
        panic!("expected a sign-on")
    };
    group.handle_written(connection, count);
    group.handle_flushed(connection, now);
    let mut reply = BytesMut::new();
    write_response(spec, message, &mut reply);
    group.handle_received(connection, &mut reply, now);
    assert!(group.poll_events().any(|event| matches!(event, Event::Up(_))));
}

fn request(spec: &Spec, number: u32) -> Bytes {
    let mut buffer = BytesMut::new();
    let mut encoder = spec.encoder(Mti::new(200).unwrap(), &mut buffer).unwrap();
    encoder.text(De::TRANSMISSION, "1124120000").unwrap();
    encoder.number(De::STAN, number.into()).unwrap();
    encoder.text(De::ACQUIRER, "213").unwrap().text(De::TERMINAL, "MOB00001").unwrap();
    encoder.finish();
    buffer.freeze()
}

/// Appends the framed response 00 to `buffer`.
fn write_response(spec: &Spec, request: Bytes, buffer: &mut BytesMut) {
    let request = spec.decode(request).unwrap();
    let echoes = ECHOES.iter().copied().chain([De::NETWORK_CODE]).collect::<Vec<_>>();
    let mut message = BytesMut::new();
    spec.respond(&request, &echoes, &[(De::RESPONSE_CODE, "00")], &mut message).unwrap();
    let frame = OutgoingFrame { header: &[], message: &message };
    FrameCodec::new(spec.framing().clone()).encode(frame, buffer).unwrap();
}
