use bytes::{Bytes, BytesMut};
use proptest::collection::vec;
use proptest::prelude::*;
use tokio_util::codec::{Decoder, Encoder};

use super::HeaderByte::{Any, Digit, Literal};
use super::*;

fn lengths() -> [Length; 7] {
    Length::NAMES.map(|(_, length)| length)
}

/// Two bytes of length and the message.
fn plain() -> Framing {
    Framing {
        length: Length::Big2,
        counts_itself: false,
        trailer: Vec::new(),
        counts_trailer: false,
        header: Header::None,
        keep_alive: false,
        max_frame: 8192,
    }
}

/// The framing of `holdfast`: a header of 12 characters, a counted trailer, keep-alives.
fn full() -> Framing {
    Framing {
        trailer: vec![0x03],
        counts_trailer: true,
        header: Header::Pattern(iso_header()),
        keep_alive: true,
        ..plain()
    }
}

fn iso_header() -> Vec<HeaderByte> {
    let byte = |char| if char == b'#' { Digit } else { Literal(char) };
    b"ISO##50000##".iter().map(|char| byte(*char)).collect()
}

fn message(header: &[u8], message: &[u8]) -> Frame {
    Frame::Message {
        header: Bytes::copy_from_slice(header),
        message: Bytes::copy_from_slice(message),
    }
}

fn encode(framing: &Framing, frame: &Frame) -> Result<BytesMut, FrameError> {
    let mut bytes = BytesMut::new();
    FrameCodec::new(framing.clone()).encode(frame.clone(), &mut bytes).map(|()| bytes)
}

fn refused(framing: &Framing, frame: &Frame) -> SendFault {
    match encode(framing, frame) {
        Err(FrameError::Unsendable(fault)) => fault,
        other => panic!("not refused: {other:?}"),
    }
}

/// Returns all frames of a stream that arrives in these chunks and then ends, and the error that ended it
/// early.
fn decode<'a>(
    framing: &Framing,
    chunks: impl IntoIterator<Item = &'a [u8]>,
) -> (Vec<Frame>, Option<FrameFault>) {
    let mut codec = FrameCodec::new(framing.clone());
    let (mut buffer, mut frames) = (BytesMut::new(), Vec::new());
    for chunk in chunks {
        buffer.extend_from_slice(chunk);
        loop {
            match step(&mut codec, &mut buffer) {
                Ok(Some(frame)) => frames.push(frame),
                Ok(None) => break,
                Err(fault) => return (frames, Some(fault)),
            }
        }
    }
    (frames, codec.decode_eof(&mut buffer).map_err(fault).err())
}

/// Calls the decoder once. It must never grow the capacity of the buffer.
fn step(codec: &mut FrameCodec, buffer: &mut BytesMut) -> Result<Option<Frame>, FrameFault> {
    let room = buffer.capacity();
    let result = codec.decode(buffer).map_err(fault);
    assert!(buffer.capacity() <= room, "the decoder reserved memory");
    result
}

fn fault(error: FrameError) -> FrameFault {
    match error {
        FrameError::Broken(fault) => fault,
        other => panic!("not an error of the peer: {other:?}"),
    }
}

fn whole(framing: &Framing, bytes: &[u8]) -> (Vec<Frame>, Option<FrameFault>) {
    decode(framing, [bytes])
}

