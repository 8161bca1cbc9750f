//! Messages per second over one link with 512 requests in flight, where both sides decode and encode; for comparison, a
//! loopback echo of the same frames in the same run; and transfers per second through a `titian switch` process.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::cast_precision_loss,
    missing_docs,
    reason = "a benchmark that cannot continue stops"
)]

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener as StdListener, TcpStream as StdStream};
use std::num::NonZeroU32;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use titian::clock::Clock;
use titian::iso8583::{De, FrameCodec, Message, Mti, OutgoingFrame, Spec, Template};
use titian::link::{
    CorrelationId, Endpoint, Event, Handle, LinkId, OutgoingKind, OutgoingMessage, start,
};
use titian::network::{Bank, MatchingKey, Network, SessionRules, SignOnBy};
use titian::values::{Institution, MinorUnits, Pan, ResponseCode, Stan, Value};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};
use tokio_util::codec::{Decoder, Encoder};

const IN_FLIGHT: usize = 512;

/// A steady load in transfers per second.
const STEADY: NonZeroU32 = NonZeroU32::new(30_000).unwrap();

/// The size in bytes of a buffer that consecutive messages share.
const BUFFER_SIZE: usize = 64 << 10;

/// A transfer request of `nusantara`.
const REQUEST: [(u8, &str); 22] = [
    (2, "6011123456789018"),
    (3, "401000"),
    (4, "000012500000"),
    (7, "1124120000"),
    (11, "000000"),
    (12, "190000"),
    (13, "1124"),
    (15, "1124"),
    (18, "6017"),
    (22, "012"),
    (32, "213"),
    (33, "360"),
    (37, "632811000042"),
    (41, "MOB00001"),
    (42, "MOBILEBANKING01"),
    (43, "MOBILE BANKING          JAKARTA       ID"),
    (48, "SITI RAHAYU                   INV-2026-1124   BUDI SANTOSO                  "),
    (49, "360"),
    (100, "014"),
    (102, "1234567890"),
    (103, "9876543210"),
    (127, "014"),
];

const ECHOES: [u8; 16] = [2, 3, 4, 7, 11, 12, 13, 15, 32, 37, 41, 49, 100, 102, 103, 127];

fn main() {
    // `cargo test --benches` runs this too, to check that it works. Then a short run is enough.
    let is_full = std::env::args().any(|argument| argument == "--bench");
    let (rounds, time) = if is_full { (11, 2_000) } else { (1, 50) };
    let time = Duration::from_millis(time);
    let (_, text) = Spec::SHIPPED[0];
    let spec = Arc::new(Spec::parse("nusantara", text).unwrap());
    let frame = frame(&spec);
    println!("a frame of {} bytes; {IN_FLIGHT} in flight", frame.len());
    let mut rates: [Vec<f64>; 9] = Default::default();
    for _ in 0..rounds {
        let bytes = echo_round(&frame, time);
        let many = framed_round(&spec, &frame, Writes::Many, time);
        let each = framed_round(&spec, &frame, Writes::Each, time);
        let link = link_round(&spec, time);
        let (switch, _) = switch_round(&spec, time, NonZeroU32::MAX);
        let (_, core) = switch_round(&spec, time, STEADY);
        let round = [bytes, many, each, link, switch, core, link / bytes, link / many, link / each];
        rates.iter_mut().zip(round).for_each(|(rates, rate)| rates.push(rate));
    }
    let [bytes, many, each, link, switch, core, to_bytes, to_many, to_each] =
        rates.each_mut().map(|rates| median(rates));
    println!("echo of bytes: {bytes:.0} frames/s");
    println!("echo of frames, many in a write: {many:.0} frames/s");
    println!("echo of frames, each in its own write: {each:.0} frames/s");
    println!("link: {link:.0} responses/s");
    println!("through titian switch: {switch:.0} transfers approved/s");
    println!("titian switch at {STEADY} transfers/s: {:.0} % of a core", core * 100.0);
    println!("ratio of the link to these echoes: {to_bytes:.2}, {to_many:.2}, {to_each:.2}");
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

fn des(numbers: impl IntoIterator<Item = u8>) -> Vec<De> {
    numbers.into_iter().map(|number| De::new(number).unwrap()).collect()
}

fn template(spec: &Spec) -> Template<'_> {
    let elements = des(REQUEST.iter().map(|(number, _)| *number));
    spec.template(Mti::new(200).unwrap(), &elements).unwrap()
}

