//! Texts of specs with changes, and any text: each has faults or is a spec that works.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test that can't go on fails, and tells what it counted"
)]

#[allow(dead_code, reason = "shared with tests/codec, which uses all of it")]
#[path = "../tests/codec/specs.rs"]
mod specs;
mod support;

use bolero::{TypeGenerator, check, produce};
use bytes::{Bytes, BytesMut};
use support::{Changed, Run};
use titian::iso8583::{Mti, Spec, SpecError};

#[derive(Clone, Debug, TypeGenerator)]
enum Input {
    Any(#[generator(produce::<Vec<u8>>().with().len(0_usize..300))] Vec<u8>),
    Bytes(Changed),
    Words { seed: u8, changes: Vec<WordChange>, how_many: u8 },
}

/// One change of a text, which is split into words and separators.
#[derive(Clone, Debug, TypeGenerator)]
enum WordChange {
    Set { at: u16, word: u8 },
    Copy { from: u16, to: u16 },
    Remove { at: u16 },
    RemoveLine { line: u16 },
    CopyLine { from: u16, to: u16 },
}

/// Words with a meaning in specs, and invalid ones.
const WORDS: [&str; 64] = [
    "ASCII",
    "EBCDIC",
    "BCD",
    "BINARY",
    "Fixed",
    "Variable",
    "Bitmapped",
    "left",
    "right-0",
    "right-F",
    "digits",
    "bytes",
    "n",
    "a",
    "an",
    "ans",
    "ns",
    "b",
    "z",
    "x+n",
    "\"037\"",
    "\"1047\"",
    "0",
    "1",
    "2",
    "3",
    "4",
    "5",
    "16",
    "64",
    "65",
    "128",
    "129",
    "192",
    "193",
    "255",
    "999",
    "9999",
    "65535",
    "65536",
    "18446744073709551615",
    "18446744073709551616",
    "-1",
    "1.5",
    "true",
    "false",
    "~",
    "{}",
    "[]",
    "{",
    "}",
    "[",
    "]",
    ",",
    ": ",
    "- ",
    "&x",
    "*x",
    "|",
    ">",
    "!!str",
    "'",
    "\"",
    "\t",
];

fn main() {
    let run = Run::of("spec");
    let seeds = seeds();
    check!().with_type::<Input>().with_test_time(Run::time()).for_each(|input| {
        run.count();
        read(&match input {
            Input::Any(bytes) => String::from_utf8_lossy(bytes).into_owned(),
            Input::Bytes(changed) => {
                let bytes = changed.applied_to(changed.pick(&seeds).as_bytes());
                String::from_utf8_lossy(&bytes).into_owned()
            }
            Input::Words { seed, changes, how_many } => {
                let seed = &seeds[usize::from(*seed) % seeds.len()];
                let changes = changes.iter().take(usize::from(how_many % 6) + 1);
                changes.fold(seed.clone(), |text, change| change.applied_to(&text))
            }
        });
    });
    run.end();
}

/// Returns small specs with all kinds of keys, so that most changes affect a relevant key.
fn seeds() -> Vec<String> {
    let subfields =
        "[ { name: one, len: 2, class: n }, { name: two, len: 3, class: x+n, optional: true } ]";
    let tags =
        "{ tag: 2, length: 3, tags: { \"01\": { name: one, class: ans, max: 9, title: One } } }";
    let elements = [
        "type: Fixed, len: 3, data_encoding: BCD, class: n, digits: 5, pad: right-F".to_owned(),
        "type: Variable, len: 2, len_encoding: BCD, data_encoding: BCD, class: z, min: 1, max: 37, pad: right-F, length_in: bytes, sensitive: track".to_owned(),
        "type: Fixed, len: 16, data_encoding: EBCDIC, class: b, code_page: \"1047\", sensitive: pin".to_owned(),
        format!("type: Variable, len: 2, len_encoding: ASCII, data_encoding: ASCII, class: ans, max: 99, subfields: {subfields}"),
        format!("type: Variable, len: 3, len_encoding: EBCDIC, data_encoding: EBCDIC, class: ans, max: 999, subfields: {tags}"),
        "type: Fixed, len: 4, data_encoding: ASCII, class: n, format: MMDD, meanings: { \"0101\": new year }, title: Date".to_owned(),
    ];
    let place = |(nth, layout): (usize, &String)| {
        format!("{{ position: {}, name: e{nth}, id: {nth}, {layout} }}", 30 * nth + 2)
    };
    let all: Vec<_> = elements.iter().enumerate().map(place).collect();
    let text = specs::text_of_layouts(&[
        ("\"0200\", \"0210\"", &all.join(",\n    ")),
        ("\"0800\"", &all[0]),
    ]);
    let framing = "framing: { length: decimal4, counts: [itself, trailer], header: { pattern: \"ISO##??\" }, trailer: \"03\", keep_alive: true, max: 999 }";
    let currencies = "currencies: { \"360\": { name: IDR, decimals: 2 } }\npan_digits: 8";
    let full = text.replace("framing: { length: big2 }", &format!("{framing}\n{currencies}"));
    let one = |layout: &String| specs::text_of_layouts(&[("\"0200\"", &place((0, layout)))]);
    let mut seeds: Vec<_> = elements.iter().map(one).collect();
    seeds.extend([full, include_str!("../tests/codec/specs/ebcdic.yaml").to_owned()]);
    for seed in &seeds {
        Spec::parse("seed", seed).unwrap_or_else(|faults| panic!("{faults}"));
    }
    seeds
}

fn read(text: &str) {
    match Spec::parse("changed", text) {
        Ok(spec) => encode_messages(&spec),
        Err(SpecError::Faulty { faults, file }) => {
            assert!(!faults.is_empty());
            // A single carriage return ends a line too. What is missing at the end is reported behind it.
            let lines = text.split(['\n', '\r']).count() + 1;
            for fault in &faults {
                assert!(
                    fault.line <= lines && !fault.reason.is_empty(),
                    "{fault:?} of {lines} lines"
                );
            }
            let text = SpecError::Faulty { faults, file }.to_string();
            assert!(text.starts_with("changed:"), "{text}");
        }
        Err(SpecError::Unreadable { .. }) => panic!("no file was read"),
    }
}

/// Asserts that messages can be encoded with every layout of a valid spec.
fn encode_messages(spec: &Spec) {
    let mtis = [200, 210, 800].map(|number| Mti::new(number).unwrap());
    for mti in mtis {
        let Some(layout) = spec.layout_of(mti) else { continue };
        let elements: Vec<_> = layout.elements().map(|(de, _)| de).collect();
        spec.template(mti, &elements).unwrap();
        let mut buffer = BytesMut::new();
        let mut encoder = spec.encoder(mti, &mut buffer).unwrap();
        for de in &elements {
            let attributes = layout.attributes(*de).unwrap();
            assert!(attributes.min <= attributes.max && attributes.max > 0);
            for value in ["", "0", "0000", "C1"] {
                if encoder.text(*de, value).is_ok() {
                    break;
                }
            }
        }
        encoder.finish();
        let bytes = buffer.freeze();
        spec.decode(bytes.clone()).unwrap();
        let _ = spec.decode(Bytes::from([&bytes[..], &[0xFF; 64]].concat()));
    }
}

impl WordChange {
    fn applied_to(&self, text: &str) -> String {
        let mut pieces: Vec<_> = pieces(text).collect();
        let mut lines: Vec<_> = text.split_inclusive('\n').collect();
        let (words, count) = (pieces.len(), lines.len());
        if words == 0 {
            return text.to_owned();
        }
        match *self {
            Self::Set { at, word } => {
                pieces[usize::from(at) % words] = WORDS[usize::from(word) % WORDS.len()];
            }
            Self::Copy { from, to } => {
                pieces.insert(usize::from(to) % words, pieces[usize::from(from) % words]);
            }
            Self::Remove { at } => drop(pieces.remove(usize::from(at) % words)),
            Self::RemoveLine { line } => {
                lines.remove(usize::from(line) % count);
                return lines.concat();
            }
            Self::CopyLine { from, to } => {
                lines.insert(usize::from(to) % count, lines[usize::from(from) % count]);
                return lines.concat();
            }
        }
        pieces.concat()
    }
}

/// Returns the words and separators of a text, in order.
fn pieces(text: &str) -> impl Iterator<Item = &str> {
    let in_word = |char: char| char.is_alphanumeric() || "_+-\"".contains(char);
    let mut rest = text;
    std::iter::from_fn(move || {
        let first = rest.chars().next()?;
        let end = rest.find(|char| in_word(char) != in_word(first)).unwrap_or(rest.len());
        let piece;
        (piece, rest) = rest.split_at(end);
        Some(piece)
    })
}
