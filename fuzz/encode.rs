//! Any calls of an encoder: what it takes is decoded to the same, what it refuses leaves no trace.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test that can't go on fails, and tells what it counted"
)]

#[allow(dead_code, reason = "shared with tests/codec, which uses all of it")]
#[path = "../tests/codec/arbitrary.rs"]
mod arbitrary;
#[allow(dead_code, reason = "shared with tests/codec, which uses all of it")]
#[path = "../tests/codec/specs.rs"]
mod specs;
#[allow(dead_code, reason = "shared with the other targets, which use all of it")]
mod support;

use bolero::{TypeGenerator, check, produce};
use bytes::BytesMut;
use support::Run;
use titian::iso8583::{Class, De, EncodeError, Encoder, Form, Mti, Spec};

#[derive(Clone, Debug, TypeGenerator)]
struct Input {
    layout: u8,
    calls: Vec<Call>,
}

/// A value for an element that comes some elements behind the last one; none is the last one again.
#[derive(Clone, Debug, TypeGenerator)]
struct Call {
    behind: u8,
    value: Value,
}

/// A value in one of the ways that an encoder takes it.
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
    /// Of fewer than so many characters.
    fn below(&self, length: u8) -> String {
        let (_, class) = Class::NAMES[usize::from(self.class) % Class::NAMES.len()];
        arbitrary::characters(class, usize::from(self.length % length), self.seed)
    }
}

impl Value {
    /// Gives it to the encoder; what the element then has, where that is known.
    fn give(
        &self,
        de: De,
        form: Form,
        encoder: &mut Encoder<'_, '_>,
    ) -> Result<Option<String>, EncodeError> {
        match self {
            Self::Fitting(text) => {
                let text = fitting(form, text);
                encoder.text(de, &text)?;
                Ok(Some(filled(form, text)))
            }
            Self::Text(text) => {
                let text = text.below(100);
                encoder.text(de, &text)?;
                Ok(Some(filled(form, text)))
            }
            Self::Any(bytes) => {
                encoder.text(de, bytes)?;
                Ok(Some(filled(form, String::from_utf8(bytes.clone()).unwrap())))
            }
            Self::Number(number) => encoder.number(de, *number).map(|_| None),
            Self::Parts(parts) => {
                let parts: Vec<_> = parts.iter().map(|part| part.below(32)).collect();
                let parts: Vec<_> = parts.iter().map(String::as_str).collect();
                encoder.parts(de, &parts).map(|_| None)
            }
            Self::Tags(tags) => {
                let tags: Vec<_> =
                    tags.iter().map(|(tag, text)| (tag.below(5), text.below(32))).collect();
                let tags: Vec<_> = tags.iter().map(|(tag, text)| (&**tag, &**text)).collect();
                encoder.tags(de, &tags).map(|_| None)
            }
        }
    }
}

/// Text of a form, or one character more or less.
fn fitting(form: Form, text: &Text) -> String {
    let span = form.max.min(form.min + 200) - form.min + 3;
    let length = (form.min + usize::from(text.length) % span).saturating_sub(1);
    arbitrary::characters(form.class, length, text.seed)
}

/// The value that an element has when it was given this one.
fn filled(form: Form, value: String) -> String {
    let Form { class, min, max } = form;
    match class {
        Class::B => value.to_ascii_uppercase(),
        Class::N if min == max => format!("{value:0>max$}"),
        Class::A | Class::An | Class::Ans | Class::Ns if min == max => format!("{value:max$}"),
        Class::N | Class::A | Class::An | Class::Ans | Class::Ns | Class::Z | Class::Xn => value,
    }
}

/// The separator of track data may be given as `=` and comes as `D` out of BCD.
fn unpacked(value: &str) -> String {
    value.replace('=', "D")
}

/// The MTIs that messages are made of, and the elements of each.
type Layouts = Vec<(&'static Spec, Mti, Vec<(De, Form)>)>;

fn layouts() -> Layouts {
    let mtis = [200, 210, 800, 810].map(|number| Mti::new(number).unwrap());
    let layouts = specs::all().iter().flat_map(|spec| mtis.map(|mti| (spec, mti)));
    let elements = layouts.map(|(spec, mti)| {
        let layout = spec.layout_of(mti).unwrap();
        let forms = layout.elements().map(|(de, _)| (de, layout.form(de).unwrap())).collect();
        (spec, mti, forms)
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
    let mut taken = Vec::new();
    let mut at = 0;
    for Call { behind, value } in &input.calls {
        at += usize::from(behind % 6);
        let Some((de, form)) = elements.get(at) else { break };
        if let Ok(expected) = value.give(*de, *form, &mut encoder) {
            taken.push((*de, expected));
        }
    }
    encoder.finish();

    let message = spec.decode(buffer.split_off(6).freeze()).unwrap();
    assert_eq!((message.mti(), &buffer[..]), (*mti, &b"before"[..]));
    assert_eq!(message.fields().count(), taken.len());
    for (field, (de, expected)) in message.fields().zip(taken) {
        assert_eq!(field.de(), de);
        let found = unpacked(&field.reveal());
        assert!(expected.is_none_or(|expected| unpacked(&expected) == found), "{de}");
    }
}
