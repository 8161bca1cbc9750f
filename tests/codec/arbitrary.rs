//! Arbitrary valid messages of a spec, generated from the attributes of its elements.

use proptest::collection::hash_set;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use proptest::strategy::Union;
use proptest::test_runner::{Config, TestRunner};
use titian::iso8583::{Attributes, Class, Composition, De, MessageLayout, Mti, Spec};

/// A message as MTI and values.
#[derive(Clone, Debug)]
pub(crate) struct Draft {
    pub(crate) mti: Mti,
    pub(crate) values: Vec<(De, String)>,
}

/// Checks a property with arbitrary messages of a spec.
pub(crate) fn check(spec: &Spec, cases: u32, property: impl Fn(Draft)) {
    check_with(spec, cases, messages(spec), property);
}

/// Checks a property with pairs of messages of one layout.
pub(crate) fn check_pairs(spec: &Spec, cases: u32, property: impl Fn((Draft, Draft))) {
    let pairs = layouts(spec).into_iter().map(|layout| (of(&layout), of(&layout)).boxed());
    check_with(spec, cases, Union::new(pairs), property);
}

fn check_with<S: Strategy>(spec: &Spec, cases: u32, strategy: S, property: impl Fn(S::Value)) {
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    let result = TestRunner::new(config).run(&strategy, |value| {
        property(value);
        Ok(())
    });
    result.unwrap_or_else(|failure| panic!("{}: {failure}", spec.name()));
}

/// Generates messages of all layouts.
pub(crate) fn messages(spec: &Spec) -> impl Strategy<Value = Draft> + use<> {
    Union::new(layouts(spec).iter().map(of))
}

/// Generates messages of a layout: with no element, some, all, or only elements of the higher bitmaps.
fn of((mtis, elements): &(Vec<Mti>, Values)) -> BoxedStrategy<Draft> {
    let number = elements.len();
    let high: Vec<_> = elements.iter().filter(|(de, _)| de.number() > 64).cloned().collect();
    let highest = high.len();
    let chosen = prop_oneof![
        12 => subsequence(elements.clone(), 0..=number),
        2 => subsequence(elements.clone(), 0..=number.min(3)),
        1 => subsequence(high, 0..=highest),
        1 => Just(elements.clone()),
    ];
    let values = chosen.prop_flat_map(values);
    (select(mtis.clone()), values).prop_map(|(mti, values)| Draft { mti, values }).boxed()
}

type Values = Vec<(De, BoxedStrategy<String>)>;

/// Returns the layouts of a spec: their MTIs, and generators for the values of their elements.
fn layouts(spec: &Spec) -> Vec<(Vec<Mti>, Values)> {
    let all = (0..=9999).filter_map(Mti::new);
    all.filter_map(|mti| spec.layout_of(mti).filter(|layout| layout.selector()[0] == mti))
        .map(|layout| {
            let values = layout.elements().map(|(de, _)| (de, value(layout, de))).collect();
            (layout.selector().to_vec(), values)
        })
        .collect()
}

/// The approximate maximum number of bytes; the limit of a message is 65535.
const MESSAGE_MAX: usize = 30_000;

fn values(chosen: Values) -> impl Strategy<Value = Vec<(De, String)>> {
    let (elements, values): (Vec<_>, Vec<_>) = chosen.into_iter().unzip();
    values.prop_map(move |values| {
        let mut left = MESSAGE_MAX;
        let pairs = elements.iter().copied().zip(values);
        pairs
            .filter(|(_, value)| {
                left = left.saturating_sub(value.len());
                left > 0
            })
            .collect()
    })
}