fn write_request(template: &Template<'_>, number: u64, buffer: &mut BytesMut) {
    let stan = Stan::wrapped(number).to_string();
    let values = REQUEST.map(|(de, value)| if de == 11 { stan.as_str() } else { value });
    template.encode(&values, buffer).unwrap();
}

/// Returns the matching key of a request: DE7, 11, 32 and 41 as they are on the wire.
fn key_of(number: u64) -> MatchingKey {
    let stan = Stan::wrapped(number).to_string();
    let mut key = MatchingKey::new(Mti::FINANCIAL_REQUEST);
    for wire in ["1124120000", &stan, "03213", "MOB00001"] {
        key.push(wire.as_bytes()).unwrap();
    }
    key
}

fn frame(spec: &Spec) -> Bytes {
    let (mut message, mut frame) = (BytesMut::new(), BytesMut::new());
    write_request(&template(spec), 1, &mut message);
    let outgoing = OutgoingFrame { header: &[], message: &message };
    FrameCodec::new(spec.framing().clone()).encode(outgoing, &mut frame).unwrap();
    frame.freeze()
}

/// Returns frames per second of an echo that does not parse anything.
fn echo_round(frame: &Bytes, time: Duration) -> f64 {
    let listener = StdListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    let echo = thread::spawn(move || {
        let mut stream = listener.accept().unwrap().0;
        stream.set_nodelay(true).unwrap();
        let mut buffer = vec![0; 64 << 10];
        while let Ok(count @ 1..) = stream.read(&mut buffer)
            && stream.write_all(buffer.get(..count).unwrap()).is_ok()
        {}
    });
    let mut stream = StdStream::connect(address).unwrap();
    stream.set_nodelay(true).unwrap();
    let frames: Vec<u8> = frame.repeat(IN_FLIGHT);
    let mut buffer = vec![0; 64 << 10];
    let begin = Instant::now();
    stream.write_all(&frames).unwrap();
    let (mut received, mut returned) = (0, 0);
    while begin.elapsed() < time {
        received += stream.read(&mut buffer).unwrap();
        let whole = received / frame.len() - returned;
        stream.write_all(frames.get(..whole * frame.len()).unwrap()).unwrap();
        returned += whole;
    }
    let rate = returned as f64 / begin.elapsed().as_secs_f64();
    drop(stream);
    echo.join().unwrap();
    rate
}

/// How frames are written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Writes {
    /// All available frames in one write.
    Many,
    /// Each frame in its own write.
    Each,
}

/// Returns frames per second of an echo with the link's framing and sockets: both sides cut the stream into frames and
/// frame them again, without decoding.
fn framed_round(spec: &Arc<Spec>, frame: &Bytes, writes: Writes, time: Duration) -> f64 {
    let listener = StdListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    let framing = spec.framing().clone();
    let codec = FrameCodec::new(framing.clone());
    let echo = thread::spawn(move || {
        let stream = listener.accept().unwrap().0;
        runtime().block_on(echo_frames(stream, codec, writes, Duration::MAX))
    });
    let mut stream = StdStream::connect(address).unwrap();
    stream.write_all(&frame.repeat(IN_FLIGHT)).unwrap();
    let begin = Instant::now();
    let codec = FrameCodec::new(framing);
    let count = runtime().block_on(echo_frames(stream, codec, writes, time));
    let rate = count as f64 / begin.elapsed().as_secs_f64();
    echo.join().unwrap();
    rate
}