/// Every variant: the framing, a frame, its bytes.
fn variants() -> Vec<(Framing, Frame, Vec<u8>)> {
    let abc = message(b"", b"abc");
    let of_length = |length| Framing { length, ..plain() };
    let itself = |length| Framing { counts_itself: true, ..of_length(length) };
    let trailer = Framing { trailer: vec![0x0d, 0x0a], ..plain() };
    let tpdu = Framing { header: Header::Tpdu, ..plain() };
    let any = Framing { header: Header::Pattern(vec![Literal(0x60), Any]), ..plain() };
    let alive = |framing| Framing { keep_alive: true, ..framing };
    vec![
        (of_length(Length::Big2), abc.clone(), b"\0\x03abc".to_vec()),
        (of_length(Length::Little2), abc.clone(), b"\x03\0abc".to_vec()),
        (of_length(Length::Big4), abc.clone(), b"\0\0\0\x03abc".to_vec()),
        (of_length(Length::Little4), abc.clone(), b"\x03\0\0\0abc".to_vec()),
        (of_length(Length::Big2Big4), abc.clone(), b"\0\x07\0\0\0\x03abc".to_vec()),
        (of_length(Length::Decimal4), abc.clone(), b"0003abc".to_vec()),
        (of_length(Length::Hex4), message(b"", &[7; 0xabc]), [&b"0ABC"[..], &[7; 0xabc]].concat()),
        (itself(Length::Big2), abc.clone(), b"\0\x05abc".to_vec()),
        (itself(Length::Little2), abc.clone(), b"\x05\0abc".to_vec()),
        (itself(Length::Big4), abc.clone(), b"\0\0\0\x07abc".to_vec()),
        (itself(Length::Little4), abc.clone(), b"\x07\0\0\0abc".to_vec()),
        (itself(Length::Big2Big4), abc.clone(), b"\0\x09\0\0\0\x07abc".to_vec()),
        (itself(Length::Decimal4), abc.clone(), b"0007abc".to_vec()),
        (itself(Length::Hex4), abc.clone(), b"0007abc".to_vec()),
        (trailer.clone(), abc.clone(), b"\0\x03abc\r\n".to_vec()),
        (Framing { counts_trailer: true, ..trailer }, abc, b"\0\x05abc\r\n".to_vec()),
        (tpdu, message(b"\x60abcd", b"m"), b"\0\x06\x60abcdm".to_vec()),
        (any, message(b"\x60\xff", b"m"), b"\0\x03\x60\xffm".to_vec()),
        (full(), message(b"ISO015000016", b"m"), b"\0\x0eISO015000016m\x03".to_vec()),
        (full(), Frame::KeepAlive, b"\0\0".to_vec()),
        (alive(of_length(Length::Decimal4)), Frame::KeepAlive, b"0000".to_vec()),
        (alive(of_length(Length::Big2Big4)), Frame::KeepAlive, b"\0\0".to_vec()),
        (alive(itself(Length::Big2)), Frame::KeepAlive, b"\0\0".to_vec()),
        (alive(itself(Length::Hex4)), Frame::KeepAlive, b"0000".to_vec()),
        (alive(itself(Length::Big2Big4)), Frame::KeepAlive, b"\0\0".to_vec()),
    ]
}

#[test]
fn every_variant_encodes_and_decodes_these_bytes() {
    for (framing, frame, bytes) in variants() {
        assert_eq!(framing.clone().validated(), Ok(framing.clone()));
        assert_eq!(encode(&framing, &frame).unwrap(), bytes, "{framing:?}");
        assert_eq!(whole(&framing, &bytes), (vec![frame], None), "{framing:?}");
    }
}

#[test]
fn a_frame_may_be_split_anywhere() {
    for (framing, frame, bytes) in variants() {
        let expected = (vec![frame], None);
        for (head, tail) in (0..=bytes.len()).map(|at| bytes.split_at(at)) {
            assert_eq!(decode(&framing, [head, tail]), expected, "{framing:?}, {head:?}");
        }
        assert_eq!(decode(&framing, bytes.chunks(1)), expected, "{framing:?}");
    }
}

#[test]
fn a_truncated_stream_reports_the_received_bytes() {
    for (framing, _, bytes) in variants() {
        let width = framing.length.width();
        for received in 1..bytes.len() {
            let expected = if received < width {
                FrameFault::EndedInLength { received, expected: width }
            } else {
                FrameFault::EndedInFrame { received, expected: bytes.len() }
            };
            assert_eq!(whole(&framing, &bytes[..received]), (Vec::new(), Some(expected)));
        }
    }
}

