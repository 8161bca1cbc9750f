//! Decodes arbitrary bytes and changed streams of frames in arbitrary chunks. The result does not depend on
//! the chunks, no memory is reserved for indicated lengths, and accepted frames encode to the same bytes.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test may panic, and prints what it counted"
)]

#[allow(dead_code, reason = "shared with tests/codec")]
#[path = "../tests/codec/fixtures.rs"]
mod fixtures;
#[allow(dead_code, reason = "shared with tests/codec")]
#[path = "../tests/codec/specs.rs"]
mod specs;
mod support;

use bolero::{TypeGenerator, check, produce};
use bytes::BytesMut;
use support::{Changed, Run};
use titian::iso8583::{Frame, FrameCodec, FrameError, FrameFault, Framing, Length, Spec};
use tokio_util::codec::{Decoder, Encoder};

#[derive(Clone, Debug, TypeGenerator)]
struct Input {
    bytes: Bytes,
    chunks: Vec<u8>,
}

#[derive(Clone, Debug, TypeGenerator)]
enum Bytes {
    Any {
        framing: u8,
        #[generator(produce::<Vec<u8>>().with().len(0_usize..300))]
        bytes: Vec<u8>,
    },
    Changed(Changed),
}

fn main() {
    let run = Run::of("frame");
    let seeds = seeds();
    check!().with_type::<Input>().with_test_time(Run::time()).for_each(|input| {
        run.count();
        let (seed, bytes) = match &input.bytes {
            Bytes::Any { framing, bytes } => {
                (&seeds[usize::from(*framing) % seeds.len()], bytes.clone())
            }
            Bytes::Changed(changed) => {
                let seed = changed.pick(&seeds);
                (seed, changed.applied_to(&seed.stream))
            }
        };
        let whole = frames(seed, std::iter::once(&bytes[..]));
        assert_eq!(frames(seed, chunks(&bytes, &input.chunks)), whole);
        assert_encodes_to_the_same_bytes(&seed.framing, &bytes, &whole.0);
    });
    run.end();
}

/// A framing, its maximum frame size, and a stream of a few frames.
struct Seed {
    framing: Framing,
    max: usize,
    stream: Vec<u8>,
}

fn seeds() -> Vec<Seed> {
    let shipped = specs::shipped().iter().map(|spec| {
        let framed = fixtures::read(spec.name(), "");
        let framed = framed.into_iter().filter(|fixture| fixture.name.ends_with(".framed"));
        let stream: Vec<_> = framed.flat_map(|fixture| fixture.bytes).collect();
        assert!(!stream.is_empty());
        // The default maximum of specs.
        Seed { framing: spec.framing().clone(), max: 8192, stream }
    });
    let lengths = Length::NAMES.iter().flat_map(|(name, _)| {
        [("", name), ("counts: [itself, trailer], ", name)].map(|(counts, length)| {
            let rest = "header: tpdu, trailer: \"03\", keep_alive: true, max: 400";
            let framing = format!("length: {length}, {counts}{rest}");
            let text = specs::text_of_layouts(&[("\"0200\"", "")]);
            let spec = Spec::parse("framing", &text.replace("length: big2", &framing)).unwrap();
            Seed { framing: spec.framing().clone(), max: 400, stream: stream(spec.framing()) }
        })
    });
    shipped.chain(lengths).collect()
}

fn stream(framing: &Framing) -> Vec<u8> {
    let mut stream = BytesMut::new();
    let mut codec = FrameCodec::new(framing.clone());
    for length in [1_usize, 3, 394, 40] {
        let (header, message) = (b"\x60\0\x01\0\x02"[..].into(), vec![b'0'; length].into());
        codec.encode(Frame::Message { header, message }, &mut stream).unwrap();
        codec.encode(Frame::KeepAlive, &mut stream).unwrap();
    }
    stream.to_vec()
}

/// Splits bytes into chunks of these sizes, which repeat.
fn chunks<'a>(bytes: &'a [u8], sizes: &'a [u8]) -> impl Iterator<Item = &'a [u8]> {
    let mut rest = bytes;
    let sizes = if sizes.is_empty() { &[0] } else { sizes };
    sizes.iter().cycle().map_while(move |size| {
        let chunk;
        (chunk, rest) = rest.split_at(rest.len().min(usize::from(*size) + 1));
        (!chunk.is_empty()).then_some(chunk)
    })
}

type Frames = (Vec<(Frame, usize)>, Option<FrameFault>);

/// Returns the frames of a stream that arrives in chunks and then ends, each with its bytes on the wire, and
/// the error that ended it early.
fn frames<'a>(seed: &Seed, chunks: impl Iterator<Item = &'a [u8]>) -> Frames {
    /// The maximum width of a length.
    const WIDTH_MAX: usize = 6;
    let mut codec = FrameCodec::new(seed.framing.clone());
    let (mut buffer, mut frames) = (BytesMut::new(), Vec::new());
    let mut take = |buffer: &mut BytesMut, at_end: bool| {
        loop {
            let (length, capacity) = (buffer.len(), buffer.capacity());
            let taken = if at_end { codec.decode_eof(buffer) } else { codec.decode(buffer) };
            assert!(buffer.capacity() <= capacity, "memory was reserved for an indicated length");
            match taken.map_err(fault) {
                Ok(Some(frame)) => frames.push((frame, length - buffer.len())),
                Ok(None) => {
                    assert!(buffer.len() < WIDTH_MAX + seed.max, "waits forever");
                    return None;
                }
                Err(fault) => return Some(fault),
            }
        }
    };
    let fault = chunks
        .map(|chunk| {
            buffer.extend_from_slice(chunk);
            take(&mut buffer, false)
        })
        .find(Option::is_some)
        .flatten();
    let fault = fault.or_else(|| take(&mut buffer, true));
    (frames, fault)
}

fn fault(error: FrameError) -> FrameFault {
    match error {
        FrameError::Broken(fault) => fault,
        other => panic!("{other}"),
    }
}

fn assert_encodes_to_the_same_bytes(framing: &Framing, bytes: &[u8], frames: &[(Frame, usize)]) {
    let mut codec = FrameCodec::new(framing.clone());
    let mut rest = bytes;
    for (frame, length) in frames {
        let received;
        (received, rest) = rest.split_at(*length);
        let mut written = BytesMut::new();
        codec.encode(frame.clone(), &mut written).unwrap();
        match frame {
            // A length of zero has several encodings.
            Frame::KeepAlive => assert!(written.len() <= 6 && received.len() <= 6),
            // Hex lengths may have either case.
            Frame::Message { .. } => {
                let (length, rest) = received.split_at(received.len().min(4));
                assert_eq!(written[length.len()..], *rest);
                assert!(written[..length.len()].eq_ignore_ascii_case(length));
            }
        }
    }
}
