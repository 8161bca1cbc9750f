//! Texts that an element may or may not accept, for the tests that compare the fast path with the slow path.

use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use crate::iso8583::layout::Layout;
use crate::iso8583::spec::{MessageLayout, Spec};

/// The number of candidates for each element.
const CANDIDATES: usize = 500;

/// Calls `each` for the elements of all layouts of the shipped specs: with the name of the spec, the message
/// layout, the number and layout of the element, and candidate texts.
pub(crate) fn each_element(
    mut each: impl FnMut(&str, &MessageLayout, u8, &Layout, &mut dyn Iterator<Item = Vec<u8>>),
) {
    let mut runner = TestRunner::deterministic();
    for (name, text) in Spec::SHIPPED {
        let spec = Spec::parse(name, text).unwrap();
        for message in &spec.messages {
            for (layout, number) in message.layouts.iter().zip(0..) {
                let Some(layout) = layout else { continue };
                let texts = texts(layout, &message.ends);
                let mut candidates =
                    (0..CANDIDATES).map(|_| texts.new_tree(&mut runner).unwrap().current());
                each(name, message, number, layout, &mut candidates);
            }
        }
    }
}

/// Texts at and beside the valid lengths, mostly of the characters of one class, some with a byte or two
/// changed or with a sign in front.
fn texts(layout: &Layout, ends: &[u16]) -> impl Strategy<Value = Vec<u8>> + use<> {
    let edges = ends.iter().chain([&layout.min, &layout.max]).map(|end| usize::from(*end));
    let edges: Vec<_> = edges.flat_map(|end| [end.saturating_sub(1), end, end + 1]).collect();
    let (min, max) = (usize::from(layout.min), usize::from(layout.max));
    let length = prop_oneof![
        4 => select(edges),
        4 => min..=max,
        2 => 0..=40_usize,
    ];
    let characters = select(vec![
        b"0123456789".to_vec(),
        b"0123456789ABCDEF".to_vec(),
        b"01234 ABCXYZabcxyz".to_vec(),
        (b' '..=b'~').collect(),
        (0..=u8::MAX).collect(),
    ]);
    let changes = prop::collection::vec((any::<Index>(), any::<u8>()), 0..3);
    let sign = prop_oneof![3 => Just(None), 1 => Just(Some(b'C'))];
    let parts = (length, characters, any::<u64>(), changes, sign);
    parts.prop_map(|(length, characters, seed, changes, sign)| {
        let mut state = seed;
        let mut text: Vec<_> = (0..length)
            .map(|_| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                characters[usize::try_from(state >> 33).unwrap() % characters.len()]
            })
            .collect();
        for (position, byte) in changes.iter().filter(|_| length > 0) {
            text[position.index(length)] = *byte;
        }
        if let (Some(first), Some(sign)) = (text.first_mut(), sign) {
            *first = sign;
        }
        text
    })
}