#[test]
fn a_zero_length_is_a_keep_alive_however_it_is_written() {
    let alive = |length| Framing { length, counts_itself: true, keep_alive: true, ..plain() };
    for (length, bytes) in [
        (Length::Big2, &b"\0\0"[..]),
        (Length::Decimal4, b"0000"),
        (Length::Decimal4, b"0004"),
        (Length::Big2Big4, b"\0\0"),
        (Length::Big2Big4, b"\0\x02"),
        (Length::Big2Big4, b"\0\x06\0\0\0\0"),
    ] {
        assert_eq!(whole(&alive(length), bytes), (vec![Frame::KeepAlive], None), "{bytes:?}");
        let silent = Framing { keep_alive: false, ..alive(length) };
        assert_eq!(whole(&silent, bytes), (Vec::new(), Some(FrameFault::ZeroLength)), "{bytes:?}");
    }
}

#[test]
fn hex_lengths_accept_either_case() {
    let framing = Framing { length: Length::Hex4, ..plain() };
    let body = [7; 0xab];
    for length in [b"00ab", b"00AB", b"00aB"] {
        let frames = whole(&framing, &[&length[..], &body].concat());
        assert_eq!(frames, (vec![message(b"", &body)], None));
    }
}

#[test]
fn frames_in_one_buffer_are_returned_one_at_a_time_without_a_copy() {
    let mut codec = FrameCodec::new(full());
    let mut buffer = BytesMut::new();
    let numbers = (0..10_000).map(|number: u32| number.to_be_bytes());
    for number in numbers.clone() {
        let frame = OutgoingFrame { header: b"ISO015000016", message: &number };
        codec.encode(frame, &mut buffer).unwrap();
    }
    let memory = buffer.as_ptr_range();
    for number in numbers {
        let Some(Frame::Message { message, .. }) = codec.decode(&mut buffer).unwrap() else {
            panic!("a frame is missing");
        };
        assert_eq!(message[..], number);
        assert!(memory.contains(&message.as_ptr()), "copied");
    }
    assert!(codec.decode(&mut buffer).unwrap().is_none() && buffer.is_empty());
}

/// Every framing error: the framing, the bytes, the error.
fn broken() -> Vec<(Framing, &'static [u8], FrameFault)> {
    use FrameFault as F;
    let small = |length| Framing { length, max_frame: 100, ..plain() };
    let itself = |length| Framing { counts_itself: true, ..small(length) };
    let tpdu = Framing { header: Header::Tpdu, ..plain() };
    let trailer = Framing { trailer: vec![0x0d, 0x0a], ..small(Length::Big2) };
    let counted = Framing { counts_trailer: true, ..trailer.clone() };
    vec![
        (small(Length::Decimal4), b"00a3", F::LengthDigit { at: 2, base: 10, found: b'a' }),
        (small(Length::Decimal4), b"+003", F::LengthDigit { at: 0, base: 10, found: b'+' }),
        (small(Length::Hex4), b"000g", F::LengthDigit { at: 3, base: 16, found: b'g' }),
        (itself(Length::Big2), b"\0\x01", F::LengthBelowItself { width: 2, indicated: 1 }),
        (itself(Length::Hex4), b"0003", F::LengthBelowItself { width: 4, indicated: 3 }),
        (
            itself(Length::Big2Big4),
            b"\0\x09\0\0\0\x03",
            F::LengthBelowItself { width: 4, indicated: 3 },
        ),
        (small(Length::Big2Big4), b"\0\x03\0\0\0\x01", F::LengthsDisagree { first: 3, second: 1 }),
        (small(Length::Big2Big4), b"\0\x08\0\0\0\x03", F::LengthsDisagree { first: 8, second: 3 }),
        (small(Length::Big2), b"\0\0", F::ZeroLength),
        (small(Length::Big2), b"\0\x65", F::TooLong { bytes: 101, max: 100 }),
        (trailer.clone(), b"\0\x63", F::TooLong { bytes: 101, max: 100 }),
        (small(Length::Big4), b"\xff\xff\xff\xff", F::TooLong { bytes: 0xffff_ffff, max: 100 }),
        (small(Length::Little4), b"\0\0\0\x80", F::TooLong { bytes: 0x8000_0000, max: 100 }),
        (tpdu.clone(), b"\0\x05", F::NoMessage { bytes: 5, overhead: 5 }),
        (tpdu.clone(), b"\0\x01", F::NoMessage { bytes: 1, overhead: 5 }),
        (counted.clone(), b"\0\x02", F::NoMessage { bytes: 2, overhead: 2 }),
        (counted, b"\0\x01", F::NoMessage { bytes: 1, overhead: 2 }),
        (tpdu, b"\0\x06\x61abcdm", F::Header { at: 2, expected: Literal(0x60), found: 0x61 }),
        (full(), b"\0\x0eISO0x5000016m\x03", F::Header { at: 6, expected: Digit, found: b'x' }),
        (trailer, b"\0\x03abc\rm", F::Trailer { at: 6, expected: 0x0a }),
        (full(), b"\0\x0eISO015000016mm", F::Trailer { at: 15, expected: 0x03 }),
    ]
}