/// Generates a value of an element.
pub(crate) fn value(layout: &MessageLayout, de: De) -> BoxedStrategy<String> {
    let attributes = layout.attributes(de).unwrap();
    match layout.element(de).unwrap().composition() {
        Composition::Simple => text(attributes).boxed(),
        Composition::Fixed { subfields, required } => {
            let count = subfields.len();
            let all: Vec<_> = subfields.into_iter().map(text).collect();
            let joined = (all, required..=count)
                .prop_map(|(parts, count)| parts.into_iter().take(count).collect());
            joined.boxed()
        }
        Composition::Tagged { tag_width: tag, length_width: length, known } => {
            let highest = 10_usize.pow(u32::try_from(length).unwrap()) - 1;
            let free = Attributes { min: 0, max: highest, ..attributes };
            let keys: Vec<_> = known.iter().map(|(key, _)| (*key).to_owned()).collect();
            let described: Vec<_> =
                known.iter().map(|(key, attributes)| tagged(key, length, *attributes)).collect();
            let described = subsequence(described, 0..=known.len()).prop_shuffle();
            let others = hash_set(text(Attributes { min: tag, max: tag, ..attributes }), 0..4);
            let others = others.prop_map(move |others| {
                let unknown = others.iter().filter(|key| !keys.contains(key));
                unknown.map(|key| tagged(key, length, free)).collect::<Vec<_>>()
            });
            let all = (described, others).prop_flat_map(|(described, others)| (described, others));
            all.prop_map(move |(described, others)| joined(&described, &others, attributes.max))
                .boxed()
        }
    }
}

fn tagged(tag: &str, width: usize, attributes: Attributes) -> BoxedStrategy<String> {
    let tag = tag.to_owned();
    text(attributes).prop_map(move |value| format!("{tag}{:0width$}{value}", value.len())).boxed()
}

/// Joins as many subfields as fit into an element of this length.
fn joined(described: &[String], others: &[String], max: usize) -> String {
    let mut value = String::new();
    for subfield in described.iter().chain(others) {
        if value.len() + subfield.len() <= max {
            value.push_str(subfield);
        }
    }
    value
}

/// Longer values have their own tests.
const LONG: usize = 1200;

/// Generates a text with these attributes. Minimum and maximum lengths are as frequent as others.
pub(crate) fn text(attributes: Attributes) -> impl Strategy<Value = String> + Clone {
    let Attributes { class, min, max } = attributes;
    let most = max.min(LONG.max(min));
    let length = prop_oneof![
        3 => Just(min),
        2 => Just(most),
        9 => min..=most.min(min + 32),
        2 => min..=most,
    ];
    (length, any::<u64>()).prop_map(move |(length, seed)| characters(class, length, seed))
}

/// Returns `length` characters of a class; for bits twice as many hex digits. A seed of zero repeats the
/// first character.
pub(crate) fn characters(class: Class, length: usize, seed: u64) -> String {
    let (first, others) = alphabet(class);
    let count = if class == Class::B { length * 2 } else { length };
    let mut state = seed;
    let mut pick = |from: &[u8]| {
        let place = usize::try_from(state >> 33).unwrap() % from.len();
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(seed);
        char::from(from[place])
    };
    (0..count).map(|place| pick(if place == 0 { first } else { others })).collect()
}

const DIGITS: &[u8] = b"0123456789";
const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ abcdefghijklmnopqrstuvwxyz";
const BOTH: &[u8] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ abcdefghijklmnopqrstuvwxyz";
const MARKS: &[u8] = b"0123456789 !\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~";
const PRINTABLE: &[u8] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ abcdefghijklmnopqrstuvwxyz\
    !\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~";

/// Returns the characters of a class: for the first position, and for the others.
fn alphabet(class: Class) -> (&'static [u8], &'static [u8]) {
    match class {
        Class::N => (DIGITS, DIGITS),
        Class::A => (LETTERS, LETTERS),
        Class::An => (BOTH, BOTH),
        Class::Ans => (PRINTABLE, PRINTABLE),
        Class::Ns => (MARKS, MARKS),
        Class::B => (b"0123456789ABCDEF", b"0123456789ABCDEF"),
        // Track data that every coding supports: BCD turns `=` into `D` and has no nibble for the other
        // marks.
        Class::Z => (b"0123456789D", b"0123456789D"),
        Class::Xn => (b"CD", DIGITS),
    }
}

/// Returns messages of arbitrary bytes behind a message type in each coding, with and without a bitmap.
pub(crate) fn hostile(mti: u16, bitmap: &[u8], body: &[u8]) -> Vec<Vec<u8>> {
    let packed = u16::from_str_radix(&mti.to_string(), 16).unwrap().to_be_bytes().to_vec();
    let ascii = format!("{mti:04}").into_bytes();
    let ebcdic = ascii.iter().map(|byte| byte | 0xF0).collect();
    let heads = [packed, ascii, ebcdic];
    heads
        .iter()
        .flat_map(|head| {
            [[head.as_slice(), bitmap, body].concat(), [head.as_slice(), body].concat()]
        })
        .collect()
}