/// Returns every frame to its sender, for `time` or until the stream ends. Returns the number of frames.
async fn echo_frames(
    stream: StdStream,
    mut codec: FrameCodec,
    writes: Writes,
    time: Duration,
) -> usize {
    stream.set_nodelay(true).unwrap();
    stream.set_nonblocking(true).unwrap();
    let mut stream = tokio::net::TcpStream::from_std(stream).unwrap();
    let (mut incoming, mut outgoing) = (BytesMut::new(), BytesMut::new());
    let (mut count, begin) = (0, Instant::now());
    while begin.elapsed() < time {
        incoming.reserve(BUFFER_SIZE);
        if stream.read_buf(&mut incoming).await.unwrap_or(0) == 0 {
            break;
        }
        while let Some(frame) = codec.decode(&mut incoming).unwrap() {
            codec.encode(frame, &mut outgoing).unwrap();
            count += 1;
            if writes == Writes::Each && stream.write_all_buf(&mut outgoing).await.is_err() {
                return count;
            }
        }
        if stream.write_all_buf(&mut outgoing).await.is_err() {
            break;
        }
    }
    count
}

/// Returns responses per second: bank and switch each have a thread, and both decode and encode.
fn link_round(spec: &Arc<Spec>, time: Duration) -> f64 {
    let (sender, address) = std::sync::mpsc::channel();
    let spec_of_switch = Arc::clone(spec);
    let switch = thread::spawn(move || {
        runtime().block_on(async {
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
            sender.send(listener.local_addr().unwrap()).unwrap();
            simulate_switch(&spec_of_switch, listener).await;
        });
    });
    let address = address.recv().unwrap();
    let rate = runtime().block_on(simulate_bank(spec, address, time, NonZeroU32::MAX));
    switch.join().unwrap();
    rate
}

/// Returns transfers per second through the simulated switch, to a bank that it simulates, and the share of a core that it
/// used.
fn switch_round(spec: &Arc<Spec>, time: Duration, per_second: NonZeroU32) -> (f64, f64) {
    let mut switch = Command::new(env!("CARGO_BIN_EXE_titian"))
        .args(["switch", "--listen", ":0", "--admin", ":0", "--log", "json"])
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    let mut log = BufReader::new(switch.stderr.take().unwrap());
    log.read_line(&mut line).unwrap();
    let started: serde_json::Value = serde_json::from_str(&line).unwrap();
    let address = started["fields"]["listen"].as_str().unwrap().parse().unwrap();
    let begin = Instant::now();
    let rate = runtime().block_on(simulate_bank(spec, address, time, per_second));
    let core = processor_seconds(switch.id()) / begin.elapsed().as_secs_f64();
    switch.kill().unwrap();
    switch.wait().unwrap();
    (rate, core)
}

/// Returns the processor time of a process in seconds, with Linux's resolution of 10 ms; zero on other systems.
fn processor_seconds(process: u32) -> f64 {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    let after_name = stat.rsplit(')').next().unwrap_or_default();
    let ticks =
        after_name.split(' ').skip(12).take(2).filter_map(|ticks| ticks.parse::<f64>().ok());
    ticks.sum::<f64>() / 100.0
}

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

fn rules(sign_on: SignOnBy, per_second: NonZeroU32) -> Arc<SessionRules> {
    let bank = Bank {
        code: Institution::from_ascii(b"213").unwrap(),
        forwarder: Institution::from_ascii(b"213").unwrap(),
        iin: Pan::from_ascii(b"936002").unwrap(),
    };
    let network = Network::shipped("nusantara", bank).unwrap();
    let mut rules = SessionRules { sign_on, ..SessionRules::clone(network.session()) };
    rules.limits.in_flight = IN_FLIGHT;
    rules.limits.per_second = per_second;
    // A burst of 10 ms, so that the configured rate holds from the first second on.
    rules.limits.burst = NonZeroU32::new(per_second.get() / 100).unwrap();
    Arc::new(rules)
}