#[test]
fn a_framing_error_is_returned_at_once_and_by_every_later_call() {
    for (framing, bytes, expected) in broken() {
        let mut codec = FrameCodec::new(framing.clone());
        let (last, before) = bytes.split_last().unwrap();
        let mut buffer = BytesMut::from(before);
        assert_eq!(step(&mut codec, &mut buffer), Ok(None), "{framing:?}, {bytes:?}");
        buffer.extend_from_slice(&[*last]);
        assert_eq!(step(&mut codec, &mut buffer), Err(expected), "{framing:?}, {bytes:?}");

        buffer = encode(&plain(), &message(b"", b"abc")).unwrap();
        assert_eq!(step(&mut codec, &mut buffer), Err(expected));
        assert_eq!(codec.decode_eof(&mut buffer).map_err(fault), Err(expected));
        assert_eq!(codec.decode_eof(&mut BytesMut::new()).map_err(fault), Err(expected));
    }
}

#[test]
fn an_early_end_of_the_stream_is_permanent() {
    let mut codec = FrameCodec::new(plain());
    let expected = Err(FrameFault::EndedInFrame { received: 3, expected: 5 });
    let mut buffer = BytesMut::from(&b"\0\x03a"[..]);
    assert_eq!(codec.decode_eof(&mut buffer).map_err(fault), expected);
    buffer.extend_from_slice(b"bc");
    assert_eq!(step(&mut codec, &mut buffer), expected);
}

#[test]
fn an_invalid_frame_is_rejected_and_leaves_the_buffer_unchanged() {
    use SendFault as S;
    let longest = |length| Framing { length, max_frame: 100_000, ..plain() };
    let itself = Framing { counts_itself: true, ..longest(Length::Big2Big4) };
    let tpdu = Framing { header: Header::Tpdu, ..plain() };
    let trailer = Framing { trailer: vec![3], max_frame: 100, ..plain() };
    let of = |bytes: usize| message(b"", &vec![7; bytes]);
    for (framing, frame, expected) in [
        (plain(), Frame::KeepAlive, S::KeepAlive),
        (plain(), of(0), S::NoMessage),
        (tpdu.clone(), message(b"\x60abcd", b""), S::NoMessage),
        (plain(), message(b"\x60", b"m"), S::HeaderLength { received: 1, expected: 0 }),
        (tpdu.clone(), message(b"\x60abc", b"m"), S::HeaderLength { received: 4, expected: 5 }),
        (
            tpdu,
            message(b"\x61abcd", b"m"),
            S::Header { at: 0, expected: Literal(0x60), found: 0x61 },
        ),
        (trailer, of(100), S::TooLong { bytes: 101, max: 100 }),
        (longest(Length::Decimal4), of(10_000), S::TooLongForLength { bytes: 10_000, max: 9_999 }),
        (longest(Length::Hex4), of(65_536), S::TooLongForLength { bytes: 65_536, max: 65_535 }),
        (itself, of(65_530), S::TooLongForLength { bytes: 65_530, max: 65_529 }),
    ] {
        assert_eq!(refused(&framing, &frame), expected);
        let mut codec = FrameCodec::new(framing.clone());
        let mut sent = BytesMut::from(&b"before"[..]);
        codec.encode(frame, &mut sent).unwrap_err();
        assert_eq!(sent, b"before"[..]);
    }
}

