//! Calls an encoder with arbitrary values. Accepted values decode to the same; rejected values leave nothing
//! behind.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test may panic, and prints what it counted"
)]

#[allow(dead_code, reason = "shared with tests/codec")]
#[path = "../tests/codec/arbitrary.rs"]
mod arbitrary;
#[allow(dead_code, reason = "shared with tests/codec")]
#[path = "../tests/codec/specs.rs"]
mod specs;
#[allow(dead_code, reason = "shared with the other targets")]
mod support;

use bolero::{TypeGenerator, check, produce};
use bytes::BytesMut;
use support::Run;
use titian::iso8583::{Attributes, Class, De, EncodeError, Encoder, Mti, Spec};

#[derive(Clone, Debug, TypeGenerator)]
struct Input {
    layout: u8,
    calls: Vec<Call>,
}

/// A value for an element some positions behind the last one; 0 is the last one again.
#[derive(Clone, Debug, TypeGenerator)]
struct Call {
    behind: u8,
    value: Value,
}

/// A value for one of the methods of the encoder.
#[derive(Clone, Debug, TypeGenerator)]
enum Value {
    Fitting(Text),
    Text(Text),
    Any(Vec<u8>),
    Number(u64),
    Parts(#[generator(produce::<Vec<Text>>().with().len(0_usize..6))] Vec<Text>),
    Tags(#[generator(produce::<Vec<(Text, Text)>>().with().len(0_usize..4))] Vec<(Text, Text)>),
}

/// Text of one class.
#[derive(Clone, Debug, TypeGenerator)]
struct Text {
    class: u8,
    length: u8,
    seed: u64,
}

impl Text {
    /// Returns a text that is shorter than `length` characters.
    fn below(&self, length: u8) -> String {
        let (_, class) = Class::NAMES[usize::from(self.class) % Class::NAMES.len()];
        arbitrary::characters(class, usize::from(self.length % length), self.seed)
    }
}

impl Value {
    /// Writes it with the encoder. Returns the resulting value of the element, if it is known.
    fn write(
        &self,
        de: De,
        attributes: Attributes,
        encoder: &mut Encoder<'_, '_>,
    ) -> Result<Option<String>, EncodeError> {
        match self {
            Self::Fitting(text) => {
                let text = fitting(attributes, text);
                encoder.text(de, &text)?;
                Ok(Some(padded(attributes, text)))
            }
            Self::Text(text) => {
                let text = text.below(100);
                encoder.text(de, &text)?;
                Ok(Some(padded(attributes, text)))
            }
            Self::Any(bytes) => {
                encoder.text(de, bytes)?;
                Ok(Some(padded(attributes, String::from_utf8(bytes.clone()).unwrap())))
            }
            Self::Number(number) => encoder.number(de, *number).map(|_| None),
            Self::Parts(parts) => {
                let parts: Vec<_> = parts.iter().map(|part| part.below(32)).collect();
                let parts: Vec<_> = parts.iter().map(String::as_str).collect();
                encoder.fixed_subfields(de, &parts).map(|_| None)
            }
            Self::Tags(tags) => {
                let tags: Vec<_> =
                    tags.iter().map(|(tag, text)| (tag.below(5), text.below(32))).collect();
                let tags: Vec<_> = tags.iter().map(|(tag, text)| (&**tag, &**text)).collect();
                encoder.tagged_subfields(de, &tags).map(|_| None)
            }
        }
    }
}

/// Returns a text that fits the attributes, or has one character more or less.
fn fitting(attributes: Attributes, text: &Text) -> String {
    let span = attributes.max.min(attributes.min + 200) - attributes.min + 3;
    let length = (attributes.min + usize::from(text.length) % span).saturating_sub(1);
    arbitrary::characters(attributes.class, length, text.seed)
}

/// Returns the value that an element has after it was written with this text.
fn padded(attributes: Attributes, value: String) -> String {
    let Attributes { class, min, max } = attributes;
    match class {
        Class::B => value.to_ascii_uppercase(),
        Class::N if min == max => format!("{value:0>max$}"),
        Class::A | Class::An | Class::Ans | Class::Ns if min == max => format!("{value:max$}"),
        Class::N | Class::A | Class::An | Class::Ans | Class::Ns | Class::Z | Class::Xn => value,
    }
}

/// Normalizes the separator of track data: it may be written as `=`, and BCD returns it as `D`.
fn normalized(value: &str) -> String {
    value.replace('=', "D")
}

/// The specs and MTIs of the messages, and the elements of each.
type Layouts = Vec<(&'static Spec, Mti, Vec<(De, Attributes)>)>;

fn layouts() -> Layouts {
    let mtis = [200, 210, 800, 810].map(|number| Mti::new(number).unwrap());
    let layouts = specs::all().iter().flat_map(|spec| mtis.map(|mti| (spec, mti)));
    let elements = layouts.map(|(spec, mti)| {
        let layout = spec.layout_of(mti).unwrap();
        let attributes =
            layout.elements().map(|(de, _)| (de, layout.attributes(de).unwrap())).collect();
        (spec, mti, attributes)
    });
    elements.collect()
}

fn main() {
    let run = Run::of("encode");
    let layouts = layouts();
    check!().with_type::<Input>().with_test_time(Run::time()).for_each(|input| {
        run.count();
        encode(input, &layouts);
    });
    run.end();
}

fn encode(input: &Input, layouts: &Layouts) {
    let (spec, mti, elements) = &layouts[usize::from(input.layout) % layouts.len()];
    let mut buffer = BytesMut::from(&b"before"[..]);
    let mut encoder = spec.encoder(*mti, &mut buffer).unwrap();
    let mut accepted = Vec::new();
    let mut at = 0;
    for Call { behind, value } in &input.calls {
        at += usize::from(behind % 6);
        let Some((de, attributes)) = elements.get(at) else { break };
        if let Ok(expected) = value.write(*de, *attributes, &mut encoder) {
            accepted.push((*de, expected));
        }
    }
    encoder.finish();

    let message = spec.decode(buffer.split_off(6).freeze()).unwrap();
    assert_eq!((message.mti(), &buffer[..]), (*mti, &b"before"[..]));
    assert_eq!(message.fields().count(), accepted.len());
    for (field, (de, expected)) in message.fields().zip(accepted) {
        assert_eq!(field.de(), de);
        let found = normalized(&field.reveal());
        assert!(expected.is_none_or(|expected| normalized(&expected) == found), "{de}");
    }
}