async fn simulate_switch(spec: &Arc<Spec>, listener: TcpListener) {
    let allowed = vec![Ipv4Addr::LOCALHOST.into()];
    let links = vec![Endpoint::Listen { listener, allowed, tls: None }];
    let clock = Clock::new();
    let (handle, mut events) =
        start(rules(SignOnBy::Switch, NonZeroU32::MAX), Arc::clone(spec), links, clock, 2);
    let echoes = des(ECHOES);
    let mut buffer = BytesMut::new();
    while let Some(batch) = events.next().await {
        let deadline = clock.now().after(Duration::from_secs(30));
        let mut responses = Vec::with_capacity(batch.len());
        for event in batch {
            match event {
                Event::Request { link, message } => {
                    let request = spec.message(message).unwrap();
                    let message = cut(&mut buffer, |buffer| respond(&request, &echoes, buffer));
                    let correlation_id = CorrelationId(0);
                    responses.push(OutgoingMessage {
                        correlation_id,
                        message,
                        deadline,
                        kind: OutgoingKind::Response(link),
                    });
                }
                Event::Down(..) => return,
                _ => {}
            }
        }
        send(&handle, responses).await;
    }
}

fn respond(request: &Message<'_>, echoes: &[De], buffer: &mut BytesMut) {
    assert_eq!(request.get::<MinorUnits>(De::AMOUNT).unwrap().0, 12_500_000);
    let added = [(De::AUTHORIZATION, "123456"), (De::RESPONSE_CODE, "00")];
    request.spec().respond(request, echoes, &added, buffer).unwrap();
}

async fn simulate_bank(
    spec: &Arc<Spec>,
    address: SocketAddr,
    time: Duration,
    per_second: NonZeroU32,
) -> f64 {
    let links = vec![Endpoint::Dial { address: address.to_string(), tls: None }];
    let clock = Clock::new();
    let (handle, mut events) =
        start(rules(SignOnBy::Bank, per_second), Arc::clone(spec), links, clock, 1);
    let template = template(spec);
    let approved = ResponseCode::from_number(0);
    let mut buffer = BytesMut::new();
    let (mut begin, mut next, mut answered) = (Instant::now(), 0, 0_u64);
    while let Some(batch) = events.next().await {
        let mut free = 0;
        for event in batch {
            match event {
                Event::Response { message, .. } => {
                    let answer = spec.message(message).unwrap();
                    assert_eq!(answer.get::<ResponseCode>(De::RESPONSE_CODE).unwrap(), approved);
                    answered += 1;
                    free += 1;
                }
                Event::Up(LinkId(0)) => {
                    begin = Instant::now();
                    free = IN_FLIGHT;
                }
                Event::Sent(_) => {}
                other => panic!("{other:?}"),
            }
        }
        if begin.elapsed() >= time {
            break;
        }
        let deadline = clock.now().after(Duration::from_secs(30));
        let mut requests = Vec::with_capacity(free);
        for _ in 0..free {
            let message = cut(&mut buffer, |buffer| write_request(&template, next, buffer));
            let correlation_id = CorrelationId(next.into());
            let kind = OutgoingKind::Request(key_of(next));
            requests.push(OutgoingMessage { correlation_id, message, deadline, kind });
            next += 1;
        }
        send(&handle, requests).await;
    }
    answered as f64 / begin.elapsed().as_secs_f64()
}

fn cut(buffer: &mut BytesMut, write: impl FnOnce(&mut BytesMut)) -> Bytes {
    if buffer.capacity() < 2048 {
        buffer.reserve(BUFFER_SIZE);
    }
    write(buffer);
    buffer.split().freeze()
}

async fn send(handle: &Handle, messages: Vec<OutgoingMessage>) {
    if !messages.is_empty() {
        handle.send(messages).await.unwrap();
    }
}