#[test]
fn the_longest_frame_of_each_length_is_sent_and_received() {
    for (length, counts_itself) in lengths().into_iter().flat_map(|l| [(l, false), (l, true)]) {
        let most = length.max_counted(counts_itself).min(100_000);
        let framing =
            Framing { length, counts_itself, trailer: vec![0x03], max_frame: most + 1, ..plain() };
        assert_eq!(framing.clone().validated(), Ok(framing.clone()));
        let frame = message(b"", &vec![7; most]);
        let bytes = encode(&framing, &frame).unwrap();
        assert_eq!(whole(&framing, &bytes), (vec![frame], None), "{length}");
    }
}

#[test]
fn conflicting_settings_name_their_key() {
    let of_length = |length, max_frame| Framing { length, max_frame, ..plain() };
    let trailer = Framing { trailer: vec![3], ..of_length(Length::Decimal4, 10_001) };
    let counted = Framing { counts_trailer: true, max_frame: 10_000, ..trailer.clone() };
    let itself = Framing { counts_itself: true, ..of_length(Length::Big2Big4, 65_530) };
    let nothing = Framing { counts_trailer: true, ..plain() };
    let narrow = Framing { header: Header::Tpdu, max_frame: 5, ..plain() };
    let empty = Framing { header: Header::Pattern(Vec::new()), ..plain() };
    for (framing, expected) in [
        (trailer, "max: exceeds the maximum of a decimal4 length, 10000 (got 10001)"),
        (counted, "max: exceeds the maximum of a decimal4 length, 9999 (got 10000)"),
        (itself, "max: exceeds the maximum of a big2+big4 length, 65529 (got 65530)"),
        (narrow, "max: must exceed the bytes of header and trailer, 5 (got 5)"),
        (nothing, "counts: lists `trailer`, but no trailer is defined"),
        (empty, "header: the pattern is empty: write `none`"),
    ] {
        let faults: Vec<_> = framing.validated().unwrap_err();
        let faults: Vec<_> = faults.iter().map(|(key, why)| format!("{key}: {why}")).collect();
        assert_eq!(faults, [expected]);
    }
}

#[test]
fn errors_name_the_cause_and_the_byte_but_not_the_message() {
    let (_, fault) = whole(&full(), b"\0\x0eISO015000016mS");
    let error = FrameError::Broken(fault.unwrap());
    let text = "invalid framing from the peer: byte 15 of the frame, in the trailer, must be 0x03";
    assert_eq!(error.to_string(), text);
    let error = FrameError::Unsendable(refused(&full(), &message(b"ISO0x5000016", b"m")));
    let text = "invalid outgoing frame: byte 4 of the header must be a digit (got 0x78)";
    assert_eq!(error.to_string(), text);
    let presentation = format!("{:?}", message(b"head", b"secret"));
    assert_eq!(presentation, "Message(4 bytes of header, 6 of message)");
}

prop_compose! {
    fn any_framing()(
        length in prop::sample::select(lengths().to_vec()),
        counts_itself: bool,
        trailer in vec(any::<u8>(), 0..4),
        counts_trailer: bool,
        header in any_header(),
        keep_alive: bool,
        max_frame in 20..9_990_usize,
    ) -> Framing {
        Framing { length, counts_itself, trailer, counts_trailer, header, keep_alive, max_frame }
    }
}

