//! What a request costs in the machine of the links, without sockets: given to be sent, framed, written, its answer
//! cut out of the stream and matched. Nanoseconds and allocations.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::cast_precision_loss,
    missing_docs,
    reason = "a benchmark that can't go on stops"
)]

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Instant;

use bytes::{Bytes, BytesMut};
use titian::iso8583::{De, Frame, FrameCodec, Mti, OutgoingFrame, Spec};
use titian::link::{Action, Event, Group, LineId, Outgoing, Role, Token};
use titian::network::{Bank, Network, SessionRules};
use titian::values::{Institution, Moment, Pan, Value};
use tokio_util::codec::{Decoder, Encoder};

const IN_FLIGHT: u32 = 512;

const ECHOES: [De; 4] = [De::TRANSMISSION, De::STAN, De::ACQUIRER, De::TERMINAL];

fn main() {
    // `cargo test --benches` runs this too, to see that it works: little is enough then.
    let full = std::env::args().any(|argument| argument == "--bench");
    let (rounds, batches) = if full { (31, 200) } else { (1, 2) };
    let (_, text) = Spec::SHIPPED[0];
    let mut world = World::new(&Arc::new(Spec::parse("nusantara", text).unwrap()));
    world.batch();
    let counted = allocation_counter::measure(|| world.batch());
    let mut nanos: Vec<f64> = (0..rounds).map(|_| world.round(batches)).collect();
    nanos.sort_by(f64::total_cmp);
    println!("a request and its answer: median {:.0} ns", nanos.get(nanos.len() / 2).unwrap());
    let allocations = counted.count_total as f64 / f64::from(IN_FLIGHT);
    println!("allocations a request: {allocations:.3}");
}

struct World {
    group: Group,
    line: LineId,
    now: Moment,
    requests: Vec<Bytes>,
    /// All answers, framed, in the order of their requests.
    answers: Bytes,
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
        rules.caps.per_second = NonZeroU32::MAX;
        rules.caps.burst = NonZeroU32::MAX;
        let now = Moment::from_millis(1_000_000);
        let mut group = Group::new(Arc::new(rules), Arc::clone(spec), &[Role::Dial], 1, now);
        group.handle_timeout(now);
        let Some(Action::Dial(_, line)) = group.poll_action() else { panic!("it dials") };
        group.handle_connected(line, now);
        sign_on(spec, &mut group, line, now);
        let requests: Vec<_> = (0..IN_FLIGHT).map(|number| request(spec, number)).collect();
        let mut answers = BytesMut::new();
        for request in &requests {
            answer(spec, request.clone(), &mut answers);
        }
        let answers = answers.freeze();
        Self { group, line, now, requests, answers, incoming: BytesMut::new() }
    }

    /// Nanoseconds a request.
    fn round(&mut self, batches: u32) -> f64 {
        let begin = Instant::now();
        for _ in 0..batches {
            self.batch();
        }
        begin.elapsed().as_nanos() as f64 / f64::from(batches) / f64::from(IN_FLIGHT)
    }

    /// 512 requests go out, their answers come in.
    fn batch(&mut self) {
        let (now, line) = (self.now, self.line);
        let deadline = Moment::from_millis(2_000_000);
        for (message, number) in self.requests.iter().zip(0..) {
            let (token, message) = (Token(number), message.clone());
            self.group.handle_send(Outgoing { token, message, deadline, via: None }, now);
        }
        let count = self.group.unwritten(line, now).len();
        self.group.handle_written(line, count);
        self.group.handle_flushed(line, now);
        self.incoming.extend_from_slice(&self.answers);
        self.group.handle_received(line, &mut self.incoming, now);
        let events = self.group.take_events();
        let answered = events.iter().filter(|event| matches!(event, Event::Answered { .. }));
        assert_eq!(answered.count(), self.requests.len());
    }
}

fn sign_on(spec: &Spec, group: &mut Group, line: LineId, now: Moment) {
    let mut codec = FrameCodec::new(spec.framing().clone());
    let mut written = BytesMut::from(group.unwritten(line, now));
    let count = written.len();
    let Some(Frame::Message { message, .. }) = codec.decode(&mut written).unwrap() else {
        panic!("it signs on")
    };
    group.handle_written(line, count);
    group.handle_flushed(line, now);
    let mut reply = BytesMut::new();
    answer(spec, message, &mut reply);
    group.handle_received(line, &mut reply, now);
    assert!(group.take_events().iter().any(|event| matches!(event, Event::Up(_))));
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

/// The answer 00, framed behind what `buffer` holds.
fn answer(spec: &Spec, request: Bytes, buffer: &mut BytesMut) {
    let request = spec.decode(request).unwrap();
    let echoes = ECHOES.iter().copied().chain([De::NETWORK_CODE]).collect::<Vec<_>>();
    let mut message = BytesMut::new();
    spec.respond(&request, &echoes, &[(De::RESPONSE_CODE, "00")], &mut message).unwrap();
    let frame = OutgoingFrame { header: &[], message: &message };
    FrameCodec::new(spec.framing().clone()).encode(frame, buffer).unwrap();
}