fn any_header() -> impl Strategy<Value = Header> {
    let byte = prop_oneof![any::<u8>().prop_map(Literal), Just(Digit), Just(Any)];
    let pattern = vec(byte, 1..14).prop_map(Header::Pattern);
    prop_oneof![Just(Header::None), Just(Header::Tpdu), pattern]
}

/// The seed of a frame: bytes for the free positions of its header, and its message.
fn any_seed() -> impl Strategy<Value = (Vec<u8>, Vec<u8>)> {
    (
        vec(any::<u8>(), 14),
        prop_oneof![9 => vec(any::<u8>(), 0..40), 1 => vec(any::<u8>(), 0..9_000)],
    )
}

/// Returns a frame that may be sent. An empty message becomes a keep-alive or one byte, a long one is
/// truncated.
fn sendable(framing: &Framing, (filling, mut content): (Vec<u8>, Vec<u8>)) -> Frame {
    if content.is_empty() && framing.keep_alive {
        return Frame::KeepAlive;
    }
    content.resize(content.len().clamp(1, framing.max_frame - framing.overhead()), 0);
    let fill = |(expected, byte): (&HeaderByte, u8)| match expected {
        Literal(literal) => *literal,
        Digit => b'0' + byte % 10,
        Any => byte,
    };
    message(&framing.header.pattern().iter().zip(filling).map(fill).collect::<Vec<_>>(), &content)
}

/// Splits `bytes` into chunks of these sizes, which repeat.
fn chunks<'a>(bytes: &'a [u8], sizes: &'a [usize]) -> impl Iterator<Item = &'a [u8]> {
    let mut rest = bytes;
    sizes.iter().cycle().map_while(move |size| {
        let chunk;
        (chunk, rest) = rest.split_at(rest.len().min(*size));
        (!chunk.is_empty()).then_some(chunk)
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn sent_frames_are_received_unchanged(
        framing in any_framing(),
        seeds in vec(any_seed(), 1..20),
        sizes in vec(1..200_usize, 1..20),
    ) {
        let mut stream = BytesMut::new();
        let frames: Vec<_> = seeds.into_iter().map(|seed| sendable(&framing, seed)).collect();
        let mut codec = FrameCodec::new(framing.clone());
        for frame in &frames {
            codec.encode(frame.clone(), &mut stream).unwrap();
        }
        prop_assert_eq!(decode(&framing, chunks(&stream, &sizes)), (frames, None));
    }

    /// `step`, which decodes, asserts that no bytes make the decoder reserve memory.
    #[test]
    fn arbitrary_bytes_are_safe_and_chunk_sizes_do_not_matter(
        framing in any_framing(),
        bytes in vec(prop_oneof![Just(0_u8), 0..10_u8, b'0'..b':', any::<u8>()], 0..300),
        sizes in vec(1..20_usize, 1..20),
    ) {
        prop_assert_eq!(decode(&framing, chunks(&bytes, &sizes)), whole(&framing, &bytes));
    }

    /// Changes one byte of a valid stream. Only frames in front of the change are certain.
    #[test]
    fn a_changed_byte_does_not_affect_earlier_frames(
        framing in any_framing(),
        seeds in vec(any_seed(), 1..5),
        position: prop::sample::Index,
        change in 1..=u8::MAX,
    ) {
        let (mut stream, mut ends) = (BytesMut::new(), Vec::new());
        let frames: Vec<_> = seeds.into_iter().map(|seed| sendable(&framing, seed)).collect();
        for frame in &frames {
            stream.extend_from_slice(&encode(&framing, frame).unwrap());
            ends.push(stream.len());
        }
        let at = position.index(stream.len());
        stream[at] ^= change;
        let sure = ends.iter().take_while(|end| **end <= at).count();
        prop_assert_eq!(&whole(&framing, &stream).0[..sure], &frames[..sure]);
    }
}
